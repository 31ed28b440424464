/* range and its two iterators.
 *
 * The four numbers are Python ints of any size. Nearly every range has bounds that fit int64_t:
 * then iteration uses struct py_range_iter, plain arithmetic that the interpreter loop also reads
 * directly. Only longer ones take the iterator that adds Python ints. Arithmetic on ints runs no
 * Python code, but temporary ints are owned, so the functions that build several keep them in one
 * small array that is released at the end.
 */
#include "vm/object/range.h"

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/int.h"
#include "vm/object/quick_compare.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define AS_RANGE(o) ((struct py_range *)(o))
#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED_ARGS (void)args, (void)nargs, (void)kwnames

/* Length of start..stop by step where all fit; -1 if it does not fit int64_t. */
static int64_t small_length(int64_t start, int64_t stop, int64_t step)
{
    if (step > 0 ? start >= stop : start <= stop)
        return 0;
    const uint64_t distance =
        step > 0 ? (uint64_t)stop - (uint64_t)start : (uint64_t)start - (uint64_t)stop;
    const uint64_t stride = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
    const uint64_t n = (distance - 1) / stride + 1;
    return n > INT64_MAX ? -1 : (int64_t)n;
}

/* The same with ints: new int, or NULL. */
static struct py_object *compute_length(struct py_object *start, struct py_object *stop,
                                        struct py_object *step)
{
    if (py_int_is_compact(start) && py_int_is_compact(stop) && py_int_is_compact(step)) {
        const int64_t n = small_length(py_int_compact_value(start), py_int_compact_value(stop),
                                       py_int_compact_value(step));
        if (n >= 0)
            return py_int_from_i64(n);
    }
    const bool up = py_int_sign(step) > 0;
    struct py_object *low = up ? start : stop, *high = up ? stop : start;
    if (py_int_compare(low, high) >= 0)
        return py_int_from_i64(0);
    struct py_object *h[5] = {NULL};
    struct py_object *one = py_int_from_i64(1);
    h[0] = py_int_sub(high, low);
    h[1] = h[0] ? py_int_sub(h[0], one) : NULL;
    h[2] = up ? py_newref(step) : py_unary(PY_UN_NEG, step);
    h[3] = h[1] && h[2] ? py_binary(PY_NB_FLOORDIV, h[1], h[2]) : NULL;
    struct py_object *result = h[3] ? py_int_add(h[3], one) : NULL;
    for (int i = 0; i < 5; i++)
        py_xdecref(h[i]);
    py_decref(one);
    return result;
}

/* Steals the three ints (also on failure). */
static struct py_object *range_make(struct py_object *start, struct py_object *stop,
                                    struct py_object *step)
{
    struct py_object *length = start && stop && step ? compute_length(start, stop, step) : NULL;
    struct py_range *r = length ? py_object_new(&py_range_type) : NULL;
    if (!r) {
        py_xdecref(start);
        py_xdecref(stop);
        py_xdecref(step);
        py_xdecref(length);
        return NULL;
    }
    r->start = start;
    r->stop = stop;
    r->step = step;
    r->length = length;
    return PY_OBJ(r);
}

static struct py_object *range_new_slot(struct py_type *type, struct py_object *const *args,
                                        size_t nargs, struct py_tuple *kwnames)
{
    (void)type;
    if (py_no_keywords("range", kwnames) < 0 || py_check_positional("range", nargs, 1, 3) < 0)
        return NULL;
    struct py_object *bounds[3] = {NULL};
    PY_HOLD_N(bounds, 3);
    bounds[0] = nargs == 1 ? py_int_from_i64(0) : py_index(args[0]);
    bounds[1] = bounds[0] ? py_index(args[nargs == 1 ? 0 : 1]) : NULL;
    bounds[2] = !bounds[1] ? NULL : nargs < 3 ? py_int_from_i64(1) : py_index(args[2]);
    if (bounds[2] && py_int_is_zero(bounds[2])) {
        py_clear(bounds[2]);
        py_raise(&py_exc_ValueError, "range() arg 3 must not be zero");
    }
    struct py_object *start = bounds[0], *stop = bounds[1], *step = bounds[2];
    for (int i = 0; i < 3; i++)
        bounds[i] = NULL;
    return range_make(start, stop, step);
}

/* start + i * step; new int. */
static struct py_object *range_at(const struct py_range *r, struct py_object *i)
{
    if (py_int_is_compact(i) && py_int_is_compact(r->start) && py_int_is_compact(r->step)) {
        int64_t product, sum;
        if (!__builtin_mul_overflow(py_int_compact_value(i), py_int_compact_value(r->step),
                                    &product) &&
            !__builtin_add_overflow(product, py_int_compact_value(r->start), &sum))
            return py_int_from_i64(sum);
    }
    struct py_object *product = py_int_mul(i, r->step);
    if (!product)
        return NULL;
    struct py_object *sum = py_int_add(r->start, product);
    py_decref(product);
    return sum;
}

static int64_t range_length(struct py_object *o)
{
    const int64_t n = py_int_as_ssize(AS_RANGE(o)->length);
    if (n == -1 && py_error_occurred()) {
        py_error_clear();
        return py_raise_int(&py_exc_OverflowError, "Python int too large to convert to C ssize_t");
    }
    return n;
}

static struct py_object *range_item(struct py_object *o, int64_t i)
{
    struct py_object *index = py_int_from_i64(i);
    if (!index)
        return NULL;
    struct py_object *result = NULL;
    if (i < 0 || py_int_compare(index, AS_RANGE(o)->length) >= 0)
        py_raise(&py_exc_IndexError, "range object index out of range");
    else
        result = range_at(AS_RANGE(o), index);
    py_decref(index);
    return result;
}

/* A slice of a range is a range. Bounds come from slice.indices, which handles every size. */
static struct py_object *range_slice(struct py_range *r, struct py_object *slice)
{
    struct py_object *bounds = py_call_method_cstr(slice, "indices", 1, r->length);
    if (!bounds)
        return NULL;
    struct py_object *const *b = ((struct py_tuple *)bounds)->items;
    struct py_object *start = range_at(r, b[0]), *stop = range_at(r, b[1]);
    struct py_object *step = py_int_mul(r->step, b[2]);
    py_decref(bounds);
    return range_make(start, stop, step);
}

static struct py_object *range_subscript(struct py_object *o, struct py_object *key)
{
    struct py_range *r = AS_RANGE(o);
    if (key->type == &py_slice_type)
        return range_slice(r, key);
    if (!key->type->index)
        return py_raise(&py_exc_TypeError, "range indices must be integers or slices, not %T", key);
    struct py_object *i = py_index(key);
    if (!i)
        return NULL;
    if (py_int_sign(i) < 0) {
        struct py_object *sum = py_int_add(i, r->length);
        py_setref(i, sum);
        if (!i)
            return NULL;
    }
    struct py_object *result = NULL;
    if (py_int_sign(i) < 0 || py_int_compare(i, r->length) >= 0)
        py_raise(&py_exc_IndexError, "range object index out of range");
    else
        result = range_at(r, i);
    py_decref(i);
    return result;
}

/* Is int i one of the values? 1, 0, -1. */
static int range_has_int(struct py_range *r, struct py_object *i)
{
    const bool up = py_int_sign(r->step) > 0;
    if (up ? py_int_compare(i, r->start) < 0 || py_int_compare(i, r->stop) >= 0
           : py_int_compare(i, r->start) > 0 || py_int_compare(i, r->stop) <= 0)
        return 0;
    struct py_object *distance = py_int_sub(i, r->start);
    struct py_object *rest = distance ? py_binary(PY_NB_MOD, distance, r->step) : NULL;
    const int result = rest ? py_int_is_zero(rest) : -1;
    py_xdecref(distance);
    py_xdecref(rest);
    return result;
}

static bool is_plain_int(const struct py_object *o)
{
    return o->type == &py_int_type || o->type == &py_bool_type;
}

/* Index of the first value equal to an arbitrary object; -1 none; -2 error. */
static int64_t range_search(struct py_object *o, struct py_object *item)
{
    struct py_object *it = py_iter(o), *value = NULL;
    if (!it)
        return -2;
    PY_HOLD(&it);
    PY_HOLD(&value);
    int64_t at = -1;
    for (int64_t i = 0; at == -1 && (value = py_next(it)) != NULL; i++) {
        const int equal = py_richcompare_bool(value, item, PY_EQ);
        at = equal < 0 ? -2 : equal ? i : -1;
        py_clear(value);
    }
    if (at == -1 && py_error_occurred())
        at = -2;
    py_clear(it);
    return at;
}

static int range_contains(struct py_object *o, struct py_object *item)
{
    if (is_plain_int(item))
        return range_has_int(AS_RANGE(o), item);
    const int64_t at = range_search(o, item);
    return at == -2 ? -1 : at >= 0;
}

static bool range_equal(const struct py_range *a, const struct py_range *b)
{
    if (a == b)
        return true;
    if (py_int_compare(a->length, b->length) != 0)
        return false;
    if (py_int_is_zero(a->length))
        return true;
    if (py_int_compare(a->start, b->start) != 0)
        return false;
    return (py_int_is_compact(a->length) && py_int_compact_value(a->length) == 1) ||
           py_int_compare(a->step, b->step) == 0;
}

static struct py_object *range_richcompare(struct py_object *a, struct py_object *b, int op)
{
    if (b->type != &py_range_type || (op != PY_EQ && op != PY_NE))
        return py_newref(PY_NOT_IMPLEMENTED);
    return py_bool_from(range_equal(AS_RANGE(a), AS_RANGE(b)) == (op == PY_EQ));
}

/* As the tuple (length, start or None, step or None): equal ranges hash alike. */
static int64_t range_hash(struct py_object *o)
{
    const struct py_range *r = AS_RANGE(o);
    const bool empty = py_int_is_zero(r->length);
    const bool one = py_int_is_compact(r->length) && py_int_compact_value(r->length) == 1;
    struct py_tuple *t =
        py_tuple_pack(3, r->length, empty ? PY_NONE : r->start, empty || one ? PY_NONE : r->step);
    if (!t)
        return -1;
    const int64_t hash = py_hash(PY_OBJ(t));
    py_decref(t);
    return hash;
}

static struct py_object *range_repr(struct py_object *o)
{
    const struct py_range *r = AS_RANGE(o);
    if (py_int_is_compact(r->step) && py_int_compact_value(r->step) == 1)
        return PY_OBJ(py_str_format_c("range(%R, %R)", r->start, r->stop));
    return PY_OBJ(py_str_format_c("range(%R, %R, %R)", r->start, r->stop, r->step));
}

static int range_bool(struct py_object *o)
{
    return !py_int_is_zero(AS_RANGE(o)->length);
}

METHOD(range_count)
{
    UNUSED_ARGS;
    if (is_plain_int(args[0])) {
        const int found = range_has_int(AS_RANGE(self), args[0]);
        return found < 0 ? NULL : py_int_from_i64(found);
    }
    struct py_object *it = py_iter(self), *value = NULL;
    if (!it)
        return NULL;
    PY_HOLD(&it);
    PY_HOLD(&value);
    int64_t count = 0;
    int equal = 0;
    while (equal >= 0 && (value = py_next(it)) != NULL) {
        equal = py_richcompare_bool(value, args[0], PY_EQ);
        count += equal;
        py_clear(value);
    }
    py_clear(it);
    return equal < 0 || py_error_occurred() ? NULL : py_int_from_i64(count);
}

METHOD(range_index)
{
    UNUSED_ARGS;
    struct py_range *r = AS_RANGE(self);
    if (!is_plain_int(args[0])) {
        const int64_t at = range_search(self, args[0]);
        if (at == -2)
            return NULL;
        if (at < 0)
            return py_raise(&py_exc_ValueError, "sequence.index(x): x not in sequence");
        return py_int_from_i64(at);
    }
    const int found = range_has_int(r, args[0]);
    if (found < 0)
        return NULL;
    if (!found)
        return py_raise(&py_exc_ValueError, "%R is not in range", args[0]);
    struct py_object *distance = py_int_sub(args[0], r->start);
    if (!distance)
        return NULL;
    struct py_object *result = py_binary(PY_NB_FLOORDIV, distance, r->step);
    py_decref(distance);
    return result;
}

METHOD(range_reduce)
{
    UNUSED_ARGS;
    const struct py_range *r = AS_RANGE(self);
    struct py_tuple *bounds = py_tuple_pack(3, r->start, r->stop, r->step);
    if (!bounds)
        return NULL;
    struct py_object *result = PY_OBJ(py_tuple_pack(2, PY_OBJ(&py_range_type), PY_OBJ(bounds)));
    py_decref(bounds);
    return result;
}

/* --- iterators --- */

/* Adds Python ints: for bounds beyond int64_t. */
struct long_range_iter {
    struct py_object base;
    struct py_object *next, *step, *left; /* left: values still to come */
};

static struct py_object *small_iter_new(int64_t start, int64_t step, int64_t length)
{
    struct py_range_iter *it = py_object_alloc(&py_range_iter_type, sizeof *it, sizeof *it);
    if (!it)
        return NULL;
    it->index = 0;
    it->start = start;
    it->step = step;
    it->length = length;
    return PY_OBJ(it);
}

/* Steals all three; NULLs mean an earlier failure. */
static struct py_object *long_iter_new(struct py_object *next, struct py_object *step,
                                       struct py_object *left)
{
    struct long_range_iter *it =
        next && step && left ? py_object_new(&py_long_range_iter_type) : NULL;
    if (!it) {
        py_xdecref(next);
        py_xdecref(step);
        py_xdecref(left);
        return NULL;
    }
    it->next = next;
    it->step = step;
    it->left = left;
    return PY_OBJ(it);
}

/* Do all values, and the one after the last, fit? */
static bool range_is_small(const struct py_range *r)
{
    if (!py_int_is_compact(r->start) || !py_int_is_compact(r->stop) ||
        !py_int_is_compact(r->step) || !py_int_is_compact(r->length))
        return false;
    int64_t span, end;
    return !__builtin_mul_overflow(py_int_compact_value(r->step), py_int_compact_value(r->length),
                                   &span) &&
           !__builtin_add_overflow(py_int_compact_value(r->start), span, &end);
}

static struct py_object *range_iter(struct py_object *o)
{
    const struct py_range *r = AS_RANGE(o);
    if (range_is_small(r))
        return small_iter_new(py_int_compact_value(r->start), py_int_compact_value(r->step),
                              py_int_compact_value(r->length));
    return long_iter_new(py_newref(r->start), py_newref(r->step), py_newref(r->length));
}

METHOD(range_reversed)
{
    UNUSED_ARGS;
    const struct py_range *r = AS_RANGE(self);
    if (range_is_small(r) && py_int_compact_value(r->step) != INT64_MIN) {
        const int64_t n = py_int_compact_value(r->length), step = py_int_compact_value(r->step);
        int64_t first;
        if (!__builtin_add_overflow(py_int_compact_value(r->start), (n - 1) * step, &first))
            return small_iter_new(first, -step, n);
    }
    struct py_object *one = py_int_from_i64(1);
    struct py_object *last = py_int_sub(r->length, one);
    struct py_object *result = long_iter_new(last ? range_at(r, last) : NULL,
                                             py_unary(PY_UN_NEG, r->step), py_newref(r->length));
    py_xdecref(last);
    py_decref(one);
    return result;
}

static struct py_object *small_next(struct py_object *o)
{
    struct py_range_iter *it = (struct py_range_iter *)o;
    if (it->index >= it->length)
        return NULL;
    return py_int_from_i64(it->start + it->index++ * it->step);
}

static struct py_object *long_next(struct py_object *o)
{
    struct long_range_iter *it = (struct long_range_iter *)o;
    if (py_int_is_zero(it->left))
        return NULL;
    struct py_object *one = py_int_from_i64(1);
    struct py_object *left = py_int_sub(it->left, one), *next = py_int_add(it->next, it->step);
    py_decref(one);
    if (!left || !next) {
        py_xdecref(left);
        py_xdecref(next);
        return NULL;
    }
    struct py_object *result = it->next;
    it->next = next;
    py_setref(it->left, left);
    return result;
}

METHOD(small_length_hint)
{
    UNUSED_ARGS;
    const struct py_range_iter *it = (struct py_range_iter *)self;
    return py_int_from_i64(it->length - it->index);
}

METHOD(long_length_hint)
{
    UNUSED_ARGS;
    return py_newref(((struct long_range_iter *)self)->left);
}

static const struct py_method_def small_iter_methods[] = {
    {.name = "__length_hint__",
     .fn = small_length_hint,
     .doc = "About how many items are still to come."},
    {.name = NULL},
};
static const struct py_method_def long_iter_methods[] = {
    {.name = "__length_hint__",
     .fn = long_length_hint,
     .doc = "About how many items are still to come."},
    {.name = NULL},
};
static const struct py_method_def range_methods[] = {
    {.name = "__reversed__",
     .fn = range_reversed,
     .doc = "Iterate from the last number to the first."},
    {.name = "__reduce__", .fn = range_reduce},
    {.name = "count",
     .fn = range_count,
     .min_args = 1,
     .max_args = 1,
     .doc = "how often a value is in the range"},
    {.name = "index",
     .fn = range_index,
     .min_args = 1,
     .max_args = 1,
     .doc = "where in the range a value is; ValueError when it is not."},
    {.name = NULL},
};
static const struct py_member_def range_members[] = {
    {"start", PY_MEMBER_OBJECT, offsetof(struct py_range, start), true, NULL},
    {"stop", PY_MEMBER_OBJECT, offsetof(struct py_range, stop), true, NULL},
    {"step", PY_MEMBER_OBJECT, offsetof(struct py_range, step), true, NULL},
    {.name = NULL},
};
/* No gc links, as in CPython: ints cannot be part of a cycle. gc.get_referents reports nothing. */
static const struct py_field range_fields[] = {
    PY_FIELD_OWNED(struct py_range, start), PY_FIELD_OWNED(struct py_range, stop),
    PY_FIELD_OWNED(struct py_range, step), PY_FIELD_OWNED(struct py_range, length), PY_FIELD_END};
static const struct py_field long_iter_fields[] = {
    PY_FIELD_OWNED(struct long_range_iter, next), PY_FIELD_OWNED(struct long_range_iter, step),
    PY_FIELD_OWNED(struct long_range_iter, left), PY_FIELD_END};

struct py_type py_range_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "range",
    .basicsize = sizeof(struct py_range),
    .flags = PY_TYPE_SEQUENCE | PY_TYPE_IMMUTABLE,
    .field_count = 4,
    .fields = range_fields,
    .repr = range_repr,
    .hash = range_hash,
    .richcompare = range_richcompare,
    .iter = range_iter,
    .new_ = range_new_slot,
    .bool_ = range_bool,
    .length = range_length,
    .subscript = range_subscript,
    .contains = range_contains,
    .item = range_item,
    .methods = range_methods,
    .members = range_members,
    .doc = "range(stop)\nrange(start, stop[, step])\n\nThe integers from start, 0 if not given, in "
           "steps up to stop, which is not one of\nthem.",
};

struct py_type py_range_iter_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "range_iterator",
    .basicsize = sizeof(struct py_range_iter),
    .flags = PY_TYPE_IMMUTABLE | PY_TYPE_DISALLOW_NEW,
    .iter = py_iter_self,
    .iternext = small_next,
    .methods = small_iter_methods,
};

struct py_type py_long_range_iter_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "longrange_iterator",
    .basicsize = sizeof(struct long_range_iter),
    .flags = PY_TYPE_IMMUTABLE | PY_TYPE_DISALLOW_NEW,
    .field_count = 3,
    .fields = long_iter_fields,
    .iter = py_iter_self,
    .iternext = long_next,
    .methods = long_iter_methods,
};
