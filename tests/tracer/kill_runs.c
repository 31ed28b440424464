/* SIGKILL at a random moment: every event up to the last one committed is there, whole, once.
 *
 *     kill_runs [RUNS [SEED]]            default: $BRILLE_KILL_RUNS, or 60
 *
 * The make-believe heap of tests/support is deterministic. One undisturbed process is recorded
 * first: the reference, event by event with its position. Each run then starts the same process,
 * kills it after a random time, and reads what it left: each event must be the reference's event of
 * that position, none may be missing before the last one, and the last one must be the last that
 * the process had counted in shared memory, or the one before (it counts, then stores).
 *
 *     odd runs    a reader is attached, under block, with rings of various sizes
 *     even runs   nobody is: the flight recorder's ring is read by its name afterwards
 */
#include "tests/support/sample_heap.h"
#include "tracer/abi/process_id.h"
#include "tracer/read/reader.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    REFERENCE_STEPS = 400000,
    KILL_WITHIN_US = 30000,
};

/* What must be the same in each process: not its tid, not the time. */
struct known {
    uint64_t seq;
    uint64_t address;
    uint64_t size;
    uint32_t type;
    uint32_t code, site;
    int16_t generation;
    uint8_t kind;
    int8_t delta;
};

static struct {
    struct known *events;
    size_t count, room;
} reference;

static struct sample_heap *heap; /* shared with the process */
static uint64_t dice = 1;

static uint32_t roll(uint32_t bound)
{
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(dice >> 33) % bound;
}

static void context(struct trace_context *out)
{
    out->tid = heap->tid;
    out->depth = heap->depth;
    out->code = heap->depth ? TRACE_FRAME_CODE(heap->frames[heap->depth - 1]) : 0;
}

static void __attribute__((noreturn))
process_main(const struct trace_session *session, uint64_t steps)
{
    char message[200];
    const struct trace_sizes sizes = {256 << 10, 256 << 10, 256 << 10, 1 << 20};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (session && !trace_session_child_setup(session))
        _exit(12);
    heap->tid = (uint32_t)getpid();
    trace_set_context_hook(context);
    if (!trace_init())
        _exit(10);
    if (!session &&
        !trace_start(TRACE_CLASS_KNOWN, TRACE_POLICY_OVERWRITE, &sizes, message, sizeof message))
        _exit(11);
    sample_define();
    while (heap->steps < steps)
        sample_step(heap);
    trace_stop();
    _exit(0);
}

static bool is_counted(enum trace_event_kind kind)
{
    return kind >= TRACE_EVENT_alloc && kind <= TRACE_EVENT_gil_release;
}

static struct known known_of(const struct trace_event *e)
{
    return (struct known){.seq = e->seq,
                          .address = e->address,
                          .size = e->size,
                          .type = e->type,
                          .code = e->code,
                          .site = e->site,
                          .generation = (int16_t)e->generation,
                          .kind = (uint8_t)e->kind,
                          .delta = (int8_t)e->delta};
}

static uint64_t total_emitted(void)
{
    uint64_t total = 0;
    for (unsigned kind = 1; kind <= TRACE_EVENT_gil_release; kind++)
        total += heap->emitted[kind];
    return total;
}

static bool remember(const struct trace_event *event)
{
    if (reference.count == reference.room) {
        reference.room = reference.room ? reference.room * 2 : 1 << 16;
        reference.events = realloc(reference.events, reference.room * sizeof *reference.events);
        if (!reference.events)
            return false;
    }
    reference.events[reference.count++] = known_of(event);
    return true;
}

/* The reference's event of a position; SIZE_MAX when there is none. */
static size_t find_known(uint64_t seq)
{
    size_t low = 0, high = reference.count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (reference.events[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low < reference.count && reference.events[low].seq == seq ? low : SIZE_MAX;
}

/* Feeds all events to `take`, live until the process has ended. NULL, or what is wrong. */
static const char *read_all(struct trace_reader *reader, bool (*take)(const struct trace_event *))
{
    static struct read_error error;
    struct trace_event event;
    for (;;) {
        const enum read_status status = trace_reader_next(reader, &event, &error);
        if (status == READ_END)
            return NULL;
        if (status == READ_AGAIN) {
            usleep(100);
            continue;
        }
        if (status != READ_OK)
            return error.message;
        if (is_counted(event.kind) && !take(&event))
            return "an event is not the reference's";
    }
}

static bool window;  /* the events before the first one are gone */
static bool gapless; /* and from here on none is missing */
static unsigned seen;
static uint64_t found;
static size_t expected;    /* index of the next event; SIZE_MAX: any may be the first */
static struct known wrong; /* what was found instead */

/* A flight recorder has forgotten who called, so it may not know where an event happened. */
static bool same_place(const struct known *known)
{
    if (known->code == wrong.code && known->site == wrong.site)
        return true;
    return window && (wrong.code == 0 || wrong.site == TRACE_SITE_UNKNOWN);
}

static bool is_expected(const struct trace_event *event)
{
    wrong = known_of(event);
    found++;
    if (window && !gapless) {
        /* The rarer events are, the longer they are remembered. Whatever is older than the memory
         * of HOT or COLD has holes, and where it was is known only roughly. */
        seen |= event->delta ? 1 : event->kind <= TRACE_EVENT_free ? 2 : 0;
        if (seen != 3)
            return true;
        gapless = true;
        expected = find_known(event->seq);
    }
    if (expected >= reference.count)
        return false;
    const struct known *known = &reference.events[expected];
    if (known->seq != wrong.seq || known->address != wrong.address || known->size != wrong.size ||
        known->type != wrong.type || known->generation != wrong.generation ||
        known->kind != wrong.kind || known->delta != wrong.delta || !same_place(known))
        return false;
    expected++;
    return true;
}

/* Starts the process; the caller's reader (or NULL) is attached from its first event on. */
static pid_t start(struct trace_session *session, uint64_t steps)
{
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0)
        process_main(session, steps);
    if (session)
        trace_session_adopt(session, pid);
    return pid;
}

static void prepare(struct trace_session *session, uint64_t stream_bytes)
{
    struct read_error error;
    const struct trace_options options = {
        .classes = TRACE_CLASS_KNOWN,
        .policy = TRACE_POLICY_BLOCK,
        .sizes = {stream_bytes, stream_bytes, stream_bytes, 1 << 20},
    };
    if (trace_session_prepare(session, &options, &error) != READ_OK) {
        fprintf(stderr, "kill_runs: %s\n", error.message);
        exit(3);
    }
}

static pid_t kill_later(pid_t pid)
{
    const unsigned us = roll(KILL_WITHIN_US);
    const pid_t killer = fork();
    if (killer == 0) {
        usleep(us);
        kill(pid, SIGKILL);
        _exit(0);
    }
    return killer;
}

/* A reader that got no processor for a second: block has given up then, as it must, and said so in
 * a record of its own. Such a run is told apart from the reference by that alone; it is repeated.
 */
static bool starved;

static const char *run_with_reader(void)
{
    struct trace_session session;
    struct trace_reader reader;
    prepare(&session, 16384ull << roll(6));
    const pid_t pid = start(&session, REFERENCE_STEPS);
    const pid_t killer = kill_later(pid);
    trace_reader_open_live(&reader, &session);
    expected = 0;
    window = false;
    const char *why = read_all(&reader, is_expected);
    starved = session.state.policy_falls > 0;
    trace_session_detach(&session, NULL);
    trace_reader_close(&reader);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    waitpid(killer, NULL, 0);
    return why;
}

static const char *run_with_recorder(void)
{
    static struct read_error error;
    struct trace_reader reader;
    char path[96];
    const pid_t pid = start(NULL, REFERENCE_STEPS);
    const uint64_t starttime = process_starttime(pid);
    const pid_t killer = kill_later(pid);
    int status;
    waitpid(pid, &status, 0);
    waitpid(killer, NULL, 0);
    snprintf(path, sizeof path, "/dev/shm/brille-%d-%" PRIu64, (int)pid, starttime);
    if (heap->steps == REFERENCE_STEPS || total_emitted() == 0) {
        expected = total_emitted(); /* it was faster, or killed before its first event */
        unlink(path);
        return NULL;
    }
    if (trace_reader_open(&reader, path, &error) != READ_OK) {
        unlink(path);
        return error.message;
    }
    expected = SIZE_MAX;
    window = true;
    gapless = false;
    seen = 0;
    const char *why = read_all(&reader, is_expected);
    trace_reader_close(&reader);
    unlink(path);
    return why;
}

static bool one_run(unsigned number)
{
    sample_init(heap, 0, 4711);
    found = 0;
    starved = false;
    const char *why = number % 2 ? run_with_reader() : run_with_recorder();
    if (starved)
        return true;
    const uint64_t emitted = total_emitted();
    if (!why && expected != SIZE_MAX && emitted - expected > 1)
        why = "the last events are missing";
    if (!why && expected == SIZE_MAX && emitted > found + 1) /* killed after very few */
        why = "not all events were found";
    if (!why)
        return true;
    printf("run %u: %s (%zu of %" PRIu64 " events)\n", number, why, expected, emitted);
    const size_t at = expected < reference.count ? expected : reference.count - 1;
    const struct known *known = &reference.events[at];
    printf("  expected %s seq %" PRIu64 " %#" PRIx64 " code %u site %u, found %s seq %" PRIu64
           " %#" PRIx64 " code %u site %u\n",
           trace_event_name(known->kind), known->seq, known->address, known->code, known->site,
           trace_event_name(wrong.kind), wrong.seq, wrong.address, wrong.code, wrong.site);
    return false;
}

static void make_reference(void)
{
    struct trace_session session;
    struct trace_reader reader;
    int status;
    sample_init(heap, 0, 4711);
    prepare(&session, 1 << 20);
    const pid_t pid = start(&session, REFERENCE_STEPS);
    trace_reader_open_live(&reader, &session);
    const char *why = read_all(&reader, remember);
    trace_session_detach(&session, NULL);
    trace_reader_close(&reader);
    waitpid(pid, &status, 0);
    if (why || reference.count != total_emitted()) {
        fprintf(stderr, "kill_runs: no reference: %s\n", why ? why : "events are missing");
        exit(3);
    }
}

int main(int argc, char **argv)
{
#ifdef BRILLE_NO_TRACE
    return 0; /* nothing is emitted */
#endif
    const char *wanted = argc > 1 ? argv[1] : getenv("BRILLE_KILL_RUNS");
    const unsigned runs = wanted ? (unsigned)strtoul(wanted, NULL, 10) : 60;
    unsigned bad = 0, killed = 0, repeated = 0;
    dice = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    heap = mmap(NULL, sizeof *heap, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (heap == MAP_FAILED)
        return 3;
    make_reference();
    for (unsigned i = 0; i < runs && bad < 10; i++) {
        bad += !one_run(i);
        if (starved && repeated++ < runs) {
            i--;
            continue;
        }
        killed += heap->steps > 0 && heap->steps < REFERENCE_STEPS;
    }
    printf("%u runs, %u killed between the first event and the last of %zu; %u wrong; %u repeated, "
           "the reader had been starved\n",
           runs, killed, reference.count, bad, repeated);
    return bad ? 1 : 0;
}
