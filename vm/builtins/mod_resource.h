/* What posix has from the module resource. */
#ifndef BRILLE_VM_BUILTINS_MOD_RESOURCE_H
#define BRILLE_VM_BUILTINS_MOD_RESOURCE_H

#include <sys/resource.h>

#include "vm/object/object.h"
#include "vm/object/type.h"

extern struct py_type py_struct_rusage_type; /* static_types.def */

/* resource.struct_rusage, which must be ready. New. */
struct py_object *resource_usage(const struct rusage *usage);

#endif
