/* What the files of int share and nobody else needs: scratch limbs, magnitudes, results.
 *
 * Arithmetic computes into an int_buf (on the C stack up to INT_BUF_INLINE limbs) and makes the
 * object from the normalised result, so that the size announced at birth is the final one and a
 * failed operation leaves no object behind.
 */
#ifndef BRILLE_VM_OBJECT_INT_IMPL_H
#define BRILLE_VM_OBJECT_INT_IMPL_H

#include <gmp.h>

#include "vm/object/int.h"

_Static_assert(sizeof(mp_limb_t) == sizeof(uint64_t), "limbs are GMP's");

#define INT_BUF_INLINE 24
struct int_buf {
    uint64_t *p;
    uint64_t local[INT_BUF_INLINE];
};
int int_buf_get_large(struct int_buf *b, uint64_t n);
void int_buf_release_large(struct int_buf *b);
/* n limbs, uninitialised; MemoryError and -1 on failure. */
static inline int int_buf_get(struct int_buf *b, uint64_t n)
{
    b->p = b->local;
    return n <= INT_BUF_INLINE ? 0 : int_buf_get_large(b, n);
}
static inline void int_buf_release(struct int_buf *b)
{
    if (b->p && b->p != b->local)
        int_buf_release_large(b);
}
/* A scratch variable of this scope. Its limbs are not initialised: that would cost more than
 * adding. */
#define INT_BUF(name)                                              \
    __attribute__((cleanup(int_buf_release))) struct int_buf name; \
    name.p = NULL

static inline const struct py_int *int_of(const struct py_object *o)
{
    return (const struct py_int *)o;
}
static inline uint64_t int_limb_count(const struct py_object *o)
{
    const int64_t n = int_of(o)->base.size;
    return (uint64_t)(n < 0 ? -n : n);
}
static inline bool int_is_negative(const struct py_object *o)
{
    return int_of(o)->base.size < 0;
}
static inline const mp_limb_t *int_mag(const struct py_object *o)
{
    return (const mp_limb_t *)int_of(o)->limbs;
}
#define MPN(p) ((mp_limb_t *)(p))

/* A new int from a magnitude that need not be normalised. */
struct py_object *int_from_limbs(const uint64_t *p, uint64_t n, bool negative);
/* From an mpz, which stays the caller's. */
struct py_object *int_from_mpz(const mpz_t z);
/* A read-only mpz view of o; never clear it. */
static inline void int_view_mpz(mpz_t z, const struct py_object *o)
{
    mpz_roinit_n(z, int_mag(o), (mp_size_t)int_of(o)->base.size);
}
/* Decimal digits of m, written so that they end at end; returns the first. At most 20. */
char *int_write_decimal(char *end, uint64_t m);
/* Bytes that sys.getsizeof reports for a magnitude of this many bits. */
static inline uint64_t int_size_bytes(uint64_t bits)
{
    return 24 + 4 * (bits ? (bits + 29) / 30 : 1);
}
/* |o| == mantissa * 2^exponent, mantissa correctly rounded into [0.5, 1); 0 for zero. */
double int_frexp(const struct py_object *o, int64_t *exponent);

/* An int of exact type int with the value of o (o itself when it is one). New. */
struct py_object *int_exact(struct py_object *o);

/* Floor division and modulo of any two ints, divisor not zero; outputs may be NULL. New. */
int int_divmod(struct py_object *a, struct py_object *b, struct py_object **quotient,
               struct py_object **remainder);
struct py_object *int_lshift_bits(struct py_object *a, uint64_t bits);
struct py_object *int_rshift_bits(struct py_object *a, uint64_t bits);
struct py_object *int_true_divide(struct py_object *a, struct py_object *b);
struct py_object *int_power(struct py_object *a, struct py_object *b, struct py_object *mod);
struct py_object *int_negate(struct py_object *a);

/* The slots, set in int.c. */
struct py_object *int_slot_add(struct py_object *a, struct py_object *b);
struct py_object *int_slot_sub(struct py_object *a, struct py_object *b);
struct py_object *int_slot_mul(struct py_object *a, struct py_object *b);
struct py_object *int_slot_truediv(struct py_object *a, struct py_object *b);
struct py_object *int_slot_floordiv(struct py_object *a, struct py_object *b);
struct py_object *int_slot_mod(struct py_object *a, struct py_object *b);
struct py_object *int_slot_divmod(struct py_object *a, struct py_object *b);
struct py_object *int_slot_pow(struct py_object *a, struct py_object *b);
struct py_object *int_slot_pow3(struct py_object *a, struct py_object *b, struct py_object *mod);
struct py_object *int_slot_lshift(struct py_object *a, struct py_object *b);
struct py_object *int_slot_rshift(struct py_object *a, struct py_object *b);
struct py_object *int_slot_and(struct py_object *a, struct py_object *b);
struct py_object *int_slot_or(struct py_object *a, struct py_object *b);
struct py_object *int_slot_xor(struct py_object *a, struct py_object *b);
struct py_object *int_slot_neg(struct py_object *a);
struct py_object *int_slot_pos(struct py_object *a);
struct py_object *int_slot_abs(struct py_object *a);
struct py_object *int_slot_invert(struct py_object *a);
struct py_object *int_slot_repr(struct py_object *o);
/* int(x), int(text, base) for exact int; int.c's new_ makes subclasses from the result. */
struct py_object *int_from_object(struct py_object *x);
struct py_object *int_from_object_base(struct py_object *x, struct py_object *base);
extern const struct py_method_def int_methods[];
extern const struct py_getset_def int_getsets[];

#endif
