// The mappings of a process: /proc/PID/maps as an array.
//
// A snapshot, sorted by address, that lives and dies in one piece. It is made from text, so that
// the keeper can take it while the process stands still and hand it on, and so that tests need no
// process. The text comes from the kernel, but path names in it are the target's choice: a line
// that does not parse is an error, a path is kept as bytes and only ever printed or compared.
//
// Adjacent mappings of one file are separate entries, as the kernel lists them.
#ifndef BRILLE_INSPECTOR_PROC_MAPS_H
#define BRILLE_INSPECTOR_PROC_MAPS_H

#include "inspector/base/arena.h"
#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct map {
    uint64_t begin;
    uint64_t end; // exclusive
    uint64_t offset;
    uint64_t inode;
    uint32_t device_major;
    uint32_t device_minor;
    bool readable, writable, executable, shared;
    bool deleted;     // the kernel says the file has been unlinked; not part of `path`
    const char *path; // "" for anonymous memory, "[stack]" and the like in brackets
};

VEC_DEFINE(map_vec, struct map);

struct maps {
    struct map_vec list; // sorted by begin, not overlapping
    struct arena names;
};

void maps_init(struct maps *maps);
void maps_deinit(struct maps *maps);

// More mappings than a Linux process may have is hostile input.
enum { MAPS_LIMIT = 4 * 1024 * 1024 };

struct error *maps_parse(struct maps *maps, const char *text, size_t length);
struct error *maps_read(struct maps *maps, pid_t pid);

// The mapping that holds the address, or NULL.
const struct map *maps_find(const struct maps *maps, uint64_t address);
// The first mapping of the file that `map` belongs to: device, inode and path agree.
const struct map *maps_first_of_file(const struct maps *maps, const struct map *map);
// The first mapping with this path ("[vdso]", "[stack]", "[heap]"), or NULL.
const struct map *maps_find_path(const struct maps *maps, const char *path);

static inline bool map_is_file(const struct map *map)
{
    return map->path[0] == '/';
}

static inline uint64_t map_size_bytes(const struct map *map)
{
    return map->end - map->begin;
}

// Reads a whole file of /proc, whose size stat() does not know; *ret is terminated and freed by the
// caller. More than `limit` bytes is an error.
struct error *proc_read_file(const char *path, size_t limit, char **ret, size_t *length);

#endif
