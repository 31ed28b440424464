/* The constants of a tree that a program made, as expressions.
 *
 * A Constant node may hold what the grammar cannot write: tuples, frozensets, negative numbers,
 * complex numbers with a real part. They become the expressions that the compiler folds to them.
 */
#ifndef BRILLE_VM_COMPILE_TREE_CONSTANT_H
#define BRILLE_VM_COMPILE_TREE_CONSTANT_H

#include "vm/compile/tree_fields.h"

struct ast_expr *tree_new_expr(struct tree_reader *r, enum ast_expr_kind kind, struct ast_pos pos);

/* Leaves by tree_fail() for a value that is no constant. */
struct ast_expr *tree_constant(struct tree_reader *r, struct py_object *value, struct ast_pos pos);

#endif
