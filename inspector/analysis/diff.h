// What changed between two snapshots, or along three.
//
// By type: the counts and sizes of each, matched by the type's qualified name, so that dumps of
// different processes can be compared too.
//
// By object, when both are of one process (same pid and start time): an object is the same one when
// address and birth epoch agree, which is exact although addresses are reused. Where objects have
// no birth epochs (stock CPython) address and type must do, and the answer is marked `probable`.
//
// It takes two or three snapshots, oldest first; columns of a row are indexed by snapshot.
#ifndef BRILLE_INSPECTOR_ANALYSIS_DIFF_H
#define BRILLE_INSPECTOR_ANALYSIS_DIFF_H

#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdbool.h>
#include <stdint.h>

#define DIFF_SNAPSHOTS_MAX 3

struct diff_row {
    const char *module, *name; // owned by the newest snapshot that has the type
    uint64_t count[DIFF_SNAPSHOTS_MAX];
    uint64_t size_bytes[DIFF_SNAPSHOTS_MAX];
    bool steady; // count rose at every step
};

struct diff_step {
    uint64_t added, removed, kept; // objects from one snapshot to the next
    uint64_t added_bytes, removed_bytes;
};

struct diff {
    uint32_t snapshot_count;
    struct diff_row *rows; // most growth in bytes first, ties by name
    uint32_t count;
    bool same_process;
    bool probable;                                 // identity by address and type
    struct diff_step step[DIFF_SNAPSHOTS_MAX - 1]; // zeroes unless same_process
};

struct error *diff_create(struct snapshot *const *snapshots, uint32_t count, struct diff **ret);
void diff_destroy(struct diff *diff);
CLEANUP_DEFINE(diff_destroy, struct diff *);

// Whether addresses of the two mean the same thing.
bool diff_same_process(const struct snapshot *a, const struct snapshot *b);

// By type of `from`: the type of the same qualified name in `to`, or ORDINAL_NONE. The caller
// frees.
struct error *diff_match_types(const struct snapshot *from, const struct snapshot *to,
                               uint32_t **ret);

// Marks the objects of `after` that were not in `before`: a bitmap of object_count bits, bit o & 7
// of byte o / 8, that the caller frees. UNSUPPORTED unless both are of one process.
struct error *diff_added(struct snapshot *before, struct snapshot *after, uint8_t **ret,
                         bool *probable);

#endif
