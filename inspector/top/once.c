// See once.h.
#include "inspector/top/once.h"

#include "inspector/base/clock.h"
#include "inspector/base/interrupt.h"
#include "inspector/export/json.h"
#include "inspector/top/source.h"

enum { GROUPS_TOLD = 100 };

static uint64_t percent(double share)
{
    return (uint64_t)(share * 100 + 0.5);
}

static const char *state_name(enum top_state state)
{
    static const char *const NAMES[] = {"holds", "waits", "runs", "blocked", "idle"};
    return NAMES[state];
}

static void add_memory(const struct top_sample *s, struct json *json)
{
    uint64_t live = 0, free_blocks = 0;
    for (size_t i = 0; i < s->pools.count; i++) {
        const struct look_class *class = &s->pools.classes[i];
        live += class->used * class->block_bytes;
        free_blocks += (class->capacity - class->used) * class->block_bytes;
    }
    json_begin(json, "memory", '{');
    json_count(json, "resident", s->rss_bytes);
    if (s->has_pools) {
        json_count(json, "live", live + s->pools.large_bytes);
        json_count(json, "free_blocks", free_blocks);
        json_count(json, "free_pools", s->pools.free_pools * s->pools.pool_bytes);
    }
    json_end(json, '}');
}

static void add_gil(const struct top_sample *s, struct json *json)
{
    if (!s->has_gil) {
        json_null(json, "gil");
        return;
    }
    json_begin(json, "gil", '{');
    json_text(json, "mode", s->gil_exact ? "exact" : "sampled");
    json_count(json, "held_percent", percent(s->gil_held));
    json_count(json, "waiting_percent", percent(s->gil_waiting));
    json_count(json, "longest_wait_ns", s->gil_longest_ns);
    json_count(json, "handoffs_per_second", (uint64_t)(s->handoff_rate + 0.5));
    json_end(json, '}');
}

static void add_gc(const struct top_sample *s, struct json *json)
{
    json_begin(json, "generations", '[');
    for (int i = 0; s->has_gc && i < LOOK_GENERATIONS; i++) {
        const double seconds = (double)s->window_ns / 1e9;
        json_begin(json, NULL, '{');
        json_count(json, "runs", (uint64_t)(s->generations[i].runs_rate * seconds + 0.5));
        json_count(json, "freed", (uint64_t)(s->generations[i].freed_rate * seconds + 0.5));
        if (s->gc_timed)
            json_count(json, "longest_ns", s->generations[i].longest_ns);
        else
            json_null(json, "longest_ns");
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void add_thread(const struct top_thread *thread, struct json *json)
{
    json_begin(json, NULL, '{');
    json_count(json, "tid", (uint64_t)thread->tid);
    json_text(json, "name", thread->name);
    json_text(json, "state", state_name(thread->state));
    json_count(json, "held_percent", percent(thread->held));
    json_count(json, "wait_percent", percent(thread->wait));
    if (thread->behind_count)
        json_count(json, "behind", (uint64_t)thread->behind[0].tid);
    else
        json_null(json, "behind");
    json_begin(json, "stack", '[');
    for (uint32_t i = 0; i < thread->depth; i++) {
        json_begin(json, NULL, '{');
        json_text(json, "function", thread->frames[i].function);
        json_text(json, "file", thread->frames[i].file);
        json_count(json, "line", thread->frames[i].line);
        json_end(json, '}');
    }
    json_end(json, ']');
    json_end(json, '}');
}

static int compare_made(const void *a, const void *b)
{
    const struct top_group *x = a, *y = b;
    return (x->made_rate < y->made_rate) - (x->made_rate > y->made_rate);
}

static void add_groups(const char *key, bool known, struct top_group_vec *groups, struct json *json)
{
    if (!known) {
        json_null(json, key);
        return;
    }
    if (groups->count)
        qsort(groups->items, groups->count, sizeof *groups->items, compare_made);
    json_begin(json, key, '[');
    for (size_t i = 0; i < groups->count && i < GROUPS_TOLD; i++) {
        const struct top_group *group = &groups->items[i];
        json_begin(json, NULL, '{');
        json_text(json, "name", group->name);
        json_count(json, "live", group->live);
        json_count(json, "live_bytes", group->live_bytes);
        json_count(json, "made_per_second", (uint64_t)(group->made_rate + 0.5));
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void add_sample(pid_t pid, const struct top_source_facts *facts, struct top_sample *s,
                       struct strbuf *out)
{
    struct json json = {.out = out};
    json_begin(&json, NULL, '{');
    json_text(&json, "verb", "top");
    json_count(&json, "pid", (uint64_t)pid);
    json_text(&json, "name", facts->name);
    json_text(&json, "runtime", facts->runtime);
    json_text(&json, "version", facts->version);
    json_count(&json, "window_ns", s->window_ns);
    if (*s->lost)
        json_text(&json, "lost", s->lost);
    else
        json_null(&json, "lost");
    add_memory(s, &json);
    add_gil(s, &json);
    add_gc(s, &json);
    json_begin(&json, "threads", '[');
    for (size_t i = 0; i < s->threads.count; i++)
        add_thread(&s->threads.items[i], &json);
    json_end(&json, ']');
    add_groups("types", s->has_types, &s->types, &json);
    add_groups("sites", s->has_sites, &s->sites, &json);
    json_count(&json, "dropped", s->dropped);
    json_end(&json, '}');
    strbuf_add_char(out, '\n');
}

static struct error *listen(struct top_source *source, const struct top_options *options,
                            struct top_sample *ret)
{
    struct top_sample first = {0};
    struct error *err = top_source_take(source, options->view, &first); // switches on what is asked
    top_sample_deinit(&first);
    const uint64_t until_ns = clock_now_ns() + options->tick_ns;
    while (!err && clock_now_ns() < until_ns && !interrupted() && top_source_alive(source)) {
        top_source_poll(source);
        clock_sleep_ns((uint64_t)top_source_pause_ms(source) * CLOCK_NS_PER_MS);
    }
    return err ? err : top_source_take(source, options->view, ret);
}

struct error *top_once(pid_t pid, const struct top_options *options, struct strbuf *out)
{
    struct top_source *source = NULL;
    struct top_sample sample = {0};
    TRY(top_source_create(pid, options->no_events, &source));
    interrupt_begin();
    struct error *err = listen(source, options, &sample);
    interrupt_end();
    if (!err)
        add_sample(pid, top_source_facts(source), &sample, out);
    top_sample_deinit(&sample);
    top_source_destroy(source);
    return err;
}
