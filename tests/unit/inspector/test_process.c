// What /proc says about processes, and the sentences for those that cannot be read.
#include "inspector/proc/process.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_pid_from_text(void **state)
{
    (void)state;
    pid_t pid = 0;
    assert_null(process_parse_pid("48213", &pid));
    assert_int_equal(pid, 48213);
    static const char *const wrong[] = {"", "0", "-1", "+1", " 1", "1x", "12345678901234567890",
                                        "x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error *err = process_parse_pid(wrong[i], &pid);
        assert_non_null(err);
        assert_int_equal(error_exit_status(err), 2);
        error_destroy(err);
    }
    assert_int_equal(pid, 48213);
}

static void test_read_of_this_process(void **state)
{
    (void)state;
    struct process process;
    assert_null(process_read(&process, getpid()));
    assert_int_equal(process.pid, getpid());
    assert_int_equal(process.parent, getppid());
    assert_int_equal(process.uid, geteuid());
    assert_int_equal(process.state, 'R');
    assert_int_equal(process.thread_count, 1);
    assert_in_range(process.rss_bytes, 100000, 1u << 30);
    assert_non_null(strstr(process.exe, "process"));
    assert_true(process_still_there(getpid(), process.start_ticks));
    assert_false(process_still_there(getpid(), process.start_ticks + 1));
    assert_null(process_check_access(&process, "dump"));
}

static pid_t child_with_name(const char *name)
{
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, name);
        if (write(ends[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    return pid;
}

static void test_names_that_try_to_deceive(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"a) R 1 2 3", "a) R 1 2 3"},
                                           {"a) Z", "a) Z"},
                                           {"(((", "((("},
                                           {"tab\there\n", "tab?here?"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        pid_t pid = child_with_name(names[i][0]);
        struct process process;
        assert_null(process_read(&process, pid));
        assert_string_equal(process.name, names[i][1]);
        assert_int_equal(process.parent, getpid());
        assert_false(process_has_ended(pid));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

static void test_zombie_and_gone(void **state)
{
    (void)state;
    pid_t pid = child_with_name("soon-dead");
    struct process process;
    assert_null(process_read(&process, pid));
    kill(pid, SIGKILL);
    siginfo_t info;
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    assert_false(process_still_there(pid, process.start_ticks));
    assert_true(process_has_ended(pid));
    assert_null(process_read(&process, pid));
    struct error *err = process_check_access(&process, "dump");
    assert_int_equal(err->code, ERROR_GONE);
    assert_non_null(strstr(err->message, "(soon-dead) has ended"));
    error_destroy(err);
    waitpid(pid, NULL, 0);
    assert_true(process_has_ended(pid));
    err = process_read(&process, pid);
    assert_int_equal(err->code, ERROR_GONE);
    assert_string_equal(err->try, "brille ps");
    error_destroy(err);
}

static void test_list_has_this_process_and_no_kernel_threads(void **state)
{
    (void)state;
    struct process_vec list = {0};
    assert_null(process_list(&list));
    bool found = false;
    for (size_t i = 0; i < list.count; i++) {
        found |= list.items[i].pid == getpid();
        assert_false(list.items[i].kernel_thread);
    }
    assert_true(found);
    process_vec_deinit(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pid_from_text),
        cmocka_unit_test(test_read_of_this_process),
        cmocka_unit_test(test_names_that_try_to_deceive),
        cmocka_unit_test(test_zombie_and_gone),
        cmocka_unit_test(test_list_has_this_process_and_no_kernel_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
