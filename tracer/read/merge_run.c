/* See merge.h. Many events at once.
 *
 * Between two records of RARE the order of HOT and COLD follows from the positions that slots of
 * COLD carry, and a reader that wants no stacks needs little of each event. trace_merge_next would
 * ask all of its questions for each; here they are asked once for a stretch: words of HOT up to the
 * next slot, that slot, and so on. What this shows, and the state that it leaves, are those of
 * trace_merge_next; whatever is unusual (a hole, the first record of a lane, a bound) is left to
 * that. A new chunk is asked for only while no event is held, so that what goes wrong there can be
 * reported by trace_merge_next, too.
 */
#include "tracer/read/merge_show.h"

#include <string.h>

enum { PASSED_MOST = 1 << 20 };

struct run {
    struct trace_merge *merge;
    struct trace_brief *briefs;
    size_t count, most;
    size_t passed;
};

struct slot {
    bool there; /* else: COLD has ended */
    bool ahead; /* the lane has decoded it */
    unsigned wire;
    uint32_t tid, type;
    uint64_t position, hot, ticks, word, size;
};

static bool may_run(const struct trace_merge *merge)
{
    return !merge->live && !merge->want.stacks && !merge->want.counting && !merge->snapshot_left &&
           merge->wait_ns == UINT64_MAX && merge->calm_cold > 0;
}

/* The next word of HOT lies at lane->p, or there is none. False: somebody else must look. */
static bool settle_hot(const struct run *run, struct read_error *error)
{
    struct lane *lane = &run->merge->lanes[TRACE_HOT];
    if (!lane->ahead && lane->p == lane->end && !lane->ended) {
        if (run->count > 0)
            return false;
        const enum read_status status = lane_decode(lane, error);
        if (status != READ_OK && status != READ_END)
            return false;
    }
    if (lane->ahead) { /* it is read again where it lies */
        lane->ahead = false;
        lane->gap = lane->record.after_gap;
        lane->p -= 8;
        lane->position--;
    }
    return !lane->gap && !lane->rebase;
}

/* Carriers, and the first slot of a chunk, are the lane's to decode. */
static bool find_decoded(const struct run *run, struct slot *slot, struct read_error *error)
{
    struct lane *lane = &run->merge->lanes[TRACE_COLD];
    if (!lane->ahead && run->count > 0 && !lane->ended)
        return false;
    const enum read_status status = lane_peek(lane, error);
    const struct lane_record *record = &lane->record;
    *slot = (struct slot){.there = status == READ_OK, .ahead = true};
    if (status == READ_END)
        return true;
    slot->wire = record->wire;
    slot->tid = record->tid;
    slot->type = record->type;
    slot->position = record->position;
    slot->hot = record->hot;
    slot->ticks = record->ticks;
    slot->word = record->word;
    slot->size = record->size;
    return status == READ_OK && !record->after_gap;
}

static bool find_slot(const struct run *run, struct slot *slot, struct read_error *error)
{
    const struct lane *lane = &run->merge->lanes[TRACE_COLD];
    uint64_t words[2];
    if (lane->ahead || lane->end - lane->p < TRACE_COLD_SLOT_BYTES)
        return find_decoded(run, slot, error);
    memcpy(words, lane->p, sizeof(words));
    const unsigned wire = TRACE_WORD_KIND(words[0]);
    if (wire - 1u >= TRACE_COLD_RETYPE)
        return find_decoded(run, slot, error);
    slot->there = true;
    slot->ahead = false;
    slot->wire = wire;
    slot->tid = lane->tid;
    slot->type = TRACE_COLD_TYPE(words[1]);
    slot->size = TRACE_COLD_SIZE(words[1]);
    slot->position = lane->position;
    slot->hot = lane->base + TRACE_COLD_DELTA(words[1]);
    slot->ticks = run->merge->want.times ? lane_ticks(lane) : 0;
    slot->word = words[0];
    return !lane->gap;
}

static void show_slot(struct run *run, const struct slot *slot)
{
    struct trace_merge *merge = run->merge;
    const bool sized = slot->wire == TRACE_COLD_ALLOC || slot->wire == TRACE_COLD_RESIZE;
    const bool typed = slot->wire == TRACE_COLD_ALLOC || slot->wire == TRACE_COLD_RETYPE;
    merge->gap_owed = false;
    run->briefs[run->count++] = (struct trace_brief){
        .time_ns = merge->last_ns,
        .seq = merge->reached[TRACE_HOT] + slot->position + merge->reached[TRACE_RARE],
        .address = TRACE_WORD_ADDRESS(slot->word),
        .size = sized ? slot->size : 0,
        .tid = slot->tid,
        .type = typed ? slot->type : 0,
        .kind = trace_event_of_wire(TRACE_COLD, slot->wire),
        .generation = slot->wire == TRACE_COLD_TRACK ? (int)(slot->type & 3) : -1,
    };
}

static void take_slot(struct run *run, const struct slot *slot)
{
    struct trace_merge *merge = run->merge;
    struct lane *lane = &merge->lanes[TRACE_COLD];
    merge_reach(merge, TRACE_HOT, slot->hot);
    if (merge->want.times)
        merge_time(merge, merge_bounded_ticks(merge, slot->ticks));
    if (merge_passes_slot(merge, slot->wire, slot->word))
        run->passed++;
    else
        show_slot(run, slot);
    if (slot->ahead)
        lane_take(lane);
    else
        lane_pass(lane, TRACE_COLD_SLOT_BYTES);
    merge_reach(merge, TRACE_COLD, lane->done);
}

/* merge_time, of which a loop keeps the last one for itself. */
static inline uint64_t time_at(const struct trace_merge *merge, uint64_t last_ns, uint64_t ticks)
{
    const uint64_t ns = merge_ns(merge, merge_bounded_ticks(merge, ticks));
    return ns > last_ns ? ns : last_ns;
}

/* Words of the present chunk below `until`, of which there is one. */
static void take_words(struct run *run, uint64_t until)
{
    static const uint8_t KINDS[16] = {[TRACE_HOT_INCREF] = TRACE_EVENT_incref,
                                      [TRACE_HOT_DECREF] = TRACE_EVENT_decref,
                                      [TRACE_HOT_ENTER] = TRACE_EVENT_enter,
                                      [TRACE_HOT_LEAVE] = TRACE_EVENT_leave};
    struct trace_merge *merge = run->merge;
    struct lane *lane = &merge->lanes[TRACE_HOT];
    const uint64_t words = (uint64_t)(lane->end - lane->p) / 8, room = until - lane->position;
    const uint64_t least = room < words ? room : words;
    const uint64_t before = merge->reached[TRACE_COLD] + merge->reached[TRACE_RARE];
    const bool times = merge->want.times;
    const char *const p = lane->p;
    struct trace_brief *brief = run->briefs + run->count, *const end = run->briefs + run->most;
    uint64_t i = 0, last_ns = merge->last_ns;
    bool shown = true;
    for (; i < least && brief < end; i++) {
        uint64_t word;
        memcpy(&word, p + 8 * i, 8);
        const unsigned wire = TRACE_WORD_KIND(word);
        shown = !merge_passes_word(merge, word);
        if (!shown) {
            if (wire == TRACE_HOT_THREAD)
                lane->tid = TRACE_WORD_ID(word);
            continue;
        }
        if (times)
            last_ns = time_at(merge, last_ns, lane_ticks_at(lane, lane->position + i));
        brief->time_ns = last_ns;
        brief->seq = lane->position + i + before;
        brief->address = wire <= TRACE_HOT_DECREF ? TRACE_WORD_ADDRESS(word) : 0;
        brief->size = 0;
        brief->tid = lane->tid;
        brief->type = 0;
        brief->kind = (enum trace_event_kind)KINDS[wire];
        brief->generation = -1;
        brief++;
    }
    if (!shown && times) /* later in a chunk is not earlier */
        last_ns = time_at(merge, last_ns, lane_ticks_at(lane, lane->position + i - 1));
    const size_t count = (size_t)(brief - run->briefs);
    merge->gap_owed &= count == run->count;
    run->passed += i - (count - run->count);
    run->count = count;
    merge->last_ns = last_ns;
    lane_pass(lane, i * 8);
    merge_reach(merge, TRACE_HOT, lane->done);
}

size_t trace_merge_run(struct trace_merge *merge, struct trace_brief *briefs, size_t most,
                       struct read_error *error)
{
    struct run run = {.merge = merge, .briefs = briefs, .most = most};
    const struct lane *hot = &merge->lanes[TRACE_HOT];
    struct slot slot = {.there = false};
    bool found = false;
    if (!may_run(merge))
        return 0;
    while (run.count < most && run.passed < PASSED_MOST && settle_hot(&run, error)) {
        found = found || find_slot(&run, &slot, error);
        if (!found || (slot.there && slot.position >= merge->calm_cold))
            break;
        const uint64_t hot_at = hot->p == hot->end ? UINT64_MAX : hot->position;
        if (slot.there && slot.hot <= hot_at) {
            if (hot->begun && slot.hot > hot->done) /* a hole */
                break;
            take_slot(&run, &slot);
            found = false;
            continue;
        }
        const uint64_t until =
            slot.there && slot.hot < merge->calm_hot ? slot.hot : merge->calm_hot;
        if (hot_at >= until)
            break;
        take_words(&run, until);
    }
    merge->hot_until = 0;
    return run.count;
}
