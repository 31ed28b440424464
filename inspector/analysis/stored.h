// Results of analyses that are kept in the .heap file (docs/formats/heap.md).
//
// Loading asks the file; *found says whether it had the result. What comes from a file is hostile
// like the rest of it and is checked before it is believed: a tree of dominators must be a tree and
// add up. Saving is a favour to the next reader: it is done for heaps that take a while
// (STORED_OBJECTS_LEAST objects and more), and what goes wrong with it is told only under
// BRILLE_DEBUG. BRILLE_STORE=never in the environment leaves all files as they are, always
// stores for small heaps too.
#ifndef BRILLE_INSPECTOR_ANALYSIS_STORED_H
#define BRILLE_INSPECTOR_ANALYSIS_STORED_H

#include "inspector/analysis/dominators.h"
#include "inspector/analysis/histogram.h"
#include "inspector/analysis/paths.h"
#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdbool.h>

#define STORED_OBJECTS_LEAST 200000

// Whether the file has the dominators, so that nobody has to compute them.
bool stored_dominators_are_there(const struct snapshot *snapshot);

// Fills parent, retained, the totals and reachable_count, but not the children. COLUMNS are loaded.
struct error *stored_dominators_load(struct snapshot *snapshot, struct dominators *dominators,
                                     bool *found);
void stored_dominators_save(struct snapshot *snapshot, const struct dominators *dominators);

// Histograms by type with retained sizes. Nothing of the snapshot need be loaded.
struct error *stored_types_load(struct snapshot *snapshot, struct histogram **ret);
void stored_types_save(struct snapshot *snapshot, const struct histogram *histogram);

// For peek.h, which finds paths one by one. Never loaded whole.
void stored_paths_save(struct snapshot *snapshot, const struct paths *paths);

#endif
