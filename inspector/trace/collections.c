// See collections.h.
#include "inspector/trace/collections.h"

void collections_init(struct collections *c)
{
    *c = (struct collections){0};
}

void collections_deinit(struct collections *c)
{
    collection_vec_deinit(&c->runs);
}

static unsigned generation_of(const struct trace_event *event)
{
    return event->generation >= 0 && event->generation < COLLECTION_GENERATIONS
               ? (unsigned)event->generation
               : COLLECTION_GENERATIONS - 1;
}

static void add_to_sum(struct collection_sum *sum, const struct collection *run)
{
    sum->runs++;
    sum->examined += run->examined;
    sum->freed += run->freed;
    sum->uncollectable += run->uncollectable;
    sum->promoted += run->promoted;
    if (!run->timed)
        return;
    sum->timed_runs++;
    sum->total_ns += run->time_ns;
    if (run->time_ns > sum->max_ns)
        sum->max_ns = run->time_ns;
}

static struct error *on_done(struct collections *c, const struct trace_event *event)
{
    struct collection run = {.begin_ns = event->time_ns, .tid = event->tid};
    if (c->is_open && c->open.tid == event->tid) {
        run = c->open;
        run.timed = true;
        run.time_ns = event->time_ns - run.begin_ns;
    }
    c->is_open = false;
    run.generation = generation_of(event);
    run.examined = event->gc.examined;
    run.freed = event->gc.collected;
    run.uncollectable = event->gc.uncollectable;
    run.promoted = event->gc.promoted;
    add_to_sum(&c->sums[run.generation], &run);
    return c->runs.count < COLLECTIONS_MAX ? collection_vec_push(&c->runs, run) : NULL;
}

struct error *collections_feed(struct collections *c, const struct trace_event *event)
{
    if (event->kind == TRACE_EVENT_type_define || event->kind == TRACE_EVENT_code_define)
        return NULL;
    if (!c->begun) {
        c->begun = true;
        c->begin_ns = event->time_ns;
    }
    if (event->time_ns > c->end_ns)
        c->end_ns = event->time_ns;
    if (event->kind == TRACE_EVENT_gc_start) {
        c->is_open = true;
        c->open = (struct collection){.begin_ns = event->time_ns,
                                      .tid = event->tid,
                                      .generation = generation_of(event),
                                      .reason = event->gc.reason};
    }
    return event->kind == TRACE_EVENT_gc_done ? on_done(c, event) : NULL;
}
