// Building the bitmap with ranks, and the hash of its chunks.
#include "inspector/model/addrmap.h"

#include "inspector/base/huge.h"
#include "inspector/model/hash.h"

#include <stdlib.h>

enum { DROP_STEP = 1 << 16 };

static uint32_t count_chunks(const uint64_t *addresses, uint32_t count, const struct spool *column)
{
    uint32_t chunks = 0;
    uint64_t last = UINT64_MAX;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t number = addresses[i] >> ADDRMAP_CHUNK_BITS;
        if (column && i % DROP_STEP == 0)
            spool_drop(column);
        chunks += number != last;
        last = number;
    }
    return chunks;
}

static void add_slot(struct addrmap *map, uint32_t chunk)
{
    uint64_t at = hash_mix(map->chunks[chunk].number);
    while (map->slots[at & map->slot_mask])
        at++;
    map->slots[at & map->slot_mask] = chunk + 1;
}

static void finish_chunk(struct addrmap_chunk *chunk)
{
    uint16_t rank = 0;
    for (unsigned word = 0; word < ADDRMAP_WORDS; word++) {
        chunk->rank[word] = rank;
        rank = (uint16_t)(rank + __builtin_popcountll(chunk->bits[word]));
    }
}

struct error *addrmap_init(struct addrmap *map, const uint64_t *addresses, uint32_t count,
                           const struct spool *column)
{
    *map = (struct addrmap){.chunk_count = count_chunks(addresses, count, column)};
    uint64_t slot_count = 16;
    while (slot_count < (uint64_t)map->chunk_count * 2)
        slot_count *= 2;
    if (slot_count > UINT32_MAX)
        return error_create(ERROR_LIMIT, "objects are spread over too much address space");
    map->slot_mask = (uint32_t)slot_count - 1;
    map->chunks = huge_calloc(map->chunk_count, sizeof *map->chunks);
    map->slots = calloc(slot_count, sizeof *map->slots);
    if (!map->chunks || !map->slots) {
        addrmap_deinit(map);
        return &error_no_memory;
    }
    struct addrmap_chunk *chunk = NULL;
    for (uint32_t i = 0, next = 0; i < count; i++) {
        const uint64_t number = addresses[i] >> ADDRMAP_CHUNK_BITS;
        if (column && i % DROP_STEP == 0)
            spool_drop(column);
        if (!chunk || chunk->number != number) {
            chunk = &map->chunks[next];
            chunk->number = number;
            chunk->base = i;
            add_slot(map, next++);
        }
        const unsigned bit = (unsigned)(addresses[i] >> 3) & 8191;
        chunk->bits[bit / 64] |= UINT64_C(1) << (bit % 64);
    }
    for (uint32_t i = 0; i < map->chunk_count; i++)
        finish_chunk(&map->chunks[i]);
    return NULL;
}

void addrmap_deinit(struct addrmap *map)
{
    free(map->chunks);
    free(map->slots);
    *map = (struct addrmap){0};
}

const struct addrmap_chunk *addrmap_find_chunk(const struct addrmap *map, uint64_t number)
{
    uint64_t at = hash_mix(number);
    for (uint32_t slot; (slot = map->slots[at & map->slot_mask]); at++)
        if (map->chunks[slot - 1].number == number)
            return &map->chunks[slot - 1];
    return NULL;
}
