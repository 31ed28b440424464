/* _IOBase and its three kinds: what every file can do, in terms of what its class defines.
 *
 * A method that a class does not have raises UnsupportedOperation here. Everything else calls the
 * object's own methods by name, because a program may override each of them: readline() reads
 * with read() (and peek() where there is one), tell() seeks, writelines() writes.
 *
 * An object that dies open is closed, as CPython does; what that raises is forgotten.
 */
#include "vm/builtins/io_base.h"

#include <string.h>

#include "vm/builtins/file_impl.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/object/list.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

enum { DEFAULT_BUFFER_SIZE = 8192 };
#define IO(o) ((struct py_io *)(o))

int io_size_argument(struct py_object *const *args, size_t nargs, int64_t *size)
{
    *size = -1;
    if (nargs == 0 || args[0] == PY_NONE)
        return 0;
    if (!args[0]->type->index)
        return py_raise_int(&py_exc_TypeError, "argument should be integer or None, not '%T'",
                            args[0]);
    *size = py_int_as_ssize(args[0]);
    return *size == -1 && py_error_occurred() ? -1 : 0;
}

int io_writable_argument(struct octets *out, struct py_object *o, const char *method)
{
    if (octets_get_writable(out, o) == 0)
        return 0;
    if (!py_error_matches(&py_exc_TypeError))
        return -1;
    py_error_clear();
    return py_raise_int(&py_exc_TypeError,
                        "%s() argument must be read-write bytes-like object, not %T", method, o);
}

struct py_object *io_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                         struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_object *const o = py_object_new(type);
    if (o)
        py_gc_track(o);
    return o;
}

static int io_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                   struct py_tuple *kwnames)
{
    (void)self, (void)args, (void)nargs, (void)kwnames;
    return 0;
}

struct py_object *io_dict_or_none(struct py_object *self)
{
    return IO(self)->dict ? PY_OBJ(IO(self)->dict) : PY_NONE;
}

int io_restore_dict(struct py_object *self, struct py_object *dict)
{
    if (dict == PY_NONE)
        return 0;
    if (!py_dict_check(dict))
        return py_raise_int(&py_exc_TypeError, "third item of state should be a dict, got a %.200s",
                            dict->type->name);
    struct py_dict *const own = py_object_dict(self, true);
    return own ? py_dict_merge(own, dict, 1) : -1;
}

/* ---- calls ----------------------------------------------------------------------------------- */

struct py_object *io_call(struct py_object *o, const char *name, struct py_object *const *args,
                          size_t nargs)
{
    if (!o) /* taken away by what ran meanwhile */
        return py_raise(&py_exc_ValueError, "I/O operation on uninitialized object");
    struct py_object *kept = py_newref(o);
    PY_HOLD(&kept);
    struct py_object *result = py_call_method(kept, py_str_const(name), args, nargs);
    PY_HOLD(&result);
    py_clear(kept);
    return result;
}

int io_do(struct py_object *o, const char *name, struct py_object *const *args, size_t nargs)
{
    struct py_object *const result = io_call(o, name, args, nargs);
    py_xdecref(result);
    return result ? 0 : -1;
}

int io_truth(struct py_object *answer)
{
    if (!answer)
        return -1;
    PY_HOLD(&answer);
    const int truth = py_truth(answer);
    py_clear(answer);
    return truth;
}

int io_ask(struct py_object *o, const char *name)
{
    return io_truth(io_call(o, name, NULL, 0));
}

/* ---- open or closed -------------------------------------------------------------------------- */

/* The attribute `closed`, whatever it is made of. 1, 0 or -1. */
static int is_closed(struct py_object *self)
{
    struct py_object *closed = NULL;
    const int has = py_getattr_optional(self, PY_OBJ(py_str_const("closed")), &closed);
    if (has <= 0)
        return has;
    const int truth = py_truth(closed);
    py_decref(closed);
    return truth;
}

static int check_open(struct py_object *self)
{
    const int closed = is_closed(self);
    return closed > 0 ? py_raise_int(&py_exc_ValueError, "I/O operation on closed file.") : closed;
}

METHOD(io_check_closed)
{
    UNUSED;
    const int closed = is_closed(self);
    if (closed > 0 && nargs && args[0] != PY_NONE)
        return py_raise(&py_exc_ValueError, "%S", args[0]);
    return closed > 0   ? py_raise(&py_exc_ValueError, "I/O operation on closed file.")
           : closed < 0 ? NULL
                        : PY_NONE;
}

/* Asks self.seekable() and so on. */
static struct py_object *check_able(struct py_object *self, const char *method, const char *message,
                                    struct py_object *const *args, size_t nargs)
{
    struct py_object *const answer = py_call_method(self, py_str_const(method), NULL, 0);
    if (!answer)
        return NULL;
    const bool able = answer == PY_TRUE;
    py_decref(answer);
    if (able)
        return PY_TRUE;
    if (nargs && py_str_check(args[0]))
        message = py_str_utf8((struct py_str *)args[0], NULL);
    return message ? py_file_unsupported(message) : NULL;
}

METHOD(io_check_seekable)
{
    UNUSED;
    return check_able(self, "seekable", "File or stream is not seekable.", args, nargs);
}

METHOD(io_check_readable)
{
    UNUSED;
    return check_able(self, "readable", "File or stream is not readable.", args, nargs);
}

METHOD(io_check_writable)
{
    UNUSED;
    return check_able(self, "writable", "File or stream is not writable.", args, nargs);
}

METHOD(io_flush)
{
    UNUSED;
    return IO(self)->closed ? py_raise(&py_exc_ValueError, "I/O operation on closed file.")
                            : PY_NONE;
}

struct py_object *io_close_base(struct py_object *self)
{
    if (IO(self)->closed)
        return PY_NONE;
    struct py_object *const flushed = py_call_method(self, py_str_const("flush"), NULL, 0);
    IO(self)->closed = true;
    py_xdecref(flushed);
    return flushed ? PY_NONE : NULL;
}

METHOD(io_close)
{
    UNUSED;
    return io_close_base(self);
}

static struct py_object *get_closed(struct py_object *self, void *closure)
{
    (void)closure;
    return py_bool_from(IO(self)->closed);
}

static void io_finalize(struct py_object *self)
{
    const int closed = is_closed(self);
    if (closed == 0) {
        IO(self)->finalizing = true;
        struct py_object *const done = py_call_method(self, py_str_const("close"), NULL, 0);
        py_xdecref(done);
    }
    py_error_clear();
}

METHOD(io_enter)
{
    UNUSED;
    return check_open(self) < 0 ? NULL : py_newref(self);
}

METHOD(io_exit)
{
    UNUSED;
    return py_call_method(self, py_str_const("close"), NULL, 0);
}

/* ---- what is not there ----------------------------------------------------------------------- */

#define UNSUPPORTED(function, name)       \
    METHOD(function)                      \
    {                                     \
        UNUSED;                           \
        return py_file_unsupported(name); \
    }
UNSUPPORTED(io_no_seek, "seek")
UNSUPPORTED(io_no_truncate, "truncate")
UNSUPPORTED(io_no_fileno, "fileno")
UNSUPPORTED(io_no_read, "read")
UNSUPPORTED(io_no_read1, "read1")
UNSUPPORTED(io_no_readline, "readline")
UNSUPPORTED(io_no_write, "write")
UNSUPPORTED(io_no_detach, "detach")

METHOD(io_no)
{
    UNUSED;
    return PY_FALSE;
}

METHOD(io_isatty)
{
    UNUSED;
    return check_open(self) < 0 ? NULL : PY_FALSE;
}

METHOD(io_tell)
{
    UNUSED;
    struct py_object *const where[2] = {py_int_from_i64(0), py_int_from_i64(1)}; /* immortal */
    return py_call_method(self, py_str_const("seek"), where, 2);
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* How many octets to ask for: up to the newline that peek() shows, else one. -1: exception. */
static int64_t line_part(struct py_object *self, struct py_object *peek, int64_t left)
{
    if (!peek)
        return 1;
    struct py_object *one = py_int_from_i64(1);
    struct py_object *const ahead = py_call1(peek, one);
    (void)self;
    if (!ahead)
        return -1;
    if (!py_bytes_check(ahead)) {
        py_raise(&py_exc_OSError, "peek() should have returned a bytes object, not '%.200s'",
                 ahead->type->name);
        py_decref(ahead);
        return -1;
    }
    const struct py_bytes *const b = (struct py_bytes *)ahead;
    const uint8_t *const newline = memchr(b->data, '\n', (size_t)b->base.size);
    int64_t n = newline ? newline - b->data + 1 : b->base.size;
    py_decref(ahead);
    n = n ? n : 1;
    return left >= 0 && n > left ? left : n;
}

METHOD(io_readline)
{
    UNUSED;
    int64_t size;
    if (io_size_argument(args, nargs, &size) < 0)
        return NULL;
    struct py_object *peek = NULL, *line = NULL, *part = NULL;
    PY_HOLD(&peek);
    PY_HOLD(&line);
    PY_HOLD(&part);
    bool ok = py_getattr_optional(self, PY_OBJ(py_str_const("peek")), &peek) >= 0;
    uint8_t *data = NULL; /* RAW */
    int64_t length = 0;
    bool more = true;
    while (ok && more && (size < 0 || length < size)) {
        const int64_t n = line_part(self, peek, size < 0 ? -1 : size - length);
        struct py_object *count = n < 0 ? NULL : py_int_from_i64(n);
        part = count ? py_call_method(self, py_str_const("read"), &count, 1) : NULL;
        py_xdecref(count);
        ok = part != NULL;
        if (ok && !py_bytes_check(part)) {
            py_raise(&py_exc_OSError, "read() should have returned a bytes object, not '%.200s'",
                     part->type->name);
            ok = false;
        }
        const int64_t got = ok ? ((struct py_bytes *)part)->base.size : 0;
        uint8_t *const grown = got ? py_mem_realloc(data, (size_t)(length + got)) : NULL;
        if (grown) {
            data = grown;
            memcpy(data + length, ((struct py_bytes *)part)->data, (size_t)got);
            length += got;
        } else if (got) {
            py_raise_no_memory();
            ok = false;
        }
        more = got > 0 && ok && data[length - 1] != '\n';
        py_clear(part);
    }
    if (ok)
        line = PY_OBJ(py_bytes_from(length ? (void *)data : "", (size_t)length));
    py_mem_free(data);
    py_clear(peek);
    struct py_object *const result = line;
    line = NULL;
    return result;
}

static struct py_object *io_iter(struct py_object *self)
{
    return check_open(self) < 0 ? NULL : py_newref(self);
}

static struct py_object *io_next(struct py_object *self)
{
    struct py_object *line = py_call_method(self, py_str_const("readline"), NULL, 0);
    if (!line)
        return NULL;
    PY_HOLD(&line);
    if (py_length(line) <= 0)
        py_clear(line);
    return line;
}

METHOD(io_readlines)
{
    UNUSED;
    int64_t hint, total = 0;
    if (io_size_argument(args, nargs, &hint) < 0)
        return NULL;
    struct py_object *it = py_iter(self), *line = NULL;
    struct py_list *lines = it ? py_list_new(0) : NULL;
    PY_HOLD(&it);
    PY_HOLD(&line);
    PY_HOLD(&lines);
    while (lines && (line = py_next(it))) {
        const int64_t n = hint > 0 ? py_length(line) : 0;
        const int status = n < 0 ? -1 : py_list_append(lines, line);
        total += n;
        py_clear(line);
        if (status < 0 || (hint > 0 && total > hint))
            break;
    }
    if (lines && py_error_occurred())
        py_clear(lines);
    py_clear(it);
    return PY_OBJ(lines);
}

METHOD(io_writelines)
{
    UNUSED;
    if (check_open(self) < 0)
        return NULL;
    struct py_object *it = py_iter(args[0]), *line = NULL;
    if (!it)
        return NULL;
    PY_HOLD(&it);
    PY_HOLD(&line);
    bool ok = true;
    while (ok && (line = py_next(it))) {
        struct py_object *const done = py_call_method(self, py_str_const("write"), &line, 1);
        ok = done != NULL;
        py_xdecref(done);
        py_clear(line);
    }
    py_clear(it);
    return ok && !py_error_occurred() ? PY_NONE : NULL;
}

/* ---- raw and buffered ------------------------------------------------------------------------ */

static struct py_object *read_all(struct py_object *self)
{
    struct py_object *part = NULL, *size = py_int_from_i64(DEFAULT_BUFFER_SIZE);
    struct py_object *all = size ? py_bytearray_from(NULL, 0) : NULL;
    PY_HOLD(&part);
    PY_HOLD(&size);
    PY_HOLD(&all);
    struct py_object *result = NULL;
    bool none = false;
    while (all && (part = py_call_method(self, py_str_const("read"), &size, 1))) {
        const bool empty = part == PY_NONE || (py_bytes_check(part) && py_length(part) == 0);
        none = part == PY_NONE;
        if (!empty && !py_bytes_check(part)) {
            py_raise(&py_exc_TypeError, "read() should return bytes");
            py_clear(all);
        } else if (!empty) {
            struct py_object *const done = py_call_method(all, py_str_const("extend"), &part, 1);
            if (!done)
                py_clear(all);
            py_xdecref(done);
        }
        py_clear(part);
        if (empty) {
            result = none && py_length(all) == 0 ? PY_NONE : py_bytes_from_object(all);
            break;
        }
    }
    py_clear(all);
    py_clear(size);
    return result;
}

METHOD(raw_no)
{
    UNUSED;
    struct py_object *e = py_exc_make(&py_exc_NotImplementedError, NULL, 0);
    if (e) {
        PY_HOLD(&e);
        py_raise_instance(e);
        py_clear(e);
    }
    return NULL;
}

METHOD(raw_readall)
{
    UNUSED;
    return read_all(self);
}

METHOD(raw_read)
{
    UNUSED;
    int64_t size;
    if (io_size_argument(args, nargs, &size) < 0)
        return NULL;
    if (size < 0)
        return py_call_method(self, py_str_const("readall"), NULL, 0);
    struct py_object *buffer = py_bytearray_from(NULL, (size_t)size), *got = NULL, *result = NULL;
    if (!buffer)
        return NULL;
    memset(((struct py_bytearray *)buffer)->data ? ((struct py_bytearray *)buffer)->data
                                                 : (uint8_t *)&size,
           0, ((struct py_bytearray *)buffer)->data ? (size_t)size : 0);
    PY_HOLD(&buffer);
    PY_HOLD(&got);
    got = py_call_method(self, py_str_const("readinto"), &buffer, 1);
    if (got == PY_NONE) {
        result = PY_NONE;
    } else if (got) {
        const int64_t n = py_int_as_ssize(got);
        const int64_t there =
            ((struct py_bytearray *)buffer)->base.size; /* readinto may shrink it */
        if (n < 0 || n > size || n > there) {
            if (!py_error_occurred())
                py_raise(&py_exc_ValueError, "readinto returned %lld outside buffer size %lld",
                         (long long)n, (long long)(there < size ? there : size));
        } else {
            result = PY_OBJ(
                py_bytes_from(n ? (void *)((struct py_bytearray *)buffer)->data : "", (size_t)n));
        }
    }
    py_clear(got);
    py_clear(buffer);
    return result;
}

static struct py_object *read_into(struct py_object *self, struct py_object *to, const char *method,
                                   const char *into)
{
    OCTETS(out);
    if (io_writable_argument(&out, to, into) < 0)
        return NULL;
    struct py_object *size = py_int_from_i64(out.length), *data = NULL;
    if (!size)
        return NULL;
    PY_HOLD(&size);
    PY_HOLD(&data);
    data = py_call_method(self, py_str_const(method), &size, 1);
    py_clear(size);
    struct py_object *result = NULL;
    if (data && !py_bytes_check(data)) {
        py_raise(&py_exc_TypeError, "read() should return bytes");
    } else if (data) {
        const int64_t n = ((struct py_bytes *)data)->base.size;
        if (n > out.length) {
            py_raise(&py_exc_ValueError,
                     "read() returned too much data: %lld bytes requested, %lld returned",
                     (long long)out.length, (long long)n);
        } else {
            memcpy(out.data, ((struct py_bytes *)data)->data, (size_t)n);
            result = py_int_from_i64(n);
        }
    }
    py_clear(data);
    return result;
}

METHOD(buffered_readinto)
{
    UNUSED;
    return read_into(self, args[0], "read", "readinto");
}

METHOD(buffered_readinto1)
{
    UNUSED;
    return read_into(self, args[0], "read1", "readinto1");
}

/* ---- the types ------------------------------------------------------------------------------- */

static struct py_object *get_dict(struct py_object *self, void *closure)
{
    (void)closure;
    struct py_dict *const d = py_object_dict(self, true);
    return d ? PY_OBJ(py_newref(d)) : NULL;
}

static struct py_object *get_none(struct py_object *self, void *closure)
{
    (void)self, (void)closure;
    return PY_NONE;
}

static const struct py_method_def base_methods[] = {
    METHOD_ROW("seek", io_no_seek, 0, -1),
    METHOD_ROW("tell", io_tell, 0, 0),
    METHOD_ROW("truncate", io_no_truncate, 0, -1),
    METHOD_ROW("flush", io_flush, 0, 0),
    METHOD_ROW("close", io_close, 0, 0),
    METHOD_ROW("seekable", io_no, 0, 0),
    METHOD_ROW("readable", io_no, 0, 0),
    METHOD_ROW("writable", io_no, 0, 0),
    METHOD_ROW("_checkClosed", io_check_closed, 0, 1),
    METHOD_ROW("_checkSeekable", io_check_seekable, 0, 1),
    METHOD_ROW("_checkReadable", io_check_readable, 0, 1),
    METHOD_ROW("_checkWritable", io_check_writable, 0, 1),
    METHOD_ROW("fileno", io_no_fileno, 0, 0),
    METHOD_ROW("isatty", io_isatty, 0, 0),
    METHOD_ROW("__enter__", io_enter, 0, 0),
    METHOD_ROW("__exit__", io_exit, 0, -1),
    METHOD_ROW("readline", io_readline, 0, 1),
    METHOD_ROW("readlines", io_readlines, 0, 1),
    METHOD_ROW("writelines", io_writelines, 1, 1),
    {.name = NULL},
};
static const struct py_getset_def base_getsets[] = {
    {.name = "__dict__", .get = get_dict},
    {.name = "closed", .get = get_closed},
    {.name = NULL},
};
static const struct py_field base_fields[] = {PY_FIELD(struct py_io, dict)};

#define IO_TYPE_FLAGS (PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE | PY_TYPE_FINALIZER)
struct py_type py_io_base_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_io._IOBase",
    .basicsize = sizeof(struct py_io),
    .flags = IO_TYPE_FLAGS,
    .field_count = 1,
    .fields = base_fields,
    .weaklist_offset = offsetof(struct py_io, weaklist),
    .dict_offset = offsetof(struct py_io, dict),
    .finalize = io_finalize,
    .iter = io_iter,
    .iternext = io_next,
    .init = io_init,
    .new_ = io_new,
    .methods = base_methods,
    .getsets = base_getsets,
    .doc = "The abstract base class for all I/O classes.",
};

static const struct py_method_def raw_methods[] = {
    METHOD_ROW("read", raw_read, 0, 1),
    METHOD_ROW("readall", raw_readall, 0, 0),
    METHOD_ROW("readinto", raw_no, 0, -1),
    METHOD_ROW("write", raw_no, 0, -1),
    {.name = NULL},
};
static const struct py_method_def buffered_methods[] = {
    METHOD_ROW("detach", io_no_detach, 0, 0),
    METHOD_ROW("read", io_no_read, 0, -1),
    METHOD_ROW("read1", io_no_read1, 0, -1),
    METHOD_ROW("readinto", buffered_readinto, 1, 1),
    METHOD_ROW("readinto1", buffered_readinto1, 1, 1),
    METHOD_ROW("write", io_no_write, 0, -1),
    {.name = NULL},
};
static const struct py_method_def text_methods[] = {
    METHOD_ROW("detach", io_no_detach, 0, 0),
    METHOD_ROW("read", io_no_read, 0, -1),
    METHOD_ROW("readline", io_no_readline, 0, -1),
    METHOD_ROW("write", io_no_write, 0, -1),
    {.name = NULL},
};
static const struct py_getset_def text_getsets[] = {
    {.name = "encoding", .get = get_none},
    {.name = "newlines", .get = get_none},
    {.name = "errors", .get = get_none},
    {.name = NULL},
};

#define KIND(c_name, py_name, method_table, getset_table, text) \
    struct py_type c_name = {                                   \
        .base.base = PY_STATIC_HEADER(&py_type_type),           \
        .name = py_name,                                        \
        .basicsize = sizeof(struct py_io),                      \
        .flags = IO_TYPE_FLAGS,                                 \
        .field_count = 1,                                       \
        .fields = base_fields,                                  \
        .weaklist_offset = offsetof(struct py_io, weaklist),    \
        .dict_offset = offsetof(struct py_io, dict),            \
        .super = &py_io_base_type,                              \
        .methods = method_table,                                \
        .getsets = getset_table,                                \
        .doc = text,                                            \
    }
KIND(py_io_raw_base_type, "_io._RawIOBase", raw_methods, NULL,
     "What raw streams of octets inherit from.");
KIND(py_io_buffered_base_type, "_io._BufferedIOBase", buffered_methods, NULL,
     "Base class for buffered IO objects.");
KIND(py_io_text_base_type, "_io._TextIOBase", text_methods, text_getsets,
     "Base class for text I/O.");
