/* Local variables as a mapping: locals(), f_locals, eval and exec defaults. */
#ifndef BRILLE_VM_RUNTIME_LOCALS_H
#define BRILLE_VM_RUNTIME_LOCALS_H

#include "vm/object/func.h"
#include "vm/object/object.h"
#include "vm/runtime/frame.h"

/* A new dict of a function's bound locals, cells and free variables looked through. */
struct py_object *py_locals_dict(struct py_function *func, struct py_object *const *regs);
/* The frame's locals: its mapping for class and module code (new reference), else as above. */
struct py_object *py_frame_locals(struct py_frame *frame);

#endif
