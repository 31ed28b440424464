/* Operations: dispatch of operators, comparison, containers, isinstance, and their messages. */
#include "tests/unit/vm/start.h"
#include "vm/object/alias.h"

static void test_binary_messages(void **state)
{
    (void)state;
    struct py_object *one = number(1), *a = text("ab");
    assert_null(py_binary(PY_NB_SUB, one, a));
    assert_raised(&py_exc_TypeError, "unsupported operand type(s) for -: 'int' and 'str'");
    assert_null(py_inplace(PY_NB_POW, a, one));
    assert_raised(&py_exc_TypeError, "unsupported operand type(s) for **=: 'str' and 'int'");
    assert_null(py_binary(PY_NB_MUL, a, a));
    assert_raised(&py_exc_TypeError, "can't multiply sequence by non-int of type 'str'");
    assert_null(py_unary(PY_UN_ABS, a));
    assert_raised(&py_exc_TypeError, "bad operand type for abs(): 'str'");
    py_decref(a);
}

static void test_sequences_add_and_repeat(void **state)
{
    (void)state;
    struct py_object *a = text("ab"), *three = number(3);
    assert_repr_steal(py_binary(PY_NB_ADD, a, a), "'abab'");
    assert_repr_steal(py_binary(PY_NB_MUL, a, three), "'ababab'");
    assert_repr_steal(py_binary(PY_NB_MUL, three, a), "'ababab'");
    py_decref(a);
}

static void test_comparison_falls_back_to_identity(void **state)
{
    (void)state;
    struct py_type *cls = make_class("A", NULL, 0, NULL);
    struct py_object *x = py_call0(PY_OBJ(cls)), *y = py_call0(PY_OBJ(cls));
    assert_int_equal(py_richcompare_bool(x, x, PY_EQ), 1);
    assert_int_equal(py_richcompare_bool(x, y, PY_EQ), 0);
    assert_int_equal(py_richcompare_bool(x, y, PY_NE), 1);
    assert_null(py_richcompare(x, y, PY_LT));
    assert_raised(&py_exc_TypeError, "'<' not supported between instances of 'A' and 'A'");
    py_decref(y);
    py_decref(x);
    py_decref(cls);
}

static void test_containers(void **state)
{
    (void)state;
    struct py_object *one = number(1);
    assert_int_equal(py_length(one), -1);
    assert_raised(&py_exc_TypeError, "object of type 'int' has no len()");
    assert_null(py_getitem(one, one));
    assert_raised(&py_exc_TypeError, "'int' object is not subscriptable");
    assert_int_equal(py_setitem(one, one, one), -1);
    assert_raised(&py_exc_TypeError, "'int' object does not support item assignment");
    assert_null(py_iter(one));
    assert_raised(&py_exc_TypeError, "'int' object is not iterable");
    assert_int_equal(py_contains(one, one), -1);
    assert_raised(&py_exc_TypeError, "argument of type 'int' is not iterable");
    assert_null(py_getitem(PY_OBJ(&py_int_type), one));
    assert_raised(&py_exc_TypeError, "type 'int' is not subscriptable");
    assert_repr_steal(py_getitem(PY_OBJ(&py_list_type), PY_OBJ(&py_int_type)), "list[int]");
}

static void test_union_and_isinstance(void **state)
{
    (void)state;
    struct py_object *u = py_binary(PY_NB_OR, PY_OBJ(&py_int_type), PY_OBJ(&py_str_type));
    struct py_object *one = number(1), *list = PY_OBJ(py_list_new(0));
    assert_int_equal(py_isinstance(one, u), 1);
    assert_int_equal(py_isinstance(list, u), 0);
    struct py_tuple *t = py_tuple_pack(2, PY_OBJ(&py_list_type), u);
    assert_int_equal(py_isinstance(list, PY_OBJ(t)), 1);
    assert_int_equal(py_isinstance(one, one), -1);
    assert_raised(&py_exc_TypeError,
                  "isinstance() arg 2 must be a type, a tuple of types, or a union");
    assert_int_equal(py_issubclass(PY_OBJ(&py_bool_type), PY_OBJ(&py_int_type)), 1);
    py_decref(t);
    py_decref(list);
    assert_repr_steal(u, "int | str");
}

static void test_endless_recursion_is_an_error(void **state)
{
    (void)state;
    struct py_list *a = py_list_new(0), *b = py_list_new(0);
    py_list_append(a, PY_OBJ(a));
    py_list_append(b, PY_OBJ(b));
    assert_null(py_richcompare(PY_OBJ(a), PY_OBJ(b), PY_EQ));
    assert_raised(&py_exc_RecursionError, "maximum recursion depth exceeded in comparison");
    py_list_clear(a);
    py_list_clear(b);
    py_decref(a);
    py_decref(b);
}

static void test_every_count_is_explained(void **state)
{
    (void)state;
    py_gc_collect(2);
    py_gc_check_explained("test_ops");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_binary_messages),
        cmocka_unit_test(test_sequences_add_and_repeat),
        cmocka_unit_test(test_comparison_falls_back_to_identity),
        cmocka_unit_test(test_containers),
        cmocka_unit_test(test_union_and_isinstance),
        cmocka_unit_test(test_endless_recursion_is_an_error),
        cmocka_unit_test(test_every_count_is_explained),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
