/* _signal: sets of signals, waiting for one without a handler, and sending one to a thread or to a
 * process that a descriptor stands for.
 */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "vm/builtins/mod_signal.h"
#include "vm/builtins/mod_support.h"
#include "vm/builtins/mod_wait.h"
#include "vm/object/list.h"
#include "vm/object/set.h"
#include "vm/object/structseq.h"
#include "vm/runtime/error.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/signals.h"

static int add_signal(sigset_t *set, struct py_object *o)
{
    int64_t number = py_int_as_i64(o);
    if (number == -1 && py_error_occurred() && !py_error_matches(&py_exc_OverflowError))
        return -1;
    if (number < 1 || number >= SIGNAL_COUNT)
        return py_raise_int(&py_exc_ValueError, "signal number %ld out of range [1; %d]",
                            (long)number, SIGNAL_COUNT - 1);
    sigaddset(set, (int)number); /* fails for the two that the C library keeps to itself */
    return 0;
}

int signal_set_from(struct py_object *iterable, sigset_t *out)
{
    sigemptyset(out);
    struct py_list *numbers = py_list_from_iterable(iterable);
    if (!numbers)
        return -1;
    PY_HOLD(&numbers);
    int failed = 0;
    for (int64_t i = 0; !failed && i < numbers->base.size; i++)
        failed = add_signal(out, numbers->items[i]);
    py_clear(numbers);
    return failed;
}

struct py_object *signal_set_of(const sigset_t *set)
{
    struct py_set *out = py_set_new(NULL);
    PY_HOLD(&out);
    for (int i = 1; out && i < SIGNAL_COUNT; i++) {
        if (sigismember(set, i) != 1)
            continue;
        struct py_object *const n = py_int_from_i64(i);
        if (!n || py_set_add(out, n) < 0)
            py_clear(out);
        py_xdecref(n);
    }
    struct py_set *const result = out;
    out = NULL;
    return PY_OBJ(result);
}

METHOD(signal_sigpending)
{
    UNUSED;
    sigset_t pending;
    return sigpending(&pending) < 0 ? py_raise_os_error(errno, NULL) : signal_set_of(&pending);
}

/* ---- waiting -----------------------------------------------------------------------------------
 */

static const struct py_member_def siginfo_members[] = {
    PY_STRUCTSEQ_MEMBER("si_signo", 0, "which signal"),
    PY_STRUCTSEQ_MEMBER("si_code", 1, "how it came about"),
    PY_STRUCTSEQ_MEMBER("si_errno", 2, "the error that it tells of"),
    PY_STRUCTSEQ_MEMBER("si_pid", 3, "the process that sent it"),
    PY_STRUCTSEQ_MEMBER("si_uid", 4, "that process's user"),
    PY_STRUCTSEQ_MEMBER("si_status", 5, "of a child: its exit status, or a signal"),
    PY_STRUCTSEQ_MEMBER("si_band", 6, "of SIGPOLL: which events"),
    {.name = NULL}};

struct py_type py_siginfo_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "signal.struct_siginfo",
    .doc = "What a signal brings along, besides its number.",
    .super = &py_tuple_type,
    .repr = py_structseq_repr,
    .new_ = py_structseq_new,
    .methods = py_structseq_methods,
    .members = siginfo_members,
};

static struct py_object *siginfo_object(const siginfo_t *info)
{
    struct py_object *items[7] = {py_int_from_i64(info->si_signo), py_int_from_i64(info->si_code),
                                  py_int_from_i64(info->si_errno), py_int_from_i64(info->si_pid),
                                  py_int_from_u64(info->si_uid),   py_int_from_i64(info->si_status),
                                  py_int_from_i64(info->si_band)};
    return py_structseq_from_array(&py_siginfo_type, items, 7);
}

METHOD(signal_sigwait)
{
    UNUSED;
    sigset_t set;
    int number = 0;
    if (signal_set_from(args[0], &set) < 0)
        return NULL;
    py_allow_threads_begin();
    const int failed = sigwait(&set, &number);
    py_allow_threads_end();
    return failed ? py_raise_os_error(failed, NULL) : py_int_from_i64(number);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Until one of the set comes, or the deadline (-1: none): then EAGAIN. A signal that is not of the
 * set has its handler run in between, which may raise. */
static struct py_object *wait_for_info(const sigset_t *set, int64_t deadline)
{
    siginfo_t info = {0};
    for (;;) {
        const int64_t left = deadline < 0 ? 0 : deadline - now_ns();
        const struct timespec t = {left > 0 ? left / 1000000000 : 0,
                                   left > 0 ? left % 1000000000 : 0};
        py_allow_threads_begin();
        const int r = deadline < 0 ? sigwaitinfo(set, &info) : sigtimedwait(set, &info, &t);
        const int number = errno;
        py_allow_threads_end();
        if (r >= 0)
            return siginfo_object(&info);
        if (number == EAGAIN)
            return PY_NONE;
        if (number != EINTR)
            return py_raise_os_error(number, NULL);
        if (py_signals_run() < 0)
            return NULL;
    }
}

METHOD(signal_sigwaitinfo)
{
    UNUSED;
    sigset_t set;
    return signal_set_from(args[0], &set) < 0 ? NULL : wait_for_info(&set, -1);
}

METHOD(signal_sigtimedwait)
{
    UNUSED;
    sigset_t set;
    int64_t deadline;
    if (wait_deadline(args[1], 1, &deadline) < 0 || signal_set_from(args[0], &set) < 0)
        return NULL;
    if (deadline == INT64_MIN)
        return py_raise(&py_exc_ValueError, "timeout must be non-negative");
    return wait_for_info(&set, deadline);
}

/* ---- sending -----------------------------------------------------------------------------------
 */

METHOD(signal_pthread_kill)
{
    UNUSED;
    int number;
    const uint64_t thread = py_int_as_u64(args[0]);
    if (py_error_occurred() || int_argument(args[1], &number) < 0)
        return NULL;
    const int failed = pthread_kill((pthread_t)thread, number);
    if (failed)
        return py_raise_os_error(failed, NULL);
    return py_signals_run() < 0 ? NULL : PY_NONE;
}

METHOD(signal_pidfd_send_signal)
{
    UNUSED;
    int fd, number, flags = 0;
    if (int_argument(args[0], &fd) < 0 || int_argument(args[1], &number) < 0 ||
        (nargs > 3 && int_argument(args[3], &flags) < 0))
        return NULL;
    if (nargs > 2 && args[2] != PY_NONE)
        return py_raise(&py_exc_TypeError, "siginfo must be None");
    return syscall(SYS_pidfd_send_signal, fd, number, NULL, flags) < 0
               ? py_raise_os_error(errno, NULL)
               : PY_NONE;
}

const struct py_method_def signal_wait_functions[] = {
    METHOD_ROW("sigpending", signal_sigpending, 0, 0),
    METHOD_ROW("sigwait", signal_sigwait, 1, 1),
    METHOD_ROW("sigwaitinfo", signal_sigwaitinfo, 1, 1),
    METHOD_ROW("sigtimedwait", signal_sigtimedwait, 2, 2),
    METHOD_ROW("pthread_kill", signal_pthread_kill, 2, 2),
    METHOD_ROW("pidfd_send_signal", signal_pidfd_send_signal, 2, 4),
    {.name = NULL}};
