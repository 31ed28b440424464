// Growing text, and JSON strings made of whatever bytes a target has in its names.
#include "inspector/base/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_text_when_empty(void **state)
{
    (void)state;
    struct strbuf buf;
    strbuf_init(&buf);
    assert_string_equal(strbuf_text(&buf), "");
    char *taken = strbuf_take(&buf);
    assert_string_equal(taken, "");
    free(taken);
}

static void test_add_when_it_has_to_grow(void **state)
{
    (void)state;
    struct strbuf buf;
    strbuf_init(&buf);
    for (int i = 0; i < 1000; i++)
        strbuf_addf(&buf, "%d,", i);
    assert_null(strbuf_error(&buf));
    assert_int_equal(buf.length, 10 * 2 + 90 * 3 + 900 * 4);
    assert_int_equal(strlen(buf.data), buf.length);
    assert_string_equal(buf.data + buf.length - 8, "998,999,");
    strbuf_truncate(&buf, 3);
    assert_string_equal(buf.data, "0,1");
    strbuf_pad(&buf, 0, 5);
    assert_string_equal(buf.data, "0,1  ");
    strbuf_deinit(&buf);
}

static void check_json(const char *bytes, size_t length, const char *expected)
{
    struct strbuf buf;
    strbuf_init(&buf);
    strbuf_add_json(&buf, bytes, length);
    assert_string_equal(strbuf_text(&buf), expected);
    strbuf_deinit(&buf);
}

static void test_json_when_characters_need_escapes(void **state)
{
    (void)state;
    check_json("a\"b\\c\n\t", 7, "\"a\\\"b\\\\c\\n\\t\"");
    check_json("\0\x1f\x7f", 3, "\"\\u0000\\u001f\\u007f\"");
    check_json("\xc2\x9b\xc2\xa0", 4, "\"\\u009b\xc2\xa0\"");
    check_json("", 0, "\"\"");
}

static void test_json_when_bytes_are_not_utf8(void **state)
{
    (void)state;
    check_json("gr\xc3\xbc\xc3\x9f", 6, "\"gr\xc3\xbc\xc3\x9f\"");
    check_json("\xf0\x9f\x90\x8d", 4, "\"\xf0\x9f\x90\x8d\"");
    check_json("\xc3", 1, "\"\\ufffd\"");
    check_json("\xc0\xaf", 2, "\"\\ufffd\\ufffd\"");
    check_json("\xed\xa0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\"");
    check_json("\xf5x", 2, "\"\\ufffdx\"");
}

static void check_shown(const char *text, const char *shown, const char *disarmed)
{
    struct strbuf buf;
    strbuf_init(&buf);
    strbuf_add_shown(&buf, text, strlen(text));
    assert_string_equal(strbuf_text(&buf), shown);
    strbuf_clear(&buf);
    strbuf_disarm(&buf);
    strbuf_add(&buf, text);
    strbuf_disarm(&buf);
    assert_string_equal(strbuf_text(&buf), disarmed);
    assert_int_equal(buf.length, strlen(disarmed));
    strbuf_deinit(&buf);
}

static void test_control_characters_are_not_shown(void **state)
{
    (void)state;
    check_shown("", "", "");
    check_shown("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x8d",
                "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x8d",
                "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x8d");
    check_shown("a\033[31mb\x7f\r", "a?[31mb??", "a?[31mb??");
    check_shown("a\n\tb", "a??b", "a\n\tb");
    check_shown("\xc2\x9b"
                "1m\xc2\xa0",
                "?1m\xc2\xa0", "?1m\xc2\xa0");
    check_shown("\x9b"
                "1m\xe4x\xc3",
                "?1m\xe4x\xc3", "?1m\xe4x\xc3");
    check_shown(STRBUF_BOLD "x" STRBUF_PLAIN "\033[2J\033[1", "?[1mx?[0m?[2J?[1",
                STRBUF_BOLD "x" STRBUF_PLAIN "?[2J?[1");
}

static void test_numbers_of_every_length(void **state)
{
    (void)state;
    struct strbuf buf;
    char expected[32];
    strbuf_init(&buf);
    for (uint64_t number = 1, step = 0; step < 20; step++, number *= 10)
        for (int around = -1; around <= 1; around++) {
            strbuf_clear(&buf);
            strbuf_add_number(&buf, number + (uint64_t)around);
            snprintf(expected, sizeof expected, "%llu",
                     (unsigned long long)(number + (uint64_t)around));
            assert_string_equal(strbuf_text(&buf), expected);
        }
    strbuf_clear(&buf);
    strbuf_add_number(&buf, UINT64_MAX);
    assert_string_equal(strbuf_text(&buf), "18446744073709551615");
    strbuf_deinit(&buf);
}

static void test_failed_buffer_stays_failed(void **state)
{
    (void)state;
    struct strbuf buf;
    strbuf_init(&buf);
    strbuf_add(&buf, "x");
    strbuf_add_bytes(&buf, "y", SIZE_MAX / 2);
    strbuf_add(&buf, "z");
    assert_ptr_equal(strbuf_error(&buf), &error_no_memory);
    assert_string_equal(strbuf_text(&buf), "x");
    assert_null(strbuf_take(&buf));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_when_empty),
        cmocka_unit_test(test_add_when_it_has_to_grow),
        cmocka_unit_test(test_json_when_characters_need_escapes),
        cmocka_unit_test(test_json_when_bytes_are_not_utf8),
        cmocka_unit_test(test_control_characters_are_not_shown),
        cmocka_unit_test(test_numbers_of_every_length),
        cmocka_unit_test(test_failed_buffer_stays_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
