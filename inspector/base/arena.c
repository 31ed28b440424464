#include "inspector/base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_CHUNK_BYTES = 64 * 1024 - 64, ARENA_ALIGN = 16 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t used;
    size_t size;
    size_t unused_; // keeps data aligned to ARENA_ALIGN
    unsigned char data[];
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena){0};
}

void arena_deinit(struct arena *arena)
{
    struct arena_chunk *chunk = arena->head;
    while (chunk) {
        struct arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    arena_init(arena);
}

static struct arena_chunk *arena_chunk_create(size_t size_bytes)
{
    struct arena_chunk *chunk = calloc(1, sizeof *chunk + size_bytes);
    if (chunk)
        chunk->size = size_bytes;
    return chunk;
}

// A chunk with at least `size_bytes` free, linked into the list; NULL without memory.
static struct arena_chunk *arena_chunk_for(struct arena *arena, size_t size_bytes)
{
    struct arena_chunk *head = arena->head;
    if (head && head->size - head->used >= size_bytes)
        return head;
    int large = size_bytes > ARENA_CHUNK_BYTES / 4;
    struct arena_chunk *chunk = arena_chunk_create(large ? size_bytes : ARENA_CHUNK_BYTES);
    if (!chunk)
        return NULL;
    if (large && head) {
        chunk->next = head->next;
        head->next = chunk;
    } else {
        chunk->next = head;
        arena->head = chunk;
    }
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size_bytes)
{
    if (size_bytes > SIZE_MAX / 2)
        return NULL;
    size_t rounded = (size_bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (rounded == 0)
        rounded = ARENA_ALIGN;
    struct arena_chunk *chunk = arena_chunk_for(arena, rounded);
    if (!chunk)
        return NULL;
    void *memory = chunk->data + chunk->used;
    chunk->used += rounded;
    arena->allocated_bytes += rounded;
    return memory;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size_bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, size_bytes, &total))
        return NULL;
    return arena_alloc(arena, total);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    if (length == SIZE_MAX)
        return NULL;
    char *copy = arena_alloc(arena, length + 1);
    if (copy)
        memcpy(copy, text, length);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}
