/* _posixsubprocess: fork_exec(), the one function behind subprocess.Popen.
 *
 * Everything the child needs is turned into C memory first. The child of vfork shares this
 * process's memory until it execs, so it makes system calls only: it allocates nothing, takes no
 * lock, counts no reference and emits no event. All signals are blocked meanwhile, so that no
 * handler of ours runs in it. A preexec_fn is Python code and needs a real fork.
 *
 * What goes wrong in the child is written to errpipe_write as subprocess.py reads it:
 * "OSError:<errno in hex>:" followed by nothing if exec failed, "noexec" if something before it.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vm/builtins/mod_posix.h"
#include "vm/builtins/mod_support.h"
#include "vm/object/bytes.h"
#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

enum argument {
    ARGS,
    EXECUTABLES,
    CLOSE_FDS,
    KEEP,
    CWD,
    ENV,
    P2C_READ,
    P2C_WRITE,
    C2P_READ,
    C2P_WRITE,
    ERR_READ,
    ERR_WRITE,
    PIPE_READ,
    PIPE_WRITE,
    RESTORE_SIGNALS,
    SETSID,
    PGID,
    GID,
    GROUPS,
    UID,
    UMASK,
    PREEXEC,
    ALLOW_VFORK,
    ARGUMENT_COUNT
};

struct plan {
    char **argv, **envp, **executables;
    int *keep; /* ends with -1 */
    const char *cwd;
    int fd[PIPE_WRITE - P2C_READ + 1];
    bool close_fds, restore_signals, setsid, set_groups, set_gid, set_uid;
    int64_t pgid, umask;
    gid_t gid, *groups;
    uid_t uid;
    size_t group_count;
    struct py_object *preexec; /* borrowed, or NULL */
    sigset_t signals;          /* of the caller */
};
#define FD(plan, which) ((plan)->fd[(which)-P2C_READ])

/* ---- preparing ------------------------------------------------------------------------------- */

static int fds_to_keep(struct plan *p, struct py_object *o)
{
    if (!py_tuple_check(o))
        return py_raise_int(&py_exc_TypeError, "fork_exec() argument 4 must be tuple, not %T", o);
    const struct py_tuple *const t = (struct py_tuple *)o;
    p->keep = malloc(((size_t)t->base.size + 1) * sizeof(int));
    if (!p->keep)
        return py_raise_no_memory(), -1;
    for (int64_t i = 0, last = -1; i < t->base.size; i++) {
        const int64_t fd = py_int_check(t->items[i]) ? py_int_as_i64(t->items[i]) : -1;
        if (fd < 0 || fd <= last || fd > INT32_MAX) {
            py_error_clear();
            return py_raise_int(&py_exc_ValueError, "bad value(s) in fds_to_keep");
        }
        p->keep[i] = (int)(last = fd);
    }
    p->keep[t->base.size] = -1;
    return 0;
}

static int identity(struct py_object *o, bool *set, uint32_t *out)
{
    if (o == PY_NONE)
        return 0;
    int64_t v;
    if (i64_argument(o, &v) < 0)
        return -1;
    *set = true;
    *out = (uint32_t)v;
    return 0;
}

static int extra_groups(struct plan *p, struct py_object *o)
{
    if (o == PY_NONE)
        return 0;
    struct py_tuple *items = py_sequence_tuple(o, "setgroups argument must be a sequence");
    if (!items)
        return -1;
    PY_HOLD(&items);
    const size_t n = (size_t)items->base.size;
    int status = 0;
    if (n > NGROUPS_MAX)
        status = py_raise_int(&py_exc_ValueError, "too many extra_groups");
    else if (!(p->groups = malloc((n + 1) * sizeof *p->groups)))
        status = (py_raise_no_memory(), -1);
    for (size_t i = 0; i < n && status == 0; i++) {
        int64_t v;
        status = i64_argument(items->items[i], &v);
        p->groups[i] = (gid_t)v;
    }
    p->set_groups = true;
    p->group_count = n;
    py_clear(items);
    return status;
}

static int prepare(struct plan *p, struct py_object *const *args)
{
    if (fds_to_keep(p, args[KEEP]) < 0)
        return -1;
    for (int i = P2C_READ; i <= PIPE_WRITE; i++)
        if (int_argument(args[i], &FD(p, i)) < 0)
            return -1;
    const int flags[] = {CLOSE_FDS, RESTORE_SIGNALS, SETSID};
    bool *const out[] = {&p->close_fds, &p->restore_signals, &p->setsid};
    for (int i = 0; i < 3; i++) {
        const int truth = py_truth(args[flags[i]]);
        if (truth < 0)
            return -1;
        *out[i] = truth;
    }
    if (p->close_fds && FD(p, PIPE_WRITE) < 3)
        return py_raise_int(&py_exc_ValueError, "errpipe_write must be >= 3");
    if (i64_argument(args[PGID], &p->pgid) < 0 || i64_argument(args[UMASK], &p->umask) < 0 ||
        identity(args[GID], &p->set_gid, &p->gid) < 0 ||
        identity(args[UID], &p->set_uid, &p->uid) < 0 || extra_groups(p, args[GROUPS]) < 0)
        return -1;
    p->preexec = args[PREEXEC] == PY_NONE ? NULL : args[PREEXEC];
    if (!(p->executables = posix_strings(args[EXECUTABLES], "fork_exec",
                                         "executable_list must be a sequence")) ||
        !(p->argv = posix_strings(args[ARGS], "fork_exec", "argv must be a tuple")) ||
        (args[ENV] != PY_NONE &&
         !(p->envp = posix_strings(args[ENV], "fork_exec", "env must be a sequence"))))
        return -1;
    return 0;
}

static void release(struct plan *p)
{
    posix_strings_free(p->argv);
    posix_strings_free(p->envp);
    posix_strings_free(p->executables);
    free(p->keep);
    free(p->groups);
}

/* ---- in the child: system calls only --------------------------------------------------------- */

static bool kept(const struct plan *p, int fd)
{
    for (const int *k = p->keep; *k >= 0; k++)
        if (*k == fd)
            return true;
    return false;
}

static void close_others(const struct plan *p)
{
    unsigned from = 3;
    for (const int *k = p->keep; *k >= 0; k++) {
        if (*k < 3)
            continue;
        if ((unsigned)*k > from)
            syscall(SYS_close_range, from, (unsigned)*k - 1, 0);
        from = (unsigned)*k + 1;
    }
    if (syscall(SYS_close_range, from, ~0u, 0) == 0)
        return;
    const long limit = sysconf(_SC_OPEN_MAX); /* a kernel before 5.9 */
    for (long fd = 3; fd < limit; fd++)
        if (!kept(p, (int)fd))
            close((int)fd);
}

/* Makes `from` the descriptor `to` that survives exec. */
static int place(int from, int to)
{
    if (from == to)
        return fcntl(to, F_SETFD, fcntl(to, F_GETFD) & ~FD_CLOEXEC);
    return from == -1 ? 0 : dup2(from, to);
}

static int set_up_descriptors(struct plan *p)
{
    for (const int *k = p->keep; *k >= 0; k++)
        if (*k != FD(p, PIPE_WRITE) && *k > 2)
            fcntl(*k, F_SETFD, fcntl(*k, F_GETFD) & ~FD_CLOEXEC);
    const int ours[] = {P2C_WRITE, C2P_READ, ERR_READ, PIPE_READ};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (FD(p, ours[i]) != -1)
            close(FD(p, ours[i]));
    if (FD(p, C2P_WRITE) == 0 && (FD(p, C2P_WRITE) = dup(0)) < 0)
        return -1;
    while (FD(p, ERR_WRITE) == 0 || FD(p, ERR_WRITE) == 1)
        if ((FD(p, ERR_WRITE) = dup(FD(p, ERR_WRITE))) < 0)
            return -1;
    return place(FD(p, P2C_READ), 0) < 0 || place(FD(p, C2P_WRITE), 1) < 0 ||
                   place(FD(p, ERR_WRITE), 2) < 0
               ? -1
               : 0;
}

static int become(struct plan *p)
{
    if (p->cwd && chdir(p->cwd) < 0)
        return -1;
    if (p->umask >= 0)
        umask((mode_t)p->umask);
    if (p->restore_signals) {
        signal(SIGPIPE, SIG_DFL);
        signal(SIGXFSZ, SIG_DFL);
    }
    sigprocmask(SIG_SETMASK, &p->signals, NULL);
    if ((p->setsid && setsid() < 0) || (p->pgid >= 0 && setpgid(0, (pid_t)p->pgid) < 0))
        return -1;
    /* The raw calls: those of the C library would change every thread of the parent. */
    if (p->set_groups && syscall(SYS_setgroups, p->group_count, p->groups) < 0)
        return -1;
    if ((p->set_gid && syscall(SYS_setregid, p->gid, p->gid) < 0) ||
        (p->set_uid && syscall(SYS_setreuid, p->uid, p->uid) < 0))
        return -1;
    return 0;
}

static void report(const struct plan *p, const char *type, int error, const char *message)
{
    char text[160];
    size_t n = strlen(type);
    memcpy(text, type, n);
    text[n++] = ':';
    int shift = 28;
    while (shift > 0 && !(error >> shift & 15))
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        text[n++] = "0123456789ABCDEF"[error >> shift & 15];
    text[n++] = ':';
    memcpy(text + n, message, strlen(message));
    n += strlen(message);
    if (write(FD(p, PIPE_WRITE), text, n) < 0)
        _exit(255);
}

static void in_child(struct plan *p) __attribute__((noreturn));
static void in_child(struct plan *p)
{
    if (p->preexec)
        posix_after_fork_child();
    if (set_up_descriptors(p) < 0 || become(p) < 0) {
        report(p, "OSError", errno, "noexec");
        _exit(255);
    }
    if (p->preexec) {
        struct py_object *const done = py_call0(p->preexec);
        if (!done) {
            py_error_clear();
            report(p, "SubprocessError", 0, "Exception occurred in preexec_fn.");
            _exit(255);
        }
    }
    if (p->close_fds)
        close_others(p);
    int error = 0;
    for (char **e = p->executables; *e; e++) {
        if (p->envp)
            execve(*e, p->argv, p->envp);
        else
            execv(*e, p->argv);
        if (errno != ENOENT && errno != ENOTDIR && error == 0)
            error = errno;
    }
    report(p, "OSError", error ? error : errno, "");
    _exit(255);
}

/* ---- in the parent --------------------------------------------------------------------------- */

/* Its own function: what a vfork's child writes to its variables nobody else may read. */
static __attribute__((noinline)) pid_t start(struct plan *p, bool may_vfork)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &p->signals);
    const pid_t pid =
        may_vfork && !p->preexec && !p->set_uid && !p->set_gid && !p->set_groups ? vfork() : fork();
    if (pid == 0)
        in_child(p);
    const int error = errno;
    pthread_sigmask(SIG_SETMASK, &p->signals, NULL);
    errno = error;
    return pid;
}

METHOD(fork_exec)
{
    UNUSED;
    struct plan p = {0};
    struct path cwd = {0};
    PY_HOLD(&cwd.owner);
    struct py_object *result = NULL;
    const int may_vfork = py_truth(args[ALLOW_VFORK]);
    if (may_vfork >= 0 && prepare(&p, args) == 0 &&
        (args[CWD] == PY_NONE || posix_path(args[CWD], "fork_exec", false, &cwd) == 0)) {
        p.cwd = cwd.text;
        if (p.preexec)
            posix_before_fork();
        const pid_t pid = start(&p, may_vfork);
        result = pid < 0 ? posix_error(NULL, NULL) : py_int_from_i64(pid);
        if (p.preexec)
            posix_after_fork_parent();
    }
    release(&p);
    py_clear(cwd.owner);
    return result;
}

static const struct py_method_def functions[] = {
    METHOD_ROW("fork_exec", fork_exec, ARGUMENT_COUNT, ARGUMENT_COUNT),
    {.name = NULL},
};

struct py_module *py_mod__posixsubprocess_init(void); /* modules.def */

struct py_module *py_mod__posixsubprocess_init(void)
{
    struct py_module *m =
        py_module_new("_posixsubprocess", "What subprocess starts programs with.");
    if (!m || py_module_add_methods(m, functions) < 0)
        py_clear(m);
    return m;
}
