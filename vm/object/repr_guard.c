/* The chain of containers being printed, and the comparison of items that nobody else keeps alive:
 * two small services every container uses. A chain is searched linearly; it is as long as the
 * nesting of what is printed, which py_repr bounds. */
#include "vm/object/repr_guard.h"

#include "vm/object/quick_compare.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/thread.h"

static __thread struct py_repr_guard *innermost;

int py_repr_enter(struct py_repr_guard *guard, struct py_object *o)
{
    for (const struct py_repr_guard *g = innermost; g; g = g->prev)
        if (g->object == o)
            return 1;
    guard->prev = innermost;
    guard->object = o;
    innermost = guard;
    return 0;
}

void py_repr_leave(struct py_repr_guard *guard)
{
    innermost = guard->prev;
}

int py_items_equal_slow(struct py_object *a, struct py_object *b)
{
    struct py_object *pair[2] = {py_newref(a), py_newref(b)};
    PY_HOLD_N(pair, 2);
    const int result = py_richcompare_bool(a, b, PY_EQ);
    for (int i = 0; i < 2; i++)
        py_clear(pair[i]);
    return result;
}
