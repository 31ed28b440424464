// The life of one address, made of events: every change of its reference count, by whom.
//
// Counts run from an alloc (1) or from a baseline; before either is seen they are unknown. An
// address can hold several objects one after the other: each is a life of its own.
//
// A take (incref) is matched with a drop (decref) last in, first out: what comes and goes within a
// call pairs up, and what stays over is what somebody kept. The events do not say which drop
// belongs to which take, so the pairs are a reading, the counts are facts.
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

enum { HISTORY_MAX = 1 << 20 };

#define HISTORY_UNKNOWN UINT32_MAX // a count before anything said what it is
#define HISTORY_NONE    UINT32_MAX // no partner

struct history_step {
    uint64_t seq, time_ns;
    uint32_t kind; // enum trace_event_kind: alloc, free, incref, decref, resize, ...
    uint32_t tid;
    uint32_t code, site;
    uint32_t before, after; // count
    uint32_t partner;       // index of the drop of this take, or of the take of this drop
    uint32_t type;          // alloc, retype, snapshot
    int generation;         // gc_track
    uint64_t size;          // alloc, resize, snapshot
};
VEC_DEFINE(history_step_vec, struct history_step);

struct history {
    uint64_t address;
    struct history_step_vec steps;
    struct u32_vec open; // indices of takes not yet given back
    uint64_t forgotten;
    uint64_t takes, drops;
    uint32_t lives;            // objects that began here
    uint32_t type;             // of the present or last object; 0 unknown
    uint32_t first_count;      // the first count that was known; HISTORY_UNKNOWN
    uint32_t count;            // now
    bool alive;                // an object is (probably) there
    uint64_t begin_ns, end_ns; // of everything that was read
    bool begun;
};

void history_init(struct history *history, uint64_t address);
void history_deinit(struct history *history);
struct error *history_feed(struct history *history, const struct trace_event *event);

#endif
