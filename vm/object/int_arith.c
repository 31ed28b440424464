/* int: addition to power, with Python's meaning of division.
 *
 * Compact operands (one limb, magnitude below 2^63) take a machine-word path first; the rest goes
 * to GMP. mpn works on the operands' limbs and an int_buf; where a function exists only as mpz
 * (power, modular power, inverse, gcd) the operands are lent as read-only mpz views.
 *
 * GMP aborts the process when it cannot allocate, so results that cannot fit are refused before
 * (INT_MAX_BITS): a program that computes 2 ** 10 ** 12 gets MemoryError.
 *
 * Floor division rounds towards minus infinity and the remainder takes the divisor's sign; true
 * division is correctly rounded for operands of any size.
 */
#include <math.h>
#include <string.h>

#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/int_impl.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

#define INT_MAX_BITS ((uint64_t)1 << 37)

#define BOTH_INTS_OR_NOT_IMPLEMENTED(a, b)        \
    do {                                          \
        if (!py_int_check(a) || !py_int_check(b)) \
            return PY_NOT_IMPLEMENTED;            \
    } while (0)

/* Addition and subtraction. */

static struct py_object *magnitude_add(struct py_object *a, struct py_object *b, bool negative)
{
    if (int_limb_count(a) < int_limb_count(b)) {
        struct py_object *swap = a;
        a = b;
        b = swap;
    }
    const uint64_t n = int_limb_count(a);
    INT_BUF(sum);
    if (int_buf_get(&sum, n + 1) < 0)
        return NULL;
    sum.p[n] =
        mpn_add(MPN(sum.p), int_mag(a), (mp_size_t)n, int_mag(b), (mp_size_t)int_limb_count(b));
    return int_from_limbs(sum.p, n + 1, negative);
}

/* |a| - |b|, negated if negative. */
static struct py_object *magnitude_sub(struct py_object *a, struct py_object *b, bool negative)
{
    uint64_t na = int_limb_count(a), nb = int_limb_count(b);
    const int order =
        na != nb ? (na < nb ? -1 : 1) : mpn_cmp(int_mag(a), int_mag(b), (mp_size_t)na);
    if (order == 0)
        return py_int_from_i64(0);
    if (order < 0) {
        struct py_object *swap = a;
        a = b;
        b = swap;
        na = int_limb_count(a);
        nb = int_limb_count(b);
        negative = !negative;
    }
    INT_BUF(difference);
    if (int_buf_get(&difference, na) < 0)
        return NULL;
    if (nb == 0)
        memcpy(difference.p, int_mag(a), na * sizeof(uint64_t));
    else
        mpn_sub(MPN(difference.p), int_mag(a), (mp_size_t)na, int_mag(b), (mp_size_t)nb);
    return int_from_limbs(difference.p, na, negative);
}

struct py_object *py_int_add(struct py_object *a, struct py_object *b)
{
    int64_t sum;
    if (py_int_is_compact(a) && py_int_is_compact(b) &&
        !__builtin_add_overflow(py_int_compact_value(a), py_int_compact_value(b), &sum))
        return py_int_from_i64(sum);
    if (int_limb_count(a) == 0)
        return int_exact(b);
    if (int_limb_count(b) == 0)
        return int_exact(a);
    if (int_is_negative(a) == int_is_negative(b))
        return magnitude_add(a, b, int_is_negative(a));
    return magnitude_sub(a, b, int_is_negative(a));
}

struct py_object *py_int_sub(struct py_object *a, struct py_object *b)
{
    int64_t difference;
    if (py_int_is_compact(a) && py_int_is_compact(b) &&
        !__builtin_sub_overflow(py_int_compact_value(a), py_int_compact_value(b), &difference))
        return py_int_from_i64(difference);
    if (int_limb_count(b) == 0)
        return int_exact(a);
    if (int_limb_count(a) == 0)
        return int_negate(b);
    if (int_is_negative(a) != int_is_negative(b))
        return magnitude_add(a, b, int_is_negative(a));
    return magnitude_sub(a, b, int_is_negative(a));
}

struct py_object *int_negate(struct py_object *a)
{
    return int_from_limbs(int_of(a)->limbs, int_limb_count(a), !int_is_negative(a));
}

/* Multiplication. */

struct py_object *py_int_mul(struct py_object *a, struct py_object *b)
{
    int64_t small;
    if (py_int_is_compact(a) && py_int_is_compact(b) &&
        !__builtin_mul_overflow(py_int_compact_value(a), py_int_compact_value(b), &small))
        return py_int_from_i64(small);
    const bool negative = int_is_negative(a) != int_is_negative(b);
    if (int_limb_count(a) < int_limb_count(b)) {
        struct py_object *swap = a;
        a = b;
        b = swap;
    }
    const uint64_t na = int_limb_count(a), nb = int_limb_count(b);
    if (nb == 0)
        return py_int_from_i64(0);
    INT_BUF(product);
    if (int_buf_get(&product, na + nb) < 0)
        return NULL;
    if (a == b)
        mpn_sqr(MPN(product.p), int_mag(a), (mp_size_t)na);
    else
        mpn_mul(MPN(product.p), int_mag(a), (mp_size_t)na, int_mag(b), (mp_size_t)nb);
    return int_from_limbs(product.p, na + nb, negative);
}

/* Division. */

static int divmod_compact(int64_t a, int64_t b, struct py_object **quotient,
                          struct py_object **remainder)
{
    int64_t q = a / b, r = a % b;
    if (r != 0 && (r < 0) != (b < 0)) {
        q--;
        r += b;
    }
    if (quotient && !(*quotient = py_int_from_i64(q)))
        return -1;
    if (remainder && !(*remainder = py_int_from_i64(r))) {
        if (quotient)
            py_clear(*quotient);
        return -1;
    }
    return 0;
}

/* The truncated quotient and remainder in q (na - nb + 1 limbs) and r (nb limbs), corrected to
 * floor when the signs differ and something is left over. */
static int divmod_limbs(struct py_object *a, struct py_object *b, struct py_object **quotient,
                        struct py_object **remainder)
{
    const uint64_t na = int_limb_count(a), nb = int_limb_count(b);
    const bool differ = int_is_negative(a) != int_is_negative(b);
    INT_BUF(q);
    INT_BUF(r);
    if (int_buf_get(&q, na - nb + 2) < 0 || int_buf_get(&r, nb) < 0)
        return -1;
    mpn_tdiv_qr(MPN(q.p), MPN(r.p), 0, int_mag(a), (mp_size_t)na, int_mag(b), (mp_size_t)nb);
    q.p[na - nb + 1] = 0;
    if (differ && !mpn_zero_p(MPN(r.p), (mp_size_t)nb)) {
        mpn_add_1(MPN(q.p), MPN(q.p), (mp_size_t)(na - nb + 2), 1);
        mpn_sub_n(MPN(r.p), int_mag(b), MPN(r.p), (mp_size_t)nb);
    }
    if (quotient && !(*quotient = int_from_limbs(q.p, na - nb + 2, differ)))
        return -1;
    if (remainder && !(*remainder = int_from_limbs(r.p, nb, int_is_negative(b)))) {
        if (quotient)
            py_clear(*quotient);
        return -1;
    }
    return 0;
}

/* |a| < |b|: the quotient is 0 or -1. */
static int divmod_short(struct py_object *a, struct py_object *b, struct py_object **quotient,
                        struct py_object **remainder)
{
    const bool below = int_limb_count(a) && int_is_negative(a) != int_is_negative(b);
    if (remainder && !(*remainder = below ? py_int_add(a, b) : int_exact(a)))
        return -1;
    if (quotient)
        *quotient = py_int_from_i64(below ? -1 : 0);
    return 0;
}

int int_divmod(struct py_object *a, struct py_object *b, struct py_object **quotient,
               struct py_object **remainder)
{
    if (py_int_is_compact(a) && py_int_is_compact(b))
        return divmod_compact(py_int_compact_value(a), py_int_compact_value(b), quotient,
                              remainder);
    if (int_limb_count(a) < int_limb_count(b))
        return divmod_short(a, b, quotient, remainder);
    return divmod_limbs(a, b, quotient, remainder);
}

/* Both operands are doubles exactly: one correctly rounded machine division does it. */
static bool fits_double(const struct py_object *o)
{
    return int_limb_count(o) <= 1 &&
           (int_limb_count(o) == 0 || int_of(o)->limbs[0] <= (uint64_t)1 << 53);
}

/* Scales so that the integer quotient has 55 to 57 bits (fewer if the result is subnormal), which
 * leaves room for correct rounding; the remainder only says whether anything lies below. */
static int true_divide_limbs(struct py_object *a, struct py_object *b, double *result)
{
    const int64_t difference = (int64_t)py_int_bit_length(a) - (int64_t)py_int_bit_length(b);
    if (difference > 1024)
        return py_raise_int(&py_exc_OverflowError, "integer division result too large for a float");
    if (difference < -1076) {
        *result = 0.0;
        return 0;
    }
    int64_t shift = difference - 55; /* quotient ~ 2^55..2^56, times 2^shift */
    if (shift < -1076)
        shift = -1076;
    mpz_t va, vb, num, den, q, r;
    int_view_mpz(va, a);
    int_view_mpz(vb, b);
    mpz_inits(num, den, q, r, NULL);
    mpz_abs(num, va);
    mpz_abs(den, vb);
    if (shift < 0)
        mpz_mul_2exp(num, num, (mp_bitcnt_t)-shift);
    else
        mpz_mul_2exp(den, den, (mp_bitcnt_t)shift);
    mpz_tdiv_qr(q, r, num, den);
    uint64_t quotient = mpz_size(q) ? mpz_getlimbn(q, 0) : 0;
    const bool sticky = mpz_sgn(r) != 0;
    mpz_clears(num, den, q, r, NULL);
    /* Bits to drop so that at most 53 stay and none is below 2^-1074. */
    const int bits = quotient ? 64 - __builtin_clzll(quotient) : 0;
    int drop = bits > 53 ? bits - 53 : 0;
    if (shift + drop < -1074)
        drop = (int)(-1074 - shift);
    if (drop > 0) {
        const uint64_t half = (uint64_t)1 << (drop - 1), rest = quotient & (2 * half - 1);
        quotient >>= drop;
        if (rest > half || (rest == half && (sticky || (quotient & 1))))
            quotient++;
    }
    *result = ldexp((double)quotient, (int)shift + drop);
    if (isinf(*result))
        return py_raise_int(&py_exc_OverflowError, "integer division result too large for a float");
    return 0;
}

struct py_object *int_true_divide(struct py_object *a, struct py_object *b)
{
    if (int_limb_count(b) == 0)
        return py_raise(&py_exc_ZeroDivisionError, "division by zero");
    const bool negative = int_is_negative(a) != int_is_negative(b);
    double result = 0.0;
    if (fits_double(a) && fits_double(b)) {
        const double x = int_limb_count(a) ? (double)int_of(a)->limbs[0] : 0.0;
        result = x / (double)int_of(b)->limbs[0];
        /* 0 / -5 is -0.0 in CPython as well. */
    } else if (int_limb_count(a) && true_divide_limbs(a, b, &result) < 0) {
        return NULL;
    }
    return py_float_from(negative ? -result : result);
}

/* Power. */

static struct py_object *power_of_floats(struct py_object *a, struct py_object *b)
{
    struct py_object *x = py_float_from(py_int_as_double(a));
    struct py_object *y = x && !py_error_occurred() ? py_float_from(py_int_as_double(b)) : NULL;
    struct py_object *result = NULL;
    if (x && y && !py_error_occurred())
        result = py_float_type.binary[PY_NB_POW](x, y);
    py_xdecref(x);
    py_xdecref(y);
    return result;
}

static struct py_object *power_compact(uint64_t base, uint64_t exponent, bool negative)
{
    uint64_t result = 1;
    for (;;) {
        if ((exponent & 1) && __builtin_mul_overflow(result, base, &result))
            return NULL;
        exponent >>= 1;
        if (!exponent)
            break;
        if (__builtin_mul_overflow(base, base, &base))
            return NULL;
    }
    return int_from_limbs(&result, 1, negative);
}

static struct py_object *power_plain(struct py_object *a, struct py_object *b)
{
    if (int_is_negative(b))
        return power_of_floats(a, b);
    const bool odd = int_limb_count(b) && (int_of(b)->limbs[0] & 1);
    const bool negative = odd && int_is_negative(a);
    const uint64_t bits = py_int_bit_length(a);
    if (int_limb_count(b) == 0)
        return py_int_from_i64(1);
    if (bits <= 1) /* 0, 1 and -1 */
        return py_int_from_i64(bits == 0 ? 0 : negative ? -1 : 1);
    const uint64_t exponent = int_of(b)->limbs[0];
    if (int_limb_count(b) > 1 || exponent > INT_MAX_BITS / (bits - 1))
        return py_raise_no_memory();
    if (int_limb_count(a) == 1) {
        struct py_object *fast = power_compact(int_of(a)->limbs[0], exponent, negative);
        if (fast || py_error_occurred())
            return fast;
    }
    mpz_t va, z;
    int_view_mpz(va, a);
    mpz_init(z);
    mpz_pow_ui(z, va, exponent);
    struct py_object *result = int_from_mpz(z);
    mpz_clear(z);
    return result;
}

static struct py_object *power_modular(struct py_object *a, struct py_object *b,
                                       struct py_object *mod)
{
    if (int_limb_count(mod) == 0)
        return py_raise(&py_exc_ValueError, "pow() 3rd argument cannot be 0");
    mpz_t va, vb, vm, m, base, exponent;
    int_view_mpz(va, a);
    int_view_mpz(vb, b);
    int_view_mpz(vm, mod);
    mpz_inits(m, base, exponent, NULL);
    mpz_abs(m, vm);
    mpz_abs(exponent, vb);
    mpz_mod(base, va, m);
    struct py_object *result = NULL;
    if (int_is_negative(b) && mpz_cmp_ui(m, 1) != 0 && !mpz_invert(base, base, m)) {
        py_raise(&py_exc_ValueError, "base is not invertible for the given modulus");
    } else {
        mpz_powm(base, base, exponent, m);
        if (int_is_negative(mod) && mpz_sgn(base) != 0)
            mpz_sub(base, base, m);
        result = int_from_mpz(base);
    }
    mpz_clears(m, base, exponent, NULL);
    return result;
}

struct py_object *int_power(struct py_object *a, struct py_object *b, struct py_object *mod)
{
    return mod ? power_modular(a, b, mod) : power_plain(a, b);
}

struct py_object *py_int_gcd(struct py_object *a, struct py_object *b)
{
    if (py_int_is_compact(a) && py_int_is_compact(b)) {
        int64_t x = py_int_compact_value(a), y = py_int_compact_value(b);
        while (y) {
            const int64_t r = x % y;
            x = y;
            y = r;
        }
        return py_int_from_i64(x < 0 ? -x : x);
    }
    mpz_t va, vb, g;
    int_view_mpz(va, a);
    int_view_mpz(vb, b);
    mpz_init(g);
    mpz_gcd(g, va, vb);
    struct py_object *result = int_from_mpz(g);
    mpz_clear(g);
    return result;
}

struct py_object *py_int_divmod(struct py_object *a, struct py_object *b)
{
    if (int_limb_count(b) == 0)
        return py_raise(&py_exc_ZeroDivisionError, "integer division or modulo by zero");
    struct py_object *pair[2];
    if (int_divmod(a, b, &pair[0], &pair[1]) < 0)
        return NULL;
    return PY_OBJ(py_tuple_from_array_steal(pair, 2));
}

/* Slots. */

struct py_object *int_slot_add(struct py_object *a, struct py_object *b)
{
    BOTH_INTS_OR_NOT_IMPLEMENTED(a, b);
    return py_int_add(a, b);
}

struct py_object *int_slot_sub(struct py_object *a, struct py_object *b)
{
    BOTH_INTS_OR_NOT_IMPLEMENTED(a, b);
    return py_int_sub(a, b);
}

struct py_object *int_slot_mul(struct py_object *a, struct py_object *b)
{
    BOTH_INTS_OR_NOT_IMPLEMENTED(a, b);
    return py_int_mul(a, b);
}

struct py_object *int_slot_truediv(struct py_object *a, struct py_object *b)
{
    BOTH_INTS_OR_NOT_IMPLEMENTED(a, b);
    return int_true_divide(a, b);
}

struct py_object *int_slot_floordiv(struct py_object *a, struct py_object *b)
{
    BOTH_INTS_OR_NOT_IMPLEMENTED(a, b);
    if (int_limb_count(b) == 0)
        return py_raise(&py_exc_ZeroDivisionError, "integer division or modulo by zero");
    struct py_object *quotient = NULL;
    int_divmod(a, b, &quotient, NULL);
    return quotient;
}

struct py_object *int_slot_mod(struct py_object *a, struct py_object *b)
{
    BOTH_INTS_OR_NOT_IMPLEMENTED(a, b);
    if (int_limb_count(b) == 0)
        return py_raise(&py_exc_ZeroDivisionError, "integer modulo by zero");
    struct py_object *remainder = NULL;
    int_divmod(a, b, NULL, &remainder);
    return remainder;
}

struct py_object *int_slot_divmod(struct py_object *a, struct py_object *b)
{
    BOTH_INTS_OR_NOT_IMPLEMENTED(a, b);
    return py_int_divmod(a, b);
}

struct py_object *int_slot_pow(struct py_object *a, struct py_object *b)
{
    BOTH_INTS_OR_NOT_IMPLEMENTED(a, b);
    return power_plain(a, b);
}

struct py_object *int_slot_pow3(struct py_object *a, struct py_object *b, struct py_object *mod)
{
    BOTH_INTS_OR_NOT_IMPLEMENTED(a, b);
    if (mod == PY_NONE)
        return power_plain(a, b);
    if (!py_int_check(mod))
        return PY_NOT_IMPLEMENTED;
    return power_modular(a, b, mod);
}

struct py_object *int_slot_neg(struct py_object *a)
{
    return int_negate(a);
}

struct py_object *int_slot_pos(struct py_object *a)
{
    return int_exact(a);
}

struct py_object *int_slot_abs(struct py_object *a)
{
    return int_is_negative(a) ? int_negate(a) : int_exact(a);
}
