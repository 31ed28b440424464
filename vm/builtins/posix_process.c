/* posix: processes, users, the environment, and facts about the machine. */
#include "vm/builtins/mod_posix.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/set.h"
#include "vm/object/str.h"
#include "vm/object/structseq.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/signals.h"

static struct py_object *number_or_error(int64_t r)
{
    return r < 0 ? posix_error(NULL, NULL) : py_int_from_i64(r);
}

static struct py_object *none_or_error(int r)
{
    return r < 0 ? posix_error(NULL, NULL) : PY_NONE;
}

#define NUMBER(name, call)                \
    METHOD(os_##name)                     \
    {                                     \
        UNUSED;                           \
        return number_or_error((call)()); \
    }
NUMBER(getpid, getpid)
NUMBER(getppid, getppid)
NUMBER(getuid, getuid)
NUMBER(geteuid, geteuid)
NUMBER(getgid, getgid)
NUMBER(getegid, getegid)
NUMBER(getpgrp, getpgrp)

METHOD(os_setsid)
{
    UNUSED;
    return none_or_error(setsid() < 0 ? -1 : 0);
}

METHOD(os_getpgid)
{
    UNUSED;
    int pid;
    return posix_int(args[0], &pid) < 0 ? NULL : number_or_error(getpgid(pid));
}

METHOD(os_setpgid)
{
    UNUSED;
    int pid, group;
    if (posix_int(args[0], &pid) < 0 || posix_int(args[1], &group) < 0)
        return NULL;
    return none_or_error(setpgid(pid, group));
}

METHOD(os_getsid)
{
    UNUSED;
    int pid;
    return posix_int(args[0], &pid) < 0 ? NULL : number_or_error(getsid(pid));
}

METHOD(os_getgroups)
{
    UNUSED;
    gid_t groups[256];
    const int n = getgroups(256, groups);
    if (n < 0)
        return posix_error(NULL, NULL);
    struct py_list *list = py_list_new(0);
    for (int i = 0; list && i < n; i++)
        if (py_list_append_steal(list, py_int_from_u64(groups[i])) < 0)
            py_clear(list);
    return PY_OBJ(list);
}

METHOD(os_kill)
{
    UNUSED;
    int pid, number;
    if (posix_int(args[0], &pid) < 0 || posix_int(args[1], &number) < 0)
        return NULL;
    if (kill(pid, number) < 0)
        return posix_error(NULL, NULL);
    return py_signals_run() < 0 ? NULL : PY_NONE;
}

METHOD(os_killpg)
{
    UNUSED;
    int group, number;
    if (posix_int(args[0], &group) < 0 || posix_int(args[1], &number) < 0)
        return NULL;
    return none_or_error(killpg(group, number));
}

METHOD(os_exit_now)
{
    UNUSED;
    int status;
    if (posix_int(args[0], &status) < 0)
        return NULL;
    _exit(status);
}

METHOD(os_abort)
{
    UNUSED;
    abort();
}

static struct py_object *wait_result(pid_t pid, int status)
{
    if (pid < 0)
        return py_error_occurred() ? NULL : posix_error(NULL, NULL);
    struct py_object *pair[2] = {py_int_from_i64(pid), py_int_from_i64(status)};
    return PY_OBJ(py_tuple_from_array_steal(pair, 2));
}

static struct py_object *wait_for(int pid, int options)
{
    int status = 0, number;
    pid_t r;
    do {
        py_allow_threads_begin();
        r = waitpid(pid, &status, options);
        number = errno;
        py_allow_threads_end();
    } while (r < 0 && number == EINTR && py_signals_run() == 0);
    errno = number;
    return wait_result(r, status);
}

METHOD(os_waitpid)
{
    UNUSED;
    int pid, options;
    if (posix_int(args[0], &pid) < 0 || posix_int(args[1], &options) < 0)
        return NULL;
    return wait_for(pid, options);
}

METHOD(os_wait)
{
    UNUSED;
    return wait_for(-1, 0);
}

#define STATUS(name, macro, result)                                            \
    METHOD(os_##name)                                                          \
    {                                                                          \
        UNUSED;                                                                \
        int status;                                                            \
        return posix_int(args[0], &status) < 0 ? NULL : result(macro(status)); \
    }
STATUS(wifexited, WIFEXITED, py_bool_from)
STATUS(wifsignaled, WIFSIGNALED, py_bool_from)
STATUS(wifstopped, WIFSTOPPED, py_bool_from)
STATUS(wifcontinued, WIFCONTINUED, py_bool_from)
STATUS(wcoredump, WCOREDUMP, py_bool_from)
STATUS(wexitstatus, WEXITSTATUS, py_int_from_i64)
STATUS(wtermsig, WTERMSIG, py_int_from_i64)
STATUS(wstopsig, WSTOPSIG, py_int_from_i64)

METHOD(os_waitstatus_to_exitcode)
{
    UNUSED;
    int status;
    if (posix_int(args[0], &status) < 0)
        return NULL;
    if (WIFEXITED(status))
        return py_int_from_i64(WEXITSTATUS(status));
    if (WIFSIGNALED(status))
        return py_int_from_i64(-WTERMSIG(status));
    if (WIFSTOPPED(status))
        return py_raise(&py_exc_ValueError, "process stopped by delivery of signal %d",
                        WSTOPSIG(status));
    return py_raise(&py_exc_ValueError, "invalid wait status: %d", status);
}

METHOD(os_system)
{
    UNUSED;
    struct path command = {0};
    PY_HOLD(&command.owner);
    if (posix_path(args[0], "system", false, &command) < 0)
        return NULL;
    py_allow_threads_begin();
    const int r = system(command.text);
    py_allow_threads_end();
    py_clear(command.owner);
    return py_int_from_i64(r);
}

/* ---- exec ------------------------------------------------------------------------------------ */

void posix_strings_free(char **strings)
{
    for (char **s = strings; s && *s; s++)
        free(*s);
    free(strings);
}

char **posix_strings(struct py_object *o, const char *function, const char *what)
{
    struct py_tuple *items = py_sequence_tuple(o, what); /* __fspath__ may change o */
    if (!items)
        return NULL;
    PY_HOLD(&items);
    char **out = calloc((size_t)items->base.size + 1, sizeof *out);
    bool bad = !out;
    if (bad)
        py_raise_no_memory();
    for (int64_t i = 0; i < items->base.size && !bad; i++) {
        struct path path = {0};
        PY_HOLD(&path.owner);
        bad = posix_path(items->items[i], function, false, &path) < 0;
        if (!bad && !(out[i] = strdup(path.text))) {
            py_raise_no_memory();
            bad = true;
        }
        py_clear(path.owner);
    }
    py_clear(items);
    if (bad)
        posix_strings_free(out);
    return bad ? NULL : out;
}

/* "name=value". New bytes. */
static struct py_object *environment_line(struct py_object *name_object,
                                          struct py_object *value_object)
{
    struct path name = {0}, value = {0};
    struct py_bytes *line = NULL;
    PY_HOLD(&name.owner);
    PY_HOLD(&value.owner);
    if (posix_path(name_object, "execve", false, &name) == 0 &&
        posix_path(value_object, "execve", false, &value) == 0) {
        const size_t n = strlen(name.text), m = strlen(value.text);
        if (n == 0 || strchr(name.text + 1, '='))
            py_raise(&py_exc_ValueError, "illegal environment variable name");
        else if ((line = py_bytes_from(NULL, n + m + 1))) {
            memcpy(line->data, name.text, n);
            line->data[n] = '=';
            memcpy(line->data + n + 1, value.text, m);
        }
    }
    py_clear(name.owner);
    py_clear(value.owner);
    return PY_OBJ(line);
}

/* What mapping.keys() or .values() gives, as a list. New. */
static struct py_list *listed(struct py_object *mapping, const char *method)
{
    struct py_object *view = py_call_method_cstr(mapping, method, 0);
    if (!view)
        return NULL;
    PY_HOLD(&view);
    struct py_list *const list = py_list_from_iterable(view);
    py_clear(view);
    return list;
}

/* A line for each entry of a mapping, NULL-terminated. */
static char **environment(struct py_object *mapping)
{
    if (!mapping->type->subscript)
        return py_raise(&py_exc_TypeError, "execve: environment must be a mapping object");
    struct py_list *names = NULL, *values = NULL, *lines = NULL;
    PY_HOLD(&names);
    PY_HOLD(&values);
    PY_HOLD(&lines);
    if ((names = listed(mapping, "keys")) && (values = listed(mapping, "values")))
        lines = py_list_new(0);
    for (int64_t i = 0; lines && i < names->base.size && i < values->base.size; i++) {
        struct py_object *const line = environment_line(names->items[i], values->items[i]);
        if (!line || py_list_append_steal(lines, line) < 0)
            py_clear(lines);
    }
    char **const out = lines ? posix_strings(PY_OBJ(lines), "execve", NULL) : NULL;
    py_clear(lines);
    py_clear(values);
    py_clear(names);
    return out;
}

/* The texts of argv. execv() and execve() say differently what is wrong with it. */
static char **arguments(struct py_object *argv, bool with_environment)
{
    const char *const who = with_environment ? "execve: argv" : "execv() arg 2";
    if (!py_list_check(argv) && !py_tuple_check(argv))
        return py_raise(&py_exc_TypeError, "%s must be a tuple or list", who);
    if (((struct py_var *)argv)->size < 1)
        return py_raise(&py_exc_ValueError, "%s must not be empty", who);
    char **const texts = posix_strings(argv, "execv", NULL);
    if (texts && (!texts[0] || !*texts[0])) {
        posix_strings_free(texts);
        return py_raise(&py_exc_ValueError, "%s first element cannot be empty", who);
    }
    return texts;
}

static struct py_object *exec(struct py_object *file, struct py_object *argv,
                              struct py_object *mapping)
{
    struct path path = {0};
    PY_HOLD(&path.owner);
    if (posix_path(file, mapping ? "execve" : "execv", false, &path) < 0)
        return NULL;
    char **const texts = arguments(argv, mapping != NULL);
    char **const own = texts && mapping ? environment(mapping) : NULL;
    if (texts && (own || !mapping)) {
        execve(path.text, texts, own ? own : environ);
        posix_error(path.object, NULL);
    }
    posix_strings_free(texts);
    posix_strings_free(own);
    py_clear(path.owner);
    return NULL;
}

METHOD(os_execv)
{
    UNUSED;
    return exec(args[0], args[1], NULL);
}

METHOD(os_execve)
{
    UNUSED;
    return exec(args[0], args[1], args[2]);
}

METHOD(os_putenv)
{
    UNUSED;
    struct path name = {0}, value = {0};
    PY_HOLD(&name.owner);
    PY_HOLD(&value.owner);
    int r = -1;
    if (posix_path(args[0], "putenv", false, &name) < 0 ||
        posix_path(args[1], "putenv", false, &value) < 0) {
        r = -1;
    } else if (strchr(name.text, '=')) {
        py_raise(&py_exc_ValueError, "illegal environment variable name");
    } else {
        r = setenv(name.text, value.text, 1);
        if (r < 0)
            posix_error(NULL, NULL);
    }
    py_clear(name.owner);
    py_clear(value.owner);
    return r < 0 ? NULL : PY_NONE;
}

METHOD(os_unsetenv)
{
    UNUSED;
    struct path name = {0};
    PY_HOLD(&name.owner);
    if (posix_path(args[0], "unsetenv", false, &name) < 0)
        return NULL;
    const int r = unsetenv(name.text);
    py_clear(name.owner);
    return none_or_error(r);
}

METHOD(os_urandom)
{
    UNUSED;
    const int64_t n = py_int_as_ssize_arg(args[0]);
    if (n == -1 && py_error_occurred())
        return NULL;
    if (n < 0)
        return py_raise(&py_exc_ValueError, "negative argument not allowed");
    struct py_bytes *const b = py_bytes_from(NULL, (size_t)n);
    for (int64_t i = 0; b && i < n;) {
        const ssize_t got = getrandom(b->data + i, (size_t)(n - i), 0);
        if (got < 0 && errno != EINTR) {
            py_decref(b);
            return posix_error(NULL, NULL);
        }
        i += got > 0 ? got : 0;
    }
    return PY_OBJ(b);
}

METHOD(os_strerror)
{
    UNUSED;
    int number;
    return posix_int(args[0], &number) < 0 ? NULL : PY_OBJ(py_str_from_cstr(strerror(number)));
}

METHOD(os_cpu_count)
{
    UNUSED;
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? py_int_from_i64(n) : PY_NONE;
}

METHOD(os_getloadavg)
{
    UNUSED;
    double load[3];
    if (getloadavg(load, 3) != 3)
        return py_raise(&py_exc_OSError, "Load averages are unobtainable");
    struct py_object *items[3] = {py_float_from(load[0]), py_float_from(load[1]),
                                  py_float_from(load[2])};
    return PY_OBJ(py_tuple_from_array_steal(items, 3));
}

METHOD(os_nice)
{
    UNUSED;
    int by;
    if (posix_int(args[0], &by) < 0)
        return NULL;
    errno = 0;
    const int r = nice(by);
    return r == -1 && errno ? posix_error(NULL, NULL) : py_int_from_i64(r);
}

METHOD(os_sched_yield)
{
    UNUSED;
    py_allow_threads_begin();
    sched_yield();
    py_allow_threads_end();
    return PY_NONE;
}

METHOD(os_sched_getaffinity)
{
    UNUSED;
    int pid;
    cpu_set_t set;
    if (posix_int(args[0], &pid) < 0)
        return NULL;
    if (sched_getaffinity(pid, sizeof set, &set) < 0)
        return posix_error(NULL, NULL);
    struct py_set *const out = py_set_new(NULL);
    for (int i = 0; out && i < CPU_SETSIZE; i++) {
        if (!CPU_ISSET(i, &set))
            continue;
        struct py_object *const n = py_int_from_i64(i);
        if (!n || py_set_add(out, n) < 0)
            return NULL;
        py_decref(n);
    }
    return PY_OBJ(out);
}

#define ROW(row_name, index) PY_STRUCTSEQ_MEMBER(row_name, index, NULL)
static const struct py_member_def times_members[] = {
    ROW("user", 0),    ROW("system", 1), ROW("children_user", 2), ROW("children_system", 3),
    ROW("elapsed", 4), {.name = NULL}};
static const struct py_member_def uname_members[] = {ROW("sysname", 0), ROW("nodename", 1),
                                                     ROW("release", 2), ROW("version", 3),
                                                     ROW("machine", 4), {.name = NULL}};
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
SEQ_TYPE(py_times_result_type, "posix.times_result", times_members);
SEQ_TYPE(py_uname_result_type, "posix.uname_result", uname_members);

METHOD(os_times)
{
    UNUSED;
    struct tms t;
    const clock_t elapsed = times(&t);
    const double tick = (double)sysconf(_SC_CLK_TCK);
    struct py_object *items[5] = {
        py_float_from((double)t.tms_utime / tick), py_float_from((double)t.tms_stime / tick),
        py_float_from((double)t.tms_cutime / tick), py_float_from((double)t.tms_cstime / tick),
        py_float_from((double)elapsed / tick)};
    return py_structseq_from_array(&py_times_result_type, items, 5);
}

METHOD(os_uname)
{
    UNUSED;
    struct utsname u;
    if (uname(&u) < 0)
        return posix_error(NULL, NULL);
    struct py_object *items[5] = {posix_name(u.sysname, false), posix_name(u.nodename, false),
                                  posix_name(u.release, false), posix_name(u.version, false),
                                  posix_name(u.machine, false)};
    return py_structseq_from_array(&py_uname_result_type, items, 5);
}

METHOD(os_sysconf)
{
    UNUSED;
    static const struct {
        const char *name;
        int number;
    } names[] = {{"SC_PAGESIZE", _SC_PAGESIZE},
                 {"SC_PAGE_SIZE", _SC_PAGESIZE},
                 {"SC_CLK_TCK", _SC_CLK_TCK},
                 {"SC_NPROCESSORS_CONF", _SC_NPROCESSORS_CONF},
                 {"SC_NPROCESSORS_ONLN", _SC_NPROCESSORS_ONLN},
                 {"SC_PHYS_PAGES", _SC_PHYS_PAGES},
                 {"SC_AVPHYS_PAGES", _SC_AVPHYS_PAGES},
                 {"SC_OPEN_MAX", _SC_OPEN_MAX},
                 {"SC_ARG_MAX", _SC_ARG_MAX},
                 {"SC_IOV_MAX", _SC_IOV_MAX}};
    int number = -1;
    if (py_str_check(args[0])) {
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            if (py_str_equal_cstr((struct py_str *)args[0], names[i].name))
                number = names[i].number;
        if (number < 0)
            return py_raise(&py_exc_ValueError, "unrecognized configuration name");
    } else if (posix_int(args[0], &number) < 0) {
        return NULL;
    }
    errno = 0;
    const long value = sysconf(number);
    return value == -1 && errno ? posix_error(NULL, NULL) : py_int_from_i64(value);
}

METHOD(os_getlogin)
{
    UNUSED;
    const char *const name = getlogin();
    return name ? posix_name(name, false) : posix_error(NULL, NULL);
}

METHOD(os_ttyname)
{
    UNUSED;
    int fd;
    if (posix_int(args[0], &fd) < 0)
        return NULL;
    const char *const name = ttyname(fd);
    return name ? posix_name(name, false) : posix_error(NULL, NULL);
}

#define P(py_name, function, n)                                       \
    {                                                                 \
        .name = py_name, .fn = function, .min_args = n, .max_args = n \
    }
const struct py_method_def posix_process_functions[] = {
    P("getpid", os_getpid, 0),
    P("getppid", os_getppid, 0),
    P("getuid", os_getuid, 0),
    P("geteuid", os_geteuid, 0),
    P("getgid", os_getgid, 0),
    P("getegid", os_getegid, 0),
    P("getpgrp", os_getpgrp, 0),
    P("getpgid", os_getpgid, 1),
    P("setpgid", os_setpgid, 2),
    P("getsid", os_getsid, 1),
    P("setsid", os_setsid, 0),
    P("getgroups", os_getgroups, 0),
    P("kill", os_kill, 2),
    P("killpg", os_killpg, 2),
    P("_exit", os_exit_now, 1),
    P("abort", os_abort, 0),
    P("waitpid", os_waitpid, 2),
    P("wait", os_wait, 0),
    P("WIFEXITED", os_wifexited, 1),
    P("WIFSIGNALED", os_wifsignaled, 1),
    P("WIFSTOPPED", os_wifstopped, 1),
    P("WIFCONTINUED", os_wifcontinued, 1),
    P("WCOREDUMP", os_wcoredump, 1),
    P("WEXITSTATUS", os_wexitstatus, 1),
    P("WTERMSIG", os_wtermsig, 1),
    P("WSTOPSIG", os_wstopsig, 1),
    P("waitstatus_to_exitcode", os_waitstatus_to_exitcode, 1),
    P("system", os_system, 1),
    P("execv", os_execv, 2),
    P("execve", os_execve, 3),
    P("putenv", os_putenv, 2),
    P("unsetenv", os_unsetenv, 1),
    P("urandom", os_urandom, 1),
    P("strerror", os_strerror, 1),
    P("cpu_count", os_cpu_count, 0),
    P("getloadavg", os_getloadavg, 0),
    P("nice", os_nice, 1),
    P("sched_yield", os_sched_yield, 0),
    P("sched_getaffinity", os_sched_getaffinity, 1),
    P("times", os_times, 0),
    P("uname", os_uname, 0),
    P("sysconf", os_sysconf, 1),
    P("getlogin", os_getlogin, 0),
    P("ttyname", os_ttyname, 1),
    {.name = NULL}};
