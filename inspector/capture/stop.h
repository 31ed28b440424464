// A stopped process: every thread seized by ptrace, held, read and let go.
//
// PTRACE_SEIZE attaches without stopping and without sending a signal; PTRACE_INTERRUPT then stops
// a thread at its next return to user space, wherever it is. Threads are born while this goes on,
// so both are repeated until /proc/PID/task holds nobody new; from then on nobody can be born.
//
//     (nothing) --stop_all--> stopped --stop_detach--> (nothing)
//                               |  ^
//                    stop_resume  stop_all        (while a safepoint is awaited)
//
// What the target must not notice:
//   - A signal that arrives meanwhile is passed on, never lost.
//   - A system call that sleeps is restarted by the kernel when no handler runs. A few calls
//     (epoll_wait, semop, a socket with a timeout ...) give EINTR instead whenever they are woken;
//     for these the result is turned into the kernel's own "restart unless a handler runs" before
//     the thread is let go. A relative timeout of such a call begins anew.
//   - A thread in uninterruptible sleep (a vfork parent, a dead NFS) cannot stop, and cannot run
//   user
//     code either: it is `late`, has no registers, and is let go as soon as it does stop, at the
//     latest when the keeper ends.
//   - No thread has PTRACE_O_EXITKILL: when the tracer dies, the kernel lets every thread go.
//
// All functions are for the one thread that is the tracer, in the keeper; it must have SIGCHLD
// blocked (stop_wait sleeps in sigtimedwait).
#ifndef BRILLE_INSPECTOR_CAPTURE_STOP_H
#define BRILLE_INSPECTOR_CAPTURE_STOP_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "inspector/capture/hurry.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

enum stop_state {
    STOP_RUNNING, // seized, runs
    STOP_HELD,    // in a ptrace stop
    STOP_LATE,    // asked to stop, has not yet
    STOP_GONE,    // ended
};

struct stop_thread {
    pid_t tid;
    enum stop_state state;
    bool group_stopped; // stopped by job control as well (SIGSTOP, Ctrl-Z): stays so afterwards
    bool has_registers;
    struct user_regs_struct registers; // as read at the stop, and repaired
    struct hurry hurry;                // what it had before it was seized
};

VEC_DEFINE(stop_thread_vec, struct stop_thread);

struct stop {
    pid_t pid;
    struct stop_thread_vec threads; // sorted by tid
    uint64_t begin_ns;              // of the current stop, 0 while the target runs
    uint64_t pause_ns;              // sum of all stops so far
    unsigned stop_count;
};

void stop_init(struct stop *stop, pid_t pid);
// Detaches what is still attached. A thread that is late stays attached until this process ends,
// and cannot be seized again: one tracer uses one struct stop per target, all its life.
void stop_deinit(struct stop *stop);

// Seizes and stops all threads and reads their registers. On failure nothing is left attached.
struct error *stop_all(struct stop *stop, const char *verb);
// The same for one thread (0: the first that can be had), while the others run on.
struct error *stop_one(struct stop *stop, const char *verb);
// Lets all threads run, still seized: stop_attend must be called all the while, every millisecond
// or more often, since each signal that reaches a seized thread stops it until it is passed on.
void stop_resume(struct stop *stop);
void stop_attend(struct stop *stop);
// Lets all threads go. Threads that are late stay attached: call stop_settle now and then.
void stop_detach(struct stop *stop);
// Detaches late threads that have stopped meanwhile; true when none is left.
bool stop_settle(struct stop *stop);

// Turns "interrupted" into "restart unless a handler runs" where the call is one that gives EINTR
// to any wake-up; true if it did. For registers read at a stop, before any signal was delivered.
bool stop_repair_registers(struct user_regs_struct *registers);

// Waits for an event of one tracee until the deadline; 0 when time ran out, -1 when there is no
// such tracee, otherwise its id.
pid_t stop_wait(pid_t tid, int *status, uint64_t deadline_ns);

#endif
