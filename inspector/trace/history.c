// See history.h.
#include "inspector/trace/history.h"

#include <string.h>

void history_init(struct history *h, uint64_t address)
{
    *h = (struct history){
        .address = address, .first_count = HISTORY_UNKNOWN, .count = HISTORY_UNKNOWN};
}

void history_deinit(struct history *h)
{
    history_step_vec_deinit(&h->steps);
    u32_vec_deinit(&h->open);
}

// Drops the older half. Partners that are gone are forgotten with them.
static void forget(struct history *h)
{
    const uint32_t gone = (uint32_t)(h->steps.count / 2);
    h->steps.count -= gone;
    memmove(h->steps.items, h->steps.items + gone, h->steps.count * sizeof *h->steps.items);
    for (size_t i = 0; i < h->steps.count; i++)
        if (h->steps.items[i].partner != HISTORY_NONE)
            h->steps.items[i].partner =
                h->steps.items[i].partner < gone ? HISTORY_NONE : h->steps.items[i].partner - gone;
    size_t kept = 0;
    for (size_t i = 0; i < h->open.count; i++)
        if (h->open.items[i] >= gone)
            h->open.items[kept++] = h->open.items[i] - gone;
    h->open.count = kept;
    h->forgotten += gone;
}

static void count_change(struct history *h, const struct trace_event *event,
                         struct history_step *step)
{
    step->before = step->after = h->count;
    switch (event->kind) {
    case TRACE_EVENT_alloc:
        step->before = 0;
        step->after = 1;
        break;
    case TRACE_EVENT_incref:
        step->after = h->count == HISTORY_UNKNOWN ? HISTORY_UNKNOWN : h->count + 1;
        break;
    case TRACE_EVENT_decref:
        step->after = h->count == HISTORY_UNKNOWN || h->count == 0 ? h->count : h->count - 1;
        break;
    case TRACE_EVENT_snapshot:
        step->after = event->refcount;
        break;
    default:
        break;
    }
    h->count = step->after;
    if (h->first_count == HISTORY_UNKNOWN)
        h->first_count = step->after;
}

static void pair_up(struct history *h, struct history_step *step, uint32_t index)
{
    if (step->kind != TRACE_EVENT_decref || h->open.count == 0)
        return;
    step->partner = h->open.items[--h->open.count];
    h->steps.items[step->partner].partner = index;
}

static void live_or_die(struct history *h, const struct trace_event *event)
{
    if (event->kind == TRACE_EVENT_alloc) {
        h->lives++;
        h->open.count = 0;
    }
    if (event->kind == TRACE_EVENT_free) {
        h->alive = false;
        h->open.count = 0;
        h->count = HISTORY_UNKNOWN;
        return;
    }
    h->alive = true;
    h->takes += event->kind == TRACE_EVENT_incref;
    h->drops += event->kind == TRACE_EVENT_decref;
    if (event->type)
        h->type = event->type;
}

struct error *history_feed(struct history *h, const struct trace_event *event)
{
    if (!h->begun && event->kind != TRACE_EVENT_type_define &&
        event->kind != TRACE_EVENT_code_define) {
        h->begun = true;
        h->begin_ns = event->time_ns;
    }
    if (event->time_ns > h->end_ns)
        h->end_ns = event->time_ns;
    if (event->address != h->address || event->kind == TRACE_EVENT_type_define ||
        event->kind == TRACE_EVENT_code_define || event->kind == TRACE_EVENT_thread_define)
        return NULL;
    // A later baseline says what is known already.
    if (event->kind == TRACE_EVENT_snapshot && h->count == event->refcount)
        return NULL;
    if (h->steps.count >= HISTORY_MAX)
        forget(h);
    struct history_step step = {.seq = event->seq,
                                .time_ns = event->time_ns,
                                .kind = event->kind,
                                .tid = event->tid,
                                .code = event->code,
                                .site = event->site,
                                .partner = HISTORY_NONE,
                                .type = event->type,
                                .generation = event->generation,
                                .size = event->size};
    const uint32_t index = (uint32_t)h->steps.count;
    count_change(h, event, &step);
    pair_up(h, &step, index);
    TRY(history_step_vec_push(&h->steps, step));
    live_or_die(h, event);
    return event->kind == TRACE_EVENT_incref ? u32_vec_push(&h->open, index) : NULL;
}
