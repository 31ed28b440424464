/* How fast heaps are built, written, reopened and analysed, how much memory that takes, and how big
 * they are on disk.
 *
 *     bench_heap make SHAPE OBJECTS FILE      builds a heap (heap_shapes.h) and writes it
 *     bench_heap analyse FILE                 opens it and computes what everything else is made of
 *
 * One line for each step: processor time, time, objects a second, and the most memory that was
 * resident while it lasted. `analyse` has a process of its own, so that what building takes is not
 * in its figures, and stores nothing in the file, so that it can be repeated. bench_analysis.py
 * makes tables of all shapes and sizes. */
#include "inspector/analysis/cycles.h"
#include "inspector/analysis/dominators.h"
#include "inspector/analysis/paths.h"
#include "inspector/model/heap_file.h"
#include "tests/bench/heap_shapes.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void check(struct error *err)
{
    if (!err)
        return;
    error_print(stderr, err);
    exit(error_exit_status(err));
}

/* ---- one step ---- */

static struct {
    double cpu_s, wall_s;
} began;

static double clock_s(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The most that was resident since the last call, in MiB. */
static long peak_mib(void)
{
    char line[256];
    long kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    if (status)
        fclose(status);
    const int fd = open("/proc/self/clear_refs", O_WRONLY);
    if (fd >= 0) {
        if (write(fd, "5", 1) != 1)
            perror("clear_refs");
        close(fd);
    }
    return kib / 1024;
}

static void begin(void)
{
    peak_mib();
    began.cpu_s = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    began.wall_s = clock_s(CLOCK_MONOTONIC);
}

static void step(const char *what, uint64_t objects)
{
    const double cpu_s = clock_s(CLOCK_PROCESS_CPUTIME_ID) - began.cpu_s;
    const double wall_s = clock_s(CLOCK_MONOTONIC) - began.wall_s;
    printf("%-14s %7.3f s cpu  %7.3f s  %8.2f M objects/s  peak %6ld MiB\n", what, cpu_s, wall_s,
           (double)objects / cpu_s / 1e6, peak_mib());
    fflush(stdout);
    begin();
}

/* ---- */

static void make_file(enum heap_shape shape, uint64_t count, const char *path)
{
    struct snapshot *s;
    uint64_t bytes;
    begin();
    check(heap_shape_build(shape, count, &s));
    step("build", count);
    check(heap_file_write(s, path, &bytes));
    step("write", count);
    printf("%-14s %.2f bytes an object, %u objects, %.2f references each\n", "file",
           (double)bytes / (double)s->object_count, s->object_count,
           (double)s->reference_count / (double)s->object_count);
    snapshot_destroy(s);
}

static void analyse(const char *path)
{
    struct snapshot *s;
    struct dominators *d;
    struct paths *p;
    struct cycles *c;
    setenv("BRILLE_STORE", "never", 1);
    begin();
    check(heap_file_open(path, &s));
    step("open", s->object_count);
    check(snapshot_load(s, SNAPSHOT_COLUMNS));
    step("load columns", s->object_count);
    check(snapshot_load(s, SNAPSHOT_EDGES));
    step("load edges", s->object_count);
    check(dominators_create(s, &d));
    step("dominators", s->object_count);
    printf("%-14s %u of %u objects\n", "reachable", d->reachable_count, s->object_count);
    dominators_destroy(d);
    begin();
    check(paths_create(s, &p));
    step("paths", s->object_count);
    paths_destroy(p);
    begin();
    check(cycles_create(s, NULL, &c));
    step("cycles", s->object_count);
    cycles_destroy(c);
    begin();
    check(snapshot_load(s, SNAPSHOT_LABELS | SNAPSHOT_REFERRERS));
    step("referrers", s->object_count);
    snapshot_destroy(s);
}

static int usage(void)
{
    fprintf(stderr, "usage: bench_heap make SHAPE OBJECTS FILE | bench_heap analyse FILE\n");
    for (unsigned i = 0; i < HEAP_SHAPE_COUNT; i++)
        fprintf(stderr, "  %-10s %s\n", heap_shape_names[i], heap_shape_texts[i]);
    return 2;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "analyse") == 0) {
        analyse(argv[2]);
        return 0;
    }
    if (argc != 5 || strcmp(argv[1], "make") != 0)
        return usage();
    for (unsigned i = 0; i < HEAP_SHAPE_COUNT; i++)
        if (strcmp(argv[2], heap_shape_names[i]) == 0) {
            make_file((enum heap_shape)i, strtoull(argv[3], NULL, 10), argv[4]);
            return 0;
        }
    return usage();
}
