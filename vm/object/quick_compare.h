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
int py_items_equal(struct py_object *a, struct py_object *b);

#endif
