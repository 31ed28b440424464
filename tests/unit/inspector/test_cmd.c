// The command line as a person meets it: verbs on saved heaps and on a fake process, errors, exit
// statuses. The fake process is this one: a target registered here recognises our own pid.
#include "inspector/cmd/command.h"
#include "inspector/model/heap_file.h"
#include "tests/support/fake_snapshot.h"
#include "tests/support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char before[TEMP_PATH_BYTES], after[TEMP_PATH_BYTES], later[TEMP_PATH_BYTES],
    made[TEMP_PATH_BYTES], junk[TEMP_PATH_BYTES];

// ---- the fake process ----

static unsigned fake_rows = 100;

static bool fake_probe(pid_t pid, struct target_process *process)
{
    if (pid != getpid())
        return false;
    snprintf(process->runtime, sizeof process->runtime, "brille");
    snprintf(process->version, sizeof process->version, "3.11.2");
    process->readable = true;
    return true;
}

// Adds the objects of a program that leaks, 100 rows more each time.
static struct error *fake_capture(pid_t pid, const struct heap_options *options,
                                  struct snapshot_builder *b)
{
    (void)pid;
    (void)options;
    struct snapshot *s = fake_leaking_program(fake_rows += 100);
    for (uint32_t t = 0; t < s->type_count; t++)
        snapshot_builder_type(
            b, &(struct builder_type){.address = s->types[t].address,
                                      .name = snapshot_string(s, s->types[t].name),
                                      .module = snapshot_string(s, s->types[t].module)});
    for (uint32_t o = 0; o < s->object_count; o++) {
        snapshot_builder_object(b, &(struct builder_object){.address = s->address[o],
                                                            .size_bytes = snapshot_size(s, o),
                                                            .refcount = s->refcount[o],
                                                            .type = s->type[o],
                                                            .tracked = true,
                                                            .generation = 1});
        struct edge edge;
        for (struct edge_iter it = snapshot_edges(s, o); edge_iter_next(&it, &edge);)
            if (edge_name_is_index(edge.name))
                snapshot_builder_edge(b, s->address[edge.target], edge.kind, edge.class, edge.name);
            else
                snapshot_builder_edge_named(b, s->address[edge.target], edge.kind, edge.class,
                                            snapshot_string(s, edge.name));
    }
    snapshot_builder_root(b, &(struct builder_root){.target = s->address[0],
                                                    .kind = ROOT_MODULE,
                                                    .class = CLASS_OWNED,
                                                    .name = "__main__",
                                                    .thread = ORDINAL_NONE,
                                                    .frame = ORDINAL_NONE});
    snapshot_builder_info(b)->pause_ns = 700000;
    snapshot_destroy(s);
    return NULL;
}

static const struct target_ops fake_target = {
    .name = "fake", .probe = fake_probe, .capture = fake_capture};

// ---- running ----

static char *answer, *complaint;

// brille("types", "-n", "3", path, NULL)
static int brille(const char *verb, ...)
{
    char *argv[16] = {strdup("brille"), strdup(verb)};
    int argc = 2;
    va_list args;
    va_start(args, verb);
    for (const char *text; (text = va_arg(args, const char *)) && argc < 15;)
        argv[argc++] = strdup(text);
    va_end(args);
    char *copies[16];
    memcpy(copies, argv, sizeof copies);
    size_t answer_length, complaint_length;
    free(answer);
    free(complaint);
    FILE *out = open_memstream(&answer, &answer_length);
    FILE *errors = open_memstream(&complaint, &complaint_length);
    const int status = command_run(argc, argv, out, errors);
    fclose(out);
    fclose(errors);
    for (int i = 0; i < argc; i++)
        free(copies[i]);
    return status;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no '%s' in:\n%s", part, text);
}

static void assert_fails(int status, int expected, const char *message)
{
    assert_int_equal(status, expected);
    assert_string_equal(answer, "");
    assert_memory_equal(complaint, "brille: ", 8);
    assert_has(complaint, message);
}

static int set_up(void **state)
{
    (void)state;
    if (!temp_folder_make())
        return -1;
    temp_folder_path(before, "before.heap");
    temp_folder_path(after, "after.heap");
    temp_folder_path(later, "later.heap");
    temp_folder_path(made, "made");
    temp_folder_path(junk, "junk.heap");
    const char *const names[] = {before, after, later};
    for (unsigned i = 0; i < 3; i++) {
        struct snapshot *s = fake_leaking_program(20 + 200 * i);
        fake_ok(heap_file_write(s, names[i], NULL));
        snapshot_destroy(s);
    }
    FILE *file = fopen(junk, "w");
    fputs("this is not a heap, but it is long enough to have been one, if it had tried", file);
    fclose(file);
    target_register(&fake_target);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(answer);
    free(complaint);
    target_unregister_all();
    return temp_folder_remove();
}

// ---- verbs ----

static void test_summary_says_who_holds_most(void **state)
{
    (void)state;
    assert_int_equal(brille("summary", after, NULL), 0);
    assert_has(answer,
               "python app.py  pid 42  brille 3.11.2  2026-09-21 14:13:20 UTC  stopped 1.5");
    assert_has(answer, "one dict holds 99.9 % of it: __main__.CACHE");
    assert_has(answer, "in generation 2");
    assert_int_equal(brille("summary", "--json", after, NULL), 0);
    assert_has(answer, "{\"verb\":\"summary\",\"heap\":{\"record\":\"heap\"");
    assert_has(answer, "\"generations\":[0,0,665]");
    assert_has(answer, "\"path\":\"__main__.CACHE -> dict\"");
}

static void test_types_are_listed_by_size(void **state)
{
    (void)state;
    assert_int_equal(brille("types", "-n2", after, NULL), 0);
    assert_has(answer, "665 objects of 6 types");
    assert_has(answer, "bytes\n");
    assert_has(answer, "4 more types");
    assert_int_equal(brille("types", after, "--sort", "count", "--tsv", NULL), 0);
    assert_has(answer, "count\tsize\tshare\tretained\ttype\n222\t");
    assert_int_equal(brille("types", after, "--type=app.*", "--json", NULL), 0);
    assert_has(answer, "\"types\":[{\"count\":220,\"size\":10560,");
    assert_has(answer, "\"type\":\"app.Row\"}]}");
    assert_int_equal(brille("types", after, "--type", "Row", "--tsv", NULL), 0);
    assert_has(answer, "\tapp.Row\n");
    assert_int_equal(brille("types", after, "--type", "Rows", NULL), 0);
    assert_has(answer, "no object's type is called 'Rows'\n");
    assert_int_equal(brille("types", after, "--by", "module", "--type", "ap", NULL), 0);
    assert_has(answer, "no object's module is called 'ap'\n");
    assert_fails(brille("types", after, "--sort", "weight", NULL), 2, "--sort knows");
}

static void test_show_and_refs_tell_about_one_object(void **state)
{
    (void)state;
    assert_int_equal(brille("show", after, "0x7f0000000500", NULL), 0);
    assert_has(answer, "app.Row 0x7f0000000500 refers to 1 object.");
    assert_has(answer, "1, all explained");
    assert_has(answer, "__dict__");
    assert_int_equal(brille("refs", after, "0x7f0000000500", NULL), 0);
    assert_has(answer, "has 1 reference to it");
    assert_has(answer, "['k0']");
    assert_int_equal(brille("refs", after, "0x7f0000000500", "--json", NULL), 0);
    assert_has(answer, "\"referrers\":[{");
    assert_has(answer, "\"dominator\":\"0x7f0000000200\"");
}

static void test_path_is_shown_step_by_step(void **state)
{
    (void)state;
    assert_int_equal(brille("path", after, "0x7f0000000700", NULL), 0);
    assert_has(answer, "in Python: __main__.CACHE['k0']._data");
    assert_has(answer, "module __main__");
    assert_int_equal(brille("path", after, "0x7f0000000700", "--json", NULL), 0);
    assert_has(answer, "\"root\":{\"kind\":\"module\",\"name\":\"__main__\"}");
    assert_has(answer, "\"expression\":\"__main__.CACHE['k0']._data\"");
}

static void test_dominators_are_a_tree_or_a_list(void **state)
{
    (void)state;
    assert_int_equal(brille("dominators", after, NULL), 0);
    assert_has(answer, "  module");
    assert_has(answer, "__main__.CACHE");
    assert_int_equal(brille("dominators", after, "--type", "dict", "-n", "2", "--tsv", NULL), 0);
    assert_has(answer, "\tdict\t__main__.CACHE\n");
    assert_int_equal(brille("dominators", after, "--type", "Row", "-n", "1", "--tsv", NULL), 0);
    assert_has(answer, "\tapp.Row\t");
    assert_int_equal(brille("dominators", after, "--type", "Rows", NULL), 0);
    assert_has(answer, "no object's type is called 'Rows'\n");
}

static void test_leaks_name_path_size_and_growth(void **state)
{
    (void)state;
    assert_int_equal(brille("leaks", after, NULL), 0);
    assert_has(answer, "1 suspect, most bytes first");
    assert_has(answer, "! 1  __main__.CACHE -> dict\n");
    assert_has(answer, "in Python __main__.CACHE");
    assert_int_equal(brille("leaks", before, after, NULL), 0);
    assert_has(answer, "! 1  __main__.CACHE -> dict\n");
    assert_has(answer, "holds     269 KiB, 99.9 % of the heap");
    assert_has(answer, "grew      +245 KiB, +600 objects");
    assert_has(answer, "where     __main__.CACHE[*]._data\n");
    assert_has(answer, "keeps     220 entries; most of the growth is bytes (200 of them");
    assert_int_equal(brille("leaks", before, after, later, "--json", NULL), 0);
    assert_has(answer, "\"steps\":[250400,250400]");
}

static void test_leaks_of_a_live_process(void **state)
{
    (void)state;
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    assert_int_equal(brille("leaks", before, pid, NULL), 0);
    assert_has(answer, "__main__.CACHE -> dict");
    assert_int_equal(brille("leaks", pid, "--every", "1ms", "--count", "5", NULL), 0);
    assert_has(answer, "step by step:");
    assert_fails(brille("leaks", before, "--every", "1s", NULL), 2, "one running process");
    assert_fails(brille("leaks", pid, "--every", "1s", "--count", "1", NULL), 2, "from 2");
}

static void test_fail_on_sets_the_exit_status(void **state)
{
    (void)state;
    assert_int_equal(brille("leaks", before, after, "--fail-on", "growth>10KB", NULL), 1);
    assert_has(answer, "! --fail-on 'growth>10KB' is the case");
    assert_int_equal(brille("leaks", before, after, "--fail-on", "growth > 10MB", NULL), 0);
    assert_int_equal(brille("leaks", after, "--fail-on", "retained>1KiB", NULL), 1);
    assert_int_equal(brille("leaks", after, "--fail-on", "retained>1GB", "--json", NULL), 0);
    assert_has(answer, "\"failed\":false");
    assert_fails(brille("leaks", after, "--fail-on", "growth>1MB", NULL), 2, "no growth");
    assert_fails(brille("leaks", before, after, "--fail-on", "size>1", NULL), 2, "--fail-on");
    assert_fails(brille("leaks", before, after, "--fail-on", "growth>1parsec", NULL), 2, "size");
}

static void test_diff_compares_two_and_three(void **state)
{
    (void)state;
    assert_int_equal(brille("diff", before, after, NULL), 0);
    assert_has(answer, "grew +245 KiB, +600 objects");
    assert_has(answer, "600 objects are new");
    assert_int_equal(brille("diff", before, after, later, "--tsv", NULL), 0);
    assert_has(answer, "\tyes\tbytes\n");
    assert_fails(brille("diff", before, NULL), 2, "diff needs");
}

static void test_audit_counts_what_nobody_explains(void **state)
{
    (void)state;
    assert_int_equal(brille("audit", after, NULL), 0);
    assert_has(answer, "665 mortal objects checked: 0 with a count that differs.");
    struct fake heap = fake_begin();
    const uint64_t lost = fake_object(&heap, "bytes", 40), low = fake_object(&heap, "list", 56);
    fake_refcount(&heap, lost, 12345);
    fake_refcount(&heap, low, 1);
    fake_item_edge(&heap, low, low, 0);
    fake_item_edge(&heap, low, low, 1);
    struct snapshot *s = fake_finish(&heap);
    fake_ok(heap_file_write(s, made, NULL));
    snapshot_destroy(s);
    assert_int_equal(brille("audit", made, NULL), 0);
    assert_has(answer, "  bytes  1        12345        0");
    assert_has(answer, "list");
    assert_int_equal(brille("audit", made, "--json", NULL), 0);
    assert_has(answer, "\"unexplained\":12345,\"missing\":0}");
}

static void test_audit_tells_what_grew_first(void **state)
{
    (void)state;
    char second[sizeof made + 8];
    snprintf(second, sizeof second, "%s.second", made);
    for (unsigned n = 0; n < 2; n++) {
        struct fake heap = fake_begin();
        fake_refcount(&heap, fake_object(&heap, "bytes", 40), 500);
        for (unsigned i = 0; i < 2 + 4 * n; i++)
            fake_refcount(&heap, fake_object(&heap, "list", 56), 1);
        struct snapshot *s = fake_finish(&heap);
        fake_ok(heap_file_write(s, n ? second : made, NULL));
        snapshot_destroy(s);
    }
    assert_int_equal(brille("audit", made, second, NULL), 0);
    assert_has(answer, "native code holds 4 references more than");
    assert_has(answer, "most of them to list.");
    assert_true(strstr(answer, "  list") < strstr(answer, "  bytes"));
    assert_int_equal(brille("audit", second, second, NULL), 0);
    assert_has(answer, "native code holds no more references than");
    remove(second);
}

static void test_dump_writes_a_heap_and_says_so(void **state)
{
    (void)state;
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    assert_int_equal(brille("dump", pid, "-o", made, NULL), 0);
    assert_has(answer, "objects and");
    assert_int_equal(brille("summary", made, NULL), 0);
    assert_int_equal(brille("dump", pid, "-o", made, "--json", NULL), 0);
    assert_memory_equal(answer, "{\"record\":\"heap\",\"format\":1,", 28);
    assert_has(answer, "\"pause_ns\":700000");
    const unsigned rows = fake_rows;
    assert_fails(brille("dump", pid, "-o", "/nonexistent/x.heap", NULL), 3, "cannot write");
    assert_int_equal(fake_rows, rows); // the target was not touched
}

static void test_export_writes_files_and_streams(void **state)
{
    (void)state;
    struct stat st;
    assert_int_equal(brille("export", before, "--to", "ndjson", NULL), 0);
    assert_memory_equal(answer, "{\"record\":\"heap\"", 16);
    assert_int_equal(brille("export", before, "--to", "dot", "-o", made, NULL), 0);
    assert_string_equal(answer, "");
    assert_int_equal(stat(made, &st), 0);
    assert_fails(brille("export", before, NULL), 2, "export needs --to");
    assert_fails(brille("export", before, "--to", "gif", NULL), 2, "no format 'gif'");
    assert_fails(brille("export", before, "--to", "dot", "-o", "/nonexistent/x", NULL), 3, "write");
}

static void test_ps_lists_what_can_be_inspected(void **state)
{
    (void)state;
    char row[32];
    assert_int_equal(brille("ps", NULL), 0);
    snprintf(row, sizeof row, "  %d", (int)getpid());
    assert_has(answer, row);
    assert_int_equal(brille("ps", "--json", NULL), 0);
    assert_has(answer, "\"runtime\":\"brille\",\"version\":\"3.11.2\"");
}

// ---- mistakes ----

static void test_no_arguments_is_usage_in_three_lines(void **state)
{
    (void)state;
    char name[] = "brille", *argv[] = {name, NULL};
    char *text = NULL;
    size_t length;
    FILE *errors = open_memstream(&text, &length);
    assert_int_equal(command_run(1, argv, stdout, errors), 2);
    fclose(errors);
    unsigned lines = 0;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    assert_true(lines <= 3);
    free(text);
}

static void test_help_and_version(void **state)
{
    (void)state;
    assert_int_equal(brille("--version", NULL), 0);
    assert_memory_equal(answer, "brille ", 7);
    assert_int_equal(brille("--help", NULL), 0);
    assert_has(answer, "leaks");
    for (const struct command *c = commands; c->name; c++) {
        if (!c->run)
            continue;
        assert_int_equal(brille(c->name, "--help", NULL), 0);
        assert_has(answer, "usage: brille ");
        // run prints what the program prints, plugin what the plugin declares, completion a script
        if (!strstr("run plugin completion", c->name))
            assert_has(answer, "--json");
    }
}

static void test_help_of_one_verb(void **state)
{
    (void)state;
    assert_int_equal(brille("help", "types", NULL), 0);
    assert_has(answer, "usage: brille types TARGET\n");
    assert_int_equal(brille("help", "help", NULL), 0);
    assert_has(answer, "usage: brille VERB");
    assert_int_equal(brille("ps", "--help", NULL), 0);
    assert_has(answer, "usage: brille ps\n");
    assert_fails(brille("help", "leeks", NULL), 2, "try: brille leaks");
    static const char *const parts[] = {"list", "doc", "new", "test", "lint", "reference", "run"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char usage[64];
        snprintf(usage, sizeof usage, "usage: brille plugin %s", parts[i]);
        assert_int_equal(brille("plugin", parts[i], "--help", NULL), 0);
        assert_has(answer, usage);
    }
    assert_fails(brille("plugin", "new", NULL), 2, "plugin new needs NAME");
}

static void test_outputs_without_a_name_are_refused(void **state)
{
    (void)state;
    assert_fails(brille("export", after, "--to", "csv", "-o", "", NULL), 2, "has no name");
    assert_fails(brille("report", after, "-o", "", NULL), 2, "has no name");
    assert_fails(brille("dump", "1", "-o", "", NULL), 2, "has no name");
}

static void test_pipes_are_not_read(void **state)
{
    (void)state;
    char pipe[TEMP_PATH_BYTES];
    temp_folder_path(pipe, "pipe");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_fails(brille("summary", pipe, NULL), 3, "not a regular file");
    assert_fails(brille("gc", pipe, NULL), 3, "not a regular file");
    unlink(pipe);
}

static void test_usage_errors_are_one_line_and_two(void **state)
{
    (void)state;
    assert_fails(brille("leeks", NULL), 2, "try: brille leaks");
    assert_fails(brille("types", NULL), 2, "types needs TARGET");
    assert_fails(brille("types", after, after, NULL), 2, "does not know what to do");
    assert_fails(brille("types", after, "--jsno", NULL), 2, "try: --json");
    assert_fails(brille("types", after, "-q", NULL), 2, "no option '-q'");
    assert_fails(brille("types", after, "-n", NULL), 2, "--limit needs N");
    assert_fails(brille("types", after, "-n", "many", NULL), 2, "'many' is no number");
    assert_fails(brille("types", after, "--json=yes", NULL), 2, "takes no value");
    assert_fails(brille("show", after, "banana", NULL), 2, "no address");
}

static void test_unbuilt_verbs_say_so(void **state)
{
    (void)state;
    for (const struct command *c = commands; c->name; c++)
        if (!c->run)
            assert_fails(brille(c->name, NULL), 2, "is not built yet");
}

static void test_bad_targets_are_named(void **state)
{
    (void)state;
    assert_fails(brille("summary", "banana", NULL), 2, "neither a process id nor a file");
    assert_fails(brille("summary", "/nonexistent/a.heap", NULL), 3, "cannot open");
    assert_fails(brille("summary", junk, NULL), 3, "no .heap file");
    assert_fails(brille("summary", temp_folder, NULL), 3, "");
    assert_fails(brille("summary", "0", NULL), 2, "is not a process id");
    assert_fails(brille("summary", "99999999999999", NULL), 2, "is not a process id");
    assert_fails(brille("summary", "2147483646", NULL), 3, "2147483646");
    assert_fails(brille("summary", "1", NULL), 3, "");
}

static void test_wrong_address_gets_advice(void **state)
{
    (void)state;
    assert_fails(brille("show", after, "0x7f0000000208", NULL), 2, "no object starts at");
    assert_has(complaint, "try: 0x7f0000000200 (dict), which contains that address");
    assert_fails(brille("path", after, "0x10", NULL), 2, "no object starts at");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summary_says_who_holds_most),
        cmocka_unit_test(test_types_are_listed_by_size),
        cmocka_unit_test(test_show_and_refs_tell_about_one_object),
        cmocka_unit_test(test_path_is_shown_step_by_step),
        cmocka_unit_test(test_dominators_are_a_tree_or_a_list),
        cmocka_unit_test(test_leaks_name_path_size_and_growth),
        cmocka_unit_test(test_leaks_of_a_live_process),
        cmocka_unit_test(test_fail_on_sets_the_exit_status),
        cmocka_unit_test(test_diff_compares_two_and_three),
        cmocka_unit_test(test_audit_counts_what_nobody_explains),
        cmocka_unit_test(test_audit_tells_what_grew_first),
        cmocka_unit_test(test_dump_writes_a_heap_and_says_so),
        cmocka_unit_test(test_export_writes_files_and_streams),
        cmocka_unit_test(test_ps_lists_what_can_be_inspected),
        cmocka_unit_test(test_no_arguments_is_usage_in_three_lines),
        cmocka_unit_test(test_help_and_version),
        cmocka_unit_test(test_help_of_one_verb),
        cmocka_unit_test(test_outputs_without_a_name_are_refused),
        cmocka_unit_test(test_pipes_are_not_read),
        cmocka_unit_test(test_usage_errors_are_one_line_and_two),
        cmocka_unit_test(test_unbuilt_verbs_say_so),
        cmocka_unit_test(test_bad_targets_are_named),
        cmocka_unit_test(test_wrong_address_gets_advice),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
