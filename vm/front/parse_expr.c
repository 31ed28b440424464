/*
 * Expressions, from the loosest binding (tuples without parentheses) to the tightest (await,
 * power), one function per level that has a shape of its own; the binary arithmetic operators share
 * one loop with a table of strengths. Atoms and what follows them are in parse_atom.c.
 *
 *   star_expressions   a, *b
 *   named_expression   x := e
 *   expression         a if c else b, lambda
 *   disjunction        or, then and, then not
 *   comparison         < in is ...
 *   binary             | ^ & << >> + - * / // % @
 *   unary              + - ~, then **, then await
 */
#include "vm/front/parser_internal.h"

/* ---- nodes ---------------------------------------------------------------------------------- */

struct ast_expr *new_expr(struct parser *p, enum ast_expr_kind kind, struct ast_pos pos)
{
    struct ast_expr *expr = arena_new(p->arena, struct ast_expr);
    expr->kind = kind;
    expr->pos = pos;
    return expr;
}

bool starts_expression(enum token_kind kind)
{
    static const bool starts[TOK_COUNT] = {
        [TOK_NAME] = true,  [TOK_NUMBER] = true, [TOK_STRING] = true, [TOK_LPAR] = true,
        [TOK_LSQB] = true,  [TOK_LBRACE] = true, [TOK_MINUS] = true,  [TOK_PLUS] = true,
        [TOK_TILDE] = true, [TOK_NOT] = true,    [TOK_LAMBDA] = true, [TOK_AWAIT] = true,
        [TOK_NONE] = true,  [TOK_TRUE] = true,   [TOK_FALSE] = true,  [TOK_ELLIPSIS] = true,
    };
    return starts[kind];
}

struct ast_expr *parse_name(struct parser *p)
{
    const uint32_t first = p->pos;
    struct ast_name *id = expect_name(p);
    struct ast_expr *expr = new_expr(p, AST_EXPR_NAME, pos_of_token(p, first));
    expr->name.id = id;
    return expr;
}

static struct ast_expr *new_unary(struct parser *p, uint32_t first, enum ast_unaryop op,
                                  struct ast_expr *operand)
{
    struct ast_expr *expr = new_expr(p, AST_EXPR_UNARYOP, pos_from(p, first));
    expr->unaryop.op = op;
    expr->unaryop.operand = operand;
    return expr;
}

static struct ast_expr *new_binop(struct parser *p, uint32_t first, struct ast_expr *left,
                                  enum ast_binop op, struct ast_expr *right)
{
    struct ast_expr *expr = new_expr(p, AST_EXPR_BINOP, pos_from(p, first));
    expr->binop.op = op;
    expr->binop.left = left;
    expr->binop.right = right;
    return expr;
}

/* ---- arithmetic ----------------------------------------------------------------------------- */

static struct ast_expr *parse_primary(struct parser *p);

static struct ast_expr *parse_unary(struct parser *p)
{
    const uint32_t first = p->pos;
    enum ast_unaryop op;
    switch (peek_kind(p)) {
    case TOK_MINUS:
        op = AST_UNARY_USUB;
        break;
    case TOK_PLUS:
        op = AST_UNARY_UADD;
        break;
    case TOK_TILDE:
        op = AST_UNARY_INVERT;
        break;
    default: {
        struct ast_expr *base = parse_primary(p);
        if (!at_kind(p, TOK_DOUBLESTAR)) {
            return base;
        }
        advance(p);
        enter(p);
        struct ast_expr *exponent = parse_unary(p);
        leave(p);
        return new_binop(p, first, base, AST_BIN_POW, exponent);
    }
    }
    advance(p);
    enter(p);
    struct ast_expr *operand = parse_unary(p);
    leave(p);
    return new_unary(p, first, op, operand);
}

struct binary_operator {
    uint8_t strength; /* 0: not a binary operator */
    uint8_t op;       /* enum ast_binop */
};

static const struct binary_operator binary_operators[TOK_COUNT] = {
    [TOK_VBAR] = {1, AST_BIN_BITOR},    [TOK_CARET] = {2, AST_BIN_BITXOR},
    [TOK_AMPER] = {3, AST_BIN_BITAND},  [TOK_LSHIFT] = {4, AST_BIN_LSHIFT},
    [TOK_RSHIFT] = {4, AST_BIN_RSHIFT}, [TOK_PLUS] = {5, AST_BIN_ADD},
    [TOK_MINUS] = {5, AST_BIN_SUB},     [TOK_STAR] = {6, AST_BIN_MULT},
    [TOK_SLASH] = {6, AST_BIN_DIV},     [TOK_DOUBLESLASH] = {6, AST_BIN_FLOORDIV},
    [TOK_PERCENT] = {6, AST_BIN_MOD},   [TOK_AT] = {6, AST_BIN_MATMULT},
};

/* Operators at least as strong as `strength`. A long chain builds a deep tree by iteration. */
static struct ast_expr *parse_binary(struct parser *p, unsigned strength)
{
    const uint32_t first = p->pos;
    struct ast_expr *left = parse_unary(p);
    for (;;) {
        const struct binary_operator op = binary_operators[peek_kind(p)];
        if (op.strength < strength || op.strength == 0) {
            return left;
        }
        advance(p);
        left = new_binop(p, first, left, (enum ast_binop)op.op, parse_binary(p, op.strength + 1u));
    }
}

struct ast_expr *parse_bitor(struct parser *p)
{
    enter(p);
    struct ast_expr *expr = parse_binary(p, 1);
    leave(p);
    return expr;
}

/* ---- comparison, not, and, or --------------------------------------------------------------- */

/* Steps over a comparison operator; false when there is none. */
static bool accept_cmpop(struct parser *p, enum ast_cmpop *op)
{
    switch (peek_kind(p)) {
    case TOK_EQ:
        *op = AST_CMP_EQ;
        break;
    case TOK_NE:
        if (p->text[peek(p)->start] == '<') {
            return false; /* <> is Python 2 */
        }
        *op = AST_CMP_NOTEQ;
        break;
    case TOK_LT:
        *op = AST_CMP_LT;
        break;
    case TOK_LE:
        *op = AST_CMP_LTE;
        break;
    case TOK_GT:
        *op = AST_CMP_GT;
        break;
    case TOK_GE:
        *op = AST_CMP_GTE;
        break;
    case TOK_IN:
        *op = AST_CMP_IN;
        break;
    case TOK_IS:
        *op = AST_CMP_IS;
        if (peek2_kind(p) == TOK_NOT) {
            advance(p);
            *op = AST_CMP_ISNOT;
        }
        break;
    case TOK_NOT:
        if (peek2_kind(p) != TOK_IN) {
            return false;
        }
        advance(p);
        *op = AST_CMP_NOTIN;
        break;
    default:
        return false;
    }
    advance(p);
    return true;
}

static struct ast_expr *parse_comparison(struct parser *p)
{
    const uint32_t first = p->pos;
    struct ast_expr *left = parse_binary(p, 1);
    enum ast_cmpop op;
    if (!accept_cmpop(p, &op)) {
        return left;
    }
    struct ast_expr *first_right = parse_binary(p, 1);
    enum ast_cmpop *ops = NULL;
    struct ast_exprs comparators = {.at = NULL, .count = 1};
    enum ast_cmpop op2;
    if (accept_cmpop(p, &op2)) {
        /* Operator and operand in pairs on the scratch stack. */
        struct pair {
            struct ast_expr *right;
            enum ast_cmpop op;
        } pair = {first_right, op};
        const size_t mark = list_begin(p);
        list_push(p, pair);
        do {
            pair.right = parse_binary(p, 1);
            pair.op = op2;
            list_push(p, pair);
        } while (accept_cmpop(p, &op2));
        size_t count;
        const struct pair *pairs = list_end_bytes(p, mark, sizeof(pair), &count);
        ops = arena_array(p->arena, enum ast_cmpop, count);
        comparators = (struct ast_exprs){arena_array(p->arena, struct ast_expr *, count), count};
        for (size_t i = 0; i < count; i++) {
            ops[i] = pairs[i].op;
            comparators.at[i] = pairs[i].right;
        }
    } else {
        ops = arena_new(p->arena, enum ast_cmpop);
        ops[0] = op;
        comparators.at = arena_new(p->arena, struct ast_expr *);
        comparators.at[0] = first_right;
    }
    struct ast_expr *expr = new_expr(p, AST_EXPR_COMPARE, pos_from(p, first));
    expr->compare.left = left;
    expr->compare.ops = ops;
    expr->compare.comparators = comparators;
    return expr;
}

static struct ast_expr *parse_inversion(struct parser *p)
{
    if (!at_kind(p, TOK_NOT)) {
        return parse_comparison(p);
    }
    const uint32_t first = advance(p);
    enter(p);
    struct ast_expr *operand = parse_inversion(p);
    leave(p);
    return new_unary(p, first, AST_UNARY_NOT, operand);
}

/* The rest of `first op b op c`, when the operator `kind` follows. */
static struct ast_expr *parse_bool_chain(struct parser *p, uint32_t start, struct ast_expr *first,
                                         enum token_kind kind, enum ast_boolop op,
                                         struct ast_expr *(*operand)(struct parser *))
{
    const size_t mark = list_begin(p);
    list_push(p, first);
    while (accept(p, kind)) {
        struct ast_expr *next = operand(p);
        list_push(p, next);
    }
    struct ast_exprs values = list_end_exprs(p, mark);
    struct ast_expr *expr = new_expr(p, AST_EXPR_BOOLOP, pos_from(p, start));
    expr->boolop.op = op;
    expr->boolop.values = values;
    return expr;
}

static struct ast_expr *parse_conjunction(struct parser *p)
{
    const uint32_t start = p->pos;
    struct ast_expr *first = parse_inversion(p);
    return at_kind(p, TOK_AND)
               ? parse_bool_chain(p, start, first, TOK_AND, AST_BOOL_AND, parse_inversion)
               : first;
}

struct ast_expr *parse_disjunction(struct parser *p)
{
    enter(p);
    const uint32_t start = p->pos;
    struct ast_expr *expr = parse_conjunction(p);
    if (at_kind(p, TOK_OR)) {
        expr = parse_bool_chain(p, start, expr, TOK_OR, AST_BOOL_OR, parse_conjunction);
    }
    leave(p);
    return expr;
}

/* ---- expression ----------------------------------------------------------------------------- */

/*
 * The second pass looks for mistakes once at each place. Without this the attempts, which nest,
 * would take time exponential in the depth of brackets.
 */
enum {
    VISITED_EXPRESSION = 1,
    VISITED_NAMED = 2,
};

static bool first_visit(struct parser *p, uint8_t mark)
{
    struct token *token = &p->at[p->pos];
    const bool first = (token->visited & mark) == 0;
    token->visited |= mark;
    return first;
}

static void *rule_star_expressions(struct parser *p)
{
    return parse_star_expressions(p);
}

/* An expression, without looking for mistakes inside it. */
static void *rule_expression_quietly(struct parser *p)
{
    p->no_invalid = true; /* attempt() restores it */
    return parse_expression(p);
}

static void *rule_disjunction(struct parser *p)
{
    return parse_disjunction(p);
}

static void *attempt_quiet_expression(struct parser *p)
{
    const bool saved = p->no_invalid;
    void *result = attempt(p, rule_expression_quietly);
    p->no_invalid = saved;
    return result;
}

static bool is_legacy_statement(const struct parser *p, const struct ast_expr *expr)
{
    return expr->kind == AST_EXPR_NAME &&
           (expr->name.id == p->names.print || expr->name.id == p->names.exec);
}

/*
 * Second pass only, in front of an expression: two expressions side by side, a conditional without
 * its else, a print statement. The cursor stays where it is.
 */
static void diagnose_expression(struct parser *p)
{
    const uint32_t start = p->pos;
    const enum token_kind kind = peek_kind(p);
    const bool soft =
        kind == TOK_NAME && (peek(p)->name == p->names.match || peek(p)->name == p->names.case_ ||
                             peek(p)->name == p->names.underscore);
    struct ast_expr *a = NULL;
    if (!(kind == TOK_NAME && peek2_kind(p) == TOK_STRING) && !soft) {
        a = attempt(p, rule_disjunction);
        if (a != NULL) {
            struct ast_expr *b = attempt_quiet_expression(p);
            if (b != NULL && !is_legacy_statement(p, a) && p->at[p->pos - 1].level > 0) {
                error_range(p, a->pos, b->pos, "invalid syntax. Perhaps you forgot a comma?");
            }
        }
    }
    p->pos = start;
    a = attempt(p, rule_disjunction);
    if (a != NULL && accept(p, TOK_IF)) {
        struct ast_expr *b = attempt(p, rule_disjunction);
        if (b != NULL && !at_kind(p, TOK_ELSE) && !at_kind(p, TOK_COLON)) {
            error_range(p, a->pos, b->pos, "expected 'else' after 'if' expression");
        }
    }
    p->pos = start;
    if (kind == TOK_NAME && peek2_kind(p) != TOK_LPAR) {
        a = parse_name(p);
        if (is_legacy_statement(p, a)) {
            struct ast_expr *b = attempt(p, rule_star_expressions);
            if (b != NULL) {
                error_range(p, a->pos, b->pos,
                            "Missing parentheses in call to '%s'. Did you mean %s(...)?",
                            a->name.id->text, a->name.id->text);
            }
        }
    }
    p->pos = start;
}

struct ast_expr *parse_lambda(struct parser *p)
{
    const uint32_t first = expect(p, TOK_LAMBDA);
    struct ast_args *args = parse_params(p, TOK_COLON, true);
    expect(p, TOK_COLON);
    struct ast_expr *body = parse_expression(p);
    struct ast_expr *expr = new_expr(p, AST_EXPR_LAMBDA, pos_from(p, first));
    expr->lambda.args = args;
    expr->lambda.body = body;
    return expr;
}

struct ast_expr *parse_expression(struct parser *p)
{
    enter(p);
    const uint32_t first = p->pos;
    if (p->diagnose && !p->no_invalid && first_visit(p, VISITED_EXPRESSION)) {
        diagnose_expression(p);
    }
    struct ast_expr *expr;
    if (at_kind(p, TOK_LAMBDA)) {
        expr = parse_lambda(p);
    } else {
        expr = parse_disjunction(p);
        if (accept(p, TOK_IF)) {
            struct ast_expr *body = expr;
            struct ast_expr *test = parse_disjunction(p);
            expect(p, TOK_ELSE);
            struct ast_expr *orelse = parse_expression(p);
            expr = new_expr(p, AST_EXPR_IF, pos_from(p, first));
            expr->if_.test = test;
            expr->if_.body = body;
            expr->if_.orelse = orelse;
        }
    }
    leave(p);
    return expr;
}

static void *rule_expression(struct parser *p)
{
    return parse_expression(p);
}

static void *rule_bitor(struct parser *p)
{
    return parse_bitor(p);
}

/* Second pass only: assignments where an expression stands, and := with a bad target. */
static void diagnose_named(struct parser *p)
{
    const uint32_t start = p->pos;
    struct ast_expr *a = attempt(p, rule_expression);
    if (a != NULL && accept(p, TOK_WALRUS) && attempt(p, rule_expression) != NULL) {
        error_expr(p, a, "cannot use assignment expressions with %s", expr_noun(a));
    }
    p->pos = start;
    if (p->is_expression && start == 0 && at_kind(p, TOK_NAME) && peek2_kind(p) == TOK_ASSIGN) {
        return; /* eval("x = 1") is plainly wrong */
    }
    if (at_kind(p, TOK_NAME) && peek2_kind(p) == TOK_ASSIGN) {
        a = parse_name(p);
        advance(p);
        struct ast_expr *b = attempt(p, rule_bitor);
        if (b != NULL && !at_kind(p, TOK_ASSIGN) && !at_kind(p, TOK_WALRUS)) {
            error_range(p, a->pos, b->pos,
                        "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
        }
    }
    p->pos = start;
    a = attempt(p, rule_bitor);
    const bool named = a != NULL && a->kind != AST_EXPR_LIST && a->kind != AST_EXPR_TUPLE &&
                       a->kind != AST_EXPR_GENERATOR &&
                       !(a->kind == AST_EXPR_CONSTANT && a->constant.kind <= AST_CONST_FALSE);
    if (named && accept(p, TOK_ASSIGN)) {
        struct ast_expr *b = attempt(p, rule_bitor);
        if (b != NULL && !at_kind(p, TOK_ASSIGN) && !at_kind(p, TOK_WALRUS)) {
            error_expr(p, a, "cannot assign to %s here. Maybe you meant '==' instead of '='?",
                       expr_noun(a));
        }
    }
    p->pos = start;
}

struct ast_expr *parse_named_expression(struct parser *p)
{
    if (at_kind(p, TOK_NAME) && peek2_kind(p) == TOK_WALRUS) {
        const uint32_t first = p->pos;
        struct ast_expr *target = parse_name(p);
        target->name.ctx = AST_STORE;
        advance(p);
        struct ast_expr *value = parse_expression(p);
        struct ast_expr *expr = new_expr(p, AST_EXPR_NAMED, pos_from(p, first));
        expr->named.target = target;
        expr->named.value = value;
        return expr;
    }
    if (p->diagnose && !p->no_invalid && first_visit(p, VISITED_NAMED)) {
        diagnose_named(p);
    }
    struct ast_expr *expr = parse_expression(p);
    if (at_kind(p, TOK_WALRUS)) {
        syntax_fail(p);
    }
    return expr;
}

/* ---- tuples without parentheses ------------------------------------------------------------- */

static struct ast_expr *parse_starred(struct parser *p)
{
    const uint32_t first = expect(p, TOK_STAR);
    struct ast_expr *value = parse_bitor(p);
    struct ast_expr *expr = new_expr(p, AST_EXPR_STARRED, pos_from(p, first));
    expr->starred.value = value;
    return expr;
}

struct ast_expr *parse_star_named_expression(struct parser *p)
{
    return at_kind(p, TOK_STAR) ? parse_starred(p) : parse_named_expression(p);
}

struct ast_expr *parse_star_expression(struct parser *p)
{
    return at_kind(p, TOK_STAR) ? parse_starred(p) : parse_expression(p);
}

/* The rest of a tuple without parentheses, at the comma behind its first element. */
static struct ast_expr *parse_tuple_rest(struct parser *p, uint32_t start, struct ast_expr *first,
                                         struct ast_expr *(*element)(struct parser *))
{
    const size_t mark = list_begin(p);
    list_push(p, first);
    while (accept(p, TOK_COMMA)) {
        if (!starts_expression(peek_kind(p)) && !at_kind(p, TOK_STAR)) {
            break;
        }
        struct ast_expr *next = element(p);
        list_push(p, next);
    }
    struct ast_exprs elts = list_end_exprs(p, mark);
    struct ast_expr *expr = new_expr(p, AST_EXPR_TUPLE, pos_from(p, start));
    expr->seq.elts = elts;
    return expr;
}

struct ast_expr *parse_star_expressions(struct parser *p)
{
    const uint32_t start = p->pos;
    struct ast_expr *first = parse_star_expression(p);
    return at_kind(p, TOK_COMMA) ? parse_tuple_rest(p, start, first, parse_star_expression) : first;
}

static struct ast_expr *parse_target(struct parser *p)
{
    return at_kind(p, TOK_STAR) ? parse_starred(p) : parse_bitor(p);
}

struct ast_expr *parse_target_list(struct parser *p)
{
    const uint32_t start = p->pos;
    struct ast_expr *first = parse_target(p);
    return at_kind(p, TOK_COMMA) ? parse_tuple_rest(p, start, first, parse_target) : first;
}

struct ast_expr *parse_yield_expr(struct parser *p)
{
    const uint32_t first = expect(p, TOK_YIELD);
    enter(p);
    struct ast_expr *value = NULL;
    const bool from = accept(p, TOK_FROM);
    if (from) {
        value = parse_expression(p);
    } else if (starts_expression(peek_kind(p)) || at_kind(p, TOK_STAR)) {
        value = parse_star_expressions(p);
    }
    struct ast_expr *expr =
        new_expr(p, from ? AST_EXPR_YIELD_FROM : AST_EXPR_YIELD, pos_from(p, first));
    expr->yield.value = value;
    leave(p);
    return expr;
}

struct ast_expr *parse_yield_or_star_expressions(struct parser *p)
{
    return at_kind(p, TOK_YIELD) ? parse_yield_expr(p) : parse_star_expressions(p);
}

/* ---- primaries ------------------------------------------------------------------------------ */

static struct ast_expr *parse_slice(struct parser *p)
{
    const uint32_t first = p->pos;
    struct ast_expr *lower = NULL;
    if (at_kind(p, TOK_STAR)) {
        return parse_starred(p);
    }
    if (!at_kind(p, TOK_COLON)) {
        lower = parse_named_expression(p);
        if (!at_kind(p, TOK_COLON)) {
            return lower;
        }
        if (lower->kind == AST_EXPR_NAMED && lower->paren == 0) {
            syntax_fail(p);
        }
    }
    advance(p);
    struct ast_expr *upper = NULL;
    struct ast_expr *step = NULL;
    if (starts_expression(peek_kind(p))) {
        upper = parse_expression(p);
    }
    if (accept(p, TOK_COLON) && starts_expression(peek_kind(p))) {
        step = parse_expression(p);
    }
    struct ast_expr *expr = new_expr(p, AST_EXPR_SLICE, pos_from(p, first));
    expr->slice.lower = lower;
    expr->slice.upper = upper;
    expr->slice.step = step;
    return expr;
}

struct ast_expr *parse_slices(struct parser *p)
{
    const uint32_t start = p->pos;
    struct ast_expr *first = parse_slice(p);
    if (!at_kind(p, TOK_COMMA) && first->kind != AST_EXPR_STARRED) {
        return first;
    }
    const size_t mark = list_begin(p);
    list_push(p, first);
    while (accept(p, TOK_COMMA) && !at_kind(p, TOK_RSQB)) {
        struct ast_expr *next = parse_slice(p);
        list_push(p, next);
    }
    struct ast_exprs elts = list_end_exprs(p, mark);
    struct ast_expr *expr = new_expr(p, AST_EXPR_TUPLE, pos_from(p, start));
    expr->seq.elts = elts;
    return expr;
}

static struct ast_expr *parse_primary(struct parser *p)
{
    const uint32_t first = p->pos;
    const bool await = accept(p, TOK_AWAIT);
    struct ast_expr *expr = parse_atom(p);
    const uint32_t start = await ? first + 1 : first;
    for (;;) {
        struct ast_expr *base = expr;
        if (accept(p, TOK_DOT)) {
            struct ast_name *attr = expect_name(p);
            expr = new_expr(p, AST_EXPR_ATTRIBUTE, pos_from(p, start));
            expr->attribute.value = base;
            expr->attribute.attr = attr;
        } else if (at_kind(p, TOK_LPAR)) {
            const uint32_t lpar = advance(p);
            struct ast_exprs args;
            struct ast_keywords keywords;
            enter(p);
            parse_arguments(p, lpar, true, &args, &keywords);
            leave(p);
            expr = new_expr(p, AST_EXPR_CALL, pos_from(p, start));
            expr->call.func = base;
            expr->call.args = args;
            expr->call.keywords = keywords;
        } else if (accept(p, TOK_LSQB)) {
            enter(p);
            struct ast_expr *index = parse_slices(p);
            leave(p);
            expect(p, TOK_RSQB);
            expr = new_expr(p, AST_EXPR_SUBSCRIPT, pos_from(p, start));
            expr->subscript.value = base;
            expr->subscript.index = index;
        } else {
            break;
        }
    }
    if (await) {
        struct ast_expr *value = expr;
        expr = new_expr(p, AST_EXPR_AWAIT, pos_from(p, first));
        expr->yield.value = value;
    }
    return expr;
}
