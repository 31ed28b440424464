// See leftovers.h. Links are not followed, and what belongs to others is left alone: /dev/shm is
// open to everybody.
#include "inspector/trace/leftovers.h"

#include "tracer/abi/process_id.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "/dev/shm"

static bool names_a_dead_process(const char *name, pid_t *pid)
{
    uint64_t starttime;
    int number, end = 0;
    if (sscanf(name, "brille-%d-%" SCNu64 "%n", &number, &starttime, &end) != 2 || number <= 0)
        return false;
    if (name[end] && strncmp(name + end, ".ring", 5) != 0)
        return false;
    *pid = number;
    return process_starttime(number) != starttime;
}

static struct error *find(DIR *folder, struct leftover_vec *ret)
{
    const struct dirent *entry;
    while ((entry = readdir(folder))) {
        struct leftover found = {0};
        struct stat st;
        if (!names_a_dead_process(entry->d_name, &found.pid) ||
            strlen(entry->d_name) + sizeof FOLDER + 1 > sizeof found.path ||
            fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(st.st_mode) || st.st_uid != geteuid())
            continue;
        snprintf(found.path, sizeof found.path, FOLDER "/%.80s", entry->d_name);
        found.size_bytes = (uint64_t)st.st_blocks * 512;
        TRY(leftover_vec_push(ret, found));
    }
    return NULL;
}

struct error *leftovers_find(struct leftover_vec *ret)
{
    DIR *folder = opendir(FOLDER);
    if (!folder)
        return error_create_errno(errno, "cannot list " FOLDER);
    struct error *err = find(folder, ret);
    closedir(folder);
    return err;
}

struct error *leftovers_clean(struct leftover_vec *ret)
{
    TRY(leftovers_find(ret));
    for (size_t i = 0; i < ret->count; i++)
        if (unlink(ret->items[i].path) != 0 && errno != ENOENT)
            return error_create_errno(errno, "cannot remove %s", ret->items[i].path);
    return NULL;
}
