// What verbs over events share: the heading, the warnings, JSON about the source.
#ifndef BRILLE_INSPECTOR_CMD_EVENTS_H
#define BRILLE_INSPECTOR_CMD_EVENTS_H

#include "inspector/cmd/verb.h"
#include "inspector/trace/event_source.h"

// The options --from and --to of verbs that read a part of a trace.
struct events_part {
    uint64_t from_ns, to_ns; // 0: from its beginning, to its end
};
#define EVENTS_PART_OPTIONS(part)                                                              \
    {                                                                                          \
        "from",           0,      OPTION_DURATION,                                             \
        &(part)->from_ns, "TIME", "of a trace: begin at that time of it"},                     \
    {                                                                                          \
        "to", 0, OPTION_DURATION, &(part)->to_ns, "TIME", "of a trace: end at that time of it" \
    }
struct error *events_check_part(const struct events_part *part, const char *target);

// Opens a TARGET (a pid, a trace, a ring) and listens for Ctrl-C while it is read. The verb of the
// options is filled in.
struct error *events_open(struct verb *verb, const char *target,
                          const struct event_source_options *wish, struct event_source **ret);

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
