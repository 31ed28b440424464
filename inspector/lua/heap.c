// See heap.h.
#include "inspector/lua/heap.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum column_need need;
} COLUMNS[] = {
#define HEAP_COLUMN(name, need, doc) {#name, need},
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

static struct error *prepare(struct plugin_heap *heap, bool refs, bool retained)
{
    unsigned parts = SNAPSHOT_COLUMNS | SNAPSHOT_EPOCHS | SNAPSHOT_LABELS;
    if (refs)
        parts |= SNAPSHOT_EDGES | SNAPSHOT_REFERRERS;
    TRY(snapshot_load(heap->snapshot, parts));
    TRY(name_types(heap));
    if (refs)
        TRY(paths_create(heap->snapshot, &heap->paths));
    if (retained)
        TRY(dominators_create(heap->snapshot, &heap->dominators));
    return NULL;
}

struct error *plugin_heap_init(struct plugin_heap *heap, struct snapshot *snapshot, unsigned number,
                               bool refs, bool retained)
{
    *heap = (struct plugin_heap){.snapshot = snapshot, .number = number, .refs = refs};
    struct error *err = prepare(heap, refs, retained);
    if (err)
        plugin_heap_deinit(heap);
    return err;
}

void plugin_heap_deinit(struct plugin_heap *heap)
{
    for (uint32_t t = 0; heap->type_names && t < heap->snapshot->type_count; t++)
        free(heap->type_names[t]);
    free(heap->type_names);
    dominators_destroy(heap->dominators);
    paths_destroy(heap->paths);
    *heap = (struct plugin_heap){0};
}

// ---- columns ----

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
    return COLUMNS[column].need == NEED_RETAINED && !heap->dominators ? "retained" : NULL;
}

static struct value label_of(const struct snapshot *s, uint32_t o)
{
    return s->label[o] ? (struct value){.kind = VALUE_TEXT,
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
    case COLUMN_explained:
        return value_integer(s->explained[o]);
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
