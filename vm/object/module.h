/* Modules: a dict with a name. C modules are tables turned into a module at first import. */
#ifndef BRILLE_VM_OBJECT_MODULE_H
#define BRILLE_VM_OBJECT_MODULE_H

#include "vm/object/object.h"
#include "vm/object/type.h"

struct py_module {
    struct py_object base;
    struct py_dict *dict;
    struct py_object *weaklist;
    struct py_str *name;
};
extern struct py_type py_module_type;

/* With __name__, __doc__, __package__, __loader__, __spec__ set. */
struct py_module *py_module_new(const char *name, const char *doc);
int py_module_add_methods(struct py_module *m, const struct py_method_def *methods);
int py_module_add(struct py_module *m, const char *name, struct py_object *value); /* borrows */
int py_module_add_steal(struct py_module *m, const char *name, struct py_object *value);

/* Built-in modules: name and the function that makes the module (called once, at first import).
 * The list is vm/builtins/modules.def. */
typedef struct py_module *(*py_module_init_fn)(void);

#endif
