// The builder: order, duplicates, dangling and late references, shapes, explained counts.
#include "inspector/model/addrmap.h"
#include "inspector/model/builder.h"
#include "tests/support/fake_snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint32_t plain_type(struct snapshot_builder *b)
{
    return snapshot_builder_type(
        b, &(struct builder_type){.address = 0x100, .name = "thing", .module = "builtins"});
}

static void add(struct snapshot_builder *b, uint64_t address, uint64_t refcount)
{
    snapshot_builder_object(
        b, &(struct builder_object){
               .address = address, .size_bytes = 16, .refcount = refcount, .type = plain_type(b)});
}

static struct snapshot *finish(struct snapshot_builder *b)
{
    struct snapshot *s = NULL;
    fake_ok(snapshot_builder_finish(b, &s));
    snapshot_builder_destroy(b);
    snapshot_check(s);
    return s;
}

static void test_objects_are_sorted_when_added_in_any_order(void **state)
{
    (void)state;
    struct snapshot_builder *b;
    fake_ok(snapshot_builder_create(&b));
    add(b, 0x5000, 3);
    snapshot_builder_edge(b, 0x1000, EDGE_ITEM, CLASS_TRAVERSED, edge_name_index(0));
    snapshot_builder_edge(b, 0x700000003000, EDGE_ITEM, CLASS_TRAVERSED, edge_name_index(1));
    add(b, 0x1000, 1);
    add(b, 0x700000003000, 2);
    snapshot_builder_edge_named(b, 0x5000, EDGE_ATTRIBUTE, CLASS_OWNED, "owner");
    struct snapshot *s = finish(b);
    assert_int_equal(s->object_count, 3);
    assert_int_equal(s->reference_count, 3);
    assert_int_equal(snapshot_address(s, 0), 0x1000);
    assert_int_equal(snapshot_address(s, 1), 0x5000);
    assert_int_equal(snapshot_address(s, 2), 0x700000003000);
    assert_int_equal(s->refcount[1], 3);
    assert_int_equal(s->explained[1], 1);
    assert_int_equal(snapshot_unexplained(s, 1), 2);
    struct edge edge;
    struct edge_iter it = snapshot_edges(s, 1);
    assert_true(edge_iter_next(&it, &edge));
    assert_int_equal(edge.target, 0);
    assert_true(edge_name_is_index(edge.name));
    assert_true(edge_iter_next(&it, &edge));
    assert_int_equal(edge.target, 2);
    assert_int_equal(edge_name_value(edge.name), 1);
    assert_false(edge_iter_next(&it, &edge));
    it = snapshot_edges(s, 2);
    assert_true(edge_iter_next(&it, &edge));
    assert_string_equal(snapshot_string(s, edge.name), "owner");
    assert_int_equal(edge.class, CLASS_OWNED);
    snapshot_destroy(s);
}

static void test_duplicate_object_is_dropped_with_its_edges(void **state)
{
    (void)state;
    struct snapshot_builder *b;
    fake_ok(snapshot_builder_create(&b));
    add(b, 0x1000, 1);
    add(b, 0x1000, 9);
    snapshot_builder_edge(b, 0x1000, EDGE_ITEM, CLASS_TRAVERSED, edge_name_index(0));
    add(b, 0x1003, 9);
    snapshot_builder_edge(b, 0x1000, EDGE_ITEM, CLASS_TRAVERSED, edge_name_index(0));
    struct snapshot *s = finish(b);
    assert_int_equal(s->object_count, 1);
    assert_int_equal(s->refcount[0], 1);
    assert_int_equal(s->reference_count, 0);
    assert_int_equal(s->info.duplicate_object_count, 2);
    snapshot_destroy(s);
}

static void test_dangling_references_leave_and_are_counted(void **state)
{
    (void)state;
    struct snapshot_builder *b;
    fake_ok(snapshot_builder_create(&b));
    add(b, 0x1000, 1);
    for (unsigned i = 0; i < 4; i++) // targets 1 and 3 exist
        snapshot_builder_edge(b, i % 2 ? 0x2000 : 0x9990 + i, EDGE_ITEM, CLASS_TRAVERSED,
                              edge_name_index(i));
    add(b, 0x2000, 2);
    snapshot_builder_root(b, &(struct builder_root){.target = 0x7777000, .kind = ROOT_STATIC});
    struct snapshot *s = finish(b);
    assert_int_equal(s->reference_count, 2);
    assert_int_equal(s->root_count, 0);
    assert_int_equal(s->info.dangling_reference_count, 3);
    struct edge edge;
    struct edge_iter it = snapshot_edges(s, 0);
    assert_true(edge_iter_next(&it, &edge));
    assert_int_equal(edge_name_value(edge.name), 1);
    assert_true(edge_iter_next(&it, &edge));
    assert_int_equal(edge_name_value(edge.name), 3);
    assert_int_equal(s->explained[1], 2);
    snapshot_destroy(s);
}

static void test_late_edges_come_behind_the_others(void **state)
{
    (void)state;
    struct snapshot_builder *b;
    fake_ok(snapshot_builder_create(&b));
    snapshot_builder_edge_from(b, 0x1000, 0x2000, EDGE_SLOT, CLASS_TRAVERSED, EDGE_NAME_NONE);
    snapshot_builder_edge_from(b, 0x1008, 0x2000, EDGE_SLOT, CLASS_TRAVERSED, EDGE_NAME_NONE);
    snapshot_builder_edge_from(b, 0x9000, 0x2000, EDGE_SLOT, CLASS_TRAVERSED, EDGE_NAME_NONE);
    add(b, 0x1000, 1);
    snapshot_builder_edge(b, 0x1000, EDGE_ITEM, CLASS_TRAVERSED, edge_name_index(7));
    add(b, 0x2000, 1);
    struct snapshot *s = finish(b);
    assert_int_equal(s->reference_count, 2);
    assert_int_equal(s->info.dangling_reference_count, 2);
    struct edge edge;
    struct edge_iter it = snapshot_edges(s, 0);
    assert_true(edge_iter_next(&it, &edge));
    assert_int_equal(edge_name_value(edge.name), 7);
    assert_true(edge_iter_next(&it, &edge));
    assert_int_equal(edge.kind, EDGE_SLOT);
    assert_int_equal(edge.target, 1);
    snapshot_destroy(s);
}

static void test_big_sizes_and_counts_are_kept(void **state)
{
    (void)state;
    struct snapshot_builder *b;
    fake_ok(snapshot_builder_create(&b));
    for (unsigned i = 0; i < 5; i++)
        snapshot_builder_object(
            b, &(struct builder_object){.address = 0x9000 - i * 0x100,
                                        .size_bytes = i % 2 ? (UINT64_C(5) << 32) + i : i,
                                        .refcount = UINT64_MAX,
                                        .type = plain_type(b)});
    struct snapshot *s = finish(b);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(snapshot_size(s, 4 - i), i % 2 ? (UINT64_C(5) << 32) + i : i);
    assert_int_equal(s->refcount[0], UINT32_MAX);
    snapshot_destroy(s);
}

static void test_shapes_are_shared_and_long_lists_are_one_run(void **state)
{
    (void)state;
    struct snapshot_builder *b;
    fake_ok(snapshot_builder_create(&b));
    for (uint64_t i = 0; i < 100; i++) {
        add(b, 0x1000 + i * 16, 1);
        snapshot_builder_edge_named(b, 0x1000, EDGE_KEY, CLASS_TRAVERSED, "'a'");
        snapshot_builder_edge_named(b, 0x1000, EDGE_VALUE, CLASS_TRAVERSED, "'a'");
        snapshot_builder_edge_named(b, 0x1000, EDGE_WEAK, CLASS_WEAK, NULL);
    }
    add(b, 0x100000, 1);
    for (uint64_t i = 0; i < 100000; i++)
        snapshot_builder_edge(b, 0x1000, EDGE_ITEM, CLASS_TRAVERSED, edge_name_index(i));
    struct snapshot *s = finish(b);
    assert_int_equal(s->shapes.count, 3);
    assert_true(s->shapes.byte_count < 32);
    assert_true(snapshot_edge_retains(s, 1));
    assert_false(snapshot_edge_retains(s, 2));
    assert_true(snapshot_edge_retains(s, 300));
    struct edge edge;
    uint32_t i = 0;
    for (struct edge_iter it = snapshot_edges(s, 100); edge_iter_next(&it, &edge); i++)
        assert_int_equal(edge_name_value(edge.name), i);
    assert_int_equal(i, 100000);
    struct edge_iter it = snapshot_edges(s, 5);
    assert_true(edge_iter_next(&it, &edge) && edge.kind == EDGE_KEY);
    assert_true(edge_iter_next(&it, &edge) && edge.kind == EDGE_VALUE);
    assert_string_equal(snapshot_string(s, edge.name), "'a'");
    assert_true(edge_iter_next(&it, &edge) && edge.class == CLASS_WEAK);
    assert_int_equal(edge.name, EDGE_NAME_NONE);
    snapshot_destroy(s);
}

static void test_find_containing_sees_inside_objects(void **state)
{
    (void)state;
    struct snapshot *s = fake_leaking_program(1);
    assert_int_equal(snapshot_find(s, FAKE_BASE + FAKE_STEP), 1);
    assert_int_equal(snapshot_find(s, FAKE_BASE + FAKE_STEP + 8), ORDINAL_NONE);
    assert_int_equal(snapshot_find_containing(s, FAKE_BASE + FAKE_STEP + 8), 1);
    assert_int_equal(snapshot_find_containing(s, FAKE_BASE + FAKE_STEP + 250), ORDINAL_NONE);
    assert_int_equal(snapshot_find_containing(s, 5), ORDINAL_NONE);
    snapshot_destroy(s);
}

static void test_referrers_are_the_edges_backwards(void **state)
{
    (void)state;
    struct snapshot *s = fake_leaking_program(10);
    fake_ok(snapshot_load(s, SNAPSHOT_REFERRERS));
    uint64_t total = 0;
    for (uint32_t o = 0; o < s->object_count; o++) {
        uint64_t count;
        const uint32_t *sources = snapshot_referrers(s, o, &count);
        for (uint64_t i = 0; i < count; i++) {
            struct edge edge;
            assert_true(snapshot_find_edge(s, sources[i], o, &edge));
            assert_true(i == 0 || sources[i - 1] <= sources[i]);
        }
        total += count;
    }
    assert_int_equal(total, s->reference_count);
    snapshot_destroy(s);
}

static void test_empty_heap_is_a_heap(void **state)
{
    (void)state;
    struct snapshot_builder *b;
    fake_ok(snapshot_builder_create(&b));
    struct snapshot *s = finish(b);
    assert_int_equal(s->object_count, 0);
    assert_int_equal(snapshot_find(s, 0), ORDINAL_NONE);
    fake_ok(snapshot_load(s, SNAPSHOT_ALL));
    snapshot_destroy(s);
}

static void test_unannounced_type_is_an_error_of_finish(void **state)
{
    (void)state;
    struct snapshot_builder *b;
    fake_ok(snapshot_builder_create(&b));
    snapshot_builder_object(b, &(struct builder_object){.address = 0x1000, .type = 5});
    add(b, 0x2000, 1);
    assert_true(snapshot_builder_failed(b));
    struct snapshot *s = NULL;
    struct error *err = snapshot_builder_finish(b, &s);
    assert_non_null(err);
    assert_null(s);
    error_destroy(err);
    snapshot_builder_destroy(b);
}

static void test_many_types_keep_their_numbers(void **state)
{
    (void)state;
    struct snapshot_builder *b;
    fake_ok(snapshot_builder_create(&b));
    assert_int_equal(snapshot_builder_find_type(b, 0x10), ORDINAL_NONE);
    for (uint32_t i = 0; i < 5000; i++) {
        char name[16];
        snprintf(name, sizeof name, "T%u", i);
        const struct builder_type type = {.address = 0x10 + i * 8, .name = name};
        assert_int_equal(snapshot_builder_type(b, &type), i);
    }
    for (uint32_t i = 0; i < 5000; i++)
        assert_int_equal(snapshot_builder_find_type(b, 0x10 + i * 8), i);
    struct snapshot *s = finish(b);
    assert_string_equal(snapshot_string(s, s->types[4999].name), "T4999");
    snapshot_destroy(s);
}

static void test_addrmap_agrees_with_a_search(void **state)
{
    (void)state;
    static uint64_t addresses[20000];
    uint64_t last = 0x1000, seed = 12345;
    for (unsigned i = 0; i < 20000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1;
        last += 8 * (1 + (seed >> 40) % (i % 100 == 0 ? 100000000 : 20));
        addresses[i] = last;
    }
    struct addrmap map;
    fake_ok(addrmap_init(&map, addresses, 20000, NULL));
    for (unsigned i = 0; i < 20000; i++) {
        assert_int_equal(addrmap_find(&map, addresses[i]), i);
        assert_int_equal(addrmap_find(&map, addresses[i] + 4), UINT32_MAX);
        if (i + 1 < 20000 && addresses[i] + 8 != addresses[i + 1])
            assert_int_equal(addrmap_find(&map, addresses[i] + 8), UINT32_MAX);
    }
    addrmap_deinit(&map);
}

static void test_names_read_well(void **state)
{
    (void)state;
    struct snapshot *s = fake_leaking_program(1);
    struct strbuf text;
    strbuf_init(&text);
    snapshot_add_object_name(s, 5, &text);
    assert_string_equal(strbuf_text(&text), "app.Row 0x7f0000000500");
    struct edge edge;
    assert_true(snapshot_find_edge(s, 2, 5, &edge));
    strbuf_clear(&text);
    snapshot_add_edge_name(s, &edge, &text);
    assert_string_equal(strbuf_text(&text), "['k0']");
    strbuf_clear(&text);
    snapshot_add_root_name(s, &s->roots[0], &text);
    assert_string_equal(strbuf_text(&text), "module __main__");
    strbuf_deinit(&text);
    snapshot_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects_are_sorted_when_added_in_any_order),
        cmocka_unit_test(test_duplicate_object_is_dropped_with_its_edges),
        cmocka_unit_test(test_dangling_references_leave_and_are_counted),
        cmocka_unit_test(test_late_edges_come_behind_the_others),
        cmocka_unit_test(test_big_sizes_and_counts_are_kept),
        cmocka_unit_test(test_shapes_are_shared_and_long_lists_are_one_run),
        cmocka_unit_test(test_find_containing_sees_inside_objects),
        cmocka_unit_test(test_referrers_are_the_edges_backwards),
        cmocka_unit_test(test_empty_heap_is_a_heap),
        cmocka_unit_test(test_unannounced_type_is_an_error_of_finish),
        cmocka_unit_test(test_many_types_keep_their_numbers),
        cmocka_unit_test(test_addrmap_agrees_with_a_search),
        cmocka_unit_test(test_names_read_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
