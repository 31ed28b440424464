// The census: which addresses are objects.
//
// Three ways lead to an object, and it is counted once, whichever comes first:
//
//     pools     every block in use that looks like an object (pools.c)
//     lists     everything that the collector tracks, with its generation; while a collection runs,
//               part of its lists hangs on a C stack: what they have is found again by following
//               the links of the objects in the pools
//     closure   whatever is referred to; "extras" are these and all others outside the pools, in
//               the order found: a queue that the walk works off while it grows
//
// What is known is kept in half bytes, one for each 16 bytes of address space, in blocks of 64 KiB
// that a hash finds. malloc and the pools align to 16, only the compiler may not: a block with an
// object at an odd multiple of 8 gets half bytes for those too, behind the others. A half byte is
//
//     0 nothing, 1 an object on no list, 2 to 5 on the list of generation 0, 1, 2, permanent,
//     6 an extra that is on no list
//
// A block also knows which of its pages are pools: a word that points into one and not at an object
// points at no object, without a look at the memory there.
#include "inspector/target/cpython/cpython.h"

#include <stdlib.h>

enum {
    BLOCK_BITS = 16,
    BLOCK_BYTES = 1 << BLOCK_BITS,
    MARK_BYTES = BLOCK_BYTES / 16 / 2,
    MARK_OBJECT = 1,
    MARK_GENERATION = 2, // + generation
    MARK_EXTRA = 6,      // an object that the queue of extras has
    PAGE_BITS = 12,
    DYING_MOST = 64, // of one list; a thread has one at a time
};

struct block {
    uint64_t number;     // address >> BLOCK_BITS
    uint16_t pool_pages; // bit for each page that belongs to a pool
    bool odd;            // `marks` has twice as many
    uint8_t marks[];     // MARK_BYTES of multiples of 16; then of 16 n + 8
};

struct census {
    struct block **slots;
    uint64_t slot_count, block_count;
    struct block *last;
    struct u64_vec extras;
    size_t next_extra;
    bool out_of_memory;
};

// ---- blocks ----

static struct block **slot_of(const struct census *c, uint64_t number)
{
    uint64_t at = number * 0x9e3779b97f4a7c15ull >> 24;
    while (c->slots[at & (c->slot_count - 1)] &&
           c->slots[at & (c->slot_count - 1)]->number != number)
        at++;
    return &c->slots[at & (c->slot_count - 1)];
}

static bool grow(struct census *c)
{
    struct block **old = c->slots;
    const uint64_t old_count = c->slot_count, count = old_count ? old_count * 2 : 4096;
    struct block **slots = calloc(count, sizeof(struct block *));
    if (!slots)
        return false;
    c->slots = slots;
    c->slot_count = count;
    for (uint64_t i = 0; i < old_count; i++)
        if (old[i])
            *slot_of(c, old[i]->number) = old[i];
    free(old);
    return true;
}

static struct block *make_block(struct census *c, uint64_t number)
{
    if (c->block_count * 2 >= c->slot_count && !grow(c))
        return NULL;
    struct block **slot = slot_of(c, number);
    if (!*slot) {
        *slot = calloc(1, sizeof **slot + MARK_BYTES);
        if (!*slot)
            return NULL;
        (*slot)->number = number;
        c->block_count++;
    }
    return *slot;
}

static struct block *block_at(struct census *c, uint64_t address)
{
    const uint64_t number = address >> BLOCK_BITS;
    if (c->last && c->last->number == number)
        return c->last;
    struct block *block = c->slot_count ? *slot_of(c, number) : NULL;
    if (block)
        c->last = block;
    return block;
}

// Half byte number of an address, a multiple of 8.
static unsigned index_of(uint64_t address)
{
    return ((unsigned)(address >> 4) & (MARK_BYTES * 2 - 1)) + (address & 8 ? MARK_BYTES * 2 : 0);
}

static unsigned mark_at(const struct block *block, unsigned index)
{
    return block->marks[index / 2] >> index % 2 * 4 & 15;
}

static unsigned mark_in(const struct block *block, uint64_t address)
{
    return address & 8 && !block->odd ? 0 : mark_at(block, index_of(address));
}

static unsigned mark_of(struct census *c, uint64_t address)
{
    const struct block *block = block_at(c, address);
    return block && address % 8 == 0 ? mark_in(block, address) : 0;
}

static struct block *make_odd(struct census *c, struct block *block)
{
    struct block **slot = slot_of(c, block->number);
    struct block *larger = calloc(1, sizeof *larger + 2 * MARK_BYTES);
    if (!larger)
        return NULL;
    memcpy(larger, block, sizeof *block + MARK_BYTES);
    larger->odd = true;
    free(block);
    *slot = c->last = larger;
    return larger;
}

static bool set_mark(struct census *c, uint64_t address, unsigned mark)
{
    struct block *block = block_at(c, address);
    if (!block)
        block = make_block(c, address >> BLOCK_BITS);
    if (block && address & 8 && !block->odd)
        block = make_odd(c, block);
    if (!block) {
        c->out_of_memory = true;
        return false;
    }
    const unsigned index = index_of(address), shift = index % 2 * 4;
    block->marks[index / 2] =
        (uint8_t)((block->marks[index / 2] & ~(15u << shift)) | mark << shift);
    return true;
}

bool cpy_mark_is_extra(unsigned mark)
{
    return mark == MARK_EXTRA;
}

const uint8_t *cpy_census_marks(const struct cpy *cpy, uint64_t begin)
{
    const struct block *block = block_at(cpy->census, begin);
    return block ? block->marks : NULL;
}

// ---- pools ----

void cpy_note_pool(struct cpy *cpy, uint64_t address, uint32_t bytes)
{
    struct block *block = make_block(cpy->census, address >> BLOCK_BITS);
    if (!block) {
        cpy->census->out_of_memory = true;
        return;
    }
    for (uint32_t page = 0; page < bytes >> PAGE_BITS; page++)
        block->pool_pages |= (uint16_t)(1u << ((address >> PAGE_BITS) + page) % 16);
}

void cpy_note_pool_object(struct cpy *cpy, uint64_t address)
{
    set_mark(cpy->census, address, MARK_OBJECT);
}

static bool is_in_pool(struct census *c, uint64_t address)
{
    const struct block *block = block_at(c, address);
    return block && block->pool_pages >> (address >> PAGE_BITS) % 16 & 1;
}

// ---- headers ----

bool cpy_header_is_sane(struct cpy *cpy, const unsigned char header[16])
{
    const uint64_t count = word_at(header, OBJECT_REFCNT);
    return count != 0 && count <= UINT32_MAX && cpy_type_get(cpy, word_at(header, OBJECT_TYPE));
}

static bool note_extra(struct cpy *cpy, uint64_t address, unsigned mark)
{
    unsigned char header[16];
    if (!reader_read(&cpy->mem, address, header, sizeof header) ||
        !cpy_header_is_sane(cpy, header) || !set_mark(cpy->census, address, mark))
        return false;
    if (mark != MARK_EXTRA && is_in_pool(cpy->census, address))
        return true; // it will be met when the pools are walked
    struct error *err = u64_vec_push(&cpy->census->extras, address);
    if (err) {
        cpy->census->out_of_memory = true;
        error_destroy(err);
    }
    return !err;
}

bool cpy_is_object(struct cpy *cpy, uint64_t address)
{
    struct census *c = cpy->census;
    const struct block *block = block_at(c, address);
    if (address % 8)
        return false;
    if (block && mark_in(block, address))
        return true;
    return address >> USER_ADDRESS_BITS == 0 && note_extra(cpy, address, MARK_EXTRA);
}

bool cpy_may_be_object(struct cpy *cpy, uint64_t word)
{
    if (word % 8 || word < 4096 || word >> USER_ADDRESS_BITS)
        return false;
    if (mark_of(cpy->census, word))
        return true;
    return !is_in_pool(cpy->census, word) && note_extra(cpy, word, MARK_EXTRA);
}

unsigned cpy_generation_of(const struct cpy *cpy, uint64_t address)
{
    const unsigned mark = mark_of(cpy->census, address);
    return mark >= MARK_GENERATION && mark < MARK_EXTRA ? mark - MARK_GENERATION : GENERATION_NONE;
}

// ---- the collector's lists ----

// Between the moment at which its count becomes zero and that at which its type takes it off the
// list, an object is on a list and no object any more.
static bool is_dying(struct cpy *cpy, uint64_t object)
{
    unsigned char header[16];
    return reader_read(&cpy->mem, object, header, sizeof header) &&
           word_at(header, OBJECT_REFCNT) == 0 && cpy_type_get(cpy, word_at(header, OBJECT_TYPE));
}

static bool note_member(struct cpy *cpy, uint64_t object, unsigned generation, unsigned *dying)
{
    struct census *c = cpy->census;
    const unsigned mark = mark_of(c, object);
    if (mark >= MARK_GENERATION && mark < MARK_EXTRA)
        return false;
    if (mark)
        return set_mark(c, object, MARK_GENERATION + generation);
    return note_extra(cpy, object, MARK_GENERATION + generation) ||
           (is_dying(cpy, object) && ++*dying <= DYING_MOST);
}

enum { LINK_NEXT = 0, LINK_PREVIOUS = 8 }; // in a list's head, and in the header of an object

static bool read_link(struct cpy *cpy, uint64_t address, uint64_t *link)
{
    uint64_t word;
    if (!reader_u64(&cpy->mem, address, &word))
        return false;
    *link = word & ~(uint64_t)GC_LINK_MASK_BITS;
    return true;
}

// The rest of a list, from its end. True when that leads to what has been found from its begin, or
// to `stopped`, where that ended.
static bool read_backwards(struct cpy *cpy, uint64_t head, unsigned generation, uint64_t stopped)
{
    struct census *c = cpy->census;
    unsigned dying = 0;
    uint64_t link;
    if (!read_link(cpy, head + LINK_PREVIOUS, &link))
        return false;
    while (link && link % 8 == 0 && !c->out_of_memory) {
        if (link == head || link == stopped ||
            mark_of(c, link + GC_HEAD_BYTES) == MARK_GENERATION + generation)
            return true;
        if (!note_member(cpy, link + GC_HEAD_BYTES, generation, &dying) ||
            !read_link(cpy, link + LINK_PREVIOUS, &link))
            return false;
    }
    return false;
}

// Each object can be noted once, and few are dying, so this ends.
//
// The process was stopped at any instruction: of the two links that lead to an object that is just
// being put on the list, or taken off it, one may not have been written yet. Then the chain
// forwards ends, or leads somewhere else; the one backwards has the others.
static void read_list(struct cpy *cpy, uint64_t head, unsigned generation)
{
    struct census *c = cpy->census;
    unsigned dying = 0;
    uint64_t link = 0;
    bool found = read_link(cpy, head + LINK_NEXT, &link);
    while (found && link && link != head && !c->out_of_memory)
        found = link % 8 == 0 && note_member(cpy, link + GC_HEAD_BYTES, generation, &dying) &&
                read_link(cpy, link + LINK_NEXT, &link);
    if (link != head && !c->out_of_memory && !read_backwards(cpy, head, generation, link))
        cpy_damage(cpy, "a list of the collector is broken");
}

// From a tracked object that is on no list along its links: the list whose head is on a C stack. It
// ends at that head, which is no object.
static void follow_links(struct cpy *cpy, uint64_t object)
{
    struct census *c = cpy->census;
    uint64_t link = 0;
    while (reader_u64(&cpy->mem, object + GC_NEXT, &link)) {
        link &= ~(uint64_t)GC_LINK_MASK_BITS;
        if (!link || link % 8)
            return;
        object = link + GC_HEAD_BYTES;
        if (mark_of(c, object) || is_in_pool(c, object) || !note_extra(cpy, object, MARK_EXTRA))
            return;
    }
}

static void splice_block(struct cpy *cpy, uint64_t number)
{
    for (unsigned at = 0; at < BLOCK_BYTES; at += 16) {
        unsigned char header[32];
        const uint64_t object = (number << BLOCK_BITS) + at;
        if (mark_of(cpy->census, object) != MARK_OBJECT ||
            !reader_read(&cpy->mem, object - GC_HEAD_BYTES, header, sizeof header))
            continue;
        const struct cpy_type *type = cpy_type_get(cpy, word_at(header, GC_HEAD_BYTES + 8));
        if (type && type->gc && word_at(header, 0))
            follow_links(cpy, object);
    }
}

static void splice(struct cpy *cpy)
{
    struct census *c = cpy->census;
    uint64_t *blocks = malloc((c->block_count + 1) * sizeof *blocks);
    if (!blocks)
        return;
    uint64_t count = 0;
    for (uint64_t i = 0; i < c->slot_count; i++)
        if (c->slots[i])
            blocks[count++] = c->slots[i]->number; // more may come while they are looked at
    for (uint64_t i = 0; i < count; i++)
        splice_block(cpy, blocks[i]);
    free(blocks);
}

static bool is_collecting(struct cpy *cpy)
{
    for (uint64_t interp = 0; cpy_next_interp(cpy, &interp);) {
        uint32_t collecting = 0;
        reader_u32(&cpy->mem, cpy_gc_state(cpy, interp) + cpy->l->gc_collecting, &collecting);
        if (collecting)
            return true;
    }
    return false;
}

static void read_lists(struct cpy *cpy)
{
    const struct cpy_layout *l = cpy->l;
    for (uint64_t interp = 0; cpy_next_interp(cpy, &interp);) {
        const uint64_t gc = cpy_gc_state(cpy, interp);
        for (unsigned i = 0; i < 3; i++)
            read_list(cpy, gc + l->gc_generations + i * l->size_of_gc_generation, i);
        read_list(cpy, gc + l->gc_permanent, GENERATION_PERMANENT);
    }
    if (cpy->collecting)
        splice(cpy);
}

// ---- the whole ----

struct error *cpy_census_take(struct cpy *cpy, struct pool_row_vec *pools)
{
    cpy->census = calloc(1, sizeof *cpy->census);
    if (!cpy->census)
        return &error_no_memory;
    cpy->collecting = is_collecting(cpy);
    TRY(cpy_pools_read(cpy, pools));
    read_lists(cpy);
    return cpy->census->out_of_memory ? &error_no_memory : NULL;
}

void cpy_census_destroy(struct census *c)
{
    if (!c)
        return;
    for (uint64_t i = 0; i < c->slot_count; i++)
        free(c->slots[i]);
    free(c->slots);
    u64_vec_deinit(&c->extras);
    free(c);
}

// ---- extras ----

bool cpy_next_extra(struct cpy *cpy, uint64_t *address)
{
    struct census *c = cpy->census;
    if (c->out_of_memory || c->next_extra >= c->extras.count)
        return false;
    *address = c->extras.items[c->next_extra++];
    return true;
}

static int compare_addresses(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

// Memory is then read in order, as far as the extras are known yet.
void cpy_census_sort_extras(struct cpy *cpy)
{
    struct census *c = cpy->census;
    if (c->extras.count > c->next_extra)
        qsort(c->extras.items + c->next_extra, c->extras.count - c->next_extra,
              sizeof *c->extras.items, compare_addresses);
}
