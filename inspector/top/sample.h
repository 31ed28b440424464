// What is known of a process at one tick: what the source gathers and the model keeps.
//
// Whatever could not be had says so: a `has_` that is false, and a note for the view that lacks it.
// Shares are of the time since the tick before, 0 to 1. Texts are cut to their fields and may hold
// any bytes of the target; the screen shows what is no printable character as '?'.
#ifndef BRILLE_INSPECTOR_TOP_SAMPLE_H
#define BRILLE_INSPECTOR_TOP_SAMPLE_H

#include "inspector/base/vec.h"
#include "inspector/target/look.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum top_view { TOP_THREADS, TOP_TYPES, TOP_SITES, TOP_POOLS, TOP_VIEWS };

enum { TOP_BEHIND = 4, TOP_GROUPS_MAX = 4096, TOP_NAME = 96, TOP_NOTE = 160 };

enum top_state {
    TOP_HOLDS,   // the GIL
    TOP_WAITS,   // for it
    TOP_RUNS,    // on a processor without it, or waiting for one: C code, or just waking up
    TOP_BLOCKED, // in a system call: `what` says which
    TOP_IDLE,    // asleep until somebody wakes it
};

struct top_behind {
    pid_t tid;
    double share; // of its waiting
};

struct top_thread {
    pid_t tid;
    char name[48];
    enum top_state state;
    uint64_t state_ns; // TOP_WAITS: for how long; 0: not known
    char what[16];
    double held, wait;
    struct top_behind behind[TOP_BEHIND]; // most first
    uint32_t behind_count;
    uint32_t depth;
    struct look_frame frames[LOOK_FRAMES];
};
VEC_DEFINE(top_thread_vec, struct top_thread);

// Objects of one type, or made at one line.
struct top_group {
    uint64_t id;
    char name[TOP_NAME];
    uint64_t live, live_bytes;
    double live_rate, bytes_rate;      // change a second, signed
    double made_rate, made_bytes_rate; // made a second
    int64_t since_live, since_bytes;   // change since the window began
    uint64_t holds;                    // of the biggest object of this type; 0: not known
    char holder[TOP_NAME];             // an expression that names it; "" when not known
};
VEC_DEFINE(top_group_vec, struct top_group);

struct top_generation {
    double runs_rate;
    double time_share; // of the tick
    uint64_t longest_ns;
    double freed_rate;
};

struct top_sample {
    uint64_t now_ns;     // CLOCK_MONOTONIC
    int64_t unix_s;      // time of day
    uint64_t window_ns;  // since the tick before
    char lost[TOP_NOTE]; // why there are no events at the moment; "" when all is well

    uint64_t rss_bytes;
    bool has_pools;
    struct look_pools pools;
    uint64_t pools_age_ns; // how old they are

    bool has_gil, gil_exact;
    double gil_held, gil_waiting; // share of the time; mean number of threads
    uint64_t gil_longest_ns;
    double handoff_rate;

    bool has_gc, gc_timed;
    struct top_generation generations[LOOK_GENERATIONS];
    double gc_share;

    struct top_thread_vec threads;
    bool has_types, has_sites;
    bool groups_drifted;       // events are missing: counts are estimates
    bool groups_are_of_a_dump; // types alone; nothing moves
    struct top_group_vec types, sites;
    uint64_t since_ns;               // when the window of `since_` began; CLOCK_MONOTONIC
    char notes[TOP_VIEWS][TOP_NOTE]; // what is missing in this view, and how to get it

    uint64_t cost_ns; // our processor time since the tick before
    uint64_t events;  // read since the tick before
    uint64_t dropped; // since the beginning
};

static inline void top_sample_deinit(struct top_sample *sample)
{
    top_thread_vec_deinit(&sample->threads);
    top_group_vec_deinit(&sample->types);
    top_group_vec_deinit(&sample->sites);
}

#endif
