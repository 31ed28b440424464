/*
 * Bytes to tokens. The whole source is cut at once into one flat array, 32 bytes a token, which the
 * parser then walks by index: looking ahead and going back cost nothing, and there is no call and
 * no allocation per token. An array is shared by the nested runs over the expressions of f-strings,
 * which append to it and truncate it afterwards.
 *
 * The lexer does not stop at a parser's error but at its own: the last token is then TOK_ERROR and
 * lexer.err says why. A parser that meets TOK_ERROR, or fails before it, decides which of the two
 * errors is told (parse_error.c).
 *
 * Indentation is turned into INDENT and DEDENT here, brackets are matched here (so the parser never
 * sees an unbalanced one), numbers and strings are delimited and checked for form, not decoded.
 */
#ifndef BRILLE_VM_FRONT_LEXER_H
#define BRILLE_VM_FRONT_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/front/arena.h"
#include "vm/front/ast.h"
#include "vm/front/parser.h"

enum token_kind {
#define KEYWORD(suffix, text) TOK_##suffix,
#include "vm/front/tokens.def"
    TOK_KEYWORD_COUNT,
    TOK_EOF = TOK_KEYWORD_COUNT,
    TOK_ERROR,
    TOK_NEWLINE,
    TOK_INDENT,
    TOK_DEDENT,
    TOK_NAME,
    TOK_NUMBER,
    TOK_STRING,
    TOK_UNKNOWN, /* $ ? ! or a backquote: no rule wants it */
#define OPERATOR(suffix, text) TOK_##suffix,
#include "vm/front/tokens.def"
    TOK_COUNT,
};

struct token {
    union {
        struct ast_name *name; /* TOK_NAME and keywords */
        struct {
            uint32_t end_line, end_col; /* TOK_STRING: it may span lines */
        };
    };
    uint32_t start, end; /* byte offsets in the lexer's text */
    uint32_t line, col;
    uint8_t kind;    /* enum token_kind */
    uint8_t level;   /* depth of brackets behind this token */
    uint8_t visited; /* the parser's, 0 at first */
};

struct tokens {
    struct token *at;
    size_t count, capacity;
};

enum {
    LEXER_MAX_INDENTS = 100, /* as CPython: deeper is an error */
    LEXER_MAX_LEVEL = 200,
};

struct lexer {
    struct arena *arena;
    struct tokens *out;
    const char *text; /* NUL-terminated, valid UTF-8, newlines are \n */
    size_t len;
    uint32_t first_line;     /* line number of text[0] */
    int32_t first_col;       /* column of text[0] */
    struct syntax_error err; /* valid when lexer_run() returned false */
    bool unclosed;           /* the error is the end of the text inside brackets */

    /* Private from here on. */
    const char *line_start; /* so that column = pointer - line_start, also on the first line */
    uint32_t line;
    uint32_t indents[LEXER_MAX_INDENTS];     /* columns with tabs to multiples of 8 */
    uint32_t alt_indents[LEXER_MAX_INDENTS]; /* columns with tabs as one space */
    uint32_t indent_count;
    uint32_t level;
    struct {
        char bracket;
        uint32_t line, col;
    } open[LEXER_MAX_LEVEL];
};

/*
 * Appends the tokens of the text to *out, ending with TOK_EOF (true) or TOK_ERROR (false, with
 * err). The fields above "Private" are set by the caller. Running out of memory uses the arena's
 * on_oom.
 */
bool lexer_run(struct lexer *lexer);

enum { SOURCE_ENCODING_MAX = 64 };
/* Does a coding cookie name an encoding other than UTF-8 and Latin-1? Its name, up to that size. */
bool source_names_foreign_encoding(const char *src, size_t len, char *name);

/*
 * Prepares raw source bytes for lexer_run(): drops a BOM, obeys a coding cookie (UTF-8, and ASCII
 * as that, and Latin-1; neither in a text, which is UTF-8 whatever it says), checks that the bytes
 * are UTF-8 without NULs, turns \r\n and \r into \n. Returns the text in the arena and its length,
 * or NULL and *err.
 */
const char *lexer_prepare_source(struct arena *arena, const char *filename, const char *src,
                                 size_t len, bool is_text, size_t *text_len,
                                 struct syntax_error *err);

/* How a token with one spelling is written; for others what it is ("NAME"). */
const char *token_text(enum token_kind kind);

#endif
