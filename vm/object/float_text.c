/* float: between doubles and decimal text.
 *
 * A number is laid out in two steps, as in David Gay's dtoa: first its significant digits and the
 * position of the decimal point (struct digits), then signs, point, zeros and exponent.
 *
 * The shortest digits that read back as the same double come from float_shortest.c.
 *
 * Fixed numbers of digits come from printf straight: it is exact for any precision.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/memory/heap.h"
#include "vm/object/float.h"
#include "vm/object/float_impl.h"
#include "vm/object/str.h"
#include "vm/runtime/error.h"

/* 0.d1d2d3... * 10^point; digits is NUL-terminated and not zero-padded unless asked for. */
struct digits {
    char *text;
    int count;
    int point;
    char local[32];
};

static void trim_zeros(struct digits *d)
{
    while (d->count > 1 && d->text[d->count - 1] == '0')
        d->count--;
    d->text[d->count] = 0;
}

/* Reads printf's d.ddde±xx into digits. */
static void digits_from_e(struct digits *d, const char *e, char *out)
{
    d->text = out;
    d->count = 0;
    const char *p = e;
    for (; *p && *p != 'e'; p++)
        if (*p >= '0' && *p <= '9')
            out[d->count++] = *p;
    out[d->count] = 0;
    d->point = atoi(p + 1) + 1;
}

static void shortest_digits(struct digits *d, double v)
{
    int exponent = 0;
    uint64_t n = v == 0.0 ? 0 : float_shortest(v, &exponent);
    char *p = d->local + sizeof(d->local) - 1;
    const char *end = p;
    *p = 0;
    do {
        *--p = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    d->text = p;
    d->count = (int)(end - p);
    d->point = d->count + exponent;
    trim_zeros(d);
}

/* Layout. */

struct layout {
    char *out;
    size_t at;
};

static void put(struct layout *l, char c)
{
    l->out[l->at++] = c;
}

static void put_zeros(struct layout *l, int n)
{
    for (; n > 0; n--)
        put(l, '0');
}

static void put_digits(struct layout *l, const struct digits *d, int from, int to)
{
    for (int i = from; i < to; i++)
        put(l, i < d->count ? d->text[i] : '0');
}

/* digits with at least min_count of them (zeros appended), in positional or exponent notation. */
static void lay_out(struct layout *l, const struct digits *d, bool exponent, int min_count,
                    unsigned flags)
{
    const int count = d->count > min_count ? d->count : min_count;
    const int point = exponent ? 1 : d->point;
    if (point <= 0) {
        put(l, '0');
        put(l, '.');
        put_zeros(l, -point);
        put_digits(l, d, 0, count);
    } else {
        put_digits(l, d, 0, point);
        if (count > point) {
            put(l, '.');
            put_digits(l, d, point, count);
        } else if ((flags & PY_FLOAT_ADD_DOT_0) && !exponent) {
            put(l, '.');
            put(l, '0');
        } else if (flags & PY_FLOAT_ALT) {
            put(l, '.');
        }
    }
    if (exponent)
        l->at += (size_t)snprintf(l->out + l->at, 8, "e%+03d", d->point - 1);
}

static char *non_finite(double v)
{
    char *out = malloc(8);
    if (!out)
        return py_raise_no_memory();
    memcpy(out, isnan(v) ? "nan" : "inf", 4);
    return out;
}

/* 'e' and 'g' digits: `significant` of them. */
static int fixed_digits(struct digits *d, double v, int significant)
{
    char local[64];
    char *e = local;
    const size_t room = (size_t)significant + 16;
    if (room > sizeof(local) && !(e = malloc(room))) {
        py_raise_no_memory();
        return -1;
    }
    snprintf(e, room, "%.*e", significant - 1, v);
    char *out = room > sizeof(d->local) ? malloc(room) : d->local;
    if (out)
        digits_from_e(d, e, out);
    if (e != local)
        free(e);
    if (!out)
        py_raise_no_memory();
    return out ? 0 : -1;
}

/* v * 10^precision, rounded half to even on the exact value, if it fits: v is an integer times a
 * power of two, so the product is one integer shifted right, and the bits shifted out decide. */
static bool fixed_point(double v, int precision, uint64_t *out)
{
    static const uint64_t powers[] = {
        1,        10,        100,        1000,        10000,        100000,       1000000,
        10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000};
    if (precision >= (int)(sizeof(powers) / sizeof(*powers)) || v >= 9007199254740992.0)
        return false;
    int exponent;
    const double fraction = frexp(v, &exponent);
    const unsigned __int128 product =
        (unsigned __int128)(uint64_t)ldexp(fraction, 53) * powers[precision];
    const int shift = 53 - exponent; /* >= 0 */
    if (shift > 120) {
        *out = 0; /* the product has at most 93 bits: far below a half */
        return true;
    }
    unsigned __int128 whole = product >> shift;
    if (shift > 0) {
        const unsigned __int128 half = (unsigned __int128)1 << (shift - 1);
        const unsigned __int128 rest = product & (2 * half - 1);
        whole += rest > half || (rest == half && (whole & 1));
    }
    *out = (uint64_t)whole;
    return whole >> 63 == 0;
}

/* n / 10^precision as text, digits and all. */
static char *format_fixed(uint64_t n, int precision, unsigned flags)
{
    char *out = malloc(48);
    if (!out)
        return py_raise_no_memory();
    char local[48], *p = local + sizeof(local);
    const char *end = p;
    for (int i = 0; i < precision; i++) {
        *--p = (char)('0' + n % 10);
        n /= 10;
    }
    if (precision || (flags & PY_FLOAT_ALT))
        *--p = '.';
    do {
        *--p = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    memcpy(out, p, (size_t)(end - p));
    out[end - p] = 0;
    return out;
}

/* Leaves room for a sign in front and a percent sign behind. */
static char *format_f(double v, int precision, unsigned flags)
{
    uint64_t n;
    if (fixed_point(v, precision, &n))
        return format_fixed(n, precision, flags);
    const size_t room = (size_t)precision + (v < 1e15 ? 20 : 314) + 4;
    char *out = malloc(room);
    if (!out)
        return py_raise_no_memory();
    snprintf(out, room, flags & PY_FLOAT_ALT ? "%#.*f" : "%.*f", precision, v);
    return out;
}

static char *format_digits(double v, char format, int precision, unsigned flags)
{
    struct digits d;
    int min_count = 0;
    bool exponent;
    if (format == 'r') {
        shortest_digits(&d, v);
        exponent = d.point <= -4 || d.point > 16;
    } else if (format == 'e') {
        if (fixed_digits(&d, v, precision + 1) < 0)
            return NULL;
        exponent = true;
        min_count = precision + 1;
    } else {
        precision = precision ? precision : 1;
        if (fixed_digits(&d, v, precision) < 0)
            return NULL;
        const int limit = precision - (flags & PY_FLOAT_ADD_DOT_0 ? 1 : 0);
        exponent = d.point <= -4 || d.point > limit;
        if (flags & PY_FLOAT_ALT)
            min_count = precision;
        else
            trim_zeros(&d);
    }
    const size_t room = (size_t)(d.count > min_count ? d.count : min_count) +
                        (size_t)(d.point < 0 ? -d.point : d.point) + 24;
    struct layout l = {.out = malloc(room)};
    if (l.out) {
        lay_out(&l, &d, exponent, min_count, flags);
        l.out[l.at] = 0;
    } else {
        py_raise_no_memory();
    }
    if (d.text < d.local || d.text >= d.local + sizeof(d.local))
        free(d.text);
    return l.out;
}

/* Does the text show nothing but zeros? */
static bool is_zero_text(const char *text)
{
    for (; *text && *text != 'e'; text++)
        if (*text >= '1' && *text <= '9')
            return false;
    return true;
}

/* Sign in front, percent sign behind: every formatter leaves room for both. */
static void decorate(char *text, char sign, bool percent)
{
    size_t n = strlen(text);
    if (sign) {
        memmove(text + 1, text, n++);
        text[0] = sign;
    }
    if (percent)
        text[n++] = '%';
    text[n] = 0;
}

char *py_float_format(double v, char format, int precision, unsigned flags)
{
    const bool upper = format == 'E' || format == 'F' || format == 'G';
    const bool percent = format == '%';
    if (upper)
        format = (char)(format + 32);
    if (percent) {
        format = 'f';
        v *= 100;
    }
    char *text;
    if (!isfinite(v))
        text = non_finite(v);
    else if (format == 'f')
        text = format_f(fabs(v), precision, flags);
    else
        text = format_digits(fabs(v), format, precision, flags);
    if (!text)
        return NULL;
    const bool negative = signbit(v) && !isnan(v) &&
                          !((flags & PY_FLOAT_NO_NEG_0) && isfinite(v) && is_zero_text(text));
    decorate(text, negative ? '-' : flags & PY_FLOAT_SIGN ? '+' : 0, percent);
    for (char *p = text; upper && *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return text;
}

struct py_object *float_slot_repr(struct py_object *o)
{
    const double v = float_value(o);
    if (!isfinite(v))
        return PY_OBJ(py_str_from_cstr(isnan(v) ? "nan" : v < 0 ? "-inf" : "inf"));
    struct digits d;
    char text[64];
    struct layout l = {.out = text};
    if (signbit(v))
        put(&l, '-');
    shortest_digits(&d, fabs(v));
    lay_out(&l, &d, d.point <= -4 || d.point > 16, 0, PY_FLOAT_ADD_DOT_0);
    return PY_OBJ(py_str_from_latin1((uint8_t *)text, l.at));
}

/* Reading. */

static bool match_word(const char *p, size_t n, const char *word)
{
    return n == strlen(word) && strncasecmp(p, word, n) == 0;
}

/* Copies digits from p, dropping underscores that stand between digits. Returns how many characters
 * were read, or -1 for a stray underscore. */
static int64_t copy_digits(const char *p, size_t n, char *out, size_t *at)
{
    size_t i = 0;
    for (; i < n; i++) {
        if (p[i] == '_') {
            if (i == 0 || i + 1 >= n || !isdigit((unsigned char)p[i - 1]) ||
                !isdigit((unsigned char)p[i + 1]))
                return -1;
            continue;
        }
        if (!isdigit((unsigned char)p[i]))
            break;
        out[(*at)++] = p[i];
    }
    return (int64_t)i;
}

/* [digits][.digits][e[sign]digits] into out without underscores; whether it is all of the text. */
static bool clean_number(const char *p, size_t n, char *out)
{
    size_t at = 0;
    int64_t whole = copy_digits(p, n, out, &at), fraction = 0;
    if (whole < 0)
        return false;
    p += whole;
    n -= (size_t)whole;
    if (n && *p == '.') {
        out[at++] = '.';
        fraction = copy_digits(p + 1, n - 1, out, &at);
        if (fraction < 0)
            return false;
        p += fraction + 1;
        n -= (size_t)fraction + 1;
    }
    if (whole + fraction == 0)
        return false;
    if (n && (*p == 'e' || *p == 'E')) {
        out[at++] = 'e';
        p++;
        n--;
        if (n && (*p == '+' || *p == '-')) {
            out[at++] = *p++;
            n--;
        }
        const int64_t digits = copy_digits(p, n, out, &at);
        if (digits <= 0)
            return false;
        n -= (size_t)digits;
    }
    out[at] = 0;
    return n == 0;
}

int py_float_parse(const char *p, size_t n, double *out)
{
    while (n && (*p == ' ' || (*p >= '\t' && *p <= '\r'))) {
        p++;
        n--;
    }
    while (n && (p[n - 1] == ' ' || (p[n - 1] >= '\t' && p[n - 1] <= '\r')))
        n--;
    const bool negative = n && *p == '-';
    if (n && (*p == '-' || *p == '+')) {
        p++;
        n--;
    }
    double v;
    if (match_word(p, n, "inf") || match_word(p, n, "infinity")) {
        v = INFINITY;
    } else if (match_word(p, n, "nan")) {
        v = NAN;
    } else {
        char local[128];
        char *clean = n < sizeof(local) ? local : malloc(n + 1);
        if (!clean || !clean_number(p, n, clean)) {
            if (clean != local)
                free(clean);
            return -1;
        }
        v = strtod(clean, NULL);
        if (clean != local)
            free(clean);
    }
    *out = negative ? -v : v;
    return 0;
}

/* Rounding. */

double float_round_half_even(double d)
{
    double rounded = round(d);
    if (fabs(d - rounded) == 0.5)
        rounded = 2.0 * round(d / 2.0);
    return rounded;
}

/* Tens, hundreds ...: as many significant digits as stay before the place; exactness matters when
 * none stays and the number is compared with half of the place. */
static double round_tens(double d, int places)
{
    char e[1100];
    snprintf(e, sizeof(e), "%.1080e", fabs(d)); /* all digits of any double */
    const int lead = atoi(strchr(e, 'e') + 1);
    const int significant = lead + 1 - places;
    if (significant > 0) {
        snprintf(e, sizeof(e), "%.*e", significant - 1, d);
        return strtod(e, NULL);
    }
    bool up = false;
    if (significant == 0) {
        up = e[0] > '5';
        for (const char *p = e + 2; e[0] == '5' && !up && *p != 'e'; p++)
            up = *p != '0';
    }
    if (!up)
        return copysign(0.0, d);
    snprintf(e, sizeof(e), "%s1e%d", d < 0 ? "-" : "", places);
    return strtod(e, NULL);
}

double float_round_digits(double d, int64_t ndigits)
{
    if (!isfinite(d) || d == 0.0 || ndigits > 323)
        return d;
    if (ndigits < -308)
        return copysign(0.0, d);
    if (ndigits < 0)
        return round_tens(d, (int)-ndigits);
    uint64_t n;
    if (fixed_point(fabs(d), (int)ndigits, &n) && n <= (uint64_t)1 << 53) {
        double power = 1; /* exact, so the division rounds once */
        for (int64_t i = 0; i < ndigits; i++)
            power *= 10;
        return copysign((double)n / power, d);
    }
    char text[700];
    snprintf(text, sizeof(text), "%.*f", (int)ndigits, d);
    return strtod(text, NULL);
}
