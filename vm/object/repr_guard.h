/* Which containers are being printed: repr of a list that contains itself says "[...]".
 *
 * The records live on the C stack, innermost first, one chain per thread. They hold no count: the
 * caller of repr owns the object for the whole call.
 */
#ifndef BRILLE_VM_OBJECT_REPR_GUARD_H
#define BRILLE_VM_OBJECT_REPR_GUARD_H

#include "vm/object/object.h"

struct py_repr_guard {
    struct py_repr_guard *prev;
    struct py_object *object;
};

/* 1: o is already being printed (nothing entered); 0: entered, leave later. */
int py_repr_enter(struct py_repr_guard *guard, struct py_object *o);
void py_repr_leave(struct py_repr_guard *guard);

#endif
