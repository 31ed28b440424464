// A Perfetto trace with one heap graph: ui.perfetto.dev shows it as a flame graph by dominators,
// and trace_processor answers SQL over heap_graph_object and heap_graph_reference.
//
//     Trace = TracePacket*;  TracePacket { timestamp, sequence, HeapGraph }
//
// A graph is spread over packets of PACKET_OBJECTS objects. They carry an index that rises by one
// from 0, and all but the last say `continued`: a reader that misses one marks the graph as cut.
// Objects are numbered from 1, because 0 means no object; a packet's first object has its number,
// the others the difference to the one before.
//
// Every reference counts as strong there, so weak and borrowed ones are left out. Names of
// attributes and variables are kept; elements, keys and values of containers are [item], [key] and
// [value], for a graph may have millions of keys.
#include "inspector/analysis/reach.h"
#include "inspector/export/export.h"
#include "inspector/export/proto.h"

#include <stdlib.h>

enum { PACKET_OBJECTS = 10000, SEQUENCE = 1 };

// Field numbers
enum {
    TRACE_PACKET = 1,
    PACKET_TIMESTAMP = 8,
    PACKET_SEQUENCE = 10,
    PACKET_HEAP_GRAPH = 56,
    PACKET_TRACK = 60,
    TRACK_UUID = 1,
    TRACK_PROCESS = 3,
    PROCESS_PID = 1,
    PROCESS_NAME = 6,
    GRAPH_PID = 1,
    GRAPH_OBJECTS = 2,
    GRAPH_FIELD_NAMES = 4,
    GRAPH_CONTINUED = 5,
    GRAPH_INDEX = 6,
    GRAPH_ROOTS = 7,
    GRAPH_TYPES = 9,
    STRING_ID = 1,
    STRING_TEXT = 2,
    TYPE_ID = 1,
    TYPE_NAME = 3,
    TYPE_SIZE = 4,
    ROOT_OBJECTS = 1,
    ROOT_TYPE = 2,
    OBJECT_ID = 1,
    OBJECT_TYPE = 2,
    OBJECT_SIZE = 3,
    OBJECT_FIELDS = 4,
    OBJECT_TARGETS = 5,
    OBJECT_ID_DELTA = 7,
};

// Fixed names of references; those of attributes follow.
enum { FIELD_ITEM = 1, FIELD_KEY, FIELD_VALUE, FIELD_TYPE, FIELD_OTHER, FIELD_FIRST_FREE };

// The kinds of roots that the format knows, those of a Java runtime.
static const uint8_t root_types[ROOT_KIND_COUNT] = {
    [ROOT_MODULE] = 5,       // sticky class
    [ROOT_FRAME] = 3,        // frame
    [ROOT_THREAD] = 8,       // thread object
    [ROOT_INTERPRETER] = 13, // internal to the VM
    [ROOT_HANDLE] = 2,       // local of native code
    [ROOT_STATIC] = 5,       // sticky class
    [ROOT_INTERNED] = 9,     // interned string
    [ROOT_NATIVE] = 1,       // global of native code
};

struct graph_writer {
    struct snapshot *s;
    struct sink *sink;
    struct start_vec starts;
    uint32_t *field_of; // by string id: number of the field name, 0 when it has none yet
    uint32_t field_count;
    uint64_t packet_index;
    struct strbuf graph, message, part, fields, targets;
};

static void writer_deinit(struct graph_writer *w)
{
    start_vec_deinit(&w->starts);
    free(w->field_of);
    strbuf_deinit(&w->graph);
    strbuf_deinit(&w->message);
    strbuf_deinit(&w->part);
    strbuf_deinit(&w->fields);
    strbuf_deinit(&w->targets);
}

// ---- packets ----

static void add_packet_head(struct strbuf *packet, const struct snapshot *s)
{
    proto_number(packet, PACKET_TIMESTAMP, (uint64_t)s->info.taken_unix_ns);
    proto_number(packet, PACKET_SEQUENCE, SEQUENCE);
}

static struct error *write_process(struct graph_writer *w)
{
    const struct snapshot_info *info = &w->s->info;
    strbuf_clear(&w->part);
    proto_number(&w->part, PROCESS_PID, info->pid);
    proto_text(&w->part, PROCESS_NAME, info->command);
    strbuf_clear(&w->message);
    proto_number(&w->message, TRACK_UUID, 1);
    proto_message(&w->message, TRACK_PROCESS, &w->part);
    strbuf_clear(&w->graph);
    add_packet_head(&w->graph, w->s);
    proto_message(&w->graph, PACKET_TRACK, &w->message);
    proto_message(&w->sink->text, TRACE_PACKET, &w->graph);
    strbuf_clear(&w->graph);
    return sink_flush(w->sink);
}

static struct error *end_packet(struct graph_writer *w, bool last)
{
    proto_number(&w->graph, GRAPH_PID, w->s->info.pid);
    proto_number(&w->graph, GRAPH_INDEX, w->packet_index++);
    if (!last)
        proto_number(&w->graph, GRAPH_CONTINUED, 1);
    strbuf_clear(&w->message);
    add_packet_head(&w->message, w->s);
    proto_message(&w->message, PACKET_HEAP_GRAPH, &w->graph);
    proto_message(&w->sink->text, TRACE_PACKET, &w->message);
    strbuf_clear(&w->graph);
    return sink_flush(w->sink);
}

// ---- parts of a graph ----

static void add_field_name(struct graph_writer *w, uint32_t field, const char *text)
{
    strbuf_clear(&w->part);
    proto_number(&w->part, STRING_ID, field);
    proto_text(&w->part, STRING_TEXT, text);
    proto_message(&w->graph, GRAPH_FIELD_NAMES, &w->part);
}

static void add_types(struct graph_writer *w)
{
    struct strbuf name = {0};
    for (uint32_t t = 0; t < w->s->type_count; t++) {
        strbuf_clear(&name);
        snapshot_add_type_name(w->s, t, &name);
        strbuf_clear(&w->part);
        proto_number(&w->part, TYPE_ID, (uint64_t)t + 1);
        proto_message(&w->part, TYPE_NAME, &name);
        proto_number(&w->part, TYPE_SIZE, w->s->types[t].size_bytes);
        proto_message(&w->graph, GRAPH_TYPES, &w->part);
    }
    strbuf_deinit(&name);
}

static void add_roots(struct graph_writer *w)
{
    for (size_t i = 0; i < w->starts.count;) {
        const uint32_t row = w->starts.items[i].root;
        const unsigned kind = row == ORDINAL_NONE ? ROOT_NATIVE : w->s->roots[row].kind;
        strbuf_clear(&w->fields);
        for (; i < w->starts.count; i++) {
            const struct start *start = &w->starts.items[i];
            if (kind != (start->root == ORDINAL_NONE ? ROOT_NATIVE : w->s->roots[start->root].kind))
                break;
            proto_raw(&w->fields, (uint64_t)start->object + 1);
        }
        strbuf_clear(&w->part);
        proto_packed(&w->part, ROOT_OBJECTS, &w->fields);
        proto_number(&w->part, ROOT_TYPE, root_types[kind]);
        proto_message(&w->graph, GRAPH_ROOTS, &w->part);
    }
}

static uint32_t field_of(struct graph_writer *w, const struct edge *edge)
{
    switch (edge->kind) {
    case EDGE_ITEM:
        return FIELD_ITEM;
    case EDGE_KEY:
        return FIELD_KEY;
    case EDGE_VALUE:
        return FIELD_VALUE;
    case EDGE_TYPE:
        return FIELD_TYPE;
    default:
        break;
    }
    if (edge->name == EDGE_NAME_NONE || edge_name_is_index(edge->name))
        return FIELD_OTHER;
    uint32_t *field = &w->field_of[edge->name];
    if (!*field) {
        *field = w->field_count++;
        add_field_name(w, *field, snapshot_string(w->s, edge->name));
    }
    return *field;
}

static void add_object(struct graph_writer *w, uint32_t o, bool first)
{
    const struct snapshot *s = w->s;
    struct edge edge;
    strbuf_clear(&w->fields);
    strbuf_clear(&w->targets);
    for (struct edge_iter it = snapshot_edges(s, o); edge_iter_next(&it, &edge);) {
        if (!edge_class_retains(edge.class))
            continue;
        proto_raw(&w->fields, field_of(w, &edge));
        proto_raw(&w->targets, (uint64_t)edge.target + 1);
    }
    strbuf_clear(&w->message);
    if (first)
        proto_number(&w->message, OBJECT_ID, (uint64_t)o + 1);
    else
        proto_number(&w->message, OBJECT_ID_DELTA, 1);
    proto_number(&w->message, OBJECT_TYPE, (uint64_t)s->type[o] + 1);
    proto_number(&w->message, OBJECT_SIZE, snapshot_size(s, o));
    proto_packed(&w->message, OBJECT_FIELDS, &w->fields);
    proto_packed(&w->message, OBJECT_TARGETS, &w->targets);
    proto_message(&w->graph, GRAPH_OBJECTS, &w->message);
}

static struct error *write_all(struct graph_writer *w)
{
    static const char *const fixed[FIELD_FIRST_FREE] = {[FIELD_ITEM] = "[item]",
                                                        [FIELD_KEY] = "[key]",
                                                        [FIELD_VALUE] = "[value]",
                                                        [FIELD_TYPE] = "type",
                                                        [FIELD_OTHER] = "reference"};
    TRY(snapshot_load(w->s, SNAPSHOT_COLUMNS | SNAPSHOT_EDGES));
    TRY(reach_starts(w->s, &w->starts));
    w->field_count = FIELD_FIRST_FREE;
    w->field_of = calloc((size_t)w->s->strings.count + 1, sizeof *w->field_of);
    if (!w->field_of)
        return &error_no_memory;
    TRY(write_process(w));
    add_types(w);
    add_roots(w);
    for (uint32_t field = 1; field < FIELD_FIRST_FREE; field++)
        add_field_name(w, field, fixed[field]);
    sink_begin_progress(w->sink, w->s->object_count);
    for (uint32_t o = 0; o < w->s->object_count; o++) {
        sink_progress(w->sink, o);
        if (o && o % PACKET_OBJECTS == 0)
            TRY(end_packet(w, false));
        add_object(w, o, o % PACKET_OBJECTS == 0);
    }
    return end_packet(w, true);
}

struct error *export_perfetto(struct snapshot *s, const struct export_options *options,
                              struct sink *sink)
{
    struct graph_writer w = {.s = s, .sink = sink};
    (void)options;
    struct error *err = write_all(&w);
    writer_deinit(&w);
    return err;
}
