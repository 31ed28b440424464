// Leak suspects: the few places a person should look at first.
//
// One dump: a suspect is an object at the top of the dominator tree that retains more than
// LEAK_SHARE_PERCENT of the heap. From it the walk goes down as long as one child holds at least
// LEAK_DROP_PERCENT of its parent; where it stops, bytes pile up: the accumulation point.
//
// Two or three dumps: a suspect is a place (analysis/growth.h) below which memory grew at every
// step. From the root of the places the walk goes down while one child has at least
// LEAK_DROP_PERCENT of the growth; the accumulation point is the last single object on that walk,
// usually the container that is never emptied.
//
// Both kinds come with what a person needs to act: the path from a root, a Python expression, the
// retained size, the growth, and which type the bytes consist of.
#ifndef BRILLE_INSPECTOR_ANALYSIS_LEAKS_H
#define BRILLE_INSPECTOR_ANALYSIS_LEAKS_H

#include "inspector/analysis/causes.h"
#include "inspector/analysis/dominators.h"
#include "inspector/analysis/growth.h"
#include "inspector/analysis/paths.h"
#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdbool.h>
#include <stdint.h>

#define LEAK_SHARE_PERCENT 10
#define LEAK_DROP_PERCENT  70
#define LEAK_SUSPECTS_MAX  16
#define OUTSIDE_GROWTH_MIN (1024 * 1024) // malloc keeps what was freed: less is no sign
#define LEAK_GROWTH_MIN    (64 * 1024)   // less growth than this is no suspect, unless asked for

struct leak {
    uint32_t object; // accumulation point in the newest snapshot; ORDINAL_NONE: many objects
    uint32_t place;  // in `growth`, ORDINAL_NONE with one dump
    uint64_t retained_bytes;
    uint64_t retained_before_bytes; // of the place in the oldest snapshot
    int64_t growth_bytes;           // 0 with one dump
    int64_t growth_count;
    uint64_t child_count; // what is kept: references of the accumulation point
    uint32_t type;        // of most bytes (or most of the growth) below it
    uint64_t type_count;  // how many of that type
    uint64_t type_size_bytes;
    int64_t step_growth_bytes[DIFF_SNAPSHOTS_MAX - 1];
    char *path;       // "__main__.CACHE -> dict"
    char *expression; // NULL when there is none
    char *where; // the place in which most of the growth is: "__main__.CACHE[*]._data"; or NULL
    char *why;   // one sentence: what sort of leak it is, with the evidence; or NULL
    enum cause cause;
};

struct leaks {
    uint32_t snapshot_count;
    struct leak *items; // most bytes first
    uint32_t count;
    uint64_t heap_bytes; // of the newest snapshot
    int64_t heap_growth_bytes;
    uint64_t largest_retained_bytes; // of what is neither module nor namespace: see --fail-on
    struct dominators *dominators;   // of the newest snapshot
    struct growth *growth;           // NULL with one dump
    struct paths *paths;             // of the newest snapshot
};

// One to three snapshots, oldest first. `growth_min_bytes`: smaller growth is no suspect.
struct error *leaks_create(struct snapshot *const *snapshots, uint32_t count,
                           uint64_t growth_min_bytes, struct leaks **ret);
void leaks_destroy(struct leaks *leaks);
CLEANUP_DEFINE(leaks_destroy, struct leaks *);

#endif
