/* posix: what is beside the names and octets of files: pipes and devices with names, extended
 * attributes, owners of links, and limits that the system tells by name.
 */
#include "vm/builtins/posix_files.h"

#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "vm/memory/heap.h"
#include "vm/object/buffer.h"
#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

METHOD(os_mkfifo)
{
    PARSE("mkfifo", 3, 1, 2, "path", "mode", "dir_fd");
    struct path path = {0};
    PY_HOLD(&path.owner);
    int mode = 0666, dir_fd, r;
    if ((in[1] && posix_int(in[1], &mode) < 0) || posix_dir_fd(in[2], &dir_fd) < 0 ||
        posix_path(in[0], "mkfifo", false, &path) < 0)
        return NULL;
    WAITING(r, mkfifoat(dir_fd, path.text, (mode_t)mode));
    return posix_done(r, &path);
}

METHOD(os_mknod)
{
    PARSE("mknod", 4, 1, 3, "path", "mode", "device", "dir_fd");
    struct path path = {0};
    PY_HOLD(&path.owner);
    int mode = 0600, dir_fd, r;
    const uint64_t device = in[2] ? py_int_as_u64(in[2]) : 0;
    if ((in[2] && py_error_occurred()) || (in[1] && posix_int(in[1], &mode) < 0) ||
        posix_dir_fd(in[3], &dir_fd) < 0 || posix_path(in[0], "mknod", false, &path) < 0)
        return NULL;
    WAITING(r, mknodat(dir_fd, path.text, (mode_t)mode, device));
    return posix_done(r, &path);
}

/* A device is a number of 64 bits: which driver, and which of its devices. */
METHOD(os_major)
{
    UNUSED;
    const uint64_t device = py_int_as_u64(args[0]);
    return py_error_occurred() ? NULL : py_int_from_u64(major(device));
}

METHOD(os_minor)
{
    UNUSED;
    const uint64_t device = py_int_as_u64(args[0]);
    return py_error_occurred() ? NULL : py_int_from_u64(minor(device));
}

METHOD(os_makedev)
{
    UNUSED;
    int driver, number;
    if (posix_int(args[0], &driver) < 0 || posix_int(args[1], &number) < 0)
        return NULL;
    return py_int_from_u64(makedev((unsigned)driver, (unsigned)number));
}

METHOD(os_lchown)
{
    PARSE("lchown", 3, 3, 3, "path", "uid", "gid");
    struct path path = {0};
    PY_HOLD(&path.owner);
    uint32_t uid, gid;
    int r;
    if (posix_id(in[1], "uid", &uid) < 0 || posix_id(in[2], "gid", &gid) < 0 ||
        posix_path(in[0], "lchown", false, &path) < 0)
        return NULL;
    WAITING(r, lchown(path.text, uid, gid));
    return posix_done(r, &path);
}

/* ---- extended attributes -----------------------------------------------------------------------
 */

struct attribute {
    struct path path, name;
    int follow;
};

static void attribute_release(struct attribute *a)
{
    py_clear(a->path.owner);
    py_clear(a->name.owner);
}

/* name and follow may be missing. -1: error, and nothing is held. */
static int attribute_arguments(const char *function, struct py_object *path, struct py_object *name,
                               struct py_object *follow, struct attribute *a)
{
    a->follow = posix_flag(follow, true);
    if (a->follow < 0 || posix_path(path, function, true, &a->path) < 0 ||
        (name && posix_path(name, function, false, &a->name) < 0)) {
        attribute_release(a);
        return -1;
    }
    if (a->path.text || a->follow)
        return 0;
    attribute_release(a);
    return py_raise_int(&py_exc_ValueError, "%s: cannot use fd and follow_symlinks together",
                        function);
}

static ssize_t read_attribute(const struct attribute *a, void *buffer, size_t size)
{
    return !a->path.text ? fgetxattr(a->path.fd, a->name.text, buffer, size)
           : a->follow   ? getxattr(a->path.text, a->name.text, buffer, size)
                         : lgetxattr(a->path.text, a->name.text, buffer, size);
}

static ssize_t read_names(const struct attribute *a, void *buffer, size_t size)
{
    return !a->path.text ? flistxattr(a->path.fd, buffer, size)
           : a->follow   ? listxattr(a->path.text, buffer, size)
                         : llistxattr(a->path.text, buffer, size);
}

/* What one of the two reads, however long: *out is for py_mem_free(). -1: error. */
static ssize_t read_whole(const struct attribute *a,
                          ssize_t (*read_it)(const struct attribute *, void *, size_t), void **out)
{
    size_t room = 256;
    for (;;) {
        *out = py_mem_alloc(room);
        if (!*out) {
            py_raise_no_memory();
            return -1;
        }
        ssize_t n;
        WAITING(n, read_it(a, *out, room));
        if (n >= 0)
            return n;
        const int number = errno;
        py_mem_free(*out);
        *out = NULL;
        errno = number;
        if (number != ERANGE || room > XATTR_SIZE_MAX) {
            posix_error(a->path.object, NULL);
            return -1;
        }
        room *= 16;
    }
}

METHOD(os_getxattr)
{
    PARSE("getxattr", 3, 2, 2, "path", "attribute", "follow_symlinks");
    struct attribute a = {0};
    PY_HOLD(&a.path.owner);
    PY_HOLD(&a.name.owner);
    if (attribute_arguments("getxattr", in[0], in[1], in[2], &a) < 0)
        return NULL;
    void *value;
    const ssize_t n = read_whole(&a, read_attribute, &value);
    struct py_object *const result = n < 0 ? NULL : PY_OBJ(py_bytes_from(value, (size_t)n));
    if (n >= 0)
        py_mem_free(value);
    attribute_release(&a);
    return result;
}

METHOD(os_setxattr)
{
    PARSE("setxattr", 5, 3, 4, "path", "attribute", "value", "flags", "follow_symlinks");
    struct attribute a = {0};
    PY_HOLD(&a.path.owner);
    PY_HOLD(&a.name.owner);
    int flags = 0, r;
    struct py_buffer b;
    if ((in[3] && posix_int(in[3], &flags) < 0) ||
        attribute_arguments("setxattr", in[0], in[1], in[4], &a) < 0)
        return NULL;
    if (py_buffer_get(in[2], &b) < 0) {
        attribute_release(&a);
        return NULL;
    }
    const size_t n = (size_t)b.length;
    WAITING(r, !a.path.text ? fsetxattr(a.path.fd, a.name.text, b.data, n, flags)
               : a.follow   ? setxattr(a.path.text, a.name.text, b.data, n, flags)
                            : lsetxattr(a.path.text, a.name.text, b.data, n, flags));
    py_buffer_release(in[2]);
    py_clear(a.name.owner);
    return posix_done(r, &a.path);
}

METHOD(os_removexattr)
{
    PARSE("removexattr", 3, 2, 2, "path", "attribute", "follow_symlinks");
    struct attribute a = {0};
    PY_HOLD(&a.path.owner);
    PY_HOLD(&a.name.owner);
    int r;
    if (attribute_arguments("removexattr", in[0], in[1], in[2], &a) < 0)
        return NULL;
    WAITING(r, !a.path.text ? fremovexattr(a.path.fd, a.name.text)
               : a.follow   ? removexattr(a.path.text, a.name.text)
                            : lremovexattr(a.path.text, a.name.text));
    py_clear(a.name.owner);
    return posix_done(r, &a.path);
}

METHOD(os_listxattr)
{
    PARSE("listxattr", 2, 0, 1, "path", "follow_symlinks");
    struct attribute a = {0};
    PY_HOLD(&a.path.owner);
    PY_HOLD(&a.name.owner);
    struct py_object *here = PY_OBJ(py_str_const("."));
    struct py_object *const given = in[0] && in[0] != PY_NONE ? in[0] : here;
    if (attribute_arguments("listxattr", given, NULL, in[1], &a) < 0)
        return NULL;
    void *names;
    const ssize_t n = read_whole(&a, read_names, &names);
    struct py_list *list = n < 0 ? NULL : py_list_new(0);
    PY_HOLD(&list);
    const char *const text = n < 0 ? NULL : names;
    for (ssize_t i = 0; list && i < n; i += (ssize_t)strlen(text + i) + 1) {
        struct py_object *const name = posix_name(text + i, false);
        if (!name || py_list_append_steal(list, name) < 0)
            py_clear(list);
    }
    if (n >= 0)
        py_mem_free(names);
    attribute_release(&a);
    struct py_object *const result = PY_OBJ(list);
    list = NULL;
    return result;
}

/* ---- limits ------------------------------------------------------------------------------------
 */

/* clang-format off */
#define PATH_LIMITS(L)                                                                         \
    L(PC_ALLOC_SIZE_MIN) L(PC_ASYNC_IO) L(PC_CHOWN_RESTRICTED) L(PC_FILESIZEBITS) L(PC_LINK_MAX) \
    L(PC_MAX_CANON) L(PC_MAX_INPUT) L(PC_NAME_MAX) L(PC_NO_TRUNC) L(PC_PATH_MAX) L(PC_PIPE_BUF)  \
    L(PC_PRIO_IO) L(PC_REC_INCR_XFER_SIZE) L(PC_REC_MAX_XFER_SIZE) L(PC_REC_MIN_XFER_SIZE)       \
    L(PC_REC_XFER_ALIGN) L(PC_SOCK_MAXBUF) L(PC_SYMLINK_MAX) L(PC_SYNC_IO) L(PC_VDISABLE)
/* clang-format on */

static const struct {
    const char *name;
    int number;
} path_limits[] = {
#define L(name) {#name, _##name},
    PATH_LIMITS(L)
#undef L
};

enum { PATH_LIMIT_COUNT = sizeof path_limits / sizeof *path_limits };

/* A limit by its name or number. */
static int limit_argument(struct py_object *o, int *out)
{
    if (py_int_check(o))
        return posix_int(o, out);
    if (!py_str_check(o))
        return py_raise_int(&py_exc_TypeError, "configuration names must be strings or integers");
    for (size_t i = 0; i < PATH_LIMIT_COUNT; i++)
        if (py_str_equal_cstr((struct py_str *)o, path_limits[i].name)) {
            *out = path_limits[i].number;
            return 0;
        }
    return py_raise_int(&py_exc_ValueError, "unrecognized configuration name");
}

/* -1 without an error: there is no limit. */
static struct py_object *path_limit(const char *function, struct py_object *const *in, bool fd_only)
{
    struct path path = {0};
    PY_HOLD(&path.owner);
    int number;
    if (limit_argument(in[1], &number) < 0)
        return NULL;
    if (fd_only ? posix_int(in[0], &path.fd) < 0 : posix_path(in[0], function, true, &path) < 0)
        return NULL;
    errno = 0;
    const long limit = path.text ? pathconf(path.text, number) : fpathconf(path.fd, number);
    if (limit == -1 && errno)
        return posix_done(-1, &path);
    py_clear(path.owner);
    return py_int_from_i64(limit);
}

METHOD(os_pathconf)
{
    PARSE("pathconf", 2, 2, 2, "path", "name");
    return path_limit("pathconf", in, false);
}

METHOD(os_fpathconf)
{
    PARSE("fpathconf", 2, 2, 2, "fd", "name");
    return path_limit("fpathconf", in, true);
}

int posix_add_limits(struct py_module *m)
{
    struct py_dict *names = py_dict_new();
    PY_HOLD(&names);
    for (size_t i = 0; names && i < PATH_LIMIT_COUNT; i++)
        if (py_dict_set_cstr(names, path_limits[i].name, py_int_from_i64(path_limits[i].number)) <
            0)
            py_clear(names);
    const int failed = names ? py_module_add(m, "pathconf_names", PY_OBJ(names)) : -1;
    py_clear(names);
    return failed;
}

const struct py_method_def posix_node_functions[] = {KEYWORDS("mkfifo", os_mkfifo),
                                                     KEYWORDS("mknod", os_mknod),
                                                     PLAIN("major", os_major, 1),
                                                     PLAIN("minor", os_minor, 1),
                                                     PLAIN("makedev", os_makedev, 2),
                                                     KEYWORDS("lchown", os_lchown),
                                                     KEYWORDS("getxattr", os_getxattr),
                                                     KEYWORDS("setxattr", os_setxattr),
                                                     KEYWORDS("removexattr", os_removexattr),
                                                     KEYWORDS("listxattr", os_listxattr),
                                                     KEYWORDS("pathconf", os_pathconf),
                                                     KEYWORDS("fpathconf", os_fpathconf),
                                                     {.name = NULL}};
