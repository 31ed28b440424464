/* int: the methods and attributes of the type, tables at the end.
 *
 * Each takes the calling convention of py_method_def (argument counts are checked before). bool
 * inherits all of them; results are exact ints, except that from_bytes called on a subclass makes
 * an instance of it.
 */
#include <string.h>

#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
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

METHOD(int_bit_length)
{
    UNUSED_ARGS;
    return py_int_from_u64(py_int_bit_length(self));
}

METHOD(int_bit_count)
{
    UNUSED_ARGS;
    uint64_t count = 0;
    for (uint64_t i = 0; i < int_limb_count(self); i++)
        count += (uint64_t)__builtin_popcountll(int_of(self)->limbs[i]);
    return py_int_from_u64(count);
}

METHOD(int_conjugate)
{
    UNUSED_ARGS;
    return int_exact(self);
}

METHOD(int_as_integer_ratio)
{
    UNUSED_ARGS;
    struct py_object *pair[2] = {int_exact(self), py_int_from_i64(1)};
    return pair[0] ? PY_OBJ(py_tuple_from_array_steal(pair, 2)) : NULL;
}

METHOD(int_getnewargs)
{
    UNUSED_ARGS;
    struct py_object *value = int_exact(self);
    return value ? PY_OBJ(py_tuple_from_array_steal(&value, 1)) : NULL;
}

METHOD(int_sizeof)
{
    UNUSED_ARGS;
    return py_int_from_i64(py_int_type.size_of(self));
}

/* Half to even at a power of ten: q, r = divmod(x, 10^n), then compare 2r with 10^n. */
static struct py_object *round_to_power(struct py_object *self, uint64_t digits)
{
    if ((double)digits > (double)py_int_bit_length(self) * 0.302 + 2)
        return py_int_from_i64(0);
    struct py_object *n = py_int_from_u64(digits), *ten = py_int_from_i64(10);
    struct py_object *unit = int_power(ten, n, NULL);
    struct py_object *r = NULL, *result = NULL;
    if (unit && int_divmod(self, unit, NULL, &r) == 0) {
        struct py_object *q = NULL, *twice = py_int_add(r, r);
        const int order = twice ? py_int_compare(twice, unit) : 0;
        bool up = order > 0;
        if (order == 0 && int_divmod(self, unit, &q, NULL) == 0)
            up = int_limb_count(q) && (int_of(q)->limbs[0] & 1);
        struct py_object *floor = py_int_sub(self, r);
        if (floor)
            result = up ? py_int_add(floor, unit) : py_newref(floor);
        py_xdecref(floor);
        py_xdecref(q);
        py_xdecref(twice);
    }
    py_xdecref(n);
    py_xdecref(unit);
    py_xdecref(r);
    return result;
}

METHOD(int_round)
{
    (void)kwnames;
    if (nargs == 0 || args[0] == PY_NONE)
        return int_exact(self);
    struct py_object *digits = py_index(args[0]);
    if (!digits)
        return NULL;
    struct py_object *result = NULL;
    if (!int_is_negative(digits)) {
        result = int_exact(self);
    } else {
        const int64_t n = py_int_as_i64_clip(digits);
        result = round_to_power(self, n == INT64_MIN ? INT64_MAX : (uint64_t)-n);
    }
    py_decref(digits);
    return result;
}

METHOD(int_format)
{
    (void)nargs, (void)kwnames;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "__format__() argument must be str, not %.50s",
                        args[0]->type->name);
    return py_format_int(self, (struct py_str *)args[0]);
}

/* True for "little", false for "big"; -1 and ValueError otherwise. */
static int parse_byteorder(struct py_object *order)
{
    if (!order)
        return 0;
    if (!py_str_check(order))
        return py_raise_int(&py_exc_TypeError, "byteorder must be str, not %.50s",
                            order->type->name);
    if (py_str_equal_cstr((struct py_str *)order, "little"))
        return 1;
    if (py_str_equal_cstr((struct py_str *)order, "big"))
        return 0;
    return py_raise_int(&py_exc_ValueError, "byteorder must be either 'little' or 'big'");
}

METHOD(int_to_bytes)
{
    static const char *const names[] = {"length", "byteorder", "signed"};
    static const struct py_params params = {
        .function = "to_bytes", .names = names, .count = 3, .keyword_only = 2};
    struct py_object *parsed[3] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, parsed) < 0)
        return NULL;
    const int64_t length = parsed[0] ? py_int_as_ssize_arg(parsed[0]) : 1;
    if (length == -1 && py_error_occurred())
        return NULL;
    const int little = parse_byteorder(parsed[1]);
    const int is_signed = parsed[2] ? py_truth(parsed[2]) : 0;
    if (little < 0 || is_signed < 0)
        return NULL;
    if (length < 0)
        return py_raise(&py_exc_ValueError, "length argument must be non-negative");
    uint8_t *buffer = py_mem_alloc((size_t)length + 1);
    if (!buffer)
        return py_raise_no_memory();
    struct py_object *result = NULL;
    if (py_int_to_bytes(self, buffer, (size_t)length, little, is_signed) == 0)
        result = PY_OBJ(py_bytes_from(buffer, (size_t)length));
    py_mem_free(buffer);
    return result;
}

METHOD(int_from_bytes)
{
    static const char *const names[] = {"bytes", "byteorder", "signed"};
    static const struct py_params params = {
        .function = "from_bytes", .names = names, .count = 3, .required = 1, .keyword_only = 2};
    struct py_object *parsed[3] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, parsed) < 0)
        return NULL;
    const int little = parse_byteorder(parsed[1]);
    const int is_signed = parsed[2] ? py_truth(parsed[2]) : 0;
    if (little < 0 || is_signed < 0)
        return NULL;
    struct py_object *bytes = py_bytes_from_object(parsed[0]);
    if (!bytes)
        return NULL;
    const uint8_t *data;
    size_t len;
    struct py_object *result = NULL;
    if (py_bytes_view(bytes, &data, &len) == 0)
        result = py_int_from_bytes(data, len, little, is_signed);
    py_decref(bytes);
    if (result && self != PY_OBJ(&py_int_type)) {
        PY_HOLD(&result);
        py_setref(result, py_call1(self, result));
    }
    return result;
}

#define ROW(n, f, lo, hi, sig, text)                                                      \
    {                                                                                     \
        .name = n, .fn = f, .min_args = lo, .max_args = hi, .signature = sig, .doc = text \
    }
const struct py_method_def int_methods[] = {
    ROW("bit_length", int_bit_length, 0, 0, "($self, /)",
        "Bits needed for the magnitude in binary; 0 for zero."),
    ROW("bit_count", int_bit_count, 0, 0, "($self, /)", "Ones in the binary magnitude."),
    ROW("conjugate", int_conjugate, 0, 0, "($self, /)", "The number itself."),
    ROW("as_integer_ratio", int_as_integer_ratio, 0, 0, "($self, /)",
        "The pair (self, 1): an exact numerator and denominator."),
    {.name = "to_bytes",
     .fn = int_to_bytes,
     .min_args = 0,
     .max_args = -1,
     .flags = PY_METH_KEYWORDS,
     .signature = "($self, /, length=1, byteorder='big', *, signed=False)",
     .doc = "The value as bytes of a fixed length."},
    {.name = "from_bytes",
     .fn = int_from_bytes,
     .min_args = 0,
     .max_args = -1,
     .flags = PY_METH_KEYWORDS | PY_METH_CLASSMETHOD,
     .signature = "($type, /, bytes, byteorder='big', *, signed=False)",
     .doc = "The integer that the bytes represent."},
    ROW("__trunc__", int_conjugate, 0, 0, NULL, NULL),
    ROW("__floor__", int_conjugate, 0, 0, NULL, NULL),
    ROW("__ceil__", int_conjugate, 0, 0, NULL, NULL),
    ROW("__round__", int_round, 0, 1, NULL, "Rounds half to even at 10 ** -ndigits."),
    ROW("__format__", int_format, 1, 1, "($self, format_spec, /)", NULL),
    ROW("__getnewargs__", int_getnewargs, 0, 0, "($self, /)", NULL),
    ROW("__sizeof__", int_sizeof, 0, 0, "($self, /)", NULL),
    {.name = NULL},
};

static struct py_object *get_real(struct py_object *self, void *closure)
{
    (void)closure;
    return int_exact(self);
}

static struct py_object *get_constant(struct py_object *self, void *closure)
{
    (void)self;
    return py_int_from_i64((int64_t)(intptr_t)closure);
}

const struct py_getset_def int_getsets[] = {
    {.name = "real", .get = get_real, .doc = "The number itself."},
    {.name = "imag", .get = get_constant, .doc = "Zero."},
    {.name = "numerator", .get = get_real, .doc = "The number itself."},
    {.name = "denominator", .get = get_constant, .doc = "One.", .closure = (void *)1},
    {.name = NULL},
};
