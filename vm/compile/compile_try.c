/*
 * try, with, and every way out of a block: return, break and continue.
 *
 * docs/internals/bytecode.md shows the shape of the code. A handler entered at depth d has the
 * exception in R[d] and the one handled before in R[d+1]; whatever leaves it restores the latter,
 * by POP_EXCEPT or RERAISE. So the code of a handler is itself guarded (by P, at depth d+2), and so
 * is the body of a named handler (by C, which unbinds the name as well).
 *
 * A jump out of blocks runs, from the innermost outwards, what each block wants done: close the
 * with, run the finally body, leave the handler. Code written there is no longer inside the blocks
 * it has left, so their regions are suspended meanwhile.
 */
#include "vm/compile/compiler.h"

void push_block(struct compiler *c, struct block *block, enum block_kind kind)
{
    block->kind = kind;
    block->outer = c->u->block;
    block->pos = c->u->pos;
    c->u->block = block;
}

void pop_block(struct compiler *c)
{
    c->u->block = c->u->block->outer;
}

/* ---- leaving blocks ------------------------------------------------------------------------- */

/* e = None; del e: what CPython does at the end of `except ... as e`. */
static void unbind_name(struct compiler *c, struct ast_name *name)
{
    const uint32_t depth = c->u->depth;
    compile_store_name(c, name, none_operand(c));
    pop_to(c, depth);
    compile_delete_name(c, name);
}

/* A finally body on the way out; the value of a pending return waits in `value` (or -1). */
static void run_finally(struct compiler *c, const struct ast_stmts *body, int value)
{
    if (value < 0) {
        compile_stmts(c, body);
        return;
    }
    struct block pending = {.reg = (uint16_t)value};
    push_block(c, &pending, BLOCK_VALUE);
    compile_stmts(c, body);
    pop_block(c);
}

/* await exit(None, None, None); the register of exit is empty then. */
static void await_exit(struct compiler *c, uint16_t exit)
{
    const uint32_t depth = c->u->depth;
    const uint16_t result = push_temp(c);
    const uint16_t window = push_temp(c);
    emit(c, OP_MOVE, 0, window, OPERAND_CONSUME | exit, 0);
    push_temp(c);
    for (int i = 0; i < 3; i++) {
        emit_const(c, push_temp(c), PY_NONE);
    }
    emit(c, OP_CALL, 0, window, window, 3);
    pop_to(c, depth + 1);
    compile_await(c, (operand_t)(OPERAND_CONSUME | window), 2, result);
    emit(c, OP_CLEAR, 0, result, 0, 0);
    pop_to(c, depth);
}

static void leave_block(struct compiler *c, struct block *block, int value)
{
    switch (block->kind) {
    case BLOCK_FOR:
    case BLOCK_VALUE:
        emit(c, OP_CLEAR, 0, block->reg, 0, 0);
        break;
    case BLOCK_WITH:
        set_pos(c, block->pos);
        emit(c, OP_WITH_EXIT, 0, block->reg, 0, c->u->local_count + c->u->depth);
        break;
    case BLOCK_ASYNC_WITH:
        set_pos(c, block->pos);
        await_exit(c, block->reg);
        break;
    case BLOCK_FINALLY:
        run_finally(c, block->finalbody, value);
        break;
    case BLOCK_HANDLER:
        emit(c, OP_POP_EXCEPT, 0, block->reg, 0, 0);
        break;
    case BLOCK_HANDLER_NAME:
        unbind_name(c, block->name->name.id);
        break;
    case BLOCK_WHILE:
    case BLOCK_TRY:
    case BLOCK_GROUP: /* leave_blocks() refuses it */
        break;
    }
}

/*
 * Writes the code that leaves all blocks inside `until` (not itself). The regions of the blocks
 * stay suspended until rejoin() is called behind the jump.
 */
static void leave_blocks(struct compiler *c, const struct block *until, int value)
{
    struct unit *u = c->u;
    struct block *const innermost = u->block;
    const uint16_t depth = (uint16_t)u->depth;
    for (struct block *block = innermost; block != until; block = block->outer) {
        if (block->kind == BLOCK_GROUP) {
            compile_error(c, &u->pos,
                          "'break', 'continue' and 'return' cannot appear in an "
                          "except* block");
        }
        if (block->region != NULL) {
            suspend_region(c, block->region);
        }
        u->block = block->outer;
        leave_block(c, block, value);
    }
    u->block = innermost;
    u->depth = depth;
}

static void rejoin(struct compiler *c, const struct block *until)
{
    for (struct block *block = c->u->block; block != until; block = block->outer) {
        if (block->region != NULL) {
            resume_region(c, block->region);
        }
    }
}

/* Does leaving run anything but the clearing of iterators? */
static bool leaving_runs_code(const struct compiler *c)
{
    for (const struct block *block = c->u->block; block != NULL; block = block->outer) {
        if (block->kind == BLOCK_WITH || block->kind == BLOCK_ASYNC_WITH ||
            block->kind == BLOCK_FINALLY || block->kind == BLOCK_HANDLER_NAME ||
            block->kind == BLOCK_HANDLER) {
            return true;
        }
    }
    return false;
}

static void return_expr(struct compiler *c, const struct ast_stmt *stmt, struct ast_expr *expr)
{
    if (expr != NULL && expr->kind == AST_EXPR_IF && c->u->block == NULL) {
        /* return a if b else c: two returns, with no result to move and no jump to their meeting */
        const label_t otherwise = new_label(c);
        compile_jump(c, expr->if_.test, otherwise, false);
        const struct flow flow = flow_save(c);
        return_expr(c, stmt, expr->if_.body);
        flow_set(c, flow);
        place(c, otherwise);
        return_expr(c, stmt, expr->if_.orelse);
        return;
    }
    const uint32_t depth = c->u->depth;
    operand_t value = expr != NULL ? compile_operand(c, expr) : none_operand(c);
    const bool in_place = (value & (OPERAND_CONST | OPERAND_CONSUME)) == 0;
    if (in_place && leaving_runs_code(c)) {
        const uint16_t copy = push_temp(c);
        emit_move(c, copy, value);
        value = (operand_t)(OPERAND_CONSUME | copy);
    }
    const bool in_temp = (value & OPERAND_CONST) == 0 && (value & OPERAND_CONSUME) != 0;
    leave_blocks(c, NULL, in_temp ? value & OPERAND_INDEX : -1);
    set_pos(c, stmt->pos);
    emit(c, OP_RETURN, 0, 0, value, 0);
    rejoin(c, NULL);
    pop_to(c, depth);
    flow_end(c);
}

void compile_return(struct compiler *c, struct ast_stmt *stmt)
{
    const struct scope *scope = c->u->scope;
    if (!scope_is_function(scope)) {
        compile_error(c, &stmt->pos, "'return' outside function");
    }
    if (stmt->expr.value != NULL && scope->is_coroutine && scope->is_generator) {
        compile_error(c, &stmt->pos, "'return' with value in async generator");
    }
    return_expr(c, stmt, stmt->expr.value);
}

void compile_break(struct compiler *c, struct ast_stmt *stmt)
{
    const bool is_break = stmt->kind == AST_STMT_BREAK;
    struct block *loop = c->u->block;
    while (loop != NULL && loop->kind != BLOCK_WHILE && loop->kind != BLOCK_FOR) {
        if (loop->kind == BLOCK_GROUP) {
            break; /* refused, in a loop or not */
        }
        loop = loop->outer;
    }
    if (loop != NULL && loop->kind == BLOCK_GROUP) {
        loop = loop->outer;
        leave_blocks(c, loop, -1);
    }
    if (loop == NULL) {
        compile_error(c, &stmt->pos,
                      is_break ? "'break' outside loop" : "'continue' not properly in loop");
    }
    leave_blocks(c, loop, -1);
    set_pos(c, stmt->pos);
    if (is_break) {
        if (loop->kind == BLOCK_FOR) {
            emit(c, OP_CLEAR, 0, loop->reg, 0, 0);
        }
        emit_jump(c, loop->on_break);
        if (!loop->has_break) {
            loop->has_break = true;
            loop->break_flow = flow_save(c);
        } else {
            const struct flow here = flow_save(c);
            flow_merge(c, loop->break_flow);
            loop->break_flow = flow_save(c);
            flow_set(c, here);
        }
    } else {
        emit_jump_back(c, loop->on_continue);
    }
    rejoin(c, loop);
    flow_end(c);
}

/* ---- handlers ------------------------------------------------------------------------------- */

static uint16_t current_depth(const struct compiler *c)
{
    return (uint16_t)(c->u->local_count + c->u->depth);
}

/* The state in which a handler of a try begun in `flow` runs. */
static void enter_handler(struct compiler *c, label_t handler, struct flow flow)
{
    place(c, handler);
    flow_set(c, flow);
    flow_forget_deleted(c);
    push_temp(c);
    push_temp(c);
}

/* The pad for exceptions inside a handler: it leaves both handlers and raises again. */
static void emit_pad(struct compiler *c, label_t pad, uint16_t depth)
{
    place(c, pad);
    emit(c, OP_RERAISE, 0, depth + 2u, depth, 0);
}

/* ---- try ... except ------------------------------------------------------------------------- */

static void compile_named_handler(struct compiler *c, struct ast_handler *handler, uint16_t depth,
                                  label_t cleanup)
{
    struct ast_expr *name = arena_new(c->arena, struct ast_expr);
    *name = (struct ast_expr){.kind = AST_EXPR_NAME, .pos = handler->pos};
    name->name.id = handler->name;
    compile_store_name(c, handler->name, depth);
    struct block block = {.name = name, .region = open_region(c, cleanup, (uint16_t)(depth + 2))};
    push_block(c, &block, BLOCK_HANDLER_NAME);
    compile_stmts(c, &handler->body);
    pop_block(c);
    close_region(c, block.region);
    unbind_name(c, handler->name);
}

/* The code behind H: each except clause in turn. */
static void compile_handlers(struct compiler *c, const struct ast_handlers *handlers,
                             uint16_t depth, label_t end, struct flow *after)
{
    const label_t pad = new_label(c);
    struct block block = {.reg = depth, .region = open_region(c, pad, (uint16_t)(depth + 2))};
    push_block(c, &block, BLOCK_HANDLER);
    bool catches_all = false;
    for (size_t i = 0; i < handlers->count; i++) {
        struct ast_handler *handler = &handlers->at[i];
        const label_t next = new_label(c);
        const label_t cleanup = new_label(c);
        set_pos(c, handler->pos);
        if (handler->type != NULL) {
            const uint32_t temps = c->u->depth;
            const operand_t type = compile_operand(c, handler->type);
            set_pos(c, handler->type->pos);
            emit(c, OP_JUMP_NO_MATCH, 0, 0, depth, type)->target = next;
            set_pos(c, handler->pos);
            pop_to(c, temps);
        } else if (i + 1 < handlers->count) {
            compile_error(c, &handler->pos, "default 'except:' must be last");
        } else {
            catches_all = true;
        }
        const struct flow flow = flow_save(c);
        if (handler->name != NULL) {
            compile_named_handler(c, handler, depth, cleanup);
        } else {
            compile_stmts(c, &handler->body);
        }
        suspend_region(c, block.region);
        emit(c, OP_POP_EXCEPT, 0, depth, 0, 0);
        emit_jump(c, end);
        const struct flow body = flow_save(c);
        flow_set(c, *after);
        flow_merge(c, body);
        *after = flow_save(c);
        flow_set(c, flow);
        if (handler->name != NULL) {
            place(c, cleanup);
            unbind_name(c, handler->name);
            emit(c, OP_RERAISE, 0, depth + 2u, depth, 0);
            flow_set(c, flow);
        }
        resume_region(c, block.region);
        place(c, next);
    }
    suspend_region(c, block.region);
    if (!catches_all) {
        emit(c, OP_RERAISE, 0, depth, NO_RERAISE, 0);
    }
    pop_block(c);
    close_region(c, block.region);
    emit_pad(c, pad, depth);
}

/* ---- try ... except* ------------------------------------------------------------------------ */

enum {
    GROUP_LIST = 2, /* registers above the handler's depth, see opcodes.def */
    GROUP_REST = 3,
    GROUP_MATCH = 4,
    GROUP_BODY = 5, /* depth of the handlers around the clauses' bodies */
};

/* One clause: its body runs with the part that matches as the handled exception; what it raises
 * goes to the list. */
static void compile_group_handler(struct compiler *c, struct ast_handler *handler, uint16_t depth)
{
    const label_t next = new_label(c);
    const label_t caught = new_label(c);
    const uint32_t temps = c->u->depth;
    set_pos(c, handler->pos);
    const operand_t type = compile_operand(c, handler->type);
    set_pos(c, handler->type->pos);
    emit(c, OP_EG_MATCH, 0, 0, depth, type)->target = next;
    set_pos(c, handler->pos);
    pop_to(c, temps);
    const struct flow start = flow_save(c);
    struct block block = {.region = open_region(c, caught, (uint16_t)(depth + GROUP_BODY))};
    push_block(c, &block, BLOCK_GROUP);
    if (handler->name != NULL) {
        compile_store_name(c, handler->name, (operand_t)(depth + GROUP_MATCH));
    }
    compile_stmts(c, &handler->body);
    pop_block(c);
    close_region(c, block.region);
    const label_t leave = new_label(c);
    emit_jump(c, leave);
    const struct flow body = flow_save(c);
    enter_handler(c, caught, start);
    const uint16_t raised = (uint16_t)(depth + GROUP_BODY);
    emit(c, OP_LIST_APPEND, 0, depth + GROUP_LIST, raised, 0);
    emit(c, OP_POP_EXCEPT, 0, raised, 0, 0);
    pop_to(c, temps);
    place(c, leave);
    flow_merge(c, body);
    emit(c, OP_EG_LEAVE, 0, depth, 0, 0);
    if (handler->name != NULL) {
        unbind_name(c, handler->name);
    }
    place(c, next);
    flow_merge(c, start);
}

static void compile_group_handlers(struct compiler *c, const struct ast_handlers *handlers,
                                   uint16_t depth, label_t end, struct flow *after)
{
    const label_t pad = new_label(c);
    const label_t raise = new_label(c);
    struct block block = {.reg = depth, .region = open_region(c, pad, (uint16_t)(depth + 2))};
    push_block(c, &block, BLOCK_HANDLER);
    const uint16_t list = push_temp(c);
    const uint16_t rest = push_temp(c);
    push_temp(c);
    emit(c, OP_BUILD_LIST, 0, list, list, 0);
    emit(c, OP_MOVE, 0, rest, depth, 0);
    for (size_t i = 0; i < handlers->count; i++) {
        compile_group_handler(c, &handlers->at[i], depth);
    }
    emit(c, OP_EG_FINISH, 0, 0, depth, 0)->target = raise;
    suspend_region(c, block.region);
    emit(c, OP_POP_EXCEPT, 0, depth, 0, 0);
    emit_jump(c, end);
    const struct flow body = flow_save(c);
    flow_set(c, *after);
    flow_merge(c, body);
    *after = flow_save(c);
    flow_set(c, body);
    place(c, raise);
    emit(c, OP_RERAISE, 0, depth, NO_RERAISE, 0);
    pop_block(c);
    close_region(c, block.region);
    emit_pad(c, pad, depth);
}

static void compile_try_except(struct compiler *c, struct ast_stmt *stmt)
{
    const uint32_t temps = c->u->depth;
    const uint16_t depth = current_depth(c);
    const label_t handler = new_label(c);
    const label_t end = new_label(c);
    const struct flow start = flow_save(c);
    struct block block = {.region = open_region(c, handler, depth)};
    push_block(c, &block, BLOCK_TRY);
    compile_stmts(c, &stmt->try_.body);
    pop_block(c);
    close_region(c, block.region);
    compile_stmts(c, &stmt->try_.orelse);
    emit_jump(c, end);
    struct flow after = flow_save(c);
    enter_handler(c, handler, start);
    if (stmt->try_.is_star) {
        compile_group_handlers(c, &stmt->try_.handlers, depth, end, &after);
    } else {
        compile_handlers(c, &stmt->try_.handlers, depth, end, &after);
    }
    place(c, end);
    flow_set(c, after);
    pop_to(c, temps);
}

/* ---- try ... finally ------------------------------------------------------------------------ */

static void compile_try_finally(struct compiler *c, struct ast_stmt *stmt)
{
    const uint32_t temps = c->u->depth;
    const uint16_t depth = current_depth(c);
    const label_t handler = new_label(c);
    const label_t pad = new_label(c);
    const label_t end = new_label(c);
    const struct flow start = flow_save(c);
    struct block block = {
        .finalbody = &stmt->try_.finalbody,
        .region = open_region(c, handler, depth),
    };
    push_block(c, &block, BLOCK_FINALLY);
    if (stmt->try_.handlers.count > 0) {
        compile_try_except(c, stmt);
    } else {
        compile_stmts(c, &stmt->try_.body);
    }
    pop_block(c);
    close_region(c, block.region);
    compile_stmts(c, &stmt->try_.finalbody);
    emit_jump(c, end);
    const struct flow after = flow_save(c);

    enter_handler(c, handler, start);
    struct block guard = {.reg = depth, .region = open_region(c, pad, (uint16_t)(depth + 2))};
    push_block(c, &guard, BLOCK_HANDLER);
    compile_stmts(c, &stmt->try_.finalbody);
    pop_block(c);
    close_region(c, guard.region);
    emit(c, OP_RERAISE, 0, depth, NO_RERAISE, 0);
    emit_pad(c, pad, depth);
    place(c, end);
    flow_set(c, after);
    pop_to(c, temps);
}

void compile_try(struct compiler *c, struct ast_stmt *stmt)
{
    if (stmt->try_.finalbody.count > 0) {
        compile_try_finally(c, stmt);
    } else {
        compile_try_except(c, stmt);
    }
}

/* ---- with ----------------------------------------------------------------------------------- */

static void compile_with_item(struct compiler *c, struct ast_stmt *stmt, size_t index);

static void compile_with_body(struct compiler *c, struct ast_stmt *stmt, size_t index)
{
    if (index + 1 < stmt->with.items.count) {
        compile_with_item(c, stmt, index + 1);
    } else {
        compile_stmts(c, &stmt->with.body);
    }
}

/* What an exception in the body runs: __exit__ decides whether it goes on. */
static void compile_with_handler(struct compiler *c, uint16_t exit, struct flow start,
                                 label_t handler, bool is_async)
{
    const uint16_t depth = (uint16_t)(exit + 1);
    const label_t pad = new_label(c);
    const label_t swallow = new_label(c);
    enter_handler(c, handler, start);
    struct region *region = open_region(c, pad, (uint16_t)(depth + 2));
    const uint16_t answer = push_temp(c);
    if (is_async) {
        const uint16_t awaitable = push_temp(c);
        emit(c, OP_WITH_EXCEPT, 0, awaitable, exit, depth);
        c->u->depth--;
        compile_await(c, (operand_t)(OPERAND_CONSUME | awaitable), 2, answer);
    } else {
        emit(c, OP_WITH_EXCEPT, 0, answer, exit, depth);
    }
    emit_cond(c, OP_JUMP_IF, swallow, OPERAND_CONSUME | answer, 0, true);
    close_region(c, region);
    emit(c, OP_RERAISE, 0, depth, NO_RERAISE, 0);
    emit_pad(c, pad, depth);
    place(c, swallow);
    emit(c, OP_POP_EXCEPT, 0, depth, 0, 0);
    emit(c, OP_CLEAR, 0, exit, 0, 0);
}

static void compile_with_item(struct compiler *c, struct ast_stmt *stmt, size_t index)
{
    const struct ast_withitem *item = &stmt->with.items.at[index];
    const uint32_t temps = c->u->depth;
    const label_t handler = new_label(c);
    const label_t end = new_label(c);
    struct ast_expr *target = item->target;
    const int reg =
        target != NULL && target->kind == AST_EXPR_NAME ? local_register(c, target->name.id) : -1;
    /* exit below the manager, as it outlives it; the entered value above. */
    const uint16_t exit = push_temp(c);
    const operand_t manager = compile_operand(c, item->context);
    pop_to(c, temps + 1);
    const uint16_t value = reg >= 0 ? (uint16_t)reg : push_temp(c);
    set_pos(c, item->context->pos);
    const bool is_async = stmt->with.is_async;
    const uint16_t entered = is_async ? push_temp(c) : value;
    emit_dest(c, is_async ? OP_BEFORE_ASYNC_WITH : OP_BEFORE_WITH, 0, entered, manager, 0);
    c->u->insns[c->u->insn_count - 1].c = exit;
    if (is_async) {
        c->u->depth--;
        compile_await(c, (operand_t)(OPERAND_CONSUME | entered), 1, value);
    }
    const struct flow start = flow_save(c);
    struct block block = {.reg = exit, .region = open_region(c, handler, (uint16_t)(exit + 1))};
    push_block(c, &block, is_async ? BLOCK_ASYNC_WITH : BLOCK_WITH);
    if (reg >= 0) {
        set_bound(c, (uint16_t)reg, true);
    } else if (target != NULL) {
        compile_store(c, target, (operand_t)(OPERAND_CONSUME | value));
    } else {
        emit(c, OP_CLEAR, 0, value, 0, 0);
    }
    pop_to(c, temps + 1);
    set_pos(c, stmt->pos);
    compile_with_body(c, stmt, index);
    pop_block(c);
    close_region(c, block.region);
    set_pos(c, item->context->pos);
    if (is_async) {
        await_exit(c, exit);
    } else {
        emit(c, OP_WITH_EXIT, 0, exit, 0, exit + 1u);
    }
    emit_jump(c, end);
    const struct flow after = flow_save(c);
    compile_with_handler(c, exit, start, handler, is_async);
    place(c, end);
    flow_merge(c, after);
    pop_to(c, temps);
}

void compile_with(struct compiler *c, struct ast_stmt *stmt)
{
    if (stmt->with.is_async && !c->u->scope->is_coroutine) {
        compile_error(c, &stmt->pos, "'async with' outside async function");
    }
    compile_with_item(c, stmt, 0);
}
