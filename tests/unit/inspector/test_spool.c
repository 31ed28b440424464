// Spools: the same bytes, wherever they are kept; and a heap built with them is the same as one
// built in memory.
#include "inspector/base/spool.h"
#include "inspector/model/builder.h"
#include "inspector/model/heap_file.h"
#include "inspector/model/tally.h"
#include "tests/support/fake_snapshot.h"
#include "tests/support/temp_folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[TEMP_PATH_BYTES], path[TEMP_PATH_BYTES];

static int make_directory(void **state)
{
    (void)state;
    if (!temp_folder_make())
        return -1;
    temp_folder_path(folder, "");
    temp_folder_path(path, "a.heap");
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    return temp_folder_remove();
}

// ---- spools ----

static void fill(struct spool *spool, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        fake_ok(spool_u32(spool, i * 2654435761u));
}

static void assert_filled(struct spool *spool, uint32_t count)
{
    fake_ok(spool_view(spool));
    const uint32_t *values = spool->view;
    for (uint32_t i = 0; i < count; i++)
        if (values[i] != i * 2654435761u)
            fail_msg("value %u is another", i);
    spool_drop(spool);
    assert_int_equal(values[count - 1], (count - 1) * 2654435761u); // it comes back
}

static void test_a_spool_is_an_array(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, 7, 16383, 16384, 16385, 500000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (int on_disk = 0; on_disk < 2; on_disk++) {
            struct spool_place place = {.folder = folder};
            struct spool spool;
            spool_init(&spool, on_disk ? &place : NULL);
            fill(&spool, counts[i]);
            assert_filled(&spool, counts[i]);
            assert_int_equal(spool.mapped_bytes != 0, on_disk && counts[i] > 16384);
            spool_deinit(&spool);
        }
}

static void test_an_empty_spool_has_a_view(void **state)
{
    (void)state;
    struct spool spool;
    spool_init(&spool, NULL);
    fake_ok(spool_view(&spool));
    assert_non_null(spool.view);
    spool_deinit(&spool);
}

static void test_one_long_text_goes_through(void **state)
{
    (void)state;
    struct spool_place place = {.folder = folder};
    struct spool spool;
    static char bytes[300000];
    spool_init(&spool, &place);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 >> 3);
    fake_ok(spool_u8(&spool, 1));
    fake_ok(spool_add(&spool, bytes, sizeof bytes));
    fake_ok(spool_view(&spool));
    assert_memory_equal((char *)spool.view + 1, bytes, sizeof bytes);
    spool_deinit(&spool);
}

static void test_a_folder_that_is_not_there_is_no_failure(void **state)
{
    (void)state;
    struct spool_place place = {.folder = "/nonexistent/folder"};
    struct spool spool;
    spool_init(&spool, &place);
    fill(&spool, 100000);
    assert_filled(&spool, 100000);
    assert_int_equal(spool.mapped_bytes, 0);
    spool_deinit(&spool);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_what_a_full_disk_does_not_take_stays_in_memory(void **state)
{
    (void)state;
    struct spool_place place = {.folder = folder};
    struct spool spool;
    signal(SIGXFSZ, SIG_IGN);
    spool_init(&spool, &place);
    limit_files(200000);
    fill(&spool, 300000);
    limit_files(RLIM_INFINITY);
    assert_true(place.refused);
    assert_filled(&spool, 300000);
    assert_int_equal(spool.mapped_bytes, 0);
    spool_deinit(&spool);
}

// ---- tallies ----

static void test_large_counts_are_exact(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    struct tally tally;
    fake_ok(tally_init(&tally, COUNT));
    for (uint32_t i = 0; i < COUNT; i++)
        for (uint32_t times = i; times; times--)
            fake_ok(tally_up(&tally, i));
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(tally_get(&tally, i), i);
    for (uint32_t i = 1; i < COUNT; i++)
        tally_down(&tally, i);
    for (uint32_t i = 1; i < COUNT; i++)
        assert_int_equal(tally_get(&tally, i), i - 1);
    tally_deinit(&tally);
}

// ---- heaps ----

enum { OBJECTS = 120000, TYPES = 5 };

static uint64_t address_of(uint32_t i)
{
    // Most come in order; some of them are beyond all others.
    return 0x7f0000000000 + (i % 97 == 3 ? UINT64_C(1) << 30 : 0) + (uint64_t)i * 48;
}

static uint32_t next(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(*random >> 33);
}

// Labels and names that come back after 100,000 others; references to nothing, late ones, objects
// out of order and twice, sizes beyond 32 bits.
static void add_heap(struct snapshot_builder *b)
{
    uint64_t random = 1;
    char text[300];
    uint32_t types[TYPES];
    for (uint32_t t = 0; t < TYPES; t++) {
        snprintf(text, sizeof text, "T%u", t);
        types[t] = snapshot_builder_type(
            b, &(struct builder_type){.address = address_of(t), .name = text, .module = "m"});
    }
    for (uint32_t i = 0; i < OBJECTS; i++) {
        const struct builder_object object = {
            .address = address_of(i % 5000 == 4999 ? i - 100 : i),
            .size_bytes = i % 10007 ? i % 300 : (UINT64_C(5) << 32) + i,
            .refcount = next(&random) % 5,
            .type = types[i % TYPES],
            .epoch = i / 1000,
            .generation = (uint8_t)(i % 3),
            .tracked = i % 2,
            .immortal = i % 1000 == 0,
        };
        snapshot_builder_object(b, &object);
        if (i % 7) {
            const int length = snprintf(text, sizeof text, "%s%u", i % 5 ? "label " : "key ",
                                        i % 3 ? i : i / 2 % 40000);
            snapshot_builder_label(b, text, (size_t)length);
        } else if (i % 14 == 0) {
            memset(text, 'x', sizeof text);
            text[i % 250] = 'y';
            snapshot_builder_label(b, text, sizeof text);
            text[sizeof text - 1] = '\0';
        }
        for (uint32_t k = next(&random) % 4; k; k--) {
            const uint64_t target = address_of(next(&random) % OBJECTS) + (k == 3 && i % 50 == 0);
            snprintf(text, sizeof text, "key %u", i % 2 ? i % 10 : i);
            snapshot_builder_edge_named(b, target, EDGE_VALUE,
                                        i % 11 ? CLASS_TRAVERSED : CLASS_WEAK, text);
        }
        if (i % 6 == 0)
            snapshot_builder_edge(b, address_of(i % 1000 * 1000), EDGE_ITEM, CLASS_OWNED,
                                  edge_name_index(i % 9));
        if (i % 500 == 0)
            snapshot_builder_edge_from(
                b, address_of(next(&random) % OBJECTS), address_of(i), EDGE_ATTRIBUTE, CLASS_OWNED,
                edge_name_string(snapshot_builder_string(b, text, strlen(text))));
    }
    for (uint32_t i = 0; i < 100; i++)
        snapshot_builder_root(b, &(struct builder_root){.target = address_of(i * 1000),
                                                        .kind = ROOT_STATIC,
                                                        .class = CLASS_CONSERVATIVE,
                                                        .name = "key 118000",
                                                        .thread = ORDINAL_NONE,
                                                        .frame = ORDINAL_NONE});
}

static struct snapshot *build(const char *spool_folder)
{
    struct snapshot_builder *b = NULL;
    struct snapshot *s = NULL;
    fake_ok(snapshot_builder_create(&b));
    if (spool_folder)
        fake_ok(snapshot_builder_spool(b, spool_folder));
    add_heap(b);
    fake_ok(snapshot_builder_finish(b, &s));
    snapshot_builder_destroy(b);
    snapshot_check(s);
    return s;
}

// Texts are numbered in the order in which they were looked up, which is not the same.
static void assert_same_text(const struct snapshot *a, uint32_t x, const struct snapshot *b,
                             uint32_t y)
{
    assert_int_equal(strtab_length(&a->strings, x), strtab_length(&b->strings, y));
    assert_memory_equal(snapshot_string(a, x), snapshot_string(b, y),
                        strtab_length(&a->strings, x));
}

static void assert_same_object(const struct snapshot *a, const struct snapshot *b, uint32_t o)
{
    struct edge x, y;
    struct edge_iter i = snapshot_edges(a, o), k = snapshot_edges(b, o);
    assert_int_equal(a->address[o], b->address[o]);
    assert_int_equal(snapshot_size(a, o), snapshot_size(b, o));
    assert_int_equal(a->refcount[o], b->refcount[o]);
    assert_int_equal(a->type[o], b->type[o]);
    assert_int_equal(a->flags[o], b->flags[o]);
    assert_int_equal(a->epoch[o], b->epoch[o]);
    assert_int_equal(a->explained[o], b->explained[o]);
    assert_same_text(a, a->label[o], b, b->label[o]);
    while (edge_iter_next(&i, &x)) {
        assert_true(edge_iter_next(&k, &y));
        assert_int_equal(x.target, y.target);
        assert_int_equal(x.kind, y.kind);
        assert_int_equal(x.class, y.class);
        if (edge_name_is_index(x.name) || x.name == EDGE_NAME_NONE)
            assert_int_equal(x.name, y.name);
        else
            assert_same_text(a, x.name, b, y.name);
    }
    assert_false(edge_iter_next(&k, &y));
}

static void assert_same_snapshot(struct snapshot *a, struct snapshot *b)
{
    fake_ok(
        snapshot_load(b, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS | SNAPSHOT_EDGES | SNAPSHOT_EPOCHS));
    snapshot_check(b);
    assert_int_equal(a->object_count, b->object_count);
    assert_int_equal(a->reference_count, b->reference_count);
    assert_int_equal(a->strings.count, b->strings.count);
    assert_int_equal(a->shapes.count, b->shapes.count);
    assert_int_equal(a->root_count, b->root_count);
    assert_int_equal(a->info.dangling_reference_count, b->info.dangling_reference_count);
    assert_int_equal(a->info.duplicate_object_count, b->info.duplicate_object_count);
    for (uint32_t o = 0; o < a->object_count; o++)
        assert_same_object(a, b, o);
    for (uint32_t i = 0; i < a->root_count; i++) {
        assert_int_equal(a->roots[i].target, b->roots[i].target);
        assert_int_equal(a->roots[i].class, b->roots[i].class);
        assert_same_text(a, a->roots[i].name, b, b->roots[i].name);
    }
    for (uint32_t i = 0; i < a->type_count; i++)
        assert_same_text(a, a->types[i].name, b, b->types[i].name);
}

static void assert_same_heap(const char *spool_folder)
{
    struct snapshot *a = build(NULL), *b = build(spool_folder), *c = NULL;
    assert_same_snapshot(a, b);
    fake_ok(heap_file_write(b, path, NULL));
    fake_ok(heap_file_open(path, &c));
    assert_same_snapshot(a, c);
    snapshot_destroy(a);
    snapshot_destroy(b);
    snapshot_destroy(c);
}

static void test_a_heap_on_disk_is_the_same(void **state)
{
    (void)state;
    assert_same_heap(folder);
}

static void test_a_heap_without_a_folder_is_the_same(void **state)
{
    (void)state;
    assert_same_heap("/nonexistent/folder");
}

static void test_a_small_heap_is_the_same(void **state)
{
    (void)state;
    struct snapshot_builder *b = NULL;
    struct snapshot *s = NULL;
    fake_ok(snapshot_builder_create(&b));
    fake_ok(snapshot_builder_spool(b, folder));
    fake_ok(snapshot_builder_finish(b, &s));
    snapshot_check(s);
    assert_int_equal(s->object_count, 0);
    assert_int_equal(s->strings.count, 1);
    assert_string_equal(snapshot_string(s, 0), "");
    snapshot_destroy(s);
    snapshot_builder_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_spool_is_an_array),
        cmocka_unit_test(test_an_empty_spool_has_a_view),
        cmocka_unit_test(test_one_long_text_goes_through),
        cmocka_unit_test(test_a_folder_that_is_not_there_is_no_failure),
        cmocka_unit_test(test_what_a_full_disk_does_not_take_stays_in_memory),
        cmocka_unit_test(test_large_counts_are_exact),
        cmocka_unit_test(test_a_heap_on_disk_is_the_same),
        cmocka_unit_test(test_a_heap_without_a_folder_is_the_same),
        cmocka_unit_test(test_a_small_heap_is_the_same),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
