/* complex: making, reading, comparing and calculating with pairs of doubles, and the type.
 *
 * Operators take a complex and any real number of the language in either order. Division scales by
 * the larger part of the divisor (Smith 1962), so that it does not overflow where the quotient
 * would not; powers with small whole exponents multiply, others go through polar coordinates. A
 * complex with a zero imaginary part equals, and hashes as, its real part. There is no order.
 */
#include "vm/object/complex.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/float.h"
#include "vm/object/format.h"
#include "vm/object/int.h"
#include "vm/object/str_impl.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

struct pair {
    double re, im;
};

#define VALUE(o) ((struct pair){((struct py_complex *)(o))->real, ((struct py_complex *)(o))->imag})

static struct py_object *new_complex(struct py_type *type, struct pair value)
{
    struct py_complex *c = py_object_new(type);
    if (!c)
        return NULL;
    c->real = value.re;
    c->imag = value.im;
    if (type->flags & PY_TYPE_GC)
        py_gc_track(c);
    return PY_OBJ(c);
}

struct py_object *py_complex_from(double real, double imag)
{
    return new_complex(&py_complex_type, (struct pair){real, imag});
}

static struct py_object *from_pair(struct pair value)
{
    return new_complex(&py_complex_type, value);
}

/* What __complex__ of an object that is no complex gives: 1, 0 when it has none, -1. */
static int by_special_method(struct py_object *o, struct pair *out)
{
    struct py_object *method = py_lookup_special(o, py_str_const("__complex__"));
    if (!method)
        return py_error_occurred() ? -1 : 0;
    PY_HOLD(&method);
    struct py_object *result = py_call0(method);
    py_clear(method);
    if (!result)
        return -1;
    int status = 1;
    if (py_complex_check(result))
        *out = VALUE(result);
    else
        status = py_raise_int(&py_exc_TypeError, "__complex__ returned non-complex (type %.200s)",
                              result->type->name);
    py_decref(result);
    return status;
}

int py_complex_as_doubles(struct py_object *o, double *real, double *imag)
{
    struct pair value = {0.0, 0.0};
    if (py_complex_check(o)) {
        value = VALUE(o);
    } else {
        const int found = by_special_method(o, &value);
        if (found < 0)
            return -1;
        if (found == 0) {
            value.re = py_float_as_double(o);
            if (value.re == -1.0 && py_error_occurred())
                return -1;
        }
    }
    *real = value.re;
    *imag = value.im;
    return 0;
}

/* ---- arithmetic ------------------------------------------------------------------------------ */

/* 1: o is a number and *out its value; 0: it is not; -1: an int too large. */
static int operand(struct py_object *o, struct pair *out)
{
    if (py_complex_check(o)) {
        *out = VALUE(o);
        return 1;
    }
    out->im = 0.0;
    if (py_float_check(o)) {
        out->re = ((struct py_float *)o)->value;
        return 1;
    }
    if (!py_int_check(o))
        return 0;
    out->re = py_int_as_double(o);
    return out->re == -1.0 && py_error_occurred() ? -1 : 1;
}

#define OPERANDS(a, b, x, y)                                     \
    struct pair x, y;                                            \
    do {                                                         \
        const int got_x_ = operand(a, &x);                       \
        const int got_y_ = got_x_ > 0 ? operand(b, &y) : got_x_; \
        if (got_y_ == 0)                                         \
            return PY_NOT_IMPLEMENTED;                           \
        if (got_y_ < 0)                                          \
            return NULL;                                         \
    } while (0)

static struct pair multiply(struct pair x, struct pair y)
{
    return (struct pair){x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re};
}

/* EDOM for a zero divisor. */
static struct pair divide(struct pair x, struct pair y)
{
    struct pair r = {NAN, NAN};
    const double abs_re = fabs(y.re), abs_im = fabs(y.im);
    if (abs_re >= abs_im) {
        if (abs_re == 0.0) {
            errno = EDOM;
            return (struct pair){0.0, 0.0};
        }
        const double ratio = y.im / y.re, denominator = y.re + y.im * ratio;
        r.re = (x.re + x.im * ratio) / denominator;
        r.im = (x.im - x.re * ratio) / denominator;
    } else if (abs_im >= abs_re) {
        const double ratio = y.re / y.im, denominator = y.re * ratio + y.im;
        r.re = (x.re * ratio + x.im) / denominator;
        r.im = (x.im * ratio - x.re) / denominator;
    } /* else one is nan */
    return r;
}

static struct py_object *complex_add(struct py_object *a, struct py_object *b)
{
    OPERANDS(a, b, x, y);
    return from_pair((struct pair){x.re + y.re, x.im + y.im});
}

static struct py_object *complex_sub(struct py_object *a, struct py_object *b)
{
    OPERANDS(a, b, x, y);
    return from_pair((struct pair){x.re - y.re, x.im - y.im});
}

static struct py_object *complex_mul(struct py_object *a, struct py_object *b)
{
    OPERANDS(a, b, x, y);
    return from_pair(multiply(x, y));
}

static struct py_object *complex_truediv(struct py_object *a, struct py_object *b)
{
    OPERANDS(a, b, x, y);
    errno = 0;
    const struct pair r = divide(x, y);
    if (errno == EDOM)
        return py_raise(&py_exc_ZeroDivisionError, "complex division by zero");
    return from_pair(r);
}

static struct pair power_whole(struct pair x, long n)
{
    struct pair r = {1.0, 0.0};
    for (unsigned long left = n < 0 ? (unsigned long)-n : (unsigned long)n; left; left >>= 1) {
        if (left & 1)
            r = multiply(r, x);
        x = multiply(x, x);
    }
    return n < 0 ? divide((struct pair){1.0, 0.0}, r) : r;
}

static struct pair power(struct pair a, struct pair b)
{
    if (b.re == 0.0 && b.im == 0.0)
        return (struct pair){1.0, 0.0};
    if (a.re == 0.0 && a.im == 0.0) {
        if (b.im != 0.0 || b.re < 0.0)
            errno = EDOM;
        return (struct pair){0.0, 0.0};
    }
    const double magnitude = hypot(a.re, a.im), angle = atan2(a.im, a.re);
    double length = pow(magnitude, b.re), phase = angle * b.re;
    if (b.im != 0.0) {
        length *= exp(-angle * b.im);
        phase += b.im * log(magnitude);
    }
    return (struct pair){length * cos(phase), length * sin(phase)};
}

static struct py_object *pow_pairs(struct pair x, struct pair y)
{
    errno = 0;
    const bool whole = y.im == 0.0 && y.re == floor(y.re) && fabs(y.re) <= 100.0;
    const struct pair r = whole ? power_whole(x, (long)y.re) : power(x, y);
    if (errno == EDOM)
        return py_raise(&py_exc_ZeroDivisionError, "0.0 to a negative or complex power");
    if (fabs(r.re) == HUGE_VAL || fabs(r.im) == HUGE_VAL)
        return py_raise(&py_exc_OverflowError, "complex exponentiation");
    return from_pair(r);
}

static struct py_object *complex_pow(struct py_object *a, struct py_object *b)
{
    OPERANDS(a, b, x, y);
    return pow_pairs(x, y);
}

struct py_object *py_complex_pow_reals(double base, double exponent)
{
    return pow_pairs((struct pair){base, 0.0}, (struct pair){exponent, 0.0});
}

static struct py_object *complex_pow3(struct py_object *a, struct py_object *b,
                                      struct py_object *mod)
{
    if (mod != PY_NONE)
        return py_raise(&py_exc_ValueError, "complex modulo");
    return complex_pow(a, b);
}

static struct py_object *complex_neg(struct py_object *o)
{
    const struct pair v = VALUE(o);
    return py_complex_from(-v.re, -v.im);
}

static struct py_object *complex_pos(struct py_object *o)
{
    return o->type == &py_complex_type ? py_newref(o) : from_pair(VALUE(o));
}

static struct py_object *complex_abs(struct py_object *o)
{
    const struct pair v = VALUE(o);
    const double r = hypot(v.re, v.im);
    if (isinf(r) && isfinite(v.re) && isfinite(v.im))
        return py_raise(&py_exc_OverflowError, "absolute value too large");
    return py_float_from(r);
}

static int complex_bool(struct py_object *o)
{
    const struct pair v = VALUE(o);
    return v.re != 0.0 || v.im != 0.0;
}

static struct py_object *complex_richcompare(struct py_object *a, struct py_object *b, int op)
{
    if (op != PY_EQ && op != PY_NE)
        return PY_NOT_IMPLEMENTED;
    const struct pair x = VALUE(a);
    bool equal;
    if (py_complex_check(b)) {
        equal = x.re == ((struct py_complex *)b)->real && x.im == ((struct py_complex *)b)->imag;
    } else if (py_float_check(b)) {
        equal = x.re == ((struct py_float *)b)->value && x.im == 0.0;
    } else if (py_int_check(b)) {
        if (x.im == 0.0) {
            struct py_object *real = py_float_from(x.re);
            const int same = real ? py_richcompare_bool(real, b, PY_EQ) : -1;
            py_xdecref(real);
            if (same < 0)
                return NULL;
            equal = same;
        } else {
            equal = false;
        }
    } else {
        return PY_NOT_IMPLEMENTED;
    }
    return py_bool_from(equal == (op == PY_EQ));
}

static int64_t complex_hash(struct py_object *o)
{
    const struct pair v = VALUE(o);
    const uint64_t h =
        (uint64_t)py_double_hash(v.re, o) + 1000003u * (uint64_t)py_double_hash(v.im, o);
    return (int64_t)h == -1 ? -2 : (int64_t)h;
}

/* ---- text ------------------------------------------------------------------------------------ */

static struct py_object *complex_repr(struct py_object *o)
{
    const struct pair v = VALUE(o);
    const bool bare = v.re == 0.0 && !signbit(v.re);
    char *re = bare ? NULL : py_float_format(v.re, 'r', 0, 0);
    char *im = py_float_format(v.im, 'r', 0, bare ? 0 : PY_FLOAT_SIGN);
    struct py_str *text = NULL;
    if (im && bare)
        text = py_str_format_c("%sj", im);
    else if (im && re)
        text = py_str_format_c("(%s%sj)", re, im);
    free(re);
    free(im);
    return PY_OBJ(text);
}

/* Bytes of the float at the start of p, sign included; 0 if there is none. */
static size_t float_extent(const char *p)
{
    const char *const start = p;
    if (*p == '+' || *p == '-')
        p++;
    static const char *const words[] = {"infinity", "inf", "nan"};
    for (size_t i = 0; i < 3; i++)
        if (strncasecmp(p, words[i], strlen(words[i])) == 0)
            return (size_t)(p - start) + strlen(words[i]);
    const char *const number = p;
    bool digits = false;
    for (; (*p >= '0' && *p <= '9') || (*p == '_' && p > number); p++)
        digits |= *p != '_';
    if (*p == '.')
        for (p++; (*p >= '0' && *p <= '9') || (*p == '_' && digits); p++)
            digits |= *p != '_';
    if (!digits)
        return 0;
    if (*p == 'e' || *p == 'E') {
        const char *e = p + 1;
        if (*e == '+' || *e == '-')
            e++;
        if (*e >= '0' && *e <= '9') {
            while ((*e >= '0' && *e <= '9') || *e == '_')
                e++;
            p = e;
        }
    }
    return (size_t)(p - start);
}

/* "x", "yj", "x+yj" without spaces and parentheses. */
static bool parse_parts(const char *p, size_t len, struct pair *out)
{
    const char *const end = p + len;
    size_t n = float_extent(p);
    double z = 0.0, y = 0.0;
    *out = (struct pair){0.0, 0.0};
    if (n) {
        if (p + n > end || py_float_parse(p, n, &z) < 0)
            return false;
        p += n;
        if (*p == '+' || *p == '-') {
            out->re = z;
            n = float_extent(p);
            if (n) {
                if (py_float_parse(p, n, &y) < 0)
                    return false;
                p += n;
            } else {
                y = *p++ == '+' ? 1.0 : -1.0;
            }
            out->im = y;
        } else if (*p == 'j' || *p == 'J') {
            out->im = z;
        } else {
            out->re = z;
            return p == end;
        }
    } else {
        out->im = 1.0;
        if (*p == '+' || *p == '-')
            out->im = *p++ == '+' ? 1.0 : -1.0;
    }
    return (*p == 'j' || *p == 'J') && p + 1 == end;
}

static int parse(struct py_str *s, struct pair *out)
{
    const char *text;
    char *owned = NULL;
    size_t len;
    if (str_numeric_text(s, &text, &len, &owned) < 0)
        return -1;
    const char *p = text, *end = text + len;
    while (p < end && (*p == ' ' || (*p >= '\t' && *p <= '\r')))
        p++;
    while (end > p && (end[-1] == ' ' || (end[-1] >= '\t' && end[-1] <= '\r')))
        end--;
    if (p < end && *p == '(' && end[-1] == ')') {
        p++;
        end--;
        while (p < end && *p == ' ')
            p++;
        while (end > p && end[-1] == ' ')
            end--;
    }
    char *const copy = py_mem_alloc((size_t)(end - p) + 1);
    bool valid = false;
    if (copy) {
        memcpy(copy, p, (size_t)(end - p));
        copy[end - p] = 0;
        valid = strlen(copy) == (size_t)(end - p) && end > p &&
                parse_parts(copy, (size_t)(end - p), out);
    }
    py_mem_free(copy);
    py_mem_free(owned);
    if (!copy) {
        py_raise_no_memory();
        return -1;
    }
    return valid ? 0 : py_raise_int(&py_exc_ValueError, "complex() arg is a malformed string");
}

/* ---- the type -------------------------------------------------------------------------------- */

static bool is_real(const struct py_object *o)
{
    return py_float_check(o) || o->type->float_ || o->type->index;
}

/* complex(real, imag), both given as objects; imag may be NULL. */
static int combine(struct py_object *real, struct py_object *imag, struct pair *out)
{
    struct pair a = {0.0, 0.0}, b = {0.0, 0.0};
    bool a_complex = py_complex_check(real);
    if (a_complex && real->type == &py_complex_type) {
        a = VALUE(real);
    } else {
        const int found = by_special_method(real, &a);
        if (found < 0)
            return -1;
        a_complex = found > 0 || a_complex;
        if (!found && py_complex_check(real))
            a = VALUE(real);
    }
    if (!a_complex && !is_real(real))
        return py_raise_int(&py_exc_TypeError,
                            "complex() first argument must be a string or a number, not '%.200s'",
                            real->type->name);
    if (imag && !py_complex_check(imag) && !is_real(imag))
        return py_raise_int(&py_exc_TypeError,
                            "complex() second argument must be a number, not '%.200s'",
                            imag->type->name);
    if (!a_complex) {
        a.re = py_float_of_number(real);
        if (a.re == -1.0 && py_error_occurred())
            return -1;
    }
    if (!imag) {
        b.re = a.im;
    } else if (py_complex_check(imag)) {
        b = VALUE(imag);
        a.re -= b.im;
    } else {
        b.re = py_float_of_number(imag);
        if (b.re == -1.0 && py_error_occurred())
            return -1;
    }
    if (a_complex && imag)
        b.re += a.im;
    *out = (struct pair){a.re, b.re};
    return 0;
}

static struct py_object *complex_new(struct py_type *type, struct py_object *const *args,
                                     size_t nargs, struct py_tuple *kwnames)
{
    static const char *const names[] = {"real", "imag"};
    static const struct py_params params = {
        .function = "complex", .names = names, .count = 2, .keyword_only = 2};
    struct py_object *given[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, given) < 0)
        return NULL;
    struct pair value = {0.0, 0.0};
    if (given[0] && !given[1] && given[0]->type == &py_complex_type && type == &py_complex_type)
        return py_newref(given[0]);
    if (given[0] && py_str_check(given[0])) {
        if (given[1])
            return py_raise(&py_exc_TypeError,
                            "complex() can't take second arg if first is a string");
        return parse((struct py_str *)given[0], &value) < 0 ? NULL : new_complex(type, value);
    }
    if (given[1] && py_str_check(given[1]))
        return py_raise(&py_exc_TypeError, "complex() second arg can't be a string");
    if (!given[0] && given[1]) {
        struct py_object *zero = py_int_from_i64(0);
        if (combine(zero, given[1], &value) < 0)
            return NULL;
    } else if (given[0] && combine(given[0], given[1], &value) < 0) {
        return NULL;
    }
    return new_complex(type, value);
}

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)

METHOD(complex_conjugate)
{
    (void)args, (void)nargs, (void)kwnames;
    const struct pair v = VALUE(self);
    return py_complex_from(v.re, -v.im);
}

METHOD(complex_complex)
{
    (void)args, (void)nargs, (void)kwnames;
    return complex_pos(self);
}

METHOD(complex_getnewargs)
{
    (void)args, (void)nargs, (void)kwnames;
    const struct pair v = VALUE(self);
    struct py_object *parts[2] = {py_float_from(v.re), py_float_from(v.im)};
    if (parts[0] && parts[1])
        return PY_OBJ(py_tuple_from_array_steal(parts, 2));
    py_xdecref(parts[0]);
    py_xdecref(parts[1]);
    return NULL;
}

METHOD(complex_format)
{
    (void)nargs, (void)kwnames;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "__format__() argument must be str, not %.50s",
                        args[0]->type->name);
    const struct pair v = VALUE(self);
    return py_format_complex(self, v.re, v.im, (struct py_str *)args[0]);
}

static const struct py_method_def complex_methods[] = {
    {.name = "conjugate",
     .fn = complex_conjugate,
     .signature = "($self, /)",
     .doc = "The number with the sign of its imaginary part changed."},
    {.name = "__complex__",
     .fn = complex_complex,
     .signature = "($self, /)",
     .doc = "The value as an exact complex."},
    {.name = "__getnewargs__", .fn = complex_getnewargs, .signature = "($self, /)"},
    {.name = "__format__",
     .fn = complex_format,
     .min_args = 1,
     .max_args = 1,
     .signature = "($self, format_spec, /)",
     .doc = "The value as text, in the form that format_spec describes."},
    {.name = NULL}};

static const struct py_member_def complex_members[] = {{.name = "real",
                                                        .kind = PY_MEMBER_DOUBLE,
                                                        .offset = offsetof(struct py_complex, real),
                                                        .readonly = true,
                                                        .doc = "the part without 1j"},
                                                       {.name = "imag",
                                                        .kind = PY_MEMBER_DOUBLE,
                                                        .offset = offsetof(struct py_complex, imag),
                                                        .readonly = true,
                                                        .doc = "the factor of 1j"},
                                                       {.name = NULL}};

struct py_type py_complex_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "complex",
    .basicsize = sizeof(struct py_complex),
    .flags = PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE,
    .repr = complex_repr,
    .hash = complex_hash,
    .richcompare = complex_richcompare,
    .new_ = complex_new,
    .binary = {[PY_NB_ADD] = complex_add,
               [PY_NB_SUB] = complex_sub,
               [PY_NB_MUL] = complex_mul,
               [PY_NB_TRUEDIV] = complex_truediv,
               [PY_NB_POW] = complex_pow},
    .power3 = complex_pow3,
    .unary = {[PY_UN_NEG] = complex_neg, [PY_UN_POS] = complex_pos, [PY_UN_ABS] = complex_abs},
    .bool_ = complex_bool,
    .methods = complex_methods,
    .members = complex_members,
    .doc = "complex(real=0, imag=0) -- the number real + imag*1j.",
};
