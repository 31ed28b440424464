/* Which process: a pid alone is reused, a pid with its start time is not (until the next boot).
 *
 * The start time is field 22 of /proc/PID/stat, in clock ticks since boot. Async-signal-safe: open,
 * read and a scan of the bytes, so that a forked child may call it at once.
 */
#ifndef BRILLE_TRACER_ABI_PROCESS_ID_H
#define BRILLE_TRACER_ABI_PROCESS_ID_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Start time of `pid`, or of the caller if 0. Returns 0 when there is no such process. */
static inline uint64_t process_starttime(int pid)
{
    char path[32] = "/proc/self/stat", text[1024];
    if (pid != 0)
        snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t got = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (got <= 0)
        return 0;
    text[got] = 0;
    /* The name, field 2, may hold spaces and parentheses: count from the last one. */
    char *scan = strrchr(text, ')');
    for (int field = 2; scan && field < 22; field++)
        scan = strchr(scan + 1, ' ');
    uint64_t ticks = 0;
    for (scan = scan ? scan + 1 : text + got; *scan >= '0' && *scan <= '9'; scan++)
        ticks = ticks * 10 + (uint64_t)(*scan - '0');
    return ticks;
}

/* What the reader slot holds: one word, so that one compare-and-swap claims it. Never 0. */
static inline uint64_t process_claim(int pid, uint64_t starttime)
{
    return (uint64_t)(uint32_t)pid << 32 | (uint32_t)starttime;
}

#endif
