// Where reachability starts, the same for dominators and for paths: the targets of the snapshot's
// roots, in order of preference, and then the objects that native code must be holding because
// their refcount is higher than everything that is known to refer to them.
#ifndef BRILLE_INSPECTOR_ANALYSIS_REACH_H
#define BRILLE_INSPECTOR_ANALYSIS_REACH_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "inspector/model/snapshot.h"
#include <stdbool.h>
#include <stdint.h>

struct start {
    uint32_t object;
    uint32_t root; // row in snapshot->roots; ORDINAL_NONE: held by native code
};

VEC_DEFINE(start_vec, struct start);

// Whether the root may be a mistake: a word that was found by scanning and looks like a reference.
// Free lists and caches are full of such words, so a sure root is the better reason.
bool reach_is_guess(const struct snapshot_root *root);

// Sure roots first, guesses behind them; both by kind (in the order of kinds.def), then by root
// name, then by address; one per root, so an object can come several times. Native holders come
// last, by address. EDGES are loaded.
struct error *reach_starts(struct snapshot *snapshot, struct start_vec *ret);

// What the starting points reach through references that retain: a bitmap of object_count bits, bit
// o & 7 of byte o / 8, that the caller frees. EDGES are loaded.
struct error *reach_mark(const struct snapshot *s, const struct start_vec *starts, uint8_t **ret);

static inline bool reach_marked(const uint8_t *marks, uint32_t o)
{
    return marks[o / 8] >> (o % 8) & 1;
}

#endif
