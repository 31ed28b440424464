// The chunk cache: finding, fetching, making room. See vmem.h.
//
// Chunks are cut from slabs of 2 MiB on huge pages, so that neither we nor the processor meet their
// pages one by one.
#include "inspector/target/ownvm/vmem.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    CHUNKS_LEAST = 1024, // 64 MiB, however small the machine
    KEPT_LEAST = 8 << 20,
    CHUNKS_ENOUGH = 16, // to go on with when there is no memory for more
    SLAB_BYTES = 2 << 20,
    SLAB_CHUNKS = SLAB_BYTES / VMEM_CHUNK_BYTES,
};

// At most a quarter of the machine's memory.
static uint32_t chunk_limit(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    const uint64_t bytes =
        pages > 0 && page_bytes > 0 ? (uint64_t)pages * (uint64_t)page_bytes / 4 : 0;
    const uint64_t chunks = bytes / VMEM_CHUNK_BYTES;
    return chunks < CHUNKS_LEAST ? CHUNKS_LEAST : chunks > 1u << 20 ? 1u << 20 : (uint32_t)chunks;
}

struct error *vmem_init(struct vmem *vmem, struct mem_source *source)
{
    *vmem = (struct vmem){.source = source, .limit = chunk_limit()};
    vmem->chunks = calloc(vmem->limit, sizeof *vmem->chunks);
    vmem->slabs = calloc(vmem->limit / SLAB_CHUNKS + 1, sizeof *vmem->slabs);
    vmem->top = calloc(1 << VMEM_TOP_BITS, sizeof(struct vmem_leaf *));
    if (vmem->chunks && vmem->slabs && vmem->top)
        return NULL;
    vmem_deinit(vmem);
    return &error_no_memory;
}

void vmem_keep(struct vmem *vmem, uint64_t bytes)
{
    const uint64_t chunks = (bytes > KEPT_LEAST ? bytes : KEPT_LEAST) / VMEM_CHUNK_BYTES;
    if (chunks < vmem->limit)
        vmem->limit = (uint32_t)chunks;
}

void vmem_deinit(struct vmem *vmem)
{
    for (uint32_t i = 0; i * SLAB_CHUNKS < vmem->count; i++)
        munmap(vmem->slabs[i], SLAB_BYTES);
    for (uint32_t i = 0; vmem->top && i < 1 << VMEM_TOP_BITS; i++)
        free(vmem->top[i]);
    free(vmem->chunks);
    free(vmem->slabs);
    free(vmem->top);
    *vmem = (struct vmem){0};
}

void vmem_set_maps(struct vmem *vmem, const struct maps *maps)
{
    vmem->maps = maps;
}

bool vmem_is_mapped(const struct vmem *vmem, uint64_t address)
{
    const struct map *map = vmem->maps ? maps_find(vmem->maps, address) : NULL;
    return !vmem->maps || (map && map->readable);
}

void vmem_set_dense(struct vmem *vmem, uint64_t begin, uint64_t size_bytes)
{
    vmem->dense_begin = begin;
    vmem->dense_bytes = size_bytes;
}

// ---- room ----

// Mapped with room to cut an aligned piece out of it. NULL without memory.
static unsigned char *slab_create(void)
{
    unsigned char *p = mmap(NULL, 2 * SLAB_BYTES, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    const size_t before = (SLAB_BYTES - (uintptr_t)p % SLAB_BYTES) % SLAB_BYTES;
    if (before)
        munmap(p, before);
    munmap(p + before + SLAB_BYTES, SLAB_BYTES - before);
    madvise(p + before, SLAB_BYTES, MADV_HUGEPAGE);
    return p + before;
}

static struct vmem_chunk **place_of(struct vmem *vmem, uint64_t number)
{
    struct vmem_leaf **leaf = &vmem->top[number >> VMEM_LEAF_BITS];
    if (!*leaf && !(*leaf = calloc(1, sizeof **leaf)))
        return NULL;
    return &(*leaf)->chunks[number & ((1 << VMEM_LEAF_BITS) - 1)];
}

// A chunk that may be filled anew; NULL without memory.
static struct vmem_chunk *take_chunk(struct vmem *vmem)
{
    if (vmem->count < vmem->limit) {
        unsigned char **slab = &vmem->slabs[vmem->count / SLAB_CHUNKS];
        const uint32_t part = vmem->count % SLAB_CHUNKS;
        if (part || (*slab = slab_create())) {
            struct vmem_chunk *chunk = &vmem->chunks[vmem->count++];
            chunk->bytes = *slab + (size_t)part * VMEM_CHUNK_BYTES;
            return chunk;
        }
        if (vmem->count < CHUNKS_ENOUGH)
            return NULL;
        vmem->limit = vmem->count; // go on with what there is
    }
    struct vmem_chunk *chunk = &vmem->chunks[vmem->turn];
    vmem->turn = (vmem->turn + 1) % vmem->limit;
    *place_of(vmem, chunk->number) = NULL; // its leaf exists
    return chunk;
}

// Found or begun; NULL without memory.
static struct vmem_chunk *chunk_at(struct vmem *vmem, uint64_t number)
{
    struct vmem_chunk **place = place_of(vmem, number);
    if (!place || (!*place && !(*place = take_chunk(vmem)))) {
        vmem->out_of_memory = true;
        return NULL;
    }
    if ((*place)->number != number || !(*place)->tried)
        **place = (struct vmem_chunk){.bytes = (*place)->bytes, .number = number};
    return *place;
}

// ---- fetching ----

// Pages first to last; those that were tried before are fetched again only if they lie in between.
static void fetch(struct vmem *vmem, struct vmem_chunk *chunk, unsigned first, unsigned last)
{
    const uint64_t base = chunk->number << VMEM_CHUNK_BITS;
    const size_t end = (size_t)(last + 1) * VMEM_PAGE_BYTES;
    for (size_t offset = (size_t)first * VMEM_PAGE_BYTES; offset < end;) {
        const size_t got = mem_read_some(vmem->source, remote_at(base + offset),
                                         chunk->bytes + offset, end - offset) /
                           VMEM_PAGE_BYTES;
        if (got)
            chunk->pages |= vmem_page_bits(offset, got * VMEM_PAGE_BYTES);
        offset += (got + 1) * VMEM_PAGE_BYTES; // the page after them cannot be read
    }
    chunk->tried |= (UINT32_C(2) << last) - (UINT32_C(1) << first);
}

const unsigned char *vmem_fetch(struct vmem *vmem, uint64_t address, size_t length)
{
    const size_t offset = address & (VMEM_CHUNK_BYTES - 1);
    if (address >> VMEM_ADDRESS_BITS || length > VMEM_CHUNK_BYTES - offset ||
        !vmem_is_mapped(vmem, address))
        return NULL;
    struct vmem_chunk *chunk = chunk_at(vmem, address >> VMEM_CHUNK_BITS);
    if (!chunk)
        return NULL;
    const uint32_t needed = vmem_page_bits(offset, length);
    const uint32_t missing = needed & ~chunk->tried;
    if (missing) {
        const bool dense = address - vmem->dense_begin < vmem->dense_bytes;
        const unsigned asked = (unsigned)__builtin_ctz(missing);
        const unsigned first = dense ? 0 : asked;
        const bool goes_on = asked > 0 && chunk->tried >> (asked - 1) & 1;
        const unsigned last =
            dense || goes_on ? VMEM_CHUNK_PAGES - 1 : 31 - (unsigned)__builtin_clz(missing);
        fetch(vmem, chunk, first, last);
    }
    return (chunk->pages & needed) == needed ? chunk->bytes + offset : NULL;
}

// What begins in one chunk and ends in another, and what is not there yet.
bool vmem_read_slow(struct vmem *vmem, uint64_t address, void *buffer, size_t length)
{
    if (address + length < address || (address + length) >> VMEM_ADDRESS_BITS)
        return false;
    for (size_t done = 0; done < length;) {
        const uint64_t at = address + done;
        size_t part = VMEM_CHUNK_BYTES - (at & (VMEM_CHUNK_BYTES - 1));
        if (part > length - done)
            part = length - done;
        const unsigned char *bytes = vmem_at(vmem, at, part);
        if (!bytes)
            return false;
        memcpy((char *)buffer + done, bytes, part);
        done += part;
    }
    return true;
}

void vmem_text(struct vmem *vmem, uint64_t address, char *buffer, size_t size)
{
    size_t i = 0;
    while (i + 1 < size && vmem_read(vmem, address + i, &buffer[i], 1) && buffer[i])
        i++;
    buffer[i] = 0;
}
