// What analyses add to a .heap file: it comes back, makes the same answers, survives interruption,
// and lies are found out.
#include "inspector/analysis/peek.h"
#include "inspector/analysis/skips.h"
#include "inspector/analysis/stored.h"
#include "inspector/model/heap_append.h"
#include "inspector/model/heap_file.h"
#include "inspector/model/heap_section.h"
#include "tests/support/fake_snapshot.h"
#include "tests/support/heap_bytes.h"
#include "tests/support/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/file.h>

#include <cmocka.h>

static char path[TEMP_PATH_BYTES], other_path[TEMP_PATH_BYTES];

static int make_directory(void **state)
{
    (void)state;
    setenv("BRILLE_STORE", "always", 1);
    if (!temp_folder_make())
        return -1;
    temp_folder_path(path, "a.heap");
    temp_folder_path(other_path, "b.heap");
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    return temp_folder_remove();
}

static uint64_t seed = 21;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((seed >> 33) % limit);
}

// Of several blocks of columns, with everything that is coded in its own way: labels, big sizes,
// hot objects, types with objects, namespaces, weak references, locals of frames, native holders,
// and in one group of 64 two big objects, whose references are in pieces.
enum { BIG_EDGES = 20000 };

static struct snapshot *varied_heap(uint32_t objects)
{
    static const char *const types[] = {"dict", "app.Node", "list", "str", "app.Leaf"};
    struct snapshot_builder *b;
    struct snapshot *s;
    char text[32];
    fake_ok(snapshot_builder_create(&b));
    snapshot_builder_text(b, &snapshot_builder_info(b)->runtime, "brille");
    uint32_t type[5];
    for (unsigned i = 0; i < 5; i++)
        type[i] = snapshot_builder_type(
            b, &(struct builder_type){.address = FAKE_BASE + i * 32, // the first five objects
                                      .name = strchr(types[i], '.') ? strchr(types[i], '.') + 1
                                                                    : types[i],
                                      .module = strchr(types[i], '.') ? "app" : "builtins"});
    const uint32_t thread = snapshot_builder_thread(b, 7, "MainThread", GIL_HOLDER);
    const uint32_t frame = snapshot_builder_frame(b, "load", "app.py", 12, 0);
    for (uint32_t i = 0; i < objects; i++) {
        snprintf(text, sizeof text, "'label %u'", random_below(1000));
        snapshot_builder_object(
            b, &(struct builder_object){
                   .address = FAKE_BASE + i * UINT64_C(32),
                   .size_bytes = i % 5000 == 77 ? UINT64_C(6) << 30 : 16 + random_below(300),
                   .refcount = i % 997 == 5 ? 1000000 : 1,
                   .type = type[random_below(5)],
                   .label = random_below(2) ? snapshot_builder_string(b, text, strlen(text)) : 0,
                   .immortal = i < 5,
                   .tracked = true});
        snapshot_builder_edge(b, FAKE_BASE + random_below(5) * UINT64_C(32), EDGE_TYPE,
                              CLASS_BORROWED, EDGE_NAME_NONE);
        const bool is_big = i == 1000 || i == 1010;
        for (uint32_t k = is_big ? BIG_EDGES : random_below(i % 500 == 0 ? 300 : 4); k > 0; k--) {
            const uint32_t near = i + 1 + random_below(60);
            const uint32_t to = random_below(4) && near < objects ? near : random_below(objects);
            snprintf(text, sizeof text, "'name%u'", random_below(200));
            if (k % 3 || i == 1010)
                snapshot_builder_edge(b, FAKE_BASE + to * UINT64_C(32), EDGE_ITEM, CLASS_TRAVERSED,
                                      edge_name_index(is_big ? BIG_EDGES - k : k));
            else
                snapshot_builder_edge_named(b, FAKE_BASE + to * UINT64_C(32),
                                            k % 2 ? EDGE_VALUE : EDGE_WEAK,
                                            k % 2 ? CLASS_TRAVERSED : CLASS_WEAK, text);
        }
    }
    for (unsigned i = 0; i < 6; i++)
        snapshot_builder_root(b, &(struct builder_root){.target = FAKE_BASE + 320 * (i / 2),
                                                        .kind = i % 2 ? ROOT_FRAME : ROOT_MODULE,
                                                        .class = CLASS_BORROWED,
                                                        .name = i % 2 ? "rows" : "app",
                                                        .thread = i % 2 ? thread : ORDINAL_NONE,
                                                        .frame = i % 2 ? frame : ORDINAL_NONE});
    fake_ok(snapshot_builder_finish(b, &s));
    snapshot_builder_destroy(b);
    return s;
}

static struct snapshot *reopened(const char *name)
{
    struct snapshot *s;
    fake_ok(heap_file_open(name, &s));
    return s;
}

// Writes the file and lets the analyses add to it.
static void make_file(struct snapshot *s, const char *name)
{
    struct dominators *d;
    struct paths *p;
    struct histogram *h;
    fake_ok(heap_file_write(s, name, NULL));
    struct snapshot *again = reopened(name);
    fake_ok(dominators_create(again, &d));
    fake_ok(paths_create(again, &p));
    fake_ok(histogram_create(again, HISTOGRAM_BY_TYPE, d, &h));
    stored_types_save(again, h);
    histogram_destroy(h);
    dominators_destroy(d);
    paths_destroy(p);
    snapshot_destroy(again);
}

static void test_stored_results_are_the_computed_ones(void **state)
{
    (void)state;
    struct snapshot *s = varied_heap(10000);
    struct dominators *computed, *loaded;
    struct histogram *counted, *stored;
    make_file(s, path);
    fake_ok(dominators_create(s, &computed));
    fake_ok(histogram_create(s, HISTOGRAM_BY_TYPE, computed, &counted));

    struct snapshot *again = reopened(path);
    fake_ok(stored_types_load(again, &stored));
    assert_int_equal(again->loaded, 0);
    assert_non_null(stored);
    assert_int_equal(stored->count, counted->count);
    assert_memory_equal(stored->rows, counted->rows, counted->count * sizeof *counted->rows);
    assert_int_equal(stored->size_bytes, counted->size_bytes);

    fake_ok(dominators_create(again, &loaded));
    assert_int_equal(again->loaded, SNAPSHOT_COLUMNS); // no references were needed
    dominators_check(loaded, again);
    assert_int_equal(loaded->reachable_count, computed->reachable_count);
    assert_int_equal(loaded->total_bytes, computed->total_bytes);
    assert_int_equal(loaded->unreachable_bytes, computed->unreachable_bytes);
    const size_t n = s->object_count;
    assert_memory_equal(loaded->parent, computed->parent, n * sizeof *computed->parent);
    assert_memory_equal(loaded->retained, computed->retained, n * sizeof *computed->retained);
    assert_memory_equal(loaded->children, computed->children,
                        computed->reachable_count * sizeof *computed->children);
    histogram_destroy(counted);
    histogram_destroy(stored);
    dominators_destroy(computed);
    dominators_destroy(loaded);
    snapshot_destroy(again);
    snapshot_destroy(s);
}

static void show(struct snapshot *s, struct paths *paths, uint32_t object, struct strbuf *out)
{
    struct path way;
    fake_ok(path_to(paths, s, object, &way));
    path_add_text(s, &way, out);
    strbuf_add_char(out, ' ');
    path_add_expression(s, &way, out);
    if (way.root != ORDINAL_NONE)
        snapshot_add_root_name(s, &s->roots[way.root], out);
    path_deinit(&way);
}

static void test_peeked_paths_are_the_computed_ones(void **state)
{
    (void)state;
    struct snapshot *s = varied_heap(10000);
    struct dominators *d;
    struct paths *paths;
    make_file(s, path);
    struct snapshot *again = reopened(path);
    fake_ok(dominators_create(s, &d));
    fake_ok(paths_create(s, &paths));
    unsigned reached = 0;
    for (uint32_t o = 0; o < s->object_count; o += 1 + o % 13) {
        struct peeked_path peeked;
        struct paths *few;
        struct strbuf expected, got;
        fake_ok(peek_path(again, s->address[o], o % 2 ? PEEK_ENDS : PEEK_ALL, &peeked));
        assert_int_equal(peeked.snapshot != NULL, paths_reaches(paths, o));
        if (!peeked.snapshot)
            continue;
        reached++;
        const uint32_t object = peeked.objects[peeked.count - 1];
        assert_int_equal(peeked.cut_steps, 0);
        assert_int_equal(peeked.retained[object], d->retained[o]);
        fake_ok(paths_create(peeked.snapshot, &few));
        strbuf_init(&expected);
        strbuf_init(&got);
        show(s, paths, o, &expected);
        show(peeked.snapshot, few, object, &got);
        assert_string_equal(strbuf_text(&got), strbuf_text(&expected));
        strbuf_deinit(&expected);
        strbuf_deinit(&got);
        paths_destroy(few);
        peeked_path_deinit(&peeked);
    }
    assert_true(reached > 1000);
    assert_int_equal(again->loaded, 0);
    struct peeked_path none;
    fake_ok(peek_path(again, FAKE_BASE + 8, PEEK_ALL, &none));
    assert_null(none.snapshot);
    fake_ok(peek_path(again, 0, PEEK_ALL, &none));
    assert_null(none.snapshot);
    fake_ok(peek_path(s, s->address[0], PEEK_ALL, &none)); // not from a file
    assert_null(none.snapshot);
    dominators_destroy(d);
    paths_destroy(paths);
    snapshot_destroy(again);
    snapshot_destroy(s);
}

// Chains that branch off from one another, of lengths around those that matter: some of a step or
// two, some from the root.
static struct snapshot *forest(unsigned chains, unsigned longest)
{
    struct fake heap = fake_begin();
    uint64_t *objects = calloc((size_t)chains * (longest + 3), sizeof *objects);
    unsigned count = 0;
    for (unsigned i = 0; i < chains; i++) {
        uint64_t last = i % 7 ? objects[random_below(count)] : 0;
        for (unsigned k = i % 3 ? 1 + random_below(longest) : 3; k > 0; k--) {
            const uint64_t o = fake_object(&heap, k % 5 ? "list" : "app.Node", 16 + k);
            if (last)
                fake_item_edge(&heap, last, o, i);
            else
                fake_root(&heap, o, i ? ROOT_FRAME : ROOT_MODULE, i ? "local" : "m");
            last = objects[count++] = o;
        }
    }
    free(objects);
    return fake_finish(&heap);
}

static void check_ends(struct snapshot *s, const struct paths *paths, const uint64_t *retained,
                       struct snapshot *file, uint32_t o)
{
    struct path whole;
    struct peeked_path ends;
    struct paths *few;
    fake_ok(path_to(paths, s, o, &whole));
    fake_ok(peek_path(file, s->address[o], PEEK_ENDS, &ends));
    assert_non_null(ends.snapshot);
    assert_int_equal(ends.count + ends.cut_steps, whole.count);
    assert_int_equal(ends.count, whole.count > PEEK_WHOLE ? 2 * PEEK_END : whole.count);
    assert_int_equal(ends.cut_at, ends.cut_steps ? PEEK_END : 0);
    fake_ok(paths_create(ends.snapshot, &few));
    const uint32_t root = paths_root_of(few, ends.objects[0]);
    assert_string_equal(snapshot_string(ends.snapshot, ends.snapshot->roots[root].name),
                        snapshot_string(s, s->roots[whole.root].name));
    const struct path cut = {root, ends.objects, ends.count, ends.cut_at, ends.cut_steps};
    for (uint32_t i = 0; i < ends.count; i++) {
        const uint32_t of = ends.cut_steps && i >= ends.cut_at ? i + ends.cut_steps : i;
        struct strbuf expected, got;
        strbuf_init(&expected);
        strbuf_init(&got);
        assert_int_equal(ends.snapshot->address[ends.objects[i]], s->address[whole.objects[of]]);
        assert_int_equal(ends.retained[ends.objects[i]], retained[whole.objects[of]]);
        if (!ends.cut_steps || i != ends.cut_at) {
            path_add_step(s, &whole, of, &expected);
            path_add_step(ends.snapshot, &cut, i, &got);
        }
        assert_string_equal(strbuf_text(&got), strbuf_text(&expected));
        strbuf_deinit(&expected);
        strbuf_deinit(&got);
    }
    paths_destroy(few);
    peeked_path_deinit(&ends);
    path_deinit(&whole);
}

static void test_the_ends_of_long_paths_are_those_of_the_whole(void **state)
{
    (void)state;
    static const unsigned shapes[][2] = {{1, 1},   {1, 190},  {8, 260},
                                         {40, 70}, {30, 900}, {2, 9000}};
    unsigned cut = 0;
    for (unsigned i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct snapshot *s = forest(shapes[i][0], shapes[i][1]);
        struct dominators *d;
        struct paths *paths;
        make_file(s, path);
        struct snapshot *again = reopened(path);
        fake_ok(dominators_create(s, &d));
        fake_ok(paths_create(s, &paths));
        for (uint32_t o = 0; o < s->object_count; o += 1 + s->object_count / 100) {
            struct path way;
            fake_ok(path_to(paths, s, o, &way));
            cut += way.count > PEEK_WHOLE;
            path_deinit(&way);
            check_ends(s, paths, d->retained, again, o);
        }
        assert_int_equal(again->loaded, 0);
        dominators_destroy(d);
        paths_destroy(paths);
        snapshot_destroy(again);
        snapshot_destroy(s);
    }
    assert_true(cut > 60);
}

// Stops are no more than one for SKIP_STEPS objects, and the stop above is so many steps up.
static void test_stops_are_where_they_should_be(void **state)
{
    (void)state;
    struct snapshot *s = forest(60, 700);
    struct paths *paths;
    struct skips skips;
    unsigned tops = 0;
    make_file(s, path);
    struct snapshot *again = reopened(path);
    fake_ok(paths_create(s, &paths));
    fake_ok(skips_read(again, &skips));
    assert_in_range(skips.count, 100, s->object_count / SKIP_STEPS);
    for (uint32_t row = 0; row < skips.count; row++) {
        uint32_t o = skips.objects[row];
        assert_int_equal(skips_find(&skips, o), row);
        for (unsigned i = 0; i < SKIP_STEPS; i++) {
            assert_true(paths->parent[o] != o);
            o = paths->parent[o];
        }
        if (skips.above[row] == ORDINAL_NONE)
            assert_int_equal(paths->parent[o], o);
        else
            assert_int_equal(skips.objects[skips.above[row]], o);
        tops += skips.above[row] == ORDINAL_NONE;
    }
    assert_true(tops > 1);
    skips_deinit(&skips);
    paths_destroy(paths);
    snapshot_destroy(again);
    snapshot_destroy(s);
}

// Opened without all names, and nobody sees a difference.
static void test_names_are_there_when_asked_for(void **state)
{
    (void)state;
    struct snapshot *s = varied_heap(10000);
    make_file(s, path);
    struct snapshot *again = reopened(path);
    assert_non_null(again->strings.few);
    assert_null(again->strings.begin);
    assert_null(again->shapes.bytes);
    assert_int_equal(again->strings.count, s->strings.count);
    assert_int_equal(again->shapes.count, s->shapes.count);
    const char *name = snapshot_string(again, again->types[0].name);
    for (uint32_t i = 0; i < s->type_count; i++)
        assert_string_equal(snapshot_string(again, again->types[i].name),
                            snapshot_string(s, s->types[i].name));
    for (uint32_t i = 0; i < s->root_count; i++)
        assert_string_equal(snapshot_string(again, again->roots[i].name),
                            snapshot_string(s, s->roots[i].name));
    assert_string_equal(snapshot_string(again, again->frames[0].file), "app.py");
    fake_ok(snapshot_load(again, SNAPSHOT_COLUMNS));
    assert_non_null(again->strings.few);
    fake_ok(snapshot_load(again, SNAPSHOT_ALL));
    assert_null(again->strings.few);
    snapshot_check(again);
    assert_string_equal(name, snapshot_string(s, s->types[0].name)); // still good
    for (uint32_t id = 0; id < s->strings.count; id++)
        assert_string_equal(snapshot_string(again, id), snapshot_string(s, id));
    assert_int_equal(again->shapes.byte_count, s->shapes.byte_count);
    assert_memory_equal(again->shapes.bytes, s->shapes.bytes, s->shapes.byte_count);
    snapshot_destroy(again);
    snapshot_destroy(s);
}

static bool has(const struct snapshot *s, uint32_t tag)
{
    return heap_section_find(s->file, tag) != NULL;
}

static void test_files_that_must_not_change_do_not(void **state)
{
    (void)state;
    struct snapshot *s = fake_leaking_program(50);
    struct dominators *d;
    fake_ok(heap_file_write(s, path, NULL));
    const int fd = open(path, O_RDONLY);
    struct snapshot *again = reopened(path);
    assert_int_equal(flock(fd, LOCK_EX), 0); // somebody else is adding
    fake_ok(dominators_create(again, &d));
    assert_false(has(again, TAG_DOMP));
    dominators_destroy(d);
    close(fd);
    setenv("BRILLE_STORE", "never", 1);
    fake_ok(dominators_create(again, &d));
    assert_false(has(again, TAG_DOMP));
    dominators_destroy(d);
    unsetenv("BRILLE_STORE"); // too small to be worth it
    fake_ok(dominators_create(again, &d));
    assert_false(has(again, TAG_DOMP));
    dominators_destroy(d);
    setenv("BRILLE_STORE", "always", 1);
    // Replaced since it was opened: what we know is of another file.
    fake_ok(heap_file_write(s, path, NULL));
    fake_ok(dominators_create(again, &d));
    dominators_destroy(d);
    snapshot_destroy(again);
    again = reopened(path);
    assert_false(has(again, TAG_DOMP));
    fake_ok(dominators_create(again, &d));
    assert_true(has(again, TAG_DOMP));
    dominators_destroy(d);
    snapshot_destroy(again);
    snapshot_destroy(s);
}

static void test_a_reader_sees_before_or_after(void **state)
{
    (void)state;
    struct snapshot *s = fake_leaking_program(50);
    struct dominators *d;
    size_t before, after;
    fake_ok(heap_file_write(s, path, NULL));
    uint8_t *old = heap_bytes_read(path, &before);
    make_file(s, path);
    uint8_t *new = heap_bytes_read(path, &after);
    assert_true(after > before);
    // Interrupted anywhere: the old header, and some of the new bytes behind.
    for (size_t cut = before; cut <= after; cut += 1 + (after - before) / 40) {
        uint8_t *bytes = malloc(after);
        memcpy(bytes, new, after);
        memcpy(bytes, old, sizeof(struct heap_header));
        heap_bytes_write(other_path, bytes, cut);
        struct snapshot *again = reopened(other_path);
        assert_false(has(again, TAG_DOMP));
        fake_ok(snapshot_load(again, SNAPSHOT_ALL));
        snapshot_check(again);
        fake_ok(dominators_create(again, &d)); // and it can be added to
        assert_true(has(again, TAG_DOMP));
        dominators_destroy(d);
        snapshot_destroy(again);
        free(bytes);
    }
    free(old);
    free(new);
    snapshot_destroy(s);
}

// Everything that reads stored sections, with whatever is in them.
static void try_everything(const char *name)
{
    struct snapshot *s = NULL;
    struct dominators *d = NULL;
    struct histogram *h = NULL;
    struct error *err = heap_file_open(name, &s);
    if (!err) {
        for (uint32_t i = 0; i < 40; i++) {
            struct peeked_path peeked;
            struct error *failed = peek_path(s, FAKE_BASE + i * UINT64_C(32) * 7,
                                             i % 2 ? PEEK_ENDS : PEEK_ALL, &peeked);
            error_destroy(failed);
            peeked_path_deinit(&peeked);
        }
        err = stored_types_load(s, &h);
        error_destroy(err);
        err = snapshot_load(s, SNAPSHOT_COLUMNS);
    }
    if (!err)
        err = dominators_create(s, &d);
    if (!err)
        dominators_check(d, s);
    error_destroy(err);
    histogram_destroy(h);
    dominators_destroy(d);
    snapshot_destroy(s);
}

static void mutate(struct snapshot *s, unsigned rounds)
{
    size_t length;
    setenv("BRILLE_STORE", "always", 1);
    make_file(s, path);
    snapshot_destroy(s);
    setenv("BRILLE_STORE", "never", 1);
    uint8_t *bytes = heap_bytes_read(path, &length);
    uint8_t *copy = malloc(length);
    for (unsigned round = 0; round < rounds; round++) {
        memcpy(copy, bytes, length);
        for (unsigned i = 1 + random_below(4); i > 0; i--) {
            static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff, 2, 3, 0x90};
            // More often in what was added.
            const uint32_t at = random_below(3)
                                    ? (uint32_t)length - 1 - random_below((uint32_t)length / 3)
                                    : random_below((uint32_t)length);
            copy[at] = random_below(2) ? values[random_below(8)] : (uint8_t)random_below(256);
        }
        memcpy(copy, bytes, 32);
        heap_bytes_fix(copy, length);
        heap_bytes_write(other_path, copy, length);
        try_everything(other_path);
    }
    free(copy);
    free(bytes);
    setenv("BRILLE_STORE", "always", 1);
}

static void test_hostile_results_do_not_crash(void **state)
{
    (void)state;
    mutate(varied_heap(60), 2000);
    mutate(varied_heap(9000), 60);
    mutate(fake_leaking_program(8), 1000);
    mutate(forest(12, 300), 100);
}

// Two objects of no size that dominate each other: the sums agree.
static void test_a_ring_of_dominators_is_found_out(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    const uint64_t a = fake_object(&heap, "list", 0), b = fake_object(&heap, "list", 0);
    fake_item_edge(&heap, a, b, 0);
    fake_root(&heap, a, ROOT_MODULE, "m");
    struct snapshot *s = fake_finish(&heap);
    fake_ok(heap_file_write(s, path, NULL));
    struct snapshot *again = reopened(path);
    fake_ok(snapshot_load(again, SNAPSHOT_COLUMNS));
    uint32_t parents[] = {1, 0};
    uint64_t retained[] = {0, 0};
    struct dominators lie = {.object_count = 2, .parent = parents, .retained = retained};
    stored_dominators_save(again, &lie);
    snapshot_destroy(again);
    again = reopened(path);
    struct dominators *d;
    struct error *err = dominators_create(again, &d);
    assert_non_null(err);
    assert_int_equal(err->code, ERROR_FORMAT);
    error_destroy(err);
    snapshot_destroy(again);
    snapshot_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stored_results_are_the_computed_ones),
        cmocka_unit_test(test_peeked_paths_are_the_computed_ones),
        cmocka_unit_test(test_the_ends_of_long_paths_are_those_of_the_whole),
        cmocka_unit_test(test_stops_are_where_they_should_be),
        cmocka_unit_test(test_names_are_there_when_asked_for),
        cmocka_unit_test(test_files_that_must_not_change_do_not),
        cmocka_unit_test(test_a_reader_sees_before_or_after),
        cmocka_unit_test(test_hostile_results_do_not_crash),
        cmocka_unit_test(test_a_ring_of_dominators_is_found_out),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
