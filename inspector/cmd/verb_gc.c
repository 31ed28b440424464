// brille gc: what the collector did, by generation.
#include "inspector/base/clock.h"
#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/cmd/events.h"
#include "inspector/trace/collections.h"

enum { FOR_DEFAULT_S = 10 };

static struct error *feed(void *context, const struct trace_event *event)
{
    return collections_feed(context, event);
}

static uint64_t window_ns(const struct collections *c)
{
    return c->end_ns - c->begin_ns;
}

static uint64_t total_ns(const struct collections *c)
{
    uint64_t total = 0;
    for (int i = 0; i < COLLECTION_GENERATIONS; i++)
        total += c->sums[i].total_ns;
    return total;
}

// A generation that is looked through again and again and hardly ever gives anything back.
static bool is_futile(const struct collection_sum *sum)
{
    return sum->examined >= 10000 && sum->freed * 1000 < sum->examined;
}

static const struct column COLUMNS[] = {
    {"generation", "gen", UNIT_COUNT}, {"runs", NULL, UNIT_COUNT},
    {"total_ns", "total", UNIT_TIME},  {"mean_ns", "mean", UNIT_TIME},
    {"max_ns", "max", UNIT_TIME},      {"examined", NULL, UNIT_COUNT},
    {"freed", NULL, UNIT_COUNT},       {"promoted", NULL, UNIT_COUNT},
    {"note", "", UNIT_TEXT},
};

static void fill(const struct collections *c, struct table *table)
{
    for (unsigned i = 0; i < COLLECTION_GENERATIONS; i++) {
        const struct collection_sum *sum = &c->sums[i];
        table_number(table, i);
        table_number(table, sum->runs);
        if (sum->timed_runs)
            table_number(table, sum->total_ns);
        else
            table_absent(table);
        if (sum->timed_runs)
            table_number(table, sum->total_ns / sum->timed_runs);
        else
            table_absent(table);
        if (sum->timed_runs)
            table_number(table, sum->max_ns);
        else
            table_absent(table);
        table_number(table, sum->examined);
        table_number(table, sum->freed);
        table_number(table, sum->promoted);
        table_text(table, sum->uncollectable ? "! uncollectable objects"
                          : is_futile(sum)   ? "! almost no garbage"
                                             : "");
    }
}

static void add_sentence(struct verb *verb, const struct event_source *source,
                         const struct collections *c)
{
    const uint64_t window = window_ns(c), total = total_ns(c);
    const struct collection_sum *oldest = &c->sums[2];
    struct strbuf text;
    strbuf_init(&text);
    if (!c->sums[0].runs && !c->sums[1].runs && !oldest->runs) {
        strbuf_addf(&text, "No collection in %s", format_time_ns(window).text);
        strbuf_add(&text, source->live ? "." : ", or the trace has no gc events (-e gc).");
    } else {
        strbuf_addf(&text, "Collections took %s of %s (%s).", format_time_ns(total).text,
                    format_time_ns(window).text, format_share((double)total, (double)window).text);
        if (oldest->runs)
            strbuf_addf(&text, " gen2 freed %s of %s objects.", format_count(oldest->freed).text,
                        format_count(oldest->examined).text);
    }
    verb_add_answer(verb, "%s", strbuf_text(&text));
    strbuf_deinit(&text);
}

static const char *reason_name(uint32_t reason)
{
    static const char *const NAMES[] = {"threshold", "manual", "stress"};
    return reason < sizeof NAMES / sizeof *NAMES ? NAMES[reason] : "unknown";
}

static void add_run_json(const struct event_source *source, const struct collection *run,
                         struct json *json)
{
    struct strbuf name;
    strbuf_init(&name);
    event_source_add_thread(source, run->tid, &name);
    json_begin(json, NULL, '{');
    json_count(json, "generation", run->generation);
    json_count(json, "begin_ns", run->begin_ns);
    if (run->timed)
        json_count(json, "time_ns", run->time_ns);
    else
        json_null(json, "time_ns");
    json_text(json, "reason", run->timed ? reason_name(run->reason) : "unknown");
    json_count(json, "tid", run->tid);
    json_text(json, "thread", strbuf_text(&name));
    json_count(json, "examined", run->examined);
    json_count(json, "freed", run->freed);
    json_count(json, "uncollectable", run->uncollectable);
    json_count(json, "promoted", run->promoted);
    json_end(json, '}');
    strbuf_deinit(&name);
}

static void answer_json(struct verb *verb, const struct event_source *source,
                        const struct collections *c, const struct table *table)
{
    struct json json;
    verb_begin_json(verb, NULL, &json);
    events_add_json(source, &json);
    json_count(&json, "window_ns", window_ns(c));
    json_count(&json, "total_ns", total_ns(c));
    table_add_json(table, "generations", &json);
    json_begin(&json, "collections", '[');
    for (size_t i = 0; i < c->runs.count; i++)
        add_run_json(source, &c->runs.items[i], &json);
    json_end(&json, ']');
    verb_end_json(verb, &json);
}

static struct error *answer(struct verb *verb, const struct event_source *source,
                            const struct collections *c)
{
    struct table table;
    struct error *err = NULL;
    table_init(&table, COLUMNS, sizeof COLUMNS / sizeof *COLUMNS);
    fill(c, &table);
    events_add_heading(verb, source);
    if (verb->json) {
        answer_json(verb, source, c, &table);
    } else {
        add_sentence(verb, source, c);
        err = verb_add_table(verb, &table);
    }
    table_deinit(&table);
    if (!err && is_futile(&c->sums[2]))
        log_next("gc.freeze() after start-up keeps what lives long out of collections");
    return err;
}

static struct error *look(struct verb *verb, uint64_t for_ns, const struct events_part *part,
                          struct collections *c)
{
    _cleanup_(event_source_destroy_at) struct event_source *source = NULL;
    const struct event_source_options options = {.classes = TRACE_CLASS_GC,
                                                 .for_ns = for_ns,
                                                 .from_ns = part->from_ns,
                                                 .to_ns = part->to_ns,
                                                 .rare_only = true};
    TRY(events_check_part(part, verb->arguments.items[0]));
    TRY(events_open(verb, verb->arguments.items[0], &options, &source));
    TRY(events_read(source, feed, c));
    return answer(verb, source, c);
}

struct error *verb_gc(struct verb *verb)
{
    uint64_t for_ns = FOR_DEFAULT_S * CLOCK_NS_PER_S;
    struct events_part part = {0};
    const struct option options[] = {
        {"for", 0, OPTION_DURATION, &for_ns, "TIME", "how long to listen, live (default 10s)"},
        EVENTS_PART_OPTIONS(&part),
        VERB_OPTIONS(verb),
        {0},
    };
    struct collections collections;
    TRY(verb_parse(verb, options, 1, 1));
    if (verb->done)
        return NULL;
    collections_init(&collections);
    struct error *err = look(verb, for_ns, &part, &collections);
    collections_deinit(&collections);
    return err;
}
