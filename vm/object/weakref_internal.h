/* What weakref.c, weakproxy.c and the module _weakref share. */
#ifndef BRILLE_VM_OBJECT_WEAKREF_INTERNAL_H
#define BRILLE_VM_OBJECT_WEAKREF_INTERNAL_H

#include "vm/object/weakref.h"

extern const struct py_field py_weakref_fields[];
struct py_weakref *py_weakref_make(struct py_type *type, struct py_object *referent,
                                   struct py_object *callback /* or NULL or None */);
void py_weakref_dealloc(struct py_object *o);
int64_t py_weakref_size_of(struct py_object *o);

#endif
