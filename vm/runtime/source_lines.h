/* Source lines for tracebacks, and the carets under them. */
#ifndef BRILLE_VM_RUNTIME_SOURCE_LINES_H
#define BRILLE_VM_RUNTIME_SOURCE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/object/code.h"
#include "vm/object/str.h"
#include "vm/runtime/text.h"

/* One line, without its end. */
struct source_line {
    char *text;    /* UTF-8, malloc'd */
    size_t length; /* bytes */
    size_t indent; /* bytes of leading white space, which is not printed */
};

/* False when the file, or the line, is not there. */
bool source_line_read(struct source_line *line, struct py_str *filename, int32_t number);
/* The last line of text that is not empty. */
bool source_line_from_text(struct source_line *line, struct py_str *text);
void source_line_deinit(struct source_line *line);

/* The caret line for the range of an instruction, if CPython would print one. */
void source_line_add_carets(struct text *t, const struct source_line *line,
                            const struct py_line_entry *position);
/* The caret line of a SyntaxError: offsets count characters from 1; end 0: none. */
void source_line_add_syntax_carets(struct text *t, const struct source_line *line, int64_t offset,
                                   int64_t end_offset);

#endif
