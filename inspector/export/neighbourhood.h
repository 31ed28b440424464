// The part of a graph that a drawing shows.
//
// Graphs of more than a few hundred nodes cannot be looked at, so only a part is drawn: without a
// focus the objects that retain most, with one its shortest path from a root and its surroundings
// in both directions.
#ifndef BRILLE_INSPECTOR_EXPORT_NEIGHBOURHOOD_H
#define BRILLE_INSPECTOR_EXPORT_NEIGHBOURHOOD_H

#include "inspector/analysis/dominators.h"
#include "inspector/analysis/paths.h"
#include "inspector/base/vec.h"
#include "inspector/export/export.h"
#include <stdint.h>

struct neighbourhood {
    struct snapshot *s;
    struct dominators *d;
    struct paths *p;
    uint8_t *chosen; // by ordinal: 1 or 0
    struct u32_vec nodes;
    uint32_t limit;
};

// Loads what it needs of the snapshot. Deinit after failure, too.
struct error *neighbourhood_init(struct neighbourhood *part, struct snapshot *snapshot,
                                 const struct export_options *options);
void neighbourhood_deinit(struct neighbourhood *part);

#endif
