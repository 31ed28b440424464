// Cycles: groups of objects each of which is reached from each other one.
//
// These are the strongly connected components of the graph (or of a part of it) that have at least
// two objects, or one that refers to itself. References that retain nothing make no cycle. Method:
// Tarjan 1972, iteratively, for a linked ring may have millions of objects.
#ifndef BRILLE_INSPECTOR_ANALYSIS_CYCLES_H
#define BRILLE_INSPECTOR_ANALYSIS_CYCLES_H

#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"
#include "inspector/model/snapshot.h"
#include <stdint.h>

struct cycles {
    uint32_t count;
    uint32_t *begin;   // count + 1 entries: objects[begin[i]] .. objects[begin[i + 1]] are cycle i,
    uint32_t *objects; // rising
};

// `part`: a bitmap (analysis/reach.h) of the objects to look at, NULL for all. Cycles are in order
// of their first object. EDGES are loaded.
struct error *cycles_create(struct snapshot *snapshot, const uint8_t *part, struct cycles **ret);
void cycles_destroy(struct cycles *cycles);
CLEANUP_DEFINE(cycles_destroy, struct cycles *);

// A shortest way round within cycle i, as objects, the first not repeated at the end. It begins at
// an object that says most: an instance of a class of the program where there is one. The caller
// frees.
struct error *cycles_ring(const struct cycles *cycles, const struct snapshot *snapshot, uint32_t i,
                          uint32_t **ret, uint32_t *count);

// "app.Node .next -> app.Node .parent -> back": long rings are shown in part. Namespaces are no
// steps of their own.
void cycles_add_ring(const struct snapshot *snapshot, const uint32_t *ring, uint32_t count,
                     struct strbuf *out);

#endif
