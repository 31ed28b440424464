// What a target says about its GIL when it does not emit events itself.
//
// Two ways, and whoever shows the answer says which it was. *Exact*: every take, drop and wait, as
// events of a trace. *Sampled*: the GIL is looked at a thousand times a second; shares are
// estimates, and of the handoffs only the interpreter's own count is exact.
#ifndef BRILLE_INSPECTOR_TARGET_GIL_WATCH_H
#define BRILLE_INSPECTOR_TARGET_GIL_WATCH_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// A process can have interpreters that do not share a GIL (CPython 3.12 on). One GIL is looked at.
struct gil_choice {
    unsigned count;   // GILs that there are
    char others[128]; // of the other ones, an interpreter each: "1, 3"; cut when there are many
};

struct gil_watch_options {
    const char *verb;          // for suggestions in errors
    uint64_t for_ns;           // 0: until interrupted (base/interrupt.h)
    uint64_t interval_ns;      // sampled: between two looks; 0: a millisecond
    uint64_t interpreter;      // whose GIL; 0 is the main one
    struct gil_choice *choice; // set before the first look; NULL when nobody asks
};

struct gil_sampled_thread {
    pid_t tid;
    char name[64];
    uint64_t held;   // looks at which it held the GIL
    uint64_t waited; // of the looks at the waiters
    bool there;      // still there at the end
};
VEC_DEFINE(gil_sampled_vec, struct gil_sampled_thread);

struct gil_sampled {
    uint64_t looks, free_looks; // of the latter nobody held it
    uint64_t wait_looks;        // looks at the waiters
    uint64_t switches;          // holder changes, by the interpreter's count: exact
    uint64_t window_ns;
    pid_t holder; // at the end, 0 for nobody
    struct gil_sampled_vec threads;
};

static inline void gil_sampled_deinit(struct gil_sampled *sampled)
{
    gil_sampled_vec_deinit(&sampled->threads);
}

#endif
