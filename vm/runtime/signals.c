/* Signals. The C handler is async-signal-safe: one store and one atomic OR. */
#include "vm/runtime/signals.h"

#include <signal.h>
#include <string.h>

#include "vm/object/exc.h"
#include "vm/probe/loop.h"
#include "vm/runtime/error.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/thread.h"

static volatile sig_atomic_t interrupt_pending;

static void on_interrupt(int signum)
{
    (void)signum;
    interrupt_pending = 1;
    py_eval_break(EVAL_BREAK_SIGNAL);
}

void py_signals_init(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = on_interrupt; /* no SA_RESTART: a sleep or read wakes up */
    struct sigaction present;
    if (sigaction(SIGINT, NULL, &present) == 0 && present.sa_handler != SIG_IGN)
        sigaction(SIGINT, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

bool py_signals_pending(void)
{
    return interrupt_pending;
}

int py_signals_run(void)
{
    if (py_thread_current() != py_runtime.main_thread)
        return 0; /* the bit stays set for the main thread */
    py_eval_break_clear(EVAL_BREAK_SIGNAL);
    if (!interrupt_pending)
        return 0;
    interrupt_pending = 0;
    py_raise(&py_exc_KeyboardInterrupt, "");
    return -1;
}
