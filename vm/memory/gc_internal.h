/* What the parts of the collector and the allocator share. Not for others. */
#ifndef BRILLE_VM_MEMORY_GC_INTERNAL_H
#define BRILLE_VM_MEMORY_GC_INTERNAL_H

#include "vm/memory/gc.h"

/* Bits in py_gc_head.prev: the pointer is 16-aligned. FINALIZED stays for the object's life, also
 * while it is untracked; COLLECTING only while a collection runs, when the rest of prev is a count.
 */
#define GC_FINALIZED  ((uintptr_t)1)
#define GC_COLLECTING ((uintptr_t)2)
#define GC_PREV_MASK  (~(uintptr_t)3)
#define GC_REFS_SHIFT 2

/* Asks for a collection at the next safepoint, if the collector is on. (gc.c) */
void py_gc_request(void);

static inline void py_gc_count_alloc(void)
{
    struct py_gc_generation *g = &py_gc.generations[0];
#ifdef BRILLE_GCSTRESS
    g->count++;
    py_gc_request();
#else
    if (__builtin_expect(++g->count > g->threshold, 0))
        py_gc_request();
#endif
}

static inline void py_gc_count_free(void)
{
    if (py_gc.generations[0].count > 0)
        py_gc.generations[0].count--;
}

static inline struct py_gc_head *gc_prev(const struct py_gc_head *g)
{
    return (struct py_gc_head *)((uintptr_t)g->prev & GC_PREV_MASK);
}

static inline void gc_set_prev(struct py_gc_head *g, struct py_gc_head *prev)
{
    g->prev = (struct py_gc_head *)(((uintptr_t)g->prev & ~GC_PREV_MASK) | (uintptr_t)prev);
}

static inline bool gc_list_is_empty(const struct py_gc_head *list)
{
    return list->next == list;
}

static inline void gc_list_init(struct py_gc_head *list)
{
    list->next = list;
    list->prev = list;
}

static inline void gc_list_append(struct py_gc_head *g, struct py_gc_head *list)
{
    struct py_gc_head *last = list->prev;
    gc_set_prev(g, last);
    last->next = g;
    g->next = list;
    list->prev = g;
}

/* Leaves g's own words as they are. */
static inline void gc_list_unlink(struct py_gc_head *g)
{
    struct py_gc_head *prev = gc_prev(g), *next = g->next;
    prev->next = next;
    gc_set_prev(next, prev);
}

/* Moves everything of from to the end of to; from is empty then. */
static inline void gc_list_merge(struct py_gc_head *from, struct py_gc_head *to)
{
    if (!gc_list_is_empty(from)) {
        struct py_gc_head *last = to->prev, *first = from->next, *end = from->prev;
        last->next = first;
        gc_set_prev(first, last);
        end->next = to;
        to->prev = end;
    }
    gc_list_init(from);
}

#endif
