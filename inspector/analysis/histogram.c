// Counting by type is one pass over the columns; what a type holds is a walk over the dominator
// tree that knows which types are open above it.
#include "inspector/analysis/histogram.h"

#include "inspector/base/vec.h"

#include <stdlib.h>

static int compare_rows(const void *a, const void *b)
{
    const struct histogram_row *x = a, *y = b;
    if (x->size_bytes != y->size_bytes)
        return x->size_bytes > y->size_bytes ? -1 : 1;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return x->type < y->type ? -1 : x->type > y->type;
}

// Walks the dominator tree with the number of open ancestors of each type: an object counts for its
// type only where no ancestor has the same one, so a list of lists is not counted twice.
struct open_object {
    uint32_t object;
    uint32_t next_child;
};

VEC_DEFINE(open_object_vec, struct open_object);

static struct error *sum_retained(const struct snapshot *s, const struct dominators *d,
                                  struct histogram_row *rows)
{
    struct open_object_vec open = {0};
    uint32_t *above = calloc((size_t)s->type_count + 1, sizeof *above);
    struct error *err = above ? NULL : &error_no_memory;
    if (!err)
        err = open_object_vec_push(&open, (struct open_object){.object = DOMINATOR_ROOT});
    while (!err && open.count) {
        struct open_object *top = &open.items[open.count - 1];
        uint32_t count;
        const uint32_t *children = dominators_children(d, top->object, &count);
        if (top->next_child == count) {
            if (top->object != DOMINATOR_ROOT)
                above[s->type[top->object]]--;
            open.count--;
            continue;
        }
        const uint32_t o = children[top->next_child++];
        if (above[s->type[o]]++ == 0)
            rows[s->type[o]].retained_bytes += d->retained[o];
        err = open_object_vec_push(&open, (struct open_object){.object = o});
    }
    open_object_vec_deinit(&open);
    free(above);
    return err;
}

struct error *histogram_create(struct snapshot *s, const struct dominators *dominators,
                               struct histogram **ret)
{
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS));
    _cleanup_(histogram_destroy_at) struct histogram *h = calloc(1, sizeof *h);
    if (!h)
        return &error_no_memory;
    h->rows = calloc((size_t)s->type_count + 1, sizeof *h->rows);
    if (!h->rows)
        return &error_no_memory;
    for (uint32_t t = 0; t < s->type_count; t++)
        h->rows[t].type = t;
    for (uint32_t o = 0; o < s->object_count; o++) {
        const uint64_t size = snapshot_size(s, o);
        h->rows[s->type[o]].count++;
        h->rows[s->type[o]].size_bytes += size;
        h->size_bytes += size;
    }
    h->object_count = s->object_count;
    if (dominators)
        TRY(sum_retained(s, dominators, h->rows));
    for (uint32_t t = 0; t < s->type_count; t++)
        if (h->rows[t].count)
            h->rows[h->count++] = h->rows[t];
    qsort(h->rows, h->count, sizeof *h->rows, compare_rows);
    *ret = take_ptr(h);
    return NULL;
}

void histogram_destroy(struct histogram *h)
{
    if (!h)
        return;
    free(h->rows);
    free(h);
}
