/* posix, what os.py is made of: paths and the module. Files are in posix_stat.c, posix_paths.c,
 * posix_dirs.c and posix_fds.c, processes in posix_process.c.
 *
 * Every call that may wait gives the GIL up. A path is decoded and encoded as UTF-8 with
 * surrogateescape, so that any name a directory holds comes back as it went.
 */
#include "vm/builtins/posix_files.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/limits.h>
#include <linux/memfd.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <sysexits.h>
#include <unistd.h>

#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/structseq.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

/* ---- paths ----------------------------------------------------------------------------------- */

struct py_object *posix_fspath(struct py_object *o)
{
    if (py_str_check(o) || py_bytes_check(o))
        return py_newref(o);
    struct py_object *method = py_lookup_special(o, py_str_const("__fspath__"));
    if (!method) {
        if (!py_error_occurred())
            py_raise(&py_exc_TypeError, "expected str, bytes or os.PathLike object, not %.200s",
                     o->type->name);
        return NULL;
    }
    PY_HOLD(&method);
    struct py_object *result = py_call0(method);
    py_clear(method);
    if (result && !py_str_check(result) && !py_bytes_check(result)) {
        PY_HOLD(&result);
        py_raise(&py_exc_TypeError,
                 "expected %.200s.__fspath__() to return str or bytes, not %.200s", o->type->name,
                 result->type->name);
        py_clear(result);
    }
    return result;
}

int posix_int(struct py_object *o, int *out)
{
    if (!py_int_check(o) && !o->type->index)
        return py_raise_int(&py_exc_TypeError,
                            "'%.200s' object cannot be interpreted as an integer", o->type->name);
    const int64_t v = py_int_as_i64(o);
    if (v == -1 && py_error_occurred())
        return -1;
    if (v > INT32_MAX || v < INT32_MIN)
        return py_raise_int(&py_exc_OverflowError, v > 0 ? "signed integer is greater than maximum"
                                                         : "signed integer is less than minimum");
    *out = (int)v;
    return 0;
}

int posix_path(struct py_object *o, const char *function, bool allow_fd, struct path *out)
{
    *out = (struct path){.object = o, .fd = -1};
    if (allow_fd && (py_int_check(o) || o->type->index)) {
        if (posix_int(o, &out->fd) < 0)
            return -1;
        if (out->fd < 0)
            out->fd = INT32_MAX; /* no such descriptor: the call says so */
        return 0;
    }
    const bool pathlike =
        py_str_check(o) || py_bytes_check(o) || py_type_lookup(o->type, py_str_const("__fspath__"));
    if (!pathlike)
        return py_raise_int(&py_exc_TypeError, "%s: path should be string, bytes%s, not %.200s",
                            function, allow_fd ? ", os.PathLike or integer" : " or os.PathLike",
                            o->type->name);
    struct py_object *name = posix_fspath(o);
    if (!name)
        return -1;
    PY_HOLD(&name);
    out->bytes = py_bytes_check(name);
    struct py_object *octets =
        out->bytes ? py_newref(name) : py_str_encode(name, "utf-8", "surrogateescape");
    py_clear(name);
    if (!octets)
        return -1;
    out->text = (const char *)((struct py_bytes *)octets)->data;
    if (strlen(out->text) != (size_t)((struct py_bytes *)octets)->base.size) {
        py_decref(octets);
        return py_raise_int(&py_exc_ValueError, "%s: embedded null %s in path", function,
                            out->bytes ? "byte" : "character");
    }
    out->owner = octets;
    return 0;
}

struct py_object *posix_name(const char *text, bool bytes)
{
    return bytes ? PY_OBJ(py_bytes_from(text, strlen(text)))
                 : py_bytes_decode((const uint8_t *)text, strlen(text), "utf-8", "surrogateescape");
}

/* What a path names, as an exception has it: of a PathLike the text. New. */
static struct py_object *filename_of(struct py_object *path)
{
    return py_int_check(path) || path->type->index ? py_newref(path) : posix_fspath(path);
}

static void raise_for_paths(int number, struct py_object *path, struct py_object *path2)
{
    struct py_object *args[5] = {py_int_from_i64(number),
                                 PY_OBJ(py_str_from_cstr(strerror(number))), path, PY_NONE, path2};
    PY_HOLD_N(args, 2);
    struct py_object *e =
        args[0] && args[1] ? py_call(PY_OBJ(&py_exc_OSError), args, 5, NULL) : NULL;
    PY_HOLD(&e);
    if (e)
        py_raise_instance(e);
    py_clear(e);
    py_clear(args[0]);
    py_clear(args[1]);
}

void *posix_error(struct py_object *path, struct py_object *path2)
{
    const int number = errno;
    struct py_object *names[2] = {NULL, NULL};
    PY_HOLD_N(names, 2);
    const bool known =
        (!path || (names[0] = filename_of(path))) && (!path2 || (names[1] = filename_of(path2)));
    if (known && path2)
        raise_for_paths(number, names[0], names[1]);
    else if (known)
        py_raise_os_error(number, names[0]);
    py_clear(names[0]);
    py_clear(names[1]);
    return NULL;
}

struct py_object *posix_done(int64_t result, struct path *path)
{
    struct py_object *value = PY_NONE;
    if (result < 0)
        value = py_error_occurred() ? NULL : posix_error(path ? path->object : NULL, NULL);
    if (path)
        py_clear(path->owner);
    return value;
}

int posix_flag(struct py_object *o, bool fallback)
{
    return o ? py_truth(o) : fallback;
}

int posix_dir_fd(struct py_object *o, int *out)
{
    *out = AT_FDCWD;
    if (!o || o == PY_NONE)
        return 0;
    if (!py_int_check(o) && !o->type->index)
        return py_raise_int(&py_exc_TypeError, "argument should be integer or None, not %.200s",
                            o->type->name);
    return posix_int(o, out);
}

int posix_id(struct py_object *o, const char *what, uint32_t *out)
{
    if (!py_int_check(o) && !o->type->index)
        return py_raise_int(&py_exc_TypeError, "%s should be integer, not %.200s", what,
                            o->type->name);
    struct py_object *number = py_index(o);
    if (!number)
        return -1;
    const int64_t id = py_int_as_i64(number);
    py_decref(number);
    const bool too_far = id == -1 && py_error_occurred();
    if (too_far && !py_error_matches(&py_exc_OverflowError))
        return -1;
    if (too_far)
        py_error_clear();
    if (too_far || id < -1 || id > UINT32_MAX)
        return py_raise_int(&py_exc_OverflowError,
                            id < -1 ? "%s is less than minimum" : "%s is greater than maximum",
                            what);
    *out = (uint32_t)id;
    return 0;
}

METHOD(function_fspath)
{
    UNUSED;
    return posix_fspath(args[0]);
}

/* os.path.normpath: no empty parts, no ".", ".." resolved where it can be. */
METHOD(function_path_normpath)
{
    UNUSED;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "expected str");
    size_t len;
    const char *const text = py_str_utf8((struct py_str *)args[0], &len);
    if (!text)
        return NULL;
    struct py_list *parts = py_list_new(0);
    PY_HOLD(&parts);
    const int slashes = text[0] != '/' ? 0 : text[1] == '/' && text[2] != '/' ? 2 : 1;
    for (size_t i = 0; parts && i < len;) {
        const char *const slash = memchr(text + i, '/', len - i);
        const size_t end = slash ? (size_t)(slash - text) : len, n = end - i;
        const char *const part = text + i;
        i = end + 1;
        if (n == 0 || (n == 1 && *part == '.'))
            continue;
        const int64_t count = parts->base.size;
        const bool up = n == 2 && part[0] == '.' && part[1] == '.';
        const bool last_is_up =
            count > 0 && py_str_equal_cstr((struct py_str *)parts->items[count - 1], "..");
        if (up && count > 0 && !last_is_up) {
            if (py_list_set_slice(parts, count - 1, count, NULL) < 0)
                py_clear(parts);
        } else if (!up || !slashes) {
            struct py_str *const s = py_str_from_utf8(part, n);
            if (!s || py_list_append_steal(parts, PY_OBJ(s)) < 0)
                py_clear(parts);
        }
    }
    struct py_str *const slash = py_str_const("/");
    struct py_str *joined = parts ? py_str_join(slash, PY_OBJ(parts)) : NULL;
    py_clear(parts);
    if (!joined)
        return NULL;
    struct py_str *const result = py_str_format_c("%.*s%U", slashes, "//", joined);
    py_decref(joined);
    if (result && result->length == 0) {
        py_decref(result);
        return PY_OBJ(py_str_from_cstr("."));
    }
    return PY_OBJ(result);
}

static const struct py_method_def functions[] = {
    {.name = "fspath",
     .fn = function_fspath,
     .min_args = 1,
     .max_args = 1,
     .doc = "Return the file system path representation of the object."},
    {.name = "_path_normpath", .fn = function_path_normpath, .min_args = 1, .max_args = 1},
    {.name = NULL}};

/* ---- the module ------------------------------------------------------------------------------ */

/* clang-format off */
#define CONSTANTS(C)                                                                             \
    C(F_OK) C(R_OK) C(W_OK) C(X_OK) C(O_RDONLY) C(O_WRONLY) C(O_RDWR) C(O_NDELAY) C(O_NONBLOCK)  \
    C(O_APPEND) C(O_DSYNC) C(O_RSYNC) C(O_SYNC) C(O_NOCTTY) C(O_CREAT) C(O_EXCL) C(O_TRUNC)      \
    C(O_LARGEFILE) C(O_DIRECTORY) C(O_NOFOLLOW) C(O_CLOEXEC) C(O_ACCMODE) C(O_PATH) C(O_TMPFILE) \
    C(O_ASYNC) C(O_DIRECT) C(O_NOATIME) C(WNOHANG) C(WUNTRACED) C(WCONTINUED) C(WEXITED)         \
    C(WNOWAIT) C(WSTOPPED) C(P_PID) C(P_PGID) C(P_ALL) C(CLD_EXITED) C(CLD_KILLED) C(CLD_DUMPED) \
    C(CLD_TRAPPED) C(CLD_STOPPED) C(CLD_CONTINUED) C(EX_OK) C(EX_USAGE) C(EX_DATAERR)            \
    C(EX_NOINPUT) C(EX_NOUSER) C(EX_NOHOST) C(EX_UNAVAILABLE) C(EX_SOFTWARE) C(EX_OSERR)         \
    C(EX_OSFILE) C(EX_CANTCREAT) C(EX_IOERR) C(EX_TEMPFAIL) C(EX_PROTOCOL) C(EX_NOPERM)          \
    C(EX_CONFIG) C(SEEK_DATA) C(SEEK_HOLE) C(F_LOCK) C(F_TLOCK) C(F_ULOCK) C(F_TEST) C(O_FSYNC)  \
    C(P_PIDFD) C(POSIX_FADV_NORMAL) C(POSIX_FADV_RANDOM) C(POSIX_FADV_SEQUENTIAL)                \
    C(POSIX_FADV_WILLNEED) C(POSIX_FADV_DONTNEED) C(POSIX_FADV_NOREUSE) C(RWF_HIPRI)             \
    C(RWF_DSYNC) C(RWF_SYNC) C(RWF_NOWAIT) C(RWF_APPEND) C(SPLICE_F_MOVE) C(SPLICE_F_NONBLOCK)   \
    C(SPLICE_F_MORE) C(EFD_CLOEXEC) C(EFD_NONBLOCK) C(EFD_SEMAPHORE) C(MFD_CLOEXEC)              \
    C(MFD_ALLOW_SEALING) C(MFD_HUGETLB) C(MFD_HUGE_SHIFT) C(MFD_HUGE_MASK) C(MFD_HUGE_64KB)      \
    C(MFD_HUGE_512KB) C(MFD_HUGE_1MB) C(MFD_HUGE_2MB) C(MFD_HUGE_8MB) C(MFD_HUGE_16MB)           \
    C(MFD_HUGE_32MB) C(MFD_HUGE_256MB) C(MFD_HUGE_512MB) C(MFD_HUGE_1GB) C(MFD_HUGE_2GB)         \
    C(MFD_HUGE_16GB) C(XATTR_CREATE) C(XATTR_REPLACE) C(XATTR_SIZE_MAX) C(SCHED_OTHER)           \
    C(SCHED_FIFO) C(SCHED_RR) C(SCHED_BATCH) C(SCHED_IDLE) C(SCHED_RESET_ON_FORK) C(RTLD_LAZY)   \
    C(RTLD_NOW) C(RTLD_GLOBAL) C(RTLD_LOCAL) C(RTLD_NODELETE) C(RTLD_NOLOAD) C(RTLD_DEEPBIND)    \
    C(ST_RDONLY) C(ST_NOSUID) C(ST_NODEV) C(ST_NOEXEC) C(ST_SYNCHRONOUS) C(ST_MANDLOCK)          \
    C(ST_WRITE) C(ST_APPEND) C(ST_NOATIME) C(ST_NODIRATIME) C(ST_RELATIME)
/* clang-format on */

static int add_constants(struct py_module *m)
{
    static const struct {
        const char *name;
        int64_t value;
    } rows[] = {
#define C(name) {#name, name},
        CONSTANTS(C)
#undef C
            {"NGROUPS_MAX", 65536},
        {"TMP_MAX", 238328},
        {"GRND_NONBLOCK", 1},
        {"GRND_RANDOM", 2},
        {"PRIO_PROCESS", 0},
        {"PRIO_PGRP", 1},
        {"PRIO_USER", 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (py_module_add_steal(m, rows[i].name, py_int_from_i64(rows[i].value)) < 0)
            return -1;
    return 0;
}

static int add_environ(struct py_module *m)
{
    struct py_dict *env = py_dict_new();
    if (!env)
        return -1;
    PY_HOLD(&env);
    int failed = 0;
    for (char **p = environ; !failed && p && *p; p++) {
        const char *const eq = strchr(*p + (**p == '='), '=');
        if (!eq)
            continue;
        struct py_object *name = PY_OBJ(py_bytes_from(*p, (size_t)(eq - *p)));
        struct py_object *value = PY_OBJ(py_bytes_from(eq + 1, strlen(eq + 1)));
        failed = !name || !value || !py_dict_setdefault(env, name, value);
        py_xdecref(name);
        py_xdecref(value);
    }
    if (!failed)
        failed = py_module_add(m, "environ", PY_OBJ(env)) < 0;
    py_clear(env);
    return failed ? -1 : 0;
}

static int add_names(struct py_module *m)
{
    static const char *const have[] = {
        "HAVE_FACCESSAT",  "HAVE_FCHDIR",   "HAVE_FCHMOD",    "HAVE_FCHMODAT", "HAVE_FSTATAT",
        "HAVE_FTRUNCATE",  "HAVE_FUTIMENS", "HAVE_LINKAT",    "HAVE_MKDIRAT",  "HAVE_OPENAT",
        "HAVE_READLINKAT", "HAVE_RENAMEAT", "HAVE_SYMLINKAT", "HAVE_UNLINKAT", "HAVE_UTIMENSAT",
        "HAVE_FDOPENDIR",  "HAVE_LSTAT"};
    struct py_list *list = py_list_new(0);
    for (size_t i = 0; list && i < sizeof have / sizeof have[0]; i++) {
        struct py_str *const name = py_str_from_cstr(have[i]);
        if (!name || py_list_append_steal(list, PY_OBJ(name)) < 0)
            py_clear(list);
    }
    return py_module_add_steal(m, "_have_functions", PY_OBJ(list));
}

struct py_module *py_mod_posix_init(void); /* modules.def */

struct py_module *py_mod_posix_init(void)
{
    static struct py_type *const types[] = {&py_stat_result_type,   &py_dir_entry_type,
                                            &py_terminal_size_type, &py_times_result_type,
                                            &py_uname_result_type,  &py_statvfs_result_type,
                                            &py_sched_param_type,   &py_waitid_result_type};
    struct py_module *m =
        py_module_new("posix", "The calls of the operating system that os is made of.");
    if (!m || py_module_add_methods(m, functions) < 0 ||
        py_module_add_methods(m, posix_stat_functions) < 0 ||
        py_module_add_methods(m, posix_path_functions) < 0 ||
        py_module_add_methods(m, posix_dir_functions) < 0 ||
        py_module_add_methods(m, posix_fd_functions) < 0 ||
        py_module_add_methods(m, posix_process_functions) < 0 ||
        py_module_add_methods(m, posix_fork_functions) < 0 ||
        py_module_add_methods(m, posix_transfer_functions) < 0 ||
        py_module_add_methods(m, posix_id_functions) < 0 ||
        py_module_add_methods(m, posix_node_functions) < 0 ||
        py_module_add_methods(m, posix_wait_functions) < 0 || add_constants(m) < 0 ||
        posix_add_limits(m) < 0 || add_environ(m) < 0 || add_names(m) < 0 ||
        py_module_add(m, "error", PY_OBJ(&py_exc_OSError)) < 0)
        py_clear(m);
    for (size_t i = 0; m && i < sizeof types / sizeof types[0]; i++)
        if (py_module_add(m, py_type_shortname(types[i]), PY_OBJ(types[i])) < 0)
            py_clear(m);
    return m;
}
