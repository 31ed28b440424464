// brille diff: what changed between two or three dumps, by type.
#include "inspector/analysis/diff.h"
#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"

#include <string.h>

static const struct column two_columns[] = {
    {"count", NULL, UNIT_COUNT}, {"count_change", "change", UNIT_CHANGE},
    {"size", "own", UNIT_BYTES}, {"size_change", "change", UNIT_BYTES_CHANGE},
    {"type", NULL, UNIT_TEXT},
};

static const struct column three_columns[] = {
    {"count", NULL, UNIT_COUNT},
    {"count_change_1", "1st change", UNIT_CHANGE},
    {"count_change_2", "2nd change", UNIT_CHANGE},
    {"size", "own", UNIT_BYTES},
    {"size_change", "change", UNIT_BYTES_CHANGE},
    {"steady", NULL, UNIT_TEXT},
    {"type", NULL, UNIT_TEXT},
};

static void add_row(const struct diff *d, const struct diff_row *row, struct table *table)
{
    const uint32_t last = d->snapshot_count - 1;
    struct strbuf name;
    strbuf_init(&name);
    table_number(table, row->count[last]);
    for (uint32_t i = 0; i < last; i++)
        table_change(table, (int64_t)(row->count[i + 1] - row->count[i]));
    table_number(table, row->size_bytes[last]);
    table_change(table, (int64_t)(row->size_bytes[last] - row->size_bytes[0]));
    if (last == 2)
        table_text(table, row->steady ? "yes" : "no");
    if (*row->module && strcmp(row->module, "builtins") != 0)
        strbuf_addf(&name, "%s.", row->module);
    strbuf_add(&name, row->name);
    table_text(table, strbuf_text(&name));
    strbuf_deinit(&name);
}

static bool changed(const struct diff *d, const struct diff_row *row)
{
    for (uint32_t i = 1; i < d->snapshot_count; i++)
        if (row->count[i] != row->count[i - 1] || row->size_bytes[i] != row->size_bytes[i - 1])
            return true;
    return false;
}

// Rows are sorted by growth: the biggest growth is at one end, what shrank at the other.
static uint32_t fill_table(const struct diff *d, uint64_t limit, struct table *table)
{
    uint32_t left_out = 0;
    for (uint32_t i = 0; i < d->count; i++) {
        if (!changed(d, &d->rows[i]))
            continue;
        if (table_row_count(table) < limit)
            add_row(d, &d->rows[i], table);
        else
            left_out++;
    }
    return left_out;
}

struct change {
    int64_t count, bytes;
};

static struct change total_change(const struct diff *d)
{
    struct change all = {0};
    const uint32_t last = d->snapshot_count - 1;
    for (uint32_t i = 0; i < d->count; i++) {
        all.count += (int64_t)(d->rows[i].count[last] - d->rows[i].count[0]);
        all.bytes += (int64_t)(d->rows[i].size_bytes[last] - d->rows[i].size_bytes[0]);
    }
    return all;
}

static void add_objects(struct verb *verb, const struct diff *d)
{
    if (!d->same_process) {
        strbuf_add(&verb->out, "different processes: compared by type only\n");
        return;
    }
    for (uint32_t i = 0; i + 1 < d->snapshot_count; i++)
        strbuf_addf(&verb->out, "%s objects are new (%s), %s are gone (%s), %s stayed%s\n",
                    format_count(d->step[i].added).text, format_bytes(d->step[i].added_bytes).text,
                    format_count(d->step[i].removed).text,
                    format_bytes(d->step[i].removed_bytes).text, format_count(d->step[i].kept).text,
                    d->probable ? " (probably: by address and type)" : "");
}

static void answer_json(struct verb *verb, const struct snapshot *newest, const struct diff *d,
                        const struct table *table)
{
    struct json json;
    const struct change change = total_change(d);
    verb_begin_json(verb, newest, &json);
    json_bool(&json, "same_process", d->same_process);
    json_bool(&json, "probable", d->probable);
    json_signed(&json, "count_change", change.count);
    json_signed(&json, "size_change", change.bytes);
    json_begin(&json, "steps", '[');
    for (uint32_t i = 0; d->same_process && i + 1 < d->snapshot_count; i++) {
        json_begin(&json, NULL, '{');
        json_count(&json, "added", d->step[i].added);
        json_count(&json, "added_bytes", d->step[i].added_bytes);
        json_count(&json, "removed", d->step[i].removed);
        json_count(&json, "removed_bytes", d->step[i].removed_bytes);
        json_count(&json, "kept", d->step[i].kept);
        json_end(&json, '}');
    }
    json_end(&json, ']');
    table_add_json(table, "types", &json);
    verb_end_json(verb, &json);
}

static struct error *answer(struct verb *verb, struct snapshot *const *s, uint32_t count,
                            uint64_t limit)
{
    _cleanup_(diff_destroy_at) struct diff *d = NULL;
    struct table table;
    TRY(diff_create(s, count, &d));
    if (count == 2)
        table_init(&table, two_columns, sizeof two_columns / sizeof *two_columns);
    else
        table_init(&table, three_columns, sizeof three_columns / sizeof *three_columns);
    const uint32_t left_out = fill_table(d, limit, &table);
    verb_add_heading(verb, s[count - 1], verb->arguments.items[count - 1]);
    const struct change change = total_change(d);
    const int64_t elapsed = s[count - 1]->info.taken_unix_ns - s[0]->info.taken_unix_ns;
    verb_add_answer(verb, "%s %s, %s objects, in %s.", change.bytes < 0 ? "shrank" : "grew",
                    format_bytes_change(change.bytes).text, format_change(change.count).text,
                    format_time_ns(elapsed > 0 ? (uint64_t)elapsed : 0).text);
    struct error *err = verb_add_table(verb, &table);
    if (verb->json) {
        answer_json(verb, s[count - 1], d, &table);
    } else if (!verb->tsv) {
        if (left_out)
            strbuf_addf(&verb->out, "  %s more types changed (-n shows more)\n",
                        format_count(left_out).text);
        add_objects(verb, d);
        log_next("brille leaks %s %s", verb->arguments.items[0], verb->arguments.items[count - 1]);
    }
    table_deinit(&table);
    return err;
}

struct error *verb_diff(struct verb *verb)
{
    uint64_t limit = 20;
    const struct option options[] = {
        {"limit", 'n', OPTION_COUNT, &limit, "N", "rows to show (default 20)"},
        VERB_HEAP_OPTIONS(verb),
        {0},
    };
    struct snapshot *s[DIFF_SNAPSHOTS_MAX] = {0};
    TRY(verb_parse(verb, options, 2, DIFF_SNAPSHOTS_MAX));
    if (verb->done)
        return NULL;
    struct error *err = NULL;
    const uint32_t count = (uint32_t)verb->arguments.count;
    for (uint32_t i = 0; !err && i < count; i++)
        err = verb_open_heap(verb, verb->arguments.items[i], &s[i]);
    if (!err)
        err = answer(verb, s, count, limit);
    for (uint32_t i = 0; i < count; i++)
        snapshot_destroy(s[i]);
    return err;
}
