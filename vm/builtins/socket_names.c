/* _socket: addresses, host and service names, and the module's functions. Constants:
 * socket_constants.def.
 *
 * An address in Python: ("host", port) for AF_INET, with flow and scope for AF_INET6, a path as str
 * or bytes for AF_UNIX ("" or octets that begin with 0 for those without a file). Resolving a name
 * may take long and runs without the GIL.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vm/builtins/mod_posix.h"
#include "vm/builtins/mod_socket.h"
#include "vm/object/bytes.h"
#include "vm/object/exc.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

struct py_type *socket_gaierror, *socket_herror;

static void *raise_numbered(struct py_type *type, int number, const char *text)
{
    struct py_object *items[2] = {py_int_from_i64(number), PY_OBJ(py_str_from_cstr(text))};
    struct py_object *e = items[0] && items[1] ? py_call(PY_OBJ(type), items, 2, NULL) : NULL;
    py_xdecref(items[0]);
    py_xdecref(items[1]);
    if (e) {
        PY_HOLD(&e);
        py_raise_instance(e);
        py_clear(e);
    }
    return NULL;
}

static void *raise_gai(int error)
{
    return error == EAI_SYSTEM ? py_raise_os_error(errno, NULL)
                               : raise_numbered(socket_gaierror, error, gai_strerror(error));
}

/* ---- addresses ------------------------------------------------------------------------------- */

static struct addrinfo *look_up(const char *host, const char *port, const struct addrinfo *hints)
{
    struct addrinfo *found = NULL;
    py_allow_threads_begin();
    const int error = getaddrinfo(host, port, hints, &found);
    const int saved = errno;
    py_allow_threads_end();
    errno = saved;
    return error ? raise_gai(error) : found;
}

/* A host name or number: "" is every interface, "<broadcast>" all of the network. */
static int host_address(const char *host, int family, union socket_address *out, socklen_t *length)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_DGRAM};
    memset(out, 0, sizeof *out);
    if (strcmp(host, "<broadcast>") == 0 && family != AF_INET6) {
        out->in.sin_family = AF_INET;
        out->in.sin_addr.s_addr = INADDR_BROADCAST;
        *length = sizeof out->in;
        return 0;
    }
    if (!*host)
        hints.ai_flags = AI_PASSIVE;
    struct addrinfo *const found = look_up(*host ? host : NULL, *host ? NULL : "0", &hints);
    if (!found)
        return -1;
    if (found->ai_addrlen > sizeof *out) {
        freeaddrinfo(found);
        return py_raise_int(&py_exc_OSError, "unsupported address family");
    }
    memcpy(out, found->ai_addr, found->ai_addrlen);
    *length = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

/* A host as str (encoded with idna where it is not ASCII) or octets. New bytes. */
static struct py_object *host_octets(struct py_object *o, const char *function)
{
    if (py_str_check(o))
        return py_str_encode(o, ((struct py_str *)o)->ascii ? "ascii" : "idna", NULL);
    if (py_bytes_check(o))
        return py_newref(o);
    if (o->type == &py_bytearray_type)
        return py_bytes_from_object(o);
    return py_raise(&py_exc_TypeError, "%s(): AF_INET address must be tuple, not %T", function, o);
}

static int inet_address(const struct py_socket *s, struct py_object *o, const char *function,
                        union socket_address *out, socklen_t *length)
{
    const bool six = s->family == AF_INET6;
    const struct py_tuple *const t = (struct py_tuple *)o;
    if (!py_tuple_check(o))
        return py_raise_int(&py_exc_TypeError, "%s(): %s address must be tuple, not %.500s",
                            function, six ? "AF_INET6" : "AF_INET", o->type->name);
    if (six ? t->base.size < 2 || t->base.size > 4 : t->base.size != 2)
        return py_raise_int(
            &py_exc_TypeError,
            six ? "AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])"
                : "AF_INET address must be a pair (host, port)");
    int64_t v[3] = {0, 0, 0};
    for (int64_t i = 1; i < t->base.size; i++)
        if ((v[i - 1] = py_int_as_i64(t->items[i])) == -1 && py_error_occurred()) {
            if (!py_error_matches(&py_exc_OverflowError))
                return -1;
            py_error_clear();
        }
    struct py_object *host = host_octets(t->items[0], function);
    if (!host)
        return -1;
    if (memchr(((struct py_bytes *)host)->data, 0, (size_t)((struct py_bytes *)host)->base.size)) {
        py_decref(host);
        return py_raise_int(&py_exc_TypeError, "host name must not contain null character");
    }
    const int status =
        host_address((char *)((struct py_bytes *)host)->data, s->family, out, length);
    py_decref(host);
    if (status < 0)
        return -1;
    if (v[0] < 0 || v[0] > 0xffff)
        return py_raise_int(&py_exc_OverflowError, "%s(): port must be 0-65535.", function);
    if (six) {
        if (v[1] < 0 || v[1] > 0xfffff)
            return py_raise_int(&py_exc_OverflowError, "%s(): flowinfo must be 0-1048575.",
                                function);
        out->in6.sin6_port = htons((uint16_t)v[0]);
        out->in6.sin6_flowinfo = htonl((uint32_t)v[1]);
        if (t->base.size == 4)
            out->in6.sin6_scope_id = (uint32_t)v[2];
    } else {
        out->in.sin_port = htons((uint16_t)v[0]);
    }
    return 0;
}

static int unix_address(struct py_object *o, union socket_address *out, socklen_t *length)
{
    if (!py_str_check(o) && !py_has_buffer(o))
        return py_raise_int(&py_exc_TypeError, "a bytes-like object is required, not '%T'", o);
    struct py_object *octets =
        py_str_check(o) ? py_str_encode(o, NULL, "surrogateescape") : py_bytes_from_object(o);
    if (!octets)
        return -1;
    const struct py_bytes *const b = (struct py_bytes *)octets;
    const size_t n = (size_t)b->base.size;
    int status = 0;
    memset(out, 0, sizeof *out);
    out->un.sun_family = AF_UNIX;
    if (n >= sizeof out->un.sun_path + (n && !b->data[0]))
        status = py_raise_int(&py_exc_OSError, "AF_UNIX path too long");
    else
        memcpy(out->un.sun_path, b->data, n);
    *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (n && b->data[0]));
    py_decref(octets);
    return status;
}

int socket_address_read(const struct py_socket *s, struct py_object *o, const char *function,
                        union socket_address *out, socklen_t *length)
{
    switch (s->family) {
    case AF_INET:
    case AF_INET6:
        return inet_address(s, o, function, out, length);
    case AF_UNIX:
        return unix_address(o, out, length);
    default:
        return py_raise_int(&py_exc_OSError, "%s(): unsupported address family", function);
    }
}

static struct py_object *text_or_octets(const char *text, size_t n)
{
    return n && !text[0]
               ? PY_OBJ(py_bytes_from(text, n))
               : py_bytes_decode((const uint8_t *)text, strnlen(text, n), NULL, "surrogateescape");
}

struct py_object *socket_address_object(const union socket_address *a, socklen_t length)
{
    char text[INET6_ADDRSTRLEN];
    if (length == 0)
        return PY_NONE;
    switch (a->sa.sa_family) {
    case AF_INET: {
        inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof text);
        struct py_object *items[2] = {PY_OBJ(py_str_from_cstr(text)),
                                      py_int_from_i64(ntohs(a->in.sin_port))};
        return PY_OBJ(py_tuple_from_array_steal(items, 2));
    }
    case AF_INET6: {
        inet_ntop(AF_INET6, &a->in6.sin6_addr, text, sizeof text);
        struct py_object *items[4] = {
            PY_OBJ(py_str_from_cstr(text)), py_int_from_i64(ntohs(a->in6.sin6_port)),
            py_int_from_i64(ntohl(a->in6.sin6_flowinfo)), py_int_from_i64(a->in6.sin6_scope_id)};
        return PY_OBJ(py_tuple_from_array_steal(items, 4));
    }
    case AF_UNIX:
        return text_or_octets(a->un.sun_path, length - offsetof(struct sockaddr_un, sun_path));
    default: {
        struct py_object *items[2] = {py_int_from_i64(a->sa.sa_family),
                                      PY_OBJ(py_bytes_from(a->sa.sa_data, sizeof a->sa.sa_data))};
        return PY_OBJ(py_tuple_from_array_steal(items, 2));
    }
    }
}

/* ---- names ----------------------------------------------------------------------------------- */

static struct py_object *info_tuple(const struct addrinfo *i)
{
    union socket_address a = {0};
    memcpy(&a, i->ai_addr, i->ai_addrlen < sizeof a ? i->ai_addrlen : sizeof a);
    struct py_object *items[5] = {py_int_from_i64(i->ai_family), py_int_from_i64(i->ai_socktype),
                                  py_int_from_i64(i->ai_protocol),
                                  PY_OBJ(py_str_from_cstr(i->ai_canonname ? i->ai_canonname : "")),
                                  socket_address_object(&a, i->ai_addrlen)};
    return PY_OBJ(py_tuple_from_array_steal(items, 5));
}

METHOD(names_getaddrinfo)
{
    (void)self;
    static const char *const names[] = {"host", "port", "family", "type", "proto", "flags"};
    static const struct py_params params = {
        .function = "getaddrinfo", .names = names, .count = 6, .required = 2, .keyword_only = 6};
    struct py_object *in[6] = {NULL}, *host = NULL, *port = NULL;
    struct addrinfo hints = {.ai_family = AF_UNSPEC};
    int *const numbers[] = {&hints.ai_family, &hints.ai_socktype, &hints.ai_protocol,
                            &hints.ai_flags};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    for (int i = 0; i < 4; i++)
        if (in[i + 2] && int_argument(in[i + 2], numbers[i]) < 0)
            return NULL;
    PY_HOLD(&host);
    PY_HOLD(&port);
    if (in[0] != PY_NONE && !py_str_check(in[0]) && !py_bytes_check(in[0]))
        return py_raise(&py_exc_TypeError, "getaddrinfo() argument 1 must be string or None");
    if (in[0] != PY_NONE && !(host = host_octets(in[0], "getaddrinfo")))
        return NULL;
    bool ok = true;
    if (py_int_check(in[1])) {
        struct py_object *const text = py_str_of(in[1]);
        port = text ? py_str_encode(text, NULL, NULL) : NULL;
        py_xdecref(text);
        ok = port != NULL;
    } else if (in[1] != PY_NONE) {
        if (py_str_check(in[1]) || py_bytes_check(in[1]))
            port = py_str_check(in[1]) ? py_str_encode(in[1], NULL, NULL) : py_newref(in[1]);
        else
            py_raise(&py_exc_OSError, "Int or String expected");
        ok = port != NULL;
    }
    struct addrinfo *const found =
        ok ? look_up(host ? (char *)((struct py_bytes *)host)->data : NULL,
                     port ? (char *)((struct py_bytes *)port)->data : NULL, &hints)
           : NULL;
    struct py_list *list = found ? py_list_new(0) : NULL;
    for (const struct addrinfo *i = found; list && i; i = i->ai_next) {
        struct py_object *const item = info_tuple(i);
        if (!item || py_list_append_steal(list, item) < 0)
            py_clear(list);
    }
    if (found)
        freeaddrinfo(found);
    py_clear(port);
    py_clear(host);
    return PY_OBJ(list);
}

METHOD(names_getnameinfo)
{
    UNUSED;
    int flags;
    const struct py_tuple *const t = (struct py_tuple *)args[0];
    if (!py_tuple_check(args[0]))
        return py_raise(&py_exc_TypeError, "getnameinfo() argument 1 must be a tuple");
    if (int_argument(args[1], &flags) < 0)
        return NULL;
    struct py_socket s = {.family = t->base.size > 2 ? AF_INET6 : AF_INET};
    union socket_address a;
    socklen_t length;
    if (inet_address(&s, args[0], "getnameinfo", &a, &length) < 0)
        return NULL;
    char host[NI_MAXHOST], service[NI_MAXSERV];
    py_allow_threads_begin();
    const int error = getnameinfo(&a.sa, length, host, sizeof host, service, sizeof service, flags);
    py_allow_threads_end();
    if (error)
        return raise_gai(error);
    struct py_object *items[2] = {PY_OBJ(py_str_from_cstr(host)),
                                  PY_OBJ(py_str_from_cstr(service))};
    return PY_OBJ(py_tuple_from_array_steal(items, 2));
}

static int ipv4_of(struct py_object *o, const char *function, union socket_address *a)
{
    socklen_t length;
    struct py_object *host = host_octets(o, function);
    const int status =
        host ? host_address((char *)((struct py_bytes *)host)->data, AF_INET, a, &length) : -1;
    py_xdecref(host);
    return status;
}

METHOD(names_gethostbyname)
{
    UNUSED;
    union socket_address a;
    char text[INET_ADDRSTRLEN];
    if (ipv4_of(args[0], "gethostbyname", &a) < 0)
        return NULL;
    inet_ntop(AF_INET, &a.in.sin_addr, text, sizeof text);
    return PY_OBJ(py_str_from_cstr(text));
}

METHOD(names_gethostbyaddr)
{
    UNUSED;
    union socket_address a;
    char text[INET_ADDRSTRLEN], host[NI_MAXHOST];
    if (ipv4_of(args[0], "gethostbyaddr", &a) < 0)
        return NULL;
    inet_ntop(AF_INET, &a.in.sin_addr, text, sizeof text);
    py_allow_threads_begin();
    const int error = getnameinfo(&a.sa, sizeof a.in, host, sizeof host, NULL, 0, NI_NAMEREQD);
    py_allow_threads_end();
    if (error)
        return raise_numbered(socket_herror, 1, "Unknown host");
    struct py_list *addresses = py_list_new(0);
    struct py_object *const number = PY_OBJ(py_str_from_cstr(text));
    if (!addresses || !number || py_list_append_steal(addresses, number) < 0)
        return NULL;
    struct py_object *items[3] = {PY_OBJ(py_str_from_cstr(host)), PY_OBJ(py_list_new(0)),
                                  PY_OBJ(addresses)};
    return PY_OBJ(py_tuple_from_array_steal(items, 3));
}

METHOD(names_gethostname)
{
    UNUSED;
    char text[HOST_NAME_MAX + 1] = "";
    if (gethostname(text, sizeof text - 1) < 0)
        return py_raise_os_error(errno, NULL);
    return py_bytes_decode((uint8_t *)text, strlen(text), NULL, "surrogateescape");
}

/* A str as C text, which lives as long as it. NULL: UnicodeEncodeError, or ValueError for a NUL,
 * which is a character or a byte in its message. */
static const char *c_text(struct py_object *o, const char *unit)
{
    size_t length;
    const char *const text = py_str_utf8_strict(o, &length);
    if (text && strlen(text) != length)
        return py_raise(&py_exc_ValueError, "embedded null %s", unit);
    return text;
}

METHOD(names_getservbyname)
{
    UNUSED;
    if (!py_str_check(args[0]) || (nargs > 1 && !py_str_check(args[1])))
        return py_raise(&py_exc_TypeError, "getservbyname() arguments must be str");
    const char *const name = c_text(args[0], "character"), *const protocol =
                                                               nargs > 1
                                                                   ? c_text(args[1], "character")
                                                                   : NULL;
    if (!name || (nargs > 1 && !protocol))
        return NULL;
    const struct servent *const s = getservbyname(name, protocol);
    return s ? py_int_from_i64(ntohs((uint16_t)s->s_port))
             : py_raise(&py_exc_OSError, "service/proto not found");
}

METHOD(names_getprotobyname)
{
    UNUSED;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "getprotobyname() argument must be str, not %T",
                        args[0]);
    const char *const name = c_text(args[0], "character");
    if (!name)
        return NULL;
    const struct protoent *const p = getprotobyname(name);
    return p ? py_int_from_i64(p->p_proto) : py_raise(&py_exc_OSError, "protocol not found");
}

/* ---- numbers --------------------------------------------------------------------------------- */

static struct py_object *swap(struct py_object *o, const char *function, int width)
{
    const int64_t v = py_int_as_i64(o);
    if (v == -1 && py_error_occurred())
        return NULL;
    if (v < 0)
        return py_raise(&py_exc_OverflowError,
                        width == 16 ? "%s: can't convert negative Python int to C 16-bit "
                                      "unsigned integer"
                                    : "can't convert negative value to unsigned int",
                        function);
    if (v >> width)
        return py_raise(&py_exc_OverflowError,
                        width == 16 ? "%s: Python int too large to convert to "
                                      "C 16-bit unsigned integer"
                                    : "int larger than 32 bits",
                        function);
    return py_int_from_i64(width == 16 ? htons((uint16_t)v) : htonl((uint32_t)v));
}

METHOD(names_htons)
{
    UNUSED;
    return swap(args[0], "htons", 16);
}

METHOD(names_htonl)
{
    UNUSED;
    return swap(args[0], "htonl", 32);
}

METHOD(names_inet_aton)
{
    UNUSED;
    struct in_addr a;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "inet_aton() argument 1 must be str, not %T", args[0]);
    const char *const text = c_text(args[0], "character");
    if (!text)
        return NULL;
    if (!inet_aton(text, &a))
        return py_raise(&py_exc_OSError, "illegal IP address string passed to inet_aton");
    return PY_OBJ(py_bytes_from(&a, sizeof a));
}

static struct py_object *to_text(int family, struct py_object *o, const char *function)
{
    char text[INET6_ADDRSTRLEN];
    OCTETS(in);
    if (octets_get(&in, o) < 0)
        return NULL;
    if (family != AF_INET && family != AF_INET6)
        return py_raise(&py_exc_ValueError, "unknown address family %d", family);
    if (in.length != (family == AF_INET ? 4 : 16))
        return strcmp(function, "inet_ntoa") == 0
                   ? py_raise(&py_exc_OSError, "packed IP wrong length for inet_ntoa")
                   : py_raise(&py_exc_ValueError, "invalid length of packed IP address string");
    if (!inet_ntop(family, in.data, text, sizeof text))
        return py_raise_os_error(errno, NULL);
    return PY_OBJ(py_str_from_cstr(text));
}

METHOD(names_inet_ntoa)
{
    UNUSED;
    return to_text(AF_INET, args[0], "inet_ntoa");
}

METHOD(names_inet_ntop)
{
    UNUSED;
    int family;
    return int_argument(args[0], &family) < 0 ? NULL : to_text(family, args[1], "inet_ntop");
}

METHOD(names_inet_pton)
{
    UNUSED;
    int family;
    uint8_t octets[16];
    if (int_argument(args[0], &family) < 0)
        return NULL;
    if (!py_str_check(args[1]))
        return py_raise(&py_exc_TypeError, "inet_pton() argument 2 must be str, not %T", args[1]);
    const char *const text = c_text(args[1], "character");
    if (!text)
        return NULL;
    if (family != AF_INET && family != AF_INET6)
        return py_raise_os_error(EAFNOSUPPORT, NULL);
    if (inet_pton(family, text, octets) != 1)
        return py_raise(&py_exc_OSError, "illegal IP address string passed to inet_pton");
    return PY_OBJ(py_bytes_from(octets, family == AF_INET ? 4 : 16));
}

METHOD(names_cmsg_len)
{
    UNUSED;
    const int64_t n = py_int_as_ssize(args[0]);
    if (n == -1 && py_error_occurred())
        return NULL;
    if (n < 0 || n > INT32_MAX)
        return py_raise(&py_exc_OverflowError, "CMSG_LEN() argument out of range");
    return py_int_from_i64((int64_t)CMSG_LEN((size_t)n));
}

METHOD(names_cmsg_space)
{
    UNUSED;
    const int64_t n = py_int_as_ssize(args[0]);
    if (n == -1 && py_error_occurred())
        return NULL;
    if (n < 0 || n > INT32_MAX)
        return py_raise(&py_exc_OverflowError, "CMSG_SPACE() argument out of range");
    return py_int_from_i64((int64_t)CMSG_SPACE((size_t)n));
}

/* ---- descriptors and interfaces -------------------------------------------------------------- */

METHOD(names_socketpair)
{
    UNUSED;
    int v[3] = {AF_UNIX, SOCK_STREAM, 0}, fds[2];
    for (size_t i = 0; i < nargs; i++)
        if (int_argument(args[i], &v[i]) < 0)
            return NULL;
    if (socketpair(v[0], v[1] | SOCK_CLOEXEC, v[2], fds) < 0)
        return py_raise_os_error(errno, NULL);
    struct py_object *items[2];
    for (int i = 0; i < 2; i++)
        items[i] = socket_wrap(&py_socket_type, fds[i], v[0], v[1], v[2]);
    return PY_OBJ(py_tuple_from_array_steal(items, 2));
}

METHOD(names_close)
{
    UNUSED;
    int fd;
    if (int_argument(args[0], &fd) < 0)
        return NULL;
    return close(fd) < 0 && errno != ECONNRESET ? py_raise_os_error(errno, NULL) : PY_NONE;
}

METHOD(names_dup)
{
    UNUSED;
    int fd;
    if (int_argument(args[0], &fd) < 0)
        return NULL;
    const int twin = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return twin < 0 ? py_raise_os_error(errno, NULL) : py_int_from_i64(twin);
}

METHOD(names_getdefaulttimeout)
{
    UNUSED;
    return socket_timeout_object(socket_default_timeout_ns);
}

METHOD(names_setdefaulttimeout)
{
    UNUSED;
    int64_t ns;
    if (socket_timeout_argument(args[0], &ns) < 0)
        return NULL;
    socket_default_timeout_ns = ns;
    return PY_NONE;
}

METHOD(names_if_nameindex)
{
    UNUSED;
    struct if_nameindex *const all = if_nameindex();
    if (!all)
        return py_raise_os_error(errno, NULL);
    struct py_list *list = py_list_new(0);
    for (const struct if_nameindex *i = all; list && i->if_index; i++) {
        struct py_object *items[2] = {py_int_from_i64(i->if_index),
                                      PY_OBJ(py_str_from_cstr(i->if_name))};
        struct py_object *const item = PY_OBJ(py_tuple_from_array_steal(items, 2));
        if (!item || py_list_append_steal(list, item) < 0)
            py_clear(list);
    }
    if_freenameindex(all);
    return PY_OBJ(list);
}

METHOD(names_if_nametoindex)
{
    UNUSED;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "if_nametoindex() argument must be str, not %T",
                        args[0]);
    const char *const name = c_text(args[0], "byte");
    if (!name)
        return NULL;
    const unsigned i = if_nametoindex(name);
    return i ? py_int_from_i64(i) : py_raise(&py_exc_OSError, "no interface with this name");
}

const struct py_method_def py_socket_functions[] = {
    METHOD_ROW_KW("getaddrinfo", names_getaddrinfo),
    METHOD_ROW("getnameinfo", names_getnameinfo, 2, 2),
    METHOD_ROW("gethostbyname", names_gethostbyname, 1, 1),
    METHOD_ROW("gethostbyaddr", names_gethostbyaddr, 1, 1),
    METHOD_ROW("gethostname", names_gethostname, 0, 0),
    METHOD_ROW("getservbyname", names_getservbyname, 1, 2),
    METHOD_ROW("getprotobyname", names_getprotobyname, 1, 1),
    METHOD_ROW("htons", names_htons, 1, 1),
    METHOD_ROW("ntohs", names_htons, 1, 1),
    METHOD_ROW("htonl", names_htonl, 1, 1),
    METHOD_ROW("ntohl", names_htonl, 1, 1),
    METHOD_ROW("inet_aton", names_inet_aton, 1, 1),
    METHOD_ROW("inet_ntoa", names_inet_ntoa, 1, 1),
    METHOD_ROW("inet_pton", names_inet_pton, 2, 2),
    METHOD_ROW("inet_ntop", names_inet_ntop, 2, 2),
    METHOD_ROW("CMSG_LEN", names_cmsg_len, 1, 1),
    METHOD_ROW("CMSG_SPACE", names_cmsg_space, 1, 1),
    METHOD_ROW("socketpair", names_socketpair, 0, 3),
    METHOD_ROW("close", names_close, 1, 1),
    METHOD_ROW("dup", names_dup, 1, 1),
    METHOD_ROW("getdefaulttimeout", names_getdefaulttimeout, 0, 0),
    METHOD_ROW("setdefaulttimeout", names_setdefaulttimeout, 1, 1),
    METHOD_ROW("if_nameindex", names_if_nameindex, 0, 0),
    METHOD_ROW("if_nametoindex", names_if_nametoindex, 1, 1),
    {.name = NULL},
};

struct py_module *py_mod__socket_init(void); /* modules.def */

struct py_module *py_mod__socket_init(void)
{
    static const struct {
        const char *name;
        int64_t value;
    } constants[] = {
#define CONSTANT(name) {#name, name},
#include "vm/builtins/socket_constants.def"
    };
    struct py_module *m = py_module_new("_socket", "What the module socket is made of.");
    if (!m || module_add_type(m, &py_socket_type) < 0 ||
        py_module_add(m, "SocketType", PY_OBJ(&py_socket_type)) < 0 ||
        !module_exception(&socket_gaierror, "socket.gaierror", &py_exc_OSError, NULL) ||
        !module_exception(&socket_herror, "socket.herror", &py_exc_OSError, NULL) ||
        py_module_add(m, "gaierror", PY_OBJ(socket_gaierror)) < 0 ||
        py_module_add(m, "herror", PY_OBJ(socket_herror)) < 0 ||
        py_module_add(m, "error", PY_OBJ(&py_exc_OSError)) < 0 ||
        py_module_add(m, "timeout", PY_OBJ(&py_exc_TimeoutError)) < 0 ||
        py_module_add(m, "has_ipv6", PY_TRUE) < 0 ||
        py_module_add_methods(m, py_socket_functions) < 0)
        goto fail;
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (module_add_int(m, constants[i].name, constants[i].value) < 0)
            goto fail;
    return m;
fail:
    py_xdecref(m);
    return NULL;
}
