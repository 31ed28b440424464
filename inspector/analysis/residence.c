// Sums over the areas of the address space, with the pools and the large objects taken out of the
// anonymous ones.
#include "inspector/analysis/residence.h"

#include <stdlib.h>

enum {
    SMALL_MOST = 512, // bytes: the largest block of a pool
    OLD_POOL_BYTES = 4096,
    POOL_BYTES = 16384,
};

uint64_t residence_pool_bytes(const struct snapshot *s)
{
    for (uint32_t i = 0; i < s->pool_count; i++)
        if ((uint64_t)s->pools[i].capacity * s->pools[i].block_bytes > OLD_POOL_BYTES)
            return POOL_BYTES;
        else if (s->pools[i].capacity > 1)
            return OLD_POOL_BYTES;
    return POOL_BYTES;
}

static void add_pools(const struct snapshot *s, struct residence *r)
{
    const uint64_t pool_bytes = residence_pool_bytes(s);
    for (uint32_t i = 0; i < s->pool_count; i++) {
        const struct snapshot_pool *pool = &s->pools[i];
        r->pool_bytes += pool_bytes;
        r->used_bytes += (uint64_t)pool->used * pool->block_bytes;
        if (pool->used == 0)
            r->free_pool_bytes += pool_bytes;
        else if (pool->capacity > pool->used)
            r->free_block_bytes += (uint64_t)(pool->capacity - pool->used) * pool->block_bytes;
    }
}

static void add_areas(const struct snapshot *s, struct residence *r)
{
    for (uint32_t i = 0; i < s->area_count; i++) {
        const struct snapshot_area *area = &s->areas[i];
        r->resident_bytes += area->resident_bytes;
        switch ((enum area_kind)area->kind) {
        case AREA_FILE:
            r->file_count++;
            r->data_bytes += area->anonymous_bytes;
            r->file_bytes += area->resident_bytes > area->anonymous_bytes
                                 ? area->resident_bytes - area->anonymous_bytes
                                 : 0;
            break;
        case AREA_STACK:
            r->stack_count++;
            r->stack_bytes += area->resident_bytes;
            break;
        case AREA_HEAP:
            r->heap_bytes += area->resident_bytes;
            r->other_bytes += area->resident_bytes;
            break;
        case AREA_ANONYMOUS:
            r->other_bytes += area->resident_bytes;
            break;
        default:
            r->shared_bytes += area->resident_bytes;
        }
    }
}

static bool in_pool(const struct snapshot *s, uint64_t pool_bytes, uint64_t address)
{
    uint32_t low = 0, high = s->pool_count; // by address
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (s->pools[middle].address + pool_bytes <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->pool_count && s->pools[low].address <= address;
}

static const struct snapshot_area *area_of(const struct snapshot *s, uint64_t address)
{
    uint32_t low = 0, high = s->area_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (s->areas[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->area_count && s->areas[low].begin <= address ? &s->areas[low] : NULL;
}

// What of an object is outside the pools: its table, if that is too big, or all of it.
static uint64_t outside_pools(const struct snapshot *s, uint64_t pool_bytes, uint32_t o)
{
    const uint64_t size = snapshot_size(s, o);
    if (size <= SMALL_MOST && s->pool_count)
        return 0;
    if (in_pool(s, pool_bytes, s->address[o])) {
        const uint64_t basic = s->types[s->type[o]].size_bytes;
        return size > basic + SMALL_MOST ? size - basic : 0;
    }
    const struct snapshot_area *area = area_of(s, s->address[o]);
    return area && (area->kind == AREA_HEAP || area->kind == AREA_ANONYMOUS) ? size : 0;
}

struct block_growth residence_grown_block(const struct snapshot *first, const struct snapshot *last)
{
    struct block_growth most = {0};
    if (first->block_count == 0)
        return most;
    for (uint32_t i = 0, before = 0; i < last->block_count; i++) {
        const struct snapshot_block *row = &last->blocks[i];
        while (before < first->block_count && first->blocks[before].bytes < row->bytes)
            before++;
        const uint64_t old =
            before < first->block_count && first->blocks[before].bytes == row->bytes
                ? first->blocks[before].used
                : 0;
        if (row->used > old && (row->used - old) * row->bytes > most.count * most.bytes)
            most = (struct block_growth){.bytes = row->bytes, .count = row->used - old};
    }
    return most;
}

struct error *residence_find(struct snapshot *s, struct residence *ret)
{
    *ret = (struct residence){0};
    if (s->area_count == 0)
        return NULL;
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS));
    ret->known = true;
    add_areas(s, ret);
    if (s->info.file_resident_bytes) {
        ret->file_bytes = s->info.file_resident_bytes;
        ret->shared_bytes = s->info.shared_resident_bytes;
        ret->resident_bytes = ret->file_bytes + ret->data_bytes + ret->stack_bytes +
                              ret->shared_bytes + ret->other_bytes;
    }
    add_pools(s, ret);
    const uint64_t pool_bytes = residence_pool_bytes(s);
    for (uint32_t o = 0; o < s->object_count; o++) {
        const uint64_t bytes = outside_pools(s, pool_bytes, o);
        ret->large_bytes += bytes;
        ret->large_count += bytes != 0;
    }
    // A huge page is resident whole, also where an arena has not been cut into pools yet.
    if (s->info.arena_bytes > ret->pool_bytes) {
        const uint64_t uncut = s->info.arena_bytes - ret->pool_bytes;
        ret->pool_bytes += uncut < s->info.huge_bytes ? uncut : s->info.huge_bytes;
    }
    // Pools that were cut and never touched are not resident.
    if (ret->pool_bytes > ret->other_bytes)
        ret->pool_bytes = ret->other_bytes;
    ret->other_bytes -= ret->pool_bytes;
    if (ret->large_bytes > ret->other_bytes)
        ret->large_bytes = ret->other_bytes;
    ret->other_bytes -= ret->large_bytes;
    return NULL;
}
