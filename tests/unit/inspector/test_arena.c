// The arena: alignment, zeroing, oversized requests, and its balance equation.
#include "inspector/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_alloc_is_aligned_zeroed_and_stays(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    unsigned char *blocks[3000];
    for (size_t i = 0; i < 3000; i++) {
        blocks[i] = arena_alloc(&arena, i % 97);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        for (size_t byte = 0; byte < i % 97; byte++)
            assert_int_equal(blocks[i][byte], 0);
        memset(blocks[i], (int)i & 0xff, i % 97);
    }
    for (size_t i = 1; i < 3000; i++)
        if (i % 97)
            assert_int_equal(blocks[i][i % 97 - 1], i & 0xff);
    arena_deinit(&arena);
    assert_null(arena.head);
}

static void test_alloc_when_larger_than_a_chunk(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    char *small = arena_strdup(&arena, "before");
    char *large = arena_alloc(&arena, 1 << 20);
    char *after = arena_strdup(&arena, "after");
    memset(large, 'x', 1 << 20);
    assert_string_equal(small, "before");
    assert_string_equal(after, "after");
    // The large block did not end the current chunk.
    assert_ptr_equal(after, small + 16);
    assert_int_equal(arena.allocated_bytes, (1 << 20) + 32);
    arena_deinit(&arena);
}

static void test_alloc_when_the_size_overflows(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc_array(&arena, SIZE_MAX / 2, 4));
    assert_string_equal(arena_strndup(&arena, "hello", 2), "he");
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc_is_aligned_zeroed_and_stays),
        cmocka_unit_test(test_alloc_when_larger_than_a_chunk),
        cmocka_unit_test(test_alloc_when_the_size_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
