// The parts of the plugin host that need no process: expressions against a brute-force loop,
// groups, ids, and messages that lie.
#include "inspector/lua/expr.h"
#include "inspector/lua/group.h"
#include "inspector/lua/wire.h"
#include "tests/support/fake_snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct snapshot *snapshot;
static struct plugin_heap heap;

static int set_up(void **state)
{
    (void)state;
    snapshot = fake_leaking_program(50);
    fake_ok(plugin_heap_init(&heap, snapshot, 1, true, true));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    plugin_heap_deinit(&heap);
    snapshot_destroy(snapshot);
    return 0;
}

// ---- expressions ----

static bool bind(void *context, const char *name, struct value *ret)
{
    (void)context;
    if (strcmp(name, "t") != 0)
        return false;
    *ret = value_text("app.*");
    return true;
}

// One by one and 64 at a time must say the same.
static uint32_t count_where(const char *text)
{
    const struct expr_space space = expr_heap_space(&heap);
    uint32_t many = 0;
    struct expr expr;
    char error[EXPR_ERROR_MAX];
    uint32_t count = 0;
    if (!expr_compile(&expr, &space, text, bind, NULL, error))
        fail_msg("%s", error);
    for (uint32_t o = 0; o < snapshot->object_count; o++)
        count += expr_test(&expr, o);
    for (uint32_t o = 0; o < snapshot->object_count; o += 64) {
        const uint32_t rest = snapshot->object_count - o;
        many += (uint32_t)__builtin_popcountll(expr_test_many(&expr, o, rest < 64 ? rest : 64));
    }
    expr_deinit(&expr);
    assert_int_equal(many, count);
    return count;
}

static void test_expressions_say_what_a_loop_would(void **state)
{
    (void)state;
    assert_int_equal(count_where("type == 'dict'"), 52);
    assert_int_equal(count_where("type ~= 'dict'"), snapshot->object_count - 52);
    assert_int_equal(count_where("type ~ :t"), 50);
    assert_int_equal(count_where("module == 'app' and size == 48"), 50);
    assert_int_equal(count_where("type in ('bytes', \"str\")"), 51);
    assert_int_equal(count_where("size >= 1000 and not (type == 'dict')"), 50);
    assert_int_equal(count_where("size > 1KiB"), 1);
    assert_int_equal(count_where("label == \"'hello'\""), 1);
    assert_int_equal(count_where("label ~= nil"), 1);
    assert_int_equal(count_where("size - 48 == 0 and nin == 1 and nout == 1"), 51);
    assert_int_equal(count_where("retained > 50000 or false"), 3);
    assert_int_equal(count_where("size / 0 == 0"), snapshot->object_count);
    assert_int_equal(count_where("type < 5"), 0);
    assert_int_equal(count_where("-1 < gen"), snapshot->object_count);
    assert_int_equal(count_where("true"), snapshot->object_count);
    assert_int_equal(count_where("items == 1 or type ~ '*Row' and not (gen > 1 and size < 40)"),
                     count_where("type ~ '*Row' or items == 1"));
    assert_int_equal(count_where("waste ~= 5"), snapshot->object_count);
    assert_int_equal(count_where("waste > 0 and size == 0"), 0);
    assert_int_equal(count_where("digest ~= nil"), 1);
}

static void assert_refused(const char *text, const char *part)
{
    struct expr expr;
    const struct expr_space space = expr_heap_space(&heap);
    char error[EXPR_ERROR_MAX] = "";
    assert_false(expr_compile(&expr, &space, text, bind, NULL, error));
    if (!strstr(error, part))
        fail_msg("'%s' is refused with: %s", text, error);
}

static void test_bad_expressions_say_where(void **state)
{
    (void)state;
    assert_refused("sze > 1", "did you mean 'size'");
    assert_refused("size > 1 and sze", "\n    size > 1 and sze\n                 ^");
    assert_refused("size >", "a value is missing");
    assert_refused("size > 1XB", "no unit");
    assert_refused("type == 'di", "does not end");
    assert_refused("size = 3", "'=='");
    assert_refused("type == :u", ":u");
    assert_refused("(size > 1", "')'");
    assert_refused("size > 1 size", "what is 'size'");
    assert_refused("size in 3", "list");
    char deep[400];
    memset(deep, '(', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    assert_refused(deep, "too deep");
    char wide[802] = "1";
    for (size_t i = 1; i + 2 < sizeof wide; i += 2)
        memcpy(wide + i, "+1", 3);
    assert_refused(wide, "too long");
}

static void test_undeclared_needs_are_refused(void **state)
{
    (void)state;
    struct plugin_heap bare;
    struct expr expr;
    char error[EXPR_ERROR_MAX];
    fake_ok(plugin_heap_init(&bare, snapshot, 1, false, false));
    const struct expr_space bare_space = expr_heap_space(&bare);
    assert_false(expr_compile(&expr, &bare_space, "retained > 1", NULL, NULL, error));
    assert_non_null(strstr(error, "needs = { retained = true }"));
    assert_false(expr_compile(&expr, &bare_space, "nin > 1", NULL, NULL, error));
    plugin_heap_deinit(&bare);
}

static void test_glob(void **state)
{
    (void)state;
    assert_true(expr_glob("*", ""));
    assert_true(expr_glob("a*b?d", "axxbcd"));
    assert_false(expr_glob("a*b", "axbc"));
    assert_true(expr_glob("**x**", "abcx"));
    // Must not explode.
    char text[4000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_false(expr_glob("*a*a*a*a*a*a*a*a*a*a*b", text));
}

static void test_ids_belong_to_their_heap(void **state)
{
    (void)state;
    struct plugin_heap other = heap;
    uint32_t object;
    other.number = 2;
    assert_true(plugin_heap_object(&heap, plugin_heap_id(&heap, 7), &object));
    assert_int_equal(object, 7);
    assert_false(plugin_heap_object(&other, plugin_heap_id(&heap, 7), &object));
    assert_false(plugin_heap_object(&heap, plugin_heap_id(&heap, snapshot->object_count), &object));
    assert_false(plugin_heap_object(&heap, -1, &object));
}

// ---- groups ----

static void add_all(struct group *group)
{
    fake_ok(group_begin(group));
    for (unsigned h = 0; h < group->heap_count; h++) {
        for (uint32_t o = 0; o < group->heaps[h]->snapshot->object_count; o++)
            fake_ok(group_add_many(group, h, o / 64 * 64, UINT64_C(1) << o % 64));
        fake_ok(group_end_heap(group, h));
    }
}

static const struct group_row *best_row(const struct group *group, struct group_number number)
{
    const struct group_row *best = &group->rows.items[0];
    for (size_t i = 0; i < group->rows.count; i++)
        if (group_number_get(&group->rows.items[i], number) > group_number_get(best, number))
            best = &group->rows.items[i];
    return best;
}

static void test_groups_add_up(void **state)
{
    (void)state;
    struct group group = {.heaps = {&heap},
                          .heap_count = 1,
                          .by = {{.by = GROUP_TYPE}, {.by = GROUP_GEN}},
                          .by_count = 2,
                          .numbers = {{.shown = "size", .column = COLUMN_size}},
                          .number_count = 1};
    struct group_number number;
    uint64_t count = 0;
    int64_t sum = 0, whole = 0;
    add_all(&group);
    assert_true(group_number_find(&group, "size", 4, &number));
    assert_false(group_number_find(&group, "retained", 8, &number));
    assert_false(group_number_find(&group, "size_delta", 10, &number));
    assert_true(group_number_find(&group, "size", 4, &number));
    for (size_t i = 0; i < group.rows.count; i++) {
        count += group.rows.items[i].count[0];
        sum += group_number_get(&group.rows.items[i], number);
    }
    for (uint32_t o = 0; o < snapshot->object_count; o++)
        whole += (int64_t)snapshot_size(snapshot, o);
    assert_int_equal(count, snapshot->object_count);
    assert_int_equal(sum, whole);
    struct strbuf scratch;
    strbuf_init(&scratch);
    const struct group_row *best = best_row(&group, number);
    assert_string_equal(group_key(&group, best, 0, &scratch).text, "bytes");
    strbuf_deinit(&scratch);
    group_deinit(&group);
}

// Samples are kept of objects one by one; without them the same groups come out of a table of
// cells.
static void test_groups_by_cells_are_those_of_single_objects(void **state)
{
    static const enum group_by BY[][2] = {{GROUP_TYPE, GROUP_GEN},
                                          {GROUP_GEN, GROUP_MODULE},
                                          {GROUP_MODULE, GROUP_TYPE},
                                          {GROUP_GEN, GROUP_GEN},
                                          {GROUP_MODULE, GROUP_MODULE}};
    (void)state;
    for (size_t i = 0; i < 2 * sizeof BY / sizeof *BY; i++) {
        struct group groups[2];
        for (unsigned k = 0; k < 2; k++) {
            groups[k] = (struct group){
                .heaps = {&heap},
                .heap_count = 1,
                .by = {{.by = BY[i / 2][0]}, {.by = BY[i / 2][1]}},
                .by_count = 1 + i % 2,
                .numbers = {{.shown = "size", .column = COLUMN_size},
                            {.shown = "max_size", .column = COLUMN_size, .max = true}},
                .number_count = 2,
                .limit = 3,
                .samples = k};
            add_all(&groups[k]);
        }
        assert_non_null(groups[0].cells);
        assert_null(groups[1].cells);
        assert_int_equal(groups[0].rows.count, groups[1].rows.count);
        assert_memory_equal(groups[0].rows.items, groups[1].rows.items,
                            groups[0].rows.count * sizeof *groups[0].rows.items);
        assert_memory_equal(&groups[0].other, &groups[1].other, sizeof groups[0].other);
        group_deinit(&groups[0]);
        group_deinit(&groups[1]);
    }
}

static void test_two_heaps_are_grouped_side_by_side(void **state)
{
    (void)state;
    struct plugin_heap later;
    struct snapshot *s = fake_leaking_program(80);
    fake_ok(plugin_heap_init(&later, s, 2, true, false));
    struct group group = {.heaps = {&heap, &later},
                          .heap_count = 2,
                          .by = {{.by = GROUP_TYPE}, {.by = GROUP_PATH}},
                          .by_count = 2,
                          .numbers = {{.shown = "size", .column = COLUMN_size}},
                          .number_count = 1};
    struct group_number number;
    struct strbuf scratch;
    add_all(&group);
    strbuf_init(&scratch);
    assert_true(group_number_find(&group, "size_delta", 10, &number));
    const struct group_row *row = best_row(&group, number);
    assert_int_equal(group_number_get(row, number), 30000);
    assert_string_equal(group_key(&group, row, 1, &scratch).text, "__main__.CACHE[*]._data");
    strbuf_deinit(&scratch);
    group_deinit(&group);
    plugin_heap_deinit(&later);
    snapshot_destroy(s);
}

// ---- messages ----

static void test_messages_arrive_whole(void **state)
{
    (void)state;
    struct wire wire = {.fd = -1};
    struct wire_message message;
    size_t used;
    const struct value real = value_real(1.5), truth = value_bool(true), none = value_none();
    strbuf_init(&wire.buffer);
    wire_begin(&wire, WIRE_ROW);
    wire_integer(&wire, -3);
    wire_text(&wire, "h\xc3\xa4");
    wire_value(&wire, &real);
    wire_value(&wire, &truth);
    wire_value(&wire, &none);
    wire_end(&wire);
    const size_t length = wire.buffer.length;
    for (size_t cut = 0; cut < length; cut++) {
        assert_true(wire_decode(wire.buffer.data, cut, &message, &used));
        assert_int_equal(used, 0);
    }
    assert_true(wire_decode(wire.buffer.data, length, &message, &used));
    assert_int_equal(used, length);
    assert_int_equal(message.tag, WIRE_ROW);
    assert_int_equal(message.count, 5);
    assert_int_equal(wire_get_integer(&message, 0), -3);
    assert_string_equal(wire_get_text(&message, 1), "h\xc3\xa4");
    assert_string_equal(wire_get_text(&message, 0), "");
    assert_string_equal(wire_get_text(&message, 99), "");
    assert_true(message.fields[3].truth);
    // Any byte may lie; nothing may be read beyond the end.
    for (size_t at = 0; at < length; at++)
        for (int flip = 1; flip < 256; flip <<= 1) {
            char *copy = malloc(length);
            memcpy(copy, wire.buffer.data, length);
            copy[at] = (char)(copy[at] ^ flip);
            if (wire_decode(copy, length, &message, &used))
                assert_true(used <= length);
            free(copy);
        }
    strbuf_deinit(&wire.buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expressions_say_what_a_loop_would),
        cmocka_unit_test(test_bad_expressions_say_where),
        cmocka_unit_test(test_undeclared_needs_are_refused),
        cmocka_unit_test(test_glob),
        cmocka_unit_test(test_ids_belong_to_their_heap),
        cmocka_unit_test(test_groups_add_up),
        cmocka_unit_test(test_groups_by_cells_are_those_of_single_objects),
        cmocka_unit_test(test_two_heaps_are_grouped_side_by_side),
        cmocka_unit_test(test_messages_arrive_whole),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
