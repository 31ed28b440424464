/* How fast the reading side is, and how soon it is there.
 *
 *     bench_reader attach VM [ROUNDS]        a busy program: from the request to the first event,
 *                                            and until a change of classes is in effect
 *     bench_reader verify VM PROGRAM [after] the program under block, every count recomputed by one
 *                                            reader, as fast as it goes; after: when the program
 * has ended, out of a ring that held all of it bench_reader spool FILE [SECONDS]      an emitter
 * without anything else to do, into a trace bench_reader traced FILE VM ARGS...    everything on,
 * recorded into FILE: CPU and time of the program alone (bench_traced.py compares them)
 *     bench_reader count FILE                refcount events in a trace
 *
 * Times of events are the emitter's own clock readings, so no wake-up of ours is in them. The price
 * of a cache line between the two processors stands beside, because it decides what a reader costs.
 */
#include "tests/support/sample_heap.h"
#include "tracer/read/count_check.h"
#include "tracer/read/reader.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    ROUNDS_MAX = 1000,
    HELD_BACK_NS = 100000 /* of delay in a round: less is the timer's tick */,
    PINGS = 200000
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double cpu_s(int who)
{
    struct rusage usage;
    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static void fail(const char *what)
{
    fprintf(stderr, "bench_reader: %s\n", what);
    exit(1);
}

/* ---- the distance between two processors -------------------------------------------------------
 */

static uint32_t ball __attribute__((aligned(64)));

static void pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void *return_balls(void *unused)
{
    pin(1);
    for (uint32_t i = 1; i < 2 * PINGS; i += 2) {
        while (__atomic_load_n(&ball, __ATOMIC_ACQUIRE) != i)
            ;
        __atomic_store_n(&ball, i + 1, __ATOMIC_RELEASE);
    }
    return unused;
}

static void print_distance(void)
{
    pthread_t other;
    cpu_set_t before;
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
        printf("one processor\n");
        return;
    }
    sched_getaffinity(0, sizeof before, &before);
    pthread_create(&other, NULL, return_balls, NULL);
    pin(0);
    const double begun = now_s();
    for (uint32_t i = 0; i < 2 * PINGS; i += 2) {
        __atomic_store_n(&ball, i + 1, __ATOMIC_RELEASE);
        while (__atomic_load_n(&ball, __ATOMIC_ACQUIRE) != i + 2)
            ;
    }
    const double ns = (now_s() - begun) * 1e9 / (2.0 * PINGS);
    pthread_join(other, NULL);
    sched_setaffinity(0, sizeof before, &before);
    printf("a cache line from processor 0 to 1: %.0f ns\n", ns);
}

/* ---- attach ------------------------------------------------------------------------------------
 */

static const char BUSY[] = "def loop():\n"
                           "    a, b = [], {}\n"
                           "    while True:\n"
                           "        x = a; y = b; x = b; y = a\n"
                           "loop()\n";

static pid_t start_busy(const char *vm)
{
    const pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl(vm, vm, "-c", BUSY, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static int compare_numbers(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_times(const char *what, double *us, int count)
{
    qsort(us, (size_t)count, sizeof *us, compare_numbers);
    printf("%-44s %8.1f us median, %8.1f of 9 in 10, %8.1f worst of %d\n", what, us[count / 2],
           us[count * 9 / 10], us[count - 1], count);
}

/* Microseconds from the request to an event that `wanted` accepts. */
static double us_until(struct trace_reader *reader, struct trace_session *session,
                       bool (*wanted)(const struct trace_event *))
{
    struct trace_event event;
    struct read_error error;
    for (;;) {
        const enum read_status status = trace_reader_next(reader, &event, &error);
        if (status == READ_OK && wanted(&event))
            return ((double)reader->state.began.ns + (double)event.time_ns -
                    (double)session->asked_ns) *
                   1e-3;
        if (status != READ_OK && status != READ_AGAIN)
            fail(error.message);
    }
}

static bool is_start(const struct trace_event *event)
{
    return event->kind == TRACE_EVENT_meta && event->meta.what == TRACE_META_START;
}

static bool is_count(const struct trace_event *event)
{
    return event->kind == TRACE_EVENT_incref || event->kind == TRACE_EVENT_decref;
}

static uint64_t changed_to;
static bool is_change(const struct trace_event *event)
{
    return event->kind == TRACE_EVENT_meta && event->meta.what == TRACE_META_CLASSES &&
           event->meta.new_value == changed_to;
}

static void change_classes(struct trace_reader *reader, struct trace_session *session,
                           uint32_t classes, double *us)
{
    struct read_error error;
    changed_to = classes;
    if (trace_session_set(session, classes, 0, 0, &reader->queue.sink, &error) != READ_OK)
        fail(error.message);
    *us = us_until(reader, session, is_change);
}

/* Nanoseconds that a process wanted to run and did not. The kernel holds real-time programs (chrt
 * -f) back for 50 ms in each second, and others when somebody else has the processor; a program
 * that does not run answers nobody. */
static double run_delay_ns(pid_t pid)
{
    char path[64], text[128] = "";
    double run, delay = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file || !fgets(text, sizeof text, file) || sscanf(text, "%lf %lf", &run, &delay) != 2)
        fail("no schedstat");
    fclose(file);
    return delay;
}

static void bench_attach(const char *vm, int rounds)
{
    static double first[ROUNDS_MAX], count[ROUNDS_MAX], on[ROUNDS_MAX], off[ROUNDS_MAX],
        whole[ROUNDS_MAX];
    const pid_t pid = start_busy(vm);
    int i = 0, held_back = 0;
    usleep(300000);
    while (i < rounds && held_back < rounds * 10) {
        const struct trace_options options = {.classes = TRACE_CLASS_KNOWN,
                                              .policy = TRACE_POLICY_DROP};
        struct trace_session session;
        struct trace_reader reader;
        struct read_error error;
        const double begun = now_s(), delay_ns = run_delay_ns(pid);
        if (trace_session_attach(&session, pid, &options, &error) != READ_OK)
            fail(error.message);
        trace_reader_open_live(&reader, &session);
        first[i] = us_until(&reader, &session, is_start);
        whole[i] = (now_s() - begun) * 1e6;
        count[i] = us_until(&reader, &session, is_count);
        change_classes(&reader, &session, TRACE_CLASS_GC, &off[i]);
        usleep(1000);
        change_classes(&reader, &session, TRACE_CLASS_KNOWN, &on[i]);
        trace_session_detach(&session, NULL);
        trace_reader_close(&reader);
        const bool ran = run_delay_ns(pid) - delay_ns < HELD_BACK_NS;
        i += ran;
        held_back += !ran;
        usleep(2000);
    }
    rounds = i;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    printf("%d attaches; %d more in which the program was held back are left out\n", rounds,
           held_back);
    if (rounds == 0)
        return;
    print_times("request to first event", first, rounds);
    print_times("request to first refcount event", count, rounds);
    print_times("(with the ring made before it, and read)", whole, rounds);
    print_times("request to classes off", off, rounds);
    print_times("request to classes on", on, rounds);
}

/* ---- verify ------------------------------------------------------------------------------------
 */

static void bench_verify(const char *vm, const char *program, bool after)
{
    struct count_check check;
    struct trace_session session;
    struct read_error error;
    const struct trace_options options = {
        .classes = TRACE_CLASS_KNOWN,
        .policy = TRACE_POLICY_BLOCK,
        .sizes = {(after ? 2048ull : 128) << 20, 64u << 20, 8u << 20, 16u << 20},
    };
    if (trace_session_prepare(&session, &options, &error) != READ_OK)
        fail(error.message);
    if (!count_check_init(&check, true))
        fail("no memory");
    ring_view_read_in_place(&session.ring);
    const pid_t pid = fork();
    if (pid == 0) {
        if (!trace_session_child_setup(&session))
            _exit(126);
        execl(vm, vm, program, (char *)NULL);
        _exit(127);
    }
    trace_session_adopt(&session, pid);
    int status;
    if (after)
        waitpid(pid, &status, 0);
    const double begun = now_s(), cpu = cpu_s(RUSAGE_SELF);
    uint64_t idle = 0;
    double idle_s = 0;
    while (!session.ended) {
        const uint64_t before = session.delivered;
        const double from = now_s();
        if (trace_session_pump_hot_last(&session, &check.sink, &error) != READ_OK)
            fail(error.message);
        if (session.delivered == before && !session.ended) {
            usleep(100);
            idle++;
            idle_s += now_s() - from;
        }
    }
    count_check_finish(&check);
    const double wall = now_s() - begun, used = cpu_s(RUSAGE_SELF) - cpu;
    trace_session_detach(&session, NULL);
    if (!after)
        waitpid(pid, &status, 0);
    uint64_t dropped = 0, waits = 0;
    for (int i = 0; i < TRACE_STREAM_COUNT; i++) {
        dropped += session.state.streams[i].dropped;
        waits += session.state.streams[i].waits;
    }
    printf("%" PRIu64 " refcount events, %" PRIu64 " other hot words, %" PRIu64 " cold slots\n",
           check.events, check.words - check.events, check.slots);
    printf("%.3f s of the reader's CPU: %.0f M refcount events a second (%.0f M words)\n", used,
           (double)check.events / used * 1e-6, (double)check.words / used * 1e-6);
    printf("%.3f s in all, %.3f of them idle: %.0f M refcount events a second\n", wall, idle_s,
           (double)check.events / wall * 1e-6);
    printf("dropped %" PRIu64 ", times the program waited %" PRIu64 ", faults %" PRIu64
           " (alloc %" PRIu64 ", free %" PRIu64 ", chunks %" PRIu64 ", gaps %" PRIu64
           "), objects alive at the end %" PRIu64 "\n",
           dropped, waits, count_check_faults(&check), check.alloc_of_live, check.free_of_counted,
           check.suspicious, check.gaps, check.live);
    count_check_deinit(&check);
}

/* ---- spool -------------------------------------------------------------------------------------
 */

static void __attribute__((noreturn))
emit_forever(const struct trace_session *session, double seconds)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!trace_session_child_setup(session) || !trace_init())
        _exit(12);
    const double until = now_s() + seconds;
    uintptr_t object = 0x7f0000000000;
    do {
        for (int i = 0; i < 1 << 20; i += 2) {
            trace_incref(object + (uintptr_t)(i & 0xfff) * 16, (unsigned)i & 0xff);
            trace_decref(object + (uintptr_t)(i & 0xfff) * 16, (unsigned)i & 0xff);
        }
    } while (now_s() < until);
    trace_stop();
    _exit(0);
}

static void bench_spool(const char *path, double seconds)
{
    struct trace_session session;
    struct read_error error;
    const struct trace_options options = {
        .classes = TRACE_CLASS_REFCOUNT,
        .policy = TRACE_POLICY_BLOCK,
        .sizes = {128u << 20, 1u << 20, 1u << 20, 1u << 20},
    };
    if (trace_session_prepare(&session, &options, &error) != READ_OK)
        fail(error.message);
    const pid_t pid = fork();
    if (pid == 0)
        emit_forever(&session, seconds);
    trace_session_adopt(&session, pid);
    const double begun = now_s(), cpu = cpu_s(RUSAGE_SELF);
    if (trace_session_record(&session, path, NULL, 0, &error) != READ_OK)
        fail(error.message);
    const double wall = now_s() - begun, used = cpu_s(RUSAGE_SELF) - cpu;
    waitpid(pid, NULL, 0);
    struct stat about;
    stat(path, &about);
    const struct ring_stream_state *hot = &session.state.streams[TRACE_HOT];
    const double bytes = (double)hot->position * 8;
    printf("%.2f GB of events in %.2f s: %.2f GB/s, %.0f M events a second; file %.2f GB; reader's "
           "CPU %.2f s\n",
           bytes * 1e-9, wall, bytes * 1e-9 / wall, bytes / 8 * 1e-6 / wall,
           (double)about.st_size * 1e-9, used);
    printf("dropped %" PRIu64 ", times the emitter waited %" PRIu64 ", ring %u MiB\n", hot->dropped,
           hot->waits, 128u);
}

/* ---- traced ------------------------------------------------------------------------------------
 */

static void bench_traced(const char *path, char **command)
{
    struct trace_session session;
    struct read_error error;
    const struct trace_options options = {
        .classes = TRACE_CLASS_KNOWN,
        .policy = TRACE_POLICY_BLOCK,
    };
    if (trace_session_prepare(&session, &options, &error) != READ_OK)
        fail(error.message);
    const double begun = now_s();
    const pid_t pid = fork();
    if (pid == 0) {
        if (!trace_session_child_setup(&session))
            _exit(126);
        execv(command[0], command);
        _exit(127);
    }
    trace_session_adopt(&session, pid);
    if (trace_session_record(&session, path, NULL, 0, &error) != READ_OK)
        fail(error.message);
    int status;
    waitpid(pid, &status, 0);
    const double wall = now_s() - begun;
    uint64_t waits = 0, dropped = 0;
    for (int i = 0; i < TRACE_STREAM_COUNT; i++) {
        waits += session.state.streams[i].waits;
        dropped += session.state.streams[i].dropped;
    }
    printf("%.6f %.6f %" PRIu64 " %" PRIu64 "\n", cpu_s(RUSAGE_CHILDREN), wall, waits, dropped);
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        fail("the program failed");
}

static void count_file(const char *path)
{
    struct trace_file_reader file;
    struct trace_chunk chunk;
    struct read_error error;
    uint64_t events = 0;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || trace_file_open(&file, fd, &error) != READ_OK)
        fail("cannot open the trace");
    while (file.source.next(&file.source, TRACE_HOT, &chunk, &error) == READ_OK)
        for (uint32_t at = 0; at + 8 <= chunk.bytes; at += 8) {
            uint64_t word;
            memcpy(&word, chunk.data + at, 8);
            events += TRACE_WORD_KIND(word) <= TRACE_HOT_DECREF;
        }
    trace_file_close(&file);
    printf("%" PRIu64 "\n", events);
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[1] : "";
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(what, "attach") == 0) {
        const int rounds = argc > 3 ? atoi(argv[3]) : 100;
        print_distance();
        bench_attach(argv[2], rounds < ROUNDS_MAX ? rounds : ROUNDS_MAX);
    } else if (strcmp(what, "verify") == 0 && argc > 3) {
        print_distance();
        bench_verify(argv[2], argv[3], argc > 4);
    } else if (strcmp(what, "count") == 0) {
        count_file(argv[2]);
    } else if (strcmp(what, "traced") == 0 && argc > 3) {
        bench_traced(argv[2], argv + 3);
    } else if (strcmp(what, "spool") == 0) {
        print_distance();
        bench_spool(argv[2], argc > 3 ? atof(argv[3]) : 5);
    } else {
        fprintf(stderr, "usage: bench_reader attach VM [ROUNDS] | verify VM PROGRAM | spool FILE "
                        "[SECONDS] | traced FILE VM ARGS...\n");
        return 2;
    }
    return 0;
}
