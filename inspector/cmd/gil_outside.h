// The GIL of a process that emits no events, for the verbs gil and record: exact where the kernel
// lets its handoffs be seen, else sampled. Which of the two an answer is, is always said.
#ifndef BRILLE_INSPECTOR_CMD_GIL_OUTSIDE_H
#define BRILLE_INSPECTOR_CMD_GIL_OUTSIDE_H

#include "inspector/cmd/verb.h"
#include "inspector/target/target.h"
#include "inspector/trace/event_source.h"
#include "inspector/trace/recording.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// *ops is set when the argument names a process whose GIL must be looked at from outside, else
// NULL: then it is something else, or a process that emits events.
struct error *gil_outside_probe(const char *argument, pid_t *pid, const struct target_ops **ops);

struct gil_outside_options {
    uint64_t for_ns;
    uint64_t interpreter; // whose GIL, of a process that has more than one
    bool sample;
};

// Listens. Where that is exact, *ret are the events; otherwise, and if `sample` asks for it, the
// answer has been given and *ret stays NULL.
struct error *gil_outside_open(struct verb *verb, pid_t pid, const struct target_ops *ops,
                               const struct gil_outside_options *options,
                               struct event_source **ret);

// UNSUPPORTED when other events than those of the GIL are asked for.
struct error *gil_outside_record(pid_t pid, const struct target_ops *ops,
                                 const struct recording_options *options);

#endif
