// See interrupt.h. Not for threads: one piece of work at a time listens.
#include "inspector/base/interrupt.h"

#include <stddef.h>
#include <unistd.h>

volatile sig_atomic_t interrupt_flag;

static const int SIGNALS[] = {SIGINT, SIGTERM, SIGHUP};
enum { SIGNAL_TOTAL = sizeof SIGNALS / sizeof *SIGNALS };
static struct sigaction before[SIGNAL_TOTAL];
static bool listening;

static void on_signal(int number)
{
    if (interrupt_flag)
        _exit(128 + number);
    interrupt_flag = number;
}

void interrupt_begin(void)
{
    interrupt_flag = 0;
    for (int i = 0; i < SIGNAL_TOTAL; i++) {
        struct sigaction action = {.sa_handler = on_signal};
        sigemptyset(&action.sa_mask);
        sigaction(SIGNALS[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            sigaction(SIGNALS[i], &action, NULL);
    }
    listening = true;
}

void interrupt_end(void)
{
    for (int i = 0; listening && i < SIGNAL_TOTAL; i++)
        sigaction(SIGNALS[i], &before[i], NULL);
    listening = false;
}
