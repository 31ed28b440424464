/* Methods, comparison and printing of dicts.
 *
 * Whatever runs Python code per entry (repr, ==, update of a foreign mapping) owns the pair it
 * works on, under a handle, and re-reads the table after each.
 */
#include "vm/object/alias.h"
#include "vm/object/dict.h"

#include "vm/object/dict_internal.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/quick_compare.h"
#include "vm/object/repr_guard.h"
#include "vm/object/set.h"
#include "vm/object/str.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

static int append_repr(struct py_strbuf *b, struct py_object *o)
{
    struct py_object *text = py_repr(o);
    const int bad = !text || py_strbuf_str(b, (struct py_str *)text) < 0;
    py_xdecref(text);
    return bad ? -1 : 0;
}

struct py_object *py_dict_repr(struct py_object *o)
{
    struct py_dict *d = AS_DICT(o);
    if (d->used == 0)
        return PY_OBJ(py_str_from_cstr("{}"));
    struct py_repr_guard guard;
    const int entered = py_repr_enter(&guard, o);
    if (entered != 0)
        return entered < 0 ? NULL : PY_OBJ(py_str_from_cstr("{...}"));
    struct py_strbuf b;
    py_strbuf_init(&b);
    int bad = py_strbuf_char(&b, '{');
    struct py_object *pair[2] = {NULL, NULL};
    PY_HOLD_N(pair, 2);
    int64_t pos = 0;
    bool first = true;
    struct py_object *key, *value;
    while (!bad && py_dict_next(d, &pos, &key, &value, NULL)) {
        pair[0] = py_newref(key);
        pair[1] = py_newref(value);
        bad = (!first && py_strbuf_ascii(&b, ", ", 2) < 0) || append_repr(&b, pair[0]) < 0 ||
              py_strbuf_ascii(&b, ": ", 2) < 0 || append_repr(&b, pair[1]) < 0;
        first = false;
        py_clear(pair[0]);
        py_clear(pair[1]);
    }
    bad = bad || py_strbuf_char(&b, '}') < 0;
    py_repr_leave(&guard);
    if (bad) {
        py_strbuf_deinit(&b);
        return NULL;
    }
    return PY_OBJ(py_strbuf_finish(&b));
}

/* 1, 0, -1. */
static int dict_equal(struct py_dict *a, struct py_dict *b)
{
    if (a->used != b->used)
        return 0;
    struct py_object *held[3] = {NULL};
    PY_HOLD_N(held, 3);
    int64_t pos = 0, hash;
    struct py_object *key, *value;
    int equal = 1;
    while (equal == 1 && py_dict_next(a, &pos, &key, &value, &hash)) {
        held[0] = py_newref(key);
        held[1] = py_newref(value);
        struct py_object *other = py_dict_get_hashed(b, key, hash);
        if (!other) {
            equal = py_error_occurred() ? -1 : 0;
        } else if ((equal = py_quick_equal(value, other)) < 0) {
            held[2] = py_newref(other);
            equal = py_richcompare_bool(held[1], held[2], PY_EQ);
        }
        for (int i = 0; i < 3; i++)
            py_clear(held[i]);
    }
    return equal;
}

struct py_object *py_dict_richcompare(struct py_object *a, struct py_object *b, int op)
{
    if ((op != PY_EQ && op != PY_NE) || !py_dict_check(a) || !py_dict_check(b))
        return py_newref(PY_NOT_IMPLEMENTED);
    const int equal = dict_equal(AS_DICT(a), AS_DICT(b));
    return equal < 0 ? NULL : py_bool_from(equal == (op == PY_EQ));
}

struct py_object *py_dict_ior(struct py_object *a, struct py_object *b)
{
    if (py_dict_update_args(AS_DICT(a), "dict.update", &b, 1, NULL) < 0)
        return NULL;
    return py_newref(a);
}

struct py_object *py_dict_or(struct py_object *a, struct py_object *b)
{
    if (!py_dict_check(a) || !py_dict_check(b))
        return py_newref(PY_NOT_IMPLEMENTED);
    struct py_object *result = PY_OBJ(py_dict_copy(AS_DICT(a)));
    if (!result)
        return NULL;
    PY_HOLD(&result);
    if (py_dict_merge(AS_DICT(result), b, 1) < 0)
        py_clear(result);
    return result;
}

/* A mapping if it has keys(), else pairs. */
static int update_from(struct py_dict *d, struct py_object *arg)
{
    if (arg->type == &py_dict_type)
        return py_dict_merge(d, arg, 1);
    struct py_object *keys;
    const int found = py_getattr_optional(arg, PY_OBJ(py_str_const("keys")), &keys);
    if (found < 0)
        return -1;
    py_xdecref(keys);
    return found ? py_dict_merge(d, arg, 1) : py_dict_merge_pairs(d, arg);
}

int py_dict_update_args(struct py_dict *d, const char *function, struct py_object *const *args,
                        size_t nargs, struct py_tuple *kwnames)
{
    if (py_check_positional(function, nargs, 0, 1) < 0)
        return -1;
    if (nargs && update_from(d, args[0]) < 0)
        return -1;
    for (int64_t i = 0; kwnames && i < kwnames->base.size; i++)
        if (py_dict_set(d, kwnames->items[i], args[nargs + (size_t)i]) < 0)
            return -1;
    return 0;
}

int py_dict_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                 struct py_tuple *kwnames)
{
    return py_dict_update_args(AS_DICT(o), "dict", args, nargs, kwnames);
}

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED_ARGS (void)args, (void)nargs, (void)kwnames

METHOD(dict_get)
{
    (void)kwnames;
    struct py_object *value = py_dict_get(AS_DICT(self), args[0]);
    if (value)
        return py_newref(value);
    if (args[0]->type != &py_str_type && py_error_occurred())
        return NULL;
    return py_newref(nargs > 1 ? args[1] : PY_NONE);
}

METHOD(dict_setdefault)
{
    (void)kwnames;
    struct py_object *value =
        py_dict_setdefault(AS_DICT(self), args[0], nargs > 1 ? args[1] : PY_NONE);
    return value ? py_newref(value) : NULL;
}

METHOD(dict_pop)
{
    (void)kwnames;
    return py_dict_pop(AS_DICT(self), args[0], nargs > 1 ? args[1] : NULL);
}

METHOD(dict_popitem)
{
    UNUSED_ARGS;
    struct py_dict *d = AS_DICT(self);
    if (d->used == 0)
        return py_raise(&py_exc_KeyError, "popitem(): dictionary is empty");
    struct py_tuple *pair = py_tuple_new(2);
    if (!pair)
        return NULL;
    struct py_dict_keys *k = d->keys;
    int64_t e = k->entry_count - 1;
    while (!py_dict_entry_key(k, e))
        e--;
    const int64_t hash = k->general ? ((struct py_dict_entry *)py_dict_entries(k))[e].hash
                                    : ((struct py_str *)py_dict_entry_key(k, e))->hash;
    pair->items[1] = py_dict_remove_entry(d, hash, e, &pair->items[0]);
    k->entry_count = e; /* the entry can be used again, its index cell cannot */
    return PY_OBJ(pair);
}

METHOD(dict_update)
{
    if (py_dict_update_args(AS_DICT(self), "update", args, nargs, kwnames) < 0)
        return NULL;
    return py_newref(PY_NONE);
}

METHOD(dict_clear)
{
    UNUSED_ARGS;
    py_dict_clear(AS_DICT(self));
    return py_newref(PY_NONE);
}

METHOD(dict_copy)
{
    UNUSED_ARGS;
    return PY_OBJ(py_dict_copy(AS_DICT(self)));
}

METHOD(dict_keys)
{
    UNUSED_ARGS;
    return py_dict_view_new(&py_dict_keys_type, self);
}

METHOD(dict_values)
{
    UNUSED_ARGS;
    return py_dict_view_new(&py_dict_values_type, self);
}

METHOD(dict_items)
{
    UNUSED_ARGS;
    return py_dict_view_new(&py_dict_items_type, self);
}

METHOD(dict_reversed)
{
    UNUSED_ARGS;
    return py_dict_reverse_iter_new(self);
}

/* A comparison may take the key out of where it is borrowed from. */
static int set_borrowed(struct py_dict *d, struct py_object *borrowed, struct py_object *value,
                        int64_t hash)
{
    struct py_object *key = py_newref(borrowed);
    PY_HOLD(&key);
    const int result = py_dict_set_hashed(d, key, value, hash);
    py_clear(key);
    return result;
}

/* Fills a new exact dict from another dict's keys or a set, presized. 1 done, 0 not such. */
static int fromkeys_sized(struct py_dict *d, struct py_object *iterable, struct py_object *value)
{
    int64_t pos = 0, hash;
    struct py_object *key;
    if (iterable->type == &py_dict_type) {
        struct py_dict *other = AS_DICT(iterable);
        if (py_dict_resize(d, py_dict_log2_for_entries(other->used), other->keys->general) < 0)
            return -1;
        while (py_dict_next(other, &pos, &key, NULL, &hash))
            if (set_borrowed(d, key, value, hash) < 0)
                return -1;
        return 1;
    }
    if (iterable->type == &py_set_type || iterable->type == &py_frozenset_type) {
        struct py_set *s = (struct py_set *)iterable;
        if (py_dict_resize(d, py_dict_log2_for_entries(s->used), true) < 0)
            return -1;
        while (py_set_next(s, &pos, &key, &hash))
            if (set_borrowed(d, key, value, hash) < 0)
                return -1;
        return 1;
    }
    return 0;
}

METHOD(dict_fromkeys)
{
    (void)kwnames;
    struct py_object *value = nargs > 1 ? args[1] : PY_NONE;
    struct py_object *result = py_call0(self), *it = NULL, *key = NULL;
    if (!result)
        return NULL;
    PY_HOLD(&result);
    PY_HOLD(&it);
    PY_HOLD(&key);
    const bool exact = result->type == &py_dict_type;
    int bad = 0;
    if (exact && AS_DICT(result)->used == 0) {
        const int done = fromkeys_sized(AS_DICT(result), args[0], value);
        if (done < 0)
            py_clear(result);
        if (done != 0)
            return result;
    }
    it = py_iter(args[0]);
    bad = !it;
    while (!bad && (key = py_next(it)) != NULL) {
        bad = exact ? py_dict_set(AS_DICT(result), key, value) : py_setitem(result, key, value);
        py_clear(key);
    }
    py_clear(it);
    if (bad || py_error_occurred())
        py_clear(result);
    return result;
}

METHOD(dict_contains_method)
{
    UNUSED_ARGS;
    const int found = py_dict_contains(AS_DICT(self), args[0]);
    return found < 0 ? NULL : py_bool_from(found);
}

METHOD(dict_getitem_method)
{
    UNUSED_ARGS;
    return py_dict_type.subscript(self, args[0]);
}

const struct py_method_def py_dict_methods[] = {
    PY_CLASS_GETITEM_ROW,
    {.name = "__contains__",
     .fn = dict_contains_method,
     .min_args = 1,
     .max_args = 1,
     .signature = "($self, key, /)",
     .doc = "Whether the dictionary has a key."},
    {.name = "__getitem__",
     .fn = dict_getitem_method,
     .min_args = 1,
     .max_args = 1,
     .doc = "The value of the key y."},
    {.name = "get",
     .fn = dict_get,
     .min_args = 1,
     .max_args = 2,
     .signature = "($self, key, default=None, /)",
     .doc = "The value of a key, or default when it is missing."},
    {.name = "setdefault",
     .fn = dict_setdefault,
     .min_args = 1,
     .max_args = 2,
     .signature = "($self, key, default=None, /)",
     .doc = "The value of the key; it is set to default first if the key is missing."},
    {.name = "pop",
     .fn = dict_pop,
     .min_args = 1,
     .max_args = 2,
     .doc = "D.pop(k[,d]) -- take the value of a key out.\n\nWithout the key, the answer is d, or "
            "a KeyError if that is not given."},
    {.name = "popitem",
     .fn = dict_popitem,
     .signature = "($self, /)",
     .doc = "Take out the item that was set last, as a pair (key, value).\n\nKeyError when there "
            "is none."},
    {.name = "keys", .fn = dict_keys, .doc = "D.keys() -- the keys, seen live and used as a set"},
    {.name = "items",
     .fn = dict_items,
     .doc = "D.items() -- the (key, value) pairs, seen live and used as a set"},
    {.name = "values", .fn = dict_values, .doc = "D.values() -- the values, seen live"},
    {.name = "update",
     .fn = dict_update,
     .max_args = -1,
     .flags = PY_METH_KEYWORDS,
     .doc = "D.update([E, ]**F) -- set items from a mapping E (it has keys()) or from pairs E, and "
            "then from\nthe keywords F."},
    {.name = "fromkeys",
     .fn = dict_fromkeys,
     .min_args = 1,
     .max_args = 2,
     .flags = PY_METH_CLASSMETHOD,
     .signature = "($type, iterable, value=None, /)",
     .doc = "A dictionary that has the given value under each key of the iterable."},
    {.name = "clear", .fn = dict_clear, .doc = "D.clear() -- drop all items"},
    {.name = "copy", .fn = dict_copy, .doc = "D.copy() -- another dictionary with the same items"},
    {.name = "__reversed__",
     .fn = dict_reversed,
     .signature = "($self, /)",
     .doc = "Iterate from the last key to the first."},
    {.name = NULL},
};
