/* posix: file descriptors. */
#include "vm/builtins/posix_files.h"

#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "vm/memory/heap.h"
#include "vm/object/buffer.h"
#include "vm/object/bytes.h"
#include "vm/object/int.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

METHOD(os_open)
{
    PARSE("open", 4, 2, 3, "path", "flags", "mode", "dir_fd");
    struct path path = {0};
    PY_HOLD(&path.owner);
    int flags, mode = 0777, dir_fd, fd;
    if (posix_int(in[1], &flags) < 0 || (in[2] && posix_int(in[2], &mode) < 0) ||
        posix_dir_fd(in[3], &dir_fd) < 0 || posix_path(in[0], "open", false, &path) < 0)
        return NULL;
    WAITING(fd, openat(dir_fd, path.text, flags | O_CLOEXEC, mode));
    if (fd < 0)
        return posix_done(fd, &path);
    py_clear(path.owner);
    return py_int_from_i64(fd);
}

METHOD(os_close)
{
    PARSE("close", 1, 1, 1, "fd");
    int fd;
    if (posix_int(in[0], &fd) < 0)
        return NULL;
    py_allow_threads_begin();
    const int r = close(fd);
    const int number = errno;
    py_allow_threads_end();
    errno = number;
    return r < 0 && number != EINTR ? posix_error(NULL, NULL) : PY_NONE;
}

METHOD(os_closerange)
{
    UNUSED;
    int from, to;
    if (posix_int(args[0], &from) < 0 || posix_int(args[1], &to) < 0)
        return NULL;
    for (int fd = from < 0 ? 0 : from; fd < to; fd++)
        close(fd);
    return PY_NONE;
}

METHOD(os_read)
{
    UNUSED;
    int fd;
    const int64_t n = py_int_as_ssize(args[1]);
    if ((n == -1 && py_error_occurred()) || posix_int(args[0], &fd) < 0)
        return NULL;
    if (n < 0) {
        errno = EINVAL;
        return posix_error(NULL, NULL);
    }
    void *const buffer = py_mem_alloc((size_t)n + 1);
    if (!buffer)
        return py_raise_no_memory();
    ssize_t got;
    WAITING(got, read(fd, buffer, (size_t)n));
    struct py_object *const result =
        got < 0 ? posix_done(got, NULL) : PY_OBJ(py_bytes_from(buffer, (size_t)got));
    py_mem_free(buffer);
    return result;
}

METHOD(os_write)
{
    UNUSED;
    int fd;
    struct py_buffer b;
    if (posix_int(args[0], &fd) < 0 || py_buffer_get(args[1], &b) < 0)
        return NULL;
    ssize_t n;
    WAITING(n, write(fd, b.data, (size_t)b.length));
    py_buffer_release(args[1]);
    return n < 0 ? posix_done(n, NULL) : py_int_from_i64(n);
}

METHOD(os_lseek)
{
    UNUSED;
    int fd, how;
    const int64_t at = py_int_as_i64(args[1]);
    if ((at == -1 && py_error_occurred()) || posix_int(args[0], &fd) < 0 ||
        posix_int(args[2], &how) < 0)
        return NULL;
    off_t r;
    WAITING(r, lseek(fd, at, how));
    return r < 0 ? posix_done(r, NULL) : py_int_from_i64(r);
}

/* Functions of one descriptor. */
static struct py_object *with_fd(struct py_object *o, int (*fn)(int))
{
    int fd, r;
    if (posix_int(o, &fd) < 0)
        return NULL;
    WAITING(r, fn(fd));
    return posix_done(r, NULL);
}

METHOD(os_fsync)
{
    UNUSED;
    return with_fd(args[0], fsync);
}

METHOD(os_fdatasync)
{
    UNUSED;
    return with_fd(args[0], fdatasync);
}

METHOD(os_isatty)
{
    UNUSED;
    int fd;
    return posix_int(args[0], &fd) < 0 ? NULL : py_bool_from(isatty(fd));
}

METHOD(os_dup)
{
    UNUSED;
    int fd;
    if (posix_int(args[0], &fd) < 0)
        return NULL;
    fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return fd < 0 ? posix_error(NULL, NULL) : py_int_from_i64(fd);
}

METHOD(os_dup2)
{
    PARSE("dup2", 3, 2, 3, "fd", "fd2", "inheritable");
    int from, to;
    const int inheritable = posix_flag(in[2], true);
    if (inheritable < 0 || posix_int(in[0], &from) < 0 || posix_int(in[1], &to) < 0)
        return NULL;
    const int r = inheritable ? dup2(from, to) : dup3(from, to, O_CLOEXEC);
    return r < 0 ? posix_error(NULL, NULL) : py_int_from_i64(r);
}

static struct py_object *make_pipe(int flags)
{
    int fds[2];
    if (pipe2(fds, flags) < 0)
        return posix_error(NULL, NULL);
    struct py_object *pair[2] = {py_int_from_i64(fds[0]), py_int_from_i64(fds[1])};
    return PY_OBJ(py_tuple_from_array_steal(pair, 2));
}

METHOD(os_pipe)
{
    UNUSED;
    return make_pipe(O_CLOEXEC);
}

METHOD(os_pipe2)
{
    UNUSED;
    int flags;
    return posix_int(args[0], &flags) < 0 ? NULL : make_pipe(flags);
}

/* Is a flag of F_GETFD or F_GETFL set, and setting it. */
static struct py_object *get_flag(struct py_object *o, int get, int bit, bool when)
{
    int fd;
    if (posix_int(o, &fd) < 0)
        return NULL;
    const int flags = fcntl(fd, get);
    return flags < 0 ? posix_error(NULL, NULL) : py_bool_from(((flags & bit) != 0) == when);
}

static struct py_object *set_flag(struct py_object *const *args, int get, int set, int bit,
                                  bool when)
{
    int fd;
    const int wanted = py_truth(args[1]);
    if (wanted < 0 || posix_int(args[0], &fd) < 0)
        return NULL;
    const int flags = fcntl(fd, get);
    const int changed = (wanted != 0) == when ? flags | bit : flags & ~bit;
    return flags < 0 || fcntl(fd, set, changed) < 0 ? posix_error(NULL, NULL) : PY_NONE;
}

METHOD(os_get_inheritable)
{
    UNUSED;
    return get_flag(args[0], F_GETFD, FD_CLOEXEC, false);
}

METHOD(os_set_inheritable)
{
    UNUSED;
    return set_flag(args, F_GETFD, F_SETFD, FD_CLOEXEC, false);
}

METHOD(os_get_blocking)
{
    UNUSED;
    return get_flag(args[0], F_GETFL, O_NONBLOCK, false);
}

METHOD(os_set_blocking)
{
    UNUSED;
    return set_flag(args, F_GETFL, F_SETFL, O_NONBLOCK, false);
}

METHOD(os_device_encoding)
{
    UNUSED;
    int fd;
    if (posix_int(args[0], &fd) < 0)
        return NULL;
    return isatty(fd) ? PY_OBJ(py_str_from_cstr("UTF-8")) : PY_NONE;
}

METHOD(os_sendfile)
{
    PARSE("sendfile", 4, 4, 4, "out_fd", "in_fd", "offset", "count");
    int out, from;
    off_t offset = 0;
    const int64_t count = py_int_as_ssize(in[3]);
    if ((count == -1 && py_error_occurred()) || posix_int(in[0], &out) < 0 ||
        posix_int(in[1], &from) < 0)
        return NULL;
    if (in[2] != PY_NONE) {
        offset = py_int_as_i64(in[2]);
        if (offset == -1 && py_error_occurred())
            return NULL;
    }
    ssize_t n;
    WAITING(n, sendfile(out, from, in[2] == PY_NONE ? NULL : &offset, (size_t)count));
    return n < 0 ? posix_done(n, NULL) : py_int_from_i64(n);
}

METHOD(os_fchdir)
{
    UNUSED;
    return with_fd(args[0], fchdir);
}

const struct py_method_def posix_fd_functions[] = {KEYWORDS("open", os_open),
                                                   KEYWORDS("close", os_close),
                                                   PLAIN("closerange", os_closerange, 2),
                                                   PLAIN("read", os_read, 2),
                                                   PLAIN("write", os_write, 2),
                                                   PLAIN("lseek", os_lseek, 3),
                                                   PLAIN("fsync", os_fsync, 1),
                                                   PLAIN("fdatasync", os_fdatasync, 1),
                                                   PLAIN("fchdir", os_fchdir, 1),
                                                   PLAIN("isatty", os_isatty, 1),
                                                   PLAIN("dup", os_dup, 1),
                                                   KEYWORDS("dup2", os_dup2),
                                                   PLAIN("pipe", os_pipe, 0),
                                                   PLAIN("pipe2", os_pipe2, 1),
                                                   PLAIN("get_inheritable", os_get_inheritable, 1),
                                                   PLAIN("set_inheritable", os_set_inheritable, 2),
                                                   PLAIN("get_blocking", os_get_blocking, 1),
                                                   PLAIN("set_blocking", os_set_blocking, 2),
                                                   PLAIN("device_encoding", os_device_encoding, 1),
                                                   KEYWORDS("sendfile", os_sendfile),
                                                   {.name = NULL}};
