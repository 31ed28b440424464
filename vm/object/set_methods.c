/* Methods of set and frozenset, printing, and their iterator. */
#include "vm/object/alias.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/iter.h"
#include "vm/object/list.h"
#include "vm/object/repr_guard.h"
#include "vm/object/set.h"
#include "vm/object/set_internal.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED_ARGS (void)args, (void)nargs, (void)kwnames

/* --- iterator --- */

struct set_iter {
    struct py_object base;
    struct py_object *set; /* NULL once exhausted */
    int64_t used;          /* at the start; -1 after an error */
    int64_t position, left;
};

struct py_object *py_set_iter(struct py_object *o)
{
    struct set_iter *it = py_object_new(&py_set_iter_type);
    if (!it)
        return NULL;
    it->set = py_newref(o);
    it->used = it->left = AS_SET(o)->used;
    it->position = 0;
    py_gc_track(it);
    return PY_OBJ(it);
}

static struct py_object *set_iter_next(struct py_object *o)
{
    struct set_iter *it = (struct set_iter *)o;
    if (!it->set)
        return NULL;
    struct py_set *s = AS_SET(it->set);
    if (it->used != s->used) {
        it->used = -1;
        return py_raise(&py_exc_RuntimeError, "Set changed size during iteration");
    }
    struct py_object *key;
    if (py_set_next(s, &it->position, &key, NULL)) {
        it->left--;
        return py_newref(key);
    }
    py_clear(it->set);
    return NULL;
}

METHOD(set_iter_length_hint)
{
    UNUSED_ARGS;
    const struct set_iter *it = (struct set_iter *)self;
    return py_int_from_i64(it->set && it->used == AS_SET(it->set)->used ? it->left : 0);
}

static const struct py_method_def set_iter_methods[] = {
    {.name = "__length_hint__",
     .fn = set_iter_length_hint,
     .doc = "About how many items are still to come."},
    {.name = NULL},
};
static const struct py_field set_iter_fields[] = {PY_FIELD(struct set_iter, set), PY_FIELD_END};

struct py_type py_set_iter_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "set_iterator",
    .basicsize = sizeof(struct set_iter),
    .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE | PY_TYPE_DISALLOW_NEW,
    .field_count = 1,
    .fields = set_iter_fields,
    .iter = py_iter_self,
    .iternext = set_iter_next,
    .methods = set_iter_methods,
};

/* --- printing --- */

struct py_object *py_set_repr(struct py_object *o)
{
    struct py_set *s = AS_SET(o);
    struct py_repr_guard guard;
    const int entered = py_repr_enter(&guard, o);
    if (entered < 0)
        return NULL;
    const char *name = py_type_shortname(o->type);
    if (entered)
        return PY_OBJ(py_str_format_c("%s(...)", name));
    struct py_object *result = NULL, *keys = NULL, *text = NULL;
    PY_HOLD(&result);
    PY_HOLD(&keys);
    PY_HOLD(&text);
    if (s->used == 0) {
        result = PY_OBJ(py_str_format_c("%s()", name));
    } else if ((keys = PY_OBJ(py_list_from_iterable(o))) != NULL &&
               (text = py_repr(keys)) != NULL) {
        struct py_str *list_text = (struct py_str *)text;
        struct py_str *inner = py_str_substring(list_text, 1, list_text->length - 1);
        if (inner)
            result = PY_OBJ(o->type == &py_set_type ? py_str_format_c("{%U}", inner)
                                                    : py_str_format_c("%s({%U})", name, inner));
        py_xdecref(inner);
    }
    py_clear(keys);
    py_clear(text);
    py_repr_leave(&guard);
    return result;
}

/* --- methods --- */

struct py_object *py_set_as_key(struct py_object *key)
{
    if (!py_set_check(key) || !py_error_matches(&py_exc_TypeError))
        return NULL;
    py_error_clear();
    return PY_OBJ(py_set_make(&py_frozenset_type, key));
}

METHOD(set_add)
{
    UNUSED_ARGS;
    if (py_set_add(AS_SET(self), args[0]) < 0)
        return NULL;
    return py_newref(PY_NONE);
}

/* discard with a set meaning its frozenset. */
static int discard_key(struct py_set *s, struct py_object *key)
{
    int found = py_set_discard(s, key);
    if (found >= 0)
        return found;
    struct py_object *frozen = py_set_as_key(key);
    if (!frozen)
        return -1;
    PY_HOLD(&frozen);
    found = py_set_discard(s, frozen);
    py_clear(frozen);
    return found;
}

METHOD(set_discard)
{
    UNUSED_ARGS;
    if (discard_key(AS_SET(self), args[0]) < 0)
        return NULL;
    return py_newref(PY_NONE);
}

METHOD(set_remove)
{
    UNUSED_ARGS;
    const int found = discard_key(AS_SET(self), args[0]);
    if (found < 0)
        return NULL;
    return found ? py_newref(PY_NONE) : py_raise_key_error(args[0]);
}

METHOD(set_pop)
{
    UNUSED_ARGS;
    struct py_set *s = AS_SET(self);
    if (s->used == 0)
        return py_raise(&py_exc_KeyError, "pop from an empty set");
    int64_t i = s->finger & s->mask;
    while (!set_is_live(&s->table[i]))
        i = (i + 1) & s->mask;
    struct py_object *key = s->table[i].key;
    s->table[i].key = &py_set_dummy;
    s->table[i].hash = -1;
    s->used--;
    s->finger = i + 1; /* the next search starts here */
    return key;
}

METHOD(set_clear)
{
    UNUSED_ARGS;
    py_set_clear(AS_SET(self));
    return py_newref(PY_NONE);
}

METHOD(set_copy)
{
    UNUSED_ARGS;
    return PY_OBJ(py_set_copy(AS_SET(self)));
}

METHOD(frozenset_copy)
{
    UNUSED_ARGS;
    if (self->type == &py_frozenset_type)
        return py_newref(self);
    return PY_OBJ(py_set_copy(AS_SET(self)));
}

METHOD(set_update)
{
    (void)kwnames;
    for (size_t i = 0; i < nargs; i++)
        if (py_set_update(AS_SET(self), args[i]) < 0)
            return NULL;
    return py_newref(PY_NONE);
}

METHOD(set_union)
{
    (void)kwnames;
    struct py_set *result = py_set_copy(AS_SET(self));
    PY_HOLD(&result);
    for (size_t i = 0; result && i < nargs; i++)
        if (args[i] != self && py_set_update(result, args[i]) < 0)
            py_clear(result);
    return PY_OBJ(result);
}

METHOD(set_intersection)
{
    (void)kwnames;
    if (nargs == 0)
        return PY_OBJ(py_set_copy(AS_SET(self)));
    struct py_object *result = py_newref(self);
    PY_HOLD(&result);
    for (size_t i = 0; result && i < nargs; i++) {
        struct py_object *smaller = py_set_intersection(AS_SET(result), args[i]);
        py_setref(result, smaller);
    }
    return result;
}

METHOD(set_intersection_update)
{
    struct py_object *common = set_intersection(self, args, nargs, kwnames);
    if (!common)
        return NULL;
    PY_HOLD(&common);
    py_set_swap(AS_SET(self), AS_SET(common));
    py_clear(common);
    return py_newref(PY_NONE);
}

METHOD(set_difference)
{
    (void)kwnames;
    if (nargs == 0)
        return PY_OBJ(py_set_copy(AS_SET(self)));
    struct py_object *result = py_set_difference(AS_SET(self), args[0]);
    PY_HOLD(&result);
    for (size_t i = 1; result && i < nargs; i++)
        if (py_set_difference_update(AS_SET(result), args[i]) < 0)
            py_clear(result);
    return result;
}

METHOD(set_difference_update)
{
    (void)kwnames;
    for (size_t i = 0; i < nargs; i++)
        if (py_set_difference_update(AS_SET(self), args[i]) < 0)
            return NULL;
    return py_newref(PY_NONE);
}

METHOD(set_symmetric_difference)
{
    UNUSED_ARGS;
    struct py_set *result = py_set_make(py_set_base_type(AS_SET(self)), args[0]);
    PY_HOLD(&result);
    if (result && py_set_symmetric_difference_update(result, self) < 0)
        py_clear(result);
    return PY_OBJ(result);
}

METHOD(set_symmetric_difference_update)
{
    UNUSED_ARGS;
    if (py_set_symmetric_difference_update(AS_SET(self), args[0]) < 0)
        return NULL;
    return py_newref(PY_NONE);
}

METHOD(set_isdisjoint)
{
    UNUSED_ARGS;
    const int result = py_set_is_disjoint(AS_SET(self), args[0]);
    return result < 0 ? NULL : py_bool_from(result);
}

/* a <= b (or b <= a) for any iterable: 1, 0, -1. */
METHOD(set_issubset)
{
    UNUSED_ARGS;
    int result;
    if (py_set_check(args[0])) {
        result = py_set_is_subset(AS_SET(self), AS_SET(args[0]));
    } else {
        struct py_object *common = py_set_intersection(AS_SET(self), args[0]);
        if (!common)
            return NULL;
        result = AS_SET(common)->used == AS_SET(self)->used;
        py_decref(common);
    }
    return result < 0 ? NULL : py_bool_from(result);
}

METHOD(set_issuperset)
{
    UNUSED_ARGS;
    struct py_object *other =
        py_set_check(args[0]) ? py_newref(args[0]) : PY_OBJ(py_set_new(args[0]));
    if (!other)
        return NULL;
    PY_HOLD(&other);
    const int result = py_set_is_subset(AS_SET(other), AS_SET(self));
    py_clear(other);
    return result < 0 ? NULL : py_bool_from(result);
}

METHOD(set_contains_method)
{
    UNUSED_ARGS;
    const int found = py_set_type.contains(self, args[0]);
    return found < 0 ? NULL : py_bool_from(found);
}

METHOD(set_reduce)
{
    UNUSED_ARGS;
    struct py_object *held[3] = {PY_OBJ(py_list_from_iterable(self))}, *result = NULL;
    PY_HOLD_N(held, 3);
    PY_HOLD(&result);
    held[1] = held[0] ? PY_OBJ(py_tuple_pack(1, held[0])) : NULL;
    held[2] = held[1] ? py_call_method_cstr(self, "__getstate__", 0) : NULL;
    if (held[2])
        result = PY_OBJ(py_tuple_pack(3, PY_OBJ(self->type), held[1], held[2]));
    for (int i = 0; i < 3; i++)
        py_clear(held[i]);
    return result;
}

#define SET_METHOD(method, function, low, high, text)                                  \
    {                                                                                  \
        .name = method, .fn = function, .min_args = low, .max_args = high, .doc = text \
    }
#define SET_SHARED_METHODS                                                             \
    SET_METHOD("__contains__", set_contains_method, 1, 1, "Whether y is in the set."), \
        SET_METHOD("__reduce__", set_reduce, 0, 0, "What pickle keeps of it."),        \
        SET_METHOD("union", set_union, 0, -1, "A set of what any of the sets has."),   \
        SET_METHOD("intersection", set_intersection, 0, -1,                            \
                   "A set of what all of the sets have."),                             \
        SET_METHOD("difference", set_difference, 0, -1,                                \
                   "A set of what this set has and none of the others."),              \
        SET_METHOD("symmetric_difference", set_symmetric_difference, 1, 1,             \
                   "A set of what either set has alone."),                             \
        SET_METHOD("isdisjoint", set_isdisjoint, 1, 1,                                 \
                   "Whether the sets have no element in common."),                     \
        SET_METHOD("issubset", set_issubset, 1, 1,                                     \
                   "Whether the other has all elements of this set."),                 \
        SET_METHOD("issuperset", set_issuperset, 1, 1,                                 \
                   "Whether this set has all elements of the other.")

const struct py_method_def py_set_methods[] = {
    PY_CLASS_GETITEM_ROW,
    SET_SHARED_METHODS,
    SET_METHOD("copy", set_copy, 0, 0, "Another set with the same elements."),
    SET_METHOD("add", set_add, 1, 1, "Put a value into the set, if it is not there yet."),
    SET_METHOD("discard", set_discard, 1, 1, "Take a value out, if it is there."),
    SET_METHOD("remove", set_remove, 1, 1, "Take a value out; KeyError if it is not there."),
    SET_METHOD("pop", set_pop, 0, 0, "Take out some element; KeyError when there is none."),
    SET_METHOD("clear", set_clear, 0, 0, "Drop all elements."),
    SET_METHOD("update", set_update, 0, -1, "Put in what any of the others has."),
    SET_METHOD("intersection_update", set_intersection_update, 0, -1,
               "Keep only what all of the others have too."),
    SET_METHOD("difference_update", set_difference_update, 0, -1,
               "Take out what another set has too."),
    SET_METHOD("symmetric_difference_update", set_symmetric_difference_update, 1, 1,
               "Keep what either set has alone."),
    {.name = NULL},
};

const struct py_method_def py_frozenset_methods[] = {
    PY_CLASS_GETITEM_ROW,
    SET_SHARED_METHODS,
    SET_METHOD("copy", frozenset_copy, 0, 0, "Another set with the same elements."),
    {.name = NULL},
};
