/* The probes behind quiet.h: each saves the few registers it uses, and stores one event.
 *
 * Whatever needs more than a store (an unknown type, a wide event, the end of a sub-buffer, a
 * filter) goes through a stub that saves all registers, aligns the stack and calls the ordinary
 * probe. The stubs carry frame information: a thread that waits for a reader under the block policy
 * stands in one, and `brille stack` unwinds it.
 *
 * This file is compiled with -mgeneral-regs-only, as the attribute demands.
 */
#include "vm/probe/quiet.h"

#include "tracer/emit/emit.h"
#include "vm/object/type.h"
#include "vm/probe/filter.h"
#include "vm/probe/site.h"

#if PROBE_QUIET
#define QUIET __attribute__((no_caller_saved_registers))

/* clang-format off */
__asm__(".macro saving_stub probe\n"
        ".globl saving_\\probe\n"
        ".hidden saving_\\probe\n"
        ".type saving_\\probe, @function\n"
        ".p2align 4\n"
        "saving_\\probe:\n"
        ".cfi_startproc\n"
        "pushq %rbp\n"
        ".cfi_def_cfa_offset 16\n"
        ".cfi_offset %rbp, -16\n"
        "movq %rsp, %rbp\n"
        ".cfi_def_cfa_register %rbp\n"
        "pushq %rax\n" "pushq %rcx\n" "pushq %rdx\n" "pushq %rsi\n" "pushq %rdi\n"
        "pushq %r8\n" "pushq %r9\n" "pushq %r10\n" "pushq %r11\n"
        "andq $-16, %rsp\n"
        "call \\probe\n"
        "leaq -72(%rbp), %rsp\n"
        "popq %r11\n" "popq %r10\n" "popq %r9\n" "popq %r8\n"
        "popq %rdi\n" "popq %rsi\n" "popq %rdx\n" "popq %rcx\n" "popq %rax\n"
        "popq %rbp\n"
        ".cfi_def_cfa %rsp, 8\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size saving_\\probe, . - saving_\\probe\n"
        ".endm\n"
        ".text\n"
        "saving_stub probe_incref\n"
        "saving_stub probe_decref\n"
        "saving_stub probe_alloc\n"
        "saving_stub probe_free\n"
        "saving_stub probe_gc_track\n"
        "saving_stub probe_gc_untrack\n"
        ".purgem saving_stub\n");
/* clang-format on */

/* Vector registers are not in use here and those of the callers are theirs to lose. */
#define SAVING_CALL_1(probe, a) __asm__ volatile("call saving_" #probe : : "D"(a) : "cc", "memory")
#define SAVING_CALL_2(probe, a, b) \
    __asm__ volatile("call saving_" #probe : : "D"(a), "S"((size_t)(b)) : "cc", "memory")

QUIET void quiet_probe_incref(struct py_object *o);
QUIET void quiet_probe_decref(struct py_object *o);
QUIET void quiet_probe_alloc(struct py_object *o, size_t size_bytes);
QUIET void quiet_probe_free(struct py_object *o);
QUIET void quiet_probe_gc_track(struct py_object *o, int generation);
QUIET void quiet_probe_gc_untrack(struct py_object *o);

/* The running instruction as an event has it, or 0 where it is not known: that is for the slow way.
 */
static inline __attribute__((always_inline)) uint64_t quiet_site(void)
{
    const struct py_thread *thread = py_thread_current();
    if (__builtin_expect(!thread, 0))
        return 0;
    const struct py_frame *frame = thread->frame;
    return __builtin_expect(!frame, 0) ? 0 : (uint64_t)(uintptr_t)frame->pc << 45;
}

void quiet_probe_incref(struct py_object *o)
{
    const uint64_t site = quiet_site();
    if (site == 0 || probe_filter.on || !trace_hot_try(site + (uintptr_t)o + TRACE_HOT_INCREF))
        SAVING_CALL_1(probe_incref, o);
}

void quiet_probe_decref(struct py_object *o)
{
    const uint64_t site = quiet_site();
    if (site == 0 || probe_filter.on || !trace_hot_try(site + (uintptr_t)o + TRACE_HOT_DECREF))
        SAVING_CALL_1(probe_decref, o);
}

void quiet_probe_alloc(struct py_object *o, size_t size_bytes)
{
    const uint64_t site = quiet_site();
    const uint32_t type = o->type->trace_id;
    if (site == 0 || probe_filter.on || type == 0 ||
        !trace_cold_try_at(trace_hot.p, site + (uintptr_t)o + TRACE_COLD_ALLOC, type, size_bytes))
        SAVING_CALL_2(probe_alloc, o, size_bytes);
}

void quiet_probe_free(struct py_object *o)
{
    const uint64_t site = quiet_site();
    if (site == 0 || probe_filter.on ||
        !trace_cold_try_at(trace_hot.p, site + (uintptr_t)o + TRACE_COLD_FREE, 0, 0))
        SAVING_CALL_1(probe_free, o);
}

void quiet_probe_gc_track(struct py_object *o, int generation)
{
    if (probe_filter.on || !trace_cold_try(TRACE_COLD_TRACK, (uintptr_t)o, (uint32_t)generation, 0,
                                           TRACE_SITE_UNKNOWN))
        SAVING_CALL_2(probe_gc_track, o, generation);
}

void quiet_probe_gc_untrack(struct py_object *o)
{
    if (probe_filter.on ||
        !trace_cold_try(TRACE_COLD_UNTRACK, (uintptr_t)o, 0, 0, TRACE_SITE_UNKNOWN))
        SAVING_CALL_1(probe_gc_untrack, o);
}
#endif
