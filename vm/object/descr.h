/* Descriptors: what static types put into their dicts for C tables, and property, classmethod,
 * staticmethod, super, mappingproxy. */
#ifndef BRILLE_VM_OBJECT_DESCR_H
#define BRILLE_VM_OBJECT_DESCR_H

#include "vm/object/object.h"
#include "vm/object/type.h"

struct py_descr { /* common part of the four C descriptors */
    struct py_object base;
    struct py_type *owner; /* owned */
    struct py_str *name;   /* owned */
    const void *def;       /* py_method_def, py_getset_def, py_member_def or slot wrapper row */
};
extern struct py_type py_method_descr_type, py_classmethod_descr_type, py_getset_descr_type,
    py_member_descr_type, py_wrapper_descr_type, py_method_wrapper_type, py_property_type,
    py_classmethod_type, py_staticmethod_type, py_super_type, py_mappingproxy_type;

struct py_property {
    struct py_object base;
    struct py_object *fget, *fset, *fdel, *doc, *name;
    bool getter_doc;
};
struct py_classmethod { /* and staticmethod */
    struct py_object base;
    struct py_object *callable;
    struct py_dict *dict;
};

struct py_object *py_mappingproxy_new(struct py_object *mapping);
struct py_object *py_classmethod_new(struct py_object *callable);
struct py_object *py_staticmethod_new(struct py_object *callable);
/* A data descriptor defines __set__ or __delete__. */
static inline bool py_is_data_descr(const struct py_object *d)
{
    return d->type->descr_set != NULL;
}

#endif
