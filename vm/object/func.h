/* Callables: Python functions, bound methods, C functions, and cells. */
#ifndef BRILLE_VM_OBJECT_FUNC_H
#define BRILLE_VM_OBJECT_FUNC_H

#include "vm/object/object.h"
#include "vm/object/type.h"

struct py_code;
struct py_dict;
struct py_tuple;
struct py_str;

struct py_function {
    struct py_object base;
    struct py_dict *globals;
    struct py_object *builtins; /* dict */
    struct py_str *name, *qualname;
    struct py_code *code;
    struct py_tuple *defaults;  /* or NULL */
    struct py_dict *kwdefaults; /* or NULL */
    struct py_tuple *closure;   /* cells, or NULL */
    struct py_object *doc;
    struct py_dict *dict; /* or NULL */
    struct py_object *weaklist;
    struct py_object *module;
    struct py_object *annotations; /* dict, tuple of pairs, or NULL */
    uint32_t version;              /* unique; 0 after defaults or code were replaced */
};

struct py_method { /* a function bound to its first argument */
    struct py_object base;
    struct py_object *func;
    struct py_object *self;
    struct py_object *weaklist;
};

struct py_cfunction { /* builtin_function_or_method */
    struct py_object base;
    const struct py_method_def *def;
    struct py_object *self;   /* or NULL */
    struct py_object *module; /* name, or NULL */
    struct py_object *weaklist;
};

struct py_cell {
    struct py_object base;
    struct py_object *value; /* or NULL */
};
extern struct py_type py_function_type, py_method_type, py_cfunction_type, py_cell_type;

struct py_function *py_function_new(struct py_code *code, struct py_dict *globals,
                                    struct py_str *qualname /* or NULL */);
struct py_object *py_method_new(struct py_object *func, struct py_object *self);
/* def must live as long as the process. */
struct py_object *py_cfunction_new(const struct py_method_def *def, struct py_object *self,
                                   struct py_object *module);
struct py_object *py_cell_new(struct py_object *value /* or NULL */);
/* Calls def->fn after checking the number of arguments and keywords, with CPython's messages. */
struct py_object *py_cfunction_invoke(const struct py_method_def *def, struct py_object *self,
                                      struct py_object *const *args, size_t nargs,
                                      struct py_tuple *kwnames);

#endif
