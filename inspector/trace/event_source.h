// Events one by one, from whatever a TARGET names: a .trace file, a ring left by a dead process, or
// a live process, for a while.
//
//     struct event_source *source;
//     struct trace_event event;
//     bool more;
//     TRY(event_source_open("48213", &options, &source));
//     for (;;) {
//         TRY(event_source_next(source, &event, &more));
//         if (!more) break;
//         ...
//     }
//     event_source_destroy(source);
//
// Live, the classes asked for are switched on by open and off when the time is over, on Ctrl-C
// (base/interrupt.h) or by destroy; events that lie before the switching-off are all delivered.
// Events are valid until the next call, names until destroy.
#ifndef BRILLE_INSPECTOR_TRACE_EVENT_SOURCE_H
#define BRILLE_INSPECTOR_TRACE_EVENT_SOURCE_H

#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"
#include "tracer/read/reader.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct event_source_options {
    const char *verb; // for suggestions in errors
    uint32_t classes; // live: what to switch on
    bool baseline;    // live: begin with every object
    uint64_t for_ns;  // live: how long; 0 is a second
    // Of a trace: a part of it. What is alive at its beginning matters to `baseline`: then reading
    // begins with the last baseline before, or at the beginning, and events before from_ns are
    // delivered too.
    uint64_t from_ns, to_ns; // since its beginning; to_ns 0: to the end
    uint64_t to_seq;         // 0: to the end
    bool rare_only;          // nothing but events of gc, gil and threads is wanted
};

struct event_source {
    struct trace_reader reader;
    struct trace_session session; // live
    bool live;
    bool outside; // a file, made a moment ago of what was seen of a live process from outside
    bool finished;
    bool late; // live: no safepoint was reached in the first two seconds
    pid_t pid; // live, outside
    char *path;
    const char *verb;
    uint64_t from_ns, to_ns, to_seq; // of events that are delivered; UINT64_MAX: no limit
    uint32_t turns;                  // live: of reading, so that the clock is not looked at in each
    uint64_t begun_ns, for_ns;       // live; CLOCK_MONOTONIC
};

struct error *event_source_open(const char *target, const struct event_source_options *options,
                                struct event_source **ret);
void event_source_destroy(struct event_source *source); // NULL is fine
CLEANUP_DEFINE(event_source_destroy, struct event_source *);

// Waits for the next event. *more is false, and `event` untouched, when there is none any more.
struct error *event_source_next(struct event_source *source, struct trace_event *event, bool *more);

// CLOCK_REALTIME at a time of the trace, nanoseconds; 0 when it is not known.
uint64_t event_source_wall_ns(const struct event_source *source, uint64_t time_ns);
uint64_t event_source_pid(const struct event_source *source);

// "worker-1", or "thread 4711" when nobody named it.
void event_source_add_thread(const struct event_source *source, uint32_t tid, struct strbuf *out);

// "load (app.py:12)"; `code` 0 is "?".
void event_source_add_place(const struct event_source *source, uint32_t code, uint32_t line,
                            struct strbuf *out);
// The line of a site in a code object, 0 when unknown.
uint32_t event_source_line(const struct event_source *source, uint32_t code, uint32_t site);

// Events that are missing in what was read: dropped or overwritten, there. In units of the streams,
// which for hot and cold events means events.
uint64_t event_source_missing(const struct event_source *source);

#endif
