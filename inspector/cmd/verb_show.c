// brille show and brille refs: one object, what it refers to, and what refers to it.
#include "inspector/analysis/dominators.h"
#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/cmd/where.h"
#include "inspector/export/export.h"

#include <stdlib.h>
#include <string.h>

static const struct column reference_columns[] = {
    {"size", "own", UNIT_BYTES},    {"retained", "holds", UNIT_BYTES},
    {"refcount", NULL, UNIT_COUNT}, {"address", NULL, UNIT_ADDRESS},
    {"class", NULL, UNIT_TEXT},     {"kind", NULL, UNIT_TEXT},
    {"name", NULL, UNIT_TEXT},      {"type", "object", UNIT_TEXT},
};

enum { REFERENCE_COLUMNS = sizeof reference_columns / sizeof *reference_columns };

struct view {
    struct verb *verb;
    struct snapshot *s;
    struct dominators *d;
    uint32_t object;
    uint64_t limit;
    const char *where;
    uint64_t *only;            // bits of the objects that pass; NULL: all do
    uint64_t passed, left_out; // of the references
};

// The label is what a person recognises a string or a number by.
static void add_type_and_label(const struct snapshot *s, uint32_t o, struct strbuf *out)
{
    snapshot_add_type_name(s, s->type[o], out);
    if (s->label[o])
        strbuf_addf(out, " %.60s", snapshot_string(s, s->label[o]));
}

// A reference from or to `other`, if that passes and the table has room.
static void add_reference_row(struct view *view, struct table *table, uint32_t other,
                              const struct edge *edge)
{
    const struct snapshot *s = view->s;
    struct strbuf text;
    if (!where_has(view->only, other))
        return;
    view->passed++;
    if (table_row_count(table) >= view->limit && !view->verb->json && !view->verb->tsv) {
        view->left_out++;
        return;
    }
    strbuf_init(&text);
    table_number(table, snapshot_size(s, other));
    table_number(table, view->d->retained[other]);
    table_number(table, s->refcount[other]);
    table_number(table, s->address[other]);
    table_text(table, edge_class_word(edge->class));
    table_text(table, edge_kind_word(edge->kind));
    snapshot_add_edge_name(s, edge, &text);
    table_text(table, strbuf_text(&text));
    strbuf_clear(&text);
    add_type_and_label(s, other, &text);
    table_text(table, strbuf_text(&text));
    strbuf_deinit(&text);
}

static void add_facts(const struct view *view, struct strbuf *out)
{
    const struct snapshot *s = view->s;
    const uint32_t o = view->object;
    const uint32_t unexplained = snapshot_unexplained(s, o);
    const bool known = snapshot_has_references(s);
    strbuf_addf(out, "\n  %-10s %s", "size", format_bytes(snapshot_size(s, o)).text);
    if (known)
        strbuf_addf(out, ", holds %s", format_bytes(view->d->retained[o]).text);
    strbuf_add_char(out, '\n');
    if (snapshot_immortal(s, o))
        strbuf_addf(out, "  %-10s immortal\n", "refcount");
    else if (!known)
        strbuf_addf(out, "  %-10s %u\n", "refcount", s->refcount[o]);
    else if (unexplained)
        strbuf_addf(out, "! %-10s %u, %u of them held by nothing known (native code?)\n",
                    "refcount", s->refcount[o], unexplained);
    else
        strbuf_addf(out, "  %-10s %u, all explained\n", "refcount", s->refcount[o]);
    const int generation = snapshot_generation(s, o);
    if (!snapshot_tracked(s, o))
        strbuf_addf(out, "  %-10s not tracked\n", "collector");
    else if (generation == GENERATION_PERMANENT)
        strbuf_addf(out, "  %-10s permanent\n", "collector");
    else if (generation < GENERATION_PERMANENT)
        strbuf_addf(out, "  %-10s generation %d\n", "collector", generation);
    if (known && view->d->parent[o] == DOMINATOR_NONE)
        strbuf_addf(out, "! %-10s no: garbage in a cycle, not collected yet\n", "reachable");
    if (s->label[o])
        strbuf_addf(out, "  %-10s %s\n", "value", snapshot_string(s, s->label[o]));
    for (uint32_t i = 0; i < s->root_count; i++)
        if (s->roots[i].target == o) {
            strbuf_addf(out, "  %-10s ", "root");
            snapshot_add_root_name(s, &s->roots[i], out);
            strbuf_add_char(out, '\n');
        }
}

static void end_json(struct view *view, struct table *table, const char *key)
{
    struct json json;
    verb_begin_json(view->verb, view->s, &json);
    json_begin(&json, "object", '{');
    ndjson_add_object(view->s, view->object, &json);
    json_count(&json, "retained", view->d->retained[view->object]);
    const uint32_t parent = view->d->parent[view->object];
    if (parent < view->s->object_count)
        json_address(&json, "dominator", view->s->address[parent]);
    else
        json_null(&json, "dominator");
    json_end(&json, '}');
    table_add_json(table, key, &json);
    json_begin(&json, "roots", '[');
    for (uint32_t i = 0; i < view->s->root_count; i++) {
        if (view->s->roots[i].target != view->object)
            continue;
        json_begin(&json, NULL, '{');
        json_text(&json, "kind", root_kind_word(view->s->roots[i].kind));
        json_text(&json, "name", snapshot_string(view->s, view->s->roots[i].name));
        json_end(&json, '}');
    }
    json_end(&json, ']');
    verb_end_json(view->verb, &json);
}

static void add_sentence(const struct view *view, const char *format, uint64_t count)
{
    struct strbuf name;
    strbuf_init(&name);
    snapshot_add_object_name(view->s, view->object, &name);
    verb_add_answer(view->verb, format, strbuf_text(&name), format_count(count).text,
                    count == 1 ? "" : "s");
    strbuf_deinit(&name);
}

static void add_rest(const struct view *view)
{
    struct strbuf *out = &view->verb->out;
    if (view->verb->tsv)
        return;
    if (view->left_out)
        strbuf_addf(out, "  %s more (-n %llu shows all)\n", format_count(view->left_out).text,
                    (unsigned long long)view->passed);
    if (view->only)
        strbuf_addf(out, "  %s pass --where\n", format_count(view->passed).text);
}

static struct error *show(struct view *view)
{
    struct verb *verb = view->verb;
    struct table table;
    struct edge edge;
    table_init(&table, reference_columns, REFERENCE_COLUMNS);
    uint64_t count = 0;
    for (struct edge_iter it = snapshot_edges(view->s, view->object); edge_iter_next(&it, &edge);) {
        count++;
        add_reference_row(view, &table, edge.target, &edge);
    }
    verb_add_heading(verb, view->s, verb->arguments.items[0]);
    struct error *err = NULL;
    if (verb->json) {
        end_json(view, &table, "references");
    } else {
        add_sentence(view,
                     snapshot_has_references(view->s)
                         ? "%s refers to %s object%s."
                         : "%s; a moment of a trace does not say what it refers to.",
                     count);
        if (!verb->tsv)
            add_facts(view, &verb->out);
        err = verb_add_table(verb, &table);
        add_rest(view);
        log_next("brille path %s %s", verb->arguments.items[0], verb->arguments.items[1]);
    }
    table_deinit(&table);
    return err;
}

static struct error *refs(struct view *view)
{
    struct verb *verb = view->verb;
    struct table table;
    TRY(snapshot_load(view->s, SNAPSHOT_REFERRERS));
    table_init(&table, reference_columns, REFERENCE_COLUMNS);
    uint64_t count;
    const uint32_t *referrers = snapshot_referrers(view->s, view->object, &count);
    for (uint64_t i = 0; i < count; i++) {
        if (i > 0 && referrers[i] == referrers[i - 1])
            continue; // one walk over a referrer finds all its references
        struct edge edge;
        for (struct edge_iter it = snapshot_edges(view->s, referrers[i]);
             edge_iter_next(&it, &edge);)
            if (edge.target == view->object)
                add_reference_row(view, &table, referrers[i], &edge);
    }
    verb_add_heading(verb, view->s, verb->arguments.items[0]);
    struct error *err = NULL;
    if (verb->json) {
        end_json(view, &table, "referrers");
    } else {
        add_sentence(view, "%s has %s reference%s to it.", count);
        if (!verb->tsv)
            add_facts(view, &verb->out);
        err = verb_add_table(verb, &table);
        add_rest(view);
        log_next("brille path %s %s", verb->arguments.items[0], verb->arguments.items[1]);
    }
    table_deinit(&table);
    return err;
}

static struct error *with_object(struct verb *verb, struct error *(*answer)(struct view *))
{
    struct view view = {.verb = verb, .limit = 20};
    const struct option options[] = {
        {"limit", 'n', OPTION_COUNT, &view.limit, "N", "references to show (default 20)"},
        WHERE_OPTION(view.where),
        VERB_HEAP_OPTIONS(verb),
        {0},
    };
    _cleanup_(snapshot_destroy_at) struct snapshot *s = NULL;
    _cleanup_(dominators_destroy_at) struct dominators *d = NULL;
    TRY(verb_parse(verb, options, 2, 2));
    if (verb->done)
        return NULL;
    if (view.where)
        TRY(where_check(view.where));
    TRY(verb_open_heap(verb, verb->arguments.items[0], &s));
    TRY(verb_find_object(verb, s, verb->arguments.items[1], &view.object));
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    TRY(dominators_create(s, &d));
    view.s = s;
    view.d = d;
    if (view.where)
        TRY(where_objects(s, d, view.where, &view.only));
    struct error *err = answer(&view);
    free(view.only);
    return err;
}

struct error *verb_show(struct verb *verb)
{
    return with_object(verb, show);
}

struct error *verb_refs(struct verb *verb)
{
    return with_object(verb, refs);
}
