/* Trace files: whole, cut short at any place, with any bit flipped. */
#include "tests/support/sample_process.h"
#include "tracer/read/crc.h"

#include <fcntl.h>
#include <sys/stat.h>

static char whole_path[64], work_path[64];
static char *whole;
static size_t whole_bytes;
static struct sample_account whole_account;

static int setup(void **state)
{
    (void)state;
    struct trace_session session;
    struct read_error error = {0};
    struct stat about;
    struct trace_options options = {.classes = TRACE_CLASS_KNOWN,
                                    .policy = TRACE_POLICY_BLOCK,
                                    .sizes = {1 << 20, 1 << 20, 1 << 20, 1 << 20}};
    struct sample_process process = {.heap = sample_shared_heap(), .steps = 100000};
    sample_path(whole_path, sizeof(whole_path), "whole.trace");
    sample_path(work_path, sizeof(work_path), "work.trace");
    assert_int_equal(trace_session_prepare(&session, &options, &error), READ_OK);
    sample_process_start(&process, &session);
    assert_int_equal(trace_session_record(&session, whole_path, NULL, 0, &error), READ_OK);
    sample_process_wait(&process);
    assert_int_equal(sample_account_read(&whole_account, whole_path, &error), READ_OK);
    sample_compare(process.heap, &whole_account.replay, true);
    sample_free_heap(process.heap);
    int fd = open(whole_path, O_RDONLY);
    assert_int_equal(fstat(fd, &about), 0);
    whole_bytes = (size_t)about.st_size;
    whole = malloc(whole_bytes);
    assert_int_equal(read(fd, whole, whole_bytes), whole_bytes);
    close(fd);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sample_account_free(&whole_account);
    free(whole);
    unlink(whole_path);
    unlink(work_path);
    return 0;
}

static void write_work(const char *bytes, size_t length)
{
    int fd = open(work_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, bytes, length), length);
    close(fd);
}

static enum read_status read_work(uint64_t *events, bool *cut_short, struct read_error *error)
{
    struct sample_account account;
    *error = (struct read_error){0};
    enum read_status status = sample_account_read(&account, work_path, error);
    *events = 0;
    for (int i = 0; i < TRACE_EVENT_COUNT; i++)
        *events += account.received[i];
    *cut_short = account.cut_short;
    sample_account_free(&account);
    return status;
}

static uint64_t all_events(void)
{
    uint64_t events = 0;
    for (int i = 0; i < TRACE_EVENT_COUNT; i++)
        events += whole_account.received[i];
    return events;
}

static void test_whole_file_is_compressed_and_complete(void **state)
{
    (void)state;
    assert_false(whole_account.cut_short);
    assert_true(all_events() > 90000);
    assert_true(whole_bytes < all_events() * 10);
    assert_true(whole_account.last_ns > 0);
}

/* At and around each block boundary: readable, says it is cut short, has fewer events. */
static void test_cut_at_every_boundary_is_readable(void **state)
{
    (void)state;
    size_t offset = sizeof(struct trace_file_header);
    struct read_error error;
    uint64_t last = 0;
    bool cut_short;
    unsigned boundaries = 0;
    while (offset < whole_bytes) {
        struct trace_block_head head;
        memcpy(&head, whole + offset, sizeof(head));
        assert_int_equal(head.magic, TRACE_BLOCK_MAGIC);
        for (int delta = -1; delta <= 1 && boundaries > 0; delta++) {
            uint64_t events;
            write_work(whole, offset + (size_t)delta);
            enum read_status status = read_work(&events, &cut_short, &error);
            /* before the first state block there is nothing to read a clock from */
            if (boundaries == 1 && delta < 0) {
                assert_int_equal(status, READ_DAMAGED);
                continue;
            }
            assert_int_equal(status, READ_OK);
            assert_true(cut_short);
            assert_true(events <= all_events());
            if (delta == 0) {
                assert_true(events >= last);
                last = events;
            }
        }
        boundaries++;
        offset += sizeof(head) + head.stored_bytes;
    }
    assert_int_equal(offset, whole_bytes);
    assert_true(boundaries > 4);
}

static void test_cut_in_the_header_is_refused(void **state)
{
    (void)state;
    struct read_error error;
    for (size_t length = 0; length < sizeof(struct trace_file_header); length += 9) {
        uint64_t events;
        bool cut_short;
        write_work(whole, length);
        enum read_status status = read_work(&events, &cut_short, &error);
        assert_true(status == READ_DAMAGED || status == READ_NOT_TARGET);
        assert_true(error.message[0] != 0);
    }
}

/* One bit anywhere: never silently other events. One clear line, or (in the length of the
 * very last head) a file that is cut short. */
static void test_flipped_bits_are_found(void **state)
{
    (void)state;
    uint64_t random = 17;
    char *copy = malloc(whole_bytes);
    for (int round = 0; round < 120; round++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        size_t at =
            round < 60 ? (size_t)(random >> 20) % 400 : (size_t)(random >> 20) % whole_bytes;
        struct read_error error;
        uint64_t events;
        bool cut_short;
        memcpy(copy, whole, whole_bytes);
        copy[at] = (char)(copy[at] ^ (1 << (random >> 10 & 7)));
        write_work(copy, whole_bytes);
        enum read_status status = read_work(&events, &cut_short, &error);
        if (status == READ_OK)
            fail_msg("a flipped bit at %zu was not noticed", at);
        assert_true(error.message[0] != 0);
        assert_null(strchr(error.message, '\n'));
    }
    free(copy);
}

static void test_future_versions_are_refused(void **state)
{
    (void)state;
    struct trace_file_header header;
    struct read_error error;
    uint64_t events;
    bool cut_short;
    char *copy = malloc(whole_bytes);
    memcpy(copy, whole, whole_bytes);
    memcpy(&header, copy, sizeof(header));
    header.major = TRACE_FILE_MAJOR + 1;
    memcpy(copy, &header, sizeof(header));
    write_work(copy, whole_bytes);
    assert_int_equal(read_work(&events, &cut_short, &error), READ_VERSION);
    assert_non_null(strstr(error.message, "format 4.1, this build reads 3.1"));
    header.major = (uint16_t)(TRACE_FILE_MAJOR << 8);
    header.endian_mark = __builtin_bswap32(header.endian_mark);
    memcpy(copy, &header, sizeof(header));
    write_work(copy, whole_bytes);
    assert_int_equal(read_work(&events, &cut_short, &error), READ_VERSION);
    assert_non_null(strstr(error.message, "byte order of another machine"));
    write_work("hello, world", 12);
    assert_int_equal(read_work(&events, &cut_short, &error), READ_NOT_TARGET);
    free(copy);
}

/* Damage that knows the checksums: blocks whose payload was changed and signed anew. */
static void test_resigned_mutations_are_survived(void **state)
{
    (void)state;
    uint64_t random = 5;
    /* Uncompressed, so that a mutation reaches the records. */
    struct trace_file_reader file;
    struct read_error error = {0};
    assert_int_equal(trace_file_open(&file, open(whole_path, O_RDONLY), &error), READ_OK);
    size_t room = 64 << 20, used = sizeof(struct trace_file_header);
    char *plain = malloc(room);
    memcpy(plain, whole, used);
    uint64_t number = 0;
    for (unsigned kind = TRACE_BLOCK_STATE; kind >= 1; kind--) {
        for (unsigned i = 0; i < 2; i++) {
            struct trace_chunk chunk;
            struct trace_block_head head = {.magic = TRACE_BLOCK_MAGIC, .kind = (uint16_t)kind};
            size_t begin = used + sizeof(head), end = begin;
            if (kind == TRACE_BLOCK_STATE) {
                memcpy(plain + end, &file.state, sizeof(file.state));
                end += sizeof(file.state);
            } else if (kind <= 3) {
                for (int n = 0; n < 4; n++) {
                    if (file.source.next(&file.source, kind - 1, &chunk, &error) != READ_OK)
                        break;
                    struct trace_chunk_head chunk_head = {chunk.head, chunk.offset, chunk.bytes};
                    memcpy(plain + end, &chunk_head, sizeof(chunk_head));
                    memcpy(plain + end + sizeof(chunk_head), chunk.data, chunk.bytes);
                    end += sizeof(chunk_head) + chunk.bytes;
                }
            }
            head.raw_bytes = head.stored_bytes = (uint32_t)(end - begin);
            head.number = number++;
            memcpy(plain + used, &head, sizeof(head));
            used = end;
        }
    }
    trace_file_close(&file);
    char *copy = malloc(used);
    for (int round = 0; round < 300; round++) {
        memcpy(copy, plain, used);
        for (size_t at = sizeof(struct trace_file_header); at < used;) {
            struct trace_block_head head;
            memcpy(&head, copy + at, sizeof(head));
            char *payload = copy + at + sizeof(head);
            for (int i = 0; i < round % 6 && head.stored_bytes; i++) {
                random = random * 6364136223846793005u + 1442695040888963407u;
                payload[(random >> 20) % head.stored_bytes] = (char)(random >> 9);
            }
            head.payload_crc = trace_crc32c(0, payload, head.stored_bytes);
            head.crc = trace_crc32c(0, &head, offsetof(struct trace_block_head, crc));
            memcpy(copy + at, &head, sizeof(head));
            at += sizeof(head) + head.stored_bytes;
        }
        write_work(copy, used);
        struct trace_reader reader;
        struct trace_event event;
        struct replay replay;
        replay_init(&replay);
        if (trace_reader_open(&reader, work_path, &error) == READ_OK) {
            uint64_t events = 0;
            while (trace_reader_next(&reader, &event, &error) == READ_OK) {
                struct trace_location where;
                trace_reader_where(&reader, &event, &where);
                replay_feed(&replay, &event);
                assert_true(++events < 1000000);
            }
            trace_reader_close(&reader);
        }
        replay_deinit(&replay);
    }
    free(copy);
    free(plain);
}

/* How many units of the kind are in the stream, told by the blocks or by looking at them. */
static uint64_t count_kind(const char *path, unsigned stream, unsigned kind)
{
    struct trace_file_reader file;
    struct read_error error = {0};
    uint64_t sum = 0, count;
    assert_int_equal(trace_file_open(&file, open(path, O_RDONLY), &error), READ_OK);
    const struct trace_counted counted = {.kinds = (uint16_t)(1u << kind)};
    while (trace_file_count(&file, stream, &counted, &count, &error) == READ_OK)
        sum += count;
    trace_file_close(&file);
    return sum;
}

static uint64_t look_for_kind(const char *path, unsigned stream, unsigned kind)
{
    struct trace_file_reader file;
    struct read_error error = {0};
    struct trace_chunk chunk;
    uint64_t sum = 0;
    assert_int_equal(trace_file_open(&file, open(path, O_RDONLY), &error), READ_OK);
    while (file.source.next(&file.source, stream, &chunk, &error) == READ_OK)
        for (uint32_t at = 0; at < chunk.bytes; at += 1u << trace_unit_shift(stream))
            sum += (chunk.data[at] & 15u) == kind;
    trace_file_close(&file);
    return sum;
}

/* Changes the counts of each block that has them, and signs it anew. */
static unsigned change_counts(char *copy, uint32_t more)
{
    unsigned changed = 0;
    for (size_t at = sizeof(struct trace_file_header); at < whole_bytes;) {
        struct trace_block_head head;
        struct trace_block_kinds kinds;
        memcpy(&head, copy + at, sizeof(head));
        char *const payload = copy + at + sizeof(head), *const end = payload + head.stored_bytes;
        if (head.flags & TRACE_BLOCK_CODED) {
            memcpy(&kinds, end - sizeof(kinds), sizeof(kinds));
            assert_int_equal(kinds.magic, TRACE_BLOCK_KINDS_MAGIC);
            kinds.units[TRACE_COLD_FREE] += more;
            memcpy(end - sizeof(kinds), &kinds, sizeof(kinds));
            changed++;
        }
        head.payload_crc = trace_crc32c(0, payload, head.stored_bytes);
        head.crc = trace_crc32c(0, &head, offsetof(struct trace_block_head, crc));
        memcpy(copy + at, &head, sizeof(head));
        at += sizeof(head) + head.stored_bytes;
    }
    return changed;
}

static void test_blocks_say_what_they_hold(void **state)
{
    (void)state;
    char *copy = malloc(whole_bytes);
    memcpy(copy, whole, whole_bytes);
    assert_true(change_counts(copy, 7) > 2);
    write_work(copy, whole_bytes);
    free(copy);
    assert_true(look_for_kind(whole_path, TRACE_COLD, TRACE_COLD_ALLOC) > 1000);
    for (unsigned stream = TRACE_HOT; stream <= TRACE_COLD; stream++)
        for (unsigned kind = 0; kind < TRACE_WIRE_KINDS; kind++) {
            const uint64_t there = look_for_kind(whole_path, stream, kind);
            assert_int_equal(count_kind(whole_path, stream, kind), there);
            /* What does not add up is not believed. */
            assert_int_equal(count_kind(work_path, stream, kind), there);
        }
}

static void test_sizes_are_counted_where_they_lie(void **state)
{
    (void)state;
    const struct trace_counted counted = {.kinds = 1u << TRACE_COLD_ALLOC | 1u << TRACE_COLD_FREE,
                                          .sized = true,
                                          .least_size = 49,
                                          .most_size = 1 << 21};
    struct trace_file_reader file;
    struct trace_reader reader;
    struct trace_event event;
    struct read_error error = {0};
    uint64_t sum = 0, expected = 0, count;
    assert_int_equal(trace_file_open(&file, open(whole_path, O_RDONLY), &error), READ_OK);
    while (trace_file_count(&file, TRACE_COLD, &counted, &count, &error) == READ_OK)
        sum += count;
    trace_file_close(&file);
    assert_int_equal(trace_reader_open(&reader, whole_path, &error), READ_OK);
    while (trace_reader_next(&reader, &event, &error) == READ_OK)
        expected += event.kind == TRACE_EVENT_free ||
                    (event.kind == TRACE_EVENT_alloc && event.size >= 49 && event.size <= 1 << 21);
    trace_reader_close(&reader);
    assert_int_equal(sum, expected);
    assert_true(sum > 1000);
}

int main(void)
{
    if (sample_is_silent)
        return 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_file_is_compressed_and_complete),
        cmocka_unit_test(test_cut_at_every_boundary_is_readable),
        cmocka_unit_test(test_cut_in_the_header_is_refused),
        cmocka_unit_test(test_flipped_bits_are_found),
        cmocka_unit_test(test_future_versions_are_refused),
        cmocka_unit_test(test_resigned_mutations_are_survived),
        cmocka_unit_test(test_blocks_say_what_they_hold),
        cmocka_unit_test(test_sizes_are_counted_where_they_lie),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
