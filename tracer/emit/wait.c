/* WAIT: what threads say that do not hold the GIL.
 *
 * They cannot use RARE, which has one producer: the holder. Each takes one of 64 small rings in the
 * same file, writes there alone, and names the handoff it waits for (gil_seq), which is what puts
 * its records in order among the holder's. A shared queue would be smaller, but a thread killed
 * between reserving and writing would leave a hole in it; a ring of one's own cannot have one.
 *
 * The map may be taken away by the holder while a waiter writes. So a waiter counts itself in and
 * out, and the holder, having cleared the pointer, waits a little for the count to reach zero;
 * if it does not, the map simply stays. This is the only part of emitting that runs without the
 * GIL.
 */
#include "tracer/emit/internal.h"

#include <sched.h>

static char *region;     /* of the ring in use, or NULL */
static uint32_t users;   /* threads between enter and leave below */
static uint32_t version; /* of `region`: a slot number from an older one is void */
static uint64_t *refused;

void waits_begin(struct ring_use *use)
{
    refused = &use->state->waits_refused;
    __atomic_add_fetch(&version, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&region, use->map + use->header.waits.offset, __ATOMIC_SEQ_CST);
}

bool waits_end(void)
{
    __atomic_store_n(&region, NULL, __ATOMIC_SEQ_CST);
    for (int i = 0; i < 1000; i++) {
        if (__atomic_load_n(&users, __ATOMIC_SEQ_CST) == 0)
            return true;
        sched_yield();
    }
    return false;
}

void waits_after_fork(void)
{
    region = NULL;
    users = 0;
    version++;
}

#ifndef BRILLE_NO_TRACE

static __thread int own_slot = -1;
static __thread uint32_t own_version;

static struct ring_wait_slot *slot_at(char *base, int i)
{
    return (struct ring_wait_slot *)(base + (size_t)i * RING_WAIT_SLOT_BYTES);
}

/* A free slot, or one whose owner has ended; -1 when 64 threads live. */
static int slot_claim(char *base, uint32_t tid)
{
    for (int i = 0; i < RING_WAIT_SLOTS; i++) {
        uint32_t nobody = 0;
        if (__atomic_compare_exchange_n(&slot_at(base, i)->tid, &nobody, tid, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            return i;
    }
    for (int i = 0; i < RING_WAIT_SLOTS; i++) {
        uint32_t ended = 1;
        if (__atomic_compare_exchange_n(&slot_at(base, i)->retired, &ended, 0, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            shared_store(&slot_at(base, i)->tid, tid);
            return i;
        }
    }
    return -1;
}

static void slot_write(struct ring_wait_slot *slot, unsigned kind, uint32_t tid, uint32_t holder,
                       uint64_t gil_seq)
{
    uint64_t index = slot->written;
    struct ring_wait *record = (struct ring_wait *)(slot + 1) + index % RING_WAIT_RECORDS;
    __atomic_exchange_n(&record->head, 0, __ATOMIC_SEQ_CST); /* before the rest of it changes */
    record->ticks = trace_ticks();
    record->gil_seq = gil_seq;
    record->holder = holder;
    shared_store(&record->head, kind | ((index + 1) & 0xffffff) << 8 | (uint64_t)tid << 32);
    shared_store(&slot->written, index + 1);
}

static void wait_emit(unsigned kind, uint32_t tid, uint32_t holder, uint64_t gil_seq)
{
    if (!(shared_load(&trace_control.classes) & TRACE_CLASS_GIL))
        return;
    __atomic_add_fetch(&users, 1, __ATOMIC_SEQ_CST);
    char *base = __atomic_load_n(&region, __ATOMIC_SEQ_CST);
    if (base) {
        uint32_t now = __atomic_load_n(&version, __ATOMIC_RELAXED);
        if (own_version != now || own_slot < 0) {
            own_slot = slot_claim(base, tid);
            own_version = now;
        }
        if (own_slot >= 0)
            slot_write(slot_at(base, own_slot), kind, tid, holder, gil_seq);
        else
            __atomic_add_fetch(refused, 1, __ATOMIC_RELAXED);
    }
    __atomic_sub_fetch(&users, 1, __ATOMIC_SEQ_CST);
}

void trace_gil_requested(uint32_t tid, uint32_t holder_tid, uint64_t gil_seq)
{
    wait_emit(TRACE_EVENT_gil_request, tid, holder_tid, gil_seq);
}

void trace_gil_waiting(uint32_t tid, uint32_t holder_tid, uint64_t gil_seq)
{
    wait_emit(TRACE_EVENT_gil_wait, tid, holder_tid, gil_seq);
}

/* Under the GIL, by the ending thread: its slot may go to another one. */
void trace_thread_exited(uint32_t tid, uint64_t ident)
{
    uint64_t payload[2] = {ident, 0};
    if (!ring_in_use)
        return;
    if (trace_control.classes & TRACE_CLASS_ANY)
        rare_emit(TRACE_EVENT_thread_exit, 0, tid, payload, 2);
    if (own_slot >= 0 && own_version == version && region)
        shared_store(&slot_at(region, own_slot)->retired, 1);
    own_slot = -1;
}

#endif
