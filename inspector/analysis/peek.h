// One object of a large .heap file, without reading the others.
//
// Loading the columns and references of ten million objects takes seconds; a path from a root has a
// dozen of them. When the file has what an analysis stored (stored.h), peek reads the blocks that
// the answer lies in and makes a small snapshot of its own from them: the objects of the path, the
// references between them, and the roots of the first. Everything that shows a path works on it.
//
// A linked list makes paths of millions of steps, and nobody reads them. Who wants the ends alone
// gets those by the short cuts of skips.h: the same few blocks are read, however long the path is.
#ifndef BRILLE_INSPECTOR_ANALYSIS_PEEK_H
#define BRILLE_INSPECTOR_ANALYSIS_PEEK_H

#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdint.h>

#define PEEK_STEPS_MAX 16384 // longer paths are left to those who load everything
#define PEEK_WHOLE     200   // paths of so many objects have no ends that are apart
#define PEEK_END       14    // objects at each end of a longer one

enum peek_extent {
    PEEK_ALL,  // every object of the path
    PEEK_ENDS, // of a path of more than PEEK_WHOLE objects the first and last PEEK_END
};

struct peeked_path {
    struct snapshot *snapshot; // NULL: the file cannot tell, load it
    uint64_t *retained;        // by its ordinals, of the whole heap
    uint32_t *objects;         // its ordinals: the path, the one asked for last
    uint32_t count;
    uint32_t cut_at, cut_steps; // as in struct path
};

// `snapshot` comes from heap_file_open; nothing of it need be loaded.
struct error *peek_path(struct snapshot *snapshot, uint64_t address, enum peek_extent extent,
                        struct peeked_path *ret);
void peeked_path_deinit(struct peeked_path *path);

#endif
