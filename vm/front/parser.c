/*
 * The parser's entry, its token cursor and lists, and the statements that fit on one line. How the
 * parser works in two passes is told in parser_internal.h.
 */
#include "vm/front/parser.h"

#include <stdlib.h>
#include <string.h>

#include "vm/front/parser_internal.h"

/* ---- the cursor ----------------------------------------------------------------------------- */

uint32_t expect(struct parser *p, enum token_kind kind)
{
    if (!at_kind(p, kind)) {
        syntax_fail(p);
    }
    return advance(p);
}

uint32_t expect_forced(struct parser *p, enum token_kind kind)
{
    if (!at_kind(p, kind)) {
        if (at_kind(p, TOK_ERROR)) {
            syntax_fail(p);
        }
        error_token(p, p->pos, "expected '%s'", token_text(kind));
    }
    return advance(p);
}

void expect_colon(struct parser *p)
{
    if (p->diagnose && at_kind(p, TOK_NEWLINE)) {
        error_here(p, "expected ':'");
    }
    expect(p, TOK_COLON);
}

struct ast_name *expect_name(struct parser *p)
{
    return p->at[expect(p, TOK_NAME)].name;
}

static void token_end(const struct token *token, uint32_t *line, uint32_t *col)
{
    if (token->kind == TOK_STRING) {
        *line = token->end_line;
        *col = token->end_col;
    } else {
        *line = token->line;
        *col = token->col + (token->end - token->start);
    }
}

struct ast_pos pos_of_token(const struct parser *p, uint32_t index)
{
    const struct token *token = &p->at[index];
    struct ast_pos pos = {.line = token->line, .col = token->col};
    token_end(token, &pos.end_line, &pos.end_col);
    return pos;
}

struct ast_pos pos_from(const struct parser *p, uint32_t first)
{
    struct ast_pos pos = {.line = p->at[first].line, .col = p->at[first].col};
    uint32_t last = p->pos - 1;
    while (last > first && p->at[last].kind >= TOK_EOF && p->at[last].kind <= TOK_DEDENT) {
        last--;
    }
    token_end(&p->at[last], &pos.end_line, &pos.end_col);
    return pos;
}

void *attempt(struct parser *p, void *(*rule)(struct parser *))
{
    const uint32_t pos = p->pos;
    const uint32_t depth = p->depth;
    const size_t scratch_len = p->scratch->len;
    const bool no_invalid = p->no_invalid;
    jmp_buf *const outer = p->trial;
    jmp_buf here;
    void *result = NULL;
    if (setjmp(here) == 0) {
        p->trial = &here;
        result = rule(p);
        p->trial = outer;
        return result;
    }
    p->trial = outer;
    p->pos = pos;
    p->depth = depth;
    p->scratch->len = scratch_len;
    p->no_invalid = no_invalid;
    return NULL;
}

/* ---- lists ---------------------------------------------------------------------------------- */

void list_push_bytes(struct parser *p, const void *item, size_t size)
{
    if (p->scratch->len + size > p->scratch->capacity) {
        const size_t capacity = (p->scratch->capacity + size) * 2 + 4096;
        char *bytes = realloc(p->scratch->bytes, capacity);
        if (bytes == NULL) {
            longjmp(*p->arena->on_oom, 1);
        }
        p->scratch->bytes = bytes;
        p->scratch->capacity = capacity;
    }
    memcpy(p->scratch->bytes + p->scratch->len, item, size);
    p->scratch->len += size;
}

void *list_end_bytes(struct parser *p, size_t mark, size_t size, size_t *count)
{
    const size_t bytes = p->scratch->len - mark;
    *count = bytes / size;
    p->scratch->len = mark;
    if (bytes == 0) {
        return NULL;
    }
    void *copy = arena_alloc(p->arena, bytes);
    memcpy(copy, p->scratch->bytes + mark, bytes);
    return copy;
}

struct ast_exprs list_end_exprs(struct parser *p, size_t mark)
{
    struct ast_exprs list;
    list.at = list_end_bytes(p, mark, sizeof(*list.at), &list.count);
    return list;
}

static struct ast_stmts list_end_stmts(struct parser *p, size_t mark)
{
    struct ast_stmts list;
    list.at = list_end_bytes(p, mark, sizeof(*list.at), &list.count);
    return list;
}

/* ---- simple statements ---------------------------------------------------------------------- */

struct ast_stmt *new_stmt(struct parser *p, enum ast_stmt_kind kind, uint32_t first)
{
    struct ast_stmt *stmt = arena_new(p->arena, struct ast_stmt);
    stmt->kind = kind;
    stmt->pos = pos_from(p, first);
    return stmt;
}

/* The operator of an augmented assignment, or -1. */
static int augmented_op(enum token_kind kind)
{
    switch (kind) {
    case TOK_PLUS_ASSIGN:
        return AST_BIN_ADD;
    case TOK_MINUS_ASSIGN:
        return AST_BIN_SUB;
    case TOK_STAR_ASSIGN:
        return AST_BIN_MULT;
    case TOK_SLASH_ASSIGN:
        return AST_BIN_DIV;
    case TOK_PERCENT_ASSIGN:
        return AST_BIN_MOD;
    case TOK_AT_ASSIGN:
        return AST_BIN_MATMULT;
    case TOK_AMPER_ASSIGN:
        return AST_BIN_BITAND;
    case TOK_VBAR_ASSIGN:
        return AST_BIN_BITOR;
    case TOK_CARET_ASSIGN:
        return AST_BIN_BITXOR;
    case TOK_LSHIFT_ASSIGN:
        return AST_BIN_LSHIFT;
    case TOK_RSHIFT_ASSIGN:
        return AST_BIN_RSHIFT;
    case TOK_DOUBLESTAR_ASSIGN:
        return AST_BIN_POW;
    case TOK_DOUBLESLASH_ASSIGN:
        return AST_BIN_FLOORDIV;
    default:
        return -1;
    }
}

static bool is_single_target(const struct ast_expr *expr)
{
    return expr->kind == AST_EXPR_NAME || expr->kind == AST_EXPR_ATTRIBUTE ||
           expr->kind == AST_EXPR_SUBSCRIPT;
}

static struct ast_stmt *parse_annotated(struct parser *p, uint32_t first, struct ast_expr *target)
{
    advance(p);
    if (!is_single_target(target)) {
        if (!p->diagnose) {
            syntax_fail(p);
        }
        parse_expression(p);
        const struct ast_expr *head = target;
        if (target->kind == AST_EXPR_LIST || target->kind == AST_EXPR_TUPLE) {
            const bool bare = target->kind == AST_EXPR_TUPLE && p->at[first].kind != TOK_LPAR &&
                              target->seq.elts.count > 0;
            head = bare ? target->seq.elts.at[0] : target;
            error_expr(p, head, "only single target (not %s) can be annotated",
                       target->kind == AST_EXPR_LIST ? "list" : "tuple");
        }
        error_expr(p, head, "illegal target for annotation");
    }
    make_target(p, target, TARGET_STAR);
    struct ast_expr *annotation = parse_expression(p);
    struct ast_expr *value = NULL;
    if (accept(p, TOK_ASSIGN)) {
        value = parse_yield_or_star_expressions(p);
    }
    struct ast_stmt *stmt = new_stmt(p, AST_STMT_ANNASSIGN, first);
    stmt->annassign.target = target;
    stmt->annassign.annotation = annotation;
    stmt->annassign.value = value;
    stmt->annassign.simple = target->kind == AST_EXPR_NAME && target->paren == 0;
    return stmt;
}

/* Second pass, at the '=' behind something that cannot be assigned to. */
static void diagnose_assignment(struct parser *p, struct ast_expr *target)
{
    if ((target->kind == AST_EXPR_YIELD || target->kind == AST_EXPR_YIELD_FROM) &&
        target->paren == 0) {
        error_expr(p, target, "assignment to yield expression not possible");
    }
    error_if_invalid_target(p, target, TARGET_STAR);
}

static struct ast_stmt *parse_assignment(struct parser *p, uint32_t first, struct ast_expr *value)
{
    const size_t mark = list_begin(p);
    while (at_kind(p, TOK_ASSIGN)) {
        if (p->diagnose) {
            diagnose_assignment(p, value);
        }
        make_target(p, value, TARGET_STAR);
        advance(p);
        list_push(p, value);
        value = parse_yield_or_star_expressions(p);
    }
    struct ast_exprs targets = list_end_exprs(p, mark);
    struct ast_stmt *stmt = new_stmt(p, AST_STMT_ASSIGN, first);
    stmt->assign.targets = targets;
    stmt->assign.value = value;
    return stmt;
}

static struct ast_stmt *parse_augmented(struct parser *p, uint32_t first, struct ast_expr *target,
                                        enum ast_binop op)
{
    if (!is_single_target(target)) {
        advance(p);
        parse_yield_or_star_expressions(p);
        error_expr(p, target, "'%s' is an illegal expression for augmented assignment",
                   expr_noun(target));
    }
    make_target(p, target, TARGET_STAR);
    advance(p);
    struct ast_expr *value = parse_yield_or_star_expressions(p);
    struct ast_stmt *stmt = new_stmt(p, AST_STMT_AUGASSIGN, first);
    stmt->augassign.target = target;
    stmt->augassign.op = op;
    stmt->augassign.value = value;
    return stmt;
}

static void *rule_star_named(struct parser *p)
{
    return parse_star_named_expression(p);
}

static void *rule_target_list(struct parser *p)
{
    return parse_target_list(p);
}

static struct ast_stmt *parse_expr_stmt(struct parser *p)
{
    const uint32_t first = p->pos;
    if (p->diagnose && !at_kind(p, TOK_YIELD)) {
        /* Only what fails as an assignment is looked at for "Maybe you meant '=='". */
        const uint32_t line = peek(p)->line;
        struct ast_expr *head = attempt(p, rule_target_list);
        const bool assigns = head != NULL && at_kind(p, TOK_ASSIGN) && is_single_target(head);
        p->pos = first;
        if (!assigns && peek(p)->line == line) {
            attempt(p, rule_star_named);
            p->pos = first;
        }
    }
    struct ast_expr *expr = parse_yield_or_star_expressions(p);
    const enum token_kind kind = peek_kind(p);
    if (kind == TOK_ASSIGN) {
        return parse_assignment(p, first, expr);
    }
    const int op = augmented_op(kind);
    if (op >= 0) {
        return parse_augmented(p, first, expr, (enum ast_binop)op);
    }
    if (kind == TOK_COLON && expr->kind != AST_EXPR_YIELD && expr->kind != AST_EXPR_YIELD_FROM) {
        return parse_annotated(p, first, expr);
    }
    struct ast_stmt *stmt = new_stmt(p, AST_STMT_EXPR, first);
    stmt->expr.value = expr;
    return stmt;
}

static struct ast_stmt *parse_return(struct parser *p)
{
    const uint32_t first = advance(p);
    struct ast_expr *value = NULL;
    if (starts_expression(peek_kind(p)) || at_kind(p, TOK_STAR)) {
        value = parse_star_expressions(p);
    }
    struct ast_stmt *stmt = new_stmt(p, AST_STMT_RETURN, first);
    stmt->expr.value = value;
    return stmt;
}

static struct ast_stmt *parse_raise(struct parser *p)
{
    const uint32_t first = advance(p);
    struct ast_expr *exc = NULL;
    struct ast_expr *cause = NULL;
    if (starts_expression(peek_kind(p))) {
        exc = parse_expression(p);
        if (accept(p, TOK_FROM)) {
            cause = parse_expression(p);
        }
    }
    struct ast_stmt *stmt = new_stmt(p, AST_STMT_RAISE, first);
    stmt->raise.exc = exc;
    stmt->raise.cause = cause;
    return stmt;
}

static struct ast_stmt *parse_names_stmt(struct parser *p, enum ast_stmt_kind kind)
{
    const uint32_t first = advance(p);
    const size_t mark = list_begin(p);
    do {
        struct ast_name *name = expect_name(p);
        list_push(p, name);
    } while (accept(p, TOK_COMMA));
    struct ast_names names;
    names.at = list_end_bytes(p, mark, sizeof(*names.at), &names.count);
    struct ast_stmt *stmt = new_stmt(p, kind, first);
    stmt->global.names = names;
    return stmt;
}

static void *rule_star_expressions(struct parser *p)
{
    return parse_star_expressions(p);
}

static struct ast_stmt *parse_del(struct parser *p)
{
    const uint32_t first = advance(p);
    const size_t mark = list_begin(p);
    if (p->diagnose) {
        struct ast_expr *all = attempt(p, rule_star_expressions);
        if (all != NULL) {
            error_if_invalid_target(p, all, TARGET_DEL);
        }
        p->pos = first + 1;
    }
    do {
        if (p->scratch->len > mark && !starts_expression(peek_kind(p))) {
            break;
        }
        struct ast_expr *target = parse_bitor(p);
        make_target(p, target, TARGET_DEL);
        list_push(p, target);
    } while (accept(p, TOK_COMMA));
    struct ast_exprs targets = list_end_exprs(p, mark);
    struct ast_stmt *stmt = new_stmt(p, AST_STMT_DELETE, first);
    stmt->delete_.targets = targets;
    return stmt;
}

static struct ast_stmt *parse_assert(struct parser *p)
{
    const uint32_t first = advance(p);
    struct ast_expr *test = parse_expression(p);
    struct ast_expr *msg = accept(p, TOK_COMMA) ? parse_expression(p) : NULL;
    struct ast_stmt *stmt = new_stmt(p, AST_STMT_ASSERT, first);
    stmt->assert_.test = test;
    stmt->assert_.msg = msg;
    return stmt;
}

/* ---- imports -------------------------------------------------------------------------------- */

/* a.b.c as one name. */
static struct ast_name *parse_dotted_name(struct parser *p)
{
    struct ast_name *name = expect_name(p);
    if (!at_kind(p, TOK_DOT)) {
        return name;
    }
    const size_t mark = list_begin(p);
    list_push_bytes(p, name->text, name->len);
    while (accept(p, TOK_DOT)) {
        name = expect_name(p);
        list_push_bytes(p, ".", 1);
        list_push_bytes(p, name->text, name->len);
    }
    name = ast_intern(p->arena, p->scratch->bytes + mark, p->scratch->len - mark);
    p->scratch->len = mark;
    return name;
}

static struct ast_alias parse_alias(struct parser *p, bool dotted)
{
    const uint32_t first = p->pos;
    struct ast_alias alias = {.name = dotted ? parse_dotted_name(p) : expect_name(p)};
    if (accept(p, TOK_AS)) {
        alias.asname = expect_name(p);
    }
    alias.pos = pos_from(p, first);
    return alias;
}

static struct ast_aliases list_end_aliases(struct parser *p, size_t mark)
{
    struct ast_aliases list;
    list.at = list_end_bytes(p, mark, sizeof(*list.at), &list.count);
    return list;
}

static struct ast_stmt *parse_import(struct parser *p)
{
    const uint32_t first = advance(p);
    const size_t mark = list_begin(p);
    do {
        struct ast_alias alias = parse_alias(p, true);
        list_push(p, alias);
    } while (accept(p, TOK_COMMA));
    struct ast_aliases names = list_end_aliases(p, mark);
    struct ast_stmt *stmt = new_stmt(p, AST_STMT_IMPORT, first);
    stmt->import.names = names;
    return stmt;
}

static struct ast_aliases parse_import_names(struct parser *p)
{
    const size_t mark = list_begin(p);
    if (at_kind(p, TOK_STAR)) {
        struct ast_alias all = {.name = ast_intern_c(p->arena, "*"),
                                .pos = pos_of_token(p, p->pos)};
        advance(p);
        list_push(p, all);
        return list_end_aliases(p, mark);
    }
    const bool paren = accept(p, TOK_LPAR);
    do {
        if (paren && at_kind(p, TOK_RPAR) && p->scratch->len > mark) {
            break;
        }
        if (!paren && at_kind(p, TOK_NEWLINE) && p->scratch->len > mark) {
            if (p->diagnose) {
                error_here(p, "trailing comma not allowed without surrounding parentheses");
            }
            syntax_fail(p);
        }
        struct ast_alias alias = parse_alias(p, false);
        list_push(p, alias);
    } while (accept(p, TOK_COMMA));
    if (paren) {
        expect(p, TOK_RPAR);
    }
    return list_end_aliases(p, mark);
}

static struct ast_stmt *parse_from(struct parser *p)
{
    const uint32_t first = advance(p);
    uint32_t level = 0;
    while (at_kind(p, TOK_DOT) || at_kind(p, TOK_ELLIPSIS)) {
        level += at_kind(p, TOK_DOT) ? 1 : 3;
        advance(p);
    }
    struct ast_name *module = NULL;
    if (level == 0 || !at_kind(p, TOK_IMPORT)) {
        module = parse_dotted_name(p);
    }
    expect(p, TOK_IMPORT);
    struct ast_aliases names = parse_import_names(p);
    struct ast_stmt *stmt = new_stmt(p, AST_STMT_IMPORTFROM, first);
    stmt->importfrom.module = module;
    stmt->importfrom.names = names;
    stmt->importfrom.level = level;
    return stmt;
}

/* ---- lines and blocks ----------------------------------------------------------------------- */

static struct ast_stmt *parse_keyword_stmt(struct parser *p, enum ast_stmt_kind kind)
{
    const uint32_t first = advance(p);
    return new_stmt(p, kind, first);
}

static struct ast_stmt *parse_simple(struct parser *p)
{
    switch (peek_kind(p)) {
    case TOK_RETURN:
        return parse_return(p);
    case TOK_IMPORT:
        return parse_import(p);
    case TOK_FROM:
        return parse_from(p);
    case TOK_RAISE:
        return parse_raise(p);
    case TOK_PASS:
        return parse_keyword_stmt(p, AST_STMT_PASS);
    case TOK_BREAK:
        return parse_keyword_stmt(p, AST_STMT_BREAK);
    case TOK_CONTINUE:
        return parse_keyword_stmt(p, AST_STMT_CONTINUE);
    case TOK_DEL:
        return parse_del(p);
    case TOK_ASSERT:
        return parse_assert(p);
    case TOK_GLOBAL:
        return parse_names_stmt(p, AST_STMT_GLOBAL);
    case TOK_NONLOCAL:
        return parse_names_stmt(p, AST_STMT_NONLOCAL);
    default:
        return parse_expr_stmt(p);
    }
}

/* Simple statements with ; between them, and the end of the line. Pushes them. */
void parse_simple_line(struct parser *p)
{
    do {
        if (at_kind(p, TOK_NEWLINE)) {
            break;
        }
        struct ast_stmt *stmt = parse_simple(p);
        list_push(p, stmt);
    } while (accept(p, TOK_SEMI));
    expect(p, TOK_NEWLINE);
}

void parse_statement(struct parser *p)
{
    struct ast_stmt *compound = parse_compound(p);
    if (compound == NULL && at_name(p, p->names.match)) {
        compound = parse_match(p);
    }
    if (compound != NULL) {
        list_push(p, compound);
        return;
    }
    if (at_kind(p, TOK_NEWLINE)) {
        syntax_fail(p); /* a line that is only a semicolon or the like */
    }
    parse_simple_line(p);
}

struct ast_stmts parse_block(struct parser *p, uint32_t keyword, const char *what)
{
    const size_t mark = list_begin(p);
    if (!accept(p, TOK_NEWLINE)) {
        parse_simple_line(p);
        return list_end_stmts(p, mark);
    }
    if (!at_kind(p, TOK_INDENT)) {
        if (at_kind(p, TOK_ERROR)) {
            syntax_fail(p);
        }
        error_indentation(p, "expected an indented block after %s on line %u", what,
                          p->at[keyword].line);
    }
    advance(p);
    enter(p);
    while (!at_kind(p, TOK_DEDENT) && !at_kind(p, TOK_EOF)) {
        parse_statement(p);
    }
    leave(p);
    accept(p, TOK_DEDENT);
    return list_end_stmts(p, mark);
}

/* ---- entry ---------------------------------------------------------------------------------- */

static struct ast_stmts parse_file(struct parser *p)
{
    const size_t mark = list_begin(p);
    while (!at_kind(p, TOK_EOF)) {
        parse_statement(p);
    }
    return list_end_stmts(p, mark);
}

static void *rule_named_expression(struct parser *p)
{
    return parse_named_expression(p);
}

static struct ast_stmts parse_eval(struct parser *p)
{
    const uint32_t first = p->pos;
    if (p->diagnose) {
        attempt(p, rule_named_expression);
        p->pos = first;
    }
    struct ast_expr *value = parse_star_expressions(p);
    if (value->kind == AST_EXPR_STARRED) {
        syntax_fail(p);
    }
    while (accept(p, TOK_NEWLINE)) {
    }
    expect(p, TOK_EOF);
    struct ast_stmt *stmt = new_stmt(p, AST_STMT_EXPR, first);
    stmt->expr.value = value;
    const size_t mark = list_begin(p);
    list_push(p, stmt);
    return list_end_stmts(p, mark);
}

/* One statement, or one line of simple ones. */
static struct ast_stmts parse_single(struct parser *p)
{
    const size_t mark = list_begin(p);
    if (!accept(p, TOK_NEWLINE)) {
        parse_statement(p);
    }
    while (accept(p, TOK_NEWLINE)) {
    }
    if (!at_kind(p, TOK_EOF)) {
        error_here(p, "multiple statements found while compiling a single statement");
    }
    return list_end_stmts(p, mark);
}

static struct ast_stmts parse_mode(struct parser *p, enum parse_mode mode)
{
    switch (mode) {
    case PARSE_EVAL:
        return parse_eval(p);
    case PARSE_SINGLE:
        return parse_single(p);
    case PARSE_FILE:
        break;
    }
    return parse_file(p);
}

struct ast_expr *parse_fstring_expression(struct parser *p, const char *text, size_t len,
                                          uint32_t line, int32_t col)
{
    struct lexer lexer = {
        .arena = p->arena,
        .out = p->tokens,
        .text = text,
        .len = len,
        .first_line = line,
        .first_col = col,
    };
    const struct parser outer = *p;
    const size_t token_count = p->tokens->count;
    lexer_run(&lexer);
    p->at = p->tokens->at;
    p->text = text;
    p->lexer = &lexer;
    p->pos = p->furthest = (uint32_t)token_count;
    p->fstring_depth++;
    jmp_buf first_pass;
    jmp_buf *const top = p->top;
    p->trial = NULL;
    if (setjmp(first_pass) == 0) {
        /* A failure of the first pass runs the second one, on this expression alone. */
        p->trial = p->diagnose ? NULL : &first_pass;
    } else {
        p->diagnose = true;
        p->fail_token = p->furthest;
        p->trial = NULL;
        p->pos = (uint32_t)token_count;
        p->depth = outer.depth;
    }
    p->top = top;
    enter(p);
    struct ast_expr *expr = parse_star_expressions(p);
    accept(p, TOK_NEWLINE);
    expect(p, TOK_EOF);
    leave(p);
    p->tokens->count = token_count;
    const uint32_t depth = p->depth;
    *p = outer;
    p->depth = depth;
    p->at = p->tokens->at;
    return expr;
}

static void init_names(struct parser *p)
{
    p->names.match = ast_intern_c(p->arena, "match");
    p->names.case_ = ast_intern_c(p->arena, "case");
    p->names.underscore = ast_intern_c(p->arena, "_");
    p->names.print = ast_intern_c(p->arena, "print");
    p->names.exec = ast_intern_c(p->arena, "exec");
}

/* Both passes; memory that is not the arena's is the caller's to free. */
static int run(struct parser *p, enum parse_mode mode, struct ast_module *module)
{
    jmp_buf top;
    p->top = &top;
    init_names(p);
    lexer_run(p->lexer);
    p->at = p->tokens->at;
    const uint32_t token_count = (uint32_t)p->tokens->count;
    switch (setjmp(top)) {
    case 0:
        break;
    case 2:
        p->diagnose = true;
        p->fail_token = p->furthest;
        p->trial = NULL;
        p->pos = 0;
        p->depth = 0;
        p->scratch->len = 0;
        p->tokens->count = token_count;
        break;
    default:
        return -1;
    }
    p->is_expression = mode == PARSE_EVAL;
    p->adds_newline = mode == PARSE_FILE;
    module->body = parse_mode(p, mode);
    return 0;
}

static bool ends_in_block(const struct tokens *tokens, const char *text, size_t len)
{
    return tokens->count > 1 && tokens->at[tokens->count - 2].kind == TOK_DEDENT && len > 0 &&
           text[len - 1] != '\n';
}

static int parse(struct arena *arena, const char *filename, const char *src, size_t len,
                 bool is_text, enum parse_mode mode, struct ast_module **out,
                 struct syntax_error *err)
{
    struct tokens tokens = {NULL, 0, 0};
    struct lexer *lexer = NULL;
    struct scratch scratch = {NULL, 0, 0};
    jmp_buf oom;
    jmp_buf *const outer_oom = arena->on_oom;
    volatile int status = -1;
    if (setjmp(oom) == 0) {
        arena->on_oom = &oom;
        size_t text_len;
        const char *text = lexer_prepare_source(arena, filename, src, len, is_text, &text_len, err);
        if (text != NULL) {
            lexer = arena_new(arena, struct lexer);
            lexer->arena = arena;
            lexer->out = &tokens;
            lexer->text = text;
            lexer->len = text_len;
            lexer->first_line = 1;
            struct parser parser = {
                .arena = arena,
                .err = err,
                .filename = filename,
                .text = text,
                .tokens = &tokens,
                .lexer = lexer,
                .scratch = &scratch,
            };
            struct ast_module *module = arena_new(arena, struct ast_module);
            module->mode = mode;
            module->filename = filename;
            module->source = text;
            module->source_len = text_len;
            *err = (struct syntax_error){.kind = SYNTAX_ERROR};
            status = run(&parser, mode, module);
            if (status == 0) {
                module->open_block = ends_in_block(&tokens, text, text_len);
                *out = module;
            }
        }
    } else {
        *err = (struct syntax_error){.kind = SYNTAX_ERROR_MEMORY, .msg = "out of memory"};
    }
    arena->on_oom = outer_oom;
    free(tokens.at);
    free(scratch.bytes);
    return status;
}

int parse_module(struct arena *arena, const char *filename, const char *src, size_t len,
                 enum parse_mode mode, struct ast_module **out, struct syntax_error *err)
{
    return parse(arena, filename, src, len, false, mode, out, err);
}

int parse_text(struct arena *arena, const char *filename, const char *text, size_t len,
               enum parse_mode mode, struct ast_module **out, struct syntax_error *err)
{
    return parse(arena, filename, text, len, true, mode, out, err);
}
