/* A queue of chunks between a drain and a merge: the in-memory twin of a trace file.
 *
 * Sink on one side (it copies), source on the other. `closed` turns "nothing now" into "nothing
 * more". Definitions go straight into a table, waits are kept until they are taken.
 */
#ifndef BRILLE_TRACER_READ_QUEUE_H
#define BRILLE_TRACER_READ_QUEUE_H

#include "tracer/read/chunk.h"
#include "tracer/read/definitions.h"

#include <stdbool.h>

struct queue_lane {
    char *bytes; /* struct trace_chunk_copy heads and data, one after the other */
    size_t used, room, taken;
    char held[RING_SUBBUFFER_BODY]; /* data of the chunk that was taken last */
};

struct chunk_queue {
    struct chunk_sink sink; /* first */
    struct chunk_source source;
    struct queue_lane lanes[TRACE_STREAM_COUNT];
    struct definitions *definitions;
    struct ring_wait *waits;
    size_t wait_count, wait_room;
    bool closed;
};

/* `definitions` is the caller's. */
void chunk_queue_init(struct chunk_queue *queue, struct definitions *definitions);
void chunk_queue_deinit(struct chunk_queue *queue);

/* Bytes waiting to be taken. */
size_t chunk_queue_bytes(const struct chunk_queue *queue);

#endif
