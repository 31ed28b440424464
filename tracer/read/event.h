/* An event as a reader sees it: decoded, ordered, placed in time and in its thread's Python stack.
 *
 * `seq` is the position in the total order of the process (unique and increasing, with gaps:
 * carriers take numbers too). gil_request, gil_wait and the three definitions come from outside
 * that order and share the seq of the event that follows them. `time_ns` counts from the start of
 * the trace and never goes back; for hot and cold events it is interpolated inside their
 * sub-buffer.
 */
#ifndef BRILLE_TRACER_READ_EVENT_H
#define BRILLE_TRACER_READ_EVENT_H

#include "tracer/abi/events.h"
#include "tracer/read/definitions.h"

#include <stdbool.h>
#include <stdint.h>

struct trace_event {
    enum trace_event_kind kind;
    uint32_t tid;
    uint64_t seq;
    uint64_t time_ns;
    uint64_t hot, cold, rare; /* positions: how many units of each came before */

    uint64_t address;  /* of the object; 0 where there is none */
    uint32_t type;     /* alloc, retype, snapshot: type id */
    uint32_t code;     /* code object that runs (enter: that is entered); 0 is none or unknown */
    uint32_t site;     /* in that code (enter: of the call, in the caller); TRACE_SITE_UNKNOWN */
    int generation;    /* gc_track, snapshot, gc_*: 0..2, 3 permanent, -1 untracked */
    uint64_t size;     /* alloc, resize, snapshot */
    int delta;         /* incref +1, decref -1, else 0 */
    uint32_t refcount; /* alloc: 1. snapshot: as captured */
    bool after_gap;    /* events are missing right before this one */

    union {
        struct {
            uint32_t reason;
            uint64_t collected, uncollectable, examined, promoted;
            int to; /* gc_promote: from `generation` and below, to this. gc_freeze: 1 or 0 */
        } gc;
        struct {
            uint64_t gil_seq;
            uint32_t other_tid; /* acquire: previous holder. wait, request: holder */
            enum trace_gil_reason reason;
            uint64_t duration_ns; /* acquire: waited. release: held */
        } gil;
        struct {
            uint64_t ident;
            uint32_t parent_tid;
        } thread;
        struct {
            enum trace_meta what;
            uint64_t old_value, new_value, value;
        } meta;
        struct {
            unsigned stream;
            uint64_t first, end, units;
            const uint64_t *counts; /* by wire kind; valid until the next event */
            unsigned kinds;
        } dropped;
        struct {
            uint32_t tid;
            uint32_t depth; /* of the whole stack */
            uint32_t first; /* index of frames[0] */
            uint32_t count;
            const uint64_t *frames; /* TRACE_FRAME words; valid until the next event */
        } stack;
        const struct definition *definition;
    };
};

struct trace_location {
    const char *function; /* qualified name, or "unknown" */
    const char *file;
    uint32_t line; /* 0 is unknown */
};

#endif
