// Everything about the selected row.
#include "inspector/base/format.h"
#include "inspector/top/draw_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// A part of the screen that is written line by line.
struct pane {
    struct drawing *d;
    unsigned row, column, end, width;
};

static void line(struct pane *p, unsigned look, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void line(struct pane *p, unsigned look, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (p->row < p->end)
        screen_text(p->d->screen, p->row++, p->column, p->width, look, CUT_MIDDLE, text);
}

// ---- threads ----

// The last minute, a character a sample: the newest last.
static void draw_strip(struct pane *p, const struct top_track *track)
{
    char strip[TOP_HISTORY + 1];
    const unsigned count = p->width < TOP_HISTORY ? p->width : TOP_HISTORY;
    for (unsigned i = 0; i < count; i++) {
        const uint8_t state = track->states[TOP_HISTORY - count + i];
        strip[i] = state ? (char)state : ' ';
    }
    strip[count] = 0;
    line(p, LOOK_PLAIN, "%s", strip);
}

static void draw_behind(struct pane *p, const struct top_model *m, const struct top_thread *thread)
{
    char text[256] = "behind";
    size_t used = strlen(text);
    for (uint32_t i = 0; i < thread->behind_count && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "  %s %.0f %%",
                                 top_model_thread_name(m, thread->behind[i].tid),
                                 thread->behind[i].share * 100);
    if (thread->behind_count)
        line(p, LOOK_PLAIN, "%s", text);
}

static void draw_thread(struct pane *p, const struct top_model *m, const struct top_thread *thread)
{
    const struct top_track *track = top_model_track(m, thread->tid);
    line(p, LOOK_BOLD, "%s  tid %d", thread->name, (int)thread->tid);
    line(p, LOOK_DIM, "each tick:  # held  ~ waited  . neither");
    if (track)
        draw_strip(p, track);
    draw_behind(p, m, thread);
    for (uint32_t i = 0; i < thread->depth; i++) {
        const struct look_frame *f = &thread->frames[i];
        line(p, LOOK_PLAIN, "%s %-*.*s %s:%u", i ? "     " : "stack", (int)(p->width / 2 - 5),
             (int)(p->width / 2 - 5), f->function, f->file, f->line);
    }
    if (!thread->depth)
        line(p, LOOK_DIM, "no Python frames");
}

// ---- types, sites, pools ----

// What the last dump says of a type that is counted now.
static const struct top_group *dumped_type(const struct top_model *m, const struct top_group *group)
{
    for (size_t i = 0; i < m->dumped.count; i++)
        if (strcmp(m->dumped.items[i].name, group->name) == 0)
            return &m->dumped.items[i];
    return group;
}

static void draw_holder(struct pane *p, const struct top_group *group)
{
    if (!group->holds) {
        line(p, LOOK_DIM, "d dumps the heap and tells who holds them");
        return;
    }
    line(p, LOOK_PLAIN, "the biggest holds %s:", format_bytes(group->holds).text);
    line(p, LOOK_BOLD, "%s", *group->holder ? group->holder : "no Python expression names it");
}

static void draw_group(struct pane *p, const struct top_model *m, const struct top_group *group)
{
    char rate[64];
    const bool moves = m->view == TOP_SITES || m->now.has_types;
    line(p, LOOK_BOLD, "%s", group->name);
    if (m->view == TOP_TYPES)
        draw_holder(p, dumped_type(m, group));
    line(p, LOOK_PLAIN, "live   %s objects, %s", format_count(group->live).text,
         format_bytes(group->live_bytes).text);
    if (moves) {
        draw_bytes_rate(group->made_bytes_rate, rate, sizeof rate);
        line(p, LOOK_PLAIN, "made   %.0f/s, %s/s", group->made_rate, rate);
        line(p, LOOK_PLAIN, "since  %s objects, %s", format_change(group->since_live).text,
             format_bytes_change(group->since_bytes).text);
    }
    if (group->live)
        line(p, LOOK_PLAIN, "each   %s on average",
             format_bytes(group->live_bytes / group->live).text);
}

static void draw_class(struct pane *p, const struct look_class *class)
{
    const uint64_t each = class->pools ? class->capacity / class->pools : 0;
    const unsigned width = p->width < 40 ? p->width : 40;
    char bar[41];
    const unsigned full =
        class->capacity ? (unsigned)((double)class->used / (double)class->capacity * width) : 0;
    memset(bar, '#', full);
    memset(bar + full, '.', width - full);
    bar[width] = 0;
    line(p, LOOK_BOLD, "blocks of %u bytes", class->block_bytes);
    line(p, LOOK_PLAIN, "%s", bar);
    line(p, LOOK_PLAIN, "%s of %s are in use", format_count(class->used).text,
         format_count(class->capacity).text);
    line(p, LOOK_PLAIN, "%s pools of %s blocks", format_count(class->pools).text,
         format_count(each).text);
    if (each)
        line(p, LOOK_PLAIN, "%s pools would do",
             format_count((class->used + each - 1) / each).text);
}

void draw_detail(struct drawing *d, unsigned row, unsigned column, unsigned rows, unsigned columns)
{
    const struct top_model *m = d->model;
    const struct top_row *selected = top_model_selected(m);
    struct pane p = {.d = d, .row = row, .column = column, .end = row + rows, .width = columns};
    if (!selected)
        return;
    switch (m->view) {
    case TOP_THREADS:
        draw_thread(&p, m, &m->now.threads.items[selected->index]);
        break;
    case TOP_TYPES:
        draw_group(&p, m, &top_model_types(m)->items[selected->index]);
        break;
    case TOP_SITES:
        draw_group(&p, m, &m->now.sites.items[selected->index]);
        break;
    default:
        draw_class(&p, &m->now.pools.classes[selected->index]);
    }
}
