/* _heapq: a list kept as a binary heap, the smallest item (or the largest) first.
 *
 *      item i is not greater than its children, items 2i + 1 and 2i + 2
 *
 * Taking the root moves a hole from the top to a leaf, always to the smaller child, and then lets
 * the replacement rise from there: it came from the bottom and most often belongs near it, so this
 * compares less than stopping on the way down would (Knuth, The Art of Computer Programming,
 * volume 3, 5.2.3, exercise 18).
 *
 * Comparing may run Python code that changes the list. So both items are owned while they are
 * compared, the list is looked at anew afterwards, and a list that changed its size is a
 * RuntimeError. Items are exchanged, never taken out: at every moment the list owns all of them,
 * and no count changes.
 */
#include "vm/builtins/mod_support.h"
#include "vm/object/list.h"
#include "vm/object/quick_compare.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

enum order { SMALLEST_FIRST, LARGEST_FIRST };

/* Does item a belong above item b? 1, 0; -1 also when the list changed its size. */
static int above(const struct py_list *heap, int64_t a, int64_t b, enum order order)
{
    struct py_object *pair[2] = {heap->items[order == SMALLEST_FIRST ? a : b],
                                 heap->items[order == SMALLEST_FIRST ? b : a]};
    const int quick = py_quick_less(pair[0], pair[1]);
    if (quick >= 0)
        return quick;
    const int64_t size = heap->base.size;
    py_incref(pair[0]);
    py_incref(pair[1]);
    PY_HOLD_N(pair, 2);
    const int less = py_richcompare_bool(pair[0], pair[1], PY_LT);
    py_clear(pair[0]);
    py_clear(pair[1]);
    if (less >= 0 && heap->base.size != size)
        return py_raise_int(&py_exc_RuntimeError, "list changed size during iteration");
    return less;
}

static void exchange(struct py_list *heap, int64_t a, int64_t b)
{
    struct py_object *const item = heap->items[a];
    heap->items[a] = heap->items[b];
    heap->items[b] = item;
}

/* Moves the item at `at` up as far as it belongs, at most to top. */
static int rise(struct py_list *heap, int64_t top, int64_t at, enum order order)
{
    while (at > top) {
        const int64_t parent = (at - 1) / 2;
        const int is_above = above(heap, at, parent, order);
        if (is_above < 0)
            return -1;
        if (!is_above)
            break;
        exchange(heap, at, parent);
        at = parent;
    }
    return 0;
}

/* Makes a heap of the part below top, whose two halves are heaps. */
static int settle(struct py_list *heap, int64_t top, enum order order)
{
    const int64_t size = heap->base.size;
    int64_t at = top;
    if (at >= size)
        return py_raise_int(&py_exc_IndexError, "index out of range");
    while (at < size / 2) {
        int64_t child = 2 * at + 1;
        if (child + 1 < size) {
            const int first = above(heap, child, child + 1, order);
            if (first < 0)
                return -1;
            child += !first;
        }
        exchange(heap, at, child);
        at = child;
    }
    return rise(heap, top, at, order);
}

static struct py_list *heap_argument(const char *function, size_t nargs, struct py_object *o)
{
    if (py_list_check(o))
        return (struct py_list *)o;
    return py_raise(&py_exc_TypeError, "%s() argument%s must be list, not %.50s", function,
                    nargs > 1 ? " 1" : "", o == PY_NONE ? "None" : o->type->name);
}

static struct py_object *make_heap(const char *function, struct py_object *o, enum order order)
{
    struct py_list *const heap = heap_argument(function, 1, o);
    if (!heap)
        return NULL;
    for (int64_t i = heap->base.size / 2; i-- > 0;)
        if (settle(heap, i, order) < 0)
            return NULL;
    return PY_NONE;
}

static struct py_object *pop(const char *function, struct py_object *o, enum order order)
{
    struct py_list *const heap = heap_argument(function, 1, o);
    if (!heap)
        return NULL;
    const int64_t last = heap->base.size - 1;
    if (last < 0)
        return py_raise(&py_exc_IndexError, "index out of range");
    struct py_object *top = py_newref(heap->items[0]);
    PY_HOLD(&top);
    exchange(heap, 0, last);
    if (py_list_set_slice(heap, last, last + 1, NULL) < 0 ||
        (last > 0 && settle(heap, 0, order) < 0))
        py_clear(top);
    return top;
}

static struct py_object *replace(const char *function, struct py_object *const *args,
                                 enum order order)
{
    struct py_list *const heap = heap_argument(function, 2, args[0]);
    if (!heap)
        return NULL;
    if (heap->base.size == 0)
        return py_raise(&py_exc_IndexError, "index out of range");
    struct py_object *top = heap->items[0];
    heap->items[0] = py_newref(args[1]);
    PY_HOLD(&top);
    if (settle(heap, 0, order) < 0)
        py_clear(top);
    return top;
}

METHOD(heappush)
{
    UNUSED;
    struct py_list *const heap = heap_argument("heappush", 2, args[0]);
    if (!heap || py_list_append(heap, args[1]) < 0 ||
        rise(heap, 0, heap->base.size - 1, SMALLEST_FIRST) < 0)
        return NULL;
    return PY_NONE;
}

METHOD(heappushpop)
{
    UNUSED;
    struct py_list *const heap = heap_argument("heappushpop", 2, args[0]);
    if (!heap)
        return NULL;
    if (heap->base.size == 0)
        return py_newref(args[1]);
    struct py_object *top = py_newref(heap->items[0]);
    PY_HOLD(&top);
    int less = py_quick_less(top, args[1]);
    if (less < 0)
        less = py_richcompare_bool(top, args[1], PY_LT);
    py_clear(top);
    if (less < 0)
        return NULL;
    return less ? replace("heappushpop", args, SMALLEST_FIRST) : py_newref(args[1]);
}

METHOD(heappop)
{
    UNUSED;
    return pop("heappop", args[0], SMALLEST_FIRST);
}

METHOD(heapreplace)
{
    UNUSED;
    return replace("heapreplace", args, SMALLEST_FIRST);
}

METHOD(heapify)
{
    UNUSED;
    return make_heap("heapify", args[0], SMALLEST_FIRST);
}

METHOD(heappop_max)
{
    UNUSED;
    return pop("_heappop_max", args[0], LARGEST_FIRST);
}

METHOD(heapreplace_max)
{
    UNUSED;
    return replace("_heapreplace_max", args, LARGEST_FIRST);
}

METHOD(heapify_max)
{
    UNUSED;
    return make_heap("_heapify_max", args[0], LARGEST_FIRST);
}

#define ROW(text, function, count, words)                                                         \
    {                                                                                             \
        .name = text, .fn = function, .min_args = count, .max_args = count,                       \
        .signature = count == 1 ? "($module, heap, /)" : "($module, heap, item, /)", .doc = words \
    }
static const struct py_method_def functions[] = {
    ROW("heappush", heappush, 2, "Put an item into the heap."),
    ROW("heappushpop", heappushpop, 2, "Put an item into the heap, then take the smallest out."),
    ROW("heappop", heappop, 1, "Take the smallest item out of the heap."),
    ROW("heapreplace", heapreplace, 2, "Take the smallest item out, then put another in."),
    ROW("heapify", heapify, 1, "Make a heap of a list, in place, in linear time."),
    ROW("_heappop_max", heappop_max, 1, "heappop of a heap whose largest item is first."),
    ROW("_heapify_max", heapify_max, 1, "heapify, the largest item first."),
    ROW("_heapreplace_max", heapreplace_max, 2,
        "heapreplace of a heap whose largest item is first."),
    {.name = NULL},
};

struct py_module *py_mod__heapq_init(void); /* modules.def */

struct py_module *py_mod__heapq_init(void)
{
    struct py_module *const m = py_module_new("_heapq", "Lists kept as heaps.");
    if (!m || py_module_add_methods(m, functions) < 0 ||
        py_module_add_steal(m, "__about__",
                            PY_OBJ(py_str_from_cstr("A heap is a list in which no item is "
                                                    "greater than the two below it."))) < 0) {
        py_xdecref(m);
        return NULL;
    }
    return m;
}
