// What is kept only by something that people forget about: a traceback, a frame, a closure, a
// suspended generator, a task, a weak-key map.
//
// For each kind the objects of its types are looked up in the dominator tree; what they hold would
// be freed if all of them went. Kinds overlap: a traceback holds frames.
#ifndef BRILLE_INSPECTOR_ANALYSIS_KEEPERS_H
#define BRILLE_INSPECTOR_ANALYSIS_KEEPERS_H

#include "inspector/analysis/dominators.h"
#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdint.h>

enum keeper_kind {
#define KEEPER(name, word, ...) KEEPER_##name,
#include "inspector/analysis/keepers.def"
#undef KEEPER
    KEEPER_KINDS
};

struct keeper {
    uint64_t count;      // reachable objects of the kind
    uint64_t size_bytes; // their own
    uint64_t held_count; // objects that only they keep
    uint64_t held_bytes;
    uint32_t biggest; // the one that holds most, ORDINAL_NONE when there is none
};

struct keepers {
    struct keeper kinds[KEEPER_KINDS];
};

struct error *keepers_find(struct snapshot *snapshot, const struct dominators *dominators,
                           struct keepers *ret);

const char *keeper_word(enum keeper_kind kind);

#endif
