#include "inspector/analysis/garbage.h"

#include "inspector/analysis/reach.h"
#include "inspector/base/vec.h"
#include "inspector/model/strtab.h"

#include <stdlib.h>
#include <string.h>

static void set_mark(uint8_t *marks, uint32_t o)
{
    marks[o / 8] |= (uint8_t)(1 << (o % 8));
}

// What the collector looks at.
static bool is_candidate(const struct snapshot *s, uint32_t o)
{
    return snapshot_tracked(s, o) && !snapshot_immortal(s, o) &&
           snapshot_generation(s, o) != GENERATION_PERMANENT;
}

// ---- trial deletion ----

static void take_away(const struct snapshot *s, uint32_t o, uint32_t *left)
{
    struct edge edge;
    for (struct edge_iter it = snapshot_edges(s, o); edge_iter_next(&it, &edge);)
        if (edge.class == CLASS_TRAVERSED && left[edge.target])
            left[edge.target]--;
}

static struct error *keep(const struct snapshot *s, uint8_t *kept, struct u32_vec *open, uint32_t o)
{
    if (reach_marked(kept, o) || !is_candidate(s, o))
        return NULL;
    set_mark(kept, o);
    return u32_vec_push(open, o);
}

static struct error *keep_reached(const struct snapshot *s, uint8_t *kept, struct u32_vec *open)
{
    while (open->count) {
        const uint32_t o = open->items[--open->count];
        struct edge edge;
        for (struct edge_iter it = snapshot_edges(s, o); edge_iter_next(&it, &edge);)
            if (edge.class == CLASS_TRAVERSED)
                TRY(keep(s, kept, open, edge.target));
    }
    return NULL;
}

// Marks the tracked garbage.
static struct error *delete_on_trial(const struct snapshot *s, uint8_t *marks)
{
    const uint32_t n = s->object_count;
    _cleanup_free_ uint32_t *left = malloc(((size_t)n + 1) * sizeof *left);
    _cleanup_free_ uint8_t *kept = calloc((size_t)n / 8 + 1, 1);
    struct u32_vec open = {0};
    if (!left || !kept)
        return &error_no_memory;
    memcpy(left, s->refcount, (size_t)n * sizeof *left);
    for (uint32_t o = 0; o < n; o++)
        if (is_candidate(s, o))
            take_away(s, o, left);
    struct error *err = NULL;
    for (uint32_t o = 0; !err && o < n; o++)
        if (left[o]) {
            err = keep(s, kept, &open, o);
            if (!err)
                err = keep_reached(s, kept, &open);
        }
    u32_vec_deinit(&open);
    for (uint32_t o = 0; !err && o < n; o++)
        if (is_candidate(s, o) && !reach_marked(kept, o))
            set_mark(marks, o);
    return err;
}

// ---- what goes with it ----

// Counts down the references that garbage has to untracked objects; those left with none are freed
// too, and count down theirs.
static struct error *add_untracked(const struct snapshot *s, uint8_t *marks)
{
    const uint32_t n = s->object_count;
    _cleanup_free_ uint32_t *left = malloc(((size_t)n + 1) * sizeof *left);
    struct u32_vec open = {0};
    struct error *err = NULL;
    if (!left)
        return &error_no_memory;
    memcpy(left, s->refcount, (size_t)n * sizeof *left);
    for (uint32_t o = 0; !err && o < n; o++)
        if (reach_marked(marks, o))
            err = u32_vec_push(&open, o);
    while (!err && open.count) {
        const uint32_t o = open.items[--open.count];
        struct edge edge;
        for (struct edge_iter it = snapshot_edges(s, o); !err && edge_iter_next(&it, &edge);) {
            const uint32_t target = edge.target;
            if (!edge_class_counts(edge.class) || reach_marked(marks, target) ||
                snapshot_immortal(s, target) || left[target] == 0 || --left[target])
                continue;
            set_mark(marks, target);
            err = u32_vec_push(&open, target);
        }
    }
    u32_vec_deinit(&open);
    return err;
}

// ---- by cycle ----

struct portion {
    uint64_t count, bytes;
    uint8_t generation;
};

static void add_to(struct portion *portion, const struct snapshot *s, uint32_t o)
{
    const int generation = snapshot_tracked(s, o) ? snapshot_generation(s, o) : 0;
    portion->count++;
    portion->bytes += snapshot_size(s, o);
    if (generation > portion->generation && generation < GENERATION_PERMANENT)
        portion->generation = (uint8_t)generation;
}

// Adds to each cycle what it keeps and no earlier one does. Members of cycles are nobody else's.
static struct error *share_out(const struct garbage *g, const struct snapshot *s,
                               struct portion *portions)
{
    const struct cycles *c = g->cycles;
    _cleanup_free_ uint8_t *taken = calloc((size_t)s->object_count / 8 + 1, 1);
    struct u32_vec open = {0};
    struct error *err = taken ? NULL : &error_no_memory;
    for (uint32_t i = 0; !err && i < c->begin[c->count]; i++)
        set_mark(taken, c->objects[i]);
    for (uint32_t i = 0; !err && i < c->count; i++) {
        for (uint32_t k = c->begin[i]; !err && k < c->begin[i + 1]; k++)
            err = u32_vec_push(&open, c->objects[k]);
        while (!err && open.count) {
            const uint32_t o = open.items[--open.count];
            add_to(&portions[i], s, o);
            for (uint64_t e = s->edge_begin[o]; !err && e < s->edge_begin[o + 1]; e++) {
                const uint32_t target = s->targets[e];
                if (!snapshot_edge_retains(s, e) || reach_marked(taken, target) ||
                    !reach_marked(g->marks, target))
                    continue;
                set_mark(taken, target);
                err = u32_vec_push(&open, target);
            }
        }
    }
    u32_vec_deinit(&open);
    return err;
}

// ---- groups ----

VEC_DEFINE(group_vec, struct garbage_group);

static struct error *add_to_group(struct garbage *g, const struct snapshot *s, uint32_t cycle,
                                  const struct portion *portion, struct strtab *texts,
                                  struct group_vec *groups)
{
    uint32_t *ring, count, id;
    struct strbuf text;
    TRY(cycles_ring(g->cycles, s, cycle, &ring, &count));
    strbuf_init(&text);
    cycles_add_ring(s, ring, count, &text);
    if (text.length == 0)
        strbuf_add_char(&text, '?'); // text 0 is the empty one: groups are numbered from 1
    struct error *err = strtab_intern(texts, strbuf_text(&text), text.length, &id);
    if (!err && id > groups->count)
        err = group_vec_push(groups, (struct garbage_group){.example = cycle});
    if (!err) {
        struct garbage_group *group = &groups->items[id - 1];
        if (!group->ring) {
            group->ring = take_ptr(ring);
            group->ring_count = count;
            group->text = strbuf_take(&text);
        }
        group->cycle_count++;
        group->object_count += portion->count;
        group->size_bytes += portion->bytes;
        if (portion->generation > group->generation)
            group->generation = portion->generation;
    }
    free(ring);
    strbuf_deinit(&text);
    return err;
}

static int by_bytes(const void *a, const void *b)
{
    const struct garbage_group *x = a, *y = b;
    if (x->size_bytes != y->size_bytes)
        return x->size_bytes > y->size_bytes ? -1 : 1;
    return (x->example > y->example) - (x->example < y->example);
}

static struct error *group_cycles(struct garbage *g, const struct snapshot *s)
{
    struct strtab texts = {0};
    struct group_vec groups = {0};
    _cleanup_free_ struct portion *portions =
        calloc((size_t)g->cycles->count + 1, sizeof *portions);
    if (!portions)
        return &error_no_memory;
    TRY(share_out(g, s, portions));
    struct error *err = strtab_init(&texts);
    for (uint32_t i = 0; !err && i < g->cycles->count; i++)
        err = add_to_group(g, s, i, &portions[i], &texts, &groups);
    strtab_deinit(&texts);
    g->groups = groups.items;
    g->group_count = (uint32_t)groups.count;
    if (g->group_count)
        qsort(g->groups, g->group_count, sizeof *g->groups, by_bytes);
    return err;
}

// ---- entry points ----

static struct error *find(struct garbage *g, struct snapshot *s)
{
    g->marks = calloc((size_t)s->object_count / 8 + 1, 1);
    if (!g->marks)
        return &error_no_memory;
    TRY(delete_on_trial(s, g->marks));
    TRY(add_untracked(s, g->marks));
    for (uint32_t o = 0; o < s->object_count; o++)
        if (reach_marked(g->marks, o)) {
            g->object_count++;
            g->tracked_count += is_candidate(s, o);
            g->size_bytes += snapshot_size(s, o);
        }
    TRY(cycles_create(s, g->marks, &g->cycles));
    return group_cycles(g, s);
}

struct error *garbage_create(struct snapshot *s, struct garbage **ret)
{
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_EDGES));
    _cleanup_(garbage_destroy_at) struct garbage *g = calloc(1, sizeof *g);
    if (!g)
        return &error_no_memory;
    TRY(find(g, s));
    *ret = take_ptr(g);
    return NULL;
}

void garbage_destroy(struct garbage *g)
{
    if (!g)
        return;
    for (uint32_t i = 0; i < g->group_count; i++) {
        free(g->groups[i].ring);
        free(g->groups[i].text);
    }
    free(g->groups);
    free(g->marks);
    cycles_destroy(g->cycles);
    free(g);
}
