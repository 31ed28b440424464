/* types.SimpleNamespace: an object that is nothing but its attributes. */
#ifndef BRILLE_VM_OBJECT_NAMESPACE_H
#define BRILLE_VM_OBJECT_NAMESPACE_H

#include "vm/object/object.h"
#include "vm/object/type.h"

extern struct py_type py_simple_namespace_type;

/* Empty. New. */
struct py_object *py_namespace_new(void);

#endif
