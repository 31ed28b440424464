// Ctrl-C as a flag: long work looks at it and ends in order, with what it has.
//
// From interrupt_begin on, SIGINT, SIGTERM and SIGHUP set the flag instead of ending the process;
// interrupt_end puts back what was there. A second signal while the flag is set ends the process
// at once: somebody who presses Ctrl-C twice means it. Signals that were ignored when the process
// began (nohup) stay ignored.
#ifndef BRILLE_INSPECTOR_BASE_INTERRUPT_H
#define BRILLE_INSPECTOR_BASE_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

extern volatile sig_atomic_t interrupt_flag; // 0, or the signal that came

void interrupt_begin(void);
void interrupt_end(void);

static inline bool interrupted(void)
{
    return interrupt_flag != 0;
}

#endif
