// Native stacks of a process that is not stopped: walked in a frozen image of its memory.
//
// libunwind does the DWARF work through accessors of ours: memory comes from a mem_source (a frozen
// clone, a core file), registers from the moment the thread was stopped, unwind tables from the
// .eh_frame_hdr of the ELF files, symbol names from their symbol tables. Nothing is asked of the
// process itself, so a stack costs no pause, and it agrees with whatever else is read from the same
// image.
//
//     struct native_unwinder *unwinder;
//     TRY(native_unwinder_create(pid, &maps, mem, &unwinder));
//     struct native_stack stack = {0};
//     TRY(native_stack_walk(unwinder, &registers, &stack));
//     ... stack.frames.items[0] is the innermost ...
//     native_stack_deinit(&stack);
//     native_unwinder_destroy(unwinder);
//
// Everything on a stack and in unwind tables is hostile: a walk ends at NATIVE_STACK_LIMIT frames,
// after NATIVE_ACCESS_LIMIT reads, when the stack pointer does not move outwards, and when nothing
// explains the next frame; what was found until then is the result. Names live as long as the
// unwinder. One thread uses an unwinder at a time.
#ifndef BRILLE_INSPECTOR_PROC_NATIVE_STACK_H
#define BRILLE_INSPECTOR_PROC_NATIVE_STACK_H

#include "inspector/base/error.h"
#include "inspector/base/remote_ptr.h"
#include "inspector/base/vec.h"
#include "inspector/proc/maps.h"
#include "inspector/proc/mem_source.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

enum {
    NATIVE_STACK_LIMIT = 1024,
    // Words read for one stack: a frame takes some 10, that of a function not seen before 150.
    NATIVE_ACCESS_LIMIT = 1000000,
    NATIVE_SAVED = 6,
};

struct native_frame {
    struct remote_ptr pc; // innermost: the next instruction; outer frames: the return address
    struct remote_ptr sp;
    struct remote_ptr frame_base; // the CFA: sp after this frame has returned
    const char *function;         // NULL if unknown
    uint64_t function_offset;     // of pc in it
    const char *module;           // path of the ELF file, "[vdso]", or NULL
    uint64_t saved[NATIVE_SAVED]; // rbx, rbp, r12 to r15 as this frame has them; 0: not known
    bool is_signal;               // a signal handler was entered from the next frame
};

VEC_DEFINE(native_frame_vec, struct native_frame);

struct native_stack {
    struct native_frame_vec frames; // innermost first
    bool truncated;                 // by NATIVE_STACK_LIMIT or NATIVE_ACCESS_LIMIT
};

void native_stack_deinit(struct native_stack *stack);

struct native_unwinder;

// `maps` and `mem` must outlive the unwinder. pid is used to open deleted files, 0 for a core.
struct error *native_unwinder_create(pid_t pid, const struct maps *maps, struct mem_source *mem,
                                     struct native_unwinder **ret);
void native_unwinder_destroy(struct native_unwinder *unwinder); // NULL is fine
CLEANUP_DEFINE(native_unwinder_destroy, struct native_unwinder *);

// The memory has changed since the last walk (of a process that runs).
void native_unwinder_forget(struct native_unwinder *unwinder);

// Replaces what was in `ret`. Not even one frame is an error; a stack that ends early is not.
struct error *native_stack_walk(struct native_unwinder *unwinder,
                                const struct user_regs_struct *registers, struct native_stack *ret);

// The function at an address, for other uses; false if nothing is known.
bool native_symbol_at(struct native_unwinder *unwinder, struct remote_ptr address,
                      struct native_frame *ret);

#endif
