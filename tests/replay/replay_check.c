/* Runs a program in the interpreter, traced from its first object on, and holds the stream against
 * the heap: again and again it asks the running process for a baseline (every mortal object with
 * its type, size, count and generation), and the replay compares each with what the events so far
 * have built. Prints what differs; the exit status is 0 when nothing does.
 *
 *     replay_check [--late] [--every MS] BRILLE_PYTHON ARGS...
 *
 * --late attaches after 100 ms instead, so the first baseline is adopted and the later ones are
 * compared with it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tracer/read/reader.h"
#include "tracer/read/replay.h"
#include "tracer/read/session.h"

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static pid_t start(char **argv, const struct trace_session *session)
{
    const pid_t pid = fork();
    if (pid == 0) {
        if (session && !trace_session_child_setup(session))
            _exit(126);
        execv(argv[0], argv);
        fprintf(stderr, "replay_check: %s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    return pid;
}

static void show_faults(const struct replay *replay, const struct trace_reader *reader)
{
    for (int i = 0; i < REPLAY_FAULT_COUNT; i++)
        if (replay->faults[i])
            printf("  %-24s %" PRIu64 "\n", replay_fault_name((enum replay_fault)i),
                   replay->faults[i]);
    if (!replay->faulty)
        return;
    const struct trace_event *e = &replay->first_fault_event;
    const struct definition *type = trace_reader_type(reader, e->type);
    struct trace_location where;
    trace_reader_where(reader, e, &where);
    printf("  first: %s at seq %" PRIu64 ", event %s, object %#" PRIx64
           ", type %s, refcount %u, size %" PRIu64 ", generation %d, in %s %s:%u\n",
           replay_fault_name(replay->first_fault), e->seq, trace_event_name(e->kind), e->address,
           type ? type->name : "?", e->refcount, e->size, e->generation, where.function, where.file,
           where.line);
}

/* BRILLE_WATCH_ADDRESS=0x...: prints every event of one object. */
static void watch(const struct trace_event *e, const struct trace_reader *reader)
{
    static uint64_t watched = UINT64_MAX;
    if (watched == UINT64_MAX) {
        const char *text = getenv("BRILLE_WATCH_ADDRESS");
        watched = text ? strtoull(text, NULL, 0) : 0;
    }
    if (!watched || e->address != watched)
        return;
    struct trace_location where;
    trace_reader_where(reader, e, &where);
    const struct definition *type = trace_reader_type(reader, e->type);
    printf("  seq %" PRIu64 " %s type %s refcount %u size %" PRIu64 " generation %d in %s:%u\n",
           e->seq, trace_event_name(e->kind), type ? type->name : "", e->refcount, e->size,
           e->generation, where.function, where.line);
}

/* The first differences between a baseline and what the events have built, in words. */
static void compare(const struct trace_event *e, struct replay *replay,
                    const struct trace_reader *reader)
{
    static unsigned printed;
    if (e->kind != TRACE_EVENT_snapshot || replay->phase != REPLAY_COMPARING || printed >= 12)
        return;
    const struct shadow_object *o = shadow_find(&replay->shadow, e->address);
    if (o && o->type == e->type && o->size == e->size && o->refcount == e->refcount &&
        shadow_generation(o) == e->generation)
        return;
    printed++;
    const struct definition *type = trace_reader_type(reader, e->type);
    const struct definition *known = o ? trace_reader_type(reader, o->type) : NULL;
    printf("  %#" PRIx64 ": heap says %s, size %" PRIu64 ", refcount %u, generation %d", e->address,
           type ? type->name : "?", e->size, e->refcount, e->generation);
    if (o)
        printf("; events say %s, %" PRIu64 ", %u, %d\n", known ? known->name : "?", o->size,
               o->refcount, shadow_generation(o));
    else
        printf("; events know no such object\n");
}

static bool request_answered(const struct trace_session *session)
{
    return __atomic_load_n(&session->link.page->ack.seq, __ATOMIC_ACQUIRE) == session->request.seq;
}

int main(int argc, char **argv)
{
    bool late = false;
    uint64_t every = 50;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--late") == 0)
            late = true;
        else if (strcmp(argv[i], "--every") == 0 && i + 1 < argc)
            every = strtoull(argv[++i], NULL, 10);
    }
    if (i >= argc) {
        fprintf(stderr, "usage: replay_check [--late] [--every MS] BRILLE_PYTHON ARGS...\n");
        return 2;
    }
    struct trace_session session;
    struct trace_options options = {.classes = TRACE_CLASS_KNOWN, .policy = TRACE_POLICY_BLOCK};
    struct read_error error = {0};
    pid_t pid;
    if (late) {
        pid = start(argv + i, NULL);
        enum read_status attached = READ_NOT_TARGET;
        for (int turn = 0; turn < 100 && attached == READ_NOT_TARGET; turn++) { /* still starting */
            usleep(100000);
            attached = trace_session_attach(&session, pid, &options, &error);
        }
        if (attached != READ_OK) {
            fprintf(stderr, "replay_check: cannot attach: %s\n", error.message);
            return 3;
        }
    } else {
        if (trace_session_prepare(&session, &options, &error) != READ_OK) {
            fprintf(stderr, "replay_check: cannot prepare: %s\n", error.message);
            return 3;
        }
        pid = start(argv + i, &session);
        trace_session_adopt(&session, pid);
    }

    struct trace_reader reader;
    struct replay replay;
    struct trace_event event;
    unsigned baselines = 0;
    trace_reader_open_live(&reader, &session);
    replay_init(&replay);
    uint64_t asked = now_ms();
    for (;;) {
        if (every && now_ms() - asked >= every && request_answered(&session)) {
            session.request = (struct control_request){.classes = TRACE_CLASS_KNOWN,
                                                       .flags = CONTROL_WANT_BASELINE};
            control_link_ask(&session.link, &session.request);
            asked = now_ms();
        }
        const enum read_status status = trace_reader_next(&reader, &event, &error);
        if (status == READ_AGAIN) {
            usleep(200);
            continue;
        }
        if (status != READ_OK) {
            if (status != READ_END)
                printf("  reading ended: %s\n", error.message);
            break;
        }
        watch(&event, &reader);
        compare(&event, &replay, &reader);
        if (event.kind == TRACE_EVENT_meta && event.meta.what == TRACE_META_BASELINE_END)
            baselines++;
        replay_feed(&replay, &event);
    }
    int wait_status = 0;
    trace_session_detach(&session, NULL);
    waitpid(pid, &wait_status, 0);
    const uint64_t faults = replay_fault_total(&replay);
    printf("%" PRIu64 " events, %u baselines, %" PRIu64 " faults, %s\n", replay.events, baselines,
           faults, replay_is_exact(&replay) ? "exact" : "not exact");
    show_faults(&replay, &reader);
    const bool good = faults == 0 && replay_is_exact(&replay) && replay.gaps == 0;
    replay_deinit(&replay);
    trace_reader_close(&reader);
    if (WIFSIGNALED(wait_status))
        printf("the program died of signal %d\n", WTERMSIG(wait_status));
    return good && WIFEXITED(wait_status) ? 0 : 1;
}
