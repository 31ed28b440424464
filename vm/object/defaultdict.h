/* collections.defaultdict: a dict that makes a missing value by calling a factory. */
#ifndef BRILLE_VM_OBJECT_DEFAULTDICT_H
#define BRILLE_VM_OBJECT_DEFAULTDICT_H

#include "vm/object/dict.h"

struct py_defaultdict {
    struct py_dict dict;
    struct py_object *factory; /* or NULL */
};
extern struct py_type py_defaultdict_type;

/* d[key] for a missing key: calls the factory and stores. New; KeyError without a factory. */
struct py_object *py_defaultdict_missing(struct py_object *self, struct py_object *key);

#endif
