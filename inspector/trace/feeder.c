// See feeder.h.
#include "inspector/trace/feeder.h"

#include "inspector/base/clock.h"
#include "inspector/trace/trace_error.h"
#include "tracer/read/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    IDLE_US = 2000,
    PIPE_BYTES = 1 << 20,
};

// Written by the feeder, read by its starter: the first half before a byte comes through `ready`,
// the second when the feeder has ended.
struct feeder_shared {
    enum read_status status;
    struct read_error error;
    struct feeder_result result;
};

// ---- in the feeder ----

static volatile sig_atomic_t told;

static void on_signal(int number)
{
    (void)number;
    told = 1;
}

static void take_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    const struct sigaction tell = {.sa_handler = on_signal};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &tell, NULL);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static void pump_all(struct trace_session *session, uint64_t for_ns, int fd,
                     struct feeder_shared *shared)
{
    struct feed_writer writer;
    struct read_error error;
    const uint64_t begun = clock_now_ns();
    enum read_status status = feed_writer_init(&writer, fd) ? READ_OK : READ_NO_MEMORY;
    while (status == READ_OK && !told && !session->ended &&
           !(for_ns && clock_now_ns() - begun >= for_ns)) {
        const uint64_t before = session->delivered;
        status = feed_pump(&writer, session, &error);
        if (session->delivered == before)
            usleep(IDLE_US);
    }
    if (status == READ_OK)
        feed_finish(&writer, session, &error);
    else
        trace_session_detach(session, NULL);
    shared->result.received_bytes = session->delivered;
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        shared->result.dropped_units += session->state.streams[i].dropped;
    feed_writer_deinit(&writer);
}

static _Noreturn void be_feeder(pid_t target, const struct recording_options *options,
                                pid_t starter, int ready, int fd, struct feeder_shared *shared)
{
    struct trace_session session;
    const struct trace_options settings = {
        .classes = options->classes, .policy = TRACE_POLICY_DROP, .no_baseline = true};
    take_signals();
    if (getppid() != starter)
        _exit(1);
    shared->status = trace_session_attach(&session, target, &settings, &shared->error);
    if (write(ready, "", 1) != 1)
        told = 1;
    close(ready);
    if (shared->status != READ_OK && shared->status != READ_TIMEOUT)
        _exit(1);
    pump_all(&session, options->for_ns, fd, shared);
    _exit(0);
}

// ---- in its starter ----

static struct error *start(pid_t target, const struct recording_options *options,
                           struct feeder *feeder, int ready[2], int events[2])
{
    char byte;
    const pid_t starter = getpid();
    feeder->pid = fork();
    if (feeder->pid < 0) {
        feeder->pid = 0;
        return error_create_errno(errno, "cannot start a process that reads events");
    }
    if (feeder->pid == 0) {
        close(ready[0]);
        close(events[0]);
        be_feeder(target, options, starter, ready[1], events[1], feeder->shared);
    }
    close(ready[1]);
    close(events[1]);
    ready[1] = events[1] = -1;
    fcntl(events[0], F_SETPIPE_SZ, PIPE_BYTES);
    ssize_t got;
    while ((got = read(ready[0], &byte, 1)) < 0 && errno == EINTR)
        ;
    if (got != 1)
        return error_create(ERROR_IO, "the process that reads events ended unexpectedly");
    const struct feeder_shared *shared = feeder->shared;
    return shared->status == READ_TIMEOUT
               ? NULL
               : trace_error_of_process(shared->status, &shared->error, target, options->verb);
}

struct error *feeder_start(pid_t target, const struct recording_options *options,
                           struct feeder *ret, bool *late)
{
    int ready[2] = {-1, -1}, events[2] = {-1, -1};
    struct feeder feeder = {.fd = -1};
    struct error *err = NULL;
    feeder.shared = mmap(NULL, sizeof *feeder.shared, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (feeder.shared == MAP_FAILED) {
        feeder.shared = NULL;
        return &error_no_memory;
    }
    if (pipe2(ready, O_CLOEXEC) != 0 || pipe2(events, O_CLOEXEC) != 0)
        err = error_create_errno(errno, "cannot make a pipe");
    else
        err = start(target, options, &feeder, ready, events);
    const int mine[] = {ready[0], ready[1], events[1]};
    for (size_t i = 0; i < sizeof mine / sizeof *mine; i++)
        if (mine[i] >= 0)
            close(mine[i]);
    feeder.fd = events[0];
    if (err) {
        feeder_end(&feeder, NULL);
        return err;
    }
    *late = feeder.shared->status == READ_TIMEOUT;
    *ret = feeder;
    return NULL;
}

void feeder_tell(const struct feeder *feeder)
{
    if (feeder->pid > 0)
        kill(feeder->pid, SIGTERM);
}

void feeder_end(struct feeder *feeder, struct feeder_result *result)
{
    if (feeder->fd >= 0)
        close(feeder->fd);
    feeder_tell(feeder);
    while (feeder->pid > 0 && waitpid(feeder->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (result && feeder->shared)
        *result = feeder->shared->result;
    if (feeder->shared)
        munmap(feeder->shared, sizeof *feeder->shared);
    *feeder = (struct feeder){.fd = -1};
}
