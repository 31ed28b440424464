// Texts and bytes that are in memory more than once, and what the copies cost.
//
// A snapshot has labels, not contents: the whole of a short text, the beginning of a long one. Two
// objects are taken for copies when type, size and label are the same. For labels that were cut
// (they end in "...") that is likely and no more, and the group says so.
#ifndef BRILLE_INSPECTOR_ANALYSIS_DUPLICATES_H
#define BRILLE_INSPECTOR_ANALYSIS_DUPLICATES_H

#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdbool.h>
#include <stdint.h>

struct duplicate {
    uint32_t object; // the first of them
    uint32_t label;  // string id
    uint64_t count;
    uint64_t wasted_bytes; // all but one
    bool probable;
};

struct duplicates {
    struct duplicate *rows; // most waste first
    uint32_t count;
    uint64_t object_count; // copies that are too many
    uint64_t wasted_bytes;
    uint64_t probable_bytes; // as much of it is probable
};

struct error *duplicates_create(struct snapshot *snapshot, struct duplicates **ret);
void duplicates_destroy(struct duplicates *duplicates);
CLEANUP_DEFINE(duplicates_destroy, struct duplicates *);

#endif
