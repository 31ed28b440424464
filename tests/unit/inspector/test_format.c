// Numbers as people read them; the table is the specification.
#include "inspector/base/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_bytes(void **state)
{
    (void)state;
    assert_string_equal(format_bytes(0).text, "0 B");
    assert_string_equal(format_bytes(80).text, "80 B");
    assert_string_equal(format_bytes(1023).text, "1023 B");
    assert_string_equal(format_bytes(1024).text, "1.00 KiB");
    assert_string_equal(format_bytes(922 * 1024).text, "922 KiB");
    assert_string_equal(format_bytes(81 * 1048576).text, "81.0 MiB");
    assert_string_equal(format_bytes(1048575).text, "1.00 MiB");
    assert_string_equal(format_bytes(UINT64_C(1202590843)).text, "1.12 GiB");
    assert_string_equal(format_bytes(UINT64_MAX).text, "16.0 EiB");
    assert_string_equal(format_bytes_change(-212 * INT64_C(1048576)).text, "-212 MiB");
}

static void test_counts(void **state)
{
    (void)state;
    assert_string_equal(format_count(0).text, "0");
    assert_string_equal(format_count(999).text, "999");
    assert_string_equal(format_count(1204118).text, "1,204,118");
    assert_string_equal(format_count(UINT64_MAX).text, "18,446,744,073,709,551,615");
    assert_string_equal(format_short_count(3000000).text, "3.0 M");
    assert_string_equal(format_change(214310).text, "+214,310");
    assert_string_equal(format_change(-2).text, "-2");
    assert_string_equal(format_change(0).text, ".");
    assert_string_equal(format_change(INT64_MIN).text, "-9,223,372,036,854,775,808");
}

static void test_times(void **state)
{
    (void)state;
    assert_string_equal(format_time_ns(0).text, "0 ns");
    assert_string_equal(format_time_ns(1500).text, "1.5 us");
    assert_string_equal(format_time_ns(700000).text, "0.70 ms");
    assert_string_equal(format_time_ns(2600000).text, "2.60 ms");
    assert_string_equal(format_time_ns(41200000).text, "41 ms");
    assert_string_equal(format_time_ns(999600000).text, "1.00 s");
    assert_string_equal(format_time_ns(UINT64_C(602000000000)).text, "10 m 02 s");
}

static void test_shares(void **state)
{
    (void)state;
    assert_string_equal(format_share(713, 1000).text, "71.3 %");
    assert_string_equal(format_share(1, 100000).text, "<0.1 %");
    assert_string_equal(format_share(0, 10).text, "0.0 %");
    assert_string_equal(format_share(10, 10).text, "100 %");
    assert_string_equal(format_share(1, 0).text, "-");
}

static void test_moments(void **state)
{
    (void)state;
    assert_string_equal(format_utc(0).text, "1970-01-01 00:00:00 UTC");
    assert_string_equal(format_address(0x7f3a9c0d4e80).text, "0x7f3a9c0d4e80");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),  cmocka_unit_test(test_counts),  cmocka_unit_test(test_times),
        cmocka_unit_test(test_shares), cmocka_unit_test(test_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
