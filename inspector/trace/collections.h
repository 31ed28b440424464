// What the collector did, by generation, made of events.
//
// A collection is a gc_start and the gc_done of the same thread that follows it. One whose start
// or end lies outside what was recorded counts as a run without a time.
#ifndef BRILLE_INSPECTOR_TRACE_COLLECTIONS_H
#define BRILLE_INSPECTOR_TRACE_COLLECTIONS_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "tracer/read/event.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    COLLECTION_GENERATIONS = 3,
    COLLECTIONS_MAX = 1 << 20, // single runs that are kept; the sums go on
};

struct collection {
    uint64_t begin_ns, time_ns;
    uint32_t tid;
    uint32_t generation;
    uint32_t reason; // what the interpreter gave as the cause of the collection
    bool timed;
    uint64_t examined, freed, uncollectable, promoted;
};
VEC_DEFINE(collection_vec, struct collection);

struct collection_sum {
    uint64_t runs, timed_runs;
    uint64_t total_ns, max_ns;
    uint64_t examined, freed, uncollectable, promoted;
};

struct collections {
    bool begun;
    uint64_t begin_ns, end_ns; // of the window
    struct collection_sum sums[COLLECTION_GENERATIONS];
    struct collection_vec runs;
    struct collection open; // since gc_start
    bool is_open;
};

void collections_init(struct collections *collections);
void collections_deinit(struct collections *collections);
struct error *collections_feed(struct collections *collections, const struct trace_event *event);

#endif
