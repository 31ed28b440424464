/* posix: what files, file systems and terminals are like. */
#include "vm/builtins/posix_files.h"

#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/structseq.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"

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
static const struct py_field stat_fields[] = {
    PY_STRUCTSEQ_HIDDEN("st_atime", 10),    PY_STRUCTSEQ_HIDDEN("st_mtime", 11),
    PY_STRUCTSEQ_HIDDEN("st_ctime", 12),    PY_STRUCTSEQ_HIDDEN("st_atime_ns", 13),
    PY_STRUCTSEQ_HIDDEN("st_mtime_ns", 14), PY_STRUCTSEQ_HIDDEN("st_ctime_ns", 15),
    PY_STRUCTSEQ_HIDDEN("st_blksize", 16),  PY_STRUCTSEQ_HIDDEN("st_blocks", 17),
    PY_STRUCTSEQ_HIDDEN("st_rdev", 18)};

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
    struct py_dict *const named =
        nargs > 1 && py_dict_check(args[1]) ? (struct py_dict *)args[1] : NULL;
    for (int64_t i = 0; i < STAT_ITEMS; i++) {
        struct py_object *item = i < n ? given->items[i] : PY_NONE;
        if (i >= n && i >= 10 && i < 13)
            item = given->items[i - 3];
        struct py_object *const other =
            i >= n && i >= STAT_SHOWN && named
                ? py_dict_get_cstr(named, stat_fields[i - STAT_SHOWN].name)
                : NULL;
        items[i] = py_newref(other ? other : item);
    }
    py_decref(given);
    return py_structseq_from_array(&py_stat_result_type, items, STAT_ITEMS);
}

struct py_type py_stat_result_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "os.stat_result",
    .super = &py_tuple_type,
    .field_count = STAT_ITEMS - STAT_SHOWN,
    .fields = stat_fields,
    .dealloc = py_structseq_dealloc,
    .size_of = py_structseq_size_of,
    .repr = py_structseq_repr,
    .new_ = stat_new,
    .methods = py_structseq_methods,
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
    return py_structseq_from_array(&py_stat_result_type, items, STAT_ITEMS);
}

struct py_object *posix_do_stat(const char *function, struct py_object *object,
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
        return posix_done(r, &path);
    py_clear(path.owner);
    return posix_stat_result(&st);
}

METHOD(os_stat)
{
    PARSE("stat", 3, 1, 1, "path", "dir_fd", "follow_symlinks");
    const int follow = posix_flag(in[2], true);
    return follow < 0 ? NULL : posix_do_stat("stat", in[0], in[1], follow, true);
}

METHOD(os_lstat)
{
    PARSE("lstat", 2, 1, 1, "path", "dir_fd");
    return posix_do_stat("lstat", in[0], in[1], false, false);
}

METHOD(os_fstat)
{
    PARSE("fstat", 1, 1, 1, "fd");
    struct stat st;
    int fd, r;
    if (posix_int(in[0], &fd) < 0)
        return NULL;
    WAITING(r, fstat(fd, &st));
    return r < 0 ? posix_done(r, NULL) : posix_stat_result(&st);
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
        .methods = py_structseq_methods,                   \
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
        return posix_done(r, &path);
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

const struct py_method_def posix_stat_functions[] = {
    KEYWORDS("stat", os_stat),
    KEYWORDS("lstat", os_lstat),
    KEYWORDS("fstat", os_fstat),
    KEYWORDS("statvfs", os_statvfs),
    KEYWORDS("fstatvfs", os_statvfs),
    {.name = "get_terminal_size", .fn = os_get_terminal_size, .max_args = 1},
    {.name = NULL}};
