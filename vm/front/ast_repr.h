/*
 * The constants of the tree as text, in the form of Python's repr(), but for infinity, which is
 * written as a literal, since the text is read as source again. For the dumper and for annotations
 * kept as text; the interpreter's own repr works on objects and is elsewhere.
 */
#ifndef BRILLE_VM_FRONT_AST_REPR_H
#define BRILLE_VM_FRONT_AST_REPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "vm/front/ast.h"

/* repr() of a str (UTF-8 with surrogates) or of bytes. */
void ast_print_text(FILE *out, const char *text, size_t len, bool bytes);
void ast_print_constant(FILE *out, const struct ast_const *constant);

#endif
