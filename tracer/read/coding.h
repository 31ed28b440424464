/* What the coders of HOT and COLD blocks (hot_code.h, cold_code.h) have in common.
 *
 * Both predict each unit of a stream from those before it, and write how it differs. A word is two
 * numbers to them: its key (what happened where: site, bit 47 and kind, 21 bits) and its place
 * (address / 16, 43 bits). Tables are indexed by hashes, so a collision costs bytes and nothing
 * else. A decoder takes hostile bytes: every read is measured against the end, every write against
 * the room, and a table index is masked.
 *
 * Private to the coders; functions are inline because each runs once an event.
 */
#ifndef BRILLE_TRACER_READ_CODING_H
#define BRILLE_TRACER_READ_CODING_H

#include "tracer/read/file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    CODING_KEY_BITS = 21,
    CODING_KEY_BYTES = 3,
    CODING_PLACE_BITS = 43,
    CODING_SLOTS = 1 << 12,
};
#define CODING_PLACE_MASK ((1ull << CODING_PLACE_BITS) - 1)

static inline uint32_t coding_key(uint64_t word)
{
    return (uint32_t)(word >> 47) << 4 | (uint32_t)(word & 15);
}

static inline uint64_t coding_place(uint64_t word)
{
    return word >> 4 & CODING_PLACE_MASK;
}

static inline uint64_t coding_word(uint32_t key, uint64_t place)
{
    return (uint64_t)(key >> 4) << 47 | place << 4 | (key & 15);
}

enum { CODING_HASH_SHIFT = 20 };
#define CODING_HASH_1 2654435761u
#define CODING_HASH_2 2246822507u

static inline uint32_t coding_slot(uint32_t key)
{
    return key * CODING_HASH_1 >> CODING_HASH_SHIFT;
}

static inline uint32_t coding_slot_of_two(uint32_t before, uint32_t present)
{
    return (before * CODING_HASH_1 ^ present * CODING_HASH_2) >> CODING_HASH_SHIFT;
}

/* Small numbers of either sign become small numbers. */
static inline uint64_t coding_zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static inline uint64_t coding_unzigzag(uint64_t value)
{
    return value >> 1 ^ (0 - (value & 1));
}

/* Seven bits a byte, the lowest first; bit 7: more follow. */
static inline char *coding_put(char *out, uint64_t value)
{
    while (value >= 0x80) {
        *out++ = (char)(value | 0x80);
        value >>= 7;
    }
    *out++ = (char)value;
    return out;
}

/* The same, and one byte behind it may change. Whether it is one byte or two costs no
 * branch: that is what cannot be predicted about a stream from which everything predictable was
 * taken. */
static inline char *coding_put_short(char *out, uint64_t value)
{
    if (__builtin_expect(value >= 1u << 14, 0))
        return coding_put(out, value);
    const unsigned longer = value >= 0x80;
    out[0] = (char)(value | longer << 7);
    out[1] = (char)(value >> 7);
    return out + 1 + longer;
}

/* NULL: it does not end, or is longer than seven bytes. */
static inline const char *coding_get(const char *p, const char *end, uint64_t *value)
{
    uint64_t sum = 0;
    for (unsigned shift = 0; p < end && shift <= 42; shift += 7) {
        const unsigned char byte = (unsigned char)*p++;
        sum |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = sum;
            return p;
        }
    }
    return NULL;
}

static inline const char *coding_get_key(const char *p, const char *end, uint32_t *key)
{
    *key = 0;
    if (end - p < CODING_KEY_BYTES)
        return NULL;
    memcpy(key, p, CODING_KEY_BYTES);
    *key &= (1u << CODING_KEY_BITS) - 1;
    return p + CODING_KEY_BYTES;
}

/* ---- blocks: chunk heads as they are, the units of each chunk coded ----------------------------
 */

struct coding {
    unsigned unit_bytes;
    unsigned most; /* coded bytes of a unit at most */
    /* So many units, for which there is room; counts them by kind. */
    char *(*encode)(void *coder, const char *units, size_t count, char *out, uint32_t *kinds);
    const char *(*decode)(void *coder, const char *p, const char *end, char *unit);
};

/* The coded bytes, or 0 when they would not be fewer than raw_bytes; `out` has room for those. The
 * kind of a unit is in its lowest four bits. */
static inline __attribute__((always_inline)) size_t coding_encode(const struct coding *how,
                                                                  void *coder, const char *raw,
                                                                  size_t raw_bytes, char *out,
                                                                  uint32_t kinds[TRACE_WIRE_KINDS])
{
    const char *const end = raw + raw_bytes;
    char *const begin = out, *const limit = out + raw_bytes;
    memset(kinds, 0, TRACE_WIRE_KINDS * sizeof(*kinds));
    while (raw < end) {
        struct trace_chunk_head head;
        if ((size_t)(end - raw) < sizeof(head) || (size_t)(limit - out) <= sizeof(head))
            return 0;
        memcpy(&head, raw, sizeof(head));
        memcpy(out, raw, sizeof(head));
        raw += sizeof(head);
        out += sizeof(head);
        if (head.bytes % how->unit_bytes || head.bytes > (size_t)(end - raw))
            return 0;
        for (const char *const next = raw + head.bytes; raw < next;) {
            const size_t left = (size_t)(next - raw) / how->unit_bytes;
            const size_t room = (size_t)(limit - out - 1) / how->most;
            const size_t count = left < room ? left : room;
            if (count == 0)
                return 0;
            out = how->encode(coder, raw, count, out, kinds);
            raw += count * how->unit_bytes;
        }
    }
    return (size_t)(out - begin);
}

/* Exactly raw_bytes come out, or false. */
static inline __attribute__((always_inline)) bool coding_decode(const struct coding *how,
                                                                void *coder, const char *coded,
                                                                size_t coded_bytes, char *raw,
                                                                size_t raw_bytes)
{
    const char *p = coded, *const end = coded + coded_bytes;
    char *const limit = raw + raw_bytes;
    while (raw < limit) {
        struct trace_chunk_head head;
        if ((size_t)(end - p) < sizeof(head) || (size_t)(limit - raw) < sizeof(head))
            return false;
        memcpy(&head, p, sizeof(head));
        memcpy(raw, p, sizeof(head));
        p += sizeof(head);
        raw += sizeof(head);
        if (head.bytes % how->unit_bytes || head.bytes > (size_t)(limit - raw))
            return false;
        for (uint32_t at = 0; at < head.bytes; at += how->unit_bytes) {
            p = how->decode(coder, p, end, raw + at);
            if (!p)
                return false;
        }
        raw += head.bytes;
    }
    return p == end;
}

#endif
