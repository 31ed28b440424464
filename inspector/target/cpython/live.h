// A CPython that runs on while it is read: for what needs a few words of it again and again, and no
// frozen image. Whatever is read may be half written; nothing here is trusted with more than names.
#ifndef BRILLE_INSPECTOR_TARGET_CPYTHON_LIVE_H
#define BRILLE_INSPECTOR_TARGET_CPYTHON_LIVE_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "inspector/proc/maps.h"
#include "inspector/proc/mem_source.h"
#include "inspector/target/cpython/runtime.h"
#include <stdint.h>
#include <sys/types.h>

struct cpy_live_ids; // live.c

struct cpy_live {
    pid_t pid;
    struct cpy_runtime runtime;
    struct maps maps;
    struct mem_source *mem;
    struct cpy_live_ids *ids; // of a process in another pid namespace, else NULL
    uint64_t gil;             // address of the main interpreter's, or of that which was chosen
};

struct error *cpy_live_init(struct cpy_live *live, pid_t pid);
void cpy_live_deinit(struct cpy_live *live);

// Takes the GIL of the interpreter with this id; NOT_FOUND when there is none. `choice` may be
// NULL.
struct gil_choice;
struct error *cpy_live_choose_gil(struct cpy_live *live, uint64_t interpreter,
                                  struct gil_choice *choice);

struct cpy_live_thread {
    uint64_t tstate;
    uint64_t gil; // of its interpreter
    pid_t tid;    // 0 when it cannot be told
    char name[64];
};
VEC_DEFINE(cpy_live_thread_vec, struct cpy_live_thread);

// The threads of all interpreters, as far as they can be read now. Replaces what was in `ret`.
struct error *cpy_live_threads(const struct cpy_live *live, struct cpy_live_thread_vec *ret);

// The kernel's id of a thread state, 0 when it cannot be told.
pid_t cpy_live_tid(const struct cpy_live *live, uint64_t tstate);
// Whether the thread sleeps on the condition of the chosen GIL.
bool cpy_live_is_waiting(const struct cpy_live *live, pid_t tid);

#endif
