// Scope guards: a resource that is released when its variable goes out of scope.
//
// Most functions of the inspector can fail halfway, and `struct error *` is returned at the point
// of failure. Guards keep that point free of unwinding code:
//
//     _cleanup_free_ char *name = strdup(text);
//     _cleanup_(elf_file_destroy_at) struct elf_file *elf = NULL;
//     TRY(elf_file_open(path, &elf));
//     *ret = take_ptr(elf);           // success: the guard now sees NULL
//     return NULL;
//
// A guarded variable is always initialised, if only with NULL or -1; the release functions accept
// both. CLEANUP_DEFINE(widget_destroy, struct widget *) makes `widget_destroy_at`, which takes the
// address of the variable, as __attribute__((cleanup)) wants it.
#ifndef BRILLE_INSPECTOR_BASE_CLEANUP_H
#define BRILLE_INSPECTOR_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

#define CLEANUP_DEFINE(function, type)                                       \
    static inline __attribute__((unused)) void function##_at(type *variable) \
    {                                                                        \
        function(*variable);                                                 \
    }                                                                        \
    struct cleanup_needs_a_semicolon

// Hands the pointer on: its guard then has nothing to release.
#define take_ptr(pointer)                       \
    ({                                          \
        __typeof__(pointer) taken_ = (pointer); \
        (pointer) = NULL;                       \
        taken_;                                 \
    })

// The same for a file descriptor.
#define take_fd(fd)        \
    ({                     \
        int taken_ = (fd); \
        (fd) = -1;         \
        taken_;            \
    })

static inline void cleanup_free_at(void *variable)
{
    free(*(void **)variable);
}

static inline void cleanup_close_at(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void cleanup_fclose_at(FILE **file)
{
    if (*file)
        fclose(*file);
}

#define _cleanup_free_   _cleanup_(cleanup_free_at)
#define _cleanup_close_  _cleanup_(cleanup_close_at)
#define _cleanup_fclose_ _cleanup_(cleanup_fclose_at)

#endif
