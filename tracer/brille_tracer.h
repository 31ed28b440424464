/* Emitting the event stream of Brille from an interpreter of your own.
 *
 *     cc $(pkg-config --cflags brille-tracer) vm.c $(pkg-config --libs brille-tracer)
 *
 * Whoever emits can be looked at as Brille's own interpreter is: `brille record`, `history`,
 * `allocs`, `gil`, `gc`, plugins, exports. (Heap graphs are another matter: they need a target in
 * the inspector, which reads your structures.) docs/emitter/ has an example and explains it.
 *
 * Rules, which nothing here can check for you:
 *
 *   - One thread at a time calls these functions, the one that holds your global lock; but for
 *     brille_tracer_gil_waiting and _requested, which those call that do not hold it.
 *   - Objects lie at multiples of 16, below 2^47. An object that is never freed has no events.
 *   - After alloc the count of an object is 1; every later change is one incref or decref; free
 *     follows the decref to 0.
 *   - Now and then, where every object is whole (a back-edge, a call), look whether
 *     brille_tracer_wanted(), and if so call brille_tracer_safepoint(). It calls you back for what
 *     a reader that has just come does not know.
 *
 * Nothing fails and nothing allocates: what cannot be written is counted, and readers say so. With
 * tracing off an event costs the test of one word; on, a few instructions.
 */
#ifndef BRILLE_TRACER_H
#define BRILLE_TRACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Classes of events: any of these, or'ed. */
enum {
    BRILLE_TRACER_ALLOC = 1,    /* alloc, free, resize, retype, track, untrack, enter, leave */
    BRILLE_TRACER_REFCOUNT = 2, /* incref, decref, enter, leave */
    BRILLE_TRACER_GC = 4,
    BRILLE_TRACER_GIL = 8,
};

/* Where an instruction is unknown. Sites are 16 bits: an offset in the running code object. */
#define BRILLE_TRACER_NO_SITE 0xffffu

/* ---- life ------------------------------------------------------------------------------------ */

/* What a reader that comes late asks for. Each is called at a safepoint, with the lock held. */
struct brille_tracer_callbacks {
    void *context;
    void (*define)(void *context);   /* call brille_tracer_define_... for all there is */
    void (*stacks)(void *context);   /* call brille_tracer_stack for each thread */
    void (*baseline)(void *context); /* call brille_tracer_snapshot for each object */
    /* Who runs what; asked now and then, even inside of any call below: read plain fields only. */
    void (*where)(void *context, uint32_t *tid, uint32_t *code, uint32_t *depth);
};

/* First thing in main(). False: the process cannot be traced, and all calls do nothing. */
bool brille_tracer_init(const struct brille_tracer_callbacks *callbacks);

/* Begins to trace at once, as a flight recorder that keeps the latest events in /dev/shm; else
 * tracing begins when somebody attaches. Calls define(). False: it could not be made. */
bool brille_tracer_start(unsigned classes);

/* Last thing. Without it, what is in the recorder stays for `brille record --from-ring`. */
void brille_tracer_stop(void);

/* The begin of a page that readers write to. */
struct brille_tracer_page {
    uint64_t identity[8];
    volatile uint32_t wanted;
    volatile uint32_t classes;
};
extern struct brille_tracer_page brille_tracer_page __asm__("trace_control");

static inline bool brille_tracer_wanted(void)
{
    return brille_tracer_page.wanted != 0;
}

void brille_tracer_safepoint(void);

/* Whether any of these classes is on. The functions below do not ask: you do, once for what
 * belongs together. */
static inline bool brille_tracer_on(unsigned classes)
{
    return (brille_tracer_page.classes & classes) != 0;
}

/* ---- what ids stand for; from define(), and when something new comes ------------------------- */

struct brille_tracer_line {
    uint32_t site; /* from here on, up to the next entry, code belongs to this line */
    uint32_t line;
};

void brille_tracer_define_type(uint32_t type, const char *name, const char *module);
void brille_tracer_define_code(uint32_t code, const char *name, const char *file,
                               const struct brille_tracer_line *lines, size_t count);
void brille_tracer_define_thread(uint32_t tid, const char *name);

/* ---- objects ----------------------------------------------------------------------------------
 */

void brille_tracer_alloc(const void *object, uint32_t type, size_t size, unsigned site);
void brille_tracer_free(const void *object, unsigned site);
void brille_tracer_resize(const void *object, size_t size, unsigned site);
void brille_tracer_retype(const void *object, uint32_t type, unsigned site);
void brille_tracer_track(const void *object, int generation); /* 0..2, 3 permanent; also moves */
void brille_tracer_untrack(const void *object);
void brille_tracer_snapshot(const void *object, uint32_t type, size_t size, uint32_t count,
                            int generation); /* from baseline() only; -1: not tracked */

/* The hot ones, inline: one word is stored, and behind the last of a page comes a call. */
struct brille_tracer_writer {
    char *p, *limit;
};
extern struct brille_tracer_writer brille_tracer_hot __asm__("trace_writers");
void brille_tracer_refill(void) __asm__("trace_hot_refill");

static inline void brille_tracer_emit(uint64_t word)
{
    char *p = brille_tracer_hot.p;
    *(volatile uint64_t *)p = word;
    brille_tracer_hot.p = p + 8;
    if (__builtin_expect(p + 8 == brille_tracer_hot.limit, 0))
        brille_tracer_refill();
}

static inline void brille_tracer_incref(const void *object, unsigned site)
{
    brille_tracer_emit((uint64_t)(uintptr_t)object + ((uint64_t)site << 48) + 1);
}

static inline void brille_tracer_decref(const void *object, unsigned site)
{
    brille_tracer_emit((uint64_t)(uintptr_t)object + ((uint64_t)site << 48) + 2);
}

/* A call begins: `site` is that of the call in the caller. And ends, however it ends. */
static inline void brille_tracer_enter(uint32_t code, unsigned site)
{
    brille_tracer_emit(((uint64_t)code << 4) + ((uint64_t)site << 48) + 3);
}

static inline void brille_tracer_leave(void)
{
    brille_tracer_emit(4);
}

/* ---- threads, collections ---------------------------------------------------------------------
 */

/* A frame of a stack, and where a thread is at a handoff; 0: not known. */
static inline uint64_t brille_tracer_frame(uint32_t code, unsigned site)
{
    return (uint64_t)code | (uint64_t)site << 32;
}

void brille_tracer_stack(uint32_t tid, const uint64_t *frames, size_t depth); /* outermost first */
void brille_tracer_thread_started(uint32_t tid, uint32_t parent);
void brille_tracer_thread_exited(uint32_t tid);
/* Which thread runs from here on, where no handoff says so. */
void brille_tracer_thread_running(uint32_t tid);

uint64_t brille_tracer_ticks(void); /* a time, as the next three want it */

/* `number` counts acquisitions. `since` is from before the wait, 0 when there was none. */
void brille_tracer_gil_acquired(uint32_t tid, uint32_t previous, uint64_t number, uint64_t since,
                                uint64_t frame);
enum { BRILLE_TRACER_BLOCKING = 1, BRILLE_TRACER_INTERVAL = 2, BRILLE_TRACER_FINISHED = 3 };
void brille_tracer_gil_released(int reason, uint64_t number, uint64_t acquired_at, uint64_t frame);
void brille_tracer_gil_waiting(uint32_t tid, uint32_t holder, uint64_t number);
void brille_tracer_gil_requested(uint32_t tid, uint32_t holder, uint64_t number);

void brille_tracer_gc_start(int generation);
/* Survivors of generations up to `from` are now in `to`. */
void brille_tracer_gc_promote(int from, int to);
void brille_tracer_gc_done(int generation, uint64_t collected, uint64_t examined);

#ifdef __cplusplus
}
#endif
#endif
