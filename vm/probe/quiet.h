/* Probes that take no register from their caller.
 *
 * A call on a branch that is hardly ever taken still costs the way past it: what lives across it
 * must sit in saved registers, which every run of the function pushes and pops. With tracing off
 * that cost twice as much as the tests of the flag themselves. So the hot probes are functions that
 * save each register they use (quiet.c), and the compiler is told that a call changes nothing but
 * memory, flags and the vector registers, in which C code rarely holds anything here.
 *
 * A call pushes onto the stack of a function that the compiler may take for a leaf, so vm/ is
 * compiled with -mno-red-zone. Elsewhere than on x86-64, under sanitizers and in builds without
 * tracing these are ordinary calls of the probes of probe.h.
 */
#ifndef BRILLE_VM_PROBE_QUIET_H
#define BRILLE_VM_PROBE_QUIET_H

#include <stddef.h>

struct py_object;

/* See probe.h. */
void probe_incref(struct py_object *o);
void probe_decref(struct py_object *o);
void probe_alloc(struct py_object *o, size_t size_bytes);
void probe_free(struct py_object *o);
void probe_gc_track(struct py_object *o, int generation);
void probe_gc_untrack(struct py_object *o);

#if defined(__x86_64__) && !defined(BRILLE_NO_TRACE) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define PROBE_QUIET 1
#define QUIET_CLOBBERS                                                                      \
    "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", \
        "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#define QUIET_CALL_1(function, a)                   \
    __asm__ volatile("call quiet_probe_" #function  \
                     :                              \
                     : "D"((struct py_object *)(a)) \
                     : QUIET_CLOBBERS)
#define QUIET_CALL_2(function, a, b)                                  \
    __asm__ volatile("call quiet_probe_" #function                    \
                     :                                                \
                     : "D"((struct py_object *)(a)), "S"((size_t)(b)) \
                     : QUIET_CLOBBERS)
#else
#define PROBE_QUIET                  0
#define QUIET_CALL_1(function, a)    probe_##function(a)
#define QUIET_CALL_2(function, a, b) probe_##function(a, b)
#endif

static inline void quiet_incref(struct py_object *o)
{
    QUIET_CALL_1(incref, o);
}

static inline void quiet_decref(struct py_object *o)
{
    QUIET_CALL_1(decref, o);
}

static inline void quiet_alloc(struct py_object *o, size_t size_bytes)
{
    QUIET_CALL_2(alloc, o, size_bytes);
}

static inline void quiet_free(struct py_object *o)
{
    QUIET_CALL_1(free, o);
}

static inline void quiet_gc_track(struct py_object *o, int generation)
{
    QUIET_CALL_2(gc_track, o, generation);
}

static inline void quiet_gc_untrack(struct py_object *o)
{
    QUIET_CALL_1(gc_untrack, o);
}

#endif
