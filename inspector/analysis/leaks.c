// The hunt for suspects. One dump: down the dominator tree from its biggest tops. Several: down the
// tree of places, following growth. Both end at an object or a place that nothing single below
// explains, and both then describe it the same way.
#include "inspector/analysis/leaks.h"

#include "inspector/base/vec.h"

#include <stdlib.h>
#include <string.h>

VEC_DEFINE(leak_vec, struct leak);

struct hunt {
    struct snapshot *const *snapshots;
    uint32_t count;
    struct snapshot *s; // the newest
    struct leaks *leaks;
    struct leak_vec found;
    uint64_t threshold_bytes;
};

// ---- what a suspect is made of ----

// How many things a container keeps: elements and entries, or any references if it has neither.
static uint64_t count_children(const struct snapshot *s, uint32_t object)
{
    uint64_t elements = 0, all = 0;
    struct edge edge;
    for (struct edge_iter it = snapshot_edges(s, object); edge_iter_next(&it, &edge); all++)
        elements += edge.kind == EDGE_ITEM || edge.kind == EDGE_VALUE;
    return elements ? elements : all;
}

static struct error *describe(struct hunt *h, struct leak *leak, uint32_t object)
{
    struct path path = {0};
    struct strbuf text;
    TRY(path_to(h->leaks->paths, h->s, object, &path));
    strbuf_init(&text);
    path_add_text(h->s, &path, &text);
    leak->path = strbuf_take(&text);
    if (path_add_expression(h->s, &path, &text))
        leak->expression = strbuf_take(&text);
    strbuf_deinit(&text);
    path_deinit(&path);
    return leak->path ? NULL : &error_no_memory;
}

// Which type most of the bytes are, given bytes by type.
static void choose_type(struct leak *leak, const uint64_t *size_bytes, const uint64_t *counts,
                        uint32_t types)
{
    for (uint32_t t = 0; t < types; t++)
        if (size_bytes[t] > leak->type_size_bytes) {
            leak->type = t;
            leak->type_size_bytes = size_bytes[t];
            leak->type_count = counts[t];
        }
}

// ---- one dump ----

struct type_sums {
    uint64_t *size_bytes, *counts;
};

static struct error *type_sums_init(struct type_sums *sums, uint32_t types)
{
    sums->size_bytes = calloc((size_t)types + 1, sizeof *sums->size_bytes);
    sums->counts = calloc((size_t)types + 1, sizeof *sums->counts);
    return sums->size_bytes && sums->counts ? NULL : &error_no_memory;
}

static void type_sums_deinit(struct type_sums *sums)
{
    free(sums->size_bytes);
    free(sums->counts);
}

// Types of everything that `object` dominates, by a walk over its subtree.
static struct error *sum_dominated(struct hunt *h, struct leak *leak, uint32_t object)
{
    const struct dominators *d = h->leaks->dominators;
    _cleanup_(type_sums_deinit) struct type_sums sums = {0};
    struct u32_vec open = {0};
    TRY(type_sums_init(&sums, h->s->type_count));
    struct error *err = u32_vec_push(&open, object);
    while (!err && open.count) {
        const uint32_t o = open.items[--open.count];
        sums.size_bytes[h->s->type[o]] += snapshot_size(h->s, o);
        sums.counts[h->s->type[o]]++;
        uint32_t count;
        const uint32_t *children = dominators_children(d, o, &count);
        for (uint32_t i = 0; !err && i < count; i++)
            err = u32_vec_push(&open, children[i]);
    }
    u32_vec_deinit(&open);
    choose_type(leak, sums.size_bytes, sums.counts, h->s->type_count);
    return err;
}

static struct error *accuse_object(struct hunt *h, uint32_t object)
{
    if (h->found.count >= LEAK_SUSPECTS_MAX)
        return NULL;
    struct leak leak = {.object = object,
                        .place = ORDINAL_NONE,
                        .retained_bytes = h->leaks->dominators->retained[object],
                        .child_count = count_children(h->s, object)};
    TRY(sum_dominated(h, &leak, object));
    struct error *err = describe(h, &leak, object);
    if (!err)
        err = leak_vec_push(&h->found, leak);
    if (err) {
        free(leak.path);
        free(leak.expression);
    }
    return err;
}

// A namespace is not where things pile up, its entries are: several big globals are several
// suspects.
static bool is_namespace_of(const struct snapshot *s, const struct dominators *d, uint32_t object)
{
    enum {
        EDGES_MAX =
            256 // what owns a namespace has few references; long containers are not searched
    };
    struct edge edge;
    const uint32_t owner = d->parent[object];
    if (owner >= s->object_count || s->edge_begin[owner + 1] - s->edge_begin[owner] > EDGES_MAX)
        return false;
    return snapshot_find_edge(s, owner, object, &edge) && edge.name != EDGE_NAME_NONE &&
           !edge_name_is_index(edge.name) && strcmp(snapshot_string(s, edge.name), "__dict__") == 0;
}

// Each step goes to one child, or ends; only a namespace with several big children branches, into
// at most 100 / LEAK_SHARE_PERCENT, so the depth of the recursion is bounded by the nesting of
// those.
static struct error *descend(struct hunt *h, uint32_t object, unsigned depth)
{
    const struct dominators *d = h->leaks->dominators;
    for (;;) {
        uint32_t count;
        const uint32_t *children = dominators_children(d, object, &count);
        if (count == 0)
            break;
        if ((double)d->retained[children[0]] >=
            (double)d->retained[object] * LEAK_DROP_PERCENT / 100) {
            object = children[0];
            continue;
        }
        if (depth == 0 || !is_namespace_of(h->s, d, object) ||
            d->retained[children[0]] <= h->threshold_bytes)
            break;
        for (uint32_t i = 0; i < count && d->retained[children[i]] > h->threshold_bytes; i++)
            TRY(descend(h, children[i], depth - 1));
        return NULL;
    }
    return accuse_object(h, object);
}

static struct error *hunt_one(struct hunt *h)
{
    const struct dominators *d = h->leaks->dominators;
    uint32_t count;
    const uint32_t *top = dominators_children(d, DOMINATOR_ROOT, &count);
    h->threshold_bytes = d->total_bytes / 100 * LEAK_SHARE_PERCENT;
    for (uint32_t i = 0; i < count && d->retained[top[i]] > h->threshold_bytes; i++)
        TRY(descend(h, top[i], 8));
    return NULL;
}

// ---- two or three dumps ----

// Follows the growth down to where it no longer is mostly in one place.
static char *find_where(const struct growth *g, uint32_t place)
{
    for (uint32_t next = place; next != ORDINAL_NONE;) {
        place = next;
        next = ORDINAL_NONE;
        const double enough = (double)growth_bytes(g, &g->places[place]) * LEAK_DROP_PERCENT / 100;
        for (uint32_t c = g->places[place].first_child; c != ORDINAL_NONE;
             c = g->places[c].next_sibling)
            if ((double)growth_bytes(g, &g->places[c]) >= enough)
                next = c;
    }
    struct strbuf text;
    strbuf_init(&text);
    growth_add_path(g, place, &text);
    return strbuf_take(&text);
}

// Marks the places at and below one. Parents come before children, so one sweep does it.
static uint8_t *mark_below(const struct growth *g, uint32_t place)
{
    uint8_t *below = calloc((size_t)g->count + 1, 1);
    if (!below)
        return NULL;
    below[place] = 1;
    for (uint32_t i = place + 1; i < g->count; i++)
        below[i] = below[g->places[i].parent];
    return below;
}

// Growth by type below a place: what is there now minus what was there at first.
static struct error *sum_growth(struct hunt *h, struct leak *leak, uint32_t place)
{
    const struct growth *g = h->leaks->growth;
    const uint32_t last = h->count - 1;
    const struct snapshot *old = h->snapshots[0];
    _cleanup_free_ uint8_t *below = mark_below(g, place);
    _cleanup_free_ uint32_t *types = NULL;
    _cleanup_(type_sums_deinit) struct type_sums sums = {0};
    TRY(type_sums_init(&sums, h->s->type_count));
    TRY(diff_match_types(old, h->s, &types));
    if (!below)
        return &error_no_memory;
    for (uint32_t o = 0; o < h->s->object_count; o++)
        if (g->place_of[last][o] != ORDINAL_NONE && below[g->place_of[last][o]]) {
            sums.size_bytes[h->s->type[o]] += snapshot_size(h->s, o);
            sums.counts[h->s->type[o]]++;
        }
    for (uint32_t o = 0; o < old->object_count; o++) {
        const uint32_t type = types[old->type[o]];
        if (g->place_of[0][o] == ORDINAL_NONE || !below[g->place_of[0][o]] || type == ORDINAL_NONE)
            continue;
        const uint64_t size = snapshot_size(old, o);
        sums.size_bytes[type] -= size < sums.size_bytes[type] ? size : sums.size_bytes[type];
        sums.counts[type] -= sums.counts[type] > 0;
    }
    choose_type(leak, sums.size_bytes, sums.counts, h->s->type_count);
    return NULL;
}

static struct error *accuse_place(struct hunt *h, uint32_t place)
{
    if (h->found.count >= LEAK_SUSPECTS_MAX)
        return NULL;
    const struct growth *g = h->leaks->growth;
    const struct growth_place *row = &g->places[place];
    const uint32_t last = h->count - 1;
    struct leak leak = {.object = row->own_count[last] == 1 ? row->object : ORDINAL_NONE,
                        .place = place,
                        .retained_bytes = row->size_bytes[last],
                        .retained_before_bytes = row->size_bytes[0],
                        .growth_bytes = growth_bytes(g, row),
                        .growth_count = (int64_t)(row->count[last] - row->count[0]),
                        .child_count = row->own_count[last]};
    for (uint32_t i = 0; i < last; i++)
        leak.step_growth_bytes[i] = (int64_t)(row->size_bytes[i + 1] - row->size_bytes[i]);
    TRY(sum_growth(h, &leak, place));
    struct error *err = NULL;
    if (leak.object != ORDINAL_NONE) {
        leak.retained_bytes = h->leaks->dominators->retained[leak.object];
        leak.child_count = count_children(h->s, leak.object);
        err = describe(h, &leak, leak.object);
    } else {
        struct strbuf text;
        strbuf_init(&text);
        growth_add_path(g, place, &text);
        leak.path = strbuf_take(&text);
        if (!leak.path)
            err = &error_no_memory;
    }
    leak.where = find_where(g, place);
    if (!err)
        err = leak_vec_push(&h->found, leak);
    if (err) {
        free(leak.path);
        free(leak.where);
        free(leak.expression);
    }
    return err;
}

static bool grew_at_every_step(const struct hunt *h, const struct growth_place *place)
{
    for (uint32_t i = 1; i < h->count; i++)
        if (place->size_bytes[i] <= place->size_bytes[i - 1])
            return false;
    return true;
}

// Goes down through places that are single objects and grew enough to be suspects of their own;
// what growth they leave unexplained belongs to the place above them. Depth is bounded by that of
// places.
static struct error *search_places(struct hunt *h, uint32_t place)
{
    const struct growth *g = h->leaks->growth;
    const struct growth_place *row = &g->places[place];
    int64_t rest = growth_bytes(g, row);
    for (uint32_t c = row->first_child; c != ORDINAL_NONE; c = g->places[c].next_sibling) {
        const struct growth_place *child = &g->places[c];
        if ((place != 0 && child->own_count[h->count - 1] != 1) ||
            growth_bytes(g, child) < (int64_t)h->threshold_bytes || !grew_at_every_step(h, child))
            continue;
        rest -= growth_bytes(g, child);
        TRY(search_places(h, c));
    }
    if (place != 0 && rest >= (int64_t)h->threshold_bytes)
        TRY(accuse_place(h, place));
    return NULL;
}

static struct error *hunt_growth(struct hunt *h, uint64_t growth_min_bytes)
{
    struct paths *paths[DIFF_SNAPSHOTS_MAX] = {0};
    struct error *err = NULL;
    for (uint32_t i = 0; !err && i + 1 < h->count; i++)
        err = paths_create(h->snapshots[i], &paths[i]);
    paths[h->count - 1] = h->leaks->paths;
    if (!err)
        err = growth_create(h->snapshots, paths, h->count, &h->leaks->growth);
    for (uint32_t i = 0; i + 1 < h->count; i++)
        paths_destroy(paths[i]);
    TRY(err);
    const struct growth_place *all = &h->leaks->growth->places[0];
    h->leaks->heap_growth_bytes = growth_bytes(h->leaks->growth, all);
    const int64_t share = h->leaks->heap_growth_bytes / 20;
    h->threshold_bytes = growth_min_bytes;
    if (share > 0 && (uint64_t)share > growth_min_bytes)
        h->threshold_bytes = (uint64_t)share;
    return search_places(h, 0);
}

// The biggest retained size of what is neither a module nor a namespace.
static void find_largest(struct hunt *h)
{
    const struct dominators *d = h->leaks->dominators;
    for (uint32_t o = 0; o < h->s->object_count; o++) {
        const struct snapshot_type *type = &h->s->types[h->s->type[o]];
        if (d->retained[o] > h->leaks->largest_retained_bytes &&
            strcmp(snapshot_string(h->s, type->name), "module") != 0 &&
            !is_namespace_of(h->s, d, o))
            h->leaks->largest_retained_bytes = d->retained[o];
    }
}

// ---- all of it ----

static int compare_leaks(const void *a, const void *b)
{
    const struct leak *x = a, *y = b;
    if (x->growth_bytes != y->growth_bytes)
        return x->growth_bytes > y->growth_bytes ? -1 : 1;
    if (x->retained_bytes != y->retained_bytes)
        return x->retained_bytes > y->retained_bytes ? -1 : 1;
    return strcmp(x->path, y->path);
}

struct error *leaks_create(struct snapshot *const *snapshots, uint32_t count,
                           uint64_t growth_min_bytes, struct leaks **ret)
{
    assert(count >= 1 && count <= DIFF_SNAPSHOTS_MAX);
    _cleanup_(leaks_destroy_at) struct leaks *l = calloc(1, sizeof *l);
    if (!l)
        return &error_no_memory;
    struct hunt h = {.snapshots = snapshots, .count = count, .s = snapshots[count - 1], .leaks = l};
    l->snapshot_count = count;
    TRY(dominators_create(h.s, &l->dominators));
    TRY(paths_create(h.s, &l->paths));
    l->heap_bytes = l->dominators->total_bytes + l->dominators->unreachable_bytes;
    struct error *err = count == 1 ? hunt_one(&h) : hunt_growth(&h, growth_min_bytes);
    l->items = h.found.items;
    l->count = (uint32_t)h.found.count;
    if (err)
        return err;
    if (l->count)
        qsort(l->items, l->count, sizeof *l->items, compare_leaks);
    find_largest(&h);
    *ret = take_ptr(l);
    return NULL;
}

void leaks_destroy(struct leaks *l)
{
    if (!l)
        return;
    for (uint32_t i = 0; i < l->count; i++) {
        free(l->items[i].path);
        free(l->items[i].where);
        free(l->items[i].expression);
    }
    free(l->items);
    dominators_destroy(l->dominators);
    growth_destroy(l->growth);
    paths_destroy(l->paths);
    free(l);
}
