/* int: between integers and text or bytes.
 *
 * Text is read by one parser (parse_int) whatever its source: str with Unicode digits (turned into
 * ASCII by str_numeric_text), bytes, or C text from the lexer. GMP converts digits to limbs and
 * back in less than quadratic time; even so CPython 3.11 limits decimal conversions to 4300 digits
 * against hostile input, and so does this (py_int_max_str_digits; powers of two as bases are
 * linear and exempt).
 *
 * The parser's three answers: a number, "not a number" (the caller words the message, because it
 * shows the original object), or failed with an exception pending.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vm/memory/heap.h"
#include "vm/object/buffer.h"
#include "vm/object/bytes.h"
#include "vm/object/int.h"
#include "vm/object/int_impl.h"
#include "vm/object/str.h"
#include "vm/object/str_impl.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/warn.h"

int64_t py_int_max_str_digits = 4300;

enum parse_result { PARSE_OK, PARSE_INVALID, PARSE_FAILED };

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'Z')
        return c - 'A' + 10;
    return 99;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The base that a literal's prefix names, or 0. */
static int prefix_base(const char *p, size_t n)
{
    if (n < 2 || p[0] != '0')
        return 0;
    switch (p[1]) {
    case 'x':
    case 'X':
        return 16;
    case 'o':
    case 'O':
        return 8;
    case 'b':
    case 'B':
        return 2;
    }
    return 0;
}

/* Copies digit values without underscores; the count, or -1 if the text is not a number. */
static int64_t collect_digits(const char *p, size_t n, int base, uint8_t *out)
{
    int64_t count = 0;
    bool after_digit = false;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '_') {
            if (!after_digit)
                return -1;
            after_digit = false;
            continue;
        }
        const int v = digit_value(p[i]);
        if (v >= base)
            return -1;
        out[count++] = (uint8_t)v;
        after_digit = true;
    }
    return after_digit ? count : -1;
}

static enum parse_result check_digit_limit(int64_t count, int base)
{
    if ((base & (base - 1)) == 0 || py_int_max_str_digits == 0 || count <= py_int_max_str_digits)
        return PARSE_OK;
    py_raise(&py_exc_ValueError,
             "Exceeds the limit (%lld digits) for integer string conversion: value has %lld "
             "digits; use sys.set_int_max_str_digits() to increase the limit",
             (long long)py_int_max_str_digits, (long long)count);
    return PARSE_FAILED;
}

static enum parse_result digits_to_int(const uint8_t *digits, int64_t count, int base,
                                       bool negative, struct py_object **out)
{
    while (count > 0 && *digits == 0) {
        digits++;
        count--;
    }
    uint64_t small = 0;
    if (count <= 12) { /* 36^12 < 2^64 */
        for (int64_t i = 0; i < count; i++)
            small = small * (uint64_t)base + digits[i];
        *out = int_from_limbs(&small, 1, negative);
        return *out ? PARSE_OK : PARSE_FAILED;
    }
    INT_BUF(limbs);
    const uint64_t room = (uint64_t)((double)count * log2(base) / 64) + 3;
    if (int_buf_get(&limbs, room) < 0)
        return PARSE_FAILED;
    const mp_size_t n = mpn_set_str(MPN(limbs.p), digits, (size_t)count, base);
    *out = int_from_limbs(limbs.p, (uint64_t)n, negative);
    return *out ? PARSE_OK : PARSE_FAILED;
}

/* Sign, prefix and base settled; p..n are digits and underscores. */
static enum parse_result parse_digits(const char *p, size_t n, int base, bool negative,
                                      bool no_leading_zeros, struct py_object **out)
{
    if (n == 0)
        return PARSE_INVALID;
    uint8_t local[256];
    uint8_t *digits = n <= sizeof(local) ? local : py_mem_alloc(n);
    if (!digits) {
        py_raise_no_memory();
        return PARSE_FAILED;
    }
    const int64_t count = collect_digits(p, n, base, digits);
    enum parse_result result = count < 0 ? PARSE_INVALID : check_digit_limit(count, base);
    if (result == PARSE_OK)
        result = digits_to_int(digits, count, base, negative, out);
    if (result == PARSE_OK && no_leading_zeros && digits[0] == 0 && !py_int_is_zero(*out)) {
        py_clear(*out);
        result = PARSE_INVALID;
    }
    if (digits != local)
        py_mem_free(digits);
    return result;
}

static enum parse_result parse_int(const char *p, size_t n, int base, struct py_object **out)
{
    while (n && is_space(*p)) {
        p++;
        n--;
    }
    while (n && is_space(p[n - 1]))
        n--;
    bool negative = false;
    if (n && (*p == '-' || *p == '+')) {
        negative = *p == '-';
        p++;
        n--;
    }
    const int prefix = prefix_base(p, n);
    const bool literal = base == 0;
    if (literal)
        base = prefix ? prefix : 10;
    if (prefix == base) {
        p += 2;
        n -= 2;
        if (n && *p == '_') { /* 0x_1f */
            p++;
            n--;
        }
    }
    return parse_digits(p, n, base, negative, literal && base == 10, out);
}

struct py_object *py_int_from_text(const char *text, size_t len, int base)
{
    struct py_object *result = NULL;
    if (parse_int(text, len, base, &result) == PARSE_INVALID)
        return py_raise(&py_exc_ValueError, "invalid literal for int() with base %d: '%.*s'", base,
                        (int)(len < 200 ? len : 200), text);
    return result;
}

/* int() of objects. */

static struct py_object *int_from_string(struct py_object *x, int base)
{
    const char *text;
    size_t len;
    char *owned = NULL;
    if (py_str_check(x)) {
        if (str_numeric_text((struct py_str *)x, &text, &len, &owned) < 0)
            return NULL;
    } else {
        const uint8_t *data;
        if (py_bytes_view(x, &data, &len) < 0)
            return NULL;
        text = (const char *)data;
    }
    struct py_object *result = NULL;
    const enum parse_result parsed = parse_int(text, len, base, &result);
    py_mem_free(owned);
    if (parsed == PARSE_INVALID)
        return py_raise(&py_exc_ValueError, "invalid literal for int() with base %d: %.200R", base,
                        x);
    return result;
}

static bool is_text(const struct py_object *x)
{
    return py_str_check(x) || py_bytes_check(x);
}

struct py_object *int_from_object_base(struct py_object *x, struct py_object *base)
{
    const int64_t b = py_int_as_i64_clip(base);
    if (b == -1 && py_error_occurred())
        return NULL;
    if (b != 0 && (b < 2 || b > 36))
        return py_raise(&py_exc_ValueError, "int() base must be >= 2 and <= 36, or 0");
    if (py_isinstance_type(x, &py_bytearray_type)) {
        struct py_object *const octets = py_bytes_from_object(x);
        struct py_object *const n = octets ? int_from_string(octets, (int)b) : NULL;
        py_xdecref(octets);
        return n;
    }
    if (!is_text(x))
        return py_raise(&py_exc_TypeError, "int() can't convert non-string with explicit base");
    return int_from_string(x, (int)b);
}

/* The exact int of what a __int__ or __index__ gave (steals it). */
static struct py_object *checked_int(struct py_object *result, const char *method)
{
    if (!result)
        return NULL;
    if (!py_int_check(result)) {
        py_raise(&py_exc_TypeError, "%s returned non-int (type %.200s)", method,
                 result->type->name);
        py_decref(result);
        return NULL;
    }
    if (py_int_check_exact(result))
        return result;
    PY_HOLD(&result);
    if (py_warn(&py_exc_DeprecationWarning,
                "%s returned non-int (type %.200s).  The ability to return an instance of a strict "
                "subclass of int is deprecated, and may be removed in a future version of "
                "Python.",
                method, result->type->name) < 0) {
        py_clear(result);
        return NULL;
    }
    struct py_object *exact = int_exact(result);
    py_clear(result);
    return exact;
}

static struct py_object *int_from_trunc(struct py_object *x, struct py_object *trunc)
{
    struct py_object *result = py_call0(trunc);
    if (!result || py_int_check_exact(result))
        return result;
    if (py_int_check(result)) {
        struct py_object *const exact = int_exact(result);
        py_decref(result);
        return exact;
    }
    if (result->type->index)
        py_setref(result, result->type->index(result));
    else {
        py_raise(&py_exc_TypeError, "__trunc__ returned non-Integral (type %.200s)",
                 result->type->name);
        py_clear(result);
    }
    (void)x;
    return checked_int(result, "__index__");
}

struct py_object *int_from_object(struct py_object *x)
{
    const struct py_type *type = x->type;
    if (py_int_check_exact(x))
        return py_newref(x);
    if (type->int_)
        return checked_int(type->int_(x), "__int__");
    if (type->index)
        return checked_int(type->index(x), "__index__");
    struct py_object *trunc = py_lookup_special(x, py_str_const("__trunc__"));
    PY_HOLD(&trunc);
    if (trunc) {
        struct py_object *const result =
            py_warn(&py_exc_DeprecationWarning,
                    "The delegation of int() to __trunc__ is deprecated.") < 0
                ? NULL
                : int_from_trunc(x, trunc);
        py_clear(trunc);
        return result;
    }
    if (py_error_occurred())
        return NULL;
    if (is_text(x))
        return int_from_string(x, 10);
    if (py_has_buffer(x)) {
        struct py_object *const octets = py_bytes_from_object(x);
        struct py_object *const n = octets ? int_from_string(octets, 10) : NULL;
        py_xdecref(octets);
        return n;
    }
    return py_raise(&py_exc_TypeError,
                    "int() argument must be a string, a bytes-like object or a real number, not "
                    "'%.200s'",
                    type->name);
}

/* Writing. */

static int digits_too_many(void)
{
    return py_raise_int(&py_exc_ValueError,
                        "Exceeds the limit (%lld digits) for integer string conversion; use "
                        "sys.set_int_max_str_digits() to increase the limit",
                        (long long)py_int_max_str_digits);
}

char *int_write_decimal(char *end, uint64_t m)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233"
        "34353637383940414243444546474849505152535455565758596061626364656667"
        "6869707172737475767778798081828384858687888990919293949596979899";
    while (m >= 100) {
        end -= 2;
        memcpy(end, pairs + 2 * (m % 100), 2);
        m /= 100;
    }
    if (m >= 10) {
        end -= 2;
        memcpy(end, pairs + 2 * m, 2);
    } else {
        *--end = (char)('0' + m);
    }
    return end;
}

/* One limb, no limit to check. */
static char *short_ctext(struct py_object *o, int base, size_t *len)
{
    char local[72], *end = local + sizeof(local) - 1, *p = end;
    uint64_t m = int_limb_count(o) ? int_of(o)->limbs[0] : 0;
    *p = 0;
    if (base == 10) {
        p = int_write_decimal(end, m);
    } else {
        do {
            *--p = "0123456789abcdefghijklmnopqrstuvwxyz"[m % (unsigned)base];
            m /= (unsigned)base;
        } while (m);
    }
    if (int_is_negative(o))
        *--p = '-';
    *len = (size_t)(end - p);
    char *text = malloc(*len + 1);
    return text ? memcpy(text, p, *len + 1) : py_raise_no_memory();
}

char *py_int_to_ctext(struct py_object *o, int base, size_t *len)
{
    if (int_limb_count(o) <= 1)
        return short_ctext(o, base, len);
    const uint64_t n = int_limb_count(o), bits = py_int_bit_length(o);
    const bool negative = int_is_negative(o), limited = base == 10 && py_int_max_str_digits > 0;
    if (limited && (double)bits * 0.30102999566 - 1 > (double)py_int_max_str_digits)
        return digits_too_many(), NULL;
    const size_t room = (size_t)((double)bits / log2(base)) + 4;
    char *text = malloc(room + 2);
    INT_BUF(scratch);
    if (!text || int_buf_get(&scratch, n + 1) < 0) {
        free(text);
        return py_raise_no_memory();
    }
    char *digits = text + negative;
    text[0] = '-';
    size_t count = 1;
    if (n == 0) {
        digits[0] = '0';
    } else {
        memcpy(scratch.p, int_of(o)->limbs, n * sizeof(uint64_t)); /* mpn_get_str destroys it */
        count = mpn_get_str((unsigned char *)digits, base, MPN(scratch.p), (mp_size_t)n);
        size_t zeros = 0;
        while (zeros + 1 < count && digits[zeros] == 0)
            zeros++;
        count -= zeros;
        for (size_t i = 0; i < count; i++)
            digits[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[(int)digits[i + zeros]];
    }
    if (limited && count > (size_t)py_int_max_str_digits) {
        free(text);
        return digits_too_many(), NULL;
    }
    digits[count] = 0;
    *len = count + negative;
    return text;
}

struct py_object *py_int_to_text(struct py_object *o, int base)
{
    if (base == 10 && int_limb_count(o) <= 1) {
        char local[24];
        char *p =
            int_write_decimal(local + sizeof(local), int_limb_count(o) ? int_of(o)->limbs[0] : 0);
        if (int_is_negative(o))
            *--p = '-';
        return PY_OBJ(py_str_from_latin1((uint8_t *)p, (size_t)(local + sizeof(local) - p)));
    }
    size_t len;
    char *text = py_int_to_ctext(o, base, &len);
    if (!text)
        return NULL;
    struct py_str *s = py_str_from_latin1((uint8_t *)text, len);
    free(text);
    return PY_OBJ(s);
}

struct py_object *int_slot_repr(struct py_object *o)
{
    return py_int_to_text(o, 10);
}

/* Bytes. */

struct py_object *py_int_from_bytes(const uint8_t *bytes, size_t n, bool little, bool is_signed)
{
    const bool negative = is_signed && n && (bytes[little ? n - 1 : 0] & 0x80);
    const uint64_t count = (n + 7) / 8 + 1;
    INT_BUF(limbs);
    if (int_buf_get(&limbs, count) < 0)
        return NULL;
    memset(limbs.p, negative ? 0xff : 0, count * sizeof(uint64_t));
    uint8_t *out = (uint8_t *)limbs.p;
    for (size_t i = 0; i < n; i++)
        out[i] = bytes[little ? i : n - 1 - i];
    if (negative)
        mpn_neg(MPN(limbs.p), MPN(limbs.p), (mp_size_t)count);
    return int_from_limbs(limbs.p, count, negative);
}

int py_int_to_bytes(struct py_object *o, uint8_t *out, size_t n, bool little, bool is_signed)
{
    const bool negative = int_is_negative(o);
    if (negative && !is_signed)
        return py_raise_int(&py_exc_OverflowError, "can't convert negative int to unsigned");
    const uint64_t own = int_limb_count(o);
    const uint64_t count = (n + 7) / 8 + 1 > own + 1 ? (n + 7) / 8 + 1 : own + 1;
    INT_BUF(limbs);
    if (int_buf_get(&limbs, count) < 0)
        return -1;
    memset(limbs.p, 0, count * sizeof(uint64_t));
    memcpy(limbs.p, int_of(o)->limbs, own * sizeof(uint64_t));
    if (negative)
        mpn_neg(MPN(limbs.p), MPN(limbs.p), (mp_size_t)count);
    const uint8_t *bytes = (const uint8_t *)limbs.p, fill = negative ? 0xff : 0;
    bool fits = true;
    for (size_t i = n; i < count * 8 && fits; i++)
        fits = bytes[i] == fill;
    if (is_signed && fits && (n ? (bytes[n - 1] & 0x80) != (fill & 0x80) : own != 0))
        fits = false;
    if (!fits)
        return py_raise_int(&py_exc_OverflowError, "int too big to convert");
    for (size_t i = 0; i < n; i++)
        out[little ? i : n - 1 - i] = bytes[i];
    return 0;
}
