/* Where events happen: the offset of the running instruction in its code, in words. */
#ifndef BRILLE_VM_PROBE_SITE_H
#define BRILLE_VM_PROBE_SITE_H

#include <stdint.h>

#include "tracer/abi/ring_layout.h"
#include "vm/object/code.h"
#include "vm/runtime/thread.h"

static inline unsigned probe_site(const struct py_code *code, const uint64_t *pc)
{
    const uint64_t offset = (uint64_t)(pc - code->words);
    return offset < TRACE_SITE_UNKNOWN ? (unsigned)offset : TRACE_SITE_UNKNOWN;
}

/* Of the instruction that the current thread executes. */
static inline unsigned probe_current_site(void)
{
    const struct py_thread *thread = py_thread_current();
    const struct py_frame *frame = thread ? thread->frame : NULL;
    return frame && frame->pc ? probe_site(frame->code, frame->pc) : TRACE_SITE_UNKNOWN;
}

#endif
