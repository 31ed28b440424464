// The four tables of the live view, and the line about each.
#include "inspector/base/clock.h"
#include "inspector/base/format.h"
#include "inspector/top/draw_parts.h"

#include <stdio.h>
#include <string.h>

enum { PANE = 48, NAME_LEAST = 20, CELL = 128 };

// ---- cells ----

void draw_rate(double rate, char *text, size_t size)
{
    const double positive = rate < 0 ? -rate : rate;
    if (positive < 0.05)
        snprintf(text, size, ".");
    else if (positive < 10)
        snprintf(text, size, "%+.1f", rate);
    else
        snprintf(text, size, "%c%s", rate < 0 ? '-' : '+',
                 format_short_count((uint64_t)(positive + 0.5)).text);
}

void draw_bytes_rate(double rate, char *text, size_t size)
{
    const double positive = rate < 0 ? -rate : rate;
    if (positive < 0.5)
        snprintf(text, size, ".");
    else
        snprintf(text, size, "%c%s", rate < 0 ? '-' : '+',
                 format_bytes((uint64_t)(positive + 0.5)).text);
}

static void plain_rate(double rate, char *text)
{
    if (rate < 0.05)
        snprintf(text, CELL, ".");
    else if (rate < 10)
        snprintf(text, CELL, "%.1f", rate);
    else
        snprintf(text, CELL, "%s", format_short_count((uint64_t)(rate + 0.5)).text);
}

static const char *state_sign(enum top_state state)
{
    static const char *const SIGNS[] = {"#", "~", "-", "-", "."};
    return SIGNS[state];
}

static unsigned state_look(enum top_state state)
{
    static const unsigned LOOKS[] = {LOOK_BOLD, LOOK_BOLD | LOOK_ALERT, LOOK_PLAIN, LOOK_PLAIN,
                                     LOOK_DIM};
    return LOOKS[state];
}

static void state_text(const struct top_thread *thread, char *text)
{
    switch (thread->state) {
    case TOP_HOLDS:
        snprintf(text, CELL, "%s holds", state_sign(thread->state));
        break;
    case TOP_WAITS:
        snprintf(text, CELL, "%s waits%s%s", state_sign(thread->state), thread->state_ns ? " " : "",
                 thread->state_ns ? format_time_ns(thread->state_ns).text : "");
        break;
    case TOP_RUNS:
        snprintf(text, CELL, "%s runnable", state_sign(thread->state));
        break;
    case TOP_BLOCKED:
        snprintf(text, CELL, "%s in %s", state_sign(thread->state), thread->what);
        break;
    default:
        snprintf(text, CELL, "%s idle", state_sign(thread->state));
    }
}

static void share_text(double share, char *text)
{
    if (share <= 0)
        snprintf(text, CELL, "-");
    else if (share < 0.005)
        snprintf(text, CELL, "<1 %%");
    else
        snprintf(text, CELL, "%.0f %%", share * 100);
}

static void where_text(const struct look_frame *frame, bool narrow, char *text)
{
    if (narrow)
        snprintf(text, CELL, "%s:%u", frame->file, frame->line);
    else
        snprintf(text, CELL, "%s  %s:%u", frame->function, frame->file, frame->line);
}

static void thread_cell(const struct top_model *m, const struct top_thread *thread, unsigned column,
                        bool narrow, char *text)
{
    switch (column) {
    case 0:
        snprintf(text, CELL, "%s", thread->name);
        break;
    case 1:
        state_text(thread, text);
        break;
    case 2:
        share_text(thread->held, text);
        break;
    case 3:
        share_text(thread->wait, text);
        break;
    case 4:
        snprintf(text, CELL, "%s",
                 thread->behind_count ? top_model_thread_name(m, thread->behind[0].tid) : "-");
        break;
    default:
        if (thread->depth)
            where_text(&thread->frames[0], narrow, text);
        else
            snprintf(text, CELL, "-");
    }
}

static void type_cell(const struct top_model *m, const struct top_group *group, unsigned column,
                      char *text)
{
    const bool still = !m->now.has_types;
    switch (column) {
    case 0:
        snprintf(text, CELL, "%s", group->name);
        break;
    case 1:
        snprintf(text, CELL, "%s", format_count(group->live).text);
        break;
    case 2:
        draw_rate(group->live_rate, text, CELL);
        break;
    case 3:
        snprintf(text, CELL, "%s", format_bytes(group->live_bytes).text);
        break;
    case 4:
        draw_bytes_rate(group->bytes_rate, text, CELL);
        break;
    default:
        plain_rate(group->made_rate, text);
    }
    if (still && (column == 2 || column > 3))
        snprintf(text, CELL, "-");
}

static void site_cell(const struct top_group *group, unsigned column, char *text)
{
    switch (column) {
    case 0:
        snprintf(text, CELL, "%s", group->name);
        break;
    case 1:
        plain_rate(group->made_rate, text);
        break;
    case 2:
        draw_bytes_rate(group->made_bytes_rate, text, CELL);
        break;
    case 3:
        snprintf(text, CELL, "%s", format_count(group->live).text);
        break;
    case 4:
        snprintf(text, CELL, "%s", format_bytes(group->live_bytes).text);
        break;
    default:
        draw_rate(group->live_rate, text, CELL);
    }
}

static void pool_cell(const struct look_class *class, unsigned column, char *text)
{
    switch (column) {
    case 0:
        snprintf(text, CELL, "%u B", class->block_bytes);
        break;
    case 1:
        snprintf(text, CELL, "%s", format_count(class->pools).text);
        break;
    case 2:
        snprintf(text, CELL, "%s", format_count(class->capacity).text);
        break;
    case 3:
        snprintf(text, CELL, "%s", format_count(class->used).text);
        break;
    case 4:
        snprintf(text, CELL, "%s", format_share((double)class->used, (double)class->capacity).text);
        break;
    default:
        snprintf(text, CELL, "%s",
                 format_bytes((class->capacity - class->used) * class->block_bytes).text);
    }
}

// `narrow`: a function's name has no room beside its line; the pane beside the table has it.
static void cell_text(const struct top_model *m, const struct top_row *row, unsigned column,
                      bool narrow, char *text)
{
    *text = 0;
    switch (m->view) {
    case TOP_THREADS:
        thread_cell(m, &m->now.threads.items[row->index], column, narrow, text);
        break;
    case TOP_TYPES:
        type_cell(m, &top_model_types(m)->items[row->index], column, text);
        break;
    case TOP_SITES:
        site_cell(&m->now.sites.items[row->index], column, text);
        break;
    default:
        pool_cell(&m->now.pools.classes[row->index], column, text);
    }
}

// ---- tables ----

// Of the column without a width: what the others leave.
static unsigned open_width(const struct top_column *columns, unsigned width)
{
    unsigned others = 2;
    for (unsigned i = 0; i < TOP_COLUMNS && columns[i].title; i++)
        others += columns[i].width + 1u;
    return width > others + NAME_LEAST ? width - others : NAME_LEAST;
}

static void draw_cells(struct drawing *d, const struct top_row *row, unsigned at, unsigned width)
{
    const struct top_model *m = d->model;
    const struct top_column *columns = top_view_columns(m->view);
    const unsigned open = open_width(columns, width);
    char text[CELL];
    unsigned x = 1;
    for (unsigned i = 0; i < TOP_COLUMNS && columns[i].title && x < width; i++) {
        unsigned cell = columns[i].width ? columns[i].width : open;
        unsigned look = i == m->sort[m->view] && !row ? LOOK_BOLD : LOOK_PLAIN;
        if (row) {
            cell_text(m, row, i, d->screen->columns >= DRAW_WIDE && open < 26, text);
            if (m->view == TOP_THREADS && i == 1)
                look = state_look(m->now.threads.items[row->index].state);
        }
        cell = cell < width - x ? cell : width - x;
        if (columns[i].text)
            screen_text(d->screen, at, x, cell, look, CUT_MIDDLE, row ? text : columns[i].title);
        else
            screen_right(d->screen, at, x, cell, look, row ? text : columns[i].title);
        x += cell + 1;
    }
}

static void draw_rows(struct drawing *d, unsigned first, unsigned rows, unsigned width)
{
    struct top_model *m = d->model;
    const struct top_row *selected = top_model_selected(m);
    m->page = rows;
    if (selected) { // it stays on the screen when the table has become shorter
        const size_t index = (size_t)(selected - m->rows.items);
        if (index < m->scroll)
            m->scroll = index;
        else if (index >= m->scroll + rows)
            m->scroll = index - rows + 1;
    }
    for (unsigned i = 0; i < rows && m->scroll + i < m->rows.count; i++) {
        const struct top_row *row = &m->rows.items[m->scroll + i];
        draw_cells(d, row, first + i, width);
        if (row == selected) {
            screen_text(d->screen, first + i, 0, 1, LOOK_BOLD, CUT_END, ">");
            screen_add_look(d->screen, first + i, 0, width, LOOK_BOLD);
        }
    }
}

// ---- the line about the view ----

static void say_threads(const struct drawing *d, char *text, size_t size)
{
    const struct top_sample *s = &d->model->now;
    const double held = s->gil_held * 100;
    if (s->has_gil)
        snprintf(text, size, "of the last %.1f s; held adds up to %.0f %%, the rest nobody held it",
                 (double)s->window_ns / 1e9, held);
    else
        snprintf(text, size, "the GIL cannot be seen");
}

static void say_groups(const struct drawing *d, char *text, size_t size)
{
    const struct top_sample *s = &d->model->now;
    const uint64_t since_s = (s->now_ns - s->since_ns) / CLOCK_NS_PER_S;
    if (s->groups_drifted)
        snprintf(text, size, "~ estimates: %s events dropped so as not to hold the program up",
                 format_short_count(s->dropped).text);
    else
        snprintf(text, size, "every allocation counted, for %llu s", (unsigned long long)since_s);
}

static void say_pools(const struct drawing *d, char *text, size_t size)
{
    const struct look_pools *pools = &d->model->now.pools;
    snprintf(text, size, "%s arenas of %s, %s free pools of %s%s%s",
             format_count(pools->arenas).text,
             format_bytes(pools->arenas ? pools->arena_bytes / pools->arenas : 0).text,
             format_count(pools->free_pools).text, format_bytes(pools->pool_bytes).text,
             pools->has_large ? "; larger blocks " : "",
             pools->has_large ? format_bytes(pools->large_bytes).text : "");
}

static void view_line(const struct drawing *d, char *text, size_t size)
{
    const struct top_model *m = d->model;
    *text = 0;
    if (*m->now.notes[m->view] && !(m->view == TOP_TYPES && !m->now.has_types && m->dumped.count))
        snprintf(text, size, "%s", m->now.notes[m->view]);
    else if (m->view == TOP_THREADS)
        say_threads(d, text, size);
    else if (m->view == TOP_TYPES && !m->now.has_types && m->dumped.count)
        snprintf(text, size, "as of the dump at %s", format_utc(m->dumped_unix_s).text);
    else if (m->view == TOP_TYPES || m->view == TOP_SITES)
        say_groups(d, text, size);
    else if (m->now.has_pools)
        say_pools(d, text, size);
}

void draw_tables(struct drawing *d, unsigned first, unsigned last)
{
    struct top_model *m = d->model;
    const bool wide = d->screen->columns >= DRAW_WIDE;
    const unsigned width = wide ? d->screen->columns - PANE - 1 : d->screen->columns;
    unsigned bottom = last; // the row behind the table
    char text[256];
    view_line(d, text, sizeof text);
    screen_text(d->screen, last, 1, width - 2, LOOK_PLAIN, CUT_END, text);
    if (m->detail && !wide)
        bottom = first + 1 + (last - first) / 2 - 1;
    draw_cells(d, NULL, first, width);
    if (!m->rows.count)
        screen_text(d->screen, first + 1, 3, width - 4, LOOK_DIM, CUT_END,
                    *m->filter[m->view] ? "nothing has this in its name" : "nothing to show");
    draw_rows(d, first + 1, bottom - first - 1, width);
    if (wide) {
        for (unsigned row = first; row <= last; row++)
            screen_fill(d->screen, row, width, 1, LOOK_DIM, d->unicode ? 0x2502 : '|');
        draw_detail(d, first, width + 2, last - first + 1, PANE - 2);
    } else if (m->detail) {
        screen_fill(d->screen, bottom, 1, 20, LOOK_DIM, d->unicode ? 0x2500 : '-');
        draw_detail(d, bottom + 1, 1, last - bottom - 1, width - 2);
    }
}

void draw_selected(struct top_model *m, struct strbuf *out)
{
    const struct top_row *row = top_model_selected(m);
    const struct top_column *columns = top_view_columns(m->view);
    char text[CELL];
    for (unsigned i = 0; row && i < TOP_COLUMNS && columns[i].title; i++) {
        cell_text(m, row, i, false, text);
        strbuf_addf(out, "%s%s", i ? "\t" : "", text);
    }
}
