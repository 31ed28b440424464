/* See merge.h for the order. This file also gives each record its meaning as an event.
 *
 * The hot path is a refcount event: while the next hot position is below `hot_until` no other lane
 * is looked at. Everything that could come between (the next cold or rare record, a definition, a
 * wait) lowers that bound.
 */
#include "tracer/read/merge.h"

#include <stdlib.h>
#include <string.h>

void trace_merge_init(struct trace_merge *merge, struct chunk_source *source,
                      struct definitions *definitions)
{
    *merge = (struct trace_merge){
        .definitions = definitions, .show_definitions = true, .wait_ns = UINT64_MAX};
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

static void reach(struct trace_merge *merge, unsigned stream, uint64_t position)
{
    if (position > merge->reached[stream] && position < 1ull << 62)
        merge->reached[stream] = position;
}

/* ---- time ---------------------------------------------------------------------------------- */

void trace_merge_set_state(struct trace_merge *merge, const struct ring_state *state)
{
    const struct ring_clock_pair *latest = &state->latest[state->calibration_index & 1];
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        reach(merge, (unsigned)i, state->streams[i].start);
    merge->clock.origin_ticks = state->began.ticks;
    merge->clock.ns_per_tick = 1;
    if (state->clock == RING_CLOCK_TSC && latest->ticks > state->first.ticks &&
        latest->ns > state->first.ns)
        merge->clock.ns_per_tick =
            (double)(latest->ns - state->first.ns) / (double)(latest->ticks - state->first.ticks);
}

static uint64_t ticks_to_ns(const struct trace_merge *merge, uint64_t ticks)
{
    if (ticks <= merge->clock.origin_ticks)
        return 0;
    double ns = (double)(ticks - merge->clock.origin_ticks) * merge->clock.ns_per_tick;
    return ns < 9e18 ? (uint64_t)ns : (uint64_t)9e18;
}

/* Interpolated times may run ahead of a later exact one by a little: time stands still then. */
static uint64_t event_time(struct trace_merge *merge, uint64_t ticks)
{
    uint64_t ns = ticks_to_ns(merge, ticks);
    if (ns > merge->last_ns)
        merge->last_ns = ns;
    return merge->last_ns;
}

/* The ticks of HOT and COLD are a line between the ends of a sub-buffer, in the middle of which the
 * program may have slept. RARE has its own, so what comes before its next record is not later. */
static uint64_t bounded_ticks(const struct trace_merge *merge, uint64_t ticks)
{
    const struct lane *rare = &merge->lanes[TRACE_RARE];
    return rare->ahead && rare->record.ticks < ticks ? rare->record.ticks : ticks;
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

static void wait_set_due(struct trace_merge *merge)
{
    merge->wait_ns = UINT64_MAX;
    if (merge->wait_next < merge->wait_count &&
        merge->waits[merge->wait_next].gil_seq <= merge->gil_seq)
        merge->wait_ns = ticks_to_ns(merge, merge->waits[merge->wait_next].ticks);
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
    wait_set_due(merge);
    return READ_OK;
}

void trace_merge_begin_at(struct trace_merge *merge, const uint64_t positions[TRACE_STREAM_COUNT],
                          uint64_t ticks)
{
    size_t kept = 0;
    merge->show_definitions = false;
    for (unsigned i = 0; i < TRACE_STREAM_COUNT; i++)
        reach(merge, i, positions[i]);
    for (size_t i = merge->wait_next; i < merge->wait_count; i++)
        if (merge->waits[i].ticks >= ticks)
            merge->waits[kept++] = merge->waits[i];
    merge->wait_next = 0;
    merge->wait_count = kept;
    wait_set_due(merge);
}

static uint64_t next_seq(const struct trace_merge *merge)
{
    return merge->reached[TRACE_HOT] + merge->reached[TRACE_COLD] + merge->reached[TRACE_RARE];
}

/* What carriers were told of a hole goes to the next event that is shown. */
static bool take_gap(struct trace_merge *merge, const struct lane_record *record)
{
    const bool gap = record->after_gap || merge->gap_owed;
    merge->gap_owed = false;
    return gap;
}

/* Takes the record, and notes where that is. */
static void take(struct trace_merge *merge, struct lane *lane)
{
    lane_take(lane);
    reach(merge, lane->stream, lane->done);
}

static void begin_event(const struct trace_merge *merge, struct trace_event *event)
{
    memset(event, 0, sizeof(*event));
    event->generation = -1;
    event->site = TRACE_SITE_UNKNOWN;
    event->hot = merge->reached[TRACE_HOT];
    event->cold = merge->reached[TRACE_COLD];
    event->rare = merge->reached[TRACE_RARE];
}

static void show_wait(struct trace_merge *merge, struct trace_event *event)
{
    const struct ring_wait *wait = &merge->waits[merge->wait_next++];
    begin_event(merge, event);
    event->kind = TRACE_RARE_KIND(wait->head) == TRACE_EVENT_gil_request ? TRACE_EVENT_gil_request
                                                                         : TRACE_EVENT_gil_wait;
    event->seq = next_seq(merge);
    event->tid = TRACE_RARE_TID(wait->head);
    event->time_ns = event_time(merge, wait->ticks);
    event->gil.gil_seq = wait->gil_seq;
    event->gil.other_tid = (uint32_t)wait->holder;
    wait_set_due(merge);
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
    return ticks_to_ns(merge, bounded_ticks(merge, record->ticks)) >= merge->wait_ns;
}

/* ---- definitions in the order of events ------------------------------------------------------ */

static const struct definition *next_definition(const struct trace_merge *merge)
{
    if (!merge->show_definitions || merge->definitions_shown >= merge->definitions->count)
        return NULL;
    return merge->definitions->all[merge->definitions_shown];
}

static void show_definition(struct trace_merge *merge, struct trace_event *event)
{
    const struct definition *definition = next_definition(merge);
    merge->definitions_shown++;
    begin_event(merge, event);
    event->kind = (enum trace_event_kind)definition->kind;
    event->seq = next_seq(merge);
    event->time_ns = merge->last_ns;
    event->address = definition->address;
    event->size = definition->size;
    event->definition = definition;
    if (definition->kind == TRACE_EVENT_type_define)
        event->type = definition->id;
    else if (definition->kind == TRACE_EVENT_code_define)
        event->code = definition->id;
    else
        event->tid = definition->id;
}

static bool definition_is_due(const struct trace_merge *merge, unsigned stream, uint64_t position)
{
    const struct definition *definition = next_definition(merge);
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

/* ---- hot and cold records become events -------------------------------------------------------
 */

/* Puts the event where its thread is, and remembers the site for events that have none. */
static void place_in_stack(struct trace_merge *merge, struct trace_event *event, unsigned site)
{
    struct thread_stack *stack = stacks_get(&merge->stacks, event->tid);
    struct stack_frame *top = stack ? thread_stack_top(stack) : NULL;
    event->site = site;
    if (!top)
        return;
    if (site != TRACE_SITE_UNKNOWN)
        top->site = site;
    event->code = top->code;
    event->site = top->site;
}

static void rebase_after_gap(struct trace_merge *merge)
{
    struct lane *hot = &merge->lanes[TRACE_HOT];
    struct thread_stack *stack = stacks_get(&merge->stacks, hot->rebase_tid);
    hot->rebase = false;
    if (stack)
        thread_stack_rebase(stack, hot->rebase_depth, hot->rebase_code);
}

/* Returns false for carriers, which nobody is shown. */
static bool show_hot(struct trace_merge *merge, struct trace_event *event)
{
    struct lane *lane = &merge->lanes[TRACE_HOT];
    const struct lane_record *record = &lane->record;
    unsigned site = TRACE_WORD_SITE(record->word);
    struct thread_stack *stack;
    if (lane->rebase)
        rebase_after_gap(merge);
    begin_event(merge, event);
    event->kind = trace_event_of_wire(TRACE_HOT, record->wire);
    event->tid = record->tid;
    event->after_gap = take_gap(merge, record);
    event->hot = record->position;
    event->seq = event->hot + event->cold + event->rare;
    event->time_ns = event_time(merge, bounded_ticks(merge, record->ticks));
    switch (record->wire) {
    case TRACE_HOT_INCREF:
    case TRACE_HOT_DECREF:
        event->address = TRACE_WORD_ADDRESS(record->word);
        event->delta = record->wire == TRACE_HOT_INCREF ? 1 : -1;
        place_in_stack(merge, event, site);
        break;
    case TRACE_HOT_ENTER:
        event->code = TRACE_WORD_ID(record->word);
        event->site = site;
        stack = stacks_get(&merge->stacks, event->tid);
        if (stack)
            thread_stack_push(stack, event->code, site);
        break;
    case TRACE_HOT_LEAVE:
        place_in_stack(merge, event, TRACE_SITE_UNKNOWN);
        stack = stacks_get(&merge->stacks, event->tid);
        if (stack)
            thread_stack_pop(stack);
        break;
    default:
        merge->gap_owed = event->after_gap;
        take(merge, lane);
        return false;
    }
    take(merge, lane);
    return true;
}

static bool show_cold(struct trace_merge *merge, struct trace_event *event)
{
    struct lane *lane = &merge->lanes[TRACE_COLD];
    const struct lane_record *record = &lane->record;
    reach(merge, TRACE_HOT, record->hot);
    begin_event(merge, event);
    event->kind = trace_event_of_wire(TRACE_COLD, record->wire);
    event->tid = record->tid;
    event->after_gap = take_gap(merge, record);
    event->cold = record->position;
    event->seq = event->hot + event->cold + event->rare;
    event->time_ns = event_time(merge, bounded_ticks(merge, record->ticks));
    event->address = TRACE_WORD_ADDRESS(record->word);
    bool shown = true;
    switch (record->wire) {
    case TRACE_COLD_ALLOC:
        event->type = record->type;
        event->size = record->size;
        event->refcount = 1;
        break;
    case TRACE_COLD_RESIZE:
        event->size = record->size;
        break;
    case TRACE_COLD_RETYPE:
        event->type = record->type;
        break;
    case TRACE_COLD_TRACK:
        event->generation = (int)(record->type & 3);
        break;
    case TRACE_COLD_FREE:
    case TRACE_COLD_UNTRACK:
        break;
    default:
        shown = false;
    }
    if (shown)
        place_in_stack(merge, event, TRACE_WORD_SITE(record->word));
    else
        merge->gap_owed = event->after_gap;
    take(merge, lane);
    return shown;
}

/* ---- rare records become events ----------------------------------------------------------------
 */

static int generation_of(uint64_t value)
{
    return value <= TRACE_GENERATION_PERMANENT ? (int)value : -1;
}

static void show_snapshot(struct trace_merge *merge, struct trace_event *event)
{
    uint64_t words[TRACE_SNAPSHOT_WORDS];
    memcpy(words, merge->snapshot, sizeof(words));
    merge->snapshot += sizeof(words);
    merge->snapshot_left--;
    *event = merge->snapshot_event;
    merge->snapshot_event.seq++;
    merge->snapshot_event.after_gap = false;
    event->address = TRACE_WORD_ADDRESS(words[0]);
    event->generation = generation_of(words[0] & 15);
    event->type = (uint32_t)words[1];
    event->refcount = (uint32_t)(words[1] >> 32);
    event->size = words[2];
}

static void read_gil(struct trace_merge *merge, struct trace_event *event,
                     const struct lane_record *record, const uint64_t words[4])
{
    uint64_t since = words[2];
    event->gil.gil_seq = words[0];
    if (event->kind == TRACE_EVENT_gil_acquire) {
        event->gil.other_tid = (uint32_t)words[1];
        merge->gil_seq = words[0];
        wait_set_due(merge);
    } else
        event->gil.reason = (enum trace_gil_reason)(words[1] & 3);
    event->code = TRACE_FRAME_CODE(words[3]);
    event->site = event->code ? TRACE_FRAME_SITE(words[3]) : TRACE_SITE_UNKNOWN;
    if (since != 0 && since < record->ticks)
        event->gil.duration_ns = ticks_to_ns(merge, record->ticks) - ticks_to_ns(merge, since);
}

static void read_dropped(struct trace_merge *merge, struct trace_event *event,
                         const struct lane_record *record, const uint64_t words[4])
{
    unsigned kinds = record->payload_words > TRACE_DROPPED_HEAD_WORDS
                         ? record->payload_words - TRACE_DROPPED_HEAD_WORDS
                         : 0;
    kinds = kinds < TRACE_EVENT_COUNT ? kinds : TRACE_EVENT_COUNT;
    memcpy(merge->counts, record->payload + TRACE_DROPPED_HEAD_WORDS * 8, kinds * 8);
    event->dropped.stream = (unsigned)(words[0] % TRACE_STREAM_COUNT);
    event->dropped.first = words[1];
    event->dropped.end = words[2];
    event->dropped.units = words[3];
    event->dropped.counts = merge->counts;
    event->dropped.kinds = kinds;
}

static void read_stack(struct trace_merge *merge, struct trace_event *event,
                       const struct lane_record *record, const uint64_t words[4])
{
    const char *frames = record->payload + TRACE_STACK_HEAD_WORDS * 8;
    uint32_t most = record->payload_words > TRACE_STACK_HEAD_WORDS
                        ? record->payload_words - TRACE_STACK_HEAD_WORDS
                        : 0;
    uint32_t count = TRACE_RARE_AUX(record->word);
    count = count < most ? count : most;
    event->stack.tid = (uint32_t)words[0];
    event->stack.depth = (uint32_t)(words[0] >> 32);
    event->stack.first = (uint32_t)words[1];
    event->stack.count = count;
    event->stack.frames = merge->frames;
    memcpy(merge->frames, frames, count * 8);
    struct thread_stack *stack = stacks_get(&merge->stacks, event->stack.tid);
    if (stack)
        thread_stack_set(stack, event->stack.first, frames, count);
}

static void read_gc(struct trace_event *event, const uint64_t words[6])
{
    event->generation = generation_of(words[0]);
    switch (event->kind) {
    case TRACE_EVENT_gc_start:
        event->gc.reason = (uint32_t)words[1];
        break;
    case TRACE_EVENT_gc_done:
        event->gc.collected = words[1];
        event->gc.uncollectable = words[2];
        event->gc.examined = words[3];
        event->gc.promoted = words[4];
        break;
    case TRACE_EVENT_gc_promote:
        event->gc.to = (int)(words[1] & 3);
        break;
    default: /* gc_freeze */
        event->generation = -1;
        event->gc.to = words[0] != 0;
    }
}

static bool show_rare(struct trace_merge *merge, struct trace_event *event)
{
    struct lane *lane = &merge->lanes[TRACE_RARE];
    const struct lane_record *record = &lane->record;
    uint64_t words[6] = {0};
    unsigned known = record->payload_words < 6 ? record->payload_words : 6;
    memcpy(words, record->payload, known * 8);
    reach(merge, TRACE_HOT, record->hot);
    reach(merge, TRACE_COLD, record->cold);
    begin_event(merge, event);
    event->kind = trace_event_of_wire(TRACE_RARE, record->wire);
    event->tid = record->tid;
    event->after_gap = take_gap(merge, record);
    event->rare = record->position;
    event->seq = event->hot + event->cold + event->rare;
    event->time_ns = event_time(merge, record->ticks);
    bool shown = true;
    switch (event->kind) {
    case TRACE_EVENT_gc_start:
    case TRACE_EVENT_gc_done:
    case TRACE_EVENT_gc_promote:
    case TRACE_EVENT_gc_freeze:
        read_gc(event, words);
        break;
    case TRACE_EVENT_gil_acquire:
    case TRACE_EVENT_gil_release:
        read_gil(merge, event, record, words);
        break;
    case TRACE_EVENT_thread_start:
    case TRACE_EVENT_thread_exit:
        event->thread.ident = words[0];
        event->thread.parent_tid = (uint32_t)words[1];
        break;
    case TRACE_EVENT_meta:
        event->meta.what = (enum trace_meta)(words[0] & 0xff);
        event->meta.old_value = words[1];
        event->meta.new_value = words[2];
        event->meta.value = words[3];
        break;
    case TRACE_EVENT_dropped:
        read_dropped(merge, event, record, words);
        break;
    case TRACE_EVENT_stack:
        read_stack(merge, event, record, words);
        break;
    case TRACE_EVENT_snapshot: {
        unsigned most = record->payload_words / TRACE_SNAPSHOT_WORDS;
        unsigned count = TRACE_RARE_AUX(record->word);
        merge->snapshot = record->payload;
        merge->snapshot_left = count < most ? count : most;
        merge->snapshot_event = *event;
        shown = merge->snapshot_left > 0;
        break;
    }
    default: /* a kind of a later minor version */
        shown = false;
    }
    if (!shown)
        merge->gap_owed = event->after_gap;
    take(merge, lane);
    if (shown && event->kind == TRACE_EVENT_snapshot)
        show_snapshot(merge, event);
    return shown;
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

/* How far hot events may run without another look at the other lanes. */
static uint64_t compute_hot_until(const struct trace_merge *merge)
{
    const struct lane *cold = &merge->lanes[TRACE_COLD];
    const struct lane *rare = &merge->lanes[TRACE_RARE];
    const struct definition *definition = next_definition(merge);
    uint64_t until = merge->live ? merge->horizon[0] : UINT64_MAX;
    if (cold->ahead && cold->record.hot < until)
        until = cold->record.hot;
    if (rare->ahead && rare->record.hot < until)
        until = rare->record.hot;
    if (definition && definition->hot < until)
        until = definition->hot;
    return until;
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
    if (next_definition(merge)) {
        show_definition(merge, event);
        return READ_OK;
    }
    if (merge->wait_next < merge->wait_count) {
        show_wait(merge, event);
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
        show_definition(merge, event);
        return READ_OK;
    }
    if (wait_is_due(merge, (unsigned)lane, record)) {
        show_wait(merge, event);
        return READ_OK;
    }
    merge->hot_until = compute_hot_until(merge);
    if (behind_a_hole(merge, lane))
        merge->lanes[lane].record.after_gap = true;
    bool shown = lane == TRACE_HOT    ? show_hot(merge, event)
                 : lane == TRACE_COLD ? show_cold(merge, event)
                                      : show_rare(merge, event);
    if (lane != TRACE_HOT)
        merge->hot_until = 0;
    *passed = !shown;
    return shown ? READ_OK : READ_AGAIN;
}

enum read_status trace_merge_next(struct trace_merge *merge, struct trace_event *event,
                                  struct read_error *error)
{
    if (merge->snapshot_left > 0) {
        show_snapshot(merge, event);
        return READ_OK;
    }
    for (;;) {
        struct lane *hot = &merge->lanes[TRACE_HOT];
        if (merge->hot_until > 0 && lane_peek(hot, error) == READ_OK &&
            hot->record.position < merge->hot_until &&
            (merge->wait_ns == UINT64_MAX ||
             ticks_to_ns(merge, hot->record.ticks) < merge->wait_ns)) {
            if (show_hot(merge, event))
                return READ_OK;
            continue;
        }
        bool passed;
        enum read_status status = step(merge, event, &passed, error);
        if (!passed)
            return status;
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
