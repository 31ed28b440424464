/* The head of a stream writer: where the next event goes.
 *
 * It lives in the emitting process, in private memory, and is in the ABI for one reader: a capture.
 * A copy-on-write copy of the process freezes it, while the rings and the control page, being
 * shared, run on. So the position a capture was taken at (`event_seq`) is computed from here:
 *
 *     position of a stream = first + ((p - start) >> shift)
 *     event_seq            = sum of the three positions = seq of the event that comes next
 *
 * Invariant between events: start <= p < limit, and the words from p to limit are zero (in a ring;
 * the scratch sub-buffer that takes dropped events is not cleared).
 */
#ifndef BRILLE_TRACER_ABI_WRITER_H
#define BRILLE_TRACER_ABI_WRITER_H

#include "tracer/abi/events.h"

#include <stdint.h>

struct trace_writer {
    char *p;
    char *limit;
    char *start;
    uint64_t first; /* position of `start` */
    uint64_t base;  /* COLD: hot position that deltas count from */
    uint32_t shift; /* log2 of the unit: 3 hot, 4 cold and rare */
    uint32_t stream;
    /* COLD alone, for its emitter: a slot's delta is (hot.p - origin) / 8, and up to `quick` slots
     * need nothing but that. */
    uintptr_t origin;
    char *quick;
} __attribute__((aligned(64)));

static inline uint64_t trace_writer_position(const struct trace_writer *writer)
{
    return writer->first + ((uint64_t)(writer->p - writer->start) >> writer->shift);
}

#endif
