// See heap.h.
#include "inspector/lua/heap.h"

#include "inspector/analysis/containers.h"
#include "inspector/analysis/stored.h"
#include "inspector/model/hash.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum column_need need;
    const char *type, *doc;
} COLUMNS[] = {
#define HEAP_COLUMN(name, need, type, doc) {#name, need, type, doc},
#include "inspector/lua/columns.def"
};

static struct error *name_types(struct plugin_heap *heap)
{
    const struct snapshot *s = heap->snapshot;
    heap->type_names = calloc(s->type_count + 1, sizeof *heap->type_names);
    if (!heap->type_names)
        return &error_no_memory;
    for (uint32_t t = 0; t < s->type_count; t++) {
        struct strbuf name;
        strbuf_init(&name);
        snapshot_add_type_name(s, t, &name);
        strbuf_add(&name, ""); // never NULL
        heap->type_names[t] = name.length ? strbuf_take(&name) : strdup("?");
        if (!heap->type_names[t])
            return &error_no_memory;
    }
    return NULL;
}

static struct error *prepare(struct plugin_heap *heap)
{
    TRY(name_types(heap));
    return heap->retained && !stored_dominators_are_there(heap->snapshot)
               ? plugin_heap_dominators(heap)
               : NULL;
}

struct error *plugin_heap_init(struct plugin_heap *heap, struct snapshot *snapshot, unsigned number,
                               bool refs, bool retained)
{
    *heap = (struct plugin_heap){
        .snapshot = snapshot, .number = number, .refs = refs, .retained = retained};
    struct error *err = prepare(heap);
    if (err)
        plugin_heap_deinit(heap);
    return err;
}

struct error *plugin_heap_load(struct plugin_heap *heap, unsigned parts)
{
    return snapshot_load(heap->snapshot, parts);
}

struct error *plugin_heap_dominators(struct plugin_heap *heap)
{
    return heap->dominators ? NULL : dominators_create(heap->snapshot, &heap->dominators);
}

struct error *plugin_heap_paths(struct plugin_heap *heap)
{
    TRY(snapshot_load(heap->snapshot, SNAPSHOT_LABELS)); // keys in their texts
    return heap->paths ? NULL : paths_create(heap->snapshot, &heap->paths);
}

struct error *plugin_heap_referrers(struct plugin_heap *heap)
{
    return snapshot_load(heap->snapshot, SNAPSHOT_REFERRERS);
}

void plugin_heap_deinit(struct plugin_heap *heap)
{
    for (uint32_t t = 0; heap->type_names && t < heap->snapshot->type_count; t++)
        free(heap->type_names[t]);
    free(heap->type_names);
    free(heap->container_kinds);
    dominators_destroy(heap->dominators);
    paths_destroy(heap->paths);
    *heap = (struct plugin_heap){0};
}

// ---- columns ----

static struct error *prepare_containers(struct plugin_heap *heap)
{
    TRY(snapshot_load(heap->snapshot, SNAPSHOT_EDGES));
    if (!heap->container_kinds)
        heap->container_kinds = container_kinds(heap->snapshot);
    return heap->container_kinds ? NULL : &error_no_memory;
}

struct error *column_prepare(struct plugin_heap *heap, enum column_id column)
{
    switch (column) {
    case COLUMN_addr:
        return snapshot_load(heap->snapshot, SNAPSHOT_ADDRESSES);
    case COLUMN_size:
    case COLUMN_gen:
    case COLUMN_immortal:
        return snapshot_load(heap->snapshot, SNAPSHOT_SIZES);
    case COLUMN_refcount:
        return snapshot_load(heap->snapshot, SNAPSHOT_REFCOUNTS);
    case COLUMN_epoch:
        return snapshot_load(heap->snapshot, SNAPSHOT_EPOCHS);
    case COLUMN_label:
    case COLUMN_digest:
        return snapshot_load(heap->snapshot, SNAPSHOT_LABELS | SNAPSHOT_SIZES);
    case COLUMN_items:
    case COLUMN_waste:
        return prepare_containers(heap);
    case COLUMN_nin:
        return plugin_heap_referrers(heap);
    case COLUMN_explained:
    case COLUMN_unexplained:
    case COLUMN_nout:
        return snapshot_load(heap->snapshot, SNAPSHOT_EDGES);
    case COLUMN_retained:
    case COLUMN_dominator:
        return plugin_heap_dominators(heap);
    default:
        return snapshot_load(heap->snapshot, SNAPSHOT_TYPES);
    }
}

enum column_need column_need_of(enum column_id column)
{
    return COLUMNS[column].need;
}

const char *column_doc(enum column_id column)
{
    return COLUMNS[column].doc;
}

const char *column_type(enum column_id column)
{
    return COLUMNS[column].type;
}

const char *column_name(enum column_id column)
{
    return COLUMNS[column].name;
}

enum column_id column_find(const char *name, size_t length)
{
    for (int i = 0; i < COLUMN_COUNT; i++)
        if (strlen(COLUMNS[i].name) == length && memcmp(COLUMNS[i].name, name, length) == 0)
            return (enum column_id)i;
    return COLUMN_COUNT;
}

// Letters that two words have in common from the front and from the back; cheap, and good for the
// usual slip: one letter too few, too many or wrong.
static size_t alike(const char *a, size_t a_length, const char *b)
{
    const size_t b_length = strlen(b);
    size_t front = 0, back = 0;
    while (front < a_length && front < b_length && a[front] == b[front])
        front++;
    while (back < a_length - front && back < b_length - front &&
           a[a_length - 1 - back] == b[b_length - 1 - back])
        back++;
    return front + back;
}

const char *column_suggest(const char *name, size_t length)
{
    const char *best = NULL;
    size_t best_missing = 3;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        const size_t other = strlen(COLUMNS[i].name);
        const size_t longer = length > other ? length : other;
        const size_t missing = longer - alike(name, length, COLUMNS[i].name);
        if (missing < best_missing) {
            best_missing = missing;
            best = COLUMNS[i].name;
        }
    }
    return best;
}

const char *column_missing(const struct plugin_heap *heap, enum column_id column)
{
    if (COLUMNS[column].need == NEED_REFS && !heap->refs)
        return "refs";
    return COLUMNS[column].need == NEED_RETAINED && !heap->retained ? "retained" : NULL;
}

static struct value label_of(const struct snapshot *s, uint32_t o)
{
    return snapshot_shows_label(s, o)
               ? (struct value){.kind = VALUE_TEXT,
                                .text = snapshot_string(s, s->label[o]),
                                .length = strtab_length(&s->strings, s->label[o])}
               : value_none();
}

static struct value generation_of(const struct snapshot *s, uint32_t o)
{
    const int generation = snapshot_generation(s, o);
    return generation == GENERATION_NONE ? value_none() : value_integer(generation);
}

static struct value dominator_of(const struct plugin_heap *heap, uint32_t o)
{
    const uint32_t parent = heap->dominators->parent[o];
    return parent == DOMINATOR_ROOT || parent == DOMINATOR_NONE
               ? value_none()
               : value_integer(plugin_heap_id(heap, parent));
}

// Of what people can see of it, so that it is the same in another dump; not of its address.
static struct value digest_of(const struct plugin_heap *heap, uint32_t o)
{
    const struct snapshot *s = heap->snapshot;
    if (!s->label[o])
        return value_none();
    uint64_t hash = hash_mix(snapshot_size(s, o));
    for (const char *c = snapshot_string(s, s->label[o]); *c; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    for (const char *c = heap->type_names[s->type[o]]; *c; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    return value_integer((int64_t)(hash_mix(hash) >> 4));
}

static struct value items_of(const struct plugin_heap *heap, uint32_t o)
{
    const unsigned kind = heap->container_kinds[heap->snapshot->type[o]];
    return kind ? value_integer(
                      (int64_t)container_items(heap->snapshot, o, (enum container_kind)(kind - 1)))
                : value_none();
}

static struct value waste_of(const struct plugin_heap *heap, uint32_t o)
{
    const struct snapshot *s = heap->snapshot;
    const unsigned kind = heap->container_kinds[s->type[o]];
    if (!kind || kind - 1 == CONTAINER_TUPLE)
        return value_none();
    const uint64_t size = snapshot_size(s, o);
    const uint64_t items = container_items(s, o, (enum container_kind)(kind - 1));
    return value_integer(
        (int64_t)(size - container_least_bytes((enum container_kind)(kind - 1), size, items)));
}

// ---- many at once ----

static bool fill_edges(const struct snapshot *s, enum column_id column, uint32_t first,
                       unsigned count, int64_t *numbers)
{
    const uint64_t *begin = column == COLUMN_nin ? s->referrer_begin : s->edge_begin;
    for (unsigned i = 0; i < count; i++)
        numbers[i] = (int64_t)(begin[first + i + 1] - begin[first + i]);
    return true;
}

static bool fill_u32(const uint32_t *column, unsigned count, int64_t *numbers)
{
    for (unsigned i = 0; i < count; i++)
        numbers[i] = column[i];
    return true;
}

static bool fill_u64(const uint64_t *column, unsigned count, int64_t *numbers)
{
    for (unsigned i = 0; i < count; i++)
        numbers[i] = (int64_t)column[i];
    return true;
}

static bool fill_sizes(const struct snapshot *s, uint32_t first, unsigned count, int64_t *numbers)
{
    unsigned any = 0;
    fill_u32(s->size + first, count, numbers);
    for (unsigned i = 0; i < count; i++)
        any |= s->flags[first + i];
    for (unsigned i = 0; any & OBJECT_BIG && i < count; i++)
        numbers[i] = (int64_t)snapshot_size(s, first + i);
    return true;
}

bool column_fill(const struct plugin_heap *heap, enum column_id column, uint32_t first,
                 unsigned count, int64_t *numbers, uint64_t *absent)
{
    const struct snapshot *s = heap->snapshot;
    *absent = 0;
    switch (column) {
    case COLUMN_addr:
        return fill_u64(s->address + first, count, numbers);
    case COLUMN_size:
        return fill_sizes(s, first, count, numbers);
    case COLUMN_typeid:
        return fill_u32(s->type + first, count, numbers);
    case COLUMN_refcount:
        return fill_u32(s->refcount + first, count, numbers);
    case COLUMN_epoch:
        return fill_u32(s->epoch + first, count, numbers);
    case COLUMN_explained:
        return fill_u32(s->explained + first, count, numbers);
    case COLUMN_nin:
    case COLUMN_nout:
        return fill_edges(s, column, first, count, numbers);
    case COLUMN_retained:
        return fill_u64(heap->dominators->retained + first, count, numbers);
    case COLUMN_type:
    case COLUMN_module:
    case COLUMN_label:
    case COLUMN_immortal:
        return false;
    default:
        break;
    }
    for (unsigned i = 0; i < count; i++) {
        const struct value v = column_get(heap, column, first + i);
        numbers[i] = v.kind == VALUE_INTEGER ? v.integer : 0;
        *absent |= (uint64_t)(v.kind != VALUE_INTEGER) << i;
    }
    return true;
}

struct value column_get(const struct plugin_heap *heap, enum column_id column, uint32_t o)
{
    const struct snapshot *s = heap->snapshot;
    switch (column) {
    case COLUMN_addr:
        return value_integer((int64_t)s->address[o]);
    case COLUMN_size:
        return value_integer((int64_t)snapshot_size(s, o));
    case COLUMN_type:
        return value_text(heap->type_names[s->type[o]]);
    case COLUMN_typeid:
        return value_integer(s->type[o]);
    case COLUMN_module:
        return value_text(snapshot_string(s, s->types[s->type[o]].module));
    case COLUMN_refcount:
        return value_integer(s->refcount[o]);
    case COLUMN_gen:
        return generation_of(s, o);
    case COLUMN_epoch:
        return value_integer(s->epoch[o]);
    case COLUMN_immortal:
        return value_bool(snapshot_immortal(s, o));
    case COLUMN_label:
        return label_of(s, o);
    case COLUMN_digest:
        return digest_of(heap, o);
    case COLUMN_explained:
        return value_integer(s->explained[o]);
    case COLUMN_unexplained:
        return value_integer(snapshot_unexplained(s, o));
    case COLUMN_items:
        return items_of(heap, o);
    case COLUMN_waste:
        return waste_of(heap, o);
    case COLUMN_nin:
        return value_integer((int64_t)(s->referrer_begin[o + 1] - s->referrer_begin[o]));
    case COLUMN_nout:
        return value_integer((int64_t)(s->edge_begin[o + 1] - s->edge_begin[o]));
    case COLUMN_retained:
        return value_integer((int64_t)heap->dominators->retained[o]);
    case COLUMN_dominator:
        return dominator_of(heap, o);
    default:
        return value_none();
    }
}
