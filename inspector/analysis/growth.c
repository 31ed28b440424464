// The trie of places, filled by walking each snapshot in the order of its breadth-first search:
// when an object is looked at, its parent has a place already, so a place is found with one hash
// lookup. The names of edges are merged and interned once per text of the snapshot, not once per
// edge.
#include "inspector/analysis/growth.h"

#include "inspector/analysis/steps.h"
#include "inspector/base/progress.h"
#include "inspector/base/vec.h"
#include "inspector/model/hash.h"

#include <stdlib.h>
#include <string.h>

enum { PROGRESS_STEP = 65536 };

VEC_DEFINE(place_vec, struct growth_place);

struct filing {
    struct growth *g;
    struct place_vec places;
    struct u32_vec slots; // hash of (parent, name) -> place; 0 = empty, for place 0 is no child
    uint32_t column;
    const struct snapshot *s;
    const struct paths *p;
    uint32_t *place_of;
    uint8_t *is_namespace; // by ordinal
    // By edge kind and text of the snapshot: the id of the merged name; 0 = not looked up yet.
    uint32_t *attribute_names;
    uint32_t *entry_names;
    uint32_t star, key;
};

// ---- places ----

static uint32_t *find_slot(struct filing *f, uint32_t parent, uint32_t name)
{
    const uint64_t mask = f->slots.count - 1;
    uint64_t at = hash_mix((uint64_t)parent << 32 | name);
    for (uint32_t place; (place = f->slots.items[at & mask]); at++)
        if (f->places.items[place].parent == parent && f->places.items[place].name == name)
            break;
    return &f->slots.items[at & mask];
}

static struct error *grow_slots(struct filing *f)
{
    uint32_t *first;
    const size_t count = f->slots.count ? f->slots.count * 2 : 1024;
    u32_vec_deinit(&f->slots);
    TRY(u32_vec_extend(&f->slots, count, &first));
    for (uint32_t i = 1; i < f->places.count; i++)
        *find_slot(f, f->places.items[i].parent, f->places.items[i].name) = i;
    return NULL;
}

static struct error *enter(struct filing *f, uint32_t parent, uint32_t name, uint32_t *ret)
{
    const struct growth_place *above = &f->places.items[parent];
    if (parent != 0 && (above->name == name || above->depth >= GROWTH_DEPTH_MAX)) {
        *ret = parent;
        return NULL;
    }
    if (f->places.count >= f->slots.count / 2)
        TRY(grow_slots(f));
    uint32_t *slot = find_slot(f, parent, name);
    if (!*slot) {
        const struct growth_place place = {.parent = parent,
                                           .depth = f->places.items[parent].depth + 1,
                                           .name = name,
                                           .first_child = ORDINAL_NONE,
                                           .next_sibling = f->places.items[parent].first_child,
                                           .object = ORDINAL_NONE};
        TRY(place_vec_push(&f->places, place));
        *slot = (uint32_t)f->places.count - 1;
        f->places.items[parent].first_child = *slot;
    }
    *ret = *slot;
    return NULL;
}

static void put(struct filing *f, uint32_t object, uint32_t place, bool is_namespace)
{
    struct growth_place *row = &f->places.items[place];
    f->place_of[object] = place;
    f->is_namespace[object] = is_namespace;
    row->count[f->column]++;
    row->size_bytes[f->column] += snapshot_size(f->s, object);
    if (is_namespace)
        return;
    if (row->own_count[f->column]++ == 0)
        row->object = object;
}

// ---- names ----

static struct error *merged_name(struct filing *f, const struct edge *edge, bool from_namespace,
                                 uint32_t *ret)
{
    uint32_t *cached = NULL;
    const bool text = edge->name != EDGE_NAME_NONE && !edge_name_is_index(edge->name);
    if (edge->kind == EDGE_ITEM || (edge->kind == EDGE_VALUE && !(from_namespace && text)))
        cached = &f->star;
    else if (edge->kind == EDGE_KEY)
        cached = &f->key;
    else if (text && edge->kind == EDGE_VALUE)
        cached = &f->entry_names[edge->name];
    else if (text &&
             (edge->kind == EDGE_ATTRIBUTE || edge->kind == EDGE_SLOT || edge->kind == EDGE_FIELD))
        cached = &f->attribute_names[edge->name];
    if (cached && *cached) {
        *ret = *cached;
        return NULL;
    }
    struct strbuf name;
    strbuf_init(&name);
    step_add_merged(f->s, edge, from_namespace, &name);
    struct error *err = strbuf_error(&name);
    if (!err)
        err = strtab_intern(&f->g->names, strbuf_text(&name), name.length, ret);
    strbuf_deinit(&name);
    if (!err && cached)
        *cached = *ret;
    return err;
}

static struct error *root_name(struct filing *f, uint32_t root, uint32_t *ret)
{
    const struct snapshot *s = f->s;
    struct strbuf name;
    strbuf_init(&name);
    if (root >= s->root_count) {
        strbuf_add(&name, GROWTH_NATIVE);
    } else if (s->roots[root].kind == ROOT_MODULE) {
        strbuf_add(&name, snapshot_string(s, s->roots[root].name));
    } else if (s->roots[root].kind == ROOT_FRAME && s->roots[root].frame < s->frame_count) {
        // Without the line, which moves on between two dumps.
        const char *local = snapshot_string(s, s->roots[root].name);
        strbuf_addf(&name, "%s in %s", *local ? local : "a temporary",
                    snapshot_string(s, s->frames[s->roots[root].frame].function));
    } else {
        snapshot_add_root_name(s, &s->roots[root], &name);
    }
    struct error *err = strbuf_error(&name);
    if (!err)
        err = strtab_intern(&f->g->names, strbuf_text(&name), name.length, ret);
    strbuf_deinit(&name);
    return err;
}

// ---- filing ----

static struct error *file_children(struct filing *f, uint32_t o)
{
    struct edge edge;
    for (struct edge_iter it = snapshot_edges(f->s, o); edge_iter_next(&it, &edge);) {
        if (f->p->parent[edge.target] != o || f->place_of[edge.target] != ORDINAL_NONE ||
            !edge_class_retains(edge.class))
            continue;
        uint32_t name, place;
        if (step_is_namespace(f->s, &edge)) {
            put(f, edge.target, f->place_of[o], true);
            continue;
        }
        TRY(merged_name(f, &edge, f->is_namespace[o], &name));
        TRY(enter(f, f->place_of[o], name, &place));
        put(f, edge.target, place, false);
    }
    return NULL;
}

static struct error *file_snapshot(struct filing *f)
{
    const size_t n = f->s->object_count;
    memset(f->place_of, 0xff, (n + 1) * sizeof *f->place_of);
    for (uint32_t i = 0; i < f->p->start_count; i++) {
        uint32_t name, place;
        TRY(root_name(f, f->p->start_root[i], &name));
        TRY(enter(f, 0, name, &place));
        put(f, f->p->start_object[i], place, false);
    }
    struct progress progress;
    struct error *err = NULL;
    progress_begin(&progress, "finding places", "objects", f->p->reachable_count);
    for (uint32_t i = 0; !err && i < f->p->reachable_count; i++) {
        if (i % PROGRESS_STEP == 0)
            progress_update(&progress, i);
        err = file_children(f, f->p->order[i]);
    }
    progress_end(&progress);
    return err;
}

static struct error *file_one(struct filing *f, struct snapshot *s, const struct paths *p,
                              uint32_t column)
{
    const size_t n = s->object_count, texts = s->strings.count;
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_EDGES));
    _cleanup_free_ uint8_t *is_namespace = calloc(n + 1, 1);
    _cleanup_free_ uint32_t *attribute_names = calloc(texts + 1, sizeof *attribute_names);
    _cleanup_free_ uint32_t *entry_names = calloc(texts + 1, sizeof *entry_names);
    f->g->place_of[column] = malloc((n + 1) * sizeof(uint32_t));
    if (!is_namespace || !attribute_names || !entry_names || !f->g->place_of[column])
        return &error_no_memory;
    f->s = s;
    f->p = p;
    f->column = column;
    f->place_of = f->g->place_of[column];
    f->is_namespace = is_namespace;
    f->attribute_names = attribute_names;
    f->entry_names = entry_names;
    // `object` is that of the newest snapshot.
    for (size_t i = 0; i < f->places.count; i++)
        f->places.items[i].object = ORDINAL_NONE;
    return file_snapshot(f);
}

static void sum_up(struct growth *g)
{
    for (uint32_t i = g->count - 1; i > 0; i--) {
        struct growth_place *place = &g->places[i], *parent = &g->places[place->parent];
        for (uint32_t c = 0; c < g->snapshot_count; c++) {
            parent->count[c] += place->count[c];
            parent->size_bytes[c] += place->size_bytes[c];
        }
    }
}

struct error *growth_create(struct snapshot *const *snapshots, struct paths *const *paths,
                            uint32_t count, struct growth **ret)
{
    assert(count >= 1 && count <= DIFF_SNAPSHOTS_MAX);
    _cleanup_(growth_destroy_at) struct growth *g = calloc(1, sizeof *g);
    if (!g)
        return &error_no_memory;
    g->snapshot_count = count;
    TRY(strtab_init(&g->names));
    struct filing f = {.g = g};
    struct error *err =
        place_vec_push(&f.places, (struct growth_place){.first_child = ORDINAL_NONE,
                                                        .next_sibling = ORDINAL_NONE,
                                                        .object = ORDINAL_NONE});
    for (uint32_t i = 0; !err && i < count; i++)
        err = file_one(&f, snapshots[i], paths[i], i);
    u32_vec_deinit(&f.slots);
    g->places = f.places.items;
    g->count = (uint32_t)f.places.count;
    if (err)
        return err;
    sum_up(g);
    *ret = take_ptr(g);
    return NULL;
}

void growth_destroy(struct growth *g)
{
    if (!g)
        return;
    strtab_deinit(&g->names);
    free(g->places);
    for (uint32_t i = 0; i < DIFF_SNAPSHOTS_MAX; i++)
        free(g->place_of[i]);
    free(g);
}

void growth_add_path(const struct growth *g, uint32_t place, struct strbuf *out)
{
    uint32_t chain[GROWTH_DEPTH_MAX + 2], depth = 0;
    for (; place != 0; place = g->places[place].parent)
        chain[depth++] = place;
    while (depth)
        strbuf_add(out, strtab_text(&g->names, g->places[chain[--depth]].name));
}
