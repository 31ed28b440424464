/* BytesIO: a file of octets in memory.
 *
 *     data -> size octets, room for `room`      RAW; pos may lie behind the end
 *
 * While a view from getbuffer() is out (exports > 0) the octets may be written but not moved. The
 * view keeps a _BytesIOBuffer, which keeps the file.
 */
#include <string.h>

#include "vm/builtins/io_base.h"
#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/object/list.h"
#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

struct io_bytes {
    struct py_io io;
    uint8_t *data;
    int64_t size, room, pos, exports;
    bool closed;
};
#define BYTES_IO(o) ((struct io_bytes *)(o))

bool io_bytes_closed(const struct py_object *file)
{
    return ((const struct io_bytes *)file)->closed;
}

static int check_open(const struct io_bytes *b)
{
    return b->closed ? py_raise_int(&py_exc_ValueError, "I/O operation on closed file.") : 0;
}

static int check_exports(const struct io_bytes *b)
{
    return b->exports > 0 ? py_raise_int(&py_exc_BufferError,
                                         "Existing exports of data: object cannot be re-sized")
                          : 0;
}

static int reserve(struct io_bytes *b, int64_t size)
{
    if (size <= b->room)
        return 0;
    if (size > INT64_MAX / 4)
        return py_raise_int(&py_exc_OverflowError, "new buffer size too large");
    int64_t room = size < b->room + (b->room >> 3) ? size + (size >> 3) + (size < 9 ? 3 : 6)
                   : size < 2 * b->room            ? 2 * b->room
                                                   : size + 32;
    uint8_t *const grown = py_mem_realloc(b->data, (size_t)room);
    if (!grown)
        return py_raise_no_memory(), -1;
    b->data = grown;
    b->room = room;
    if (PY_TRACING(PY_TRACE_ALLOC))
        py_object_resized(PY_OBJ(b), py_object_size(PY_OBJ(b)));
    return 0;
}

static int64_t put(struct io_bytes *b, struct py_object *what)
{
    OCTETS(in);
    if (check_open(b) < 0 || octets_get(&in, what) < 0)
        return -1;
    if (in.length == 0)
        return 0;
    if (b->pos > INT64_MAX - in.length)
        return py_raise_int(&py_exc_OverflowError, "new position too large");
    const int64_t end = b->pos + in.length;
    if ((end > b->size && check_exports(b) < 0) || reserve(b, end) < 0)
        return -1;
    if (b->pos > b->size)
        memset(b->data + b->size, 0, (size_t)(b->pos - b->size));
    memmove(b->data + b->pos, in.data, (size_t)in.length);
    b->pos = end;
    if (end > b->size)
        b->size = end;
    return in.length;
}

static int bytes_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                      struct py_tuple *kwnames)
{
    static const char *const names[] = {"initial_bytes"};
    static const struct py_params params = {
        .function = "BytesIO", .names = names, .count = 1, .keyword_only = 1};
    struct io_bytes *const b = BYTES_IO(self);
    struct py_object *in = NULL;
    if (py_parse_args(&params, args, nargs, kwnames, &in) < 0 || check_exports(b) < 0)
        return -1;
    b->size = b->pos = 0;
    b->closed = false;
    if (in && in != PY_NONE && put(b, in) < 0)
        return -1;
    b->pos = 0;
    return 0;
}

static void bytes_dealloc(struct py_object *o)
{
    py_object_release_common(o);
    py_mem_free(BYTES_IO(o)->data);
    py_object_free(o);
}

/* Takes n octets from where the file is. */
static struct py_object *take(struct io_bytes *b, int64_t n)
{
    const int64_t left = b->size > b->pos ? b->size - b->pos : 0;
    if (n < 0 || n > left)
        n = left;
    struct py_object *const octets =
        PY_OBJ(py_bytes_from(n ? (void *)(b->data + b->pos) : "", (size_t)n));
    if (octets)
        b->pos += n;
    return octets;
}

/* Length of the line that begins here, at most limit. */
static int64_t line_length(const struct io_bytes *b, int64_t limit)
{
    const int64_t left = b->size > b->pos ? b->size - b->pos : 0;
    const uint8_t *const newline = left ? memchr(b->data + b->pos, '\n', (size_t)left) : NULL;
    const int64_t n = newline ? newline - (b->data + b->pos) + 1 : left;
    return limit >= 0 && limit < n ? limit : n;
}

METHOD(bytes_read)
{
    UNUSED;
    int64_t size;
    return io_size_argument(args, nargs, &size) < 0 || check_open(BYTES_IO(self)) < 0
               ? NULL
               : take(BYTES_IO(self), size);
}

METHOD(bytes_readline)
{
    UNUSED;
    int64_t size;
    struct io_bytes *const b = BYTES_IO(self);
    return io_size_argument(args, nargs, &size) < 0 || check_open(b) < 0
               ? NULL
               : take(b, line_length(b, size));
}

METHOD(bytes_readlines)
{
    UNUSED;
    int64_t hint, total = 0, n;
    struct io_bytes *const b = BYTES_IO(self);
    if (io_size_argument(args, nargs, &hint) < 0 || check_open(b) < 0)
        return NULL;
    struct py_list *lines = py_list_new(0);
    PY_HOLD(&lines);
    while (lines && (n = line_length(b, -1)) > 0) {
        struct py_object *const line = take(b, n);
        if (!line || py_list_append_steal(lines, line) < 0)
            py_clear(lines);
        total += n;
        if (hint > 0 && total >= hint)
            break;
    }
    return PY_OBJ(lines);
}

METHOD(bytes_readinto)
{
    UNUSED;
    struct io_bytes *const b = BYTES_IO(self);
    OCTETS(out);
    if (check_open(b) < 0 || io_writable_argument(&out, args[0], "readinto") < 0)
        return NULL;
    const int64_t left = b->size > b->pos ? b->size - b->pos : 0;
    const int64_t n = out.length < left ? out.length : left;
    if (n)
        memmove(out.data, b->data + b->pos, (size_t)n); /* out may be a view of this file */
    b->pos += n;
    return py_int_from_i64(n);
}

METHOD(bytes_write)
{
    UNUSED;
    const int64_t n = put(BYTES_IO(self), args[0]);
    return n < 0 ? NULL : py_int_from_i64(n);
}

METHOD(bytes_writelines)
{
    UNUSED;
    if (check_open(BYTES_IO(self)) < 0)
        return NULL;
    struct py_object *it = py_iter(args[0]), *line = NULL;
    if (!it)
        return NULL;
    PY_HOLD(&it);
    PY_HOLD(&line);
    bool ok = true;
    while (ok && (line = py_next(it))) {
        ok = put(BYTES_IO(self), line) >= 0;
        py_clear(line);
    }
    py_clear(it);
    return ok && !py_error_occurred() ? PY_NONE : NULL;
}

METHOD(bytes_seek)
{
    UNUSED;
    struct io_bytes *const b = BYTES_IO(self);
    const int64_t offset = py_int_as_ssize_arg(args[0]);
    int how = 0;
    if ((offset == -1 && py_error_occurred()) || (nargs > 1 && int_argument(args[1], &how) < 0) ||
        check_open(b) < 0)
        return NULL;
    if (how == 0 && offset < 0)
        return py_raise(&py_exc_ValueError, "negative seek value %lld", (long long)offset);
    if (how < 0 || how > 2)
        return py_raise(&py_exc_ValueError, "invalid whence (%d, should be 0, 1 or 2)", how);
    const int64_t from = how == 0 ? 0 : how == 1 ? b->pos : b->size;
    if (offset > INT64_MAX - from)
        return py_raise(&py_exc_OverflowError, "new position too large");
    b->pos = from + offset < 0 ? 0 : from + offset;
    return py_int_from_i64(b->pos);
}

METHOD(bytes_tell)
{
    UNUSED;
    return check_open(BYTES_IO(self)) < 0 ? NULL : py_int_from_i64(BYTES_IO(self)->pos);
}

METHOD(bytes_truncate)
{
    UNUSED;
    struct io_bytes *const b = BYTES_IO(self);
    int64_t size = b->pos;
    if (check_open(b) < 0 || check_exports(b) < 0)
        return NULL;
    if (nargs && args[0] != PY_NONE) {
        if (io_size_argument(args, nargs, &size) < 0)
            return NULL;
        if (size < 0)
            return py_raise(&py_exc_ValueError, "negative size value %lld", (long long)size);
    }
    if (size < b->size)
        b->size = size;
    return py_int_from_i64(size);
}

METHOD(bytes_true)
{
    UNUSED;
    return check_open(BYTES_IO(self)) < 0 ? NULL : PY_TRUE;
}

METHOD(bytes_false)
{
    UNUSED;
    return check_open(BYTES_IO(self)) < 0 ? NULL : PY_FALSE;
}

METHOD(bytes_flush)
{
    UNUSED;
    return check_open(BYTES_IO(self)) < 0 ? NULL : PY_NONE;
}

METHOD(bytes_close)
{
    UNUSED;
    struct io_bytes *const b = BYTES_IO(self);
    if (check_exports(b) < 0)
        return NULL;
    py_mem_free(b->data);
    b->data = NULL;
    b->size = b->room = 0;
    b->closed = true;
    if (PY_TRACING(PY_TRACE_ALLOC))
        py_object_resized(self, py_object_size(self));
    return PY_NONE;
}

METHOD(bytes_getvalue)
{
    UNUSED;
    const struct io_bytes *const b = BYTES_IO(self);
    return check_open(b) < 0
               ? NULL
               : PY_OBJ(py_bytes_from(b->size ? (void *)b->data : "", (size_t)b->size));
}

METHOD(bytes_getstate)
{
    UNUSED;
    struct py_object *const value = bytes_getvalue(self, NULL, 0, NULL);
    if (!value)
        return NULL;
    struct py_object *items[3] = {value, py_int_from_i64(BYTES_IO(self)->pos),
                                  py_newref(io_dict_or_none(self))};
    return PY_OBJ(py_tuple_from_array_steal(items, 3));
}

METHOD(bytes_setstate)
{
    UNUSED;
    struct io_bytes *const b = BYTES_IO(self);
    const struct py_tuple *const t = (struct py_tuple *)args[0];
    if (check_open(b) < 0)
        return NULL;
    if (!py_tuple_check(args[0]) || t->base.size < 3)
        return py_raise(&py_exc_TypeError,
                        "%.200s.__setstate__ argument should be 3-tuple, got %.200s",
                        self->type->name, args[0]->type->name);
    if (bytes_init(self, t->items, 1, NULL) < 0)
        return NULL;
    const int64_t pos = py_int_check(t->items[1]) ? py_int_as_ssize(t->items[1]) : -1;
    if (!py_int_check(t->items[1]))
        return py_raise(&py_exc_TypeError, "second item of state must be an integer, not %.200s",
                        t->items[1]->type->name);
    if (pos < 0)
        return py_error_occurred()
                   ? NULL
                   : py_raise(&py_exc_ValueError, "position value cannot be negative");
    b->pos = pos;
    return io_restore_dict(self, t->items[2]) < 0 ? NULL : PY_NONE;
}

static struct py_object *bytes_next(struct py_object *self)
{
    struct io_bytes *const b = BYTES_IO(self);
    if (check_open(b) < 0)
        return NULL;
    const int64_t n = line_length(b, -1);
    return n ? take(b, n) : NULL;
}

static struct py_object *bytes_closed(struct py_object *self, void *closure)
{
    (void)closure;
    return py_bool_from(BYTES_IO(self)->closed);
}

/* ---- views ----------------------------------------------------------------------------------- */

struct io_bytes_buffer {
    struct py_object base;
    struct py_object *source;
};

METHOD(bytes_getbuffer)
{
    UNUSED;
    if (check_open(BYTES_IO(self)) < 0)
        return NULL;
    struct io_bytes_buffer *b = py_object_new(&py_io_bytes_buffer_type);
    if (!b)
        return NULL;
    b->source = py_newref(self);
    py_gc_track(b);
    PY_HOLD(&b);
    struct py_object *const view = py_call1(PY_OBJ(&py_memoryview_type), PY_OBJ(b));
    py_clear(b);
    return view;
}

static int view_buffer(struct py_object *o, struct py_buffer *out)
{
    struct io_bytes *const b = BYTES_IO(((struct io_bytes_buffer *)o)->source);
    if (reserve(b, 1) < 0)
        return -1;
    b->exports++;
    *out = (struct py_buffer){.data = b->data, .length = b->size, .itemsize = 1, .format = 'B'};
    return 0;
}

static void view_buffer_release(struct py_object *o)
{
    struct py_object *const source = ((struct io_bytes_buffer *)o)->source;
    if (source)
        BYTES_IO(source)->exports--;
}

static const struct py_field view_fields[] = {PY_FIELD(struct io_bytes_buffer, source)};
struct py_type py_io_bytes_buffer_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_io._BytesIOBuffer",
    .basicsize = sizeof(struct io_bytes_buffer),
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW,
    .field_count = 1,
    .fields = view_fields,
    .buffer = view_buffer,
    .buffer_release = view_buffer_release,
};

static const struct py_method_def bytes_methods[] = {
    METHOD_ROW("readable", bytes_true, 0, 0),
    METHOD_ROW("writable", bytes_true, 0, 0),
    METHOD_ROW("seekable", bytes_true, 0, 0),
    METHOD_ROW("isatty", bytes_false, 0, 0),
    METHOD_ROW("flush", bytes_flush, 0, 0),
    METHOD_ROW("close", bytes_close, 0, 0),
    METHOD_ROW("read", bytes_read, 0, 1),
    METHOD_ROW("read1", bytes_read, 0, 1),
    METHOD_ROW("readinto", bytes_readinto, 1, 1),
    METHOD_ROW("readline", bytes_readline, 0, 1),
    METHOD_ROW("readlines", bytes_readlines, 0, 1),
    METHOD_ROW("write", bytes_write, 1, 1),
    METHOD_ROW("writelines", bytes_writelines, 1, 1),
    METHOD_ROW("seek", bytes_seek, 1, 2),
    METHOD_ROW("tell", bytes_tell, 0, 0),
    METHOD_ROW("truncate", bytes_truncate, 0, 1),
    METHOD_ROW("getvalue", bytes_getvalue, 0, 0),
    METHOD_ROW("getbuffer", bytes_getbuffer, 0, 0),
    METHOD_ROW("__getstate__", bytes_getstate, 0, 0),
    METHOD_ROW("__setstate__", bytes_setstate, 1, 1),
    {.name = NULL},
};
static const struct py_getset_def bytes_getsets[] = {
    {.name = "closed", .get = bytes_closed, .doc = "Whether the stream has been closed."},
    {.name = NULL},
};
static const struct py_field bytes_fields[] = {PY_FIELD(struct py_io, dict)};

struct py_type py_io_bytes_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_io.BytesIO",
    .basicsize = sizeof(struct io_bytes),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE | PY_TYPE_FINALIZER,
    .field_count = 1,
    .fields = bytes_fields,
    .weaklist_offset = offsetof(struct py_io, weaklist),
    .dict_offset = offsetof(struct py_io, dict),
    .super = &py_io_buffered_base_type,
    .dealloc = bytes_dealloc,
    .iternext = bytes_next,
    .init = bytes_init,
    .new_ = io_new,
    .room_offset = offsetof(struct io_bytes, room),
    .room_unit = 1,
    .methods = bytes_methods,
    .getsets = bytes_getsets,
    .doc = "A stream of octets that are kept in memory.",
};
