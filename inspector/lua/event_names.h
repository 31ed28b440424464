// The names of events and what they carry, from tracer/abi/events.def.
#ifndef BRILLE_INSPECTOR_LUA_EVENT_NAMES_H
#define BRILLE_INSPECTOR_LUA_EVENT_NAMES_H

#include "tracer/read/event.h"
#include <stdbool.h>

const char *event_name(unsigned kind);
int event_find(const char *name); // 0 when there is none that plugins can see
bool event_has_size(unsigned kind);
bool event_has_generation(unsigned kind);
const char *event_gil_reason(unsigned reason);
// Classes (enum trace_class) that must be on for these kinds to be recorded; `kinds` 0 is all.
uint32_t event_classes(uint64_t kinds);

#endif
