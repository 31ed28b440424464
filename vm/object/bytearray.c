/* bytearray: octets that can change, and the buffer protocol's two functions.
 *
 * The octets lie in a RAW block with a zero behind the last; it grows by an eighth, as CPython's
 * does, so that sys.getsizeof agrees. While a view is out (exports > 0) the block may be written
 * but not moved: changing the length is a BufferError.
 *
 * Methods that only look are those of bytes: a call goes to a bytes with the same octets, and what
 * comes back as bytes becomes a bytearray (forward()).
 */
#include "vm/object/buffer.h"

#include <string.h>

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes_impl.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/iter.h"
#include "vm/object/list.h"
#include "vm/object/range.h"
#include "vm/object/str_impl.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define ARRAY(o) ((struct py_bytearray *)(o))

static uint8_t nothing[1];

/* ---- the protocol ---------------------------------------------------------------------------- */

bool py_has_buffer(const struct py_object *o)
{
    return o->type->buffer != NULL;
}

int py_buffer_get(struct py_object *o, struct py_buffer *out)
{
    if (!o->type->buffer)
        return py_raise_int(&py_exc_TypeError, "a bytes-like object is required, not '%.100s'",
                            o->type->name);
    return o->type->buffer(o, out);
}

void py_buffer_release(struct py_object *o)
{
    if (o->type->buffer_release)
        o->type->buffer_release(o);
}

int py_buffer_get_writable(struct py_object *o, struct py_buffer *out)
{
    if (o->type->buffer && o->type->buffer(o, out) == 0) {
        if (!out->readonly)
            return 0;
        py_buffer_release(o);
    }
    if (py_error_occurred())
        return -1;
    return py_raise_int(&py_exc_TypeError,
                        "a read-write bytes-like object is required, not '%.100s'", o->type->name);
}

static int array_buffer(struct py_object *o, struct py_buffer *out)
{
    ARRAY(o)->exports++;
    *out = (struct py_buffer){.data = ARRAY(o)->data ? ARRAY(o)->data : nothing,
                              .length = ARRAY(o)->base.size,
                              .itemsize = 1,
                              .format = 'B'};
    return 0;
}

static void array_buffer_release(struct py_object *o)
{
    ARRAY(o)->exports--;
}

/* ---- making and resizing --------------------------------------------------------------------- */

static const uint8_t *octets(const struct py_bytearray *a)
{
    return a->data ? a->data : nothing;
}

static int resize(struct py_bytearray *a, int64_t size)
{
    if (size == a->base.size)
        return 0;
    if (a->exports > 0)
        return py_raise_int(&py_exc_BufferError,
                            "Existing exports of data: object cannot be re-sized");
    int64_t room = a->allocated;
    if (size < room) {
        if (size >= room / 2) {
            a->base.size = size;
            a->data[size] = 0;
            return 0;
        }
        room = size + 1;
    } else {
        room = (double)size <= (double)room * 1.125 ? size + (size >> 3) + (size < 9 ? 3 : 6)
                                                    : size + 1;
    }
    uint8_t *const grown = size > (int64_t)1 << 60 ? NULL : py_mem_realloc(a->data, (size_t)room);
    if (!grown) {
        py_raise_no_memory();
        return -1;
    }
    a->data = grown;
    a->allocated = room;
    a->base.size = size;
    a->data[size] = 0;
    py_object_resized(PY_OBJ(a), py_object_size(PY_OBJ(a)));
    return 0;
}

struct py_object *py_bytearray_from(const void *data, size_t length)
{
    struct py_bytearray *const a = py_object_new(&py_bytearray_type);
    if (!a)
        return NULL;
    if (resize(a, (int64_t)length) < 0) {
        py_decref(a);
        return NULL;
    }
    if (data && length)
        memcpy(a->data, data, length);
    return PY_OBJ(a);
}

/* Replaces [lo, hi) by n octets, which are not those of the array itself. */
static int replace_range(struct py_bytearray *a, int64_t lo, int64_t hi, const uint8_t *with,
                         int64_t n)
{
    const int64_t old = a->base.size, tail = old - hi, change = n - (hi - lo);
    if (change < 0) {
        if (a->exports > 0)
            return resize(a, old + change);
        memmove(a->data + lo + n, a->data + hi, (size_t)tail);
        if (resize(a, old + change) < 0)
            return -1;
    } else if (change > 0) {
        if (resize(a, old + change) < 0)
            return -1;
        memmove(a->data + hi + change, a->data + hi, (size_t)tail);
    }
    if (n)
        memcpy(a->data + lo, with, (size_t)n);
    return 0;
}

/* A value 0..255, or -1. */
static int octet_value(struct py_object *o)
{
    if (!py_int_check(o) && !o->type->index)
        return py_raise_int(&py_exc_TypeError,
                            "'%.200s' object cannot be interpreted as an integer", o->type->name);
    const int64_t v = py_int_as_i64_clip(o);
    if (v == -1 && py_error_occurred())
        return -1;
    if (v < 0 || v > 255)
        return py_raise_int(&py_exc_ValueError, "byte must be in range(0, 256)");
    return (int)v;
}

static int append_value(struct py_bytearray *a, struct py_object *item)
{
    const int v = octet_value(item);
    if (v < 0 || resize(a, a->base.size + 1) < 0)
        return -1;
    a->data[a->base.size - 1] = (uint8_t)v;
    return 0;
}

/* Appends what o stands for: a buffer's octets, or the ints of an iterable. */
static int extend(struct py_bytearray *a, struct py_object *o)
{
    if (py_has_buffer(o)) {
        struct py_object *copy = py_bytes_from_object(o);
        if (!copy)
            return -1;
        const struct py_bytes *const b = bytes_of(copy);
        const int status = replace_range(a, a->base.size, a->base.size, b->data, b->base.size);
        py_decref(copy);
        return status;
    }
    struct py_object *it = py_iter(o), *item = NULL;
    if (!it)
        return -1;
    PY_HOLD(&it);
    PY_HOLD(&item);
    int status = 0;
    while (status == 0 && (item = py_next(it))) {
        status = append_value(a, item);
        py_clear(item);
    }
    py_clear(it);
    return status < 0 || py_error_occurred() ? -1 : 0;
}

static struct py_object *array_new(struct py_type *type, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_bytearray *a = py_object_new(type);
    if (a && (type->flags & PY_TYPE_GC))
        py_gc_track(a);
    return PY_OBJ(a);
}

static int fill_zeros(struct py_bytearray *a, struct py_object *count)
{
    const int64_t n = py_int_as_ssize(count);
    if (n == -1 && py_error_occurred())
        return -1;
    if (n < 0)
        return py_raise_int(&py_exc_ValueError, "negative count");
    if (resize(a, n) < 0)
        return -1;
    if (n)
        memset(a->data, 0, (size_t)n);
    return 0;
}

static int fill_text(struct py_bytearray *a, struct py_object *source, struct py_object *encoding,
                     struct py_object *errors)
{
    if (!source || !py_str_check(source))
        return py_raise_int(&py_exc_TypeError, encoding ? "encoding without a string argument"
                                                        : "errors without a string argument");
    struct py_object *names[2] = {encoding, errors};
    const char *text[2] = {NULL};
    for (int i = 0; i < 2; i++) {
        if (names[i] && !py_str_check(names[i]))
            return py_raise_int(&py_exc_TypeError,
                                "bytearray() argument '%s' must be str, not %.50s",
                                i ? "errors" : "encoding", names[i]->type->name);
        text[i] = names[i] ? py_str_utf8((struct py_str *)names[i], NULL) : NULL;
    }
    struct py_object *encoded = py_str_encode(source, text[0], text[1]);
    if (!encoded)
        return -1;
    const int status = extend(a, encoded);
    py_decref(encoded);
    return status;
}

static int array_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                      struct py_tuple *kwnames)
{
    static const char *const names[] = {"source", "encoding", "errors"};
    static const struct py_params params = {
        .function = "bytearray", .names = names, .count = 3, .keyword_only = 3};
    struct py_object *given[3] = {NULL};
    struct py_bytearray *const a = ARRAY(self);
    if (py_parse_args(&params, args, nargs, kwnames, given) < 0)
        return -1;
    if (a->base.size && resize(a, 0) < 0)
        return -1;
    struct py_object *const source = given[0];
    if (given[1] || given[2])
        return fill_text(a, source, given[1], given[2]);
    if (!source)
        return 0;
    if (py_str_check(source))
        return py_raise_int(&py_exc_TypeError, "string argument without an encoding");
    if (py_int_check(source) || (source->type->index && !py_has_buffer(source)))
        return fill_zeros(a, source);
    if (!py_has_buffer(source) && !source->type->iter && !source->type->item &&
        !source->type->subscript)
        return py_raise_int(&py_exc_TypeError, "cannot convert '%.200s' object to bytearray",
                            source->type->name);
    return extend(a, source);
}

static void array_dealloc(struct py_object *o)
{
    py_object_release_common(o);
    py_mem_free(ARRAY(o)->data);
    py_object_free(o);
}

/* ---- slots ----------------------------------------------------------------------------------- */

static struct py_object *array_repr(struct py_object *o)
{
    struct py_object *const text = octets_repr(octets(ARRAY(o)), (size_t)ARRAY(o)->base.size, '\'');
    struct py_str *const result =
        text ? py_str_format_c("%s(%S)", py_type_shortname(o->type), text) : NULL;
    py_xdecref(text);
    return PY_OBJ(result);
}

static struct py_object *array_richcompare(struct py_object *a, struct py_object *b, int op)
{
    struct py_buffer x, y;
    if (!py_has_buffer(a) || !py_has_buffer(b))
        return PY_NOT_IMPLEMENTED;
    if (py_buffer_get(a, &x) < 0)
        return NULL;
    if (py_buffer_get(b, &y) < 0) {
        py_buffer_release(a);
        return NULL;
    }
    const int64_t common = x.length < y.length ? x.length : y.length;
    int order = memcmp(x.data, y.data, (size_t)common);
    if (order == 0)
        order = (x.length > y.length) - (x.length < y.length);
    py_buffer_release(a);
    py_buffer_release(b);
    switch ((enum py_compare)op) {
    case PY_LT:
        return py_bool_from(order < 0);
    case PY_LE:
        return py_bool_from(order <= 0);
    case PY_EQ:
        return py_bool_from(order == 0);
    case PY_NE:
        return py_bool_from(order != 0);
    case PY_GT:
        return py_bool_from(order > 0);
    case PY_GE:
        return py_bool_from(order >= 0);
    }
    return NULL;
}

static int64_t array_length(struct py_object *o)
{
    return ARRAY(o)->base.size;
}

static struct py_object *array_item(struct py_object *o, int64_t i)
{
    if (i < 0 || i >= ARRAY(o)->base.size)
        return py_raise(&py_exc_IndexError, "bytearray index out of range");
    return py_int_from_i64(ARRAY(o)->data[i]);
}

/* -1 with an exception, or the index, made absolute. */
static int64_t index_of(const struct py_bytearray *a, struct py_object *key)
{
    if (!py_int_check(key) && !key->type->index)
        return py_raise_int(&py_exc_TypeError,
                            "bytearray indices must be integers or slices, not %.200s",
                            key->type->name);
    int64_t i = py_int_as_ssize(key);
    if (i == -1 && py_error_occurred()) {
        if (py_error_matches(&py_exc_OverflowError)) {
            py_error_clear();
            py_raise(&py_exc_IndexError, "cannot fit '%.200s' into an index-sized integer",
                     key->type->name);
        }
        return -1;
    }
    if (i < 0)
        i += a->base.size;
    if (i < 0 || i >= a->base.size)
        return py_raise_int(&py_exc_IndexError, "bytearray index out of range");
    return i;
}

static struct py_object *array_subscript(struct py_object *o, struct py_object *key)
{
    struct py_bytearray *const a = ARRAY(o);
    if (key->type != &py_slice_type) {
        const int64_t i = index_of(a, key);
        return i < 0 ? NULL : py_int_from_i64(a->data[i]);
    }
    int64_t start, stop, step, count;
    if (py_slice_indices((struct py_slice *)key, &a->base.size, &start, &stop, &step, &count) < 0)
        return NULL;
    struct py_object *const out = py_bytearray_from(NULL, (size_t)count);
    for (int64_t i = 0; out && i < count; i++)
        ARRAY(out)->data[i] = a->data[start + i * step];
    return out;
}

static int delete_slice(struct py_bytearray *a, int64_t start, int64_t step, int64_t count)
{
    if (count == 0)
        return 0;
    if (step < 0) {
        start += (count - 1) * step;
        step = -step;
    }
    if (a->exports > 0)
        return resize(a, a->base.size - count);
    int64_t to = start;
    for (int64_t from = start, next = start, left = count; from < a->base.size; from++) {
        if (left && from == next) {
            next += step;
            left--;
        } else {
            a->data[to++] = a->data[from];
        }
    }
    return resize(a, to);
}

static int assign_slice(struct py_bytearray *a, struct py_object *key, struct py_object *value)
{
    struct py_bytes *with = NULL;
    PY_HOLD(&with);
    if (value) {
        if (py_int_check(value) || py_str_check(value))
            return py_raise_int(&py_exc_TypeError,
                                py_str_check(value)
                                    ? "string argument without an encoding"
                                    : "can assign only bytes, buffers, or iterables of ints in "
                                      "range(0, 256)");
        with = (struct py_bytes *)py_bytes_from_object(value);
        if (!with)
            return -1;
    }
    int64_t start, stop, step, count;
    int status =
        py_slice_indices((struct py_slice *)key, &a->base.size, &start, &stop, &step, &count);
    const int64_t n = with ? with->base.size : 0;
    if (status < 0) {
        status = -1;
    } else if (step == 1) {
        status = replace_range(a, start, start + count, with ? with->data : NULL, n);
    } else if (!value) {
        status = delete_slice(a, start, step, count);
    } else if (n != count) {
        status = py_raise_int(&py_exc_ValueError,
                              "attempt to assign bytes of size %lld to extended slice of size %lld",
                              (long long)n, (long long)count);
    } else {
        for (int64_t i = 0; i < count; i++)
            a->data[start + i * step] = with->data[i];
    }
    py_clear(with);
    return status;
}

static int array_ass_subscript(struct py_object *o, struct py_object *key, struct py_object *value)
{
    struct py_bytearray *const a = ARRAY(o);
    if (key->type == &py_slice_type)
        return assign_slice(a, key, value);
    int64_t i = index_of(a, key);
    if (i < 0)
        return -1;
    if (!value)
        return replace_range(a, i, i + 1, NULL, 0);
    const int v = octet_value(value);
    if (v < 0)
        return -1;
    if (i >= a->base.size) /* its __index__ shrank the array */
        return py_raise_int(&py_exc_IndexError, "bytearray index out of range");
    a->data[i] = (uint8_t)v;
    return 0;
}

static int array_contains(struct py_object *o, struct py_object *item)
{
    struct py_bytes *const b = py_bytes_from(octets(ARRAY(o)), (size_t)ARRAY(o)->base.size);
    if (!b)
        return -1;
    const int found = bytes_contains(PY_OBJ(b), item);
    py_decref(b);
    return found;
}

static struct py_object *array_concat(struct py_object *o, struct py_object *other)
{
    if (!py_has_buffer(other))
        return py_raise(&py_exc_TypeError, "can't concat %.100s to %.100s", other->type->name,
                        o->type->name);
    struct py_object *out = py_bytearray_from(octets(ARRAY(o)), (size_t)ARRAY(o)->base.size);
    if (out && extend(ARRAY(out), other) < 0)
        py_clear(out);
    return out;
}

static struct py_object *array_inplace_concat(struct py_object *o, struct py_object *other)
{
    if (!py_has_buffer(other))
        return py_raise(&py_exc_TypeError, "can't concat %.100s to %.100s", other->type->name,
                        o->type->name);
    return extend(ARRAY(o), other) < 0 ? NULL : py_newref(o);
}

/* Repeats the first `size` octets so that they fill the array. */
static void fill_repeated(struct py_bytearray *a, int64_t size)
{
    for (int64_t done = size; size && done < a->base.size;) {
        const int64_t left = a->base.size - done, more = done < left ? done : left;
        memcpy(a->data + done, a->data, (size_t)more);
        done += more;
    }
}

static struct py_object *array_inplace_repeat(struct py_object *o, int64_t n)
{
    const int64_t size = ARRAY(o)->base.size;
    int64_t total;
    if (__builtin_mul_overflow(size, n < 0 ? 0 : n, &total))
        return py_raise_no_memory();
    if (resize(ARRAY(o), total) < 0)
        return NULL;
    fill_repeated(ARRAY(o), size);
    return py_newref(o);
}

static struct py_object *array_repeat(struct py_object *o, int64_t n)
{
    struct py_object *const out =
        n <= 0 ? py_bytearray_from(NULL, 0)
               : py_bytearray_from(octets(ARRAY(o)), (size_t)ARRAY(o)->base.size);
    if (!out || n <= 0)
        return out;
    struct py_object *const same = array_inplace_repeat(out, n);
    py_decref(out);
    return same;
}

static struct py_object *array_mod(struct py_object *a, struct py_object *b)
{
    if (!py_isinstance_type(a, &py_bytearray_type))
        return PY_NOT_IMPLEMENTED;
    struct py_object *format = PY_OBJ(py_bytes_from(octets(ARRAY(a)), (size_t)ARRAY(a)->base.size));
    if (!format)
        return NULL;
    PY_HOLD(&format);
    struct py_object *const text = bytes_mod(format, b);
    struct py_object *const out =
        text ? py_bytearray_from(bytes_of(text)->data, (size_t)bytes_of(text)->base.size) : NULL;
    py_xdecref(text);
    py_clear(format);
    return out;
}

/* ---- methods of bytes ------------------------------------------------------------------------ */

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)

/* Steals o: a bytes becomes a bytearray, and so do those in a list or tuple just made. */
static struct py_object *as_array(struct py_object *o)
{
    if (!o)
        return NULL;
    if (o->type == &py_bytes_type) {
        struct py_object *const a =
            py_bytearray_from(bytes_of(o)->data, (size_t)bytes_of(o)->base.size);
        py_decref(o);
        return a;
    }
    if (o->type != &py_list_type && o->type != &py_tuple_type)
        return o;
    PY_HOLD(&o);
    struct py_list *list = py_list_from_iterable(o);
    PY_HOLD(&list);
    for (int64_t i = 0; list && i < list->base.size; i++) {
        struct py_object *const item = list->items[i];
        struct py_object *const a =
            py_bytearray_from(bytes_of(item)->data, (size_t)bytes_of(item)->base.size);
        if (!a) {
            py_clear(list);
            break;
        }
        py_setref(list->items[i], a);
    }
    struct py_object *result = NULL;
    if (list)
        result =
            o->type == &py_tuple_type ? PY_OBJ(py_list_as_tuple(list)) : PY_OBJ(py_newref(list));
    py_clear(list);
    py_clear(o);
    return result;
}

enum { FORWARD_ARGS = 8 };

static struct py_object *forward(const char *name, struct py_object *self,
                                 struct py_object *const *args, size_t nargs,
                                 struct py_tuple *kwnames)
{
    const struct py_method_def *def = bytes_methods;
    while (strcmp(def->name, name) != 0)
        def++;
    const size_t total = nargs + (kwnames ? (size_t)kwnames->base.size : 0);
    struct py_object *own[FORWARD_ARGS + 1] = {NULL};
    PY_HOLD_N(own, FORWARD_ARGS + 1);
    if (total > FORWARD_ARGS)
        return py_raise(&py_exc_TypeError, "%s() takes fewer arguments", name);
    struct py_object *result = NULL;
    own[FORWARD_ARGS] = PY_OBJ(py_bytes_from(octets(ARRAY(self)), (size_t)ARRAY(self)->base.size));
    bool ok = own[FORWARD_ARGS] != NULL;
    for (size_t i = 0; ok && i < total; i++) {
        const bool view = py_has_buffer(args[i]) && !py_bytes_check(args[i]);
        own[i] = view ? py_bytes_from_object(args[i]) : py_newref(args[i]);
        ok = own[i] != NULL;
    }
    if (ok)
        result = as_array(def->fn(own[FORWARD_ARGS], own, nargs, kwnames));
    for (int i = 0; i <= FORWARD_ARGS; i++)
        py_clear(own[i]);
    return result;
}

/* F(name, min, max, keywords) */
/* clang-format off */
#define FORWARDED(F)                                                                            \
    F(capitalize, 0, 0, 0) F(center, 1, 2, 0) F(count, 1, 3, 0) F(decode, 0, 2, 1)              \
    F(endswith, 1, 3, 0) F(expandtabs, 0, 1, 1) F(find, 1, 3, 0) F(hex, 0, 2, 1)                \
    F(index, 1, 3, 0) F(isalnum, 0, 0, 0) F(isalpha, 0, 0, 0) F(isascii, 0, 0, 0)               \
    F(isdigit, 0, 0, 0) F(islower, 0, 0, 0) F(isspace, 0, 0, 0) F(istitle, 0, 0, 0)             \
    F(isupper, 0, 0, 0) F(join, 1, 1, 0) F(ljust, 1, 2, 0) F(lower, 0, 0, 0) F(lstrip, 0, 1, 0) \
    F(partition, 1, 1, 0) F(removeprefix, 1, 1, 0) F(removesuffix, 1, 1, 0) F(replace, 2, 3, 0) \
    F(rfind, 1, 3, 0) F(rindex, 1, 3, 0) F(rjust, 1, 2, 0) F(rpartition, 1, 1, 0)               \
    F(rsplit, 0, 2, 1) F(rstrip, 0, 1, 0) F(split, 0, 2, 1) F(splitlines, 0, 1, 1)              \
    F(startswith, 1, 3, 0) F(strip, 0, 1, 0) F(swapcase, 0, 0, 0) F(title, 0, 0, 0)             \
    F(translate, 1, 2, 1) F(upper, 0, 0, 0) F(zfill, 1, 1, 0)
/* clang-format on */

#define F(name, min, max, keywords)                        \
    METHOD(array_##name)                                   \
    {                                                      \
        return forward(#name, self, args, nargs, kwnames); \
    }
FORWARDED(F)
#undef F

/* ---- methods of its own ---------------------------------------------------------------------- */

METHOD(array_append)
{
    (void)nargs, (void)kwnames;
    return append_value(ARRAY(self), args[0]) < 0 ? NULL : PY_NONE;
}

METHOD(array_extend)
{
    (void)nargs, (void)kwnames;
    if (py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "expected iterable of integers; got: 'str'");
    if (!py_has_buffer(args[0]) && !args[0]->type->iter && !args[0]->type->item &&
        !args[0]->type->subscript)
        return py_raise(&py_exc_TypeError, "can't extend bytearray with %.100s",
                        args[0]->type->name);
    return extend(ARRAY(self), args[0]) < 0 ? NULL : PY_NONE;
}

METHOD(array_insert)
{
    (void)nargs, (void)kwnames;
    struct py_bytearray *const a = ARRAY(self);
    int64_t at = py_int_as_ssize_arg(args[0]);
    if (at == -1 && py_error_occurred())
        return NULL;
    const int v = octet_value(args[1]);
    if (v < 0)
        return NULL;
    const uint8_t octet = (uint8_t)v;
    if (at < 0)
        at += a->base.size;
    at = at < 0 ? 0 : at > a->base.size ? a->base.size : at;
    return replace_range(a, at, at, &octet, 1) < 0 ? NULL : PY_NONE;
}

METHOD(array_pop)
{
    (void)kwnames;
    struct py_bytearray *const a = ARRAY(self);
    int64_t at = nargs ? py_int_as_ssize_arg(args[0]) : -1;
    if (nargs && at == -1 && py_error_occurred())
        return NULL;
    if (a->base.size == 0)
        return py_raise(&py_exc_IndexError, "pop from empty bytearray");
    if (at < 0)
        at += a->base.size;
    if (at < 0 || at >= a->base.size)
        return py_raise(&py_exc_IndexError, "pop index out of range");
    const uint8_t v = a->data[at];
    return replace_range(a, at, at + 1, NULL, 0) < 0 ? NULL : py_int_from_i64(v);
}

METHOD(array_remove)
{
    (void)nargs, (void)kwnames;
    struct py_bytearray *const a = ARRAY(self);
    const int v = octet_value(args[0]);
    if (v < 0)
        return NULL;
    const uint8_t *const hit = memchr(octets(a), v, (size_t)a->base.size);
    if (!hit)
        return py_raise(&py_exc_ValueError, "value not found in bytearray");
    const int64_t at = hit - a->data;
    return replace_range(a, at, at + 1, NULL, 0) < 0 ? NULL : PY_NONE;
}

METHOD(array_reverse)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_bytearray *const a = ARRAY(self);
    for (int64_t i = 0, j = a->base.size - 1; i < j; i++, j--) {
        const uint8_t v = a->data[i];
        a->data[i] = a->data[j];
        a->data[j] = v;
    }
    return PY_NONE;
}

METHOD(array_clear)
{
    (void)args, (void)nargs, (void)kwnames;
    return resize(ARRAY(self), 0) < 0 ? NULL : PY_NONE;
}

METHOD(array_copy)
{
    (void)args, (void)nargs, (void)kwnames;
    return py_bytearray_from(octets(ARRAY(self)), (size_t)ARRAY(self)->base.size);
}

METHOD(array_alloc)
{
    (void)args, (void)nargs, (void)kwnames;
    return py_int_from_i64(ARRAY(self)->allocated);
}

METHOD(array_sizeof)
{
    (void)args, (void)nargs, (void)kwnames;
    return py_int_from_i64((int64_t)py_object_own_size(self));
}

METHOD(array_reduce)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_object *dict = (struct py_object *)py_object_dict(self, false);
    struct py_object *latin =
        PY_OBJ(py_str_from_latin1(octets(ARRAY(self)), (size_t)ARRAY(self)->base.size));
    struct py_object *name = PY_OBJ(py_str_from_cstr("latin-1"));
    struct py_tuple *inner = latin && name ? py_tuple_pack(2, latin, name) : NULL;
    struct py_tuple *const result =
        inner ? py_tuple_pack(3, PY_OBJ(self->type), PY_OBJ(inner), dict ? dict : PY_NONE) : NULL;
    py_xdecref(inner);
    py_xdecref(name);
    py_xdecref(latin);
    return PY_OBJ(result);
}

METHOD(array_fromhex)
{
    const struct py_method_def *def = bytes_methods;
    while (strcmp(def->name, "fromhex") != 0)
        def++;
    struct py_object *bytes = def->fn(PY_OBJ(&py_bytes_type), args, nargs, kwnames);
    struct py_object *array = as_array(bytes);
    if (!array || self == PY_OBJ(&py_bytearray_type))
        return array;
    PY_HOLD(&array);
    struct py_object *const result = py_call1(self, array);
    py_clear(array);
    return result;
}

METHOD(array_maketrans)
{
    const struct py_method_def *def = bytes_methods;
    while (strcmp(def->name, "maketrans") != 0)
        def++;
    return def->fn(self, args, nargs, kwnames);
}

static const struct py_method_def array_methods[] = {
#define F(method, min, max, keywords)     \
    {.name = #method,                     \
     .fn = array_##method,                \
     .min_args = (keywords) ? 0 : (min),  \
     .max_args = (keywords) ? -1 : (max), \
     .flags = (keywords) ? PY_METH_KEYWORDS : 0},
    FORWARDED(F)
#undef F
        {.name = "append", .fn = array_append, .min_args = 1, .max_args = 1},
    {.name = "extend", .fn = array_extend, .min_args = 1, .max_args = 1},
    {.name = "insert", .fn = array_insert, .min_args = 2, .max_args = 2},
    {.name = "pop", .fn = array_pop, .max_args = 1},
    {.name = "remove", .fn = array_remove, .min_args = 1, .max_args = 1},
    {.name = "reverse", .fn = array_reverse},
    {.name = "clear", .fn = array_clear},
    {.name = "copy", .fn = array_copy},
    {.name = "__alloc__", .fn = array_alloc},
    {.name = "__sizeof__", .fn = array_sizeof},
    {.name = "__reduce__", .fn = array_reduce},
    {.name = "__reduce_ex__", .fn = array_reduce, .max_args = 1},
    {.name = "fromhex",
     .fn = array_fromhex,
     .min_args = 1,
     .max_args = 1,
     .flags = PY_METH_CLASSMETHOD},
    {.name = "maketrans",
     .fn = array_maketrans,
     .min_args = 2,
     .max_args = 2,
     .flags = PY_METH_STATIC},
    {.name = NULL}};

/* ---- iteration ------------------------------------------------------------------------------- */

extern struct py_type py_bytearray_iter_type;

static struct py_object *array_iter(struct py_object *o)
{
    return py_seq_iter_new(&py_bytearray_iter_type, o);
}

static struct py_object *iter_next(struct py_object *o)
{
    struct py_seq_iter *const it = (struct py_seq_iter *)o;
    struct py_bytearray *const a = ARRAY(it->sequence);
    if (a && it->index < a->base.size)
        return py_int_from_i64(a->data[it->index++]);
    py_clear(it->sequence);
    return NULL;
}

METHOD(iter_length_hint)
{
    (void)args, (void)nargs, (void)kwnames;
    const struct py_seq_iter *const it = (struct py_seq_iter *)self;
    const int64_t left = it->sequence ? ARRAY(it->sequence)->base.size - it->index : 0;
    return py_int_from_i64(left < 0 ? 0 : left);
}

static const struct py_method_def iter_methods[] = {
    {.name = "__length_hint__", .fn = iter_length_hint}, {.name = NULL}};

static const struct py_field iter_fields[] = {PY_FIELD(struct py_seq_iter, sequence)};

struct py_type py_bytearray_iter_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "bytearray_iterator",
    .basicsize = sizeof(struct py_seq_iter),
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW,
    .field_count = 1,
    .fields = iter_fields,
    .iter = py_iter_self,
    .iternext = iter_next,
    .methods = iter_methods,
};

struct py_type py_bytearray_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "bytearray",
    .basicsize = sizeof(struct py_bytearray),
    .flags = PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE,
    .dealloc = array_dealloc,
    .repr = array_repr,
    .str = array_repr,
    .hash = py_hash_not_implemented,
    .richcompare = array_richcompare,
    .iter = array_iter,
    .init = array_init,
    .new_ = array_new,
    .room_offset = offsetof(struct py_bytearray, allocated),
    .room_unit = 1,
    .body = PY_BODY_BYTEARRAY,
    .binary = {[PY_NB_MOD] = array_mod},
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
    .doc = "bytearray(source=b\"\", encoding=None, errors=None) -- octets that can be changed in "
           "place.\n\nThe source is an iterable of numbers below 256, an object with a buffer, a "
           "str and\nits encoding, or the number of zeros to begin with.",
};
