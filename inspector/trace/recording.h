// A recording: events of a running process, of a program to be started, or of the ring a dead
// process left, into a trace file.
//
// The file is whole whenever these return, whatever ended the recording: the time, Ctrl-C, the end
// of the process, a full disk (then an error says so, and the file is readable up to there). The
// process is left as it was found: untraced, or with its own flight recorder on again.
//
// Nothing here prints.
#ifndef BRILLE_INSPECTOR_TRACE_RECORDING_H
#define BRILLE_INSPECTOR_TRACE_RECORDING_H

#include "inspector/base/error.h"
#include "tracer/abi/control.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct recording_options {
    const char *verb;             // for suggestions in errors
    const char *path;             // of the trace
    uint32_t classes;             // enum trace_class
    uint32_t policy;              // enum trace_policy; 0: block
    uint64_t for_ns;              // 0: until interrupted
    uint64_t max_bytes;           // the recording ends before the file gets larger; 0: no bound
    struct control_filter filter; // kinds == 0: all events of objects
    uint64_t last_ns;             // of the file, only this much is kept, the newest; 0: all
    uint64_t baseline_ns;         // and another baseline is asked for so often; 0: never
    uint64_t interpreter;         // a stock CPython with several GILs: whose is recorded
};

// Until interrupted (base/interrupt.h), the time is over or the process ends. *late is set when the
// process did not reach a safepoint at first, and on_late is called at that moment.
struct error *recording_attach(pid_t pid, const struct recording_options *options,
                               void (*on_late)(pid_t pid));

// Starts argv[0] and, if options->classes is not 0, records it from its first instruction to its
// end. *status gets what waitpid says, also when writing the trace failed: the error is then about
// the trace alone, and `started` is true. UNSUPPORTED, and no trace, when what ran did not emit: it
// is no brille-python, or one of another version.
struct error *recording_run(char **argv, const struct recording_options *options, int *status,
                            bool *started);

// USAGE when the bounds cannot be kept.
struct error *recording_check_bounds(const struct recording_options *options);

struct error *recording_recover(const char *ring, const char *path);

#endif
