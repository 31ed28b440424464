// All the ways to an object: not one shortest path, but the shortest path through each thing that
// refers to it, with paths that read alike merged into one.
//
//     4,000 x  __main__.CACHE[*].user          1 x  __main__.ADMINS[*]
//
// Whoever wants an object gone must cut all of them. A way is spelled like a place (growth.h):
// indices and keys are [*]. A reference that can only be had through the object itself keeps
// nothing: it is counted in `own_count` and is no way. The ways to a type are the places of its
// objects, each counted by its own shortest path.
#ifndef BRILLE_INSPECTOR_ANALYSIS_WAYS_H
#define BRILLE_INSPECTOR_ANALYSIS_WAYS_H

#include "inspector/analysis/paths.h"
#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdint.h>

struct way {
    char *text;      // "__main__.CACHE[*].user"
    uint64_t count;  // references, or objects of the type, that read so
    uint64_t bytes;  // of a type: the objects themselves; 0 for an object
    uint32_t object; // the first referrer, or the first object of the type; ORDINAL_NONE: a root
    uint32_t length; // steps of its path, the root is 1
};

struct ways {
    struct way *items; // shortest first, then most
    uint32_t count;
    uint64_t total;     // the sum of their counts
    uint64_t own_count; // references from what the object itself keeps
    uint64_t garbage;   // references from, or objects of the type that are, unreachable
};

struct error *ways_to_object(struct snapshot *snapshot, struct paths *paths, uint32_t object,
                             struct ways **ret);
struct error *ways_to_type(struct snapshot *snapshot, struct paths *paths, uint32_t type,
                           struct ways **ret);
void ways_destroy(struct ways *ways);
CLEANUP_DEFINE(ways_destroy, struct ways *);

#endif
