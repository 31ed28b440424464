/*
 * Code objects under construction: their registers, constants and names.
 *
 * Constants are shared when they are equal and of the same type (1 and 1.0 and True are three),
 * down into tuples. Names are constants too: interned strs.
 */
#include <stdlib.h>
#include <string.h>

#include "vm/compile/compiler.h"
#include "vm/object/bytes.h"
#include "vm/object/complex.h"
#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/set.h"
#include "vm/object/tuple.h"

/* ---- constants ------------------------------------------------------------------------------ */

static uint64_t const_hash(struct py_object *o)
{
    const uint64_t type = (uint64_t)(uintptr_t)o->type >> 4;
    uint64_t hash = (uint64_t)(uintptr_t)o >> 4;
    if (py_str_check_exact(o)) {
        hash = (uint64_t)py_str_hash((struct py_str *)o);
    } else if (py_int_check_exact(o)) {
        hash = (uint64_t)py_int_hash(o);
    } else if (o->type == &py_float_type) {
        memcpy(&hash, &((struct py_float *)o)->value, sizeof(hash));
    } else if (o->type == &py_complex_type) {
        uint64_t bits[2];
        memcpy(bits, &((struct py_complex *)o)->real, sizeof(bits));
        hash = bits[0] * 1000003 + bits[1];
    } else if (py_bytes_check(o)) {
        const struct py_bytes *b = (const struct py_bytes *)o;
        hash = (uint64_t)py_hash_bytes(b->data, (size_t)b->base.size);
    } else if (o->type == &py_tuple_type) {
        const struct py_tuple *t = (const struct py_tuple *)o;
        hash = (uint64_t)t->base.size;
        for (int64_t i = 0; i < t->base.size; i++) {
            hash = hash * 1000003 + const_hash(t->items[i]);
        }
    }
    return (hash ^ type) * 0x9E3779B97F4A7C15u;
}

static bool const_equal(struct py_object *a, struct py_object *b)
{
    if (a == b) {
        return true;
    }
    if (a->type != b->type) {
        return false;
    }
    if (py_str_check_exact(a)) {
        return py_str_equal((struct py_str *)a, (struct py_str *)b);
    }
    if (py_int_check_exact(a)) {
        return py_int_compare(a, b) == 0;
    }
    if (a->type == &py_float_type) { /* 0.0 and -0.0 differ, a nan equals itself */
        return memcmp(&((struct py_float *)a)->value, &((struct py_float *)b)->value,
                      sizeof(double)) == 0;
    }
    if (a->type == &py_complex_type) {
        return memcmp(&((struct py_complex *)a)->real, &((struct py_complex *)b)->real,
                      2 * sizeof(double)) == 0;
    }
    if (py_bytes_check(a)) {
        const struct py_bytes *x = (const struct py_bytes *)a;
        const struct py_bytes *y = (const struct py_bytes *)b;
        return x->base.size == y->base.size && memcmp(x->data, y->data, (size_t)x->base.size) == 0;
    }
    if (a->type == &py_tuple_type) {
        const struct py_tuple *x = (const struct py_tuple *)a;
        const struct py_tuple *y = (const struct py_tuple *)b;
        bool equal = x->base.size == y->base.size;
        for (int64_t i = 0; equal && i < x->base.size; i++) {
            equal = const_equal(x->items[i], y->items[i]);
        }
        return equal;
    }
    return false;
}

static void const_table_add(struct unit *u, uint32_t index)
{
    uint64_t i = const_hash(u->consts[index]) >> 32;
    for (;; i++) {
        uint32_t *entry = &u->const_table[i & (u->const_table_size - 1)];
        if (*entry == 0) {
            *entry = index + 1;
            return;
        }
    }
}

uint32_t add_const(struct compiler *c, struct py_object *object)
{
    struct unit *u = c->u;
    if (u->const_table_size > 0) {
        for (uint64_t i = const_hash(object) >> 32;; i++) {
            const uint32_t entry = u->const_table[i & (u->const_table_size - 1)];
            if (entry == 0) {
                break;
            }
            if (const_equal(u->consts[entry - 1], object)) {
                return entry - 1;
            }
        }
    }
    u->consts = grow_array(c, u->consts, u->const_count, &u->const_capacity, sizeof(*u->consts));
    u->consts[u->const_count++] = object;
    if (u->const_count * 2 > u->const_table_size) {
        u->const_table_size = u->const_table_size == 0 ? 32 : u->const_table_size * 2;
        u->const_table = arena_array(c->arena, uint32_t, u->const_table_size);
        for (uint32_t i = 0; i < u->const_count; i++) {
            const_table_add(u, i);
        }
    } else {
        const_table_add(u, u->const_count - 1);
    }
    return u->const_count - 1;
}

uint16_t const_index16(struct compiler *c, struct py_object *object)
{
    const uint32_t index = add_const(c, object);
    if (index > UINT16_MAX) {
        compile_error(c, NULL, "too many constants in one code object");
    }
    return (uint16_t)index;
}

operand_t const_operand(struct compiler *c, struct py_object *object)
{
    const uint32_t index = add_const(c, object);
    if (index <= OPERAND_INDEX) {
        return (operand_t)(OPERAND_CONST | index);
    }
    const uint16_t temp = push_temp(c);
    emit(c, OP_LOAD_CONST_FAR, 0, temp, 0, 0)->far = index;
    return (operand_t)(OPERAND_CONSUME | temp);
}

operand_t none_operand(struct compiler *c)
{
    return const_operand(c, PY_NONE);
}

void emit_const(struct compiler *c, uint16_t dest, struct py_object *object)
{
    const uint32_t index = add_const(c, object);
    if (index <= OPERAND_INDEX) {
        emit(c, OP_MOVE, 0, dest, OPERAND_CONST | index, 0);
    } else {
        emit(c, OP_LOAD_CONST_FAR, 0, dest, 0, 0)->far = index;
    }
}

/* ---- names ---------------------------------------------------------------------------------- */

struct py_str *name_object(struct compiler *c, struct ast_name *name)
{
    if (name->id >= c->name_capacity) {
        const uint32_t capacity = name->id * 2 + 64;
        struct py_str **names = arena_array(c->arena, struct py_str *, capacity);
        if (c->name_capacity > 0) {
            memcpy(names, c->names, c->name_capacity * sizeof(*names));
        }
        c->names = names;
        c->name_capacity = capacity;
    }
    if (c->names[name->id] == NULL) {
        struct py_str *str = py_str_from_utf8(name->text, name->len);
        if (str != NULL) {
            str = py_str_intern(str);
        }
        c->names[name->id] = (struct py_str *)own(c, PY_OBJ(str));
    }
    return c->names[name->id];
}

uint16_t name_const(struct compiler *c, struct ast_name *name)
{
    return const_index16(c, PY_OBJ(name_object(c, name)));
}

uint16_t mangled_const(struct compiler *c, struct ast_name *name)
{
    return name_const(c, symtable_mangle(c->arena, c->u->scope->class_name, name));
}

/* ---- units ---------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
    const struct symbol *const *x = a;
    const struct symbol *const *y = b;
    return strcmp((*x)->name->text, (*y)->name->text);
}

/* Registers for locals and cells, parameters first; numbers in the closure for free variables. */
static void assign_registers(struct compiler *c, struct unit *u)
{
    struct scope *scope = u->scope;
    const uint32_t count = scope->symbol_count + 1;
    u->locals = arena_array(c->arena, struct symbol *, count);
    u->frees = arena_array(c->arena, struct symbol *, count);
    uint32_t locals = 0;
    uint32_t frees = 0;
    for (struct symbol *symbol = scope->symbols; symbol != NULL; symbol = symbol->next) {
        const bool is_local = symbol->access == ACCESS_LOCAL || symbol->access == ACCESS_CELL;
        if (is_local && scope_is_function(scope)) {
            symbol->index = (int32_t)locals;
            u->locals[locals++] = symbol;
            u->cell_count = (uint16_t)(u->cell_count + (symbol->access == ACCESS_CELL));
        } else if (symbol->access == ACCESS_FREE || (symbol->flags & SYMBOL_FREE_CLASS) != 0) {
            u->frees[frees++] = symbol;
        }
    }
    if (scope->needs_class_closure) { /* a class body has one local: the cell of __class__ */
        struct symbol *cell = arena_new(c->arena, struct symbol);
        cell->name = ast_intern_c(c->arena, "__class__");
        cell->access = ACCESS_CELL;
        u->locals[locals++] = cell;
        u->cell_count++;
    }
    if (frees > 1) {
        qsort(u->frees, frees, sizeof(*u->frees), compare_names);
    }
    for (uint32_t i = 0; i < frees; i++) {
        u->frees[i]->index = (int32_t)i;
    }
    if (locals >= OPERAND_INDEX / 2 || frees > UINT16_MAX) {
        compile_error(c, &u->pos, "too many local variables");
    }
    u->local_count = (uint16_t)locals;
    u->free_count = (uint16_t)frees;
}

static void init_flow(struct compiler *c, struct unit *u)
{
    const size_t words = ((size_t)u->local_count + 63) / 64 + 1;
    u->flow.reachable = true;
    u->flow.bound = arena_array(c->arena, uint64_t, words);
    u->deleted = arena_array(c->arena, uint64_t, words);
    for (uint16_t i = 0; i < u->local_count; i++) {
        const uint64_t bit = (uint64_t)1 << (i % 64);
        u->flow.bound[i / 64] |= (u->locals[i]->flags & SYMBOL_PARAM) != 0 ? bit : 0;
        u->deleted[i / 64] |= (u->locals[i]->flags & SYMBOL_DELETED) != 0 ? bit : 0;
    }
}

/* outer.<locals>.name in functions, Outer.name in classes. */
static struct py_str *make_qualname(struct compiler *c, const struct unit *u)
{
    const struct unit *outer = u->outer;
    struct py_str *name = name_object(c, u->name);
    if (outer == NULL || outer->scope->kind == SCOPE_MODULE) {
        return name;
    }
    const bool named = u->scope->kind == SCOPE_CLASS || u->scope->kind == SCOPE_FUNCTION;
    if (named) {
        const struct symbol *symbol = scope_find(c->arena, outer->scope, u->name);
        if (symbol != NULL && symbol->access == ACCESS_GLOBAL_EXPLICIT) {
            return name;
        }
    }
    const char *between = scope_is_function(outer->scope) ? ".<locals>." : ".";
    struct py_str *qualname = py_str_format_c("%U%s%U", outer->qualname, between, name);
    return (struct py_str *)own(c, PY_OBJ(qualname));
}

void open_unit(struct compiler *c, struct scope *scope, struct ast_name *name, uint32_t first_line)
{
    struct unit *u = arena_new(c->arena, struct unit);
    u->outer = c->u;
    u->scope = scope;
    u->name = name;
    u->first_line = first_line;
    u->pos = (struct ast_pos){.line = first_line, .end_line = first_line};
    u->is_class_body = scope->kind == SCOPE_CLASS;
    u->qualname = make_qualname(c, u);
    assign_registers(c, u);
    init_flow(c, u);
    c->u = u;
    if (scope->is_generator || scope->is_coroutine) {
        emit(c, OP_GENERATOR, 0, 0, 0, 0);
        /* What is thrown into a generator before its first step is raised here, outside any try. */
        emit(c, OP_NOP, 0, 0, 0, 0);
    }
    for (uint16_t i = 0; i < u->local_count; i++) {
        if (u->locals[i]->access == ACCESS_CELL) {
            emit(c, OP_MAKE_CELL, 0, i, 0, 0);
        }
    }
}

struct py_code *close_unit(struct compiler *c)
{
    emit(c, OP_RETURN, 0, 0, none_operand(c), 0);
    struct py_code *code = assemble(c);
    c->u = c->u->outer;
    return code;
}
