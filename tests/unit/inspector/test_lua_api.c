// The API as plugins meet it: small plugins, written here, run on saved heaps through the command
// line. Each either prints what it should or fails at its own line.
#include "inspector/cmd/command.h"
#include "inspector/model/heap_file.h"
#include "tests/support/fake_snapshot.h"
#include "tests/support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static char before[TEMP_PATH_BYTES], after[TEMP_PATH_BYTES], plugin_path[TEMP_PATH_BYTES];
static char *answer, *complaint;

static int run(const char *body, const char *needs, unsigned heaps, const char *extra)
{
    char *argv[10] = {strdup("brille"), strdup("plugin"), strdup("run"), strdup(plugin_path)};
    int argc = 4;
    FILE *file = fopen(plugin_path, "w");
    fprintf(file,
            "return { api = 1, name = 'p', summary = 's', needs = { %s },\n"
            "args = {{ 'top', type = 'integer', default = 7, max = 9 },\n"
            "{ 'size', type = 'bytes', default = '2KiB' }, { 'pause', type = 'duration' },\n"
            "{ 'how', choices = { 'a', 'b' }, default = 'a' }, { 'yes', type = 'flag' },\n"
            "{ 'part', type = 'number', min = 0.5 }},\n"
            "run = function(ctx) local heap, out, args = ctx.heap, ctx.out, ctx.args\n%s\nend }\n",
            needs, body);
    fclose(file);
    for (unsigned i = 0; i < heaps; i++)
        argv[argc++] = strdup(i + 1 == heaps ? after : before);
    if (extra)
        argv[argc++] = strdup(extra);
    char *copies[10];
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
        fail_msg("no '%s' in:\n%s%s", part, answer, complaint);
}

// `body` must print "ok" at its end.
static void works(const char *body, const char *needs, unsigned heaps)
{
    if (run(body, needs, heaps, NULL) != 0)
        fail_msg("%s", complaint);
    assert_has(answer, "ok");
}

static void fails(const char *body, const char *needs, unsigned heaps, const char *message)
{
    const int status = run(body, needs, heaps, NULL);
    assert_has(complaint, message);
    assert_int_equal(status, 2);
    assert_memory_equal(complaint, "brille: plugin", 14);
}

#define ALL "heap = true, refs = true, retained = true"

static void test_columns_and_sets(void **state)
{
    (void)state;
    works("local d = heap:where('type == \"dict\"')\n"
          "assert(#d == 222 and d:count() == 222)\n"
          "assert(heap:where{type = 'dict'} == d and heap:where{type='dict', gen=0}:count() == 0)\n"
          "local rest = heap:all() - d\n"
          "assert(#rest == heap.n - 222 and #(rest & d) == 0 and (rest | d) == heap:all())\n"
          "local sum, n = 0, 0\n"
          "for id, size, type in d:each('size', 'type') do\n"
          "  assert(type == 'dict' and heap.size[id] == size and d:has(id)); sum = sum + size\n"
          "end\n"
          "assert(sum == d:sum('size'))\n"
          "local top = d:top('size', 3)\n"
          "assert(#top == 3 and heap.size[top[1]] == 64 + 22000)\n"
          "assert(heap.size[top[2]] == 232 and heap.size[top[3]] == 104)\n"
          "local all = heap:all():top('size', heap.n)\n"
          "for i = 2, #all do assert(heap.size[all[i-1]] >= heap.size[all[i]]) end\n"
          "assert(#all == heap.n and #d:top('size', 0) == 0)\n"
          "assert(heap:set{top[1]}:sum('size') == 22064)\n"
          "for id, addr in heap:each('addr') do assert(heap:at(addr) == id); n = n + 1 end\n"
          "assert(n == heap.n and heap:at(1) == nil)\n"
          "print('ok')",
          ALL, 1);
}

static void test_references_and_paths(void **state)
{
    (void)state;
    works("local cache = heap:where('type == \"dict\"'):top('size', 1)[1]\n"
          "local n = 0\n"
          "for id, name, kind, class in heap:refs(cache) do\n"
          "  assert(kind == 'value' and class == 'traversed' and heap.type[id] == 'app.Row')\n"
          "  for back in heap:referrers(id) do assert(back == cache) end\n"
          "  n = n + 1\n"
          "end\n"
          "assert(n == 220 and n == heap.nout[cache])\n"
          "local text, steps = heap:path(cache)\n"
          "assert(text == '__main__.CACHE -> dict' and steps[#steps].id == cache)\n"
          "assert(heap.type[heap.dominator[cache]] == 'dict')\n"
          "assert(heap:types()[1].name == 'bytes' and #heap:threads() == 0)\n"
          "print('ok')",
          ALL, 1);
}

static void test_numbers_of_sets(void **state)
{
    (void)state;
    works("local d = heap:where('type == \"app.Row\"')\n"
          "local s = d:stats('size')\n"
          "assert(s.n == 220 and s.sum == d:sum('size') and s.min == 48 and s.p50 == 48)\n"
          "assert(s.max == 48 and s.mean == 48.0 and d:quantile('size', 1) == 48)\n"
          "local n, sum = 0, 0\n"
          "for _, step in ipairs(heap:all():hist('size')) do\n"
          "  n, sum = n + step.n, sum + step.sum; assert(step.from < step.to)\n"
          "end\n"
          "assert(n == heap.n and sum == heap:all():sum('size'))\n"
          "n = 0\n"
          "for _, step in ipairs(heap:all():hist('size', 100)) do\n"
          "  n = n + step.n; assert(step.to - step.from == 100)\n"
          "end\n"
          "assert(n == heap.n)\n"
          "local a, b = d:sample(10), d:sample(10)\n"
          "assert(#a == 10 and #d:sample(1000) == 220)\n"
          "for i = 1, 10 do assert(a[i] == b[i] and d:has(a[i])) end\n"
          "assert(#d:ids() == 220 and d:ids(3)[3] == d:ids()[3])\n"
          "local c = heap:scratch()\n"
          "for i, id in ipairs(d:ids()) do c[id] = i end\n"
          "assert(d:sum(c) == 220 * 221 // 2 and d:top(c, 1)[1] == d:ids()[220])\n"
          "c = heap:scratch()\n"
          "c[d:ids()[1]], c[d:ids()[2]] = math.maxinteger, math.mininteger\n"
          "local h = heap:set{d:ids()[1]}:hist(c, 10)\n"
          "assert(#h == 1 and h[1].n == 1 and h[1].to == math.maxinteger)\n"
          "h = heap:set{d:ids()[2]}:hist(c, 10)\n"
          "assert(#h == 1 and h[1].n == 1 and h[1].from == math.mininteger)\n"
          "assert(#heap:set{d:ids()[1]}:hist(c, math.maxinteger) == 1)\n"
          "for i, id in ipairs(d:ids()) do c[id] = i end\n"
          "assert(d:stats(c).p50 == 110 and brille.quantile({5, 1, 3}, 0.5) == 3)\n"
          "assert(brille.has('set.hist') and brille.has('heap.waste') and not brille.has('x'))\n"
          "assert(brille.has('events.duration'))\n"
          "print('ok')",
          ALL, 1);
    works("local nan = 0/0\n"
          "assert(#heap:where('size == :n', {n = nan}) == 0)\n"
          "assert(#heap:where('size ~= :n', {n = nan}) == heap.n)\n"
          "assert(#heap:where('size > 1e300s') == 0)\n"
          "assert(#heap:where('size < 99999999999999999999GiB') == heap.n)\n"
          "assert(#heap:where('size < 1.5KiB') == #heap:where('size < 1536'))\n"
          "print('ok')",
          "heap = true", 1);
    fails("return heap:all():sum('label')", "heap = true", 1, "'label' is no number");
    fails("return heap:all():quantile('size', 2)", "heap = true", 1, "between 0 and 1");
}

static void test_the_graph(void **state)
{
    (void)state;
    works("local rows = heap:where('type == \"app.Row\"')\n"
          "local cache = heap:where('type == \"dict\"'):top('size', 1)[1]\n"
          "local only = heap:set{cache}\n"
          "assert(only:retained_size() == heap.retained[cache])\n"
          "assert(only:referents() & rows == rows and rows:referrers() == only)\n"
          "local n = 0\n"
          "for id in heap:targets(cache) do assert(rows:has(id)); n = n + 1 end\n"
          "assert(n == heap.nout[cache] and heap:roots('module'):count() > 0)\n"
          "local alive = heap:roots():reachable()\n"
          "local without = heap:roots():reachable{avoid = only}\n"
          "assert((alive - without):sum('size') == heap.retained[cache])\n"
          "assert(#(without & only) == 0 and #(only:reachable() - without) == #(alive - without))\n"
          "assert(rows:retained_size() < heap.retained[cache])\n"
          "for ids, text in heap:cycles() do assert(#ids > 0 and #text > 0) end\n"
          "assert(#heap:garbage() <= heap.n and #heap:arenas() == 0)\n"
          "local s = heap:where('type == \"str\" and label ~= nil'):ids(1)[1]\n"
          "assert(heap:str(s) == 'hello' and heap:repr(s):find('^str .hello. at 0x'))\n"
          "assert(heap:str(cache) == nil)\n"
          "print('ok')",
          ALL, 1);
    fails("return heap:roots('modul')", ALL, 1, "no roots of kind 'modul'");
}

static void test_groups(void **state)
{
    (void)state;
    works("local g = heap:group{by={'type'}, sum={'size'}, max={'size'}, sample=2}\n"
          "local rows, bytes = 0, 0\n"
          "for row in g:each() do\n"
          "  rows, bytes = rows + row.count, bytes + row.size\n"
          "  assert(row.max_size <= row.size and heap.type[row.sample[1]] == row.type)\n"
          "  assert(#row.sample <= 2 and g:get(row.type).count == row.count)\n"
          "end\n"
          "assert(rows == heap.n and bytes == heap:all():sum('size') and not g:get('none'))\n"
          "assert(g:top('size / count', 1)().type == g:top('size * 1 / count')().type)\n"
          "assert(not g:other())\n"
          "local few = heap:group{by={'type'}, limit=1, sum={'size'}}\n"
          "assert(#few == 1 and few:other().count + few:each()().count == heap.n)\n"
          "local by = heap:group{by={'size', 'immortal'}}\n"
          "assert(by:get(48, false).count >= 220)\n"
          "print('ok')",
          ALL, 1);
    fails("return heap:group{by={'type'}}:top('sise')", "heap = true", 1,
          "no column 'sise' of groups");
}

static void test_two_heaps(void **state)
{
    (void)state;
    works(
        "local g = ctx.diff:group{by={'type'}, sum={'size'}, where='type ~ :t', bind={t='*Row'}}\n"
        "assert(#g == 1)\n"
        "local row = g:top('size_delta', 5)()\n"
        "assert(row.type == 'app.Row' and row.count_before == 20 and row.count_delta == 200)\n"
        "local added, probable = ctx.diff:added()\n"
        "assert(#added == 600 and not probable and ctx.diff.same_process)\n"
        "assert(ctx.heaps[2].n - ctx.heaps[1].n == 600 and #ctx.diff:removed() == 0)\n"
        "print('ok')",
        "heaps = 2, refs = true", 2);
    fails("local id = ctx.heaps[1]:all():top('size', 1)[1]\nreturn ctx.heaps[2].size[id]",
          "heaps = 2", 2, ":8: this id belongs to the other heap");
    fails("return ctx.heaps[1]:all() & ctx.heaps[2]:all()", "heaps = 2", 2, "different heaps");
    fails("", "heaps = 2", 1, "needs two heaps");
}

static void test_arguments_have_types(void **state)
{
    (void)state;
    works("assert(args.top == 7 and args.size == 2048 and args.pause == nil and args.how == 'a')\n"
          "assert(args.yes == false) print('ok')",
          "", 0);
    assert_int_equal(run("assert(args.size == 65536) print('ok')", "", 0, "--size=64KiB"), 0);
    assert_int_equal(run("assert(args.pause == 5000000)", "", 0, "--pause=5ms"), 0);
    assert_int_equal(run("assert(args.yes)", "", 0, "--yes"), 0);
    assert_int_equal(run("", "", 0, "--top=10"), 2);
    assert_has(complaint, "at most 9");
    assert_int_equal(run("", "", 0, "--how=c"), 2);
    assert_int_equal(run("", "", 0, "--top=x"), 2);
    assert_int_equal(run("assert(args.part == 0.5)", "", 0, "--part=0.5"), 0);
    assert_int_equal(run("", "", 0, "--part=nan"), 2);
    assert_has(complaint, "wants a number");
    assert_int_equal(run("", "", 0, "--nothing"), 2);
    assert_int_equal(run("", "", 0, "--help"), 0);
    assert_has(answer, "--size SIZE");
}

static void test_output_is_rendered(void **state)
{
    (void)state;
    const char *body =
        "local t = out:table{id='t', title='T', columns={{'n', unit='bytes'},\n"
        "{'c', unit='count', signed=true}, {'share', unit='ratio'}, 'name'}}\n"
        "t:row(2048, -3, 0.5, 'x') t:row(nil, nil, nil, nil) assert(t:count() == 2)\n"
        "out:finding{title='F', severity='warn', objects={heap:all():top('size',1)[1]}}";
    assert_int_equal(run(body, "heap = true", 1, NULL), 0);
    assert_has(answer, "2.00 KiB  -3  50.0 %  x");
    assert_has(answer, "warn: F");
    assert_int_equal(run(body, "heap = true", 1, "--json"), 0);
    assert_has(answer, "\"rows\":[{\"n\":2048,\"c\":-3,\"share\":0.5,\"name\":\"x\"},"
                       "{\"n\":null,\"c\":null,\"share\":null,\"name\":null}]");
    assert_has(answer, "\"complete\":true");
    assert_int_equal(run(body, "heap = true", 1, "--fail-on=warn"), 1);
    assert_int_equal(run(body, "heap = true", 1, "--fail-on=error"), 0);
    fails("out:table{columns={{'n', unit='count'}}}:row(-1)", "", 0, ":7: column 'n' is negative");
    fails("out:table{columns={{'n', unit='count'}}}:row(1.5)", "", 0, "wants an integer");
    fails("out:table{columns={{'n', unit='ns'}}}:row(1e300)", "", 0, "wants an integer");
    fails("out:table{columns={{'n', unit='ns'}}}:row(-1.5)", "", 0, "'n' is negative\n");
    fails("out:chart{series={{points={{0/0, 1}}}}}", "", 0, "a point is { number or string");
    fails("out:table{columns={'a', {'a', unit='count'}}}", "", 0, "there are two columns 'a'");
    fails("out:table{columns={{'n', unit='furlong'}}}", "", 0, "no unit 'furlong'");
    fails("out:text('kept') error('late')", "", 0, "late");
    assert_has(answer, "kept\n(incomplete)");
}

static void test_rows_that_are_refused_do_not_count(void **state)
{
    (void)state;
    const char *body = "local t = out:table{id='t', columns={{'n', unit='count'}}}\n"
                       "assert(not pcall(t.row, t, 'x') and not pcall(t.row, t, -1))\n"
                       "assert(t:count() == 0) t:row(1) assert(t:count() == 1)";
    assert_int_equal(run(body, "", 0, NULL), 0);
}

static void test_numbers_that_are_none(void **state)
{
    (void)state;
    const char *body = "local t = out:table{id='t', columns={{'share', unit='ratio'}}}\n"
                       "t:row(0/0) t:row(1/0) ctx:progress(0/0, 'x')\n"
                       "assert(brille.ns(0/0) == brille.ns(0) and #brille.ns(1/0) > 0)";
    assert_int_equal(run(body, "", 0, NULL), 0);
    assert_null(strstr(answer, "nan"));
    assert_null(strstr(answer, "inf"));
}

static void test_misuse_is_found(void **state)
{
    (void)state;
    fails("return heap.sise", "heap = true", 1,
          ":7: there is no column 'sise'; did you mean 'size'");
    fails("return heap.retained", "heap = true", 1, "needs = { retained = true }");
    fails("return heap:path(1)", "heap = true", 1, "needs = { refs = true }");
    fails("return heap.size[5]", "heap = true", 1, "no id");
    fails("return heap:where('size >')", "heap = true", 1, "a value is missing");
    fails("return heap:group{by={'shape'}}", "heap = true", 1, "not 'shape'");
    fails("", "heap = 3", 0, "needs.heap must be true or false");
    fails("", "hep = true", 0, "unknown key 'hep'");
    fails("", "events = { 'aloc' }", 0, "no event 'aloc'");
    fails("", "events = true", 0, "needs a trace");
    fails("", "heap = true", 0, "needs a heap");
    fails("x = 1", "", 0, "global 'x' cannot be set");
    fails("return ('x').rep('x', 1 << 50)", "", 0, "larger than --mem");
    fails("ctx:fail('no luck', {hint = 'try more'})", "", 0, "try: try more");
    fails("return getmetatable(heap).__index", "heap = true", 1, "attempt to index a boolean");
}

static int set_up(void **state)
{
    (void)state;
    if (!temp_folder_make())
        return -1;
    temp_folder_path(before, "before.heap");
    temp_folder_path(after, "after.heap");
    temp_folder_path(plugin_path, "p.lua");
    for (unsigned i = 0; i < 2; i++) {
        struct snapshot *s = fake_leaking_program(20 + 200 * i);
        fake_ok(heap_file_write(s, i ? after : before, NULL));
        snapshot_destroy(s);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(answer);
    free(complaint);
    return temp_folder_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_and_sets),
        cmocka_unit_test(test_references_and_paths),
        cmocka_unit_test(test_numbers_of_sets),
        cmocka_unit_test(test_the_graph),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_two_heaps),
        cmocka_unit_test(test_arguments_have_types),
        cmocka_unit_test(test_output_is_rendered),
        cmocka_unit_test(test_rows_that_are_refused_do_not_count),
        cmocka_unit_test(test_numbers_that_are_none),
        cmocka_unit_test(test_misuse_is_found),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
