// Counting is one pass over the columns; what a group holds is a walk over the dominator tree that
// knows which groups are open above it.
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
    return x->key < y->key ? -1 : x->key > y->key;
}

// Walks the dominator tree with the number of open ancestors of each group: an object counts for
// its group only where no ancestor is of the same one, so a list of lists is not counted twice.
struct open_object {
    uint32_t object;
    uint32_t next_child;
};

VEC_DEFINE(open_object_vec, struct open_object);

static bool is_in(const uint64_t *only, uint32_t o)
{
    return !only || only[o / 64] >> (o % 64) & 1;
}

static struct error *sum_retained(const struct snapshot *s, const struct dominators *d,
                                  const uint64_t *only, const uint32_t *row_of_type,
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
            if (top->object != DOMINATOR_ROOT && is_in(only, top->object))
                above[row_of_type[s->type[top->object]]]--;
            open.count--;
            continue;
        }
        const uint32_t o = children[top->next_child++];
        const uint32_t row = row_of_type[s->type[o]];
        if (is_in(only, o) && above[row]++ == 0)
            rows[row].retained_bytes += d->retained[o];
        err = open_object_vec_push(&open, (struct open_object){.object = o});
    }
    open_object_vec_deinit(&open);
    free(above);
    return err;
}

// Rows in order of the types in which they first appear.
static struct error *number_rows(const struct snapshot *s, struct histogram *h,
                                 uint32_t *row_of_type)
{
    _cleanup_free_ uint32_t *row_of_module = calloc((size_t)s->strings.count + 1, sizeof(uint32_t));
    if (!row_of_module)
        return &error_no_memory;
    for (uint32_t t = 0; t < s->type_count; t++) {
        const uint32_t module = s->types[t].module;
        if (h->by == HISTOGRAM_BY_MODULE && row_of_module[module]) {
            row_of_type[t] = row_of_module[module] - 1;
            continue;
        }
        row_of_type[t] = h->count;
        h->rows[h->count++].key = h->by == HISTOGRAM_BY_MODULE ? module : t;
        row_of_module[module] = h->count;
    }
    return NULL;
}

struct error *histogram_create(struct snapshot *s, enum histogram_key by,
                               const struct dominators *dominators, struct histogram **ret)
{
    return histogram_create_of(s, by, dominators, NULL, ret);
}

struct error *histogram_create_of(struct snapshot *s, enum histogram_key by,
                                  const struct dominators *dominators, const uint64_t *only,
                                  struct histogram **ret)
{
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS));
    _cleanup_(histogram_destroy_at) struct histogram *h = calloc(1, sizeof *h);
    _cleanup_free_ uint32_t *row_of_type = calloc((size_t)s->type_count + 1, sizeof *row_of_type);
    if (!h || !row_of_type)
        return &error_no_memory;
    h->by = by;
    h->rows = calloc((size_t)s->type_count + 1, sizeof *h->rows);
    if (!h->rows)
        return &error_no_memory;
    TRY(number_rows(s, h, row_of_type));
    for (uint32_t o = 0; o < s->object_count; o++) {
        if (!is_in(only, o))
            continue;
        const uint64_t size = snapshot_size(s, o);
        struct histogram_row *row = &h->rows[row_of_type[s->type[o]]];
        row->count++;
        row->size_bytes += size;
        h->size_bytes += size;
        h->object_count++;
    }
    if (dominators)
        TRY(sum_retained(s, dominators, only, row_of_type, h->rows));
    uint32_t kept = 0;
    for (uint32_t r = 0; r < h->count; r++)
        if (h->rows[r].count)
            h->rows[kept++] = h->rows[r];
    h->count = kept;
    qsort(h->rows, h->count, sizeof *h->rows, compare_rows);
    *ret = take_ptr(h);
    return NULL;
}

void histogram_add_name(const struct histogram *h, const struct snapshot *s,
                        const struct histogram_row *row, struct strbuf *out)
{
    if (h->by == HISTOGRAM_BY_TYPE)
        snapshot_add_type_name(s, row->key, out);
    else
        strbuf_add(out, row->key ? snapshot_string(s, row->key) : "?");
}

void histogram_destroy(struct histogram *h)
{
    if (!h)
        return;
    free(h->rows);
    free(h);
}
