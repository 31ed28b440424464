// The texts of a large heap by number, found while it is walked, with little memory: what strtab.h
// does, for more texts than memory should hold.
//
// A heap of millions of objects has millions of labels, most of them different. The texts go to a
// spool. In memory are fingerprints of 96 bits instead, seeded anew in each process: those of the
// names of references and types, up to a limit, and those of the labels met last. A text that comes
// back later than that gets a second number. So at the end all fingerprints, which have been
// spooled too, in parts by their first bits, are compared: part by part the second numbers are
// found, and what uses numbers is told the new ones:
//
//     numbers while walking   0 1 2 3 4 5 6      the text of 4 is that of 2
//     numbers at the end      0 1 2 3 2 4 5      as strtab.h would have given them
//
// Two texts with one fingerprint would be taken for one: with a thousand million texts that happens
// in one heap of a hundred thousand million. A target that wants to be shown wrongly can do that in
// simpler ways.
#ifndef BRILLE_INSPECTOR_MODEL_TEXTS_H
#define BRILLE_INSPECTOR_MODEL_TEXTS_H

#include "inspector/base/spool.h"
#include "inspector/model/strtab.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct texts;

struct error *texts_create(struct spool_place *place, struct texts **ret);
void texts_destroy(struct texts *texts);
CLEANUP_DEFINE(texts_destroy, struct texts *);

// Cut to STRTAB_TEXT_MAX; 0 is the empty text. A name is one that will come again and again.
struct error *texts_name(struct texts *texts, const char *bytes, size_t length, uint32_t *id);
struct error *texts_label(struct texts *texts, const char *bytes, size_t length, uint32_t *id);
uint32_t texts_count(const struct texts *texts);

// From the numbers while walking to those at the end.
struct text_map {
    uint64_t *again;    // a bit for each number that is a second one; NULL when none is
    uint32_t *before;   // for each word of them, how many second ones come before it
    uint32_t *original; // of each second one, by how many come before it, the first one
};

static inline uint32_t text_map_before(const struct text_map *map, uint32_t id)
{
    const uint64_t below = map->again[id / 64] & ((UINT64_C(1) << id % 64) - 1);
    return map->before[id / 64] + (uint32_t)__builtin_popcountll(below);
}

static inline uint32_t text_map_get(const struct text_map *map, uint32_t id)
{
    if (!map->again)
        return id;
    if (map->again[id / 64] >> id % 64 & 1)
        id = map->original[text_map_before(map, id)];
    return id - text_map_before(map, id);
}

void text_map_deinit(struct text_map *map);

// No text can be added any more. *strings is as one that is only read, but its memory may belong to
// the set (spool.h).
struct error *texts_finish(struct texts *texts, struct text_map *map, struct strtab *strings,
                           struct spool_set *set);

#endif
