// Who holds the GIL and who waits for it, from one moment to the next: made of events, read out at
// every tick of a live view.
//
// Unlike trace/gil.h, which tells of one window from its beginning to its end, this goes on for
// ever: a tick takes what has been counted since the last one, and holds and waits that are still
// going on are counted up to the tick and go on. Between two events nothing changes, so all there
// is to do is to hand out the time between them:
//
//     to the holder                       held_ns
//     to each thread that waits           wait_ns, and behind whom
//
//     sum of held_ns <= time of the tick; a thread's behind <= its wait_ns
//
// Where nobody has said yet who holds it (a thread that never lets go makes no event), the first
// guess comes from outside: handoffs_guess.
#ifndef BRILLE_INSPECTOR_TOP_HANDOFFS_H
#define BRILLE_INSPECTOR_TOP_HANDOFFS_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "tracer/read/event.h"
#include <stdbool.h>
#include <stdint.h>

enum { HANDOFFS_THREADS = 1024, HANDOFFS_BEHIND = 4 };

struct handoffs_behind {
    uint32_t tid; // 0: the entry is free
    uint64_t wait_ns;
};

struct handoffs_thread {
    uint32_t tid;
    bool waits;
    uint64_t waits_since_ns;
    uint64_t held_ns, wait_ns, longest_ns; // since the last tick; the longest wait that ended in it
    struct handoffs_behind behind[HANDOFFS_BEHIND]; // the same; the least makes room
    uint32_t code, site;                            // where it last took or let go of it
};
VEC_DEFINE(handoffs_thread_vec, struct handoffs_thread);

struct handoffs {
    struct handoffs_thread_vec threads;
    uint32_t holder, last_holder; // tid, 0 for nobody
    bool known;                   // an event has said who
    uint64_t now_ns;              // up to where time has been handed out
    uint64_t tick_ns;             // how much of it since the last tick
    bool begun;
    uint64_t count, longest_ns; // since the last tick: handoffs; the longest wait
};

void handoffs_init(struct handoffs *h);
void handoffs_deinit(struct handoffs *h);

// Events of other kinds only move the time.
struct error *handoffs_feed(struct handoffs *h, const struct trace_event *event);
// Nothing but time has gone by.
void handoffs_advance(struct handoffs *h, uint64_t now_ns);
// Somebody saw from outside who holds it. Believed until an event says it.
struct error *handoffs_guess(struct handoffs *h, uint32_t holder);
// After a tick has been read out: everything "since the last tick" begins anew.
void handoffs_next_tick(struct handoffs *h);
void handoffs_forget(struct handoffs *h, uint32_t tid);

const struct handoffs_thread *handoffs_find(const struct handoffs *h, uint32_t tid);

#endif
