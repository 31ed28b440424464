// See expr.h. A recursive descent parser that appends nodes, children before parents.
#include "inspector/lua/expr.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parser {
    struct expr *expr;
    const char *text, *at;
    expr_bind *bind;
    void *context;
    char *error;
    unsigned depth;
    bool failed;
};

static uint8_t fail(struct parser *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static uint8_t fail(struct parser *p, const char *format, ...)
{
    va_list args;
    if (p->failed)
        return 0;
    p->failed = true;
    int length = snprintf(p->error, EXPR_ERROR_MAX,
                          "where: at %d of \"%.80s\": ", (int)(p->at - p->text) + 1, p->text);
    va_start(args, format);
    vsnprintf(p->error + length, EXPR_ERROR_MAX - (size_t)length, format, args);
    va_end(args);
    return 0;
}

static uint8_t add_node(struct parser *p, struct expr_node node)
{
    if (p->failed)
        return 0;
    if (p->expr->count == EXPR_NODES_MAX)
        return fail(p, "the expression is too long");
    p->expr->nodes[p->expr->count] = node;
    return (uint8_t)p->expr->count++;
}

static uint8_t add_pair(struct parser *p, enum expr_op op, uint8_t left, uint8_t right)
{
    return add_node(p, (struct expr_node){.op = op, .left = left, .right = right});
}

// ---- words ----

static void skip_blanks(struct parser *p)
{
    while (isspace((unsigned char)*p->at))
        p->at++;
}

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool accept_word(struct parser *p, const char *word)
{
    const size_t length = strlen(word);
    skip_blanks(p);
    if (strncmp(p->at, word, length) != 0 || is_word_char(p->at[length]))
        return false;
    p->at += length;
    return true;
}

static bool accept(struct parser *p, const char *mark)
{
    skip_blanks(p);
    if (strncmp(p->at, mark, strlen(mark)) != 0)
        return false;
    p->at += strlen(mark);
    return true;
}

// ---- literals ----

static double unit_factor(const char *unit, size_t length)
{
    static const struct {
        const char *name;
        double factor;
    } UNITS[] = {{"B", 1},    {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824},
                 {"KB", 1e3}, {"kB", 1e3},   {"MB", 1e6},      {"GB", 1e9},
                 {"ns", 1},   {"us", 1e3},   {"ms", 1e6},      {"s", 1e9}};
    for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++)
        if (strlen(UNITS[i].name) == length && strncmp(UNITS[i].name, unit, length) == 0)
            return UNITS[i].factor;
    return 0;
}

static uint8_t parse_number(struct parser *p)
{
    char *end;
    double factor = 1;
    errno = 0;
    struct value value = value_integer(strtoll(p->at, &end, 0));
    if (errno || *end == '.' || *end == 'e')
        value = value_real(strtod(p->at, &end));
    size_t letters = 0;
    while (is_word_char(end[letters]))
        letters++;
    if (letters && (factor = unit_factor(end, letters)) == 0)
        return fail(p, "'%.*s' is no unit", (int)letters, end);
    if (letters && value.kind == VALUE_INTEGER && value.integer < INT64_C(1) << 32)
        value.integer *= (int64_t)factor;
    else if (letters)
        value = value_integer((int64_t)(value_as_real(&value) * factor));
    p->at = end + letters;
    return add_node(p, (struct expr_node){.op = EXPR_VALUE, .value = value});
}

static uint8_t parse_text(struct parser *p)
{
    struct expr *e = p->expr;
    const char quote = *p->at;
    const char *end = strchr(p->at + 1, quote);
    if (!end)
        return fail(p, "the text does not end");
    const size_t length = (size_t)(end - p->at - 1);
    if (length + 1 > EXPR_TEXT_MAX - e->text_length)
        return fail(p, "the expression is too long");
    char *copy = memcpy(e->texts + e->text_length, p->at + 1, length);
    copy[length] = '\0';
    e->text_length += length + 1;
    p->at = end + 1;
    return add_node(p, (struct expr_node){.op = EXPR_VALUE, .value = value_text(copy)});
}

static uint8_t parse_parameter(struct parser *p)
{
    char name[64];
    size_t length = 0;
    struct value value;
    while (is_word_char(p->at[1 + length]) && length < sizeof name - 1) {
        name[length] = p->at[1 + length];
        length++;
    }
    name[length] = '\0';
    if (!length || !p->bind || !p->bind(p->context, name, &value))
        return fail(p, "nothing is bound to :%s", name);
    p->at += 1 + length;
    return add_node(p, (struct expr_node){.op = EXPR_VALUE, .value = value});
}

static uint8_t parse_name(struct parser *p)
{
    size_t length = 0;
    while (is_word_char(p->at[length]))
        length++;
    if (length == 0)
        return fail(p, *p->at ? "a value is missing before '%c'" : "a value is missing", *p->at);
    const enum column_id column = column_find(p->at, length);
    if (column == COLUMN_COUNT) {
        const char *best = column_suggest(p->at, length);
        return best ? fail(p, "no column '%.*s'; did you mean '%s'?", (int)length, p->at, best)
                    : fail(p, "no column '%.*s'", (int)length, p->at);
    }
    const char *missing = column_missing(p->expr->heap, column);
    if (missing)
        return fail(p, "'%s' must be declared: needs = { %s = true }", column_name(column),
                    missing);
    p->at += length;
    return add_node(p, (struct expr_node){.op = EXPR_COLUMN, .column = column});
}

// ---- grammar ----

static uint8_t parse_or(struct parser *p);

static uint8_t parse_primary(struct parser *p)
{
    skip_blanks(p);
    if (accept(p, "(")) {
        const uint8_t inner = parse_or(p);
        return accept(p, ")") ? inner : fail(p, "')' is missing");
    }
    if (isdigit((unsigned char)*p->at))
        return parse_number(p);
    if (*p->at == '\'' || *p->at == '"')
        return parse_text(p);
    if (*p->at == ':')
        return parse_parameter(p);
    if (accept_word(p, "nil"))
        return add_node(p, (struct expr_node){.op = EXPR_VALUE});
    if (accept_word(p, "true"))
        return add_node(p, (struct expr_node){.op = EXPR_VALUE, .value = value_bool(true)});
    if (accept_word(p, "false"))
        return add_node(p, (struct expr_node){.op = EXPR_VALUE, .value = value_bool(false)});
    if (accept(p, "-")) {
        if (++p->depth > EXPR_DEPTH_MAX)
            return fail(p, "the expression is too deep");
        const uint8_t zero =
            add_node(p, (struct expr_node){.op = EXPR_VALUE, .value = value_integer(0)});
        const uint8_t operand = parse_primary(p);
        p->depth--;
        return add_pair(p, EXPR_SUBTRACT, zero, operand);
    }
    return parse_name(p);
}

static uint8_t parse_product(struct parser *p)
{
    uint8_t left = parse_primary(p);
    while (!p->failed)
        if (accept(p, "*"))
            left = add_pair(p, EXPR_MULTIPLY, left, parse_primary(p));
        else if (accept(p, "/"))
            left = add_pair(p, EXPR_DIVIDE, left, parse_primary(p));
        else
            break;
    return left;
}

static uint8_t parse_sum(struct parser *p)
{
    uint8_t left = parse_product(p);
    while (!p->failed)
        if (accept(p, "+"))
            left = add_pair(p, EXPR_ADD, left, parse_product(p));
        else if (accept(p, "-"))
            left = add_pair(p, EXPR_SUBTRACT, left, parse_product(p));
        else
            break;
    return left;
}

static bool is_constant(const struct parser *p, uint8_t node)
{
    return p->expr->nodes[node].op == EXPR_VALUE;
}

static uint8_t add_comparison(struct parser *p, enum expr_op op, uint8_t left, uint8_t right)
{
    const uint8_t node = add_pair(p, op, left, right);
    if (p->failed)
        return 0;
    const struct expr_node *column = &p->expr->nodes[left];
    if (column->op == EXPR_COLUMN && is_constant(p, right) &&
        (column->column == COLUMN_type || column->column == COLUMN_module)) {
        p->expr->nodes[node].by_type = calloc(p->expr->heap->snapshot->type_count + 1, 1);
        if (!p->expr->nodes[node].by_type)
            return fail(p, "no memory");
    }
    return node;
}

static uint8_t parse_in(struct parser *p, uint8_t left)
{
    if (!accept(p, "("))
        return fail(p, "'in' wants a list in parentheses");
    uint8_t any = add_comparison(p, EXPR_EQ, left, parse_sum(p));
    while (!p->failed && accept(p, ",")) {
        const uint8_t next = add_comparison(p, EXPR_EQ, left, parse_sum(p));
        any = add_pair(p, EXPR_OR, any, next);
    }
    return accept(p, ")") ? any : fail(p, "')' is missing");
}

static uint8_t parse_comparison(struct parser *p)
{
    static const struct {
        const char *mark;
        enum expr_op op;
    } OPS[] = {{"==", EXPR_EQ}, {"~=", EXPR_NE}, {"!=", EXPR_NE}, {"<=", EXPR_LE},
               {">=", EXPR_GE}, {"<", EXPR_LT},  {">", EXPR_GT},  {"~", EXPR_GLOB}};
    const uint8_t left = parse_sum(p);
    if (accept_word(p, "in"))
        return parse_in(p, left);
    for (size_t i = 0; !p->failed && i < sizeof OPS / sizeof *OPS; i++)
        if (accept(p, OPS[i].mark))
            return add_comparison(p, OPS[i].op, left, parse_sum(p));
    if (accept(p, "="))
        return fail(p, "equality is '=='");
    return left;
}

static uint8_t parse_not(struct parser *p)
{
    if (!accept_word(p, "not"))
        return parse_comparison(p);
    if (++p->depth > EXPR_DEPTH_MAX)
        return fail(p, "the expression is too deep");
    const uint8_t operand = parse_not(p);
    p->depth--;
    return add_pair(p, EXPR_NOT, operand, 0);
}

static uint8_t parse_and(struct parser *p)
{
    uint8_t left = parse_not(p);
    while (!p->failed && accept_word(p, "and"))
        left = add_pair(p, EXPR_AND, left, parse_not(p));
    return left;
}

static uint8_t parse_or(struct parser *p)
{
    if (++p->depth > EXPR_DEPTH_MAX)
        return fail(p, "the expression is too deep");
    uint8_t left = parse_and(p);
    while (!p->failed && accept_word(p, "or"))
        left = add_pair(p, EXPR_OR, left, parse_and(p));
    p->depth--;
    return left;
}

bool expr_compile(struct expr *expr, const struct plugin_heap *heap, const char *text,
                  expr_bind *bind, void *context, char error[EXPR_ERROR_MAX])
{
    struct parser p = {
        .expr = expr, .text = text, .at = text, .bind = bind, .context = context, .error = error};
    expr->heap = heap;
    expr->count = 0;
    expr->text_length = 0;
    expr->root = parse_or(&p);
    skip_blanks(&p);
    if (*p.at)
        fail(&p, "what is '%.20s'?", p.at);
    if (p.failed)
        expr_deinit(expr);
    return !p.failed;
}

void expr_deinit(struct expr *expr)
{
    for (unsigned i = 0; i < expr->count; i++)
        free(expr->nodes[i].by_type);
    expr->count = 0;
}

// ---- evaluation ----

bool expr_glob(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static bool is_true(const struct value *v)
{
    return v->kind != VALUE_NONE && (v->kind != VALUE_BOOL || v->truth);
}

// -1, 0, 1, or 2 when the two cannot be ordered.
static int compare(const struct value *a, const struct value *b)
{
    if (a->kind == VALUE_INTEGER && b->kind == VALUE_INTEGER)
        return (a->integer > b->integer) - (a->integer < b->integer);
    if (value_is_number(a) && value_is_number(b)) {
        const double x = value_as_real(a), y = value_as_real(b);
        return (x > y) - (x < y);
    }
    if (a->kind == VALUE_TEXT && b->kind == VALUE_TEXT) {
        const int order = strcmp(a->text, b->text);
        return (order > 0) - (order < 0);
    }
    if (a->kind == VALUE_BOOL && b->kind == VALUE_BOOL)
        return a->truth == b->truth ? 0 : 2;
    return a->kind == VALUE_NONE && b->kind == VALUE_NONE ? 0 : 2;
}

static struct value calculate(enum expr_op op, const struct value *a, const struct value *b)
{
    if (!value_is_number(a) || !value_is_number(b))
        return value_none();
    const double x = value_as_real(a), y = value_as_real(b);
    if (op == EXPR_DIVIDE)
        return value_real(y == 0 ? 0 : x / y);
    if (a->kind == VALUE_INTEGER && b->kind == VALUE_INTEGER) {
        const uint64_t m = (uint64_t)a->integer, n = (uint64_t)b->integer;
        return value_integer((int64_t)(op == EXPR_ADD        ? m + n
                                       : op == EXPR_SUBTRACT ? m - n
                                                             : m * n));
    }
    return value_real(op == EXPR_ADD ? x + y : op == EXPR_SUBTRACT ? x - y : x * y);
}

static struct value evaluate(const struct expr *e, uint8_t index, uint32_t object);

static bool decide(const struct expr *e, const struct expr_node *node, uint32_t object)
{
    const struct value a = evaluate(e, node->left, object), b = evaluate(e, node->right, object);
    if (node->op == EXPR_GLOB)
        return a.kind == VALUE_TEXT && b.kind == VALUE_TEXT && expr_glob(b.text, a.text);
    const int order = compare(&a, &b);
    switch (node->op) {
    case EXPR_EQ:
        return order == 0;
    case EXPR_NE:
        return order != 0;
    case EXPR_LT:
        return order == -1;
    case EXPR_LE:
        return order == -1 || order == 0;
    case EXPR_GT:
        return order == 1;
    default:
        return order == 1 || order == 0;
    }
}

static bool decide_once(const struct expr *e, const struct expr_node *node, uint32_t object)
{
    if (!node->by_type)
        return decide(e, node, object);
    uint8_t *known = &node->by_type[e->heap->snapshot->type[object]];
    if (!*known)
        *known = decide(e, node, object) ? 2 : 1;
    return *known == 2;
}

// Truths are not boxed on their way up: this is the inner loop of every filter.
static bool truth_of(const struct expr *e, uint8_t index, uint32_t object)
{
    const struct expr_node *node = &e->nodes[index];
    switch (node->op) {
    case EXPR_NOT:
        return !truth_of(e, node->left, object);
    case EXPR_AND:
        return truth_of(e, node->left, object) && truth_of(e, node->right, object);
    case EXPR_OR:
        return truth_of(e, node->left, object) || truth_of(e, node->right, object);
    case EXPR_EQ:
    case EXPR_NE:
    case EXPR_LT:
    case EXPR_LE:
    case EXPR_GT:
    case EXPR_GE:
    case EXPR_GLOB:
        return decide_once(e, node, object);
    default: {
        const struct value v = evaluate(e, index, object);
        return is_true(&v);
    }
    }
}

static struct value evaluate(const struct expr *e, uint8_t index, uint32_t object)
{
    const struct expr_node *node = &e->nodes[index];
    switch (node->op) {
    case EXPR_VALUE:
        return node->value;
    case EXPR_COLUMN:
        return column_get(e->heap, node->column, object);
    case EXPR_ADD:
    case EXPR_SUBTRACT:
    case EXPR_MULTIPLY:
    case EXPR_DIVIDE: {
        const struct value a = evaluate(e, node->left, object);
        const struct value b = evaluate(e, node->right, object);
        return calculate(node->op, &a, &b);
    }
    default:
        return value_bool(truth_of(e, index, object));
    }
}

bool expr_test(const struct expr *expr, uint32_t object)
{
    return truth_of(expr, expr->root, object);
}
