/* A chunk: a run of events of one stream, copied out of one sub-buffer.
 *
 * It is the unit in which events travel from a ring to a file and from either to the merge. Usually
 * it is a whole sub-buffer; the tail of a live ring, or what a killed process left, is a part of
 * one, and the rest may follow as a second chunk with an offset. `data` never holds half an event.
 */
#ifndef BRILLE_TRACER_READ_CHUNK_H
#define BRILLE_TRACER_READ_CHUNK_H

#include "tracer/abi/ring_layout.h"
#include "tracer/read/status.h"

struct trace_chunk {
    struct ring_subbuffer head; /* as it was in the ring */
    uint32_t offset;            /* of `data` in the body */
    uint32_t bytes;
    const char *data; /* belongs to the source, until its next call */
};

/* Where chunks come from: a file, a queue filled from a ring, an array in a test. */
struct chunk_source {
    /* The next chunk of `stream`: READ_OK, READ_AGAIN (live), READ_END, or a failure. */
    enum read_status (*next)(struct chunk_source *source, unsigned stream,
                             struct trace_chunk *chunk, struct read_error *error);
};

/* Where chunks go: a file or a queue. */
struct chunk_sink {
    enum read_status (*chunk)(struct chunk_sink *sink, unsigned stream,
                              const struct trace_chunk *chunk, struct read_error *error);
    enum read_status (*definitions)(struct chunk_sink *sink, const char *data, size_t bytes,
                                    struct read_error *error);
    enum read_status (*waits)(struct chunk_sink *sink, const struct ring_wait *records,
                              size_t count, struct read_error *error);
};

/* log2 of the unit that positions of a stream count. */
static inline unsigned trace_unit_shift(unsigned stream)
{
    return stream == TRACE_HOT ? 3 : 4;
}

/* Where the complete events that begin at `begin` end: not behind the first word that is zero, and
 * never before `begin`. */
uint32_t trace_complete_bytes(unsigned stream, const char *body, uint32_t begin, uint32_t limit);

#endif
