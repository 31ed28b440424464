/* What crosses the border: numbers that must not move, and refusal of what is too new. */
#include "tests/support/sample_process.h"
#include "tracer/abi/ring_pages.h"
#include "tracer/read/crc.h"

#include <fcntl.h>
#include <sys/stat.h>

static void test_event_ids_are_fixed(void **state)
{
    (void)state;
    assert_string_equal(trace_event_name(1), "alloc");
    assert_string_equal(trace_event_name(3), "incref");
    assert_string_equal(trace_event_name(17), "gil_acquire");
    assert_string_equal(trace_event_name(27), "meta");
    assert_string_equal(trace_event_name(63), "unknown");
    assert_int_equal(trace_event_of_wire(TRACE_HOT, 2), TRACE_EVENT_decref);
    assert_int_equal(trace_event_of_wire(TRACE_COLD, 9), TRACE_EVENT_cold_thread);
    assert_int_equal(trace_event_of_wire(TRACE_COLD, 15), TRACE_EVENT_NONE);
    assert_true(trace_schema_hash() != 0);
    assert_int_equal(sizeof(struct trace_control), 4096);
}

static int make_ring(struct ring_header *header)
{
    const struct trace_sizes sizes = {1 << 16, 1 << 16, 1 << 16, 1 << 16};
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_int_equal(ring_create(fd, &sizes, NULL), READ_OK);
    assert_int_equal(pread(fd, header, sizeof(*header), 0), sizeof(*header));
    return fd;
}

/* Whatever pages the kernel gives, all of the file is there and the mapping shows its bytes. */
static void test_large_rings_are_whole_and_aligned(void **state)
{
    (void)state;
    const struct trace_sizes sizes = {4u << 20, 4u << 20, 1u << 20, 4u << 20};
    struct ring_header header;
    struct stat about;
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_int_equal(ring_create(fd, &sizes, NULL), READ_OK);
    assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
    assert_int_equal(fstat(fd, &about), 0);
    assert_int_equal(about.st_size, header.file_bytes);
    assert_true((uint64_t)about.st_blocks * 512 >= header.file_bytes);
    for (uint64_t less = 0; less < 2; less++) { /* a length that is no multiple of a page, too */
        const uint64_t bytes = header.file_bytes - less;
        char *map = ring_map_aligned(fd, bytes);
        assert_ptr_not_equal(map, MAP_FAILED);
        assert_int_equal((uintptr_t)map % RING_HUGE_PAGE_BYTES, 0);
        assert_memory_equal(map, RING_MAGIC, sizeof(header.magic));
        uint64_t marks = 0;
        for (uint64_t at = header.streams[0].offset; at < bytes; at++)
            marks += map[at] != 0;
        assert_int_equal(marks, 0);
        assert_int_equal(munmap(map, bytes), 0);
    }
    errno = 0;
    assert_ptr_equal(ring_map_aligned(-1, header.file_bytes), MAP_FAILED);
    assert_int_equal(errno, EBADF);
    close(fd);
}

static void expect(const struct ring_header *header, enum read_status expected, const char *words)
{
    struct ring_header good;
    struct ring_view view;
    struct read_error error = {0};
    int fd = make_ring(&good);
    assert_int_equal(pwrite(fd, header, sizeof(*header), 0), sizeof(*header));
    assert_int_equal(ring_view_init(&view, fd, &error), expected);
    if (expected == READ_OK) {
        ring_view_deinit(&view);
        return;
    }
    if (!strstr(error.message, words))
        fail_msg("\"%s\" does not say \"%s\"", error.message, words);
    assert_null(strchr(error.message, '\n'));
    close(fd);
}

static void test_rings_of_other_versions_are_refused_by_name(void **state)
{
    (void)state;
    struct ring_header header, bad;
    close(make_ring(&header));
    expect(&header, READ_OK, "");
    bad = header;
    bad.abi_major = RING_ABI_MAJOR + 1;
    expect(&bad, READ_VERSION, "layout version 3.0, this build reads 2.0");
    bad = header;
    bad.abi_minor = 9; /* additions only: fine */
    expect(&bad, READ_OK, "");
    bad = header;
    bad.features_required = 1ull << 33;
    expect(&bad, READ_VERSION, "needs features 0x200000000, this build knows 0x0");
    bad = header;
    bad.schema_hash ^= 1;
    expect(&bad, READ_VERSION, "schema");
    bad = header;
    bad.magic[0] = 'X';
    expect(&bad, READ_NOT_TARGET, "not an event ring");
    bad = header;
    bad.ready = 0;
    expect(&bad, READ_DAMAGED, "never finished");
}

static void test_impossible_layouts_are_refused(void **state)
{
    (void)state;
    struct ring_header header, bad;
    close(make_ring(&header));
    struct ring_region *const regions[] = {&bad.definitions, &bad.streams[0], &bad.streams[1],
                                           &bad.streams[2], &bad.waits};
    for (size_t i = 0; i < 5; i++) {
        bad = header;
        regions[i]->offset += 4096; /* overlaps the next, or the end */
        expect(&bad, READ_DAMAGED, "contradicts");
        bad = header;
        regions[i]->offset = 0;
        expect(&bad, READ_DAMAGED, "contradicts");
        bad = header;
        regions[i]->bytes = UINT64_MAX & ~4095ull;
        expect(&bad, READ_DAMAGED, "contradicts");
        bad = header;
        regions[i]->bytes = 0;
        expect(&bad, READ_DAMAGED, "contradicts");
        bad = header;
        regions[i]->offset += 8;
        expect(&bad, READ_DAMAGED, "contradicts");
    }
    bad = header;
    bad.file_bytes += 4096;
    expect(&bad, READ_DAMAGED, "contradicts");
}

static void test_crc_is_castagnoli(void **state)
{
    (void)state;
    assert_int_equal(trace_crc32c(0, "123456789", 9), 0xe3069283);
    uint32_t parts = trace_crc32c(0, "1234", 4);
    assert_int_equal(trace_crc32c(parts, "56789", 5), 0xe3069283);
}

struct cold_sink {
    struct chunk_sink base;
    uint32_t end; /* of what was delivered last, in the body */
};

static enum read_status note_chunk(struct chunk_sink *sink, unsigned stream,
                                   const struct trace_chunk *chunk, struct read_error *error)
{
    (void)error;
    assert_int_equal(stream, TRACE_COLD);
    assert_in_range(chunk->bytes, 1, RING_SUBBUFFER_BODY - chunk->offset);
    ((struct cold_sink *)sink)->end = chunk->offset + chunk->bytes;
    return READ_OK;
}

static uint32_t drain_cold(struct ring_view *view, struct cold_sink *sink)
{
    uint64_t delivered = 0;
    assert_int_equal(ring_view_drain(view, TRACE_COLD, 8, true, &sink->base, &delivered, NULL),
                     READ_OK);
    return sink->end;
}

/* The open sub-buffer of a live ring is read as it grows. A target that changes what was delivered
 * into half an event gets nothing taken back: a negative length would be a huge one. */
static void test_what_was_delivered_is_not_taken_back(void **state)
{
    (void)state;
    struct ring_header header;
    struct ring_view view;
    const int fd = make_ring(&header);
    const off_t at = (off_t)header.streams[TRACE_COLD].offset;
    const struct ring_subbuffer head = {.seq = 1, .tid = 1};
    uint64_t slots[4] = {0x1000 | TRACE_COLD_ALLOC, 1, 0x2000 | TRACE_COLD_WIDE, 2};
    struct cold_sink sink = {.base.chunk = note_chunk};
    assert_int_equal(pwrite(fd, &head, sizeof(head), at), sizeof(head));
    assert_int_equal(pwrite(fd, slots, sizeof(slots), at + RING_SUBBUFFER_HEAD), sizeof(slots));
    assert_int_equal(ring_view_init(&view, fd, NULL), READ_OK);
    assert_int_equal(drain_cold(&view, &sink), 16); /* not yet the half */
    slots[0] = slots[2];
    slots[2] = 0;
    assert_int_equal(pwrite(fd, slots, sizeof(slots), at + RING_SUBBUFFER_HEAD), sizeof(slots));
    assert_int_equal(drain_cold(&view, &sink), 16);
    ring_view_deinit(&view);
}

/* Random bytes all over a ring that a writer filled: an error or fewer events, never a crash. */
static void test_mutated_rings_are_survived(void **state)
{
    (void)state;
    struct trace_session session;
    struct read_error error = {0};
    struct trace_options options = {.classes = TRACE_CLASS_KNOWN,
                                    .policy = TRACE_POLICY_DROP,
                                    .sizes = {32768, 32768, 32768, 65536}};
    struct sample_process process = {.heap = sample_shared_heap(), .steps = 20000, .linger = true};
    assert_int_equal(trace_session_prepare(&session, &options, &error), READ_OK);
    sample_process_start(&process, &session);
    sample_process_wait(&process);
    uint64_t bytes = session.ring.header.file_bytes, random = 99;
    char *good = malloc(bytes), path[64];
    assert_int_equal(pread(session.ring.fd, good, bytes, 0), bytes);
    sample_path(path, sizeof(path), "mutated");
    uint64_t states = RING_STATE_OFFSET + sizeof(struct ring_state);
    for (int round = 0; round < 250; round++) {
        int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
        assert_int_equal(write(fd, good, bytes), bytes);
        for (int i = 0; i < 1 + round % 30; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            /* a third each: header and state, definitions, everything */
            uint64_t bound = i % 3 == 0 ? states : i % 3 == 1 ? RING_DATA_OFFSET + 8192 : bytes;
            uint64_t value = random >> 7;
            size_t length = 1 + random % 8;
            assert_int_equal(pwrite(fd, &value, length, (off_t)((random >> 20) % (bound - 8))),
                             length);
        }
        if (round % 10 == 9)
            assert_int_equal(ftruncate(fd, (off_t)((random >> 20) % bytes)), 0);
        close(fd);
        struct trace_reader reader;
        struct trace_event event;
        struct replay replay;
        replay_init(&replay);
        if (trace_reader_open(&reader, path, &error) == READ_OK) {
            uint64_t events = 0;
            enum read_status status;
            while ((status = trace_reader_next(&reader, &event, &error)) == READ_OK) {
                struct trace_location where;
                trace_reader_where(&reader, &event, &where);
                replay_feed(&replay, &event);
                assert_true(++events < 10000000);
            }
            assert_int_not_equal(status, READ_AGAIN);
            trace_reader_close(&reader);
        }
        replay_deinit(&replay);
    }
    trace_session_detach(&session, NULL);
    sample_free_heap(process.heap);
    free(good);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event_ids_are_fixed),
        cmocka_unit_test(test_large_rings_are_whole_and_aligned),
        cmocka_unit_test(test_rings_of_other_versions_are_refused_by_name),
        cmocka_unit_test(test_impossible_layouts_are_refused),
        cmocka_unit_test(test_crc_is_castagnoli),
        cmocka_unit_test(test_what_was_delivered_is_not_taken_back),
        cmocka_unit_test(test_mutated_rings_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
