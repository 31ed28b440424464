// Chrome's .heapsnapshot: opens in DevTools (Memory, Load) and in memlab.
//
// The format is not specified anywhere; what follows is what its readers insist on. The keys come
// in a fixed order and the arrays must have exactly the announced lengths, for the readers size
// their memory by them and find their way by searching for the next key. Numbers are digits alone
// and below 2^32. Edges stand one behind the other in the order of their nodes. Node 0 is the root,
// synthetic and without a name.
//
//     node: type, name, id, self_size, edge_count, trace_node_id, detachedness    7 numbers
//     edge: type, name or index, node it leads to (its number times 7)            3 numbers
//
// How a Python heap becomes one:
//   - A node's name is the type's, because the readers group by it; texts and numbers are nodes of
//     the kinds string and number, named by their value, as in a JavaScript heap.
//   - All starting points of reachability hang from the root by `shortcut` edges: what the readers
//     call user roots. What is not reachable hangs from a node of its own, and its references into
//     the reachable part are weak ones, so that retained sizes are those of brille.
//   - An object of 4 GiB or more is a node with further nodes for the rest of its size.
//   - Two snapshots are compared by id, so an id is made of the address: 15 bits for the MiB it is
//     in, 17 for its place there.
#include "inspector/analysis/reach.h"
#include "inspector/base/digits.h"
#include "inspector/base/vec.h"
#include "inspector/export/export.h"

#include <stdlib.h>
#include <string.h>

enum {
    NODE_FIELDS = 7,
    NAME_BYTES_MAX = 200,
    CHUNK_BITS = 20,
    CHUNK_SLOTS = 32767, // the slot behind them is for nodes that are no objects
    SLOT_BITS = 17,
    NODES_MAX = 613566756, // node number * NODE_FIELDS must be below 2^32
};

#define PIECE_MAX UINT64_C(0xffffffff)

enum node_type {
    NODE_STRING = 2,
    NODE_OBJECT,
    NODE_CODE,
    NODE_CLOSURE,
    NODE_NUMBER = 7,
    NODE_SYNTHETIC = 9
};

enum js_edge { JS_CONTEXT, JS_ELEMENT, JS_PROPERTY, JS_INTERNAL, JS_SHORTCUT = 5, JS_WEAK };

static const char header[] =
    "{\"snapshot\":{\"meta\":{\"node_fields\":[\"type\",\"name\",\"id\",\"self_size\","
    "\"edge_count\",\"trace_node_id\",\"detachedness\"],\"node_types\":[[\"hidden\",\"array\","
    "\"string\",\"object\",\"code\",\"closure\",\"regexp\",\"number\",\"native\",\"synthetic\","
    "\"concatenated string\",\"sliced string\",\"symbol\",\"bigint\",\"object shape\","
    "\"wasm object\"],\"string\",\"number\",\"number\",\"number\",\"number\",\"number\"],"
    "\"edge_fields\":[\"type\",\"name_or_index\",\"to_node\"],\"edge_types\":[[\"context\","
    "\"element\",\"property\",\"internal\",\"hidden\",\"shortcut\",\"weak\"],"
    "\"string_or_number\",\"node\"],\"trace_function_info_fields\":[\"function_id\",\"name\","
    "\"script_name\",\"script_id\",\"line\",\"column\"],\"trace_node_fields\":[\"id\","
    "\"function_info_index\",\"count\",\"size\",\"children\"],\"sample_fields\":["
    "\"timestamp_us\",\"last_assigned_id\"],\"location_fields\":[\"object_index\",\"script_id\","
    "\"line\",\"column\"]},";

struct chunk {
    uint64_t number;
    uint32_t slot;
};

VEC_DEFINE(chunk_vec, struct chunk);

struct piece {
    uint32_t object;
    uint64_t size_bytes; // up to PIECE_MAX
};

VEC_DEFINE(piece_vec, struct piece);

struct writer {
    struct snapshot *s;
    struct sink *sink;
    struct start_vec starts; // one for each object
    uint8_t *reachable;
    uint32_t unreachable_count;
    uint32_t first_object;   // number of the node of ordinal 0
    struct piece_vec pieces; // what is left of big objects, by rising ordinal
    struct chunk_vec chunks;
    bool ordinal_ids; // more chunks than slots
    struct strtab names;
    uint32_t *plain_name; // by string id of the snapshot: id in names + 1
    uint32_t *key_name;
    uint32_t *type_name; // by type
    uint8_t *type_node;
    bool comma;
};

static void writer_deinit(struct writer *w)
{
    start_vec_deinit(&w->starts);
    piece_vec_deinit(&w->pieces);
    chunk_vec_deinit(&w->chunks);
    strtab_deinit(&w->names);
    free(w->reachable);
    free(w->plain_name);
    free(w->key_name);
    free(w->type_name);
    free(w->type_node);
}

// ---- what there is to write ----

// The first, which is the preferred, of each object's.
static void drop_repeated_starts(struct start_vec *starts, uint8_t *seen)
{
    size_t kept = 0;
    for (size_t i = 0; i < starts->count; i++) {
        const uint32_t o = starts->items[i].object;
        if (reach_marked(seen, o))
            continue;
        seen[o / 8] |= (uint8_t)(1 << (o % 8));
        starts->items[kept++] = starts->items[i];
    }
    starts->count = kept;
}

static struct error *find_starts(struct writer *w)
{
    const uint32_t n = w->s->object_count;
    TRY(reach_starts(w->s, &w->starts));
    TRY(reach_mark(w->s, &w->starts, &w->reachable));
    _cleanup_free_ uint8_t *seen = calloc((size_t)n / 8 + 1, 1);
    if (!seen)
        return &error_no_memory;
    drop_repeated_starts(&w->starts, seen);
    for (uint32_t o = 0; o < n; o++)
        w->unreachable_count += !reach_marked(w->reachable, o);
    w->first_object = w->unreachable_count ? 2 : 1;
    return NULL;
}

static struct error *find_pieces(struct writer *w)
{
    for (uint32_t i = 0; i < w->s->big_count; i++) {
        uint64_t left = w->s->big[i].size_bytes;
        for (left -= left < PIECE_MAX ? left : PIECE_MAX; left;) {
            const uint64_t part = left < PIECE_MAX ? left : PIECE_MAX;
            TRY(piece_vec_push(&w->pieces, (struct piece){w->s->big[i].object, part}));
            left -= part;
        }
    }
    return NULL;
}

// A slot for each MiB that has objects: its number modulo the slots, or the next that is free. So
// the same address gets the same id in another dump, unless chunks collide.
static struct error *find_chunks(struct writer *w)
{
    _cleanup_free_ uint8_t *taken = calloc(CHUNK_SLOTS, 1);
    if (!taken)
        return &error_no_memory;
    for (uint32_t o = 0; o < w->s->object_count; o++) {
        const uint64_t number = w->s->address[o] >> CHUNK_BITS;
        const struct chunk *last = chunk_vec_last(&w->chunks);
        if (last && last->number == number)
            continue;
        if (w->chunks.count == CHUNK_SLOTS) {
            w->ordinal_ids = true;
            return NULL;
        }
        uint32_t slot = (uint32_t)(number % CHUNK_SLOTS);
        while (taken[slot])
            slot = (slot + 1) % CHUNK_SLOTS;
        taken[slot] = 1;
        TRY(chunk_vec_push(&w->chunks, (struct chunk){number, slot}));
    }
    return NULL;
}

static uint64_t special_id(uint64_t number)
{
    return ((uint64_t)CHUNK_SLOTS << SLOT_BITS) + number % (UINT64_C(1) << SLOT_BITS);
}

// ---- names ----

static struct error *name_id(struct writer *w, const char *text, size_t length, uint32_t *ret)
{
    if (length > NAME_BYTES_MAX) {
        length = NAME_BYTES_MAX;
        while (length && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
    }
    return strtab_intern(&w->names, text, length, ret);
}

static struct error *name_once(struct writer *w, uint32_t *cache, const char *prefix, uint32_t id,
                               uint32_t *ret)
{
    if (!cache[id]) {
        const char *text = snapshot_string(w->s, id);
        const size_t length = strtab_length(&w->s->strings, id);
        char name[NAME_BYTES_MAX + 16];
        const int used = snprintf(name, sizeof name, "%s%.*s", prefix,
                                  (int)(length < NAME_BYTES_MAX ? length : NAME_BYTES_MAX), text);
        uint32_t made;
        TRY(name_id(w, name, used < 0 ? 0 : strlen(name), &made));
        cache[id] = made + 1;
    }
    *ret = cache[id] - 1;
    return NULL;
}

static enum node_type node_type_of(const char *type)
{
    static const struct {
        const char *name;
        enum node_type node;
    } known[] = {{"str", NODE_STRING},       {"int", NODE_NUMBER},
                 {"float", NODE_NUMBER},     {"code", NODE_CODE},
                 {"function", NODE_CLOSURE}, {"builtin_function_or_method", NODE_CLOSURE}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(type, known[i].name) == 0)
            return known[i].node;
    return NODE_OBJECT;
}

static struct error *name_types(struct writer *w)
{
    struct strbuf name;
    struct error *err = NULL;
    strbuf_init(&name);
    for (uint32_t t = 0; !err && t < w->s->type_count; t++) {
        strbuf_clear(&name);
        snapshot_add_type_name(w->s, t, &name);
        err = name_id(w, strbuf_text(&name), name.length, &w->type_name[t]);
        const bool builtin = !strchr(strbuf_text(&name), '.');
        w->type_node[t] = (uint8_t)(builtin ? node_type_of(strbuf_text(&name)) : NODE_OBJECT);
    }
    strbuf_deinit(&name);
    return err;
}

static struct error *prepare(struct writer *w)
{
    const size_t strings = (size_t)w->s->strings.count + 1, types = (size_t)w->s->type_count + 1;
    TRY(snapshot_load(w->s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    TRY(strtab_init(&w->names));
    w->plain_name = calloc(strings, sizeof *w->plain_name);
    w->key_name = calloc(strings, sizeof *w->key_name);
    w->type_name = calloc(types, sizeof *w->type_name);
    w->type_node = calloc(types, 1);
    if (!w->plain_name || !w->key_name || !w->type_name || !w->type_node)
        return &error_no_memory;
    TRY(find_starts(w));
    TRY(find_pieces(w));
    TRY(find_chunks(w));
    if (w->s->object_count > NODES_MAX - w->pieces.count - 2)
        return error_create(ERROR_LIMIT, "a heapsnapshot cannot hold so many objects");
    return name_types(w);
}

// ---- nodes ----

// Puts the numbers of one node or edge down, with commas between and before all but the first.
static struct error *write_numbers(struct writer *w, const uint64_t *numbers, unsigned count)
{
    char *at = strbuf_room(&w->sink->text, NODE_FIELDS * (DIGITS_MAX + 1) + 2);
    if (!at)
        return &error_no_memory;
    if (w->comma) {
        *at++ = ',';
        *at++ = '\n';
    }
    for (unsigned i = 0; i < count; i++) {
        at = digits_put(at, numbers[i]);
        *at++ = ',';
    }
    w->comma = true;
    strbuf_commit(&w->sink->text, at - 1);
    return sink_flush(w->sink);
}

static struct error *write_node(struct writer *w, enum node_type type, uint32_t name, uint64_t id,
                                uint64_t size, uint64_t edges)
{
    const uint64_t numbers[NODE_FIELDS] = {type, name, id, size, edges, 0, 0};
    return write_numbers(w, numbers, NODE_FIELDS);
}

// Texts and numbers are named by their value.
static struct error *name_object(struct writer *w, uint32_t o, uint32_t *ret)
{
    const uint8_t node = w->type_node[w->s->type[o]];
    if (node != NODE_OBJECT && w->s->label[o])
        return name_once(w, w->plain_name, "", w->s->label[o], ret);
    *ret = w->type_name[w->s->type[o]];
    return NULL;
}

static struct error *write_objects(struct writer *w)
{
    const struct snapshot *s = w->s;
    size_t chunk = 0, piece = 0;
    for (uint32_t o = 0; o < s->object_count; o++) {
        uint64_t id = o, edges = s->edge_begin[o + 1] - s->edge_begin[o],
                 size = snapshot_size(s, o);
        uint32_t name;
        sink_progress(w->sink, o);
        if (!w->ordinal_ids) {
            while (w->chunks.items[chunk].number != s->address[o] >> CHUNK_BITS)
                chunk++;
            id = (uint64_t)w->chunks.items[chunk].slot << SLOT_BITS |
                 (s->address[o] >> 3 & ((1u << SLOT_BITS) - 1));
        }
        for (; piece < w->pieces.count && w->pieces.items[piece].object == o; piece++)
            edges++;
        TRY(name_object(w, o, &name));
        TRY(write_node(w, w->type_node[s->type[o]], name, id, size < PIECE_MAX ? size : PIECE_MAX,
                       edges));
    }
    return NULL;
}

static struct error *write_nodes(struct writer *w)
{
    uint32_t unreachable, rest;
    TRY(name_id(w, "(unreachable)", 13, &unreachable));
    TRY(name_id(w, "(more of it)", 12, &rest));
    strbuf_add(&w->sink->text, "\"nodes\":[");
    TRY(write_node(w, NODE_SYNTHETIC, 0, special_id(1), 0,
                   w->starts.count + (w->unreachable_count != 0)));
    if (w->unreachable_count)
        TRY(write_node(w, NODE_SYNTHETIC, unreachable, special_id(2), 0, w->unreachable_count));
    TRY(write_objects(w));
    for (size_t i = 0; i < w->pieces.count; i++)
        TRY(write_node(w, NODE_OBJECT, rest, special_id(3 + i), w->pieces.items[i].size_bytes, 0));
    strbuf_add(&w->sink->text, "],\n");
    return NULL;
}

// ---- edges ----

static inline struct error *write_edge(struct writer *w, enum js_edge type, uint32_t name,
                                       uint32_t node)
{
    const uint64_t numbers[] = {type, name, (uint64_t)node * NODE_FIELDS};
    return write_numbers(w, numbers, 3);
}

static struct error *write_roots(struct writer *w)
{
    struct strbuf text;
    struct error *err = NULL;
    strbuf_init(&text);
    for (size_t i = 0; !err && i < w->starts.count; i++) {
        const struct start *start = &w->starts.items[i];
        uint32_t name;
        strbuf_clear(&text);
        if (start->root == ORDINAL_NONE)
            strbuf_add(&text, "held by native code");
        else
            snapshot_add_root_name(w->s, &w->s->roots[start->root], &text);
        err = name_id(w, strbuf_text(&text), text.length, &name);
        if (!err)
            err = write_edge(w, JS_SHORTCUT, name, w->first_object + start->object);
    }
    strbuf_deinit(&text);
    if (!err && w->unreachable_count)
        err = write_edge(w, JS_ELEMENT, 1, 1);
    return err;
}

static struct error *write_unreachable(struct writer *w)
{
    for (uint32_t o = 0, index = 0; w->unreachable_count && o < w->s->object_count; o++)
        if (!reach_marked(w->reachable, o))
            TRY(write_edge(w, JS_ELEMENT, index++, w->first_object + o));
    return NULL;
}

static enum js_edge edge_type_of(enum edge_kind kind)
{
    switch (kind) {
    case EDGE_ITEM:
        return JS_ELEMENT;
    case EDGE_VALUE:
    case EDGE_ATTRIBUTE:
    case EDGE_SLOT:
        return JS_PROPERTY;
    case EDGE_LOCAL:
    case EDGE_CELL:
        return JS_CONTEXT;
    default:
        return JS_INTERNAL;
    }
}

// A number for elements; for the others the id of a name. `position` is the edge's place.
static struct error *name_edge(struct writer *w, const struct edge *edge, uint32_t position,
                               enum js_edge *type, uint32_t *ret)
{
    const bool is_index = edge_name_is_index(edge->name);
    if (is_index && *type == JS_PROPERTY)
        *type = JS_ELEMENT;
    if (*type == JS_ELEMENT) {
        if (edge->name == EDGE_NAME_NONE || is_index) {
            *ret = is_index ? edge_name_value(edge->name) : position;
            return NULL;
        }
        *type = JS_PROPERTY;
    }
    if (is_index) {
        char text[16];
        const int length = snprintf(text, sizeof text, "%u", edge_name_value(edge->name));
        return name_id(w, text, (size_t)length, ret);
    }
    if (edge->name == EDGE_NAME_NONE)
        return name_id(w, edge->kind == EDGE_TYPE ? "type" : "reference",
                       edge->kind == EDGE_TYPE ? 4 : 9, ret);
    if (edge->kind == EDGE_KEY)
        return name_once(w, w->key_name, "key ", edge->name, ret);
    return name_once(w, w->plain_name, "", edge->name, ret);
}

static struct error *write_references(struct writer *w, uint32_t o)
{
    const bool source_reachable = reach_marked(w->reachable, o);
    struct edge edge;
    uint32_t position = 0, name;
    for (struct edge_iter it = snapshot_edges(w->s, o); edge_iter_next(&it, &edge); position++) {
        enum js_edge type = edge_type_of(edge.kind);
        if (!edge_class_retains(edge.class) ||
            (!source_reachable && reach_marked(w->reachable, edge.target)))
            type = JS_WEAK;
        TRY(name_edge(w, &edge, position, &type, &name));
        TRY(write_edge(w, type, name, w->first_object + edge.target));
    }
    return NULL;
}

static struct error *write_edges(struct writer *w)
{
    const uint32_t first_piece = w->first_object + w->s->object_count;
    uint32_t rest;
    size_t piece = 0;
    TRY(name_id(w, "rest", 4, &rest));
    strbuf_add(&w->sink->text, "\"edges\":[");
    w->comma = false;
    TRY(write_roots(w));
    TRY(write_unreachable(w));
    for (uint32_t o = 0; o < w->s->object_count; o++) {
        sink_progress(w->sink, (uint64_t)w->s->object_count + o);
        TRY(write_references(w, o));
        for (; piece < w->pieces.count && w->pieces.items[piece].object == o; piece++)
            TRY(write_edge(w, JS_INTERNAL, rest, first_piece + (uint32_t)piece));
    }
    strbuf_add(&w->sink->text, "],\n");
    return NULL;
}

// ---- the file ----

static struct error *write_strings(struct writer *w)
{
    strbuf_add(&w->sink->text, "\"trace_function_infos\":[],\n\"trace_tree\":[],\n\"samples\":[],\n"
                               "\"locations\":[],\n\"strings\":[");
    for (uint32_t id = 0; id < w->names.count; id++) {
        if (id)
            strbuf_add(&w->sink->text, ",\n");
        strbuf_add_json(&w->sink->text, strtab_text(&w->names, id), strtab_length(&w->names, id));
        TRY(sink_flush(w->sink));
    }
    strbuf_add(&w->sink->text, "]}\n");
    return NULL;
}

static struct error *write_all(struct writer *w)
{
    TRY(prepare(w));
    const uint64_t nodes = (uint64_t)w->first_object + w->s->object_count + w->pieces.count;
    const uint64_t edges = w->starts.count + (w->unreachable_count != 0) + w->unreachable_count +
                           w->s->reference_count + w->pieces.count;
    sink_begin_progress(w->sink, 2 * (uint64_t)w->s->object_count);
    strbuf_add(&w->sink->text, header);
    strbuf_addf(&w->sink->text,
                "\"node_count\":%llu,\"edge_count\":%llu,\"trace_function_count\":0},\n",
                (unsigned long long)nodes, (unsigned long long)edges);
    TRY(write_nodes(w));
    TRY(write_edges(w));
    return write_strings(w);
}

struct error *export_heapsnapshot(struct snapshot *s, const struct export_options *options,
                                  struct sink *sink)
{
    struct writer w = {.s = s, .sink = sink};
    (void)options;
    struct error *err = write_all(&w);
    writer_deinit(&w);
    return err;
}
