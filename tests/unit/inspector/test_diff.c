// What changed between dumps: by type, by object identity, and by place.
#include "inspector/analysis/diff.h"
#include "inspector/analysis/growth.h"
#include "tests/support/fake_snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct diff_row *row_named(const struct diff *d, const char *name)
{
    for (uint32_t i = 0; i < d->count; i++)
        if (strcmp(d->rows[i].name, name) == 0)
            return &d->rows[i];
    fail_msg("no row %s", name);
    return NULL;
}

static void test_types_are_counted_in_each_dump(void **state)
{
    (void)state;
    struct snapshot *s[] = {fake_leaking_program(2), fake_leaking_program(5),
                            fake_leaking_program(4)};
    struct diff *d;
    fake_ok(diff_create(s, 2, &d));
    assert_string_equal(d->rows[0].name, "bytes");
    assert_string_equal(d->rows[0].module, "builtins");
    assert_int_equal(row_named(d, "Row")->count[0], 2);
    assert_int_equal(row_named(d, "Row")->count[1], 5);
    assert_int_equal(row_named(d, "bytes")->size_bytes[1], 5000);
    assert_true(row_named(d, "Row")->steady);
    assert_false(row_named(d, "tuple")->steady);
    assert_true(d->same_process);
    assert_false(d->probable);
    assert_int_equal(d->step[0].added, 9);
    assert_int_equal(d->step[0].removed, 0);
    assert_int_equal(d->step[0].kept, 11);
    diff_destroy(d);
    fake_ok(diff_create(s, 3, &d));
    assert_false(row_named(d, "Row")->steady);
    assert_int_equal(row_named(d, "Row")->count[2], 4);
    assert_int_equal(d->step[1].removed, 3);
    diff_destroy(d);
    for (unsigned i = 0; i < 3; i++)
        snapshot_destroy(s[i]);
}

static struct snapshot *two_objects(uint32_t epoch, bool epochs, const char *type, uint64_t pid)
{
    struct fake heap = fake_begin();
    const uint64_t a = fake_object(&heap, "list", 10);
    const uint64_t b = fake_object(&heap, type, 20);
    fake_item(&heap, a)->object.epoch = epochs ? 1 : 0;
    fake_item(&heap, b)->object.epoch = epochs ? epoch : 0;
    snapshot_builder_info(heap.builder)->birth_epoch = epochs ? 9 : 0;
    snapshot_builder_info(heap.builder)->pid = pid;
    return fake_finish(&heap);
}

static void test_reused_address_is_a_new_object_where_epochs_tell(void **state)
{
    (void)state;
    struct snapshot *before = two_objects(1, true, "list", 1);
    struct snapshot *after = two_objects(2, true, "list", 1);
    uint8_t *added;
    bool probable;
    fake_ok(diff_added(before, after, &added, &probable));
    assert_false(probable);
    assert_int_equal(added[0], 2);
    free(added);
    snapshot_destroy(before);
    snapshot_destroy(after);
}

static void test_without_epochs_identity_is_probable(void **state)
{
    (void)state;
    struct snapshot *before = two_objects(1, false, "list", 1);
    struct snapshot *after = two_objects(2, false, "list", 1);
    struct snapshot *retyped = two_objects(2, false, "dict", 1);
    uint8_t *added;
    bool probable;
    fake_ok(diff_added(before, after, &added, &probable));
    assert_true(probable);
    assert_int_equal(added[0], 0);
    free(added);
    fake_ok(diff_added(before, retyped, &added, &probable));
    assert_int_equal(added[0], 2);
    free(added);
    snapshot_destroy(before);
    snapshot_destroy(after);
    snapshot_destroy(retyped);
}

static void test_objects_of_different_processes_are_not_compared(void **state)
{
    (void)state;
    struct snapshot *s[] = {two_objects(1, true, "list", 1), two_objects(1, true, "list", 2)};
    struct diff *d;
    uint8_t *added;
    bool probable;
    fake_ok(diff_create(s, 2, &d));
    assert_false(d->same_process);
    assert_int_equal(d->step[0].kept, 0);
    struct error *err = diff_added(s[0], s[1], &added, &probable);
    assert_non_null(err);
    error_destroy(err);
    diff_destroy(d);
    snapshot_destroy(s[0]);
    snapshot_destroy(s[1]);
}

static uint32_t place_named(const struct growth *g, const char *path)
{
    struct strbuf text;
    strbuf_init(&text);
    for (uint32_t i = 0; i < g->count; i++) {
        strbuf_clear(&text);
        growth_add_path(g, i, &text);
        if (strcmp(strbuf_text(&text), path) == 0) {
            strbuf_deinit(&text);
            return i;
        }
    }
    fail_msg("no place %s", path);
    return 0;
}

static void test_growth_is_filed_by_merged_path(void **state)
{
    (void)state;
    struct snapshot *s[] = {fake_leaking_program(2), fake_leaking_program(5)};
    struct paths *p[2];
    struct growth *g;
    for (unsigned i = 0; i < 2; i++)
        fake_ok(paths_create(s[i], &p[i]));
    fake_ok(growth_create(s, p, 2, &g));
    const struct growth_place *rows = &g->places[place_named(g, "__main__.CACHE[*]")];
    assert_int_equal(rows->own_count[0], 2);
    assert_int_equal(rows->own_count[1], 5);
    assert_int_equal(rows->size_bytes[1], 5 * (48 + 104 + 1000));
    const struct growth_place *cache = &g->places[place_named(g, "__main__.CACHE")];
    assert_int_equal(cache->own_count[1], 1);
    assert_int_equal(cache->object, 2);
    assert_int_equal(growth_bytes(g, cache), 3 * (48 + 104 + 1000 + 100));
    place_named(g, "__main__.CACHE[*]._data");
    place_named(g, "__main__.config[*]");
    growth_destroy(g);
    for (unsigned i = 0; i < 2; i++) {
        paths_destroy(p[i]);
        snapshot_destroy(s[i]);
    }
}

static void test_linked_list_is_one_place(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    uint64_t last = fake_object(&heap, "app.Link", 48);
    fake_root(&heap, last, ROOT_INTERPRETER, "head");
    for (unsigned i = 0; i < 100; i++) {
        const uint64_t next = fake_object(&heap, "app.Link", 48);
        fake_edge(&heap, last, next, EDGE_SLOT, "next");
        last = next;
    }
    struct snapshot *s = fake_finish(&heap);
    struct paths *p;
    struct growth *g;
    fake_ok(paths_create(s, &p));
    fake_ok(growth_create(&s, &p, 1, &g));
    assert_int_equal(g->count, 3);
    assert_int_equal(g->places[place_named(g, "interpreter head.next")].own_count[0], 100);
    growth_destroy(g);
    paths_destroy(p);
    snapshot_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_are_counted_in_each_dump),
        cmocka_unit_test(test_reused_address_is_a_new_object_where_epochs_tell),
        cmocka_unit_test(test_without_epochs_identity_is_probable),
        cmocka_unit_test(test_objects_of_different_processes_are_not_compared),
        cmocka_unit_test(test_growth_is_filed_by_merged_path),
        cmocka_unit_test(test_linked_list_is_one_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
