// Objects by type, or by the module of their type: how many, how big, and what they hold.
#ifndef BRILLE_INSPECTOR_ANALYSIS_HISTOGRAM_H
#define BRILLE_INSPECTOR_ANALYSIS_HISTOGRAM_H

#include "inspector/analysis/dominators.h"
#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdint.h>

enum histogram_key { HISTOGRAM_BY_TYPE, HISTOGRAM_BY_MODULE };

struct histogram_row {
    uint32_t key; // a type, or the string id of a module
    uint64_t count;
    uint64_t size_bytes; // the objects themselves
    // Freed if the whole group went: retained sizes of those that have none of their own group
    // above them in the dominator tree. Rows overlap. 0 without dominators.
    uint64_t retained_bytes;
};

struct histogram {
    enum histogram_key by;
    struct histogram_row *rows; // groups with at least one object; biggest size first
    uint32_t count;
    uint64_t object_count, size_bytes;
};

// `dominators` may be NULL. COLUMNS are loaded.
struct error *histogram_create(struct snapshot *snapshot, enum histogram_key by,
                               const struct dominators *dominators, struct histogram **ret);
// Of the objects alone that have their bit in `only`; NULL: of all.
struct error *histogram_create_of(struct snapshot *snapshot, enum histogram_key by,
                                  const struct dominators *dominators, const uint64_t *only,
                                  struct histogram **ret);
void histogram_destroy(struct histogram *histogram);
CLEANUP_DEFINE(histogram_destroy, struct histogram *);

// "shop.session.Session", "shop.session"
void histogram_add_name(const struct histogram *histogram, const struct snapshot *snapshot,
                        const struct histogram_row *row, struct strbuf *out);

#endif
