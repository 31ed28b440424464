/* What the files of builtins share: every function of the module, one prototype each, from the
 * list that also makes the module's table. Not for other files. */
#ifndef BRILLE_VM_BUILTINS_BUILTINS_IMPL_H
#define BRILLE_VM_BUILTINS_BUILTINS_IMPL_H

#include "vm/object/object.h"
#include "vm/object/type.h"

#define BUILTIN(name, min, max, flags, signature, doc)                                         \
    struct py_object *py_builtin_##name(struct py_object *self, struct py_object *const *args, \
                                        size_t nargs, struct py_tuple *kwnames);
#include "vm/builtins/builtins.def"

#define METHOD(name)                                                                           \
    struct py_object *py_builtin_##name(struct py_object *self, struct py_object *const *args, \
                                        size_t nargs, struct py_tuple *kwnames)
#define UNUSED_ARGS (void)self, (void)args, (void)nargs, (void)kwnames

#endif
