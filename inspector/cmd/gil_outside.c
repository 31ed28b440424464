// See gil_outside.h.
#include "inspector/cmd/gil_outside.h"

#include "inspector/base/format.h"
#include "inspector/base/interrupt.h"
#include "inspector/base/progress.h"
#include "inspector/base/scratch.h"
#include "inspector/cmd/command.h"
#include "inspector/proc/process.h"
#include "inspector/target/gil_watch.h"
#include "tracer/abi/events.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct error *gil_outside_probe(const char *argument, pid_t *pid, const struct target_ops **ops)
{
    struct target_process process;
    const struct target_ops *found;
    *ops = NULL;
    if (!*argument || strspn(argument, "0123456789") != strlen(argument))
        return NULL;
    TRY(process_parse_pid(argument, pid));
    // Whose process it is not is said by what would read its events.
    _cleanup_error_ struct error *err = target_probe(*pid, "gil", &process, &found);
    if (!err && found->gil_record)
        *ops = found;
    return NULL;
}

// The answer is about one GIL: whoever has more must know which.
static void say_which(const struct gil_watch_options *options)
{
    if (options->choice->count > 1)
        log_warning("this process has %u GILs: this is about that of interpreter %llu; for the "
                    "others --interpreter %s",
                    options->choice->count, (unsigned long long)options->interpreter,
                    options->choice->others);
}

// ---- sampled ----

static const struct column COLUMNS[] = {
    {"held", NULL, UNIT_SHARE}, {"wait", NULL, UNIT_SHARE},  {"samples", NULL, UNIT_COUNT},
    {"tid", NULL, UNIT_TEXT},   {"thread", NULL, UNIT_TEXT},
};

static void add_name(const struct gil_sampled_thread *thread, struct strbuf *out)
{
    if (*thread->name)
        strbuf_add(out, thread->name);
    else
        strbuf_addf(out, "thread %d", (int)thread->tid);
}

static void fill_table(const struct gil_sampled *sampled, struct table *table)
{
    struct strbuf name;
    char tid[16];
    strbuf_init(&name);
    for (size_t i = 0; i < sampled->threads.count; i++) {
        const struct gil_sampled_thread *thread = &sampled->threads.items[i];
        table_share(table, (double)thread->held, (double)sampled->looks);
        table_share(table, (double)thread->waited, (double)sampled->wait_looks);
        table_number(table, thread->held);
        snprintf(tid, sizeof tid, "%d", (int)thread->tid);
        table_text(table, tid);
        strbuf_clear(&name);
        add_name(thread, &name);
        table_text(table, strbuf_text(&name));
    }
    strbuf_deinit(&name);
}

static void add_sentence(struct verb *verb, const struct gil_sampled *sampled)
{
    const uint64_t held = sampled->looks - sampled->free_looks;
    struct strbuf text;
    strbuf_init(&text);
    strbuf_addf(&text, "GIL held at %.0f %% of %s samples in %s, ",
                100.0 * (double)held / (double)(sampled->looks ? sampled->looks : 1),
                format_count(sampled->looks).text, format_time_ns(sampled->window_ns).text);
    strbuf_addf(&text, "%s switches; ", format_count(sampled->switches).text);
    if (sampled->holder) {
        for (size_t i = 0; i < sampled->threads.count; i++)
            if (sampled->threads.items[i].tid == sampled->holder)
                add_name(&sampled->threads.items[i], &text);
        strbuf_add(&text, " held it last.");
    } else {
        strbuf_add(&text, "nobody held it at the end.");
    }
    verb_add_answer(verb, "%s", strbuf_text(&text));
    strbuf_deinit(&text);
}

static void answer_json(struct verb *verb, pid_t pid, const struct gil_sampled *sampled,
                        const struct table *table)
{
    struct json json;
    verb_begin_json(verb, NULL, &json);
    json_count(&json, "pid", (uint64_t)pid);
    json_text(&json, "mode", "sampled");
    json_count(&json, "window_ns", sampled->window_ns);
    json_count(&json, "samples", sampled->looks);
    json_count(&json, "samples_free", sampled->free_looks);
    json_count(&json, "switches", sampled->switches);
    json_count(&json, "holder", (uint64_t)sampled->holder);
    table_add_json(table, "threads", &json);
    verb_end_json(verb, &json);
}

static struct error *answer(struct verb *verb, pid_t pid, const struct gil_sampled *sampled)
{
    struct process process;
    struct table table;
    struct error *err = NULL;
    table_init(&table, COLUMNS, sizeof COLUMNS / sizeof *COLUMNS);
    fill_table(sampled, &table);
    if (verb->json) {
        answer_json(verb, pid, sampled, &table);
    } else {
        _cleanup_error_ struct error *gone = process_read(&process, pid);
        if (!verb->tsv) {
            strbuf_addf(&verb->out, "%s%spid %d\n", gone ? "" : process.name, gone ? "" : "  ",
                        (int)pid);
            add_sentence(verb, sampled);
            strbuf_add(&verb->out,
                       "Sampled: shares are estimates; the number of switches alone is exact.\n");
        }
        err = verb_add_table(verb, &table);
    }
    table_deinit(&table);
    return err;
}

static struct error *sample(struct verb *verb, pid_t pid, const struct target_ops *ops,
                            const struct gil_watch_options *options)
{
    struct gil_sampled sampled = {0};
    interrupt_begin();
    struct error *err = ops->gil_sample(pid, options, &sampled);
    interrupt_end();
    if (!err)
        say_which(options);
    if (!err)
        err = answer(verb, pid, &sampled);
    gil_sampled_deinit(&sampled);
    return err;
}

// ---- exact ----

static struct error *open_recorded(const char *path, pid_t pid, const char *verb,
                                   struct event_source **ret)
{
    const struct event_source_options options = {.verb = verb};
    TRY(event_source_open(path, &options, ret));
    (*ret)->outside = true;
    (*ret)->pid = pid;
    return NULL;
}

static struct error *record_to(const char *path, struct verb *verb, pid_t pid,
                               const struct target_ops *ops,
                               const struct gil_watch_options *options, struct event_source **ret)
{
    interrupt_begin();
    struct error *err = ops->gil_record(pid, options, path);
    interrupt_end();
    if (!err)
        say_which(options);
    return err ? err : open_recorded(path, pid, verb->command->name, ret);
}

static bool is_refusal(const struct error *err)
{
    return err->code == ERROR_PERMISSION || err->code == ERROR_UNSUPPORTED ||
           err->code == ERROR_BUSY;
}

struct error *gil_outside_open(struct verb *verb, pid_t pid, const struct target_ops *ops,
                               const struct gil_outside_options *wish, struct event_source **ret)
{
    struct gil_choice choice = {0};
    const struct gil_watch_options options = {.verb = verb->command->name,
                                              .for_ns = wish->for_ns,
                                              .interpreter = wish->interpreter,
                                              .choice = &choice};
    char path[PATH_MAX];
    if (wish->sample)
        return sample(verb, pid, ops, &options);
    TRY(scratch_file("gil", path));
    struct error *err = record_to(path, verb, pid, ops, &options, ret);
    unlink(path); // who reads it has it open
    if (!err || !is_refusal(err))
        return err;
    struct error *refused = sample(verb, pid, ops, &options);
    if (!refused)
        log_warning("%s%s%s; sampled instead", err->message, err->why ? ": " : "",
                    err->why ? err->why : "");
    error_destroy(err);
    return refused;
}

struct error *gil_outside_record(pid_t pid, const struct target_ops *ops,
                                 const struct recording_options *options)
{
    if (!(options->classes & TRACE_CLASS_GIL))
        return error_add_try(
            error_create(ERROR_UNSUPPORTED, "process %d is a stock CPython, which emits no events",
                         (int)pid),
            "-e gil, which can be seen from outside; or run the program in brille-python");
    if (options->classes != TRACE_CLASS_GIL)
        log_warning("process %d is a stock CPython: only the handoffs of its GIL can be recorded",
                    (int)pid);
    struct gil_choice choice = {0};
    const struct gil_watch_options watch = {.verb = options->verb,
                                            .for_ns = options->for_ns,
                                            .interpreter = options->interpreter,
                                            .choice = &choice};
    TRY(ops->gil_record(pid, &watch, options->path));
    say_which(&watch);
    return NULL;
}
