/*
 * Expressions to text: see unparse.h. Each expression is printed for a context that binds with some
 * strength; it gets parentheses when it binds less tightly itself.
 */
#include "vm/front/unparse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/front/ast_repr.h"

enum strength {
    BIND_TUPLE,
    BIND_TEST, /* if-else, lambda */
    BIND_OR,
    BIND_AND,
    BIND_NOT,
    BIND_COMPARE,
    BIND_BOR,
    BIND_BXOR,
    BIND_BAND,
    BIND_SHIFT,
    BIND_ARITH,
    BIND_TERM,
    BIND_FACTOR,
    BIND_POWER,
    BIND_AWAIT,
    BIND_ATOM,
};

static void put_expr(FILE *out, const struct ast_expr *expr, int strength);

static void open_paren(FILE *out, bool needed)
{
    if (needed) {
        fputc('(', out);
    }
}

static void close_paren(FILE *out, bool needed)
{
    if (needed) {
        fputc(')', out);
    }
}

static void put_list(FILE *out, const struct ast_exprs *list)
{
    for (size_t i = 0; i < list->count; i++) {
        fputs(i > 0 ? ", " : "", out);
        put_expr(out, list->at[i], BIND_TEST);
    }
}

/* ---- operators ------------------------------------------------------------------------------ */

static void put_boolop(FILE *out, const struct ast_expr *expr, int strength)
{
    const bool is_and = expr->boolop.op == AST_BOOL_AND;
    const int own = is_and ? BIND_AND : BIND_OR;
    open_paren(out, strength > own);
    for (size_t i = 0; i < expr->boolop.values.count; i++) {
        fputs(i == 0 ? "" : is_and ? " and " : " or ", out);
        put_expr(out, expr->boolop.values.at[i], own + 1);
    }
    close_paren(out, strength > own);
}

static void put_binop(FILE *out, const struct ast_expr *expr, int strength)
{
    static const char *const texts[] = {
#define X(suffix, name, text) text,
        AST_BINOPS(X)
#undef X
    };
    static const uint8_t strengths[] = {
        [AST_BIN_ADD] = BIND_ARITH,     [AST_BIN_SUB] = BIND_ARITH,
        [AST_BIN_MULT] = BIND_TERM,     [AST_BIN_MATMULT] = BIND_TERM,
        [AST_BIN_DIV] = BIND_TERM,      [AST_BIN_MOD] = BIND_TERM,
        [AST_BIN_POW] = BIND_POWER,     [AST_BIN_LSHIFT] = BIND_SHIFT,
        [AST_BIN_RSHIFT] = BIND_SHIFT,  [AST_BIN_BITOR] = BIND_BOR,
        [AST_BIN_BITXOR] = BIND_BXOR,   [AST_BIN_BITAND] = BIND_BAND,
        [AST_BIN_FLOORDIV] = BIND_TERM,
    };
    const int own = strengths[expr->binop.op];
    const bool right_to_left = expr->binop.op == AST_BIN_POW;
    open_paren(out, strength > own);
    put_expr(out, expr->binop.left, own + right_to_left);
    fprintf(out, " %s ", texts[expr->binop.op]);
    put_expr(out, expr->binop.right, own + !right_to_left);
    close_paren(out, strength > own);
}

static void put_unaryop(FILE *out, const struct ast_expr *expr, int strength)
{
    static const char *const texts[] = {
#define X(suffix, name, text) text,
        AST_UNARYOPS(X)
#undef X
    };
    const int own = expr->unaryop.op == AST_UNARY_NOT ? BIND_NOT : BIND_FACTOR;
    open_paren(out, strength > own);
    fputs(texts[expr->unaryop.op], out);
    put_expr(out, expr->unaryop.operand, own);
    close_paren(out, strength > own);
}

static void put_compare(FILE *out, const struct ast_expr *expr, int strength)
{
    static const char *const texts[] = {
#define X(suffix, name, text) text,
        AST_CMPOPS(X)
#undef X
    };
    open_paren(out, strength > BIND_COMPARE);
    put_expr(out, expr->compare.left, BIND_COMPARE + 1);
    for (size_t i = 0; i < expr->compare.comparators.count; i++) {
        fprintf(out, " %s ", texts[expr->compare.ops[i]]);
        put_expr(out, expr->compare.comparators.at[i], BIND_COMPARE + 1);
    }
    close_paren(out, strength > BIND_COMPARE);
}

/* ---- lambda, comprehensions ----------------------------------------------------------------- */

static void put_param(FILE *out, const struct ast_arg *arg, const struct ast_expr *value,
                      const char *stars, bool *first)
{
    fprintf(out, "%s%s%s", *first ? "" : ", ", stars, arg->name->text);
    *first = false;
    if (value != NULL) {
        fputc('=', out);
        put_expr(out, value, BIND_TEST);
    }
}

static void put_params(FILE *out, const struct ast_args *args)
{
    bool first = true;
    const uint32_t positional = args->posonly_count + args->arg_count;
    for (uint32_t i = 0; i < positional; i++) {
        const size_t from_end = positional - i;
        const struct ast_expr *value = from_end <= args->defaults.count
                                           ? args->defaults.at[args->defaults.count - from_end]
                                           : NULL;
        put_param(out, &args->posonly[i], value, "", &first);
        if (i + 1 == args->posonly_count) {
            fputs(", /", out);
        }
    }
    if (args->vararg != NULL) {
        put_param(out, args->vararg, NULL, "*", &first);
    } else if (args->kwonly_count > 0) {
        fputs(first ? "*" : ", *", out);
        first = false;
    }
    for (uint32_t i = 0; i < args->kwonly_count; i++) {
        put_param(out, &args->kwonly[i], args->kw_defaults[i], "", &first);
    }
    if (args->kwarg != NULL) {
        put_param(out, args->kwarg, NULL, "**", &first);
    }
}

static void put_lambda(FILE *out, const struct ast_expr *expr, int strength)
{
    const struct ast_args *args = expr->lambda.args;
    const bool any = args->posonly_count + args->arg_count + args->kwonly_count > 0 ||
                     args->vararg != NULL || args->kwarg != NULL;
    open_paren(out, strength > BIND_TEST);
    fputs(any ? "lambda " : "lambda", out);
    put_params(out, args);
    fputs(": ", out);
    put_expr(out, expr->lambda.body, BIND_TEST);
    close_paren(out, strength > BIND_TEST);
}

static void put_comprehension(FILE *out, const struct ast_expr *expr, const char *brackets)
{
    fputc(brackets[0], out);
    put_expr(out, expr->comp.element, BIND_TEST);
    if (expr->comp.value != NULL) {
        fputs(": ", out);
        put_expr(out, expr->comp.value, BIND_TEST);
    }
    for (size_t i = 0; i < expr->comp.generators.count; i++) {
        const struct ast_comprehension *clause = &expr->comp.generators.at[i];
        fputs(clause->is_async ? " async for " : " for ", out);
        put_expr(out, clause->target, BIND_TUPLE);
        fputs(" in ", out);
        put_expr(out, clause->iter, BIND_TEST + 1);
        for (size_t k = 0; k < clause->ifs.count; k++) {
            fputs(" if ", out);
            put_expr(out, clause->ifs.at[k], BIND_TEST + 1);
        }
    }
    fputc(brackets[1], out);
}

/* ---- strings -------------------------------------------------------------------------------- */

/* What stands between braces: a space sets off a brace of its own, as {{ would mean another thing.
 */
static void put_in_braces(FILE *out, const struct ast_expr *expr)
{
    char *text = NULL;
    size_t len = 0;
    FILE *inner = open_memstream(&text, &len);
    if (inner == NULL) {
        return;
    }
    put_expr(inner, expr, BIND_TEST + 1);
    fclose(inner);
    if (len > 0 && text[0] == '{') {
        fputc(' ', out);
    }
    fwrite(text, 1, len, out);
    free(text);
}

static void put_joined_parts(FILE *out, const struct ast_expr *expr)
{
    for (size_t i = 0; i < expr->joinedstr.values.count; i++) {
        const struct ast_expr *part = expr->joinedstr.values.at[i];
        if (part->kind == AST_EXPR_CONSTANT) {
            for (size_t k = 0; k < part->constant.string.len; k++) {
                const char c = part->constant.string.text[k];
                fputc(c, out);
                if (c == '{' || c == '}') {
                    fputc(c, out);
                }
            }
            continue;
        }
        fputc('{', out);
        put_in_braces(out, part->formatted.value);
        if (part->formatted.conversion > 0) {
            fprintf(out, "!%c", part->formatted.conversion);
        }
        if (part->formatted.format_spec != NULL) {
            fputc(':', out);
            put_joined_parts(out, part->formatted.format_spec);
        }
        fputc('}', out);
    }
}

static void put_joined(FILE *out, const struct ast_expr *expr)
{
    char *text = NULL;
    size_t len = 0;
    FILE *body = open_memstream(&text, &len);
    if (body == NULL) {
        return;
    }
    put_joined_parts(body, expr);
    fclose(body);
    fputc('f', out);
    ast_print_text(out, text, len, false);
    free(text);
}

/* ---- the rest ------------------------------------------------------------------------------- */

static void put_call(FILE *out, const struct ast_expr *expr)
{
    put_expr(out, expr->call.func, BIND_ATOM);
    const bool generator = expr->call.args.count == 1 && expr->call.keywords.count == 0 &&
                           expr->call.args.at[0]->kind == AST_EXPR_GENERATOR;
    if (generator) {
        put_expr(out, expr->call.args.at[0], BIND_TUPLE);
        return;
    }
    fputc('(', out);
    put_list(out, &expr->call.args);
    for (size_t i = 0; i < expr->call.keywords.count; i++) {
        const struct ast_keyword *keyword = &expr->call.keywords.at[i];
        fputs(i > 0 || expr->call.args.count > 0 ? ", " : "", out);
        fprintf(out, keyword->name != NULL ? "%s=" : "**",
                keyword->name != NULL ? keyword->name->text : "");
        put_expr(out, keyword->value, BIND_TEST);
    }
    fputc(')', out);
}

static void put_dict(FILE *out, const struct ast_expr *expr)
{
    fputc('{', out);
    for (size_t i = 0; i < expr->dict.count; i++) {
        fputs(i > 0 ? ", " : "", out);
        if (expr->dict.keys[i] != NULL) {
            put_expr(out, expr->dict.keys[i], BIND_TEST);
            fputs(": ", out);
            put_expr(out, expr->dict.values[i], BIND_TEST);
        } else {
            fputs("**", out);
            put_expr(out, expr->dict.values[i], BIND_BOR);
        }
    }
    fputc('}', out);
}

static void put_tuple(FILE *out, const struct ast_expr *expr, int strength)
{
    const bool paren = expr->seq.elts.count == 0 || strength > BIND_TUPLE;
    open_paren(out, paren);
    put_list(out, &expr->seq.elts);
    fputs(expr->seq.elts.count == 1 ? "," : "", out);
    close_paren(out, paren);
}

static void put_slice(FILE *out, const struct ast_expr *expr)
{
    if (expr->slice.lower != NULL) {
        put_expr(out, expr->slice.lower, BIND_TEST);
    }
    fputc(':', out);
    if (expr->slice.upper != NULL) {
        put_expr(out, expr->slice.upper, BIND_TEST);
    }
    if (expr->slice.step != NULL) {
        fputc(':', out);
        put_expr(out, expr->slice.step, BIND_TEST);
    }
}

static void put_attribute(FILE *out, const struct ast_expr *expr)
{
    const struct ast_expr *value = expr->attribute.value;
    put_expr(out, value, BIND_ATOM);
    const bool number = value->kind == AST_EXPR_CONSTANT && value->constant.kind == AST_CONST_INT;
    fprintf(out, "%s.%s", number ? " " : "", expr->attribute.attr->text);
}

static void put_if(FILE *out, const struct ast_expr *expr, int strength)
{
    open_paren(out, strength > BIND_TEST);
    put_expr(out, expr->if_.body, BIND_TEST + 1);
    fputs(" if ", out);
    put_expr(out, expr->if_.test, BIND_TEST + 1);
    fputs(" else ", out);
    put_expr(out, expr->if_.orelse, BIND_TEST);
    close_paren(out, strength > BIND_TEST);
}

static void put_yield(FILE *out, const struct ast_expr *expr)
{
    fputs(expr->kind == AST_EXPR_YIELD ? "(yield" : "(yield from", out);
    if (expr->yield.value != NULL) {
        fputc(' ', out);
        put_expr(out, expr->yield.value, BIND_TUPLE);
    }
    fputc(')', out);
}

static void put_expr(FILE *out, const struct ast_expr *expr, int strength)
{
    switch (expr->kind) {
    case AST_EXPR_BOOLOP:
        put_boolop(out, expr, strength);
        break;
    case AST_EXPR_NAMED:
        open_paren(out, strength > BIND_TUPLE);
        put_expr(out, expr->named.target, BIND_ATOM);
        fputs(" := ", out);
        put_expr(out, expr->named.value, BIND_ATOM);
        close_paren(out, strength > BIND_TUPLE);
        break;
    case AST_EXPR_BINOP:
        put_binop(out, expr, strength);
        break;
    case AST_EXPR_UNARYOP:
        put_unaryop(out, expr, strength);
        break;
    case AST_EXPR_LAMBDA:
        put_lambda(out, expr, strength);
        break;
    case AST_EXPR_IF:
        put_if(out, expr, strength);
        break;
    case AST_EXPR_DICT:
        put_dict(out, expr);
        break;
    case AST_EXPR_SET:
        fputc('{', out);
        put_list(out, &expr->set.elts);
        fputc('}', out);
        break;
    case AST_EXPR_LISTCOMP:
        put_comprehension(out, expr, "[]");
        break;
    case AST_EXPR_SETCOMP:
    case AST_EXPR_DICTCOMP:
        put_comprehension(out, expr, "{}");
        break;
    case AST_EXPR_GENERATOR:
        put_comprehension(out, expr, "()");
        break;
    case AST_EXPR_AWAIT:
        open_paren(out, strength > BIND_AWAIT);
        fputs("await ", out);
        put_expr(out, expr->yield.value, BIND_ATOM);
        close_paren(out, strength > BIND_AWAIT);
        break;
    case AST_EXPR_YIELD:
    case AST_EXPR_YIELD_FROM:
        put_yield(out, expr);
        break;
    case AST_EXPR_COMPARE:
        put_compare(out, expr, strength);
        break;
    case AST_EXPR_CALL:
        put_call(out, expr);
        break;
    case AST_EXPR_FORMATTED:
    case AST_EXPR_JOINEDSTR:
        put_joined(out, expr);
        break;
    case AST_EXPR_CONSTANT:
        if (expr->constant.kind == AST_CONST_ELLIPSIS) {
            fputs("...", out);
        } else {
            if (expr->constant.kind == AST_CONST_STR && expr->constant.string.u_prefix) {
                fputc('u', out);
            }
            ast_print_constant(out, &expr->constant);
        }
        break;
    case AST_EXPR_ATTRIBUTE:
        put_attribute(out, expr);
        break;
    case AST_EXPR_SUBSCRIPT:
        put_expr(out, expr->subscript.value, BIND_ATOM);
        fputc('[', out);
        put_expr(out, expr->subscript.index, BIND_TUPLE);
        fputc(']', out);
        break;
    case AST_EXPR_STARRED:
        fputc('*', out);
        put_expr(out, expr->starred.value, BIND_BOR);
        break;
    case AST_EXPR_NAME:
        fputs(expr->name.id->text, out);
        break;
    case AST_EXPR_LIST:
        fputc('[', out);
        put_list(out, &expr->seq.elts);
        fputc(']', out);
        break;
    case AST_EXPR_TUPLE:
        put_tuple(out, expr, strength);
        break;
    case AST_EXPR_SLICE:
        put_slice(out, expr);
        break;
    }
}

const char *ast_unparse(struct arena *arena, const struct ast_expr *expr, size_t *len)
{
    char *text = NULL;
    *len = 0;
    FILE *out = open_memstream(&text, len);
    if (out == NULL) {
        return arena_copy(arena, "", 0);
    }
    put_expr(out, expr, BIND_TEST);
    fclose(out);
    const char *copy = arena_copy(arena, text, *len);
    free(text);
    return copy;
}
