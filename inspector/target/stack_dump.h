// What every thread of a process is doing: Python and native frames, from one capture.
//
// The frames of a thread are one list, innermost first. Where it can be told which native frames
// run which Python frames (the interpreter's loop is found among them by name), they are
// interleaved as they call each other: C functions stand inside the Python code that called them.
// Otherwise the Python frames come first, then the native ones, and `interleaved` is false.
//
// Everything is in one arena. Texts come from hostile memory: any byte, but terminated.
#ifndef BRILLE_INSPECTOR_TARGET_STACK_DUMP_H
#define BRILLE_INSPECTOR_TARGET_STACK_DUMP_H

#include "inspector/base/arena.h"
#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "inspector/model/kinds.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct stack_local {
    const char *name;
    const char *value; // short, for people
};

struct stack_dump_frame {
    bool native;
    const char *function;     // "?" when unknown
    const char *file;         // Python: source file. Native: the ELF file, or NULL
    uint32_t line;            // Python
    uint64_t address, offset; // native: of the instruction, and in the function
    const struct stack_local *locals;
    uint32_t local_count;
};
VEC_DEFINE(stack_dump_frame_vec, struct stack_dump_frame);

struct stack_dump_thread {
    pid_t tid;
    const char *name; // "" when it has none
    enum gil_state gil;
    bool python; // the interpreter knows it
    bool interleaved;
    bool truncated;        // by a limit
    const char *no_native; // why there are no native frames, or NULL
    struct stack_dump_frame_vec frames;
};
VEC_DEFINE(stack_dump_thread_vec, struct stack_dump_thread);

struct stack_dump {
    struct arena arena;
    struct stack_dump_thread_vec threads; // the interpreter's own in its order, then others
    uint64_t pause_ns;
    bool at_safepoint; // else the innermost lines may be a little old
    const char *runtime, *version, *command;
};

void stack_dump_init(struct stack_dump *dump);
void stack_dump_deinit(struct stack_dump *dump);

#endif
