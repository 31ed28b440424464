/* Beginning to read a trace elsewhere: the heap of a moment and the events of a time are those that
 * reading from the beginning gives, whether the file has its index or was cut short. */
#include "tests/support/sample_process.h"
#include "tracer/read/crc.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { STEPS = 3000000 };

static char path[64], cut_path[64];
static uint64_t last_seq, last_ns, events;

static void copy_part(const char *from, const char *to, double part)
{
    char buffer[1 << 16];
    struct stat about;
    const int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(fstat(in, &about), 0);
    for (ssize_t left = (ssize_t)((double)about.st_size * part), got; left > 0; left -= got) {
        got = read(in, buffer, left < (ssize_t)sizeof(buffer) ? (size_t)left : sizeof(buffer));
        assert_true(got > 0);
        assert_int_equal(write(out, buffer, (size_t)got), got);
    }
    close(in);
    close(out);
}

static int setup(void **state)
{
    (void)state;
    struct trace_session session;
    struct sample_account account;
    struct read_error error = {0};
    struct trace_options options = {.classes = TRACE_CLASS_KNOWN,
                                    .policy = TRACE_POLICY_BLOCK,
                                    .sizes = {1 << 20, 1 << 20, 1 << 20, 1 << 20},
                                    .baseline_ms = 1};
    struct sample_process process = {.heap = sample_shared_heap(), .steps = STEPS};
    sample_path(path, sizeof(path), "seek.trace");
    sample_path(cut_path, sizeof(cut_path), "cut.trace");
    assert_int_equal(trace_session_prepare(&session, &options, &error), READ_OK);
    sample_process_start(&process, &session);
    assert_int_equal(trace_session_record(&session, path, NULL, 0, &error), READ_OK);
    sample_process_wait(&process);
    assert_int_equal(sample_account_read(&account, path, &error), READ_OK);
    sample_compare(process.heap, &account.replay, true);
    assert_int_equal(replay_fault_total(&account.replay), 0);
    last_seq = account.last_seq;
    last_ns = account.last_ns;
    for (int i = 0; i < TRACE_EVENT_COUNT; i++)
        events += account.received[i];
    sample_account_free(&account);
    sample_free_heap(process.heap);
    copy_part(path, cut_path, 0.7);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    unlink(cut_path);
    return 0;
}

/* The heap before `seq`; *read: units that were decoded for it. */
static void replay_to(const char *name, struct replay *replay, bool seek, bool is_time,
                      uint64_t value, uint64_t *read)
{
    struct trace_reader reader;
    struct read_error error = {0};
    replay_init(replay);
    assert_int_equal(trace_reader_open(&reader, name, &error), READ_OK);
    if (seek)
        assert_int_equal(trace_reader_seek_baseline(&reader, is_time, value, &error), READ_OK);
    assert_int_equal(trace_reader_replay(&reader, replay, is_time ? UINT64_MAX : value,
                                         is_time ? value : UINT64_MAX, &error),
                     READ_OK);
    *read = 0;
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        *read += reader.merge.lanes[i].units;
    trace_reader_close(&reader);
}

static void assert_same_heap(struct replay *a, struct replay *b)
{
    const struct shadow_object *object;
    uint32_t cursor = 0;
    assert_true(replay_is_exact(a));
    assert_true(replay_is_exact(b));
    assert_int_equal(replay_fault_total(b), 0);
    assert_int_equal(a->classes, b->classes);
    assert_int_equal(a->shadow.count, b->shadow.count);
    while ((object = shadow_each(&a->shadow, &cursor))) {
        const struct shadow_object *other = shadow_find(&b->shadow, shadow_address(object));
        assert_non_null(other);
        assert_int_equal(object->refcount, other->refcount);
        assert_int_equal(object->type, other->type);
        assert_int_equal(object->size, other->size);
        assert_int_equal(shadow_generation(object), shadow_generation(other));
    }
}

static void check_moments(const char *name, uint64_t least, uint64_t most, bool is_time)
{
    unsigned fewer = 0;
    for (unsigned i = 1; i <= 6; i++) {
        const uint64_t value = least + (most - least) * i / 7;
        struct replay whole, part;
        uint64_t all_units, part_units;
        replay_to(name, &whole, false, is_time, value, &all_units);
        replay_to(name, &part, true, is_time, value, &part_units);
        assert_same_heap(&whole, &part);
        fewer += part_units < all_units;
        replay_deinit(&whole);
        replay_deinit(&part);
    }
    assert_true(fewer > 0); /* there is a baseline, and reading began with it */
}

static void test_heap_of_a_moment_is_the_same_from_a_baseline(void **state)
{
    (void)state;
    check_moments(path, 0, last_seq, false);
    check_moments(path, 0, last_ns, true);
}

static void test_heap_of_a_moment_without_an_index(void **state)
{
    (void)state;
    check_moments(cut_path, 0, last_seq * 6 / 10, false);
}

struct tail {
    uint64_t first; /* seq of the first event at from_ns or later */
    uint64_t count, sum;
};

/* The events with that seq and above, as a number that depends on each of them. */
static struct tail read_tail(const char *name, uint64_t from_ns, uint64_t from_seq, bool seek)
{
    struct trace_reader reader;
    struct trace_event event;
    struct read_error error = {0};
    struct tail tail = {.first = UINT64_MAX};
    uint64_t before = 0;
    assert_int_equal(trace_reader_open(&reader, name, &error), READ_OK);
    if (seek)
        assert_int_equal(trace_reader_seek_time(&reader, from_ns, &error), READ_OK);
    while (trace_reader_next(&reader, &event, &error) == READ_OK) {
        if (event.kind >= TRACE_EVENT_gil_request && event.kind <= TRACE_EVENT_gil_wait)
            continue;
        if (event.kind >= TRACE_EVENT_type_define && event.kind <= TRACE_EVENT_thread_define)
            continue;
        before += event.time_ns < from_ns;
        if (event.time_ns >= from_ns && tail.first == UINT64_MAX)
            tail.first = event.seq;
        if (event.seq < from_seq)
            continue;
        tail.count++;
        tail.sum =
            (tail.sum + event.seq * 31 + event.kind + event.address) * 6364136223846793005u + 1;
    }
    if (seek && from_ns > last_ns / 2)
        assert_true(before < events / 2);
    trace_reader_close(&reader);
    return tail;
}

/* Times within a sub-buffer are interpolated, and never go back: reading that comes from far away
 * may have been pushed a sub-buffer ahead of the time that one sees which begins there. So the
 * places may differ by a few sub-buffers; the events are the same. */
static void test_events_of_a_time_are_the_same(void **state)
{
    (void)state;
    const char *names[] = {path, cut_path};
    for (unsigned n = 0; n < 2; n++)
        for (unsigned i = 0; i < 4; i++) {
            const uint64_t from_ns = last_ns * i / 5 + 1;
            const uint64_t a = read_tail(names[n], from_ns, 0, false).first;
            const uint64_t b = read_tail(names[n], from_ns, 0, true).first;
            const uint64_t from = a > b ? a : b;
            assert_true(from - (a < b ? a : b) < 4096);
            const struct tail whole = read_tail(names[n], from_ns, from, false);
            const struct tail part = read_tail(names[n], from_ns, from, true);
            assert_int_equal(whole.count, part.count);
            assert_int_equal(whole.sum, part.sum);
        }
}

static void test_a_moment_before_and_behind_everything(void **state)
{
    (void)state;
    struct replay whole, part;
    uint64_t units;
    replay_to(path, &whole, false, false, UINT64_MAX, &units);
    replay_to(path, &part, true, false, UINT64_MAX, &units);
    assert_same_heap(&whole, &part);
    replay_deinit(&part);
    replay_to(path, &part, true, false, 0, &units);
    assert_int_equal(part.shadow.count, 0);
    replay_deinit(&part);
    replay_deinit(&whole);
}

/* What is missing at the end is behind what was asked for. */
static void test_missing_counts_what_was_read(void **state)
{
    (void)state;
    struct trace_reader reader;
    struct read_error error = {0};
    struct trace_event event;
    assert_int_equal(trace_reader_open(&reader, path, &error), READ_OK);
    reader.state.streams[TRACE_HOT].dropped = 1000; /* in the ring's life, not in this window */
    reader.state.streams[TRACE_HOT].position += 7;  /* the last ones */
    assert_int_equal(trace_reader_next(&reader, &event, &error), READ_OK);
    assert_int_equal(trace_reader_missing(&reader), 0);
    while (trace_reader_next(&reader, &event, &error) == READ_OK)
        ;
    assert_int_equal(trace_reader_missing(&reader), 7);
    trace_reader_close(&reader);
}

/* The index is checked against the file: another length, a block too many, an offset elsewhere. */
static void test_an_index_that_lies_is_refused(void **state)
{
    (void)state;
    struct stat about;
    struct trace_block_head head;
    struct trace_file_end end;
    copy_part(path, cut_path, 1);
    const int fd = open(cut_path, O_RDWR);
    assert_int_equal(fstat(fd, &about), 0);
    const off_t at = about.st_size - (off_t)(sizeof(head) + sizeof(end));
    for (int lie = 0; lie < 3; lie++) {
        struct trace_file_reader file;
        struct read_error error = {0};
        assert_int_equal(pread(fd, &head, sizeof(head), at), sizeof(head));
        assert_int_equal(pread(fd, &end, sizeof(end), at + (off_t)sizeof(head)), sizeof(end));
        const struct trace_file_end truth = end;
        end.index_offset -= lie == 0 ? 1 : 0;
        end.index_blocks += lie == 1 ? 1 : 0;
        end.index_offset = lie == 2 ? 0 : end.index_offset; /* none: the heads are walked */
        for (int i = 0; i < 2; i++) {
            const struct trace_file_end *now = i == 0 ? &end : &truth;
            head.payload_crc = trace_crc32c(0, now, sizeof(*now));
            head.crc = trace_crc32c(0, &head, offsetof(struct trace_block_head, crc));
            assert_int_equal(pwrite(fd, &head, sizeof(head), at), sizeof(head));
            assert_int_equal(pwrite(fd, now, sizeof(*now), at + (off_t)sizeof(head)), sizeof(*now));
            const int copy = dup(fd);
            const enum read_status status = trace_file_open(&file, copy, &error);
            assert_int_equal(status, i == 0 && lie < 2 ? READ_DAMAGED : READ_OK);
            if (status == READ_OK) {
                assert_false(file.cut_short);
                trace_file_close(&file);
            } else {
                close(copy);
            }
        }
    }
    close(fd);
}

int main(void)
{
    if (sample_is_silent)
        return 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heap_of_a_moment_is_the_same_from_a_baseline),
        cmocka_unit_test(test_heap_of_a_moment_without_an_index),
        cmocka_unit_test(test_events_of_a_time_are_the_same),
        cmocka_unit_test(test_a_moment_before_and_behind_everything),
        cmocka_unit_test(test_missing_counts_what_was_read),
        cmocka_unit_test(test_an_index_that_lies_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
