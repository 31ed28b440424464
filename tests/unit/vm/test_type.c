/* Types and classes: mro, layout, slots, attributes, sizes, and that nothing leaks. */
#include "tests/unit/vm/start.h"
#include "vm/memory/heap.h"
#include "vm/object/instance.h"

#include <stdio.h>

static void test_mro_of_diamond(void **state)
{
    (void)state;
    struct py_type *a = make_class("A", NULL, 0, NULL);
    struct py_type *b = make_class("B", NULL, 1, (struct py_type *[]){a});
    struct py_type *c = make_class("C", NULL, 1, (struct py_type *[]){a});
    struct py_type *d = make_class("D", NULL, 2, (struct py_type *[]){b, c});
    assert_non_null(d);
    struct py_type *const expected[] = {d, b, c, a, &py_object_type};
    assert_int_equal(d->mro->base.size, 5);
    for (int i = 0; i < 5; i++)
        assert_ptr_equal(d->mro->items[i], expected[i]);
    py_decref(d);
    py_decref(c);
    py_decref(b);
    py_decref(a);
}

static void test_mro_conflict(void **state)
{
    (void)state;
    struct py_type *a = make_class("A", NULL, 0, NULL);
    struct py_type *b = make_class("B", NULL, 1, (struct py_type *[]){a});
    assert_null(make_class("X", NULL, 2, (struct py_type *[]){a, b}));
    assert_raised(&py_exc_TypeError,
                  "Cannot create a consistent method resolution\norder (MRO) for bases A, B");
    assert_null(make_class("X", NULL, 2, (struct py_type *[]){a, a}));
    assert_raised(&py_exc_TypeError, "duplicate base class A");
    py_decref(b);
    py_decref(a);
}

static void test_layout_conflicts(void **state)
{
    (void)state;
    assert_null(make_class("X", NULL, 2, (struct py_type *[]){&py_int_type, &py_list_type}));
    assert_raised(&py_exc_TypeError, "multiple bases have instance lay-out conflict");
    assert_null(make_class("X", NULL, 1, (struct py_type *[]){&py_bool_type}));
    assert_raised(&py_exc_TypeError, "type 'bool' is not an acceptable base type");
}

static size_t size_of_instance(struct py_type *cls)
{
    struct py_object *o = py_call0(PY_OBJ(cls));
    assert_non_null(o);
    const size_t n = py_object_size(o);
    py_decref(o);
    return n;
}

static void test_sizes_are_cpythons(void **state)
{
    (void)state;
    struct py_type *plain = make_class("A", NULL, 0, NULL);
    assert_int_equal(py_object_size(PY_OBJ(plain)), 1688);
    assert_int_equal(size_of_instance(plain), 56);
    struct py_type *list = make_class("L", NULL, 1, (struct py_type *[]){&py_list_type});
    assert_int_equal(size_of_instance(list), 80);
    struct py_type *integer = make_class("I", NULL, 1, (struct py_type *[]){&py_int_type});
    assert_int_equal(py_object_size(PY_OBJ(integer)), 920);
    assert_int_equal(size_of_instance(integer), 44);
    struct py_dict *ns = py_dict_new();
    struct py_object *name = text("a");
    py_dict_set_cstr(ns, "__slots__", name);
    struct py_type *slots = make_class("S", ns, 0, NULL);
    assert_int_equal(py_object_size(PY_OBJ(slots)), 920);
    assert_int_equal(size_of_instance(slots), 40);
    assert_int_equal(py_object_size(PY_OBJ(&py_int_type)), 424);
    py_decref(slots);
    py_decref(name);
    py_decref(ns);
    py_decref(integer);
    py_decref(list);
    py_decref(plain);
}

static void set(struct py_object *o, const char *name, int64_t n)
{
    struct py_object *v = number(n);
    assert_int_equal(py_setattr_cstr(o, name, v), 0);
    py_decref(v);
}

static void test_attributes_keep_their_order(void **state)
{
    (void)state;
    struct py_type *a = make_class("A", NULL, 0, NULL);
    struct py_object *x = py_call0(PY_OBJ(a)), *y = py_call0(PY_OBJ(a));
    set(x, "a", 1);
    set(x, "b", 2);
    set(y, "b", 2);
    set(y, "a", 1);
    assert_int_equal(py_setattr_cstr(x, "a", NULL), 0);
    set(x, "a", 3);
    assert_repr_steal(PY_OBJ(py_newref(py_object_dict(x, true))), "{'b': 2, 'a': 3}");
    assert_repr_steal(PY_OBJ(py_newref(py_object_dict(y, true))), "{'b': 2, 'a': 1}");
    set(x, "c", 4);
    assert_repr_steal(py_getattr_cstr(x, "c"), "4");
    py_decref(y);
    py_decref(x);
    py_decref(a);
}

static void test_many_attributes_move_to_a_dict(void **state)
{
    (void)state;
    struct py_type *a = make_class("A", NULL, 0, NULL);
    struct py_object *x = py_call0(PY_OBJ(a));
    char name[8];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "n%d", i);
        set(x, name, i * 1000);
    }
    assert_null(*py_values_slot(x));
    assert_non_null(*py_managed_dict_slot(x));
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "n%d", i);
        struct py_object *v = py_getattr_cstr(x, name);
        assert_int_equal(py_int_as_i64(v), i * 1000);
        py_decref(v);
    }
    py_decref(x);
    py_decref(a);
}

static void test_missing_attributes(void **state)
{
    (void)state;
    struct py_type *a = make_class("A", NULL, 0, NULL);
    struct py_object *x = py_call0(PY_OBJ(a));
    assert_null(py_getattr_cstr(x, "nope"));
    assert_raised(&py_exc_AttributeError, "'A' object has no attribute 'nope'");
    assert_null(py_getattr_cstr(PY_OBJ(a), "nope"));
    assert_raised(&py_exc_AttributeError, "type object 'A' has no attribute 'nope'");
    assert_int_equal(py_setattr_cstr(PY_OBJ(&py_int_type), "x", PY_NONE), -1);
    assert_raised(&py_exc_TypeError, "cannot set 'x' attribute of immutable type 'int'");
    assert_int_equal(py_setattr_cstr(PY_TRUE, "x", PY_NONE), -1);
    assert_raised(&py_exc_AttributeError, "'bool' object has no attribute 'x'");
    py_decref(x);
    py_decref(a);
}

static void test_slot_follows_the_class_dict(void **state)
{
    (void)state;
    struct py_type *a = make_class("A", NULL, 0, NULL);
    struct py_type *b = make_class("B", NULL, 1, (struct py_type *[]){a});
    assert_null(b->length);
    struct py_object *f = py_getattr_cstr(PY_OBJ(&py_list_type), "__len__");
    assert_int_equal(py_setattr_cstr(PY_OBJ(a), "__len__", f), 0);
    assert_non_null(a->length);
    assert_ptr_equal(a->length, b->length);
    assert_int_equal(py_setattr_cstr(PY_OBJ(a), "__len__", NULL), 0);
    assert_null(b->length);
    py_decref(f);
    py_decref(b);
    py_decref(a);
}

static void test_inherited_c_slots_stay_c(void **state)
{
    (void)state;
    struct py_type *plain = make_class("P", NULL, 0, NULL);
    struct py_type *l = make_class("L", NULL, 2, (struct py_type *[]){plain, &py_list_type});
    assert_ptr_equal(l->length, py_list_type.length);
    assert_ptr_equal(l->subscript, py_list_type.subscript);
    assert_ptr_equal(l->item, py_list_type.item);
    assert_ptr_equal(l->concat, py_list_type.concat);
    assert_null(l->binary[PY_NB_ADD]);
    assert_ptr_equal(l->richcompare, py_list_type.richcompare);
    assert_ptr_equal(l->new_, py_list_type.new_);
    assert_ptr_equal(l->init, py_list_type.init);
    py_decref(l);
    py_decref(plain);
}

static void test_version_changes_with_the_bases(void **state)
{
    (void)state;
    struct py_type *a = make_class("A", NULL, 0, NULL);
    struct py_type *b = make_class("B", NULL, 1, (struct py_type *[]){a});
    const uint32_t before = py_type_version(b);
    assert_int_not_equal(before, 0);
    assert_int_equal(before, py_type_version(b));
    set(PY_OBJ(a), "x", 1);
    assert_int_not_equal(before, py_type_version(b));
    struct py_object *o = py_call0(PY_OBJ(b));
    assert_repr_steal(py_getattr_cstr(o, "x"), "1");
    set(PY_OBJ(a), "x", 2);
    assert_repr_steal(py_getattr_cstr(o, "x"), "2");
    py_decref(o);
    py_decref(b);
    py_decref(a);
}

static void test_eq_without_hash_is_unhashable(void **state)
{
    (void)state;
    struct py_dict *ns = py_dict_new();
    struct py_object *eq = py_getattr_cstr(PY_OBJ(&py_object_type), "__eq__");
    py_dict_set_cstr(ns, "__eq__", eq);
    struct py_type *a = make_class("A", ns, 0, NULL);
    struct py_object *o = py_call0(PY_OBJ(a));
    assert_int_equal(py_hash(o), -1);
    assert_raised(&py_exc_TypeError, "unhashable type: 'A'");
    py_decref(o);
    py_decref(a);
    py_decref(eq);
    py_decref(ns);
}

static void test_classes_die_with_their_cycle(void **state)
{
    (void)state;
    py_gc_collect(2);
    const uint64_t before = py_heap_allocated_blocks();
    for (int i = 0; i < 5; i++) {
        struct py_type *a = make_class("Temporary", NULL, 0, NULL);
        struct py_object *o = py_call0(PY_OBJ(a));
        set(o, "temporary_attribute", i);
        py_decref(o);
        py_decref(a);
    }
    py_gc_collect(2);
    /* The dict of object's subclasses may have grown; nothing else stays. */
    assert_in_range(py_heap_allocated_blocks(), 0, before + 2);
}

static void test_every_count_is_explained(void **state)
{
    (void)state;
    py_gc_collect(2);
    py_gc_check_explained("test_type");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mro_of_diamond),
        cmocka_unit_test(test_mro_conflict),
        cmocka_unit_test(test_layout_conflicts),
        cmocka_unit_test(test_sizes_are_cpythons),
        cmocka_unit_test(test_attributes_keep_their_order),
        cmocka_unit_test(test_many_attributes_move_to_a_dict),
        cmocka_unit_test(test_missing_attributes),
        cmocka_unit_test(test_slot_follows_the_class_dict),
        cmocka_unit_test(test_inherited_c_slots_stay_c),
        cmocka_unit_test(test_version_changes_with_the_bases),
        cmocka_unit_test(test_eq_without_hash_is_unhashable),
        cmocka_unit_test(test_classes_die_with_their_cycle),
        cmocka_unit_test(test_every_count_is_explained),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
