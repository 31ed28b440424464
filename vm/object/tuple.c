/* Tuples: construction, indexing, comparison, hashing, methods.
 *
 * A tuple is immutable once Python code has seen it; C code may fill a fresh one (py_tuple_new
 * gives NULL items, which traversal skips). Because nobody can take an item away from a tuple that
 * the caller owns, no function here needs to hold items while it compares or prints them.
 *
 * The empty tuple is one static immortal object. Its storage includes the gc link that stands
 * before every object of a GC type, and the link stays NULL: it is never tracked.
 *
 * The hash is the xxHash-based one of CPython 3.11, so sets and dicts of tuples iterate in the
 * same order here and there. A tuple starts out tracked; the collector calls
 * py_tuple_maybe_untrack on each that it meets, and a tuple of atoms leaves the lists for good.
 */
#include "vm/object/tuple.h"
#include "vm/object/alias.h"

#include <stdarg.h>
#include <string.h>

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/int.h"
#include "vm/object/iter.h"
#include "vm/object/list.h"
#include "vm/object/quick_compare.h"
#include "vm/object/range.h"
#include "vm/object/repr_guard.h"
#include "vm/object/str.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

static struct {
    struct py_gc_head link;
    struct py_tuple tuple;
} empty_storage __attribute__((aligned(16))) = {
    .tuple.base.base = PY_STATIC_HEADER(&py_tuple_type),
};

struct py_tuple *py_tuple_empty(void)
{
    return &empty_storage.tuple;
}

/* Untracked, items uninitialised. n > 0. */
static struct py_tuple *tuple_alloc(int64_t n)
{
    if (n > (INT64_MAX - 64) / 8)
        return py_raise_no_memory();
    const size_t bytes = sizeof(struct py_tuple) + (size_t)n * sizeof(struct py_object *);
    struct py_tuple *t = py_object_alloc(&py_tuple_type, bytes, bytes + sizeof(struct py_gc_head));
    if (t)
        t->base.size = n;
    return t;
}

struct py_tuple *py_tuple_new(int64_t size)
{
    if (size == 0)
        return py_tuple_empty();
    struct py_tuple *t = tuple_alloc(size);
    if (!t)
        return NULL;
    memset(t->items, 0, (size_t)size * sizeof *t->items);
    py_gc_track(t);
    return t;
}

struct py_tuple *py_tuple_from_array(struct py_object *const *items, size_t n)
{
    if (n == 0)
        return py_tuple_empty();
    struct py_tuple *t = tuple_alloc((int64_t)n);
    if (!t)
        return NULL;
    py_copy_refs(t->items, items, (int64_t)n);
    py_gc_track(t);
    return t;
}

struct py_tuple *py_tuple_from_array_steal(struct py_object **items, size_t n)
{
    if (n == 0)
        return py_tuple_empty();
    struct py_tuple *t = tuple_alloc((int64_t)n);
    if (!t) {
        for (size_t i = 0; i < n; i++)
            py_clear(items[i]); /* they may be registers of a frame */
        return NULL;
    }
    memcpy(t->items, items, n * sizeof *items);
    py_gc_track(t);
    return t;
}

struct py_tuple *py_tuple_pack(size_t n, ...)
{
    if (n == 0)
        return py_tuple_empty();
    struct py_tuple *t = tuple_alloc((int64_t)n);
    if (!t)
        return NULL;
    va_list ap;
    va_start(ap, n);
    for (size_t i = 0; i < n; i++)
        t->items[i] = py_newref(va_arg(ap, struct py_object *));
    va_end(ap);
    py_gc_track(t);
    return t;
}

struct py_tuple *py_tuple_from_iterable(struct py_object *iterable)
{
    if (iterable->type == &py_tuple_type)
        return (struct py_tuple *)py_newref(iterable);
    if (iterable->type == &py_list_type)
        return py_list_as_tuple((struct py_list *)iterable);
    struct py_list *list = py_list_from_iterable(iterable);
    if (!list)
        return NULL;
    /* The list is ours alone: its items move over without touching their counts. */
    struct py_tuple *t = py_tuple_empty();
    if (list->base.size > 0) {
        t = tuple_alloc(list->base.size);
        if (t) {
            memcpy(t->items, list->items, (size_t)list->base.size * sizeof *t->items);
            list->base.size = 0;
            py_gc_track(t);
        }
    }
    py_decref(list);
    return t;
}

struct py_tuple *py_tuple_slice(struct py_tuple *t, int64_t lo, int64_t hi)
{
    if (lo < 0)
        lo = 0;
    if (hi > t->base.size)
        hi = t->base.size;
    if (hi < lo)
        hi = lo;
    if (lo == 0 && hi == t->base.size && t->base.base.type == &py_tuple_type)
        return py_newref(t);
    return py_tuple_from_array(t->items + lo, (size_t)(hi - lo));
}

void py_tuple_maybe_untrack(struct py_tuple *t)
{
    if (t->base.base.type != &py_tuple_type || !py_gc_is_tracked(PY_OBJ(t)))
        return;
    for (int64_t i = 0; i < t->base.size; i++) {
        const struct py_object *item = t->items[i];
        if (!item) /* still being filled */
            return;
        if (py_is_gc(item) && (item->type != &py_tuple_type || py_gc_is_tracked(item)))
            return;
    }
    py_gc_untrack(t);
}

static struct py_object *tuple_repr(struct py_object *o)
{
    struct py_tuple *t = (struct py_tuple *)o;
    if (t->base.size == 0)
        return PY_OBJ(py_str_from_cstr("()"));
    struct py_repr_guard guard;
    const int entered = py_repr_enter(&guard, o);
    if (entered != 0)
        return entered < 0 ? NULL : PY_OBJ(py_str_from_cstr("(...)"));
    struct py_strbuf b;
    py_strbuf_init(&b);
    int bad = py_strbuf_char(&b, '(');
    for (int64_t i = 0; i < t->base.size && !bad; i++) {
        if (i > 0)
            bad = py_strbuf_ascii(&b, ", ", 2);
        struct py_object *item = bad ? NULL : py_repr(t->items[i]);
        bad = !item || py_strbuf_str(&b, (struct py_str *)item) < 0;
        py_xdecref(item);
    }
    if (!bad)
        bad = t->base.size == 1 ? py_strbuf_ascii(&b, ",)", 2) : py_strbuf_char(&b, ')');
    py_repr_leave(&guard);
    if (bad) {
        py_strbuf_deinit(&b);
        return NULL;
    }
    return PY_OBJ(py_strbuf_finish(&b));
}

#define XX_PRIME_1 11400714785074694791ull
#define XX_PRIME_2 14029467366897019727ull
#define XX_PRIME_5 2870177450012600261ull

static int64_t tuple_hash(struct py_object *o)
{
    struct py_tuple *t = (struct py_tuple *)o;
    uint64_t acc = XX_PRIME_5;
    for (int64_t i = 0; i < t->base.size; i++) {
        struct py_object *const item = t->items[i];
        int64_t lane = py_quick_hash(item);
        if (lane == -1) {
            if (py_enter_recursion(" while hashing a tuple") < 0)
                return -1;
            lane = py_hash(item);
            py_leave_recursion();
        }
        if (lane == -1)
            return -1;
        acc += (uint64_t)lane * XX_PRIME_2;
        acc = (acc << 31) | (acc >> 33);
        acc *= XX_PRIME_1;
    }
    acc += (uint64_t)t->base.size ^ (XX_PRIME_5 ^ 3527539ull);
    return acc == UINT64_MAX ? 1546275796 : (int64_t)acc;
}

static struct py_object *tuple_richcompare(struct py_object *a, struct py_object *b, int op)
{
    if (!py_tuple_check(a) || !py_tuple_check(b))
        return py_newref(PY_NOT_IMPLEMENTED);
    struct py_tuple *v = (struct py_tuple *)a, *w = (struct py_tuple *)b;
    const int64_t n = v->base.size < w->base.size ? v->base.size : w->base.size;
    int64_t i = 0;
    for (; i < n; i++) {
        int equal = py_quick_equal(v->items[i], w->items[i]);
        if (equal < 0)
            equal = py_richcompare_bool(v->items[i], w->items[i], PY_EQ);
        if (equal < 0)
            return NULL;
        if (!equal)
            break;
    }
    if (i == n) {
        const int c = (v->base.size > w->base.size) - (v->base.size < w->base.size);
        return py_bool_from(py_compare_result(c, op));
    }
    if (op == PY_EQ || op == PY_NE)
        return py_bool_from(op == PY_NE);
    const int quick = py_quick_order(v->items[i], w->items[i], op);
    return quick >= 0 ? py_bool_from(quick) : py_richcompare(v->items[i], w->items[i], op);
}

static int64_t tuple_length(struct py_object *o)
{
    return ((struct py_tuple *)o)->base.size;
}

static struct py_object *tuple_item(struct py_object *o, int64_t i)
{
    struct py_tuple *t = (struct py_tuple *)o;
    if (i < 0 || i >= t->base.size)
        return py_raise(&py_exc_IndexError, "tuple index out of range");
    return py_newref(t->items[i]);
}

static struct py_object *tuple_subscript(struct py_object *o, struct py_object *key)
{
    struct py_tuple *t = (struct py_tuple *)o;
    if (key->type == &py_slice_type) {
        int64_t start, stop, step, count;
        if (py_slice_indices((struct py_slice *)key, &t->base.size, &start, &stop, &step, &count) <
            0)
            return NULL;
        if (step == 1)
            return PY_OBJ(py_tuple_slice(t, start, start + count));
        if (count == 0)
            return PY_OBJ(py_tuple_empty());
        struct py_tuple *result = tuple_alloc(count);
        if (!result)
            return NULL;
        for (int64_t i = 0, from = start; i < count; i++, from += step)
            result->items[i] = py_newref(t->items[from]);
        py_gc_track(result);
        return PY_OBJ(result);
    }
    if (!key->type->index)
        return py_raise(&py_exc_TypeError, "tuple indices must be integers or slices, not %T", key);
    const int64_t i = py_int_as_item_index(key);
    if (i == -1 && py_error_occurred()) {
        return NULL;
    }
    return tuple_item(o, i < 0 ? i + t->base.size : i);
}

static int tuple_contains(struct py_object *o, struct py_object *item)
{
    struct py_tuple *t = (struct py_tuple *)o;
    for (int64_t i = 0; i < t->base.size; i++) {
        int equal = py_quick_equal(t->items[i], item);
        if (equal < 0)
            equal = py_richcompare_bool(t->items[i], item, PY_EQ);
        if (equal != 0)
            return equal;
    }
    return 0;
}

static struct py_object *tuple_concat(struct py_object *a, struct py_object *b)
{
    if (!py_tuple_check(b))
        return py_raise(&py_exc_TypeError, "can only concatenate tuple (not \"%T\") to tuple", b);
    struct py_tuple *v = (struct py_tuple *)a, *w = (struct py_tuple *)b;
    if (v->base.size == 0 && b->type == &py_tuple_type)
        return py_newref(b);
    if (w->base.size == 0 && a->type == &py_tuple_type)
        return py_newref(a);
    if (v->base.size + w->base.size == 0)
        return PY_OBJ(py_tuple_empty());
    struct py_tuple *t = tuple_alloc(v->base.size + w->base.size);
    if (!t)
        return NULL;
    py_copy_refs(t->items, v->items, v->base.size);
    py_copy_refs(t->items + v->base.size, w->items, w->base.size);
    py_gc_track(t);
    return PY_OBJ(t);
}

static struct py_object *tuple_repeat(struct py_object *o, int64_t n)
{
    struct py_tuple *v = (struct py_tuple *)o;
    if ((n == 1 || v->base.size == 0) && o->type == &py_tuple_type)
        return py_newref(o);
    if (n <= 0 || v->base.size == 0)
        return PY_OBJ(py_tuple_empty());
    if (v->base.size > INT64_MAX / 16 / n)
        return py_raise_no_memory();
    struct py_tuple *t = tuple_alloc(v->base.size * n);
    if (!t)
        return NULL;
    struct py_object **out = t->items;
    for (int64_t k = 0; k < n; k++, out += v->base.size)
        py_copy_refs(out, v->items, v->base.size);
    py_gc_track(t);
    return PY_OBJ(t);
}

static struct py_object *tuple_iter(struct py_object *o)
{
    return py_seq_iter_new(&py_tuple_iter_type, o);
}

static void tuple_dealloc(struct py_object *o)
{
    struct py_tuple *t = (struct py_tuple *)o;
    if (o->type == &py_tuple_type) {
        py_gc_untrack(t);
        py_drop_refs(t->items, t->base.size);
    } else {
        py_object_release_common(o);
    }
    py_object_free(t);
}

static struct py_object *tuple_new_slot(struct py_type *type, struct py_object *const *args,
                                        size_t nargs, struct py_tuple *kwnames)
{
    if ((type == &py_tuple_type || type->init == py_tuple_type.init) &&
        py_no_keywords("tuple", kwnames) < 0)
        return NULL;
    if (py_check_positional("tuple", nargs, 0, 1) < 0)
        return NULL;
    struct py_tuple *t = nargs ? py_tuple_from_iterable(args[0]) : py_tuple_empty();
    if (!t || type == &py_tuple_type)
        return PY_OBJ(t);
    PY_HOLD(&t);
    struct py_tuple *result = py_object_new_var(type, t->base.size);
    PY_HOLD(&result);
    if (result) {
        for (int64_t i = 0; i < t->base.size; i++)
            result->items[i] = py_newref(t->items[i]);
        py_gc_track(result);
    }
    py_clear(t);
    return PY_OBJ(result);
}

static struct py_object *tuple_count(struct py_object *self, struct py_object *const *args,
                                     size_t nargs, struct py_tuple *kwnames)
{
    (void)nargs, (void)kwnames;
    struct py_tuple *t = (struct py_tuple *)self;
    int64_t count = 0;
    for (int64_t i = 0; i < t->base.size; i++) {
        const int equal = py_items_equal(t->items[i], args[0]);
        if (equal < 0)
            return NULL;
        count += equal;
    }
    return py_int_from_i64(count);
}

static struct py_object *tuple_index(struct py_object *self, struct py_object *const *args,
                                     size_t nargs, struct py_tuple *kwnames)
{
    (void)kwnames;
    struct py_tuple *t = (struct py_tuple *)self;
    int64_t start = 0, stop = INT64_MAX;
    if (nargs > 1 && (start = py_int_as_bound(args[1])) == -1 && py_error_occurred())
        return NULL;
    if (nargs > 2 && (stop = py_int_as_bound(args[2])) == -1 && py_error_occurred())
        return NULL;
    if (start < 0 && (start += t->base.size) < 0)
        start = 0;
    if (stop < 0)
        stop += t->base.size;
    for (int64_t i = start; i < stop && i < t->base.size; i++) {
        const int equal = py_items_equal(t->items[i], args[0]);
        if (equal < 0)
            return NULL;
        if (equal)
            return py_int_from_i64(i);
    }
    return py_raise(&py_exc_ValueError, "tuple.index(x): x not in tuple");
}

static struct py_object *tuple_getnewargs(struct py_object *self, struct py_object *const *args,
                                          size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_tuple *t = (struct py_tuple *)self;
    struct py_tuple *copy = py_tuple_from_array(t->items, (size_t)t->base.size);
    if (!copy)
        return NULL;
    struct py_object *result = PY_OBJ(py_tuple_pack(1, PY_OBJ(copy)));
    py_decref(copy);
    return result;
}

static const struct py_method_def tuple_methods[] = {
    PY_CLASS_GETITEM_ROW,
    {.name = "count",
     .fn = tuple_count,
     .min_args = 1,
     .max_args = 1,
     .signature = "($self, value, /)",
     .doc = "How many items are equal to a value."},
    {.name = "index",
     .fn = tuple_index,
     .min_args = 1,
     .max_args = 3,
     .signature = "($self, value, start=0, stop=sys.maxsize, /)",
     .doc = "The index of the first equal item; ValueError when there is none."},
    {.name = "__getnewargs__", .fn = tuple_getnewargs, .min_args = 0, .max_args = 0},
    {.name = NULL},
};

struct py_type py_tuple_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "tuple",
    .basicsize = sizeof(struct py_tuple),
    .itemsize = sizeof(struct py_object *),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_VAR | PY_TYPE_SEQUENCE | PY_TYPE_IS_TUPLE |
             PY_TYPE_IMMUTABLE,
    .body = PY_BODY_TUPLE,
    .dealloc = tuple_dealloc,
    .repr = tuple_repr,
    .hash = tuple_hash,
    .richcompare = tuple_richcompare,
    .iter = tuple_iter,
    .new_ = tuple_new_slot,
    .length = tuple_length,
    .subscript = tuple_subscript,
    .contains = tuple_contains,
    .concat = tuple_concat,
    .repeat = tuple_repeat,
    .item = tuple_item,
    .methods = tuple_methods,
    .doc = "tuple(iterable=()) -- a sequence that never changes.\n\nA tuple as argument is "
           "returned as it is; the items of any other iterable\nbecome those of a new tuple.",
};
