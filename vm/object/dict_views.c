/* Views of dicts (keys, values, items) and the six iterators behind them.
 *
 * A view is the dict and nothing else. An iterator remembers the entry it comes to next and the
 * size the dict had at the start: a dict that changed size ends the iteration with an error, and
 * so does one in which entries were replaced so that more would be seen than there were. An
 * iterator lets its dict go when it is exhausted.
 */
#include "vm/object/dict.h"

#include "vm/object/descr.h"
#include "vm/object/dict_internal.h"
#include "vm/object/int.h"
#include "vm/object/iter.h"
#include "vm/object/list.h"
#include "vm/object/repr_guard.h"
#include "vm/object/set.h"
#include "vm/object/str.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"

extern struct py_type py_dict_reverse_key_iter_type, py_dict_reverse_value_iter_type,
    py_dict_reverse_item_iter_type;

/* --- iterators --- */

struct dict_iter {
    struct py_object base;
    struct py_object *dict; /* NULL once exhausted */
    int64_t used;           /* at the start; -1 after an error */
    int64_t position;
    int64_t left;
    struct py_object *result; /* a pair to hand out again if nobody else has it */
};

static struct py_object *dict_iter_new(struct py_type *type, struct py_object *dict)
{
    struct dict_iter *it = py_object_new(type);
    if (!it)
        return NULL;
    struct py_dict *d = AS_DICT(dict);
    it->dict = py_newref(dict);
    it->used = it->left = d->used;
    it->position = 0;
    it->result = NULL;
    if (type == &py_dict_item_iter_type || type == &py_dict_reverse_item_iter_type) {
        it->result = PY_OBJ(py_tuple_pack(2, PY_NONE, PY_NONE));
        if (!it->result) {
            py_decref(it);
            return NULL;
        }
    }
    if (type == &py_dict_reverse_key_iter_type || type == &py_dict_reverse_value_iter_type ||
        type == &py_dict_reverse_item_iter_type)
        it->position = d->keys->entry_count - 1;
    py_gc_track(it);
    return PY_OBJ(it);
}

struct py_object *py_dict_iter(struct py_object *o)
{
    return dict_iter_new(&py_dict_key_iter_type, o);
}

struct py_object *py_dict_reverse_iter_new(struct py_object *dict)
{
    return dict_iter_new(&py_dict_reverse_key_iter_type, dict);
}

/* The next entry; -1 when there is none, perhaps with an exception. */
static int64_t dict_iter_advance(struct dict_iter *it, int64_t direction)
{
    struct py_dict *d = AS_DICT(it->dict);
    if (!d)
        return -1;
    if (it->used != d->used) {
        it->used = -1; /* stays broken */
        return py_raise_int(&py_exc_RuntimeError, "dictionary changed size during iteration");
    }
    const struct py_dict_keys *k = d->keys;
    int64_t e = it->position;
    while (e >= 0 && e < k->entry_count && !py_dict_entry_key(k, e))
        e += direction;
    if (e >= 0 && e < k->entry_count) {
        if (it->left == 0) {
            it->used = -1;
            return py_raise_int(&py_exc_RuntimeError, "dictionary keys changed during iteration");
        }
        it->position = e + direction;
        it->left--;
        return e;
    }
    it->dict = NULL;
    py_decref(d);
    return -1;
}

static inline struct py_object *iter_key(struct py_object *o, int64_t direction)
{
    struct dict_iter *it = (struct dict_iter *)o;
    const int64_t e = dict_iter_advance(it, direction);
    return e < 0 ? NULL : py_newref(py_dict_entry_key(AS_DICT(it->dict)->keys, e));
}

static inline struct py_object *iter_value(struct py_object *o, int64_t direction)
{
    struct dict_iter *it = (struct dict_iter *)o;
    const int64_t e = dict_iter_advance(it, direction);
    return e < 0 ? NULL : py_newref(py_dict_entry_value(AS_DICT(it->dict)->keys, e));
}

static inline struct py_object *iter_item(struct py_object *o, int64_t direction)
{
    struct dict_iter *it = (struct dict_iter *)o;
    const int64_t e = dict_iter_advance(it, direction);
    if (e < 0)
        return NULL;
    const struct py_dict_keys *k = AS_DICT(it->dict)->keys;
    struct py_object *key = py_newref(py_dict_entry_key(k, e));
    struct py_object *value = py_newref(py_dict_entry_value(k, e));
    struct py_tuple *pair = (struct py_tuple *)it->result;
    if (pair->base.base.refcnt != 1)
        return PY_OBJ(py_tuple_from_array_steal((struct py_object *[]){key, value}, 2));
    /* Only we have the pair handed out last: hand it out again, under new contents. */
    struct py_object *old_key = pair->items[0], *old_value = pair->items[1];
    pair->items[0] = key;
    pair->items[1] = value;
    py_incref(pair);
    if (!py_gc_is_tracked(PY_OBJ(pair))) /* the collector may have untracked it */
        py_gc_track(pair);
    if (((old_key->refcnt == 1) | (old_value->refcnt == 1)) == 0) {
        py_decref(old_key);
        py_decref(old_value);
        return PY_OBJ(pair);
    }
    struct py_object *held[3] = {PY_OBJ(pair), old_key, old_value};
    PY_HOLD_N(held, 3); /* the last reference: dropping it may run Python code */
    py_clear(held[1]);
    py_clear(held[2]);
    return PY_OBJ(pair);
}

static struct py_object *key_next(struct py_object *o)
{
    return iter_key(o, 1);
}
static struct py_object *value_next(struct py_object *o)
{
    return iter_value(o, 1);
}
static struct py_object *item_next(struct py_object *o)
{
    return iter_item(o, 1);
}
static struct py_object *reverse_key_next(struct py_object *o)
{
    return iter_key(o, -1);
}
static struct py_object *reverse_value_next(struct py_object *o)
{
    return iter_value(o, -1);
}
static struct py_object *reverse_item_next(struct py_object *o)
{
    return iter_item(o, -1);
}

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED_ARGS (void)args, (void)nargs, (void)kwnames

METHOD(dict_iter_length_hint)
{
    UNUSED_ARGS;
    const struct dict_iter *it = (struct dict_iter *)self;
    const bool valid = it->dict && it->used == AS_DICT(it->dict)->used;
    return py_int_from_i64(valid ? it->left : 0);
}

static const struct py_method_def dict_iter_methods[] = {
    {.name = "__length_hint__",
     .fn = dict_iter_length_hint,
     .doc = "About how many items are still to come."},
    {.name = NULL},
};

static const struct py_field dict_iter_fields[] = {
    PY_FIELD(struct dict_iter, dict), PY_FIELD(struct dict_iter, result), PY_FIELD_END};

#define DICT_ITER_TYPE(variable, type_name, next_function)              \
    struct py_type variable = {                                         \
        .base.base = PY_STATIC_HEADER(&py_type_type),                   \
        .name = type_name,                                              \
        .basicsize = sizeof(struct dict_iter),                          \
        .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE | PY_TYPE_DISALLOW_NEW, \
        .field_count = 2,                                               \
        .fields = dict_iter_fields,                                     \
        .iter = py_iter_self,                                           \
        .iternext = next_function,                                      \
        .methods = dict_iter_methods,                                   \
    }

DICT_ITER_TYPE(py_dict_key_iter_type, "dict_keyiterator", key_next);
DICT_ITER_TYPE(py_dict_value_iter_type, "dict_valueiterator", value_next);
DICT_ITER_TYPE(py_dict_item_iter_type, "dict_itemiterator", item_next);
DICT_ITER_TYPE(py_dict_reverse_key_iter_type, "dict_reversekeyiterator", reverse_key_next);
DICT_ITER_TYPE(py_dict_reverse_value_iter_type, "dict_reversevalueiterator", reverse_value_next);
DICT_ITER_TYPE(py_dict_reverse_item_iter_type, "dict_reverseitemiterator", reverse_item_next);

/* --- views --- */

struct dict_view {
    struct py_object base;
    struct py_object *dict;
};

struct py_object *py_dict_view_new(struct py_type *type, struct py_object *dict)
{
    struct dict_view *view = py_object_new(type);
    if (!view)
        return NULL;
    view->dict = py_newref(dict);
    py_gc_track(view);
    return PY_OBJ(view);
}

static struct py_dict *view_dict(struct py_object *view)
{
    return AS_DICT(((struct dict_view *)view)->dict);
}

static int64_t view_length(struct py_object *view)
{
    return view_dict(view)->used;
}

static struct py_object *view_iter(struct py_object *view)
{
    struct py_type *type = view->type == &py_dict_keys_type     ? &py_dict_key_iter_type
                           : view->type == &py_dict_values_type ? &py_dict_value_iter_type
                                                                : &py_dict_item_iter_type;
    return dict_iter_new(type, PY_OBJ(view_dict(view)));
}

METHOD(view_reversed)
{
    UNUSED_ARGS;
    struct py_type *type = self->type == &py_dict_keys_type     ? &py_dict_reverse_key_iter_type
                           : self->type == &py_dict_values_type ? &py_dict_reverse_value_iter_type
                                                                : &py_dict_reverse_item_iter_type;
    return dict_iter_new(type, PY_OBJ(view_dict(self)));
}

static struct py_object *view_repr(struct py_object *view)
{
    struct py_repr_guard guard;
    const int entered = py_repr_enter(&guard, view);
    if (entered != 0)
        return entered < 0 ? NULL : PY_OBJ(py_str_from_cstr("..."));
    struct py_object *list = PY_OBJ(py_list_from_iterable(view)), *result = NULL;
    PY_HOLD(&list);
    PY_HOLD(&result);
    if (list)
        result = PY_OBJ(py_str_format_c("%s(%R)", view->type->name, list));
    py_clear(list);
    py_repr_leave(&guard);
    return result;
}

static int keys_contains(struct py_object *view, struct py_object *key)
{
    return py_dict_contains(view_dict(view), key);
}

static int items_contains(struct py_object *view, struct py_object *item)
{
    if (!py_tuple_check(item) || ((struct py_tuple *)item)->base.size != 2)
        return 0;
    const struct py_tuple *pair = (struct py_tuple *)item;
    struct py_object *found = py_dict_get(view_dict(view), pair->items[0]);
    if (!found)
        return py_error_occurred() ? -1 : 0;
    PY_HOLD(&found);
    py_incref(found);
    const int equal = py_richcompare_bool(found, pair->items[1], PY_EQ);
    py_clear(found);
    return equal;
}

static bool is_set_view(const struct py_object *o)
{
    return o->type == &py_dict_keys_type || o->type == &py_dict_items_type;
}

/* Is every item of a in b? 1, 0, -1. */
static int all_contained(struct py_object *a, struct py_object *b)
{
    struct py_object *it = py_iter(a), *item = NULL;
    if (!it)
        return -1;
    PY_HOLD(&it);
    PY_HOLD(&item);
    int found = 1;
    while (found == 1 && (item = py_next(it)) != NULL) {
        found = py_contains(b, item);
        py_clear(item);
    }
    if (found == 1 && py_error_occurred())
        found = -1;
    py_clear(it);
    return found;
}

static struct py_object *view_richcompare(struct py_object *a, struct py_object *b, int op)
{
    if (!py_set_check(b) && !is_set_view(b))
        return py_newref(PY_NOT_IMPLEMENTED);
    const int64_t m = view_length(a), n = py_length(b);
    if (n < 0)
        return NULL;
    int result = 0;
    switch (op) {
    case PY_EQ:
    case PY_NE:
        result = m == n ? all_contained(a, b) : 0;
        if (op == PY_NE && result >= 0)
            result = !result;
        break;
    case PY_LT:
        result = m < n ? all_contained(a, b) : 0;
        break;
    case PY_LE:
        result = m <= n ? all_contained(a, b) : 0;
        break;
    case PY_GT:
        result = m > n ? all_contained(b, a) : 0;
        break;
    default:
        result = m >= n ? all_contained(b, a) : 0;
    }
    return result < 0 ? NULL : py_bool_from(result);
}

/* set(a) changed in place by b through the named set method. */
static struct py_object *view_set_op(struct py_object *a, struct py_object *b, const char *method)
{
    if (!is_set_view(a)) /* reflected: any iterable on the left */
        if (!is_set_view(b))
            return py_newref(PY_NOT_IMPLEMENTED);
    struct py_object *set = PY_OBJ(py_set_new(a));
    if (!set)
        return NULL;
    PY_HOLD(&set);
    struct py_object *result = py_call_method_cstr(set, method, 1, b);
    if (!result)
        py_clear(set);
    py_xdecref(result);
    return set;
}

static struct py_object *view_sub(struct py_object *a, struct py_object *b)
{
    return view_set_op(a, b, "difference_update");
}
static struct py_object *view_or(struct py_object *a, struct py_object *b)
{
    return view_set_op(a, b, "update");
}
static struct py_object *view_xor(struct py_object *a, struct py_object *b)
{
    return view_set_op(a, b, "symmetric_difference_update");
}

static struct py_object *view_and(struct py_object *a, struct py_object *b)
{
    if (!is_set_view(a)) {
        struct py_object *t = a;
        a = b;
        b = t;
    }
    /* Iterate over the smaller one where both can be asked for an item. */
    if (is_set_view(b) && view_length(b) > view_length(a)) {
        struct py_object *t = a;
        a = b;
        b = t;
    }
    struct py_object *held[3] = {PY_OBJ(py_set_new(NULL)), py_iter(b), NULL};
    PY_HOLD_N(held, 3);
    bool bad = !held[0] || !held[1];
    while (!bad && (held[2] = py_next(held[1])) != NULL) {
        const int found = a->type->contains(a, held[2]);
        bad = found < 0 || (found && py_set_add((struct py_set *)held[0], held[2]) < 0);
        py_clear(held[2]);
    }
    py_clear(held[1]);
    if (bad || py_error_occurred())
        py_clear(held[0]);
    return held[0];
}

METHOD(view_isdisjoint)
{
    UNUSED_ARGS;
    struct py_object *held[2] = {NULL, NULL};
    PY_HOLD_N(held, 2);
    held[0] = py_iter(args[0]);
    if (!held[0])
        return NULL;
    int found = 0;
    while (found == 0 && (held[1] = py_next(held[0])) != NULL) {
        found = self->type->contains(self, held[1]);
        py_clear(held[1]);
    }
    py_clear(held[0]);
    if (found < 0 || py_error_occurred())
        return NULL;
    return py_bool_from(!found);
}

static struct py_object *view_get_mapping(struct py_object *view, void *closure)
{
    (void)closure;
    return py_mappingproxy_new(PY_OBJ(view_dict(view)));
}

static const struct py_getset_def view_getsets[] = {
    {.name = "mapping", .get = view_get_mapping, .doc = "dictionary that this view refers to"},
    {.name = NULL},
};

static const struct py_method_def set_view_methods[] = {
    {.name = "isdisjoint",
     .fn = view_isdisjoint,
     .min_args = 1,
     .max_args = 1,
     .doc = "Return True if the view and the given iterable have a null intersection."},
    {.name = "__reversed__", .fn = view_reversed, .doc = "Iterate from the last key to the first."},
    {.name = NULL},
};

static const struct py_method_def values_methods[] = {
    {.name = "__reversed__",
     .fn = view_reversed,
     .doc = "Return a reverse iterator over the dict values."},
    {.name = NULL},
};

static const struct py_field view_fields[] = {PY_FIELD(struct dict_view, dict), PY_FIELD_END};

#define DICT_VIEW_COMMON(type_name)                                                     \
    .base.base = PY_STATIC_HEADER(&py_type_type), .name = type_name,                    \
    .basicsize = sizeof(struct dict_view),                                              \
    .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE | PY_TYPE_DISALLOW_NEW, .field_count = 1,   \
    .fields = view_fields, .repr = view_repr, .iter = view_iter, .length = view_length, \
    .getsets = view_getsets

#define DICT_SET_VIEW                                                 \
    .hash = py_hash_not_implemented, .richcompare = view_richcompare, \
    .binary = {[PY_NB_SUB] = view_sub,                                \
               [PY_NB_AND] = view_and,                                \
               [PY_NB_OR] = view_or,                                  \
               [PY_NB_XOR] = view_xor},                               \
    .methods = set_view_methods

struct py_type py_dict_keys_type = {DICT_VIEW_COMMON("dict_keys"), DICT_SET_VIEW,
                                    .contains = keys_contains};
struct py_type py_dict_items_type = {DICT_VIEW_COMMON("dict_items"), DICT_SET_VIEW,
                                     .contains = items_contains};
struct py_type py_dict_values_type = {DICT_VIEW_COMMON("dict_values"), .methods = values_methods};
