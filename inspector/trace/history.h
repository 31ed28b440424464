// The life of one address, made of events: every change of its reference count, by whom.
//
// Counts run from an alloc (1) or from a baseline; before either is seen they are unknown. An
// address can hold several objects one after the other: each is a life of its own, and the changes
// of one life are kept, the last or the one that was chosen; the others are counted.
//
// A take (incref) is matched with a drop (decref), so that what stays over is what somebody kept.
// The events do not say which drop belongs to which take; the calls around them do, mostly. A drop
// is given to the first of these that is open:
//
//     1  the earliest take of the same instruction in the same call   arguments of a C function
//     2  the latest take of the caller shortly before the call         arguments of this call
//     3  the latest take in the same call                              locals, temporaries
//     4  the latest take of all                                        what was kept elsewhere
//
// A call that ends drops its arguments and locals last, and these drops carry the instruction
// before: of a run of drops that ends in a return, the last goes to rule 2 first. Therefore drops
// wait in `pending` until it is known what comes after them.
//
// The pairs are a reading; the counts are facts.
//
// At most HISTORY_MAX changes are kept, the newest; `forgotten` says how many older ones there
// were.
#ifndef BRILLE_INSPECTOR_TRACE_HISTORY_H
#define BRILLE_INSPECTOR_TRACE_HISTORY_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "tracer/read/event.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    HISTORY_MAX = 1 << 20,
    HISTORY_LOOK_BACK = 256, // open takes that a drop is compared with
    HISTORY_THREADS = 4096,
    HISTORY_DEPTH = 1 << 16,
    HISTORY_ARGUMENTS = 64, // how many events before a call its arguments are made
};

#define HISTORY_UNKNOWN UINT32_MAX // a count before anything said what it is
#define HISTORY_NONE    UINT32_MAX // no partner

struct history_step {
    uint64_t seq, time_ns;
    uint32_t kind; // enum trace_event_kind: alloc, free, incref, decref, resize, ...
    uint32_t tid;
    uint32_t code, site;
    uint32_t before, after; // count
    uint32_t partner;       // index of the drop of this take, or of the take of this drop
    uint64_t call;          // which call of a function it happened in
    uint32_t type;          // alloc, retype, snapshot
    int generation;         // gc_track
    uint64_t size;          // alloc, resize, snapshot
};
VEC_DEFINE(history_step_vec, struct history_step);

// The calls that a thread is in: numbers given in order of their beginning.
struct history_call {
    uint64_t number;
    uint64_t seq; // of its beginning
};
VEC_DEFINE(history_call_vec, struct history_call);

struct history_thread {
    uint32_t tid;
    uint64_t base; // number of the call that was running when recording began
    struct history_call_vec calls;
};
VEC_DEFINE(history_thread_vec, struct history_thread);

struct history {
    uint64_t address;
    struct history_step_vec steps;
    struct u32_vec open;    // indices of takes not yet given back
    struct u32_vec pending; // indices of drops not yet paired, all of pending_tid
    uint32_t pending_tid;
    uint64_t forgotten;
    uint64_t takes, drops;
    uint32_t lives;       // objects that were seen here, one after the other
    uint32_t chosen;      // which of them is told of, from 1; 0: the last
    uint32_t type;        // of the present or last object; 0 unknown
    uint32_t first_count; // the first count that was known; HISTORY_UNKNOWN
    uint32_t count;       // now
    bool alive;           // an object is (probably) there
    struct history_thread_vec threads;
    uint64_t last_call;
    uint64_t from_ns;          // steps are kept from then on
    uint64_t begin_ns, end_ns; // of everything that was read, from then on
    bool begun;
};

void history_init(struct history *history, uint64_t address, uint32_t chosen);
void history_deinit(struct history *history);
struct error *history_feed(struct history *history, const struct trace_event *event);
// After the last event.
void history_finish(struct history *history);

#endif
