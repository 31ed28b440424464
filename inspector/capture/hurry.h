// Running soon: while a process stands still for us, whoever it waits for should not have to wait
// for others.
//
// A stop is a dozen handings-over between the keeper and a thread of the target: each of them runs
// for microseconds, and then waits until the scheduler gets to it. On a machine with more work than
// processors that waiting is nearly the whole pause. So
//
//     the keeper     takes real-time priority; without the privilege for it, a short time slice
//     the target     has a short time slice while it is seized, and then its own again
//     brille         stands back once the target runs again: nobody waits for it, and on a machine
//                    with one processor to spare it would take every second turn of the target's
//
// A short time slice is what Linux 6.12 and later take as the wish to run soon (earliest deadline
// first: whoever wants little is due early); before that it is ignored. It changes nobody's share
// of the processor. Nothing here can fail: who may not hurry, does not.
#ifndef BRILLE_INSPECTOR_CAPTURE_HURRY_H
#define BRILLE_INSPECTOR_CAPTURE_HURRY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

void hurry_self(void);

// The calling process is nicer from the first call on. It stays so: taking it back needs a
// privilege.
void hurry_stand_back(void);

// What a thread had before.
struct hurry {
    bool changed;
    uint64_t slice_ns; // 0: the system's
};
void hurry_thread(pid_t tid, struct hurry *saved);
void hurry_restore(pid_t tid, struct hurry *saved);

#endif
