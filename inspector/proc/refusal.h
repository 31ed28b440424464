// Why the kernel does not let us read or trace a process, and what to do about it.
//
// The kernel says EPERM and no more. What it looks at can be looked at too: user ids, capabilities,
// whether the process lets itself be read, Yama, namespaces, seccomp filters. The first of these
// that is in the way is named, in the order in which the kernel asks.
#ifndef BRILLE_INSPECTOR_PROC_REFUSAL_H
#define BRILLE_INSPECTOR_PROC_REFUSAL_H

#include "inspector/base/error.h"
#include "inspector/proc/process.h"

// PERMISSION, in words. `verb` completes the suggestion: "sudo brille <verb> <pid>".
struct error *refusal_explain(const struct process *process, const char *verb);

#endif
