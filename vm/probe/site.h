/* Where events happen: the low 16 bits of the running instruction's address, in words, because that
 * costs an event one shift. The definition of a code object says what they are at its first word,
 * and the reader subtracts. The one instruction in 65536 that lies where they are
 * TRACE_SITE_UNKNOWN passes for the one before it. */
#ifndef BRILLE_VM_PROBE_SITE_H
#define BRILLE_VM_PROBE_SITE_H

#include <stdint.h>

#include "tracer/abi/ring_layout.h"
#include "vm/object/code.h"
#include "vm/runtime/thread.h"

static inline unsigned probe_site(const uint64_t *pc)
{
    return (unsigned)((uintptr_t)pc >> 3) & 0xffffu;
}

/* Of the instruction that the current thread executes. */
static inline unsigned probe_current_site(void)
{
    const struct py_thread *thread = py_thread_current();
    const struct py_frame *frame = thread ? thread->frame : NULL;
    return frame && frame->pc ? probe_site(frame->pc) : TRACE_SITE_UNKNOWN;
}

#endif
