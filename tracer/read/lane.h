/* A lane: one stream, as a sequence of single records.
 *
 * It pulls chunks from a source, checks that their positions only go forward, notes gaps, and
 * decodes one record ahead, so that the merge can compare lanes by position. It knows the format of
 * its stream and nothing about the others. Carriers that belong to the record behind them (BASE,
 * WIDE) are consumed with it; a THREAD marker is a record of its own, because its place counts.
 */
#ifndef BRILLE_TRACER_READ_LANE_H
#define BRILLE_TRACER_READ_LANE_H

#include "tracer/read/chunk.h"

#include <stdbool.h>

struct lane_record {
    unsigned wire;       /* kind inside the stream */
    uint64_t position;   /* in the stream */
    uint64_t hot;        /* COLD, RARE: hot position it carries */
    uint64_t cold;       /* RARE: cold position it carries */
    uint64_t ticks;      /* interpolated, except RARE */
    uint64_t word;       /* HOT, COLD: address, site. RARE: head */
    uint32_t type;       /* COLD */
    uint64_t size;       /* COLD */
    const char *payload; /* RARE */
    unsigned payload_words;
    bool after_gap;
    uint32_t tid;
};

struct lane {
    struct chunk_source *source;
    unsigned stream;
    bool begun; /* a chunk has been seen: `done` is meaningful */
    bool ended;
    enum read_status failed; /* once broken, a lane stays broken */
    bool ahead;              /* `record` holds the next record */
    struct lane_record record;
    uint64_t done; /* position behind the last record taken */
    /* inside the present chunk */
    const char *p, *end;
    uint64_t position; /* of p */
    uint64_t base;
    uint32_t tid;
    uint64_t ticks; /* at `tick_position` */
    uint64_t tick_position;
    double ticks_per_unit;
    bool gap; /* the next record follows a gap */
    /* what the context was at the last gap, for rebasing a stack */
    bool rebase;
    uint32_t rebase_tid, rebase_code, rebase_depth;
    /* counters */
    uint64_t units;   /* units seen */
    uint64_t missing; /* units that positions say are missing */
};

void lane_init(struct lane *lane, struct chunk_source *source, unsigned stream);

/* Decodes the next record into lane->record. READ_OK, READ_AGAIN, READ_END or a failure. */
enum read_status lane_decode(struct lane *lane, struct read_error *error);

/* Makes lane->record the next record; what it returns is that of lane_decode. */
static inline enum read_status lane_peek(struct lane *lane, struct read_error *error)
{
    return lane->ahead ? READ_OK : lane_decode(lane, error);
}

/* The time at a position of the present chunk. Signed, which is one instruction; hostile heads may
 * say what is not. */
static inline uint64_t lane_ticks_at(const struct lane *lane, uint64_t position)
{
    const double since = lane->ticks_per_unit * (double)(int64_t)(position - lane->tick_position);
    return lane->ticks + (since < 9e18 ? (uint64_t)(int64_t)since : 0);
}

static inline uint64_t lane_ticks(const struct lane *lane)
{
    return lane_ticks_at(lane, lane->position);
}

/* Consumes the record that lane_peek showed. */
static inline void lane_take(struct lane *lane)
{
    const struct lane_record *record = &lane->record;
    if ((lane->stream == TRACE_HOT && record->wire == TRACE_HOT_THREAD) ||
        (lane->stream == TRACE_COLD && record->wire == TRACE_COLD_THREAD))
        lane->tid = TRACE_WORD_ID(record->word);
    lane->done = lane->position;
    lane->ahead = false;
}

/* HOT or COLD, when no record is ahead: takes units that were read where they lie, `bytes` of them
 * from lane->p on. A carrier among them is the caller's to note. */
static inline void lane_pass(struct lane *lane, size_t bytes)
{
    lane->p += bytes;
    lane->position += bytes >> trace_unit_shift(lane->stream);
    lane->done = lane->position;
    lane->gap = false;
}

/* Another lane's next record says that this one had reached `position` before. Units of this one
 * that lie before it and have not come will not come any more: passes over them and returns true
 * when there are any. Without it a hole would be noticed only when the lane resumes, long after the
 * first event that contradicts what is missing. */
bool lane_skip_to(struct lane *lane, uint64_t position);

#endif
