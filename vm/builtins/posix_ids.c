/* posix: who a process is, as what it may act, and how it is scheduled.
 */
#include "vm/builtins/posix_files.h"

#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/structseq.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

/* ---- identities --------------------------------------------------------------------------------
 */

/* Functions of one to three identities of the same kind. */
#define ID_FUNCTION(name, call, what, n)                       \
    METHOD(os_##name)                                          \
    {                                                          \
        UNUSED;                                                \
        uint32_t id[n];                                        \
        for (int i = 0; i < (n); i++)                          \
            if (posix_id(args[i], what, &id[i]) < 0)           \
                return NULL;                                   \
        return (call) < 0 ? posix_error(NULL, NULL) : PY_NONE; \
    }
ID_FUNCTION(setuid, setuid(id[0]), "uid", 1)
ID_FUNCTION(seteuid, seteuid(id[0]), "uid", 1)
ID_FUNCTION(setgid, setgid(id[0]), "gid", 1)
ID_FUNCTION(setegid, setegid(id[0]), "gid", 1)
ID_FUNCTION(setreuid, setreuid(id[0], id[1]), "uid", 2)
ID_FUNCTION(setregid, setregid(id[0], id[1]), "gid", 2)
ID_FUNCTION(setresuid, setresuid(id[0], id[1], id[2]), "uid", 3)
ID_FUNCTION(setresgid, setresgid(id[0], id[1], id[2]), "gid", 3)

static struct py_object *three_ids(int failed, uint32_t a, uint32_t b, uint32_t c)
{
    if (failed)
        return posix_error(NULL, NULL);
    struct py_object *items[3] = {py_int_from_u64(a), py_int_from_u64(b), py_int_from_u64(c)};
    return PY_OBJ(py_tuple_from_array_steal(items, 3));
}

METHOD(os_getresuid)
{
    UNUSED;
    uid_t a = 0, b = 0, c = 0;
    const int failed = getresuid(&a, &b, &c);
    return three_ids(failed, a, b, c);
}

METHOD(os_getresgid)
{
    UNUSED;
    gid_t a = 0, b = 0, c = 0;
    const int failed = getresgid(&a, &b, &c);
    return three_ids(failed, a, b, c);
}

METHOD(os_setgroups)
{
    UNUSED;
    struct py_tuple *given = py_sequence_tuple(args[0], "setgroups argument must be a sequence");
    if (!given)
        return NULL;
    PY_HOLD(&given);
    const int64_t n = given->base.size;
    gid_t *groups = calloc((size_t)n + 1, sizeof *groups);
    int failed = groups ? 0 : -1;
    if (!groups)
        py_raise_no_memory();
    for (int64_t i = 0; !failed && i < n; i++)
        failed = posix_id(given->items[i], "gid", &groups[i]);
    py_clear(given);
    const int r = failed ? -1 : setgroups((size_t)n, groups);
    free(groups);
    return failed ? NULL : posix_done(r, NULL);
}

METHOD(os_initgroups)
{
    UNUSED;
    struct path name = {0};
    PY_HOLD(&name.owner);
    uint32_t group;
    if (posix_id(args[1], "gid", &group) < 0 || posix_path(args[0], "initgroups", false, &name) < 0)
        return NULL;
    const int r = initgroups(name.text, group);
    py_clear(name.owner);
    return posix_done(r, NULL);
}

static struct py_object *group_list(const gid_t *groups, int n)
{
    struct py_list *list = py_list_new(0);
    for (int i = 0; list && i < n; i++)
        if (py_list_append_steal(list, py_int_from_u64(groups[i])) < 0)
            py_clear(list);
    return PY_OBJ(list);
}

METHOD(os_getgrouplist)
{
    UNUSED;
    struct path name = {0};
    PY_HOLD(&name.owner);
    uint32_t group;
    if (posix_id(args[1], "gid", &group) < 0 ||
        posix_path(args[0], "getgrouplist", false, &name) < 0)
        return NULL;
    int n = 64, room;
    gid_t *groups = NULL;
    do {
        room = n;
        free(groups);
        groups = calloc((size_t)room, sizeof *groups);
    } while (groups && getgrouplist(name.text, group, groups, &n) < 0 && n > room);
    py_clear(name.owner);
    struct py_object *const result = groups ? group_list(groups, n) : py_raise_no_memory();
    free(groups);
    return result;
}

METHOD(os_setpgrp)
{
    UNUSED;
    return posix_done(setpgid(0, 0), NULL);
}

METHOD(os_chroot)
{
    PARSE("chroot", 1, 1, 1, "path");
    struct path path = {0};
    PY_HOLD(&path.owner);
    int r;
    if (posix_path(in[0], "chroot", false, &path) < 0)
        return NULL;
    WAITING(r, chroot(path.text));
    return posix_done(r, &path);
}

/* ---- the terminal ------------------------------------------------------------------------------
 */

METHOD(os_tcgetpgrp)
{
    UNUSED;
    int fd;
    if (posix_int(args[0], &fd) < 0)
        return NULL;
    const pid_t group = tcgetpgrp(fd);
    return group < 0 ? posix_error(NULL, NULL) : py_int_from_i64(group);
}

METHOD(os_tcsetpgrp)
{
    UNUSED;
    int fd, group;
    if (posix_int(args[0], &fd) < 0 || posix_int(args[1], &group) < 0)
        return NULL;
    return posix_done(tcsetpgrp(fd, group), NULL);
}

METHOD(os_ctermid)
{
    UNUSED;
    char name[L_ctermid];
    return posix_name(ctermid(name), false);
}

/* ---- scheduling --------------------------------------------------------------------------------
 */

/* getpriority() may return -1 and mean it: errno says. */
METHOD(os_getpriority)
{
    PARSE("getpriority", 2, 2, 2, "which", "who");
    int which, who;
    if (posix_int(in[0], &which) < 0 || posix_int(in[1], &who) < 0)
        return NULL;
    errno = 0;
    const int r = getpriority((unsigned)which, (id_t)who);
    return errno ? posix_error(NULL, NULL) : py_int_from_i64(r);
}

METHOD(os_setpriority)
{
    PARSE("setpriority", 3, 3, 3, "which", "who", "priority");
    int which, who, priority;
    if (posix_int(in[0], &which) < 0 || posix_int(in[1], &who) < 0 ||
        posix_int(in[2], &priority) < 0)
        return NULL;
    return posix_done(setpriority((unsigned)which, (id_t)who, priority), NULL);
}

static const struct py_member_def sched_param_members[] = {
    PY_STRUCTSEQ_MEMBER("sched_priority", 0, "the priority, where the policy has one"),
    {.name = NULL}};

static struct py_object *sched_param_new(struct py_type *type, struct py_object *const *args,
                                         size_t nargs, struct py_tuple *kwnames)
{
    static const char *const names[] = {"sched_priority"};
    static const struct py_params params = {
        .function = "sched_param", .names = names, .count = 1, .required = 1, .keyword_only = 1};
    struct py_object *priority = NULL;
    if (py_parse_args(&params, args, nargs, kwnames, &priority) < 0)
        return NULL;
    struct py_object *item[1] = {py_newref(priority)};
    return py_structseq_from_array(type, item, 1);
}

struct py_type py_sched_param_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "posix.sched_param",
    .doc = "sched_param(sched_priority)\n\nWhat a scheduling policy wants to know of a process.",
    .super = &py_tuple_type,
    .repr = py_structseq_repr,
    .new_ = sched_param_new,
    .members = sched_param_members,
};

static int sched_param_argument(struct py_object *o, struct sched_param *out)
{
    if (o->type != &py_sched_param_type)
        return py_raise_int(&py_exc_TypeError, "must have a sched_param object");
    const int64_t priority = py_int_as_i64(((struct py_tuple *)o)->items[0]);
    const bool failed = priority == -1 && py_error_occurred();
    if (failed && !py_error_matches(&py_exc_OverflowError))
        return -1;
    if (failed || priority < INT32_MIN || priority > INT32_MAX)
        return py_raise_int(&py_exc_OverflowError, "sched_priority out of range");
    out->sched_priority = (int)priority;
    return 0;
}

METHOD(os_sched_getparam)
{
    UNUSED;
    int pid;
    struct sched_param param;
    if (posix_int(args[0], &pid) < 0)
        return NULL;
    if (sched_getparam(pid, &param) < 0)
        return posix_error(NULL, NULL);
    struct py_object *item[1] = {py_int_from_i64(param.sched_priority)};
    return py_structseq_from_array(&py_sched_param_type, item, 1);
}

METHOD(os_sched_setparam)
{
    UNUSED;
    int pid;
    struct sched_param param;
    if (posix_int(args[0], &pid) < 0 || sched_param_argument(args[1], &param) < 0)
        return NULL;
    return posix_done(sched_setparam(pid, &param), NULL);
}

METHOD(os_sched_getscheduler)
{
    UNUSED;
    int pid;
    if (posix_int(args[0], &pid) < 0)
        return NULL;
    const int policy = sched_getscheduler(pid);
    return policy < 0 ? posix_error(NULL, NULL) : py_int_from_i64(policy);
}

METHOD(os_sched_setscheduler)
{
    UNUSED;
    int pid, policy;
    struct sched_param param;
    if (posix_int(args[0], &pid) < 0 || posix_int(args[1], &policy) < 0 ||
        sched_param_argument(args[2], &param) < 0)
        return NULL;
    return posix_done(sched_setscheduler(pid, policy, &param) < 0 ? -1 : 0, NULL);
}

/* The least or greatest priority of a policy. */
static struct py_object *priority_bound(struct py_object *o, int (*bound)(int))
{
    int policy;
    if (posix_int(o, &policy) < 0)
        return NULL;
    const int r = bound(policy);
    return r < 0 ? posix_error(NULL, NULL) : py_int_from_i64(r);
}

METHOD(os_sched_get_priority_max)
{
    PARSE("sched_get_priority_max", 1, 1, 1, "policy");
    return priority_bound(in[0], sched_get_priority_max);
}

METHOD(os_sched_get_priority_min)
{
    PARSE("sched_get_priority_min", 1, 1, 1, "policy");
    return priority_bound(in[0], sched_get_priority_min);
}

METHOD(os_sched_rr_get_interval)
{
    UNUSED;
    int pid;
    struct timespec interval;
    if (posix_int(args[0], &pid) < 0)
        return NULL;
    if (sched_rr_get_interval(pid, &interval) < 0)
        return posix_error(NULL, NULL);
    return py_float_from((double)interval.tv_sec + 1e-9 * (double)interval.tv_nsec);
}

enum { MOST_CPUS = 1 << 16 }; /* more than Linux can have */

static int cpu_argument(struct py_object *o, cpu_set_t *set)
{
    const int64_t cpu = py_int_as_i64(o);
    if (cpu == -1 && py_error_occurred())
        return -1;
    if (cpu < 0)
        return py_raise_int(&py_exc_ValueError, "negative CPU number");
    if (cpu >= MOST_CPUS)
        return py_raise_int(&py_exc_OverflowError, "CPU number too large");
    CPU_SET_S((size_t)cpu, CPU_ALLOC_SIZE(MOST_CPUS), set);
    return 0;
}

METHOD(os_sched_setaffinity)
{
    UNUSED;
    int pid;
    if (posix_int(args[0], &pid) < 0)
        return NULL;
    struct py_tuple *cpus = py_sequence_tuple(args[1], NULL);
    if (!cpus)
        return NULL;
    PY_HOLD(&cpus);
    cpu_set_t *const set = CPU_ALLOC(MOST_CPUS);
    int failed = set ? 0 : -1;
    if (set)
        CPU_ZERO_S(CPU_ALLOC_SIZE(MOST_CPUS), set);
    else
        py_raise_no_memory();
    for (int64_t i = 0; !failed && i < cpus->base.size; i++)
        failed = cpu_argument(cpus->items[i], set);
    py_clear(cpus);
    const int r = failed ? -1 : sched_setaffinity(pid, CPU_ALLOC_SIZE(MOST_CPUS), set);
    const int number = errno;
    CPU_FREE(set);
    errno = number;
    return failed ? NULL : posix_done(r, NULL);
}

const struct py_method_def posix_id_functions[] = {
    PLAIN("setuid", os_setuid, 1),
    PLAIN("seteuid", os_seteuid, 1),
    PLAIN("setgid", os_setgid, 1),
    PLAIN("setegid", os_setegid, 1),
    PLAIN("setreuid", os_setreuid, 2),
    PLAIN("setregid", os_setregid, 2),
    PLAIN("setresuid", os_setresuid, 3),
    PLAIN("setresgid", os_setresgid, 3),
    PLAIN("getresuid", os_getresuid, 0),
    PLAIN("getresgid", os_getresgid, 0),
    PLAIN("setgroups", os_setgroups, 1),
    PLAIN("initgroups", os_initgroups, 2),
    PLAIN("getgrouplist", os_getgrouplist, 2),
    PLAIN("setpgrp", os_setpgrp, 0),
    KEYWORDS("chroot", os_chroot),
    PLAIN("tcgetpgrp", os_tcgetpgrp, 1),
    PLAIN("tcsetpgrp", os_tcsetpgrp, 2),
    PLAIN("ctermid", os_ctermid, 0),
    KEYWORDS("getpriority", os_getpriority),
    KEYWORDS("setpriority", os_setpriority),
    PLAIN("sched_getparam", os_sched_getparam, 1),
    PLAIN("sched_setparam", os_sched_setparam, 2),
    PLAIN("sched_getscheduler", os_sched_getscheduler, 1),
    PLAIN("sched_setscheduler", os_sched_setscheduler, 3),
    KEYWORDS("sched_get_priority_max", os_sched_get_priority_max),
    KEYWORDS("sched_get_priority_min", os_sched_get_priority_min),
    PLAIN("sched_rr_get_interval", os_sched_rr_get_interval, 1),
    PLAIN("sched_setaffinity", os_sched_setaffinity, 2),
    {.name = NULL}};
