// Referrers are grouped by the place they are filed under and the step from there; only the groups
// are spelled, so that a million entries of a cache cost a million look-ups and one text.
#include "inspector/analysis/ways.h"

#include "inspector/analysis/growth.h"
#include "inspector/analysis/steps.h"
#include "inspector/base/vec.h"
#include "inspector/model/hash.h"
#include "inspector/model/strtab.h"

#include <stdlib.h>
#include <string.h>

VEC_DEFINE(way_vec, struct way);

enum {
    UP_MAX = 10000,         // steps of one path that are looked at,
    UP_SUM = 200 * 1000000, // and of all together
    NAMESPACE_EDGES = 256,  // an owner has its namespace among so many references
};

struct gathering {
    const struct snapshot *s;
    const struct paths *p;
    struct growth *g;
    struct ways *ways;
    struct strtab texts;   // of the ways; an id is looked up in `rows`
    struct u32_vec rows;   // by text id: row of `found` + 1
    struct u32_vec by_own; // by place: the row of objects filed there + 1, so that few are spelled
    struct way_vec found;
    uint64_t up; // steps looked at
};

static uint32_t length_of(const struct gathering *w, uint32_t object)
{
    uint32_t length = 1;
    for (uint32_t o = object; w->p->parent[o] != o && length < UP_MAX; o = w->p->parent[o])
        length++;
    return length;
}

// Adds to the way of that spelling.
static struct error *count(struct gathering *w, const struct strbuf *text, const struct way *one,
                           uint32_t *row)
{
    uint32_t id;
    TRY(strbuf_error(text));
    TRY(strtab_intern(&w->texts, strbuf_text(text), text->length, &id));
    while (w->rows.count <= id)
        TRY(u32_vec_push(&w->rows, 0));
    if (!w->rows.items[id]) {
        TRY(way_vec_push(&w->found, *one));
        w->rows.items[id] = (uint32_t)w->found.count;
        struct way *added = &w->found.items[w->found.count - 1];
        added->count = added->bytes = 0;
        added->text = strdup(strbuf_text(text));
        if (!added->text)
            return &error_no_memory;
    }
    *row = w->rows.items[id] - 1;
    struct way *way = &w->found.items[*row];
    way->count += one->count;
    way->bytes += one->bytes;
    if (one->length < way->length) {
        way->length = one->length;
        way->object = one->object;
    }
    return NULL;
}

static int compare_ways(const void *x, const void *y)
{
    const struct way *a = x, *b = y;
    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return strcmp(a->text, b->text);
}

static int compare_counts(const void *x, const void *y)
{
    const struct way *a = x, *b = y;
    return a->count != b->count ? (a->count > b->count ? -1 : 1) : compare_ways(x, y);
}

// ---- to an object ----

static bool leads_through(struct gathering *w, uint32_t from, uint32_t object)
{
    uint32_t o = from;
    for (uint32_t steps = 0; steps < UP_MAX && w->up < UP_SUM; steps++, w->up++) {
        if (o == object)
            return true;
        if (w->p->parent[o] == o)
            break;
        o = w->p->parent[o];
    }
    return false;
}

// A namespace is filed where its owner is.
static bool is_namespace(const struct gathering *w, uint32_t o)
{
    const uint32_t owner = w->p->parent[o];
    struct edge edge;
    unsigned looked = 0;
    if (owner == o || w->g->place_of[0][o] != w->g->place_of[0][owner])
        return false;
    for (struct edge_iter it = snapshot_edges(w->s, owner);
         looked++ < NAMESPACE_EDGES && edge_iter_next(&it, &edge);)
        if (edge.target == o && step_is_namespace(w->s, &edge))
            return true;
    return false;
}

static struct error *count_referrer(struct gathering *w, uint32_t from, uint32_t object,
                                    struct strbuf *text)
{
    const bool from_namespace = is_namespace(w, from);
    struct edge edge;
    for (struct edge_iter it = snapshot_edges(w->s, from); edge_iter_next(&it, &edge);) {
        if (edge.target != object || !edge_class_retains(edge.class))
            continue;
        uint32_t row;
        strbuf_clear(text);
        growth_add_path(w->g, w->g->place_of[0][from], text);
        step_add_merged(w->s, &edge, from_namespace, text);
        TRY(count(w, text,
                  &(struct way){.count = 1, .object = from, .length = length_of(w, from) + 1},
                  &row));
    }
    return NULL;
}

static struct error *count_roots(struct gathering *w, uint32_t object, struct strbuf *text)
{
    uint32_t row;
    for (uint32_t i = 0; i < w->s->root_count; i++) {
        if (w->s->roots[i].target != object)
            continue;
        strbuf_clear(text);
        snapshot_add_root_name(w->s, &w->s->roots[i], text);
        TRY(count(w, text, &(struct way){.count = 1, .object = ORDINAL_NONE, .length = 1}, &row));
    }
    if (!snapshot_unexplained(w->s, object))
        return NULL;
    strbuf_clear(text);
    strbuf_add(text, GROWTH_NATIVE);
    return count(w, text,
                 &(struct way){.count = snapshot_unexplained(w->s, object),
                               .object = ORDINAL_NONE,
                               .length = 1},
                 &row);
}

static struct error *gather_object(struct gathering *w, uint32_t object, struct strbuf *text)
{
    uint64_t number;
    const uint32_t *referrers = snapshot_referrers(w->s, object, &number);
    TRY(count_roots(w, object, text));
    for (uint64_t i = 0; i < number; i++) {
        const uint32_t from = referrers[i];
        if (i && referrers[i - 1] == from)
            continue; // all its references were counted
        if (!paths_reaches(w->p, from))
            w->ways->garbage++;
        else if (leads_through(w, from, object))
            w->ways->own_count++;
        else
            TRY(count_referrer(w, from, object, text));
    }
    if (w->found.count)
        qsort(w->found.items, w->found.count, sizeof *w->found.items, compare_ways);
    return NULL;
}

// ---- to a type ----

static struct error *gather_type(struct gathering *w, uint32_t type, struct strbuf *text)
{
    uint32_t *first;
    TRY(u32_vec_extend(&w->by_own, w->g->count, &first));
    for (uint32_t o = 0; o < w->s->object_count; o++) {
        if (w->s->type[o] != type)
            continue;
        const uint32_t place = w->g->place_of[0][o];
        if (place == ORDINAL_NONE) {
            w->ways->garbage++;
            continue;
        }
        const uint64_t bytes = snapshot_size(w->s, o);
        if (first[place]) {
            w->found.items[first[place] - 1].count++;
            w->found.items[first[place] - 1].bytes += bytes;
            continue;
        }
        uint32_t row;
        strbuf_clear(text);
        growth_add_path(w->g, place, text);
        TRY(count(w, text,
                  &(struct way){.count = 1, .bytes = bytes, .object = o, .length = length_of(w, o)},
                  &row));
        first[place] = row + 1;
    }
    if (w->found.count)
        qsort(w->found.items, w->found.count, sizeof *w->found.items, compare_counts);
    return NULL;
}

// ---- both ----

static void free_found(struct way_vec *found)
{
    for (size_t i = 0; i < found->count; i++)
        free(found->items[i].text);
    way_vec_deinit(found);
}

static struct error *gather(struct snapshot *s, struct paths *p, bool is_type, uint32_t number,
                            struct ways **ret)
{
    _cleanup_(ways_destroy_at) struct ways *ways = calloc(1, sizeof *ways);
    _cleanup_(growth_destroy_at) struct growth *g = NULL;
    struct gathering w = {.s = s, .p = p, .ways = ways};
    struct strbuf text;
    if (!ways)
        return &error_no_memory;
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_EDGES | (is_type ? 0 : SNAPSHOT_REFERRERS)));
    TRY(growth_create(&s, &p, 1, &g));
    w.g = g;
    TRY(strtab_init(&w.texts));
    strbuf_init(&text);
    struct error *err = is_type ? gather_type(&w, number, &text) : gather_object(&w, number, &text);
    strbuf_deinit(&text);
    strtab_deinit(&w.texts);
    u32_vec_deinit(&w.rows);
    u32_vec_deinit(&w.by_own);
    if (err) {
        free_found(&w.found);
        return err;
    }
    ways->items = w.found.items;
    ways->count = (uint32_t)w.found.count;
    for (uint32_t i = 0; i < ways->count; i++)
        ways->total += ways->items[i].count;
    *ret = take_ptr(ways);
    return NULL;
}

struct error *ways_to_object(struct snapshot *s, struct paths *paths, uint32_t object,
                             struct ways **ret)
{
    return gather(s, paths, false, object, ret);
}

struct error *ways_to_type(struct snapshot *s, struct paths *paths, uint32_t type,
                           struct ways **ret)
{
    return gather(s, paths, true, type, ret);
}

void ways_destroy(struct ways *ways)
{
    if (!ways)
        return;
    for (uint32_t i = 0; i < ways->count; i++)
        free(ways->items[i].text);
    free(ways->items);
    free(ways);
}
