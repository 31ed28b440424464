// A .heap file while it is being written: sections one after the other, each with its checksums,
// then the table, then the header.
//
// Bytes go out through one buffer of a CRC block. The first failure is kept in `error`; later calls
// do nothing, so that writing needs no test at every step. The header goes last, over the hole left
// for it (or over the old one when a file grows), so that a file whose end is missing has no
// beginning that tells of it.
#ifndef BRILLE_INSPECTOR_MODEL_HEAP_OUT_H
#define BRILLE_INSPECTOR_MODEL_HEAP_OUT_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "inspector/model/heap_format.h"
#include "inspector/model/snapshot.h"
#include <stddef.h>
#include <stdint.h>

VEC_DEFINE(section_vec, struct heap_section);

struct heap_out {
    int fd;
    const char *path; // for errors
    uint64_t offset;  // of the file, where the block in the buffer will go
    struct heap_section section;
    struct section_vec sections;
    struct u32_vec crcs; // of the current section's full blocks
    size_t used;
    uint8_t *block; // HEAP_BLOCK_BYTES
    struct error *error;
};

struct error *heap_out_init(struct heap_out *out, int fd, const char *path, uint64_t offset);
void heap_out_deinit(struct heap_out *out); // leaves fd open

void heap_out_fail(struct heap_out *out, struct error *err); // takes the error, NULL is fine
void heap_out_begin(struct heap_out *out, uint32_t tag, uint64_t count);
void heap_out_end(struct heap_out *out);
void heap_out_bytes(struct heap_out *out, const void *bytes, size_t length);
void heap_out_number(struct heap_out *out, uint64_t value); // a varint
void heap_out_numbers(struct heap_out *out, const uint64_t *values, uint32_t count);

// Writes table and header, or returns what failed before. *size_bytes is the length of the file.
struct error *heap_out_finish(struct heap_out *out, uint64_t *size_bytes);

// ---- columns ----

// One value for each object, in blocks (heap_format.h). Blocks do not depend on each other, and
// where each begins is kept for the index of columns.
struct column_guess {
    uint64_t value;
    uint32_t block; // number of the block it is from, plus 1
};

struct column_out {
    struct heap_out *out;
    const struct snapshot *s;
    bool predicts;                // not TYPC, from which is predicted
    struct column_guess *guesses; // by type
    uint32_t block;               // number of the current one
    uint32_t begin;               // ordinal of its first value
    uint32_t count;               // values in it
    struct u64_vec index;         // tag and number of blocks of a column, then where they begin
    uint64_t values[HEAP_COLUMN_BLOCK];
};

struct error *column_out_create(struct heap_out *out, const struct snapshot *snapshot,
                                struct column_out **ret);
void column_out_destroy(struct column_out *column);
CLEANUP_DEFINE(column_out_destroy, struct column_out *);

void column_out_begin(struct column_out *column, uint32_t tag);
void column_out_end(struct column_out *column);
void column_out_flush(struct column_out *column);

static inline void column_out_value(struct column_out *column, uint64_t value)
{
    column->values[column->count++] = value;
    if (column->count == HEAP_COLUMN_BLOCK)
        column_out_flush(column);
}

// Where the blocks of all columns so far begin, as a section with this tag.
void column_out_index(struct column_out *column, uint32_t tag);

#endif
