/* Importing: sys.modules, built-in modules (vm/builtins/modules.def), modules embedded as source,
 * and .py files and packages along sys.path. */
#ifndef BRILLE_VM_RUNTIME_IMPORT_H
#define BRILLE_VM_RUNTIME_IMPORT_H

#include <stdbool.h>

#include "vm/object/dict.h"
#include "vm/object/object.h"
#include "vm/object/str.h"

/* What `import` does: name absolute (level 0) or relative to globals' package. Without fromlist
 * (NULL, None or empty) the top-level package, else the module itself. New reference. */
struct py_object *py_import_name(struct py_str *name, struct py_dict *globals,
                                 struct py_object *fromlist, int level);
/* The module of an absolute dotted name, imported if need be. New reference. */
struct py_object *py_import_module(const char *name);
/* The module of a built-in name (C or embedded): that in sys.modules, or a new one. ImportError.
 * New reference. */
struct py_object *py_import_builtin(struct py_str *name);
/* `from module import name`: attribute or submodule; ImportError. New reference. */
struct py_object *py_import_from(struct py_object *module, struct py_str *name);
/* `from module import *` into a namespace mapping. */
int py_import_star(struct py_object *module, struct py_object *locals);

/* Name of the index-th built-in module, NULL past the end. Without those that stand in for the
 * library's. */
const char *py_builtin_module_name(size_t index);
/* Is the body of this module being run by the importer? */
bool py_import_is_running(const struct py_object *module);
/* A whole file in malloc'd memory; NULL with *errnum. */
char *py_read_file(const char *path, size_t *len, int *errnum);

#endif
