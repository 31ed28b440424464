// Captures of running programs: what is read is one instant, and the program does not notice.
#include "inspector/capture/capture.h"

#include "inspector/base/clock.h"
#include "tests/support/probe.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

// CAPTURE_TEST_ROUNDS in the environment multiplies the repetitions.
static int rounds(int standard)
{
    const char *text = getenv("CAPTURE_TEST_ROUNDS");
    return text ? atoi(text) : standard;
}

static void assert_success(struct error *err)
{
    if (err)
        error_print(stderr, err);
    assert_null(err);
}

static struct capture *capture_of(const struct probe *probe, bool no_fork)
{
    struct capture *capture = NULL;
    assert_success(
        capture_create(probe->pid, &(struct capture_options){.no_fork = no_fork}, &capture));
    assert_int_equal(capture->method, no_fork ? CAPTURE_COPY : CAPTURE_CLONE);
    assert_true(capture->at_safepoint);
    assert_null(capture->fallback_why);
    assert_true(capture->thread_count >= 2);
    assert_true(capture->pause_ns > 0);
    return capture;
}

static void capture_repeatedly(void (*body)(struct probe_stats *, uint64_t), uint64_t argument,
                               int standard_rounds)
{
    struct probe probe = probe_start(body, argument);
    for (int i = 0; i < rounds(standard_rounds); i++) {
        struct capture *capture = capture_of(&probe, i % 4 == 3);
        assert_null(capture->fallback_why);
        capture_destroy(capture);
    }
    probe_assert_unharmed(&probe);
    probe_end(&probe);
}

static void test_capture_of_an_idle_process(void **state)
{
    (void)state;
    capture_repeatedly(probe_idle, 0, 20);
}

static void test_capture_of_allocating_threads(void **state)
{
    (void)state;
    capture_repeatedly(probe_allocators, 4, 20);
}

static void test_capture_interrupts_no_system_call(void **state)
{
    (void)state;
    capture_repeatedly(probe_sleepers, 0, 40);
}

static void test_capture_preserves_registers(void **state)
{
    (void)state;
    capture_repeatedly(probe_registers, 2, 40);
}

static void test_capture_aborts_restartable_sequences(void **state)
{
    (void)state;
    capture_repeatedly(probe_sequences, 1, 20);
}

// What a process held must be free when it has ended, however long the copy is read.
static void test_clone_holds_no_file_of_the_target(void **state)
{
    (void)state;
    int ends[2];
    assert_return_code(pipe(ends), errno);
    struct probe probe = probe_start(probe_idle, 0);
    close(ends[1]);
    struct capture *capture = capture_of(&probe, false);
    probe_end(&probe);
    struct pollfd end = {.fd = ends[0], .events = POLLIN};
    assert_int_equal(poll(&end, 1, 20000), 1);
    assert_true(end.revents & POLLHUP);
    capture_destroy(capture);
    close(ends[0]);
}

static void test_capture_is_not_seen_by_wait(void **state)
{
    (void)state;
    capture_repeatedly(probe_waiter, 0, 20);
}

static void test_capture_while_threads_come_and_go(void **state)
{
    (void)state;
    capture_repeatedly(probe_thread_churn, 2, 20);
}

// Each word of the probe's heap holds its own address.
static void assert_pattern(struct mem_source *mem, uint64_t begin, uint64_t size)
{
    enum { PART = 1 << 20 };
    uint64_t *words = malloc(PART);
    for (uint64_t at = 0; at < size; at += PART) {
        assert_success(mem_read(mem, remote_at(begin + at), words, PART));
        for (size_t i = 0; i < PART / 8; i += 64)
            assert_true(words[i] == begin + at + i * 8);
    }
    free(words);
}

static void test_capture_has_the_whole_heap(void **state)
{
    (void)state;
    struct probe probe = probe_start(probe_heap, 64);
    for (int no_fork = 0; no_fork < 2; no_fork++) {
        struct capture *capture = capture_of(&probe, no_fork);
        assert_pattern(capture->mem, probe.stats->address, UINT64_C(64) << 20);
        uint8_t byte;
        struct error *err = mem_read_u8(capture->mem, remote_at(64), &byte);
        assert_non_null(err);
        assert_int_equal(err->code, ERROR_FAULT);
        error_destroy(err);
        capture_destroy(capture);
    }
    probe_assert_unharmed(&probe);
    probe_end(&probe);
}

static void test_capture_is_frozen(void **state)
{
    (void)state;
    struct probe probe = probe_start(probe_counters, 0);
    struct remote_ptr first = remote_at(probe.stats->address), second = remote_add(first, 4096);
    for (int i = 0; i < 20; i++) {
        struct capture *capture = capture_of(&probe, i % 2);
        uint64_t before[2], after[2];
        assert_success(mem_read_u64(capture->mem, first, &before[0]));
        assert_success(mem_read_u64(capture->mem, second, &before[1]));
        clock_sleep_ns(CLOCK_NS_PER_MS);
        assert_success(mem_read_u64(capture->mem, second, &after[1]));
        assert_success(mem_read_u64(capture->mem, first, &after[0]));
        assert_true(before[0] - before[1] <= 1);
        assert_memory_equal(before, after, sizeof before);
        capture_destroy(capture);
    }
    probe_assert_unharmed(&probe);
    probe_end(&probe);
}

static void test_untouched_memory_reads_as_zeros(void **state)
{
    (void)state;
    struct probe probe = probe_start(probe_idle, 0);
    struct capture *capture = capture_of(&probe, true);
    const struct map *stack = maps_find_path(&capture->maps, "[stack]");
    assert_non_null(stack);
    uint64_t word = 1;
    assert_success(mem_read_u64(capture->mem, remote_at(stack->begin), &word));
    assert_int_equal(word, 0);
    capture_destroy(capture);
    probe_end(&probe);
}

static void check_pause(void (*body)(struct probe_stats *, uint64_t), bool no_fork)
{
#ifdef __SANITIZE_THREAD__
    skip(); // several GiB of shadow memory are copied with it
#endif
    struct probe probe = probe_start(body, 1024);
    uint64_t best_ns = UINT64_MAX, gap_ns = UINT64_MAX;
    for (int i = 0; i < 3; i++) {
        probe.stats->longest_ns = 0;
        struct capture *capture = capture_of(&probe, no_fork);
        // The heartbeat knows of the gap when it has run again.
        for (uint64_t beats = probe.stats->beats; probe.stats->beats < beats + 2;)
            clock_sleep_ns(CLOCK_NS_PER_MS);
        if (capture->pause_ns < best_ns) {
            best_ns = capture->pause_ns;
            gap_ns = probe.stats->longest_ns;
        }
        capture_destroy(capture);
    }
    print_message("1 GiB: pause %.2f ms, longest gap of the heartbeat %.2f ms\n",
                  (double)best_ns / 1e6, (double)gap_ns / 1e6);
    // The target saw it stand still for as long as that; a loaded machine adds what it likes, so
    // limits are for tests/bench.
    assert_true(gap_ns + CLOCK_NS_PER_MS > best_ns);
    probe_assert_unharmed(&probe);
    probe_end(&probe);
}

static void test_pause_of_one_gibibyte(void **state)
{
    (void)state;
    check_pause(probe_heap, false);
}

static void test_pause_of_one_gibibyte_in_huge_pages(void **state)
{
    (void)state;
    check_pause(probe_huge_heap, false);
}

static void test_pause_of_one_gibibyte_copied(void **state)
{
    (void)state;
    check_pause(probe_heap, true);
}

static void check_fallback(void (*body)(struct probe_stats *, uint64_t), const char *word)
{
    struct probe probe = probe_start(body, 0);
    struct capture *capture = NULL;
    assert_success(capture_create(probe.pid, &(struct capture_options){0}, &capture));
    assert_int_equal(capture->method, CAPTURE_COPY);
    assert_non_null(strstr(capture->fallback_why, word));
    capture_destroy(capture);
    probe_assert_unharmed(&probe);
    probe_end(&probe);
}

static void test_seccomp_falls_back_to_a_copy(void **state)
{
    (void)state;
    check_fallback(probe_seccomp, "seccomp");
}

static void test_process_limit_falls_back_to_a_copy(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    check_fallback(probe_process_limit, "refuses to clone");
}

static void test_capture_of_a_stopped_process_leaves_it_stopped(void **state)
{
    (void)state;
    struct probe probe = probe_start(probe_allocators, 2);
    int status;
    kill(probe.pid, SIGSTOP);
    waitpid(probe.pid, &status, WUNTRACED);
    for (int i = 0; i < 4; i++)
        capture_destroy(capture_of(&probe, i % 2));
    uint64_t beats = probe.stats->beats;
    clock_sleep_ns(20 * CLOCK_NS_PER_MS);
    assert_int_equal(probe.stats->beats, beats);
    kill(probe.pid, SIGCONT);
    clock_sleep_ns(5 * CLOCK_NS_PER_MS);
    probe_assert_unharmed(&probe);
    probe_end(&probe);
}

static void signal_counter(int signal)
{
    (void)signal;
    extern struct probe_stats *probe_signal_stats;
    probe_signal_stats->work++;
}

static void probe_signalled(struct probe_stats *stats, uint64_t argument)
{
    (void)argument;
    extern struct probe_stats *probe_signal_stats;
    probe_signal_stats = stats;
    struct sigaction action = {.sa_handler = signal_counter, .sa_flags = SA_RESTART};
    sigaction(SIGRTMIN, &action, NULL);
}

static void test_no_signal_is_lost(void **state)
{
    (void)state;
    struct probe probe = probe_start(probe_signalled, 0);
    uint64_t sent = 0;
    for (int i = 0; i < 20; i++) {
        for (int n = 0; n < 20; n++)
            sent += sigqueue(probe.pid, SIGRTMIN, (union sigval){0}) == 0;
        capture_destroy(capture_of(&probe, i % 4 == 3));
    }
    for (int i = 0; i < 1000 && probe.stats->work < sent; i++)
        clock_sleep_ns(CLOCK_NS_PER_MS);
    assert_int_equal(probe.stats->work, sent);
    // Real signals do interrupt the heartbeat's sleep.
    probe.stats->interrupted = 0;
    probe_end(&probe);
}

// A thread in vfork sleeps uninterruptibly until its child has ended: it cannot be stopped.
static void *vfork_thread(void *argument)
{
    struct probe_stats *stats = argument;
    for (;;) {
        pid_t pid = vfork();
        if (pid == 0) {
            struct timespec timeout = {.tv_nsec = 300000000};
            nanosleep(&timeout, NULL);
            _exit(0);
        }
        waitpid(pid, NULL, 0);
        stats->work++;
    }
    return NULL;
}

static void probe_vfork(struct probe_stats *stats, uint64_t argument)
{
    (void)argument;
    pthread_t thread;
    pthread_create(&thread, NULL, vfork_thread, stats);
}

static void test_thread_that_cannot_stop_is_not_waited_for(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); // it makes a fork of every vfork
#endif
    struct probe probe = probe_start(probe_vfork, 0);
    bool without_registers = false;
    for (int i = 0; i < 10; i++) {
        struct capture *capture = capture_of(&probe, i % 2);
        for (size_t n = 0; n < capture->thread_count; n++)
            without_registers |= !capture->threads[n].has_registers;
        capture_destroy(capture);
    }
    assert_true(without_registers);
    uint64_t work = probe.stats->work;
    for (int i = 0; i < 3000 && probe.stats->work < work + 2; i++)
        clock_sleep_ns(CLOCK_NS_PER_MS);
    assert_true(probe.stats->work >= work + 2);
    assert_int_equal(probe.stats->interrupted, 0);
    probe_end(&probe);
}

// ---- refusals ----

static void assert_refused(pid_t pid, enum error_code code, const char *words)
{
    struct capture *capture = NULL;
    struct error *err = capture_create(pid, &(struct capture_options){0}, &capture);
    assert_non_null(err);
    assert_null(capture);
    assert_int_equal(err->code, code);
    if (!strstr(err->message, words))
        print_error("unexpected message: %s\n", err->message);
    assert_non_null(strstr(err->message, words));
    error_destroy(err);
}

static void test_refusal_when_the_process_is_gone(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    siginfo_t info;
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    assert_refused(pid, ERROR_GONE, "has ended");
    waitpid(pid, NULL, 0);
    assert_refused(pid, ERROR_GONE, "no process");
}

static void test_refusal_when_it_is_a_thread_or_the_kernel(void **state)
{
    (void)state;
    struct probe probe = probe_start(probe_idle, 0);
    struct capture *capture = capture_of(&probe, false);
    pid_t other = capture->threads[capture->thread_count - 1].tid;
    capture_destroy(capture);
    assert_refused(other, ERROR_USAGE, "is a thread of process");
    probe_end(&probe);
}

static void test_refusal_names_the_tracer(void **state)
{
    (void)state;
    struct probe probe = probe_start(probe_idle, 0);
    assert_int_equal(ptrace(PTRACE_SEIZE, probe.pid, NULL, NULL), 0);
    char words[64];
    snprintf(words, sizeof words, "is being traced by process %d", (int)getpid());
    assert_refused(probe.pid, ERROR_BUSY, words);
    ptrace(PTRACE_INTERRUPT, probe.pid, NULL, NULL);
    int status;
    waitpid(probe.pid, &status, __WALL);
    ptrace(PTRACE_DETACH, probe.pid, NULL, NULL);
    probe_assert_unharmed(&probe);
    capture_destroy(capture_of(&probe, false));
    probe_end(&probe);
}

static void test_refusal_of_another_users_process(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    struct probe probe = probe_start(probe_idle, 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct capture *capture = NULL;
        if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
            _exit(99);
        struct error *err =
            capture_create(probe.pid, &(struct capture_options){.verb = "types"}, &capture);
        bool right = err && err->code == ERROR_PERMISSION && err->why &&
                     strstr(err->why, "runs as") && err->try &&
                     strstr(err->try, "sudo brille types");
        if (err && !right)
            error_print(stderr, err);
        _exit(right ? 0 : 1);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    probe_assert_unharmed(&probe);
    probe_end(&probe);
}

// ---- safepoints ----

struct safepoint_log {
    _Atomic int entered, asked, requested, polled, frozen, withdrawn;
    int yes_after;     // at_safepoint says yes at the n-th question
    int parked_after;  // parked says yes at the n-th poll
    int stop_sleep_ms; // how long at_safepoint takes
    uint64_t address;
};

static bool log_at_safepoint(void *context, const struct capture_view *view)
{
    struct safepoint_log *log = context;
    log->entered++;
    if (log->stop_sleep_ms)
        clock_sleep_ns((uint64_t)log->stop_sleep_ms * CLOCK_NS_PER_MS);
    return ++log->asked >= log->yes_after && view->thread_count >= 2;
}

static void log_request(void *context, const struct capture_view *view)
{
    (void)view;
    ((struct safepoint_log *)context)->requested++;
}

static bool log_parked(void *context)
{
    struct safepoint_log *log = context;
    return ++log->polled % log->parked_after == 0;
}

static void log_freeze(void *context, const struct capture_view *view)
{
    struct safepoint_log *log = context;
    log->frozen++;
    if (log->address) {
        const uint64_t mark = 4711;
        error_destroy(capture_view_write(view, remote_at(log->address), &mark, sizeof mark));
    }
}

static void log_withdraw(void *context)
{
    ((struct safepoint_log *)context)->withdrawn++;
}

static const struct capture_safepoint log_hooks = {
    .at_safepoint = log_at_safepoint,
    .request = log_request,
    .parked = log_parked,
    .freeze = log_freeze,
    .withdraw = log_withdraw,
};

static void test_safepoint_is_awaited(void **state)
{
    (void)state;
    struct probe probe = probe_start(probe_heap, 1);
    struct safepoint_log *log = capture_context_create(sizeof *log);
    log->yes_after = 3;
    log->parked_after = 2;
    log->address = probe.stats->address;
    struct capture *capture = NULL;
    const struct capture_options options = {.safepoint = &log_hooks, .context = log};
    assert_success(capture_create(probe.pid, &options, &capture));
    assert_true(capture->at_safepoint);
    assert_int_equal(capture->stop_count, 3);
    assert_int_equal(log->asked, 3);
    assert_int_equal(log->requested, 2);
    assert_int_equal(log->polled, 4);
    assert_int_equal(log->frozen, 1);
    assert_int_equal(log->withdrawn, 1);
    // What the freeze hook wrote is in the image.
    uint64_t word;
    assert_success(mem_read_u64(capture->mem, remote_at(log->address), &word));
    assert_int_equal(word, 4711);
    capture_destroy(capture);
    capture_context_destroy(log, sizeof *log);
    probe_assert_unharmed(&probe);
    probe_end(&probe);
}

static void test_safepoint_that_never_comes(void **state)
{
    (void)state;
    struct probe probe = probe_start(probe_allocators, 2);
    struct safepoint_log *log = capture_context_create(sizeof *log);
    log->yes_after = 1 << 30;
    log->parked_after = 1 << 30;
    struct capture *capture = NULL;
    const struct capture_options options = {
        .safepoint = &log_hooks, .context = log, .wait_ns = 50 * CLOCK_NS_PER_MS};
    assert_success(capture_create(probe.pid, &options, &capture));
    assert_false(capture->at_safepoint);
    assert_int_equal(log->frozen, 1);
    // Nothing is asked for when the first stop took all the time there was.
    assert_int_equal(log->withdrawn, log->requested > 0);
    capture_destroy(capture);
    // The same without anything to ask for: it is tried every millisecond.
    static const struct capture_safepoint retry = {.at_safepoint = log_at_safepoint};
    log->asked = 0;
    log->yes_after = 5;
    const struct capture_options patient = {
        .safepoint = &retry, .context = log, .wait_ns = 60 * CLOCK_NS_PER_S};
    assert_success(capture_create(probe.pid, &patient, &capture));
    assert_true(capture->at_safepoint);
    assert_int_equal(capture->stop_count, 5);
    capture_destroy(capture);
    capture_context_destroy(log, sizeof *log);
    probe_assert_unharmed(&probe);
    probe_end(&probe);
}

// A child that captures the same process and holds it for so long, which has just begun.
static pid_t start_slow_capture(const struct probe *probe, int stop_sleep_ms)
{
    struct safepoint_log *log = capture_context_create(sizeof *log);
    log->yes_after = 1;
    log->stop_sleep_ms = stop_sleep_ms;
    pid_t first = fork();
    if (first == 0) {
        struct capture *capture = NULL;
        const struct capture_options options = {.safepoint = &log_hooks, .context = log};
        struct error *err = capture_create(probe->pid, &options, &capture);
        capture_destroy(capture);
        _exit(err ? 1 : 0);
    }
    while (!log->entered && waitpid(first, NULL, WNOHANG) == 0)
        clock_sleep_ns(CLOCK_NS_PER_MS);
    assert_true(log->entered);
    capture_context_destroy(log, sizeof *log);
    return first;
}

static void assert_exit_0(pid_t pid)
{
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

static void test_second_capture_waits_for_the_first(void **state)
{
    (void)state;
    struct probe probe = probe_start(probe_idle, 0);
    pid_t first = start_slow_capture(&probe, 500);
    struct capture *capture = NULL;
    const struct capture_options patient = {.wait_ns = 60000 * CLOCK_NS_PER_MS};
    assert_success(capture_create(probe.pid, &patient, &capture));
    capture_destroy(capture);
    assert_exit_0(first);
    first = start_slow_capture(&probe, 3000);
    assert_refused(probe.pid, ERROR_BUSY, "is being captured by another brille");
    assert_exit_0(first);
    // One after the other is fine, and so are two frozen copies at once.
    struct capture *one = capture_of(&probe, false), *two = capture_of(&probe, false);
    capture_destroy(one);
    capture_destroy(two);
    probe_assert_unharmed(&probe);
    probe_end(&probe);
}

// An argument chooses tests by a pattern.
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        probe_unit_test(test_capture_of_an_idle_process),
        probe_unit_test(test_capture_of_allocating_threads),
        probe_unit_test(test_capture_interrupts_no_system_call),
        probe_unit_test(test_capture_preserves_registers),
        probe_unit_test(test_capture_aborts_restartable_sequences),
        probe_unit_test(test_clone_holds_no_file_of_the_target),
        probe_unit_test(test_capture_is_not_seen_by_wait),
        probe_unit_test(test_capture_while_threads_come_and_go),
        probe_unit_test(test_capture_has_the_whole_heap),
        probe_unit_test(test_capture_is_frozen),
        probe_unit_test(test_untouched_memory_reads_as_zeros),
        probe_unit_test(test_pause_of_one_gibibyte),
        probe_unit_test(test_pause_of_one_gibibyte_in_huge_pages),
        probe_unit_test(test_pause_of_one_gibibyte_copied),
        probe_unit_test(test_seccomp_falls_back_to_a_copy),
        probe_unit_test(test_process_limit_falls_back_to_a_copy),
        probe_unit_test(test_capture_of_a_stopped_process_leaves_it_stopped),
        probe_unit_test(test_no_signal_is_lost),
        probe_unit_test(test_thread_that_cannot_stop_is_not_waited_for),
        probe_unit_test(test_refusal_when_the_process_is_gone),
        probe_unit_test(test_refusal_when_it_is_a_thread_or_the_kernel),
        probe_unit_test(test_refusal_names_the_tracer),
        probe_unit_test(test_refusal_of_another_users_process),
        probe_unit_test(test_safepoint_is_awaited),
        probe_unit_test(test_safepoint_that_never_comes),
        probe_unit_test(test_second_capture_waits_for_the_first),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
