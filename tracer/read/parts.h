/* A recording on disk that may be bounded: in size, or to the last so many seconds.
 *
 * Unbounded, or with a largest size, it is one trace file. Once the next block might not fit, the
 * recording is `full`: what comes then is not written, and the recorder stops.
 *
 * Of the last N seconds, it is a file and up to four older parts of N/4 seconds each,
 *
 *     T.trace.part1   T.trace.part2   T.trace.part3   T.trace.part0   T.trace (being written)
 *
 * of which the oldest is removed when another one is full. In the end they are joined into T.trace,
 * which therefore holds between N and 1.25 N seconds. Each part is a trace of its own: it begins
 * with all definitions made so far. So a recorder that is killed leaves the last part readable
 * under the name asked for, and the older ones beside it.
 *
 * With a largest size as well, the parts together stay below it.
 */
#ifndef BRILLE_TRACER_READ_PARTS_H
#define BRILLE_TRACER_READ_PARTS_H

#include "tracer/read/file.h"

enum {
    TRACE_PARTS = 4,
    TRACE_PART_PATH = 4096,
    TRACE_BYTES_LEAST = 16 << 20, /* the smallest bound in size that can be kept */
};

/* A part that is complete, under its own name. */
struct trace_part {
    unsigned slot;
    uint64_t prefix; /* blocks that only repeat what is in older parts */
    struct trace_file_end end;
};

struct trace_parts {
    struct chunk_sink sink; /* first: pass &parts->sink to a drain */
    struct trace_file_writer writer;
    char path[TRACE_PART_PATH];
    uint64_t prefix; /* of the part being written */
    struct trace_part kept[TRACE_PARTS];
    unsigned count;
    unsigned next_slot;
    uint64_t part_ms; /* 0: there is one part */
    uint64_t part_bytes;
    uint64_t begun_ms;
    const struct ring_state *state; /* the caller's, kept up to date by it */
    bool turned;
    char *definitions; /* all so far */
    size_t definitions_used, definitions_room;
};

/* 0: no bound. */
struct trace_bounds {
    uint64_t max_bytes; /* at least TRACE_BYTES_LEAST */
    uint64_t last_ms;
};

/* `state` is kept: it is what the ring says, as of the last pump. */
enum read_status trace_parts_create(struct trace_parts *parts, const char *path,
                                    const struct trace_bounds *bounds, uint64_t now_ms,
                                    const struct ring_state *state, struct read_error *error);

/* Begins another part if it is time. *turned: one has been begun since the last call. */
enum read_status trace_parts_turn(struct trace_parts *parts, uint64_t now_ms, bool *turned,
                                  struct read_error *error);

/* Nothing more is written; the recorder should stop. */
static inline bool trace_parts_full(const struct trace_parts *parts)
{
    return parts->writer.full;
}

/* Ends the recording in order: one whole file. */
enum read_status trace_parts_finish(struct trace_parts *parts, const struct ring_state *state,
                                    enum trace_end_reason reason, struct read_error *error);

/* Frees everything and leaves the files as they are. */
void trace_parts_abandon(struct trace_parts *parts);

#endif
