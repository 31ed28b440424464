/* float: making, reading, comparing and calculating with boxed doubles, and the type.
 *
 * Operators take a float and a float or int in either order; an int too large for a double is an
 * OverflowError, except in comparisons, which are exact for ints of any size. Division and modulo
 * follow Python (the remainder has the divisor's sign), hash agrees with int's for integral values.
 *
 * Text is in float_text.c, methods in float_methods.c.
 */
#include "vm/object/float.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/memory/heap_inline.h"
#include "vm/object/bytes.h"
#include "vm/object/complex.h"
#include "vm/object/float_impl.h"
#include "vm/object/int.h"
#include "vm/object/int_impl.h"
#include "vm/object/str_impl.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

struct py_object *py_float_from(double d)
{
    struct py_float *f =
        py_object_alloc_plain(&py_float_type, sizeof(struct py_float), sizeof(struct py_float));
    if (!f)
        return py_raise_no_memory();
    f->value = d;
    return PY_OBJ(f);
}

/* The float that a __float__ gave, as a double; steals result. */
static double checked_float(struct py_object *result, const struct py_object *source)
{
    if (!result)
        return -1.0;
    double d = -1.0;
    if (py_float_check(result))
        d = float_value(result);
    else
        py_raise(&py_exc_TypeError, "%.50s.__float__ returned non-float (type %.50s)",
                 source->type->name, result->type->name);
    py_decref(result);
    return d;
}

double py_float_as_double(struct py_object *o)
{
    if (py_float_check(o))
        return float_value(o);
    if (o->type->float_)
        return checked_float(o->type->float_(o), o);
    if (o->type->index)
        return py_int_as_double(o);
    py_raise(&py_exc_TypeError, "must be real number, not %.50s", o->type->name);
    return -1.0;
}

double py_float_of_number(struct py_object *o)
{
    if (o->type->float_ && o->type != &py_float_type)
        return checked_float(o->type->float_(o), o);
    return py_float_as_double(o);
}

/* Modulo 2^61 - 1, as ints hash; the mantissa is fed in 28 bits at a time. */
int64_t py_double_hash(double d, struct py_object *o)
{
    if (isinf(d))
        return d > 0 ? 314159 : -314159;
    if (isnan(d))
        return py_hash_pointer(o);
    int exponent;
    double m = frexp(d, &exponent);
    const bool negative = m < 0;
    if (negative)
        m = -m;
    const uint64_t modulus = ((uint64_t)1 << 61) - 1;
    uint64_t h = 0;
    while (m != 0.0) {
        h = ((h << 28) & modulus) | h >> 33;
        m *= 268435456.0; /* 2^28 */
        exponent -= 28;
        const uint64_t chunk = (uint64_t)m;
        m -= (double)chunk;
        h += chunk;
        if (h >= modulus)
            h -= modulus;
    }
    const int shift = exponent >= 0 ? exponent % 61 : 60 - (-1 - exponent) % 61;
    h = ((h << shift) & modulus) | h >> (61 - shift);
    const int64_t result = negative ? -(int64_t)h : (int64_t)h;
    return result == -1 ? -2 : result;
}

static int64_t float_hash(struct py_object *o)
{
    return py_double_hash(float_value(o), o);
}

/* Comparison. */

static bool compare_doubles(double a, double b, int op)
{
    switch ((enum py_compare)op) {
    case PY_LT:
        return a < b;
    case PY_LE:
        return a <= b;
    case PY_EQ:
        return a == b;
    case PY_NE:
        return a != b;
    case PY_GT:
        return a > b;
    case PY_GE:
        return a >= b;
    }
    return false;
}

/* Sign of d - i, exactly; d is not nan. -2: out of memory. */
static int compare_with_int(double d, struct py_object *i)
{
    if (py_int_is_compact(i)) {
        const int64_t v = py_int_compact_value(i);
        if (v >= -((int64_t)1 << 53) && v <= (int64_t)1 << 53)
            return (d > (double)v) - (d < (double)v);
    }
    if (isinf(d))
        return d > 0 ? 1 : -1;
    struct py_object *whole = py_int_from_double(d);
    if (!whole)
        return -2;
    int order = py_int_compare(whole, i);
    py_decref(whole);
    if (order == 0 && d != trunc(d))
        order = d > 0 ? 1 : -1;
    return order;
}

static struct py_object *float_richcompare(struct py_object *a, struct py_object *b, int op)
{
    const double x = float_value(a);
    if (py_float_check(b))
        return py_bool_from(compare_doubles(x, float_value(b), op));
    if (!py_int_check(b))
        return PY_NOT_IMPLEMENTED;
    if (isnan(x))
        return py_bool_from(op == PY_NE);
    const int order = compare_with_int(x, b);
    if (order == -2)
        return NULL;
    return py_bool_from(compare_doubles(order, 0, op));
}

/* Arithmetic. */

/* 1: o is a number and *out its value; 0: it is not; -1: an int too large. */
static inline int operand(struct py_object *o, double *out)
{
    if (py_float_check(o)) {
        *out = float_value(o);
        return 1;
    }
    if (!py_int_check(o))
        return 0;
    *out = py_int_as_double(o);
    return *out == -1.0 && py_error_occurred() ? -1 : 1;
}

#define OPERANDS(a, b, x, y)                                     \
    double x, y;                                                 \
    do {                                                         \
        const int got_x_ = operand(a, &x);                       \
        const int got_y_ = got_x_ > 0 ? operand(b, &y) : got_x_; \
        if (got_y_ == 0)                                         \
            return PY_NOT_IMPLEMENTED;                           \
        if (got_y_ < 0)                                          \
            return NULL;                                         \
    } while (0)

static struct py_object *float_add(struct py_object *a, struct py_object *b)
{
    OPERANDS(a, b, x, y);
    return py_float_from(x + y);
}

static struct py_object *float_sub(struct py_object *a, struct py_object *b)
{
    OPERANDS(a, b, x, y);
    return py_float_from(x - y);
}

static struct py_object *float_mul(struct py_object *a, struct py_object *b)
{
    OPERANDS(a, b, x, y);
    return py_float_from(x * y);
}

static struct py_object *float_truediv(struct py_object *a, struct py_object *b)
{
    OPERANDS(a, b, x, y);
    if (y == 0.0)
        return py_raise(&py_exc_ZeroDivisionError, "float division by zero");
    return py_float_from(x / y);
}

/* Quotient rounded down and remainder with y's sign; y is not zero. fmod is exact; the quotient is
 * snapped to the nearest integer because (x - mod) / y may miss it by rounding. */
static void divmod_doubles(double x, double y, double *quotient, double *remainder)
{
    double mod = fmod(x, y), div = (x - mod) / y;
    if (mod != 0.0) {
        if ((y < 0) != (mod < 0)) {
            mod += y;
            div -= 1.0;
        }
    } else {
        mod = copysign(0.0, y);
    }
    double whole;
    if (div != 0.0) {
        whole = floor(div);
        if (div - whole > 0.5)
            whole += 1.0;
    } else {
        whole = copysign(0.0, x / y);
    }
    *quotient = whole;
    *remainder = mod;
}

static struct py_object *float_floordiv(struct py_object *a, struct py_object *b)
{
    OPERANDS(a, b, x, y);
    if (y == 0.0)
        return py_raise(&py_exc_ZeroDivisionError, "float floor division by zero");
    double q, r;
    divmod_doubles(x, y, &q, &r);
    return py_float_from(q);
}

static struct py_object *float_mod(struct py_object *a, struct py_object *b)
{
    OPERANDS(a, b, x, y);
    if (y == 0.0)
        return py_raise(&py_exc_ZeroDivisionError, "float modulo");
    double mod = fmod(x, y);
    if (mod != 0.0) {
        if ((y < 0) != (mod < 0))
            mod += y;
    } else {
        mod = copysign(0.0, y);
    }
    return py_float_from(mod);
}

static struct py_object *float_divmod(struct py_object *a, struct py_object *b)
{
    OPERANDS(a, b, x, y);
    if (y == 0.0)
        return py_raise(&py_exc_ZeroDivisionError, "float divmod()");
    double q, r;
    divmod_doubles(x, y, &q, &r);
    struct py_object *pair[2] = {py_float_from(q), py_float_from(r)};
    if (pair[0] && pair[1])
        return PY_OBJ(py_tuple_from_array_steal(pair, 2));
    py_xdecref(pair[0]);
    py_xdecref(pair[1]);
    return NULL;
}

static struct py_object *raise_out_of_range(void)
{
    struct py_object *items[2] = {py_int_from_i64(ERANGE),
                                  PY_OBJ(py_str_from_cstr("Numerical result out of range"))};
    struct py_tuple *args = items[1] ? py_tuple_from_array_steal(items, 2) : NULL;
    struct py_object *e =
        args ? py_exc_instantiate(PY_OBJ(&py_exc_OverflowError), PY_OBJ(args)) : NULL;
    py_xdecref(args);
    if (e)
        py_raise_instance(e);
    py_xdecref(e);
    return NULL;
}

static struct py_object *float_pow(struct py_object *a, struct py_object *b)
{
    OPERANDS(a, b, x, y);
    if (x == 0.0 && y < 0.0)
        return py_raise(&py_exc_ZeroDivisionError, "0.0 cannot be raised to a negative power");
    if (x < 0.0 && isfinite(x) && isfinite(y) && y != floor(y))
        return py_complex_pow_reals(x, y);
    const double result = pow(x, y);
    if (isinf(result) && isfinite(x) && isfinite(y))
        return raise_out_of_range();
    return py_float_from(result);
}

static struct py_object *float_pow3(struct py_object *a, struct py_object *b, struct py_object *mod)
{
    if (mod != PY_NONE)
        return py_raise(&py_exc_TypeError,
                        "pow() 3rd argument not allowed unless all arguments are integers");
    return float_pow(a, b);
}

static struct py_object *float_neg(struct py_object *o)
{
    return py_float_from(-float_value(o));
}

static struct py_object *float_pos(struct py_object *o)
{
    return o->type == &py_float_type ? py_newref(o) : py_float_from(float_value(o));
}

static struct py_object *float_abs(struct py_object *o)
{
    return py_float_from(fabs(float_value(o)));
}

static int float_bool(struct py_object *o)
{
    return float_value(o) != 0.0;
}

static struct py_object *float_int(struct py_object *o)
{
    return py_int_from_double(float_value(o));
}

/* Construction. */

static int parse_object(struct py_object *o, double *out)
{
    const char *text;
    size_t len;
    char *owned = NULL;
    if (py_str_check(o)) {
        if (str_numeric_text(str_of(o), &text, &len, &owned) < 0)
            return -1;
    } else {
        const uint8_t *data;
        if (py_bytes_view(o, &data, &len) < 0) {
            py_error_clear();
            return py_raise_int(&py_exc_TypeError,
                                "float() argument must be a string or a real number, not '%.200s'",
                                o->type->name);
        }
        text = (const char *)data;
    }
    const int status = py_float_parse(text, len, out);
    py_mem_free(owned);
    if (status < 0)
        return py_raise_int(&py_exc_ValueError, "could not convert string to float: %R", o);
    return 0;
}

static int float_from_object(struct py_object *o, double *out)
{
    if (py_float_check(o) || o->type->float_ || o->type->index) {
        *out = py_float_of_number(o);
        return *out == -1.0 && py_error_occurred() ? -1 : 0;
    }
    return parse_object(o, out);
}

static struct py_object *float_new(struct py_type *type, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames)
{
    if ((type == &py_float_type && py_no_keywords("float", kwnames) < 0) ||
        py_check_positional("float", nargs, 0, 1) < 0)
        return NULL;
    double d = 0.0;
    if (nargs && type == &py_float_type && args[0]->type == type)
        return py_newref(args[0]);
    if (nargs && float_from_object(args[0], &d) < 0)
        return NULL;
    if (type == &py_float_type)
        return py_float_from(d);
    struct py_float *f = py_object_new(type);
    if (!f)
        return NULL;
    f->value = d;
    if (type->flags & PY_TYPE_GC)
        py_gc_track(f);
    return PY_OBJ(f);
}

static void float_dealloc(struct py_object *o)
{
    if (o->type == &py_float_type) {
        py_object_free_plain(o);
        return;
    }
    py_object_release_common(o);
    py_object_free(o);
}

struct py_type py_float_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "float",
    .basicsize = sizeof(struct py_float),
    .flags = PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE | PY_TYPE_IS_FLOAT,
    .body = PY_BODY_FLOAT,
    .dealloc = float_dealloc,
    .repr = float_slot_repr,
    .hash = float_hash,
    .richcompare = float_richcompare,
    .new_ = float_new,
    .binary = {[PY_NB_ADD] = float_add,
               [PY_NB_SUB] = float_sub,
               [PY_NB_MUL] = float_mul,
               [PY_NB_TRUEDIV] = float_truediv,
               [PY_NB_FLOORDIV] = float_floordiv,
               [PY_NB_MOD] = float_mod,
               [PY_NB_POW] = float_pow,
               [PY_NB_DIVMOD] = float_divmod},
    .power3 = float_pow3,
    .unary = {[PY_UN_NEG] = float_neg, [PY_UN_POS] = float_pos, [PY_UN_ABS] = float_abs},
    .bool_ = float_bool,
    .int_ = float_int,
    .float_ = float_pos,
    .methods = float_methods,
    .getsets = float_getsets,
    .doc = "float(x=0, /)\n\nA double precision number from a number or from text.",
};
