/* Replay equals capture: runs a program traced from its first object, has `brille dump` capture it
 * at random moments and once more at its end, and holds each capture against the heap that the
 * events up to its position have built: the same objects, the same type, size, generation and
 * refcount of each.
 *
 *     replay_captures [--threads N] [--captures N] [--seed N] BRILLE BRILLE_PYTHON PROGRAM
 *
 * The program runs twice. The first run counts its events; the second is captured when as many have
 * passed as the dice say. Two things must not wait for each other then: the program, which blocks
 * when the ring is full, and the dump, which waits until it stands at a safepoint. So while a dump
 * runs the ring is emptied into memory, and the events are replayed when it has told its position.
 *
 * If nothing happens for two minutes, it says what it was waiting for and where the threads of the
 * program, of the dump and its own stand, kills them and fails.
 *
 * A run in which events were dropped, because the machine left us no time to read them, is
 * repeated.
 *
 * at_exit.py holds the program at its end. One that ends otherwise (by a signal, say) has no
 * capture there, which is said. Exit status 0: nothing differs.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "inspector/model/heap_file.h"
#include "tracer/read/reader.h"
#include "tracer/read/replay.h"
#include "tracer/read/session.h"

enum {
    CAPTURES_MAX = 16,
    SHOWN_MAX = 8,   /* differences that are printed */
    LIMIT_S = 120,   /* without any progress, then we show where everybody stands */
    ENDLESS_S = 120, /* not made for company, a program may go on for ever: it is ended then */
    EVENTS_A_SIGN = 1 << 16,
    TRIES = 4,
};

enum verdict { EQUAL = 0, DIFFERS = 1, TOO_SLOW = 5 };

static struct {
    const char *brille, *vm, *program;
    unsigned threads, captures;
    uint64_t seed;
} options = {.threads = 1, .captures = 3, .seed = 1};

struct run {
    pid_t pid;
    int mark; /* readable when the program stands at its end */
    int go;   /* its standard input */
    struct trace_session session;
    struct trace_reader reader;
    struct replay replay;
    uint64_t events;
    time_t began;
    struct trace_event behind;
    bool has_behind;
    bool at_exit;
};

/* ---- nothing may hang --------------------------------------------------------------------------
 * Long programs take long: what is bounded is the time in which nothing happens. */

/* What is being waited for, should it never come. */
static const char *volatile waiting_for = "the program";
static volatile pid_t running, dumping;

static void sign_of_life(void)
{
    alarm(LIMIT_S);
}

/* Where the threads of a process stand, as the kernel and a debugger, if there is one, know it. We
 * are about to exit: what a handler must not call matters no longer. */
static void show_process(const char *who, pid_t pid)
{
    char command[400];
    snprintf(command, sizeof command,
             "exec >&2; echo '%s %d:'; cd /proc/%d/task && grep -H . */wchan */syscall; "
             "grep State */status; "
             "command -v gdb >/dev/null && timeout 30 gdb -p %d -batch "
             "-ex 'thread apply all bt 12' 2>/dev/null | grep '^#\\|^Thread'",
             who, (int)pid, (int)pid, (int)pid);
    if (pid > 0 && system(command) < 0)
        _exit(4);
}

static void on_alarm(int signal)
{
    (void)signal;
    fprintf(stderr, "replay_captures: %d s without a sign of %s\n", LIMIT_S, waiting_for);
    show_process("program", running);
    show_process("dump", dumping);
    show_process("replay_captures", getpid());
    if (running > 0)
        kill(running, SIGKILL);
    if (dumping > 0)
        kill(dumping, SIGKILL);
    _exit(4);
}

static void die(const char *what)
{
    fprintf(stderr, "replay_captures: %s\n", what);
    exit(3);
}

static uint64_t roll(void)
{
    options.seed = options.seed * 6364136223846793005u + 1442695040888963407u;
    return options.seed >> 33;
}

/* ---- the program ----------------------------------------------------------------------------- */

static void become_program(struct run *run, const int mark[2], const int go[2])
{
    char threads[16];
    snprintf(threads, sizeof threads, "%u", options.threads);
    const int nothing = open("/dev/null", O_RDWR);
    if (dup2(go[0], 0) < 0 || dup2(nothing, 1) < 0 || dup2(nothing, 2) < 0 ||
        dup2(mark[1], 3) < 0 || !trace_session_child_setup(&run->session))
        _exit(126);
    execl(options.vm, options.vm, AT_EXIT, threads, options.program, (char *)NULL);
    _exit(127);
}

static void run_begin(struct run *run)
{
    /* Small enough that the program cannot run far ahead of us, so that it is still there when the
     * dice say that it be captured. */
    const struct trace_options settings = {
        .classes = TRACE_CLASS_KNOWN,
        .policy = TRACE_POLICY_BLOCK,
        .sizes = {256 << 10, 256 << 10, 256 << 10, 16 << 20},
    };
    struct read_error error;
    int mark[2], go[2];
    *run = (struct run){.began = time(NULL)};
    if (pipe2(mark, O_CLOEXEC) != 0 || pipe2(go, O_CLOEXEC) != 0)
        die("no pipes");
    if (trace_session_prepare(&run->session, &settings, &error) != READ_OK)
        die(error.message);
    /* Descriptor 3 becomes the mark: nothing else that is handed on may lie there. */
    if (run->session.control_fd <= 3 || run->session.ring_fd <= 3)
        die("descriptors 0 to 3 must be open");
    run->pid = running = fork();
    if (run->pid == 0)
        become_program(run, mark, go);
    sign_of_life();
    close(mark[1]);
    close(go[0]);
    run->mark = mark[0];
    run->go = go[1];
    trace_session_adopt(&run->session, run->pid);
    trace_reader_open_live(&run->reader, &run->session);
    replay_init(&run->replay);
}

static bool stands_at_end(struct run *run)
{
    struct pollfd mark = {.fd = run->mark, .events = POLLIN};
    char byte;
    if (!run->at_exit && poll(&mark, 1, 0) == 1)
        run->at_exit = read(run->mark, &byte, 1) == 1;
    return run->at_exit;
}

static void let_go(struct run *run)
{
    if (run->go >= 0)
        close(run->go);
    run->go = -1;
}

static void run_end(struct run *run, int *status)
{
    let_go(run);
    trace_session_detach(&run->session, NULL);
    waitpid(run->pid, status, 0);
    running = 0;
    close(run->mark);
    replay_deinit(&run->replay);
    trace_reader_close(&run->reader);
}

static void explain(enum read_status status, const struct read_error *error)
{
    if (status == READ_OK || status == READ_AGAIN || status == READ_END)
        return;
    printf("  reading ended: %s\n", error->message);
    exit(1);
}

/* How many events it makes. */
static bool is_endless(const struct run *run)
{
    return run->events % EVENTS_A_SIGN == 0 && time(NULL) - run->began > ENDLESS_S;
}

static uint64_t count_events(void)
{
    static struct run run;
    struct trace_event event;
    struct read_error error;
    int status;
    run_begin(&run);
    for (;;) {
        const enum read_status got = trace_reader_next(&run.reader, &event, &error);
        if (got == READ_OK) {
            if (++run.events % EVENTS_A_SIGN == 0)
                sign_of_life();
            if (is_endless(&run))
                kill(run.pid, SIGKILL);
            continue;
        }
        explain(got, &error);
        if (got == READ_END)
            break;
        if (stands_at_end(&run))
            let_go(&run);
        usleep(200);
    }
    const uint64_t events = run.events;
    run_end(&run, &status);
    return events;
}

/* ---- captures -------------------------------------------------------------------------------- */

struct dump {
    pid_t pid; /* 0: none is running */
    char path[64];
    const char *when;
};

static void dump_begin(const struct run *run, struct dump *dump, const char *when)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)run->pid);
    snprintf(dump->path, sizeof dump->path, "/tmp/brille-replay-%d.heap", (int)getpid());
    dump->when = when;
    dump->pid = dumping = fork();
    sign_of_life();
    if (dump->pid == 0) {
        const int nothing = open("/dev/null", O_RDWR);
        dup2(nothing, 1);
        execl(options.brille, options.brille, "dump", pid, "-o", dump->path, "--wait", "60s",
              (char *)NULL);
        _exit(127);
    }
}

/* Empties the ring into memory until the dump has ended. Its heap, or NULL when it failed, which it
 * does when the program ended meanwhile. */
static struct snapshot *dump_wait(struct run *run, struct dump *dump)
{
    struct read_error error;
    struct snapshot *heap = NULL;
    int status;
    waiting_for = "a dump";
    while (waitpid(dump->pid, &status, WNOHANG) == 0) {
        const enum read_status got =
            trace_session_pump(&run->session, true, &run->reader.queue.sink, &error);
        explain(got, &error);
        usleep(200);
    }
    dump->pid = dumping = 0;
    sign_of_life();
    waiting_for = "the program";
    struct error *err = NULL;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        err = heap_file_open(dump->path, &heap);
    if (!err && heap)
        err = snapshot_load(heap, SNAPSHOT_COLUMNS);
    unlink(dump->path);
    if (err) {
        printf("  %s: %s\n", dump->when, err->message);
        exit(1);
    }
    return heap;
}

/* A program waits a second for a reader that gives no sign of life. On a machine that is busy
 * enough that happens to us; the losses are counted, and such a run says nothing. */
static uint64_t count_dropped(const struct run *run)
{
    uint64_t dropped = 0;
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        dropped += run->session.state.streams[i].dropped;
    return dropped;
}

static bool lost_events(struct run *run)
{
    int status;
    const uint64_t dropped = count_dropped(run);
    if (!dropped)
        return false;
    printf("  %" PRIu64 " events were dropped: the machine is too busy for us to keep up\n",
           dropped);
    kill(run->pid, SIGKILL);
    run_end(run, &status);
    return true;
}

static uint64_t position_reached(const struct run *run)
{
    uint64_t seq = 0;
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        seq += run->reader.merge.reached[i];
    return seq;
}

static void feed(struct run *run, const struct trace_event *event)
{
    if (++run->events % EVENTS_A_SIGN == 0)
        sign_of_life();
    replay_feed(&run->replay, event);
}

/* Feeds what happened before the capture. The first event behind it may have been read then: it is
 * in run->behind, for feed_behind. False: the events end before it, or some were dropped: positions
 * that nobody will see count as well, and behind them nothing may come. */
static bool feed_until(struct run *run, uint64_t seq)
{
    struct trace_event event;
    struct read_error error;
    waiting_for = "the position of a dump";
    while (position_reached(run) < seq) {
        const enum read_status got = trace_reader_next(&run->reader, &event, &error);
        explain(got, &error);
        if (got == READ_END || count_dropped(run))
            return false;
        if (got != READ_OK) {
            usleep(200);
            continue;
        }
        if (event.seq >= seq) {
            run->behind = event;
            run->has_behind = true;
            return true;
        }
        feed(run, &event);
    }
    return true;
}

static void feed_behind(struct run *run)
{
    if (run->has_behind)
        feed(run, &run->behind);
    run->has_behind = false;
}

static void print_object(const char *who, const char *type, uint64_t size, uint32_t refcount,
                         int generation)
{
    printf("    %s: %s, size %" PRIu64 ", refcount %u, generation %d\n", who, type, size, refcount,
           generation);
}

/* One mortal object of the capture against the replay. */
static bool same_object(struct run *run, const struct snapshot *heap, uint32_t o, unsigned *shown)
{
    const uint64_t address = snapshot_address(heap, o);
    const struct shadow_object *object = shadow_find(&run->replay.shadow, address);
    const struct snapshot_type *type = &heap->types[heap->type[o]];
    const int stored = snapshot_generation(heap, o);
    const int generation = stored == GENERATION_NONE ? -1 : stored;
    const struct definition *replayed =
        object ? trace_reader_type(&run->reader, object->type) : NULL;
    if (object && replayed && replayed->address == type->address &&
        object->size == snapshot_size(heap, o) && object->refcount == heap->refcount[o] &&
        shadow_generation(object) == generation)
        return true;
    if (++*shown > SHOWN_MAX)
        return false;
    printf("  object %#" PRIx64 "\n", address);
    print_object("captured", snapshot_string(heap, type->name), snapshot_size(heap, o),
                 heap->refcount[o], generation);
    if (object)
        print_object("replayed", replayed ? replayed->name : "?", object->size, object->refcount,
                     shadow_generation(object));
    else
        printf("    replayed: no such object\n");
    return false;
}

/* 0 when they are equal. */
static unsigned compare(struct run *run, const struct snapshot *heap)
{
    unsigned shown = 0;
    uint64_t mortal = 0;
    uint32_t cursor = 0;
    for (uint32_t o = 0; o < heap->object_count; o++) {
        if (snapshot_immortal(heap, o))
            continue;
        mortal++;
        same_object(run, heap, o, &shown);
    }
    const struct shadow_object *object;
    while (mortal != run->replay.shadow.count &&
           (object = shadow_each(&run->replay.shadow, &cursor))) {
        const uint32_t o = snapshot_find(heap, shadow_address(object));
        if (o != ORDINAL_NONE && !snapshot_immortal(heap, o))
            continue;
        if (++shown <= SHOWN_MAX)
            printf("  replayed object %#" PRIx64 " is not in the capture\n",
                   shadow_address(object));
    }
    return shown;
}

/* False: they differ. *taken: there was a capture to compare with. */
static bool capture(struct run *run, const char *when, bool *taken)
{
    struct dump dump;
    bool good = false;
    *taken = false;
    dump_begin(run, &dump, when);
    struct snapshot *heap = dump_wait(run, &dump);
    if (!heap)
        return true;
    if (!heap->info.complete || !heap->info.has_event_seq)
        printf("  %s: the capture is not complete: %s\n", when, heap->info.incomplete_why);
    else if (!feed_until(run, heap->info.event_seq))
        printf("  %s: the events end before the capture\n", when);
    else if (!replay_is_exact(&run->replay))
        printf("  %s: the replay is not exact\n", when);
    else
        good = compare(run, heap) == 0;
    *taken = true;
    if (!good)
        printf("  %s: %u objects captured at position %" PRIu64 " differ\n", when,
               heap->object_count, heap->info.event_seq);
    snapshot_destroy(heap);
    feed_behind(run);
    return good;
}

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static enum verdict check(uint64_t expected)
{
    static struct run run;
    uint64_t due[CAPTURES_MAX];
    unsigned next = 0, between = 0;
    bool good = true, taken, at_exit = false, endless = false;
    struct trace_event event;
    struct read_error error;
    int status;
    for (unsigned i = 0; i < options.captures; i++)
        due[i] = expected ? roll() % expected : 0;
    qsort(due, options.captures, sizeof *due, compare_numbers);
    run_begin(&run);
    while (good) {
        if (next < options.captures && run.events >= due[next] && !run.at_exit) {
            next++;
            good = capture(&run, "in between", &taken);
            between += taken;
            continue;
        }
        const enum read_status got = trace_reader_next(&run.reader, &event, &error);
        if (got == READ_OK) {
            feed(&run, &event);
            if (is_endless(&run)) {
                good = capture(&run, "in between", &taken);
                between += taken;
                kill(run.pid, SIGKILL);
                endless = true;
                break;
            }
            continue;
        }
        explain(got, &error);
        if (got == READ_END)
            break;
        if (stands_at_end(&run) && !at_exit) {
            at_exit = true;
            good = capture(&run, "at exit", &taken);
            let_go(&run);
        } else {
            usleep(200);
        }
    }
    if (lost_events(&run))
        return TOO_SLOW;
    const uint64_t faults = replay_fault_total(&run.replay);
    if (good && (faults || !replay_is_exact(&run.replay) || run.replay.gaps)) {
        printf("  %" PRIu64 " faults, the first: %s at seq %" PRIu64 "\n", faults,
               replay_fault_name(run.replay.first_fault), run.replay.first_fault_event.seq);
        good = false;
    }
    if (!good)
        kill(run.pid, SIGKILL);
    printf("%s %u thread%s, %" PRIu64 " events, %u captures in between%s\n",
           good ? "equal:" : "DIFFERS:", options.threads, options.threads == 1 ? "" : "s",
           run.events, between,
           at_exit   ? " and one at exit"
           : endless ? ", ended since it goes on for ever"
                     : ", none at exit");
    run_end(&run, &status);
    if (good && WIFSIGNALED(status) && !endless)
        printf("the program died of signal %d\n", WTERMSIG(status));
    return good && (between || at_exit) ? EQUAL : DIFFERS;
}

/* In a process of its own, since a run leaves much behind. */
static enum verdict try(void)
{
    int status;
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0)
        exit(check(count_events()));
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        die("cannot fork");
    return WIFEXITED(status) ? (enum verdict)WEXITSTATUS(status) : DIFFERS;
}

int main(int argc, char **argv)
{
    int i = 1;
    for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
        const uint64_t value = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--threads") == 0)
            options.threads = (unsigned)value;
        else if (strcmp(argv[i], "--captures") == 0)
            options.captures = value < CAPTURES_MAX ? (unsigned)value : CAPTURES_MAX;
        else if (strcmp(argv[i], "--seed") == 0)
            options.seed = value;
        else
            break;
    }
    if (argc - i != 3) {
        fprintf(stderr, "usage: replay_captures [--threads N] [--captures N] [--seed N] BRILLE "
                        "BRILLE_PYTHON PROGRAM\n");
        return 2;
    }
    options.brille = argv[i];
    options.vm = argv[i + 1];
    options.program = argv[i + 2];
    setvbuf(stdout, NULL, _IOLBF, 0);
    /* Descriptor 3 is for the mark: keep it occupied here. */
    while (open("/dev/null", O_RDWR | O_CLOEXEC) <= 3)
        ;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, on_alarm);
    enum verdict verdict = TOO_SLOW;
    for (unsigned tries = 0; tries < TRIES && verdict == TOO_SLOW; tries++)
        verdict = try();
    return verdict;
}
