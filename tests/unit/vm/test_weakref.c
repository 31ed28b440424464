/* Weak references: sharing, order, callbacks, proxies, detaching. */
#include "tests/unit/vm/vm_fixture.h"

#include "vm/object/list.h"
#include "vm/object/set.h"
#include "vm/object/weakref.h"
#include "vm/object/weakref_internal.h"

static void test_plain_references_are_shared(void **state)
{
    (void)state;
    struct py_object *set = py_call0(PY_OBJ(&py_set_type));
    struct py_weakref *a = py_weakref_new(set, NULL), *b = py_weakref_new(set, NULL);
    assert_ptr_equal(a, b);
    assert_int_equal(a->base.refcnt, 2);
    py_decref(b);
    py_decref(set);
    assert_null(py_weakref_get(a));
    py_decref(a);
}

static void test_callback_references_stand_behind_newest_first(void **state)
{
    (void)state;
    struct py_object *set = py_call0(PY_OBJ(&py_set_type));
    struct py_object *callback = PY_OBJ(&py_list_type);
    struct py_weakref *first = py_weakref_new(set, callback);
    struct py_weakref *second = py_weakref_new(set, callback);
    struct py_weakref *plain = py_weakref_new(set, NULL);
    struct py_weakref *proxy = py_weakref_make(&py_weakproxy_type, set, NULL);
    const struct py_weakref *expected[] = {plain, proxy, second, first};
    const struct py_weakref *r = *py_weakref_list(set);
    for (int i = 0; i < 4; i++, r = r->next)
        assert_ptr_equal(r, expected[i]);
    assert_null(r);
    py_decref(first);
    py_decref(second);
    py_decref(plain);
    py_decref(proxy);
    assert_null(*py_weakref_list(set));
    py_decref(set);
}

static void test_callback_runs_after_all_are_cleared(void **state)
{
    (void)state;
    struct py_object *set = py_call0(PY_OBJ(&py_set_type));
    struct py_list *calls = py_list_new(0);
    struct py_object *append = py_getattr_cstr(PY_OBJ(calls), "append");
    struct py_weakref *a = py_weakref_new(set, append), *b = py_weakref_new(set, append);
    py_decref(set);
    assert_int_equal(calls->base.size, 2);
    assert_ptr_equal(calls->items[0], b);
    assert_ptr_equal(calls->items[1], a);
    assert_null(py_weakref_get(a));
    py_decref(append);
    py_decref(a);
    py_decref(b);
    py_decref(calls);
}

static void test_dead_reference_does_not_call_back(void **state)
{
    (void)state;
    struct py_object *set = py_call0(PY_OBJ(&py_set_type));
    struct py_list *calls = py_list_new(0);
    struct py_object *append = py_getattr_cstr(PY_OBJ(calls), "append");
    struct py_weakref *a = py_weakref_new(set, append);
    py_decref(a);
    py_decref(set);
    assert_int_equal(calls->base.size, 0);
    py_decref(append);
    py_decref(calls);
}

static void test_ints_have_no_weak_references(void **state)
{
    (void)state;
    struct py_object *n = py_int_from_i64(100000);
    assert_null(py_weakref_new(n, NULL));
    assert_string_equal(vm_text(NULL), "TypeError: cannot create weak reference to 'int' object");
    py_decref(n);
}

static void test_dead_proxy_raises(void **state)
{
    (void)state;
    struct py_object *set = py_call0(PY_OBJ(&py_set_type));
    struct py_weakref *proxy = py_weakref_make(&py_weakproxy_type, set, NULL);
    assert_int_equal(py_length(PY_OBJ(proxy)), 0);
    py_decref(set);
    assert_int_equal(py_length(PY_OBJ(proxy)), -1);
    assert_string_equal(vm_text(NULL), "ReferenceError: weakly-referenced object no longer exists");
    py_decref(proxy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_references_are_shared),
        cmocka_unit_test(test_callback_references_stand_behind_newest_first),
        cmocka_unit_test(test_callback_runs_after_all_are_cleared),
        cmocka_unit_test(test_dead_reference_does_not_call_back),
        cmocka_unit_test(test_ints_have_no_weak_references),
        cmocka_unit_test(test_dead_proxy_raises),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
