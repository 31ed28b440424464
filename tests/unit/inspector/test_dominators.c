// Dominators and retained sizes, against a twin that is too simple to be wrong: d dominates o when
// o cannot be reached with d taken out.
#include "inspector/analysis/dominators.h"
#include "inspector/analysis/histogram.h"
#include "tests/support/fake_snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint64_t seed = 7;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((seed >> 33) % limit);
}

// reached[o] without passing through `without`.
static void reach(const struct snapshot *s, uint32_t without, uint8_t *reached)
{
    uint32_t stack[256], depth = 0;
    memset(reached, 0, s->object_count);
    for (uint32_t i = 0; i < s->root_count + s->object_count; i++) {
        const uint32_t o = i < s->root_count ? s->roots[i].target : i - s->root_count;
        if (i >= s->root_count && !snapshot_unexplained(s, o))
            continue;
        if (o != without && !reached[o]) {
            reached[o] = 1;
            stack[depth++] = o;
        }
    }
    while (depth) {
        struct edge edge;
        for (struct edge_iter it = snapshot_edges(s, stack[--depth]); edge_iter_next(&it, &edge);)
            if (edge.class != CLASS_WEAK && edge.class != CLASS_BORROWED &&
                edge.target != without && !reached[edge.target]) {
                reached[edge.target] = 1;
                stack[depth++] = edge.target;
            }
    }
}

static void compare_with_twin(struct snapshot *s)
{
    struct dominators *d;
    uint8_t all[256], without[256][256];
    uint64_t retained[256] = {0};
    fake_ok(dominators_create(s, &d));
    dominators_check(d, s);
    reach(s, ORDINAL_NONE, all);
    for (uint32_t o = 0; o < s->object_count; o++)
        reach(s, o, without[o]);
    for (uint32_t o = 0; o < s->object_count; o++) {
        if (!all[o]) {
            assert_int_equal(d->parent[o], DOMINATOR_NONE);
            continue;
        }
        // o's dominators are the x without which it is not reached; the immediate one is dominated
        // by all others.
        uint32_t immediate = DOMINATOR_ROOT;
        for (uint32_t x = 0; x < s->object_count; x++) {
            if (!all[x] || without[x][o])
                continue;
            retained[x] += snapshot_size(s, o);
            if (x != o && (immediate == DOMINATOR_ROOT || !without[immediate][x]))
                immediate = x;
        }
        assert_int_equal(d->parent[o], immediate);
    }
    for (uint32_t o = 0; o < s->object_count; o++)
        assert_int_equal(d->retained[o], retained[o]);
    dominators_destroy(d);
}

static struct snapshot *random_heap(uint32_t objects, uint32_t edges, uint32_t roots)
{
    struct fake heap = fake_begin();
    uint64_t address[256];
    for (uint32_t i = 0; i < objects; i++)
        address[i] = fake_object(&heap, i % 4 ? "list" : "dict", 16 + random_below(100));
    for (uint32_t i = 0; i < edges; i++) {
        const uint32_t kind = random_below(20);
        fake_edge(&heap, address[random_below(objects)], address[random_below(objects)],
                  kind == 0 ? EDGE_WEAK : EDGE_ITEM, NULL);
    }
    for (uint32_t i = 0; i < roots; i++)
        fake_root(&heap, address[random_below(objects)], ROOT_FRAME, "x");
    if (random_below(3) == 0)
        fake_item(&heap, address[random_below(objects)])->object.refcount += 2;
    return fake_finish(&heap);
}

static void test_random_graphs_agree_with_the_twin(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 10400; round++) {
        const uint32_t objects = 1 + random_below(round < 10000 ? 14 : 60);
        struct snapshot *s = random_heap(objects, random_below(objects * 4 + 1), random_below(4));
        compare_with_twin(s);
        snapshot_destroy(s);
    }
}

static void test_long_doubly_linked_list_is_fast(void **state)
{
    (void)state;
    enum { LINKS = 300000 };
    struct snapshot_builder *b;
    fake_ok(snapshot_builder_create(&b));
    const uint32_t type =
        snapshot_builder_type(b, &(struct builder_type){.address = 8, .name = "link"});
    for (uint64_t i = 0; i < LINKS; i++) {
        snapshot_builder_object(
            b,
            &(struct builder_object){.address = 0x10000 + i * 32, .size_bytes = 32, .type = type});
        if (i)
            snapshot_builder_edge_named(b, 0x10000 + (i - 1) * 32, EDGE_SLOT, CLASS_OWNED, "prev");
        if (i + 1 < LINKS)
            snapshot_builder_edge_named(b, 0x10000 + (i + 1) * 32, EDGE_SLOT, CLASS_OWNED, "next");
    }
    for (unsigned i = 0; i < 2; i++)
        snapshot_builder_root(
            b, &(struct builder_root){.target = 0x10000 + (i ? LINKS - 1 : 0) * UINT64_C(32),
                                      .kind = ROOT_FRAME,
                                      .thread = ORDINAL_NONE,
                                      .frame = ORDINAL_NONE});
    struct snapshot *s;
    fake_ok(snapshot_builder_finish(b, &s));
    snapshot_builder_destroy(b);
    struct dominators *d;
    fake_ok(dominators_create(s, &d));
    dominators_check(d, s);
    for (uint32_t o = 0; o < LINKS; o++)
        assert_int_equal(d->parent[o], DOMINATOR_ROOT);
    dominators_destroy(d);
    snapshot_destroy(s);
}

static void test_retained_sizes_of_a_program(void **state)
{
    (void)state;
    struct snapshot *s = fake_leaking_program(10);
    struct dominators *d;
    fake_ok(dominators_create(s, &d));
    assert_int_equal(d->parent[0], DOMINATOR_ROOT);
    assert_int_equal(d->parent[2], 1);
    assert_int_equal(d->retained[2], 64 + 1000 + 10 * (48 + 104 + 1000));
    uint32_t count;
    const uint32_t *children = dominators_children(d, 1, &count);
    assert_int_equal(count, 2);
    assert_int_equal(children[0], 2);
    assert_int_equal(d->unreachable_bytes, 0);
    struct histogram *h;
    fake_ok(histogram_create(s, HISTOGRAM_BY_TYPE, d, &h));
    // The namespace holds the cache, both are dicts: only the outer one counts.
    for (uint32_t i = 0; i < h->count; i++)
        if (strcmp(snapshot_string(s, s->types[h->rows[i].key].name), "dict") == 0)
            assert_int_equal(h->rows[i].retained_bytes, d->retained[1]);
    assert_int_equal(h->object_count, s->object_count);
    histogram_destroy(h);
    dominators_destroy(d);
    snapshot_destroy(s);
}

static void test_cycle_without_a_root_is_unreachable(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    const uint64_t a = fake_object(&heap, "list", 56), b = fake_object(&heap, "list", 60);
    fake_item_edge(&heap, a, b, 0);
    fake_item_edge(&heap, b, a, 0);
    struct snapshot *s = fake_finish(&heap);
    struct dominators *d;
    fake_ok(dominators_create(s, &d));
    assert_int_equal(d->reachable_count, 0);
    assert_int_equal(d->unreachable_bytes, 116);
    dominators_check(d, s);
    dominators_destroy(d);
    snapshot_destroy(s);
}

static void test_native_holder_makes_an_object_reachable(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    const uint64_t a = fake_object(&heap, "list", 56), b = fake_object(&heap, "list", 60);
    fake_item_edge(&heap, a, b, 0);
    fake_refcount(&heap, a, 1);
    struct snapshot *s = fake_finish(&heap);
    struct dominators *d;
    fake_ok(dominators_create(s, &d));
    assert_int_equal(d->parent[0], DOMINATOR_ROOT);
    assert_int_equal(d->parent[1], 0);
    assert_int_equal(d->retained[0], 116);
    dominators_destroy(d);
    snapshot_destroy(s);
}

static void test_empty_heap_has_no_dominators(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    struct snapshot *s = fake_finish(&heap);
    struct dominators *d;
    fake_ok(dominators_create(s, &d));
    assert_int_equal(d->total_bytes, 0);
    dominators_check(d, s);
    dominators_destroy(d);
    snapshot_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_graphs_agree_with_the_twin),
        cmocka_unit_test(test_long_doubly_linked_list_is_fast),
        cmocka_unit_test(test_retained_sizes_of_a_program),
        cmocka_unit_test(test_cycle_without_a_root_is_unreachable),
        cmocka_unit_test(test_native_holder_makes_an_object_reachable),
        cmocka_unit_test(test_empty_heap_has_no_dominators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
