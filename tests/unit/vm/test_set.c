/* set: table order and sizes as CPython's, reuse of dummies, hash of frozensets. */
#include "tests/unit/vm/vm_fixture.h"

#include "vm/memory/heap.h"
#include "vm/object/set.h"

static void add(struct py_set *s, int64_t v)
{
    struct py_object *o = py_int_from_i64(v);
    assert_int_equal(py_set_add(s, o), 0);
    py_decref(o);
}

static void discard(struct py_set *s, int64_t v)
{
    struct py_object *o = py_int_from_i64(v);
    assert_int_equal(py_set_discard(s, o), 1);
    py_decref(o);
}

static void test_order_when_cells_collide(void **state)
{
    (void)state;
    struct py_set *s = py_set_new(NULL);
    add(s, 1), add(s, 33), add(s, 65);
    assert_string_equal(vm_text(py_newref(PY_OBJ(s))), "{65, 1, 33}");
    discard(s, 33), add(s, 97);
    assert_string_equal(vm_text(py_newref(PY_OBJ(s))), "{65, 1, 97}");
    py_decref(s);
    s = py_set_new(NULL);
    add(s, 1), add(s, 9), add(s, 17), add(s, 2), discard(s, 1), discard(s, 9), add(s, 25);
    assert_int_equal(s->fill, 4); /* the dummy's cell was used again */
    assert_string_equal(vm_text(PY_OBJ(s)), "{2, 25, 17}");
}

static void test_size_when_growing(void **state)
{
    (void)state;
    static const struct {
        int64_t entries;
        size_t bytes;
    } rows[] = {{0, 216}, {4, 216}, {5, 728}, {18, 728}, {19, 2264}, {76, 2264}, {77, 8408}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct py_set *s = py_set_new(NULL);
        for (int64_t k = 0; k < rows[i].entries; k++)
            add(s, k);
        assert_int_equal(py_object_size(PY_OBJ(s)), rows[i].bytes);
        py_decref(s);
    }
}

static void test_hash_when_frozen(void **state)
{
    (void)state;
    struct py_set *s = py_set_new(NULL);
    struct py_set *f = py_frozenset_new(PY_OBJ(s));
    assert_int_equal(py_hash(PY_OBJ(f)), 133146708735736);
    py_decref(f);
    add(s, 1), add(s, 2);
    f = py_frozenset_new(PY_OBJ(s));
    assert_int_equal(py_hash(PY_OBJ(f)), -1826646154956904602);
    assert_int_equal(py_hash(PY_OBJ(s)), -1);
    assert_string_equal(vm_text(NULL), "TypeError: unhashable type: 'set'");
    py_decref(f);
    py_decref(s);
}

static void test_clear_when_table_is_large(void **state)
{
    (void)state;
    struct py_set *s = py_set_new(NULL);
    for (int64_t k = 1000; k < 2000; k++)
        add(s, k);
    py_set_clear(s);
    assert_int_equal(s->used, 0);
    assert_ptr_equal(s->table, s->small);
    add(s, 5);
    assert_string_equal(vm_text(PY_OBJ(s)), "{5}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_when_cells_collide),
        cmocka_unit_test(test_size_when_growing),
        cmocka_unit_test(test_hash_when_frozen),
        cmocka_unit_test(test_clear_when_table_is_large),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
