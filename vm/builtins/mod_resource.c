/* The module resource: what a process has used, and how much it may use. os.wait3() and os.wait4()
 * say the same of a child.
 */
#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "vm/builtins/mod_resource.h"
#include "vm/builtins/mod_support.h"
#include "vm/object/float.h"
#include "vm/object/structseq.h"
#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define ROW(name, index, doc) PY_STRUCTSEQ_MEMBER(name, index, doc)
static const struct py_member_def rusage_members[] = {
    ROW("ru_utime", 0, "seconds of its own code"),
    ROW("ru_stime", 1, "seconds of the kernel for it"),
    ROW("ru_maxrss", 2, "most memory that was resident, KiB"),
    ROW("ru_ixrss", 3, "shared memory: not kept by Linux"),
    ROW("ru_idrss", 4, "own memory: not kept by Linux"),
    ROW("ru_isrss", 5, "stacks: not kept by Linux"),
    ROW("ru_minflt", 6, "page faults without a disk"),
    ROW("ru_majflt", 7, "page faults that read a disk"),
    ROW("ru_nswap", 8, "times swapped out: not kept by Linux"),
    ROW("ru_inblock", 9, "reads of a disk"),
    ROW("ru_oublock", 10, "writes of a disk"),
    ROW("ru_msgsnd", 11, "messages sent: not kept by Linux"),
    ROW("ru_msgrcv", 12, "messages received: not kept by Linux"),
    ROW("ru_nsignals", 13, "signals received: not kept by Linux"),
    ROW("ru_nvcsw", 14, "times it gave the processor up"),
    ROW("ru_nivcsw", 15, "times the processor was taken from it"),
    {.name = NULL}};

struct py_type py_struct_rusage_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "resource.struct_rusage",
    .doc = "What a process has used.",
    .super = &py_tuple_type,
    .repr = py_structseq_repr,
    .new_ = py_structseq_new,
    .methods = py_structseq_methods,
    .members = rusage_members,
};

static struct py_object *seconds(struct timeval t)
{
    return py_float_from((double)t.tv_sec + 1e-6 * (double)t.tv_usec);
}

struct py_object *resource_usage(const struct rusage *u)
{
    struct py_object *items[16] = {seconds(u->ru_utime),           seconds(u->ru_stime),
                                   py_int_from_i64(u->ru_maxrss),  py_int_from_i64(u->ru_ixrss),
                                   py_int_from_i64(u->ru_idrss),   py_int_from_i64(u->ru_isrss),
                                   py_int_from_i64(u->ru_minflt),  py_int_from_i64(u->ru_majflt),
                                   py_int_from_i64(u->ru_nswap),   py_int_from_i64(u->ru_inblock),
                                   py_int_from_i64(u->ru_oublock), py_int_from_i64(u->ru_msgsnd),
                                   py_int_from_i64(u->ru_msgrcv),  py_int_from_i64(u->ru_nsignals),
                                   py_int_from_i64(u->ru_nvcsw),   py_int_from_i64(u->ru_nivcsw)};
    return py_structseq_from_array(&py_struct_rusage_type, items, 16);
}

METHOD(resource_getrusage)
{
    UNUSED;
    int who;
    struct rusage usage;
    if (int_argument(args[0], &who) < 0)
        return NULL;
    if (getrusage(who, &usage) == 0)
        return resource_usage(&usage);
    return errno == EINVAL ? py_raise(&py_exc_ValueError, "invalid who parameter")
                           : py_raise_os_error(errno, NULL);
}

/* ---- limits ------------------------------------------------------------------------------------
 */

static int resource_argument(struct py_object *o, int *out)
{
    if (int_argument(o, out) < 0)
        return -1;
    return *out >= 0 && *out < RLIM_NLIMITS
               ? 0
               : py_raise_int(&py_exc_ValueError, "invalid resource specified");
}

/* A limit as a number; no limit is -1, as RLIM_INFINITY is in Python. */
static struct py_object *limits_object(const struct rlimit *limit)
{
    struct py_object *pair[2] = {py_int_from_i64((int64_t)limit->rlim_cur),
                                 py_int_from_i64((int64_t)limit->rlim_max)};
    return PY_OBJ(py_tuple_from_array_steal(pair, 2));
}

static int limits_argument(struct py_object *o, struct rlimit *out)
{
    struct py_tuple *pair = py_sequence_tuple(o, NULL);
    if (!pair)
        return -1;
    PY_HOLD(&pair);
    int64_t low = 0, high = 0;
    int failed = pair->base.size == 2
                     ? 0
                     : py_raise_int(&py_exc_ValueError, "expected a tuple of 2 integers");
    if (!failed)
        failed = i64_argument(pair->items[0], &low) < 0 || i64_argument(pair->items[1], &high) < 0;
    py_clear(pair);
    *out = (struct rlimit){(rlim_t)low, (rlim_t)high};
    return failed ? -1 : 0;
}

METHOD(resource_getrlimit)
{
    UNUSED;
    int resource;
    struct rlimit limit;
    if (resource_argument(args[0], &resource) < 0)
        return NULL;
    return prlimit(0, (enum __rlimit_resource)resource, NULL, &limit) < 0
               ? py_raise_os_error(errno, NULL)
               : limits_object(&limit);
}

METHOD(resource_setrlimit)
{
    UNUSED;
    int resource;
    struct rlimit limit;
    if (resource_argument(args[0], &resource) < 0 || limits_argument(args[1], &limit) < 0)
        return NULL;
    if (prlimit(0, (enum __rlimit_resource)resource, &limit, NULL) == 0)
        return PY_NONE;
    return errno == EINVAL  ? py_raise(&py_exc_ValueError, "current limit exceeds maximum limit")
           : errno == EPERM ? py_raise(&py_exc_ValueError, "not allowed to raise maximum limit")
                            : py_raise_os_error(errno, NULL);
}

METHOD(resource_prlimit)
{
    UNUSED;
    int pid, resource;
    struct rlimit wanted, old;
    const bool sets = nargs > 2 && args[2] != PY_NONE;
    if (int_argument(args[0], &pid) < 0 || resource_argument(args[1], &resource) < 0 ||
        (sets && limits_argument(args[2], &wanted) < 0))
        return NULL;
    if (prlimit(pid, (enum __rlimit_resource)resource, sets ? &wanted : NULL, &old) == 0)
        return limits_object(&old);
    return errno == EINVAL ? py_raise(&py_exc_ValueError, "current limit exceeds maximum limit")
                           : py_raise_os_error(errno, NULL);
}

METHOD(resource_getpagesize)
{
    UNUSED;
    return py_int_from_i64(sysconf(_SC_PAGESIZE));
}

/* ---- the module --------------------------------------------------------------------------------
 */

static const struct py_method_def resource_functions[] = {
    METHOD_ROW("getrusage", resource_getrusage, 1, 1),
    METHOD_ROW("getrlimit", resource_getrlimit, 1, 1),
    METHOD_ROW("setrlimit", resource_setrlimit, 2, 2),
    METHOD_ROW("prlimit", resource_prlimit, 2, 3),
    METHOD_ROW("getpagesize", resource_getpagesize, 0, 0),
    {.name = NULL}};

/* clang-format off */
#define NUMBERS(N)                                                                              \
    N(RLIMIT_AS) N(RLIMIT_CORE) N(RLIMIT_CPU) N(RLIMIT_DATA) N(RLIMIT_FSIZE) N(RLIMIT_MEMLOCK)  \
    N(RLIMIT_MSGQUEUE) N(RLIMIT_NICE) N(RLIMIT_NOFILE) N(RLIMIT_NPROC) N(RLIMIT_OFILE)          \
    N(RLIMIT_RSS) N(RLIMIT_RTPRIO) N(RLIMIT_RTTIME) N(RLIMIT_SIGPENDING) N(RLIMIT_STACK)        \
    N(RLIM_INFINITY) N(RUSAGE_CHILDREN) N(RUSAGE_SELF) N(RUSAGE_THREAD)
/* clang-format on */

struct py_module *py_mod_resource_init(void); /* modules.def */

struct py_module *py_mod_resource_init(void)
{
    static const struct {
        const char *name;
        int64_t value;
    } rows[] = {
#define N(name) {#name, (int64_t)(name)},
        NUMBERS(N)
#undef N
    };
    struct py_module *m = py_module_new("resource", "What processes use, and may use.");
    int failed = m ? py_module_add_methods(m, resource_functions) : -1;
    for (size_t i = 0; !failed && i < sizeof rows / sizeof *rows; i++)
        failed = module_add_int(m, rows[i].name, rows[i].value);
    if (!failed)
        failed = module_add_type(m, &py_struct_rusage_type) < 0 ||
                 py_module_add(m, "error", PY_OBJ(&py_exc_OSError)) < 0;
    if (failed && m)
        py_clear(m);
    return m;
}
