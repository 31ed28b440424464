// brille path: why an object is alive.
#include "inspector/analysis/dominators.h"
#include "inspector/analysis/paths.h"
#include "inspector/analysis/peek.h"
#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"

#include <stdlib.h>

static const struct column columns[] = {{"retained", "holds", UNIT_BYTES},
                                        {"address", NULL, UNIT_ADDRESS},
                                        {"step", NULL, UNIT_TEXT},
                                        {"type", "object", UNIT_TEXT}};

static void fill_table(const struct snapshot *s, const uint64_t *retained, const struct path *path,
                       bool fold, struct table *table)
{
    struct strbuf text;
    strbuf_init(&text);
    for (uint32_t i = 0; i < path->count; i++) {
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
                            const struct path *path)
{
    const uint32_t object = path->objects[path->count - 1];
    struct strbuf text;
    struct table table;
    strbuf_init(&text);
    path_add_expression(s, path, &text);
    table_init(&table, columns, 4);
    fill_table(s, retained, path, !verb->json, &table);
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

static struct error *find_and_answer(struct verb *verb, const struct snapshot *whole,
                                     struct snapshot *s, uint32_t object, const uint64_t *retained)
{
    _cleanup_(paths_destroy_at) struct paths *paths = NULL;
    _cleanup_(dominators_destroy_at) struct dominators *d = NULL;
    struct path path;
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    TRY(paths_create(s, &paths));
    if (!retained)
        TRY(dominators_create(s, &d));
    TRY(path_to(paths, s, object, &path));
    struct error *err = answer(verb, whole, s, retained ? retained : d->retained, &path);
    path_deinit(&path);
    return err;
}

struct error *verb_path(struct verb *verb)
{
    const struct option options[] = {VERB_HEAP_OPTIONS(verb), {0}};
    _cleanup_(snapshot_destroy_at) struct snapshot *s = NULL;
    _cleanup_(peeked_path_deinit) struct peeked_path peeked = {0};
    uint32_t object;
    TRY(verb_parse(verb, options, 2, 2));
    if (verb->done)
        return NULL;
    TRY(verb_open_heap(verb, verb->arguments.items[0], &s));
    TRY(peek_path(s, strtoull(verb->arguments.items[1], NULL, 0), &peeked));
    if (peeked.snapshot)
        return find_and_answer(verb, s, peeked.snapshot, peeked.object, peeked.retained);
    TRY(verb_find_object(verb, s, verb->arguments.items[1], &object));
    return find_and_answer(verb, s, s, object, NULL);
}
