// LEB128 varints and zigzag: the number coding of shapes and of .heap files.
//
// A number is written in groups of seven bits, lowest first, the high bit set in all bytes but the
// last. Zigzag maps signed to unsigned so that small magnitudes stay small: 0, -1, 1, -2 -> 0, 1,
// 2, 3.
//
// varint_get is for bytes from outside: it never reads past `end` and refuses more than ten bytes.
#ifndef BRILLE_INSPECTOR_MODEL_VARINT_H
#define BRILLE_INSPECTOR_MODEL_VARINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VARINT_MAX 10

static inline uint8_t *varint_put(uint8_t *to, uint64_t value)
{
    while (value >= 0x80) {
        *to++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *to++ = (uint8_t)value;
    return to;
}

// Advances *from; false, with *from anywhere up to `end`, when there is no whole number.
static inline bool varint_get(const uint8_t **from, const uint8_t *end, uint64_t *value)
{
    const uint8_t *p = *from;
    if (p < end && *p < 0x80) { // the common case
        *value = *p;
        *from = p + 1;
        return true;
    }
    uint64_t result = 0;
    for (unsigned shift = 0; p < end && shift < 70; shift += 7) {
        const uint8_t byte = *p++;
        if (shift == 63 && byte > 1)
            return false;
        result |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = result;
            *from = p;
            return true;
        }
    }
    return false;
}

static inline uint64_t zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static inline int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

#endif
