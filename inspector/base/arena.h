// A bump allocator: many small things with one lifetime.
//
// A snapshot's data (names, maps, symbol texts) live in one arena and die together in arena_deinit;
// nothing is freed one by one, and nothing ever moves, so pointers into it stay good. It is used by
// one thread at a time.
//
//     head -> [ newest chunk: used | free ] -> [ older chunk, full ] -> ... -> NULL
//
// invariant: allocated_bytes == sum of `used` over the chunks.
// A request larger than a quarter of a chunk gets a chunk of its own behind the head, so that one
// big string does not waste the rest of the current chunk.
#ifndef BRILLE_INSPECTOR_BASE_ARENA_H
#define BRILLE_INSPECTOR_BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *head;
    size_t allocated_bytes;
};

void arena_init(struct arena *arena);
void arena_deinit(struct arena *arena);

// Zeroed memory aligned to 16 bytes; NULL when there is none. A size of 0 gives a unique address.
void *arena_alloc(struct arena *arena, size_t size_bytes);
// `count` elements; NULL also when the product overflows.
void *arena_alloc_array(struct arena *arena, size_t count, size_t size_bytes);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);

#endif
