// Leak suspects in one dump and between dumps.
#include "inspector/analysis/leaks.h"
#include "tests/support/fake_snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_one_dump_names_the_accumulation_point(void **state)
{
    (void)state;
    struct snapshot *s = fake_leaking_program(200);
    struct leaks *l;
    fake_ok(leaks_create(&s, 1, LEAK_GROWTH_MIN, &l));
    assert_int_equal(l->count, 1);
    assert_int_equal(l->items[0].object, 2);
    assert_string_equal(l->items[0].path, "__main__.CACHE -> dict");
    assert_string_equal(l->items[0].expression, "__main__.CACHE");
    assert_int_equal(l->items[0].retained_bytes, l->dominators->retained[2]);
    assert_int_equal(l->items[0].child_count, 200);
    assert_string_equal(snapshot_string(s, s->types[l->items[0].type].name), "bytes");
    assert_int_equal(l->items[0].type_count, 200);
    assert_int_equal(l->largest_retained_bytes, l->items[0].retained_bytes);
    leaks_destroy(l);
    snapshot_destroy(s);
}

static void test_two_dumps_name_the_path_and_the_growth(void **state)
{
    (void)state;
    struct snapshot *s[] = {fake_leaking_program(20), fake_leaking_program(220)};
    struct leaks *l;
    fake_ok(leaks_create(s, 2, LEAK_GROWTH_MIN, &l));
    assert_int_equal(l->count, 1);
    assert_string_equal(l->items[0].path, "__main__.CACHE -> dict");
    assert_int_equal(l->items[0].growth_bytes, 200 * 1252);
    assert_int_equal(l->items[0].growth_count, 600);
    assert_int_equal(l->items[0].retained_bytes, 64 + 220 * 1252);
    assert_int_equal(l->heap_growth_bytes, 200 * 1252);
    assert_int_equal(l->items[0].type_count, 200);
    leaks_destroy(l);
    snapshot_destroy(s[0]);
    snapshot_destroy(s[1]);
}

static void test_three_dumps_want_growth_at_every_step(void **state)
{
    (void)state;
    struct snapshot *s[] = {fake_leaking_program(20), fake_leaking_program(220),
                            fake_leaking_program(210)};
    struct leaks *l;
    fake_ok(leaks_create(s, 3, LEAK_GROWTH_MIN, &l));
    assert_int_equal(l->count, 0);
    leaks_destroy(l);
    snapshot_destroy(s[2]);
    s[2] = fake_leaking_program(420);
    fake_ok(leaks_create(s, 3, LEAK_GROWTH_MIN, &l));
    assert_int_equal(l->count, 1);
    assert_int_equal(l->items[0].step_growth_bytes[1], 200 * 1252);
    leaks_destroy(l);
    for (unsigned i = 0; i < 3; i++)
        snapshot_destroy(s[i]);
}

static void test_steady_program_has_no_suspects(void **state)
{
    (void)state;
    struct snapshot *s[] = {fake_leaking_program(100), fake_leaking_program(100)};
    struct leaks *l;
    fake_ok(leaks_create(s, 2, LEAK_GROWTH_MIN, &l));
    assert_int_equal(l->count, 0);
    assert_int_equal(l->heap_growth_bytes, 0);
    leaks_destroy(l);
    snapshot_destroy(s[0]);
    snapshot_destroy(s[1]);
}

// A module with two caches and a list in an instance, each of its own size.
static struct snapshot *three_caches(unsigned a, unsigned b, unsigned c)
{
    struct fake heap = fake_begin();
    const uint64_t module = fake_object(&heap, "module", 72);
    const uint64_t namespace = fake_object(&heap, "dict", 232);
    const uint64_t first = fake_object(&heap, "dict", 232);
    const uint64_t second = fake_object(&heap, "list", 56);
    const uint64_t service = fake_object(&heap, "app.Service", 48);
    const uint64_t fields = fake_object(&heap, "dict", 104);
    const uint64_t queue = fake_object(&heap, "collections.deque", 600);
    fake_edge(&heap, module, namespace, EDGE_FIELD, "__dict__");
    fake_edge(&heap, namespace, first, EDGE_VALUE, "'FIRST'");
    fake_edge(&heap, namespace, second, EDGE_VALUE, "'SECOND'");
    fake_edge(&heap, namespace, service, EDGE_VALUE, "'service'");
    fake_edge(&heap, service, fields, EDGE_FIELD, "__dict__");
    fake_edge(&heap, fields, queue, EDGE_VALUE, "'queue'");
    const uint64_t containers[] = {first, second, queue};
    const unsigned counts[] = {a, b, c};
    for (unsigned i = 0; i < 3; i++)
        for (unsigned k = 0; k < counts[i]; k++) {
            const uint64_t item = fake_object(&heap, "bytes", 1000);
            fake_item_edge(&heap, containers[i], item, k);
        }
    fake_root(&heap, module, ROOT_MODULE, "app");
    return fake_finish(&heap);
}

static void test_several_globals_are_several_suspects(void **state)
{
    (void)state;
    struct snapshot *s[] = {three_caches(100, 10, 10), three_caches(200, 300, 250)};
    struct leaks *l;
    fake_ok(leaks_create(s, 2, LEAK_GROWTH_MIN, &l));
    assert_int_equal(l->count, 3);
    assert_string_equal(l->items[0].path, "app.SECOND -> list");
    assert_string_equal(l->items[1].path,
                        "app.service -> app.Service -> .queue -> collections.deque");
    assert_string_equal(l->items[1].expression, "sys.modules['app'].service.queue");
    assert_string_equal(l->items[2].path, "app.FIRST -> dict");
    leaks_destroy(l);
    fake_ok(leaks_create(s + 1, 1, LEAK_GROWTH_MIN, &l));
    assert_int_equal(l->count, 3);
    assert_string_equal(l->items[0].path, "app.SECOND -> list");
    leaks_destroy(l);
    snapshot_destroy(s[0]);
    snapshot_destroy(s[1]);
}

static void test_container_that_is_new_is_a_suspect(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    fake_root(&heap, fake_object(&heap, "module", 72), ROOT_MODULE, "app");
    struct snapshot *s[] = {fake_finish(&heap), three_caches(300, 0, 0)};
    struct leaks *l;
    fake_ok(leaks_create(s, 2, LEAK_GROWTH_MIN, &l));
    assert_int_equal(l->count, 1);
    assert_string_equal(l->items[0].path, "app.FIRST -> dict");
    assert_int_equal(l->items[0].growth_bytes, 300 * 1000 + 232);
    leaks_destroy(l);
    snapshot_destroy(s[0]);
    snapshot_destroy(s[1]);
}

static void test_empty_heap_has_no_suspects(void **state)
{
    (void)state;
    struct fake heap = fake_begin(), other = fake_begin();
    struct snapshot *s[] = {fake_finish(&heap), fake_finish(&other)};
    struct leaks *l;
    fake_ok(leaks_create(s, 1, LEAK_GROWTH_MIN, &l));
    assert_int_equal(l->count, 0);
    leaks_destroy(l);
    fake_ok(leaks_create(s, 2, LEAK_GROWTH_MIN, &l));
    assert_int_equal(l->count, 0);
    leaks_destroy(l);
    snapshot_destroy(s[0]);
    snapshot_destroy(s[1]);
}

static void test_a_linked_list_is_accused_by_its_head(void **state)
{
    (void)state;
    enum { LINKS = 5000 };
    struct fake heap = fake_begin();
    const uint64_t names = fake_object(&heap, "dict", 232);
    uint64_t link = fake_object(&heap, "app.Link", 48);
    const uint64_t head = link, module = fake_object(&heap, "module", 72);
    fake_edge(&heap, module, names, EDGE_FIELD, "__dict__");
    fake_edge(&heap, names, head, EDGE_VALUE, "'HEAD'");
    fake_root(&heap, module, ROOT_MODULE, "app");
    for (int i = 0; i < LINKS; i++) {
        const uint64_t next = fake_object(&heap, "app.Link", 48);
        fake_edge(&heap, link, next, EDGE_ATTRIBUTE, "next");
        link = next;
    }
    struct snapshot *s = fake_finish(&heap);
    struct leaks *l;
    fake_ok(leaks_create(&s, 1, LEAK_GROWTH_MIN, &l));
    assert_int_equal(l->count, 1);
    assert_int_equal(s->address[l->items[0].object], head);
    assert_true(strlen(l->items[0].path) < 200);
    struct path path;
    struct strbuf text;
    fake_ok(path_to(l->paths, s, s->object_count - 1, &path));
    strbuf_init(&text);
    path_add_text(s, &path, &text);
    assert_non_null(strstr(strbuf_text(&text), " steps) -> "));
    assert_true(text.length < 4000);
    strbuf_clear(&text);
    assert_false(path_add_expression(s, &path, &text));
    strbuf_deinit(&text);
    path_deinit(&path);
    leaks_destroy(l);
    snapshot_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_dump_names_the_accumulation_point),
        cmocka_unit_test(test_a_linked_list_is_accused_by_its_head),
        cmocka_unit_test(test_two_dumps_name_the_path_and_the_growth),
        cmocka_unit_test(test_three_dumps_want_growth_at_every_step),
        cmocka_unit_test(test_steady_program_has_no_suspects),
        cmocka_unit_test(test_several_globals_are_several_suspects),
        cmocka_unit_test(test_container_that_is_new_is_a_suspect),
        cmocka_unit_test(test_empty_heap_has_no_suspects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
