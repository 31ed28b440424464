/* _multiprocessing: the semaphore that the locks, conditions and queues of multiprocessing share
 * between processes.
 *
 * A SemLock is a POSIX semaphore with a name, mapped into each process that has it open. A child
 * made by fork() has the parent's mapping; one that was spawned opens the name anew (_rebuild). The
 * library takes the name away as soon as nobody else needs to find it, so nothing outlives the
 * processes.
 *
 * Who holds it is known per process: `count` is how often this object was acquired less how often
 * it was released, `owner` the thread that acquired it last. A recursive mutex is a semaphore of
 * one that its owner may enter again, which then only counts. Both words are guarded by the GIL;
 * the semaphore itself is waited for outside of it, and a wait that a signal interrupts goes on
 * unless the handler raised.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <semaphore.h>
#include <string.h>
#include <sys/stat.h>

#include "vm/builtins/mod_support.h"
#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/object/float.h"
#include "vm/object/str.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/signals.h"
#include "vm/runtime/thread.h"

enum kind { RECURSIVE_MUTEX, SEMAPHORE };

struct py_semlock {
    struct py_object base;
    sem_t *handle; /* NULL: not open */
    uint64_t owner;
    int32_t count, maxvalue, kind, reserved;
    char *name; /* NULL when no other process can find it */
};
extern struct py_type py_semlock_type; /* static_types.def */
#define SEMLOCK(o) ((struct py_semlock *)(o))

static bool is_mine(const struct py_semlock *s)
{
    return s->count > 0 && s->owner == py_thread_current()->ident;
}

static struct py_object *raise_errno(void)
{
    return py_raise_os_error(errno, NULL);
}

/* A str argument as a C string, valid as long as o. */
static const char *name_argument(struct py_object *o, const char *what)
{
    if (!py_str_check(o))
        return py_raise(&py_exc_TypeError, "%s must be str, not %.50s", what, o->type->name);
    size_t length;
    const char *const text = py_str_utf8_strict(o, &length);
    if (text && strlen(text) != length)
        return py_raise(&py_exc_ValueError, "embedded null character");
    return text;
}

static int number_argument(struct py_object *o, int *out)
{
    *out = (int)py_int_as_c_int(o);
    return *out == -1 && py_error_occurred() ? -1 : 0;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* Takes the semaphore over, also on failure. */
static struct py_object *make(struct py_type *type, sem_t *handle, int kind, int maxvalue,
                              const char *name)
{
    struct py_semlock *s = py_object_new(type);
    if (!s) {
        sem_close(handle);
        return NULL;
    }
    if (type->flags & PY_TYPE_GC)
        py_gc_track(s);
    s->handle = handle;
    s->kind = kind;
    s->maxvalue = maxvalue;
    if (name) {
        PY_HOLD(&s);
        const size_t size = strlen(name) + 1;
        s->name = py_mem_alloc(size);
        if (s->name) {
            memcpy(s->name, name, size);
        } else {
            py_raise_no_memory();
            py_clear(s);
        }
    }
    return PY_OBJ(s);
}

static struct py_object *semlock_new(struct py_type *type, struct py_object *const *args,
                                     size_t nargs, struct py_tuple *kwnames)
{
    static const char *const names[] = {"kind", "value", "maxvalue", "name", "unlink"};
    static const struct py_params params = {
        .function = "SemLock", .names = names, .count = 5, .required = 5, .keyword_only = 5};
    struct py_object *in[5] = {NULL};
    int kind, value, maxvalue;
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0 || number_argument(in[0], &kind) < 0 ||
        number_argument(in[1], &value) < 0 || number_argument(in[2], &maxvalue) < 0)
        return NULL;
    const char *const name = name_argument(in[3], "SemLock() argument 'name'");
    const int unlink = name ? py_truth(in[4]) : -1;
    if (unlink < 0)
        return NULL;
    if (kind != RECURSIVE_MUTEX && kind != SEMAPHORE)
        return py_raise(&py_exc_ValueError, "unrecognized kind");
    sem_t *const handle = sem_open(name, O_CREAT | O_EXCL, 0600, (unsigned)value);
    if (handle == SEM_FAILED)
        return raise_errno();
    if (unlink && sem_unlink(name) < 0) {
        raise_errno();
        sem_close(handle);
        return NULL;
    }
    return make(type, handle, kind, maxvalue, unlink ? NULL : name);
}

/* _rebuild(handle, kind, maxvalue, name): the semaphore of another SemLock, by its name, or by its
 * address in this process when it has none. */
METHOD(semlock_rebuild)
{
    (void)nargs, (void)kwnames;
    int kind, maxvalue;
    const uint64_t address = py_int_as_u64(args[0]);
    if (py_error_occurred() || number_argument(args[1], &kind) < 0 ||
        number_argument(args[2], &maxvalue) < 0)
        return NULL;
    const char *name = NULL;
    sem_t *handle = (sem_t *)(uintptr_t)address;
    if (args[3] != PY_NONE) {
        name = name_argument(args[3], "_rebuild() argument 4");
        if (!name)
            return NULL;
        handle = sem_open(name, 0);
        if (handle == SEM_FAILED)
            return raise_errno();
    }
    return make((struct py_type *)self, handle, kind, maxvalue, name);
}

static void semlock_dealloc(struct py_object *o)
{
    if (SEMLOCK(o)->handle)
        sem_close(SEMLOCK(o)->handle);
    py_mem_free(SEMLOCK(o)->name);
    py_object_release_common(o);
    py_object_free(o);
}

/* ---- taking and giving ----------------------------------------------------------------------- */

#define FOR_EVER_S ((time_t)1 << 32)

static struct timespec deadline_in(double seconds)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    const int64_t ns = (int64_t)ceil(seconds * 1e9) + t.tv_nsec;
    return (struct timespec){.tv_sec = t.tv_sec + ns / 1000000000, .tv_nsec = ns % 1000000000};
}

/* Waits outside the GIL. 0, or the error's number; EINTR also when a signal was about to be slept
 * through. */
static int wait_once(sem_t *handle, struct timespec until)
{
    struct py_signals_wait wait = {.until = until};
    py_signals_wait_begin(&wait);
    py_allow_threads_begin();
    const int error = sem_clockwait(handle, CLOCK_MONOTONIC, &wait.until) < 0 ? errno : 0;
    py_allow_threads_end();
    py_signals_wait_end(&wait);
    return error == ETIMEDOUT && wait.hurried ? EINTR : error;
}

/* 1 taken, 0 not in time, -1 exception. seconds: how long to wait, negative for ever. */
static int take(struct py_semlock *s, double seconds)
{
    if (s->kind == RECURSIVE_MUTEX && is_mine(s)) {
        s->count++;
        return 1;
    }
    struct py_object *held = py_newref(PY_OBJ(s));
    PY_HOLD(&held);
    const struct timespec until =
        seconds < 0 ? (struct timespec){.tv_sec = FOR_EVER_S} : deadline_in(seconds);
    int error = sem_trywait(s->handle) < 0 ? errno : 0;
    int status = 0;
    while (status == 0 && (error == EINTR || (error == EAGAIN && seconds != 0))) {
        status = py_signals_run();
        if (status == 0)
            error = seconds == 0 ? (sem_trywait(s->handle) < 0 ? errno : 0)
                                 : wait_once(s->handle, until);
    }
    if (status == 0 && error == 0) {
        s->count++;
        s->owner = py_thread_current()->ident;
        status = 1;
    } else if (status == 0 && error != EAGAIN && error != ETIMEDOUT) {
        py_raise_os_error(error, NULL);
        status = -1;
    }
    py_clear(held);
    return status;
}

METHOD(semlock_acquire)
{
    static const char *const names[] = {"block", "timeout"};
    static const struct py_params params = {
        .function = "acquire", .names = names, .count = 2, .keyword_only = 2};
    struct py_object *in[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    const int block = in[0] ? py_truth(in[0]) : 1;
    double seconds = block ? -1 : 0;
    if (block < 0)
        return NULL;
    if (block && in[1] && in[1] != PY_NONE) {
        seconds = py_float_as_double(in[1]);
        if (seconds == -1 && py_error_occurred())
            return NULL;
        if (!(seconds > 0))
            seconds = 0;
        if (seconds > 9e9) /* further than nanoseconds of the clock reach */
            seconds = -1;
    }
    const int taken = take(SEMLOCK(self), seconds);
    return taken < 0 ? NULL : py_bool_from(taken);
}

METHOD(semlock_enter)
{
    UNUSED;
    const int taken = take(SEMLOCK(self), -1);
    return taken < 0 ? NULL : py_bool_from(taken);
}

METHOD(semlock_release)
{
    UNUSED;
    struct py_semlock *const s = SEMLOCK(self);
    if (s->kind == RECURSIVE_MUTEX) {
        if (!is_mine(s))
            return py_raise(&py_exc_AssertionError,
                            "attempt to release recursive lock not owned by thread");
        if (s->count > 1) {
            s->count--;
            return PY_NONE;
        }
    } else {
        int value;
        if (sem_getvalue(s->handle, &value) < 0)
            return raise_errno();
        if (value >= s->maxvalue)
            return py_raise(&py_exc_ValueError, "semaphore or lock released too many times");
    }
    if (sem_post(s->handle) < 0)
        return raise_errno();
    s->count--;
    return PY_NONE;
}

/* ---- asking ---------------------------------------------------------------------------------- */

METHOD(semlock_count)
{
    UNUSED;
    return py_int_from_i64(SEMLOCK(self)->count);
}

METHOD(semlock_is_mine)
{
    UNUSED;
    return py_bool_from(is_mine(SEMLOCK(self)));
}

METHOD(semlock_get_value)
{
    UNUSED;
    int value;
    if (sem_getvalue(SEMLOCK(self)->handle, &value) < 0)
        return raise_errno();
    return py_int_from_i64(value < 0 ? 0 : value);
}

METHOD(semlock_is_zero)
{
    UNUSED;
    int value;
    if (sem_getvalue(SEMLOCK(self)->handle, &value) < 0)
        return raise_errno();
    return py_bool_from(value <= 0);
}

/* In a child made by fork(): what the parent's threads hold is not held by this process. */
METHOD(semlock_after_fork)
{
    UNUSED;
    SEMLOCK(self)->count = 0;
    return PY_NONE;
}

static struct py_object *get_handle(struct py_object *self, void *closure)
{
    (void)closure;
    return py_int_from_u64((uint64_t)(uintptr_t)SEMLOCK(self)->handle);
}

static struct py_object *get_name(struct py_object *self, void *closure)
{
    (void)closure;
    const char *const name = SEMLOCK(self)->name;
    return name ? PY_OBJ(py_str_from_cstr(name)) : PY_NONE;
}

static const struct py_method_def semlock_methods[] = {
    METHOD_ROW_KW("acquire", semlock_acquire),
    METHOD_ROW("release", semlock_release, 0, 0),
    METHOD_ROW("__enter__", semlock_enter, 0, 0),
    METHOD_ROW("__exit__", semlock_release, 0, 3),
    METHOD_ROW("_count", semlock_count, 0, 0),
    METHOD_ROW("_is_mine", semlock_is_mine, 0, 0),
    METHOD_ROW("_get_value", semlock_get_value, 0, 0),
    METHOD_ROW("_is_zero", semlock_is_zero, 0, 0),
    METHOD_ROW("_after_fork", semlock_after_fork, 0, 0),
    {.name = "_rebuild",
     .fn = semlock_rebuild,
     .min_args = 4,
     .max_args = 4,
     .flags = PY_METH_CLASSMETHOD},
    {.name = NULL},
};
static const struct py_member_def semlock_members[] = {
    {"kind", PY_MEMBER_INT32, offsetof(struct py_semlock, kind), true, NULL},
    {"maxvalue", PY_MEMBER_INT32, offsetof(struct py_semlock, maxvalue), true, NULL},
    {.name = NULL},
};
static const struct py_getset_def semlock_getsets[] = {
    {.name = "handle", .get = get_handle},
    {.name = "name", .get = get_name},
    {.name = NULL},
};
struct py_type py_semlock_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_multiprocessing.SemLock",
    .basicsize = sizeof(struct py_semlock),
    .flags = PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE,
    .dealloc = semlock_dealloc,
    .new_ = semlock_new,
    .methods = semlock_methods,
    .members = semlock_members,
    .getsets = semlock_getsets,
    .doc = "A semaphore or mutex that processes share.",
};

/* ---- the module ------------------------------------------------------------------------------ */

METHOD(function_sem_unlink)
{
    UNUSED;
    const char *const name = name_argument(args[0], "sem_unlink() argument");
    if (!name)
        return NULL;
    return sem_unlink(name) < 0 ? raise_errno() : PY_NONE;
}

static const struct py_method_def functions[] = {
    METHOD_ROW("sem_unlink", function_sem_unlink, 1, 1),
    {.name = NULL},
};

/* What the system can do, for the library to ask: all of it. */
static int add_flags(struct py_module *m)
{
    static const char *const names[] = {"HAVE_SEM_OPEN", "HAVE_SEM_TIMEDWAIT"};
    struct py_dict *flags = py_dict_new();
    PY_HOLD(&flags);
    int status = flags ? 0 : -1;
    for (size_t i = 0; status == 0 && i < sizeof names / sizeof *names; i++)
        status = py_dict_set(flags, PY_OBJ(py_str_const(names[i])), py_int_from_i64(1));
    if (status == 0)
        status = py_module_add(m, "flags", PY_OBJ(flags));
    py_clear(flags);
    return status;
}

static int add_semlock(struct py_module *m)
{
    if (module_add_type(m, &py_semlock_type) < 0)
        return -1;
    struct py_object *most = py_int_from_i64(SEM_VALUE_MAX);
    PY_HOLD(&most);
    const int status =
        most ? py_dict_set(py_semlock_type.dict, PY_OBJ(py_str_const("SEM_VALUE_MAX")), most) : -1;
    py_type_modified(&py_semlock_type);
    py_clear(most);
    return status;
}

struct py_module *py_mod__multiprocessing_init(void); /* modules.def */

struct py_module *py_mod__multiprocessing_init(void)
{
    struct py_module *m = py_module_new("_multiprocessing", NULL);
    if (!m || add_semlock(m) < 0 || py_module_add_methods(m, functions) < 0 || add_flags(m) < 0)
        py_clear(m);
    return m;
}
