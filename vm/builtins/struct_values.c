/* One value of a format: into octets and back.
 *
 * Whole numbers are as wide as their code says, two's complement; what does not fit is a
 * struct.error in the words of CPython, which depend on whether it takes the number for one of the
 * machine's own. Floats are IEEE 754 in two, four or eight octets.
 */
#include <math.h>
#include <string.h>

#include "vm/builtins/mod_struct.h"
#include "vm/object/buffer.h"
#include "vm/object/bytes.h"
#include "vm/object/exc.h"
#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

/* The low `size` octets of v in the order of the layout. */
static inline void store(const struct layout *l, uint64_t v, unsigned size, uint8_t *p)
{
    v = l->big ? __builtin_bswap64(v) >> (64 - 8 * size) : v;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    memcpy(p, &v, size);
}

static inline uint64_t load(const struct layout *l, const uint8_t *p, unsigned size)
{
    uint64_t v = 0;
    memcpy(&v, p, size);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return l->big ? __builtin_bswap64(v) >> (64 - 8 * size) : v;
}

/* ---- whole numbers --------------------------------------------------------------------------- */

/* Does CPython take the number for one of the machine's? It does where the order and the size are
 * the machine's. */
static bool is_machines(const struct layout *l, const struct layout_item *item)
{
    return l->native ||
           (l->big == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) && strchr("bBhHiIqQ", item->code));
}

static int out_of_range(const struct layout *l, const struct layout_item *item)
{
    const int bits = item->size * 8;
    const long long low = item->is_signed ? -(1ll << (bits - 1)) : 0;
    const long long high = low + (1ll << bits) - 1;
    const char *const name = item->code == 'b'       ? "byte"
                             : item->code == 'B'     ? "ubyte"
                             : !is_machines(l, item) ? NULL
                             : item->code == 'h'     ? "short"
                             : item->code == 'H'     ? "ushort"
                                                     : NULL;
    return name ? py_raise_int(struct_error, "%s format requires %lld <= number <= %lld", name, low,
                               high)
                : py_raise_int(struct_error, "'%c' format requires %lld <= number <= %lld",
                               item->code, low, high);
}

/* A number that no 64 bits hold, or a negative one where none may be. */
static int too_large(const struct layout *l, const struct layout_item *item, bool negative)
{
    if (item->code == 'P')
        return py_raise_int(&py_exc_OverflowError, "Python int too large to convert to C %slong",
                            negative ? "" : "unsigned ");
    if (item->size == 8 && !is_machines(l, item))
        return py_raise_int(&py_exc_OverflowError, negative && !item->is_signed
                                                       ? "can't convert negative int to unsigned"
                                                       : "int too big to convert");
    return py_raise_int(struct_error, "argument out of range");
}

static int put_number(const struct layout *l, const struct layout_item *item, struct py_object *n,
                      uint8_t *p)
{
    uint64_t v;
    bool negative;
    if (py_int_is_compact(n)) {
        v = (uint64_t)py_int_compact_value(n);
        negative = (int64_t)v < 0;
    } else {
        negative = py_int_sign(n) < 0;
        /* These go through a signed number first. */
        const bool as_signed =
            item->is_signed || item->code == 'B' || (item->code == 'H' && is_machines(l, item));
        const bool wide = py_int_bit_length(n) > (negative || as_signed ? 63 : 64);
        if (wide && !(negative && py_int_as_i64(n) == INT64_MIN && !py_error_occurred())) {
            py_error_clear();
            return too_large(l, item, negative);
        }
        v = negative ? (uint64_t)py_int_as_i64(n) : py_int_as_u64(n);
    }
    if (item->size < 8) {
        const int bits = item->size * 8;
        const int64_t low = item->is_signed ? -(INT64_C(1) << (bits - 1)) : 0;
        if (negative && (item->code == 'I' || item->code == 'L' ||
                         (item->code == 'H' && !is_machines(l, item))))
            return too_large(l, item, true);
        if (negative ? (int64_t)v < low : v > (uint64_t)(low + (INT64_C(1) << bits) - 1))
            return out_of_range(l, item);
    } else if (negative && !item->is_signed && item->code != 'P') {
        return too_large(l, item, true);
    }
    store(l, v, item->size, p);
    return 0;
}

static int put_int(const struct layout *l, const struct layout_item *item, struct py_object *value,
                   uint8_t *p)
{
    if (py_int_check(value))
        return put_number(l, item, value, p);
    if (!value->type->index)
        return py_raise_int(struct_error, "required argument is not an integer");
    struct py_object *n = py_index(value);
    if (!n)
        return -1;
    const int status = put_number(l, item, n, p);
    py_decref(n);
    return status;
}

static struct py_object *get_int(const struct layout *l, const struct layout_item *item,
                                 const uint8_t *p)
{
    const uint64_t v = load(l, p, item->size);
    if (!item->is_signed)
        return py_int_from_u64(v);
    const int unused = 64 - 8 * item->size;
    return py_int_from_i64((int64_t)(v << unused) >> unused);
}

/* ---- floats ---------------------------------------------------------------------------------- */

static int overflow(char code)
{
    return py_raise_int(&py_exc_OverflowError, "float too large to pack with %c format", code);
}

/* Five bits of exponent, ten of mantissa; rounded half to even. */
static int half_bits(double d, uint64_t *out)
{
    const uint64_t sign = signbit(d) ? 0x8000 : 0;
    const double x = fabs(d);
    uint64_t n = 0;
    if (isnan(x)) {
        n = 0x7e00;
    } else if (isinf(x)) {
        n = 0x7c00;
    } else if (x != 0.0) {
        int e;
        const double m = frexp(x, &e);
        if (e > 16)
            return overflow('e');
        e += 14;
        n = e <= 0 ? (uint64_t)rint(ldexp(m, 10 + e))
                   : (uint64_t)rint(ldexp(m, 11)) + ((uint64_t)(e - 1) << 10);
        if (n >= 0x7c00)
            return overflow('e');
    }
    *out = sign | n;
    return 0;
}

static double half_value(uint64_t bits)
{
    const int e = bits >> 10 & 31, m = bits & 1023;
    const double x = e == 31  ? (m ? (double)NAN : (double)INFINITY)
                     : e == 0 ? ldexp(m, -24)
                              : ldexp(1024 + m, e - 25);
    return bits & 0x8000 ? -x : x;
}

static int put_float(const struct layout *l, const struct layout_item *item,
                     struct py_object *value, uint8_t *p)
{
    const double d = py_float_as_double(value);
    if (d == -1.0 && py_error_occurred()) {
        py_error_clear();
        return py_raise_int(struct_error, "required argument is not a float");
    }
    uint64_t bits = 0;
    if (item->code == 'd') {
        memcpy(&bits, &d, 8);
    } else if (item->code == 'e') {
        if (half_bits(d, &bits) < 0)
            return -1;
    } else {
        const float f = (float)d;
        if (!l->native && isinf(f) && !isinf(d))
            return overflow('f');
        uint32_t word;
        memcpy(&word, &f, 4);
        bits = word;
    }
    store(l, bits, item->size, p);
    return 0;
}

static struct py_object *get_float(const struct layout *l, const struct layout_item *item,
                                   const uint8_t *p)
{
    const uint64_t bits = load(l, p, item->size);
    if (item->code == 'e')
        return py_float_from(half_value(bits));
    if (item->code == 'f') {
        const uint32_t word = (uint32_t)bits;
        float f;
        memcpy(&f, &word, 4);
        return py_float_from(f);
    }
    double d;
    memcpy(&d, &bits, 8);
    return py_float_from(d);
}

/* ---- octets ---------------------------------------------------------------------------------- */

static int put_text(const struct layout_item *item, struct py_object *value, uint8_t *p)
{
    if (!py_bytes_check(value) && !py_isinstance_type(value, &py_bytearray_type))
        return py_raise_int(struct_error, "argument for '%c' must be a bytes object", item->code);
    const uint8_t *data;
    size_t n;
    if (py_bytes_view(value, &data, &n) < 0)
        return -1;
    size_t room = (size_t)item->count;
    if (item->code == 'p') { /* the first octet says how many follow */
        if (room == 0)
            return 0;
        room = n < room - 1 ? n : room - 1;
        *p++ = (uint8_t)(room < 255 ? room : 255);
    }
    memcpy(p, data, n < room ? n : room);
    return 0;
}

static struct py_object *get_text(const struct layout_item *item, const uint8_t *p)
{
    size_t n = (size_t)item->count;
    if (item->code == 'p' && n > 0) {
        n = *p < n - 1 ? *p : n - 1;
        p++;
    }
    return PY_OBJ(py_bytes_from(p, n));
}

static int put_char(struct py_object *value, uint8_t *p)
{
    if (!py_bytes_check(value) || ((struct py_var *)value)->size != 1)
        return py_raise_int(struct_error, "char format requires a bytes object of length 1");
    *p = ((struct py_bytes *)value)->data[0];
    return 0;
}

/* ---- any ------------------------------------------------------------------------------------- */

static int put(const struct layout *l, const struct layout_item *item, struct py_object *value,
               uint8_t *p)
{
    if (item->is_int)
        return put_int(l, item, value, p);
    if (is_text_item(item))
        return put_text(item, value, p);
    if (item->code == 'c')
        return put_char(value, p);
    if (item->code != '?')
        return put_float(l, item, value, p);
    const int truth = py_truth(value);
    *p = truth > 0;
    return truth < 0 ? -1 : 0;
}

int layout_put(const struct layout *l, const struct layout_item *item, struct py_object *value,
               uint8_t *p)
{
    const int status = put(l, item, value, p);
    if (status < 0 && py_int_check(value) && py_error_matches(&py_exc_OverflowError)) {
        py_error_clear();
        return py_raise_int(struct_error, "int too large to convert");
    }
    return status;
}

struct py_object *layout_get(const struct layout *l, const struct layout_item *item,
                             const uint8_t *p)
{
    if (item->is_int)
        return get_int(l, item, p);
    if (is_text_item(item))
        return get_text(item, p);
    if (item->code == 'c')
        return PY_OBJ(py_bytes_from(p, 1));
    if (item->code == '?')
        return py_bool_from(*p != 0);
    return get_float(l, item, p);
}
