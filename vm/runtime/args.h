/* Binding the arguments of a call to the parameters of a Python function. */
#ifndef BRILLE_VM_RUNTIME_ARGS_H
#define BRILLE_VM_RUNTIME_ARGS_H

#include "vm/object/func.h"
#include "vm/object/object.h"

/* regs: the callee's registers, all NULL, in the order of code->varnames: positional parameters,
 * keyword-only ones, the *args tuple, the **kw dict. Filled with new references. -1: TypeError,
 * all registers NULL again. */
int py_bind_arguments(struct py_function *f, struct py_object *const *args, size_t nargs,
                      struct py_tuple *kwnames, struct py_object **regs);

/* The TypeError for a call that does not fit, given the registers as far as they were filled:
 * for callers that bind in place. Always -1. */
int py_raise_missing_arguments(struct py_function *f, struct py_object *const *regs);
int py_raise_too_many_arguments(struct py_function *f, size_t given, struct py_object *const *regs);

#endif
