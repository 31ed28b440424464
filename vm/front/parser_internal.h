/*
 * What the parser's files share; nobody else includes it. The parser is recursive descent over the
 * token array, in two passes as CPython's is:
 *
 * 1. The fast pass knows only correct programs. Where it cannot go on it calls syntax_fail().
 * 2. If it failed, the same functions run again over the same tokens with `diagnose` set, and look
 *    at the places where people make known mistakes, to name them with syntax_error_*(). When
 *    nothing is recognised, "invalid syntax" stands at the last token that the first pass saw.
 *
 * Leaving is always a longjmp: syntax_fail() to the innermost attempt() (a rule tried where the
 * grammar is ambiguous, and undone), a named error to parse_module(). So rules never return
 * failure, and never need cleaning up: nodes live in the arena, lists under construction on one
 * scratch stack that attempt() cuts back.
 *
 *   parser.c         entry, the token cursor, lists, blocks, simple statements
 *   parse_compound.c if, while, for, with, try, def, class, decorators, parameters
 *   parse_pattern.c  match
 *   parse_expr.c     expressions by precedence
 *   parse_atom.c     displays, comprehensions, calls, numbers
 *   parse_string.c   literals: escapes, concatenation, f-strings
 *   parse_error.c    building errors; names of things in messages; assignment targets
 */
#ifndef BRILLE_VM_FRONT_PARSER_INTERNAL_H
#define BRILLE_VM_FRONT_PARSER_INTERNAL_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/front/arena.h"
#include "vm/front/ast.h"
#include "vm/front/lexer.h"
#include "vm/front/parser.h"

enum {
    MAX_NESTING = 1200, /* of rules that recurse; 200 brackets take at most 3 each */
};

struct scratch {
    char *bytes;
    size_t len, capacity;
};

struct parser {
    bool is_expression; /* the whole source is one expression: eval() */
    bool adds_newline;  /* a file's last line ends in one even if the source does not */
    struct arena *arena;
    struct syntax_error *err;
    const char *filename;
    const char *text;       /* what the token offsets refer to */
    struct token *at;       /* tokens->at */
    uint32_t pos;           /* the token being looked at */
    uint32_t furthest;      /* the furthest token that was ever looked at */
    uint32_t fail_token;    /* the furthest of the first pass: where "invalid syntax" stands */
    uint32_t depth;         /* current nesting of recursive rules */
    uint32_t fstring_depth; /* 0 outside f-strings */
    bool diagnose;          /* second pass */
    bool no_invalid;        /* second pass, inside a rule that only asks "is this an expression" */
    jmp_buf *trial;         /* where syntax_fail() goes; NULL: to `top` */
    jmp_buf *top;           /* where named errors go */
    struct tokens *tokens;
    struct lexer *lexer;
    struct scratch *scratch;
    struct {
        struct ast_name *match, *case_, *underscore, *print, *exec;
    } names;
};

/* ---- the cursor ----------------------------------------------------------------------------- */

static inline const struct token *peek(const struct parser *p)
{
    return &p->at[p->pos];
}

static inline enum token_kind peek_kind(const struct parser *p)
{
    return (enum token_kind)p->at[p->pos].kind;
}

/* The kind of the token behind the current one. There is always one behind anything but the last.
 */
static inline enum token_kind peek2_kind(const struct parser *p)
{
    const enum token_kind kind = peek_kind(p);
    return kind == TOK_EOF || kind == TOK_ERROR ? kind : (enum token_kind)p->at[p->pos + 1].kind;
}

static inline bool at_kind(const struct parser *p, enum token_kind kind)
{
    return peek_kind(p) == kind;
}

/* Steps over the current token and returns its index. */
static inline uint32_t advance(struct parser *p)
{
    return p->pos++;
}

static inline bool accept(struct parser *p, enum token_kind kind)
{
    if (peek_kind(p) == kind) {
        p->pos++;
        return true;
    }
    return false;
}

/* The token must be there: otherwise this is a syntax error (invalid syntax). */
uint32_t expect(struct parser *p, enum token_kind kind);

/* The same with "expected '...'" as the message, at once. */
uint32_t expect_forced(struct parser *p, enum token_kind kind);

/* The colon that ends the head of a compound statement; "expected ':'" at the end of a line. */
void expect_colon(struct parser *p);

struct ast_name *expect_name(struct parser *p);

static inline bool at_name(const struct parser *p, const struct ast_name *name)
{
    return peek_kind(p) == TOK_NAME && peek(p)->name == name;
}

/* From the start of token `first` to the end of the last token stepped over. */
struct ast_pos pos_from(const struct parser *p, uint32_t first);

struct ast_pos pos_of_token(const struct parser *p, uint32_t index);

/* ---- going deeper, trying ------------------------------------------------------------------- */

void too_deep(struct parser *p) __attribute__((noreturn));

static inline void enter(struct parser *p)
{
    if (++p->depth > MAX_NESTING) {
        too_deep(p);
    }
}

static inline void leave(struct parser *p)
{
    p->depth--;
}

/*
 * Runs a rule and returns its result; when it fails, everything but `furthest` is as before and the
 * answer is NULL. Named errors pass through.
 */
void *attempt(struct parser *p, void *(*rule)(struct parser *));

/* ---- lists ---------------------------------------------------------------------------------- */

/*
 * A list of unknown length grows on the scratch stack from a mark and is copied to the arena when
 * complete. Lists nest; the innermost is always finished first.
 */
static inline size_t list_begin(const struct parser *p)
{
    return p->scratch->len;
}

void list_push_bytes(struct parser *p, const void *item, size_t size);
void *list_end_bytes(struct parser *p, size_t mark, size_t size, size_t *count);

#define list_push(p, item) list_push_bytes((p), &(item), sizeof(item))

struct ast_exprs list_end_exprs(struct parser *p, size_t mark);

/* ---- errors --------------------------------------------------------------------------------- */

/* "invalid syntax", or whatever the second pass finds. */
void syntax_fail(struct parser *p) __attribute__((noreturn));

/* Named errors: at a node's whole range, at its start only, at a token, at the furthest token. */
void error_range(struct parser *p, struct ast_pos from, struct ast_pos to, const char *format, ...)
    __attribute__((noreturn, format(printf, 4, 5)));
void error_expr(struct parser *p, const struct ast_expr *expr, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));
void error_token(struct parser *p, uint32_t token, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));
void error_here(struct parser *p, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));
void error_indentation(struct parser *p, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));

/* The message at a place without an end. */
void error_starting(struct parser *p, struct ast_pos from, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

/* How messages call an expression: "function call", "literal" ... */
const char *expr_noun(const struct ast_expr *expr);

enum target_use {
    TARGET_STAR, /* assignment, with ... as, comprehension: stars allowed inside */
    TARGET_FOR,
    TARGET_DEL,
};

/* Makes `expr` a target (Store or Del, all the way down) or complains. */
void make_target(struct parser *p, struct ast_expr *expr, enum target_use use);

/* Complains like CPython's rule for an invalid target, if there is one inside. */
void error_if_invalid_target(struct parser *p, struct ast_expr *expr, enum target_use use);

/* ---- rules ---------------------------------------------------------------------------------- */

/* May this token begin an expression? */
bool starts_expression(enum token_kind kind);

struct ast_expr *new_expr(struct parser *p, enum ast_expr_kind kind, struct ast_pos pos);

struct ast_expr *parse_expression(struct parser *p);       /* with if-else and lambda */
struct ast_expr *parse_named_expression(struct parser *p); /* with := */
struct ast_expr *parse_disjunction(struct parser *p);      /* `or` and below */
struct ast_expr *parse_bitor(struct parser *p);            /* arithmetic: no comparison */
struct ast_expr *parse_star_expressions(struct parser *p); /* a, *b, c */
struct ast_expr *parse_star_named_expression(struct parser *p);
struct ast_expr *parse_star_expression(struct parser *p);
struct ast_expr *parse_yield_expr(struct parser *p);
struct ast_expr *parse_yield_or_star_expressions(struct parser *p);
struct ast_expr *parse_target_list(struct parser *p); /* of for; up to `in` */
struct ast_expr *parse_atom(struct parser *p);
struct ast_expr *parse_strings(struct parser *p);
struct ast_expr *parse_number(struct parser *p);
struct ast_expr *parse_lambda(struct parser *p);
struct ast_expr *parse_slices(struct parser *p);
struct ast_expr *parse_name(struct parser *p);

/* The targets between `for` and `in`, which is stepped over. */
struct ast_expr *parse_for_targets(struct parser *p);

/* The clauses of a comprehension, at its first `for` or `async`. */
struct ast_comprehensions parse_for_if_clauses(struct parser *p);
bool at_comprehension(const struct parser *p);

/* The arguments of a call or class behind the opening parenthesis; steps over the closing one. */
void parse_arguments(struct parser *p, uint32_t lpar, bool allow_generator, struct ast_exprs *args,
                     struct ast_keywords *keywords);

/* Parameters up to (not over) the token `end`. */
struct ast_args *parse_params(struct parser *p, enum token_kind end, bool is_lambda);

struct ast_stmts parse_block(struct parser *p, uint32_t keyword, const char *what);
void parse_statement(struct parser *p); /* pushes one or more statements */
void parse_simple_line(struct parser *p);
struct ast_stmt *parse_compound(struct parser *p); /* NULL: not at one */
struct ast_stmt *parse_match(struct parser *p);    /* NULL: `match` is a name here */
struct ast_stmt *new_stmt(struct parser *p, enum ast_stmt_kind kind, uint32_t first);

/* Parses the text of an f-string's replacement field, "(expr)", whose '(' stands at line, col. */
struct ast_expr *parse_fstring_expression(struct parser *p, const char *text, size_t len,
                                          uint32_t line, int32_t col);

#endif
