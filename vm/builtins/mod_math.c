/* The math module: C's functions with Python's errors, and exact integer functions.
 *
 * A result that is nan although no argument is, is a domain error (ValueError); an infinite one
 * from finite arguments is a range error (OverflowError) where the function can overflow, else a
 * domain error too. fsum keeps an exact sum as non-overlapping partials (Shewchuk) and rounds once;
 * hypot and dist add squares with twice the precision after scaling. gamma and lgamma are the C
 * library's, which may differ from CPython's own in the last place.
 *
 * Integer functions (comb, perm, factorial, gcd, lcm, isqrt) work on ints of any size through GMP.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "vm/memory/heap.h"
#include "vm/object/float.h"
#include "vm/object/float_impl.h"
#include "vm/object/int.h"
#include "vm/object/int_impl.h"
#include "vm/object/module.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

struct py_module *py_mod_math_init(void);

#define FUNCTION(name)                                                                          \
    static struct py_object *math_##name(struct py_object *self, struct py_object *const *args, \
                                         size_t nargs, struct py_tuple *kwnames)
#define UNUSED (void)self, (void)nargs, (void)kwnames

/* Errors. */

static struct py_object *domain_error(void)
{
    return py_raise(&py_exc_ValueError, "math domain error");
}

static struct py_object *range_error(void)
{
    return py_raise(&py_exc_OverflowError, "math range error");
}

static bool number(struct py_object *o, double *out)
{
    if (o->type == &py_float_type) {
        *out = float_value(o);
        return true;
    }
    *out = py_float_as_double(o);
    return *out != -1.0 || !py_error_occurred();
}

static struct py_object *checked(double result, double x, bool can_overflow)
{
    if (isnan(result) && !isnan(x))
        return domain_error();
    if (isinf(result) && isfinite(x))
        return can_overflow ? range_error() : domain_error();
    return py_float_from(result);
}

static struct py_object *checked2(double result, double x, double y)
{
    if (isnan(result) && !isnan(x) && !isnan(y))
        return domain_error();
    if (isinf(result) && isfinite(x) && isfinite(y))
        return range_error();
    return py_float_from(result);
}

/* Functions of one number. */

#define ONE(name, call, can_overflow)             \
    FUNCTION(name)                                \
    {                                             \
        UNUSED;                                   \
        double x;                                 \
        if (!number(args[0], &x))                 \
            return NULL;                          \
        return checked(call(x), x, can_overflow); \
    }
ONE(acos, acos, false)
ONE(acosh, acosh, false)
ONE(asin, asin, false)
ONE(asinh, asinh, false)
ONE(atan, atan, false)
ONE(atanh, atanh, false)
ONE(cbrt, cbrt, false)
ONE(cos, cos, false)
ONE(cosh, cosh, true)
ONE(erf, erf, false)
ONE(erfc, erfc, false)
ONE(exp, exp, true)
ONE(exp2, exp2, true)
ONE(expm1, expm1, true)
ONE(fabs, fabs, false)
ONE(log1p, log1p, false)
ONE(sin, sin, false)
ONE(sinh, sinh, true)
ONE(sqrt, sqrt, false)
ONE(tan, tan, false)
ONE(tanh, tanh, false)

/* Exact for small integers, whose factorials are doubles. */
static double gamma_of(double x)
{
    if (x == floor(x) && x >= 1 && x <= 23) {
        double product = 1;
        for (int i = 2; i < (int)x; i++)
            product *= i;
        return product;
    }
    return tgamma(x);
}

FUNCTION(gamma)
{
    UNUSED;
    double x;
    if (!number(args[0], &x))
        return NULL;
    if (x == -INFINITY || (x <= 0 && x == floor(x)))
        return domain_error();
    return checked(gamma_of(x), x, true);
}

FUNCTION(lgamma)
{
    UNUSED;
    double x;
    if (!number(args[0], &x))
        return NULL;
    if (isinf(x))
        return py_float_from(INFINITY);
    if (x <= 0 && x == floor(x))
        return domain_error();
    int sign;
    return checked(lgamma_r(x, &sign), x, true);
}

FUNCTION(degrees)
{
    UNUSED;
    double x;
    return number(args[0], &x) ? py_float_from(x * (180.0 / M_PI)) : NULL;
}

FUNCTION(radians)
{
    UNUSED;
    double x;
    return number(args[0], &x) ? py_float_from(x * (M_PI / 180.0)) : NULL;
}

FUNCTION(isfinite)
{
    UNUSED;
    double x;
    return number(args[0], &x) ? py_bool_from(isfinite(x)) : NULL;
}

FUNCTION(isinf)
{
    UNUSED;
    double x;
    return number(args[0], &x) ? py_bool_from(isinf(x)) : NULL;
}

FUNCTION(isnan)
{
    UNUSED;
    double x;
    return number(args[0], &x) ? py_bool_from(isnan(x)) : NULL;
}

FUNCTION(ulp)
{
    UNUSED;
    double x;
    if (!number(args[0], &x))
        return NULL;
    if (isnan(x))
        return py_float_from(x);
    x = fabs(x);
    if (isinf(x))
        return py_float_from(x);
    const double above = nextafter(x, INFINITY);
    return py_float_from(isinf(above) ? x - nextafter(x, -INFINITY) : above - x);
}

static struct py_object *pair_of(struct py_object *a, struct py_object *b)
{
    struct py_object *items[2] = {a, b};
    if (a && b)
        return PY_OBJ(py_tuple_from_array_steal(items, 2));
    py_xdecref(a);
    py_xdecref(b);
    return NULL;
}

FUNCTION(frexp)
{
    UNUSED;
    double x;
    int exponent = 0;
    if (!number(args[0], &x))
        return NULL;
    if (isfinite(x))
        x = frexp(x, &exponent);
    return pair_of(py_float_from(x), py_int_from_i64(exponent));
}

FUNCTION(modf)
{
    UNUSED;
    double x, whole;
    if (!number(args[0], &x))
        return NULL;
    const double fraction = modf(x, &whole);
    return pair_of(py_float_from(fraction), py_float_from(whole));
}

/* Functions of two numbers. */

static bool two_numbers(struct py_object *const *args, double *x, double *y)
{
    return number(args[0], x) && number(args[1], y);
}

FUNCTION(atan2)
{
    UNUSED;
    double x, y;
    return two_numbers(args, &x, &y) ? checked2(atan2(x, y), x, y) : NULL;
}

FUNCTION(copysign)
{
    UNUSED;
    double x, y;
    return two_numbers(args, &x, &y) ? py_float_from(copysign(x, y)) : NULL;
}

FUNCTION(nextafter)
{
    UNUSED;
    double x, y;
    return two_numbers(args, &x, &y) ? py_float_from(nextafter(x, y)) : NULL;
}

FUNCTION(fmod)
{
    UNUSED;
    double x, y;
    return two_numbers(args, &x, &y) ? checked2(fmod(x, y), x, y) : NULL;
}

FUNCTION(remainder)
{
    UNUSED;
    double x, y;
    return two_numbers(args, &x, &y) ? checked2(remainder(x, y), x, y) : NULL;
}

FUNCTION(pow)
{
    UNUSED;
    double x, y;
    if (!two_numbers(args, &x, &y))
        return NULL;
    if (x == 0.0 && y < 0 && isfinite(y))
        return domain_error();
    return checked2(pow(x, y), x, y);
}

FUNCTION(ldexp)
{
    UNUSED;
    double x;
    if (!number(args[0], &x))
        return NULL;
    if (!py_int_check(args[1]))
        return py_raise(&py_exc_TypeError, "Expected an int as second argument to ldexp.");
    const int64_t exponent = py_int_as_i64_clip(args[1]);
    if (x == 0.0 || !isfinite(x))
        return py_float_from(x);
    const int clipped = exponent > 100000 ? 100000 : exponent < -100000 ? -100000 : (int)exponent;
    const double result = ldexp(x, clipped);
    return isinf(result) ? range_error() : py_float_from(result);
}

FUNCTION(isclose)
{
    (void)self;
    static const char *const names[] = {"a", "b", "rel_tol", "abs_tol"};
    static const struct py_params params = {
        .function = "isclose", .names = names, .count = 4, .required = 2, .keyword_only = 2};
    struct py_object *parsed[4] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, parsed) < 0)
        return NULL;
    double a, b, rel = 1e-9, absolute = 0.0;
    if (!number(parsed[0], &a) || !number(parsed[1], &b) ||
        (parsed[2] && !number(parsed[2], &rel)) || (parsed[3] && !number(parsed[3], &absolute)))
        return NULL;
    if (rel < 0 || absolute < 0)
        return py_raise(&py_exc_ValueError, "tolerances must be non-negative");
    if (a == b)
        return PY_TRUE;
    if (isinf(a) || isinf(b))
        return PY_FALSE;
    const double difference = fabs(b - a);
    return py_bool_from(difference <= fabs(rel * b) || difference <= fabs(rel * a) ||
                        difference <= absolute);
}

/* Logarithms, of ints of any size. */

static bool logarithm(struct py_object *o, double (*log_of)(double), double *out)
{
    double x;
    if (py_int_check(o)) {
        if (py_int_sign(o) <= 0)
            return domain_error(), false;
        int64_t exponent;
        const double fraction = int_frexp(o, &exponent);
        if (exponent > 1023) {
            *out = log_of(fraction) + log_of(2.0) * (double)exponent;
            return true;
        }
        x = ldexp(fraction, (int)exponent);
    } else if (!number(o, &x)) {
        return false;
    }
    if (x <= 0.0)
        return domain_error(), false;
    *out = log_of(x);
    return true;
}

FUNCTION(log)
{
    (void)self, (void)kwnames;
    double x, base;
    if (nargs < 1 || nargs > 2)
        return py_raise(&py_exc_TypeError, "math.log requires 1 to 2 arguments");
    if (!logarithm(args[0], log, &x))
        return NULL;
    if (nargs == 1)
        return py_float_from(x);
    if (!logarithm(args[1], log, &base))
        return NULL;
    if (base == 0.0)
        return py_raise(&py_exc_ZeroDivisionError, "float division by zero");
    return py_float_from(x / base);
}

FUNCTION(log2)
{
    UNUSED;
    double x;
    return logarithm(args[0], log2, &x) ? py_float_from(x) : NULL;
}

FUNCTION(log10)
{
    UNUSED;
    double x;
    return logarithm(args[0], log10, &x) ? py_float_from(x) : NULL;
}

/* Rounding to integers. */

static struct py_object *round_with(struct py_object *o, const char *dunder,
                                    double (*rounding)(double))
{
    if (py_int_check_exact(o))
        return py_newref(o);
    if (o->type != &py_float_type) {
        struct py_object *method = py_lookup_special(o, py_str_const(dunder));
        PY_HOLD(&method);
        if (method) {
            struct py_object *result = py_call0(method);
            py_clear(method);
            return result;
        }
        if (py_error_occurred())
            return NULL;
    }
    double x;
    return number(o, &x) ? py_int_from_double(rounding(x)) : NULL;
}

FUNCTION(ceil)
{
    UNUSED;
    return round_with(args[0], "__ceil__", ceil);
}

FUNCTION(floor)
{
    UNUSED;
    return round_with(args[0], "__floor__", floor);
}

FUNCTION(trunc)
{
    UNUSED;
    if (args[0]->type == &py_float_type)
        return py_int_from_double(float_value(args[0]));
    struct py_object *method = py_lookup_special(args[0], py_str_const("__trunc__"));
    PY_HOLD(&method);
    if (!method) {
        if (!py_error_occurred())
            py_raise(&py_exc_TypeError, "type %.100s doesn't define __trunc__ method",
                     args[0]->type->name);
        return NULL;
    }
    struct py_object *result = py_call0(method);
    py_clear(method);
    return result;
}

/* Sums. */

struct partials {
    double *p;
    size_t count, capacity;
    double local[32];
};

static int push_partial(struct partials *s, double x)
{
    if (s->count == s->capacity) {
        const size_t bytes = s->capacity * 2 * sizeof(double);
        double *grown = py_mem_alloc(bytes);
        if (!grown) {
            py_raise_no_memory();
            return -1;
        }
        memcpy(grown, s->p, s->count * sizeof(double));
        if (s->p != s->local)
            py_mem_free(s->p);
        s->p = grown;
        s->capacity *= 2;
    }
    s->p[s->count++] = x;
    return 0;
}

/* Adds x exactly: each step splits a sum into its rounded value and the error. */
static int add_exactly(struct partials *s, double x)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++) {
        double y = s->p[i];
        if (fabs(x) < fabs(y)) {
            const double swap = x;
            x = y;
            y = swap;
        }
        const volatile double high = x + y, back = high - x;
        const double low = y - back;
        if (low != 0.0)
            s->p[kept++] = low;
        x = high;
    }
    s->count = kept;
    return x != 0.0 || kept == 0 ? push_partial(s, x) : 0;
}

/* The partials' sum, rounded half to even. */
static double round_partials(const struct partials *s)
{
    if (s->count == 0)
        return 0.0;
    size_t n = s->count;
    double high = s->p[--n], low = 0.0;
    while (n > 0) {
        const double x = high, y = s->p[--n];
        const volatile double sum = x + y, back = sum - x;
        high = sum;
        low = y - back;
        if (low != 0.0)
            break;
    }
    /* A tie was rounded by the last addition; what lies below decides it. */
    if (n > 0 && ((low < 0.0 && s->p[n - 1] < 0.0) || (low > 0.0 && s->p[n - 1] > 0.0))) {
        const double twice = low * 2.0;
        const volatile double x = high + twice, back = x - high;
        if (back == twice)
            high = x;
    }
    return high;
}

static int sum_iterable(struct py_object *it, struct partials *s, double *special, double *infinite)
{
    struct py_object *item = NULL;
    PY_HOLD(&item);
    while ((item = py_next(it))) {
        double x;
        const bool ok = number(item, &x);
        py_clear(item);
        if (!ok)
            return -1;
        if (!isfinite(x)) {
            *special += x;
            *infinite += isinf(x) ? x : 0.0;
            continue;
        }
        if (add_exactly(s, x) < 0)
            return -1;
        if (s->count && isinf(s->p[s->count - 1]))
            return py_raise_int(&py_exc_OverflowError, "intermediate overflow in fsum");
    }
    return py_error_occurred() ? -1 : 0;
}

FUNCTION(fsum)
{
    UNUSED;
    struct py_object *it = py_iter(args[0]);
    if (!it)
        return NULL;
    PY_HOLD(&it);
    struct partials s = {.p = s.local, .capacity = sizeof(s.local) / sizeof(*s.local)};
    double special = 0.0, infinite = 0.0;
    struct py_object *result = NULL;
    if (sum_iterable(it, &s, &special, &infinite) == 0) {
        if (isnan(infinite))
            py_raise(&py_exc_ValueError, "-inf + inf in fsum");
        else
            result = py_float_from(special != 0.0 ? special : round_partials(&s));
    }
    if (s.p != s.local)
        py_mem_free(s.p);
    py_clear(it);
    return result;
}

FUNCTION(prod)
{
    (void)self;
    static const char *const names[] = {"", "start"};
    static const struct py_params params = {.function = "prod",
                                            .names = names,
                                            .count = 2,
                                            .required = 1,
                                            .positional_only = 1,
                                            .keyword_only = 1};
    struct py_object *parsed[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, parsed) < 0)
        return NULL;
    struct py_object *it = py_iter(parsed[0]), *item = NULL;
    if (!it)
        return NULL;
    struct py_object *product = parsed[1] ? py_newref(parsed[1]) : py_int_from_i64(1);
    PY_HOLD(&it);
    PY_HOLD(&item);
    PY_HOLD(&product);
    while (product && (item = py_next(it))) {
        py_setref(product, py_binary(PY_NB_MUL, product, item));
        py_clear(item);
    }
    py_clear(it);
    if (py_error_occurred())
        py_clear(product);
    struct py_object *result = product;
    product = NULL;
    return result;
}

/* Length of a vector whose components are x; scaled by a power of two so that nothing overflows. */
static double norm(const double *x, size_t n)
{
    double largest = 0.0;
    bool nan_found = false;
    for (size_t i = 0; i < n; i++) {
        nan_found = nan_found || isnan(x[i]);
        largest = fmax(largest, fabs(x[i]));
    }
    if (isinf(largest))
        return INFINITY;
    if (nan_found)
        return NAN;
    if (largest == 0.0 || n == 1)
        return largest;
    int exponent;
    frexp(largest, &exponent);
    double high = 0.0, low = 0.0; /* the sum of squares, as an unevaluated pair */
    for (size_t i = 0; i < n; i++) {
        const double scaled = ldexp(x[i], -exponent), square = scaled * scaled;
        const double sum = high + square, back = sum - high;
        low += (high - (sum - back)) + (square - back) + fma(scaled, scaled, -square);
        high = sum;
    }
    /* One Newton step from the rounded root, with the square of the root taken exactly. */
    const double root = sqrt(high + low), square = root * root;
    const double rest = (high - square) + (low - fma(root, root, -square));
    return ldexp(root + rest / (2.0 * root), exponent);
}

FUNCTION(hypot)
{
    (void)self, (void)kwnames;
    double local[16], *x = local;
    if (nargs > 16 && !(x = py_mem_alloc(nargs * sizeof(double))))
        return py_raise_no_memory();
    bool ok = true;
    for (size_t i = 0; i < nargs && ok; i++)
        ok = number(args[i], &x[i]);
    struct py_object *result = ok ? py_float_from(norm(x, nargs)) : NULL;
    if (x != local)
        py_mem_free(x);
    return result;
}

FUNCTION(dist)
{
    UNUSED;
    struct py_object *p = PY_OBJ(py_tuple_from_iterable(args[0])), *q = NULL, *result = NULL;
    if (!p)
        return NULL;
    PY_HOLD(&p);
    PY_HOLD(&q);
    q = PY_OBJ(py_tuple_from_iterable(args[1]));
    const int64_t n = ((struct py_tuple *)p)->base.size;
    double *x = py_mem_alloc((size_t)(n + 1) * sizeof(double));
    bool ok = q && x;
    if (ok && ((struct py_tuple *)q)->base.size != n) {
        py_raise(&py_exc_ValueError, "both points must have the same number of dimensions");
        ok = false;
    }
    for (int64_t i = 0; i < n && ok; i++) {
        double a, b;
        ok = number(((struct py_tuple *)p)->items[i], &a) &&
             number(((struct py_tuple *)q)->items[i], &b);
        if (ok)
            x[i] = a - b;
    }
    if (ok)
        result = py_float_from(norm(x, (size_t)n));
    else if (!py_error_occurred())
        py_raise_no_memory();
    py_mem_free(x);
    py_clear(p);
    py_clear(q);
    return result;
}

/* Integers. */

/* __index__ of o as a new exact view; 0 and the reference, or -1. */
static int index_of(struct py_object *o, struct py_object **out)
{
    *out = py_index(o);
    return *out ? 0 : -1;
}

FUNCTION(isqrt)
{
    UNUSED;
    struct py_object *n;
    if (index_of(args[0], &n) < 0)
        return NULL;
    if (py_int_sign(n) < 0) {
        py_decref(n);
        return py_raise(&py_exc_ValueError, "isqrt() argument must be nonnegative");
    }
    mpz_t view, root;
    int_view_mpz(view, n);
    mpz_init(root);
    mpz_sqrt(root, view);
    struct py_object *result = int_from_mpz(root);
    mpz_clear(root);
    py_decref(n);
    return result;
}

FUNCTION(factorial)
{
    UNUSED;
    struct py_object *o;
    if (index_of(args[0], &o) < 0)
        return NULL;
    const int64_t n = py_int_as_i64_clip(o);
    py_decref(o);
    if (n < 0)
        return py_raise(&py_exc_ValueError, "factorial() not defined for negative values");
    if (n == INT64_MAX)
        return py_raise(&py_exc_OverflowError, "factorial() argument should not exceed %lld",
                        (long long)INT64_MAX);
    if (n > 1000000000)
        return py_raise_no_memory();
    mpz_t z;
    mpz_init(z);
    mpz_fac_ui(z, (unsigned long)n);
    struct py_object *result = int_from_mpz(z);
    mpz_clear(z);
    return result;
}

/* n and k as ints, not negative. */
static int two_naturals(struct py_object *const *args, struct py_object **n, struct py_object **k)
{
    if (index_of(args[0], n) < 0)
        return -1;
    if (index_of(args[1], k) < 0) {
        py_clear(*n);
        return -1;
    }
    if (py_int_sign(*n) < 0)
        py_raise(&py_exc_ValueError, "n must be a non-negative integer");
    else if (py_int_sign(*k) < 0)
        py_raise(&py_exc_ValueError, "k must be a non-negative integer");
    else
        return 0;
    py_clear(*n);
    py_clear(*k);
    return -1;
}

FUNCTION(comb)
{
    UNUSED;
    struct py_object *n, *k, *result = NULL;
    if (two_naturals(args, &n, &k) < 0)
        return NULL;
    struct py_object *rest = py_int_sub(n, k);
    const struct py_object *small = rest && py_int_compare(rest, k) < 0 ? rest : k;
    if (rest && py_int_sign(rest) < 0) {
        result = py_int_from_i64(0);
    } else if (rest && int_limb_count(small) > 1) {
        py_raise(&py_exc_OverflowError, "min(n - k, k) must not exceed %lld", (long long)INT64_MAX);
    } else if (rest) {
        mpz_t view, z;
        int_view_mpz(view, n);
        mpz_init(z);
        mpz_bin_ui(z, view, int_limb_count(small) ? int_of(small)->limbs[0] : 0);
        result = int_from_mpz(z);
        mpz_clear(z);
    }
    py_xdecref(rest);
    py_decref(n);
    py_decref(k);
    return result;
}

/* n * (n-1) * ... k factors, by halves so that the factors multiplied are of like size. */
static void falling_product(mpz_t out, const mpz_t n, uint64_t from, uint64_t count)
{
    if (count <= 8) {
        mpz_t factor;
        mpz_init(factor);
        mpz_set_ui(out, 1);
        for (uint64_t i = 0; i < count; i++) {
            mpz_sub_ui(factor, n, from + i);
            mpz_mul(out, out, factor);
        }
        mpz_clear(factor);
        return;
    }
    mpz_t right;
    mpz_init(right);
    falling_product(out, n, from, count / 2);
    falling_product(right, n, from + count / 2, count - count / 2);
    mpz_mul(out, out, right);
    mpz_clear(right);
}

FUNCTION(perm)
{
    (void)self, (void)kwnames;
    if (nargs == 1 || args[1] == PY_NONE)
        return math_factorial(NULL, args, 1, NULL);
    struct py_object *n, *k, *result = NULL;
    if (two_naturals(args, &n, &k) < 0)
        return NULL;
    if (py_int_compare(n, k) < 0) {
        result = py_int_from_i64(0);
    } else if (int_limb_count(k) > 1) {
        py_raise(&py_exc_OverflowError, "k must not exceed %lld", (long long)INT64_MAX);
    } else {
        mpz_t view, z;
        int_view_mpz(view, n);
        mpz_init(z);
        falling_product(z, view, 0, int_limb_count(k) ? int_of(k)->limbs[0] : 0);
        result = int_from_mpz(z);
        mpz_clear(z);
    }
    py_decref(n);
    py_decref(k);
    return result;
}

/* Folds the arguments pairwise with step, from start. */
static struct py_object *fold_ints(struct py_object *const *args, size_t nargs, int64_t start,
                                   struct py_object *(*step)(struct py_object *,
                                                             struct py_object *))
{
    struct py_object *acc = py_int_from_i64(start);
    PY_HOLD(&acc);
    for (size_t i = 0; i < nargs && acc; i++) {
        struct py_object *x = py_index(args[i]);
        py_setref(acc, x ? step(acc, x) : NULL);
        py_xdecref(x);
    }
    struct py_object *result = acc;
    acc = NULL;
    return result;
}

static struct py_object *lcm_of(struct py_object *a, struct py_object *b)
{
    mpz_t va, vb, z;
    int_view_mpz(va, a);
    int_view_mpz(vb, b);
    mpz_init(z);
    mpz_lcm(z, va, vb);
    struct py_object *result = int_from_mpz(z);
    mpz_clear(z);
    return result;
}

FUNCTION(gcd)
{
    (void)self, (void)kwnames;
    return fold_ints(args, nargs, 0, py_int_gcd);
}

FUNCTION(lcm)
{
    (void)self, (void)kwnames;
    return fold_ints(args, nargs, 1, lcm_of);
}

/* The table. */

#define ROW(n, lo, hi)                                             \
    {                                                              \
        .name = #n, .fn = math_##n, .min_args = lo, .max_args = hi \
    }
#define ROW_KW(n)                                                                            \
    {                                                                                        \
        .name = #n, .fn = math_##n, .min_args = 0, .max_args = -1, .flags = PY_METH_KEYWORDS \
    }
static const struct py_method_def math_functions[] = {
    ROW(acos, 1, 1),   ROW(acosh, 1, 1),     ROW(asin, 1, 1),      ROW(asinh, 1, 1),
    ROW(atan, 1, 1),   ROW(atan2, 2, 2),     ROW(atanh, 1, 1),     ROW(cbrt, 1, 1),
    ROW(ceil, 1, 1),   ROW(comb, 2, 2),      ROW(copysign, 2, 2),  ROW(cos, 1, 1),
    ROW(cosh, 1, 1),   ROW(degrees, 1, 1),   ROW(dist, 2, 2),      ROW(erf, 1, 1),
    ROW(erfc, 1, 1),   ROW(exp, 1, 1),       ROW(exp2, 1, 1),      ROW(expm1, 1, 1),
    ROW(fabs, 1, 1),   ROW(factorial, 1, 1), ROW(floor, 1, 1),     ROW(fmod, 2, 2),
    ROW(frexp, 1, 1),  ROW(fsum, 1, 1),      ROW(gamma, 1, 1),     ROW(gcd, 0, -1),
    ROW(hypot, 0, -1), ROW_KW(isclose),      ROW(isfinite, 1, 1),  ROW(isinf, 1, 1),
    ROW(isnan, 1, 1),  ROW(isqrt, 1, 1),     ROW(lcm, 0, -1),      ROW(ldexp, 2, 2),
    ROW(lgamma, 1, 1), ROW(log, 0, -1),      ROW(log10, 1, 1),     ROW(log1p, 1, 1),
    ROW(log2, 1, 1),   ROW(modf, 1, 1),      ROW(nextafter, 2, 2), ROW(perm, 1, 2),
    ROW(pow, 2, 2),    ROW_KW(prod),         ROW(radians, 1, 1),   ROW(remainder, 2, 2),
    ROW(sin, 1, 1),    ROW(sinh, 1, 1),      ROW(sqrt, 1, 1),      ROW(tan, 1, 1),
    ROW(tanh, 1, 1),   ROW(trunc, 1, 1),     ROW(ulp, 1, 1),       {.name = NULL},
};

struct py_module *py_mod_math_init(void)
{
    static const struct {
        const char *name;
        double value;
    } constants[] = {{"pi", M_PI}, {"e", M_E}, {"tau", 2 * M_PI}, {"inf", INFINITY}, {"nan", NAN}};
    struct py_module *m = py_module_new("math", "Functions of real numbers and of integers.");
    if (!m || py_module_add_methods(m, math_functions) < 0)
        goto fail;
    for (size_t i = 0; i < sizeof(constants) / sizeof(*constants); i++)
        if (py_module_add_steal(m, constants[i].name, py_float_from(constants[i].value)) < 0)
            goto fail;
    return m;
fail:
    py_xdecref(m);
    return NULL;
}
