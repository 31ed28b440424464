// brille ps: the processes that can be inspected.
#include "inspector/base/format.h"
#include "inspector/cmd/command.h"
#include "inspector/proc/process.h"
#include "inspector/trace/leftovers.h"

static const struct column columns[] = {
    {"pid", NULL, UNIT_TEXT},
    {"runtime", NULL, UNIT_TEXT},
    {"version", NULL, UNIT_TEXT},
    {"rss_bytes", "rss", UNIT_BYTES},
    {"thread_count", "threads", UNIT_COUNT},
    {"tracing", NULL, UNIT_TEXT},
    {"readable", NULL, UNIT_TEXT},
    {"command", NULL, UNIT_TEXT},
};

static void add_row(struct table *table, const struct target_process *process)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)process->pid);
    table_text(table, pid);
    table_text(table, process->runtime);
    table_text(table, *process->version ? process->version : "-");
    table_number(table, process->rss_bytes);
    table_number(table, process->thread_count);
    table_text(table, *process->tracing ? process->tracing : "off");
    table_text(table, process->readable ? "yes" : *process->why ? process->why : "no");
    table_text(table, process->command);
}

static void add_json(struct json *json, const struct target_process *process)
{
    json_begin(json, NULL, '{');
    json_count(json, "pid", (uint64_t)process->pid);
    json_text(json, "runtime", process->runtime);
    json_text(json, "version", process->version);
    json_count(json, "rss_bytes", process->rss_bytes);
    json_count(json, "thread_count", process->thread_count);
    json_text(json, "tracing", *process->tracing ? process->tracing : "off");
    json_bool(json, "readable", process->readable);
    json_text(json, "why", process->why);
    json_text(json, "command", process->command);
    json_end(json, '}');
}

static struct error *list(struct verb *verb, const struct process_vec *processes)
{
    struct table table;
    struct json json;
    uint32_t readable = 0;
    table_init(&table, columns, sizeof columns / sizeof *columns);
    if (verb->json) {
        verb_begin_json(verb, NULL, &json);
        json_begin(&json, "processes", '[');
    }
    for (size_t i = 0; i < processes->count; i++) {
        struct target_process process;
        const struct target_ops *ops;
        if (!target_process_identify(&processes->items[i], &process, &ops))
            continue;
        readable += process.readable;
        add_row(&table, &process);
        if (verb->json)
            add_json(&json, &process);
    }
    const size_t found = table_row_count(&table);
    struct error *err = NULL;
    if (verb->json) {
        json_end(&json, ']');
        verb_end_json(verb, &json);
    } else {
        verb_add_answer(verb, "%zu Python process%s, %u of them can be inspected.", found,
                        found == 1 ? "" : "es", readable);
        err = verb_add_table(verb, &table);
    }
    table_deinit(&table);
    return err;
}

// ---- --clean ----

static void answer_clean(struct verb *verb, const struct leftover_vec *removed)
{
    uint64_t bytes = 0;
    struct json json;
    for (size_t i = 0; i < removed->count; i++)
        bytes += removed->items[i].size_bytes;
    if (!verb->json) {
        verb_add_answer(verb, "%zu ring%s of dead processes removed, %s.", removed->count,
                        removed->count == 1 ? "" : "s", format_bytes(bytes).text);
        return;
    }
    verb_begin_json(verb, NULL, &json);
    json_begin(&json, "removed", '[');
    for (size_t i = 0; i < removed->count; i++)
        json_text(&json, NULL, removed->items[i].path);
    json_end(&json, ']');
    json_count(&json, "removed_bytes", bytes);
    verb_end_json(verb, &json);
}

static struct error *clean(struct verb *verb)
{
    struct leftover_vec removed = {0};
    struct error *err = leftovers_clean(&removed);
    if (!err)
        answer_clean(verb, &removed);
    leftover_vec_deinit(&removed);
    return err;
}

struct error *verb_ps(struct verb *verb)
{
    bool clean_up = false;
    const struct option options[] = {
        {"clean", 0, OPTION_FLAG, &clean_up, NULL, "remove the rings that dead processes left"},
        VERB_OPTIONS(verb),
        {0},
    };
    struct process_vec processes = {0};
    TRY(verb_parse(verb, options, 0, 0));
    if (verb->done)
        return NULL;
    if (clean_up)
        return clean(verb);
    struct error *err = process_list(&processes);
    if (!err)
        err = list(verb, &processes);
    process_vec_deinit(&processes);
    return err;
}
