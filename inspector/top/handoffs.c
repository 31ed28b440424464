// See handoffs.h.
#include "inspector/top/handoffs.h"

void handoffs_init(struct handoffs *h)
{
    *h = (struct handoffs){0};
}

void handoffs_deinit(struct handoffs *h)
{
    handoffs_thread_vec_deinit(&h->threads);
}

const struct handoffs_thread *handoffs_find(const struct handoffs *h, uint32_t tid)
{
    for (size_t i = 0; i < h->threads.count; i++)
        if (h->threads.items[i].tid == tid)
            return &h->threads.items[i];
    return NULL;
}

// *ret is NULL for a tid of 0 and beyond HANDOFFS_THREADS.
static struct error *thread_of(struct handoffs *h, uint32_t tid, struct handoffs_thread **ret)
{
    *ret = (struct handoffs_thread *)handoffs_find(h, tid);
    if (*ret || !tid || h->threads.count >= HANDOFFS_THREADS)
        return NULL;
    TRY(handoffs_thread_vec_extend(&h->threads, 1, ret));
    (*ret)->tid = tid;
    return NULL;
}

static void add_behind(struct handoffs_thread *thread, uint32_t holder, uint64_t time_ns)
{
    struct handoffs_behind *least = &thread->behind[0];
    for (int i = 0; i < HANDOFFS_BEHIND; i++) {
        if (thread->behind[i].tid == holder) {
            thread->behind[i].wait_ns += time_ns;
            return;
        }
        if (thread->behind[i].wait_ns < least->wait_ns)
            least = &thread->behind[i];
    }
    if (least->wait_ns < time_ns)
        *least = (struct handoffs_behind){.tid = holder, .wait_ns = time_ns};
}

void handoffs_advance(struct handoffs *h, uint64_t now_ns)
{
    const uint64_t from = h->begun ? h->now_ns : now_ns;
    h->begun = true;
    if (now_ns <= from) {
        h->now_ns = from;
        return;
    }
    const uint64_t time_ns = now_ns - from;
    h->tick_ns += time_ns;
    for (size_t i = 0; i < h->threads.count; i++) {
        struct handoffs_thread *thread = &h->threads.items[i];
        if (thread->tid == h->holder) {
            thread->held_ns += time_ns;
        } else if (thread->waits) {
            thread->wait_ns += time_ns;
            if (h->holder)
                add_behind(thread, h->holder, time_ns);
        }
    }
    h->now_ns = now_ns;
}

static void took(struct handoffs *h, struct handoffs_thread *thread, uint64_t waited_ns)
{
    if (thread->waits && waited_ns == 0)
        waited_ns = h->now_ns - thread->waits_since_ns;
    if (!thread->waits) // its beginning was not seen
        thread->wait_ns += waited_ns;
    thread->waits = false;
    if (waited_ns > thread->longest_ns)
        thread->longest_ns = waited_ns;
    if (waited_ns > h->longest_ns)
        h->longest_ns = waited_ns;
    if (h->last_holder && h->last_holder != thread->tid)
        h->count++;
    h->holder = h->last_holder = thread->tid;
}

struct error *handoffs_feed(struct handoffs *h, const struct trace_event *event)
{
    struct handoffs_thread *thread = NULL;
    handoffs_advance(h, event->time_ns);
    switch (event->kind) {
    case TRACE_EVENT_gil_wait:
        TRY(thread_of(h, event->tid, &thread));
        if (thread && !thread->waits && h->holder != thread->tid) {
            thread->waits = true;
            thread->waits_since_ns = h->now_ns;
        }
        break;
    case TRACE_EVENT_gil_acquire:
        TRY(thread_of(h, event->tid, &thread));
        h->known = true;
        if (thread)
            took(h, thread, event->gil.duration_ns);
        break;
    case TRACE_EVENT_gil_release:
        TRY(thread_of(h, event->tid, &thread));
        h->known = true;
        h->holder = 0;
        h->last_holder = event->tid;
        break;
    case TRACE_EVENT_thread_exit:
        handoffs_forget(h, event->tid);
        return NULL;
    default:
        return NULL;
    }
    if (thread && event->code) {
        thread->code = event->code;
        thread->site = event->site;
    }
    return NULL;
}

struct error *handoffs_guess(struct handoffs *h, uint32_t holder)
{
    struct handoffs_thread *thread = NULL;
    if (h->known)
        return NULL;
    TRY(thread_of(h, holder, &thread));
    h->holder = thread ? holder : 0;
    return NULL;
}

void handoffs_next_tick(struct handoffs *h)
{
    h->count = h->longest_ns = h->tick_ns = 0;
    for (size_t i = 0; i < h->threads.count; i++) {
        struct handoffs_thread *thread = &h->threads.items[i];
        thread->held_ns = thread->wait_ns = thread->longest_ns = 0;
        memset(thread->behind, 0, sizeof thread->behind);
    }
}

void handoffs_forget(struct handoffs *h, uint32_t tid)
{
    if (h->holder == tid)
        h->holder = 0;
    for (size_t i = 0; i < h->threads.count; i++)
        if (h->threads.items[i].tid == tid) {
            h->threads.items[i] = h->threads.items[--h->threads.count];
            return;
        }
}
