// Objects by type: how many, how big, and what they hold.
#ifndef BRILLE_INSPECTOR_ANALYSIS_HISTOGRAM_H
#define BRILLE_INSPECTOR_ANALYSIS_HISTOGRAM_H

#include "inspector/analysis/dominators.h"
#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdint.h>

struct histogram_row {
    uint32_t type;
    uint64_t count;
    uint64_t size_bytes; // the objects themselves
    // Freed if the whole type went: retained sizes of those that have none of their own type above
    // them in the dominator tree. Rows overlap. 0 without dominators.
    uint64_t retained_bytes;
};

struct histogram {
    struct histogram_row *rows; // types with at least one object; biggest size first
    uint32_t count;
    uint64_t object_count, size_bytes;
};

// `dominators` may be NULL. COLUMNS are loaded.
struct error *histogram_create(struct snapshot *snapshot, const struct dominators *dominators,
                               struct histogram **ret);
void histogram_destroy(struct histogram *histogram);
CLEANUP_DEFINE(histogram_destroy, struct histogram *);

#endif
