// See draw.h.
#include "inspector/top/draw.h"

#include "inspector/base/clock.h"
#include "inspector/base/format.h"
#include "inspector/top/draw_parts.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *keys, *help, *footer;
} KEYS[] = {
#define KEY(keys_, help_, footer_) {keys_, help_, footer_},
#include "inspector/top/keys.def"
};
enum { KEY_COUNT = sizeof KEYS / sizeof *KEYS };

// ---- the head ----

static void add_span(uint64_t seconds, char *text, size_t size)
{
    if (seconds < 100)
        snprintf(text, size, "%us", (unsigned)seconds);
    else if (seconds < 3600)
        snprintf(text, size, "%um%02us", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
    else if (seconds < 48 * 3600)
        snprintf(text, size, "%uh%02um", (unsigned)(seconds / 3600), (unsigned)(seconds / 60 % 60));
    else
        snprintf(text, size, "%ud%02uh", (unsigned)(seconds / 86400),
                 (unsigned)(seconds / 3600 % 24));
}

static void add_clock(int64_t unix_s, char *text, size_t size)
{
    struct tm broken;
    const time_t seconds = (time_t)unix_s;
    if (!localtime_r(&seconds, &broken) || !strftime(text, size, "%H:%M:%S", &broken))
        snprintf(text, size, "-");
}

static void add_status(const struct top_model *m, uint64_t now_ns, char *text, size_t size)
{
    char when[16];
    if (m->ended_unix_s) {
        add_clock((int64_t)m->ended_unix_s, when, sizeof when);
        snprintf(text, size, "[exited %s]", when);
    } else if (m->paused_at_ns) {
        snprintf(text, size, "[paused %u s]",
                 (unsigned)((now_ns - m->paused_at_ns) / CLOCK_NS_PER_S));
    } else if (*m->now.lost) {
        snprintf(text, size, "[outside]");
    } else {
        snprintf(text, size, "[running]");
    }
}

static void draw_head(struct drawing *d)
{
    const struct top_model *m = d->model;
    char up[16], when[16], status[40], right[96];
    add_span(m->start_unix_s && (uint64_t)m->now.unix_s > m->start_unix_s
                 ? (uint64_t)m->now.unix_s - m->start_unix_s
                 : 0,
             up, sizeof up);
    add_clock(m->now.unix_s, when, sizeof when);
    add_status(m, d->now_ns, status, sizeof status);
    const unsigned at = screen_text(d->screen, 0, 1, d->screen->columns < 100 ? 14 : 40, LOOK_BOLD,
                                    CUT_MIDDLE, m->name);
    screen_print(d->screen, 0, at + 3, LOOK_PLAIN, "pid %d  %s%s%s  up %s", (int)m->pid,
                 strcmp(m->runtime, "cpython") == 0 ? "CPython" : m->runtime,
                 *m->version ? " " : "", m->version, up);
    snprintf(right, sizeof right, " %s  tick %.*f s  %s", when, m->tick_ns % CLOCK_NS_PER_S ? 2 : 0,
             (double)m->tick_ns / 1e9, status);
    const unsigned width = (unsigned)strlen(right);
    screen_fill(d->screen, 0, d->screen->columns - width - 1, width + 1, LOOK_PLAIN, ' ');
    screen_text(d->screen, 0, d->screen->columns - width - 1, width, LOOK_PLAIN, CUT_END, right);
    if (m->ended_unix_s || m->paused_at_ns || *m->now.lost)
        screen_add_look(d->screen, 0, d->screen->columns - 1 - (unsigned)strlen(status),
                        (unsigned)strlen(status), LOOK_REVERSE);
}

// ---- memory ----

struct memory {
    uint64_t live, free_blocks, free_pools, native;
};

static struct memory memory_of(const struct top_sample *s)
{
    struct memory memory = {0};
    for (size_t i = 0; i < s->pools.count; i++) {
        const struct look_class *class = &s->pools.classes[i];
        memory.live += class->used * class->block_bytes;
        memory.free_blocks += (class->capacity - class->used) * class->block_bytes;
    }
    memory.live += s->pools.large_bytes;
    memory.free_pools = s->pools.free_pools * s->pools.pool_bytes;
    const uint64_t known = memory.live + memory.free_blocks;
    memory.native = s->rss_bytes > known ? s->rss_bytes - known : 0;
    // Free pools are address space: they are resident only as far as something has written there.
    memory.free_pools = memory.free_pools < memory.native ? memory.free_pools : 0;
    memory.native -= memory.free_pools;
    return memory;
}

static unsigned part_of(uint64_t bytes, uint64_t whole, unsigned width)
{
    return whole ? (unsigned)((double)bytes / (double)whole * width + 0.5) : 0;
}

static void draw_bar(struct drawing *d, unsigned row, unsigned column, unsigned width,
                     const struct memory *memory)
{
    static const uint32_t PLAIN[] = {'#', '=', '.', '/'};
    static const uint32_t BLOCKS[] = {0x2588, 0x2593, 0x2591, 0x2571};
    const uint64_t parts[] = {memory->live, memory->free_blocks, memory->free_pools,
                              memory->native};
    uint64_t whole = 0, sum = 0;
    for (int i = 0; i < 4; i++)
        whole += parts[i];
    for (int i = 0, from = 0; i < 4; i++) {
        sum += parts[i];
        const int to = (int)part_of(sum, whole, width);
        for (; from < to; from++)
            screen_fill(d->screen, row, column + (unsigned)from, 1, LOOK_PLAIN,
                        d->unicode ? BLOCKS[i] : PLAIN[i]);
    }
}

static void draw_memory(struct drawing *d)
{
    const struct top_sample *s = &d->model->now;
    char change[48];
    screen_print(d->screen, 1, 1, LOOK_PLAIN, "memory");
    const unsigned end =
        8 + screen_print(d->screen, 1, 8, LOOK_BOLD, "%s", format_bytes(s->rss_bytes).text);
    if (d->model->rss_count > 10)
        snprintf(change, sizeof change, "%s/m",
                 format_bytes_change((int64_t)(d->model->memory_rate * 60)).text);
    else
        snprintf(change, sizeof change, "-/m");
    if (!s->has_pools) {
        screen_print(d->screen, 1, end + 2, LOOK_PLAIN, "resident  %s", change);
        screen_print(d->screen, 2, 3, LOOK_DIM, "what is in it cannot be read");
        return;
    }
    const struct memory memory = memory_of(s);
    char live[96];
    snprintf(live, sizeof live, "live %s", format_bytes(memory.live).text);
    const unsigned right = (unsigned)(strlen(live) + strlen(change) + 4);
    const unsigned bar =
        d->screen->columns > end + right + 14 ? d->screen->columns - end - right - 3 : 10;
    draw_bar(d, 1, end + 2, bar, &memory);
    screen_print(d->screen, 1, end + bar + 4, LOOK_PLAIN, "%s  %s", live, change);
    screen_print(
        d->screen, 2, 3, LOOK_PLAIN, "%s live   %s free blocks %s   %s free pools %s   %s %s %s",
        d->unicode ? "█" : "#", d->unicode ? "▓" : "=", format_bytes(memory.free_blocks).text,
        d->unicode ? "░" : ".", format_bytes(memory.free_pools).text, d->unicode ? "╱" : "/",
        s->pools.has_large ? "native" : "large or native", format_bytes(memory.native).text);
}

// ---- GIL and collections ----

static void draw_gil(struct drawing *d)
{
    const struct top_sample *s = &d->model->now;
    screen_print(d->screen, 3, 1, LOOK_PLAIN, "GIL");
    if (!s->has_gil) {
        screen_print(d->screen, 3, 8, LOOK_DIM, "not known");
        return;
    }
    unsigned at = 8;
    at += screen_print(d->screen, 3, at, LOOK_PLAIN, "held %.0f %%   mean %.1f threads waiting",
                       s->gil_held * 100, s->gil_waiting);
    if (s->gil_exact)
        at += screen_print(d->screen, 3, at, LOOK_PLAIN, "   longest %s",
                           s->gil_longest_ns ? format_time_ns(s->gil_longest_ns).text : "-");
    at += screen_print(d->screen, 3, at, LOOK_PLAIN, "   %s handoffs/s",
                       format_short_count((uint64_t)(s->handoff_rate + 0.5)).text);
    if (!s->gil_exact)
        screen_print(d->screen, 3, at, LOOK_DIM, "  (sampled)");
}

static void draw_gc(struct drawing *d)
{
    const struct top_sample *s = &d->model->now;
    screen_print(d->screen, 4, 1, LOOK_PLAIN, "GC");
    if (!s->has_gc) {
        screen_print(d->screen, 4, 8, LOOK_DIM, "not known");
        return;
    }
    unsigned at = 8;
    for (int i = 0; i < LOOK_GENERATIONS; i++) {
        const struct top_generation *g = &s->generations[i];
        at += screen_print(d->screen, 4, at, LOOK_PLAIN, "gen%d %.*f/s", i,
                           g->runs_rate > 0 && g->runs_rate < 9.95 ? 1 : 0, g->runs_rate);
        if (s->gc_timed && g->longest_ns)
            at += screen_print(d->screen, 4, at, LOOK_PLAIN, " %s",
                               format_time_ns(g->longest_ns).text);
        at += 3;
    }
    if (s->gc_timed)
        screen_print(d->screen, 4, at, LOOK_PLAIN, "paused %.1f %%", s->gc_share * 100);
    else
        screen_print(d->screen, 4, at, LOOK_DIM, "(times: not from outside)");
}

static void draw_finding(struct drawing *d)
{
    const struct top_model *m = d->model;
    if (*m->message && d->now_ns < m->message_until_ns) {
        screen_print(d->screen, 5, 1, LOOK_BOLD, "> %s", m->message);
        return;
    }
    if (*m->now.lost && !m->ended_unix_s) {
        screen_print(d->screen, 5, 1, LOOK_BOLD | LOOK_ALERT, "! %s", m->now.lost);
        return;
    }
    if (!*m->finding) {
        screen_print(d->screen, 5, 1, LOOK_DIM, "%s",
                     m->samples > 5 ? ". nothing stands out" : ". looking");
        return;
    }
    const unsigned width = d->screen->columns - 14;
    screen_text(d->screen, 5, 1, 1, LOOK_BOLD | LOOK_ALERT, CUT_END, "!");
    screen_text(d->screen, 5, 3, width, LOOK_REVERSE, CUT_END, m->finding);
    screen_right(d->screen, 5, d->screen->columns - 9, 8, LOOK_PLAIN, "!: there");
}

// ---- views, foot, help ----

static void draw_views(struct drawing *d)
{
    const struct top_model *m = d->model;
    const struct top_column *column = &top_view_columns(m->view)[m->sort[m->view]];
    unsigned at = 1;
    for (int i = 0; i < TOP_VIEWS; i++) {
        const bool here = (enum top_view)i == m->view;
        at += screen_print(d->screen, 7, at, here ? LOOK_BOLD : LOOK_PLAIN,
                           here ? "[%d %s]" : " %d %s ", i + 1, top_view_name((enum top_view)i));
    }
    const bool rising = column->text != m->ascending[m->view];
    char right[96];
    snprintf(right, sizeof right, "sort: %s %s    filter: %s%s", column->title, rising ? "^" : "v",
             *m->filter[m->view] || m->mode == TOP_MODE_FILTER ? m->filter[m->view] : "-",
             m->mode == TOP_MODE_FILTER ? "_" : "");
    const unsigned width = (unsigned)strlen(right);
    if (d->screen->columns > at + width + 2)
        screen_text(d->screen, 7, d->screen->columns - width - 2, width,
                    m->mode == TOP_MODE_FILTER ? LOOK_BOLD : LOOK_PLAIN, CUT_END, right);
}

static void draw_line(struct drawing *d, unsigned row)
{
    screen_fill(d->screen, row, 0, d->screen->columns, LOOK_DIM, d->unicode ? 0x2500 : '-');
}

static void draw_foot(struct drawing *d)
{
    const struct top_model *m = d->model;
    const unsigned row = d->screen->rows - 1;
    if (m->mode == TOP_MODE_ASK_DUMP) {
        if (m->dump_cost_ns)
            screen_print(d->screen, row, 1, LOOK_REVERSE,
                         " dump the heap? it stops the process about %s   y/n ",
                         format_time_ns(m->dump_cost_ns).text);
        else
            screen_print(d->screen, row, 1, LOOK_REVERSE,
                         " dump the heap? it stops the process for some milliseconds   y/n ");
        return;
    }
    if (m->mode == TOP_MODE_FILTER) {
        screen_print(d->screen, row, 1, LOOK_PLAIN,
                     "filter: type a part of the name   enter keep   "
                     "esc clear");
        return;
    }
    unsigned at = 1;
    for (int i = 0; i < KEY_COUNT; i++)
        if (KEYS[i].footer && at < d->screen->columns) {
            at += screen_print(d->screen, row, at, LOOK_BOLD, "%s", KEYS[i].keys);
            at += 1 + screen_print(d->screen, row, at + 1, LOOK_PLAIN, "%s", KEYS[i].footer) + 2;
        }
}

static void draw_help(struct drawing *d)
{
    const struct top_sample *s = &d->model->now;
    unsigned row = 7;
    for (int i = 0; i < KEY_COUNT && row < d->screen->rows - 3; i++, row++) {
        screen_print(d->screen, row, 2, LOOK_BOLD, "%s", KEYS[i].keys);
        screen_print(d->screen, row, 19, LOOK_PLAIN, "%s", KEYS[i].help);
    }
    screen_print(d->screen, d->screen->rows - 2, 2, LOOK_PLAIN,
                 "the last tick: %s of our time, %s events read; %s dropped in all",
                 format_time_ns(s->cost_ns).text, format_short_count(s->events).text,
                 format_short_count(s->dropped).text);
    screen_print(d->screen, d->screen->rows - 1, 2, LOOK_DIM, "any key goes back");
}

// ---- the whole ----

void draw_model(struct top_model *m, bool unicode, uint64_t now_ns, struct screen *screen)
{
    struct drawing d = {.model = m, .screen = screen, .unicode = unicode, .now_ns = now_ns};
    screen_clear(screen);
    if (screen->rows < DRAW_ROWS_LEAST || screen->columns < DRAW_COLUMNS_LEAST) {
        screen_print(screen, 0, 0, LOOK_PLAIN, "terminal too small: need %dx%d, have %ux%u",
                     DRAW_COLUMNS_LEAST, DRAW_ROWS_LEAST, screen->columns, screen->rows);
        return;
    }
    draw_head(&d);
    draw_memory(&d);
    draw_gil(&d);
    draw_gc(&d);
    draw_finding(&d);
    draw_line(&d, 6);
    if (m->mode == TOP_MODE_HELP) {
        draw_help(&d);
        return;
    }
    draw_views(&d);
    draw_tables(&d, 8, screen->rows - 3);
    draw_line(&d, screen->rows - 2);
    draw_foot(&d);
}

void draw_summary(const struct top_model *m, struct strbuf *out)
{
    const struct top_sample *s = &m->now;
    char when[16];
    add_clock(s->unix_s, when, sizeof when);
    strbuf_addf(out, "%s  pid %d  %s%s%s  %s%s\n", m->name, (int)m->pid, m->runtime,
                *m->version ? " " : "", m->version, when, m->ended_unix_s ? "  exited" : "");
    if (!m->has_sample)
        return;
    strbuf_addf(out, "memory  %s", format_bytes(s->rss_bytes).text);
    if (m->rss_count > 5)
        strbuf_addf(out, ", %s a minute", format_bytes_change((int64_t)(m->memory_rate * 60)).text);
    strbuf_add_char(out, '\n');
    if (s->has_gil)
        strbuf_addf(out, "GIL     held %.0f %%, mean %.1f threads waiting%s\n", s->gil_held * 100,
                    s->gil_waiting, s->gil_exact ? "" : " (sampled)");
    if (s->has_gc)
        strbuf_addf(out, "GC      gen0 %.1f/s  gen1 %.1f/s  gen2 %.1f/s\n",
                    s->generations[0].runs_rate, s->generations[1].runs_rate,
                    s->generations[2].runs_rate);
    if (*m->finding)
        strbuf_addf(out, "!       %s\n", m->finding);
    if (*m->holder && !strstr(m->finding, m->holder))
        strbuf_addf(out, "dump    %s\n", m->holder);
}
