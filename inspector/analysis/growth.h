// What grew, by path: which place in the program keeps more than it did.
//
// Every reachable object is filed under its merged path: the root's name and the names of the edges
// on its shortest path, with indices and keys of containers merged into [*]. All rows of a cache
// are one place, `__main__.CACHE[*]`, in the dump before and in the dump after, whatever their
// addresses and keys. Places form a tree (a trie), and a place's size is that of everything filed
// below it.
//
// A step that repeats the one before (.next.next.next) stays where it is, and below
// GROWTH_DEPTH_MAX steps paths end: a linked list is one place, not a million.
#ifndef BRILLE_INSPECTOR_ANALYSIS_GROWTH_H
#define BRILLE_INSPECTOR_ANALYSIS_GROWTH_H

#include "inspector/analysis/diff.h"
#include "inspector/analysis/paths.h"
#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"
#include "inspector/model/snapshot.h"
#include <stdint.h>

#define GROWTH_DEPTH_MAX 24
#define GROWTH_NATIVE    "native code" // the place of what native code alone keeps

struct growth_place {
    uint32_t parent; // place 0 is the root of the tree and its own parent
    uint32_t depth;
    uint32_t name;        // string id in growth->names
    uint32_t first_child; // ORDINAL_NONE at the end
    uint32_t next_sibling;
    uint32_t object;                         // the first object here in the newest snapshot
    uint64_t own_count[DIFF_SNAPSHOTS_MAX];  // objects exactly here, namespaces not counted
    uint64_t count[DIFF_SNAPSHOTS_MAX];      // here and below
    uint64_t size_bytes[DIFF_SNAPSHOTS_MAX]; // here and below
};

struct growth {
    uint32_t snapshot_count;
    struct strtab names;
    struct growth_place *places; // a parent comes before its children
    uint32_t count;
    // By ordinal of each snapshot; ORDINAL_NONE when unreachable. A namespace is where its owner
    // is.
    uint32_t *place_of[DIFF_SNAPSHOTS_MAX];
};

// `paths[i]` belongs to `snapshots[i]`; oldest first.
struct error *growth_create(struct snapshot *const *snapshots, struct paths *const *paths,
                            uint32_t count, struct growth **ret);
void growth_destroy(struct growth *growth);
CLEANUP_DEFINE(growth_destroy, struct growth *);

// Bytes from the first snapshot to the last.
static inline int64_t growth_bytes(const struct growth *g, const struct growth_place *place)
{
    return (int64_t)(place->size_bytes[g->snapshot_count - 1] - place->size_bytes[0]);
}

// "__main__.CACHE[*].items"
void growth_add_path(const struct growth *growth, uint32_t place, struct strbuf *out);

#endif
