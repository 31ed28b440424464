// Cycles against a twin that is too simple to be wrong (two objects belong together when each
// reaches the other), and garbage: what trial deletion finds is what nothing reaches.
#include "inspector/analysis/cycles.h"
#include "inspector/analysis/garbage.h"
#include "inspector/analysis/reach.h"
#include "tests/support/fake_snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { GRAPHS = 10000, OBJECTS_MAX = 14 };

static uint64_t seed = 11;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((seed >> 33) % limit);
}

static struct snapshot *random_heap(void)
{
    struct fake heap = fake_begin();
    uint64_t objects[OBJECTS_MAX];
    const uint32_t n = 1 + random_below(OBJECTS_MAX), edges = random_below(2 * n + 2);
    for (uint32_t i = 0; i < n; i++)
        objects[i] = fake_object(&heap, random_below(3) ? "list" : "app.Node", 16 + i);
    for (uint32_t i = 0; i < edges; i++)
        fake_edge(&heap, objects[random_below(n)], objects[random_below(n)],
                  random_below(8) ? EDGE_ATTRIBUTE : EDGE_WEAK, "a");
    for (uint32_t i = random_below(3); i > 0; i--)
        fake_root(&heap, objects[random_below(n)], ROOT_MODULE, "m");
    return fake_finish(&heap);
}

// reaches[a][b]: by at least one reference that retains.
static void close_over(const struct snapshot *s, bool reaches[OBJECTS_MAX][OBJECTS_MAX])
{
    memset(reaches, 0, OBJECTS_MAX * sizeof *reaches);
    for (uint32_t o = 0; o < s->object_count; o++)
        for (uint64_t e = s->edge_begin[o]; e < s->edge_begin[o + 1]; e++)
            reaches[o][s->targets[e]] |= snapshot_edge_retains(s, e);
    for (uint32_t k = 0; k < s->object_count; k++)
        for (uint32_t i = 0; i < s->object_count; i++)
            for (uint32_t j = 0; j < s->object_count; j++)
                reaches[i][j] |= reaches[i][k] && reaches[k][j];
}

static void compare_cycles(struct snapshot *s, bool reaches[OBJECTS_MAX][OBJECTS_MAX])
{
    struct cycles *c;
    uint32_t number[OBJECTS_MAX] = {0}, expected = 0;
    fake_ok(cycles_create(s, NULL, &c));
    for (uint32_t i = 0; i < c->count; i++)
        for (uint32_t k = c->begin[i]; k < c->begin[i + 1]; k++)
            number[c->objects[k]] = i + 1;
    for (uint32_t a = 0; a < s->object_count; a++) {
        expected += reaches[a][a];
        assert_int_equal(number[a] != 0, reaches[a][a]);
        for (uint32_t b = 0; b < s->object_count; b++)
            if (number[a] && number[b])
                assert_int_equal(number[a] == number[b], reaches[a][b] && reaches[b][a]);
    }
    assert_int_equal(expected, c->begin[c->count]);
    for (uint32_t i = 0; i < c->count; i++) {
        uint32_t *ring, count;
        struct edge edge;
        fake_ok(cycles_ring(c, s, i, &ring, &count));
        assert_true(count >= 1);
        for (uint32_t k = 0; k < count; k++)
            assert_true(snapshot_find_edge(s, ring[k], ring[(k + 1) % count], &edge) &&
                        edge_class_retains(edge.class) && number[ring[k]] == i + 1);
        free(ring);
    }
    cycles_destroy(c);
}

// All counts are explained here, so trial deletion must find exactly what the roots do not reach
// and some cycle keeps.
static void compare_garbage(struct snapshot *s, bool reaches[OBJECTS_MAX][OBJECTS_MAX])
{
    struct garbage *g;
    struct start_vec starts;
    uint8_t *reachable;
    uint64_t count = 0, shared_out = 0;
    fake_ok(garbage_create(s, &g));
    fake_ok(reach_starts(s, &starts));
    fake_ok(reach_mark(s, &starts, &reachable));
    for (uint32_t o = 0; o < s->object_count; o++) {
        assert_int_equal(reach_marked(g->marks, o), !reach_marked(reachable, o));
        count += !reach_marked(reachable, o);
    }
    assert_int_equal(g->object_count, count);
    for (uint32_t i = 0; i < g->group_count; i++)
        shared_out += g->groups[i].object_count;
    // An object that nothing refers to is no cycle's; in a real process it would be gone.
    for (uint32_t o = 0; o < s->object_count; o++) {
        bool kept = false;
        for (uint32_t k = 0; k < s->object_count; k++)
            kept |= reaches[k][k] && (k == o || reaches[k][o]) && !reach_marked(reachable, k);
        shared_out += !kept && !reach_marked(reachable, o);
    }
    assert_int_equal(shared_out, count);
    free(reachable);
    start_vec_deinit(&starts);
    garbage_destroy(g);
}

static void test_random_graphs_agree_with_the_twin(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < GRAPHS; i++) {
        bool reaches[OBJECTS_MAX][OBJECTS_MAX];
        struct snapshot *s = random_heap();
        close_over(s, reaches);
        compare_cycles(s, reaches);
        compare_garbage(s, reaches);
        snapshot_destroy(s);
    }
}

static void test_a_ring_of_a_million(void **state)
{
    (void)state;
    enum { LINKS = 1000000 };
    struct snapshot_builder *b;
    struct snapshot *s;
    struct cycles *c;
    fake_ok(snapshot_builder_create(&b));
    const uint32_t type =
        snapshot_builder_type(b, &(struct builder_type){.address = 8, .name = "L"});
    for (uint64_t i = 0; i < LINKS; i++) {
        snapshot_builder_object(b, &(struct builder_object){.address = 0x1000 + i * 16,
                                                            .size_bytes = 16,
                                                            .refcount = 1,
                                                            .type = type,
                                                            .tracked = true});
        snapshot_builder_edge(b, 0x1000 + (i + 1) % LINKS * 16, EDGE_ITEM, CLASS_TRAVERSED,
                              edge_name_index(0));
    }
    fake_ok(snapshot_builder_finish(b, &s));
    snapshot_builder_destroy(b);
    fake_ok(cycles_create(s, NULL, &c));
    assert_int_equal(c->count, 1);
    assert_int_equal(c->begin[1], LINKS);
    cycles_destroy(c);
    struct garbage *g;
    fake_ok(garbage_create(s, &g));
    assert_int_equal(g->object_count, LINKS);
    assert_int_equal(g->group_count, 1);
    assert_non_null(strstr(g->groups[0].text, "... 999991 more ..."));
    garbage_destroy(g);
    snapshot_destroy(s);
}

static void test_garbage_is_grouped_by_looks(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    for (unsigned i = 0; i < 5; i++) {
        const uint64_t parent = fake_object(&heap, "app.Tree", 48);
        const uint64_t attributes = fake_object(&heap, "dict", 104);
        const uint64_t child = fake_object(&heap, "app.Leaf", 48);
        const uint64_t text = fake_object(&heap, "str", 60);
        fake_item(&heap, text)->object.tracked = false;
        fake_item(&heap, parent)->object.generation = i == 0 ? 1 : 0;
        fake_item(&heap, attributes)->object.generation = 0;
        fake_item(&heap, child)->object.generation = 0;
        fake_edge(&heap, parent, attributes, EDGE_FIELD, "__dict__");
        fake_edge(&heap, attributes, child, EDGE_VALUE, "'child'");
        fake_edge(&heap, child, parent, EDGE_SLOT, "parent");
        fake_edge(&heap, child, text, EDGE_SLOT, "name");
    }
    const uint64_t self = fake_object(&heap, "list", 56);
    fake_item_edge(&heap, self, self, 3);
    const uint64_t frozen = fake_object(&heap, "list", 56);
    fake_item(&heap, frozen)->object.generation = GENERATION_PERMANENT;
    fake_item_edge(&heap, frozen, frozen, 0);
    const uint64_t held = fake_object(&heap, "list", 56);
    fake_refcount(&heap, held, 2); // one of them by native code
    fake_item_edge(&heap, held, held, 0);
    struct snapshot *s = fake_finish(&heap);
    struct garbage *g;
    fake_ok(garbage_create(s, &g));
    assert_int_equal(g->object_count, 21);
    assert_int_equal(g->tracked_count, 16);
    assert_int_equal(g->group_count, 2);
    assert_string_equal(g->groups[0].text, "app.Tree .child -> app.Leaf .parent -> back");
    assert_int_equal(g->groups[0].cycle_count, 5);
    assert_int_equal(g->groups[0].object_count, 20);
    assert_int_equal(g->groups[0].size_bytes, 5 * (48 + 104 + 48 + 60));
    assert_int_equal(g->groups[0].generation, 1);
    assert_string_equal(g->groups[1].text, "list [3] -> back");
    garbage_destroy(g);
    snapshot_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_graphs_agree_with_the_twin),
        cmocka_unit_test(test_a_ring_of_a_million),
        cmocka_unit_test(test_garbage_is_grouped_by_looks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
