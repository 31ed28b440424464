/* Generators, coroutines and asynchronous generators: an object that carries one suspended frame
 * and its registers. The three types share the struct and differ in methods and messages. */
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
    struct py_code *code;     /* owned once finished; NULL before, when func has it */
    struct py_str *name, *qualname;
    struct py_object *yield_from; /* borrowed from a register; for gi_yieldfrom */
    struct py_object *weaklist;
    struct py_exc_item handled; /* exception state saved across yields; value owned here */
    int8_t state;               /* enum py_gen_state */
    bool hooks_called, closed, running_async; /* asynchronous generators */
    int32_t reg_count;
    struct py_object *finalizer; /* asynchronous generators: hook of the event loop, or NULL */
    struct py_frame frame;       /* owner PY_FRAME_GENERATOR; regs points at the array below */
    struct py_object *regs[];
};
extern struct py_type py_gen_type, py_coroutine_type, py_async_gen_type;

/* Takes the current frame's registers (function just entered) into a new generator. */
struct py_gen *py_gen_from_frame(struct py_frame *frame);
/* A generator that is finished keeps its code and nothing else of its function. */
void py_gen_drop_function(struct py_gen *gen);
/* Resumes. value borrowed (NULL: None; throws the pending exception when `throwing`). Returns the
 * yielded value, or NULL: with *returned set (new) when it returned, else an exception pending. */
struct py_object *py_gen_resume(struct py_gen *gen, struct py_object *value, bool throwing,
                                struct py_object **returned);

/* Sends value (NULL: None) as gen.send() does: the yielded value, or NULL with StopIteration
 * (StopAsyncIteration from an asynchronous generator) or another exception. */
struct py_object *py_gen_send(struct py_gen *gen, struct py_object *value);
/* gen.throw(*args). close_delegate: a GeneratorExit closes what is awaited, else it is thrown. */
struct py_object *py_gen_throw(struct py_gen *gen, struct py_object *const *args, size_t nargs,
                               bool close_delegate);
struct py_object *py_gen_close(struct py_gen *gen);
/* What `await o` delegates to; new. TypeError. */
struct py_object *py_awaitable_iter(struct py_object *o);
/* Is o a coroutine, or a generator that types.coroutine marked? */
bool py_is_coroutine(const struct py_object *o);
/* A value as an asynchronous generator yields it. */
struct py_object *py_async_wrap(struct py_object *value);
/* anext(o, fallback). */
struct py_object *py_anext_default(struct py_object *iterator, struct py_object *fallback);
/* sys.set_asyncgen_hooks: NULL leaves a hook as it is. */
int py_async_gen_set_hooks(struct py_object *firstiter, struct py_object *finalizer);
/* Borrowed; None when there is none. */
void py_async_gen_hooks(struct py_object **firstiter, struct py_object **finalizer);

#endif
