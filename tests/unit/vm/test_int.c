/* int: arithmetic at limb borders, Python's division, two's complement, text, bytes, hash. */
#include "tests/unit/vm/vm_fixture.h"

#include "vm/object/float.h"

static const char *binary(const char *a, enum py_binary_op op, const char *b)
{
    struct py_object *x = vm_int(a), *y = vm_int(b);
    const char *text = vm_text(py_binary(op, x, y));
    py_decref(x);
    py_decref(y);
    return text;
}

static void test_arithmetic_when_limbs_carry(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        enum py_binary_op op;
        const char *b, *result;
    } rows[] = {
        {"9223372036854775807", PY_NB_ADD, "1", "9223372036854775808"},
        {"-9223372036854775807", PY_NB_SUB, "2", "-9223372036854775809"},
        {"18446744073709551615", PY_NB_ADD, "1", "18446744073709551616"},
        {"18446744073709551616", PY_NB_SUB, "1", "18446744073709551615"},
        {"18446744073709551616", PY_NB_SUB, "18446744073709551616", "0"},
        {"4294967296", PY_NB_MUL, "4294967296", "18446744073709551616"},
        {"-4294967296", PY_NB_MUL, "4294967296", "-18446744073709551616"},
        {"0", PY_NB_MUL, "-340282366920938463463374607431768211456", "0"},
        {"7", PY_NB_FLOORDIV, "-2", "-4"},
        {"-7", PY_NB_MOD, "2", "1"},
        {"7", PY_NB_MOD, "-2", "-1"},
        {"-1", PY_NB_FLOORDIV, "18446744073709551616", "-1"},
        {"-1", PY_NB_MOD, "18446744073709551616", "18446744073709551615"},
        {"-340282366920938463463374607431768211457", PY_NB_FLOORDIV, "18446744073709551616",
         "-18446744073709551617"},
        {"-340282366920938463463374607431768211457", PY_NB_MOD, "18446744073709551616",
         "18446744073709551615"},
        {"100000000000000000000", PY_NB_TRUEDIV, "3", "3.333333333333333e+19"},
        {"1", PY_NB_TRUEDIV, "0", "ZeroDivisionError: division by zero"},
        {"1", PY_NB_FLOORDIV, "0", "ZeroDivisionError: integer division or modulo by zero"},
        {"1", PY_NB_MOD, "0", "ZeroDivisionError: integer modulo by zero"},
        {"-3", PY_NB_POW, "5", "-243"},
        {"2", PY_NB_POW, "100", "1267650600228229401496703205376"},
        {"2", PY_NB_POW, "-1", "0.5"},
        {"1", PY_NB_LSHIFT, "64", "18446744073709551616"},
        {"-18446744073709551617", PY_NB_RSHIFT, "64", "-2"},
        {"-18446744073709551616", PY_NB_RSHIFT, "64", "-1"},
        {"-5", PY_NB_RSHIFT, "1000", "-1"},
        {"1", PY_NB_LSHIFT, "-1", "ValueError: negative shift count"},
        {"-1", PY_NB_AND, "18446744073709551615", "18446744073709551615"},
        {"-18446744073709551616", PY_NB_OR, "1", "-18446744073709551615"},
        {"-18446744073709551616", PY_NB_XOR, "18446744073709551616", "-36893488147419103232"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_string_equal(binary(rows[i].a, rows[i].op, rows[i].b), rows[i].result);
}

static void test_small_ints_are_shared(void **state)
{
    (void)state;
    for (int64_t v = PY_SMALL_MIN; v <= PY_SMALL_MAX; v++) {
        struct py_object *o = py_int_from_i64(v);
        assert_ptr_equal(o, &py_small_ints[v - PY_SMALL_MIN]);
        assert_true(py_is_immortal(o));
        assert_int_equal(py_int_as_i64(o), v);
    }
    struct py_object *big = py_int_from_i64(257);
    assert_false(py_is_immortal(big));
    py_decref(big);
    assert_ptr_equal(py_bool_from(true), PY_TRUE);
}

static void test_text_when_invalid(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "_1", "1_", "1__0", "0x", "012", "12a", "- 1", "0b2"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_null(py_int_from_text(bad[i], strlen(bad[i]), 0));
        assert_true(py_error_matches(&py_exc_ValueError));
        py_error_clear();
    }
    assert_string_equal(vm_text(vm_int(" -0xFF_ff ")), "-65535");
    assert_string_equal(vm_text(vm_int("0o17")), "15");
    assert_string_equal(vm_text(vm_int("00_0")), "0");
}

static void test_text_when_limited(void **state)
{
    (void)state;
    struct py_object *ten = vm_int("10"), *n = vm_int("5000");
    struct py_object *big = py_binary(PY_NB_POW, ten, n);
    assert_non_null(big);
    assert_null(py_repr(big));
    assert_true(py_error_matches(&py_exc_ValueError));
    py_error_clear();
    struct py_object *hex = py_int_to_text(big, 16);
    assert_non_null(hex);
    py_decref(hex);
    py_decref(big);
}

static void test_hash_equals_cpythons(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int64_t hash;
    } rows[] = {
        {"0", 0},
        {"-1", -2},
        {"-2", -2},
        {"2305843009213693951", 0},
        {"2305843009213693952", 1},
        {"18446744073709551616", 8},
        {"-18446744073709551616", -8},
        {"340282366920938463463374607431768211455", 63},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct py_object *o = vm_int(rows[i].value);
        assert_int_equal(py_hash(o), rows[i].hash);
        py_decref(o);
    }
    assert_int_equal(py_double_hash(0.5, NULL), 1152921504606846976);
}

static void test_bytes_round_trip(void **state)
{
    (void)state;
    static const char *const values[] = {"0",
                                         "127",
                                         "-128",
                                         "128",
                                         "-129",
                                         "65535",
                                         "18446744073709551615",
                                         "-170141183460469231731687303715884105728"};
    uint8_t bytes[17];
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
        for (int little = 0; little < 2; little++) {
            struct py_object *o = vm_int(values[i]);
            assert_int_equal(py_int_to_bytes(o, bytes, 17, little, true), 0);
            assert_string_equal(vm_text(py_int_from_bytes(bytes, 17, little, true)), values[i]);
            py_decref(o);
        }
    struct py_object *o = vm_int("128");
    assert_int_equal(py_int_to_bytes(o, bytes, 1, true, true), -1);
    assert_true(py_error_matches(&py_exc_OverflowError));
    py_error_clear();
    assert_int_equal(py_int_to_bytes(o, bytes, 1, true, false), 0);
    assert_int_equal(bytes[0], 128);
    py_decref(o);
}

static void test_double_conversion_rounds_half_even(void **state)
{
    (void)state;
    struct py_object *o = vm_int("9007199254740993"); /* 2^53 + 1: a tie */
    assert_true(py_int_as_double(o) == 9007199254740992.0);
    py_decref(o);
    o = vm_int("9007199254740995");
    assert_true(py_int_as_double(o) == 9007199254740996.0);
    py_decref(o);
    o = py_int_from_double(-1e300);
    assert_true(py_int_as_double(o) == -1e300);
    py_decref(o);
    o = py_int_from_double(18446744073709551616.0);
    assert_string_equal(vm_text(o), "18446744073709551616");
}

static void test_getsizeof_as_thirty_bit_digits(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int64_t size;
    } rows[] = {{"0", 28}, {"1073741823", 28}, {"1073741824", 32}, {"1152921504606846976", 36}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct py_object *o = vm_int(rows[i].value);
        assert_int_equal(py_int_type.size_of(o), rows[i].size);
        py_decref(o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arithmetic_when_limbs_carry),
        cmocka_unit_test(test_small_ints_are_shared),
        cmocka_unit_test(test_text_when_invalid),
        cmocka_unit_test(test_text_when_limited),
        cmocka_unit_test(test_hash_equals_cpythons),
        cmocka_unit_test(test_bytes_round_trip),
        cmocka_unit_test(test_double_conversion_rounds_half_even),
        cmocka_unit_test(test_getsizeof_as_thirty_bit_digits),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
