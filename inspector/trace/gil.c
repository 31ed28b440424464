// See gil.h.
#include "inspector/trace/gil.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLICE_NS = 100000 };

struct gil_timeline *gil_timeline_create(void)
{
    struct gil_timeline *t = calloc(1, sizeof *t);
    if (t)
        t->slice_ns = FIRST_SLICE_NS;
    return t;
}

void gil_timeline_destroy(struct gil_timeline *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->threads.count; i++) {
        gil_behind_vec_deinit(&t->threads.items[i]->behind);
        free(t->threads.items[i]);
    }
    gil_thread_vec_deinit(&t->threads);
    gil_place_vec_deinit(&t->places);
    free(t);
}

const char *gil_reason_name(unsigned reason)
{
    switch (reason) {
    case TRACE_GIL_BLOCKING:
        return "blocking";
    case TRACE_GIL_INTERVAL:
        return "interval";
    case TRACE_GIL_FINISHED:
        return "finished";
    default:
        return "unknown";
    }
}

// NULL beyond GIL_THREADS_MAX, and without memory (*err).
static struct gil_thread *find_thread(struct gil_timeline *t, uint32_t tid, struct error **err)
{
    for (size_t i = t->threads.count; i-- > 0;)
        if (t->threads.items[i]->tid == tid)
            return t->threads.items[i];
    if (t->threads.count >= GIL_THREADS_MAX || tid == 0)
        return NULL;
    struct gil_thread *thread = calloc(1, sizeof *thread);
    if (!thread)
        *err = &error_no_memory;
    else if ((*err = gil_thread_vec_push(&t->threads, thread)))
        free(thread);
    if (*err)
        return NULL;
    thread->tid = tid;
    return thread;
}

// ---- the strip ----

static void join_slices(uint64_t *slices)
{
    for (int i = 0; i < GIL_SLICES / 2; i++)
        slices[i] = slices[2 * i] + slices[2 * i + 1];
    memset(slices + GIL_SLICES / 2, 0, GIL_SLICES / 2 * sizeof *slices);
}

static void widen(struct gil_timeline *t, uint64_t to_ns)
{
    while ((to_ns - t->begin_ns) / t->slice_ns >= GIL_SLICES) {
        for (size_t i = 0; i < t->threads.count; i++) {
            join_slices(t->threads.items[i]->held_in);
            join_slices(t->threads.items[i]->waited_in);
        }
        t->slice_ns *= 2;
    }
}

static void mark(struct gil_timeline *t, uint64_t *slices, uint64_t from, uint64_t to)
{
    while (from < to) {
        const uint64_t index = (from - t->begin_ns) / t->slice_ns;
        const uint64_t border = t->begin_ns + (index + 1) * t->slice_ns;
        const uint64_t end = to < border ? to : border;
        if (index >= GIL_SLICES)
            return;
        slices[index] += end - from;
        from = end;
    }
}

struct cell_sum {
    uint64_t held, waited;
};

static struct cell_sum sum_slices(const struct gil_thread *thread, unsigned from, unsigned to)
{
    struct cell_sum sum = {0};
    for (unsigned i = from; i < to && i < GIL_SLICES; i++) {
        sum.held += thread->held_in[i];
        sum.waited += thread->waited_in[i];
    }
    return sum;
}

// Who holds most in a column gets its '#', however little that is of the column's time: with a
// handoff every few milliseconds everybody waits more than they hold.
static char cell_of(const struct gil_timeline *t, const struct gil_thread *thread, unsigned from,
                    unsigned to)
{
    const struct cell_sum mine = sum_slices(thread, from, to);
    const uint64_t width = (uint64_t)(to - from) * t->slice_ns;
    bool most = mine.held * 10 >= width;
    for (size_t i = 0; most && i < t->threads.count; i++)
        if (t->threads.items[i] != thread)
            most = sum_slices(t->threads.items[i], from, to).held <= mine.held;
    if (most)
        return '#';
    if (mine.waited * 4 >= width)
        return '~';
    return mine.held * 4 >= width ? '#' : '.';
}

void gil_add_strip(const struct gil_timeline *t, const struct gil_thread *thread, unsigned columns,
                   char *ret)
{
    uint64_t used = (t->end_ns - t->begin_ns + t->slice_ns - 1) / t->slice_ns;
    used = used < 1 ? 1 : used > GIL_SLICES ? GIL_SLICES : used;
    for (unsigned i = 0; i < columns; i++) {
        const unsigned from = (unsigned)(i * used / columns);
        unsigned to = (unsigned)((i + 1) * used / columns);
        if (to <= from)
            to = from + 1;
        ret[i] = cell_of(t, thread, from, to);
    }
    ret[columns] = 0;
}

// ---- holds and waits ----

static struct error *add_behind(struct gil_thread *thread, uint32_t tid, uint64_t wait_ns)
{
    for (size_t i = 0; i < thread->behind.count; i++)
        if (thread->behind.items[i].tid == tid) {
            thread->behind.items[i].wait_ns += wait_ns;
            return NULL;
        }
    if (thread->behind.count >= GIL_THREADS_MAX)
        return NULL;
    return gil_behind_vec_push(&thread->behind, (struct gil_behind){tid, wait_ns});
}

static struct error *add_wait(struct gil_timeline *t, struct gil_thread *thread, uint64_t from,
                              uint64_t to)
{
    const uint64_t wait_ns = to - from;
    thread->wait_ns += wait_ns;
    if (wait_ns > thread->longest_wait_ns)
        thread->longest_wait_ns = wait_ns;
    mark(t, thread->waited_in, from, to);
    const uint64_t oldest = t->hold_count > GIL_RECENT ? t->hold_count - GIL_RECENT : 0;
    for (uint64_t i = t->hold_count; i-- > oldest;) {
        const struct gil_hold *hold = &t->recent[i % GIL_RECENT];
        const uint64_t begin = hold->begin_ns > from ? hold->begin_ns : from;
        const uint64_t end = hold->end_ns < to ? hold->end_ns : to;
        if (begin < end && hold->tid != thread->tid)
            TRY(add_behind(thread, hold->tid, end - begin));
        if (hold->begin_ns <= from)
            break;
    }
    return NULL;
}

static struct error *add_place(struct gil_timeline *t, const struct trace_event *event,
                               uint64_t held_ns)
{
    struct gil_place *place = NULL;
    for (size_t i = 0; i < t->places.count && !place; i++) {
        struct gil_place *p = &t->places.items[i];
        if (p->code == event->code && p->site == event->site && p->reason == event->gil.reason)
            place = p;
    }
    if (!place && t->places.count < GIL_PLACES_MAX) {
        TRY(gil_place_vec_push(&t->places, (struct gil_place){.code = event->code,
                                                              .site = event->site,
                                                              .reason = event->gil.reason}));
        place = gil_place_vec_last(&t->places);
    }
    if (place) {
        place->count++;
        place->held_ns += held_ns;
    }
    return NULL;
}

// The present hold ends now. Its length; 0 when nobody was known to hold.
static uint64_t end_hold(struct gil_timeline *t, uint64_t now_ns)
{
    struct error *err = NULL;
    struct gil_thread *thread = t->holder ? find_thread(t, t->holder, &err) : NULL;
    error_destroy(err);
    if (!thread)
        return 0;
    const uint64_t held_ns = now_ns - t->held_since_ns;
    thread->held_ns += held_ns;
    if (held_ns > thread->longest_hold_ns)
        thread->longest_hold_ns = held_ns;
    mark(t, thread->held_in, t->held_since_ns, now_ns);
    t->recent[t->hold_count++ % GIL_RECENT] =
        (struct gil_hold){t->holder, t->held_since_ns, now_ns};
    t->last_holder = t->holder;
    t->holder = 0;
    return held_ns;
}

static struct error *on_acquire(struct gil_timeline *t, struct gil_thread *thread,
                                const struct trace_event *event)
{
    const uint64_t now_ns = event->time_ns;
    end_hold(t, now_ns); // its release is missing
    thread->acquires++;
    if (t->last_holder && t->last_holder != thread->tid)
        t->handoffs++;
    uint64_t since_ns = thread->waiting_since ? thread->waiting_since - 1 : now_ns;
    if (event->gil.duration_ns) // nearer to the truth than the time of the waiting record
        since_ns = event->gil.duration_ns < now_ns ? now_ns - event->gil.duration_ns : 0;
    if (since_ns < t->begin_ns)
        since_ns = t->begin_ns;
    thread->waiting_since = 0;
    t->holder = thread->tid;
    t->held_since_ns = now_ns;
    if (since_ns >= now_ns)
        return NULL;
    thread->waits++;
    return add_wait(t, thread, since_ns, now_ns);
}

static struct error *on_release(struct gil_timeline *t, struct gil_thread *thread,
                                const struct trace_event *event)
{
    if (t->holder != thread->tid) {
        // The first release of the window, or the acquire is missing.
        if (t->holder)
            end_hold(t, event->time_ns);
        const uint64_t held_ns = event->gil.duration_ns;
        const uint64_t earliest_ns =
            t->hold_count ? t->recent[(t->hold_count - 1) % GIL_RECENT].end_ns : t->begin_ns;
        t->holder = thread->tid;
        t->held_since_ns = held_ns && held_ns < event->time_ns ? event->time_ns - held_ns : 0;
        if (t->held_since_ns < earliest_ns)
            t->held_since_ns = earliest_ns;
    }
    const uint64_t held_ns = end_hold(t, event->time_ns);
    thread->released[event->gil.reason % GIL_REASONS]++;
    return add_place(t, event, held_ns);
}

struct error *gil_feed(struct gil_timeline *t, const struct trace_event *event)
{
    struct error *err = NULL;
    if (event->kind == TRACE_EVENT_type_define || event->kind == TRACE_EVENT_code_define)
        return NULL;
    if (!t->begun) {
        t->begun = true;
        t->begin_ns = t->end_ns = event->time_ns;
    }
    if (event->time_ns > t->end_ns) {
        t->end_ns = event->time_ns;
        widen(t, t->end_ns);
    }
    if (event->kind < TRACE_EVENT_gil_request || event->kind > TRACE_EVENT_gil_release)
        return NULL;
    t->events++;
    struct gil_thread *thread = find_thread(t, event->tid, &err);
    if (!thread)
        return err;
    switch (event->kind) {
    case TRACE_EVENT_gil_wait:
        thread->waiting_since = event->time_ns + 1;
        return NULL;
    case TRACE_EVENT_gil_request:
        thread->requests++;
        return NULL;
    case TRACE_EVENT_gil_acquire:
        return on_acquire(t, thread, event);
    default:
        return on_release(t, thread, event);
    }
}

// ---- the end ----

static int by_wait(const void *left, const void *right)
{
    const struct gil_thread *a = *(struct gil_thread *const *)left;
    const struct gil_thread *b = *(struct gil_thread *const *)right;
    if (a->wait_ns != b->wait_ns)
        return a->wait_ns < b->wait_ns ? 1 : -1;
    return a->held_ns < b->held_ns ? 1 : a->held_ns > b->held_ns ? -1 : 0;
}

static int by_behind(const void *left, const void *right)
{
    const struct gil_behind *a = left, *b = right;
    return a->wait_ns < b->wait_ns ? 1 : a->wait_ns > b->wait_ns ? -1 : 0;
}

static int by_held(const void *left, const void *right)
{
    const struct gil_place *a = left, *b = right;
    return a->held_ns < b->held_ns ? 1 : a->held_ns > b->held_ns ? -1 : 0;
}

struct error *gil_finish(struct gil_timeline *t)
{
    end_hold(t, t->end_ns);
    for (size_t i = 0; i < t->threads.count; i++) {
        struct gil_thread *thread = t->threads.items[i];
        if (thread->waiting_since && thread->waiting_since - 1 < t->end_ns) {
            thread->waits++;
            TRY(add_wait(t, thread, thread->waiting_since - 1, t->end_ns));
        }
        thread->waiting_since = 0;
        if (thread->behind.count)
            qsort(thread->behind.items, thread->behind.count, sizeof *thread->behind.items,
                  by_behind);
        t->held_ns += thread->held_ns;
        t->wait_ns += thread->wait_ns;
    }
    if (t->threads.count)
        qsort(t->threads.items, t->threads.count, sizeof *t->threads.items, by_wait);
    if (t->places.count)
        qsort(t->places.items, t->places.count, sizeof *t->places.items, by_held);
    return NULL;
}
