// Address to ordinal, at tens of millions of lookups a second.
//
// A sorted array would do, but 24 cache misses for each of 60 million references are half a minute.
// This map is a bitmap with ranks: the address space is cut into chunks of 64 KiB, a chunk that has
// objects has one bit for every 8 bytes, and before each word of 64 bits a count of the bits so
// far:
//
//     directory: hash of (address >> 16) -> chunk
//     chunk:     base ordinal | rank[128] (u16) | bits[128] (u64)
//     ordinal    = base + rank[word] + popcount(bits[word] below the bit)
//
// One probe, one word, one popcount; 1.3 KiB for each 64 KiB of heap. References are mostly local,
// so the chunk of the last lookup is remembered.
//
// Built from addresses that rise strictly and are multiples of 8.
#ifndef BRILLE_INSPECTOR_MODEL_ADDRMAP_H
#define BRILLE_INSPECTOR_MODEL_ADDRMAP_H

#include "inspector/base/error.h"
#include "inspector/base/spool.h"
#include <stdint.h>

#define ADDRMAP_CHUNK_BITS 16
#define ADDRMAP_WORDS      128

struct addrmap_chunk {
    uint64_t number; // address >> ADDRMAP_CHUNK_BITS
    uint32_t base;
    uint16_t rank[ADDRMAP_WORDS];
    uint64_t bits[ADDRMAP_WORDS];
};

struct addrmap {
    struct addrmap_chunk *chunks;
    uint32_t chunk_count;
    uint32_t *slots; // chunk index + 1, 0 = empty
    uint32_t slot_mask;
    const struct addrmap_chunk *last;
};

// `column`: what the addresses are a view of, NULL when they are memory; its pages are given back
// as they are passed.
struct error *addrmap_init(struct addrmap *map, const uint64_t *addresses, uint32_t count,
                           const struct spool *column);
void addrmap_deinit(struct addrmap *map);

const struct addrmap_chunk *addrmap_find_chunk(const struct addrmap *map, uint64_t number);

// UINT32_MAX when no object starts there.
static inline uint32_t addrmap_find(struct addrmap *map, uint64_t address)
{
    const struct addrmap_chunk *chunk = map->last;
    const uint64_t number = address >> ADDRMAP_CHUNK_BITS;
    if (address & 7)
        return UINT32_MAX;
    if (!chunk || chunk->number != number) {
        chunk = addrmap_find_chunk(map, number);
        if (!chunk)
            return UINT32_MAX;
        map->last = chunk;
    }
    const unsigned bit = (unsigned)(address >> 3) & 8191;
    const uint64_t word = chunk->bits[bit / 64];
    const uint64_t mask = UINT64_C(1) << (bit % 64);
    if (!(word & mask))
        return UINT32_MAX;
    return chunk->base + chunk->rank[bit / 64] + (uint32_t)__builtin_popcountll(word & (mask - 1));
}

#endif
