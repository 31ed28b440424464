// Exports: the ndjson contract line by line, drawings, and what the readers' tests (tests/readers)
// cannot make: huge objects, hostile names, empty heaps.
#include "inspector/export/export.h"
#include "inspector/export/json.h"
#include "tests/support/fake_snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char *export_text(const char *format, struct snapshot *s, uint32_t focus)
{
    struct sink sink;
    const struct export_options options = {.focus = focus, .depth = 1, .limit = 10};
    sink_init(&sink, NULL, "test");
    fake_ok(exporter_find(format)->write(s, &options, &sink));
    char *text = strbuf_take(&sink.text);
    sink_deinit(&sink);
    return text;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no '%s' in:\n%s", part, text);
}

static void test_ndjson_is_the_contract(void **state)
{
    (void)state;
    struct snapshot *s = fake_leaking_program(1);
    char *text = export_text("ndjson", s, ORDINAL_NONE);
    const char *first = "{\"record\":\"heap\",\"format\":1,\"runtime\":\"brille\",\"version\":"
                        "\"3.11.2\",\"pid\":42,\"pause_ns\":1500000,\"object_count\":8,"
                        "\"reference_count\":7,\"complete\":true,\"event_seq\":77,";
    assert_memory_equal(text, first, strlen(first));
    assert_has(text, "{\"record\":\"object\",\"address\":\"0x7f0000000400\",\"type\":\"str\","
                     "\"module\":\"builtins\",\"size\":54,\"refcount\":1,\"explained\":1,"
                     "\"tracked\":true,\"generation\":2,\"immortal\":false,"
                     "\"label\":\"'hello'\"}\n");
    assert_has(text, "{\"record\":\"reference\",\"source\":\"0x7f0000000300\",\"target\":"
                     "\"0x7f0000000400\",\"name\":\"[0]\",\"kind\":\"item\",\"class\":"
                     "\"traversed\"}\n");
    assert_has(text, "\"name\":\"['k0']\",\"kind\":\"value\"");
    assert_has(text, "\"name\":\"__dict__\",\"kind\":\"field\"");
    assert_has(text, "{\"record\":\"root\",\"target\":\"0x7f0000000000\",\"kind\":\"module\","
                     "\"name\":\"__main__\"");
    free(text);
    snapshot_destroy(s);
}

static void test_ndjson_of_odd_objects(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    const uint64_t odd = fake_object(&heap, "str", 60);
    fake_label(&heap, odd, "'a\"\\\n\xff'");
    fake_item(&heap, odd)->object.tracked = false;
    fake_item(&heap, odd)->object.immortal = true;
    const uint64_t frozen = fake_object(&heap, "list", 60);
    fake_item(&heap, frozen)->object.generation = GENERATION_PERMANENT;
    snapshot_builder_info(heap.builder)->has_event_seq = false;
    snapshot_builder_thread(heap.builder, 7, "MainThread", GIL_WAITING);
    snapshot_builder_frame(heap.builder, "f", "a.py", 3, 0);
    struct snapshot *s = fake_finish(&heap);
    char *text = export_text("ndjson", s, ORDINAL_NONE);
    assert_has(text, "\"event_seq\":null");
    assert_has(text, "\"tracked\":false,\"generation\":null,\"immortal\":true,");
    assert_has(text, "\"generation\":\"permanent\"");
    assert_has(text, "'a\\\"\\\\\\n");
    assert_has(text, "{\"record\":\"thread\",\"tid\":7,\"name\":\"MainThread\",\"gil\":\"waiting\","
                     "\"frames\":[{\"function\":\"f\",\"file\":\"a.py\",\"line\":3}]}\n");
    free(text);
    snapshot_destroy(s);
}

static void test_dot_draws_the_biggest_and_the_focus(void **state)
{
    (void)state;
    struct snapshot *s = fake_leaking_program(30);
    char *text = export_text("dot", s, ORDINAL_NONE);
    assert_has(text, "digraph heap {");
    assert_has(text, "// 10 of 95 objects");
    assert_has(text, "n1 -> n2 [label=\"['CACHE']\"];");
    free(text);
    text = export_text("dot", s, 4);
    assert_has(text, "n4 [label=\"str\\n'hello'\\n54 B\", penwidth=3");
    assert_has(text, "n3 -> n4 [label=\"[0]\"];");
    assert_has(text, "n0 -> n1 [label=\".__dict__\"];");
    free(text);
    snapshot_destroy(s);
}

// What no target of the tests can make: 5 GiB in one object, names that are hostile, no edges.
static struct snapshot *odd_heap(void)
{
    struct fake heap = fake_begin();
    const uint64_t module = fake_object(&heap, "module", 72);
    const uint64_t big = fake_object(&heap, "bytearray", UINT64_C(5) << 30);
    const uint64_t text = fake_object(&heap, "str", 60);
    const uint64_t lost = fake_object(&heap, "app.No;de\"<\\", 48);
    const uint64_t other = fake_object(&heap, "list", 56);
    fake_label(&heap, text, "'\x01 \xff ]]> \xf0\x9f\x90\x8d\xef\xbf\xbf'");
    fake_edge(&heap, module, big, EDGE_ATTRIBUTE, "big");
    fake_edge(&heap, module, text, EDGE_ATTRIBUTE, "te;xt\"");
    fake_item_edge(&heap, lost, other, 0);
    fake_item_edge(&heap, other, lost, 7);
    fake_edge(&heap, other, text, EDGE_KEY, NULL);
    fake_edge(&heap, other, text, EDGE_WEAK, NULL);
    fake_root(&heap, module, ROOT_MODULE, "__main__");
    return fake_finish(&heap);
}

static void test_heapsnapshot_of_odd_objects(void **state)
{
    (void)state;
    struct snapshot *s = odd_heap();
    char *text = export_text("heapsnapshot", s, ORDINAL_NONE);
    // root, unreachable, five objects and the rest of the big one; a shortcut, the node of the
    // unreachable and its two, six references, the rest.
    assert_has(text, "\"node_count\":8,\"edge_count\":11,\"trace_function_count\":0},\n");
    assert_has(text, ",4294967295,1,0,0,\n");  // the big object, with one edge: its rest
    assert_has(text, ",1073741825,0,0,0],\n"); // the rest
    assert_has(text, "\"edges\":[5,");         // the module is a user root
    assert_has(text, ",\n6,");                 // what is unreachable holds nothing reachable
    assert_has(text, "\"'\\u0001 \\ufffd ]]> ");
    assert_has(text, "app.No;de\\\"<\\\\\"");
    free(text);
    snapshot_destroy(s);
}

static void test_graphml_has_only_what_xml_allows(void **state)
{
    (void)state;
    struct snapshot *s = odd_heap();
    char *text = export_text("graphml", s, 4);
    assert_has(text, "'&#xfffd; &#xfffd; ]]&gt; \xf0\x9f\x90\x8d&#xfffd;'");
    assert_has(text, "<data key=\"type\">app.No;de&quot;&lt;\\</data>");
    free(text);
    text = export_text("graphml", s, 2);
    assert_has(text, "<data key=\"name\">te;xt&quot;</data><data key=\"kind\">attribute</data>");
    free(text);
    snapshot_destroy(s);
}

static void test_folded_keeps_frames_and_numbers_apart(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    const uint64_t module = fake_object(&heap, "module", 72);
    uint64_t last = module;
    for (unsigned i = 0; i < 300; i++) { // a list of links is one frame
        const uint64_t link = fake_object(&heap, "app.Li;nk", 48);
        fake_edge(&heap, last, link, EDGE_ATTRIBUTE, "next");
        last = link;
    }
    for (unsigned i = 0; i < 300; i++) { // and types in turn end somewhere
        const uint64_t link = fake_object(&heap, i % 2 ? "list" : "tuple", 10);
        fake_item_edge(&heap, last, link, 0);
        last = link;
    }
    fake_label(&heap, module, "__main__");
    fake_root(&heap, module, ROOT_MODULE, "__main__");
    struct snapshot *s = fake_finish(&heap);
    char *text = export_text("folded", s, ORDINAL_NONE);
    const char *first = "module __main__ 72\nmodule __main__;app.Li:nk 14400\n"
                        "module __main__;app.Li:nk;tuple 10\n";
    assert_memory_equal(text, first, strlen(first));
    uint64_t sum = 0;
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        const char *end = strchr(line, '\n');
        while (*--end != ' ') {
        }
        sum += strtoull(end, NULL, 10);
    }
    assert_int_equal(sum, 72 + 14400 + 3000);
    free(text);
    snapshot_destroy(s);
}

static void test_every_format_takes_an_empty_heap(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    struct snapshot *s = fake_finish(&heap);
    for (const struct exporter *e = exporters; e->name; e++) {
        struct sink sink;
        const struct export_options options = {.focus = ORDINAL_NONE, .depth = 1, .limit = 10};
        sink_init(&sink, NULL, "test");
        fake_ok(e->write(s, &options, &sink));
        assert_true(sink.text.length > 0 || strcmp(e->name, "folded") == 0);
        sink_deinit(&sink);
    }
    snapshot_destroy(s);
    s = odd_heap();
    for (const struct exporter *e = exporters; e->name; e++) {
        struct sink sink;
        const struct export_options options = {.focus = ORDINAL_NONE, .depth = 1, .limit = 10};
        sink_init(&sink, NULL, "test");
        fake_ok(e->write(s, &options, &sink));
        sink_deinit(&sink);
    }
    snapshot_destroy(s);
}

static void test_unknown_format_is_null(void **state)
{
    (void)state;
    assert_null(exporter_find("nonsense"));
    assert_non_null(exporter_find("dot"));
}

static void test_json_puts_commas_right(void **state)
{
    (void)state;
    struct strbuf text;
    strbuf_init(&text);
    struct json json = {.out = &text};
    json_begin(&json, NULL, '{');
    json_begin(&json, "a", '[');
    json_end(&json, ']');
    json_begin(&json, "b", '[');
    json_count(&json, NULL, UINT64_MAX);
    json_signed(&json, NULL, -5);
    json_real(&json, NULL, 0.5);
    json_real(&json, NULL, 1.0 / 0.0);
    json_null(&json, NULL);
    json_begin(&json, NULL, '{');
    json_address(&json, "x", 0xabc);
    json_bool(&json, "y", false);
    json_end(&json, '}');
    json_end(&json, ']');
    json_text(&json, "c", "t");
    json_end(&json, '}');
    assert_string_equal(strbuf_text(&text),
                        "{\"a\":[],\"b\":[18446744073709551615,-5,0.5,null,null,{\"x\":\"0xabc\","
                        "\"y\":false}],\"c\":\"t\"}");
    strbuf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ndjson_is_the_contract),
        cmocka_unit_test(test_ndjson_of_odd_objects),
        cmocka_unit_test(test_dot_draws_the_biggest_and_the_focus),
        cmocka_unit_test(test_heapsnapshot_of_odd_objects),
        cmocka_unit_test(test_graphml_has_only_what_xml_allows),
        cmocka_unit_test(test_folded_keeps_frames_and_numbers_apart),
        cmocka_unit_test(test_every_format_takes_an_empty_heap),
        cmocka_unit_test(test_unknown_format_is_null),
        cmocka_unit_test(test_json_puts_commas_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
