/*
 * Constant expressions: literals, signs, arithmetic of small results, tuples of constants. What is
 * folded, and the limits that keep a folded constant from growing beyond its source, follow CPython
 * 3.11; an operation that raises is left for run time.
 */
#include <stdlib.h>

#include "vm/compile/compiler.h"
#include "vm/object/bytes.h"
#include "vm/object/complex.h"
#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/set.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

enum {
    MAX_INT_BITS = 128,
    MAX_STR_SIZE = 4096,
    MAX_TUPLE_SIZE = 256,
};

/* Strings that look like identifiers are interned, as CPython does. */
static struct py_object *str_object(struct compiler *c, const struct ast_const *constant)
{
    const char *text = constant->string.text;
    const size_t len = constant->string.len;
    struct py_str *str = py_str_from_utf8(text, len);
    bool name_chars = str != NULL;
    for (size_t i = 0; i < len && name_chars; i++) {
        const char ch = text[i];
        name_chars = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_' ||
                     (ch >= '0' && ch <= '9');
    }
    if (name_chars) {
        str = py_str_intern(str);
    }
    return own(c, PY_OBJ(str));
}

struct py_object *const_object(struct compiler *c, const struct ast_const *constant)
{
    switch (constant->kind) {
    case AST_CONST_NONE:
        return PY_NONE;
    case AST_CONST_TRUE:
        return PY_TRUE;
    case AST_CONST_FALSE:
        return PY_FALSE;
    case AST_CONST_ELLIPSIS:
        return PY_ELLIPSIS;
    case AST_CONST_INT:
        if (constant->integer.fits_i64) {
            return own(c, py_int_from_i64(constant->integer.value));
        }
        return own(c, py_int_from_text(constant->integer.digits, constant->integer.digit_count,
                                       constant->integer.base));
    case AST_CONST_FLOAT:
        return own(c, py_float_from(constant->real));
    case AST_CONST_COMPLEX:
        return own(c, py_complex_from(0.0, constant->imag));
    case AST_CONST_STR:
        return str_object(c, constant);
    case AST_CONST_BYTES:
        return own(c, PY_OBJ(py_bytes_from(constant->string.text, constant->string.len)));
    }
    return PY_NONE;
}

/* ---- operators ------------------------------------------------------------------------------ */

static bool is_number(const struct py_object *o)
{
    return o->type == &py_int_type || o->type == &py_bool_type || o->type == &py_float_type ||
           o->type == &py_complex_type;
}

static bool is_int(const struct py_object *o)
{
    return o->type == &py_int_type || o->type == &py_bool_type;
}

/* The size of a repeatable constant, or -1. */
static int64_t sequence_size(const struct py_object *o)
{
    if (py_str_check_exact(o)) {
        return ((const struct py_str *)o)->length;
    }
    if (o->type == &py_bytes_type || o->type == &py_tuple_type) {
        return ((const struct py_var *)o)->size;
    }
    return -1;
}

static bool may_repeat(struct py_object *sequence, struct py_object *count)
{
    const int64_t size = sequence_size(sequence);
    if (size < 0 || !py_int_check_exact(count) || !py_int_is_compact(count)) {
        return false;
    }
    const int64_t n = py_int_compact_value(count);
    const int64_t limit = sequence->type == &py_tuple_type ? MAX_TUPLE_SIZE : MAX_STR_SIZE;
    return n >= 0 && (n == 0 || size <= limit / n);
}

/* Is the result of the operation small, and the operation one of built-in types alone? */
static bool may_fold(enum ast_binop op, struct py_object *a, struct py_object *b)
{
    if (!is_number(a) || !is_number(b)) {
        if (op == AST_BIN_MULT) {
            return may_repeat(a, b) || may_repeat(b, a);
        }
        if (op != AST_BIN_ADD || a->type != b->type || sequence_size(a) < 0) {
            return false;
        }
        return sequence_size(a) + sequence_size(b) <= MAX_STR_SIZE;
    }
    if (!is_int(a) || !is_int(b)) {
        return true;
    }
    const uint64_t bits_a = py_int_bit_length(a);
    const uint64_t bits_b = py_int_bit_length(b);
    switch (op) {
    case AST_BIN_MULT:
        return bits_a + bits_b <= MAX_INT_BITS;
    case AST_BIN_POW:
    case AST_BIN_LSHIFT: {
        if (!py_int_is_compact(b) || py_int_sign(b) < 0) {
            return op == AST_BIN_POW && bits_b <= 16 && bits_a <= MAX_INT_BITS;
        }
        const int64_t n = py_int_compact_value(b);
        if (n > MAX_INT_BITS) {
            return false;
        }
        return op == AST_BIN_POW ? bits_a * (uint64_t)n <= MAX_INT_BITS
                                 : bits_a + (uint64_t)n <= MAX_INT_BITS;
    }
    default:
        return true;
    }
}

static struct py_object *fold_result(struct compiler *c, struct py_object *result)
{
    if (result == NULL) {
        if (py_error_matches(&py_exc_MemoryError)) {
            compile_failed(c);
        }
        py_error_clear();
        return NULL;
    }
    return own(c, result);
}

static struct py_object *fold_operation(struct compiler *c, enum ast_binop op, struct py_object *a,
                                        struct py_object *b)
{
    static const uint8_t ops[] = {
        [AST_BIN_ADD] = PY_NB_ADD,           [AST_BIN_SUB] = PY_NB_SUB,
        [AST_BIN_MULT] = PY_NB_MUL,          [AST_BIN_MATMULT] = PY_NB_MATMUL,
        [AST_BIN_DIV] = PY_NB_TRUEDIV,       [AST_BIN_MOD] = PY_NB_MOD,
        [AST_BIN_POW] = PY_NB_POW,           [AST_BIN_LSHIFT] = PY_NB_LSHIFT,
        [AST_BIN_RSHIFT] = PY_NB_RSHIFT,     [AST_BIN_BITOR] = PY_NB_OR,
        [AST_BIN_BITXOR] = PY_NB_XOR,        [AST_BIN_BITAND] = PY_NB_AND,
        [AST_BIN_FLOORDIV] = PY_NB_FLOORDIV,
    };
    if (!may_fold(op, a, b)) {
        return NULL;
    }
    return fold_result(c, py_binary((enum py_binary_op)ops[op], a, b));
}

/* A chain a + b + c leans to the left: folded by iteration, as it may be long. */
static struct py_object *fold_binop(struct compiler *c, struct ast_expr *expr)
{
    size_t length = 0;
    struct ast_expr *left = expr;
    for (; left->kind == AST_EXPR_BINOP; left = left->binop.left) {
        length++;
    }
    struct py_object *value = fold(c, left);
    if (value == NULL) {
        return NULL;
    }
    struct ast_expr **chain = arena_array(c->arena, struct ast_expr *, length);
    size_t i = length;
    for (left = expr; left->kind == AST_EXPR_BINOP; left = left->binop.left) {
        chain[--i] = left;
    }
    for (i = 0; i < length && value != NULL; i++) {
        struct py_object *right = fold(c, chain[i]->binop.right);
        value = right != NULL ? fold_operation(c, chain[i]->binop.op, value, right) : NULL;
    }
    return value;
}

static struct py_object *fold_unary(struct compiler *c, struct ast_expr *expr)
{
    struct py_object *value = fold(c, expr->unaryop.operand);
    if (value == NULL) {
        return NULL;
    }
    switch (expr->unaryop.op) {
    case AST_UNARY_NOT:
        return py_truth(value) ? PY_FALSE : PY_TRUE;
    case AST_UNARY_USUB:
        return is_number(value) ? fold_result(c, py_unary(PY_UN_NEG, value)) : NULL;
    case AST_UNARY_UADD:
        return is_number(value) ? fold_result(c, py_unary(PY_UN_POS, value)) : NULL;
    case AST_UNARY_INVERT:
        return is_int(value) ? fold_result(c, py_unary(PY_UN_INVERT, value)) : NULL;
    }
    return NULL;
}

/* Made twice, the second time from the order of the first, as the reference does when it merges
 * constants: programs see the order of a set. */
struct py_object *fold_set(struct compiler *c, struct py_object *items)
{
    struct py_object *const once = own(c, PY_OBJ(py_frozenset_new(items)));
    return own(c, PY_OBJ(py_frozenset_new(own(c, PY_OBJ(py_tuple_from_iterable(once))))));
}

struct py_object *fold_elements(struct compiler *c, const struct ast_exprs *elts)
{
    struct py_object **items = arena_array(c->arena, struct py_object *, elts->count);
    for (size_t i = 0; i < elts->count; i++) {
        items[i] = fold(c, elts->at[i]);
        if (items[i] == NULL) {
            return NULL;
        }
    }
    if (elts->count == 0) {
        return PY_OBJ(py_tuple_empty());
    }
    return own(c, PY_OBJ(py_tuple_from_array(items, elts->count)));
}

struct py_object *fold(struct compiler *c, struct ast_expr *expr)
{
    switch (expr->kind) {
    case AST_EXPR_CONSTANT:
        return const_object(c, &expr->constant);
    case AST_EXPR_NAME:
        if (expr->name.id == c->debug_name) {
            return c->optimize == 0 ? PY_TRUE : PY_FALSE;
        }
        return NULL;
    case AST_EXPR_UNARYOP:
        return fold_unary(c, expr);
    case AST_EXPR_BINOP:
        return fold_binop(c, expr);
    case AST_EXPR_TUPLE:
        return fold_elements(c, &expr->seq.elts);
    default:
        return NULL;
    }
}

int fold_truth(struct compiler *c, struct ast_expr *expr)
{
    struct py_object *value = fold(c, expr);
    return value == NULL ? -1 : py_truth(value) != 0;
}
