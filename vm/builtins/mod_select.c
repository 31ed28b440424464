/* select: waiting until descriptors are ready, by select(), poll() and epoll.
 *
 * Every wait has a deadline, runs without the GIL, and goes on after a signal whose handler raised
 * nothing, for the time that is left.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "vm/builtins/mod_support.h"
#include "vm/builtins/mod_wait.h"
#include "vm/memory/dealloc.h"
#include "vm/memory/heap.h"
#include "vm/object/list.h"
#include "vm/object/tuple.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/signals.h"

/* ---- time ------------------------------------------------------------------------------------ */

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int wait_deadline(struct py_object *timeout, double unit, int64_t *out)
{
    *out = -1;
    if (!timeout || timeout == PY_NONE)
        return 0;
    const double seconds = py_float_as_double(timeout) * unit;
    if (seconds == -unit && py_error_occurred()) {
        if (py_error_matches(&py_exc_TypeError)) {
            py_error_clear();
            return py_raise_int(&py_exc_TypeError, unit == 1.0
                                                       ? "timeout must be a float or None"
                                                       : "timeout must be an integer or None");
        }
        return -1;
    }
    if (isnan(seconds))
        return py_raise_int(&py_exc_ValueError, "Invalid value NaN (not a number)");
    if (seconds > 9.2e9)
        return py_raise_int(&py_exc_OverflowError, "timeout is too large");
    *out = seconds < 0 ? INT64_MIN : now_ns() + (int64_t)ceil(seconds * 1e9);
    return 0;
}

int wait_left_ms(int64_t deadline)
{
    if (deadline == -1)
        return -1;
    const int64_t left = deadline == INT64_MIN ? 0 : deadline - now_ns();
    const int64_t ms = left <= 0 ? 0 : (left + 999999) / 1000000;
    return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

int wait_poll(struct pollfd *fds, size_t n, int64_t deadline)
{
    for (;;) {
        if (py_signals_run() < 0)
            return -1;
        py_allow_threads_begin();
        const int ready = poll(fds, n, wait_left_ms(deadline));
        const int error = errno;
        py_allow_threads_end();
        if (ready >= 0)
            return ready;
        if (error != EINTR)
            return py_raise_os_error(error, NULL), -1;
        if (py_safepoint(py_thread_current()) < 0)
            return -1;
    }
}

int wait_fd_of(struct py_object *o)
{
    struct py_object *number = NULL;
    if (py_int_check(o)) {
        number = py_newref(o);
    } else {
        struct py_object *method = NULL;
        const int has = py_getattr_optional(o, PY_OBJ(py_str_const("fileno")), &method);
        if (has < 0)
            return -1;
        if (!has)
            return py_raise_int(&py_exc_TypeError,
                                "argument must be an int, or have a fileno() method.");
        PY_HOLD(&method);
        number = py_call0(method);
        py_clear(method);
        if (number && !py_int_check(number)) {
            py_decref(number);
            return py_raise_int(&py_exc_TypeError, "fileno() returned a non-integer");
        }
    }
    int fd;
    const int status = number ? int_argument(number, &fd) : -1;
    py_xdecref(number);
    if (status < 0)
        return -1;
    if (fd < 0)
        return py_raise_int(&py_exc_ValueError, "file descriptor cannot be a negative integer (%d)",
                            fd);
    return fd;
}

/* ---- select() -------------------------------------------------------------------------------- */

struct select_list {
    struct py_list *items; /* those that were asked for; owned */
    int *fds;              /* theirs */
    fd_set asked, ready;
};

/* fileno() is Python code and may change the sequence: each step looks at it anew. */
static int read_list(struct select_list *l, struct py_object *o, int *highest)
{
    FD_ZERO(&l->asked);
    struct py_object *sequence = NULL, *const * first;
    size_t n;
    PY_HOLD(&sequence);
    if (py_sequence_fast(o, "arguments 1-3 must be sequences", &sequence, &first, &n) < 0)
        return -1;
    l->fds = malloc(FD_SETSIZE * sizeof(int));
    l->items = py_list_new(0);
    int status = l->items ? 0 : -1;
    if (!l->fds)
        status = (py_raise_no_memory(), -1);
    for (int64_t i = 0; status == 0 && i < py_length(sequence); i++) {
        struct py_object *item = py_getitem_index(sequence, i);
        PY_HOLD(&item);
        const int fd = item ? wait_fd_of(item) : -1;
        if (fd < 0)
            status = -1;
        else if (fd >= FD_SETSIZE)
            status = py_raise_int(&py_exc_ValueError, "filedescriptor out of range in select()");
        else if (i >= FD_SETSIZE)
            status = py_raise_int(&py_exc_ValueError, "too many file descriptors in select()");
        else
            status = py_list_append(l->items, item);
        if (status == 0) {
            l->fds[i] = fd;
            FD_SET(fd, &l->asked);
            if (fd > *highest)
                *highest = fd;
        }
        py_clear(item);
    }
    py_clear(sequence);
    return status;
}

static struct py_object *ready_list(const struct select_list *l, bool any)
{
    struct py_list *list = py_list_new(0);
    for (int64_t i = 0; list && any && i < l->items->base.size; i++)
        if (FD_ISSET(l->fds[i], &l->ready) && py_list_append(list, l->items->items[i]) < 0)
            py_clear(list);
    return PY_OBJ(list);
}

static int wait_select(struct select_list *lists, int highest, int64_t deadline)
{
    for (;;) {
        if (py_signals_run() < 0)
            return -1;
        const int64_t left = deadline == INT64_MIN ? 0 : deadline - now_ns();
        struct timeval t = {.tv_sec = left > 0 ? left / 1000000000 : 0,
                            .tv_usec = left > 0 ? left % 1000000000 / 1000 : 0};
        for (int i = 0; i < 3; i++)
            lists[i].ready = lists[i].asked;
        py_allow_threads_begin();
        const int ready = select(highest + 1, &lists[0].ready, &lists[1].ready, &lists[2].ready,
                                 deadline == -1 ? NULL : &t);
        const int error = errno;
        py_allow_threads_end();
        if (ready >= 0)
            return ready;
        if (error != EINTR)
            return py_raise_os_error(error, NULL), -1;
        if (py_safepoint(py_thread_current()) < 0)
            return -1;
    }
}

METHOD(select_select)
{
    UNUSED;
    struct select_list lists[3] = {{0}};
    PY_HOLD(&lists[0].items);
    PY_HOLD(&lists[1].items);
    PY_HOLD(&lists[2].items);
    struct py_object *parts[3] = {NULL}, *result = NULL;
    PY_HOLD_N(parts, 3);
    int64_t deadline;
    int highest = -1;
    bool ok = wait_deadline(nargs > 3 ? args[3] : NULL, 1.0, &deadline) == 0;
    if (ok && deadline == INT64_MIN) {
        py_raise(&py_exc_ValueError, "timeout must be non-negative");
        ok = false;
    }
    for (int i = 0; ok && i < 3; i++)
        ok = read_list(&lists[i], args[i], &highest) == 0;
    const int ready = ok ? wait_select(lists, highest, deadline) : -1;
    for (int i = 0; ready >= 0 && i < 3; i++)
        if (!(parts[i] = ready_list(&lists[i], ready > 0)))
            ok = false;
    if (ready >= 0 && ok)
        result = PY_OBJ(py_tuple_from_array(parts, 3));
    for (int i = 0; i < 3; i++) {
        free(lists[i].fds);
        py_clear(lists[i].items);
        py_clear(parts[i]);
    }
    return result;
}

/* ---- poll() ---------------------------------------------------------------------------------- */

struct py_poll {
    struct py_object base;
    struct pollfd *fds; /* RAW */
    int64_t count, room;
    bool running;
};
extern struct py_type py_poll_type, py_epoll_type;
#define POLL(o) ((struct py_poll *)(o))

static int event_mask(struct py_object *o, short *out)
{
    int64_t v;
    if (i64_argument(o, &v) < 0)
        return -1;
    if (v < 0 || v > 65535)
        return py_raise_int(v < 0 ? &py_exc_ValueError : &py_exc_OverflowError,
                            v < 0 ? "value must be positive"
                                  : "Python int too large for C unsigned short");
    *out = (short)v;
    return 0;
}

static struct pollfd *poll_find(struct py_poll *p, int fd)
{
    for (int64_t i = 0; i < p->count; i++)
        if (p->fds[i].fd == fd)
            return &p->fds[i];
    return NULL;
}

METHOD(poll_register)
{
    UNUSED;
    struct py_poll *const p = POLL(self);
    short mask = POLLIN | POLLPRI | POLLOUT;
    const int fd = wait_fd_of(args[0]);
    if (fd < 0 || (nargs > 1 && event_mask(args[1], &mask) < 0))
        return NULL;
    struct pollfd *at = poll_find(p, fd);
    if (!at && p->count == p->room) {
        const int64_t room = p->room ? p->room * 2 : 8;
        struct pollfd *const grown = py_mem_realloc(p->fds, (size_t)room * sizeof *grown);
        if (!grown)
            return py_raise_no_memory();
        p->fds = grown;
        p->room = room;
    }
    if (!at)
        at = &p->fds[p->count++];
    *at = (struct pollfd){.fd = fd, .events = mask};
    return PY_NONE;
}

METHOD(poll_modify)
{
    UNUSED;
    short mask;
    const int fd = wait_fd_of(args[0]);
    if (fd < 0 || event_mask(args[1], &mask) < 0)
        return NULL;
    struct pollfd *const at = poll_find(POLL(self), fd);
    if (!at)
        return py_raise_os_error(ENOENT, NULL);
    at->events = mask;
    return PY_NONE;
}

METHOD(poll_unregister)
{
    UNUSED;
    struct py_poll *const p = POLL(self);
    const int fd = wait_fd_of(args[0]);
    if (fd < 0)
        return NULL;
    struct pollfd *const at = poll_find(p, fd);
    if (!at) {
        struct py_object *key = py_int_from_i64(fd);
        if (key)
            py_raise_key_error(key);
        py_xdecref(key);
        return NULL;
    }
    memmove(at, at + 1, (size_t)(&p->fds[--p->count] - at) * sizeof *at);
    return PY_NONE;
}

static struct py_object *pair(int64_t a, int64_t b)
{
    struct py_object *items[2] = {py_int_from_i64(a), py_int_from_i64(b)};
    return PY_OBJ(py_tuple_from_array_steal(items, 2));
}

static struct py_object *ready_pairs(const struct pollfd *fds, int64_t n)
{
    struct py_list *list = py_list_new(0);
    for (int64_t i = 0; list && i < n; i++) {
        if (!fds[i].revents)
            continue;
        struct py_object *const item = pair(fds[i].fd, (uint16_t)fds[i].revents);
        if (!item || py_list_append_steal(list, item) < 0)
            py_clear(list);
    }
    return PY_OBJ(list);
}

/* Waits on a copy: other threads may register and unregister meanwhile, which the next call sees.
 */
METHOD(poll_poll)
{
    UNUSED;
    struct py_poll *const p = POLL(self);
    int64_t deadline;
    if (wait_deadline(nargs ? args[0] : NULL, 0.001, &deadline) < 0)
        return NULL;
    if (deadline == INT64_MIN)
        deadline = -1; /* a negative timeout waits */
    if (p->running)
        return py_raise(&py_exc_RuntimeError, "concurrent poll() invocation");
    const int64_t n = p->count;
    struct pollfd *const fds = malloc((size_t)(n + 1) * sizeof *fds);
    if (!fds)
        return py_raise_no_memory();
    if (n)
        memcpy(fds, p->fds, (size_t)n * sizeof *fds);
    p->running = true;
    const int ready = wait_poll(fds, (size_t)n, deadline);
    p->running = false;
    struct py_object *const list = ready < 0 ? NULL : ready_pairs(fds, n);
    free(fds);
    return list;
}

static void poll_dealloc(struct py_object *o)
{
    py_object_release_common(o);
    py_mem_free(POLL(o)->fds);
    py_object_free(o);
}

static const struct py_method_def poll_methods[] = {
    METHOD_ROW("register", poll_register, 1, 2),
    METHOD_ROW("modify", poll_modify, 2, 2),
    METHOD_ROW("unregister", poll_unregister, 1, 1),
    METHOD_ROW("poll", poll_poll, 0, 1),
    {.name = NULL},
};
struct py_type py_poll_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "select.poll",
    .basicsize = sizeof(struct py_poll),
    .flags = PY_TYPE_DISALLOW_NEW,
    .dealloc = poll_dealloc,
    .methods = poll_methods,
};

METHOD(select_poll)
{
    UNUSED;
    return py_object_new(&py_poll_type);
}

/* ---- epoll ----------------------------------------------------------------------------------- */

struct py_epoll {
    struct py_object base;
    int32_t fd; /* -1: closed */
};
#define EPOLL(o) ((struct py_epoll *)(o))

static int epoll_check(struct py_object *o)
{
    return EPOLL(o)->fd < 0
               ? py_raise_int(&py_exc_ValueError, "I/O operation on closed epoll object")
               : 0;
}

static struct py_object *epoll_new(struct py_type *type, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames)
{
    static const char *const names[] = {"sizehint", "flags"};
    static const struct py_params params = {
        .function = "epoll", .names = names, .count = 2, .keyword_only = 2};
    struct py_object *in[2] = {NULL};
    int size = -1, flags = 0;
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0 ||
        (in[0] && int_argument(in[0], &size) < 0) || (in[1] && int_argument(in[1], &flags) < 0))
        return NULL;
    if (size != -1 && size <= 0)
        return py_raise(&py_exc_ValueError, "negative sizehint");
    if (flags && flags != EPOLL_CLOEXEC)
        return py_raise(&py_exc_OSError, "invalid flags");
    const int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0)
        return py_raise_os_error(errno, NULL);
    struct py_epoll *const e = py_object_new(type);
    if (e)
        e->fd = fd;
    else
        close(fd);
    return PY_OBJ(e);
}

static void epoll_dealloc(struct py_object *o)
{
    if (EPOLL(o)->fd >= 0)
        close(EPOLL(o)->fd);
    py_object_release_common(o);
    py_object_free(o);
}

static struct py_object *epoll_control(struct py_object *self, int what, struct py_object *file,
                                       struct py_object *mask)
{
    if (epoll_check(self) < 0)
        return NULL;
    struct epoll_event event = {.events = EPOLLIN | EPOLLPRI | EPOLLOUT};
    const int fd = wait_fd_of(file);
    if (fd < 0)
        return NULL;
    if (mask) {
        const int64_t v = py_int_as_i64(mask);
        if (v == -1 && py_error_occurred())
            return NULL;
        event.events = (uint32_t)v;
    }
    event.data.fd = fd;
    if (epoll_ctl(EPOLL(self)->fd, what, fd, &event) < 0)
        return py_raise_os_error(errno, NULL);
    return PY_NONE;
}

static struct py_object *epoll_change(struct py_object *self, int what, const char *function,
                                      size_t required, struct py_object *const *args, size_t nargs,
                                      struct py_tuple *kwnames)
{
    static const char *const names[] = {"fd", "eventmask"};
    const struct py_params params = {.function = function,
                                     .names = names,
                                     .count = what == EPOLL_CTL_DEL ? 1 : 2,
                                     .required = (uint8_t)required,
                                     .keyword_only = what == EPOLL_CTL_DEL ? 1 : 2};
    struct py_object *in[2] = {NULL};
    return py_parse_args(&params, args, nargs, kwnames, in) < 0
               ? NULL
               : epoll_control(self, what, in[0], in[1]);
}

METHOD(epoll_register)
{
    return epoll_change(self, EPOLL_CTL_ADD, "register", 1, args, nargs, kwnames);
}

METHOD(epoll_modify)
{
    return epoll_change(self, EPOLL_CTL_MOD, "modify", 2, args, nargs, kwnames);
}

METHOD(epoll_unregister)
{
    return epoll_change(self, EPOLL_CTL_DEL, "unregister", 1, args, nargs, kwnames);
}

static int epoll_wait_for(struct py_object *self, struct epoll_event *events, int n,
                          int64_t deadline)
{
    for (;;) {
        if (py_signals_run() < 0)
            return -1;
        py_allow_threads_begin();
        const int ready = epoll_wait(EPOLL(self)->fd, events, n, wait_left_ms(deadline));
        const int error = errno;
        py_allow_threads_end();
        if (ready >= 0)
            return ready;
        if (error != EINTR)
            return py_raise_os_error(error, NULL), -1;
        if (py_safepoint(py_thread_current()) < 0)
            return -1;
    }
}

METHOD(epoll_poll)
{
    static const char *const names[] = {"timeout", "maxevents"};
    static const struct py_params params = {
        .function = "poll", .names = names, .count = 2, .keyword_only = 2};
    struct py_object *in[2] = {NULL};
    int64_t deadline;
    int n = -1;
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0 || epoll_check(self) < 0 ||
        wait_deadline(in[0], 1.0, &deadline) < 0 || (in[1] && int_argument(in[1], &n) < 0))
        return NULL;
    if (deadline == INT64_MIN)
        deadline = -1;
    if (n == -1)
        n = FD_SETSIZE - 1;
    if (n < 1)
        return py_raise(&py_exc_ValueError, "maxevents must be greater than 0, got %d", n);
    struct epoll_event *const events = malloc((size_t)n * sizeof *events);
    if (!events)
        return py_raise_no_memory();
    const int ready = epoll_wait_for(self, events, n, deadline);
    struct py_list *list = ready < 0 ? NULL : py_list_new(0);
    for (int i = 0; list && i < ready; i++) {
        struct py_object *const item = pair(events[i].data.fd, events[i].events);
        if (!item || py_list_append_steal(list, item) < 0)
            py_clear(list);
    }
    free(events);
    return PY_OBJ(list);
}

METHOD(epoll_close)
{
    UNUSED;
    const int fd = EPOLL(self)->fd;
    EPOLL(self)->fd = -1;
    if (fd >= 0 && close(fd) < 0)
        return py_raise_os_error(errno, NULL);
    return PY_NONE;
}

METHOD(epoll_fileno)
{
    UNUSED;
    return epoll_check(self) < 0 ? NULL : py_int_from_i64(EPOLL(self)->fd);
}

METHOD(epoll_enter)
{
    UNUSED;
    return epoll_check(self) < 0 ? NULL : py_newref(self);
}

METHOD(epoll_fromfd)
{
    UNUSED;
    int fd;
    if (int_argument(args[0], &fd) < 0)
        return NULL;
    struct py_epoll *const e = py_object_new(&py_epoll_type);
    if (e)
        e->fd = fd;
    return PY_OBJ(e);
}

static struct py_object *epoll_closed(struct py_object *self, void *closure)
{
    (void)closure;
    return py_bool_from(EPOLL(self)->fd < 0);
}

static const struct py_method_def epoll_methods[] = {
    METHOD_ROW_KW("register", epoll_register),
    METHOD_ROW_KW("modify", epoll_modify),
    METHOD_ROW_KW("unregister", epoll_unregister),
    METHOD_ROW_KW("poll", epoll_poll),
    METHOD_ROW("close", epoll_close, 0, 0),
    METHOD_ROW("fileno", epoll_fileno, 0, 0),
    METHOD_ROW("__enter__", epoll_enter, 0, 0),
    METHOD_ROW("__exit__", epoll_close, 0, 3),
    {.name = "fromfd",
     .fn = epoll_fromfd,
     .min_args = 1,
     .max_args = 1,
     .flags = PY_METH_CLASSMETHOD},
    {.name = NULL},
};
static const struct py_getset_def epoll_getsets[] = {
    {.name = "closed", .get = epoll_closed, .doc = "Whether the descriptor has been closed"},
    {.name = NULL},
};
struct py_type py_epoll_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "select.epoll",
    .basicsize = sizeof(struct py_epoll),
    .dealloc = epoll_dealloc,
    .new_ = epoll_new,
    .methods = epoll_methods,
    .getsets = epoll_getsets,
};

/* ---- the module ------------------------------------------------------------------------------ */

static const struct py_method_def functions[] = {
    METHOD_ROW("select", select_select, 3, 4),
    METHOD_ROW("poll", select_poll, 0, 0),
    {.name = NULL},
};

struct py_module *py_mod_select_init(void); /* modules.def */

struct py_module *py_mod_select_init(void)
{
    static const struct {
        const char *name;
        int64_t value;
    } constants[] = {
#define C(name) {#name, name}
        C(POLLIN),       C(POLLPRI),        C(POLLOUT),       C(POLLERR),     C(POLLHUP),
        C(POLLNVAL),     C(POLLRDNORM),     C(POLLRDBAND),    C(POLLWRNORM),  C(POLLWRBAND),
        C(POLLMSG),      C(POLLRDHUP),      C(PIPE_BUF),      C(EPOLLIN),     C(EPOLLOUT),
        C(EPOLLPRI),     C(EPOLLERR),       C(EPOLLHUP),      C(EPOLLRDHUP),  C(EPOLLET),
        C(EPOLLONESHOT), C(EPOLLEXCLUSIVE), C(EPOLLRDNORM),   C(EPOLLRDBAND), C(EPOLLWRNORM),
        C(EPOLLWRBAND),  C(EPOLLMSG),       C(EPOLL_CLOEXEC),
#undef C
    };
    struct py_module *m = py_module_new("select", "Waiting for several descriptors at once.");
    if (!m || py_module_add_methods(m, functions) < 0 || py_type_ready(&py_poll_type) < 0 ||
        module_add_type(m, &py_epoll_type) < 0 ||
        py_module_add(m, "error", PY_OBJ(&py_exc_OSError)) < 0)
        goto fail;
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (module_add_int(m, constants[i].name, constants[i].value) < 0)
            goto fail;
    return m;
fail:
    py_xdecref(m);
    return NULL;
}
