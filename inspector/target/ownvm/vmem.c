// The chunk cache. Lookups go by the chunk used last, then through a chained hash table; a chunk
// that is evicted leaves its chain first. See vmem.h.
#include "inspector/target/ownvm/vmem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// At most a quarter of the machine's memory, and never less than 64 MiB.
enum { CHUNKS_LEAST = 1024 };

struct vmem_chunk {
    uint64_t number; // address >> VMEM_CHUNK_BITS
    uint32_t next;   // in its bucket: index + 1
    uint16_t pages;  // bit for each page that could be read
    unsigned char *bytes;
};

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
    *vmem = (struct vmem){.source = source, .limit = chunk_limit(), .bucket_mask = (1u << 16) - 1};
    vmem->chunks = calloc(vmem->limit, sizeof *vmem->chunks);
    vmem->buckets = calloc((size_t)vmem->bucket_mask + 1, sizeof *vmem->buckets);
    if (vmem->chunks && vmem->buckets)
        return NULL;
    vmem_deinit(vmem);
    return &error_no_memory;
}

void vmem_deinit(struct vmem *vmem)
{
    for (uint32_t i = 0; i < vmem->count; i++)
        free(vmem->chunks[i].bytes);
    free(vmem->chunks);
    free(vmem->buckets);
    *vmem = (struct vmem){0};
}

static uint32_t *bucket_of(struct vmem *vmem, uint64_t number)
{
    return &vmem->buckets[(number * 0x9e3779b97f4a7c15ull >> 40) & vmem->bucket_mask];
}

static void forget(struct vmem *vmem, uint32_t index)
{
    uint32_t *link = bucket_of(vmem, vmem->chunks[index].number);
    while (*link && *link != index + 1)
        link = &vmem->chunks[*link - 1].next;
    if (*link)
        *link = vmem->chunks[index].next;
}

static void fetch(struct vmem *vmem, struct vmem_chunk *chunk)
{
    const uint64_t base = chunk->number << VMEM_CHUNK_BITS;
    chunk->pages = 0;
    for (size_t offset = 0; offset < VMEM_CHUNK_BYTES;) {
        const size_t got = mem_read_some(vmem->source, remote_at(base + offset),
                                         chunk->bytes + offset, VMEM_CHUNK_BYTES - offset) /
                           VMEM_PAGE_BYTES;
        for (size_t i = 0; i < got; i++)
            chunk->pages |= (uint16_t)(1u << (offset / VMEM_PAGE_BYTES + i));
        offset += (got + 1) * VMEM_PAGE_BYTES; // the page after them cannot be read
        vmem->fetched_bytes += got * VMEM_PAGE_BYTES;
    }
}

// An index that may be filled anew; UINT32_MAX without memory.
static uint32_t take_chunk(struct vmem *vmem)
{
    if (vmem->count < vmem->limit) {
        unsigned char *bytes = malloc(VMEM_CHUNK_BYTES);
        if (bytes) {
            vmem->chunks[vmem->count].bytes = bytes;
            return vmem->count++;
        }
        if (vmem->count < 16) {
            vmem->out_of_memory = true;
            return UINT32_MAX;
        }
        vmem->limit = vmem->count; // go on with what there is
    }
    const uint32_t index = vmem->turn;
    vmem->turn = (index + 1) % vmem->limit;
    forget(vmem, index);
    return index;
}

static struct vmem_chunk *chunk_at(struct vmem *vmem, uint64_t number)
{
    if (vmem->last && vmem->chunks[vmem->last - 1].number == number)
        return &vmem->chunks[vmem->last - 1];
    uint32_t *bucket = bucket_of(vmem, number);
    for (uint32_t i = *bucket; i; i = vmem->chunks[i - 1].next)
        if (vmem->chunks[i - 1].number == number) {
            vmem->last = i;
            return &vmem->chunks[i - 1];
        }
    const uint32_t index = take_chunk(vmem);
    if (index == UINT32_MAX)
        return NULL;
    struct vmem_chunk *chunk = &vmem->chunks[index];
    chunk->number = number;
    fetch(vmem, chunk);
    bucket = bucket_of(vmem, number);
    chunk->next = *bucket;
    *bucket = index + 1;
    vmem->last = index + 1;
    return chunk;
}

bool vmem_read(struct vmem *vmem, uint64_t address, void *buffer, size_t length)
{
    if (address + length < address || address >> 47)
        return false;
    for (size_t done = 0; done < length;) {
        const uint64_t at = address + done;
        const size_t offset = at % VMEM_CHUNK_BYTES;
        size_t part = VMEM_CHUNK_BYTES - offset;
        if (part > length - done)
            part = length - done;
        const struct vmem_chunk *chunk = chunk_at(vmem, at >> VMEM_CHUNK_BITS);
        if (!chunk)
            return false;
        for (size_t page = offset / VMEM_PAGE_BYTES; page <= (offset + part - 1) / VMEM_PAGE_BYTES;
             page++)
            if (!(chunk->pages >> page & 1))
                return false;
        memcpy((char *)buffer + done, chunk->bytes + offset, part);
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
