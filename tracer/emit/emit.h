/* The emitter: how the interpreter says what happens in it.
 *
 * One global writer per stream, used by whoever holds the GIL; so every stream has one producer and
 * needs no lock. The hot path of an event is a store, an addition and one comparison; whatever else
 * there is to do (publish, timestamp, wrap, overflow policy, counting drops) happens in an
 * out-of-line refill once per 4 KiB. Emitting never allocates and never fails. It waits only
 * under the block policy, and there at most a second for a reader that shows no sign of life.
 *
 * With tracing off the writers point at a scratch sub-buffer, so a stray emit is harmless. The
 * caller tests the class first:
 *
 *     if (trace_on(TRACE_CLASS_ALLOC))
 *         trace_alloc((uintptr_t)object, type_id, size, site);
 *
 * The typed functions below do not test: the traced interpreter loop knows already, C helpers test
 * once per operation. Objects are 16-byte aligned and below 2^47; immortal objects have no events.
 * `site` is the instruction offset in the running code object, TRACE_SITE_UNKNOWN if there is none.
 *
 * Life of it, in a process:
 *     trace_init()                     first thing in main(): control page, clock, a ring handed
 * over trace_start(...)                 -X trace=...: the flight recorder's own named ring
 *     trace_poll_request(&change)      at a safepoint, when EVAL_BREAK_TRACE is set
 *     trace_park()                     at a safepoint, when EVAL_BREAK_PARK is set
 *     trace_stop()                     clean exit: closes and unlinks
 * A forked child comes up with a control page of its own, no ring and all classes off; a
 * pthread_atfork handler sees to that, and trace_after_fork_child() may also be called by hand.
 *
 * With BRILLE_NO_TRACE all emitting functions are empty and trace_on() is 0; the control page, the
 * eval-breaker, parking and captures still work.
 */
#ifndef BRILLE_TRACER_EMIT_EMIT_H
#define BRILLE_TRACER_EMIT_EMIT_H

#include "tracer/abi/control.h"
#include "tracer/abi/events.h"
#include "tracer/abi/ring_header.h"
#include "tracer/abi/ring_layout.h"
#include "tracer/abi/writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The control page: `trace_control.eval_breaker` and `.classes` are plain loads. */
extern struct trace_control trace_control;
extern struct trace_writer trace_writers[TRACE_STREAM_COUNT];

#define trace_hot             trace_writers[TRACE_HOT]
#define trace_cold            trace_writers[TRACE_COLD]
#define trace_enabled_classes (*(volatile uint32_t *)&trace_control.classes)

/* ---- life cycle ---------------------------------------------------------------------------- */

/* The flight recorder's sizes (2 MiB, 1 MiB, 256 KiB, 4 MiB; tiny in the checked build). */
struct trace_sizes trace_default_sizes(void);

/* Maps the control page and takes over what TRACE_HANDOVER_ENV names, if anything. False when
 * even a control page cannot be had: the process then runs on, but cannot be traced from outside.
 * Call it once, before the first object. */
bool trace_init(void);

/* Creates this process's own named ring and switches `classes` on. `message` gets one line when
 * rings had to be smaller or could not be made; else it is "". False: nothing is traced. */
bool trace_start(uint32_t classes, enum trace_policy policy, const struct trace_sizes *sizes,
                 char *message, size_t message_bytes);

/* Switches everything off, closes the ring, unlinks it if it is ours. */
void trace_stop(void);

/* In a forked child, before its first event. Safe to call again; does nothing in the parent. */
void trace_after_fork_child(void);

/* True when a ring is in use, whatever the classes. */
bool trace_has_ring(void);

/* Counts up whenever a new ring came into use: definitions made before are not in it. */
extern uint32_t trace_ring_generation;

/* ---- safepoint side ------------------------------------------------------------------------ */

struct trace_change {
    bool changed; /* a request was honoured, the fields below say how */
    uint32_t old_classes;
    uint32_t new_classes;
    bool new_ring;      /* definitions must be made again: all types, codes, thread names */
    bool want_baseline; /* emit trace_baseline_begin, a trace_snapshot for every mortal object, _end
                         */
    bool want_stacks;   /* emit trace_stack for every thread */
    bool new_filter;    /* trace_filter says another thing than before */
};

/* What is wanted, cut down to what is known: a private copy of what the inspector wrote. Applying
 * it is the interpreter's business: it knows types and files. kinds == 0: everything. */
extern struct control_filter trace_filter;

/* Call under the GIL at a safepoint when EVAL_BREAK_TRACE is set; clears the bit. Takes over a ring
 * if one is handed over, changes mask and policy, acknowledges with the exact position. What
 * `change` wants has to be emitted before anything else runs. */
void trace_poll_request(struct trace_change *change);

/* Call under the GIL at a safepoint when EVAL_BREAK_PARK is set; clears the bit. Waits while an
 * inspector works, at most CONTROL_PARK_MS beyond its last sign of life. */
void trace_park(void);

/* Who runs what, asked at each refill. May be called at any emit, so it reads plain fields only. */
struct trace_context {
    uint32_t tid;
    uint32_t code;
    uint32_t depth;
};
void trace_set_context_hook(void (*hook)(struct trace_context *context));

/* The seq that the next event will have; what a capture stores as event_seq. */
uint64_t trace_next_seq(void);

/* ---- out-of-line parts --------------------------------------------------------------------- */

void trace_hot_refill(void);
/* Whatever the slot needs: a base, a wide one before it, another sub-buffer. */
void trace_cold_emit_long(unsigned kind, uint64_t address, uint32_t type, uint64_t size,
                          unsigned site);

/* ---- definitions (any time under the GIL; nothing happens without a ring) -------------------- */

#ifndef BRILLE_NO_TRACE
void trace_define_type(uint32_t id, uintptr_t address, uint64_t basic_size, uint32_t flags,
                       const char *name, const char *module);
/* `first_site` is that of the code's first instruction, which the sites of `lines` count from. */
void trace_define_code(uint32_t id, uintptr_t address, unsigned first_site, uint32_t first_line,
                       const char *name, const char *qualname, const char *file,
                       const struct trace_line *lines, size_t line_count);
void trace_define_thread(uint32_t tid, uint64_t ident, const char *name);

/* ---- rare events ----------------------------------------------------------------------------- */

void trace_gc_start(int generation, uint32_t reason);
void trace_gc_done(int generation, uint64_t collected, uint64_t uncollectable, uint64_t examined,
                   uint64_t promoted);
void trace_gc_promote(int from, int to);
void trace_gc_freeze(bool frozen);

/* Under the GIL. trace_gil_acquired is to be called at every acquire while anything is traced: it
 * also tells HOT and COLD which thread runs. `waited_since` is a trace_ticks() from before the
 * wait, 0 when there was none; `frame` a TRACE_FRAME word that says where the thread is, or 0. */
void trace_gil_acquired(uint32_t tid, uint32_t previous_tid, uint64_t gil_seq,
                        uint64_t waited_since, uint64_t frame);
void trace_gil_released(enum trace_gil_reason reason, uint64_t gil_seq, uint64_t acquired_at,
                        uint64_t frame);
/* Without the GIL. */
void trace_gil_requested(uint32_t tid, uint32_t holder_tid, uint64_t gil_seq);
void trace_gil_waiting(uint32_t tid, uint32_t holder_tid, uint64_t gil_seq);

/* Under the GIL, by the thread itself. */
void trace_thread_started(uint32_t tid, uint64_t ident, uint32_t parent_tid);
void trace_thread_exited(uint32_t tid, uint64_t ident);
/* Says which thread runs from here on, when no acquire did (start of the process, baseline). */
void trace_thread_running(uint32_t tid);

/* Stack of a thread, outermost first: TRACE_FRAME(code id, site). For the outer frames the site is
 * that of the call. Long stacks are split over several records. */
void trace_stack(uint32_t tid, const uint64_t *frames, size_t depth);

void trace_baseline_begin(uint64_t objects);
void trace_snapshot(uintptr_t address, uint32_t type, uint64_t size, uint32_t refcount,
                    int generation);
void trace_baseline_end(void);

void trace_meta(enum trace_meta what, uint64_t old_value, uint64_t new_value, uint64_t value);
#endif

/* A clock reading in the stream's own unit (TSC, or nanoseconds where that is not invariant). */
uint64_t trace_ticks(void);

/* ---- inline events --------------------------------------------------------------------------- */

#ifndef BRILLE_NO_TRACE

static inline bool trace_on(uint32_t classes)
{
    return (trace_enabled_classes & classes) != 0;
}

/* A word is never zero and is stored whole: after a kill the ring ends at the first zero word. */
static inline void trace_hot_emit(uint64_t word)
{
    char *p = trace_hot.p;
    *(volatile uint64_t *)p = word;
    p += 8;
    trace_hot.p = p;
    if (__builtin_expect(p == trace_hot.limit, 0))
        trace_hot_refill();
}

/* The same for a caller that must not call out: false, and nothing emitted, at the end of a
 * sub-buffer. */
static inline bool trace_hot_try(uint64_t word)
{
    char *p = trace_hot.p;
    if (__builtin_expect(p + 8 == trace_hot.limit, 0))
        return false;
    *(volatile uint64_t *)p = word;
    trace_hot.p = p + 8;
    return true;
}

static inline uint64_t trace_word(uintptr_t address, unsigned site, unsigned kind)
{
    return (uint64_t)address + ((uint64_t)site << 48) + kind;
}

static inline void trace_incref(uintptr_t address, unsigned site)
{
    trace_hot_emit(trace_word(address, site, TRACE_HOT_INCREF));
}

static inline void trace_decref(uintptr_t address, unsigned site)
{
    trace_hot_emit(trace_word(address, site, TRACE_HOT_DECREF));
}

/* `site` is that of the call in the caller. */
static inline void trace_enter(uint32_t code, unsigned site)
{
    trace_hot_emit(trace_word((uintptr_t)code << 4, site, TRACE_HOT_ENTER));
}

static inline void trace_leave(void)
{
    trace_hot_emit(TRACE_HOT_LEAVE);
}

/* COLD's quick way, with `hot` where HOT stands: false, and nothing emitted, when the slot needs
 * more than two stores: it is the last of its sub-buffer, does not fit, or may be too far from the
 * base. One comparison with `quick` says the first and the last (stream.c, cold_arrange). Of the
 * two words the one that makes the slot valid is stored last. */
static inline bool trace_cold_try_at(const char *hot, uint64_t first, uint32_t type, uint64_t size)
{
    char *p = trace_cold.p;
    if (__builtin_expect(p == trace_cold.quick, 0) ||
        __builtin_expect((size >> TRACE_COLD_SIZE_BITS) | (type >> TRACE_COLD_TYPE_BITS), 0))
        return false;
    const uint64_t delta = ((uintptr_t)hot - trace_cold.origin) >> 3;
    ((volatile uint64_t *)p)[1] =
        delta | size << TRACE_COLD_SIZE_SHIFT | (uint64_t)type << TRACE_COLD_TYPE_SHIFT;
    ((volatile uint64_t *)p)[0] = first;
    trace_cold.p = p + TRACE_COLD_SLOT_BYTES;
    return true;
}

/* For a caller that must not call out. */
static inline bool trace_cold_try(unsigned kind, uint64_t address, uint32_t type, uint64_t size,
                                  unsigned site)
{
    return trace_cold_try_at(trace_hot.p, trace_word((uintptr_t)address, site, kind), type, size);
}

static inline void trace_cold_emit(unsigned kind, uint64_t address, uint32_t type, uint64_t size,
                                   unsigned site)
{
    if (!trace_cold_try(kind, address, type, size, site))
        trace_cold_emit_long(kind, address, type, size, site);
}

static inline void trace_alloc(uintptr_t address, uint32_t type, uint64_t size, unsigned site)
{
    trace_cold_emit(TRACE_COLD_ALLOC, address, type, size, site);
}

static inline void trace_free(uintptr_t address, unsigned site)
{
    trace_cold_emit(TRACE_COLD_FREE, address, 0, 0, site);
}

static inline void trace_resize(uintptr_t address, uint64_t size, unsigned site)
{
    trace_cold_emit(TRACE_COLD_RESIZE, address, 0, size, site);
}

static inline void trace_retype(uintptr_t address, uint32_t type, unsigned site)
{
    trace_cold_emit(TRACE_COLD_RETYPE, address, type, 0, site);
}

/* Also moves an object that is tracked already to another generation. */
static inline void trace_gc_track(uintptr_t address, int generation)
{
    trace_cold_emit(TRACE_COLD_TRACK, address, (uint32_t)generation, 0, TRACE_SITE_UNKNOWN);
}

static inline void trace_gc_untrack(uintptr_t address)
{
    trace_cold_emit(TRACE_COLD_UNTRACK, address, 0, 0, TRACE_SITE_UNKNOWN);
}

#else /* BRILLE_NO_TRACE */

#define trace_on(classes)                                 ((void)(classes), false)
#define trace_hot_emit(word)                              ((void)(word))
#define trace_incref(address, site)                       ((void)(address), (void)(site))
#define trace_decref(address, site)                       ((void)(address), (void)(site))
#define trace_enter(code, site)                           ((void)(code), (void)(site))
#define trace_leave()                                     ((void)0)
#define trace_alloc(address, type, size, site)            ((void)(address), (void)(size), (void)(site))
#define trace_free(address, site)                         ((void)(address), (void)(site))
#define trace_resize(address, size, site)                 ((void)(address), (void)(size), (void)(site))
#define trace_retype(address, type, site)                 ((void)(address), (void)(site))
#define trace_gc_track(address, generation)               ((void)(address), (void)(generation))
#define trace_gc_untrack(address)                         ((void)(address))
#define trace_define_type(id, address, size, flags, n, m) ((void)(id), (void)(address))
#define trace_define_code(id, address, site, first, n, q, f, lines, count) \
    ((void)(id), (void)(lines), (void)(count))
#define trace_define_thread(tid, ident, name)                    ((void)(tid), (void)(name))
#define trace_gc_start(generation, reason)                       ((void)(generation))
#define trace_gc_done(generation, c, u, e, p)                    ((void)(generation))
#define trace_gc_promote(from, to)                               ((void)(from), (void)(to))
#define trace_gc_freeze(frozen)                                  ((void)(frozen))
#define trace_gil_acquired(tid, previous, gil_seq, since, frame) ((void)(tid), (void)(frame))
#define trace_gil_released(reason, gil_seq, at, frame)           ((void)(reason), (void)(frame))
#define trace_gil_requested(tid, holder, gil_seq)                ((void)(tid), (void)(gil_seq))
#define trace_gil_waiting(tid, holder, gil_seq)                  ((void)(tid), (void)(gil_seq))
#define trace_thread_started(tid, ident, parent)                 ((void)(tid), (void)(ident))
#define trace_thread_exited(tid, ident)                          ((void)(tid), (void)(ident))
#define trace_thread_running(tid)                                ((void)(tid))
#define trace_stack(tid, frames, depth)                          ((void)(frames), (void)(depth))
#define trace_baseline_begin(objects)                            ((void)(objects))
#define trace_snapshot(address, type, size, refcount, gen)       ((void)(address))
#define trace_baseline_end()                                     ((void)0)
#define trace_meta(what, old_value, new_value, value)            ((void)(what))

#endif /* BRILLE_NO_TRACE */

#endif
