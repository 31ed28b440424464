// Killing: brille, its keeper and the target, at every moment and at random ones. Afterwards the
// target runs as if nothing had been, and nothing of us is left.
#include "inspector/capture/keeper.h"

#include "inspector/base/clock.h"
#include "inspector/capture/capture.h"
#include "inspector/capture/fault.h"
#include "tests/support/probe.h"
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const fault_names[] = {
    "NONE",
#define X(name, meaning) #name,
#include "inspector/capture/faults.def"
#undef X
};

// CAPTURE_TEST_KILLS in the environment is the number of random kills of each kind.
static int kills(void)
{
    const char *text = getenv("CAPTURE_TEST_KILLS");
    return text ? atoi(text) : 8;
}

static unsigned random_below(unsigned limit)
{
    static unsigned seed = 20221124;
    return (unsigned)rand_r(&seed) % limit;
}

// Nothing takes that long; a loaded machine under a sanitizer comes nearer to it than one thinks.
enum { PATIENCE_MS = 60000 };

static void sleep_us(unsigned us)
{
    clock_sleep_ns((uint64_t)us * 1000);
}

// The keeper of a process: its child that is named so. 0 if there is none.
static pid_t keeper_of(pid_t parent)
{
    DIR *dir = opendir("/proc");
    const struct dirent *entry;
    pid_t found = 0;
    while (dir && !found && (entry = readdir(dir))) {
        char path[300], text[256];
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "r") : NULL;
        if (!file)
            continue;
        int pid, owner;
        char name[64], state;
        if (fgets(text, sizeof text, file) &&
            sscanf(text, "%d (%63[^)]) %c %d", &pid, name, &state, &owner) == 4 &&
            strcmp(name, "brille-keeper") == 0 && owner == parent && state != 'Z')
            found = pid;
        fclose(file);
    }
    if (dir)
        closedir(dir);
    return found;
}

// Keepers whose brille was killed become children of this process (it is a subreaper). They end by
// themselves within moments; whatever else is a child of the target by then was left behind.
static void await_clean(const struct probe *probe)
{
    int children = 0;
    for (int i = 0; i < PATIENCE_MS; i++) {
        pid_t ended = waitpid(-1, NULL, WNOHANG);
        assert_int_not_equal(ended, probe->pid);
        children = probe_child_count(getpid());
        if (children == 1 && ended <= 0)
            break;
        sleep_us(1000);
    }
    assert_int_equal(children, 1); // the target itself
    probe_assert_unharmed(probe);
}

// ---- the keeper kills itself at each of the moments in faults.def ----

static void check_faults(void (*body)(struct probe_stats *, uint64_t), uint64_t argument)
{
    struct probe probe = probe_start(body, argument);
    for (enum fault fault = FAULT_NONE + 1; fault < FAULT_COUNT; fault++) {
        struct capture *capture = NULL;
        struct error *err =
            capture_create(probe.pid, &(struct capture_options){.fault = fault}, &capture);
        if (err)
            assert_int_equal(err->code, ERROR_GONE);
        error_destroy(err);
        capture_destroy(capture);
        // A brille that is alive cleans up at once, whatever happened to its keeper; before it knew
        // of the clone, the target's own thread does.
        sleep_us(10000);
        const int children = probe_await_no_child(&probe, PATIENCE_MS);
        if (probe.stats->interrupted || probe.stats->short_sleeps || probe.stats->corrupted ||
            children)
            print_error("harmed by a death at %s: %d %d %d\n", fault_names[fault],
                        (int)probe.stats->interrupted, (int)probe.stats->short_sleeps,
                        (int)probe.stats->corrupted);
        probe_assert_unharmed(&probe);
    }
    struct capture *capture = NULL;
    assert_null(capture_create(probe.pid, &(struct capture_options){0}, &capture));
    capture_destroy(capture);
    probe_assert_unharmed(&probe);
    probe_end(&probe);
}

static void test_keeper_dies_at_every_moment_registers(void **state)
{
    (void)state;
    check_faults(probe_registers, 2);
}

static void test_keeper_dies_at_every_moment_sleepers(void **state)
{
    (void)state;
    check_faults(probe_sleepers, 0);
}

static void test_keeper_dies_at_every_moment_allocators(void **state)
{
    (void)state;
    check_faults(probe_allocators, 3);
}

static void test_keeper_dies_at_every_moment_waiter(void **state)
{
    (void)state;
    check_faults(probe_waiter, 0);
}

// The main thread sleeps in a call of the kind that only the kernel knows how to restart, and is
// the one that is made to clone.
static void probe_main_sleeps(struct probe_stats *stats, uint64_t argument)
{
    (void)argument;
    stats->ready = true;
    for (;;) {
        struct timespec timeout = {.tv_sec = 3600};
        if (nanosleep(&timeout, NULL) < 0 && errno == EINTR)
            stats->interrupted++;
        else
            stats->short_sleeps++;
    }
}

static void test_keeper_dies_at_every_moment_main_thread_sleeps(void **state)
{
    (void)state;
    check_faults(probe_main_sleeps, 0);
}

// ---- random kills from outside ----

static volatile sig_atomic_t capturer_must_end;

static void capturer_signal(int signal)
{
    (void)signal;
    capturer_must_end = 1;
}

// A brille that captures again and again, until it is killed or asked to end by SIGTERM.
static pid_t capturer_start(pid_t target, bool no_fork)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid)
        return pid;
    prctl(PR_SET_NAME, "capturer");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGTERM, capturer_signal);
    while (!capturer_must_end) {
        struct capture *capture = NULL;
        struct error *err =
            capture_create(target, &(struct capture_options){.no_fork = no_fork}, &capture);
        if (err && err->code == ERROR_GONE && kill(target, 0) < 0)
            _exit(0);
        error_destroy(err);
        char page[4096];
        if (capture)
            mem_read_some(capture->mem, remote_at(capture->maps.list.items[0].begin), page,
                          sizeof page);
        capture_destroy(capture);
    }
    _exit(0);
}

static void end_process(pid_t pid)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static void check_random_kills_of_brille(bool no_fork)
{
    struct probe probe = probe_start(probe_registers, 2);
    for (int i = 0; i < kills(); i++) {
        pid_t brille = capturer_start(probe.pid, no_fork);
        sleep_us(random_below(8000));
        end_process(brille);
        await_clean(&probe);
    }
    probe_end(&probe);
}

static void test_brille_is_killed_at_random(void **state)
{
    (void)state;
    check_random_kills_of_brille(false);
}

static void test_brille_is_killed_at_random_while_copying(void **state)
{
    (void)state;
    check_random_kills_of_brille(true);
}

static void test_keeper_is_killed_at_random(void **state)
{
    (void)state;
    struct probe probe = probe_start(probe_registers, 2);
    pid_t brille = capturer_start(probe.pid, false);
    int killed = 0;
    for (int i = 0; i < kills() * 20 && killed < kills(); i++) {
        sleep_us(random_below(4000));
        pid_t keeper = keeper_of(brille);
        if (!keeper || kill(keeper, SIGKILL) < 0)
            continue;
        killed++;
        assert_int_equal(kill(probe.pid, 0), 0);
    }
    assert_true(killed > 0);
    // brille outlives its keepers and collects what they leave.
    int status = -1;
    assert_int_equal(waitpid(brille, &status, WNOHANG), 0);
    kill(brille, SIGTERM);
    assert_int_equal(waitpid(brille, &status, 0), brille);
    assert_int_equal(status, 0);
    await_clean(&probe);
    probe_end(&probe);
}

static void test_target_is_killed_at_random(void **state)
{
    (void)state;
    for (int i = 0; i < kills(); i++) {
        struct probe probe = probe_start(probe_allocators, 2);
        pid_t brille = capturer_start(probe.pid, i % 3 == 2);
        sleep_us(random_below(8000));
        probe_end(&probe);
        // It says that the process is gone, and ends by itself.
        int status = -1;
        for (int n = 0; n < PATIENCE_MS && waitpid(brille, &status, WNOHANG) == 0; n++)
            sleep_us(1000);
        assert_int_equal(status, 0);
    }
    for (int i = 0; i < PATIENCE_MS && probe_child_count(getpid()); i++) {
        waitpid(-1, NULL, WNOHANG);
        sleep_us(1000);
    }
    assert_int_equal(probe_child_count(getpid()), 0);
}

static void test_reading_a_clone_whose_keeper_was_killed(void **state)
{
    (void)state;
    struct probe probe = probe_start(probe_heap, 4);
    struct capture *capture = NULL;
    assert_null(capture_create(probe.pid, &(struct capture_options){0}, &capture));
    uint64_t word;
    assert_null(mem_read_u64(capture->mem, remote_at(probe.stats->address), &word));
    pid_t keeper = keeper_of(getpid());
    assert_true(keeper > 0);
    kill(keeper, SIGKILL);
    struct error *err = NULL;
    for (int i = 0; i < PATIENCE_MS && !err; i++) {
        sleep_us(1000);
        err = mem_read_u64(capture->mem, remote_at(probe.stats->address), &word);
    }
    assert_non_null(err);
    assert_int_equal(err->code, ERROR_GONE);
    error_destroy(err);
    capture_destroy(capture);
    probe_assert_unharmed(&probe);
    probe_end(&probe);
}

// An argument chooses tests by a pattern.
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        probe_unit_test(test_keeper_dies_at_every_moment_registers),
        probe_unit_test(test_keeper_dies_at_every_moment_sleepers),
        probe_unit_test(test_keeper_dies_at_every_moment_allocators),
        probe_unit_test(test_keeper_dies_at_every_moment_waiter),
        probe_unit_test(test_keeper_dies_at_every_moment_main_thread_sleeps),
        probe_unit_test(test_brille_is_killed_at_random),
        probe_unit_test(test_brille_is_killed_at_random_while_copying),
        probe_unit_test(test_keeper_is_killed_at_random),
        probe_unit_test(test_target_is_killed_at_random),
        probe_unit_test(test_reading_a_clone_whose_keeper_was_killed),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
