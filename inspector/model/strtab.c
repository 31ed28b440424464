// Interning: open addressing over the ids, at most half full, growing by doubling.
#include "inspector/model/strtab.h"

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
    uint32_t *slots = calloc(slot_count, sizeof *slots);
    if (!slots)
        return &error_no_memory;
    for (uint32_t id = 1; id < table->count; id++) {
        uint64_t at = hash_bytes(strtab_text(table, id), strtab_length(table, id));
        while (slots[at & (slot_count - 1)])
            at++;
        slots[at & (slot_count - 1)] = id;
    }
    free(table->slots);
    table->slots = slots;
    table->slot_count = slot_count;
    return NULL;
}

struct error *strtab_intern(struct strtab *table, const char *bytes, size_t length, uint32_t *id)
{
    if (length > STRTAB_TEXT_MAX)
        length = STRTAB_TEXT_MAX;
    if (length == 0) {
        *id = 0;
        return NULL;
    }
    if (table->count >= table->slot_count / 2)
        TRY(grow_slots(table));
    uint64_t at = hash_bytes(bytes, length);
    for (uint32_t found; (found = table->slots[at & (table->slot_count - 1)]); at++)
        if (strtab_length(table, found) == length &&
            memcmp(strtab_text(table, found), bytes, length) == 0) {
            *id = found;
            return NULL;
        }
    if (table->count >= STRTAB_COUNT_MAX)
        return error_create(ERROR_LIMIT, "more than %u different texts in one heap",
                            STRTAB_COUNT_MAX);
    TRY(append(table, bytes, length));
    table->slots[at & (table->slot_count - 1)] = table->count - 1;
    *id = table->count - 1;
    return NULL;
}

uint32_t strtab_find(const struct strtab *table, const char *text)
{
    const size_t length = strlen(text);
    if (length == 0)
        return 0;
    if (table->slots) {
        uint64_t at = hash_bytes(text, length);
        for (uint32_t id; (id = table->slots[at & (table->slot_count - 1)]); at++)
            if (strtab_length(table, id) == length &&
                memcmp(strtab_text(table, id), text, length) == 0)
                return id;
        return 0;
    }
    for (uint32_t id = 1; id < table->count; id++)
        if (strtab_length(table, id) == length && memcmp(strtab_text(table, id), text, length) == 0)
            return id;
    return 0;
}
