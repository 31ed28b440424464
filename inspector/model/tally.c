// The rows of large counts.
#include "inspector/model/tally.h"

#include "inspector/base/huge.h"
#include "inspector/model/hash.h"

#include <stdlib.h>

enum { FIRST_SLOTS = 256 };

struct error *tally_init(struct tally *tally, uint32_t count)
{
    *tally = (struct tally){.small = huge_calloc((uint64_t)count + 1, 1),
                            .rows = calloc(FIRST_SLOTS, sizeof *tally->rows),
                            .row_slots = FIRST_SLOTS};
    if (tally->small && tally->rows)
        return NULL;
    tally_deinit(tally);
    return &error_no_memory;
}

void tally_deinit(struct tally *tally)
{
    free(tally->small);
    free(tally->rows);
    *tally = (struct tally){0};
}

static struct tally_row *row_of(struct tally_row *rows, uint32_t slots, uint32_t index)
{
    uint64_t at = hash_mix(index);
    while (rows[at & (slots - 1)].key && rows[at & (slots - 1)].key != index + 1)
        at++;
    return &rows[at & (slots - 1)];
}

static struct error *grow(struct tally *tally)
{
    const uint32_t slots = tally->row_slots * 2;
    struct tally_row *rows = slots ? calloc(slots, sizeof *rows) : NULL;
    if (!rows)
        return &error_no_memory;
    for (uint32_t i = 0; i < tally->row_slots; i++)
        if (tally->rows[i].key)
            *row_of(rows, slots, tally->rows[i].key - 1) = tally->rows[i];
    free(tally->rows);
    tally->rows = rows;
    tally->row_slots = slots;
    return NULL;
}

struct error *tally_up_slow(struct tally *tally, uint32_t index)
{
    if (tally->small[index] < TALLY_LARGE) { // its first time here
        if (tally->row_count >= tally->row_slots / 2)
            TRY(grow(tally));
        *row_of(tally->rows, tally->row_slots, index) =
            (struct tally_row){.key = index + 1, .count = tally->small[index]};
        tally->row_count++;
        tally->small[index] = TALLY_LARGE;
    }
    struct tally_row *row = row_of(tally->rows, tally->row_slots, index);
    row->count += row->count != UINT32_MAX;
    return NULL;
}

uint32_t tally_get_slow(const struct tally *tally, uint32_t index)
{
    return row_of(tally->rows, tally->row_slots, index)->count;
}

// A row stays one, though its count become small.
void tally_down(struct tally *tally, uint32_t index)
{
    if (tally->small[index] < TALLY_LARGE)
        tally->small[index]--;
    else
        row_of(tally->rows, tally->row_slots, index)->count--;
}
