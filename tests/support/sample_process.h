/* A forked process that runs the sample heap, and the comparison of what was read with its truth.
 *
 * The heap lies in shared memory, so the parent knows the truth also after a kill. The child never
 * returns into the test framework: it ends by _exit.
 */
#ifndef BRILLE_TESTS_SUPPORT_SAMPLE_PROCESS_H
#define BRILLE_TESTS_SUPPORT_SAMPLE_PROCESS_H

#include "tests/support/sample_heap.h"
#include "tracer/read/reader.h"
#include "tracer/read/replay.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a build without tracing nothing is emitted, so there is nothing to compare. */
static const bool sample_is_silent =
#ifdef BRILLE_NO_TRACE
    true;
#else
    false;
#endif

struct sample_process {
    pid_t pid;
    struct sample_heap *heap; /* shared */
    uint64_t steps;           /* to make; 0 is until heap->stop */
    uint32_t classes;         /* with which it starts by itself; 0 is untraced */
    enum trace_policy policy;
    uint32_t pause_every; /* steps between short sleeps; 0 is never */
    bool linger;          /* ends with the ring open, as if killed, instead of trace_stop() */
};

static inline struct sample_heap *sample_shared_heap(void)
{
    struct sample_heap *heap =
        mmap(NULL, sizeof(*heap), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(heap != MAP_FAILED);
    sample_init(heap, 0, 1);
    return heap;
}

static struct sample_heap *sample_context_heap;

static inline void sample_context(struct trace_context *context)
{
    const struct sample_heap *heap = sample_context_heap;
    context->tid = heap->tid;
    context->depth = heap->depth;
    context->code = heap->depth ? TRACE_FRAME_CODE(heap->frames[heap->depth - 1]) : 0;
}

static inline void sample_process_main(const struct sample_process *process)
{
    struct sample_heap *heap = process->heap;
    char message[200];
    heap->tid = (uint32_t)getpid();
    sample_context_heap = heap;
    trace_set_context_hook(sample_context);
    if (!trace_init())
        _exit(10);
    if (process->classes &&
        !trace_start(process->classes, process->policy, NULL, message, sizeof(message)))
        _exit(11);
    if (trace_has_ring())
        sample_define();
    while (process->steps ? heap->steps < process->steps
                          : !__atomic_load_n(&heap->stop, __ATOMIC_ACQUIRE)) {
        sample_step(heap);
        heap->seq = trace_next_seq();
        if (process->pause_every && heap->steps % process->pause_every == 0)
            usleep(50);
    }
    if (!process->linger)
        trace_stop();
    _exit(0);
}

/* Starts it. With `session`, as `brille run` does: prepared, traced from the first event. */
static inline void sample_process_start(struct sample_process *process,
                                        struct trace_session *session)
{
    fflush(NULL);
    process->pid = fork();
    assert_true(process->pid >= 0);
    if (process->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (session && !trace_session_child_setup(session))
            _exit(12);
        sample_process_main(process);
    }
    if (session)
        trace_session_adopt(session, process->pid);
}

static inline void sample_process_wait(struct sample_process *process)
{
    int status = 0;
    assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static inline void sample_process_kill(struct sample_process *process)
{
    kill(process->pid, SIGKILL);
    waitpid(process->pid, NULL, 0);
}

static inline void sample_free_heap(struct sample_heap *heap)
{
    munmap(heap, sizeof(*heap));
}

/* Waits until the process has a control page to attach to. */
static inline void sample_process_ready(const struct sample_process *process)
{
    struct control_link link;
    for (int i = 0; i < 5000; i++) {
        if (control_link_open(&link, process->pid, NULL) == READ_OK) {
            control_link_close(&link);
            return;
        }
        usleep(1000);
    }
    fail_msg("process %d has no control page", process->pid);
}

/* What a reader saw, by event id, and the heap that it replayed. */
struct sample_account {
    uint64_t received[TRACE_EVENT_COUNT];
    uint64_t dropped[TRACE_EVENT_COUNT]; /* from the writer's counters */
    struct replay replay;
    uint64_t last_seq;
    uint64_t last_ns;
    struct trace_loss loss;
    bool cut_short;
};

static inline void sample_account_dropped(struct sample_account *account,
                                          const struct ring_state *state)
{
    for (unsigned wire = 0; wire < 16; wire++) {
        account->dropped[trace_event_of_wire(TRACE_HOT, wire)] += state->dropped_hot[wire];
        account->dropped[trace_event_of_wire(TRACE_COLD, wire)] += state->dropped_cold[wire];
    }
    for (unsigned wire = 0; wire < TRACE_EVENT_COUNT; wire++)
        account->dropped[trace_event_of_wire(TRACE_RARE, wire)] += state->dropped_rare[wire];
}

/* Reads a trace or ring to its end. Checks that seq and time only go forward. */
static inline enum read_status sample_account_read(struct sample_account *account, const char *path,
                                                   struct read_error *error)
{
    struct trace_reader reader;
    struct trace_event event;
    *account = (struct sample_account){0};
    replay_init(&account->replay);
    enum read_status status = trace_reader_open(&reader, path, error);
    if (status != READ_OK)
        return status;
    bool first = true;
    while ((status = trace_reader_next(&reader, &event, error)) == READ_OK) {
        account->received[event.kind]++;
        bool outside =
            event.kind == TRACE_EVENT_gil_wait || event.kind == TRACE_EVENT_gil_request ||
            (event.kind >= TRACE_EVENT_type_define && event.kind <= TRACE_EVENT_thread_define);
        if (!first && !outside)
            assert_true(event.seq > account->last_seq);
        if (!outside) {
            account->last_seq = event.seq;
            first = false;
        }
        assert_true(event.time_ns >= account->last_ns);
        account->last_ns = event.time_ns;
        replay_feed(&account->replay, &event);
    }
    trace_reader_loss(&reader, &account->loss);
    account->cut_short = reader.cut_short;
    sample_account_dropped(account, &reader.state);
    trace_reader_close(&reader);
    return status == READ_END ? READ_OK : status;
}

static inline void sample_account_free(struct sample_account *account)
{
    replay_deinit(&account->replay);
}

/* The replayed heap is the true heap: same objects, types, sizes, refcounts, generations. */
static inline void sample_compare(const struct sample_heap *heap, struct replay *replay,
                                  bool refcounts)
{
    assert_true(replay_is_exact(replay));
    if (replay_fault_total(replay) != 0)
        fail_msg("%s at seq %llu", replay_fault_name(replay->first_fault),
                 (unsigned long long)replay->first_fault_event.seq);
    assert_int_equal(replay->shadow.count, sample_count(heap));
    for (uint32_t i = 0; i < SAMPLE_OBJECTS; i++) {
        const struct sample_object *truth = &heap->objects[i];
        const struct shadow_object *object = shadow_find(&replay->shadow, sample_address(i));
        assert_int_equal(object != NULL, truth->refcount != 0);
        if (!object)
            continue;
        assert_int_equal(object->type, truth->type);
        assert_int_equal(object->size, truth->size);
        assert_int_equal(shadow_generation(object), truth->generation);
        if (refcounts)
            assert_int_equal(object->refcount, truth->refcount);
    }
}

/* received + dropped == emitted, for every kind that the sample heap counts. */
static inline void sample_compare_counts(const struct sample_heap *heap,
                                         const struct sample_account *account)
{
    for (unsigned kind = 1; kind <= TRACE_EVENT_gil_release; kind++) {
        uint64_t accounted = account->received[kind] + account->dropped[kind];
        if (accounted != heap->emitted[kind])
            fail_msg("%s: %llu received + %llu dropped, %llu emitted", trace_event_name(kind),
                     (unsigned long long)account->received[kind],
                     (unsigned long long)account->dropped[kind],
                     (unsigned long long)heap->emitted[kind]);
    }
}

/* A name for a file of this test, removed by the caller. */
static inline void sample_path(char *path, size_t bytes, const char *name)
{
    snprintf(path, bytes, "/tmp/brille-test-%d-%s", (int)getpid(), name);
}

#endif
