// See trace_error.h.
#include "inspector/trace/trace_error.h"

#include "inspector/proc/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum error_code code_of(enum read_status status)
{
    switch (status) {
    case READ_GONE:
        return ERROR_GONE;
    case READ_DENIED:
        return ERROR_PERMISSION;
    case READ_NOT_TARGET:
    case READ_DAMAGED:
        return ERROR_FORMAT;
    case READ_VERSION:
        return ERROR_VERSION;
    case READ_BUSY:
        return ERROR_BUSY;
    case READ_TIMEOUT:
        return ERROR_TIMEOUT;
    case READ_REFUSED:
        return ERROR_UNSUPPORTED;
    case READ_NO_MEMORY:
        return ERROR_NO_MEMORY;
    default:
        return ERROR_IO;
    }
}

static bool is_failure(enum read_status status)
{
    return status != READ_OK && status != READ_END && status != READ_AGAIN;
}

struct error *trace_error_of_file(enum read_status status, const struct read_error *error,
                                  const char *path)
{
    if (!is_failure(status))
        return NULL;
    if (status == READ_NO_MEMORY)
        return &error_no_memory;
    if (strstr(error->message, path)) // it already says which file
        return error_create(code_of(status), "%s", error->message);
    struct error *err = error_create(code_of(status), "cannot read %s: %s", path, error->message);
    if (status == READ_VERSION)
        return error_add_try(err, "the brille that wrote it");
    return err;
}

static struct error *not_a_target(const struct process *process)
{
    return error_add_try(error_add_why(error_create(ERROR_UNSUPPORTED, "cannot trace %s",
                                                    process_label(process).text),
                                       "it is no brille-python: other interpreters emit no events"),
                         "brille run -e all PROG");
}

static struct error *busy(const struct process *process, const struct read_error *error)
{
    struct process reader;
    const char *number = strrchr(error->message, ' ');
    _cleanup_error_ struct error *unknown = process_read(&reader, number ? atoi(number + 1) : 0);
    struct error *err =
        error_create(ERROR_BUSY, "%s is being recorded by %s", process_label(process).text,
                     unknown ? "somebody else" : process_label(&reader).text);
    error_add_why(err, "a process has one reader of its events at a time");
    return unknown ? err : error_add_try(err, "end process %d first", (int)reader.pid);
}

struct error *trace_error_of_process(enum read_status status, const struct read_error *error,
                                     pid_t pid, const char *verb)
{
    struct process process;
    if (!is_failure(status))
        return NULL;
    if (status == READ_NO_MEMORY)
        return &error_no_memory;
    TRY(process_read(&process, pid));
    if (process.state == 'Z' || process.state == 'X' || status == READ_GONE)
        return error_create(ERROR_GONE, "%s has ended", process_label(&process).text);
    switch (status) {
    case READ_DENIED:
        return process_refused(pid, EPERM, verb);
    case READ_NOT_TARGET:
        return not_a_target(&process);
    case READ_BUSY:
        return busy(&process, error);
    case READ_VERSION:
        return error_add_try(error_create(ERROR_VERSION, "cannot trace %s: %s",
                                          process_label(&process).text, error->message),
                             "the brille of the same build as that brille-python");
    default:
        return error_create(code_of(status), "cannot trace %s: %s", process_label(&process).text,
                            error->message);
    }
}
