// The page of the report for heaps of all sizes that fit into a test: none, one, thirty, and more
// objects than it has room for. What the page looks like is tested in tests/e2e/test_report.py.
#include "inspector/report/report.h"
#include "tests/support/fake_snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void make_page(struct snapshot *s, uint32_t object, struct strbuf *page)
{
    struct snapshot *const one[] = {s};
    const char *const names[] = {"A.heap"};
    const struct report_input input = {
        .snapshots = one, .names = names, .count = 1, .object = object};
    struct report *report;
    strbuf_init(page);
    fake_ok(report_create(&input, &report));
    fake_ok(report_add_page(report, page));
    report_destroy(report);
    assert_memory_equal(page->data, "<!doctype html>", 15);
    assert_non_null(strstr(strbuf_text(page), "</html>"));
}

static void assert_has(const struct strbuf *page, const char *part)
{
    if (!strstr(strbuf_text(page), part))
        fail_msg("the page has no '%s'", part);
}

static void test_page_of_an_empty_heap(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    struct snapshot *s = fake_finish(&heap);
    struct strbuf page;
    make_page(s, ORDINAL_NONE, &page);
    assert_has(&page, "\"object_count\":0");
    strbuf_deinit(&page);
    snapshot_destroy(s);
}

static void test_page_of_one_object(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    fake_root(&heap, fake_object(&heap, "list", 56), ROOT_MODULE, "m");
    struct snapshot *s = fake_finish(&heap);
    struct strbuf page;
    make_page(s, 0, &page);
    assert_has(&page, "<h2>One object</h2>");
    assert_has(&page, "and each of them is explained");
    strbuf_deinit(&page);
    snapshot_destroy(s);
}

static void test_page_of_thirty_objects(void **state)
{
    (void)state;
    struct snapshot *s = fake_leaking_program(9);
    struct strbuf page;
    assert_in_range(s->object_count, 29, 33);
    make_page(s, 2, &page);
    assert_has(&page, "__main__.CACHE");
    assert_has(&page, "Every way to it");
    assert_true(page.length < 100000);
    strbuf_deinit(&page);
    snapshot_destroy(s);
}

// Each of 60,000 objects holds the same: no row is worth more than another.
static void test_page_has_its_limit(void **state)
{
    (void)state;
    enum { OBJECTS = 60000 };
    struct snapshot_builder *b;
    struct snapshot *s;
    struct strbuf page;
    fake_ok(snapshot_builder_create(&b));
    for (uint64_t i = 0; i < OBJECTS; i++) {
        char name[32];
        snprintf(name, sizeof name, "Type%u", (unsigned)(i % 5000));
        const uint32_t type = snapshot_builder_type(
            b, &(struct builder_type){.address = 8 + i % 5000 * 8, .name = name, .module = "m"});
        snapshot_builder_object(b, &(struct builder_object){.address = FAKE_BASE + i * 64,
                                                            .size_bytes = 64,
                                                            .type = type});
        snprintf(name, sizeof name, "'key %u'", (unsigned)i);
        if (i % 3 == 0)
            for (unsigned k = 1; k < 3; k++)
                snapshot_builder_edge_named(b, FAKE_BASE + (i + k) * 64, EDGE_VALUE,
                                            CLASS_TRAVERSED, name);
        if (i % 3 == 0)
            snapshot_builder_root(b, &(struct builder_root){.target = FAKE_BASE + i * 64,
                                                            .kind = ROOT_FRAME,
                                                            .name = "x",
                                                            .thread = ORDINAL_NONE,
                                                            .frame = ORDINAL_NONE});
    }
    fake_ok(snapshot_builder_finish(b, &s));
    snapshot_builder_destroy(b);
    make_page(s, ORDINAL_NONE, &page);
    assert_has(&page, "smaller");
    assert_true(page.length < 5000000);
    strbuf_deinit(&page);
    snapshot_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_of_an_empty_heap),
        cmocka_unit_test(test_page_of_one_object),
        cmocka_unit_test(test_page_of_thirty_objects),
        cmocka_unit_test(test_page_has_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
