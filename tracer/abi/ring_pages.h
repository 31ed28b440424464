/* Large pages for a ring file, taken by whoever makes it.
 *
 * A page of 4 KiB costs a microsecond before its first event: to be cleared, to be mapped, to be
 * given back. For the few MiB of a ring that is milliseconds of a short program. Files of a tmpfs
 * get large pages by themselves only where the machine is set up so (shmem_enabled, which is off by
 * default), but may ask for them (Linux 6.1).
 */
#ifndef BRILLE_TRACER_ABI_RING_PAGES_H
#define BRILLE_TRACER_ABI_RING_PAGES_H

#include "tracer/abi/ring_header.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE /* glibc has it from 2.37 on, Linux from 6.1 on */
#define MADV_COLLAPSE 25
#endif

#define RING_HUGE_PAGE_BYTES (2ull << 20)

/* The file `fd` becomes `file_bytes` long, its bytes from `from` on in large pages as far as the
 * kernel gives any and they fill one. What got none is still a hole: to be allocated as ever. */
static inline void ring_take_huge_pages(int fd, uint64_t from, uint64_t file_bytes)
{
    const uint64_t begin = from / RING_HUGE_PAGE_BYTES * RING_HUGE_PAGE_BYTES;
    const uint64_t end = file_bytes / RING_HUGE_PAGE_BYTES * RING_HUGE_PAGE_BYTES;
    if (begin >= end || ftruncate(fd, (off_t)file_bytes) != 0)
        return;
    /* Only an aligned mapping can be asked for, and only a page that is there can grow. */
    const uint64_t room_bytes = end - begin + RING_HUGE_PAGE_BYTES;
    char *room =
        mmap(NULL, room_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        return;
    char *aligned = room + (-(uintptr_t)room & (RING_HUGE_PAGE_BYTES - 1));
    if (mmap(aligned, end - begin, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
             (off_t)begin) != MAP_FAILED)
        for (uint64_t at = begin; at < end; at += RING_HUGE_PAGE_BYTES)
            if (pwrite(fd, "", 1, (off_t)at) != 1 ||
                madvise(aligned + (at - begin), RING_HUGE_PAGE_BYTES, MADV_COLLAPSE) != 0)
                break;
    munmap(room, room_bytes);
}

/* Maps all of a ring file, so that its large pages lie at boundaries of their own. MAP_FAILED and
 * errno as from mmap. */
static inline void *ring_map_aligned(int fd, uint64_t file_bytes)
{
    const uint64_t map_bytes = ring_round_pages(file_bytes, RING_PAGE_BYTES);
    const uint64_t room_bytes = map_bytes + RING_HUGE_PAGE_BYTES;
    char *room =
        mmap(NULL, room_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        return MAP_FAILED;
    const uint64_t before = -(uintptr_t)room & (RING_HUGE_PAGE_BYTES - 1);
    void *map =
        mmap(room + before, file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    if (map == MAP_FAILED) {
        const int problem = errno;
        munmap(room, room_bytes);
        errno = problem;
        return MAP_FAILED;
    }
    if (before != 0)
        munmap(room, before);
    munmap(room + before + map_bytes, RING_HUGE_PAGE_BYTES - before);
    return map;
}

#endif
