// The chunk cache behind reader.h. A chunk that is evicted leaves its bucket and the recent ones
// first.
#include "inspector/target/cpython/reader.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    BUCKET_BITS = 16,
    CHUNKS_LEAST = 48, // 3 MiB
    CHUNKS_MOST = 1 << 20,
};

static uint32_t chunk_limit(uint64_t limit_bytes)
{
    const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    if (!limit_bytes && pages > 0 && page_bytes > 0)
        limit_bytes = (uint64_t)pages * (uint64_t)page_bytes / 8;
    const uint64_t chunks = limit_bytes / READER_CHUNK_BYTES;
    return chunks < CHUNKS_LEAST  ? CHUNKS_LEAST
           : chunks > CHUNKS_MOST ? CHUNKS_MOST
                                  : (uint32_t)chunks;
}

struct error *reader_init(struct cpy_reader *reader, struct mem_source *source,
                          uint64_t limit_bytes)
{
    *reader = (struct cpy_reader){.source = source, .limit = chunk_limit(limit_bytes)};
    reader->chunks = calloc(reader->limit, sizeof *reader->chunks);
    reader->buckets = calloc((size_t)1 << BUCKET_BITS, sizeof *reader->buckets);
    if (reader->chunks && reader->buckets)
        return NULL;
    reader_deinit(reader);
    return &error_no_memory;
}

void reader_deinit(struct cpy_reader *reader)
{
    for (uint32_t i = 0; i < reader->count; i++)
        free(reader->chunks[i].bytes);
    free(reader->chunks);
    free(reader->buckets);
    *reader = (struct cpy_reader){0};
}

static uint32_t *bucket_of(struct cpy_reader *reader, uint64_t number)
{
    return &reader->buckets[number * 0x9e3779b97f4a7c15ull >> (64 - BUCKET_BITS)];
}

static void forget(struct cpy_reader *reader, uint32_t index)
{
    const uint64_t number = reader->chunks[index].number;
    uint32_t *link = bucket_of(reader, number);
    while (*link && *link != index + 1)
        link = &reader->chunks[*link - 1].next;
    if (*link)
        *link = reader->chunks[index].next;
    struct reader_recent *recent = &reader->recent[number % READER_RECENT];
    if (recent->number == number)
        *recent = (struct reader_recent){0};
}

// Pages `first` to `last` of the chunk.
static void fetch(struct cpy_reader *reader, struct reader_chunk *chunk, size_t first, size_t last)
{
    const uint64_t base = chunk->number << READER_CHUNK_BITS;
    const size_t end = (last + 1) * READER_PAGE_BYTES;
    for (size_t offset = first * READER_PAGE_BYTES; offset < end;) {
        const size_t got = mem_read_some(reader->source, remote_at(base + offset),
                                         chunk->bytes + offset, end - offset) /
                           READER_PAGE_BYTES;
        for (size_t i = 0; i < got; i++)
            chunk->pages |= (uint16_t)(1u << (offset / READER_PAGE_BYTES + i));
        offset += (got + 1) * READER_PAGE_BYTES; // the page after them cannot be read
        reader->fetched_bytes += got * READER_PAGE_BYTES;
    }
    for (size_t page = first; page <= last; page++)
        chunk->tried |= (uint16_t)(1u << page);
    reader->last_fetched = chunk->number;
}

// An index that may be filled anew; UINT32_MAX without memory.
static uint32_t take_chunk(struct cpy_reader *reader)
{
    if (reader->count < reader->limit) {
        unsigned char *bytes = malloc(READER_CHUNK_BYTES);
        if (bytes) {
            reader->chunks[reader->count].bytes = bytes;
            return reader->count++;
        }
        if (reader->count < 16) {
            reader->out_of_memory = true;
            return UINT32_MAX;
        }
        reader->limit = reader->count; // go on with what there is
    }
    const uint32_t index = reader->turn;
    reader->turn = (index + 1) % reader->limit;
    forget(reader, index);
    return index;
}

static struct reader_chunk *find_chunk(struct cpy_reader *reader, uint64_t number)
{
    for (uint32_t i = *bucket_of(reader, number); i; i = reader->chunks[i - 1].next)
        if (reader->chunks[i - 1].number == number)
            return &reader->chunks[i - 1];
    const uint32_t index = take_chunk(reader);
    if (index == UINT32_MAX)
        return NULL;
    struct reader_chunk *chunk = &reader->chunks[index];
    uint32_t *bucket = bucket_of(reader, number);
    chunk->number = number;
    chunk->pages = chunk->tried = 0;
    chunk->next = *bucket;
    *bucket = index + 1;
    return chunk;
}

// The chunk with its pages `first` to `last`.
static const struct reader_chunk *chunk_at(struct cpy_reader *reader, uint64_t number, size_t first,
                                           size_t last)
{
    const uint16_t needed = (uint16_t)((2u << last) - (1u << first));
    struct reader_chunk *chunk = find_chunk(reader, number);
    if (!chunk || (chunk->tried & needed) == needed)
        return chunk;
    // Forwards, backwards, or the second time here: more of it will be asked for.
    const bool nearby = number - reader->last_fetched + 1 <= 2;
    if (reader->count < reader->limit || nearby)
        fetch(reader, chunk, 0, READER_CHUNK_BYTES / READER_PAGE_BYTES - 1);
    else
        fetch(reader, chunk, first, last);
    return chunk;
}

bool reader_read_slow(struct cpy_reader *reader, uint64_t address, void *buffer, size_t length)
{
    if (address + length < address || address + length > (uint64_t)1 << 47)
        return false;
    for (size_t done = 0; done < length;) {
        const uint64_t at = address + done;
        const size_t offset = at % READER_CHUNK_BYTES;
        size_t part = READER_CHUNK_BYTES - offset;
        if (part > length - done)
            part = length - done;
        const size_t first = offset / READER_PAGE_BYTES;
        const size_t last = (offset + part - 1) / READER_PAGE_BYTES;
        const struct reader_chunk *chunk = chunk_at(reader, at >> READER_CHUNK_BITS, first, last);
        if (!chunk)
            return false;
        for (size_t page = first; page <= last; page++)
            if (!(chunk->pages >> page & 1))
                return false;
        if (chunk->pages == UINT16_MAX)
            reader->recent[chunk->number % READER_RECENT] =
                (struct reader_recent){.number = chunk->number, .bytes = chunk->bytes};
        memcpy((char *)buffer + done, chunk->bytes + offset, part);
        done += part;
    }
    return true;
}

void reader_text(struct cpy_reader *reader, uint64_t address, char *buffer, size_t size)
{
    size_t i = 0;
    while (i + 1 < size && reader_read(reader, address + i, &buffer[i], 1) && buffer[i])
        i++;
    buffer[i] = 0;
}
