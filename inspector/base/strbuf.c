#include "inspector/base/strbuf.h"

#include "inspector/base/digits.h"
#include "inspector/base/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void strbuf_init(struct strbuf *buf)
{
    *buf = (struct strbuf){0};
}

void strbuf_deinit(struct strbuf *buf)
{
    free(buf->data);
    strbuf_init(buf);
}

void strbuf_clear(struct strbuf *buf)
{
    strbuf_truncate(buf, 0);
    buf->failed = false;
}

void strbuf_truncate(struct strbuf *buf, size_t length)
{
    if (!buf->data || length >= buf->length)
        return;
    buf->length = length;
    buf->data[length] = 0;
}

// Room for `extra` bytes and the terminator.
static bool strbuf_reserve(struct strbuf *buf, size_t extra)
{
    if (buf->failed)
        return false;
    if (extra < buf->capacity - buf->length)
        return true;
    size_t needed;
    if (__builtin_add_overflow(buf->length, extra, &needed) || needed > SIZE_MAX / 4) {
        buf->failed = true;
        return false;
    }
    size_t capacity = buf->capacity ? buf->capacity : 64;
    while (capacity <= needed)
        capacity *= 2;
    char *data = realloc(buf->data, capacity);
    if (!data) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

char *strbuf_room(struct strbuf *buf, size_t count)
{
    return strbuf_reserve(buf, count) ? buf->data + buf->length : NULL;
}

void strbuf_commit(struct strbuf *buf, const char *end)
{
    buf->length = (size_t)(end - buf->data);
    buf->data[buf->length] = 0;
}

void strbuf_add_bytes(struct strbuf *buf, const char *bytes, size_t length)
{
    if (!strbuf_reserve(buf, length))
        return;
    if (length)
        memcpy(buf->data + buf->length, bytes, length);
    buf->length += length;
    buf->data[buf->length] = 0;
}

void strbuf_add(struct strbuf *buf, const char *text)
{
    strbuf_add_bytes(buf, text, strlen(text));
}

void strbuf_add_char(struct strbuf *buf, char c)
{
    strbuf_add_bytes(buf, &c, 1);
}

void strbuf_add_number(struct strbuf *buf, uint64_t number)
{
    char digits[DIGITS_MAX];
    strbuf_add_bytes(buf, digits, (size_t)(digits_put(digits, number) - digits));
}

void strbuf_addv(struct strbuf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (length < 0)
        buf->failed = true;
    else if (strbuf_reserve(buf, (size_t)length)) {
        vsnprintf(buf->data + buf->length, (size_t)length + 1, format, again);
        buf->length += (size_t)length;
    }
    va_end(again);
}

void strbuf_addf(struct strbuf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    strbuf_addv(buf, format, args);
    va_end(args);
}

void strbuf_pad(struct strbuf *buf, size_t start, size_t column)
{
    while (!buf->failed && buf->length < start + column)
        strbuf_add_char(buf, ' ');
}

static void strbuf_add_json_ascii(struct strbuf *buf, char c)
{
    static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (const char *form = short_forms; *form; form += 2) {
        if (*form == c) {
            strbuf_add_char(buf, '\\');
            strbuf_add_char(buf, form[1]);
            return;
        }
    }
    if ((unsigned char)c < 0x20 || c == 0x7f)
        strbuf_addf(buf, "\\u%04x", (unsigned)(unsigned char)c);
    else
        strbuf_add_char(buf, c);
}

static bool is_plain(char c)
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

void strbuf_add_json(struct strbuf *buf, const char *bytes, size_t length)
{
    strbuf_add_char(buf, '"');
    for (size_t i = 0; i < length;) {
        size_t run = 0;
        while (i + run < length && is_plain(bytes[i + run]))
            run++;
        strbuf_add_bytes(buf, bytes + i, run);
        i += run;
        if (i == length)
            break;
        size_t sequence = utf8_sequence((const unsigned char *)bytes + i, length - i);
        if (sequence == 0)
            strbuf_add(buf, "\\ufffd");
        else if (sequence == 1)
            strbuf_add_json_ascii(buf, bytes[i]);
        else if (sequence == 2 && bytes[i] == '\xc2' && (unsigned char)bytes[i + 1] < 0xa0)
            strbuf_addf(buf, "\\u00%02x", (unsigned)(unsigned char)bytes[i + 1]);
        else
            strbuf_add_bytes(buf, bytes + i, sequence);
        i += sequence ? sequence : 1;
    }
    strbuf_add_char(buf, '"');
}

void strbuf_add_shown(struct strbuf *buf, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length;) {
        bool control;
        const size_t step = utf8_step((const unsigned char *)bytes + i, length - i, &control);
        if (control)
            strbuf_add_char(buf, '?');
        else
            strbuf_add_bytes(buf, bytes + i, step);
        i += step;
    }
}

// Length of the control characters that commands write themselves.
static size_t own_length(const char *text, size_t left)
{
    const bool bold =
        left >= 4 && (memcmp(text, STRBUF_BOLD, 4) == 0 || memcmp(text, STRBUF_PLAIN, 4) == 0);
    return bold ? 4 : *text == '\n' || *text == '\t';
}

void strbuf_disarm(struct strbuf *buf)
{
    size_t kept = 0;
    for (size_t i = 0; i < buf->length;) {
        bool control;
        const char *from = buf->data + i;
        const size_t step = utf8_step((const unsigned char *)from, buf->length - i, &control);
        const size_t own = control ? own_length(from, buf->length - i) : step;
        i += own ? own : step;
        if (own)
            memmove(buf->data + kept, from, own);
        else
            buf->data[kept] = '?';
        kept += own ? own : 1;
    }
    strbuf_truncate(buf, kept);
}

const char *strbuf_text(const struct strbuf *buf)
{
    return buf->data ? buf->data : "";
}

char *strbuf_take(struct strbuf *buf)
{
    if (!buf->failed && !buf->data)
        strbuf_add_bytes(buf, "", 0);
    char *text = buf->failed ? NULL : take_ptr(buf->data);
    strbuf_deinit(buf);
    return text;
}

struct error *strbuf_error(const struct strbuf *buf)
{
    return buf->failed ? &error_no_memory : NULL;
}
