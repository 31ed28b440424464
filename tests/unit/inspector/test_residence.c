// Where the resident memory is: sums that add up, whatever the heap says.
#include "inspector/analysis/residence.h"

#include "tests/support/fake_snapshot.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka.h needs what is above
#include <cmocka.h>

enum { MIB = 1 << 20 };

static void area(struct fake *heap, uint64_t begin, uint64_t bytes, uint64_t anonymous,
                 enum area_kind kind, const char *name)
{
    const struct snapshot_area row = {.begin = begin,
                                      .end = begin + bytes,
                                      .resident_bytes = bytes,
                                      .anonymous_bytes = anonymous,
                                      .kind = (uint8_t)kind};
    snapshot_builder_area(heap->builder, &row, name);
}

static uint64_t sum_of(const struct residence *r)
{
    return r->pool_bytes + r->large_bytes + r->file_bytes + r->data_bytes + r->stack_bytes +
           r->shared_bytes + r->other_bytes;
}

static void test_no_areas_are_not_known(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    fake_object(&heap, "list", 56);
    struct snapshot *s = fake_finish(&heap);
    struct residence r;
    fake_ok(residence_find(s, &r));
    assert_false(r.known);
    assert_int_equal(r.resident_bytes, 0);
    snapshot_destroy(s);
}

static void test_parts_are_told_apart(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    const uint64_t small = fake_object(&heap, "list", 56);
    const uint64_t large = fake_object(&heap, "bytes", 100000);
    assert_true(large > small);
    area(&heap, 0x400000, MIB, 4096, AREA_FILE, "/usr/bin/python3");
    area(&heap, small & ~(uint64_t)4095, 4 * MIB, 4 * MIB, AREA_HEAP, "[heap]");
    area(&heap, 0x7ffc00000000, 65536, 65536, AREA_STACK, "main");
    struct snapshot *s = fake_finish(&heap);
    struct residence r;
    fake_ok(residence_find(s, &r));
    assert_true(r.known);
    assert_int_equal(r.resident_bytes, 5 * MIB + 65536);
    assert_int_equal(sum_of(&r), r.resident_bytes);
    assert_int_equal(r.file_bytes, MIB - 4096);
    assert_int_equal(r.data_bytes, 4096);
    assert_int_equal(r.stack_bytes, 65536);
    assert_in_range(r.large_bytes, 100000, 100200); // no pools: everything is malloc's
    snapshot_destroy(s);
}

static void test_more_objects_than_memory_are_cut(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    const uint64_t large = fake_object(&heap, "bytes", 100 * MIB);
    area(&heap, large & ~(uint64_t)4095, MIB, MIB, AREA_ANONYMOUS, "");
    struct snapshot *s = fake_finish(&heap);
    struct residence r;
    fake_ok(residence_find(s, &r));
    assert_int_equal(r.large_bytes, MIB);
    assert_int_equal(r.other_bytes, 0);
    assert_int_equal(sum_of(&r), r.resident_bytes);
    snapshot_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_areas_are_not_known),
        cmocka_unit_test(test_parts_are_told_apart),
        cmocka_unit_test(test_more_objects_than_memory_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
