/* What the files of _socket share. Not for other files. */
#ifndef BRILLE_VM_BUILTINS_MOD_SOCKET_H
#define BRILLE_VM_BUILTINS_MOD_SOCKET_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "vm/builtins/mod_support.h"

struct py_socket {
    struct py_object base;
    int32_t fd; /* -1: closed */
    int32_t family, type, protocol;
    int64_t timeout_ns; /* -1: waits for ever; 0: never waits */
};
extern struct py_type py_socket_type;
#define SOCKET(o) ((struct py_socket *)(o))

union socket_address {
    struct sockaddr sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    struct sockaddr_storage storage;
};

/* From Python's form of an address ("host", port), "path", ... to the system's and back. */
int socket_address_read(const struct py_socket *s, struct py_object *o, const char *function,
                        union socket_address *out, socklen_t *length);
struct py_object *socket_address_object(const union socket_address *a, socklen_t length);

extern struct py_type *socket_gaierror, *socket_herror;
extern int64_t socket_default_timeout_ns;
/* None or seconds; -1: exception. */
int socket_timeout_argument(struct py_object *o, int64_t *out_ns);
struct py_object *socket_timeout_object(int64_t ns);
extern const struct py_method_def py_socket_functions[];
int py_socket_add_constants(struct py_module *m);
/* An object for a descriptor that is now its own; closes it on failure. */
struct py_object *socket_wrap(struct py_type *type, int fd, int family, int kind, int protocol);

#endif
