// brille types: objects by type, or by the module of their type.
#include "inspector/analysis/dominators.h"
#include "inspector/analysis/histogram.h"
#include "inspector/analysis/stored.h"
#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/cmd/where.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

struct types_options {
    uint64_t limit;
    const char *sort, *type, *by, *where;
};

static int by_count(const void *a, const void *b)
{
    const struct histogram_row *x = a, *y = b;
    return x->count != y->count ? (x->count > y->count ? -1 : 1) : (int)(x->key > y->key);
}

static int by_retained(const void *a, const void *b)
{
    const struct histogram_row *x = a, *y = b;
    return x->retained_bytes != y->retained_bytes ? (x->retained_bytes > y->retained_bytes ? -1 : 1)
                                                  : (int)(x->key > y->key);
}

static struct error *sort_rows(struct histogram *h, const char *sort)
{
    if (strcmp(sort, "own") == 0)
        return NULL;
    if (strcmp(sort, "count") == 0)
        qsort(h->rows, h->count, sizeof *h->rows, by_count);
    else if (strcmp(sort, "holds") == 0)
        qsort(h->rows, h->count, sizeof *h->rows, by_retained);
    else
        return error_create(ERROR_USAGE, "--sort knows count, own and holds, not '%s'", sort);
    return NULL;
}

static bool is_wanted(const struct snapshot *s, const struct histogram *h,
                      const struct histogram_row *row, const char *name, const char *glob)
{
    return h->by == HISTOGRAM_BY_TYPE ? verb_type_matches(s, row->key, glob)
                                      : fnmatch(glob, name, 0) == 0;
}

static uint32_t fill_table(const struct snapshot *s, const struct histogram *h,
                           const struct types_options *options, struct table *table)
{
    uint32_t left_out = 0;
    struct strbuf name;
    strbuf_init(&name);
    for (uint32_t i = 0; i < h->count; i++) {
        const struct histogram_row *row = &h->rows[i];
        strbuf_clear(&name);
        histogram_add_name(h, s, row, &name);
        if (options->type && !is_wanted(s, h, row, strbuf_text(&name), options->type))
            continue;
        if (table_row_count(table) >= options->limit) {
            left_out++;
            continue;
        }
        table_number(table, row->count);
        table_number(table, row->size_bytes);
        table_share(table, (double)row->size_bytes, (double)h->size_bytes);
        table_number(table, row->retained_bytes);
        table_text(table, strbuf_text(&name));
    }
    strbuf_deinit(&name);
    return left_out;
}

// From the file, when somebody has counted before.
static struct error *count_groups(struct snapshot *s, bool modules, const char *where,
                                  struct histogram **ret)
{
    _cleanup_(dominators_destroy_at) struct dominators *d = NULL;
    _cleanup_free_ uint64_t *only = NULL;
    const enum histogram_key by = modules ? HISTOGRAM_BY_MODULE : HISTOGRAM_BY_TYPE;
    if (where) {
        TRY(dominators_create(s, &d));
        TRY(where_objects(s, d, where, &only));
        return histogram_create_of(s, by, d, only, ret);
    }
    if (!modules) {
        TRY(stored_types_load(s, ret));
        if (*ret)
            return NULL;
    }
    TRY(dominators_create(s, &d));
    TRY(histogram_create(s, by, d, ret));
    if (!modules)
        stored_types_save(s, *ret);
    return NULL;
}

static struct error *answer(struct verb *verb, struct snapshot *s,
                            const struct types_options *options)
{
    const bool modules = strcmp(options->by, "module") == 0;
    const struct column columns[] = {{"count", NULL, UNIT_COUNT},
                                     {"size", "own", UNIT_BYTES},
                                     {"share", NULL, UNIT_SHARE},
                                     {"retained", "holds", UNIT_BYTES},
                                     {options->by, NULL, UNIT_TEXT}};
    const char *target = verb->arguments.items[0];
    _cleanup_(histogram_destroy_at) struct histogram *h = NULL;
    TRY(count_groups(s, modules, options->where, &h));
    TRY(sort_rows(h, options->sort));
    struct table table;
    table_init(&table, columns, 5);
    const uint32_t left_out = fill_table(s, h, options, &table);
    verb_add_heading(verb, s, target);
    verb_add_answer(verb, "%s objects%s of %s %ss, %s.", format_count(h->object_count).text,
                    options->where ? " pass," : "", format_count(h->count).text,
                    modules ? "module" : "type", format_bytes(h->size_bytes).text);
    struct error *err = verb_add_table(verb, &table);
    if (verb->json) {
        struct json json;
        verb_begin_json(verb, s, &json);
        table_add_json(&table, modules ? "modules" : "types", &json);
        verb_end_json(verb, &json);
    } else if (!verb->tsv) {
        if (options->type && !left_out && !table_row_count(&table))
            verb_add_no_match(verb, options->by, options->type);
        if (left_out)
            strbuf_addf(&verb->out, "  %s more %s%s (-n %u shows all)\n",
                        format_count(left_out).text, options->by, left_out == 1 ? "" : "s",
                        h->count);
        strbuf_addf(
            &verb->out,
            "own: the objects themselves.  holds: freed if the whole %s went; rows overlap\n",
            options->by);
        log_next("brille dominators %s", target);
    }
    table_deinit(&table);
    return err;
}

struct error *verb_types(struct verb *verb)
{
    struct types_options types = {.limit = 20, .sort = "own", .by = "type"};
    const struct option options[] = {
        {"limit", 'n', OPTION_COUNT, &types.limit, "N", "rows to show (default 20)"},
        {"sort", 's', OPTION_TEXT, &types.sort, "COLUMN", "count, own or holds"},
        {"by", 'b', OPTION_TEXT, &types.by, "GROUP", "type (default) or module"},
        {"type", 't', OPTION_TEXT, &types.type, "GLOB", "types (or modules) whose name matches"},
        WHERE_OPTION(types.where),
        VERB_HEAP_OPTIONS(verb),
        {0},
    };
    _cleanup_(snapshot_destroy_at) struct snapshot *s = NULL;
    TRY(verb_parse(verb, options, 1, 1));
    if (verb->done)
        return NULL;
    if (strcmp(types.by, "type") != 0 && strcmp(types.by, "module") != 0)
        return error_create(ERROR_USAGE, "--by knows type and module, not '%s'", types.by);
    if (types.where)
        TRY(where_check(types.where));
    TRY(verb_open_heap(verb, verb->arguments.items[0], &s));
    return answer(verb, s, &types);
}
