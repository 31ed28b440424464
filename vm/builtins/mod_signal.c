/* _signal: handlers written in Python.
 *
 * The C handler only notes that a signal came (vm/runtime/signals.h); the main thread calls the
 * Python handler at its next safepoint, through py_signals_hook. Until this module is imported
 * SIGINT raises KeyboardInterrupt without it. Waiting for signals is in signal_wait.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "vm/builtins/mod_signal.h"
#include "vm/builtins/mod_support.h"
#include "vm/object/dict.h"
#include "vm/object/float.h"
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/module.h"
#include "vm/object/set.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/signals.h"

static struct py_type *itimer_error;
static struct py_list *handlers; /* by number: callable, 0, 1, or None; a root of the runtime */

static int signal_number(struct py_object *o)
{
    const int64_t n = py_int_as_i64(o);
    if (n == -1 && py_error_occurred())
        return -1;
    if (n < 1 || n >= SIGNAL_COUNT)
        return py_raise_int(&py_exc_ValueError, "signal number out of range");
    return (int)n;
}

/* 0 and 1 stand for SIG_DFL and SIG_IGN; enum members of signal.py are ints, too. */
static bool is_number(struct py_object *o, int64_t n)
{
    return py_int_check(o) && py_int_is_compact(o) && py_int_compact_value(o) == n;
}

static int run_handler(int number)
{
    struct py_object *handler = py_newref(handlers->items[number]);
    PY_HOLD(&handler);
    if (handler == PY_NONE || py_int_check(handler)) {
        py_clear(handler);
        return 0;
    }
    struct py_frame *const frame = py_thread_current()->frame;
    struct py_object *where = frame ? PY_OBJ(py_frame_object(frame)) : PY_NONE;
    PY_HOLD(&where);
    struct py_object *n = py_int_from_i64(number);
    struct py_object *const res = where && n ? py_call2(handler, n, where) : NULL;
    py_xdecref(n);
    py_xdecref(res);
    py_clear(where);
    py_clear(handler);
    return res ? 0 : -1;
}

METHOD(signal_signal)
{
    UNUSED;
    const int number = signal_number(args[0]);
    if (number < 0)
        return NULL;
    if (py_thread_current() != py_runtime.main_thread)
        return py_raise(&py_exc_ValueError,
                        "signal only works in main thread of the main interpreter");
    struct py_object *const handler = args[1];
    const bool by_default = is_number(handler, 0), ignored = is_number(handler, 1);
    if (!by_default && !ignored && !py_is_callable(handler))
        return py_raise(&py_exc_TypeError, "signal handler must be signal.SIG_IGN, signal.SIG_DFL, "
                                           "or a callable object");
    if (py_signals_run() < 0)
        return NULL;
    int r;
    if (by_default || ignored)
        r = signal(number, by_default ? SIG_DFL : SIG_IGN) == SIG_ERR ? -1 : 0;
    else
        r = py_signals_watch(number);
    if (r < 0)
        return py_error_occurred() ? NULL : py_raise_os_error(errno, NULL);
    struct py_object *const old = handlers->items[number];
    handlers->items[number] = py_newref(handler);
    return old;
}

METHOD(signal_getsignal)
{
    UNUSED;
    const int number = signal_number(args[0]);
    return number < 0 ? NULL : py_newref(handlers->items[number]);
}

METHOD(signal_default_int_handler)
{
    UNUSED;
    return py_raise(&py_exc_KeyboardInterrupt, "");
}

METHOD(signal_raise_signal)
{
    UNUSED;
    int number;
    if (int_argument(args[0], &number) < 0)
        return NULL;
    if (raise(number) != 0)
        return py_raise_os_error(errno, NULL);
    return py_signals_run() < 0 ? NULL : PY_NONE;
}

METHOD(signal_strsignal)
{
    UNUSED;
    const int number = signal_number(args[0]);
    if (number < 0)
        return NULL;
    const char *const text = strsignal(number);
    return text && strncmp(text, "Unknown", 7) != 0 ? PY_OBJ(py_str_from_cstr(text)) : PY_NONE;
}

METHOD(signal_valid_signals)
{
    UNUSED;
    sigset_t all;
    sigfillset(&all);
    return signal_set_of(&all);
}

METHOD(signal_pthread_sigmask)
{
    UNUSED;
    const int64_t how = py_int_as_i64(args[0]);
    if (how == -1 && py_error_occurred())
        return NULL;
    sigset_t mask, old;
    if (signal_set_from(args[1], &mask) < 0)
        return NULL;
    const int r = pthread_sigmask((int)how, &mask, &old);
    if (r)
        return py_raise_os_error(r, NULL);
    return py_signals_run() < 0 ? NULL : signal_set_of(&old);
}

METHOD(signal_alarm)
{
    UNUSED;
    int seconds;
    if (int_argument(args[0], &seconds) < 0)
        return NULL;
    return py_int_from_i64(alarm((unsigned)seconds));
}

METHOD(signal_pause)
{
    UNUSED;
    py_allow_threads_begin();
    pause();
    py_allow_threads_end();
    return py_signals_run() < 0 ? NULL : PY_NONE;
}

/* signal.ItimerError for errno. Always NULL. */
static struct py_object *raise_itimer(void)
{
    struct py_object *items[2] = {py_int_from_i64(errno),
                                  PY_OBJ(py_str_from_cstr(strerror(errno)))};
    struct py_object *e =
        items[0] && items[1] ? py_call(PY_OBJ(itimer_error), items, 2, NULL) : NULL;
    PY_HOLD(&e);
    py_xdecref(items[0]);
    py_xdecref(items[1]);
    if (e)
        py_raise_instance(e);
    py_clear(e);
    return NULL;
}

static struct py_object *timer_pair(const struct itimerval *t)
{
    struct py_object *items[2] = {
        py_float_from((double)t->it_value.tv_sec + (double)t->it_value.tv_usec * 1e-6),
        py_float_from((double)t->it_interval.tv_sec + (double)t->it_interval.tv_usec * 1e-6)};
    return PY_OBJ(py_tuple_from_array_steal(items, 2));
}

static int to_timeval(struct py_object *o, struct timeval *out)
{
    const double d = py_float_as_double(o);
    if (d == -1.0 && py_error_occurred())
        return -1;
    if (isnan(d))
        return py_raise_int(&py_exc_ValueError, "Invalid value NaN (not a number)");
    if (d > 9.2e9 || d < -9.2e9)
        return py_raise_int(&py_exc_OverflowError, "timestamp too large to convert to C _PyTime_t");
    /* Up: a timer that is asked for never becomes 0, which is none. */
    const int64_t us = (int64_t)ceil(d * 1e6);
    out->tv_sec = us / 1000000;
    out->tv_usec = us % 1000000;
    return 0;
}

METHOD(signal_setitimer)
{
    UNUSED;
    struct itimerval new = {0}, old;
    const int64_t which = py_int_as_i64(args[0]);
    if ((which == -1 && py_error_occurred()) || to_timeval(args[1], &new.it_value) < 0 ||
        (nargs > 2 && to_timeval(args[2], &new.it_interval) < 0))
        return NULL;
    if (setitimer((enum __itimer_which)which, &new, &old) < 0)
        return raise_itimer();
    return timer_pair(&old);
}

METHOD(signal_getitimer)
{
    UNUSED;
    struct itimerval now;
    const int64_t which = py_int_as_i64(args[0]);
    if (which == -1 && py_error_occurred())
        return NULL;
    if (getitimer((enum __itimer_which)which, &now) < 0)
        return raise_itimer();
    return timer_pair(&now);
}

METHOD(signal_set_wakeup_fd)
{
    (void)self;
    static const char *const names[] = {"", "warn_on_full_buffer"};
    static const struct py_params params = {.function = "set_wakeup_fd",
                                            .names = names,
                                            .count = 2,
                                            .required = 1,
                                            .positional_only = 1,
                                            .keyword_only = 1};
    struct py_object *in[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    const int64_t fd = py_int_as_i64(in[0]);
    if (fd == -1 && py_error_occurred())
        return NULL;
    if (py_thread_current() != py_runtime.main_thread)
        return py_raise(&py_exc_ValueError,
                        "set_wakeup_fd only works in main thread of the main interpreter");
    if (fd >= 0) {
        const int flags = fcntl((int)fd, F_GETFL);
        if (flags < 0)
            return py_raise_os_error(errno, NULL);
        if (!(flags & O_NONBLOCK))
            return py_raise(&py_exc_ValueError, "the fd %lld must be in non-blocking mode",
                            (long long)fd);
    }
    const int64_t old = py_signals_wakeup_fd;
    py_signals_wakeup_fd = fd < 0 ? -1 : (sig_atomic_t)fd;
    return py_int_from_i64(old);
}

/* Whether calls that the signal interrupts return EINTR: ours go on by themselves either way. */
METHOD(signal_siginterrupt)
{
    UNUSED;
    const int number = signal_number(args[0]);
    int flag;
    if (number < 0 || int_argument(args[1], &flag) < 0)
        return NULL;
    struct sigaction action;
    if (sigaction(number, NULL, &action) < 0)
        return py_raise_os_error(errno, NULL);
    action.sa_flags = flag ? action.sa_flags & ~SA_RESTART : action.sa_flags | SA_RESTART;
    return sigaction(number, &action, NULL) < 0 ? py_raise_os_error(errno, NULL) : PY_NONE;
}

#define F(py_name, function, min, max)                                    \
    {                                                                     \
        .name = py_name, .fn = function, .min_args = min, .max_args = max \
    }
static const struct py_method_def functions[] = {
    F("signal", signal_signal, 2, 2),
    F("getsignal", signal_getsignal, 1, 1),
    F("default_int_handler", signal_default_int_handler, 2, 2),
    F("raise_signal", signal_raise_signal, 1, 1),
    F("strsignal", signal_strsignal, 1, 1),
    F("valid_signals", signal_valid_signals, 0, 0),
    F("pthread_sigmask", signal_pthread_sigmask, 2, 2),
    F("alarm", signal_alarm, 1, 1),
    F("pause", signal_pause, 0, 0),
    F("setitimer", signal_setitimer, 2, 3),
    F("getitimer", signal_getitimer, 1, 1),
    {.name = "set_wakeup_fd",
     .fn = signal_set_wakeup_fd,
     .max_args = -1,
     .flags = PY_METH_KEYWORDS},
    F("siginterrupt", signal_siginterrupt, 2, 2),
    {.name = NULL}};

/* clang-format off */
#define NUMBERS(N)                                                                                \
    N(SIGHUP) N(SIGINT) N(SIGQUIT) N(SIGILL) N(SIGTRAP) N(SIGABRT) N(SIGBUS) N(SIGFPE) N(SIGKILL) \
    N(SIGUSR1) N(SIGSEGV) N(SIGUSR2) N(SIGPIPE) N(SIGALRM) N(SIGTERM) N(SIGSTKFLT) N(SIGCHLD)     \
    N(SIGCONT) N(SIGSTOP) N(SIGTSTP) N(SIGTTIN) N(SIGTTOU) N(SIGURG) N(SIGXCPU) N(SIGXFSZ)        \
    N(SIGVTALRM) N(SIGPROF) N(SIGWINCH) N(SIGIO) N(SIGPWR) N(SIGSYS) N(SIG_BLOCK) N(SIG_UNBLOCK)  \
    N(SIG_SETMASK) N(ITIMER_REAL) N(ITIMER_VIRTUAL) N(ITIMER_PROF)
/* clang-format on */

static int add_numbers(struct py_module *m)
{
    const struct {
        const char *name;
        int64_t value;
    } rows[] = {
#define N(name) {#name, name},
        NUMBERS(N)
#undef N
            {"SIGRTMIN", SIGRTMIN},
        {"SIGRTMAX", SIGRTMAX},
        {"SIGCLD", SIGCHLD},
        {"SIGIOT", SIGABRT},
        {"SIGPOLL", SIGIO},
        {"SIG_DFL", 0},
        {"SIG_IGN", 1},
        {"NSIG", SIGNAL_COUNT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (py_module_add_steal(m, rows[i].name, py_int_from_i64(rows[i].value)) < 0)
            return -1;
    return module_exception(&itimer_error, "signal.itimer_error", &py_exc_OSError, NULL)
               ? py_module_add(m, "ItimerError", PY_OBJ(itimer_error))
               : -1;
}

/* What the process found in force when it began. */
static struct py_list *initial_handlers(struct py_object *interrupt)
{
    struct py_list *const list = py_list_new(0);
    for (int i = 0; list && i < SIGNAL_COUNT; i++) {
        struct sigaction now;
        struct py_object *handler = PY_NONE;
        if (i == SIGINT)
            handler = py_newref(interrupt);
        else if (i > 0 && sigaction(i, NULL, &now) == 0 &&
                 (now.sa_handler == SIG_DFL || now.sa_handler == SIG_IGN))
            handler = py_int_from_i64(now.sa_handler == SIG_IGN);
        if (!handler || py_list_append_steal(list, handler) < 0)
            return NULL;
    }
    return list;
}

struct py_module *py_mod__signal_init(void); /* modules.def */

struct py_module *py_mod__signal_init(void)
{
    struct py_module *m = py_module_new("_signal", "What the module signal is made of.");
    if (!m || py_module_add_methods(m, functions) < 0 ||
        py_module_add_methods(m, signal_wait_functions) < 0 ||
        module_add_type(m, &py_siginfo_type) < 0 || add_numbers(m) < 0)
        return NULL;
    struct py_list *const list = initial_handlers(py_dict_get_cstr(m->dict, "default_int_handler"));
    handlers = list ? py_runtime_root(list) : NULL;
    if (!handlers)
        return NULL;
    py_signals_hook = run_handler;
    return m;
}
