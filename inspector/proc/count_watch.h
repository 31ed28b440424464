// Every change of one object's count of references in a running process, by a hardware watchpoint
// (perf.h): nothing is stopped, a change costs the process some ten microseconds.
//
//     struct count_watch watch;
//     TRY(count_watch_run(pid, address, &(struct count_watch_options){.for_ns = ...}, &watch));
//     ... watch.sites, watch.changes ...
//     count_watch_deinit(&watch);
//
// The count is the 32 bits at the address; where an object begins with it, as in every runtime that
// is known here, the address is the object's. What each instruction did to it is decoded
// (count_write.h). The watch ends early when the count becomes 0: the object has been freed, and
// what is written there afterwards is something else.
//
// So that a count that changes all the time does not slow the process down, no more than `rate`
// changes a second are taken: then the watch rests until the second is over, and `rested_ns` says
// how long. Sums are then of the rest of the time.
#ifndef BRILLE_INSPECTOR_PROC_COUNT_WATCH_H
#define BRILLE_INSPECTOR_PROC_COUNT_WATCH_H

#include "inspector/base/arena.h"
#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "inspector/proc/perf.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { COUNT_WATCH_KEPT = 4096 }; // changes that are kept: the newest

// A line of Python; texts are its locator's.
struct count_place {
    const char *function, *file;
    uint32_t line;
    uint64_t increments, decrements, others;
};
VEC_DEFINE(count_place_vec, struct count_place);

enum { COUNT_PLACE_UNKNOWN = -1 };

struct count_watch_options {
    uint64_t for_ns; // 0: until interrupted (base/interrupt.h)
    uint64_t rate;   // changes a second, 0: as many as there are
    // A number for the place in the program that a sample is in, and, asked after the last sample,
    // the line that the number stands for. NULL: nobody wants to know. With them a change costs
    // more.
    bool (*locate)(void *context, const struct perf_sample *sample, uint32_t *ret);
    bool (*resolve)(void *context, uint32_t number, struct count_place *ret);
    void *context;
};

struct count_change {
    uint64_t time_ns; // since the watch began
    uint32_t tid;
    uint32_t site;  // index
    int32_t place;  // index, or COUNT_PLACE_UNKNOWN
    int32_t delta;  // 0: not known
    uint32_t count; // after it
};
VEC_DEFINE(count_change_vec, struct count_change);

// An instruction that changes the count.
struct count_site {
    uint64_t address;              // of the one behind it
    const char *function, *module; // NULL: not known
    uint64_t offset;               // in the function
    uint64_t increments, decrements, others;
};
VEC_DEFINE(count_site_vec, struct count_site);

struct count_watch {
    struct arena arena;
    struct count_site_vec sites;   // most changes first
    struct count_place_vec places; // in the order of their first change
    struct count_change_vec changes;
    uint64_t change_count; // all, also those that were not kept
    uint64_t increments, decrements, others;
    uint64_t lost;                   // did not fit in the kernel's ring
    uint32_t count_begin, count_end; // as read from the process
    uint64_t window_ns, rested_ns;
    int64_t begun_unix_ns;
    bool freed, ended; // the object, the process
};

struct error *count_watch_run(pid_t pid, uint64_t address,
                              const struct count_watch_options *options, struct count_watch *ret);
void count_watch_deinit(struct count_watch *watch);

#endif
