// What the resident memory of a process is: Python's pools, Python's larger objects, or nothing of
// Python at all.
//
//     pools       what the object allocator has cut up: used blocks, free blocks, free pools
//     large       objects and tables of objects that are too big for pools; by sys.getsizeof, an
//                 estimate: what malloc adds is not in it
//     files       code, and data, of the program and its libraries
//     stacks      of threads
//     other       the rest of the private memory: malloc and mmap of libraries, and what malloc has
//                 freed and not given back. Not Python's objects
//
// invariant (by construction): resident == pools + large + file_clean + file_data + stacks + shared
// + other, unless the estimate of `large` is more than there is; then it is cut.
#ifndef BRILLE_INSPECTOR_ANALYSIS_RESIDENCE_H
#define BRILLE_INSPECTOR_ANALYSIS_RESIDENCE_H

#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdbool.h>
#include <stdint.h>

struct residence {
    bool known; // false: the dump does not say; everything else is 0 then
    uint64_t resident_bytes;
    uint64_t pool_bytes; // of these:
    uint64_t used_bytes, free_block_bytes, free_pool_bytes;
    uint64_t large_bytes;
    uint64_t large_count;
    uint64_t file_bytes; // resident and unchanged
    uint64_t data_bytes; // of files, changed: private
    uint32_t file_count;
    uint64_t stack_bytes;
    uint32_t stack_count;
    uint64_t shared_bytes;
    uint64_t other_bytes;
    uint64_t heap_bytes; // resident of malloc's main heap, whatever is in it
};

// The size of malloc's blocks in use that takes most more bytes than before: 0 when none does, or
// when a dump does not know malloc's blocks.
struct block_growth {
    uint64_t bytes; // of one block, with malloc's own 8
    uint64_t count; // so many more
};

struct block_growth residence_grown_block(const struct snapshot *first,
                                          const struct snapshot *last);

// COLUMNS are loaded.
struct error *residence_find(struct snapshot *s, struct residence *ret);

// Bytes of a pool: 16 KiB, up to 3.9 a quarter of that. Learnt from the pools themselves.
uint64_t residence_pool_bytes(const struct snapshot *s);

#endif
