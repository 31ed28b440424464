/* The GIL: hand-over on request, forced switching, blocking sections, thread structs. */
#include "tests/unit/vm/vm_fixture.h"

#include <time.h>
#include <unistd.h>

#include "tracer/abi/control.h"
#include "vm/probe/probe.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/thread.h"

static int progress;
static int stop;

/* Runs until told to stop, giving the GIL up when asked. */
static void spin(void *arg)
{
    (void)arg;
    struct py_thread *self = py_thread_current();
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        __atomic_add_fetch(&progress, 1, __ATOMIC_RELAXED);
        if (py_eval_breaker())
            assert_int_equal(py_safepoint(self), 0);
    }
}

static int thread_count(void)
{
    int n = 0;
    for (const struct py_thread *t = py_runtime.threads; t; t = t->next)
        n++;
    return n;
}

static void wait_for_threads(int n)
{
    for (int i = 0; i < 5000 && thread_count() != n; i++) {
        py_allow_threads_begin();
        usleep(1000);
        py_allow_threads_end();
    }
    assert_int_equal(thread_count(), n);
}

static void test_waiter_gets_the_lock_within_the_interval(void **state)
{
    (void)state;
    stop = 0;
    progress = 0;
    assert_true(py_thread_start(spin, NULL, true) != 0);
    wait_for_threads(2);
    for (int turn = 0; turn < 5; turn++) {
        /* Blocking lets the spinner run; coming back makes it let go. */
        const int before = __atomic_load_n(&progress, __ATOMIC_RELAXED);
        py_allow_threads_begin();
        for (int i = 0; i < 5000 && __atomic_load_n(&progress, __ATOMIC_RELAXED) == before; i++)
            usleep(1000);
        py_allow_threads_end();
        assert_true(__atomic_load_n(&progress, __ATOMIC_RELAXED) > before);
        assert_ptr_equal(py_gil.holder, py_thread_current());
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    wait_for_threads(1);
}

static void test_yield_lets_another_thread_run(void **state)
{
    (void)state;
    stop = 0;
    progress = 0;
    assert_true(py_thread_start(spin, NULL, true) != 0);
    wait_for_threads(2);
    struct py_thread *self = py_thread_current();
    for (int turn = 0; turn < 5; turn++) {
        while (__atomic_load_n(&py_gil.waiters, __ATOMIC_RELAXED) == 0) {
            py_allow_threads_begin();
            py_allow_threads_end();
        }
        const uint64_t seq = py_gil.seq;
        py_gil_yield(self);
        assert_true(py_gil.seq >= seq + 2); /* theirs, then ours */
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    wait_for_threads(1);
}

static void test_yield_without_waiters_keeps_the_lock(void **state)
{
    (void)state;
    const uint64_t seq = py_gil.seq;
    py_eval_break(EVAL_BREAK_GIL_DROP);
    py_gil_yield(py_thread_current());
    assert_int_equal(py_gil.seq, seq);
    assert_int_equal(py_eval_breaker() & EVAL_BREAK_GIL_DROP, 0);
}

static void test_threads_have_names_and_stacks(void **state)
{
    (void)state;
    const struct py_thread *self = py_thread_current();
    assert_string_equal(self->name, "MainThread");
    assert_ptr_equal(py_runtime.main_thread, self);
    assert_int_equal(self->gil_state, PY_GIL_HOLDING);
    assert_true(self->regs_limit - self->regs == PY_STACK_REGISTERS);
    assert_int_equal(self->tid, getpid());
}

static void test_recursion_is_bounded(void **state)
{
    (void)state;
    int depth = 0;
    while (py_enter_recursion(" in a test") == 0)
        depth++;
    assert_true(depth > 900 && depth <= PY_RECURSION_LIMIT);
    assert_true(py_error_matches(&py_exc_RecursionError));
    while (depth-- > 0)
        py_leave_recursion();
    assert_string_equal(vm_text(NULL),
                        "RecursionError: maximum recursion depth exceeded in a test");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_have_names_and_stacks),
        cmocka_unit_test(test_yield_without_waiters_keeps_the_lock),
        cmocka_unit_test(test_waiter_gets_the_lock_within_the_interval),
        cmocka_unit_test(test_yield_lets_another_thread_run),
        cmocka_unit_test(test_recursion_is_bounded),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
