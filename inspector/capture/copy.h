// The memory of a stopped process, copied while it stands still.
//
// This is what happens when a clone is not possible. What is copied: every resident page of private
// anonymous memory, and the resident pages of private file mappings that are writable or were
// changed. What is not: pages that were never touched (anonymous ones read as zeros), unchanged
// pages of files and shared memory (read from the live process).
//
// The time is that of copying, so everything else is done before the stop: the memory is allocated
// and populated first (a copy into untouched pages runs at a tenth of the speed). /proc/PID/pagemap
// tells which pages are resident: reading an absent one would create it in the target. Pages that
// the target shares copy-on-write with a relative are read by pread, the others by
// process_vm_readv, which is faster but would un-share them. Up to four threads copy, on the
// processors that the stopped process does not use.
#ifndef BRILLE_INSPECTOR_CAPTURE_COPY_H
#define BRILLE_INSPECTOR_CAPTURE_COPY_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "inspector/proc/maps.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

static const uint64_t COPY_ZEROS = UINT64_MAX;

struct copy_segment {
    uint64_t begin; // address in the target
    uint64_t length;
    uint64_t offset; // in the memfd, COPY_ZEROS for memory that was never touched
};

VEC_DEFINE(copy_segment_vec, struct copy_segment);

struct copy {
    int memfd;
    unsigned char *memory;
    uint64_t capacity;
    uint64_t used;
    struct copy_segment_vec segments; // sorted, not overlapping
};

void copy_init(struct copy *copy);
void copy_deinit(struct copy *copy);

// Allocates for the process as it is now, and reserves room for twice as much.
struct error *copy_prepare(struct copy *copy, pid_t pid, const struct maps *maps);
// Copies; the process is stopped. `cancelled` (asked every few MiB) ends it early.
struct error *copy_run(struct copy *copy, pid_t pid, int mem_fd, const struct maps *maps,
                       bool (*cancelled)(void *context), void *context);

#endif
