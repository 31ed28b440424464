// See look.h.
#include "inspector/target/look.h"

#include <sys/uio.h>

enum { POOLS_AT_ONCE = 64 };

// Not the frozen child of a capture, whose pages this call would un-share: a process that runs.
bool look_each_pool(pid_t pid, uint64_t first, uint64_t pool_bytes, uint64_t count,
                    size_t header_bytes, void (*each)(void *context, const unsigned char *header),
                    void *context)
{
    unsigned char bytes[POOLS_AT_ONCE][LOOK_POOL_HEADER];
    struct iovec local[POOLS_AT_ONCE], remote[POOLS_AT_ONCE];
    if (header_bytes > LOOK_POOL_HEADER)
        return false;
    for (uint64_t from = 0; from < count; from += POOLS_AT_ONCE) {
        const unsigned n =
            count - from < POOLS_AT_ONCE ? (unsigned)(count - from) : (unsigned)POOLS_AT_ONCE;
        for (unsigned i = 0; i < n; i++) {
            const uint64_t at = first + (from + i) * pool_bytes;
            local[i] = (struct iovec){bytes[i], header_bytes};
            remote[i] = (struct iovec){(void *)(uintptr_t)at, header_bytes};
        }
        if (process_vm_readv(pid, local, n, remote, n, 0) != (ssize_t)(n * header_bytes))
            return false;
        for (unsigned i = 0; i < n; i++)
            each(context, bytes[i]);
    }
    return true;
}

void look_add_pool(struct look_pools *pools, uint32_t block_bytes, uint64_t capacity, uint64_t used)
{
    size_t i = 0;
    while (i < pools->count && pools->classes[i].block_bytes < block_bytes)
        i++;
    if (i == pools->count || pools->classes[i].block_bytes != block_bytes) {
        if (pools->count == LOOK_CLASSES)
            return;
        memmove(&pools->classes[i + 1], &pools->classes[i],
                (pools->count++ - i) * sizeof pools->classes[0]);
        pools->classes[i] = (struct look_class){.block_bytes = block_bytes};
    }
    pools->classes[i].pools++;
    pools->classes[i].capacity += capacity;
    pools->classes[i].used += used < capacity ? used : capacity;
}
