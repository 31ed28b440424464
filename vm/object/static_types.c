/* All static types, as an array: what walks over them (roots, definitions, the introspection table)
 * must not have a list of its own. */
#include "vm/object/static_types.h"

#include "vm/object/exc.h"

#define STATIC_TYPE(name) extern struct py_type py_##name##_type;
#include "vm/object/static_types.def"

struct py_type *const py_static_types[PY_STATIC_TYPE_COUNT] = {
#define STATIC_TYPE(name) &py_##name##_type,
#include "vm/object/static_types.def"
#define EXC(cname, pyname, base, layout, doc) &py_exc_##cname,
#include "vm/object/exceptions.def"
};
