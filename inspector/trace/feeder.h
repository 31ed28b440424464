// The events of a live process as they happen, for somebody who must have no hold on it: a process
// of our own attaches, pumps its ring into a pipe (tracer/read/feed.h) and detaches in the end.
//
// Whoever reads slowly does not slow the target down: the policy is drop, and what is dropped is
// counted. The feeder ends when the time is over, when it is told, when the target ends, when
// nobody reads any more, and when its starter dies; each time tracing is switched off first.
#ifndef BRILLE_INSPECTOR_TRACE_FEEDER_H
#define BRILLE_INSPECTOR_TRACE_FEEDER_H

#include "inspector/base/error.h"
#include "inspector/trace/recording.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct feeder_shared;

struct feeder {
    pid_t pid; // of the feeder, 0: none
    int fd;    // the reading end, -1: none
    struct feeder_shared *shared;
};

struct feeder_result {
    uint64_t received_bytes;
    uint64_t dropped_units; // of all streams
};

// Returns when the target is being traced, or will be when it next runs Python (*late). Of the
// options: verb, classes and for_ns.
struct error *feeder_start(pid_t target, const struct recording_options *options,
                           struct feeder *ret, bool *late);

// No more events than there are: safe in a signal handler, and more than once.
void feeder_tell(const struct feeder *feeder);

// Closes the pipe, waits for the feeder, and says what there was. NULL is fine for `result`.
void feeder_end(struct feeder *feeder, struct feeder_result *result);

#endif
