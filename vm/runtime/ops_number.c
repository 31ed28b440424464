/* Operators: a + b, a += b, -a, pow(a, b, m).
 *
 * The rule for two operands, CPython's: each type's slot gets both operands in written order and
 * may answer NotImplemented. The left operand's slot goes first, unless the right operand's type
 * is a subclass of the left's with a slot of its own. Then sequences: + and * of a type without
 * number slots mean concatenation and repetition.
 */
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

static const char *const symbols[PY_NB_COUNT] = {
#define NB(name, symbol, ...) symbol,
    PY_BINARY_OPS(NB)
#undef NB
};

/* NotImplemented when neither operand's slot takes it. */
static struct py_object *by_slots(enum py_binary_op op, struct py_object *a, struct py_object *b)
{
    const py_binaryfn left = a->type->binary[op];
    py_binaryfn right = NULL;
    if (a->type != b->type) {
        right = b->type->binary[op];
        if (right == left)
            right = NULL;
    }
    if (left) {
        if (right && py_type_is_subtype(b->type, a->type)) {
            struct py_object *r = right(a, b);
            if (r != PY_NOT_IMPLEMENTED)
                return r;
            right = NULL;
        }
        struct py_object *r = left(a, b);
        if (r != PY_NOT_IMPLEMENTED)
            return r;
    }
    return right ? right(a, b) : PY_NOT_IMPLEMENTED;
}

static struct py_object *raise_operands(const char *symbol, const char *suffix, struct py_object *a,
                                        struct py_object *b)
{
    return py_raise(&py_exc_TypeError, "unsupported operand type(s) for %s%s: '%T' and '%T'",
                    symbol, suffix, a, b);
}

static struct py_object *repeat(py_indexfn fn, struct py_object *sequence, struct py_object *n)
{
    if (!py_int_check(n) && !n->type->index)
        return py_raise(&py_exc_TypeError, "can't multiply sequence by non-int of type '%T'", n);
    const int64_t count = py_int_as_ssize(n);
    if (count == -1 && py_error_occurred())
        return NULL;
    return fn(sequence, count);
}

/* + and * of sequences; NotImplemented when they are none. */
static struct py_object *by_sequence(enum py_binary_op op, struct py_object *a, struct py_object *b)
{
    if (op == PY_NB_ADD && a->type->concat)
        return a->type->concat(a, b);
    if (op == PY_NB_MUL && a->type->repeat)
        return repeat(a->type->repeat, a, b);
    if (op == PY_NB_MUL && b->type->repeat)
        return repeat(b->type->repeat, b, a);
    return PY_NOT_IMPLEMENTED;
}

static bool is_print(struct py_object *o)
{
    struct py_object *text;
    if (o->type != &py_cfunction_type)
        return false;
    text = NULL;
    const bool yes = py_getattr_optional(o, PY_OBJ(py_str_const("__name__")), &text) > 0 &&
                     py_str_check(text) && py_str_equal_cstr((struct py_str *)text, "print");
    py_xdecref(text);
    return yes;
}

struct py_object *py_binary(enum py_binary_op op, struct py_object *a, struct py_object *b)
{
    struct py_object *r = by_slots(op, a, b);
    if (r != PY_NOT_IMPLEMENTED)
        return r;
    r = by_sequence(op, a, b);
    if (r != PY_NOT_IMPLEMENTED)
        return r;
    if (op == PY_NB_RSHIFT && is_print(a))
        return py_raise(&py_exc_TypeError,
                        "unsupported operand type(s) for %s: '%T' and '%T'. Did you mean "
                        "\"print(<message>, file=<output_stream>)\"?",
                        symbols[op], a, b);
    return raise_operands(symbols[op], "", a, b);
}

struct py_object *py_inplace(enum py_binary_op op, struct py_object *a, struct py_object *b)
{
    struct py_object *r;
    const struct py_type *t = a->type;
    if (t->inplace[op]) {
        r = t->inplace[op](a, b);
        if (r != PY_NOT_IMPLEMENTED)
            return r;
    }
    r = by_slots(op, a, b);
    if (r != PY_NOT_IMPLEMENTED)
        return r;
    if (op == PY_NB_ADD && t->inplace_concat)
        return t->inplace_concat(a, b);
    if (op == PY_NB_MUL && t->inplace_repeat)
        return repeat(t->inplace_repeat, a, b);
    r = by_sequence(op, a, b);
    if (r != PY_NOT_IMPLEMENTED)
        return r;
    return raise_operands(op == PY_NB_POW ? "**" : symbols[op], "=", a, b);
}

/* ---- pow --------------------------------------------------------------------------------- */

static struct py_object *power_by_slots(struct py_object *a, struct py_object *b,
                                        struct py_object *mod)
{
    const py_ternaryfn left = a->type->power3;
    py_ternaryfn right = a->type != b->type ? b->type->power3 : NULL;
    py_ternaryfn third = mod->type->power3;
    if (right == left)
        right = NULL;
    if (third == left || third == right)
        third = NULL;
    struct py_object *r;
    if (left) {
        if (right && py_type_is_subtype(b->type, a->type)) {
            r = right(a, b, mod);
            if (r != PY_NOT_IMPLEMENTED)
                return r;
            right = NULL;
        }
        r = left(a, b, mod);
        if (r != PY_NOT_IMPLEMENTED)
            return r;
    }
    if (right) {
        r = right(a, b, mod);
        if (r != PY_NOT_IMPLEMENTED)
            return r;
    }
    return third ? third(a, b, mod) : PY_NOT_IMPLEMENTED;
}

struct py_object *py_power(struct py_object *a, struct py_object *b, struct py_object *mod)
{
    if (!mod || mod == PY_NONE)
        return py_binary(PY_NB_POW, a, b);
    struct py_object *r = power_by_slots(a, b, mod);
    if (r != PY_NOT_IMPLEMENTED)
        return r;
    return py_raise(&py_exc_TypeError,
                    "unsupported operand type(s) for ** or pow(): '%T', '%T', '%T'", a, b, mod);
}

/* ---- one operand ------------------------------------------------------------------------- */

struct py_object *py_unary(enum py_unary_op op, struct py_object *a)
{
    static const char *const names[PY_UN_COUNT] = {"unary -", "unary +", "unary ~", "abs()"};
    const py_unaryfn fn = a->type->unary[op];
    if (fn)
        return fn(a);
    return py_raise(&py_exc_TypeError, "bad operand type for %s: '%T'", names[op], a);
}
