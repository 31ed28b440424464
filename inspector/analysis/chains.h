// Long chains: linked lists, and what looks like them.
//
// A link is an object that immediately dominates another of its own type, itself or through its
// namespace. A chain is the longest way down over links. Lists of a million links are slow to free,
// to collect and to look at, and mostly somebody's mistake (an exception that keeps its cause that
// keeps its cause, callbacks that wrap callbacks).
#ifndef BRILLE_INSPECTOR_ANALYSIS_CHAINS_H
#define BRILLE_INSPECTOR_ANALYSIS_CHAINS_H

#include "inspector/analysis/dominators.h"
#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdint.h>

#define CHAINS_MAX         20
#define CHAIN_LENGTH_LEAST 100

struct chain {
    uint32_t first;  // its first object
    uint32_t length; // links
    uint64_t retained_bytes;
};

struct chains {
    struct chain rows[CHAINS_MAX]; // longest first, at least CHAIN_LENGTH_LEAST
    uint32_t count;
};

struct error *chains_create(struct snapshot *snapshot, const struct dominators *dominators,
                            struct chains **ret);
void chains_destroy(struct chains *chains);
CLEANUP_DEFINE(chains_destroy, struct chains *);

#endif
