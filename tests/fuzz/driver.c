// The main program of fuzz targets where there is no libFuzzer.
//
//     fuzz_<name> [--rounds N] [--seconds N] [--seed N]     changes the seeds, N times or so long
//     fuzz_<name> FILE...                                   tries files: a failure made again
//     fuzz_<name> --seeds FOLDER                            writes the seeds
//
// Rounds are the same for the same --seed, whatever the machine: round n changes seed n mod their
// number, and its random numbers follow from n alone, so --from N begins with the n-th.
//
// The rounds run in a child, and the input of the current one is in memory that parent and child
// share. When the child dies or makes no progress, the parent writes that input to
// failed-<target>-<round> and says how to try it. An address-space limit makes a runaway allocation
// fail, which targets take for a failure (sanitized builds have no such limit: they reserve much).
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

enum { SEEDS_MAX = 64, INPUT_MAX = 1 << 20, CHANGES_MAX = 5 };

#pragma weak LLVMFuzzerCustomMutator

struct input {
    size_t size;
    uint8_t data[INPUT_MAX];
};

// Shared by parent and child.
struct progress {
    volatile uint64_t round; // being tried
    volatile bool done;
    struct input input;
};

static struct input *seeds[SEEDS_MAX];
static unsigned seed_count;
static uint64_t random_state;

static uint64_t next_random(void)
{
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15); // splitmix64
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static size_t below(size_t limit)
{
    return limit ? (size_t)(next_random() % limit) : 0;
}

static void keep_seed(void *context, const char *name, const uint8_t *data, size_t size)
{
    (void)context;
    if (seed_count == SEEDS_MAX || size > INPUT_MAX) {
        fprintf(stderr, "fuzz: seed %s is one too many, or too long\n", name);
        exit(3);
    }
    struct input *seed = malloc(sizeof *seed);
    if (!seed)
        exit(3);
    seed->size = size;
    memcpy(seed->data, data, size);
    seeds[seed_count++] = seed;
}

// ---- changing ----

static void put_number(uint8_t *data, size_t size)
{
    static const uint64_t numbers[] = {0,          1,          2,          7,
                                       8,          63,         64,         127,
                                       128,        255,        256,        4095,
                                       4096,       65535,      65536,      0x7fffffff,
                                       0x80000000, 0xfffffffe, 0xffffffff, UINT64_C(1) << 32,
                                       INT64_MAX,  UINT64_MAX};
    const uint64_t number =
        numbers[below(sizeof numbers / sizeof *numbers)] + (next_random() % 8 ? 0 : next_random());
    const size_t width = (size_t)1 << below(4);
    if (size >= width)
        memcpy(data + below(size - width + 1), &number, width);
}

static size_t insert_bytes(uint8_t *data, size_t size, size_t limit)
{
    const size_t at = below(size + 1), length = 1 + below(next_random() % 4 ? 8 : 200);
    if (length > limit - size)
        return size;
    memmove(data + at + length, data + at, size - at);
    for (size_t i = 0; i < length; i++)
        data[at + i] = (uint8_t)next_random();
    return size + length;
}

static size_t remove_bytes(uint8_t *data, size_t size)
{
    if (size < 2)
        return size;
    const size_t at = below(size - 1), most = size - at - 1;
    size_t length = 1 + below(next_random() % 4 ? 8 : most);
    length = length < most ? length : most;
    memmove(data + at, data + at + length, size - at - length);
    return size - length;
}

static void copy_within(uint8_t *data, size_t size)
{
    if (size < 2)
        return;
    const size_t length = 1 + below(size / 2 < 64 ? size / 2 : 64);
    memmove(data + below(size - length + 1), data + below(size - length + 1), length);
}

static void copy_from_seed(uint8_t *data, size_t size)
{
    const struct input *other = seeds[below(seed_count)];
    const size_t least = other->size < size ? other->size : size;
    if (least == 0)
        return;
    const size_t length = 1 + below(least < 256 ? least : 256);
    memcpy(data + below(size - length + 1), other->data + below(other->size - length + 1), length);
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t limit)
{
    for (size_t changes = 1 + below(CHANGES_MAX); changes > 0; changes--) {
        const unsigned what = (unsigned)below(16);
        if (size == 0 || what == 0)
            size = insert_bytes(data, size, limit);
        else if (what == 1)
            size = remove_bytes(data, size);
        else if (what == 2)
            copy_within(data, size);
        else if (what == 3)
            copy_from_seed(data, size);
        else if (what < 8)
            put_number(data, size);
        else if (what < 12)
            data[below(size)] ^= (uint8_t)(1u << below(8));
        else if (what < 14)
            data[below(size)] += next_random() & 1 ? 1 : 255;
        else
            data[below(size)] = (uint8_t)next_random();
    }
    return size;
}

static void make_input(struct input *input, uint64_t seed, uint64_t round)
{
    random_state = seed * UINT64_C(0xd1342543de82ef95) + round;
    const struct input *from = seeds[round % seed_count];
    memcpy(input->data, from->data, from->size);
    input->size = from->size;
    if (round < seed_count) // as they are
        return;
    if (LLVMFuzzerCustomMutator)
        input->size =
            LLVMFuzzerCustomMutator(input->data, input->size, INPUT_MAX, (unsigned)next_random());
    else
        input->size = LLVMFuzzerMutate(input->data, input->size, INPUT_MAX);
}

// ---- trying ----

struct options {
    uint64_t from, rounds, seed;
    double seconds; // 0: as many rounds as asked for
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void limit_memory(void)
{
    const struct rlimit limit = {(rlim_t)FUZZ_MEGABYTES << 20, (rlim_t)FUZZ_MEGABYTES << 20};
    if (!SANITIZED)
        setrlimit(RLIMIT_AS, &limit);
}

// A target that the assertions of which end the process need not leave a core of each.
static void no_core(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
}

static void run_child(struct progress *progress, const struct options *options)
{
    const double end = now_s() + options->seconds;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    limit_memory();
    no_core();
    for (uint64_t i = 0; options->seconds > 0 ? now_s() < end : i < options->rounds; i++) {
        make_input(&progress->input, options->seed, options->from + i);
        progress->round = options->from + i;
        LLVMFuzzerTestOneInput(progress->input.data, progress->input.size);
    }
    progress->done = true;
    exit(0);
}

static int report_failure(const struct progress *progress, const char *name, const char *how)
{
    char path[4096];
    const char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    snprintf(path, sizeof path, "failed-%s-%llu", base, (unsigned long long)progress->round);
    FILE *file = fopen(path, "wb");
    if (file) {
        fwrite(progress->input.data, 1, progress->input.size, file);
        fclose(file);
    }
    fprintf(stderr, "%s: %s in round %llu; try it again: %s %s\n", base, how,
            (unsigned long long)progress->round, name, path);
    return 1;
}

// Waits for the child to end, as long as rounds go by.
static int watch_child(pid_t child, struct progress *progress, const char *name)
{
    const struct timespec tick = {.tv_nsec = 10 * 1000 * 1000};
    const char *patience = getenv("BRILLE_TEST_PATIENCE");
    const double most_s = FUZZ_SECONDS * (patience ? atof(patience) : 1);
    uint64_t round = UINT64_MAX;
    double since = now_s();
    int status;
    pid_t ended;
    while ((ended = waitpid(child, &status, WNOHANG)) == 0) {
        nanosleep(&tick, NULL);
        if (progress->round != round) {
            round = progress->round;
            since = now_s();
        } else if (now_s() - since > most_s) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return report_failure(progress, name, "no end");
        }
    }
    if (ended == child && WIFEXITED(status) && WEXITSTATUS(status) == 0 && progress->done)
        return 0;
    return report_failure(progress, name,
                          WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "exited");
}

static int run_rounds(const char *name, const struct options *options)
{
    struct progress *progress =
        mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED)
        return 3;
    fuzz_seeds(keep_seed, NULL);
    if (seed_count == 0)
        return 3;
    fflush(NULL);
    const pid_t child = fork();
    if (child < 0)
        return 3;
    if (child == 0)
        run_child(progress, options);
    const int status = watch_child(child, progress, name);
    if (status == 0)
        printf("%u seeds, %llu rounds, none failed\n", seed_count,
               (unsigned long long)(progress->round + 1 - options->from));
    return status;
}

static int try_files(int count, char **names)
{
    limit_memory();
    for (int i = 0; i < count; i++) {
        static struct input input;
        FILE *file = fopen(names[i], "rb");
        if (!file) {
            fprintf(stderr, "fuzz: %s: %s\n", names[i], strerror(errno));
            return 3;
        }
        input.size = fread(input.data, 1, sizeof input.data, file);
        fclose(file);
        LLVMFuzzerTestOneInput(input.data, input.size);
        printf("%s: no failure\n", names[i]);
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct options options = {.rounds = 2000, .seed = 1};
    if (argc == 3 && strcmp(argv[1], "--seeds") == 0) {
        fuzz_write_seeds(argv[2]);
        return 0;
    }
    int i = 1;
    for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
        if (strcmp(argv[i], "--rounds") == 0)
            options.rounds = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--from") == 0)
            options.from = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            options.seed = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seconds") == 0)
            options.seconds = strtod(argv[i + 1], NULL);
        else
            break;
    }
    if (i < argc && argv[i][0] == '-') {
        fprintf(stderr, "usage: %s [--rounds N] [--seconds N] [--seed N] [--from N] | FILE...\n",
                argv[0]);
        return 2;
    }
    return i < argc ? try_files(argc - i, argv + i) : run_rounds(argv[0], &options);
}
