/* Probes: how the interpreter tells the tracer what happens to its objects.
 *
 * This folder is the interpreter's only door to tracer/emit. Two headers: loop.h is what the
 * interpreter loop inlines, this one is for everything else. The functions are out of line and
 * called only when PY_TRACING says that somebody listens:
 *
 *     if (PY_TRACING(PY_TRACE_ALLOC))
 *         quiet_alloc(o, size_bytes);
 *
 * The hottest are called through quiet.h, which spares the caller's registers.
 *
 * py_trace_flags mirrors the classes of the control page and changes at safepoints only, at the
 * very point where the baseline is taken, so that the stream is exact from there on:
 *  - after alloc the count is 1; each later change of the stored count is one incref or decref;
 *  - free follows the decref to 0, or the collector;
 *  - immortal objects have no events.
 *
 * The site of an event is the instruction offset in the innermost Python frame.
 */
#ifndef BRILLE_VM_PROBE_PROBE_H
#define BRILLE_VM_PROBE_PROBE_H

#include <stddef.h>
#include <stdint.h>

#include "tracer/emit/emit.h"
#include "vm/object/object.h"

struct py_code;
struct py_thread;
struct py_type;

/* Stamped into new objects; each capture advances it. */
static inline uint32_t py_epoch(void)
{
    return __atomic_load_n(&trace_control.epoch, __ATOMIC_RELAXED);
}

static inline uint32_t py_eval_breaker(void)
{
    return __atomic_load_n(&trace_control.eval_breaker, __ATOMIC_RELAXED);
}

/* ---- life of the process --------------------------------------------------------------------- */

/* Before the first object: control page, and the ring that `brille run` handed over, if any. */
void probe_init(void);
/* -X trace=LIST: "all", or a comma list of alloc, refcount, gc, gil; starts the flight recorder. -1
 * and one line on stderr when the list is not understood. */
int probe_start(const char *list);
/* Clean exit: closes the ring. */
void probe_stop(void);
/* In a forked child, with the GIL held, before its first event. */
void probe_after_fork_child(void);

/* ---- safepoints -------------------------------------------------------------------------------
 */

/* Honours a request of an inspector: ring, classes, baseline. */
void probe_poll(struct py_thread *thread);
void probe_park(void);

/* ---- objects (test PY_TRACING first) ----------------------------------------------------------
 */

void probe_alloc(struct py_object *o, size_t size_bytes);
void probe_free(struct py_object *o);
/* The same for a caller that knows the site. */
void probe_alloc_at(struct py_object *o, size_t size_bytes, unsigned site);
void probe_free_at(struct py_object *o, unsigned site);
void probe_resize(struct py_object *o, size_t size_bytes);
/* o->type is the new type already. */
void probe_retype(struct py_object *o);
void probe_gc_track(struct py_object *o, int generation);
void probe_gc_untrack(struct py_object *o);

/* ---- collections ------------------------------------------------------------------------------
 */

void probe_gc_start(int generation, uint32_t reason);
void probe_gc_done(int generation, uint64_t collected, uint64_t uncollectable, uint64_t examined,
                   uint64_t promoted);
void probe_gc_promote(int from, int to);
void probe_gc_freeze(bool frozen);

/* ---- the lock and threads ---------------------------------------------------------------------
 */

uint64_t probe_ticks(void);
void probe_gil_acquired(struct py_thread *thread, uint32_t previous_tid, uint64_t waited_since);
void probe_gil_released(unsigned reason, uint64_t acquired_at); /* enum py_gil_release_reason */
void probe_gil_requested(struct py_thread *thread, uint32_t holder_tid);
void probe_gil_waiting(struct py_thread *thread, uint32_t holder_tid);
void probe_thread_started(struct py_thread *thread, uint32_t parent_tid);
void probe_thread_exited(struct py_thread *thread);
void probe_thread_named(struct py_thread *thread);

/* ---- definitions ------------------------------------------------------------------------------
 */

/* Id of a type or code object in the stream, defined if it is not yet. */
uint32_t probe_type_id(struct py_type *type);
uint32_t probe_define_code(struct py_code *code);

/* The introspection table; also keeps it in the executable. */
struct introspect;
extern const struct introspect py_introspect;

#endif
