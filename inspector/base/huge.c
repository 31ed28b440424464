#include "inspector/base/huge.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE_BYTES = 4096, LEAST_BYTES = 4 << 20 };

// For all pages of the block, those at its ends included: a block that is a mapping of its own
// stays one mapping then, and realloc can only then move its pages instead of copying them.
void huge_wish(void *memory, size_t size_bytes)
{
    const uintptr_t begin = (uintptr_t)memory & ~(uintptr_t)(PAGE_BYTES - 1);
    const uintptr_t end =
        ((uintptr_t)memory + size_bytes + PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1);
    if (memory && size_bytes >= LEAST_BYTES)
        madvise((void *)begin, end - begin, MADV_HUGEPAGE); // no matter if it is refused
}

static void *wish(void *block, size_t bytes)
{
    huge_wish(block, bytes);
    return block;
}

void *huge_malloc(uint64_t count, size_t size_bytes)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size_bytes, &bytes))
        return NULL;
    return wish(malloc(bytes ? bytes : 1), bytes);
}

void *huge_calloc(uint64_t count, size_t size_bytes)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size_bytes, &bytes))
        return NULL;
    return wish(calloc(count ? count : 1, size_bytes), bytes);
}
