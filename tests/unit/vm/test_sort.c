/* list.sort: order and stability over many shapes and key types, and errors on the way. */
#include "tests/unit/vm/vm_fixture.h"

#include "vm/object/dict.h"
#include "vm/object/float.h"
#include "vm/object/list.h"
#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"

enum shape { RANDOM, ASCENDING, DESCENDING, NEARLY_SORTED, FEW_VALUES, SAWTOOTH, SHAPE_COUNT };
enum key_type { INTEGERS, FLOATS, TEXTS, BIG_INTEGERS, TUPLES, KEY_TYPE_COUNT };

static uint64_t seed;

static int64_t random_below(int64_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((seed >> 33) % (uint64_t)n);
}

static int64_t value_of(enum shape shape, int64_t i, int64_t n)
{
    switch (shape) {
    case RANDOM:
        return random_below(n + 1);
    case ASCENDING:
        return i;
    case DESCENDING:
        return n - i;
    case NEARLY_SORTED:
        return random_below(20) ? i : random_below(n + 1);
    case FEW_VALUES:
        return random_below(3);
    default:
        return i % 37;
    }
}

static struct py_object *make_key(enum key_type type, int64_t v)
{
    char text[64];
    switch (type) {
    case INTEGERS:
        return py_int_from_i64(v);
    case FLOATS:
        return py_float_from((double)v / 2);
    case TEXTS:
        snprintf(text, sizeof text, "%08lx", (long)v);
        return vm_str(text);
    case BIG_INTEGERS:
        snprintf(text, sizeof text, "10000000000000000000000%08ld", (long)v);
        return vm_int(text);
    default: {
        struct py_object *a = py_int_from_i64(v / 5), *b = py_int_from_i64(v % 5);
        struct py_object *pair = PY_OBJ(py_tuple_pack(2, a, b));
        py_decref(a);
        py_decref(b);
        return pair;
    }
    }
}

/* Pairs (key, position): sorted by key alone, positions of equal keys must keep their order. */
static void check_sorted(const struct py_list *list, bool reverse)
{
    for (int64_t i = 0; i + 1 < list->base.size; i++) {
        const struct py_tuple *a = (struct py_tuple *)list->items[i];
        const struct py_tuple *b = (struct py_tuple *)list->items[i + 1];
        const int wrong = reverse ? py_richcompare_bool(a->items[0], b->items[0], PY_LT)
                                  : py_richcompare_bool(b->items[0], a->items[0], PY_LT);
        assert_int_equal(wrong, 0);
        if (py_richcompare_bool(a->items[0], b->items[0], PY_EQ) == 1)
            assert_int_equal(py_richcompare_bool(a->items[1], b->items[1], PY_LT), 1);
    }
}

static void sort_one(enum shape shape, enum key_type type, int64_t n, bool reverse)
{
    struct py_object *getter = NULL;
    struct py_list *list = py_list_new(0);
    PY_HOLD(&list);
    PY_HOLD(&getter);
    for (int64_t i = 0; i < n; i++) {
        struct py_object *pair[2] = {make_key(type, value_of(shape, i, n)), py_int_from_i64(i)};
        py_list_append_steal(list, PY_OBJ(py_tuple_from_array_steal(pair, 2)));
    }

    struct py_object *builtins = PY_OBJ(py_runtime.builtins);
    struct py_object *held[3] = {py_getitem(builtins, PY_OBJ(py_str_const("eval"))),
                                 vm_str("lambda pair: pair[0]"), PY_OBJ(py_dict_new())};
    PY_HOLD_N(held, 3);
    getter = py_call2(held[0], held[1], held[2]);
    assert_non_null(getter);
    assert_int_equal(py_list_sort(list, getter, reverse), 0);
    assert_int_equal(list->base.size, n);
    check_sorted(list, reverse);
    py_clear(getter);
    for (int i = 0; i < 3; i++)
        py_clear(held[i]);
    py_clear(list);
}

static void test_sort_when_shapes_and_types_vary(void **state)
{
    (void)state;
    static const int64_t sizes[] = {0, 1, 2, 3, 31, 32, 33, 63, 64, 65, 129, 1000, 3000};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (int shape = 0; shape < SHAPE_COUNT; shape++)
            for (int type = 0; type < KEY_TYPE_COUNT; type++) {
                sort_one(shape, type, sizes[k], false);
                sort_one(shape, type, sizes[k], true);
            }
}

static void test_sort_when_a_comparison_fails(void **state)
{
    (void)state;
    struct py_list *list = py_list_new(0);
    for (int64_t i = 0; i < 100; i++)
        py_list_append_steal(list, i == 90 ? vm_str("odd") : py_int_from_i64(1000 - i));
    assert_int_equal(py_list_sort(list, NULL, false), -1);
    assert_true(py_error_matches(&py_exc_TypeError));
    py_error_clear();
    assert_int_equal(list->base.size, 100);
    int64_t texts = 0;
    for (int64_t i = 0; i < 100; i++)
        texts += py_str_check(list->items[i]);
    assert_int_equal(texts, 1); /* a permutation: nothing lost, nothing doubled */
    py_decref(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sort_when_shapes_and_types_vary),
        cmocka_unit_test(test_sort_when_a_comparison_fails),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
