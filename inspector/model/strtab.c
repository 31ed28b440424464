// Interning: open addressing, at most half full, growing by doubling.
//
// A slot is 0 or the upper half of a text's hash above its id. A heap has millions of texts, and
// three cache misses (slot, bounds, text) for each one looked at in vain would be most of the time
// of a capture: so a text is looked at only when the 32 bits of hash agree, and growing looks at
// none.
#include "inspector/model/strtab.h"

#include "inspector/base/huge.h"
#include "inspector/base/vec.h"
#include "inspector/model/hash.h"

#include <stdlib.h>
#include <string.h>

enum { INITIAL_SLOTS = 1024 };

static struct error *append(struct strtab *table, const char *bytes, size_t length)
{
    void *blob = table->blob;
    TRY(vec_grow(&blob, &table->blob_capacity, table->blob_bytes + length + 1, 1));
    table->blob = blob;
    void *begin = table->begin;
    TRY(vec_grow(&begin, &table->begin_capacity, (size_t)table->count + 2, sizeof *table->begin));
    table->begin = begin;
    if (length)
        memcpy(table->blob + table->blob_bytes, bytes, length);
    table->blob[table->blob_bytes + length] = 0;
    table->blob_bytes += length + 1;
    table->begin[0] = 0;
    table->begin[++table->count] = table->blob_bytes;
    return NULL;
}

struct error *strtab_init(struct strtab *table)
{
    *table = (struct strtab){0};
    table->slots = calloc(INITIAL_SLOTS, sizeof *table->slots);
    if (!table->slots)
        return &error_no_memory;
    table->slot_count = INITIAL_SLOTS;
    struct error *err = append(table, "", 0);
    if (err)
        strtab_deinit(table);
    return err;
}

void strtab_deinit(struct strtab *table)
{
    free(table->blob);
    free(table->begin);
    free(table->slots);
    *table = (struct strtab){0};
}

static struct error *grow_slots(struct strtab *table)
{
    const uint32_t slot_count = table->slot_count * 2;
    uint64_t *slots = huge_calloc(slot_count, sizeof *slots);
    if (!slots)
        return &error_no_memory;
    for (uint32_t i = 0; i < table->slot_count; i++) {
        const uint64_t slot = table->slots[i];
        if (!slot)
            continue;
        uint64_t at = slot >> 32;
        while (slots[at & (slot_count - 1)])
            at++;
        slots[at & (slot_count - 1)] = slot;
    }
    free(table->slots);
    table->slots = slots;
    table->slot_count = slot_count;
    return NULL;
}

// The slot that holds the text, or the empty one where it belongs. The place comes from the upper
// half of the hash, which the slot keeps.
static uint64_t *find_slot(const struct strtab *table, uint64_t hash, const char *bytes,
                           size_t length)
{
    uint64_t at = hash >> 32;
    for (;; at++) {
        uint64_t *slot = &table->slots[at & (table->slot_count - 1)];
        const uint32_t id = (uint32_t)*slot;
        if (!*slot || (*slot >> 32 == hash >> 32 && strtab_length(table, id) == length &&
                       memcmp(strtab_text(table, id), bytes, length) == 0))
            return slot;
    }
}

uint64_t strtab_hash(const char *bytes, size_t length)
{
    return hash_bytes(bytes, length > STRTAB_TEXT_MAX ? STRTAB_TEXT_MAX : length);
}

void strtab_prefetch(const struct strtab *table, uint64_t hash)
{
    __builtin_prefetch(&table->slots[hash >> 32 & (table->slot_count - 1)]);
}

struct error *strtab_intern(struct strtab *table, const char *bytes, size_t length, uint32_t *id)
{
    return strtab_intern_hashed(table, strtab_hash(bytes, length), bytes, length, id);
}

struct error *strtab_intern_hashed(struct strtab *table, uint64_t hash, const char *bytes,
                                   size_t length, uint32_t *id)
{
    if (length > STRTAB_TEXT_MAX)
        length = STRTAB_TEXT_MAX;
    if (length == 0) {
        *id = 0;
        return NULL;
    }
    if (table->count >= table->slot_count / 2)
        TRY(grow_slots(table));
    uint64_t *slot = find_slot(table, hash, bytes, length);
    if (*slot) {
        *id = (uint32_t)*slot;
        return NULL;
    }
    if (table->count >= STRTAB_COUNT_MAX)
        return error_create(ERROR_LIMIT, "more than %u different texts in one heap",
                            STRTAB_COUNT_MAX);
    TRY(append(table, bytes, length));
    *slot = hash >> 32 << 32 | (table->count - 1);
    *id = table->count - 1;
    return NULL;
}

// The row of an id, or `count`.
static uint32_t few_find(const struct strtab_few *few, uint32_t id)
{
    uint32_t low = 0, high = few->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (few->ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < few->count && few->ids[low] == id ? low : few->count;
}

const char *strtab_few_text(const struct strtab_few *few, uint32_t id)
{
    const uint32_t row = few_find(few, id);
    return row < few->count ? few->blob + few->begin[row] : "";
}

size_t strtab_few_length(const struct strtab_few *few, uint32_t id)
{
    const uint32_t row = few_find(few, id);
    return row < few->count ? (size_t)(few->begin[row + 1] - few->begin[row] - 1) : 0;
}

uint32_t strtab_find(const struct strtab *table, const char *text)
{
    const size_t length = strlen(text);
    if (length == 0)
        return 0;
    if (table->slots)
        return (uint32_t)*find_slot(table, hash_bytes(text, length), text, length);
    for (uint32_t id = 1; id < table->count; id++)
        if (strtab_length(table, id) == length && memcmp(strtab_text(table, id), text, length) == 0)
            return id;
    return 0;
}
