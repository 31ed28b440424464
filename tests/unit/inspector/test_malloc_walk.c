// malloc's heap written down byte by byte, read back by size; and then with lies in it.
#include "inspector/target/malloc_walk.h"

#include "tests/support/fake_snapshot.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
// cmocka.h needs what is above
#include <cmocka.h>

enum { HEAP_BYTES = 0x2000, HEAP_WORDS = HEAP_BYTES / 8, MMAPPED_BYTES = 0x3000 };

#define HEAP_BEGIN    UINT64_C(0x555500000000)
#define MMAPPED_BEGIN UINT64_C(0x7f1200000000)

static const char maps_text[] = "555500000000-555500002000 rw-p 00000000 00:00 0 [heap]\n"
                                "7f1200000000-7f1200003000 rw-p 00000000 00:00 0 \n";

// Used, used, in the thread's cache, free, used, top.
static void fill(uint64_t *heap)
{
    memset(heap, 0, HEAP_BYTES);
    heap[1] = 0x290 | 1;
    ((uint16_t *)(heap + 2))[0] = 1; // of 32 bytes
    heap[0x290 / 8 + 1] = 0x30 | 1;
    heap[0x2c0 / 8 + 1] = 0x20 | 1;
    heap[0x2e0 / 8 + 1] = 0x40 | 1;
    heap[0x320 / 8 + 1] = 0x100 | 0;
    heap[0x420 / 8 + 1] = (HEAP_BYTES - 0x420) | 1;
}

static struct snapshot *walk(const uint64_t *heap, const uint64_t *mmapped)
{
    struct capture capture = {0};
    struct fake made = fake_begin();
    maps_init(&capture.maps);
    fake_ok(maps_parse(&capture.maps, maps_text, sizeof maps_text - 1));
    fake_ok(mem_buffer_create(&capture.mem));
    fake_ok(mem_buffer_add(capture.mem, remote_at(HEAP_BEGIN), heap, HEAP_BYTES));
    fake_ok(mem_buffer_add(capture.mem, remote_at(MMAPPED_BEGIN), mmapped, MMAPPED_BYTES));
    target_add_blocks(&capture, made.builder);
    mem_source_destroy(capture.mem);
    maps_deinit(&capture.maps);
    return fake_finish(&made);
}

static struct snapshot_block block_of(const struct snapshot *s, uint64_t bytes)
{
    for (uint32_t i = 0; i < s->block_count; i++)
        if (s->blocks[i].bytes == bytes)
            return s->blocks[i];
    return (struct snapshot_block){0};
}

static void test_blocks_are_counted_by_size(void **state)
{
    (void)state;
    static uint64_t heap[HEAP_WORDS], mmapped[MMAPPED_BYTES / 8];
    fill(heap);
    mmapped[1] = MMAPPED_BYTES | 2;
    struct snapshot *s = walk(heap, mmapped);
    assert_int_equal(s->block_count, 7);
    assert_int_equal(block_of(s, 0x290).used, 1);
    assert_int_equal(block_of(s, 0x30).used, 1);
    assert_int_equal(block_of(s, 0x20).used, 0);
    assert_int_equal(block_of(s, 0x20).free, 1);
    assert_int_equal(block_of(s, 0x40).free, 1);
    assert_int_equal(block_of(s, 0x100).used, 1);
    assert_int_equal(block_of(s, HEAP_BYTES - 0x420).free, 1);
    assert_int_equal(block_of(s, MMAPPED_BYTES).used, 1);
    snapshot_destroy(s);
}

static void test_another_malloc_gives_no_rows(void **state)
{
    (void)state;
    static uint64_t heap[HEAP_WORDS], mmapped[MMAPPED_BYTES / 8];
    memset(heap, 0x5a, sizeof heap);
    struct snapshot *s = walk(heap, mmapped);
    assert_int_equal(s->block_count, 0);
    snapshot_destroy(s);
}

static void test_damaged_heads_end_the_walk(void **state)
{
    (void)state;
    static uint64_t heap[HEAP_WORDS], mmapped[MMAPPED_BYTES / 8];
    srand(1);
    for (int round = 0; round < 2000; round++) {
        fill(heap);
        mmapped[1] = MMAPPED_BYTES | 2;
        for (int lies = 0; lies < 3; lies++) {
            const uint64_t lie = (uint64_t)rand() << (rand() % 40);
            if (rand() % 4)
                heap[rand() % (0x440 / 8)] = lie;
            else
                mmapped[rand() % 4] = lie;
        }
        struct snapshot *s = walk(heap, mmapped);
        for (uint32_t i = 0; i < s->block_count; i++)
            assert_true(s->blocks[i].used + s->blocks[i].free <= HEAP_BYTES / 16);
        snapshot_destroy(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_counted_by_size),
        cmocka_unit_test(test_another_malloc_gives_no_rows),
        cmocka_unit_test(test_damaged_heads_end_the_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
