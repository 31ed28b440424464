/* What one event costs the writer.
 *
 *     bench_emit [million events]
 *
 * Prints ns per event, the median of several runs with the least and the largest, for: an empty
 * loop, emitting into scratch (no ring), the flight recorder, and with a reader process draining
 * under block and drop. Beside the reader rows stands what was lost. Loops are tight: every event
 * competes with nothing but the loop, so these are upper bounds of the rate, not the slow-down of a
 * program (that is measured in the interpreter).
 */
#include "tests/support/sample_heap.h"
#include "tracer/read/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    RUNS = 7,
};

static uint64_t events = 50000000;

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void hot_loop(void)
{
    uintptr_t object = 0x7f0000000000;
    for (uint64_t i = 0; i < events; i += 2) {
        trace_incref(object, 1);
        trace_decref(object, 2);
        object += 16;
    }
}

static void cold_loop(void)
{
    uintptr_t object = 0x7f0000000000;
    for (uint64_t i = 0; i < events; i += 2) {
        trace_alloc(object, 3, 56, 1);
        trace_free(object, 2);
        object += 16;
    }
}

static void empty_loop(void)
{
    uintptr_t object = 0x7f0000000000;
    for (uint64_t i = 0; i < events; i += 2) {
        __asm__ volatile("" : : "r"(object));
        object += 16;
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const char *name, void (*loop)(void))
{
    double times[RUNS];
    uint64_t dropped = 0, before[2] = {trace_control.dropped[0], trace_control.dropped[1]};
    loop();
    for (int i = 0; i < RUNS; i++) {
        double begun = now_ns();
        loop();
        times[i] = (now_ns() - begun) / (double)events;
    }
    qsort(times, RUNS, sizeof(times[0]), compare);
    dropped = trace_control.dropped[0] - before[0] + trace_control.dropped[1] - before[1];
    printf("%-34s %6.2f ns  [%.2f..%.2f]  lost %.2f %%\n", name, times[RUNS / 2], times[0],
           times[RUNS - 1], 100.0 * (double)dropped / (double)((RUNS + 1) * events));
    fflush(stdout);
}

/* The reader: drains and throws away. */
static enum read_status discard(struct chunk_sink *sink, unsigned stream,
                                const struct trace_chunk *chunk, struct read_error *error)
{
    (void)sink, (void)stream, (void)chunk, (void)error;
    return READ_OK;
}

static enum read_status discard_bytes(struct chunk_sink *sink, const char *data, size_t bytes,
                                      struct read_error *error)
{
    (void)sink, (void)data, (void)bytes, (void)error;
    return READ_OK;
}

static enum read_status discard_waits(struct chunk_sink *sink, const struct ring_wait *records,
                                      size_t count, struct read_error *error)
{
    (void)sink, (void)records, (void)count, (void)error;
    return READ_OK;
}

static void reader_process(int pid, enum trace_policy policy)
{
    struct chunk_sink sink = {
        .chunk = discard, .definitions = discard_bytes, .waits = discard_waits};
    struct trace_session session;
    struct read_error error = {0};
    const struct trace_options options = {
        .classes = TRACE_CLASS_KNOWN, .policy = policy, .no_baseline = true};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (trace_session_attach(&session, pid, &options, &error) != READ_OK) {
        fprintf(stderr, "bench_emit: %s\n", error.message);
        _exit(1);
    }
    for (;;) {
        uint64_t before = session.delivered;
        if (trace_session_pump(&session, false, &sink, &error) != READ_OK)
            _exit(0);
        if (session.delivered == before)
            usleep(50);
    }
}

static void with_reader(enum trace_policy policy, const char *hot, const char *cold)
{
    static struct sample_heap heap;
    int self = getpid();
    pid_t reader = fork();
    if (reader == 0)
        reader_process(self, policy);
    while (trace_control.classes == 0 && waitpid(reader, NULL, WNOHANG) == 0)
        sample_safepoint(&heap);
    measure(hot, hot_loop);
    measure(cold, cold_loop);
    kill(reader, SIGKILL);
    waitpid(reader, NULL, 0);
    trace_stop();
    __atomic_store_n(&trace_control.reader.claim, 0, __ATOMIC_RELEASE);
}

int main(int argc, char **argv)
{
    char message[200];
    if (argc > 1)
        events = strtoull(argv[1], NULL, 10) * 1000000;
    if (!trace_init())
        return 1;
    measure("empty loop", empty_loop);
    measure("hot, no ring", hot_loop);
    measure("cold, no ring", cold_loop);
    if (!trace_start(TRACE_CLASS_KNOWN, TRACE_POLICY_OVERWRITE, NULL, message, sizeof(message))) {
        fprintf(stderr, "bench_emit: %s\n", message);
        return 1;
    }
    measure("hot, flight recorder", hot_loop);
    measure("cold, flight recorder", cold_loop);
    trace_stop();
    with_reader(TRACE_POLICY_BLOCK, "hot, reader, block", "cold, reader, block");
    with_reader(TRACE_POLICY_DROP, "hot, reader, drop", "cold, reader, drop");
    return 0;
}
