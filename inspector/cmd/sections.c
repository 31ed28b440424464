// The list of sections, and their short form.
#include "inspector/cmd/sections.h"

#include "inspector/analysis/chains.h"
#include "inspector/analysis/containers.h"
#include "inspector/analysis/duplicates.h"
#include "inspector/analysis/fragments.h"
#include "inspector/analysis/keepers.h"

#include <string.h>

const struct section sections[] = {
#define SECTION(name_, doc_) {.name = #name_, .doc = doc_, .show = section_##name_},
#include "inspector/cmd/sections.def"
#undef SECTION
    {0},
};

const struct section *section_find(const char *name)
{
    for (const struct section *section = sections; section->name; section++)
        if (strcmp(section->name, name) == 0)
            return section;
    return NULL;
}

struct error *section_table(struct verb *verb, struct table *table, const char *key,
                            struct json *json)
{
    struct error *err = verb_add_table(verb, table);
    if (!err && verb->json)
        table_add_json(table, key, json);
    table_deinit(table);
    return err;
}

// ---- the summary ----

static void line(struct table *table, uint64_t size, uint64_t count, const char *section,
                 const char *what)
{
    if (count == 0)
        return;
    table_number(table, size);
    table_number(table, count);
    table_text(table, section);
    table_text(table, what);
}

static struct error *add_containers(const struct sections_heap *heap, struct table *table)
{
    _cleanup_(containers_destroy_at) struct containers *c = NULL;
    uint64_t empty = 0, empty_bytes = 0, sparse = 0, wasted = 0;
    TRY(containers_create(heap->snapshot, &c));
    for (unsigned k = 0; k < CONTAINER_KINDS; k++) {
        sparse += c->sums[k].sparse_count;
        wasted += c->sums[k].wasted_bytes;
        if (k == CONTAINER_TUPLE) // there is only one empty tuple
            continue;
        empty += c->sums[k].empty_count;
        empty_bytes += c->sums[k].empty_bytes;
    }
    line(table, wasted, sparse, "containers",
         "room that sparsely filled lists, dicts and sets waste");
    line(table, empty_bytes, empty, "containers", "empty lists, dicts and sets");
    return NULL;
}

static struct error *add_keepers(const struct sections_heap *heap, struct table *table)
{
    struct keepers keepers;
    TRY(keepers_find(heap->snapshot, heap->dominators, &keepers));
    for (unsigned k = 0; k < KEEPER_KINDS; k++) {
        struct strbuf what;
        strbuf_init(&what);
        strbuf_addf(&what, "kept only by a %s", keeper_word(k));
        line(table, keepers.kinds[k].held_bytes, keepers.kinds[k].held_count, "keepers",
             strbuf_text(&what));
        strbuf_deinit(&what);
    }
    return NULL;
}

static struct error *fill(const struct sections_heap *heap, struct table *table)
{
    _cleanup_(duplicates_destroy_at) struct duplicates *duplicates = NULL;
    _cleanup_(chains_destroy_at) struct chains *chains = NULL;
    _cleanup_(fragments_destroy_at) struct fragments *fragments = NULL;
    TRY(duplicates_create(heap->snapshot, &duplicates));
    line(table, duplicates->wasted_bytes, duplicates->object_count, "duplicates",
         "texts and bytes that are there already");
    TRY(add_containers(heap, table));
    TRY(chains_create(heap->snapshot, heap->dominators, &chains));
    if (chains->count)
        line(table, chains->rows[0].retained_bytes, chains->rows[0].length, "chains",
             "links of the longest chain");
    TRY(add_keepers(heap, table));
    TRY(fragments_create(heap->snapshot, &fragments));
    line(table, fragments->sparse_free_bytes, fragments->sparse_arena_count, "fragmentation",
         "arenas less than a quarter full");
    return NULL;
}

struct error *sections_add_summary(struct verb *verb, const struct sections_heap *heap,
                                   struct json *json)
{
    static const struct column columns[] = {{"size", NULL, UNIT_BYTES},
                                            {"count", NULL, UNIT_COUNT},
                                            {"section", NULL, UNIT_TEXT},
                                            {"what", NULL, UNIT_TEXT}};
    struct table table;
    table_init(&table, columns, 4);
    struct error *err = fill(heap, &table);
    if (err) {
        table_deinit(&table);
        return err;
    }
    if (verb->tsv) { // there is one table in TSV
        table_deinit(&table);
        return NULL;
    }
    return section_table(verb, &table, "worth_a_look", json);
}
