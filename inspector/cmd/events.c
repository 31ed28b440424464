// See events.h.
#include "inspector/cmd/events.h"

#include "inspector/base/format.h"
#include "inspector/base/interrupt.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/model/heap_file.h"
#include "inspector/proc/process.h"

#include <string.h>
#include <time.h>

struct error *events_check_part(const struct events_part *part, const char *target)
{
    if ((part->from_ns || part->to_ns) && strspn(target, "0123456789") == strlen(target))
        return error_add_try(error_create(ERROR_USAGE, "--from and --to are for a trace"),
                             "--for TIME says how long to listen to a process");
    if (part->to_ns && part->to_ns <= part->from_ns)
        return error_create(ERROR_USAGE, "--to must be later than --from");
    return NULL;
}

struct error *events_open(struct verb *verb, const char *target,
                          const struct event_source_options *wish, struct event_source **ret)
{
    struct event_source_options options = *wish;
    options.verb = verb->command->name;
    interrupt_begin();
    struct error *err = event_source_open(target, &options, ret);
    if (err && err->code == ERROR_FORMAT && heap_file_looks_like(target)) {
        error_destroy(err);
        err = error_add_try(error_create(ERROR_USAGE,
                                         "%s is a heap: events are in a trace, or in a process",
                                         target),
                            "brille record PID -o F.trace, then brille %s F.trace", options.verb);
    }
    if (err)
        interrupt_end();
    else if ((*ret)->late)
        log_warning("process %d is asleep or in C code; events begin when it next runs Python",
                    (int)(*ret)->pid);
    return err;
}

struct error *events_read(struct event_source *source,
                          struct error *(*feed)(void *context, const struct trace_event *event),
                          void *context)
{
    struct trace_event event;
    struct progress progress;
    struct error *err = NULL;
    uint64_t count = 0;
    bool more = true;
    progress_begin(&progress, source->live ? "listening" : "reading", "events", 0);
    while (!err) {
        err = event_source_next(source, &event, &more);
        if (err || !more)
            break;
        err = feed(context, &event);
        if (++count % 4096 == 0)
            progress_update(&progress, count);
        if (!source->live && interrupted())
            err = error_create(ERROR_INTERRUPTED, "interrupted after %s events",
                               format_count(count).text);
    }
    progress_end(&progress);
    interrupt_end();
    return err;
}

static void warn(const struct event_source *source)
{
    const uint64_t missing = event_source_missing(source);
    if (missing)
        log_warning("%s events are missing; numbers are low", format_count(missing).text);
    if (source->reader.cut_short)
        log_warning("%s ends early; everything before that was read", source->path);
}

void events_add_heading(struct verb *verb, const struct event_source *source)
{
    struct process process;
    warn(source);
    if (verb->json || verb->tsv)
        return;
    if (source->live || source->outside) {
        _cleanup_error_ struct error *gone = process_read(&process, source->pid);
        if (!gone)
            strbuf_addf(&verb->out, "%s  ", process.name);
    } else {
        strbuf_addf(&verb->out, "%s  ", source->path);
    }
    strbuf_addf(&verb->out, "pid %llu", (unsigned long long)event_source_pid(source));
    const uint64_t wall_ns = event_source_wall_ns(source, 0);
    if (wall_ns)
        strbuf_addf(&verb->out, "  %s", format_utc((int64_t)(wall_ns / 1000000000)).text);
    strbuf_add_char(&verb->out, '\n');
}

void events_add_json(const struct event_source *source, struct json *json)
{
    json_begin(json, "source", '{');
    if (source->path && !source->outside)
        json_text(json, "file", source->path);
    else
        json_null(json, "file");
    json_count(json, "pid", event_source_pid(source));
    json_bool(json, "live", source->live || source->outside);
    json_count(json, "begun_unix_ns", event_source_wall_ns(source, 0));
    json_count(json, "missing", event_source_missing(source));
    json_bool(json, "cut_short", source->reader.cut_short);
    json_end(json, '}');
}

void events_add_time(const struct event_source *source, uint64_t time_ns, struct strbuf *out)
{
    char clock[16];
    struct tm broken;
    const uint64_t wall_ns = event_source_wall_ns(source, time_ns);
    const time_t seconds = (time_t)(wall_ns / 1000000000);
    if (!wall_ns || !gmtime_r(&seconds, &broken)) {
        strbuf_addf(out, "+%.6f", (double)time_ns / 1e9);
        return;
    }
    strftime(clock, sizeof clock, "%H:%M:%S", &broken);
    strbuf_addf(out, "%s.%06u", clock, (unsigned)(wall_ns % 1000000000 / 1000));
}
