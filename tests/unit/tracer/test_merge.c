/* The merge over chunks that are made by hand: order by position, and holes told at once. */
#include "tests/support/sample_process.h"
#include "tracer/read/merge.h"

#include <string.h>

struct made_chunk {
    uint64_t first;
    unsigned words;
    uint64_t body[16];
};

struct made_source {
    struct chunk_source base;
    const struct made_chunk *chunks[TRACE_STREAM_COUNT];
    unsigned counts[TRACE_STREAM_COUNT];
    unsigned taken[TRACE_STREAM_COUNT];
};

static enum read_status next_made(struct chunk_source *base, unsigned stream,
                                  struct trace_chunk *chunk, struct read_error *error)
{
    struct made_source *source = (struct made_source *)base;
    (void)error;
    if (source->taken[stream] == source->counts[stream])
        return READ_END;
    const struct made_chunk *made = &source->chunks[stream][source->taken[stream]++];
    *chunk = (struct trace_chunk){.head = {.first = made->first, .bytes = made->words * 8},
                                  .bytes = made->words * 8,
                                  .data = (const char *)made->body};
    return READ_OK;
}

static uint64_t hot(uint64_t address, unsigned kind)
{
    return address | kind;
}

/* Second word of a cold slot that counts from hot position 0. */
static uint64_t at_hot(uint64_t position)
{
    return position | 16ull << TRACE_COLD_SIZE_SHIFT | 1ull << TRACE_COLD_TYPE_SHIFT;
}

struct shown {
    enum trace_event_kind kind;
    uint64_t address;
    bool after_gap;
};

static unsigned merge_all(struct made_source *source, struct shown *out, unsigned room,
                          uint64_t missing[TRACE_STREAM_COUNT])
{
    struct definitions definitions;
    struct trace_merge merge;
    struct trace_event event;
    struct read_error error = {0};
    unsigned count = 0;
    source->base.next = next_made;
    definitions_init(&definitions);
    trace_merge_init(&merge, &source->base, &definitions);
    uint64_t seq = 0;
    while (trace_merge_next(&merge, &event, &error) == READ_OK) {
        assert_true(count < room);
        assert_true(count == 0 || event.seq > seq);
        seq = event.seq;
        out[count++] = (struct shown){event.kind, event.address, event.after_gap};
    }
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        missing[i] = merge.lanes[i].missing;
    trace_merge_deinit(&merge);
    definitions_deinit(&definitions);
    return count;
}

static void expect(const struct shown *got, enum trace_event_kind kind, uint64_t address, bool gap)
{
    assert_int_equal(got->kind, kind);
    assert_int_equal(got->address, address);
    assert_int_equal(got->after_gap, gap);
}

static void test_order_is_by_position(void **state)
{
    (void)state;
    const struct made_chunk hots[] = {
        {.first = 0,
         .words = 2,
         .body = {hot(0x10, TRACE_HOT_INCREF), hot(0x10, TRACE_HOT_DECREF)}}};
    const struct made_chunk colds[] = {
        {.first = 0,
         .words = 4,
         .body = {0x10 | TRACE_COLD_ALLOC, at_hot(0), 0x10 | TRACE_COLD_FREE, at_hot(2)}}};
    struct made_source source = {.chunks = {[TRACE_HOT] = hots, [TRACE_COLD] = colds},
                                 .counts = {[TRACE_HOT] = 1, [TRACE_COLD] = 1}};
    struct shown got[8];
    uint64_t missing[TRACE_STREAM_COUNT];
    assert_int_equal(merge_all(&source, got, 8, missing), 4);
    expect(&got[0], TRACE_EVENT_alloc, 0x10, false);
    expect(&got[1], TRACE_EVENT_incref, 0x10, false);
    expect(&got[2], TRACE_EVENT_decref, 0x10, false);
    expect(&got[3], TRACE_EVENT_free, 0x10, false);
    assert_int_equal(missing[TRACE_HOT], 0);
}

/* HOT 2..4 were dropped. The free that stands behind them is the first event to know. */
static void test_hole_is_told_by_the_other_stream(void **state)
{
    (void)state;
    const struct made_chunk hots[] = {
        {.first = 0,
         .words = 2,
         .body = {hot(0x10, TRACE_HOT_INCREF), hot(0x10, TRACE_HOT_INCREF)}},
        {.first = 5, .words = 1, .body = {hot(0x20, TRACE_HOT_INCREF)}}};
    const struct made_chunk colds[] = {
        {.first = 0,
         .words = 6,
         .body = {0x10 | TRACE_COLD_ALLOC, at_hot(0), 0x10 | TRACE_COLD_FREE, at_hot(4),
                  0x20 | TRACE_COLD_ALLOC, at_hot(5)}}};
    struct made_source source = {.chunks = {[TRACE_HOT] = hots, [TRACE_COLD] = colds},
                                 .counts = {[TRACE_HOT] = 2, [TRACE_COLD] = 1}};
    struct shown got[8];
    uint64_t missing[TRACE_STREAM_COUNT];
    assert_int_equal(merge_all(&source, got, 8, missing), 6);
    expect(&got[3], TRACE_EVENT_free, 0x10, true);
    expect(&got[4], TRACE_EVENT_alloc, 0x20, true); /* position 4, between the two */
    expect(&got[5], TRACE_EVENT_incref, 0x20, false);
    assert_int_equal(missing[TRACE_HOT], 3);
}

/* The stream ends inside the hole: nothing of it comes after, yet the rest is marked. */
static void test_hole_at_the_end_is_told(void **state)
{
    (void)state;
    const struct made_chunk hots[] = {
        {.first = 0, .words = 1, .body = {hot(0x10, TRACE_HOT_INCREF)}}};
    const struct made_chunk colds[] = {
        {.first = 0,
         .words = 4,
         .body = {0x10 | TRACE_COLD_ALLOC, at_hot(0), 0x10 | TRACE_COLD_FREE, at_hot(3)}}};
    struct made_source source = {.chunks = {[TRACE_HOT] = hots, [TRACE_COLD] = colds},
                                 .counts = {[TRACE_HOT] = 1, [TRACE_COLD] = 1}};
    struct shown got[8];
    uint64_t missing[TRACE_STREAM_COUNT];
    assert_int_equal(merge_all(&source, got, 8, missing), 3);
    expect(&got[2], TRACE_EVENT_free, 0x10, true);
    assert_int_equal(missing[TRACE_HOT], 2);
}

/* A thread marker is shown to nobody; that it followed a hole must not be lost with it. */
static void test_hole_before_a_marker_goes_to_the_next_event(void **state)
{
    (void)state;
    const struct made_chunk hots[] = {
        {.first = 0, .words = 1, .body = {hot(0x10, TRACE_HOT_INCREF)}},
        {.first = 4,
         .words = 2,
         .body = {hot(7 << 4, TRACE_HOT_THREAD), hot(0x10, TRACE_HOT_DECREF)}}};
    struct made_source source = {.chunks = {[TRACE_HOT] = hots}, .counts = {[TRACE_HOT] = 2}};
    struct shown got[8];
    uint64_t missing[TRACE_STREAM_COUNT];
    assert_int_equal(merge_all(&source, got, 8, missing), 2);
    expect(&got[1], TRACE_EVENT_decref, 0x10, true);
    assert_int_equal(missing[TRACE_HOT], 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_is_by_position),
        cmocka_unit_test(test_hole_is_told_by_the_other_stream),
        cmocka_unit_test(test_hole_at_the_end_is_told),
        cmocka_unit_test(test_hole_before_a_marker_goes_to_the_next_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
