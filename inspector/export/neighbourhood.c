#include "inspector/export/neighbourhood.h"

#include <stdlib.h>

static struct error *choose(struct neighbourhood *part, uint32_t object)
{
    if (part->chosen[object] || part->nodes.count >= part->limit)
        return NULL;
    part->chosen[object] = 1;
    return u32_vec_push(&part->nodes, object);
}

// Biggest first, from the top of the dominator tree: a node is chosen before its children, and of
// all nodes whose parent is chosen the one that retains most is next.
static struct error *choose_biggest(struct neighbourhood *part)
{
    struct u32_vec open = {0};
    uint32_t count;
    struct error *err = NULL;
    const uint32_t *children = dominators_children(part->d, DOMINATOR_ROOT, &count);
    for (uint32_t i = 0; !err && i < count && i < part->limit; i++)
        err = u32_vec_push(&open, children[i]);
    while (!err && open.count && part->nodes.count < part->limit) {
        size_t best = 0;
        for (size_t i = 1; i < open.count; i++)
            if (part->d->retained[open.items[i]] > part->d->retained[open.items[best]])
                best = i;
        const uint32_t o = open.items[best];
        open.items[best] = open.items[--open.count];
        err = choose(part, o);
        children = dominators_children(part->d, o, &count);
        for (uint32_t i = 0; !err && i < count && i < part->limit; i++)
            err = u32_vec_push(&open, children[i]);
    }
    u32_vec_deinit(&open);
    return err;
}

static struct error *choose_around(struct neighbourhood *part, uint32_t focus, uint32_t depth)
{
    TRY(choose(part, focus));
    if (paths_reaches(part->p, focus))
        for (uint32_t o = focus; part->p->parent[o] != o; o = part->p->parent[o])
            TRY(choose(part, part->p->parent[o]));
    TRY(snapshot_load(part->s, SNAPSHOT_REFERRERS));
    struct u32_vec ring = {0}, next = {0};
    struct error *err = u32_vec_push(&ring, focus);
    for (uint32_t step = 0; !err && step < depth; step++) {
        for (size_t i = 0; !err && i < ring.count; i++) {
            const uint32_t o = ring.items[i];
            const struct snapshot *s = part->s;
            uint64_t count;
            const uint32_t *referrers = snapshot_referrers(s, o, &count);
            for (uint64_t r = 0; !err && r < count; r++)
                if (!part->chosen[referrers[r]])
                    err = choose(part, referrers[r]),
                    err = err ? err : u32_vec_push(&next, referrers[r]);
            for (uint64_t e = s->edge_begin[o]; !err && e < s->edge_begin[o + 1]; e++)
                if (!part->chosen[s->targets[e]] && snapshot_edge_retains(s, e))
                    err = choose(part, s->targets[e]),
                    err = err ? err : u32_vec_push(&next, s->targets[e]);
            if (part->nodes.count >= part->limit)
                break;
        }
        struct u32_vec swap = ring;
        ring = next;
        next = swap;
        next.count = 0;
    }
    u32_vec_deinit(&ring);
    u32_vec_deinit(&next);
    return err;
}

struct error *neighbourhood_init(struct neighbourhood *part, struct snapshot *s,
                                 const struct export_options *options)
{
    *part = (struct neighbourhood){.s = s, .limit = options->limit ? options->limit : 100};
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    part->chosen = calloc((size_t)s->object_count + 1, 1);
    if (!part->chosen)
        return &error_no_memory;
    TRY(dominators_create(s, &part->d));
    TRY(paths_create(s, &part->p));
    if (options->focus == ORDINAL_NONE)
        return choose_biggest(part);
    return choose_around(part, options->focus, options->depth);
}

void neighbourhood_deinit(struct neighbourhood *part)
{
    dominators_destroy(part->d);
    paths_destroy(part->p);
    free(part->chosen);
    u32_vec_deinit(&part->nodes);
}
