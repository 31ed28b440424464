/* Recomputes every object's refcount at the speed at which an interpreter changes them.
 *
 * The merge and the replay know everything about an event, and take tens of nanoseconds for it.
 * This knows one thing: the count of each address. So it can keep up, on one core, with a program
 * that makes hundreds of millions of events a second, and say at each baseline, and at the end,
 * whether the counts are those of the heap.
 *
 *     alloc       there is no object; now the count is 1
 *     inc, dec    there is an object; the count does not fall below 0
 *     free        the count is 0, or a collection runs
 *     snapshot    the count is this (or, of a heap that is not known yet, becomes this)
 *
 * It is a sink, to be filled by trace_session_pump_hot_last(): COLD and RARE are kept, and a chunk
 * of HOT is worked through at once, with the records that belong between its events. Sub-buffers
 * may be read where they lie.
 *
 * Counts lie in a table like the heap itself, 4 bytes for 16 of heap, in pages of 1 MiB of heap. No
 * object is INT32_MIN, so that whatever touches nothing leaves a negative number behind. Nothing is
 * looked at after each event but the signs of all counts, or-ed together; only if that is negative
 * at the end of a chunk has something been wrong in it, and `suspicious` counts the chunk.
 *
 * Faults name no place: whoever wants it replays the trace. Not for traces with gaps: after one,
 * nothing is known (`gaps`).
 */
#ifndef BRILLE_TRACER_READ_COUNT_CHECK_H
#define BRILLE_TRACER_READ_COUNT_CHECK_H

#include "tracer/read/chunk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    COUNT_PAGES_MAX = 1 << 16, /* 64 GiB of heap: 16 GiB of counts, as touched */
};

struct count_page;

struct count_queue {
    char *bytes;
    size_t used, room, taken;
};

struct count_check {
    struct chunk_sink sink;    /* first */
    struct count_page **pages; /* by address >> 20 */
    uint32_t *made;            /* indices of those that are there */
    uint32_t made_count, made_room;
    struct count_page *nobody;  /* stands for all that are not */
    struct count_page *numbers; /* for those where no heap is */
    bool begun;
    bool known;      /* the heap is known: from birth, or since a baseline */
    bool collecting; /* between gc_start and gc_done */
    bool comparing, adopting;
    struct count_queue cold, rare; /* records that HOT has not reached yet */
    uint64_t position;             /* of HOT: counted up to here */
    uint64_t cold_base;            /* of the sub-buffer being read */
    uint64_t events;               /* incref and decref */
    uint64_t words;                /* all of HOT */
    uint64_t slots;                /* of COLD */
    uint64_t compared;             /* objects of baselines */
    uint64_t baseline_from;        /* `compared` when the present one began */
    uint64_t live;
    /* what is wrong */
    uint64_t alloc_of_live, free_of_counted, snapshot_differs, suspicious, gaps;
    bool failed; /* no memory, or records that make no sense */
};

/* `from_birth`: the stream begins before the first object. False: no memory. */
bool count_check_init(struct count_check *check, bool from_birth);
void count_check_deinit(struct count_check *check);

/* When all has been delivered: applies what is left. */
void count_check_finish(struct count_check *check);

/* Everything that was found wrong, added up. */
uint64_t count_check_faults(const struct count_check *check);

/* INT32_MIN: there is no object. */
int32_t count_check_count(const struct count_check *check, uint64_t address);

#endif
