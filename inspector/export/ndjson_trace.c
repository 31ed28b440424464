// A trace as ndjson: one `trace` line, then one `event` line for each event, in the total order.
//
// Names are spelled out in every line (type, function, file), so that a script needs no tables; ids
// and positions of the format stay inside. Carriers and lines about definitions are left out: what
// they say is in the events that use them. docs/formats/ndjson.md describes the keys.
#include "inspector/export/export.h"

#include "inspector/export/json.h"
#include "tracer/read/reader.h"

#include <string.h>

static void add_place(const struct trace_reader *reader, const struct trace_event *event,
                      struct json *json)
{
    struct trace_location where;
    trace_reader_where(reader, event, &where);
    if (!event->code) {
        json_null(json, "file");
        json_null(json, "line");
        json_null(json, "function");
        return;
    }
    json_text(json, "file", where.file);
    json_count(json, "line", where.line);
    json_text(json, "function", where.function);
}

static void add_type(const struct trace_reader *reader, const struct trace_event *event,
                     struct json *json)
{
    const struct definition *type = trace_reader_type(reader, event->type);
    json_text(json, "type", type ? type->name : "unknown");
    json_text(json, "module", type ? type->qualname : "unknown");
}

static void add_generation(const char *key, int generation, struct json *json)
{
    if (generation < 0)
        json_null(json, key);
    else if (generation == TRACE_GENERATION_PERMANENT)
        json_text(json, key, "permanent");
    else
        json_count(json, key, (uint64_t)generation);
}

// ---- one kind after the other ----

static void add_object(const struct trace_reader *reader, const struct trace_event *event,
                       struct json *json)
{
    const unsigned kind = event->kind;
    json_address(json, "address", event->address);
    if (kind == TRACE_EVENT_alloc || kind == TRACE_EVENT_retype || kind == TRACE_EVENT_snapshot)
        add_type(reader, event, json);
    if (kind == TRACE_EVENT_alloc || kind == TRACE_EVENT_resize || kind == TRACE_EVENT_snapshot)
        json_count(json, "size", event->size);
    if (kind == TRACE_EVENT_alloc || kind == TRACE_EVENT_snapshot)
        json_count(json, "refcount", kind == TRACE_EVENT_alloc ? 1 : event->refcount);
    if (kind == TRACE_EVENT_alloc)
        json_null(json, "generation");
    if (kind == TRACE_EVENT_gc_track || kind == TRACE_EVENT_snapshot)
        add_generation("generation", event->generation, json);
    if (kind != TRACE_EVENT_snapshot)
        add_place(reader, event, json);
}

static void add_gc(const struct trace_event *event, struct json *json)
{
    switch (event->kind) {
    case TRACE_EVENT_gc_freeze:
        json_bool(json, "frozen", event->gc.to != 0);
        return;
    case TRACE_EVENT_gc_promote:
        add_generation("from", event->generation, json);
        add_generation("to", event->gc.to, json);
        return;
    case TRACE_EVENT_gc_start:
        add_generation("generation", event->generation, json);
        json_count(json, "reason", event->gc.reason);
        return;
    default:
        add_generation("generation", event->generation, json);
        json_count(json, "collected", event->gc.collected);
        json_count(json, "uncollectable", event->gc.uncollectable);
        json_count(json, "examined", event->gc.examined);
        json_count(json, "promoted", event->gc.promoted);
    }
}

static const char *reason_name(enum trace_gil_reason reason)
{
    return reason == TRACE_GIL_BLOCKING   ? "blocking"
           : reason == TRACE_GIL_INTERVAL ? "interval"
           : reason == TRACE_GIL_FINISHED ? "finished"
                                          : "unknown";
}

static void add_gil(const struct trace_reader *reader, const struct trace_event *event,
                    struct json *json)
{
    json_text(json, "thread", trace_reader_thread_name(reader, event->tid));
    json_count(json, "gil_seq", event->gil.gil_seq);
    switch (event->kind) {
    case TRACE_EVENT_gil_acquire:
        json_count(json, "previous_tid", event->gil.other_tid);
        json_count(json, "waited_ns", event->gil.duration_ns);
        add_place(reader, event, json);
        return;
    case TRACE_EVENT_gil_release:
        json_text(json, "reason", reason_name(event->gil.reason));
        json_count(json, "held_ns", event->gil.duration_ns);
        add_place(reader, event, json);
        return;
    default:
        json_count(json, "holder_tid", event->gil.other_tid);
    }
}

static void add_stack(const struct trace_reader *reader, const struct trace_event *event,
                      struct json *json)
{
    json_count(json, "of_tid", event->stack.tid);
    json_count(json, "depth", event->stack.depth);
    json_count(json, "first", event->stack.first);
    json_begin(json, "frames", '[');
    for (uint32_t i = 0; i < event->stack.count; i++) {
        const struct trace_event frame = {.kind = TRACE_EVENT_incref,
                                          .code = TRACE_FRAME_CODE(event->stack.frames[i]),
                                          .site = TRACE_FRAME_SITE(event->stack.frames[i])};
        json_begin(json, NULL, '{');
        add_place(reader, &frame, json);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void add_dropped(const struct trace_event *event, struct json *json)
{
    static const char *const STREAMS[] = {"hot", "cold", "rare"};
    json_text(json, "stream", STREAMS[event->dropped.stream % TRACE_STREAM_COUNT]);
    json_count(json, "first", event->dropped.first);
    json_count(json, "end", event->dropped.end);
    json_count(json, "units", event->dropped.units);
    json_begin(json, "counts", '{');
    for (unsigned wire = 1; wire < event->dropped.kinds; wire++) {
        const unsigned kind = trace_event_of_wire(event->dropped.stream, wire);
        if (event->dropped.counts[wire] && kind != TRACE_EVENT_NONE)
            json_count(json, trace_event_name(kind), event->dropped.counts[wire]);
    }
    json_end(json, '}');
}

static const char *meta_name(enum trace_meta what)
{
    static const char *const NAMES[] = {
        [TRACE_META_START] = "start",
        [TRACE_META_CLASSES] = "classes",
        [TRACE_META_POLICY] = "policy",
        [TRACE_META_BASELINE_BEGIN] = "baseline_begin",
        [TRACE_META_BASELINE_END] = "baseline_end",
        [TRACE_META_SYNC] = "sync",
        [TRACE_META_CAPTURE] = "capture",
        [TRACE_META_STOP] = "stop",
    };
    const unsigned index = (unsigned)what;
    return index && index < sizeof NAMES / sizeof *NAMES ? NAMES[index] : "unknown";
}

static void add_fields(const struct trace_reader *reader, const struct trace_event *event,
                       struct json *json)
{
    switch (event->kind) {
    case TRACE_EVENT_enter:
    case TRACE_EVENT_leave:
        add_place(reader, event, json);
        return;
    case TRACE_EVENT_gc_freeze:
    case TRACE_EVENT_gc_start:
    case TRACE_EVENT_gc_done:
    case TRACE_EVENT_gc_promote:
        add_gc(event, json);
        return;
    case TRACE_EVENT_gil_request:
    case TRACE_EVENT_gil_wait:
    case TRACE_EVENT_gil_acquire:
    case TRACE_EVENT_gil_release:
        add_gil(reader, event, json);
        return;
    case TRACE_EVENT_thread_start:
    case TRACE_EVENT_thread_exit:
        json_text(json, "thread", trace_reader_thread_name(reader, event->tid));
        json_count(json, "ident", event->thread.ident);
        if (event->kind == TRACE_EVENT_thread_start)
            json_count(json, "parent_tid", event->thread.parent_tid);
        return;
    case TRACE_EVENT_stack:
        add_stack(reader, event, json);
        return;
    case TRACE_EVENT_dropped:
        add_dropped(event, json);
        return;
    case TRACE_EVENT_meta:
        json_text(json, "what", meta_name(event->meta.what));
        json_count(json, "old", event->meta.old_value);
        json_count(json, "new", event->meta.new_value);
        json_count(json, "value", event->meta.value);
        return;
    default:
        add_object(reader, event, json);
    }
}

static bool is_definition(const struct trace_event *event)
{
    return event->kind == TRACE_EVENT_type_define || event->kind == TRACE_EVENT_code_define ||
           event->kind == TRACE_EVENT_thread_define;
}

static void add_event(const struct trace_reader *reader, const struct trace_event *event,
                      struct strbuf *out)
{
    struct json json = {.out = out};
    json_begin(&json, NULL, '{');
    json_text(&json, "record", "event");
    json_count(&json, "seq", event->seq);
    json_count(&json, "time_ns", event->time_ns);
    json_text(&json, "event", trace_event_name(event->kind));
    json_count(&json, "tid", event->tid);
    add_fields(reader, event, &json);
    if (event->after_gap)
        json_bool(&json, "after_gap", true);
    json_end(&json, '}');
    strbuf_add_char(out, '\n');
}

static void add_header(const struct trace_reader *reader, struct strbuf *out)
{
    const struct ring_state *state = &reader->state;
    struct json json = {.out = out};
    json_begin(&json, NULL, '{');
    json_text(&json, "record", "trace");
    json_count(&json, "format", 1);
    json_text(&json, "runtime", "brille");
    json_bytes(&json, "build", state->build_id, strnlen(state->build_id, sizeof state->build_id));
    json_count(&json, "pid", state->pid);
    json_count(&json, "begun_unix_ns",
               state->realtime_ns ? state->realtime_ns + (state->began.ns - state->first.ns) : 0);
    json_text(&json, "origin", state->origin == TRACE_ORIGIN_BIRTH ? "birth" : "attach");
    json_bool(&json, "cut_short", reader->cut_short);
    json_end(&json, '}');
    strbuf_add_char(out, '\n');
}

static struct error *read_error(enum read_status status, const struct read_error *error)
{
    if (status == READ_END)
        return NULL;
    if (status == READ_NO_MEMORY)
        return &error_no_memory;
    return error_create(ERROR_FORMAT, "cannot read the trace to its end: %s", error->message);
}

struct error *export_trace_ndjson(struct trace_reader *reader, struct sink *sink)
{
    struct trace_event event;
    struct read_error error;
    enum read_status status;
    add_header(reader, &sink->text);
    while ((status = trace_reader_next(reader, &event, &error)) == READ_OK) {
        if (is_definition(&event))
            continue;
        add_event(reader, &event, &sink->text);
        TRY(sink_flush(sink));
    }
    return read_error(status, &error);
}
