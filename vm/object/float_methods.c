/* float: the methods and attributes of the type, tables at the end.
 *
 * hex and fromhex speak the C99 notation 0x1.8p+0: exact, because both ends are binary.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/float.h"
#include "vm/object/float_impl.h"
#include "vm/object/format.h"
#include "vm/object/int.h"
#include "vm/object/int_impl.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED_ARGS (void)args, (void)nargs, (void)kwnames

METHOD(float_is_integer)
{
    UNUSED_ARGS;
    const double d = float_value(self);
    return py_bool_from(isfinite(d) && floor(d) == d);
}

METHOD(float_trunc)
{
    UNUSED_ARGS;
    return py_int_from_double(float_value(self));
}

METHOD(float_floor)
{
    UNUSED_ARGS;
    return py_int_from_double(floor(float_value(self)));
}

METHOD(float_ceil)
{
    UNUSED_ARGS;
    return py_int_from_double(ceil(float_value(self)));
}

METHOD(float_conjugate)
{
    UNUSED_ARGS;
    return self->type == &py_float_type ? py_newref(self) : py_float_from(float_value(self));
}

METHOD(float_round)
{
    (void)kwnames;
    const double d = float_value(self);
    if (nargs == 0 || args[0] == PY_NONE)
        return py_int_from_double(float_round_half_even(d));
    struct py_object *index = py_index(args[0]);
    if (!index)
        return NULL;
    const int64_t ndigits = py_int_as_i64_clip(index);
    py_decref(index);
    const double rounded = float_round_digits(d, ndigits);
    if (isinf(rounded) && isfinite(d))
        return py_raise(&py_exc_OverflowError, "rounded value too large to represent");
    return py_float_from(rounded);
}

METHOD(float_as_integer_ratio)
{
    UNUSED_ARGS;
    double d = float_value(self);
    if (isinf(d))
        return py_raise(&py_exc_OverflowError, "cannot convert Infinity to integer ratio");
    if (isnan(d))
        return py_raise(&py_exc_ValueError, "cannot convert NaN to integer ratio");
    int exponent;
    d = frexp(d, &exponent);
    for (; d != floor(d); exponent--)
        d *= 2.0;
    struct py_object *pair[2] = {py_int_from_double(d), py_int_from_i64(1)};
    struct py_object **scaled = exponent > 0 ? &pair[0] : &pair[1];
    const uint64_t shift = (uint64_t)abs(exponent);
    if (pair[0])
        py_setref(*scaled, int_lshift_bits(*scaled, shift));
    if (pair[0] && pair[1])
        return PY_OBJ(py_tuple_from_array_steal(pair, 2));
    py_xdecref(pair[0]);
    py_xdecref(pair[1]);
    return NULL;
}

METHOD(float_format)
{
    (void)nargs, (void)kwnames;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "__format__() argument must be str, not %.50s",
                        args[0]->type->name);
    return py_format_float(self, (struct py_str *)args[0]);
}

METHOD(float_getnewargs)
{
    UNUSED_ARGS;
    struct py_object *value = py_float_from(float_value(self));
    return value ? PY_OBJ(py_tuple_from_array_steal(&value, 1)) : NULL;
}

METHOD(float_getformat)
{
    (void)self, (void)nargs, (void)kwnames;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "__getformat__() argument must be str, not %.50s",
                        args[0]->type->name);
    struct py_str *kind = (struct py_str *)args[0];
    if (!py_str_equal_cstr(kind, "double") && !py_str_equal_cstr(kind, "float"))
        return py_raise(&py_exc_ValueError,
                        "__getformat__() argument 1 must be 'double' or 'float'");
    return PY_OBJ(py_str_from_cstr("IEEE, little-endian"));
}

/* One leading digit and thirteen hexadecimal ones, whatever the exponent. */
METHOD(float_hex)
{
    UNUSED_ARGS;
    const double d = float_value(self);
    char text[40];
    if (!isfinite(d)) {
        snprintf(text, sizeof(text), "%s", isnan(d) ? "nan" : d < 0 ? "-inf" : "inf");
    } else if (d == 0.0) {
        snprintf(text, sizeof(text), "%s0x0.0p+0", signbit(d) ? "-" : "");
    } else {
        int exponent;
        const double m = frexp(fabs(d), &exponent); /* [0.5, 1) */
        const int lift = exponent - 1 < -1022 ? -1022 - (exponent - 1) : 0;
        const uint64_t bits = (uint64_t)ldexp(m, 53 - lift);
        snprintf(text, sizeof(text), "%s0x%llx.%013llxp%+d", d < 0 ? "-" : "",
                 (unsigned long long)(bits >> 52),
                 (unsigned long long)(bits & (((uint64_t)1 << 52) - 1)), exponent - 1 + lift);
    }
    return PY_OBJ(py_str_from_cstr(text));
}

/* Is it [0x]h*[.h*][p[sign]d+] with at least one digit? */
static bool valid_hex(const char *p)
{
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
        p += 2;
    bool any = false;
    for (; isxdigit((unsigned char)*p); p++)
        any = true;
    if (*p == '.')
        for (p++; isxdigit((unsigned char)*p); p++)
            any = true;
    if (!any)
        return false;
    if (*p == 'p' || *p == 'P') {
        p++;
        if (*p == '+' || *p == '-')
            p++;
        if (!isdigit((unsigned char)*p))
            return false;
        while (isdigit((unsigned char)*p))
            p++;
    }
    return *p == 0;
}

/* text is trimmed and NUL-terminated, without a sign. 0, or -1 when it is not a number. */
static int parse_hex(const char *text, double *out)
{
    if (strcasecmp(text, "inf") == 0 || strcasecmp(text, "infinity") == 0) {
        *out = INFINITY;
        return 0;
    }
    if (strcasecmp(text, "nan") == 0) {
        *out = NAN;
        return 0;
    }
    if (!valid_hex(text))
        return -1;
    const bool prefixed = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const size_t room = strlen(text) + 3;
    char *with = malloc(room);
    if (!with)
        return -1;
    snprintf(with, room, "0x%s", prefixed ? text + 2 : text);
    *out = strtod(with, NULL);
    free(with);
    return 0;
}

METHOD(float_fromhex)
{
    (void)nargs, (void)kwnames;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "bad argument type for built-in operation");
    size_t length;
    const char *text = py_str_utf8_strict(args[0], &length);
    if (!text)
        return NULL;
    if (strlen(text) != length)
        return py_raise(&py_exc_ValueError, "invalid hexadecimal floating-point string");
    while (isspace((unsigned char)*text))
        text++;
    const bool negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    char *trimmed = strdup(text);
    if (!trimmed)
        return py_raise_no_memory();
    for (size_t n = strlen(trimmed); n && isspace((unsigned char)trimmed[n - 1]); n--)
        trimmed[n - 1] = 0;
    double d = 0.0;
    const bool named = isalpha((unsigned char)trimmed[0]) && !isxdigit((unsigned char)trimmed[0]);
    const int status = parse_hex(trimmed, &d);
    free(trimmed);
    if (status < 0)
        return py_raise(&py_exc_ValueError, "invalid hexadecimal floating-point string");
    if (isinf(d) && !named)
        return py_raise(&py_exc_OverflowError,
                        "hexadecimal value too large to represent as a float");
    struct py_object *result = py_float_from(negative ? -d : d);
    if (result && self != PY_OBJ(&py_float_type)) {
        PY_HOLD(&result);
        py_setref(result, py_call1(self, result));
    }
    return result;
}

#define ROW(n, f, lo, hi, sig, text)                                                      \
    {                                                                                     \
        .name = n, .fn = f, .min_args = lo, .max_args = hi, .signature = sig, .doc = text \
    }
const struct py_method_def float_methods[] = {
    ROW("is_integer", float_is_integer, 0, 0, "($self, /)", "Has the number no fractional part?"),
    ROW("as_integer_ratio", float_as_integer_ratio, 0, 0, "($self, /)",
        "The exact value as a pair of ints in lowest terms."),
    ROW("conjugate", float_conjugate, 0, 0, "($self, /)", "The number itself."),
    ROW("hex", float_hex, 0, 0, "($self, /)", "The exact value in hexadecimal: '0x1.8p+0'."),
    {.name = "fromhex",
     .fn = float_fromhex,
     .min_args = 1,
     .max_args = 1,
     .flags = PY_METH_CLASSMETHOD,
     .signature = "($type, string, /)",
     .doc = "The float that a hexadecimal text stands for."},
    {.name = "__getformat__",
     .fn = float_getformat,
     .min_args = 1,
     .max_args = 1,
     .flags = PY_METH_CLASSMETHOD,
     .signature = "($type, typestr, /)"},
    ROW("__trunc__", float_trunc, 0, 0, "($self, /)", NULL),
    ROW("__floor__", float_floor, 0, 0, "($self, /)", NULL),
    ROW("__ceil__", float_ceil, 0, 0, "($self, /)", NULL),
    ROW("__round__", float_round, 0, 1, "($self, ndigits=None, /)", NULL),
    ROW("__format__", float_format, 1, 1, "($self, format_spec, /)", NULL),
    ROW("__getnewargs__", float_getnewargs, 0, 0, "($self, /)", NULL),
    {.name = NULL},
};

static struct py_object *get_real(struct py_object *self, void *closure)
{
    (void)closure;
    return float_conjugate(self, NULL, 0, NULL);
}

static struct py_object *get_imag(struct py_object *self, void *closure)
{
    (void)self, (void)closure;
    return py_float_from(0.0);
}

const struct py_getset_def float_getsets[] = {
    {.name = "real", .get = get_real, .doc = "The number itself."},
    {.name = "imag", .get = get_imag, .doc = "Zero."},
    {.name = NULL},
};
