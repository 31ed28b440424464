// Messages from the child in which a plugin runs to the host that prints for it.
//
//     u32 bytes that follow | u8 tag | field, field, ...
//     field: u8 kind, then nothing | i64 | double | u32 length and bytes
//
// Only one side is trusted: the child executes a stranger's Lua, so the host checks every length
// and every kind, and a message that does not add up is an error, never a crash. Both ends are the
// same program on the same machine, hence native byte order.
//
// The writer keeps up to WIRE_FLUSH bytes back. When the host is gone, writing ends the process:
// it is the child, and nobody is left to answer.
#ifndef BRILLE_INSPECTOR_LUA_WIRE_H
#define BRILLE_INSPECTOR_LUA_WIRE_H

#include "inspector/base/strbuf.h"
#include "inspector/lua/value.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_FLUSH       (32 * 1024)
#define WIRE_MESSAGE_MAX (1024 * 1024) // bytes of one message
#define WIRE_TEXT_MAX    (32 * 1024)   // bytes of one text; what is longer is cut
#define WIRE_OUTPUT_MAX  (64 * 1024 * 1024)
#define WIRE_FIELDS_MAX  16

// WIRE(tag, name, fields)
enum wire_tag {
#define WIRE(tag, name, fields) WIRE_##name = tag,
#include "inspector/lua/wire.def"
#undef WIRE
};

struct wire {
    int fd;
    struct strbuf buffer;
    size_t begin; // of the message being written
    bool open;    // one is: a Lua error in its middle leaves it so, and it is then dropped
};

void wire_begin(struct wire *wire, enum wire_tag tag);
void wire_value(struct wire *wire, const struct value *value);
void wire_text(struct wire *wire, const char *text); // NULL: absent
void wire_integer(struct wire *wire, int64_t integer);
void wire_end(struct wire *wire);
void wire_flush(struct wire *wire);

struct wire_message {
    enum wire_tag tag;
    unsigned count;
    struct value fields[WIRE_FIELDS_MAX]; // texts point into the input, and are NUL-terminated
};

// Takes one message off the front of `bytes`. *used is 0 when it is not whole yet. False when the
// bytes make no sense.
bool wire_decode(char *bytes, size_t length, struct wire_message *message, size_t *used);

// Field `i` as a text ("" when it is none) or as an integer (0 when it is none).
const char *wire_get_text(const struct wire_message *message, unsigned i);
int64_t wire_get_integer(const struct wire_message *message, unsigned i);

#endif
