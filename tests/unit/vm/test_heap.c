/* The private heap: balance of pools, reuse, large blocks in place, giving memory back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vm/memory/heap.h"
#include "vm/memory/heap_inline.h"

static uint32_t random_state = 12345;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

static void test_blocks_are_aligned_and_apart(void **state)
{
    (void)state;
    char *blocks[200];
    for (size_t i = 0; i < 200; i++) {
        blocks[i] = py_mem_alloc(i * 7);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        assert_true((uintptr_t)blocks[i] < (1ull << 47));
        memset(blocks[i], (int)i, i * 7);
    }
    py_heap_check();
    for (size_t i = 0; i < 200; i++) {
        for (size_t k = 0; k < i * 7; k++)
            assert_int_equal((unsigned char)blocks[i][k], i);
        py_mem_free(blocks[i]);
    }
    py_heap_check();
}

static void test_freed_block_is_reused_at_once(void **state)
{
    (void)state;
    void *a = py_mem_alloc(48);
    py_mem_free(a);
    assert_ptr_equal(py_mem_alloc(40), a);
    py_mem_free(a);
}

static void test_kinds_never_share_a_pool(void **state)
{
    (void)state;
    void *raw = py_heap_alloc(PY_POOL_RAW, 64), *plain = py_heap_alloc(PY_POOL_PLAIN, 64);
    assert_int_equal(py_pool_of(raw)->kind, PY_POOL_RAW);
    assert_int_equal(py_pool_of(plain)->kind, PY_POOL_PLAIN);
    assert_ptr_not_equal(py_pool_of(raw), py_pool_of(plain));
    py_heap_free(raw);
    py_heap_free(plain);
}

struct piece {
    unsigned char *p;
    size_t bytes;
    unsigned char mark;
};

static void check_piece(const struct piece *piece)
{
    for (size_t i = 0; i < piece->bytes; i += piece->bytes / 16 + 1)
        assert_int_equal(piece->p[i], piece->mark);
    if (piece->bytes)
        assert_int_equal(piece->p[piece->bytes - 1], piece->mark);
}

static size_t random_size(void)
{
    switch (random_below(8)) {
    case 0:
        return 513 + random_below(20000);
    case 1:
        return 20000 + random_below(400000);
    case 2:
        return random_below(50) == 0 ? (4u << 20) + random_below(3u << 20) : 100;
    default:
        return random_below(600);
    }
}

static void test_random_traffic_keeps_balance(void **state)
{
    (void)state;
    enum { PIECES = 400, TURNS = 30000 };
    static struct piece pieces[PIECES];
    for (int turn = 0; turn < TURNS; turn++) {
        struct piece *piece = &pieces[random_below(PIECES)];
        const size_t bytes = random_size();
        if (!piece->p || random_below(3) == 0) {
            if (piece->p) {
                check_piece(piece);
                py_mem_free(piece->p);
            }
            piece->p = py_mem_alloc(bytes);
        } else {
            check_piece(piece);
            piece->p = py_mem_realloc(piece->p, bytes);
            const size_t kept = bytes < piece->bytes ? bytes : piece->bytes;
            for (size_t i = 0; i < kept; i += kept / 8 + 1)
                assert_int_equal(piece->p[i], piece->mark);
        }
        assert_non_null(piece->p);
        piece->bytes = bytes;
        piece->mark = (unsigned char)random_below(256);
        memset(piece->p, piece->mark, bytes);
        if (turn % 500 == 0)
            py_heap_check();
    }
    for (int i = 0; i < PIECES; i++) {
        py_mem_free(pieces[i].p);
        pieces[i].p = NULL;
    }
    py_heap_check();
}

static void test_empty_regions_go_back(void **state)
{
    (void)state;
    enum { COUNT = 300000 };
    void **blocks = malloc(COUNT * sizeof *blocks);
    for (int i = 0; i < COUNT; i++)
        blocks[i] = py_mem_alloc(200);
    struct py_heap_stats full, after;
    py_heap_stats(&full);
    for (int i = 0; i < COUNT; i++)
        py_mem_free(blocks[i]);
    py_heap_stats(&after);
    py_heap_check();
    assert_true(full.region_count >= 28);
    assert_true(after.region_count < full.region_count / 4);
    for (int i = 0; i < COUNT; i++)
        blocks[i] = py_mem_alloc(96);
    py_heap_check();
    for (int i = 0; i < COUNT; i++)
        py_mem_free(blocks[i]);
    free(blocks);
}

static void test_huge_block_grows_in_place_or_moves_pages(void **state)
{
    (void)state;
    size_t bytes = 5u << 20;
    uint32_t *p = py_mem_alloc(bytes);
    for (size_t i = 0; i < bytes / 4; i += 1024)
        p[i] = (uint32_t)i;
    for (int turn = 0; turn < 6; turn++) {
        const size_t more = bytes + bytes / 8;
        p = py_mem_realloc(p, more);
        assert_non_null(p);
        for (size_t i = 0; i < (5u << 20) / 4; i += 1024)
            assert_int_equal(p[i], i);
        bytes = more;
    }
    p = py_mem_realloc(p, 1000);
    assert_int_equal(p[0], 0);
    py_mem_free(p);
    py_heap_check();
}

static void test_overflowing_calloc_is_refused(void **state)
{
    (void)state;
    assert_null(py_mem_calloc(SIZE_MAX / 2, 3));
    assert_null(py_mem_alloc((size_t)1 << 60));
    unsigned char *p = py_mem_calloc(100, 9);
    for (int i = 0; i < 900; i++)
        assert_int_equal(p[i], 0);
    py_mem_free(p);
}

static void test_statistics_count_blocks(void **state)
{
    (void)state;
    struct py_heap_stats before, during;
    py_heap_stats(&before);
    const uint64_t blocks = py_heap_allocated_blocks();
    void *a = py_mem_alloc(100), *b = py_mem_alloc(5000);
    py_heap_stats(&during);
    const unsigned size_class = PY_SIZE_CLASS(100);
    assert_int_equal(during.class_used[PY_POOL_RAW][size_class],
                     before.class_used[PY_POOL_RAW][size_class] + 1);
    assert_int_equal(during.large_count, before.large_count + 1);
    assert_int_equal(py_heap_allocated_blocks(), blocks + 2);
    py_mem_free(a);
    py_mem_free(b);
    assert_int_equal(py_heap_allocated_blocks(), blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_aligned_and_apart),
        cmocka_unit_test(test_freed_block_is_reused_at_once),
        cmocka_unit_test(test_kinds_never_share_a_pool),
        cmocka_unit_test(test_random_traffic_keeps_balance),
        cmocka_unit_test(test_empty_regions_go_back),
        cmocka_unit_test(test_huge_block_grows_in_place_or_moves_pages),
        cmocka_unit_test(test_overflowing_calloc_is_refused),
        cmocka_unit_test(test_statistics_count_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
