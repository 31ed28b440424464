// Frames of Python code, wherever they are: in a frame object, a generator, or on a thread's own
// stack of frames (from 3.11 on).
//
// A frame has local variables, cells and free variables in one array, and behind them the values
// that its code is working on. How many of these there are is known while the frame waits for
// another one; the innermost frame of each run of the interpreter's loop keeps that in a register:
// then its variables are exact, and the words behind them are looked at one by one.
#ifndef BRILLE_INSPECTOR_TARGET_CPYTHON_FRAMES_H
#define BRILLE_INSPECTOR_TARGET_CPYTHON_FRAMES_H

#include "inspector/target/cpython/cpython.h"
#include <stdbool.h>
#include <stdint.h>

// Who keeps an interpreter's frame. Numbers of CPython.
enum frame_owner {
    FRAME_OWNED_BY_THREAD = 0,
    FRAME_OWNED_BY_GENERATOR = 1,
    FRAME_OWNED_BY_FRAME_OBJECT = 2,
    FRAME_OWNED_BY_C_STACK = 3, // 3.12 on: not Python's
};

struct cpy_frame {
    uint64_t address;      // of the frame object (to 3.10), of the interpreter's frame (3.11 on)
    uint64_t previous;     // 0: outermost
    uint64_t code_address; // of the code object; 0 for a frame that is none of Python's
    uint64_t function;     // 3.11 on
    uint64_t locals_dict;
    uint64_t frame_object; // 3.11 on; 0 while nobody has asked for one
    uint64_t position;     // for cpy_code_line
    uint64_t slots;        // address of the array
    uint32_t local_count;
    int64_t stack_count; // values behind the locals; -1: unknown
    enum frame_owner owner;
    bool entry; // the outermost of a run of the interpreter's loop, as far as the version says so
    const struct cpy_code *code; // NULL when it cannot be decoded
};

// False when there is no frame there.
bool cpy_frame_read(struct cpy *cpy, uint64_t address, struct cpy_frame *ret);
// Whether a generator or a frame object has what it refers to.
bool cpy_frame_is_kept(struct cpy *cpy, const struct cpy_frame *f);
// The frame of a frame object: up to 3.10 that object.
uint64_t cpy_frame_of_object(struct cpy *cpy, uint64_t frame_object);
// The frame at *at, of a stack that does not run, and *at for the one outside it. False where that
// is no frame, which is no damage: those of C lie on a stack that others may be using.
bool cpy_next_suspended_frame(struct cpy *cpy, uint64_t *at, struct cpy_frame *ret);
// Adds what a stack that does not run refers to, from the frame at `at` outwards.
void cpy_add_suspended_frames(struct cpy *cpy, uint64_t at);
// The innermost frame of a thread state, 0 for none.
uint64_t cpy_frame_of_thread(struct cpy *cpy, uint64_t tstate);

#endif
