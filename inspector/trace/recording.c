// See recording.h.
//
// A program that is started here is in our process group and on our terminal. Ctrl-C reaches it
// from the terminal by itself; a signal that somebody sends to us alone is handed on. We go on
// until it has ended and the ring is empty, which is why its last event is always in the file.
#include "inspector/trace/recording.h"

#include "inspector/base/interrupt.h"
#include "inspector/trace/trace_error.h"
#include "tracer/read/session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct trace_options session_options(const struct recording_options *options)
{
    struct trace_options settings = {.classes = options->classes,
                                     .policy = (enum trace_policy)options->policy,
                                     .filter = options->filter,
                                     .baseline_ms =
                                         options->last_ns ? 0 : options->baseline_ns / 1000000,
                                     .bounds = {.max_bytes = options->max_bytes,
                                                .last_ms = (options->last_ns + 999999) / 1000000}};
    if (options->classes & (TRACE_CLASS_ALLOC | TRACE_CLASS_REFCOUNT))
        return settings;
    // Without objects in the stream nothing refers to a baseline, and the two rings that carry them
    // stay empty: making them small makes attaching quick.
    settings.no_baseline = true;
    settings.sizes = ring_reader_sizes();
    settings.sizes.hot_bytes = settings.sizes.cold_bytes = 64 << 10;
    return settings;
}

struct error *recording_attach(pid_t pid, const struct recording_options *options,
                               void (*on_late)(pid_t pid))
{
    struct trace_session session;
    struct read_error error;
    const struct trace_options settings = session_options(options);
    enum read_status status = trace_session_attach(&session, pid, &settings, &error);
    if (status == READ_TIMEOUT)
        on_late(pid);
    else if (status != READ_OK)
        return trace_error_of_process(status, &error, pid, options->verb);
    const uint64_t ms = (options->for_ns + 999999) / 1000000;
    status = trace_session_record(&session, options->path, &interrupt_flag, ms, &error);
    return trace_error_of_file(status, &error, options->path);
}

struct error *recording_check_bounds(const struct recording_options *options)
{
    if (options->max_bytes && options->max_bytes < TRACE_BYTES_LEAST)
        return error_add_try(error_create(ERROR_USAGE, "--max-size is too small for a trace"),
                             "--max-size 16MiB, or more");
    return NULL;
}

struct error *recording_recover(const char *ring, const char *path)
{
    struct read_error error;
    return trace_error_of_file(trace_recover(ring, path, &error), &error, ring);
}

// ---- a program of our own ----

static volatile pid_t child;

static const int HANDED_ON[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
enum { HANDED_ON_COUNT = sizeof HANDED_ON / sizeof *HANDED_ON };

// From the terminal a signal goes to the whole group: the program has it already.
static void hand_on(int number, siginfo_t *info, void *unused)
{
    (void)unused;
    if (info->si_code != SI_KERNEL && child > 0)
        kill(child, number);
}

static void hand_on_signals(struct sigaction *before)
{
    for (int i = 0; i < HANDED_ON_COUNT; i++) {
        struct sigaction action = {.sa_sigaction = hand_on, .sa_flags = SA_SIGINFO | SA_RESTART};
        sigemptyset(&action.sa_mask);
        sigaction(HANDED_ON[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            sigaction(HANDED_ON[i], &action, NULL);
    }
}

static void restore_signals(const struct sigaction *before)
{
    for (int i = 0; i < HANDED_ON_COUNT; i++)
        sigaction(HANDED_ON[i], &before[i], NULL);
}

// In the child: becomes the program, or tells the parent why not.
static void __attribute__((noreturn))
become(char **argv, const struct trace_session *session, const struct sigaction *before, int report)
{
    restore_signals(before);
    if (!session || trace_session_child_setup(session))
        execv(argv[0], argv);
    const int errnum = errno;
    if (write(report, &errnum, sizeof errnum) < 0)
        _exit(126);
    _exit(127);
}

static struct error *start(char **argv, const struct trace_session *session,
                           struct sigaction *before)
{
    int ends[2], errnum = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_create_errno(errno, "cannot start %s", argv[0]);
    hand_on_signals(before);
    const pid_t pid = fork();
    if (pid == 0)
        become(argv, session, before, ends[1]);
    child = pid;
    close(ends[1]);
    const ssize_t got = pid > 0 ? read(ends[0], &errnum, sizeof errnum) : -1;
    close(ends[0]);
    if (pid > 0 && got == 0)
        return NULL;
    if (pid < 0)
        errnum = errno;
    else
        waitpid(pid, NULL, 0);
    child = 0;
    restore_signals(before);
    return error_create_errno(errnum, "cannot start %s", argv[0]);
}

// The ring as it was handed over: whatever ran has not known what to do with it.
static struct error *check_taken(const struct trace_session *session, const char *program,
                                 const char *path)
{
    if (session->state.phase != RING_UNUSED)
        return NULL;
    unlink(path);
    return error_add_why(
        error_create(ERROR_UNSUPPORTED, "the program ran, but there are no events of it"),
        "%s does not take them: it is no brille-python of this version", program);
}

static void await(int *status)
{
    while (waitpid(child, status, 0) < 0 && errno == EINTR)
        ;
    child = 0;
}

struct error *recording_run(char **argv, const struct recording_options *options, int *status,
                            bool *started)
{
    struct trace_session session;
    struct read_error error;
    struct sigaction before[HANDED_ON_COUNT];
    const struct trace_options settings = session_options(options);
    const bool traced = options->classes != 0;
    *started = false;
    if (traced && trace_session_prepare(&session, &settings, &error) != READ_OK)
        return error_create(ERROR_IO, "cannot trace: %s", error.message);
    struct error *err = start(argv, traced ? &session : NULL, before);
    if (err) {
        if (traced)
            trace_session_detach(&session, NULL);
        return err;
    }
    *started = true;
    if (traced) {
        trace_session_adopt(&session, child);
        err = trace_error_of_file(trace_session_record(&session, options->path, NULL, 0, &error),
                                  &error, options->path);
        if (!err)
            err = check_taken(&session, argv[0], options->path);
    }
    await(status);
    restore_signals(before);
    return err;
}
