/* Methods, indexing, comparison and printing of lists.
 *
 * Unlike a tuple's, a list's items can vanish while another item is compared or printed. So every
 * loop here re-reads size in each round, and an item is referenced (and registered with a handle)
 * while Python code may run on it; items of types that run none take the short way
 * (quick_compare.h).
 */
#include "vm/object/alias.h"
#include "vm/object/list.h"

#include <string.h>

#include "vm/memory/gc.h"
#include "vm/object/int.h"
#include "vm/object/iter.h"
#include "vm/object/list_internal.h"
#include "vm/object/quick_compare.h"
#include "vm/object/range.h"
#include "vm/object/repr_guard.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define AS_LIST(o) ((struct py_list *)(o))

static int append_item_repr(struct py_strbuf *b, struct py_object *item)
{
    struct py_object *owned = py_newref(item);
    PY_HOLD(&owned);
    struct py_object *text = py_repr(owned);
    const int bad = !text || py_strbuf_str(b, (struct py_str *)text) < 0;
    py_xdecref(text);
    py_clear(owned);
    return bad ? -1 : 0;
}

struct py_object *py_list_repr(struct py_object *o)
{
    struct py_list *list = AS_LIST(o);
    if (list->base.size == 0)
        return PY_OBJ(py_str_from_cstr("[]"));
    struct py_repr_guard guard;
    const int entered = py_repr_enter(&guard, o);
    if (entered != 0)
        return entered < 0 ? NULL : PY_OBJ(py_str_from_cstr("[...]"));
    struct py_strbuf b;
    py_strbuf_init(&b);
    int bad = py_strbuf_char(&b, '[');
    for (int64_t i = 0; !bad && i < list->base.size; i++) {
        if (i > 0)
            bad = py_strbuf_ascii(&b, ", ", 2);
        bad = bad || append_item_repr(&b, list->items[i]) < 0;
    }
    bad = bad || py_strbuf_char(&b, ']') < 0;
    py_repr_leave(&guard);
    if (bad) {
        py_strbuf_deinit(&b);
        return NULL;
    }
    return PY_OBJ(py_strbuf_finish(&b));
}

struct py_object *py_list_richcompare(struct py_object *a, struct py_object *b, int op)
{
    if (!py_list_check(a) || !py_list_check(b))
        return py_newref(PY_NOT_IMPLEMENTED);
    struct py_list *v = AS_LIST(a), *w = AS_LIST(b);
    if (v->base.size != w->base.size && (op == PY_EQ || op == PY_NE))
        return py_bool_from(op == PY_NE);
    int64_t i = 0;
    for (; i < v->base.size && i < w->base.size; i++) {
        const int equal = py_items_equal(v->items[i], w->items[i]);
        if (equal < 0)
            return NULL;
        if (!equal)
            break;
    }
    if (i >= v->base.size || i >= w->base.size) {
        const int c = (v->base.size > w->base.size) - (v->base.size < w->base.size);
        return py_bool_from(py_compare_result(c, op));
    }
    if (op == PY_EQ || op == PY_NE)
        return py_bool_from(op == PY_NE);
    const int quick = py_quick_order(v->items[i], w->items[i], op);
    if (quick >= 0)
        return py_bool_from(quick);
    struct py_object *pair[2] = {py_newref(v->items[i]), py_newref(w->items[i])};
    PY_HOLD_N(pair, 2);
    struct py_object *result = py_richcompare(pair[0], pair[1], op);
    PY_HOLD(&result);
    py_clear(pair[0]);
    py_clear(pair[1]);
    return result;
}

int py_list_contains(struct py_object *o, struct py_object *item)
{
    struct py_list *list = AS_LIST(o);
    for (int64_t i = 0; i < list->base.size; i++) {
        const int equal = py_items_equal(list->items[i], item);
        if (equal != 0)
            return equal;
    }
    return 0;
}

struct py_object *py_list_slice_stepped(struct py_list *list, int64_t start, int64_t step,
                                        int64_t count)
{
    struct py_list *result = py_list_alloc(count);
    if (!result)
        return NULL;
    struct py_object *const *from = count ? list->items + start : NULL;
    if (PY_TRACING(PY_TRACE_REFCOUNT)) {
        for (int64_t i = 0; i < count; i++, from += step)
            result->items[i] = py_newref(*from);
    } else {
        for (int64_t i = 0; i < count; i++, from += step) {
            struct py_object *const o = *from;
            const uint32_t refs = o->refcnt;
            result->items[i] = o;
            if ((int32_t)refs >= 0)
                o->refcnt = refs + 1;
        }
    }
    py_gc_track(result);
    return PY_OBJ(result);
}

struct py_object *py_list_subscript(struct py_object *o, struct py_object *key)
{
    struct py_list *list = AS_LIST(o);
    if (key->type == &py_slice_type) {
        int64_t start, stop, step, count;
        if (py_slice_indices((struct py_slice *)key, &list->base.size, &start, &stop, &step,
                             &count) < 0)
            return NULL;
        return step == 1 ? py_list_slice_copy(list, start, start + count)
                         : py_list_slice_stepped(list, start, step, count);
    }
    if (!key->type->index)
        return py_raise(&py_exc_TypeError, "list indices must be integers or slices, not %T", key);
    int64_t i = py_int_as_item_index(key);
    if (i == -1 && py_error_occurred())
        return NULL;
    if (i < 0)
        i += list->base.size;
    if (i < 0 || i >= list->base.size)
        return py_raise(&py_exc_IndexError, "list index out of range");
    return py_newref(list->items[i]);
}

/* del list[start:stop:step] with step != 1. */
static int delete_stepped(struct py_list *list, int64_t start, int64_t step, int64_t count)
{
    if (count <= 0)
        return 0;
    if (step < 0) {
        start += (count - 1) * step;
        step = -step;
    }
    struct py_object **removed = py_mem_alloc((size_t)count * sizeof *removed);
    if (!removed)
        return py_raise_no_memory(), -1;
    for (int64_t k = 0; k < count; k++) {
        const int64_t from = start + k * step;
        removed[k] = list->items[from];
        const int64_t next = k + 1 < count ? from + step : list->base.size;
        memmove(list->items + from - k, list->items + from + 1,
                (size_t)(next - from - 1) * sizeof *list->items);
    }
    py_list_resize(list, list->base.size - count);
    py_list_drop_items(removed, count);
    return 0;
}

/* list[start:stop:step] = value with step != 1. The bounds are clipped when the value's items are
 * there: iterating it may change the list. */
static int assign_stepped(struct py_list *list, struct py_slice_bounds *b, struct py_object *value)
{
    struct py_object *owner = NULL;
    struct py_object *const *source;
    size_t n;
    if (value == PY_OBJ(list)) {
        owner = PY_OBJ(py_list_from_array(list->items, (size_t)list->base.size));
        if (!owner)
            return -1;
        source = AS_LIST(owner)->items;
        n = (size_t)list->base.size;
    } else if (py_sequence_fast(value, "must assign iterable to extended slice", &owner, &source,
                                &n) < 0) {
        return -1;
    }
    PY_HOLD(&owner);
    const int64_t count = py_slice_clip(b, list->base.size);
    struct py_object **replaced = NULL;
    int result = 0;
    if ((int64_t)n != count)
        result =
            py_raise_int(&py_exc_ValueError,
                         "attempt to assign sequence of size %zu to extended slice of size %zu", n,
                         (size_t)count);
    else if (count && !(replaced = py_mem_alloc((size_t)count * sizeof *replaced)))
        result = (py_raise_no_memory(), -1);
    for (int64_t i = 0, at = b->start; replaced && i < count; i++, at += b->step) {
        replaced[i] = list->items[at];
        list->items[at] = py_newref(source[i]);
    }
    if (replaced)
        py_list_drop_items(replaced, count);
    py_clear(owner);
    return result;
}

static int assign_slice(struct py_list *list, struct py_slice *slice, struct py_object *value)
{
    struct py_slice_bounds b;
    if (py_slice_read(slice, &b) < 0)
        return -1;
    if (value && b.step != 1)
        return assign_stepped(list, &b, value);
    const int64_t count = py_slice_clip(&b, list->base.size);
    return b.step == 1 ? py_list_set_slice(list, b.start, b.start + count, value)
                       : delete_stepped(list, b.start, b.step, count);
}

static int delete_index(struct py_list *list, int64_t i)
{
    struct py_object *old = list->items[i];
    memmove(list->items + i, list->items + i + 1,
            (size_t)(list->base.size - i - 1) * sizeof *list->items);
    py_list_resize(list, list->base.size - 1);
    py_decref(old);
    return 0;
}

int py_list_ass_subscript(struct py_object *o, struct py_object *key, struct py_object *value)
{
    struct py_list *list = AS_LIST(o);
    if (key->type == &py_slice_type)
        return assign_slice(list, (struct py_slice *)key, value);
    if (!key->type->index)
        return py_raise_int(&py_exc_TypeError, "list indices must be integers or slices, not %T",
                            key);
    int64_t i = py_int_as_item_index(key);
    if (i == -1 && py_error_occurred())
        return -1;
    if (i < 0)
        i += list->base.size;
    if (i < 0 || i >= list->base.size)
        return py_raise_int(&py_exc_IndexError, "list assignment index out of range");
    if (!value)
        return delete_index(list, i);
    struct py_object *old = list->items[i];
    list->items[i] = py_newref(value);
    py_decref(old);
    return 0;
}

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED_ARGS (void)args, (void)nargs, (void)kwnames

METHOD(list_append)
{
    UNUSED_ARGS;
    if (py_list_append(AS_LIST(self), args[0]) < 0)
        return NULL;
    return py_newref(PY_NONE);
}

METHOD(list_extend)
{
    UNUSED_ARGS;
    if (py_list_extend(AS_LIST(self), args[0]) < 0)
        return NULL;
    return py_newref(PY_NONE);
}

METHOD(list_insert)
{
    UNUSED_ARGS;
    const int64_t i = py_int_as_ssize_arg(args[0]);
    if (i == -1 && py_error_occurred())
        return NULL;
    if (py_list_insert(AS_LIST(self), i, args[1]) < 0)
        return NULL;
    return py_newref(PY_NONE);
}

METHOD(list_clear)
{
    UNUSED_ARGS;
    py_list_clear(AS_LIST(self));
    return py_newref(PY_NONE);
}

METHOD(list_copy)
{
    UNUSED_ARGS;
    return py_list_slice_copy(AS_LIST(self), 0, AS_LIST(self)->base.size);
}

METHOD(list_pop)
{
    (void)kwnames;
    struct py_list *list = AS_LIST(self);
    int64_t i = -1;
    if (nargs && (i = py_int_as_ssize_arg(args[0])) == -1 && py_error_occurred())
        return NULL;
    if (list->base.size == 0)
        return py_raise(&py_exc_IndexError, "pop from empty list");
    if (i < 0)
        i += list->base.size;
    if (i < 0 || i >= list->base.size)
        return py_raise(&py_exc_IndexError, "pop index out of range");
    struct py_object *item = list->items[i];
    const int64_t last = list->base.size - 1;
    if (i < last)
        memmove(list->items + i, list->items + i + 1, (size_t)(last - i) * sizeof item);
    py_list_resize(list, last);
    return item;
}

METHOD(list_remove)
{
    UNUSED_ARGS;
    struct py_list *list = AS_LIST(self);
    for (int64_t i = 0; i < list->base.size; i++) {
        const int equal = py_items_equal(list->items[i], args[0]);
        if (equal < 0)
            return NULL;
        if (!equal)
            continue;
        if (i < list->base.size)
            delete_index(list, i);
        return py_newref(PY_NONE);
    }
    return py_raise(&py_exc_ValueError, "list.remove(x): x not in list");
}

METHOD(list_reverse)
{
    UNUSED_ARGS;
    py_list_reverse(AS_LIST(self));
    return py_newref(PY_NONE);
}

METHOD(list_count)
{
    UNUSED_ARGS;
    struct py_list *list = AS_LIST(self);
    int64_t count = 0;
    for (int64_t i = 0; i < list->base.size; i++) {
        const int equal = py_items_equal(list->items[i], args[0]);
        if (equal < 0)
            return NULL;
        count += equal;
    }
    return py_int_from_i64(count);
}

METHOD(list_index)
{
    (void)kwnames;
    struct py_list *list = AS_LIST(self);
    int64_t start = 0, stop = INT64_MAX;
    if (nargs > 1 && (start = py_int_as_bound(args[1])) == -1 && py_error_occurred())
        return NULL;
    if (nargs > 2 && (stop = py_int_as_bound(args[2])) == -1 && py_error_occurred())
        return NULL;
    if (start < 0 && (start += list->base.size) < 0)
        start = 0;
    if (stop < 0 && (stop += list->base.size) < 0)
        stop = 0;
    for (int64_t i = start; i < stop && i < list->base.size; i++) {
        const int equal = py_items_equal(list->items[i], args[0]);
        if (equal < 0)
            return NULL;
        if (equal)
            return py_int_from_i64(i);
    }
    return py_raise(&py_exc_ValueError, "%R is not in list", args[0]);
}

METHOD(list_sort)
{
    static const char *const names[] = {"key", "reverse"};
    static const struct py_params params = {
        .function = "sort", .names = names, .count = 2, .keyword_only = 0};
    struct py_object *out[2] = {NULL};
    if (nargs > 0)
        return py_raise(&py_exc_TypeError, "sort() takes no positional arguments");
    if (kwnames && py_parse_args(&params, args, nargs, kwnames, out) < 0)
        return NULL;
    int64_t reverse = 0;
    if (out[1] && (reverse = py_int_as_c_int(out[1])) == -1 && py_error_occurred())
        return NULL;
    struct py_object *key = out[0] == PY_NONE ? NULL : out[0];
    if (py_list_sort(AS_LIST(self), key, reverse != 0) < 0)
        return NULL;
    return py_newref(PY_NONE);
}

METHOD(list_reversed)
{
    UNUSED_ARGS;
    struct py_object *it = py_seq_iter_new(&py_list_reverse_iter_type, self);
    if (it)
        ((struct py_seq_iter *)it)->index = AS_LIST(self)->base.size - 1;
    return it;
}

const struct py_method_def py_list_methods[] = {
    PY_CLASS_GETITEM_ROW,
    {.name = "__reversed__",
     .fn = list_reversed,
     .signature = "($self, /)",
     .doc = "Iterate from the last item to the first."},
    {.name = "clear", .fn = list_clear, .signature = "($self, /)", .doc = "Drop all items."},
    {.name = "copy",
     .fn = list_copy,
     .signature = "($self, /)",
     .doc = "Another list with the same items."},
    {.name = "append",
     .fn = list_append,
     .min_args = 1,
     .max_args = 1,
     .signature = "($self, object, /)",
     .doc = "Put an object behind the last one."},
    {.name = "insert",
     .fn = list_insert,
     .min_args = 2,
     .max_args = 2,
     .signature = "($self, index, object, /)",
     .doc = "Put an object in before the one at index."},
    {.name = "extend",
     .fn = list_extend,
     .min_args = 1,
     .max_args = 1,
     .signature = "($self, iterable, /)",
     .doc = "Put all elements of an iterable behind the last one."},
    {.name = "pop",
     .fn = list_pop,
     .min_args = 0,
     .max_args = 1,
     .signature = "($self, index=-1, /)",
     .doc = "Take the item at index out, the last one if none is given.\n\nIndexError when there "
            "is no such item."},
    {.name = "remove",
     .fn = list_remove,
     .min_args = 1,
     .max_args = 1,
     .signature = "($self, value, /)",
     .doc = "Take the first equal item out; ValueError when there is none."},
    {.name = "index",
     .fn = list_index,
     .min_args = 1,
     .max_args = 3,
     .signature = "($self, value, start=0, stop=sys.maxsize, /)",
     .doc = "The index of the first equal item; ValueError when there is none."},
    {.name = "count",
     .fn = list_count,
     .min_args = 1,
     .max_args = 1,
     .signature = "($self, value, /)",
     .doc = "How many items are equal to a value."},
    {.name = "reverse",
     .fn = list_reverse,
     .signature = "($self, /)",
     .doc = "Reverse *IN PLACE*."},
    {.name = "sort",
     .fn = list_sort,
     .min_args = 0,
     .max_args = -1,
     .flags = PY_METH_KEYWORDS,
     .signature = "($self, /, *, key=None, reverse=False)",
     .doc = "Put the items into ascending order, in place; equal ones keep theirs.\n\nWith a key, "
            "items are ordered by key(item), which is called once for each. With\nreverse, the "
            "order is descending."},
    {.name = NULL},
};
