/* See shadow.h. Pages are never given back while the shadow lives: addresses come again. */
#include "tracer/read/shadow.h"

#include <stdlib.h>
#include <string.h>

enum {
    PAGE_SHIFT = 12,
    PAGE_SLOTS = 256,
    UNTRACKED = 15,
};

struct shadow_page {
    uint64_t number; /* address >> PAGE_SHIFT */
    uint32_t slots[PAGE_SLOTS];
};

void shadow_init(struct shadow *shadow)
{
    *shadow = (struct shadow){.pool_used = 1};
}

void shadow_deinit(struct shadow *shadow)
{
    for (size_t i = 0; i < shadow->page_room; i++)
        free(shadow->pages[i]);
    free(shadow->pages);
    free(shadow->pool);
    shadow_init(shadow);
}

/* ---- pages --------------------------------------------------------------------------------- */

static size_t page_hash(uint64_t number, size_t room)
{
    return (size_t)((number * 0x9e3779b97f4a7c15ull) >> 20) & (room - 1);
}

static struct shadow_page **page_slot(struct shadow_page **pages, size_t room, uint64_t number)
{
    size_t i = page_hash(number, room);
    while (pages[i] && pages[i]->number != number)
        i = (i + 1) & (room - 1);
    return &pages[i];
}

static bool pages_grow(struct shadow *shadow)
{
    size_t room = shadow->page_room ? shadow->page_room * 2 : 1024;
    struct shadow_page **pages = calloc(room, sizeof(*pages));
    if (!pages)
        return false;
    for (size_t i = 0; i < shadow->page_room; i++) {
        if (shadow->pages[i])
            *page_slot(pages, room, shadow->pages[i]->number) = shadow->pages[i];
    }
    free(shadow->pages);
    shadow->pages = pages;
    shadow->page_room = room;
    return true;
}

static struct shadow_page *page_find(struct shadow *shadow, uint64_t number)
{
    if (shadow->last && shadow->last->number == number)
        return shadow->last;
    if (shadow->page_room == 0)
        return NULL;
    struct shadow_page *page = *page_slot(shadow->pages, shadow->page_room, number);
    if (page)
        shadow->last = page;
    return page;
}

static struct shadow_page *page_get(struct shadow *shadow, uint64_t number)
{
    struct shadow_page *page = page_find(shadow, number);
    if (page)
        return page;
    if (shadow->page_count * 2 >= shadow->page_room && !pages_grow(shadow))
        return NULL;
    page = calloc(1, sizeof(*page));
    if (!page)
        return NULL;
    page->number = number;
    *page_slot(shadow->pages, shadow->page_room, number) = page;
    shadow->page_count++;
    return shadow->last = page;
}

static uint32_t *slot_of(struct shadow_page *page, uint64_t address)
{
    return &page->slots[address >> 4 & (PAGE_SLOTS - 1)];
}

/* ---- objects ------------------------------------------------------------------------------- */

struct shadow_object *shadow_find(struct shadow *shadow, uint64_t address)
{
    struct shadow_page *page = page_find(shadow, address >> PAGE_SHIFT);
    uint32_t index = page ? *slot_of(page, address) : 0;
    return index ? &shadow->pool[index] : NULL;
}

static uint32_t entry_take(struct shadow *shadow)
{
    if (shadow->free_entry) {
        uint32_t index = shadow->free_entry;
        shadow->free_entry = shadow->pool[index].next;
        return index;
    }
    if (shadow->pool_used >= shadow->pool_room) {
        if (shadow->pool_room >= 1u << 31)
            return 0;
        uint32_t room = shadow->pool_room ? shadow->pool_room * 2 : 4096;
        struct shadow_object *pool = realloc(shadow->pool, room * sizeof(*pool));
        if (!pool)
            return 0;
        memset(&pool[0], 0, sizeof(pool[0]));
        shadow->pool = pool;
        shadow->pool_room = room;
    }
    return shadow->pool_used++;
}

struct shadow_object *shadow_add(struct shadow *shadow, uint64_t address)
{
    struct shadow_page *page = page_get(shadow, address >> PAGE_SHIFT);
    uint32_t index = page ? entry_take(shadow) : 0;
    if (!index)
        return NULL;
    *slot_of(page, address) = index;
    struct shadow_object *object = &shadow->pool[index];
    *object = (struct shadow_object){.address = (address & ~15ull) | UNTRACKED};
    shadow->count++;
    return object;
}

static uint32_t index_of(const struct shadow *shadow, const struct shadow_object *object)
{
    return (uint32_t)(object - shadow->pool);
}

void shadow_remove(struct shadow *shadow, struct shadow_object *object)
{
    shadow_set_generation(shadow, object, -1);
    uint64_t address = shadow_address(object);
    struct shadow_page *page = page_find(shadow, address >> PAGE_SHIFT);
    *slot_of(page, address) = 0;
    *object = (struct shadow_object){.next = shadow->free_entry};
    shadow->free_entry = index_of(shadow, object);
    shadow->count--;
}

const struct shadow_object *shadow_each(const struct shadow *shadow, uint32_t *cursor)
{
    for (uint32_t i = *cursor + 1; i < shadow->pool_used; i++) {
        if (shadow->pool[i].address) {
            *cursor = i;
            return &shadow->pool[i];
        }
    }
    return NULL;
}

/* ---- generations --------------------------------------------------------------------------- */

int shadow_generation(const struct shadow_object *object)
{
    unsigned tag = object->address & 15;
    return tag == UNTRACKED ? -1 : (int)tag;
}

static void unlink_member(struct shadow *shadow, struct shadow_object *object, int generation)
{
    if (object->previous)
        shadow->pool[object->previous].next = object->next;
    else
        shadow->heads[generation] = object->next;
    if (object->next)
        shadow->pool[object->next].previous = object->previous;
    object->next = object->previous = 0;
    shadow->members[generation]--;
}

static void link_member(struct shadow *shadow, struct shadow_object *object, int generation)
{
    uint32_t index = index_of(shadow, object), head = shadow->heads[generation];
    object->next = head;
    object->previous = 0;
    if (head)
        shadow->pool[head].previous = index;
    shadow->heads[generation] = index;
    shadow->members[generation]++;
}

void shadow_set_generation(struct shadow *shadow, struct shadow_object *object, int generation)
{
    int old = shadow_generation(object);
    if (old == generation)
        return;
    if (old >= 0)
        unlink_member(shadow, object, old);
    object->address = shadow_address(object) | (generation < 0 ? UNTRACKED : (unsigned)generation);
    if (generation >= 0)
        link_member(shadow, object, generation);
}

void shadow_move_all(struct shadow *shadow, int from, int to)
{
    uint32_t first = shadow->heads[from], last = 0;
    if (from == to || first == 0)
        return;
    for (uint32_t i = first; i; i = shadow->pool[i].next) {
        struct shadow_object *object = &shadow->pool[i];
        object->address = shadow_address(object) | (unsigned)to;
        last = i;
    }
    shadow->pool[last].next = shadow->heads[to];
    if (shadow->heads[to])
        shadow->pool[shadow->heads[to]].previous = last;
    shadow->heads[to] = first;
    shadow->heads[from] = 0;
    shadow->members[to] += shadow->members[from];
    shadow->members[from] = 0;
}
