// See model.h.
#include "inspector/top/model.h"

#include "inspector/base/clock.h"
#include "inspector/base/format.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MESSAGE_S = 6,
    TICK_LEAST_MS = 250,
    TICK_MOST_MS = 10000,
    GROWS_OVER_S = 10,
    GROWS_BYTES_A_S = 64 << 10,
    MEMORY_OVER_S = 20,
    MEMORY_BYTES_A_MINUTE = 1 << 20,
};

static const struct top_column COLUMNS[TOP_VIEWS][TOP_COLUMNS + 1] = {
    [TOP_THREADS] = {{"THREAD", 14, true},
                     {"STATE", 14, true},
                     {"HELD", 5, false},
                     {"WAIT", 5, false},
                     {"BEHIND", 10, true},
                     {"WHERE", 0, true}},
    [TOP_TYPES] = {{"TYPE", 0, true},
                   {"LIVE", 10, false},
                   {"LIVE/s", 8, false},
                   {"BYTES", 9, false},
                   {"BYTES/s", 10, false},
                   {"MADE/s", 7, false}},
    [TOP_SITES] = {{"SITE", 0, true},
                   {"MADE/s", 7, false},
                   {"BYTES/s", 10, false},
                   {"STAY", 9, false},
                   {"STAY BYTES", 10, false},
                   {"STAY/s", 7, false}},
    [TOP_POOLS] = {{"BLOCK", 9, false},
                   {"POOLS", 10, false},
                   {"BLOCKS", 12, false},
                   {"USED", 12, false},
                   {"FULL", 8, false},
                   {"FREE", 11, false}},
};

// Which column a view is sorted by at first.
static const unsigned SORT[TOP_VIEWS] = {3, 3, 1, 5};

const struct top_column *top_view_columns(enum top_view view)
{
    return COLUMNS[view];
}

const char *top_view_name(enum top_view view)
{
    static const char *const NAMES[TOP_VIEWS] = {"Threads", "Types", "Sites", "Pools"};
    return NAMES[view];
}

void top_model_init(struct top_model *m)
{
    *m = (struct top_model){.tick_ns = CLOCK_NS_PER_S};
    memcpy(m->sort, SORT, sizeof m->sort);
}

void top_model_deinit(struct top_model *m)
{
    top_sample_deinit(&m->now);
    top_sample_deinit(&m->latest);
    top_track_vec_deinit(&m->tracks);
    top_row_vec_deinit(&m->rows);
    top_group_vec_deinit(&m->dumped);
}

void top_model_say(struct top_model *m, uint64_t now_ns, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(m->message, sizeof m->message, format, args);
    va_end(args);
    m->message_until_ns = now_ns + MESSAGE_S * CLOCK_NS_PER_S;
}

const struct top_group_vec *top_model_types(const struct top_model *m)
{
    return m->now.has_types || !m->dumped.count ? &m->now.types : &m->dumped;
}

const struct top_track *top_model_track(const struct top_model *m, pid_t tid)
{
    for (size_t i = 0; i < m->tracks.count; i++)
        if (m->tracks.items[i].tid == tid)
            return &m->tracks.items[i];
    return NULL;
}

const char *top_model_thread_name(const struct top_model *m, pid_t tid)
{
    const struct top_track *track = top_model_track(m, tid);
    return track ? track->name : "-";
}

// ---- the last minute ----

static struct error *track_of(struct top_model *m, pid_t tid, struct top_track **ret)
{
    *ret = (struct top_track *)top_model_track(m, tid);
    if (*ret)
        return NULL;
    TRY(top_track_vec_extend(&m->tracks, 1, ret));
    (*ret)->tid = tid;
    return NULL;
}

static void push_state(struct top_track *track, uint8_t state)
{
    memmove(track->states, track->states + 1, TOP_HISTORY - 1);
    track->states[TOP_HISTORY - 1] = state;
}

static double mean_with(double mean, double value)
{
    return mean + (value - mean) / TOP_FINDING_OVER;
}

static struct error *track_threads(struct top_model *m, const struct top_sample *s)
{
    struct top_track *track;
    for (size_t i = 0; i < m->tracks.count; i++)
        m->tracks.items[i].seen = false;
    for (size_t i = 0; i < s->threads.count; i++) {
        const struct top_thread *thread = &s->threads.items[i];
        TRY(track_of(m, thread->tid, &track));
        if (track->seen)
            continue;
        track->seen = true;
        snprintf(track->name, sizeof track->name, "%s", thread->name);
        push_state(track, thread->held >= thread->wait && thread->held >= 0.05 ? '#'
                          : thread->wait >= 0.05                               ? '~'
                                                                               : '.');
        track->held = mean_with(track->held, thread->held);
        track->wait = mean_with(track->wait, thread->wait);
    }
    for (size_t i = m->tracks.count; i-- > 0;) {
        track = &m->tracks.items[i];
        if (track->seen)
            continue;
        push_state(track, 0);
        track->held = track->wait = 0;
        if (!memchr(track->states, '#', TOP_HISTORY) && !memchr(track->states, '~', TOP_HISTORY) &&
            !memchr(track->states, '.', TOP_HISTORY))
            *track = m->tracks.items[--m->tracks.count];
    }
    return NULL;
}

// Bytes a second by which the resident memory has grown since its i-th value.
static double memory_rate_since(const struct top_model *m, unsigned i)
{
    const unsigned last = m->rss_count - 1;
    const uint64_t time_ns = m->rss_at_ns[last] - m->rss_at_ns[i];
    return time_ns ? ((double)m->rss[last] - (double)m->rss[i]) * 1e9 / (double)time_ns : 0;
}

static void track_memory(struct top_model *m, const struct top_sample *s)
{
    if (m->rss_count == TOP_HISTORY) {
        memmove(m->rss, m->rss + 1, sizeof m->rss - sizeof *m->rss);
        memmove(m->rss_at_ns, m->rss_at_ns + 1, sizeof m->rss_at_ns - sizeof *m->rss_at_ns);
        m->rss_count--;
    }
    m->rss[m->rss_count] = s->rss_bytes;
    m->rss_at_ns[m->rss_count++] = s->now_ns;
    m->memory_rate = memory_rate_since(m, 0);
    m->gc_share = mean_with(m->gc_share, s->gc_share);
}

// ---- what stands out ----

static void find(struct top_model *m, enum top_view view, uint64_t id, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void find(struct top_model *m, enum top_view view, uint64_t id, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(m->finding, sizeof m->finding, format, args);
    va_end(args);
    m->finding_view = view;
    m->finding_id = id;
}

static bool find_growing_type(struct top_model *m)
{
    const struct top_sample *s = &m->now;
    const struct top_group *most = NULL;
    const double seconds = (double)(s->now_ns - s->since_ns) / 1e9;
    if (!s->has_types || s->groups_drifted || seconds < GROWS_OVER_S)
        return false;
    for (size_t i = 0; i < s->types.count; i++)
        if (!most || s->types.items[i].since_bytes > most->since_bytes)
            most = &s->types.items[i];
    const double rate = most ? (double)most->since_bytes / seconds : 0;
    if (rate < GROWS_BYTES_A_S)
        return false;
    find(m, TOP_TYPES, most->id, "%s +%s/s, %s objects live%s%s", most->name,
         format_bytes((uint64_t)rate).text, format_count(most->live).text, *m->holder ? "; " : "",
         m->holder);
    return true;
}

// A step is no growth, such as a program makes while it starts: the later half must go on at half
// the pace at least.
static bool find_growing_memory(struct top_model *m)
{
    if (!m->rss_count || memory_rate_since(m, m->rss_count / 2) < m->memory_rate / 2)
        return false;
    const uint64_t time_ns = m->now.now_ns - m->rss_at_ns[0];
    const double minute = m->memory_rate * 60;
    if (time_ns < MEMORY_OVER_S * CLOCK_NS_PER_S || minute < MEMORY_BYTES_A_MINUTE ||
        minute < (double)m->now.rss_bytes / 200)
        return false;
    find(m, TOP_TYPES, 0, "memory grows by %s a minute%s%s", format_bytes((uint64_t)minute).text,
         *m->holder ? "; " : "", m->holder);
    return true;
}

static bool find_waiting_thread(struct top_model *m)
{
    const struct top_thread *most = NULL;
    double wait = 0.2;
    for (size_t i = 0; i < m->now.threads.count; i++) {
        const struct top_track *track = top_model_track(m, m->now.threads.items[i].tid);
        if (track && track->wait > wait) {
            wait = track->wait;
            most = &m->now.threads.items[i];
        }
    }
    if (!most)
        return false;
    if (most->behind_count)
        find(m, TOP_THREADS, (uint64_t)most->tid,
             "%s waits %.0f %% of its time for the GIL, behind %s", most->name, wait * 100,
             top_model_thread_name(m, most->behind[0].tid));
    else
        find(m, TOP_THREADS, (uint64_t)most->tid, "%s waits %.0f %% of its time for the GIL",
             most->name, wait * 100);
    return true;
}

static void find_something(struct top_model *m)
{
    *m->finding = 0;
    if (find_growing_type(m) || find_growing_memory(m) || find_waiting_thread(m))
        return;
    if (m->gc_share >= 0.05)
        find(m, TOP_SITES, 0, "garbage collection takes %.1f %% of the time", m->gc_share * 100);
    else if (m->holder_matters)
        find(m, TOP_TYPES, 0, "%s", m->holder);
}

// ---- samples ----

static void show(struct top_model *m, struct top_sample *sample)
{
    top_sample_deinit(&m->now);
    m->now = *sample;
    *sample = (struct top_sample){0};
}

struct error *top_model_take(struct top_model *m, struct top_sample *sample)
{
    m->has_sample = true;
    m->samples++;
    TRY(track_threads(m, sample));
    track_memory(m, sample);
    if (m->paused_at_ns) {
        top_sample_deinit(&m->latest);
        m->latest = *sample;
        *sample = (struct top_sample){0};
        return NULL;
    }
    show(m, sample);
    find_something(m);
    m->resort |= m->samples % TOP_SORT_EVERY == 1;
    return top_model_arrange(m);
}

// ---- rows ----

static size_t item_count(const struct top_model *m)
{
    switch (m->view) {
    case TOP_THREADS:
        return m->now.threads.count;
    case TOP_TYPES:
        return top_model_types(m)->count;
    case TOP_SITES:
        return m->now.sites.count;
    default:
        return m->now.has_pools ? m->now.pools.count : 0;
    }
}

static uint64_t item_id(const struct top_model *m, size_t index)
{
    switch (m->view) {
    case TOP_THREADS:
        return (uint64_t)m->now.threads.items[index].tid;
    case TOP_TYPES:
        return top_model_types(m)->items[index].id;
    case TOP_SITES:
        return m->now.sites.items[index].id;
    default:
        return m->now.pools.classes[index].block_bytes;
    }
}

static void item_name(const struct top_model *m, size_t index, char *name, size_t size)
{
    switch (m->view) {
    case TOP_THREADS:
        snprintf(name, size, "%s", m->now.threads.items[index].name);
        break;
    case TOP_TYPES:
        snprintf(name, size, "%s", top_model_types(m)->items[index].name);
        break;
    case TOP_SITES:
        snprintf(name, size, "%s", m->now.sites.items[index].name);
        break;
    default:
        snprintf(name, size, "%u", m->now.pools.classes[index].block_bytes);
    }
}

static double thread_value(const struct top_model *m, const struct top_thread *thread,
                           unsigned column)
{
    const struct top_track *track = top_model_track(m, thread->tid);
    switch (column) {
    case 1:
        return thread->state;
    case 2:
        return track ? track->held : thread->held;
    case 3:
        return track ? track->wait : thread->wait;
    case 4:
        return thread->behind_count ? thread->behind[0].tid : 0;
    default:
        return thread->depth ? thread->frames[0].line : 0;
    }
}

static double group_value(const struct top_group *group, enum top_view view, unsigned column)
{
    const double types[] = {0,
                            (double)group->live,
                            group->live_rate,
                            (double)group->live_bytes,
                            group->bytes_rate,
                            group->made_rate};
    const double sites[] = {0,
                            group->made_rate,
                            group->made_bytes_rate,
                            (double)group->live,
                            (double)group->live_bytes,
                            group->live_rate};
    return view == TOP_TYPES ? types[column] : sites[column];
}

static double pool_value(const struct look_class *class, unsigned column)
{
    switch (column) {
    case 0:
        return class->block_bytes;
    case 1:
        return (double)class->pools;
    case 2:
        return (double)class->capacity;
    case 3:
        return (double)class->used;
    case 4:
        return class->capacity ? (double)class->used / (double)class->capacity : 0;
    default:
        return (double)(class->capacity - class->used) * class->block_bytes;
    }
}

static double item_value(const struct top_model *m, size_t index, unsigned column)
{
    switch (m->view) {
    case TOP_THREADS:
        return thread_value(m, &m->now.threads.items[index], column);
    case TOP_TYPES:
        return group_value(&top_model_types(m)->items[index], m->view, column);
    case TOP_SITES:
        return group_value(&m->now.sites.items[index], m->view, column);
    default:
        return pool_value(&m->now.pools.classes[index], column);
    }
}

static bool sorts_by_name(const struct top_model *m)
{
    return m->sort[m->view] == 0 && COLUMNS[m->view][0].text;
}

static int compare_rows(const void *a, const void *b, void *context)
{
    const struct top_model *m = context;
    const struct top_row *x = a, *y = b;
    int order;
    if (sorts_by_name(m)) {
        char left[TOP_NAME], right[TOP_NAME];
        item_name(m, x->index, left, sizeof left);
        item_name(m, y->index, right, sizeof right);
        order = strcmp(left, right);
    } else {
        const double left = item_value(m, x->index, m->sort[m->view]);
        const double right = item_value(m, y->index, m->sort[m->view]);
        order = (left < right) - (left > right);
        if (COLUMNS[m->view][m->sort[m->view]].text)
            order = -order;
    }
    if (m->ascending[m->view])
        order = -order;
    return order ? order : (x->id > y->id) - (x->id < y->id);
}

static bool passes(const struct top_model *m, size_t index)
{
    char name[TOP_NAME];
    if (!*m->filter[m->view])
        return true;
    item_name(m, index, name, sizeof name);
    return strcasestr(name, m->filter[m->view]) != NULL;
}

// Where the items of this sample are among the rows, which are in the order of the sample before.
static struct error *match_rows(struct top_model *m)
{
    const size_t old = m->rows.count;
    for (size_t i = 0; i < old; i++)
        m->rows.items[i].seen = false;
    for (size_t i = 0, guess = 0; i < item_count(m); i++) {
        const uint64_t id = item_id(m, i);
        struct top_row *row = NULL;
        if (!passes(m, i))
            continue;
        for (size_t k = 0; k < old && !row; k++) // mostly the next one
            if (m->rows.items[(guess + k) % old].id == id) {
                guess = (guess + k + 1) % old;
                row = &m->rows.items[(guess + old - 1) % old];
            }
        if (row && !row->seen) {
            row->index = (uint32_t)i;
            row->seen = true;
        } else if (!row) {
            TRY(top_row_vec_push(&m->rows, (struct top_row){id, (uint32_t)i, true}));
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < m->rows.count; i++)
        if (m->rows.items[i].seen)
            m->rows.items[kept++] = m->rows.items[i];
    m->rows.count = kept;
    return NULL;
}

struct error *top_model_arrange(struct top_model *m)
{
    if (m->resort)
        m->rows.count = 0; // matching is for rows that keep their places
    TRY(match_rows(m));
    if (m->resort && m->rows.count)
        qsort_r(m->rows.items, m->rows.count, sizeof *m->rows.items, compare_rows, m);
    m->resort = false;
    if (m->scroll >= m->rows.count)
        m->scroll = 0;
    return NULL;
}

static size_t selected_index(const struct top_model *m)
{
    for (size_t i = 0; i < m->rows.count; i++)
        if (m->rows.items[i].id == m->selected[m->view])
            return i;
    return 0;
}

const struct top_row *top_model_selected(const struct top_model *m)
{
    return m->rows.count ? &m->rows.items[selected_index(m)] : NULL;
}

// ---- keys ----

static void rearrange(struct top_model *m)
{
    m->resort = true;
    error_destroy(top_model_arrange(m));
}

static void select_row(struct top_model *m, size_t index)
{
    const size_t page = m->page ? m->page : 1;
    if (!m->rows.count)
        return;
    if (index >= m->rows.count)
        index = m->rows.count - 1;
    m->selected[m->view] = m->rows.items[index].id;
    if (index < m->scroll)
        m->scroll = index;
    if (index >= m->scroll + page)
        m->scroll = index - page + 1;
}

static void set_view(struct top_model *m, enum top_view view)
{
    m->view = view;
    m->scroll = 0;
    m->rows.count = 0;
    rearrange(m);
}

static void next_sort(struct top_model *m)
{
    const struct top_column *columns = COLUMNS[m->view];
    m->sort[m->view]++;
    if (m->sort[m->view] >= TOP_COLUMNS || !columns[m->sort[m->view]].title)
        m->sort[m->view] = 0;
    m->ascending[m->view] = false;
    rearrange(m);
}

static void pause_or_go_on(struct top_model *m, uint64_t now_ns)
{
    if (!m->paused_at_ns) {
        m->paused_at_ns = now_ns;
        return;
    }
    m->paused_at_ns = 0;
    if (m->latest.now_ns)
        show(m, &m->latest);
    find_something(m);
    rearrange(m);
}

static void filter_key(struct top_model *m, int key)
{
    char *filter = m->filter[m->view];
    const size_t length = strlen(filter);
    if (key == TOP_KEY_ENTER || key == TOP_KEY_ESCAPE) {
        m->mode = TOP_MODE_TABLE;
        if (key == TOP_KEY_ESCAPE)
            *filter = 0;
    } else if (key == TOP_KEY_BACKSPACE && length) {
        filter[length - 1] = 0;
    } else if (key >= ' ' && key < 127 && length + 1 < TOP_FILTER) {
        filter[length] = (char)key;
        filter[length + 1] = 0;
    }
    m->scroll = 0;
    rearrange(m);
}

static enum top_wish change_tick(struct top_model *m, bool more_often, uint64_t now_ns)
{
    const uint64_t least = TICK_LEAST_MS * CLOCK_NS_PER_MS, most = TICK_MOST_MS * CLOCK_NS_PER_MS;
    m->tick_ns = more_often ? m->tick_ns / 2 : m->tick_ns * 2;
    m->tick_ns = m->tick_ns < least ? least : m->tick_ns > most ? most : m->tick_ns;
    top_model_say(m, now_ns, "a look every %u ms", (unsigned)(m->tick_ns / CLOCK_NS_PER_MS));
    return TOP_WISH_TICK;
}

static void go_to_finding(struct top_model *m)
{
    if (!*m->finding)
        return;
    set_view(m, m->finding_view);
    m->selected[m->view] = m->finding_id;
    m->detail = true;
    select_row(m, selected_index(m));
}

static void escape(struct top_model *m)
{
    if (m->detail)
        m->detail = false;
    else
        *m->filter[m->view] = 0;
    rearrange(m);
}

static enum top_wish table_key(struct top_model *m, int key, uint64_t now_ns)
{
    const size_t at = selected_index(m), page = m->page ? m->page : 1;
    switch (key) {
    case 'q':
        return TOP_WISH_QUIT;
    case '1':
    case '2':
    case '3':
    case '4':
        set_view(m, (enum top_view)(key - '1'));
        break;
    case TOP_KEY_TAB:
        set_view(m, (m->view + 1) % TOP_VIEWS);
        break;
    case 's':
        next_sort(m);
        break;
    case 'S':
        m->ascending[m->view] = !m->ascending[m->view];
        rearrange(m);
        break;
    case '/':
        m->mode = TOP_MODE_FILTER;
        break;
    case TOP_KEY_ESCAPE:
        escape(m);
        break;
    case TOP_KEY_ENTER:
        m->detail = !m->detail;
        break;
    case TOP_KEY_UP:
    case 'k':
        select_row(m, at ? at - 1 : 0);
        break;
    case TOP_KEY_DOWN:
    case 'j':
        select_row(m, at + 1);
        break;
    case TOP_KEY_PAGE_UP:
        select_row(m, at > page ? at - page : 0);
        break;
    case TOP_KEY_PAGE_DOWN:
        select_row(m, at + page);
        break;
    case TOP_KEY_HOME:
        select_row(m, 0);
        break;
    case TOP_KEY_END:
        select_row(m, m->rows.count ? m->rows.count - 1 : 0);
        break;
    case '!':
        go_to_finding(m);
        break;
    case 'p':
    case ' ':
        pause_or_go_on(m, now_ns);
        break;
    case 'd':
        m->mode = m->ended_unix_s ? TOP_MODE_TABLE : TOP_MODE_ASK_DUMP;
        break;
    case 'r':
        top_model_say(m, now_ns, "changes count from now");
        return TOP_WISH_RESET;
    case '+':
    case '=':
        return change_tick(m, true, now_ns);
    case '-':
        return change_tick(m, false, now_ns);
    case 'y':
        return TOP_WISH_COPY;
    case '?':
    case 'h':
        m->mode = TOP_MODE_HELP;
        break;
    case 12: // Ctrl-L
        return TOP_WISH_REDRAW;
    default:
        break;
    }
    return TOP_WISH_NONE;
}

enum top_wish top_model_key(struct top_model *m, int key, uint64_t now_ns)
{
    switch (m->mode) {
    case TOP_MODE_FILTER:
        filter_key(m, key);
        return TOP_WISH_NONE;
    case TOP_MODE_HELP:
        m->mode = TOP_MODE_TABLE;
        return key == 'q' ? TOP_WISH_QUIT : TOP_WISH_NONE;
    case TOP_MODE_ASK_DUMP:
        m->mode = TOP_MODE_TABLE;
        return key == 'y' ? TOP_WISH_DUMP : TOP_WISH_NONE;
    default:
        return table_key(m, key, now_ns);
    }
}
