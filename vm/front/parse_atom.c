/*
 * The parts of expressions that begin with a token of their own: names, numbers, parentheses,
 * displays and comprehensions; and what stands between the parentheses of a call. Strings have a
 * file of their own (parse_string.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vm/front/parser_internal.h"

enum {
    MAX_DECIMAL_DIGITS = 4300, /* sys.int_info.default_max_str_digits */
};

/* ---- constants ------------------------------------------------------------------------------ */

static struct ast_expr *parse_singleton(struct parser *p, enum ast_const_kind kind)
{
    const uint32_t first = advance(p);
    struct ast_expr *expr = new_expr(p, AST_EXPR_CONSTANT, pos_of_token(p, first));
    expr->constant.kind = kind;
    return expr;
}

static unsigned digit_value(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 32) - 'a' + 10);
}

static void set_integer(struct parser *p, struct ast_const *constant, const char *digits,
                        size_t count, unsigned base)
{
    while (count > 1 && *digits == '0') {
        digits++;
        count--;
    }
    int64_t value = 0;
    bool fits = true;
    for (size_t i = 0; i < count && fits; i++) {
        fits = !__builtin_mul_overflow(value, (int64_t)base, &value) &&
               !__builtin_add_overflow(value, (int64_t)digit_value(digits[i]), &value);
    }
    if (base == 10 && count > MAX_DECIMAL_DIGITS) {
        error_token(p, p->pos - 1,
                    "Exceeds the limit (%d digits) for integer string conversion: value has %zu "
                    "digits; use sys.set_int_max_str_digits() to increase the limit - Consider "
                    "hexadecimal for huge integer literals to avoid decimal conversion limits.",
                    MAX_DECIMAL_DIGITS, count);
    }
    *constant = (struct ast_const){
        .kind = AST_CONST_INT,
        .integer = {.value = fits ? value : 0,
                    .digits = digits,
                    .digit_count = (uint32_t)count,
                    .base = (uint8_t)base,
                    .fits_i64 = fits},
    };
}

struct ast_expr *parse_number(struct parser *p)
{
    const uint32_t first = advance(p);
    const struct token *token = &p->at[first];
    struct ast_expr *expr = new_expr(p, AST_EXPR_CONSTANT, pos_of_token(p, first));
    const char *source = p->text + token->start;
    const size_t source_len = token->end - token->start;
    char *digits = arena_alloc(p->arena, source_len + 1);
    size_t len = 0;
    for (size_t i = 0; i < source_len; i++) {
        if (source[i] != '_') {
            digits[len++] = source[i];
        }
    }
    digits[len] = '\0';
    const char second = len > 1 ? (char)(digits[1] | 32) : '\0';
    if (digits[0] == '0' && (second == 'x' || second == 'o' || second == 'b')) {
        set_integer(p, &expr->constant, digits + 2, len - 2,
                    second == 'x'   ? 16
                    : second == 'o' ? 8
                                    : 2);
    } else if ((digits[len - 1] | 32) == 'j') {
        digits[len - 1] = '\0';
        expr->constant.kind = AST_CONST_COMPLEX;
        expr->constant.imag = strtod(digits, NULL);
    } else if (strpbrk(digits, ".eE") != NULL) {
        expr->constant.kind = AST_CONST_FLOAT;
        expr->constant.real = strtod(digits, NULL);
    } else {
        set_integer(p, &expr->constant, digits, len, 10);
    }
    return expr;
}

/* ---- comprehensions ------------------------------------------------------------------------- */

bool at_comprehension(const struct parser *p)
{
    return at_kind(p, TOK_FOR) || (at_kind(p, TOK_ASYNC) && peek2_kind(p) == TOK_FOR);
}

static void *rule_star_expressions(struct parser *p)
{
    return parse_star_expressions(p);
}

static void *rule_for_targets(struct parser *p)
{
    struct ast_expr *target = parse_target_list(p);
    make_target(p, target, TARGET_FOR);
    expect(p, TOK_IN);
    return target;
}

struct ast_expr *parse_for_targets(struct parser *p)
{
    const uint32_t start = p->pos;
    struct ast_expr *target = attempt(p, rule_for_targets);
    if (target != NULL) {
        return target;
    }
    if (p->diagnose) {
        struct ast_expr *all = attempt(p, rule_star_expressions);
        if (all != NULL) {
            error_if_invalid_target(p, all, TARGET_FOR);
        }
        p->pos = start;
    }
    return rule_for_targets(p); /* fails again */
}

struct ast_comprehensions parse_for_if_clauses(struct parser *p)
{
    const size_t mark = list_begin(p);
    do {
        struct ast_comprehension clause = {.is_async = accept(p, TOK_ASYNC)};
        expect(p, TOK_FOR);
        clause.target = parse_for_targets(p);
        clause.iter = parse_disjunction(p);
        const size_t ifs = list_begin(p);
        while (accept(p, TOK_IF)) {
            struct ast_expr *test = parse_disjunction(p);
            list_push(p, test);
        }
        clause.ifs = list_end_exprs(p, ifs);
        list_push(p, clause);
    } while (at_comprehension(p));
    struct ast_comprehensions clauses;
    clauses.at = list_end_bytes(p, mark, sizeof(*clauses.at), &clauses.count);
    return clauses;
}

/* The rest of a comprehension whose element is parsed, up to and over the closing bracket. */
static struct ast_expr *finish_comp(struct parser *p, uint32_t first, enum ast_expr_kind kind,
                                    struct ast_expr *element, struct ast_expr *value,
                                    enum token_kind close)
{
    if (element->kind == AST_EXPR_STARRED) {
        parse_for_if_clauses(p);
        error_expr(p, element, "iterable unpacking cannot be used in comprehension");
    }
    struct ast_comprehensions generators = parse_for_if_clauses(p);
    expect(p, close);
    struct ast_expr *expr = new_expr(p, kind, pos_from(p, first));
    expr->comp.element = element;
    expr->comp.value = value;
    expr->comp.generators = generators;
    return expr;
}

static void *rule_for_if_clauses(struct parser *p)
{
    struct ast_comprehensions *clauses = arena_new(p->arena, struct ast_comprehensions);
    *clauses = parse_for_if_clauses(p);
    return clauses;
}

/* [a, b for ...]: when clauses follow a list of elements. */
static void error_if_comp_over_tuple(struct parser *p, const struct ast_exprs *elts, uint32_t comma)
{
    if (!p->diagnose || !at_comprehension(p) || attempt(p, rule_for_if_clauses) == NULL) {
        return;
    }
    const struct ast_pos end =
        elts->count > 1 ? elts->at[elts->count - 1]->pos : pos_of_token(p, comma);
    error_range(p, elts->at[0]->pos, end,
                "did you forget parentheses around the comprehension target?");
}

/* ---- parentheses, lists, sets --------------------------------------------------------------- */

/*
 * The elements behind the first one, up to (not over) the closing bracket: `first` is on its own
 * when no comma follows.
 */
static struct ast_exprs parse_elements(struct parser *p, struct ast_expr *first,
                                       enum token_kind close)
{
    const size_t mark = list_begin(p);
    uint32_t comma = p->pos;
    list_push(p, first);
    while (at_kind(p, TOK_COMMA)) {
        comma = advance(p);
        if (at_kind(p, close) || at_comprehension(p)) {
            break;
        }
        struct ast_expr *next = parse_star_named_expression(p);
        list_push(p, next);
    }
    struct ast_exprs elts = list_end_exprs(p, mark);
    if (close != TOK_RPAR) {
        error_if_comp_over_tuple(p, &elts, comma);
    }
    return elts;
}

static struct ast_expr *finish_seq(struct parser *p, uint32_t first, enum ast_expr_kind kind,
                                   struct ast_exprs elts, enum token_kind close)
{
    expect(p, close);
    struct ast_expr *expr = new_expr(p, kind, pos_from(p, first));
    if (kind == AST_EXPR_SET) {
        expr->set.elts = elts;
    } else {
        expr->seq.elts = elts;
    }
    return expr;
}

static struct ast_expr *parse_group(struct parser *p)
{
    const uint32_t first = advance(p);
    if (at_kind(p, TOK_RPAR)) {
        return finish_seq(p, first, AST_EXPR_TUPLE, (struct ast_exprs){0}, TOK_RPAR);
    }
    if (p->diagnose && at_kind(p, TOK_DOUBLESTAR)) {
        const uint32_t stars = advance(p);
        parse_expression(p);
        if (at_kind(p, TOK_RPAR)) {
            error_token(p, stars, "cannot use double starred expression here");
        }
        syntax_fail(p);
    }
    struct ast_expr *inner =
        at_kind(p, TOK_YIELD) ? parse_yield_expr(p) : parse_star_named_expression(p);
    const bool is_yield = inner->kind == AST_EXPR_YIELD || inner->kind == AST_EXPR_YIELD_FROM;
    if (!is_yield || inner->paren != 0) {
        if (at_comprehension(p)) {
            return finish_comp(p, first, AST_EXPR_GENERATOR, inner, NULL, TOK_RPAR);
        }
        if (at_kind(p, TOK_COMMA)) {
            struct ast_exprs elts = parse_elements(p, inner, TOK_RPAR);
            return finish_seq(p, first, AST_EXPR_TUPLE, elts, TOK_RPAR);
        }
        if (inner->kind == AST_EXPR_STARRED) {
            if (p->diagnose && at_kind(p, TOK_RPAR)) {
                error_expr(p, inner, "cannot use starred expression here");
            }
            syntax_fail(p);
        }
    }
    expect(p, TOK_RPAR);
    inner->paren = 1;
    return inner;
}

static struct ast_expr *parse_list(struct parser *p)
{
    const uint32_t first = advance(p);
    if (at_kind(p, TOK_RSQB)) {
        return finish_seq(p, first, AST_EXPR_LIST, (struct ast_exprs){0}, TOK_RSQB);
    }
    struct ast_expr *element = parse_star_named_expression(p);
    if (at_comprehension(p)) {
        return finish_comp(p, first, AST_EXPR_LISTCOMP, element, NULL, TOK_RSQB);
    }
    struct ast_exprs elts = parse_elements(p, element, TOK_RSQB);
    return finish_seq(p, first, AST_EXPR_LIST, elts, TOK_RSQB);
}

/* ---- dictionaries --------------------------------------------------------------------------- */

struct dict_item {
    struct ast_expr *key; /* NULL: **value */
    struct ast_expr *value;
};

/* The value behind the colon of a key. */
static struct ast_expr *parse_dict_value(struct parser *p)
{
    const uint32_t colon = expect(p, TOK_COLON);
    if (p->diagnose && at_kind(p, TOK_STAR)) {
        const uint32_t star = advance(p);
        parse_bitor(p);
        error_starting(p, pos_of_token(p, star),
                       "cannot use a starred expression in a dictionary value");
    }
    if (p->diagnose && (at_kind(p, TOK_RBRACE) || at_kind(p, TOK_COMMA))) {
        error_token(p, colon, "expression expected after dictionary key and ':'");
    }
    return parse_expression(p);
}

static struct dict_item parse_dict_item(struct parser *p)
{
    if (accept(p, TOK_DOUBLESTAR)) {
        return (struct dict_item){.value = parse_bitor(p)};
    }
    struct ast_expr *key = parse_expression(p);
    if (p->diagnose && !at_kind(p, TOK_COLON)) {
        const struct ast_pos last = {.line = key->pos.line, .col = key->pos.end_col - 1};
        error_range(p, last, last, "':' expected after dictionary key");
    }
    return (struct dict_item){.key = key, .value = parse_dict_value(p)};
}

/* A dict whose first item is known, at the token behind that item. */
static struct ast_expr *parse_dict_rest(struct parser *p, uint32_t first, struct dict_item item)
{
    const size_t mark = list_begin(p);
    list_push(p, item);
    while (accept(p, TOK_COMMA) && !at_kind(p, TOK_RBRACE)) {
        item = parse_dict_item(p);
        list_push(p, item);
    }
    size_t count;
    const struct dict_item *items = list_end_bytes(p, mark, sizeof(item), &count);
    expect(p, TOK_RBRACE);
    struct ast_expr *expr = new_expr(p, AST_EXPR_DICT, pos_from(p, first));
    expr->dict.count = count;
    expr->dict.keys = arena_array(p->arena, struct ast_expr *, count);
    expr->dict.values = arena_array(p->arena, struct ast_expr *, count);
    for (size_t i = 0; i < count; i++) {
        expr->dict.keys[i] = items[i].key;
        expr->dict.values[i] = items[i].value;
    }
    return expr;
}

static struct ast_expr *parse_braces(struct parser *p)
{
    const uint32_t first = advance(p);
    if (accept(p, TOK_RBRACE)) {
        return new_expr(p, AST_EXPR_DICT, pos_from(p, first));
    }
    if (at_kind(p, TOK_DOUBLESTAR)) {
        const uint32_t stars = p->pos;
        const struct dict_item item = parse_dict_item(p);
        if (at_comprehension(p)) {
            parse_for_if_clauses(p);
            error_token(p, stars, "dict unpacking cannot be used in dict comprehension");
        }
        return parse_dict_rest(p, first, item);
    }
    struct ast_expr *element = parse_star_named_expression(p);
    const bool may_be_key = element->kind != AST_EXPR_STARRED &&
                            (element->kind != AST_EXPR_NAMED || element->paren != 0);
    if (at_kind(p, TOK_COLON) && may_be_key) {
        struct ast_expr *value = parse_dict_value(p);
        if (at_comprehension(p)) {
            return finish_comp(p, first, AST_EXPR_DICTCOMP, element, value, TOK_RBRACE);
        }
        return parse_dict_rest(p, first, (struct dict_item){element, value});
    }
    if (at_comprehension(p)) {
        return finish_comp(p, first, AST_EXPR_SETCOMP, element, NULL, TOK_RBRACE);
    }
    struct ast_exprs elts = parse_elements(p, element, TOK_RBRACE);
    return finish_seq(p, first, AST_EXPR_SET, elts, TOK_RBRACE);
}

/* ---- atoms ---------------------------------------------------------------------------------- */

struct ast_expr *parse_atom(struct parser *p)
{
    switch (peek_kind(p)) {
    case TOK_NAME:
        return parse_name(p);
    case TOK_NUMBER:
        return parse_number(p);
    case TOK_STRING:
        return parse_strings(p);
    case TOK_LPAR:
        return parse_group(p);
    case TOK_LSQB:
        return parse_list(p);
    case TOK_LBRACE:
        return parse_braces(p);
    case TOK_NONE:
        return parse_singleton(p, AST_CONST_NONE);
    case TOK_TRUE:
        return parse_singleton(p, AST_CONST_TRUE);
    case TOK_FALSE:
        return parse_singleton(p, AST_CONST_FALSE);
    case TOK_ELLIPSIS:
        return parse_singleton(p, AST_CONST_ELLIPSIS);
    default:
        syntax_fail(p);
    }
}

/* ---- calls ---------------------------------------------------------------------------------- */

struct call_state {
    size_t args_mark;
    struct ast_keywords keywords;
    size_t keyword_capacity;
    size_t arg_count;
    uint32_t first;       /* first token of the arguments */
    bool unpacked;        /* a **mapping was seen */
    bool misplaced;       /* a positional argument stands behind a keyword */
    bool allow_generator; /* f(x for x in y): not in a class */
};

static void push_keyword(struct parser *p, struct call_state *call, struct ast_keyword keyword)
{
    if (call->keywords.count == call->keyword_capacity) {
        const size_t capacity = call->keyword_capacity == 0 ? 4 : call->keyword_capacity * 2;
        struct ast_keyword *at = arena_array(p->arena, struct ast_keyword, capacity);
        if (call->keywords.count > 0) {
            memcpy(at, call->keywords.at, call->keywords.count * sizeof(*at));
        }
        call->keywords.at = at;
        call->keyword_capacity = capacity;
    }
    call->keywords.at[call->keywords.count++] = keyword;
}

static void push_arg(struct parser *p, struct call_state *call, struct ast_expr *arg)
{
    list_push(p, arg);
    call->arg_count++;
}

/* Second pass: `True=`, `a.b=`, `a=x for ...` in a call. */
static void diagnose_kwarg(struct parser *p)
{
    const uint32_t start = p->pos;
    const enum token_kind kind = peek_kind(p);
    const bool assigned = peek2_kind(p) == TOK_ASSIGN;
    if (assigned && (kind == TOK_TRUE || kind == TOK_FALSE || kind == TOK_NONE)) {
        error_range(p, pos_of_token(p, start), pos_of_token(p, start + 1), "cannot assign to %s",
                    token_text(kind));
    }
    if (assigned && kind == TOK_NAME) {
        p->pos += 2;
        parse_expression(p);
        if (at_comprehension(p) && attempt(p, rule_for_if_clauses) != NULL) {
            error_range(p, pos_of_token(p, start), pos_of_token(p, start + 1),
                        "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
        }
    } else {
        struct ast_expr *expr = parse_expression(p);
        if (at_kind(p, TOK_ASSIGN)) {
            error_range(p, expr->pos, pos_of_token(p, p->pos),
                        "expression cannot contain assignment, perhaps you meant \"==\"?");
        }
    }
    p->pos = start;
}

/* A generator expression as an argument among others, or the only one. */
static struct ast_expr *parse_bare_generator(struct parser *p, struct call_state *call,
                                             uint32_t lpar, struct ast_expr *element)
{
    const bool alone = call->arg_count == 0 && call->keywords.count == 0;
    if (element->kind == AST_EXPR_STARRED || !call->allow_generator) {
        syntax_fail(p);
    }
    struct ast_comprehensions generators = parse_for_if_clauses(p);
    if (!alone || !at_kind(p, TOK_RPAR)) {
        const struct ast_comprehension *last = &generators.at[generators.count - 1];
        const struct ast_expr *end =
            last->ifs.count > 0 ? last->ifs.at[last->ifs.count - 1] : last->iter;
        if (p->diagnose && (at_kind(p, TOK_COMMA) || !alone)) {
            error_range(p, element->pos, end->pos, "Generator expression must be parenthesized");
        }
        syntax_fail(p);
    }
    struct ast_expr *expr = new_expr(p, AST_EXPR_GENERATOR, pos_of_token(p, lpar));
    expr->pos.end_line = pos_of_token(p, p->pos).end_line;
    expr->pos.end_col = pos_of_token(p, p->pos).end_col;
    expr->comp.element = element;
    expr->comp.generators = generators;
    return expr;
}

static void parse_argument(struct parser *p, struct call_state *call, uint32_t lpar)
{
    const uint32_t first = p->pos;
    if (accept(p, TOK_STAR)) {
        const bool broken =
            p->diagnose && p->pos > call->first + 1 && !starts_expression(peek_kind(p));
        if (call->unpacked || broken) {
            const struct ast_pos from = pos_of_token(p, call->first);
            error_range(p, from, pos_of_token(p, first - 2),
                        "iterable argument unpacking follows keyword argument unpacking");
        }
        struct ast_expr *value = parse_expression(p);
        struct ast_expr *starred = new_expr(p, AST_EXPR_STARRED, pos_from(p, first));
        starred->starred.value = value;
        push_arg(p, call, starred);
        return;
    }
    if (accept(p, TOK_DOUBLESTAR)) {
        struct ast_expr *value = parse_expression(p);
        call->unpacked = true;
        push_keyword(p, call, (struct ast_keyword){NULL, value, pos_from(p, first)});
        return;
    }
    if (at_kind(p, TOK_NAME) && peek2_kind(p) == TOK_ASSIGN) {
        if (p->diagnose) {
            diagnose_kwarg(p);
        }
        struct ast_name *name = expect_name(p);
        advance(p);
        struct ast_expr *value = parse_expression(p);
        push_keyword(p, call, (struct ast_keyword){name, value, pos_from(p, first)});
        return;
    }
    if (p->diagnose && !(at_kind(p, TOK_NAME) && peek2_kind(p) == TOK_WALRUS)) {
        diagnose_kwarg(p);
    }
    struct ast_expr *arg = at_kind(p, TOK_NAME) && peek2_kind(p) == TOK_WALRUS
                               ? parse_named_expression(p)
                               : parse_expression(p);
    if (at_kind(p, TOK_WALRUS)) {
        parse_named_expression(p); /* for its message */
        syntax_fail(p);
    }
    if (at_comprehension(p)) {
        arg = parse_bare_generator(p, call, lpar, arg);
    }
    if (call->keywords.count > 0) {
        call->misplaced = true;
        if (!p->diagnose) {
            syntax_fail(p);
        }
    }
    push_arg(p, call, arg);
}

void parse_arguments(struct parser *p, uint32_t lpar, bool allow_generator, struct ast_exprs *args,
                     struct ast_keywords *keywords)
{
    struct call_state call = {
        .args_mark = list_begin(p),
        .first = p->pos,
        .allow_generator = allow_generator,
    };
    while (!at_kind(p, TOK_RPAR)) {
        parse_argument(p, &call, lpar);
        if (!accept(p, TOK_COMMA)) {
            break;
        }
    }
    if (call.misplaced) {
        error_here(p, call.unpacked ? "positional argument follows keyword argument unpacking"
                                    : "positional argument follows keyword argument");
    }
    expect(p, TOK_RPAR);
    *args = list_end_exprs(p, call.args_mark);
    *keywords = call.keywords;
}
