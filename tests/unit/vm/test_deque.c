/* deque: the invariant of the two ends against a plain array, bounded length, rotation. */
#include "tests/unit/vm/vm_fixture.h"

#include "vm/memory/heap.h"
#include "vm/object/deque.h"

#define MODEL_MAX 4096

static int64_t model[MODEL_MAX];
static int64_t model_size;

static void check(struct py_deque *d)
{
    assert_int_equal(d->base.size, model_size);
    int64_t blocks = 0;
    for (const struct py_deque_block *b = d->left_block; b; b = b->right_link)
        blocks++;
    assert_int_equal(d->left - 1 + d->base.size, PY_DEQUE_BLOCK * (blocks - 1) + d->right);
    struct py_deque_block *b = d->left_block;
    int64_t at = d->left;
    for (int64_t i = 0; i < model_size; i++)
        assert_int_equal(py_int_as_i64(py_deque_walk(&b, &at)), model[i]);
}

static void shift_model(int64_t by)
{
    memmove(model + (by > 0 ? by : 0), model + (by < 0 ? -by : 0),
            (size_t)(by < 0 ? model_size + by : model_size) * sizeof *model);
}

static void test_ends_when_used_at_random(void **state)
{
    (void)state;
    struct py_deque *d = py_deque_new(-1);
    uint64_t seed = 9;
    model_size = 0;
    for (int64_t step = 0; step < 20000; step++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        const unsigned op = (seed >> 33) % 9;
        struct py_object *o = py_int_from_i64(step), *got = NULL;
        if (op < 3 && model_size < MODEL_MAX - 1) {
            assert_int_equal(py_deque_append(d, o), 0);
            model[model_size++] = step;
        } else if (op < 5 && model_size < MODEL_MAX - 1) {
            assert_int_equal(py_deque_append_left(d, o), 0);
            shift_model(1);
            model[0] = step;
            model_size++;
        } else if (op < 7 && model_size > 0) {
            got = py_deque_pop(d);
            assert_int_equal(py_int_as_i64(got), model[--model_size]);
        } else if (model_size > 0) {
            got = py_deque_pop_left(d);
            assert_int_equal(py_int_as_i64(got), model[0]);
            shift_model(-1);
            model_size--;
        } else {
            assert_null(py_deque_pop(d));
            assert_false(py_error_occurred());
        }
        py_xdecref(got);
        py_decref(o);
        if (step % 97 == 0)
            check(d);
    }
    check(d);
    py_deque_clear(d);
    model_size = 0;
    check(d);
    assert_int_equal(py_object_size(PY_OBJ(d)), 760);
    py_decref(d);
}

static void test_length_when_bounded(void **state)
{
    (void)state;
    struct py_deque *d = py_deque_new(3);
    for (int64_t i = 0; i < 5; i++) {
        struct py_object *o = py_int_from_i64(i);
        py_deque_append(d, o);
        py_decref(o);
    }
    assert_string_equal(vm_text(py_newref(PY_OBJ(d))), "deque([2, 3, 4], maxlen=3)");
    py_deque_append_left(d, PY_NONE);
    struct py_object *one = vm_int("1");
    py_xdecref(py_call_method_cstr(PY_OBJ(d), "rotate", 1, one));
    assert_string_equal(vm_text(PY_OBJ(d)), "deque([3, None, 2], maxlen=3)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends_when_used_at_random),
        cmocka_unit_test(test_length_when_bounded),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
