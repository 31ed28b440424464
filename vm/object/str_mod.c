/* The % operator of str and, through the same engine, of bytes.
 *
 *   %[(key)][flags][width][.precision][h|l|L]conversion
 *
 * For bytes the template is lent as Latin-1 text and the result goes back the same way; what
 * differs is what %s, %b, %c take, and the messages (struct mod.bytes).
 *
 * The right operand is a tuple of values, a mapping when it can be subscripted and is neither tuple
 * nor text, or else a single value. A value taken from a mapping is owned here while it is
 * formatted, hence the handle; the tuple owns the others.
 */
#include <stdlib.h>
#include <string.h>

#include "vm/memory/heap.h"
#include "vm/object/buffer.h"
#include "vm/object/bytes.h"
#include "vm/object/bytes_impl.h"
#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/int_impl.h"
#include "vm/object/str.h"
#include "vm/object/str_impl.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

struct mod {
    const struct py_str *format;
    bool bytes;
    int64_t at;
    struct py_object *const *values;
    int64_t value_count, next;
    struct py_object *mapping; /* borrowed, or NULL */
    struct py_object *single;  /* slot that values points to when args is no tuple */
    struct py_object *keyed;   /* owned: value of the current %(key) */
    bool has_key;
    struct py_strbuf *out;
};

struct conversion {
    bool left, plus, blank, alternate, zero;
    int64_t width, precision; /* -1: none */
    uint32_t type;
};

/* Values. */

static struct py_object *next_value(struct mod *m)
{
    if (m->has_key)
        return m->keyed;
    if (m->next >= m->value_count)
        return py_raise(&py_exc_TypeError, "not enough arguments for format string");
    return m->values[m->next++];
}

static int parse_key(struct mod *m)
{
    if (!m->mapping)
        return py_raise_int(&py_exc_TypeError, "format requires a mapping");
    const int64_t start = ++m->at;
    int nesting = 1;
    for (; m->at < m->format->length && nesting; m->at++) {
        const uint32_t c = py_str_char(m->format, m->at);
        nesting += c == '(' ? 1 : c == ')' ? -1 : 0;
    }
    if (nesting)
        return py_raise_int(&py_exc_ValueError, "incomplete format key");
    struct py_str *text = py_str_substring((struct py_str *)m->format, start, m->at - 1);
    struct py_object *key = PY_OBJ(text);
    if (text && m->bytes) {
        key = py_str_encode(PY_OBJ(text), "latin-1", NULL);
        py_decref(text);
    }
    if (!key)
        return -1;
    PY_HOLD(&key);
    struct py_object *value = py_getitem(m->mapping, key);
    py_clear(key);
    if (!value)
        return -1;
    py_setref(m->keyed, value);
    m->has_key = true;
    return 0;
}

/* Parsing. */

static bool parse_flag(uint32_t c, struct conversion *v)
{
    switch (c) {
    case '-':
        return v->left = true;
    case '+':
        return v->plus = true;
    case ' ':
        return v->blank = true;
    case '#':
        return v->alternate = true;
    case '0':
        return v->zero = true;
    }
    return false;
}

/* What a number at the cursor is for. */
struct number {
    const char *name;
    int64_t most;
    int64_t (*convert)(struct py_object *o); /* when it is '*' */
};

/* A number or '*' at the cursor into *out; leaves *out alone when there is neither. */
static int parse_number(struct mod *m, const struct number *number, int64_t *out)
{
    if (m->at < m->format->length && py_str_char(m->format, m->at) == '*') {
        struct py_object *value = next_value(m);
        if (!value)
            return -1;
        if (!py_int_check(value))
            return py_raise_int(&py_exc_TypeError, "* wants int");
        m->at++;
        *out = number->convert(value);
        return *out == -1 && py_error_occurred() ? -1 : 0;
    }
    for (bool any = false; m->at < m->format->length; m->at++, any = true) {
        const uint32_t c = py_str_char(m->format, m->at);
        if (c < '0' || c > '9')
            break;
        if (!any)
            *out = 0;
        if (*out > (number->most - (c - '0')) / 10)
            return py_raise_int(&py_exc_ValueError, "%s too big", number->name);
        *out = *out * 10 + (c - '0');
    }
    return 0;
}

static int parse_conversion(struct mod *m, struct conversion *v)
{
    const int64_t n = m->format->length;
    *v = (struct conversion){.width = -1, .precision = -1};
    m->has_key = false;
    if (m->at < n && py_str_char(m->format, m->at) == '(' && parse_key(m) < 0)
        return -1;
    while (m->at < n && parse_flag(py_str_char(m->format, m->at), v))
        m->at++;
    static const struct number width = {"width", INT64_MAX, py_int_as_ssize_arg};
    if (parse_number(m, &width, &v->width) < 0)
        return -1;
    if (v->width < -1) { /* from '*' */
        v->left = true;
        v->width = -v->width;
    }
    if (m->at < n && py_str_char(m->format, m->at) == '.') {
        m->at++;
        v->precision = 0;
        const struct number precision = {m->bytes ? "prec" : "precision", INT32_MAX,
                                         py_int_as_c_int};
        if (parse_number(m, &precision, &v->precision) < 0)
            return -1;
        if (v->precision < 0)
            v->precision = 0;
    }
    if (m->at < n) {
        const uint32_t c = py_str_char(m->format, m->at);
        m->at += c == 'h' || c == 'l' || c == 'L';
    }
    if (m->at >= n)
        return py_raise_int(&py_exc_ValueError, "incomplete format");
    v->type = py_str_char(m->format, m->at++);
    return 0;
}

/* Writing. */

/* text is ASCII: an optional sign, then digits; prefix ("0x") goes behind the sign. */
static int put_number(struct mod *m, const struct conversion *v, const char *text,
                      const char *prefix)
{
    char sign = v->plus ? '+' : v->blank ? ' ' : 0;
    if (*text == '-' || *text == '+')
        sign = *text++;
    const int64_t n = (int64_t)strlen(text), prefix_n = (int64_t)strlen(prefix);
    const int64_t pad = v->width - n - prefix_n - (sign != 0);
    const bool zeros = v->zero;
    if (!zeros && !v->left && py_strbuf_fill(m->out, ' ', pad) < 0)
        return -1;
    if ((sign && py_strbuf_char(m->out, (uint8_t)sign) < 0) || py_strbuf_cstr(m->out, prefix) < 0)
        return -1;
    if (zeros && !v->left && py_strbuf_fill(m->out, '0', pad) < 0)
        return -1;
    if (py_strbuf_ascii(m->out, text, (size_t)n) < 0)
        return -1;
    return v->left ? py_strbuf_fill(m->out, ' ', pad) : 0;
}

static int put_text(struct mod *m, const struct conversion *v, const struct py_str *s)
{
    const int64_t n = v->precision >= 0 && v->precision < s->length ? v->precision : s->length;
    if (!v->left && py_strbuf_fill(m->out, ' ', v->width - n) < 0)
        return -1;
    if (n == s->length ? py_strbuf_str(m->out, s) < 0 : py_strbuf_range(m->out, s, 0, n) < 0)
        return -1;
    return v->left ? py_strbuf_fill(m->out, ' ', v->width - n) : 0;
}

static int put_new_text(struct mod *m, const struct conversion *v, struct py_object *text)
{
    if (!text)
        return -1;
    const int status = put_text(m, v, str_of(text));
    py_decref(text);
    return status;
}

/* Conversions. */

static struct py_object *octets_as_text(struct py_object *value)
{
    struct py_object *method = py_lookup_special(value, py_str_const("__bytes__"));
    PY_HOLD(&method);
    struct py_object *bytes = NULL;
    if (py_bytes_check(value)) {
        bytes = py_newref(value);
    } else if (method || (!py_error_occurred() && py_has_buffer(value))) {
        bytes = py_bytes_from_object(value);
    } else if (!py_error_occurred()) {
        py_raise(&py_exc_TypeError,
                 "%%b requires a bytes-like object, or an object that implements __bytes__, not "
                 "'%.100s'",
                 value->type->name);
    }
    py_clear(method);
    if (!bytes)
        return NULL;
    struct py_str *text =
        py_str_from_latin1(bytes_of(bytes)->data, (size_t)bytes_of(bytes)->base.size);
    py_decref(bytes);
    return PY_OBJ(text);
}

static struct py_object *value_as_text(struct mod *m, uint32_t type, struct py_object *value)
{
    if (type == 's' && !m->bytes)
        return py_str_check_exact(value) ? py_newref(value) : py_str_of(value);
    if (type == 'r' && !m->bytes)
        return py_repr(value);
    if (type == 'a' || type == 'r')
        return py_str_ascii(value);
    return octets_as_text(value);
}

static int put_char(struct mod *m, const struct conversion *v, struct py_object *value)
{
    const struct conversion whole = {.left = v->left, .width = v->width, .precision = -1};
    if (!m->bytes && py_str_check(value)) {
        if (str_of(value)->length != 1)
            return py_raise_int(&py_exc_TypeError, "%%c requires int or char");
        return put_text(m, &whole, str_of(value));
    }
    if (m->bytes && py_bytes_check(value) && bytes_of(value)->base.size == 1)
        return put_new_text(m, &whole, PY_OBJ(py_str_from_char(bytes_of(value)->data[0])));
    if (!py_int_check(value) && !value->type->index)
        return m->bytes ? py_raise_int(&py_exc_TypeError, "%%c requires an integer in range(256) "
                                                          "or a single byte")
                        : py_raise_int(&py_exc_TypeError, "%%c requires int or char");
    const int64_t c = py_int_as_i64_clip(value);
    if (c == -1 && py_error_occurred())
        return -1;
    if (c < 0 || c > (m->bytes ? 255 : 0x10ffff))
        return py_raise_int(&py_exc_OverflowError, m->bytes ? "%%c arg not in range(256)"
                                                            : "%%c arg not in range(0x110000)");
    return put_new_text(m, &whole, PY_OBJ(py_str_from_char((uint32_t)c)));
}

/* The int that %d (anything with __int__) or %x (only what has __index__) shows. New. */
static struct py_object *integer_of(struct py_object *value, uint32_t type)
{
    if (py_int_check(value))
        return py_newref(value);
    const bool decimal = type == 'd' || type == 'i' || type == 'u';
    const struct py_type *t = value->type;
    if (!decimal && t->index)
        return py_index(value);
    if (decimal && (t->int_ || t->index || t->float_ || py_float_check(value))) {
        struct py_object *const n = int_from_object(value);
        if (n || !py_error_matches(&py_exc_TypeError))
            return n;
        py_error_clear();
    }
    if (decimal)
        return py_raise(&py_exc_TypeError, "%%%c format: a real number is required, not %.200s",
                        type, t->name);
    return py_raise(&py_exc_TypeError, "%%%c format: an integer is required, not %.200s", type,
                    t->name);
}

/* digits with zeros in front up to the precision; malloc'd, sign kept first. */
static char *with_precision(char *text, size_t length, int64_t precision)
{
    const bool negative = *text == '-';
    const int64_t digits = (int64_t)length - negative;
    if (digits >= precision)
        return text;
    char *out = malloc((size_t)precision + 2);
    if (out) {
        memset(out, '0', (size_t)precision + negative);
        if (negative)
            out[0] = '-';
        memcpy(out + negative + (precision - digits), text + negative, (size_t)digits + 1);
    }
    free(text);
    return out ? out : py_raise_no_memory();
}

/* A plain %d of a number of one limb. */
static int put_short_decimal(struct mod *m, struct py_object *value)
{
    char local[24], *end = local + sizeof(local);
    char *p = int_write_decimal(end, int_limb_count(value) ? int_of(value)->limbs[0] : 0);
    if (int_is_negative(value))
        *--p = '-';
    return py_strbuf_ascii(m->out, p, (size_t)(end - p));
}

static int put_integer(struct mod *m, const struct conversion *v, struct py_object *value)
{
    if (v->type == 'd' && v->width < 0 && v->precision < 0 && !v->plus && !v->blank &&
        py_int_check(value) && int_limb_count(value) <= 1)
        return put_short_decimal(m, value);
    struct py_object *i = integer_of(value, m->bytes && v->type == 'i' ? 'd' : v->type);
    if (!i)
        return -1;
    const int base = v->type == 'o' ? 8 : v->type == 'x' || v->type == 'X' ? 16 : 10;
    size_t length;
    char *text = py_int_to_ctext(i, base, &length);
    py_decref(i);
    if (text && v->precision >= 0)
        text = with_precision(text, length, v->precision);
    if (!text)
        return -1;
    for (char *p = text; v->type == 'X' && *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 32);
    const char *prefix = !v->alternate    ? ""
                         : v->type == 'o' ? "0o"
                         : v->type == 'x' ? "0x"
                         : v->type == 'X' ? "0X"
                                          : "";
    const int status = put_number(m, v, text, prefix);
    free(text);
    return status;
}

static int put_float(struct mod *m, const struct conversion *v, struct py_object *value)
{
    const double d = py_float_as_double(value);
    if (d == -1.0 && py_error_occurred()) {
        if (m->bytes && py_error_matches(&py_exc_TypeError)) {
            py_error_clear();
            return py_raise_int(&py_exc_TypeError, "float argument required, not %.200s",
                                value->type->name);
        }
        return -1;
    }
    if (v->precision > INT32_MAX)
        return py_raise_int(&py_exc_ValueError, "precision too large");
    char *text = py_float_format(d, (char)v->type, v->precision < 0 ? 6 : (int)v->precision,
                                 v->alternate ? PY_FLOAT_ALT : 0);
    if (!text)
        return -1;
    const int status = put_number(m, v, text, "");
    free(text);
    return status;
}

static int put_value(struct mod *m, const struct conversion *v)
{
    struct py_object *value = next_value(m);
    if (!value)
        return -1;
    switch (v->type) {
    case 'b':
        if (!m->bytes)
            break;
        /* fall through */
    case 's':
    case 'r':
    case 'a':
        return put_new_text(m, v, value_as_text(m, v->type, value));
    case 'c':
        return put_char(m, v, value);
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        return put_integer(m, v, value);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
        return put_float(m, v, value);
    }
    return py_raise_int(
        &py_exc_ValueError, "unsupported format character '%c' (0x%x) at index %lld",
        v->type > 31 && v->type < 128 ? (int)v->type : '?', v->type, (long long)(m->at - 1));
}

static int run(struct mod *m)
{
    const struct py_str *s = m->format;
    while (m->at < s->length) {
        int64_t percent = chars_find_char(py_str_data(s), s->kind, m->at, s->length, '%');
        if (percent < 0)
            percent = s->length;
        if (py_strbuf_range(m->out, s, m->at, percent) < 0)
            return -1;
        m->at = percent + 1;
        if (m->at < s->length && py_str_char(s, m->at) == '%') { /* doubled: itself */
            if (py_strbuf_char(m->out, '%') < 0)
                return -1;
            m->at++;
            continue;
        }
        struct conversion v;
        if (percent < s->length && (parse_conversion(m, &v) < 0 || put_value(m, &v) < 0))
            return -1;
    }
    if (m->next < m->value_count && !m->mapping)
        return py_raise_int(&py_exc_TypeError, "not all arguments converted during %s formatting",
                            m->bytes ? "bytes" : "string");
    return 0;
}

static struct py_str *mod_text(const struct py_str *format, struct py_object *args, bool bytes)
{
    struct py_strbuf out; /* not in the other, which is cleared */
    struct mod m = {
        .format = format, .bytes = bytes, .single = args, .value_count = 1, .out = &out};
    if (py_tuple_check(args)) {
        m.values = ((struct py_tuple *)args)->items;
        m.value_count = ((struct py_tuple *)args)->base.size;
    } else {
        m.values = &m.single;
        const bool text =
            py_str_check(args) ||
            (bytes && (py_bytes_check(args) || py_isinstance_type(args, &py_bytearray_type)));
        if (args->type->subscript && !text)
            m.mapping = args;
    }
    PY_HOLD(&m.keyed);
    py_strbuf_init(&out);
    const int status = run(&m);
    py_clear(m.keyed);
    if (status < 0) {
        py_strbuf_deinit(&out);
        return NULL;
    }
    return py_strbuf_finish(&out);
}

struct py_object *py_str_mod(struct py_object *format, struct py_object *args)
{
    return PY_OBJ(mod_text(str_of(format), args, false));
}

struct py_object *bytes_mod(struct py_object *format, struct py_object *args)
{
    struct py_str *text =
        py_str_from_latin1(bytes_of(format)->data, (size_t)bytes_of(format)->base.size);
    if (!text)
        return NULL;
    struct py_object *owned = PY_OBJ(text);
    PY_HOLD(&owned);
    struct py_str *out = mod_text(text, args, true);
    py_clear(owned);
    if (!out)
        return NULL;
    struct py_object *result = py_str_encode(PY_OBJ(out), "latin-1", NULL);
    py_decref(out);
    return result;
}
