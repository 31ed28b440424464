/* BufferedReader, BufferedWriter, BufferedRandom: a buffer between the program and a raw file. One
 * object for the three; its type says what it may do. This file makes and closes them, moves them,
 * and has their types; io_buffered_read.c and io_buffered_write.c read and write,
 * io_buffered_raw.c talks to the raw file. io_buffered.h has the layout.
 *
 * raw is any object with the methods of a raw file, and each of them may be Python code that
 * closes, detaches or uses this object. It cannot initialise it anew meanwhile: __init__ enters.
 *
 * The lock is a word that the GIL guards; who finds it taken sleeps in a futex, outside the GIL:
 *
 *     waiter (GIL)  waiters++, s = wakeups  ->  release GIL, sleep while wakeups == s, acquire GIL
 *     owner  (GIL)  owner = 0; if waiters: wakeups++, wake one
 *
 * What open() returns for bytes is not one of these but the faster file of file.c; it stands for
 * these classes (stands_for in struct py_type).
 */
#include "vm/builtins/io_buffered.h"

#include <linux/futex.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vm/builtins/file_impl.h"
#include "vm/memory/dealloc.h"
#include "vm/memory/heap.h"
#include "vm/object/repr_guard.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

enum { REFERENCE_SIZE = 152 }; /* bytes of CPython's object without its buffer; __sizeof__ */

/* ---- entering -------------------------------------------------------------------------------- */

static int wait_for_owner(struct io_buffered *b, uint64_t self)
{
    while (b->owner && b->owner != self) {
        if (py_runtime.finalizing) /* its owner will never run again */
            return py_raise_int(&py_exc_RuntimeError,
                                "could not acquire lock for %R at interpreter shutdown", PY_OBJ(b));
        const uint32_t seen = b->wakeups;
        b->waiters++;
        py_allow_threads_begin();
        syscall(SYS_futex, &b->wakeups, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
        py_allow_threads_end();
        b->waiters--;
    }
    return b->owner ? py_raise_int(&py_exc_RuntimeError, "reentrant call inside %R", PY_OBJ(b)) : 0;
}

int io_buffered_enter(struct io_buffered *b)
{
    const uint64_t self = py_thread_current()->ident;
    if (b->owner && wait_for_owner(b, self) < 0)
        return -1;
    b->owner = self;
    return 0;
}

void io_buffered_leave(struct io_buffered *b)
{
    b->owner = 0;
    if (!b->waiters)
        return;
    __atomic_add_fetch(&b->wakeups, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &b->wakeups, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* ---- may it? --------------------------------------------------------------------------------- */

void io_buffered_empty(struct io_buffered *b)
{
    b->at = b->filled = b->dirty = b->dirty_end = b->raw_at = 0;
}

int io_buffered_check(const struct io_buffered *b)
{
    if (b->ready && b->raw)
        return 0;
    return py_raise_int(&py_exc_ValueError, b->detached ? "raw stream has been detached"
                                                        : "I/O operation on uninitialized object");
}

/* 1, 0 or -1. The object has a raw file. */
static int is_closed(const struct io_buffered *b)
{
    if (io_buffered_over_file(b))
        return io_file_closed(b->raw);
    struct py_object *raw = py_newref(b->raw);
    PY_HOLD(&raw);
    const int closed = io_truth(py_getattr_cstr(raw, "closed"));
    py_clear(raw);
    return closed;
}

int io_buffered_check_open(struct io_buffered *b, const char *message)
{
    if (io_buffered_check(b) < 0)
        return -1;
    const int closed = is_closed(b);
    if (closed <= 0)
        return closed;
    return io_buffered_ahead(b) ? 0 : py_raise_int(&py_exc_ValueError, "%s", message);
}

int io_buffered_demand(struct py_object *o, const char *method)
{
    struct py_object *answer = io_call(o, method, NULL, 0);
    if (!answer)
        return -1;
    const bool able = answer == PY_TRUE;
    py_decref(answer);
    if (able)
        return 0;
    char message[64];
    snprintf(message, sizeof message, "File or stream is not %s.", method);
    return py_file_unsupported(message), -1;
}

int io_buffered_size_argument(struct py_object *o, int64_t *size)
{
    *size = IO_BUFFER_SIZE;
    if (!o)
        return 0;
    *size = py_int_as_ssize(o);
    return *size == -1 && py_error_occurred() ? -1 : 0;
}

/* ---- __init__ -------------------------------------------------------------------------------- */

/* A fresh buffer over raw. Entered. 0 or -1. */
static int start(struct io_buffered *b, struct py_object *raw, int64_t size)
{
    if (size <= 0)
        return py_raise_int(&py_exc_ValueError, "buffer size must be strictly positive");
    uint8_t *const data = py_mem_alloc((size_t)size); /* RAW */
    if (!data)
        return py_raise_no_memory(), -1;
    py_mem_free(b->data);
    b->data = data;
    b->size = size;
    b->place = -1;
    io_buffered_empty(b);
    py_setref(b->raw, py_newref(raw));
    b->detached = false;
    if (io_buffered_raw_tell(b) < 0) /* a pipe */
        py_error_clear();
    b->ready = b->raw != NULL;
    return b->ready ? 0 : io_buffered_check(b);
}

/* function(raw, buffer_size=8192) for what shall be able to do `abilities`. */
static int init(struct py_object *self, const char *function, const char *const *abilities,
                struct py_object *const *args, size_t nargs, struct py_tuple *kwnames)
{
    static const char *const names[] = {"raw", "buffer_size"};
    const struct py_params params = {
        .function = function, .names = names, .count = 2, .required = 1, .keyword_only = 2};
    struct io_buffered *const b = BUFFERED(self);
    struct py_object *in[2] = {NULL};
    int64_t size;
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0 ||
        io_buffered_size_argument(in[1], &size) < 0 || io_buffered_enter(b) < 0)
        return -1;
    b->ready = b->detached = false;
    int status = 0;
    for (; *abilities && status == 0; abilities++)
        status = io_buffered_demand(in[0], *abilities);
    if (status == 0)
        status = start(b, in[0], size);
    io_buffered_leave(b);
    return status;
}

#define INIT(name, function, can_read, can_write, ...)                                   \
    static int name(struct py_object *self, struct py_object *const *args, size_t nargs, \
                    struct py_tuple *kwnames)                                            \
    {                                                                                    \
        static const char *const abilities[] = {__VA_ARGS__, NULL};                      \
        BUFFERED(self)->reads = can_read;                                                \
        BUFFERED(self)->writes = can_write;                                              \
        return init(self, function, abilities, args, nargs, kwnames);                    \
    }
INIT(reader_init, "BufferedReader", true, false, "readable")
INIT(writer_init, "BufferedWriter", false, true, "writable")
INIT(random_init, "BufferedRandom", true, true, "seekable", "readable", "writable")

/* ---- flushing, detaching, closing ------------------------------------------------------------ */

METHOD(reader_flush)
{
    UNUSED;
    struct io_buffered *const b = BUFFERED(self);
    return io_buffered_check(b) < 0 ? NULL : io_call(b->raw, "flush", NULL, 0);
}

METHOD(writer_flush)
{
    UNUSED;
    struct io_buffered *const b = BUFFERED(self);
    if (io_buffered_check_open(b, "flush of closed file") < 0 || io_buffered_enter(b) < 0)
        return NULL;
    const int status = io_buffered_check(b) < 0 ? -1 : io_buffered_settle(b);
    io_buffered_leave(b);
    return status < 0 ? NULL : PY_NONE;
}

METHOD(buffered_detach)
{
    UNUSED;
    struct io_buffered *const b = BUFFERED(self);
    if (io_buffered_check(b) < 0 || io_do(self, "flush", NULL, 0) < 0 || io_buffered_check(b) < 0)
        return NULL;
    struct py_object *const raw = b->raw;
    b->raw = NULL;
    b->detached = true;
    b->ready = false;
    return raw;
}

METHOD(buffered_dealloc_warn)
{
    UNUSED;
    struct io_buffered *const b = BUFFERED(self);
    if (b->ready && b->raw && io_do(b->raw, "_dealloc_warn", args, 1) < 0)
        py_error_clear();
    return PY_NONE;
}

/* raw.close(), and the buffer is of no more use. */
static struct py_object *close_raw(struct io_buffered *b)
{
    if (io_buffered_enter(b) < 0)
        return NULL;
    struct py_object *const result = io_call(b->raw, "close", NULL, 0);
    io_buffered_empty(b);
    io_buffered_leave(b);
    return result;
}

METHOD(buffered_close)
{
    UNUSED;
    struct io_buffered *const b = BUFFERED(self);
    if (io_buffered_check(b) < 0 || io_buffered_enter(b) < 0)
        return NULL;
    const int closed = is_closed(b);
    io_buffered_leave(b);
    if (closed)
        return closed < 0 ? NULL : PY_NONE;
    if (b->io.finalizing)
        buffered_dealloc_warn(self, &self, 1, NULL);
    const int flushed = io_do(self, "flush", NULL, 0);
    struct py_object *first = py_error_fetch();
    PY_HOLD(&first);
    struct py_object *result = close_raw(b);
    PY_HOLD(&result);
    struct py_object *const chained = first;
    first = NULL;
    if (chained && !result)
        py_error_chain_context(chained);
    else if (chained)
        py_error_restore(chained);
    if (flushed < 0)
        py_clear(result);
    return result;
}

/* ---- where it is ----------------------------------------------------------------------------- */

METHOD(buffered_tell)
{
    UNUSED;
    struct io_buffered *const b = BUFFERED(self);
    if (io_buffered_check(b) < 0)
        return NULL;
    const int64_t raw = io_buffered_raw_tell(b);
    if (raw < 0)
        return NULL;
    const int64_t at = raw - (b->raw_at - b->at);
    return py_int_from_i64(at < 0 ? 0 : at);
}

/* Moves within what was read, if `to` lies there. 1 and *place: done; 0: it does not; -1. */
static int seek_in_buffer(struct io_buffered *b, int64_t to, int whence, int64_t *place)
{
    if (!b->reads || whence == SEEK_END || !io_buffered_ahead(b))
        return 0;
    const int64_t raw = b->place >= 0 ? b->place : io_buffered_raw_tell(b);
    if (raw < 0)
        return -1;
    const int64_t here = raw - (b->raw_at - b->at);
    int64_t by = to;
    if ((whence == SEEK_SET && __builtin_sub_overflow(to, here, &by)) || by < -b->at ||
        by > io_buffered_ahead(b) || here + by < 0)
        return 0;
    b->at += by;
    *place = here + by;
    return 1;
}

/* Entered. The new position or -1. */
static int64_t seek_raw(struct io_buffered *b, int64_t to, int whence)
{
    if (io_buffered_check(b) < 0 || (b->writes && io_buffered_write_dirty(b) < 0))
        return -1;
    if (whence == SEEK_CUR)
        to -= b->raw_at - b->at;
    const int64_t place = io_buffered_raw_seek(b, to, whence);
    if (place >= 0)
        io_buffered_empty(b);
    return place;
}

METHOD(buffered_seek)
{
    UNUSED;
    struct io_buffered *const b = BUFFERED(self);
    int whence = SEEK_SET;
    if (io_buffered_check(b) < 0 || (nargs > 1 && int_argument(args[1], &whence) < 0))
        return NULL;
    if (whence < SEEK_SET || whence > SEEK_HOLE)
        return py_raise(&py_exc_ValueError, "whence value %d unsupported", whence);
    if (io_buffered_check_open(b, "seek of closed file") < 0 ||
        io_buffered_demand(b->raw, "seekable") < 0)
        return NULL;
    int64_t place;
    const int64_t to = io_buffered_offset(args[0]);
    if (to == -1 && py_error_occurred())
        return NULL;
    const int within = whence > SEEK_END ? 0 : seek_in_buffer(b, to, whence, &place);
    if (within)
        return within < 0 ? NULL : py_int_from_i64(place);
    if (io_buffered_enter(b) < 0)
        return NULL;
    place = seek_raw(b, to, whence);
    io_buffered_leave(b);
    return place < 0 ? NULL : py_int_from_i64(place);
}

METHOD(buffered_truncate)
{
    UNUSED;
    struct io_buffered *const b = BUFFERED(self);
    if (io_buffered_check_open(b, "truncate of closed file") < 0)
        return NULL;
    if (!b->writes)
        return py_file_unsupported("truncate");
    if (io_buffered_enter(b) < 0)
        return NULL;
    struct py_object *const none = PY_NONE;
    struct py_object *result = NULL;
    PY_HOLD(&result);
    if (io_buffered_settle(b) == 0)
        result = io_call(b->raw, "truncate", nargs ? args : &none, 1);
    if (result && b->raw && io_buffered_raw_tell(b) < 0)
        py_error_clear();
    io_buffered_leave(b);
    return result;
}

/* ---- what raw answers ------------------------------------------------------------------------ */

#define ASKS_RAW(function, name)                                  \
    METHOD(function)                                              \
    {                                                             \
        UNUSED;                                                   \
        return io_buffered_check(BUFFERED(self)) < 0              \
                   ? NULL                                         \
                   : io_call(BUFFERED(self)->raw, name, NULL, 0); \
    }
ASKS_RAW(buffered_fileno, "fileno")
ASKS_RAW(buffered_isatty, "isatty")
ASKS_RAW(buffered_readable, "readable")
ASKS_RAW(buffered_writable, "writable")
ASKS_RAW(buffered_seekable, "seekable")

METHOD(buffered_sizeof)
{
    UNUSED;
    return py_int_from_i64(REFERENCE_SIZE + (BUFFERED(self)->data ? BUFFERED(self)->size : 0));
}

/* A subclass has no state either that could be put into a pickle. */
METHOD(buffered_getstate)
{
    UNUSED;
    return py_raise(&py_exc_TypeError, "cannot pickle '%T' object", self);
}

static struct py_object *attribute_of_raw(struct py_object *self, const char *name)
{
    if (io_buffered_check(BUFFERED(self)) < 0)
        return NULL;
    struct py_object *raw = py_newref(BUFFERED(self)->raw);
    PY_HOLD(&raw);
    struct py_object *value = py_getattr_cstr(raw, name);
    PY_HOLD(&value);
    py_clear(raw);
    return value;
}

static struct py_object *get_closed(struct py_object *self, void *closure)
{
    (void)closure;
    return attribute_of_raw(self, "closed");
}

static struct py_object *get_name(struct py_object *self, void *closure)
{
    (void)closure;
    return attribute_of_raw(self, "name");
}

static struct py_object *get_mode(struct py_object *self, void *closure)
{
    (void)closure;
    return attribute_of_raw(self, "mode");
}

static struct py_object *named_repr(struct py_object *self, struct py_object *name)
{
    struct py_repr_guard guard;
    const int entered = py_repr_enter(&guard, self);
    if (entered > 0)
        py_raise(&py_exc_RuntimeError, "reentrant call inside %s.__repr__", self->type->name);
    if (entered)
        return NULL;
    struct py_object *const text = PY_OBJ(py_str_format_c("<%s name=%R>", self->type->name, name));
    py_repr_leave(&guard);
    return text;
}

static struct py_object *buffered_repr(struct py_object *self)
{
    struct py_object *name = NULL;
    const int has = py_getattr_optional(self, PY_OBJ(py_str_const("name")), &name);
    if (has < 0 && !py_error_matches(&py_exc_ValueError)) /* which says it has no raw file */
        return NULL;
    if (has <= 0) {
        py_error_clear();
        return PY_OBJ(py_str_format_c("<%s>", self->type->name));
    }
    PY_HOLD(&name);
    struct py_object *const text = named_repr(self, name);
    py_clear(name);
    return text;
}

/* ---- the types ------------------------------------------------------------------------------- */

static void buffered_dealloc(struct py_object *o)
{
    py_object_release_common(o);
    py_mem_free(BUFFERED(o)->data);
    py_object_free(o);
}

#define SHARED_METHODS                                                                            \
    METHOD_ROW("detach", buffered_detach, 0, 0), METHOD_ROW("close", buffered_close, 0, 0),       \
        METHOD_ROW("seekable", buffered_seekable, 0, 0),                                          \
        METHOD_ROW("fileno", buffered_fileno, 0, 0), METHOD_ROW("isatty", buffered_isatty, 0, 0), \
        METHOD_ROW("_dealloc_warn", buffered_dealloc_warn, 1, 1),                                 \
        METHOD_ROW("seek", buffered_seek, 1, 2), METHOD_ROW("tell", buffered_tell, 0, 0),         \
        METHOD_ROW("truncate", buffered_truncate, 0, 1),                                          \
        METHOD_ROW("__getstate__", buffered_getstate, 0, 0),                                      \
        METHOD_ROW("__sizeof__", buffered_sizeof, 0, 0)
#define READING_METHODS                                                                           \
    METHOD_ROW("readable", buffered_readable, 0, 0), METHOD_ROW("read", io_buffered_read, 0, 1),  \
        METHOD_ROW("peek", io_buffered_peek, 0, 1), METHOD_ROW("read1", io_buffered_read1, 0, 1), \
        METHOD_ROW("readinto", io_buffered_readinto, 1, 1),                                       \
        METHOD_ROW("readinto1", io_buffered_readinto1, 1, 1),                                     \
        METHOD_ROW("readline", io_buffered_readline, 0, 1)
#define WRITING_METHODS                                                                            \
    METHOD_ROW("writable", buffered_writable, 0, 0), METHOD_ROW("write", io_buffered_write, 1, 1), \
        METHOD_ROW("flush", writer_flush, 0, 0)

static const struct py_method_def reader_methods[] = {
    SHARED_METHODS, READING_METHODS, METHOD_ROW("flush", reader_flush, 0, 0), {.name = NULL}};
static const struct py_method_def writer_methods[] = {
    SHARED_METHODS, WRITING_METHODS, {.name = NULL}};
static const struct py_method_def random_methods[] = {
    SHARED_METHODS, READING_METHODS, WRITING_METHODS, {.name = NULL}};

static const struct py_getset_def buffered_getsets[] = {
    {.name = "closed", .get = get_closed, .doc = "Whether the raw file has been closed."},
    {.name = "name", .get = get_name},
    {.name = "mode", .get = get_mode},
    {.name = NULL},
};
static const struct py_member_def buffered_members[] = {
    {.name = "raw",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct io_buffered, raw),
     .readonly = true},
    {.name = "_finalizing", .kind = PY_MEMBER_BOOL, .offset = offsetof(struct py_io, finalizing)},
    {.name = NULL},
};
static const struct py_field buffered_fields[] = {PY_FIELD(struct py_io, dict),
                                                  PY_FIELD(struct io_buffered, raw)};

#define BUFFERED_TYPE(variable, py_name, init_slot, next_slot, method_table, text)      \
    struct py_type variable = {                                                         \
        .base.base = PY_STATIC_HEADER(&py_type_type),                                   \
        .name = py_name,                                                                \
        .basicsize = sizeof(struct io_buffered),                                        \
        .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE | PY_TYPE_FINALIZER, \
        .field_count = sizeof buffered_fields / sizeof *buffered_fields,                \
        .fields = buffered_fields,                                                      \
        .weaklist_offset = offsetof(struct py_io, weaklist),                            \
        .dict_offset = offsetof(struct py_io, dict),                                    \
        .super = &py_io_buffered_base_type,                                             \
        .dealloc = buffered_dealloc,                                                    \
        .repr = buffered_repr,                                                          \
        .iternext = next_slot,                                                          \
        .init = init_slot,                                                              \
        .new_ = io_new,                                                                 \
        .methods = method_table,                                                        \
        .getsets = buffered_getsets,                                                    \
        .members = buffered_members,                                                    \
        .doc = text,                                                                    \
    }
BUFFERED_TYPE(py_io_reader_type, "_io.BufferedReader", reader_init, io_buffered_next,
              reader_methods, "Reads a raw file in large pieces.");
BUFFERED_TYPE(py_io_writer_type, "_io.BufferedWriter", writer_init, NULL, writer_methods,
              "Writes a raw file in large pieces.");
BUFFERED_TYPE(py_io_random_type, "_io.BufferedRandom", random_init, io_buffered_next,
              random_methods, "Reads and writes a raw file in large pieces, at any place.");
