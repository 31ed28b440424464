/* What the functions of posix about files share: posix_stat.c, posix_paths.c, posix_dirs.c and
 * posix_fds.c. */
#ifndef BRILLE_VM_BUILTINS_POSIX_FILES_H
#define BRILLE_VM_BUILTINS_POSIX_FILES_H

#include <errno.h>

#include "vm/builtins/mod_posix.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/signals.h"

/* Without the GIL; a call that a signal interrupted is repeated unless its handler raises. errno is
 * the call's. The value is -1 with an exception pending when the handler raised. */
#define WAITING(result, expression)                                         \
    do {                                                                    \
        int errno_;                                                         \
        do {                                                                \
            py_allow_threads_begin();                                       \
            errno = 0;                                                      \
            (result) = (expression);                                        \
            errno_ = errno;                                                 \
            py_allow_threads_end();                                         \
        } while ((result) < 0 && errno_ == EINTR && py_signals_run() == 0); \
        errno = errno_;                                                     \
    } while (0)

/* The arguments of a METHOD, by name, in `in`; returns NULL from it when they are wrong. */
#define PARSE(fn_name, n, required_n, keyword_from, ...)                    \
    static const char *const names_[] = {__VA_ARGS__};                      \
    static const struct py_params params_ = {.function = fn_name,           \
                                             .names = names_,               \
                                             .count = n,                    \
                                             .required = required_n,        \
                                             .keyword_only = keyword_from}; \
    struct py_object *in[n] = {NULL};                                       \
    (void)self;                                                             \
    if (py_parse_args(&params_, args, nargs, kwnames, in) < 0)              \
    return NULL

#define KEYWORDS(py_name, function)                                                \
    {                                                                              \
        .name = py_name, .fn = function, .max_args = -1, .flags = PY_METH_KEYWORDS \
    }
#define PLAIN(py_name, function, n)                                   \
    {                                                                 \
        .name = py_name, .fn = function, .min_args = n, .max_args = n \
    }

/* None, or OSError for errno when the result of a call is negative; lets go of the path. */
struct py_object *posix_done(int64_t result, struct path *path);
/* A truth value that may be missing; -1: error. */
int posix_flag(struct py_object *o, bool fallback);
/* stat() of a path, or of a descriptor where that is allowed. New. */
struct py_object *posix_do_stat(const char *function, struct py_object *object,
                                struct py_object *dir, bool follow, bool allow_fd);

#endif
