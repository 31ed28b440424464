// brille garbage: cycles that are unreachable and not yet collected, found without collecting.
#include "inspector/analysis/garbage.h"
#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"

static struct error *add_rows(struct verb *verb, const struct snapshot *s, const struct garbage *g,
                              uint64_t limit)
{
    static const struct column columns[] = {
        {"cycles", NULL, UNIT_COUNT},    {"objects", NULL, UNIT_COUNT},
        {"size", NULL, UNIT_BYTES},      {"generation", NULL, UNIT_COUNT},
        {"example", NULL, UNIT_ADDRESS}, {"cycle", NULL, UNIT_TEXT}};
    struct table table;
    table_init(&table, columns, 6);
    for (uint32_t i = 0; i < g->group_count && i < limit; i++) {
        const struct garbage_group *group = &g->groups[i];
        table_number(&table, group->cycle_count);
        table_number(&table, group->object_count);
        table_number(&table, group->size_bytes);
        table_number(&table, group->generation);
        table_number(&table, s->address[group->ring[0]]);
        table_text(&table, group->text);
    }
    struct error *err = verb_add_table(verb, &table);
    table_deinit(&table);
    if (g->group_count > limit && !verb->tsv)
        strbuf_addf(&verb->out, "  %s more kinds of cycles (-n %u shows all)\n",
                    format_count(g->group_count - limit).text, g->group_count);
    return err;
}

// The references round the example, one by one.
static void add_ring(const struct snapshot *s, const struct garbage_group *group, struct json *json)
{
    json_begin(json, "references", '[');
    for (uint32_t i = 0; i < group->ring_count; i++) {
        const uint32_t from = group->ring[i];
        const uint32_t to = group->ring[i + 1 == group->ring_count ? 0 : i + 1];
        struct edge edge;
        struct strbuf name, type;
        if (!snapshot_find_edge(s, from, to, &edge))
            continue;
        strbuf_init(&name);
        strbuf_init(&type);
        snapshot_add_edge_name(s, &edge, &name);
        snapshot_add_type_name(s, s->type[from], &type);
        json_begin(json, NULL, '{');
        json_address(json, "source", s->address[from]);
        json_text(json, "type", strbuf_text(&type));
        json_text(json, "name", strbuf_text(&name));
        json_text(json, "kind", edge_kind_word(edge.kind));
        json_address(json, "target", s->address[to]);
        json_end(json, '}');
        strbuf_deinit(&name);
        strbuf_deinit(&type);
    }
    json_end(json, ']');
}

static void answer_json(struct verb *verb, const struct snapshot *s, const struct garbage *g,
                        uint64_t limit)
{
    struct json json;
    verb_begin_json(verb, s, &json);
    json_count(&json, "object_count", g->object_count);
    json_count(&json, "tracked_count", g->tracked_count);
    json_count(&json, "size", g->size_bytes);
    json_count(&json, "cycle_count", g->cycles->count);
    json_begin(&json, "cycles", '[');
    for (uint32_t i = 0; i < g->group_count && i < limit; i++) {
        const struct garbage_group *group = &g->groups[i];
        json_begin(&json, NULL, '{');
        json_count(&json, "count", group->cycle_count);
        json_count(&json, "objects", group->object_count);
        json_count(&json, "size", group->size_bytes);
        json_count(&json, "generation", group->generation);
        json_address(&json, "example", s->address[group->ring[0]]);
        json_text(&json, "cycle", group->text);
        add_ring(s, group, &json);
        json_end(&json, '}');
    }
    json_end(&json, ']');
    verb_end_json(verb, &json);
}

static struct error *answer(struct verb *verb, struct snapshot *s, uint64_t limit)
{
    const char *target = verb->arguments.items[0];
    _cleanup_(garbage_destroy_at) struct garbage *g = NULL;
    TRY(garbage_create(s, &g));
    verb_add_heading(verb, s, target);
    if (verb->json) {
        answer_json(verb, s, g, limit);
        return NULL;
    }
    if (g->object_count == 0)
        verb_add_answer(verb, "No cycle is waiting for the collector.");
    else
        verb_add_answer(verb,
                        "%s objects in %s cycle%s are garbage, %s that a collection would free.",
                        format_count(g->object_count).text, format_count(g->cycles->count).text,
                        g->cycles->count == 1 ? "" : "s", format_bytes(g->size_bytes).text);
    TRY(add_rows(verb, s, g, limit));
    if (g->group_count) {
        if (!verb->tsv)
            strbuf_add(&verb->out, "objects, size: with what the cycles keep.  generation: the "
                                   "collection that will find them\n");
        log_next("brille show %s %s", target,
                 format_address(s->address[g->groups[0].ring[0]]).text);
    }
    return NULL;
}

struct error *verb_garbage(struct verb *verb)
{
    uint64_t limit = 20;
    const struct option options[] = {
        {"limit", 'n', OPTION_COUNT, &limit, "N", "kinds of cycles to show (default 20)"},
        VERB_HEAP_OPTIONS(verb),
        {0},
    };
    _cleanup_(snapshot_destroy_at) struct snapshot *s = NULL;
    TRY(verb_parse(verb, options, 1, 1));
    if (verb->done)
        return NULL;
    TRY(verb_open_heap(verb, verb->arguments.items[0], &s));
    return answer(verb, s, limit);
}
