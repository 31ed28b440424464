// See event_source.h.
#include "inspector/trace/event_source.h"

#include "inspector/base/clock.h"
#include "inspector/base/interrupt.h"
#include "inspector/proc/process.h"
#include "inspector/trace/trace_error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    IDLE_US = 500,
    SMALL_RING_BYTES = 64 << 10, // for streams that stay nearly empty
};

// ---- opening ----

static struct error *attach(struct event_source *s, const struct event_source_options *options)
{
    struct read_error error;
    struct trace_options settings = {.classes = options->classes,
                                     .no_baseline = !options->baseline};
    if (!(options->classes & (TRACE_CLASS_ALLOC | TRACE_CLASS_REFCOUNT)) && !options->baseline) {
        settings.sizes = ring_reader_sizes();
        settings.sizes.hot_bytes = settings.sizes.cold_bytes = SMALL_RING_BYTES;
    }
    const enum read_status status = trace_session_attach(&s->session, s->pid, &settings, &error);
    s->late = status == READ_TIMEOUT;
    if (status != READ_OK && !s->late)
        return trace_error_of_process(status, &error, s->pid, options->verb);
    trace_reader_open_live(&s->reader, &s->session);
    s->live = true;
    s->for_ns = options->for_ns ? options->for_ns : CLOCK_NS_PER_S;
    s->begun_ns = clock_now_ns();
    return NULL;
}

static bool all_digits(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

static struct error *no_such_target(const char *target)
{
    return error_add_try(
        error_create(ERROR_USAGE, "'%s' is neither a process id nor a file", target),
        "brille ps, or the name of a .trace file");
}

// Where a stream that nobody wants can be passed over: the trace has to say by other records when
// it ends.
static bool ends_by_itself(const struct event_source *s)
{
    return s->reader.kind == READER_FILE && !s->reader.cut_short &&
           s->reader.file->end.reason != TRACE_END_KILLED;
}

// Goes to the part of the trace that is asked for.
static enum read_status go_to_part(struct event_source *s,
                                   const struct event_source_options *options,
                                   struct read_error *error)
{
    s->to_ns = options->to_ns ? options->to_ns : UINT64_MAX;
    s->to_seq = options->to_seq ? options->to_seq : UINT64_MAX;
    s->from_ns = options->baseline ? 0 : options->from_ns;
    enum read_status status = READ_OK;
    if (options->from_ns)
        status = options->baseline
                     ? trace_reader_seek_baseline(&s->reader, true, options->from_ns, error)
                     : trace_reader_seek_time(&s->reader, options->from_ns, error);
    if (status == READ_OK && options->rare_only && ends_by_itself(s)) {
        trace_reader_skip(&s->reader, TRACE_HOT);
        trace_reader_skip(&s->reader, TRACE_COLD);
    }
    return status;
}

static struct error *open_target(struct event_source *s, const char *target,
                                 const struct event_source_options *options)
{
    struct read_error error;
    s->verb = options->verb;
    if (all_digits(target)) {
        TRY(process_parse_pid(target, &s->pid));
        return attach(s, options);
    }
    if (access(target, F_OK) != 0 && !strpbrk(target, "./@"))
        return no_such_target(target);
    if (access(target, R_OK) != 0)
        return error_create_errno(errno, "cannot open %s", target);
    s->path = strdup(target);
    if (!s->path)
        return &error_no_memory;
    enum read_status status = trace_reader_open(&s->reader, target, &error);
    if (status == READ_OK)
        status = go_to_part(s, options, &error);
    return trace_error_of_file(status, &error, target);
}

struct error *event_source_open(const char *target, const struct event_source_options *options,
                                struct event_source **ret)
{
    struct event_source *s = calloc(1, sizeof *s);
    if (!s)
        return &error_no_memory;
    struct error *err = open_target(s, target, options);
    if (err)
        event_source_destroy(s);
    else
        *ret = s;
    return err;
}

void event_source_destroy(struct event_source *s)
{
    if (!s)
        return;
    if (s->live && !s->finished)
        trace_session_detach(&s->session, NULL);
    if (s->reader.kind)
        trace_reader_close(&s->reader);
    free(s->path);
    free(s);
}

// ---- reading ----

static struct error *fail(const struct event_source *s, enum read_status status,
                          const struct read_error *error)
{
    return s->live ? trace_error_of_process(status, error, s->pid, s->verb)
                   : trace_error_of_file(status, error, s->path);
}

static bool time_is_over(const struct event_source *s)
{
    return interrupted() || clock_now_ns() - s->begun_ns >= s->for_ns;
}

static struct error *finish(struct event_source *s)
{
    struct read_error error;
    s->finished = true;
    return fail(s, trace_reader_finish(&s->reader, &error), &error);
}

struct error *event_source_next(struct event_source *s, struct trace_event *event, bool *more)
{
    struct read_error error;
    for (;;) {
        // Also while events keep coming: from a process that never rests they always do.
        if (s->live && !s->finished && ++s->turns % 64 == 0 && time_is_over(s))
            TRY(finish(s));
        const enum read_status status = trace_reader_next(&s->reader, event, &error);
        if (status == READ_OK && !s->live) {
            if (event->time_ns < s->from_ns)
                continue;
            *more = event->time_ns <= s->to_ns && event->seq < s->to_seq;
            return NULL;
        }
        if (status == READ_OK || status == READ_END || (status == READ_AGAIN && s->finished)) {
            *more = status == READ_OK;
            return NULL;
        }
        if (status != READ_AGAIN)
            return fail(s, status, &error);
        usleep(IDLE_US);
    }
}

// ---- names and times ----

uint64_t event_source_wall_ns(const struct event_source *s, uint64_t time_ns)
{
    const struct ring_state *state = &s->reader.state;
    if (!state->realtime_ns || state->began.ns < state->first.ns)
        return 0;
    return state->realtime_ns + (state->began.ns - state->first.ns) + time_ns;
}

uint64_t event_source_pid(const struct event_source *s)
{
    return s->live ? (uint64_t)s->pid : s->reader.state.pid;
}

void event_source_add_thread(const struct event_source *s, uint32_t tid, struct strbuf *out)
{
    const struct definition *thread = definitions_thread(&s->reader.definitions, tid);
    if (thread && *thread->name)
        strbuf_add(out, thread->name);
    else
        strbuf_addf(out, "thread %u", tid);
}

void event_source_add_place(const struct event_source *s, uint32_t code, uint32_t line,
                            struct strbuf *out)
{
    const struct definition *found = code ? definitions_code(&s->reader.definitions, code) : NULL;
    if (!found) {
        strbuf_add(out, "?");
        return;
    }
    const char *slash = strrchr(found->file, '/');
    strbuf_addf(out, "%s  %s", *found->qualname ? found->qualname : found->name,
                slash ? slash + 1 : found->file);
    if (line)
        strbuf_addf(out, ":%u", line);
}

uint32_t event_source_line(const struct event_source *s, uint32_t code, uint32_t site)
{
    const struct definition *found = code ? definitions_code(&s->reader.definitions, code) : NULL;
    return found ? definition_line(found, site) : 0;
}

uint64_t event_source_missing(const struct event_source *s)
{
    return trace_reader_missing(&s->reader);
}
