// What can be seen of a process that runs on, by reading its memory: for a live view.
//
// Nothing is stopped, nothing is written, nothing waits: a look costs some preads. So whatever it
// says is of a moment, and may be half of one moment and half of the next: a frame can be that of
// the call before, a thread can have ended. Nothing here is trusted with more than being shown, and
// every walk has a limit. What needs one exact moment is a capture (target.h).
//
// A target that can be looked at has the four functions in its target_ops. Texts are cut to their
// fields.
#ifndef BRILLE_INSPECTOR_TARGET_LOOK_H
#define BRILLE_INSPECTOR_TARGET_LOOK_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "inspector/model/kinds.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    LOOK_FRAMES = 12, // of a thread, the innermost
    LOOK_THREADS = 1024,
    LOOK_GENERATIONS = 3,
    LOOK_CLASSES = 64, // sizes of blocks
};

struct looker;

struct look_frame {
    char function[64], file[64]; // the file's last part
    uint32_t line;
};

struct look_thread {
    pid_t tid;
    char name[48];
    enum gil_state gil; // a target without a word for it says GIL_NONE of who waits
    uint32_t depth;
    struct look_frame frames[LOOK_FRAMES]; // the innermost first
};
VEC_DEFINE(look_thread_vec, struct look_thread);

// Since the interpreter began.
struct look_generation {
    uint64_t runs, collected, uncollectable;
};

struct look {
    struct look_thread_vec threads;
    bool has_generations;
    struct look_generation generations[LOOK_GENERATIONS];
};

static inline void look_deinit(struct look *look)
{
    look_thread_vec_deinit(&look->threads);
}

struct look_gil {
    pid_t holder;      // 0: nobody
    uint64_t switches; // or acquisitions: whatever the interpreter counts
};

// Of one size of blocks.
struct look_class {
    uint32_t block_bytes;
    uint64_t pools, capacity, used;
};

struct look_pools {
    struct look_class classes[LOOK_CLASSES]; // by rising size
    size_t count;
    uint64_t arenas, arena_bytes;
    uint64_t free_pools, pool_bytes; // pool_bytes: of one pool
    uint64_t large_count, large_bytes;
    bool has_large; // whether blocks beside the pools are known
};

// For targets: the headers of `count` pools, `pool_bytes` apart, many by one call. False when the
// process or the memory is gone.
bool look_each_pool(pid_t pid, uint64_t first, uint64_t pool_bytes, uint64_t count,
                    size_t header_bytes, void (*each)(void *context, const unsigned char *header),
                    void *context);
enum { LOOK_POOL_HEADER = 128 }; // bytes of a header at most

// A pool in use. What claims more than it can hold is cut.
void look_add_pool(struct look_pools *pools, uint32_t block_bytes, uint64_t capacity,
                   uint64_t used);

#endif
