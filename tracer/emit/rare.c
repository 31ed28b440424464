/* RARE: records of variable length with a clock reading and the hot and cold position.
 *
 * A record is at most one sub-buffer long, by the static bounds of ring_layout.h; one that does not
 * fit into what is left closes the sub-buffer early. The head word is stored last, so after a kill
 * the stream ends at the first record without a head.
 *
 * Everything here runs under the GIL. Functions that may be called with nothing switched on check
 * for a ring themselves: rare events are not worth a test at the caller.
 */
#include "tracer/emit/internal.h"

#include <assert.h>
#include <string.h>

void rare_emit(unsigned kind, unsigned aux, uint32_t tid, const uint64_t *payload, unsigned words)
{
    struct trace_writer *writer = &trace_writers[TRACE_RARE];
    unsigned units = (unsigned)(sizeof(struct trace_rare) + words * 8 + 15) / 16;
    assert(words <= TRACE_MAX_PAYLOAD_WORDS);
    /* Again and again: after a gap a fresh sub-buffer begins with a record of what is missing, and
     * a record as large as a sub-buffer does not fit behind that. */
    while (writer->limit - writer->p < (ptrdiff_t)units * 16)
        rare_refill();
    char *p = writer->p;
    struct trace_rare *record = (struct trace_rare *)p;
    memcpy(record + 1, payload, words * 8);
    if (words % 2)
        ((uint64_t *)(record + 1))[words] = 0;
    record->ticks = trace_ticks();
    record->hot = trace_writer_position(&trace_hot);
    record->cold = trace_writer_position(&trace_cold);
    shared_store(&record->head, TRACE_RARE_HEAD(kind, units, aux, tid));
    writer->p = p + units * 16;
    if (writer->p == writer->limit)
        rare_refill();
}

void rare_meta(enum trace_meta what, uint64_t old_value, uint64_t new_value, uint64_t value)
{
    uint64_t payload[4] = {what, old_value, new_value, value};
    if (ring_in_use)
        rare_emit(TRACE_EVENT_meta, 0, current_tid, payload, 4);
}

/* HOT and COLD do not name a thread in each event; these say whose events follow. */
void rare_thread_markers(uint32_t tid)
{
    uint32_t classes = trace_control.classes;
    current_tid = tid;
    if (!ring_in_use)
        return;
    if (classes & (TRACE_CLASS_REFCOUNT | TRACE_CLASS_ALLOC)) {
        char *p = trace_hot.p;
        *(volatile uint64_t *)p = (uint64_t)tid << 4 | TRACE_HOT_THREAD;
        trace_hot.p = p + 8;
        if (trace_hot.p == trace_hot.limit)
            trace_hot_refill();
    }
    if (classes & TRACE_CLASS_ALLOC)
        trace_cold_emit_long(TRACE_COLD_THREAD, (uint64_t)tid << 4, 0, 0, 0);
}

#ifndef BRILLE_NO_TRACE

static uint64_t snapshot_batch[TRACE_SNAPSHOT_BATCH * TRACE_SNAPSHOT_WORDS];
static unsigned snapshot_count;
static uint64_t snapshot_total;

static bool rare_on(uint32_t classes)
{
    return ring_in_use && (trace_control.classes & classes);
}

void trace_meta(enum trace_meta what, uint64_t old_value, uint64_t new_value, uint64_t value)
{
    rare_meta(what, old_value, new_value, value);
}

void trace_gc_start(int generation, uint32_t reason)
{
    uint64_t payload[2] = {(uint64_t)generation, reason};
    if (rare_on(TRACE_CLASS_GC))
        rare_emit(TRACE_EVENT_gc_start, 0, current_tid, payload, 2);
}

void trace_gc_done(int generation, uint64_t collected, uint64_t uncollectable, uint64_t examined,
                   uint64_t promoted)
{
    uint64_t payload[6] = {(uint64_t)generation, collected, uncollectable, examined, promoted, 0};
    if (rare_on(TRACE_CLASS_GC))
        rare_emit(TRACE_EVENT_gc_done, 0, current_tid, payload, 6);
}

void trace_gc_promote(int from, int to)
{
    uint64_t payload[2] = {(uint64_t)from, (uint64_t)to};
    if (rare_on(TRACE_CLASS_GC | TRACE_CLASS_ALLOC))
        rare_emit(TRACE_EVENT_gc_promote, 0, current_tid, payload, 2);
}

void trace_gc_freeze(bool frozen)
{
    uint64_t payload[2] = {frozen, 0};
    if (rare_on(TRACE_CLASS_GC | TRACE_CLASS_ALLOC))
        rare_emit(TRACE_EVENT_gc_freeze, 0, current_tid, payload, 2);
}

void trace_thread_running(uint32_t tid)
{
    rare_thread_markers(tid);
}

void trace_gil_acquired(uint32_t tid, uint32_t previous_tid, uint64_t gil_seq,
                        uint64_t waited_since, uint64_t frame)
{
    uint64_t payload[4] = {gil_seq, previous_tid, waited_since, frame};
    if (tid != current_tid)
        rare_thread_markers(tid);
    if (rare_on(TRACE_CLASS_GIL))
        rare_emit(TRACE_EVENT_gil_acquire, 0, tid, payload, 4);
}

void trace_gil_released(enum trace_gil_reason reason, uint64_t gil_seq, uint64_t acquired_at,
                        uint64_t frame)
{
    uint64_t payload[4] = {gil_seq, reason, acquired_at, frame};
    if (rare_on(TRACE_CLASS_GIL))
        rare_emit(TRACE_EVENT_gil_release, 0, current_tid, payload, 4);
}

void trace_thread_started(uint32_t tid, uint64_t ident, uint32_t parent_tid)
{
    uint64_t payload[2] = {ident, parent_tid};
    if (rare_on(TRACE_CLASS_ANY))
        rare_emit(TRACE_EVENT_thread_start, 0, tid, payload, 2);
}

void trace_stack(uint32_t tid, const uint64_t *frames, size_t depth)
{
    uint64_t payload[TRACE_MAX_PAYLOAD_WORDS];
    size_t done = 0;
    if (!ring_in_use)
        return;
    if (depth > UINT32_MAX)
        depth = UINT32_MAX;
    do {
        size_t part = depth - done < TRACE_STACK_BATCH ? depth - done : TRACE_STACK_BATCH;
        payload[0] = tid | (uint64_t)depth << 32;
        payload[1] = done;
        memcpy(payload + TRACE_STACK_HEAD_WORDS, frames + done, part * 8);
        rare_emit(TRACE_EVENT_stack, (unsigned)part, current_tid, payload,
                  TRACE_STACK_HEAD_WORDS + (unsigned)part);
        done += part;
    } while (done < depth);
}

void trace_baseline_begin(uint64_t objects)
{
    snapshot_count = 0;
    snapshot_total = 0;
    rare_meta(TRACE_META_BASELINE_BEGIN, 0, 0, objects);
}

static void snapshot_flush(void)
{
    if (snapshot_count && ring_in_use)
        rare_emit(TRACE_EVENT_snapshot, snapshot_count, current_tid, snapshot_batch,
                  snapshot_count * TRACE_SNAPSHOT_WORDS);
    snapshot_count = 0;
}

void trace_snapshot(uintptr_t address, uint32_t type, uint64_t size, uint32_t refcount,
                    int generation)
{
    uint64_t *words = snapshot_batch + snapshot_count * TRACE_SNAPSHOT_WORDS;
    unsigned tag = generation < 0 ? TRACE_GENERATION_UNTRACKED : (unsigned)generation & 15;
    words[0] = (uint64_t)address | tag;
    words[1] = type | (uint64_t)refcount << 32;
    words[2] = size;
    snapshot_total++;
    if (++snapshot_count == TRACE_SNAPSHOT_BATCH)
        snapshot_flush();
}

void trace_baseline_end(void)
{
    snapshot_flush();
    rare_meta(TRACE_META_BASELINE_END, 0, 0, snapshot_total);
}

#endif
