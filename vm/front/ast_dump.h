/*
 * Prints a tree in the notation of Python's ast.dump(), so that the parser can be compared with a
 * CPython node for node. For tests and for people; nothing else depends on the format.
 */
#ifndef BRILLE_VM_FRONT_AST_DUMP_H
#define BRILLE_VM_FRONT_AST_DUMP_H

#include <stdbool.h>
#include <stdio.h>

#include "vm/front/ast.h"

/* With `attributes`, as ast.dump(tree, include_attributes=True): with the positions. */
void ast_dump(const struct ast_module *module, bool attributes, FILE *out);

#endif
