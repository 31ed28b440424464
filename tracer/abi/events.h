/* Names and numbers of the events, expanded from events.def.
 *
 * Everything here is known to both sides of the process border: the interpreter that emits and the
 * inspector that reads. Nothing here has state. The classes are what a user switches on
 * (`record -e alloc,gc`); the streams are where the bytes go; the ids are what a reader shows.
 *
 * The schema hash is computed from the same list by both sides and compared when a ring or a trace
 * is opened: two builds that disagree about a field refuse each other by name instead of
 * showing wrong numbers.
 */
#ifndef BRILLE_TRACER_ABI_EVENTS_H
#define BRILLE_TRACER_ABI_EVENTS_H

#include <stdint.h>

enum trace_class {
    TRACE_CLASS_ALLOC = 1u << 0,    /* alloc, free, resize, retype, gc_track ... and enter/leave */
    TRACE_CLASS_REFCOUNT = 1u << 1, /* incref, decref, and enter/leave */
    TRACE_CLASS_GC = 1u << 2,       /* collections */
    TRACE_CLASS_GIL = 1u << 3,      /* handoffs and waits */
    TRACE_CLASS_KNOWN = 0x0f,       /* what a writer accepts; unknown bits are ignored */
    TRACE_CLASS_ANY = 0x0f,         /* on whenever anything is */
};

enum trace_stream {
    TRACE_HOT = 0,
    TRACE_COLD = 1,
    TRACE_RARE = 2,
    TRACE_STREAM_COUNT = 3, /* the three with sub-buffers and positions */
    TRACE_WAIT = 3,
    TRACE_DEFS = 4,
};

enum trace_event_kind {
    TRACE_EVENT_NONE = 0,
#define EVENT(id, name, stream, wire, classes, fields) TRACE_EVENT_##name = id,
#include "tracer/abi/events.def"
    TRACE_EVENT_COUNT = 64,
};

/* Wire kinds, for the two streams that have only four bits. */
enum trace_hot_kind {
    TRACE_HOT_INCREF = 1,
    TRACE_HOT_DECREF = 2,
    TRACE_HOT_ENTER = 3,
    TRACE_HOT_LEAVE = 4,
    TRACE_HOT_THREAD = 5,
};

enum trace_cold_kind {
    TRACE_COLD_ALLOC = 1,
    TRACE_COLD_FREE = 2,
    TRACE_COLD_TRACK = 3,
    TRACE_COLD_UNTRACK = 4,
    TRACE_COLD_RESIZE = 5,
    TRACE_COLD_RETYPE = 6,
    TRACE_COLD_BASE = 7,
    TRACE_COLD_WIDE = 8,
    TRACE_COLD_THREAD = 9,
};

#define EVENT(id, name, stream, wire, classes, fields)                                   \
    _Static_assert((id) < TRACE_EVENT_COUNT && (wire) < 64 &&                            \
                       ((TRACE_##stream != TRACE_HOT && TRACE_##stream != TRACE_COLD) || \
                        ((wire) >= 1 && (wire) <= 15)),                                  \
                   "event " #name " does not fit its stream");
#include "tracer/abi/events.def"

/* Generations as the stream numbers them. */
enum trace_generation {
    TRACE_GENERATION_UNTRACKED = 15, /* only in snapshot records */
    TRACE_GENERATION_PERMANENT = 3,
};

enum trace_gil_reason {
    TRACE_GIL_BLOCKING = 1, /* the holder was about to block */
    TRACE_GIL_INTERVAL = 2, /* another thread asked, or the check interval ran out */
    TRACE_GIL_FINISHED = 3, /* the thread ended */
};

enum trace_meta {
    TRACE_META_START = 1,   /* the ring is in use; new = classes, value = enum trace_origin */
    TRACE_META_CLASSES = 2, /* old, new class mask; value = number of the request */
    TRACE_META_POLICY = 3,  /* old, new policy; value = enum trace_policy_cause */
    TRACE_META_BASELINE_BEGIN = 4, /* value = objects announced, or 0 when not counted */
    TRACE_META_BASELINE_END = 5,   /* value = objects written */
    TRACE_META_SYNC = 6,           /* value = CLOCK_MONOTONIC ns at the record's clock reading */
    TRACE_META_CAPTURE = 7,        /* value = epoch after the capture */
    TRACE_META_STOP = 8,           /* old = classes; nothing follows in this ring */
    TRACE_META_FILTER =
        9, /* old = enum control_filter_kind, new = object, value = bytes a sample */
};

enum trace_origin {
    TRACE_ORIGIN_BIRTH = 1,  /* before the first object: the stream alone rebuilds the heap */
    TRACE_ORIGIN_ATTACH = 2, /* in a running process: a baseline follows */
};

enum trace_policy {
    TRACE_POLICY_OVERWRITE = 1, /* flight recorder: the oldest sub-buffer gives way */
    TRACE_POLICY_DROP = 2,      /* the newest gives way, counted by kind */
    TRACE_POLICY_BLOCK = 3,     /* waits for a reader that is alive, then falls to drop */
};

enum trace_policy_cause {
    TRACE_CAUSE_REQUEST = 1,       /* somebody asked */
    TRACE_CAUSE_READER_SILENT = 2, /* block: no heartbeat for a second */
    TRACE_CAUSE_READER_GONE = 3,   /* block: the reader slot is empty */
};

static inline const char *trace_event_name(unsigned id)
{
    switch (id) {
#define EVENT(id_, name, stream, wire, classes, fields) \
    case id_:                                           \
        return #name;
#include "tracer/abi/events.def"
    default:
        return "unknown";
    }
}

/* The event that a wire kind of a stream stands for, or TRACE_EVENT_NONE. */
static inline enum trace_event_kind trace_event_of_wire(unsigned stream, unsigned wire)
{
    switch (stream * 64 + wire) {
#define EVENT(id_, name, stream_, wire_, classes, fields) \
    case TRACE_##stream_ * 64 + (wire_):                  \
        return TRACE_EVENT_##name;
#include "tracer/abi/events.def"
    default:
        return TRACE_EVENT_NONE;
    }
}

/* FNV-1a over the text of events.def: what two builds must agree on. */
static inline uint64_t trace_schema_hash(void)
{
    static const char text[] =
#define EVENT(id, name, stream, wire, classes, fields) \
#id " " #name " " #stream " " #wire " " #classes " " fields "\n"
#include "tracer/abi/events.def"
        ;
    uint64_t hash = 0xcbf29ce484222325u;
    for (const char *c = text; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
    return hash;
}

#endif
