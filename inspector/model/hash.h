// A hash for the intern tables: eight bytes a step, seeded at random once per process, so that a
// hostile target cannot choose texts that all fall into one slot.
#ifndef BRILLE_INSPECTOR_MODEL_HASH_H
#define BRILLE_INSPECTOR_MODEL_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_seed(void);
uint64_t hash_bytes(const void *bytes, size_t length);

static inline uint64_t hash_mix(uint64_t value)
{
    const __uint128_t product =
        (__uint128_t)(value ^ UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd1342543de82ef95);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#endif
