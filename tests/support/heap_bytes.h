// The bytes of a .heap file, for tests that damage them.
#ifndef BRILLE_TESTS_SUPPORT_HEAP_BYTES_H
#define BRILLE_TESTS_SUPPORT_HEAP_BYTES_H

#include "inspector/model/crc32c.h"
#include "inspector/model/heap_format.h"
#include <assert.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAP_BYTES_FUNCTION static inline __attribute__((unused))

HEAP_BYTES_FUNCTION uint8_t *heap_bytes_read(const char *name, size_t *length)
{
    struct stat st;
    const int fd = open(name, O_RDONLY);
    assert(fd >= 0 && fstat(fd, &st) == 0);
    uint8_t *bytes = malloc((size_t)st.st_size);
    assert(read(fd, bytes, (size_t)st.st_size) == st.st_size);
    close(fd);
    *length = (size_t)st.st_size;
    return bytes;
}

HEAP_BYTES_FUNCTION void heap_bytes_write(const char *name, const uint8_t *bytes, size_t length)
{
    unlink(name); // some file systems flush to the disk what takes the place of an old file
    const int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert(fd >= 0);
    assert(write(fd, bytes, length) == (ssize_t)length);
    close(fd);
}

// An enemy fixes the checksums: decoding itself must hold.
HEAP_BYTES_FUNCTION void heap_bytes_fix(uint8_t *bytes, size_t length)
{
    struct heap_header header;
    memcpy(&header, bytes, sizeof header);
    if (header.table_offset > length ||
        header.section_count * sizeof(struct heap_section) > length - header.table_offset)
        return;
    for (uint32_t i = 0; i < header.section_count; i++) {
        struct heap_section section;
        memcpy(&section, bytes + header.table_offset + i * sizeof section, sizeof section);
        const uint64_t crcs = (section.offset + section.bytes + 7) & ~UINT64_C(7);
        for (uint64_t at = 0, block = 0; at < section.bytes; at += HEAP_BLOCK_BYTES, block++) {
            const uint64_t left = section.bytes - at;
            if (section.offset > length || section.bytes > length - section.offset ||
                crcs + block * 4 + 4 > length)
                break;
            const uint32_t crc = crc32c(0, bytes + section.offset + at,
                                        left < HEAP_BLOCK_BYTES ? left : HEAP_BLOCK_BYTES);
            memcpy(bytes + crcs + block * 4, &crc, 4);
        }
    }
    header.table_crc =
        crc32c(0, bytes + header.table_offset, header.section_count * sizeof(struct heap_section));
    header.header_crc = crc32c(0, &header, offsetof(struct heap_header, header_crc));
    memcpy(bytes, &header, sizeof header);
}

#endif
