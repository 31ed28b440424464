/* What the interpreter loop itself emits, inlined into it.
 *
 * The loop is compiled once per mode (docs/internals/bytecode.md) and knows from its mode that an
 * event is wanted, so nothing here tests a flag. Everything outside the loop uses vm/probe/probe.h.
 * The eval-breaker word lies in the control page, which is mapped over a static object: testing it
 * is one load from a fixed address.
 */
#ifndef BRILLE_VM_PROBE_LOOP_H
#define BRILLE_VM_PROBE_LOOP_H

#include "tracer/emit/emit.h"
#include "vm/object/code.h"
#include "vm/object/object.h"
#include "vm/probe/site.h"

/* Gives the code object its id in the stream's definitions. (vm/probe/probe.c) */
uint32_t probe_define_code(struct py_code *code);
/* Objects of which the caller knows the site. (vm/probe/probe.c) */
void probe_alloc_at(struct py_object *o, size_t size_bytes, unsigned site);
void probe_free_at(struct py_object *o, unsigned site);

static inline bool probe_eval_break(void)
{
#ifdef BRILLE_CHECKED
    return true; /* every safepoint is one at which the heap may be checked */
#endif
    return __builtin_expect(__atomic_load_n(&trace_control.eval_breaker, __ATOMIC_RELAXED) != 0, 0);
}

/* The shift that puts an instruction's address into an event's site drops what is above 16 bits of
 * it (vm/probe/site.h).
 *
 * The traced loop keeps the write position of HOT in a local, `hot`, because going through
 * memory at each event would be the longest chain in it. Each function here takes it and returns
 * where it stands then. Whoever else may emit must find it in trace_hot.p: eval_loop.h says when it
 * is put there and taken back. */
#ifndef BRILLE_NO_TRACE
_Static_assert(TRACE_SITE_SHIFT == 48, "words << 48 is bytes << 45");

static inline char *probe_loop_put(char *hot, uint64_t word)
{
    *(volatile uint64_t *)hot = word;
    hot += 8;
    if (__builtin_expect(hot == trace_hot.limit, 0)) {
        trace_hot.p = hot;
        trace_hot_refill();
        hot = trace_hot.p;
    }
    return hot;
}

static inline char *probe_loop_count(char *hot, struct py_object *o, unsigned kind,
                                     const uint64_t *pc)
{
    const uint64_t site = (uint64_t)(uintptr_t)pc << 45;
    return probe_loop_put(hot, site + (uintptr_t)o + kind);
}

/* COLD events of the loop leave HOT alone: only what is out of line looks at trace_hot.p. */
static inline void probe_loop_alloc(char *hot, struct py_object *o, size_t size_bytes,
                                    const uint64_t *pc)
{
    const uint64_t site = (uint64_t)(uintptr_t)pc << 45;
    const uint32_t type = o->type->trace_id;
    if (__builtin_expect(type == 0, 0) ||
        !trace_cold_try_at(hot, site + (uintptr_t)o + TRACE_COLD_ALLOC, type, size_bytes)) {
        trace_hot.p = hot;
        probe_alloc_at(o, size_bytes, probe_site(pc));
    }
}

static inline void probe_loop_free(char *hot, struct py_object *o, const uint64_t *pc)
{
    const uint64_t site = (uint64_t)(uintptr_t)pc << 45;
    if (!trace_cold_try_at(hot, site + (uintptr_t)o + TRACE_COLD_FREE, 0, 0)) {
        trace_hot.p = hot;
        probe_free_at(o, probe_site(pc));
    }
}

/* caller and its pc may be NULL: entered from C with no Python frame below. */
static inline char *probe_loop_enter(char *hot, struct py_code *code, const struct py_code *caller,
                                     const uint64_t *pc)
{
    uint32_t id = code->trace_id;
    if (__builtin_expect(id == 0, 0)) {
        trace_hot.p = hot; /* a definition notes the position */
        id = probe_define_code(code);
    }
    const unsigned site = caller ? probe_site(pc) : TRACE_SITE_UNKNOWN;
    return probe_loop_put(hot, trace_word((uintptr_t)id << 4, site, TRACE_HOT_ENTER));
}

static inline char *probe_loop_leave(char *hot)
{
    return probe_loop_put(hot, TRACE_HOT_LEAVE);
}

/* The same for code outside the loop. */
void probe_enter(struct py_code *code, const struct py_code *caller, const uint64_t *pc);
void probe_leave(void);
#else
#define probe_enter(code, caller, pc) ((void)(code), (void)(caller), (void)(pc))
#define probe_leave()                 ((void)0)
#endif

#endif
