/*
 * An expression as source text again: what `from __future__ import annotations` keeps of an
 * annotation. The text is normalised (one space, single quotes, no superfluous parentheses), as
 * CPython's is.
 */
#ifndef BRILLE_VM_FRONT_UNPARSE_H
#define BRILLE_VM_FRONT_UNPARSE_H

#include <stddef.h>

#include "vm/front/arena.h"
#include "vm/front/ast.h"

/* Text in the arena, NUL-terminated, UTF-8; its length in *len. */
const char *ast_unparse(struct arena *arena, const struct ast_expr *expr, size_t *len);

#endif
