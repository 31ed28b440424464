/*
 * Calls, displays and f-strings: what collects values in a window of consecutive temporaries.
 *
 * A window may begin at the destination when that is the newest temporary, so that nested calls
 * need no more registers than their arguments. Long displays are built up piece by piece rather
 * than in one huge window.
 */
#include "vm/compile/compiler.h"
#include "vm/object/set.h"
#include "vm/object/tuple.h"

enum {
    MAX_WINDOW = 64,      /* elements of a display that are collected before building */
    MIN_CONST_EXTEND = 3, /* a list or set of at least so many constants is made from a tuple */
};

static void emit_append(struct compiler *c, enum opcode op, uint16_t container,
                        struct ast_expr *element)
{
    const uint32_t depth = c->u->depth;
    const operand_t value = compile_operand(c, element);
    emit(c, op, 0, container, value, 0);
    pop_to(c, depth);
}

/* ---- arguments ------------------------------------------------------------------------------ */

static bool has_star(const struct ast_exprs *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->at[i]->kind == AST_EXPR_STARRED) {
            return true;
        }
    }
    return false;
}

static bool has_double_star(const struct ast_keywords *keywords)
{
    for (size_t i = 0; i < keywords->count; i++) {
        if (keywords->at[i].name == NULL) {
            return true;
        }
    }
    return false;
}

static void check_keywords(struct compiler *c, const struct ast_keywords *keywords)
{
    for (size_t i = 0; i < keywords->count; i++) {
        const struct ast_keyword *keyword = &keywords->at[i];
        if (keyword->name == c->debug_name) {
            compile_error(c, &keyword->pos, "cannot assign to __debug__");
        }
        for (size_t k = i + 1; keyword->name != NULL && k < keywords->count; k++) {
            if (keywords->at[k].name == keyword->name) {
                compile_error(c, &keywords->at[k].pos, "keyword argument repeated: %s",
                              keyword->name->text);
            }
        }
    }
}

/*
 * Positional arguments with stars among them: a list, then a tuple, in register `dest`. The first
 * `given` ones lie in the registers behind the window's first two.
 */
static void compile_star_args(struct compiler *c, uint16_t dest, const struct ast_exprs *args,
                              uint16_t given_at, unsigned given)
{
    const uint32_t depth = c->u->depth;
    if (!has_star(args)) {
        for (size_t i = 0; i < args->count; i++) {
            compile_to_temp(c, args->at[i]);
        }
        emit(c, OP_BUILD_TUPLE, 0, dest, given_at, given + (unsigned)args->count);
        pop_to(c, depth);
        return;
    }
    if (given == 0 && args->count == 1) {
        compile_to(c, args->at[0]->starred.value, dest); /* f(*x): CALL_EX takes any iterable */
        return;
    }
    const uint16_t list = push_temp(c);
    emit(c, OP_BUILD_LIST, 0, list, given_at, given);
    for (size_t i = 0; i < args->count; i++) {
        struct ast_expr *arg = args->at[i];
        if (arg->kind == AST_EXPR_STARRED) {
            const uint32_t inner = c->u->depth;
            const operand_t value = compile_operand(c, arg->starred.value);
            emit(c, OP_LIST_EXTEND, 1, list, value, 0);
            pop_to(c, inner);
        } else {
            emit_append(c, OP_LIST_APPEND, list, arg);
        }
    }
    emit(c, OP_LIST_TO_TUPLE, 0, dest, OPERAND_CONSUME | list, 0);
    pop_to(c, depth);
}

static void emit_keyword_name(struct compiler *c, uint16_t dest, struct ast_name *name)
{
    emit_const(c, dest, PY_OBJ(name_object(c, name)));
}

/* Keyword arguments with ** among them: one dict in register `dest`; `callable` is for messages. */
static void compile_star_keywords(struct compiler *c, uint16_t dest, uint16_t callable,
                                  const struct ast_keywords *keywords)
{
    const uint32_t depth = c->u->depth;
    bool made = false;
    size_t i = 0;
    while (i < keywords->count) {
        size_t end = i;
        while (end < keywords->count && keywords->at[end].name != NULL &&
               end - i < MAX_WINDOW / 2) {
            end++;
        }
        const bool named = end > i;
        if (named || !made) {
            const uint16_t window = (uint16_t)(c->u->local_count + c->u->depth);
            for (size_t k = i; k < end; k++) {
                emit_keyword_name(c, push_temp(c), keywords->at[k].name);
                compile_to_temp(c, keywords->at[k].value);
            }
            const uint16_t target = made ? window : dest;
            if (made && named) {
                c->u->depth = depth;
                push_temp(c);
            }
            emit(c, OP_BUILD_MAP, 0, target, window, (unsigned)(end - i));
            if (made) {
                emit(c, OP_DICT_MERGE, 0, dest, OPERAND_CONSUME | target, callable);
            }
            made = true;
            pop_to(c, depth);
        }
        if (!named) {
            const operand_t mapping = compile_operand(c, keywords->at[i].value);
            emit(c, OP_DICT_MERGE, 0, dest, mapping, callable);
            pop_to(c, depth);
            end = i + 1;
        }
        i = end;
    }
}

static void compile_call_ex(struct compiler *c, uint16_t window, unsigned given,
                            const struct ast_exprs *args, const struct ast_keywords *keywords,
                            uint16_t dest)
{
    /* CALL_EX wants the callable, the arguments, the keywords in three registers, no self. */
    if (args->count == 0 && given == 0) {
        emit_const(c, (uint16_t)(window + 1), PY_OBJ(py_tuple_empty()));
    } else {
        compile_star_args(c, (uint16_t)(window + 1), args, (uint16_t)(window + 2), given);
    }
    c->u->depth = window - c->u->local_count + 2u;
    const uint16_t mapping = push_temp(c);
    if (keywords->count > 0) {
        compile_star_keywords(c, mapping, window, keywords);
    }
    emit(c, OP_CALL_EX, keywords->count > 0, dest, window, 0);
}

void compile_call_rest(struct compiler *c, uint16_t window, unsigned given,
                       const struct ast_exprs *args, const struct ast_keywords *keywords,
                       uint16_t dest)
{
    const struct ast_pos pos = c->u->pos;
    check_keywords(c, keywords);
    if (has_star(args) || has_double_star(keywords)) {
        compile_call_ex(c, window, given, args, keywords, dest);
        return;
    }
    for (size_t i = 0; i < args->count; i++) {
        compile_to_temp(c, args->at[i]);
    }
    for (size_t i = 0; i < keywords->count; i++) {
        compile_to_temp(c, keywords->at[i].value);
    }
    set_pos(c, pos);
    const unsigned count = given + (unsigned)args->count + (unsigned)keywords->count;
    if (keywords->count == 0) {
        emit(c, OP_CALL, 0, dest, window, count);
        return;
    }
    struct py_object **names = arena_array(c->arena, struct py_object *, keywords->count);
    for (size_t i = 0; i < keywords->count; i++) {
        names[i] = PY_OBJ(name_object(c, keywords->at[i].name));
    }
    struct py_object *tuple = own(c, PY_OBJ(py_tuple_from_array(names, keywords->count)));
    const uint32_t index = add_const(c, tuple);
    emit(c, OP_CALL_KW, 0, dest, window, count)->far = index;
}

/* ---- calls ---------------------------------------------------------------------------------- */

/* A call on several lines stands, for tracebacks, where the method's name is. */
static struct ast_pos method_pos(const struct ast_expr *call)
{
    struct ast_pos pos = call->pos;
    const struct ast_expr *func = call->call.func;
    if (func->pos.line != func->pos.end_line) {
        pos.line = func->pos.end_line;
        const uint32_t len = func->attribute.attr->len;
        pos.col = func->pos.end_col >= len ? func->pos.end_col - len : 0;
        if (pos.end_line < pos.line) {
            pos.end_line = pos.line;
        }
    }
    return pos;
}

void compile_call(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    uint32_t depth;
    struct ast_expr *func = expr->call.func;
    const bool plain = !has_star(&expr->call.args) && !has_double_star(&expr->call.keywords);
    begin_window(c, dest, &depth);
    const uint16_t window = push_temp(c);
    if (func->kind == AST_EXPR_ATTRIBUTE && plain) {
        struct ast_expr *object = func->attribute.value;
        operand_t self = (operand_t)(OPERAND_CONSUME | window);
        const int reg = local_in_place(c, object);
        if (reg >= 0) {
            self = (operand_t)reg;
        } else {
            compile_to(c, object, window);
        }
        push_temp(c);
        const struct ast_pos pos = method_pos(expr);
        struct ast_pos name_pos = pos;
        name_pos.end_line = func->pos.end_line;
        name_pos.end_col = func->pos.end_col;
        set_pos(c, name_pos);
        const uint16_t name = mangled_const(c, func->attribute.attr);
        emit(c, OP_LOAD_METHOD, 0, window, self, name);
        set_pos(c, pos);
    } else {
        warn_call(c, expr);
        compile_to(c, func, window);
        push_temp(c);
    }
    compile_call_rest(c, window, 0, &expr->call.args, &expr->call.keywords, dest);
    pop_to(c, depth);
}

/* ---- lists, tuples, sets -------------------------------------------------------------------- */

/* Elements one after the other into a container in `dest`. */
static void append_elements(struct compiler *c, uint16_t dest, const struct ast_exprs *elts,
                            size_t from, bool set)
{
    for (size_t i = from; i < elts->count; i++) {
        struct ast_expr *element = elts->at[i];
        if (element->kind == AST_EXPR_STARRED) {
            const uint32_t depth = c->u->depth;
            const operand_t value = compile_operand(c, element->starred.value);
            emit(c, set ? OP_SET_UPDATE : OP_LIST_EXTEND, 0, dest, value, 0);
            pop_to(c, depth);
        } else {
            emit_append(c, set ? OP_SET_ADD : OP_LIST_APPEND, dest, element);
        }
    }
}

/* A list, tuple or set; the container grows in `dest`, which is a temporary. */
static void compile_sequence(struct compiler *c, enum ast_expr_kind kind,
                             const struct ast_exprs *elts, uint16_t dest)
{
    const bool set = kind == AST_EXPR_SET;
    const enum opcode build =
        set                                                                      ? OP_BUILD_SET
        : kind == AST_EXPR_TUPLE && !has_star(elts) && elts->count <= MAX_WINDOW ? OP_BUILD_TUPLE
                                                                                 : OP_BUILD_LIST;
    size_t plain = 0;
    while (plain < elts->count && plain < MAX_WINDOW && elts->at[plain]->kind != AST_EXPR_STARRED) {
        plain++;
    }
    if (plain < elts->count && !has_star(elts)) {
        plain = 0; /* too long for a window: from the first one on */
    }
    uint32_t depth;
    begin_window(c, dest, &depth);
    const uint16_t window = (uint16_t)(c->u->local_count + c->u->depth);
    for (size_t i = 0; i < plain; i++) {
        compile_to_temp(c, elts->at[i]);
    }
    emit(c, build, 0, dest, plain == 0 ? dest : window, (unsigned)plain);
    pop_to(c, depth);
    append_elements(c, dest, elts, plain, set);
    if (kind == AST_EXPR_TUPLE && build == OP_BUILD_LIST) {
        emit(c, OP_LIST_TO_TUPLE, 0, dest, dest, 0);
    }
}

/* [1, 2, 3]: an empty container extended by a constant. */
static bool compile_const_elements(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    const bool set = expr->kind == AST_EXPR_SET;
    const struct ast_exprs *elts = set ? &expr->set.elts : &expr->seq.elts;
    if (elts->count < MIN_CONST_EXTEND) {
        return false;
    }
    struct py_object *items = fold_elements(c, elts);
    if (items == NULL) {
        return false;
    }
    if (set) {
        items = fold_set(c, items);
    }
    const uint32_t depth = c->u->depth;
    emit(c, set ? OP_BUILD_SET : OP_BUILD_LIST, 0, dest, dest, 0);
    const operand_t value = const_operand(c, items);
    emit(c, set ? OP_SET_UPDATE : OP_LIST_EXTEND, 0, dest, value, 0);
    pop_to(c, depth);
    return true;
}

/* ---- dictionaries --------------------------------------------------------------------------- */

static void compile_dict(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    size_t plain = 0;
    while (plain < expr->dict.count && plain < MAX_WINDOW / 2 && expr->dict.keys[plain] != NULL) {
        plain++;
    }
    uint32_t depth;
    begin_window(c, dest, &depth);
    const uint16_t window = (uint16_t)(c->u->local_count + c->u->depth);
    for (size_t i = 0; i < plain; i++) {
        compile_to_temp(c, expr->dict.keys[i]);
        compile_to_temp(c, expr->dict.values[i]);
    }
    emit(c, OP_BUILD_MAP, 0, dest, plain == 0 ? dest : window, (unsigned)plain);
    pop_to(c, depth);
    for (size_t i = plain; i < expr->dict.count; i++) {
        if (expr->dict.keys[i] == NULL) {
            const operand_t mapping = compile_operand(c, expr->dict.values[i]);
            emit(c, OP_DICT_UPDATE, 0, dest, mapping, 0);
        } else {
            const operand_t key = compile_operand(c, expr->dict.keys[i]);
            const operand_t value = compile_operand(c, expr->dict.values[i]);
            emit(c, OP_MAP_ADD, 0, dest, key, value);
        }
        pop_to(c, depth);
    }
}

void compile_display(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    switch (expr->kind) {
    case AST_EXPR_DICT:
        compile_dict(c, expr, dest);
        break;
    case AST_EXPR_TUPLE:
        compile_sequence(c, AST_EXPR_TUPLE, &expr->seq.elts, dest);
        break;
    case AST_EXPR_LIST:
    case AST_EXPR_SET:
    default:
        if (!compile_const_elements(c, expr, dest)) {
            compile_sequence(c, expr->kind,
                             expr->kind == AST_EXPR_SET ? &expr->set.elts : &expr->seq.elts, dest);
        }
        break;
    }
}

/* ---- f-strings ------------------------------------------------------------------------------ */

void compile_formatted(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    const uint32_t depth = c->u->depth;
    const operand_t value = compile_operand(c, expr->formatted.value);
    const operand_t spec = expr->formatted.format_spec != NULL
                               ? compile_operand(c, expr->formatted.format_spec)
                               : none_operand(c);
    const int conversion = expr->formatted.conversion;
    set_pos(c, expr->pos);
    emit_dest(c, OP_FORMAT_VALUE, conversion < 0 ? 0 : (unsigned)conversion, dest, value, spec);
    pop_to(c, depth);
}

void compile_joined(struct compiler *c, struct ast_expr *expr, uint16_t dest)
{
    const struct ast_exprs *values = &expr->joinedstr.values;
    if (values->count == 0) {
        emit_const(c, dest, PY_OBJ(py_str_empty()));
        return;
    }
    if (values->count == 1) {
        compile_to(c, values->at[0], dest);
        return;
    }
    uint32_t depth;
    begin_window(c, dest, &depth);
    const uint16_t window = (uint16_t)(c->u->local_count + c->u->depth);
    for (size_t i = 0; i < values->count; i++) {
        compile_to_temp(c, values->at[i]);
    }
    emit(c, OP_BUILD_STRING, 0, dest, window, (unsigned)values->count);
    pop_to(c, depth);
}
