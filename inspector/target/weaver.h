// Stacks of threads, woven from two lists: the frames that an interpreter keeps of Python code, and
// the native frames that are unwound from the registers a thread had when it was stopped.
//
// The seam between the two is the interpreter's loop: each call of it runs a stretch of Python
// frames, the outermost of which is marked `entry`. So, from the inside out: native frames until a
// loop, then the Python frames up to an entry, then native frames again.
//
//     native  sort_merge, list_sort, eval_call        what the innermost Python code called
//     native  eval_loop_untraced              <-----  stands for these:
//     Python    key_of, by_name                         (entry)
//     native  py_call, map_next ...
//     native  eval_loop_untraced              <-----
//     Python    main, <module>                          (entry)
//     native  main, __libc_start_call_main
//
// Where loops and entries do not agree in number (no symbols; a call that is just being made), the
// lists stand one behind the other, the thread is not `interleaved`.
//
// A target reads the Python frames of each thread and hands them over; everything else is the same
// for all targets.
#ifndef BRILLE_INSPECTOR_TARGET_WEAVER_H
#define BRILLE_INSPECTOR_TARGET_WEAVER_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "inspector/capture/capture.h"
#include "inspector/proc/native_stack.h"
#include "inspector/target/stack_dump.h"
#include <stdbool.h>
#include <stddef.h>

// One Python frame, not yet in its place.
struct python_frame {
    struct stack_dump_frame frame;
    bool entry;
};
VEC_DEFINE(python_frame_vec, struct python_frame);

enum { WEAVER_FRAMES_SHOWN = 1000 }; // Python frames of one thread that are worth reading

struct weaver {
    struct stack_dump *dump;
    const struct capture *capture;
    const char *loop;                 // the loop's functions begin with it
    const char *const *parking;       // functions that stand for us, not for the program; NULL ends
    struct native_unwinder *unwinder; // NULL: none
    const char *no_native;            // then, why
};

// Everything is borrowed and must outlive the weaver.
void weaver_init(struct weaver *w, struct stack_dump *dump, const struct capture *capture,
                 const char *loop, const char *const *parking);
void weaver_deinit(struct weaver *w);

// A copy in the dump's arena; "?" for NULL.
const char *weaver_keep(struct weaver *w, const char *text);

// Adds a thread whose Python frames, innermost first, have been read. `thread.truncated` says that
// there were more.
struct error *weaver_add(struct weaver *w, struct stack_dump_thread thread,
                         const struct python_frame_vec *python);

// Threads that have not been added: a library's, or one that is just being born.
struct error *weaver_add_others(struct weaver *w);

#endif
