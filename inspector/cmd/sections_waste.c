// Sections about memory that holds nothing or holds it twice: duplicates, containers,
// fragmentation, and the biggest objects.
#include "inspector/analysis/containers.h"
#include "inspector/analysis/duplicates.h"
#include "inspector/analysis/fragments.h"
#include "inspector/base/format.h"
#include "inspector/base/vec.h"
#include "inspector/cmd/sections.h"

#include <stdlib.h>
#include <string.h>

static void type_cell(struct table *table, const struct snapshot *s, uint32_t type)
{
    struct strbuf name;
    strbuf_init(&name);
    if (type < s->type_count)
        snapshot_add_type_name(s, type, &name);
    table_text(table, strbuf_text(&name));
    strbuf_deinit(&name);
}

// ---- duplicates ----

struct error *section_duplicates(struct verb *verb, const struct sections_heap *heap,
                                 uint64_t limit, struct json *json)
{
    static const struct column columns[] = {
        {"copies", NULL, UNIT_COUNT}, {"size", NULL, UNIT_BYTES}, {"wasted", NULL, UNIT_BYTES},
        {"type", NULL, UNIT_TEXT},    {"sure", NULL, UNIT_TEXT},  {"label", NULL, UNIT_TEXT}};
    const struct snapshot *s = heap->snapshot;
    _cleanup_(duplicates_destroy_at) struct duplicates *d = NULL;
    struct table table;
    TRY(duplicates_create(heap->snapshot, &d));
    verb_add_answer(verb, "%s in %s copies of texts and bytes that are there already.",
                    format_bytes(d->wasted_bytes).text, format_count(d->object_count).text);
    table_init(&table, columns, 6);
    for (uint32_t i = 0; i < d->count && i < limit; i++) {
        const struct duplicate *row = &d->rows[i];
        table_number(&table, row->count);
        table_number(&table, snapshot_size(s, row->object));
        table_number(&table, row->wasted_bytes);
        type_cell(&table, s, s->type[row->object]);
        table_text(&table, row->probable ? "probably" : "yes");
        table_text(&table, snapshot_string(s, row->label));
    }
    TRY(section_table(verb, &table, "duplicates", json));
    if (verb->json) {
        json_count(json, "wasted", d->wasted_bytes);
        json_count(json, "probable", d->probable_bytes);
        json_count(json, "copies", d->object_count);
    } else if (d->probable_bytes && !verb->tsv) {
        strbuf_addf(&verb->out, "probably: long texts are compared by length and beginning (%s)\n",
                    format_bytes(d->probable_bytes).text);
    }
    return NULL;
}

// ---- containers ----

static struct error *kinds_table(struct verb *verb, const struct containers *c, struct json *json)
{
    static const struct column columns[] = {{"count", NULL, UNIT_COUNT},
                                            {"empty", NULL, UNIT_COUNT},
                                            {"empty_bytes", "size", UNIT_BYTES},
                                            {"sparse", NULL, UNIT_COUNT},
                                            {"sparse_bytes", "size", UNIT_BYTES},
                                            {"wasted", NULL, UNIT_BYTES},
                                            {"type", NULL, UNIT_TEXT}};
    struct table table;
    table_init(&table, columns, 7);
    for (unsigned k = 0; k < CONTAINER_KINDS; k++) {
        const struct container_sum *sum = &c->sums[k];
        table_number(&table, sum->count);
        table_number(&table, sum->empty_count);
        table_number(&table, sum->empty_bytes);
        table_number(&table, sum->sparse_count);
        table_number(&table, sum->sparse_bytes);
        table_number(&table, sum->wasted_bytes);
        table_text(&table, container_kind_word(k));
    }
    return section_table(verb, &table, "containers", json);
}

struct error *section_containers(struct verb *verb, const struct sections_heap *heap,
                                 uint64_t limit, struct json *json)
{
    static const struct column columns[] = {{"wasted", NULL, UNIT_BYTES},
                                            {"size", NULL, UNIT_BYTES},
                                            {"items", NULL, UNIT_COUNT},
                                            {"address", NULL, UNIT_ADDRESS},
                                            {"type", NULL, UNIT_TEXT}};
    const struct snapshot *s = heap->snapshot;
    _cleanup_(containers_destroy_at) struct containers *c = NULL;
    uint64_t wasted = 0, sparse = 0;
    struct table table;
    TRY(containers_create(heap->snapshot, &c));
    for (unsigned k = 0; k < CONTAINER_KINDS; k++) {
        wasted += c->sums[k].wasted_bytes;
        sparse += c->sums[k].sparse_count;
    }
    verb_add_answer(verb, "%s are wasted by %s containers less than half full.",
                    format_bytes(wasted).text, format_count(sparse).text);
    if (!verb->tsv)
        TRY(kinds_table(verb, c, json));
    table_init(&table, columns, 5);
    for (uint32_t i = 0; i < c->biggest_count && i < limit; i++) {
        const struct container_row *row = &c->biggest[i];
        table_number(&table, row->wasted_bytes);
        table_number(&table, snapshot_size(s, row->object));
        table_number(&table, row->items);
        table_number(&table, s->address[row->object]);
        type_cell(&table, s, s->type[row->object]);
    }
    return section_table(verb, &table, "sparse", json);
}

// ---- fragmentation ----

static struct error *classes_table(struct verb *verb, const struct fragments *f, struct json *json)
{
    static const struct column columns[] = {{"block_size", "blocks of", UNIT_BYTES},
                                            {"pools", NULL, UNIT_COUNT},
                                            {"used", NULL, UNIT_COUNT},
                                            {"free", NULL, UNIT_COUNT},
                                            {"filled", NULL, UNIT_SHARE},
                                            {"free_bytes", "free size", UNIT_BYTES}};
    struct table table;
    table_init(&table, columns, 6);
    for (uint32_t i = 0; i < f->class_count; i++) {
        const struct fragment_class *class = &f->classes[i];
        if (class->block_bytes)
            table_number(&table, class->block_bytes);
        else
            table_absent(&table);
        table_number(&table, class->pool_count);
        table_number(&table, class->used_blocks);
        table_number(&table, class->free_blocks);
        table_share(&table, (double)class->used_blocks,
                    (double)(class->used_blocks + class->free_blocks));
        table_number(&table, class->free_bytes);
    }
    return section_table(verb, &table, "classes", json);
}

struct error *section_fragmentation(struct verb *verb, const struct sections_heap *heap,
                                    uint64_t limit, struct json *json)
{
    static const struct column columns[] = {
        {"filled", NULL, UNIT_SHARE},       {"used", NULL, UNIT_BYTES},
        {"pools", NULL, UNIT_COUNT},        {"free_pools", "free", UNIT_COUNT},
        {"objects", NULL, UNIT_COUNT},      {"address", "arena", UNIT_ADDRESS},
        {"type", "most of them", UNIT_TEXT}};
    const struct snapshot *s = heap->snapshot;
    _cleanup_(fragments_destroy_at) struct fragments *f = NULL;
    struct table table;
    TRY(fragments_create(heap->snapshot, &f));
    if (f->arena_count == 0) {
        verb_add_answer(verb, "The heap tells of no pools.");
        return NULL;
    }
    verb_add_answer(verb,
                    "%s are free in used pools and %s in free ones; %s of %s arenas are less "
                    "than a quarter full.",
                    format_bytes(f->free_block_bytes).text, format_bytes(f->free_pool_bytes).text,
                    format_count(f->sparse_arena_count).text, format_count(f->arena_count).text);
    if (!verb->tsv)
        TRY(classes_table(verb, f, json));
    table_init(&table, columns, 7);
    for (uint32_t i = 0; i < f->arena_count && i < limit; i++) {
        const struct fragment_arena *arena = &f->arenas[i];
        table_share(&table, (double)arena->used_bytes, (double)arena->capacity_bytes);
        table_number(&table, arena->used_bytes);
        table_number(&table, arena->pool_count);
        table_number(&table, arena->free_pool_count);
        table_number(&table, arena->object_count);
        table_number(&table, arena->address);
        type_cell(&table, s, arena->type);
    }
    return section_table(verb, &table, "arenas", json);
}

// ---- malloc ----

static int compare_used(const void *a, const void *b)
{
    const struct snapshot_block *x = a, *y = b;
    const uint64_t p = x->used * x->bytes, q = y->used * y->bytes;
    return p != q ? (p > q ? -1 : 1) : (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

struct error *section_malloc(struct verb *verb, const struct sections_heap *heap, uint64_t limit,
                             struct json *json)
{
    static const struct column columns[] = {{"block_size", "blocks of", UNIT_BYTES},
                                            {"used", NULL, UNIT_COUNT},
                                            {"used_bytes", "size", UNIT_BYTES},
                                            {"free", NULL, UNIT_COUNT},
                                            {"free_bytes", "size", UNIT_BYTES}};
    const struct snapshot *s = heap->snapshot;
    uint64_t used = 0, used_bytes = 0, free_bytes = 0;
    if (s->block_count == 0) {
        verb_add_answer(verb, "The dump does not tell of malloc's blocks.");
        return NULL;
    }
    _cleanup_free_ struct snapshot_block *rows = malloc(s->block_count * sizeof *rows);
    if (!rows)
        return &error_no_memory;
    memcpy(rows, s->blocks, s->block_count * sizeof *rows);
    qsort(rows, s->block_count, sizeof *rows, compare_used);
    struct table table;
    table_init(&table, columns, 5);
    for (uint32_t i = 0; i < s->block_count; i++) {
        used += rows[i].used;
        used_bytes += rows[i].used * rows[i].bytes;
        free_bytes += rows[i].free * rows[i].bytes;
        if (i >= limit)
            continue;
        table_number(&table, rows[i].bytes);
        table_number(&table, rows[i].used);
        table_number(&table, rows[i].used * rows[i].bytes);
        table_number(&table, rows[i].free);
        table_number(&table, rows[i].free * rows[i].bytes);
    }
    verb_add_answer(verb,
                    "malloc has handed out %s in %s blocks, Python's larger objects among "
                    "them, and has %s free.",
                    format_bytes(used_bytes).text, format_count(used).text,
                    format_bytes(free_bytes).text);
    return section_table(verb, &table, "blocks", json);
}

// ---- the biggest ----

struct error *section_biggest(struct verb *verb, const struct sections_heap *heap, uint64_t limit,
                              struct json *json)
{
    static const struct column columns[] = {{"size", "own", UNIT_BYTES},
                                            {"retained", "holds", UNIT_BYTES},
                                            {"address", NULL, UNIT_ADDRESS},
                                            {"type", NULL, UNIT_TEXT},
                                            {"label", NULL, UNIT_TEXT}};
    const struct snapshot *s = heap->snapshot;
    struct u32_vec best = {0};
    struct table table;
    limit = limit < 10000 ? limit : 10000;
    struct error *err = u32_vec_reserve(&best, limit + 1);
    for (uint32_t o = 0; !err && limit && o < s->object_count; o++) {
        const uint64_t size = snapshot_size(s, o);
        if (best.count == limit && size <= snapshot_size(s, best.items[best.count - 1]))
            continue;
        size_t at = best.count;
        for (; at > 0 && snapshot_size(s, best.items[at - 1]) < size; at--)
            best.items[at] = best.items[at - 1];
        best.items[at] = o;
        best.count += best.count < limit;
    }
    table_init(&table, columns, 5);
    for (size_t i = 0; !err && i < best.count; i++) {
        const uint32_t o = best.items[i];
        table_number(&table, snapshot_size(s, o));
        table_number(&table, heap->dominators->retained[o]);
        table_number(&table, s->address[o]);
        type_cell(&table, s, s->type[o]);
        table_text(&table, snapshot_string(s, s->label[o]));
    }
    u32_vec_deinit(&best);
    if (err) {
        table_deinit(&table);
        return err;
    }
    verb_add_answer(verb, "The biggest single objects.");
    return section_table(verb, &table, "biggest", json);
}
