/* Switching the tracer on and off, and telling it what there is when it comes late.
 *
 * A request of an inspector is honoured at one safepoint, in one go: the classes change, the flags
 * that C code tests follow, the loop's mode is selected, definitions are made if the ring is new,
 * then the baseline says for every mortal object what its address, type, size, count and
 * generation are, and for every thread what its stack is. Nothing runs in between, so the events
 * that follow are relative to exactly this state.
 *
 * Generations are not stored in objects; the baseline walks the collector's lists for the
 * tracked ones and the heap for the rest. Members of the lists that are in use while a collection
 * runs count as members of the generation that its survivors went to (see gc.c).
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/code.h"
#include "vm/probe/define.h"
#include "vm/probe/filter.h"
#include "vm/probe/loop.h"
#include "vm/probe/probe.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/thread.h"

static void set_flags(uint32_t classes)
{
    uint32_t flags = 0;
#ifndef BRILLE_NO_TRACE
    if (classes & TRACE_CLASS_ALLOC)
        flags |= PY_TRACE_ALLOC;
    if (classes & TRACE_CLASS_REFCOUNT)
        flags |= PY_TRACE_REFCOUNT;
    if (classes & TRACE_CLASS_GC)
        flags |= PY_TRACE_GC;
    if (classes & TRACE_CLASS_GIL)
        flags |= PY_TRACE_GIL;
#else
    (void)classes;
#endif
    __atomic_store_n(&py_trace_flags, flags, __ATOMIC_RELAXED);
    py_eval_select_mode();
}

/* ---- the baseline ------------------------------------------------------------------------------
 */

static int count_mortal(struct py_object *o, void *arg)
{
    *(uint64_t *)arg += !py_is_immortal(o) && probe_passes(o);
    return 0;
}

static void snapshot(struct py_object *o, int generation)
{
    const uint32_t type = probe_type_id(o->type);
    if (!probe_passes(o))
        return;
    trace_snapshot((uintptr_t)o, type, py_object_size(o), o->refcnt, generation);
    (void)type, (void)generation;
}

static void snapshot_list(const struct py_gc_head *list, int generation)
{
    for (const struct py_gc_head *g = list->next; g != list; g = g->next)
        snapshot(py_gc_object_of(g), generation);
}

static int snapshot_untracked(struct py_object *o, void *arg)
{
    (void)arg;
    if (!py_is_immortal(o) && !py_gc_is_tracked(o))
        snapshot(o, TRACE_GENERATION_UNTRACKED);
    return 0;
}

/* Objects whose deallocation was put off use their gc link as the link of that queue. */
static void snapshot_dying(const struct py_thread *thread)
{
    for (struct py_object *o = thread->dealloc_later; o;
         o = (struct py_object *)py_gc_head_of(o)->next)
        if (py_gc_head_of(o)->next)
            snapshot(o, TRACE_GENERATION_UNTRACKED);
}

static void emit_stack(const struct py_thread *thread)
{
    size_t depth = 0;
    for (const struct py_frame *f = thread->frame; f; f = f->prev)
        depth++;
    uint64_t *frames = malloc((depth + 1) * sizeof *frames);
    if (!frames)
        return;
    size_t i = depth;
    for (const struct py_frame *f = thread->frame; f; f = f->prev) {
        const unsigned site = f->pc ? probe_site(f->pc) : TRACE_SITE_UNKNOWN;
        frames[--i] = TRACE_FRAME(probe_define_code(f->code), site);
    }
    trace_stack((uint32_t)thread->tid, frames, depth);
    free(frames);
}

static void emit_stacks(void)
{
    for (const struct py_thread *t = py_runtime.threads; t; t = t->next)
        emit_stack(t);
}

static void emit_baseline(void)
{
    uint64_t objects = 0;
    py_heap_each_object(count_mortal, &objects);
    trace_baseline_begin(objects);
    for (int i = 0; i < PY_GENERATIONS; i++)
        snapshot_list(&py_gc.generations[i].head, i);
    snapshot_list(&py_gc.permanent, TRACE_GENERATION_PERMANENT);
    const int to = py_gc.collecting_generation < 2 ? py_gc.collecting_generation + 1 : 2;
    snapshot_list(&py_gc.young, to);
    snapshot_list(&py_gc.unreachable, to);
    snapshot_list(&py_gc.finalizers, to);
    for (const struct py_thread *t = py_runtime.threads; t; t = t->next)
        snapshot_dying(t);
    py_heap_each_object(snapshot_untracked, NULL);
    trace_baseline_end();
}

void probe_poll(struct py_thread *thread)
{
    struct trace_change change;
    trace_poll_request(&change);
    if (change.new_filter)
        probe_filter_apply();
    if (change.changed)
        set_flags(change.new_classes);
    if (change.new_ring)
        probe_define_all();
    /* Of a file's events, and of samples, nothing is known about what there was before. */
    if (change.want_baseline && !probe_filter.sampling && !probe_filter.code_flag) {
        trace_thread_running((uint32_t)thread->tid);
        emit_baseline();
    }
    if (change.want_baseline || change.want_stacks)
        emit_stacks();
}

void probe_park(void)
{
    trace_park();
}

/* ---- life of the process ------------------------------------------------------------------------
 */

/* Asked at each refill: which thread runs, in which code, how deep. */
static void tell_context(struct trace_context *context)
{
    const struct py_thread *thread = py_thread_current();
    if (!thread)
        return;
    context->tid = (uint32_t)thread->tid;
    const struct py_frame *frame = thread->frame;
    context->code = frame ? frame->code->trace_id : 0;
    uint32_t depth = 0;
    for (; frame; frame = frame->prev)
        depth++;
    context->depth = depth;
}

/* 0: not understood. */
static uint32_t parse_classes(const char *list)
{
    static const struct {
        const char *name;
        uint32_t bits;
    } names[] = {{"all", TRACE_CLASS_KNOWN},
                 {"alloc", TRACE_CLASS_ALLOC},
                 {"refcount", TRACE_CLASS_REFCOUNT},
                 {"gc", TRACE_CLASS_GC},
                 {"gil", TRACE_CLASS_GIL}};
    uint32_t classes = 0;
    while (*list) {
        const size_t n = strcspn(list, ",");
        uint32_t bits = 0;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            if (strlen(names[i].name) == n && strncmp(names[i].name, list, n) == 0)
                bits = names[i].bits;
        if (!bits)
            return 0;
        classes |= bits;
        list += n + (list[n] == ',');
    }
    return classes;
}

/* fork(), by whatever C code: the child is a process of its own with one thread. The emitter's own
 * handler has run before and given it a control page without a ring. A capture's copy is made by a
 * bare clone and never comes here. */
static void fork_child(void)
{
    if (py_thread_current())
        py_thread_after_fork_child();
    probe_filter_apply();
    set_flags(trace_control.classes);
}

void probe_init(void)
{
    /* A reference, so that the linker takes the table's file out of the library. */
    __asm__ volatile("" ::"r"(&py_introspect));
    trace_init();
    probe_filter_apply();
    pthread_atfork(NULL, NULL, fork_child);
    trace_set_context_hook(tell_context);
    set_flags(trace_control.classes);
}

int probe_start(const char *list)
{
    const uint32_t classes = parse_classes(list);
    if (!classes) {
        fprintf(stderr, "brille-python: -X trace=%s: want all, or some of alloc,refcount,gc,gil\n",
                list);
        return -1;
    }
    if (trace_has_ring())
        return 0; /* whoever handed a ring over has chosen */
    const struct trace_sizes sizes = trace_default_sizes();
    char message[256] = "";
    trace_start(classes, TRACE_POLICY_OVERWRITE, &sizes, message, sizeof message);
    if (message[0])
        fprintf(stderr, "brille-python: %s\n", message);
    set_flags(trace_control.classes);
    return 0;
}

void probe_stop(void)
{
    trace_stop();
    set_flags(0);
}

void probe_after_fork_child(void)
{
    trace_after_fork_child();
    set_flags(trace_control.classes);
}
