/* How reading can end, and the one line that says why.
 *
 * Everything in tracer/read that meets foreign bytes returns one of these. READ_OK is 0. A function
 * that fails leaves its results untouched and writes one line, without a full stop or newline, to
 * `error` if that is not NULL. Nothing here aborts on bad input.
 */
#ifndef BRILLE_TRACER_READ_STATUS_H
#define BRILLE_TRACER_READ_STATUS_H

enum read_status {
    READ_OK = 0,
    READ_END,        /* nothing more will come */
    READ_AGAIN,      /* nothing now */
    READ_GONE,       /* the process does not exist (any more) */
    READ_DENIED,     /* permission */
    READ_NOT_TARGET, /* a process without a control page, or a file that is neither ring nor trace
                      */
    READ_VERSION,    /* made by a build with another layout, schema or feature set */
    READ_DAMAGED,    /* contradicts itself or its checksums */
    READ_BUSY,       /* another reader holds the slot */
    READ_TIMEOUT,    /* the process did not reach a safepoint in time */
    READ_REFUSED,    /* the process answered, and said no */
    READ_IO,         /* the operating system said no; the line has its words */
    READ_NO_MEMORY,
};

struct read_error {
    enum read_status status;
    char message[240];
};

/* Fills `error` and returns `status`, so that failing is one statement. */
enum read_status read_fail(struct read_error *error, enum read_status status, const char *format,
                           ...) __attribute__((format(printf, 3, 4)));

#endif
