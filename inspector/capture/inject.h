// One system call, made by a thread of the target on our behalf.
//
// A capture needs exactly two calls that only the target can make: clone(), which gives us a frozen
// copy of its memory, and wait4(), which collects that copy when it is dead. A stopped thread is
// given the registers of the call, runs one existing `syscall` instruction of its own text, and
// gets its registers back. No byte of code is written. What must survive is the death of the tracer
// (kill -9) at any moment in between: the kernel then lets the thread run with whatever registers
// it has.
//
// So the call is prepared as a small program of signal-return frames, which ends in the thread's
// own state. It stands below the thread's red zone, where a signal could have pushed a frame as
// well:
//
//     thread's rsp ->            (its own stack)
//                  -128          red zone, not touched
//                   XSTATE       floating-point and vector registers, as they are
//                   CHILD frame  rax = exit_group, rip = SYSCALL_RET          (clone only)
//                   BACK frame   the thread's own registers and signal mask
//     call's rsp -> WAIT frame   rax = wait4(child), rip = SYSCALL_RET        (clone only)
//
// SYSCALL_RET is a `syscall; ret` and SIGRETURN a `mov $15,%rax; syscall`, both found in the
// target's libc (the second is what every signal handler returns to). Each frame begins with the
// address of SIGRETURN. If nobody interferes, the thread runs clone, returns into WAIT, collects
// the child, returns into BACK, and is where it was. The child returns from clone on its own stack
// pointer, into CHILD, and exits. The kernel itself writes the child's id into the WAIT frame
// (CLONE_PARENT_SETTID), so the program is complete whatever happens.
//
// Normally the tracer stops the thread when the call returns and puts the registers back itself;
// the program is then never run. Order of the steps, so that a death between any two is harmless:
//   frames, registers, block signals, call, restore signals, registers, frames.
// What remains possible when the keeper is killed in that window (as long as the kernel
// copies page tables, and some stops): a sleep with a relative timeout starts anew, because a
// sigreturn cannot carry the kernel's restart state. docs/internals/attach.md tells what was
// measured.
#ifndef BRILLE_INSPECTOR_CAPTURE_INJECT_H
#define BRILLE_INSPECTOR_CAPTURE_INJECT_H

#include "inspector/base/error.h"
#include "inspector/base/remote_ptr.h"
#include "inspector/capture/stop.h"
#include "inspector/proc/maps.h"
#include <stdbool.h>
#include <sys/types.h>

// Where the target has the two instruction sequences.
struct inject_sites {
    struct remote_ptr syscall_ret;
    struct remote_ptr sigreturn;
};

// Everything an injection needs of the target. Not owned.
struct inject_target {
    struct stop *stop;
    const struct maps *maps; // recent
    int mem_fd;              // /proc/PID/mem, read and write
    struct inject_sites sites;
};

// Searches the executable mappings; UNSUPPORTED when one of the two is not there (the process is
// then captured in place). Can be done while the target runs: inject_* check the bytes again.
struct error *inject_find_sites(const struct maps *maps, int mem_fd, struct inject_sites *ret);

// Makes one held thread clone the process: no signal at exit, file table shared, memory copied on
// write. On success the child is traced by the caller and stands still, or will before its first
// instruction: nobody need wait for that while the target stands still too. `inner` is its id as
// the target sees it. `known` is called with both ids (inner 0: not known yet) as soon as there is
// a child to clean up.
struct inject_child {
    pid_t pid;
    pid_t inner;
};
struct error *inject_clone(const struct inject_target *target,
                           void (*known)(void *context, struct inject_child child), void *context,
                           struct inject_child *ret);

// The second part, when the target runs again: waits until the child stands still and binds it to
// the caller, with whom it dies (PTRACE_O_EXITKILL). Its registers are those of exit_group then.
struct error *inject_bind(const struct inject_sites *sites, const struct inject_child *child);

// Makes one held thread collect a dead child. *collected is false if there was none to collect.
struct error *inject_wait4(const struct inject_target *target, pid_t inner, bool *collected);

#endif
