// The threads of a sample: what each has done since the last tick, and what it does now.
//
// Put together from three sides: the interpreter's list with names and frames (target/look.h), the
// GIL by events (handoffs.h) or by looking at it now and then, and the kernel's word for what a
// thread is doing that neither holds the GIL nor waits for it.
#ifndef BRILLE_INSPECTOR_TOP_THREADS_H
#define BRILLE_INSPECTOR_TOP_THREADS_H

#include "inspector/base/error.h"
#include "inspector/top/handoffs.h"
#include "inspector/top/sample.h"
#include <sys/types.h>

// Looks at the GIL, since the last tick.
struct thread_sampled {
    pid_t tid;
    uint64_t held, waited;
};
VEC_DEFINE(thread_sampled_vec, struct thread_sampled);

struct thread_samples {
    struct thread_sampled_vec threads;
    uint64_t looks, wait_looks; // at who holds it; at who waits
};

void thread_samples_deinit(struct thread_samples *samples);
void thread_samples_clear(struct thread_samples *samples);
struct error *thread_samples_held(struct thread_samples *samples, pid_t holder); // 0: nobody
struct error *thread_samples_waits(struct thread_samples *samples,
                                   const struct look_thread_vec *threads);

// The thread that holds it, 0 for none.
uint32_t threads_holder(const struct look_thread_vec *threads);

// `handoffs` is NULL where there are no events; then the looks count.
struct error *threads_add(pid_t pid, const struct look_thread_vec *threads,
                          const struct handoffs *handoffs, const struct thread_samples *samples,
                          struct top_sample *ret);

#endif
