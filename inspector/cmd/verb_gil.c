// brille gil: who held the GIL, who waited for whom, and where and why it was let go.
//
// Of a brille-python and of traces by events. A stock CPython emits none: its handoffs are recorded
// from outside where the kernel permits, else its GIL is sampled, which is said and looks different
// (gil_outside.h).
#include "inspector/base/clock.h"
#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/cmd/events.h"
#include "inspector/cmd/gil_outside.h"
#include "inspector/trace/gil.h"

#include <stdlib.h>
#include <string.h>

enum { STRIP_LEAST = 10, STRIP_DEFAULT = 40, STRIP_MOST = 100, PLACES_DEFAULT = 10 };

struct view {
    struct verb *verb;
    const struct event_source *source;
    const struct gil_timeline *timeline;
    uint64_t window_ns;
    uint64_t limit; // rows of the table of places
    unsigned columns;
    struct events_part part;
    struct gil_outside_options outside; // of a process that emits no events
};

static struct error *feed(void *context, const struct trace_event *event)
{
    return gil_feed(context, event);
}

static void add_behind(const struct view *v, const struct gil_thread *thread, struct strbuf *out)
{
    if (!thread->behind.count || !thread->wait_ns) {
        strbuf_add(out, "-");
        return;
    }
    const struct gil_behind *most = &thread->behind.items[0];
    event_source_add_thread(v->source, most->tid, out);
    strbuf_addf(out, " %.0f %%", 100.0 * (double)most->wait_ns / (double)thread->wait_ns);
}

// Where the terminal is narrow the number of acquires is left out, and the strip gets what remains.
enum { NARROW = 110, STRIP_TITLE = 28 };

static size_t longest_name(const struct view *v)
{
    struct strbuf text;
    size_t longest = 6;
    strbuf_init(&text);
    for (size_t i = 0; i < v->timeline->threads.count; i++) {
        strbuf_clear(&text);
        event_source_add_thread(v->source, v->timeline->threads.items[i]->tid, &text);
        longest = text.length > longest ? text.length : longest;
    }
    strbuf_deinit(&text);
    return longest;
}

static unsigned fitting_columns(const struct view *v)
{
    const size_t width = v->verb->width, others = 6 + 7 + 9 + 5 * 2 + 5 + 2 * longest_name(v);
    if (!width || width >= NARROW)
        return v->columns;
    const size_t left = width > others ? width - others : 0;
    return left < STRIP_LEAST ? STRIP_LEAST : left < v->columns ? (unsigned)left : v->columns;
}

static void add_thread_row(const struct view *v, const struct gil_thread *thread, bool narrow,
                           unsigned columns, struct table *table)
{
    char strip[STRIP_MOST + 1];
    struct strbuf text;
    strbuf_init(&text);
    table_share(table, (double)thread->held_ns, (double)v->window_ns);
    table_share(table, (double)thread->wait_ns, (double)v->window_ns);
    table_number(table, thread->longest_wait_ns);
    if (!narrow)
        table_number(table, thread->acquires);
    add_behind(v, thread, &text);
    table_text(table, strbuf_text(&text));
    strbuf_clear(&text);
    event_source_add_thread(v->source, thread->tid, &text);
    table_text(table, strbuf_text(&text));
    gil_add_strip(v->timeline, thread, columns, strip);
    table_text(table, strip);
    strbuf_deinit(&text);
}

static struct error *add_threads(const struct view *v)
{
    char title[80];
    const bool narrow = v->verb->width && v->verb->width < NARROW && !v->verb->tsv;
    const unsigned strip = fitting_columns(v);
    if (strip >= STRIP_TITLE)
        snprintf(title, sizeof title, "# holds ~ waits (%s each)",
                 format_time_ns(v->window_ns / strip).text);
    else
        snprintf(title, sizeof title, "# ~ %s", format_time_ns(v->window_ns / strip).text);
    struct column columns[7] = {{"held", NULL, UNIT_SHARE},
                                {"wait", NULL, UNIT_SHARE},
                                {"longest_wait_ns", "longest", UNIT_TIME}};
    size_t count = 3;
    if (!narrow)
        columns[count++] = (struct column){"acquires", NULL, UNIT_COUNT};
    columns[count++] = (struct column){"behind", NULL, UNIT_TEXT};
    columns[count++] = (struct column){"thread", NULL, UNIT_TEXT};
    columns[count++] = (struct column){"timeline", title, UNIT_TEXT};
    struct table table;
    table_init(&table, columns, count);
    for (size_t i = 0; i < v->timeline->threads.count; i++)
        add_thread_row(v, v->timeline->threads.items[i], narrow, strip, &table);
    struct error *err = verb_add_table(v->verb, &table);
    table_deinit(&table);
    return err;
}

// Sites of one line are one row: gathered here, because only the source knows the lines.
static struct error *gather_places(const struct view *v, struct gil_place_vec *ret)
{
    for (size_t i = 0; i < v->timeline->places.count; i++) {
        struct gil_place place = v->timeline->places.items[i];
        place.line = event_source_line(v->source, place.code, place.site);
        struct gil_place *same = NULL;
        for (size_t k = 0; k < ret->count && !same; k++)
            if (ret->items[k].code == place.code && ret->items[k].line == place.line &&
                ret->items[k].reason == place.reason)
                same = &ret->items[k];
        if (same) {
            same->count += place.count;
            same->held_ns += place.held_ns;
        } else {
            TRY(gil_place_vec_push(ret, place));
        }
    }
    return NULL;
}

static const struct column PLACE_COLUMNS[] = {
    {"held_ns", "held", UNIT_TIME},
    {"releases", NULL, UNIT_COUNT},
    {"reason", NULL, UNIT_TEXT},
    {"place", "where it was let go", UNIT_TEXT},
};

static struct error *add_places(const struct view *v, const struct gil_place_vec *places)
{
    struct table table;
    struct strbuf text;
    strbuf_init(&text);
    table_init(&table, PLACE_COLUMNS, sizeof PLACE_COLUMNS / sizeof *PLACE_COLUMNS);
    for (size_t i = 0; i < places->count && i < v->limit; i++) {
        const struct gil_place *place = &places->items[i];
        table_number(&table, place->held_ns);
        table_number(&table, place->count);
        table_text(&table, gil_reason_name(place->reason));
        strbuf_clear(&text);
        if (place->code == 0 && place->reason == TRACE_GIL_FINISHED)
            strbuf_add(&text, "(the thread's end)");
        else
            event_source_add_place(v->source, place->code, place->line, &text);
        table_text(&table, strbuf_text(&text));
    }
    struct error *err = verb_add_table(v->verb, &table);
    if (!err && places->count > v->limit)
        strbuf_addf(&v->verb->out, "%zu more (-n)\n", places->count - (size_t)v->limit);
    table_deinit(&table);
    strbuf_deinit(&text);
    return err;
}

static void add_sentence(const struct view *v)
{
    const struct gil_timeline *t = v->timeline;
    struct strbuf text;
    strbuf_init(&text);
    if (!t->events) {
        strbuf_addf(&text, "No handoff in %s", format_time_ns(v->window_ns).text);
        strbuf_add(&text, v->source->live || v->source->outside
                              ? ": one thread held the GIL, or all were asleep."
                              : ", or the trace has no GIL events (-e gil).");
    } else {
        const double window = v->window_ns ? (double)v->window_ns : 1.0;
        strbuf_addf(&text, "GIL held %.0f %% of %s, mean %.1f threads waiting, %s handoffs.",
                    100.0 * (double)t->held_ns / window, format_time_ns(v->window_ns).text,
                    (double)t->wait_ns / window, format_count(t->handoffs).text);
        if (t->threads.count > 1 && t->threads.items[0]->wait_ns) {
            strbuf_add_char(&text, ' ');
            event_source_add_thread(v->source, t->threads.items[0]->tid, &text);
            strbuf_add(&text, " waits most.");
        }
    }
    verb_add_answer(v->verb, "%s", strbuf_text(&text));
    strbuf_deinit(&text);
}

// ---- JSON ----

static void add_name_json(const struct view *v, const char *key, uint32_t tid, struct json *json)
{
    struct strbuf text;
    strbuf_init(&text);
    event_source_add_thread(v->source, tid, &text);
    json_text(json, key, strbuf_text(&text));
    strbuf_deinit(&text);
}

static void add_thread_json(const struct view *v, const struct gil_thread *thread,
                            struct json *json)
{
    char strip[STRIP_MOST + 1];
    json_begin(json, NULL, '{');
    json_count(json, "tid", thread->tid);
    add_name_json(v, "name", thread->tid, json);
    json_count(json, "held_ns", thread->held_ns);
    json_count(json, "longest_hold_ns", thread->longest_hold_ns);
    json_count(json, "wait_ns", thread->wait_ns);
    json_count(json, "longest_wait_ns", thread->longest_wait_ns);
    json_count(json, "acquires", thread->acquires);
    json_count(json, "waits", thread->waits);
    json_count(json, "requests", thread->requests);
    json_begin(json, "released", '{');
    for (unsigned reason = TRACE_GIL_BLOCKING; reason <= TRACE_GIL_FINISHED; reason++)
        json_count(json, gil_reason_name(reason), thread->released[reason]);
    json_end(json, '}');
    json_begin(json, "behind", '[');
    for (size_t i = 0; i < thread->behind.count; i++) {
        json_begin(json, NULL, '{');
        json_count(json, "tid", thread->behind.items[i].tid);
        add_name_json(v, "name", thread->behind.items[i].tid, json);
        json_count(json, "wait_ns", thread->behind.items[i].wait_ns);
        json_end(json, '}');
    }
    json_end(json, ']');
    gil_add_strip(v->timeline, thread, v->columns, strip);
    json_text(json, "timeline", strip);
    json_end(json, '}');
}

static void add_place_json(const struct view *v, const struct gil_place *place, struct json *json)
{
    const struct definition *code = definitions_code(&v->source->reader.definitions, place->code);
    json_begin(json, NULL, '{');
    json_text(json, "reason", gil_reason_name(place->reason));
    json_count(json, "releases", place->count);
    json_count(json, "held_ns", place->held_ns);
    json_text(json, "function", code ? *code->qualname ? code->qualname : code->name : "unknown");
    json_text(json, "file", code ? code->file : "unknown");
    json_count(json, "line", place->line);
    json_end(json, '}');
}

static void answer_json(const struct view *v, const struct gil_place_vec *places)
{
    const struct gil_timeline *t = v->timeline;
    struct json json;
    verb_begin_json(v->verb, NULL, &json);
    events_add_json(v->source, &json);
    json_text(&json, "mode", "exact");
    json_count(&json, "window_ns", v->window_ns);
    json_count(&json, "held_ns", t->held_ns);
    json_count(&json, "wait_ns", t->wait_ns);
    json_count(&json, "handoffs", t->handoffs);
    json_begin(&json, "threads", '[');
    for (size_t i = 0; i < t->threads.count; i++)
        add_thread_json(v, t->threads.items[i], &json);
    json_end(&json, ']');
    json_begin(&json, "places", '[');
    for (size_t i = 0; i < places->count; i++)
        add_place_json(v, &places->items[i], &json);
    json_end(&json, ']');
    verb_end_json(v->verb, &json);
}

static struct error *answer(const struct view *v, const struct gil_place_vec *places)
{
    events_add_heading(v->verb, v->source);
    if (v->verb->json) {
        answer_json(v, places);
        return NULL;
    }
    add_sentence(v);
    if (v->source->outside && !v->verb->tsv)
        strbuf_add(&v->verb->out, "Exact: every take, drop and wait, by probes in its libc.\n");
    if (!v->timeline->events)
        return NULL;
    TRY(add_threads(v));
    return v->verb->tsv ? NULL : add_places(v, places);
}

static struct error *look_at_events(struct view *v, struct event_source *source)
{
    _cleanup_(gil_timeline_destroy_at) struct gil_timeline *timeline = gil_timeline_create();
    struct gil_place_vec places = {0};
    if (!timeline)
        return &error_no_memory;
    TRY(events_read(source, feed, timeline));
    TRY(gil_finish(timeline));
    v->source = source;
    v->timeline = timeline;
    v->window_ns = timeline->end_ns - timeline->begin_ns;
    struct error *err = gather_places(v, &places);
    if (!err)
        err = answer(v, &places);
    gil_place_vec_deinit(&places);
    if (!err && (source->live || source->outside))
        log_next("brille record %d -e gil -o gil.trace", (int)source->pid);
    return err;
}

static struct error *look(struct view *v, const char *target)
{
    _cleanup_(event_source_destroy_at) struct event_source *source = NULL;
    const struct target_ops *ops = NULL;
    pid_t pid = 0;
    TRY(events_check_part(&v->part, target));
    TRY(gil_outside_probe(target, &pid, &ops));
    if (!ops && v->outside.interpreter)
        return error_create(ERROR_USAGE, "--interpreter is for a process of a stock CPython");
    if (!ops)
        TRY(events_open(v->verb, target,
                        &(struct event_source_options){.classes = TRACE_CLASS_GIL,
                                                       .for_ns = v->outside.for_ns,
                                                       .from_ns = v->part.from_ns,
                                                       .to_ns = v->part.to_ns,
                                                       .rare_only = true},
                        &source));
    else
        TRY(gil_outside_open(v->verb, pid, ops, &v->outside, &source));
    return source ? look_at_events(v, source) : NULL;
}

struct error *verb_gil(struct verb *verb)
{
    struct view view = {.verb = verb, .outside.for_ns = CLOCK_NS_PER_S};
    uint64_t width = STRIP_DEFAULT, limit = PLACES_DEFAULT;
    const struct option options[] = {
        {"for", 0, OPTION_DURATION, &view.outside.for_ns, "TIME",
         "how long to listen, live (default 1s)"},
        EVENTS_PART_OPTIONS(&view.part),
        {"width", 'w', OPTION_COUNT, &width, "N", "columns of the timeline (default 40)"},
        {"limit", 'n', OPTION_COUNT, &limit, "N", "places to show (default 10)"},
        {"sample", 0, OPTION_FLAG, &view.outside.sample, NULL,
         "a CPython: look at it 1000 times a second"},
        {"interpreter", 0, OPTION_COUNT, &view.outside.interpreter, "ID",
         "a CPython with several GILs: of which interpreter (default 0)"},
        VERB_OPTIONS(verb),
        {0},
    };
    TRY(verb_parse(verb, options, 1, 1));
    if (verb->done)
        return NULL;
    view.limit = limit;
    view.columns = width < STRIP_LEAST  ? STRIP_LEAST
                   : width > STRIP_MOST ? STRIP_MOST
                                        : (unsigned)width;
    return look(&view, verb->arguments.items[0]);
}
