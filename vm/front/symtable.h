/*
 * Which name is what: for each scope of a module, its names and how each is reached (local, cell,
 * free, global). Built from the syntax tree after parsing and read by the compiler, which finds the
 * scope of a node in the node's `scope` pointer.
 *
 * Scopes are modules, class bodies, functions, lambdas and comprehensions (in 3.11 these are
 * functions of their own; the first iterable belongs to the scope around it). Names are already
 * mangled as in `__x` of class C -> `_C__x`; to look one up use scope_find(scope, name) with the
 * name as it stands in the tree.
 *
 * Invariants, checked by scope_check():
 *  - a FREE symbol of a scope is CELL or FREE in the nearest enclosing function scope (or is
 *    __class__ of an enclosing class, which then has needs_class_closure);
 *  - only function-like scopes have CELL symbols (a class has __class__ outside its table).
 *
 * Errors found here: conflicting and misplaced global and nonlocal declarations, duplicate
 * parameters, import * outside a module, yield inside a comprehension, misplaced :=, wrong
 * `from __future__` imports. What depends on loops and functions around a statement ('break'
 * outside loop) is found by the compiler.
 */
#ifndef BRILLE_VM_FRONT_SYMTABLE_H
#define BRILLE_VM_FRONT_SYMTABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/front/arena.h"
#include "vm/front/ast.h"
#include "vm/front/parser.h"

enum scope_kind {
    SCOPE_MODULE,
    SCOPE_CLASS,
    SCOPE_FUNCTION,
    SCOPE_LAMBDA,
    SCOPE_COMPREHENSION, /* all four kinds */
};

/* How the name came into the scope; a set. */
enum symbol_flag {
    SYMBOL_GLOBAL = 1,   /* global statement */
    SYMBOL_NONLOCAL = 2, /* nonlocal statement */
    SYMBOL_ASSIGNED = 4, /* bound in any way but the two below */
    SYMBOL_PARAM = 8,
    SYMBOL_IMPORTED = 16,
    SYMBOL_USED = 32,
    SYMBOL_ANNOTATED = 64,   /* x: int, with or without a value */
    SYMBOL_ITERATION = 128,  /* target of a `for` of a comprehension */
    SYMBOL_FREE_CLASS = 256, /* class scope: also passes through to inner functions as free */
    SYMBOL_DELETED = 512,    /* some `del` or the end of an `except ... as` unbinds it */
    SYMBOL_WALRUS = 1024,    /* some := of this scope binds it, in the middle of an expression */
    SYMBOL_BOUND = SYMBOL_ASSIGNED | SYMBOL_PARAM | SYMBOL_IMPORTED,
};

/* How the name is reached from this scope. */
enum symbol_access {
    ACCESS_UNKNOWN,
    ACCESS_LOCAL,           /* functions: a register. Classes, modules: by name in locals */
    ACCESS_CELL,            /* local, and captured by an inner function */
    ACCESS_FREE,            /* captured from an outer function */
    ACCESS_GLOBAL_EXPLICIT, /* declared global */
    ACCESS_GLOBAL_IMPLICIT, /* not found in any enclosing function: global or builtin */
};

struct symbol {
    struct ast_name *name; /* mangled */
    uint32_t flags;        /* enum symbol_flag */
    enum symbol_access access;
    int32_t index;       /* the compiler's: register or number in the closure; -1 at first */
    struct ast_pos pos;  /* of the global or nonlocal declaration, else of the first appearance */
    struct symbol *next; /* in order of first appearance; parameters are first */
};

struct scope {
    enum scope_kind kind;
    struct ast_name *name;       /* of the function or class; "<lambda>", "<listcomp>" ... */
    struct ast_name *class_name; /* of the innermost class around (or itself): for mangling */
    struct scope *parent;
    struct scope *children, *last_child, *next_sibling;
    struct symbol *symbols, *last_symbol; /* a list in order */
    struct symbol **table;                /* the same as a hash table */
    uint32_t table_size;                  /* a power of two */
    uint32_t symbol_count;
    bool is_nested;     /* inside a function, directly or not */
    bool is_generator;  /* contains yield; generator expressions too */
    bool is_coroutine;  /* async def; comprehensions that await */
    bool is_async_comp; /* a comprehension with `async for` or await in it */
    bool has_return_value;
    bool needs_class_closure; /* class: an inner function uses __class__ or super() */
    bool has_import_star;
    uint32_t line; /* where it begins */

    /* Used while building only. */
    enum ast_expr_kind comp_kind;
    uint32_t iterable_depth; /* > 0: inside the iterable of a comprehension's clause */
};

static inline bool scope_is_function(const struct scope *scope)
{
    return scope->kind >= SCOPE_FUNCTION;
}

/*
 * Fills in module->scope, the `scope` of every node that opens one and module->future. 0, or -1
 * with *err. The module's arena must be `arena`.
 */
int symtable_build(struct arena *arena, struct ast_module *module, struct syntax_error *err);

/* The symbol of a name as written in the source (mangled here); NULL if the scope has none. */
struct symbol *scope_find(struct arena *arena, const struct scope *scope, struct ast_name *name);

/* The symbol with exactly this (mangled) name; NULL if there is none. */
struct symbol *scope_find_mangled(const struct scope *scope, const struct ast_name *name);

/* `name` as it is stored inside a class: _Class__name for __name, else itself. */
struct ast_name *symtable_mangle(struct arena *arena, const struct ast_name *class_name,
                                 struct ast_name *name);

/* Asserts the invariants above for the scope and all below it. */
void scope_check(const struct scope *scope);

#endif
