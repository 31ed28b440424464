/* Descriptors: C methods and attributes, wrappers, property, classmethod, mappingproxy, modules. */
#include "tests/unit/vm/start.h"
#include "vm/object/descr.h"
#include "vm/object/func.h"
#include "vm/object/module.h"

static void test_c_descriptors(void **state)
{
    (void)state;
    struct py_object *one = number(1), *list = PY_OBJ(&py_list_type);
    struct py_object *append = py_getattr_cstr(list, "append");
    assert_null(py_call0(append));
    assert_raised(&py_exc_TypeError, "unbound method list.append() needs an argument");
    assert_null(py_call1(append, one));
    assert_raised(&py_exc_TypeError,
                  "descriptor 'append' for 'list' objects doesn't apply to a 'int' object");
    assert_repr_steal(append, "<method 'append' of 'list' objects>");
    struct py_object *add = py_getattr_cstr(list, "__add__");
    assert_null(py_call1(add, one));
    assert_raised(&py_exc_TypeError,
                  "descriptor '__add__' requires a 'list' object but received a 'int'");
    assert_repr_steal(add, "<slot wrapper '__add__' of 'list' objects>");
    assert_int_equal(py_setattr_cstr(one, "real", one), -1);
    assert_raised(&py_exc_AttributeError, "attribute 'real' of 'int' objects is not writable");
}

static void test_wrapper_bound_to_an_object(void **state)
{
    (void)state;
    struct py_object *five = number(5);
    struct py_object *add = py_getattr_cstr(five, "__add__"),
                     *again = py_getattr_cstr(five, "__add__");
    assert_int_equal(py_richcompare_bool(add, again, PY_EQ), 1);
    assert_int_equal(py_hash(add), py_hash(again));
    assert_repr_steal(py_call1(add, five), "10");
    assert_null(py_call0(add));
    assert_raised(&py_exc_TypeError, "expected 1 argument, got 0");
    py_decref(again);
    py_decref(add);
}

static void test_property_says_whose_it_is(void **state)
{
    (void)state;
    struct py_object *p = py_call0(PY_OBJ(&py_property_type));
    struct py_dict *ns = py_dict_new();
    py_dict_set_cstr(ns, "x", p);
    struct py_type *cls = make_class("A", ns, 0, NULL);
    struct py_object *o = py_call0(PY_OBJ(cls));
    assert_null(py_getattr_cstr(o, "x"));
    assert_raised(&py_exc_AttributeError, "property 'x' of 'A' object has no getter");
    assert_int_equal(py_setattr_cstr(o, "x", PY_NONE), -1);
    assert_raised(&py_exc_AttributeError, "property 'x' of 'A' object has no setter");
    assert_int_equal(py_setattr_cstr(o, "x", NULL), -1);
    assert_raised(&py_exc_AttributeError, "property 'x' of 'A' object has no deleter");
    py_decref(o);
    py_decref(cls);
    py_decref(ns);
    py_decref(p);
}

static void test_classmethod_and_staticmethod(void **state)
{
    (void)state;
    struct py_object *type_of = py_newref(PY_OBJ(&py_type_type));
    struct py_object *repr = py_getattr_cstr(PY_OBJ(&py_object_type), "__repr__");
    struct py_object *s = py_staticmethod_new(type_of);
    struct py_dict *ns = py_dict_new();
    py_dict_set_cstr(ns, "s", s);
    struct py_type *cls = make_class("A", ns, 0, NULL);
    assert_repr_steal(py_getattr_cstr(PY_OBJ(cls), "s"), "<class 'type'>");
    assert_repr_steal(py_newref(s), "<staticmethod(<class 'type'>)>");
    py_decref(cls);
    py_decref(ns);
    py_decref(s);
    py_decref(repr);
}

static void test_mappingproxy_is_read_only(void **state)
{
    (void)state;
    struct py_dict *d = py_dict_new();
    py_dict_set_cstr(d, "a", PY_NONE);
    struct py_object *p = py_mappingproxy_new(PY_OBJ(d));
    struct py_object *key = text("a");
    assert_int_equal(py_length(p), 1);
    assert_int_equal(py_contains(p, key), 1);
    assert_int_equal(py_setitem(p, key, key), -1);
    assert_raised(&py_exc_TypeError, "'mappingproxy' object does not support item assignment");
    assert_repr_steal(p, "mappingproxy({'a': None})");
    py_decref(key);
    py_decref(d);
}

static void test_modules(void **state)
{
    (void)state;
    struct py_module *m = py_module_new("m", "text");
    assert_int_equal(py_setattr_cstr(PY_OBJ(m), "x", PY_TRUE), 0);
    assert_repr_steal(py_getattr_cstr(PY_OBJ(m), "x"), "True");
    assert_repr_steal(py_getattr_cstr(PY_OBJ(m), "__doc__"), "'text'");
    assert_null(py_getattr_cstr(PY_OBJ(m), "y"));
    assert_raised(&py_exc_AttributeError, "module 'm' has no attribute 'y'");
    assert_repr_steal(PY_OBJ(m), "<module 'm'>");
}

static void test_cells_compare_by_content(void **state)
{
    (void)state;
    struct py_object *empty = py_cell_new(NULL), *full = py_cell_new(PY_TRUE);
    assert_int_equal(py_richcompare_bool(empty, full, PY_LT), 1);
    assert_null(py_getattr_cstr(empty, "cell_contents"));
    assert_raised(&py_exc_ValueError, "Cell is empty");
    assert_repr_steal(py_getattr_cstr(full, "cell_contents"), "True");
    py_decref(full);
    py_decref(empty);
}

static void test_every_count_is_explained(void **state)
{
    (void)state;
    py_gc_collect(2);
    py_gc_check_explained("test_descr");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_c_descriptors),
        cmocka_unit_test(test_wrapper_bound_to_an_object),
        cmocka_unit_test(test_property_says_whose_it_is),
        cmocka_unit_test(test_classmethod_and_staticmethod),
        cmocka_unit_test(test_mappingproxy_is_read_only),
        cmocka_unit_test(test_modules),
        cmocka_unit_test(test_cells_compare_by_content),
        cmocka_unit_test(test_every_count_is_explained),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
