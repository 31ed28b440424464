// Code objects, decoded once each: names of the local variables, and which line an instruction
// belongs to.
//
// Three encodings of lines, all a run of deltas from co_firstlineno:
//
//     3.8, 3.9    co_lnotab      (bytes of code, lines) pairs; a line holds until the next pair
//     3.10        co_linetable   (bytes of code, lines) pairs; -128 is "no line"
//     3.11 on     co_linetable   entries of variable length, by units of code, with columns
#include "inspector/target/cpython/cpython.h"

#include <stdlib.h>

enum { TABLE_LIMIT = 1 << 22, NO_LINE = -128 };

// ---- names ----

static const char *text_of(struct cpy *cpy, uint64_t str)
{
    struct strbuf text;
    strbuf_init(&text);
    cpy_text_of_str(cpy, str, &text);
    const char *copy = arena_strdup(&cpy->arena, strbuf_text(&text));
    strbuf_deinit(&text);
    return copy ? copy : "";
}

static uint32_t tuple_length(struct cpy *cpy, uint64_t tuple)
{
    uint64_t count;
    return tuple && tuple % 8 == 0 && reader_u64(&cpy->mem, tuple + OBJECT_SIZE, &count) &&
                   count <= LIMIT_LOCALS
               ? (uint32_t)count
               : 0;
}

// Names of up to three tuples, one behind the other.
static void read_locals(struct cpy *cpy, struct cpy_code *code, const uint64_t tuples[3])
{
    uint32_t total = 0;
    for (int i = 0; i < 3; i++)
        total += tuple_length(cpy, tuples[i]);
    code->local_ids = arena_alloc_array(&cpy->arena, total + 1u, sizeof(edge_name));
    code->local_names = arena_alloc_array(&cpy->arena, total + 1u, sizeof(char *));
    if (!code->local_ids || !code->local_names)
        return;
    for (int t = 0; t < 3; t++) {
        const uint32_t count = tuple_length(cpy, tuples[t]);
        for (uint32_t i = 0; i < count; i++) {
            uint64_t name = 0;
            reader_u64(&cpy->mem, tuples[t] + cpy->l->tuple_items + 8 * (uint64_t)i, &name);
            code->local_ids[code->local_count] = cpy_name_of_str(cpy, name);
            code->local_names[code->local_count++] = text_of(cpy, name);
        }
    }
}

static uint64_t field_of(const unsigned char *bytes, uint32_t offset)
{
    return layout_has(offset) ? word_at(bytes, offset) : 0;
}

static void decode(struct cpy *cpy, struct cpy_code *code)
{
    const struct cpy_layout *l = cpy->l;
    unsigned char bytes[256];
    code->function = code->file = "";
    if (!reader_read(&cpy->mem, code->address, bytes, l->size_of_code))
        return;
    code->first_line = half_at(bytes, l->code_firstlineno);
    code->stack_size = half_at(bytes, l->code_stacksize);
    if (code->stack_size > LIMIT_STACK)
        code->stack_size = 0;
    code->lines = layout_has(l->code_linetable) ? word_at(bytes, l->code_linetable)
                                                : word_at(bytes, l->code_lnotab);
    code->instructions =
        layout_has(l->code_code_adaptive) ? code->address + l->code_code_adaptive : 0;
    if (layout_has(l->code_firsttraceable))
        code->traceable =
            code->instructions + UINT64_C(2) * (half_at(bytes, l->code_firsttraceable) & 0xffff);
    code->function = text_of(
        cpy, word_at(bytes, layout_has(l->code_qualname) ? l->code_qualname : l->code_name));
    code->file = text_of(cpy, word_at(bytes, l->code_filename));
    const uint64_t tuples[3] = {
        field_of(bytes,
                 layout_has(l->code_localsplusnames) ? l->code_localsplusnames : l->code_varnames),
        field_of(bytes, l->code_cellvars),
        field_of(bytes, l->code_freevars),
    };
    read_locals(cpy, code, tuples);
}

// ---- the table ----

static struct cpy_code **slot_of(const struct cpy *cpy, uint64_t address)
{
    uint64_t at = cpy_hash(address);
    while (cpy->codes[at & (cpy->code_slots - 1)] &&
           cpy->codes[at & (cpy->code_slots - 1)]->address != address)
        at++;
    return &cpy->codes[at & (cpy->code_slots - 1)];
}

static bool grow(struct cpy *cpy)
{
    struct cpy_code **old = cpy->codes;
    const uint32_t old_slots = cpy->code_slots;
    const uint32_t slots = old_slots ? old_slots * 2 : 4096;
    cpy->codes = calloc(slots, sizeof(struct cpy_code *));
    if (!cpy->codes) {
        cpy->codes = old;
        return false;
    }
    cpy->code_slots = slots;
    for (uint32_t i = 0; i < old_slots; i++)
        if (old[i])
            *slot_of(cpy, old[i]->address) = old[i];
    free(old);
    return true;
}

static bool is_code(struct cpy *cpy, uint64_t address)
{
    uint64_t type_address;
    if (!address || address % 8 || !reader_u64(&cpy->mem, address + OBJECT_TYPE, &type_address))
        return false;
    const struct cpy_type *type = cpy_type_get(cpy, type_address);
    return type && type->body == BODY_CODE;
}

struct cpy_code *cpy_code_get(struct cpy *cpy, uint64_t address)
{
    if (cpy->code_count * 2 >= cpy->code_slots && !grow(cpy))
        return NULL;
    struct cpy_code **slot = slot_of(cpy, address);
    if (*slot)
        return *slot;
    if (!is_code(cpy, address))
        return NULL;
    struct cpy_code *code = arena_alloc(&cpy->arena, sizeof *code);
    if (!code)
        return NULL;
    code->address = address;
    *slot = code;
    cpy->code_count++;
    decode(cpy, code);
    return code;
}

// ---- lines ----

// The bytes of a table, one after the other.
struct cursor {
    struct cpy *cpy;
    uint64_t next, end;
    uint64_t from;
    unsigned count;
    unsigned char buffer[256];
};

static bool cursor_begin(struct cursor *c, struct cpy *cpy, uint64_t bytes_object)
{
    uint64_t length;
    if (!bytes_object || bytes_object % 8 ||
        !reader_u64(&cpy->mem, bytes_object + OBJECT_SIZE, &length) || length > TABLE_LIMIT)
        return false;
    c->cpy = cpy;
    c->next = c->from = bytes_object + cpy->l->bytes_data;
    c->end = c->next + length;
    c->count = 0;
    return true;
}

static bool cursor_more(const struct cursor *c)
{
    return c->next < c->end;
}

// 0 behind the end.
static unsigned cursor_byte(struct cursor *c)
{
    if (c->next >= c->end)
        return 0;
    if (c->next >= c->from + c->count) {
        c->count = c->end - c->next < sizeof c->buffer ? (unsigned)(c->end - c->next)
                                                       : (unsigned)sizeof c->buffer;
        c->from = c->next;
        if (!cpy_spend(c->cpy, c->count / 8) ||
            !reader_read(&c->cpy->mem, c->from, c->buffer, c->count)) {
            c->next = c->end;
            return 0;
        }
    }
    return c->buffer[c->next++ - c->from];
}

// Six bits a byte, the least significant first; bit 6 says that there are more.
static uint32_t cursor_varint(struct cursor *c)
{
    uint32_t value = 0, byte;
    unsigned shift = 0;
    do {
        byte = cursor_byte(c);
        if (shift < 30)
            value |= (byte & 63) << shift;
        shift += 6;
    } while (byte & 64);
    return value;
}

static int32_t cursor_signed_varint(struct cursor *c)
{
    const uint32_t value = cursor_varint(c);
    return value & 1 ? -(int32_t)(value >> 1) : (int32_t)(value >> 1);
}

static int32_t line_by_lnotab(struct cursor *c, int32_t line, uint64_t offset)
{
    uint64_t at = 0;
    while (cursor_more(c)) {
        at += cursor_byte(c);
        if (at > offset)
            break;
        line += (int8_t)cursor_byte(c);
    }
    return line;
}

static int32_t line_by_pairs(struct cursor *c, int32_t line, uint64_t offset)
{
    uint64_t at = 0;
    while (cursor_more(c)) {
        at += cursor_byte(c);
        const int delta = (int8_t)cursor_byte(c);
        if (delta != NO_LINE)
            line += delta;
        if (at > offset)
            break;
    }
    return line;
}

static int32_t line_delta(struct cursor *c, unsigned code)
{
    int32_t delta = 0;
    switch (code) {
    case 15: // no location
        return 0;
    case 14: // line, end line, column, end column
        delta = cursor_signed_varint(c);
        cursor_varint(c);
        cursor_varint(c);
        cursor_varint(c);
        return delta;
    case 13: // line alone
        return cursor_signed_varint(c);
    case 12:
    case 11:
    case 10: // line and two columns
        cursor_byte(c);
        cursor_byte(c);
        return (int32_t)code - 10;
    default: // two columns in one byte
        cursor_byte(c);
        return 0;
    }
}

static int32_t line_by_entries(struct cursor *c, int32_t line, uint64_t unit)
{
    uint64_t at = 0;
    while (cursor_more(c)) {
        const unsigned first = cursor_byte(c);
        line += line_delta(c, first >> 3 & 15);
        at += (first & 7) + 1;
        if (at > unit)
            break;
    }
    return line;
}

static uint32_t find_line(struct cpy *cpy, const struct cpy_code *code, uint64_t position)
{
    struct cursor c;
    int32_t line = (int32_t)code->first_line;
    if (!cursor_begin(&c, cpy, code->lines))
        return code->first_line;
    if (code->instructions)
        line = position < code->instructions
                   ? line
                   : line_by_entries(&c, line, (position - code->instructions) / 2);
    else if (layout_has(cpy->l->code_linetable))
        line = line_by_pairs(&c, line, position);
    else
        line = line_by_lnotab(&c, line, position);
    return line > 0 ? (uint32_t)line : code->first_line;
}

// Thousands of frames of a recursion are in the same few places.
uint32_t cpy_code_line(struct cpy *cpy, const struct cpy_code *code, uint64_t position)
{
    struct cpy_line *known = &cpy->lines[cpy_hash(code->address ^ position << 8) % LINES_KEPT];
    if (known->code != code || known->position != position)
        *known = (struct cpy_line){code, position, find_line(cpy, code, position)};
    return known->line;
}
