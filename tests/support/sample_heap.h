/* A make-believe interpreter: objects that are only numbers, changed at random, every change
 * emitted.
 *
 * It stands in for the interpreter in the tests of the event stream: it holds the truth (what
 * lives, with which type, size, refcount and generation, and how many events of each kind were
 * emitted), so that a reader's account can be compared with it, object for object. The struct may
 * live in memory shared with a parent process, which then knows the truth even after a SIGKILL.
 *
 * Header-only, so that a test is one file.
 */
#ifndef BRILLE_TESTS_SUPPORT_SAMPLE_HEAP_H
#define BRILLE_TESTS_SUPPORT_SAMPLE_HEAP_H

#include "tracer/emit/emit.h"

#include <stdint.h>
#include <string.h>

enum {
    SAMPLE_OBJECTS = 4096,
    SAMPLE_TYPES = 40,
    SAMPLE_CODES = 20,
    SAMPLE_DEPTH = 50,
};

struct sample_object {
    uint32_t type;
    uint32_t refcount; /* 0: no object here */
    uint64_t size;
    int generation;
};

struct sample_heap {
    struct sample_object objects[SAMPLE_OBJECTS];
    uint64_t emitted[TRACE_EVENT_COUNT]; /* by event id */
    uint64_t frames[SAMPLE_DEPTH];
    uint32_t depth;
    uint32_t tid;
    uint64_t random;
    uint64_t steps;
    uint64_t gil_seq;
    uint64_t seq; /* trace_next_seq() after the last step */
    uint32_t classes;
    uint64_t changes;   /* requests honoured */
    uint32_t next_type; /* grows past 2^20 when `wide` */
    int wide;
    int stop; /* set by the parent */
};

static inline uintptr_t sample_address(uint32_t index)
{
    return 0x7f0000000000u + (uintptr_t)index * 80 / 16 * 16;
}

static inline uint32_t sample_random(struct sample_heap *heap, uint32_t bound)
{
    heap->random = heap->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(heap->random >> 33) % bound;
}

static inline bool sample_emits(struct sample_heap *heap, enum trace_event_kind kind,
                                uint32_t classes)
{
    bool on = trace_on(classes);
    heap->emitted[kind] += on;
    return on;
}

#define SAMPLE_EMIT(heap, kind, classes, call)                   \
    do {                                                         \
        if (sample_emits((heap), TRACE_EVENT_##kind, (classes))) \
            call;                                                \
    } while (0)

static inline void sample_define(void)
{
    static const struct trace_line lines[] = {{0, 10}, {4, 11}, {100, 20}};
    char name[32];
    for (uint32_t i = 1; i <= SAMPLE_TYPES; i++) {
        snprintf(name, sizeof(name), "type%u", i);
        trace_define_type(i, 0x1000 + i * 16, 16, 0, name, "sample");
    }
    for (uint32_t i = 1; i <= SAMPLE_CODES; i++) {
        snprintf(name, sizeof(name), "function%u", i);
        trace_define_code(i, 0x9000 + i * 16, 0, 9, name, name, "sample.py", lines, 3);
    }
}

static inline void sample_free(struct sample_heap *heap, uint32_t index)
{
    struct sample_object *object = &heap->objects[index];
    if (object->generation >= 0)
        SAMPLE_EMIT(heap, gc_untrack, TRACE_CLASS_ALLOC, trace_gc_untrack(sample_address(index)));
    SAMPLE_EMIT(heap, free, TRACE_CLASS_ALLOC, trace_free(sample_address(index), 7));
    *object = (struct sample_object){.generation = -1};
}

static inline void sample_alloc(struct sample_heap *heap, uint32_t index)
{
    struct sample_object *object = &heap->objects[index];
    uint32_t roll = sample_random(heap, 200);
    object->type = heap->wide && roll == 0 ? (1u << 20) + roll : 1 + roll % SAMPLE_TYPES;
    object->size = roll == 1 ? (5u << 20) + roll : 16 + roll;
    object->refcount = 1;
    object->generation = -1;
    SAMPLE_EMIT(heap, alloc, TRACE_CLASS_ALLOC,
                trace_alloc(sample_address(index), object->type, object->size, roll));
    if (roll % 2) {
        object->generation = 0;
        SAMPLE_EMIT(heap, gc_track, TRACE_CLASS_ALLOC, trace_gc_track(sample_address(index), 0));
    }
}

static inline void sample_touch(struct sample_heap *heap, uint32_t index)
{
    struct sample_object *object = &heap->objects[index];
    uint32_t roll = sample_random(heap, 100);
    if (roll < 60) {
        object->refcount++;
        SAMPLE_EMIT(heap, incref, TRACE_CLASS_REFCOUNT, trace_incref(sample_address(index), roll));
    } else if (roll < 96) {
        object->refcount--;
        SAMPLE_EMIT(heap, decref, TRACE_CLASS_REFCOUNT, trace_decref(sample_address(index), roll));
        if (object->refcount == 0)
            sample_free(heap, index);
    } else if (roll < 97) {
        object->size += 8;
        SAMPLE_EMIT(heap, resize, TRACE_CLASS_ALLOC,
                    trace_resize(sample_address(index), object->size, 3));
    } else if (roll < 98) {
        object->type = 1 + object->type % SAMPLE_TYPES;
        SAMPLE_EMIT(heap, retype, TRACE_CLASS_ALLOC,
                    trace_retype(sample_address(index), object->type, 3));
    } else {
        /* let a few die, so that the heap does not only grow */
        while (object->refcount > 0) {
            object->refcount--;
            SAMPLE_EMIT(heap, decref, TRACE_CLASS_REFCOUNT, trace_decref(sample_address(index), 5));
        }
        sample_free(heap, index);
    }
}

static inline void sample_collect(struct sample_heap *heap)
{
    int from = (int)sample_random(heap, 3), to = from < 2 ? from + 1 : 2;
    SAMPLE_EMIT(heap, gc_start, TRACE_CLASS_GC, trace_gc_start(from, 1));
    for (uint32_t i = 0; i < SAMPLE_OBJECTS; i++) {
        struct sample_object *object = &heap->objects[i];
        if (object->refcount && object->generation >= 0 && object->generation <= from)
            object->generation = to;
    }
    SAMPLE_EMIT(heap, gc_promote, TRACE_CLASS_GC | TRACE_CLASS_ALLOC, trace_gc_promote(from, to));
    SAMPLE_EMIT(heap, gc_done, TRACE_CLASS_GC, trace_gc_done(from, 1, 0, 100, 50));
}

static inline void sample_call(struct sample_heap *heap)
{
    uint32_t code = 1 + sample_random(heap, SAMPLE_CODES);
    if (heap->depth > 0 && (heap->depth == SAMPLE_DEPTH || sample_random(heap, 2))) {
        heap->depth--;
        SAMPLE_EMIT(heap, leave, TRACE_CLASS_REFCOUNT | TRACE_CLASS_ALLOC, trace_leave());
        return;
    }
    heap->frames[heap->depth++] = TRACE_FRAME(code, TRACE_SITE_UNKNOWN);
    SAMPLE_EMIT(heap, enter, TRACE_CLASS_REFCOUNT | TRACE_CLASS_ALLOC, trace_enter(code, 4));
}

static inline void sample_handoff(struct sample_heap *heap)
{
    SAMPLE_EMIT(heap, gil_release, TRACE_CLASS_GIL,
                trace_gil_released(TRACE_GIL_INTERVAL, heap->gil_seq, 0, 0));
    heap->gil_seq++;
    heap->emitted[TRACE_EVENT_gil_acquire] += trace_on(TRACE_CLASS_GIL);
    trace_gil_acquired(heap->tid, heap->tid, heap->gil_seq, 0, 0);
}

static inline void sample_baseline(struct sample_heap *heap)
{
    trace_baseline_begin(0);
    for (uint32_t i = 0; i < SAMPLE_OBJECTS; i++) {
        const struct sample_object *object = &heap->objects[i];
        if (object->refcount)
            trace_snapshot(sample_address(i), object->type, object->size, object->refcount,
                           object->generation);
    }
    trace_baseline_end();
}

/* What an interpreter does at a safepoint. */
static inline void sample_safepoint(struct sample_heap *heap)
{
    uint32_t bits = __atomic_load_n(&trace_control.eval_breaker, __ATOMIC_ACQUIRE);
    if (bits & EVAL_BREAK_PARK)
        trace_park();
    if (!(bits & EVAL_BREAK_TRACE))
        return;
    struct trace_change change;
    trace_poll_request(&change);
    if (change.new_ring)
        sample_define();
    if (change.want_stacks)
        trace_stack(heap->tid, heap->frames, heap->depth);
    if (change.want_baseline)
        sample_baseline(heap);
    heap->classes = change.new_classes;
    heap->changes += change.changed;
}

static inline void sample_step(struct sample_heap *heap)
{
    uint32_t index = sample_random(heap, SAMPLE_OBJECTS);
    uint32_t roll = sample_random(heap, 1000);
    if (trace_control.eval_breaker)
        sample_safepoint(heap);
    if (roll == 0)
        sample_collect(heap);
    else if (roll == 1)
        sample_handoff(heap);
    else if (roll < 50)
        sample_call(heap);
    else if (heap->objects[index].refcount)
        sample_touch(heap, index);
    else
        sample_alloc(heap, index);
    heap->steps++;
}

static inline void sample_init(struct sample_heap *heap, uint32_t tid, uint64_t seed)
{
    memset(heap, 0, sizeof(*heap));
    heap->tid = tid;
    heap->random = seed;
    for (uint32_t i = 0; i < SAMPLE_OBJECTS; i++)
        heap->objects[i].generation = -1;
}

static inline uint64_t sample_count(const struct sample_heap *heap)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < SAMPLE_OBJECTS; i++)
        count += heap->objects[i].refcount != 0;
    return count;
}

#endif
