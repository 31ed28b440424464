// Rings that dead processes left in /dev/shm.
//
// A process that is killed cannot remove its flight recorder, and that is good: `record
// --from-ring` reads it. Somebody must remove it in the end. Named files are
// brille-<pid>-<starttime>, with .ring<n> behind it for one that a reader made; the process is dead
// when nobody has that pid, or somebody who began at another time.
#ifndef BRILLE_INSPECTOR_TRACE_LEFTOVERS_H
#define BRILLE_INSPECTOR_TRACE_LEFTOVERS_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include <stdint.h>
#include <sys/types.h>

struct leftover {
    char path[96];
    pid_t pid;
    uint64_t size_bytes;
};
VEC_DEFINE(leftover_vec, struct leftover);

// Those of dead processes, of this user alone.
struct error *leftovers_find(struct leftover_vec *ret);
// Removes them; `ret` says what was removed.
struct error *leftovers_clean(struct leftover_vec *ret);

#endif
