/* FileIO: a descriptor and nothing between it and the program. Each method is one system call, or
 * as many as a signal makes of it; nothing is kept here but what open() was told.
 *
 *     fd             -1 once closed, or before __init__ succeeded
 *     closes         closing the object closes the descriptor (closefd)
 *     seekable       not known until somebody asks; the answer is kept
 *
 * A call that would block on a descriptor that does not wait returns None; one that a signal
 * interrupts is repeated unless the signal's handler raises. All of them run without the GIL, on
 * a copy of fd: another thread may close the object meanwhile, which is the program's business.
 *
 * What is read goes straight into the bytes object that is returned if it is long: it is not
 * tracked, and nobody has seen it yet.
 *
 * An object that dies open closes its descriptor and warns (ResourceWarning). Closing is _IOBase's
 * close() first, which flushes as a subclass defines it.
 */
#include <string.h>
#include <unistd.h>

#include "vm/builtins/file_impl.h"
#include "vm/builtins/io_base.h"
#include "vm/builtins/posix_files.h"
#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/repr_guard.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/warn.h"

enum { SMALL_READ = 2048, FIRST_CHUNK = 8192, DEFAULT_BLOCK = 8192, MAX_BLOCK = (1 << 23) - 1 };
enum { SEEK_UNKNOWN, SEEK_NO, SEEK_YES };

struct io_file {
    struct py_io io;
    int32_t fd;
    uint32_t creates : 1, reads : 1, writes : 1, appends : 1, closes : 1, seekable : 2;
    uint32_t block : 23; /* st_blksize */
};
#define FILE_IO(o) ((struct io_file *)(o))

/* After a failed call: its exception. A signal's handler may have raised one already. */
static void *failed(void)
{
    return py_error_occurred() ? NULL : py_raise_os_error(errno, NULL);
}

bool io_file_closed(const struct py_object *file)
{
    return ((const struct io_file *)file)->fd < 0;
}

static int check_open(const struct io_file *f)
{
    return f->fd < 0 ? py_raise_int(&py_exc_ValueError, "I/O operation on closed file") : 0;
}

static int check_reads(const struct io_file *f)
{
    if (check_open(f) < 0)
        return -1;
    return f->reads ? 0 : (py_file_unsupported("File not open for reading"), -1);
}

static int check_writes(const struct io_file *f)
{
    if (check_open(f) < 0)
        return -1;
    return f->writes ? 0 : (py_file_unsupported("File not open for writing"), -1);
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Fills in what the mode text says; -1: ValueError. *flags: for open(). */
static int parse_mode(struct io_file *f, struct py_object *text, int *flags)
{
    size_t length = 1;
    const char *const mode = text ? py_str_utf8((struct py_str *)text, &length) : "r";
    if (!mode)
        return -1;
    if (strlen(mode) != length)
        return py_raise_int(&py_exc_ValueError, "embedded null character");
    int kinds = 0, plus = 0;
    *flags = O_CLOEXEC;
    f->creates = f->reads = f->writes = f->appends = 0;
    for (const char *p = mode; *p; p++) {
        if (!strchr("xrwab+", *p))
            return py_raise_int(&py_exc_ValueError, "invalid mode: %.200s", mode);
        kinds += *p != 'b' && *p != '+';
        plus += *p == '+';
        f->creates |= *p == 'x';
        f->reads |= *p == 'r';
        f->writes |= *p == 'x' || *p == 'w' || *p == 'a';
        f->appends |= *p == 'a';
        *flags |= *p == 'x'   ? O_CREAT | O_EXCL
                  : *p == 'w' ? O_CREAT | O_TRUNC
                  : *p == 'a' ? O_CREAT | O_APPEND
                              : 0;
    }
    if (kinds != 1 || plus > 1)
        return py_raise_int(&py_exc_ValueError,
                            "Must have exactly one of create/read/write/append mode and at most "
                            "one plus");
    f->reads |= plus != 0;
    f->writes |= plus != 0;
    *flags |= plus ? O_RDWR : f->reads ? O_RDONLY : O_WRONLY;
    return 0;
}

static int close_descriptor(struct io_file *f)
{
    const int fd = f->fd;
    f->fd = -1;
    if (fd < 0)
        return 0;
    py_allow_threads_begin();
    const int r = close(fd);
    const int number = errno;
    py_allow_threads_end();
    return r < 0 ? (py_raise_os_error(number, NULL), -1) : 0;
}

/* Undoes a failed __init__: the exception that is pending stays. */
static void give_up(struct io_file *f, bool own)
{
    struct py_object *pending = py_error_fetch();
    PY_HOLD(&pending);
    if (own)
        close_descriptor(f);
    f->fd = -1;
    struct py_object *const restored = pending;
    pending = NULL;
    py_error_restore(restored); /* drops what close() may have raised */
}

/* What the system says of the descriptor. -1: it is none, or a folder. */
static int examine(struct io_file *f, struct py_object *name)
{
    struct stat st;
    int r;
    WAITING(r, fstat(f->fd, &st));
    if (r < 0)
        return errno == EBADF || py_error_occurred() ? (failed(), -1) : 0;
    if (S_ISDIR(st.st_mode))
        return py_raise_os_error(EISDIR, name), -1;
    if (st.st_blksize > 1 && st.st_blksize <= MAX_BLOCK)
        f->block = (uint32_t)st.st_blksize;
    return 0;
}

/* The descriptor that the first argument is; -1 for a path, -2 with an exception. */
static int number_argument(struct py_object *o)
{
    int fd;
    if (int_argument(o, &fd) == 0)
        return fd >= 0 ? fd : (py_raise(&py_exc_ValueError, "negative file descriptor"), -2);
    py_error_clear();
    return -1;
}

/* Opens by name, with the opener if there is one. -1: exception. */
static int open_named(struct py_object *name, struct py_object *opener, int flags)
{
    if (opener && opener != PY_NONE) {
        struct py_object *const path = py_file_path(name);
        if (!path)
            return -1;
        py_decref(path); /* it only has to be one */
        return py_file_call_opener(opener, name, flags);
    }
    return py_file_open_path(name, flags);
}

static int file_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                     struct py_tuple *kwnames)
{
    static const char *const names[] = {"file", "mode", "closefd", "opener"};
    static const struct py_params params = {
        .function = "FileIO", .names = names, .count = 4, .required = 1, .keyword_only = 4};
    struct io_file *const f = FILE_IO(self);
    struct py_object *in[4] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return -1;
    if (in[1] && !py_str_check(in[1]))
        return py_raise_int(&py_exc_TypeError, "FileIO() argument 'mode' must be str, not %T",
                            in[1]);
    const int closes = in[2] ? py_truth(in[2]) : 1;
    if (closes < 0 || (f->fd >= 0 && f->closes && close_descriptor(f) < 0))
        return -1;
    f->fd = -1;
    f->block = DEFAULT_BLOCK;
    f->seekable = SEEK_UNKNOWN;
    int flags;
    int fd = number_argument(in[0]);
    const bool own = fd == -1;
    if (fd < -1 || parse_mode(f, in[1], &flags) < 0)
        return -1;
    if (own && !closes)
        return py_raise_int(&py_exc_ValueError, "Cannot use closefd=False with file name");
    if (own && (fd = open_named(in[0], in[3], flags)) < 0)
        return -1;
    f->closes = closes != 0;
    f->fd = fd;
    if (examine(f, in[0]) < 0 || py_setattr_cstr(self, "name", in[0]) < 0) {
        give_up(f, own);
        return -1;
    }
    if (f->appends)
        (void)!lseek(fd, 0, SEEK_END); /* a pipe has no end */
    return 0;
}

static struct py_object *file_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                                  struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_object *const o = py_object_new(type);
    if (!o)
        return NULL;
    FILE_IO(o)->fd = -1;
    FILE_IO(o)->closes = 1;
    py_gc_track(o);
    return o;
}

/* ---- closing --------------------------------------------------------------------------------- */

/* Warns that an open file died: source is what the program knew it as. */
METHOD(file_dealloc_warn)
{
    UNUSED;
    const struct io_file *const f = FILE_IO(self);
    if (f->fd < 0 || !f->closes)
        return PY_NONE;
    py_warn_unclosed(args[0], "unclosed file %R", args[0]);
    return PY_NONE;
}

METHOD(file_close)
{
    UNUSED;
    struct io_file *const f = FILE_IO(self);
    struct py_object *const flushed = io_close_base(self);
    if (!f->closes) {
        f->fd = -1;
        return flushed;
    }
    struct py_object *first = py_error_fetch();
    PY_HOLD(&first);
    if (f->io.finalizing)
        file_dealloc_warn(self, &self, 1, NULL);
    const int closed = close_descriptor(f);
    struct py_object *const chained = first;
    first = NULL;
    if (closed < 0 && chained)
        py_error_chain_context(chained);
    else if (chained)
        py_error_restore(chained);
    return closed < 0 || !flushed ? NULL : PY_NONE;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Without the GIL. -1: errno says why, unless an exception is pending. */
static ssize_t read_some(const struct io_file *f, void *to, size_t n)
{
    const int fd = f->fd;
    ssize_t got;
    if (py_signals_run() < 0) /* it would not interrupt the call */
        return -1;
    WAITING(got, read(fd, to, n));
    return got;
}

static struct py_object *would_block_or_failed(void)
{
    return errno == EAGAIN && !py_error_occurred() ? PY_NONE : failed();
}

/* What a transfer of io_base.h answers, for n of a system call. */
static int64_t octets_moved(ssize_t n)
{
    if (n >= 0)
        return n;
    return would_block_or_failed() ? IO_WOULD_BLOCK : -1;
}

int64_t io_file_read_octets(struct py_object *file, void *to, int64_t n)
{
    const struct io_file *const f = FILE_IO(file);
    return check_reads(f) < 0 ? -1 : octets_moved(read_some(f, to, (size_t)n));
}

static struct py_object *read_all(struct io_file *f)
{
    struct stat st;
    if (check_open(f) < 0)
        return NULL;
    const off_t at = lseek(f->fd, 0, SEEK_CUR);
    const bool known = at >= 0 && fstat(f->fd, &st) == 0 && st.st_size > at;
    size_t room = known ? (size_t)(st.st_size - at) + 1 : FIRST_CHUNK, n = 0;
    uint8_t *data = py_mem_alloc(room); /* RAW */
    ssize_t got = data ? 1 : -1;
    while (data && (got = read_some(f, data + n, room - n)) > 0) {
        n += (size_t)got;
        if (n < room)
            continue;
        room += n > 65536 ? n / 8 : n < FIRST_CHUNK ? FIRST_CHUNK : n + 256;
        uint8_t *const grown = py_mem_realloc(data, room);
        if (!grown) {
            py_mem_free(data);
            data = NULL;
            break;
        }
        data = grown;
    }
    struct py_object *const result = !data ? py_raise_no_memory()
                                     : got < 0 && (n == 0 || errno != EAGAIN || py_error_occurred())
                                         ? would_block_or_failed()
                                         : PY_OBJ(py_bytes_from(n ? (void *)data : "", n));
    py_mem_free(data);
    return result;
}

METHOD(file_readall)
{
    UNUSED;
    return read_all(FILE_IO(self));
}

METHOD(file_read)
{
    UNUSED;
    struct io_file *const f = FILE_IO(self);
    int64_t size;
    if (io_size_argument(args, nargs, &size) < 0 || check_reads(f) < 0)
        return NULL;
    if (size < 0)
        return read_all(f);
    if (size <= SMALL_READ) {
        uint8_t small[SMALL_READ];
        const ssize_t n = read_some(f, small, (size_t)size);
        return n < 0 ? would_block_or_failed() : PY_OBJ(py_bytes_from(small, (size_t)n));
    }
    struct py_bytes *whole = py_bytes_from(NULL, (size_t)size);
    if (!whole)
        return NULL;
    PY_HOLD(&whole);
    const ssize_t n = read_some(f, whole->data, (size_t)size);
    if (n == size)
        return PY_OBJ(whole);
    struct py_object *const part =
        n < 0 ? would_block_or_failed()
              : PY_OBJ(py_bytes_from(n ? whole->data : (uint8_t *)"", (size_t)n));
    py_clear(whole);
    return part;
}

METHOD(file_readinto)
{
    UNUSED;
    struct io_file *const f = FILE_IO(self);
    OCTETS(out);
    if (io_writable_argument(&out, args[0], "readinto") < 0 || check_reads(f) < 0)
        return NULL;
    const ssize_t n = read_some(f, out.data, (size_t)out.length);
    return n < 0 ? would_block_or_failed() : py_int_from_i64(n);
}

/* ---- writing --------------------------------------------------------------------------------- */

static ssize_t write_some(const struct io_file *f, const void *from, size_t n)
{
    const int fd = f->fd;
    ssize_t took;
    WAITING(took, write(fd, from, n));
    return took;
}

int64_t io_file_write_octets(struct py_object *file, const void *from, int64_t n)
{
    const struct io_file *const f = FILE_IO(file);
    return check_writes(f) < 0 ? -1 : octets_moved(write_some(f, from, (size_t)n));
}

METHOD(file_write)
{
    UNUSED;
    struct io_file *const f = FILE_IO(self);
    OCTETS(in);
    if (octets_get(&in, args[0]) < 0 || check_writes(f) < 0)
        return NULL;
    const ssize_t n = write_some(f, in.data, (size_t)in.length);
    return n < 0 ? would_block_or_failed() : py_int_from_i64(n);
}

/* ---- where it is ----------------------------------------------------------------------------- */

/* The new position, or -1: errno, or an exception. */
static off_t move(struct io_file *f, off_t by, int whence)
{
    const int fd = f->fd;
    py_allow_threads_begin();
    const off_t at = lseek(fd, by, whence);
    const int number = errno;
    py_allow_threads_end();
    errno = number;
    if (f->seekable == SEEK_UNKNOWN)
        f->seekable = at >= 0 ? SEEK_YES : SEEK_NO;
    return at;
}

METHOD(file_seek)
{
    UNUSED;
    struct io_file *const f = FILE_IO(self);
    int whence = SEEK_SET;
    int64_t by;
    if ((nargs > 1 && int_argument(args[1], &whence) < 0) || check_open(f) < 0 ||
        i64_argument(args[0], &by) < 0)
        return NULL;
    const off_t at = move(f, by, whence);
    return at < 0 ? failed() : py_int_from_i64(at);
}

METHOD(file_tell)
{
    UNUSED;
    if (check_open(FILE_IO(self)) < 0)
        return NULL;
    const off_t at = move(FILE_IO(self), 0, SEEK_CUR);
    return at < 0 ? failed() : py_int_from_i64(at);
}

METHOD(file_truncate)
{
    UNUSED;
    struct io_file *const f = FILE_IO(self);
    if (check_writes(f) < 0)
        return NULL;
    const bool given = nargs && args[0] != PY_NONE;
    int64_t size;
    if (given && i64_argument(args[0], &size) < 0)
        return NULL;
    if (!given && (size = move(f, 0, SEEK_CUR)) < 0)
        return failed();
    const int fd = f->fd;
    int r;
    WAITING(r, ftruncate(fd, size));
    return r < 0 ? failed() : given ? py_newref(args[0]) : py_int_from_i64(size);
}

/* ---- questions ------------------------------------------------------------------------------- */

METHOD(file_fileno)
{
    UNUSED;
    return check_open(FILE_IO(self)) < 0 ? NULL : py_int_from_i64(FILE_IO(self)->fd);
}

METHOD(file_isatty)
{
    UNUSED;
    return check_open(FILE_IO(self)) < 0 ? NULL : py_bool_from(isatty(FILE_IO(self)->fd));
}

METHOD(file_readable)
{
    UNUSED;
    return check_open(FILE_IO(self)) < 0 ? NULL : py_bool_from(FILE_IO(self)->reads);
}

METHOD(file_writable)
{
    UNUSED;
    return check_open(FILE_IO(self)) < 0 ? NULL : py_bool_from(FILE_IO(self)->writes);
}

METHOD(file_seekable)
{
    UNUSED;
    struct io_file *const f = FILE_IO(self);
    if (check_open(f) < 0)
        return NULL;
    if (f->seekable == SEEK_UNKNOWN)
        (void)move(f, 0, SEEK_CUR);
    return py_bool_from(f->seekable == SEEK_YES);
}

static const char *mode_text(const struct io_file *f)
{
    if (f->creates)
        return f->reads ? "xb+" : "xb";
    if (f->appends)
        return f->reads ? "ab+" : "ab";
    return !f->reads ? "wb" : f->writes ? "rb+" : "rb";
}

static struct py_object *file_repr(struct py_object *self)
{
    const struct io_file *const f = FILE_IO(self);
    if (f->fd < 0)
        return PY_OBJ(py_str_from_cstr("<_io.FileIO [closed]>"));
    const char *const closes = f->closes ? "True" : "False";
    struct py_object *name = NULL, *text = NULL;
    PY_HOLD(&name);
    const int has = py_getattr_optional(self, PY_OBJ(py_str_const("name")), &name);
    if (has < 0)
        return NULL;
    if (has == 0)
        return PY_OBJ(py_str_format_c("<_io.FileIO fd=%d mode='%s' closefd=%s>", (int)f->fd,
                                      mode_text(f), closes));
    struct py_repr_guard guard;
    const int entered = py_repr_enter(&guard, self);
    if (entered == 0) {
        text = PY_OBJ(py_str_format_c("<_io.FileIO name=%R mode='%s' closefd=%s>", name,
                                      mode_text(f), closes));
        py_repr_leave(&guard);
    } else if (entered > 0) {
        py_raise(&py_exc_RuntimeError, "reentrant call inside %s.__repr__", self->type->name);
    }
    py_clear(name);
    return text;
}

static struct py_object *get_closed(struct py_object *self, void *closure)
{
    (void)closure;
    return py_bool_from(FILE_IO(self)->fd < 0);
}

static struct py_object *get_closefd(struct py_object *self, void *closure)
{
    (void)closure;
    return py_bool_from(FILE_IO(self)->closes);
}

static struct py_object *get_mode(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(py_str_from_cstr(mode_text(FILE_IO(self))));
}

static struct py_object *get_block(struct py_object *self, void *closure)
{
    (void)closure;
    return py_int_from_i64(FILE_IO(self)->block);
}

/* ---- the type -------------------------------------------------------------------------------- */

static const struct py_method_def file_methods[] = {
    METHOD_ROW("read", file_read, 0, 1),
    METHOD_ROW("readall", file_readall, 0, 0),
    METHOD_ROW("readinto", file_readinto, 1, 1),
    METHOD_ROW("write", file_write, 1, 1),
    METHOD_ROW("seek", file_seek, 1, 2),
    METHOD_ROW("tell", file_tell, 0, 0),
    METHOD_ROW("truncate", file_truncate, 0, 1),
    METHOD_ROW("close", file_close, 0, 0),
    METHOD_ROW("seekable", file_seekable, 0, 0),
    METHOD_ROW("readable", file_readable, 0, 0),
    METHOD_ROW("writable", file_writable, 0, 0),
    METHOD_ROW("fileno", file_fileno, 0, 0),
    METHOD_ROW("isatty", file_isatty, 0, 0),
    METHOD_ROW("_dealloc_warn", file_dealloc_warn, 1, 1),
    {.name = NULL},
};
static const struct py_getset_def file_getsets[] = {
    {.name = "closed", .get = get_closed, .doc = "Whether the file has been closed."},
    {.name = "closefd", .get = get_closefd, .doc = "Whether closing closes the descriptor."},
    {.name = "mode", .get = get_mode, .doc = "How the file was opened."},
    {.name = "_blksize", .get = get_block},
    {.name = NULL},
};
static const struct py_member_def file_members[] = {
    {.name = "_finalizing", .kind = PY_MEMBER_BOOL, .offset = offsetof(struct py_io, finalizing)},
    {.name = NULL},
};
static const struct py_field file_fields[] = {PY_FIELD(struct py_io, dict)};

struct py_type py_io_file_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_io.FileIO",
    .basicsize = sizeof(struct io_file),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE | PY_TYPE_FINALIZER,
    .field_count = 1,
    .fields = file_fields,
    .weaklist_offset = offsetof(struct py_io, weaklist),
    .dict_offset = offsetof(struct py_io, dict),
    .super = &py_io_raw_base_type,
    .repr = file_repr,
    .init = file_init,
    .new_ = file_new,
    .methods = file_methods,
    .getsets = file_getsets,
    .members = file_members,
    .doc = "A file that is read and written by system calls, without a buffer.",
};
