// Errors: what is printed, which exit status follows, and that nothing leaks or needs memory.
#include "inspector/base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char *printed(const struct error *err)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    error_print(out, err);
    fclose(out);
    return text;
}

static void test_print_when_why_and_try_are_given(void **state)
{
    (void)state;
    _cleanup_error_ struct error *err = error_create(ERROR_PERMISSION, "cannot read %d", 48213);
    error_add_try(error_add_why(err, "it runs as user '%s'", "app"), "sudo brille summary 48213");
    _cleanup_free_ char *text = printed(err);
    assert_string_equal(text, "brille: cannot read 48213\n"
                              "  why: it runs as user 'app'\n"
                              "  try: sudo brille summary 48213\n");
    assert_int_equal(error_exit_status(err), 3);
}

static void test_print_when_an_address_is_known(void **state)
{
    (void)state;
    _cleanup_error_ struct error *err = error_create_fault(remote_at(0x7f00), "cannot read a type");
    _cleanup_free_ char *text = printed(err);
    assert_string_equal(text, "brille: cannot read a type (address 0x7f00)\n");
}

static void test_errno_gives_code_and_text(void **state)
{
    (void)state;
    _cleanup_error_ struct error *err = error_create_errno(EPERM, "cannot attach");
    assert_int_equal(err->code, ERROR_PERMISSION);
    assert_string_equal(err->message, "cannot attach: operation not permitted");
    _cleanup_error_ struct error *gone = error_create_errno(ESRCH, "x");
    assert_int_equal(gone->code, ERROR_GONE);
}

static void test_prefix_and_replaced_lines(void **state)
{
    (void)state;
    _cleanup_error_ struct error *err = error_create(ERROR_FORMAT, "bad header");
    error_add_prefix(err, "%s", "a.heap");
    error_add_why(err, "first");
    error_add_why(err, "second");
    assert_string_equal(err->message, "a.heap: bad header");
    assert_string_equal(err->why, "second");
}

static void test_static_error_is_never_changed_nor_freed(void **state)
{
    (void)state;
    struct error *err = error_add_prefix(&error_no_memory, "x");
    assert_ptr_equal(error_add_why(error_add_try(err, "y"), "z"), &error_no_memory);
    assert_null(error_no_memory.why);
    error_destroy(err);
    assert_string_equal(error_no_memory.message, "out of memory");
}

static void test_null_is_success(void **state)
{
    (void)state;
    error_destroy(NULL);
    assert_null(error_add_why(NULL, "x"));
    assert_int_equal(error_exit_status(NULL), 0);
}

static void test_every_code_has_a_status_and_a_name(void **state)
{
    (void)state;
#define X(name, status, meaning)                                   \
    {                                                              \
        struct error err = {.code = ERROR_##name};                 \
        assert_int_equal(error_exit_status(&err), status);         \
        assert_string_equal(error_code_name(ERROR_##name), #name); \
        assert_in_range(status, 1, 3);                             \
    }
#include "inspector/base/errors.def"
#undef X
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print_when_why_and_try_are_given),
        cmocka_unit_test(test_print_when_an_address_is_known),
        cmocka_unit_test(test_errno_gives_code_and_text),
        cmocka_unit_test(test_prefix_and_replaced_lines),
        cmocka_unit_test(test_static_error_is_never_changed_nor_freed),
        cmocka_unit_test(test_null_is_success),
        cmocka_unit_test(test_every_code_has_a_status_and_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
