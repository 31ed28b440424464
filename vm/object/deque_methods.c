/* Methods, indexing, comparison and printing of deques. */
#include "vm/object/alias.h"
#include "vm/object/deque.h"

#include "vm/object/deque_internal.h"
#include "vm/object/int.h"
#include "vm/object/quick_compare.h"
#include "vm/object/repr_guard.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define AS_DEQUE(o) ((struct py_deque *)(o))
#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED_ARGS (void)args, (void)nargs, (void)kwnames

int py_deque_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                  struct py_tuple *kwnames)
{
    static const char *const names[] = {"iterable", "maxlen"};
    static const struct py_params params = {
        .function = "deque", .names = names, .count = 2, .keyword_only = 2};
    struct py_object *in[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return -1;
    int64_t max_length = -1;
    if (in[1] && in[1] != PY_NONE) {
        if (!py_int_check(in[1]))
            return py_raise_int(&py_exc_TypeError, "an integer is required");
        max_length = py_int_as_ssize(in[1]);
        if (max_length == -1 && py_error_occurred())
            return -1;
        if (max_length < 0)
            return py_raise_int(&py_exc_ValueError, "maxlen must be non-negative");
    }
    struct py_deque *d = AS_DEQUE(o);
    d->max_length = max_length;
    if (d->base.size > 0)
        py_deque_clear(d);
    return in[0] ? py_deque_extend(d, in[0], false) : 0;
}

struct py_object *py_deque_repr(struct py_object *o)
{
    struct py_repr_guard guard;
    const int entered = py_repr_enter(&guard, o);
    if (entered != 0)
        return entered < 0 ? NULL : PY_OBJ(py_str_from_cstr("[...]"));
    struct py_object *list = PY_OBJ(py_deque_to_list(AS_DEQUE(o))), *result = NULL;
    PY_HOLD(&list);
    PY_HOLD(&result);
    const char *name = py_type_shortname(o->type);
    if (list)
        result =
            PY_OBJ(AS_DEQUE(o)->max_length >= 0 ? py_str_format_c("%s(%R, maxlen=%ld)", name, list,
                                                                  (long)AS_DEQUE(o)->max_length)
                                                : py_str_format_c("%s(%R)", name, list));
    py_clear(list);
    py_repr_leave(&guard);
    return result;
}

struct py_object *py_deque_richcompare(struct py_object *a, struct py_object *b, int op)
{
    if (!py_isinstance_type(a, &py_deque_type) || !py_isinstance_type(b, &py_deque_type))
        return py_newref(PY_NOT_IMPLEMENTED);
    struct py_deque *v = AS_DEQUE(a), *w = AS_DEQUE(b);
    if (a == b)
        return py_bool_from(op == PY_EQ || op == PY_LE || op == PY_GE);
    if (v->base.size != w->base.size && (op == PY_EQ || op == PY_NE))
        return py_bool_from(op == PY_NE);
    struct py_object *held[4] = {NULL}, *result = NULL; /* two iterators, two items */
    PY_HOLD_N(held, 4);
    PY_HOLD(&result);
    held[0] = py_deque_iter(a);
    held[1] = held[0] ? py_deque_iter(b) : NULL;
    bool decided = !held[1];
    while (!decided) {
        held[2] = py_next(held[0]);
        if (!held[2] && py_error_occurred())
            break;
        held[3] = py_next(held[1]);
        if (!held[3] && py_error_occurred())
            break;
        if (!held[2] || !held[3]) { /* the shorter one is smaller */
            result = py_bool_from(py_compare_result((held[2] != NULL) - (held[3] != NULL), op));
            break;
        }
        const int equal = py_richcompare_bool(held[2], held[3], PY_EQ);
        if (equal == 0)
            result = op == PY_EQ || op == PY_NE ? py_bool_from(op == PY_NE)
                                                : py_richcompare(held[2], held[3], op);
        decided = equal <= 0;
        py_clear(held[2]);
        py_clear(held[3]);
    }
    for (int i = 0; i < 4; i++)
        py_clear(held[i]);
    return result;
}

struct py_object *py_deque_item(struct py_object *o, int64_t i)
{
    struct py_deque *d = AS_DEQUE(o);
    if (i < 0 || i >= d->base.size)
        return py_raise(&py_exc_IndexError, "deque index out of range");
    return py_newref(*py_deque_slot(d, i));
}

/* A valid index, or -1 with an exception. */
static int64_t deque_index_of_key(struct py_deque *d, struct py_object *key)
{
    if (!key->type->index)
        return py_raise_int(&py_exc_TypeError, "sequence index must be integer, not '%.200s'",
                            key->type->name);
    int64_t i = py_int_as_item_index(key);
    if (i == -1 && py_error_occurred())
        return -1;
    if (i < 0)
        i += d->base.size;
    if (i < 0 || i >= d->base.size)
        return py_raise_int(&py_exc_IndexError, "deque index out of range");
    return i;
}

struct py_object *py_deque_subscript(struct py_object *o, struct py_object *key)
{
    const int64_t i = deque_index_of_key(AS_DEQUE(o), key);
    return i < 0 ? NULL : py_newref(*py_deque_slot(AS_DEQUE(o), i));
}

/* Removes item i, which is returned. */
static struct py_object *take_item(struct py_deque *d, int64_t i)
{
    if (py_deque_rotate(d, -i) < 0)
        return NULL;
    struct py_object *item = py_deque_pop_left(d);
    if (py_deque_rotate(d, i) < 0) {
        py_decref(item);
        return NULL;
    }
    return item;
}

int py_deque_ass_subscript(struct py_object *o, struct py_object *key, struct py_object *value)
{
    struct py_deque *d = AS_DEQUE(o);
    const int64_t i = deque_index_of_key(d, key);
    if (i < 0)
        return -1;
    struct py_object *old;
    if (value) {
        struct py_object **slot = py_deque_slot(d, i);
        old = *slot;
        *slot = py_newref(value);
    } else if (!(old = take_item(d, i))) {
        return -1;
    }
    py_decref(old);
    return 0;
}

/* Calls for each item equal to x from start to stop: the index of the first, -1 none, -2 error.
 * With count given, counts all instead. */
static int64_t deque_search(struct py_deque *d, struct py_object *x, int64_t start, int64_t stop,
                            int64_t *count)
{
    struct py_deque_block *b = d->left_block;
    int64_t at = d->left;
    const uint64_t state = d->state;
    for (int64_t i = 0; i < stop; i++) {
        struct py_object *item = py_deque_walk(&b, &at);
        if (i < start)
            continue;
        const int equal = py_items_equal(item, x);
        if (equal < 0)
            return -2;
        if (equal && !count)
            return i;
        if (d->state != state) {
            py_raise(&py_exc_RuntimeError, "deque mutated during iteration");
            return -2;
        }
        if (count)
            *count += equal;
    }
    return -1;
}

int py_deque_contains(struct py_object *o, struct py_object *item)
{
    const int64_t at = deque_search(AS_DEQUE(o), item, 0, AS_DEQUE(o)->base.size, NULL);
    return at == -2 ? -1 : at >= 0;
}

static struct py_deque *deque_copy_of(struct py_deque *d)
{
    struct py_deque *copy = py_deque_new(d->max_length);
    if (!copy)
        return NULL;
    PY_HOLD(&copy);
    if (py_deque_extend(copy, PY_OBJ(d), false) < 0)
        py_clear(copy);
    return copy;
}

/* A subclass is copied by calling it. */
static struct py_object *deque_copy_as_type(struct py_deque *d)
{
    struct py_object *o = PY_OBJ(d);
    if (o->type == &py_deque_type)
        return PY_OBJ(deque_copy_of(d));
    if (d->max_length < 0)
        return py_call1(PY_OBJ(o->type), o);
    struct py_object *max_length = py_int_from_i64(d->max_length);
    if (!max_length)
        return NULL;
    PY_HOLD(&max_length);
    struct py_object *result = py_call2(PY_OBJ(o->type), o, max_length);
    py_clear(max_length);
    return result;
}

struct py_object *py_deque_concat(struct py_object *a, struct py_object *b)
{
    if (!py_isinstance_type(b, &py_deque_type))
        return py_raise(&py_exc_TypeError, "can only concatenate deque (not \"%T\") to deque", b);
    struct py_object *result = deque_copy_as_type(AS_DEQUE(a));
    if (!result)
        return NULL;
    PY_HOLD(&result);
    if (py_deque_extend(AS_DEQUE(result), b, false) < 0)
        py_clear(result);
    return result;
}

struct py_object *py_deque_inplace_concat(struct py_object *a, struct py_object *b)
{
    return py_deque_extend(AS_DEQUE(a), b, false) < 0 ? NULL : py_newref(a);
}

struct py_object *py_deque_inplace_repeat(struct py_object *o, int64_t n)
{
    struct py_deque *d = AS_DEQUE(o);
    if (n <= 0 || d->base.size == 0) {
        py_deque_clear(d);
        return py_newref(o);
    }
    if (n > 1 && d->base.size > INT64_MAX / 16 / n)
        return py_raise_no_memory();
    struct py_object *items = PY_OBJ(py_deque_to_list(d));
    if (!items)
        return NULL;
    PY_HOLD(&items);
    const struct py_list *list = (struct py_list *)items;
    /* Rounds whose items would all be pushed out again are skipped. */
    if (d->max_length >= 0 && n > 1 && n - 1 > d->max_length / d->base.size + 1)
        n = d->max_length / d->base.size + 2;
    int bad = 0;
    for (int64_t k = 1; k < n && !bad; k++)
        for (int64_t i = 0; i < list->base.size && !bad; i++)
            bad = py_deque_append(d, list->items[i]);
    py_clear(items);
    return bad ? NULL : py_newref(o);
}

struct py_object *py_deque_repeat(struct py_object *o, int64_t n)
{
    struct py_object *copy = deque_copy_as_type(AS_DEQUE(o));
    if (!copy)
        return NULL;
    PY_HOLD(&copy);
    struct py_object *result = py_deque_inplace_repeat(copy, n);
    PY_HOLD(&result);
    py_clear(copy);
    return result;
}

METHOD(deque_append)
{
    UNUSED_ARGS;
    return py_deque_append(AS_DEQUE(self), args[0]) < 0 ? NULL : py_newref(PY_NONE);
}

METHOD(deque_append_left)
{
    UNUSED_ARGS;
    return py_deque_append_left(AS_DEQUE(self), args[0]) < 0 ? NULL : py_newref(PY_NONE);
}

METHOD(deque_pop)
{
    UNUSED_ARGS;
    struct py_object *item = py_deque_pop(AS_DEQUE(self));
    return item ? item : py_raise(&py_exc_IndexError, "pop from an empty deque");
}

METHOD(deque_pop_left)
{
    UNUSED_ARGS;
    struct py_object *item = py_deque_pop_left(AS_DEQUE(self));
    return item ? item : py_raise(&py_exc_IndexError, "pop from an empty deque");
}

METHOD(deque_clear)
{
    UNUSED_ARGS;
    py_deque_clear(AS_DEQUE(self));
    return py_newref(PY_NONE);
}

METHOD(deque_copy)
{
    UNUSED_ARGS;
    return deque_copy_as_type(AS_DEQUE(self));
}

METHOD(deque_count)
{
    UNUSED_ARGS;
    int64_t count = 0;
    if (deque_search(AS_DEQUE(self), args[0], 0, AS_DEQUE(self)->base.size, &count) == -2)
        return NULL;
    return py_int_from_i64(count);
}

METHOD(deque_extend)
{
    UNUSED_ARGS;
    return py_deque_extend(AS_DEQUE(self), args[0], false) < 0 ? NULL : py_newref(PY_NONE);
}

METHOD(deque_extend_left)
{
    UNUSED_ARGS;
    return py_deque_extend(AS_DEQUE(self), args[0], true) < 0 ? NULL : py_newref(PY_NONE);
}

METHOD(deque_index)
{
    (void)kwnames;
    struct py_deque *d = AS_DEQUE(self);
    const int64_t size = d->base.size;
    int64_t start = 0, stop = size;
    if (nargs > 1 && (start = py_int_as_bound(args[1])) == -1 && py_error_occurred())
        return NULL;
    if (nargs > 2 && (stop = py_int_as_bound(args[2])) == -1 && py_error_occurred())
        return NULL;
    if (start < 0 && (start += size) < 0)
        start = 0;
    if (stop < 0 && (stop += size) < 0)
        stop = 0;
    const int64_t at = deque_search(d, args[0], start, stop < size ? stop : size, NULL);
    if (at == -2)
        return NULL;
    return at >= 0 ? py_int_from_i64(at)
                   : py_raise(&py_exc_ValueError, "%R is not in deque", args[0]);
}

METHOD(deque_insert)
{
    UNUSED_ARGS;
    struct py_deque *d = AS_DEQUE(self);
    const int64_t i = py_int_as_ssize_arg(args[0]), n = d->base.size;
    if (i == -1 && py_error_occurred())
        return NULL;
    if (d->max_length == n)
        return py_raise(&py_exc_IndexError, "deque already at its maximum size");
    int bad;
    if (i >= n)
        bad = py_deque_append(d, args[1]);
    else if (i <= -n || i == 0)
        bad = py_deque_append_left(d, args[1]);
    else
        bad = py_deque_rotate(d, -i) < 0 ||
              (i < 0 ? py_deque_append(d, args[1]) : py_deque_append_left(d, args[1])) < 0 ||
              py_deque_rotate(d, i) < 0;
    return bad ? NULL : py_newref(PY_NONE);
}

METHOD(deque_remove)
{
    UNUSED_ARGS;
    struct py_deque *d = AS_DEQUE(self);
    const uint64_t state = d->state;
    const int64_t at = deque_search(d, args[0], 0, d->base.size, NULL);
    if (d->state != state) {
        if (at != -2 || py_error_matches(&py_exc_RuntimeError)) {
            py_error_clear();
            py_raise(&py_exc_IndexError, "deque mutated during iteration");
        }
        return NULL;
    }
    if (at == -2)
        return NULL;
    if (at < 0)
        return py_raise(&py_exc_ValueError, "%R is not in deque", args[0]);
    struct py_object *item = take_item(d, at);
    if (!item)
        return NULL;
    py_decref(item);
    return py_newref(PY_NONE);
}

METHOD(deque_reverse)
{
    UNUSED_ARGS;
    py_deque_reverse(AS_DEQUE(self));
    return py_newref(PY_NONE);
}

METHOD(deque_rotate)
{
    (void)kwnames;
    int64_t n = 1;
    if (nargs && (n = py_int_as_ssize_arg(args[0])) == -1 && py_error_occurred())
        return NULL;
    return py_deque_rotate(AS_DEQUE(self), n) < 0 ? NULL : py_newref(PY_NONE);
}

METHOD(deque_reversed)
{
    UNUSED_ARGS;
    return py_deque_reversed(self);
}

METHOD(deque_reduce)
{
    UNUSED_ARGS;
    struct py_object *held[4] = {NULL}, *result = NULL; /* state, max_length, arguments, iterator */
    PY_HOLD_N(held, 4);
    PY_HOLD(&result);
    held[0] = py_call_method_cstr(self, "__getstate__", 0);
    const int64_t max_length = AS_DEQUE(self)->max_length;
    if (held[0] && max_length >= 0) {
        held[1] = py_int_from_i64(max_length);
        held[2] = held[1] ? PY_OBJ(py_tuple_pack(2, PY_OBJ(py_tuple_empty()), held[1])) : NULL;
    } else if (held[0]) {
        held[2] = PY_OBJ(py_tuple_empty());
    }
    held[3] = held[2] ? py_deque_iter(self) : NULL;
    if (held[3])
        result = PY_OBJ(py_tuple_pack(4, PY_OBJ(self->type), held[2], held[0], held[3]));
    for (int i = 0; i < 4; i++)
        py_clear(held[i]);
    return result;
}

static struct py_object *deque_get_maxlen(struct py_object *self, void *closure)
{
    (void)closure;
    const int64_t n = AS_DEQUE(self)->max_length;
    return n < 0 ? py_newref(PY_NONE) : py_int_from_i64(n);
}

const struct py_getset_def py_deque_getsets[] = {
    {.name = "maxlen", .get = deque_get_maxlen, .doc = "how many items there can be, or None"},
    {.name = NULL},
};

#define DEQUE_METHOD(method, function, low, high, text)                                \
    {                                                                                  \
        .name = method, .fn = function, .min_args = low, .max_args = high, .doc = text \
    }
const struct py_method_def py_deque_methods[] = {
    PY_CLASS_GETITEM_ROW,
    DEQUE_METHOD("append", deque_append, 1, 1, "Put a value behind the last one."),
    DEQUE_METHOD("appendleft", deque_append_left, 1, 1, "Put a value in front of the first one."),
    DEQUE_METHOD("clear", deque_clear, 0, 0, "Drop all items."),
    DEQUE_METHOD("__copy__", deque_copy, 0, 0, "Another deque with the same items."),
    DEQUE_METHOD("copy", deque_copy, 0, 0, "Another deque with the same items."),
    DEQUE_METHOD("count", deque_count, 1, 1, "How many items are equal to a value"),
    DEQUE_METHOD("extend", deque_extend, 1, 1,
                 "Put the elements of an iterable behind the last one"),
    DEQUE_METHOD("extendleft", deque_extend_left, 1, 1,
                 "Put the elements of an iterable in front, one after the other"),
    DEQUE_METHOD("index", deque_index, 1, 3,
                 "index(value[, start[, stop]]): where a value is first found; ValueError "
                 "if it is nowhere."),
    DEQUE_METHOD("insert", deque_insert, 2, 2,
                 "D.insert(index, object) -- put an object in at a place"),
    DEQUE_METHOD("pop", deque_pop, 0, 0, "Take the last item out."),
    DEQUE_METHOD("popleft", deque_pop_left, 0, 0, "Take the first item out."),
    DEQUE_METHOD("__reduce__", deque_reduce, 0, 0, "What pickle keeps of it."),
    DEQUE_METHOD("remove", deque_remove, 1, 1, "D.remove(value) -- take the first equal item out."),
    DEQUE_METHOD("__reversed__", deque_reversed, 0, 0, "Iterate from the last item to the first"),
    DEQUE_METHOD("reverse", deque_reverse, 0, 0, "D.reverse() -- turn the order round, in place"),
    DEQUE_METHOD(
        "rotate", deque_rotate, 0, 1,
        "Move the last n items to the front, or with a negative n the first ones to the end."),
    {.name = NULL},
};
