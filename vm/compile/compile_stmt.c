/*
 * Statements but for try and with (compile_try.c), assignments (compile_store.c) and definitions
 * (compile_scope.c).
 */
#include <string.h>

#include "vm/compile/compiler.h"
#include "vm/object/tuple.h"

/* ---- if and loops --------------------------------------------------------------------------- */

/*
 * Code that can never run is still compiled, for its errors, and then thrown away. A return in it
 * would cut the guarded regions around it: they get their beginnings back.
 */
static void compile_dead(struct compiler *c, const struct ast_stmts *list)
{
    struct unit *u = c->u;
    if (list->count == 0) {
        return;
    }
    const uint32_t insns = u->insn_count;
    const uint32_t guards = u->guard_count;
    const struct flow flow = flow_save(c);
    size_t blocks = 0;
    for (const struct block *block = u->block; block != NULL; block = block->outer) {
        blocks++;
    }
    uint32_t *starts = arena_array(c->arena, uint32_t, blocks);
    size_t i = 0;
    for (const struct block *block = u->block; block != NULL; block = block->outer) {
        starts[i++] = block->region != NULL ? block->region->start : 0;
    }
    flow_end(c);
    compile_stmts(c, list);
    i = 0;
    for (struct block *block = u->block; block != NULL; block = block->outer, i++) {
        if (block->region != NULL) {
            block->region->start = starts[i];
        }
    }
    u->insn_count = insns;
    u->guard_count = guards;
    flow_set(c, flow);
}

static void compile_if(struct compiler *c, struct ast_stmt *stmt)
{
    const label_t end = new_label(c);
    struct flow after = {.reachable = false};
    bool has_after = false;
    for (;;) { /* along the elif chain, which may be long */
        const struct ast_stmts *orelse = &stmt->if_.orelse;
        const int truth = fold_truth(c, stmt->if_.test);
        const label_t otherwise = new_label(c);
        if (truth == 0) {
            compile_dead(c, &stmt->if_.body);
        } else {
            compile_jump(c, stmt->if_.test, otherwise, false);
            const struct flow flow = flow_save(c);
            compile_stmts(c, &stmt->if_.body);
            if (truth == 1) {
                compile_dead(c, orelse);
                place(c, otherwise);
                break;
            }
            if (orelse->count > 0) {
                emit_jump(c, end);
            }
            const struct flow body = flow_save(c);
            flow_set(c, flow);
            place(c, otherwise);
            if (orelse->count == 0) {
                flow_merge(c, body);
                break;
            }
            if (has_after) {
                const struct flow here = flow_save(c);
                flow_set(c, after);
                flow_merge(c, body);
                after = flow_save(c);
                flow_set(c, here);
            } else {
                after = body;
                has_after = true;
            }
        }
        if (orelse->count == 1 && orelse->at[0]->kind == AST_STMT_IF) {
            stmt = orelse->at[0];
            set_pos(c, stmt->pos);
            continue;
        }
        compile_stmts(c, orelse);
        break;
    }
    place(c, end);
    if (has_after) {
        flow_merge(c, after);
    }
}

/* What is bound behind a loop: at its normal exit, and at every break. */
static void end_loop(struct compiler *c, struct block *block, label_t on_break)
{
    place(c, on_break);
    if (block->has_break) {
        flow_merge(c, block->break_flow);
    }
}

static void compile_while(struct compiler *c, struct ast_stmt *stmt)
{
    const int truth = fold_truth(c, stmt->while_.test);
    struct block block = {.on_break = new_label(c), .on_continue = new_label(c)};
    if (truth == 0) {
        push_block(c, &block, BLOCK_WHILE); /* so that its breaks are in a loop */
        compile_dead(c, &stmt->while_.body);
        pop_block(c);
        compile_stmts(c, &stmt->while_.orelse);
        return;
    }
    const label_t exit = new_label(c);
    flow_forget_deleted(c);
    place(c, block.on_continue);
    compile_jump(c, stmt->while_.test, exit, false);
    struct flow flow = flow_save(c);
    push_block(c, &block, BLOCK_WHILE);
    compile_stmts(c, &stmt->while_.body);
    pop_block(c);
    set_pos(c, stmt->pos);
    emit_jump_back(c, block.on_continue);
    place(c, exit);
    if (truth == 1) {
        flow.reachable = false;
    }
    flow_set(c, flow);
    if (truth == 1) {
        compile_dead(c, &stmt->while_.orelse);
    } else {
        compile_stmts(c, &stmt->while_.orelse);
    }
    end_loop(c, &block, block.on_break);
}

static void compile_async_for(struct compiler *c, struct ast_stmt *stmt)
{
    if (!c->u->scope->is_coroutine) {
        compile_error(c, &stmt->pos, "'async for' outside async function");
    }
    struct block block = {.on_break = new_label(c), .on_continue = new_label(c)};
    const uint32_t depth = c->u->depth;
    const operand_t iterable = compile_operand(c, stmt->for_.iter);
    pop_to(c, depth);
    block.reg = push_temp(c);
    set_pos(c, stmt->for_.iter->pos);
    emit_dest(c, OP_GET_AITER, 0, block.reg, iterable, 0);
    flow_forget_deleted(c);
    place(c, block.on_continue);
    const struct flow flow = flow_save(c);
    struct ast_expr *target = stmt->for_.target;
    const int reg = target->kind == AST_EXPR_NAME ? local_register(c, target->name.id) : -1;
    const uint16_t item = reg >= 0 ? (uint16_t)reg : push_temp(c);
    const label_t handler = compile_anext(c, block.reg, item);
    if (reg >= 0) {
        set_bound(c, item, true);
    } else {
        compile_store(c, target, (operand_t)(OPERAND_CONSUME | item));
        pop_to(c, depth + 1);
    }
    push_block(c, &block, BLOCK_FOR);
    compile_stmts(c, &stmt->for_.body);
    pop_block(c);
    set_pos(c, stmt->for_.iter->pos);
    emit_jump_back(c, block.on_continue);
    flow_set(c, flow);
    compile_anext_end(c, handler, block.reg);
    pop_to(c, depth);
    compile_stmts(c, &stmt->for_.orelse);
    end_loop(c, &block, block.on_break);
}

static void compile_for(struct compiler *c, struct ast_stmt *stmt)
{
    if (stmt->for_.is_async) {
        compile_async_for(c, stmt);
        return;
    }
    struct block block = {.on_break = new_label(c), .on_continue = new_label(c)};
    const label_t exit = new_label(c);
    const uint32_t depth = c->u->depth;
    const operand_t iterable = compile_operand(c, stmt->for_.iter);
    pop_to(c, depth);
    block.reg = push_temp(c);
    set_pos(c, stmt->for_.iter->pos);
    emit_dest(c, OP_GET_ITER, 0, block.reg, iterable, 0);
    flow_forget_deleted(c);
    place(c, block.on_continue);
    const struct flow flow = flow_save(c);
    struct ast_expr *target = stmt->for_.target;
    const int reg = target->kind == AST_EXPR_NAME ? local_register(c, target->name.id) : -1;
    if (reg >= 0) {
        emit(c, OP_FOR_ITER, 0, (unsigned)reg, block.reg, 0)->target = exit;
        set_bound(c, (uint16_t)reg, true);
    } else {
        const uint16_t item = push_temp(c);
        emit(c, OP_FOR_ITER, 0, item, block.reg, 0)->target = exit;
        compile_store(c, target, (operand_t)(OPERAND_CONSUME | item));
        pop_to(c, depth + 1);
    }
    push_block(c, &block, BLOCK_FOR);
    compile_stmts(c, &stmt->for_.body);
    pop_block(c);
    set_pos(c, stmt->for_.iter->pos);
    emit_jump_back(c, block.on_continue);
    place(c, exit);
    pop_to(c, depth);
    flow_set(c, flow);
    compile_stmts(c, &stmt->for_.orelse);
    end_loop(c, &block, block.on_break);
}

/* ---- simple statements ---------------------------------------------------------------------- */

static void compile_raise(struct compiler *c, struct ast_stmt *stmt)
{
    const uint32_t depth = c->u->depth;
    operand_t exc = 0;
    operand_t cause = 0;
    unsigned x = 0;
    if (stmt->raise.exc != NULL) {
        exc = compile_operand(c, stmt->raise.exc);
        x = 1;
    }
    if (stmt->raise.cause != NULL) {
        cause = compile_operand(c, stmt->raise.cause);
        x = 2;
    }
    emit(c, OP_RAISE, x, 0, exc, cause);
    pop_to(c, depth);
    flow_end(c);
}

static void compile_assert(struct compiler *c, struct ast_stmt *stmt)
{
    warn_assert(c, stmt);
    if (c->optimize > 0) {
        return;
    }
    const label_t end = new_label(c);
    compile_jump(c, stmt->assert_.test, end, true);
    const struct flow flow = flow_save(c);
    const uint32_t depth = c->u->depth;
    const uint16_t window = push_temp(c);
    emit(c, OP_LOAD_ASSERTION_ERROR, 0, window, 0, 0);
    if (stmt->assert_.msg != NULL) {
        push_temp(c);
        compile_to_temp(c, stmt->assert_.msg);
        emit(c, OP_CALL, 0, window, window, 1);
    }
    const struct ast_pos old = set_pos(c, stmt->assert_.test->pos);
    emit(c, OP_RAISE, 1, 0, OPERAND_CONSUME | window, 0);
    set_pos(c, old);
    pop_to(c, depth);
    flow_set(c, flow);
    place(c, end);
}

static void compile_expr_stmt(struct compiler *c, struct ast_stmt *stmt)
{
    if (!c->print_exprs || c->u->outer != NULL) {
        compile_effect(c, stmt->expr.value);
        return;
    }
    const uint32_t depth = c->u->depth;
    const operand_t value = compile_operand(c, stmt->expr.value);
    emit(c, OP_PRINT_EXPR, 0, 0, value, 0);
    pop_to(c, depth);
}

/* ---- imports -------------------------------------------------------------------------------- */

static uint16_t import_module(struct compiler *c, struct ast_name *name, struct py_object *from,
                              uint32_t level)
{
    if (level > UINT8_MAX) {
        compile_error(c, NULL, "too many dots in a relative import");
    }
    const uint32_t depth = c->u->depth;
    const operand_t fromlist = const_operand(c, from);
    pop_to(c, depth);
    const uint16_t module = push_temp(c);
    emit_dest(c, OP_IMPORT_NAME, level, module, 0, fromlist);
    c->u->insns[c->u->insn_count - 1].b = name_const(c, name);
    return module;
}

/* import a.b.c as d: the parts of the name are fetched one from the other. */
static void import_as(struct compiler *c, const struct ast_alias *alias, uint16_t module)
{
    const char *text = alias->name->text;
    uint16_t from = module;
    for (const char *dot = strchr(text, '.'); dot != NULL;) {
        const char *start = dot + 1;
        dot = strchr(start, '.');
        const size_t len = dot != NULL ? (size_t)(dot - start) : strlen(start);
        const uint16_t part = push_temp(c);
        emit(c, OP_IMPORT_FROM, 0, part, from, name_const(c, ast_intern(c->arena, start, len)));
        emit(c, OP_CLEAR, 0, from, 0, 0);
        from = part;
    }
    compile_store_name(c, alias->asname, (operand_t)(OPERAND_CONSUME | from));
}

static void compile_import(struct compiler *c, struct ast_stmt *stmt)
{
    for (size_t i = 0; i < stmt->import.names.count; i++) {
        const struct ast_alias *alias = &stmt->import.names.at[i];
        const uint32_t depth = c->u->depth;
        const uint16_t module = import_module(c, alias->name, PY_NONE, 0);
        if (alias->asname != NULL) {
            import_as(c, alias, module);
        } else {
            const char *text = alias->name->text;
            const char *dot = strchr(text, '.');
            const size_t len = dot != NULL ? (size_t)(dot - text) : alias->name->len;
            compile_store_name(c, ast_intern(c->arena, text, len),
                               (operand_t)(OPERAND_CONSUME | module));
        }
        pop_to(c, depth);
    }
}

static bool is_behind(const struct ast_pos *a, const struct ast_pos *b)
{
    return a->line > b->line || (a->line == b->line && a->col > b->col);
}

static void check_future(struct compiler *c, const struct ast_stmt *stmt)
{
    const struct ast_name *module = stmt->importfrom.module;
    if (module == NULL || stmt->importfrom.level > 0 || strcmp(module->text, "__future__") != 0) {
        return;
    }
    if (c->u->outer != NULL || is_behind(&stmt->pos, &c->last_future)) {
        compile_error(c, &stmt->pos,
                      "from __future__ imports must occur at the beginning of the file");
    }
}

static void compile_import_from(struct compiler *c, struct ast_stmt *stmt)
{
    const struct ast_aliases *names = &stmt->importfrom.names;
    check_future(c, stmt);
    struct py_object **items = arena_array(c->arena, struct py_object *, names->count);
    for (size_t i = 0; i < names->count; i++) {
        items[i] = PY_OBJ(name_object(c, names->at[i].name));
    }
    struct py_object *from = own(c, PY_OBJ(py_tuple_from_array(items, names->count)));
    struct ast_name *name = stmt->importfrom.module;
    if (name == NULL) {
        name = ast_intern(c->arena, "", 0);
    }
    const uint32_t depth = c->u->depth;
    const uint16_t module = import_module(c, name, from, stmt->importfrom.level);
    if (strcmp(names->at[0].name->text, "*") == 0) {
        emit(c, OP_IMPORT_STAR, 0, 0, OPERAND_CONSUME | module, 0);
        pop_to(c, depth);
        return;
    }
    for (size_t i = 0; i < names->count; i++) {
        const struct ast_alias *alias = &names->at[i];
        const uint16_t value = push_temp(c);
        emit(c, OP_IMPORT_FROM, 0, value, module, name_const(c, alias->name));
        compile_store_name(c, alias->asname != NULL ? alias->asname : alias->name,
                           (operand_t)(OPERAND_CONSUME | value));
        pop_to(c, depth + 1);
    }
    emit(c, OP_CLEAR, 0, module, 0, 0);
    pop_to(c, depth);
}

/* ---- dispatch ------------------------------------------------------------------------------- */

static void compile_stmt(struct compiler *c, struct ast_stmt *stmt)
{
    switch (stmt->kind) {
    case AST_STMT_FUNCTION:
        compile_function(c, stmt);
        break;
    case AST_STMT_CLASS:
        compile_class(c, stmt);
        break;
    case AST_STMT_RETURN:
        compile_return(c, stmt);
        break;
    case AST_STMT_DELETE:
        for (size_t i = 0; i < stmt->delete_.targets.count; i++) {
            compile_delete(c, stmt->delete_.targets.at[i]);
        }
        break;
    case AST_STMT_ASSIGN:
        compile_assign(c, stmt);
        break;
    case AST_STMT_AUGASSIGN:
        compile_augassign(c, stmt);
        break;
    case AST_STMT_ANNASSIGN:
        compile_annassign(c, stmt);
        break;
    case AST_STMT_FOR:
        compile_for(c, stmt);
        break;
    case AST_STMT_WHILE:
        compile_while(c, stmt);
        break;
    case AST_STMT_IF:
        compile_if(c, stmt);
        break;
    case AST_STMT_WITH:
        compile_with(c, stmt);
        break;
    case AST_STMT_MATCH:
        compile_match(c, stmt);
        break;
    case AST_STMT_RAISE:
        compile_raise(c, stmt);
        break;
    case AST_STMT_TRY:
        compile_try(c, stmt);
        break;
    case AST_STMT_ASSERT:
        compile_assert(c, stmt);
        break;
    case AST_STMT_IMPORT:
        compile_import(c, stmt);
        break;
    case AST_STMT_IMPORTFROM:
        compile_import_from(c, stmt);
        break;
    case AST_STMT_EXPR:
        compile_expr_stmt(c, stmt);
        break;
    case AST_STMT_GLOBAL:
    case AST_STMT_NONLOCAL:
    case AST_STMT_PASS:
        break;
    case AST_STMT_BREAK:
    case AST_STMT_CONTINUE:
        compile_break(c, stmt);
        break;
    }
}

void compile_stmts(struct compiler *c, const struct ast_stmts *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct ast_pos old = set_pos(c, list->at[i]->pos);
        compile_stmt(c, list->at[i]);
        set_pos(c, old);
    }
}

void compile_body(struct compiler *c, const struct ast_stmts *list)
{
    const size_t skip = ast_docstring(list) != NULL ? 1 : 0;
    const struct ast_stmts rest = {list->at + skip, list->count - skip};
    compile_stmts(c, &rest);
}
