/* The module cmath: functions of complex numbers.
 *
 * Numbers that are not finite are the C library's matter, which follows annex G of C99; where that
 * leaves a sign open, CPython's choice is made first. Finite numbers are computed here, so that
 * every digit is CPython's: branch cuts follow the sign of a zero
 * (W. Kahan, "Branch cuts for complex elementary functions"), and the inverse functions are built
 * from square roots as in T. Hull, T. Fairgrieve and P. Tang, "Implementing the complex arcsine and
 * arccosine functions using exception handling". Arguments near the limits of a double are scaled
 * before they are squared.
 *
 * A function returns its result and says in *fault whether it is one: DOMAIN becomes ValueError,
 * RANGE becomes OverflowError. It sets *fault in every case, like errno it holds what the last
 * call said.
 *
 * sin, cos, tan, asin, atan are their hyperbolic sisters, turned by a quarter (i * z).
 */
#include <complex.h>
#include <errno.h>
#include <float.h>
#include <math.h>

#include "vm/builtins/mod_support.h"
#include "vm/object/complex.h"
#include "vm/object/float.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

#ifndef CMPLX /* the system's header defines it for gcc alone */
#define CMPLX(x, y) __builtin_complex((double)(x), (double)(y))
#endif

enum fault { FINE, DOMAIN, RANGE };
typedef double complex number;
typedef number function_of_one(number z, enum fault *fault);

/* Above LARGE a sum of two can overflow; above LOG_LARGE a multiple of exp() can. */
#define LARGE     (DBL_MAX / 4.0)
#define LOG_LARGE 708.3964185322641 /* log(LARGE) */
#define SCALE     53                /* odd: half of it, rounded up, undoes it under a root */

static bool finite_number(number z)
{
    return isfinite(creal(z)) && isfinite(cimag(z));
}

static bool any_above(number z, double limit)
{
    return fabs(creal(z)) > limit || fabs(cimag(z)) > limit;
}

static number by_i(number z)
{
    return CMPLX(-cimag(z), creal(z));
}

static number by_minus_i(number z)
{
    return CMPLX(cimag(z), -creal(z));
}

/* ---- roots and logarithms -------------------------------------------------------------------- */

static number square_root(number z, enum fault *fault)
{
    *fault = FINE;
    if (!finite_number(z))
        return csqrt(z);
    const double x = creal(z), y = cimag(z);
    double ax = fabs(x), half; /* half: of the sum of |z| and |x|, under the root */
    const double ay = fabs(y);
    if (x == 0.0 && y == 0.0)
        return CMPLX(0.0, y);
    if (ax < DBL_MIN && ay < DBL_MIN) {
        ax = ldexp(ax, SCALE);
        half = ldexp(sqrt(ax + hypot(ax, ldexp(ay, SCALE))), -(SCALE + 1) / 2);
    } else {
        ax /= 8.0;
        half = 2.0 * sqrt(ax + hypot(ax, ay / 8.0));
    }
    const double other = ay / (2.0 * half);
    return x >= 0.0 ? CMPLX(half, copysign(other, y)) : CMPLX(other, copysign(half, y));
}

/* log(|z|), of a finite z that is not zero. */
static double log_of_size(number z)
{
    const double ax = fabs(creal(z)), ay = fabs(cimag(z));
    if (ax > LARGE || ay > LARGE)
        return log(hypot(ax / 2.0, ay / 2.0)) + M_LN2;
    if (ax < DBL_MIN && ay < DBL_MIN)
        return log(hypot(ldexp(ax, DBL_MANT_DIG), ldexp(ay, DBL_MANT_DIG))) - DBL_MANT_DIG * M_LN2;
    const double size = hypot(ax, ay);
    if (size < 0.71 || size > 1.73)
        return log(size);
    const double more = fmax(ax, ay), less = fmin(ax, ay);
    return log1p((more - 1) * (more + 1) + less * less) / 2.0;
}

static number logarithm(number z, enum fault *fault)
{
    *fault = FINE;
    if (!finite_number(z))
        return clog(z);
    const double angle = atan2(cimag(z), creal(z));
    if (creal(z) == 0.0 && cimag(z) == 0.0) {
        *fault = DOMAIN;
        return CMPLX(-INFINITY, angle);
    }
    return CMPLX(log_of_size(z), angle);
}

static number logarithm10(number z, enum fault *fault)
{
    const number r = logarithm(z, fault);
    return CMPLX(creal(r) / M_LN10, cimag(r) / M_LN10);
}

/* ---- exponentials ---------------------------------------------------------------------------- */

static enum fault overflow_of(number z)
{
    return isinf(creal(z)) || isinf(cimag(z)) ? RANGE : FINE;
}

/* size * (cos(angle), sin(angle)) with an infinite or zero size and a finite angle. */
static number turned(double size, double angle)
{
    return CMPLX(copysign(size, cos(angle)), copysign(size, sin(angle)));
}

static number exponential(number z, enum fault *fault)
{
    const double x = creal(z), y = cimag(z);
    if (!finite_number(z)) {
        *fault = isinf(y) && (isfinite(x) || x == INFINITY) ? DOMAIN : FINE;
        if (isinf(x) && isfinite(y) && y != 0.0)
            return turned(x > 0 ? INFINITY : 0.0, y);
        return x == -INFINITY && isinf(y) ? 0.0 : cexp(z);
    }
    number r;
    if (x > LOG_LARGE) {
        const double scaled = exp(x - 1.0);
        r = CMPLX(scaled * cos(y) * M_E, scaled * sin(y) * M_E);
    } else {
        const double size = exp(x);
        r = CMPLX(size * cos(y), size * sin(y));
    }
    *fault = overflow_of(r);
    return r;
}

static number hyperbolic_cosine(number z, enum fault *fault)
{
    const double x = creal(z), y = cimag(z);
    if (!finite_number(z)) {
        *fault = isinf(y) && !isnan(x) ? DOMAIN : FINE;
        return isnan(x) && y == 0.0 ? CMPLX(x, 0.0) : ccosh(z);
    }
    number r;
    if (fabs(x) > LOG_LARGE) {
        const double less = x - copysign(1.0, x);
        r = CMPLX(cos(y) * cosh(less) * M_E, sin(y) * sinh(less) * M_E);
    } else {
        r = CMPLX(cos(y) * cosh(x), sin(y) * sinh(x));
    }
    *fault = overflow_of(r);
    return r;
}

static number hyperbolic_sine(number z, enum fault *fault)
{
    const double x = creal(z), y = cimag(z);
    if (!finite_number(z)) {
        *fault = isinf(y) && !isnan(x) ? DOMAIN : FINE;
        return x == 0.0 && isnan(y) ? CMPLX(0.0, y) : csinh(z);
    }
    number r;
    if (fabs(x) > LOG_LARGE) {
        const double less = x - copysign(1.0, x);
        r = CMPLX(cos(y) * sinh(less) * M_E, sin(y) * cosh(less) * M_E);
    } else {
        r = CMPLX(cos(y) * sinh(x), sin(y) * cosh(x));
    }
    *fault = overflow_of(r);
    return r;
}

static number tangent_at_infinity(number z)
{
    const double x = creal(z), y = cimag(z);
    if (isinf(x) && isinf(y))
        return CMPLX(copysign(1.0, x), 0.0);
    return x == 0.0 && isnan(y) ? CMPLX(NAN, NAN) : ctanh(z);
}

static number hyperbolic_tangent(number z, enum fault *fault)
{
    const double x = creal(z), y = cimag(z);
    *fault = FINE;
    if (!finite_number(z)) {
        *fault = isinf(y) && isfinite(x) ? DOMAIN : FINE;
        return tangent_at_infinity(z);
    }
    if (fabs(x) > LOG_LARGE)
        return CMPLX(copysign(1.0, x), 4.0 * sin(y) * cos(y) * exp(-2.0 * fabs(x)));
    const double tx = tanh(x), ty = tan(y), inverse = 1.0 / cosh(x);
    const double both = tx * ty, below = 1.0 + both * both;
    return CMPLX(tx * (1.0 + ty * ty) / below, ((ty / below) * inverse) * inverse);
}

static number sine(number z, enum fault *fault)
{
    return by_minus_i(hyperbolic_sine(by_i(z), fault));
}

static number cosine(number z, enum fault *fault)
{
    return hyperbolic_cosine(by_i(z), fault);
}

static number tangent(number z, enum fault *fault)
{
    return by_minus_i(hyperbolic_tangent(by_i(z), fault));
}

/* ---- inverse functions ----------------------------------------------------------------------- */

/* The roots of 1 - z and 1 + z. */
static void two_roots(number z, number *of_less, number *of_more)
{
    enum fault none;
    *of_less = square_root(CMPLX(1.0 - creal(z), -cimag(z)), &none);
    *of_more = square_root(CMPLX(1.0 + creal(z), cimag(z)), &none);
}

/* log(2 |z|), of a large z. */
static double log_of_double(number z)
{
    return log(hypot(creal(z) / 2.0, cimag(z) / 2.0)) + M_LN2 * 2.0;
}

static number arc_cosine(number z, enum fault *fault)
{
    const double x = creal(z), y = cimag(z);
    *fault = FINE;
    if (!finite_number(z))
        return isinf(x) && isnan(y) ? CMPLX(NAN, INFINITY) : cacos(z);
    if (any_above(z, LARGE)) {
        const double size = log_of_double(z);
        return CMPLX(atan2(fabs(y), x), x < 0.0 ? -copysign(size, y) : copysign(size, -y));
    }
    number less, more;
    two_roots(z, &less, &more);
    return CMPLX(2.0 * atan2(creal(less), creal(more)),
                 asinh(creal(more) * cimag(less) - cimag(more) * creal(less)));
}

static number hyperbolic_arc_cosine(number z, enum fault *fault)
{
    const double x = creal(z), y = cimag(z);
    *fault = FINE;
    if (!finite_number(z))
        return x == 0.0 && isnan(y) ? CMPLX(NAN, NAN) : cacosh(z);
    if (any_above(z, LARGE))
        return CMPLX(log_of_double(z), atan2(y, x));
    enum fault none;
    const number less = square_root(CMPLX(x - 1.0, y), &none);
    const number more = square_root(CMPLX(x + 1.0, y), &none);
    return CMPLX(asinh(creal(less) * creal(more) + cimag(less) * cimag(more)),
                 2.0 * atan2(cimag(less), creal(more)));
}

/* The C library hands the sign of a nan on to a zero or an infinity. */
static double unsigned_nan(double x)
{
    return isnan(x) ? (double)NAN : x;
}

static number hyperbolic_arc_sine(number z, enum fault *fault)
{
    const double x = creal(z), y = cimag(z);
    *fault = FINE;
    if (!finite_number(z))
        return casinh(CMPLX(unsigned_nan(x), y));
    if (any_above(z, LARGE))
        return CMPLX(copysign(log_of_double(z), x), atan2(y, fabs(x)));
    enum fault none;
    const number more = square_root(CMPLX(1.0 + y, -x), &none);
    const number less = square_root(CMPLX(1.0 - y, x), &none);
    return CMPLX(asinh(creal(more) * cimag(less) - creal(less) * cimag(more)),
                 atan2(y, creal(more) * creal(less) - cimag(more) * cimag(less)));
}

/* Of a finite number whose real part is not negative. */
static number right_arc_tangent(number z, enum fault *fault)
{
    const double x = creal(z), y = cimag(z), ay = fabs(y);
    if (x > sqrt(LARGE) || ay > sqrt(LARGE)) {
        const double size = hypot(x / 2.0, ay / 2.0);
        return CMPLX(x / 4.0 / size / size, copysign(M_PI_2, y));
    }
    if (x == 1.0 && ay < sqrt(DBL_MIN)) {
        if (ay == 0.0) {
            *fault = DOMAIN;
            return CMPLX(INFINITY, y);
        }
        return CMPLX(-log(sqrt(ay) / sqrt(hypot(ay, 2.0))), copysign(atan2(2.0, -ay) / 2, y));
    }
    const double gap = 1.0 - x;
    return CMPLX(log1p(4.0 * x / (gap * gap + ay * ay)) / 4.0,
                 -atan2(-2.0 * y, gap * (1.0 + x) - ay * ay) / 2.0);
}

static number hyperbolic_arc_tangent(number z, enum fault *fault)
{
    *fault = FINE;
    if (!finite_number(z))
        return catanh(CMPLX(unsigned_nan(creal(z)), cimag(z)));
    if (!signbit(creal(z)))
        return right_arc_tangent(z, fault);
    const number r = right_arc_tangent(CMPLX(-creal(z), -cimag(z)), fault);
    return CMPLX(-creal(r), -cimag(r));
}

static number arc_sine(number z, enum fault *fault)
{
    return by_minus_i(hyperbolic_arc_sine(by_i(z), fault));
}

static number arc_tangent(number z, enum fault *fault)
{
    return by_minus_i(hyperbolic_arc_tangent(by_i(z), fault));
}

/* ---- calls ----------------------------------------------------------------------------------- */

static struct py_object *raise_fault(enum fault fault)
{
    return fault == DOMAIN ? py_raise(&py_exc_ValueError, "math domain error")
                           : py_raise(&py_exc_OverflowError, "math range error");
}

static struct py_object *result_of(number z, enum fault fault)
{
    return fault == FINE ? py_complex_from(creal(z), cimag(z)) : raise_fault(fault);
}

static int number_argument(struct py_object *o, number *out)
{
    double real, imag;
    if (py_complex_as_doubles(o, &real, &imag) < 0)
        return -1;
    *out = CMPLX(real, imag);
    return 0;
}

static int real_argument(struct py_object *o, double *out)
{
    *out = py_float_as_double(o);
    return *out == -1.0 && py_error_occurred() ? -1 : 0;
}

static struct py_object *call_one(struct py_object *arg, function_of_one *function)
{
    number z;
    enum fault fault;
    if (number_argument(arg, &z) < 0)
        return NULL;
    z = function(z, &fault);
    return result_of(z, fault);
}

/* FUNCTION(name in Python, name here, what it is) */
#define FUNCTIONS                                                          \
    FUNCTION(acos, arc_cosine, "The arc cosine of z.")                     \
    FUNCTION(acosh, hyperbolic_arc_cosine, "The inverse of cosh at z.")    \
    FUNCTION(asin, arc_sine, "The arc sine of z.")                         \
    FUNCTION(asinh, hyperbolic_arc_sine, "The inverse of sinh at z.")      \
    FUNCTION(atan, arc_tangent, "The arc tangent of z.")                   \
    FUNCTION(atanh, hyperbolic_arc_tangent, "The inverse of tanh at z.")   \
    FUNCTION(cos, cosine, "The cosine of z.")                              \
    FUNCTION(cosh, hyperbolic_cosine, "The hyperbolic cosine of z.")       \
    FUNCTION(exp, exponential, "e to the power of z.")                     \
    FUNCTION(log10, logarithm10, "The logarithm of z to the base 10.")     \
    FUNCTION(sin, sine, "The sine of z.")                                  \
    FUNCTION(sinh, hyperbolic_sine, "The hyperbolic sine of z.")           \
    FUNCTION(sqrt, square_root, "The square root of z in the right half.") \
    FUNCTION(tan, tangent, "The tangent of z.")                            \
    FUNCTION(tanh, hyperbolic_tangent, "The hyperbolic tangent of z.")

#define FUNCTION(name, function, doc)           \
    METHOD(cmath_##name)                        \
    {                                           \
        (void)self, (void)nargs, (void)kwnames; \
        return call_one(args[0], function);     \
    }
FUNCTIONS
#undef FUNCTION

/* a / b, scaled by the larger part of b; *fault is untouched unless b is zero. */
static number quotient(number a, number b, enum fault *fault)
{
    const double ar = creal(a), ai = cimag(a), br = creal(b), bi = cimag(b);
    if (fabs(br) >= fabs(bi)) {
        if (br == 0.0) {
            *fault = DOMAIN;
            return 0;
        }
        const double ratio = bi / br, below = br + bi * ratio;
        return CMPLX((ar + ai * ratio) / below, (ai - ar * ratio) / below);
    }
    if (fabs(bi) >= fabs(br)) {
        const double ratio = br / bi, below = br * ratio + bi;
        return CMPLX((ar * ratio + ai) / below, (ai * ratio - ar) / below);
    }
    return CMPLX(NAN, NAN);
}

METHOD(cmath_log)
{
    (void)self, (void)kwnames;
    number z, base;
    enum fault fault;
    if (number_argument(args[0], &z) < 0)
        return NULL;
    z = logarithm(z, &fault);
    if (nargs == 2) {
        if (number_argument(args[1], &base) < 0)
            return NULL;
        base = logarithm(base, &fault); /* the fault of the first is forgotten, as in CPython */
        z = quotient(z, base, &fault);
    }
    return result_of(z, fault);
}

/* An angle too small for a double is a range error, as the C library says it. */
METHOD(cmath_phase)
{
    (void)self, (void)nargs, (void)kwnames;
    number z;
    if (number_argument(args[0], &z) < 0)
        return NULL;
    errno = 0;
    const double angle = atan2(cimag(z), creal(z));
    return errno == ERANGE ? raise_fault(RANGE) : py_float_from(angle);
}

METHOD(cmath_polar)
{
    (void)self, (void)nargs, (void)kwnames;
    number z;
    if (number_argument(args[0], &z) < 0)
        return NULL;
    const double size = hypot(creal(z), cimag(z));
    if (isinf(size) && finite_number(z))
        return raise_fault(RANGE);
    struct py_object *parts[2] = {py_float_from(size), py_float_from(atan2(cimag(z), creal(z)))};
    if (parts[0] && parts[1])
        return PY_OBJ(py_tuple_from_array_steal(parts, 2));
    py_xdecref(parts[0]);
    py_xdecref(parts[1]);
    return NULL;
}

/* r * (cos(phi), sin(phi)) where one of them is not finite, and phi is not infinite unless r is
 * zero or nan: a zero angle stays on the real axis, a zero size is a zero. */
static number rect_at_infinity(double r, double phi)
{
    if (r == 0.0)
        return 0.0;
    if (isinf(r) && isnan(phi))
        return CMPLX(INFINITY, phi);
    if (phi == 0.0)
        return CMPLX(r, isnan(r) ? 0.0 : copysign(0.0, r < 0 ? -phi : phi));
    if (isnan(r) || isnan(phi))
        return CMPLX(NAN, NAN);
    const number z = turned(INFINITY, phi);
    return r > 0 ? z : CMPLX(-creal(z), -cimag(z));
}

METHOD(cmath_rect)
{
    (void)self, (void)nargs, (void)kwnames;
    double r, phi;
    if (real_argument(args[0], &r) < 0 || real_argument(args[1], &phi) < 0)
        return NULL;
    if (!isfinite(r) || !isfinite(phi)) {
        if (r != 0.0 && !isnan(r) && isinf(phi))
            return raise_fault(DOMAIN);
        const number z = rect_at_infinity(r, phi);
        return py_complex_from(creal(z), cimag(z));
    }
    if (phi == 0.0)
        return py_complex_from(r, r * phi);
    return py_complex_from(r * cos(phi), r * sin(phi));
}

#define TEST(name, test)                                                            \
    METHOD(cmath_##name)                                                            \
    {                                                                               \
        (void)self, (void)nargs, (void)kwnames;                                     \
        number z;                                                                   \
        return number_argument(args[0], &z) < 0 ? NULL : py_bool_from((test) != 0); \
    }
TEST(isfinite, finite_number(z))
TEST(isinf, isinf(creal(z)) || isinf(cimag(z)))
TEST(isnan, isnan(creal(z)) || isnan(cimag(z)))
#undef TEST

static double distance(number a, number b)
{
    return hypot(creal(a) - creal(b), cimag(a) - cimag(b));
}

METHOD(cmath_isclose)
{
    (void)self;
    static const char *const names[] = {"a", "b", "rel_tol", "abs_tol"};
    static const struct py_params params = {
        .function = "isclose", .names = names, .count = 4, .required = 2, .keyword_only = 2};
    struct py_object *in[4] = {NULL};
    number a, b;
    double relative = 1e-9, absolute = 0.0;
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0 || number_argument(in[0], &a) < 0 ||
        number_argument(in[1], &b) < 0 || (in[2] && real_argument(in[2], &relative) < 0) ||
        (in[3] && real_argument(in[3], &absolute) < 0))
        return NULL;
    if (relative < 0.0 || absolute < 0.0)
        return py_raise(&py_exc_ValueError, "tolerances must be non-negative");
    if (creal(a) == creal(b) && cimag(a) == cimag(b))
        return PY_TRUE;
    if (isinf(creal(a)) || isinf(cimag(a)) || isinf(creal(b)) || isinf(cimag(b)))
        return PY_FALSE;
    const double difference = distance(a, b);
    return py_bool_from(difference <= relative * distance(b, 0) ||
                        difference <= relative * distance(a, 0) || difference <= absolute);
}

#define ROW(function, low, high, about)                                                            \
    {                                                                                              \
        .name = #function, .fn = cmath_##function, .min_args = low, .max_args = high, .doc = about \
    }
static const struct py_method_def functions[] = {
#define FUNCTION(name, function, doc) ROW(name, 1, 1, doc),
    FUNCTIONS
#undef FUNCTION
        ROW(log, 1, 2, "The logarithm of z, natural or to the given base."),
    ROW(phase, 1, 1, "The angle of z, from -pi to pi."),
    ROW(polar, 1, 1, "The size and the angle of z."),
    ROW(rect, 2, 2, "The number of this size and angle."),
    ROW(isfinite, 1, 1, "Whether both parts of z are finite."),
    ROW(isinf, 1, 1, "Whether a part of z is infinite."),
    ROW(isnan, 1, 1, "Whether a part of z is not a number."),
    {.name = "isclose",
     .fn = cmath_isclose,
     .max_args = -1,
     .flags = PY_METH_KEYWORDS,
     .doc = "Whether two numbers differ by no more than the tolerances say."},
    {.name = NULL},
};

static int add_constants(struct py_module *m)
{
    static const struct {
        const char *name;
        double value;
        bool imaginary;
    } constants[] = {
        {"pi", M_PI, false},      {"e", M_E, false},        {"tau", 2 * M_PI, false},
        {"inf", INFINITY, false}, {"infj", INFINITY, true}, {"nan", NAN, false},
        {"nanj", NAN, true},
    };
    for (size_t i = 0; i < sizeof(constants) / sizeof(*constants); i++) {
        const double value = constants[i].value;
        if (py_module_add_steal(m, constants[i].name,
                                constants[i].imaginary ? py_complex_from(0.0, value)
                                                       : py_float_from(value)) < 0)
            return -1;
    }
    return 0;
}

struct py_module *py_mod_cmath_init(void); /* modules.def */

struct py_module *py_mod_cmath_init(void)
{
    struct py_module *m = py_module_new("cmath", "Functions of complex numbers.");
    if (m && (py_module_add_methods(m, functions) < 0 || add_constants(m) < 0))
        py_clear(m);
    return m;
}
