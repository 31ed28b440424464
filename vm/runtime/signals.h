/* Signals: a handler only notes the number and asks for a safepoint; Python-level handling happens
 * there, in the main thread. */
#ifndef BRILLE_VM_RUNTIME_SIGNALS_H
#define BRILLE_VM_RUNTIME_SIGNALS_H

#include <stdbool.h>

/* SIGINT becomes KeyboardInterrupt, SIGPIPE is ignored. */
void py_signals_init(void);
/* True when a signal waits for the main thread. Any thread. */
bool py_signals_pending(void);
/* From a safepoint: clears EVAL_BREAK_SIGNAL and, in the main thread, raises KeyboardInterrupt for
 * a pending SIGINT. 0, or -1 with the exception. */
int py_signals_run(void);

#endif
