/* Replay and its shadow heap, definitions, stacks, and threads that wait for the GIL. */
#include "tests/support/sample_process.h"
#include "tracer/read/stacks.h"

#include <pthread.h>

static struct trace_event make(enum trace_event_kind kind, uint64_t address)
{
    return (struct trace_event){.kind = kind, .address = address, .generation = -1};
}

static void feed(struct replay *replay, enum trace_event_kind kind, uint64_t address)
{
    struct trace_event event = make(kind, address);
    event.delta = kind == TRACE_EVENT_incref ? 1 : kind == TRACE_EVENT_decref ? -1 : 0;
    replay_feed(replay, &event);
}

static void feed_meta(struct replay *replay, enum trace_meta what, uint64_t old_value,
                      uint64_t new_value, uint64_t value)
{
    struct trace_event event = make(TRACE_EVENT_meta, 0);
    event.meta.what = what;
    event.meta.old_value = old_value;
    event.meta.new_value = new_value;
    event.meta.value = value;
    replay_feed(replay, &event);
}

static void begin(struct replay *replay)
{
    replay_init(replay);
    feed_meta(replay, TRACE_META_START, 0, TRACE_CLASS_KNOWN, TRACE_ORIGIN_BIRTH);
}

static void test_contradictions_are_reported(void **state)
{
    (void)state;
    struct replay replay;
    begin(&replay);
    feed(&replay, TRACE_EVENT_alloc, 0x1000);
    feed(&replay, TRACE_EVENT_incref, 0x1000);
    feed(&replay, TRACE_EVENT_decref, 0x1000);
    feed(&replay, TRACE_EVENT_decref, 0x1000);
    assert_int_equal(replay_fault_total(&replay), 0);
    feed(&replay, TRACE_EVENT_decref, 0x1000);
    assert_int_equal(replay.faults[REPLAY_NEGATIVE], 1);
    feed(&replay, TRACE_EVENT_free, 0x1000);
    feed(&replay, TRACE_EVENT_free, 0x1000);
    assert_int_equal(replay.faults[REPLAY_FREE_OF_UNKNOWN], 1);
    feed(&replay, TRACE_EVENT_incref, 0x1000);
    assert_int_equal(replay.faults[REPLAY_INCREF_OF_UNKNOWN], 1);
    feed(&replay, TRACE_EVENT_alloc, 0x2000);
    feed(&replay, TRACE_EVENT_alloc, 0x2000);
    assert_int_equal(replay.faults[REPLAY_ALLOC_OF_LIVE], 1);
    feed(&replay, TRACE_EVENT_free, 0x2000);
    assert_int_equal(replay.faults[REPLAY_FREE_OF_COUNTED], 1);
    assert_int_equal(replay.first_fault, REPLAY_NEGATIVE);
    assert_int_equal(replay.first_fault_event.address, 0x1000);
    replay_deinit(&replay);
}

static void test_promotion_moves_whole_generations(void **state)
{
    (void)state;
    struct replay replay;
    begin(&replay);
    for (uint64_t i = 1; i <= 9; i++) {
        feed(&replay, TRACE_EVENT_alloc, i * 16);
        struct trace_event track = make(TRACE_EVENT_gc_track, i * 16);
        track.generation = (int)(i % 3);
        replay_feed(&replay, &track);
    }
    struct trace_event promote = make(TRACE_EVENT_gc_promote, 0);
    promote.generation = 1;
    promote.gc.to = 2;
    replay_feed(&replay, &promote);
    assert_int_equal(replay.shadow.members[2], 9);
    struct trace_event freeze = make(TRACE_EVENT_gc_freeze, 0);
    freeze.gc.to = 1;
    replay_feed(&replay, &freeze);
    assert_int_equal(replay.shadow.members[3], 9);
    feed(&replay, TRACE_EVENT_gc_untrack, 32);
    assert_int_equal(replay.shadow.members[3], 8);
    freeze.gc.to = 0;
    replay_feed(&replay, &freeze);
    assert_int_equal(shadow_generation(shadow_find(&replay.shadow, 16)), 2);
    assert_int_equal(shadow_generation(shadow_find(&replay.shadow, 32)), -1);
    replay_deinit(&replay);
}

static void test_baselines_are_adopted_once_then_compared(void **state)
{
    (void)state;
    struct replay replay;
    replay_init(&replay);
    feed_meta(&replay, TRACE_META_START, 0, TRACE_CLASS_KNOWN, TRACE_ORIGIN_ATTACH);
    feed(&replay, TRACE_EVENT_incref, 0x40); /* before the baseline: nobody can know */
    assert_false(replay_is_exact(&replay));
    struct trace_event object = make(TRACE_EVENT_snapshot, 0x40);
    object.refcount = 3;
    for (int round = 0; round < 3; round++) {
        feed_meta(&replay, TRACE_META_BASELINE_BEGIN, 0, 0, 1);
        object.refcount = round == 2 ? 5 : 3;
        replay_feed(&replay, &object);
        feed_meta(&replay, TRACE_META_BASELINE_END, 0, 0, 1);
        assert_true(replay_is_exact(&replay));
        assert_int_equal(replay_fault_total(&replay), round == 2);
        assert_int_equal(shadow_find(&replay.shadow, 0x40)->refcount, 3);
    }
    struct trace_event late = make(TRACE_EVENT_incref, 0x40);
    late.delta = 1;
    late.after_gap = true;
    replay_feed(&replay, &late);
    assert_int_equal(replay.phase, REPLAY_UNCERTAIN);
    feed_meta(&replay, TRACE_META_BASELINE_BEGIN, 0, 0, 1);
    object.refcount = 9;
    replay_feed(&replay, &object);
    feed_meta(&replay, TRACE_META_BASELINE_END, 0, 0, 1);
    assert_int_equal(shadow_find(&replay.shadow, 0x40)->refcount, 9);
    assert_true(replay_is_exact(&replay));
    replay_deinit(&replay);
}

static void test_shadow_holds_many_objects(void **state)
{
    (void)state;
    struct shadow shadow;
    shadow_init(&shadow);
    const uint64_t many = 300000;
    for (uint64_t i = 0; i < many; i++) {
        struct shadow_object *object = shadow_add(&shadow, 0x7f0000000000 + i * 48);
        assert_non_null(object);
        object->size = i;
        if (i % 3 == 0)
            shadow_set_generation(&shadow, object, (int)(i % 4));
    }
    for (uint64_t i = 0; i < many; i += 2)
        shadow_remove(&shadow, shadow_find(&shadow, 0x7f0000000000 + i * 48));
    assert_int_equal(shadow.count, many / 2);
    uint32_t cursor = 0;
    uint64_t count = 0, members = 0;
    const struct shadow_object *object;
    while ((object = shadow_each(&shadow, &cursor))) {
        assert_int_equal(shadow_address(object), 0x7f0000000000 + object->size * 48);
        assert_int_equal(object->size % 2, 1);
        members += shadow_generation(object) >= 0;
        count++;
    }
    assert_int_equal(count, shadow.count);
    assert_int_equal(members,
                     shadow.members[0] + shadow.members[1] + shadow.members[2] + shadow.members[3]);
    assert_null(shadow_find(&shadow, 0x7f0000000000));
    shadow_deinit(&shadow);
}

/* A process with little room for definitions: events go on, ids are unknown, the refusal is
 * counted. */
static void test_full_definitions_resolve_to_unknown(void **state)
{
    (void)state;
    char path[64];
    struct trace_session session;
    struct read_error error = {0};
    struct trace_reader reader;
    struct trace_event event;
    struct trace_options options = {.classes = TRACE_CLASS_KNOWN,
                                    .policy = TRACE_POLICY_BLOCK,
                                    .sizes = {1 << 20, 1 << 20, 1 << 20, 4096}};
    struct sample_process process = {.heap = sample_shared_heap(), .steps = 20000};
    sample_path(path, sizeof(path), "definitions");
    assert_int_equal(trace_session_prepare(&session, &options, &error), READ_OK);
    sample_process_start(&process, &session);
    assert_int_equal(trace_session_record(&session, path, NULL, 0, &error), READ_OK);
    sample_process_wait(&process);
    if (trace_reader_open(&reader, path, &error) != READ_OK)
        fail_msg("%s", error.message);
    bool known = false, unknown = false;
    while (trace_reader_next(&reader, &event, &error) == READ_OK) {
        struct trace_location where;
        trace_reader_where(&reader, &event, &where);
        assert_non_null(where.function);
        if (event.code && event.kind == TRACE_EVENT_incref) {
            bool has = strcmp(where.function, "unknown") != 0;
            known = known || has;
            unknown = unknown || !has;
        }
    }
    struct trace_loss loss;
    trace_reader_loss(&reader, &loss);
    assert_true(known);
    assert_true(unknown);
    assert_true(loss.definitions_refused > 0);
    trace_reader_close(&reader);
    sample_free_heap(process.heap);
    unlink(path);
}

static void test_hostile_definitions_are_refused(void **state)
{
    (void)state;
    struct definitions definitions;
    struct read_error error = {0};
    struct ring_definition record = {
        .bytes = 80, .kind = TRACE_EVENT_type_define, .id = 7, .string_bytes = {3, 2, 0}};
    char bytes[80] = {0};
    memcpy(bytes, &record, sizeof(record));
    memcpy(bytes + sizeof(record), "a\033cde", 5);
    definitions_init(&definitions);
    for (size_t i = 0; i < sizeof(bytes); i++) /* cut anywhere */
        assert_int_equal(definitions_feed(&definitions, bytes + i, 1, &error), READ_OK);
    assert_string_equal(definitions_type(&definitions, 7)->name, "a?c");
    assert_string_equal(definitions_type(&definitions, 7)->qualname, "de");
    assert_null(definitions_type(&definitions, 8));
    record.string_bytes[0] = 4000000000u;
    memcpy(bytes, &record, sizeof(record));
    assert_int_equal(definitions_feed(&definitions, bytes, sizeof(bytes), &error), READ_DAMAGED);
    assert_non_null(definitions_type(&definitions, 7)); /* what was good stays */
    definitions_deinit(&definitions);
    definitions_init(&definitions);
    record.string_bytes[0] = 1;
    record.bytes = 0;
    memcpy(bytes, &record, sizeof(record));
    assert_int_equal(definitions_feed(&definitions, bytes, sizeof(bytes), &error), READ_DAMAGED);
    definitions_deinit(&definitions);
}

static void test_sites_resolve_to_lines(void **state)
{
    (void)state;
    const struct trace_line lines[] = {{0, 10}, {4, 11}, {100, 20}};
    const struct definition code = {.first_line = 9, .line_count = 3, .lines = lines};
    assert_int_equal(definition_line(&code, 0), 10);
    assert_int_equal(definition_line(&code, 3), 10);
    assert_int_equal(definition_line(&code, 4), 11);
    assert_int_equal(definition_line(&code, 50000), 20);
    assert_int_equal(definition_line(&code, TRACE_SITE_UNKNOWN), 0);
    assert_int_equal(definition_line(NULL, 4), 0);
    /* Sites count from any number, modulo 2^16. */
    struct definition moved = code;
    moved.first_site = 0xfffd;
    assert_int_equal(definition_line(&moved, 0xfffd), 10);
    assert_int_equal(definition_line(&moved, 0), 10);
    assert_int_equal(definition_line(&moved, 1), 11);
    assert_int_equal(definition_line(&moved, 96), 11);
    assert_int_equal(definition_line(&moved, 97), 20);
}

/* Every event is placed in the function that runs. */
static void test_events_have_their_stack(void **state)
{
    (void)state;
    char path[64];
    struct trace_session session;
    struct read_error error = {0};
    struct trace_reader reader;
    struct trace_event event;
    struct trace_options options = {.classes = TRACE_CLASS_KNOWN};
    struct sample_process process = {.heap = sample_shared_heap(), .steps = 50000};
    sample_path(path, sizeof(path), "stacks");
    assert_int_equal(trace_session_prepare(&session, &options, &error), READ_OK);
    sample_process_start(&process, &session);
    assert_int_equal(trace_session_record(&session, path, NULL, 0, &error), READ_OK);
    sample_process_wait(&process);
    assert_int_equal(trace_reader_open(&reader, path, &error), READ_OK);
    uint64_t placed = 0;
    while (trace_reader_next(&reader, &event, &error) == READ_OK) {
        struct trace_location where;
        trace_reader_where(&reader, &event, &where);
        if (event.kind == TRACE_EVENT_incref && event.code) {
            assert_string_equal(where.file, "sample.py");
            assert_true(where.line == 10 || where.line == 11);
            assert_int_equal(event.tid, process.pid);
            placed++;
        }
    }
    assert_true(placed > 1000);
    const struct thread_stack *stack = trace_merge_stack(&reader.merge, (uint32_t)process.pid);
    assert_int_equal(stack->depth, process.heap->depth);
    for (uint32_t i = 0; i < stack->depth; i++)
        assert_int_equal(stack->frames[i].code, TRACE_FRAME_CODE(process.heap->frames[i]));
    trace_reader_close(&reader);
    sample_free_heap(process.heap);
    unlink(path);
}

enum {
    WAITERS = 4,
    HANDOFFS = WAITERS * 500,
};

/* However late the reader comes, no wait has been overwritten yet. */
_Static_assert(HANDOFFS / WAITERS <= RING_WAIT_RECORDS, "the waits of one thread fit its slot");

static pthread_mutex_t gil = PTHREAD_MUTEX_INITIALIZER;
static uint64_t handoffs;
static uint32_t holder;

static void *contend(void *argument)
{
    uint32_t tid = (uint32_t)(uintptr_t)argument;
    for (int i = 0; i < HANDOFFS / WAITERS; i++) {
        uint64_t since = trace_ticks();
        trace_gil_waiting(tid, __atomic_load_n(&holder, __ATOMIC_RELAXED),
                          __atomic_load_n(&handoffs, __ATOMIC_ACQUIRE));
        pthread_mutex_lock(&gil);
        uint32_t previous = __atomic_exchange_n(&holder, tid, __ATOMIC_RELAXED);
        uint64_t seq = __atomic_add_fetch(&handoffs, 1, __ATOMIC_RELEASE);
        trace_gil_acquired(tid, previous, seq, since, 0);
        (void)previous, (void)since; /* unused when nothing is emitted */
        trace_incref(0x1000 + tid * 16, 1);
        trace_gil_released(TRACE_GIL_INTERVAL, seq, since, 0);
        pthread_mutex_unlock(&gil);
        if (i % 8 == 0)
            usleep(100);
    }
    pthread_mutex_lock(&gil);
    trace_thread_exited(tid, tid);
    pthread_mutex_unlock(&gil);
    return NULL;
}

/* Waits of threads without the GIL come before the acquire they led to, and none is lost. */
static void test_waits_are_in_order(void **state)
{
    (void)state;
    char path[64];
    struct trace_session session;
    struct read_error error = {0};
    struct trace_reader reader;
    struct trace_event event;
    struct trace_options options = {.classes = TRACE_CLASS_KNOWN};
    sample_path(path, sizeof(path), "waits");
    assert_int_equal(trace_session_prepare(&session, &options, &error), READ_OK);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t threads[WAITERS];
        if (!trace_session_child_setup(&session) || !trace_init())
            _exit(1);
        for (uintptr_t i = 0; i < WAITERS; i++)
            pthread_create(&threads[i], NULL, contend, (void *)(100 + i));
        for (int i = 0; i < WAITERS; i++)
            pthread_join(threads[i], NULL);
        trace_stop();
        _exit(0);
    }
    trace_session_adopt(&session, pid);
    if (trace_session_record(&session, path, NULL, 0, &error) != READ_OK)
        fail_msg("%s", error.message);
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    assert_int_equal(trace_reader_open(&reader, path, &error), READ_OK);
    uint64_t waits = 0, acquires = 0, last_seq = 0;
    int waiting[WAITERS] = {0};
    while (trace_reader_next(&reader, &event, &error) == READ_OK) {
        if (event.kind == TRACE_EVENT_gil_wait) {
            waits++;
            waiting[event.tid - 100]++;
        } else if (event.kind == TRACE_EVENT_gil_acquire) {
            acquires++;
            assert_true(event.gil.gil_seq == last_seq + 1);
            last_seq = event.gil.gil_seq;
            assert_int_equal(waiting[event.tid - 100], 1);
            waiting[event.tid - 100] = 0;
        } else if (event.kind == TRACE_EVENT_incref) {
            assert_int_equal(event.address, 0x1000 + event.tid * 16);
        }
    }
    struct trace_loss loss;
    trace_reader_loss(&reader, &loss);
    assert_int_equal(acquires, HANDOFFS);
    assert_int_equal(waits + loss.waits_lost, HANDOFFS);
    assert_int_equal(loss.waits_lost, 0);
    trace_reader_close(&reader);
    unlink(path);
}

int main(void)
{
    if (sample_is_silent)
        return 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contradictions_are_reported),
        cmocka_unit_test(test_promotion_moves_whole_generations),
        cmocka_unit_test(test_baselines_are_adopted_once_then_compared),
        cmocka_unit_test(test_shadow_holds_many_objects),
        cmocka_unit_test(test_full_definitions_resolve_to_unknown),
        cmocka_unit_test(test_hostile_definitions_are_refused),
        cmocka_unit_test(test_sites_resolve_to_lines),
        cmocka_unit_test(test_events_have_their_stack),
        cmocka_unit_test(test_waits_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
