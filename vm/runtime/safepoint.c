/* The safepoint: everything that may happen between two instructions.
 *
 * The loop tests the eval-breaker word (one load) at back-edges, when it enters a function and
 * when a call of C code returns (which may have slept); when any bit is set it comes here. The
 * order matters:
 *
 *   park      an inspector wants to look: nothing may have moved since frame->pc was stored
 *   trace     classes switched, baseline emitted: before anything below changes a count
 *   signals   may raise
 *   async     an exception another thread sent to this one
 *   gc        a collection, which may run finalizers and callbacks
 *   gil       let another thread run
 *
 * In checked builds the loop comes here at every back-edge and call, and a check of the whole heap
 * runs now and then, because this is where the interpreter promises that every count is explained:
 * every CHECK_EVERY times in a small heap, less often in a large one, so that checking costs a
 * bounded multiple of running.
 */
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/probe/probe.h"
#include "vm/runtime/error.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/signals.h"
#include "vm/runtime/thread.h"

#define CHECK_EVERY 997

#ifdef BRILLE_CHECKED
static void check_now_and_then(void)
{
    static uint64_t turns_left = CHECK_EVERY;
    if (--turns_left)
        return;
    turns_left = CHECK_EVERY + py_heap_allocated_blocks() / 4;
    py_heap_check();
    py_gc_check_lists();
    py_gc_check_explained("a safepoint");
}
#endif

static int raise_async(struct py_thread *thread)
{
    struct py_object *e = thread->async_exc;
    if (!e)
        return 0;
    thread->async_exc = NULL;
    py_raise_instance(e);
    py_decref(e);
    return -1;
}

int py_safepoint(struct py_thread *thread)
{
    const uint32_t bits = py_eval_breaker();
#ifdef BRILLE_CHECKED
    check_now_and_then();
#endif
    if (bits & EVAL_BREAK_PARK)
        probe_park();
    if ((bits & EVAL_BREAK_TRACE) && py_eval_can_switch())
        probe_poll(thread);
    if (bits & EVAL_BREAK_SIGNAL) {
        py_eval_break_clear(EVAL_BREAK_SIGNAL);
        if (py_signals_run() < 0)
            return -1;
    }
    if (bits & EVAL_BREAK_ASYNC) {
        py_eval_break_clear(EVAL_BREAK_ASYNC);
        if (raise_async(thread) < 0)
            return -1;
    }
    if (bits & EVAL_BREAK_GC) {
        py_eval_break_clear(EVAL_BREAK_GC);
        py_gc_run_pending();
    }
    if (bits & EVAL_BREAK_GIL_DROP)
        py_gil_yield(thread);
    return 0;
}
