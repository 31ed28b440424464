/* slice objects: three values, and the arithmetic that clips them to a length.
 *
 * slice(a, b, c) takes any objects; only using it on a sequence asks them for __index__. The
 * clipping rules are those of Python's sequences: a missing bound is the end in the direction of
 * the step, a negative one counts from the back, and whatever lies outside is pulled in.
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

#define NOT_AN_INDEX "slice indices must be integers or None or have an __index__ method"
#define AS_SLICE(o)  ((struct py_slice *)(o))

struct py_object *py_slice_new(struct py_object *start, struct py_object *stop,
                               struct py_object *step)
{
    struct py_slice *s =
        py_object_alloc(&py_slice_type, sizeof *s, sizeof *s + sizeof(struct py_gc_head));
    if (!s)
        return NULL;
    s->start = py_newref(start ? start : PY_NONE);
    s->stop = py_newref(stop ? stop : PY_NONE);
    s->step = py_newref(step ? step : PY_NONE);
    py_gc_track(s);
    return PY_OBJ(s);
}

/* An index, saturated. 0, or -1 with an exception. */
static int slice_index(struct py_object *o, int64_t *out)
{
    if (py_int_check_exact(o) && py_int_is_compact(o)) {
        *out = py_int_compact_value(o);
        return 0;
    }
    if (!o->type->index)
        return py_raise_int(&py_exc_TypeError, NOT_AN_INDEX);
    *out = py_int_as_i64_clip(o);
    return *out == -1 && py_error_occurred() ? -1 : 0;
}

static int64_t clip(int64_t i, int64_t length, bool backwards)
{
    if (i < 0) {
        i += length;
        return i < 0 ? (backwards ? -1 : 0) : i;
    }
    return i >= length ? (backwards ? length - 1 : length) : i;
}

int py_slice_read(const struct py_slice *s, struct py_slice_bounds *out)
{
    out->step = 1;
    if (s->step != PY_NONE) {
        if (slice_index(s->step, &out->step) < 0)
            return -1;
        if (out->step == 0)
            return py_raise_int(&py_exc_ValueError, "slice step cannot be zero");
        if (out->step < -INT64_MAX) /* so that it can be negated */
            out->step = -INT64_MAX;
    }
    out->start = out->step < 0 ? INT64_MAX : 0;
    out->stop = out->step < 0 ? INT64_MIN : INT64_MAX;
    if (s->start != PY_NONE && slice_index(s->start, &out->start) < 0)
        return -1;
    return s->stop != PY_NONE ? slice_index(s->stop, &out->stop) : 0;
}

int64_t py_slice_clip(struct py_slice_bounds *b, int64_t length)
{
    const bool backwards = b->step < 0;
    b->start = clip(b->start, length, backwards);
    b->stop = clip(b->stop, length, backwards);
    const int64_t distance = backwards ? b->start - b->stop : b->stop - b->start;
    if (distance <= 0)
        return 0;
    if (b->step == 1 || b->step == -1) /* by far the most: no division */
        return distance;
    return (distance - 1) / (backwards ? -b->step : b->step) + 1;
}

int py_slice_indices(const struct py_slice *s, const int64_t *length, int64_t *start, int64_t *stop,
                     int64_t *step, int64_t *count)
{
    struct py_slice_bounds b;
    if (py_slice_read(s, &b) < 0)
        return -1;
    *count = py_slice_clip(&b, *length);
    *start = b.start;
    *stop = b.stop;
    *step = b.step;
    return 0;
}

static struct py_object *slice_repr(struct py_object *o)
{
    struct py_slice *s = AS_SLICE(o);
    return PY_OBJ(py_str_format_c("slice(%R, %R, %R)", s->start, s->stop, s->step));
}

static struct py_object *slice_richcompare(struct py_object *a, struct py_object *b, int op)
{
    if (a->type != &py_slice_type || b->type != &py_slice_type)
        return py_newref(PY_NOT_IMPLEMENTED);
    if (a == b)
        return py_bool_from(op == PY_EQ || op == PY_LE || op == PY_GE);
    struct py_slice *v = AS_SLICE(a), *w = AS_SLICE(b);
    struct py_object *x = PY_OBJ(py_tuple_pack(3, v->start, v->stop, v->step)), *y = NULL;
    if (!x)
        return NULL;
    PY_HOLD(&x);
    PY_HOLD(&y);
    struct py_object *result = NULL;
    PY_HOLD(&result);
    y = PY_OBJ(py_tuple_pack(3, w->start, w->stop, w->step));
    if (y)
        result = py_richcompare(x, y, op);
    py_clear(x);
    py_clear(y);
    return result;
}

static struct py_object *slice_new_slot(struct py_type *type, struct py_object *const *args,
                                        size_t nargs, struct py_tuple *kwnames)
{
    (void)type;
    if (py_no_keywords("slice", kwnames) < 0 || py_check_positional("slice", nargs, 1, 3) < 0)
        return NULL;
    if (nargs == 1)
        return py_slice_new(NULL, args[0], NULL);
    return py_slice_new(args[0], args[1], nargs > 2 ? args[2] : NULL);
}

/* slice.indices(length): also right for lengths and bounds beyond int64_t, by way of ints. */
static struct py_object *big_bound(struct py_object *bound, struct py_object *length,
                                   struct py_object *lower, struct py_object *upper,
                                   struct py_object *missing)
{
    if (bound == PY_NONE)
        return py_newref(missing);
    if (!bound->type->index)
        return py_raise(&py_exc_TypeError, NOT_AN_INDEX);
    struct py_object *i = py_index(bound);
    if (!i)
        return NULL;
    if (py_int_sign(i) < 0) {
        struct py_object *sum = py_int_add(i, length);
        py_setref(i, sum);
        if (i && py_int_compare(i, lower) < 0)
            py_setref(i, py_newref(lower));
    } else if (py_int_compare(i, upper) > 0) {
        py_setref(i, py_newref(upper));
    }
    return i;
}

static struct py_object *slice_indices_method(struct py_object *self, struct py_object *const *args,
                                              size_t nargs, struct py_tuple *kwnames)
{
    (void)nargs, (void)kwnames;
    struct py_slice *s = AS_SLICE(self);
    /* step, length, lower, upper, start, stop, one */
    struct py_object *h[7] = {NULL}, *result = NULL;
    PY_HOLD_N(h, 7);
    h[6] = py_int_from_i64(1);
    h[0] = s->step == PY_NONE ? py_newref(h[6]) : NULL;
    h[1] = py_index(args[0]);
    if (!h[1])
        goto done;
    if (py_int_sign(h[1]) < 0) {
        py_raise(&py_exc_ValueError, "length should not be negative");
        goto done;
    }
    if (!h[0]) {
        if (!s->step->type->index) {
            py_raise(&py_exc_TypeError, NOT_AN_INDEX);
            goto done;
        }
        h[0] = py_index(s->step);
        if (!h[0])
            goto done;
        if (py_int_is_zero(h[0])) {
            py_raise(&py_exc_ValueError, "slice step cannot be zero");
            goto done;
        }
    }
    const bool backwards = py_int_sign(h[0]) < 0;
    h[2] = py_int_from_i64(backwards ? -1 : 0);
    h[3] = backwards ? py_int_sub(h[1], h[6]) : py_newref(h[1]);
    if (!h[2] || !h[3])
        goto done;
    h[4] = big_bound(s->start, h[1], h[2], h[3], backwards ? h[3] : h[2]);
    if (!h[4])
        goto done;
    h[5] = big_bound(s->stop, h[1], h[2], h[3], backwards ? h[2] : h[3]);
    if (h[5])
        result = PY_OBJ(py_tuple_pack(3, h[4], h[5], h[0]));
done:
    for (int i = 0; i < 7; i++)
        py_clear(h[i]);
    return result;
}

static struct py_object *slice_reduce(struct py_object *self, struct py_object *const *args,
                                      size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_slice *s = AS_SLICE(self);
    struct py_tuple *bounds = py_tuple_pack(3, s->start, s->stop, s->step);
    if (!bounds)
        return NULL;
    struct py_object *result = PY_OBJ(py_tuple_pack(2, PY_OBJ(&py_slice_type), PY_OBJ(bounds)));
    py_decref(bounds);
    return result;
}

static void slice_dealloc(struct py_object *o)
{
    struct py_slice *s = AS_SLICE(o);
    py_gc_untrack(s);
    py_clear(s->step);
    py_clear(s->start);
    py_clear(s->stop);
    py_object_free(s);
}

static const struct py_method_def slice_methods[] = {
    {.name = "indices",
     .fn = slice_indices_method,
     .min_args = 1,
     .max_args = 1,
     .doc = "S.indices(len) -> (start, stop, stride)\n\nWhat the slice means for a sequence of len "
            "items: places beyond the ends are\nmoved to them, and negative ones counted from the "
            "end."},
    {.name = "__reduce__", .fn = slice_reduce, .doc = "What pickle keeps of it."},
    {.name = NULL},
};
static const struct py_member_def slice_members[] = {
    {"start", PY_MEMBER_OBJECT, offsetof(struct py_slice, start), true, NULL},
    {"stop", PY_MEMBER_OBJECT, offsetof(struct py_slice, stop), true, NULL},
    {"step", PY_MEMBER_OBJECT, offsetof(struct py_slice, step), true, NULL},
    {.name = NULL},
};
static const struct py_field slice_fields[] = {PY_FIELD(struct py_slice, start),
                                               PY_FIELD(struct py_slice, stop),
                                               PY_FIELD(struct py_slice, step), PY_FIELD_END};

struct py_type py_slice_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "slice",
    .basicsize = sizeof(struct py_slice),
    .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE,
    .field_count = 3,
    .fields = slice_fields,
    .dealloc = slice_dealloc,
    .repr = slice_repr,
    .hash = py_hash_not_implemented,
    .richcompare = slice_richcompare,
    .new_ = slice_new_slot,
    .methods = slice_methods,
    .members = slice_members,
    .doc = "slice(stop)\nslice(start, stop[, step])\n\nWhat stands in the brackets of "
           "a[start:stop:step].",
};
