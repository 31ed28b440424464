// Adds what an analysis found to the .heap file that a snapshot came from, so that nobody has to
// compute it again.
//
// New sections go behind the end, a new table behind them, and the header is changed last: in one
// write, to a file in which everything that the old header speaks of is still in its place. Whoever
// reads at that moment sees the file as it was before or as it is after. When it ends in between,
// there are some bytes too many, which nobody reads.
//
// A file that may not be written, that somebody else is adding to, or that has changed since it was
// opened, stays as it is: that is no error, and the analysis is computed again next time.
#ifndef BRILLE_INSPECTOR_MODEL_HEAP_APPEND_H
#define BRILLE_INSPECTOR_MODEL_HEAP_APPEND_H

#include "inspector/base/error.h"
#include "inspector/model/heap_out.h"
#include "inspector/model/snapshot.h"

struct heap_append {
    struct heap_out out;
    struct heap_file *file; // of the snapshot
    int fd;
};

// NULL in *ret when the file is to stay as it is.
struct error *heap_append_begin(struct snapshot *snapshot, struct heap_append **ret);

// Sections with the tags that are written in between replace those that are there. Ends the work,
// also when it fails; the snapshot's file then has the new sections, or the old ones.
struct error *heap_append_end(struct heap_append *append);

#endif
