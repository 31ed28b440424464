/* From the plain nodes that builtins/_frozen_tree.py makes of a tree of the module ast to the tree
 * that the compiler consumes. */
#ifndef BRILLE_VM_COMPILE_TREE_READER_H
#define BRILLE_VM_COMPILE_TREE_READER_H

#include "vm/front/arena.h"
#include "vm/front/ast.h"
#include "vm/object/object.h"

/* A module in `arena`; `nodes` is borrowed and may die afterwards. NULL: an exception is pending.
 */
struct ast_module *tree_read(struct arena *arena, struct py_object *nodes, const char *filename);

#endif
