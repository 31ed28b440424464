/* The global interpreter lock: a flag under a mutex, two conditions, and a request bit.
 *
 *     waiter                                    holder
 *     sleeps one switch interval (5 ms)         runs
 *     sets EVAL_BREAK_GIL_DROP                  sees it at its next safepoint
 *     wakes                          <- free -  releases,
 *     takes the lock, says so       - taken ->  goes on only then to wait for its next turn
 *
 * The last line is forced switching: without it a holder that releases would often have the lock
 * again before the waiter is scheduled. With -X checkinterval=N nobody asks by time; the
 * interpreter loop sets the bit itself every N instructions. Then a thread that gave way counts
 * as one that wants the lock from that moment on, before it is scheduled and begins to wait:
 * otherwise the other would find no waiter at its next N instructions and run on.
 *
 * The mutex guards py_gil; it is held for a few instructions only. waiters, yielded and seq are
 * read by others without it, as hints. The tracer hears of each hand-over: the holder's side
 * through the rare stream, the waiter's side, which has no GIL, through its thread's own ring.
 */
#include "vm/runtime/gil.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "vm/probe/probe.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/signals.h"
#include "vm/runtime/thread.h"

struct py_gil py_gil;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t freed;    /* locked became 0 */
static pthread_cond_t switched; /* somebody else has taken the lock */

int py_gil_init(void)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    const int failed = pthread_cond_init(&freed, &attr) || pthread_cond_init(&switched, &attr);
    pthread_condattr_destroy(&attr);
    return failed ? -1 : 0;
}

static struct timespec deadline_in(double seconds)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    const int64_t ns = (int64_t)(seconds * 1e9) + t.tv_nsec;
    t.tv_sec += ns / 1000000000;
    t.tv_nsec = ns % 1000000000;
    return t;
}

static bool gil_traced(void)
{
    return (__atomic_load_n(&py_trace_flags, __ATOMIC_RELAXED) & PY_TRACE_GIL) != 0;
}

/* Under the mutex: sleeps until the lock is free, asking for it after each interval in which it
 * did not change hands. */
static void wait_until_free(struct py_thread *thread)
{
    while (py_gil.locked) {
        const uint64_t seq = py_gil.seq;
        const struct timespec deadline = deadline_in(py_runtime.switch_interval);
        const int r = pthread_cond_timedwait(&freed, &mutex, &deadline);
        if (r != ETIMEDOUT || !py_gil.locked || py_gil.seq != seq || py_runtime.check_interval)
            continue;
        py_gil.drop_request_by = thread->tid;
        py_eval_break(EVAL_BREAK_GIL_DROP);
        if (gil_traced())
            probe_gil_requested(thread, py_gil.holder ? (uint32_t)py_gil.holder->tid : 0);
    }
}

/* What other threads left in the eval breaker is about them. */
static void refresh_breaker(struct py_thread *thread)
{
    py_eval_break_clear(EVAL_BREAK_GIL_DROP);
    if (thread->async_exc)
        py_eval_break(EVAL_BREAK_ASYNC);
    if (thread == py_runtime.main_thread && py_signals_pending())
        py_eval_break(EVAL_BREAK_SIGNAL);
}

/* Once the main thread tears the interpreter down, nobody else may run Python again. */
static void stop_if_finalizing(const struct py_thread *thread)
{
    if (!__atomic_load_n(&py_runtime.finalizing, __ATOMIC_RELAXED) ||
        thread == py_runtime.main_thread)
        return;
    pthread_mutex_lock(&mutex);
    if (py_gil.holder == thread) {
        py_gil.locked = 0;
        py_gil.holder = NULL;
        pthread_cond_signal(&freed);
    }
    if (thread->gil_yielded) { /* it will not come for the lock: nobody may wait for that */
        __atomic_sub_fetch(&py_gil.yielded, 1, __ATOMIC_RELAXED);
        pthread_cond_broadcast(&switched);
    }
    pthread_mutex_unlock(&mutex);
    for (;;)
        pause();
}

void py_gil_acquire(struct py_thread *thread)
{
    const int saved_errno = errno;
    stop_if_finalizing(thread);
    uint64_t waited_since = 0;
    pthread_mutex_lock(&mutex);
    if (py_gil.locked) {
        thread->gil_state = PY_GIL_WAITING;
        __atomic_add_fetch(&py_gil.waiters, 1, __ATOMIC_RELAXED);
        if (gil_traced()) {
            waited_since = probe_ticks();
            probe_gil_waiting(thread, py_gil.holder ? (uint32_t)py_gil.holder->tid : 0);
        }
        wait_until_free(thread);
        __atomic_sub_fetch(&py_gil.waiters, 1, __ATOMIC_RELAXED);
    }
    const uint32_t previous = py_gil.last_holder ? (uint32_t)py_gil.last_holder->tid : 0;
    py_gil.locked = 1;
    py_gil.holder = thread;
    py_gil.seq++;
    py_gil.drop_request_by = 0;
    if (py_gil.last_holder != thread) {
        py_gil.last_holder = thread;
        pthread_cond_broadcast(&switched);
    }
    if (thread->gil_yielded) {
        thread->gil_yielded = false;
        __atomic_sub_fetch(&py_gil.yielded, 1, __ATOMIC_RELAXED);
    }
    thread->gil_state = PY_GIL_HOLDING;
    refresh_breaker(thread);
    pthread_mutex_unlock(&mutex);
    stop_if_finalizing(thread);
    if (py_trace_flags)
        probe_gil_acquired(thread, previous, waited_since);
    if (!thread->linked)
        py_thread_link(thread);
    errno = saved_errno;
}

void py_gil_release(struct py_thread *thread, enum py_gil_release_reason reason)
{
    if (py_trace_flags)
        probe_gil_released(reason, thread->gil_acquired_at);
    pthread_mutex_lock(&mutex);
    py_gil.locked = 0;
    py_gil.holder = NULL;
    thread->gil_state = PY_GIL_NONE;
    if (reason == PY_GIL_FINISHED && py_gil.last_holder == thread)
        py_gil.last_holder = NULL; /* the struct is about to be freed */
    pthread_cond_signal(&freed);
    if (reason == PY_GIL_INTERVAL) {
        __atomic_add_fetch(&py_gil.yielded, 1, __ATOMIC_RELAXED);
        thread->gil_yielded = true;
        while (py_gil.last_holder == thread && (py_gil.waiters > 0 || py_gil.yielded > 1))
            pthread_cond_wait(&switched, &mutex);
    }
    pthread_mutex_unlock(&mutex);
}

void py_gil_yield(struct py_thread *thread)
{
    if (__atomic_load_n(&py_gil.waiters, __ATOMIC_RELAXED) == 0 &&
        __atomic_load_n(&py_gil.yielded, __ATOMIC_RELAXED) == 0) {
        py_eval_break_clear(EVAL_BREAK_GIL_DROP);
        return;
    }
    py_gil_release(thread, PY_GIL_INTERVAL);
    py_gil_acquire(thread);
}

void py_gil_after_fork_child(struct py_thread *thread)
{
    pthread_mutex_init(&mutex, NULL);
    py_gil_init();
    py_gil.locked = 1;
    py_gil.holder = thread;
    py_gil.last_holder = thread;
    py_gil.waiters = 0;
    py_gil.yielded = 0;
    py_gil.drop_request_by = 0;
    thread->gil_state = PY_GIL_HOLDING;
}

void py_allow_threads_begin(void)
{
    py_gil_release(py_thread_current(), PY_GIL_BLOCKING);
}

void py_allow_threads_end(void)
{
    py_gil_acquire(py_thread_current());
}
