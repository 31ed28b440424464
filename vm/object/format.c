/* Format specifications: format(value, spec) for int, float and str.
 *
 * Three steps: parse the specification into struct spec; turn the value into ASCII pieces (struct
 * number: sign, prefix, digits, rest); lay the pieces out with padding and grouping. Text has no
 * pieces and goes straight to padding.
 *
 * Padding with '=' stands between sign and digits; when it is zeros and digits are grouped, the
 * zeros are grouped as well, which is why grouping takes a minimum width.
 */
#include "vm/object/format.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/int_impl.h"
#include "vm/object/str_impl.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

struct spec {
    uint32_t fill;
    uint32_t align;
    uint32_t sign; /* '+', '-', ' ', 0 */
    bool alternate, no_negative_zero;
    int64_t width;     /* -1: none */
    int64_t precision; /* -1: none */
    uint32_t grouping; /* ',', '_', 0 */
    int group_size;    /* 3, or 4 for binary, octal and hexadecimal */
    uint32_t type;     /* 0: none given */
    bool plain;        /* a part of a complex: no '.0' is added */
};

/* Parsing. */

struct cursor {
    const struct py_str *s;
    int64_t at;
};

static uint32_t peek(const struct cursor *c, int64_t ahead)
{
    return c->at + ahead < c->s->length ? py_str_char(c->s, c->at + ahead) : 0;
}

static bool is_align(uint32_t c)
{
    return c == '<' || c == '>' || c == '=' || c == '^';
}

/* Decimal digits at the cursor: how many, or -1 with ValueError. */
static int parse_integer(struct cursor *c, int64_t *out)
{
    int64_t value = 0;
    int count = 0;
    for (int digit; c->at < c->s->length && (digit = char_decimal_value(peek(c, 0))) >= 0;
         c->at++, count++) {
        if (value > (INT64_MAX - digit) / 10)
            return py_raise_int(&py_exc_ValueError, "Too many decimal digits in format string");
        value = value * 10 + digit;
    }
    if (count)
        *out = value;
    return count;
}

static void parse_fill_align(struct cursor *c, struct spec *spec, bool is_text)
{
    bool fill_given = false, align_given = false;
    if (c->s->length - c->at >= 2 && is_align(peek(c, 1))) {
        spec->fill = peek(c, 0);
        spec->align = peek(c, 1);
        fill_given = align_given = true;
        c->at += 2;
    } else if (is_align(peek(c, 0))) {
        spec->align = peek(c, 0);
        align_given = true;
        c->at++;
    }
    const uint32_t sign = peek(c, 0);
    if (sign == '+' || sign == '-' || sign == ' ') {
        spec->sign = sign;
        c->at++;
    }
    if (peek(c, 0) == 'z') {
        spec->no_negative_zero = true;
        c->at++;
    }
    if (peek(c, 0) == '#') {
        spec->alternate = true;
        c->at++;
    }
    if (!fill_given && peek(c, 0) == '0') {
        spec->fill = '0';
        if (!align_given && !is_text)
            spec->align = '=';
        c->at++;
    }
}

static int raise_both_separators(void)
{
    return py_raise_int(&py_exc_ValueError, "Cannot specify both ',' and '_'.");
}

static int parse_grouping(struct cursor *c, struct spec *spec)
{
    if (peek(c, 0) == ',') {
        spec->grouping = ',';
        c->at++;
    }
    if (peek(c, 0) == '_') {
        if (spec->grouping)
            return raise_both_separators();
        spec->grouping = '_';
        c->at++;
    }
    if (peek(c, 0) == ',' && spec->grouping == '_')
        return raise_both_separators();
    return 0;
}

static int check_grouping(struct spec *spec)
{
    spec->group_size = 3;
    if (!spec->grouping)
        return 0;
    switch (spec->type) {
    case 0:
    case 'd':
    case 'e':
    case 'f':
    case 'g':
    case 'E':
    case 'F':
    case 'G':
    case '%':
        return 0;
    case 'b':
    case 'o':
    case 'x':
    case 'X':
        if (spec->grouping == '_') {
            spec->group_size = 4;
            return 0;
        }
    }
    if (spec->type > 32 && spec->type < 128)
        return py_raise_int(&py_exc_ValueError, "Cannot specify '%c' with '%c'.", spec->grouping,
                            spec->type);
    return py_raise_int(&py_exc_ValueError, "Cannot specify '%c' with '\\x%x'.", spec->grouping,
                        spec->type);
}

static int parse_spec(const struct py_str *text, bool is_text, const struct py_object *value,
                      struct spec *spec)
{
    *spec = (struct spec){.fill = ' ', .align = is_text ? '<' : '>', .width = -1, .precision = -1};
    struct cursor c = {.s = text};
    parse_fill_align(&c, spec, is_text);
    if (parse_integer(&c, &spec->width) < 0 || parse_grouping(&c, spec) < 0)
        return -1;
    if (peek(&c, 0) == '.') {
        c.at++;
        const int digits = parse_integer(&c, &spec->precision);
        if (digits < 0)
            return -1;
        if (digits == 0)
            return py_raise_int(&py_exc_ValueError, "Format specifier missing precision");
    }
    if (text->length - c.at > 1)
        return py_raise_int(&py_exc_ValueError,
                            "Invalid format specifier '%U' for object of type '%.200s'", text,
                            value->type->name);
    if (c.at < text->length)
        spec->type = peek(&c, 0);
    if (is_text && spec->grouping && !spec->type)
        spec->type = 's'; /* for the message */
    return check_grouping(spec);
}

static void *raise_unknown_type(uint32_t type, const struct py_object *value)
{
    if (type > 32 && type < 128)
        return py_raise(&py_exc_ValueError, "Unknown format code '%c' for object of type '%.200s'",
                        type, value->type->name);
    return py_raise(&py_exc_ValueError, "Unknown format code '\\x%x' for object of type '%.200s'",
                    type, value->type->name);
}

/* Laying out numbers. */

struct number {
    char sign;          /* 0: none */
    const char *prefix; /* "0x" or "" */
    const char *digits; /* grouped */
    int64_t digit_count;
    const char *rest; /* from the decimal point on, or "inf" */
};

/* Writes digits with separators, zeros in front until min_width characters are out; nothing if
 * there are no digits ("inf"). buffer NULL: only counts. Works from the right, as groups do; buffer
 * is filled back to front. */
static int64_t group_digits(const struct number *n, const struct spec *spec, int64_t min_width,
                            char *buffer, int64_t size)
{
    int64_t left = n->digit_count, out = 0;
    bool first = true;
    while (n->digit_count > 0 && (left > 0 || min_width > 0)) {
        if (!first) {
            out++;
            min_width--;
            if (buffer)
                buffer[size - out] = (char)spec->grouping;
        }
        int64_t take = left > min_width ? left : min_width;
        if (take < 1)
            take = 1;
        if (spec->grouping && take > spec->group_size)
            take = spec->group_size;
        for (int64_t i = 0; i < take; i++) {
            out++;
            if (buffer)
                buffer[size - out] = left > 0 ? n->digits[left - 1] : '0';
            left--;
        }
        min_width -= take;
        first = false;
    }
    return out;
}

static struct py_object *lay_out_number(const struct number *n, const struct spec *spec)
{
    const int64_t fixed = (n->sign != 0) + (int64_t)strlen(n->prefix) + (int64_t)strlen(n->rest);
    const bool zeros = spec->fill == '0' && spec->align == '=';
    const int64_t min_width = zeros && spec->width > 0 ? spec->width - fixed : 0;
    const int64_t digits = group_digits(n, spec, min_width, NULL, 0);
    const int64_t pad = spec->width > fixed + digits ? spec->width - fixed - digits : 0;
    const int64_t left = spec->align == '>' ? pad : spec->align == '^' ? pad / 2 : 0;
    const int64_t middle = spec->align == '=' ? pad : 0;
    char local[64];
    char *grouped = digits < (int64_t)sizeof(local) ? local : malloc((size_t)digits + 1);
    if (!grouped)
        return py_raise_no_memory();
    group_digits(n, spec, min_width, grouped, digits);
    struct py_strbuf b;
    py_strbuf_init(&b);
    if (py_strbuf_fill(&b, spec->fill, left) < 0 ||
        (n->sign && py_strbuf_char(&b, (uint8_t)n->sign) < 0) ||
        py_strbuf_cstr(&b, n->prefix) < 0 || py_strbuf_fill(&b, spec->fill, middle) < 0 ||
        py_strbuf_ascii(&b, grouped, (size_t)digits) < 0 || py_strbuf_cstr(&b, n->rest) < 0 ||
        py_strbuf_fill(&b, spec->fill, pad - left - middle) < 0) {
        if (grouped != local)
            free(grouped);
        py_strbuf_deinit(&b);
        return NULL;
    }
    if (grouped != local)
        free(grouped);
    return PY_OBJ(py_strbuf_finish(&b));
}

static char sign_of(const struct spec *spec, bool negative)
{
    if (negative)
        return '-';
    return spec->sign == '+' || spec->sign == ' ' ? (char)spec->sign : 0;
}

/* Text. */

static int check_text_spec(const struct spec *spec)
{
    if (spec->sign)
        return py_raise_int(&py_exc_ValueError, "%s not allowed in string format specifier",
                            spec->sign == ' ' ? "Space" : "Sign");
    if (spec->no_negative_zero)
        return py_raise_int(&py_exc_ValueError,
                            "Negative zero coercion (z) not allowed in string format specifier");
    if (spec->alternate)
        return py_raise_int(&py_exc_ValueError,
                            "Alternate form (#) not allowed in string format specifier");
    if (spec->align == '=')
        return py_raise_int(&py_exc_ValueError,
                            "'=' alignment not allowed in string format specifier");
    return 0;
}

static struct py_object *pad_text(struct py_str *s, const struct spec *spec)
{
    const int64_t length =
        spec->precision >= 0 && spec->precision < s->length ? spec->precision : s->length;
    if (spec->width <= length)
        return PY_OBJ(py_str_substring(s, 0, length));
    const int64_t pad = spec->width - length;
    const int64_t left = spec->align == '>' ? pad : spec->align == '^' ? pad / 2 : 0;
    struct py_strbuf b;
    py_strbuf_init(&b);
    if (py_strbuf_fill(&b, spec->fill, left) < 0 || py_strbuf_range(&b, s, 0, length) < 0 ||
        py_strbuf_fill(&b, spec->fill, pad - left) < 0) {
        py_strbuf_deinit(&b);
        return NULL;
    }
    return PY_OBJ(py_strbuf_finish(&b));
}

struct py_object *py_format_str(struct py_object *self, struct py_str *text)
{
    struct spec spec;
    if (text->length == 0)
        return py_str_check_exact(self) ? py_newref(self) : py_str_of(self);
    if (parse_spec(text, true, self, &spec) < 0)
        return NULL;
    if (spec.type && spec.type != 's')
        return raise_unknown_type(spec.type, self);
    if (check_text_spec(&spec) < 0)
        return NULL;
    return pad_text(str_of(self), &spec);
}

/* Floats. */

static struct py_object *format_double(double d, const struct spec *spec)
{
    unsigned flags =
        (spec->alternate ? PY_FLOAT_ALT : 0) | (spec->no_negative_zero ? PY_FLOAT_NO_NEG_0 : 0);
    char type = (char)spec->type;
    int64_t precision = spec->precision;
    if (precision > INT_MAX)
        return py_raise(&py_exc_ValueError, "precision too big");
    if (type == 0) {
        if (!spec->plain)
            flags |= PY_FLOAT_ADD_DOT_0;
        type = precision < 0 ? 'r' : 'g';
    } else {
        if (type == 'n')
            type = 'g';
        if (precision < 0)
            precision = 6;
    }
    char *text = py_float_format(d, type, (int)precision, flags);
    if (!text)
        return NULL;
    const char *body = *text == '-' ? text + 1 : text;
    struct number n = {.sign = sign_of(spec, *text == '-'), .prefix = "", .digits = body};
    while (body[n.digit_count] >= '0' && body[n.digit_count] <= '9')
        n.digit_count++;
    n.rest = body + n.digit_count;
    struct py_object *result = lay_out_number(&n, spec);
    free(text);
    return result;
}

static bool is_float_type(uint32_t type)
{
    return type && type < 128 && strchr("eEfFgG%", (int)type);
}

struct py_object *py_format_float(struct py_object *self, struct py_str *text)
{
    struct spec spec;
    if (text->length == 0)
        return py_str_of(self);
    if (parse_spec(text, false, self, &spec) < 0)
        return NULL;
    if (spec.type && spec.type != 'n' && !is_float_type(spec.type))
        return raise_unknown_type(spec.type, self);
    return format_double(((struct py_float *)self)->value, &spec);
}

/* Complex numbers: two floats and a j, padded as a whole. */

struct py_object *py_format_complex(struct py_object *self, double real, double imag,
                                    struct py_str *text)
{
    struct spec spec;
    if (text->length == 0)
        return py_str_of(self);
    if (parse_spec(text, false, self, &spec) < 0)
        return NULL;
    if (spec.type && spec.type != 'n' && (spec.type == '%' || !is_float_type(spec.type)))
        return raise_unknown_type(spec.type, self);
    if (spec.fill == '0')
        return py_raise(&py_exc_ValueError,
                        "Zero padding is not allowed in complex format specifier");
    if (spec.align == '=')
        return py_raise(&py_exc_ValueError,
                        "'=' alignment flag is not allowed in complex format specifier");
    const bool bare = !spec.type && real == 0.0 && !signbit(real);
    const bool parens = !spec.type && !bare;
    struct spec part = spec;
    part.width = -1;
    part.plain = !spec.type;
    struct py_object *re = format_double(real, &part), *im = NULL;
    if (!bare)
        part.sign = '+';
    im = re ? format_double(imag, &part) : NULL;
    struct py_str *whole =
        !im    ? NULL
        : bare ? py_str_format_c("%Sj", im)
               : py_str_format_c("%s%S%Sj%s", parens ? "(" : "", re, im, parens ? ")" : "");
    py_xdecref(re);
    py_xdecref(im);
    if (!whole)
        return NULL;
    spec.precision = -1;
    if (!spec.align)
        spec.align = '>';
    struct py_object *const result = pad_text(whole, &spec);
    py_decref(whole);
    return result;
}

/* Ints. */

static struct py_object *format_char(struct py_object *self, const struct spec *spec)
{
    if (spec->sign)
        return py_raise(&py_exc_ValueError, "Sign not allowed with integer format specifier 'c'");
    if (spec->alternate)
        return py_raise(&py_exc_ValueError,
                        "Alternate form (#) not allowed with integer format specifier 'c'");
    const int64_t c = py_int_as_i64_clip(self);
    if (c < 0 || c > 0x10ffff)
        return py_raise(&py_exc_OverflowError, "%%c arg not in range(0x110000)");
    struct py_str *s = py_str_from_char((uint32_t)c);
    if (!s)
        return NULL;
    struct spec padded = *spec;
    if (padded.align == '=')
        padded.align = '>';
    struct py_object *result = pad_text(s, &padded);
    py_decref(s);
    return result;
}

static struct py_object *format_digits(struct py_object *self, const struct spec *spec)
{
    const uint32_t type = spec->type;
    const int base = type == 'b' ? 2 : type == 'o' ? 8 : type == 'x' || type == 'X' ? 16 : 10;
    size_t length;
    char *text = py_int_to_ctext(self, base, &length);
    if (!text)
        return NULL;
    const bool negative = *text == '-';
    for (char *p = text; type == 'X' && *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 32);
    const char *prefix = !spec->alternate ? ""
                         : type == 'b'    ? "0b"
                         : type == 'o'    ? "0o"
                         : type == 'x'    ? "0x"
                         : type == 'X'    ? "0X"
                                          : "";
    const struct number n = {.sign = sign_of(spec, negative),
                             .prefix = prefix,
                             .digits = text + negative,
                             .digit_count = (int64_t)length - negative,
                             .rest = ""};
    struct py_object *result = lay_out_number(&n, spec);
    free(text);
    return result;
}

/* "{n:x}" and the like of a number of one limb, which needs no layout. NULL without an exception:
 * another spec or number. */
static struct py_object *format_short(struct py_object *self, uint32_t type)
{
    const unsigned shift = type == 'x' || type == 'X' ? 4 : type == 'o' ? 3 : type == 'b' ? 1 : 0;
    const struct py_int *const n = (struct py_int *)self;
    if (shift == 0 || (uint64_t)(n->base.size + 1) > 2)
        return NULL;
    const char *const digits = type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    uint8_t local[66], *p = local + sizeof local;
    uint64_t left = n->base.size ? n->limbs[0] : 0;
    do {
        *--p = (uint8_t)digits[left & ((1u << shift) - 1)];
        left >>= shift;
    } while (left);
    if (n->base.size < 0)
        *--p = '-';
    return PY_OBJ(py_str_from_latin1(p, (size_t)(local + sizeof local - p)));
}

struct py_object *py_format_int(struct py_object *self, struct py_str *text)
{
    struct spec spec;
    if (text->length == 0)
        return py_int_check_exact(self) ? py_int_to_text(self, 10) : py_str_of(self);
    if (text->length == 1) {
        struct py_object *const quick = format_short(self, py_str_char(text, 0));
        if (quick || py_error_occurred())
            return quick;
    }
    if (parse_spec(text, false, self, &spec) < 0)
        return NULL;
    if (is_float_type(spec.type)) {
        const double d = py_float_of_number(self);
        return d == -1.0 && py_error_occurred() ? NULL : format_double(d, &spec);
    }
    if (spec.type && (spec.type > 127 || !strchr("bcdoxXn", (int)spec.type)))
        return raise_unknown_type(spec.type, self);
    if (spec.precision >= 0)
        return py_raise(&py_exc_ValueError, "Precision not allowed in integer format specifier");
    if (spec.no_negative_zero)
        return py_raise(&py_exc_ValueError,
                        "Negative zero coercion (z) not allowed in integer format specifier");
    return spec.type == 'c' ? format_char(self, &spec) : format_digits(self, &spec);
}

/* Any object. */

struct py_object *py_format(struct py_object *value, struct py_object *spec)
{
    if (!spec)
        spec = PY_OBJ(py_str_empty());
    if (py_str_check_exact(spec)) {
        if (py_str_check_exact(value))
            return py_format_str(value, str_of(spec));
        if (py_int_check_exact(value))
            return py_format_int(value, str_of(spec));
        if (value->type == &py_float_type)
            return py_format_float(value, str_of(spec));
    }
    return py_format_object(value, spec);
}
