/* Comparison of values whose types answer without running Python code.
 *
 * Containers compare items all the time, and most items are str, int or float. These inline
 * functions decide such pairs at once; for everything else they answer PY_QUICK_UNKNOWN, and the
 * caller takes references, registers them and asks py_richcompare. Identity counts as equality, as
 * it does in every built-in container.
 */
#ifndef BRILLE_VM_OBJECT_QUICK_COMPARE_H
#define BRILLE_VM_OBJECT_QUICK_COMPARE_H

#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/object.h"
#include "vm/object/str.h"

#define PY_QUICK_UNKNOWN (-2)

/* 1 equal, 0 different, PY_QUICK_UNKNOWN. */
static inline int py_quick_equal(struct py_object *a, struct py_object *b)
{
    if (a == b)
        return 1;
    if (a->type != b->type)
        return PY_QUICK_UNKNOWN;
    if (a->type == &py_str_type)
        return py_str_equal((struct py_str *)a, (struct py_str *)b);
    if (a->type == &py_int_type) {
        if (py_int_is_compact(a) && py_int_is_compact(b))
            return py_int_compact_value(a) == py_int_compact_value(b);
        return py_int_compare(a, b) == 0;
    }
    if (a->type == &py_float_type)
        return ((struct py_float *)a)->value == ((struct py_float *)b)->value;
    return PY_QUICK_UNKNOWN;
}

/* a < b: 1, 0, PY_QUICK_UNKNOWN. */
static inline int py_quick_less(struct py_object *a, struct py_object *b)
{
    if (a->type != b->type)
        return PY_QUICK_UNKNOWN;
    if (a->type == &py_int_type) {
        if (py_int_is_compact(a) && py_int_is_compact(b))
            return py_int_compact_value(a) < py_int_compact_value(b);
        return py_int_compare(a, b) < 0;
    }
    if (a->type == &py_str_type)
        return py_str_compare((struct py_str *)a, (struct py_str *)b) < 0;
    if (a->type == &py_float_type)
        return ((struct py_float *)a)->value < ((struct py_float *)b)->value;
    return PY_QUICK_UNKNOWN;
}

/* a op b of two that are not equal, op an order: 1, 0, PY_QUICK_UNKNOWN. "Or equal" then makes no
 * difference, not even to a NaN. */
static inline int py_quick_order(struct py_object *a, struct py_object *b, int op)
{
    return op == PY_LT || op == PY_LE ? py_quick_less(a, b) : py_quick_less(b, a);
}

/* hash(o) for the keys that most tables have; -1: ask py_hash. */
static inline int64_t py_quick_hash(const struct py_object *o)
{
    if (o->type == &py_str_type)
        return ((const struct py_str *)o)->hash;
    if (o->type == &py_int_type && py_int_is_compact(o)) {
        const int64_t v = py_int_compact_value(o);
        const int64_t modulus = ((int64_t)1 << 61) - 1;
        if (v > -modulus && v < modulus)
            return v == -1 ? -2 : v;
    }
    return -1;
}

/* True where op holds between two things whose three-way comparison is c (-1, 0, 1). */
static inline bool py_compare_result(int c, int op)
{
    switch (op) {
    case PY_LT:
        return c < 0;
    case PY_LE:
        return c <= 0;
    case PY_EQ:
        return c == 0;
    case PY_NE:
        return c != 0;
    case PY_GT:
        return c > 0;
    default:
        return c >= 0;
    }
}

/* Equality of two items that Python code could take away meanwhile: 1, 0, -1. */
int py_items_equal_slow(struct py_object *a, struct py_object *b);
static inline int py_items_equal(struct py_object *a, struct py_object *b)
{
    const int quick = py_quick_equal(a, b);
    return quick >= 0 ? quick : py_items_equal_slow(a, b);
}

/* Copies n owned references: new ones. The loop does not look at the trace flag each time. */
static inline void py_copy_refs(struct py_object **to, struct py_object *const *from, int64_t n)
{
    if (PY_TRACING(PY_TRACE_REFCOUNT)) {
        for (int64_t i = 0; i < n; i++)
            to[i] = py_newref(from[i]);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        struct py_object *const o = from[i];
        const uint32_t count = o->refcnt;
        to[i] = o;
        if ((int32_t)count >= 0)
            o->refcnt = count + 1;
    }
}

/* Drops the items of a dying list or tuple, last first. An item's place is empty before the item
 * dies, so that whoever looks meanwhile sees only what is still owned; the number of places stays,
 * because a tuple's size depends on it and the tracer was told that size. */
static inline void py_drop_refs(struct py_object **items, int64_t size)
{
    int64_t i = size;
    while (i-- > 0) {
        struct py_object *const o = items[i];
        items[i] = NULL;
        if (!o || (int32_t)o->refcnt < 0)
            continue;
        if (o->refcnt > 1 && !PY_TRACING(PY_TRACE_REFCOUNT))
            o->refcnt--;
        else
            py_decref(o); /* which may run Python code, and tracing begin or end */
    }
}

#endif
