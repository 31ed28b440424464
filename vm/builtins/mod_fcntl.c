/* The module fcntl: what can be asked of descriptors besides reading and writing.
 *
 * An argument of octets goes to the kernel in a copy of at most COPIED octets, and comes back as
 * new bytes; ioctl() writes the copy back into an argument that can be written to, whose kernel
 * interface may be longer than that: then it is called on the argument itself.
 */
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vm/builtins/mod_wait.h"
#include "vm/builtins/posix_files.h"
#include "vm/object/buffer.h"
#include "vm/object/bytes.h"
#include "vm/object/int.h"
#include "vm/object/str.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

enum { COPIED = 1024 }; /* octets */

static struct py_object *number_or_error(int64_t r)
{
    return r < 0 ? posix_done(r, NULL) : py_int_from_i64(r);
}

/* An unsigned number of 32 bits, or a negative one that stands for it. */
static int code_argument(struct py_object *o, unsigned *out)
{
    const int64_t code = py_int_as_i64(o);
    if (code == -1 && py_error_occurred())
        return -1;
    *out = (unsigned)code;
    return 0;
}

/* Copies octets into room for COPIED and a NUL. Their number; -1: exception; -2: it has none. */
static int64_t copied(struct py_object *o, const char *function, char *room)
{
    size_t length;
    struct py_buffer b = {0};
    const char *text = py_str_check(o) ? py_str_utf8((struct py_str *)o, &length) : NULL;
    if (py_str_check(o) && !text)
        return -1;
    if (!text && !py_has_buffer(o))
        return -2;
    if (!text) {
        if (py_buffer_get(o, &b) < 0)
            return -1;
        text = (const char *)b.data;
        length = (size_t)b.length;
    }
    const bool fits = length <= COPIED;
    if (fits) {
        memcpy(room, text, length);
        room[length] = '\0';
    }
    if (b.data)
        py_buffer_release(o);
    return fits ? (int64_t)length
                : py_raise_int(&py_exc_ValueError, "%s string arg too long", function);
}

METHOD(fcntl_fcntl)
{
    UNUSED;
    char room[COPIED + 1];
    unsigned command, number = 0;
    int r;
    const int fd = wait_fd_of(args[0]);
    if (fd < 0 || code_argument(args[1], &command) < 0)
        return NULL;
    const int64_t length = nargs > 2 ? copied(args[2], "fcntl", room) : -2;
    if (length == -1)
        return NULL;
    if (length >= 0) {
        WAITING(r, fcntl(fd, (int)command, room));
        return r < 0 ? posix_done(r, NULL) : PY_OBJ(py_bytes_from(room, (size_t)length));
    }
    if (nargs > 2 && code_argument(args[2], &number) < 0)
        return NULL;
    WAITING(r, fcntl(fd, (int)command, (int)number));
    return number_or_error(r);
}

/* On an argument that can be written to, which has the answer afterwards. */
static struct py_object *ioctl_in_place(int fd, unsigned request, struct py_object *o)
{
    struct py_buffer b;
    char room[COPIED + 1] = {0};
    int r;
    if (py_buffer_get_writable(o, &b) < 0)
        return NULL;
    if (b.length > COPIED) {
        r = ioctl(fd, request, b.data);
    } else {
        memcpy(room, b.data, (size_t)b.length);
        WAITING(r, ioctl(fd, request, room));
        const int number = errno;
        memcpy(b.data, room, (size_t)b.length);
        errno = number;
    }
    py_buffer_release(o);
    return number_or_error(r);
}

static bool is_writable(struct py_object *o)
{
    struct py_buffer b;
    if (!py_has_buffer(o) || py_buffer_get(o, &b) < 0) {
        py_error_clear();
        return false;
    }
    const bool writable = !b.readonly;
    py_buffer_release(o);
    return writable;
}

METHOD(fcntl_ioctl)
{
    UNUSED;
    char room[COPIED + 1];
    unsigned request, number = 0;
    int r;
    const int fd = wait_fd_of(args[0]);
    const int mutates = nargs > 3 ? py_truth(args[3]) : 1;
    if (fd < 0 || mutates < 0 || code_argument(args[1], &request) < 0)
        return NULL;
    if (nargs > 2 && mutates && is_writable(args[2]))
        return ioctl_in_place(fd, request, args[2]);
    const int64_t length = nargs > 2 ? copied(args[2], "ioctl", room) : -2;
    if (length == -1)
        return NULL;
    if (length >= 0) {
        WAITING(r, ioctl(fd, request, room));
        return r < 0 ? posix_done(r, NULL) : PY_OBJ(py_bytes_from(room, (size_t)length));
    }
    if (nargs > 2 && code_argument(args[2], &number) < 0)
        return NULL;
    WAITING(r, ioctl(fd, request, number));
    return number_or_error(r);
}

METHOD(fcntl_flock)
{
    UNUSED;
    int operation, r;
    const int fd = wait_fd_of(args[0]);
    if (fd < 0 || posix_int(args[1], &operation) < 0)
        return NULL;
    WAITING(r, flock(fd, operation));
    return posix_done(r, NULL);
}

METHOD(fcntl_lockf)
{
    UNUSED;
    int operation, whence = SEEK_SET, r;
    int64_t start = 0, length = 0;
    const int fd = wait_fd_of(args[0]);
    if (fd < 0 || posix_int(args[1], &operation) < 0)
        return NULL;
    if ((nargs > 2 && (length = py_int_as_i64(args[2])) == -1 && py_error_occurred()) ||
        (nargs > 3 && (start = py_int_as_i64(args[3])) == -1 && py_error_occurred()) ||
        (nargs > 4 && posix_int(args[4], &whence) < 0))
        return NULL;
    struct flock lock = {.l_whence = (short)whence, .l_start = start, .l_len = length};
    if (operation == LOCK_UN)
        lock.l_type = F_UNLCK;
    else if (operation & LOCK_SH)
        lock.l_type = F_RDLCK;
    else if (operation & LOCK_EX)
        lock.l_type = F_WRLCK;
    else
        return py_raise(&py_exc_ValueError, "unrecognized lockf argument");
    WAITING(r, fcntl(fd, operation & LOCK_NB ? F_SETLK : F_SETLKW, &lock));
    return posix_done(r, NULL);
}

/* ---- the module --------------------------------------------------------------------------------
 */

static const struct py_method_def fcntl_functions[] = {
    {.name = "fcntl", .fn = fcntl_fcntl, .min_args = 2, .max_args = 3},
    {.name = "ioctl", .fn = fcntl_ioctl, .min_args = 2, .max_args = 4},
    {.name = "lockf", .fn = fcntl_lockf, .min_args = 2, .max_args = 5},
    PLAIN("flock", fcntl_flock, 2),
    {.name = NULL}};

/* clang-format off */
#define NUMBERS(N)                                                                               \
    N(LOCK_SH) N(LOCK_EX) N(LOCK_NB) N(LOCK_UN) N(LOCK_MAND) N(LOCK_READ) N(LOCK_WRITE)          \
    N(LOCK_RW) N(F_DUPFD) N(F_DUPFD_CLOEXEC) N(F_GETFD) N(F_SETFD) N(F_GETFL) N(F_SETFL)         \
    N(F_GETLK) N(F_SETLK) N(F_SETLKW) N(F_OFD_GETLK) N(F_OFD_SETLK) N(F_OFD_SETLKW) N(F_GETOWN)  \
    N(F_SETOWN) N(F_GETSIG) N(F_SETSIG) N(F_RDLCK) N(F_WRLCK) N(F_UNLCK) N(F_EXLCK) N(F_SHLCK)   \
    N(F_SETLEASE) N(F_GETLEASE) N(F_NOTIFY) N(F_GETPIPE_SZ) N(F_SETPIPE_SZ) N(F_ADD_SEALS)       \
    N(F_GET_SEALS) N(F_SEAL_SEAL) N(F_SEAL_SHRINK) N(F_SEAL_GROW) N(F_SEAL_WRITE) N(FD_CLOEXEC)  \
    N(FASYNC) N(DN_ACCESS) N(DN_MODIFY) N(DN_CREATE) N(DN_DELETE) N(DN_RENAME) N(DN_ATTRIB)      \
    N(DN_MULTISHOT)
/* clang-format on */

struct py_module *py_mod_fcntl_init(void); /* modules.def */

struct py_module *py_mod_fcntl_init(void)
{
    static const struct {
        const char *name;
        int64_t value;
    } rows[] = {
#define N(name) {#name, (int64_t)(name)},
        NUMBERS(N)
#undef N
        /* files are large anyway */
        {"F_GETLK64", F_GETLK},
        {"F_SETLK64", F_SETLK},
        {"F_SETLKW64", F_SETLKW},
    };
    struct py_module *m =
        py_module_new("fcntl", "What can be asked of descriptors besides reading and writing.");
    int failed = m ? py_module_add_methods(m, fcntl_functions) : -1;
    for (size_t i = 0; !failed && i < sizeof rows / sizeof *rows; i++)
        failed = py_module_add_steal(m, rows[i].name, py_int_from_i64(rows[i].value));
    if (failed && m)
        py_clear(m);
    return m;
}
