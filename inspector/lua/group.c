// See group.h.
#include "inspector/lua/group.h"

#include "inspector/model/hash.h"

#include <stdlib.h>
#include <string.h>

static const char *const WORDS[] = {"type", "module", "gen", "label", "path"};

enum group_by group_by_find(const char *word)
{
    for (int i = 0; i < GROUP_BY_COUNT; i++)
        if (strcmp(WORDS[i], word) == 0)
            return (enum group_by)i;
    return GROUP_BY_COUNT;
}

const char *group_by_word(enum group_by by)
{
    return WORDS[by];
}

static bool groups_by(const struct group *g, enum group_by by)
{
    for (unsigned i = 0; i < g->by_count; i++)
        if (g->by[i] == by)
            return true;
    return false;
}

static struct error *intern_types(struct group *g, unsigned h)
{
    const struct plugin_heap *heap = g->heaps[h];
    const struct snapshot *s = heap->snapshot;
    g->type_names[h] = calloc(s->type_count + 1, sizeof(uint32_t));
    g->module_names[h] = calloc(s->type_count + 1, sizeof(uint32_t));
    if (!g->type_names[h] || !g->module_names[h])
        return &error_no_memory;
    for (uint32_t t = 0; t < s->type_count; t++) {
        const char *module = snapshot_string(s, s->types[t].module);
        TRY(strtab_intern(&g->names, heap->type_names[t], strlen(heap->type_names[t]),
                          &g->type_names[h][t]));
        TRY(strtab_intern(&g->names, module, strlen(module), &g->module_names[h][t]));
    }
    return NULL;
}

static struct error *find_places(struct group *g)
{
    struct snapshot *snapshots[PLUGIN_HEAPS];
    struct paths *paths[PLUGIN_HEAPS];
    for (unsigned h = 0; h < g->heap_count; h++) {
        snapshots[h] = g->heaps[h]->snapshot;
        paths[h] = g->heaps[h]->paths;
    }
    return growth_create(snapshots, paths, g->heap_count, &g->growth);
}

static struct error *grow_slots(struct group *g);

struct error *group_begin(struct group *g)
{
    TRY(strtab_init(&g->names));
    for (unsigned h = 0; h < g->heap_count; h++)
        TRY(intern_types(g, h));
    if (groups_by(g, GROUP_PATH))
        TRY(find_places(g));
    return grow_slots(g);
}

void group_deinit(struct group *g)
{
    group_row_vec_deinit(&g->rows);
    free(g->slots);
    strtab_deinit(&g->names);
    for (unsigned h = 0; h < PLUGIN_HEAPS; h++) {
        free(g->type_names[h]);
        free(g->module_names[h]);
    }
    growth_destroy(g->growth);
    *g = (struct group){0};
}

// ---- rows ----

static uint32_t *find_slot(const struct group *g, const uint64_t *key)
{
    uint64_t hash = 0;
    for (unsigned i = 0; i < g->by_count; i++)
        hash = hash_mix(hash ^ key[i]);
    for (;; hash++) {
        uint32_t *slot = &g->slots[hash & g->slot_mask];
        if (!*slot || memcmp(g->rows.items[*slot - 1].key, key, g->by_count * sizeof *key) == 0)
            return slot;
    }
}

static struct error *grow_slots(struct group *g)
{
    const uint64_t count = g->slots ? (g->slot_mask + 1) * 4 : 256;
    uint32_t *slots = calloc(count, sizeof *slots);
    if (!slots)
        return &error_no_memory;
    free(g->slots);
    g->slots = slots;
    g->slot_mask = count - 1;
    for (size_t i = 0; i < g->rows.count; i++)
        *find_slot(g, g->rows.items[i].key) = (uint32_t)i + 1;
    return NULL;
}

static uint64_t place_key(const struct group *g, unsigned h, uint32_t object)
{
    uint32_t place = g->growth->place_of[h][object];
    if (place == ORDINAL_NONE)
        return UINT64_MAX;
    while (g->path_depth && g->growth->places[place].depth > g->path_depth)
        place = g->growth->places[place].parent;
    return place;
}

static struct error *key_of(struct group *g, unsigned h, uint32_t o, enum group_by by,
                            uint64_t *ret)
{
    const struct snapshot *s = g->heaps[h]->snapshot;
    uint32_t name = 0;
    switch (by) {
    case GROUP_TYPE:
        *ret = g->type_names[h][s->type[o]];
        return NULL;
    case GROUP_MODULE:
        *ret = g->module_names[h][s->type[o]];
        return NULL;
    case GROUP_GEN:
        *ret = (uint64_t)snapshot_generation(s, o);
        return NULL;
    case GROUP_LABEL:
        if (s->label[o])
            TRY(strtab_intern(&g->names, snapshot_string(s, s->label[o]),
                              strtab_length(&s->strings, s->label[o]), &name));
        *ret = name;
        return NULL;
    default:
        *ret = place_key(g, h, o);
        return NULL;
    }
}

struct error *group_add(struct group *g, unsigned h, uint32_t object)
{
    struct group_row row = {.key = {0}};
    for (unsigned i = 0; i < g->by_count; i++)
        TRY(key_of(g, h, object, g->by[i], &row.key[i]));
    uint32_t *slot = find_slot(g, row.key);
    if (!*slot) {
        if (g->rows.count == GROUP_ROWS_MAX)
            return error_create(ERROR_LIMIT, "more than %d groups", GROUP_ROWS_MAX);
        TRY(group_row_vec_push(&g->rows, row));
        *slot = (uint32_t)g->rows.count;
        if (g->rows.count * 2 > g->slot_mask) {
            TRY(grow_slots(g));
            slot = find_slot(g, row.key);
        }
    }
    struct group_row *found = &g->rows.items[*slot - 1];
    found->count[h]++;
    for (unsigned i = 0; i < g->sum_count; i++) {
        const struct value v = column_get(g->heaps[h], g->sums[i], object);
        found->sum[h][i] += v.kind == VALUE_INTEGER ? v.integer : 0;
    }
    return NULL;
}

// ---- reading ----

struct value group_key(const struct group *g, const struct group_row *row, unsigned key,
                       struct strbuf *scratch)
{
    const uint64_t raw = row->key[key];
    switch (g->by[key]) {
    case GROUP_GEN:
        return raw == GENERATION_NONE ? value_none() : value_integer((int64_t)raw);
    case GROUP_PATH:
        strbuf_clear(scratch);
        if (raw == UINT64_MAX)
            strbuf_add(scratch, "(unreachable)");
        else
            growth_add_path(g->growth, (uint32_t)raw, scratch);
        return value_text(strbuf_text(scratch));
    case GROUP_LABEL:
        return raw ? value_text(strtab_text(&g->names, (uint32_t)raw)) : value_none();
    default:
        return value_text(strtab_text(&g->names, (uint32_t)raw));
    }
}

static bool split_name(const char *name, size_t *length, unsigned *which)
{
    static const char *const ENDINGS[] = {"_before", "_after", "_delta"};
    const size_t whole = strlen(name);
    for (unsigned i = 0; i < 3; i++) {
        const size_t ending = strlen(ENDINGS[i]);
        if (whole > ending && strcmp(name + whole - ending, ENDINGS[i]) == 0) {
            *length = whole - ending;
            *which = i;
            return true;
        }
    }
    return false;
}

bool group_number_find(const struct group *g, const char *name, struct group_number *ret)
{
    size_t length = strlen(name);
    unsigned which = 0;
    if (g->heap_count == 2 && !split_name(name, &length, &which))
        return false;
    *ret = (struct group_number){.sum = -1, .which = which};
    if (length == 5 && strncmp(name, "count", 5) == 0)
        return true;
    const enum column_id column = column_find(name, length);
    for (unsigned i = 0; column != COLUMN_COUNT && i < g->sum_count; i++)
        if (g->sums[i] == column) {
            ret->sum = (int)i;
            return true;
        }
    return false;
}

static int64_t one_number(const struct group_row *row, int sum, unsigned h)
{
    return sum < 0 ? (int64_t)row->count[h] : row->sum[h][sum];
}

int64_t group_number_get(const struct group *g, const struct group_row *row,
                         struct group_number number)
{
    (void)g;
    if (number.which < 2)
        return one_number(row, number.sum, number.which);
    return one_number(row, number.sum, 1) - one_number(row, number.sum, 0);
}

struct ranked {
    int64_t number;
    uint32_t row;
};

static int by_number(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->number != y->number)
        return x->number < y->number ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

struct error *group_top(const struct group *g, struct group_number number, uint32_t n,
                        uint32_t **ret, uint32_t *count)
{
    _cleanup_free_ struct ranked *ranked = calloc(g->rows.count + 1, sizeof *ranked);
    uint32_t *rows = calloc(g->rows.count + 1, sizeof *rows);
    if (!ranked || !rows) {
        free(rows);
        return &error_no_memory;
    }
    for (size_t i = 0; i < g->rows.count; i++)
        ranked[i] = (struct ranked){.row = (uint32_t)i,
                                    .number = group_number_get(g, &g->rows.items[i], number)};
    qsort(ranked, g->rows.count, sizeof *ranked, by_number);
    *count = g->rows.count < n ? (uint32_t)g->rows.count : n;
    for (uint32_t i = 0; i < *count; i++)
        rows[i] = ranked[i].row;
    *ret = rows;
    return NULL;
}
