// Decimal digits, for output of hundreds of millions of numbers: no calls, no format strings.
#ifndef BRILLE_INSPECTOR_BASE_DIGITS_H
#define BRILLE_INSPECTOR_BASE_DIGITS_H

#include <stdint.h>

enum { DIGITS_MAX = 20 };

static inline unsigned digits_count(uint64_t number)
{
    unsigned count = 1;
    for (uint64_t limit = 10; count < DIGITS_MAX && number >= limit; count++)
        limit = count < DIGITS_MAX - 1 ? limit * 10 : UINT64_MAX;
    return count;
}

// Writes the number at `to`, which has room for DIGITS_MAX, and returns where it ends.
static inline char *digits_put(char *to, uint64_t number)
{
    char *const end = to + digits_count(number);
    char *at = end;
    for (; number > UINT32_MAX; number /= 10)
        *--at = (char)('0' + number % 10);
    uint32_t low = (uint32_t)number; // divides faster
    do {
        *--at = (char)('0' + low % 10);
        low /= 10;
    } while (at > to);
    return end;
}

#endif
