// Fragmentation: free memory that cannot be given back, and what pins it.
//
// A pool goes back to its arena when its last block is free, an arena to the system when its last
// pool is. So a few objects in the wrong places keep much memory. Arenas are told emptiest first,
// with the types of the objects that lie in them.
#ifndef BRILLE_INSPECTOR_ANALYSIS_FRAGMENTS_H
#define BRILLE_INSPECTOR_ANALYSIS_FRAGMENTS_H

#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdint.h>

struct fragment_class {   // pools of one block size
    uint32_t block_bytes; // 0: free pools
    uint64_t pool_count;
    uint64_t used_blocks, free_blocks;
    uint64_t free_bytes;
};

struct fragment_arena {
    uint64_t address;
    uint32_t pool_count, free_pool_count;
    uint64_t capacity_bytes; // of its pools
    uint64_t used_bytes;     // blocks in use
    uint64_t object_count;   // captured objects in it
    uint32_t type;           // of most of them; ORDINAL_NONE when there is none
    uint64_t type_count;
};

struct fragments {
    struct fragment_class *classes; // by block size
    uint32_t class_count;
    struct fragment_arena *arenas; // emptiest first
    uint32_t arena_count;
    uint64_t used_bytes, free_block_bytes, free_pool_bytes;
    uint32_t sparse_arena_count; // under a quarter full,
    uint64_t sparse_free_bytes;  // and what they keep free
};

// Nothing is found, and nothing wrong, when the target tells of no pools.
struct error *fragments_create(struct snapshot *snapshot, struct fragments **ret);
void fragments_destroy(struct fragments *fragments);
CLEANUP_DEFINE(fragments_destroy, struct fragments *);

// The bytes that a pool of the snapshot takes.
uint64_t fragments_pool_bytes(const struct snapshot *snapshot);

#endif
