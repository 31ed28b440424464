/*
 * String literals: adjacent tokens become one constant or one f-string.
 *
 * Decoding never makes a text longer (every escape is at least as long as its UTF-8 form), so one
 * buffer of the length of all tokens serves a whole concatenation.
 *
 * f-strings are read as CPython 3.11 reads them: the literal was delimited by the lexer without
 * looking inside; here its body is cut into text and replacement fields; the text of each field,
 * put in parentheses, goes through the lexer and the parser again. Hence the limits of 3.11: no
 * backslash and no '#' in a field, no reuse of the enclosing quotes. As the copy "(expr)" has its
 * '(' where the source has '{', columns inside need no correction.
 */
#include <string.h>

#include "vm/front/parser_internal.h"
#include "vm/front/unicode.h"
#include "vm/front/unicode_names.h"

enum {
    MAX_FIELD_NESTING = 2, /* f'{a:{b}}' is the deepest */
};

/* One token taken apart. */
struct literal {
    const char *body, *end; /* between the quotes */
    uint32_t token;
    bool is_bytes, is_raw, is_f, is_u;
};

/* A concatenation being built. */
struct builder {
    char *text; /* decoded, not yet in a node */
    size_t len;
    size_t mark; /* of the values of a JoinedStr on the scratch stack */
    bool is_f;
    bool is_bytes;
    bool is_u;
    const char *not_escape; /* the first backslash of a piece of text that escapes nothing */
    struct ast_pos pos;     /* from the first to the last token: that of all nodes made here */
};

static struct literal open_literal(const struct parser *p, uint32_t index)
{
    const struct token *token = &p->at[index];
    struct literal lit = {.token = index};
    const char *s = p->text + token->start;
    lit.is_u = *s == 'u';
    for (; *s != '\'' && *s != '"'; s++) {
        lit.is_bytes |= (*s | 32) == 'b';
        lit.is_raw |= (*s | 32) == 'r';
        lit.is_f |= (*s | 32) == 'f';
    }
    const char *end = p->text + token->end;
    const bool triple = end - s >= 6 && s[1] == s[0] && s[2] == s[0];
    lit.body = s + (triple ? 3 : 1);
    lit.end = end - (triple ? 3 : 1);
    return lit;
}

/* ---- escapes -------------------------------------------------------------------------------- */

static void put_char(struct builder *b, uint32_t c)
{
    b->len += unicode_encode(b->text + b->len, c);
}

/*
 * Positions in messages are those in CPython's intermediate form, where each character outside
 * ASCII counts ten (\UXXXXXXXX).
 */
static _Noreturn void unicode_error(struct parser *p, const char *body, const char *from,
                                    const char *to, const char *what)
{
    size_t start = 0;
    for (const char *s = body; s < from; s++) {
        const unsigned char c = (unsigned char)*s;
        start += c < 0x80 ? 1 : (c & 0xC0) == 0x80 ? 0 : 10;
    }
    error_here(p,
               "(unicode error) 'unicodeescape' codec can't decode bytes in position %zu-%zu: %s",
               start, start + (size_t)(to - from) - 1, what);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = (char)(c | 32);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Up to `digits` hexadecimal digits at *s, which moves over them; false when there are fewer. */
static bool read_hex(const char **s, const char *end, int digits, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < digits; i++, (*s)++) {
        const int digit = *s < end ? hex_value(**s) : -1;
        if (digit < 0) {
            return false;
        }
        *value = *value * 16 + (uint32_t)digit;
    }
    return true;
}

static uint32_t read_octal(const char **s, const char *end)
{
    uint32_t value = 0;
    for (int i = 0; i < 3 && *s < end && **s >= '0' && **s <= '7'; i++, (*s)++) {
        value = value * 8 + (uint32_t)(**s - '0');
    }
    return value;
}

/* The one-character escapes; -1 for others. */
static int simple_escape(char c)
{
    switch (c) {
    case '\\':
    case '\'':
    case '"':
        return c;
    case 'a':
        return 7;
    case 'b':
        return 8;
    case 'f':
        return 12;
    case 'n':
        return 10;
    case 'r':
        return 13;
    case 't':
        return 9;
    case 'v':
        return 11;
    default:
        return -1;
    }
}

static void note_not_escape(struct builder *b, const char *backslash)
{
    if (b->not_escape == NULL) {
        b->not_escape = backslash;
    }
}

/* DeprecationWarning, in the line that the literal begins in. */
static void warn_not_escape(struct parser *p, const struct literal *lit, const char *backslash)
{
    if (p->diagnose) {
        return;
    }
    const bool octal = backslash[1] >= '4' && backslash[1] <= '7';
    const char *msg =
        octal ? arena_printf(p->arena, "invalid octal escape sequence '%.4s'", backslash)
              : arena_printf(p->arena, "invalid escape sequence '\\%c'", backslash[1]);
    const struct token *token = &p->at[lit->token];
    const struct ast_pos pos = {.line = token->line,
                                .col = token->col,
                                .end_line = token->end_line,
                                .end_col = token->end_col};
    ast_warn_deprecated(p->arena, pos, msg);
}

/* \N{name} with `s` behind the N; returns the place behind it. */
static const char *named_escape(struct parser *p, struct builder *b, const char *body,
                                const char *from, const char *s, const char *end)
{
    const char *close = s < end && *s == '{' ? memchr(s, '}', (size_t)(end - s)) : NULL;
    if (close == NULL || close == s + 1) {
        const char *to = close != NULL ? close : s < end && *s == '{' ? end : s;
        unicode_error(p, body, from, to, "malformed \\N character escape");
    }
    const int32_t c = unicode_name_find(s + 1, (size_t)(close - s - 1));
    if (c < 0) {
        unicode_error(p, body, from, close + 1, "unknown Unicode character name");
    }
    put_char(b, (uint32_t)c);
    return close + 1;
}

/* One escape of a str; `s` is at the backslash. Returns the place behind it. */
static const char *decode_str_escape(struct parser *p, struct builder *b, const char *body,
                                     const char *s, const char *end)
{
    const char *from = s++;
    if (s == end) { /* a nested format spec may end in a backslash */
        b->text[b->len++] = '\\';
        return s;
    }
    const char c = *s++;
    const int simple = simple_escape(c);
    if (simple >= 0) {
        b->text[b->len++] = (char)simple;
        return s;
    }
    uint32_t value;
    switch (c) {
    case '\n':
        return s;
    case '0' ... '7':
        s--;
        value = read_octal(&s, end);
        if (value > 0377) {
            note_not_escape(b, from);
        }
        put_char(b, value);
        return s;
    case 'x':
        if (!read_hex(&s, end, 2, &value)) {
            unicode_error(p, body, from, s, "truncated \\xXX escape");
        }
        break;
    case 'u':
        if (!read_hex(&s, end, 4, &value)) {
            unicode_error(p, body, from, s, "truncated \\uXXXX escape");
        }
        break;
    case 'U':
        if (!read_hex(&s, end, 8, &value)) {
            unicode_error(p, body, from, s, "truncated \\UXXXXXXXX escape");
        }
        if (value > 0x10FFFF) {
            unicode_error(p, body, from, s, "illegal Unicode character");
        }
        break;
    case 'N':
        return named_escape(p, b, body, from, s, end);
    default:
        if ((unsigned char)c < 0x80) {
            note_not_escape(b, from);
        }
        b->text[b->len++] = '\\';
        return s - 1; /* the character itself is copied next, it may be of several bytes */
    }
    put_char(b, value);
    return s;
}

static const char *decode_bytes_escape(struct parser *p, struct builder *b, const char *body,
                                       const char *s, const char *end)
{
    const char *from = s++;
    const char c = *s++;
    const int simple = simple_escape(c);
    uint32_t value;
    if (simple >= 0) {
        b->text[b->len++] = (char)simple;
    } else if (c >= '0' && c <= '7') {
        s--;
        value = read_octal(&s, end);
        if (value > 0377) {
            note_not_escape(b, from);
        }
        b->text[b->len++] = (char)value;
    } else if (c == 'x') {
        if (!read_hex(&s, end, 2, &value)) {
            error_here(p, "(value error) invalid \\x escape at position %td", from - body);
        }
        b->text[b->len++] = (char)value;
    } else if (c != '\n') {
        note_not_escape(b, from);
        b->text[b->len++] = '\\';
        b->text[b->len++] = c;
    }
    return s;
}

/* Appends [s, end) decoded. */
static void decode(struct parser *p, struct builder *b, const struct literal *lit, const char *s,
                   const char *end)
{
    const char *body = s;
    b->not_escape = NULL;
    while (s < end) {
        const char *stop = lit->is_raw ? NULL : memchr(s, '\\', (size_t)(end - s));
        const size_t plain = (size_t)((stop != NULL ? stop : end) - s);
        memcpy(b->text + b->len, s, plain);
        b->len += plain;
        s += plain;
        if (stop != NULL) {
            s = lit->is_bytes ? decode_bytes_escape(p, b, body, s, end)
                              : decode_str_escape(p, b, body, s, end);
            /* An unknown escape keeps its backslash; a second one must not start an escape. */
        }
    }
    if (b->not_escape != NULL) {
        warn_not_escape(p, lit, b->not_escape);
    }
}

/* ---- f-strings ------------------------------------------------------------------------------ */

static struct ast_expr *text_node(struct parser *p, const struct builder *b, char *text, size_t len)
{
    struct ast_expr *expr = new_expr(p, AST_EXPR_CONSTANT, b->pos);
    text[len] = '\0';
    expr->constant.kind = b->is_bytes ? AST_CONST_BYTES : AST_CONST_STR;
    expr->constant.string.text = text;
    expr->constant.string.len = len;
    expr->constant.string.u_prefix = b->is_u;
    return expr;
}

/* Turns the text so far into a value of the f-string. */
static void flush_text(struct parser *p, struct builder *b)
{
    if (b->len == 0) {
        return;
    }
    struct ast_expr *node = text_node(p, b, arena_copy(p->arena, b->text, b->len), b->len);
    list_push(p, node);
    b->len = 0;
}

static struct ast_expr *finish_joined(struct parser *p, struct builder *b)
{
    flush_text(p, b);
    struct ast_exprs values = list_end_exprs(p, b->mark);
    struct ast_expr *expr = new_expr(p, AST_EXPR_JOINEDSTR, b->pos);
    expr->joinedstr.values = values;
    return expr;
}

/* The line and column of `at`, which lies inside the token of `lit`. */
static void locate(const struct parser *p, const struct literal *lit, const char *at,
                   uint32_t *line, int32_t *col)
{
    const struct token *token = &p->at[lit->token];
    const char *start = p->text + token->start;
    *line = token->line;
    *col = (int32_t)(token->col + (uint32_t)(at - start));
    for (const char *s = start; s < at; s++) {
        if (*s == '\n') {
            (*line)++;
            *col = (int32_t)(at - s - 1);
        }
    }
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

/* How far the expression of a field reaches; `s` is behind the opening brace. */
static const char *find_field_end(struct parser *p, const char *s, const char *end)
{
    char open[LEXER_MAX_LEVEL];
    uint32_t depth = 0;
    char quote = '\0';
    bool triple = false;
    for (; s < end; s++) {
        const char c = *s;
        const bool tripled = end - s > 2 && s[1] == c && s[2] == c;
        if (c == '\\') {
            error_here(p, "f-string expression part cannot include a backslash");
        }
        if (quote != '\0') {
            if (c == quote && (!triple || tripled)) {
                s += triple ? 2 : 0;
                quote = '\0';
            }
        } else if (c == '\'' || c == '"') {
            quote = c;
            triple = tripled;
            s += triple ? 2 : 0;
        } else if (c == '[' || c == '{' || c == '(') {
            if (depth >= LEXER_MAX_LEVEL) {
                error_here(p, "f-string: too many nested parenthesis");
            }
            open[depth++] = c;
        } else if (c == '#') {
            error_here(p, "f-string expression part cannot include '#'");
        } else if (depth == 0 && strchr("!:}=<>", c) != NULL) {
            if (end - s > 1 && s[1] == '=' && c != ':' && c != '}') {
                s++;
            } else if (c != '<' && c != '>') {
                return s;
            }
        } else if (c == ']' || c == '}' || c == ')') {
            if (depth == 0) {
                error_here(p, "f-string: unmatched '%c'", c);
            }
            const char opening = open[--depth];
            if (c != (opening == '(' ? ')' : opening == '[' ? ']' : '}')) {
                error_here(p,
                           "f-string: closing parenthesis '%c' does not match opening "
                           "parenthesis '%c'",
                           c, opening);
            }
        }
    }
    if (quote != '\0') {
        error_here(p, "f-string: unterminated string");
    }
    if (depth > 0) {
        error_here(p, "f-string: unmatched '%c'", open[depth - 1]);
    }
    error_here(p, "f-string: expecting '}'");
}

static struct ast_expr *compile_field(struct parser *p, const struct literal *lit,
                                      const char *start, const char *stop)
{
    const char *s = start;
    while (s < stop && is_space(*s)) {
        s++;
    }
    if (s == stop) {
        if (*stop == '}') {
            error_here(p, "f-string: empty expression not allowed");
        }
        error_here(p, "f-string: expression required before '%c'", *stop);
    }
    const size_t len = (size_t)(stop - start);
    char *text = arena_alloc(p->arena, len + 3);
    text[0] = '(';
    memcpy(text + 1, start, len);
    text[len + 1] = ')';
    text[len + 2] = '\0';
    uint32_t line;
    int32_t col;
    locate(p, lit, start - 1, &line, &col);
    return parse_fstring_expression(p, text, len + 2, line, col);
}

static const char *parse_fstring_body(struct parser *p, struct builder *b,
                                      const struct literal *lit, const char *s, int nesting);

/* A replacement field at its '{'. Returns the place behind the '}'. */
static const char *parse_field(struct parser *p, struct builder *b, const struct literal *lit,
                               const char *s, int nesting)
{
    if (nesting >= MAX_FIELD_NESTING) {
        error_here(p, "f-string: expressions nested too deeply");
    }
    const char *const end = lit->end;
    const char *start = ++s;
    s = find_field_end(p, s, end);
    struct ast_expr *value = compile_field(p, lit, start, s);
    int conversion = -1;
    bool debug = false;
    if (*s == '=') {
        s++;
        while (s < end && is_space(*s)) {
            s++;
        }
        debug = true;
        memcpy(b->text + b->len, start, (size_t)(s - start));
        b->len += (size_t)(s - start);
    }
    if (s < end && *s == '!') {
        s++;
        if (s >= end) {
            error_here(p, "f-string: expecting '}'");
        }
        conversion = (unsigned char)*s++;
        if (conversion != 's' && conversion != 'r' && conversion != 'a') {
            error_here(p, "f-string: invalid conversion character: expected 's', 'r', or 'a'");
        }
    }
    flush_text(p, b);
    struct ast_expr *spec = NULL;
    if (s < end && *s == ':') {
        struct builder inner = {
            .text = arena_alloc(p->arena, (size_t)(end - s) + 1),
            .mark = list_begin(p),
            .is_u = b->is_u,
            .pos = b->pos,
        };
        s = parse_fstring_body(p, &inner, lit, s + 1, nesting + 1);
        spec = finish_joined(p, &inner);
    }
    if (s >= end || *s != '}') {
        error_here(p, "f-string: expecting '}'");
    }
    struct ast_expr *field = new_expr(p, AST_EXPR_FORMATTED, b->pos);
    field->formatted.value = value;
    field->formatted.conversion = debug && spec == NULL && conversion < 0 ? 'r' : conversion;
    field->formatted.format_spec = spec;
    list_push(p, field);
    return s + 1;
}

/* How far literal text reaches from `s`: to a brace or the end. */
static const char *find_text_end(struct parser *p, const struct literal *lit, const char *s)
{
    for (; s < lit->end; s++) {
        if (*s == '{' || *s == '}') {
            return s;
        }
        if (*s == '\\' && !lit->is_raw && s + 1 < lit->end) {
            if (s[1] == '{') {
                warn_not_escape(p, lit, s);
            }
            if (s[1] == '{' || s[1] == '}') {
                continue; /* "\{": the backslash is text, the brace is a brace */
            }
            s++;
            if (*s == 'N' && s + 1 < lit->end && s[1] == '{') {
                const char *close = memchr(s, '}', (size_t)(lit->end - s));
                s = close != NULL ? close : lit->end - 1;
            }
        }
    }
    return lit->end;
}

/* Text and fields up to the end, or, in a format spec, up to (not over) the closing brace. */
static const char *parse_fstring_body(struct parser *p, struct builder *b,
                                      const struct literal *lit, const char *s, int nesting)
{
    for (;;) {
        const char *stop = find_text_end(p, lit, s);
        const bool doubled =
            nesting == 0 && stop < lit->end && stop + 1 < lit->end && stop[1] == *stop;
        decode(p, b, lit, s, doubled ? stop + 1 : stop);
        if (doubled) {
            s = stop + 2;
        } else if (stop >= lit->end) {
            return stop;
        } else if (*stop == '}') {
            if (nesting == 0) {
                error_here(p, "f-string: single '}' is not allowed");
            }
            return stop;
        } else {
            s = parse_field(p, b, lit, stop, nesting);
        }
    }
}

/* ---- concatenation -------------------------------------------------------------------------- */

static void check_ascii(struct parser *p, const struct literal *lit)
{
    for (const char *s = lit->body; s < lit->end; s++) {
        if ((unsigned char)*s >= 0x80) {
            error_token(p, lit->token, "bytes can only contain ASCII literal characters");
        }
    }
}

struct ast_expr *parse_strings(struct parser *p)
{
    const uint32_t first = p->pos;
    size_t total = 0;
    while (at_kind(p, TOK_STRING)) {
        total += peek(p)->end - peek(p)->start;
        advance(p);
    }
    const uint32_t last = p->pos;
    if (p->pos > p->furthest) {
        p->furthest = p->pos;
    }
    const struct literal head = open_literal(p, first);
    struct builder b = {
        .text = arena_alloc(p->arena, total + 1),
        .mark = list_begin(p),
        .is_bytes = head.is_bytes,
        .is_u = head.is_u,
        .pos = pos_from(p, first),
    };
    for (uint32_t i = first; i < last; i++) {
        const struct literal lit = open_literal(p, i);
        if (lit.is_bytes != b.is_bytes) {
            error_here(p, "cannot mix bytes and nonbytes literals");
        }
        if (lit.is_bytes) {
            check_ascii(p, &lit);
        }
        if (lit.is_f) {
            b.is_f = true;
            parse_fstring_body(p, &b, &lit, lit.body, 0);
        } else {
            decode(p, &b, &lit, lit.body, lit.end);
        }
    }
    return b.is_f ? finish_joined(p, &b) : text_node(p, &b, b.text, b.len);
}
