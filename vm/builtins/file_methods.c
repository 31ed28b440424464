/* Methods and attributes of files. */
#include "vm/builtins/file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "vm/builtins/file_impl.h"
#include "vm/builtins/io_base.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/buffer.h"
#include "vm/object/bytes.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED_ARGS (void)args, (void)nargs, (void)kwnames

/* An optional size argument: None and missing are -1. */
static int size_argument(struct py_object *const *args, size_t nargs, int64_t *size)
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

static size_t waiting(const struct py_file *f)
{
    return f->in_end - f->in_start;
}

static struct py_object *read_all(struct py_file *f)
{
    int got;
    do
        got = py_file_fill(f);
    while (got > 0);
    return got < 0 ? NULL : py_file_take(f, waiting(f));
}

/* Characters of UTF-8 in the buffer, counted until there are `want`; *bytes of them. */
static int64_t count_chars(const struct py_file *f, int64_t want, size_t *bytes)
{
    const char *data = f->in + f->in_start;
    const size_t n = waiting(f);
    int64_t chars = 0;
    size_t i = 0;
    while (i < n && chars < want) {
        i++;
        while (i < n && ((unsigned char)data[i] & 0xc0) == 0x80)
            i++;
        chars++;
    }
    *bytes = i;
    return chars;
}

METHOD(file_read)
{
    (void)kwnames;
    struct py_file *f = AS_FILE(self);
    int64_t size;
    if (size_argument(args, nargs, &size) < 0 || py_file_check_readable(f) < 0)
        return NULL;
    if (size < 0)
        return read_all(f);
    if (f->binary && size >= FILE_BUFFER && (size_t)size > waiting(f))
        return py_file_read_long(f, (size_t)size);
    const bool multibyte = !f->binary && f->is_utf8;
    for (;;) {
        size_t bytes = waiting(f) < (size_t)size ? waiting(f) : (size_t)size;
        int64_t have = (int64_t)bytes;
        if (multibyte)
            have = count_chars(f, size, &bytes);
        /* The last character may go on in the next chunk: one byte beyond it must be there. */
        if (have >= size && (!multibyte || bytes < waiting(f) || bytes == (size_t)size))
            return py_file_take(f, bytes);
        const int got = py_file_fill(f);
        if (got < 0)
            return NULL;
        if (got == 0)
            return py_file_take(f, bytes);
    }
}

METHOD(file_readline)
{
    (void)kwnames;
    int64_t size;
    if (size_argument(args, nargs, &size) < 0 || py_file_check_readable(AS_FILE(self)) < 0)
        return NULL;
    return py_file_readline(AS_FILE(self), size);
}

METHOD(file_readlines)
{
    (void)kwnames;
    int64_t hint, total = 0;
    if (size_argument(args, nargs, &hint) < 0 || py_file_check_readable(AS_FILE(self)) < 0)
        return NULL;
    struct py_list *list = py_list_new(0);
    if (!list)
        return NULL;
    PY_HOLD(&list);
    struct py_object *line;
    while ((line = self->type->iternext(self)) != NULL) {
        total += AS_FILE(self)->binary ? ((struct py_bytes *)line)->base.size
                                       : ((struct py_str *)line)->length;
        if (py_list_append_steal(list, line) < 0)
            break;
        if (hint > 0 && total >= hint)
            break;
    }
    if (py_error_occurred())
        py_clear(list);
    return PY_OBJ(list);
}

METHOD(text_write)
{
    UNUSED_ARGS;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "write() argument must be str, not %T", args[0]);
    if (py_file_write_str(self, (struct py_str *)args[0]) < 0)
        return NULL;
    return py_int_from_i64(((struct py_str *)args[0])->length);
}

METHOD(binary_write)
{
    UNUSED_ARGS;
    struct py_file *f = AS_FILE(self);
    const uint8_t *data;
    size_t n;
    if (py_file_check_writable(f) < 0 || py_bytes_view(args[0], &data, &n) < 0)
        return NULL;
    if (py_file_put(f, (const char *)data, n) < 0)
        return NULL;
    if (f->write_through && py_file_flush_out(f) < 0)
        return NULL;
    return py_int_from_i64((int64_t)n);
}

METHOD(file_writelines)
{
    UNUSED_ARGS;
    struct py_object *it = py_iter(args[0]), *line = NULL, *written = NULL;
    if (!it)
        return NULL;
    PY_HOLD(&it);
    PY_HOLD(&line);
    bool bad = false;
    while (!bad && (line = py_next(it)) != NULL) {
        written = AS_FILE(self)->binary ? binary_write(self, &line, 1, NULL)
                                        : text_write(self, &line, 1, NULL);
        bad = !written;
        py_xdecref(written);
        py_clear(line);
    }
    py_clear(it);
    return py_error_occurred() ? NULL : py_newref(PY_NONE);
}

METHOD(file_flush)
{
    UNUSED_ARGS;
    return py_file_flush(self) < 0 ? NULL : py_newref(PY_NONE);
}

METHOD(file_close)
{
    UNUSED_ARGS;
    return py_file_close(AS_FILE(self)) < 0 ? NULL : py_newref(PY_NONE);
}

METHOD(file_fileno)
{
    UNUSED_ARGS;
    return py_file_check_open(AS_FILE(self)) < 0 ? NULL : py_int_from_i64(AS_FILE(self)->fd);
}

METHOD(file_isatty)
{
    UNUSED_ARGS;
    return py_file_check_open(AS_FILE(self)) < 0 ? NULL : py_bool_from(isatty(AS_FILE(self)->fd));
}

METHOD(file_readable)
{
    UNUSED_ARGS;
    return py_file_check_open(AS_FILE(self)) < 0 ? NULL : py_bool_from(AS_FILE(self)->readable);
}

METHOD(file_writable)
{
    UNUSED_ARGS;
    return py_file_check_open(AS_FILE(self)) < 0 ? NULL : py_bool_from(AS_FILE(self)->writable);
}

METHOD(file_seekable)
{
    UNUSED_ARGS;
    if (py_file_check_open(AS_FILE(self)) < 0)
        return NULL;
    return py_bool_from(lseek(AS_FILE(self)->fd, 0, SEEK_CUR) >= 0);
}

METHOD(file_seek)
{
    (void)kwnames;
    struct py_file *f = AS_FILE(self);
    const int64_t offset = py_int_as_i64(args[0]);
    if (offset == -1 && py_error_occurred())
        return NULL;
    int64_t whence = SEEK_SET;
    if (nargs > 1 && (whence = py_int_as_i64(args[1])) == -1 && py_error_occurred())
        return NULL;
    if (py_file_check_open(f) < 0)
        return NULL;
    if (whence < 0 || whence > 2)
        return py_raise(&py_exc_ValueError, "invalid whence (%ld, should be 0, 1 or 2)",
                        (long)whence);
    if (!f->binary && whence != SEEK_SET && offset != 0)
        return py_file_unsupported(whence == SEEK_CUR ? "can't do nonzero cur-relative seeks"
                                                      : "can't do nonzero end-relative seeks");
    if (!f->binary && offset < 0)
        return py_raise(&py_exc_ValueError, "negative seek position %ld", (long)offset);
    if (py_file_flush_out(f) < 0 || py_file_drop_readahead(f) < 0)
        return NULL;
    if (offset == 0 && whence == SEEK_SET)
        f->newlines = 0;
    const off_t at = lseek(f->fd, offset, (int)whence);
    return at < 0 ? py_raise_os_error(errno, NULL) : py_int_from_i64(at);
}

METHOD(file_tell)
{
    UNUSED_ARGS;
    struct py_file *f = AS_FILE(self);
    if (py_file_check_open(f) < 0 || py_file_flush_out(f) < 0)
        return NULL;
    const off_t at = lseek(f->fd, 0, SEEK_CUR);
    return at < 0 ? py_raise_os_error(errno, NULL)
                  : py_int_from_i64((int64_t)(at - py_file_ahead(f)));
}

METHOD(file_truncate)
{
    (void)kwnames;
    struct py_file *f = AS_FILE(self);
    int64_t size;
    if (size_argument(args, nargs, &size) < 0 || py_file_check_writable(f) < 0 ||
        py_file_flush_out(f) < 0 || py_file_drop_readahead(f) < 0)
        return NULL;
    if (size < 0)
        size = lseek(f->fd, 0, SEEK_CUR);
    if (size < 0 || ftruncate(f->fd, size) < 0)
        return py_raise_os_error(errno, NULL);
    return py_int_from_i64(size);
}

METHOD(file_enter)
{
    UNUSED_ARGS;
    return py_file_check_open(AS_FILE(self)) < 0 ? NULL : py_newref(self);
}

METHOD(file_exit)
{
    UNUSED_ARGS;
    return py_file_close(AS_FILE(self)) < 0 ? NULL : py_newref(PY_NONE);
}

/* At most one read from the system: 1 there are bytes, 0 the end, -1. */
static int fill_once(struct py_file *f)
{
    if (py_file_check_readable(f) < 0)
        return -1;
    return waiting(f) > 0 ? 1 : py_file_fill(f);
}

METHOD(binary_read1)
{
    (void)kwnames;
    struct py_file *f = AS_FILE(self);
    int64_t size;
    if (size_argument(args, nargs, &size) < 0 || py_file_check_readable(f) < 0)
        return NULL;
    if (size != 0 && fill_once(f) < 0)
        return NULL;
    return py_file_take(f, size < 0 || (size_t)size > waiting(f) ? waiting(f) : (size_t)size);
}

METHOD(binary_peek)
{
    UNUSED_ARGS;
    struct py_file *f = AS_FILE(self);
    if (fill_once(f) < 0)
        return NULL;
    return PY_OBJ(py_bytes_from(waiting(f) ? f->in + f->in_start : "", waiting(f)));
}

/* Fills a buffer as far as the file goes, or (readinto1) as one read from the system does. */
static struct py_object *read_into(struct py_object *self, struct py_object *to, bool once)
{
    struct py_file *f = AS_FILE(self);
    struct py_buffer out;
    if (py_file_check_readable(f) < 0 || py_buffer_get_writable(to, &out) < 0)
        return NULL;
    int got = 1;
    while (got > 0 && (int64_t)waiting(f) < out.length && !(once && waiting(f) > 0))
        got = py_file_fill(f);
    const size_t n = waiting(f) < (size_t)out.length ? waiting(f) : (size_t)out.length;
    if (got >= 0 && n) {
        memcpy(out.data, f->in + f->in_start, n);
        f->in_start += n;
    }
    py_buffer_release(to);
    return got < 0 ? NULL : py_int_from_i64((int64_t)n);
}

METHOD(binary_readinto)
{
    UNUSED_ARGS;
    return read_into(self, args[0], false);
}

METHOD(binary_readinto1)
{
    UNUSED_ARGS;
    return read_into(self, args[0], true);
}

/* stdout.reconfigure(line_buffering=..., write_through=..., errors=...). */
METHOD(text_reconfigure)
{
    static const char *const names[] = {"encoding", "errors", "newline", "line_buffering",
                                        "write_through"};
    static const struct py_params params = {
        .function = "reconfigure", .names = names, .count = 5, .keyword_only = 0};
    struct py_object *in[5] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    struct py_file *f = AS_FILE(self);
    if (py_file_flush(self) < 0)
        return NULL;
    if (in[0] && py_str_check(in[0])) {
        struct py_object *probe =
            py_str_encode(PY_OBJ(py_str_empty()), py_str_utf8((struct py_str *)in[0], NULL), NULL);
        if (!probe)
            return NULL;
        py_decref(probe);
        py_setref(f->encoding, py_newref(in[0]));
        const char *name = py_str_utf8((struct py_str *)in[0], NULL);
        f->is_utf8 = strncasecmp(name, "utf", 3) == 0;
    }
    if (in[1] && py_str_check(in[1]))
        py_setref(f->errors, py_newref(in[1]));
    if (in[3] && in[3] != PY_NONE)
        f->line_buffered = py_truth(in[3]) == 1;
    if (in[4] && in[4] != PY_NONE)
        f->write_through = py_truth(in[4]) == 1;
    return py_error_occurred() ? NULL : py_newref(PY_NONE);
}

#define FILE_METHOD(method, function, low, high)                          \
    {                                                                     \
        .name = method, .fn = function, .min_args = low, .max_args = high \
    }
#define SHARED_METHODS                                                                            \
    FILE_METHOD("read", file_read, 0, 1), FILE_METHOD("readline", file_readline, 0, 1),           \
        FILE_METHOD("readlines", file_readlines, 0, 1),                                           \
        FILE_METHOD("writelines", file_writelines, 1, 1), FILE_METHOD("flush", file_flush, 0, 0), \
        FILE_METHOD("close", file_close, 0, 0), FILE_METHOD("fileno", file_fileno, 0, 0),         \
        FILE_METHOD("isatty", file_isatty, 0, 0), FILE_METHOD("readable", file_readable, 0, 0),   \
        FILE_METHOD("writable", file_writable, 0, 0),                                             \
        FILE_METHOD("seekable", file_seekable, 0, 0), FILE_METHOD("seek", file_seek, 1, 2),       \
        FILE_METHOD("tell", file_tell, 0, 0), FILE_METHOD("truncate", file_truncate, 0, 1),       \
        FILE_METHOD("__enter__", file_enter, 0, 0), FILE_METHOD("__exit__", file_exit, 0, 3)

const struct py_method_def py_text_file_methods[] = {
    SHARED_METHODS,
    FILE_METHOD("write", text_write, 1, 1),
    {.name = "reconfigure", .fn = text_reconfigure, .max_args = -1, .flags = PY_METH_KEYWORDS},
    {.name = NULL},
};
const struct py_method_def py_binary_file_methods[] = {
    SHARED_METHODS,
    FILE_METHOD("write", binary_write, 1, 1),
    FILE_METHOD("read1", binary_read1, 0, 1),
    FILE_METHOD("peek", binary_peek, 0, 1),
    FILE_METHOD("readinto", binary_readinto, 1, 1),
    FILE_METHOD("readinto1", binary_readinto1, 1, 1),
    {.name = NULL},
};

/* --- attributes --- */

static struct py_object *get_closed(struct py_object *self, void *closure)
{
    (void)closure;
    return py_bool_from(AS_FILE(self)->fd < 0);
}

static struct py_object *get_name(struct py_object *self, void *closure)
{
    (void)closure;
    return py_newref(AS_FILE(self)->name);
}

/* Whoever opened it by a descriptor may give it a better name (tempfile does). */
static int set_name(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    if (!value)
        return py_raise_int(&py_exc_AttributeError, "can't delete attribute");
    py_setref(AS_FILE(self)->name, py_newref(value));
    return 0;
}

static struct py_object *get_mode(struct py_object *self, void *closure)
{
    (void)closure;
    return py_newref(AS_FILE(self)->mode);
}

/* As a raw file says it, whatever open() was told. */
static struct py_object *get_binary_mode(struct py_object *self, void *closure)
{
    (void)closure;
    const struct py_file *const f = AS_FILE(self);
    const bool made = py_str_find((struct py_str *)f->mode, py_str_const("x"), 0, 3) >= 0;
    const char *const both = f->readable && f->writable ? "+" : "";
    const char *const what = made ? "x" : f->appending ? "a" : f->readable ? "r" : "w";
    return PY_OBJ(py_str_format_c("%sb%s", what, both));
}

static struct py_object *get_encoding(struct py_object *self, void *closure)
{
    (void)closure;
    return py_newref(AS_FILE(self)->encoding);
}

static struct py_object *get_errors(struct py_object *self, void *closure)
{
    (void)closure;
    return py_newref(AS_FILE(self)->errors);
}

static struct py_object *get_newlines(struct py_object *self, void *closure)
{
    (void)closure;
    return io_newlines_object(AS_FILE(self)->newlines);
}

static struct py_object *get_line_buffering(struct py_object *self, void *closure)
{
    (void)closure;
    return py_bool_from(AS_FILE(self)->line_buffered);
}

/* The binary file below: shares the descriptor, writes through. */
static struct py_object *get_buffer(struct py_object *self, void *closure)
{
    (void)closure;
    struct py_file *f = AS_FILE(self);
    if (f->buffer)
        return py_newref(f->buffer);
    if (f->fd >= 0 && (py_file_flush_out(f) < 0 || py_file_drop_readahead(f) < 0))
        return NULL;
    struct py_type *type = f->readable && f->writable ? &py_buffered_random_type
                           : f->readable              ? &py_buffered_reader_type
                                                      : &py_buffered_writer_type;
    struct py_file *b = py_object_new(type);
    if (!b)
        return NULL;
    b->fd = f->fd;
    b->binary = 1;
    b->readable = f->readable;
    b->writable = f->writable;
    b->write_through = 1;
    b->name = py_newref(f->name);
    b->appending = f->appending;
    b->mode = py_newref(f->mode);
    b->owner = py_newref(self);
    py_gc_track(b);
    f->buffer = PY_OBJ(b);
    return py_newref(f->buffer);
}

const struct py_getset_def py_text_file_getsets[] = {
    {.name = "closed", .get = get_closed},
    {.name = "name", .get = get_name, .set = set_name},
    {.name = "mode", .get = get_mode},
    {.name = "encoding", .get = get_encoding},
    {.name = "errors", .get = get_errors},
    {.name = "newlines", .get = get_newlines},
    {.name = "line_buffering", .get = get_line_buffering},
    {.name = "buffer", .get = get_buffer},
    {.name = NULL},
};
const struct py_getset_def py_binary_file_getsets[] = {
    {.name = "closed", .get = get_closed},
    {.name = "name", .get = get_name, .set = set_name},
    {.name = "mode", .get = get_binary_mode},
    {.name = NULL},
};
