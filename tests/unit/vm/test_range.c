/* range: lengths at the borders of int64_t, membership, equality, both iterators. */
#include "tests/unit/vm/vm_fixture.h"

#include "vm/object/list.h"
#include "vm/object/range.h"

static struct py_object *range3(const char *start, const char *stop, const char *step)
{
    struct py_object *args[3] = {vm_int(start), vm_int(stop), vm_int(step)};
    struct py_object *r = py_call(PY_OBJ(&py_range_type), args, 3, NULL);
    for (int i = 0; i < 3; i++)
        py_decref(args[i]);
    return r;
}

static const char *listed(const char *start, const char *stop, const char *step)
{
    struct py_object *r = range3(start, stop, step);
    const char *text = vm_text(r ? PY_OBJ(py_list_from_iterable(r)) : NULL);
    py_xdecref(r);
    return text;
}

static void test_values_when_bounds_are_extreme(void **state)
{
    (void)state;
    assert_string_equal(listed("0", "10", "3"), "[0, 3, 6, 9]");
    assert_string_equal(listed("5", "-5", "-4"), "[5, 1, -3]");
    assert_string_equal(listed("1", "1", "1"), "[]");
    assert_string_equal(listed("9223372036854775805", "9223372036854775809", "1"),
                        "[9223372036854775805, 9223372036854775806, 9223372036854775807, "
                        "9223372036854775808]");
    assert_string_equal(
        listed("-9223372036854775808", "9223372036854775807", "9223372036854775807"),
        "[-9223372036854775808, -1, 9223372036854775806]");
    assert_string_equal(listed("0", "1", "0"), "ValueError: range() arg 3 must not be zero");
}

static void test_length_when_it_is_large(void **state)
{
    (void)state;
    struct py_object *r = range3("0", "18446744073709551616", "1");
    assert_int_equal(py_length(r), -1);
    assert_string_equal(vm_text(NULL),
                        "OverflowError: Python int too large to convert to C ssize_t");
    struct py_object *last = vm_int("-1"), *item = py_getitem(r, last);
    assert_string_equal(vm_text(item), "18446744073709551615");
    py_decref(last);
    py_decref(r);
}

static void test_membership_and_equality(void **state)
{
    (void)state;
    struct py_object *a = range3("0", "3", "2"), *b = range3("0", "4", "2");
    assert_int_equal(py_richcompare_bool(a, b, PY_EQ), 1);
    assert_int_equal(py_hash(a), py_hash(b));
    struct py_object *two = vm_int("2"), *one = vm_int("1");
    assert_int_equal(py_contains(a, two), 1);
    assert_int_equal(py_contains(a, one), 0);
    assert_int_equal(py_contains(a, PY_NONE), 0);
    py_decref(a);
    py_decref(b);
}

static void test_iterator_when_small(void **state)
{
    (void)state;
    struct py_object *r = range3("3", "6", "1"), *it = py_iter(r);
    assert_ptr_equal(it->type, &py_range_iter_type);
    assert_string_equal(vm_text(py_next(it)), "3");
    assert_int_equal(py_length_hint(it, -5), 2);
    assert_string_equal(vm_text(PY_OBJ(py_list_from_iterable(it))), "[4, 5]");
    assert_null(py_next(it));
    assert_false(py_error_occurred());
    py_decref(it);
    py_decref(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_when_bounds_are_extreme),
        cmocka_unit_test(test_length_when_it_is_large),
        cmocka_unit_test(test_membership_and_equality),
        cmocka_unit_test(test_iterator_when_small),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
