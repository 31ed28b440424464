/* Threads and the runtime: the structures a reader in another process starts from.
 *
 * py_runtime is the root of everything; each thread of the process that runs Python has a
 * struct py_thread in its list. Only the thread that holds the GIL may touch Python objects.
 */
#ifndef BRILLE_VM_RUNTIME_THREAD_H
#define BRILLE_VM_RUNTIME_THREAD_H

#include <pthread.h>

#include "vm/object/object.h"
#include "vm/runtime/frame.h"
#include "vm/runtime/handles.h"

/* Reserved for the main thread, touched on use. Further threads have a quarter of each, or more
 * (py_thread_stack_bytes). */
#define PY_STACK_REGISTERS (8u << 20)
#define PY_STACK_FRAMES    (1u << 18)
#define PY_RECURSION_LIMIT 1000

/* The exception being handled; one record per nesting of generators. */
struct py_exc_item {
    struct py_object
        *value; /* owned by the handler's register or by the generator; borrowed here */
    struct py_exc_item *prev;
};

enum py_gil_state { PY_GIL_NONE, PY_GIL_WAITING, PY_GIL_HOLDING };

struct py_thread {
    struct py_thread *next, *prev;
    uint64_t ident; /* pthread_self, as threading.get_ident reports */
    int32_t tid;    /* gettid */
    int32_t gil_state;
    struct py_frame *frame;      /* innermost Python frame, NULL outside Python code */
    struct py_object *exc;       /* pending exception instance, owned, or NULL */
    struct py_exc_item *handled; /* what a bare raise and sys.exc_info see */
    struct py_exc_item handled_base;
    struct py_handle *handles;
    struct py_object **regs, **regs_limit;  /* the register stack */
    struct py_frame *frames, *frames_limit; /* the frame stack */
    struct py_frame *frames_top;            /* first unused frame */
    int32_t depth;                          /* Python calls and guarded C recursion */
    int32_t c_depth;                        /* nested eval loops on the C stack */
    int32_t dealloc_depth;
    int32_t trace_mode; /* which loop the innermost eval runs */
    struct py_object
        *dealloc_later;            /* objects whose deallocation was put off (linked by gc/next) */
    struct py_object *async_exc;   /* owned or NULL */
    struct py_object *dict;        /* owned: thread-local storage of threading.local */
    const char *name;              /* for definitions and the inspector; owned malloc */
    struct py_object *result_hold; /* owned value in transit between C helpers and the loop */
    char *c_stack_limit;           /* C recursion below this address is refused */
    uint64_t gil_acquired_at;      /* ticks, while the tracer listens */
    uint32_t parent_tid;
    int32_t daemon;   /* not waited for at exit */
    int32_t linked;   /* in py_runtime.threads, its start announced */
    bool gil_yielded; /* gave the GIL up in py_gil_yield and has not got it back; see gil.c */
};

struct py_runtime {
    struct py_thread *threads; /* all, newest first */
    struct py_thread *main_thread;
    struct py_dict *modules; /* sys.modules */
    struct py_dict *sys_dict;
    struct py_dict *builtins;
    struct py_dict *interned; /* name -> name; its two references are not counted */
    int32_t recursion_limit;
    int32_t initialized; /* 1 from the end of start-up to the start of shutdown */
    int32_t finalizing;
    int32_t checked;
    int32_t optimize;            /* -O count */
    int32_t check_interval;      /* -X checkinterval=N; 0: by time */
    double switch_interval;      /* seconds */
    struct py_object *roots[64]; /* owned objects C code keeps for good; py_runtime_root() */
    int32_t root_count;
};
extern struct py_runtime py_runtime;

extern __thread struct py_thread *py_thread_current_;
static inline struct py_thread *py_thread_current(void)
{
    return py_thread_current_;
}

/* Of C stack, for threads to come, as threading.stack_size() sets it; 0: the default, 8 MiB. With
 * more, the stacks of registers and frames are larger in step, up to those of the main thread. */
extern size_t py_thread_stack_bytes;

/* A thread of the process that is to run fn(arg) under the GIL. Returns its ident, or 0 with
 * RuntimeError. Steals nothing; arg is fn's business. */
uint64_t py_thread_start(void (*fn)(void *arg), void *arg, bool daemon);
/* Renames a thread for the inspector and the kernel. */
void py_thread_set_name(struct py_thread *thread, const char *name);
/* Raises e (stolen; NULL takes back what was set) in a thread, at its next safepoint. */
void py_thread_set_async(struct py_thread *thread, struct py_object *e);
/* Called by a thread that ends, with the GIL held, before its dict goes. Set by the module _thread.
 */
extern void (*py_thread_at_exit)(struct py_thread *thread);
/* At exit, with the GIL held: no other thread gets the GIL again. */
void py_thread_stop_others(void);
void py_thread_after_fork_child(void);
/* Called by the first py_gil_acquire of a thread. */
void py_thread_link(struct py_thread *thread);

/* Makes the calling thread's struct and makes it current; the caller must then take the GIL, which
 * puts it into the list. NULL: out of memory. */
struct py_thread *py_thread_create(void);
/* Unlinks and frees; called with the GIL held by the thread itself, which then releases it. */
void py_thread_destroy(struct py_thread *thread);
/* Keeps an object alive for the life of the process as a named root. Steals; returns it. */
void *py_runtime_root(void *o);

/* Guards C recursion (repr of nested lists, comparison): -1 with RecursionError when too deep. */
int py_enter_recursion(const char *where);
void py_leave_recursion(void);
/* The same for what counts as no call, iterators in iterators: as deep as the C stack goes. */
int py_check_c_stack(const char *where);

#endif
