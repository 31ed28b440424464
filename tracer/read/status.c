/* See status.h: one function, so that every failure is worded where it is found. */
#include "tracer/read/status.h"

#include <stdarg.h>
#include <stdio.h>

enum read_status read_fail(struct read_error *error, enum read_status status, const char *format,
                           ...)
{
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        error->status = status;
        vsnprintf(error->message, sizeof(error->message), format, arguments);
        va_end(arguments);
    }
    return status;
}
