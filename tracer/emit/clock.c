/* The stream's clock.
 *
 * A TSC reading costs 10 ns against 25 for clock_gettime, and a refill or a GIL handoff takes one,
 * so the TSC it is, where the processor promises that it runs at one rate through every sleep state
 * (bit 8 of EDX of CPUID leaf 0x80000007). Elsewhere ticks are nanoseconds of CLOCK_MONOTONIC. The
 * reader learns the rate from pairs (ticks, nanoseconds) taken at the start and again about every
 * 100 ms.
 */
#include "tracer/emit/internal.h"

#include <time.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

static bool clock_is_tsc;

uint64_t clock_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void clock_init(void)
{
#if defined(__x86_64__)
    unsigned a = 0, b = 0, c = 0, d = 0;
    clock_is_tsc = __get_cpuid(0x80000007, &a, &b, &c, &d) && (d >> 8 & 1);
#endif
}

enum ring_clock clock_kind(void)
{
    return clock_is_tsc ? RING_CLOCK_TSC : RING_CLOCK_MONOTONIC;
}

uint64_t trace_ticks(void)
{
#if defined(__x86_64__)
    if (clock_is_tsc)
        return __rdtsc();
#endif
    return clock_monotonic_ns();
}

/* The best of three brackets: a reading during which nobody took the processor away. */
struct ring_clock_pair clock_pair(void)
{
    struct ring_clock_pair best = {0};
    uint64_t best_width = UINT64_MAX;
    for (int i = 0; i < 3; i++) {
        uint64_t before = trace_ticks();
        uint64_t ns = clock_monotonic_ns();
        uint64_t width = trace_ticks() - before;
        if (width < best_width) {
            best_width = width;
            best = (struct ring_clock_pair){.ticks = before + width / 2, .ns = ns};
        }
    }
    return best;
}
