/* Builtins about numbers and order: abs, divmod, pow, round, sum, min, max, bin, oct, hex, chr,
 * ord.
 *
 * sum, min and max are what numeric programs spend their time in. They keep small ints and floats
 * in C variables for as long as the items are such, and fall back to operators from the first item
 * that is not.
 */
#include "vm/builtins/builtins_impl.h"
#include "vm/object/bytes.h"
#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/iter.h"
#include "vm/object/list.h"
#include "vm/object/quick_compare.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

METHOD(abs)
{
    UNUSED_ARGS;
    return py_unary(PY_UN_ABS, args[0]);
}

METHOD(divmod)
{
    UNUSED_ARGS;
    return py_binary(PY_NB_DIVMOD, args[0], args[1]);
}

METHOD(pow)
{
    (void)self;
    static const char *const names[] = {"base", "exp", "mod"};
    static const struct py_params params = {
        .function = "pow", .names = names, .count = 3, .required = 2, .keyword_only = 3};
    struct py_object *in[3] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    return py_power(in[0], in[1], in[2] ? in[2] : PY_NONE);
}

METHOD(round)
{
    (void)self;
    static const char *const names[] = {"number", "ndigits"};
    static const struct py_params params = {
        .function = "round", .names = names, .count = 2, .required = 1, .keyword_only = 2};
    struct py_object *in[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    struct py_object *method = py_lookup_special(in[0], py_str_const("__round__"));
    if (!method)
        return py_error_occurred()
                   ? NULL
                   : py_raise(&py_exc_TypeError, "type %.100s doesn't define __round__ method",
                              in[0]->type->name);
    PY_HOLD(&method);
    struct py_object *result =
        in[1] && in[1] != PY_NONE ? py_call1(method, in[1]) : py_call0(method);
    PY_HOLD(&result);
    py_clear(method);
    return result;
}

/* --- sum --- */

static int check_start(const struct py_object *start)
{
    if (py_str_check(start))
        return py_raise_int(&py_exc_TypeError,
                            "sum() can't sum strings [use ''.join(seq) instead]");
    if (py_bytes_check(start))
        return py_raise_int(&py_exc_TypeError, "sum() can't sum bytes [use b''.join(seq) instead]");
    if (py_isinstance_type(start, &py_bytearray_type))
        return py_raise_int(&py_exc_TypeError,
                            "sum() can't sum bytearray [use b''.join(seq) instead]");
    return 0;
}

/* Adds ints into *total until another kind of item or an overflow comes: that item (new) is
 * returned. NULL: the end, or an exception. */
static struct py_object *sum_ints(struct py_object *it, int64_t *total)
{
    struct py_object *item;
    while ((item = py_iter_step(it)) != NULL) {
        int64_t sum;
        if ((item->type != &py_int_type && item->type != &py_bool_type) ||
            !py_int_is_compact(item) ||
            __builtin_add_overflow(*total, py_int_compact_value(item), &sum))
            return item;
        *total = sum;
        py_decref(item);
    }
    return NULL;
}

static struct py_object *sum_floats(struct py_object *it, double *total)
{
    struct py_object *item;
    while ((item = py_iter_step(it)) != NULL) {
        if (item->type == &py_float_type)
            *total += ((struct py_float *)item)->value;
        else if (item->type == &py_int_type && py_int_is_compact(item))
            *total += (double)py_int_compact_value(item);
        else
            return item;
        py_decref(item);
    }
    return NULL;
}

/* total + item; both borrowed. */
static struct py_object *sum_rest(struct py_object **held)
{
    struct py_object **it = &held[0], **total = &held[1], **item = &held[2];
    while (*item || (!py_error_occurred() && (*item = py_iter_step(*it)) != NULL)) {
        struct py_object *sum = py_binary(PY_NB_ADD, *total, *item);
        py_clear(*item);
        py_setref(*total, sum);
        if (!sum)
            break;
    }
    if (py_error_occurred())
        py_clear(*total);
    py_clear(*it);
    struct py_object *result = *total;
    *total = NULL;
    return result;
}

METHOD(sum)
{
    (void)self;
    static const char *const names[] = {"", "start"};
    static const struct py_params params = {.function = "sum",
                                            .names = names,
                                            .count = 2,
                                            .required = 1,
                                            .positional_only = 1,
                                            .keyword_only = 2};
    struct py_object *in[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0 || (in[1] && check_start(in[1]) < 0))
        return NULL;
    struct py_object *held[3] = {NULL}; /* iterator, total, item in hand */
    PY_HOLD_N(held, 3);
    held[0] = py_iter(in[0]);
    if (!held[0])
        return NULL;
    held[1] = in[1] ? py_newref(in[1]) : py_int_from_i64(0);
    if (py_int_check_exact(held[1]) && py_int_is_compact(held[1])) {
        int64_t total = py_int_compact_value(held[1]);
        held[2] = sum_ints(held[0], &total);
        py_setref(held[1], py_error_occurred() ? NULL : py_int_from_i64(total));
        if (held[1] && held[2] && held[2]->type == &py_float_type) {
            /* the running total becomes a float */
            struct py_object *sum = py_binary(PY_NB_ADD, held[1], held[2]);
            py_clear(held[2]);
            py_setref(held[1], sum);
        } else if (!held[2]) {
            goto done;
        }
    }
    if (held[1] && !held[2] && held[1]->type == &py_float_type) {
        double total = ((struct py_float *)held[1])->value;
        held[2] = sum_floats(held[0], &total);
        py_setref(held[1], py_error_occurred() ? NULL : py_float_from(total));
        if (!held[2])
            goto done;
    }
    if (held[1])
        return sum_rest(held);
done:
    py_clear(held[0]);
    py_clear(held[2]);
    struct py_object *result = held[1];
    held[1] = NULL;
    return result;
}

/* --- min and max --- */

/* Is a before b in the order asked for (less for min, greater for max)? 1, 0, -1. */
static int better(struct py_object *a, struct py_object *b, int op)
{
    const int quick = op == PY_LT ? py_quick_less(a, b) : py_quick_less(b, a);
    if (quick >= 0)
        return quick;
    struct py_object *verdict = py_richcompare(a, b, op);
    if (!verdict)
        return -1;
    const int result = verdict == PY_TRUE ? 1 : verdict == PY_FALSE ? 0 : py_truth(verdict);
    py_decref(verdict);
    return result;
}

static struct py_object *best_of_args(struct py_object *const *args, size_t nargs, int op)
{
    size_t best = 0;
    for (size_t i = 1; i < nargs; i++) {
        const int win = better(args[i], args[best], op);
        if (win < 0)
            return NULL;
        if (win)
            best = i;
    }
    return py_newref(args[best]);
}

/* With an iterator, or the arguments themselves as a tuple's iterator. held: iterator, best item,
 * its key, item, its key. */
static struct py_object *best_of(struct py_object **held, struct py_object *key, int op)
{
    while ((held[3] = py_iter_step(held[0])) != NULL) {
        if (key) {
            held[4] = py_call1(key, held[3]);
            if (!held[4])
                break;
        }
        int win = 1;
        if (held[1])
            win = key ? better(held[4], held[2], op) : better(held[3], held[1], op);
        if (win > 0) {
            for (int i = 1; i <= 2; i++) {
                struct py_object *old = held[i];
                held[i] = held[i + 2];
                held[i + 2] = old;
            }
        }
        py_clear(held[3]);
        py_clear(held[4]);
        if (win < 0)
            break;
    }
    struct py_object *result = NULL;
    if (!py_error_occurred()) {
        result = held[1];
        held[1] = NULL;
    }
    PY_HOLD(&result);
    for (int i = 0; i < 5; i++)
        py_clear(held[i]);
    return result;
}

static struct py_object *min_max(const char *name, int op, struct py_object *const *args,
                                 size_t nargs, struct py_tuple *kwnames)
{
    static const char *const names[] = {"key", "default"};
    const struct py_params params = {.function = name, .names = names, .count = 2};
    struct py_object *in[2] = {NULL};
    if (nargs == 0)
        return py_raise(&py_exc_TypeError, "%s expected at least 1 argument, got 0", name);
    if (kwnames && py_parse_args(&params, args + nargs, 0, kwnames, in) < 0)
        return NULL;
    struct py_object *key = in[0] == PY_NONE ? NULL : in[0];
    if (nargs > 1 && in[1])
        return py_raise(&py_exc_TypeError,
                        "Cannot specify a default for %s() with multiple positional arguments",
                        name);
    if (nargs > 1 && !key)
        return best_of_args(args, nargs, op);
    struct py_object *held[5] = {NULL};
    PY_HOLD_N(held, 5);
    if (nargs == 1) {
        held[0] = py_iter(args[0]);
    } else {
        held[1] = PY_OBJ(py_tuple_from_array(args, nargs));
        held[0] = held[1] ? py_iter(held[1]) : NULL;
        py_clear(held[1]);
    }
    if (!held[0])
        return NULL;
    struct py_object *result = best_of(held, key, op);
    if (result || py_error_occurred())
        return result;
    return in[1] ? py_newref(in[1])
                 : py_raise(&py_exc_ValueError, "%s() arg is an empty sequence", name);
}

METHOD(min)
{
    (void)self;
    return min_max("min", PY_LT, args, nargs, kwnames);
}

METHOD(max)
{
    (void)self;
    return min_max("max", PY_GT, args, nargs, kwnames);
}

/* --- text of numbers --- */

static struct py_object *based(struct py_object *o, int base, const char *prefix)
{
    struct py_object *i = py_index(o);
    if (!i)
        return NULL;
    struct py_object *digits = py_int_to_text(i, base), *result = NULL;
    if (digits) {
        const bool negative = py_int_sign(i) < 0;
        struct py_str *magnitude = negative ? py_str_substring((struct py_str *)digits, 1,
                                                               ((struct py_str *)digits)->length)
                                            : (struct py_str *)py_newref(digits);
        if (magnitude)
            result = PY_OBJ(py_str_format_c("%s%s%U", negative ? "-" : "", prefix, magnitude));
        py_xdecref(magnitude);
    }
    py_xdecref(digits);
    py_decref(i);
    return result;
}

METHOD(bin)
{
    UNUSED_ARGS;
    return based(args[0], 2, "0b");
}

METHOD(oct)
{
    UNUSED_ARGS;
    return based(args[0], 8, "0o");
}

METHOD(hex)
{
    UNUSED_ARGS;
    return based(args[0], 16, "0x");
}

METHOD(chr)
{
    UNUSED_ARGS;
    const int64_t c = py_int_as_c_int(args[0]);
    if (c == -1 && py_error_occurred())
        return NULL;
    if (c < 0 || c > 0x10ffff)
        return py_raise(&py_exc_ValueError, "chr() arg not in range(0x110000)");
    return PY_OBJ(py_str_from_char((uint32_t)c));
}

METHOD(ord)
{
    UNUSED_ARGS;
    int64_t length;
    if (py_str_check(args[0])) {
        const struct py_str *s = (struct py_str *)args[0];
        length = s->length;
        if (length == 1)
            return py_int_from_i64(py_str_char(s, 0));
    } else if (py_bytes_check(args[0]) || py_isinstance_type(args[0], &py_bytearray_type)) {
        const uint8_t *data;
        size_t n;
        if (py_bytes_view(args[0], &data, &n) < 0)
            return NULL;
        length = (int64_t)n;
        if (length == 1)
            return py_int_from_i64(*data);
    } else {
        return py_raise(&py_exc_TypeError, "ord() expected string of length 1, but %T found",
                        args[0]);
    }
    return py_raise(&py_exc_TypeError, "ord() expected a character, but string of length %ld found",
                    (long)length);
}
