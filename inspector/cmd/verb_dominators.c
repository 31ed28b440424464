// brille dominators: the top of the dominator tree, biggest first, or the biggest objects of a
// type.
#include "inspector/analysis/dominators.h"
#include "inspector/analysis/paths.h"
#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/cmd/where.h"

#include <stdlib.h>
#include <string.h>

static const struct column columns[] = {
    {"retained", "holds", UNIT_BYTES}, {"share", NULL, UNIT_SHARE},     {"size", "own", UNIT_BYTES},
    {"children", NULL, UNIT_COUNT},    {"address", NULL, UNIT_ADDRESS}, {"depth", NULL, UNIT_COUNT},
    {"type", "object", UNIT_TEXT},     {"path", NULL, UNIT_TEXT},
};

enum { COLUMN_COUNT = sizeof columns / sizeof *columns };

struct listing {
    struct verb *verb;
    struct snapshot *s;
    struct dominators *d;
    struct paths *p;
    struct table table;
    uint64_t limit, depth;
    const char *type, *where;
};

static void add_path(struct listing *l, uint32_t o)
{
    struct path path;
    struct strbuf text;
    struct error *err = path_to(l->p, l->s, o, &path);
    if (err) {
        error_destroy(err);
        table_text(&l->table, "");
        return;
    }
    strbuf_init(&text);
    if (!path_add_expression(l->s, &path, &text))
        path_add_text(l->s, &path, &text);
    table_text(&l->table, strbuf_text(&text));
    strbuf_deinit(&text);
    path_deinit(&path);
}

static void add_row(struct listing *l, uint32_t o, uint32_t depth)
{
    uint32_t children;
    struct strbuf name;
    strbuf_init(&name);
    dominators_children(l->d, o, &children);
    table_number(&l->table, l->d->retained[o]);
    table_share(&l->table, (double)l->d->retained[o], (double)l->d->total_bytes);
    table_number(&l->table, snapshot_size(l->s, o));
    table_number(&l->table, children);
    table_number(&l->table, l->s->address[o]);
    table_number(&l->table, depth);
    if (!l->verb->json && !l->verb->tsv)
        for (uint32_t i = 0; i < depth; i++)
            strbuf_add(&name, "  ");
    snapshot_add_type_name(l->s, l->s->type[o], &name);
    table_text(&l->table, strbuf_text(&name));
    strbuf_deinit(&name);
    add_path(l, o);
}

// The biggest children of each, as far down as they hold at least one per cent of the heap.
static void list_tree(struct listing *l, uint32_t object, uint32_t depth)
{
    uint32_t count;
    const uint32_t *children = dominators_children(l->d, object, &count);
    const uint64_t floor = depth ? l->d->total_bytes / 100 : 0;
    for (uint32_t i = 0; i < count && i < l->limit; i++) {
        if (l->d->retained[children[i]] < floor || l->d->retained[children[i]] == 0)
            break;
        add_row(l, children[i], depth);
        if (depth + 1 < l->depth)
            list_tree(l, children[i], depth + 1);
    }
}

static int compare_retained(const void *a, const void *b, void *context)
{
    const struct dominators *d = context;
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (d->retained[x] != d->retained[y])
        return d->retained[x] > d->retained[y] ? -1 : 1;
    return x < y ? -1 : x > y;
}

// The biggest objects of a type, of those that pass, or both.
static struct error *list_some(struct listing *l)
{
    struct u32_vec found = {0};
    struct error *err = NULL;
    _cleanup_free_ uint8_t *matches = calloc((size_t)l->s->type_count + 1, 1);
    _cleanup_free_ uint64_t *only = NULL;
    if (!matches)
        return &error_no_memory;
    if (l->where)
        TRY(where_objects(l->s, l->d, l->where, &only));
    for (uint32_t t = 0; t < l->s->type_count; t++)
        matches[t] = !l->type || verb_type_matches(l->s, t, l->type);
    for (uint32_t o = 0; !err && o < l->s->object_count; o++)
        if (matches[l->s->type[o]] && where_has(only, o))
            err = u32_vec_push(&found, o);
    if (!err && found.count)
        qsort_r(found.items, found.count, sizeof *found.items, compare_retained, l->d);
    for (size_t i = 0; !err && i < found.count && i < l->limit; i++)
        add_row(l, found.items[i], 0);
    u32_vec_deinit(&found);
    return err;
}

static struct error *answer(struct listing *l, const char *target)
{
    struct verb *verb = l->verb;
    table_init(&l->table, columns, COLUMN_COUNT);
    struct error *err = NULL;
    if (l->type || l->where)
        err = list_some(l);
    else
        list_tree(l, DOMINATOR_ROOT, 0);
    verb_add_heading(verb, l->s, target);
    verb_add_answer(verb, "%s are reachable in %s objects%s%s.",
                    format_bytes(l->d->total_bytes).text, format_count(l->d->reachable_count).text,
                    l->type    ? "; the biggest of type "
                    : l->where ? "; the biggest that pass"
                               : "",
                    l->type ? l->type : "");
    if (!err)
        err = verb_add_table(verb, &l->table);
    if (!err && l->type && !l->where && l->limit && !table_row_count(&l->table))
        verb_add_no_match(verb, "type", l->type);
    if (!err && verb->json) {
        struct json json;
        verb_begin_json(verb, l->s, &json);
        json_count(&json, "reachable_bytes", l->d->total_bytes);
        table_add_json(&l->table, "objects", &json);
        verb_end_json(verb, &json);
    }
    if (!err && !verb->json && table_row_count(&l->table))
        log_next("brille path %s ADDRESS", target);
    table_deinit(&l->table);
    return err;
}

struct error *verb_dominators(struct verb *verb)
{
    struct listing l = {.verb = verb, .limit = 10, .depth = 3};
    const struct option options[] = {
        {"limit", 'n', OPTION_COUNT, &l.limit, "N", "objects to show at each level (default 10)"},
        {"depth", 'd', OPTION_COUNT, &l.depth, "N", "levels of the tree (default 3)"},
        {"type", 't', OPTION_TEXT, &l.type, "GLOB", "the biggest objects of a type instead"},
        WHERE_OPTION(l.where),
        VERB_HEAP_OPTIONS(verb),
        {0},
    };
    _cleanup_(snapshot_destroy_at) struct snapshot *s = NULL;
    _cleanup_(dominators_destroy_at) struct dominators *d = NULL;
    _cleanup_(paths_destroy_at) struct paths *p = NULL;
    TRY(verb_parse(verb, options, 1, 1));
    if (verb->done)
        return NULL;
    if (l.depth > 64)
        return error_create(ERROR_USAGE, "--depth is 64 at most");
    if (l.where)
        TRY(where_check(l.where));
    TRY(verb_open_heap(verb, verb->arguments.items[0], &s));
    TRY(dominators_create(s, &d));
    TRY(paths_create(s, &p));
    l.s = s;
    l.d = d;
    l.p = p;
    return answer(&l, verb->arguments.items[0]);
}
