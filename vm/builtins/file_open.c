/* open(), and the three standard streams. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vm/builtins/file.h"
#include "vm/builtins/file_impl.h"
#include "vm/builtins/io_base.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/runtime/error.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/warn.h"

struct open_mode {
    bool creating, reading, writing, appending, updating, binary;
};

/* Reads a mode text as open() does. 0, or -1 with ValueError. */
static int parse_mode(struct py_str *text, struct open_mode *mode)
{
    const char *s = py_str_utf8(text, NULL);
    if (!s)
        return -1;
    bool text_flag = false;
    *mode = (struct open_mode){0};
    for (const char *p = s; *p; p++) {
        bool *flag = *p == 'x'   ? &mode->creating
                     : *p == 'r' ? &mode->reading
                     : *p == 'w' ? &mode->writing
                     : *p == 'a' ? &mode->appending
                     : *p == '+' ? &mode->updating
                     : *p == 't' ? &text_flag
                     : *p == 'b' ? &mode->binary
                                 : NULL;
        if (!flag || *flag)
            return py_raise_int(&py_exc_ValueError, "invalid mode: %R", PY_OBJ(text));
        *flag = true;
    }
    if (!*s)
        return py_raise_int(&py_exc_ValueError, "Must have exactly one of create/read/write/append "
                                                "mode and at most one plus");
    if (text_flag && mode->binary)
        return py_raise_int(&py_exc_ValueError, "can't have text and binary mode at once");
    if (mode->creating + mode->reading + mode->writing + mode->appending != 1)
        return py_raise_int(&py_exc_ValueError,
                            "must have exactly one of create/read/write/append mode");
    return 0;
}

static int open_flags(const struct open_mode *mode)
{
    int flags = O_CLOEXEC;
    flags |= mode->updating ? O_RDWR : mode->reading ? O_RDONLY : O_WRONLY;
    if (mode->creating)
        flags |= O_CREAT | O_EXCL;
    if (mode->writing)
        flags |= O_CREAT | O_TRUNC;
    if (mode->appending)
        flags |= O_CREAT | O_APPEND;
    return flags;
}

struct py_object *py_file_path(struct py_object *o)
{
    if (py_str_check(o) || py_bytes_check(o))
        return py_newref(o);
    struct py_object *method = py_lookup_special(o, py_str_const("__fspath__"));
    if (!method)
        return py_error_occurred()
                   ? NULL
                   : py_raise(&py_exc_TypeError,
                              "expected str, bytes or os.PathLike object, not %T", o);
    PY_HOLD(&method);
    struct py_object *path = py_call0(method);
    PY_HOLD(&path);
    py_clear(method);
    if (path && !py_str_check(path) && !py_bytes_check(path)) {
        py_raise(&py_exc_TypeError, "expected %T.__fspath__() to return str or bytes, not %T", o,
                 path);
        py_clear(path);
    }
    return path;
}

int py_file_open_path(struct py_object *name, int flags)
{
    struct py_object *encoded = py_file_path(name);
    PY_HOLD(&encoded);
    if (encoded && py_str_check(encoded)) {
        struct py_object *const text = encoded;
        encoded = py_str_encode(text, "utf-8", "surrogateescape");
        py_decref(text);
    }
    if (!encoded)
        return -1;
    const char *const path = (const char *)((struct py_bytes *)encoded)->data;
    int fd = -1;
    if (strlen(path) != (size_t)((struct py_bytes *)encoded)->base.size) {
        py_raise(&py_exc_ValueError, "embedded null byte");
        py_clear(encoded);
        return -1;
    }
    for (;;) {
        py_allow_threads_begin();
        fd = open(path, flags, 0666);
        const int error = errno;
        py_allow_threads_end();
        if (fd >= 0)
            break;
        if (error == EINTR && py_safepoint(py_thread_current()) == 0)
            continue;
        if (error != EINTR)
            py_raise_os_error(error, name);
        break;
    }
    py_clear(encoded);
    return fd;
}

/* A folder can be opened, but is no file. */
static int check_no_folder(int fd, struct py_object *name)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        return py_raise_os_error(EISDIR, name), -1;
    return 0;
}

struct text_options {
    struct py_object *encoding, *errors; /* borrowed; NULL: default */
    enum py_newline newline;
};

/* Wraps a descriptor; takes it over unless NULL is returned. */
static struct py_file *file_new(int fd, struct py_object *name, struct py_object *mode_text,
                                const struct open_mode *mode, const struct text_options *options)
{
    const bool reads = mode->reading || mode->updating;
    const bool writes = !mode->reading || mode->updating;
    struct py_type *type = !mode->binary     ? &py_text_file_type
                           : reads && writes ? &py_buffered_random_type
                           : reads           ? &py_buffered_reader_type
                                             : &py_buffered_writer_type;
    struct py_file *f = py_object_new(type);
    if (!f)
        return NULL;
    f->fd = -1; /* ours only once nothing can fail any more */
    f->binary = mode->binary;
    f->readable = reads;
    f->writable = writes;
    f->appending = mode->appending;
    f->close_fd = 1;
    f->newline = (uint8_t)options->newline;
    f->name = py_newref(name);
    f->mode = py_newref(mode_text);
    if (!mode->binary) {
        f->encoding =
            options->encoding ? py_newref(options->encoding) : PY_OBJ(py_str_from_cstr("UTF-8"));
        f->errors =
            options->errors ? py_newref(options->errors) : PY_OBJ(py_str_from_cstr("strict"));
        const char *encoding = f->encoding ? py_str_utf8((struct py_str *)f->encoding, NULL) : NULL;
        struct py_object *probe =
            encoding && f->errors ? py_str_encode(PY_OBJ(py_str_empty()), encoding, NULL) : NULL;
        if (!probe) {
            py_decref(f);
            return NULL;
        }
        py_decref(probe);
        f->is_utf8 = strncasecmp(encoding, "utf", 3) == 0;
    }
    f->fd = fd;
    py_gc_track(f);
    return f;
}

static int parse_newline(struct py_object *o, enum py_newline *newline)
{
    *newline = PY_NEWLINE_UNIVERSAL;
    if (!o || o == PY_NONE)
        return 0;
    if (!py_str_check(o))
        return py_raise_int(&py_exc_TypeError,
                            "open() argument 'newline' must be str or None, not %T", o);
    const struct py_str *s = (struct py_str *)o;
    if (s->length == 0 || py_str_equal_cstr(s, "\n") || py_str_equal_cstr(s, "\r"))
        *newline = PY_NEWLINE_NONE;
    else if (py_str_equal_cstr(s, "\r\n"))
        *newline = PY_NEWLINE_CRLF;
    else
        return py_raise_int(&py_exc_ValueError, "illegal newline value: %S", o);
    return 0;
}

static int check_options(const struct open_mode *mode, struct py_object *const *in)
{
    static const char *const names[] = {"encoding", "errors", "newline"};
    static const char *const articles[] = {"an encoding", "an errors", "a newline"};
    for (int i = 0; i < 3; i++) {
        struct py_object *o = in[3 + i];
        if (!o || o == PY_NONE)
            continue;
        if (mode->binary)
            return py_raise_int(&py_exc_ValueError, "binary mode doesn't take %s argument",
                                articles[i]);
        if (!py_str_check(o))
            return py_raise_int(&py_exc_TypeError,
                                "open() argument '%s' must be str or None, not %T", names[i], o);
    }
    return 0;
}

int py_file_call_opener(struct py_object *opener, struct py_object *name, int flags)
{
    struct py_object *held[2] = {py_int_from_i64(flags), NULL};
    PY_HOLD_N(held, 2);
    int64_t fd = -1;
    held[1] = held[0] ? py_call2(opener, name, held[0]) : NULL;
    if (held[1] && !py_int_check(held[1]))
        py_raise(&py_exc_TypeError, "expected integer from opener");
    else if (held[1] && (fd = py_int_as_i64(held[1])) < 0 && !py_error_occurred())
        py_raise(&py_exc_ValueError, "opener returned %ld", (long)fd);
    py_clear(held[0]);
    py_clear(held[1]);
    return fd < 0 ? -1 : (int)fd;
}

/* open(file, mode, 0): nothing between the program and the descriptor. New FileIO. */
static struct py_object *open_unbuffered(struct py_object *file, struct py_object *mode,
                                         struct py_object *closefd, struct py_object *opener)
{
    struct py_object *name = py_int_check(file) ? py_newref(file) : py_file_path(file);
    PY_HOLD(&name);
    struct py_object *made = NULL;
    if (name && py_type_ready(&py_io_file_type) == 0) {
        struct py_object *const args[4] = {name, mode, closefd ? closefd : PY_TRUE,
                                           opener ? opener : PY_NONE};
        made = py_call(PY_OBJ(&py_io_file_type), args, 4, NULL);
    }
    py_clear(name);
    return made;
}

/* in: the arguments of open(), checked. New. */
static struct py_object *open_layers(struct py_object *const *in, struct py_object *shown_mode,
                                     const struct open_mode *mode, int64_t buffering)
{
    const char raw_mode[3] = {mode->creating    ? 'x'
                              : mode->appending ? 'a'
                              : mode->writing   ? 'w'
                                                : 'r',
                              mode->updating ? '+' : 0, 0};
    struct py_object *held[2] = {PY_OBJ(py_str_from_cstr(raw_mode)), NULL}; /* and the path */
    PY_HOLD_N(held, 2);
    held[1] = py_int_check(in[0]) ? py_newref(in[0]) : py_file_path(in[0]);
    struct py_object *made = NULL;
    PY_HOLD(&made);
    if (held[0] && held[1])
        made = py_file_open_layers(&(struct py_file_request){
            .file = held[1],
            .mode = held[0],
            .shown_mode = shown_mode,
            .encoding = in[3] && in[3] != PY_NONE
                            ? in[3]
                            : PY_OBJ(py_str_const("locale")), /* it has warned */
            .errors = in[4],
            .newline = in[5],
            .closefd = in[6],
            .opener = in[7],
            .buffering = buffering,
            .reading = mode->reading,
            .updating = mode->updating,
        });
    py_clear(held[0]);
    py_clear(held[1]);
    return made;
}

/* 0, or -1 if a filter makes an exception of the warning. */
static int warn_of(const struct open_mode *mode, struct py_object *encoding)
{
    return !mode->binary && (!encoding || encoding == PY_NONE) ? io_warn_no_encoding(1) : 0;
}

struct py_object *py_file_open(struct py_object *self, struct py_object *const *args, size_t nargs,
                               struct py_tuple *kwnames)
{
    (void)self;
    static const char *const names[] = {"file",   "mode",    "buffering", "encoding",
                                        "errors", "newline", "closefd",   "opener"};
    static const struct py_params params = {
        .function = "open", .names = names, .count = 8, .required = 1, .keyword_only = 8};
    struct py_object *in[8] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    if (in[1] && !py_str_check(in[1]))
        return py_raise(&py_exc_TypeError, "open() argument 'mode' must be str, not %T", in[1]);
    struct py_object *held[2] = {NULL}; /* mode text, path */
    PY_HOLD_N(held, 2);
    struct py_file *f = NULL;
    PY_HOLD(&f);
    struct py_object *other = NULL; /* what is made elsewhere */
    held[0] = in[1] ? py_newref(in[1]) : PY_OBJ(py_str_from_cstr("r"));
    struct open_mode mode;
    const bool by_locale =
        in[3] && py_str_check(in[3]) && py_str_equal_cstr((struct py_str *)in[3], "locale");
    struct text_options options = {.encoding = in[3] == PY_NONE || by_locale ? NULL : in[3],
                                   .errors = in[4] == PY_NONE ? NULL : in[4]};
    if (!held[0] || parse_mode((struct py_str *)held[0], &mode) < 0 ||
        check_options(&mode, in) < 0 || warn_of(&mode, in[3]) < 0 ||
        parse_newline(in[5], &options.newline) < 0)
        goto done;
    int64_t buffering = -1;
    if (in[2] && (buffering = py_int_as_i64(in[2])) == -1 && py_error_occurred())
        goto done;
    if (buffering == 0 && !mode.binary) {
        py_raise(&py_exc_ValueError, "can't have unbuffered text I/O");
        goto done;
    }
    if (buffering == 1 && mode.binary &&
        py_warn(&py_exc_RuntimeWarning,
                "line buffering (buffering=1) isn't supported in binary mode, the default buffer "
                "size will be used") < 0)
        goto done;
    if (buffering == 0) {
        other = open_unbuffered(in[0], held[0], in[6], in[7]);
        goto done;
    }
    if (!mode.binary &&
        py_file_needs_layers(options.encoding, in[5], mode.reading || mode.updating)) {
        other = open_layers(in, held[0], &mode, buffering);
        goto done;
    }
    const bool close_it = !in[6] || py_truth(in[6]) != 0;
    int fd;
    const bool by_number = py_int_check(in[0]);
    if (by_number) {
        fd = (int)py_int_as_i64(in[0]);
        if (!py_error_occurred() && fcntl(fd, F_GETFD) < 0)
            py_raise_os_error(EBADF, NULL);
        if (py_error_occurred())
            goto done;
    } else {
        if (!close_it) {
            py_raise(&py_exc_ValueError, "Cannot use closefd=False with file name");
            goto done;
        }
        held[1] = py_file_path(in[0]);
        if (!held[1])
            goto done;
        fd = in[7] && in[7] != PY_NONE ? py_file_call_opener(in[7], held[1], open_flags(&mode))
                                       : py_file_open_path(held[1], open_flags(&mode));
        if (fd < 0)
            goto done;
    }
    f = check_no_folder(fd, in[0]) == 0 ? file_new(fd, in[0], held[0], &mode, &options) : NULL;
    if (!f) {
        if (!by_number)
            close(fd);
        goto done;
    }
    f->close_fd = close_it;
    if (mode.appending)
        (void)!lseek(fd, 0, SEEK_END); /* tell() says so before the first write */
    f->line_buffered = buffering == 1 || (buffering < 0 && !mode.binary && isatty(fd));
done:
    py_clear(held[0]);
    py_clear(held[1]);
    return other ? other : PY_OBJ(f);
}

/* --- standard streams --- */

static int add_std(struct py_dict *sys_dict, const char *name, int fd, bool unbuffered)
{
    const bool reads = fd == 0;
    const struct open_mode mode = {.reading = reads, .writing = !reads};
    char label[16], twin[16];
    snprintf(label, sizeof label, "<%s>", name);
    snprintf(twin, sizeof twin, "__%s__", name);
    if (fcntl(fd, F_GETFD) < 0) /* closed by the parent: None, as in CPython */
        return py_dict_set_cstr(sys_dict, name, PY_NONE) < 0 ||
                       py_dict_set_cstr(sys_dict, twin, PY_NONE) < 0
                   ? -1
                   : 0;
    struct text_options options = {0};
    struct py_object *label_text = PY_OBJ(py_str_from_cstr(label));
    struct py_object *mode_text = PY_OBJ(py_str_from_cstr(reads ? "r" : "w"));
    struct py_object *encoding = PY_OBJ(py_str_from_cstr("utf-8"));
    struct py_object *errors = PY_OBJ(py_str_from_cstr(fd == 2 ? "backslashreplace" : "strict"));
    options.encoding = encoding;
    options.errors = errors;
    struct py_file *f = label_text && mode_text && encoding && errors
                            ? file_new(fd, label_text, mode_text, &mode, &options)
                            : NULL;
    py_xdecref(label_text);
    py_xdecref(mode_text);
    py_xdecref(encoding);
    py_xdecref(errors);
    if (!f)
        return -1;
    f->close_fd = 0;
    f->line_buffered = fd == 2 || isatty(fd);
    f->write_through = unbuffered && !reads;
    const int bad = py_dict_set_cstr(sys_dict, name, PY_OBJ(f)) < 0 ||
                    py_dict_set_cstr(sys_dict, twin, PY_OBJ(f)) < 0;
    py_decref(f);
    return bad ? -1 : 0;
}

int py_file_init_std(struct py_dict *sys_dict, bool unbuffered)
{
    return add_std(sys_dict, "stdin", 0, unbuffered) < 0 ||
                   add_std(sys_dict, "stdout", 1, unbuffered) < 0 ||
                   add_std(sys_dict, "stderr", 2, unbuffered) < 0
               ? -1
               : 0;
}
