// All ways to an object: every reference is told once, in words that merge what reads alike, and an
// object has a way exactly when it is reachable.
#include "inspector/analysis/ways.h"
#include "tests/support/fake_snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

// A user whom 50 sessions of a cache, a list of admins and a local variable refer to, and who is
// the owner of a profile that refers back.
enum { SESSIONS = 50 };

struct users {
    struct snapshot *s;
    uint32_t user, session_type;
};

static struct users make_users(void)
{
    struct fake heap = fake_begin();
    struct users users;
    const uint64_t module = fake_object(&heap, "module", 72);
    const uint64_t namespace = fake_object(&heap, "dict", 232);
    const uint64_t cache = fake_object(&heap, "dict", 4000);
    const uint64_t admins = fake_object(&heap, "list", 80);
    const uint64_t user = fake_object(&heap, "app.User", 48);
    const uint64_t profile = fake_object(&heap, "app.Profile", 48);
    const uint64_t loose = fake_object(&heap, "list", 64); // garbage
    fake_edge(&heap, module, namespace, EDGE_FIELD, "__dict__");
    fake_edge(&heap, namespace, cache, EDGE_VALUE, "'CACHE'");
    fake_edge(&heap, namespace, admins, EDGE_VALUE, "'ADMINS'");
    fake_item_edge(&heap, admins, user, 0);
    fake_item_edge(&heap, admins, user, 1);
    fake_edge(&heap, user, profile, EDGE_SLOT, "profile");
    fake_edge(&heap, profile, user, EDGE_SLOT, "owner");
    fake_item_edge(&heap, loose, user, 0);
    fake_item_edge(&heap, loose, loose, 1);
    for (unsigned i = 0; i < SESSIONS; i++) {
        char key[16];
        snprintf(key, sizeof key, "'k%u'", i);
        const uint64_t session = fake_object(&heap, "app.Session", 40);
        fake_edge(&heap, cache, session, EDGE_VALUE, key);
        fake_edge(&heap, session, user, EDGE_SLOT, "user");
    }
    fake_root(&heap, module, ROOT_MODULE, "__main__");
    fake_root(&heap, user, ROOT_NATIVE, "app.c");
    users.s = fake_finish(&heap);
    users.user = 4;
    users.session_type = users.s->type[users.s->object_count - 1];
    return users;
}

static const struct way *find(const struct ways *ways, const char *text)
{
    for (uint32_t i = 0; i < ways->count; i++)
        if (strcmp(ways->items[i].text, text) == 0)
            return &ways->items[i];
    fail_msg("no way reads %s", text);
    return NULL;
}

static void test_references_that_read_alike_are_one_way(void **state)
{
    (void)state;
    struct users users = make_users();
    struct paths *paths;
    struct ways *ways;
    fake_ok(paths_create(users.s, &paths));
    fake_ok(ways_to_object(users.s, paths, users.user, &ways));
    assert_int_equal(ways->count, 3);
    assert_int_equal(find(ways, "__main__.CACHE[*].user")->count, SESSIONS);
    assert_int_equal(find(ways, "__main__.ADMINS[*]")->count, 2);
    assert_int_equal(ways->items[0].object, ORDINAL_NONE); // the root is the shortest
    assert_int_equal(ways->items[0].length, 1);
    assert_int_equal(ways->total, SESSIONS + 3);
    assert_int_equal(ways->own_count, 1); // the profile
    assert_int_equal(ways->garbage, 1);
    ways_destroy(ways);
    paths_destroy(paths);
    snapshot_destroy(users.s);
}

static void test_ways_to_a_type_are_its_places(void **state)
{
    (void)state;
    struct users users = make_users();
    struct paths *paths;
    struct ways *ways;
    fake_ok(paths_create(users.s, &paths));
    fake_ok(ways_to_type(users.s, paths, users.session_type, &ways));
    assert_int_equal(ways->count, 1);
    assert_string_equal(ways->items[0].text, "__main__.CACHE[*]");
    assert_int_equal(ways->items[0].count, SESSIONS);
    assert_int_equal(ways->items[0].bytes, SESSIONS * 40);
    ways_destroy(ways);
    paths_destroy(paths);
    snapshot_destroy(users.s);
}

// ---- random graphs ----

static uint64_t seed = 11;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((seed >> 33) % limit);
}

static bool is_above(const struct paths *p, uint32_t above, uint32_t o)
{
    for (; o != above && p->parent[o] != o; o = p->parent[o])
        ;
    return o == above;
}

// Every reference is a way, its own, garbage's, or none that keeps.
static void compare_with_twin(struct snapshot *s)
{
    struct paths *p;
    fake_ok(paths_create(s, &p));
    for (uint32_t o = 0; o < s->object_count; o++) {
        struct ways *ways;
        uint64_t expected = snapshot_unexplained(s, o);
        for (uint32_t i = 0; i < s->root_count; i++)
            expected += s->roots[i].target == o;
        fake_ok(ways_to_object(s, p, o, &ways));
        for (uint32_t from = 0; from < s->object_count; from++) {
            struct edge edge;
            for (struct edge_iter it = snapshot_edges(s, from); edge_iter_next(&it, &edge);)
                expected += edge.target == o && edge_class_retains(edge.class) &&
                            paths_reaches(p, from) && !is_above(p, o, from);
        }
        assert_int_equal(ways->total, expected);
        assert_int_equal(ways->count > 0, paths_reaches(p, o));
        for (uint32_t i = 0; i < ways->count; i++) {
            assert_true(*ways->items[i].text);
            for (uint32_t k = 0; k < i; k++)
                assert_string_not_equal(ways->items[i].text, ways->items[k].text);
        }
        ways_destroy(ways);
    }
    paths_destroy(p);
}

static void test_random_graphs_agree_with_the_twin(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 500; round++) {
        struct fake heap = fake_begin();
        uint64_t objects[24];
        const uint32_t n = 1 + random_below(24);
        for (uint32_t i = 0; i < n; i++)
            objects[i] = fake_object(&heap, i % 3 ? "list" : "dict", 16 + i);
        for (uint32_t i = random_below(3 * n); i > 0; i--)
            fake_edge(&heap, objects[random_below(n)], objects[random_below(n)],
                      random_below(10) ? EDGE_ITEM : EDGE_WEAK, NULL);
        for (uint32_t i = random_below(4); i > 0; i--)
            fake_root(&heap, objects[random_below(n)], ROOT_FRAME, "x");
        struct snapshot *s = fake_finish(&heap);
        compare_with_twin(s);
        snapshot_destroy(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_references_that_read_alike_are_one_way),
        cmocka_unit_test(test_ways_to_a_type_are_its_places),
        cmocka_unit_test(test_random_graphs_agree_with_the_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
