/* A shadow of a heap: address -> type, size, refcount, generation, for tens of millions of objects.
 *
 * Addresses are 16-byte aligned and neighbours are used together, so the table goes by pages: a
 * hash finds the 4 KiB page, 256 indices in it find the object in a dense pool of 32-byte entries.
 * That is about 40 bytes an object and mostly one cache miss, where a hash of objects costs 8 ns
 * each.
 *
 * The members of each generation form a list through the pool, because a collection moves all of
 * them by a single record. Invariant: an object is on the list of its generation, or on none when
 * untracked.
 */
#ifndef BRILLE_TRACER_READ_SHADOW_H
#define BRILLE_TRACER_READ_SHADOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SHADOW_GENERATIONS = 4, /* 0, 1, 2, permanent */
};

struct shadow_object {
    uint64_t address; /* low 4 bits: 15 untracked, else generation; 0 when the entry is free */
    uint32_t refcount;
    uint32_t type;
    uint64_t size;
    uint32_t next, previous; /* in the generation; next also chains free entries */
};
_Static_assert(sizeof(struct shadow_object) == 32, "shadow entries are 32 bytes");

struct shadow_page;

struct shadow {
    struct shadow_page **pages; /* open addressing by address >> 12 */
    size_t page_count, page_room;
    struct shadow_page *last;
    struct shadow_object *pool; /* entry 0 is never used */
    uint32_t pool_used, pool_room;
    uint32_t free_entry;
    uint32_t heads[SHADOW_GENERATIONS];
    uint64_t count;
    uint64_t members[SHADOW_GENERATIONS];
};

void shadow_init(struct shadow *shadow);
void shadow_deinit(struct shadow *shadow);

/* NULL when there is no object at that address. Valid until the next add. */
struct shadow_object *shadow_find(struct shadow *shadow, uint64_t address);

/* A new object, untracked, refcount 0. The address must be free. NULL: out of memory. */
struct shadow_object *shadow_add(struct shadow *shadow, uint64_t address);
void shadow_remove(struct shadow *shadow, struct shadow_object *object);

/* -1 is untracked. */
int shadow_generation(const struct shadow_object *object);
void shadow_set_generation(struct shadow *shadow, struct shadow_object *object, int generation);
/* All members of `from` go to `to`. */
void shadow_move_all(struct shadow *shadow, int from, int to);

static inline uint64_t shadow_address(const struct shadow_object *object)
{
    return object->address & ~15ull;
}

/* Every object, in no particular order: start with *cursor = 0, until NULL. */
const struct shadow_object *shadow_each(const struct shadow *shadow, uint32_t *cursor);

#endif
