/* list[int] and int | str: type expressions that are evaluated but mean nothing at run time. */
#ifndef BRILLE_VM_OBJECT_ALIAS_H
#define BRILLE_VM_OBJECT_ALIAS_H

#include "vm/object/object.h"
#include "vm/object/type.h"

extern struct py_type py_generic_alias_type, py_union_type;

/* origin[args]; args is a tuple or one object. */
struct py_object *py_generic_alias_new(struct py_object *origin, struct py_object *args);
/* A row of the methods of a class in C that can be subscripted: class[args]. */
struct py_object *py_class_getitem(struct py_object *self, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames);
#define PY_CLASS_GETITEM_ROW                                                               \
    {                                                                                      \
        .name = "__class_getitem__", .fn = py_class_getitem, .min_args = 1, .max_args = 1, \
        .flags = PY_METH_CLASSMETHOD, .doc = "See PEP 585",                                \
    }
/* a | b of two classes; NotImplemented if one is none. */
struct py_object *py_union_or(struct py_object *a, struct py_object *b);

/* The type variables in args; and args with item in place of the parameters. New tuples. */
struct py_tuple *py_typing_parameters(struct py_tuple *args);
struct py_tuple *py_typing_substitute(struct py_object *self, struct py_tuple *args,
                                      struct py_tuple *parameters, struct py_object *item);

#endif
