/* The three stream writers: what happens when a sub-buffer is full.
 *
 *     inline emit ──p == limit──> refill: close the sub-buffer ── policy ──> open the next one
 *                                                              └─ no room ─> scratch
 *
 * DROP costs the hot path nothing: events go on being written, into a scratch sub-buffer
 * that is counted by kind and reused each time it is full. When there is room again the stream
 * returns to the ring, a `dropped` record says how many of each kind are missing, and the
 * interpreter is asked for its stacks, because enter and leave may be among them.
 *
 * BLOCK waits for the reader's tail. It gives up, and becomes DROP, when the slot is empty or the
 * heartbeat has stood still for CONTROL_SILENCE_MS: a dead inspector must not hang the program.
 *
 * Counting, per stream and in units:  position == in the ring or read + dropped + overwritten
 * (stream_check asserts what of it can be seen from here).
 *
 * Nesting: hot and cold refills may emit rare records, so a rare refill may run inside them. A rare
 * refill emits only into its own fresh sub-buffer. Nothing here emits hot or cold events.
 */
#include "tracer/emit/internal.h"

#include "tracer/abi/process_id.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    ROUND_MS = 2,             /* how long a wait for room sleeps at most before it looks again */
    SLOTS_AHEAD = 32,         /* of a ring that are mapped in at a time */
    ROUND_MOST_NS = 20000000, /* and how much of the reader's silence a round can prove */
};

static union {
    char bytes[RING_SUBBUFFER_BYTES];
    uint64_t align;
} scratch[TRACE_STREAM_COUNT] __attribute__((aligned(64)));

#define WRITER(stream_, shift_)                                                         \
    [stream_] = {                                                                       \
        .p = scratch[stream_].bytes + RING_SUBBUFFER_HEAD,                              \
        .limit = scratch[stream_].bytes + RING_SUBBUFFER_BYTES,                         \
        .start = scratch[stream_].bytes + RING_SUBBUFFER_HEAD,                          \
        .shift = (shift_),                                                              \
        .stream = (stream_),                                                            \
        .origin = (uintptr_t)(scratch[TRACE_HOT].bytes + RING_SUBBUFFER_HEAD),          \
        .quick = scratch[stream_].bytes + RING_SUBBUFFER_BYTES - TRACE_COLD_SLOT_BYTES, \
    }

struct trace_writer trace_writers[TRACE_STREAM_COUNT] = {
    WRITER(TRACE_HOT, 3),
    WRITER(TRACE_COLD, 4),
    WRITER(TRACE_RARE, 4),
};

struct ring_use *ring_in_use;
uint32_t current_tid;
uint32_t trace_ring_generation;

static void (*context_hook)(struct trace_context *context);
static bool gap_seen;    /* a gap ended since stream_take_gap */
static bool policy_fell; /* a policy record is owed; rare was busy when it happened */
static uint64_t fell_from;
static enum trace_policy_cause fell_why;
static uint64_t next_calibration; /* ticks */

void trace_set_context_hook(void (*hook)(struct trace_context *context))
{
    context_hook = hook;
}

/* The interpreter need not tell us who runs while nothing is traced; so ask when it matters. */
uint32_t stream_ask_tid(void)
{
    struct trace_context context = {0};
    if (context_hook)
        context_hook(&context);
    return context.tid ? context.tid : (uint32_t)syscall(SYS_gettid);
}

bool trace_has_ring(void)
{
    return ring_in_use != NULL;
}

uint64_t trace_next_seq(void)
{
    uint64_t seq = 0;
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        seq += trace_writer_position(&trace_writers[i]);
    return seq;
}

bool stream_take_gap(void)
{
    bool seen = gap_seen;
    gap_seen = false;
    return seen;
}

static void stream_check(const struct trace_writer *writer, const struct stream_place *place)
{
#ifdef BRILLE_CHECKED
    assert(writer->start <= writer->p && writer->p < writer->limit);
    assert(writer->limit - writer->start == RING_SUBBUFFER_BODY);
    if (place && !place->scratch) {
        char *slot = place->base + place->number % place->slots * RING_SUBBUFFER_BYTES;
        assert(writer->start == slot + RING_SUBBUFFER_HEAD);
        assert(((struct ring_subbuffer *)slot)->seq == place->number + 1);
    }
#else
    (void)writer;
    (void)place;
#endif
}

/* ---- counting what is dropped ---------------------------------------------------------------- */

static uint64_t *dropped_table(struct ring_drops *drops, unsigned stream)
{
    switch (stream) {
    case TRACE_HOT:
        return drops->hot;
    case TRACE_COLD:
        return drops->cold;
    default:
        return drops->rare;
    }
}

/* Whoever reads after a kill finds these numbers or the ones before, never a mixture. */
static void publish_drops(struct ring_use *use)
{
    use->drops_index ^= 1;
    use->state->drops[use->drops_index] = use->drops;
    shared_store(&use->state->drops_index, use->drops_index);
}

/* Events in the scratch sub-buffer by wire kind. Every event there is whole: we wrote it. */
static void scratch_count(struct trace_writer *writer, struct stream_place *place)
{
    uint64_t counts[TRACE_EVENT_COUNT] = {0};
    const uint64_t units = (uint64_t)(writer->p - writer->start) >> writer->shift;
    const char *p = writer->start;
    while (p < writer->p) {
        uint64_t word = *(const uint64_t *)p;
        if (writer->stream == TRACE_RARE) {
            counts[TRACE_RARE_KIND(word) % TRACE_EVENT_COUNT]++;
            p += TRACE_RARE_UNITS(word) * 16;
        } else {
            counts[TRACE_WORD_KIND(word)]++;
            p += 1u << writer->shift;
        }
    }
    struct ring_drops *drops = &ring_in_use->drops;
    uint64_t *total = dropped_table(drops, writer->stream);
    for (unsigned kind = 0; kind < (writer->stream == TRACE_RARE ? TRACE_EVENT_COUNT : 16);
         kind++) {
        place->gap_counts[kind] += counts[kind];
        total[kind] += counts[kind];
    }
    drops->units[writer->stream] += units;
    drops->until[writer->stream] = writer->first + units;
    publish_drops(ring_in_use);
}

/* Says what is missing, in RARE, right after the gap. */
static void gap_emit(struct trace_writer *writer, struct stream_place *place)
{
    uint64_t payload[TRACE_DROPPED_HEAD_WORDS + TRACE_EVENT_COUNT];
    uint64_t counts[TRACE_EVENT_COUNT];
    unsigned kinds = writer->stream == TRACE_RARE ? TRACE_EVENT_COUNT : 16;
    memcpy(counts, place->gap_counts, sizeof(counts));
    memset(place->gap_counts, 0, sizeof(place->gap_counts));
    payload[0] = writer->stream;
    payload[1] = place->gap_first;
    payload[2] = writer->first;
    payload[3] = writer->first - place->gap_first;
    memcpy(payload + TRACE_DROPPED_HEAD_WORDS, counts, kinds * sizeof(uint64_t));
    rare_emit(TRACE_EVENT_dropped, writer->stream, current_tid, payload,
              TRACE_DROPPED_HEAD_WORDS + kinds);
    gap_seen = true;
    shared_set(&trace_control.eval_breaker, EVAL_BREAK_TRACE);
}

/* ---- closing and opening ------------------------------------------------------------------- */

static void calibrate(struct ring_state *state, uint64_t ticks)
{
    if (ticks < next_calibration)
        return;
    uint32_t other = state->calibration_index ? 0 : 1;
    state->latest[other] = clock_pair();
    shared_store(&state->calibration_index, other);
    next_calibration = ticks + (1u << 28); /* about 100 ms of a TSC, 270 of nanoseconds */
}

/* Ends the present sub-buffer, full or not. `first` then is the position of the next event. */
static void close_current(struct trace_writer *writer, struct stream_place *place, uint64_t ticks)
{
    uint64_t bytes = (uint64_t)(writer->p - writer->start);
    if (!place || place->base == NULL) {
        /* no ring: forget */
    } else if (place->scratch) {
        scratch_count(writer, place);
    } else {
        struct ring_subbuffer *head =
            (struct ring_subbuffer *)(writer->start - RING_SUBBUFFER_HEAD);
        head->end_ticks = ticks;
        head->bytes = (uint16_t)bytes;
        place->number++;
        shared_store(&ring_in_use->state->streams[writer->stream].published, place->number);
    }
    writer->first += bytes >> writer->shift;
    writer->p = writer->start;
}

/* What spares the inline emitter of COLD its arithmetic (trace_cold_try_at). Whoever moves the
 * start of HOT, or base or limit of COLD, calls this. Slots are quick up to the last one of the
 * sub-buffer; none is while HOT's present sub-buffer reaches beyond what a delta can say. */
static void cold_arrange(void)
{
    const uint64_t end = trace_hot.first + RING_SUBBUFFER_BODY / 8;
    trace_cold.origin = (uintptr_t)trace_hot.start - (trace_hot.first - trace_cold.base) * 8;
    trace_cold.quick = (end - trace_cold.base) >> TRACE_COLD_DELTA_BITS
                           ? trace_cold.p
                           : trace_cold.limit - TRACE_COLD_SLOT_BYTES;
}

/* The ring's scratch sub-buffer, cleared like any other: see ring_layout.h. */
static char *clear_scratch(const struct trace_writer *writer)
{
    char *slot = ring_in_use->map + ring_in_use->header.scratch.offset +
                 (uint64_t)writer->stream * RING_SUBBUFFER_BYTES;
    struct ring_subbuffer *head = (struct ring_subbuffer *)slot;
    __atomic_exchange_n(&head->seq, 0, __ATOMIC_SEQ_CST);
    memset(slot + RING_SUBBUFFER_HEAD, 0, RING_SUBBUFFER_BODY);
    head->first = writer->first;
    shared_store(&head->seq, 1);
    return slot;
}

/* `place` is NULL when there is no ring (any more): then nothing is counted. */
static void open_scratch(struct trace_writer *writer, struct stream_place *place)
{
    char *slot = place ? clear_scratch(writer) : scratch[writer->stream].bytes;
    writer->start = slot + RING_SUBBUFFER_HEAD;
    writer->limit = slot + RING_SUBBUFFER_BYTES;
    writer->p = writer->start;
    cold_arrange();
    if (place && !place->scratch) {
        place->scratch = true;
        place->gap_first = writer->first;
    }
}

static void fill_head(struct ring_subbuffer *head, struct trace_writer *writer, uint64_t ticks)
{
    struct trace_context context = {.tid = current_tid};
    if (context_hook)
        context_hook(&context);
    unsigned base_stream = writer->stream == TRACE_COLD ? TRACE_HOT : TRACE_COLD;
    writer->base = trace_writer_position(&trace_writers[base_stream]);
    head->first = writer->first;
    head->ticks = ticks;
    head->end_ticks = 0;
    head->dropped = ring_in_use->drops.units[writer->stream];
    head->base = writer->base;
    head->tid = context.tid;
    head->bytes = 0;
    head->classes = (uint8_t)trace_control.classes;
    head->policy = (uint8_t)ring_in_use->policy;
    head->code = context.code;
    head->depth = context.depth;
}

/* The lines of the slot after this one come from a cache further away, or from memory, while the
 * events of this one are written: clearing it later does not wait for them. */
static inline __attribute__((always_inline)) void fetch_slot_after(const struct stream_place *place)
{
    char *slot = place->base + (place->number + 1) % place->slots * RING_SUBBUFFER_BYTES;
    for (size_t at = 0; at < RING_SUBBUFFER_BYTES; at += 64)
        __builtin_prefetch(slot + at, 1);
}

/* In the first lap, maps in the next slots all at once: one by one, each would cost a fault of its
 * own, and all of a large ring when tracing begins is milliseconds in which the program stands. */
static void map_slots_ahead(const struct stream_place *place)
{
#ifdef MADV_POPULATE_WRITE /* where the kernel is older than 5.14, faults it is */
    if (place->number >= place->slots || place->number % SLOTS_AHEAD)
        return;
    const uint64_t left = place->slots - place->number;
    const int saved = errno;
    madvise(place->base + place->number * RING_SUBBUFFER_BYTES,
            (left < SLOTS_AHEAD ? left : SLOTS_AHEAD) * RING_SUBBUFFER_BYTES, MADV_POPULATE_WRITE);
    errno = saved;
#else
    (void)place;
#endif
}

/* The slot of the next number becomes the open sub-buffer. A reader sees seq 0, or a whole one. */
static void open_slot(struct trace_writer *writer, struct stream_place *place, uint64_t ticks)
{
    char *slot = place->base + place->number % place->slots * RING_SUBBUFFER_BYTES;
    struct ring_subbuffer *head = (struct ring_subbuffer *)slot;
    struct ring_stream_state *counters = &ring_in_use->state->streams[writer->stream];
    map_slots_ahead(place);
    if (place->number >= place->slots && ring_in_use->policy == TRACE_POLICY_OVERWRITE)
        counters->overwritten += head->bytes >> writer->shift;
    __atomic_exchange_n(&head->seq, 0, __ATOMIC_SEQ_CST); /* before a byte of the body changes */
    memset(slot + RING_SUBBUFFER_HEAD, 0, RING_SUBBUFFER_BODY);
    fetch_slot_after(place);
    fill_head(head, writer, ticks);
    shared_store(&head->seq, place->number + 1);
    writer->start = slot + RING_SUBBUFFER_HEAD;
    writer->limit = slot + RING_SUBBUFFER_BYTES;
    writer->p = writer->start;
    cold_arrange();
    place->scratch = false;
}

/* ---- policies ------------------------------------------------------------------------------ */

/* Is the slot of the next number free? A wild tail reads as "no". */
static bool has_room(const struct trace_writer *writer, const struct stream_place *place)
{
    uint64_t tail = shared_load(&trace_control.reader.tail[writer->stream]);
    if (place->number < place->slots)
        return true;
    return place->number - tail < place->slots;
}

static void fall_to_drop(enum trace_policy_cause cause)
{
    fell_from = ring_in_use->policy;
    fell_why = cause;
    policy_fell = true;
    ring_in_use->policy = TRACE_POLICY_DROP;
    ring_in_use->state->policy = TRACE_POLICY_DROP;
    ring_in_use->state->policy_falls++;
    trace_control.ring_policy = TRACE_POLICY_DROP;
}

/* A request stands that only a safepoint can honour, and its author does not drain this ring. */
static bool waiting_is_vain(void)
{
    return shared_load(&trace_control.request.seq) != trace_control.ack.seq &&
           (trace_control.request.flags & CONTROL_NO_DRAIN);
}

/* Waits until there is room, while the reader lives. False: it does not, or has turned away. What a
 * round took longer than ROUND_MOST_NS, it was we who did not run (stopped, suspended, starved):
 * the reader may have been stopped with us, and its silence is not counted then. */
static bool wait_for_room(const struct trace_writer *writer, const struct stream_place *place)
{
    struct control_reader *reader = &trace_control.reader;
    uint64_t beat = shared_load(&reader->heartbeat), silent_ns = 0, last = clock_monotonic_ns();
    bool room = false;
    ring_in_use->state->streams[writer->stream].waits++;
    __atomic_store_n(&reader->waiting, 1, __ATOMIC_SEQ_CST);
    for (;;) {
        uint32_t wake = shared_load(&reader->wake);
        if ((room = has_room(writer, place)))
            break;
        if (shared_load(&reader->claim) == 0) {
            fall_to_drop(TRACE_CAUSE_READER_GONE);
            break;
        }
        uint64_t now = clock_monotonic_ns(), seen = shared_load(&reader->heartbeat);
        silent_ns = seen != beat
                        ? 0
                        : silent_ns + (now - last < ROUND_MOST_NS ? now - last : ROUND_MOST_NS);
        beat = seen;
        last = now;
        if (silent_ns > CONTROL_SILENCE_MS * 1000000ull) {
            fall_to_drop(TRACE_CAUSE_READER_SILENT);
            break;
        }
        if (waiting_is_vain())
            break;
        futex_wait_ms(&reader->wake, wake, ROUND_MS);
    }
    shared_store(&reader->waiting, 0);
    return room;
}

static bool may_open(const struct trace_writer *writer, const struct stream_place *place)
{
    if (ring_in_use->policy == TRACE_POLICY_OVERWRITE || has_room(writer, place))
        return true;
    return ring_in_use->policy == TRACE_POLICY_BLOCK && wait_for_room(writer, place);
}

static void publish_counters(const struct trace_writer *writer)
{
    ring_in_use->state->streams[writer->stream].position = writer->first;
    trace_control.emitted[writer->stream] = writer->first;
    trace_control.dropped[writer->stream] = ring_in_use->drops.units[writer->stream];
}

static void owed_records(void)
{
    struct stream_place *rare = &ring_in_use->places[TRACE_RARE];
    if (policy_fell && !rare->scratch) {
        policy_fell = false;
        rare_meta(TRACE_META_POLICY, fell_from, TRACE_POLICY_DROP, fell_why);
    }
}

static void refill(unsigned stream)
{
    struct trace_writer *writer = &trace_writers[stream];
    struct stream_place *place = ring_in_use ? &ring_in_use->places[stream] : NULL;
    uint64_t ticks = trace_ticks();
    close_current(writer, place, ticks);
    if (!place) {
        open_scratch(writer, NULL);
        return;
    }
    publish_counters(writer);
    if (may_open(writer, place)) {
        bool after_gap = place->scratch;
        open_slot(writer, place, ticks);
        calibrate(ring_in_use->state, ticks);
        if (after_gap)
            gap_emit(writer, place);
    } else {
        open_scratch(writer, place);
    }
    owed_records();
    if (shared_load(&trace_control.request.seq) != trace_control.ack.seq)
        shared_set(&trace_control.eval_breaker, EVAL_BREAK_TRACE);
    stream_check(writer, place);
}

void trace_hot_refill(void)
{
    refill(TRACE_HOT);
}

static void cold_refill(void)
{
    refill(TRACE_COLD);
}

void rare_refill(void)
{
    refill(TRACE_RARE);
}

/* ---- slots that need company ----------------------------------------------------------------- */

static void cold_put(uint64_t first, uint64_t second)
{
    char *p = trace_cold.p;
    ((volatile uint64_t *)p)[1] = second;
    ((volatile uint64_t *)p)[0] = first;
    trace_cold.p = p + TRACE_COLD_SLOT_BYTES;
}

/* BASE, WIDE and the slot itself must share a sub-buffer: WIDE speaks of the slot behind it. */
void trace_cold_emit_long(unsigned kind, uint64_t address, uint32_t type, uint64_t size,
                          unsigned site)
{
    const uint64_t hot = trace_writer_position(&trace_hot);
    const bool wide = size >> TRACE_COLD_SIZE_BITS || type >> TRACE_COLD_TYPE_BITS;
    const bool far = (hot - trace_cold.base) >> TRACE_COLD_DELTA_BITS;
    if (trace_cold.limit - trace_cold.p < (1 + wide + far) * TRACE_COLD_SLOT_BYTES)
        cold_refill();
    if ((hot - trace_cold.base) >> TRACE_COLD_DELTA_BITS) {
        cold_put(TRACE_COLD_BASE, hot);
        trace_cold.base = hot;
    }
    uint64_t second = hot - trace_cold.base;
    if (wide)
        cold_put((uint64_t)type << 4 | TRACE_COLD_WIDE, size);
    else
        second |= size << TRACE_COLD_SIZE_SHIFT | (uint64_t)type << TRACE_COLD_TYPE_SHIFT;
    cold_put(address + ((uint64_t)site << 48) + kind, second);
    if (trace_cold.p == trace_cold.limit)
        cold_refill();
    cold_arrange();
}

/* ---- taking a ring into use and leaving it --------------------------------------------------- */

static void state_begin(struct ring_use *use, enum trace_origin origin)
{
    struct ring_state *state = use->state;
    if (state->phase == RING_UNUSED) {
        memset(state, 0, sizeof(*state));
        state->first.ticks = trace_control.clock_ticks;
        state->first.ns = trace_control.clock_ns;
        state->began = state->latest[0] = state->latest[1] = clock_pair();
        struct timespec real;
        clock_gettime(CLOCK_REALTIME, &real);
        state->realtime_ns = (uint64_t)real.tv_sec * 1000000000u + (uint64_t)real.tv_nsec -
                             (state->latest[0].ns - state->first.ns);
        state->clock = clock_kind();
        state->origin = origin;
        state->pid = (uint64_t)getpid();
        state->starttime = trace_control.starttime;
        snprintf(state->build_id, sizeof(state->build_id), "brille-python %s", BRILLE_VERSION);
        for (int i = 0; i < TRACE_STREAM_COUNT; i++)
            state->streams[i].start = state->streams[i].position =
                trace_writer_position(&trace_writers[i]);
        int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            ssize_t got = read(fd, state->boot_id, 36);
            (void)got;
            close(fd);
        }
    }
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        state->streams[i].elsewhere += trace_writers[i].first - state->streams[i].position;
    state->policy = use->policy;
    shared_store(&state->phase, RING_RUNNING);
}

void stream_begin(struct ring_use *use, enum trace_policy policy, enum trace_origin origin)
{
    assert(ring_in_use == NULL);
    uint64_t ticks = trace_ticks();
    use->policy = policy;
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        close_current(&trace_writers[i], NULL, ticks);
    state_begin(use, origin);
    ring_in_use = use;
    next_calibration = ticks;
    trace_control.ring_kind = use->kind;
    trace_control.ring_policy = policy;
    trace_control.ring_inode = use->inode;
    trace_ring_generation++;
    for (int i = 0; i < TRACE_STREAM_COUNT; i++) {
        struct trace_writer *writer = &trace_writers[i];
        if (use->places[i].number < use->places[i].slots || policy == TRACE_POLICY_OVERWRITE)
            open_slot(writer, &use->places[i], ticks);
        else
            open_scratch(writer, &use->places[i]);
    }
    waits_begin(use);
}

static void end_stream(unsigned stream)
{
    struct trace_writer *writer = &trace_writers[stream];
    struct stream_place *place = &ring_in_use->places[stream];
    bool gap = place->scratch;
    close_current(writer, place, trace_ticks());
    publish_counters(writer);
    if (gap && stream != TRACE_RARE)
        gap_emit(writer, place);
    open_scratch(writer, NULL);
}

/* After this no event reaches the ring: all sub-buffers are closed, the state says so. */
void stream_end(void)
{
    if (!ring_in_use)
        return;
    struct ring_state *state = ring_in_use->state;
    end_stream(TRACE_HOT);
    end_stream(TRACE_COLD);
    if (policy_fell) {
        policy_fell = false;
        rare_meta(TRACE_META_POLICY, fell_from, TRACE_POLICY_DROP, fell_why);
    }
    rare_meta(TRACE_META_STOP, trace_control.classes, 0, 0);
    end_stream(TRACE_RARE);
    uint32_t other = state->calibration_index ? 0 : 1;
    state->latest[other] = clock_pair();
    shared_store(&state->calibration_index, other);
    shared_store(&state->phase, RING_CLOSED);
    trace_control.ring_kind = CONTROL_RING_NONE;
    trace_control.ring_inode = 0;
    gap_seen = false;
    ring_in_use = NULL;
}

void stream_set_policy(enum trace_policy policy, enum trace_policy_cause cause)
{
    if (!ring_in_use || ring_in_use->policy == policy)
        return;
    enum trace_policy old = ring_in_use->policy;
    ring_in_use->policy = policy;
    ring_in_use->state->policy = policy;
    trace_control.ring_policy = policy;
    rare_meta(TRACE_META_POLICY, old, policy, cause);
}

/* In a forked child: the ring is the parent's, so not a byte of it may be touched. */
void stream_reset_private(void)
{
    ring_in_use = NULL;
    policy_fell = false;
    gap_seen = false;
    for (int i = 0; i < TRACE_STREAM_COUNT; i++) {
        struct trace_writer *writer = &trace_writers[i];
        writer->first = trace_writer_position(writer);
        open_scratch(writer, NULL);
    }
    trace_ring_generation++;
}
