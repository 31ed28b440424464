/* The collector: cycles, generations, finalizers, weak references, freezing, explained counts. */
#include "tests/unit/vm/vm_fixture.h"

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/list.h"
#include "vm/object/set.h"
#include "vm/object/tuple.h"
#include "vm/object/weakref.h"

static int count_one(struct py_object *o, void *arg)
{
    (void)o;
    ++*(uint64_t *)arg;
    return 0;
}

static uint64_t objects_on_heap(void)
{
    uint64_t n = 0;
    py_heap_each_object(count_one, &n);
    return n;
}

/* A list that holds itself; one reference is returned. */
static struct py_list *self_list(void)
{
    struct py_list *l = py_list_new(0);
    assert_int_equal(py_list_append(l, PY_OBJ(l)), 0);
    return l;
}

static void test_cycle_is_collected(void **state)
{
    (void)state;
    py_gc_collect(2);
    const uint64_t before = objects_on_heap();
    py_decref(self_list());
    assert_int_equal(objects_on_heap(), before + 1);
    assert_int_equal(py_gc_collect(2), 1);
    assert_int_equal(objects_on_heap(), before);
    py_gc_check_lists();
}

static void test_reachable_cycle_survives_and_ages(void **state)
{
    (void)state;
    struct py_list *l = self_list();
    assert_int_equal(py_gc_generation_of(PY_OBJ(l)), 0);
    assert_int_equal(py_gc_collect(0), 0);
    assert_int_equal(py_gc_generation_of(PY_OBJ(l)), 1);
    py_gc_collect(1);
    assert_int_equal(py_gc_generation_of(PY_OBJ(l)), 2);
    py_gc_collect(2);
    assert_int_equal(py_gc_generation_of(PY_OBJ(l)), 2);
    py_decref(l);
    assert_int_equal(py_gc_collect(2), 1);
}

static void test_mutual_cycle_through_dict_and_tuple(void **state)
{
    (void)state;
    py_gc_collect(2);
    const uint64_t before = objects_on_heap();
    struct py_dict *d = py_dict_new();
    struct py_object *number = py_int_from_i64(123456789);
    struct py_tuple *t = py_tuple_pack(2, PY_OBJ(d), number);
    py_dict_set_cstr(d, "tuple", PY_OBJ(t));
    py_decref(number);
    py_decref(t);
    py_decref(d);
    assert_int_equal(py_gc_collect(2), 2);
    assert_true(objects_on_heap() <= before + 1); /* the interned key may stay */
}

static void test_tuple_of_atoms_is_untracked(void **state)
{
    (void)state;
    struct py_object *number = py_int_from_i64(1000);
    struct py_tuple *t = py_tuple_pack(1, number);
    py_decref(number);
    assert_true(py_gc_is_tracked(PY_OBJ(t)));
    py_gc_collect(0);
    assert_false(py_gc_is_tracked(PY_OBJ(t)));
    py_decref(t);
}

static void test_long_chain_is_freed_without_deep_recursion(void **state)
{
    (void)state;
    struct py_list *head = py_list_new(0);
    for (int i = 0; i < 300000; i++) {
        struct py_list *outer = py_list_new(0);
        py_list_append_steal(outer, PY_OBJ(head));
        head = outer;
    }
    py_decref(head);
    py_heap_check();
}

static void test_frozen_objects_are_left_alone(void **state)
{
    (void)state;
    struct py_list *l = self_list();
    py_gc_freeze();
    assert_int_equal(py_gc_generation_of(PY_OBJ(l)), 3);
    py_decref(l);
    assert_int_equal(py_gc_collect(2), 0);
    py_gc_unfreeze();
    assert_int_equal(py_gc_collect(2), 1);
}

static void test_weakref_of_garbage_is_cleared(void **state)
{
    (void)state;
    struct py_object *set = py_call0(PY_OBJ(&py_set_type));
    struct py_list *holder = py_list_new(0);
    struct py_weakref *ref = py_weakref_new(set, NULL);
    py_list_append(holder, set);
    py_list_append(holder, PY_OBJ(holder));
    py_decref(set);
    py_decref(holder);
    struct py_object *alive = py_weakref_get(ref);
    assert_ptr_equal(alive, set);
    py_decref(alive);
    assert_int_equal(py_gc_collect(2), 2);
    assert_null(py_weakref_get(ref));
    py_decref(ref);
}

static int append(struct py_object *o, void *list)
{
    return py_list_append(list, o);
}

static void test_traverse_goes_backwards_through_lists(void **state)
{
    (void)state;
    struct py_object *a = py_int_from_i64(1000), *b = py_int_from_i64(2000);
    struct py_list *l = py_list_from_array((struct py_object *[]){a, b}, 2), *seen = py_list_new(0);
    py_object_traverse(PY_OBJ(l), append, seen);
    assert_int_equal(seen->base.size, 2);
    assert_ptr_equal(seen->items[0], b);
    assert_ptr_equal(seen->items[1], a);
    py_decref(seen);
    py_decref(l);
    py_decref(a);
    py_decref(b);
}

static void test_every_count_is_explained(void **state)
{
    (void)state;
    assert_int_equal(py_gc_count_unexplained(10), 0);
    struct py_object *held = PY_OBJ(py_list_new(0));
    {
        PY_HOLD(&held);
        assert_int_equal(py_gc_count_unexplained(10), 0);
    }
    assert_int_equal(py_gc_count_unexplained(0), 1); /* a C variable is no root */
    py_decref(held);
}

static void test_counts_follow_the_rules(void **state)
{
    (void)state;
    py_gc_collect(2);
    assert_int_equal(py_gc.generations[0].count, 0);
    struct py_list *l = py_list_new(0);
    assert_int_equal(py_gc.generations[0].count, 1);
    py_decref(l);
    assert_int_equal(py_gc.generations[0].count, 0);
    py_gc_collect(0);
    assert_int_equal(py_gc.generations[1].count, 1);
    py_gc_collect(1);
    assert_int_equal(py_gc.generations[1].count, 0);
    assert_int_equal(py_gc.generations[2].count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cycle_is_collected),
        cmocka_unit_test(test_reachable_cycle_survives_and_ages),
        cmocka_unit_test(test_mutual_cycle_through_dict_and_tuple),
        cmocka_unit_test(test_tuple_of_atoms_is_untracked),
        cmocka_unit_test(test_long_chain_is_freed_without_deep_recursion),
        cmocka_unit_test(test_frozen_objects_are_left_alone),
        cmocka_unit_test(test_weakref_of_garbage_is_cleared),
        cmocka_unit_test(test_traverse_goes_backwards_through_lists),
        cmocka_unit_test(test_every_count_is_explained),
        cmocka_unit_test(test_counts_follow_the_rules),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
