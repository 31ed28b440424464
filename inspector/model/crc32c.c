// CRC-32C with the processor's instruction, eight bytes at a time, and by table.
#include "inspector/model/crc32c.h"

#include <string.h>

uint32_t crc32c_portable(uint32_t crc, const void *bytes, size_t length)
{
    static uint32_t table[256];
    if (!table[1])
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t value = i;
            for (int bit = 0; bit < 8; bit++)
                value = value >> 1 ^ (value & 1 ? UINT32_C(0x82f63b78) : 0);
            table[i] = value;
        }
    const unsigned char *p = bytes;
    crc = ~crc;
    while (length--)
        crc = table[(crc ^ *p++) & 0xff] ^ crc >> 8;
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_hardware(uint32_t crc, const void *bytes,
                                                                  size_t length)
{
    const unsigned char *p = bytes;
    uint64_t state = ~crc;
    for (; length >= 8; length -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        state = __builtin_ia32_crc32di(state, word);
    }
    uint32_t rest = (uint32_t)state;
    while (length--)
        rest = __builtin_ia32_crc32qi(rest, *p++);
    return ~rest;
}
#endif

uint32_t crc32c(uint32_t crc, const void *bytes, size_t length)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2"))
        return crc32c_hardware(crc, bytes, length);
#endif
    return crc32c_portable(crc, bytes, length);
}
