// brille history: every change of one object's reference count, with the line that made it.
#include "inspector/base/clock.h"
#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/cmd/events.h"
#include "inspector/trace/history.h"

#include <errno.h>
#include <stdlib.h>

enum { ROWS_DEFAULT = 40, FOR_DEFAULT_S = 5, PLACES_NAMED = 3 };

struct view {
    struct verb *verb;
    const struct event_source *source;
    const struct history *history;
    uint64_t limit;
    const char *target, *address;
};

static struct error *feed(void *context, const struct trace_event *event)
{
    return history_feed(context, event);
}

static struct error *parse_address(const char *text, uint64_t *ret)
{
    char *end;
    errno = 0;
    const unsigned long long address = strtoull(text, &end, 0);
    if (errno || end == text || *end || *text == '-')
        return error_add_try(error_create(ERROR_USAGE, "'%s' is no address", text),
                             "0x7f3a9c0d4e80, or what id() says");
    *ret = address;
    return NULL;
}

static void add_type_name(const struct view *v, uint32_t type, struct strbuf *out)
{
    const struct definition *found = trace_reader_type(&v->source->reader, type);
    strbuf_add(out, found ? found->name : "object");
}

static bool is_open_take(const struct history_step *step)
{
    return step->kind == TRACE_EVENT_incref && step->partner == HISTORY_NONE;
}

// ---- the sentence ----

struct keeper {
    uint32_t code, line;
    uint64_t count;
};
VEC_DEFINE(keeper_vec, struct keeper);

static int by_count(const void *left, const void *right)
{
    const struct keeper *a = left, *b = right;
    return a->count < b->count ? 1 : a->count > b->count ? -1 : 0;
}

// Where the takes were that nobody gave back.
static struct error *find_keepers(const struct view *v, struct keeper_vec *ret)
{
    for (size_t i = 0; i < v->history->open.count; i++) {
        const struct history_step *step = &v->history->steps.items[v->history->open.items[i]];
        const uint32_t line = event_source_line(v->source, step->code, step->site);
        struct keeper *same = NULL;
        for (size_t k = 0; k < ret->count && !same; k++)
            if (ret->items[k].code == step->code && ret->items[k].line == line)
                same = &ret->items[k];
        if (same)
            same->count++;
        else
            TRY(keeper_vec_push(ret, (struct keeper){step->code, line, 1}));
    }
    if (ret->count)
        qsort(ret->items, ret->count, sizeof *ret->items, by_count);
    return NULL;
}

static void add_count(uint32_t count, struct strbuf *out)
{
    if (count == HISTORY_UNKNOWN)
        strbuf_add_char(out, '?');
    else
        strbuf_addf(out, "%u", count);
}

// Which of the objects at this address the answer is about.
static uint32_t life(const struct history *h)
{
    return h->chosen ? h->chosen : h->lives;
}

static struct error *add_sentence(const struct view *v)
{
    const struct history *h = v->history;
    struct keeper_vec keepers = {0};
    struct strbuf text;
    struct error *err = find_keepers(v, &keepers);
    strbuf_init(&text);
    add_type_name(v, h->type, &text);
    if (!h->alive && !h->steps.count) {
        strbuf_add(&text, ": freed before");
    } else if (!h->alive) {
        strbuf_addf(&text, ": freed after %s takes and %s drops", format_count(h->takes).text,
                    format_count(h->drops).text);
    } else {
        strbuf_add(&text, ": refcount ");
        add_count(h->first_count, &text);
        strbuf_add(&text, " -> ");
        add_count(h->count, &text);
    }
    if (h->lives > 1)
        strbuf_addf(&text, "; number %u of %u objects that lived here one after the other", life(h),
                    h->lives);
    strbuf_add_char(&text, '.');
    if (h->alive && h->open.count)
        strbuf_addf(&text, " %s take%s never given back", format_count(h->open.count).text,
                    h->open.count == 1 ? "" : "s");
    for (size_t i = 0; h->alive && i < keepers.count && i < PLACES_NAMED; i++) {
        strbuf_add(&text, i ? ", " : ": ");
        event_source_add_place(v->source, keepers.items[i].code, keepers.items[i].line, &text);
        if (keepers.count > 1)
            strbuf_addf(&text, " (%s)", format_count(keepers.items[i].count).text);
    }
    if (h->alive && h->open.count)
        strbuf_add_char(&text, '.');
    verb_add_answer(v->verb, "%s", strbuf_text(&text));
    strbuf_deinit(&text);
    keeper_vec_deinit(&keepers);
    return err;
}

// ---- the table ----

// Times within one page of events are the same: nothing is said about such a short one.
static void add_given_back(const struct view *v, const struct history_step *step,
                           struct strbuf *out)
{
    const struct history_step *drop = &v->history->steps.items[step->partner];
    strbuf_add(out, "given back");
    if (drop->time_ns > step->time_ns)
        strbuf_addf(out, " in %s", format_time_ns(drop->time_ns - step->time_ns).text);
}

static void add_step_note(const struct view *v, const struct history_step *step, struct strbuf *out)
{
    switch (step->kind) {
    case TRACE_EVENT_alloc:
        strbuf_add(out, "made: ");
        add_type_name(v, step->type, out);
        strbuf_addf(out, ", %s", format_bytes(step->size).text);
        break;
    case TRACE_EVENT_free:
        strbuf_add(out, "freed");
        break;
    case TRACE_EVENT_resize:
        strbuf_addf(out, "now %s", format_bytes(step->size).text);
        break;
    case TRACE_EVENT_retype:
        strbuf_add(out, "now a ");
        add_type_name(v, step->type, out);
        break;
    case TRACE_EVENT_gc_track:
        strbuf_addf(out, "watched by the collector, generation %d", step->generation);
        break;
    case TRACE_EVENT_gc_untrack:
        strbuf_add(out, "not watched by the collector");
        break;
    case TRACE_EVENT_snapshot:
        strbuf_add(out, "there when recording began");
        break;
    case TRACE_EVENT_incref:
        if (step->partner != HISTORY_NONE)
            add_given_back(v, step, out);
        else if (v->history->alive)
            strbuf_add(out, "never given back");
        break;
    default:
        break;
    }
}

static const struct column COLUMNS[] = {
    {"seq", NULL, UNIT_COUNT},   {"time", NULL, UNIT_TEXT}, {"event", NULL, UNIT_TEXT},
    {"count", NULL, UNIT_TEXT},  {"mark", "", UNIT_TEXT},   {"place", "by", UNIT_TEXT},
    {"thread", NULL, UNIT_TEXT}, {"note", "", UNIT_TEXT},
};

static void add_row(const struct view *v, const struct history_step *step, struct table *table)
{
    struct strbuf text;
    strbuf_init(&text);
    table_number(table, step->seq);
    events_add_time(v->source, step->time_ns, &text);
    table_text(table, strbuf_text(&text));
    table_text(table, trace_event_name(step->kind));
    strbuf_clear(&text);
    if (step->before != step->after) {
        add_count(step->before, &text);
        strbuf_add(&text, " -> ");
    }
    add_count(step->after, &text);
    table_text(table, strbuf_text(&text));
    table_text(table, is_open_take(step) && v->history->alive ? "!" : "");
    strbuf_clear(&text);
    event_source_add_place(v->source, step->code,
                           event_source_line(v->source, step->code, step->site), &text);
    table_text(table, strbuf_text(&text));
    strbuf_clear(&text);
    event_source_add_thread(v->source, step->tid, &text);
    table_text(table, strbuf_text(&text));
    strbuf_clear(&text);
    add_step_note(v, step, &text);
    table_text(table, strbuf_text(&text));
    strbuf_deinit(&text);
}

static struct error *add_steps(const struct view *v)
{
    const size_t count = v->history->steps.count;
    const size_t first = count > v->limit ? count - (size_t)v->limit : 0;
    struct table table;
    table_init(&table, COLUMNS, sizeof COLUMNS / sizeof *COLUMNS);
    for (size_t i = first; i < count; i++)
        add_row(v, &v->history->steps.items[i], &table);
    struct error *err = verb_add_table(v->verb, &table);
    table_deinit(&table);
    if (!err && !v->verb->tsv && (first || v->history->forgotten))
        strbuf_addf(&v->verb->out, "%s earlier changes (-n)\n",
                    format_count(first + v->history->forgotten).text);
    return err;
}

// ---- JSON ----

static void add_json_count(struct json *json, const char *key, uint32_t count)
{
    if (count == HISTORY_UNKNOWN)
        json_null(json, key);
    else
        json_count(json, key, count);
}

static void add_step_json(const struct view *v, const struct history_step *step, struct json *json)
{
    const struct definition *code = definitions_code(&v->source->reader.definitions, step->code);
    struct strbuf text;
    strbuf_init(&text);
    event_source_add_thread(v->source, step->tid, &text);
    json_begin(json, NULL, '{');
    json_count(json, "seq", step->seq);
    json_count(json, "time_ns", step->time_ns);
    json_text(json, "event", trace_event_name(step->kind));
    add_json_count(json, "before", step->before);
    add_json_count(json, "after", step->after);
    json_text(json, "function", code ? *code->qualname ? code->qualname : code->name : "unknown");
    json_text(json, "file", code ? code->file : "unknown");
    json_count(json, "line", event_source_line(v->source, step->code, step->site));
    json_count(json, "tid", step->tid);
    json_text(json, "thread", strbuf_text(&text));
    json_bool(json, "kept", is_open_take(step) && v->history->alive);
    json_end(json, '}');
    strbuf_deinit(&text);
}

static void answer_json(const struct view *v)
{
    const struct history *h = v->history;
    struct strbuf type;
    struct json json;
    strbuf_init(&type);
    add_type_name(v, h->type, &type);
    verb_begin_json(v->verb, NULL, &json);
    events_add_json(v->source, &json);
    json_address(&json, "address", h->address);
    json_text(&json, "type", strbuf_text(&type));
    json_bool(&json, "alive", h->alive);
    json_count(&json, "life", life(h));
    json_count(&json, "lives", h->lives);
    add_json_count(&json, "first_count", h->first_count);
    add_json_count(&json, "last_count", h->alive ? h->count : 0);
    json_count(&json, "takes", h->takes);
    json_count(&json, "drops", h->drops);
    json_count(&json, "forgotten", h->forgotten);
    json_begin(&json, "changes", '[');
    for (size_t i = 0; i < h->steps.count; i++)
        add_step_json(v, &h->steps.items[i], &json);
    json_end(&json, ']');
    verb_end_json(v->verb, &json);
    strbuf_deinit(&type);
}

static struct error *answer(const struct view *v)
{
    if (!v->history->lives)
        return error_add_why(error_create(ERROR_NOT_FOUND, "no event names an object at %s",
                                          format_address(v->history->address).text),
                             "%s",
                             v->source->live
                                 ? "no object is there, or it is immortal: those have no events"
                                 : "it was not there, is immortal, or the trace lacks -e refcount");
    if (v->history->chosen > v->history->lives)
        return error_create(ERROR_NOT_FOUND, "only %u object%s lived at %s", v->history->lives,
                            v->history->lives == 1 ? "" : "s",
                            format_address(v->history->address).text);
    events_add_heading(v->verb, v->source);
    if (v->verb->json) {
        answer_json(v);
        return NULL;
    }
    TRY(add_sentence(v));
    TRY(add_steps(v));
    if (v->source->live)
        log_next("brille path %s %s", v->target, v->address);
    return NULL;
}

// What can be asked of a process that emits nothing.
static struct error *explain(const struct view *v, struct error *err)
{
    if (!err || err->code != ERROR_UNSUPPORTED || strspn(v->target, "0123456789") == 0)
        return err;
    return error_add_try(err,
                         "brille watch %s %s, as its count changes, or brille run -e "
                         "alloc,refcount PROG",
                         v->target, v->address);
}

static struct error *look(struct view *v, uint64_t for_ns, const struct events_part *part,
                          struct history *history)
{
    _cleanup_(event_source_destroy_at) struct event_source *source = NULL;
    const struct event_source_options options = {
        .classes = TRACE_CLASS_ALLOC | TRACE_CLASS_REFCOUNT,
        .baseline = true,
        .for_ns = for_ns,
        .from_ns = part->from_ns,
        .to_ns = part->to_ns,
    };
    TRY(events_check_part(part, v->target));
    TRY(explain(v, events_open(v->verb, v->target, &options, &source)));
    history->from_ns = part->from_ns;
    TRY(events_read(source, feed, history));
    history_finish(history);
    v->source = source;
    v->history = history;
    return answer(v);
}

struct error *verb_history(struct verb *verb)
{
    uint64_t for_ns = FOR_DEFAULT_S * CLOCK_NS_PER_S, limit = ROWS_DEFAULT, address = 0, chosen = 0;
    struct events_part part = {0};
    const struct option options[] = {
        {"for", 0, OPTION_DURATION, &for_ns, "TIME", "how long to listen, live (default 5s)"},
        EVENTS_PART_OPTIONS(&part),
        {"limit", 'n', OPTION_COUNT, &limit, "N", "newest changes to show (default 40)"},
        {"life", 0, OPTION_COUNT, &chosen, "N", "which object at the address (default the last)"},
        VERB_OPTIONS(verb),
        {0},
    };
    struct history history;
    TRY(verb_parse(verb, options, 2, 2));
    if (verb->done)
        return NULL;
    TRY(parse_address(verb->arguments.items[1], &address));
    struct view view = {.verb = verb,
                        .limit = limit,
                        .target = verb->arguments.items[0],
                        .address = verb->arguments.items[1]};
    history_init(&history, address, chosen < UINT32_MAX ? (uint32_t)chosen : UINT32_MAX);
    struct error *err = look(&view, for_ns, &part, &history);
    history_deinit(&history);
    return err;
}
