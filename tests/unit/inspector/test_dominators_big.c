// Semi-NCA against a second method, Cooper-Harvey-Kennedy, on graphs of up to a million objects:
// too many for the twin of test_dominators.c, which tries every object.
//
// K. Cooper, T. Harvey, K. Kennedy, A Simple, Fast Dominance Algorithm, 2001: a dominator is the
// place where the ways up from all predecessors meet, computed again until nothing changes.
#include "inspector/analysis/dominators.h"
#include "inspector/analysis/reach.h"
#include "tests/support/fake_snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint64_t seed = 3;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((seed >> 33) % limit);
}

// ---- the second method ----

struct chk {
    const struct snapshot *s;
    uint32_t *order;  // by postorder number: ordinal; the root of all roots has the last number
    uint32_t *number; // by ordinal: postorder number, UINT32_MAX when unreached
    uint32_t *idom;   // by postorder number
    uint32_t count;
    uint8_t *started;
};

static void walk_from(struct chk *c, uint32_t start, uint64_t *next, uint32_t *stack, uint8_t *seen)
{
    uint32_t depth = 0;
    if (seen[start])
        return;
    seen[start] = 1;
    stack[depth++] = start;
    next[start] = c->s->edge_begin[start];
    while (depth) {
        const uint32_t o = stack[depth - 1];
        if (next[o] == c->s->edge_begin[o + 1]) {
            c->number[o] = c->count;
            c->order[c->count++] = o;
            depth--;
            continue;
        }
        const uint32_t target = c->s->targets[next[o]++];
        if (seen[target])
            continue;
        seen[target] = 1;
        next[target] = c->s->edge_begin[target];
        stack[depth++] = target;
    }
}

static uint32_t meet(const uint32_t *idom, uint32_t a, uint32_t b)
{
    while (a != b)
        if (a < b)
            a = idom[a];
        else
            b = idom[b];
    return a;
}

static bool improve(struct chk *c, uint32_t i)
{
    const uint32_t o = c->order[i];
    uint64_t count;
    const uint32_t *referrers = snapshot_referrers(c->s, o, &count);
    uint32_t new = c->started[o] ? c->count : UINT32_MAX;
    for (uint64_t k = 0; k < count; k++) {
        const uint32_t from = c->number[referrers[k]];
        if (from != UINT32_MAX && c->idom[from] != UINT32_MAX)
            new = new == UINT32_MAX ? from : meet(c->idom, new, from);
    }
    const bool changed = c->idom[i] != new;
    c->idom[i] = new;
    return changed;
}

static void compare_with_chk(struct snapshot *s)
{
    const size_t n = s->object_count + 1;
    struct start_vec starts;
    struct dominators *d;
    fake_ok(snapshot_load(s, SNAPSHOT_REFERRERS));
    fake_ok(reach_starts(s, &starts));
    struct chk c = {.s = s,
                    .order = malloc(n * 4),
                    .number = malloc(n * 4),
                    .idom = malloc(n * 4),
                    .started = calloc(n, 1)};
    uint64_t *next = malloc(n * 8);
    uint32_t *stack = malloc(n * 4);
    uint8_t *seen = calloc(n, 1);
    memset(c.number, 0xff, n * 4);
    memset(c.idom, 0xff, n * 4);
    for (size_t i = 0; i < starts.count; i++) {
        c.started[starts.items[i].object] = 1;
        walk_from(&c, starts.items[i].object, next, stack, seen);
    }
    c.idom[c.count] = c.count;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = c.count; i-- > 0;)
            changed |= improve(&c, i);
    }
    fake_ok(dominators_create(s, &d));
    dominators_check(d, s);
    assert_int_equal(d->reachable_count, c.count);
    for (uint32_t o = 0; o < s->object_count; o++) {
        const uint32_t i = c.number[o];
        const uint32_t expected = i == UINT32_MAX        ? DOMINATOR_NONE
                                  : c.idom[i] == c.count ? DOMINATOR_ROOT
                                                         : c.order[c.idom[i]];
        if (d->parent[o] != expected)
            fail_msg("object %u: %u, not %u", o, d->parent[o], expected);
    }
    dominators_destroy(d);
    start_vec_deinit(&starts);
    free(c.order);
    free(c.number);
    free(c.idom);
    free(c.started);
    free(next);
    free(stack);
    free(seen);
}

// ---- shapes ----

enum shape { SHAPE_RANDOM, SHAPE_LOCAL, SHAPE_HUBS, SHAPE_LADDER };

static uint32_t target_of(enum shape shape, uint32_t i, uint32_t n)
{
    switch (shape) {
    case SHAPE_LOCAL:
        return (i + 1 + random_below(64)) % n;
    case SHAPE_HUBS:
        return random_below(3) ? (i + 1 + random_below(1000)) % n : random_below(50);
    case SHAPE_LADDER:
        return (i + 1 + random_below(2)) % n;
    default:
        return random_below(n);
    }
}

static struct snapshot *graph(enum shape shape, uint32_t n, uint32_t edges)
{
    struct snapshot_builder *b;
    struct snapshot *s;
    fake_ok(snapshot_builder_create(&b));
    const uint32_t type =
        snapshot_builder_type(b, &(struct builder_type){.address = 8, .name = "x"});
    for (uint32_t i = 0; i < n; i++) {
        // Refcounts of 0: nothing is held by native code.
        snapshot_builder_object(b, &(struct builder_object){.address = 0x10000 + i * UINT64_C(16),
                                                            .size_bytes = 16 + i % 64,
                                                            .type = type});
        for (uint32_t k = i % 3 == 0 ? 0 : edges * 3 / 2; k > 0; k--) // a third are leaves
            snapshot_builder_edge(b, 0x10000 + target_of(shape, i, n) * UINT64_C(16), EDGE_ITEM,
                                  CLASS_TRAVERSED, edge_name_index(k));
    }
    for (unsigned i = 0; i < 5; i++)
        snapshot_builder_root(
            b, &(struct builder_root){.target = 0x10000 + random_below(n) * UINT64_C(16),
                                      .kind = ROOT_FRAME,
                                      .class = CLASS_BORROWED,
                                      .thread = ORDINAL_NONE,
                                      .frame = ORDINAL_NONE});
    fake_ok(snapshot_builder_finish(b, &s));
    snapshot_builder_destroy(b);
    return s;
}

static void test_graphs_of_all_shapes_agree(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1000, 20000, 60000};
    for (unsigned shape = SHAPE_RANDOM; shape <= SHAPE_LADDER; shape++)
        for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (uint32_t edges = 1; edges <= 5; edges += 2) {
                struct snapshot *s = graph(shape, sizes[i], edges);
                compare_with_chk(s);
                snapshot_destroy(s);
            }
}

static void test_a_million_objects_agree(void **state)
{
    (void)state;
    struct snapshot *s = graph(SHAPE_HUBS, 1000000, 4);
    compare_with_chk(s);
    snapshot_destroy(s);
}

// Of every shape: minutes, and so only when BRILLE_TEST_FULL is set.
static void test_a_million_objects_of_all_shapes_agree(void **state)
{
    (void)state;
    if (!getenv("BRILLE_TEST_FULL"))
        skip();
    for (unsigned shape = SHAPE_RANDOM; shape <= SHAPE_LADDER; shape++)
        for (uint32_t edges = 1; edges <= 6; edges++) {
            struct snapshot *s = graph(shape, 1000000, edges);
            compare_with_chk(s);
            snapshot_destroy(s);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_graphs_of_all_shapes_agree),
        cmocka_unit_test(test_a_million_objects_agree),
        cmocka_unit_test(test_a_million_objects_of_all_shapes_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
