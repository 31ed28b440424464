/* posix: waiting for processes that are named in other ways than by the number of a child. */
#include "vm/builtins/posix_files.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vm/builtins/mod_resource.h"
#include "vm/object/int.h"
#include "vm/object/structseq.h"
#include "vm/runtime/error.h"

#define ROW(row_name, index, doc) PY_STRUCTSEQ_MEMBER(row_name, index, doc)
static const struct py_member_def waitid_members[] = {
    ROW("si_pid", 0, "the process"),
    ROW("si_uid", 1, "its user"),
    ROW("si_signo", 2, "SIGCHLD"),
    ROW("si_status", 3, "its exit status, or the signal that ended, stopped or continued it"),
    ROW("si_code", 4, "what happened: a CLD_ number"),
    {.name = NULL}};

struct py_type py_waitid_result_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "posix.waitid_result",
    .super = &py_tuple_type,
    .repr = py_structseq_repr,
    .new_ = py_structseq_new,
    .methods = py_structseq_methods,
    .members = waitid_members,
};

METHOD(os_waitid)
{
    UNUSED;
    int which, id, options, r;
    siginfo_t info = {0};
    if (posix_int(args[0], &which) < 0 || posix_int(args[1], &id) < 0 ||
        posix_int(args[2], &options) < 0)
        return NULL;
    WAITING(r, waitid((idtype_t)which, (id_t)id, &info, options));
    if (r < 0)
        return posix_done(r, NULL);
    if (!info.si_pid) /* WNOHANG, and nothing has happened */
        return PY_NONE;
    struct py_object *items[5] = {py_int_from_i64(info.si_pid), py_int_from_u64(info.si_uid),
                                  py_int_from_i64(info.si_signo), py_int_from_i64(info.si_status),
                                  py_int_from_i64(info.si_code)};
    return py_structseq_from_array(&py_waitid_result_type, items, 5);
}

/* (pid, status, what it used) */
static struct py_object *wait_with_usage(int pid, int options)
{
    int status = 0, r;
    struct rusage usage = {0};
    WAITING(r, wait4(pid, &status, options, &usage));
    if (r < 0)
        return posix_done(r, NULL);
    if (py_type_ready(&py_struct_rusage_type) < 0)
        return NULL;
    struct py_object *items[3] = {py_int_from_i64(r), py_int_from_i64(status),
                                  resource_usage(&usage)};
    if (!items[0] || !items[1] || !items[2]) {
        for (int i = 0; i < 3; i++)
            py_xdecref(items[i]);
        return NULL;
    }
    return PY_OBJ(py_tuple_from_array_steal(items, 3));
}

METHOD(os_wait3)
{
    PARSE("wait3", 1, 1, 1, "options");
    int options;
    return posix_int(in[0], &options) < 0 ? NULL : wait_with_usage(-1, options);
}

METHOD(os_wait4)
{
    PARSE("wait4", 2, 2, 2, "pid", "options");
    int pid, options;
    return posix_int(in[0], &pid) < 0 || posix_int(in[1], &options) < 0
               ? NULL
               : wait_with_usage(pid, options);
}

METHOD(os_pidfd_open)
{
    PARSE("pidfd_open", 2, 1, 2, "pid", "flags");
    int pid, flags = 0;
    if (posix_int(in[0], &pid) < 0 || (in[1] && posix_int(in[1], &flags) < 0))
        return NULL;
    const int fd = (int)syscall(SYS_pidfd_open, pid, flags);
    return fd < 0 ? posix_error(NULL, NULL) : py_int_from_i64(fd);
}

const struct py_method_def posix_wait_functions[] = {PLAIN("waitid", os_waitid, 3),
                                                     KEYWORDS("wait3", os_wait3),
                                                     KEYWORDS("wait4", os_wait4),
                                                     KEYWORDS("pidfd_open", os_pidfd_open),
                                                     {.name = NULL}};
