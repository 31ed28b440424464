#include "inspector/export/proto.h"

#include <string.h>

enum { WIRE_VARINT = 0, WIRE_BYTES = 2, VARINT_BYTES_MAX = 10 };

void proto_raw(struct strbuf *out, uint64_t value)
{
    char bytes[VARINT_BYTES_MAX];
    size_t length = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[length++] = (char)(value | 0x80);
    bytes[length++] = (char)value;
    strbuf_add_bytes(out, bytes, length);
}

void proto_number(struct strbuf *out, unsigned field, uint64_t value)
{
    proto_raw(out, (uint64_t)field << 3 | WIRE_VARINT);
    proto_raw(out, value);
}

void proto_bytes(struct strbuf *out, unsigned field, const char *bytes, size_t length)
{
    proto_raw(out, (uint64_t)field << 3 | WIRE_BYTES);
    proto_raw(out, length);
    strbuf_add_bytes(out, bytes, length);
}

void proto_text(struct strbuf *out, unsigned field, const char *text)
{
    proto_bytes(out, field, text, strlen(text));
}

void proto_message(struct strbuf *out, unsigned field, const struct strbuf *message)
{
    out->failed |= message->failed;
    proto_bytes(out, field, strbuf_text(message), message->length);
}

void proto_packed(struct strbuf *out, unsigned field, const struct strbuf *numbers)
{
    if (numbers->length || numbers->failed)
        proto_message(out, field, numbers);
}
