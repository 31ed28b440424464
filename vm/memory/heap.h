/* The private heap: arenas, pools and blocks, as CPython's pymalloc has them, with two changes
 * that make a heap readable from outside: blocks of different kinds (enum py_pool_kind) never
 * share a pool, and arenas are cut from 2 MiB regions that ask for huge pages, which makes the
 * fork behind a capture cheap.
 *
 *   region  2 MiB, mmap'd, 2 MiB-aligned, MADV_HUGEPAGE          holds 2 arenas
 *   arena   1 MiB                                                 holds 64 pools
 *   pool    16 KiB, header in its first 64 bytes, one kind, one size class
 *   block   16, 32, ... 512 bytes (the prefix before the object header counts)
 *   large   above 512 bytes: beside the pools, but in the same kind of regions, each preceded by a
 *           struct py_large header and linked in a list a reader can walk
 *
 * Invariants
 *  - used + free + never-carved == capacity, for every pool (heap_check).
 *  - In pools of kinds PLAIN, GC and MANAGED the word where an object's type would be
 *    (prefix + 8) is zero exactly in blocks that are free or carved and not yet announced.
 *  - Called with the GIL held.
 */
#ifndef BRILLE_VM_MEMORY_HEAP_H
#define BRILLE_VM_MEMORY_HEAP_H

#include "vm/object/object.h"

#define PY_REGION_BYTES     (2u << 20)
#define PY_ARENA_BYTES      (1u << 20)
#define PY_POOL_BYTES       (16u << 10)
#define PY_POOL_HEADER      64u
#define PY_BLOCK_MAX        512u
#define PY_SIZE_CLASS_COUNT (PY_BLOCK_MAX / 16)
#define PY_POOL_KIND_COUNT  4

/* First 64 bytes of a pool. */
struct py_pool {
    struct py_pool *next, *prev; /* pools of this class with a free block */
    void *free;                  /* first free block; a free block's first word links on */
    uint32_t carve_offset;       /* bytes from the pool's start to the next uncarved block */
    uint32_t block_bytes;
    uint16_t used;      /* blocks in use */
    uint16_t capacity;  /* blocks that fit */
    uint8_t kind;       /* enum py_pool_kind */
    uint8_t size_class; /* block_bytes / 16 - 1 */
    uint8_t in_use;     /* 0: the pool is on its arena's free list */
    uint8_t reserved[17];
};

/* Header of a block above 512 bytes; 64 bytes, the block follows. */
struct py_large {
    struct py_large *next, *prev; /* all large blocks */
    uint64_t bytes;               /* usable bytes */
    uint32_t kind;                /* enum py_pool_kind */
    uint32_t reserved32;
    uint64_t reserved[4];
};

/* Raw memory (kind RAW). NULL with no exception on exhaustion; callers raise MemoryError. */
void *py_mem_alloc(size_t bytes);
void *py_mem_calloc(size_t count, size_t bytes);
void *py_mem_realloc(void *p, size_t bytes); /* p may be NULL */
void py_mem_free(void *p);                   /* p may be NULL */

/* Objects. The returned object has refcnt 1, the current epoch, its type (with a reference taken
 * if it is a heap type) and has been announced to the tracer with the size that sys.getsizeof
 * reports. Bytes behind the header are zero. It is not yet gc-tracked. MemoryError on failure. */
void *py_object_new(struct py_type *type);
void *py_object_new_var(struct py_type *type, int64_t item_count); /* sets size */
/* For objects whose block is not basicsize + items: block_bytes counts from the header,
 * size_bytes is what sys.getsizeof will say (gc header included). Behind the header nothing is
 * zeroed. */
void *py_object_alloc(struct py_type *type, size_t block_bytes, size_t size_bytes);
/* Announces a changed sys.getsizeof (a list that grew). size_bytes includes the gc header. */
void py_object_resized(struct py_object *o, size_t size_bytes);
/* Gives the block back and drops the reference to a heap type. The last act of a dealloc; the
 * object must be untracked and everything it owned released. Emits free. */
void py_object_free(void *o);

/* sys.getsizeof without a Python-level __sizeof__: includes the gc header and instance words. */
size_t py_object_size(struct py_object *o);

/* Every object, in address order of pools, then large ones. visit must not allocate or free.
 * Stops at the first non-zero result and returns it. */
int py_heap_each_object(int (*visit)(struct py_object *o, void *arg), void *arg);

struct py_heap_stats {
    uint64_t region_count, arena_count, pool_count, free_pool_count;
    uint64_t used_blocks, used_bytes; /* in pools */
    uint64_t large_count, large_bytes;
    uint64_t class_used[PY_POOL_KIND_COUNT][PY_SIZE_CLASS_COUNT]; /* blocks */
    uint64_t class_free[PY_POOL_KIND_COUNT][PY_SIZE_CLASS_COUNT];
    uint64_t class_pools[PY_POOL_KIND_COUNT][PY_SIZE_CLASS_COUNT];
};
void py_heap_stats(struct py_heap_stats *stats);
void py_heap_check(void); /* asserts the balance of every pool; checked builds call it often */
uint64_t py_heap_allocated_blocks(void); /* sys.getallocatedblocks */

#endif
