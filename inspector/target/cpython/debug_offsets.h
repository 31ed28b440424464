// _Py_DebugOffsets: what an interpreter from 3.13 on says of itself at the begin of _PyRuntime.
//
// It names some offsets of the runtime, the interpreter and the threads, which are the structures
// that change most, so they are taken from there; where they differ from the table, the patch
// release has moved something, and what the interpreter does not name in the same structure is no
// longer known. It does not name what a heap needs most (lists of the collector, types, dicts), so
// it cannot replace a table.
#ifndef BRILLE_INSPECTOR_TARGET_CPYTHON_DEBUG_OFFSETS_H
#define BRILLE_INSPECTOR_TARGET_CPYTHON_DEBUG_OFFSETS_H

#include "inspector/target/cpython/layout.h"
#include "inspector/target/cpython/reader.h"
#include <stdbool.h>
#include <stdint.h>

struct debug_offsets {
    uint64_t version; // PY_VERSION_HEX
    bool free_threaded;
};

// False when there are none at this address.
bool debug_offsets_read(struct cpy_reader *reader, uint64_t runtime, struct debug_offsets *ret);
// Corrects the layout by them, where there are any. False when they cannot be true: the layout is
// of no use then.
bool debug_offsets_apply(struct cpy_reader *reader, uint64_t runtime, struct cpy_layout *layout);

#endif
