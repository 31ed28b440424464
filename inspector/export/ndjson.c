// One JSON object a line. The keys are a contract (docs/formats/ndjson.md): scripts and the tests
// that compare a replayed trace with a captured heap rely on them.
#include "inspector/export/export.h"
#include "inspector/export/json.h"

#include <string.h>

void ndjson_add_heap(const struct snapshot *s, struct json *json)
{
    const struct snapshot_info *info = &s->info;
    json_text(json, "record", "heap");
    json_count(json, "format", 1);
    json_text(json, "runtime", info->runtime);
    json_text(json, "version", info->version);
    json_count(json, "pid", info->pid);
    json_count(json, "pause_ns", info->pause_ns);
    json_count(json, "object_count", s->object_count);
    json_count(json, "reference_count", s->reference_count);
    json_bool(json, "complete", info->complete);
    if (info->has_event_seq)
        json_count(json, "event_seq", info->event_seq);
    else
        json_null(json, "event_seq");
    json_text(json, "command", info->command);
    json_signed(json, "taken_unix_ns", info->taken_unix_ns);
    json_count(json, "rss_bytes", info->rss_bytes);
}

static void add_generation(const struct snapshot *s, uint32_t o, struct json *json)
{
    const int generation = snapshot_generation(s, o);
    if (!snapshot_tracked(s, o) || generation > GENERATION_PERMANENT)
        json_null(json, "generation");
    else if (generation == GENERATION_PERMANENT)
        json_text(json, "generation", "permanent");
    else
        json_count(json, "generation", (uint64_t)generation);
}

void ndjson_add_object(const struct snapshot *s, uint32_t o, struct json *json)
{
    const struct snapshot_type *type = &s->types[s->type[o]];
    json_text(json, "record", "object");
    json_address(json, "address", s->address[o]);
    json_text(json, "type", snapshot_string(s, type->name));
    json_text(json, "module", snapshot_string(s, type->module));
    json_count(json, "size", snapshot_size(s, o));
    json_count(json, "refcount", s->refcount[o]);
    json_count(json, "explained", s->explained[o]);
    json_bool(json, "tracked", snapshot_tracked(s, o));
    add_generation(s, o, json);
    json_bool(json, "immortal", snapshot_immortal(s, o));
    json_bytes(json, "label", snapshot_string(s, s->label[o]),
               strtab_length(&s->strings, s->label[o]));
}

static void begin_line(struct sink *sink, struct json *json)
{
    *json = (struct json){.out = &sink->text};
    json_begin(json, NULL, '{');
}

static struct error *end_line(struct sink *sink, struct json *json)
{
    json_end(json, '}');
    strbuf_add_char(&sink->text, '\n');
    return sink_flush(sink);
}

static struct error *write_references(const struct snapshot *s, uint32_t o, struct strbuf *name,
                                      struct sink *sink)
{
    struct edge edge;
    struct json json;
    for (struct edge_iter it = snapshot_edges(s, o); edge_iter_next(&it, &edge);) {
        strbuf_clear(name);
        snapshot_add_edge_name(s, &edge, name);
        begin_line(sink, &json);
        json_text(&json, "record", "reference");
        json_address(&json, "source", s->address[o]);
        json_address(&json, "target", s->address[edge.target]);
        json_bytes(&json, "name", strbuf_text(name), name->length);
        json_text(&json, "kind", edge_kind_word(edge.kind));
        json_text(&json, "class", edge_class_word(edge.class));
        TRY(end_line(sink, &json));
    }
    return NULL;
}

// The name of a frame's root is the local variable; thread and function tell which frame.
static struct error *write_roots(const struct snapshot *s, struct sink *sink)
{
    struct json json;
    for (uint32_t i = 0; i < s->root_count; i++) {
        const struct snapshot_root *root = &s->roots[i];
        begin_line(sink, &json);
        json_text(&json, "record", "root");
        json_address(&json, "target", s->address[root->target]);
        json_text(&json, "kind", root_kind_word(root->kind));
        json_text(&json, "name", snapshot_string(s, root->name));
        json_text(&json, "class", edge_class_word(root->class));
        if (root->thread < s->thread_count)
            json_count(&json, "tid", s->threads[root->thread].tid);
        if (root->frame < s->frame_count)
            json_text(&json, "function", snapshot_string(s, s->frames[root->frame].function));
        TRY(end_line(sink, &json));
    }
    return NULL;
}

static struct error *write_threads(const struct snapshot *s, struct sink *sink)
{
    struct json json;
    for (uint32_t i = 0; i < s->thread_count; i++) {
        const struct snapshot_thread *thread = &s->threads[i];
        begin_line(sink, &json);
        json_text(&json, "record", "thread");
        json_count(&json, "tid", thread->tid);
        json_text(&json, "name", snapshot_string(s, thread->name));
        json_text(&json, "gil", gil_state_word(thread->gil));
        json_begin(&json, "frames", '[');
        for (uint32_t f = 0; f < thread->frame_count; f++) {
            const struct snapshot_frame *frame = &s->frames[thread->frame_begin + f];
            json_begin(&json, NULL, '{');
            json_text(&json, "function", snapshot_string(s, frame->function));
            json_text(&json, "file", snapshot_string(s, frame->file));
            json_count(&json, "line", frame->line);
            json_end(&json, '}');
        }
        json_end(&json, ']');
        TRY(end_line(sink, &json));
    }
    return NULL;
}

struct error *export_ndjson(struct snapshot *s, const struct export_options *options,
                            struct sink *sink)
{
    (void)options;
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    struct json json;
    begin_line(sink, &json);
    ndjson_add_heap(s, &json);
    TRY(end_line(sink, &json));
    sink_begin_progress(sink, 2 * (uint64_t)s->object_count);
    for (uint32_t o = 0; o < s->object_count; o++) {
        sink_progress(sink, o);
        begin_line(sink, &json);
        ndjson_add_object(s, o, &json);
        TRY(end_line(sink, &json));
    }
    struct strbuf name;
    strbuf_init(&name);
    struct error *err = NULL;
    for (uint32_t o = 0; !err && o < s->object_count; o++) {
        sink_progress(sink, (uint64_t)s->object_count + o);
        err = write_references(s, o, &name, sink);
    }
    strbuf_deinit(&name);
    TRY(err);
    TRY(write_roots(s, sink));
    return write_threads(s, sink);
}
