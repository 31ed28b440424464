#include "tests/bench/heap_shapes.h"

#include "inspector/model/builder.h"

#include <stdio.h>
#include <string.h>

#define SHAPE(name, what) #name,
const char *const heap_shape_names[HEAP_SHAPE_COUNT] = {HEAP_SHAPES};
#undef SHAPE
#define SHAPE(name, what) what,
const char *const heap_shape_texts[HEAP_SHAPE_COUNT] = {HEAP_SHAPES};
#undef SHAPE

enum { TYPES = 8, SHARED = 1000, FIELDS = 12, HUBS = 200, CHAINS = 100, STEP = 64 };
enum { RECORD, DICT, LIST, TUPLE, STR, INT, NODE, MODULE };

struct maker {
    struct snapshot_builder *b;
    uint64_t count;
    uint64_t seed;
    uint32_t type[TYPES];
    edge_name names[FIELDS], keys[SHARED];
    edge_name next, previous, value;
};

static uint64_t random_below(struct maker *m, uint64_t limit)
{
    m->seed = m->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (m->seed >> 20) % limit;
}

static uint64_t address_of(uint64_t i)
{
    return UINT64_C(0x7f0000000000) + i * STEP;
}

static void object(struct maker *m, uint64_t i, unsigned type, uint64_t size, uint32_t label)
{
    snapshot_builder_object(m->b, &(struct builder_object){.address = address_of(i),
                                                           .size_bytes = size,
                                                           .type = m->type[type],
                                                           .epoch = 1 + (uint32_t)(i >> 20),
                                                           .label = label,
                                                           .tracked = type != STR && type != INT,
                                                           .generation = 2});
}

static void edge(struct maker *m, uint64_t target, enum edge_kind kind, edge_name name)
{
    snapshot_builder_edge(m->b, address_of(target), kind, CLASS_TRAVERSED, name);
}

static void root(struct maker *m, uint64_t target)
{
    snapshot_builder_root(m->b, &(struct builder_root){.target = address_of(target),
                                                       .kind = ROOT_MODULE,
                                                       .class = CLASS_OWNED,
                                                       .name = "module",
                                                       .thread = ORDINAL_NONE,
                                                       .frame = ORDINAL_NONE});
}

static edge_name text(struct maker *m, const char *format, uint64_t number)
{
    char name[40];
    snprintf(name, sizeof name, "%s%llu'", format, (unsigned long long)number);
    return edge_name_string(snapshot_builder_string(m->b, name, strlen(name)));
}

static edge_name word(struct maker *m, const char *name)
{
    return edge_name_string(snapshot_builder_string(m->b, name, strlen(name)));
}

static void name_things(struct maker *m)
{
    static const char *const types[TYPES] = {"Record", "dict", "list", "tuple",
                                             "str",    "int",  "Node", "module"};
    for (unsigned i = 0; i < TYPES; i++)
        m->type[i] = snapshot_builder_type(
            m->b, &(struct builder_type){.address = address_of(i), .name = types[i]});
    m->names[0] = word(m, "__dict__");
    for (unsigned i = 1; i < FIELDS; i++)
        m->names[i] = text(m, "'field_", i);
    for (unsigned i = 0; i < SHARED; i++)
        m->keys[i] = text(m, "'shared string ", i);
    m->next = word(m, "next");
    m->previous = word(m, "previous");
    m->value = word(m, "value");
}

/* ---- records: about six references an object, most to neighbours, some to shared things ---- */

/* A group of ten: an instance, its dict, a list, a tuple, and six leaves. */
static void record(struct maker *m, uint64_t first, uint64_t longest)
{
    object(m, first, RECORD, 48, 0);
    edge(m, first + 1, EDGE_FIELD, m->names[0]);
    edge(m, random_below(m, TYPES), EDGE_TYPE, EDGE_NAME_NONE);
    object(m, first + 1, DICT, 232, 0);
    for (unsigned k = 0; k < 10; k++) {
        edge(m, random_below(m, SHARED), EDGE_KEY, m->names[k + 1]);
        edge(m, k < 4 ? first + 2 + k : random_below(m, SHARED), EDGE_VALUE, m->names[k + 1]);
    }
    object(m, first + 2, LIST, 120, 0); /* of neighbours and of anything */
    const uint64_t items = 4 + random_below(m, longest);
    for (uint64_t k = 0; k < items; k++)
        edge(m, k % 4 ? first + random_below(m, 10) : random_below(m, m->count), EDGE_ITEM,
             edge_name_index(k));
    object(m, first + 3, TUPLE, 64, 0);
    for (unsigned k = 0; k < 6; k++)
        edge(m, first + 4 + k, EDGE_ITEM, edge_name_index(k));
    for (unsigned k = 4; k < 10; k++)
        object(m, first + k, k < 8 ? STR : INT, k < 8 ? 50 + random_below(m, 30) : 28,
               k % 5 ? 0 : (uint32_t)m->keys[random_below(m, SHARED)]);
    if (first >= 10) { /* the next group hangs on an earlier one */
        const uint64_t parent = random_below(m, first / 10) * 10 + 2;
        snapshot_builder_edge_from(m->b, address_of(parent), address_of(first), EDGE_ITEM,
                                   CLASS_TRAVERSED, edge_name_index(99));
    }
}

static void records(struct maker *m, uint64_t longest)
{
    for (uint64_t first = 0; first + 10 <= m->count; first += 10)
        record(m, first, longest);
    for (unsigned i = 0; i < 20; i++)
        root(m, i);
}

/* ---- bad ones ---- */

static void random_edges(struct maker *m, bool hubs)
{
    for (uint64_t i = 0; i < m->count; i++) {
        object(m, i, i % 3 ? LIST : DICT, 56 + i % 100, 0);
        for (unsigned k = 0; k < 5; k++) {
            const uint64_t anywhere = random_below(m, m->count);
            const uint64_t near = (i + 1 + anywhere % 1000) % m->count;
            edge(m,
                 !hubs   ? anywhere
                 : k < 3 ? near
                         : anywhere % HUBS,
                 EDGE_ITEM, edge_name_index(k));
        }
    }
    for (unsigned i = 0; i < 20; i++)
        root(m, i);
}

static void linked_list(struct maker *m)
{
    for (uint64_t i = 0; i < m->count; i++) {
        object(m, i, NODE, 48, 0);
        if (i)
            edge(m, i - 1, EDGE_SLOT, m->previous);
        if (i + 1 < m->count)
            edge(m, i + 1, EDGE_SLOT, m->next);
    }
    root(m, 0);
    root(m, m->count - 1);
}

static void one_dict(struct maker *m)
{
    const uint64_t entries = (m->count - 1) / 2;
    object(m, 0, DICT, 64 + 100 * entries, 0);
    for (uint64_t i = 0; i < entries; i++) {
        const edge_name key = text(m, "'key ", i);
        edge(m, 1 + 2 * i, EDGE_KEY, key);
        edge(m, 2 + 2 * i, EDGE_VALUE, key);
    }
    for (uint64_t i = 0; i < entries; i++) {
        object(m, 1 + 2 * i, STR, 60, 0);
        object(m, 2 + 2 * i, INT, 28, 0);
    }
    root(m, 0);
}

static void chains(struct maker *m)
{
    const uint64_t links = m->count / 2;
    for (uint64_t i = 0; i < links; i++) {
        object(m, 2 * i, NODE, 48, 0);
        edge(m, 2 * i + 1, EDGE_SLOT, m->value);
        if (i + CHAINS < links)
            edge(m, 2 * (i + CHAINS), EDGE_SLOT, m->next);
        object(m, 2 * i + 1, INT, 28, 0);
    }
    for (uint64_t i = 0; i < CHAINS && i < links; i++)
        root(m, 2 * i);
}

static void make(struct maker *m, enum heap_shape shape)
{
    switch (shape) {
    case HEAP_SHAPE_records:
        records(m, 35);
        break;
    case HEAP_SHAPE_records6:
        records(m, 55);
        break;
    case HEAP_SHAPE_random:
    case HEAP_SHAPE_hubs:
        random_edges(m, shape == HEAP_SHAPE_hubs);
        break;
    case HEAP_SHAPE_list:
        linked_list(m);
        break;
    case HEAP_SHAPE_dict:
        one_dict(m);
        break;
    case HEAP_SHAPE_chains:
        chains(m);
        break;
    case HEAP_SHAPE_COUNT:
        break;
    }
}

struct error *heap_shape_build(enum heap_shape shape, uint64_t count, struct snapshot **ret)
{
    _cleanup_(snapshot_builder_destroy_at) struct snapshot_builder *b = NULL;
    struct maker m = {.count = count < 30 ? 30 : count, .seed = 1};
    TRY(snapshot_builder_create(&b));
    m.b = b;
    struct snapshot_info *info = snapshot_builder_info(b);
    snapshot_builder_text(b, &info->runtime, "brille");
    snapshot_builder_text(b, &info->version, "3.11.2");
    snapshot_builder_text(b, &info->command, heap_shape_names[shape]);
    *info = (struct snapshot_info){.runtime = info->runtime,
                                   .version = info->version,
                                   .command = info->command,
                                   .incomplete_why = info->incomplete_why,
                                   .pid = 42,
                                   .start_time = 1000,
                                   .complete = true,
                                   .birth_epoch = 1u << 20,
                                   .taken_unix_ns = INT64_C(1790000000000000000) + (int64_t)count};
    name_things(&m);
    make(&m, shape);
    TRY(snapshot_builder_finish(b, ret));
    /* Nothing is held by native code: the counts are the references that are there. */
    struct snapshot *s = *ret;
    memcpy(s->refcount, s->explained, (size_t)s->object_count * sizeof *s->refcount);
    return NULL;
}
