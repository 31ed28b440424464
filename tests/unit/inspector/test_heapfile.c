// .heap files: what is written comes back, and damage of any kind is one error and no crash.
#include "inspector/model/crc32c.h"
#include "inspector/model/heap_file.h"
#include "inspector/model/heap_format.h"
#include "inspector/model/heap_out.h"
#include "inspector/model/varint.h"
#include "tests/support/fake_snapshot.h"
#include "tests/support/heap_bytes.h"
#include "tests/support/temp_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char path[TEMP_PATH_BYTES], other_path[TEMP_PATH_BYTES];

static int make_directory(void **state)
{
    (void)state;
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

static void assert_same(struct snapshot *a, struct snapshot *b)
{
    fake_ok(snapshot_load(a, SNAPSHOT_ALL));
    fake_ok(snapshot_load(b, SNAPSHOT_ALL));
    snapshot_check(b);
    assert_int_equal(a->object_count, b->object_count);
    assert_int_equal(a->reference_count, b->reference_count);
    assert_int_equal(a->root_count, b->root_count);
    assert_string_equal(a->info.command, b->info.command);
    assert_string_equal(a->info.version, b->info.version);
    assert_int_equal(a->info.event_seq, b->info.event_seq);
    assert_int_equal(a->info.pause_ns, b->info.pause_ns);
    assert_int_equal(a->info.taken_unix_ns, b->info.taken_unix_ns);
    for (uint32_t o = 0; o < a->object_count; o++) {
        assert_int_equal(snapshot_address(a, o), snapshot_address(b, o));
        assert_int_equal(snapshot_size(a, o), snapshot_size(b, o));
        assert_int_equal(a->refcount[o], b->refcount[o]);
        assert_int_equal(a->flags[o], b->flags[o]);
        assert_int_equal(a->epoch[o], b->epoch[o]);
        assert_int_equal(a->explained[o], b->explained[o]);
        assert_string_equal(snapshot_string(a, a->label[o]), snapshot_string(b, b->label[o]));
        assert_string_equal(snapshot_string(a, a->types[a->type[o]].name),
                            snapshot_string(b, b->types[b->type[o]].name));
        struct edge x, y;
        struct edge_iter i = snapshot_edges(a, o), k = snapshot_edges(b, o);
        while (edge_iter_next(&i, &x)) {
            assert_true(edge_iter_next(&k, &y));
            assert_int_equal(x.target, y.target);
            assert_int_equal(x.kind, y.kind);
            assert_int_equal(x.class, y.class);
            assert_int_equal(x.name, y.name);
        }
        assert_false(edge_iter_next(&k, &y));
    }
}

static void test_what_is_written_comes_back(void **state)
{
    (void)state;
    struct snapshot *a = fake_leaking_program(500), *b = NULL;
    uint64_t size = 0;
    fake_ok(heap_file_write(a, path, &size));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, size);
    assert_true(heap_file_looks_like(path));
    fake_ok(heap_file_open(path, &b));
    assert_int_equal(b->loaded, 0);
    fake_ok(snapshot_load(b, SNAPSHOT_COLUMNS));
    assert_int_equal(b->loaded, SNAPSHOT_COLUMNS);
    assert_same(a, b);
    // A snapshot from a file can be written again, byte for byte the same.
    fake_ok(heap_file_write(b, other_path, NULL));
    char command[160];
    snprintf(command, sizeof command, "cmp -s %s %s", path, other_path);
    assert_int_equal(system(command), 0);
    snapshot_destroy(a);
    snapshot_destroy(b);
}

static struct snapshot *odd_heap(void)
{
    struct fake heap = fake_begin();
    const uint64_t type = fake_object(&heap, "type", 1000);
    uint64_t last = type;
    for (unsigned i = 0; i < 9000; i++) {
        const uint64_t o =
            fake_object(&heap, i % 3 ? "list" : "app.Big", i % 1000 == 7 ? UINT64_C(9) << 32 : i);
        fake_item(&heap, o)->object.epoch = i / 100;
        fake_item(&heap, o)->object.generation = i % 5;
        fake_item(&heap, o)->object.immortal = i % 7 == 0;
        if (i < 64)
            fake_item_edge(&heap, last, o, i);
        if (i % 50 == 0)
            fake_label(&heap, o, i % 100 ? "'odd'" : "'even'");
        last = o;
    }
    const uint32_t thread = snapshot_builder_thread(heap.builder, 1001, "MainThread", GIL_HOLDER);
    const uint32_t frame = snapshot_builder_frame(heap.builder, "load", "app.py", 12, last);
    snapshot_builder_frame(heap.builder, "<module>", "app.py", 90, 0);
    snapshot_builder_thread(heap.builder, 1002, "worker-1", GIL_WAITING);
    snapshot_builder_root(heap.builder, &(struct builder_root){.target = last,
                                                               .kind = ROOT_FRAME,
                                                               .class = CLASS_OWNED,
                                                               .name = "rows",
                                                               .thread = thread,
                                                               .frame = frame});
    for (unsigned i = 0; i < 4; i++)
        snapshot_builder_pool(heap.builder,
                              &(struct snapshot_pool){.address = 0x7f0000000000 + i * 16384,
                                                      .arena = 0x7f0000000000,
                                                      .block_bytes = 16 * i,
                                                      .capacity = 100,
                                                      .used = i});
    return fake_finish(&heap);
}

static void test_odd_values_come_back(void **state)
{
    (void)state;
    struct snapshot *a = odd_heap(), *b = NULL;
    fake_ok(heap_file_write(a, path, NULL));
    fake_ok(heap_file_open(path, &b));
    assert_same(a, b);
    assert_int_equal(b->thread_count, 2);
    assert_int_equal(b->threads[0].frame_count, 2);
    assert_int_equal(b->threads[1].gil, GIL_WAITING);
    assert_string_equal(snapshot_string(b, b->frames[0].function), "load");
    assert_int_equal(b->frames[0].object, a->object_count - 1);
    assert_int_equal(b->roots[0].frame, 0);
    assert_int_equal(b->pool_count, 4);
    assert_int_equal(b->pools[3].address, 0x7f0000000000 + 3 * 16384);
    assert_int_equal(b->pools[3].block_bytes, 48);
    snapshot_destroy(a);
    snapshot_destroy(b);
}

static void test_empty_heap_comes_back(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    struct snapshot *a = fake_finish(&heap), *b = NULL;
    fake_ok(heap_file_write(a, path, NULL));
    fake_ok(heap_file_open(path, &b));
    assert_same(a, b);
    snapshot_destroy(a);
    snapshot_destroy(b);
}

// ---- damage ----

// Opens and loads everything; a success must be a sound snapshot, a failure an error with one line.
static enum error_code try_file(const char *name, bool *opened)
{
    struct snapshot *s = NULL;
    struct error *err = heap_file_open(name, &s);
    if (!err)
        err = snapshot_load(s, SNAPSHOT_ALL);
    *opened = err == NULL;
    enum error_code code = 0;
    if (err) {
        code = err->code;
        assert_non_null(err->message);
        assert_null(strchr(err->message, '\n'));
        assert_int_equal(error_exit_status(err), 3);
    } else {
        snapshot_check(s);
    }
    error_destroy(err);
    snapshot_destroy(s);
    return code;
}

static void test_truncated_file_is_one_error(void **state)
{
    (void)state;
    struct snapshot *s = fake_leaking_program(20);
    size_t length;
    bool opened;
    fake_ok(heap_file_write(s, path, NULL));
    snapshot_destroy(s);
    uint8_t *bytes = heap_bytes_read(path, &length);
    for (size_t cut = 0; cut < length; cut += cut < 128 ? 1 : 37) {
        heap_bytes_write(other_path, bytes, cut);
        assert_int_equal(try_file(other_path, &opened), ERROR_FORMAT);
        assert_false(opened);
    }
    free(bytes);
}

static void test_flipped_bit_is_one_error(void **state)
{
    (void)state;
    struct snapshot *s = fake_leaking_program(20);
    size_t length, survived = 0;
    bool opened;
    fake_ok(heap_file_write(s, path, NULL));
    snapshot_destroy(s);
    uint8_t *bytes = heap_bytes_read(path, &length);
    for (size_t i = 0; i < length; i++) {
        bytes[i] ^= (uint8_t)(1 << (i % 8));
        heap_bytes_write(other_path, bytes, length);
        bytes[i] ^= (uint8_t)(1 << (i % 8));
        try_file(other_path, &opened);
        survived += opened; // padding only
    }
    assert_true(survived < 8 * 2 * 24);
    free(bytes);
}

static void mutate(struct snapshot *s, unsigned rounds)
{
    size_t length;
    bool opened;
    fake_ok(heap_file_write(s, path, NULL));
    snapshot_destroy(s);
    uint8_t *bytes = heap_bytes_read(path, &length);
    uint8_t *copy = malloc(length);
    uint64_t seed = 99;
    for (unsigned round = 0; round < rounds; round++) {
        memcpy(copy, bytes, length);
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        const unsigned changes = 1 + (seed >> 60) % 4;
        for (unsigned i = 0; i < changes; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            const size_t at = (seed >> 20) % length;
            static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff, 2, 3, 0x90};
            copy[at] = seed >> 61 & 1 ? values[seed >> 56 & 7] : (uint8_t)(seed >> 50);
        }
        memcpy(copy, bytes, 32); // magic, version, features, size: tested elsewhere
        heap_bytes_fix(copy, length);
        heap_bytes_write(other_path, copy, length);
        try_file(other_path, &opened);
    }
    free(copy);
    free(bytes);
}

static void test_hostile_bytes_with_right_checksums_do_not_crash(void **state)
{
    (void)state;
    mutate(fake_leaking_program(8), 3000);
    mutate(odd_heap(), 300);
}

// As no builder would have it.
static void claim_sizes(struct snapshot *s, uint64_t size_bytes)
{
    s->big = calloc(s->object_count, sizeof *s->big);
    assert_non_null(s->big);
    for (uint32_t i = 0; i < s->object_count; i++) {
        s->big[i] = (struct snapshot_big){i, size_bytes};
        s->size[i] = UINT32_MAX;
        s->flags[i] |= OBJECT_BIG;
    }
    s->big_count = s->object_count;
}

static void test_a_builder_stores_no_more_than_all_memory(void **state)
{
    (void)state;
    const uint64_t half = SNAPSHOT_BIG_BYTES_MAX / 2;
    struct fake heap = fake_begin();
    struct snapshot_builder *builder = heap.builder;
    struct builder_object object = {
        .address = 0x10000, .size_bytes = half, .type = fake_type(&heap, "list")};
    snapshot_builder_object(builder, &object);
    assert_true(snapshot_builder_has_room(builder, half));
    assert_false(snapshot_builder_has_room(builder, half + 1));
    assert_false(snapshot_builder_has_room(builder, UINT64_MAX));
    object.address += 64;
    snapshot_builder_object(builder, &object);
    assert_false(snapshot_builder_has_room(builder, UINT64_C(1) << 32));
    assert_true(snapshot_builder_has_room(builder, UINT32_MAX));
    snapshot_destroy(fake_finish(&heap));
}

// Of 2^63 bytes: an export that cuts big objects into pieces would never come to an end.
static void test_sizes_beyond_all_memory_are_damage(void **state)
{
    (void)state;
    for (unsigned bits = 46; bits < 64; bits++) {
        struct fake heap = fake_begin();
        bool opened;
        fake_root(&heap, fake_object(&heap, "list", 64), ROOT_MODULE, "m");
        fake_root(&heap, fake_object(&heap, "list", 64), ROOT_MODULE, "m");
        struct snapshot *s = fake_finish(&heap);
        claim_sizes(s, UINT64_C(1) << bits);
        fake_ok(heap_file_write(s, path, NULL));
        snapshot_destroy(s);
        assert_int_equal(try_file(path, &opened), bits > 46 ? ERROR_FORMAT : 0);
    }
}

// 2^17 objects of 2^47 bytes: each fits, and 64 bits do not hold the sum.
static void test_sizes_whose_sum_wraps_are_damage(void **state)
{
    (void)state;
    struct fake heap = fake_begin();
    bool opened;
    for (int i = 0; i < 1 << 17; i++)
        fake_object(&heap, "list", 64);
    struct snapshot *s = fake_finish(&heap);
    claim_sizes(s, UINT64_C(1) << 47);
    fake_ok(heap_file_write(s, path, NULL));
    snapshot_destroy(s);
    assert_int_equal(try_file(path, &opened), ERROR_FORMAT);
}

// What cannot be written is said at the end; until then every step goes on, and comes to an end.
static void test_a_full_disk_is_said_and_not_waited_for(void **state)
{
    (void)state;
    static uint8_t bytes[HEAP_BLOCK_BYTES + 1];
    static uint64_t numbers[HEAP_BLOCK_BYTES + 1];
    struct heap_out out;
    uint64_t size;
    const int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    fake_ok(heap_out_init(&out, fd, "/dev/full", 0));
    alarm(60);
    for (int i = 0; i < 3; i++) {
        heap_out_begin(&out, TAG_INFO, 1);
        heap_out_bytes(&out, bytes, sizeof bytes);
        heap_out_numbers(&out, numbers, sizeof numbers / sizeof *numbers);
        for (int k = 0; k < 2 * HEAP_BLOCK_BYTES; k++)
            heap_out_number(&out, 1);
        heap_out_end(&out);
    }
    alarm(0);
    struct error *err = heap_out_finish(&out, &size);
    assert_int_equal(err->errnum, ENOSPC);
    error_destroy(err);
    heap_out_deinit(&out);
    close(fd);
}

static void test_future_version_is_named(void **state)
{
    (void)state;
    struct snapshot *s = fake_leaking_program(1);
    size_t length;
    bool opened;
    fake_ok(heap_file_write(s, path, NULL));
    snapshot_destroy(s);
    uint8_t *bytes = heap_bytes_read(path, &length);
    bytes[offsetof(struct heap_header, version)] = 9;
    heap_bytes_write(other_path, bytes, length);
    assert_int_equal(try_file(other_path, &opened), ERROR_VERSION);
    bytes[offsetof(struct heap_header, version)] = HEAP_VERSION;
    bytes[offsetof(struct heap_header, features)] = 4;
    heap_bytes_fix(bytes, length);
    heap_bytes_write(other_path, bytes, length);
    assert_int_equal(try_file(other_path, &opened), ERROR_VERSION);
    free(bytes);
}

static void test_other_files_are_refused(void **state)
{
    (void)state;
    bool opened;
    heap_bytes_write(other_path, (const uint8_t *)"", 0);
    assert_int_equal(try_file(other_path, &opened), ERROR_FORMAT);
    heap_bytes_write(other_path, (const uint8_t *)"hello, this is no heap at all ...............",
                     45);
    assert_int_equal(try_file(other_path, &opened), ERROR_FORMAT);
    assert_int_equal(try_file("/tmp", &opened), ERROR_FORMAT);
    assert_int_equal(try_file("/nonexistent.heap", &opened), ERROR_IO);
    assert_false(heap_file_looks_like(other_path));
}

static void test_unwritable_place_is_an_error(void **state)
{
    (void)state;
    struct snapshot *s = fake_leaking_program(1);
    struct error *err = heap_file_write(s, "/nonexistent/x.heap", NULL);
    assert_non_null(err);
    assert_int_equal(error_exit_status(err), 3);
    error_destroy(err);
    snapshot_destroy(s);
}

static void test_checksum_is_crc32c(void **state)
{
    (void)state;
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    char bytes[1000];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * i);
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(crc32c(i, bytes + i, 900 + i), crc32c_portable(i, bytes + i, 900 + i));
}

static void test_varints_come_back(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits <= 64; bits++)
        for (int off = -1; off <= 1; off++) {
            const uint64_t value = (bits == 64 ? 0 : UINT64_C(1) << bits) + (uint64_t)off;
            uint8_t bytes[VARINT_MAX];
            const uint8_t *end = varint_put(bytes, value), *from = bytes;
            uint64_t back;
            assert_true(varint_get(&from, end, &back));
            assert_int_equal(back, value);
            assert_ptr_equal(from, end);
            from = bytes;
            assert_false(varint_get(&from, end - 1, &back));
            assert_int_equal(unzigzag(zigzag((int64_t)value)), (int64_t)value);
        }
    const uint8_t overlong[] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 2};
    const uint8_t *from = overlong;
    uint64_t back;
    assert_false(varint_get(&from, overlong + 10, &back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_comes_back),
        cmocka_unit_test(test_odd_values_come_back),
        cmocka_unit_test(test_empty_heap_comes_back),
        cmocka_unit_test(test_truncated_file_is_one_error),
        cmocka_unit_test(test_flipped_bit_is_one_error),
        cmocka_unit_test(test_hostile_bytes_with_right_checksums_do_not_crash),
        cmocka_unit_test(test_a_builder_stores_no_more_than_all_memory),
        cmocka_unit_test(test_sizes_beyond_all_memory_are_damage),
        cmocka_unit_test(test_sizes_whose_sum_wraps_are_damage),
        cmocka_unit_test(test_a_full_disk_is_said_and_not_waited_for),
        cmocka_unit_test(test_future_version_is_named),
        cmocka_unit_test(test_other_files_are_refused),
        cmocka_unit_test(test_unwritable_place_is_an_error),
        cmocka_unit_test(test_checksum_is_crc32c),
        cmocka_unit_test(test_varints_come_back),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
