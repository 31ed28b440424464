/* See tree_constant.h. */
#include "vm/compile/tree_constant.h"

#include <stdlib.h>

#include "vm/object/bytes.h"
#include "vm/object/complex.h"
#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/set.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"

struct ast_expr *tree_new_expr(struct tree_reader *r, enum ast_expr_kind kind, struct ast_pos pos)
{
    struct ast_expr *const e = arena_new(r->arena, struct ast_expr);
    e->kind = kind;
    e->pos = pos;
    return e;
}

static struct ast_const int_constant(struct tree_reader *r, struct py_object *o)
{
    struct ast_const c = {.kind = AST_CONST_INT};
    size_t len;
    char *const digits = py_int_to_ctext(o, 16, &len);
    if (!digits)
        tree_fail(r);
    const bool negative = digits[0] == '-';
    c.integer.fits_i64 = len - negative <= 15;
    if (c.integer.fits_i64)
        c.integer.value = py_int_as_i64(o);
    c.integer.digits = arena_copy(r->arena, digits, len);
    c.integer.digit_count = (uint32_t)len;
    c.integer.base = 16;
    free(digits);
    return c;
}

static struct ast_const str_constant(struct tree_reader *r, struct py_str *s)
{
    struct py_object *const encoded = py_str_encode(PY_OBJ(s), "utf-8", "surrogatepass");
    if (!encoded)
        tree_fail(r);
    const struct py_bytes *const b = (struct py_bytes *)encoded;
    struct ast_const c = {.kind = AST_CONST_STR};
    c.string.len = (size_t)b->base.size;
    c.string.text = arena_copy(r->arena, b->data, c.string.len);
    py_decref(encoded);
    return c;
}

static struct ast_expr *tuple_constant(struct tree_reader *r, struct py_object *value,
                                       struct ast_pos pos)
{
    struct ast_expr *const e = tree_new_expr(r, AST_EXPR_TUPLE, pos);
    e->seq.elts.count = tree_length(r, value);
    e->seq.elts.at = arena_array(r->arena, struct ast_expr *, e->seq.elts.count);
    for (size_t i = 0; i < e->seq.elts.count; i++)
        e->seq.elts.at[i] = tree_constant(r, tree_field(r, value, i), pos);
    return e;
}

/* frozenset((...)): the value is the same, though not a constant of the code. */
static struct ast_expr *frozenset_constant(struct tree_reader *r, struct py_object *value,
                                           struct ast_pos pos)
{
    struct py_tuple *const items = py_tuple_from_iterable(value);
    if (!items)
        tree_fail(r);
    struct ast_expr *const call = tree_new_expr(r, AST_EXPR_CALL, pos);
    call->call.func = tree_new_expr(r, AST_EXPR_NAME, pos);
    call->call.func->name.id = ast_intern_c(r->arena, "frozenset");
    call->call.args.at = arena_array(r->arena, struct ast_expr *, 1);
    call->call.args.count = 1;
    call->call.args.at[0] = tuple_constant(r, PY_OBJ(items), pos);
    py_decref(items); /* the elements are the set's */
    return call;
}

static struct ast_expr *complex_constant(struct tree_reader *r, const struct py_complex *value,
                                         struct ast_pos pos)
{
    struct ast_expr *const imag = tree_new_expr(r, AST_EXPR_CONSTANT, pos);
    imag->constant = (struct ast_const){.kind = AST_CONST_COMPLEX, .imag = value->imag};
    if (value->real == 0)
        return imag;
    struct ast_expr *const real = tree_new_expr(r, AST_EXPR_CONSTANT, pos);
    real->constant = (struct ast_const){.kind = AST_CONST_FLOAT, .real = value->real};
    struct ast_expr *const sum = tree_new_expr(r, AST_EXPR_BINOP, pos);
    sum->binop.op = AST_BIN_ADD;
    sum->binop.left = real;
    sum->binop.right = imag;
    return sum;
}

struct ast_expr *tree_constant(struct tree_reader *r, struct py_object *value, struct ast_pos pos)
{
    if (value->type == &py_tuple_type)
        return tuple_constant(r, value, pos);
    if (value->type == &py_frozenset_type)
        return frozenset_constant(r, value, pos);
    if (value->type == &py_complex_type)
        return complex_constant(r, (struct py_complex *)value, pos);
    struct ast_expr *const e = tree_new_expr(r, AST_EXPR_CONSTANT, pos);
    struct ast_const *const c = &e->constant;
    if (value == PY_NONE) {
        c->kind = AST_CONST_NONE;
    } else if (value == PY_TRUE || value == PY_FALSE) {
        c->kind = value == PY_TRUE ? AST_CONST_TRUE : AST_CONST_FALSE;
    } else if (value == PY_ELLIPSIS) {
        c->kind = AST_CONST_ELLIPSIS;
    } else if (value->type == &py_int_type) {
        *c = int_constant(r, value);
    } else if (value->type == &py_float_type) {
        c->kind = AST_CONST_FLOAT;
        c->real = ((struct py_float *)value)->value;
    } else if (value->type == &py_str_type) {
        *c = str_constant(r, (struct py_str *)value);
    } else if (value->type == &py_bytes_type) {
        c->kind = AST_CONST_BYTES;
        c->string.len = (size_t)((struct py_bytes *)value)->base.size;
        c->string.text = arena_copy(r->arena, ((struct py_bytes *)value)->data, c->string.len);
    } else {
        tree_fail(r);
    }
    return e;
}
