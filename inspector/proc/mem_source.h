// A memory source: the bytes of one address space, wherever they are.
//
// Everything that reads a target reads it through this one seam: the live process, the frozen copy
// of it, a core file, a copy made in place, or bytes that a test or a fuzzer put together. The
// reader cannot tell them apart and must not try.
//
//     live, frozen    pread on /proc/PID/mem. Not process_vm_readv: it pins the pages, and pinning
//                     makes the kernel un-share them from the process they were forked from, which
//                     doubles the memory and halves the speed.
//     core            the PT_LOAD segments of an ELF core file, and behind them the mapped files
//     that
//                     the kernel left out because they were unchanged (core.h)
//     buffer          ranges of local memory: the in-memory twin, and the copy made in place
//     layers          one source on top of another: what the first lacks, the second is asked for
//
// A read is all or nothing for the mem_read family; mem_read_some tells how far the bytes go.
// Nothing here trusts an address: whatever is not there is an ERROR_FAULT, and a source whose
// process died reports ERROR_GONE. Reads are safe from several threads at once; close is not.
#ifndef BRILLE_INSPECTOR_PROC_MEM_SOURCE_H
#define BRILLE_INSPECTOR_PROC_MEM_SOURCE_H

#include "inspector/base/error.h"
#include "inspector/base/remote_ptr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mem_source;

struct mem_source_ops {
    // Copies what is readable from `address` on, at most `length` bytes; returns how many bytes
    // that were. 0: nothing is mapped there.
    size_t (*read)(struct mem_source *source, uint64_t address, void *buffer, size_t length);
    // NULL, or why no read will ever succeed again (the process is gone). Asked after a failed
    // read.
    struct error *(*state)(struct mem_source *source);
    void (*destroy)(struct mem_source *source);
};

struct mem_source {
    const struct mem_source_ops *ops;
    uint64_t size_bytes; // of what can be read, 0 when unknown
    bool frozen;         // whether two reads of one address always agree
};

void mem_source_destroy(struct mem_source *source); // NULL is fine
CLEANUP_DEFINE(mem_source_destroy, struct mem_source *);
#define _cleanup_mem_source_ _cleanup_(mem_source_destroy_at)

size_t mem_read_some(struct mem_source *source, struct remote_ptr from, void *buffer,
                     size_t length);
struct error *mem_read(struct mem_source *source, struct remote_ptr from, void *buffer,
                       size_t length);
struct error *mem_read_u8(struct mem_source *source, struct remote_ptr from, uint8_t *ret);
struct error *mem_read_u32(struct mem_source *source, struct remote_ptr from, uint32_t *ret);
struct error *mem_read_u64(struct mem_source *source, struct remote_ptr from, uint64_t *ret);
struct error *mem_read_ptr(struct mem_source *source, struct remote_ptr from,
                           struct remote_ptr *ret);
// At most size - 1 characters and always a terminator; *truncated (may be NULL) says whether there
// was more. The text ends early, without an error, where readable memory ends.
struct error *mem_read_string(struct mem_source *source, struct remote_ptr from, char *buffer,
                              size_t size, bool *truncated);

// The memory of a process, read while it runs: two reads need not agree.
struct error *mem_live_create(pid_t pid, struct mem_source **ret);
// The same by a descriptor of /proc/PID/mem, which the source then owns. `frozen` says that the
// process is held still for as long as the source lives.
struct error *mem_fd_create(int fd, bool frozen, struct mem_source **ret);

// Ranges of local memory. They must not overlap; they are not copied and must outlive the source.
// `bytes` NULL is a range of zeros.
struct error *mem_buffer_create(struct mem_source **ret);
struct error *mem_buffer_add(struct mem_source *source, struct remote_ptr at, const void *bytes,
                             size_t length);

// Reads from `upper`, and what is missing there from `lower`. Owns both.
struct error *mem_layers_create(struct mem_source *upper, struct mem_source *lower,
                                struct mem_source **ret);

#endif
