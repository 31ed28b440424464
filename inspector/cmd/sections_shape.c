// Sections about the shape of the graph: chains, cycles, and what odd things keep.
#include "inspector/analysis/chains.h"
#include "inspector/analysis/cycles.h"
#include "inspector/analysis/keepers.h"
#include "inspector/analysis/paths.h"
#include "inspector/base/format.h"
#include "inspector/cmd/sections.h"

#include <stdlib.h>

static void path_cell(struct table *table, const struct snapshot *s, const struct paths *paths,
                      uint32_t o)
{
    struct path path;
    struct strbuf text;
    struct error *err = path_to(paths, s, o, &path);
    if (err) {
        error_destroy(err);
        table_text(table, "unreachable");
        return;
    }
    strbuf_init(&text);
    path_add_text(s, &path, &text);
    table_text(table, strbuf_text(&text));
    strbuf_deinit(&text);
    path_deinit(&path);
}

struct error *section_chains(struct verb *verb, const struct sections_heap *heap, uint64_t limit,
                             struct json *json)
{
    static const struct column columns[] = {{"links", NULL, UNIT_COUNT},
                                            {"retained", "holds", UNIT_BYTES},
                                            {"address", "first", UNIT_ADDRESS},
                                            {"path", NULL, UNIT_TEXT}};
    const struct snapshot *s = heap->snapshot;
    _cleanup_(chains_destroy_at) struct chains *c = NULL;
    _cleanup_(paths_destroy_at) struct paths *paths = NULL;
    struct table table;
    TRY(chains_create(heap->snapshot, heap->dominators, &c));
    TRY(paths_create(heap->snapshot, &paths));
    if (c->count == 0)
        verb_add_answer(verb, "There is no chain of %d links or more.", CHAIN_LENGTH_LEAST);
    else
        verb_add_answer(verb, "The longest chain has %s links and holds %s.",
                        format_count(c->rows[0].length).text,
                        format_bytes(c->rows[0].retained_bytes).text);
    table_init(&table, columns, 4);
    for (uint32_t i = 0; i < c->count && i < limit; i++) {
        table_number(&table, c->rows[i].length);
        table_number(&table, c->rows[i].retained_bytes);
        table_number(&table, s->address[c->rows[i].first]);
        path_cell(&table, s, paths, c->rows[i].first);
    }
    return section_table(verb, &table, "chains", json);
}

// ---- cycles ----

static int by_size(const void *a, const void *b, void *context)
{
    const struct cycles *c = context;
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    const uint32_t p = c->begin[x + 1] - c->begin[x], q = c->begin[y + 1] - c->begin[y];
    return p != q ? (p > q ? -1 : 1) : (x > y) - (x < y);
}

static struct error *cycle_row(struct table *table, const struct sections_heap *heap,
                               const struct cycles *c, uint32_t i)
{
    const struct snapshot *s = heap->snapshot;
    uint64_t size = 0;
    uint32_t *ring, count;
    struct strbuf text;
    for (uint32_t k = c->begin[i]; k < c->begin[i + 1]; k++)
        size += snapshot_size(s, c->objects[k]);
    TRY(cycles_ring(c, s, i, &ring, &count));
    strbuf_init(&text);
    cycles_add_ring(s, ring, count, &text);
    table_number(table, c->begin[i + 1] - c->begin[i]);
    table_number(table, size);
    table_text(table, heap->dominators->parent[ring[0]] == DOMINATOR_NONE ? "garbage" : "yes");
    table_number(table, s->address[ring[0]]);
    table_text(table, strbuf_text(&text));
    strbuf_deinit(&text);
    free(ring);
    return NULL;
}

struct error *section_cycles(struct verb *verb, const struct sections_heap *heap, uint64_t limit,
                             struct json *json)
{
    static const struct column columns[] = {{"objects", NULL, UNIT_COUNT},
                                            {"size", NULL, UNIT_BYTES},
                                            {"reached", "reached", UNIT_TEXT},
                                            {"address", NULL, UNIT_ADDRESS},
                                            {"cycle", "a shortest way round", UNIT_TEXT}};
    _cleanup_(cycles_destroy_at) struct cycles *c = NULL;
    TRY(cycles_create(heap->snapshot, NULL, &c));
    _cleanup_free_ uint32_t *order = malloc(((size_t)c->count + 1) * sizeof *order);
    if (!order)
        return &error_no_memory;
    uint64_t lost = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        order[i] = i;
        lost += heap->dominators->parent[c->objects[c->begin[i]]] == DOMINATOR_NONE;
    }
    qsort_r(order, c->count, sizeof *order, by_size, c);
    verb_add_answer(verb, "%s cycles of %s objects; %s of them reached by nothing else: garbage.",
                    format_count(c->count).text, format_count(c->begin[c->count]).text,
                    format_count(lost).text);
    if (verb->json) {
        json_count(json, "cycle_count", c->count);
        json_count(json, "garbage_count", lost);
    }
    struct table table;
    struct error *err = NULL;
    table_init(&table, columns, 5);
    for (uint32_t i = 0; !err && i < c->count && i < limit; i++)
        err = cycle_row(&table, heap, c, order[i]);
    if (err) {
        table_deinit(&table);
        return err;
    }
    return section_table(verb, &table, "cycles", json);
}

// ---- keepers ----

struct error *section_keepers(struct verb *verb, const struct sections_heap *heap, uint64_t limit,
                              struct json *json)
{
    static const struct column columns[] = {{"kind", NULL, UNIT_TEXT},
                                            {"count", NULL, UNIT_COUNT},
                                            {"held", NULL, UNIT_COUNT},
                                            {"held_bytes", "holds", UNIT_BYTES},
                                            {"address", "biggest", UNIT_ADDRESS},
                                            {"path", NULL, UNIT_TEXT}};
    const struct snapshot *s = heap->snapshot;
    _cleanup_(paths_destroy_at) struct paths *paths = NULL;
    struct keepers keepers;
    struct table table;
    (void)limit;
    TRY(keepers_find(heap->snapshot, heap->dominators, &keepers));
    TRY(paths_create(heap->snapshot, &paths));
    verb_add_answer(verb, "What would go if all objects of a kind went; kinds overlap.");
    table_init(&table, columns, 6);
    for (unsigned k = 0; k < KEEPER_KINDS; k++) {
        const struct keeper *keeper = &keepers.kinds[k];
        table_text(&table, keeper_word(k));
        table_number(&table, keeper->count);
        table_number(&table, keeper->held_count);
        table_number(&table, keeper->held_bytes);
        if (keeper->biggest == ORDINAL_NONE) {
            table_absent(&table);
            table_text(&table, "");
            continue;
        }
        table_number(&table, s->address[keeper->biggest]);
        path_cell(&table, s, paths, keeper->biggest);
    }
    return section_table(verb, &table, "keepers", json);
}
