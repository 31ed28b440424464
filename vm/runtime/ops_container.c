/* Containers and iteration: len(o), o[k], x in o, iter(o), next(it).
 *
 * An object is a sequence for these functions if it has an item slot (classes with __getitem__ get
 * one); iteration over such an object without __iter__ counts up from 0 until IndexError.
 * o[k] where o is a class means __class_getitem__.
 */
#include "vm/object/alias.h"
#include "vm/object/int.h"
#include "vm/object/iter.h"
#include "vm/object/list.h"
#include "vm/object/slots.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

/* ---- length ------------------------------------------------------------------------------ */

int64_t py_length(struct py_object *o)
{
    const py_lenfn length = o->type->length;
    if (length)
        return length(o);
    return py_raise_int(&py_exc_TypeError, "object of type '%T' has no len()", o);
}

/* TypeError means "cannot say". */
static int64_t hint_failed(int64_t fallback)
{
    if (!py_error_matches(&py_exc_TypeError))
        return -1;
    py_error_clear();
    return fallback;
}

int64_t py_length_hint(struct py_object *o, int64_t fallback)
{
    if (o->type->length) {
        const int64_t n = o->type->length(o);
        return n >= 0 ? n : hint_failed(fallback);
    }
    struct py_object *r = py_call_special(o, py_str_const("__length_hint__"), NULL, 0);
    if (!r)
        return py_error_occurred() ? hint_failed(fallback) : fallback;
    int64_t n = fallback;
    if (r == PY_NOT_IMPLEMENTED)
        return n;
    if (!py_int_check(r)) {
        n = py_raise_int(&py_exc_TypeError, "__length_hint__ must be an integer, not %T", r);
    } else {
        n = py_int_as_ssize_arg(r);
        if (n < 0 && !py_error_occurred())
            n = py_raise_int(&py_exc_ValueError, "__length_hint__() should return >= 0");
    }
    py_decref(r);
    return n;
}

/* ---- subscription ------------------------------------------------------------------------ */

static struct py_object *class_getitem(struct py_object *cls, struct py_object *key)
{
    struct py_object *f = NULL;
    if (cls == PY_OBJ(&py_type_type)) /* its own alone: each class would have the method too */
        return py_generic_alias_new(cls, key);
    if (py_getattr_optional(cls, PY_OBJ(py_str_const("__class_getitem__")), &f) < 0)
        return NULL;
    if (f) {
        struct py_object *own[2] = {f, NULL};
        PY_HOLD_N(own, 2);
        own[1] = py_call1(f, key);
        py_clear(own[0]);
        return own[1];
    }
    return py_raise(&py_exc_TypeError, "type '%s' is not subscriptable",
                    ((struct py_type *)cls)->name);
}

static int64_t adjusted_index(struct py_object *o, int64_t i)
{
    if (i >= 0 || !o->type->length)
        return i;
    const int64_t n = o->type->length(o);
    return n < 0 ? n : i + n;
}

struct py_object *py_getitem_index(struct py_object *o, int64_t index)
{
    if (o->type->item) {
        const int64_t i = adjusted_index(o, index);
        if (i < 0 && py_error_occurred())
            return NULL;
        return o->type->item(o, i);
    }
    if (!o->type->subscript)
        return py_raise(&py_exc_TypeError, "'%T' object does not support indexing", o);
    struct py_object *key = py_int_from_i64(index);
    if (!key)
        return NULL;
    PY_HOLD(&key);
    struct py_object *r = o->type->subscript(o, key);
    py_clear(key);
    return r;
}

struct py_object *py_getitem(struct py_object *o, struct py_object *key)
{
    const struct py_type *t = o->type;
    if (t->subscript)
        return t->subscript(o, key);
    if (t->item) {
        if (!py_int_check(key) && !key->type->index)
            return py_raise(&py_exc_TypeError, "sequence index must be integer, not '%T'", key);
        const int64_t i = py_int_as_item_index(key);
        if (i == -1 && py_error_occurred())
            return NULL;
        return py_getitem_index(o, i);
    }
    if (py_has_flag(o, PY_TYPE_IS_TYPE))
        return class_getitem(o, key);
    return py_raise(&py_exc_TypeError, "'%T' object is not subscriptable", o);
}

/* Is o[key] the item of a sequence at an index? Every class with instances of its own is one. */
static bool is_sequence_index(const struct py_object *o, const struct py_object *key)
{
    const struct py_type *t = o->type;
    const bool sequence = t->item || t->length || t->contains || (t->flags & PY_TYPE_HEAP);
    return sequence && key->type->index;
}

/* A sequence converts an index before it says that its items cannot change. -1: it is none. */
static int check_refused_index(struct py_object *o, struct py_object *key)
{
    if (!is_sequence_index(o, key))
        return 0;
    return py_int_as_item_index(key) == -1 && py_error_occurred() ? -1 : 0;
}

int py_setitem(struct py_object *o, struct py_object *key, struct py_object *value)
{
    if (o->type->ass_subscript)
        return o->type->ass_subscript(o, key, value);
    if (check_refused_index(o, key) < 0)
        return -1;
    return py_raise_int(&py_exc_TypeError, "'%T' object does not support item assignment", o);
}

int py_delitem(struct py_object *o, struct py_object *key)
{
    if (o->type->ass_subscript)
        return o->type->ass_subscript(o, key, NULL);
    if (check_refused_index(o, key) < 0)
        return -1;
    const bool by_index = is_sequence_index(o, key);
    return py_raise_int(&py_exc_TypeError, "'%T' object %s support item deletion", o,
                        by_index ? "doesn't" : "does not");
}

/* ---- membership -------------------------------------------------------------------------- */

static int contains_by_iteration(struct py_object *container, struct py_object *item)
{
    struct py_object *own[2] = {py_iter(container), NULL}; /* the iterator, the current item */
    if (!own[0]) {
        if (py_error_matches(&py_exc_TypeError)) {
            py_error_clear();
            py_raise(&py_exc_TypeError, "argument of type '%T' is not iterable", container);
        }
        return -1;
    }
    PY_HOLD_N(own, 2);
    int found = 0;
    while (found == 0 && (own[1] = py_next(own[0])) != NULL) {
        found = py_richcompare_bool(own[1], item, PY_EQ);
        py_clear(own[1]);
    }
    if (found == 0 && py_error_occurred())
        found = -1;
    py_clear(own[0]);
    return found;
}

int py_contains(struct py_object *container, struct py_object *item)
{
    if (container->type->contains)
        return container->type->contains(container, item);
    return contains_by_iteration(container, item);
}

/* ---- iteration --------------------------------------------------------------------------- */

struct py_object *py_iter(struct py_object *o)
{
    const struct py_type *t = o->type;
    if (t->iter) {
        struct py_object *it = t->iter(o);
        if (it && !py_is_iterator(it)) {
            py_raise(&py_exc_TypeError, "iter() returned non-iterator of type '%T'", it);
            py_clear(it);
        }
        return it;
    }
    if (t->item && !(t->flags & PY_TYPE_IS_DICT))
        return py_seq_iter_new(&py_seq_iter_type, o);
    return py_raise(&py_exc_TypeError, "'%T' object is not iterable", o);
}

struct py_object *py_next(struct py_object *iterator)
{
    const py_unaryfn next = iterator->type->iternext;
    if (__builtin_expect(!next, 0))
        return py_raise(&py_exc_TypeError, "'%T' object is not an iterator", iterator);
    struct py_object *r = next(iterator);
    if (!r && py_error_occurred())
        py_error_catch_stop_iteration(NULL);
    return r;
}

int py_sequence_fast(struct py_object *o, const char *message, struct py_object **owner,
                     struct py_object *const **items, size_t *n)
{
    if (py_typeof(o) == &py_tuple_type) {
        *owner = py_newref(o);
    } else if (py_typeof(o) == &py_list_type) {
        *owner = py_newref(o);
    } else {
        *owner = PY_OBJ(py_list_from_iterable(o));
        if (!*owner) {
            if (message && !o->type->iter && !o->type->item &&
                py_error_matches(&py_exc_TypeError)) {
                py_error_clear();
                py_raise(&py_exc_TypeError, "%s", message);
            }
            return -1;
        }
    }
    if (py_typeof(*owner) == &py_tuple_type) {
        *items = ((struct py_tuple *)*owner)->items;
        *n = (size_t)((struct py_tuple *)*owner)->base.size;
    } else {
        *items = ((struct py_list *)*owner)->items;
        *n = (size_t)((struct py_list *)*owner)->base.size;
    }
    return 0;
}

struct py_tuple *py_sequence_tuple(struct py_object *o, const char *message)
{
    struct py_object *owner = NULL, *const * items;
    size_t n;
    PY_HOLD(&owner);
    if (py_sequence_fast(o, message, &owner, &items, &n) < 0)
        return NULL;
    struct py_tuple *const out = py_typeof(owner) == &py_tuple_type
                                     ? (struct py_tuple *)py_newref(owner)
                                     : py_tuple_from_array(items, n);
    py_clear(owner);
    return out;
}
