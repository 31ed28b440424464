/* The C API for other interpreters (tracer/brille_tracer.h): the emitter under names that can be
 * installed, and what the interpreter of this project does at a safepoint done for them.
 *
 * It adds nothing to the stream. The header says once more what the ABI says in other words (the
 * begin of the control page, of a writer, the bits of a hot word); the assertions here hold the two
 * together.
 */
#include "tracer/brille_tracer.h"

#include "tracer/emit/emit.h"

#ifdef BRILLE_NO_TRACE /* where the functions below have nothing to pass on */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#endif

_Static_assert(offsetof(struct brille_tracer_page, wanted) ==
                       offsetof(struct trace_control, eval_breaker) &&
                   offsetof(struct brille_tracer_page, classes) ==
                       offsetof(struct trace_control, classes),
               "the control page begins as the public header says");
_Static_assert(offsetof(struct brille_tracer_writer, p) == offsetof(struct trace_writer, p) &&
                   offsetof(struct brille_tracer_writer, limit) ==
                       offsetof(struct trace_writer, limit) &&
                   TRACE_HOT == 0,
               "a writer begins as the public header says, and the first is the hot one");
_Static_assert(TRACE_HOT_INCREF == 1 && TRACE_HOT_DECREF == 2 && TRACE_HOT_ENTER == 3 &&
                   TRACE_HOT_LEAVE == 4 && TRACE_SITE_SHIFT == 48 &&
                   TRACE_SITE_UNKNOWN == BRILLE_TRACER_NO_SITE,
               "hot words are as the public header makes them");
_Static_assert((int)BRILLE_TRACER_ALLOC == (int)TRACE_CLASS_ALLOC &&
                   (int)BRILLE_TRACER_REFCOUNT == (int)TRACE_CLASS_REFCOUNT &&
                   (int)BRILLE_TRACER_GC == (int)TRACE_CLASS_GC &&
                   (int)BRILLE_TRACER_GIL == (int)TRACE_CLASS_GIL &&
                   (int)BRILLE_TRACER_BLOCKING == (int)TRACE_GIL_BLOCKING &&
                   (int)BRILLE_TRACER_INTERVAL == (int)TRACE_GIL_INTERVAL &&
                   (int)BRILLE_TRACER_FINISHED == (int)TRACE_GIL_FINISHED,
               "names mean the same here and there");
_Static_assert(sizeof(struct brille_tracer_line) == sizeof(struct trace_line), "line entries");

static struct brille_tracer_callbacks callbacks;

static void call(void (*function)(void *context))
{
    if (function)
        function(callbacks.context);
}

static void tell_where(struct trace_context *context)
{
    callbacks.where(callbacks.context, &context->tid, &context->code, &context->depth);
}

bool brille_tracer_init(const struct brille_tracer_callbacks *given)
{
    callbacks = *given;
    if (callbacks.where)
        trace_set_context_hook(tell_where);
    if (!trace_init())
        return false;
    if (trace_has_ring()) /* handed over by `brille run` */
        call(callbacks.define);
    return true;
}

bool brille_tracer_start(unsigned classes)
{
    char message[200];
    if (!trace_start(classes, TRACE_POLICY_OVERWRITE, NULL, message, sizeof(message)))
        return false;
    call(callbacks.define);
    return true;
}

void brille_tracer_stop(void)
{
    trace_stop();
}

static void answer(void)
{
    struct trace_change change;
    trace_poll_request(&change);
    if (change.new_ring)
        call(callbacks.define);
    if (change.want_stacks)
        call(callbacks.stacks);
    if (change.want_baseline) {
        trace_baseline_begin(0);
        call(callbacks.baseline);
        trace_baseline_end();
    }
}

void brille_tracer_safepoint(void)
{
    const uint32_t bits = __atomic_load_n(&trace_control.eval_breaker, __ATOMIC_ACQUIRE);
    if (bits & EVAL_BREAK_PARK)
        trace_park();
    if (bits & EVAL_BREAK_TRACE)
        answer();
    /* The other bits are this project's interpreter's own: here nobody sets them. */
    __atomic_fetch_and(&trace_control.eval_breaker, (uint32_t)(EVAL_BREAK_PARK | EVAL_BREAK_TRACE),
                       __ATOMIC_ACQ_REL);
}

/* ---- definitions ------------------------------------------------------------------------------
 */

void brille_tracer_define_type(uint32_t type, const char *name, const char *module)
{
    trace_define_type(type, 0, 0, 0, name, module);
}

void brille_tracer_define_code(uint32_t code, const char *name, const char *file,
                               const struct brille_tracer_line *lines, size_t count)
{
    trace_define_code(code, 0, 0, count ? lines[0].line : 0, name, name, file,
                      (const struct trace_line *)lines, count);
}

void brille_tracer_define_thread(uint32_t tid, const char *name)
{
    trace_define_thread(tid, tid, name);
}

/* ---- objects ----------------------------------------------------------------------------------
 */

void brille_tracer_alloc(const void *object, uint32_t type, size_t size, unsigned site)
{
    trace_alloc((uintptr_t)object, type, size, site);
}

void brille_tracer_free(const void *object, unsigned site)
{
    trace_free((uintptr_t)object, site);
}

void brille_tracer_resize(const void *object, size_t size, unsigned site)
{
    trace_resize((uintptr_t)object, size, site);
}

void brille_tracer_retype(const void *object, uint32_t type, unsigned site)
{
    trace_retype((uintptr_t)object, type, site);
}

void brille_tracer_track(const void *object, int generation)
{
    trace_gc_track((uintptr_t)object, generation);
}

void brille_tracer_untrack(const void *object)
{
    trace_gc_untrack((uintptr_t)object);
}

void brille_tracer_snapshot(const void *object, uint32_t type, size_t size, uint32_t count,
                            int generation)
{
    trace_snapshot((uintptr_t)object, type, size, count, generation);
}

/* ---- threads ----------------------------------------------------------------------------------
 */

void brille_tracer_stack(uint32_t tid, const uint64_t *frames, size_t depth)
{
    trace_stack(tid, frames, depth);
}

void brille_tracer_thread_started(uint32_t tid, uint32_t parent)
{
    trace_thread_started(tid, tid, parent);
}

void brille_tracer_thread_exited(uint32_t tid)
{
    trace_thread_exited(tid, tid);
}

void brille_tracer_thread_running(uint32_t tid)
{
    trace_thread_running(tid);
}

uint64_t brille_tracer_ticks(void)
{
    return trace_ticks();
}

void brille_tracer_gil_acquired(uint32_t tid, uint32_t previous, uint64_t number, uint64_t since,
                                uint64_t frame)
{
    trace_gil_acquired(tid, previous, number, since, frame);
}

void brille_tracer_gil_released(int reason, uint64_t number, uint64_t acquired_at, uint64_t frame)
{
    trace_gil_released((enum trace_gil_reason)reason, number, acquired_at, frame);
}

void brille_tracer_gil_waiting(uint32_t tid, uint32_t holder, uint64_t number)
{
    trace_gil_waiting(tid, holder, number);
}

void brille_tracer_gil_requested(uint32_t tid, uint32_t holder, uint64_t number)
{
    trace_gil_requested(tid, holder, number);
}

/* ---- collections ------------------------------------------------------------------------------
 */

void brille_tracer_gc_start(int generation)
{
    trace_gc_start(generation, 0);
}

void brille_tracer_gc_promote(int from, int to)
{
    trace_gc_promote(from, to);
}

void brille_tracer_gc_done(int generation, uint64_t collected, uint64_t examined)
{
    trace_gc_done(generation, collected, 0, examined, 0);
}
