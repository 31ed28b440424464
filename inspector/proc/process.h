// What /proc says about a process, and why it may not be read.
//
// A snapshot of facts: it can be outdated a moment later. A process is identified by pid and start
// time together, because pids are reused; whoever acts on a pid twice compares the start time in
// between (process_still_there).
//
// This is also where "cannot attach" becomes a sentence: gone, a zombie, another user's, traced by
// somebody else, or forbidden by Yama, each with what to do about it.
#ifndef BRILLE_INSPECTOR_PROC_PROCESS_H
#define BRILLE_INSPECTOR_PROC_PROCESS_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROCESS_NAME_BYTES = 64, PROCESS_EXE_BYTES = 512 };

struct process {
    pid_t pid;
    pid_t parent;
    uint64_t start_ticks; // since boot, in clock ticks: field 22 of /proc/PID/stat
    uid_t uid;            // effective
    char state;           // R S D T t Z X as in ps
    pid_t tracer;         // TracerPid of the main thread, 0 if none
    unsigned seccomp;     // 0 off, 1 strict, 2 filter, of the main thread
    uint32_t thread_count;
    uint64_t rss_bytes;
    bool kernel_thread;
    char name[PROCESS_NAME_BYTES]; // comm: printable, other bytes are shown as '?'
    char exe[PROCESS_EXE_BYTES];   // "" when it may not be read
};

VEC_DEFINE(process_vec, struct process);

// "48213" -> 48213; anything else is a usage error.
struct error *process_parse_pid(const char *text, pid_t *ret);

struct error *process_read(struct process *process, pid_t pid);

// Every process that can be seen, kernel threads left out. Those that end meanwhile are left out.
struct error *process_list(struct process_vec *ret);

// Whether the same process still runs (same start time, not a zombie).
bool process_still_there(pid_t pid, uint64_t start_ticks);

// Whether it is a zombie or gone; only /proc/PID/stat is read, so it can be asked often. What
// cannot be read for another reason has not ended.
bool process_has_ended(pid_t pid);

// A number that stays as long as the process runs one program, and is most likely another when it
// has begun another (or the same anew), which neither pid nor start time tell. 0 when it may not be
// known.
uint64_t process_program(pid_t pid);

// The id of a thread in the innermost pid namespace that it lives in, 0 if it cannot be told.
pid_t process_inner_id(pid_t pid, pid_t tid);

// A descriptor of /proc/PID/mem, or -errno. A process that begins another program refuses everybody
// for a moment, so who may read it (root, its owner) asks more than once.
int process_open_mem(pid_t pid, int flags);

// NULL if this process may be read and traced, as far as can be known without doing it; otherwise
// what is in the way; a capture by another brille is not. `verb` completes the suggestion: "sudo
// brille <verb> <pid>".
struct error *process_check_access(const struct process *process, const char *verb);

// The name of the processes that capture others (inspector/capture/keeper.h).
#define PROCESS_KEEPER_NAME "brille-keeper"

// Whether another brille is capturing this process at the moment.
bool process_is_captured(pid_t pid);

// Turns a refused ptrace or open into a sentence; reads /proc again to find out why.
struct error *process_refused(pid_t pid, int errnum, const char *verb);

// The words in which every error names a process: "process 48213 (shop-api)".
struct process_label {
    char text[PROCESS_NAME_BYTES + 40];
};
struct process_label process_label(const struct process *process);

#endif
