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

// The expression below the message, and a caret below the place. A long one is cut so that the
// place is in it.
static void add_caret(const struct parser *p, int length)
{
    const int at = (int)(p->at - p->text);
    const int skipped = at > 60 ? at - 60 : 0;
    snprintf(p->error + length, EXPR_ERROR_MAX - (size_t)length, "\n    %s%.80s\n    %*s^",
             skipped ? "..." : "", p->text + skipped, at - skipped + (skipped ? 3 : 0), "");
}

static uint8_t fail(struct parser *p, const char *format, ...)
{
    va_list args;
    if (p->failed)
        return 0;
    p->failed = true;
    int length = snprintf(p->error, EXPR_ERROR_MAX, "where: ");
    va_start(args, format);
    length += vsnprintf(p->error + length, EXPR_ERROR_MAX - (size_t)length, format, args);
    va_end(args);
    add_caret(p, length < EXPR_ERROR_MAX ? length : EXPR_ERROR_MAX - 1);
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

// 1.5KiB is a number of bytes; what no integer holds is compared as it is.
static struct value whole(double number)
{
    return number < 0x1p63 ? value_integer((int64_t)number) : value_real(number);
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
        value = whole(value_as_real(&value) * factor);
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
    const struct expr_space *space = &p->expr->space;
    const char *why = NULL;
    const int column = space->find(space->context, p->at, length, &why);
    if (column < 0) {
        const char *best = space->suggest(space->context, p->at, length);
        return best ? fail(p, "no column '%.*s' of %s; did you mean '%s'?", (int)length, p->at,
                           space->of, best)
                    : fail(p, "no column '%.*s' of %s", (int)length, p->at, space->of);
    }
    if (why)
        return fail(p, "'%.*s' %s", (int)length, p->at, why);
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
    const struct expr_space *space = &p->expr->space;
    uint32_t values = 0;
    if (column->op == EXPR_COLUMN && is_constant(p, right) && space->codes &&
        (p->expr->nodes[node].codes = space->codes(space->context, column->column, &values))) {
        p->expr->nodes[node].known = calloc((size_t)values + 1, 1);
        if (!p->expr->nodes[node].known)
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

bool expr_compile(struct expr *expr, const struct expr_space *space, const char *text,
                  expr_bind *bind, void *context, char error[EXPR_ERROR_MAX])
{
    struct parser p = {
        .expr = expr, .text = text, .at = text, .bind = bind, .context = context, .error = error};
    expr->space = *space;
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
        free(expr->nodes[i].known);
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
        return x == y ? 0 : x > y ? 1 : x < y ? -1 : 2; // 2: one is no number
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

static struct value evaluate(const struct expr *e, uint8_t index, uint64_t row);

static bool decide(const struct expr *e, const struct expr_node *node, uint64_t row)
{
    const struct value a = evaluate(e, node->left, row), b = evaluate(e, node->right, row);
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

static bool decide_once(const struct expr *e, const struct expr_node *node, uint64_t row)
{
    if (!node->known)
        return decide(e, node, row);
    uint8_t *known = &node->known[node->codes[row]];
    if (!*known)
        *known = decide(e, node, row) ? 2 : 1;
    return *known == 2;
}

// Truths are not boxed on their way up: this is the inner loop of every filter.
static bool truth_of(const struct expr *e, uint8_t index, uint64_t row)
{
    const struct expr_node *node = &e->nodes[index];
    switch (node->op) {
    case EXPR_NOT:
        return !truth_of(e, node->left, row);
    case EXPR_AND:
        return truth_of(e, node->left, row) && truth_of(e, node->right, row);
    case EXPR_OR:
        return truth_of(e, node->left, row) || truth_of(e, node->right, row);
    case EXPR_EQ:
    case EXPR_NE:
    case EXPR_LT:
    case EXPR_LE:
    case EXPR_GT:
    case EXPR_GE:
    case EXPR_GLOB:
        return decide_once(e, node, row);
    default: {
        const struct value v = evaluate(e, index, row);
        return is_true(&v);
    }
    }
}

static struct value evaluate(const struct expr *e, uint8_t index, uint64_t row)
{
    const struct expr_node *node = &e->nodes[index];
    switch (node->op) {
    case EXPR_VALUE:
        return node->value;
    case EXPR_COLUMN:
        return e->space.get(e->space.context, node->column, row);
    case EXPR_ADD:
    case EXPR_SUBTRACT:
    case EXPR_MULTIPLY:
    case EXPR_DIVIDE: {
        const struct value a = evaluate(e, node->left, row);
        const struct value b = evaluate(e, node->right, row);
        return calculate(node->op, &a, &b);
    }
    default:
        return value_bool(truth_of(e, index, row));
    }
}

bool expr_test(const struct expr *expr, uint64_t row)
{
    return truth_of(expr, expr->root, row);
}

struct value expr_value(const struct expr *expr, uint64_t row)
{
    return evaluate(expr, expr->root, row);
}

// ---- 64 rows at a time ----

static uint64_t all_of(unsigned count)
{
    return count >= 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
}

// One loop for each operator, so that the compiler makes vectors of them.
static uint64_t compare_many(enum expr_op op, const int64_t *numbers, unsigned count, int64_t with)
{
    uint8_t passes[64];
    uint64_t bits = 0;
#define EACH(operator)                        \
    for (unsigned i = 0; i < count; i++)      \
        passes[i] = numbers[i] operator with; \
    break
    switch (op) {
    case EXPR_EQ:
        EACH(==);
    case EXPR_NE:
        EACH(!=);
    case EXPR_LT:
        EACH(<);
    case EXPR_LE:
        EACH(<=);
    case EXPR_GT:
        EACH(>);
    default:
        EACH(>=);
    }
#undef EACH
    // Eight bytes of 0 or 1 become eight bits.
    unsigned i = 0;
    for (; i + 8 <= count; i += 8) {
        uint64_t eight;
        memcpy(&eight, passes + i, sizeof eight);
        bits |= (eight * UINT64_C(0x0102040810204080) >> 56) << i;
    }
    for (; i < count; i++)
        bits |= (uint64_t)passes[i] << i;
    return bits;
}

static uint64_t one_by_one(const struct expr *e, uint8_t index, uint64_t first, uint64_t wanted)
{
    uint64_t bits = 0;
    for (; wanted; wanted &= wanted - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(wanted);
        bits |= (uint64_t)truth_of(e, index, first + i) << i;
    }
    return bits;
}

static uint64_t test_codes(const struct expr *e, uint8_t index, uint64_t first, uint64_t wanted)
{
    const struct expr_node *node = &e->nodes[index];
    const uint32_t *codes = node->codes + first;
    const uint8_t *known = node->known;
    uint64_t bits = 0;
    for (uint64_t left = wanted; left; left &= left - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(left);
        const uint8_t answer = known[codes[i]];
        bits |= (uint64_t)(answer ? answer == 2 : decide_once(e, node, first + i)) << i;
    }
    return bits;
}

static uint64_t test_comparison(const struct expr *e, uint8_t index, uint64_t first, unsigned count,
                                uint64_t wanted)
{
    const struct expr_node *node = &e->nodes[index];
    const struct expr_node *left = &e->nodes[node->left], *right = &e->nodes[node->right];
    int64_t numbers[64];
    uint64_t absent = 0;
    if (node->known)
        return test_codes(e, index, first, wanted);
    if (left->op != EXPR_COLUMN || right->op != EXPR_VALUE || right->value.kind != VALUE_INTEGER ||
        node->op == EXPR_GLOB || !e->space.fill ||
        !e->space.fill(e->space.context, left->column, first, count, numbers, &absent))
        return one_by_one(e, index, first, wanted);
    const uint64_t bits = compare_many(node->op, numbers, count, right->value.integer);
    return (node->op == EXPR_NE ? bits | absent : bits & ~absent) & wanted;
}

// Only the rows in `wanted` are asked for.
static uint64_t test_many(const struct expr *e, uint8_t index, uint64_t first, unsigned count,
                          uint64_t wanted)
{
    const struct expr_node *node = &e->nodes[index];
    uint64_t bits;
    if (!wanted)
        return 0;
    switch (node->op) {
    case EXPR_NOT:
        return wanted & ~test_many(e, node->left, first, count, wanted);
    case EXPR_AND:
        bits = test_many(e, node->left, first, count, wanted);
        return test_many(e, node->right, first, count, bits);
    case EXPR_OR:
        bits = test_many(e, node->left, first, count, wanted);
        return bits | test_many(e, node->right, first, count, wanted & ~bits);
    case EXPR_EQ:
    case EXPR_NE:
    case EXPR_LT:
    case EXPR_LE:
    case EXPR_GT:
    case EXPR_GE:
        return test_comparison(e, index, first, count, wanted);
    default:
        return one_by_one(e, index, first, wanted);
    }
}

uint64_t expr_test_many(const struct expr *expr, uint64_t first, unsigned count)
{
    return test_many(expr, expr->root, first, count, all_of(count));
}

// ---- what follows without looking at rows ----

uint64_t expr_columns(const struct expr *expr)
{
    uint64_t columns = 0;
    for (unsigned i = 0; i < expr->count; i++)
        if (expr->nodes[i].op == EXPR_COLUMN && expr->nodes[i].column < 64)
            columns |= UINT64_C(1) << expr->nodes[i].column;
    return columns;
}

struct outlook {
    const struct expr *expr;
    uint64_t row;
    bool (*known)(const void *context, int column, uint64_t row);
};

static bool is_known(const struct outlook *o, uint8_t index)
{
    const struct expr_node *node = &o->expr->nodes[index];
    switch (node->op) {
    case EXPR_VALUE:
        return true;
    case EXPR_COLUMN:
        return o->known(o->expr->space.context, node->column, o->row);
    case EXPR_NOT:
        return is_known(o, node->left);
    default:
        return is_known(o, node->left) && is_known(o, node->right);
    }
}

// Whether the node may have this truth.
static bool may_be(const struct outlook *o, uint8_t index, bool truth)
{
    const struct expr_node *node = &o->expr->nodes[index];
    switch (node->op) {
    case EXPR_NOT:
        return may_be(o, node->left, !truth);
    case EXPR_AND:
    case EXPR_OR:
        return (node->op == EXPR_AND) == truth
                   ? may_be(o, node->left, truth) && may_be(o, node->right, truth)
                   : may_be(o, node->left, truth) || may_be(o, node->right, truth);
    default:
        return !is_known(o, index) || truth_of(o->expr, index, o->row) == truth;
    }
}

bool expr_may_be(const struct expr *expr, bool truth, uint64_t row,

                 bool (*known)(const void *context, int column, uint64_t row))
{
    const struct outlook outlook = {.expr = expr, .row = row, .known = known};
    return may_be(&outlook, expr->root, truth);
}

static bool demands(const struct expr *e, uint8_t index, int column, int64_t *ret)
{
    const struct expr_node *node = &e->nodes[index];
    if (node->op == EXPR_AND)
        return demands(e, node->left, column, ret) || demands(e, node->right, column, ret);
    const struct expr_node *left = &e->nodes[node->left], *right = &e->nodes[node->right];
    if (node->op != EXPR_EQ || left->op != EXPR_COLUMN || left->column != column ||
        right->op != EXPR_VALUE || right->value.kind != VALUE_INTEGER)
        return false;
    *ret = right->value.integer;
    return true;
}

bool expr_demands(const struct expr *expr, int column, int64_t *ret)
{
    return demands(expr, expr->root, column, ret);
}

static bool narrow(enum expr_op op, int64_t number, int64_t *low, int64_t *high)
{
    int64_t from = INT64_MIN, to = INT64_MAX;
    if ((op == EXPR_GT && number == INT64_MAX) || (op == EXPR_LT && number == INT64_MIN))
        return false;
    if (op == EXPR_EQ || op == EXPR_GE || op == EXPR_GT)
        from = number + (op == EXPR_GT);
    if (op == EXPR_EQ || op == EXPR_LE || op == EXPR_LT)
        to = number - (op == EXPR_LT);
    *low = from > *low ? from : *low;
    *high = to < *high ? to : *high;
    return from != INT64_MIN || to != INT64_MAX;
}

static bool is_range(const struct outlook *o, uint8_t index, int column, int64_t *low,
                     int64_t *high)
{
    const struct expr *e = o->expr;
    const struct expr_node *node = &e->nodes[index];
    if (node->op == EXPR_AND)
        return is_range(o, node->left, column, low, high) &&
               is_range(o, node->right, column, low, high);
    if (is_known(o, index))
        return truth_of(e, index, o->row);
    if (node->op < EXPR_EQ || node->op > EXPR_GE)
        return false;
    const struct expr_node *left = &e->nodes[node->left], *right = &e->nodes[node->right];
    return left->op == EXPR_COLUMN && left->column == column && right->op == EXPR_VALUE &&
           right->value.kind == VALUE_INTEGER && narrow(node->op, right->value.integer, low, high);
}

bool expr_is_range(const struct expr *expr, int column, uint64_t row,
                   bool (*known)(const void *context, int column, uint64_t row), int64_t *low,
                   int64_t *high)
{
    const struct outlook outlook = {.expr = expr, .row = row, .known = known};
    return is_range(&outlook, expr->root, column, low, high);
}

// The comparison that says the same with its sides exchanged.
static enum expr_op mirrored(enum expr_op op)
{
    switch (op) {
    case EXPR_LT:
        return EXPR_GT;
    case EXPR_LE:
        return EXPR_GE;
    case EXPR_GT:
        return EXPR_LT;
    case EXPR_GE:
        return EXPR_LE;
    default:
        return op;
    }
}

static void bounds(const struct expr *e, uint8_t index, int column, int64_t *low, int64_t *high)
{
    const struct expr_node *node = &e->nodes[index];
    if (node->op == EXPR_AND) {
        bounds(e, node->left, column, low, high);
        bounds(e, node->right, column, low, high);
        return;
    }
    if (node->op < EXPR_EQ || node->op > EXPR_GE)
        return;
    const struct expr_node *left = &e->nodes[node->left], *right = &e->nodes[node->right];
    const bool turned = left->op == EXPR_VALUE;
    const struct expr_node *of = turned ? right : left, *with = turned ? left : right;
    if (of->op == EXPR_COLUMN && of->column == column && with->op == EXPR_VALUE &&
        with->value.kind == VALUE_INTEGER)
        narrow(turned ? mirrored(node->op) : node->op, with->value.integer, low, high);
}

void expr_bounds(const struct expr *expr, int column, int64_t *low, int64_t *high)
{
    bounds(expr, expr->root, column, low, high);
}

// ---- the objects of a heap ----

static int heap_find(const void *context, const char *name, size_t length, const char **why)
{
    const enum column_id column = column_find(name, length);
    if (column == COLUMN_COUNT)
        return -1;
    const char *missing = column_missing(context, column);
    if (missing)
        *why = strcmp(missing, "refs") == 0 ? "must be declared: needs = { refs = true }"
                                            : "must be declared: needs = { retained = true }";
    struct error *err =
        missing ? NULL : column_prepare((struct plugin_heap *)(uintptr_t)context, column);
    if (err)
        *why = "cannot be read";
    error_destroy(err);
    return (int)column;
}

static const char *heap_suggest(const void *context, const char *name, size_t length)
{
    (void)context;
    return column_suggest(name, length);
}

static struct value heap_get(const void *context, int column, uint64_t row)
{
    return column_get(context, (enum column_id)column, (uint32_t)row);
}

static bool heap_fill(const void *context, int column, uint64_t row, unsigned count,
                      int64_t *numbers, uint64_t *absent)
{
    return column_fill(context, (enum column_id)column, (uint32_t)row, count, numbers, absent);
}

static const uint32_t *heap_codes(const void *context, int column, uint32_t *values)
{
    const struct plugin_heap *heap = context;
    *values = heap->snapshot->type_count;
    return column == COLUMN_type || column == COLUMN_module ? heap->snapshot->type : NULL;
}

struct expr_space expr_heap_space(const struct plugin_heap *heap)
{
    return (struct expr_space){
        .context = heap,
        .of = "objects",
        .find = heap_find,
        .suggest = heap_suggest,
        .get = heap_get,
        .fill = heap_fill,
        .codes = heap_codes,
    };
}
