// Looking up single names in a big .heap file.
//
// A heap of ten million objects can have five million strings, and one dict of them a shape of ten
// million references: to read and check all of that takes longer than most questions, which want a
// dozen names. So the first analysis that stores something adds sections that say where each name
// is (docs/formats/heap.md):
//
//     NAMS   the strings of types, roots, threads, frames, areas: all that opening needs
//     SIDX   where every 64th string is in STRS
//     SHIX   where every 64th shape is in SHAP; SCNT: how many references each shape has
//     BIGS   where the pieces of the references of a big object are, in EDGE and in its shape
//
// A file that has them is opened without STRS and SHAP (heap_index_open); snapshot_load reads those
// when it is asked for labels or references, and then nobody sees a difference. Before that,
// peek.c asks here for one string or one shape.
//
// An index that lies leads to wrong names or to an error, never outside of a section.
#ifndef BRILLE_INSPECTOR_MODEL_HEAP_INDEX_H
#define BRILLE_INSPECTOR_MODEL_HEAP_INDEX_H

#include "inspector/base/error.h"
#include "inspector/model/heap_out.h"
#include "inspector/model/heap_section.h"
#include "inspector/model/snapshot.h"
#include <stdbool.h>
#include <stdint.h>

// ---- writing ----

// Whether there is so much to look up that it should be done without reading all.
bool heap_index_is_wanted(const struct snapshot *snapshot);

// Adds the sections. EDGES and LABELS are loaded, from the file that is added to.
struct error *heap_index_write(struct heap_out *out, const struct snapshot *snapshot);

// ---- reading ----

bool heap_index_is_there(const struct heap_file *file);

// What opening needs: the strings of rows, and how many strings and shapes there are.
struct error *heap_index_open(struct snapshot *snapshot);

// A string, between the cursor's `at` and `end`.
struct error *heap_index_string(const struct snapshot *snapshot, uint32_t id, struct cursor *ret);

// How many references a shape has.
struct error *heap_index_edge_count(const struct snapshot *snapshot, uint32_t shape, uint64_t *ret);

// The bytes of a shape from `begin` on, at most `length`, to be walked with shape_walk.
struct error *heap_index_shape(const struct snapshot *snapshot, uint32_t shape, uint64_t begin,
                               uint64_t length, struct cursor *ret);

#endif
