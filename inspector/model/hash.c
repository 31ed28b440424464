// Mixing by multiplication: the high half of a 128-bit product folded onto the low half.
#include "inspector/model/hash.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

uint64_t hash_seed(void)
{
    static uint64_t seed;
    if (!seed) {
        if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
            seed = (uint64_t)time(NULL) * UINT64_C(0x9e3779b97f4a7c15);
        seed |= 1;
    }
    return seed;
}

uint64_t hash_bytes(const void *bytes, size_t length)
{
    const unsigned char *p = bytes;
    uint64_t state = hash_seed() ^ length;
    uint64_t word;
    for (; length >= 8; length -= 8, p += 8) {
        memcpy(&word, p, 8);
        state = hash_mix(state ^ word);
    }
    word = 0;
    if (length)
        memcpy(&word, p, length);
    return hash_mix(state ^ word);
}
