// Short cuts up long shortest paths, kept in the .heap file (section PSKP, docs/formats/heap.md).
//
// A linked list makes paths of millions of steps, and going up one of them step by step takes
// longer than anybody wants to wait. So some objects are stops: the stop above a stop is exactly
// SKIP_STEPS steps nearer to the root, and the highest has exactly SKIP_STEPS steps to it. Stops
// are numbered (rows) by rising ordinal; each row names the object and the row of the stop above.
//
// Where the stops are: at every SKIP_STEPS'th step from the root, if the path goes on below for at
// least SKIP_STEPS - 1 more. So there is at most one for every SKIP_STEPS objects, whatever the
// heap looks like, and who goes up from anywhere meets the root or a stop in less than
// 2 * SKIP_STEPS steps.
//
// As everything from a file, rows are hostile: skips_read refuses what is out of range, and
// skips_top what goes in a ring. Stops that lie lead to another object's path or to an error.
#ifndef BRILLE_INSPECTOR_ANALYSIS_SKIPS_H
#define BRILLE_INSPECTOR_ANALYSIS_SKIPS_H

#include "inspector/analysis/paths.h"
#include "inspector/base/error.h"
#include "inspector/model/heap_out.h"
#include "inspector/model/snapshot.h"
#include <stdbool.h>
#include <stdint.h>

#define SKIP_STEPS 64

struct skips {
    uint32_t *objects; // rising
    uint32_t *above;   // the row of the stop above, ORDINAL_NONE: the root comes next
    uint32_t count;
};

// Adds the section.
struct error *skips_write(struct heap_out *out, const struct paths *paths);

// The file has the section.
struct error *skips_read(const struct snapshot *snapshot, struct skips *ret);
void skips_deinit(struct skips *skips);

// The row of an object, ORDINAL_NONE: it is no stop.
uint32_t skips_find(const struct skips *skips, uint32_t object);

// The highest stop over `row`, and how many steps are between the two. False: there is no end.
bool skips_top(const struct skips *skips, uint32_t row, uint32_t *top, uint64_t *steps);

#endif
