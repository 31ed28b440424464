// brille audit: reference counts against the references that are known.
//
//     audit A.heap              counts that differ
//     audit A.heap B.heap       what of that grew: the leak of an extension module
//
// A count that is too high means that somebody holds references which cannot be seen: native code,
// or a leak in it. A count that is too low means an object that will be freed while it is in use.
// Immortal objects are left out, their counts mean nothing.
//
// One dump cannot tell a reference that native code needs from one that it forgot; two can: what is
// needed stays, what is forgotten grows.
#include "inspector/analysis/causes.h"
#include "inspector/analysis/diff.h"
#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/base/vec.h"
#include "inspector/cmd/command.h"

#include <stdlib.h>

struct type_row {
    uint32_t type;
    uint64_t objects, unexplained, missing;
    uint64_t before; // unexplained in the first dump
};

// What is looked at: one dump, or what changed from `first` to `s`.
struct audit {
    struct snapshot *s, *first; // first: NULL with one dump
    struct type_row *rows;
    uint64_t checked, wrong;
    int64_t growth; // of references that nobody explains
};

static int64_t difference(const struct snapshot *s, uint32_t o)
{
    return snapshot_immortal(s, o) ? 0 : (int64_t)s->refcount[o] - (int64_t)s->explained[o];
}

static int64_t growth_of(const struct type_row *row)
{
    return (int64_t)(row->unexplained - row->before);
}

static int compare_rows(const void *a, const void *b)
{
    const struct type_row *x = a, *y = b;
    const uint64_t p = x->unexplained + x->missing, q = y->unexplained + y->missing;
    return p != q ? (p > q ? -1 : 1) : (int)(x->type > y->type) - (int)(x->type < y->type);
}

static int compare_growth(const void *a, const void *b)
{
    const struct type_row *x = a, *y = b;
    return growth_of(x) != growth_of(y) ? (growth_of(x) > growth_of(y) ? -1 : 1)
                                        : compare_rows(a, b);
}

static bool is_told(const struct audit *audit, const struct type_row *row)
{
    return row->unexplained + row->missing || (audit->first && row->before);
}

// ---- counting ----

static struct error *count(struct audit *audit)
{
    struct snapshot *s = audit->s;
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_EPOCHS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    audit->rows = calloc((size_t)s->type_count + 1, sizeof *audit->rows);
    if (!audit->rows)
        return &error_no_memory;
    for (uint32_t t = 0; t < s->type_count; t++)
        audit->rows[t].type = t;
    for (uint32_t o = 0; o < s->object_count; o++) {
        const int64_t off = difference(s, o);
        struct type_row *row = &audit->rows[s->type[o]];
        audit->checked += !snapshot_immortal(s, o);
        audit->wrong += off != 0;
        audit->growth += off > 0 ? off : 0;
        row->objects += off != 0;
        row->unexplained += off > 0 ? (uint64_t)off : 0;
        row->missing += off < 0 ? (uint64_t)-off : 0;
    }
    return NULL;
}

static struct error *count_before(struct audit *audit)
{
    struct snapshot *first = audit->first;
    _cleanup_free_ uint32_t *types = NULL;
    TRY(snapshot_load(first, SNAPSHOT_COLUMNS | SNAPSHOT_EPOCHS | SNAPSHOT_EDGES));
    TRY(diff_match_types(first, audit->s, &types));
    for (uint32_t o = 0; o < first->object_count; o++) {
        const int64_t off = difference(first, o);
        if (off <= 0)
            continue;
        audit->growth -= off;
        if (types[first->type[o]] != ORDINAL_NONE)
            audit->rows[types[first->type[o]]].before += (uint64_t)off;
    }
    return NULL;
}

// ---- types ----

// Numbers of this table are in full digits, for people too.
static void add_digits(struct table *table, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    table_text(table, text);
}

static void fill_types(const struct audit *audit, struct table *table)
{
    const struct snapshot *s = audit->s;
    struct strbuf name;
    strbuf_init(&name);
    for (uint32_t i = 0; i < s->type_count; i++) {
        const struct type_row *row = &audit->rows[i];
        if (!is_told(audit, row))
            continue;
        strbuf_clear(&name);
        snapshot_add_type_name(s, row->type, &name);
        table_text(table, strbuf_text(&name));
        if (audit->first)
            table_change(table, growth_of(row));
        add_digits(table, row->objects);
        add_digits(table, row->unexplained);
        add_digits(table, row->missing);
    }
    strbuf_deinit(&name);
}

static struct error *add_types(struct verb *verb, const struct audit *audit)
{
    static const struct column columns[] = {{"type", NULL, UNIT_TEXT},
                                            {"objects", NULL, UNIT_TEXT},
                                            {"unexplained", NULL, UNIT_TEXT},
                                            {"missing", NULL, UNIT_TEXT}};
    static const struct column growing[] = {{"type", NULL, UNIT_TEXT},
                                            {"growth", "grew", UNIT_CHANGE},
                                            {"objects", NULL, UNIT_TEXT},
                                            {"unexplained", NULL, UNIT_TEXT},
                                            {"missing", NULL, UNIT_TEXT}};
    struct table table;
    if (audit->first)
        table_init(&table, growing, sizeof growing / sizeof *growing);
    else
        table_init(&table, columns, sizeof columns / sizeof *columns);
    fill_types(audit, &table);
    struct error *err = verb_add_table(verb, &table);
    table_deinit(&table);
    return err;
}

// ---- objects ----

// What an object without a label has in it: "list of float 5.0, float 1.0".
static void add_content(const struct snapshot *s, uint32_t o, struct strbuf *out)
{
    enum { SHOWN = 2 };
    struct edge edge;
    unsigned shown = 0;
    for (struct edge_iter it = snapshot_edges(s, o); shown < SHOWN && edge_iter_next(&it, &edge);) {
        if (edge.kind == EDGE_TYPE || !s->label[edge.target])
            continue;
        strbuf_add(out, shown++ ? ", " : " of ");
        snapshot_add_type_name(s, s->type[edge.target], out);
        strbuf_addf(out, " %.30s", snapshot_string(s, s->label[edge.target]));
    }
}

static void add_object(const struct snapshot *s, uint32_t o, struct table *table)
{
    struct strbuf name;
    strbuf_init(&name);
    table_number(table, s->refcount[o]);
    table_number(table, s->explained[o]);
    table_change(table, difference(s, o));
    table_number(table, s->address[o]);
    snapshot_add_type_name(s, s->type[o], &name);
    if (s->label[o])
        strbuf_addf(&name, " %.60s", snapshot_string(s, s->label[o]));
    else
        add_content(s, o, &name);
    table_text(table, strbuf_text(&name));
    strbuf_deinit(&name);
}

struct found {
    uint32_t object;
    uint32_t rank; // of its type in the table of types
    bool missing, old;
};

VEC_DEFINE(found_vec, struct found);

// What grew first, then what was so before, then counts that are too low; types as in their table.
static int compare_found(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    if (x->missing != y->missing)
        return x->missing ? 1 : -1;
    if (x->old != y->old)
        return x->old ? 1 : -1;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return x->object < y->object ? -1 : x->object > y->object;
}

static bool was_so(const struct audit *audit, uint32_t o)
{
    if (!audit->first)
        return false;
    const uint32_t before = snapshot_find(audit->first, audit->s->address[o]);
    return before != ORDINAL_NONE && audit->first->epoch[before] == audit->s->epoch[o] &&
           difference(audit->first, before) >= difference(audit->s, o);
}

static struct error *fill_objects(const struct audit *audit, uint64_t limit, struct table *table)
{
    const struct snapshot *s = audit->s;
    struct found_vec found = {0};
    _cleanup_free_ uint32_t *rank = calloc((size_t)s->type_count + 1, sizeof *rank);
    if (!rank)
        return &error_no_memory;
    for (uint32_t i = 0; i < s->type_count; i++)
        rank[audit->rows[i].type] = i;
    struct error *err = NULL;
    for (uint32_t o = 0; !err && o < s->object_count; o++)
        if (difference(s, o))
            err = found_vec_push(&found, (struct found){.object = o,
                                                        .rank = rank[s->type[o]],
                                                        .missing = difference(s, o) < 0,
                                                        .old = was_so(audit, o)});
    if (!err && found.count)
        qsort(found.items, found.count, sizeof *found.items, compare_found);
    for (size_t i = 0; !err && i < found.count && i < limit; i++)
        add_object(s, found.items[i].object, table);
    found_vec_deinit(&found);
    return err;
}

// ---- the answer ----

static void answer_json(struct verb *verb, const struct audit *audit, const struct table *objects)
{
    const struct snapshot *s = audit->s;
    struct json json;
    struct strbuf name;
    strbuf_init(&name);
    verb_begin_json(verb, s, &json);
    json_count(&json, "checked", audit->checked);
    json_count(&json, "wrong", audit->wrong);
    if (audit->first)
        json_signed(&json, "growth", audit->growth);
    json_begin(&json, "types", '[');
    for (uint32_t i = 0; i < s->type_count; i++) {
        const struct type_row *row = &audit->rows[i];
        if (!is_told(audit, row))
            continue;
        strbuf_clear(&name);
        snapshot_add_type_name(s, row->type, &name);
        json_begin(&json, NULL, '{');
        json_text(&json, "type", strbuf_text(&name));
        json_count(&json, "objects", row->objects);
        json_count(&json, "unexplained", row->unexplained);
        json_count(&json, "missing", row->missing);
        if (audit->first)
            json_signed(&json, "growth", growth_of(row));
        json_end(&json, '}');
    }
    json_end(&json, ']');
    table_add_json(objects, "objects", &json);
    verb_end_json(verb, &json);
    strbuf_deinit(&name);
}

static struct error *add_sentence(struct verb *verb, struct audit *audit)
{
    struct strbuf text;
    if (!audit->first) {
        verb_add_answer(verb, "%s mortal objects checked: %s with a count that differs.",
                        format_count(audit->checked).text, format_count(audit->wrong).text);
        return NULL;
    }
    const int64_t elapsed = audit->s->info.taken_unix_ns - audit->first->info.taken_unix_ns;
    const struct formatted time = format_time_ns(elapsed > 0 ? (uint64_t)elapsed : 0);
    if (audit->growth <= 0) {
        verb_add_answer(verb, "native code holds no more references than %s ago.", time.text);
        return NULL;
    }
    strbuf_init(&text);
    snapshot_add_type_name(audit->s, audit->rows[0].type, &text);
    struct error *err = NULL;
    strbuf_add(&text, ".");
    const size_t before = text.length;
    strbuf_add(&text, " Extension modules: ");
    const size_t named = text.length;
    err = cause_add_extensions(audit->s, &text);
    if (text.length == named)
        strbuf_truncate(&text, before);
    else
        strbuf_add(&text, ".");
    verb_add_answer(verb, "native code holds %s references more than %s ago, most of them to %s",
                    format_count((uint64_t)audit->growth).text, time.text, strbuf_text(&text));
    strbuf_deinit(&text);
    return err;
}

static struct error *answer(struct verb *verb, struct audit *audit, uint64_t limit)
{
    static const struct column columns[] = {
        {"refcount", NULL, UNIT_COUNT},      {"explained", "found", UNIT_COUNT},
        {"difference", "diff", UNIT_CHANGE}, {"address", NULL, UNIT_ADDRESS},
        {"type", "object", UNIT_TEXT},
    };
    const char *target = verb->arguments.items[audit->first ? 1 : 0];
    struct table objects;
    TRY(count(audit));
    if (audit->first)
        TRY(count_before(audit));
    qsort(audit->rows, audit->s->type_count, sizeof *audit->rows,
          audit->first ? compare_growth : compare_rows);
    verb_add_heading(verb, audit->s, target);
    TRY(add_sentence(verb, audit));
    TRY(add_types(verb, audit));
    table_init(&objects, columns, sizeof columns / sizeof *columns);
    struct error *err = fill_objects(audit, limit, &objects);
    if (!err && verb->json)
        answer_json(verb, audit, &objects);
    else if (!err && !verb->tsv)
        err = verb_add_table(verb, &objects);
    if (!verb->json && !verb->tsv && audit->wrong)
        log_next("brille refs %s ADDRESS", target);
    table_deinit(&objects);
    return err;
}

struct error *verb_audit(struct verb *verb)
{
    uint64_t limit = 10;
    const struct option options[] = {
        {"limit", 'n', OPTION_COUNT, &limit, "N", "objects to show (default 10)"},
        VERB_HEAP_OPTIONS(verb),
        {0},
    };
    struct audit audit = {0};
    struct snapshot *s[2] = {0};
    struct error *err = NULL;
    TRY(verb_parse(verb, options, 1, 2));
    if (verb->done)
        return NULL;
    for (uint32_t i = 0; !err && i < verb->arguments.count; i++)
        err = verb_open_heap(verb, verb->arguments.items[i], &s[i]);
    audit.s = s[1] ? s[1] : s[0];
    audit.first = s[1] ? s[0] : NULL;
    if (!err && audit.first && !diff_same_process(audit.first, audit.s))
        log_warning("the dumps are of different processes; only types are compared");
    if (!err)
        err = answer(verb, &audit, limit);
    free(audit.rows);
    snapshot_destroy(s[0]);
    snapshot_destroy(s[1]);
    return err;
}
