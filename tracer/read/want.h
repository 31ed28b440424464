/* What somebody asks of the events of a trace, so that the rest need not be decoded.
 *
 * Three things follow from it: which streams can be left out (their blocks are then not even read),
 * which records of the others are passed over where they lie, and what of an event is worked out:
 * stacks and times are most of the cost of one. The rule that tests hold it to: what is shown is
 * what a reading of everything shows of these kinds, in the same order, in the fields that were
 * asked for.
 */
#ifndef BRILLE_TRACER_READ_WANT_H
#define BRILLE_TRACER_READ_WANT_H

#include "tracer/abi/events.h"

#include <stdbool.h>
#include <stdint.h>

/* What somebody asks of events: the rest is passed over, most of it undecoded. Events of other
 * kinds are not shown, those that are shown come in the same order with the same fields, except
 * that fields that are not asked for may be wrong. */
struct trace_want {
    uint64_t kinds;   /* bits by enum trace_event_kind; 0: all */
    uint64_t address; /* or 0: events of other objects need not be shown */
    bool stacks;      /* code and site, trace_merge_stack, trace_merge_where */
    bool times;       /* time_ns */
    bool positions;   /* seq, hot, cold, rare */
    bool counting;    /* hot and cold events are counted, not shown: trace_reader_counted */
    bool losses;      /* trace_reader_loss: no stream is left out */
    /* Of a file, with `counting`: allocs and resizes of other sizes are not counted. */
    bool sized;
    int64_t least_size, most_size;
};

/* Whether events of a stream are among the kinds. */
bool trace_want_shows(uint64_t kinds, unsigned stream);

/* The streams that these events can be shown without: a bit for each. */
unsigned trace_want_spares(const struct trace_want *want);

/* Wire kinds of HOT or COLD of which none of these kinds is made, carriers and unknown ones
 * included.
 */
uint16_t trace_want_passed(unsigned stream, uint64_t kinds);

#endif
