// See run.h.
#include "inspector/top/run.h"

#include "inspector/base/clock.h"
#include "inspector/base/format.h"
#include "inspector/base/interrupt.h"
#include "inspector/top/draw.h"
#include "inspector/top/job.h"
#include "inspector/top/source.h"
#include "inspector/top/term.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_TICK_MS = 200, KEY_WAIT_ENDED_MS = 200, HOLDER_MATTERS_PERCENT = 25 };

struct view {
    struct top_model model;
    struct top_source *source;
    struct top_job job;
    struct screen screen;
    const struct top_options *options;
    uint64_t next_ns; // tick
    bool dirty, leaving;
};

static void draw(struct view *v)
{
    unsigned rows, columns;
    term_size(&rows, &columns);
    if (rows != v->screen.rows || columns != v->screen.columns) {
        screen_deinit(&v->screen);
        struct error *err = screen_init(&v->screen, rows, columns);
        if (err) {
            error_destroy(err);
            return;
        }
    }
    draw_model(&v->model, v->options->unicode, clock_now_ns(), &v->screen);
    term_show(&v->screen);
    v->dirty = false;
}

// ---- ticks ----

static void end_target(struct view *v)
{
    if (!v->model.ended_unix_s)
        v->model.ended_unix_s = (uint64_t)(clock_unix_ns() / (int64_t)CLOCK_NS_PER_S);
    v->dirty = true;
}

static struct error *tick(struct view *v)
{
    struct top_sample sample = {0};
    if (!top_source_alive(v->source)) {
        end_target(v);
        return NULL;
    }
    struct error *err = top_source_take(v->source, v->model.view, &sample);
    if (!err)
        err = top_model_take(&v->model, &sample);
    top_sample_deinit(&sample);
    v->dirty = true;
    if (err && !top_source_alive(v->source)) {
        error_destroy(err);
        end_target(v);
        return NULL;
    }
    return err;
}

// ---- dumps ----

static void start_dump(struct view *v)
{
    const uint64_t now_ns = clock_now_ns();
    struct error *err = top_job_start(&v->job, v->model.pid);
    if (err)
        top_model_say(&v->model, now_ns, "%s", err->message);
    else
        top_model_say(&v->model, now_ns, "dumping into %s", v->job.path);
    error_destroy(err);
}

// Types that are counted learn from the dump what the biggest object of each holds.
static void take_dump(struct view *v, struct top_dump *dump)
{
    struct top_model *m = &v->model;
    const uint64_t now_ns = clock_now_ns();
    if (*dump->failed) {
        top_model_say(m, now_ns, "no dump: %s", dump->failed);
        return;
    }
    top_model_say(m, now_ns, "%s: %s objects, stopped %s, %s", dump->path,
                  format_count(dump->objects).text, format_time_ns(dump->pause_ns).text,
                  format_bytes(dump->file_bytes).text);
    m->dump_cost_ns = dump->pause_ns;
    m->dumped_unix_s = clock_unix_ns() / (int64_t)CLOCK_NS_PER_S;
    snprintf(m->holder, sizeof m->holder, "%s", dump->holder);
    m->holder_matters = dump->holder_share * 100 >= HOLDER_MATTERS_PERCENT;
    top_group_vec_deinit(&m->dumped);
    m->dumped = dump->types;
    dump->types = (struct top_group_vec){0};
    m->resort = true;
    error_destroy(top_model_arrange(m));
}

static void look_at_job(struct view *v)
{
    struct top_dump dump;
    if (!top_job_done(&v->job, &dump))
        return;
    take_dump(v, &dump);
    top_dump_deinit(&dump);
    v->dirty = true;
}

// ---- keys ----

static void copy(struct view *v)
{
    struct strbuf text;
    strbuf_init(&text);
    draw_selected(&v->model, &text);
    term_copy(strbuf_text(&text));
    top_model_say(&v->model, clock_now_ns(), "copied");
    strbuf_deinit(&text);
}

static void handle_key(struct view *v, int key)
{
    const enum top_view before = v->model.view;
    switch (top_model_key(&v->model, key, clock_now_ns())) {
    case TOP_WISH_QUIT:
        v->leaving = true;
        break;
    case TOP_WISH_DUMP:
        start_dump(v);
        break;
    case TOP_WISH_COPY:
        copy(v);
        break;
    case TOP_WISH_RESET:
        top_source_reset(v->source);
        break;
    case TOP_WISH_REDRAW:
        term_redraw();
        break;
    default:
        break;
    }
    if (v->model.view != before) // what it shows may have to be switched on
        v->next_ns = clock_now_ns() + FIRST_TICK_MS * CLOCK_NS_PER_MS;
    v->dirty = true;
}

static int wait_ms(const struct view *v)
{
    const uint64_t now_ns = clock_now_ns();
    if (v->model.ended_unix_s)
        return KEY_WAIT_ENDED_MS;
    const uint64_t left_ms = v->next_ns > now_ns ? (v->next_ns - now_ns) / CLOCK_NS_PER_MS : 0;
    const int pause_ms = top_source_pause_ms(v->source);
    return left_ms < (uint64_t)pause_ms ? (int)left_ms : pause_ms;
}

// ---- the loop ----

static bool size_has_changed(const struct view *v)
{
    unsigned rows, columns;
    term_size(&rows, &columns);
    return rows != v->screen.rows || columns != v->screen.columns;
}

static struct error *turn(struct view *v)
{
    bool gone = false;
    const int key = term_key(wait_ms(v), &gone);
    if (key != TOP_KEY_NONE)
        handle_key(v, key);
    v->leaving |= gone || interrupted();
    look_at_job(v);
    if (!v->model.ended_unix_s) {
        top_source_poll(v->source);
        const uint64_t now_ns = clock_now_ns();
        if (now_ns >= v->next_ns || now_ns + v->model.tick_ns < v->next_ns) {
            TRY(tick(v));
            v->next_ns = clock_now_ns() + v->model.tick_ns;
        }
    }
    if (v->dirty || size_has_changed(v))
        draw(v);
    return NULL;
}

static void add_facts(struct view *v, pid_t pid)
{
    const struct top_source_facts *facts = top_source_facts(v->source);
    struct top_model *m = &v->model;
    m->pid = pid;
    m->tick_ns = v->options->tick_ns;
    m->view = v->options->view;
    m->start_unix_s = facts->start_unix_s;
    snprintf(m->name, sizeof m->name, "%s", facts->name);
    snprintf(m->runtime, sizeof m->runtime, "%s", facts->runtime);
    snprintf(m->version, sizeof m->version, "%s", facts->version);
}

struct error *top_run(pid_t pid, const struct top_options *options, struct strbuf *summary)
{
    struct view v = {.options = options};
    TRY(top_source_create(pid, options->no_events, &v.source));
    top_model_init(&v.model);
    top_job_init(&v.job);
    add_facts(&v, pid);
    interrupt_begin();
    struct error *err = term_open(options->color);
    if (!err) {
        v.next_ns = clock_now_ns() + FIRST_TICK_MS * CLOCK_NS_PER_MS;
        v.dirty = true;
        while (!err && !v.leaving)
            err = turn(&v);
        term_close();
        draw_summary(&v.model, summary);
    }
    interrupt_end();
    top_job_destroy(&v.job);
    top_source_destroy(v.source);
    top_model_deinit(&v.model);
    screen_deinit(&v.screen);
    return err;
}
