/* Generators: an object that carries one suspended frame and its registers. */
#ifndef BRILLE_VM_OBJECT_GEN_H
#define BRILLE_VM_OBJECT_GEN_H

#include "vm/object/object.h"
#include "vm/object/type.h"
#include "vm/runtime/frame.h"
#include "vm/runtime/thread.h"

enum py_gen_state { PY_GEN_CREATED, PY_GEN_SUSPENDED, PY_GEN_RUNNING, PY_GEN_FINISHED };

struct py_gen {
    struct py_object base;
    struct py_function *func; /* owned until finished; frame.func borrows it */
    struct py_str *name, *qualname;
    struct py_object *yield_from; /* borrowed from a register; for gi_yieldfrom */
    struct py_object *weaklist;
    struct py_exc_item handled; /* exception state saved across yields; value owned here */
    int8_t state;               /* enum py_gen_state */
    int8_t reserved[3];
    int32_t reg_count;
    struct py_frame frame; /* owner PY_FRAME_GENERATOR; regs points at the array below */
    struct py_object *regs[];
};
extern struct py_type py_gen_type;

/* Takes the current frame's registers (function just entered) into a new generator. */
struct py_gen *py_gen_from_frame(struct py_frame *frame);
/* Resumes. value borrowed (NULL: None; throws the pending exception when `throwing`). Returns the
 * yielded value, or NULL: with *returned set (new) when it returned, else an exception pending. */
struct py_object *py_gen_resume(struct py_gen *gen, struct py_object *value, bool throwing,
                                struct py_object **returned);

#endif
