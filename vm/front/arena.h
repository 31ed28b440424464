/*
 * A bump arena: memory that is handed out in small pieces and dies all at once.
 *
 * The front end and the compiler make thousands of small objects whose lifetimes end together, when
 * the code object is built. None of them is ever freed alone, so an allocation is an addition and a
 * compare, and there is nothing to clean up on the error paths, which leave by longjmp.
 *
 * Blocks grow geometrically from 4 KiB to 1 MiB; a larger request gets a block of its own. Memory
 * is aligned to 16 bytes. arena_new() and friends return zeroed memory.
 *
 * Out of memory: the arena calls its `on_oom` jump buffer when one is set (the parser, the symbol
 * table and the compiler set one), otherwise it returns NULL.
 *
 * An arena belongs to one thread at a time.
 */
#ifndef BRILLE_VM_FRONT_ARENA_H
#define BRILLE_VM_FRONT_ARENA_H

#include <setjmp.h>
#include <stddef.h>
#include <string.h>

struct arena_block;

struct arena {
    char *next; /* first free byte of the newest block */
    char *end;  /* one past its last byte */
    struct arena_block *blocks;
    size_t block_size;  /* size of the next block */
    size_t total_bytes; /* of all blocks, to show what a compilation costs */
    jmp_buf *on_oom;    /* where to go when malloc fails; NULL: return NULL */
    void *names;        /* the interner's table, see ast_intern() */
    void *warnings;     /* struct ast_warning, newest first, see ast_warn() */
};

void arena_init(struct arena *arena);
void arena_deinit(struct arena *arena);

/* The slow path of arena_alloc(): opens a new block. */
void *arena_alloc_slow(struct arena *arena, size_t size);

/* Uninitialised memory of `size` bytes, aligned to 16. */
static inline void *arena_alloc(struct arena *arena, size_t size)
{
    if (size <= (size_t)(arena->end - arena->next)) {
        void *p = arena->next;
        /* Block sizes are multiples of 16, so rounding up never passes the end. */
        arena->next += (size + 15) & ~(size_t)15;
        return p;
    }
    return arena_alloc_slow(arena, size);
}

/* Zeroed memory. */
static inline void *arena_zalloc(struct arena *arena, size_t size)
{
    void *p = arena_alloc(arena, size);
    return p != NULL ? memset(p, 0, size) : NULL;
}

/* A copy of `size` bytes with a NUL behind it. */
char *arena_copy(struct arena *arena, const void *bytes, size_t size);

/* printf into the arena. */
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One zeroed object, or an array of `n`, of the given type. */
#define arena_new(arena, type)      ((type *)arena_zalloc((arena), sizeof(type)))
#define arena_array(arena, type, n) ((type *)arena_zalloc((arena), sizeof(type) * (size_t)(n)))

#endif
