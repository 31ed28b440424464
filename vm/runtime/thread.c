/* Threads: their structs, their stacks, their beginning and end.
 *
 * A struct py_thread is malloc'd, linked into py_runtime.threads under the GIL and stays there
 * while the thread can run Python code. Its register stack and frame stack are reserved address
 * space (64 MiB and 26 MiB), touched on use, with an inaccessible page behind each; they ask not to
 * be made of huge pages, because most threads use a few KiB.
 *
 * Invariants
 *  - py_thread_current() is this thread's struct, or NULL in threads that are not Python's.
 *  - Only the GIL's holder links, unlinks and frees structs.
 *  - ident is what pthread_self() returns and threading.get_ident() reports; tid is the kernel's.
 */
#include "vm/runtime/thread.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vm/object/exc.h"
#include "vm/probe/probe.h"
#include "vm/runtime/error.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/gil.h"

#define PAGE            4096u
#define C_STACK_RESERVE (256u << 10) /* left for C code that does not ask */
#define THREAD_C_STACK  (8u << 20)
#define LEAST_C_STACK   (1u << 20) /* the reserve and something to work with */

__thread struct py_thread *py_thread_current_ __attribute__((tls_model("initial-exec")));
struct py_runtime py_runtime = {
    .recursion_limit = PY_RECURSION_LIMIT,
    .switch_interval = 0.005,
};

/* ---- stacks ---------------------------------------------------------------------------------- */

static void *stack_map(size_t bytes)
{
    char *p = mmap(NULL, bytes + PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    mprotect(p + bytes, PAGE, PROT_NONE);
    madvise(p, bytes, MADV_NOHUGEPAGE);
    return p;
}

size_t py_thread_stack_bytes;

/* The quarters of the full stacks that a further thread gets: where address space is limited, many
 * threads are worth more than deep ones. Who asks for large C stacks wants deep ones. */
static size_t stack_quarters(void)
{
    const size_t quarters = py_thread_stack_bytes / THREAD_C_STACK;
    return quarters < 1 ? 1 : quarters > 4 ? 4 : quarters;
}

static size_t register_bytes(size_t count)
{
    return count * sizeof(struct py_object *);
}

static size_t frame_bytes(size_t count)
{
    return (count * sizeof(struct py_frame) + PAGE - 1) & ~(size_t)(PAGE - 1);
}

static bool stacks_init(struct py_thread *t, size_t quarters)
{
    const size_t registers = PY_STACK_REGISTERS / 4 * quarters;
    const size_t frames = PY_STACK_FRAMES / 4 * quarters;
    t->regs = stack_map(register_bytes(registers));
    if (!t->regs)
        return false;
    t->regs_limit = t->regs + registers;
    t->frames = stack_map(frame_bytes(frames));
    if (!t->frames)
        return false;
    t->frames_limit = t->frames + frames;
    t->frames_top = t->frames;
    return true;
}

static void stacks_deinit(struct py_thread *t)
{
    if (t->regs)
        munmap(t->regs, register_bytes((size_t)(t->regs_limit - t->regs)) + PAGE);
    if (t->frames)
        munmap(t->frames, frame_bytes((size_t)(t->frames_limit - t->frames)) + PAGE);
}

static char *c_stack_limit(void)
{
    pthread_attr_t attr;
    void *base;
    size_t bytes;
    if (pthread_getattr_np(pthread_self(), &attr) != 0)
        return NULL;
    const int failed = pthread_attr_getstack(&attr, &base, &bytes);
    pthread_attr_destroy(&attr);
    if (failed)
        return NULL;
    /* The main thread's stack may be unlimited on paper. */
    char *here = (char *)&attr;
    char *low = (char *)base;
    if ((size_t)(here - low) > (64u << 20))
        low = here - (64u << 20);
    return low + C_STACK_RESERVE;
}

/* ---- life ------------------------------------------------------------------------------------ */

/* All the memory that a thread needs to begin, so that its maker hears when there is none. */
static struct py_thread *thread_alloc(size_t quarters)
{
    struct py_thread *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    if (!stacks_init(t, quarters)) {
        stacks_deinit(t);
        free(t);
        return NULL;
    }
    return t;
}

/* The calling thread is t from now on. */
static void thread_adopt(struct py_thread *t)
{
    t->ident = (uint64_t)pthread_self();
    t->tid = (int32_t)syscall(SYS_gettid);
    t->handled = &t->handled_base;
    t->c_stack_limit = c_stack_limit();
    if (!py_runtime.main_thread)
        t->name = strdup("MainThread");
    py_thread_current_ = t;
}

struct py_thread *py_thread_create(void)
{
    struct py_thread *t = thread_alloc(4);
    if (t)
        thread_adopt(t);
    return t;
}

void py_thread_link(struct py_thread *t)
{
    t->linked = 1;
    t->prev = NULL;
    t->next = py_runtime.threads;
    if (t->next)
        t->next->prev = t;
    py_runtime.threads = t;
    if (py_trace_flags)
        probe_thread_started(t, t->parent_tid);
}

static void thread_unlink(struct py_thread *t)
{
    if (t->prev)
        t->prev->next = t->next;
    else
        py_runtime.threads = t->next;
    if (t->next)
        t->next->prev = t->prev;
}

static void thread_free(struct py_thread *t)
{
    stacks_deinit(t);
    free((char *)(uintptr_t)t->name);
    free(t);
}

void (*py_thread_at_exit)(struct py_thread *thread);

void py_thread_set_async(struct py_thread *t, struct py_object *e)
{
    py_setref(t->async_exc, e);
    if (e)
        py_eval_break(EVAL_BREAK_ASYNC);
}

void py_thread_destroy(struct py_thread *t)
{
    if (py_thread_at_exit)
        py_thread_at_exit(t);
    py_clear(t->exc);
    py_clear(t->async_exc);
    py_clear(t->dict);
    py_clear(t->result_hold);
    if (py_trace_flags)
        probe_thread_exited(t);
    thread_unlink(t);
    py_gil_release(t, PY_GIL_FINISHED);
    py_thread_current_ = NULL;
    thread_free(t);
}

void py_thread_set_name(struct py_thread *t, const char *name)
{
    char *copy = strdup(name);
    if (!copy)
        return;
    free((char *)(uintptr_t)t->name);
    t->name = copy;
    if (t == py_thread_current() && t != py_runtime.main_thread) {
        char short_name[16];
        snprintf(short_name, sizeof short_name, "%s", name);
        prctl(PR_SET_NAME, short_name);
    }
    if (py_trace_flags)
        probe_thread_named(t);
}

/* ---- starting ----------------------------------------------------------------------------------
 */

struct start {
    void (*fn)(void *arg);
    void *arg;
    struct py_thread *thread;
};

static void *thread_main(void *p)
{
    const struct start start = *(struct start *)p;
    struct py_thread *t = start.thread;
    free(p);
    thread_adopt(t);
    py_gil_acquire(t);
    start.fn(start.arg);
    py_thread_destroy(t);
    return NULL;
}

static size_t c_stack_bytes(void)
{
    const size_t wanted = py_thread_stack_bytes ? py_thread_stack_bytes : THREAD_C_STACK;
    return ((wanted < LEAST_C_STACK ? LEAST_C_STACK : wanted) + PAGE - 1) & ~(size_t)(PAGE - 1);
}

uint64_t py_thread_start(void (*fn)(void *arg), void *arg, bool daemon)
{
    struct start *start = malloc(sizeof *start);
    struct py_thread *thread = start ? thread_alloc(stack_quarters()) : NULL;
    pthread_attr_t attr;
    pthread_t id;
    if (!thread) {
        free(start);
        py_raise(&py_exc_RuntimeError, "can't start new thread");
        return 0;
    }
    thread->parent_tid = (uint32_t)py_thread_current()->tid;
    thread->daemon = daemon;
    *start = (struct start){.fn = fn, .arg = arg, .thread = thread};
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, c_stack_bytes());
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    /* Signals are handled by the main thread alone. */
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    const int failed = pthread_create(&id, &attr, thread_main, start);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    if (failed) {
        thread_free(thread);
        free(start);
        py_raise(&py_exc_RuntimeError, "can't start new thread");
        return 0;
    }
    return (uint64_t)id;
}

void py_thread_stop_others(void)
{
    __atomic_store_n(&py_runtime.finalizing, 1, __ATOMIC_RELAXED);
}

void py_thread_after_fork_child(void)
{
    struct py_thread *self = py_thread_current();
    self->ident = (uint64_t)pthread_self();
    self->tid = (int32_t)syscall(SYS_gettid);
    py_gil_after_fork_child(self);
    struct py_thread *next;
    for (struct py_thread *t = py_runtime.threads; t; t = next) {
        next = t->next;
        if (t == self)
            continue;
        /* Its registers and frames stay as they are: what they own is never given back, because
         * nobody can say what state that thread was in. The address space is. */
        thread_unlink(t);
    }
    py_runtime.main_thread = self;
}

/* ---- roots and recursion ------------------------------------------------------------------------
 */

void *py_runtime_root(void *o)
{
    const int32_t capacity = (int32_t)(sizeof py_runtime.roots / sizeof py_runtime.roots[0]);
    if (py_runtime.root_count == capacity) {
        fprintf(stderr, "brille-python: py_runtime.roots is full\n");
        abort();
    }
    py_runtime.roots[py_runtime.root_count++] = o;
    return o;
}

static bool c_stack_is_low(const struct py_thread *t)
{
    const char here = 0;
    return t->c_stack_limit && &here < t->c_stack_limit;
}

static int raise_recursion_error(const char *where)
{
    /* Room to build the exception. */
    const int32_t limit = py_runtime.recursion_limit;
    py_runtime.recursion_limit = limit + 50;
    py_raise(&py_exc_RecursionError, "maximum recursion depth exceeded%s", where);
    py_runtime.recursion_limit = limit;
    return -1;
}

int py_enter_recursion(const char *where)
{
    struct py_thread *t = py_thread_current();
    if (__builtin_expect(++t->depth <= py_runtime.recursion_limit && !c_stack_is_low(t), 1))
        return 0;
    t->depth--;
    return raise_recursion_error(where);
}

int py_check_c_stack(const char *where)
{
    return __builtin_expect(c_stack_is_low(py_thread_current()), 0) ? raise_recursion_error(where)
                                                                    : 0;
}

void py_leave_recursion(void)
{
    py_thread_current()->depth--;
}
