/* See merge_show.h. Fields are filled in as far as they are wanted; the stack of the thread, the
 * time that has been reached and the gaps are kept also by what is passed over. */
#include "tracer/read/merge_show.h"

#include <string.h>

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
    merge_reach(merge, lane->stream, lane->done);
}

/* Field by field: to clear the whole of it takes longer than all the rest of a hot event. */
static inline void begin_event(const struct trace_merge *merge, struct trace_event *event)
{
    event->kind = TRACE_EVENT_NONE;
    event->tid = 0;
    event->seq = event->time_ns = 0;
    event->hot = merge->reached[TRACE_HOT];
    event->cold = merge->reached[TRACE_COLD];
    event->rare = merge->reached[TRACE_RARE];
    event->address = event->size = 0;
    event->type = event->code = event->refcount = 0;
    event->site = TRACE_SITE_UNKNOWN;
    event->generation = -1;
    event->delta = 0;
    event->after_gap = false;
    memset(&event->gc, 0, sizeof event->gc);
}

void merge_show_wait(struct trace_merge *merge, struct trace_event *event)
{
    const struct ring_wait *wait = &merge->waits[merge->wait_next++];
    begin_event(merge, event);
    event->kind = TRACE_RARE_KIND(wait->head) == TRACE_EVENT_gil_request ? TRACE_EVENT_gil_request
                                                                         : TRACE_EVENT_gil_wait;
    event->seq = next_seq(merge);
    event->tid = TRACE_RARE_TID(wait->head);
    event->time_ns = merge_time(merge, wait->ticks);
    event->gil.gil_seq = wait->gil_seq;
    event->gil.other_tid = (uint32_t)wait->holder;
    merge_set_wait_due(merge);
}

void merge_show_definition(struct trace_merge *merge, struct trace_event *event)
{
    const struct definition *definition = merge_next_definition(merge);
    merge->definitions_shown++;
    merge->calm_cold = 0;
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

/* ---- hot and cold records become events -------------------------------------------------------
 */

/* Puts the event where its thread is, and remembers the site for events that have none. */
static inline void place_in_stack(struct trace_merge *merge, struct trace_event *event,
                                  unsigned site)
{
    event->site = site;
    if (!merge->want.stacks)
        return;
    struct thread_stack *stack = stacks_get(&merge->stacks, event->tid);
    struct stack_frame *top = stack ? thread_stack_top(stack) : NULL;
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

/* Makes an event of the word at lane->p. */
static inline void show_hot(struct trace_merge *merge, struct trace_event *event)
{
    struct lane *lane = &merge->lanes[TRACE_HOT];
    struct thread_stack *stack;
    uint64_t word;
    memcpy(&word, lane->p, 8);
    const unsigned site = TRACE_WORD_SITE(word);
    begin_event(merge, event);
    event->tid = lane->tid;
    event->after_gap = lane->gap || merge->gap_owed;
    merge->gap_owed = false;
    event->hot = lane->position;
    event->seq = event->hot + event->cold + event->rare;
    event->time_ns = merge->last_ns;
    if (merge->want.times)
        event->time_ns = merge_time(merge, merge_bounded_ticks(merge, lane_ticks(lane)));
    switch (TRACE_WORD_KIND(word)) {
    case TRACE_HOT_INCREF:
    case TRACE_HOT_DECREF:
        event->kind =
            TRACE_WORD_KIND(word) == TRACE_HOT_INCREF ? TRACE_EVENT_incref : TRACE_EVENT_decref;
        event->address = TRACE_WORD_ADDRESS(word);
        event->delta = event->kind == TRACE_EVENT_incref ? 1 : -1;
        place_in_stack(merge, event, site);
        break;
    case TRACE_HOT_ENTER:
        event->kind = TRACE_EVENT_enter;
        event->code = TRACE_WORD_ID(word);
        event->site = site;
        stack = merge->want.stacks ? stacks_get(&merge->stacks, event->tid) : NULL;
        if (stack)
            thread_stack_push(stack, event->code, site);
        break;
    default: /* leave: pass_words takes the rest */
        event->kind = TRACE_EVENT_leave;
        place_in_stack(merge, event, TRACE_SITE_UNKNOWN);
        stack = merge->want.stacks ? stacks_get(&merge->stacks, event->tid) : NULL;
        if (stack)
            thread_stack_pop(stack);
    }
    lane_pass(lane, 8);
    merge_reach(merge, TRACE_HOT, lane->done);
}

/* The first word from p on that somebody wants, or `end`; two loops, as stacks are most of it. */
static const char *pass_words(struct trace_merge *merge, const char *p, const char *end)
{
    struct lane *lane = &merge->lanes[TRACE_HOT];
    uint64_t counted = 0;
    for (uint64_t word; p != end; p += 8) {
        memcpy(&word, p, 8);
        if (!merge_passes_word(merge, word))
            break;
        if (TRACE_WORD_KIND(word) == TRACE_HOT_THREAD)
            lane->tid = TRACE_WORD_ID(word);
        counted += merge->count_hot >> TRACE_WORD_KIND(word) & 1;
    }
    merge->counted += counted;
    return p;
}

static const char *pass_words_of_stacks(struct trace_merge *merge, const char *p, const char *end)
{
    struct lane *lane = &merge->lanes[TRACE_HOT];
    struct thread_stack *stack = stacks_get(&merge->stacks, lane->tid);
    struct stack_frame *top = stack ? thread_stack_top(stack) : NULL;
    for (uint64_t word; p != end; p += 8) {
        memcpy(&word, p, 8);
        if (!merge_passes_word(merge, word))
            break;
        const unsigned site = TRACE_WORD_SITE(word);
        switch (TRACE_WORD_KIND(word)) {
        case TRACE_HOT_INCREF:
        case TRACE_HOT_DECREF:
            if (top && site != TRACE_SITE_UNKNOWN)
                top->site = site;
            continue;
        case TRACE_HOT_ENTER:
            if (stack)
                thread_stack_push(stack, TRACE_WORD_ID(word), site);
            break;
        case TRACE_HOT_LEAVE:
            if (stack)
                thread_stack_pop(stack);
            break;
        case TRACE_HOT_THREAD:
            lane->tid = TRACE_WORD_ID(word);
            stack = stacks_get(&merge->stacks, lane->tid);
            break;
        default:
            continue;
        }
        top = stack ? thread_stack_top(stack) : NULL;
    }
    return p;
}

/* Passes over `bytes` of words, which is done; what is left of them is their time. */
static void pass_hot(struct trace_merge *merge, size_t bytes)
{
    struct lane *lane = &merge->lanes[TRACE_HOT];
    merge->gap_owed |= lane->gap;
    merge->passed += bytes / 8;
    lane_pass(lane, bytes - 8);
    if (merge->want.times) /* later in a chunk is not earlier: the last time is all of them */
        merge_time(merge, merge_bounded_ticks(merge, lane_ticks(lane)));
    lane_pass(lane, 8);
    merge_reach(merge, TRACE_HOT, lane->done);
}

/* Words of the present chunk that lie before `end_position`, up to one that is shown: true. There
 * is at least one. */
bool merge_run_hot(struct trace_merge *merge, uint64_t end_position, struct trace_event *event)
{
    struct lane *lane = &merge->lanes[TRACE_HOT];
    if (lane->ahead) { /* step() looked at it; it is read again where it lies */
        lane->ahead = false;
        lane->gap = lane->record.after_gap;
        lane->p -= 8;
        lane->position--;
    }
    if (lane->rebase)
        rebase_after_gap(merge);
    uint64_t word;
    memcpy(&word, lane->p, 8);
    if (!merge_passes_word(merge, word)) {
        show_hot(merge, event);
        return true;
    }
    const uint64_t words = (uint64_t)(lane->end - lane->p) / 8;
    const uint64_t room = end_position - lane->position;
    const char *const end = lane->p + 8 * (room < words ? room : words);
    const char *const p = merge->want.stacks ? pass_words_of_stacks(merge, lane->p, end)
                                             : pass_words(merge, lane->p, end);
    if (p != lane->p)
        pass_hot(merge, (size_t)(p - lane->p));
    if (p == end)
        return false;
    show_hot(merge, event);
    return true;
}

static void pass_cold(struct trace_merge *merge)
{
    struct lane *lane = &merge->lanes[TRACE_COLD];
    const struct lane_record *record = &lane->record;
    const unsigned site = TRACE_WORD_SITE(record->word);
    merge_reach(merge, TRACE_HOT, record->hot);
    merge->gap_owed |= record->after_gap;
    merge->passed++;
    merge->counted += merge->count_cold >> record->wire & 1;
    if (merge->want.times)
        merge_time(merge, merge_bounded_ticks(merge, record->ticks));
    if (merge->want.stacks && site != TRACE_SITE_UNKNOWN &&
        record->wire - 1u < TRACE_COLD_RETYPE) { /* no carrier */
        struct thread_stack *stack = stacks_get(&merge->stacks, record->tid);
        struct stack_frame *top = stack ? thread_stack_top(stack) : NULL;
        if (top)
            top->site = site;
    }
    take(merge, lane);
}

void merge_count_cold(struct trace_merge *merge, uint64_t end_position)
{
    struct lane *lane = &merge->lanes[TRACE_COLD];
    const uint64_t slots = (uint64_t)(lane->end - lane->p) / TRACE_COLD_SLOT_BYTES;
    const uint64_t room = end_position - lane->position, most = room < slots ? room : slots;
    uint64_t counted = 0;
    for (uint64_t i = 0; i < most; i++) {
        uint64_t words[2];
        memcpy(words, lane->p + i * TRACE_COLD_SLOT_BYTES, sizeof(words));
        const unsigned wire = TRACE_WORD_KIND(words[0]);
        if (wire == TRACE_COLD_BASE)
            lane->base = words[1];
        else if (wire == TRACE_COLD_THREAD)
            lane->tid = TRACE_WORD_ID(words[0]);
        counted += merge->count_cold >> wire & 1;
    }
    merge->counted += counted;
    merge->passed += most;
    merge->gap_owed |= lane->gap;
    lane_pass(lane, most * TRACE_COLD_SLOT_BYTES);
    merge_reach(merge, TRACE_COLD, lane->done);
}

/* Makes an event of a record, which the caller takes. */
static inline void show_slot(struct trace_merge *merge, struct trace_event *event,
                             const struct lane_record *record)
{
    merge_reach(merge, TRACE_HOT, record->hot);
    begin_event(merge, event);
    event->kind = trace_event_of_wire(TRACE_COLD, record->wire);
    event->tid = record->tid;
    event->after_gap = take_gap(merge, record);
    event->cold = record->position;
    event->seq = event->hot + event->cold + event->rare;
    event->time_ns = merge->last_ns;
    if (merge->want.times)
        event->time_ns = merge_time(merge, merge_bounded_ticks(merge, record->ticks));
    event->address = TRACE_WORD_ADDRESS(record->word);
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
    default:
        break;
    }
    place_in_stack(merge, event, TRACE_WORD_SITE(record->word));
}

bool merge_show_cold(struct trace_merge *merge, struct trace_event *event)
{
    struct lane *lane = &merge->lanes[TRACE_COLD];
    if (merge_passes_slot(merge, lane->record.wire, lane->record.word)) {
        pass_cold(merge);
        return false;
    }
    show_slot(merge, event, &lane->record);
    take(merge, lane);
    return true;
}

bool merge_run_cold(struct trace_merge *merge, uint64_t end_position, struct trace_event *event)
{
    struct lane *lane = &merge->lanes[TRACE_COLD];
    const uint64_t slots = (uint64_t)(lane->end - lane->p) / TRACE_COLD_SLOT_BYTES;
    const uint64_t room = end_position - lane->position, most = room < slots ? room : slots;
    struct lane_record record = {.tid = lane->tid};
    uint64_t passed = 0, hot = 0;
    bool shown = false;
    for (; passed < most; passed++) {
        uint64_t words[2];
        memcpy(words, lane->p + passed * TRACE_COLD_SLOT_BYTES, sizeof(words));
        record.word = words[0];
        record.wire = TRACE_WORD_KIND(words[0]);
        if (record.wire - 1u >= TRACE_COLD_RETYPE) /* a carrier: the lane's */
            break;
        record.hot = lane->base + TRACE_COLD_DELTA(words[1]);
        record.type = TRACE_COLD_TYPE(words[1]);
        record.size = TRACE_COLD_SIZE(words[1]);
        shown = !merge_passes_slot(merge, record.wire, record.word);
        if (shown)
            break;
        hot = record.hot > hot && record.hot < 1ull << 62 ? record.hot : hot;
    }
    if (passed) {
        merge_reach(merge, TRACE_HOT, hot);
        merge->gap_owed |= lane->gap;
        merge->passed += passed;
        lane_pass(lane, passed * TRACE_COLD_SLOT_BYTES);
        merge_reach(merge, TRACE_COLD, lane->done);
    }
    if (!shown)
        return false;
    record.after_gap = lane->gap;
    record.position = lane->position;
    show_slot(merge, event, &record);
    lane_pass(lane, TRACE_COLD_SLOT_BYTES);
    merge_reach(merge, TRACE_COLD, lane->done);
    return true;
}

/* ---- rare records become events ----------------------------------------------------------------
 */

static int generation_of(uint64_t value)
{
    return value <= TRACE_GENERATION_PERMANENT ? (int)value : -1;
}

void merge_show_snapshot(struct trace_merge *merge, struct trace_event *event)
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
        merge_set_wait_due(merge);
    } else
        event->gil.reason = (enum trace_gil_reason)(words[1] & 3);
    event->code = TRACE_FRAME_CODE(words[3]);
    event->site = event->code ? TRACE_FRAME_SITE(words[3]) : TRACE_SITE_UNKNOWN;
    if (since != 0 && since < record->ticks)
        event->gil.duration_ns = merge_ns(merge, record->ticks) - merge_ns(merge, since);
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

bool merge_show_rare(struct trace_merge *merge, struct trace_event *event)
{
    struct lane *lane = &merge->lanes[TRACE_RARE];
    const struct lane_record *record = &lane->record;
    uint64_t words[6] = {0};
    unsigned known = record->payload_words < 6 ? record->payload_words : 6;
    memcpy(words, record->payload, known * 8);
    merge_reach(merge, TRACE_HOT, record->hot);
    merge_reach(merge, TRACE_COLD, record->cold);
    begin_event(merge, event);
    event->kind = trace_event_of_wire(TRACE_RARE, record->wire);
    event->tid = record->tid;
    event->after_gap = take_gap(merge, record);
    event->rare = record->position;
    event->seq = event->hot + event->cold + event->rare;
    event->time_ns = merge_time(merge, record->ticks);
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
        merge_show_snapshot(merge, event);
    return shown;
}
