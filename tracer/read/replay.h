/* Replay: from events back to a heap, and a check that the events do not contradict themselves.
 *
 * The rules are those of design section 9: after alloc the refcount is 1; every later change is one
 * incref or decref; free ends the object; gc_track and gc_untrack set its generation, gc_promote
 * moves all tracked members of generations <= from at once. Rebuilt so, the heap must equal what a
 * capture at the same seq found. It is what `T.trace@SEQ` reads.
 *
 * When the heap is known: from the first event if the trace began at the birth of the process, else
 * from the first baseline. After a gap it is uncertain until the next baseline, which is then
 * adopted. Any other baseline is compared object by object and never adopted. While uncertain,
 * contradictions are expected and not counted.
 */
#ifndef BRILLE_TRACER_READ_REPLAY_H
#define BRILLE_TRACER_READ_REPLAY_H

#include "tracer/read/event.h"
#include "tracer/read/shadow.h"

enum replay_phase {
    REPLAY_BLIND = 0,     /* nothing known yet: began late, waiting for a baseline */
    REPLAY_ADOPTING = 1,  /* inside the baseline that is being adopted */
    REPLAY_EXACT = 2,     /* the shadow is the heap */
    REPLAY_COMPARING = 3, /* inside a baseline that is being compared */
    REPLAY_UNCERTAIN = 4, /* events are missing */
};

enum replay_fault {
    REPLAY_ALLOC_OF_LIVE,   /* alloc at an address that holds an object */
    REPLAY_FREE_OF_UNKNOWN, /* free, where nothing is (a double free) */
    REPLAY_FREE_OF_COUNTED, /* free with references left, and no collection running */
    REPLAY_INCREF_OF_UNKNOWN,
    REPLAY_DECREF_OF_UNKNOWN,
    REPLAY_NEGATIVE,          /* decref below zero */
    REPLAY_CHANGE_OF_UNKNOWN, /* resize, retype, track, untrack */
    REPLAY_SNAPSHOT_DIFFERS,  /* a compared baseline has something else */
    REPLAY_SNAPSHOT_MISSES,   /* ... or lacks objects (counted at its end) */
    REPLAY_FAULT_COUNT,
};

struct replay {
    struct shadow shadow;
    enum replay_phase phase;
    uint32_t classes; /* switched on, by the last meta record */
    uint64_t seq;     /* of the last event fed */
    uint64_t events;
    uint64_t faults[REPLAY_FAULT_COUNT];
    struct trace_event first_fault_event;
    enum replay_fault first_fault;
    bool faulty;
    bool collecting; /* between gc_start and gc_done */
    bool unwatched;  /* a class was switched off: uncertain from the next event on */
    bool out_of_memory;
    uint64_t baseline_seen; /* objects of the present baseline */
    unsigned gaps;
};

void replay_init(struct replay *replay);
void replay_deinit(struct replay *replay);

void replay_feed(struct replay *replay, const struct trace_event *event);

/* Only trustworthy in phase REPLAY_EXACT (or COMPARING). Refcounts need class refcount, objects
 * alloc. */
bool replay_is_exact(const struct replay *replay);
uint64_t replay_fault_total(const struct replay *replay);
const char *replay_fault_name(enum replay_fault fault);

#endif
