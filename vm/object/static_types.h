/* All static types, as an array. */
#ifndef BRILLE_VM_OBJECT_STATIC_TYPES_H
#define BRILLE_VM_OBJECT_STATIC_TYPES_H

#include "vm/object/type.h"

enum {
    PY_STATIC_TYPE_COUNT = 0
#define STATIC_TYPE(name) +1
#include "vm/object/static_types.def"
#define EXC(cname, pyname, base, layout, doc) +1
#include "vm/object/exceptions.def"
};

extern struct py_type *const py_static_types[PY_STATIC_TYPE_COUNT];

#endif
