// A .heap file as header, table and checked sections: what heap_read.c decodes.
//
// A section is read whole, its CRCs are compared, and it is then decoded through a cursor that
// cannot leave it. The getters return false at the end of the section and for a number out of
// range; the caller turns that into heap_damaged_section().
#ifndef BRILLE_INSPECTOR_MODEL_HEAP_SECTION_H
#define BRILLE_INSPECTOR_MODEL_HEAP_SECTION_H

#include "inspector/base/error.h"
#include "inspector/base/progress.h"
#include "inspector/model/heap_format.h"
#include "inspector/model/snapshot.h"
#include "inspector/model/varint.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct heap_file {
    int fd;
    char *path;
    uint64_t file_bytes;
    uint64_t end;        // as the header says: what is behind is not part of it
    uint32_t header_crc; // tells one state of a growing file from another
    struct heap_section *sections;
    uint32_t section_count;
    uint8_t *checked;         // a bit for each block of each section whose CRC was compared
    struct progress progress; // of loading, in bytes
    uint64_t done_bytes;      // of the sections before the one that is being decoded
};

// Opens, checks header and table. The file may be half filled on failure; heap_file_close frees it.
struct error *heap_section_open_file(struct heap_file *file, const char *path);

// Reads header and table again, after something was added.
struct error *heap_section_reread(struct heap_file *file);

// NULL when the file has no such section.
const struct heap_section *heap_section_find(const struct heap_file *file, uint32_t tag);

struct cursor {
    uint8_t *bytes; // malloc'ed
    const uint8_t *at, *end;
    uint64_t count; // rows, as the table says: not checked
};

static inline void cursor_deinit(struct cursor *cursor)
{
    free(cursor->bytes);
}

#define _cleanup_cursor_ _cleanup_(cursor_deinit)

struct error *heap_section_read(const struct heap_file *file, uint32_t tag, struct cursor *ret);

// Bytes [offset, offset + length) of a section's body, cut to its end, with only the CRCs of the
// blocks they lie in compared, and those once. The cursor's count is the section's.
struct error *heap_section_part(struct heap_file *file, uint32_t tag, uint64_t offset,
                                uint64_t length, struct cursor *ret);

// A section of rows, at least a byte each: `rows` is zeroed memory for all of them.
struct error *heap_section_rows(const struct heap_file *file, uint32_t tag, size_t row_bytes,
                                struct cursor *cursor, void **rows, uint32_t *count);

struct error *heap_damaged(const struct heap_file *file, const char *what);
struct error *heap_damaged_section(const struct heap_file *file, uint32_t tag, const char *what);

static inline bool get(struct cursor *cursor, uint64_t *value)
{
    return varint_get(&cursor->at, cursor->end, value);
}

// A number below `limit`.
static inline bool get_below(struct cursor *cursor, uint64_t limit, uint32_t *value)
{
    uint64_t wide;
    if (!get(cursor, &wide) || wide >= limit)
        return false;
    *value = (uint32_t)wide;
    return true;
}

// 0 for none (ORDINAL_NONE), or number + 1 of a row below `limit`.
static inline bool get_or_none(struct cursor *cursor, uint64_t limit, uint32_t *value)
{
    uint64_t wide;
    if (!get(cursor, &wide) || wide > limit)
        return false;
    *value = wide ? (uint32_t)(wide - 1) : ORDINAL_NONE;
    return true;
}

#endif
