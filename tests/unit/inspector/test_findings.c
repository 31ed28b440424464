// Waste and odd shapes: containers, duplicates, chains, keepers, fragments, each in a heap in which
// the answer can be counted by hand.
#include "inspector/analysis/chains.h"
#include "inspector/analysis/containers.h"
#include "inspector/analysis/duplicates.h"
#include "inspector/analysis/fragments.h"
#include "inspector/analysis/histogram.h"
#include "inspector/analysis/keepers.h"
#include "tests/support/fake_snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

// What CPython 3.11 says: sys.getsizeof of containers grown in the usual ways.
static void test_least_sizes_are_those_of_the_runtime(void **state)
{
    (void)state;
    static const struct {
        enum container_kind kind;
        uint64_t size, items, least;
    } cases[] = {
        {CONTAINER_LIST, 56, 0, 56},      {CONTAINER_LIST, 88, 1, 64},
        {CONTAINER_LIST, 8056, 10, 136},  {CONTAINER_LIST, 57, 0, 57}, // no list has this size
        {CONTAINER_DICT, 64, 0, 64},      {CONTAINER_DICT, 184, 1, 184},
        {CONTAINER_DICT, 224, 5, 224},    {CONTAINER_DICT, 272, 6, 272},
        {CONTAINER_DICT, 26032, 1, 184}, // 1000 keys, all but one deleted
        {CONTAINER_DICT, 26032, 0, 64},   {CONTAINER_DICT, 100, 1, 100},
        {CONTAINER_SET, 216, 0, 216},     {CONTAINER_SET, 216, 4, 216},
        {CONTAINER_SET, 728, 5, 728},     {CONTAINER_SET, 32984, 4, 216},
        {CONTAINER_SET, 32984, 20, 2264}, {CONTAINER_TUPLE, 40, 0, 40},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
        if (container_least_bytes(cases[i].kind, cases[i].size, cases[i].items) != cases[i].least)
            fail_msg("case %u: %llu", i,
                     (unsigned long long)container_least_bytes(cases[i].kind, cases[i].size,
                                                               cases[i].items));
}

static void test_containers_are_counted(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    const uint64_t sparse = fake_object(&heap, "list", 8056);
    const uint64_t item = fake_object(&heap, "list", 56);
    fake_item_edge(&heap, sparse, item, 0);
    fake_object(&heap, "dict", 26032);
    fake_object(&heap, "set", 216);
    fake_object(&heap, "app.list", 8056); // somebody's own class
    struct snapshot *s = fake_finish(&heap);
    struct containers *c;
    fake_ok(containers_create(s, &c));
    assert_int_equal(c->sums[CONTAINER_LIST].count, 2);
    assert_int_equal(c->sums[CONTAINER_LIST].empty_count, 1);
    assert_int_equal(c->sums[CONTAINER_LIST].sparse_count, 1);
    assert_int_equal(c->sums[CONTAINER_LIST].wasted_bytes, 8056 - 64);
    assert_int_equal(c->sums[CONTAINER_DICT].wasted_bytes, 26032 - 64);
    assert_int_equal(c->sums[CONTAINER_SET].sparse_count, 0);
    assert_int_equal(c->biggest_count, 2);
    assert_int_equal(c->biggest[0].object, 2);
    containers_destroy(c);
    snapshot_destroy(s);
}

static void test_duplicates_are_grouped(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    for (unsigned i = 0; i < 4; i++)
        fake_label(&heap, fake_object(&heap, "str", 60), "'again'");
    fake_label(&heap, fake_object(&heap, "str", 64), "'again'"); // stored in another width
    for (unsigned i = 0; i < 2; i++)
        fake_label(&heap, fake_object(&heap, "bytes", 5000), "b'long beginning...'");
    fake_label(&heap, fake_object(&heap, "str", 70), "'once'");
    for (unsigned i = 0; i < 2; i++)
        fake_label(&heap, fake_object(&heap, "function", 152), "main");
    struct snapshot *s = fake_finish(&heap);
    struct duplicates *d;
    fake_ok(duplicates_create(s, &d));
    assert_int_equal(d->count, 2);
    assert_int_equal(d->wasted_bytes, 5000 + 180);
    assert_int_equal(d->probable_bytes, 5000);
    assert_int_equal(d->object_count, 4);
    assert_true(d->rows[0].probable && d->rows[0].count == 2);
    assert_true(!d->rows[1].probable && d->rows[1].count == 4 && d->rows[1].object == 0);
    duplicates_destroy(d);
    snapshot_destroy(s);
}

// `direct` links by slots, the other ones through their namespaces.
static uint64_t add_chain(struct fake *heap, unsigned links, bool direct)
{
    uint64_t first = 0, last = 0;
    for (unsigned i = 0; i < links; i++) {
        const uint64_t link = fake_object(heap, direct ? "app.Link" : "app.Node", 48);
        const uint64_t attributes = direct ? link : fake_object(heap, "dict", 104);
        if (!direct)
            fake_edge(heap, link, attributes, EDGE_FIELD, "__dict__");
        if (last)
            fake_edge(heap, last, link, direct ? EDGE_SLOT : EDGE_VALUE, "'next'");
        first = first ? first : link;
        last = attributes;
    }
    return first;
}

static void test_chains_are_measured(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    const uint64_t holder = fake_object(&heap, "tuple", 64);
    const uint64_t direct = add_chain(&heap, 150, true), through = add_chain(&heap, 120, false);
    const uint64_t shorter = add_chain(&heap, 99, true);
    fake_item_edge(&heap, holder, direct, 0);
    fake_item_edge(&heap, holder, through, 1);
    fake_item_edge(&heap, holder, shorter, 2);
    fake_root(&heap, holder, ROOT_MODULE, "m");
    struct snapshot *s = fake_finish(&heap);
    struct dominators *d;
    struct chains *c;
    fake_ok(dominators_create(s, &d));
    fake_ok(chains_create(s, d, &c));
    assert_int_equal(c->count, 2);
    assert_int_equal(c->rows[0].length, 150);
    assert_int_equal(s->address[c->rows[0].first], direct);
    assert_int_equal(c->rows[0].retained_bytes, 150 * 48);
    assert_int_equal(c->rows[1].length, 120);
    assert_int_equal(s->address[c->rows[1].first], through);
    chains_destroy(c);
    dominators_destroy(d);
    snapshot_destroy(s);
}

static void test_keepers_hold_what_only_they_reach(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    const uint64_t module = fake_object(&heap, "module", 72);
    const uint64_t error = fake_object(&heap, "app.ShopError", 80);
    const uint64_t trace = fake_object(&heap, "traceback", 64);
    const uint64_t frame = fake_object(&heap, "frame", 200);
    const uint64_t inner = fake_object(&heap, "traceback", 64);
    const uint64_t rows = fake_object(&heap, "list", 1000);
    const uint64_t shared = fake_object(&heap, "list", 5000);
    fake_edge(&heap, module, error, EDGE_ATTRIBUTE, "last");
    fake_edge(&heap, module, shared, EDGE_ATTRIBUTE, "shared");
    fake_edge(&heap, error, trace, EDGE_FIELD, "__traceback__");
    fake_edge(&heap, trace, frame, EDGE_FIELD, "tb_frame");
    fake_edge(&heap, trace, inner, EDGE_FIELD, "tb_next");
    fake_edge(&heap, frame, rows, EDGE_LOCAL, "rows");
    fake_edge(&heap, frame, shared, EDGE_LOCAL, "shared");
    fake_root(&heap, module, ROOT_MODULE, "m");
    struct snapshot *s = fake_finish(&heap);
    struct dominators *d;
    struct keepers k;
    fake_ok(dominators_create(s, &d));
    fake_ok(keepers_find(s, d, &k));
    assert_int_equal(k.kinds[KEEPER_TRACEBACK].count, 2);
    assert_int_equal(k.kinds[KEEPER_TRACEBACK].held_count, 3); // the inner one, frame and rows
    assert_int_equal(k.kinds[KEEPER_TRACEBACK].held_bytes, 64 + 200 + 1000);
    assert_int_equal(s->address[k.kinds[KEEPER_TRACEBACK].biggest], trace);
    assert_int_equal(k.kinds[KEEPER_FRAME].held_bytes, 1000);
    assert_int_equal(k.kinds[KEEPER_EXCEPTION].held_count, 4);
    assert_int_equal(k.kinds[KEEPER_TASK].count, 0);
    assert_int_equal(k.kinds[KEEPER_TASK].biggest, ORDINAL_NONE);
    dominators_destroy(d);
    snapshot_destroy(s);
}

static void test_fragments_tell_what_pins_an_arena(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    for (unsigned i = 0; i < 4; i++)
        fake_object(&heap, i ? "str" : "list", 64);
    // The objects lie 256 bytes apart, all in the first pool of the first arena.
    const struct snapshot_pool pools[] = {
        {FAKE_BASE, FAKE_BASE, 64, 256, 4},
        {FAKE_BASE + 0x4000, FAKE_BASE, 64, 256, 0},
        {FAKE_BASE + 0x100000, FAKE_BASE + 0x100000, 128, 128, 128},
        {FAKE_BASE + 0x104000, FAKE_BASE + 0x100000, 64, 256, 200},
    };
    for (unsigned i = 0; i < 4; i++)
        snapshot_builder_pool(heap.builder, &pools[i]);
    struct snapshot *s = fake_finish(&heap);
    struct fragments *f;
    fake_ok(fragments_create(s, &f));
    assert_int_equal(fragments_pool_bytes(s), 0x4000);
    assert_int_equal(f->arena_count, 2);
    assert_int_equal(f->arenas[0].address, FAKE_BASE);
    assert_int_equal(f->arenas[0].object_count, 4);
    assert_string_equal(snapshot_string(s, s->types[f->arenas[0].type].name), "str");
    assert_int_equal(f->arenas[0].type_count, 3);
    assert_int_equal(f->arenas[0].free_pool_count, 1);
    assert_int_equal(f->sparse_arena_count, 1);
    assert_int_equal(f->sparse_free_bytes, 0x8000 - 4 * 64);
    assert_int_equal(f->free_block_bytes, 252 * 64 + 56 * 64);
    assert_int_equal(f->free_pool_bytes, 0x4000);
    assert_int_equal(f->class_count, 3); // free pools, 64, 128
    assert_int_equal(f->classes[1].free_blocks, 252 + 56);
    fragments_destroy(f);
    snapshot_destroy(s);
}

static void test_modules_hold_what_their_types_hold(void **state)
{
    (void)state;
    struct snapshot *s = fake_leaking_program(10);
    struct dominators *d;
    struct histogram *h;
    struct strbuf name;
    fake_ok(dominators_create(s, &d));
    fake_ok(histogram_create(s, HISTOGRAM_BY_MODULE, d, &h));
    assert_int_equal(h->count, 2);
    strbuf_init(&name);
    histogram_add_name(h, s, &h->rows[0], &name);
    assert_string_equal(strbuf_text(&name), "builtins");
    assert_int_equal(h->rows[0].retained_bytes, d->total_bytes);
    assert_int_equal(h->rows[1].count, 10);
    assert_int_equal(h->rows[1].retained_bytes, 10 * (48 + 104 + 1000));
    strbuf_deinit(&name);
    histogram_destroy(h);
    dominators_destroy(d);
    snapshot_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least_sizes_are_those_of_the_runtime),
        cmocka_unit_test(test_containers_are_counted),
        cmocka_unit_test(test_duplicates_are_grouped),
        cmocka_unit_test(test_chains_are_measured),
        cmocka_unit_test(test_keepers_hold_what_only_they_reach),
        cmocka_unit_test(test_fragments_tell_what_pins_an_arena),
        cmocka_unit_test(test_modules_hold_what_their_types_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
