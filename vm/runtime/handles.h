/* Handles: how a C function's owned references stay visible.
 *
 * A register of a frame is a root the inspector can read. A C local variable is not, so a helper
 * that owns a reference across anything that may run Python code, collect or block registers the
 * variable:
 *
 *     struct py_object *it = py_iter(o);         // new
 *     PY_HOLD(&it);                              // until the end of this scope
 *     while ((item = py_next(it))) ...
 *
 * The record lives on the C stack and points at the variable, so reassigning it (or setting it to
 * NULL after giving the reference away) needs no second call. The checked build asserts at
 * safepoints that every refcount is explained by objects, registers and handles.
 * Arguments of a py_callfn need no handle: the caller's registers own them.
 */
#ifndef BRILLE_VM_RUNTIME_HANDLES_H
#define BRILLE_VM_RUNTIME_HANDLES_H

#include "vm/object/object.h"

struct py_handle {
    struct py_handle *prev;
    const char *function;     /* the root's name */
    struct py_object **slots; /* first of count variables or array elements; NULLs allowed */
    int64_t count;
};

extern __thread struct py_handle *py_handles_top; /* mirrored in struct py_thread.handles */

void py_handle_push(struct py_handle *h);
void py_handle_pop(struct py_handle *h);

#define PY_HOLD_PASTE_(a, b) a##b
#define PY_HOLD_NAME_(line)  PY_HOLD_PASTE_(hold_, line)
/* Registers one owned pointer variable, or n consecutive ones, until the end of the scope. */
#define PY_HOLD(var_address) PY_HOLD_N(var_address, 1)
#define PY_HOLD_N(first, n)                                                              \
    __attribute__((cleanup(py_handle_pop))) struct py_handle PY_HOLD_NAME_(__LINE__) = { \
        .function = __func__, .slots = (struct py_object **)(first), .count = (n)};      \
    py_handle_push(&PY_HOLD_NAME_(__LINE__))

#endif
