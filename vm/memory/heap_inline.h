/* The fast paths of the heap, for the interpreter loop and the types that allocate most.
 *
 * A block is popped from the free list of its class's current pool and pushed back on the list of
 * the pool it lies in; everything else (no free block, a pool that becomes empty or was full) is
 * out of line in heap.c. Sizes and types are constants where these are used, so the compiler
 * leaves about ten instructions.
 *
 * What an allocation must do, in this order: fill the header, take a reference to a heap type,
 * count containers for the collector, announce the object. What a free must do: announce it, zero
 * the type word (that is how a reader knows a free block), push the block, release a heap type.
 */
#ifndef BRILLE_VM_MEMORY_HEAP_INLINE_H
#define BRILLE_VM_MEMORY_HEAP_INLINE_H

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/type.h"
#include "vm/probe/probe.h"

#if defined(__SANITIZE_ADDRESS__)
#define PY_HEAP_POISON 1
#else
#define PY_HEAP_POISON 0
#endif

#define PY_SIZE_CLASS(bytes) (((unsigned)(bytes) + 15) / 16 - 1)

/* Bytes of a block before the object header, by enum py_pool_kind. */
static inline unsigned py_kind_prefix(unsigned kind)
{
    return kind < PY_POOL_GC ? 0 : kind == PY_POOL_GC ? 16 : 32;
}

static inline unsigned py_type_kind(const struct py_type *type)
{
    return PY_POOL_PLAIN + ((type->flags & PY_TYPE_GC) != 0) +
           ((type->flags & PY_TYPE_MANAGED_DICT) != 0);
}

static inline struct py_pool *py_pool_of(const void *p)
{
    return (struct py_pool *)((uintptr_t)p & ~(uintptr_t)(PY_POOL_BYTES - 1));
}

static inline bool py_in_pools(const void *p)
{
    return (uintptr_t)p - py_heap.pool_base < py_heap.pool_span;
}

#if PY_HEAP_POISON || defined(BRILLE_OOM_SWEEP)
void *py_pool_pop(unsigned kind, unsigned size_class);
void py_pool_push(void *block);
#else
static inline void *py_pool_pop(unsigned kind, unsigned size_class)
{
    struct py_pool *pool = py_heap.current[kind][size_class];
    void *block = pool->free;
    if (__builtin_expect(!block, 0))
        return py_heap_refill(kind, size_class);
    pool->free = *(void **)block;
    pool->used++;
    return block;
}

static inline void py_pool_push(void *block)
{
    struct py_pool *pool = py_pool_of(block);
    void *head = pool->free;
    *(void **)block = head;
    pool->free = block;
    if (__builtin_expect((--pool->used == 0) | !head, 0))
        py_heap_pool_edge(pool);
}
#endif

/* A non-container of a static type whose block fits a pool; block_bytes and size_bytes constant.
 * NULL without an exception when memory is exhausted. `pop` leaves announcing to the caller. */
static inline void *py_object_pop_plain(struct py_type *type, unsigned block_bytes)
{
    struct py_object *o = py_pool_pop(PY_POOL_PLAIN, PY_SIZE_CLASS(block_bytes));
    if (__builtin_expect(!o, 0))
        return NULL;
    o->refcnt = 1;
    o->epoch = py_epoch();
    o->type = type;
    return o;
}

static inline void *py_object_alloc_plain(struct py_type *type, unsigned block_bytes,
                                          unsigned size_bytes)
{
    struct py_object *o = py_object_pop_plain(type, block_bytes);
    if (PY_TRACING(PY_TRACE_ALLOC) && __builtin_expect(o != NULL, 1))
        quiet_alloc(o, size_bytes);
    return o;
}

/* Frees what py_object_alloc_plain gave, or any small object of a static non-container type. */
static inline void py_object_free_plain(struct py_object *o)
{
    if (PY_TRACING(PY_TRACE_ALLOC))
        quiet_free(o);
    o->type = NULL;
    py_pool_push(o);
}

#endif
