// Memory of the captured process, cached in chunks: what every walk reads through.
//
// A heap graph is walked object by object, and each object leads to a few words elsewhere: a list's
// items, a dict's table, the text of a key. A system call for each would cost more than the work.
// So memory is fetched in aligned chunks of 64 KiB that stay until the room is needed, the oldest
// first.
//
// Every read is a copy and says whether it succeeded; nothing here hands out pointers, so nothing
// can dangle when a chunk leaves. Pages that cannot be read are remembered per chunk.
//
// One thread at a time.
#ifndef BRILLE_INSPECTOR_TARGET_OWNVM_VMEM_H
#define BRILLE_INSPECTOR_TARGET_OWNVM_VMEM_H

#include "inspector/base/error.h"
#include "inspector/proc/mem_source.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    VMEM_CHUNK_BITS = 16,
    VMEM_CHUNK_BYTES = 1 << VMEM_CHUNK_BITS,
    VMEM_PAGE_BYTES = 4096,
};

struct vmem_chunk;

struct vmem {
    struct mem_source *source; // borrowed
    struct vmem_chunk *chunks; // ring: the next one to reuse is at `turn`
    uint32_t count, limit, turn;
    uint32_t *buckets; // by chunk number: index + 1
    uint32_t bucket_mask;
    uint32_t last; // index + 1 of the chunk used last
    uint64_t fetched_bytes;
    bool out_of_memory;
};

struct error *vmem_init(struct vmem *vmem, struct mem_source *source);
void vmem_deinit(struct vmem *vmem);

// All or nothing; the buffer is undefined after false.
bool vmem_read(struct vmem *vmem, uint64_t address, void *buffer, size_t length);

static inline bool vmem_u64(struct vmem *vmem, uint64_t address, uint64_t *ret)
{
    return vmem_read(vmem, address, ret, sizeof *ret);
}

static inline bool vmem_u32(struct vmem *vmem, uint64_t address, uint32_t *ret)
{
    return vmem_read(vmem, address, ret, sizeof *ret);
}

// At most size - 1 characters of a C string, always terminated; ends early where memory ends.
void vmem_text(struct vmem *vmem, uint64_t address, char *buffer, size_t size);

#endif
