// How much of each mapping of a process is in memory: /proc/PID/smaps.
//
// One row a mapping, sorted by address, as the kernel lists them. The file is read line by line: it
// is thirty times as long as /proc/PID/maps, and a process may have 65,000 mappings. Reading it
// makes the kernel walk the page tables, about 10 ms a GiB; a capture reads that of its frozen
// clone, whose pages are the target's.
#ifndef BRILLE_INSPECTOR_PROC_SMAPS_H
#define BRILLE_INSPECTOR_PROC_SMAPS_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include <stdint.h>
#include <sys/types.h>

struct smap {
    uint64_t begin, end;
    uint64_t resident_bytes;
    uint64_t anonymous_bytes; // of the resident, what is of no file
    uint64_t huge_bytes;      // of that, in huge pages
    uint64_t away_bytes;      // written, and in none of these: swap, hugetlb pages
};

VEC_DEFINE(smap_vec, struct smap);

// Behaves like a list of no mappings when the kernel has no such file.
struct error *smaps_read(pid_t pid, struct smap_vec *ret);

// The row of the mapping that begins there, or NULL.
const struct smap *smaps_find(const struct smap_vec *smaps, uint64_t begin);

#endif
