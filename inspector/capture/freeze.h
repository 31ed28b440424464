// Freezing: from a running process to a frozen image of it, in the keeper.
//
// This is the part between the first stop and the last release, in order: what can be found out
// while the target runs (mappings, call sites, room for a copy), then stop, wait for a safepoint,
// clone or copy, release. If the kernel refuses the clone, the target is released, room for a copy
// is made, and the whole is done again with a copy; the pause is the sum.
//
// Runs in the keeper only. On failure the target is released and nothing of it is changed.
#ifndef BRILLE_INSPECTOR_CAPTURE_FREEZE_H
#define BRILLE_INSPECTOR_CAPTURE_FREEZE_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "inspector/capture/capture.h"
#include "inspector/capture/copy.h"
#include "inspector/capture/inject.h"
#include "inspector/capture/stop.h"
#include "inspector/proc/maps.h"
#include "inspector/proc/mem_source.h"
#include <stdbool.h>
#include <sys/types.h>

VEC_DEFINE(capture_thread_vec, struct capture_thread);

struct freeze {
    pid_t pid;
    const struct capture_options *options;
    // Asked now and then during what takes long: whether brille has died.
    bool (*cancelled)(void *context);
    void (*child_known)(void *context, struct inject_child child);
    void *context;

    struct stop stop;
    struct maps maps;
    int mem_fd;             // /proc/PID/mem, read and write
    struct mem_source *mem; // the same, for the hooks
    struct inject_sites sites;
    struct capture_thread_vec threads;
    struct copy copy;

    enum capture_method method;
    bool requested;     // the target was asked to park, and not yet told to go on
    uint64_t parked_ns; // when it was seen parked, 0 if it was not
    bool at_safepoint;
    int64_t taken_unix_ns; // when the target stood still for the image
    char fallback_why[256];
    struct inject_child child; // of method CLONE
};

// `options` must outlive the freeze; the callbacks may not be NULL.
void freeze_init(struct freeze *freeze, pid_t pid, const struct capture_options *options);
void freeze_deinit(struct freeze *freeze); // releases the target; the child is the caller's to kill

struct error *freeze_run(struct freeze *freeze);

// Collects a dead clone in the target. *collected is false if there was none. Can be tried again
// and again with the same `stop`.
struct error *freeze_collect(struct stop *stop, pid_t inner, const char *verb, bool *collected);

#endif
