/*
 * The statements that hold blocks, and the parameters of functions and lambdas.
 */
#include "vm/front/parser_internal.h"

/* ---- parameters ----------------------------------------------------------------------------- */

struct params {
    struct ast_args *args;
    bool seen_slash, seen_star, seen_default;
    bool is_lambda;
    enum token_kind end;
};

static struct ast_arg parse_param(struct parser *p, const struct params *ps, bool star_annotation)
{
    const uint32_t first = p->pos;
    struct ast_arg arg = {.name = expect_name(p)};
    if (!ps->is_lambda && accept(p, TOK_COLON)) {
        arg.annotation = star_annotation ? parse_star_expression(p) : parse_expression(p);
    }
    arg.pos = pos_from(p, first);
    return arg;
}

/* NULL when there is no default. */
static struct ast_expr *parse_default(struct parser *p, const struct params *ps)
{
    if (!at_kind(p, TOK_ASSIGN)) {
        return NULL;
    }
    const uint32_t assign = advance(p);
    if (at_kind(p, ps->end) || at_kind(p, TOK_COMMA)) {
        error_token(p, assign, "expected default value expression");
    }
    return parse_expression(p);
}

static void parse_slash(struct parser *p, struct params *ps)
{
    const uint32_t slash = advance(p);
    if (ps->seen_star) {
        error_token(p, slash, "/ must be ahead of *");
    }
    if (ps->seen_slash) {
        error_token(p, slash, "/ may appear only once");
    }
    if (at_kind(p, TOK_STAR)) {
        error_token(p, p->pos, "expected comma between / and *");
    }
    ps->seen_slash = true;
}

/* (a, b) where a parameter stands: Python 2. */
static void diagnose_parenthesized(struct parser *p, const struct params *ps)
{
    const uint32_t open = advance(p);
    while (at_kind(p, TOK_NAME)) {
        advance(p);
        accept(p, TOK_COMMA);
    }
    if (p->pos > open + 1 && at_kind(p, TOK_RPAR)) {
        error_range(p, pos_of_token(p, open), pos_of_token(p, p->pos),
                    "%s parameters cannot be parenthesized",
                    ps->is_lambda ? "Lambda expression" : "Function");
    }
    syntax_fail(p);
}

/* At the star: *args, or the bare star in front of keyword-only parameters. */
static void parse_star_param(struct parser *p, struct params *ps)
{
    const uint32_t star = advance(p);
    if (ps->seen_star) {
        error_token(p, star, "* argument may appear only once");
    }
    ps->seen_star = true;
    if (at_kind(p, TOK_NAME)) {
        ps->args->vararg = arena_new(p->arena, struct ast_arg);
        *ps->args->vararg = parse_param(p, ps, true);
        if (at_kind(p, TOK_ASSIGN)) {
            error_token(p, p->pos, "var-positional argument cannot have default value");
        }
        return;
    }
    const enum token_kind behind = at_kind(p, TOK_COMMA) ? peek2_kind(p) : peek_kind(p);
    if (behind == ps->end || (at_kind(p, TOK_COMMA) && behind == TOK_DOUBLESTAR)) {
        error_token(p, ps->is_lambda ? p->pos : star, "named arguments must follow bare *");
    }
    if (!at_kind(p, TOK_COMMA)) {
        syntax_fail(p);
    }
}

static void parse_kwarg_param(struct parser *p, struct params *ps)
{
    advance(p);
    ps->args->kwarg = arena_new(p->arena, struct ast_arg);
    *ps->args->kwarg = parse_param(p, ps, false);
    if (at_kind(p, TOK_ASSIGN)) {
        error_token(p, p->pos, "var-keyword argument cannot have default value");
    }
    if (accept(p, TOK_COMMA) && !at_kind(p, ps->end)) {
        if (at_kind(p, TOK_NAME)) {
            const struct ast_arg arg = parse_param(p, ps, false);
            error_range(p, arg.pos, arg.pos, "arguments cannot follow var-keyword argument");
        }
        if (at_kind(p, TOK_STAR) || at_kind(p, TOK_DOUBLESTAR) || at_kind(p, TOK_SLASH)) {
            error_token(p, p->pos, "arguments cannot follow var-keyword argument");
        }
        syntax_fail(p);
    }
}

struct param {
    struct ast_arg arg;
    struct ast_expr *default_value;
};

/* Distributes the parameters in order: positional-only, positional, keyword-only. */
static void fill_args(struct parser *p, struct params *ps, const struct param *params,
                      uint32_t posonly, uint32_t positional, uint32_t total)
{
    struct ast_args *args = ps->args;
    struct ast_arg *all = arena_array(p->arena, struct ast_arg, total);
    uint32_t default_count = 0;
    for (uint32_t i = 0; i < total; i++) {
        all[i] = params[i].arg;
        default_count += i < positional && params[i].default_value != NULL;
    }
    args->posonly = all;
    args->posonly_count = posonly;
    args->args = all == NULL ? NULL : all + posonly;
    args->arg_count = positional - posonly;
    args->kwonly = all == NULL ? NULL : all + positional;
    args->kwonly_count = total - positional;
    args->defaults.at = arena_array(p->arena, struct ast_expr *, default_count);
    args->defaults.count = default_count;
    args->kw_defaults = arena_array(p->arena, struct ast_expr *, total - positional);
    uint32_t next = 0;
    for (uint32_t i = 0; i < total; i++) {
        if (i >= positional) {
            args->kw_defaults[i - positional] = params[i].default_value;
        } else if (params[i].default_value != NULL) {
            args->defaults.at[next++] = params[i].default_value;
        }
    }
}

struct ast_args *parse_params(struct parser *p, enum token_kind end, bool is_lambda)
{
    struct params ps = {
        .args = arena_new(p->arena, struct ast_args),
        .is_lambda = is_lambda,
        .end = end,
    };
    const size_t mark = list_begin(p);
    uint32_t count = 0;
    uint32_t posonly = 0;
    uint32_t positional = 0;
    while (!at_kind(p, end)) {
        if (at_kind(p, TOK_SLASH)) {
            if (count == 0 && !ps.seen_star && peek2_kind(p) == TOK_COMMA) {
                error_token(p, p->pos, "at least one argument must precede /");
            }
            parse_slash(p, &ps);
            if (count == 0) {
                p->pos--;
                syntax_fail(p);
            }
            posonly = count;
        } else if (at_kind(p, TOK_STAR)) {
            parse_star_param(p, &ps);
        } else if (at_kind(p, TOK_DOUBLESTAR)) {
            parse_kwarg_param(p, &ps);
            break;
        } else if (at_kind(p, TOK_LPAR) && p->diagnose && !ps.seen_star && !ps.seen_default) {
            diagnose_parenthesized(p, &ps);
        } else {
            struct param param = {.arg = parse_param(p, &ps, false)};
            param.default_value = parse_default(p, &ps);
            if (!ps.seen_star) {
                if (param.default_value == NULL && ps.seen_default) {
                    error_range(p, param.arg.pos, param.arg.pos,
                                "non-default argument follows default argument");
                }
                ps.seen_default |= param.default_value != NULL;
                positional++;
            }
            count++;
            list_push(p, param);
        }
        if (!accept(p, TOK_COMMA)) {
            break;
        }
    }
    size_t total;
    const struct param *params = list_end_bytes(p, mark, sizeof(*params), &total);
    fill_args(p, &ps, params, posonly, positional, (uint32_t)total);
    return ps.args;
}

/* ---- def, class ----------------------------------------------------------------------------- */

static struct ast_stmt *parse_def(struct parser *p, uint32_t first, bool is_async,
                                  struct ast_exprs decorators)
{
    const uint32_t keyword = advance(p);
    struct ast_name *name = expect_name(p);
    expect_forced(p, TOK_LPAR);
    struct ast_args *args = parse_params(p, TOK_RPAR, false);
    expect(p, TOK_RPAR);
    struct ast_expr *returns = accept(p, TOK_ARROW) ? parse_expression(p) : NULL;
    expect_forced(p, TOK_COLON);
    struct ast_stmts body = parse_block(p, keyword, "function definition");
    struct ast_stmt *stmt = new_stmt(p, AST_STMT_FUNCTION, first);
    stmt->function.name = name;
    stmt->function.args = args;
    stmt->function.body = body;
    stmt->function.decorators = decorators;
    stmt->function.returns = returns;
    stmt->function.is_async = is_async;
    return stmt;
}

static struct ast_stmt *parse_class_def(struct parser *p, struct ast_exprs decorators)
{
    const uint32_t first = advance(p);
    struct ast_name *name = expect_name(p);
    struct ast_exprs bases = {NULL, 0};
    struct ast_keywords keywords = {NULL, 0};
    if (at_kind(p, TOK_LPAR)) {
        const uint32_t lpar = advance(p);
        parse_arguments(p, lpar, false, &bases, &keywords);
    }
    expect_colon(p);
    struct ast_stmts body = parse_block(p, first, "class definition");
    struct ast_stmt *stmt = new_stmt(p, AST_STMT_CLASS, first);
    stmt->class_.name = name;
    stmt->class_.bases = bases;
    stmt->class_.keywords = keywords;
    stmt->class_.body = body;
    stmt->class_.decorators = decorators;
    return stmt;
}

static struct ast_stmt *parse_decorated(struct parser *p)
{
    const size_t mark = list_begin(p);
    while (accept(p, TOK_AT)) {
        struct ast_expr *decorator = parse_named_expression(p);
        expect(p, TOK_NEWLINE);
        list_push(p, decorator);
    }
    struct ast_exprs decorators = list_end_exprs(p, mark);
    const uint32_t first = p->pos;
    if (at_kind(p, TOK_CLASS)) {
        return parse_class_def(p, decorators);
    }
    const bool is_async = accept(p, TOK_ASYNC);
    if (!at_kind(p, TOK_DEF)) {
        syntax_fail(p);
    }
    return parse_def(p, first, is_async, decorators);
}

/* ---- if, while, for ------------------------------------------------------------------------- */

static struct ast_stmts parse_else(struct parser *p)
{
    if (!at_kind(p, TOK_ELSE)) {
        return (struct ast_stmts){NULL, 0};
    }
    const uint32_t keyword = advance(p);
    expect_forced(p, TOK_COLON);
    return parse_block(p, keyword, "'else' statement");
}

/*
 * An elif chain nests in the tree but is read by iteration: programs have chains of thousands. The
 * ends of the outer statements are known only at the end of the chain.
 */
static struct ast_stmt *parse_if(struct parser *p)
{
    struct ast_stmt *head = NULL;
    struct ast_stmt *last = NULL;
    const char *what = "'if' statement";
    do {
        const uint32_t first = advance(p);
        struct ast_expr *test = parse_named_expression(p);
        expect_colon(p);
        struct ast_stmts body = parse_block(p, first, what);
        struct ast_stmt *stmt = new_stmt(p, AST_STMT_IF, first);
        stmt->if_.test = test;
        stmt->if_.body = body;
        if (head == NULL) {
            head = stmt;
        } else {
            last->if_.orelse.at = arena_new(p->arena, struct ast_stmt *);
            last->if_.orelse.at[0] = stmt;
            last->if_.orelse.count = 1;
        }
        last = stmt;
        what = "'elif' statement";
    } while (at_kind(p, TOK_ELIF));
    last->if_.orelse = parse_else(p);
    const struct ast_pos end = pos_from(p, 0);
    for (struct ast_stmt *stmt = head;; stmt = stmt->if_.orelse.at[0]) {
        stmt->pos.end_line = end.end_line;
        stmt->pos.end_col = end.end_col;
        if (stmt == last) {
            return head;
        }
    }
}

static struct ast_stmt *parse_while(struct parser *p)
{
    const uint32_t first = advance(p);
    struct ast_expr *test = parse_named_expression(p);
    expect_colon(p);
    struct ast_stmts body = parse_block(p, first, "'while' statement");
    struct ast_stmts orelse = parse_else(p);
    struct ast_stmt *stmt = new_stmt(p, AST_STMT_WHILE, first);
    stmt->while_.test = test;
    stmt->while_.body = body;
    stmt->while_.orelse = orelse;
    return stmt;
}

static struct ast_stmt *parse_for(struct parser *p, uint32_t first, bool is_async)
{
    const uint32_t keyword = advance(p);
    struct ast_expr *target = parse_for_targets(p);
    struct ast_expr *iter = parse_star_expressions(p);
    expect_colon(p);
    struct ast_stmts body = parse_block(p, keyword, "'for' statement");
    struct ast_stmts orelse = parse_else(p);
    struct ast_stmt *stmt = new_stmt(p, AST_STMT_FOR, first);
    stmt->for_.target = target;
    stmt->for_.iter = iter;
    stmt->for_.body = body;
    stmt->for_.orelse = orelse;
    stmt->for_.is_async = is_async;
    return stmt;
}

/* ---- with ----------------------------------------------------------------------------------- */

static struct ast_withitem parse_withitem(struct parser *p)
{
    struct ast_withitem item = {.context = parse_expression(p)};
    if (accept(p, TOK_AS)) {
        const uint32_t start = p->pos;
        item.target = at_kind(p, TOK_STAR) ? parse_star_expression(p) : parse_bitor(p);
        if (!at_kind(p, TOK_COMMA) && !at_kind(p, TOK_RPAR) && !at_kind(p, TOK_COLON)) {
            if (p->diagnose && p->trial == NULL && at_kind(p, TOK_NEWLINE)) {
                error_here(p, "expected ':'");
            }
            p->pos = start;
            if (p->diagnose && p->trial == NULL) {
                struct ast_expr *target = parse_expression(p);
                if (at_kind(p, TOK_COMMA) || at_kind(p, TOK_RPAR) || at_kind(p, TOK_COLON)) {
                    error_if_invalid_target(p, target, TARGET_STAR);
                }
            } else {
                parse_expression(p);
            }
            syntax_fail(p);
        }
        make_target(p, item.target, TARGET_STAR);
    }
    return item;
}

static struct ast_withitems *list_end_items(struct parser *p, size_t mark)
{
    struct ast_withitems *items = arena_new(p->arena, struct ast_withitems);
    items->at = list_end_bytes(p, mark, sizeof(*items->at), &items->count);
    return items;
}

/* ( item, item, ) and the colon behind it (not stepped over). */
static void *rule_paren_items(struct parser *p)
{
    expect(p, TOK_LPAR);
    const size_t mark = list_begin(p);
    do {
        if (p->scratch->len > mark && at_kind(p, TOK_RPAR)) {
            break;
        }
        struct ast_withitem item = parse_withitem(p);
        list_push(p, item);
    } while (accept(p, TOK_COMMA));
    expect(p, TOK_RPAR);
    if (p->diagnose && at_kind(p, TOK_NEWLINE)) {
        error_here(p, "expected ':'");
    }
    if (!at_kind(p, TOK_COLON)) {
        syntax_fail(p);
    }
    return list_end_items(p, mark);
}

static struct ast_stmt *parse_with(struct parser *p, uint32_t first, bool is_async)
{
    const uint32_t keyword = advance(p);
    struct ast_withitems *items = at_kind(p, TOK_LPAR) ? attempt(p, rule_paren_items) : NULL;
    if (items == NULL) {
        const size_t mark = list_begin(p);
        do {
            struct ast_withitem item = parse_withitem(p);
            list_push(p, item);
        } while (accept(p, TOK_COMMA));
        items = list_end_items(p, mark);
    }
    expect_colon(p);
    struct ast_stmts body = parse_block(p, keyword, "'with' statement");
    struct ast_stmt *stmt = new_stmt(p, AST_STMT_WITH, first);
    stmt->with.items = *items;
    stmt->with.body = body;
    stmt->with.is_async = is_async;
    return stmt;
}

/* ---- try ------------------------------------------------------------------------------------ */

static struct ast_handler parse_handler(struct parser *p, bool *is_star)
{
    const uint32_t first = advance(p);
    struct ast_handler handler = {.type = NULL};
    *is_star = accept(p, TOK_STAR);
    if (*is_star && (at_kind(p, TOK_NEWLINE) || at_kind(p, TOK_COLON))) {
        error_here(p, "expected one or more exception types");
    }
    if (!at_kind(p, TOK_COLON) && !at_kind(p, TOK_NEWLINE)) {
        handler.type = parse_expression(p);
        if (p->diagnose && accept(p, TOK_COMMA)) {
            parse_star_expressions(p);
            if (accept(p, TOK_AS)) {
                expect_name(p);
            }
            if (at_kind(p, TOK_COLON)) {
                error_starting(p, handler.type->pos,
                               "multiple exception types must be parenthesized");
            }
            syntax_fail(p);
        }
        if (accept(p, TOK_AS)) {
            handler.name = expect_name(p);
        }
    }
    expect_colon(p);
    handler.body = parse_block(p, first, *is_star ? "'except*' statement" : "'except' statement");
    handler.pos = pos_from(p, first);
    return handler;
}

static struct ast_stmt *parse_try(struct parser *p)
{
    const uint32_t first = advance(p);
    expect_forced(p, TOK_COLON);
    struct ast_stmts body = parse_block(p, first, "'try' statement");
    const size_t mark = list_begin(p);
    bool is_star = false;
    while (at_kind(p, TOK_EXCEPT)) {
        bool star;
        const uint32_t keyword = p->pos;
        struct ast_handler handler = parse_handler(p, &star);
        if (p->scratch->len > mark && star != is_star) {
            p->pos = keyword + 1u + star;
            error_range(p, pos_of_token(p, keyword), pos_of_token(p, keyword + star),
                        "cannot have both 'except' and 'except*' on the same 'try'");
        }
        is_star = star;
        list_push(p, handler);
    }
    struct ast_handlers handlers;
    handlers.at = list_end_bytes(p, mark, sizeof(*handlers.at), &handlers.count);
    struct ast_stmts orelse = {NULL, 0};
    struct ast_stmts finalbody = {NULL, 0};
    if (handlers.count > 0) {
        orelse = parse_else(p);
    }
    if (at_kind(p, TOK_FINALLY)) {
        const uint32_t keyword = advance(p);
        expect_forced(p, TOK_COLON);
        finalbody = parse_block(p, keyword, "'finally' statement");
    } else if (handlers.count == 0) {
        error_here(p, "expected 'except' or 'finally' block");
    }
    struct ast_stmt *stmt = new_stmt(p, AST_STMT_TRY, first);
    stmt->try_.body = body;
    stmt->try_.handlers = handlers;
    stmt->try_.orelse = orelse;
    stmt->try_.finalbody = finalbody;
    stmt->try_.is_star = is_star;
    return stmt;
}

/* ---- dispatch ------------------------------------------------------------------------------- */

static struct ast_stmt *parse_async(struct parser *p)
{
    const uint32_t first = p->pos;
    switch (peek2_kind(p)) {
    case TOK_DEF:
        advance(p);
        return parse_def(p, first, true, (struct ast_exprs){NULL, 0});
    case TOK_FOR:
        advance(p);
        return parse_for(p, first, true);
    case TOK_WITH:
        advance(p);
        return parse_with(p, first, true);
    default:
        advance(p);
        syntax_fail(p);
    }
}

struct ast_stmt *parse_compound(struct parser *p)
{
    switch (peek_kind(p)) {
    case TOK_IF:
        return parse_if(p);
    case TOK_WHILE:
        return parse_while(p);
    case TOK_FOR:
        return parse_for(p, p->pos, false);
    case TOK_TRY:
        return parse_try(p);
    case TOK_WITH:
        return parse_with(p, p->pos, false);
    case TOK_DEF:
        return parse_def(p, p->pos, false, (struct ast_exprs){NULL, 0});
    case TOK_CLASS:
        return parse_class_def(p, (struct ast_exprs){NULL, 0});
    case TOK_ASYNC:
        return parse_async(p);
    case TOK_AT:
        return parse_decorated(p);
    default:
        return NULL;
    }
}
