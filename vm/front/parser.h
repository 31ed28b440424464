/*
 * Source text to syntax tree, for the whole grammar of Python 3.11. This is the only door to the
 * front end: the lexer (lexer.h) is an internal of the parser.
 *
 * No part of it knows the object model or the interpreter's state: a failure is described by a
 * plain `struct syntax_error`, which the caller turns into an exception. The tree, all names and
 * the error's text live in the arena.
 *
 * Nothing in the source can crash it: nesting is limited (MAX_NESTING in parser_internal.h), every
 * byte is checked. The input need not be NUL-terminated; it must outlive the tree only if the
 * caller wants `ast_module.source`.
 */
#ifndef BRILLE_VM_FRONT_PARSER_H
#define BRILLE_VM_FRONT_PARSER_H

#include <stddef.h>
#include <stdint.h>

#include "vm/front/arena.h"
#include "vm/front/ast.h"

enum syntax_error_kind {
    SYNTAX_ERROR, /* SyntaxError */
    SYNTAX_ERROR_INDENTATION,
    SYNTAX_ERROR_TAB,
    SYNTAX_ERROR_UNICODE,   /* bytes that are not UTF-8: SyntaxError with its own message */
    SYNTAX_ERROR_MEMORY,    /* MemoryError: the arena could not grow */
    SYNTAX_ERROR_RECURSION, /* too deep: RecursionError in the compiler, MemoryError in the parser
                             */
};

/*
 * Why a source was refused. Positions are those of SyntaxError's attributes except that they are
 * bytes: col and end_col count from 0 in UTF-8 bytes (add one, and count characters, for the
 * `offset` attribute). line 0: no position. end_line 0: no end.
 */
struct syntax_error {
    enum syntax_error_kind kind;
    const char *msg; /* in the arena, or static */
    uint32_t line, col;
    uint32_t end_line, end_col;
    /* The place is the end of the source: line says how many lines there are, the offset is 0. */
    bool at_end;
    /* For an error inside the braces of an f-string: the text that `text` shows, "(expr)"; else
     * NULL. */
    const char *text;
    /* The source ended where more was expected, so a prompt can ask for another line. */
    bool incomplete;
};

/*
 * Parses `len` bytes at `src`. Returns 0 and the tree in *out, or -1 and the reason in *err (then
 * *out is untouched). `filename` is kept by reference.
 */
/* parse_text: of a text that was decoded before, whatever encoding it names. */
int parse_text(struct arena *arena, const char *filename, const char *text, size_t len,
               enum parse_mode mode, struct ast_module **out, struct syntax_error *err);
int parse_module(struct arena *arena, const char *filename, const char *src, size_t len,
                 enum parse_mode mode, struct ast_module **out, struct syntax_error *err);

#endif
