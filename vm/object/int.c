/* int: making integers, reading them, comparing and hashing, and the type itself.
 *
 * An int is sign and magnitude: base.size counts 64-bit limbs, least significant first, and carries
 * the sign. GMP's mpn functions work on the limbs where they lie. Arithmetic is in int_arith.c and
 * int_bits.c, text and bytes in int_text.c, the methods in int_methods.c, bool in bool.c.
 *
 * Two facts hold for every int that this file returns:
 *  - it is normalised: the top limb is not zero, zero has no limbs (but one readable limb);
 *  - values from PY_SMALL_MIN to PY_SMALL_MAX are the immortal cells of py_small_ints. Nothing
 *    relies on identity for correctness, but sharing keeps the commonest ints off the heap, as in
 *    CPython.
 *
 * Subclass instances have the same layout behind the header and are made by new_ alone: operations
 * on them give exact ints.
 *
 * The block holds whole limbs, yet sys.getsizeof says what CPython's 30-bit digits would take
 * (int_size_bytes): users compare such numbers.
 */
#include "vm/object/int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/memory/heap_inline.h"
#include "vm/object/float.h"
#include "vm/object/int_impl.h"
#include "vm/object/str.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

struct py_small_int py_small_ints[PY_SMALL_MAX - PY_SMALL_MIN + 1] __attribute__((aligned(16)));

int py_int_init_small(void)
{
    for (int v = PY_SMALL_MIN; v <= PY_SMALL_MAX; v++) {
        struct py_small_int *cell = &py_small_ints[v - PY_SMALL_MIN];
        cell->base.base = (struct py_object)PY_STATIC_HEADER(&py_int_type);
        cell->base.size = v < 0 ? -1 : v > 0;
        cell->limb = (uint64_t)(v < 0 ? -v : v);
    }
    return 0;
}

/* Scratch memory. */

int int_buf_get_large(struct int_buf *b, uint64_t n)
{
    b->p = n > SIZE_MAX / 16 ? NULL : py_mem_alloc(n * sizeof(uint64_t));
    if (b->p)
        return 0;
    py_raise_no_memory();
    return -1;
}

void int_buf_release_large(struct int_buf *b)
{
    py_mem_free(b->p);
    b->p = NULL;
}

/* Making ints. */

static inline struct py_int *int_alloc_one(uint64_t magnitude)
{
    const unsigned size_bytes = magnitude >> 30 == 0 ? 28 : magnitude >> 60 == 0 ? 32 : 36;
    struct py_int *i =
        py_object_alloc_plain(&py_int_type, sizeof(struct py_int) + sizeof(uint64_t), size_bytes);
    return i ? i : py_raise_no_memory();
}

static struct py_object *int_from_magnitude(uint64_t magnitude, bool negative)
{
    if (magnitude <= (negative ? (uint64_t)-PY_SMALL_MIN : PY_SMALL_MAX))
        return PY_OBJ(
            &py_small_ints[(negative ? -(int64_t)magnitude : (int64_t)magnitude) - PY_SMALL_MIN]);
    struct py_int *i = int_alloc_one(magnitude);
    if (!i)
        return NULL;
    i->base.size = negative ? -1 : 1;
    i->limbs[0] = magnitude;
    return PY_OBJ(i);
}

struct py_object *py_int_from_i64(int64_t v)
{
    if (v >= PY_SMALL_MIN && v <= PY_SMALL_MAX)
        return PY_OBJ(&py_small_ints[v - PY_SMALL_MIN]);
    const uint64_t magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    struct py_int *i = int_alloc_one(magnitude);
    if (!i)
        return NULL;
    i->base.size = v < 0 ? -1 : 1;
    i->limbs[0] = magnitude;
    return PY_OBJ(i);
}

struct py_object *py_int_from_u64(uint64_t v)
{
    return int_from_magnitude(v, false);
}

struct py_object *int_from_limbs(const uint64_t *p, uint64_t n, bool negative)
{
    while (n > 0 && p[n - 1] == 0)
        n--;
    if (n <= 1)
        return int_from_magnitude(n ? p[0] : 0, negative);
    const uint64_t bits = 64 * n - (uint64_t)__builtin_clzll(p[n - 1]);
    const size_t block = sizeof(struct py_int) + n * sizeof(uint64_t);
    struct py_int *i;
    if (block > PY_BLOCK_MAX)
        i = py_object_alloc(&py_int_type, block, int_size_bytes(bits));
    else if (!(i = py_object_alloc_plain(&py_int_type, (unsigned)block,
                                         (unsigned)int_size_bytes(bits))))
        py_raise_no_memory();
    if (!i)
        return NULL;
    i->base.size = negative ? -(int64_t)n : (int64_t)n;
    for (uint64_t k = 0; k < n; k++)
        i->limbs[k] = p[k];
    return PY_OBJ(i);
}

struct py_object *int_from_mpz(const mpz_t z)
{
    return int_from_limbs((const uint64_t *)mpz_limbs_read(z), mpz_size(z), mpz_sgn(z) < 0);
}

struct py_object *py_int_from_double(double d)
{
    if (isinf(d))
        return py_raise(&py_exc_OverflowError, "cannot convert float infinity to integer");
    if (isnan(d))
        return py_raise(&py_exc_ValueError, "cannot convert float NaN to integer");
    if (fabs(d) < 9.2e18)
        return py_int_from_i64((int64_t)d);
    int exponent;
    const double fraction = frexp(fabs(d), &exponent); /* exponent >= 63 here */
    const uint64_t mantissa = (uint64_t)ldexp(fraction, 53);
    const uint64_t shift = (uint64_t)exponent - 53, word = shift / 64, bit = shift % 64;
    uint64_t limbs[18] = {0}; /* 1024 bits and the spill of the shift */
    limbs[word] = mantissa << bit;
    limbs[word + 1] = bit ? mantissa >> (64 - bit) : 0;
    return int_from_limbs(limbs, word + 2, d < 0);
}

/* Reading ints. */

bool py_int_is_zero(const struct py_object *o)
{
    return int_of(o)->base.size == 0;
}

int py_int_sign(const struct py_object *o)
{
    const int64_t n = int_of(o)->base.size;
    return (n > 0) - (n < 0);
}

uint64_t py_int_bit_length(const struct py_object *o)
{
    const uint64_t n = int_limb_count(o);
    return n ? 64 * n - (uint64_t)__builtin_clzll(int_of(o)->limbs[n - 1]) : 0;
}

struct py_object *int_exact(struct py_object *o)
{
    if (py_int_check_exact(o))
        return py_newref(o);
    return int_from_limbs(int_of(o)->limbs, int_limb_count(o), int_is_negative(o));
}

struct py_object *py_index(struct py_object *o)
{
    if (py_int_check_exact(o))
        return py_newref(o);
    if (py_int_check(o)) { /* bool and other subclasses: a plain int of the same value */
        struct py_object *zero = py_int_from_i64(0);
        struct py_object *plain = py_int_add(o, zero);
        py_decref(zero);
        return plain;
    }
    if (!o->type->index)
        return py_raise(&py_exc_TypeError, "'%.200s' object cannot be interpreted as an integer",
                        o->type->name);
    struct py_object *result = o->type->index(o);
    if (result && !py_int_check(result)) {
        py_raise(&py_exc_TypeError, "__index__ returned non-int (type %.200s)", result->type->name);
        py_clear(result);
    }
    return result;
}

/* Value of o if it fits: 0, else -1 (below), 1 (above). */
static int int_try_i64(const struct py_object *o, int64_t *out)
{
    const uint64_t n = int_limb_count(o);
    const bool negative = int_is_negative(o);
    const uint64_t m = n ? int_of(o)->limbs[0] : 0;
    if (n > 1 || m > (negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX))
        return negative ? -1 : 1;
    *out = negative ? (int64_t)(0 - m) : (int64_t)m;
    return 0;
}

int64_t py_int_as_i64(struct py_object *o)
{
    if (py_int_check(o) && py_int_is_compact(o))
        return py_int_compact_value(o);
    struct py_object *i = py_index(o);
    if (!i)
        return -1;
    int64_t v;
    const int fit = int_try_i64(i, &v);
    py_decref(i);
    if (fit == 0)
        return v;
    return py_raise_int(&py_exc_OverflowError, "Python int too large to convert to C long");
}

/* The words for an argument of a method, where an index has others. */
int64_t py_int_as_ssize_arg(struct py_object *o)
{
    const int64_t n = py_int_as_ssize(o);
    if (n == -1 && py_error_occurred() && py_error_matches(&py_exc_OverflowError)) {
        py_error_clear();
        py_raise(&py_exc_OverflowError, "Python int too large to convert to C ssize_t");
    }
    return n;
}

int64_t py_int_as_item_index(struct py_object *o)
{
    const int64_t i = py_int_as_ssize(o);
    if (i == -1 && py_error_occurred() && py_error_matches(&py_exc_OverflowError)) {
        py_error_clear();
        py_raise(&py_exc_IndexError, "cannot fit '%T' into an index-sized integer", o);
    }
    return i;
}

int64_t py_int_as_i64_clip(struct py_object *o)
{
    if (py_int_check(o) && py_int_is_compact(o))
        return py_int_compact_value(o);
    struct py_object *i = py_index(o);
    if (!i)
        return -1;
    int64_t v;
    const int fit = int_try_i64(i, &v);
    py_decref(i);
    return fit == 0 ? v : fit < 0 ? INT64_MIN : INT64_MAX;
}

int64_t py_int_as_bound(struct py_object *o)
{
    if (!o->type->index)
        return py_raise_int(&py_exc_TypeError,
                            "slice indices must be integers or have an __index__ method");
    return py_int_as_i64_clip(o);
}

int64_t py_int_as_c_int(struct py_object *o)
{
    const int64_t i = py_int_as_i64_clip(o);
    if (i < INT32_MIN || i > INT32_MAX)
        return py_raise_int(&py_exc_OverflowError, "Python int too large to convert to C int");
    return i;
}

int64_t py_int_as_ssize(struct py_object *o)
{
    if (py_int_check(o) && py_int_is_compact(o))
        return py_int_compact_value(o);
    struct py_object *i = py_index(o);
    if (!i)
        return -1;
    int64_t v;
    const int fit = int_try_i64(i, &v);
    py_decref(i);
    if (fit == 0)
        return v;
    return py_raise_int(&py_exc_OverflowError, "cannot fit '%.200s' into an index-sized integer",
                        o->type->name);
}

uint64_t py_int_as_u64(struct py_object *o)
{
    struct py_object *i = py_index(o);
    if (!i)
        return (uint64_t)-1;
    const uint64_t n = int_limb_count(i), m = n ? int_of(i)->limbs[0] : 0;
    const bool negative = int_is_negative(i);
    py_decref(i);
    if (negative)
        return (uint64_t)py_raise_int(&py_exc_OverflowError,
                                      "can't convert negative int to unsigned");
    if (n > 1)
        return (uint64_t)py_raise_int(&py_exc_OverflowError,
                                      "Python int too large to convert to C unsigned long");
    return m;
}

/* Rounds to nearest, ties to even: 64 significant bits and whether anything is below them are
 * enough, because a double keeps 53. */
double int_frexp(const struct py_object *o, int64_t *exponent)
{
    const uint64_t n = int_limb_count(o);
    *exponent = 0;
    if (n == 0)
        return 0.0;
    const uint64_t *p = int_of(o)->limbs;
    const int lead = __builtin_clzll(p[n - 1]);
    uint64_t top = p[n - 1] << lead;
    bool sticky = false;
    if (n > 1) {
        if (lead)
            top |= p[n - 2] >> (64 - lead);
        sticky = (p[n - 2] << lead) != 0;
        for (uint64_t i = 0; i + 2 < n && !sticky; i++)
            sticky = p[i] != 0;
    }
    uint64_t kept = top >> 11;
    const uint64_t rest = top & 0x7ff;
    if (rest > 0x400 || (rest == 0x400 && (sticky || (kept & 1))))
        kept++;
    *exponent = (int64_t)(64 * n) - lead;
    double fraction = ldexp((double)kept, -53);
    if (fraction == 1.0) {
        fraction = 0.5;
        ++*exponent;
    }
    return fraction;
}

static double int_to_double(const struct py_object *o)
{
    if (py_int_is_compact(o))
        return (double)py_int_compact_value(o);
    int64_t exponent;
    const double fraction = int_frexp(o, &exponent);
    if (exponent > 1024)
        return py_raise_int(&py_exc_OverflowError, "int too large to convert to float");
    const double d = ldexp(fraction, (int)exponent);
    return int_is_negative(o) ? -d : d;
}

double py_int_as_double(struct py_object *o)
{
    if (py_int_check(o))
        return int_to_double(o);
    struct py_object *i = py_index(o);
    if (!i)
        return -1.0;
    const double d = int_to_double(i);
    py_decref(i);
    return d;
}

/* Comparison and hash. */

int py_int_compare(struct py_object *a, struct py_object *b)
{
    const int64_t na = int_of(a)->base.size, nb = int_of(b)->base.size;
    if (na != nb)
        return na < nb ? -1 : 1;
    if (na == 0)
        return 0;
    const int order = mpn_cmp(int_mag(a), int_mag(b), (mp_size_t)int_limb_count(a));
    const int magnitude = (order > 0) - (order < 0);
    return na < 0 ? -magnitude : magnitude;
}

static struct py_object *int_richcompare(struct py_object *a, struct py_object *b, int op)
{
    if (!py_int_check(a) || !py_int_check(b))
        return PY_NOT_IMPLEMENTED;
    const int order = a == b ? 0 : py_int_compare(a, b);
    bool result = false;
    switch ((enum py_compare)op) {
    case PY_LT:
        result = order < 0;
        break;
    case PY_LE:
        result = order <= 0;
        break;
    case PY_EQ:
        result = order == 0;
        break;
    case PY_NE:
        result = order != 0;
        break;
    case PY_GT:
        result = order > 0;
        break;
    case PY_GE:
        result = order >= 0;
        break;
    }
    return result ? PY_TRUE : PY_FALSE;
}

/* The value modulo 2^61 - 1, with the sign; -1 is kept for errors. Horner's rule over the limbs:
 * 2^64 is 8 modulo 2^61 - 1, so a limb step is a rotation by three of the 61-bit residue. */
int64_t py_int_hash(struct py_object *o)
{
    const uint64_t modulus = ((uint64_t)1 << 61) - 1;
    const uint64_t n = int_limb_count(o);
    uint64_t h = 0;
    for (uint64_t i = n; i-- > 0;) {
        h = ((h << 3) & modulus) | (h >> 58);
        const uint64_t limb = int_of(o)->limbs[i];
        h += (limb & modulus) + (limb >> 61);
        while (h >= modulus)
            h -= modulus;
    }
    const int64_t signed_hash = int_is_negative(o) ? -(int64_t)h : (int64_t)h;
    return signed_hash == -1 ? -2 : signed_hash;
}

/* The type. */

static void int_dealloc(struct py_object *o)
{
    if (py_int_check_exact(o) && py_in_pools(o)) {
        py_object_free_plain(o);
        return;
    }
    if (!py_int_check_exact(o))
        py_object_release_common(o);
    py_object_free(o);
}

static int int_bool(struct py_object *o)
{
    return int_of(o)->base.size != 0;
}

static struct py_object *int_float(struct py_object *o)
{
    const double d = int_to_double(o);
    if (d == -1.0 && py_error_occurred())
        return NULL;
    return py_float_from(d);
}

static int64_t int_size_of(struct py_object *o)
{
    return (int64_t)int_size_bytes(py_int_bit_length(o)) + o->type->basicsize -
           py_int_type.basicsize;
}

/* An instance of a subclass with the value of the exact int `value` (steals it). */
static struct py_object *int_new_subclass(struct py_type *type, struct py_object *value)
{
    if (!value)
        return NULL;
    const uint64_t n = int_limb_count(value);
    struct py_int *i = py_object_new_var(type, (int64_t)(n ? n : 1));
    if (i) {
        i->base.size = int_of(value)->base.size;
        memcpy(i->limbs, int_of(value)->limbs, (n ? n : 1) * sizeof(uint64_t));
        py_object_resized(PY_OBJ(i), py_object_size(PY_OBJ(i)));
        if (type->flags & PY_TYPE_GC)
            py_gc_track(i);
    }
    py_decref(value);
    return PY_OBJ(i);
}

static struct py_object *int_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                                 struct py_tuple *kwnames)
{
    static const char *const names[] = {"", "base"};
    static const struct py_params params = {
        .function = "int", .names = names, .count = 2, .positional_only = 1, .keyword_only = 2};
    struct py_object *parsed[2] = {NULL, NULL};
    if (!kwnames && nargs <= 1) {
        parsed[0] = nargs ? args[0] : NULL;
    } else if (py_parse_args(&params, args, nargs, kwnames, parsed) < 0) {
        return NULL;
    }
    struct py_object *value;
    if (!parsed[0]) {
        if (parsed[1])
            return py_raise(&py_exc_TypeError, "int() missing string argument");
        value = py_int_from_i64(0);
    } else if (parsed[1]) {
        value = int_from_object_base(parsed[0], parsed[1]);
    } else {
        value = int_from_object(parsed[0]);
    }
    return type == &py_int_type ? value : int_new_subclass(type, value);
}

struct py_type py_int_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "int",
    .basicsize = sizeof(struct py_int),
    .itemsize = sizeof(uint64_t),
    .flags = PY_TYPE_BASETYPE | PY_TYPE_VAR | PY_TYPE_IMMUTABLE | PY_TYPE_IS_INT,
    .body = PY_BODY_INT,
    .dealloc = int_dealloc,
    .repr = int_slot_repr,
    .hash = py_int_hash,
    .richcompare = int_richcompare,
    .new_ = int_new,
    .size_of = int_size_of,
    .binary = {[PY_NB_ADD] = int_slot_add,
               [PY_NB_SUB] = int_slot_sub,
               [PY_NB_MUL] = int_slot_mul,
               [PY_NB_TRUEDIV] = int_slot_truediv,
               [PY_NB_FLOORDIV] = int_slot_floordiv,
               [PY_NB_MOD] = int_slot_mod,
               [PY_NB_POW] = int_slot_pow,
               [PY_NB_LSHIFT] = int_slot_lshift,
               [PY_NB_RSHIFT] = int_slot_rshift,
               [PY_NB_AND] = int_slot_and,
               [PY_NB_OR] = int_slot_or,
               [PY_NB_XOR] = int_slot_xor,
               [PY_NB_DIVMOD] = int_slot_divmod},
    .power3 = int_slot_pow3,
    .unary = {[PY_UN_NEG] = int_slot_neg,
              [PY_UN_POS] = int_slot_pos,
              [PY_UN_INVERT] = int_slot_invert,
              [PY_UN_ABS] = int_slot_abs},
    .bool_ = int_bool,
    .int_ = int_slot_pos,
    .float_ = int_float,
    .index = int_slot_pos,
    .methods = int_methods,
    .getsets = int_getsets,
    .doc =
        "int([x]) -> integer\nint(x, base=10) -> integer\n\n"
        "An integer of any size: from a number (truncated towards zero), or from text in a base\n"
        "from 2 to 36; base 0 reads the prefixes 0b, 0o and 0x.",
};
