#include "inspector/base/error.h"

#include "inspector/base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct error error_no_memory = {
    .code = ERROR_NO_MEMORY,
    .errnum = ENOMEM,
    .message = (char *)"out of memory",
};

static const struct {
    const char *name;
    int exit_status;
} error_kinds[] = {
#define X(name, status, meaning) [ERROR_##name] = {#name, status},
#include "inspector/base/errors.def"
#undef X
};

static bool error_is_static(const struct error *err)
{
    return err == &error_no_memory;
}

static struct error *error_create_v(enum error_code code, const char *format, va_list args)
{
    struct error *err = calloc(1, sizeof *err);
    if (!err)
        return &error_no_memory;
    err->code = code;
    if (vasprintf(&err->message, format, args) < 0) {
        free(err);
        return &error_no_memory;
    }
    return err;
}

struct error *error_create(enum error_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct error *err = error_create_v(code, format, args);
    va_end(args);
    return err;
}

static enum error_code error_code_of_errno(int errnum)
{
    switch (errnum) {
    case EPERM:
    case EACCES:
        return ERROR_PERMISSION;
    case ESRCH:
        return ERROR_GONE;
    case ENOMEM:
        return ERROR_NO_MEMORY;
    case EFAULT:
        return ERROR_FAULT;
    default:
        return ERROR_IO;
    }
}

// strerror() begins with a capital, which looks wrong in the middle of a line; acronyms and names
// ("RPC ...") keep theirs.
static void error_text_of_errno(char *text, size_t size, int errnum)
{
    char scratch[128];
    snprintf(text, size, "%s", strerror_r(errnum, scratch, sizeof scratch));
    if (text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a' && text[1] <= 'z')
        text[0] += 'a' - 'A';
}

struct error *error_create_errno(int errnum, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct error *err = error_create_v(error_code_of_errno(errnum), format, args);
    va_end(args);
    if (error_is_static(err))
        return err;
    err->errnum = errnum;
    char reason[128];
    error_text_of_errno(reason, sizeof reason, errnum);
    char *longer = NULL;
    if (asprintf(&longer, "%s: %s", err->message, reason) >= 0) {
        free(err->message);
        err->message = longer;
    }
    return err;
}

struct error *error_create_fault(struct remote_ptr address, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct error *err = error_create_v(ERROR_FAULT, format, args);
    va_end(args);
    return error_add_address(err, address);
}

// Replaces *line; keeps what was there if there is no memory for the new text.
static void error_set_line(char **line, const char *format, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        return;
    free(*line);
    *line = text;
}

struct error *error_add_why(struct error *err, const char *format, ...)
{
    if (!err || error_is_static(err))
        return err;
    va_list args;
    va_start(args, format);
    error_set_line(&err->why, format, args);
    va_end(args);
    return err;
}

struct error *error_add_try(struct error *err, const char *format, ...)
{
    if (!err || error_is_static(err))
        return err;
    va_list args;
    va_start(args, format);
    error_set_line(&err->try, format, args);
    va_end(args);
    return err;
}

struct error *error_add_address(struct error *err, struct remote_ptr address)
{
    if (err && !error_is_static(err)) {
        err->has_address = true;
        err->address = address;
    }
    return err;
}

struct error *error_add_prefix(struct error *err, const char *format, ...)
{
    if (!err || error_is_static(err))
        return err;
    va_list args;
    va_start(args, format);
    char *prefix = NULL;
    int length = vasprintf(&prefix, format, args);
    va_end(args);
    if (length < 0)
        return err;
    char *message = NULL;
    if (asprintf(&message, "%s: %s", prefix, err->message) >= 0) {
        free(err->message);
        err->message = message;
    }
    free(prefix);
    return err;
}

void error_destroy(struct error *err)
{
    if (!err || error_is_static(err))
        return;
    free(err->message);
    free(err->why);
    free(err->try);
    free(err);
}

int error_exit_status(const struct error *err)
{
    return err ? error_kinds[err->code].exit_status : 0;
}

const char *error_code_name(enum error_code code)
{
    return error_kinds[code].name;
}

static void print_line(FILE *out, const char *prefix, const char *text)
{
    if (!text)
        return;
    fputs(prefix, out);
    utf8_print(out, text);
    fputc('\n', out);
}

void error_print(FILE *out, const struct error *err)
{
    if (!err)
        return;
    fputs("brille: ", out);
    utf8_print(out, err->message);
    if (err->has_address)
        fprintf(out, " (address 0x%" PRIx64 ")", err->address.addr);
    fputc('\n', out);
    print_line(out, "  why: ", err->why);
    print_line(out, "  try: ", err->try);
}
