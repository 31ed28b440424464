/*
 * Instructions, labels, temporaries and guarded regions of the unit being compiled, and the record
 * of which locals are certainly bound at this point (struct flow).
 */
#include <string.h>

#include "vm/compile/compiler.h"

enum {
    MAX_REGISTERS = OPERAND_INDEX,
};

struct ast_pos set_pos(struct compiler *c, struct ast_pos pos)
{
    const struct ast_pos old = c->u->pos;
    c->u->pos = pos;
    return old;
}

/* ---- instructions --------------------------------------------------------------------------- */

struct insn *emit(struct compiler *c, enum opcode op, unsigned x, unsigned a, unsigned b,
                  unsigned cc)
{
    struct unit *u = c->u;
    u->insns = grow_array(c, u->insns, u->insn_count, &u->insn_capacity, sizeof(*u->insns));
    struct insn *insn = &u->insns[u->insn_count++];
    *insn = (struct insn){
        .op = (uint8_t)op,
        .x = (uint8_t)x,
        .a = (uint16_t)a,
        .b = (uint16_t)b,
        .c = (uint16_t)cc,
        .target = -1,
        .pos = u->pos,
    };
    return insn;
}

/* Being the destination drops an operand already. */
static operand_t not_dest(uint16_t dest, operand_t value)
{
    const bool same = (value & OPERAND_CONST) == 0 && (value & OPERAND_INDEX) == dest;
    return same ? dest : value;
}

void emit_dest(struct compiler *c, enum opcode op, unsigned x, uint16_t dest, operand_t b,
               operand_t cc)
{
    emit(c, op, x, dest, not_dest(dest, b), not_dest(dest, cc));
}

void emit_move(struct compiler *c, uint16_t dest, operand_t value)
{
    if (not_dest(dest, value) != dest) {
        emit(c, OP_MOVE, 0, dest, value, 0);
    }
}

void emit_jump(struct compiler *c, label_t target)
{
    if (!c->u->flow.reachable) {
        return;
    }
    emit(c, OP_JUMP, 0, 0, 0, 0)->target = target;
}

void emit_jump_back(struct compiler *c, label_t target)
{
    emit(c, OP_JUMP_BACK, 0, 0, 0, 0)->target = target;
}

void emit_cond(struct compiler *c, enum opcode op, label_t target, operand_t b, operand_t cc,
               bool when)
{
    emit(c, op, when, 0, b, cc)->target = target;
}

label_t new_label(struct compiler *c)
{
    struct unit *u = c->u;
    u->labels = grow_array(c, u->labels, u->label_count, &u->label_capacity, sizeof(*u->labels));
    u->labels[u->label_count] = UINT32_MAX;
    return (label_t)u->label_count++;
}

void place(struct compiler *c, label_t label)
{
    c->u->labels[label] = c->u->insn_count;
}

/* ---- temporaries ---------------------------------------------------------------------------- */

uint16_t push_temp(struct compiler *c)
{
    struct unit *u = c->u;
    const uint32_t reg = u->local_count + u->depth++;
    if (reg >= MAX_REGISTERS) {
        compile_error(c, NULL, "too many nested operands");
    }
    if (u->depth > u->max_depth) {
        u->max_depth = u->depth;
    }
    return (uint16_t)reg;
}

void pop_to(struct compiler *c, uint32_t depth)
{
    c->u->depth = depth;
}

bool is_temp(const struct compiler *c, uint16_t reg)
{
    return reg >= c->u->local_count;
}

void begin_window(struct compiler *c, uint16_t dest, uint32_t *saved)
{
    *saved = c->u->depth;
    if (c->u->depth > 0 && dest == c->u->local_count + c->u->depth - 1) {
        c->u->depth--;
    }
}

/* ---- guarded regions ------------------------------------------------------------------------ */

struct region *open_region(struct compiler *c, label_t target, uint16_t depth)
{
    struct region *region = arena_new(c->arena, struct region);
    *region = (struct region){
        .start = c->u->insn_count,
        .target = target,
        .depth = depth,
        .level = c->u->region_level++,
    };
    /* The handler keeps the exception and the one handled before in two registers. */
    const uint32_t needed = depth - c->u->local_count + 2u;
    c->u->max_depth = needed > c->u->max_depth ? needed : c->u->max_depth;
    return region;
}

static void end_guard(struct compiler *c, const struct region *region)
{
    struct unit *u = c->u;
    if (region->start == u->insn_count) {
        return;
    }
    u->guards = grow_array(c, u->guards, u->guard_count, &u->guard_capacity, sizeof(*u->guards));
    u->guards[u->guard_count++] = (struct guard){
        .start = region->start,
        .end = u->insn_count,
        .target = region->target,
        .depth = region->depth,
        .level = region->level,
    };
}

void suspend_region(struct compiler *c, struct region *region)
{
    if (region->suspended++ == 0) {
        end_guard(c, region);
    }
}

void resume_region(struct compiler *c, struct region *region)
{
    if (--region->suspended == 0) {
        region->start = c->u->insn_count;
    }
}

void close_region(struct compiler *c, struct region *region)
{
    if (region->suspended == 0) {
        end_guard(c, region);
    }
    c->u->region_level--;
}

/* ---- what is bound -------------------------------------------------------------------------- */

static size_t flow_words(const struct compiler *c)
{
    return ((size_t)c->u->local_count + 63) / 64;
}

bool is_bound(const struct compiler *c, uint16_t reg)
{
    const struct flow *flow = &c->u->flow;
    return !flow->reachable || (flow->bound[reg / 64] >> (reg % 64) & 1) != 0;
}

void set_bound(struct compiler *c, uint16_t reg, bool bound)
{
    const uint64_t bit = (uint64_t)1 << (reg % 64);
    uint64_t *word = &c->u->flow.bound[reg / 64];
    *word = bound ? *word | bit : *word & ~bit;
}

struct flow flow_save(struct compiler *c)
{
    struct flow copy = {.reachable = c->u->flow.reachable};
    copy.bound = arena_array(c->arena, uint64_t, flow_words(c));
    for (size_t i = 0; i < flow_words(c); i++) {
        copy.bound[i] = c->u->flow.bound[i];
    }
    return copy;
}

void flow_set(struct compiler *c, struct flow flow)
{
    /* A flow may be set more than once: never share its words. */
    c->u->flow = flow;
    c->u->flow = flow_save(c);
}

void flow_merge(struct compiler *c, struct flow flow)
{
    if (!flow.reachable) {
        return;
    }
    if (!c->u->flow.reachable) {
        flow_set(c, flow);
        return;
    }
    for (size_t i = 0; i < flow_words(c); i++) {
        c->u->flow.bound[i] &= flow.bound[i];
    }
}

void flow_end(struct compiler *c)
{
    c->u->flow.reachable = false;
}

void flow_forget_deleted(struct compiler *c)
{
    for (size_t i = 0; i < flow_words(c); i++) {
        c->u->flow.bound[i] &= ~c->u->deleted[i];
    }
}
