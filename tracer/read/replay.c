/* See replay.h. Each handler applies one event to the shadow; contradictions are counted by kind
 * and the first one is kept, since what follows a contradiction is often its consequence. */
#include "tracer/read/replay.h"

#include "tracer/abi/ring_layout.h"

void replay_init(struct replay *replay)
{
    *replay = (struct replay){.phase = REPLAY_BLIND};
    shadow_init(&replay->shadow);
}

void replay_deinit(struct replay *replay)
{
    shadow_deinit(&replay->shadow);
}

bool replay_is_exact(const struct replay *replay)
{
    return replay->phase == REPLAY_EXACT || replay->phase == REPLAY_COMPARING;
}

uint64_t replay_fault_total(const struct replay *replay)
{
    uint64_t total = 0;
    for (int i = 0; i < REPLAY_FAULT_COUNT; i++)
        total += replay->faults[i];
    return total;
}

const char *replay_fault_name(enum replay_fault fault)
{
    static const char *const names[REPLAY_FAULT_COUNT] = {
        [REPLAY_ALLOC_OF_LIVE] = "allocation where an object lives",
        [REPLAY_FREE_OF_UNKNOWN] = "free of an unknown object",
        [REPLAY_FREE_OF_COUNTED] = "free of an object that is still referenced",
        [REPLAY_INCREF_OF_UNKNOWN] = "incref of an unknown object",
        [REPLAY_DECREF_OF_UNKNOWN] = "decref of an unknown object",
        [REPLAY_NEGATIVE] = "refcount below zero",
        [REPLAY_CHANGE_OF_UNKNOWN] = "change of an unknown object",
        [REPLAY_SNAPSHOT_DIFFERS] = "a later baseline differs",
        [REPLAY_SNAPSHOT_MISSES] = "a later baseline lacks objects",
    };
    return fault < REPLAY_FAULT_COUNT ? names[fault] : "unknown";
}

static void fault(struct replay *replay, enum replay_fault what, const struct trace_event *event)
{
    if (!replay_is_exact(replay))
        return;
    replay->faults[what]++;
    if (!replay->faulty) {
        replay->faulty = true;
        replay->first_fault = what;
        replay->first_fault_event = *event;
    }
}

static void become_uncertain(struct replay *replay)
{
    replay->gaps++;
    if (replay->phase != REPLAY_BLIND)
        replay->phase = REPLAY_UNCERTAIN;
}

/* ---- one event each -------------------------------------------------------------------------- */

static void feed_alloc(struct replay *replay, const struct trace_event *event)
{
    struct shadow_object *object = shadow_find(&replay->shadow, event->address);
    if (object)
        fault(replay, REPLAY_ALLOC_OF_LIVE, event);
    if (object)
        shadow_set_generation(&replay->shadow, object, -1);
    else
        object = shadow_add(&replay->shadow, event->address);
    if (!object) {
        replay->out_of_memory = true;
        return;
    }
    object->refcount = 1;
    object->type = event->type;
    object->size = event->size;
}

static void feed_free(struct replay *replay, const struct trace_event *event)
{
    struct shadow_object *object = shadow_find(&replay->shadow, event->address);
    if (!object) {
        fault(replay, REPLAY_FREE_OF_UNKNOWN, event);
        return;
    }
    const uint32_t needed = TRACE_CLASS_REFCOUNT | TRACE_CLASS_GC;
    if (object->refcount != 0 && !replay->collecting && (replay->classes & needed) == needed)
        fault(replay, REPLAY_FREE_OF_COUNTED, event);
    shadow_remove(&replay->shadow, object);
}

static void feed_count(struct replay *replay, const struct trace_event *event)
{
    struct shadow_object *object = shadow_find(&replay->shadow, event->address);
    if (!object) {
        if (replay->classes & TRACE_CLASS_ALLOC)
            fault(replay, event->delta > 0 ? REPLAY_INCREF_OF_UNKNOWN : REPLAY_DECREF_OF_UNKNOWN,
                  event);
        return;
    }
    if (event->delta < 0 && object->refcount == 0) {
        fault(replay, REPLAY_NEGATIVE, event);
        return;
    }
    object->refcount += (uint32_t)event->delta;
}

static void feed_change(struct replay *replay, const struct trace_event *event)
{
    struct shadow_object *object = shadow_find(&replay->shadow, event->address);
    if (!object) {
        fault(replay, REPLAY_CHANGE_OF_UNKNOWN, event);
        return;
    }
    switch (event->kind) {
    case TRACE_EVENT_resize:
        object->size = event->size;
        break;
    case TRACE_EVENT_retype:
        object->type = event->type;
        break;
    case TRACE_EVENT_gc_track:
        shadow_set_generation(&replay->shadow, object, event->generation);
        break;
    default: /* gc_untrack */
        shadow_set_generation(&replay->shadow, object, -1);
    }
}

static void feed_promote(struct replay *replay, const struct trace_event *event)
{
    for (int from = 0; from <= event->generation && from <= 2; from++)
        shadow_move_all(&replay->shadow, from, event->gc.to);
}

static void feed_freeze(struct replay *replay, const struct trace_event *event)
{
    if (!event->gc.to) {
        shadow_move_all(&replay->shadow, TRACE_GENERATION_PERMANENT, 2);
        return;
    }
    for (int from = 0; from <= 2; from++)
        shadow_move_all(&replay->shadow, from, TRACE_GENERATION_PERMANENT);
}

/* ---- baselines ------------------------------------------------------------------------------- */

static void baseline_begin(struct replay *replay)
{
    replay->baseline_seen = 0;
    if (replay->phase == REPLAY_EXACT) {
        replay->phase = REPLAY_COMPARING;
        return;
    }
    shadow_deinit(&replay->shadow);
    replay->phase = REPLAY_ADOPTING;
}

static void baseline_end(struct replay *replay, const struct trace_event *event)
{
    if (replay->phase == REPLAY_COMPARING && replay->baseline_seen != replay->shadow.count)
        fault(replay, REPLAY_SNAPSHOT_MISSES, event);
    if (replay->phase == REPLAY_COMPARING || replay->phase == REPLAY_ADOPTING)
        replay->phase = REPLAY_EXACT;
}

static void snapshot_compare(struct replay *replay, const struct trace_event *event)
{
    const struct shadow_object *object = shadow_find(&replay->shadow, event->address);
    bool counts = replay->classes & TRACE_CLASS_REFCOUNT;
    if (!object || object->type != event->type || object->size != event->size ||
        shadow_generation(object) != event->generation ||
        (counts && object->refcount != event->refcount))
        fault(replay, REPLAY_SNAPSHOT_DIFFERS, event);
}

static void feed_snapshot(struct replay *replay, const struct trace_event *event)
{
    replay->baseline_seen++;
    if (replay->phase == REPLAY_COMPARING) {
        snapshot_compare(replay, event);
        return;
    }
    if (replay->phase != REPLAY_ADOPTING)
        return;
    struct shadow_object *object = shadow_find(&replay->shadow, event->address);
    if (!object)
        object = shadow_add(&replay->shadow, event->address);
    if (!object) {
        replay->out_of_memory = true;
        return;
    }
    object->type = event->type;
    object->size = event->size;
    object->refcount = event->refcount;
    shadow_set_generation(&replay->shadow, object, event->generation);
}

static void feed_meta(struct replay *replay, const struct trace_event *event)
{
    switch (event->meta.what) {
    case TRACE_META_START:
        replay->classes = (uint32_t)event->meta.new_value;
        if (event->meta.value == TRACE_ORIGIN_BIRTH && replay->events == 0)
            replay->phase = REPLAY_EXACT;
        else if (event->meta.value != TRACE_ORIGIN_BIRTH && replay->phase != REPLAY_BLIND)
            become_uncertain(replay);
        break;
    case TRACE_META_CLASSES: {
        uint32_t classes = (uint32_t)event->meta.new_value, lost = replay->classes & ~classes;
        replay->classes = classes;
        if (lost & (TRACE_CLASS_ALLOC | TRACE_CLASS_REFCOUNT))
            replay->unwatched = true;
        break;
    }
    case TRACE_META_BASELINE_BEGIN:
        replay->unwatched = false;
        baseline_begin(replay);
        break;
    case TRACE_META_BASELINE_END:
        baseline_end(replay, event);
        break;
    default:
        break;
    }
}

void replay_feed(struct replay *replay, const struct trace_event *event)
{
    replay->seq = event->seq;
    if (event->after_gap || (replay->unwatched && event->kind != TRACE_EVENT_meta)) {
        replay->unwatched = false;
        become_uncertain(replay);
    }
    switch (event->kind) {
    case TRACE_EVENT_alloc:
        feed_alloc(replay, event);
        break;
    case TRACE_EVENT_free:
        feed_free(replay, event);
        break;
    case TRACE_EVENT_incref:
    case TRACE_EVENT_decref:
        feed_count(replay, event);
        break;
    case TRACE_EVENT_resize:
    case TRACE_EVENT_retype:
    case TRACE_EVENT_gc_track:
    case TRACE_EVENT_gc_untrack:
        feed_change(replay, event);
        break;
    case TRACE_EVENT_gc_start:
        replay->collecting = true;
        break;
    case TRACE_EVENT_gc_done:
        replay->collecting = false;
        break;
    case TRACE_EVENT_gc_promote:
        feed_promote(replay, event);
        break;
    case TRACE_EVENT_gc_freeze:
        feed_freeze(replay, event);
        break;
    case TRACE_EVENT_snapshot:
        feed_snapshot(replay, event);
        break;
    case TRACE_EVENT_meta:
        feed_meta(replay, event);
        break;
    default:
        break;
    }
    if (event->kind < TRACE_EVENT_type_define || event->kind > TRACE_EVENT_thread_define)
        replay->events++;
}
