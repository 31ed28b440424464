/*
 * The lexer: see lexer.h for what it promises. One function, lexer_run(), walks the text with a
 * pointer; a NUL behind the last byte ends every inner loop, so none of them tests for the end.
 *
 *   start of a line   count the indentation, skip blank lines, emit INDENT or DEDENT
 *   inside a line     dispatch on the class of the first byte; names and keywords first
 *   end of a line     NEWLINE, unless inside brackets
 *
 * Errors leave by longjmp to lexer_run(), with the message and place of CPython 3.11. Its
 * convention is that an error stands at the last byte consumed; error_at() takes that byte.
 */
#include "vm/front/lexer.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "vm/front/unicode.h"

struct state {
    struct lexer *lx;
    const char *p; /* next byte */
    jmp_buf fail;
};

enum char_class {
    CC_OTHER, /* not the start of any token */
    CC_NAME,  /* letter, underscore, or byte of a non-ASCII character */
    CC_DIGIT,
    CC_SPACE,
    CC_QUOTE,
    CC_OPERATOR,
};

static const uint8_t char_class[256] = {
    ['a' ... 'z'] = CC_NAME,     ['A' ... 'Z'] = CC_NAME,     ['_'] = CC_NAME,
    [0x80 ... 0xFF] = CC_NAME,   ['0' ... '9'] = CC_DIGIT,    [' '] = CC_SPACE,
    ['\t'] = CC_SPACE,           ['\f'] = CC_SPACE,           ['"'] = CC_QUOTE,
    ['\''] = CC_QUOTE,           ['!'] = CC_OPERATOR,         ['%' ... '&'] = CC_OPERATOR,
    ['(' ... '/'] = CC_OPERATOR, [':' ... '>'] = CC_OPERATOR, ['@'] = CC_OPERATOR,
    ['['] = CC_OPERATOR,         [']' ... '^'] = CC_OPERATOR, ['{' ... '~'] = CC_OPERATOR,
};

static bool is_name_char(char c)
{
    const uint8_t cc = char_class[(unsigned char)c];
    return cc == CC_NAME || cc == CC_DIGIT;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex_digit(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static uint32_t column(const struct lexer *lx, const char *p)
{
    return (uint32_t)(p - lx->line_start);
}

/* ---- output and errors ---------------------------------------------------------------------- */

static struct token *emit(struct lexer *lx, enum token_kind kind, const char *start,
                          const char *end)
{
    struct tokens *out = lx->out;
    if (out->count == out->capacity) {
        const size_t capacity = out->capacity < 512 ? 512 : out->capacity * 2;
        struct token *at = realloc(out->at, capacity * sizeof(*at));
        if (at == NULL) {
            longjmp(*lx->arena->on_oom, 1);
        }
        out->at = at;
        out->capacity = capacity;
    }
    struct token *token = &out->at[out->count++];
    *token = (struct token){
        .start = (uint32_t)(start - lx->text),
        .end = (uint32_t)(end - lx->text),
        .line = lx->line,
        .col = column(lx, start),
        .kind = (uint8_t)kind,
        .level = (uint8_t)lx->level,
    };
    return token;
}

static _Noreturn void fail(struct state *st, struct syntax_error err)
{
    st->lx->err = err;
    longjmp(st->fail, 1);
}

/* An error whose place is the single byte (or character) at `p` on the current line. */
static _Noreturn void error_at(struct state *st, const char *p, const char *msg)
{
    fail(st, (struct syntax_error){
                 .kind = SYNTAX_ERROR,
                 .msg = msg,
                 .line = st->lx->line,
                 .col = p < st->lx->line_start ? 0 : column(st->lx, p),
                 .end_line = st->lx->line,
                 .end_col = p < st->lx->line_start ? 0 : column(st->lx, p),
             });
}

static _Noreturn void error_indent(struct state *st, enum syntax_error_kind kind, const char *msg)
{
    const char *eol = strchrnul(st->p, '\n');
    fail(st, (struct syntax_error){
                 .kind = kind,
                 .msg = msg,
                 .line = st->lx->line,
                 .col = kind == SYNTAX_ERROR_TAB ? 0 : column(st->lx, eol),
             });
}

/* ---- lines and indentation ------------------------------------------------------------------ */

static void next_line(struct state *st)
{
    st->lx->line++;
    st->lx->line_start = st->p;
}

static void emit_indent(struct state *st, uint32_t col, uint32_t alt_col)
{
    struct lexer *lx = st->lx;
    const uint32_t top = lx->indent_count - 1;
    const char *const tab_msg = "inconsistent use of tabs and spaces in indentation";
    if (col == lx->indents[top]) {
        if (alt_col != lx->alt_indents[top]) {
            error_indent(st, SYNTAX_ERROR_TAB, tab_msg);
        }
        return;
    }
    if (col > lx->indents[top]) {
        if (lx->indent_count >= LEXER_MAX_INDENTS) {
            error_indent(st, SYNTAX_ERROR_INDENTATION, "too many levels of indentation");
        }
        if (alt_col <= lx->alt_indents[top]) {
            error_indent(st, SYNTAX_ERROR_TAB, tab_msg);
        }
        lx->indents[lx->indent_count] = col;
        lx->alt_indents[lx->indent_count++] = alt_col;
        emit(lx, TOK_INDENT, lx->line_start, st->p);
        return;
    }
    while (lx->indent_count > 1 && col < lx->indents[lx->indent_count - 1]) {
        lx->indent_count--;
        emit(lx, TOK_DEDENT, st->p, st->p);
    }
    if (col != lx->indents[lx->indent_count - 1]) {
        error_indent(st, SYNTAX_ERROR_INDENTATION,
                     "unindent does not match any outer indentation level");
    }
    if (alt_col != lx->alt_indents[lx->indent_count - 1]) {
        error_indent(st, SYNTAX_ERROR_TAB, tab_msg);
    }
}

static _Noreturn void error_continued_nowhere(struct state *st, const char *p)
{
    const uint32_t col = p < st->lx->line_start ? 0 : column(st->lx, p);
    fail(st, (struct syntax_error){
                 .msg = "unexpected EOF while parsing",
                 .line = st->lx->line,
                 .col = col,
                 .end_line = st->lx->line,
                 .end_col = col,
                 .incomplete = true,
             });
}

/* A backslash has been seen at st->p; moves to the next line. False at the end of the text. */
static void continue_line(struct state *st)
{
    st->p++;
    if (*st->p != '\n') {
        if (*st->p == '\0' && st->p >= st->lx->text + st->lx->len) {
            error_continued_nowhere(st, st->p - 1);
        }
        fail(st, (struct syntax_error){
                     .msg = "unexpected character after line continuation character",
                     .line = st->lx->line,
                     .col = column(st->lx, st->p),
                 });
    }
    st->p++;
    if (st->p >= st->lx->text + st->lx->len) {
        error_continued_nowhere(st, st->p - 2);
    }
    next_line(st);
}

/*
 * At the start of a line outside brackets: skips blank and comment lines, then emits what the
 * indentation of the first real line asks for. False at the end of the text.
 */
static bool start_of_line(struct state *st)
{
    for (;;) {
        uint32_t col = 0;
        uint32_t alt_col = 0;
        uint32_t continued_col = 0; /* the indentation before a backslash counts */
        bool continued = false;
        for (;; st->p++) {
            if (*st->p == ' ') {
                col++;
                alt_col++;
            } else if (*st->p == '\t') {
                col = (col / 8 + 1) * 8;
                alt_col++;
            } else if (*st->p == '\f') {
                col = alt_col = 0;
            } else if (*st->p == '\\') {
                continued_col = continued ? continued_col : col;
                continued = true;
                continue_line(st);
                st->p--;
            } else {
                break;
            }
        }
        if (*st->p == '#') {
            st->p = strchrnul(st->p, '\n');
        }
        if (*st->p == '\n') {
            st->p++;
            next_line(st);
            continue;
        }
        if (*st->p == '\0') {
            return false;
        }
        if (continued) {
            col = alt_col = continued_col;
        }
        emit_indent(st, col, alt_col);
        return true;
    }
}

/* ---- names ---------------------------------------------------------------------------------- */

/* Checks a name with non-ASCII characters and interns its NFKC form. */
static struct ast_name *unicode_name(struct state *st, const char *start, const char *end)
{
    struct lexer *lx = st->lx;
    for (const char *p = start; p < end;) {
        utf8proc_int32_t c;
        const utf8proc_ssize_t n =
            utf8proc_iterate((const utf8proc_uint8_t *)p, end - p, &c); /* valid: checked before */
        const bool ok = p == start ? unicode_is_xid_start(c) : unicode_is_xid_continue(c);
        if (!ok) {
            const bool printable = unicode_is_printable(c);
            error_at(st, p,
                     printable ? arena_printf(lx->arena, "invalid character '%.*s' (U+%04X)",
                                              (int)n, p, (unsigned)c)
                               : arena_printf(lx->arena, "invalid non-printable character U+%04X",
                                              (unsigned)c));
        }
        p += n;
    }
    utf8proc_uint8_t *normal = NULL;
    const utf8proc_ssize_t len = utf8proc_map((const utf8proc_uint8_t *)start, end - start, &normal,
                                              UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
    if (len < 0) {
        error_at(st, start, "invalid identifier");
    }
    char *copy = arena_copy(lx->arena, normal, (size_t)len);
    free(normal);
    return ast_intern(lx->arena, copy, (size_t)len);
}

static void lex_name(struct state *st)
{
    const char *start = st->p;
    const char *p = start;
    unsigned char seen = 0;
    do {
        seen |= (unsigned char)*p++;
    } while (is_name_char(*p));
    st->p = p;
    struct ast_name *name = (seen & 0x80) != 0
                                ? unicode_name(st, start, p)
                                : ast_intern(st->lx->arena, start, (size_t)(p - start));
    const bool keyword = name->id < TOK_KEYWORD_COUNT && (seen & 0x80) == 0;
    emit(st->lx, keyword ? (enum token_kind)name->id : TOK_NAME, start, p)->name = name;
}

/* ---- numbers -------------------------------------------------------------------------------- */

static const char *skip_digits(struct state *st, const char *p)
{
    for (;;) {
        while (is_digit(*p)) {
            p++;
        }
        if (*p != '_') {
            return p;
        }
        p++;
        if (!is_digit(*p)) {
            error_at(st, p - 1, "invalid decimal literal");
        }
    }
}

static const char *lex_radix(struct state *st, const char *p, int base)
{
    const char *const name = base == 16 ? "hexadecimal" : base == 8 ? "octal" : "binary";
    p += 2;
    do {
        if (*p == '_') {
            p++;
        }
        const char *digits = p;
        while (base == 16 ? is_hex_digit(*p) : (*p >= '0' && *p < '0' + base)) {
            p++;
        }
        if (base != 16 && is_digit(*p)) {
            error_at(st, p,
                     arena_printf(st->lx->arena, "invalid digit '%c' in %s literal", *p, name));
        }
        if (p == digits) {
            error_at(st, p - 1, arena_printf(st->lx->arena, "invalid %s literal", name));
        }
    } while (*p == '_');
    return p;
}

/* A number may be followed by a keyword without a space, but by no other name. */
static void check_number_end(struct state *st, const char *p, const char *kind)
{
    static const char *const keywords[] = {"and", "else", "for", "if", "in", "is", "not", "or"};
    if (!is_name_char(*p)) {
        return;
    }
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (strncmp(p, keywords[i], strlen(keywords[i])) == 0) {
            const uint32_t line = st->lx->line, at = column(st->lx, p);
            ast_warn(
                st->lx->arena,
                (struct ast_pos){.line = line, .col = at - 1, .end_line = line, .end_col = at - 1},
                arena_printf(st->lx->arena, "invalid %s literal", kind));
            return;
        }
    }
    if ((unsigned char)*p >= 0x80) {
        const char *end = p;
        while (is_name_char(*end)) {
            end++;
        }
        unicode_name(st, p, end); /* complains about the character rather than the number */
    }
    error_at(st, p - 1, arena_printf(st->lx->arena, "invalid %s literal", kind));
}

static void lex_number(struct state *st)
{
    const char *start = st->p;
    const char *p = start;
    const char *kind = "decimal";
    if (*p == '0' && (p[1] | 32) == 'x') {
        p = lex_radix(st, p, 16);
        kind = "hexadecimal";
    } else if (*p == '0' && (p[1] | 32) == 'o') {
        p = lex_radix(st, p, 8);
        kind = "octal";
    } else if (*p == '0' && (p[1] | 32) == 'b') {
        p = lex_radix(st, p, 2);
        kind = "binary";
    } else {
        bool is_int = true;
        if (*p != '.') {
            p = skip_digits(st, p);
        }
        const char *int_end = p;
        if (*p == '.') {
            is_int = false;
            p++;
            if (is_digit(*p)) {
                p = skip_digits(st, p);
            }
        }
        if ((*p | 32) == 'e') {
            const char *e = p + 1;
            if (*e == '+' || *e == '-') {
                e++;
                if (!is_digit(*e)) {
                    error_at(st, e - 1, "invalid decimal literal");
                }
            }
            if (is_digit(*e)) {
                is_int = false;
                p = skip_digits(st, e);
            }
        }
        if ((*p | 32) == 'j') {
            is_int = false;
            kind = "imaginary";
            p++;
        }
        if (is_int && *start == '0') {
            const char *nonzero = start;
            while (nonzero < int_end && (*nonzero == '0' || *nonzero == '_')) {
                nonzero++;
            }
            if (nonzero < int_end) {
                fail(st, (struct syntax_error){
                             .msg = "leading zeros in decimal integer literals are not permitted; "
                                    "use an 0o prefix for octal integers",
                             .line = st->lx->line,
                             .col = column(st->lx, start),
                             .end_line = st->lx->line,
                             .end_col = column(st->lx, nonzero),
                         });
            }
        }
    }
    check_number_end(st, p, kind);
    st->p = p;
    emit(st->lx, TOK_NUMBER, start, p);
}

/* ---- strings -------------------------------------------------------------------------------- */

/* The length of the string prefix at `p` when a quote follows it, else -1. */
static int string_prefix(const char *p)
{
    const char a = (char)(p[0] | 32);
    if (a != 'r' && a != 'b' && a != 'u' && a != 'f') {
        return -1;
    }
    if (p[1] == '\'' || p[1] == '"') {
        return 1;
    }
    const char b = (char)(p[1] | 32);
    const bool pair = (a == 'r' && (b == 'b' || b == 'f')) || (b == 'r' && (a == 'b' || a == 'f'));
    return pair && (p[2] == '\'' || p[2] == '"') ? 2 : -1;
}

static _Noreturn void unterminated(struct state *st, const char *start, const char *start_line,
                                   uint32_t first_line, bool triple)
{
    const uint32_t detected = st->lx->line;
    const char *msg =
        arena_printf(st->lx->arena, "unterminated %sstring literal (detected at line %u)",
                     triple ? "triple-quoted " : "", detected);
    fail(st, (struct syntax_error){
                 .msg = msg,
                 .line = first_line,
                 .col = (uint32_t)(start - start_line),
                 .end_line = first_line,
                 .end_col = (uint32_t)(start - start_line),
                 /* or a backslash has taken the end of the last line */
                 .incomplete = triple || (st->p >= st->lx->text + st->lx->len && st->p[-1] == '\n'),
             });
}

static void lex_string(struct state *st, int prefix)
{
    struct lexer *lx = st->lx;
    const char *start = st->p;
    const char *start_line = lx->line_start;
    const uint32_t first_line = lx->line;
    const char *p = start + prefix;
    const char quote = *p;
    const bool triple = p[1] == quote && p[2] == quote;
    p += triple ? 3 : 1;
    for (;;) {
        const char c = *p;
        if (c == quote) {
            if (!triple) {
                p++;
                break;
            }
            if (p[1] == quote && p[2] == quote) {
                p += 3;
                break;
            }
        } else if (c == '\0') {
            /* The text always ends in a newline, so this is the line behind the last one. */
            if (triple && p > start && p[-1] == '\n') {
                lx->line--;
            }
            unterminated(st, start, start_line, first_line, triple);
        } else if (c == '\n') {
            if (!triple) {
                unterminated(st, start, start_line, first_line, false);
            }
            st->p = p + 1;
            next_line(st);
        } else if (c == '\\') {
            p++;
            if (*p == '\n') {
                st->p = p + 1;
                next_line(st);
            } else if (*p == '\0') {
                continue;
            }
        }
        p++;
    }
    st->p = p;
    const uint32_t end_line = lx->line;
    const uint32_t end_col = column(lx, p);
    struct token *token = emit(lx, TOK_STRING, start, p);
    token->line = first_line;
    token->col = (uint32_t)(start - start_line);
    token->end_line = end_line;
    token->end_col = end_col;
}

/* ---- operators ------------------------------------------------------------------------------ */

static void open_bracket(struct state *st)
{
    struct lexer *lx = st->lx;
    if (lx->level >= LEXER_MAX_LEVEL) {
        error_at(st, st->p, "too many nested parentheses");
    }
    lx->open[lx->level].bracket = *st->p;
    lx->open[lx->level].line = lx->line;
    lx->open[lx->level].col = column(lx, st->p);
    lx->level++;
}

static void close_bracket(struct state *st)
{
    struct lexer *lx = st->lx;
    const char close = *st->p;
    if (lx->level == 0) {
        error_at(st, st->p, arena_printf(lx->arena, "unmatched '%c'", close));
    }
    lx->level--;
    const char open = lx->open[lx->level].bracket;
    if (close == (open == '(' ? ')' : open == '[' ? ']' : '}')) {
        return;
    }
    const uint32_t open_line = lx->open[lx->level].line;
    const char *const head = "closing parenthesis '%c' does not match opening parenthesis '%c'";
    char format[128];
    snprintf(format, sizeof(format), "%s%s", head, open_line != lx->line ? " on line %u" : "");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    error_at(st, st->p, arena_printf(lx->arena, format, close, open, open_line));
#pragma GCC diagnostic pop
}

/* What an operator byte makes alone, doubled, and followed by '='; TOK_ERROR: no such token. */
struct operator_row {
    uint8_t alone, doubled, assign, doubled_assign;
};

#define NONE TOK_ERROR
static const struct operator_row operator_rows[128] = {
    ['('] = {TOK_LPAR, NONE, NONE, NONE},
    [')'] = {TOK_RPAR, NONE, NONE, NONE},
    ['['] = {TOK_LSQB, NONE, NONE, NONE},
    [']'] = {TOK_RSQB, NONE, NONE, NONE},
    ['{'] = {TOK_LBRACE, NONE, NONE, NONE},
    ['}'] = {TOK_RBRACE, NONE, NONE, NONE},
    [':'] = {TOK_COLON, NONE, TOK_WALRUS, NONE},
    [','] = {TOK_COMMA, NONE, NONE, NONE},
    [';'] = {TOK_SEMI, NONE, NONE, NONE},
    ['.'] = {TOK_DOT, NONE, NONE, NONE},
    ['@'] = {TOK_AT, NONE, TOK_AT_ASSIGN, NONE},
    ['='] = {TOK_ASSIGN, TOK_EQ, NONE, NONE},
    ['+'] = {TOK_PLUS, NONE, TOK_PLUS_ASSIGN, NONE},
    ['-'] = {TOK_MINUS, NONE, TOK_MINUS_ASSIGN, NONE},
    ['*'] = {TOK_STAR, TOK_DOUBLESTAR, TOK_STAR_ASSIGN, TOK_DOUBLESTAR_ASSIGN},
    ['/'] = {TOK_SLASH, TOK_DOUBLESLASH, TOK_SLASH_ASSIGN, TOK_DOUBLESLASH_ASSIGN},
    ['%'] = {TOK_PERCENT, NONE, TOK_PERCENT_ASSIGN, NONE},
    ['<'] = {TOK_LT, TOK_LSHIFT, TOK_LE, TOK_LSHIFT_ASSIGN},
    ['>'] = {TOK_GT, TOK_RSHIFT, TOK_GE, TOK_RSHIFT_ASSIGN},
    ['&'] = {TOK_AMPER, NONE, TOK_AMPER_ASSIGN, NONE},
    ['|'] = {TOK_VBAR, NONE, TOK_VBAR_ASSIGN, NONE},
    ['^'] = {TOK_CARET, NONE, TOK_CARET_ASSIGN, NONE},
    ['~'] = {TOK_TILDE, NONE, NONE, NONE},
    ['!'] = {NONE, NONE, TOK_NE, NONE},
};
#undef NONE

static void lex_operator(struct state *st)
{
    const char *p = st->p;
    const struct operator_row row = operator_rows[(unsigned char)*p];
    uint8_t kind = row.alone;
    int len = 1;
    if (p[1] == *p && row.doubled != TOK_ERROR) {
        const bool assign = p[2] == '=' && row.doubled_assign != TOK_ERROR;
        kind = assign ? row.doubled_assign : row.doubled;
        len = assign ? 3 : 2;
    } else if (p[1] == '=' && row.assign != TOK_ERROR) {
        kind = row.assign;
        len = 2;
    } else if (*p == '-' && p[1] == '>') {
        kind = TOK_ARROW;
        len = 2;
    } else if (*p == '<' && p[1] == '>') {
        kind = TOK_NE; /* the parser refuses it: only `from __future__ import barry_as_FLUFL` */
        len = 2;
    } else if (*p == '.' && p[1] == '.' && p[2] == '.') {
        kind = TOK_ELLIPSIS;
        len = 3;
    }
    if (kind == TOK_ERROR) {
        kind = TOK_UNKNOWN;
    }
    if (len == 1 && (*p == '(' || *p == '[' || *p == '{')) {
        open_bracket(st);
    } else if (len == 1 && (*p == ')' || *p == ']' || *p == '}')) {
        close_bracket(st);
    }
    st->p = p + len;
    emit(st->lx, kind, p, p + len);
}

/* ---- the run -------------------------------------------------------------------------------- */

/* One token, or the white space and comments between tokens. */
static void lex_one(struct state *st)
{
    const char c = *st->p;
    switch ((enum char_class)char_class[(unsigned char)c]) {
    case CC_SPACE:
        st->p++;
        return;
    case CC_NAME: {
        const int prefix = string_prefix(st->p);
        if (prefix > 0) {
            lex_string(st, prefix);
        } else {
            lex_name(st);
        }
        return;
    }
    case CC_DIGIT:
        lex_number(st);
        return;
    case CC_QUOTE:
        lex_string(st, 0);
        return;
    case CC_OPERATOR:
        if (c == '.' && is_digit(st->p[1])) {
            lex_number(st);
        } else {
            lex_operator(st);
        }
        return;
    case CC_OTHER:
        break;
    }
    if (c == '#') {
        st->p = strchrnul(st->p, '\n');
    } else if (c == '\\') {
        continue_line(st);
    } else if ((unsigned char)c < 0x20 || c == 0x7F) {
        error_at(st, st->p,
                 arena_printf(st->lx->arena, "invalid non-printable character U+%04X", c));
    } else {
        st->p++;
        emit(st->lx, TOK_UNKNOWN, st->p - 1, st->p);
    }
}

static void lex_all(struct state *st)
{
    struct lexer *lx = st->lx;
    const char *const end = lx->text + lx->len;
    bool more = start_of_line(st);
    while (more) {
        if (*st->p == '\n') {
            if (lx->level == 0) {
                emit(lx, TOK_NEWLINE, st->p, st->p);
            }
            st->p++;
            next_line(st);
            if (lx->level == 0) {
                more = start_of_line(st);
            }
        } else if (st->p >= end) {
            break;
        } else {
            lex_one(st);
        }
    }
    if (lx->level > 0) {
        lx->unclosed = true;
        fail(st, (struct syntax_error){
                     .msg = arena_printf(lx->arena, "'%c' was never closed",
                                         lx->open[lx->level - 1].bracket),
                     .line = lx->open[lx->level - 1].line,
                     .col = lx->open[lx->level - 1].col,
                     .incomplete = true,
                 });
    }
    if (lx->out->count > 0 && st->p > lx->text && st->p[-1] != '\n') {
        const uint8_t last = lx->out->at[lx->out->count - 1].kind;
        if (last != TOK_NEWLINE && last != TOK_DEDENT) {
            emit(lx, TOK_NEWLINE, st->p, st->p);
            next_line(st);
        }
    }
    for (; lx->indent_count > 1; lx->indent_count--) {
        emit(lx, TOK_DEDENT, st->p, st->p);
    }
    emit(lx, TOK_EOF, st->p, st->p);
}

bool lexer_run(struct lexer *lexer)
{
    struct state st = {.lx = lexer, .p = lexer->text};
    lexer->line = lexer->first_line;
    lexer->line_start = lexer->text - lexer->first_col;
    lexer->indents[0] = lexer->alt_indents[0] = 0;
    lexer->indent_count = 1;
    lexer->level = 0;
    lexer->unclosed = false;
    if (setjmp(st.fail) == 0) {
        lex_all(&st);
        return true;
    }
    emit(lexer, TOK_ERROR, st.lx->text + lexer->len, st.lx->text + lexer->len);
    return false;
}

const char *token_text(enum token_kind kind)
{
    static const char *const texts[TOK_COUNT] = {
#define KEYWORD(suffix, text)  [TOK_##suffix] = text,
#define OPERATOR(suffix, text) [TOK_##suffix] = text,
#include "vm/front/tokens.def"
        [TOK_EOF] = "ENDMARKER", [TOK_ERROR] = "ERRORTOKEN", [TOK_NEWLINE] = "NEWLINE",
        [TOK_INDENT] = "INDENT", [TOK_DEDENT] = "DEDENT",    [TOK_NAME] = "NAME",
        [TOK_NUMBER] = "NUMBER", [TOK_STRING] = "STRING",    [TOK_UNKNOWN] = "OP",
    };
    return texts[kind];
}
