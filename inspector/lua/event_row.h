// An event that did not come from a trace: of a test, or kept for later.
#ifndef BRILLE_INSPECTOR_LUA_EVENT_ROW_H
#define BRILLE_INSPECTOR_LUA_EVENT_ROW_H

#include "tracer/read/event.h"
#include <stdint.h>

struct event_row {
    struct trace_event event;
    // Instead of what a trace's definitions would say; NULL when those are to be asked.
    const char *type, *func, *file, *thread;
    uint32_t line;
};

#endif
