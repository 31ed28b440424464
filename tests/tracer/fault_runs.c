/* received + dropped == emitted, per kind, whatever happens to the reader or to the target.
 *
 *     fault_runs [RUNS [SEED]]           default: $BRILLE_FAULT_RUNS, or 40
 *
 * A run is a target (the make-believe heap of tests/support, which counts in shared memory what it
 * emits) and a random sequence of faults: a reader attaches, is stopped, goes on, is killed, is
 * slow, leaves in order, changes classes and policy; the target forks; the target is killed. In the
 * end every ring that was ever in use is read to its end and the sums are compared.
 *
 *     odd runs    block and drop, changed back and forth:   exact per kind
 *     even runs   the flight recorder and overwrite too:    exact per stream, in units
 *
 * Readers count in shared memory, and each chunk becomes part of the count in one store. So what a
 * reader had received when it was killed is known, and this process takes over its ring from there.
 * An event that the target had counted and not yet stored when it was killed may be missing: one.
 *
 * Nobody may hang: a target goes on past a dead reader, a reader ends after a dead target.
 */
#include "tests/support/sample_heap.h"
#include "tracer/abi/process_id.h"
#include "tracer/read/session.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    READERS_MAX = 12,
    ACTIONS_MAX = 10,
    END_MS = 15000, /* for anybody to end; the longest anything waits is a second */
};

/* What was received of one ring. */
struct account {
    uint64_t events[TRACE_EVENT_COUNT]; /* by event id */
    uint64_t units[TRACE_STREAM_COUNT];
    uint64_t missing[TRACE_STREAM_COUNT]; /* units between chunks */
    uint64_t next[TRACE_STREAM_COUNT];    /* position behind what was received */
};

enum reader_word { READER_STARTING, READER_ATTACHED, READER_FAILED, READER_DONE };

struct shared_reader {
    struct account copies[2];
    uint32_t which; /* copy that is whole */
    int word;       /* enum reader_word */
    int ring_fd;
    char why[240];
    /* orders */
    uint32_t slow_us;
    uint32_t set; /* counts orders to change classes and policy */
    uint32_t classes, policy;
    int leave;
};

struct shared {
    struct sample_heap heap;
    int fork_wanted, forks, fork_faults;
    struct shared_reader readers[READERS_MAX];
};

struct counting_sink {
    struct chunk_sink sink;
    struct account *account;      /* plain counting */
    struct shared_reader *reader; /* or double, committed by one store */
};

struct ring_record {
    int fd;
    struct shared_reader *reader; /* NULL: the target's own flight recorder */
    struct account own;
};

static struct shared *shared;
static uint64_t dice;
static unsigned faults;

static uint32_t roll(uint32_t bound)
{
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(dice >> 33) % bound;
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void fault(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void fault(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("  ", stdout);
    vprintf(format, args);
    fputs("\n", stdout);
    va_end(args);
    faults++;
}

static int load(const int *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(int *word, int value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* ---- counting chunks ---------------------------------------------------------------------------
 */

static void count_bytes(struct account *account, unsigned stream, const char *data, uint32_t bytes)
{
    uint32_t step = 1u << trace_unit_shift(stream);
    for (uint32_t at = 0; at < bytes; at += step) {
        uint64_t word;
        memcpy(&word, data + at, 8);
        unsigned wire = stream == TRACE_RARE ? TRACE_RARE_KIND(word) : TRACE_WORD_KIND(word);
        if (stream == TRACE_RARE)
            step = TRACE_RARE_UNITS(word) * 16;
        account->events[trace_event_of_wire(stream, wire)]++;
        if (step == 0)
            break;
    }
}

/* What lies before account->next has been received by a reader that is dead now. */
static void count_chunk(struct account *account, unsigned stream, const struct trace_chunk *chunk)
{
    const unsigned shift = trace_unit_shift(stream);
    uint64_t position = chunk->head.first + (chunk->offset >> shift);
    const char *data = chunk->data;
    uint32_t bytes = chunk->bytes;
    uint64_t *next = &account->next[stream];
    if (position < *next) {
        uint64_t known = (*next - position) << shift;
        known = known < bytes ? known : bytes;
        data += known;
        bytes -= (uint32_t)known;
        position += known >> shift;
    }
    if (bytes == 0)
        return;
    account->missing[stream] += position - *next;
    account->units[stream] += bytes >> shift;
    count_bytes(account, stream, data, bytes);
    *next = position + (bytes >> shift);
}

static enum read_status sink_chunk(struct chunk_sink *sink, unsigned stream,
                                   const struct trace_chunk *chunk, struct read_error *error)
{
    struct counting_sink *counting = (struct counting_sink *)sink;
    struct shared_reader *reader = counting->reader;
    (void)error;
    if (!reader) {
        count_chunk(counting->account, stream, chunk);
        return READ_OK;
    }
    const uint32_t other = reader->which ^ 1;
    reader->copies[other] = reader->copies[reader->which];
    count_chunk(&reader->copies[other], stream, chunk);
    __atomic_store_n(&reader->which, other, __ATOMIC_RELEASE);
    return READ_OK;
}

static enum read_status sink_bytes(struct chunk_sink *sink, const char *data, size_t bytes,
                                   struct read_error *error)
{
    (void)sink, (void)data, (void)bytes, (void)error;
    return READ_OK;
}

static enum read_status sink_waits(struct chunk_sink *sink, const struct ring_wait *records,
                                   size_t count, struct read_error *error)
{
    (void)sink, (void)records, (void)count, (void)error;
    return READ_OK;
}

static const struct chunk_sink COUNTING = {
    .chunk = sink_chunk, .definitions = sink_bytes, .waits = sink_waits};

/* ---- the target ------------------------------------------------------------------------------ */

static void context(struct trace_context *out)
{
    const struct sample_heap *heap = &shared->heap;
    out->tid = heap->tid;
    out->depth = heap->depth;
    out->code = heap->depth ? TRACE_FRAME_CODE(heap->frames[heap->depth - 1]) : 0;
}

/* A forked child is not traced, and leaves its parent's rings alone: it emits all the same. */
static void __attribute__((noreturn)) child_main(void)
{
    static struct sample_heap own;
    bool good = !trace_has_ring() && trace_control.classes == 0;
    sample_init(&own, (uint32_t)getpid(), 99);
    for (int i = 0; i < 3000; i++) {
        sample_step(&own);
        trace_incref(sample_address((uint32_t)i), 1); /* a stray one, too */
    }
    if (!good)
        __atomic_add_fetch(&shared->fork_faults, 1, __ATOMIC_RELAXED);
    _exit(0);
}

static void __attribute__((noreturn)) target_main(bool recorder)
{
    struct sample_heap *heap = &shared->heap;
    char message[200];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    heap->tid = (uint32_t)getpid();
    trace_set_context_hook(context);
    if (!trace_init())
        _exit(10);
    const struct trace_sizes sizes = {64 << 10, 64 << 10, 64 << 10, 1 << 20};
    if (recorder &&
        !trace_start(TRACE_CLASS_KNOWN, TRACE_POLICY_OVERWRITE, &sizes, message, sizeof message))
        _exit(11);
    if (trace_has_ring())
        sample_define();
    while (!load(&heap->stop)) {
        sample_step(heap);
        heap->seq = trace_next_seq();
        if (heap->steps % 4096 == 0)
            usleep(20); /* two processors, and more to do than this */
        if (load(&shared->fork_wanted) > shared->forks) {
            shared->forks++;
            if (fork() == 0)
                child_main();
        }
    }
    trace_stop();
    _exit(0);
}

/* ---- a reader -------------------------------------------------------------------------------- */

static void __attribute__((noreturn))
reader_main(struct shared_reader *self, int target, const struct trace_options *options)
{
    struct counting_sink sink = {.sink = COUNTING, .reader = self};
    struct trace_session session;
    struct read_error error = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const enum read_status attached = trace_session_attach(&session, target, options, &error);
    if (attached != READ_OK && attached != READ_TIMEOUT) {
        snprintf(self->why, sizeof self->why, "%s", error.message);
        store(&self->word, READER_FAILED);
        _exit(0);
    }
    self->ring_fd = session.ring.fd;
    struct ring_state state;
    if (ring_view_state(&session.ring, &state, NULL) == READ_OK)
        for (int i = 0; i < TRACE_STREAM_COUNT; i++)
            self->copies[0].next[i] = state.streams[i].start;
    store(&self->word, READER_ATTACHED);
    uint32_t set = 0;
    while (!load(&self->leave) && !session.ended) {
        const uint64_t before = session.delivered;
        const uint32_t wanted = __atomic_load_n(&self->set, __ATOMIC_ACQUIRE);
        if (wanted != set) {
            set = wanted;
            trace_session_set(&session, self->classes, (enum trace_policy)self->policy, 0,
                              roll(2) ? &sink.sink : NULL, &error);
        }
        if (trace_session_pump(&session, roll(3) == 0, &sink.sink, &error) != READ_OK)
            break;
        const uint32_t slow_us = __atomic_load_n(&self->slow_us, __ATOMIC_RELAXED);
        if (slow_us || session.delivered == before)
            usleep(slow_us ? slow_us : 100);
    }
    trace_session_detach(&session, &sink.sink);
    store(&self->word, READER_DONE);
    _exit(0);
}

/* ---- a run -------------------------------------------------------------------------------------
 */

struct run {
    bool overwriting; /* flight recorder and overwrite are among the dice */
    pid_t target, reader;
    bool target_dead, reader_stopped;
    struct shared_reader *present; /* of `reader` */
    unsigned readers;
    struct ring_record rings[READERS_MAX + 1];
    unsigned ring_count;
    char story[512]; /* what was done */
};

static void tell(struct run *run, const char *what)
{
    const size_t used = strlen(run->story);
    snprintf(run->story + used, sizeof run->story - used, " %s", what);
}

static uint32_t any_classes(void)
{
    static const uint32_t sets[] = {TRACE_CLASS_KNOWN, TRACE_CLASS_KNOWN,
                                    TRACE_CLASS_ALLOC | TRACE_CLASS_REFCOUNT, TRACE_CLASS_REFCOUNT,
                                    TRACE_CLASS_GC | TRACE_CLASS_GIL};
    return sets[roll(sizeof sets / sizeof *sets)];
}

static uint32_t any_policy(const struct run *run)
{
    if (run->overwriting && roll(3) == 0)
        return TRACE_POLICY_OVERWRITE;
    return roll(2) ? TRACE_POLICY_BLOCK : TRACE_POLICY_DROP;
}

/* The ring of a reader, held by us too: it must be readable when the reader is dead. */
static bool keep_ring(struct run *run)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)run->reader, run->present->ring_fd);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    run->rings[run->ring_count++] = (struct ring_record){.fd = fd, .reader = run->present};
    return true;
}

/* Waits for a child. False: it does not end. */
static bool reap(pid_t pid, unsigned ms)
{
    const uint64_t until = now_ms() + ms;
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        if (now_ms() > until)
            return false;
        usleep(200);
    }
    return true;
}

static void end_reader(struct run *run, bool by_force)
{
    if (!run->reader)
        return;
    if (by_force)
        kill(run->reader, SIGKILL);
    else if (run->reader_stopped)
        kill(run->reader, SIGCONT);
    if (!by_force)
        store(&run->present->leave, 1);
    if (!reap(run->reader, END_MS)) {
        fault("a reader hangs");
        kill(run->reader, SIGKILL);
        reap(run->reader, END_MS);
    }
    run->reader = 0;
    run->reader_stopped = false;
}

static void attach_reader(struct run *run)
{
    if (run->readers == READERS_MAX)
        return;
    const uint64_t bytes = 16384ull << roll(6);
    const struct trace_options options = {
        .classes = any_classes(),
        .policy = (enum trace_policy)any_policy(run),
        .sizes = {bytes, bytes, bytes, 1 << 20},
        .no_baseline = roll(2),
        .resync = roll(2),
    };
    run->present = &shared->readers[run->readers++];
    run->present->slow_us = roll(3) ? 0 : 50 + roll(2000);
    fflush(stdout);
    const uint64_t seed = dice + run->readers;
    run->reader = fork();
    if (run->reader == 0) {
        dice = seed;
        reader_main(run->present, run->target, &options);
    }
    const uint64_t until = now_ms() + END_MS;
    while (load(&run->present->word) == READER_STARTING && now_ms() < until)
        usleep(100);
    const int word = load(&run->present->word);
    if (word == READER_STARTING)
        fault("a reader does not attach");
    else if (word == READER_FAILED && !run->target_dead)
        fault("a reader cannot attach: %s", run->present->why);
    else if (word == READER_FAILED)
        ;
    else if (!keep_ring(run))
        fault("the ring of a reader cannot be opened");
    if (word != READER_ATTACHED)
        end_reader(run, true);
}

static void act(struct run *run)
{
    const unsigned choice = roll(14);
    if (!run->reader) {
        tell(run, "attach");
        attach_reader(run);
        return;
    }
    switch (choice) {
    case 0:
    case 1:
        tell(run, "kill-reader");
        end_reader(run, true);
        break;
    case 2:
        tell(run, "leave");
        end_reader(run, false);
        break;
    case 3:
    case 4:
        tell(run, run->reader_stopped ? "continue" : "stop");
        kill(run->reader, run->reader_stopped ? SIGCONT : SIGSTOP);
        run->reader_stopped = !run->reader_stopped;
        break;
    case 5:
    case 6:
    case 7:
    case 8:
        tell(run, "set");
        run->present->classes = any_classes();
        run->present->policy = any_policy(run);
        __atomic_add_fetch(&run->present->set, 1, __ATOMIC_RELEASE);
        break;
    case 9:
        tell(run, "slow");
        run->present->slow_us = roll(2) ? 0 : 100 + roll(3000);
        break;
    case 10:
    case 11:
        tell(run, "fork");
        store(&shared->fork_wanted, shared->fork_wanted + 1);
        break;
    case 12:
        if (roll(16) == 0) { /* long enough to be thought dead */
            tell(run, "wait");
            usleep((CONTROL_SILENCE_MS + 300) * 1000);
        }
        break;
    default:
        break;
    }
}

/* ---- the sums -------------------------------------------------------------------------------- */

static const struct account *account_of(const struct ring_record *ring)
{
    return ring->reader ? &ring->reader->copies[ring->reader->which] : &ring->own;
}

/* Reads what its reader has left in a ring. *state gets the writer's last word. */
static bool read_rest(struct ring_record *ring, struct account *account, struct ring_state *state)
{
    struct ring_view view;
    struct read_error error = {0};
    struct counting_sink sink = {.sink = COUNTING, .account = account};
    uint64_t delivered = 0, before;
    if (ring_view_init(&view, dup(ring->fd), &error) != READ_OK) {
        fault("a ring cannot be read: %s", error.message);
        return false;
    }
    enum read_status status = ring_view_state(&view, state, &error);
    const bool closed = state->phase == RING_CLOSED;
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        if (account->next[i] < state->streams[i].start)
            account->next[i] = state->streams[i].start;
    do {
        before = delivered;
        for (unsigned i = 0; i < TRACE_STREAM_COUNT && status == READ_OK; i++)
            status = ring_view_drain(&view, i, RING_MAX_SUBBUFFERS, !closed, &sink.sink, &delivered,
                                     &error);
    } while (status == READ_OK && delivered != before);
    if (status == READ_OK && !closed)
        status = ring_view_count_scratch(&view, state, &error);
    ring_view_deinit(&view);
    if (status != READ_OK)
        fault("a ring cannot be read: %s", error.message);
    return status == READ_OK;
}

static void add_dropped(uint64_t *events, const struct ring_state *state)
{
    for (unsigned wire = 1; wire < 16; wire++) {
        events[trace_event_of_wire(TRACE_HOT, wire)] += state->dropped_hot[wire];
        events[trace_event_of_wire(TRACE_COLD, wire)] += state->dropped_cold[wire];
    }
    for (unsigned wire = 1; wire < TRACE_EVENT_COUNT; wire++)
        events[trace_event_of_wire(TRACE_RARE, wire)] += state->dropped_rare[wire];
}

/* Per stream. The last position is known when the writer closed the ring; of a killed one, what was
 * found is all there is. */
static void check_streams(const struct ring_record *ring, const struct account *account,
                          const struct ring_state *state, bool overwriting)
{
    for (int i = 0; i < TRACE_STREAM_COUNT; i++) {
        const struct ring_stream_state *s = &state->streams[i];
        if (state->phase != RING_CLOSED)
            continue;
        const uint64_t lost = account->missing[i] + (s->position - account->next[i]);
        if (s->position - s->start != account->units[i] + lost)
            fault("stream %d: %" PRIu64 " units, %" PRIu64 " received, %" PRIu64 " missing", i,
                  s->position - s->start, account->units[i], lost);
        if (ring->reader && !overwriting && lost != s->dropped)
            fault("stream %d: %" PRIu64 " missing, %" PRIu64 " dropped", i, lost, s->dropped);
        if (!ring->reader && lost != s->dropped + s->overwritten + s->elsewhere)
            fault("flight recorder, stream %d: %" PRIu64 " missing, %" PRIu64 " dropped + %" PRIu64
                  " overwritten + %" PRIu64 " elsewhere",
                  i, lost, s->dropped, s->overwritten, s->elsewhere);
        if (ring->reader && lost > s->dropped + s->overwritten)
            fault("stream %d: %" PRIu64 " missing, %" PRIu64 " dropped + %" PRIu64 " overwritten",
                  i, lost, s->dropped, s->overwritten);
    }
}

static void check_sums(struct run *run)
{
    uint64_t events[TRACE_EVENT_COUNT] = {0}, absent = 0;
    for (unsigned r = 0; r < run->ring_count; r++) {
        struct ring_record *ring = &run->rings[r];
        struct account account = *account_of(ring);
        struct ring_state state;
        if (!read_rest(ring, &account, &state))
            continue;
        check_streams(ring, &account, &state, run->overwriting);
        add_dropped(events, &state);
        for (unsigned kind = 0; kind < TRACE_EVENT_COUNT; kind++)
            events[kind] += account.events[kind];
    }
    for (unsigned kind = 1; kind <= TRACE_EVENT_gil_release; kind++) {
        const uint64_t emitted = shared->heap.emitted[kind];
        if (events[kind] > emitted)
            fault("%s: %" PRIu64 " received or dropped, %" PRIu64 " emitted",
                  trace_event_name(kind), events[kind], emitted);
        else if (!run->overwriting && events[kind] < emitted) {
            absent += emitted - events[kind];
            if (!run->target_dead || absent > 1)
                fault("%s: %" PRIu64 " of %" PRIu64 " neither received nor dropped",
                      trace_event_name(kind), emitted - events[kind], emitted);
        }
    }
    if (shared->fork_faults)
        fault("a forked child was traced");
}

/* ---- from the beginning to the end -------------------------------------------------------------
 */

/* The ring that the target has of its own, while its name is there. */
static void keep_recorder(struct run *run)
{
    struct control_link link;
    char path[96] = "";
    for (int i = 0; i < 20000 && !path[0]; i++) {
        if (control_link_open(&link, run->target, NULL) == READ_OK) {
            if (__atomic_load_n(&link.page->ring_kind, __ATOMIC_ACQUIRE) == CONTROL_RING_OWN)
                snprintf(path, sizeof path, "/dev/shm/brille-%d-%" PRIu64, (int)run->target,
                         link.page->starttime);
            control_link_close(&link);
        }
        usleep(100);
    }
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fault("the flight recorder %s cannot be opened", path);
    else
        run->rings[run->ring_count++] = (struct ring_record){.fd = fd};
}

static void await_page(const struct run *run)
{
    struct control_link link;
    for (int i = 0; i < 20000; i++) {
        if (control_link_open(&link, run->target, NULL) == READ_OK) {
            control_link_close(&link);
            return;
        }
        usleep(100);
    }
    fault("the target has no control page");
}

static void end_target(struct run *run)
{
    if (run->target_dead) {
        kill(run->target, SIGKILL);
    } else {
        store(&shared->heap.stop, 1);
    }
    if (!reap(run->target, END_MS)) {
        fault("the target hangs");
        kill(run->target, SIGKILL);
        reap(run->target, END_MS);
    }
}

static void remove_recorder(pid_t pid, uint64_t starttime)
{
    char path[96];
    snprintf(path, sizeof path, "/dev/shm/brille-%d-%" PRIu64, (int)pid, starttime);
    unlink(path);
}

static bool one_run(unsigned number, uint64_t seed)
{
    struct run run = {.overwriting = number % 2 == 0};
    memset(shared, 0, sizeof *shared);
    sample_init(&shared->heap, 0, seed);
    dice = seed;
    faults = 0;
    fflush(stdout);
    run.target = fork();
    if (run.target == 0)
        target_main(run.overwriting);
    await_page(&run);
    const uint64_t starttime = process_starttime(run.target);
    if (run.overwriting)
        keep_recorder(&run);
    const unsigned actions = 2 + roll(ACTIONS_MAX - 1);
    run.target_dead = false;
    for (unsigned i = 0; i < actions && !faults; i++) {
        usleep(roll(4000));
        act(&run);
    }
    usleep(roll(3000));
    if (roll(3) == 0) {
        tell(&run, "kill-target");
        run.target_dead = true;
    }
    /* Whoever is stopped stays stopped: the target has to end all the same. */
    end_target(&run);
    end_reader(&run, run.reader_stopped && roll(2));
    if (run.target_dead)
        remove_recorder(run.target, starttime);
    check_sums(&run);
    for (unsigned r = 0; r < run.ring_count; r++)
        close(run.rings[r].fd);
    if (faults)
        printf("run %u (seed %" PRIu64 "):%s\n", number, seed, run.story);
    return faults == 0;
}

int main(int argc, char **argv)
{
#ifdef BRILLE_NO_TRACE
    return 0; /* nothing is emitted */
#endif
    const char *wanted = argc > 1 ? argv[1] : getenv("BRILLE_FAULT_RUNS");
    const unsigned runs = wanted ? (unsigned)strtoul(wanted, NULL, 10) : 40;
    const uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    unsigned bad = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 3;
    for (unsigned i = 0; i < runs && bad < 10; i++)
        bad += !one_run((unsigned)(seed + i), (seed + i) * 7919);
    printf("%u runs, %u with faults\n", runs, bad);
    return bad ? 1 : 0;
}
