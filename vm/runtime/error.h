/* The pending exception of the current thread: raising, asking, fetching, printing.
 *
 * A function that fails returns NULL or -1 with an exception pending. Never call anything that may
 * run Python code while one is pending, except to clean up under py_error_fetch/restore.
 */
#ifndef BRILLE_VM_RUNTIME_ERROR_H
#define BRILLE_VM_RUNTIME_ERROR_H

#include "vm/object/exc.h"
#include "vm/object/object.h"
#include "vm/object/str.h"
#include "vm/runtime/thread.h"

/* Raise an exception of a built-in type with a message in py_str_format_c's language. Always
 * return NULL, so that `return py_raise(...)` works; py_raise_int returns -1. The exception being
 * handled becomes its context. */
void *py_raise(struct py_type *type, const char *format, ...);
int py_raise_int(struct py_type *type, const char *format, ...);
/* With one argument object (KeyError(key)). */
void *py_raise_object(struct py_type *type, struct py_object *arg);
/* Raises an instance (borrowed), setting its context. */
void *py_raise_instance(struct py_object *exc);
void *py_raise_no_memory(void);
/* OSError (or its subclass for errno) from errno, with a file name or NULL. */
void *py_raise_os_error(int errnum, struct py_object *filename);
void *py_raise_key_error(struct py_object *key);
void *py_raise_stop_iteration(struct py_object *value /* or NULL */);
/* AttributeError "'X' object has no attribute 'name'" with obj and name set. */
void *py_raise_attribute(struct py_object *o, struct py_object *name);
/* NameError or UnboundLocalError with name set; format takes the name once, as %U. */
void *py_raise_name_error(struct py_type *type, struct py_object *name, const char *format);
void *py_raise_bad_arg_type(const char *function, const char *expected, struct py_object *got);

static inline bool py_error_occurred(void)
{
    return py_thread_current()->exc != NULL;
}
/* Is the pending exception (there is one) an instance of type? */
bool py_error_matches(const struct py_type *type);
/* Takes the pending exception away: new reference or NULL. */
struct py_object *py_error_fetch(void);
/* Makes it pending again; steals; replaces (drops) whatever is pending. NULL clears. */
void py_error_restore(struct py_object *exc);
void py_error_clear(void);
/* Clears a pending StopIteration: 1 and *value (new, if value is not NULL); 0 if something else
 * is pending. */
int py_error_catch_stop_iteration(struct py_object **value);
/* After an exception was raised inside a helper that replaces it: sets old as context of the
 * pending one. Steals old. */
void py_error_chain_context(struct py_object *old);

/* Instantiates type(args...) or accepts an instance, as `raise` does. New exception instance. */
struct py_object *py_exc_instantiate(struct py_object *type_or_instance,
                                     struct py_object *arg /* or NULL */);
/* Adds a traceback entry for frame to the pending exception. */
void py_traceback_add(struct py_frame *frame);
/* Prints like CPython's default hook: chain, traceback with source lines and carets, notes. */
void py_error_print(struct py_object *exc);
/* The same below a heading, to a file that is not sys.stderr; NULL: no heading, sys.stderr. */
void py_error_print_to(struct py_object *file, const char *heading, struct py_object *exc);
/* Hands the pending exception to sys.unraisablehook, which prints it, and clears it. */
void py_error_unraisable(struct py_object *where /* or NULL */, const char *message /* or NULL */);
/* "Exception ignored in: <where>", traceback and exception on stderr. */
void py_error_print_unraisable(struct py_object *e, struct py_object *where, const char *message);

#endif
