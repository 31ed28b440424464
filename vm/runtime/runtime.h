/* The runtime's life: start, run a program, stop. */
#ifndef BRILLE_VM_RUNTIME_RUNTIME_H
#define BRILLE_VM_RUNTIME_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>

/* What the command line asked for. Strings live as long as the process. */
struct py_config {
    int argc;
    char **argv; /* becomes sys.argv */
    const char *program;
    const char *path0;         /* first entry of sys.path, NULL: none */
    const char **warn_options; /* of -W: filters in its words; ends with NULL; NULL: none */
    const char **x_options;    /* of -X: name or name=value; ends with NULL; NULL: none */
    const char *trace;         /* -X trace=LIST: start as a flight recorder; NULL: untraced */
    int check_interval;        /* -X checkinterval=N, 0: by time */
    bool no_attach;            /* -X noattach */
    bool isolated;             /* -I, -E: ignore PYTHON* variables */
    bool unbuffered;           /* -u */
    bool quiet, inspect, verbose;
    bool utf8_mode;             /* -X utf8: only tells programs, everything is UTF-8 anyway */
    bool warn_default_encoding; /* -X warn_default_encoding */
    int optimize;               /* -O, -OO */
};
extern struct py_config py_config;

/* Brings up thread, heap, types, builtins and sys. 0, or -1 with one line on stderr. */
int py_runtime_init(const struct py_config *config);
/* Joins non-daemon threads, runs exit handlers, flushes, drops modules. Returns the exit status
 * to use, status unless flushing failed; a program that ended by KeyboardInterrupt dies of SIGINT.
 */
int py_runtime_finish(int status);

/* Flushes sys.stdout or sys.stderr; what fails is printed, and part of the exit status. */
void py_runtime_flush(const char *name);

#endif
