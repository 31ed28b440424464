// See event_names.h.
#include "inspector/lua/event_names.h"

#include "tracer/abi/control.h"

#include <string.h>

static const struct {
    unsigned id;
    const char *name;
    uint32_t classes;
} EVENTS[] = {
#define EVENT(id, name, stream, wire, classes, fields) {id, #name, classes},
#include "tracer/abi/events.def"
};
enum { EVENTS_COUNT = sizeof EVENTS / sizeof *EVENTS };

const char *event_name(unsigned kind)
{
    for (int i = 0; i < EVENTS_COUNT; i++)
        if (EVENTS[i].id == kind)
            return EVENTS[i].name;
    return "unknown";
}

int event_find(const char *name)
{
    for (int i = 0; i < EVENTS_COUNT; i++)
        if (EVENTS[i].id < 32 && strcmp(EVENTS[i].name, name) == 0)
            return (int)EVENTS[i].id;
    return 0;
}

bool event_has_size(unsigned kind)
{
    return kind == TRACE_EVENT_alloc || kind == TRACE_EVENT_resize || kind == TRACE_EVENT_snapshot;
}

bool event_has_generation(unsigned kind)
{
    return kind == TRACE_EVENT_gc_track || kind == TRACE_EVENT_snapshot ||
           (kind >= TRACE_EVENT_gc_start && kind <= TRACE_EVENT_gc_promote);
}

const char *event_gil_reason(unsigned reason)
{
    switch (reason) {
    case TRACE_GIL_BLOCKING:
        return "blocking";
    case TRACE_GIL_INTERVAL:
        return "interval";
    case TRACE_GIL_FINISHED:
        return "finished";
    default:
        return "unknown";
    }
}

// An event of several classes is recorded with the first of them.
uint32_t event_classes(uint64_t kinds)
{
    uint32_t classes = 0;
    if (!kinds)
        return TRACE_CLASS_KNOWN;
    for (int i = 0; i < EVENTS_COUNT; i++)
        if (EVENTS[i].id < 32 && (kinds >> EVENTS[i].id & 1) && EVENTS[i].classes &&
            EVENTS[i].classes != TRACE_CLASS_ANY)
            classes |= EVENTS[i].classes & ~(EVENTS[i].classes - 1);
    return classes ? classes : TRACE_CLASS_GIL;
}
