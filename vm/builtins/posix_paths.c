/* posix: what is done to a path. */
#include "vm/builtins/posix_files.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"

METHOD(os_access)
{
    PARSE("access", 5, 2, 2, "path", "mode", "dir_fd", "effective_ids", "follow_symlinks");
    struct path path = {0};
    PY_HOLD(&path.owner);
    int mode, dir_fd;
    const int effective = posix_flag(in[3], false), follow = posix_flag(in[4], true);
    if (effective < 0 || follow < 0 || posix_int(in[1], &mode) < 0 ||
        posix_dir_fd(in[2], &dir_fd) < 0 || posix_path(in[0], "access", false, &path) < 0)
        return NULL;
    int r;
    WAITING(r, faccessat(dir_fd, path.text, mode,
                         (effective ? AT_EACCESS : 0) | (follow ? 0 : AT_SYMLINK_NOFOLLOW)));
    py_clear(path.owner);
    return py_bool_from(r == 0);
}

/* Functions of one path (and a mode) relative to dir_fd. */
METHOD(os_mkdir)
{
    PARSE("mkdir", 3, 1, 2, "path", "mode", "dir_fd");
    struct path path = {0};
    PY_HOLD(&path.owner);
    int mode = 0777, dir_fd, r;
    if ((in[1] && posix_int(in[1], &mode) < 0) || posix_dir_fd(in[2], &dir_fd) < 0 ||
        posix_path(in[0], "mkdir", false, &path) < 0)
        return NULL;
    WAITING(r, mkdirat(dir_fd, path.text, (mode_t)mode));
    return posix_done(r, &path);
}

static struct py_object *remove_path(const char *function, struct py_object *object,
                                     struct py_object *dir, int flags)
{
    struct path path = {0};
    PY_HOLD(&path.owner);
    int dir_fd, r;
    if (posix_dir_fd(dir, &dir_fd) < 0 || posix_path(object, function, false, &path) < 0)
        return NULL;
    WAITING(r, unlinkat(dir_fd, path.text, flags));
    return posix_done(r, &path);
}

METHOD(os_rmdir)
{
    PARSE("rmdir", 2, 1, 1, "path", "dir_fd");
    return remove_path("rmdir", in[0], in[1], AT_REMOVEDIR);
}

METHOD(os_unlink)
{
    PARSE("unlink", 2, 1, 1, "path", "dir_fd");
    return remove_path("unlink", in[0], in[1], 0);
}

METHOD(os_remove)
{
    PARSE("remove", 2, 1, 1, "path", "dir_fd");
    return remove_path("remove", in[0], in[1], 0);
}

enum two_paths { RENAME, LINK, LINK_NOFOLLOW, SYMLINK };

static struct py_object *with_two_paths(const char *function, enum two_paths what,
                                        struct py_object *a, struct py_object *b,
                                        struct py_object *dir_a, struct py_object *dir_b)
{
    struct path from = {0}, to = {0};
    PY_HOLD(&from.owner);
    PY_HOLD(&to.owner);
    int fd_a, fd_b, r = -1;
    if (posix_dir_fd(dir_a, &fd_a) < 0 || posix_dir_fd(dir_b, &fd_b) < 0 ||
        posix_path(a, function, false, &from) < 0)
        return NULL;
    if (posix_path(b, function, false, &to) < 0) {
        py_clear(from.owner);
        return NULL;
    }
    switch (what) {
    case RENAME:
        WAITING(r, renameat(fd_a, from.text, fd_b, to.text));
        break;
    case LINK:
    case LINK_NOFOLLOW:
        WAITING(r, linkat(fd_a, from.text, fd_b, to.text, what == LINK ? AT_SYMLINK_FOLLOW : 0));
        break;
    case SYMLINK:
        WAITING(r, symlinkat(from.text, fd_b, to.text));
        break;
    }
    struct py_object *value = PY_NONE;
    if (r < 0)
        value = py_error_occurred() ? NULL : posix_error(from.object, to.object);
    py_clear(from.owner);
    py_clear(to.owner);
    return value;
}

METHOD(os_rename)
{
    PARSE("rename", 4, 2, 2, "src", "dst", "src_dir_fd", "dst_dir_fd");
    return with_two_paths("rename", RENAME, in[0], in[1], in[2], in[3]);
}

METHOD(os_replace)
{
    PARSE("replace", 4, 2, 2, "src", "dst", "src_dir_fd", "dst_dir_fd");
    return with_two_paths("replace", RENAME, in[0], in[1], in[2], in[3]);
}

METHOD(os_link)
{
    PARSE("link", 5, 2, 2, "src", "dst", "src_dir_fd", "dst_dir_fd", "follow_symlinks");
    const int follow = posix_flag(in[4], true);
    return follow < 0
               ? NULL
               : with_two_paths("link", follow ? LINK : LINK_NOFOLLOW, in[0], in[1], in[2], in[3]);
}

METHOD(os_symlink)
{
    PARSE("symlink", 4, 2, 3, "src", "dst", "target_is_directory", "dir_fd");
    return with_two_paths("symlink", SYMLINK, in[0], in[1], NULL, in[3]);
}

METHOD(os_readlink)
{
    PARSE("readlink", 2, 1, 1, "path", "dir_fd");
    struct path path = {0};
    PY_HOLD(&path.owner);
    int dir_fd;
    char target[PATH_MAX + 1];
    if (posix_dir_fd(in[1], &dir_fd) < 0 || posix_path(in[0], "readlink", false, &path) < 0)
        return NULL;
    ssize_t n;
    WAITING(n, readlinkat(dir_fd, path.text, target, PATH_MAX));
    if (n < 0)
        return posix_done(n, &path);
    target[n] = 0;
    py_clear(path.owner);
    return posix_name(target, path.bytes);
}

METHOD(os_chmod)
{
    PARSE("chmod", 4, 2, 2, "path", "mode", "dir_fd", "follow_symlinks");
    struct path path = {0};
    PY_HOLD(&path.owner);
    int mode, dir_fd, r;
    const int follow = posix_flag(in[3], true);
    if (follow < 0 || posix_int(in[1], &mode) < 0 || posix_dir_fd(in[2], &dir_fd) < 0 ||
        posix_path(in[0], "chmod", true, &path) < 0)
        return NULL;
    WAITING(r, path.text
                   ? fchmodat(dir_fd, path.text, (mode_t)mode, follow ? 0 : AT_SYMLINK_NOFOLLOW)
                   : fchmod(path.fd, (mode_t)mode));
    if (r < 0 && !follow && errno == EOPNOTSUPP && !py_error_occurred()) {
        py_clear(path.owner);
        return py_raise(&py_exc_NotImplementedError,
                        "chmod: follow_symlinks unavailable on this platform");
    }
    return posix_done(r, &path);
}

METHOD(os_chown)
{
    PARSE("chown", 5, 3, 3, "path", "uid", "gid", "dir_fd", "follow_symlinks");
    struct path path = {0};
    PY_HOLD(&path.owner);
    uint32_t uid, gid;
    int dir_fd, r;
    const int follow = posix_flag(in[4], true);
    if (follow < 0 || posix_id(in[1], "uid", &uid) < 0 || posix_id(in[2], "gid", &gid) < 0 ||
        posix_dir_fd(in[3], &dir_fd) < 0 || posix_path(in[0], "chown", true, &path) < 0)
        return NULL;
    WAITING(r, path.text ? fchownat(dir_fd, path.text, uid, gid, follow ? 0 : AT_SYMLINK_NOFOLLOW)
                         : fchown(path.fd, uid, gid));
    return posix_done(r, &path);
}

/* Seconds (int or float) as a time. */
static int seconds_of(struct py_object *o, struct timespec *out)
{
    if (py_int_check(o)) {
        out->tv_sec = py_int_as_i64(o);
        out->tv_nsec = 0;
        return out->tv_sec == -1 && py_error_occurred() ? -1 : 0;
    }
    const double d = py_float_as_double(o);
    if (d == -1.0 && py_error_occurred())
        return -1;
    const double whole = floor(d);
    out->tv_sec = (time_t)whole;
    out->tv_nsec = (long)((d - whole) * 1e9);
    return 0;
}

static int nanoseconds_of(struct py_object *o, struct timespec *out)
{
    const int64_t v = py_int_as_i64(o);
    if (v == -1 && py_error_occurred())
        return -1;
    out->tv_nsec = v % 1000000000;
    out->tv_sec = v / 1000000000;
    if (out->tv_nsec < 0) {
        out->tv_nsec += 1000000000;
        out->tv_sec--;
    }
    return 0;
}

METHOD(os_utime)
{
    PARSE("utime", 5, 1, 2, "path", "times", "ns", "dir_fd", "follow_symlinks");
    struct path path = {0};
    PY_HOLD(&path.owner);
    struct timespec both[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    int dir_fd, r;
    const int follow = posix_flag(in[4], true);
    const bool has_times = in[1] && in[1] != PY_NONE;
    if (has_times && in[2])
        return py_raise(&py_exc_ValueError,
                        "utime: you may specify either 'times' or 'ns' but not both");
    struct py_object *const given = has_times ? in[1] : in[2];
    if (given) {
        if (!py_tuple_check(given) || ((struct py_tuple *)given)->base.size != 2)
            return py_raise(&py_exc_TypeError, "utime: '%s' must be %sa tuple of two ints%s",
                            has_times ? "times" : "ns", has_times ? "either " : "",
                            has_times ? " or None" : "");
        for (int i = 0; i < 2; i++) {
            struct py_object *const item = ((struct py_tuple *)given)->items[i];
            if ((has_times ? seconds_of(item, &both[i]) : nanoseconds_of(item, &both[i])) < 0)
                return NULL;
        }
    }
    if (follow < 0 || posix_dir_fd(in[3], &dir_fd) < 0 ||
        posix_path(in[0], "utime", true, &path) < 0)
        return NULL;
    WAITING(r, path.text ? utimensat(dir_fd, path.text, both, follow ? 0 : AT_SYMLINK_NOFOLLOW)
                         : futimens(path.fd, both));
    return posix_done(r, &path);
}

METHOD(os_truncate)
{
    PARSE("truncate", 2, 2, 2, "path", "length");
    struct path path = {0};
    PY_HOLD(&path.owner);
    const int64_t length = py_int_as_i64(in[1]);
    if ((length == -1 && py_error_occurred()) || posix_path(in[0], "truncate", true, &path) < 0)
        return NULL;
    int r;
    WAITING(r, path.text ? truncate(path.text, length) : ftruncate(path.fd, length));
    return posix_done(r, &path);
}

METHOD(os_chdir)
{
    PARSE("chdir", 1, 1, 1, "path");
    struct path path = {0};
    PY_HOLD(&path.owner);
    int r;
    if (posix_path(in[0], "chdir", true, &path) < 0)
        return NULL;
    WAITING(r, path.text ? chdir(path.text) : fchdir(path.fd));
    return posix_done(r, &path);
}

static struct py_object *current_directory(bool bytes)
{
    char text[PATH_MAX + 1];
    return getcwd(text, sizeof text) ? posix_name(text, bytes) : posix_error(NULL, NULL);
}

METHOD(os_getcwd)
{
    UNUSED;
    return current_directory(false);
}

METHOD(os_getcwdb)
{
    UNUSED;
    return current_directory(true);
}

METHOD(os_umask)
{
    UNUSED;
    int mask;
    return posix_int(args[0], &mask) < 0 ? NULL : py_int_from_i64(umask((mode_t)mask));
}

METHOD(os_ftruncate)
{
    UNUSED;
    return os_truncate(self, args, nargs, kwnames);
}

const struct py_method_def posix_path_functions[] = {
    KEYWORDS("access", os_access),       KEYWORDS("mkdir", os_mkdir),
    KEYWORDS("rmdir", os_rmdir),         KEYWORDS("unlink", os_unlink),
    KEYWORDS("remove", os_remove),       KEYWORDS("rename", os_rename),
    KEYWORDS("replace", os_replace),     KEYWORDS("link", os_link),
    KEYWORDS("symlink", os_symlink),     KEYWORDS("readlink", os_readlink),
    KEYWORDS("chmod", os_chmod),         KEYWORDS("fchmod", os_chmod),
    KEYWORDS("chown", os_chown),         KEYWORDS("fchown", os_chown),
    KEYWORDS("utime", os_utime),         KEYWORDS("truncate", os_truncate),
    PLAIN("ftruncate", os_ftruncate, 2), KEYWORDS("chdir", os_chdir),
    PLAIN("getcwd", os_getcwd, 0),       PLAIN("getcwdb", os_getcwdb, 0),
    PLAIN("umask", os_umask, 1),         {.name = NULL}};
