/* What the interpreter loop itself emits, inlined into it.
 *
 * The loop is compiled once per mode (docs/internals/bytecode.md) and knows from its mode that an
 * event is wanted, so nothing here tests a flag. Everything outside the loop uses vm/probe/probe.h.
 * The eval-breaker word lies in the control page, which is mapped over a static object: testing it
 * is one load from a fixed address.
 */
#ifndef BRILLE_VM_PROBE_LOOP_H
#define BRILLE_VM_PROBE_LOOP_H

#include "tracer/emit/emit.h"
#include "vm/object/code.h"
#include "vm/object/object.h"

/* Gives the code object its id in the stream's definitions. (vm/probe/probe.c) */
uint32_t probe_define_code(struct py_code *code);

static inline bool probe_eval_break(void)
{
    return __builtin_expect(__atomic_load_n(&trace_control.eval_breaker, __ATOMIC_RELAXED) != 0, 0);
}

static inline unsigned probe_site(const struct py_code *code, const uint64_t *pc)
{
    const uint64_t offset = (uint64_t)(pc - code->words);
    return offset < TRACE_SITE_UNKNOWN ? (unsigned)offset : TRACE_SITE_UNKNOWN;
}

#ifdef BRILLE_NO_TRACE
#define probe_loop_incref(o, code, pc)     ((void)0)
#define probe_loop_decref(o, code, pc)     ((void)0)
#define probe_loop_enter(code, caller, pc) ((void)0)
#define probe_loop_leave()                 ((void)0)
#else
static inline void probe_loop_incref(struct py_object *o, const struct py_code *code,
                                     const uint64_t *pc)
{
    trace_incref((uintptr_t)o, probe_site(code, pc));
}

static inline void probe_loop_decref(struct py_object *o, const struct py_code *code,
                                     const uint64_t *pc)
{
    trace_decref((uintptr_t)o, probe_site(code, pc));
}

/* caller and its pc may be NULL: entered from C with no Python frame below. */
static inline void probe_loop_enter(struct py_code *code, const struct py_code *caller,
                                    const uint64_t *pc)
{
    const uint32_t id = code->trace_id ? code->trace_id : probe_define_code(code);
    trace_enter(id, caller ? probe_site(caller, pc) : TRACE_SITE_UNKNOWN);
}

static inline void probe_loop_leave(void)
{
    trace_leave();
}
#endif

#endif
