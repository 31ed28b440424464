/* The module _operator: operators as functions. itemgetter, attrgetter and methodcaller are in
 * operator_getters.c.
 */
#include "vm/builtins/mod_operator.h"

#include "vm/builtins/mod_support.h"
#include "vm/object/str.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

/* ---- operators ---------------------------------------------------------------------------------
 */

#define TWO_OPERANDS(name, result)                               \
    METHOD(operator_##name)                                      \
    {                                                            \
        (void)self, (void)nargs, (void)kwnames;                  \
        struct py_object *const a = args[0], *const b = args[1]; \
        return result;                                           \
    }
#define ONE_OPERAND(name, result)               \
    METHOD(operator_##name)                     \
    {                                           \
        (void)self, (void)nargs, (void)kwnames; \
        struct py_object *const a = args[0];    \
        return result;                          \
    }

/* clang-format off */
/* B(Python's name, name here, operator, how a program writes it) */
#define BINARY(B)                                                                              \
    B("add", add, ADD, "+")         B("sub", sub, SUB, "-")        B("mul", mul, MUL, "*")     \
    B("truediv", truediv, TRUEDIV, "/")     B("floordiv", floordiv, FLOORDIV, "//")            \
    B("mod", mod, MOD, "%")         B("lshift", lshift, LSHIFT, "<<")                          \
    B("rshift", rshift, RSHIFT, ">>")       B("and_", and, AND, "&")   B("or_", or, OR, "|")   \
    B("xor", xor, XOR, "^")         B("matmul", matmul, MATMUL, "@")
#define COMPARISONS(C)                                                                    \
    C(lt, LT, "a < b")  C(le, LE, "a <= b")  C(eq, EQ, "a == b")                          \
    C(ne, NE, "a != b") C(ge, GE, "a >= b")  C(gt, GT, "a > b")
/* clang-format on */

#define B(text, name, op, doc)                      \
    TWO_OPERANDS(name, py_binary(PY_NB_##op, a, b)) \
    TWO_OPERANDS(inplace_##name, py_inplace(PY_NB_##op, a, b))
BINARY(B)
#undef B
#define C(name, op, doc) TWO_OPERANDS(name, py_richcompare(a, b, PY_##op))
COMPARISONS(C)
#undef C
TWO_OPERANDS(pow, py_power(a, b, PY_NONE))
TWO_OPERANDS(inplace_pow, py_inplace(PY_NB_POW, a, b))
ONE_OPERAND(neg, py_unary(PY_UN_NEG, a))
ONE_OPERAND(pos, py_unary(PY_UN_POS, a))
ONE_OPERAND(abs, py_unary(PY_UN_ABS, a))
ONE_OPERAND(invert, py_unary(PY_UN_INVERT, a))
ONE_OPERAND(index, py_index(a))
TWO_OPERANDS(is, py_bool_from(a == b))
TWO_OPERANDS(is_not, py_bool_from(a != b))
TWO_OPERANDS(getitem, py_getitem(a, b))
TWO_OPERANDS(delitem, py_delitem(a, b) < 0 ? NULL : PY_NONE)

METHOD(operator_setitem)
{
    UNUSED;
    return py_setitem(args[0], args[1], args[2]) < 0 ? NULL : PY_NONE;
}

/* 1, 0 or -1 as a bool or an exception. */
static struct py_object *answer(int truth)
{
    return truth < 0 ? NULL : py_bool_from(truth);
}
ONE_OPERAND(truth, answer(py_truth(a)))
TWO_OPERANDS(contains, answer(py_contains(a, b)))

METHOD(operator_not)
{
    UNUSED;
    const int truth = py_truth(args[0]);
    return truth < 0 ? NULL : py_bool_from(!truth);
}

/* ---- sequences ---------------------------------------------------------------------------------
 */

static bool is_sequence(const struct py_object *o)
{
    return (o->type->item || o->type->subscript) && !py_has_flag(o, PY_TYPE_IS_DICT);
}

static struct py_object *concat(struct py_object *a, struct py_object *b, bool inplace)
{
    if (inplace && a->type->inplace_concat)
        return a->type->inplace_concat(a, b);
    if (a->type->concat)
        return a->type->concat(a, b);
    if (is_sequence(a) && is_sequence(b))
        return inplace ? py_inplace(PY_NB_ADD, a, b) : py_binary(PY_NB_ADD, a, b);
    return py_raise(&py_exc_TypeError, "'%.200s' object can't be concatenated", a->type->name);
}
TWO_OPERANDS(concat, concat(a, b, false))
TWO_OPERANDS(inplace_concat, concat(a, b, true))

/* Walks an iterable for items equal to `wanted`. Their number, or with `first` the place of the
 * first one (-1 and no exception: none). -1: exception. */
static int64_t count_equal(struct py_object *iterable, struct py_object *wanted, bool first)
{
    struct py_object *held[2] = {py_iter(iterable)};
    PY_HOLD_N(held, 2);
    if (!held[0]) {
        if (py_error_matches(&py_exc_TypeError))
            py_raise(&py_exc_TypeError, "argument of type '%.200s' is not iterable",
                     iterable->type->name);
        return -1;
    }
    int64_t count = 0, at = 0;
    int equal = 0;
    while (!(first && equal) && (held[1] = py_next(held[0]))) {
        equal = py_richcompare_bool(held[1], wanted, PY_EQ);
        py_clear(held[1]);
        if (equal < 0)
            break;
        count += equal;
        at += !equal;
    }
    py_clear(held[0]);
    if (py_error_occurred())
        return -1;
    return !first ? count : equal ? at : -1;
}

METHOD(operator_count_of)
{
    UNUSED;
    const int64_t n = count_equal(args[0], args[1], false);
    return n < 0 ? NULL : py_int_from_i64(n);
}

METHOD(operator_index_of)
{
    UNUSED;
    const int64_t at = count_equal(args[0], args[1], true);
    if (at >= 0)
        return py_int_from_i64(at);
    return py_error_occurred()
               ? NULL
               : py_raise(&py_exc_ValueError, "sequence.index(x): x not in sequence");
}

METHOD(operator_length_hint)
{
    UNUSED;
    int64_t fallback = 0;
    if (nargs > 1) {
        if (!py_int_check(args[1]) && !args[1]->type->index)
            return py_raise(&py_exc_TypeError,
                            "'%.200s' object cannot be interpreted as an integer",
                            args[1]->type->name);
        fallback = py_int_as_ssize(args[1]);
        if (fallback == -1 && py_error_occurred())
            return NULL;
    }
    const int64_t n = py_length_hint(args[0], fallback);
    return n < 0 && py_error_occurred() ? NULL : py_int_from_i64(n);
}

METHOD(operator_call)
{
    (void)self;
    if (!nargs)
        return py_raise(&py_exc_TypeError, "call expected at least 1 argument, got 0");
    return py_call(args[0], args + 1, nargs - 1, kwnames);
}

/* ---- secrets -----------------------------------------------------------------------------------
 */

/* Takes as long whatever the octets are, so that the time does not tell how many are right. */
static bool same_octets(const uint8_t *a, int64_t a_length, const uint8_t *b, int64_t b_length)
{
    volatile uint8_t differs = a_length != b_length;
    const uint8_t *const against = a_length == b_length ? a : b;
    for (int64_t i = 0; i < b_length; i++)
        differs |= against[i] ^ b[i];
    return !differs;
}

METHOD(operator_compare_digest)
{
    UNUSED;
    if (py_str_check(args[0]) && py_str_check(args[1])) {
        const struct py_str *const a = (struct py_str *)args[0], *const b =
                                                                     (struct py_str *)args[1];
        if (!a->ascii || !b->ascii)
            return py_raise(&py_exc_TypeError,
                            "comparing strings with non-ASCII characters is not supported");
        return py_bool_from(same_octets(py_str_data(a), a->length, py_str_data(b), b->length));
    }
    if (!py_has_buffer(args[0]) && !py_has_buffer(args[1]))
        return py_raise(
            &py_exc_TypeError,
            "unsupported operand types(s) or combination of types: '%.100s' and '%.100s'",
            args[0]->type->name, args[1]->type->name);
    OCTETS(a);
    OCTETS(b);
    if (octets_get(&a, args[0]) < 0 || octets_get(&b, args[1]) < 0)
        return NULL;
    return py_bool_from(same_octets(a.data, a.length, b.data, b.length));
}

/* ---- the module --------------------------------------------------------------------------------
 */

#define ROW(text, function, count, says)                                                           \
    {                                                                                              \
        .name = text, .fn = operator_##function, .min_args = count, .max_args = count, .doc = says \
    }

static const struct py_method_def operator_functions[] = {
#define B(text, function_, op, symbol) ROW(text, function_, 2, "a " symbol " b"),
    BINARY(B)
#undef B
#define B(text, function_, op, symbol) \
    ROW("i" #function_, inplace_##function_, 2, "a = i" #function_ "(a, b) is a " symbol "= b."),
        BINARY(B)
#undef B
#define C(function_, op, says) ROW(#function_, function_, 2, says),
            COMPARISONS(C)
#undef C
                ROW("pow", pow, 2, "a ** b"),
    ROW("ipow", inplace_pow, 2, "a = ipow(a, b) is a **= b."),
    ROW("concat", concat, 2, "a + b of two sequences"),
    ROW("iconcat", inplace_concat, 2, "a = iconcat(a, b) is a += b of two sequences."),
    ROW("neg", neg, 1, "-a"),
    ROW("pos", pos, 1, "+a"),
    ROW("abs", abs, 1, "abs(a)"),
    ROW("inv", invert, 1, "~a"),
    ROW("invert", invert, 1, "~a"),
    ROW("index", index, 1, "a.__index__()"),
    ROW("is_", is, 2, "a is b"),
    ROW("is_not", is_not, 2, "a is not b"),
    ROW("truth", truth, 1, "Is a true, or false?"),
    ROW("not_", not, 1, "not a"),
    ROW("contains", contains, 2, "b in a: mind the order"),
    ROW("getitem", getitem, 2, "a[b]"),
    ROW("setitem", setitem, 3, "a[b] = c"),
    ROW("delitem", delitem, 2, "del a[b]"),
    ROW("countOf", count_of, 2, "How many items of a are equal to b?"),
    ROW("indexOf", index_of, 2, "Where in a is the first item equal to b?"),
    {.name = "length_hint",
     .fn = operator_length_hint,
     .min_args = 1,
     .max_args = 2,
     .doc = "length_hint(obj, default=0)\n\nHow many items obj will give, as far as it knows."},
    {.name = "call",
     .fn = operator_call,
     .max_args = -1,
     .flags = PY_METH_KEYWORDS,
     .doc = "call(obj, /, *args, **kwargs)\n\nobj(*args, **kwargs)"},
    ROW("_compare_digest", compare_digest, 2,
        "Are two digests equal? It takes as long where they are not."),
    {.name = NULL}};

struct py_module *py_mod__operator_init(void); /* modules.def */

struct py_module *py_mod__operator_init(void)
{
    struct py_module *m = py_module_new("_operator", "Operators as functions.");
    if (!m || py_module_add_methods(m, operator_functions) < 0 ||
        module_add_type(m, &py_itemgetter_type) < 0 ||
        module_add_type(m, &py_attrgetter_type) < 0 ||
        module_add_type(m, &py_methodcaller_type) < 0)
        py_clear(m);
    return m;
}
