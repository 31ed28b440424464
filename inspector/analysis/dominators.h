// The dominator tree, and with it retained sizes: what would be freed if an object went.
//
// An object d dominates o when every path from the roots to o passes through d; the closest such d
// is o's immediate dominator. The retained size of d is the size of all it dominates, itself
// included. Edges that do not retain (weak, borrowed) do not count as paths.
//
// Roots are the snapshot's roots, and objects whose refcount is higher than what is explained: they
// are held by native code. What none of these reaches is unreachable (cyclic garbage not yet
// collected): it has no dominator and a retained size of 0.
//
// Method: Semi-NCA (Georgiadis 2005, "Linear-Time Algorithms for Dominators and Related Problems"),
// on a graph renumbered in depth-first preorder, all of it iterative: heaps hold lists with
// millions of links. The simpler Cooper-Harvey-Kennedy is quadratic on a doubly linked list.
#ifndef BRILLE_INSPECTOR_ANALYSIS_DOMINATORS_H
#define BRILLE_INSPECTOR_ANALYSIS_DOMINATORS_H

#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdint.h>

#define DOMINATOR_ROOT ORDINAL_NONE       // dominated by nothing but the roots together
#define DOMINATOR_NONE (ORDINAL_NONE - 1) // unreachable

// invariant (dominators_check): for reachable o, retained[o] == size(o) + the sum of retained over
// its children; total_bytes == the sum of sizes of the reachable.
struct dominators {
    uint32_t object_count;
    uint32_t reachable_count;
    uint64_t total_bytes;       // size of everything reachable
    uint64_t unreachable_bytes; // size of the rest
    uint32_t *parent;           // by ordinal: an ordinal, DOMINATOR_ROOT or DOMINATOR_NONE
    uint64_t *retained;         // by ordinal, bytes
    uint32_t *child_begin;      // object_count + 2 entries; row object_count is the root's
    uint32_t *children;         // biggest retained size first, ties by ordinal
};

struct error *dominators_create(struct snapshot *snapshot, struct dominators **ret);
void dominators_destroy(struct dominators *dominators);
CLEANUP_DEFINE(dominators_destroy, struct dominators *);

// What `o` dominates immediately; o == DOMINATOR_ROOT gives the top of the tree.
static inline const uint32_t *dominators_children(const struct dominators *d, uint32_t o,
                                                  uint32_t *count)
{
    const uint32_t row = o == DOMINATOR_ROOT ? d->object_count : o;
    *count = d->child_begin[row + 1] - d->child_begin[row];
    return d->children + d->child_begin[row];
}

void dominators_check(const struct dominators *dominators, const struct snapshot *snapshot);

#endif
