/* Blocks above 512 bytes: three allocators behind one 64-byte header.
 *
 *   total = header + block
 *   up to 16 KiB    a cell of a slab: spans of 64 or 128 KiB cut into cells of one of 20 sizes
 *   up to 4 MiB     a span: pages of 4 KiB in a row
 *   above           a mapping of its own, aligned to 2 MiB, grown with mremap
 *
 * Spans are cut from one reserved range of addresses, opened a region (2 MiB, huge pages wanted) at
 * a time. A table with one entry for each page holds the length of a span at its first and last
 * page, so that a freed span finds its free neighbours in constant time; free spans hang in lists
 * by length. A span grows in place when the next one is free. Regions without a used page are given
 * back to the system, except a few (see KEEP_REGIONS).
 *
 * Every block is in the list py_heap.large, newest first, whatever it is: a reader finds the
 * objects among them by their kind.
 *
 * Invariants
 *  - pages of free spans + pages of used spans == pages opened (py_large_check).
 *  - No two free spans are neighbours.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "vm/memory/heap.h"
#include "vm/memory/heap_inline.h"

#if PY_HEAP_POISON
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   __asan_poison_memory_region((p), (n))
#define UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
#else
#define POISON(p, n)   ((void)0)
#define UNPOISON(p, n) ((void)0)
#endif

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define RESERVE_BYTES (16ull << 30)
#else
#define RESERVE_BYTES (256ull << 30)
#endif

enum {
    PAGE = 4096,
    REGION_PAGES = PY_REGION_BYTES / PAGE,
    CELL_MAX = 16 << 10,
    SPAN_MAX = 4 << 20,
    CELL_CLASSES = 20,
    EXACT_BINS = 64, /* free spans of 1..64 pages; above, one list for each power of two */
    BINS = EXACT_BINS + 24,
    KEEP_REGIONS = 4, /* idle regions kept, plus an eighth of those opened */
};

enum py_large_home { HOME_CELL = 1, HOME_SPAN = 2, HOME_MAPPING = 3 };

struct py_slab { /* 64 bytes at the start of the slab's span */
    struct py_slab *next, *prev;
    void *free; /* first word of a free cell links on */
    uint32_t carve_offset;
    uint32_t cell_bytes;
    uint32_t used;
    uint32_t bytes; /* of the whole slab */
    uint32_t size_class;
    uint32_t listed;
    uint64_t reserved[2];
};
_Static_assert(sizeof(struct py_slab) == 64, "cells are 64-aligned");

struct page { /* valid at the first and last page of a span */
    uint32_t pages;
    uint32_t is_free;
    uint32_t next, prev; /* free spans: page + 1 of the neighbours in the bin */
};

static struct page *pages;
static uint64_t page_limit;  /* pages in the reserved range */
static uint64_t pages_open;  /* pages that can be used */
static uint64_t pages_used;  /* in used spans */
static uint8_t *region_idle; /* 1: no used page, but still backed by memory */
static uint64_t regions_idle;
static uint32_t bins[BINS];
static uint64_t bin_bits[2];
static struct py_slab *slabs[CELL_CLASSES]; /* with a free cell */

static inline char *page_address(uint64_t page)
{
    return (char *)(uintptr_t)(py_heap.large_base + page * PAGE);
}

static bool large_init(void)
{
    uint64_t span = RESERVE_BYTES;
    const uint64_t base = py_heap_reserve(&span);
    if (!base)
        return false;
    const uint64_t count = span / PAGE;
    void *p = mmap(NULL, count * sizeof(struct page) + count / REGION_PAGES, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return false;
    pages = p;
    region_idle = (uint8_t *)(pages + count);
    page_limit = count;
    py_heap.large_span = span;
    py_heap.large_base = base;
    return true;
}

/* ---- spans ----------------------------------------------------------------------------------- */

static unsigned bin_of(uint64_t n)
{
    if (n <= EXACT_BINS)
        return (unsigned)n - 1;
    return EXACT_BINS + (63 - (unsigned)__builtin_clzll(n)) - 6;
}

static void span_mark(uint64_t first, uint64_t n, bool is_free)
{
    pages[first].pages = pages[first + n - 1].pages = (uint32_t)n;
    pages[first].is_free = pages[first + n - 1].is_free = is_free;
}

static void span_insert(uint64_t first, uint64_t n)
{
    span_mark(first, n, true);
    const unsigned b = bin_of(n);
    pages[first].prev = 0;
    pages[first].next = bins[b];
    if (bins[b])
        pages[bins[b] - 1].prev = (uint32_t)first + 1;
    bins[b] = (uint32_t)first + 1;
    bin_bits[b / 64] |= 1ull << b % 64;
}

static void span_remove(uint64_t first)
{
    struct page *p = &pages[first];
    const unsigned b = bin_of(p->pages);
    if (p->prev)
        pages[p->prev - 1].next = p->next;
    else
        bins[b] = p->next;
    if (p->next)
        pages[p->next - 1].prev = p->prev;
    if (!bins[b])
        bin_bits[b / 64] &= ~(1ull << b % 64);
}

/* Makes at least n more pages available at the end of the opened part. */
static bool span_open(uint64_t n)
{
    if (!pages && !large_init())
        return false;
    const uint64_t add = (n + REGION_PAGES - 1) / REGION_PAGES * REGION_PAGES;
    if (pages_open + add > page_limit)
        return false;
    char *start = page_address(pages_open);
    if (mprotect(start, add * PAGE, PROT_READ | PROT_WRITE) < 0)
        return false;
    if (pages_open > 0 || add > REGION_PAGES) /* not for a small program: see region_open() */
        madvise(page_address(0), (pages_open + add) * PAGE, MADV_HUGEPAGE);
    uint64_t first = pages_open, count = add;
    pages_open += add;
    if (first && pages[first - 1].is_free) {
        const uint64_t before = pages[first - 1].pages;
        span_remove(first - before);
        first -= before;
        count += before;
    }
    span_insert(first, count);
    return true;
}

static uint64_t bin_search(uint64_t n)
{
    const unsigned b = bin_of(n);
    /* The list n itself belongs to may hold shorter spans when it stands for a power of two. */
    unsigned tries = 0;
    for (uint32_t id = bins[b]; id && tries < 32; id = pages[id - 1].next, tries++)
        if (pages[id - 1].pages >= n)
            return id;
    for (unsigned word = (b + 1) / 64; word < 2; word++) {
        uint64_t bits = bin_bits[word];
        if (word == (b + 1) / 64)
            bits &= ~0ull << (b + 1) % 64;
        if (bits)
            return bins[word * 64 + (unsigned)__builtin_ctzll(bits)];
    }
    return 0;
}

static void regions_in_use(uint64_t first, uint64_t n)
{
    for (uint64_t r = first / REGION_PAGES; r <= (first + n - 1) / REGION_PAGES; r++) {
        regions_idle -= region_idle[r];
        region_idle[r] = 0;
    }
}

/* The span [first, first + n) is taken; the rest of the free span it stood in stays free. */
static void span_use(uint64_t first, uint64_t n, uint64_t available)
{
    if (available > n)
        span_insert(first + n, available - n);
    span_mark(first, n, false);
    pages_used += n;
    regions_in_use(first, n);
}

/* First page of n used ones; page_limit + 1 on failure. */
static uint64_t span_alloc(uint64_t n)
{
    uint64_t id = bin_search(n);
    if (!id) {
        if (!span_open(n))
            return UINT64_MAX;
        id = bin_search(n);
        if (!id)
            return UINT64_MAX;
    }
    const uint64_t first = id - 1;
    const uint64_t available = pages[first].pages;
    span_remove(first);
    span_use(first, n, available);
    UNPOISON(page_address(first), n * PAGE);
    return first;
}

/* Regions that lie wholly in the free span [lo, hi) and lost their last used page with
 * [first, last): kept for the next ones to ask, or given back. */
static void regions_freed(uint64_t first, uint64_t last, uint64_t lo, uint64_t hi)
{
    for (uint64_t r = first / REGION_PAGES; r <= (last - 1) / REGION_PAGES; r++) {
        if (r * REGION_PAGES < lo || (r + 1) * REGION_PAGES > hi)
            continue;
        if (regions_idle < KEEP_REGIONS + pages_open / REGION_PAGES / 8) {
            region_idle[r] = 1;
            regions_idle++;
        } else {
            madvise(page_address(r * REGION_PAGES), PY_REGION_BYTES, MADV_DONTNEED);
        }
    }
}

static void span_free(uint64_t first, uint64_t n)
{
    const uint64_t freed = first, freed_end = first + n;
    pages_used -= n;
    POISON(page_address(first), n * PAGE);
    if (first && pages[first - 1].is_free) {
        const uint64_t before = pages[first - 1].pages;
        span_remove(first - before);
        first -= before;
        n += before;
    }
    if (first + n < pages_open && pages[first + n].is_free) {
        const uint64_t after = pages[first + n].pages;
        span_remove(first + n);
        n += after;
    }
    span_insert(first, n);
    regions_freed(freed, freed_end, first, first + n);
}

/* Lengthens a used span to n pages if the pages behind it are free. */
static bool span_grow(uint64_t first, uint64_t n)
{
    const uint64_t old = pages[first].pages, next = first + old;
    if (next >= pages_open || !pages[next].is_free || old + pages[next].pages < n)
        return false;
    const uint64_t available = pages[next].pages;
    span_remove(next);
    UNPOISON(page_address(next), (n - old) * PAGE);
    if (old + available > n)
        span_insert(first + n, old + available - n);
    span_mark(first, n, false);
    pages_used += n - old;
    regions_in_use(next, n - old);
    return true;
}

/* ---- slabs ----------------------------------------------------------------------------------- */

/* Four cell sizes to each doubling: 640, 768, 896, 1024, 1280, ... 16384. */
static unsigned cell_class(size_t total)
{
    if (total <= 640)
        return 0;
    const unsigned log = 63 - (unsigned)__builtin_clzll(total - 1); /* 2^log < total */
    const unsigned quarter = (unsigned)((total - 1) >> (log - 2)) & 3;
    return (log - 9) * 4 + quarter;
}

static size_t cell_size(unsigned size_class)
{
    const unsigned log = 9 + size_class / 4;
    return ((size_t)1 << log) + ((size_t)(size_class % 4 + 1) << (log - 2));
}

static void slab_link(struct py_slab *s)
{
    s->next = slabs[s->size_class];
    s->prev = NULL;
    if (s->next)
        s->next->prev = s;
    slabs[s->size_class] = s;
    s->listed = 1;
}

static void slab_unlink(struct py_slab *s)
{
    if (s->prev)
        s->prev->next = s->next;
    else
        slabs[s->size_class] = s->next;
    if (s->next)
        s->next->prev = s->prev;
    s->listed = 0;
}

static struct py_slab *slab_new(unsigned size_class)
{
    const size_t cell = cell_size(size_class);
    const uint64_t n = (cell <= 8192 ? 64 << 10 : 128 << 10) / PAGE;
    const uint64_t first = span_alloc(n);
    if (first == UINT64_MAX)
        return NULL;
    struct py_slab *s = (struct py_slab *)page_address(first);
    *s = (struct py_slab){.carve_offset = sizeof *s,
                          .cell_bytes = (uint32_t)cell,
                          .bytes = (uint32_t)(n * PAGE),
                          .size_class = size_class};
    slab_link(s);
    return s;
}

static struct py_large *cell_alloc(size_t total)
{
    const unsigned size_class = cell_class(total);
    struct py_slab *s = slabs[size_class];
    if (!s && !(s = slab_new(size_class)))
        return NULL;
    struct py_large *l = s->free;
    if (l) {
        UNPOISON(l, s->cell_bytes);
        s->free = *(void **)l;
    } else {
        l = (struct py_large *)((char *)s + s->carve_offset);
        s->carve_offset += s->cell_bytes;
    }
    s->used++;
    if (!s->free && s->carve_offset + s->cell_bytes > s->bytes)
        slab_unlink(s);
    *l = (struct py_large){
        .bytes = s->cell_bytes - sizeof *l, .home = HOME_CELL, .home_data = (uint64_t)(uintptr_t)s};
    return l;
}

static void cell_free(struct py_large *l)
{
    struct py_slab *s = (struct py_slab *)(uintptr_t)l->home_data;
    *(void **)l = s->free;
    s->free = l;
    POISON((char *)l + sizeof(void *), s->cell_bytes - sizeof(void *));
    s->used--;
    if (!s->listed)
        slab_link(s);
    if (s->used == 0 && (s->next || s->prev)) {
        slab_unlink(s);
        const uint64_t first = ((uint64_t)(uintptr_t)s - py_heap.large_base) / PAGE;
        span_free(first, pages[first].pages);
    }
}

/* ---- mappings -------------------------------------------------------------------------------- */

/* Not MAP_NORESERVE: the kernel shall refuse what is more than there is, which is a MemoryError; it
 * would kill us for the use of it. */
static char *map_aligned(size_t bytes)
{
    char *p = mmap(NULL, bytes + PY_REGION_BYTES, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    char *start =
        (char *)(((uintptr_t)p + PY_REGION_BYTES - 1) & ~(uintptr_t)(PY_REGION_BYTES - 1));
    if (start > p)
        munmap(p, (size_t)(start - p));
    char *end = p + bytes + PY_REGION_BYTES;
    if (end > start + bytes)
        munmap(start + bytes, (size_t)(end - (start + bytes)));
    madvise(start, bytes, MADV_HUGEPAGE);
    return start;
}

static size_t round_to_page(size_t bytes)
{
    return (bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
}

static struct py_large *mapping_alloc(size_t total)
{
    const size_t bytes = round_to_page(total);
    struct py_large *l = (struct py_large *)map_aligned(bytes);
    if (l)
        *l = (struct py_large){.bytes = bytes - sizeof *l,
                               .home = HOME_MAPPING,
                               .home_data = (uint64_t)(uintptr_t)l,
                               .home_bytes = bytes};
    return l;
}

/* In place if the addresses behind are free, else by moving the pages to an aligned place. */
static struct py_large *mapping_resize(struct py_large *l, size_t total)
{
    const size_t old = l->home_bytes, bytes = round_to_page(total);
    if (bytes == old)
        return l;
    void *p = mremap(l, old, bytes, 0);
    if (p == MAP_FAILED) {
        char *place = map_aligned(bytes);
        if (!place)
            return NULL;
        p = mremap(l, old, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, place);
        if (p == MAP_FAILED) {
            munmap(place, bytes);
            return NULL;
        }
    }
    l = p;
    madvise(l, bytes, MADV_HUGEPAGE);
    l->home_data = (uint64_t)(uintptr_t)l;
    l->home_bytes = bytes;
    l->bytes = bytes - sizeof *l;
    return l;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void list_add(struct py_large *l)
{
    l->prev = NULL;
    l->next = py_heap.large;
    if (l->next)
        l->next->prev = l;
    py_heap.large = l;
    py_heap.large_count++;
    py_heap.large_bytes += l->bytes;
}

static void list_remove(struct py_large *l)
{
    if (l->prev)
        l->prev->next = l->next;
    else
        py_heap.large = l->next;
    if (l->next)
        l->next->prev = l->prev;
    py_heap.large_count--;
    py_heap.large_bytes -= l->bytes;
}

static struct py_large *span_block(size_t total)
{
    const uint64_t n = (total + PAGE - 1) / PAGE;
    const uint64_t first = span_alloc(n);
    if (first == UINT64_MAX)
        return NULL;
    struct py_large *l = (struct py_large *)page_address(first);
    *l = (struct py_large){.bytes = n * PAGE - sizeof *l,
                           .home = HOME_SPAN,
                           .home_data = first,
                           .home_bytes = n * PAGE};
    return l;
}

void *py_large_alloc(unsigned kind, size_t bytes)
{
#ifdef BRILLE_OOM_SWEEP
    if (py_heap_oom_due())
        return NULL;
#endif
    if (bytes > (size_t)1 << 46)
        return NULL;
    const size_t total = bytes + sizeof(struct py_large);
    struct py_large *l = total <= CELL_MAX   ? cell_alloc(total)
                         : total <= SPAN_MAX ? span_block(total)
                                             : mapping_alloc(total);
    if (!l)
        return NULL;
    l->kind = kind;
    if (kind != PY_POOL_RAW)
        ((struct py_object *)((char *)(l + 1) + py_kind_prefix(kind)))->type = NULL;
    list_add(l);
    return l + 1;
}

void py_large_free(void *p)
{
    struct py_large *l = (struct py_large *)p - 1;
    list_remove(l);
    switch (l->home) {
    case HOME_CELL:
        cell_free(l);
        break;
    case HOME_SPAN:
        span_free(l->home_data, l->home_bytes / PAGE);
        break;
    default:
        munmap(l, l->home_bytes);
    }
}

static void *move_block(struct py_large *l, size_t bytes)
{
    void *fresh = py_large_alloc(l->kind, bytes);
    if (!fresh)
        return NULL;
    memcpy(fresh, l + 1, bytes < l->bytes ? bytes : l->bytes);
    py_large_free(l + 1);
    return fresh;
}

/* Grows or shrinks a block that is and stays above PY_BLOCK_MAX. NULL: the old block is as it
 * was. */
void *py_large_realloc(void *p, size_t bytes)
{
    struct py_large *l = (struct py_large *)p - 1;
    const size_t total = bytes + sizeof *l;
    if (bytes <= l->bytes && l->home != HOME_MAPPING && 2 * bytes > l->bytes)
        return p;
    if (l->home == HOME_MAPPING && total > SPAN_MAX) {
        list_remove(l);
        struct py_large *moved = mapping_resize(l, total);
        list_add(moved ? moved : l);
        return moved ? moved + 1 : NULL;
    }
    if (l->home == HOME_SPAN && total <= SPAN_MAX && bytes > l->bytes) {
        const uint64_t n = (total + PAGE - 1) / PAGE;
        if (span_grow(l->home_data, n)) {
            py_heap.large_bytes += n * PAGE - sizeof *l - l->bytes;
            l->bytes = n * PAGE - sizeof *l;
            l->home_bytes = n * PAGE;
            return p;
        }
    }
    return move_block(l, bytes);
}

void py_large_check(void)
{
    uint64_t used = 0, count = 0, bytes = 0;
    bool before_free = false;
    for (uint64_t i = 0; i < pages_open;) {
        const uint64_t n = pages[i].pages;
        if (n == 0 || pages[i + n - 1].pages != n || pages[i].is_free != pages[i + n - 1].is_free ||
            (before_free && pages[i].is_free)) {
            fprintf(stderr, "brille-python: heap check: broken span at page %llu\n",
                    (unsigned long long)i);
            abort();
        }
        before_free = pages[i].is_free;
        used += before_free ? 0 : n;
        i += n;
    }
    for (const struct py_large *l = py_heap.large; l; l = l->next) {
        count++;
        bytes += l->bytes;
    }
    if (used != pages_used || count != py_heap.large_count || bytes != py_heap.large_bytes) {
        fprintf(stderr, "brille-python: heap check: large blocks out of balance\n");
        abort();
    }
}
