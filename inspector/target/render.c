#include "inspector/target/render.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ESCAPED_MOST = 4 }; // bytes that one character becomes

// ---- characters ----

static uint32_t char_at(const unsigned char *bytes, unsigned kind, size_t i)
{
    uint16_t two;
    uint32_t four;
    switch (kind) {
    case 1:
        return bytes[i];
    case 2:
        memcpy(&two, bytes + 2 * i, 2);
        return two;
    default:
        memcpy(&four, bytes + 4 * i, 4);
        return four;
    }
}

// Up to four bytes; returns how many. Surrogates and what is beyond Unicode become U+FFFD.
static size_t put_utf8(char *to, uint32_t c)
{
    size_t n = 0;
    if (c >= 0x110000 || (c >= 0xd800 && c < 0xe000))
        c = 0xfffd;
    if (c < 0x80) {
        to[n++] = (char)c;
    } else if (c < 0x800) {
        to[n++] = (char)(0xc0 | c >> 6);
        to[n++] = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        to[n++] = (char)(0xe0 | c >> 12);
        to[n++] = (char)(0x80 | (c >> 6 & 63));
        to[n++] = (char)(0x80 | (c & 63));
    } else {
        to[n++] = (char)(0xf0 | c >> 18);
        to[n++] = (char)(0x80 | (c >> 12 & 63));
        to[n++] = (char)(0x80 | (c >> 6 & 63));
        to[n++] = (char)(0x80 | (c & 63));
    }
    return n;
}

// Whether it is printable ASCII without quotes and backslashes, as most text is.
static bool is_plain(const unsigned char *bytes, unsigned kind, size_t count)
{
    bool plain = kind == 1;
    for (size_t i = 0; plain && i < count; i++)
        plain = bytes[i] >= 0x20 && bytes[i] < 0x7f && bytes[i] != '\'' && bytes[i] != '\\';
    return plain;
}

void render_plain(struct strbuf *out, const unsigned char *bytes, unsigned kind, size_t count)
{
    if (is_plain(bytes, kind, count)) {
        strbuf_add_bytes(out, (const char *)bytes, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char utf8[4];
        const uint32_t c = char_at(bytes, kind, i);
        strbuf_add_bytes(out, utf8, put_utf8(utf8, c ? c : 0xfffd));
    }
}

// Up to ESCAPED_MOST bytes; returns how many.
static size_t put_escaped(char *to, uint32_t c, char quote, bool is_bytes)
{
    static const char digits[] = "0123456789abcdef";
    const char *short_form = c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : NULL;
    if (short_form) {
        memcpy(to, short_form, 2);
        return 2;
    }
    if (c < 0x20 || c == 0x7f || (is_bytes ? c > 0x7f : c >= 0x80 && c < 0xa0)) {
        to[0] = '\\';
        to[1] = 'x';
        to[2] = digits[c >> 4 & 15];
        to[3] = digits[c & 15];
        return 4;
    }
    if (c == '\\' || c == (uint32_t)quote) {
        to[0] = '\\';
        to[1] = (char)c;
        return 2;
    }
    return put_utf8(to, c);
}

void render_quoted(struct strbuf *out, const unsigned char *bytes, unsigned kind, size_t count,
                   bool cut, bool is_bytes)
{
    char text[ESCAPED_MOST * (LIMIT_LABEL + 1) + 5];
    if (count > LIMIT_LABEL) {
        count = LIMIT_LABEL;
        cut = true;
    }
    bool single = false, twice = false;
    for (size_t i = 0; i < count; i++) {
        single |= char_at(bytes, kind, i) == '\'';
        twice |= char_at(bytes, kind, i) == '"';
    }
    const char quote = single && !twice ? '"' : '\'';
    size_t length = 0, shown = 0;
    text[length++] = quote;
    if (is_plain(bytes, kind, count)) {
        memcpy(text + length, bytes, count);
        length += count;
    } else {
        for (size_t i = 0; i < count && !(cut |= shown >= LIMIT_LABEL); i++) {
            const size_t added =
                put_escaped(text + length, char_at(bytes, kind, i), quote, is_bytes);
            shown += text[length] == '\\' ? added : 1;
            length += added;
        }
    }
    if (cut) {
        memcpy(text + length, "...", 3);
        length += 3;
    }
    text[length++] = quote;
    strbuf_add_bytes(out, text, length);
}

// ---- numbers ----

void render_decimal(struct strbuf *out, uint64_t value, bool negative)
{
    char digits[24];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    if (negative)
        digits[--at] = '-';
    strbuf_add_bytes(out, digits + at, sizeof digits - at);
}

// By repeated division by 10^18.
void render_big(struct strbuf *out, uint64_t *limbs, size_t count, bool negative)
{
    uint64_t parts[6];
    size_t used = 0;
    while (count && used < 6) {
        unsigned __int128 rest = 0;
        for (size_t i = count; i-- > 0;) {
            rest = rest << 64 | limbs[i];
            limbs[i] = (uint64_t)(rest / 1000000000000000000u);
            rest %= 1000000000000000000u;
        }
        parts[used++] = (uint64_t)rest;
        while (count && limbs[count - 1] == 0)
            count--;
    }
    render_decimal(out, used ? parts[used - 1] : 0, negative);
    for (size_t i = used ? used - 1 : 0; i-- > 0;)
        strbuf_addf(out, "%018" PRIu64, parts[i]);
}

// Most floats in programs have few decimals: these need no search for the shortest form.
static bool add_short_float(struct strbuf *out, double value)
{
    static const double powers[] = {1, 10, 100, 1000};
    if (!(fabs(value) < 1e9) || (value != 0 && fabs(value) < 1e-3))
        return false;
    for (int places = 0; places < 4; places++) {
        const double scaled = value * powers[places];
        const int64_t whole = (int64_t)scaled;
        if ((double)whole != scaled || (double)whole / powers[places] != value)
            continue;
        const uint64_t size = (uint64_t)(whole < 0 ? -whole : whole);
        const uint64_t unit = (uint64_t)powers[places];
        render_decimal(out, size / unit, signbit(value));
        strbuf_add_char(out, '.');
        for (uint64_t digit = unit / 10; digit; digit /= 10)
            strbuf_add_char(out, (char)('0' + size / digit % 10));
        if (places == 0)
            strbuf_add_char(out, '0');
        return true;
    }
    return false;
}

void render_float(struct strbuf *out, double value)
{
    char text[40];
    if (add_short_float(out, value))
        return;
    if (isnan(value) || isinf(value)) {
        strbuf_add(out, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    const char *exponent = strchr(text, 'e');
    if (exponent && fabs(value) >= 1e15 && fabs(value) < 1e16)
        snprintf(text, sizeof text, "%.1f", value);
    else if (!exponent && !strchr(text, '.'))
        snprintf(text + strlen(text), sizeof text - strlen(text), ".0");
    strbuf_add(out, text);
}
