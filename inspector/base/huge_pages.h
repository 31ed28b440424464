// Huge pages for large arrays. A heap of some millions of objects is analysed in arrays of tens of
// MiB, each touched in an order that no cache likes: with pages of 4 KiB a sixth of the time goes
// into the first touch of each, and more into address translation.
#ifndef BRILLE_INSPECTOR_BASE_HUGE_PAGES_H
#define BRILLE_INSPECTOR_BASE_HUGE_PAGES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

enum { HUGE_PAGE_BYTES = 2 << 20 };

// A wish, for memory from malloc; best expressed before its first use. Memory for less than two
// huge pages stays as it is. The wish is for whole pages, so that a block that is a mapping of its
// own stays one mapping: realloc can only then move its pages instead of copying it.
static inline void huge_pages_wish(void *memory, size_t size_bytes)
{
    const uintptr_t mask = 4096 - 1, begin = (uintptr_t)memory & ~mask,
                    end = ((uintptr_t)memory + size_bytes + mask) & ~mask;
    if (memory && size_bytes >= 2 * HUGE_PAGE_BYTES)
        madvise((void *)begin, end - begin, MADV_HUGEPAGE);
}

#endif
