/* Waiting for descriptors with a deadline, for select and sockets (mod_select.c). A deadline is in
 * nanoseconds of the monotonic clock; -1: for ever; INT64_MIN: of a timeout that was negative. */
#ifndef BRILLE_VM_BUILTINS_MOD_WAIT_H
#define BRILLE_VM_BUILTINS_MOD_WAIT_H

#include <poll.h>

#include "vm/object/float.h"
#include "vm/object/object.h"

/* From a timeout argument in units of `unit` seconds; None and NULL wait for ever. */
int wait_deadline(struct py_object *timeout, double unit, int64_t *out);
/* What is left, as poll() wants it. */
int wait_left_ms(int64_t deadline);
/* poll() without the GIL, over signals. Number of ready descriptors; -1: exception. */
int wait_poll(struct pollfd *fds, size_t n, int64_t deadline);
/* A descriptor: an int, or an object with fileno(). -1: exception. */
int wait_fd_of(struct py_object *o);

#endif
