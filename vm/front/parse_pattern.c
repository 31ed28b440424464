/*
 * match and its patterns. `match`, `case` and `_` are names everywhere else, so a statement that
 * begins with `match` is tried as a match statement up to its colon and line end; if that fails it
 * is an expression after all.
 */
#include "vm/front/parser_internal.h"

static struct ast_pattern *parse_or_pattern(struct parser *p);
static struct ast_pattern *parse_as_pattern(struct parser *p);
static struct ast_patterns parse_sequence_items(struct parser *p, enum token_kind close,
                                                struct ast_pattern *first);

static struct ast_pattern *new_pattern(struct parser *p, enum ast_pattern_kind kind, uint32_t first)
{
    struct ast_pattern *pattern = arena_new(p->arena, struct ast_pattern);
    pattern->kind = kind;
    pattern->pos = pos_from(p, first);
    return pattern;
}

static struct ast_patterns list_end_patterns(struct parser *p, size_t mark)
{
    struct ast_patterns list;
    list.at = list_end_bytes(p, mark, sizeof(*list.at), &list.count);
    return list;
}

/* ---- values --------------------------------------------------------------------------------- */

static bool is_complex(const struct ast_expr *number)
{
    return number->constant.kind == AST_CONST_COMPLEX;
}

static struct ast_expr *parse_signed_number(struct parser *p)
{
    const uint32_t first = p->pos;
    const bool negative = accept(p, TOK_MINUS);
    if (!at_kind(p, TOK_NUMBER)) {
        syntax_fail(p);
    }
    struct ast_expr *number = parse_number(p);
    if (!negative) {
        return number;
    }
    struct ast_expr *expr = new_expr(p, AST_EXPR_UNARYOP, pos_from(p, first));
    expr->unaryop.op = AST_UNARY_USUB;
    expr->unaryop.operand = number;
    return expr;
}

/* -3, 3.5, 1+2j: a signed real number, or a complex one made of real and imaginary part. */
static struct ast_expr *parse_number_value(struct parser *p)
{
    const uint32_t first = p->pos;
    struct ast_expr *left = parse_signed_number(p);
    if (!at_kind(p, TOK_PLUS) && !at_kind(p, TOK_MINUS)) {
        return left;
    }
    const struct ast_expr *real = left->kind == AST_EXPR_UNARYOP ? left->unaryop.operand : left;
    const bool minus = at_kind(p, TOK_MINUS);
    advance(p);
    if (!at_kind(p, TOK_NUMBER)) {
        syntax_fail(p);
    }
    struct ast_expr *right = parse_number(p);
    if (is_complex(real)) {
        error_expr(p, real, "real number required in complex literal");
    }
    if (!is_complex(right)) {
        error_expr(p, right, "imaginary number required in complex literal");
    }
    struct ast_expr *expr = new_expr(p, AST_EXPR_BINOP, pos_from(p, first));
    expr->binop.op = minus ? AST_BIN_SUB : AST_BIN_ADD;
    expr->binop.left = left;
    expr->binop.right = right;
    return expr;
}

/* a.b.c, or a alone. */
static struct ast_expr *parse_dotted(struct parser *p)
{
    const uint32_t first = p->pos;
    struct ast_expr *expr = parse_name(p);
    while (accept(p, TOK_DOT)) {
        struct ast_expr *value = expr;
        struct ast_name *attr = expect_name(p);
        expr = new_expr(p, AST_EXPR_ATTRIBUTE, pos_from(p, first));
        expr->attribute.value = value;
        expr->attribute.attr = attr;
    }
    return expr;
}

static struct ast_pattern *value_pattern(struct parser *p, uint32_t first, struct ast_expr *value)
{
    struct ast_pattern *pattern = new_pattern(p, AST_PAT_VALUE, first);
    pattern->value.value = value;
    return pattern;
}

static struct ast_expr *parse_string_value(struct parser *p)
{
    struct ast_expr *string = parse_strings(p);
    if (string->kind == AST_EXPR_JOINEDSTR) {
        error_expr(p, string, "patterns may only match literals and attribute lookups");
    }
    return string;
}

/* ---- compound patterns ---------------------------------------------------------------------- */

static bool is_wildcard(const struct parser *p)
{
    return at_name(p, p->names.underscore);
}

/* A name that a pattern binds: NULL for _, which binds nothing. */
static struct ast_name *parse_capture(struct parser *p)
{
    const bool wildcard = is_wildcard(p);
    struct ast_name *name = expect_name(p);
    return wildcard ? NULL : name;
}

static struct ast_pattern *parse_star_pattern(struct parser *p)
{
    const uint32_t first = expect(p, TOK_STAR);
    struct ast_name *name = parse_capture(p);
    struct ast_pattern *pattern = new_pattern(p, AST_PAT_STAR, first);
    pattern->star.name = name;
    return pattern;
}

static struct ast_pattern *parse_maybe_star(struct parser *p)
{
    return at_kind(p, TOK_STAR) ? parse_star_pattern(p) : parse_as_pattern(p);
}

static struct ast_patterns parse_sequence_items(struct parser *p, enum token_kind close,
                                                struct ast_pattern *first)
{
    const size_t mark = list_begin(p);
    if (first != NULL) {
        list_push(p, first);
    }
    while (first == NULL ? !at_kind(p, close) : accept(p, TOK_COMMA)) {
        if (at_kind(p, close) || at_kind(p, TOK_COLON) || at_kind(p, TOK_IF)) {
            break;
        }
        first = parse_maybe_star(p);
        list_push(p, first);
    }
    return list_end_patterns(p, mark);
}

static struct ast_pattern *finish_sequence(struct parser *p, uint32_t first, enum token_kind close,
                                           struct ast_pattern *item)
{
    struct ast_patterns items = parse_sequence_items(p, close, item);
    if (close != TOK_COLON) {
        expect(p, close);
    }
    struct ast_pattern *pattern = new_pattern(p, AST_PAT_SEQUENCE, first);
    pattern->sequence.patterns = items;
    return pattern;
}

static struct ast_pattern *parse_paren_pattern(struct parser *p)
{
    const uint32_t first = advance(p);
    if (at_kind(p, TOK_RPAR)) {
        return finish_sequence(p, first, TOK_RPAR, NULL);
    }
    struct ast_pattern *item = parse_maybe_star(p);
    if (at_kind(p, TOK_COMMA) || item->kind == AST_PAT_STAR) {
        if (!at_kind(p, TOK_COMMA)) {
            syntax_fail(p); /* (*a) is neither */
        }
        return finish_sequence(p, first, TOK_RPAR, item);
    }
    expect(p, TOK_RPAR);
    return item;
}

static struct ast_expr *parse_mapping_key(struct parser *p)
{
    switch (peek_kind(p)) {
    case TOK_NUMBER:
    case TOK_MINUS:
        return parse_number_value(p);
    case TOK_STRING:
        return parse_string_value(p);
    case TOK_NONE:
    case TOK_TRUE:
    case TOK_FALSE:
        return parse_atom(p);
    case TOK_NAME: {
        struct ast_expr *key = parse_dotted(p);
        if (key->kind == AST_EXPR_NAME) {
            syntax_fail(p);
        }
        return key;
    }
    default:
        syntax_fail(p);
    }
}

static struct ast_pattern *parse_mapping(struct parser *p)
{
    const uint32_t first = advance(p);
    const size_t mark = list_begin(p);
    struct ast_name *rest = NULL;
    struct item {
        struct ast_expr *key;
        struct ast_pattern *pattern;
    } item;
    while (!at_kind(p, TOK_RBRACE)) {
        if (accept(p, TOK_DOUBLESTAR)) {
            if (is_wildcard(p)) {
                syntax_fail(p);
            }
            rest = expect_name(p);
            accept(p, TOK_COMMA);
            break;
        }
        item.key = parse_mapping_key(p);
        expect(p, TOK_COLON);
        item.pattern = parse_as_pattern(p);
        list_push(p, item);
        if (!accept(p, TOK_COMMA)) {
            break;
        }
    }
    expect(p, TOK_RBRACE);
    size_t count;
    const struct item *items = list_end_bytes(p, mark, sizeof(item), &count);
    struct ast_pattern *pattern = new_pattern(p, AST_PAT_MAPPING, first);
    pattern->mapping.rest = rest;
    pattern->mapping.keys =
        (struct ast_exprs){arena_array(p->arena, struct ast_expr *, count), count};
    pattern->mapping.patterns =
        (struct ast_patterns){arena_array(p->arena, struct ast_pattern *, count), count};
    for (size_t i = 0; i < count; i++) {
        pattern->mapping.keys.at[i] = items[i].key;
        pattern->mapping.patterns.at[i] = items[i].pattern;
    }
    return pattern;
}

static struct ast_pattern *parse_class(struct parser *p, uint32_t first, struct ast_expr *cls)
{
    advance(p);
    struct item {
        struct ast_name *name; /* NULL: positional */
        struct ast_pattern *pattern;
    } item;
    const size_t mark = list_begin(p);
    size_t keywords = 0;
    struct ast_pattern *misplaced[2] = {NULL, NULL}; /* the first and the last of them */
    while (!at_kind(p, TOK_RPAR)) {
        item.name = NULL;
        if (at_kind(p, TOK_NAME) && peek2_kind(p) == TOK_ASSIGN) {
            item.name = expect_name(p);
            advance(p);
            keywords++;
        }
        item.pattern = parse_as_pattern(p);
        if (item.name == NULL && keywords > 0) {
            misplaced[0] = misplaced[0] == NULL ? item.pattern : misplaced[0];
            misplaced[1] = item.pattern;
        }
        list_push(p, item);
        if (!accept(p, TOK_COMMA)) {
            break;
        }
    }
    if (misplaced[0] != NULL) {
        error_range(p, misplaced[0]->pos, misplaced[1]->pos,
                    "positional patterns follow keyword patterns");
    }
    expect(p, TOK_RPAR);
    size_t count;
    const struct item *items = list_end_bytes(p, mark, sizeof(item), &count);
    struct ast_pattern *pattern = new_pattern(p, AST_PAT_CLASS, first);
    struct ast_pattern **all = arena_array(p->arena, struct ast_pattern *, count);
    struct ast_name **names = arena_array(p->arena, struct ast_name *, keywords);
    const size_t positional = count - keywords;
    for (size_t i = 0; i < count; i++) {
        all[i] = items[i].pattern;
        if (i >= positional) {
            names[i - positional] = items[i].name;
        }
    }
    pattern->class_.cls = cls;
    pattern->class_.patterns = (struct ast_patterns){all, positional};
    pattern->class_.kwd_attrs = (struct ast_names){names, keywords};
    pattern->class_.kwd_patterns =
        (struct ast_patterns){all == NULL ? NULL : all + positional, keywords};
    return pattern;
}

static struct ast_pattern *parse_name_pattern(struct parser *p)
{
    const uint32_t first = p->pos;
    const bool wildcard = is_wildcard(p);
    struct ast_expr *value = parse_dotted(p);
    if (at_kind(p, TOK_LPAR)) {
        return parse_class(p, first, value);
    }
    if (value->kind == AST_EXPR_ATTRIBUTE) {
        return value_pattern(p, first, value);
    }
    if (at_kind(p, TOK_ASSIGN)) {
        syntax_fail(p);
    }
    struct ast_pattern *pattern = new_pattern(p, AST_PAT_AS, first);
    pattern->as.name = wildcard ? NULL : value->name.id;
    return pattern;
}

static struct ast_pattern *parse_closed_pattern(struct parser *p)
{
    const uint32_t first = p->pos;
    switch (peek_kind(p)) {
    case TOK_NUMBER:
    case TOK_MINUS: {
        struct ast_expr *number = parse_number_value(p);
        return value_pattern(p, first, number);
    }
    case TOK_STRING: {
        struct ast_expr *string = parse_string_value(p);
        return value_pattern(p, first, string);
    }
    case TOK_NONE:
    case TOK_TRUE:
    case TOK_FALSE: {
        const enum ast_const_kind kind = parse_atom(p)->constant.kind;
        struct ast_pattern *pattern = new_pattern(p, AST_PAT_SINGLETON, first);
        pattern->singleton.value = kind;
        return pattern;
    }
    case TOK_NAME:
        return parse_name_pattern(p);
    case TOK_LPAR:
        return parse_paren_pattern(p);
    case TOK_LSQB:
        advance(p);
        return finish_sequence(p, first, TOK_RSQB, NULL);
    case TOK_LBRACE:
        return parse_mapping(p);
    default:
        syntax_fail(p);
    }
}

static struct ast_pattern *parse_or_pattern(struct parser *p)
{
    const uint32_t first = p->pos;
    enter(p);
    struct ast_pattern *pattern = parse_closed_pattern(p);
    leave(p);
    if (!at_kind(p, TOK_VBAR)) {
        return pattern;
    }
    const size_t mark = list_begin(p);
    list_push(p, pattern);
    while (accept(p, TOK_VBAR)) {
        pattern = parse_closed_pattern(p);
        list_push(p, pattern);
    }
    struct ast_patterns patterns = list_end_patterns(p, mark);
    pattern = new_pattern(p, AST_PAT_OR, first);
    pattern->or_.patterns = patterns;
    return pattern;
}

static struct ast_pattern *parse_as_pattern(struct parser *p)
{
    const uint32_t first = p->pos;
    struct ast_pattern *inner = parse_or_pattern(p);
    if (!accept(p, TOK_AS)) {
        return inner;
    }
    if (is_wildcard(p)) {
        error_token(p, p->pos, "cannot use '_' as a target");
    }
    if (!at_kind(p, TOK_NAME)) {
        if (p->diagnose) {
            const struct ast_expr *expr = parse_expression(p);
            error_expr(p, expr, "invalid pattern target");
        }
        syntax_fail(p);
    }
    struct ast_name *name = expect_name(p);
    if (at_kind(p, TOK_DOT) || at_kind(p, TOK_LPAR) || at_kind(p, TOK_ASSIGN)) {
        if (p->diagnose && !at_kind(p, TOK_ASSIGN)) {
            p->pos--;
            const struct ast_expr *expr = parse_expression(p);
            error_expr(p, expr, "invalid pattern target");
        }
        syntax_fail(p);
    }
    struct ast_pattern *pattern = new_pattern(p, AST_PAT_AS, first);
    pattern->as.pattern = inner;
    pattern->as.name = name;
    return pattern;
}

/* The pattern of a case: a, b without brackets is a sequence. */
static struct ast_pattern *parse_patterns(struct parser *p)
{
    const uint32_t first = p->pos;
    struct ast_pattern *item = parse_maybe_star(p);
    if (at_kind(p, TOK_COMMA) || item->kind == AST_PAT_STAR) {
        if (!at_kind(p, TOK_COMMA)) {
            syntax_fail(p);
        }
        return finish_sequence(p, first, TOK_COLON, item);
    }
    return item;
}

/* ---- the statement -------------------------------------------------------------------------- */

/* The subject; a trailing comma makes a tuple, and stars need one. */
static struct ast_expr *parse_subject(struct parser *p)
{
    const uint32_t first = p->pos;
    struct ast_expr *subject = parse_star_named_expression(p);
    if (!at_kind(p, TOK_COMMA)) {
        if (subject->kind == AST_EXPR_STARRED) {
            syntax_fail(p);
        }
        return subject;
    }
    const size_t mark = list_begin(p);
    list_push(p, subject);
    while (accept(p, TOK_COMMA) && !at_kind(p, TOK_COLON)) {
        subject = parse_star_named_expression(p);
        list_push(p, subject);
    }
    struct ast_exprs elts = list_end_exprs(p, mark);
    struct ast_expr *tuple = new_expr(p, AST_EXPR_TUPLE, pos_from(p, first));
    tuple->seq.elts = elts;
    return tuple;
}

/* `match SUBJECT:` and the line end, the cursor behind them. */
static void *rule_match_head(struct parser *p)
{
    const uint32_t keyword = advance(p);
    struct ast_expr *subject = parse_subject(p);
    if (p->diagnose && at_kind(p, TOK_NEWLINE)) {
        error_here(p, "expected ':'");
    }
    expect(p, TOK_COLON);
    expect(p, TOK_NEWLINE);
    if (p->diagnose && !at_kind(p, TOK_INDENT)) {
        error_indentation(p, "expected an indented block after 'match' statement on line %u",
                          p->at[keyword].line);
    }
    expect(p, TOK_INDENT);
    if (!at_name(p, p->names.case_)) {
        syntax_fail(p);
    }
    return subject;
}

static struct ast_match_case parse_case(struct parser *p)
{
    struct ast_match_case match_case = {NULL, NULL, {NULL, 0}};
    if (!at_name(p, p->names.case_)) {
        syntax_fail(p);
    }
    const uint32_t keyword = advance(p);
    match_case.pattern = parse_patterns(p);
    if (accept(p, TOK_IF)) {
        match_case.guard = parse_named_expression(p);
    }
    expect_colon(p);
    match_case.body = parse_block(p, keyword, "'case' statement");
    return match_case;
}

struct ast_stmt *parse_match(struct parser *p)
{
    const uint32_t first = p->pos;
    const enum token_kind next = peek2_kind(p);
    if (!starts_expression(next) && next != TOK_STAR) {
        return NULL;
    }
    struct ast_expr *subject = attempt(p, rule_match_head);
    if (subject == NULL) {
        return NULL;
    }
    const size_t mark = list_begin(p);
    while (!at_kind(p, TOK_DEDENT) && !at_kind(p, TOK_EOF)) {
        struct ast_match_case match_case = parse_case(p);
        list_push(p, match_case);
    }
    accept(p, TOK_DEDENT);
    struct ast_match_cases cases;
    cases.at = list_end_bytes(p, mark, sizeof(*cases.at), &cases.count);
    struct ast_stmt *stmt = new_stmt(p, AST_STMT_MATCH, first);
    stmt->match.subject = subject;
    stmt->match.cases = cases;
    return stmt;
}
