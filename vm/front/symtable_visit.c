/*
 * The walk that fills the scopes with names (symtable.h). It follows the order of evaluation, so
 * that "used prior to global declaration" means what it says: decorators, defaults and annotations
 * of a function belong to the scope around it, and so does the first iterable of a comprehension.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vm/front/symtable_internal.h"

static void visit_expr(struct symtable *st, struct ast_expr *expr);
static void visit_stmts(struct symtable *st, const struct ast_stmts *list);

/* ---- errors and scopes ---------------------------------------------------------------------- */

void symtable_error(struct symtable *st, const struct ast_pos *pos, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    *st->err = (struct syntax_error){
        .msg = arena_copy(st->arena, text, strlen(text)),
        .line = pos->line,
        .col = pos->col,
        .end_line = pos->end_line,
        .end_col = pos->end_col,
    };
    longjmp(*st->fail, 1);
}

static void enter(struct symtable *st, const struct ast_pos *pos)
{
    if (++st->depth > SYMTABLE_MAX_DEPTH) {
        *st->err = (struct syntax_error){
            .kind = SYNTAX_ERROR_RECURSION,
            .msg = "maximum recursion depth exceeded during compilation",
            .line = pos->line,
            .col = pos->col,
        };
        longjmp(*st->fail, 1);
    }
}

static void leave(struct symtable *st)
{
    st->depth--;
}

static struct scope *open_scope(struct symtable *st, enum scope_kind kind, struct ast_name *name,
                                uint32_t line)
{
    struct scope *scope = arena_new(st->arena, struct scope);
    struct scope *parent = st->scope;
    *scope = (struct scope){.kind = kind, .name = name, .parent = parent, .line = line};
    if (parent != NULL) {
        scope->class_name = parent->class_name;
        scope->is_nested = parent->is_nested || scope_is_function(parent);
        if (parent->last_child != NULL) {
            parent->last_child->next_sibling = scope;
        } else {
            parent->children = scope;
        }
        parent->last_child = scope;
    }
    if (kind == SCOPE_CLASS) {
        scope->class_name = name;
    }
    st->scope = scope;
    return scope;
}

static void close_scope(struct symtable *st)
{
    st->scope = st->scope->parent;
}

/* ---- names ---------------------------------------------------------------------------------- */

static struct symbol *add_mangled(struct symtable *st, struct scope *scope, struct ast_name *name,
                                  uint32_t flags, const struct ast_pos *pos)
{
    struct symbol *symbol = scope_add(st->arena, scope, name, *pos);
    if ((flags & SYMBOL_PARAM) != 0 && (symbol->flags & SYMBOL_PARAM) != 0) {
        symtable_error(st, pos, "duplicate argument '%s' in function definition", name->text);
    }
    if (scope->kind == SCOPE_COMPREHENSION && (flags & SYMBOL_ITERATION) != 0 &&
        (symbol->flags & (SYMBOL_GLOBAL | SYMBOL_NONLOCAL)) != 0) {
        symtable_error(st, pos,
                       "comprehension inner loop cannot rebind assignment expression target '%s'",
                       name->text);
    }
    symbol->flags |= flags;
    return symbol;
}

static struct symbol *add(struct symtable *st, struct ast_name *name, uint32_t flags,
                          const struct ast_pos *pos)
{
    struct ast_name *mangled = symtable_mangle(st->arena, st->scope->class_name, name);
    return add_mangled(st, st->scope, mangled, flags, pos);
}

static void visit_name(struct symtable *st, const struct ast_expr *expr)
{
    const bool load = expr->name.ctx == AST_LOAD;
    const uint32_t bound =
        expr->name.ctx == AST_DEL ? SYMBOL_ASSIGNED | SYMBOL_DELETED : SYMBOL_ASSIGNED;
    add(st, expr->name.id, load ? SYMBOL_USED : bound, &expr->pos);
    if (load && expr->name.id == st->super && scope_is_function(st->scope)) {
        struct ast_name *name = ast_intern_c(st->arena, "__class__");
        add_mangled(st, st->scope, name, SYMBOL_USED, &expr->pos);
    }
}

/* The target of := inside a comprehension belongs to the scope around all comprehensions. */
static void extend_named_target(struct symtable *st, const struct ast_expr *target)
{
    for (struct scope *scope = st->scope; scope != NULL; scope = scope->parent) {
        struct ast_name *name = symtable_mangle(st->arena, scope->class_name, target->name.id);
        if (scope->kind == SCOPE_COMPREHENSION) {
            const struct symbol *symbol = scope_find_mangled(scope, name);
            if (symbol != NULL && (symbol->flags & SYMBOL_ITERATION) != 0) {
                symtable_error(st, &target->pos,
                               "assignment expression cannot rebind comprehension iteration "
                               "variable '%s'",
                               target->name.id->text);
            }
            continue;
        }
        if (scope->kind == SCOPE_CLASS) {
            symtable_error(st, &target->pos,
                           "assignment expression within a comprehension cannot be used in a "
                           "class body");
        }
        uint32_t flag = SYMBOL_GLOBAL;
        if (scope_is_function(scope)) {
            const struct symbol *symbol = scope_find_mangled(scope, name);
            const bool global = symbol != NULL && (symbol->flags & SYMBOL_GLOBAL) != 0;
            flag = global ? SYMBOL_GLOBAL : SYMBOL_NONLOCAL;
            add_mangled(st, scope, name, SYMBOL_ASSIGNED, &target->pos);
        } else {
            add_mangled(st, scope, name, SYMBOL_ASSIGNED, &target->pos);
        }
        for (struct scope *s = st->scope; s != scope; s = s->parent) {
            add_mangled(st, s, name, s == st->scope ? flag | SYMBOL_ASSIGNED : flag, &target->pos);
        }
        return;
    }
}

/* Also in a comprehension or lambda within the iterable, however deep. */
static bool in_comprehension_iterable(const struct symtable *st)
{
    for (const struct scope *s = st->scope; s != NULL; s = s->parent) {
        if (s->iterable_depth > 0) {
            return true;
        }
    }
    return false;
}

static void visit_named(struct symtable *st, const struct ast_expr *expr)
{
    const struct ast_expr *target = expr->named.target;
    if (in_comprehension_iterable(st)) {
        symtable_error(st, &expr->pos,
                       "assignment expression cannot be used in a comprehension iterable "
                       "expression");
    }
    if (st->scope->kind == SCOPE_COMPREHENSION) {
        extend_named_target(st, target);
    }
    visit_expr(st, expr->named.value);
    if (st->scope->kind != SCOPE_COMPREHENSION) {
        visit_name(st, target);
        add(st, target->name.id, SYMBOL_WALRUS, &target->pos);
    }
}

/* ---- functions ------------------------------------------------------------------------------ */

static void visit_exprs(struct symtable *st, const struct ast_exprs *list)
{
    for (size_t i = 0; i < list->count; i++) {
        visit_expr(st, list->at[i]);
    }
}

static void visit_optional(struct symtable *st, struct ast_expr *expr)
{
    if (expr != NULL) {
        visit_expr(st, expr);
    }
}

static void visit_keywords(struct symtable *st, const struct ast_keywords *list)
{
    for (size_t i = 0; i < list->count; i++) {
        visit_expr(st, list->at[i].value);
    }
}

static void visit_defaults(struct symtable *st, const struct ast_args *args)
{
    visit_exprs(st, &args->defaults);
    for (uint32_t i = 0; i < args->kwonly_count; i++) {
        visit_optional(st, args->kw_defaults[i]);
    }
}

static void visit_annotation(struct symtable *st, struct ast_expr *annotation)
{
    if (annotation != NULL && (st->module->future & AST_FUTURE_ANNOTATIONS) == 0) {
        visit_expr(st, annotation);
    }
}

static void visit_arg_annotations(struct symtable *st, const struct ast_args *args)
{
    for (uint32_t i = 0; i < args->posonly_count; i++) {
        visit_annotation(st, args->posonly[i].annotation);
    }
    for (uint32_t i = 0; i < args->arg_count; i++) {
        visit_annotation(st, args->args[i].annotation);
    }
    if (args->vararg != NULL) {
        visit_annotation(st, args->vararg->annotation);
    }
    if (args->kwarg != NULL) {
        visit_annotation(st, args->kwarg->annotation);
    }
    for (uint32_t i = 0; i < args->kwonly_count; i++) {
        visit_annotation(st, args->kwonly[i].annotation);
    }
}

static void add_params(struct symtable *st, const struct ast_arg *at, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        add(st, at[i].name, SYMBOL_PARAM, &at[i].pos);
    }
}

/* The order is that of the registers: positional, keyword-only, *args, **kwargs. */
static void add_all_params(struct symtable *st, const struct ast_args *args)
{
    add_params(st, args->posonly, args->posonly_count);
    add_params(st, args->args, args->arg_count);
    add_params(st, args->kwonly, args->kwonly_count);
    if (args->vararg != NULL) {
        add_params(st, args->vararg, 1);
    }
    if (args->kwarg != NULL) {
        add_params(st, args->kwarg, 1);
    }
}

static void visit_function(struct symtable *st, struct ast_stmt *stmt)
{
    add(st, stmt->function.name, SYMBOL_ASSIGNED, &stmt->pos);
    visit_defaults(st, stmt->function.args);
    visit_arg_annotations(st, stmt->function.args);
    visit_annotation(st, stmt->function.returns);
    visit_exprs(st, &stmt->function.decorators);
    struct scope *scope = open_scope(st, SCOPE_FUNCTION, stmt->function.name, stmt->pos.line);
    scope->is_coroutine = stmt->function.is_async;
    stmt->function.scope = scope;
    add_all_params(st, stmt->function.args);
    visit_stmts(st, &stmt->function.body);
    close_scope(st);
}

static void visit_lambda(struct symtable *st, struct ast_expr *expr)
{
    visit_defaults(st, expr->lambda.args);
    struct ast_name *name = ast_intern_c(st->arena, "<lambda>");
    expr->lambda.scope = open_scope(st, SCOPE_LAMBDA, name, expr->pos.line);
    add_all_params(st, expr->lambda.args);
    visit_expr(st, expr->lambda.body);
    close_scope(st);
}

static void visit_class(struct symtable *st, struct ast_stmt *stmt)
{
    add(st, stmt->class_.name, SYMBOL_ASSIGNED, &stmt->pos);
    visit_exprs(st, &stmt->class_.bases);
    visit_keywords(st, &stmt->class_.keywords);
    visit_exprs(st, &stmt->class_.decorators);
    stmt->class_.scope = open_scope(st, SCOPE_CLASS, stmt->class_.name, stmt->pos.line);
    visit_stmts(st, &stmt->class_.body);
    close_scope(st);
}

/* ---- comprehensions ------------------------------------------------------------------------- */

static void mark_iteration(struct symtable *st, const struct ast_expr *target)
{
    switch (target->kind) {
    case AST_EXPR_NAME:
        add(st, target->name.id, SYMBOL_ITERATION | SYMBOL_ASSIGNED, &target->pos);
        break;
    case AST_EXPR_LIST:
    case AST_EXPR_TUPLE:
        for (size_t i = 0; i < target->seq.elts.count; i++) {
            mark_iteration(st, target->seq.elts.at[i]);
        }
        break;
    case AST_EXPR_STARRED:
        mark_iteration(st, target->starred.value);
        break;
    default:
        break;
    }
}

static void visit_target(struct symtable *st, struct ast_expr *target)
{
    mark_iteration(st, target);
    visit_expr(st, target);
}

static void visit_iterable(struct symtable *st, struct ast_expr *iter)
{
    st->scope->iterable_depth++;
    visit_expr(st, iter);
    st->scope->iterable_depth--;
}

static const char *comp_name(enum ast_expr_kind kind)
{
    switch (kind) {
    case AST_EXPR_LISTCOMP:
        return "<listcomp>";
    case AST_EXPR_SETCOMP:
        return "<setcomp>";
    case AST_EXPR_DICTCOMP:
        return "<dictcomp>";
    default:
        return "<genexpr>";
    }
}

static void visit_comprehension(struct symtable *st, struct ast_expr *expr)
{
    const struct ast_comprehensions *clauses = &expr->comp.generators;
    visit_iterable(st, clauses->at[0].iter);
    struct ast_name *name = ast_intern_c(st->arena, comp_name(expr->kind));
    struct scope *scope = open_scope(st, SCOPE_COMPREHENSION, name, expr->pos.line);
    scope->comp_kind = expr->kind;
    scope->is_generator = expr->kind == AST_EXPR_GENERATOR;
    expr->comp.scope = scope;
    add(st, st->dot_zero, SYMBOL_PARAM, &expr->pos);
    for (size_t i = 0; i < clauses->count; i++) {
        const struct ast_comprehension *clause = &clauses->at[i];
        scope->is_async_comp |= clause->is_async;
        if (i > 0) {
            visit_iterable(st, clause->iter);
        }
        visit_target(st, clause->target);
        visit_exprs(st, &clause->ifs);
    }
    visit_optional(st, expr->comp.value);
    visit_expr(st, expr->comp.element);
    close_scope(st);
    /* An asynchronous comprehension makes those around it so; a generator expression does not. */
    scope->is_coroutine = scope->is_async_comp;
    if (scope->is_async_comp && expr->kind != AST_EXPR_GENERATOR &&
        st->scope->kind == SCOPE_COMPREHENSION) {
        st->scope->is_async_comp = true;
    }
}

static void visit_yield(struct symtable *st, struct ast_expr *expr)
{
    if (st->scope->kind == SCOPE_COMPREHENSION) {
        static const char *const kinds[] = {
            [AST_EXPR_LISTCOMP] = "list comprehension",
            [AST_EXPR_SETCOMP] = "set comprehension",
            [AST_EXPR_DICTCOMP] = "dict comprehension",
            [AST_EXPR_GENERATOR] = "generator expression",
        };
        symtable_error(st, &expr->pos, "'yield' inside %s", kinds[st->scope->comp_kind]);
    }
    visit_optional(st, expr->yield.value);
    st->scope->is_generator = true;
}

/* ---- expressions ---------------------------------------------------------------------------- */

/* A chain of binary operators leans to the left, as deep as it is long: walked by iteration. */
static void visit_binop(struct symtable *st, struct ast_expr *expr)
{
    size_t length = 0;
    struct ast_expr *left = expr;
    for (; left->kind == AST_EXPR_BINOP; left = left->binop.left) {
        length++;
    }
    struct ast_expr **rights = arena_array(st->arena, struct ast_expr *, length);
    size_t i = length;
    for (struct ast_expr *e = expr; e->kind == AST_EXPR_BINOP; e = e->binop.left) {
        rights[--i] = e->binop.right;
    }
    visit_expr(st, left);
    for (i = 0; i < length; i++) {
        visit_expr(st, rights[i]);
    }
}

static void visit_dict(struct symtable *st, struct ast_expr *expr)
{
    for (size_t i = 0; i < expr->dict.count; i++) {
        visit_optional(st, expr->dict.keys[i]);
        visit_expr(st, expr->dict.values[i]);
    }
}

static void visit_expr_kind(struct symtable *st, struct ast_expr *expr)
{
    switch (expr->kind) {
    case AST_EXPR_NAME:
        visit_name(st, expr);
        break;
    case AST_EXPR_CONSTANT:
        break;
    case AST_EXPR_BOOLOP:
        visit_exprs(st, &expr->boolop.values);
        break;
    case AST_EXPR_NAMED:
        visit_named(st, expr);
        break;
    case AST_EXPR_BINOP:
        visit_binop(st, expr);
        break;
    case AST_EXPR_UNARYOP:
        visit_expr(st, expr->unaryop.operand);
        break;
    case AST_EXPR_LAMBDA:
        visit_lambda(st, expr);
        break;
    case AST_EXPR_IF:
        visit_expr(st, expr->if_.test);
        visit_expr(st, expr->if_.body);
        visit_expr(st, expr->if_.orelse);
        break;
    case AST_EXPR_DICT:
        visit_dict(st, expr);
        break;
    case AST_EXPR_SET:
        visit_exprs(st, &expr->set.elts);
        break;
    case AST_EXPR_LISTCOMP:
    case AST_EXPR_SETCOMP:
    case AST_EXPR_DICTCOMP:
    case AST_EXPR_GENERATOR:
        visit_comprehension(st, expr);
        break;
    case AST_EXPR_AWAIT:
        visit_expr(st, expr->yield.value);
        if (st->scope->kind == SCOPE_COMPREHENSION) {
            st->scope->is_async_comp = true;
        }
        break;
    case AST_EXPR_YIELD:
    case AST_EXPR_YIELD_FROM:
        visit_yield(st, expr);
        break;
    case AST_EXPR_COMPARE:
        visit_expr(st, expr->compare.left);
        visit_exprs(st, &expr->compare.comparators);
        break;
    case AST_EXPR_CALL:
        visit_expr(st, expr->call.func);
        visit_exprs(st, &expr->call.args);
        visit_keywords(st, &expr->call.keywords);
        break;
    case AST_EXPR_FORMATTED:
        visit_expr(st, expr->formatted.value);
        visit_optional(st, expr->formatted.format_spec);
        break;
    case AST_EXPR_JOINEDSTR:
        visit_exprs(st, &expr->joinedstr.values);
        break;
    case AST_EXPR_ATTRIBUTE:
        visit_expr(st, expr->attribute.value);
        break;
    case AST_EXPR_SUBSCRIPT:
        visit_expr(st, expr->subscript.value);
        visit_expr(st, expr->subscript.index);
        break;
    case AST_EXPR_STARRED:
        visit_expr(st, expr->starred.value);
        break;
    case AST_EXPR_LIST:
    case AST_EXPR_TUPLE:
        visit_exprs(st, &expr->seq.elts);
        break;
    case AST_EXPR_SLICE:
        visit_optional(st, expr->slice.lower);
        visit_optional(st, expr->slice.upper);
        visit_optional(st, expr->slice.step);
        break;
    }
}

static void visit_expr(struct symtable *st, struct ast_expr *expr)
{
    enter(st, &expr->pos);
    visit_expr_kind(st, expr);
    leave(st);
}

/* ---- patterns ------------------------------------------------------------------------------- */

static void visit_pattern(struct symtable *st, const struct ast_pattern *pattern);

static void visit_patterns(struct symtable *st, const struct ast_patterns *list)
{
    for (size_t i = 0; i < list->count; i++) {
        visit_pattern(st, list->at[i]);
    }
}

static void visit_pattern(struct symtable *st, const struct ast_pattern *pattern)
{
    struct ast_name *bound = NULL;
    enter(st, &pattern->pos);
    switch (pattern->kind) {
    case AST_PAT_VALUE:
        visit_expr(st, pattern->value.value);
        break;
    case AST_PAT_SINGLETON:
        break;
    case AST_PAT_SEQUENCE:
        visit_patterns(st, &pattern->sequence.patterns);
        break;
    case AST_PAT_MAPPING:
        visit_exprs(st, &pattern->mapping.keys);
        visit_patterns(st, &pattern->mapping.patterns);
        bound = pattern->mapping.rest;
        break;
    case AST_PAT_CLASS:
        visit_expr(st, pattern->class_.cls);
        visit_patterns(st, &pattern->class_.patterns);
        visit_patterns(st, &pattern->class_.kwd_patterns);
        break;
    case AST_PAT_STAR:
        bound = pattern->star.name;
        break;
    case AST_PAT_AS:
        if (pattern->as.pattern != NULL) {
            visit_pattern(st, pattern->as.pattern);
        }
        bound = pattern->as.name;
        break;
    case AST_PAT_OR:
        visit_patterns(st, &pattern->or_.patterns);
        break;
    }
    if (bound != NULL) {
        add(st, bound, SYMBOL_ASSIGNED, &pattern->pos);
    }
    leave(st);
}

/* ---- statements ----------------------------------------------------------------------------- */

static void visit_declaration(struct symtable *st, const struct ast_stmt *stmt)
{
    const bool global = stmt->kind == AST_STMT_GLOBAL;
    const char *const word = global ? "global" : "nonlocal";
    for (size_t i = 0; i < stmt->global.names.count; i++) {
        struct ast_name *name = stmt->global.names.at[i];
        const struct symbol *symbol = scope_find(st->arena, st->scope, name);
        const uint32_t flags = symbol != NULL ? symbol->flags : 0;
        if ((flags & SYMBOL_PARAM) != 0) {
            symtable_error(st, &stmt->pos, "name '%s' is parameter and %s", name->text, word);
        }
        if ((flags & SYMBOL_USED) != 0) {
            symtable_error(st, &stmt->pos, "name '%s' is used prior to %s declaration", name->text,
                           word);
        }
        if ((flags & SYMBOL_ANNOTATED) != 0) {
            symtable_error(st, &stmt->pos, "annotated name '%s' can't be %s", name->text, word);
        }
        if ((flags & SYMBOL_BOUND) != 0) {
            symtable_error(st, &stmt->pos, "name '%s' is assigned to before %s declaration",
                           name->text, word);
        }
        struct symbol *added = add(st, name, global ? SYMBOL_GLOBAL : SYMBOL_NONLOCAL, &stmt->pos);
        added->pos = stmt->pos;
        if (global) { /* the module's own uses of the name mean the same variable */
            struct scope *module = st->scope;
            while (module->parent != NULL) {
                module = module->parent;
            }
            add_mangled(st, module, added->name, SYMBOL_GLOBAL, &stmt->pos);
        }
    }
}

static void visit_annassign(struct symtable *st, const struct ast_stmt *stmt)
{
    struct ast_expr *target = stmt->annassign.target;
    if (target->kind == AST_EXPR_NAME) {
        struct ast_name *name = target->name.id;
        const struct symbol *symbol = scope_find(st->arena, st->scope, name);
        const uint32_t declared =
            symbol != NULL ? symbol->flags & (SYMBOL_GLOBAL | SYMBOL_NONLOCAL) : 0;
        if (declared != 0 && st->scope->kind != SCOPE_MODULE && stmt->annassign.simple) {
            symtable_error(st, &stmt->pos, "annotated name '%s' can't be %s", name->text,
                           (declared & SYMBOL_GLOBAL) != 0 ? "global" : "nonlocal");
        }
        if (stmt->annassign.simple) {
            add(st, name, SYMBOL_ANNOTATED | SYMBOL_ASSIGNED, &target->pos);
        } else if (stmt->annassign.value != NULL) {
            add(st, name, SYMBOL_ASSIGNED, &target->pos);
        }
    } else {
        visit_expr(st, target);
    }
    visit_annotation(st, stmt->annassign.annotation);
    visit_optional(st, stmt->annassign.value);
}

static void visit_aliases(struct symtable *st, const struct ast_aliases *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct ast_alias *alias = &list->at[i];
        struct ast_name *name = alias->asname != NULL ? alias->asname : alias->name;
        if (strcmp(name->text, "*") == 0) {
            if (st->scope->kind != SCOPE_MODULE) {
                symtable_error(st, &alias->pos, "import * only allowed at module level");
            }
            st->scope->has_import_star = true;
            continue;
        }
        const char *dot = strchr(name->text, '.');
        if (dot != NULL) {
            name = ast_intern(st->arena, name->text, (size_t)(dot - name->text));
        }
        add(st, name, SYMBOL_IMPORTED, &alias->pos);
    }
}

static void visit_if(struct symtable *st, const struct ast_stmt *stmt)
{
    for (;;) {
        visit_expr(st, stmt->if_.test);
        visit_stmts(st, &stmt->if_.body);
        const struct ast_stmts *orelse = &stmt->if_.orelse;
        if (orelse->count != 1 || orelse->at[0]->kind != AST_STMT_IF) {
            visit_stmts(st, orelse);
            return;
        }
        stmt = orelse->at[0]; /* elif chains may be long */
    }
}

static void visit_try(struct symtable *st, const struct ast_stmt *stmt)
{
    visit_stmts(st, &stmt->try_.body);
    for (size_t i = 0; i < stmt->try_.handlers.count; i++) {
        const struct ast_handler *handler = &stmt->try_.handlers.at[i];
        visit_optional(st, handler->type);
        if (handler->name != NULL) {
            add(st, handler->name, SYMBOL_ASSIGNED | SYMBOL_DELETED, &handler->pos);
        }
        visit_stmts(st, &handler->body);
    }
    visit_stmts(st, &stmt->try_.orelse);
    visit_stmts(st, &stmt->try_.finalbody);
}

static void visit_with(struct symtable *st, const struct ast_stmt *stmt)
{
    for (size_t i = 0; i < stmt->with.items.count; i++) {
        visit_expr(st, stmt->with.items.at[i].context);
        visit_optional(st, stmt->with.items.at[i].target);
    }
    visit_stmts(st, &stmt->with.body);
}

static void visit_match(struct symtable *st, const struct ast_stmt *stmt)
{
    visit_expr(st, stmt->match.subject);
    for (size_t i = 0; i < stmt->match.cases.count; i++) {
        const struct ast_match_case *match_case = &stmt->match.cases.at[i];
        visit_pattern(st, match_case->pattern);
        visit_optional(st, match_case->guard);
        visit_stmts(st, &match_case->body);
    }
}

static void visit_stmt(struct symtable *st, struct ast_stmt *stmt)
{
    switch (stmt->kind) {
    case AST_STMT_FUNCTION:
        visit_function(st, stmt);
        break;
    case AST_STMT_CLASS:
        visit_class(st, stmt);
        break;
    case AST_STMT_RETURN:
        st->scope->has_return_value |= stmt->expr.value != NULL;
        visit_optional(st, stmt->expr.value);
        break;
    case AST_STMT_EXPR:
        visit_expr(st, stmt->expr.value);
        break;
    case AST_STMT_DELETE:
        visit_exprs(st, &stmt->delete_.targets);
        break;
    case AST_STMT_ASSIGN:
        visit_exprs(st, &stmt->assign.targets);
        visit_expr(st, stmt->assign.value);
        break;
    case AST_STMT_AUGASSIGN:
        visit_expr(st, stmt->augassign.target);
        visit_expr(st, stmt->augassign.value);
        break;
    case AST_STMT_ANNASSIGN:
        visit_annassign(st, stmt);
        break;
    case AST_STMT_FOR:
        visit_expr(st, stmt->for_.target);
        visit_expr(st, stmt->for_.iter);
        visit_stmts(st, &stmt->for_.body);
        visit_stmts(st, &stmt->for_.orelse);
        break;
    case AST_STMT_WHILE:
        visit_expr(st, stmt->while_.test);
        visit_stmts(st, &stmt->while_.body);
        visit_stmts(st, &stmt->while_.orelse);
        break;
    case AST_STMT_IF:
        visit_if(st, stmt);
        break;
    case AST_STMT_WITH:
        visit_with(st, stmt);
        break;
    case AST_STMT_MATCH:
        visit_match(st, stmt);
        break;
    case AST_STMT_RAISE:
        visit_optional(st, stmt->raise.exc);
        visit_optional(st, stmt->raise.cause);
        break;
    case AST_STMT_TRY:
        visit_try(st, stmt);
        break;
    case AST_STMT_ASSERT:
        visit_expr(st, stmt->assert_.test);
        visit_optional(st, stmt->assert_.msg);
        break;
    case AST_STMT_IMPORT:
        visit_aliases(st, &stmt->import.names);
        break;
    case AST_STMT_IMPORTFROM:
        visit_aliases(st, &stmt->importfrom.names);
        break;
    case AST_STMT_GLOBAL:
    case AST_STMT_NONLOCAL:
        visit_declaration(st, stmt);
        break;
    case AST_STMT_PASS:
    case AST_STMT_BREAK:
    case AST_STMT_CONTINUE:
        break;
    }
}

static void visit_stmts(struct symtable *st, const struct ast_stmts *list)
{
    for (size_t i = 0; i < list->count; i++) {
        enter(st, &list->at[i]->pos);
        visit_stmt(st, list->at[i]);
        leave(st);
    }
}

/* ---- the module ----------------------------------------------------------------------------- */

/* One name of `from __future__ import`. */
static void visit_future(struct symtable *st, const struct ast_stmt *stmt,
                         const struct ast_alias *alias)
{
    static const char *const settled[] = {
        "nested_scopes",  "generators",     "division",         "absolute_import",
        "with_statement", "print_function", "unicode_literals", "generator_stop",
    };
    if (strcmp(alias->name->text, "annotations") == 0) {
        st->module->future |= AST_FUTURE_ANNOTATIONS;
        return;
    }
    for (size_t i = 0; i < sizeof(settled) / sizeof(settled[0]); i++) {
        if (strcmp(alias->name->text, settled[i]) == 0) {
            return;
        }
    }
    const struct ast_pos start = {.line = stmt->pos.line, .col = stmt->pos.col};
    if (strcmp(alias->name->text, "braces") == 0) {
        symtable_error(st, &start, "not a chance");
    }
    symtable_error(st, &start, "future feature %s is not defined", alias->name->text);
}

static bool is_future_import(const struct ast_stmt *stmt)
{
    return stmt->kind == AST_STMT_IMPORTFROM && stmt->importfrom.module != NULL &&
           stmt->importfrom.level == 0 && strcmp(stmt->importfrom.module->text, "__future__") == 0;
}

/* They stand behind the docstring and in front of everything else; elsewhere the compiler objects.
 */
static void visit_futures(struct symtable *st, const struct ast_module *module)
{
    size_t i = module->mode == PARSE_FILE && ast_docstring(&module->body) != NULL ? 1 : 0;
    for (; i < module->body.count && is_future_import(module->body.at[i]); i++) {
        const struct ast_stmt *stmt = module->body.at[i];
        for (size_t k = 0; k < stmt->importfrom.names.count; k++) {
            visit_future(st, stmt, &stmt->importfrom.names.at[k]);
        }
    }
}

void symtable_visit_module(struct symtable *st, struct ast_module *module)
{
    st->module = module;
    st->dunder_class = ast_intern_c(st->arena, "__class__");
    st->super = ast_intern_c(st->arena, "super");
    st->dot_zero = ast_intern_c(st->arena, ".0");
    visit_futures(st, module);
    module->scope = open_scope(st, SCOPE_MODULE, ast_intern_c(st->arena, "<module>"), 0);
    visit_stmts(st, &module->body);
    close_scope(st);
}
