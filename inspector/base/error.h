// Errors of the inspector.
//
// Every function that can fail returns `struct error *`. NULL is success. On failure the results
// are untouched and the caller owns the error: it hands it on, adds to it, or destroys it. There is
// no other channel: no errno, no global, no log line in the middle of the work.
//
// An error is written for the person who reads it: what failed, why, and what to try, printed as
//
//     brille: cannot read process 48213 (shop-api): operation not permitted
//       why: it runs as user 'app', you are uid 1000
//       try: sudo brille summary 48213
//
// The code says which kind of failure it was (errors.def) and thereby the exit status. Where a
// remote address is involved it is kept apart from the text, so that callers can react to it.
//
// Running out of memory while reporting an error must not need memory: the error is then
// `error_no_memory`, which is static and which error_destroy leaves alone.
#ifndef BRILLE_INSPECTOR_BASE_ERROR_H
#define BRILLE_INSPECTOR_BASE_ERROR_H

#include "inspector/base/cleanup.h"
#include "inspector/base/remote_ptr.h"
#include <stdbool.h>
#include <stdio.h>

enum error_code {
#define X(name, status, meaning) ERROR_##name,
#include "inspector/base/errors.def"
#undef X
};

struct error {
    enum error_code code;
    int errnum;                // the errno behind it, 0 if none
    bool has_address;          // whether `address` means anything
    struct remote_ptr address; // where in the target
    char *message;             // one line, no full stop, no "brille:"
    char *why;                 // NULL or one line
    char *try;                 // NULL or one line: a command, or what to change
};

extern struct error error_no_memory;

struct error *error_create(enum error_code code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Appends ": <strerror>"; the code follows from errnum (EPERM is PERMISSION, ESRCH GONE, ENOMEM
// NO_MEMORY, anything else IO).
struct error *error_create_errno(int errnum, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// A FAULT at an address of the target. The address is printed after the message.
struct error *error_create_fault(struct remote_ptr address, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// These change an error in hand and return it, so that they can be chained in a return statement.
// NULL stays NULL. An added line replaces the one that was there.
struct error *error_add_why(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct error *error_add_try(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct error *error_add_address(struct error *err, struct remote_ptr address);
// "<prefix>: <message>"
struct error *error_add_prefix(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void error_destroy(struct error *err); // NULL and the static error are fine

int error_exit_status(const struct error *err); // 0 for NULL
const char *error_code_name(enum error_code code);
void error_print(FILE *out, const struct error *err);

CLEANUP_DEFINE(error_destroy, struct error *);
#define _cleanup_error_ _cleanup_(error_destroy_at)

// Returns from the calling function, which returns `struct error *`, if the expression failed.
#define TRY(expression)                          \
    do {                                         \
        struct error *try_error_ = (expression); \
        if (try_error_)                          \
            return try_error_;                   \
    } while (0)

#endif
