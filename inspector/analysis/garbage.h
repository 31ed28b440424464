// Garbage in cycles that the collector has not met yet, found without collecting.
//
// The collector's own method, trial deletion, on the copy: from the count of each tracked object
// the references that come from tracked objects are taken away. What has counts left is held from
// outside; it and everything that it reaches stays; the rest is garbage. Frozen objects (permanent
// generation) are never collected and count as outside.
//
// Garbage hangs together: a cycle keeps objects that are in no cycle, and untracked ones (texts,
// numbers) that nothing else refers to. They are told with the first cycle that keeps them.
#ifndef BRILLE_INSPECTOR_ANALYSIS_GARBAGE_H
#define BRILLE_INSPECTOR_ANALYSIS_GARBAGE_H

#include "inspector/analysis/cycles.h"
#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdint.h>

// Cycles that look alike: the same types, referring to each other by the same names.
struct garbage_group {
    uint32_t example; // number of a cycle
    uint64_t cycle_count;
    uint64_t object_count; // with what the cycles keep
    uint64_t size_bytes;
    uint8_t generation; // the highest of its objects: when they will be collected
    uint32_t *ring;     // of the example, see cycles_ring
    uint32_t ring_count;
    char *text; // see cycles_add_ring
};

struct garbage {
    uint64_t object_count;  // everything that a collection would free
    uint64_t tracked_count; // as many of it as gc.collect() would report
    uint64_t size_bytes;
    uint8_t *marks; // bitmap of it (analysis/reach.h)
    struct cycles *cycles;
    struct garbage_group *groups; // most bytes first
    uint32_t group_count;
};

struct error *garbage_create(struct snapshot *snapshot, struct garbage **ret);
void garbage_destroy(struct garbage *garbage);
CLEANUP_DEFINE(garbage_destroy, struct garbage *);

#endif
