/* The importer's ties to importlib: finders in sys.meta_path, specs, what importlib alone can load.
 *
 * The interpreter imports built-in modules, packages and .py files by itself (import.c). Python
 * programs can see and change how modules are found: sys.meta_path, sys.path_hooks, __spec__. That
 * machinery is the library's own importlib, loaded when somebody asks for it (the embedded module
 * _frozen_importlib). It registers itself here, once. */
#ifndef BRILLE_VM_RUNTIME_IMPORT_MACHINERY_H
#define BRILLE_VM_RUNTIME_IMPORT_MACHINERY_H

#include <stdbool.h>

#include "vm/object/object.h"
#include "vm/object/str.h"

/* find(name, import) imports a module; describe(module) sets its __spec__; finders and hooks (both
 * tuples) are what sys.meta_path and sys.path_hooks hold when nobody changed them. -1: exception.
 */
int py_import_machinery_set(struct py_object *find, struct py_object *describe,
                            struct py_object *finders, struct py_object *hooks);
/* Did a program put finders of its own into sys.meta_path or sys.path_hooks? */
bool py_import_is_customized(void);
bool py_import_machinery_is_loaded(void);
/* Imports one module by importlib, which is loaded if need be. 1: it is in sys.modules, 0: there is
 * no importlib, -1: exception. */
int py_import_by_machinery(struct py_str *fullname);
/* Sets __spec__ and __loader__ of a new module, when importlib is loaded. */
int py_import_describe(struct py_object *module);

#endif
