/*
 * Errors of the parser: how they are raised, which of several candidates wins, and the words for
 * expressions in messages. The rules of precedence are CPython's:
 *
 * - An error of the lexer anywhere in the source beats a parser's error in front of it, because an
 *   unterminated string or a stray bracket explains most of what the parser then says.
 * - The end of the source inside an open bracket beats it only when the parser's error stands on a
 *   later line than the bracket.
 * - "unexpected indent" beats both.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vm/front/parser_internal.h"

static uint32_t last_seen(const struct parser *p)
{
    return p->pos > p->furthest ? p->pos : p->furthest;
}

/* Is it the end of the source, or a dedent there? */
static bool stands_at_end(const struct parser *p, uint32_t index)
{
    return p->at[index].kind == TOK_EOF ||
           (p->at[index].kind == TOK_DEDENT && p->text[p->at[index].start] == '\0');
}

/* Lets the lexer's error win where it should; does not return if so. */
static void prefer_lexer_error(struct parser *p)
{
    const struct token *last = &p->tokens->at[p->tokens->count - 1];
    if (last->kind != TOK_ERROR || p->fstring_depth > 0) {
        return;
    }
    const struct lexer *lexer = p->lexer;
    const struct token *seen = &p->at[last_seen(p)];
    if (lexer->unclosed && seen->kind != TOK_ERROR && seen->line <= lexer->err.line) {
        return;
    }
    *p->err = lexer->err;
    longjmp(*p->top, 1);
}

static _Noreturn void raise(struct parser *p, struct syntax_error error)
{
    prefer_lexer_error(p);
    error.incomplete = p->fstring_depth == 0 && stands_at_end(p, last_seen(p));
    *p->err = error;
    if (p->fstring_depth > 0) {
        /* Columns count in the text of the field, which begins at first_col of its line. */
        const uint32_t shift = (uint32_t)p->lexer->first_col;
        p->err->msg = arena_printf(p->arena, "f-string: %s", error.msg);
        p->err->text = p->text;
        p->err->col -= error.line == p->lexer->first_line ? shift : 0;
        p->err->end_col -= error.end_line == p->lexer->first_line ? shift : 0;
    }
    longjmp(*p->top, 1);
}

#define FORMAT(p, format, text)                  \
    char text[512];                              \
    va_list args;                                \
    va_start(args, format);                      \
    vsnprintf(text, sizeof(text), format, args); \
    va_end(args);                                \
    const char *msg = arena_copy((p)->arena, text, strlen(text))

void error_range(struct parser *p, struct ast_pos from, struct ast_pos to, const char *format, ...)
{
    FORMAT(p, format, text);
    raise(p, (struct syntax_error){
                 .msg = msg,
                 .line = from.line,
                 .col = from.col,
                 .end_line = to.end_line,
                 .end_col = to.end_col,
             });
}

void error_expr(struct parser *p, const struct ast_expr *expr, const char *format, ...)
{
    FORMAT(p, format, text);
    error_range(p, expr->pos, expr->pos, "%s", msg);
}

void error_token(struct parser *p, uint32_t token, const char *format, ...)
{
    FORMAT(p, format, text);
    const struct ast_pos pos = pos_of_token(p, token);
    error_range(p, pos, pos, "%s", msg);
}

/* The place of the furthest token; the end of the source is the end of its last line. */
static struct ast_pos last_seen_pos(const struct parser *p)
{
    uint32_t index = last_seen(p);
    struct ast_pos pos = pos_of_token(p, index);
    if (!stands_at_end(p, index)) {
        return pos;
    }
    while (index > 0 && p->at[index].kind != TOK_NEWLINE) {
        index--;
    }
    pos = pos_of_token(p, index);
    pos.end_line = 0;
    return pos;
}

void error_here(struct parser *p, const char *format, ...)
{
    FORMAT(p, format, text);
    const struct ast_pos pos = last_seen_pos(p);
    error_range(p, pos, pos, "%s", msg);
}

void error_starting(struct parser *p, struct ast_pos from, const char *format, ...)
{
    FORMAT(p, format, text);
    const struct ast_pos end = pos_of_token(p, last_seen(p));
    raise(p, (struct syntax_error){
                 .msg = msg,
                 .line = from.line,
                 .col = from.col,
                 .end_line = end.line,
                 .end_col = end.col,
             });
}

void error_indentation(struct parser *p, const char *format, ...)
{
    FORMAT(p, format, text);
    const struct ast_pos pos = last_seen_pos(p);
    raise(p, (struct syntax_error){
                 .kind = SYNTAX_ERROR_INDENTATION,
                 .msg = msg,
                 .line = pos.line,
                 .col = pos.col,
                 .end_line = pos.end_line,
                 .end_col = pos.end_col,
             });
}

/* The tokenizer's end of source has no column, and its line is the last one that was read. */
static bool is_source_end(const struct parser *p, const struct token *token)
{
    const bool implied = token->kind == TOK_NEWLINE && p->text[token->start] == '\0';
    return p->fstring_depth == 0 && (token->kind == TOK_EOF || (implied && !p->adds_newline));
}

static _Noreturn void error_at_end(struct parser *p)
{
    const size_t len = p->lexer->len;
    uint32_t lines = len > 0 && p->text[len - 1] != '\n';
    for (size_t i = 0; i < len; i++) {
        lines += p->text[i] == '\n';
    }
    raise(p, (struct syntax_error){
                 .msg = "invalid syntax",
                 .line = lines,
                 .at_end = true,
             });
}

void syntax_fail(struct parser *p)
{
    if (p->pos > p->furthest) {
        p->furthest = p->pos;
    }
    if (p->trial != NULL) {
        longjmp(*p->trial, 1);
    }
    if (!p->diagnose) {
        longjmp(*p->top, 2); /* run the second pass */
    }
    const struct token *seen = &p->at[p->fail_token];
    if (seen->kind == TOK_INDENT || seen->kind == TOK_DEDENT) {
        const struct ast_pos pos = pos_of_token(p, p->fail_token);
        *p->err = (struct syntax_error){
            .kind = SYNTAX_ERROR_INDENTATION,
            .msg = seen->kind == TOK_INDENT ? "unexpected indent" : "unexpected unindent",
            .line = pos.line,
            .col = pos.end_col > 0 ? pos.end_col - 1 : 0,
        };
        longjmp(*p->top, 1);
    }
    if (p->fstring_depth > 0 && seen->kind == TOK_ERROR) {
        *p->err = p->lexer->err;
        longjmp(*p->top, 1);
    }
    if (is_source_end(p, seen)) {
        error_at_end(p);
    }
    error_token(p, p->fail_token, "invalid syntax");
}

void too_deep(struct parser *p)
{
    const struct ast_pos pos = pos_of_token(p, p->pos);
    *p->err = (struct syntax_error){
        .kind = SYNTAX_ERROR_RECURSION,
        .msg = "maximum recursion depth exceeded during compilation",
        .line = pos.line,
        .col = pos.col,
    };
    longjmp(*p->top, 1);
}

/* ---- words ---------------------------------------------------------------------------------- */

const char *expr_noun(const struct ast_expr *expr)
{
    switch (expr->kind) {
    case AST_EXPR_BOOLOP:
    case AST_EXPR_BINOP:
    case AST_EXPR_UNARYOP:
        return "expression";
    case AST_EXPR_NAMED:
        return "named expression";
    case AST_EXPR_LAMBDA:
        return "lambda";
    case AST_EXPR_IF:
        return "conditional expression";
    case AST_EXPR_DICT:
        return "dict literal";
    case AST_EXPR_SET:
        return "set display";
    case AST_EXPR_LISTCOMP:
        return "list comprehension";
    case AST_EXPR_SETCOMP:
        return "set comprehension";
    case AST_EXPR_DICTCOMP:
        return "dict comprehension";
    case AST_EXPR_GENERATOR:
        return "generator expression";
    case AST_EXPR_AWAIT:
        return "await expression";
    case AST_EXPR_YIELD:
    case AST_EXPR_YIELD_FROM:
        return "yield expression";
    case AST_EXPR_COMPARE:
        return "comparison";
    case AST_EXPR_CALL:
        return "function call";
    case AST_EXPR_FORMATTED:
    case AST_EXPR_JOINEDSTR:
        return "f-string expression";
    case AST_EXPR_CONSTANT:
        switch (expr->constant.kind) {
        case AST_CONST_NONE:
            return "None";
        case AST_CONST_TRUE:
            return "True";
        case AST_CONST_FALSE:
            return "False";
        case AST_CONST_ELLIPSIS:
            return "ellipsis";
        default:
            return "literal";
        }
    case AST_EXPR_ATTRIBUTE:
        return "attribute";
    case AST_EXPR_SUBSCRIPT:
        return "subscript";
    case AST_EXPR_STARRED:
        return "starred";
    case AST_EXPR_NAME:
        return "name";
    case AST_EXPR_LIST:
        return "list";
    case AST_EXPR_TUPLE:
        return "tuple";
    case AST_EXPR_SLICE:
        return "slice";
    }
    return "expression";
}

/* ---- targets -------------------------------------------------------------------------------- */

/* The first part of `expr` that cannot be assigned to (or deleted); NULL when all can. */
static struct ast_expr *invalid_target(struct ast_expr *expr, enum target_use use)
{
    switch (expr->kind) {
    case AST_EXPR_NAME:
    case AST_EXPR_ATTRIBUTE:
    case AST_EXPR_SUBSCRIPT:
        return NULL;
    case AST_EXPR_LIST:
    case AST_EXPR_TUPLE:
        for (size_t i = 0; i < expr->seq.elts.count; i++) {
            struct ast_expr *bad = invalid_target(expr->seq.elts.at[i], use);
            if (bad != NULL) {
                return bad;
            }
        }
        return NULL;
    case AST_EXPR_STARRED:
        return use == TARGET_DEL ? expr : invalid_target(expr->starred.value, use);
    case AST_EXPR_COMPARE:
        if (use == TARGET_FOR) {
            return expr->compare.ops[0] == AST_CMP_IN ? invalid_target(expr->compare.left, use)
                                                      : NULL;
        }
        return expr;
    default:
        return expr;
    }
}

void error_if_invalid_target(struct parser *p, struct ast_expr *expr, enum target_use use)
{
    const struct ast_expr *bad = invalid_target(expr, use);
    if (bad != NULL) {
        error_expr(p, bad, use == TARGET_DEL ? "cannot delete %s" : "cannot assign to %s",
                   expr_noun(bad));
    }
}

static void set_ctx(struct ast_expr *expr, enum ast_ctx ctx)
{
    switch (expr->kind) {
    case AST_EXPR_NAME:
        expr->name.ctx = ctx;
        break;
    case AST_EXPR_ATTRIBUTE:
        expr->attribute.ctx = ctx;
        break;
    case AST_EXPR_SUBSCRIPT:
        expr->subscript.ctx = ctx;
        break;
    case AST_EXPR_STARRED:
        expr->starred.ctx = ctx;
        set_ctx(expr->starred.value, ctx);
        break;
    case AST_EXPR_LIST:
    case AST_EXPR_TUPLE:
        expr->seq.ctx = ctx;
        for (size_t i = 0; i < expr->seq.elts.count; i++) {
            set_ctx(expr->seq.elts.at[i], ctx);
        }
        break;
    default:
        break;
    }
}

void make_target(struct parser *p, struct ast_expr *expr, enum target_use use)
{
    if (invalid_target(expr, use) != NULL || expr->kind == AST_EXPR_COMPARE) {
        if (!p->diagnose) {
            syntax_fail(p);
        }
        error_if_invalid_target(p, expr, use);
        syntax_fail(p);
    }
    set_ctx(expr, use == TARGET_DEL ? AST_DEL : AST_STORE);
}
