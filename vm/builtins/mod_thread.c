/* The module _thread: starting threads and locks. The library's threading.py is built on it;
 * _local is thread_local.c, _excepthook is thread_hook.c.
 *
 * A lock is a flag guarded by the GIL. Taking a free one and releasing it touch nothing else; who
 * finds it taken sleeps in a futex, outside the GIL:
 *
 *     waiter (GIL)  waiters++, s = wakeups   ->  release GIL, sleep while wakeups == s, acquire GIL
 *     owner  (GIL)  locked = 0; if waiters: wakeups++, wake one
 *
 * Both sides look at the flag under the GIL, so no wake-up is lost. A woken waiter may find the
 * lock taken again and sleeps on.
 *
 * A new thread's callable and arguments lie in a tuple that the list `starting` (a root) holds
 * until the thread itself has it on its handle stack: at no moment do they hang in the air.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <math.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "vm/builtins/thread_hook.h"
#include "vm/builtins/thread_local.h"
#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/float.h"
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/module.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/weakref.h"
#include "vm/runtime/error.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/signals.h"
#include "vm/runtime/thread.h"

#define TIMEOUT_MAX 9223372036.0 /* seconds: as nanoseconds they fill an int64_t */
#define LEAST_STACK 32768        /* bytes; what CPython takes */

#define FN(name)                                                                         \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED_ARGS (void)self, (void)args, (void)nargs, (void)kwnames

struct py_lock { /* and RLock, which also has an owner */
    struct py_object base;
    uint32_t locked;
    uint32_t wakeups; /* futex */
    int32_t waiters;
    int32_t reserved;
    uint64_t owner;
    uint64_t count;
    struct py_object *weaklist;
};
extern struct py_type py_lock_type, py_rlock_type; /* static_types.def */

/* ---- sleeping ----------------------------------------------------------------------------------
 */

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

#define FOR_EVER_S ((time_t)1 << 32)

/* Outside the GIL until wakeups moves, `until` passes (0: never) or a signal comes. */
static void lock_sleep(struct py_lock *lock, int64_t until)
{
    const uint32_t seen = lock->wakeups;
    struct py_signals_wait wait = {.until = {.tv_sec = FOR_EVER_S}};
    if (until)
        wait.until = (struct timespec){.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
    lock->waiters++;
    py_signals_wait_begin(&wait);
    py_allow_threads_begin();
    syscall(SYS_futex, &lock->wakeups, FUTEX_WAIT_BITSET_PRIVATE, seen, &wait.until, NULL,
            FUTEX_BITSET_MATCH_ANY);
    py_allow_threads_end();
    py_signals_wait_end(&wait);
    lock->waiters--;
}

static void lock_wake(struct py_lock *lock)
{
    if (lock->waiters == 0)
        return;
    __atomic_add_fetch(&lock->wakeups, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &lock->wakeups, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void lock_free(struct py_lock *lock)
{
    if (!lock->locked)
        return;
    lock->locked = 0;
    lock_wake(lock);
}

/* Waits for the flag. timeout_ns < 0: for ever. 1 taken, 0 timed out, -1 a signal's exception. */
static int lock_take(struct py_lock *lock, int64_t timeout_ns)
{
    if (!lock->locked) {
        lock->locked = 1;
        return 1;
    }
    if (timeout_ns == 0)
        return 0;
    struct py_object *held = py_newref(PY_OBJ(lock));
    PY_HOLD(&held);
    int64_t until = 0; /* for ever */
    if (timeout_ns > 0 && __builtin_add_overflow(now_ns(), timeout_ns, &until))
        until = INT64_MAX;
    int result = -1;
    /* In front of each sleep: a signal that came since the last safepoint would not interrupt it. A
     * handler may have released the lock. */
    while (py_signals_run() == 0) {
        if (!lock->locked) {
            lock->locked = 1;
            result = 1;
            break;
        }
        if (until && now_ns() >= until) {
            result = 0;
            break;
        }
        lock_sleep(lock, until);
    }
    py_clear(held);
    return result;
}

/* acquire(blocking=True, timeout=-1): nanoseconds to wait, -1 for ever; -2 with an exception. */
static int64_t parse_acquire(struct py_object *const *args, size_t nargs, struct py_tuple *kwnames)
{
    static const char *const names[] = {"blocking", "timeout"};
    static const struct py_params params = {
        .function = "acquire", .names = names, .count = 2, .keyword_only = 2};
    struct py_object *v[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, v) < 0)
        return -2;
    const int blocking = v[0] ? py_truth(v[0]) : 1;
    if (blocking < 0)
        return -2;
    if (!v[1])
        return blocking ? -1 : 0;
    const double seconds = py_float_as_double(v[1]);
    if (seconds == -1.0 && py_error_occurred())
        return -2;
    if (!blocking && seconds != -1.0) {
        py_raise(&py_exc_ValueError, "can't specify a timeout for a non-blocking call");
        return -2;
    }
    if (seconds < 0 && seconds != -1.0) {
        py_raise(&py_exc_ValueError, "timeout value must be positive");
        return -2;
    }
    if (seconds > TIMEOUT_MAX) {
        py_raise(&py_exc_OverflowError, "timeout value is too large");
        return -2;
    }
    if (seconds == -1.0)
        return blocking ? -1 : 0;
    return (int64_t)ceil(seconds * 1e9);
}

/* ---- Lock --------------------------------------------------------------------------------------
 */

static struct py_object *lock_make(struct py_type *type)
{
    return py_object_new(type);
}

FN(lock_acquire)
{
    const int64_t timeout = parse_acquire(args, nargs, kwnames);
    if (timeout == -2)
        return NULL;
    const int r = lock_take((struct py_lock *)self, timeout);
    return r < 0 ? NULL : py_bool_from(r);
}

FN(lock_release)
{
    UNUSED_ARGS;
    struct py_lock *lock = (struct py_lock *)self;
    if (!lock->locked)
        return py_raise(&py_exc_RuntimeError, "release unlocked lock");
    lock_free(lock);
    return PY_NONE;
}

FN(lock_locked)
{
    UNUSED_ARGS;
    return py_bool_from(((struct py_lock *)self)->locked != 0);
}

FN(lock_reinit)
{
    UNUSED_ARGS;
    struct py_lock *lock = (struct py_lock *)self;
    lock->locked = 0;
    lock->waiters = 0;
    lock->owner = lock->count = 0;
    return PY_NONE;
}

static struct py_object *lock_repr(struct py_object *o)
{
    return PY_OBJ(py_str_format_c("<%s %s object at %p>",
                                  ((struct py_lock *)o)->locked ? "locked" : "unlocked",
                                  o->type->name, (void *)o));
}

static const struct py_method_def lock_methods[] = {
    {.name = "acquire",
     .fn = lock_acquire,
     .max_args = -1,
     .flags = PY_METH_KEYWORDS,
     .doc = "acquire(blocking=True, timeout=-1) -> bool\n\nLock the lock."},
    {.name = "acquire_lock", .fn = lock_acquire, .max_args = -1, .flags = PY_METH_KEYWORDS},
    {.name = "release", .fn = lock_release, .doc = "release()\n\nRelease the lock."},
    {.name = "release_lock", .fn = lock_release},
    {.name = "locked", .fn = lock_locked},
    {.name = "locked_lock", .fn = lock_locked},
    {.name = "__enter__", .fn = lock_acquire, .max_args = -1, .flags = PY_METH_KEYWORDS},
    {.name = "__exit__", .fn = lock_release, .max_args = -1},
    {.name = "_at_fork_reinit", .fn = lock_reinit},
    {.name = NULL}};

struct py_type py_lock_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "_thread.lock",
    .basicsize = sizeof(struct py_lock),
    .flags = PY_TYPE_IMMUTABLE | PY_TYPE_DISALLOW_NEW,
    .weaklist_offset = offsetof(struct py_lock, weaklist),
    .repr = lock_repr,
    .methods = lock_methods,
};

/* ---- RLock -------------------------------------------------------------------------------------
 */

static int rlock_take(struct py_lock *lock, int64_t timeout)
{
    const uint64_t me = py_thread_current()->ident;
    if (lock->locked && lock->owner == me) {
        lock->count++;
        return 1;
    }
    const int r = lock_take(lock, timeout);
    if (r == 1) {
        lock->owner = me;
        lock->count = 1;
    }
    return r;
}

FN(rlock_acquire)
{
    const int64_t timeout = parse_acquire(args, nargs, kwnames);
    if (timeout == -2)
        return NULL;
    const int r = rlock_take((struct py_lock *)self, timeout);
    return r < 0 ? NULL : py_bool_from(r);
}

static bool rlock_is_mine(const struct py_lock *lock)
{
    return lock->locked && lock->owner == py_thread_current()->ident;
}

FN(rlock_release)
{
    UNUSED_ARGS;
    struct py_lock *lock = (struct py_lock *)self;
    if (!rlock_is_mine(lock))
        return py_raise(&py_exc_RuntimeError, "cannot release un-acquired lock");
    if (--lock->count == 0) {
        lock->owner = 0;
        lock->locked = 0;
        lock_wake(lock);
    }
    return PY_NONE;
}

FN(rlock_is_owned)
{
    UNUSED_ARGS;
    return py_bool_from(rlock_is_mine((struct py_lock *)self));
}

FN(rlock_release_save)
{
    UNUSED_ARGS;
    struct py_lock *lock = (struct py_lock *)self;
    if (!rlock_is_mine(lock))
        return py_raise(&py_exc_RuntimeError, "cannot release un-acquired lock");
    struct py_object *v[2] = {py_int_from_u64(lock->count), py_int_from_u64(lock->owner)};
    lock->count = lock->owner = 0;
    lock->locked = 0;
    lock_wake(lock);
    return PY_OBJ(py_tuple_from_array_steal(v, 2));
}

FN(rlock_acquire_restore)
{
    (void)nargs, (void)kwnames;
    struct py_lock *lock = (struct py_lock *)self;
    if (!py_tuple_check(args[0]) || ((struct py_tuple *)args[0])->base.size != 2)
        return py_raise_bad_arg_type("_acquire_restore", "a pair", args[0]);
    const struct py_tuple *state = (struct py_tuple *)args[0];
    const uint64_t count = py_int_as_u64(state->items[0]), owner = py_int_as_u64(state->items[1]);
    if (py_error_occurred() || lock_take(lock, -1) < 0)
        return NULL;
    lock->count = count;
    lock->owner = owner;
    return PY_NONE;
}

static struct py_object *rlock_repr(struct py_object *o)
{
    const struct py_lock *lock = (struct py_lock *)o;
    return PY_OBJ(py_str_format_c("<%s %s object owner=%lld count=%lld at %p>",
                                  lock->count ? "locked" : "unlocked", o->type->name,
                                  (long long)lock->owner, (long long)lock->count, (void *)o));
}

static struct py_object *rlock_new(struct py_type *type, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_object *o = lock_make(type);
    if (o && (type->flags & PY_TYPE_GC))
        py_gc_track(o);
    return o;
}

static const struct py_method_def rlock_methods[] = {
    {.name = "acquire", .fn = rlock_acquire, .max_args = -1, .flags = PY_METH_KEYWORDS},
    {.name = "release", .fn = rlock_release},
    {.name = "_is_owned", .fn = rlock_is_owned},
    {.name = "_release_save", .fn = rlock_release_save},
    {.name = "_acquire_restore", .fn = rlock_acquire_restore, .min_args = 1, .max_args = 1},
    {.name = "__enter__", .fn = rlock_acquire, .max_args = -1, .flags = PY_METH_KEYWORDS},
    {.name = "__exit__", .fn = rlock_release, .max_args = -1},
    {.name = "_at_fork_reinit", .fn = lock_reinit},
    {.name = NULL}};

struct py_type py_rlock_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "_thread.RLock",
    .basicsize = sizeof(struct py_lock),
    .flags = PY_TYPE_IMMUTABLE | PY_TYPE_BASETYPE,
    .weaklist_offset = offsetof(struct py_lock, weaklist),
    .repr = rlock_repr,
    .new_ = rlock_new,
    .methods = rlock_methods,
};

/* ---- threads -----------------------------------------------------------------------------------
 */

/* A root: (function, args, kwargs) of threads that do not run yet. */
static struct py_list *starting;

static int64_t thread_count; /* threads started here that did not end */

static void report_failure(struct py_object *function)
{
    if (py_error_matches(&py_exc_SystemExit))
        py_error_clear();
    else
        py_error_unraisable(function, "in thread started by");
}

/* threading.Thread starts its method _bootstrap: the thread is then called what the Thread is
 * called at this moment, for the inspector and the kernel. */
static void take_name(struct py_object *function)
{
    if (function->type != &py_method_type)
        return;
    const struct py_method *const method = (struct py_method *)function;
    if (method->func->type != &py_function_type ||
        !py_str_equal_cstr(((struct py_function *)method->func)->name, "_bootstrap"))
        return;
    struct py_object *name = py_getattr_cstr(method->self, "_name");
    const char *const text =
        name && py_str_check(name) ? py_str_utf8((struct py_str *)name, NULL) : NULL;
    if (text)
        py_thread_set_name(py_thread_current(), text);
    py_error_clear();
    py_xdecref(name);
}

static void thread_body(void *arg)
{
    struct py_tuple *boot = arg;
    py_incref(boot);
    PY_HOLD(&boot);
    for (int64_t i = 0; i < starting->base.size; i++)
        if (starting->items[i] == PY_OBJ(boot)) {
            py_list_set_slice(starting, i, i + 1, NULL);
            break;
        }
    take_name(boot->items[0]);
    struct py_dict *kwargs = boot->items[2] == PY_NONE ? NULL : (struct py_dict *)boot->items[2];
    struct py_object *r = py_call_tuple(boot->items[0], (struct py_tuple *)boot->items[1], kwargs);
    if (r)
        py_decref(r);
    else
        report_failure(boot->items[0]);
    thread_count--;
    py_clear(boot);
}

/* Its ident, or 0 with an exception. */
static uint64_t start_thread(struct py_object *function, struct py_object *args,
                             struct py_object *kwargs)
{
    struct py_tuple *boot = py_tuple_pack(3, function, args, kwargs);
    if (!boot || py_list_append_steal(starting, PY_OBJ(boot)) < 0)
        return 0;
    thread_count++;
    const uint64_t ident = py_thread_start(thread_body, boot, true);
    if (ident)
        return ident;
    thread_count--;
    for (int64_t i = starting->base.size; i-- > 0;)
        if (starting->items[i] == PY_OBJ(boot)) {
            struct py_object *pending = py_error_fetch();
            py_list_set_slice(starting, i, i + 1, NULL);
            py_error_restore(pending);
            break;
        }
    return 0;
}

FN(thread_start_new)
{
    (void)self, (void)kwnames;
    if (!py_is_callable(args[0]))
        return py_raise(&py_exc_TypeError, "first arg must be callable");
    if (!py_tuple_check(args[1]))
        return py_raise(&py_exc_TypeError, "2nd arg must be a tuple");
    if (nargs > 2 && !py_dict_check(args[2]))
        return py_raise(&py_exc_TypeError, "optional 3rd arg must be a dictionary");
    const uint64_t ident = start_thread(args[0], args[1], nargs > 2 ? args[2] : PY_NONE);
    return ident ? py_int_from_u64(ident) : NULL;
}

FN(thread_allocate_lock)
{
    UNUSED_ARGS;
    return lock_make(&py_lock_type);
}

FN(thread_get_ident)
{
    UNUSED_ARGS;
    return py_int_from_u64(py_thread_current()->ident);
}

FN(thread_get_native_id)
{
    UNUSED_ARGS;
    return py_int_from_i64(py_thread_current()->tid);
}

FN(thread_exit)
{
    UNUSED_ARGS;
    struct py_object *e = py_exc_make(&py_exc_SystemExit, NULL, 0);
    if (e) {
        py_raise_instance(e);
        py_decref(e);
    }
    return NULL;
}

FN(thread_interrupt_main)
{
    (void)self, (void)kwnames;
    int64_t number = SIGINT;
    if (nargs) {
        number = py_int_as_i64(args[0]);
        if (number == -1 && py_error_occurred())
            return NULL;
    }
    if (number < 1 || number > 64)
        return py_raise(&py_exc_ValueError, "signal number out of range");
    py_signals_trip((int)number);
    return PY_NONE;
}

FN(thread_stack_size)
{
    (void)self, (void)kwnames;
    const int64_t before = (int64_t)py_thread_stack_bytes;
    if (nargs) {
        const int64_t bytes = py_int_as_ssize(args[0]);
        if (bytes == -1 && py_error_occurred())
            return NULL;
        if (bytes < 0)
            return py_raise(&py_exc_ValueError, "size must be 0 or a positive value");
        if (bytes > 0 && bytes < LEAST_STACK)
            return py_raise(&py_exc_ValueError, "size not valid: %lld bytes", (long long)bytes);
        py_thread_stack_bytes = (size_t)bytes;
    }
    return py_int_from_i64(before);
}

FN(thread_count_fn)
{
    UNUSED_ARGS;
    return py_int_from_i64(thread_count);
}

static struct py_object *sentinel_key(void)
{
    return PY_OBJ(py_str_const("_thread sentinel"));
}

/* A lock that is held now and released when the calling thread has ended. */
FN(thread_set_sentinel)
{
    UNUSED_ARGS;
    struct py_dict *all = py_thread_own_dict(py_thread_current());
    struct py_object *lock = all ? lock_make(&py_lock_type) : NULL;
    if (!lock)
        return NULL;
    if (py_dict_set(all, sentinel_key(), lock) < 0) {
        py_decref(lock);
        return NULL;
    }
    return lock;
}

static void release_sentinel(struct py_thread *thread)
{
    struct py_object *lock =
        thread->dict ? py_dict_get((struct py_dict *)thread->dict, sentinel_key()) : NULL;
    if (!lock || lock->type != &py_lock_type)
        return;
    lock_free((struct py_lock *)lock);
}

/* Called when a thread ends, before its dict goes. Who waits for the sentinel finds the thread's
 * attributes of thread-local objects gone. */
static void thread_ends(struct py_thread *thread)
{
    py_thread_drop_locals(thread);
    release_sentinel(thread);
}

static struct py_thread *find_thread(uint64_t ident)
{
    for (struct py_thread *t = py_runtime.threads; t; t = t->next)
        if (t->ident == ident)
            return t;
    return NULL;
}

/* _set_async_exc(ident, exception): raises it in that thread; number of threads found. */
FN(thread_set_async_exc)
{
    (void)self, (void)nargs, (void)kwnames;
    const uint64_t ident = py_int_as_u64(args[0]);
    if (py_error_occurred())
        return NULL;
    struct py_thread *t = find_thread(ident);
    if (!t)
        return py_int_from_i64(0);
    struct py_object *e = NULL;
    if (args[1] != PY_NONE && !(e = py_exc_instantiate(args[1], NULL)))
        return NULL;
    py_thread_set_async(t, e);
    return py_int_from_i64(1);
}

static const struct py_method_def thread_functions[] = {
    {.name = "start_new_thread",
     .fn = thread_start_new,
     .min_args = 2,
     .max_args = 3,
     .doc =
         "Call function(*args, **kwargs) in a thread of its own, whose identifier is the answer."},
    {.name = "start_new", .fn = thread_start_new, .min_args = 2, .max_args = 3},
    {.name = "allocate_lock", .fn = thread_allocate_lock},
    {.name = "allocate", .fn = thread_allocate_lock},
    {.name = "get_ident", .fn = thread_get_ident},
    {.name = "get_native_id", .fn = thread_get_native_id},
    {.name = "exit", .fn = thread_exit},
    {.name = "exit_thread", .fn = thread_exit},
    {.name = "interrupt_main", .fn = thread_interrupt_main, .max_args = 1},
    {.name = "stack_size", .fn = thread_stack_size, .max_args = 1},
    {.name = "_count", .fn = thread_count_fn},
    {.name = "_set_sentinel", .fn = thread_set_sentinel},
    {.name = "_set_async_exc", .fn = thread_set_async_exc, .min_args = 2, .max_args = 2},
    {.name = NULL}};

struct py_module *py_mod__thread_init(void); /* modules.def */

struct py_module *py_mod__thread_init(void)
{
    if (!starting && !(starting = py_runtime_root(py_list_new(0))))
        return NULL;
    py_thread_at_exit = thread_ends;
    struct py_module *m = py_module_new("_thread", "What threading is made of.");
    if (!m || py_module_add_methods(m, thread_functions) < 0 ||
        py_module_add(m, "LockType", PY_OBJ(&py_lock_type)) < 0 ||
        py_module_add(m, "RLock", PY_OBJ(&py_rlock_type)) < 0 ||
        py_module_add(m, "_local", PY_OBJ(&py_thread_local_type)) < 0 ||
        py_module_add(m, "error", PY_OBJ(&py_exc_RuntimeError)) < 0 || py_thread_add_hook(m) < 0 ||
        py_module_add_steal(m, "TIMEOUT_MAX", py_float_from(TIMEOUT_MAX)) < 0)
        py_clear(m);
    return m;
}
