/* See merge.h for the order. What a record means as an event is in merge_show.c.
 *
 * The hot path is a refcount event: while the next hot position is below `hot_until` no other lane
 * is looked at, and words are read where they lie. Everything that could come between (the next
 * cold or rare record, a definition, a wait) lowers that bound. Of a file, whose definitions are
 * all known, hot and cold records are ordered among each other in the same way, up to the next rare
 * record (`calm_hot`, `calm_cold`). All else is left to step(), which looks at everything.
 *
 * What nobody wants (struct trace_want) is passed over in the same loops: its place in the stack,
 * its time and a gap before it are noted, and no event is made of it.
 */
#include "tracer/read/merge.h"

#include "tracer/read/merge_show.h"

#include <stdlib.h>
#include <string.h>

enum { PASSED_MOST = 1 << 20 };

void trace_merge_init(struct trace_merge *merge, struct chunk_source *source,
                      struct definitions *definitions)
{
    *merge = (struct trace_merge){
        .definitions = definitions, .show_definitions = true, .wait_ns = UINT64_MAX};
    trace_merge_want(merge, &(struct trace_want){.stacks = true, .times = true, .positions = true});
    for (unsigned i = 0; i < TRACE_STREAM_COUNT; i++)
        lane_init(&merge->lanes[i], source, i);
    stacks_init(&merge->stacks);
}

void trace_merge_deinit(struct trace_merge *merge)
{
    stacks_deinit(&merge->stacks);
    free(merge->waits);
    merge->waits = NULL;
}

void trace_merge_want(struct trace_merge *merge, const struct trace_want *want)
{
    merge->want = *want;
    if (!want->kinds)
        merge->want.kinds = UINT64_MAX;
    merge->pass_hot = trace_want_passed(TRACE_HOT, merge->want.kinds);
    merge->pass_cold = trace_want_passed(TRACE_COLD, merge->want.kinds);
    if (want->counting) {
        merge->count_hot = (uint16_t)~merge->pass_hot;
        merge->count_cold = (uint16_t)~merge->pass_cold;
        merge->pass_hot = merge->pass_cold = UINT16_MAX;
    }
    if (!trace_want_shows(merge->want.kinds, TRACE_DEFS))
        merge->show_definitions = false;
}

/* ---- time ---------------------------------------------------------------------------------- */

void trace_merge_set_state(struct trace_merge *merge, const struct ring_state *state)
{
    const struct ring_clock_pair *latest = &state->latest[state->calibration_index & 1];
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        merge_reach(merge, (unsigned)i, state->streams[i].start);
    merge->clock.origin_ticks = state->began.ticks;
    merge->clock.ns_per_tick = 1;
    if (state->clock == RING_CLOCK_TSC && latest->ticks > state->first.ticks &&
        latest->ns > state->first.ns)
        merge->clock.ns_per_tick =
            (double)(latest->ns - state->first.ns) / (double)(latest->ticks - state->first.ticks);
}

/* ---- records of threads without the GIL ------------------------------------------------------ */

static bool wait_before(const struct ring_wait *a, const struct ring_wait *b)
{
    return a->gil_seq != b->gil_seq ? a->gil_seq < b->gil_seq : a->ticks < b->ticks;
}

static int wait_compare(const void *a, const void *b)
{
    return wait_before(a, b) ? -1 : wait_before(b, a);
}

void merge_set_wait_due(struct trace_merge *merge)
{
    merge->wait_ns = UINT64_MAX;
    if (merge->wait_next < merge->wait_count &&
        merge->waits[merge->wait_next].gil_seq <= merge->gil_seq)
        merge->wait_ns = merge_ns(merge, merge->waits[merge->wait_next].ticks);
    merge->hot_until = 0;
}

enum read_status trace_merge_add_waits(struct trace_merge *merge, const struct ring_wait *records,
                                       size_t count, struct read_error *error)
{
    if (count == 0)
        return READ_OK;
    if (merge->wait_next > 0) {
        merge->wait_count -= merge->wait_next;
        memmove(merge->waits, merge->waits + merge->wait_next,
                merge->wait_count * sizeof(*merge->waits));
        merge->wait_next = 0;
    }
    if (merge->wait_count + count > merge->wait_room) {
        size_t room = (merge->wait_count + count) * 2;
        struct ring_wait *waits = realloc(merge->waits, room * sizeof(*waits));
        if (!waits)
            return read_fail(error, READ_NO_MEMORY, "no memory for GIL waits");
        merge->waits = waits;
        merge->wait_room = room;
    }
    memcpy(merge->waits + merge->wait_count, records, count * sizeof(*records));
    merge->wait_count += count;
    qsort(merge->waits, merge->wait_count, sizeof(*merge->waits), wait_compare);
    merge_set_wait_due(merge);
    return READ_OK;
}

void trace_merge_begin_at(struct trace_merge *merge, const uint64_t positions[TRACE_STREAM_COUNT],
                          uint64_t ticks)
{
    size_t kept = 0;
    merge->show_definitions = false;
    for (unsigned i = 0; i < TRACE_STREAM_COUNT; i++)
        merge_reach(merge, i, positions[i]);
    for (size_t i = merge->wait_next; i < merge->wait_count; i++)
        if (merge->waits[i].ticks >= ticks)
            merge->waits[kept++] = merge->waits[i];
    merge->wait_next = 0;
    merge->wait_count = kept;
    merge_set_wait_due(merge);
}

/* A wait is due before the acquire that came after it. Where exactly between that and the handoff
 * it saw is for the clock to say. */
static bool wait_is_due(const struct trace_merge *merge, unsigned stream,
                        const struct lane_record *record)
{
    if (merge->wait_next == merge->wait_count)
        return false;
    if (stream == TRACE_RARE && record->wire == TRACE_EVENT_gil_acquire &&
        record->payload_words >= 1) {
        uint64_t gil_seq;
        memcpy(&gil_seq, record->payload, 8);
        return merge->waits[merge->wait_next].gil_seq < gil_seq;
    }
    return merge_ns(merge, merge_bounded_ticks(merge, record->ticks)) >= merge->wait_ns;
}

/* ---- definitions in the order of events ------------------------------------------------------ */

static bool definition_is_due(const struct trace_merge *merge, unsigned stream, uint64_t position)
{
    const struct definition *definition = merge_next_definition(merge);
    if (!definition)
        return false;
    switch (stream) {
    case TRACE_HOT:
        return definition->hot <= position;
    case TRACE_COLD:
        return definition->cold <= position;
    default:
        return definition->rare <= position;
    }
}

/* ---- order ----------------------------------------------------------------------------------- */

void trace_merge_set_horizon(struct trace_merge *merge, uint64_t hot, uint64_t cold)
{
    merge->live = true;
    merge->horizon[0] = hot;
    merge->horizon[1] = cold;
}

/* Which lane is next, by the rule in merge.h; -1 when no lane has a record. */
static int choose_lane(const struct trace_merge *merge)
{
    const struct lane *hot = &merge->lanes[TRACE_HOT];
    const struct lane *cold = &merge->lanes[TRACE_COLD];
    const struct lane *rare = &merge->lanes[TRACE_RARE];
    uint64_t hot_at = hot->ahead ? hot->record.position : UINT64_MAX;
    uint64_t cold_at = cold->ahead ? cold->record.position : UINT64_MAX;
    if (rare->ahead && rare->record.hot <= hot_at && rare->record.cold <= cold_at)
        return TRACE_RARE;
    if (cold->ahead && cold->record.hot <= hot_at)
        return TRACE_COLD;
    if (hot->ahead)
        return TRACE_HOT;
    /* Contradictory positions (hostile input): anything, as long as it goes on. */
    return cold->ahead ? TRACE_COLD : rare->ahead ? TRACE_RARE : -1;
}

static bool beyond_horizon(const struct trace_merge *merge, int lane)
{
    const struct lane_record *record = &merge->lanes[lane].record;
    if (!merge->live)
        return false;
    if (lane == TRACE_HOT)
        return record->position >= merge->horizon[0];
    return record->hot > merge->horizon[0] ||
           (lane == TRACE_RARE && record->cold > merge->horizon[1]);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* How far hot events, and hot and cold ones, may run without another look at the rest. A lane that
 * has nothing ahead has ended, or is bounded by the horizon. */
static void compute_bounds(struct trace_merge *merge)
{
    const struct lane *cold = &merge->lanes[TRACE_COLD];
    const struct lane *rare = &merge->lanes[TRACE_RARE];
    const struct definition *definition = merge_next_definition(merge);
    merge->calm_hot = least(rare->ahead ? rare->record.hot : UINT64_MAX,
                            definition ? definition->hot : UINT64_MAX);
    merge->calm_cold = least(rare->ahead ? rare->record.cold : UINT64_MAX,
                             definition ? definition->cold : UINT64_MAX);
    merge->hot_until = least(merge->calm_hot, cold->ahead ? cold->record.hot : UINT64_MAX);
    if (merge->live) {
        merge->hot_until = least(merge->hot_until, merge->horizon[0]);
        merge->calm_cold = 0;
    }
}

static enum read_status peek_all(struct trace_merge *merge, bool *waiting, struct read_error *error)
{
    *waiting = false;
    for (int i = 0; i < TRACE_STREAM_COUNT; i++) {
        enum read_status status = lane_peek(&merge->lanes[i], error);
        if (status == READ_AGAIN)
            *waiting = true;
        else if (status != READ_OK && status != READ_END)
            return status;
    }
    return READ_OK;
}

/* What is left when the lanes are empty. */
static enum read_status drain_rest(struct trace_merge *merge, struct trace_event *event,
                                   bool waiting)
{
    if (waiting)
        return READ_AGAIN;
    if (merge_next_definition(merge)) {
        merge_show_definition(merge, event);
        return READ_OK;
    }
    if (merge->wait_next < merge->wait_count) {
        merge_show_wait(merge, event);
        return READ_OK;
    }
    return READ_END;
}

/* The chosen record knows how far the others had come; see lane_skip_to. */
static bool behind_a_hole(struct trace_merge *merge, int lane)
{
    const struct lane_record *record = &merge->lanes[lane].record;
    bool hole = false;
    if (lane != TRACE_HOT)
        hole |= lane_skip_to(&merge->lanes[TRACE_HOT], record->hot);
    if (lane == TRACE_RARE)
        hole |= lane_skip_to(&merge->lanes[TRACE_COLD], record->cold);
    return hole;
}

/* One step: an event (READ_OK), or a carrier was passed over (READ_AGAIN with `*passed`). */
static enum read_status step(struct trace_merge *merge, struct trace_event *event, bool *passed,
                             struct read_error *error)
{
    bool waiting;
    *passed = false;
    enum read_status status = peek_all(merge, &waiting, error);
    if (status != READ_OK)
        return status;
    int lane = choose_lane(merge);
    if (lane < 0)
        return drain_rest(merge, event, waiting);
    if (beyond_horizon(merge, lane))
        return READ_AGAIN;
    const struct lane_record *record = &merge->lanes[lane].record;
    if (definition_is_due(merge, (unsigned)lane, record->position)) {
        merge_show_definition(merge, event);
        return READ_OK;
    }
    if (wait_is_due(merge, (unsigned)lane, record)) {
        merge_show_wait(merge, event);
        return READ_OK;
    }
    compute_bounds(merge);
    if (behind_a_hole(merge, lane))
        merge->lanes[lane].record.after_gap = true;
    bool shown = lane == TRACE_HOT    ? merge_run_hot(merge, record->position + 1, event)
                 : lane == TRACE_COLD ? merge_show_cold(merge, event)
                                      : merge_show_rare(merge, event);
    if (lane != TRACE_HOT)
        merge->hot_until = 0;
    if (lane == TRACE_RARE)
        merge->calm_cold = 0;
    *passed = !shown;
    return shown ? READ_OK : READ_AGAIN;
}

/* Where the next hot event is. READ_OK, or what lane_peek says. */
static inline enum read_status peek_hot(struct lane *hot, uint64_t *position,
                                        struct read_error *error)
{
    if (!hot->ahead && hot->p != hot->end) {
        *position = hot->position;
        return READ_OK;
    }
    const enum read_status status = lane_peek(hot, error);
    *position = status == READ_OK ? hot->record.position : UINT64_MAX;
    return status;
}

/* How far hot events may go before something of another thread is due, from `at` on, which is
 * below hot_until: nothing, one, or all. */
static uint64_t hot_before_wait(const struct trace_merge *merge, uint64_t at)
{
    const struct lane *hot = &merge->lanes[TRACE_HOT];
    if (merge->wait_ns == UINT64_MAX)
        return merge->hot_until;
    const uint64_t ticks = hot->ahead ? hot->record.ticks : lane_ticks(hot);
    return merge_ns(merge, ticks) < merge->wait_ns ? at + 1 : at;
}

enum calm { CALM_SHOWN, CALM_ON, CALM_OVER };

/* What is only counted needs no order. */
static enum calm count_calmly(struct trace_merge *merge, uint64_t hot_at, bool cold_is_there)
{
    struct lane *cold = &merge->lanes[TRACE_COLD];
    if (hot_at < merge->calm_hot) {
        merge->hot_until = merge->calm_hot;
        return CALM_ON;
    }
    if (!cold_is_there || cold->record.position >= merge->calm_cold)
        return CALM_OVER;
    merge_show_cold(merge, NULL); /* the one that is ahead; no event is made of it */
    if (cold->position < merge->calm_cold)
        merge_count_cold(merge, merge->calm_cold);
    return CALM_ON;
}

/* One step where nothing but hot and cold records can be next. CALM_OVER: step() must look. */
static enum calm step_calmly(struct trace_merge *merge, struct trace_event *event,
                             struct read_error *error)
{
    struct lane *hot = &merge->lanes[TRACE_HOT], *cold = &merge->lanes[TRACE_COLD];
    uint64_t hot_at;
    if (merge->wait_ns != UINT64_MAX)
        return CALM_OVER;
    const enum read_status of_hot = peek_hot(hot, &hot_at, error);
    const enum read_status of_cold = lane_peek(cold, error);
    if ((of_hot != READ_OK && of_hot != READ_END) || (of_cold != READ_OK && of_cold != READ_END))
        return CALM_OVER;
    if (merge->want.counting)
        return count_calmly(merge, hot_at, of_cold == READ_OK);
    if (of_cold == READ_OK && cold->record.position >= merge->calm_cold)
        return CALM_OVER;
    if (of_cold == READ_OK && cold->record.hot <= hot_at) {
        if (hot->begun && cold->record.hot > hot->done) /* a hole */
            return CALM_OVER;
        return merge_show_cold(merge, event) ? CALM_SHOWN : CALM_ON;
    }
    merge->hot_until = merge->calm_hot;
    if (of_cold == READ_OK && cold->record.hot < merge->calm_hot)
        merge->hot_until = cold->record.hot;
    return hot_at < merge->hot_until ? CALM_ON : CALM_OVER;
}

/* Whether nothing but slots of COLD can be next, where they lie: HOT was spared
 * (trace_want_spares), so that neither times nor stacks are wanted. */
static bool is_cold_alone(const struct trace_merge *merge)
{
    const struct lane *hot = &merge->lanes[TRACE_HOT], *cold = &merge->lanes[TRACE_COLD];
    return hot->ended && !hot->begun && !cold->ahead && !merge->want.times && !merge->want.stacks &&
           merge->wait_ns == UINT64_MAX && cold->position < merge->calm_cold;
}

/* As trace_merge_next, in which only hot and cold events are left out. */
static enum read_status next_of_all(struct trace_merge *merge, struct trace_event *event,
                                    struct read_error *error)
{
    struct lane *hot = &merge->lanes[TRACE_HOT];
    uint64_t hot_at, until;
    while (merge->passed < PASSED_MOST || merge->live) {
        if (merge->hot_until > 0 && peek_hot(hot, &hot_at, error) == READ_OK &&
            hot_at < merge->hot_until && (until = hot_before_wait(merge, hot_at)) > hot_at) {
            if (merge_run_hot(merge, until, event))
                return READ_OK;
            continue;
        }
        if (merge->calm_cold > 0 && is_cold_alone(merge)) {
            const struct lane *cold = &merge->lanes[TRACE_COLD];
            const char *const p = cold->p;
            if (merge_run_cold(merge, merge->calm_cold, event))
                return READ_OK;
            if (cold->p != p)
                continue;
        }
        if (merge->calm_cold > 0) {
            const enum calm calm = step_calmly(merge, event, error);
            if (calm == CALM_SHOWN)
                merge->hot_until = 0;
            if (calm == CALM_SHOWN)
                return READ_OK;
            if (calm == CALM_ON)
                continue;
        }
        bool passed;
        enum read_status status = step(merge, event, &passed, error);
        if (!passed)
            return status;
    }
    return READ_AGAIN;
}

enum read_status trace_merge_next(struct trace_merge *merge, struct trace_event *event,
                                  struct read_error *error)
{
    merge->passed = 0;
    for (;;) {
        enum read_status status = READ_OK;
        if (merge->snapshot_left > 0)
            merge_show_snapshot(merge, event);
        else
            status = next_of_all(merge, event, error);
        if (status != READ_OK || (merge->want.kinds >> event->kind & 1))
            return status;
        merge->gap_owed |= event->after_gap;
        merge->snapshot_left = 0;
        merge->passed++;
    }
}

/* ---- resolving ---------------------------------------------------------------------------------
 */

void trace_merge_where(const struct trace_merge *merge, const struct trace_event *event,
                       struct trace_location *location)
{
    const struct definition *code = definitions_code(merge->definitions, event->code);
    *location = (struct trace_location){.function = "unknown", .file = "unknown"};
    if (!code)
        return;
    location->function = code->qualname[0] ? code->qualname : code->name;
    location->file = code->file;
    location->line =
        event->kind == TRACE_EVENT_enter ? code->first_line : definition_line(code, event->site);
}

const struct thread_stack *trace_merge_stack(struct trace_merge *merge, uint32_t tid)
{
    return stacks_get(&merge->stacks, tid);
}
