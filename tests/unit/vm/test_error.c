/* Exceptions: raising, context, OSError's subclasses, texts, restoring. */
#include "tests/unit/vm/vm_fixture.h"

#include <errno.h>

#include "vm/object/exc.h"
#include "vm/object/tuple.h"

static void test_raise_makes_an_instance_with_text(void **state)
{
    (void)state;
    assert_null(py_raise(&py_exc_ValueError, "bad %s %d", "thing", 7));
    assert_true(py_error_matches(&py_exc_ValueError));
    assert_true(py_error_matches(&py_exc_Exception));
    assert_false(py_error_matches(&py_exc_TypeError));
    assert_string_equal(vm_text(NULL), "ValueError: bad thing 7");
    assert_false(py_error_occurred());
}

static void test_handled_exception_becomes_context(void **state)
{
    (void)state;
    struct py_thread *thread = py_thread_current();
    struct py_object *first = py_exc_make(&py_exc_KeyError, NULL, 0);
    struct py_exc_item item = {.value = first, .prev = thread->handled};
    thread->handled = &item;
    py_raise(&py_exc_ValueError, "second");
    thread->handled = item.prev;
    struct py_object *second = py_error_fetch();
    assert_ptr_equal(((struct py_exc *)second)->context, first);
    /* Raised again while the second is handled: the chain is cut, no ring. */
    item.value = second;
    thread->handled = &item;
    py_raise_instance(first);
    thread->handled = item.prev;
    assert_ptr_equal(((struct py_exc *)first)->context, second);
    assert_null(((struct py_exc *)second)->context);
    py_error_clear();
    py_decref(second);
    py_decref(first);
}

static void test_chain_context_keeps_the_replaced_one(void **state)
{
    (void)state;
    py_raise(&py_exc_KeyError, "old");
    struct py_object *old = py_error_fetch();
    py_raise(&py_exc_ValueError, "new");
    py_error_chain_context(old);
    struct py_object *e = py_error_fetch();
    assert_ptr_equal(((struct py_exc *)e)->context, old);
    py_decref(e);
}

static void test_os_error_becomes_its_subclass(void **state)
{
    (void)state;
    struct py_object *name = vm_str("/nowhere");
    py_raise_os_error(ENOENT, name);
    struct py_object *e = py_error_fetch();
    assert_ptr_equal(py_typeof(e), &py_exc_FileNotFoundError);
    assert_int_equal(((struct py_exc *)e)->args->base.size, 2);
    assert_string_equal(vm_text(e), "[Errno 2] No such file or directory: '/nowhere'");
    py_decref(name);
    assert_ptr_equal(py_exc_os_error_type(EPERM), &py_exc_PermissionError);
    assert_ptr_equal(py_exc_os_error_type(12345), &py_exc_OSError);
}

static void test_key_error_shows_repr(void **state)
{
    (void)state;
    struct py_object *key = vm_str("k");
    py_raise_key_error(key);
    py_decref(key);
    assert_string_equal(vm_text(NULL), "KeyError: 'k'");
}

static void test_stop_iteration_carries_its_value(void **state)
{
    (void)state;
    struct py_object *value = py_int_from_i64(4711), *got = NULL;
    py_raise_stop_iteration(value);
    assert_int_equal(py_error_catch_stop_iteration(&got), 1);
    assert_ptr_equal(got, value);
    py_decref(got);
    py_decref(value);
    py_raise(&py_exc_ValueError, "x");
    assert_int_equal(py_error_catch_stop_iteration(&got), 0);
    py_error_clear();
}

static void test_attribute_error_knows_object_and_name(void **state)
{
    (void)state;
    struct py_object *o = py_int_from_i64(5), *name = vm_str("nope");
    py_raise_attribute(o, name);
    struct py_object *e = py_error_fetch();
    assert_ptr_equal(((struct py_exc_attribute_error *)e)->obj, o);
    assert_ptr_equal(((struct py_exc_attribute_error *)e)->name, name);
    assert_string_equal(vm_text(e), "'int' object has no attribute 'nope'");
    py_decref(name);
}

static void test_only_exceptions_can_be_raised(void **state)
{
    (void)state;
    assert_null(py_exc_instantiate(PY_OBJ(&py_int_type), NULL));
    assert_string_equal(vm_text(NULL), "TypeError: exceptions must derive from BaseException");
}

static void test_sizes_are_those_of_cpython(void **state)
{
    (void)state;
    assert_int_equal(py_exc_ValueError.basicsize + 16, 88);
    assert_int_equal(py_exc_OSError.basicsize + 16, 128);
    assert_int_equal(py_exc_SyntaxError.basicsize + 16, 152);
    assert_int_equal(py_exc_ImportError.basicsize + 16, 112);
    assert_int_equal(py_exc_AttributeError.basicsize + 16, 104);
    assert_int_equal(py_exc_NameError.basicsize + 16, 96);
    assert_int_equal(py_exc_UnicodeDecodeError.basicsize + 16, 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raise_makes_an_instance_with_text),
        cmocka_unit_test(test_handled_exception_becomes_context),
        cmocka_unit_test(test_chain_context_keeps_the_replaced_one),
        cmocka_unit_test(test_os_error_becomes_its_subclass),
        cmocka_unit_test(test_key_error_shows_repr),
        cmocka_unit_test(test_stop_iteration_carries_its_value),
        cmocka_unit_test(test_attribute_error_knows_object_and_name),
        cmocka_unit_test(test_only_exceptions_can_be_raised),
        cmocka_unit_test(test_sizes_are_those_of_cpython),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
