/*
 * What the two files of the symbol table share: symtable.c (tables, resolving) and symtable_visit.c
 * (the walk over the tree). Not for others.
 */
#ifndef BRILLE_VM_FRONT_SYMTABLE_INTERNAL_H
#define BRILLE_VM_FRONT_SYMTABLE_INTERNAL_H

#include <setjmp.h>

#include "vm/front/symtable.h"

enum {
    SYMTABLE_MAX_DEPTH = 1000, /* of nested expressions and statements */
};

struct symtable {
    struct arena *arena;
    struct syntax_error *err;
    jmp_buf *fail;
    struct ast_module *module;
    struct scope *scope; /* the one being filled */
    uint32_t depth;
    const struct ast_name *dunder_class, *super;
    struct ast_name *dot_zero; /* .0: the outermost iterable of a comprehension */
};

void symtable_error(struct symtable *st, const struct ast_pos *pos, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

/* The symbol of this (mangled) name, made if need be. */
struct symbol *scope_add(struct arena *arena, struct scope *scope, struct ast_name *name,
                         struct ast_pos pos);

void symtable_visit_module(struct symtable *st, struct ast_module *module);

#endif
