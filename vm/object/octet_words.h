/* Eight octets at a time in a 64-bit word: loading, and marking those that are equal to one.
 *
 * A mark is the top bit of an octet, and the marks are exact: no octet beside a marked one is
 * marked by a carry. Octets are numbered as they lie in memory. For searching, counting and mapping
 * short texts, where a call to the C library costs more than the work.
 */
#ifndef BRILLE_VM_OBJECT_OCTET_WORDS_H
#define BRILLE_VM_OBJECT_OCTET_WORDS_H

#include <stdint.h>
#include <string.h>

#define OCTET_ONES UINT64_C(0x0101010101010101)
#define OCTET_TOPS UINT64_C(0x8080808080808080)

static inline uint64_t octets_load(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline void octets_store(uint8_t *p, uint64_t word)
{
    memcpy(p, &word, sizeof word);
}

/* Marks the octets of the word that are zero. */
static inline uint64_t octets_mark_zero(uint64_t word)
{
    return ~(((word & ~OCTET_TOPS) + ~OCTET_TOPS) | word | ~OCTET_TOPS);
}

/* Marks those that are c. */
static inline uint64_t octets_mark(uint64_t word, uint8_t c)
{
    return octets_mark_zero(word ^ OCTET_ONES * c);
}

static inline int octets_marked(uint64_t marks)
{
    return (int)((marks >> 7) * OCTET_ONES >> 56);
}

/* All bits of the marked octets. */
static inline uint64_t octets_widen(uint64_t marks)
{
    return (marks >> 7) * 0xff;
}

/* The number of the first marked octet; there is one. */
static inline int octets_first(uint64_t marks)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_ctzll(marks) / 8;
#else
    return __builtin_clzll(marks) / 8;
#endif
}

static inline uint64_t octets_drop_first(uint64_t marks)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return marks & (marks - 1);
#else
    return marks & ~(UINT64_C(1) << (63 - __builtin_clzll(marks)));
#endif
}

#endif
