/*
 * Expressions. There are four ways to want one: its value in a given register (compile_to), its
 * value as an operand wherever it lies (compile_operand), its truth as a jump (compile_jump), and
 * nothing but its effects (compile_effect).
 *
 * Most expressions end in one instruction that writes the destination, so a local may be the
 * destination directly. Those that write it on several ways or build it up (writes_often) get a
 * temporary first: an exception half-way must not change the local.
 */
#include "vm/compile/compiler.h"
#include "vm/object/int.h"
#include "vm/object/set.h"
#include "vm/object/tuple.h"

/* ---- operands ------------------------------------------------------------------------------- */

static bool writes_often(const struct ast_expr *expr)
{
    switch (expr->kind) {
    case AST_EXPR_BOOLOP:
    case AST_EXPR_DICT:
    case AST_EXPR_SET:
    case AST_EXPR_LIST:
    case AST_EXPR_TUPLE:
    case AST_EXPR_NAMED:
        return true;
    case AST_EXPR_COMPARE:
        return expr->compare.comparators.count > 1;
    default:
        return false;
    }
}

uint16_t compile_to_temp(struct compiler *c, struct ast_expr *expr)
{
    const uint16_t temp = push_temp(c);
    compile_to(c, expr, temp);
    return temp;
}

/* A local used in place. One that a := may rebind within the same expression is copied. */
int local_in_place(struct compiler *c, struct ast_expr *expr)
{
    if (expr->kind != AST_EXPR_NAME) {
        return -1;
    }
    const int reg = local_register(c, expr->name.id);
    if (reg < 0) {
        return -1;
    }
    if ((c->u->locals[reg]->flags & SYMBOL_WALRUS) != 0) {
        return -1;
    }
    const struct ast_pos old = set_pos(c, expr->pos);
    check_bound(c, (uint16_t)reg, expr->name.id);
    set_pos(c, old);
    return reg;
}

operand_t compile_operand(struct compiler *c, struct ast_expr *expr)
{
    const int reg = local_in_place(c, expr);
    if (reg >= 0) {
        return (operand_t)reg;
    }
    struct py_object *value = fold(c, expr);
    if (value != NULL) {
        return const_operand(c, value);
    }
    return (operand_t)(OPERAND_CONSUME | compile_to_temp(c, expr));
}

void compile_effect(struct compiler *c, struct ast_expr *expr)
{
    if (local_in_place(c, expr) >= 0 || fold(c, expr) != NULL) {
        return;
    }
    const uint32_t depth = c->u->depth;
    const uint16_t temp = compile_to_temp(c, expr);
    emit(c, OP_CLEAR, 0, temp, 0, 0);
    pop_to(c, depth);
}

/* ---- operators ------------------------------------------------------------------------------ */

enum opcode binary_opcode(enum ast_binop op, bool augmented, unsigned *x)
{
    static const struct {
        uint8_t opcode, nb;
    } rows[] = {
        [AST_BIN_ADD] = {OP_ADD, PY_NB_ADD},
        [AST_BIN_SUB] = {OP_SUB, PY_NB_SUB},
        [AST_BIN_MULT] = {OP_MUL, PY_NB_MUL},
        [AST_BIN_MATMULT] = {OP_BINARY, PY_NB_MATMUL},
        [AST_BIN_DIV] = {OP_TRUEDIV, PY_NB_TRUEDIV},
        [AST_BIN_MOD] = {OP_MOD, PY_NB_MOD},
        [AST_BIN_POW] = {OP_BINARY, PY_NB_POW},
        [AST_BIN_LSHIFT] = {OP_BINARY, PY_NB_LSHIFT},
        [AST_BIN_RSHIFT] = {OP_BINARY, PY_NB_RSHIFT},
        [AST_BIN_BITOR] = {OP_BINARY, PY_NB_OR},
        [AST_BIN_BITXOR] = {OP_BINARY, PY_NB_XOR},
        [AST_BIN_BITAND] = {OP_BINARY, PY_NB_AND},
        [AST_BIN_FLOORDIV] = {OP_FLOORDIV, PY_NB_FLOORDIV},
    };
    const bool generic = rows[op].opcode == OP_BINARY;
    *x = generic ? (unsigned)(rows[op].nb + (augmented ? 128 : 0)) : (unsigned)augmented;
    return (enum opcode)rows[op].opcode;
}

/* The leftmost operand of a chain that begins with constants: folds as many links as it can. */
static operand_t chain_start(struct compiler *c, struct ast_expr **chain, size_t length,
                             struct ast_expr *leftmost, size_t *next)
{
    *next = 0;
    size_t folded = length;
    /* The longest constant prefix, found from the outside in: fold() is linear in the chain. */
    if (leftmost->kind != AST_EXPR_CONSTANT && leftmost->kind != AST_EXPR_UNARYOP &&
        leftmost->kind != AST_EXPR_TUPLE) {
        return compile_operand(c, leftmost);
    }
    for (size_t i = 0; i < length; i++) {
        if (fold(c, chain[i]) == NULL) {
            folded = i;
            break;
        }
    }
    *next = folded;
    return folded == 0 ? compile_operand(c, leftmost)
                       : const_operand(c, fold(c, chain[folded - 1]));
}

static void compile_binop(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    size_t length = 0;
    struct ast_expr *left = expr;
    for (; left->kind == AST_EXPR_BINOP; left = left->binop.left) {
        length++;
    }
    struct ast_expr **chain = arena_array(c->arena, struct ast_expr *, length);
    size_t i = length;
    for (struct ast_expr *e = expr; e->kind == AST_EXPR_BINOP; e = e->binop.left) {
        chain[--i] = e;
    }
    const uint32_t depth = c->u->depth;
    operand_t value = chain_start(c, chain, length, left, &i);
    for (; i < length; i++) {
        unsigned x;
        const operand_t right = compile_operand(c, chain[i]->binop.right);
        const enum opcode op = binary_opcode(chain[i]->binop.op, false, &x);
        pop_to(c, depth);
        const bool last = i + 1 == length;
        const uint16_t to = last ? dest : push_temp(c);
        set_pos(c, chain[i]->pos);
        emit_dest(c, op, x, to, value, right);
        value = (operand_t)(OPERAND_CONSUME | to);
    }
    pop_to(c, depth);
}

static void compile_unary(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    static const uint8_t ops[] = {
        [AST_UNARY_INVERT] = OP_INVERT,
        [AST_UNARY_NOT] = OP_NOT,
        [AST_UNARY_UADD] = OP_POS,
        [AST_UNARY_USUB] = OP_NEG,
    };
    const uint32_t depth = c->u->depth;
    const operand_t value = compile_operand(c, expr->unaryop.operand);
    emit_dest(c, (enum opcode)ops[expr->unaryop.op], 0, dest, value, 0);
    pop_to(c, depth);
}

/* ---- comparisons ---------------------------------------------------------------------------- */

struct comparison {
    uint8_t op, jump; /* opcodes */
    uint8_t x;        /* of op: the comparison, or 1 for a negation */
    uint8_t negated;  /* the jump's sense is turned round */
};

static const struct comparison comparisons[] = {
    [AST_CMP_EQ] = {OP_COMPARE, OP_JUMP_EQ, PY_EQ, 0},
    [AST_CMP_NOTEQ] = {OP_COMPARE, OP_JUMP_NE, PY_NE, 0},
    [AST_CMP_LT] = {OP_COMPARE, OP_JUMP_LT, PY_LT, 0},
    [AST_CMP_LTE] = {OP_COMPARE, OP_JUMP_LE, PY_LE, 0},
    [AST_CMP_GT] = {OP_COMPARE, OP_JUMP_GT, PY_GT, 0},
    [AST_CMP_GTE] = {OP_COMPARE, OP_JUMP_GE, PY_GE, 0},
    [AST_CMP_IS] = {OP_IS, OP_JUMP_IS, 0, 0},
    [AST_CMP_ISNOT] = {OP_IS, OP_JUMP_IS, 1, 1},
    [AST_CMP_IN] = {OP_CONTAINS, OP_JUMP_IN, 0, 0},
    [AST_CMP_NOTIN] = {OP_CONTAINS, OP_JUMP_IN, 1, 1},
};

/* `x in [1, 2]` and `x in {1, 2}` search a constant tuple or frozenset. */
static operand_t compile_right(struct compiler *c, enum ast_cmpop op, struct ast_expr *right)
{
    const bool containment = op == AST_CMP_IN || op == AST_CMP_NOTIN;
    if (containment && right->kind == AST_EXPR_LIST) {
        struct py_object *items = fold_elements(c, &right->seq.elts);
        if (items != NULL) {
            return const_operand(c, items);
        }
    }
    if (containment && right->kind == AST_EXPR_SET) {
        struct py_object *items = fold_elements(c, &right->set.elts);
        if (items != NULL) {
            return const_operand(c, fold_set(c, items));
        }
    }
    return compile_operand(c, right);
}

/*
 * a < b < c: an operand in the middle is used twice. It is in place, or kept in one of two
 * temporaries that take turns; on the way out, when a comparison fails, it must be cleared.
 */
struct chain {
    uint16_t middle[2];
    label_t failed; /* where the middle operand is cleared */
    label_t end;
    bool uses_failed;
};

/* The next middle operand; *next is how the following comparison reads it. */
static operand_t chain_middle(struct compiler *c, const struct chain *chain, size_t i,
                              struct ast_expr *expr, operand_t *next)
{
    const int reg = local_in_place(c, expr);
    if (reg >= 0) {
        *next = (operand_t)reg;
        return (operand_t)reg;
    }
    const uint16_t middle = chain->middle[i & 1];
    compile_to(c, expr, middle);
    *next = (operand_t)(OPERAND_CONSUME | middle);
    return middle;
}

/*
 * With `jumping`, jumps to target when the truth of the whole is `when`; else writes dest, which
 * is a temporary.
 */
static void compile_chain(struct compiler *c, struct ast_expr *expr, uint16_t dest, label_t target,
                          bool when, bool jumping)
{
    const size_t count = expr->compare.comparators.count;
    const uint32_t depth = c->u->depth;
    struct chain chain = {.failed = new_label(c), .end = new_label(c)};
    chain.middle[0] = push_temp(c);
    chain.middle[1] = push_temp(c);
    const uint32_t above = c->u->depth;
    const label_t untrue = jumping && !when ? target : chain.end;
    operand_t left = compile_operand(c, expr->compare.left);
    struct flow flow = c->u->flow;
    for (size_t i = 0; i + 1 < count; i++) {
        const struct comparison row = comparisons[expr->compare.ops[i]];
        operand_t next;
        const operand_t right = chain_middle(c, &chain, i, expr->compare.comparators.at[i], &next);
        const bool kept = next != right;
        const label_t out = kept ? chain.failed : untrue;
        chain.uses_failed |= kept;
        set_pos(c, expr->pos);
        if (jumping) {
            emit_cond(c, (enum opcode)row.jump, out, left, right, row.negated != 0);
        } else {
            emit_dest(c, (enum opcode)row.op, row.x, dest, left, right);
            emit_cond(c, OP_JUMP_IF, out, dest, 0, false);
        }
        left = next;
        pop_to(c, above);
        if (i == 0) {
            flow = flow_save(c);
        }
    }
    const enum ast_cmpop op = expr->compare.ops[count - 1];
    const struct comparison row = comparisons[op];
    const operand_t right = compile_right(c, op, expr->compare.comparators.at[count - 1]);
    set_pos(c, expr->pos);
    if (jumping) {
        emit_cond(c, (enum opcode)row.jump, target, left, right, when != (row.negated != 0));
    } else {
        emit_dest(c, (enum opcode)row.op, row.x, dest, left, right);
    }
    if (chain.uses_failed) {
        emit_jump(c, chain.end);
        place(c, chain.failed);
        emit(c, OP_CLEAR_RANGE, 0, chain.middle[0], 2, 0);
        if (jumping && !when) {
            emit_jump(c, target);
        }
    }
    place(c, chain.end);
    flow_set(c, flow);
    pop_to(c, depth);
}

static void compile_compare(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    warn_compare(c, expr);
    if (expr->compare.comparators.count > 1) {
        compile_chain(c, expr, dest, -1, false, false);
        return;
    }
    const uint32_t depth = c->u->depth;
    const struct comparison row = comparisons[expr->compare.ops[0]];
    const operand_t left = compile_operand(c, expr->compare.left);
    const operand_t right = compile_right(c, expr->compare.ops[0], expr->compare.comparators.at[0]);
    set_pos(c, expr->pos);
    emit_dest(c, (enum opcode)row.op, row.x, dest, left, right);
    pop_to(c, depth);
}

/* ---- and, or, if-else ----------------------------------------------------------------------- */

static void compile_boolop(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    const struct ast_exprs *values = &expr->boolop.values;
    const bool stop = expr->boolop.op == AST_BOOL_OR;
    const label_t end = new_label(c);
    struct flow flow = c->u->flow;
    for (size_t i = 0; i < values->count; i++) {
        compile_to(c, values->at[i], dest);
        if (i == 0) {
            flow = flow_save(c); /* the others are evaluated only sometimes */
        }
        if (i + 1 < values->count) {
            emit_cond(c, OP_JUMP_IF, end, dest, 0, stop);
            emit(c, OP_CLEAR, 0, dest, 0, 0);
        }
    }
    place(c, end);
    flow_set(c, flow);
}

static void compile_if_expr(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    const label_t otherwise = new_label(c);
    const label_t end = new_label(c);
    compile_jump(c, expr->if_.test, otherwise, false);
    const struct flow flow = flow_save(c);
    compile_to(c, expr->if_.body, dest);
    emit_jump(c, end);
    const struct flow after_body = flow_save(c);
    flow_set(c, flow);
    place(c, otherwise);
    compile_to(c, expr->if_.orelse, dest);
    place(c, end);
    flow_merge(c, after_body);
}

static void jump_boolop(struct compiler *c, struct ast_expr *expr, label_t target, bool when)
{
    const struct ast_exprs *values = &expr->boolop.values;
    const bool stop = expr->boolop.op == AST_BOOL_OR; /* the truth that ends the evaluation */
    const label_t past = new_label(c);
    struct flow flow = c->u->flow;
    for (size_t i = 0; i < values->count; i++) {
        const bool last = i + 1 == values->count;
        if (last || stop == when) {
            compile_jump(c, values->at[i], target, when);
        } else {
            compile_jump(c, values->at[i], past, stop);
        }
        if (i == 0) {
            flow = flow_save(c);
        }
    }
    place(c, past);
    flow_set(c, flow);
}

static void jump_compare(struct compiler *c, struct ast_expr *expr, label_t target, bool when)
{
    warn_compare(c, expr);
    if (expr->compare.comparators.count > 1) {
        compile_chain(c, expr, 0, target, when, true);
        return;
    }
    const uint32_t depth = c->u->depth;
    const struct comparison row = comparisons[expr->compare.ops[0]];
    const operand_t left = compile_operand(c, expr->compare.left);
    const operand_t right = compile_right(c, expr->compare.ops[0], expr->compare.comparators.at[0]);
    set_pos(c, expr->pos);
    emit_cond(c, (enum opcode)row.jump, target, left, right, when != (row.negated != 0));
    pop_to(c, depth);
}

static void compile_jump_kind(struct compiler *c, struct ast_expr *expr, label_t target, bool when)
{
    const int truth = fold_truth(c, expr);
    if (truth >= 0) {
        if ((truth != 0) == when) {
            emit_jump(c, target);
        }
        return;
    }
    switch (expr->kind) {
    case AST_EXPR_UNARYOP:
        if (expr->unaryop.op == AST_UNARY_NOT) {
            compile_jump(c, expr->unaryop.operand, target, !when);
            return;
        }
        break;
    case AST_EXPR_BOOLOP:
        jump_boolop(c, expr, target, when);
        return;
    case AST_EXPR_COMPARE:
        jump_compare(c, expr, target, when);
        return;
    default:
        break;
    }
    const uint32_t depth = c->u->depth;
    const operand_t value = compile_operand(c, expr);
    emit_cond(c, OP_JUMP_IF, target, value, 0, when);
    pop_to(c, depth);
}

void compile_jump(struct compiler *c, struct ast_expr *expr, label_t target, bool when)
{
    const struct ast_pos old = set_pos(c, expr->pos);
    compile_jump_kind(c, expr, target, when);
    set_pos(c, old);
}

/* ---- the others ----------------------------------------------------------------------------- */

static void compile_named(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    compile_to(c, expr->named.value, dest);
    compile_store_name(c, expr->named.target->name.id, dest);
}

static void compile_attribute(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    const uint32_t depth = c->u->depth;
    const operand_t value = compile_operand(c, expr->attribute.value);
    const uint16_t name = mangled_const(c, expr->attribute.attr);
    emit_dest(c, OP_GETATTR, 0, dest, value, 0);
    c->u->insns[c->u->insn_count - 1].c = name;
    pop_to(c, depth);
}

static void compile_subscript(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    warn_subscript(c, expr);
    const uint32_t depth = c->u->depth;
    const operand_t value = compile_operand(c, expr->subscript.value);
    const operand_t index = compile_operand(c, expr->subscript.index);
    set_pos(c, expr->pos);
    emit_dest(c, OP_GETITEM, 0, dest, value, index);
    pop_to(c, depth);
}

void compile_slice(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    struct ast_expr *const parts[] = {expr->slice.lower, expr->slice.upper, expr->slice.step};
    const unsigned count = expr->slice.step != NULL ? 3 : 2;
    uint32_t depth;
    begin_window(c, dest, &depth);
    const uint16_t window = (uint16_t)(c->u->local_count + c->u->depth);
    for (unsigned i = 0; i < count; i++) {
        const uint16_t temp = push_temp(c);
        if (parts[i] != NULL) {
            compile_to(c, parts[i], temp);
        } else {
            emit_const(c, temp, PY_NONE);
        }
    }
    emit(c, OP_BUILD_SLICE, 0, dest, window, count);
    pop_to(c, depth);
}

static void require_function(struct compiler *c, const struct ast_expr *expr, const char *what)
{
    if (!scope_is_function(c->u->scope)) {
        compile_error(c, &expr->pos, "'%s' outside function", what);
    }
}

static void compile_yield(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    require_function(c, expr, "yield");
    const uint32_t depth = c->u->depth;
    const operand_t value =
        expr->yield.value != NULL ? compile_operand(c, expr->yield.value) : none_operand(c);
    set_pos(c, expr->pos);
    if (c->u->scope->is_coroutine) {
        pop_to(c, depth);
        const uint16_t wrapped = push_temp(c);
        emit_dest(c, OP_ASYNC_WRAP, 0, wrapped, value, 0);
        emit_dest(c, OP_YIELD, 0, dest, (operand_t)(OPERAND_CONSUME | wrapped), 0);
    } else {
        emit_dest(c, OP_YIELD, 0, dest, value, 0);
    }
    pop_to(c, depth);
}

static void compile_yield_from(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    require_function(c, expr, "yield");
    if (c->u->scope->is_coroutine) {
        compile_error(c, &expr->pos, "'yield from' inside async function");
    }
    const uint32_t depth = c->u->depth;
    const operand_t value = compile_operand(c, expr->yield.value);
    pop_to(c, depth);
    const uint16_t iterator = push_temp(c);
    const uint16_t sent = push_temp(c);
    set_pos(c, expr->pos);
    emit_dest(c, OP_GET_YIELD_ITER, 0, iterator, value, 0);
    emit(c, OP_YIELD_FROM, 0, dest, iterator, sent);
    pop_to(c, depth);
}

/* ---- await ---------------------------------------------------------------------------------- */

void compile_await(struct compiler *c, operand_t awaitable, unsigned x, uint16_t dest)
{
    const uint32_t depth = c->u->depth;
    const uint16_t iterator = push_temp(c);
    const uint16_t sent = push_temp(c);
    emit_dest(c, OP_GET_AWAITABLE, x, iterator, awaitable, 0);
    emit(c, OP_YIELD_FROM, 0, dest, iterator, sent);
    pop_to(c, depth);
}

static void compile_await_expr(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    require_function(c, expr, "await");
    if (!c->u->scope->is_coroutine) {
        compile_error(c, &expr->pos, "'await' outside async function");
    }
    const uint32_t depth = c->u->depth;
    const operand_t value = compile_operand(c, expr->yield.value);
    pop_to(c, depth);
    set_pos(c, expr->pos);
    compile_await(c, value, 0, dest);
}

label_t compile_anext(struct compiler *c, uint16_t iterator, uint16_t dest)
{
    const uint32_t depth = c->u->depth;
    const label_t handler = new_label(c);
    const bool in_temp = is_temp(c, dest);
    if (in_temp) { /* the handler finds it NULL, and uses it */
        c->u->depth = (uint32_t)(dest - c->u->local_count);
    }
    struct region *region = open_region(c, handler, (uint16_t)(c->u->local_count + c->u->depth));
    c->u->depth = depth;
    const uint16_t awaitable = push_temp(c);
    const uint16_t sent = push_temp(c);
    emit(c, OP_GET_ANEXT, 0, awaitable, iterator, 0);
    emit(c, OP_YIELD_FROM, 0, dest, awaitable, sent);
    close_region(c, region);
    pop_to(c, depth);
    return handler;
}

void compile_anext_end(struct compiler *c, label_t handler, uint16_t iterator)
{
    const uint32_t depth = c->u->depth;
    const label_t other = new_label(c);
    place(c, handler);
    const uint16_t exc = push_temp(c);
    push_temp(c);
    const uint16_t stop = push_temp(c);
    emit(c, OP_LOAD_STOP_ASYNC, 0, stop, 0, 0);
    emit(c, OP_JUMP_NO_MATCH, 0, 0, exc, OPERAND_CONSUME | stop)->target = other;
    emit(c, OP_POP_EXCEPT, 0, exc, 0, 0);
    emit(c, OP_CLEAR, 0, iterator, 0, 0);
    const label_t end = new_label(c);
    emit(c, OP_JUMP, 0, 0, 0, 0)->target = end;
    place(c, other);
    emit(c, OP_RERAISE, 0, exc, NO_RERAISE, 0);
    place(c, end);
    pop_to(c, depth);
}

static void compile_expr_kind(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    switch (expr->kind) {
    case AST_EXPR_NAME:
        compile_load_name(c, expr->name.id, dest);
        break;
    case AST_EXPR_CONSTANT: /* folded */
        break;
    case AST_EXPR_BOOLOP:
        compile_boolop(c, expr, dest);
        break;
    case AST_EXPR_NAMED:
        compile_named(c, expr, dest);
        break;
    case AST_EXPR_BINOP:
        compile_binop(c, expr, dest);
        break;
    case AST_EXPR_UNARYOP:
        compile_unary(c, expr, dest);
        break;
    case AST_EXPR_LAMBDA:
        compile_lambda(c, expr, dest);
        break;
    case AST_EXPR_IF:
        compile_if_expr(c, expr, dest);
        break;
    case AST_EXPR_DICT:
    case AST_EXPR_SET:
    case AST_EXPR_LIST:
    case AST_EXPR_TUPLE:
        compile_display(c, expr, dest);
        break;
    case AST_EXPR_LISTCOMP:
    case AST_EXPR_SETCOMP:
    case AST_EXPR_DICTCOMP:
    case AST_EXPR_GENERATOR:
        compile_comprehension(c, expr, dest);
        break;
    case AST_EXPR_AWAIT:
        compile_await_expr(c, expr, dest);
        break;
    case AST_EXPR_YIELD:
        compile_yield(c, expr, dest);
        break;
    case AST_EXPR_YIELD_FROM:
        compile_yield_from(c, expr, dest);
        break;
    case AST_EXPR_COMPARE:
        compile_compare(c, expr, dest);
        break;
    case AST_EXPR_CALL:
        compile_call(c, expr, dest);
        break;
    case AST_EXPR_FORMATTED:
        compile_formatted(c, expr, dest);
        break;
    case AST_EXPR_JOINEDSTR:
        compile_joined(c, expr, dest);
        break;
    case AST_EXPR_ATTRIBUTE:
        compile_attribute(c, expr, dest);
        break;
    case AST_EXPR_SUBSCRIPT:
        compile_subscript(c, expr, dest);
        break;
    case AST_EXPR_STARRED:
        compile_error(c, &expr->pos, "can't use starred expression here");
    case AST_EXPR_SLICE:
        compile_slice(c, expr, dest);
        break;
    }
}

void compile_to(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    const struct ast_pos old = set_pos(c, expr->pos);
    struct py_object *value = fold(c, expr);
    if (value != NULL) {
        emit_const(c, dest, value);
    } else if (!is_temp(c, dest) && writes_often(expr)) {
        const uint32_t depth = c->u->depth;
        const uint16_t temp = push_temp(c);
        compile_expr_kind(c, expr, temp);
        emit_move(c, dest, (operand_t)(OPERAND_CONSUME | temp));
        pop_to(c, depth);
    } else {
        compile_expr_kind(c, expr, dest);
    }
    set_pos(c, old);
}
