/*
 * Bytecode as text, for people and for tests:
 *
 *     12   0  LOAD_GLOBAL   r3, 'print'
 *          3  CALL          r2 = r3.. (1)
 *
 * Each line has the source line where it changes, the word offset, the opcode and its operands as
 * opcodes.def describes them: rN a register, rN' one that is consumed, constants by their repr,
 * jumps by their target.
 */
#include <stdio.h>
#include <string.h>

#include "vm/compile/compile.h"
#include "vm/compile/compiler.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

struct opcode_row {
    const char *name, *a, *b, *c, *x;
    uint8_t words;
};

static const struct opcode_row rows[OP_COUNT] = {
#define OP(name, a, b, c, x, extra, doc) [OP_##name] = {#name, #a, #b, #c, #x, 1 + (extra)},
#include "vm/compile/opcodes.def"
};

struct printer {
    struct py_strbuf text;
    const struct py_code *code;
    bool failed;
};

static void put(struct printer *p, const char *text)
{
    p->failed |= py_strbuf_cstr(&p->text, text) < 0;
}

__attribute__((format(printf, 2, 3))) static void put_format(struct printer *p, const char *format,
                                                             ...)
{
    char text[128];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    put(p, text);
}

static void put_const(struct printer *p, uint32_t index)
{
    if (index >= p->code->const_count) {
        put_format(p, "const %u?", index);
        return;
    }
    struct py_object *value = p->code->consts[index];
    if (value->type == &py_code_type) {
        const char *name = py_str_utf8(((struct py_code *)value)->qualname, NULL);
        put(p, "<code ");
        put(p, name != NULL ? name : "?");
        put(p, ">");
        return;
    }
    struct py_object *repr = py_repr(value);
    if (repr == NULL) {
        p->failed = true;
        return;
    }
    p->failed |= py_strbuf_str(&p->text, (struct py_str *)repr) < 0;
    py_decref(repr);
}

static void put_operand(struct printer *p, const char *kind, uint16_t value, uint32_t after,
                        uint64_t word, bool *first)
{
    if (kind[0] == '_') {
        return;
    }
    put(p, *first ? " " : ", ");
    *first = false;
    if (strcmp(kind, "J4") == 0) {
        const int32_t wide = (int32_t)(word >> 32);
        if ((uint8_t)word == OP_LOAD_CONST_FAR) {
            put_const(p, (uint32_t)wide);
        } else {
            put_format(p, "-> %u", after + (uint32_t)wide);
        }
    } else if (kind[0] == 'J') {
        put_format(p, "-> %u", after + (uint32_t)(int16_t)value);
    } else if (kind[0] == 'K') {
        put_const(p, value);
    } else if (kind[0] == 'N') {
        put_format(p, "%u", value);
    } else if (kind[0] == 'V' && (value & OPERAND_CONST) != 0) {
        put_const(p, value & OPERAND_INDEX);
    } else if (kind[0] == 'V') {
        put_format(p, "r%u%s", value & OPERAND_INDEX, (value & OPERAND_CONSUME) != 0 ? "'" : "");
    } else {
        put_format(p, kind[0] == 'W' ? "r%u.." : "r%u", value);
    }
}

static void put_insn(struct printer *p, uint32_t offset, int last_line)
{
    const uint64_t word = p->code->words[offset];
    const uint8_t op = (uint8_t)word;
    if (op >= OP_COUNT) {
        put_format(p, "      %5u  illegal %u\n", offset, op);
        return;
    }
    const struct opcode_row *row = &rows[op];
    const int line = py_code_line(p->code, offset);
    if (line != last_line) {
        put_format(p, "%5d ", line);
    } else {
        put(p, "      ");
    }
    put_format(p, "%5u  %-18s", offset, row->name);
    const uint32_t after = offset + row->words;
    bool first = true;
    put_operand(p, row->a, (uint16_t)(word >> 16), after, word, &first);
    put_operand(p, row->b, (uint16_t)(word >> 32), after, word, &first);
    if (strcmp(row->b, "J4") != 0) {
        put_operand(p, row->c, (uint16_t)(word >> 48), after, word, &first);
    }
    put_operand(p, row->x, (uint8_t)(word >> 8), after, word, &first);
    if (op == OP_CALL_KW) {
        put(p, ", ");
        put_const(p, (uint32_t)p->code->words[offset + 1]);
    }
    put(p, "\n");
}

static void put_code(struct printer *p, const struct py_code *code, bool deep)
{
    p->code = code;
    const char *name = py_str_utf8(code->qualname, NULL);
    put_format(p, "%u locals, %u registers, flags 0x%x: ", code->local_count, code->reg_count,
               code->flags);
    put(p, name != NULL ? name : "?");
    put(p, "\n");
    int line = -1;
    for (uint32_t offset = 0; offset < code->word_count;) {
        put_insn(p, offset, line);
        line = py_code_line(code, offset);
        const uint8_t op = (uint8_t)code->words[offset];
        offset += op < OP_COUNT ? rows[op].words : 1;
    }
    for (uint32_t i = 0; i < code->handler_count; i++) {
        const struct py_handler *h = &code->handlers[i];
        put_format(p, "      %5u to %u guarded by %u, depth r%u\n", h->start, h->end, h->target,
                   h->depth);
    }
    for (uint32_t i = 0; deep && i < code->const_count; i++) {
        if (code->consts[i]->type == &py_code_type) {
            put(p, "\n");
            put_code(p, (struct py_code *)code->consts[i], true);
        }
    }
}

struct py_str *py_disassemble(struct py_code *code, bool deep)
{
    struct printer p = {.failed = false};
    py_strbuf_init(&p.text);
    put_code(&p, code, deep);
    if (p.failed) {
        py_strbuf_deinit(&p.text);
        if (!py_error_occurred()) {
            py_raise_no_memory();
        }
        return NULL;
    }
    return py_strbuf_finish(&p.text);
}
