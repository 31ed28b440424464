/* Characters: the properties and case mappings that str's methods ask for.
 *
 * General categories and one-to-one mappings come from utf8proc; what they do not tell stands in
 * two lists of facts (unicode_ranges.def, unicode_case.def). The definitions are CPython's: a
 * decimal has category Nd; a digit is a decimal or has a digit value; a numeric has any numeric
 * value; printable is everything but separators other than the space, controls, surrogates and
 * unassigned code points.
 *
 * Everything below 128 is answered from a table of bits without asking anybody.
 */
#include <utf8proc.h>

#include "vm/memory/heap.h"
#include "vm/object/str_impl.h"
#include "vm/runtime/error.h"

struct range {
    uint32_t first, last;
};
#define RANGE_ROW(a, b) {a, b},

static const struct range digit_ranges[] = {
#define DIGIT RANGE_ROW
#include "vm/object/unicode_ranges.def"
};
static const struct range numeric_ranges[] = {
#define NUMERIC RANGE_ROW
#include "vm/object/unicode_ranges.def"
};
static const struct range decimal_ranges[] = {
#define DECIMAL RANGE_ROW
#include "vm/object/unicode_ranges.def"
};
static const struct range upper_ranges[] = {
#define OTHER_UPPER RANGE_ROW
#include "vm/object/unicode_ranges.def"
};
static const struct range lower_ranges[] = {
#define OTHER_LOWER RANGE_ROW
#include "vm/object/unicode_ranges.def"
};

static const struct range newer_ranges[] = {
#define NEWER RANGE_ROW
#include "vm/object/unicode_ranges.def"
};

static const struct range *find_range(const struct range *ranges, size_t n, uint32_t c)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        const size_t mid = (lo + hi) / 2;
        if (c > ranges[mid].last)
            lo = mid + 1;
        else if (c < ranges[mid].first)
            hi = mid;
        else
            return &ranges[mid];
    }
    return NULL;
}
#define IN_RANGES(table, c) (find_range(table, sizeof(table) / sizeof((table)[0]), c) != NULL)

static inline utf8proc_category_t category(uint32_t c)
{
    if (c >= newer_ranges[0].first && IN_RANGES(newer_ranges, c))
        return UTF8PROC_CATEGORY_CN;
    return utf8proc_category((utf8proc_int32_t)c);
}

bool char_is_space(uint32_t c)
{
    if (c < 128)
        return c == ' ' || (c >= 9 && c <= 13) || (c >= 28 && c <= 31);
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
           c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool char_is_linebreak(uint32_t c)
{
    if (c < 128)
        return (c >= 10 && c <= 13) || (c >= 28 && c <= 30);
    return c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool char_is_alpha(uint32_t c)
{
    if (c < 128)
        return (c | 32) >= 'a' && (c | 32) <= 'z';
    const utf8proc_category_t k = category(c);
    return k == UTF8PROC_CATEGORY_LL || k == UTF8PROC_CATEGORY_LU || k == UTF8PROC_CATEGORY_LO ||
           k == UTF8PROC_CATEGORY_LM || k == UTF8PROC_CATEGORY_LT;
}

int char_decimal_value(uint32_t c)
{
    if (c < 128)
        return c >= '0' && c <= '9' ? (int)c - '0' : -1;
    const struct range *r =
        find_range(decimal_ranges, sizeof(decimal_ranges) / sizeof(*decimal_ranges), c);
    return r ? (int)((c - r->first) % 10) : -1;
}

bool char_is_decimal(uint32_t c)
{
    return char_decimal_value(c) >= 0;
}

bool char_is_digit(uint32_t c)
{
    return char_is_decimal(c) || (c >= 128 && IN_RANGES(digit_ranges, c));
}

bool char_is_numeric(uint32_t c)
{
    if (c < 128)
        return c >= '0' && c <= '9';
    const utf8proc_category_t k = category(c);
    return k == UTF8PROC_CATEGORY_ND || k == UTF8PROC_CATEGORY_NL || k == UTF8PROC_CATEGORY_NO ||
           IN_RANGES(numeric_ranges, c);
}

bool char_is_upper(uint32_t c)
{
    if (c < 128)
        return c >= 'A' && c <= 'Z';
    return category(c) == UTF8PROC_CATEGORY_LU || IN_RANGES(upper_ranges, c);
}

bool char_is_lower(uint32_t c)
{
    if (c < 128)
        return c >= 'a' && c <= 'z';
    return category(c) == UTF8PROC_CATEGORY_LL || IN_RANGES(lower_ranges, c);
}

bool char_is_title(uint32_t c)
{
    return c >= 128 && category(c) == UTF8PROC_CATEGORY_LT;
}

bool char_is_printable(uint32_t c)
{
    if (c < 128)
        return c >= 32 && c < 127;
    switch (category(c)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
        return false;
    default:
        return true;
    }
}

bool char_is_cased(uint32_t c)
{
    return char_is_lower(c) || char_is_upper(c) || char_is_title(c);
}

bool char_is_case_ignorable(uint32_t c)
{
    switch (c) {
    case '\'':
    case '.':
    case ':':
    case 0xb7:
    case 0x387:
    case 0x55f:
    case 0x5f4:
    case 0x2018:
    case 0x2019:
    case 0x2024:
    case 0x2027:
    case 0xfe13:
    case 0xfe52:
    case 0xfe55:
    case 0xff07:
    case 0xff0e:
    case 0xff1a:
        return true;
    }
    const utf8proc_category_t k = category(c);
    return k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_ME || k == UTF8PROC_CATEGORY_CF ||
           k == UTF8PROC_CATEGORY_LM || k == UTF8PROC_CATEGORY_SK;
}

/* Case mappings. */

struct expansion {
    uint32_t from, to[3];
};
#define EXPANSION_ROW(c, a, b, d) {c, {a, b, d}},
static const struct expansion upper_table[] = {
#define UPPER EXPANSION_ROW
#include "vm/object/unicode_case.def"
};
static const struct expansion title_table[] = {
#define TITLE EXPANSION_ROW
#include "vm/object/unicode_case.def"
};

static int expand(const struct expansion *table, size_t n, uint32_t c, uint32_t out[3])
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        const size_t mid = (lo + hi) / 2;
        if (c > table[mid].from)
            lo = mid + 1;
        else if (c < table[mid].from)
            hi = mid;
        else {
            int count = 0;
            for (; count < 3 && table[mid].to[count]; count++)
                out[count] = table[mid].to[count];
            return count;
        }
    }
    return 0;
}

int char_upper(uint32_t c, uint32_t out[3])
{
    if (c < 128) {
        out[0] = c >= 'a' && c <= 'z' ? c - 32 : c;
        return 1;
    }
    const int n = expand(upper_table, sizeof(upper_table) / sizeof(*upper_table), c, out);
    if (n)
        return n;
    out[0] = (uint32_t)utf8proc_toupper((utf8proc_int32_t)c);
    return 1;
}

int char_lower(uint32_t c, uint32_t out[3])
{
    if (c < 128) {
        out[0] = c >= 'A' && c <= 'Z' ? c + 32 : c;
        return 1;
    }
    if (c == 0x130) { /* dotted capital I: the only lower case of two characters */
        out[0] = 'i';
        out[1] = 0x307;
        return 2;
    }
    out[0] = (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
    return 1;
}

int char_title(uint32_t c, uint32_t out[3])
{
    if (c < 128)
        return char_upper(c, out);
    const int n = expand(title_table, sizeof(title_table) / sizeof(*title_table), c, out);
    if (n)
        return n;
    out[0] = (uint32_t)utf8proc_totitle((utf8proc_int32_t)c);
    return 1;
}

int char_fold(uint32_t c, uint32_t out[3])
{
    if (c < 128)
        return char_lower(c, out);
    utf8proc_int32_t folded[8];
    int boundary = 0;
    const utf8proc_ssize_t n =
        utf8proc_decompose_char((utf8proc_int32_t)c, folded, 8, UTF8PROC_CASEFOLD, &boundary);
    if (n < 1 || n > 3) {
        out[0] = c;
        return 1;
    }
    for (utf8proc_ssize_t i = 0; i < n; i++)
        out[i] = (uint32_t)folded[i];
    return (int)n;
}

/* Numbers. */

int str_numeric_text(struct py_str *s, const char **text, size_t *len, char **owned)
{
    *owned = NULL;
    *len = (size_t)s->length;
    if (s->ascii) {
        *text = py_str_data(s);
        return 0;
    }
    char *out = py_mem_alloc((size_t)s->length + 1);
    if (!out) {
        py_raise_no_memory();
        return -1;
    }
    for (int64_t i = 0; i < s->length; i++) {
        const uint32_t c = py_str_char(s, i);
        const int digit = char_decimal_value(c);
        out[i] = (char)(c < 128 ? (int)c : digit >= 0 ? '0' + digit : char_is_space(c) ? ' ' : '?');
    }
    out[s->length] = 0;
    *text = *owned = out;
    return 0;
}
