// brille path: why an object is alive.
//
//     path A.heap ADDR               the shortest path from a root; --full: however long it is
//     path A.heap ADDR --all         every way to it, those that read alike merged
//     path A.heap --type Session     where the objects of a type are kept
#include "inspector/analysis/dominators.h"
#include "inspector/analysis/paths.h"
#include "inspector/analysis/peek.h"
#include "inspector/analysis/ways.h"
#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"

#include <stdlib.h>
#include <string.h>

static const struct column columns[] = {{"retained", "holds", UNIT_BYTES},
                                        {"address", NULL, UNIT_ADDRESS},
                                        {"step", NULL, UNIT_TEXT},
                                        {"type", "object", UNIT_TEXT}};

// A linked list makes paths of millions of steps: of those, people get both ends.
enum { STEPS_WHOLE = PEEK_WHOLE, END_STEPS = 12 };
_Static_assert(END_STEPS + 2 <= PEEK_END, "a step's text depends on those beside it");

static void add_gap(struct table *table, uint32_t steps)
{
    char text[40];
    snprintf(text, sizeof text, "(%s steps)", format_count(steps).text);
    table_absent(table);
    table_absent(table);
    table_text(table, text);
    table_text(table, "");
}

static void fill_table(const struct snapshot *s, const uint64_t *retained, const struct path *path,
                       bool fold, bool cut, struct table *table)
{
    struct strbuf text;
    strbuf_init(&text);
    for (uint32_t i = 0; i < path->count; i++) {
        if (cut && path->count + path->cut_steps > STEPS_WHOLE && i == END_STEPS) {
            add_gap(table, path->count + path->cut_steps - 2 * END_STEPS);
            i = path->count - END_STEPS;
        }
        const uint32_t o = path->objects[i];
        if (fold && path_is_folded(s, path, i))
            continue;
        table_number(table, retained[o]);
        table_number(table, s->address[o]);
        strbuf_clear(&text);
        if (i == 0 && path->root < s->root_count)
            snapshot_add_root_name(s, &s->roots[path->root], &text);
        else
            path_add_step(s, path, i, &text);
        table_text(table, strbuf_text(&text));
        strbuf_clear(&text);
        snapshot_add_type_name(s, s->type[o], &text);
        if (s->label[o])
            strbuf_addf(&text, " %.60s", snapshot_string(s, s->label[o]));
        table_text(table, strbuf_text(&text));
    }
    strbuf_deinit(&text);
}

// `whole`: what the JSON tells of the heap; `s` may have only the objects of the path.
static void answer_json(struct verb *verb, const struct snapshot *whole, const struct snapshot *s,
                        const struct path *path, const struct table *table, const char *expression)
{
    struct json json;
    struct strbuf text;
    strbuf_init(&text);
    verb_begin_json(verb, whole, &json);
    path_add_text(s, path, &text);
    json_text(&json, "path", strbuf_text(&text));
    if (*expression)
        json_text(&json, "expression", expression);
    else
        json_null(&json, "expression");
    json_begin(&json, "root", '{');
    const bool known = path->root < s->root_count;
    json_text(&json, "kind", known ? root_kind_word(s->roots[path->root].kind) : "native");
    json_text(&json, "name", known ? snapshot_string(s, s->roots[path->root].name) : "");
    json_end(&json, '}');
    table_add_json(table, "steps", &json);
    verb_end_json(verb, &json);
    strbuf_deinit(&text);
}

static struct error *answer(struct verb *verb, const struct snapshot *whole,
                            const struct snapshot *s, const uint64_t *retained,
                            const struct path *path, bool cut)
{
    const uint32_t object = path->objects[path->count - 1];
    struct strbuf text;
    struct table table;
    strbuf_init(&text);
    path_add_expression(s, path, &text);
    table_init(&table, columns, 4);
    fill_table(s, retained, path, !verb->json, cut, &table);
    verb_add_heading(verb, s, verb->arguments.items[0]);
    struct error *err = NULL;
    if (verb->json) {
        answer_json(verb, whole, s, path, &table, strbuf_text(&text));
    } else {
        struct strbuf name;
        strbuf_init(&name);
        snapshot_add_object_name(s, object, &name);
        verb_add_answer(verb, "%s is alive through this path.", strbuf_text(&name));
        strbuf_deinit(&name);
        err = verb_add_table(verb, &table);
        if (text.length && !verb->tsv)
            strbuf_addf(&verb->out, "in Python: %s\n", strbuf_text(&text));
        log_next("brille refs %s %s", verb->arguments.items[0], verb->arguments.items[1]);
    }
    strbuf_deinit(&text);
    table_deinit(&table);
    return err;
}

static struct error *answer_peeked(struct verb *verb, const struct snapshot *whole,
                                   struct peeked_path *peeked, bool cut)
{
    _cleanup_(paths_destroy_at) struct paths *paths = NULL;
    TRY(paths_create(peeked->snapshot, &paths));
    const struct path path = {.root = paths_root_of(paths, peeked->objects[0]),
                              .objects = peeked->objects,
                              .count = peeked->count,
                              .cut_at = peeked->cut_at,
                              .cut_steps = peeked->cut_steps};
    return answer(verb, whole, peeked->snapshot, peeked->retained, &path, cut);
}

static struct error *find_and_answer(struct verb *verb, struct snapshot *s, uint32_t object,
                                     bool cut)
{
    _cleanup_(paths_destroy_at) struct paths *paths = NULL;
    _cleanup_(dominators_destroy_at) struct dominators *d = NULL;
    struct path path;
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    TRY(paths_create(s, &paths));
    TRY(dominators_create(s, &d));
    TRY(path_to(paths, s, object, &path));
    struct error *err = answer(verb, s, s, d->retained, &path, cut);
    path_deinit(&path);
    return err;
}

// ---- all ways ----

static const struct column way_columns[] = {
    {"count", NULL, UNIT_COUNT}, {"example", "from", UNIT_ADDRESS}, {"way", NULL, UNIT_TEXT}};
static const struct column type_columns[] = {{"count", NULL, UNIT_COUNT},
                                             {"size", "own", UNIT_BYTES},
                                             {"example", NULL, UNIT_ADDRESS},
                                             {"way", "place", UNIT_TEXT}};

// Objects of a type have a size together; references have none.
static void fill_ways(const struct snapshot *s, const struct ways *ways, uint64_t limit,
                      bool is_type, struct table *table)
{
    table_init(table, is_type ? type_columns : way_columns, is_type ? 4 : 3);
    for (uint32_t i = 0; i < ways->count && i < limit; i++) {
        const struct way *way = &ways->items[i];
        table_number(table, way->count);
        if (is_type)
            table_number(table, way->bytes);
        if (way->object == ORDINAL_NONE)
            table_absent(table);
        else
            table_number(table, s->address[way->object]);
        table_text(table, way->text);
    }
}

static void add_ways_sentence(struct verb *verb, const char *name, const struct ways *ways,
                              bool is_type)
{
    struct strbuf more;
    strbuf_init(&more);
    if (ways->own_count)
        strbuf_addf(&more, "; %s more come from what it keeps itself",
                    format_count(ways->own_count).text);
    if (ways->garbage)
        strbuf_addf(&more, is_type ? "; %s more are garbage" : "; %s more come from garbage",
                    format_count(ways->garbage).text);
    if (!ways->count)
        verb_add_answer(verb, "nothing reachable keeps %s%s.", name, strbuf_text(&more));
    else if (is_type)
        verb_add_answer(verb, "%s %s %s kept in %s place%s%s.", format_count(ways->total).text,
                        name, ways->total == 1 ? "is" : "are", format_count(ways->count).text,
                        ways->count == 1 ? "" : "s", strbuf_text(&more));
    else
        verb_add_answer(verb, "%s is kept by %s reference%s in %s way%s%s.", name,
                        format_count(ways->total).text, ways->total == 1 ? "" : "s",
                        format_count(ways->count).text, ways->count == 1 ? "" : "s",
                        strbuf_text(&more));
    strbuf_deinit(&more);
}

static struct error *answer_ways(struct verb *verb, const struct snapshot *s, const char *name,
                                 const struct ways *ways, uint64_t limit, bool is_type)
{
    struct table table;
    struct error *err = NULL;
    fill_ways(s, ways, limit, is_type, &table);
    verb_add_heading(verb, s, verb->arguments.items[0]);
    if (verb->json) {
        struct json json;
        verb_begin_json(verb, s, &json);
        json_count(&json, "total", ways->total);
        json_count(&json, "own", ways->own_count);
        json_count(&json, "garbage", ways->garbage);
        json_count(&json, "way_count", ways->count);
        table_add_json(&table, "ways", &json);
        verb_end_json(verb, &json);
    } else {
        add_ways_sentence(verb, name, ways, is_type);
        err = verb_add_table(verb, &table);
        if (ways->count > limit && !verb->tsv)
            strbuf_addf(&verb->out, "  %s more (-n %u shows all)\n",
                        format_count(ways->count - limit).text, ways->count);
    }
    table_deinit(&table);
    return err;
}

static struct error *find_type(const struct snapshot *s, const char *name, uint32_t *ret)
{
    struct strbuf text;
    strbuf_init(&text);
    *ret = ORDINAL_NONE;
    for (uint32_t i = 0; i < s->type_count && *ret == ORDINAL_NONE; i++) {
        strbuf_clear(&text);
        snapshot_add_type_name(s, i, &text);
        if (strcmp(strbuf_text(&text), name) == 0 ||
            strcmp(snapshot_string(s, s->types[i].name), name) == 0)
            *ret = i;
    }
    struct error *err = strbuf_error(&text);
    strbuf_deinit(&text);
    if (!err && *ret == ORDINAL_NONE)
        err = error_add_try(error_create(ERROR_NOT_FOUND, "there is no type '%s'", name),
                            "brille types, which lists them");
    return err;
}

// `type` NULL: the object that the second argument names.
static struct error *find_ways(struct verb *verb, struct snapshot *s, const char *type,
                               uint64_t limit)
{
    _cleanup_(paths_destroy_at) struct paths *paths = NULL;
    _cleanup_(ways_destroy_at) struct ways *ways = NULL;
    struct strbuf name;
    uint32_t number;
    if (type)
        TRY(find_type(s, type, &number));
    else
        TRY(verb_find_object(verb, s, verb->arguments.items[1], &number));
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    TRY(paths_create(s, &paths));
    if (type)
        TRY(ways_to_type(s, paths, number, &ways));
    else
        TRY(ways_to_object(s, paths, number, &ways));
    strbuf_init(&name);
    if (type)
        snapshot_add_type_name(s, number, &name);
    else
        snapshot_add_object_name(s, number, &name);
    struct error *err = answer_ways(verb, s, strbuf_text(&name), ways, limit, type != NULL);
    strbuf_deinit(&name);
    return err;
}

struct error *verb_path(struct verb *verb)
{
    const char *type = NULL;
    bool all = false, full = false;
    uint64_t limit = 20;
    const struct option options[] = {
        {"all", 'a', OPTION_FLAG, &all, NULL, "every way to it, merged; not the shortest alone"},
        {"full", 0, OPTION_FLAG, &full, NULL, "every step of a path of thousands, too"},
        {"type", 't', OPTION_TEXT, &type, "NAME", "instead of ADDR: where its objects are kept"},
        {"limit", 'n', OPTION_COUNT, &limit, "N", "ways to show (default 20)"},
        VERB_HEAP_OPTIONS(verb),
        {0},
    };
    _cleanup_(snapshot_destroy_at) struct snapshot *s = NULL;
    _cleanup_(peeked_path_deinit) struct peeked_path peeked = {0};
    uint32_t object;
    TRY(verb_parse(verb, options, 1, 2));
    if (verb->done)
        return NULL;
    if ((verb->arguments.count == 2) == (type != NULL))
        return error_add_try(error_create(ERROR_USAGE, "path needs an address, or --type"),
                             "brille path %s 0x7f3a9c0d4e80", verb->arguments.items[0]);
    TRY(verb_open_heap(verb, verb->arguments.items[0], &s));
    if (all || type)
        return find_ways(verb, s, type, limit);
    const bool cut = !full && !verb->json && !verb->tsv;
    TRY(peek_path(s, strtoull(verb->arguments.items[1], NULL, 0), cut ? PEEK_ENDS : PEEK_ALL,
                  &peeked));
    if (peeked.snapshot)
        return answer_peeked(verb, s, &peeked, cut);
    TRY(verb_find_object(verb, s, verb->arguments.items[1], &object));
    return find_and_answer(verb, s, object, cut);
}
