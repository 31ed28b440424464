// All objects, one after the other: pool by pool, then what lies outside the pools, until nothing
// new is referred to.
//
// The pools are taken in the order of their addresses, and each is copied once, so an object's
// header, its fields and the header of the collector in front of it come from local memory.
#include "inspector/target/cpython/cpython.h"

#include <stdlib.h>

enum {
    POOL_BYTES_MOST = 16384,
    FRONT_BYTES = 32,                   // copied before an object
    SPARE_BYTES = 512,                  // behind one outside the pools
    IMMORTAL_COUNT = 500 * 1000 * 1000, // static objects have a count that nobody reaches
    IMMORTAL_SIGN = 1u << 31,           // 3.12 on
};

// ---- one object ----

// In 3.11 constants that the compiler has made refer to the singletons without a count, so theirs
// mean as little.
static bool is_immortal(const struct cpy *cpy, const struct cpy_object *o)
{
    return cpy->rt.minor >= 12
               ? o->refcount & IMMORTAL_SIGN
               : o->refcount >= IMMORTAL_COUNT || (cpy->rt.minor == 11 && o->type->is_singleton);
}

static bool is_short_text(const struct cpy_type *type)
{
    return type->body == BODY_STR && !type->python_class;
}

static uint64_t believable_size(struct cpy *cpy, const struct cpy_object *o)
{
    const uint64_t size = cpy_object_size(cpy, o);
    if (snapshot_builder_has_room(cpy->builder, size))
        return size;
    cpy_damage(cpy, "an object claims to be larger than all memory");
    return o->type->basicsize;
}

static void visit(struct cpy *cpy, struct cpy_object *o, bool has_head)
{
    const unsigned generation = cpy_generation_of(cpy, o->address);
    o->refcount = word_at(o->bytes, OBJECT_REFCNT) & UINT32_MAX;
    o->immortal = is_immortal(cpy, o);
    o->gc = has_head;
    const bool tracked = has_head && word_at(o->bytes + GC_NEXT, 0) != 0;
    // What is linked into a list, and the lists do not have it, is no object.
    if (tracked && generation == GENERATION_NONE && !cpy->collecting)
        return;
    snapshot_builder_object(cpy->builder,
                            &(struct builder_object){
                                .address = o->address,
                                .size_bytes = believable_size(cpy, o),
                                .refcount = o->refcount,
                                .type = o->type->id,
                                .generation = (uint8_t)(tracked ? generation : GENERATION_NONE),
                                .tracked = tracked,
                                .immortal = o->immortal,
                            });
    cpy_add_label(cpy, o);
    cpy_add_edges(cpy, o);
}

// A static type has no header of the collector, though types have one.
static bool object_has_head(const struct cpy *cpy, const struct cpy_object *o)
{
    return o->type->gc &&
           (o->type->body != BODY_TYPE || half_at(o->bytes, cpy->l->type_flags) & TYPE_HEAP);
}

// ---- pools ----

struct pool_walk {
    unsigned char front[FRONT_BYTES]; // so that a prefix can always be read
    unsigned char bytes[POOL_BYTES_MOST];
    unsigned char behind[512]; // so that a structure can always be read
};

static void visit_in_pool(struct cpy *cpy, const struct pool_row *pool, struct pool_walk *walk,
                          uint32_t offset)
{
    const uint32_t head = cpy->l->size_of_pool_header;
    struct cpy_object o = {.address = pool->address + offset, .bytes = walk->bytes + offset};
    o.type = cpy_type_get(cpy, word_at(o.bytes, OBJECT_TYPE));
    if (!o.type || offset < head)
        return;
    o.available = pool->block_bytes - (offset - head) % pool->block_bytes;
    if (o.available < (is_short_text(o.type) ? cpy->l->size_of_ascii : o.type->basicsize)) {
        cpy_damage(cpy, "an object is larger than its block");

        return;
    }
    visit(cpy, &o, object_has_head(cpy, &o));
}

static bool has_marks(const uint8_t *marks, uint32_t count)
{
    for (uint32_t i = 0; i < count; i += 8)
        if (word_at(marks, i))
            return true;
    return false;
}

static void walk_pool(struct cpy *cpy, const struct pool_row *pool, struct pool_walk *walk)
{
    const uint32_t bytes = cpy_pool_bytes(cpy);
    const uint8_t *marks = cpy_census_marks(cpy, pool->address);
    const uint32_t first = (uint32_t)(pool->address & 0xffff) / 32; // two marks a byte
    if (!marks || !has_marks(marks + first, bytes / 32) ||
        !reader_read(&cpy->mem, pool->address, walk->bytes, bytes))
        return;
    // Walking an object may move the marks.
    uint8_t own[POOL_BYTES_MOST / 32];
    memcpy(own, marks + first, bytes / 32);
    for (uint32_t i = 0; i < bytes / 16; i++) {
        const unsigned mark = own[i / 2] >> i % 2 * 4 & 15;
        if (mark && !cpy_mark_is_extra(mark))
            visit_in_pool(cpy, pool, walk, i * 16);
    }
}

// ---- outside the pools ----

// As much of the object as there is, at least what its type says; 0 when even that is not there.
static uint64_t read_extra(struct cpy *cpy, uint64_t address, const struct cpy_type *type,
                           unsigned char *bytes)
{
    const uint64_t least = is_short_text(type) ? cpy->l->size_of_ascii : type->basicsize;
    const uint64_t page_end = (address + 4096) & ~UINT64_C(4095);
    const uint64_t room = least + SPARE_BYTES;
    // A type that lies about its size makes every object of it dear.
    if (least > 4096 && !cpy_spend(cpy, least / 8))
        return 0;
    if (reader_read(&cpy->mem, address, bytes, room))
        return room;
    // At the end of a mapping.
    if (page_end - address > least && page_end - address < room &&
        reader_read(&cpy->mem, address, bytes, page_end - address))
        return page_end - address;
    return reader_read(&cpy->mem, address, bytes, least) ? least : 0;
}

static void visit_extra(struct cpy *cpy, uint64_t address, unsigned char *buffer)
{
    unsigned char header[16];
    struct cpy_object o = {.address = address, .bytes = buffer + FRONT_BYTES};
    if (!reader_read(&cpy->mem, address, header, sizeof header))
        return;
    o.type = cpy_type_get(cpy, word_at(header, OBJECT_TYPE));
    if (!o.type)
        return;
    memset(buffer, 0, FRONT_BYTES);
    if (o.type->prefix)
        reader_read(&cpy->mem, address - o.type->prefix, buffer + FRONT_BYTES - o.type->prefix,
                    o.type->prefix);
    o.available = read_extra(cpy, address, o.type, buffer + FRONT_BYTES);
    if (!o.available) {
        cpy_damage(cpy, "an object cannot be read");
        return;
    }
    const bool has_head = object_has_head(cpy, &o);
    const uint64_t front = has_head ? o.type->prefix : 0;
    if (cpy_is_static(cpy, address))
        cpy_add_static(cpy, &o, address - front, front + cpy_object_size(cpy, &o));
    visit(cpy, &o, has_head);
}

static void walk_extras(struct cpy *cpy, unsigned char *buffer)
{
    uint64_t address;
    while (cpy_next_extra(cpy, &address) && !snapshot_builder_failed(cpy->builder))
        visit_extra(cpy, address, buffer);
}

// ---- all ----

struct error *cpy_walk(struct cpy *cpy)
{
    struct pool_row_vec pools = {0};
    _cleanup_free_ struct pool_walk *walk = calloc(1, sizeof *walk);
    _cleanup_free_ unsigned char *buffer =
        calloc(1, FRONT_BYTES + LIMIT_BASICSIZE + SPARE_BYTES + 1024);
    if (!walk || !buffer)
        return &error_no_memory;
    struct error *err = cpy_find_data(cpy);
    if (!err)
        err = cpy_types_init(cpy);
    if (!err)
        err = cpy_census_take(cpy, &pools);
    if (!err) {
        cpy_add_roots(cpy);
        for (size_t i = 0; i < pools.count && !snapshot_builder_failed(cpy->builder); i++)
            walk_pool(cpy, &pools.items[i], walk);
        cpy_census_sort_extras(cpy);
        walk_extras(cpy, buffer);
        cpy_add_static_roots(cpy);
        walk_extras(cpy, buffer);
    }
    pool_row_vec_deinit(&pools);
    return err ? err : cpy->mem.out_of_memory ? &error_no_memory : NULL;
}
