/* Signals, as Python programs see them.
 *
 * The C handler runs at any instruction, so it does two things that are safe there: it sets a flag
 * and the eval breaker's bit. The main thread looks at the flags at its next safepoint, or when
 * a blocking call returns EINTR. SIGINT becomes KeyboardInterrupt.
 *
 * Between the last look at the flags and the moment the kernel begins to wait a signal would be
 * noted and then slept through. Waits with a deadline close that gap without a system call: the
 * handler, which runs on the waiting thread, moves the deadline into the past before the kernel
 * reads it. A read from a terminal or pipe has no deadline and keeps the gap, as in CPython.
 *
 * Other threads block all signals (thread.c), so the kernel interrupts the main thread.
 */
#include "vm/runtime/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include "vm/probe/probe.h"
#include "vm/runtime/error.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/thread.h"

#define SIGNALS 65

/* Written by the handler on the main thread, read by every thread. */
static atomic_int tripped[SIGNALS];
static atomic_int any_tripped;
/* What the main thread is about to wait for, or waits for. */
static struct py_signals_wait *volatile main_wait;

int (*py_signals_hook)(int number);
volatile sig_atomic_t py_signals_wakeup_fd = -1;

static void hurry(struct py_signals_wait *wait)
{
    wait->hurried = 1;
    wait->until = (struct timespec){0};
}

void py_signals_trip(int number)
{
    if (number <= 0 || number >= SIGNALS)
        return;
    tripped[number] = 1;
    any_tripped = 1;
    py_eval_break(EVAL_BREAK_SIGNAL);
}

static void on_signal(int number)
{
    const int kept = errno;
    py_signals_trip(number);
    if (main_wait)
        hurry(main_wait);
    if (py_signals_wakeup_fd >= 0) {
        const unsigned char octet = (unsigned char)number;
        const ssize_t written = write(py_signals_wakeup_fd, &octet, 1); /* full: one is enough */
        (void)written;
    }
    errno = kept;
}

void py_signals_wait_begin(struct py_signals_wait *wait)
{
    wait->hurried = 0;
    if (py_thread_current() != py_runtime.main_thread)
        return;
    atomic_signal_fence(memory_order_seq_cst); /* the handler writes only what is complete */
    main_wait = wait;
    if (any_tripped)
        hurry(wait);
}

void py_signals_wait_end(struct py_signals_wait *wait)
{
    if (main_wait == wait)
        main_wait = NULL;
    atomic_signal_fence(memory_order_seq_cst);
}

int py_signals_watch(int number)
{
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: calls return EINTR */
    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, NULL);
}

int py_signals_init(void)
{
    struct sigaction old;
    /* A background job of a shell has SIGINT ignored: leave it so. */
    if (sigaction(SIGINT, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
        py_signals_watch(SIGINT);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file beyond its limit is an OSError */
    return 0;
}

bool py_signals_pending(void)
{
    return any_tripped != 0;
}

int py_signals_run(void)
{
    if (!any_tripped || py_thread_current() != py_runtime.main_thread)
        return 0;
    any_tripped = 0;
    for (int i = 1; i < SIGNALS; i++) {
        if (!tripped[i])
            continue;
        tripped[i] = 0;
        if (py_signals_hook) {
            if (py_signals_hook(i) < 0) {
                any_tripped = 1; /* the others keep their turn */
                py_eval_break(EVAL_BREAK_SIGNAL);
                return -1;
            }
        } else if (i == SIGINT) {
            struct py_object *e = py_exc_make(&py_exc_KeyboardInterrupt, NULL, 0);
            if (e) {
                py_raise_instance(e);
                py_decref(e);
            }
            return -1;
        }
    }
    return 0;
}
