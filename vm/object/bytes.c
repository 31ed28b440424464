/* bytes: making octet strings, the type and its slots.
 *
 * The empty bytes and the 256 one-byte ones are static and immortal, as in CPython. Everything else
 * is one block: header, cached hash, octets, a zero behind the last. Hashing is that of str, so
 * hash(b"x") == hash("x").
 *
 * Searching is in bytes_search.c, splitting in bytes_split.c, the other methods in bytes_methods.c;
 * % formatting borrows str's engine (bytes_mod.c).
 */
#include "vm/object/bytes.h"

#include <string.h>

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/buffer.h"
#include "vm/object/bytes_impl.h"
#include "vm/object/int.h"
#include "vm/object/iter.h"
#include "vm/object/list.h"
#include "vm/object/range.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

#define BYTES_HEADER sizeof(struct py_bytes)

static struct bytes_cell {
    struct py_bytes b;
    uint8_t room[16];
} cells[256] __attribute__((aligned(16))), empty_cell __attribute__((aligned(16)));

static void init_cell(struct bytes_cell *cell, int64_t size)
{
    cell->b.base.base = (struct py_object)PY_STATIC_HEADER(&py_bytes_type);
    cell->b.base.size = size;
    cell->b.hash = -1;
}

int py_bytes_init(void)
{
    init_cell(&empty_cell, 0);
    for (int i = 0; i < 256; i++) {
        init_cell(&cells[i], 1);
        cells[i].room[0] = (uint8_t)i;
    }
    return 0;
}

struct py_bytes *py_bytes_empty(void)
{
    return &empty_cell.b;
}

struct py_bytes *py_bytes_from(const void *data, size_t len)
{
    if (len == 0)
        return &empty_cell.b;
    if (len == 1 && data)
        return &cells[*(const uint8_t *)data].b;
    if (len > (size_t)1 << 60)
        return py_raise_no_memory();
    struct py_bytes *b =
        py_object_alloc(&py_bytes_type, BYTES_HEADER + len + 1, BYTES_HEADER + len + 1);
    if (!b)
        return NULL;
    b->base.size = (int64_t)len;
    b->hash = -1;
    if (data)
        memcpy(b->data, data, len);
    b->data[len] = 0;
    return b;
}

struct py_object *bytes_slice(struct py_bytes *b, int64_t start, int64_t end)
{
    if (start < 0)
        start = 0;
    if (end > b->base.size)
        end = b->base.size;
    if (start == 0 && end == b->base.size)
        return bytes_exact(PY_OBJ(b));
    return PY_OBJ(py_bytes_from(b->data + start, start < end ? (size_t)(end - start) : 0));
}

struct py_object *bytes_exact(struct py_object *b)
{
    if (b->type == &py_bytes_type)
        return py_newref(b);
    return PY_OBJ(py_bytes_from(bytes_of(b)->data, (size_t)bytes_of(b)->base.size));
}

int py_bytes_view(struct py_object *o, const uint8_t **data, size_t *len)
{
    if (py_bytes_check(o)) {
        *data = bytes_of(o)->data;
        *len = (size_t)bytes_of(o)->base.size;
        return 0;
    }
    struct py_buffer view;
    if (py_buffer_get(o, &view) < 0)
        return -1;
    *data = view.data;
    *len = (size_t)view.length;
    py_buffer_release(o);
    return 0;
}

int octets_of(struct py_object *o, struct octets *out)
{
    size_t len = 0;
    if (py_bytes_view(o, &out->data, &len) < 0)
        return -1;
    out->length = (int64_t)len;
    return 0;
}

/* Construction. */

static int append_octet(struct py_object *item, uint8_t **buffer, size_t *n, size_t *room)
{
    const int64_t v = py_int_as_i64_clip(item);
    if (v == -1 && py_error_occurred())
        return -1;
    if (v < 0 || v > 255)
        return py_raise_int(&py_exc_ValueError, "bytes must be in range(0, 256)");
    if (*n == *room) {
        const size_t more = *room * 2 + 64;
        uint8_t *grown = py_mem_realloc(*buffer, more);
        if (!grown) {
            py_raise_no_memory();
            return -1;
        }
        *buffer = grown;
        *room = more;
    }
    (*buffer)[(*n)++] = (uint8_t)v;
    return 0;
}

static struct py_object *bytes_from_iterable(struct py_object *o)
{
    struct py_object *it = py_iter(o), *item = NULL;
    if (!it)
        return NULL;
    PY_HOLD(&it);
    PY_HOLD(&item);
    uint8_t *buffer = NULL;
    size_t n = 0, room = 0;
    int status = py_length_hint(o, 0) < 0 ? -1 : 0; /* one that is too long is refused at once */
    while (status == 0 && (item = py_next(it))) {
        status = append_octet(item, &buffer, &n, &room);
        py_clear(item);
    }
    struct py_object *result = NULL;
    if (status == 0 && !py_error_occurred())
        result = PY_OBJ(py_bytes_from(buffer ? (void *)buffer : "", n));
    py_mem_free(buffer);
    py_clear(it);
    return result;
}

/* What o.__bytes__() gives. NULL without an error when o has no such method. */
static struct py_object *ask_for_bytes(struct py_object *o)
{
    struct py_object *method = py_lookup_special(o, py_str_const("__bytes__"));
    PY_HOLD(&method);
    if (!method)
        return NULL;
    struct py_object *result = py_call0(method);
    py_clear(method);
    if (result && !py_bytes_check(result)) {
        py_raise(&py_exc_TypeError, "__bytes__ returned non-bytes (type %.200s)",
                 result->type->name);
        py_clear(result);
    }
    return result;
}

struct py_object *py_bytes_from_object(struct py_object *o)
{
    if (o->type == &py_bytes_type)
        return py_newref(o);
    struct py_object *asked = ask_for_bytes(o);
    if (asked || py_error_occurred())
        return asked;
    if (py_bytes_check(o))
        return bytes_exact(o);
    if (o->type == &py_memoryview_type)
        return py_memoryview_tobytes(o);
    if (py_has_buffer(o)) {
        const uint8_t *data;
        size_t len;
        return py_bytes_view(o, &data, &len) < 0 ? NULL : PY_OBJ(py_bytes_from(data, len));
    }
    if (!py_str_check(o) && (o->type->iter || o->type->item))
        return bytes_from_iterable(o);
    return py_raise(&py_exc_TypeError, "cannot convert '%.200s' object to bytes", o->type->name);
}

/* bytes(n): n zeros. */
static struct py_object *bytes_of_zeros(struct py_object *count)
{
    const int64_t n = py_int_as_ssize(count);
    if (n == -1 && py_error_occurred())
        return NULL;
    if (n < 0)
        return py_raise(&py_exc_ValueError, "negative count");
    struct py_bytes *b = n == 1 ? py_bytes_from("", 1) : py_bytes_from(NULL, (size_t)n);
    if (b && n > 1)
        memset(b->data, 0, (size_t)n);
    return PY_OBJ(b);
}

static struct py_object *make_bytes(struct py_object *source, struct py_object *encoding,
                                    struct py_object *errors)
{
    if (encoding || errors) {
        if (!source || !py_str_check(source))
            return py_raise(&py_exc_TypeError, encoding ? "encoding without a string argument"
                                                        : "errors without a string argument");
        struct py_object *names[2] = {encoding, errors};
        const char *text[2] = {NULL};
        for (int i = 0; i < 2; i++) {
            if (names[i] && !py_str_check(names[i]))
                return py_raise(&py_exc_TypeError, "bytes() argument '%s' must be str, not %.50s",
                                i ? "errors" : "encoding", names[i]->type->name);
            text[i] = names[i] ? py_str_utf8((struct py_str *)names[i], NULL) : NULL;
        }
        return py_str_encode(source, text[0], text[1]);
    }
    if (!source)
        return PY_OBJ(py_bytes_empty());
    if (source->type == &py_int_type)
        return bytes_of_zeros(source);
    struct py_object *asked = ask_for_bytes(source);
    if (asked || py_error_occurred())
        return asked;
    if (py_str_check(source))
        return py_raise(&py_exc_TypeError, "string argument without an encoding");
    if (source->type->index) {
        struct py_object *zeros = bytes_of_zeros(source);
        if (zeros || !py_error_matches(&py_exc_TypeError))
            return zeros;
        py_error_clear(); /* an __index__ of no use: what else the object can be decides */
    }
    return py_bytes_from_object(source);
}

static struct py_object *bytes_new_subclass(struct py_type *type, struct py_object *value)
{
    if (!value)
        return NULL;
    const size_t n = (size_t)bytes_of(value)->base.size;
    const size_t bytes = BYTES_HEADER + n + 1;
    struct py_bytes *b = py_object_alloc(type, bytes, bytes);
    if (b) {
        b->base.size = (int64_t)n;
        b->hash = -1;
        memcpy(b->data, bytes_of(value)->data, n + 1);
        py_object_resized(PY_OBJ(b), py_object_size(PY_OBJ(b)));
        if (type->flags & PY_TYPE_GC)
            py_gc_track(b);
    }
    py_decref(value);
    return PY_OBJ(b);
}

static struct py_object *bytes_new(struct py_type *type, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames)
{
    static const char *const names[] = {"source", "encoding", "errors"};
    static const struct py_params params = {
        .function = "bytes", .names = names, .count = 3, .keyword_only = 3};
    struct py_object *parsed[3] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, parsed) < 0)
        return NULL;
    struct py_object *value = make_bytes(parsed[0], parsed[1], parsed[2]);
    return type == &py_bytes_type ? value : bytes_new_subclass(type, value);
}

/* Slots. */

static int64_t bytes_hash(struct py_object *o)
{
    struct py_bytes *b = bytes_of(o);
    if (b->hash == -1)
        b->hash = py_hash_bytes(b->data, (size_t)b->base.size);
    return b->hash;
}

static struct py_object *bytes_richcompare(struct py_object *a, struct py_object *b, int op)
{
    if (!py_bytes_check(a) || !py_bytes_check(b))
        return PY_NOT_IMPLEMENTED;
    const int64_t na = bytes_of(a)->base.size, nb = bytes_of(b)->base.size;
    if ((op == PY_EQ || op == PY_NE) && na != nb)
        return py_bool_from(op == PY_NE);
    int order = memcmp(bytes_of(a)->data, bytes_of(b)->data, (size_t)(na < nb ? na : nb));
    if (order == 0)
        order = (na > nb) - (na < nb);
    bool result = false;
    switch ((enum py_compare)op) {
    case PY_LT:
        result = order < 0;
        break;
    case PY_LE:
        result = order <= 0;
        break;
    case PY_EQ:
        result = order == 0;
        break;
    case PY_NE:
        result = order != 0;
        break;
    case PY_GT:
        result = order > 0;
        break;
    case PY_GE:
        result = order >= 0;
        break;
    }
    return py_bool_from(result);
}

static int64_t bytes_length(struct py_object *o)
{
    return bytes_of(o)->base.size;
}

static int64_t bytes_size_of(struct py_object *o)
{
    return (int64_t)BYTES_HEADER + 1 + bytes_of(o)->base.size;
}

static struct py_object *bytes_iter(struct py_object *o)
{
    return py_seq_iter_new(&py_bytes_iter_type, o);
}

static struct py_object *bytes_item(struct py_object *o, int64_t i)
{
    if (i < 0 || i >= bytes_of(o)->base.size)
        return py_raise(&py_exc_IndexError, "index out of range");
    return py_int_from_i64(bytes_of(o)->data[i]);
}

static struct py_object *bytes_subscript(struct py_object *o, struct py_object *key)
{
    struct py_bytes *b = bytes_of(o);
    if (key->type == &py_slice_type) {
        int64_t start, stop, step, count;
        if (py_slice_indices((struct py_slice *)key, &b->base.size, &start, &stop, &step, &count) <
            0)
            return NULL;
        if (step == 1)
            return bytes_slice(b, start, start + count);
        if (count == 1)
            return PY_OBJ(py_bytes_from(b->data + start, 1));
        struct py_bytes *out = py_bytes_from(NULL, (size_t)count);
        for (int64_t i = 0; out && i < count; i++)
            out->data[i] = b->data[start + i * step];
        return PY_OBJ(out);
    }
    if (!py_int_check(key) && !key->type->index)
        return py_raise(&py_exc_TypeError, "byte indices must be integers or slices, not %.200s",
                        key->type->name);
    const int64_t i = py_int_as_ssize(key);
    if (i == -1 && py_error_occurred()) {
        if (py_error_matches(&py_exc_OverflowError)) {
            py_error_clear();
            py_raise(&py_exc_IndexError, "cannot fit '%.200s' into an index-sized integer",
                     key->type->name);
        }
        return NULL;
    }
    return bytes_item(o, i < 0 ? i + b->base.size : i);
}

static struct py_object *bytes_concat(struct py_object *a, struct py_object *b)
{
    const uint8_t *other;
    size_t nb;
    if (!py_has_buffer(b))
        return py_raise(&py_exc_TypeError, "can't concat %.100s to %.100s", b->type->name,
                        a->type->name);
    if (py_bytes_view(b, &other, &nb) < 0)
        return NULL;
    const size_t na = (size_t)bytes_of(a)->base.size;
    if (nb == 0)
        return bytes_exact(a);
    if (na == 0 && py_bytes_check(b))
        return bytes_exact(b);
    struct py_bytes *out = py_bytes_from(NULL, na + nb);
    if (out) {
        memcpy(out->data, bytes_of(a)->data, na);
        memcpy(out->data + na, other, nb);
    }
    return PY_OBJ(out);
}

static struct py_object *bytes_repeat(struct py_object *o, int64_t n)
{
    const int64_t size = bytes_of(o)->base.size;
    int64_t total;
    if (n <= 0 || size == 0)
        return PY_OBJ(py_bytes_empty());
    if (n == 1)
        return bytes_exact(o);
    if (__builtin_mul_overflow(size, n, &total))
        return py_raise(&py_exc_OverflowError, "repeated bytes are too long");
    struct py_bytes *out = py_bytes_from(NULL, (size_t)total);
    if (!out)
        return NULL;
    memcpy(out->data, bytes_of(o)->data, (size_t)size);
    for (int64_t done = size; done < total;) {
        const int64_t more = done < total - done ? done : total - done;
        memcpy(out->data + done, out->data, (size_t)more);
        done += more;
    }
    return PY_OBJ(out);
}

struct py_object *bytes_repr(struct py_object *o)
{
    return octets_repr(bytes_of(o)->data, (size_t)bytes_of(o)->base.size, 0);
}

struct py_object *octets_repr(const uint8_t *data, size_t n, char escaped)
{
    const char quote = memchr(data, '\'', n) && !memchr(data, '"', n) ? '"' : '\'';
    char *text = py_mem_alloc(n * 4 + 4);
    if (!text)
        return py_raise_no_memory();
    char *p = text;
    *p++ = 'b';
    *p++ = quote;
    for (size_t i = 0; i < n; i++) {
        const uint8_t c = data[i];
        const char *known = "\t\n\r", *hit = c ? strchr(known, c) : NULL;
        if (c == (uint8_t)quote || c == '\\' || (escaped && c == (uint8_t)escaped)) {
            *p++ = '\\';
            *p++ = (char)c;
        } else if (hit) {
            *p++ = '\\';
            *p++ = "tnr"[hit - known];
        } else if (c < ' ' || c >= 0x7f) {
            *p++ = '\\';
            *p++ = 'x';
            *p++ = "0123456789abcdef"[c >> 4];
            *p++ = "0123456789abcdef"[c & 15];
        } else {
            *p++ = (char)c;
        }
    }
    *p++ = quote;
    struct py_str *s = py_str_from_latin1((uint8_t *)text, (size_t)(p - text));
    py_mem_free(text);
    return PY_OBJ(s);
}

static struct py_object *bytes_mod_slot(struct py_object *a, struct py_object *b)
{
    return py_bytes_check(a) ? bytes_mod(a, b) : PY_NOT_IMPLEMENTED;
}

static int bytes_buffer(struct py_object *o, struct py_buffer *out)
{
    *out = (struct py_buffer){.data = bytes_of(o)->data,
                              .length = bytes_of(o)->base.size,
                              .itemsize = 1,
                              .format = 'B',
                              .readonly = true};
    return 0;
}

struct py_type py_bytes_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "bytes",
    .basicsize = sizeof(struct py_bytes),
    .itemsize = 1,
    .flags = PY_TYPE_BASETYPE | PY_TYPE_VAR | PY_TYPE_IMMUTABLE | PY_TYPE_IS_BYTES,
    .body = PY_BODY_BYTES,
    .repr = bytes_repr,
    .hash = bytes_hash,
    .richcompare = bytes_richcompare,
    .iter = bytes_iter,
    .new_ = bytes_new,
    .size_of = bytes_size_of,
    .binary = {[PY_NB_MOD] = bytes_mod_slot},
    .length = bytes_length,
    .subscript = bytes_subscript,
    .contains = bytes_contains,
    .concat = bytes_concat,
    .repeat = bytes_repeat,
    .item = bytes_item,
    .buffer = bytes_buffer,
    .methods = bytes_methods,
    .doc = "bytes(iterable_of_ints) -> bytes\n"
           "bytes(string, encoding[, errors]) -> bytes\n"
           "bytes(bytes_or_buffer) -> immutable copy\n"
           "bytes(int) -> bytes of that many zeros\n"
           "bytes() -> empty bytes",
};
