// Samples that the kernel takes in a running process without stopping it: at a hardware watchpoint,
// or at an instruction (uprobe). Through perf_event_open.
//
//     struct perf_sampler *sampler;
//     const struct perf_probe probe = {.address = refcount, .length = 4};
//     TRY(perf_sampler_create(pid, &probe, 1, &sampler));
//     struct perf_sample_vec samples = {0};
//     ... now and then: TRY(perf_sampler_read(sampler, false, &samples)); ...
//     perf_sampler_destroy(sampler);
//
// Every thread of the process is watched, and those that it starts later. For each processor there
// is one ring that the kernel fills; all of them are merged by time, so a sample is held back until
// no earlier one can come any more. What did not fit in a ring is counted in `lost`.
//
// Nothing of it outlives this process: the kernel takes the probes away with the descriptors,
// however the inspector ends. A forked child of the target is not watched.
#ifndef BRILLE_INSPECTOR_PROC_PERF_H
#define BRILLE_INSPECTOR_PROC_PERF_H

#include "inspector/base/cleanup.h"
#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

enum { PERF_PROBES_MAX = 8, PERF_STACK_MAX = 4096 };

// With a path: the instruction at `address` in the file (its offset). Without: a write to `length`
// (1, 2, 4 or 8) bytes at an address of the process.
struct perf_probe {
    const char *path;
    uint64_t address;
    unsigned length;
};

struct perf_sample {
    uint32_t tid;
    uint32_t probe;   // index
    uint64_t time_ns; // CLOCK_MONOTONIC
    // General registers, rip and rsp; the others are 0. At a watchpoint rip is behind the
    // instruction that wrote, at a uprobe it is the instruction, which has not run yet.
    struct user_regs_struct registers;
    unsigned char *stack; // from rsp on, of the sampler's stack_bytes; else NULL. See below
    uint32_t stack_bytes;
};
VEC_DEFINE(perf_sample_vec, struct perf_sample);

struct perf_sampler;

// With `stack_bytes` each sample has so much of its thread's stack: a multiple of 8, at most
// PERF_STACK_MAX. It belongs to whoever has the sample: perf_samples_clear frees it.
// PERMISSION or UNSUPPORTED when the kernel refuses, in words: why, and what to do about it.
struct error *perf_sampler_create(pid_t pid, const struct perf_probe *probes, size_t count,
                                  unsigned stack_bytes, struct perf_sampler **ret);
void perf_sampler_destroy(struct perf_sampler *sampler); // NULL is fine
CLEANUP_DEFINE(perf_sampler_destroy, struct perf_sampler *);

// Appends what has come, in order of time; with `last` without holding anything back. On failure
// nothing is appended, and what has come waits.
struct error *perf_sampler_read(struct perf_sampler *sampler, bool last,
                                struct perf_sample_vec *ret);

// Forgets samples, and frees what they have.
void perf_samples_clear(struct perf_sample_vec *samples);

// Samples are not taken, and cost nothing, while it rests.
void perf_sampler_rest(struct perf_sampler *sampler, bool rest);

// Samples that did not fit in a ring: exact when it rests and everything has been read.
uint64_t perf_sampler_lost(const struct perf_sampler *sampler);

#endif
