// The allocator of small objects, walked from outside and without symbols.
//
//     arenas -> array of { address, pool_address, nfreepools, ntotalpools, ... }
//     arena  -> 256 KiB or 1 MiB, cut into pools of 4 KiB (to 3.9) or 16 KiB (from 3.10)
//     pool   -> | header: used, free list, size class, carved | block | block | ...
//
// From 3.12 on the array hangs on the interpreter. Before, it is a static variable of obmalloc.c
// that no stripped binary names, so it is searched for: among all words of the interpreter's
// writable data, the one that points at an array whose entries make sense and whose pools know
// their own place in it (arenaindex).
//
// A block is in use when it has been carved and is not on the pool's free list. Which of them are
// objects? Those that begin with what an object must begin with (maybe behind a GC header): a count
// that is not zero, a type that is valid, in a block of the size that this type has. Buffers do not
// look like this; the memory of a dead object has a count of zero or a link in its place.
#include "inspector/target/cpython/cpython.h"

#include <stdlib.h>

enum {
    OLD_POOL_BYTES = 4096,
    POOL_BYTES_MOST = 16384,
    OLD_ARENA_BYTES = 256 * 1024,
    ARENA_BYTES = 1024 * 1024,
    SIZE_CLASSES = 32,
    BLOCKS_MOST = POOL_BYTES_MOST / 16,
    ENTRIES_TRIED = 64,
    DATA_LIMIT = 256 << 20, // of the interpreter's own data
    COUNT_MOST = 1 << 23,   // references to an object that is found by its looks alone
    COUNT_STATIC = 500 * 1000 * 1000,
    COUNT_STATIC_MOST = 1100 * 1000 * 1000,
    OBJECT_BYTES_LEAST = 16,
    DEBUG_HEAD_BYTES = 16, // PYTHONMALLOC=debug: size, and a letter with seven 0xFD
};

struct arena_row {
    uint64_t address;
    uint32_t index, total_pools;
    uint64_t carved_end; // pools from here on have never been used
};
VEC_DEFINE(arena_vec, struct arena_row);

uint32_t cpy_pool_bytes(const struct cpy *cpy)
{
    return cpy->rt.minor >= 10 ? POOL_BYTES_MOST : OLD_POOL_BYTES;
}

static uint64_t arena_bytes(const struct cpy *cpy)
{
    return cpy->rt.minor >= 10 ? ARENA_BYTES : OLD_ARENA_BYTES;
}

// ---- the array of arenas ----

enum entry_kind { ENTRY_NONSENSE, ENTRY_UNUSED, ENTRY_ARENA };

static enum entry_kind read_entry(struct cpy *cpy, uint64_t array, uint32_t index,
                                  struct arena_row *row)
{
    const struct cpy_layout *l = cpy->l;
    const uint64_t pool_bytes = cpy_pool_bytes(cpy), whole = arena_bytes(cpy);
    unsigned char bytes[64];
    if (!reader_read(&cpy->mem, array + (uint64_t)index * l->size_of_arena, bytes,
                     l->size_of_arena))
        return ENTRY_NONSENSE;
    const uint64_t address = word_at(bytes, l->arena_address);
    const uint64_t free_from = word_at(bytes, l->arena_pool_address);
    const uint32_t free_pools = half_at(bytes, l->arena_free_pools);
    const uint32_t total = half_at(bytes, l->arena_total_pools);
    if (!address)
        return ENTRY_UNUSED;
    if (address % 4096 || free_pools > total || total > whole / pool_bytes ||
        total + 1 < whole / pool_bytes || free_from < address ||
        free_from > address + whole + pool_bytes || free_from % pool_bytes)
        return ENTRY_NONSENSE;
    *row = (struct arena_row){
        .address = address, .index = index, .total_pools = total, .carved_end = free_from};
    return ENTRY_ARENA;
}

static uint64_t first_pool(const struct cpy *cpy, const struct arena_row *row)
{
    const uint64_t bytes = cpy_pool_bytes(cpy);
    return (row->address + bytes - 1) & ~(bytes - 1);
}

// A pool knows at which place of the array its arena is.
static bool pools_agree(struct cpy *cpy, const struct arena_row *row)
{
    const uint64_t pool = first_pool(cpy, row);
    uint32_t index;
    return pool < row->carved_end &&
           reader_u32(&cpy->mem, pool + cpy->l->pool_arena_index, &index) && index == row->index;
}

static bool is_array(struct cpy *cpy, uint64_t array)
{
    struct arena_row row;
    bool agreed = false;
    for (uint32_t i = 0; i < ENTRIES_TRIED; i++) {
        const enum entry_kind kind = read_entry(cpy, array, i, &row);
        if (kind == ENTRY_NONSENSE)
            return agreed; // there are at least 16 entries, but one in use is enough
        if (kind == ENTRY_ARENA && pools_agree(cpy, &row))
            agreed = true;
        else if (kind == ENTRY_ARENA && first_pool(cpy, &row) < row.carved_end)
            return false;
    }
    return agreed;
}

static struct error *read_array(struct cpy *cpy, uint64_t array, uint64_t count,
                                struct arena_vec *ret)
{
    struct arena_row row;
    for (uint32_t i = 0; i < count && i < LIMIT_ARENAS; i++) {
        const enum entry_kind kind = read_entry(cpy, array, i, &row);
        if (kind == ENTRY_NONSENSE)
            return NULL; // a searched array has no known end
        if (kind == ENTRY_ARENA)
            TRY(arena_vec_push(ret, row));
    }
    return NULL;
}

// ---- searching ----

static bool in_writable_memory(const struct cpy *cpy, uint64_t address)
{
    const struct map *map = maps_find(&cpy->capture->maps, address);
    return map && map->readable && map->writable;
}

// Words of one mapping of the interpreter's data; the address of the array, or 0.
static uint64_t search_map(struct cpy *cpy, const struct map *map)
{
    uint64_t words[512];
    for (uint64_t at = map->begin; at < map->end; at += sizeof words) {
        if (!reader_read(&cpy->mem, at, words, sizeof words))
            continue;
        for (unsigned i = 0; i < 512; i++)
            if (words[i] && words[i] % 16 == 0 && in_writable_memory(cpy, words[i]) &&
                is_array(cpy, words[i]))
                return words[i];
    }
    return 0;
}

// The interpreter's writable data: its file's mappings and the zeros behind them.
static uint64_t search_array(struct cpy *cpy)
{
    const struct map *of = maps_find(&cpy->capture->maps, cpy->rt.file_begin);
    uint64_t end = 0, looked_at = 0;
    for (size_t i = 0; of && i < cpy->capture->maps.list.count; i++) {
        const struct map *map = &cpy->capture->maps.list.items[i];
        const bool same = map_is_file(map) && strcmp(map->path, of->path) == 0;
        const bool behind = map->begin == end && !*map->path;
        if (!same && !behind)
            continue;
        end = map->end;
        looked_at += map_size_bytes(map);
        if (!map->writable || !map->readable || looked_at > DATA_LIMIT)
            continue;
        const uint64_t array = search_map(cpy, map);
        if (array)
            return array;
    }
    return 0;
}

static struct error *read_arenas(struct cpy *cpy, struct arena_vec *ret)
{
    const struct cpy_layout *l = cpy->l;
    uint64_t seen[8] = {0}, array;
    unsigned seen_count = 0;
    if (!layout_has(l->obmalloc_arenas)) {
        array = search_array(cpy);
        return array ? read_array(cpy, array, LIMIT_ARENAS, ret) : NULL;
    }
    for (uint64_t interp = 0; layout_has(l->interp_obmalloc) && cpy_next_interp(cpy, &interp);) {
        uint64_t state = interp + l->interp_obmalloc;
        uint32_t count = 0;
        if (cpy->rt.minor >= 13)
            reader_u64(&cpy->mem, state, &state);
        bool known = !state;
        for (unsigned i = 0; i < seen_count; i++)
            known |= seen[i] == state;
        if (known || !reader_u64(&cpy->mem, state + l->obmalloc_arenas, &array) || !array ||
            !reader_u32(&cpy->mem, state + l->obmalloc_arena_count, &count))
            continue;
        if (seen_count < 8)
            seen[seen_count++] = state;
        TRY(read_array(cpy, array, count, ret));
    }
    return NULL;
}

static int compare_arenas(const void *a, const void *b)
{
    const uint64_t x = ((const struct arena_row *)a)->address;
    const uint64_t y = ((const struct arena_row *)b)->address;
    return (x > y) - (x < y);
}

// ---- blocks ----

// What an object of this type needs at least, from its header on; `exact` when it is all it needs.
static uint64_t least_bytes(const struct cpy *cpy, const struct cpy_type *type,
                            const unsigned char *bytes, bool *exact)
{
    *exact = false;
    switch (type->body) {
    case BODY_STR:
        *exact = type->python_class;
        return type->python_class ? type->basicsize : cpy->l->size_of_ascii;
    case BODY_STRUCTSEQ:
        if (word_at(bytes, OBJECT_SIZE) > type->real_items)
            return UINT32_MAX;
        return cpy->l->tuple_items + 8 * (uint64_t)type->real_items;
    case BODY_TUPLE:
        return cpy->l->tuple_items + 8 * (word_at(bytes, OBJECT_SIZE) & UINT32_MAX);
    default:
        *exact = type->itemsize == 0 && !type->inline_values;
        return type->basicsize;
    }
}

// An address can be as small as a count, in a program that is loaded low. An object that is so much
// referred to is found by what refers to it.
static bool is_count(const struct cpy *cpy, uint64_t count)
{
    return count != 0 &&
           (count <= COUNT_MOST || (count > COUNT_STATIC && count < COUNT_STATIC_MOST) ||
            (cpy->rt.minor >= 12 && count >> 31 == 1));
}

// What the collector keeps in front of an object that it does not track: nothing but flags.
static bool is_sane_head(const struct cpy *cpy, const unsigned char *object)
{
    const uint64_t next = word_at(object + GC_NEXT, 0), previous = word_at(object + GC_NEXT, 8);
    return next ? next % 8 < 4 && next > 4096 && next >> 47 == 0 : previous <= 3 || cpy->collecting;
}

// An object just allocated has its type and a count before its own fields hold anything but what
// was there before; nothing tracks it or refers to it yet. What refers to one that is broken finds
// it.
static bool is_being_made(struct cpy *cpy, const struct cpy_type *type, const unsigned char *object)
{
    const struct cpy_layout *l = cpy->l;
    struct dict_keys keys;
    uint64_t word, kind;
    if (word_at(object + GC_NEXT, 0) != 0)
        return false;
    switch (type->body) {
    case BODY_DICT:
        return !dict_keys_read(&cpy->mem, l, word_at(object, l->dict_keys), &keys);
    case BODY_LIST:
        word = word_at(object, l->list_items);
        return word_at(object, OBJECT_SIZE) > LIMIT_ITEMS || word % 8 ||
               (word && !reader_u64(&cpy->mem, word, &kind));
    case BODY_FRAME:
        return layout_has(l->frame_code) &&
               (!reader_u64(&cpy->mem, word_at(object, l->frame_code) + OBJECT_TYPE, &kind) ||
                !cpy_type_get(cpy, kind));
    default:
        return false;
    }
}

// Bytes from the begin of the block to the object, -1 when there is none.
static int find_object(struct cpy *cpy, const unsigned char *block, uint32_t block_bytes)
{
    for (unsigned at = 0; at <= 32 && at + OBJECT_BYTES_LEAST <= block_bytes; at += 16) {
        const uint64_t count = word_at(block, at), address = word_at(block, at + 8);
        bool exact;
        if (!is_count(cpy, count) || address % 8 || address < 4096 || address >> 47)
            continue;
        const struct cpy_type *type = cpy_type_get(cpy, address);
        if (!type || type->prefix != at ||
            (at && (!is_sane_head(cpy, block + at) || is_being_made(cpy, type, block + at))))
            continue;
        const uint64_t need = at + least_bytes(cpy, type, block + at, &exact);
        if (need <= block_bytes && (!exact || ((need + 15) & ~(uint64_t)15) == block_bytes))
            return (int)at;
    }
    return -1;
}

// Up to 3.10 a table of a dict knows only by a function whether its keys are all str; which
// function stands for "any" is learnt from the first table that has another key.
static void learn_lookup(struct cpy *cpy, uint64_t dict)
{
    struct dict_iter it;
    struct dict_entry entry;
    uint64_t type, flags;
    if (!dict_iter_begin(&it, &cpy->mem, cpy->l, dict) || it.values)
        return;
    for (int i = 0; i < 4 && dict_iter_next(&it, &entry); i++) {
        if (!entry.value || !reader_u64(&cpy->mem, entry.key + OBJECT_TYPE, &type) ||
            !reader_u64(&cpy->mem, type + cpy->l->type_flags, &flags))
            continue;
        if (!(flags & TYPE_IS_STR) && cpy_type_get(cpy, type))
            cpy->general_lookup = it.keys.lookup;
    }
}

static void note_object(struct cpy *cpy, uint64_t address, const unsigned char *bytes)
{
    cpy_note_pool_object(cpy, address);
    if (layout_has(cpy->l->keys_lookup) && !cpy->general_lookup) {
        const struct cpy_type *type = cpy_type_get(cpy, word_at(bytes, OBJECT_TYPE));
        if (type && type->body == BODY_DICT)
            learn_lookup(cpy, address);
    }
}

// Marks the free blocks; the list may be nonsense, but no block can be on it twice.
static void read_free_list(const struct cpy *cpy, uint64_t pool, const unsigned char *bytes,
                           uint32_t block_bytes, uint8_t is_free[BLOCKS_MOST])
{
    const uint32_t head = cpy->l->size_of_pool_header;
    uint64_t at = word_at(bytes, cpy->l->pool_freeblock);
    memset(is_free, 0, BLOCKS_MOST);
    while (at) {
        const uint64_t offset = at - pool;
        if (offset < head || offset + block_bytes > cpy_pool_bytes(cpy) ||
            (offset - head) % block_bytes || is_free[(offset - head) / block_bytes])
            return;
        is_free[(offset - head) / block_bytes] = 1;
        at = word_at(bytes, offset);
    }
}

// PYTHONMALLOC=debug: every block begins with its size and a letter for its kind.
static unsigned debug_head(const unsigned char *block, uint32_t block_bytes)
{
    return block_bytes > 2 * DEBUG_HEAD_BYTES && word_at(block, 8) >> 8 == 0xfdfdfdfdfdfdfd
               ? DEBUG_HEAD_BYTES
               : 0;
}

static void read_blocks(struct cpy *cpy, uint64_t pool, const unsigned char *bytes,
                        uint32_t block_bytes, uint32_t carved)
{
    uint8_t is_free[BLOCKS_MOST];
    const uint32_t head = cpy->l->size_of_pool_header;
    read_free_list(cpy, pool, bytes, block_bytes, is_free);
    for (uint32_t at = head, i = 0; at + block_bytes <= carved; at += block_bytes, i++) {
        if (is_free[i])
            continue;
        const unsigned debug = debug_head(bytes + at, block_bytes);
        // The size that was asked for stands in front, most significant byte first.
        const uint32_t room =
            debug ? (uint32_t)((__builtin_bswap64(word_at(bytes, at)) + 15) & ~15u) : block_bytes;
        if (debug && room > block_bytes)
            continue;
        const int found = find_object(cpy, bytes + at + debug, room);
        if (found < 0)
            continue;
        note_object(cpy, pool + at + debug + (uint64_t)found, bytes + at + debug + found);
    }
}

// ---- pools ----

static struct error *read_pool(struct cpy *cpy, const struct arena_row *arena, uint64_t pool,
                               struct pool_row_vec *ret)
{
    const struct cpy_layout *l = cpy->l;
    const uint32_t pool_bytes = cpy_pool_bytes(cpy);
    unsigned char bytes[POOL_BYTES_MOST + 16]; // least_bytes looks at a size that may not be there
    if (!reader_read(&cpy->mem, pool, bytes, l->size_of_pool_header))
        return NULL;
    const uint32_t used = half_at(bytes, l->pool_ref_count);
    const uint32_t class = half_at(bytes, l->pool_size_class);
    const uint32_t block_bytes = (class + 1) * 16;
    if (used == 0 || class >= SIZE_CLASSES || half_at(bytes, l->pool_arena_index) != arena->index) {
        snapshot_builder_pool(cpy->builder,
                              &(struct snapshot_pool){.address = pool, .arena = arena->address});
        return NULL;
    }
    if (!reader_read(&cpy->mem, pool, bytes, pool_bytes)) {
        cpy_damage(cpy, "a pool of the allocator cannot be read");
        return NULL;
    }
    snapshot_builder_pool(cpy->builder,
                          &(struct snapshot_pool){
                              .address = pool,
                              .arena = arena->address,
                              .block_bytes = block_bytes,
                              .capacity = (pool_bytes - l->size_of_pool_header) / block_bytes,
                              .used = used,
                          });
    uint32_t carved = half_at(bytes, l->pool_next_offset);
    if (carved > pool_bytes)
        carved = pool_bytes;
    cpy_note_pool(cpy, pool, pool_bytes);
    read_blocks(cpy, pool, bytes, block_bytes, carved);
    // Also one without objects: the collector's lists may know of some that do not look like it.
    return pool_row_vec_push(
        ret,
        (struct pool_row){.address = pool, .arena = arena->address, .block_bytes = block_bytes});
}

static struct error *read_pools(struct cpy *cpy, const struct arena_vec *arenas,
                                struct pool_row_vec *ret)
{
    uint64_t end = 0;
    for (size_t i = 0; i < arenas->count; i++) {
        const struct arena_row *arena = &arenas->items[i];
        if (arena->address < end) {
            cpy_damage(cpy, "arenas of the allocator overlap");
            continue;
        }
        end = arena->address + arena_bytes(cpy);
        for (uint64_t pool = first_pool(cpy, arena); pool < arena->carved_end && pool < end;
             pool += cpy_pool_bytes(cpy))
            TRY(read_pool(cpy, arena, pool, ret));
    }
    return NULL;
}

struct error *cpy_arenas_read(struct cpy *cpy, struct cpy_range_vec *ret, uint64_t *bytes)
{
    struct arena_vec arenas = {0};
    struct error *err = read_arenas(cpy, &arenas);
    for (size_t i = 0; !err && i < arenas.count; i++)
        err = cpy_range_vec_push(
            ret, (struct cpy_range){first_pool(cpy, &arenas.items[i]), arenas.items[i].carved_end});
    *bytes = arena_bytes(cpy);
    arena_vec_deinit(&arenas);
    return err;
}

struct error *cpy_pools_read(struct cpy *cpy, struct pool_row_vec *ret)
{
    struct arena_vec arenas = {0};
    struct error *err = read_arenas(cpy, &arenas);
    if (!err && arenas.count)
        qsort(arenas.items, arenas.count, sizeof *arenas.items, compare_arenas);
    if (!err)
        err = read_pools(cpy, &arenas, ret);
    snapshot_builder_info(cpy->builder)->arena_bytes = arenas.count * arena_bytes(cpy);
    arena_vec_deinit(&arenas);
    return err;
}
