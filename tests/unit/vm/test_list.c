/* list: growth like CPython's, slices through the C interface, repr of a list in itself. */
#include "tests/unit/vm/vm_fixture.h"

#include "vm/memory/heap.h"
#include "vm/object/list.h"
#include "vm/object/range.h"
#include "vm/object/tuple.h"

static struct py_list *numbers(int64_t n)
{
    struct py_list *list = py_list_new(0);
    for (int64_t i = 0; i < n; i++)
        assert_int_equal(py_list_append_steal(list, py_int_from_i64(i)), 0);
    return list;
}

static void test_capacity_when_appending(void **state)
{
    (void)state;
    static const int64_t steps[] = {4, 8, 16, 24, 32, 40, 52, 64, 76, 92, 108, 128};
    struct py_list *list = py_list_new(0);
    size_t step = 0;
    for (int64_t i = 0; i < 128; i++) {
        py_list_append(list, PY_NONE);
        if (i == (step ? steps[step - 1] : 0))
            step++;
        assert_int_equal(list->capacity, steps[step - 1]);
    }
    assert_int_equal(py_object_size(PY_OBJ(list)), 56 + 8 * 128);
    py_decref(list);
}

static void test_set_slice_when_growing_and_shrinking(void **state)
{
    (void)state;
    struct py_list *list = numbers(6), *other = numbers(3);
    assert_int_equal(py_list_set_slice(list, 1, 2, PY_OBJ(other)), 0);
    assert_string_equal(vm_text(py_newref(PY_OBJ(list))), "[0, 0, 1, 2, 2, 3, 4, 5]");
    assert_int_equal(py_list_set_slice(list, 2, 100, NULL), 0);
    assert_string_equal(vm_text(py_newref(PY_OBJ(list))), "[0, 0]");
    assert_int_equal(py_list_set_slice(list, 1, 1, PY_OBJ(list)), 0);
    assert_string_equal(vm_text(PY_OBJ(list)), "[0, 0, 0, 0]");
    py_decref(other);
}

static void test_insert_when_index_is_outside(void **state)
{
    (void)state;
    struct py_list *list = numbers(2);
    py_list_insert(list, -100, PY_NONE);
    py_list_insert(list, 100, PY_TRUE);
    py_list_insert(list, -1, PY_FALSE);
    assert_string_equal(vm_text(PY_OBJ(list)), "[None, 0, 1, False, True]");
}

static void test_repr_when_list_contains_itself(void **state)
{
    (void)state;
    struct py_list *list = numbers(1);
    py_list_append(list, PY_OBJ(list));
    assert_string_equal(vm_text(py_newref(PY_OBJ(list))), "[0, [...]]");
    py_list_clear(list);
    assert_int_equal(list->base.base.refcnt, 1);
    py_decref(list);
}

static void test_steal_when_items_move(void **state)
{
    (void)state;
    struct py_object *items[2] = {vm_int("1000000"), vm_str("text")};
    struct py_list *list = py_list_from_array_steal(items, 2);
    assert_int_equal(items[0]->refcnt, 1);
    struct py_tuple *t = py_list_as_tuple(list);
    assert_int_equal(items[0]->refcnt, 2);
    py_decref(list);
    assert_string_equal(vm_text(PY_OBJ(t)), "(1000000, 'text')");
}

static void test_slice_indices_when_clipped(void **state)
{
    (void)state;
    struct py_object *minus_two = vm_int("-2");
    struct py_slice *s = (struct py_slice *)py_slice_new(NULL, NULL, minus_two);
    int64_t start, stop, step, count;
    assert_int_equal(py_slice_indices(s, &(int64_t){5}, &start, &stop, &step, &count), 0);
    assert_int_equal(start, 4);
    assert_int_equal(stop, -1);
    assert_int_equal(count, 3);
    py_decref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capacity_when_appending),
        cmocka_unit_test(test_set_slice_when_growing_and_shrinking),
        cmocka_unit_test(test_insert_when_index_is_outside),
        cmocka_unit_test(test_repr_when_list_contains_itself),
        cmocka_unit_test(test_steal_when_items_move),
        cmocka_unit_test(test_slice_indices_when_clipped),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
