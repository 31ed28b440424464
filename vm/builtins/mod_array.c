/* array: numbers of one kind side by side, as C has them.
 *
 *     data -> item 0, item 1, ...       RAW block of `room_bytes`, base.size items of it in use
 *
 * Grows as CPython's does (a sixteenth and a little), so that sys.getsizeof agrees. While a view is
 * out (exports > 0) the block may be written but not moved: changing the length is a BufferError.
 *
 * A kind of item is a row of kinds[]: reading and writing one item are the only code that knows
 * more of it than its width. Pickling and files are in mod_array_io.c.
 */
#include "vm/builtins/mod_array.h"

#include <string.h>

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/float.h"
#include "vm/object/iter.h"
#include "vm/object/list.h"
#include "vm/object/range.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

static uint8_t nothing[8];

/* ---- items ----------------------------------------------------------------------------------- */

static const struct array_kind kinds[] = {
    {'b', 1, 'b', "signed char"},
    {'B', 1, 'B', "unsigned byte integer"},
    {'u', 4, 'w', ""},
    {'h', 2, 'h', "signed short integer"},
    {'H', 2, 'H', "unsigned short"},
    {'i', 4, 'i', "signed integer"},
    {'I', 4, 'I', "unsigned int"},
    {'l', 8, 'l', ""},
    {'L', 8, 'L', ""},
    {'q', 8, 'q', ""},
    {'Q', 8, 'Q', ""},
    {'f', 4, 'f', ""},
    {'d', 8, 'd', ""},
};

const struct array_kind *array_kind_of(uint32_t code)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if ((uint32_t)kinds[i].code == code)
            return &kinds[i];
    return NULL;
}

struct py_object *array_item_at(const struct py_array *a, int64_t i)
{
    const uint8_t *const p = a->data + i * a->kind->width;
#define READ(type, make)         \
    {                            \
        type v;                  \
        memcpy(&v, p, sizeof v); \
        return (make)(v);        \
    }
    switch (a->kind->code) {
    case 'b':
        READ(int8_t, py_int_from_i64)
    case 'B':
        return py_int_from_i64(*p);
    case 'u': {
        uint32_t c;
        memcpy(&c, p, sizeof c);
        if (c > 0x10ffff)
            return py_raise(&py_exc_ValueError, "character U+%x is not in range [U+0000; U+10ffff]",
                            c);
        return PY_OBJ(py_str_from_char(c));
    }
    case 'h':
        READ(int16_t, py_int_from_i64)
    case 'H':
        READ(uint16_t, py_int_from_i64)
    case 'i':
        READ(int32_t, py_int_from_i64)
    case 'I':
        READ(uint32_t, py_int_from_i64)
    case 'l':
    case 'q':
        READ(int64_t, py_int_from_i64)
    case 'L':
    case 'Q':
        READ(uint64_t, py_int_from_u64)
    case 'f':
        READ(float, py_float_from)
    default:
        READ(double, py_float_from)
    }
#undef READ
}

static int out_of_range(const struct array_kind *kind, bool below)
{
    return py_raise_int(&py_exc_OverflowError,
                        below ? "%s is less than minimum" : "%s is greater than maximum",
                        kind->what);
}

static int store_number(const struct array_kind *kind, struct py_object *value, uint8_t *p)
{
    const char code = kind->code;
    const bool is_signed = strchr("bhilq", code) != NULL;
    struct py_object *n = py_index(value);
    if (!n)
        return -1;
    const bool wide = kind->width == 8 || code == 'I';
    const bool negative = py_int_sign(n) < 0;
    const uint64_t bits = py_int_bit_length(n);
    int64_t v = 0;
    int status = 0;
    if (!is_signed && wide && negative) {
        status = py_raise_int(&py_exc_OverflowError,
                              code == 'Q' ? "can't convert negative int to unsigned"
                                          : "can't convert negative value to unsigned int");
    } else if (bits > (is_signed || !wide ? 63u : 64u) &&
               !(is_signed && bits == 64 && (v = py_int_as_i64(n)) == INT64_MIN)) {
        py_error_clear();
        status = py_raise_int(&py_exc_OverflowError,
                              code == 'q' || code == 'Q' ? "int too big to convert"
                              : is_signed || !wide ? "Python int too large to convert to C long"
                                                   : "Python int too large to convert to C "
                                                     "unsigned long");
    } else {
        v = bits > 63 && !negative ? (int64_t)py_int_as_u64(n) : py_int_as_i64(n);
        if (kind->width < 8) {
            const int64_t low = is_signed ? -((int64_t)1 << (8 * kind->width - 1)) : 0;
            const int64_t high = low + ((int64_t)1 << 8 * kind->width) - 1;
            if (v < low || v > high)
                status = out_of_range(kind, v < low);
        }
    }
    py_decref(n);
    if (status == 0)
        memcpy(p, &v, (size_t)kind->width); /* little-endian */
    return status;
}

/* Converts value and writes it to p. -1: TypeError or OverflowError. */
static int store(const struct array_kind *kind, struct py_object *value, uint8_t *p)
{
    if (kind->code == 'u') {
        if (!py_str_check(value) || ((struct py_str *)value)->length != 1)
            return py_raise_int(&py_exc_TypeError, "array item must be unicode character");
        const uint32_t c = py_str_char((struct py_str *)value, 0);
        memcpy(p, &c, sizeof c);
        return 0;
    }
    if (kind->code != 'f' && kind->code != 'd')
        return store_number(kind, value, p);
    const double d = py_float_as_double(value);
    if (d == -1.0 && py_error_occurred())
        return -1;
    const float f = (float)d;
    memcpy(p, kind->code == 'd' ? (const void *)&d : (const void *)&f, (size_t)kind->width);
    return 0;
}

/* ---- making and resizing --------------------------------------------------------------------- */

int array_check_exports(const struct py_array *a)
{
    return a->exports > 0 ? py_raise_int(&py_exc_BufferError,
                                         "cannot resize an array that is exporting buffers")
                          : 0;
}

int array_resize(struct py_array *a, int64_t size)
{
    if (size != a->base.size && array_check_exports(a) < 0)
        return -1;
    const int64_t allocated = a->room_bytes / a->kind->width;
    if (allocated >= size && size >= allocated / 2 && a->data != nothing) {
        a->base.size = size;
        return 0;
    }
    if (size == 0) {
        if (a->data != nothing)
            py_mem_free(a->data);
        a->data = nothing;
        a->room_bytes = a->base.size = 0;
    } else {
        const int64_t room = size + (size >> 4) + (a->base.size < 8 ? 3 : 7);
        uint8_t *const grown = size > ((int64_t)1 << 56)
                                   ? NULL
                                   : py_mem_realloc(a->data == nothing ? NULL : a->data,
                                                    (size_t)(room * a->kind->width));
        if (!grown)
            return py_raise_no_memory(), -1;
        a->data = grown;
        a->room_bytes = room * a->kind->width;
        a->base.size = size;
    }
    if (PY_TRACING(PY_TRACE_ALLOC))
        py_object_resized(PY_OBJ(a), py_object_size(PY_OBJ(a)));
    return 0;
}

/* Gives an empty array room for size zeros, and no more. */
static int reserve_exactly(struct py_array *a, int64_t size)
{
    uint8_t *const data =
        size > ((int64_t)1 << 56) ? NULL : py_mem_calloc((size_t)size, (size_t)a->kind->width);
    if (!data)
        return py_raise_no_memory(), -1;
    a->data = data;
    a->room_bytes = size * a->kind->width;
    a->base.size = size;
    if (PY_TRACING(PY_TRACE_ALLOC))
        py_object_resized(PY_OBJ(a), py_object_size(PY_OBJ(a)));
    return 0;
}

struct py_array *array_make(struct py_type *type, const struct array_kind *kind, int64_t size)
{
    struct py_array *const a = py_object_new(type);
    if (!a)
        return NULL;
    a->kind = kind;
    a->data = nothing;
    py_gc_track(a);
    if (size && reserve_exactly(a, size) < 0) {
        struct py_array *dead = a;
        PY_HOLD(&dead);
        py_clear(dead);
        return NULL;
    }
    return a;
}

static void array_dealloc(struct py_object *o)
{
    py_object_release_common(o);
    if (ARRAY(o)->data != nothing)
        py_mem_free(ARRAY(o)->data);
    py_object_free(o);
}

int array_insert_at(struct py_array *a, int64_t i, struct py_object *value)
{
    uint8_t item[8];
    if (store(a->kind, value, item) < 0 || array_resize(a, a->base.size + 1) < 0)
        return -1;
    const int64_t n = a->base.size - 1, w = a->kind->width;
    i = i < 0 ? (i + n < 0 ? 0 : i + n) : i > n ? n : i;
    memmove(a->data + (i + 1) * w, a->data + i * w, (size_t)((n - i) * w));
    memcpy(a->data + i * w, item, (size_t)w);
    return 0;
}

static void remove_range(struct py_array *a, int64_t lo, int64_t hi)
{
    const int64_t w = a->kind->width;
    memmove(a->data + lo * w, a->data + hi * w, (size_t)((a->base.size - hi) * w));
}

static int extend_iterable(struct py_array *a, struct py_object *iterable)
{
    struct py_object *it = py_iter(iterable), *item = NULL;
    if (!it)
        return -1;
    PY_HOLD(&it);
    PY_HOLD(&item);
    int status = 0;
    while (status == 0 && (item = py_next(it))) {
        status = array_insert_at(a, a->base.size, item);
        py_clear(item);
    }
    py_clear(it);
    return status < 0 || py_error_occurred() ? -1 : 0;
}

static int extend(struct py_array *a, struct py_object *o)
{
    if (!ARRAY_CHECK(o))
        return extend_iterable(a, o);
    if (ARRAY(o)->kind != a->kind)
        return py_raise_int(&py_exc_TypeError, "can only extend with array of same kind");
    const int64_t n = ARRAY(o)->base.size, at = a->base.size, w = a->kind->width;
    if (array_resize(a, at + n) < 0)
        return -1;
    memcpy(a->data + at * w, ARRAY(o)->data, (size_t)(n * w)); /* after the resize: o may be a */
    return 0;
}

static int fill_from_sequence(struct py_array *a, struct py_object *from)
{
    /* Of the list itself: a subclass may say anything. */
    const int64_t n = ((struct py_var *)from)->size;
    if (n > 0 && reserve_exactly(a, n) < 0)
        return -1;
    for (int64_t i = 0; i < n; i++) {
        struct py_object *item = py_getitem_index(from, i); /* conversions may change it */
        if (!item)
            return -1;
        PY_HOLD(&item);
        const int status = store(a->kind, item, a->data + i * a->kind->width);
        py_clear(item);
        if (status < 0)
            return -1;
    }
    return 0;
}

static int fill(struct py_array *a, struct py_object *from)
{
    if (py_bytes_check(from) || py_isinstance_type(from, &py_bytearray_type))
        return array_append_octets(a, from);
    if (py_list_check(from) || py_tuple_check(from))
        return fill_from_sequence(a, from);
    if (!py_str_check(from))
        return extend(a, from);
    const struct py_str *const s = (struct py_str *)from;
    if (s->length && reserve_exactly(a, s->length) < 0)
        return -1;
    for (int64_t i = 0; i < s->length; i++) {
        const uint32_t c = py_str_char(s, i);
        memcpy(a->data + i * 4, &c, 4);
    }
    return 0;
}

static int check_text(const struct array_kind *kind, struct py_object *from)
{
    if (!from || kind->code == 'u')
        return 0;
    if (py_str_check(from))
        return py_raise_int(&py_exc_TypeError,
                            "cannot use a str to initialize an array with typecode '%c'",
                            kind->code);
    if (ARRAY_CHECK(from) && ARRAY(from)->kind->code == 'u')
        return py_raise_int(&py_exc_TypeError,
                            "cannot use a unicode array to initialize an array with typecode '%c'",
                            kind->code);
    return 0;
}

static struct py_object *array_new(struct py_type *type, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames)
{
    if (type == &py_array_type && kwnames && kwnames->base.size)
        return py_raise(&py_exc_TypeError, "array.array() takes no keyword arguments");
    if (nargs < 1 || nargs > 2)
        return py_raise(&py_exc_TypeError, "array() takes at %s %d argument%s (%zu given)",
                        nargs ? "most" : "least", nargs ? 2 : 1, nargs ? "s" : "", nargs);
    if (!py_str_check(args[0]) || ((struct py_str *)args[0])->length != 1)
        return py_raise(&py_exc_TypeError, "array() argument 1 must be a unicode character, not %T",
                        args[0]);
    const struct array_kind *const kind = array_kind_of(py_str_char((struct py_str *)args[0], 0));
    struct py_object *const from = nargs > 1 ? args[1] : NULL;
    if (!kind)
        return py_raise(&py_exc_ValueError, "bad typecode (must be b, B, u, h, H, i, I, l, L, q, "
                                            "Q, f or d)");
    if (check_text(kind, from) < 0)
        return NULL;
    struct py_array *a = array_make(type, kind, 0);
    if (!a || !from)
        return PY_OBJ(a);
    PY_HOLD(&a);
    if (fill(a, from) < 0)
        py_clear(a);
    return PY_OBJ(a);
}

static int array_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                      struct py_tuple *kwnames)
{
    (void)self, (void)args, (void)nargs, (void)kwnames;
    return 0; /* new_ did it */
}

/* ---- as a sequence --------------------------------------------------------------------------- */

static int64_t array_length(struct py_object *o)
{
    return ARRAY(o)->base.size;
}

static struct py_object *array_item(struct py_object *o, int64_t i)
{
    if (i < 0 || i >= ARRAY(o)->base.size)
        return py_raise(&py_exc_IndexError, "array index out of range");
    return array_item_at(ARRAY(o), i);
}

static struct py_object *array_slice(struct py_array *a, struct py_object *key)
{
    int64_t start, stop, step, count;
    if (py_slice_indices((struct py_slice *)key, &a->base.size, &start, &stop, &step, &count) < 0)
        return NULL;
    struct py_array *const part = array_make(&py_array_type, a->kind, count);
    const int64_t w = a->kind->width;
    for (int64_t i = 0; part && i < count; i++)
        memcpy(part->data + i * w, a->data + (start + i * step) * w, (size_t)w);
    return PY_OBJ(part);
}

static int index_of(const struct py_array *a, struct py_object *key, const char *message,
                    int64_t *out)
{
    if (!key->type->index)
        return py_raise_int(&py_exc_TypeError, "array indices must be integers");
    int64_t i = py_int_as_ssize(key);
    if (i == -1 && py_error_occurred()) {
        if (py_error_matches(&py_exc_OverflowError)) {
            py_error_clear();
            return py_raise_int(&py_exc_IndexError, "cannot fit '%T' into an index-sized integer",
                                key);
        }
        return -1;
    }
    i += i < 0 ? a->base.size : 0;
    if (i < 0 || i >= a->base.size)
        return py_raise_int(&py_exc_IndexError, "%s", message);
    *out = i;
    return 0;
}

static struct py_object *array_subscript(struct py_object *o, struct py_object *key)
{
    int64_t i;
    if (key->type == &py_slice_type)
        return array_slice(ARRAY(o), key);
    return index_of(ARRAY(o), key, "array index out of range", &i) < 0 ? NULL
                                                                       : array_item_at(ARRAY(o), i);
}

/* a[lo:hi] = n items at `from`, which are not a's own. */
static int replace_range(struct py_array *a, int64_t lo, int64_t hi, const uint8_t *from, int64_t n)
{
    const int64_t old = a->base.size, w = a->kind->width, change = n - (hi - lo);
    if (change != 0 && array_check_exports(a) < 0)
        return -1;
    if (change < 0) {
        memmove(a->data + (lo + n) * w, a->data + hi * w, (size_t)((old - hi) * w));
        if (array_resize(a, old + change) < 0)
            return -1;
    } else if (change > 0) {
        if (array_resize(a, old + change) < 0)
            return -1;
        memmove(a->data + (hi + change) * w, a->data + hi * w, (size_t)((old - hi) * w));
    }
    if (n)
        memcpy(a->data + lo * w, from, (size_t)(n * w));
    return 0;
}

static int delete_steps(struct py_array *a, int64_t start, int64_t step, int64_t count)
{
    if (array_check_exports(a) < 0)
        return -1;
    if (step < 0) {
        start += (count - 1) * step;
        step = -step;
    }
    const int64_t w = a->kind->width;
    int64_t to = start;
    for (int64_t i = start; i < a->base.size; i++) {
        if ((i - start) % step == 0 && (i - start) / step < count)
            continue;
        memmove(a->data + to++ * w, a->data + i * w, (size_t)w);
    }
    return array_resize(a, a->base.size - count);
}

static int assign_slice(struct py_array *a, struct py_object *key, struct py_object *value)
{
    struct py_object *copy = NULL;
    PY_HOLD(&copy);
    if (value && !ARRAY_CHECK(value))
        return py_raise_int(&py_exc_TypeError,
                            "can only assign array (not \"%.200s\") to array slice",
                            value->type->name);
    if (value && ARRAY(value)->kind != a->kind)
        return py_raise_int(&py_exc_TypeError, "bad argument type for built-in operation");
    int64_t start, stop, step, count;
    if (py_slice_indices((struct py_slice *)key, &a->base.size, &start, &stop, &step, &count) < 0)
        return -1;
    if (PY_OBJ(a) == value) {
        struct py_array *const twin = array_make(&py_array_type, a->kind, a->base.size);
        if (!twin)
            return -1;
        memcpy(twin->data, a->data, (size_t)(a->base.size * a->kind->width));
        value = copy = PY_OBJ(twin);
    }
    const int64_t n = value ? ARRAY(value)->base.size : 0, w = a->kind->width;
    int status = 0;
    if (step == 1) {
        if (stop < start)
            stop = start;
        status = replace_range(a, start, stop, value ? ARRAY(value)->data : nothing, n);
    } else if (!value) {
        status = count ? delete_steps(a, start, step, count) : 0;
    } else if (n != count) {
        status = py_raise_int(&py_exc_ValueError,
                              "attempt to assign array of size %lld to extended slice of size %lld",
                              (long long)n, (long long)count);
    } else {
        for (int64_t i = 0; i < n; i++)
            memcpy(a->data + (start + i * step) * w, ARRAY(value)->data + i * w, (size_t)w);
    }
    py_clear(copy);
    return status;
}

static int array_ass_subscript(struct py_object *o, struct py_object *key, struct py_object *value)
{
    struct py_array *const a = ARRAY(o);
    if (key->type == &py_slice_type)
        return assign_slice(a, key, value);
    int64_t i;
    if (index_of(a, key, "array assignment index out of range", &i) < 0)
        return -1;
    if (!value)
        return replace_range(a, i, i + 1, NULL, 0);
    uint8_t item[8];
    if (store(a->kind, value, item) < 0)
        return -1;
    if (i >= a->base.size) /* the conversion may have changed the array */
        return py_raise_int(&py_exc_IndexError, "array assignment index out of range");
    memcpy(a->data + i * a->kind->width, item, (size_t)a->kind->width);
    return 0;
}

static struct py_object *array_concat(struct py_object *o, struct py_object *other)
{
    if (!ARRAY_CHECK(other))
        return py_raise(&py_exc_TypeError, "can only append array (not \"%.200s\") to array",
                        other->type->name);
    const struct py_array *const a = ARRAY(o), *const b = ARRAY(other);
    if (a->kind != b->kind)
        return py_raise(&py_exc_TypeError, "bad argument type for built-in operation");
    struct py_array *const sum = array_make(&py_array_type, a->kind, a->base.size + b->base.size);
    const int64_t w = a->kind->width;
    if (sum) {
        memcpy(sum->data, a->data, (size_t)(a->base.size * w));
        memcpy(sum->data + a->base.size * w, b->data, (size_t)(b->base.size * w));
    }
    return PY_OBJ(sum);
}

static struct py_object *array_inplace_concat(struct py_object *o, struct py_object *other)
{
    if (!ARRAY_CHECK(other))
        return py_raise(&py_exc_TypeError, "can only extend with array (not \"%.200s\")",
                        other->type->name);
    return extend(ARRAY(o), other) < 0 ? NULL : py_newref(o);
}

static struct py_object *array_repeat(struct py_object *o, int64_t times)
{
    const struct py_array *const a = ARRAY(o);
    const int64_t bytes = a->base.size * a->kind->width;
    times = times < 0 ? 0 : times;
    if (bytes && times > INT64_MAX / bytes)
        return py_raise_no_memory();
    struct py_array *const all = array_make(&py_array_type, a->kind, a->base.size * times);
    for (int64_t i = 0; all && i < times; i++)
        memcpy(all->data + i * bytes, a->data, (size_t)bytes);
    return PY_OBJ(all);
}

static struct py_object *array_inplace_repeat(struct py_object *o, int64_t times)
{
    struct py_array *const a = ARRAY(o);
    const int64_t n = a->base.size, bytes = n * a->kind->width;
    times = times < 0 ? 0 : times;
    if (n == 0 || times == 1)
        return py_newref(o);
    if (times > INT64_MAX / bytes)
        return py_raise_no_memory();
    if (array_resize(a, n * times) < 0)
        return NULL;
    for (int64_t i = 1; i < times; i++)
        memcpy(a->data + i * bytes, a->data, (size_t)bytes);
    return py_newref(o);
}

/* Index of the first item that equals value in [lo, hi), -1 none, -2 error. */
static int64_t find(struct py_array *a, struct py_object *value, int64_t lo, int64_t hi)
{
    for (int64_t i = lo; i < hi && i < a->base.size; i++) {
        struct py_object *item = array_item_at(a, i);
        if (!item)
            return -2;
        PY_HOLD(&item);
        const int equal = py_richcompare_bool(item, value, PY_EQ);
        py_clear(item);
        if (equal)
            return equal < 0 ? -2 : i;
    }
    return -1;
}

static int array_contains(struct py_object *o, struct py_object *value)
{
    const int64_t at = find(ARRAY(o), value, 0, INT64_MAX);
    return at == -2 ? -1 : at >= 0;
}

static struct py_object *array_richcompare(struct py_object *x, struct py_object *y, int op)
{
    if (!ARRAY_CHECK(x) || !ARRAY_CHECK(y))
        return PY_NOT_IMPLEMENTED;
    struct py_array *const a = ARRAY(x), *const b = ARRAY(y);
    if (a->base.size != b->base.size && (op == PY_EQ || op == PY_NE))
        return py_bool_from(op == PY_NE);
    int64_t i = 0;
    struct py_object *p = NULL, *q = NULL, *result = NULL;
    PY_HOLD(&p);
    PY_HOLD(&q);
    int equal = 1;
    for (; i < a->base.size && i < b->base.size; i++) {
        py_setref(p, array_item_at(a, i));
        py_setref(q, p ? array_item_at(b, i) : NULL);
        equal = q ? py_richcompare_bool(p, q, PY_EQ) : -1;
        if (equal <= 0)
            break;
    }
    if (equal < 0)
        result = NULL;
    else if (equal) {
        const int64_t m = a->base.size, n = b->base.size;
        result = py_bool_from(op == PY_LT   ? m < n
                              : op == PY_LE ? m <= n
                              : op == PY_EQ ? m == n
                              : op == PY_NE ? m != n
                              : op == PY_GT ? m > n
                                            : m >= n);
    } else if (op == PY_EQ || op == PY_NE) {
        result = py_bool_from(op == PY_NE);
    } else {
        result = py_richcompare(p, q, op);
    }
    py_clear(q);
    py_clear(p);
    return result;
}

static struct py_object *array_repr(struct py_object *o)
{
    struct py_array *const a = ARRAY(o);
    const char *const name = py_type_shortname(o->type);
    if (a->base.size == 0)
        return PY_OBJ(py_str_format_c("%s('%c')", name, a->kind->code));
    struct py_object *items = a->kind->code == 'u' ? array_text(a) : array_list(a);
    if (!items)
        return NULL;
    PY_HOLD(&items);
    struct py_str *const text = py_str_format_c("%s('%c', %R)", name, a->kind->code, items);
    py_clear(items);
    return PY_OBJ(text);
}

static int array_buffer(struct py_object *o, struct py_buffer *out)
{
    struct py_array *const a = ARRAY(o);
    a->exports++;
    *out = (struct py_buffer){.data = a->data,
                              .length = a->base.size * a->kind->width,
                              .itemsize = a->kind->width,
                              .format = a->kind->format};
    return 0;
}

static void array_buffer_release(struct py_object *o)
{
    ARRAY(o)->exports--;
}

/* ---- methods --------------------------------------------------------------------------------- */

METHOD(array_append)
{
    UNUSED;
    return array_insert_at(ARRAY(self), ARRAY(self)->base.size, args[0]) < 0 ? NULL : PY_NONE;
}

METHOD(array_insert)
{
    UNUSED;
    const int64_t i = py_int_as_ssize_arg(args[0]);
    if (i == -1 && py_error_occurred())
        return NULL;
    return array_insert_at(ARRAY(self), i, args[1]) < 0 ? NULL : PY_NONE;
}

METHOD(array_extend)
{
    UNUSED;
    return extend(ARRAY(self), args[0]) < 0 ? NULL : PY_NONE;
}

METHOD(array_pop)
{
    UNUSED;
    struct py_array *const a = ARRAY(self);
    int64_t i = nargs ? py_int_as_ssize_arg(args[0]) : -1;
    if (i == -1 && nargs && py_error_occurred())
        return NULL;
    if (a->base.size == 0)
        return py_raise(&py_exc_IndexError, "pop from empty array");
    i += i < 0 ? a->base.size : 0;
    if (i < 0 || i >= a->base.size)
        return py_raise(&py_exc_IndexError, "pop index out of range");
    struct py_object *item = array_item_at(a, i);
    if (item && (array_check_exports(a) < 0 || replace_range(a, i, i + 1, NULL, 0) < 0))
        py_clear(item);
    return item;
}

METHOD(array_remove)
{
    UNUSED;
    struct py_array *const a = ARRAY(self);
    const int64_t at = find(a, args[0], 0, INT64_MAX);
    if (at == -1)
        return py_raise(&py_exc_ValueError, "array.remove(x): x not in array");
    if (at < 0 || array_check_exports(a) < 0)
        return NULL;
    remove_range(a, at, at + 1);
    return array_resize(a, a->base.size - 1) < 0 ? NULL : PY_NONE;
}

METHOD(array_index)
{
    UNUSED;
    struct py_array *const a = ARRAY(self);
    int64_t bounds[2] = {0, INT64_MAX};
    for (size_t i = 1; i < nargs; i++) {
        bounds[i - 1] = py_int_as_i64_clip(args[i]);
        if (bounds[i - 1] == -1 && py_error_occurred())
            return NULL;
        if (bounds[i - 1] < 0) {
            bounds[i - 1] += a->base.size;
            if (bounds[i - 1] < 0)
                bounds[i - 1] = 0;
        }
    }
    const int64_t at = find(a, args[0], bounds[0], bounds[1]);
    if (at == -1)
        return py_raise(&py_exc_ValueError, "array.index(x): x not in array");
    return at < 0 ? NULL : py_int_from_i64(at);
}

METHOD(array_count)
{
    UNUSED;
    int64_t n = 0, at = -1;
    while ((at = find(ARRAY(self), args[0], at + 1, INT64_MAX)) >= 0)
        n++;
    return at == -2 ? NULL : py_int_from_i64(n);
}

METHOD(array_reverse)
{
    UNUSED;
    const struct py_array *const a = ARRAY(self);
    const size_t w = (size_t)a->kind->width;
    uint8_t *p = a->data, *q = a->data + ((size_t)a->base.size - 1) * w, item[8];
    for (; a->base.size && p < q; p += w, q -= w) {
        memcpy(item, p, w);
        memcpy(p, q, w);
        memcpy(q, item, w);
    }
    return PY_NONE;
}

METHOD(array_byteswap)
{
    UNUSED;
    const struct py_array *const a = ARRAY(self);
    const size_t w = (size_t)a->kind->width;
    for (int64_t i = 0; i < a->base.size; i++)
        for (size_t k = 0; k < w / 2; k++) {
            uint8_t *const p = a->data + (size_t)i * w, c = p[k];
            p[k] = p[w - 1 - k];
            p[w - 1 - k] = c;
        }
    return PY_NONE;
}

METHOD(array_buffer_info)
{
    UNUSED;
    struct py_object *items[2] = {py_int_from_u64((uint64_t)(uintptr_t)ARRAY(self)->data),
                                  py_int_from_i64(ARRAY(self)->base.size)};
    return PY_OBJ(py_tuple_from_array_steal(items, 2));
}

METHOD(array_copy)
{
    UNUSED;
    const struct py_array *const a = ARRAY(self);
    struct py_array *const copy = array_make(&py_array_type, a->kind, a->base.size);
    if (copy)
        memcpy(copy->data, a->data, (size_t)(a->base.size * a->kind->width));
    return PY_OBJ(copy);
}

#define M(name, function, low, high) METHOD_ROW(name, function, low, high)
static const struct py_method_def array_methods[] = {
    M("append", array_append, 1, 1),
    M("insert", array_insert, 2, 2),
    M("extend", array_extend, 1, 1),
    M("pop", array_pop, 0, 1),
    M("remove", array_remove, 1, 1),
    M("index", array_index, 1, 3),
    M("count", array_count, 1, 1),
    M("reverse", array_reverse, 0, 0),
    M("byteswap", array_byteswap, 0, 0),
    M("buffer_info", array_buffer_info, 0, 0),
    M("__copy__", array_copy, 0, 0),
    M("__deepcopy__", array_copy, 1, 1),
    M("fromfile", array_fromfile, 2, 2),
    M("tofile", array_tofile, 1, 1),
    M("fromlist", array_fromlist, 1, 1),
    M("tolist", array_tolist, 0, 0),
    M("frombytes", array_frombytes, 1, 1),
    M("tobytes", array_tobytes, 0, 0),
    M("fromunicode", array_fromunicode, 1, 1),
    M("tounicode", array_tounicode, 0, 0),
    M("__reduce_ex__", array_reduce_ex, 1, 1),
    {.name = NULL},
};

static struct py_object *get_typecode(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(py_str_from_char((uint8_t)ARRAY(self)->kind->code));
}

static struct py_object *get_itemsize(struct py_object *self, void *closure)
{
    (void)closure;
    return py_int_from_i64(ARRAY(self)->kind->width);
}

static const struct py_getset_def array_getsets[] = {
    {.name = "typecode", .get = get_typecode, .doc = "the letter that says what the items are"},
    {.name = "itemsize", .get = get_itemsize, .doc = "how many bytes an item takes"},
    {.name = NULL},
};

/* ---- the type -------------------------------------------------------------------------------- */

static struct py_object *array_iter(struct py_object *o)
{
    return py_seq_iter_new(&py_array_iter_type, o);
}

struct py_type py_array_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "array.array",
    .basicsize = sizeof(struct py_array),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_SEQUENCE | PY_TYPE_IMMUTABLE,
    .weaklist_offset = offsetof(struct py_array, weaklist),
    .dealloc = array_dealloc,
    .repr = array_repr,
    .hash = py_hash_not_implemented,
    .richcompare = array_richcompare,
    .iter = array_iter,
    .init = array_init,
    .new_ = array_new,
    .room_offset = offsetof(struct py_array, room_bytes),
    .room_unit = 1,
    .length = array_length,
    .subscript = array_subscript,
    .ass_subscript = array_ass_subscript,
    .contains = array_contains,
    .concat = array_concat,
    .inplace_concat = array_inplace_concat,
    .repeat = array_repeat,
    .inplace_repeat = array_inplace_repeat,
    .item = array_item,
    .buffer = array_buffer,
    .buffer_release = array_buffer_release,
    .methods = array_methods,
    .getsets = array_getsets,
    .doc = "array(typecode [, initializer]) -> array\n\n"
           "Return a new array whose items are restricted by typecode, and\n"
           "initialized from the optional initializer value, which must be a list,\n"
           "string or iterable over elements of the appropriate type.",
};
