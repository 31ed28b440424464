/* The private heap: arenas, pools and blocks, as CPython's pymalloc has them, with two changes
 * that make a heap readable from outside: blocks of different kinds (enum py_pool_kind) never
 * share a pool, and arenas are cut from 2 MiB regions that ask for huge pages, which makes the
 * fork behind a capture cheap.
 *
 *   region  2 MiB, 2 MiB-aligned, MADV_HUGEPAGE, cut in order     holds 2 arenas
 *           from one range of addresses reserved at start
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
    uint8_t listed;     /* 1: in the list of its class's pools with a free block */
    uint32_t arena;     /* index in py_heap.arenas */
    uint32_t reserved[5];
};
_Static_assert(sizeof(struct py_pool) == PY_POOL_HEADER, "pool header");

/* Header of a block above 512 bytes; 64 bytes, the block follows. */
struct py_large {
    struct py_large *next, *prev; /* all large blocks */
    uint64_t bytes;               /* usable bytes */
    uint32_t kind;                /* enum py_pool_kind */
    uint32_t home;                /* enum py_large_home: which allocator it came from */
    uint64_t home_data;           /* a struct py_slab *, a page number, or a mapping's address */
    uint64_t home_bytes;          /* of the span or mapping */
    uint64_t reserved[2];
};
_Static_assert(sizeof(struct py_large) == 64, "large header");

/* One arena. free_count == pools on free_pools + PY_ARENA_POOLS - carved. */
#define PY_ARENA_POOLS (PY_ARENA_BYTES / PY_POOL_BYTES)
struct py_arena {
    uint64_t base;              /* 0: given back to the system */
    struct py_pool *free_pools; /* linked by next */
    uint32_t free_count;
    uint32_t carved;     /* pools 0..carved-1 have been in use at some time */
    uint32_t next, prev; /* index + 1 in the list of arenas with the same free_count */
};

/* The whole heap, as a reader in another process finds it: objects in pools are reached through
 * arenas[0..arena_count), those in large blocks through the list. */
struct py_heap {
    uint64_t pool_base, pool_span;   /* every pool lies in here */
    uint64_t large_base, large_span; /* large blocks up to 4 MiB lie in here */
    struct py_arena *arenas;
    uint64_t arena_count; /* entries of arenas ever used */
    struct py_large *large;
    uint64_t large_count, large_bytes;
    /* Head of the class's pools that have a free block; py_heap_no_pool if there is none. */
    struct py_pool *current[PY_POOL_KIND_COUNT][PY_SIZE_CLASS_COUNT];
};
extern struct py_heap py_heap;
extern struct py_pool py_heap_no_pool;

/* Called by the first allocation, or before it. -1: no address space. */
int py_heap_init(void);

/* Raw memory (kind RAW). NULL with no exception on exhaustion; callers raise MemoryError. */
void *py_mem_alloc(size_t bytes);
void *py_mem_calloc(size_t count, size_t bytes);
void *py_mem_realloc(void *p, size_t bytes); /* p may be NULL */
void py_mem_free(void *p);                   /* p may be NULL */

/* Objects. The returned object has refcnt 1, the current epoch, its type (with a reference taken
 * if it is a heap type) and has been announced to the tracer with the size that sys.getsizeof
 * reports. Bytes behind the header are zero. It is not yet gc-tracked. MemoryError on failure. */
void *py_object_new(struct py_type *type);
/* The same for a type with a size_of slot, whose answer at birth is size_bytes. */
void *py_object_new_sized(struct py_type *type, size_t size_bytes);
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
/* Without what stands before the header: __sizeof__. */
size_t py_object_own_size(struct py_object *o);

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

/* Out-of-line parts of the pool allocator; see heap_inline.h. NULL: exhausted. */
void *py_heap_refill(unsigned kind, unsigned size_class);
void py_heap_pool_edge(struct py_pool *pool);
/* Blocks of any size and kind; p as returned. */
void *py_heap_alloc(unsigned kind, size_t bytes);
void py_heap_free(void *p);
/* Blocks above PY_BLOCK_MAX (vm/memory/large.c). */
void *py_large_alloc(unsigned kind, size_t bytes);
void *py_large_realloc(void *p, size_t bytes);
void py_large_free(void *p);
void py_large_check(void);
/* Reserves a range of addresses, aligned to 2 MiB: *span is what is wanted, halved until the system
 * agrees. 0 on failure. */
uint64_t py_heap_reserve(uint64_t *span);

#ifdef BRILLE_OOM_SWEEP
/* Fails when it counts down to 0 (environment BRILLE_OOM_AT, or a test). */
extern int64_t py_heap_oom_countdown;
void py_heap_oom_strikes(void);
static inline bool py_heap_oom_due(void)
{
    if (py_heap_oom_countdown <= 0 || --py_heap_oom_countdown > 0)
        return false;
    py_heap_oom_strikes();
    return true;
}
#endif

#endif
