// A block: the size of the one before it if that is free, then its own size with three flags, then
// what the program got. Whether it is free stands in the flags of the next one.
//
//     | previous size | size N M P | ............ | previous size | size N M P | ...
//                                    the program's                         ^ 0: the first is free
#include "inspector/target/malloc_walk.h"

#include <stdlib.h>
#include <string.h>

enum {
    FLAG_PREVIOUS_USED = 1,
    FLAG_MMAPPED = 2,
    FLAGS = 7,
    BLOCK_LEAST = 32,
    PAGE = 4096,
    ARENA_ALIGNMENT = 64 << 20,
    ARENA_HEAD_MOST = 4096, // heap_info and malloc_state
    CACHE_BLOCK = 0x290,    // tcache_perthread_struct: 64 counts of 2 bytes, 64 pointers
    CACHE_SIZES = 64,
    PIECE = 64 << 10,
    BLOCKS_MOST = 64 << 20, // heads looked at
    SIZES_MOST = 1 << 16,   // different ones
};

struct walk {
    struct mem_source *mem;
    unsigned char *piece;
    uint64_t piece_begin;
    size_t piece_length;
    uint64_t left;               // heads that may still be looked at
    struct snapshot_block *rows; // open addressing by size; 0 is empty
    uint32_t row_slots, row_count;
};

// ---- rows ----

static struct snapshot_block *find_row(struct snapshot_block *rows, uint32_t slots, uint64_t bytes)
{
    uint64_t at = bytes / 16 * 0x9e3779b97f4a7c15ull >> 40;
    while (rows[at & (slots - 1)].bytes && rows[at & (slots - 1)].bytes != bytes)
        at++;
    return &rows[at & (slots - 1)];
}

static struct snapshot_block *row_of(struct walk *w, uint64_t bytes)
{
    static struct snapshot_block none;
    if (w->row_count * 2 >= w->row_slots) {
        const uint32_t slots = w->row_slots ? w->row_slots * 2 : 1024;
        struct snapshot_block *rows = slots > SIZES_MOST * 2 ? NULL : calloc(slots, sizeof *rows);
        if (!rows)
            return &none;
        for (uint32_t i = 0; i < w->row_slots; i++)
            if (w->rows[i].bytes)
                *find_row(rows, slots, w->rows[i].bytes) = w->rows[i];
        free(w->rows);
        w->rows = rows;
        w->row_slots = slots;
    }
    struct snapshot_block *row = find_row(w->rows, w->row_slots, bytes);
    w->row_count += !row->bytes;
    row->bytes = bytes;
    return row;
}

// ---- heads ----

static bool read_size(struct walk *w, uint64_t block, uint64_t *size)
{
    if (w->left == 0)
        return false;
    w->left--;
    if (block < w->piece_begin || block + 16 > w->piece_begin + w->piece_length) {
        w->piece_begin = block;
        w->piece_length = mem_read_some(w->mem, remote_at(block), w->piece, PIECE);
        if (w->piece_length < 16)
            return false;
    }
    memcpy(size, w->piece + (block - w->piece_begin) + 8, sizeof *size);
    return true;
}

// Every block from `block` to the top one, which ends at `end`. `count`: into the rows. False when
// a head makes no sense.
static bool walk_blocks(struct walk *w, uint64_t block, uint64_t end, bool count)
{
    uint64_t size, next_size;
    if (block >= end || !read_size(w, block, &size))
        return false;
    for (;;) {
        const uint64_t bytes = size & ~(uint64_t)FLAGS;
        if (bytes < BLOCK_LEAST || bytes % 16 || bytes > end - block || size & FLAG_MMAPPED)
            return false;
        if (block + bytes == end) { // the top block is free
            if (count)
                row_of(w, bytes)->free++;
            return true;
        }
        if (!read_size(w, block + bytes, &next_size))
            return false;
        if (count && next_size & FLAG_PREVIOUS_USED)
            row_of(w, bytes)->used++;
        else if (count)
            row_of(w, bytes)->free++;
        block += bytes;
        size = next_size;
    }
}

// What a thread keeps at hand looks used. Its counts are the first thing allocated in an arena.
static void count_cache(struct walk *w, uint64_t block)
{
    uint16_t counts[CACHE_SIZES];
    uint64_t size;
    if (!read_size(w, block, &size) || (size & ~(uint64_t)FLAGS) != CACHE_BLOCK ||
        mem_read_some(w->mem, remote_at(block + 16), counts, sizeof counts) != sizeof counts)
        return;
    for (unsigned i = 0; i < CACHE_SIZES; i++) {
        if (counts[i] == 0)
            continue;
        struct snapshot_block *row = row_of(w, BLOCK_LEAST + 16 * i);
        const uint64_t cached = counts[i] < row->used ? counts[i] : row->used;
        row->used -= cached;
        row->free += cached;
    }
}

// ---- where blocks are ----

// The lowest of all, so there are no rows yet that it could spoil.
static void walk_main(struct walk *w, const struct map *map)
{
    if (walk_blocks(w, map->begin, map->end, true)) {
        count_cache(w, map->begin);
        return;
    }
    free(w->rows);
    w->rows = NULL;
    w->row_slots = w->row_count = 0;
}

// A heap_info: its arena, the heap before it, its size. Its first block is where a walk arrives at
// the end of the heap.
static bool walk_arena(struct walk *w, const struct map *map)
{
    uint64_t info[3]; // arena, previous heap, size
    if (map->begin % ARENA_ALIGNMENT ||
        mem_read_some(w->mem, remote_at(map->begin), info, sizeof info) != sizeof info)
        return false;
    const uint64_t end = map->begin + info[2];
    if (info[0] < 4096 || info[2] % PAGE || info[2] == 0 || info[2] > ARENA_ALIGNMENT ||
        end > map->end)
        return false;
    for (uint64_t at = map->begin + 32; at < map->begin + ARENA_HEAD_MOST; at += 16)
        if (walk_blocks(w, at, end, false)) {
            walk_blocks(w, at, end, true);
            count_cache(w, at);
            return true;
        }
    return false;
}

static void walk_mmapped(struct walk *w, const struct map *map)
{
    uint64_t size;
    for (uint64_t block = map->begin; block < map->end; block += size & ~(uint64_t)FLAGS) {
        if (!read_size(w, block, &size) || (size & FLAGS) != FLAG_MMAPPED)
            return;
        const uint64_t bytes = size & ~(uint64_t)FLAGS;
        if (bytes < PAGE || bytes % PAGE || bytes > map->end - block)
            return;
        row_of(w, bytes)->used++;
    }
}

static int compare_blocks(const void *a, const void *b)
{
    const struct snapshot_block *x = a, *y = b;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

void target_add_blocks(const struct capture *capture, struct snapshot_builder *builder)
{
    struct walk w = {.mem = capture->mem, .left = BLOCKS_MOST, .piece = malloc(PIECE)};
    for (size_t i = 0; w.piece && i < capture->maps.list.count; i++) {
        const struct map *map = &capture->maps.list.items[i];
        if (!map->readable || !map->writable || map->shared || map_is_file(map))
            continue;
        if (strcmp(map->path, "[heap]") == 0)
            walk_main(&w, map);
        else if (!*map->path && !walk_arena(&w, map))
            walk_mmapped(&w, map);
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < w.row_slots; i++)
        if (w.rows[i].used + w.rows[i].free)
            w.rows[count++] = w.rows[i];
    if (count)
        qsort(w.rows, count, sizeof *w.rows, compare_blocks);
    for (uint32_t i = 0; i < count; i++)
        snapshot_builder_block(builder, &w.rows[i]);
    free(w.rows);
    free(w.piece);
}
