// Who held the GIL, who waited for whom, and why it was let go: made of events, one after the
// other.
//
// A *hold* is the time between acquire and release of one thread; a *wait* the time between a
// thread's asking and its getting. At each moment at most one thread holds, any number wait. The
// holds that lay within a wait say behind whom it waited.
//
//     sum of held_ns over threads <= time of the window
//     sum of a thread's behind    <= its wait_ns       (the rest: nobody held, or events missing)
//
// A window that begins while a thread holds counts that hold from the beginning of the window;
// waits that began before it are counted from there too. The strip of a thread is its share of
// holding and waiting in slices of equal length, at most GIL_SLICES: when the window grows beyond,
// slices are joined in pairs, so the memory does not depend on the length of the trace.
#ifndef BRILLE_INSPECTOR_TRACE_GIL_H
#define BRILLE_INSPECTOR_TRACE_GIL_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "tracer/read/event.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    GIL_SLICES = 512,
    GIL_REASONS = 4,        // by enum trace_gil_reason
    GIL_THREADS_MAX = 4096, // what a hostile trace may make us keep
    GIL_PLACES_MAX = 4096,
    GIL_RECENT = 1024, // holds that a wait is compared with
};

struct gil_behind {
    uint32_t tid;
    uint64_t wait_ns;
};
VEC_DEFINE(gil_behind_vec, struct gil_behind);

struct gil_thread {
    uint32_t tid;
    uint64_t held_ns, longest_hold_ns;
    uint64_t wait_ns, longest_wait_ns;
    uint64_t acquires, waits, requests;
    uint64_t released[GIL_REASONS];
    struct gil_behind_vec behind;
    uint64_t waiting_since; // 0: it does not wait; else time + 1
    uint64_t held_in[GIL_SLICES], waited_in[GIL_SLICES];
};
VEC_DEFINE(gil_thread_vec, struct gil_thread *);

// A line at which the GIL was let go, and why.
struct gil_place {
    uint32_t code, site, line;
    uint32_t reason; // enum trace_gil_reason
    uint64_t count;
    uint64_t held_ns; // in the holds that ended there
};
VEC_DEFINE(gil_place_vec, struct gil_place);

struct gil_hold {
    uint32_t tid;
    uint64_t begin_ns, end_ns;
};

struct gil_timeline {
    bool begun;
    uint64_t begin_ns, end_ns; // of the window
    uint64_t slice_ns;
    struct gil_thread_vec threads; // in order of appearance; sorted by gil_finish
    struct gil_place_vec places;   // sorted by gil_finish: most held first
    uint64_t handoffs;             // acquires by another thread than the one before
    uint64_t held_ns, wait_ns;     // sums over threads
    uint32_t holder;               // tid, 0 for nobody
    uint32_t last_holder;
    uint64_t held_since_ns;
    struct gil_hold recent[GIL_RECENT];
    uint64_t hold_count;
    uint64_t events;
};

struct gil_timeline *gil_timeline_create(void); // NULL: no memory
void gil_timeline_destroy(struct gil_timeline *timeline);
CLEANUP_DEFINE(gil_timeline_destroy, struct gil_timeline *);

// Every event of the window, also those of other classes: they move its end.
struct error *gil_feed(struct gil_timeline *timeline, const struct trace_event *event);

// Ends what is still going on at the end of the window, and sorts: threads that wait most first.
struct error *gil_finish(struct gil_timeline *timeline);

// The strip of a thread in `columns` characters: '#' it holds most, '~' it waits, '.' neither.
void gil_add_strip(const struct gil_timeline *timeline, const struct gil_thread *thread,
                   unsigned columns, char *ret);

const char *gil_reason_name(unsigned reason);

#endif
