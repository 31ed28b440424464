// What verbs over events share: the heading, the warnings, JSON about the source.
#ifndef BRILLE_INSPECTOR_CMD_EVENTS_H
#define BRILLE_INSPECTOR_CMD_EVENTS_H

#include "inspector/cmd/verb.h"
#include "inspector/trace/event_source.h"

// Opens a TARGET (a pid, a trace, a ring) and listens for Ctrl-C while it is read.
struct error *events_open(struct verb *verb, const char *target, uint32_t classes, bool baseline,
                          uint64_t for_ns, struct event_source **ret);

// Hands every event to `feed` until there is none.
struct error *events_read(struct event_source *source,
                          struct error *(*feed)(void *context, const struct trace_event *event),
                          void *context);

// "a.trace  pid 42  2026-11-22 06:14:07 UTC"; warns when events are missing.
void events_add_heading(struct verb *verb, const struct event_source *source);
void events_add_json(const struct event_source *source, struct json *json);

// "06:14:09.112", or "+1.234 s" when the time of day is not known.
void events_add_time(const struct event_source *source, uint64_t time_ns, struct strbuf *out);

#endif
