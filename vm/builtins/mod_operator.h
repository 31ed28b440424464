/* The callables of the module _operator that keep something: operator_getters.c. */
#ifndef BRILLE_VM_BUILTINS_MOD_OPERATOR_H
#define BRILLE_VM_BUILTINS_MOD_OPERATOR_H

#include "vm/object/type.h"

extern struct py_type py_itemgetter_type, py_attrgetter_type, py_methodcaller_type;

#endif
