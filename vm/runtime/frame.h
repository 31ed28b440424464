/* Frames and registers.
 *
 * Each thread has a stack of registers and, beside it, a stack of frames; a generator carries one
 * frame and its registers in its own object. A register is NULL or owns one reference: that is the
 * whole rule, and it makes every live value of running code readable from outside.
 *
 *     registers   ... | a  b  c  t0 t1 [f self x y] -------- NULL ----------> limit
 *                       ^ caller.regs      ^ callee.regs = where the caller put the arguments
 *
 * Invariants
 *  - Registers from frame->top to the stack's limit are NULL; a frame leaves its window NULL.
 *    So a call initialises nothing but its arguments.
 *  - Registers 0..nlocals-1 are arguments and locals (cell variables hold their cell); above them
 *    temporaries, used stack-like: temporaries above the current depth are NULL.
 *  - pc is stored before anything that can raise, block, collect or be inspected; it points at
 *    the instruction being executed (not the next one).
 *  - func, code, globals and builtins are borrowed: whoever called owns func (a register, a C
 *    argument, the generator object). locals is owned; NULL in functions.
 */
#ifndef BRILLE_VM_RUNTIME_FRAME_H
#define BRILLE_VM_RUNTIME_FRAME_H

#include "vm/object/object.h"

struct py_code;
struct py_function;
struct py_dict;
struct py_frameobj;

enum py_frame_owner { PY_FRAME_THREAD, PY_FRAME_GENERATOR, PY_FRAME_OBJECT };

struct py_frame {
    struct py_frame *prev; /* caller; NULL at the bottom of a thread or of a suspended generator */
    struct py_function *func;
    struct py_code *code;
    const uint64_t *pc;
    struct py_object **regs;
    struct py_object **top; /* first free register above this frame */
    struct py_dict *globals;
    struct py_object *builtins; /* dict */
    struct py_object *locals;   /* owned; class body, module, exec; else NULL */
    struct py_frameobj *object; /* owned; made on demand (traceback, sys._getframe) */
    uint16_t dest;              /* caller's register for the result */
    uint8_t owner;              /* enum py_frame_owner */
    uint8_t entry;              /* 1: eval() was entered for this frame; return leaves the loop */
    uint8_t return_kind; /* eval's own use: what to do with the result (__init__, next, ...) */
    uint8_t reserved[3];
};

/* The Python-visible frame: either points at a live frame, or owns the locals of a dead one. */
struct py_frameobj {
    struct py_var base;       /* size: number of regs; body TUPLE */
    struct py_frameobj *back; /* owned; set when the frame dies */
    struct py_frame *live;    /* NULL once the frame is dead */
    struct py_function *func; /* owned */
    struct py_object *locals; /* owned or NULL: f_locals of a dead class or module frame */
    struct py_object *trace;  /* f_trace; owned or NULL */
    int32_t line;             /* of the last instruction executed, once dead */
    uint32_t word_offset;     /* the same as an offset into the code */
    struct py_object *regs[]; /* locals of a dead frame, owned; all NULL while it lives */
};
extern struct py_type py_frame_type;

/* The frame's object, made if need be. New reference. */
struct py_frameobj *py_frame_object(struct py_frame *frame);
/* When a frame with an object dies: moves registers into the object if others keep it, else drops
 * both. Leaves the registers NULL. */
void py_frame_release_object(struct py_frame *frame);
int py_frame_line(const struct py_frame *frame);

#endif
