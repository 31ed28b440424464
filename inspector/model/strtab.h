// Strings by number: every text of a snapshot once.
//
// Ids are dense, in order of first appearance; id 0 is the empty string. Texts are kept one behind
// the other, each followed by a NUL, so that an id is an offset and a length:
//
//     blob    | \0 | d i c t \0 | b u i l t i n s \0 |
//     begin     0    1            6                    15
//
// invariants: begin[0] == 0, begin rises strictly, begin[count] == blob length, and the byte before
// each begin[i], i > 0, is NUL. Texts may hold any byte, NUL too; strtab_text then shows a part.
//
// The same struct serves the builder (with a hash table, growing) and the reader (without). A
// reader of a big file may have only a few of the texts at first (`few`): `count` is then that of
// all, and the text of an id that is not among them is "".
#ifndef BRILLE_INSPECTOR_MODEL_STRTAB_H
#define BRILLE_INSPECTOR_MODEL_STRTAB_H

#include "inspector/base/error.h"
#include <stddef.h>
#include <stdint.h>

#define STRTAB_COUNT_MAX (UINT32_C(1) << 30)
#define STRTAB_TEXT_MAX  4096 // longer texts are cut: labels are for looking at, not for keeping

// Some texts of a table, by rising id. Not owned by the table.
struct strtab_few {
    const uint32_t *ids;
    const uint64_t *begin; // as in the table: count + 1 entries
    const char *blob;
    uint32_t count;
};

struct strtab {
    char *blob;
    size_t blob_bytes, blob_capacity;
    uint64_t *begin; // count + 1 entries
    size_t begin_capacity;
    uint32_t count;
    uint64_t *slots; // hash table of ids, see strtab.c; NULL in a table that is only read
    uint32_t slot_count;
    const struct strtab_few *few; // instead of blob and begin
};

struct error *strtab_init(struct strtab *table); // for interning
void strtab_deinit(struct strtab *table);

struct error *strtab_intern(struct strtab *table, const char *bytes, size_t length, uint32_t *id);
// The same in two steps, with something else done in between: looking a text up among millions is a
// cache miss, which the prefetch hides if it comes well before.
uint64_t strtab_hash(const char *bytes, size_t length);
void strtab_prefetch(const struct strtab *table, uint64_t hash);
struct error *strtab_intern_hashed(struct strtab *table, uint64_t hash, const char *bytes,
                                   size_t length, uint32_t *id);
// The id of a text that is there, 0 when it is not. Works on read-only tables too (linear then),
// but not where there are only a few texts.
uint32_t strtab_find(const struct strtab *table, const char *text);

const char *strtab_few_text(const struct strtab_few *few, uint32_t id);
size_t strtab_few_length(const struct strtab_few *few, uint32_t id);

static inline const char *strtab_text(const struct strtab *table, uint32_t id)
{
    if (__builtin_expect(table->few != NULL, 0))
        return strtab_few_text(table->few, id);
    return id < table->count ? table->blob + table->begin[id] : "";
}

static inline size_t strtab_length(const struct strtab *table, uint32_t id)
{
    if (__builtin_expect(table->few != NULL, 0))
        return strtab_few_length(table->few, id);
    return id < table->count ? (size_t)(table->begin[id + 1] - table->begin[id] - 1) : 0;
}

#endif
