/* dict: order, sizes and growth, deletion and popitem, versions, tracking, merging. */
#include "tests/unit/vm/vm_fixture.h"

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/list.h"

static struct py_dict *with_texts(int64_t n)
{
    struct py_dict *d = py_dict_new();
    for (int64_t i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "key%ld", (long)i);
        struct py_object *value = py_int_from_i64(i);
        assert_int_equal(py_dict_set_cstr(d, name, value), 0);
        py_decref(value);
    }
    return d;
}

static void test_size_when_growing(void **state)
{
    (void)state;
    static const struct {
        int64_t entries;
        size_t bytes;
    } rows[] = {{0, 64}, {1, 184}, {5, 184}, {6, 272}, {10, 272}, {11, 464}, {21, 464}, {22, 832}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct py_dict *d = with_texts(rows[i].entries);
        assert_int_equal(py_object_size(PY_OBJ(d)), rows[i].bytes);
        py_decref(d);
    }
}

static void test_table_when_a_key_is_no_text(void **state)
{
    (void)state;
    struct py_dict *d = with_texts(3);
    assert_false(d->keys->general);
    struct py_object *key = vm_int("7");
    assert_int_equal(py_dict_set(d, key, PY_NONE), 0);
    assert_true(d->keys->general);
    assert_ptr_equal(py_dict_get(d, key), PY_NONE);
    assert_string_equal(vm_text(PY_OBJ(d)), "{'key0': 0, 'key1': 1, 'key2': 2, 7: None}");
}

static void test_order_when_deleting_and_adding(void **state)
{
    (void)state;
    struct py_dict *d = with_texts(4);
    assert_int_equal(py_dict_del(d, PY_OBJ(py_str_const("key1"))), 0);
    assert_int_equal(py_dict_set_cstr(d, "key1", PY_NONE), 0);
    assert_int_equal(py_dict_del(d, PY_OBJ(py_str_const("nowhere"))), -1);
    assert_true(py_error_matches(&py_exc_KeyError));
    py_error_clear();
    assert_string_equal(vm_text(py_newref(PY_OBJ(d))),
                        "{'key0': 0, 'key2': 2, 'key3': 3, 'key1': None}");
    struct py_object *last = py_call_method_cstr(PY_OBJ(d), "popitem", 0);
    assert_string_equal(vm_text(last), "('key1', None)");
    py_dict_clear(d);
    assert_int_equal(py_object_size(PY_OBJ(d)), 64);
    py_decref(d);
}

static void test_versions_when_changed(void **state)
{
    (void)state;
    struct py_dict *d = with_texts(2);
    const uint32_t keys_version = py_dict_keys_version(d);
    const uint64_t version = d->version;
    assert_int_not_equal(keys_version, 0);
    const int64_t entry = py_dict_find_entry(d, py_str_const("key1"));
    assert_int_equal(entry, 1);
    py_dict_set_cstr(d, "key1", PY_NONE); /* a value: the keys stay */
    assert_int_equal(py_dict_keys_version(d), keys_version);
    assert_int_not_equal(d->version, version);
    py_dict_set_cstr(d, "new", PY_NONE);
    assert_int_not_equal(py_dict_keys_version(d), keys_version);
    py_decref(d);
}

static void test_tracking_when_a_container_enters(void **state)
{
    (void)state;
    struct py_dict *d = with_texts(2);
    assert_false(py_gc_is_tracked(PY_OBJ(d)));
    struct py_list *list = py_list_new(0);
    py_dict_set_cstr(d, "list", PY_OBJ(list));
    py_decref(list);
    assert_true(py_gc_is_tracked(PY_OBJ(d)));
    assert_int_equal(py_dict_del(d, PY_OBJ(py_str_const("list"))), 0);
    py_dict_maybe_untrack(d);
    assert_false(py_gc_is_tracked(PY_OBJ(d)));
    py_decref(d);
}

static void test_merge_when_keys_repeat(void **state)
{
    (void)state;
    struct py_dict *a = with_texts(2), *b = py_dict_new();
    py_dict_set_cstr(b, "key1", PY_TRUE);
    py_dict_set_cstr(b, "other", PY_NONE);
    assert_int_equal(py_dict_merge(a, PY_OBJ(b), 0), 0);
    assert_string_equal(vm_text(py_newref(PY_OBJ(a))), "{'key0': 0, 'key1': 1, 'other': None}");
    assert_int_equal(py_dict_merge(a, PY_OBJ(b), 1), 0);
    assert_string_equal(vm_text(py_newref(PY_OBJ(a))), "{'key0': 0, 'key1': True, 'other': None}");
    assert_int_equal(py_dict_merge(a, PY_OBJ(b), 2), -1);
    assert_string_equal(vm_text(NULL), "KeyError: 'key1'");
    py_decref(a);
    py_decref(b);
}

static void test_lookup_when_many_keys_come_and_go(void **state)
{
    (void)state;
    enum { KEYS = 500 };
    struct py_dict *d = py_dict_new();
    int64_t model[KEYS];
    memset(model, 0xff, sizeof model);
    uint64_t seed = 1;
    for (int64_t step = 0; step < 50000; step++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        const int64_t i = (int64_t)((seed >> 33) % KEYS);
        struct py_object *key = py_int_from_i64(i * 7919), *value = py_int_from_i64(step);
        if ((seed >> 20) % 3 == 0 && model[i] >= 0) {
            assert_int_equal(py_dict_del(d, key), 0);
            model[i] = -1;
        } else {
            assert_int_equal(py_dict_set(d, key, value), 0);
            model[i] = step;
        }
        py_decref(key);
        py_decref(value);
    }
    int64_t live = 0;
    for (int64_t i = 0; i < KEYS; i++) {
        struct py_object *key = py_int_from_i64(i * 7919), *value = py_dict_get(d, key);
        assert_int_equal(value ? py_int_as_i64(value) : -1, model[i]);
        live += model[i] >= 0;
        py_decref(key);
    }
    assert_int_equal(d->used, live);
    py_decref(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size_when_growing),
        cmocka_unit_test(test_table_when_a_key_is_no_text),
        cmocka_unit_test(test_order_when_deleting_and_adding),
        cmocka_unit_test(test_versions_when_changed),
        cmocka_unit_test(test_tracking_when_a_container_enters),
        cmocka_unit_test(test_merge_when_keys_repeat),
        cmocka_unit_test(test_lookup_when_many_keys_come_and_go),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
