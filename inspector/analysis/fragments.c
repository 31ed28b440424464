#include "inspector/analysis/fragments.h"

#include "inspector/base/vec.h"

#include <stdlib.h>
#include <string.h>

VEC_DEFINE(class_vec, struct fragment_class);
VEC_DEFINE(arena_vec, struct fragment_arena);

// Pools stand side by side, so the least distance between two of one arena is their size.
uint64_t fragments_pool_bytes(const struct snapshot *s)
{
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 1; i < s->pool_count; i++) {
        const uint64_t step = s->pools[i].address - s->pools[i - 1].address;
        if (s->pools[i].arena == s->pools[i - 1].arena && step && step < least)
            least = step;
    }
    return least == UINT64_MAX ? 16384 : least;
}

static struct error *class_of(struct class_vec *classes, uint32_t block_bytes,
                              struct fragment_class **ret)
{
    for (size_t i = 0; i < classes->count; i++)
        if (classes->items[i].block_bytes == block_bytes) {
            *ret = &classes->items[i];
            return NULL;
        }
    TRY(class_vec_extend(classes, 1, ret));
    (*ret)->block_bytes = block_bytes;
    return NULL;
}

static struct error *add_pool(const struct snapshot_pool *pool, uint64_t pool_bytes,
                              struct fragments *f, struct class_vec *classes,
                              struct arena_vec *arenas)
{
    struct fragment_class *class;
    struct fragment_arena *arena = arena_vec_last(arenas);
    const uint64_t free_blocks = pool->capacity > pool->used ? pool->capacity - pool->used : 0;
    TRY(class_of(classes, pool->used ? pool->block_bytes : 0, &class));
    if (!arena || arena->address != pool->arena) {
        TRY(arena_vec_extend(arenas, 1, &arena));
        *arena = (struct fragment_arena){.address = pool->arena, .type = ORDINAL_NONE};
    }
    class->pool_count++;
    arena->pool_count++;
    arena->capacity_bytes += pool_bytes;
    if (pool->used == 0) {
        class->free_bytes += pool_bytes;
        arena->free_pool_count++;
        f->free_pool_bytes += pool_bytes;
        return NULL;
    }
    const uint64_t used_bytes = (uint64_t)pool->used * pool->block_bytes;
    class->used_blocks += pool->used;
    class->free_blocks += free_blocks;
    class->free_bytes += free_blocks * pool->block_bytes;
    arena->used_bytes += used_bytes;
    f->used_bytes += used_bytes;
    f->free_block_bytes += free_blocks * pool->block_bytes;
    return NULL;
}

static int by_block_bytes(const void *a, const void *b)
{
    const struct fragment_class *x = a, *y = b;
    return (x->block_bytes > y->block_bytes) - (x->block_bytes < y->block_bytes);
}

static int by_use(const void *a, const void *b)
{
    const struct fragment_arena *x = a, *y = b;
    const double p = (double)x->used_bytes / (double)x->capacity_bytes;
    const double q = (double)y->used_bytes / (double)y->capacity_bytes;
    if (p != q)
        return p < q ? -1 : 1;
    return (x->address > y->address) - (x->address < y->address);
}

static int by_arena(const void *a, const void *b)
{
    const struct snapshot_pool *x = *(const struct snapshot_pool *const *)a;
    const struct snapshot_pool *y = *(const struct snapshot_pool *const *)b;
    if (x->arena != y->arena)
        return x->arena < y->arena ? -1 : 1;
    return (x->address > y->address) - (x->address < y->address);
}

// ---- what lies in an arena ----

static uint32_t first_at_or_above(const struct snapshot *s, uint64_t address)
{
    uint32_t low = 0, high = s->object_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (s->address[middle] < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void look_into(const struct snapshot *s, struct fragment_arena *arena, uint64_t *counts,
                      struct u32_vec *seen)
{
    const uint64_t end = arena->address + arena->capacity_bytes;
    for (uint32_t o = first_at_or_above(s, arena->address);
         o < s->object_count && s->address[o] < end; o++) {
        arena->object_count++;
        if (counts[s->type[o]]++ == 0 && seen->count < seen->capacity)
            seen->items[seen->count++] = s->type[o];
    }
    for (size_t i = 0; i < seen->count; i++) {
        const uint32_t type = seen->items[i];
        if (counts[type] > arena->type_count) {
            arena->type = type;
            arena->type_count = counts[type];
        }
        counts[type] = 0;
    }
    seen->count = 0;
}

static struct error *look_into_all(const struct snapshot *s, struct arena_vec *arenas)
{
    _cleanup_free_ uint64_t *counts = calloc((size_t)s->type_count + 1, sizeof *counts);
    struct u32_vec seen = {0};
    if (!counts)
        return &error_no_memory;
    struct error *err = u32_vec_reserve(&seen, (size_t)s->type_count + 1);
    for (size_t i = 0; !err && i < arenas->count; i++)
        look_into(s, &arenas->items[i], counts, &seen);
    u32_vec_deinit(&seen);
    return err;
}

static struct error *find(struct fragments *f, const struct snapshot *s, struct class_vec *classes,
                          struct arena_vec *arenas)
{
    const uint64_t pool_bytes = fragments_pool_bytes(s);
    _cleanup_free_ const struct snapshot_pool **order =
        malloc(((size_t)s->pool_count + 1) * sizeof *order);
    if (!order)
        return &error_no_memory;
    for (uint32_t i = 0; i < s->pool_count; i++)
        order[i] = &s->pools[i];
    qsort(order, s->pool_count, sizeof *order, by_arena);
    for (uint32_t i = 0; i < s->pool_count; i++)
        TRY(add_pool(order[i], pool_bytes, f, classes, arenas));
    TRY(look_into_all(s, arenas));
    for (size_t i = 0; i < arenas->count; i++) {
        const struct fragment_arena *arena = &arenas->items[i];
        if (arena->used_bytes * 4 < arena->capacity_bytes && arena->used_bytes) {
            f->sparse_arena_count++;
            f->sparse_free_bytes += arena->capacity_bytes - arena->used_bytes;
        }
    }
    if (classes->count)
        qsort(classes->items, classes->count, sizeof *classes->items, by_block_bytes);
    if (arenas->count)
        qsort(arenas->items, arenas->count, sizeof *arenas->items, by_use);
    return NULL;
}

struct error *fragments_create(struct snapshot *s, struct fragments **ret)
{
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS));
    _cleanup_(fragments_destroy_at) struct fragments *f = calloc(1, sizeof *f);
    if (!f)
        return &error_no_memory;
    struct class_vec classes = {0};
    struct arena_vec arenas = {0};
    struct error *err = find(f, s, &classes, &arenas);
    f->classes = classes.items;
    f->class_count = (uint32_t)classes.count;
    f->arenas = arenas.items;
    f->arena_count = (uint32_t)arenas.count;
    if (!err)
        *ret = take_ptr(f);
    return err;
}

void fragments_destroy(struct fragments *f)
{
    if (!f)
        return;
    free(f->classes);
    free(f->arenas);
    free(f);
}
