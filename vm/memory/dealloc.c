/* Deallocation: what happens when a count reaches zero.
 *
 *   py_decref -> 0 -> py_dealloc -> finalizer (__del__), may resurrect
 *                                -> the type's dealloc slot, or the generic one
 *                                     -> untrack, clear weakrefs, drop references, free the block
 *
 * Dropping references can free more objects, so a long chain would exhaust the C stack. At depth
 * MAX_DEPTH a container is put off: it is linked through its (unused) gc link into
 * thread->dealloc_later and freed when the outermost deallocation returns. Objects without a gc
 * link cannot form chains of their own and are never put off.
 *
 * A finalizer runs once in an object's life; the bit that says so lives in the gc link and
 * survives untracking. While it runs the object is alive again with a count of 1: an incref for the
 * tracer, and the decref back to 0 if nobody kept it.
 *
 * A dying object may still be found through a weak reference until those are cleared, so
 * py_weakref_get answers "dead" for a count of 0.
 */
#include "vm/memory/dealloc.h"

#include "vm/memory/gc.h"
#include "vm/memory/gc_internal.h"
#include "vm/memory/heap.h"
#include "vm/memory/heap_inline.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/thread.h"

#define MAX_DEPTH 50

bool py_object_is_finalized(const struct py_object *o)
{
    return py_is_gc(o) && ((uintptr_t)py_gc_head_of(o)->prev & GC_FINALIZED) != 0;
}

void py_object_finalize(struct py_object *o)
{
    struct py_type *type = o->type;
    if (!type->finalize || py_object_is_finalized(o))
        return;
    struct py_object *pending = py_error_fetch();
    PY_HOLD(&pending);
    type->finalize(o);
    if (py_error_occurred())
        py_error_unraisable(o, NULL);
    if (py_is_gc(o)) {
        struct py_gc_head *g = py_gc_head_of(o);
        g->prev = (struct py_gc_head *)((uintptr_t)g->prev | GC_FINALIZED);
    }
    struct py_object *restored = pending;
    pending = NULL;
    py_error_restore(restored);
}

bool py_object_finalize_from_dealloc(struct py_object *o)
{
    if (!o->type->finalize || py_object_is_finalized(o))
        return false;
    o->refcnt = 1;
    if (PY_TRACING(PY_TRACE_REFCOUNT))
        quiet_incref(o);
    PY_HOLD(&o); /* the count that keeps it while __del__ runs */
    py_object_finalize(o);
    const uint32_t n = --o->refcnt;
    if (PY_TRACING(PY_TRACE_REFCOUNT))
        quiet_decref(o);
    return n != 0;
}

static void dealloc_generic(struct py_object *o)
{
    const struct py_type *type = o->type;
    const uint32_t simple = PY_TYPE_GC | PY_TYPE_MANAGED_DICT | PY_TYPE_HEAP;
    if ((type->flags & simple) || type->field_count || type->weaklist_offset ||
        type->body != PY_BODY_NONE)
        py_object_release_common(o);
    py_object_free(o);
}

static inline void dealloc_now(struct py_object *o)
{
    const struct py_type *type = o->type;
    if ((type->flags & PY_TYPE_FINALIZER) && py_object_finalize_from_dealloc(o))
        return;
    if (type->dealloc)
        type->dealloc(o);
    else
        dealloc_generic(o);
}

static void put_off(struct py_thread *thread, struct py_object *o)
{
    py_gc_untrack(o);
    py_gc_head_of(o)->next = (struct py_gc_head *)thread->dealloc_later;
    thread->dealloc_later = o;
}

static void free_later_ones(struct py_thread *thread)
{
    while (thread->dealloc_later) {
        struct py_object *o = thread->dealloc_later;
        struct py_gc_head *g = py_gc_head_of(o);
        thread->dealloc_later = (struct py_object *)g->next;
        g->next = NULL;
        /* A finalizer must find its object as it was, and a resurrected one stays tracked. */
        if ((o->type->flags & PY_TYPE_FINALIZER) && !py_object_is_finalized(o))
            py_gc_track(o);
        thread->dealloc_depth++;
        dealloc_now(o);
        thread->dealloc_depth--;
    }
}

void py_dealloc(struct py_object *o)
{
    if (!(o->type->flags & PY_TYPE_GC)) {
        dealloc_now(o);
        return;
    }
    struct py_thread *thread = py_thread_current();
    if (thread->dealloc_depth >= MAX_DEPTH) {
        put_off(thread, o);
        return;
    }
    thread->dealloc_depth++;
    dealloc_now(o);
    if (--thread->dealloc_depth == 0 && __builtin_expect(thread->dealloc_later != NULL, 0))
        free_later_ones(thread);
}
