/* _socket: the socket object. Addresses, names and constants are in socket_names.c.
 *
 * A socket with a timeout does not block in the system: a call first waits for the descriptor with
 * poll(), then tries; EAGAIN waits again for what is left of the time, a signal whose handler
 * raised nothing goes on. retry() is that loop, each call a small function of struct request.
 */
#include "vm/builtins/mod_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "vm/builtins/mod_wait.h"
#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/signals.h"
#include "vm/runtime/thread.h"
#include "vm/runtime/warn.h"

/* ---- time ------------------------------------------------------------------------------------ */

int64_t socket_default_timeout_ns = -1;

int socket_timeout_argument(struct py_object *o, int64_t *out_ns)
{
    *out_ns = -1;
    if (o == PY_NONE)
        return 0;
    const double seconds = py_float_as_double(o);
    if (seconds == -1.0 && py_error_occurred()) {
        if (!py_error_matches(&py_exc_TypeError))
            return -1;
        py_error_clear();
        return py_raise_int(&py_exc_TypeError, "'%T' object cannot be interpreted as an integer",
                            o);
    }
    if (isnan(seconds))
        return py_raise_int(&py_exc_ValueError, "Invalid value NaN (not a number)");
    if (seconds < 0)
        return py_raise_int(&py_exc_ValueError, "Timeout value out of range");
    if (seconds > 9.2e9)
        return py_raise_int(&py_exc_OverflowError, "timeout doesn't fit into C timeval");
    *out_ns = (int64_t)ceil(seconds * 1e9);
    return 0;
}

struct py_object *socket_timeout_object(int64_t ns)
{
    return ns < 0 ? PY_NONE : py_float_from((double)ns / 1e9);
}

static int64_t deadline_of(const struct py_socket *s)
{
    struct timespec t;
    if (s->timeout_ns < 0)
        return -1;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec + s->timeout_ns;
}

/* ---- calls that wait ------------------------------------------------------------------------- */

struct request {
    struct py_socket *socket;
    uint8_t *data;
    size_t length;
    int flags;
    union socket_address address;
    socklen_t address_length;
    struct msghdr *message;
    int64_t result;
};
typedef int64_t (*attempt)(struct request *r); /* -1 with errno; no GIL */

/* 1: ready; 0: timed out (TimeoutError); -1: exception. */
static int wait_for(struct py_socket *s, short events, int64_t deadline)
{
    struct pollfd p = {.fd = s->fd, .events = events};
    if (s->fd < 0) /* closed; poll() would wait for nothing */
        return py_raise_os_error(EBADF, NULL), -1;
    const int ready = wait_poll(&p, 1, deadline);
    if (ready == 0)
        py_raise(&py_exc_TimeoutError, "timed out");
    return ready > 0 ? 1 : ready;
}

static int retry_until(struct request *r, attempt try, short events, int64_t deadline)
{
    struct py_socket *const s = r->socket;
    for (bool first = s->timeout_ns <= 0;; first = false) {
        if (!first && s->timeout_ns > 0 && wait_for(s, events, deadline) <= 0)
            return -1;
        if (py_signals_run() < 0)
            return -1;
        py_allow_threads_begin();
        r->result = try(r);
        const int error = errno;
        py_allow_threads_end();
        if (r->result >= 0)
            return 0;
        if (error == EINTR) {
            if (py_safepoint(py_thread_current()) < 0)
                return -1;
        } else if (s->timeout_ns <= 0 || (error != EAGAIN && error != EWOULDBLOCK)) {
            return py_raise_os_error(error, NULL), -1;
        }
    }
}

static int retry(struct request *r, attempt try, short events)
{
    return retry_until(r, try, events, deadline_of(r->socket));
}

/* ---- making and closing ---------------------------------------------------------------------- */

static int set_blocking(int fd, bool blocking)
{
    int nonblocking = !blocking;
    return ioctl(fd, FIONBIO, &nonblocking) < 0 ? (py_raise_os_error(errno, NULL), -1) : 0;
}

static int adopt(struct py_socket *s, int fd, int family, int kind, int protocol)
{
    s->fd = fd;
    s->family = family;
    s->type = kind & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    s->protocol = protocol;
    s->timeout_ns = kind & SOCK_NONBLOCK ? 0 : socket_default_timeout_ns;
    return s->timeout_ns >= 0 && !(kind & SOCK_NONBLOCK) ? set_blocking(fd, false) : 0;
}

static struct py_object *socket_new(struct py_type *type, struct py_object *const *args,
                                    size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_socket *const s = py_object_new(type);
    if (s) {
        s->fd = -1;
        s->timeout_ns = socket_default_timeout_ns;
        py_gc_track(s);
    }
    return PY_OBJ(s);
}

struct py_object *socket_wrap(struct py_type *type, int fd, int family, int kind, int protocol)
{
    struct py_object *s = socket_new(type, NULL, 0, NULL);
    if (!s) {
        close(fd);
        return NULL;
    }
    PY_HOLD(&s);
    if (adopt(SOCKET(s), fd, family, kind, protocol) < 0)
        py_clear(s);
    return s;
}

/* What an adopted descriptor is, where the caller did not say. */
static int ask_descriptor(int fd, int *family, int *kind, int *protocol)
{
    union socket_address a = {0};
    socklen_t n = sizeof a, m = sizeof(int);
    if (getsockname(fd, &a.sa, &n) < 0 && (errno == EBADF || errno == ENOTSOCK || *family == -1))
        return py_raise_os_error(errno, NULL), -1;
    if (*family == -1)
        *family = a.sa.sa_family;
    if (*kind == -1 && getsockopt(fd, SOL_SOCKET, SO_TYPE, kind, &m) < 0)
        return py_raise_os_error(errno, NULL), -1;
    m = sizeof(int);
    if (*protocol == -1 && getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, protocol, &m) < 0)
        return py_raise_os_error(errno, NULL), -1;
    return 0;
}

static int socket_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                       struct py_tuple *kwnames)
{
    static const char *const names[] = {"family", "type", "proto", "fileno"};
    static const struct py_params params = {
        .function = "socket", .names = names, .count = 4, .keyword_only = 4};
    struct py_object *in[4] = {NULL};
    int v[4] = {-1, -1, -1, -1};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return -1;
    for (int i = 0; i < 3; i++)
        if (in[i] && int_argument(in[i], &v[i]) < 0)
            return -1;
    if (in[3] && in[3] != PY_NONE) {
        if (py_float_check(in[3]))
            return py_raise_int(&py_exc_TypeError, "integer argument expected, got float");
        if (int_argument(in[3], &v[3]) < 0)
            return -1;
        if (v[3] < 0)
            return py_raise_int(&py_exc_ValueError, "negative file descriptor");
        if (ask_descriptor(v[3], &v[0], &v[1], &v[2]) < 0)
            return -1;
    } else {
        v[0] = v[0] == -1 ? AF_INET : v[0];
        v[1] = v[1] == -1 ? SOCK_STREAM : v[1];
        v[2] = v[2] == -1 ? 0 : v[2];
        if ((v[3] = socket(v[0], v[1] | SOCK_CLOEXEC, v[2])) < 0)
            return py_raise_os_error(errno, NULL), -1;
    }
    return adopt(SOCKET(self), v[3], v[0], v[1], v[2]);
}

static void socket_finalize(struct py_object *o)
{
    if (SOCKET(o)->fd >= 0)
        py_warn_unclosed(o, "unclosed %R", o);
}

/* An open socket dies: its descriptor goes with it. */
static void socket_dealloc(struct py_object *o)
{
    if (SOCKET(o)->fd >= 0)
        close(SOCKET(o)->fd);
    py_object_release_common(o);
    py_object_free(o);
}

static struct py_object *close_socket(struct py_socket *s)
{
    const int fd = s->fd;
    s->fd = -1;
    if (fd < 0)
        return PY_NONE;
    py_allow_threads_begin();
    const int result = close(fd);
    const int error = errno;
    py_allow_threads_end();
    return result < 0 && error != ECONNRESET ? py_raise_os_error(error, NULL) : PY_NONE;
}

METHOD(socket_close)
{
    UNUSED;
    return close_socket(SOCKET(self));
}

METHOD(socket_detach)
{
    UNUSED;
    const int fd = SOCKET(self)->fd;
    SOCKET(self)->fd = -1;
    return py_int_from_i64(fd);
}

METHOD(socket_fileno)
{
    UNUSED;
    return py_int_from_i64(SOCKET(self)->fd);
}

/* ---- connecting ------------------------------------------------------------------------------ */

static int64_t try_accept(struct request *r)
{
    r->address_length = sizeof r->address;
    return accept4(r->socket->fd, &r->address.sa, &r->address_length, SOCK_CLOEXEC);
}

METHOD(socket_accept)
{
    UNUSED;
    struct request r = {.socket = SOCKET(self)};
    if (retry(&r, try_accept, POLLIN) < 0)
        return NULL;
    struct py_object *items[2] = {py_int_from_i64(r.result),
                                  socket_address_object(&r.address, r.address_length)};
    if (!items[0] || !items[1])
        close((int)r.result);
    return PY_OBJ(py_tuple_from_array_steal(items, 2));
}

METHOD(socket_bind)
{
    UNUSED;
    struct request r = {.socket = SOCKET(self)};
    if (socket_address_read(r.socket, args[0], "bind", &r.address, &r.address_length) < 0)
        return NULL;
    return bind(r.socket->fd, &r.address.sa, r.address_length) < 0 ? py_raise_os_error(errno, NULL)
                                                                   : PY_NONE;
}

METHOD(socket_listen)
{
    UNUSED;
    int backlog = SOMAXCONN < 128 ? SOMAXCONN : 128;
    if (nargs && int_argument(args[0], &backlog) < 0)
        return NULL;
    return listen(SOCKET(self)->fd, backlog < 0 ? 0 : backlog) < 0 ? py_raise_os_error(errno, NULL)
                                                                   : PY_NONE;
}

/* 0, an errno, or -1 with an exception. */
static int connect_to(struct py_socket *s, const union socket_address *a, socklen_t n)
{
    py_allow_threads_begin();
    const int result = connect(s->fd, &a->sa, n);
    int error = result < 0 ? errno : 0;
    py_allow_threads_end();
    const bool wait =
        error == EINTR ? s->timeout_ns != 0 : error == EINPROGRESS && s->timeout_ns > 0;
    if (error == EINTR && py_safepoint(py_thread_current()) < 0)
        return -1;
    if (!wait)
        return error;
    if (wait_for(s, POLLOUT, deadline_of(s)) <= 0)
        return -1;
    socklen_t size = sizeof error;
    return getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno
           : error == EISCONN                                         ? 0
                                                                      : error;
}

METHOD(socket_connect)
{
    UNUSED;
    struct request r = {.socket = SOCKET(self)};
    if (socket_address_read(r.socket, args[0], "connect", &r.address, &r.address_length) < 0)
        return NULL;
    const int error = connect_to(r.socket, &r.address, r.address_length);
    return error < 0 ? NULL : error ? py_raise_os_error(error, NULL) : PY_NONE;
}

METHOD(socket_connect_ex)
{
    UNUSED;
    struct request r = {.socket = SOCKET(self)};
    if (socket_address_read(r.socket, args[0], "connect_ex", &r.address, &r.address_length) < 0)
        return NULL;
    int error = connect_to(r.socket, &r.address, r.address_length);
    if (error < 0 && py_error_matches(&py_exc_TimeoutError)) {
        py_error_clear();
        error = EWOULDBLOCK;
    }
    return error < 0 ? NULL : py_int_from_i64(error);
}

METHOD(socket_shutdown)
{
    UNUSED;
    int how;
    if (int_argument(args[0], &how) < 0)
        return NULL;
    return shutdown(SOCKET(self)->fd, how) < 0 ? py_raise_os_error(errno, NULL) : PY_NONE;
}

/* ---- receiving ------------------------------------------------------------------------------- */

static int64_t try_recv(struct request *r)
{
    return recv(r->socket->fd, r->data, r->length, r->flags);
}

static int64_t try_recvfrom(struct request *r)
{
    r->address_length = sizeof r->address;
    return recvfrom(r->socket->fd, r->data, r->length, r->flags, &r->address.sa,
                    &r->address_length);
}

/* Octets of recv() or recvfrom(): read into memory of this call, then made bytes. */
static struct py_object *receive(struct request *r, attempt try, struct py_object *const *args,
                                 size_t nargs, const char *function)
{
    const int64_t n = py_int_as_ssize_arg(args[0]);
    if ((n == -1 && py_error_occurred()) || (nargs > 1 && int_argument(args[1], &r->flags) < 0))
        return NULL;
    if (n < 0)
        return py_raise(&py_exc_ValueError, "negative buffersize in %s", function);
    r->data = malloc((size_t)n + 1);
    r->length = (size_t)n;
    if (!r->data)
        return py_raise_no_memory();
    struct py_object *const octets =
        retry(r, try, POLLIN) < 0 ? NULL : PY_OBJ(py_bytes_from(r->data, (size_t)r->result));
    free(r->data);
    return octets;
}

METHOD(socket_recv)
{
    UNUSED;
    struct request r = {.socket = SOCKET(self)};
    return receive(&r, try_recv, args, nargs, "recv");
}

static struct py_object *with_address(struct request *r, struct py_object *what)
{
    if (!what)
        return NULL;
    struct py_object *items[2] = {what, socket_address_object(&r->address, r->address_length)};
    return PY_OBJ(py_tuple_from_array_steal(items, 2));
}

METHOD(socket_recvfrom)
{
    UNUSED;
    struct request r = {.socket = SOCKET(self)};
    return with_address(&r, receive(&r, try_recvfrom, args, nargs, "recvfrom"));
}

static int receive_into(struct request *r, attempt try, struct octets *out,
                        struct py_object *const *args, size_t nargs, struct py_tuple *kwnames,
                        const char *function)
{
    static const char *const names[] = {"buffer", "nbytes", "flags"};
    const struct py_params params = {
        .function = function, .names = names, .count = 3, .required = 1, .keyword_only = 3};
    struct py_object *in[3] = {NULL};
    int64_t n = 0;
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0 ||
        octets_get_writable(out, in[0]) < 0 || (in[2] && int_argument(in[2], &r->flags) < 0))
        return -1;
    if (in[1] && (n = py_int_as_ssize_arg(in[1])) == -1 && py_error_occurred())
        return -1;
    if (n < 0)
        return py_raise_int(&py_exc_ValueError, "negative buffersize in %s", function);
    if (n > out->length)
        return py_raise_int(&py_exc_ValueError, "buffer too small for requested bytes");
    r->data = out->data;
    r->length = (size_t)(n ? n : out->length);
    return retry(r, try, POLLIN);
}

METHOD(socket_recv_into)
{
    OCTETS(out);
    struct request r = {.socket = SOCKET(self)};
    return receive_into(&r, try_recv, &out, args, nargs, kwnames, "recv_into") < 0
               ? NULL
               : py_int_from_i64(r.result);
}

METHOD(socket_recvfrom_into)
{
    OCTETS(out);
    struct request r = {.socket = SOCKET(self)};
    if (receive_into(&r, try_recvfrom, &out, args, nargs, kwnames, "recvfrom_into") < 0)
        return NULL;
    return with_address(&r, py_int_from_i64(r.result));
}

static int64_t try_recvmsg(struct request *r)
{
    return recvmsg(r->socket->fd, r->message, r->flags);
}

static struct py_object *ancillary(struct msghdr *m)
{
    struct py_list *list = py_list_new(0);
    PY_HOLD(&list);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); list && c; c = CMSG_NXTHDR(m, c)) {
        struct py_object *items[3] = {
            py_int_from_i64(c->cmsg_level), py_int_from_i64(c->cmsg_type),
            PY_OBJ(py_bytes_from(CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0)))};
        struct py_object *const item = PY_OBJ(py_tuple_from_array_steal(items, 3));
        if (!item || py_list_append_steal(list, item) < 0)
            py_clear(list);
    }
    return PY_OBJ(list);
}

/* recvmsg(bufsize[, ancbufsize[, flags]]) -> (data, ancillary data, flags, address) */
METHOD(socket_recvmsg)
{
    UNUSED;
    int64_t sizes[2] = {0, 0};
    struct request r = {.socket = SOCKET(self), .address_length = sizeof r.address};
    for (size_t i = 0; i < 2 && i < nargs; i++) {
        if ((sizes[i] = py_int_as_ssize_arg(args[i])) == -1 && py_error_occurred())
            return NULL;
        if (sizes[i] < 0 || sizes[i] > INT32_MAX)
            return py_raise(&py_exc_ValueError, i ? "invalid ancillary data buffer length"
                                                  : "negative buffer size in recvmsg()");
    }
    if (nargs > 2 && int_argument(args[2], &r.flags) < 0)
        return NULL;
    uint8_t *const data = malloc((size_t)(sizes[0] + sizes[1]) + 2);
    if (!data)
        return py_raise_no_memory();
    uint8_t *const control = calloc(1, (size_t)sizes[1] + 1);
    struct iovec part = {.iov_base = data, .iov_len = (size_t)sizes[0]};
    struct msghdr m = {.msg_name = &r.address,
                       .msg_namelen = sizeof r.address,
                       .msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = control ? (size_t)sizes[1] : 0};
    r.message = &m;
    struct py_object *result = NULL;
    if (control && retry(&r, try_recvmsg, POLLIN) == 0) {
        struct py_object *items[4] = {PY_OBJ(py_bytes_from(data, (size_t)r.result)), ancillary(&m),
                                      py_int_from_i64(m.msg_flags),
                                      socket_address_object(&r.address, m.msg_namelen)};
        result = PY_OBJ(py_tuple_from_array_steal(items, 4));
    }
    free(control);
    free(data);
    return result;
}

/* ---- sending --------------------------------------------------------------------------------- */

static int64_t try_send(struct request *r)
{
    return send(r->socket->fd, r->data, r->length, r->flags);
}

static int64_t try_sendto(struct request *r)
{
    return sendto(r->socket->fd, r->data, r->length, r->flags, &r->address.sa, r->address_length);
}

static int64_t try_sendmsg(struct request *r)
{
    return sendmsg(r->socket->fd, r->message, r->flags);
}

METHOD(socket_send)
{
    UNUSED;
    OCTETS(in);
    struct request r = {.socket = SOCKET(self)};
    if (octets_get(&in, args[0]) < 0 || (nargs > 1 && int_argument(args[1], &r.flags) < 0))
        return NULL;
    r.data = in.data;
    r.length = (size_t)in.length;
    return retry(&r, try_send, POLLOUT) < 0 ? NULL : py_int_from_i64(r.result);
}

/* The timeout is that of the whole, however many pieces it takes. */
METHOD(socket_sendall)
{
    UNUSED;
    OCTETS(in);
    struct request r = {.socket = SOCKET(self)};
    if (octets_get(&in, args[0]) < 0 || (nargs > 1 && int_argument(args[1], &r.flags) < 0))
        return NULL;
    r.data = in.data;
    r.length = (size_t)in.length;
    const int64_t deadline = deadline_of(r.socket);
    do {
        if (retry_until(&r, try_send, POLLOUT, deadline) < 0)
            return NULL;
        r.data += r.result;
        r.length -= (size_t)r.result;
    } while (r.length);
    return PY_NONE;
}

METHOD(socket_sendto)
{
    UNUSED;
    OCTETS(in);
    struct request r = {.socket = SOCKET(self)};
    if (octets_get(&in, args[0]) < 0 || (nargs > 2 && int_argument(args[1], &r.flags) < 0) ||
        socket_address_read(r.socket, args[nargs - 1], "sendto", &r.address, &r.address_length) < 0)
        return NULL;
    r.data = in.data;
    r.length = (size_t)in.length;
    return retry(&r, try_sendto, POLLOUT) < 0 ? NULL : py_int_from_i64(r.result);
}

/* One piece of ancillary data. Its octets are kept from moving until all are written. */
struct control {
    int level, kind;
    struct octets data;
};

/* The three values of an item as a tuple. New. */
static struct py_tuple *control_values(struct py_object *o)
{
#define ARGUMENT "[sendmsg() ancillary data items]() argument must be "
    if (!py_tuple_check(o) && !py_list_check(o))
        return py_raise(&py_exc_TypeError, ARGUMENT "3-item sequence, not %T", o);
    struct py_tuple *t = py_sequence_tuple(o, NULL);
    if (t && t->base.size != 3) {
        py_raise(&py_exc_TypeError, ARGUMENT "sequence of length 3, not %lld",
                 (long long)t->base.size);
        py_clear(t);
    }
    return t;
}

/* rows keeps the values, and with them the octets. */
static int read_control(struct control *c, struct py_object *o, struct py_list *rows)
{
    struct py_tuple *const t = control_values(o);
    if (!t || py_list_append_steal(rows, PY_OBJ(t)) < 0)
        return -1;
    return int_argument(t->items[0], &c->level) < 0 || int_argument(t->items[1], &c->kind) < 0
               ? -1
               : octets_get(&c->data, t->items[2]);
}

static int write_controls(struct msghdr *m, const struct control *controls, size_t n)
{
    size_t room = 0;
    for (size_t i = 0; i < n; i++)
        room += CMSG_SPACE((size_t)controls[i].data.length);
    m->msg_control = calloc(1, room);
    m->msg_controllen = room;
    if (!m->msg_control)
        return py_raise_no_memory(), -1;
    struct cmsghdr *c = CMSG_FIRSTHDR(m);
    for (size_t i = 0; i < n; i++, c = CMSG_NXTHDR(m, c)) {
        const struct octets *const data = &controls[i].data;
        c->cmsg_level = controls[i].level;
        c->cmsg_type = controls[i].kind;
        c->cmsg_len = CMSG_LEN((size_t)data->length);
        memcpy(CMSG_DATA(c), data->data, (size_t)data->length);
    }
    return 0;
}

/* Ancillary data, (level, type, octets) each, into memory that the caller frees. */
static int write_ancillary(struct msghdr *m, struct py_object *o)
{
    struct py_tuple *items = py_sequence_tuple(o, "sendmsg() argument 2 must be an iterable");
    if (!items)
        return -1;
    struct py_list *rows = py_list_new(0);
    PY_HOLD(&items);
    PY_HOLD(&rows);
    const size_t n = (size_t)items->base.size;
    struct control *const controls = calloc(n + 1, sizeof *controls);
    if (!controls)
        py_raise_no_memory();
    int status = controls && rows ? 0 : -1;
    for (size_t i = 0; i < n && status == 0; i++)
        status = read_control(&controls[i], items->items[i], rows);
    if (status == 0 && n)
        status = write_controls(m, controls, n);
    for (size_t i = 0; i < n && controls; i++)
        octets_put_back(&controls[i].data);
    free(controls);
    py_clear(rows);
    py_clear(items);
    return status;
}

/* sendmsg(buffers[, ancillary data[, flags[, address]]]): the buffers are joined first. */
METHOD(socket_sendmsg)
{
    UNUSED;
    struct request r = {.socket = SOCKET(self)};
    struct py_object *empty = PY_OBJ(py_bytes_empty()), *join = NULL;
    PY_HOLD(&join);
    struct py_object *const parts = args[0];
    join = py_call_method(empty, py_str_const("join"), &parts, 1);
    if (!join)
        return NULL;
    struct iovec part = {.iov_base = ((struct py_bytes *)join)->data,
                         .iov_len = (size_t)((struct py_bytes *)join)->base.size};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    r.message = &m;
    bool ok = (nargs < 2 || write_ancillary(&m, args[1]) == 0) &&
              (nargs < 3 || int_argument(args[2], &r.flags) == 0);
    if (ok && nargs > 3 && args[3] != PY_NONE) {
        ok = socket_address_read(r.socket, args[3], "sendmsg", &r.address, &r.address_length) == 0;
        m.msg_name = &r.address;
        m.msg_namelen = r.address_length;
    }
    ok = ok && retry(&r, try_sendmsg, POLLOUT) == 0;
    free(m.msg_control);
    py_clear(join);
    return ok ? py_int_from_i64(r.result) : NULL;
}

/* ---- options and names ----------------------------------------------------------------------- */

METHOD(socket_setsockopt)
{
    UNUSED;
    int level, name, value;
    if (int_argument(args[0], &level) < 0 || int_argument(args[1], &name) < 0)
        return NULL;
    int result;
    if (nargs == 4) {
        int length;
        if (args[2] != PY_NONE || int_argument(args[3], &length) < 0)
            return py_error_occurred()
                       ? NULL
                       : py_raise(&py_exc_TypeError, "setsockopt() argument 3 must be None");
        result = setsockopt(SOCKET(self)->fd, level, name, NULL, (socklen_t)length);
    } else if (py_int_check(args[2])) {
        if (int_argument(args[2], &value) < 0)
            return NULL;
        result = setsockopt(SOCKET(self)->fd, level, name, &value, sizeof value);
    } else {
        OCTETS(in);
        if (octets_get(&in, args[2]) < 0)
            return NULL;
        result = setsockopt(SOCKET(self)->fd, level, name, in.data, (socklen_t)in.length);
    }
    return result < 0 ? py_raise_os_error(errno, NULL) : PY_NONE;
}

METHOD(socket_getsockopt)
{
    UNUSED;
    int level, name, value = 0, length = 0;
    if (int_argument(args[0], &level) < 0 || int_argument(args[1], &name) < 0 ||
        (nargs > 2 && int_argument(args[2], &length) < 0))
        return NULL;
    uint8_t data[1024];
    if (length < 0 || length > (int)sizeof data)
        return py_raise(&py_exc_OSError, "getsockopt buflen out of range");
    socklen_t n = length ? (socklen_t)length : sizeof value;
    if (getsockopt(SOCKET(self)->fd, level, name, length ? (void *)data : &value, &n) < 0)
        return py_raise_os_error(errno, NULL);
    return length ? PY_OBJ(py_bytes_from(data, n)) : py_int_from_i64(value);
}

static struct py_object *name_of(struct py_object *self,
                                 int (*ask)(int, struct sockaddr *restrict, socklen_t *restrict))
{
    union socket_address a = {0};
    socklen_t n = sizeof a;
    if (ask(SOCKET(self)->fd, &a.sa, &n) < 0)
        return py_raise_os_error(errno, NULL);
    return socket_address_object(&a, n);
}

METHOD(socket_getsockname)
{
    UNUSED;
    return name_of(self, getsockname);
}

METHOD(socket_getpeername)
{
    UNUSED;
    return name_of(self, getpeername);
}

static struct py_object *set_timeout(struct py_socket *s, int64_t ns)
{
    s->timeout_ns = ns;
    return set_blocking(s->fd, ns < 0) < 0 ? NULL : PY_NONE;
}

METHOD(socket_settimeout)
{
    UNUSED;
    int64_t ns;
    return socket_timeout_argument(args[0], &ns) < 0 ? NULL : set_timeout(SOCKET(self), ns);
}

METHOD(socket_gettimeout)
{
    UNUSED;
    return socket_timeout_object(SOCKET(self)->timeout_ns);
}

METHOD(socket_setblocking)
{
    UNUSED;
    const int blocking = py_truth(args[0]);
    return blocking < 0 ? NULL : set_timeout(SOCKET(self), blocking ? -1 : 0);
}

METHOD(socket_getblocking)
{
    UNUSED;
    return py_bool_from(SOCKET(self)->timeout_ns != 0);
}

static struct py_object *socket_repr(struct py_object *o)
{
    const struct py_socket *const s = SOCKET(o);
    return PY_OBJ(py_str_format_c("<socket object, fd=%d, family=%d, type=%d, proto=%d>", s->fd,
                                  s->family, s->type, s->protocol));
}

static const struct py_method_def socket_methods[] = {
    METHOD_ROW("_accept", socket_accept, 0, 0),
    METHOD_ROW("bind", socket_bind, 1, 1),
    METHOD_ROW("close", socket_close, 0, 0),
    METHOD_ROW("connect", socket_connect, 1, 1),
    METHOD_ROW("connect_ex", socket_connect_ex, 1, 1),
    METHOD_ROW("detach", socket_detach, 0, 0),
    METHOD_ROW("fileno", socket_fileno, 0, 0),
    METHOD_ROW("getblocking", socket_getblocking, 0, 0),
    METHOD_ROW("getpeername", socket_getpeername, 0, 0),
    METHOD_ROW("getsockname", socket_getsockname, 0, 0),
    METHOD_ROW("getsockopt", socket_getsockopt, 2, 3),
    METHOD_ROW("gettimeout", socket_gettimeout, 0, 0),
    METHOD_ROW("listen", socket_listen, 0, 1),
    METHOD_ROW("recv", socket_recv, 1, 2),
    METHOD_ROW_KW("recv_into", socket_recv_into),
    METHOD_ROW("recvfrom", socket_recvfrom, 1, 2),
    METHOD_ROW_KW("recvfrom_into", socket_recvfrom_into),
    METHOD_ROW("recvmsg", socket_recvmsg, 1, 3),
    METHOD_ROW("send", socket_send, 1, 2),
    METHOD_ROW("sendall", socket_sendall, 1, 2),
    METHOD_ROW("sendmsg", socket_sendmsg, 1, 4),
    METHOD_ROW("sendto", socket_sendto, 2, 3),
    METHOD_ROW("setblocking", socket_setblocking, 1, 1),
    METHOD_ROW("setsockopt", socket_setsockopt, 3, 4),
    METHOD_ROW("settimeout", socket_settimeout, 1, 1),
    METHOD_ROW("shutdown", socket_shutdown, 1, 1),
    {.name = NULL},
};
static struct py_object *get_timeout(struct py_object *self, void *closure)
{
    (void)closure;
    return socket_timeout_object(SOCKET(self)->timeout_ns);
}
static const struct py_getset_def socket_getsets[] = {
    {.name = "timeout", .get = get_timeout, .doc = "the socket timeout"},
    {.name = NULL},
};
static const struct py_member_def socket_members[] = {
    {"family", PY_MEMBER_INT32, offsetof(struct py_socket, family), true, "the socket family"},
    {"type", PY_MEMBER_INT32, offsetof(struct py_socket, type), true, "the socket type"},
    {"proto", PY_MEMBER_INT32, offsetof(struct py_socket, protocol), true, "the socket protocol"},
    {.name = NULL},
};

struct py_type py_socket_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_socket.socket",
    .basicsize = sizeof(struct py_socket),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE | PY_TYPE_FINALIZER,
    .finalize = socket_finalize,
    .dealloc = socket_dealloc,
    .repr = socket_repr,
    .init = socket_init,
    .new_ = socket_new,
    .methods = socket_methods,
    .getsets = socket_getsets,
    .members = socket_members,
    .doc = "socket(family=AF_INET, type=SOCK_STREAM, proto=0) -> socket object",
};
