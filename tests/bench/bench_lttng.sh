#!/bin/sh
# A refcount event beside an LTTng-UST event with the same content, in the same loop, in one run.
#
#   sh tests/bench/bench_lttng.sh [BUILD]       default build-release
#
# Installs lttng-tools and liblttng-ust-dev if they are missing. Both sides write into memory that
# nobody reads: ours as flight recorder, LTTng's in a snapshot session (overwrite) and in a channel
# that discards; the latter with its consumer writing to disk as well.
set -eu
cd "$(dirname "$0")/../.."
. tests/setup.sh
need_packages lttng-tools liblttng-ust-dev gcc libc6-dev

build=${1:-build-release}
millions=${MILLIONS:-5}
work=$(mktemp -d)
export LTTNG_HOME="$work"
session=brille-bench-$$
daemon=""
finish() {
    lttng destroy "$session" >/dev/null 2>&1 || true
    [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

cmake --build "$build" --target bench_emit >/dev/null
cat >"$work/event.h" <<'END'
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER brille

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./event.h"

#if !defined(BRILLE_BENCH_EVENT_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define BRILLE_BENCH_EVENT_H

#include <lttng/tracepoint.h>

LTTNG_UST_TRACEPOINT_EVENT(
    brille, incref, LTTNG_UST_TP_ARGS(unsigned long, address, unsigned, site),
    LTTNG_UST_TP_FIELDS(lttng_ust_field_integer_hex(unsigned long, address, address)
                            lttng_ust_field_integer(unsigned short, site, site)))

#endif

#include <lttng/tracepoint-event.h>
END
cat >"$work/loop.c" <<'END'
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "event.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RUNS = 5 };

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    const uint64_t events = (argc > 1 ? strtoull(argv[1], NULL, 10) : 10) * 1000000;
    double times[RUNS];
    for (int run = 0; run < RUNS; run++) {
        unsigned long object = 0x7f0000000000;
        const double begun = now_ns();
        for (uint64_t i = 0; i < events; i += 2) {
            lttng_ust_tracepoint(brille, incref, object, 1);
            lttng_ust_tracepoint(brille, incref, object, 2);
            object += 16;
        }
        times[run] = (now_ns() - begun) / (double)events;
    }
    qsort(times, RUNS, sizeof times[0], compare);
    printf("%.2f\n", times[RUNS / 2]);
    return 0;
}
END
gcc -O2 -I "$work" -o "$work/loop" "$work/loop.c" -llttng-ust -ldl

lttng-sessiond --quiet >/dev/null 2>&1 &
daemon=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
    lttng list >/dev/null 2>&1 && break
    sleep 0.3
done

measure() { # name, options of create, options of enable-channel
    lttng create "$session" $2 >/dev/null
    lttng enable-channel -u -s "$session" $3 bench >/dev/null
    lttng enable-event -u -s "$session" -c bench brille:incref >/dev/null
    lttng start "$session" >/dev/null
    ns=$("$work/loop" "$millions")
    lttng stop "$session" >/dev/null
    lttng destroy "$session" >/dev/null
    printf '%-44s %8s ns\n' "$1" "$ns"
    echo "$ns" >>"$work/results"
}

printf '%-44s %8s ns\n' "LTTng-UST, not enabled" "$("$work/loop" "$millions")"
measure "LTTng-UST, overwrite, nobody reads" --snapshot "--subbuf-size=1M --num-subbuf=4"
measure "LTTng-UST, discard, consumer running" "--output=$work/trace" \
    "--discard --subbuf-size=1M --num-subbuf=4"
"$build/tests/bench_emit" 50 | tee "$work/ours" | grep -E '^(empty|hot)'
least=$(sort -n "$work/results" | head -n 1)
ours=$(awk '/^hot, flight recorder/ { for (i = 1; i <= NF; i++) if ($i == "ns") { print $(i - 1); exit } }' \
    "$work/ours")
awk -v theirs="$least" -v ours="$ours" \
    'BEGIN { printf "the cheaper LTTng row costs %.0f times a refcount event (%s / %s ns)\n", theirs / ours, theirs, ours }'
