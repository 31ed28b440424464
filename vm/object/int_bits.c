/* int: shifts and bitwise operators, with the semantics of two's complement of endless width.
 *
 * Limbs hold a magnitude, so a negative operand is first written out as two's complement in one
 * limb more than the longer operand needs: then the sign is the top bit, the operator works limb by
 * limb, and a negative result is turned back. Right shift rounds towards minus infinity, as
 * floor division by a power of two does.
 */
#include <string.h>

#include "vm/object/int.h"
#include "vm/object/int_impl.h"
#include "vm/runtime/error.h"

/* Writes o as n limbs of two's complement; n > its own limbs. */
static void expand(const struct py_object *o, uint64_t *out, uint64_t n)
{
    const uint64_t own = int_limb_count(o);
    memcpy(out, int_of(o)->limbs, own * sizeof(uint64_t));
    memset(out + own, 0, (n - own) * sizeof(uint64_t));
    if (int_is_negative(o))
        mpn_neg(MPN(out), MPN(out), (mp_size_t)n);
}

static struct py_object *collapse(uint64_t *p, uint64_t n)
{
    const bool negative = p[n - 1] >> 63;
    if (negative)
        mpn_neg(MPN(p), MPN(p), (mp_size_t)n);
    return int_from_limbs(p, n, negative);
}

static struct py_object *bitwise(struct py_object *a, struct py_object *b, enum py_binary_op op)
{
    if (!py_int_check(a) || !py_int_check(b))
        return PY_NOT_IMPLEMENTED;
    if (py_int_is_compact(a) && py_int_is_compact(b)) {
        const int64_t x = py_int_compact_value(a), y = py_int_compact_value(b);
        return py_int_from_i64(op == PY_NB_AND ? (x & y) : op == PY_NB_OR ? (x | y) : (x ^ y));
    }
    const uint64_t na = int_limb_count(a), nb = int_limb_count(b), n = (na > nb ? na : nb) + 1;
    INT_BUF(x);
    INT_BUF(y);
    if (int_buf_get(&x, n) < 0 || int_buf_get(&y, n) < 0)
        return NULL;
    expand(a, x.p, n);
    expand(b, y.p, n);
    if (op == PY_NB_AND)
        mpn_and_n(MPN(x.p), MPN(x.p), MPN(y.p), (mp_size_t)n);
    else if (op == PY_NB_OR)
        mpn_ior_n(MPN(x.p), MPN(x.p), MPN(y.p), (mp_size_t)n);
    else
        mpn_xor_n(MPN(x.p), MPN(x.p), MPN(y.p), (mp_size_t)n);
    return collapse(x.p, n);
}

struct py_object *int_slot_and(struct py_object *a, struct py_object *b)
{
    return bitwise(a, b, PY_NB_AND);
}

struct py_object *int_slot_or(struct py_object *a, struct py_object *b)
{
    return bitwise(a, b, PY_NB_OR);
}

struct py_object *int_slot_xor(struct py_object *a, struct py_object *b)
{
    return bitwise(a, b, PY_NB_XOR);
}

/* ~a == -a - 1. */
struct py_object *int_slot_invert(struct py_object *a)
{
    if (py_int_is_compact(a))
        return py_int_from_i64(~py_int_compact_value(a));
    struct py_object *negated = int_negate(a);
    if (!negated)
        return NULL;
    struct py_object *one = PY_OBJ(&py_small_ints[1 - PY_SMALL_MIN]);
    struct py_object *result = py_int_sub(negated, one);
    py_decref(negated);
    return result;
}

struct py_object *int_lshift_bits(struct py_object *a, uint64_t bits)
{
    const uint64_t n = int_limb_count(a), words = bits / 64;
    if (n == 0)
        return py_int_from_i64(0);
    if (n == 1 && bits < 64 && (uint64_t)__builtin_clzll(int_of(a)->limbs[0]) >= bits) {
        const uint64_t shifted = int_of(a)->limbs[0] << bits;
        return int_from_limbs(&shifted, 1, int_is_negative(a));
    }
    INT_BUF(out);
    if (int_buf_get(&out, n + words + 1) < 0)
        return NULL;
    memset(out.p, 0, words * sizeof(uint64_t));
    out.p[n + words] = 0;
    if (bits % 64)
        out.p[n + words] =
            mpn_lshift(MPN(out.p + words), int_mag(a), (mp_size_t)n, (unsigned)(bits % 64));
    else
        memcpy(out.p + words, int_of(a)->limbs, n * sizeof(uint64_t));
    return int_from_limbs(out.p, n + words + 1, int_is_negative(a));
}

struct py_object *int_rshift_bits(struct py_object *a, uint64_t bits)
{
    const uint64_t n = int_limb_count(a), words = bits / 64;
    if (py_int_is_compact(a))
        return py_int_from_i64(py_int_compact_value(a) >> (bits < 63 ? bits : 63));
    if (words >= n)
        return py_int_from_i64(int_is_negative(a) ? -1 : 0);
    INT_BUF(out);
    if (int_buf_get(&out, n - words + 1) < 0)
        return NULL;
    bool lost = words > 0 && !mpn_zero_p(int_mag(a), (mp_size_t)words);
    if (bits % 64)
        lost |= mpn_rshift(MPN(out.p), int_mag(a) + words, (mp_size_t)(n - words),
                           (unsigned)(bits % 64)) != 0;
    else
        memcpy(out.p, int_of(a)->limbs + words, (n - words) * sizeof(uint64_t));
    out.p[n - words] = 0;
    if (int_is_negative(a) && lost)
        mpn_add_1(MPN(out.p), MPN(out.p), (mp_size_t)(n - words + 1), 1);
    return int_from_limbs(out.p, n - words + 1, int_is_negative(a));
}

/* The number of bits to shift by: 0, or -1 with ValueError for a negative one. *bits saturates. */
static int shift_count(struct py_object *b, uint64_t *bits)
{
    if (int_is_negative(b))
        return py_raise_int(&py_exc_ValueError, "negative shift count");
    const uint64_t n = int_limb_count(b);
    *bits = n == 0 ? 0 : n == 1 ? int_of(b)->limbs[0] : UINT64_MAX;
    return 0;
}

struct py_object *int_slot_lshift(struct py_object *a, struct py_object *b)
{
    if (!py_int_check(a) || !py_int_check(b))
        return PY_NOT_IMPLEMENTED;
    uint64_t bits = 0;
    if (shift_count(b, &bits) < 0)
        return NULL;
    if (int_limb_count(a) == 0)
        return py_int_from_i64(0);
    if (bits > (uint64_t)INT64_MAX)
        return py_raise(&py_exc_OverflowError, "too many digits in integer");
    if (bits > (uint64_t)1 << 40)
        return py_raise_no_memory();
    return int_lshift_bits(a, bits);
}

struct py_object *int_slot_rshift(struct py_object *a, struct py_object *b)
{
    if (!py_int_check(a) || !py_int_check(b))
        return PY_NOT_IMPLEMENTED;
    uint64_t bits = 0;
    if (shift_count(b, &bits) < 0)
        return NULL;
    return int_rshift_bits(a, bits);
}
