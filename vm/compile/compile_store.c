/*
 * Names, and everything that binds or unbinds: assignment in all its forms, del.
 *
 * How a name is reached depends on its scope's symbol: a register, a cell in a register, a cell of
 * the closure, the globals, or (class and module bodies) the locals mapping.
 */
#include "vm/compile/compiler.h"

/* ---- names ---------------------------------------------------------------------------------- */

static struct symbol *symbol_of(struct compiler *c, struct ast_name *name)
{
    struct symbol *symbol = scope_find(c->arena, c->u->scope, name);
    if (symbol == NULL) {
        compile_error(c, NULL, "unknown scope for name '%s'", name->text); /* cannot happen */
    }
    return symbol;
}

int local_register(struct compiler *c, struct ast_name *name)
{
    if (!scope_is_function(c->u->scope)) {
        return -1;
    }
    const struct symbol *symbol = symbol_of(c, name);
    return symbol->access == ACCESS_LOCAL ? symbol->index : -1;
}

void check_bound(struct compiler *c, uint16_t reg, struct ast_name *name)
{
    if (!is_bound(c, reg)) {
        emit(c, OP_CHECK_BOUND, 0, reg, mangled_const(c, name), 0);
        set_bound(c, reg, true);
    }
}

/* Functions reach unknown names in the globals; class and module bodies look in locals first. */
static bool by_name(const struct compiler *c, const struct symbol *symbol)
{
    return !scope_is_function(c->u->scope) && symbol->access != ACCESS_GLOBAL_EXPLICIT;
}

void compile_load_name(struct compiler *c, struct ast_name *name, uint16_t dest)
{
    const struct symbol *symbol = symbol_of(c, name);
    const uint16_t index = (uint16_t)symbol->index;
    switch (symbol->access) {
    case ACCESS_LOCAL:
        if (scope_is_function(c->u->scope)) {
            check_bound(c, index, name);
            emit_move(c, dest, index);
            return;
        }
        break;
    case ACCESS_CELL:
        emit(c, OP_LOAD_CELL, 0, dest, index, mangled_const(c, name));
        return;
    case ACCESS_FREE:
        emit(c, c->u->is_class_body ? OP_LOAD_CLASSDEREF : OP_LOAD_FREE, 0, dest, index,
             mangled_const(c, name));
        return;
    default:
        break;
    }
    emit(c, by_name(c, symbol) ? OP_LOAD_NAME : OP_LOAD_GLOBAL, 0, dest, mangled_const(c, name), 0);
}

static void forbid_debug(struct compiler *c, const struct ast_name *name, const char *what)
{
    if (name == c->debug_name) {
        compile_error(c, NULL, "cannot %s __debug__", what);
    }
}

void compile_store_name(struct compiler *c, struct ast_name *name, operand_t value)
{
    forbid_debug(c, name, "assign to");
    const struct symbol *symbol = symbol_of(c, name);
    const uint16_t index = (uint16_t)symbol->index;
    switch (symbol->access) {
    case ACCESS_LOCAL:
        if (scope_is_function(c->u->scope)) {
            emit_move(c, index, value);
            set_bound(c, index, true);
            return;
        }
        break;
    case ACCESS_CELL:
        emit(c, OP_STORE_CELL, 0, index, value, 0);
        return;
    case ACCESS_FREE:
        emit(c, OP_STORE_FREE, 0, index, value, 0);
        return;
    default:
        break;
    }
    emit(c, by_name(c, symbol) ? OP_STORE_NAME : OP_STORE_GLOBAL, 0, mangled_const(c, name), value,
         0);
}

void compile_delete_name(struct compiler *c, struct ast_name *name)
{
    forbid_debug(c, name, "delete");
    const struct symbol *symbol = symbol_of(c, name);
    const uint16_t index = (uint16_t)symbol->index;
    const uint16_t name_index = mangled_const(c, name);
    switch (symbol->access) {
    case ACCESS_LOCAL:
        if (scope_is_function(c->u->scope)) {
            emit(c, OP_DEL_LOCAL, 0, index, name_index, 0);
            set_bound(c, index, false);
            return;
        }
        break;
    case ACCESS_CELL:
        emit(c, OP_DEL_CELL, 0, index, 0, name_index);
        return;
    case ACCESS_FREE:
        emit(c, OP_DEL_FREE, 0, index, 0, name_index);
        return;
    default:
        break;
    }
    emit(c, by_name(c, symbol) ? OP_DEL_NAME : OP_DEL_GLOBAL, 0, name_index, 0, 0);
}

/* ---- targets -------------------------------------------------------------------------------- */

static void store_sequence(struct compiler *c, struct ast_expr *target, operand_t value)
{
    const struct ast_exprs *elts = &target->seq.elts;
    size_t star = elts->count;
    for (size_t i = 0; i < elts->count; i++) {
        if (elts->at[i]->kind != AST_EXPR_STARRED) {
            continue;
        }
        if (star < elts->count) {
            compile_error(c, &target->pos, "multiple starred expressions in assignment");
        }
        star = i;
    }
    const size_t after = star < elts->count ? elts->count - star - 1 : 0;
    /* As in CPython, whose operand has 8 bits for what comes before the star. */
    if (elts->count > OPERAND_INDEX || after > UINT8_MAX ||
        (star < elts->count && star > UINT8_MAX)) {
        compile_error(c, &target->pos, "too many expressions in star-unpacking assignment");
    }
    const uint32_t depth = c->u->depth;
    const uint16_t window = (uint16_t)(c->u->local_count + c->u->depth);
    for (size_t i = 0; i < elts->count; i++) {
        push_temp(c);
    }
    if (star < elts->count) {
        emit(c, OP_UNPACK_EX, (unsigned)after, window, value, (unsigned)star);
    } else {
        emit(c, OP_UNPACK, 0, window, value, (unsigned)elts->count);
    }
    for (size_t i = 0; i < elts->count; i++) {
        struct ast_expr *element = elts->at[i];
        if (element->kind == AST_EXPR_STARRED) {
            element = element->starred.value;
        }
        compile_store(c, element, (operand_t)(OPERAND_CONSUME | (window + i)));
    }
    pop_to(c, depth);
}

void compile_store(struct compiler *c, struct ast_expr *target, operand_t value)
{
    const struct ast_pos old = set_pos(c, target->pos);
    const uint32_t depth = c->u->depth;
    switch (target->kind) {
    case AST_EXPR_NAME:
        compile_store_name(c, target->name.id, value);
        break;
    case AST_EXPR_ATTRIBUTE: {
        const operand_t object = compile_operand(c, target->attribute.value);
        set_pos(c, target->pos);
        forbid_debug(c, target->attribute.attr, "assign to");
        emit(c, OP_SETATTR, 0, object, value, mangled_const(c, target->attribute.attr));
        break;
    }
    case AST_EXPR_SUBSCRIPT: {
        const operand_t object = compile_operand(c, target->subscript.value);
        const operand_t index = compile_operand(c, target->subscript.index);
        set_pos(c, target->pos);
        emit(c, OP_SETITEM, 0, object, index, value);
        break;
    }
    case AST_EXPR_LIST:
    case AST_EXPR_TUPLE:
        store_sequence(c, target, value);
        break;
    case AST_EXPR_STARRED:
        compile_error(c, &target->pos, "starred assignment target must be in a list or tuple");
    default:
        compile_error(c, &target->pos, "cannot assign to %s", "expression");
    }
    pop_to(c, depth);
    set_pos(c, old);
}

void compile_delete(struct compiler *c, struct ast_expr *target)
{
    const struct ast_pos old = set_pos(c, target->pos);
    const uint32_t depth = c->u->depth;
    switch (target->kind) {
    case AST_EXPR_NAME:
        compile_delete_name(c, target->name.id);
        break;
    case AST_EXPR_ATTRIBUTE: {
        const operand_t object = compile_operand(c, target->attribute.value);
        set_pos(c, target->pos);
        emit(c, OP_DELATTR, 0, object, 0, mangled_const(c, target->attribute.attr));
        break;
    }
    case AST_EXPR_SUBSCRIPT: {
        const operand_t object = compile_operand(c, target->subscript.value);
        const operand_t index = compile_operand(c, target->subscript.index);
        set_pos(c, target->pos);
        emit(c, OP_DELITEM, 0, object, index, 0);
        break;
    }
    default: /* a list or tuple */
        for (size_t i = 0; i < target->seq.elts.count; i++) {
            compile_delete(c, target->seq.elts.at[i]);
        }
        break;
    }
    pop_to(c, depth);
    set_pos(c, old);
}

/* ---- assignment ----------------------------------------------------------------------------- */

static bool is_plain_sequence(const struct ast_expr *expr, size_t count)
{
    if ((expr->kind != AST_EXPR_TUPLE && expr->kind != AST_EXPR_LIST) ||
        expr->seq.elts.count != count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (expr->seq.elts.at[i]->kind == AST_EXPR_STARRED) {
            return false;
        }
    }
    return true;
}

/* a, b = b, a with two or three on each side: no tuple is made, as in CPython. */
static bool assign_in_parallel(struct compiler *c, struct ast_expr *target, struct ast_expr *value)
{
    const size_t count = value->kind == AST_EXPR_TUPLE ? value->seq.elts.count : 0;
    if (count < 2 || count > 3 || !is_plain_sequence(value, count) ||
        !is_plain_sequence(target, count) || fold(c, value) != NULL) {
        return false;
    }
    const uint32_t depth = c->u->depth;
    uint16_t temps[3];
    for (size_t i = 0; i < count; i++) {
        temps[i] = compile_to_temp(c, value->seq.elts.at[i]);
    }
    for (size_t i = 0; i < count; i++) {
        compile_store(c, target->seq.elts.at[i], (operand_t)(OPERAND_CONSUME | temps[i]));
    }
    pop_to(c, depth);
    return true;
}

void compile_assign(struct compiler *c, struct ast_stmt *stmt)
{
    const struct ast_exprs *targets = &stmt->assign.targets;
    struct ast_expr *value = stmt->assign.value;
    const uint32_t depth = c->u->depth;
    if (targets->count == 1) {
        struct ast_expr *target = targets->at[0];
        const int reg = target->kind == AST_EXPR_NAME ? local_register(c, target->name.id) : -1;
        if (reg >= 0) {
            compile_to(c, value, (uint16_t)reg);
            set_bound(c, (uint16_t)reg, true);
            return;
        }
        if (assign_in_parallel(c, target, value)) {
            return;
        }
        compile_store(c, target, compile_operand(c, value));
        pop_to(c, depth);
        return;
    }
    operand_t from = compile_operand(c, value);
    if ((from & OPERAND_CONST) == 0 && (from & OPERAND_CONSUME) == 0) {
        /* A local in place: an earlier target may rebind it. */
        const uint16_t copy = push_temp(c);
        emit_move(c, copy, from);
        from = (operand_t)(OPERAND_CONSUME | copy);
    }
    const bool in_temp = (from & OPERAND_CONST) == 0;
    for (size_t i = 0; i < targets->count; i++) {
        const bool last = i + 1 == targets->count;
        compile_store(c, targets->at[i], in_temp && !last ? from & OPERAND_INDEX : from);
    }
    pop_to(c, depth);
}

/* ---- augmented assignment ------------------------------------------------------------------- */

static void augment(struct compiler *c, const struct ast_stmt *stmt, uint16_t dest, operand_t left,
                    operand_t right)
{
    unsigned x;
    const enum opcode op = binary_opcode(stmt->augassign.op, true, &x);
    set_pos(c, stmt->pos);
    emit_dest(c, op, x, dest, left, right);
}

static void augment_name(struct compiler *c, struct ast_stmt *stmt)
{
    struct ast_name *name = stmt->augassign.target->name.id;
    const int reg = local_register(c, name);
    if (reg >= 0) {
        set_pos(c, stmt->augassign.target->pos);
        check_bound(c, (uint16_t)reg, name);
        if ((c->u->locals[reg]->flags & SYMBOL_WALRUS) == 0) {
            const operand_t right = compile_operand(c, stmt->augassign.value);
            augment(c, stmt, (uint16_t)reg, (operand_t)reg, right);
            return;
        }
    }
    const uint16_t temp = push_temp(c);
    set_pos(c, stmt->augassign.target->pos);
    compile_load_name(c, name, temp);
    const operand_t right = compile_operand(c, stmt->augassign.value);
    augment(c, stmt, temp, temp, right);
    compile_store_name(c, name, (operand_t)(OPERAND_CONSUME | temp));
}

/* The object of the target is evaluated once and read twice. */
static void augment_attribute(struct compiler *c, struct ast_stmt *stmt)
{
    struct ast_expr *target = stmt->augassign.target;
    const operand_t object = compile_operand(c, target->attribute.value);
    const operand_t again = (object & OPERAND_CONST) != 0 ? object : object & OPERAND_INDEX;
    const uint16_t name = mangled_const(c, target->attribute.attr);
    const uint16_t temp = push_temp(c);
    set_pos(c, target->pos);
    emit(c, OP_GETATTR, 0, temp, again, name);
    const operand_t right = compile_operand(c, stmt->augassign.value);
    augment(c, stmt, temp, temp, right);
    set_pos(c, target->pos);
    emit(c, OP_SETATTR, 0, object, OPERAND_CONSUME | temp, name);
}

static void augment_subscript(struct compiler *c, struct ast_stmt *stmt)
{
    struct ast_expr *target = stmt->augassign.target;
    const operand_t object = compile_operand(c, target->subscript.value);
    const operand_t index = compile_operand(c, target->subscript.index);
    const operand_t object2 = (object & OPERAND_CONST) != 0 ? object : object & OPERAND_INDEX;
    const operand_t index2 = (index & OPERAND_CONST) != 0 ? index : index & OPERAND_INDEX;
    const uint16_t temp = push_temp(c);
    set_pos(c, target->pos);
    emit(c, OP_GETITEM, 0, temp, object2, index2);
    const operand_t right = compile_operand(c, stmt->augassign.value);
    augment(c, stmt, temp, temp, right);
    set_pos(c, target->pos);
    emit(c, OP_SETITEM, 0, object, index, OPERAND_CONSUME | temp);
}

void compile_augassign(struct compiler *c, struct ast_stmt *stmt)
{
    const uint32_t depth = c->u->depth;
    switch (stmt->augassign.target->kind) {
    case AST_EXPR_ATTRIBUTE:
        augment_attribute(c, stmt);
        break;
    case AST_EXPR_SUBSCRIPT:
        augment_subscript(c, stmt);
        break;
    default:
        augment_name(c, stmt);
        break;
    }
    pop_to(c, depth);
}

/* ---- annotated assignment ------------------------------------------------------------------- */

static void store_annotation(struct compiler *c, struct ast_stmt *stmt)
{
    struct ast_expr *target = stmt->annassign.target;
    const uint32_t depth = c->u->depth;
    const uint16_t value = push_temp(c);
    compile_annotation(c, stmt->annassign.annotation, value);
    const uint16_t mapping = push_temp(c);
    struct ast_name *annotations = ast_intern_c(c->arena, "__annotations__");
    emit(c, OP_LOAD_NAME, 0, mapping, name_const(c, annotations), 0);
    struct ast_name *name = symtable_mangle(c->arena, c->u->scope->class_name, target->name.id);
    const operand_t key = const_operand(c, PY_OBJ(name_object(c, name)));
    emit(c, OP_SETITEM, 0, OPERAND_CONSUME | mapping, key, OPERAND_CONSUME | value);
    pop_to(c, depth);
}

void compile_annassign(struct compiler *c, struct ast_stmt *stmt)
{
    struct ast_expr *target = stmt->annassign.target;
    if (target->kind == AST_EXPR_NAME) {
        forbid_debug(c, target->name.id, "assign to");
    }
    const uint32_t depth = c->u->depth;
    const bool evaluates = !scope_is_function(c->u->scope);
    if (stmt->annassign.value != NULL) {
        compile_store(c, target, compile_operand(c, stmt->annassign.value));
        pop_to(c, depth);
    } else if (target->kind == AST_EXPR_ATTRIBUTE) {
        compile_effect(c, target->attribute.value);
    } else if (target->kind == AST_EXPR_SUBSCRIPT) {
        compile_effect(c, target->subscript.value);
        compile_effect(c, target->subscript.index);
    }
    set_pos(c, stmt->pos);
    if (evaluates && stmt->annassign.simple) {
        store_annotation(c, stmt);
    } else if (evaluates && (c->module->future & AST_FUTURE_ANNOTATIONS) == 0) {
        compile_effect(c, stmt->annassign.annotation);
    }
    pop_to(c, depth);
}
