/*
 * The bump arena: see arena.h for the contract. Blocks form a singly linked list, newest first; the
 * header of each block is one link, padded so that the payload is aligned.
 */
#include "vm/front/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    FIRST_BLOCK_BYTES = 4096,
    LAST_BLOCK_BYTES = 1 << 20,
};

struct arena_block {
    struct arena_block *older;
    size_t size;
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena){.block_size = FIRST_BLOCK_BYTES};
}

void arena_deinit(struct arena *arena)
{
    struct arena_block *block = arena->blocks;
    while (block != NULL) {
        struct arena_block *older = block->older;
        free(block);
        block = older;
    }
    arena_init(arena);
}

static void *out_of_memory(struct arena *arena)
{
    if (arena->on_oom != NULL) {
        longjmp(*arena->on_oom, 1);
    }
    return NULL;
}

void *arena_alloc_slow(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2) {
        return out_of_memory(arena);
    }
    const size_t need = ((size + 15) & ~(size_t)15) + sizeof(struct arena_block);
    const size_t block_size = need > arena->block_size ? need : arena->block_size;
    struct arena_block *block = malloc(block_size);
    if (block == NULL) {
        return out_of_memory(arena);
    }
    *block = (struct arena_block){.older = arena->blocks, .size = block_size};
    arena->blocks = block;
    arena->total_bytes += block_size;
    if (arena->block_size < LAST_BLOCK_BYTES) {
        arena->block_size *= 2;
    }
    char *payload = (char *)(block + 1);
    char *end = (char *)block + block_size;
    char *next = payload + ((size + 15) & ~(size_t)15);
    /* A huge request must not throw away the rest of the current block. */
    if ((size_t)(end - next) > (size_t)(arena->end - arena->next)) {
        arena->next = next;
        arena->end = end;
    }
    return payload;
}

char *arena_copy(struct arena *arena, const void *bytes, size_t size)
{
    char *copy = arena_alloc(arena, size + 1);
    if (copy != NULL) {
        if (size > 0) {
            memcpy(copy, bytes, size);
        }
        copy[size] = '\0';
    }
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    const int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = len < 0 ? NULL : arena_alloc(arena, (size_t)len + 1);
    if (text != NULL) {
        vsnprintf(text, (size_t)len + 1, format, again);
    }
    va_end(again);
    return text;
}
