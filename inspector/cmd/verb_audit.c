// brille audit: reference counts against the references that are known.
//
// A count that is too high means that somebody holds references which cannot be seen: native code,
// or a leak in it. A count that is too low means an object that will be freed while it is in use.
// Immortal objects are left out, their counts mean nothing.
#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"

#include <stdlib.h>

struct type_row {
    uint32_t type;
    uint64_t objects, unexplained, missing;
};

static const struct column type_columns[] = {
    {"type", NULL, UNIT_TEXT},
    {"objects", NULL, UNIT_TEXT},
    {"unexplained", NULL, UNIT_TEXT},
    {"missing", NULL, UNIT_TEXT},
};

static const struct column object_columns[] = {
    {"refcount", NULL, UNIT_COUNT},      {"explained", "found", UNIT_COUNT},
    {"difference", "diff", UNIT_CHANGE}, {"address", NULL, UNIT_ADDRESS},
    {"type", "object", UNIT_TEXT},
};

static int64_t difference(const struct snapshot *s, uint32_t o)
{
    return snapshot_immortal(s, o) ? 0 : (int64_t)s->refcount[o] - (int64_t)s->explained[o];
}

static int compare_rows(const void *a, const void *b)
{
    const struct type_row *x = a, *y = b;
    const uint64_t p = x->unexplained + x->missing, q = y->unexplained + y->missing;
    return p != q ? (p > q ? -1 : 1) : (int)(x->type > y->type) - (int)(x->type < y->type);
}

// Numbers of this table are in full digits, for people too.
static void add_digits(struct table *table, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    table_text(table, text);
}

static void fill_types(const struct snapshot *s, struct type_row *rows, struct table *table)
{
    struct strbuf name;
    strbuf_init(&name);
    qsort(rows, s->type_count, sizeof *rows, compare_rows);
    for (uint32_t i = 0; i < s->type_count && rows[i].unexplained + rows[i].missing; i++) {
        strbuf_clear(&name);
        snapshot_add_type_name(s, rows[i].type, &name);
        table_text(table, strbuf_text(&name));
        add_digits(table, rows[i].objects);
        add_digits(table, rows[i].unexplained);
        add_digits(table, rows[i].missing);
    }
    strbuf_deinit(&name);
}

static void fill_objects(const struct snapshot *s, uint64_t limit, struct table *table)
{
    struct strbuf name;
    strbuf_init(&name);
    for (uint32_t o = 0; o < s->object_count && table_row_count(table) < limit; o++) {
        if (difference(s, o) == 0)
            continue;
        table_number(table, s->refcount[o]);
        table_number(table, s->explained[o]);
        table_change(table, difference(s, o));
        table_number(table, s->address[o]);
        strbuf_clear(&name);
        snapshot_add_type_name(s, s->type[o], &name);
        if (s->label[o])
            strbuf_addf(&name, " %.60s", snapshot_string(s, s->label[o]));
        table_text(table, strbuf_text(&name));
    }
    strbuf_deinit(&name);
}

static void answer_json(struct verb *verb, const struct snapshot *s, const struct type_row *rows,
                        uint64_t checked, uint64_t wrong, const struct table *objects)
{
    struct json json;
    struct strbuf name;
    strbuf_init(&name);
    verb_begin_json(verb, s, &json);
    json_count(&json, "checked", checked);
    json_count(&json, "wrong", wrong);
    json_begin(&json, "types", '[');
    for (uint32_t i = 0; i < s->type_count && rows[i].unexplained + rows[i].missing; i++) {
        strbuf_clear(&name);
        snapshot_add_type_name(s, rows[i].type, &name);
        json_begin(&json, NULL, '{');
        json_text(&json, "type", strbuf_text(&name));
        json_count(&json, "objects", rows[i].objects);
        json_count(&json, "unexplained", rows[i].unexplained);
        json_count(&json, "missing", rows[i].missing);
        json_end(&json, '}');
    }
    json_end(&json, ']');
    table_add_json(objects, "objects", &json);
    verb_end_json(verb, &json);
    strbuf_deinit(&name);
}

static struct error *answer(struct verb *verb, struct snapshot *s, uint64_t limit)
{
    uint64_t checked = 0, wrong = 0;
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    _cleanup_free_ struct type_row *rows = calloc((size_t)s->type_count + 1, sizeof *rows);
    if (!rows)
        return &error_no_memory;
    for (uint32_t t = 0; t < s->type_count; t++)
        rows[t].type = t;
    for (uint32_t o = 0; o < s->object_count; o++) {
        const int64_t off = difference(s, o);
        struct type_row *row = &rows[s->type[o]];
        checked += !snapshot_immortal(s, o);
        wrong += off != 0;
        row->objects += off != 0;
        row->unexplained += off > 0 ? (uint64_t)off : 0;
        row->missing += off < 0 ? (uint64_t)-off : 0;
    }
    struct table types, objects;
    table_init(&types, type_columns, sizeof type_columns / sizeof *type_columns);
    table_init(&objects, object_columns, sizeof object_columns / sizeof *object_columns);
    fill_types(s, rows, &types);
    fill_objects(s, limit, &objects);
    verb_add_heading(verb, s, verb->arguments.items[0]);
    verb_add_answer(verb, "%s mortal objects checked: %s with a count that differs.",
                    format_count(checked).text, format_count(wrong).text);
    struct error *err = verb_add_table(verb, &types);
    if (!err && verb->json)
        answer_json(verb, s, rows, checked, wrong, &objects);
    else if (!err && !verb->tsv)
        err = verb_add_table(verb, &objects);
    if (!verb->json && !verb->tsv && wrong)
        log_next("brille refs %s ADDRESS", verb->arguments.items[0]);
    table_deinit(&types);
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
    _cleanup_(snapshot_destroy_at) struct snapshot *s = NULL;
    TRY(verb_parse(verb, options, 1, 1));
    if (verb->done)
        return NULL;
    TRY(verb_open_heap(verb, verb->arguments.items[0], &s));
    return answer(verb, s, limit);
}
