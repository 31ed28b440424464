/* Signals: a handler notes that one came, the main thread acts on it at a safepoint. */
#ifndef BRILLE_VM_RUNTIME_SIGNALS_H
#define BRILLE_VM_RUNTIME_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <time.h>

#include "vm/object/object.h"

/* Installs SIGINT's handler and ignores SIGPIPE, as python does. An init step. */
int py_signals_init(void);
/* Any thread: has a signal come that nobody acted on? */
bool py_signals_pending(void);
/* Main thread, GIL held: runs what the signals ask for. 0, or -1 with an exception
 * (KeyboardInterrupt for SIGINT). In other threads it does nothing. */
int py_signals_run(void);
/* Waiting for a deadline in the kernel, such that no signal is slept through: one that comes after
 * the last look at the flags and before the kernel has begun to wait makes `until` a time long
 * past, and the kernel returns at once. Around every wait with an absolute deadline; any thread,
 * though only the main one is ever hurried.
 *
 *     py_signals_wait_begin(&wait);
 *     py_allow_threads_begin(); ... &wait.until ... py_allow_threads_end();
 *     py_signals_wait_end(&wait);                 now wait.hurried says whether it was one
 */
struct py_signals_wait {
    struct timespec until; /* set by the caller, CLOCK_MONOTONIC */
    volatile sig_atomic_t hurried;
};
void py_signals_wait_begin(struct py_signals_wait *wait);
void py_signals_wait_end(struct py_signals_wait *wait);
/* Makes a signal be noted (and then passed to run_hook) instead of its default. */
int py_signals_watch(int number);
/* The handler writes the number of each signal here as one octet; -1: nowhere. */
extern volatile sig_atomic_t py_signals_wakeup_fd;
/* As if the signal had come. */
void py_signals_trip(int number);
/* Called for each noted signal; NULL: SIGINT raises KeyboardInterrupt, others are forgotten. For a
 * module `signal`. 0 or -1 with an exception. */
extern int (*py_signals_hook)(int number);

#endif
