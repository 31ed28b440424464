/* float: shortest text, reading, rounding, comparison with ints. */
#include "tests/unit/vm/vm_fixture.h"

#include <math.h>
#include <stdlib.h>

#include "vm/object/float.h"

static void test_repr_is_shortest(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {0.1, "0.1"},
        {3.14, "3.14"},
        {1e16, "1e+16"},
        {1e15, "1000000000000000.0"},
        {123456789012345680.0, "1.2345678901234568e+17"},
        {0.0001, "0.0001"},
        {0.00001, "1e-05"},
        {1.0 / 3, "0.3333333333333333"},
        {2.0 / 3, "0.6666666666666666"},
        {0.1 + 0.2, "0.30000000000000004"},
        {5e-324, "5e-324"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {5.684341886080802e-14, "5.684341886080802e-14"}, /* 2^-44: the gaps differ */
        {9007199254740993.0, "9007199254740992.0"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {NAN, "nan"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_string_equal(vm_text(py_float_from(rows[i].value)), rows[i].text);
}

static void test_repr_reads_back(void **state)
{
    (void)state;
    uint64_t x = 88172645463325252ull;
    for (int i = 0; i < 20000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        double d, back;
        memcpy(&d, &x, sizeof(d));
        if (i % 2)
            d = (double)(int64_t)(x >> 40) / 1000.0;
        if (!isfinite(d))
            continue;
        char *text = py_float_format(d, 'r', 0, 0);
        assert_int_equal(py_float_parse(text, strlen(text), &back), 0);
        assert_memory_equal(&d, &back, sizeof(d));
        free(text);
    }
}

static void test_parse_when_malformed(void **state)
{
    (void)state;
    static const char *const bad[] = {"",   ".",    "e5",   "1e",  "1e+",   "1__0", "_1",
                                      "1_", "1_.5", "1._5", "0x1", "1.5.2", "in",   "--1"};
    double d;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(py_float_parse(bad[i], strlen(bad[i]), &d), -1);
    static const struct {
        const char *text;
        double value;
    } good[] = {{" 1_0.5e-1\n", 1.05},    {".5", 0.5},         {"5.", 5.0},
                {"-Infinity", -INFINITY}, {"1e400", INFINITY}, {"+1E2", 100.0}};
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_int_equal(py_float_parse(good[i].text, strlen(good[i].text), &d), 0);
        assert_true(d == good[i].value);
    }
}

static struct py_object *round_to(double d, int64_t digits)
{
    struct py_object *f = py_float_from(d), *n = py_int_from_i64(digits);
    struct py_object *result = py_call_method_cstr(f, "__round__", 1, n);
    py_decref(f);
    py_decref(n);
    return result;
}

static void test_round_when_decimal_is_no_tie(void **state)
{
    (void)state;
    assert_string_equal(vm_text(round_to(2.675, 2)), "2.67"); /* really 2.67499... */
    assert_string_equal(vm_text(round_to(0.5, 0)), "0.0");
    assert_string_equal(vm_text(round_to(1.5, 0)), "2.0");
    assert_string_equal(vm_text(round_to(25.0, -1)), "20.0");
    assert_string_equal(vm_text(round_to(25.1, -1)), "30.0");
    assert_string_equal(vm_text(round_to(5.0, -1)), "0.0");
    assert_string_equal(vm_text(round_to(5.0000001, -1)), "10.0");
    assert_string_equal(vm_text(round_to(-1234.5, -2)), "-1200.0");
    assert_string_equal(vm_text(round_to(1.7e308, -308)),
                        "OverflowError: rounded value too large to represent");
}

static void test_comparison_with_ints_is_exact(void **state)
{
    (void)state;
    struct py_object *f = py_float_from(9007199254740992.0), *i = vm_int("9007199254740993");
    assert_int_equal(py_richcompare_bool(f, i, PY_EQ), 0);
    assert_int_equal(py_richcompare_bool(f, i, PY_LT), 1);
    assert_int_equal(py_richcompare_bool(i, f, PY_GT), 1);
    py_decref(f);
    py_decref(i);
    f = py_float_from(INFINITY);
    i = vm_int("1000000000000000000000000");
    assert_int_equal(py_richcompare_bool(f, i, PY_GT), 1);
    py_decref(f);
    py_decref(i);
}

static void test_division_follows_the_divisor(void **state)
{
    (void)state;
    static const struct {
        double a, b;
        const char *quotient, *remainder;
    } rows[] = {
        {7.0, -2.0, "-4.0", "-1.0"}, {-7.0, 2.0, "-4.0", "1.0"},
        {6.0, -3.0, "-2.0", "-0.0"}, {1.0, 0.1, "9.0", "0.09999999999999995"},
        {-0.0, 1.0, "-0.0", "0.0"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct py_object *a = py_float_from(rows[i].a), *b = py_float_from(rows[i].b);
        assert_string_equal(vm_text(py_binary(PY_NB_FLOORDIV, a, b)), rows[i].quotient);
        assert_string_equal(vm_text(py_binary(PY_NB_MOD, a, b)), rows[i].remainder);
        py_decref(a);
        py_decref(b);
    }
}

static void test_hash_equals_cpythons(void **state)
{
    (void)state;
    assert_int_equal(py_double_hash(0.5, NULL), 1152921504606846976);
    assert_int_equal(py_double_hash(-1.5, NULL), -1152921504606846977);
    assert_int_equal(py_double_hash(1e300, NULL), 1224995262755759164);
    assert_int_equal(py_double_hash(INFINITY, NULL), 314159);
    assert_int_equal(py_double_hash(-1.0, NULL), -2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repr_is_shortest),
        cmocka_unit_test(test_repr_reads_back),
        cmocka_unit_test(test_parse_when_malformed),
        cmocka_unit_test(test_round_when_decimal_is_no_tie),
        cmocka_unit_test(test_comparison_with_ints_is_exact),
        cmocka_unit_test(test_division_follows_the_divisor),
        cmocka_unit_test(test_hash_equals_cpythons),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
