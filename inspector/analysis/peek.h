// One object of a large .heap file, without reading the others.
//
// Loading the columns and references of ten million objects takes seconds; a path from a root has a
// dozen of them. When the file has what an analysis stored (stored.h), peek reads the blocks that
// the answer lies in and makes a small snapshot of its own from them: the objects of the path, the
// references between them, and the roots of the first. Everything that shows a path works on it.
#ifndef BRILLE_INSPECTOR_ANALYSIS_PEEK_H
#define BRILLE_INSPECTOR_ANALYSIS_PEEK_H

#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdint.h>

#define PEEK_STEPS_MAX 16384 // longer paths are left to those who load everything

struct peeked_path {
    struct snapshot *snapshot; // NULL: the file cannot tell, load it
    uint32_t object;           // in it: the one asked for
    uint64_t *retained;        // by its ordinals, of the whole heap
};

// `snapshot` comes from heap_file_open; nothing of it need be loaded.
struct error *peek_path(struct snapshot *snapshot, uint64_t address, struct peeked_path *ret);
void peeked_path_deinit(struct peeked_path *path);

#endif
