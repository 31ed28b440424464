/* Dubious expressions: what compiles, but hardly means what is written.
 *
 *      x is 1          a literal has no identity to ask for
 *      assert (x, y)   a tuple that is always true
 *      [(1, 2) (3, 4)] a comma was forgotten: a call of a tuple
 *      ["a" ["b"]]     the same before an index
 *
 * Each is noted in the arena (ast_warn) while the expression is compiled. compile.c issues the
 * notes as SyntaxWarnings when there is code, so that nothing that is in the making is seen by the
 * Python code which a warning runs.
 */
#include "vm/compile/compiler.h"

#include <string.h>

#include "vm/object/int.h"

/* What an expression makes, where that can be seen without running it; else NULL. */
static const char *type_made(const struct ast_expr *expr)
{
    static const char *const constants[] = {
        [AST_CONST_NONE] = "NoneType",     [AST_CONST_TRUE] = "bool", [AST_CONST_FALSE] = "bool",
        [AST_CONST_ELLIPSIS] = "ellipsis", [AST_CONST_INT] = "int",   [AST_CONST_FLOAT] = "float",
        [AST_CONST_COMPLEX] = "complex",   [AST_CONST_STR] = "str",   [AST_CONST_BYTES] = "bytes",
    };
    switch (expr->kind) {
    case AST_EXPR_CONSTANT:
        return constants[expr->constant.kind];
    case AST_EXPR_TUPLE:
        return "tuple";
    case AST_EXPR_LIST:
    case AST_EXPR_LISTCOMP:
        return "list";
    case AST_EXPR_DICT:
    case AST_EXPR_DICTCOMP:
        return "dict";
    case AST_EXPR_SET:
    case AST_EXPR_SETCOMP:
        return "set";
    case AST_EXPR_GENERATOR:
        return "generator";
    case AST_EXPR_LAMBDA:
        return "function";
    case AST_EXPR_JOINEDSTR:
    case AST_EXPR_FORMATTED:
        return "str";
    default:
        return NULL;
    }
}

static bool is_text(const struct ast_expr *expr)
{
    return expr->kind == AST_EXPR_CONSTANT &&
           (expr->constant.kind == AST_CONST_STR || expr->constant.kind == AST_CONST_BYTES);
}

/* A literal other than the singletons. */
static bool is_literal(struct compiler *c, struct ast_expr *expr)
{
    const struct py_object *const value = fold(c, expr);
    return value && value != PY_NONE && value != PY_ELLIPSIS && value != PY_TRUE &&
           value != PY_FALSE;
}

void warn_compare(struct compiler *c, const struct ast_expr *expr)
{
    struct ast_expr *left = expr->compare.left;
    for (size_t i = 0; i < expr->compare.comparators.count; i++) {
        struct ast_expr *const right = expr->compare.comparators.at[i];
        const enum ast_cmpop op = expr->compare.ops[i];
        if ((op == AST_CMP_IS || op == AST_CMP_ISNOT) &&
            (is_literal(c, left) || is_literal(c, right))) {
            ast_warn(c->arena, expr->pos,
                     op == AST_CMP_IS ? "\"is\" with a literal. Did you mean \"==\"?"
                                      : "\"is not\" with a literal. Did you mean \"!=\"?");
            return;
        }
        left = right;
    }
}

void warn_assert(struct compiler *c, const struct ast_stmt *stmt)
{
    const struct ast_expr *const test = stmt->assert_.test;
    if (test->kind == AST_EXPR_TUPLE && test->seq.elts.count > 0)
        ast_warn(c->arena, stmt->pos, "assertion is always true, perhaps remove parentheses?");
}

void warn_call(struct compiler *c, const struct ast_expr *expr)
{
    const char *const type = type_made(expr->call.func);
    if (type && expr->call.func->kind != AST_EXPR_LAMBDA)
        ast_warn(c->arena, expr->pos,
                 arena_printf(c->arena, "'%s' object is not callable; perhaps you missed a comma?",
                              type));
}

void warn_subscript(struct compiler *c, const struct ast_expr *expr)
{
    const struct ast_expr *const value = expr->subscript.value;
    const char *const type = type_made(value), *const index = type_made(expr->subscript.index);
    switch (value->kind) {
    case AST_EXPR_CONSTANT:
        if (is_text(value))
            break;
        __attribute__((fallthrough));
    case AST_EXPR_SET:
    case AST_EXPR_SETCOMP:
    case AST_EXPR_GENERATOR:
    case AST_EXPR_LAMBDA:
        ast_warn(c->arena, expr->pos,
                 arena_printf(c->arena,
                              "'%s' object is not subscriptable; perhaps you missed a comma?",
                              type));
        return;
    case AST_EXPR_TUPLE:
    case AST_EXPR_LIST:
    case AST_EXPR_LISTCOMP:
    case AST_EXPR_JOINEDSTR:
    case AST_EXPR_FORMATTED:
        break;
    default:
        return;
    }
    if (index && strcmp(index, "int") != 0 && strcmp(index, "bool") != 0)
        ast_warn(c->arena, expr->pos,
                 arena_printf(c->arena,
                              "%s indices must be integers or slices, not %s; perhaps you missed "
                              "a comma?",
                              type, index));
}
