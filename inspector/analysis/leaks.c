// The hunt for suspects. One dump: down the dominator tree from its biggest tops. Several: down the
// tree of places, following growth. Both end at an object or a place that nothing single below
// explains, and both then describe it the same way.
#include "inspector/analysis/leaks.h"

#include "inspector/analysis/garbage.h"
#include "inspector/analysis/reach.h"
#include "inspector/analysis/residence.h"
#include "inspector/base/format.h"
#include "inspector/base/vec.h"

#include <stdlib.h>
#include <string.h>

VEC_DEFINE(leak_vec, struct leak);

enum { MALLOC_HEAD = 8 }; // bytes of a block that malloc keeps for itself

struct hunt {
    struct snapshot *const *snapshots;
    uint32_t count;
    struct snapshot *s; // the newest
    struct leaks *leaks;
    struct leak_vec found;
    uint64_t garbage_bytes[DIFF_SNAPSHOTS_MAX]; // what nothing reaches
    uint64_t garbage_count[DIFF_SNAPSHOTS_MAX];
    struct residence residence[DIFF_SNAPSHOTS_MAX];
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

static struct error *explain(struct hunt *h, struct leak *leak, uint32_t sample)
{
    const struct cause_case c = {.s = h->s,
                                 .first = h->snapshots[0],
                                 .paths = h->leaks->paths,
                                 .object = leak->object,
                                 .sample = sample == ORDINAL_NONE ? leak->object : sample};
    struct strbuf why;
    strbuf_init(&why);
    struct error *err = cause_explain(&c, &leak->cause, &why);
    if (!err && why.length)
        leak->why = strbuf_take(&why);
    strbuf_deinit(&why);
    return err;
}

static void leak_deinit(struct leak *leak)
{
    free(leak->path);
    free(leak->where);
    free(leak->expression);
    free(leak->why);
}

static struct error *accuse(struct hunt *h, struct leak *leak, struct error *err)
{
    if (!err)
        err = leak_vec_push(&h->found, *leak);
    if (err)
        leak_deinit(leak);
    return err;
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

// ---- what no object keeps ----

static void sum_garbage(struct hunt *h, uint32_t i, const struct paths *paths)
{
    const struct snapshot *s = h->snapshots[i];
    for (uint32_t o = 0; o < s->object_count; o++)
        if (!paths_reaches(paths, o) && !snapshot_immortal(s, o)) {
            h->garbage_bytes[i] += snapshot_size(s, o);
            h->garbage_count[i]++;
        }
}

static bool garbage_grew(const struct hunt *h)
{
    if (h->garbage_bytes[h->count - 1] < h->garbage_bytes[0] + h->threshold_bytes)
        return false;
    for (uint32_t i = 1; i < h->count; i++)
        if (h->garbage_bytes[i] <= h->garbage_bytes[i - 1])
            return false;
    return true;
}

static struct error *explain_cycles(struct hunt *h, struct leak *leak, const struct garbage *g)
{
    const struct garbage_group *group = &g->groups[0];
    struct strbuf why;
    strbuf_init(&why);
    strbuf_addf(&why, "%s cycles of garbage like %s; ", format_count(group->cycle_count).text,
                group->text);
    cause_add_collector(h->s, &why);
    struct error *err = strbuf_error(&why);
    leak->cause = CAUSE_CYCLES;
    leak->why = strbuf_take(&why);
    return err;
}

// The collector's work that is not done: garbage in cycles.
static struct error *accuse_garbage(struct hunt *h)
{
    const uint32_t last = h->count - 1;
    _cleanup_(garbage_destroy_at) struct garbage *g = NULL;
    _cleanup_(type_sums_deinit) struct type_sums sums = {0};
    if (h->found.count >= LEAK_SUSPECTS_MAX)
        return NULL;
    TRY(garbage_create(h->s, &g));
    if (g->group_count == 0)
        return NULL;
    struct leak leak = {.object = g->groups[0].ring[0],
                        .place = ORDINAL_NONE,
                        .retained_bytes = g->size_bytes,
                        .retained_before_bytes = h->garbage_bytes[0],
                        .child_count = g->cycles->count};
    if (last) {
        leak.growth_bytes = (int64_t)(h->garbage_bytes[last] - h->garbage_bytes[0]);
        leak.growth_count = (int64_t)(h->garbage_count[last] - h->garbage_count[0]);
    }
    for (uint32_t i = 0; i < last; i++)
        leak.step_growth_bytes[i] = (int64_t)(h->garbage_bytes[i + 1] - h->garbage_bytes[i]);
    TRY(type_sums_init(&sums, h->s->type_count));
    for (uint32_t o = 0; o < h->s->object_count; o++)
        if (reach_marked(g->marks, o)) {
            sums.size_bytes[h->s->type[o]] += snapshot_size(h->s, o);
            sums.counts[h->s->type[o]]++;
        }
    choose_type(&leak, sums.size_bytes, sums.counts, h->s->type_count);
    leak.path = strdup("garbage in cycles, which only the collector can free");
    return accuse(h, &leak, leak.path ? explain_cycles(h, &leak, g) : &error_no_memory);
}

static struct error *explain_native(struct hunt *h, struct leak *leak)
{
    struct strbuf why, extensions;
    strbuf_init(&why);
    strbuf_init(&extensions);
    struct error *err = cause_add_extensions(h->s, &extensions);
    strbuf_add(&why, "references that no object explains, most of them to ");
    snapshot_add_type_name(h->s, leak->type, &why);
    strbuf_add(&why, ": native code took them and has not given them back");
    if (extensions.length)
        strbuf_addf(&why, "; extension modules here: %s", strbuf_text(&extensions));
    strbuf_deinit(&extensions);
    if (!err)
        err = strbuf_error(&why);
    leak->cause = CAUSE_NATIVE;
    leak->why = strbuf_take(&why);
    return err;
}

static bool outside_grew(const struct hunt *h)
{
    const struct residence *r = h->residence;
    uint64_t enough = OUTSIDE_GROWTH_MIN;
    if (h->threshold_bytes > enough)
        enough = h->threshold_bytes;
    if (h->leaks->heap_growth_bytes > 0 && (uint64_t)h->leaks->heap_growth_bytes / 4 > enough)
        enough = (uint64_t)h->leaks->heap_growth_bytes / 4;
    for (uint32_t i = 0; i < h->count; i++)
        if (!r[i].known || (i && r[i].other_bytes <= r[i - 1].other_bytes))
            return false;
    return r[h->count - 1].other_bytes >= r[0].other_bytes + enough;
}

static struct error *explain_outside(struct hunt *h, struct leak *leak)
{
    const struct residence *first = &h->residence[0], *last = &h->residence[h->count - 1];
    struct strbuf why;
    strbuf_init(&why);
    strbuf_addf(&why, "not Python's: malloc or mmap of native code took %s",
                format_bytes((uint64_t)leak->growth_bytes).text);
    if (last->heap_bytes > first->heap_bytes)
        strbuf_addf(&why, " (the [heap] grew by %s)",
                    format_bytes(last->heap_bytes - first->heap_bytes).text);
    const struct block_growth grown = residence_grown_block(h->snapshots[0], h->s);
    if (grown.count * grown.bytes >= (uint64_t)leak->growth_bytes / 4)
        strbuf_addf(&why, ", most of it %s blocks of %s bytes", format_count(grown.count).text,
                    format_count(grown.bytes - MALLOC_HEAD).text);
    strbuf_addf(&why, "; Python's objects changed by %s",
                h->leaks->heap_growth_bytes ? format_bytes_change(h->leaks->heap_growth_bytes).text
                                            : "nothing");
    struct strbuf extensions;
    strbuf_init(&extensions);
    struct error *err = cause_add_extensions(h->s, &extensions);
    if (extensions.length)
        strbuf_addf(&why, "; extension modules here: %s", strbuf_text(&extensions));
    strbuf_deinit(&extensions);
    if (!err)
        err = strbuf_error(&why);
    leak->cause = CAUSE_OUTSIDE;
    leak->why = strbuf_take(&why);
    return err;
}

// Memory of the process that no object of Python accounts for.
static struct error *accuse_outside(struct hunt *h)
{
    const struct residence *r = h->residence;
    const uint32_t last = h->count - 1;
    if (h->found.count >= LEAK_SUSPECTS_MAX)
        return NULL;
    struct leak leak = {.object = ORDINAL_NONE,
                        .place = ORDINAL_NONE,
                        .retained_bytes = r[last].other_bytes,
                        .retained_before_bytes = r[0].other_bytes,
                        .growth_bytes = (int64_t)(r[last].other_bytes - r[0].other_bytes)};
    for (uint32_t i = 0; i < last; i++)
        leak.step_growth_bytes[i] = (int64_t)(r[i + 1].other_bytes - r[i].other_bytes);
    leak.path = strdup("memory outside the Python heap");
    return accuse(h, &leak, leak.path ? explain_outside(h, &leak) : &error_no_memory);
}

// ---- one dump ----

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

// What is typical below a suspect: the object that holds most in each step down.
static uint32_t find_sample(const struct dominators *d, uint32_t object)
{
    enum { STEPS_MAX = 16 };
    uint32_t count;
    for (unsigned i = 0; i < STEPS_MAX; i++) {
        const uint32_t *children = dominators_children(d, object, &count);
        if (count == 0)
            break;
        object = children[0];
    }
    return object;
}

// Everything that native code alone keeps, as one suspect.
static struct error *accuse_native(struct hunt *h)
{
    const struct dominators *d = h->leaks->dominators;
    const struct paths *p = h->leaks->paths;
    _cleanup_(type_sums_deinit) struct type_sums sums = {0};
    struct leak leak = {.object = ORDINAL_NONE, .place = ORDINAL_NONE};
    TRY(type_sums_init(&sums, h->s->type_count));
    for (uint32_t i = 0; i < p->start_count; i++) {
        const uint32_t o = p->start_object[i];
        if (p->start_root[i] != ORDINAL_NONE)
            continue;
        leak.child_count++;
        leak.retained_bytes += d->retained[o];
        sums.size_bytes[h->s->type[o]] += snapshot_size(h->s, o);
        sums.counts[h->s->type[o]]++;
    }
    if (leak.retained_bytes <= h->threshold_bytes || h->found.count >= LEAK_SUSPECTS_MAX)
        return NULL;
    choose_type(&leak, sums.size_bytes, sums.counts, h->s->type_count);
    leak.path = strdup("native code");
    return accuse(h, &leak, leak.path ? explain_native(h, &leak) : &error_no_memory);
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
        err = explain(h, &leak, find_sample(h->leaks->dominators, object));
    return accuse(h, &leak, err);
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

// A linked list holds less with every link; what is to be accused is its head. Its links are of one
// type, or, where attributes are in a dict, of two in turn.
struct chain {
    uint32_t head;   // where it began
    uint32_t above;  // the object before the last
    unsigned length; // links so far
};

// Whether the way down has become one.
static bool chain_follow(struct chain *chain, const struct snapshot *s, uint32_t object,
                         uint32_t child)
{
    enum { LINKS_MIN = 16 };
    if (s->type[child] != s->type[object] && s->type[child] != s->type[chain->above]) {
        chain->head = child;
        chain->length = 0;
    }
    chain->above = object;
    return ++chain->length >= LINKS_MIN;
}

// Each step goes to one child, or ends; only a namespace with several big children branches, into
// at most 100 / LEAK_SHARE_PERCENT, so the depth of the recursion is bounded by the nesting of
// those.
static struct error *descend(struct hunt *h, uint32_t object, unsigned depth)
{
    const struct dominators *d = h->leaks->dominators;
    struct chain chain = {.head = object, .above = object};
    for (;;) {
        uint32_t count;
        const uint32_t *children = dominators_children(d, object, &count);
        if (count == 0)
            break;
        if ((double)d->retained[children[0]] >=
            (double)d->retained[object] * LEAK_DROP_PERCENT / 100) {
            if (chain_follow(&chain, h->s, object, children[0]))
                return accuse_object(h, chain.head);
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
    TRY(accuse_native(h));
    sum_garbage(h, 0, h->leaks->paths);
    return h->garbage_bytes[0] > h->threshold_bytes ? accuse_garbage(h) : NULL;
}

// ---- two or three dumps ----

// Follows the growth down to where it no longer is mostly in one place.
static uint32_t find_where(const struct growth *g, uint32_t place)
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
    return place;
}

static char *place_text(const struct growth *g, uint32_t place)
{
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
    const uint32_t where = find_where(g, place);
    struct error *err = NULL;
    if (leak.object != ORDINAL_NONE) {
        leak.retained_bytes = h->leaks->dominators->retained[leak.object];
        leak.child_count = count_children(h->s, leak.object);
        err = describe(h, &leak, leak.object);
        if (!err)
            err = explain(h, &leak, g->places[where].object);
    } else {
        leak.path = place_text(g, place);
        if (!leak.path)
            err = &error_no_memory;
        else if (row->parent == 0 && strcmp(leak.path, GROWTH_NATIVE) == 0)
            err = explain_native(h, &leak);
    }
    leak.where = place_text(g, where);
    return accuse(h, &leak, err);
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
    for (uint32_t i = 0; !err && i < h->count; i++)
        sum_garbage(h, i, paths[i]);
    for (uint32_t i = 0; i + 1 < h->count; i++)
        paths_destroy(paths[i]);
    TRY(err);
    const struct growth_place *all = &h->leaks->growth->places[0];
    h->leaks->heap_growth_bytes = growth_bytes(h->leaks->growth, all) +
                                  (int64_t)(h->garbage_bytes[h->count - 1] - h->garbage_bytes[0]);
    const int64_t share = h->leaks->heap_growth_bytes / 20;
    h->threshold_bytes = growth_min_bytes;
    if (share > 0 && (uint64_t)share > growth_min_bytes)
        h->threshold_bytes = (uint64_t)share;
    TRY(search_places(h, 0));
    if (garbage_grew(h))
        TRY(accuse_garbage(h));
    for (uint32_t i = 0; i < h->count; i++)
        TRY(residence_find(h->snapshots[i], &h->residence[i]));
    return outside_grew(h) ? accuse_outside(h) : NULL;
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
    for (uint32_t i = 0; i < l->count; i++)
        leak_deinit(&l->items[i]);
    free(l->items);
    dominators_destroy(l->dominators);
    growth_destroy(l->growth);
    paths_destroy(l->paths);
    free(l);
}
