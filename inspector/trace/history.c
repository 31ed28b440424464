// See history.h.
#include "inspector/trace/history.h"

#include <string.h>

void history_init(struct history *h, uint64_t address, uint32_t chosen)
{
    *h = (struct history){.address = address,
                          .chosen = chosen,
                          .first_count = HISTORY_UNKNOWN,
                          .count = HISTORY_UNKNOWN};
}

void history_deinit(struct history *h)
{
    history_step_vec_deinit(&h->steps);
    u32_vec_deinit(&h->open);
    u32_vec_deinit(&h->pending);
    for (size_t i = 0; i < h->threads.count; i++)
        history_call_vec_deinit(&h->threads.items[i].calls);
    history_thread_vec_deinit(&h->threads);
}

// ---- calls ----

static struct history_thread *find_thread(struct history *h, uint32_t tid, struct error **err)
{
    for (size_t i = 0; i < h->threads.count; i++)
        if (h->threads.items[i].tid == tid)
            return &h->threads.items[i];
    if (h->threads.count >= HISTORY_THREADS)
        return NULL;
    *err = history_thread_vec_push(&h->threads,
                                   (struct history_thread){.tid = tid, .base = ++h->last_call});
    return *err ? NULL : history_thread_vec_last(&h->threads);
}

static struct error *follow_call(struct history *h, const struct trace_event *event)
{
    struct error *err = NULL;
    struct history_thread *thread = find_thread(h, event->tid, &err);
    if (!thread)
        return err;
    if (event->kind == TRACE_EVENT_enter && thread->calls.count < HISTORY_DEPTH)
        return history_call_vec_push(
            &thread->calls, (struct history_call){.number = ++h->last_call, .seq = event->seq});
    if (event->kind == TRACE_EVENT_leave && thread->calls.count)
        thread->calls.count--;
    return NULL;
}

static uint64_t call_at(const struct history_thread *thread, size_t up)
{
    return thread->calls.count > up ? thread->calls.items[thread->calls.count - 1 - up].number
                                    : thread->base;
}

// ---- changes ----

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

// The place in `open` of the take that a drop gives back; see history.h.
static size_t choose_take(const struct history *h, const struct history_thread *thread,
                          const struct history_step *drop, bool at_return)
{
    const size_t count = h->open.count;
    const size_t oldest = count > HISTORY_LOOK_BACK ? count - HISTORY_LOOK_BACK : 0;
    size_t same_site = count, argument = count, same_call = count;
    const uint64_t caller = thread ? call_at(thread, 1) : 0;
    const uint64_t began = thread && thread->calls.count
                               ? thread->calls.items[thread->calls.count - 1].seq
                               : 0; // 0: not seen
    for (size_t i = count; i-- > oldest;) {
        const struct history_step *take = &h->steps.items[h->open.items[i]];
        if (take->call == drop->call && take->site == drop->site)
            same_site = i;
        if (argument == count && take->call == caller && take->seq < began &&
            take->seq + HISTORY_ARGUMENTS >= began)
            argument = i;
        if (same_call == count && take->call == drop->call)
            same_call = i;
    }
    if (at_return && argument < count)
        return argument;
    return same_site < count   ? same_site
           : argument < count  ? argument
           : same_call < count ? same_call
                               : count - 1;
}

static void pair(struct history *h, uint32_t drop, bool at_return)
{
    struct history_step *step = &h->steps.items[drop];
    const struct history_thread *thread = NULL;
    for (size_t i = 0; i < h->threads.count && !thread; i++)
        if (h->threads.items[i].tid == step->tid)
            thread = &h->threads.items[i];
    if (h->open.count == 0)
        return;
    const size_t chosen = choose_take(h, thread, step, at_return);
    step->partner = h->open.items[chosen];
    h->steps.items[step->partner].partner = drop;
    memmove(h->open.items + chosen, h->open.items + chosen + 1,
            (h->open.count - chosen - 1) * sizeof *h->open.items);
    h->open.count--;
}

static void settle(struct history *h, bool at_return)
{
    if (at_return && h->pending.count)
        pair(h, h->pending.items[--h->pending.count], true);
    for (size_t i = 0; i < h->pending.count; i++)
        pair(h, h->pending.items[i], false);
    h->pending.count = 0;
}

// Something happened in the thread whose drops are pending: do they still wait?
static void look_at_pending(struct history *h, const struct trace_event *event)
{
    if (!h->pending.count || event->tid != h->pending_tid)
        return;
    switch (event->kind) {
    case TRACE_EVENT_leave:
        settle(h, true);
        return;
    case TRACE_EVENT_decref:
    case TRACE_EVENT_free:
    case TRACE_EVENT_gc_untrack:
        if (event->kind != TRACE_EVENT_free || event->address != h->address)
            return; // the run goes on
        break;
    default:
        break;
    }
    settle(h, false);
}

// Another object begins at this address: what was known of the one before is forgotten, unless it
// is the chosen one.
static void begin_life(struct history *h)
{
    h->lives++;
    if (h->chosen && h->lives > h->chosen)
        return;
    h->steps.count = h->open.count = h->pending.count = 0;
    h->forgotten = h->takes = h->drops = 0;
    h->first_count = h->count = HISTORY_UNKNOWN;
    h->type = 0;
}

// An object that was chosen and has gone; only the number of its successors matters.
static bool is_over(const struct history *h)
{
    return h->chosen && h->lives > h->chosen;
}

static void live_or_die(struct history *h, const struct trace_event *event)
{
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

// What came before is known by its count alone.
static void begin_window(struct history *h, uint64_t time_ns)
{
    settle(h, false);
    h->steps.count = h->open.count = 0;
    h->takes = h->drops = h->forgotten = 0;
    h->first_count = h->count;
    h->begin_ns = time_ns;
    h->from_ns = 0;
}

void history_finish(struct history *h)
{
    settle(h, false);
    if (h->from_ns) // nothing happened in the window
        begin_window(h, h->from_ns);
    if (h->chosen && h->lives > h->chosen)
        h->alive = false; /* the one that is told of; another may be */
}

struct error *history_feed(struct history *h, const struct trace_event *event)
{
    if (h->from_ns && event->time_ns >= h->from_ns)
        begin_window(h, event->time_ns);
    if (!h->begun && event->kind != TRACE_EVENT_type_define &&
        event->kind != TRACE_EVENT_code_define) {
        h->begun = true;
        h->begin_ns = event->time_ns;
    }
    if (event->time_ns > h->end_ns)
        h->end_ns = event->time_ns;
    look_at_pending(h, event);
    if (event->kind == TRACE_EVENT_enter || event->kind == TRACE_EVENT_leave)
        return follow_call(h, event);
    if (event->address != h->address || event->kind == TRACE_EVENT_type_define ||
        event->kind == TRACE_EVENT_code_define || event->kind == TRACE_EVENT_thread_define)
        return NULL;
    // A later baseline says what is known already.
    if (event->kind == TRACE_EVENT_snapshot && h->count == event->refcount)
        return NULL;
    if (event->kind == TRACE_EVENT_alloc || !h->alive) {
        settle(h, false);
        begin_life(h);
    }
    if (is_over(h)) {
        h->alive = event->kind != TRACE_EVENT_free;
        return NULL;
    }
    if (h->steps.count >= HISTORY_MAX) {
        settle(h, false);
        forget(h);
    }
    struct error *err = NULL;
    const struct history_thread *thread = find_thread(h, event->tid, &err);
    TRY(err);
    struct history_step step = {.seq = event->seq,
                                .time_ns = event->time_ns,
                                .kind = event->kind,
                                .tid = event->tid,
                                .code = event->code,
                                .site = event->site,
                                .partner = HISTORY_NONE,
                                .call = thread ? call_at(thread, 0) : 0,
                                .type = event->type,
                                .generation = event->generation,
                                .size = event->size};
    const uint32_t index = (uint32_t)h->steps.count;
    count_change(h, event, &step);
    TRY(history_step_vec_push(&h->steps, step));
    live_or_die(h, event);
    if (event->kind == TRACE_EVENT_decref) {
        if (h->pending_tid != event->tid)
            settle(h, false);
        h->pending_tid = event->tid;
        return u32_vec_push(&h->pending, index);
    }
    return event->kind == TRACE_EVENT_incref ? u32_vec_push(&h->open, index) : NULL;
}
