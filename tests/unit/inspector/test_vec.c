// Growable arrays.
#include "inspector/base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct pair {
    uint32_t left;
    uint64_t right;
};

VEC_DEFINE(pair_vec, struct pair);

static void test_push_when_it_has_to_grow(void **state)
{
    (void)state;
    struct pair_vec vec = {0};
    for (uint32_t i = 0; i < 1000; i++)
        assert_null(pair_vec_push(&vec, (struct pair){.left = i, .right = i * UINT64_C(7)}));
    assert_int_equal(vec.count, 1000);
    assert_true(vec.capacity >= vec.count);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(vec.items[i].right, i * 7);
    assert_int_equal(pair_vec_last(&vec)->left, 999);
    pair_vec_deinit(&vec);
    assert_null(vec.items);
    assert_null(pair_vec_last(&vec));
}

static void test_extend_gives_zeroed_elements(void **state)
{
    (void)state;
    struct u64_vec vec = {0};
    assert_null(u64_vec_push(&vec, 5));
    uint64_t *first;
    assert_null(u64_vec_extend(&vec, 100, &first));
    assert_ptr_equal(first, vec.items + 1);
    for (int i = 0; i < 100; i++)
        assert_int_equal(first[i], 0);
    assert_int_equal(vec.count, 101);
    u64_vec_deinit(&vec);
}

static void test_reserve_when_the_size_overflows(void **state)
{
    (void)state;
    struct pair_vec vec = {0};
    assert_null(pair_vec_push(&vec, (struct pair){0}));
    assert_ptr_equal(pair_vec_reserve(&vec, SIZE_MAX / 4), &error_no_memory);
    assert_int_equal(vec.count, 1);
    struct pair *first;
    volatile size_t too_many = SIZE_MAX;
    assert_ptr_equal(pair_vec_extend(&vec, too_many, &first), &error_no_memory);
    pair_vec_deinit(&vec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_push_when_it_has_to_grow),
        cmocka_unit_test(test_extend_gives_zeroed_elements),
        cmocka_unit_test(test_reserve_when_the_size_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
