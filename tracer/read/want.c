/* See want.h. */
#include "tracer/read/want.h"

static uint64_t kinds_of_stream(unsigned stream)
{
    uint64_t kinds = 0;
#define EVENT(id, name, stream_, wire, classes, fields)             \
    if (TRACE_##stream_ == stream && (id) < TRACE_EVENT_hot_thread) \
        kinds |= UINT64_C(1) << (id);
#include "tracer/abi/events.def"
    return kinds;
}

bool trace_want_shows(uint64_t kinds, unsigned stream)
{
    return kinds & kinds_of_stream(stream);
}

unsigned trace_want_spares(const struct trace_want *want)
{
    const uint64_t kinds = want->kinds ? want->kinds : UINT64_MAX;
    const bool hot = kinds & kinds_of_stream(TRACE_HOT), cold = kinds & kinds_of_stream(TRACE_COLD);
    const bool definitions = kinds & kinds_of_stream(TRACE_DEFS);
    const bool waits = kinds & kinds_of_stream(TRACE_WAIT);
    /* Waits and definitions have the position of what comes next, definitions the time of what
     * came before; where a wait lies among hot and cold events is decided by the times of both. A
     * cold record knows its own position, but its time is not before that of the hot ones that
     * precede it, and its place in the code follows from all of them. */
    const bool between = (want->positions && (waits || definitions)) ||
                         (want->times && definitions) || (waits && (hot || cold || definitions));
    unsigned spared = 0;
    if (want->losses)
        return 0;
    if (!hot && !between && !(cold && (want->times || want->stacks)))
        spared |= 1u << TRACE_HOT;
    if (!cold && !between && !(hot && (want->times || want->stacks || want->positions)))
        spared |= 1u << TRACE_COLD;
    return spared;
}

uint16_t trace_want_passed(unsigned stream, uint64_t kinds)
{
    unsigned passed = 0xffff;
    for (unsigned wire = 0; wire < 16; wire++) {
        const enum trace_event_kind kind = trace_event_of_wire(stream, wire);
        if (kind != TRACE_EVENT_NONE && kind < TRACE_EVENT_hot_thread && (kinds >> kind & 1))
            passed &= ~(1u << wire);
    }
    return (uint16_t)passed;
}
