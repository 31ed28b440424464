// Memory of the captured process, cached in chunks: what every walk reads through.
//
// A heap graph is walked object by object, and each object leads to a few words elsewhere: a list's
// items, a dict's table, the text of a key. A system call for each would cost more than the work.
// So memory is fetched by the page and kept in aligned chunks of 64 KiB, until the room is needed;
// then the chunk that came first leaves.
//
//     address   47 ....... 31 | 30 ....... 16 | 15 ... 12 | 11 ... 0
//                  top[]      |    leaf[]     |   page    |
//     top[] -> leaf[] -> chunk: which pages are there, and its 64 KiB
//
// How much is fetched at a time depends on where: in the dense range (where the pools are, of which
// every byte is looked at) the whole chunk; elsewhere the pages asked for, and the rest of the
// chunk when the page before them is there already, that is, when somebody reads on.
//
// Where the process has mapped nothing readable, nothing is fetched and nothing remembered, so that
// pointers which lie cost neither time nor memory.
//
// vmem_read copies and says whether it succeeded. vmem_at is for the few places where that is too
// slow: it hands out a pointer that is good until the next call of anything here, since a chunk may
// have to leave then. Pages that cannot be read are remembered.
//
// One thread at a time.
#ifndef BRILLE_INSPECTOR_TARGET_OWNVM_VMEM_H
#define BRILLE_INSPECTOR_TARGET_OWNVM_VMEM_H

#include "inspector/base/error.h"
#include "inspector/proc/maps.h"
#include "inspector/proc/mem_source.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    VMEM_PAGE_BITS = 12,
    VMEM_PAGE_BYTES = 1 << VMEM_PAGE_BITS,
    VMEM_CHUNK_BITS = 16,
    VMEM_CHUNK_BYTES = 1 << VMEM_CHUNK_BITS,
    VMEM_CHUNK_PAGES = VMEM_CHUNK_BYTES / VMEM_PAGE_BYTES,
    VMEM_ADDRESS_BITS = 47,
    VMEM_LEAF_BITS = 15,
    VMEM_TOP_BITS = VMEM_ADDRESS_BITS - VMEM_CHUNK_BITS - VMEM_LEAF_BITS,
};

struct vmem_chunk {
    unsigned char *bytes;
    uint64_t number; // address >> VMEM_CHUNK_BITS
    uint32_t tried;  // bit for each page that was asked for
    uint32_t pages;  // bit for each of them that could be read
};

struct vmem_leaf {
    struct vmem_chunk *chunks[1 << VMEM_LEAF_BITS];
};

struct vmem {
    struct mem_source *source; // borrowed
    struct vmem_leaf **top;
    struct vmem_chunk *chunks; // ring: the next one to reuse is at `turn`
    uint32_t count, limit, turn;
    unsigned char **slabs; // memory of the chunks, VMEM_SLAB_CHUNKS in each
    uint64_t dense_begin, dense_bytes;
    const struct maps *maps; // borrowed; NULL: anything may be mapped
    bool out_of_memory;
};

struct error *vmem_init(struct vmem *vmem, struct mem_source *source);
// Before the first read: keeps no more than so many bytes, 8 MiB at least. Without that it is a
// quarter of the machine's memory.
void vmem_keep(struct vmem *vmem, uint64_t bytes);
void vmem_deinit(struct vmem *vmem);
// What is mapped; `maps` must outlive the reading.
void vmem_set_maps(struct vmem *vmem, const struct maps *maps);
// Whether a byte may be there: it is in a readable mapping.
bool vmem_is_mapped(const struct vmem *vmem, uint64_t address);
// Where everything will be read.
void vmem_set_dense(struct vmem *vmem, uint64_t begin, uint64_t size_bytes);

// All or nothing; the buffer is undefined after false.
bool vmem_read_slow(struct vmem *vmem, uint64_t address, void *buffer, size_t length);

// The bits of the pages that hold `length` > 0 bytes of a chunk from `offset` on.
static inline uint32_t vmem_page_bits(size_t offset, size_t length)
{
    const unsigned first = (unsigned)(offset >> VMEM_PAGE_BITS),
                   last = (unsigned)((offset + length - 1) >> VMEM_PAGE_BITS);
    return (UINT32_C(2) << last) - (UINT32_C(1) << first);
}

// Where these bytes are, if they have been fetched and lie in one chunk, else NULL. Pages before
// `offset` in the chunk need not be there. length > 0.
static inline const unsigned char *vmem_peek(const struct vmem *vmem, uint64_t address,
                                             size_t length)
{
    const uint64_t number = address >> VMEM_CHUNK_BITS;
    const size_t offset = address & (VMEM_CHUNK_BYTES - 1);
    if (address >> VMEM_ADDRESS_BITS || length > VMEM_CHUNK_BYTES - offset)
        return NULL;
    const struct vmem_leaf *leaf = vmem->top[number >> VMEM_LEAF_BITS];
    if (!leaf)
        return NULL;
    const struct vmem_chunk *chunk = leaf->chunks[number & ((1 << VMEM_LEAF_BITS) - 1)];
    const uint32_t needed = vmem_page_bits(offset, length);
    return chunk && (chunk->pages & needed) == needed ? chunk->bytes + offset : NULL;
}

const unsigned char *vmem_fetch(struct vmem *vmem, uint64_t address, size_t length);

// These bytes, fetched if need be; NULL when they cannot be read or lie in two chunks. Good until
// the next call. length > 0.
static inline const unsigned char *vmem_at(struct vmem *vmem, uint64_t address, size_t length)
{
    const unsigned char *bytes = vmem_peek(vmem, address, length);
    return bytes ? bytes : vmem_fetch(vmem, address, length);
}

static inline bool vmem_read(struct vmem *vmem, uint64_t address, void *buffer, size_t length)
{
    const unsigned char *bytes = length ? vmem_peek(vmem, address, length) : NULL;
    if (!bytes)
        return vmem_read_slow(vmem, address, buffer, length);
    memcpy(buffer, bytes, length);
    return true;
}

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
