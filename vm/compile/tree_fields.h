/* What a flattened tree is made of: tuples, and what their fields say.
 *
 * A node is a tuple: class name, four parts of a position, fields in the order of the grammar. The
 * functions here fetch from it and check the type of what they fetch. None returns when that is
 * wrong: they leave by longjmp to `fail` with an exception pending, so a reader holds nothing that
 * would have to be given back. References are borrowed from the outermost tuple.
 */
#ifndef BRILLE_VM_COMPILE_TREE_FIELDS_H
#define BRILLE_VM_COMPILE_TREE_FIELDS_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/front/arena.h"
#include "vm/front/ast.h"
#include "vm/object/object.h"

struct tree_reader {
    struct arena *arena;
    jmp_buf fail; /* an exception is pending */
    unsigned depth;
};

/* Leaves. Raises a ValueError if nothing was raised. */
void tree_fail(struct tree_reader *r) __attribute__((noreturn));

size_t tree_length(struct tree_reader *r, struct py_object *list);
struct py_object *tree_field(struct tree_reader *r, struct py_object *node, size_t index);
const char *tree_text(struct tree_reader *r, struct py_object *o, size_t *len);
int64_t tree_number(struct tree_reader *r, struct py_object *o);
struct ast_name *tree_name(struct tree_reader *r, struct py_object *o);
struct ast_name *tree_optional_name(struct tree_reader *r, struct py_object *o); /* None: NULL */
bool tree_is_kind(struct tree_reader *r, struct py_object *node, const char *kind);
struct ast_pos tree_position(struct tree_reader *r, struct py_object *node);

/* One node deeper; the caller counts `depth` down again. */
void tree_enter(struct tree_reader *r);

/* Which of `names` a field says; the lists of operators are in the order of their enums. */
unsigned tree_one_of(struct tree_reader *r, struct py_object *o, const char *const *names,
                     size_t n);

#endif
