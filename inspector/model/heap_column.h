// Reading columns: all of one, or a single block.
//
// A block is decoded with nothing but its bytes and the types of its objects, which come from the
// column TYPC and need none. Values are not checked here beyond being numbers; who takes them does.
#ifndef BRILLE_INSPECTOR_MODEL_HEAP_COLUMN_H
#define BRILLE_INSPECTOR_MODEL_HEAP_COLUMN_H

#include "inspector/base/error.h"
#include "inspector/model/heap_section.h"
#include "inspector/model/snapshot.h"
#include <stdbool.h>
#include <stdint.h>

struct column_in {
    struct column_in_guess {
        uint64_t value;
        uint32_t block;                 // number of the block it is from, plus 1
    } * guesses;                        // by type
    uint32_t block;                     // blocks decoded so far
    uint64_t values[HEAP_COLUMN_BLOCK]; // room for who has none
};

struct error *column_in_create(uint32_t type_count, struct column_in **ret);
void column_in_destroy(struct column_in *column);
CLEANUP_DEFINE(column_in_destroy, struct column_in *);

// Decodes the block of `count` values at the cursor. `types`: of its objects; NULL for a column
// that is not predicted. False when the bytes are no block.
bool column_in_block(struct column_in *column, struct cursor *cursor, const uint32_t *types,
                     uint32_t count, uint64_t *values);

// Takes the values of ordinals from `begin`; says no to one that is out of range.
typedef bool column_store(struct snapshot *s, void *context, uint32_t begin, uint32_t count,
                          const uint64_t *values);

// Decodes a whole column. Types are loaded, unless it is theirs.
struct error *heap_column_read(struct snapshot *s, uint32_t tag, column_store *store,
                               void *context);

#endif
