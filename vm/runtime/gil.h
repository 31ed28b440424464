/* The global interpreter lock: one mutex-like word that the thread running Python holds.
 *
 * A waiter sleeps up to the switch interval (5 ms); if nobody gave the lock up in that time it
 * sets EVAL_BREAK_GIL_DROP and the holder releases at its next check. Forced switching: who
 * released on request does not return before another thread has had the lock.
 * With -X checkinterval=N the holder instead releases every N bytecode instructions, as Python
 * did before 3.2.
 *
 * gil_seq counts acquisitions; it orders events of threads that wait outside the lock.
 */
#ifndef BRILLE_VM_RUNTIME_GIL_H
#define BRILLE_VM_RUNTIME_GIL_H

#include <stdbool.h>
#include <stdint.h>

struct py_thread;

enum py_gil_release_reason { PY_GIL_BLOCKING, PY_GIL_INTERVAL, PY_GIL_FINISHED };

struct py_gil {
    int32_t locked;
    int32_t drop_request_by; /* tid of the requester, 0 */
    uint64_t seq;            /* acquisitions so far */
    struct py_thread *holder;
    struct py_thread *last_holder;
    int32_t waiters;
    int32_t yielded; /* threads in py_gil_yield: they want it back, waiting already or not */
};
extern struct py_gil py_gil;

int py_gil_init(void);
void py_gil_acquire(struct py_thread *thread);
void py_gil_release(struct py_thread *thread, enum py_gil_release_reason reason);
/* At a safepoint with EVAL_BREAK_GIL_DROP: release, let another run, acquire. */
void py_gil_yield(struct py_thread *thread);
void py_gil_after_fork_child(struct py_thread *thread);

/* Around a blocking call in C code: the thread's handles and frames stay readable. */
void py_allow_threads_begin(void);
void py_allow_threads_end(void);

#endif
