// See wire.h. The length of a message is filled in when it ends.
#include "inspector/lua/wire.h"

#include "inspector/base/format.h"

#include <errno.h>
#include <unistd.h>

void wire_flush(struct wire *wire)
{
    size_t done = 0;
    if (wire->buffer.failed)
        _exit(120);
    if (wire->open)
        strbuf_truncate(&wire->buffer, wire->begin);
    wire->open = false;
    while (done < wire->buffer.length) {
        const ssize_t n = write(wire->fd, wire->buffer.data + done, wire->buffer.length - done);
        if (n < 0 && errno != EINTR)
            _exit(121);
        done += n > 0 ? (size_t)n : 0;
    }
    strbuf_clear(&wire->buffer);
}

void wire_begin(struct wire *wire, enum wire_tag tag)
{
    if (wire->open)
        strbuf_truncate(&wire->buffer, wire->begin);
    wire->open = true;
    wire->begin = wire->buffer.length;
    strbuf_add_bytes(&wire->buffer, "\0\0\0\0", 4);
    strbuf_add_char(&wire->buffer, (char)tag);
}

void wire_end(struct wire *wire)
{
    if (wire->buffer.failed)
        _exit(120);
    wire->open = false;
    const uint32_t length = (uint32_t)(wire->buffer.length - wire->begin - 4);
    memcpy(wire->buffer.data + wire->begin, &length, sizeof length);
    if (wire->buffer.length >= WIRE_FLUSH)
        wire_flush(wire);
}

// A text is cut rather than refused, and says so: it is for people.
static void add_text(struct strbuf *out, const char *text, size_t length)
{
    size_t whole = length <= WIRE_TEXT_MAX ? length : WIRE_TEXT_MAX;
    char cut[64] = "";
    if (whole < length) {
        while (whole && ((unsigned char)text[whole] & 0xc0) == 0x80) // not amid a character
            whole--;
        snprintf(cut, sizeof cut, "... (cut: it has %s)", format_bytes(length).text);
    }
    const uint32_t kept = (uint32_t)(whole + strlen(cut));
    strbuf_add_bytes(out, (const char *)&kept, sizeof kept);
    strbuf_add_bytes(out, text, whole);
    strbuf_add(out, cut);
    strbuf_add_char(out, '\0');
}

void wire_value(struct wire *wire, const struct value *value)
{
    struct strbuf *out = &wire->buffer;
    strbuf_add_char(out, (char)value->kind);
    if (value->kind == VALUE_INTEGER)
        strbuf_add_bytes(out, (const char *)&value->integer, sizeof value->integer);
    else if (value->kind == VALUE_REAL)
        strbuf_add_bytes(out, (const char *)&value->real, sizeof value->real);
    else if (value->kind == VALUE_BOOL)
        strbuf_add_char(out, value->truth ? 1 : 0);
    else if (value->kind == VALUE_TEXT)
        add_text(out, value->text, value->length);
}

void wire_text(struct wire *wire, const char *text)
{
    const struct value value = text ? value_text(text) : value_none();
    wire_value(wire, &value);
}

void wire_integer(struct wire *wire, int64_t integer)
{
    const struct value value = value_integer(integer);
    wire_value(wire, &value);
}

// ---- the host's side ----

static bool take(char **at, const char *end, void *ret, size_t bytes)
{
    if ((size_t)(end - *at) < bytes)
        return false;
    memcpy(ret, *at, bytes);
    *at += bytes;
    return true;
}

static bool take_text(char **at, const char *end, struct value *value)
{
    uint32_t length;
    if (!take(at, end, &length, sizeof length) || length >= (size_t)(end - *at) ||
        (*at)[length] != '\0')
        return false;
    value->text = *at;
    value->length = length;
    *at += length + 1;
    return true;
}

static bool take_field(char **at, const char *end, struct value *value)
{
    uint8_t kind, truth = 0;
    if (!take(at, end, &kind, 1))
        return false;
    *value = (struct value){.kind = kind};
    switch (kind) {
    case VALUE_NONE:
        return true;
    case VALUE_INTEGER:
        return take(at, end, &value->integer, sizeof value->integer);
    case VALUE_REAL:
        return take(at, end, &value->real, sizeof value->real);
    case VALUE_BOOL:
        if (!take(at, end, &truth, 1))
            return false;
        value->truth = truth != 0;
        return true;
    case VALUE_TEXT:
        return take_text(at, end, value);
    default:
        return false;
    }
}

bool wire_decode(char *bytes, size_t length, struct wire_message *message, size_t *used)
{
    uint32_t body;
    *used = 0;
    if (length < sizeof body)
        return true;
    memcpy(&body, bytes, sizeof body);
    if (body < 1 || body > WIRE_MESSAGE_MAX)
        return false;
    if (length - sizeof body < body)
        return true;
    char *at = bytes + sizeof body + 1;
    const char *end = bytes + sizeof body + body;
    *message = (struct wire_message){.tag = (unsigned char)bytes[sizeof body]};
    while (at < end) {
        if (message->count == WIRE_FIELDS_MAX ||
            !take_field(&at, end, &message->fields[message->count++]))
            return false;
    }
    *used = sizeof body + body;
    return true;
}

const char *wire_get_text(const struct wire_message *message, unsigned i)
{
    return i < message->count && message->fields[i].kind == VALUE_TEXT ? message->fields[i].text
                                                                       : "";
}

int64_t wire_get_integer(const struct wire_message *message, unsigned i)
{
    return i < message->count && message->fields[i].kind == VALUE_INTEGER
               ? message->fields[i].integer
               : 0;
}
