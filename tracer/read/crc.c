/* See crc.h. The table is for reflected polynomial 0x82f63b78 and filled at first use; filling it
 * twice at once writes the same values. */
#include "tracer/read/crc.h"

#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t crc_fast(uint32_t crc, const unsigned char *data,
                                                           size_t bytes)
{
    uint64_t wide = crc;
    for (; bytes >= 8; bytes -= 8, data += 8) {
        uint64_t word;
        memcpy(&word, data, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    crc = (uint32_t)wide;
    for (; bytes; bytes--)
        crc = _mm_crc32_u8(crc, *data++);
    return crc;
}

static bool crc_has_fast(void)
{
    return __builtin_cpu_supports("sse4.2");
}
#else
static uint32_t crc_fast(uint32_t crc, const unsigned char *data, size_t bytes)
{
    (void)data;
    (void)bytes;
    return crc;
}

static bool crc_has_fast(void)
{
    return false;
}
#endif

static uint32_t crc_slow(uint32_t crc, const unsigned char *data, size_t bytes)
{
    static uint32_t table[256];
    if (table[1] == 0) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t value = i;
            for (int bit = 0; bit < 8; bit++)
                value = value >> 1 ^ (value & 1 ? 0x82f63b78u : 0);
            table[i] = value;
        }
    }
    for (; bytes; bytes--)
        crc = crc >> 8 ^ table[(crc ^ *data++) & 0xff];
    return crc;
}

uint32_t trace_crc32c(uint32_t crc, const void *data, size_t bytes)
{
    crc = ~crc;
    crc = crc_has_fast() ? crc_fast(crc, data, bytes) : crc_slow(crc, data, bytes);
    return ~crc;
}
