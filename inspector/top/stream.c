// See stream.h.
#include "inspector/top/stream.h"

#include "inspector/base/clock.h"
#include "inspector/trace/trace_error.h"

enum {
    ANSWER_MS = 300,
    SMALL_BYTES = 64 << 10, // of streams that stay nearly empty
    RARE_BYTES = 4 << 20,
    HOT_BYTES = 32 << 20, // while counting
    COLD_BYTES = 16 << 20,
    DEFINITIONS_BYTES = 8 << 20,
    EVENTS_A_LOOK = 1024, // between two looks at the clock
};

static uint32_t line_of(void *context, uint32_t code, uint32_t site)
{
    const struct top_stream *s = context;
    const struct definition *found = definitions_code(&s->reader.definitions, code);
    return found ? definition_line(found, site) : 0;
}

static uint32_t classes_of(const struct top_stream *s)
{
    return TRACE_CLASS_GIL | TRACE_CLASS_GC | (s->counting ? TRACE_CLASS_ALLOC : 0u);
}

struct error *top_stream_open(struct top_stream *s, pid_t pid, bool counting, bool baseline)
{
    struct read_error error;
    *s = (struct top_stream){.pid = pid, .counting = counting, .blocks = counting && baseline};
    const struct trace_options options = {
        .classes = classes_of(s),
        .policy = s->blocks ? TRACE_POLICY_BLOCK : TRACE_POLICY_DROP,
        .sizes = {.hot_bytes = counting ? HOT_BYTES : SMALL_BYTES,
                  .cold_bytes = counting ? COLD_BYTES : SMALL_BYTES,
                  .rare_bytes = RARE_BYTES,
                  .definitions_bytes = DEFINITIONS_BYTES},
        .no_baseline = !s->blocks,
        .wait_ms = ANSWER_MS,
    };
    const enum read_status status = trace_session_attach(&s->session, pid, &options, &error);
    s->late = status == READ_TIMEOUT;
    if (status != READ_OK && !s->late)
        return trace_error_of_process(status, &error, pid, "top");
    trace_reader_open_live(&s->reader, &s->session);
    handoffs_init(&s->handoffs);
    objects_init(&s->objects, line_of, s);
    s->open = true;
    return NULL;
}

void top_stream_close(struct top_stream *s)
{
    if (!s->open)
        return;
    trace_session_detach(&s->session, NULL);
    trace_reader_close(&s->reader);
    handoffs_deinit(&s->handoffs);
    objects_deinit(&s->objects);
    s->open = false;
}

static void feed_collection(struct top_stream *s, const struct trace_event *event)
{
    if (event->kind == TRACE_EVENT_gc_start) {
        s->collecting_since_ns = event->time_ns + 1;
        return;
    }
    if (event->kind != TRACE_EVENT_gc_done || event->generation < 0 ||
        event->generation >= LOOK_GENERATIONS)
        return;
    struct stream_generation *g = &s->generations[event->generation];
    const uint64_t time_ns =
        s->collecting_since_ns ? event->time_ns - (s->collecting_since_ns - 1) : 0;
    g->runs++;
    g->time_ns += time_ns;
    g->longest_ns = time_ns > g->longest_ns ? time_ns : g->longest_ns;
    g->freed += event->gc.collected;
    s->collecting_since_ns = 0;
}

static struct error *feed(struct top_stream *s, const struct trace_event *event)
{
    s->events++;
    s->late = false;
    s->last_ns = event->time_ns;
    switch (event->kind) {
    case TRACE_EVENT_gil_wait:
    case TRACE_EVENT_gil_acquire:
    case TRACE_EVENT_gil_release:
    case TRACE_EVENT_thread_exit:
        return handoffs_feed(&s->handoffs, event);
    case TRACE_EVENT_gc_start:
    case TRACE_EVENT_gc_done:
        feed_collection(s, event);
        return NULL;
    default:
        return s->counting ? objects_feed(&s->objects, event) : NULL;
    }
}

// The baseline is there: from now on the program does not wait for us.
static struct error *stop_blocking(struct top_stream *s)
{
    struct read_error error;
    if (!s->blocks || !s->objects.has_baseline)
        return NULL;
    s->blocks = false;
    const enum read_status status = trace_session_set(&s->session, classes_of(s), TRACE_POLICY_DROP,
                                                      0, &s->reader.queue.sink, &error);
    return status == READ_TIMEOUT ? NULL : trace_error_of_process(status, &error, s->pid, "top");
}

struct error *top_stream_read(struct top_stream *s, uint64_t budget_ns)
{
    const uint64_t until_ns = clock_now_ns() + budget_ns;
    struct trace_event event;
    struct read_error error;
    for (unsigned n = 1; s->open && !s->ended; n++) {
        const enum read_status status = trace_reader_next(&s->reader, &event, &error);
        s->behind = status == READ_OK;
        if (status == READ_AGAIN)
            return stop_blocking(s);
        if (status == READ_END) {
            s->ended = true;
            return NULL;
        }
        if (status != READ_OK)
            return trace_error_of_process(status, &error, s->pid, "top");
        TRY(feed(s, &event));
        if (n % EVENTS_A_LOOK == 0 && clock_now_ns() >= until_ns)
            return stop_blocking(s);
    }
    return NULL;
}

void top_stream_settle(struct top_stream *s)
{
    const uint64_t began_ns = s->reader.state.began.ns, now_ns = clock_now_ns();
    // What has not been read yet, when there is more than can be read, happened before now.
    if (s->open && s->behind)
        handoffs_advance(&s->handoffs, s->last_ns);
    else if (s->open && began_ns && now_ns > began_ns)
        handoffs_advance(&s->handoffs, now_ns - began_ns);
    s->objects.missing |= s->counting && top_stream_dropped(s) != 0;
}

void top_stream_next_tick(struct top_stream *s)
{
    handoffs_next_tick(&s->handoffs);
    objects_next_tick(&s->objects);
    memset(s->generations, 0, sizeof s->generations);
    s->events = 0;
}

uint64_t top_stream_dropped(const struct top_stream *s)
{
    uint64_t dropped = 0;
    for (int i = 0; s->open && i < TRACE_STREAM_COUNT; i++)
        dropped += s->reader.state.streams[i].dropped;
    return dropped;
}
