/* posix: files and directories. */
#include "vm/builtins/mod_posix.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/alias.h"
#include "vm/object/buffer.h"
#include "vm/object/bytes.h"
#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/structseq.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/signals.h"

/* Without the GIL; a call that a signal interrupted is repeated unless its handler raises. errno is
 * the call's. The value is -1 with an exception pending when the handler raised. */
#define WAITING(result, expression)                                         \
    do {                                                                    \
        int errno_;                                                         \
        do {                                                                \
            py_allow_threads_begin();                                       \
            errno = 0;                                                      \
            (result) = (expression);                                        \
            errno_ = errno;                                                 \
            py_allow_threads_end();                                         \
        } while ((result) < 0 && errno_ == EINTR && py_signals_run() == 0); \
        errno = errno_;                                                     \
    } while (0)

static struct py_object *done(int64_t result, struct path *path)
{
    struct py_object *value = PY_NONE;
    if (result < 0)
        value = py_error_occurred() ? NULL : posix_error(path ? path->object : NULL, NULL);
    if (path)
        py_clear(path->owner);
    return value;
}

#define PARSE(fn_name, n, required_n, keyword_from, ...)                    \
    static const char *const names_[] = {__VA_ARGS__};                      \
    static const struct py_params params_ = {.function = fn_name,           \
                                             .names = names_,               \
                                             .count = n,                    \
                                             .required = required_n,        \
                                             .keyword_only = keyword_from}; \
    struct py_object *in[n] = {NULL};                                       \
    (void)self;                                                             \
    if (py_parse_args(&params_, args, nargs, kwnames, in) < 0)              \
    return NULL

static int flag(struct py_object *o, bool fallback)
{
    return o ? py_truth(o) : fallback;
}

/* ---- stat ------------------------------------------------------------------------------------ */

enum { STAT_SHOWN = 10, STAT_ITEMS = 19 };
#define STAT_ROW(row_name, index) PY_STRUCTSEQ_MEMBER(row_name, index, NULL)
static const struct py_member_def stat_members[] = {STAT_ROW("st_mode", 0),
                                                    STAT_ROW("st_ino", 1),
                                                    STAT_ROW("st_dev", 2),
                                                    STAT_ROW("st_nlink", 3),
                                                    STAT_ROW("st_uid", 4),
                                                    STAT_ROW("st_gid", 5),
                                                    STAT_ROW("st_size", 6),
                                                    STAT_ROW("st_atime", 10),
                                                    STAT_ROW("st_mtime", 11),
                                                    STAT_ROW("st_ctime", 12),
                                                    STAT_ROW("st_atime_ns", 13),
                                                    STAT_ROW("st_mtime_ns", 14),
                                                    STAT_ROW("st_ctime_ns", 15),
                                                    STAT_ROW("st_blksize", 16),
                                                    STAT_ROW("st_blocks", 17),
                                                    STAT_ROW("st_rdev", 18),
                                                    {.name = NULL}};

/* What is named and not among the ten of the sequence. */
#define STAT_FIELD(field_name, index)                                                              \
    {                                                                                              \
        .name = field_name, .offset = offsetof(struct py_tuple, items) + (index) * sizeof(void *), \
        .edge_class = PY_EDGE_OWNED                                                                \
    }
static const struct py_field stat_fields[] = {
    STAT_FIELD("st_atime", 10),    STAT_FIELD("st_mtime", 11),    STAT_FIELD("st_ctime", 12),
    STAT_FIELD("st_atime_ns", 13), STAT_FIELD("st_mtime_ns", 14), STAT_FIELD("st_ctime_ns", 15),
    STAT_FIELD("st_blksize", 16),  STAT_FIELD("st_blocks", 17),   STAT_FIELD("st_rdev", 18)};

/* Steals the items (NULL: an exception is pending). */
static struct py_object *new_stat(struct py_object **items)
{
    bool complete = true;
    for (int i = 0; i < STAT_ITEMS; i++)
        complete &= items[i] != NULL;
    const size_t bytes = sizeof(struct py_tuple) + STAT_ITEMS * sizeof(void *);
    struct py_tuple *const t =
        complete ? py_object_alloc(&py_stat_result_type, bytes, bytes + sizeof(struct py_gc_head))
                 : NULL;
    if (t)
        t->base.size = STAT_SHOWN;
    for (int i = 0; i < STAT_ITEMS; i++) {
        if (t)
            t->items[i] = items[i];
        else
            py_xdecref(items[i]);
    }
    if (t)
        py_gc_track(t);
    return PY_OBJ(t);
}

static struct py_object *stat_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                                  struct py_tuple *kwnames)
{
    (void)type;
    if (py_no_keywords("stat_result", kwnames) < 0 ||
        py_check_positional("stat_result", nargs, 1, 2) < 0)
        return NULL;
    struct py_tuple *given = py_tuple_from_iterable(args[0]);
    if (!given)
        return NULL;
    struct py_object *items[STAT_ITEMS];
    const int64_t n = given->base.size;
    if (n < STAT_SHOWN || n > STAT_ITEMS) {
        py_decref(given);
        return py_raise(
            &py_exc_TypeError, "os.stat_result() takes an at %s %d-sequence (%d-sequence given)",
            n < STAT_SHOWN ? "least" : "most", n < STAT_SHOWN ? STAT_SHOWN : STAT_ITEMS, (int)n);
    }
    for (int64_t i = 0; i < STAT_ITEMS; i++) {
        items[i] = i < n ? py_newref(given->items[i]) : PY_NONE;
        if (i >= n && i >= 10 && i < 13)
            items[i] = py_newref(given->items[i - 3]);
    }
    py_decref(given);
    return new_stat(items);
}

static int64_t stat_size_of(struct py_object *o)
{
    (void)o;
    return (int64_t)(sizeof(struct py_tuple) + STAT_ITEMS * sizeof(void *));
}

static void stat_dealloc(struct py_object *o)
{
    py_object_release_common(o);
    py_object_free(o);
}

struct py_type py_stat_result_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "os.stat_result",
    .super = &py_tuple_type,
    .field_count = STAT_ITEMS - STAT_SHOWN,
    .fields = stat_fields,
    .dealloc = stat_dealloc,
    .size_of = stat_size_of,
    .repr = py_structseq_repr,
    .new_ = stat_new,
    .members = stat_members,
    .doc = "stat_result: Result from stat, fstat, or lstat.",
};

static struct py_object *nanoseconds(struct timespec t)
{
    return py_int_from_i64((int64_t)t.tv_sec * 1000000000 + t.tv_nsec);
}

struct py_object *posix_stat_result(const struct stat *st)
{
    struct py_object *items[STAT_ITEMS] = {
        py_int_from_u64(st->st_mode),
        py_int_from_u64(st->st_ino),
        py_int_from_u64(st->st_dev),
        py_int_from_u64(st->st_nlink),
        py_int_from_u64(st->st_uid),
        py_int_from_u64(st->st_gid),
        py_int_from_i64(st->st_size),
        py_int_from_i64(st->st_atim.tv_sec),
        py_int_from_i64(st->st_mtim.tv_sec),
        py_int_from_i64(st->st_ctim.tv_sec),
        py_float_from((double)st->st_atim.tv_sec + 1e-9 * (double)st->st_atim.tv_nsec),
        py_float_from((double)st->st_mtim.tv_sec + 1e-9 * (double)st->st_mtim.tv_nsec),
        py_float_from((double)st->st_ctim.tv_sec + 1e-9 * (double)st->st_ctim.tv_nsec),
        nanoseconds(st->st_atim),
        nanoseconds(st->st_mtim),
        nanoseconds(st->st_ctim),
        py_int_from_i64(st->st_blksize),
        py_int_from_i64(st->st_blocks),
        py_int_from_u64(st->st_rdev),
    };
    return new_stat(items);
}

static struct py_object *do_stat(const char *function, struct py_object *object,
                                 struct py_object *dir, bool follow, bool allow_fd)
{
    struct path path = {0};
    PY_HOLD(&path.owner);
    struct stat st;
    int dir_fd;
    if (posix_dir_fd(dir, &dir_fd) < 0 || posix_path(object, function, allow_fd, &path) < 0)
        return NULL;
    int r;
    if (path.text)
        WAITING(r, fstatat(dir_fd, path.text, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW));
    else
        WAITING(r, fstat(path.fd, &st));
    if (r < 0)
        return done(r, &path);
    py_clear(path.owner);
    return posix_stat_result(&st);
}

METHOD(os_stat)
{
    PARSE("stat", 3, 1, 1, "path", "dir_fd", "follow_symlinks");
    const int follow = flag(in[2], true);
    return follow < 0 ? NULL : do_stat("stat", in[0], in[1], follow, true);
}

METHOD(os_lstat)
{
    PARSE("lstat", 2, 1, 1, "path", "dir_fd");
    return do_stat("lstat", in[0], in[1], false, false);
}

METHOD(os_fstat)
{
    PARSE("fstat", 1, 1, 1, "fd");
    return do_stat("fstat", in[0], NULL, true, true);
}

static const struct py_member_def statvfs_members[] = {
    STAT_ROW("f_bsize", 0),   STAT_ROW("f_frsize", 1), STAT_ROW("f_blocks", 2),
    STAT_ROW("f_bfree", 3),   STAT_ROW("f_bavail", 4), STAT_ROW("f_files", 5),
    STAT_ROW("f_ffree", 6),   STAT_ROW("f_favail", 7), STAT_ROW("f_flag", 8),
    STAT_ROW("f_namemax", 9), {.name = NULL}};
#define SEQ_TYPE(var, type_name, rows)                     \
    struct py_type var = {                                 \
        .base = {.base = PY_STATIC_HEADER(&py_type_type)}, \
        .name = type_name,                                 \
        .super = &py_tuple_type,                           \
        .repr = py_structseq_repr,                         \
        .new_ = py_structseq_new,                          \
        .members = rows,                                   \
    }
SEQ_TYPE(py_statvfs_result_type, "os.statvfs_result", statvfs_members);
static const struct py_member_def terminal_members[] = {
    STAT_ROW("columns", 0), STAT_ROW("lines", 1), {.name = NULL}};
SEQ_TYPE(py_terminal_size_type, "os.terminal_size", terminal_members);

METHOD(os_statvfs)
{
    PARSE("statvfs", 1, 1, 1, "path");
    struct path path = {0};
    PY_HOLD(&path.owner);
    if (posix_path(in[0], "statvfs", true, &path) < 0)
        return NULL;
    struct statvfs v;
    int r;
    WAITING(r, path.text ? statvfs(path.text, &v) : fstatvfs(path.fd, &v));
    if (r < 0)
        return done(r, &path);
    py_clear(path.owner);
    struct py_object *items[10] = {py_int_from_u64(v.f_bsize),  py_int_from_u64(v.f_frsize),
                                   py_int_from_u64(v.f_blocks), py_int_from_u64(v.f_bfree),
                                   py_int_from_u64(v.f_bavail), py_int_from_u64(v.f_files),
                                   py_int_from_u64(v.f_ffree),  py_int_from_u64(v.f_favail),
                                   py_int_from_u64(v.f_flag),   py_int_from_u64(v.f_namemax)};
    return py_structseq_from_array(&py_statvfs_result_type, items, 10);
}

METHOD(os_get_terminal_size)
{
    UNUSED;
    int fd = 1;
    struct winsize w;
    if (nargs && posix_int(args[0], &fd) < 0)
        return NULL;
    if (ioctl(fd, TIOCGWINSZ, &w) < 0)
        return posix_error(NULL, NULL);
    struct py_object *items[2] = {py_int_from_i64(w.ws_col), py_int_from_i64(w.ws_row)};
    return py_structseq_from_array(&py_terminal_size_type, items, 2);
}

/* ---- paths ----------------------------------------------------------------------------------- */

METHOD(os_access)
{
    PARSE("access", 5, 2, 2, "path", "mode", "dir_fd", "effective_ids", "follow_symlinks");
    struct path path = {0};
    PY_HOLD(&path.owner);
    int mode, dir_fd;
    const int effective = flag(in[3], false), follow = flag(in[4], true);
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
    return done(r, &path);
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
    return done(r, &path);
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
    const int follow = flag(in[4], true);
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
        return done(n, &path);
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
    const int follow = flag(in[3], true);
    if (follow < 0 || posix_int(in[1], &mode) < 0 || posix_dir_fd(in[2], &dir_fd) < 0 ||
        posix_path(in[0], "chmod", true, &path) < 0)
        return NULL;
    WAITING(r, path.text
                   ? fchmodat(dir_fd, path.text, (mode_t)mode, follow ? 0 : AT_SYMLINK_NOFOLLOW)
                   : fchmod(path.fd, (mode_t)mode));
    return done(r, &path);
}

METHOD(os_chown)
{
    PARSE("chown", 5, 3, 3, "path", "uid", "gid", "dir_fd", "follow_symlinks");
    struct path path = {0};
    PY_HOLD(&path.owner);
    int uid, gid, dir_fd, r;
    const int follow = flag(in[4], true);
    if (follow < 0 || posix_int(in[1], &uid) < 0 || posix_int(in[2], &gid) < 0 ||
        posix_dir_fd(in[3], &dir_fd) < 0 || posix_path(in[0], "chown", true, &path) < 0)
        return NULL;
    WAITING(r, path.text ? fchownat(dir_fd, path.text, (uid_t)uid, (gid_t)gid,
                                    follow ? 0 : AT_SYMLINK_NOFOLLOW)
                         : fchown(path.fd, (uid_t)uid, (gid_t)gid));
    return done(r, &path);
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
    const int follow = flag(in[4], true);
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
    return done(r, &path);
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
    return done(r, &path);
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
    return done(r, &path);
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

/* ---- directories ----------------------------------------------------------------------------- */

/* An open directory, from a path or a copy of a descriptor; NULL with an exception. */
static DIR *open_directory(struct path *path)
{
    DIR *dir = NULL;
    py_allow_threads_begin();
    if (path->text) {
        dir = opendir(path->text);
    } else {
        const int fd = fcntl(path->fd, F_DUPFD_CLOEXEC, 0);
        dir = fd >= 0 ? fdopendir(fd) : NULL;
        if (dir)
            rewinddir(dir);
    }
    const int number = errno;
    py_allow_threads_end();
    errno = number;
    if (!dir)
        posix_error(path->object, NULL);
    return dir;
}

static bool is_dots(const char *name)
{
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

METHOD(os_listdir)
{
    PARSE("listdir", 1, 0, 1, "path");
    struct path path = {0};
    PY_HOLD(&path.owner);
    if (!in[0] || in[0] == PY_NONE)
        path = (struct path){.text = ".", .fd = -1};
    else if (posix_path(in[0], "listdir", true, &path) < 0)
        return NULL;
    DIR *const dir = open_directory(&path);
    struct py_list *list = dir ? py_list_new(0) : NULL;
    PY_HOLD(&list);
    struct dirent *entry;
    while (list && (errno = 0, entry = readdir(dir))) {
        if (is_dots(entry->d_name))
            continue;
        struct py_object *const name = posix_name(entry->d_name, path.bytes);
        if (!name || py_list_append_steal(list, name) < 0)
            py_clear(list);
    }
    if (dir)
        closedir(dir);
    py_clear(path.owner);
    struct py_list *const result = list;
    list = NULL;
    return PY_OBJ(result);
}

struct dir_entry {
    struct py_object base;
    struct py_object *name, *path;
    struct py_object *stat, *lstat; /* results, once asked for */
    uint64_t inode;
    int dir_fd;   /* what the path is relative to: AT_FDCWD, or the descriptor scanned */
    uint8_t kind; /* d_type */
};
struct scandir_iter {
    struct py_object base;
    struct py_object *path; /* what names are joined to; NULL for a descriptor */
    DIR *dir;
    int fd; /* given by the caller, or AT_FDCWD */
    bool bytes;
};
#define ENTRY(o) ((struct dir_entry *)(o))
#define SCAN(o)  ((struct scandir_iter *)(o))

METHOD(os_scandir)
{
    PARSE("scandir", 1, 0, 1, "path");
    struct path path = {0};
    PY_HOLD(&path.owner);
    struct py_object *const dot = PY_OBJ(py_str_const("."));
    if (posix_path(in[0] && in[0] != PY_NONE ? in[0] : dot, "scandir", true, &path) < 0)
        return NULL;
    DIR *const dir = open_directory(&path);
    struct scandir_iter *s = dir ? py_object_new(&py_scandir_iter_type) : NULL;
    if (dir && !s)
        closedir(dir);
    if (s) {
        s->dir = dir;
        s->bytes = path.bytes;
        s->fd = path.text ? AT_FDCWD : path.fd;
        if (path.text)
            s->path = posix_fspath(path.object);
        py_gc_track(s);
    }
    py_clear(path.owner);
    return PY_OBJ(s);
}

static void scan_close(struct scandir_iter *s)
{
    DIR *const dir = s->dir;
    s->dir = NULL;
    if (dir)
        closedir(dir);
}

static struct py_object *join_path(struct scandir_iter *s, const char *name)
{
    struct py_object *tail = posix_name(name, s->bytes);
    if (!tail || !s->path)
        return tail;
    if (s->bytes) {
        struct py_bytes *const head = (struct py_bytes *)s->path;
        const size_t n = (size_t)head->base.size, m = strlen(name);
        const bool slash = n > 0 && head->data[n - 1] != '/';
        struct py_bytes *const whole = py_bytes_from(NULL, n + slash + m);
        if (whole) {
            memcpy(whole->data, head->data, n);
            if (slash)
                whole->data[n] = '/';
            memcpy(whole->data + n + slash, name, m);
        }
        py_decref(tail);
        return PY_OBJ(whole);
    }
    struct py_str *const head = (struct py_str *)s->path;
    const bool slash = head->length > 0 && py_str_char(head, head->length - 1) != '/';
    struct py_str *const whole = py_str_format_c("%U%s%U", head, slash ? "/" : "", tail);
    py_decref(tail);
    return PY_OBJ(whole);
}

static struct py_object *scan_next(struct py_object *o)
{
    struct scandir_iter *const s = SCAN(o);
    if (!s->dir)
        return NULL;
    struct dirent *entry;
    do {
        errno = 0;
        entry = readdir(s->dir);
    } while (entry && is_dots(entry->d_name));
    if (!entry) {
        const int number = errno;
        scan_close(s);
        errno = number;
        return number ? posix_error(s->path, NULL) : NULL;
    }
    struct dir_entry *e = py_object_new(&py_dir_entry_type);
    if (!e)
        return NULL;
    e->inode = entry->d_ino;
    e->kind = entry->d_type;
    e->dir_fd = s->fd;
    e->name = posix_name(entry->d_name, s->bytes);
    e->path = join_path(s, entry->d_name);
    py_gc_track(e);
    if (!e->name || !e->path) {
        PY_HOLD(&e);
        py_clear(e);
    }
    return PY_OBJ(e);
}

METHOD(scan_enter)
{
    UNUSED;
    return py_newref(self);
}

METHOD(scan_exit)
{
    UNUSED;
    scan_close(SCAN(self));
    return PY_NONE;
}

static void scan_dealloc(struct py_object *o)
{
    scan_close(SCAN(o));
    py_object_release_common(o);
    py_object_free(o);
}

static const struct py_method_def scan_methods[] = {
    {.name = "__enter__", .fn = scan_enter},
    {.name = "__exit__", .fn = scan_exit, .max_args = 3},
    {.name = "close", .fn = scan_exit},
    {.name = NULL}};
static const struct py_field scan_fields[] = {PY_FIELD(struct scandir_iter, path)};
struct py_type py_scandir_iter_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "posix.ScandirIterator",
    .basicsize = sizeof(struct scandir_iter),
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW,
    .field_count = 1,
    .fields = scan_fields,
    .dealloc = scan_dealloc,
    .iter = py_iter_self,
    .iternext = scan_next,
    .methods = scan_methods,
};

static struct py_object *entry_stat_result(struct dir_entry *e, bool follow)
{
    struct py_object **const slot = follow ? &e->stat : &e->lstat;
    if (!*slot) {
        struct py_object *dir = e->dir_fd == AT_FDCWD ? PY_NONE : py_int_from_i64(e->dir_fd);
        struct py_object *const st = dir ? do_stat("stat", e->path, dir, follow, false) : NULL;
        py_xdecref(dir);
        if (!st)
            return NULL;
        py_setref(*slot, st);
    }
    return py_newref(*slot);
}

static int follow_argument(const char *function, struct py_object *const *args, size_t nargs,
                           struct py_tuple *kwnames)
{
    static const char *const names[] = {"follow_symlinks"};
    const struct py_params params = {.function = function, .names = names, .count = 1};
    struct py_object *in = NULL;
    if (py_parse_args(&params, args, nargs, kwnames, &in) < 0)
        return -1;
    return flag(in, true);
}

METHOD(entry_stat)
{
    const int follow = follow_argument("stat", args, nargs, kwnames);
    return follow < 0 ? NULL : entry_stat_result(ENTRY(self), follow);
}

/* Is the entry of this kind? */
static struct py_object *entry_is(struct dir_entry *e, mode_t kind, uint8_t dtype, int follow)
{
    if (follow < 0)
        return NULL;
    if (e->kind != DT_UNKNOWN && !(follow && e->kind == DT_LNK))
        return py_bool_from(e->kind == dtype);
    struct py_object *const st = entry_stat_result(e, follow);
    if (!st) {
        if (!py_error_matches(&py_exc_FileNotFoundError))
            return NULL;
        py_error_clear();
        return PY_FALSE;
    }
    const int64_t mode = py_int_as_i64_clip(((struct py_tuple *)st)->items[0]);
    py_decref(st);
    return py_bool_from(((mode_t)mode & S_IFMT) == kind);
}

METHOD(entry_is_dir)
{
    return entry_is(ENTRY(self), S_IFDIR, DT_DIR, follow_argument("is_dir", args, nargs, kwnames));
}

METHOD(entry_is_file)
{
    return entry_is(ENTRY(self), S_IFREG, DT_REG, follow_argument("is_file", args, nargs, kwnames));
}

METHOD(entry_is_symlink)
{
    UNUSED;
    return entry_is(ENTRY(self), S_IFLNK, DT_LNK, false);
}

METHOD(entry_inode)
{
    UNUSED;
    return py_int_from_u64(ENTRY(self)->inode);
}

METHOD(entry_fspath)
{
    UNUSED;
    return py_newref(ENTRY(self)->path);
}

METHOD(entry_class_getitem)
{
    (void)nargs, (void)kwnames;
    return py_generic_alias_new(self, args[0]);
}

static struct py_object *entry_repr(struct py_object *o)
{
    return PY_OBJ(py_str_format_c("<DirEntry %R>", ENTRY(o)->name));
}

static const struct py_method_def entry_methods[] = {
    {.name = "is_dir", .fn = entry_is_dir, .max_args = -1, .flags = PY_METH_KEYWORDS},
    {.name = "is_file", .fn = entry_is_file, .max_args = -1, .flags = PY_METH_KEYWORDS},
    {.name = "is_symlink", .fn = entry_is_symlink},
    {.name = "stat", .fn = entry_stat, .max_args = -1, .flags = PY_METH_KEYWORDS},
    {.name = "inode", .fn = entry_inode},
    {.name = "__fspath__", .fn = entry_fspath},
    {.name = "__class_getitem__",
     .fn = entry_class_getitem,
     .min_args = 1,
     .max_args = 1,
     .flags = PY_METH_CLASSMETHOD},
    {.name = NULL}};
static const struct py_member_def entry_members[] = {{.name = "name",
                                                      .kind = PY_MEMBER_OBJECT,
                                                      .offset = offsetof(struct dir_entry, name),
                                                      .readonly = true},
                                                     {.name = "path",
                                                      .kind = PY_MEMBER_OBJECT,
                                                      .offset = offsetof(struct dir_entry, path),
                                                      .readonly = true},
                                                     {.name = NULL}};
static const struct py_field entry_fields[] = {
    PY_FIELD(struct dir_entry, name), PY_FIELD(struct dir_entry, path),
    PY_FIELD(struct dir_entry, stat), PY_FIELD(struct dir_entry, lstat)};
struct py_type py_dir_entry_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "posix.DirEntry",
    .basicsize = sizeof(struct dir_entry),
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW,
    .field_count = 4,
    .fields = entry_fields,
    .repr = entry_repr,
    .methods = entry_methods,
    .members = entry_members,
};

/* ---- descriptors ----------------------------------------------------------------------------- */

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
        return done(fd, &path);
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
        got < 0 ? done(got, NULL) : PY_OBJ(py_bytes_from(buffer, (size_t)got));
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
    return n < 0 ? done(n, NULL) : py_int_from_i64(n);
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
    return r < 0 ? done(r, NULL) : py_int_from_i64(r);
}

/* Functions of one descriptor. */
static struct py_object *with_fd(struct py_object *o, int (*fn)(int))
{
    int fd, r;
    if (posix_int(o, &fd) < 0)
        return NULL;
    WAITING(r, fn(fd));
    return done(r, NULL);
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

METHOD(os_fchdir)
{
    UNUSED;
    return with_fd(args[0], fchdir);
}

METHOD(os_ftruncate)
{
    UNUSED;
    return os_truncate(self, args, nargs, kwnames);
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
    const int inheritable = flag(in[2], true);
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
    return n < 0 ? done(n, NULL) : py_int_from_i64(n);
}

#define K(py_name, function)                                                       \
    {                                                                              \
        .name = py_name, .fn = function, .max_args = -1, .flags = PY_METH_KEYWORDS \
    }
#define P(py_name, function, n)                                       \
    {                                                                 \
        .name = py_name, .fn = function, .min_args = n, .max_args = n \
    }
const struct py_method_def posix_file_functions[] = {
    K("stat", os_stat),
    K("lstat", os_lstat),
    K("fstat", os_fstat),
    K("statvfs", os_statvfs),
    K("fstatvfs", os_statvfs),
    K("access", os_access),
    K("mkdir", os_mkdir),
    K("rmdir", os_rmdir),
    K("unlink", os_unlink),
    K("remove", os_remove),
    K("rename", os_rename),
    K("replace", os_replace),
    K("link", os_link),
    K("symlink", os_symlink),
    K("readlink", os_readlink),
    K("chmod", os_chmod),
    K("fchmod", os_chmod),
    K("chown", os_chown),
    K("fchown", os_chown),
    K("utime", os_utime),
    K("truncate", os_truncate),
    P("ftruncate", os_ftruncate, 2),
    K("chdir", os_chdir),
    P("fchdir", os_fchdir, 1),
    P("getcwd", os_getcwd, 0),
    P("getcwdb", os_getcwdb, 0),
    P("umask", os_umask, 1),
    K("listdir", os_listdir),
    K("scandir", os_scandir),
    K("open", os_open),
    K("close", os_close),
    P("closerange", os_closerange, 2),
    P("read", os_read, 2),
    P("write", os_write, 2),
    P("lseek", os_lseek, 3),
    P("fsync", os_fsync, 1),
    P("fdatasync", os_fdatasync, 1),
    P("isatty", os_isatty, 1),
    P("dup", os_dup, 1),
    K("dup2", os_dup2),
    P("pipe", os_pipe, 0),
    P("pipe2", os_pipe2, 1),
    P("get_inheritable", os_get_inheritable, 1),
    P("set_inheritable", os_set_inheritable, 2),
    P("get_blocking", os_get_blocking, 1),
    P("set_blocking", os_set_blocking, 2),
    P("device_encoding", os_device_encoding, 1),
    K("sendfile", os_sendfile),
    {.name = "get_terminal_size", .fn = os_get_terminal_size, .max_args = 1},
    {.name = NULL}};
