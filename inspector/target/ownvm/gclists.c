// Which generation an object belongs to: the collector's lists, walked once.
//
// An object does not know its generation; the list it is on does. Each list is followed from its
// head through `next` until it comes back. What is learnt goes into half bytes, one for each 16
// bytes of address space: for the pools, where nearly all objects are, in one array; elsewhere in
// blocks of 64 KiB that a hash finds. The array is large (1/32 of the heap, up to POOLS_MOST: how
// large the heap is, is only what the process says) and most of its pages may never be touched.
//
// While a collection runs its members are on lists of their own, which count as the generation that
// survivors go to.
#include "inspector/target/ownvm/ownvm.h"

#include <stdlib.h>

enum {
    BLOCK_BITS = 16,
    BLOCK_BYTES = (1 << BLOCK_BITS) / 16 / 2,
};
#define POOLS_MOST (UINT64_C(256) << 20) // bytes of the array: of a heap of 8 GiB

struct block {
    uint64_t number;                 // address >> BLOCK_BITS
    uint8_t half_bytes[BLOCK_BYTES]; // generation + 1, 0 is untracked
};

struct vm_generations {
    uint8_t *pools; // half bytes from pool_base on; NULL: they are in blocks as well
    uint64_t pool_base, pool_bytes;
    struct block **slots;
    uint64_t slot_count, block_count;
    struct block *last;
};

static struct block **slot_of(const struct vm_generations *g, uint64_t number)
{
    uint64_t at = number * 0x9e3779b97f4a7c15ull >> 24;
    while (g->slots[at & (g->slot_count - 1)] &&
           g->slots[at & (g->slot_count - 1)]->number != number)
        at++;
    return &g->slots[at & (g->slot_count - 1)];
}

static bool grow(struct vm_generations *g)
{
    struct block **old = g->slots;
    const uint64_t old_count = g->slot_count, count = old_count ? old_count * 2 : 1024;
    struct block **slots = calloc(count, sizeof *slots);
    if (!slots)
        return false;
    g->slots = slots;
    g->slot_count = count;
    for (uint64_t i = 0; i < old_count; i++)
        if (old[i])
            *slot_of(g, old[i]->number) = old[i];
    free(old);
    return true;
}

static struct block *block_at(struct vm_generations *g, uint64_t number, bool make)
{
    if (g->last && g->last->number == number)
        return g->last;
    if (make && g->block_count * 2 >= g->slot_count && !grow(g))
        return NULL;
    if (!g->slot_count)
        return NULL;
    struct block **slot = slot_of(g, number);
    if (!*slot && make) {
        *slot = calloc(1, sizeof **slot);
        if (!*slot)
            return NULL;
        (*slot)->number = number;
        g->block_count++;
    }
    if (*slot)
        g->last = *slot;
    return *slot;
}

// The byte that has the object's half, NULL when there is none (`make`: no memory).
static uint8_t *byte_of(struct vm_generations *g, uint64_t object, bool make)
{
    const uint64_t offset = object - g->pool_base;
    if (offset < g->pool_bytes)
        return &g->pools[offset >> 5];
    struct block *block = block_at(g, object >> BLOCK_BITS, make);
    return block ? &block->half_bytes[object >> 5 & (BLOCK_BYTES - 1)] : NULL;
}

static unsigned shift_of(uint64_t object)
{
    return (object >> 4 & 1) * 4;
}

// False when the object is on a list already (the lists are damaged) or there is no memory.
static bool note(struct vm_generations *g, uint64_t object, unsigned generation)
{
    uint8_t *byte = byte_of(g, object, true);
    if (!byte || *byte >> shift_of(object) & 15)
        return false;
    *byte |= (uint8_t)((generation + 1) << shift_of(object));
    return true;
}

static void make_pools(struct vm *vm, struct vm_generations *g)
{
    const struct introspect *t = &vm->t;
    uint64_t arenas = 0;
    vmem_u64(&vm->mem, t->address_heap + t->heap_arena_count, &arenas);
    if (arenas == 0 || arenas > LIMIT_ARENAS)
        return;
    const uint64_t wanted = arenas * t->arena_bytes / 32;
    const uint64_t bytes = wanted < POOLS_MOST ? wanted : POOLS_MOST;
    g->pools = calloc(1, bytes);
    if (g->pools) {
        g->pool_base = vm->pool_base;
        g->pool_bytes = bytes * 32;
    }
}

static void read_list(struct vm *vm, uint64_t head, unsigned generation)
{
    const struct introspect *t = &vm->t;
    uint64_t link = 0;
    if (!vmem_u64(&vm->mem, head + t->gc_head_next, &link)) {
        vm_damage(vm, "the collector's lists cannot be read");
        return;
    }
    // Each object can be noted once, so this ends.
    while (link != head) {
        if (link % 16 || !note(vm->generations, link + t->size_of_gc_head, generation) ||
            !vmem_u64(&vm->mem, link + t->gc_head_next, &link)) {
            vm_damage(vm, "a list of the collector is broken");
            return;
        }
    }
}

struct error *vm_generations_read(struct vm *vm)
{
    const struct introspect *t = &vm->t;
    vm->generations = calloc(1, sizeof *vm->generations);
    if (!vm->generations)
        return &error_no_memory;
    make_pools(vm, vm->generations);
    const uint64_t gc = t->address_gc;
    for (unsigned i = 0; i < 3; i++)
        read_list(vm, gc + t->gc_generations + i * t->size_of_gc_generation + t->gc_generation_head,
                  i);
    read_list(vm, gc + t->gc_permanent, GENERATION_PERMANENT);
    uint32_t collecting = 0, enabled;
    vmem_u32(&vm->mem, gc + t->gc_collecting_generation, &collecting);
    if (vmem_u32(&vm->mem, gc + t->gc_enabled, &enabled))
        snapshot_builder_info(vm->builder)->collector = enabled ? COLLECTOR_ON : COLLECTOR_OFF;
    const unsigned survivors = collecting < 2 ? collecting + 1 : 2;
    read_list(vm, gc + t->gc_young, survivors);
    read_list(vm, gc + t->gc_unreachable, survivors);
    read_list(vm, gc + t->gc_finalizers, survivors);
    return NULL;
}

void vm_generations_destroy(struct vm_generations *g)
{
    if (!g)
        return;
    for (uint64_t i = 0; i < g->slot_count; i++)
        free(g->slots[i]);
    free(g->slots);
    free(g->pools);
    free(g);
}

unsigned vm_generation_of(const struct vm *vm, uint64_t address)
{
    const uint8_t *byte = byte_of(vm->generations, address, false);
    if (!byte || address % 16)
        return GENERATION_NONE;
    const unsigned half = *byte >> shift_of(address) & 15;
    return half ? half - 1 : GENERATION_NONE;
}
