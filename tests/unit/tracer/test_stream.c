/* The streams between two processes: nothing is lost uncounted, under any policy. */
#include "tests/support/sample_process.h"

static const uint32_t all_classes = TRACE_CLASS_KNOWN;

static struct trace_options options_for(enum trace_policy policy, uint64_t stream_bytes)
{
    return (struct trace_options){
        .classes = all_classes,
        .policy = policy,
        .sizes = {stream_bytes, stream_bytes, stream_bytes, 1u << 20},
    };
}

/* Records a process from its first event to its end. */
static void record_whole_life(struct sample_process *process, const struct trace_options *options,
                              const char *path)
{
    struct trace_session session;
    struct read_error error = {0};
    if (trace_session_prepare(&session, options, &error) != READ_OK)
        fail_msg("%s", error.message);
    sample_process_start(process, &session);
    if (trace_session_record(&session, path, NULL, 0, &error) != READ_OK)
        fail_msg("%s", error.message);
}

static void test_block_loses_nothing_from_birth(void **state)
{
    (void)state;
    char path[64];
    struct sample_account account;
    struct read_error error = {0};
    struct sample_process process = {.heap = sample_shared_heap(), .steps = 400000};
    struct trace_options options = options_for(TRACE_POLICY_BLOCK, 16384);
    process.heap->wide = 1;
    sample_path(path, sizeof(path), "block");
    record_whole_life(&process, &options, path);
    sample_process_wait(&process);
    if (sample_account_read(&account, path, &error) != READ_OK)
        fail_msg("%s", error.message);
    assert_false(account.cut_short);
    for (int i = 0; i < TRACE_STREAM_COUNT; i++) {
        assert_int_equal(account.loss.dropped[i], 0);
        assert_int_equal(account.loss.missing[i], 0);
    }
    sample_compare_counts(process.heap, &account);
    sample_compare(process.heap, &account.replay, true);
    assert_int_equal(account.received[TRACE_EVENT_type_define], SAMPLE_TYPES);
    sample_account_free(&account);
    sample_free_heap(process.heap);
    unlink(path);
}

static void test_drop_counts_every_kind(void **state)
{
    (void)state;
    char path[64];
    struct sample_account account;
    struct read_error error = {0};
    struct sample_process process = {.heap = sample_shared_heap(), .steps = 2000000};
    struct trace_options options = options_for(TRACE_POLICY_DROP, 16384);
    sample_path(path, sizeof(path), "drop");
    record_whole_life(&process, &options, path);
    sample_process_wait(&process);
    if (sample_account_read(&account, path, &error) != READ_OK)
        fail_msg("%s", error.message);
    assert_true(account.loss.dropped[TRACE_HOT] > 0);
    sample_compare_counts(process.heap, &account);
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        assert_true(account.loss.missing[i] <= account.loss.dropped[i]);
    sample_account_free(&account);
    sample_free_heap(process.heap);
    unlink(path);
}

/* A reader that stops reading: block gives up after a second and drops, counted. */
static void test_block_falls_to_drop_when_reader_is_silent(void **state)
{
    (void)state;
    char path[64];
    struct trace_session session;
    struct sample_account account;
    struct read_error error = {0};
    struct sample_process process = {.heap = sample_shared_heap(), .steps = 300000};
    struct trace_options options = options_for(TRACE_POLICY_BLOCK, 16384);
    sample_path(path, sizeof(path), "silent");
    assert_int_equal(trace_session_prepare(&session, &options, &error), READ_OK);
    sample_process_start(&process, &session);
    sample_process_wait(&process); /* nobody pumps: it must end by itself */
    assert_int_equal(trace_session_record(&session, path, NULL, 0, &error), READ_OK);
    assert_int_equal(sample_account_read(&account, path, &error), READ_OK);
    assert_true(account.loss.dropped[TRACE_HOT] > 0);
    sample_compare_counts(process.heap, &account);
    sample_account_free(&account);
    sample_free_heap(process.heap);
    unlink(path);
}

/* A process that was stopped itself, longer than a reader may be silent, blames no reader for it.
 */
static void test_block_outlives_a_stop_of_both(void **state)
{
    (void)state;
    char path[64];
    struct trace_session session;
    struct sample_account account;
    struct read_error error = {0};
    struct sample_process process = {.heap = sample_shared_heap(), .steps = 300000};
    struct trace_options options = options_for(TRACE_POLICY_BLOCK, 16384);
    sample_path(path, sizeof(path), "stopped");
    assert_int_equal(trace_session_prepare(&session, &options, &error), READ_OK);
    sample_process_start(&process, &session);
    while (!__atomic_load_n(&session.link.page->reader.waiting, __ATOMIC_ACQUIRE))
        usleep(1000);
    kill(process.pid, SIGSTOP);
    usleep((CONTROL_SILENCE_MS + 200) * 1000);
    kill(process.pid, SIGCONT);
    usleep(50000); /* time to see that no heartbeat has come */
    assert_int_equal(trace_session_record(&session, path, NULL, 0, &error), READ_OK);
    sample_process_wait(&process);
    assert_int_equal(sample_account_read(&account, path, &error), READ_OK);
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        assert_int_equal(account.loss.dropped[i], 0);
    sample_compare_counts(process.heap, &account);
    sample_account_free(&account);
    sample_free_heap(process.heap);
    unlink(path);
}

/* The reader is stopped, killed, and another one attaches: events then are exact again. */
static void test_next_reader_gets_an_exact_baseline(void **state)
{
    (void)state;
    char path[64];
    struct sample_account account;
    struct trace_session session;
    struct read_error error = {0};
    struct sample_process process = {.heap = sample_shared_heap(), .pause_every = 2000};
    struct trace_options options = options_for(TRACE_POLICY_BLOCK, 1 << 20);
    sample_path(path, sizeof(path), "next");
    sample_process_start(&process, NULL);
    sample_process_ready(&process);
    pid_t reader = fork();
    if (reader == 0) {
        if (trace_session_attach(&session, process.pid, &options, NULL) != READ_OK)
            _exit(1);
        for (;;)
            pause(); /* never reads: the target will fall to drop */
    }
    usleep(300000);
    kill(reader, SIGKILL);
    waitpid(reader, NULL, 0);
    if (trace_session_attach(&session, process.pid, &options, &error) != READ_OK)
        fail_msg("%s", error.message);
    uint64_t deadline = 300;
    if (trace_session_record(&session, path, NULL, deadline, &error) != READ_OK)
        fail_msg("%s", error.message);
    assert_int_equal(sample_account_read(&account, path, &error), READ_OK);
    assert_int_equal(account.replay.gaps, 0);
    assert_true(replay_is_exact(&account.replay));
    assert_int_equal(replay_fault_total(&account.replay), 0);
    assert_true(account.received[TRACE_EVENT_snapshot] > 0);
    assert_true(account.received[TRACE_EVENT_incref] > 0);
    __atomic_store_n(&process.heap->stop, 1, __ATOMIC_RELEASE);
    sample_process_wait(&process);
    sample_account_free(&account);
    sample_free_heap(process.heap);
    unlink(path);
}

/* The flight recorder: what is in the ring plus what was overwritten is what was emitted. */
static void test_overwrite_counts_exactly(void **state)
{
    (void)state;
    struct ring_view view;
    struct ring_state ring;
    struct read_error error = {0};
    char path[96];
    struct sample_process process = {.heap = sample_shared_heap(),
                                     .steps = 2000000,
                                     .classes = TRACE_CLASS_KNOWN,
                                     .policy = TRACE_POLICY_OVERWRITE,
                                     .linger = true};
    sample_process_start(&process, NULL);
    uint64_t starttime = 0;
    for (int i = 0; i < 1000 && starttime == 0; i++) {
        struct control_link link;
        if (control_link_open(&link, process.pid, NULL) == READ_OK) {
            starttime = link.page->starttime;
            control_link_close(&link);
        }
        usleep(500);
    }
    sample_process_wait(&process);
    snprintf(path, sizeof(path), "/dev/shm/brille-%d-%llu", process.pid,
             (unsigned long long)starttime);
    if (ring_view_open(&view, path, &error) != READ_OK)
        fail_msg("%s", error.message);
    assert_int_equal(ring_view_state(&view, &ring, &error), READ_OK);
    ring_view_deinit(&view);
    struct trace_reader reader;
    struct trace_event event;
    assert_int_equal(trace_reader_open(&reader, path, &error), READ_OK);
    enum read_status status;
    while ((status = trace_reader_next(&reader, &event, &error)) == READ_OK)
        ;
    assert_int_equal(status, READ_END);
    struct trace_loss loss;
    trace_reader_loss(&reader, &loss);
    uint64_t total = 0;
    for (int i = 0; i < TRACE_STREAM_COUNT; i++) {
        assert_int_equal(loss.missing[i], 0);
        total += loss.received[i] + loss.overwritten[i];
    }
    assert_true(loss.overwritten[TRACE_HOT] > 0);
    assert_int_equal(total, process.heap->seq);
    assert_int_equal(ring.phase, RING_RUNNING);
    trace_reader_close(&reader);
    unlink(path);
    sample_free_heap(process.heap);
}

/* SIGKILL at random moments: what was stored is readable, whole, and replays without contradiction.
 */
static void test_kill_leaves_whole_events(void **state)
{
    (void)state;
    char path[64];
    sample_path(path, sizeof(path), "kill");
    for (int round = 0; round < 40; round++) {
        struct trace_session session;
        struct sample_account account;
        struct read_error error = {0};
        struct sample_process process = {.heap = sample_shared_heap()};
        struct trace_options options = options_for(TRACE_POLICY_BLOCK, 64 << 10);
        process.heap->random = (uint64_t)round * 977;
        assert_int_equal(trace_session_prepare(&session, &options, &error), READ_OK);
        sample_process_start(&process, &session);
        pid_t killer = fork();
        if (killer == 0) {
            usleep((unsigned)(2000 + round * 937 % 30000));
            kill(process.pid, SIGKILL);
            _exit(0);
        }
        if (trace_session_record(&session, path, NULL, 0, &error) != READ_OK)
            fail_msg("%s", error.message);
        waitpid(killer, NULL, 0);
        waitpid(process.pid, NULL, 0);
        if (sample_account_read(&account, path, &error) != READ_OK)
            fail_msg("round %d: %s", round, error.message);
        assert_int_equal(replay_fault_total(&account.replay), 0);
        /* Counted before it is stored, and stored before the next is counted: one may be missing.
         */
        uint64_t emitted = 0, received = 0;
        for (unsigned kind = 1; kind <= TRACE_EVENT_gil_release; kind++) {
            assert_true(account.received[kind] <= process.heap->emitted[kind]);
            emitted += process.heap->emitted[kind];
            received += account.received[kind];
        }
        assert_true(emitted - received <= 1);
        if (process.heap->steps > 0)
            assert_true(account.last_seq + 300 >= process.heap->seq);
        sample_account_free(&account);
        sample_free_heap(process.heap);
    }
    unlink(path);
}

/* The same for a ring with a name, which nobody is attached to. */
static void test_kill_leaves_a_named_ring(void **state)
{
    (void)state;
    char path[96], trace[64];
    sample_path(trace, sizeof(trace), "recovered");
    for (int round = 0; round < 20; round++) {
        struct sample_account account;
        struct read_error error = {0};
        struct control_link link;
        struct sample_process process = {.heap = sample_shared_heap(),
                                         .classes = TRACE_CLASS_KNOWN,
                                         .policy = TRACE_POLICY_OVERWRITE};
        sample_process_start(&process, NULL);
        sample_process_ready(&process);
        while (process.heap->steps < 1000)
            usleep(500);
        assert_int_equal(control_link_open(&link, process.pid, &error), READ_OK);
        snprintf(path, sizeof(path), "/dev/shm/brille-%d-%llu", process.pid,
                 (unsigned long long)link.page->starttime);
        control_link_close(&link);
        usleep((unsigned)(round * 531 % 9000));
        sample_process_kill(&process);
        if (trace_recover(path, trace, &error) != READ_OK)
            fail_msg("%s", error.message);
        if (sample_account_read(&account, trace, &error) != READ_OK)
            fail_msg("%s", error.message);
        /* the last store is there: seq reaches the process's own last word on it */
        assert_true(account.last_seq + 300 >= process.heap->seq);
        for (int i = 0; i < TRACE_STREAM_COUNT; i++)
            assert_int_equal(account.loss.missing[i], 0);
        sample_account_free(&account);
        unlink(path);
        sample_free_heap(process.heap);
    }
    unlink(trace);
}

static void test_clean_exit_leaves_no_file(void **state)
{
    (void)state;
    char path[96];
    struct control_link link;
    struct sample_process process = {.heap = sample_shared_heap(),
                                     .classes = TRACE_CLASS_KNOWN,
                                     .policy = TRACE_POLICY_OVERWRITE};
    sample_process_start(&process, NULL);
    sample_process_ready(&process);
    while (process.heap->steps < 1000)
        usleep(500);
    assert_int_equal(control_link_open(&link, process.pid, NULL), READ_OK);
    snprintf(path, sizeof(path), "/dev/shm/brille-%d-%llu", process.pid,
             (unsigned long long)link.page->starttime);
    control_link_close(&link);
    assert_int_equal(access(path, F_OK), 0);
    __atomic_store_n(&process.heap->stop, 1, __ATOMIC_RELEASE);
    sample_process_wait(&process);
    assert_int_not_equal(access(path, F_OK), 0);
    sample_free_heap(process.heap);
}

int main(void)
{
    if (sample_is_silent)
        return 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_block_loses_nothing_from_birth),
        cmocka_unit_test(test_drop_counts_every_kind),
        cmocka_unit_test(test_block_falls_to_drop_when_reader_is_silent),
        cmocka_unit_test(test_block_outlives_a_stop_of_both),
        cmocka_unit_test(test_next_reader_gets_an_exact_baseline),
        cmocka_unit_test(test_overwrite_counts_exactly),
        cmocka_unit_test(test_kill_leaves_whole_events),
        cmocka_unit_test(test_kill_leaves_a_named_ring),
        cmocka_unit_test(test_clean_exit_leaves_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
