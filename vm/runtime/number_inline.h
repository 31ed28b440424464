/* Arithmetic of the loop's fast paths: ints of one limb and floats, without a call.
 *
 * Nothing here can run Python code. Functions that may fail to allocate return NULL with
 * MemoryError pending; "overflow" functions return true when the result does not fit and the
 * general operation must do it.
 *
 * The including loop defines NUMBER_TRACED: 1 when allocations must be announced, 2 when that is
 * done with the position in HOT that the loop keeps.
 */
#ifndef BRILLE_VM_RUNTIME_NUMBER_INLINE_H
#define BRILLE_VM_RUNTIME_NUMBER_INLINE_H

#ifndef NUMBER_TRACED
#define NUMBER_TRACED 1
#endif

#include <math.h>

#include "vm/memory/heap_inline.h"
#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/type.h"
#include "vm/runtime/error.h"

/* An int or float object without its value. The untraced loop leaves nothing of tracing here, and
 * passes no pc. */
static inline void *number_alloc(struct py_type *type, unsigned block_bytes, unsigned size_bytes,
                                 const uint64_t *pc, char *hot)
{
    struct py_object *const o = py_object_pop_plain(type, block_bytes);
#if NUMBER_TRACED
    if (PY_TRACING(PY_TRACE_ALLOC) && __builtin_expect(o != NULL, 1)) {
#if NUMBER_TRACED == 2
        probe_loop_alloc(hot, o, size_bytes, pc);
#else
        probe_alloc_at(o, size_bytes, probe_site(pc));
#endif
    }
#endif
    (void)size_bytes, (void)pc, (void)hot;
    return o;
}

static inline struct py_object *number_int(int64_t v, const uint64_t *pc, char *hot)
{
    if ((uint64_t)v - (uint64_t)PY_SMALL_MIN <= PY_SMALL_MAX - PY_SMALL_MIN)
        return PY_OBJ(&py_small_ints[v - PY_SMALL_MIN]);
    const uint64_t magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    struct py_int *const i = number_alloc(&py_int_type, sizeof(struct py_int) + sizeof(uint64_t),
                                          24 + (magnitude < 1u << 30            ? 4
                                                : magnitude < UINT64_C(1) << 60 ? 8
                                                                                : 12),
                                          pc, hot);
    if (__builtin_expect(!i, 0))
        return py_raise_no_memory();
    i->base.size = v < 0 ? -1 : 1;
    i->limbs[0] = magnitude;
    return PY_OBJ(i);
}

static inline struct py_object *number_float(double d, const uint64_t *pc, char *hot)
{
    struct py_float *const f =
        number_alloc(&py_float_type, sizeof(struct py_float), sizeof(struct py_float), pc, hot);
    if (__builtin_expect(!f, 0))
        return py_raise_no_memory();
    f->value = d;
    return PY_OBJ(f);
}

/* Both as doubles, if one is a float and the other a float or a small enough int. */
static inline bool number_doubles(struct py_object *a, struct py_object *b, double *x, double *y)
{
    if (a->type == &py_float_type) {
        *x = ((struct py_float *)a)->value;
        if (b->type == &py_float_type) {
            *y = ((struct py_float *)b)->value;
            return true;
        }
        if (b->type == &py_int_type && py_int_is_compact(b)) {
            *y = (double)py_int_compact_value(b);
            return true;
        }
        return false;
    }
    if (b->type == &py_float_type && a->type == &py_int_type && py_int_is_compact(a)) {
        *x = (double)py_int_compact_value(a);
        *y = ((struct py_float *)b)->value;
        return true;
    }
    return false;
}

static inline bool number_floordiv_overflow(int64_t a, int64_t b, int64_t *out)
{
    if (b == 0 || (b == -1 && a == INT64_MIN))
        return true;
    const int64_t q = a / b;
    *out = q - ((a % b != 0) & ((a ^ b) < 0));
    return false;
}

static inline bool number_mod_overflow(int64_t a, int64_t b, int64_t *out)
{
    if (b == 0 || b == -1)
        return true;
    const int64_t m = a % b;
    *out = m + ((m != 0 && (m ^ b) < 0) ? b : 0);
    return false;
}

/* Python's modulo: the sign of the divisor; b != 0. */
static inline double number_float_mod(double a, double b)
{
    double m = fmod(a, b);
    if (m) {
        if ((b < 0) != (m < 0))
            m += b;
    } else {
        m = copysign(0.0, b);
    }
    return m;
}

static inline double number_float_floordiv(double a, double b)
{
    double m = fmod(a, b);
    double q = (a - m) / b;
    if (m && (b < 0) != (m < 0))
        q -= 1.0;
    if (!q)
        return copysign(0.0, a / b);
    const double whole = floor(q);
    return q - whole > 0.5 ? whole + 1.0 : whole;
}

/* Bit operations and shifts that fit; false: do it the general way. */
static inline bool number_bitop(unsigned op, int64_t a, int64_t b, int64_t *out)
{
    switch (op) {
    case PY_NB_AND:
        *out = a & b;
        return true;
    case PY_NB_OR:
        *out = a | b;
        return true;
    case PY_NB_XOR:
        *out = a ^ b;
        return true;
    case PY_NB_LSHIFT:
        if (b < 0 || b > 62)
            return false;
        *out = (int64_t)((uint64_t)a << b);
        return (*out >> b) == a;
    case PY_NB_RSHIFT:
        if (b < 0)
            return false;
        *out = a >> (b > 63 ? 63 : b);
        return true;
    default:
        return false;
    }
}

static inline bool number_compare_int(int op, int64_t a, int64_t b)
{
    switch (op) {
    case PY_LT:
        return a < b;
    case PY_LE:
        return a <= b;
    case PY_EQ:
        return a == b;
    case PY_NE:
        return a != b;
    case PY_GT:
        return a > b;
    default:
        return a >= b;
    }
}

static inline bool number_compare_float(int op, double a, double b)
{
    switch (op) {
    case PY_LT:
        return a < b;
    case PY_LE:
        return a <= b;
    case PY_EQ:
        return a == b;
    case PY_NE:
        return a != b;
    case PY_GT:
        return a > b;
    default:
        return a >= b;
    }
}

#endif
