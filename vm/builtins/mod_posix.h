/* What the files of posix share: arguments that are paths, and results that are names. */
#ifndef BRILLE_VM_BUILTINS_MOD_POSIX_H
#define BRILLE_VM_BUILTINS_MOD_POSIX_H

#include <fcntl.h>
#include <sys/stat.h>

#include "vm/object/module.h"
#include "vm/object/object.h"
#include "vm/object/type.h"

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED (void)self, (void)args, (void)nargs, (void)kwnames

/* A path argument: str, bytes, something with __fspath__, or (where allowed) a descriptor. owner
 * keeps text alive: register it with PY_HOLD, and clear it. */
struct path {
    struct py_object *owner;
    struct py_object *object; /* as given, for messages; borrowed */
    const char *text;         /* NULL when it is a descriptor */
    int fd;                   /* -1 */
    bool bytes;               /* names are to be given back as bytes */
};
int posix_path(struct py_object *o, const char *function, bool allow_fd, struct path *out);
/* os.fspath(o). New. */
struct py_object *posix_fspath(struct py_object *o);
/* A name from the system, as str (undecodable bytes escaped) or bytes. New. */
struct py_object *posix_name(const char *text, bool bytes);
/* OSError for errno and the paths given (NULL: none). Always NULL. */
void *posix_error(struct py_object *path, struct py_object *path2);
/* dir_fd: None or missing is AT_FDCWD. -1: error (AT_FDCWD is another negative number). */
int posix_dir_fd(struct py_object *o, int *out);
int posix_int(struct py_object *o, int *out);
/* A user or group: a number of 32 bits, or -1, which leaves one as it is. what: "uid" or "gid". */
int posix_id(struct py_object *o, const char *what, uint32_t *out);

/* A NULL-terminated array of a sequence of paths, and giving it back; NULL is fine there. what:
 * TypeError's text if o is no sequence. NULL: error. */
char **posix_strings(struct py_object *o, const char *function, const char *what);
void posix_strings_free(char **strings);

/* posix_fork.c: what os.register_at_fork() was given, around a fork() whose child runs Python. */
void posix_before_fork(void);
void posix_after_fork_parent(void);
void posix_after_fork_child(void);

struct py_object *posix_stat_result(const struct stat *st);
extern struct py_type py_stat_result_type, py_scandir_iter_type, py_dir_entry_type,
    py_terminal_size_type, py_times_result_type, py_uname_result_type, py_statvfs_result_type,
    py_sched_param_type, py_waitid_result_type;
extern const struct py_method_def posix_stat_functions[], posix_path_functions[],
    posix_dir_functions[], posix_fd_functions[], posix_process_functions[], posix_fork_functions[],
    posix_transfer_functions[], posix_id_functions[], posix_node_functions[],
    posix_wait_functions[];
/* Adds the names of limits that pathconf() knows. 0, or -1 with an exception. */
int posix_add_limits(struct py_module *m);

#endif
