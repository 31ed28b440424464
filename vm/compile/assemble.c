/*
 * Instructions with labels to a code object: words, constants, lines, handlers.
 *
 * Conditional jumps reach 16 bits of words. One that reaches further is followed by two JUMPs,
 *
 *         JUMP_IF  +1          taken: skip the first JUMP
 *         JUMP     +1          not taken: skip the second
 *         JUMP     target
 *
 * which makes the code longer, so sizes and distances are computed until none changes; a jump that
 * became long stays long, so this ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/compile/compile.h"
#include "vm/compile/compiler.h"
#include "vm/compile/verify.h"
#include "vm/memory/heap.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"

enum jump_place {
    JUMP_NONE,
    JUMP_A,  /* 16 bits in a */
    JUMP_C,  /* 16 bits in c */
    JUMP_J4, /* 32 bits in b and c */
};

static enum jump_place jump_place(uint8_t op)
{
    switch (op) {
    case OP_JUMP:
    case OP_JUMP_BACK:
        return JUMP_J4;
    case OP_FOR_ITER:
        return JUMP_C;
    case OP_JUMP_IF:
    case OP_JUMP_LT:
    case OP_JUMP_LE:
    case OP_JUMP_EQ:
    case OP_JUMP_NE:
    case OP_JUMP_GT:
    case OP_JUMP_GE:
    case OP_JUMP_IS:
    case OP_JUMP_IN:
    case OP_JUMP_NO_MATCH:
    case OP_EG_MATCH:
    case OP_EG_FINISH:
    case OP_MATCH_TEST:
        return JUMP_A;
    default:
        return JUMP_NONE;
    }
}

static unsigned insn_words(uint8_t op)
{
    static const uint8_t words[OP_COUNT] = {
#define OP(name, a, b, c, x, extra, doc) [OP_##name] = 1 + (extra),
#include "vm/compile/opcodes.def"
    };
    return words[op];
}

struct layout {
    uint32_t *offsets; /* of each instruction, and one past the end */
    uint8_t *is_long;
};

static int64_t distance(const struct unit *u, const struct layout *layout, uint32_t i)
{
    const uint32_t target = layout->offsets[u->labels[u->insns[i].target]];
    return (int64_t)target - (int64_t)(layout->offsets[i] + insn_words(u->insns[i].op));
}

static uint32_t compute_offsets(const struct unit *u, struct layout *layout)
{
    uint32_t offset = 0;
    for (uint32_t i = 0; i < u->insn_count; i++) {
        layout->offsets[i] = offset;
        offset += insn_words(u->insns[i].op) + (layout->is_long[i] ? 2 : 0);
    }
    layout->offsets[u->insn_count] = offset;
    return offset;
}

static uint32_t lay_out(struct compiler *c, struct layout *layout)
{
    const struct unit *u = c->u;
    layout->offsets = arena_array(c->arena, uint32_t, u->insn_count + 1);
    layout->is_long = arena_array(c->arena, uint8_t, u->insn_count + 1);
    for (;;) {
        const uint32_t words = compute_offsets(u, layout);
        bool changed = false;
        for (uint32_t i = 0; i < u->insn_count; i++) {
            const enum jump_place place = jump_place(u->insns[i].op);
            if (place != JUMP_A && place != JUMP_C) {
                continue;
            }
            const int64_t d = distance(u, layout, i);
            if (!layout->is_long[i] && (d > INT16_MAX || d < INT16_MIN)) {
                layout->is_long[i] = 1;
                changed = true;
            }
        }
        if (!changed) {
            return words;
        }
    }
}

static uint64_t encode(uint8_t op, uint8_t x, uint16_t a, uint16_t b, uint16_t c)
{
    return (uint64_t)op | (uint64_t)x << 8 | (uint64_t)a << 16 | (uint64_t)b << 32 |
           (uint64_t)c << 48;
}

static uint64_t encode_j4(uint8_t op, uint16_t a, uint32_t value)
{
    return (uint64_t)op | (uint64_t)a << 16 | (uint64_t)value << 32;
}

static void write_words(const struct unit *u, const struct layout *layout, uint64_t *words)
{
    for (uint32_t i = 0; i < u->insn_count; i++) {
        const struct insn *insn = &u->insns[i];
        uint64_t *word = &words[layout->offsets[i]];
        const enum jump_place place = jump_place(insn->op);
        const int64_t d = place != JUMP_NONE ? distance(u, layout, i) : 0;
        const uint16_t near = layout->is_long[i] ? 1 : (uint16_t)(int16_t)d;
        if (place == JUMP_J4) {
            *word = encode_j4(insn->op, 0, (uint32_t)(int32_t)d);
        } else if (insn->op == OP_LOAD_CONST_FAR) {
            *word = encode_j4(insn->op, insn->a, insn->far);
        } else {
            *word = encode(insn->op, insn->x, place == JUMP_A ? near : insn->a, insn->b,
                           place == JUMP_C ? near : insn->c);
        }
        if (insn->op == OP_CALL_KW) {
            word[1] = insn->far;
        }
        if (layout->is_long[i]) {
            const unsigned size = insn_words(insn->op);
            word[size] = encode_j4(OP_JUMP, 0, 1);
            word[size + 1] = encode_j4(OP_JUMP, 0, (uint32_t)(int32_t)(d - 2));
        }
    }
}

/* ---- tables --------------------------------------------------------------------------------- */

static bool same_pos(const struct ast_pos *a, const struct ast_pos *b)
{
    return a->line == b->line && a->col == b->col && a->end_line == b->end_line &&
           a->end_col == b->end_col;
}

static uint16_t column16(uint32_t col)
{
    return col < UINT16_MAX ? (uint16_t)col : UINT16_MAX;
}

static bool write_lines(const struct unit *u, const struct layout *layout, struct py_code *code)
{
    struct py_line_entry *lines = py_mem_alloc((u->insn_count + 1) * sizeof(*lines));
    if (lines == NULL) {
        return false;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < u->insn_count; i++) {
        const struct ast_pos *pos = &u->insns[i].pos;
        if (i > 0 && same_pos(pos, &u->insns[i - 1].pos)) {
            continue;
        }
        const bool has_columns = pos->end_col > 0;
        lines[count++] = (struct py_line_entry){
            .start = layout->offsets[i],
            .line = (int32_t)pos->line,
            .end_line = (int32_t)pos->end_line,
            .col = has_columns ? column16(pos->col) : UINT16_MAX,
            .end_col = has_columns ? column16(pos->end_col) : UINT16_MAX,
        };
    }
    struct py_line_entry *fitted = py_mem_realloc(lines, (count + 1) * sizeof(*lines));
    code->lines = fitted != NULL ? fitted : lines;
    code->line_count = count;
    return true;
}

static int compare_guards(const void *a, const void *b)
{
    const struct guard *x = a;
    const struct guard *y = b;
    if (x->level != y->level) {
        return x->level > y->level ? -1 : 1; /* inner ones first */
    }
    return x->start < y->start ? -1 : x->start > y->start;
}

static bool write_handlers(struct unit *u, const struct layout *layout, struct py_code *code)
{
    if (u->guard_count == 0) {
        return true;
    }
    code->handlers = py_mem_alloc(u->guard_count * sizeof(*code->handlers));
    if (code->handlers == NULL) {
        return false;
    }
    qsort(u->guards, u->guard_count, sizeof(*u->guards), compare_guards);
    for (uint32_t i = 0; i < u->guard_count; i++) {
        const struct guard *guard = &u->guards[i];
        code->handlers[code->handler_count++] = (struct py_handler){
            .start = layout->offsets[guard->start],
            .end = layout->offsets[guard->end],
            .target = layout->offsets[u->labels[guard->target]],
            .depth = guard->depth,
        };
    }
    return true;
}

static bool write_consts(const struct unit *u, struct py_code *code)
{
    code->consts = py_mem_alloc((u->const_count + 1) * sizeof(*code->consts));
    if (code->consts == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < u->const_count; i++) {
        code->consts[i] = py_newref(u->consts[i]);
    }
    code->const_count = u->const_count;
    return true;
}

/* A tuple of the names of some symbols; of cells only when `cells`. */
static struct py_tuple *name_tuple(struct compiler *c, struct symbol *const *symbols,
                                   uint32_t count, bool cells)
{
    struct py_object **names = arena_array(c->arena, struct py_object *, count);
    size_t n = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!cells || symbols[i]->access == ACCESS_CELL) {
            names[n++] = PY_OBJ(name_object(c, symbols[i]->name));
        }
    }
    return n == 0 ? (struct py_tuple *)py_newref(PY_OBJ(py_tuple_empty()))
                  : py_tuple_from_array(names, n);
}

static bool write_names(struct compiler *c, struct py_code *code)
{
    const struct unit *u = c->u;
    code->varnames = name_tuple(c, u->locals, u->local_count, false);
    code->cellvars = name_tuple(c, u->locals, u->local_count, true);
    code->freevars = name_tuple(c, u->frees, u->free_count, false);
    code->name = (struct py_str *)py_newref(PY_OBJ(name_object(c, u->name)));
    code->qualname = (struct py_str *)py_newref(PY_OBJ(u->qualname));
    code->filename = (struct py_str *)py_newref(PY_OBJ(c->filename));
    code->cell_registers = py_mem_alloc((u->cell_count + 1u) * sizeof(uint16_t));
    if (code->varnames == NULL || code->cellvars == NULL || code->freevars == NULL ||
        code->cell_registers == NULL) {
        return false;
    }
    uint16_t n = 0;
    for (uint16_t i = 0; i < u->local_count; i++) {
        if (u->locals[i]->access == ACCESS_CELL) {
            code->cell_registers[n++] = i;
        }
    }
    return true;
}

static uint32_t code_flags(const struct unit *u, uint32_t future)
{
    const struct scope *scope = u->scope;
    uint32_t flags = future & AST_FUTURE_ANNOTATIONS ? PY_CODE_ANNOTATIONS_AS_TEXT : 0;
    if (scope_is_function(scope)) {
        flags |= PY_CODE_OPTIMIZED | PY_CODE_NEWLOCALS;
        flags |= scope->is_generator && !scope->is_coroutine ? PY_CODE_GENERATOR : 0;
        flags |= scope->is_coroutine && !scope->is_generator ? PY_CODE_COROUTINE : 0;
        flags |= scope->is_coroutine && scope->is_generator ? PY_CODE_ASYNC_GEN : 0;
        const bool simple = !u->has_varargs && !u->has_varkw && u->kwonly_count == 0;
        flags |= simple ? PY_CODE_SIMPLE_ARGS : 0;
    }
    flags |= scope->is_nested ? PY_CODE_NESTED : 0;
    flags |= u->has_varargs ? PY_CODE_VARARGS : 0;
    flags |= u->has_varkw ? PY_CODE_VARKEYWORDS : 0;
    return flags;
}

struct py_code *assemble(struct compiler *c)
{
    struct unit *u = c->u;
    struct layout layout;
    const uint32_t words = lay_out(c, &layout);
    /* Owned from the beginning: making names may give the compilation up. */
    struct py_code *code = (struct py_code *)own(c, PY_OBJ(py_code_new()));
    code->words = py_mem_calloc(words, sizeof(*code->words));
    if (code->words == NULL || !write_consts(u, code) || !write_lines(u, &layout, code) ||
        !write_handlers(u, &layout, code) || !write_names(c, code)) {
        if (!py_error_occurred()) {
            py_raise_no_memory();
        }
        compile_failed(c);
    }
    write_words(u, &layout, code->words);
    code->word_count = words;
    /* RETURN parks its result in the first temporary: there is always one. */
    code->reg_count = (uint16_t)(u->local_count + (u->max_depth > 0 ? u->max_depth : 1));
    code->local_count = u->local_count;
    code->arg_count = u->arg_count;
    code->posonly_count = u->posonly_count;
    code->kwonly_count = u->kwonly_count;
    code->free_count = u->free_count;
    code->cell_count = u->cell_count;
    code->flags = code_flags(u, c->module->future);
    code->first_line = (int32_t)u->first_line;
    code->doc_source = u->doc;
#ifdef BRILLE_CHECKED
    const char *broken = py_code_verify(code);
    if (broken != NULL) {
        struct py_str *text = py_disassemble(code, false);
        fprintf(stderr, "%s%s\n", text != NULL ? py_str_utf8(text, NULL) : "", broken);
        abort();
    }
#endif
    return code;
}
