// Native stacks, walked in a frozen image: known functions, several threads, a signal handler.
#include "inspector/proc/native_stack.h"

#include "inspector/capture/capture.h"
#include "tests/support/probe.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

// ---- the program that is looked at ----

// Not instrumented: which frames are there, and which is innermost, is what is tested.
#define OUTER __attribute__((noinline, noclone, no_sanitize("thread"))) static
// Prevents a call in tail position from becoming a jump.
#define STAY __asm__ volatile("" ::: "memory")

OUTER void innermost_sleep(void)
{
    struct timespec timeout = {.tv_sec = 3600};
    nanosleep(&timeout, NULL);
    STAY;
}

OUTER void middle_of_sleeper(void)
{
    innermost_sleep();
    STAY;
}

OUTER void *thread_of_sleeper(void *argument)
{
    middle_of_sleeper();
    STAY;
    return argument;
}

OUTER void innermost_spin(struct probe_stats *stats)
{
    while (!stats->corrupted)
        stats->work++;
}

OUTER void *thread_of_spinner(void *argument)
{
    innermost_spin(argument);
    STAY;
    return argument;
}

OUTER unsigned recursive(unsigned depth, struct probe_stats *stats)
{
    if (depth == 0) {
        innermost_spin(stats);
        return 0;
    }
    unsigned result = recursive(depth - 1, stats) + 1;
    STAY;
    return result;
}

OUTER void *thread_of_recursion(void *argument)
{
    recursive(100, argument);
    STAY;
    return argument;
}

OUTER void handler_that_stays(int signal)
{
    (void)signal;
    for (;;)
        STAY;
}

OUTER void function_that_was_interrupted(void)
{
    raise(SIGUSR1);
    STAY;
}

OUTER void *thread_of_signal(void *argument)
{
    function_that_was_interrupted();
    STAY;
    return argument;
}

// The description of its frame is an expression that jumps back to its own beginning: DW_OP_skip
// -3.
__asm__(".pushsection .text\n"
        ".type described_without_end, @function\n"
        "described_without_end:\n"
        ".cfi_startproc\n"
        ".cfi_escape 0x0f, 0x03, 0x2f, 0xfd, 0xff\n"
        "1: pause\n"
        "jmp 1b\n"
        ".cfi_endproc\n"
        ".size described_without_end, . - described_without_end\n"
        ".popsection");
extern void described_without_end(void);

OUTER void *thread_of_endless(void *argument)
{
    described_without_end();
    STAY;
    return argument;
}

static void native_body(struct probe_stats *stats, uint64_t argument)
{
    (void)argument;
    void *(*const bodies[])(void *) = {thread_of_sleeper, thread_of_spinner, thread_of_recursion,
                                       thread_of_signal, thread_of_endless};
    static const char *const names[] = {"sleeper", "spinner", "recursion", "signal", "endless"};
    struct sigaction action = {.sa_handler = handler_that_stays};
    sigaction(SIGUSR1, &action, NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, bodies[i], stats);
        pthread_setname_np(thread, names[i]);
    }
    struct timespec settle = {.tv_nsec = 50000000};
    nanosleep(&settle, NULL);
}

// ---- looking ----

static const struct capture_thread *thread_named(const struct capture *capture, const char *name)
{
    for (size_t i = 0; i < capture->thread_count; i++)
        if (strcmp(capture->threads[i].name, name) == 0)
            return &capture->threads[i];
    fail_msg("no thread %s", name);
    return NULL;
}

static size_t frame_of(const struct native_stack *stack, const char *function)
{
    for (size_t i = 0; i < stack->frames.count; i++)
        if (stack->frames.items[i].function &&
            strcmp(stack->frames.items[i].function, function) == 0)
            return i;
    for (size_t i = 0; i < stack->frames.count; i++)
        print_error("  %zu %s in %s\n", i,
                    stack->frames.items[i].function ? stack->frames.items[i].function : "?",
                    stack->frames.items[i].module ? stack->frames.items[i].module : "?");
    fail_msg("no frame of %s", function);
    return 0;
}

static void check_walks(bool no_fork)
{
    struct probe probe = probe_start(native_body, 0);
    struct capture *capture = NULL;
    assert_null(capture_create(probe.pid, &(struct capture_options){.no_fork = no_fork}, &capture));
    struct native_unwinder *unwinder = NULL;
    assert_null(native_unwinder_create(probe.pid, &capture->maps, capture->mem, &unwinder));
    struct native_stack stack = {0};

    assert_null(native_stack_walk(unwinder, &thread_named(capture, "sleeper")->registers, &stack));
    size_t inner = frame_of(&stack, "innermost_sleep");
    assert_in_range(inner, 1, 4);
    assert_int_equal(frame_of(&stack, "middle_of_sleeper"), inner + 1);
    assert_int_equal(frame_of(&stack, "thread_of_sleeper"), inner + 2);
    assert_true(stack.frames.count >= inner + 4); // and libc's start of a thread
    for (size_t i = 1; i < stack.frames.count; i++)
        assert_true(stack.frames.items[i].sp.addr > stack.frames.items[i - 1].sp.addr);
    assert_non_null(strstr(stack.frames.items[inner].module, "native_stack"));

    assert_null(native_stack_walk(unwinder, &thread_named(capture, "spinner")->registers, &stack));
    assert_int_equal(frame_of(&stack, "innermost_spin"), 0);
    assert_int_equal(frame_of(&stack, "thread_of_spinner"), 1);

    assert_null(
        native_stack_walk(unwinder, &thread_named(capture, "recursion")->registers, &stack));
    assert_int_equal(frame_of(&stack, "innermost_spin"), 0);
    assert_int_equal(frame_of(&stack, "recursive"), 1);
    assert_int_equal(frame_of(&stack, "thread_of_recursion"), 102);

    assert_null(native_stack_walk(unwinder, &thread_named(capture, "signal")->registers, &stack));
    assert_int_equal(frame_of(&stack, "handler_that_stays"), 0);
#ifndef __SANITIZE_THREAD__ // whose own handler calls ours, later and from elsewhere
    assert_true(stack.frames.items[1].is_signal);
    assert_true(frame_of(&stack, "thread_of_signal") >
                frame_of(&stack, "function_that_was_interrupted"));
#endif

    assert_false(stack.truncated);
    assert_null(native_stack_walk(unwinder, &thread_named(capture, "endless")->registers, &stack));
    assert_int_equal(frame_of(&stack, "described_without_end"), 0);
    assert_int_equal(stack.frames.count, 1);
    assert_true(stack.truncated);
    // It takes nothing away from the next.
    assert_null(native_stack_walk(unwinder, &thread_named(capture, "sleeper")->registers, &stack));
    assert_int_equal(frame_of(&stack, "thread_of_sleeper"), inner + 2);
    assert_false(stack.truncated);

    native_stack_deinit(&stack);
    native_unwinder_destroy(unwinder);
    capture_destroy(capture);
    probe.stats->interrupted = 0;
    probe_assert_unharmed(&probe);
    probe_end(&probe);
}

static void test_walk_in_a_clone(void **state)
{
    (void)state;
    check_walks(false);
}

static void test_walk_in_a_copy(void **state)
{
    (void)state;
    check_walks(true);
}

static void test_walk_with_senseless_registers(void **state)
{
    (void)state;
    struct probe probe = probe_start(native_body, 0);
    struct capture *capture = NULL;
    assert_null(capture_create(probe.pid, &(struct capture_options){0}, &capture));
    struct native_unwinder *unwinder = NULL;
    assert_null(native_unwinder_create(probe.pid, &capture->maps, capture->mem, &unwinder));
    struct native_stack stack = {0};
    unsigned seed = 7;
    for (int i = 0; i < 500; i++) {
        struct user_regs_struct registers = thread_named(capture, "recursion")->registers;
        unsigned long *words = (unsigned long *)&registers;
        for (size_t n = 0; n < sizeof registers / sizeof *words; n++)
            if (rand_r(&seed) % 3 == 0)
                words[n] += (unsigned long)rand_r(&seed) % (i % 2 ? 64 : 1 << 30);
        error_destroy(native_stack_walk(unwinder, &registers, &stack));
        assert_in_range(stack.frames.count, 0, NATIVE_STACK_LIMIT);
    }
    native_stack_deinit(&stack);
    native_unwinder_destroy(unwinder);
    capture_destroy(capture);
    probe_end(&probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        probe_unit_test(test_walk_in_a_clone),
        probe_unit_test(test_walk_in_a_copy),
        probe_unit_test(test_walk_with_senseless_registers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
