// Files that are there whole or not at all, and how long is left.
#include "inspector/base/clock.h"
#include "inspector/base/outfile.h"
#include "inspector/base/progress.h"
#include "tests/support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char path[TEMP_PATH_BYTES];

static int set_up(void **state)
{
    (void)state;
    if (!temp_folder_make())
        return -1;
    temp_folder_path(path, "out");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return temp_folder_remove();
}

static void assert_content(const char *expected)
{
    char text[32] = {0};
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof text - 1, file), strlen(expected));
    fclose(file);
    assert_string_equal(text, expected);
}

static unsigned files(void)
{
    unsigned count = 0;
    DIR *folder = opendir(temp_folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static struct error *write_file(const char *text, bool keep)
{
    _cleanup_(outfile_deinit) struct outfile out = OUTFILE_NONE;
    TRY(outfile_open(&out, path, 0640));
    assert_int_equal(write(out.fd, text, strlen(text)), strlen(text));
    return keep ? outfile_keep(&out) : NULL;
}

static void test_a_kept_file_replaces_the_one_before(void **state)
{
    (void)state;
    struct stat st;
    assert_null(write_file("first", true));
    assert_content("first");
    assert_null(write_file("second, longer", true));
    assert_content("second, longer");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777 & ~0640, 0);
    assert_int_equal(files(), 1);
}

static void test_a_forgotten_file_leaves_nothing(void **state)
{
    (void)state;
    assert_null(write_file("kept", true));
    assert_null(write_file("half", false));
    assert_content("kept");
    assert_int_equal(files(), 1);
}

static void test_what_is_no_file_is_written_to(void **state)
{
    (void)state;
    _cleanup_(outfile_deinit) struct outfile out = OUTFILE_NONE;
    struct stat st;
    assert_null(outfile_open(&out, "/dev/null", 0666));
    assert_int_equal(write(out.fd, "x", 1), 1);
    assert_null(outfile_keep(&out));
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
}

static void test_a_folder_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    _cleanup_(outfile_deinit) struct outfile out = OUTFILE_NONE;
    struct error *err = outfile_open(&out, "/nonexistent/x", 0666);
    assert_non_null(err);
    assert_int_equal(err->code, ERROR_IO);
    error_destroy(err);
}

static void test_time_left_is_foretold_late_enough(void **state)
{
    (void)state;
    const struct progress progress = {.total = 1000, .begin_ns = 5 * CLOCK_NS_PER_S};
    assert_int_equal(progress_left_ns(&progress, 500, 5 * CLOCK_NS_PER_S + 1000), 0);
    assert_int_equal(progress_left_ns(&progress, 1, 60 * CLOCK_NS_PER_S), 0);
    assert_int_equal(progress_left_ns(&progress, 250, 15 * CLOCK_NS_PER_S), 30 * CLOCK_NS_PER_S);
    assert_int_equal(progress_left_ns(&progress, 1000, 15 * CLOCK_NS_PER_S), 0);
    assert_int_equal(progress_left_ns(&progress, 1100, 15 * CLOCK_NS_PER_S), 0);
    const struct progress endless = {.begin_ns = 5 * CLOCK_NS_PER_S};
    assert_int_equal(progress_left_ns(&endless, 7, 15 * CLOCK_NS_PER_S), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_kept_file_replaces_the_one_before),
        cmocka_unit_test(test_a_forgotten_file_leaves_nothing),
        cmocka_unit_test(test_what_is_no_file_is_written_to),
        cmocka_unit_test(test_a_folder_that_is_not_there_is_an_error),
        cmocka_unit_test(test_time_left_is_foretold_late_enough),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
