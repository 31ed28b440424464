// See recorded.h.
#include "inspector/cmd/recorded.h"

#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/trace/classes.h"

static const char *end_word(const struct trace_tally *tally)
{
    if (tally->cut_short)
        return "cut short";
    switch (tally->reason) {
    case TRACE_END_EXITED:
        return "exited";
    case TRACE_END_KILLED:
        return "killed";
    case TRACE_END_FULL:
        return "full";
    default:
        return "detached";
    }
}

void recorded_add_line(const struct trace_tally *tally, const char *path, struct strbuf *out)
{
    strbuf_addf(out, "%s events", format_count(tally->received_total).text);
    if (tally->time_ns)
        strbuf_addf(out, " of %s", format_time_ns(tally->time_ns).text);
    strbuf_addf(out, " are in %s, %s; ", path, format_bytes(tally->file_bytes).text);
    if (tally->dropped_total)
        strbuf_addf(out, "%s were dropped", format_count(tally->dropped_total).text);
    else
        strbuf_add(out, "none was dropped");
    if (tally->overwritten_units)
        strbuf_add(out, ", older ones overwritten");
    if (tally->reason == TRACE_END_KILLED)
        strbuf_add(out, "; the process was killed");
    if (tally->reason == TRACE_END_FULL)
        strbuf_add(out, "; then the largest size was reached");
    strbuf_add(out, ".");
}

static const struct column COLUMNS[] = {
    {"received", NULL, UNIT_COUNT},
    {"dropped", NULL, UNIT_COUNT},
    {"class", NULL, UNIT_TEXT},
    {"event", NULL, UNIT_TEXT},
};

static void fill_table(struct table *table, const struct trace_tally *tally)
{
    for (unsigned kind = 1; kind < TRACE_EVENT_hot_thread; kind++) {
        if (!tally->received[kind] && !tally->dropped[kind])
            continue;
        table_number(table, tally->received[kind]);
        table_number(table, tally->dropped[kind]);
        table_text(table, *trace_event_class(kind) ? trace_event_class(kind) : "-");
        table_text(table, trace_event_name(kind));
    }
}

static void warn(const struct trace_tally *tally)
{
    if (tally->dropped_total)
        log_warning("%s events were dropped: what is counted from this trace is low",
                    format_count(tally->dropped_total).text);
    if (tally->policy_falls)
        log_warning("the process gave up waiting for its recorder %s times",
                    format_count(tally->policy_falls).text);
    if (tally->definitions_refused)
        log_warning("%s names did not fit: they show as 'unknown'",
                    format_count(tally->definitions_refused).text);
    if (tally->waits_lost)
        log_warning("%s waits for the GIL were lost", format_count(tally->waits_lost).text);
}

static void answer_json(struct verb *verb, const struct trace_tally *tally,
                        const struct table *table, const char *path)
{
    struct json json;
    verb_begin_json(verb, NULL, &json);
    json_text(&json, "file", path);
    json_count(&json, "file_bytes", tally->file_bytes);
    json_count(&json, "pid", tally->pid);
    json_count(&json, "time_ns", tally->time_ns);
    json_count(&json, "received", tally->received_total);
    json_count(&json, "dropped", tally->dropped_total);
    json_count(&json, "overwritten_units", tally->overwritten_units);
    json_count(&json, "waits_lost", tally->waits_lost);
    json_text(&json, "end", end_word(tally));
    table_add_json(table, "events", &json);
    verb_end_json(verb, &json);
}

struct error *recorded_answer(struct verb *verb, const struct trace_tally *tally, const char *path)
{
    struct table table;
    struct strbuf line;
    struct error *err = NULL;
    table_init(&table, COLUMNS, sizeof COLUMNS / sizeof *COLUMNS);
    fill_table(&table, tally);
    warn(tally);
    if (verb->json) {
        answer_json(verb, tally, &table, path);
    } else {
        strbuf_init(&line);
        recorded_add_line(tally, path, &line);
        if (!verb->tsv)
            strbuf_addf(&verb->out, "pid %llu  %s\n", (unsigned long long)tally->pid,
                        format_utc((int64_t)(tally->created_unix_ns / 1000000000)).text);
        verb_add_answer(verb, "%s", strbuf_text(&line));
        strbuf_deinit(&line);
        err = verb_add_table(verb, &table);
        log_next("brille gil %s", path);
    }
    table_deinit(&table);
    return err;
}
