/* Signals: a handler notes that one came, the main thread acts on it at a safepoint. */
#ifndef BRILLE_VM_RUNTIME_SIGNALS_H
#define BRILLE_VM_RUNTIME_SIGNALS_H

#include <stdbool.h>

#include "vm/object/object.h"

/* Installs SIGINT's handler and ignores SIGPIPE, as python does. An init step. */
int py_signals_init(void);
/* Any thread: has a signal come that nobody acted on? */
bool py_signals_pending(void);
/* Main thread, GIL held: runs what the signals ask for. 0, or -1 with an exception
 * (KeyboardInterrupt for SIGINT). In other threads it does nothing. */
int py_signals_run(void);
/* Makes a signal be noted (and then passed to run_hook) instead of its default. */
int py_signals_watch(int number);
/* As if the signal had come. */
void py_signals_trip(int number);
/* Called for each noted signal; NULL: SIGINT raises KeyboardInterrupt, others are forgotten. For a
 * module `signal`. 0 or -1 with an exception. */
extern int (*py_signals_hook)(int number);

#endif
