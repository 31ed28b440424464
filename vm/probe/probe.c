/* Object, collector, lock and thread probes: from the interpreter's pointers to the tracer's words.
 *
 * Everything here runs with the GIL held, except probe_gil_requested and probe_gil_waiting, and is
 * called only when somebody listens, so it may be a little slow: a call, the site of the current
 * instruction, the id of the type. What must be fast is the interpreter loop's own emission
 * (loop.h).
 *
 * Starting, stopping and the baseline are in baseline.c; definitions in define.c.
 */
#include "vm/probe/probe.h"

#include "vm/object/code.h"
#include "vm/object/type.h"
#include "vm/probe/filter.h"
#include "vm/probe/loop.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/thread.h"

#ifdef BRILLE_NO_TRACE
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-variable"
#endif

uint32_t py_trace_flags;

/* ---- objects --------------------------------------------------------------------------------- */

void probe_incref(struct py_object *o)
{
    if (probe_filter.on && !probe_filter_count(o))
        return;
    trace_incref((uintptr_t)o, probe_current_site());
}

void probe_decref(struct py_object *o)
{
    if (probe_filter.on && !probe_filter_count(o))
        return;
    trace_decref((uintptr_t)o, probe_current_site());
}

void probe_alloc_at(struct py_object *o, size_t size_bytes, unsigned site)
{
    if (probe_filter.on && !probe_filter_alloc(o, size_bytes))
        return;
    const uint32_t known = o->type->trace_id;
    const uint32_t type = __builtin_expect(known != 0, 1) ? known : probe_type_id(o->type);
    trace_alloc((uintptr_t)o, type, size_bytes, site);
}

void probe_alloc(struct py_object *o, size_t size_bytes)
{
    probe_alloc_at(o, size_bytes, probe_current_site());
}

void probe_free_at(struct py_object *o, unsigned site)
{
    if (probe_filter.on && !probe_filter_free(o))
        return;
    trace_free((uintptr_t)o, site);
}

void probe_free(struct py_object *o)
{
    probe_free_at(o, probe_current_site());
}

void probe_resize(struct py_object *o, size_t size_bytes)
{
    if (probe_filter.on && !probe_filter_resize(o, size_bytes))
        return;
    trace_resize((uintptr_t)o, size_bytes, probe_current_site());
}

void probe_retype(struct py_object *o)
{
    if (!PY_TRACING(PY_TRACE_ALLOC) || py_is_immortal(o))
        return;
    const uint32_t type = probe_type_id(o->type);
    if (probe_filter.on && !probe_filter_change(o))
        return;
    trace_retype((uintptr_t)o, type, probe_current_site());
}

void probe_gc_track(struct py_object *o, int generation)
{
    if (probe_filter.on && !probe_filter_change(o))
        return;
    trace_gc_track((uintptr_t)o, generation);
}

void probe_gc_untrack(struct py_object *o)
{
    if (probe_filter.on && !probe_filter_change(o))
        return;
    trace_gc_untrack((uintptr_t)o);
}

#ifndef BRILLE_NO_TRACE
void probe_enter(struct py_code *code, const struct py_code *caller, const uint64_t *pc)
{
    if (probe_filter.sampling) /* samples bring their stacks */
        return;
    trace_hot.p = probe_loop_enter(trace_hot.p, code, caller, pc);
}

void probe_leave(void)
{
    if (!probe_filter.sampling)
        trace_leave();
}
#endif

/* ---- collections ------------------------------------------------------------------------------
 */

void probe_gc_start(int generation, uint32_t reason)
{
    trace_gc_start(generation, reason);
}

void probe_gc_done(int generation, uint64_t collected, uint64_t uncollectable, uint64_t examined,
                   uint64_t promoted)
{
    trace_gc_done(generation, collected, uncollectable, examined, promoted);
}

void probe_gc_promote(int from, int to)
{
    trace_gc_promote(from, to);
}

void probe_gc_freeze(bool frozen)
{
    trace_gc_freeze(frozen);
}

/* ---- the lock and threads ---------------------------------------------------------------------
 */

/* Where a thread is, as the stream says it; 0 when it runs no Python. */
static uint64_t frame_word(const struct py_thread *thread)
{
    const struct py_frame *frame = thread ? thread->frame : NULL;
    if (!frame || !PY_TRACING(PY_TRACE_GIL))
        return 0;
    const unsigned site = frame->pc ? probe_site(frame->pc) : TRACE_SITE_UNKNOWN;
    return TRACE_FRAME(probe_define_code(frame->code), site);
}

uint64_t probe_ticks(void)
{
    return trace_ticks();
}

void probe_gil_acquired(struct py_thread *thread, uint32_t previous_tid, uint64_t waited_since)
{
    thread->gil_acquired_at = trace_ticks();
    trace_gil_acquired((uint32_t)thread->tid, previous_tid, py_gil.seq, waited_since,
                       frame_word(thread));
}

void probe_gil_released(unsigned reason, uint64_t acquired_at)
{
    static const enum trace_gil_reason reasons[] = {
        [PY_GIL_BLOCKING] = TRACE_GIL_BLOCKING,
        [PY_GIL_INTERVAL] = TRACE_GIL_INTERVAL,
        [PY_GIL_FINISHED] = TRACE_GIL_FINISHED,
    };
    trace_gil_released(reasons[reason], py_gil.seq, acquired_at, frame_word(py_thread_current()));
}

void probe_gil_requested(struct py_thread *thread, uint32_t holder_tid)
{
    trace_gil_requested((uint32_t)thread->tid, holder_tid, py_gil.seq);
}

void probe_gil_waiting(struct py_thread *thread, uint32_t holder_tid)
{
    trace_gil_waiting((uint32_t)thread->tid, holder_tid, py_gil.seq);
}

void probe_thread_started(struct py_thread *thread, uint32_t parent_tid)
{
    trace_thread_started((uint32_t)thread->tid, thread->ident, parent_tid);
    trace_define_thread((uint32_t)thread->tid, thread->ident, thread->name ? thread->name : "");
}

void probe_thread_exited(struct py_thread *thread)
{
    trace_thread_exited((uint32_t)thread->tid, thread->ident);
}

void probe_thread_named(struct py_thread *thread)
{
    trace_define_thread((uint32_t)thread->tid, thread->ident, thread->name ? thread->name : "");
}
