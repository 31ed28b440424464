// Memory of the captured process, in chunks: what every walk of a CPython heap reads through.
//
// A heap graph is walked object by object, and each object leads to a few words elsewhere. A system
// call for each would cost more than the work, so memory is fetched in aligned chunks of 64 KiB
// that stay until the room is needed, the oldest first. A small table of the chunks used last makes
// the common read a compare and a copy.
//
//     address -> recent[number mod 256] -> bytes          hit: a few instructions
//             -> hash of the number -> chunk -> bytes      known
//             -> fetched from the source                   new
//
// What is kept is bounded, so that looking at a process does not take as much memory as it has.
// Once there is no room left, a read that does not go on where the last one was fetches only the
// pages that it needs: lists whose members lie all over a heap then cost a page each, not a chunk.
//
// Every read is a copy and says whether it succeeded; nothing here hands out pointers, so nothing
// dangles when a chunk leaves. A page that cannot be read is remembered with its chunk.
//
// One thread at a time. The same source may be behind several readers.
#ifndef BRILLE_INSPECTOR_TARGET_CPYTHON_READER_H
#define BRILLE_INSPECTOR_TARGET_CPYTHON_READER_H

#include "inspector/base/error.h"
#include "inspector/proc/mem_source.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    READER_CHUNK_BITS = 16,
    READER_CHUNK_BYTES = 1 << READER_CHUNK_BITS,
    READER_PAGE_BYTES = 4096,
    READER_RECENT = 256,
};

struct reader_chunk {
    uint64_t number; // address >> READER_CHUNK_BITS
    uint32_t next;   // in its bucket: index + 1
    uint16_t pages;  // bit for each page that could be read,
    uint16_t tried;  // and for each of which that is known
    unsigned char *bytes;
};

// A chunk that is there as a whole.
struct reader_recent {
    uint64_t number;
    const unsigned char *bytes;
};

struct cpy_reader {
    struct mem_source *source;   // borrowed
    struct reader_chunk *chunks; // ring: the next one to reuse is at `turn`
    uint32_t count, limit, turn;
    uint32_t *buckets; // by hash of the chunk number: index + 1
    struct reader_recent recent[READER_RECENT];
    uint64_t last_fetched; // number of the chunk
    uint64_t fetched_bytes;
    bool out_of_memory;
};

// `limit_bytes` is what may be kept, 0 for a default that suits the machine.
struct error *reader_init(struct cpy_reader *reader, struct mem_source *source,
                          uint64_t limit_bytes);
void reader_deinit(struct cpy_reader *reader);

bool reader_read_slow(struct cpy_reader *reader, uint64_t address, void *buffer, size_t length);

// All or nothing; the buffer is undefined after false.
static inline bool reader_read(struct cpy_reader *reader, uint64_t address, void *buffer,
                               size_t length)
{
    const uint64_t number = address >> READER_CHUNK_BITS;
    const struct reader_recent *recent = &reader->recent[number % READER_RECENT];
    const size_t offset = address % READER_CHUNK_BYTES;
    if (recent->bytes && recent->number == number && length <= READER_CHUNK_BYTES - offset) {
        memcpy(buffer, recent->bytes + offset, length);
        return true;
    }
    return reader_read_slow(reader, address, buffer, length);
}

static inline bool reader_u64(struct cpy_reader *reader, uint64_t address, uint64_t *ret)
{
    return reader_read(reader, address, ret, sizeof *ret);
}

static inline bool reader_u32(struct cpy_reader *reader, uint64_t address, uint32_t *ret)
{
    return reader_read(reader, address, ret, sizeof *ret);
}

// At most size - 1 characters of a C string, always terminated; ends early where memory ends.
void reader_text(struct cpy_reader *reader, uint64_t address, char *buffer, size_t size);

#endif
