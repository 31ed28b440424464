#include "inspector/target/render.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

// Surrogates and what is beyond Unicode become U+FFFD.
static void add_utf8(struct strbuf *out, uint32_t c)
{
    char bytes[4];
    size_t n = 0;
    if (c >= 0x110000 || (c >= 0xd800 && c < 0xe000))
        c = 0xfffd;
    if (c < 0x80) {
        bytes[n++] = (char)c;
    } else if (c < 0x800) {
        bytes[n++] = (char)(0xc0 | c >> 6);
        bytes[n++] = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        bytes[n++] = (char)(0xe0 | c >> 12);
        bytes[n++] = (char)(0x80 | (c >> 6 & 63));
        bytes[n++] = (char)(0x80 | (c & 63));
    } else {
        bytes[n++] = (char)(0xf0 | c >> 18);
        bytes[n++] = (char)(0x80 | (c >> 12 & 63));
        bytes[n++] = (char)(0x80 | (c >> 6 & 63));
        bytes[n++] = (char)(0x80 | (c & 63));
    }
    strbuf_add_bytes(out, bytes, n);
}

// How many characters from the begin are plain ASCII that needs no escape.
static size_t plain_run(const unsigned char *bytes, unsigned kind, size_t count)
{
    size_t n = 0;
    while (kind == 1 && n < count && bytes[n] >= ' ' && bytes[n] < 0x7f && bytes[n] != '\'' &&
           bytes[n] != '"' && bytes[n] != '\\')
        n++;
    return n;
}

void render_plain(struct strbuf *out, const unsigned char *bytes, unsigned kind, size_t count)
{
    size_t i = plain_run(bytes, kind, count);
    strbuf_add_bytes(out, (const char *)bytes, i);
    for (; i < count; i++) {
        const uint32_t c = char_at(bytes, kind, i);
        add_utf8(out, c ? c : 0xfffd);
    }
}

static void add_escaped(struct strbuf *out, uint32_t c, char quote, bool is_bytes)
{
    switch (c) {
    case '\n':
        strbuf_add(out, "\\n");
        return;
    case '\t':
        strbuf_add(out, "\\t");
        return;
    case '\r':
        strbuf_add(out, "\\r");
        return;
    default:
        break;
    }
    if (c == '\\' || c == (uint32_t)quote)
        strbuf_add_char(out, '\\');
    if (c < 0x20 || c == 0x7f || (is_bytes ? c > 0x7f : c >= 0x80 && c < 0xa0))
        strbuf_addf(out, "\\x%02x", c);
    else
        add_utf8(out, c);
}

void render_quoted(struct strbuf *out, const unsigned char *bytes, unsigned kind, size_t count,
                   bool cut, bool is_bytes)
{
    bool single = false, twice = false;
    size_t i = plain_run(bytes, kind, count);
    for (size_t k = i; k < count; k++) {
        single |= char_at(bytes, kind, k) == '\'';
        twice |= char_at(bytes, kind, k) == '"';
    }
    const char quote = single && !twice ? '"' : '\'';
    strbuf_add_char(out, quote);
    strbuf_add_bytes(out, (const char *)bytes, i);
    for (; i < count; i++)
        add_escaped(out, char_at(bytes, kind, i), quote, is_bytes);
    if (cut)
        strbuf_add(out, "...");
    strbuf_add_char(out, quote);
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
