/* Files over a descriptor, with one buffer for each direction. Opening is in file_open.c, Python's
 * methods in file_methods.c.
 *
 * Text is decoded when it is handed out: the input buffer holds bytes in which newlines are
 * already translated, so a line ends at the byte \n in every supported encoding (UTF-8, ASCII,
 * Latin-1). Writing encodes at once into the output buffer.
 *
 * System calls run without the GIL. Meanwhile another thread may use the same file: so the bytes
 * to write are taken out of the file first, and bytes read arrive in memory of the call's own.
 * Interleaving is then up to the program, but nothing is lost or written twice.
 *
 * Nothing here keeps errors for later: what a flush at exit cannot write is reported there.
 */
#include "vm/builtins/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vm/builtins/file_impl.h"
#include "vm/builtins/io_base.h"
#include "vm/memory/dealloc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/signals.h"
#include "vm/runtime/warn.h"

/* --- may it? --- */

struct py_object *py_file_unsupported_type(void)
{
    static struct py_object *type;
    if (type)
        return type;
    struct py_str *name = py_str_from_cstr("UnsupportedOperation");
    struct py_tuple *bases = py_tuple_pack(2, PY_OBJ(&py_exc_OSError), PY_OBJ(&py_exc_ValueError));
    struct py_dict *space = py_dict_new();
    struct py_str *module = py_str_from_cstr("io");
    if (name && bases && space && module &&
        py_dict_set_cstr(space, "__module__", PY_OBJ(module)) == 0)
        type = PY_OBJ(py_type_create(&py_type_type, name, bases, space, NULL, NULL));
    py_xdecref(name);
    py_xdecref(bases);
    py_xdecref(space);
    py_xdecref(module);
    return type ? py_runtime_root(type) : NULL;
}

void *py_file_unsupported(const char *message)
{
    struct py_object *type = py_file_unsupported_type();
    return type ? py_raise((struct py_type *)type, "%s", message) : NULL;
}

int py_file_check_open(struct py_file *f)
{
    const struct py_file *at = f->owner ? AS_FILE(f->owner) : f;
    if (at->fd < 0 || f->fd < 0)
        return py_raise_int(&py_exc_ValueError, "I/O operation on closed file.");
    return 0;
}

int py_file_check_readable(struct py_file *f)
{
    if (py_file_check_open(f) < 0)
        return -1;
    if (!f->readable)
        return py_file_unsupported(f->binary ? "read" : "not readable"), -1;
    return 0;
}

int py_file_check_writable(struct py_file *f)
{
    if (py_file_check_open(f) < 0)
        return -1;
    if (!f->writable)
        return py_file_unsupported(f->binary ? "write" : "not writable"), -1;
    return 0;
}

/* --- writing --- */

/* Gives n bytes to the system, without the GIL. *done: how many of them it took, also on failure.
 */
static int write_all(int fd, const char *data, size_t n, size_t *done)
{
    *done = 0;
    while (*done < n) {
        py_allow_threads_begin();
        const ssize_t written = write(fd, data + *done, n - *done);
        const int error = errno;
        py_allow_threads_end();
        if (written < 0 && error == EINTR) {
            if (py_safepoint(py_thread_current()) < 0)
                return -1;
            continue;
        }
        if (written < 0)
            return py_raise_os_error(error, NULL), -1;
        *done += (size_t)written;
    }
    return 0;
}

int py_file_flush_out(struct py_file *f)
{
    if (f->out_length == 0)
        return 0;
    char *const data = f->out;
    const size_t n = f->out_length;
    f->out = NULL; /* other threads start a new buffer */
    f->out_length = 0;
    size_t done;
    const int result = write_all(f->fd, data, n, &done);
    if (f->out) { /* which is why what was not written cannot be kept */
        py_mem_free(data);
        return result;
    }
    f->out = data;
    f->out_length = n - done; /* for another try, and so that it is not lost in silence */
    memmove(data, data + done, n - done);
    return result;
}

int py_file_put(struct py_file *f, const char *data, size_t n)
{
    if (f->owner && py_file_flush_out(AS_FILE(f->owner)) < 0)
        return -1;
    if (f->in_end > f->in_start && py_file_drop_readahead(f) < 0)
        return -1;
    /* Another thread may fill the buffer while this one writes. */
    while (f->out_length > 0 && f->out_length + n > FILE_BUFFER)
        if (py_file_flush_out(f) < 0)
            return -1;
    size_t done;
    if (n >= FILE_BUFFER)
        return write_all(f->fd, data, n, &done);
    if (!f->out && !(f->out = py_mem_alloc(FILE_BUFFER)))
        return py_raise_no_memory(), -1;
    memcpy(f->out + f->out_length, data, n);
    f->out_length += n;
    return 0;
}

static int put_text(struct py_file *f, const char *data, size_t n)
{
    if (f->newline != PY_NEWLINE_CRLF)
        return py_file_put(f, data, n);
    while (n > 0) {
        const char *newline = memchr(data, '\n', n);
        const size_t part = newline ? (size_t)(newline - data) : n;
        if (py_file_put(f, data, part) < 0 || (newline && py_file_put(f, "\r\n", 2) < 0))
            return -1;
        data += part + (newline != NULL);
        n -= part + (newline != NULL);
    }
    return 0;
}

int py_file_write_str(struct py_object *file, struct py_str *text)
{
    struct py_file *f = AS_FILE(file);
    if (py_file_check_writable(f) < 0)
        return -1;
    const char *data;
    size_t n;
    struct py_object *encoded = NULL;
    PY_HOLD(&encoded);
    if (text->ascii) {
        data = py_str_data(text);
        n = (size_t)text->length;
    } else {
        encoded = py_str_encode(PY_OBJ(text), py_str_utf8((struct py_str *)f->encoding, NULL),
                                py_str_utf8((struct py_str *)f->errors, NULL));
        if (!encoded)
            return -1;
        data = (const char *)((struct py_bytes *)encoded)->data;
        n = (size_t)((struct py_bytes *)encoded)->base.size;
    }
    int result = put_text(f, data, n);
    if (result == 0 && (f->write_through || (f->line_buffered && memchr(data, '\n', n))))
        result = py_file_flush_out(f);
    py_clear(encoded);
    return result;
}

int py_file_flush(struct py_object *file)
{
    struct py_file *f = AS_FILE(file);
    return py_file_check_open(f) < 0 ? -1 : py_file_flush_out(f);
}

/* --- reading --- */

static int reserve_in(struct py_file *f, size_t n)
{
    if (f->in_start > 0) {
        memmove(f->in, f->in + f->in_start, f->in_end - f->in_start);
        f->in_end -= f->in_start;
        f->in_start = 0;
    }
    if (f->in_end + n <= f->in_capacity)
        return 0;
    size_t capacity = f->in_capacity ? f->in_capacity * 2 : FILE_BUFFER;
    while (capacity < f->in_end + n)
        capacity *= 2;
    char *in = py_mem_realloc(f->in, capacity);
    if (!in)
        return py_raise_no_memory(), -1;
    f->in = in;
    f->in_capacity = capacity;
    return 0;
}

/* Appends bytes, with \r\n and \r made \n where the file says so: run by run, as \r is rare. */
static void append_in(struct py_file *f, const char *data, size_t n)
{
    const bool translates = !f->binary && f->newline == PY_NEWLINE_UNIVERSAL;
    const char *const end = data + n;
    char *to = f->in + f->in_end;
    if (f->carry_cr && translates && n > 0) {
        const bool pair = *data == '\n'; /* its \r became the newline */
        f->newlines |= pair ? SEEN_CRLF : SEEN_CR;
        data += pair;
        f->carry_cr = 0;
    }
    while (data < end) {
        const size_t left = (size_t)(end - data);
        const char *const cr = translates ? memchr(data, '\r', left) : NULL;
        const size_t run = cr ? (size_t)(cr - data) : left;
        if (translates && !(f->newlines & SEEN_LF) && memchr(data, '\n', run))
            f->newlines |= SEEN_LF;
        memcpy(to, data, run);
        to += run;
        data += run;
        if (!cr)
            break;
        *to++ = '\n';
        data++;
        f->carry_cr = data == end;
        if (data < end) {
            const bool pair = *data == '\n';
            f->newlines |= pair ? SEEN_CRLF : SEEN_CR;
            data += pair;
        }
    }
    f->in_end = (size_t)(to - f->in);
}

/* One read without the GIL. -1: exception. */
static ssize_t read_once(int fd, void *to, size_t want)
{
    /* A signal that came since the last safepoint would not interrupt the read. */
    if (py_signals_run() < 0)
        return -1;
    for (;;) {
        py_allow_threads_begin();
        const ssize_t n = read(fd, to, want);
        const int error = errno;
        py_allow_threads_end();
        if (n >= 0)
            return n;
        if (error != EINTR)
            return py_raise_os_error(error, NULL), -1;
        if (py_safepoint(py_thread_current()) < 0)
            return -1;
    }
}

int py_file_fill(struct py_file *f)
{
    if (f->out_length > 0 && py_file_flush_out(f) < 0)
        return -1;
    const size_t waiting = f->in_end - f->in_start;
    const size_t want = waiting > FILE_BUFFER ? waiting : FILE_BUFFER;
    char *data = malloc(want);
    if (!data)
        return py_raise_no_memory(), -1;
    const ssize_t n = read_once(f->fd, data, want);
    int result = n > 0 ? 1 : (int)n;
    if (n > 0 && reserve_in(f, (size_t)n) < 0)
        result = -1;
    else if (n > 0)
        append_in(f, data, (size_t)n);
    if (n == 0 && f->carry_cr) { /* nothing belongs to it */
        f->newlines |= SEEN_CR;
        f->carry_cr = 0;
    }
    free(data);
    return result;
}

struct py_object *py_file_read_long(struct py_file *f, size_t size)
{
    if (f->out_length > 0 && py_file_flush_out(f) < 0)
        return NULL;
    struct py_bytes *whole = py_bytes_from(NULL, size);
    if (!whole)
        return NULL;
    PY_HOLD(&whole);
    size_t have = f->in_end - f->in_start;
    if (have)
        memcpy(whole->data, f->in + f->in_start, have);
    f->in_start = f->in_end = 0;
    ssize_t n = 1;
    while (have < size && (n = read_once(f->fd, whole->data + have, size - have)) > 0)
        have += (size_t)n;
    if (have == size)
        return PY_OBJ(whole);
    struct py_object *part = NULL;
    if (n == 0)
        part = PY_OBJ(py_bytes_from(have ? whole->data : (const uint8_t *)"", have));
    else if (have && reserve_in(f, have) == 0)
        append_in(f, (const char *)whole->data, have); /* for another try */
    py_clear(whole);
    return part;
}

/* Where a walk back over `translated` bytes from the place `at` ends: \r\n was made one byte. */
static off_t walk_back(int fd, off_t at, size_t translated)
{
    char block[4096];
    while (translated > 0 && at > 0) {
        const size_t n = at < (off_t)sizeof block ? (size_t)at : sizeof block;
        if (pread(fd, block, n, at - (off_t)n) != (ssize_t)n)
            break; /* it was cut short meanwhile */
        size_t i = n;
        while (translated > 0 && i > 0) {
            if (block[i - 1] == '\n' && i == 1 && at > (off_t)n)
                break; /* what is before it? */
            i -= block[i - 1] == '\n' && i > 1 && block[i - 2] == '\r' ? 2 : 1;
            translated--;
        }
        at -= (off_t)(n - i);
    }
    return at;
}

off_t py_file_ahead(const struct py_file *f)
{
    const size_t waiting = f->in_end - f->in_start;
    if (!f->carry_cr && !(f->newlines & SEEN_CRLF))
        return (off_t)waiting;
    const off_t at = lseek(f->fd, 0, SEEK_CUR);
    char next;
    if (at < 0)
        return (off_t)waiting;
    if (waiting == 0)
        return f->carry_cr && pread(f->fd, &next, 1, at) == 1 && next == '\n' ? -1 : 0;
    return at - walk_back(f->fd, at, waiting);
}

int py_file_drop_readahead(struct py_file *f)
{
    const off_t ahead = py_file_ahead(f);
    f->in_start = f->in_end = 0;
    f->carry_cr = 0;
    if (ahead && lseek(f->fd, -ahead, SEEK_CUR) < 0 && errno != ESPIPE)
        return py_raise_os_error(errno, NULL), -1;
    return 0;
}

struct py_object *py_file_take(struct py_file *f, size_t n)
{
    const uint8_t *data = (const uint8_t *)f->in + f->in_start;
    struct py_object *result;
    if (f->binary)
        result = PY_OBJ(py_bytes_from(n ? (const void *)data : "", n));
    else
        result = py_bytes_decode(n ? data : (const uint8_t *)"", n,
                                 py_str_utf8((struct py_str *)f->encoding, NULL),
                                 py_str_utf8((struct py_str *)f->errors, NULL));
    f->in_start += n;
    if (f->in_start == f->in_end)
        f->in_start = f->in_end = 0;
    return result;
}

/* Bytes at the start of data[0..n) that make `chars` characters, as far as they are there. */
static size_t bytes_of_chars(const struct py_file *f, const char *data, size_t n, int64_t *chars)
{
    if (!f->is_utf8) {
        const size_t k = (uint64_t)*chars < n ? (size_t)*chars : n;
        *chars -= (int64_t)k;
        return k;
    }
    size_t i = 0;
    while (i<n && * chars> 0) {
        i++;
        while (i < n && ((unsigned char)data[i] & 0xc0) == 0x80)
            i++;
        --*chars;
    }
    return i;
}

struct py_object *py_file_readline(struct py_file *f, int64_t limit)
{
    size_t searched = 0;
    for (;;) {
        const char *start = f->in + f->in_start;
        const size_t n = f->in_end - f->in_start;
        const char *newline = n > searched ? memchr(start + searched, '\n', n - searched) : NULL;
        size_t line = newline ? (size_t)(newline - start) + 1 : n;
        int64_t left = limit;
        if (limit >= 0 && line > 0) {
            const size_t limited = f->binary ? (size_t)limit < line ? (size_t)limit : line
                                             : bytes_of_chars(f, start, line, &left);
            if (limited < line) {
                line = limited;
                newline = start; /* found, as far as it is wanted */
            }
        }
        if (newline || limit == 0)
            return py_file_take(f, line);
        searched = n;
        const int got = py_file_fill(f);
        if (got < 0)
            return NULL;
        if (got == 0)
            return py_file_take(f, n);
    }
}

/* --- closing --- */

static int close_fd(struct py_file *f)
{
    const int fd = f->fd;
    f->fd = -1;
    if (!f->close_fd || f->owner)
        return 0;
    py_allow_threads_begin();
    const int result = close(fd);
    const int error = errno;
    py_allow_threads_end();
    if (result < 0 && error != EINTR)
        return py_raise_os_error(error, NULL), -1;
    return 0;
}

int py_file_close(struct py_file *f)
{
    if (f->fd < 0)
        return 0;
    const int flushed = py_file_flush_out(f);
    struct py_object *pending = py_error_fetch();
    PY_HOLD(&pending);
    const int closed = close_fd(f);
    f->out_length = 0;
    if (pending) {
        struct py_object *first = pending;
        pending = NULL;
        py_error_restore(first);
    }
    return flushed < 0 || closed < 0 ? -1 : 0;
}

static void file_finalize(struct py_object *o)
{
    const struct py_file *const f = AS_FILE(o);
    if (f->fd >= 0 && f->close_fd && !f->owner)
        py_warn_unclosed(o, "unclosed file %R", o);
}

/* Death of an open file: no Python code, no exception, the GIL is kept. */
static void file_dealloc(struct py_object *o)
{
    struct py_file *f = AS_FILE(o);
    for (size_t done = 0; f->fd >= 0 && done < f->out_length;) {
        const ssize_t n = write(f->fd, f->out + done, f->out_length - done);
        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    if (f->fd >= 0 && f->close_fd && !f->owner)
        close(f->fd);
    f->fd = -1;
    py_object_release_common(o);
    py_mem_free(f->in);
    py_mem_free(f->out);
    py_object_free(o);
}

/* --- the types --- */

static struct py_object *file_iter(struct py_object *o)
{
    return py_file_check_open(AS_FILE(o)) < 0 ? NULL : py_newref(o);
}

static struct py_object *file_next(struct py_object *o)
{
    struct py_file *f = AS_FILE(o);
    if (py_file_check_readable(f) < 0)
        return NULL;
    struct py_object *line = py_file_readline(f, -1);
    if (!line)
        return NULL;
    const bool empty = f->binary ? ((struct py_bytes *)line)->base.size == 0
                                 : ((struct py_str *)line)->length == 0;
    if (!empty)
        return line;
    py_decref(line);
    return NULL;
}

static struct py_object *file_repr(struct py_object *o)
{
    const struct py_file *f = AS_FILE(o);
    if (f->binary)
        return PY_OBJ(py_str_format_c("<%s name=%R>", o->type->name, f->name));
    return PY_OBJ(py_str_format_c("<%s name=%R mode=%R encoding=%R>", o->type->name, f->name,
                                  f->mode, f->encoding));
}

static const struct py_field file_fields[] = {
    PY_FIELD(struct py_file, name),     PY_FIELD(struct py_file, mode),
    PY_FIELD(struct py_file, encoding), PY_FIELD(struct py_file, errors),
    PY_FIELD(struct py_file, buffer),   PY_FIELD(struct py_file, owner),
    PY_FIELD(struct py_file, dict),     PY_FIELD_END};

#define FILE_FLAGS (PY_TYPE_GC | PY_TYPE_IMMUTABLE | PY_TYPE_DISALLOW_NEW | PY_TYPE_FINALIZER)
#define FILE_TYPE(variable, type_name, io_class, method_table, getset_table) \
    struct py_type variable = {                                              \
        .base.base = PY_STATIC_HEADER(&py_type_type),                        \
        .name = type_name,                                                   \
        .basicsize = sizeof(struct py_file),                                 \
        .flags = FILE_FLAGS,                                                 \
        .field_count = sizeof file_fields / sizeof file_fields[0] - 1,       \
        .fields = file_fields,                                               \
        .weaklist_offset = offsetof(struct py_file, weaklist),               \
        .dict_offset = offsetof(struct py_file, dict),                       \
        .finalize = file_finalize,                                           \
        .dealloc = file_dealloc,                                             \
        .repr = file_repr,                                                   \
        .iter = file_iter,                                                   \
        .iternext = file_next,                                               \
        .stands_for = io_class,                                              \
        .methods = method_table,                                             \
        .getsets = getset_table,                                             \
    }
FILE_TYPE(py_text_file_type, "_io.TextIOWrapper", &py_io_text_type, py_text_file_methods,
          py_text_file_getsets);
FILE_TYPE(py_buffered_reader_type, "_io.BufferedReader", &py_io_reader_type, py_binary_file_methods,
          py_binary_file_getsets);
FILE_TYPE(py_buffered_writer_type, "_io.BufferedWriter", &py_io_writer_type, py_binary_file_methods,
          py_binary_file_getsets);
FILE_TYPE(py_buffered_random_type, "_io.BufferedRandom", &py_io_random_type, py_binary_file_methods,
          py_binary_file_getsets);
