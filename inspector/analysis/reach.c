// Collects and orders the starting points of reachability.
#include "inspector/analysis/reach.h"

#include <stdlib.h>
#include <string.h>

bool reach_is_guess(const struct snapshot_root *root)
{
    return root->class == CLASS_CONSERVATIVE ||
           (root->class == CLASS_BORROWED && root->kind == ROOT_NATIVE);
}

static int compare_starts(const void *a, const void *b, void *context)
{
    const struct snapshot *s = context;
    const struct start *x = a, *y = b;
    const struct snapshot_root *p = &s->roots[x->root], *q = &s->roots[y->root];
    if (reach_is_guess(p) != reach_is_guess(q))
        return reach_is_guess(p) ? 1 : -1;
    if (p->kind != q->kind)
        return p->kind < q->kind ? -1 : 1;
    const int names = strcmp(snapshot_string(s, p->name), snapshot_string(s, q->name));
    if (names)
        return names;
    if (p->target != q->target)
        return p->target < q->target ? -1 : 1;
    return x->root < y->root ? -1 : x->root > y->root;
}

struct error *reach_starts(struct snapshot *s, struct start_vec *ret)
{
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_EDGES));
    struct start_vec starts = {0};
    struct error *err = NULL;
    for (uint32_t i = 0; !err && i < s->root_count; i++)
        err = start_vec_push(&starts, (struct start){.object = s->roots[i].target, .root = i});
    if (!err && starts.count)
        qsort_r(starts.items, starts.count, sizeof *starts.items, compare_starts, s);
    for (uint32_t o = 0; !err && o < s->object_count; o++)
        if (snapshot_unexplained(s, o))
            err = start_vec_push(&starts, (struct start){.object = o, .root = ORDINAL_NONE});
    if (err)
        start_vec_deinit(&starts);
    else
        *ret = starts;
    return err;
}

static struct error *mark(uint8_t *marks, struct u32_vec *open, uint32_t o)
{
    if (reach_marked(marks, o))
        return NULL;
    marks[o / 8] |= (uint8_t)(1 << (o % 8));
    return u32_vec_push(open, o);
}

struct error *reach_mark(const struct snapshot *s, const struct start_vec *starts, uint8_t **ret)
{
    uint8_t *marks = calloc((size_t)s->object_count / 8 + 1, 1);
    struct u32_vec open = {0};
    struct error *err = marks ? NULL : &error_no_memory;
    for (size_t i = 0; !err && i < starts->count; i++)
        err = mark(marks, &open, starts->items[i].object);
    while (!err && open.count) {
        const uint32_t o = open.items[--open.count];
        for (uint64_t e = s->edge_begin[o]; !err && e < s->edge_begin[o + 1]; e++)
            if (snapshot_edge_retains(s, e))
                err = mark(marks, &open, s->targets[e]);
    }
    u32_vec_deinit(&open);
    if (err)
        free(marks);
    else
        *ret = marks;
    return err;
}
