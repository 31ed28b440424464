// What tracer/read says, as an error of the inspector.
//
// tracer/read knows nothing of exit statuses, suggestions and process names; this is where its
// one-line answers become "what failed, why, what to try".
#ifndef BRILLE_INSPECTOR_TRACE_TRACE_ERROR_H
#define BRILLE_INSPECTOR_TRACE_TRACE_ERROR_H

#include "inspector/base/error.h"
#include "tracer/read/status.h"
#include <sys/types.h>

// About a file. NULL when `status` is READ_OK, READ_END or READ_AGAIN.
struct error *trace_error_of_file(enum read_status status, const struct read_error *error,
                                  const char *path);

// About a process. `verb` completes suggestions: "sudo brille <verb> <pid>".
struct error *trace_error_of_process(enum read_status status, const struct read_error *error,
                                     pid_t pid, const char *verb);

#endif
