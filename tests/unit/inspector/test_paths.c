// Paths from the roots: which one is shown, and how it is spelled.
#include "inspector/analysis/paths.h"
#include "tests/support/fake_snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct shown {
    char text[400], expression[200];
};

static struct shown show(struct snapshot *s, uint32_t object)
{
    struct shown shown = {0};
    struct paths *paths;
    struct path path;
    struct strbuf text;
    fake_ok(paths_create(s, &paths));
    fake_ok(path_to(paths, s, object, &path));
    strbuf_init(&text);
    path_add_text(s, &path, &text);
    snprintf(shown.text, sizeof shown.text, "%s", strbuf_text(&text));
    strbuf_clear(&text);
    if (path_add_expression(s, &path, &text))
        snprintf(shown.expression, sizeof shown.expression, "%s", strbuf_text(&text));
    strbuf_deinit(&text);
    path_deinit(&path);
    paths_destroy(paths);
    return shown;
}

static void test_global_is_spelled_as_in_python(void **state)
{
    (void)state;
    struct snapshot *s = fake_leaking_program(2);
    assert_string_equal(show(s, 2).text, "__main__.CACHE -> dict");
    assert_string_equal(show(s, 2).expression, "__main__.CACHE");
    assert_string_equal(show(s, 7).text,
                        "__main__.CACHE -> dict -> ['k0'] -> app.Row -> ._data -> bytes");
    assert_string_equal(show(s, 7).expression, "__main__.CACHE['k0']._data");
    assert_string_equal(show(s, 4).expression, "__main__.config[0]");
    assert_string_equal(show(s, 0).text, "__main__ -> module");
    assert_string_equal(show(s, 1).text, "__main__.__dict__ -> dict");
    assert_string_equal(show(s, 6).text,
                        "__main__.CACHE -> dict -> ['k0'] -> app.Row -> .__dict__ -> dict");
    snapshot_destroy(s);
}

static void test_global_wins_over_the_local_that_uses_it(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    const uint64_t module = fake_object(&heap, "module", 72);
    const uint64_t namespace = fake_object(&heap, "dict", 232);
    const uint64_t cache = fake_object(&heap, "dict", 64);
    const uint64_t local = fake_object(&heap, "list", 64);
    fake_edge(&heap, module, namespace, EDGE_FIELD, "__dict__");
    fake_edge(&heap, namespace, cache, EDGE_VALUE, "'CACHE'");
    const uint32_t thread = snapshot_builder_thread(heap.builder, 1, "MainThread", GIL_HOLDER);
    const uint32_t frame = snapshot_builder_frame(heap.builder, "load", "app.py", 12, 0);
    const uint64_t targets[] = {cache, namespace, local};
    const char *const names[] = {"c", "globals", "rows"};
    for (unsigned i = 0; i < 3; i++)
        snapshot_builder_root(heap.builder, &(struct builder_root){.target = targets[i],
                                                                   .kind = ROOT_FRAME,
                                                                   .class = CLASS_OWNED,
                                                                   .name = names[i],
                                                                   .thread = thread,
                                                                   .frame = frame});
    fake_root(&heap, module, ROOT_MODULE, "shop.session");
    struct snapshot *s = fake_finish(&heap);
    assert_string_equal(show(s, 2).text, "shop.session.CACHE -> dict");
    assert_string_equal(show(s, 2).expression, "sys.modules['shop.session'].CACHE");
    assert_string_equal(show(s, 3).text, "rows in load (app.py:12) -> list");
    assert_string_equal(show(s, 3).expression, "");
    snapshot_destroy(s);
}

static void test_native_holder_is_the_last_resort(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    const uint64_t known = fake_object(&heap, "list", 56);
    const uint64_t item = fake_object(&heap, "bytes", 40);
    const uint64_t lost = fake_object(&heap, "bytes", 60);
    fake_item_edge(&heap, known, item, 3);
    fake_root(&heap, known, ROOT_INTERPRETER, "registry");
    fake_refcount(&heap, item, 5);
    fake_refcount(&heap, lost, 1);
    struct snapshot *s = fake_finish(&heap);
    assert_string_equal(show(s, 1).text, "interpreter registry -> list -> [3] -> bytes");
    assert_string_equal(show(s, 2).text, "native code -> bytes");
    snapshot_destroy(s);
}

static void test_weak_reference_is_no_path(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    const uint64_t root = fake_object(&heap, "weakref", 56);
    const uint64_t target = fake_object(&heap, "list", 56);
    fake_edge(&heap, root, target, EDGE_WEAK, NULL);
    fake_root(&heap, root, ROOT_FRAME, "r");
    struct snapshot *s = fake_finish(&heap);
    struct paths *paths;
    struct path path;
    fake_ok(paths_create(s, &paths));
    assert_false(paths_reaches(paths, 1));
    struct error *err = path_to(paths, s, 1, &path);
    assert_non_null(err);
    assert_int_equal(err->code, ERROR_NOT_FOUND);
    error_destroy(err);
    paths_destroy(paths);
    snapshot_destroy(s);
}

static void test_what_has_no_spelling_has_no_expression(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    const uint64_t module = fake_object(&heap, "module", 72);
    const uint64_t namespace = fake_object(&heap, "dict", 232);
    const uint64_t set = fake_object(&heap, "set", 216);
    const uint64_t member = fake_object(&heap, "app.Row", 48);
    const uint64_t table = fake_object(&heap, "dict", 232);
    const uint64_t odd = fake_object(&heap, "list", 56);
    const uint64_t cut = fake_object(&heap, "tuple", 56);
    fake_edge(&heap, module, namespace, EDGE_FIELD, "__dict__");
    fake_edge(&heap, namespace, set, EDGE_VALUE, "'seen'");
    fake_edge(&heap, namespace, table, EDGE_VALUE, "'not an identifier'");
    fake_edge(&heap, set, member, EDGE_ITEM, NULL);
    fake_edge(&heap, table, odd, EDGE_VALUE, "<app.Key object>");
    fake_edge(&heap, table, cut, EDGE_VALUE, "'aaaaaaaa...'");
    fake_root(&heap, module, ROOT_MODULE, "m");
    struct snapshot *s = fake_finish(&heap);
    assert_string_equal(show(s, 3).text, "m.seen -> set -> <item> -> app.Row");
    assert_string_equal(show(s, 3).expression, "");
    assert_string_equal(show(s, 4).text, "m.__dict__ -> dict -> ['not an identifier'] -> dict");
    assert_string_equal(show(s, 4).expression, "sys.modules['m'].__dict__['not an identifier']");
    assert_string_equal(show(s, 5).expression, "");
    assert_string_equal(show(s, 6).expression, "");
    snapshot_destroy(s);
}

static void test_same_heap_gives_the_same_path(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    const uint64_t b = fake_object(&heap, "list", 56), a = fake_object(&heap, "list", 56);
    const uint64_t shared = fake_object(&heap, "list", 56);
    fake_item_edge(&heap, a, shared, 1);
    fake_item_edge(&heap, b, shared, 2);
    fake_root(&heap, b, ROOT_INTERPRETER, "zzz");
    fake_root(&heap, a, ROOT_INTERPRETER, "aaa");
    struct snapshot *s = fake_finish(&heap);
    assert_string_equal(show(s, 2).text, "interpreter aaa -> list -> [1] -> list");
    snapshot_destroy(s);
}

static uint64_t seed = 5;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((seed >> 33) % limit);
}

enum { OBJECTS_MAX = 16, FAR = 1000 };

// Distances by relaxing all references until nothing changes: too simple to be wrong.
static void compare_with_twin(struct snapshot *s)
{
    uint32_t distance[OBJECTS_MAX];
    struct paths *paths;
    for (uint32_t o = 0; o < s->object_count; o++)
        distance[o] = FAR;
    for (uint32_t i = 0; i < s->root_count; i++)
        distance[s->roots[i].target] = 0;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t o = 0; o < s->object_count; o++)
            for (uint64_t e = s->edge_begin[o]; e < s->edge_begin[o + 1]; e++)
                if (snapshot_edge_retains(s, e) && distance[o] + 1 < distance[s->targets[e]]) {
                    distance[s->targets[e]] = distance[o] + 1;
                    changed = true;
                }
    }
    fake_ok(paths_create(s, &paths));
    for (uint32_t o = 0; o < s->object_count; o++) {
        assert_int_equal(paths_reaches(paths, o), distance[o] < FAR);
        if (distance[o] >= FAR)
            continue;
        struct path path;
        struct edge edge;
        fake_ok(path_to(paths, s, o, &path));
        assert_int_equal(path.count, distance[o] + 1);
        assert_int_equal(s->roots[path.root].target, path.objects[0]);
        assert_int_equal(path.objects[path.count - 1], o);
        for (uint32_t i = 0; i + 1 < path.count; i++)
            assert_true(snapshot_find_edge(s, path.objects[i], path.objects[i + 1], &edge) &&
                        edge_class_retains(edge.class));
        path_deinit(&path);
    }
    paths_destroy(paths);
}

static void test_random_graphs_agree_with_the_twin(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 10000; round++) {
        struct fake heap = fake_begin();
        uint64_t objects[OBJECTS_MAX];
        const uint32_t n = 1 + random_below(OBJECTS_MAX);
        for (uint32_t i = 0; i < n; i++)
            objects[i] = fake_object(&heap, "list", 56);
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
        cmocka_unit_test(test_global_is_spelled_as_in_python),
        cmocka_unit_test(test_global_wins_over_the_local_that_uses_it),
        cmocka_unit_test(test_native_holder_is_the_last_resort),
        cmocka_unit_test(test_weak_reference_is_no_path),
        cmocka_unit_test(test_what_has_no_spelling_has_no_expression),
        cmocka_unit_test(test_same_heap_gives_the_same_path),
        cmocka_unit_test(test_random_graphs_agree_with_the_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
