// An address in another process.
//
// It is a struct of one member so that the compiler refuses to dereference it, to mix it with a
// number, or to pass it where a local pointer belongs. Arithmetic wraps like the target's own
// would; whoever reads through the result checks it against the target's mappings anyway.
#ifndef BRILLE_INSPECTOR_BASE_REMOTE_PTR_H
#define BRILLE_INSPECTOR_BASE_REMOTE_PTR_H

#include <stdbool.h>
#include <stdint.h>

struct remote_ptr {
    uint64_t addr;
};

static inline struct remote_ptr remote_at(uint64_t addr)
{
    return (struct remote_ptr){addr};
}

static inline struct remote_ptr remote_add(struct remote_ptr p, int64_t offset_bytes)
{
    return (struct remote_ptr){p.addr + (uint64_t)offset_bytes};
}

static inline bool remote_is_null(struct remote_ptr p)
{
    return p.addr == 0;
}

static inline bool remote_equal(struct remote_ptr a, struct remote_ptr b)
{
    return a.addr == b.addr;
}

#endif
