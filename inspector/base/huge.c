#include "inspector/base/huge.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20, LEAST = 4 * HUGE_PAGE };

// What lies in whole huge pages of the block. Fresh blocks of this size come from mmap and have no
// pages yet; for others the advice does no harm.
static void *advise(void *block, size_t bytes)
{
    const uintptr_t begin = ((uintptr_t)block + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
    const uintptr_t end = ((uintptr_t)block + bytes) & ~(uintptr_t)(HUGE_PAGE - 1);
    if (block && bytes >= LEAST && begin < end)
        madvise((void *)begin, end - begin, MADV_HUGEPAGE); // no matter if it is refused
    return block;
}

void *huge_malloc(uint64_t count, size_t size_bytes)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size_bytes, &bytes))
        return NULL;
    return advise(malloc(bytes ? bytes : 1), bytes);
}

void *huge_calloc(uint64_t count, size_t size_bytes)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size_bytes, &bytes))
        return NULL;
    return advise(calloc(count ? count : 1, size_bytes), bytes);
}
