// A block is decoded into its place in the cache. Types have a part of the cache of their own:
// a block that is predicted by type asks for them while it is decoded.
#include "inspector/model/heap_blocks.h"

#include "inspector/model/heap_column.h"
#include "inspector/model/heap_section.h"

#include <stdlib.h>
#include <string.h>

enum { CACHE_TYPES = 64, CACHE_OTHERS = 192, INDEXES = 3 };

struct cached_block {
    uint32_t tag, number; // tag 0: empty
    uint64_t values[HEAP_COLUMN_BLOCK];
};

struct heap_blocks {
    const struct snapshot *s;
    struct column_in *decoder;
    struct cached_block *cache[CACHE_TYPES + CACHE_OTHERS]; // NULL: not used yet
    struct cursor index[INDEXES];
    struct cursor addresses; // AIDX, whole
};

static const uint32_t index_tags[INDEXES] = {TAG_COFF, TAG_DOFF, TAG_POFF};

static struct error *open_indexes(struct heap_blocks *b)
{
    TRY(column_in_create(b->s->type_count, &b->decoder));
    for (unsigned i = 0; i < INDEXES; i++)
        TRY(heap_section_read(b->s->file, index_tags[i], &b->index[i]));
    return heap_section_read(b->s->file, TAG_AIDX, &b->addresses);
}

struct error *heap_blocks_create(const struct snapshot *s, struct heap_blocks **ret)
{
    struct heap_blocks *b = calloc(1, sizeof *b);
    if (!b)
        return &error_no_memory;
    b->s = s;
    struct error *err = open_indexes(b);
    if (err)
        heap_blocks_destroy(b);
    else
        *ret = b;
    return err;
}

void heap_blocks_destroy(struct heap_blocks *b)
{
    if (!b)
        return;
    column_in_destroy(b->decoder);
    for (unsigned i = 0; i < CACHE_TYPES + CACHE_OTHERS; i++)
        free(b->cache[i]);
    for (unsigned i = 0; i < INDEXES; i++)
        cursor_deinit(&b->index[i]);
    cursor_deinit(&b->addresses);
    free(b);
}

static uint64_t word_at(const struct cursor *cursor, uint64_t number)
{
    uint64_t word;
    memcpy(&word, cursor->bytes + number * sizeof word, sizeof word);
    return word;
}

static uint64_t word_count(const struct cursor *cursor)
{
    return (uint64_t)(cursor->end - cursor->bytes) / sizeof(uint64_t);
}

// Where a block begins in its column, and how long it is at most.
static struct error *find_block(const struct heap_blocks *b, uint32_t tag, uint32_t number,
                                uint64_t *offset, uint64_t *length)
{
    for (unsigned i = 0; i < 3; i++)
        for (uint64_t at = 0, words = word_count(&b->index[i]); at + 2 <= words;) {
            const uint64_t blocks = word_at(&b->index[i], at + 1);
            if (blocks > words - at - 2)
                break;
            if (word_at(&b->index[i], at) == tag && number < blocks) {
                *offset = word_at(&b->index[i], at + 2 + number);
                *length = number + 1 < blocks ? word_at(&b->index[i], at + 3 + number) - *offset
                                              : UINT64_MAX / 2;
                return NULL;
            }
            at += 2 + blocks;
        }
    return heap_damaged_section(b->s->file, tag, "its index is incomplete");
}

static uint32_t block_size(const struct heap_blocks *b, uint32_t number)
{
    const uint64_t left = b->s->object_count - (uint64_t)number * HEAP_COLUMN_BLOCK;
    return left < HEAP_COLUMN_BLOCK ? (uint32_t)left : HEAP_COLUMN_BLOCK;
}

// Labels are differences within a block: adds them up, so that a value is a string's id.
static bool resolve_labels(const struct heap_blocks *b, uint64_t *values, uint32_t count)
{
    int64_t last = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] == 0)
            continue;
        const int64_t step = unzigzag(values[i] - 1);
        if (step < -(int64_t)UINT32_MAX || step > (int64_t)UINT32_MAX)
            return false;
        last += step;
        if (last <= 0 || last >= b->s->strings.count)
            return false;
        values[i] = (uint64_t)last;
    }
    return true;
}

static bool resolve_addresses(const struct heap_blocks *b, uint64_t *values, uint32_t number,
                              uint32_t count)
{
    uint64_t address = word_at(&b->addresses, number);
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] > UINT64_MAX / 8)
            return false;
        address += i ? values[i] * 8 : 0;
        values[i] = address;
    }
    return true;
}

static bool in_range(const struct heap_blocks *b, uint32_t tag, const uint64_t *values,
                     uint32_t count)
{
    if (tag != TAG_TYPC && tag != TAG_SHPC)
        return true;
    const uint64_t limit = tag == TAG_TYPC ? b->s->type_count : b->s->shapes.count;
    uint64_t highest = 0;
    for (uint32_t i = 0; i < count; i++)
        highest = values[i] > highest ? values[i] : highest;
    return count == 0 || highest < limit;
}

static struct error *read_block(struct heap_blocks *b, uint32_t tag, uint32_t number,
                                const struct cached_block **ret);

// The types of a block as column_in_block wants them.
static struct error *types_of(struct heap_blocks *b, uint32_t number, uint32_t *types)
{
    const struct cached_block *block;
    TRY(read_block(b, TAG_TYPC, number, &block));
    for (uint32_t i = 0; i < block_size(b, number); i++)
        types[i] = (uint32_t)block->values[i];
    return NULL;
}

static struct error *decode_block(struct heap_blocks *b, uint32_t tag, uint32_t number,
                                  struct cached_block *into)
{
    uint32_t types[HEAP_COLUMN_BLOCK];
    const uint32_t count = block_size(b, number);
    uint64_t offset, length;
    _cleanup_cursor_ struct cursor cursor = {0};
    TRY(find_block(b, tag, number, &offset, &length));
    TRY(heap_section_part(b->s->file, tag, offset, length, &cursor));
    const bool predicted =
        tag != TAG_TYPC && cursor.at < cursor.end && *cursor.at == COLUMN_PREDICTED;
    if (predicted)
        TRY(types_of(b, number, types));
    into->tag = 0;
    if (!column_in_block(b->decoder, &cursor, predicted ? types : NULL, count, into->values) ||
        !in_range(b, tag, into->values, count) ||
        (tag == TAG_LABL && !resolve_labels(b, into->values, count)) ||
        (tag == TAG_ADDR && !resolve_addresses(b, into->values, number, count)))
        return heap_damaged_section(b->s->file, tag, "a value is out of range");
    into->tag = tag;
    into->number = number;
    return NULL;
}

static struct error *read_block(struct heap_blocks *b, uint32_t tag, uint32_t number,
                                const struct cached_block **ret)
{
    struct cached_block **slot =
        tag == TAG_TYPC
            ? &b->cache[number % CACHE_TYPES]
            : &b->cache[CACHE_TYPES + (number * 7 + (tag >> 24) + (tag >> 8)) % CACHE_OTHERS];
    if (!*slot) {
        *slot = malloc(sizeof **slot);
        if (!*slot)
            return &error_no_memory;
        (*slot)->tag = 0;
    }
    if ((*slot)->tag != tag || (*slot)->number != number)
        TRY(decode_block(b, tag, number, *slot));
    *ret = *slot;
    return NULL;
}

struct error *heap_blocks_value(struct heap_blocks *b, uint32_t tag, uint32_t object, uint64_t *ret)
{
    const struct cached_block *block;
    TRY(read_block(b, tag, object / HEAP_COLUMN_BLOCK, &block));
    *ret = block->values[object % HEAP_COLUMN_BLOCK];
    return NULL;
}

struct error *heap_blocks_find(struct heap_blocks *b, uint64_t address, uint32_t *ret)
{
    uint32_t low = 0, high = (uint32_t)word_count(&b->addresses);
    if (high != ((uint64_t)b->s->object_count + HEAP_COLUMN_BLOCK - 1) / HEAP_COLUMN_BLOCK)
        return heap_damaged_section(b->s->file, TAG_AIDX, "it does not fit the objects");
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (word_at(&b->addresses, middle) <= address)
            low = middle + 1;
        else
            high = middle;
    }
    *ret = ORDINAL_NONE;
    if (low == 0)
        return NULL;
    const struct cached_block *block;
    TRY(read_block(b, TAG_ADDR, low - 1, &block));
    for (uint32_t i = 0; i < block_size(b, low - 1); i++)
        if (block->values[i] == address)
            *ret = (low - 1) * HEAP_COLUMN_BLOCK + i;
    return NULL;
}
