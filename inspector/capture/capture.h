// A capture: one process as it was at one instant.
//
//     struct capture *capture;
//     TRY(capture_create(pid, &(struct capture_options){.verb = "dump"}, &capture));
//     ... mem_read(capture->mem, ...), capture->threads, capture->maps ...
//     capture_destroy(capture);
//
// By default the process is cloned: all threads are stopped, one of them makes a copy-on-write
// child, all are let go, and the child, which never runs, is read at leisure (method CLONE). The
// pause is that of a fork. Where a clone is refused (seccomp, a process limit, no room) or not
// wanted
// (`no_fork`), the writable memory is copied while the process stands still (method COPY): five
// times the pause, and as much memory as the process has. A core file is the third way to the same
// struct.
//
// Whatever the method, a capture is frozen: two reads of one address agree. Exceptions: memory that
// the process shares with others (MAP_SHARED) is read as it is now, and so are the unchanged pages
// of its files in a COPY. Memory that the process keeps from its children (MADV_DONTFORK) is not in
// a CLONE.
//
// All ptrace work is done by the keeper (keeper.h), a process of its own, so that the target is let
// go and the child removed whatever becomes of this one. The child lives until capture_destroy:
// pages that the target changes meanwhile are copied by the kernel, so read what is needed and
// destroy.
#ifndef BRILLE_INSPECTOR_CAPTURE_CAPTURE_H
#define BRILLE_INSPECTOR_CAPTURE_CAPTURE_H

#include "inspector/base/error.h"
#include "inspector/base/remote_ptr.h"
#include "inspector/capture/fault.h"
#include "inspector/proc/core_file.h"
#include "inspector/proc/maps.h"
#include "inspector/proc/mem_source.h"
#include "inspector/proc/smaps.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

enum capture_method { CAPTURE_CLONE, CAPTURE_COPY, CAPTURE_CORE };

struct capture_thread {
    pid_t tid;
    pid_t inner;        // its id in its own pid namespace; 0: the same, or not known
    bool has_registers; // false for a thread that was in uninterruptible sleep
    struct user_regs_struct registers;
    char name[16]; // "" in a core file
};

// ---- waiting for a good moment ----

// What the hooks below see: the process while all its threads are stopped. Everything is borrowed.
struct capture_view {
    pid_t pid;
    struct mem_source *mem; // live; nobody changes it while the process is stopped
    const struct maps *maps;
    const struct capture_thread *threads;
    size_t thread_count;
    int mem_fd; // for capture_view_write
};

// Writes to the process's memory. Meant for words that the target offers for it (its control page,
// a birth epoch); a read-only mapping is refused.
struct error *capture_view_write(const struct capture_view *view, struct remote_ptr to,
                                 const void *bytes, size_t length);

// How to reach an instant at which the target's data are consistent. Every hook may be NULL. They
// run in the keeper, a forked copy of the calling process: what they write to ordinary memory is
// lost, what they write to `context` is not if it comes from capture_context_create.
//
//     ready? --yes--> stop -> at_safepoint? --yes--> freeze -> copy -> withdraw -> release
//       |no            ^            |no
//       v              |            v
//     request -> parked? (bounded)  <--- request, release
//
// The loop ends when at_safepoint is true or `wait_ns` is over; then the process is captured anyway
// and capture.at_safepoint is false.
//
// Own interpreter: at_safepoint and ready are "nobody holds the GIL, or its holder is parked";
// request sets the park bit of the control page, parked asks whether the holder has parked and
// re-arms its 50 ms, freeze notes the position in the event stream and advances the birth epoch,
// withdraw clears the bit and wakes the holder. CPython: at_safepoint is "no collection is
// running"; the other hooks are NULL, which means: look again until it seems ready, then try again.
struct capture_safepoint {
    // Running: is it worth stopping? A stop that finds no safepoint is a pause for nothing. NULL:
    // always. The threads in the view are not known.
    bool (*ready)(void *context, const struct capture_view *view);
    bool (*at_safepoint)(void *context, const struct capture_view *view); // stopped
    void (*request)(void *context, const struct capture_view *view); // running, or about to run
    bool (*parked)(void *context); // running; called about every 100 us until it is true
    void (*freeze)(void *context,
                   const struct capture_view *view); // stopped for good, always called
    void (*withdraw)(void *context); // about to run; called on failure too if request was
};

// Zeroed memory that the hooks in the keeper and the caller share; NULL when there is none.
void *capture_context_create(size_t size_bytes);
void capture_context_destroy(void *context, size_t size_bytes);

// ---- capturing ----

enum { CAPTURE_WAIT_DEFAULT_MS = 1000 };

struct capture_options {
    const char *verb;                          // for suggestions in errors: "dump"; NULL is "dump"
    bool no_fork;                              // copy in place
    uint64_t wait_ns;                          // for a safepoint; 0 is CAPTURE_WAIT_DEFAULT_MS
    const struct capture_safepoint *safepoint; // NULL: any instant will do
    void *context;                             // handed to its hooks
    enum fault fault;                          // tests only
};

struct capture {
    pid_t pid;
    uint64_t start_ticks; // with pid: which process it was
    enum capture_method method;
    // The target's: from the stop request, or from its parking before that, to the release; summed
    // over all stops. That which collects the clone comes with capture_release.
    uint64_t pause_ns;
    unsigned stop_count;   // how many stops that were
    int64_t taken_unix_ns; // the instant that the memory is of
    bool at_safepoint;
    // How much of each mapping is in memory; empty when not known. A clone has not got the pages of
    // files and of shared memory that it could fetch again: of these only the sums are known.
    struct smap_vec pages;
    uint64_t file_resident_bytes, shared_resident_bytes;
    // Of the memory that is not of files, and of that the part in huge pages, which makes a clone
    // cheap. 0: not known.
    uint64_t anonymous_bytes, huge_bytes;
    // Memory that the process has written, in swap included: a heap is not larger. 0: not known.
    uint64_t written_bytes;
    const char *fallback_why; // why it is a COPY though a clone was wanted, else NULL
    const char *missing;      // CORE: a file with code that is not there, else NULL
    char name[17];            // CORE: of the program
    struct mem_source *mem;
    struct maps maps;
    struct capture_thread *threads; // sorted by tid
    size_t thread_count;
    struct capture_private *private;
};

struct error *capture_create(pid_t pid, const struct capture_options *options,
                             struct capture **ret);

// Sets `inner` of the threads of a process that lives in another pid namespace.
void capture_read_inner_ids(struct capture *capture);

// A core file. There is no process behind it; pause_ns is 0.
// `options` may be NULL.
struct error *capture_open_core(const char *path, const struct core_options *options,
                                struct capture **ret);

// Gives back the memory of a frozen process, as soon as it has been read: `mem` is NULL afterwards,
// everything else is as it was, and pause_ns and stop_count are complete.
void capture_release(struct capture *capture);

// Releases everything; the frozen child is dead and collected when this returns. NULL is fine.
void capture_destroy(struct capture *capture);
CLEANUP_DEFINE(capture_destroy, struct capture *);

const char *capture_method_name(enum capture_method method); // "clone", "copy", "core"

#endif
