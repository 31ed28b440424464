/* Lists: the growing array itself, and the type. Methods are in list_methods.c, sort in
 * list_sort.c.
 *
 * The array over-allocates as CPython's does (an eighth more, rounded to four), and shrinks when
 * less than half is used, so sys.getsizeof answers the same after the same operations.
 *
 * Invariants
 *  - 0 <= size <= capacity; items is NULL exactly when capacity is 0.
 *  - Items 0..size-1 are owned and not NULL once Python code can see the list.
 *  - Whoever removes items first makes the list consistent without them and only then drops them:
 *    dropping can run __del__, which may use the list. Removed items wait in a C array that a
 *    handle covers, each slot NULL before its item is dropped.
 */
#include "vm/object/list.h"

#include <string.h>

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/iter.h"
#include "vm/object/list_internal.h"
#include "vm/object/quick_compare.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

int py_list_resize(struct py_list *list, int64_t size)
{
    if (list->capacity >= size && size >= (list->capacity >> 1)) {
        list->base.size = size;
        return 0;
    }
    if (size > INT64_MAX / 16)
        return py_raise_no_memory(), -1;
    int64_t capacity = (size + (size >> 3) + 6) & ~(int64_t)3;
    /* A big jump (extend) gets just what it needs. */
    if (size - list->base.size > capacity - size)
        capacity = (size + 3) & ~(int64_t)3;
    if (size == 0)
        capacity = 0;
    if (capacity == 0) {
        py_mem_free(list->items);
        list->items = NULL;
    } else {
        struct py_object **items = py_mem_realloc(list->items, (size_t)capacity * sizeof *items);
        if (!items)
            return py_raise_no_memory(), -1;
        list->items = items;
    }
    list->base.size = size;
    list->capacity = capacity;
    list_announce(list);
    return 0;
}

/* Room for n items in an empty list without an array; CPython rounds up to an even number. */
static int list_preallocate(struct py_list *list, int64_t n)
{
    if (n > INT64_MAX / 16)
        return py_raise_no_memory(), -1;
    const int64_t capacity = (n + 1) & ~(int64_t)1;
    list->items = py_mem_alloc((size_t)capacity * sizeof *list->items);
    if (!list->items)
        return py_raise_no_memory(), -1;
    list->capacity = capacity;
    list_announce(list);
    return 0;
}

struct py_list *py_list_alloc(int64_t n)
{
    struct py_object **items = NULL;
    if (n > INT64_MAX / 16)
        return py_raise_no_memory();
    if (n > 0 && !(items = py_mem_alloc((size_t)n * sizeof *items)))
        return py_raise_no_memory();
    struct py_list *list =
        py_object_alloc(&py_list_type, sizeof(struct py_list),
                        sizeof(struct py_list) + sizeof(struct py_gc_head) + 8 * (size_t)n);
    if (!list) {
        py_mem_free(items);
        return NULL;
    }
    list->base.size = n;
    list->items = items;
    list->capacity = n;
    return list;
}

struct py_list *py_list_new(int64_t size)
{
    struct py_list *list = py_list_alloc(size);
    if (!list)
        return NULL;
    if (size)
        memset(list->items, 0, (size_t)size * sizeof *list->items);
    py_gc_track(list);
    return list;
}

struct py_list *py_list_from_array(struct py_object *const *items, size_t n)
{
    struct py_list *list = py_list_alloc((int64_t)n);
    if (!list)
        return NULL;
    py_copy_refs(list->items, items, (int64_t)n);
    py_gc_track(list);
    return list;
}

struct py_list *py_list_from_array_steal(struct py_object **items, size_t n)
{
    struct py_list *list = py_list_alloc((int64_t)n);
    if (!list) {
        for (size_t i = 0; i < n; i++)
            py_clear(items[i]); /* they may be registers of a frame */
        return NULL;
    }
    if (n)
        memcpy(list->items, items, n * sizeof *items);
    py_gc_track(list);
    return list;
}

struct py_list *py_list_from_iterable(struct py_object *iterable)
{
    struct py_list *list = py_list_new(0);
    if (!list)
        return NULL;
    PY_HOLD(&list);
    if (py_list_extend(list, iterable) < 0)
        py_clear(list);
    return list;
}

int py_list_append_steal(struct py_list *list, struct py_object *item)
{
    const int64_t n = list->base.size;
    if (n < list->capacity) {
        list->items[n] = item;
        list->base.size = n + 1;
        return 0;
    }
    if (py_list_resize(list, n + 1) < 0) {
        py_decref(item);
        return -1;
    }
    list->items[n] = item;
    return 0;
}

int py_list_append(struct py_list *list, struct py_object *item)
{
    return py_list_append_steal(list, py_newref(item));
}

int py_list_insert(struct py_list *list, int64_t index, struct py_object *item)
{
    const int64_t n = list->base.size;
    if (py_list_resize(list, n + 1) < 0)
        return -1;
    if (index < 0 && (index += n) < 0)
        index = 0;
    if (index > n)
        index = n;
    memmove(list->items + index + 1, list->items + index,
            (size_t)(n - index) * sizeof *list->items);
    list->items[index] = py_newref(item);
    return 0;
}

static int list_extend_array(struct py_list *list, struct py_object *const *items, int64_t n,
                             bool own_array)
{
    const int64_t m = list->base.size;
    if (n == 0)
        return 0;
    if (!list->items) {
        if (list_preallocate(list, n) < 0)
            return -1;
        list->base.size = n;
    } else if (py_list_resize(list, m + n) < 0) {
        return -1;
    }
    if (own_array) /* a.extend(a): the array may have moved */
        items = list->items;
    py_copy_refs(list->items + m, items, n);
    return 0;
}

/* list.extend of something that is only iterable. */
static int list_extend_iter(struct py_list *list, struct py_object *iterable)
{
    struct py_object *it = py_iter(iterable);
    if (!it)
        return -1;
    PY_HOLD(&it);
    const int64_t hint = py_length_hint(iterable, 8);
    if (hint < 0)
        goto fail;
    const int64_t n = list->base.size;
    if (hint > 0 && n <= INT64_MAX / 16 - hint) {
        if (!list->items) {
            if (list_preallocate(list, hint) < 0)
                goto fail;
        } else {
            if (py_list_resize(list, n + hint) < 0)
                goto fail;
            list->base.size = n;
        }
    }
    py_unaryfn next = it->type->iternext;
    for (;;) {
        struct py_object *item = next(it);
        if (!item) {
            if (py_error_occurred() && !py_error_catch_stop_iteration(NULL))
                goto fail;
            break;
        }
        if (py_list_append_steal(list, item) < 0)
            goto fail;
    }
    if (list->base.size < list->capacity && py_list_resize(list, list->base.size) < 0)
        goto fail;
    py_clear(it);
    return 0;
fail:
    py_clear(it);
    return -1;
}

int py_list_extend_items(struct py_list *list, struct py_object *const *items, int64_t n)
{
    return list_extend_array(list, items, n, false);
}

int py_list_extend(struct py_list *list, struct py_object *iterable)
{
    if (iterable->type == &py_list_type || (struct py_object *)list == iterable) {
        struct py_list *other = (struct py_list *)iterable;
        return list_extend_array(list, other->items, other->base.size, other == list);
    }
    if (iterable->type == &py_tuple_type) {
        struct py_tuple *t = (struct py_tuple *)iterable;
        return list_extend_array(list, t->items, t->base.size, false);
    }
    return list_extend_iter(list, iterable);
}

int64_t py_list_take(struct py_list *list, struct py_object ***items)
{
    const int64_t n = list->base.size;
    *items = list->items;
    list->items = NULL;
    list->capacity = 0;
    list->base.size = 0;
    list_announce(list);
    return n;
}

/* Drops n owned items of an array, last first. As long as none dies nothing can look; from the
 * first that does, the rest is under a handle. */
static void drop_items(struct py_object **items, int64_t n)
{
    const bool plain = !PY_TRACING(PY_TRACE_REFCOUNT);
    for (; plain && n > 0; n--) {
        struct py_object *const o = items[n - 1];
        if (!o || py_is_immortal(o))
            continue;
        if (o->refcnt == 1)
            break;
        o->refcnt--;
    }
    if (n == 0)
        return;
    PY_HOLD_N(items, n);
    for (int64_t i = n; i-- > 0;)
        py_clear(items[i]);
}

void py_list_drop_items(struct py_object **items, int64_t n)
{
    if (!items)
        return;
    drop_items(items, n);
    py_mem_free(items);
}

void py_list_clear(struct py_list *list)
{
    if (!list->items)
        return;
    struct py_object **items;
    const int64_t n = py_list_take(list, &items);
    py_list_drop_items(items, n);
}

#define REMOVED_ON_STACK 32

/* list[lo:hi] = source[0..n). The source is kept alive by the caller and is not the list's own
 * array. */
static int splice(struct py_list *list, int64_t lo, int64_t hi, struct py_object *const *source,
                  int64_t n)
{
    const int64_t size = list->base.size;
    lo = lo < 0 ? 0 : lo > size ? size : lo;
    hi = hi < lo ? lo : hi > size ? size : hi;
    const int64_t removed_count = hi - lo, growth = n - removed_count;
    struct py_object *few[REMOVED_ON_STACK], **removed = few;
    if (removed_count > REMOVED_ON_STACK &&
        !(removed = py_mem_alloc((size_t)removed_count * sizeof *removed)))
        return py_raise_no_memory(), -1;
    if (removed_count > 0)
        memcpy(removed, list->items + lo, (size_t)removed_count * sizeof *removed);
    if (growth > 0 && py_list_resize(list, size + growth) < 0) {
        if (removed != few)
            py_mem_free(removed);
        return -1;
    }
    if (growth != 0)
        memmove(list->items + hi + growth, list->items + hi,
                (size_t)(size - hi) * sizeof *list->items);
    py_copy_refs(list->items + lo, source, n);
    if (growth < 0)
        py_list_resize(list, size + growth); /* shrinking cannot fail in a way that matters */
    drop_items(removed, removed_count);
    if (removed != few)
        py_mem_free(removed);
    return 0;
}

int py_list_set_slice(struct py_list *list, int64_t lo, int64_t hi, struct py_object *v)
{
    if (!v)
        return splice(list, lo, hi, NULL, 0);
    if (v->type == &py_tuple_type) {
        const struct py_tuple *t = (struct py_tuple *)v;
        return splice(list, lo, hi, t->items, t->base.size);
    }
    if (v->type == &py_list_type && v != PY_OBJ(list)) {
        const struct py_list *other = (struct py_list *)v;
        return splice(list, lo, hi, other->items, other->base.size);
    }
    struct py_list *copy = py_list_new(0); /* of the list itself, or of any iterable */
    if (!copy)
        return -1;
    PY_HOLD(&copy);
    int result = -1;
    if (!v->type->iter && !v->type->item && !v->type->subscript)
        py_raise(&py_exc_TypeError, "can only assign an iterable");
    else if (py_list_extend(copy, v) == 0)
        result = splice(list, lo, hi, copy->items, copy->base.size);
    py_clear(copy);
    return result;
}

struct py_tuple *py_list_as_tuple(struct py_list *list)
{
    return py_tuple_from_array(list->items, (size_t)list->base.size);
}

int py_list_reverse(struct py_list *list)
{
    if (list->base.size < 2)
        return 0;
    struct py_object **lo = list->items, **hi = list->items + list->base.size - 1;
    for (; lo < hi; lo++, hi--) {
        struct py_object *t = *lo;
        *lo = *hi;
        *hi = t;
    }
    return 0;
}

struct py_object *py_list_slice_copy(struct py_list *list, int64_t lo, int64_t hi)
{
    return PY_OBJ(hi <= lo ? py_list_new(0)
                           : py_list_from_array(list->items + lo, (size_t)(hi - lo)));
}

static struct py_object *list_concat(struct py_object *a, struct py_object *b)
{
    if (!py_list_check(b))
        return py_raise(&py_exc_TypeError, "can only concatenate list (not \"%T\") to list", b);
    struct py_list *v = (struct py_list *)a, *w = (struct py_list *)b;
    struct py_list *list = py_list_alloc(v->base.size + w->base.size);
    if (!list)
        return NULL;
    py_copy_refs(list->items, v->items, v->base.size);
    py_copy_refs(list->items + v->base.size, w->items, w->base.size);
    py_gc_track(list);
    return PY_OBJ(list);
}

static struct py_object *list_repeat(struct py_object *o, int64_t n)
{
    struct py_list *v = (struct py_list *)o;
    const int64_t size = v->base.size;
    if (n < 0 || size == 0)
        n = 0;
    if (n && size > INT64_MAX / 16 / n)
        return py_raise_no_memory();
    struct py_list *list = py_list_alloc(size * n);
    if (!list)
        return NULL;
    struct py_object **out = list->items;
    for (int64_t k = 0; k < n; k++, out += size)
        py_copy_refs(out, v->items, size);
    py_gc_track(list);
    return PY_OBJ(list);
}

static struct py_object *list_inplace_concat(struct py_object *o, struct py_object *other)
{
    if (py_list_extend((struct py_list *)o, other) < 0)
        return NULL;
    return py_newref(o);
}

static struct py_object *list_inplace_repeat(struct py_object *o, int64_t n)
{
    struct py_list *list = (struct py_list *)o;
    const int64_t size = list->base.size;
    if (size == 0 || n == 1)
        return py_newref(o);
    if (n < 1) {
        py_list_clear(list);
        return py_newref(o);
    }
    if (size > INT64_MAX / 16 / n)
        return py_raise_no_memory();
    if (py_list_resize(list, size * n) < 0)
        return NULL;
    struct py_object **out = list->items + size;
    for (int64_t k = 1; k < n; k++)
        for (int64_t i = 0; i < size; i++)
            *out++ = py_newref(list->items[i]);
    return py_newref(o);
}

static int64_t list_length(struct py_object *o)
{
    return ((struct py_list *)o)->base.size;
}

static struct py_object *list_item(struct py_object *o, int64_t i)
{
    struct py_list *list = (struct py_list *)o;
    if (i < 0 || i >= list->base.size)
        return py_raise(&py_exc_IndexError, "list index out of range");
    return py_newref(list->items[i]);
}

static struct py_object *list_iter(struct py_object *o)
{
    return py_seq_iter_new(&py_list_iter_type, o);
}

static int64_t list_size_of(struct py_object *o)
{
    return (int64_t)o->type->basicsize + ((struct py_list *)o)->capacity * 8;
}

static void list_dealloc(struct py_object *o)
{
    struct py_list *list = (struct py_list *)o;
    if (o->type == &py_list_type) {
        py_gc_untrack(list);
        py_drop_refs(list->items, list->base.size);
    } else {
        py_object_release_common(o);
    }
    py_mem_free(list->items);
    py_object_free(list);
}

static struct py_object *list_new_slot(struct py_type *type, struct py_object *const *args,
                                       size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_list *list = py_object_new(type);
    if (list)
        py_gc_track(list);
    return PY_OBJ(list);
}

static int list_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                     struct py_tuple *kwnames)
{
    struct py_list *list = (struct py_list *)o;
    if ((o->type == &py_list_type || o->type->init == list_init) &&
        py_no_keywords("list", kwnames) < 0)
        return -1;
    if (py_check_positional("list", nargs, 0, 1) < 0)
        return -1;
    if (list->items)
        py_list_clear(list);
    return nargs ? py_list_extend(list, args[0]) : 0;
}

struct py_type py_list_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "list",
    .basicsize = sizeof(struct py_list),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_SEQUENCE | PY_TYPE_IS_LIST | PY_TYPE_IMMUTABLE,
    .body = PY_BODY_LIST,
    .dealloc = list_dealloc,
    .repr = py_list_repr,
    .hash = py_hash_not_implemented,
    .richcompare = py_list_richcompare,
    .iter = list_iter,
    .init = list_init,
    .new_ = list_new_slot,
    .size_of = list_size_of,
    .length = list_length,
    .subscript = py_list_subscript,
    .ass_subscript = py_list_ass_subscript,
    .contains = py_list_contains,
    .concat = list_concat,
    .inplace_concat = list_inplace_concat,
    .repeat = list_repeat,
    .inplace_repeat = list_inplace_repeat,
    .item = list_item,
    .methods = py_list_methods,
    .doc = "list(iterable=()) -- a sequence that grows, shrinks and changes in place.\n\nThe items "
           "of the iterable become those of the new list.",
};
