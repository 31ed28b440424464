// How objects in any order become columns by address and a graph.
//
//     texts      second numbers of texts are found (texts.h); names in shapes and labels follow
//     order      radix sort by address of what did not come in order; duplicates leave
//     resolve    address -> ordinal by bitmap and rank, object by object
//     explain    counted references per object
//
// A reference whose target is no object leaves its object with a shape that names one edge too
// many: such objects, few in a sane heap, get a new shape.
//
// Each step reads columns from their begin to their end and writes others, so that when they are in
// files what has been read can leave memory behind it: every STEP elements all pages are given
// back.
#include "inspector/model/builder_parts.h"

#include "inspector/base/huge.h"
#include "inspector/model/addrmap.h"
#include "inspector/model/tally.h"

#include <assert.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum { STEP = 65536 };

// ---- order ----

struct sort_pair {
    uint64_t address;
    uint32_t index;
};

// Least significant digit first, 16 bits a pass; passes in which all digits agree are skipped. It
// is stable, so of two objects at one address the one added first stays first.
static struct error *radix_sort(struct sort_pair **pairs, size_t count)
{
    _cleanup_free_ struct sort_pair *other = malloc((count + 1) * sizeof *other);
    _cleanup_free_ size_t *counts = malloc(65537 * sizeof *counts);
    if (!other || !counts)
        return &error_no_memory;
    for (unsigned shift = 0; shift < 64; shift += 16) {
        memset(counts, 0, 65537 * sizeof *counts);
        for (size_t i = 0; i < count; i++)
            counts[((*pairs)[i].address >> shift & 0xffff) + 1]++;
        if (counts[((*pairs)[0].address >> shift & 0xffff) + 1] == count)
            continue;
        for (unsigned digit = 0; digit < 65536; digit++)
            counts[digit + 1] += counts[digit];
        for (size_t i = 0; i < count; i++)
            other[counts[(*pairs)[i].address >> shift & 0xffff]++] = (*pairs)[i];
        struct sort_pair *sorted = other;
        other = *pairs;
        *pairs = sorted;
    }
    return NULL;
}

// Merges the first `ahead` objects, which came in order, with the others, which have been sorted.
// Of two at one address the one added first is kept.
static struct error *merge(struct snapshot_builder *b, const struct sort_pair *pairs,
                           uint32_t pair_count, struct spool *order, uint32_t *kept)
{
    const uint64_t *address = b->address.view;
    const uint32_t ahead = b->sorted_count;
    uint64_t last = 0;
    *kept = 0;
    for (uint32_t i = 0, k = 0; i < ahead || k < pair_count;) {
        if ((i + k) % STEP == 0)
            spool_drop(&b->address);
        const bool first = k == pair_count || (i < ahead && address[i] <= pairs[k].address);
        const uint64_t own = first ? address[i] : pairs[k].address;
        const uint32_t index = first ? i++ : pairs[k++].index;
        if (*kept && own == last)
            continue;
        TRY(spool_u32(order, index));
        last = own;
        ++*kept;
    }
    return NULL;
}

// order[new ordinal] = index in which it was added. Duplicates are left out; no view, *count as it
// was, when the objects came in order. Most of a heap comes in order; only the rest is sorted.
static struct error *find_order(struct snapshot_builder *b, struct spool *order, uint32_t *count)
{
    *count = b->count;
    const uint32_t n = b->count, ahead = b->sorted_count, rest = n - ahead;
    if (rest == 0)
        return NULL;
    TRY(spool_expect(order, (uint64_t)n * sizeof(uint32_t)));
    _cleanup_free_ struct sort_pair *pairs = malloc(rest * sizeof *pairs);
    if (!pairs)
        return &error_no_memory;
    const uint64_t *address = b->address.view;
    for (uint32_t i = 0; i < rest; i++)
        pairs[i] = (struct sort_pair){address[ahead + i], ahead + i};
    TRY(radix_sort(&pairs, rest));
    TRY(merge(b, pairs, rest, order, count));
    b->snapshot->info.duplicate_object_count += n - *count;
    return spool_view(order);
}

// Writes a column anew; `EXPRESSION` is the value of what was added as number i.
#define DEFINE_REORDER(name, type, EXPRESSION)                                                 \
    static struct error *name(struct snapshot_builder *b, const struct text_map *map,          \
                              struct spool *column, const struct spool *order, uint32_t count) \
    {                                                                                          \
        struct spool result;                                                                   \
        struct error *err = NULL;                                                              \
        const type *from = column->view;                                                       \
        const uint32_t *index = order->view;                                                   \
        spool_init(&result, builder_place(b));                                                 \
        err = spool_expect(&result, (uint64_t)count * sizeof(type));                           \
        for (uint32_t o = 0; o < count && !err; o++) {                                         \
            const uint32_t i = index ? index[o] : o;                                           \
            const type value = EXPRESSION;                                                     \
            if (o % STEP == 0) {                                                               \
                spool_drop(column);                                                            \
                spool_drop(order);                                                             \
            }                                                                                  \
            err = spool_add(&result, &value, sizeof value);                                    \
        }                                                                                      \
        if (!err)                                                                              \
            err = spool_view(&result);                                                         \
        (void)map;                                                                             \
        spool_deinit(column);                                                                  \
        *column = result;                                                                      \
        return err;                                                                            \
    }

DEFINE_REORDER(reorder_uint64_t, uint64_t, from[i])
DEFINE_REORDER(reorder_uint32_t, uint32_t, from[i])
DEFINE_REORDER(reorder_uint8_t, uint8_t, from[i])
DEFINE_REORDER(reorder_labels, uint32_t, text_map_get(map, from[i]))

static int compare_big(const void *a, const void *b)
{
    const uint32_t x = ((const struct snapshot_big *)a)->object;
    const uint32_t y = ((const struct snapshot_big *)b)->object;
    return (x > y) - (x < y);
}

// Big objects are few: their rows are found again by a look at each flag.
static struct error *reorder_big(struct snapshot_builder *b, const struct spool *order,
                                 uint32_t count)
{
    if (b->big.count == 0)
        return NULL;
    const uint32_t *index = order->view;
    const uint8_t *flags = b->flags.view;
    struct big_vec result = {0};
    for (uint32_t i = 0; i < count; i++) {
        if (!(flags[index[i]] & OBJECT_BIG))
            continue;
        const struct snapshot_big key = {.object = index[i]};
        const struct snapshot_big *row =
            bsearch(&key, b->big.items, b->big.count, sizeof key, compare_big);
        assert(row);
        struct error *err = big_vec_push(&result, (struct snapshot_big){i, row->size_bytes});
        if (err) {
            big_vec_deinit(&result);
            return err;
        }
    }
    big_vec_deinit(&b->big);
    b->big = result;
    return NULL;
}

// Shapes are numbered by object added until they are resolved.
static struct error *reorder_columns(struct snapshot_builder *b, const struct text_map *map,
                                     const struct spool *order, uint32_t count)
{
    if (order->view || map->again)
        TRY(reorder_labels(b, map, &b->label, order, count));
    if (!order->view)
        return NULL;
    TRY(reorder_big(b, order, count));
    TRY(reorder_uint64_t(b, map, &b->address, order, count));
    TRY(reorder_uint32_t(b, map, &b->size, order, count));
    TRY(reorder_uint32_t(b, map, &b->refcount, order, count));
    TRY(reorder_uint32_t(b, map, &b->type, order, count));
    TRY(reorder_uint32_t(b, map, &b->epoch, order, count));
    return reorder_uint8_t(b, map, &b->flags, order, count);
}

// ---- texts ----

static void rename_rows(struct snapshot_builder *b, const struct text_map *map)
{
    for (size_t i = 0; i < b->types.count; i++) {
        b->types.items[i].name = text_map_get(map, b->types.items[i].name);
        b->types.items[i].module = text_map_get(map, b->types.items[i].module);
    }
    for (size_t i = 0; i < b->threads.count; i++)
        b->threads.items[i].name = text_map_get(map, b->threads.items[i].name);
    for (size_t i = 0; i < b->frames.count; i++) {
        b->frames.items[i].function = text_map_get(map, b->frames.items[i].function);
        b->frames.items[i].file = text_map_get(map, b->frames.items[i].file);
    }
    for (size_t i = 0; i < b->areas.count; i++)
        b->areas.items[i].name = text_map_get(map, b->areas.items[i].name);
    for (size_t i = 0; i < b->roots.count; i++)
        b->roots.items[i].root.name = text_map_get(map, b->roots.items[i].root.name);
    for (size_t i = 0; i < b->late.count; i++)
        if (!edge_name_is_index(b->late.items[i].named.name))
            b->late.items[i].named.name = text_map_get(map, b->late.items[i].named.name);
}

// new_shape[old number of a shape]. Shapes that differed in two numbers of one text become one.
static struct error *rename_shapes(struct snapshot_builder *b, const struct text_map *map,
                                   uint32_t **new_shape)
{
    struct shape_table *old = &b->snapshot->shapes, renamed;
    _cleanup_free_ uint32_t *result = malloc(((size_t)old->count + 1) * sizeof *result);
    if (!result)
        return &error_no_memory;
    TRY(shape_table_init(&renamed));
    struct error *err = NULL;
    for (uint32_t shape = 0; shape < old->count && !err; shape++) {
        struct shape_iter iter = shape_iter_begin(old, shape);
        for (uint64_t left = shape_edge_count(old, shape); left && !err; left--) {
            struct shape_edge edge;
            shape_iter_next(&iter, &edge);
            if (!edge_name_is_index(edge.name))
                edge.name = text_map_get(map, edge.name);
            err = shape_table_add(&renamed, &edge);
        }
        if (!err)
            err = shape_table_end(&renamed, &result[shape]);
    }
    if (err) {
        shape_table_deinit(&renamed);
        return err;
    }
    shape_table_deinit(old);
    *old = renamed;
    *new_shape = take_ptr(result);
    return NULL;
}

static struct error *finish_texts(struct snapshot_builder *b, struct text_map *map,
                                  uint32_t **new_shape)
{
    if (!b->texts)
        return NULL;
    struct snapshot *s = b->snapshot;
    strtab_deinit(&s->strings);
    TRY(texts_finish(b->texts, map, &s->strings, &s->spools));
    texts_destroy(take_ptr(b->texts));
    if (!map->again)
        return NULL;
    rename_rows(b, map);
    return rename_shapes(b, map, new_shape);
}

// ---- resolve ----

struct resolve {
    struct snapshot_builder *b;
    struct snapshot *s;
    struct addrmap map;
    const struct spool *order;
    const uint64_t *address;
    const uint64_t *edge_end; // of what was added; like the next two
    const uint64_t *from;
    const uint32_t *shape_of;
    const uint32_t *new_shape; // NULL: shapes have kept their numbers
    struct spool targets, edge_begin, shape;
    uint64_t written;
    uint64_t next_drop; // when so many have been written
    size_t next_late;   // late edges are sorted by source
};

static int compare_late(const void *a, const void *b)
{
    const struct late_edge *x = a, *y = b;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static void drop(struct resolve *r)
{
    r->next_drop = r->written + STEP;
    spool_drop(r->order);
    spool_drop(&r->b->address);
    spool_drop(&r->b->edge_end);
    spool_drop(&r->b->targets);
    spool_drop(&r->b->shape);
}

static struct error *put_target(struct resolve *r, uint32_t target)
{
    if (r->written == r->next_drop)
        drop(r);
    r->written++;
    return spool_u32(&r->targets, target);
}

// The slow way, for an object that loses or gains edges: its names are unpacked and packed anew.
// The first `done` targets have been written.
static struct error *resolve_changed(struct resolve *r, uint32_t o, const uint64_t *from,
                                     uint64_t count, uint64_t done, uint32_t *shape_id)
{
    struct shape_iter shape = shape_iter_begin(&r->s->shapes, *shape_id);
    for (uint64_t i = 0; i < count; i++) {
        struct shape_edge named;
        shape_iter_next(&shape, &named);
        if (i >= done) {
            const uint32_t target = addrmap_find(&r->map, from[i]);
            if (target == ORDINAL_NONE) {
                r->s->info.dangling_reference_count++;
                continue;
            }
            TRY(put_target(r, target));
        }
        TRY(shape_table_add(&r->s->shapes, &named));
    }
    const struct late_edge_vec *late = &r->b->late;
    for (; r->next_late < late->count && late->items[r->next_late].source == r->address[o];
         r->next_late++) {
        const uint32_t target = addrmap_find(&r->map, late->items[r->next_late].target);
        if (target == ORDINAL_NONE) {
            r->s->info.dangling_reference_count++;
            continue;
        }
        TRY(put_target(r, target));
        TRY(shape_table_add(&r->s->shapes, &late->items[r->next_late].named));
    }
    return shape_table_end(&r->s->shapes, shape_id);
}

static struct error *resolve_targets(struct resolve *r, uint32_t o, uint32_t *shape)
{
    const uint32_t *order = r->order->view;
    const uint32_t added = order ? order[o] : o;
    const uint64_t begin = added ? r->edge_end[added - 1] : 0;
    const uint64_t count = r->edge_end[added] - begin;
    const uint64_t *from = r->from + begin;
    const struct late_edge_vec *late = &r->b->late;
    *shape = r->new_shape ? r->new_shape[r->shape_of[added]] : r->shape_of[added];
    for (; r->next_late < late->count && late->items[r->next_late].source < r->address[o];
         r->next_late++)
        r->s->info.dangling_reference_count++; // their source is no object
    const bool more =
        r->next_late < late->count && late->items[r->next_late].source == r->address[o];
    for (uint64_t i = 0; i < count; i++) {
        const uint32_t target = addrmap_find(&r->map, from[i]);
        if (target == ORDINAL_NONE)
            return resolve_changed(r, o, from, count, i, shape);
        TRY(put_target(r, target));
    }
    return more ? resolve_changed(r, o, from, count, count, shape) : NULL;
}

static struct error *resolve_object(struct resolve *r, uint32_t o)
{
    uint32_t shape;
    TRY(spool_u64(&r->edge_begin, r->written));
    TRY(resolve_targets(r, o, &shape));
    return spool_u32(&r->shape, shape);
}

static struct error *expect_edges(struct resolve *r)
{
    const uint64_t objects = (uint64_t)r->s->object_count + 1;
    const uint64_t targets = r->b->target_count + r->b->late.count + 1;
    TRY(spool_expect(&r->targets, targets * sizeof(uint32_t)));
    TRY(spool_expect(&r->edge_begin, objects * sizeof(uint64_t)));
    return spool_expect(&r->shape, objects * sizeof(uint32_t));
}

static struct error *resolve_edges(struct resolve *r)
{
    struct snapshot *s = r->s;
    if (r->b->late.count)
        qsort(r->b->late.items, r->b->late.count, sizeof *r->b->late.items, compare_late);
    TRY(expect_edges(r));
    for (uint32_t o = 0; o < s->object_count; o++) {
        if (o % PROGRESS_STEP == 0) {
            progress_update(&r->b->progress, o);
            drop(r);
        }
        TRY(resolve_object(r, o));
    }
    TRY(spool_u64(&r->edge_begin, r->written));
    s->info.dangling_reference_count += r->b->late.count - r->next_late;
    s->reference_count = r->written;
    return NULL;
}

static struct error *resolve_rows(struct resolve *r)
{
    struct snapshot *s = r->s;
    for (size_t i = 0; i < r->b->types.count; i++)
        r->b->types.items[i].object = addrmap_find(&r->map, r->b->types.items[i].address);
    for (size_t i = 0; i < r->b->frames.count; i++)
        r->b->frames.items[i].object = addrmap_find(&r->map, r->b->frame_objects.items[i]);
    s->roots = malloc((r->b->roots.count + 1) * sizeof *s->roots);
    if (!s->roots)
        return &error_no_memory;
    for (size_t i = 0; i < r->b->roots.count; i++) {
        struct snapshot_root root = r->b->roots.items[i].root;
        root.target = addrmap_find(&r->map, r->b->roots.items[i].target);
        if (root.target == ORDINAL_NONE)
            s->info.dangling_reference_count++;
        else
            s->roots[s->root_count++] = root;
    }
    return NULL;
}

static void resolve_deinit(struct resolve *r)
{
    addrmap_deinit(&r->map);
    spool_deinit(&r->targets);
    spool_deinit(&r->edge_begin);
    spool_deinit(&r->shape);
}

static struct error *resolve(struct snapshot_builder *b, const struct spool *order,
                             const uint32_t *new_shape)
{
    struct snapshot *s = b->snapshot;
    _cleanup_(resolve_deinit) struct resolve r = {.b = b,
                                                  .s = s,
                                                  .order = order,
                                                  .address = b->address.view,
                                                  .edge_end = b->edge_end.view,
                                                  .from = b->targets.view,
                                                  .shape_of = b->shape.view,
                                                  .new_shape = new_shape};
    spool_init(&r.targets, builder_place(b));
    spool_init(&r.edge_begin, builder_place(b));
    spool_init(&r.shape, builder_place(b));
    TRY(addrmap_init(&r.map, r.address, s->object_count, &b->address));
    TRY(resolve_edges(&r));
    TRY(resolve_rows(&r));
    spool_deinit(&b->targets);
    spool_deinit(&b->edge_end);
    TRY(spool_take(&r.targets, &s->spools, &s->targets));
    TRY(spool_take(&r.edge_begin, &s->spools, &s->edge_begin));
    return spool_take(&r.shape, &s->spools, &s->shape);
}

// ---- finish ----

static struct error *take_columns(struct snapshot_builder *b, struct snapshot *s)
{
    TRY(spool_take(&b->address, &s->spools, &s->address));
    TRY(spool_take(&b->size, &s->spools, &s->size));
    TRY(spool_take(&b->refcount, &s->spools, &s->refcount));
    TRY(spool_take(&b->type, &s->spools, &s->type));
    TRY(spool_take(&b->epoch, &s->spools, &s->epoch));
    TRY(spool_take(&b->label, &s->spools, &s->label));
    TRY(spool_take(&b->flags, &s->spools, &s->flags));
    TRY(spool_take(&b->pools, &s->spools, &s->pools));
    s->pool_count = b->pool_count;
    s->big = take_ptr(b->big.items);
    s->big_count = (uint32_t)b->big.count;
    return NULL;
}

static void take_rows(struct snapshot_builder *b, struct snapshot *s)
{
    s->types = take_ptr(b->types.items);
    s->type_count = (uint32_t)b->types.count;
    s->threads = take_ptr(b->threads.items);
    s->thread_count = (uint32_t)b->threads.count;
    s->frames = take_ptr(b->frames.items);
    s->frame_count = (uint32_t)b->frames.count;
    s->areas = take_ptr(b->areas.items);
    s->area_count = (uint32_t)b->areas.count;
    s->blocks = take_ptr(b->blocks.items);
    s->block_count = (uint32_t)b->blocks.count;
    b->areas.count = b->blocks.count = 0;
    b->types.count = b->threads.count = b->frames.count = 0;
}

// A word in native memory that looks like a reference is none when the refcount of the object
// leaves it no room: freed places of free lists and caches keep their last value.
static void disbelieve_roots(struct snapshot *s, struct tally *explained)
{
    for (uint32_t i = 0; i < s->root_count; i++) {
        struct snapshot_root *root = &s->roots[i];
        if (root->class != CLASS_CONSERVATIVE || snapshot_immortal(s, root->target) ||
            tally_get(explained, root->target) <= s->refcount[root->target])
            continue;
        root->class = CLASS_BORROWED;
        tally_down(explained, root->target);
    }
}

static struct error *explain(struct snapshot_builder *b, struct snapshot *s)
{
    _cleanup_(tally_deinit) struct tally tally = {0};
    struct spool explained;
    TRY(snapshot_tally(s, &tally));
    disbelieve_roots(s, &tally);
    spool_init(&explained, builder_place(b));
    struct error *err = spool_expect(&explained, (uint64_t)s->object_count * sizeof(uint32_t));
    for (uint32_t o = 0; o < s->object_count && !err; o++)
        err = spool_u32(&explained, tally_get(&tally, o));
    if (!err)
        err = spool_take(&explained, &s->spools, &s->explained);
    spool_deinit(&explained);
    return err;
}

static struct error *view_columns(struct snapshot_builder *b)
{
#define X(name, type) TRY(spool_view(&b->name));
    BUILDER_COLUMNS(X)
#undef X
    TRY(spool_view(&b->edge_end));
    return spool_view(&b->targets);
}

static struct error *build(struct snapshot_builder *b, struct text_map *map, struct spool *order,
                           uint32_t **new_shape)
{
    struct snapshot *s = b->snapshot;
    TRY(finish_texts(b, map, new_shape));
    TRY(view_columns(b));
    TRY(find_order(b, order, &s->object_count));
    TRY(reorder_columns(b, map, order, s->object_count));
    text_map_deinit(map);
    progress_end(&b->progress);
    progress_begin(&b->progress, "resolving references", "objects", s->object_count);
    TRY(resolve(b, order, *new_shape));
    TRY(take_columns(b, s));
    take_rows(b, s);
    s->loaded = SNAPSHOT_COLUMNS | SNAPSHOT_EPOCHS | SNAPSHOT_LABELS | SNAPSHOT_EDGES;
    return explain(b, s);
}

struct error *builder_resolve(struct snapshot_builder *b)
{
    struct text_map map = {0};
    struct spool order;
    _cleanup_free_ uint32_t *new_shape = NULL;
    TRY(builder_end_objects(b));
    if (b->folder)
        malloc_trim(0); // what the walk needed is back with malloc, and not with the system yet
    spool_init(&order, builder_place(b));
    struct error *err = build(b, &map, &order, &new_shape);
    spool_deinit(&order);
    text_map_deinit(&map);
    return err;
}
