/* Operands of an instruction for the slow paths: the same meaning as in the loop, with counts that
 * test the trace flag. Destination first, then consumed operands. */
#ifndef BRILLE_VM_RUNTIME_EVAL_OPERANDS_H
#define BRILLE_VM_RUNTIME_EVAL_OPERANDS_H

#include "vm/runtime/eval_internal.h"

static inline bool operand_is_consumed(unsigned v)
{
    return (v & (OPERAND_CONST | OPERAND_CONSUME)) == OPERAND_CONSUME;
}

/* Borrowed. */
static inline struct py_object *operand(const struct py_frame *f, unsigned v)
{
    return ((v & OPERAND_CONST) ? f->code->consts : f->regs)[v & OPERAND_INDEX];
}

/* A new reference: moved out of a consumed temporary, else counted. */
static inline struct py_object *operand_take(struct py_frame *f, unsigned v)
{
    struct py_object *const o = operand(f, v);
    if (operand_is_consumed(v))
        f->regs[v & OPERAND_INDEX] = NULL;
    else
        py_incref(o);
    return o;
}

static inline void operand_consume(struct py_frame *f, unsigned v)
{
    if (operand_is_consumed(v)) {
        struct py_object *const o = f->regs[v & OPERAND_INDEX];
        f->regs[v & OPERAND_INDEX] = NULL;
        py_decref(o);
    }
}

static inline void register_clear(struct py_frame *f, unsigned reg)
{
    struct py_object *const o = f->regs[reg];
    f->regs[reg] = NULL;
    py_xdecref(o);
}

/* Steals res. */
static inline void register_store(struct py_frame *f, unsigned reg, struct py_object *res)
{
    struct py_object *const old = f->regs[reg];
    f->regs[reg] = res;
    py_xdecref(old);
}

/* The common end of a slow instruction: 0, or -1 when res is NULL. Steals res. */
static inline int operand_finish(struct py_frame *f, uint64_t w, struct py_object *res,
                                 unsigned consumed1, unsigned consumed2)
{
    if (!res)
        return -1;
    register_store(f, INSN_A(w), res);
    operand_consume(f, consumed1);
    operand_consume(f, consumed2);
    return 0;
}
#define OPERAND_NONE OPERAND_CONST /* nothing to consume */

static inline struct py_str *operand_name(const struct py_frame *f, unsigned index)
{
    return (struct py_str *)f->code->consts[index];
}

#endif
