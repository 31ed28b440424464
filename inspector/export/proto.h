// Protocol buffer messages, written field by field.
//
//     message = (key, value)*      key = field number << 3 | wire type, as a varint
//     wire type 0: a varint;  2: a length and so many bytes (texts, messages, packed numbers)
//
// A message inside another is written into a strbuf of its own first, because its length comes
// before it.
#ifndef BRILLE_INSPECTOR_EXPORT_PROTO_H
#define BRILLE_INSPECTOR_EXPORT_PROTO_H

#include "inspector/base/strbuf.h"
#include <stddef.h>
#include <stdint.h>

void proto_raw(struct strbuf *out, uint64_t value); // a varint without a key: for packed fields
void proto_number(struct strbuf *out, unsigned field, uint64_t value);
void proto_bytes(struct strbuf *out, unsigned field, const char *bytes, size_t length);
void proto_text(struct strbuf *out, unsigned field, const char *text);
void proto_message(struct strbuf *out, unsigned field, const struct strbuf *message);
// The same for packed numbers: nothing is written when there is none.
void proto_packed(struct strbuf *out, unsigned field, const struct strbuf *numbers);

#endif
