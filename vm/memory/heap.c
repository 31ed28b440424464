/* Pools: blocks of 16 to 512 bytes, and the bookkeeping of arenas.
 *
 *   py_heap.current[kind][class] -> pool -> pool -> ...      pools of that class with a free block
 *                                    |
 *                                    free -> block -> block  first word of a free block links on
 *                                    carve_offset            from here on never used
 *
 * All arenas are cut in address order from one reserved range, so "does this address lie in a pool"
 * is a subtraction and a comparison. A region (two arenas) becomes readable memory when it is
 * first needed, and asks for huge pages.
 *
 * A new pool comes from the arena that has the fewest free ones, so that the others have a
 * chance to become empty. An empty pool goes back to its arena, except the last one a class has;
 * a region whose two arenas are empty is given back to the system, except one and an eighth of
 * those in use, which saves a program that breathes from paying for it each time.
 *
 * Invariants: see heap.h; py_heap_check() asserts them.
 */
#include "vm/memory/heap.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "vm/memory/heap_inline.h"

#if PY_HEAP_POISON
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   __asan_poison_memory_region((p), (n))
#define UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
#define NO_ASAN        __attribute__((no_sanitize_address))
#else
#define POISON(p, n)   ((void)0)
#define UNPOISON(p, n) ((void)0)
#define NO_ASAN
#endif

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define RESERVE_BYTES (16ull << 30)
#else
#define RESERVE_BYTES (256ull << 30)
#endif
#define CARVE_BYTES 1024u /* linked into the free list at a time */

struct py_heap py_heap;
struct py_pool py_heap_no_pool;

/* Arenas by number of free pools; heads are index + 1. Bit n of nonempty: list n has members.
 * Arenas without a free pool, or given back, are in no list. */
static uint32_t arenas_by_free[PY_ARENA_POOLS + 1];
static uint64_t nonempty; /* bits 1..63; completely free arenas (64) are tested apart */
static uint64_t idle_regions, live_regions;
static uint32_t returned; /* index + 1 of first arenas of returned regions, linked by next */

uint64_t py_heap_reserve(uint64_t *span)
{
    for (; *span >= (16ull << 20); *span /= 2) {
        char *p = mmap(NULL, *span + PY_REGION_BYTES, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p == MAP_FAILED)
            continue;
        const uint64_t base =
            ((uint64_t)(uintptr_t)p + PY_REGION_BYTES - 1) & ~(uint64_t)(PY_REGION_BYTES - 1);
        return base;
    }
    return 0;
}

#ifdef BRILLE_OOM_SWEEP
int64_t py_heap_oom_countdown;

/* The place for a debugger's breakpoint: whose allocation is it that fails? */
__attribute__((noinline)) void py_heap_oom_strikes(void)
{
    __asm__ volatile("");
}
#endif

int py_heap_init(void)
{
    if (py_heap.pool_base)
        return 0;
#ifdef BRILLE_OOM_SWEEP
    const char *at = getenv("BRILLE_OOM_AT");
    py_heap_oom_countdown = at ? atoll(at) : 0;
#endif
    for (unsigned k = 0; k < PY_POOL_KIND_COUNT; k++)
        for (unsigned c = 0; c < PY_SIZE_CLASS_COUNT; c++)
            py_heap.current[k][c] = &py_heap_no_pool;
    uint64_t span = RESERVE_BYTES;
    const uint64_t base = py_heap_reserve(&span);
    if (!base)
        return -1;
    const size_t table = (size_t)(span / PY_ARENA_BYTES) * sizeof(struct py_arena);
    void *arenas = mmap(NULL, table, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arenas == MAP_FAILED)
        return -1;
    py_heap.arenas = arenas;
    py_heap.pool_span = span;
    py_heap.pool_base = base;
    return 0;
}

/* The loop reads py_heap.current before anybody could call py_heap_init. */
__attribute__((constructor)) static void init_early(void)
{
    py_heap_init();
}

/* ---- arenas ---------------------------------------------------------------------------------- */

static void arena_list_remove(struct py_arena *a)
{
    const uint32_t n = a->free_count;
    if (n == 0)
        return;
    if (a->prev)
        py_heap.arenas[a->prev - 1].next = a->next;
    else
        arenas_by_free[n] = a->next;
    if (a->next)
        py_heap.arenas[a->next - 1].prev = a->prev;
    if (!arenas_by_free[n] && n < 64)
        nonempty &= ~(1ull << n);
    a->next = a->prev = 0;
}

static void arena_list_insert(struct py_arena *a)
{
    const uint32_t n = a->free_count;
    if (n == 0)
        return;
    const uint32_t id = (uint32_t)(a - py_heap.arenas) + 1;
    a->prev = 0;
    a->next = arenas_by_free[n];
    if (a->next)
        py_heap.arenas[a->next - 1].prev = id;
    arenas_by_free[n] = id;
    if (n < 64)
        nonempty |= 1ull << n;
}

/* Two fresh arenas: a region that was given back, or the next one of the range. */
static bool region_open(void)
{
    uint64_t first;
    if (returned) {
        first = returned - 1;
        returned = py_heap.arenas[first].next;
    } else {
        first = py_heap.arena_count;
        if ((first + 2) * PY_ARENA_BYTES > py_heap.pool_span)
            return false;
        void *p = (void *)(uintptr_t)(py_heap.pool_base + first * PY_ARENA_BYTES);
        if (mprotect(p, PY_REGION_BYTES, PROT_READ | PROT_WRITE) < 0)
            return false;
        /* A small program stays in the first region and would touch a fraction of its huge page.
         * Forking is cheap then too; with the second region the first one is asked for as well. */
        if (first > 0)
            madvise(first == 2 ? (void *)(uintptr_t)py_heap.pool_base : p,
                    first == 2 ? 2 * PY_REGION_BYTES : PY_REGION_BYTES, MADV_HUGEPAGE);
        py_heap.arena_count = first + 2;
    }
    for (uint64_t i = first + 2; i-- > first;) {
        py_heap.arenas[i] = (struct py_arena){.base = py_heap.pool_base + i * PY_ARENA_BYTES,
                                              .free_count = PY_ARENA_POOLS};
        arena_list_insert(&py_heap.arenas[i]);
    }
    live_regions++;
    idle_regions++;
    return true;
}

static bool region_is_idle(uint64_t first)
{
    return py_heap.arenas[first].free_count == PY_ARENA_POOLS &&
           py_heap.arenas[first + 1].free_count == PY_ARENA_POOLS;
}

/* An arena became empty. */
static void region_maybe_return(uint64_t arena)
{
    const uint64_t first = arena & ~1ull;
    if (!region_is_idle(first))
        return;
    idle_regions++;
    if (idle_regions <= 1 + live_regions / 8)
        return;
    for (uint64_t i = first; i < first + 2; i++) {
        arena_list_remove(&py_heap.arenas[i]);
        py_heap.arenas[i] = (struct py_arena){.base = 0};
    }
    void *p = (void *)(uintptr_t)(py_heap.pool_base + first * PY_ARENA_BYTES);
    madvise(p, PY_REGION_BYTES, MADV_DONTNEED);
    py_heap.arenas[first].next = returned;
    returned = (uint32_t)first + 1;
    idle_regions--;
    live_regions--;
}

static NO_ASAN struct py_pool *pool_take(void)
{
    if (!nonempty && !arenas_by_free[PY_ARENA_POOLS] && !region_open())
        return NULL;
    const unsigned n = nonempty ? (unsigned)__builtin_ctzll(nonempty) : PY_ARENA_POOLS;
    const uint32_t index = arenas_by_free[n] - 1;
    struct py_arena *a = &py_heap.arenas[index];
    if (n == PY_ARENA_POOLS && region_is_idle(index & ~1u))
        idle_regions--;
    arena_list_remove(a);
    struct py_pool *pool = a->free_pools;
    if (pool) {
        UNPOISON(pool, PY_POOL_HEADER);
        a->free_pools = pool->next;
    } else {
        pool = (struct py_pool *)(uintptr_t)(a->base + (uint64_t)a->carved++ * PY_POOL_BYTES);
        UNPOISON(pool, PY_POOL_HEADER);
    }
    a->free_count--;
    arena_list_insert(a);
    pool->arena = index;
    return pool;
}

static void pool_give_back(struct py_pool *pool)
{
    struct py_arena *a = &py_heap.arenas[pool->arena];
    const uint32_t index = pool->arena;
    pool->in_use = 0;
    pool->free = NULL;
    pool->next = a->free_pools;
    arena_list_remove(a);
    a->free_pools = pool;
    a->free_count++;
    arena_list_insert(a);
    if (a->free_count == PY_ARENA_POOLS)
        region_maybe_return(index);
}

/* ---- pools ----------------------------------------------------------------------------------- */

static void pool_link(struct py_pool *pool)
{
    struct py_pool **head = &py_heap.current[pool->kind][pool->size_class];
    pool->next = *head == &py_heap_no_pool ? NULL : *head;
    pool->prev = NULL;
    if (pool->next)
        pool->next->prev = pool;
    *head = pool;
    pool->listed = 1;
}

static void pool_unlink(struct py_pool *pool)
{
    struct py_pool **head = &py_heap.current[pool->kind][pool->size_class];
    if (pool->prev)
        pool->prev->next = pool->next;
    else
        *head = pool->next ? pool->next : &py_heap_no_pool;
    if (pool->next)
        pool->next->prev = pool->prev;
    pool->listed = 0;
}

static inline bool pool_can_carve(const struct py_pool *pool)
{
    return pool->carve_offset + pool->block_bytes <= PY_POOL_BYTES;
}

/* Links up to CARVE_BYTES of unused blocks, in address order. The pool's free list is empty. */
static NO_ASAN void pool_carve(struct py_pool *pool)
{
    const unsigned type_word = py_kind_prefix(pool->kind) + 8;
    const uint32_t start = pool->carve_offset;
    uint32_t offset = start;
    void **tail = &pool->free;
    do {
        char *block = (char *)pool + offset;
        if (pool->kind != PY_POOL_RAW)
            *(void **)(block + type_word) = NULL;
        *tail = block;
        tail = (void **)block;
        offset += pool->block_bytes;
    } while (offset - start < CARVE_BYTES && offset + pool->block_bytes <= PY_POOL_BYTES);
    *tail = NULL;
    pool->carve_offset = offset;
}

static NO_ASAN struct py_pool *pool_new(unsigned kind, unsigned size_class)
{
    struct py_pool *pool = pool_take();
    if (!pool)
        return NULL;
    const uint32_t arena = pool->arena;
    const uint32_t block_bytes = (size_class + 1) * 16;
    *pool = (struct py_pool){.carve_offset = PY_POOL_HEADER,
                             .block_bytes = block_bytes,
                             .capacity = (uint16_t)((PY_POOL_BYTES - PY_POOL_HEADER) / block_bytes),
                             .kind = (uint8_t)kind,
                             .size_class = (uint8_t)size_class,
                             .in_use = 1,
                             .arena = arena};
    POISON((char *)pool + PY_POOL_HEADER, PY_POOL_BYTES - PY_POOL_HEADER);
    pool_link(pool);
    return pool;
}

/* The current pool has no free block in its list. */
NO_ASAN void *py_heap_refill(unsigned kind, unsigned size_class)
{
    struct py_pool *pool = py_heap.current[kind][size_class];
    while (pool != &py_heap_no_pool && !pool->free && !pool_can_carve(pool)) {
        pool_unlink(pool); /* full */
        pool = py_heap.current[kind][size_class];
    }
    if (pool == &py_heap_no_pool && !(pool = pool_new(kind, size_class)))
        return NULL;
    if (!pool->free)
        pool_carve(pool);
    void *block = pool->free;
    pool->free = *(void **)block;
    pool->used++;
    return block;
}

/* A block came back to a pool that was full or had only uncarved blocks left, or that is empty
 * now. */
void py_heap_pool_edge(struct py_pool *pool)
{
    if (!pool->listed)
        pool_link(pool);
    if (pool->used == 0 && (pool->next || pool->prev)) {
        pool_unlink(pool);
        pool_give_back(pool);
    }
}

#if PY_HEAP_POISON || defined(BRILLE_OOM_SWEEP)
NO_ASAN void *py_pool_pop(unsigned kind, unsigned size_class)
{
#ifdef BRILLE_OOM_SWEEP
    if (py_heap_oom_due())
        return NULL;
#endif
    struct py_pool *pool = py_heap.current[kind][size_class];
    void *block = pool->free;
    if (block) {
        pool->free = *(void **)block;
        pool->used++;
    } else {
        block = py_heap_refill(kind, size_class);
    }
    if (block)
        UNPOISON(block, (size_class + 1) * 16);
    return block;
}

NO_ASAN void py_pool_push(void *block)
{
    struct py_pool *pool = py_pool_of(block);
    void *head = pool->free;
    *(void **)block = head;
    pool->free = block;
    POISON(block, pool->block_bytes);
    if (--pool->used == 0 || !head)
        py_heap_pool_edge(pool);
}
#endif

/* ---- blocks of any size ---------------------------------------------------------------------- */

void *py_heap_alloc(unsigned kind, size_t bytes)
{
    if (__builtin_expect(bytes - 1 < PY_BLOCK_MAX, 1))
        return py_pool_pop(kind, PY_SIZE_CLASS(bytes));
    if (bytes == 0)
        return py_pool_pop(kind, 0);
    return py_large_alloc(kind, bytes);
}

void py_heap_free(void *p)
{
    if (__builtin_expect(py_in_pools(p), 1))
        py_pool_push(p);
    else
        py_large_free(p);
}

void *py_mem_alloc(size_t bytes)
{
    return py_heap_alloc(PY_POOL_RAW, bytes);
}

void *py_mem_calloc(size_t count, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total))
        return NULL;
    void *p = py_heap_alloc(PY_POOL_RAW, total);
    return p ? memset(p, 0, total) : NULL;
}

void py_mem_free(void *p)
{
    if (p)
        py_heap_free(p);
}

void *py_mem_realloc(void *p, size_t bytes)
{
    if (!p)
        return py_mem_alloc(bytes);
    if (!py_in_pools(p) && bytes > PY_BLOCK_MAX)
        return py_large_realloc(p, bytes);
    const size_t old =
        py_in_pools(p) ? py_pool_of(p)->block_bytes : ((struct py_large *)p - 1)->bytes;
    /* Shrinking within a quarter of the block stays, as in pymalloc. */
    if (bytes <= old && py_in_pools(p) && 4 * bytes > 3 * old)
        return p;
    if (py_in_pools(p) && bytes && PY_SIZE_CLASS(bytes) == PY_SIZE_CLASS(old))
        return p;
    void *fresh = py_mem_alloc(bytes);
    if (!fresh)
        return bytes <= old ? p : NULL;
    memcpy(fresh, p, old < bytes ? old : bytes);
    py_heap_free(p);
    return fresh;
}

/* ---- walking and checking -------------------------------------------------------------------- */

static struct py_pool *pool_at(const struct py_arena *a, uint32_t i)
{
    return (struct py_pool *)(uintptr_t)(a->base + (uint64_t)i * PY_POOL_BYTES);
}

/* Calls fn for every pool in use; stops at the first non-zero result. */
static int each_pool(int (*fn)(struct py_pool *pool, void *arg), void *arg)
{
    for (uint64_t i = 0; i < py_heap.arena_count; i++) {
        const struct py_arena *a = &py_heap.arenas[i];
        for (uint32_t k = 0; a->base && k < a->carved; k++) {
            struct py_pool *pool = pool_at(a, k);
            const int r = pool->in_use ? fn(pool, arg) : 0;
            if (r)
                return r;
        }
    }
    return 0;
}

struct object_walk {
    int (*visit)(struct py_object *o, void *arg);
    void *arg;
};

static NO_ASAN int visit_pool(struct py_pool *pool, void *arg)
{
    const struct object_walk *walk = arg;
    if (pool->kind == PY_POOL_RAW)
        return 0;
    const unsigned prefix = py_kind_prefix(pool->kind);
    for (uint32_t offset = PY_POOL_HEADER; offset < pool->carve_offset;
         offset += pool->block_bytes) {
        struct py_object *o = (struct py_object *)((char *)pool + offset + prefix);
        const int r = o->type ? walk->visit(o, walk->arg) : 0;
        if (r)
            return r;
    }
    return 0;
}

int py_heap_each_object(int (*visit)(struct py_object *o, void *arg), void *arg)
{
    struct object_walk walk = {.visit = visit, .arg = arg};
    int r = each_pool(visit_pool, &walk);
    for (struct py_large *l = py_heap.large; l && !r; l = l->next) {
        if (l->kind == PY_POOL_RAW)
            continue;
        struct py_object *o = (struct py_object *)((char *)(l + 1) + py_kind_prefix(l->kind));
        r = o->type ? visit(o, arg) : 0;
    }
    return r;
}

static int count_pool(struct py_pool *pool, void *arg)
{
    struct py_heap_stats *s = arg;
    s->pool_count++;
    s->used_blocks += pool->used;
    s->used_bytes += (uint64_t)pool->used * pool->block_bytes;
    s->class_used[pool->kind][pool->size_class] += pool->used;
    s->class_free[pool->kind][pool->size_class] += (uint64_t)(pool->capacity - pool->used);
    s->class_pools[pool->kind][pool->size_class]++;
    return 0;
}

void py_heap_stats(struct py_heap_stats *stats)
{
    *stats = (struct py_heap_stats){.large_count = py_heap.large_count,
                                    .large_bytes = py_heap.large_bytes,
                                    .region_count = live_regions,
                                    .arena_count = live_regions * 2};
    for (uint64_t i = 0; i < py_heap.arena_count; i++)
        stats->free_pool_count += py_heap.arenas[i].base ? py_heap.arenas[i].free_count : 0;
    each_pool(count_pool, stats);
}

static int count_used(struct py_pool *pool, void *arg)
{
    *(uint64_t *)arg += pool->used;
    return 0;
}

uint64_t py_heap_allocated_blocks(void)
{
    uint64_t n = py_heap.large_count;
    each_pool(count_used, &n);
    return n;
}

static void die(const char *what, const void *where)
{
    fprintf(stderr, "brille-python: heap check: %s at %p\n", what, where);
    abort();
}

/* used + free + never-carved == capacity; free blocks are inside, and have no type. */
static NO_ASAN int check_pool(struct py_pool *pool, void *arg)
{
    (void)arg;
    const unsigned prefix = py_kind_prefix(pool->kind);
    unsigned free_blocks = 0;
    for (char *b = pool->free; b; b = *(char **)b) {
        const uint64_t offset = (uint64_t)(b - (char *)pool);
        if (py_pool_of(b) != pool || (offset - PY_POOL_HEADER) % pool->block_bytes ||
            offset >= pool->carve_offset)
            die("wild free block", b);
        if (pool->kind != PY_POOL_RAW && ((struct py_object *)(b + prefix))->type)
            die("free block with a type", b);
        if (++free_blocks > pool->capacity)
            die("endless free list", pool);
    }
    const unsigned uncarved = (PY_POOL_BYTES - pool->carve_offset) / pool->block_bytes;
    if (pool->used + free_blocks + uncarved != pool->capacity)
        die("pool out of balance", pool);
    if (!pool->listed && (free_blocks || uncarved))
        die("pool with room is not listed", pool);
    return 0;
}

void py_heap_check(void)
{
    each_pool(check_pool, NULL);
    for (uint64_t i = 0; i < py_heap.arena_count; i++) {
        const struct py_arena *a = &py_heap.arenas[i];
        uint32_t n = a->base ? PY_ARENA_POOLS - a->carved : 0;
        for (struct py_pool *p = a->free_pools; a->base && p; p = p->next)
            n++;
        if (n != a->free_count)
            die("arena out of balance", a);
    }
    py_large_check();
}
