/* The control page: attaching to a running process, switching it, forks, parking, trust. */
#include "tests/support/sample_process.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

static const struct trace_options small = {
    .classes = TRACE_CLASS_KNOWN,
    .policy = TRACE_POLICY_BLOCK,
    .sizes = {1 << 20, 1 << 20, 1 << 20, 1 << 20},
};

static void start(struct sample_process *process)
{
    *process = (struct sample_process){.heap = sample_shared_heap(), .pause_every = 2000};
    sample_process_start(process, NULL);
    sample_process_ready(process);
}

static void finish(struct sample_process *process)
{
    __atomic_store_n(&process->heap->stop, 1, __ATOMIC_RELEASE);
    sample_process_wait(process);
    sample_free_heap(process->heap);
}

static void test_untraced_process_has_a_page_and_no_ring(void **state)
{
    (void)state;
    struct sample_process process;
    struct control_link link;
    char path[96];
    start(&process);
    assert_int_equal(control_link_open(&link, process.pid, NULL), READ_OK);
    assert_int_equal(link.page->ring_kind, CONTROL_RING_NONE);
    assert_int_equal(link.page->classes, 0);
    snprintf(path, sizeof(path), "/dev/shm/brille-%d-%llu", process.pid,
             (unsigned long long)link.page->starttime);
    assert_int_not_equal(access(path, F_OK), 0);
    control_link_close(&link);
    finish(&process);
}

/* Attach, record, detach, five times over: each trace replays exactly, and nothing stays behind. */
static void test_attach_and_detach_repeatedly(void **state)
{
    (void)state;
    struct sample_process process;
    char path[64];
    sample_path(path, sizeof(path), "again");
    start(&process);
    for (int i = 0; i < 5; i++) {
        struct trace_session session;
        struct sample_account account;
        struct read_error error = {0};
        if (trace_session_attach(&session, process.pid, &small, &error) != READ_OK)
            fail_msg("%s", error.message);
        if (trace_session_record(&session, path, NULL, 100, &error) != READ_OK)
            fail_msg("%s", error.message);
        if (sample_account_read(&account, path, &error) != READ_OK)
            fail_msg("%s", error.message);
        assert_true(replay_is_exact(&account.replay));
        assert_int_equal(replay_fault_total(&account.replay), 0);
        assert_int_equal(account.loss.dropped[TRACE_HOT], 0);
        assert_true(account.received[TRACE_EVENT_decref] > 0);
        assert_int_equal(account.received[TRACE_EVENT_stack], 1);
        sample_account_free(&account);
    }
    struct control_link link;
    assert_int_equal(control_link_open(&link, process.pid, NULL), READ_OK);
    assert_int_equal(link.page->ring_kind, CONTROL_RING_NONE);
    assert_int_equal(link.page->classes, 0);
    assert_int_equal(link.page->reader.claim, 0);
    control_link_close(&link);
    finish(&process);
    unlink(path);
}

/* Live: classes change in a running stream, and the change lies where the answer says. */
static void test_mask_change_is_exact(void **state)
{
    (void)state;
    struct sample_process process;
    struct trace_session session;
    struct trace_reader reader;
    struct trace_event event;
    struct read_error error = {0};
    start(&process);
    if (trace_session_attach(&session, process.pid, &small, &error) != READ_OK)
        fail_msg("%s", error.message);
    trace_reader_open_live(&reader, &session);
    uint64_t seen = 0, change_seq = 0, after = 0;
    bool asked = false;
    for (int idle = 0; idle < 2000 && after < 2000;) {
        enum read_status status = trace_reader_next(&reader, &event, &error);
        if (status == READ_AGAIN) {
            usleep(200);
            idle++;
            continue;
        }
        if (status != READ_OK)
            fail_msg("%s", error.message);
        idle = 0;
        if (event.kind == TRACE_EVENT_meta && event.meta.what == TRACE_META_CLASSES &&
            event.meta.new_value == TRACE_CLASS_ALLOC)
            change_seq = event.seq;
        if (change_seq) {
            after++;
            assert_int_not_equal(event.kind, TRACE_EVENT_incref);
            assert_int_not_equal(event.kind, TRACE_EVENT_decref);
            assert_int_not_equal(event.kind, TRACE_EVENT_gil_acquire);
        }
        if (++seen > 20000 && !asked) {
            asked = true;
            if (trace_session_set(&session, TRACE_CLASS_ALLOC, 0, 0, &reader.queue.sink, &error) !=
                READ_OK)
                fail_msg("%s", error.message);
        }
    }
    assert_true(after >= 2000);
    const uint64_t *position = session.ack.position;
    assert_int_equal(position[0] + position[1] + position[2], change_seq);
    trace_reader_close(&reader);
    trace_session_detach(&session, NULL);
    finish(&process);
}

/* Baselines asked for while the stream runs: what replay has made of the events is what they say.
 */
static void test_later_baselines_agree_with_replay(void **state)
{
    (void)state;
    struct sample_process process;
    struct trace_session session;
    struct trace_reader reader;
    struct trace_event event;
    struct replay replay;
    struct read_error error = {0};
    uint64_t events = 0, baselines = 0;
    start(&process);
    replay_init(&replay);
    if (trace_session_attach(&session, process.pid, &small, &error) != READ_OK)
        fail_msg("%s", error.message);
    trace_reader_open_live(&reader, &session);
    for (int idle = 0; idle < 5000 && baselines < 6;) {
        enum read_status status = trace_reader_next(&reader, &event, &error);
        if (status == READ_AGAIN) {
            usleep(200);
            idle++;
            continue;
        }
        if (status != READ_OK)
            fail_msg("%s", error.message);
        replay_feed(&replay, &event);
        baselines += event.kind == TRACE_EVENT_meta && event.meta.what == TRACE_META_BASELINE_END;
        if (++events % 20000 == 0 &&
            trace_session_set(&session, TRACE_CLASS_KNOWN, 0, CONTROL_WANT_BASELINE,
                              &reader.queue.sink, &error) != READ_OK)
            fail_msg("%s", error.message);
    }
    assert_true(baselines >= 6);
    assert_true(replay_is_exact(&replay));
    assert_int_equal(replay.gaps, 0);
    assert_int_equal(replay_fault_total(&replay), 0);
    replay_deinit(&replay);
    trace_reader_close(&reader);
    trace_session_detach(&session, NULL);
    finish(&process);
}

/* A flight recorder is running; a reader comes and goes; the recorder resumes, and both are
 * readable. */
static void test_flight_recorder_resumes_after_a_reader(void **state)
{
    (void)state;
    struct sample_process process = {.heap = sample_shared_heap(),
                                     .pause_every = 2000,
                                     .classes = TRACE_CLASS_ALLOC | TRACE_CLASS_GC,
                                     .policy = TRACE_POLICY_OVERWRITE};
    struct trace_session session;
    struct sample_account account;
    struct control_link link;
    struct read_error error = {0};
    char path[64], ring[96];
    sample_path(path, sizeof(path), "flight");
    sample_process_start(&process, NULL);
    sample_process_ready(&process);
    while (process.heap->steps < 5000)
        usleep(500);
    if (trace_session_attach(&session, process.pid, &small, &error) != READ_OK)
        fail_msg("%s", error.message);
    if (trace_session_record(&session, path, NULL, 100, &error) != READ_OK)
        fail_msg("%s", error.message);
    assert_int_equal(sample_account_read(&account, path, &error), READ_OK);
    assert_true(replay_is_exact(&account.replay));
    assert_int_equal(replay_fault_total(&account.replay), 0);
    sample_account_free(&account);
    assert_int_equal(control_link_open(&link, process.pid, NULL), READ_OK);
    assert_int_equal(link.page->ring_kind, CONTROL_RING_OWN);
    assert_int_equal(link.page->classes, TRACE_CLASS_ALLOC | TRACE_CLASS_GC);
    snprintf(ring, sizeof(ring), "/dev/shm/brille-%d-%llu", process.pid,
             (unsigned long long)link.page->starttime);
    control_link_close(&link);
    uint64_t steps = process.heap->steps;
    while (process.heap->steps < steps + 10000)
        usleep(500);
    sample_process_kill(&process);
    if (trace_recover(ring, path, &error) != READ_OK)
        fail_msg("%s", error.message);
    if (sample_account_read(&account, path, &error) != READ_OK)
        fail_msg("%s", error.message);
    assert_true(account.received[TRACE_EVENT_alloc] > 0);
    assert_true(account.last_seq + 300 >= process.heap->seq);
    sample_account_free(&account);
    unlink(ring);
    unlink(path);
    sample_free_heap(process.heap);
}

/* Little room in /dev/shm: smaller rings and one line. Needs a mount namespace; skipped without. */
static void test_little_room_makes_smaller_rings(void **state)
{
    (void)state;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        char message[200];
        if ((unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
            mount("none", "/dev/shm", "tmpfs", 0, "size=3m") != 0)
            _exit(77);
        const struct trace_sizes sizes = {2 << 20, 1 << 20, 256 << 10, 4 << 20};
        if (!trace_init() || !trace_start(TRACE_CLASS_KNOWN, TRACE_POLICY_OVERWRITE, &sizes,
                                          message, sizeof(message)))
            _exit(1);
        for (int i = 0; i < 1000000; i++)
            trace_incref(0x1000, 1);
        _exit(strstr(message, "too little room in /dev/shm") && !strchr(message, '\n') ? 0 : 2);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_second_reader_is_refused_and_dead_one_replaced(void **state)
{
    (void)state;
    struct sample_process process;
    struct control_link first, second;
    struct read_error error = {0};
    start(&process);
    assert_int_equal(control_link_open(&first, process.pid, NULL), READ_OK);
    pid_t other = fork();
    if (other == 0) {
        struct control_link link;
        bool held = control_link_open(&link, process.pid, NULL) == READ_OK &&
                    control_link_claim(&link, NULL) == READ_OK;
        if (!held)
            _exit(1);
        for (;;)
            pause();
    }
    for (int i = 0; i < 2000 && first.page->reader.claim == 0; i++)
        usleep(1000);
    assert_int_equal(control_link_open(&second, process.pid, NULL), READ_OK);
    assert_int_equal(control_link_claim(&second, &error), READ_BUSY);
    assert_non_null(strstr(error.message, "is being recorded by process"));
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
    assert_int_equal(control_link_claim(&second, &error), READ_OK);
    control_link_close(&second);
    assert_int_equal(first.page->reader.claim, 0);
    control_link_close(&first);
    finish(&process);
}

static void test_forked_child_has_its_own_page_and_no_ring(void **state)
{
    (void)state;
    fflush(NULL);
    pid_t parent = fork();
    if (parent == 0) {
        char message[200];
        if (!trace_init() ||
            !trace_start(TRACE_CLASS_KNOWN, TRACE_POLICY_OVERWRITE, NULL, message, sizeof(message)))
            _exit(1);
        uint32_t generation = trace_ring_generation;
        uint64_t before = trace_control.emitted[0], pid = trace_control.pid;
        ino_t inode = trace_control.ring_inode;
        pid_t child = fork();
        if (child == 0) {
            for (int i = 0; i < 100000; i++)
                trace_incref(0x1000, 1); /* stray: goes to scratch */
            bool good = trace_control.pid == (uint64_t)getpid() && trace_control.classes == 0 &&
                        !trace_has_ring() && trace_ring_generation != generation &&
                        trace_control.reader.claim == 0;
            /* and it can be traced by itself */
            good = good && trace_start(TRACE_CLASS_KNOWN, TRACE_POLICY_OVERWRITE, NULL, message,
                                       sizeof(message));
            trace_stop();
            _exit(good ? 0 : 2);
        }
        int status;
        waitpid(child, &status, 0);
        bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0 && trace_control.pid == pid &&
                    trace_control.emitted[0] == before && trace_control.ring_inode == inode &&
                    trace_has_ring();
        trace_stop();
        _exit(good ? 0 : 3);
    }
    int status;
    waitpid(parent, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static uint64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void test_parking_holds_and_lets_go(void **state)
{
    (void)state;
    struct sample_process process;
    struct control_link link;
    start(&process);
    assert_int_equal(control_link_open(&link, process.pid, NULL), READ_OK);
    assert_true(control_link_park(&link, 7, 1000));
    uint64_t steps = process.heap->steps;
    bool in_time = true; /* on a crowded machine we may be the ones who are late to re-arm */
    for (int i = 0; i < 20 && in_time; i++) { /* 200 ms: longer than one grant */
        uint64_t before = milliseconds();
        usleep(10000);
        control_link_rearm(&link);
        in_time = milliseconds() - before < CONTROL_PARK_MS - 10;
        if (in_time)
            assert_int_equal(process.heap->steps, steps);
    }
    control_link_unpark(&link);
    usleep(100000);
    assert_true(process.heap->steps > steps);
    /* A dead inspector: nobody re-arms, it goes on by itself. */
    assert_true(control_link_park(&link, 8, 1000));
    steps = process.heap->steps;
    usleep(300000);
    assert_true(process.heap->steps > steps);
    assert_int_equal(link.page->park.acknowledged, 0);
    control_link_unpark(&link);
    control_link_close(&link);
    finish(&process);
}

/* Whatever is written into the page: the process goes on. */
static void test_hostile_page_does_no_harm(void **state)
{
    (void)state;
    struct sample_process process;
    struct control_link link;
    struct read_error error = {0};
    start(&process);
    assert_int_equal(control_link_open(&link, process.pid, NULL), READ_OK);
    uint64_t random = 5;
    for (int round = 0; round < 300; round++) {
        char *bytes = (char *)&link.page->reader;
        size_t length =
            offsetof(struct trace_control, ack) - offsetof(struct trace_control, reader);
        for (size_t i = 0; i < length; i++) {
            random = random * 6364136223846793005u + 1;
            bytes[i] = (char)(random >> 40);
        }
        __atomic_fetch_or(&link.page->eval_breaker, 0xfffffff0u, __ATOMIC_SEQ_CST);
        usleep(300);
    }
    memset(&link.page->reader, 0, sizeof(link.page->reader));
    __atomic_store_n(&link.page->eval_breaker, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&link.page->request.seq, link.page->ack.seq, __ATOMIC_SEQ_CST);
    uint64_t steps = process.heap->steps;
    usleep(200000);
    assert_true(process.heap->steps > steps);
    control_link_close(&link);
    /* and it can still be traced */
    struct trace_session session;
    if (trace_session_attach(&session, process.pid, &small, &error) != READ_OK)
        fail_msg("%s", error.message);
    trace_session_detach(&session, NULL);
    finish(&process);
}

/* A ring that could be cut under the target is refused, as is one that is not a ring. */
static void refuse(struct sample_process *process, int fd, enum control_ack_status expected)
{
    struct control_link link;
    struct control_ack ack;
    struct read_error error = {0};
    assert_int_equal(control_link_open(&link, process->pid, NULL), READ_OK);
    assert_int_equal(control_link_claim(&link, NULL), READ_OK);
    struct control_request request = {.classes = TRACE_CLASS_KNOWN,
                                      .policy = TRACE_POLICY_DROP,
                                      .flags = CONTROL_RING_FD,
                                      .ring_pid = getpid(),
                                      .ring_fd = fd};
    control_link_ask(&link, &request);
    assert_int_equal(control_link_wait(&link, &request, 2000, &ack, &error), READ_REFUSED);
    assert_int_equal(ack.status, expected);
    assert_int_equal(link.page->classes, 0);
    control_link_close(&link);
}

static void test_bad_rings_are_refused(void **state)
{
    (void)state;
    struct sample_process process;
    struct ring_header header;
    start(&process);
    int fd = memfd_create("brille-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ring_create(fd, &small.sizes, NULL), READ_OK);
    refuse(&process, fd, CONTROL_ACK_NOT_YOURS); /* not sealed */
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
    struct ring_header bad = header;
    bad.abi_major++;
    assert_int_equal(pwrite(fd, &bad, sizeof(bad), 0), sizeof(bad));
    refuse(&process, fd, CONTROL_ACK_OTHER_ABI);
    bad = header;
    bad.features_required = 1ull << 40;
    assert_int_equal(pwrite(fd, &bad, sizeof(bad), 0), sizeof(bad));
    refuse(&process, fd, CONTROL_ACK_OTHER_ABI);
    bad = header;
    bad.streams[0].bytes *= 16;
    assert_int_equal(pwrite(fd, &bad, sizeof(bad), 0), sizeof(bad));
    refuse(&process, fd, CONTROL_ACK_BAD_RING);
    close(fd);
    refuse(&process, 9999, CONTROL_ACK_NO_OPEN);
    finish(&process);
}

static void test_named_ring_is_taken(void **state)
{
    (void)state;
    struct sample_process process;
    struct control_link link;
    struct control_ack ack;
    struct read_error error = {0};
    char path[96];
    start(&process);
    assert_int_equal(control_link_open(&link, process.pid, NULL), READ_OK);
    assert_int_equal(control_link_claim(&link, NULL), READ_OK);
    snprintf(path, sizeof(path), "/dev/shm/brille-%d-%llu.ring5", process.pid,
             (unsigned long long)link.page->starttime);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ring_create(fd, &small.sizes, NULL), READ_OK);
    struct control_request request = {.classes = TRACE_CLASS_GC,
                                      .policy = TRACE_POLICY_DROP,
                                      .flags = CONTROL_RING_NAMED,
                                      .ring_fd = 5};
    control_link_ask(&link, &request);
    if (control_link_wait(&link, &request, 2000, &ack, &error) != READ_OK)
        fail_msg("%s", error.message);
    assert_int_equal(ack.classes, TRACE_CLASS_GC);
    request = (struct control_request){.flags = CONTROL_STOP};
    control_link_ask(&link, &request);
    assert_int_equal(control_link_wait(&link, &request, 2000, &ack, &error), READ_OK);
    assert_int_equal(link.page->ring_kind, CONTROL_RING_NONE);
    unlink(path);
    close(fd);
    control_link_close(&link);
    finish(&process);
}

static void test_what_is_no_target_says_so(void **state)
{
    (void)state;
    struct control_link link;
    struct read_error error = {0};
    assert_int_equal(control_link_open(&link, getpid(), &error), READ_NOT_TARGET);
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    assert_int_equal(control_link_open(&link, child, &error), READ_GONE);
}

int main(void)
{
    if (sample_is_silent)
        return 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_untraced_process_has_a_page_and_no_ring),
        cmocka_unit_test(test_attach_and_detach_repeatedly),
        cmocka_unit_test(test_mask_change_is_exact),
        cmocka_unit_test(test_later_baselines_agree_with_replay),
        cmocka_unit_test(test_flight_recorder_resumes_after_a_reader),
        cmocka_unit_test(test_little_room_makes_smaller_rings),
        cmocka_unit_test(test_second_reader_is_refused_and_dead_one_replaced),
        cmocka_unit_test(test_forked_child_has_its_own_page_and_no_ring),
        cmocka_unit_test(test_parking_holds_and_lets_go),
        cmocka_unit_test(test_hostile_page_does_no_harm),
        cmocka_unit_test(test_bad_rings_are_refused),
        cmocka_unit_test(test_named_ring_is_taken),
        cmocka_unit_test(test_what_is_no_target_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
