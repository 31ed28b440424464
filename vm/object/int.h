/* Integers of any size: sign and magnitude in 64-bit limbs (GMP's mpn works on them in place).
 *
 * Invariants: the top limb is not zero; zero has size 0; the sign is the sign of base.size; -5 to
 * 256 are the immortal small ints and every result in that range is one of them.
 * sys.getsizeof answers what CPython's 30-bit digits would take.
 *
 * bool is the subclass with two immortal instances; both are ints to everything here.
 */
#ifndef BRILLE_VM_OBJECT_INT_H
#define BRILLE_VM_OBJECT_INT_H

#include "vm/object/object.h"
#include "vm/object/type.h"

struct py_int {
    struct py_var base; /* base.size: limb count, negative for negative numbers */
    uint64_t limbs[];
};
extern struct py_type py_int_type, py_bool_type;
extern struct py_int *const py_true_object, *const py_false_object;
#define PY_TRUE  PY_OBJ(py_true_object)
#define PY_FALSE PY_OBJ(py_false_object)

#define PY_SMALL_MIN (-5)
#define PY_SMALL_MAX 256

/* The small ints lie in one array of 32-byte cells, so the interpreter loop indexes it. */
struct py_small_int {
    struct py_var base;
    uint64_t limb;
};
extern struct py_small_int py_small_ints[PY_SMALL_MAX - PY_SMALL_MIN + 1];

static inline bool py_int_check(const struct py_object *o)
{
    return py_has_flag(o, PY_TYPE_IS_INT);
}
static inline bool py_int_check_exact(const struct py_object *o)
{
    return o->type == &py_int_type;
}
/* True for values of at most one limb whose magnitude fits an int64_t: the loop's fast paths. */
static inline bool py_int_is_compact(const struct py_object *o)
{
    const struct py_int *i = (const struct py_int *)o;
    return (uint64_t)(i->base.size + 1) <= 2 && (i->base.size == 0 || (int64_t)i->limbs[0] >= 0);
}
/* Value of a compact int. size is -1, 0 or 1; limb 0 of zero is readable (always allocated). */
static inline int64_t py_int_compact_value(const struct py_object *o)
{
    const struct py_int *i = (const struct py_int *)o;
    return i->base.size * (int64_t)i->limbs[0];
}

int py_int_init_small(void); /* before anything else */
struct py_object *py_int_from_i64(int64_t v);
struct py_object *py_int_from_u64(uint64_t v);
struct py_object *py_int_from_double(double d); /* truncates; OverflowError/ValueError inf/nan */
struct py_object *py_bool_from(bool b);
/* Digits in base 2..36, or 0 for literal prefixes; underscores allowed. ValueError. */
struct py_object *py_int_from_text(const char *text, size_t len, int base);
/* Little- or big-endian bytes. */
struct py_object *py_int_from_bytes(const uint8_t *bytes, size_t n, bool little, bool is_signed);
int py_int_to_bytes(struct py_object *o, uint8_t *out, size_t n, bool little, bool is_signed);

/* Conversions raise TypeError or OverflowError and return -1; ask py_error_occurred(). They accept
 * objects with __index__. */
int64_t py_int_as_i64(struct py_object *o);
uint64_t py_int_as_u64(struct py_object *o);
int64_t py_int_as_ssize(struct py_object *o); /* "cannot fit 'int' into an index-sized integer" */
int64_t
py_int_as_ssize_arg(struct py_object *o); /* "Python int too large to convert to C ssize_t" */
int64_t py_int_as_item_index(struct py_object *o); /* the same as an IndexError: o[key] */
int64_t py_int_as_i64_clip(struct py_object *o);   /* saturates: slices */
int64_t py_int_as_bound(struct py_object *o);      /* the same, in the words of index(x, start) */
int64_t py_int_as_c_int(struct py_object *o);      /* "Python int too large to convert to C int" */
double py_int_as_double(struct py_object *o);      /* OverflowError: int too large */
struct py_object *py_index(struct py_object *o);   /* __index__; new int */

struct py_object *py_int_add(struct py_object *a, struct py_object *b); /* both ints */
struct py_object *py_int_sub(struct py_object *a, struct py_object *b);
struct py_object *py_int_mul(struct py_object *a, struct py_object *b);
int py_int_compare(struct py_object *a, struct py_object *b); /* -1, 0, 1 */
bool py_int_is_zero(const struct py_object *o);
int py_int_sign(const struct py_object *o);
int64_t py_int_hash(struct py_object *o);
uint64_t py_int_bit_length(const struct py_object *o);
/* Text in base 2, 8, 10 or 16 without prefix. New str. */
struct py_object *py_int_to_text(struct py_object *o, int base);
/* The same as C text: malloc'd, NUL-terminated, *len its length; NULL and an exception on failure.
 * Base 10 obeys py_int_max_str_digits. */
char *py_int_to_ctext(struct py_object *o, int base, size_t *len);
/* sys.set_int_max_str_digits: decimal texts longer than this are refused; 0: no limit. */
extern int64_t py_int_max_str_digits;
struct py_object *py_int_divmod(struct py_object *a, struct py_object *b); /* tuple (q, r) */
/* Greatest common divisor of two ints, never negative. */
struct py_object *py_int_gcd(struct py_object *a, struct py_object *b);

#endif
