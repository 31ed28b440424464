/*
 * Building the scopes: see symtable.h for what comes out. One walk over the tree notes in each
 * scope which names are bound, used and declared (symtable_visit.c); then resolve() decides, from
 * the outermost scope inwards, how each is reached. A name that a function takes from an outer
 * function is entered as FREE in every scope in between, and becomes a CELL where it is bound.
 *
 * The names bound in a class body are invisible to the functions in it, except __class__.
 */
#include "vm/front/symtable.h"

#include <assert.h>
#include <string.h>

#include "vm/front/symtable_internal.h"

/* ---- tables --------------------------------------------------------------------------------- */

struct ast_name *symtable_mangle(struct arena *arena, const struct ast_name *class_name,
                                 struct ast_name *name)
{
    if (class_name == NULL || name->len < 3 || name->text[0] != '_' || name->text[1] != '_') {
        return name;
    }
    const bool dunder = name->text[name->len - 1] == '_' && name->text[name->len - 2] == '_';
    if (dunder || memchr(name->text, '.', name->len) != NULL) {
        return name;
    }
    const char *cls = class_name->text;
    while (*cls == '_') {
        cls++;
    }
    if (*cls == '\0') {
        return name;
    }
    const char *mangled = arena_printf(arena, "_%s%s", cls, name->text);
    return ast_intern_c(arena, mangled);
}

struct symbol *scope_find_mangled(const struct scope *scope, const struct ast_name *name)
{
    if (scope->table_size == 0) {
        return NULL;
    }
    uint32_t i = name->hash & (scope->table_size - 1);
    while (scope->table[i] != NULL) {
        if (scope->table[i]->name == name) {
            return scope->table[i];
        }
        i = (i + 1) & (scope->table_size - 1);
    }
    return NULL;
}

struct symbol *scope_find(struct arena *arena, const struct scope *scope, struct ast_name *name)
{
    return scope_find_mangled(scope, symtable_mangle(arena, scope->class_name, name));
}

static void table_insert(struct scope *scope, struct symbol *symbol)
{
    uint32_t i = symbol->name->hash & (scope->table_size - 1);
    while (scope->table[i] != NULL) {
        i = (i + 1) & (scope->table_size - 1);
    }
    scope->table[i] = symbol;
}

struct symbol *scope_add(struct arena *arena, struct scope *scope, struct ast_name *name,
                         struct ast_pos pos)
{
    struct symbol *symbol = scope_find_mangled(scope, name);
    if (symbol != NULL) {
        return symbol;
    }
    symbol = arena_new(arena, struct symbol);
    *symbol = (struct symbol){.name = name, .index = -1, .pos = pos};
    if (scope->last_symbol != NULL) {
        scope->last_symbol->next = symbol;
    } else {
        scope->symbols = symbol;
    }
    scope->last_symbol = symbol;
    if (++scope->symbol_count * 2 > scope->table_size) {
        scope->table_size = scope->table_size == 0 ? 8 : scope->table_size * 2;
        scope->table = arena_array(arena, struct symbol *, scope->table_size);
        for (struct symbol *s = scope->symbols; s != NULL; s = s->next) {
            table_insert(scope, s);
        }
    } else {
        table_insert(scope, symbol);
    }
    return symbol;
}

/* ---- resolving ------------------------------------------------------------------------------ */

/* The scope that binds a name used but not bound in `scope`: an enclosing function, or the class
 * for __class__; NULL: global. */
static struct scope *find_binder(const struct symtable *st, const struct scope *scope,
                                 const struct ast_name *name)
{
    for (struct scope *outer = scope->parent; outer != NULL; outer = outer->parent) {
        if (outer->kind == SCOPE_CLASS && name == st->dunder_class) {
            return outer;
        }
        if (!scope_is_function(outer)) {
            continue;
        }
        const struct symbol *symbol = scope_find_mangled(outer, name);
        if (symbol == NULL) {
            continue;
        }
        if ((symbol->flags & SYMBOL_GLOBAL) != 0) {
            return NULL;
        }
        if ((symbol->flags & SYMBOL_BOUND) != 0 && (symbol->flags & SYMBOL_NONLOCAL) == 0) {
            return outer;
        }
    }
    return NULL;
}

/* Makes the name free in every scope between `scope` and its binder. */
static void pass_through(struct symtable *st, struct scope *scope, struct scope *binder,
                         const struct symbol *symbol)
{
    for (struct scope *s = scope->parent; s != binder; s = s->parent) {
        struct symbol *middle = scope_add(st->arena, s, symbol->name, symbol->pos);
        if (s->kind == SCOPE_CLASS && (middle->flags & (SYMBOL_BOUND | SYMBOL_GLOBAL)) != 0) {
            middle->flags |= SYMBOL_FREE_CLASS;
        } else {
            middle->access = ACCESS_FREE;
        }
    }
    if (binder->kind == SCOPE_CLASS) {
        binder->needs_class_closure = true;
    } else {
        scope_find_mangled(binder, symbol->name)->access = ACCESS_CELL;
    }
}

static void resolve_symbol(struct symtable *st, struct scope *scope, struct symbol *symbol)
{
    if ((symbol->flags & SYMBOL_GLOBAL) != 0) {
        if ((symbol->flags & SYMBOL_NONLOCAL) != 0) {
            symtable_error(st, &symbol->pos, "name '%s' is nonlocal and global",
                           symbol->name->text);
        }
        symbol->access = ACCESS_GLOBAL_EXPLICIT;
        return;
    }
    const bool nonlocal = (symbol->flags & SYMBOL_NONLOCAL) != 0;
    if ((symbol->flags & SYMBOL_BOUND) != 0 && !nonlocal) {
        symbol->access = symbol->access == ACCESS_CELL ? ACCESS_CELL : ACCESS_LOCAL;
        return;
    }
    if (symbol->access == ACCESS_FREE) {
        return;
    }
    struct scope *binder = find_binder(st, scope, symbol->name);
    if (binder != NULL) {
        symbol->access = ACCESS_FREE;
        pass_through(st, scope, binder, symbol);
        return;
    }
    if (nonlocal) {
        if (scope->kind == SCOPE_MODULE) {
            symtable_error(st, &symbol->pos, "nonlocal declaration not allowed at module level");
        }
        symtable_error(st, &symbol->pos, "no binding for nonlocal '%s' found", symbol->name->text);
    }
    symbol->access = ACCESS_GLOBAL_IMPLICIT;
}

/* Preorder, so that explicit declarations of outer scopes are seen first; by iteration. */
static void resolve(struct symtable *st, struct scope *scope)
{
    for (struct symbol *symbol = scope->symbols; symbol != NULL; symbol = symbol->next) {
        resolve_symbol(st, scope, symbol);
    }
    for (struct scope *child = scope->children; child != NULL; child = child->next_sibling) {
        resolve(st, child);
    }
}

/* ---- checking ------------------------------------------------------------------------------- */

void scope_check(const struct scope *scope)
{
    for (const struct symbol *symbol = scope->symbols; symbol != NULL; symbol = symbol->next) {
        assert(symbol->access != ACCESS_UNKNOWN);
        assert(symbol->access != ACCESS_CELL || scope_is_function(scope));
        if (symbol->access != ACCESS_FREE) {
            continue;
        }
        const struct scope *outer = scope->parent;
        while (outer != NULL && !scope_is_function(outer) && !outer->needs_class_closure) {
            outer = outer->parent;
        }
        assert(outer != NULL);
        const struct symbol *seen = scope_find_mangled(outer, symbol->name);
        assert(outer->kind == SCOPE_CLASS || seen != NULL);
        assert(outer->kind == SCOPE_CLASS || seen->access == ACCESS_CELL ||
               seen->access == ACCESS_FREE);
    }
    for (const struct scope *child = scope->children; child != NULL; child = child->next_sibling) {
        scope_check(child);
    }
}

/* ---- entry ---------------------------------------------------------------------------------- */

int symtable_build(struct arena *arena, struct ast_module *module, struct syntax_error *err)
{
    jmp_buf fail;
    jmp_buf oom;
    jmp_buf *const outer_oom = arena->on_oom;
    struct symtable st = {.arena = arena, .err = err, .fail = &fail};
    volatile int status = -1;
    if (setjmp(oom) != 0) {
        *err = (struct syntax_error){.kind = SYNTAX_ERROR_MEMORY, .msg = "out of memory"};
    } else {
        arena->on_oom = &oom;
        if (setjmp(fail) == 0) {
            symtable_visit_module(&st, module);
            resolve(&st, module->scope);
            status = 0;
        }
    }
    arena->on_oom = outer_oom;
    return status;
}
