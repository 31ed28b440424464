/*
 * Functions, lambdas, classes and comprehensions: code objects of their own, made into functions
 * where they stand.
 *
 * Everything about a definition that is evaluated (decorators, defaults, annotations, bases) is
 * evaluated in the scope around it, in this order, before the function is made.
 */
#include <string.h>

#include "vm/compile/compiler.h"
#include "vm/front/unparse.h"
#include "vm/object/int.h"
#include "vm/object/tuple.h"

/* ---- making the function -------------------------------------------------------------------- */

enum {
    FUNCTION_DEFAULTS = 1, /* x of MAKE_FUNCTION */
    FUNCTION_KWDEFAULTS = 2,
    FUNCTION_ANNOTATIONS = 4,
    FUNCTION_CLOSURE = 8,
};

/* The cells that `inner` closes over, as a tuple in a new temporary; false if there are none. */
static bool compile_closure(struct compiler *c, const struct unit *inner)
{
    if (inner->free_count == 0) {
        return false;
    }
    const uint16_t tuple = push_temp(c);
    const uint32_t depth = c->u->depth;
    c->u->depth--; /* the window begins where the tuple will be */
    for (uint16_t i = 0; i < inner->free_count; i++) {
        struct ast_name *name = inner->frees[i]->name;
        const uint16_t temp = push_temp(c);
        const struct symbol *symbol = scope_find_mangled(c->u->scope, name);
        const bool class_cell =
            c->u->scope->needs_class_closure && strcmp(name->text, "__class__") == 0;
        if (class_cell) {
            emit_move(c, temp, 0); /* register 0 holds the cell */
        } else if (symbol != NULL && symbol->access == ACCESS_CELL) {
            emit_move(c, temp, (operand_t)symbol->index);
        } else {
            emit(c, OP_LOAD_CLOSURE, 0, temp, (unsigned)(symbol != NULL ? symbol->index : 0), 0);
        }
    }
    emit(c, OP_BUILD_TUPLE, 0, tuple, tuple, inner->free_count);
    pop_to(c, depth);
    return true;
}

static bool compile_defaults(struct compiler *c, const struct ast_args *args)
{
    if (args->defaults.count == 0) {
        return false;
    }
    struct ast_expr tuple = {.kind = AST_EXPR_TUPLE, .pos = c->u->pos};
    tuple.seq.elts = args->defaults;
    compile_to_temp(c, &tuple);
    return true;
}

static bool compile_kwdefaults(struct compiler *c, const struct ast_args *args)
{
    const uint16_t dict = push_temp(c);
    const uint32_t depth = c->u->depth--;
    unsigned count = 0;
    for (uint32_t i = 0; i < args->kwonly_count; i++) {
        if (args->kw_defaults[i] == NULL) {
            continue;
        }
        struct ast_name *name =
            symtable_mangle(c->arena, c->u->scope->class_name, args->kwonly[i].name);
        emit_const(c, push_temp(c), PY_OBJ(name_object(c, name)));
        compile_to_temp(c, args->kw_defaults[i]);
        count++;
    }
    if (count == 0) {
        return false; /* the temporary is given back */
    }
    emit(c, OP_BUILD_MAP, 0, dict, dict, count);
    pop_to(c, depth);
    return true;
}

void compile_annotation(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    if ((c->module->future & AST_FUTURE_ANNOTATIONS) != 0) {
        size_t len;
        const char *text = ast_unparse(c->arena, expr, &len);
        emit_const(c, dest, own(c, PY_OBJ(py_str_from_utf8(text, len))));
    } else if (expr->kind == AST_EXPR_STARRED) { /* *args: *Ts is (*Ts,)[0] */
        const uint32_t depth = c->u->depth;
        const operand_t value = compile_operand(c, expr->starred.value);
        emit(c, OP_UNPACK, 0, dest, value, 1);
        pop_to(c, depth);
    } else {
        compile_to(c, expr, dest);
    }
}

static unsigned annotate(struct compiler *c, struct ast_name *name, struct ast_expr *annotation)
{
    if (annotation == NULL) {
        return 0;
    }
    name = symtable_mangle(c->arena, c->u->scope->class_name, name);
    emit_const(c, push_temp(c), PY_OBJ(name_object(c, name)));
    compile_annotation(c, annotation, push_temp(c));
    return 1;
}

static bool compile_annotations(struct compiler *c, const struct ast_args *args,
                                struct ast_expr *returns)
{
    const uint16_t dict = push_temp(c);
    const uint32_t depth = c->u->depth--;
    unsigned count = 0;
    for (uint32_t i = 0; i < args->posonly_count; i++) {
        count += annotate(c, args->posonly[i].name, args->posonly[i].annotation);
    }
    for (uint32_t i = 0; i < args->arg_count; i++) {
        count += annotate(c, args->args[i].name, args->args[i].annotation);
    }
    if (args->vararg != NULL) {
        count += annotate(c, args->vararg->name, args->vararg->annotation);
    }
    for (uint32_t i = 0; i < args->kwonly_count; i++) {
        count += annotate(c, args->kwonly[i].name, args->kwonly[i].annotation);
    }
    if (args->kwarg != NULL) {
        count += annotate(c, args->kwarg->name, args->kwarg->annotation);
    }
    count += annotate(c, ast_intern_c(c->arena, "return"), returns);
    if (count == 0) {
        return false;
    }
    emit(c, OP_BUILD_MAP, 0, dict, dict, count);
    pop_to(c, depth);
    return true;
}

/* What belongs to the function and is evaluated before its code runs; the bits of MAKE_FUNCTION. */
static unsigned compile_extras(struct compiler *c, const struct ast_args *args,
                               struct ast_expr *returns)
{
    unsigned bits = 0;
    bits |= compile_defaults(c, args) ? FUNCTION_DEFAULTS : 0;
    bits |= compile_kwdefaults(c, args) ? FUNCTION_KWDEFAULTS : 0;
    bits |= compile_annotations(c, args, returns) ? FUNCTION_ANNOTATIONS : 0;
    return bits;
}

/* Extras lie from `window` on; `inner` is the unit just closed. */
static void make_function(struct compiler *c, const struct unit *inner, struct py_code *code,
                          uint16_t window, unsigned bits, uint16_t dest)
{
    bits |= compile_closure(c, inner) ? FUNCTION_CLOSURE : 0;
    emit(c, OP_MAKE_FUNCTION, bits, dest, const_index16(c, PY_OBJ(code)), window);
}

static void set_signature(struct unit *u, const struct ast_args *args)
{
    u->posonly_count = (uint16_t)args->posonly_count;
    u->arg_count = (uint16_t)(args->posonly_count + args->arg_count);
    u->kwonly_count = (uint16_t)args->kwonly_count;
    u->has_varargs = args->vararg != NULL;
    u->has_varkw = args->kwarg != NULL;
}

static void check_arguments(struct compiler *c, const struct scope *scope)
{
    for (const struct symbol *s = scope->symbols; s != NULL; s = s->next) {
        if ((s->flags & SYMBOL_PARAM) != 0 && s->name == c->debug_name) {
            compile_error(c, &s->pos, "cannot assign to __debug__");
        }
    }
}

/* ---- def and lambda ------------------------------------------------------------------------- */

/* Decorators in windows one behind the other, each with room for self; their number. */
static size_t push_decorators(struct compiler *c, const struct ast_exprs *decorators)
{
    for (size_t i = 0; i < decorators->count; i++) {
        compile_to_temp(c, decorators->at[i]);
        push_temp(c);
    }
    return decorators->count;
}

/* Calls them from the inside out; the thing decorated lies behind the last window. */
static void call_decorators(struct compiler *c, const struct ast_exprs *decorators, uint16_t first)
{
    for (size_t i = decorators->count; i > 0; i--) {
        const uint16_t window = (uint16_t)(first + 2 * (i - 1));
        set_pos(c, decorators->at[i - 1]->pos);
        emit(c, OP_CALL, 0, window, window, 1);
    }
}

static uint32_t first_line_of(const struct ast_stmt *stmt, const struct ast_exprs *decorators)
{
    return decorators->count > 0 ? decorators->at[0]->pos.line : stmt->pos.line;
}

static void set_docstring(struct compiler *c, const struct ast_stmts *body)
{
    const struct ast_expr *doc = ast_docstring(body);
    if (doc != NULL && c->optimize < 2) {
        struct py_object *text = const_object(c, &doc->constant);
        add_const(c, text);
        c->u->doc = text;
    }
}

void compile_function(struct compiler *c, struct ast_stmt *stmt)
{
    const uint32_t depth = c->u->depth;
    const uint16_t first = (uint16_t)(c->u->local_count + depth);
    push_decorators(c, &stmt->function.decorators);
    const uint16_t function = push_temp(c);
    c->u->depth--;
    const struct ast_args *args = stmt->function.args;
    const unsigned bits = compile_extras(c, args, stmt->function.returns);
    check_arguments(c, stmt->function.scope);
    open_unit(c, stmt->function.scope, stmt->function.name,
              first_line_of(stmt, &stmt->function.decorators));
    struct unit *inner = c->u;
    set_signature(inner, args);
    set_docstring(c, &stmt->function.body);
    compile_body(c, &stmt->function.body);
    struct py_code *code = close_unit(c);
    make_function(c, inner, code, function, bits, function);
    call_decorators(c, &stmt->function.decorators, first);
    set_pos(c, stmt->pos);
    compile_store_name(c, stmt->function.name, (operand_t)(OPERAND_CONSUME | first));
    pop_to(c, depth);
}

void compile_lambda(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    const uint32_t depth = c->u->depth;
    const uint16_t window = (uint16_t)(c->u->local_count + depth);
    const unsigned bits = compile_extras(c, expr->lambda.args, NULL);
    check_arguments(c, expr->lambda.scope);
    open_unit(c, expr->lambda.scope, expr->lambda.scope->name, expr->pos.line);
    struct unit *inner = c->u;
    set_signature(inner, expr->lambda.args);
    const operand_t value = compile_operand(c, expr->lambda.body);
    set_pos(c, expr->lambda.body->pos);
    emit(c, OP_RETURN, 0, 0, value, 0);
    pop_to(c, 0);
    struct py_code *code = close_unit(c);
    make_function(c, inner, code, window, bits, dest);
    pop_to(c, depth);
}

/* ---- class ---------------------------------------------------------------------------------- */

static void store_class_const(struct compiler *c, const char *name, struct py_object *value)
{
    const uint32_t depth = c->u->depth;
    const operand_t operand = const_operand(c, value);
    emit(c, OP_STORE_NAME, 0, name_const(c, ast_intern_c(c->arena, name)), operand, 0);
    pop_to(c, depth);
}

static bool has_annotations(const struct ast_stmts *body);

static bool stmt_has_annotations(const struct ast_stmt *stmt)
{
    switch (stmt->kind) {
    case AST_STMT_ANNASSIGN:
        return true;
    case AST_STMT_FOR:
        return has_annotations(&stmt->for_.body) || has_annotations(&stmt->for_.orelse);
    case AST_STMT_WHILE:
        return has_annotations(&stmt->while_.body) || has_annotations(&stmt->while_.orelse);
    case AST_STMT_IF:
        return has_annotations(&stmt->if_.body) || has_annotations(&stmt->if_.orelse);
    case AST_STMT_WITH:
        return has_annotations(&stmt->with.body);
    case AST_STMT_TRY:
        for (size_t i = 0; i < stmt->try_.handlers.count; i++) {
            if (has_annotations(&stmt->try_.handlers.at[i].body)) {
                return true;
            }
        }
        return has_annotations(&stmt->try_.body) || has_annotations(&stmt->try_.orelse) ||
               has_annotations(&stmt->try_.finalbody);
    case AST_STMT_MATCH:
        for (size_t i = 0; i < stmt->match.cases.count; i++) {
            if (has_annotations(&stmt->match.cases.at[i].body)) {
                return true;
            }
        }
        return false;
    default:
        return false;
    }
}

static bool has_annotations(const struct ast_stmts *body)
{
    for (size_t i = 0; i < body->count; i++) {
        if (stmt_has_annotations(body->at[i])) {
            return true;
        }
    }
    return false;
}

void compile_setup_annotations(struct compiler *c, const struct ast_stmts *body)
{
    if (has_annotations(body)) {
        emit(c, OP_SETUP_ANNOTATIONS, 0, 0, 0, 0);
    }
}

static struct py_code *compile_class_body(struct compiler *c, struct ast_stmt *stmt,
                                          struct unit **inner)
{
    open_unit(c, stmt->class_.scope, stmt->class_.name,
              first_line_of(stmt, &stmt->class_.decorators));
    *inner = c->u;
    const uint16_t temp = push_temp(c);
    emit(c, OP_LOAD_NAME, 0, temp, name_const(c, ast_intern_c(c->arena, "__name__")), 0);
    emit(c, OP_STORE_NAME, 0, name_const(c, ast_intern_c(c->arena, "__module__")),
         OPERAND_CONSUME | temp, 0);
    pop_to(c, 0);
    store_class_const(c, "__qualname__", PY_OBJ(c->u->qualname));
    compile_setup_annotations(c, &stmt->class_.body);
    const struct ast_expr *doc = ast_docstring(&stmt->class_.body);
    if (doc != NULL && c->optimize < 2) {
        store_class_const(c, "__doc__", const_object(c, &doc->constant));
    }
    compile_body(c, &stmt->class_.body);
    if (stmt->class_.scope->needs_class_closure) {
        /* The cell itself, for type.__new__ to fill, and for the caller of this body. */
        emit(c, OP_STORE_NAME, 0, name_const(c, ast_intern_c(c->arena, "__classcell__")), 0, 0);
        emit(c, OP_RETURN, 0, 0, 0, 0);
    }
    return close_unit(c);
}

void compile_class(struct compiler *c, struct ast_stmt *stmt)
{
    const uint32_t depth = c->u->depth;
    const uint16_t first = (uint16_t)(c->u->local_count + depth);
    push_decorators(c, &stmt->class_.decorators);
    struct unit *inner;
    struct py_code *code = compile_class_body(c, stmt, &inner);
    set_pos(c, stmt->pos);
    const uint16_t window = push_temp(c);
    emit(c, OP_LOAD_BUILD_CLASS, 0, window, 0, 0);
    push_temp(c);
    const uint16_t function = push_temp(c);
    c->u->depth--;
    make_function(c, inner, code, function, 0, function);
    c->u->depth = (uint32_t)(function - c->u->local_count) + 1;
    emit_const(c, push_temp(c), PY_OBJ(name_object(c, stmt->class_.name)));
    compile_call_rest(c, window, 2, &stmt->class_.bases, &stmt->class_.keywords, window);
    call_decorators(c, &stmt->class_.decorators, first);
    set_pos(c, stmt->pos);
    compile_store_name(c, stmt->class_.name, (operand_t)(OPERAND_CONSUME | first));
    pop_to(c, depth);
}

/* ---- comprehensions ------------------------------------------------------------------------- */

/* Adds one element to the result, or yields it. */
static void compile_element(struct compiler *c, struct ast_expr *expr, uint16_t result)
{
    const uint32_t depth = c->u->depth;
    if (expr->kind == AST_EXPR_DICTCOMP) {
        const operand_t key = compile_operand(c, expr->comp.element);
        const operand_t value = compile_operand(c, expr->comp.value);
        emit(c, OP_MAP_ADD, 0, result, key, value);
        pop_to(c, depth);
        return;
    }
    const operand_t value = compile_operand(c, expr->comp.element);
    pop_to(c, depth);
    switch (expr->kind) {
    case AST_EXPR_LISTCOMP:
        emit(c, OP_LIST_APPEND, 0, result, value, 0);
        break;
    case AST_EXPR_SETCOMP:
        emit(c, OP_SET_ADD, 0, result, value, 0);
        break;
    default: {
        const uint16_t sent = push_temp(c);
        operand_t yielded = value;
        if (c->u->scope->is_coroutine) {
            emit_dest(c, OP_ASYNC_WRAP, 0, sent, value, 0);
            yielded = (operand_t)(OPERAND_CONSUME | sent);
        }
        emit(c, OP_YIELD, 0, sent, yielded, 0); /* consumed before it is written: see verify.c */
        emit(c, OP_CLEAR, 0, sent, 0, 0);
        break;
    }
    }
    pop_to(c, depth);
}

/* Clause number i and all behind it. The first iterator is the parameter, register 0. */
static void compile_clause(struct compiler *c, struct ast_expr *expr, size_t i, uint16_t result)
{
    struct ast_comprehension *clause = &expr->comp.generators.at[i];
    const uint32_t depth = c->u->depth;
    uint16_t iterator = 0;
    if (i > 0) {
        const operand_t iterable = compile_operand(c, clause->iter);
        pop_to(c, depth);
        iterator = push_temp(c);
        set_pos(c, clause->iter->pos);
        emit_dest(c, clause->is_async ? OP_GET_AITER : OP_GET_ITER, 0, iterator, iterable, 0);
    }
    const label_t next = new_label(c);
    const label_t skip = new_label(c);
    const label_t exit = new_label(c);
    place(c, next);
    const struct flow flow = flow_save(c);
    const int reg =
        clause->target->kind == AST_EXPR_NAME ? local_register(c, clause->target->name.id) : -1;
    const uint32_t inner = c->u->depth;
    const uint16_t item = reg >= 0 ? (uint16_t)reg : push_temp(c);
    label_t handler = 0;
    if (clause->is_async) {
        handler = compile_anext(c, iterator, item);
    } else {
        emit(c, OP_FOR_ITER, 0, item, iterator, 0)->target = exit;
    }
    if (reg >= 0) {
        set_bound(c, item, true);
    } else {
        compile_store(c, clause->target, (operand_t)(OPERAND_CONSUME | item));
        pop_to(c, inner);
    }
    for (size_t k = 0; k < clause->ifs.count; k++) {
        compile_jump(c, clause->ifs.at[k], skip, false);
    }
    if (i + 1 < expr->comp.generators.count) {
        compile_clause(c, expr, i + 1, result);
    } else {
        compile_element(c, expr, result);
    }
    place(c, skip);
    emit_jump_back(c, next);
    place(c, exit);
    flow_set(c, flow);
    if (clause->is_async) {
        compile_anext_end(c, handler, iterator);
    }
    pop_to(c, depth);
}

void compile_comprehension(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    uint32_t depth;
    struct scope *scope = expr->comp.scope;
    if (scope->is_async_comp && !c->u->scope->is_coroutine && expr->kind != AST_EXPR_GENERATOR) {
        compile_error(c, &expr->pos,
                      "asynchronous comprehension outside of an asynchronous function");
    }
    begin_window(c, dest, &depth);
    const uint16_t window = push_temp(c);
    open_unit(c, scope, scope->name, expr->pos.line);
    struct unit *inner = c->u;
    inner->arg_count = 1;
    set_pos(c, expr->pos);
    if (expr->kind == AST_EXPR_GENERATOR) {
        compile_clause(c, expr, 0, 0);
    } else {
        const uint16_t result = push_temp(c);
        const enum opcode build = expr->kind == AST_EXPR_LISTCOMP  ? OP_BUILD_LIST
                                  : expr->kind == AST_EXPR_SETCOMP ? OP_BUILD_SET
                                                                   : OP_BUILD_MAP;
        emit(c, build, 0, result, result, 0);
        compile_clause(c, expr, 0, result);
        emit(c, OP_RETURN, 0, 0, OPERAND_CONSUME | result, 0);
        pop_to(c, 0);
    }
    struct py_code *code = close_unit(c);
    c->u->depth--;
    make_function(c, inner, code, window, 0, window);
    c->u->depth = (uint32_t)(window - c->u->local_count) + 1;
    push_temp(c);
    const uint16_t argument = push_temp(c);
    c->u->depth--;
    struct ast_expr *iter = expr->comp.generators.at[0].iter;
    const operand_t iterable = compile_operand(c, iter);
    c->u->depth = (uint32_t)(argument - c->u->local_count) + 1;
    set_pos(c, iter->pos);
    emit_dest(c, expr->comp.generators.at[0].is_async ? OP_GET_AITER : OP_GET_ITER, 0, argument,
              iterable, 0);
    set_pos(c, expr->pos);
    if (scope->is_coroutine && expr->kind != AST_EXPR_GENERATOR) {
        /* The function is a coroutine. Its window may begin at dest, and the value goes there last:
         * it is awaited above. */
        emit(c, OP_CALL, 0, window, window, 1);
        const uint16_t iterator = (uint16_t)(window + 1);
        const uint16_t sent = (uint16_t)(window + 2);
        emit_dest(c, OP_GET_AWAITABLE, 0, iterator, (operand_t)(OPERAND_CONSUME | window), 0);
        emit(c, OP_YIELD_FROM, 0, dest, iterator, sent);
    } else {
        emit(c, OP_CALL, 0, dest, window, 1);
    }
    pop_to(c, depth);
}
