/* The interpreter loop's door: run a frame, a code object, a function.
 *
 * eval_loop.h is compiled several times (untraced, stacks, traced; see docs/internals/bytecode.md)
 * and switched at safepoints; callers never see which one runs.
 */
#ifndef BRILLE_VM_RUNTIME_EVAL_H
#define BRILLE_VM_RUNTIME_EVAL_H

#include "vm/object/code.h"
#include "vm/object/func.h"
#include "vm/object/gen.h"
#include "vm/object/object.h"
#include "vm/runtime/frame.h"

/* The call slot of functions. */
struct py_object *py_function_call(struct py_object *function, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames);
/* Runs a module-like code object (exec, module body, class body): locals may equal globals. */
struct py_object *py_eval_code(struct py_code *code, struct py_dict *globals,
                               struct py_object *locals);
/* The same for a function object without parameters, closure included: a class statement's body. */
struct py_object *py_eval_function_body(struct py_function *func, struct py_object *locals);
/* Everything a safepoint does: signals, gc, GIL hand-over, tracing switches, parking for a
 * capture. frame->pc must be stored. 0, or -1 with an exception. */
int py_safepoint(struct py_thread *thread);
/* To be called when py_trace_flags or check_interval changed: chooses the loop. */
void py_eval_select_mode(void);
/* False while a fast path deallocates: the safepoint then leaves a requested tracing change
 * pending (EVAL_BREAK_TRACE stays set). */
bool py_eval_can_switch(void);
/* Asks for a safepoint soon: ORs EVAL_BREAK_* bits. Any thread, async-signal-safe. */
void py_eval_break(uint32_t bits);
void py_eval_break_clear(uint32_t bits);

#endif
