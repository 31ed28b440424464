// A count for each of many, most of which are small: how often objects are referred to.
//
// One byte each; the few that pass 254 have a row in a hash. Counting the references of a heap
// jumps about in this array, which is a quarter of what it would be with four bytes: it is the
// faster for it, and smaller than what it describes by far.
#ifndef BRILLE_INSPECTOR_MODEL_TALLY_H
#define BRILLE_INSPECTOR_MODEL_TALLY_H

#include "inspector/base/error.h"
#include <stdint.h>

enum { TALLY_LARGE = 255 }; // the byte of one whose count is a row

struct tally_row {
    uint32_t key, count; // key: index + 1, 0 for an empty place
};

struct tally {
    uint8_t *small;
    struct tally_row *rows; // open addressing
    uint32_t row_count, row_slots;
};

struct error *tally_init(struct tally *tally, uint32_t count);
void tally_deinit(struct tally *tally);

struct error *tally_up_slow(struct tally *tally, uint32_t index);
// Counts stop at 2^32 - 1.
static inline struct error *tally_up(struct tally *tally, uint32_t index)
{
    if (tally->small[index] >= TALLY_LARGE - 1)
        return tally_up_slow(tally, index);
    tally->small[index]++;
    return NULL;
}

uint32_t tally_get_slow(const struct tally *tally, uint32_t index);
static inline uint32_t tally_get(const struct tally *tally, uint32_t index)
{
    return tally->small[index] == TALLY_LARGE ? tally_get_slow(tally, index) : tally->small[index];
}

void tally_down(struct tally *tally, uint32_t index); // of a count that is not 0

#endif
