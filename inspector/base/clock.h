// Time for measuring and for waiting: CLOCK_MONOTONIC in nanoseconds; and the time of day.
#ifndef BRILLE_INSPECTOR_BASE_CLOCK_H
#define BRILLE_INSPECTOR_BASE_CLOCK_H

#include <errno.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_NS_PER_S  UINT64_C(1000000000)
#define CLOCK_NS_PER_MS UINT64_C(1000000)

static inline uint64_t clock_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * CLOCK_NS_PER_S + (uint64_t)now.tv_nsec;
}

// The processor time that this process has used: what others do to the machine is not in it.
static inline uint64_t clock_cpu_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * CLOCK_NS_PER_S + (uint64_t)used.tv_nsec;
}

// The time of day, in nanoseconds since 1970.
static inline int64_t clock_unix_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * (int64_t)CLOCK_NS_PER_S + (int64_t)now.tv_nsec;
}

// Sleeps the whole time, signals or not.
static inline void clock_sleep_ns(uint64_t time_ns)
{
    struct timespec left = {.tv_sec = (time_t)(time_ns / CLOCK_NS_PER_S),
                            .tv_nsec = (long)(time_ns % CLOCK_NS_PER_S)};
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}

#endif
