// brille plugin: analyses in Lua. Lists them, and runs one.
//
// What a plugin needs decides what is done to the TARGETs before it runs: heaps are captured or
// opened, a live process is recorded into a temporary trace. Then the target is let go, and only
// then is the plugin's function executed (inspector/lua/run.h).
#include "inspector/base/format.h"
#include "inspector/base/interrupt.h"
#include "inspector/base/progress.h"
#include "inspector/base/scratch.h"
#include "inspector/cmd/command.h"
#include "inspector/cmd/gil_outside.h"
#include "inspector/cmd/plugin_answer.h"
#include "inspector/cmd/plugin_args.h"
#include "inspector/cmd/plugin_author.h"
#include "inspector/lua/event_names.h"
#include "inspector/lua/plugin.h"
#include "inspector/lua/run.h"
#include "inspector/proc/process.h"
#include "inspector/trace/feeder.h"
#include "inspector/trace/recording.h"
#include "tracer/abi/control.h"
#include "tracer/read/reader.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ---- list ----

static const char *shadow_of(const struct plugin_file_vec *files, size_t of)
{
    for (size_t i = 0; i < of; i++)
        if (strcmp(files->items[i].name, files->items[of].name) == 0)
            return files->items[i].path;
    return "?";
}

static struct error *list(struct verb *verb)
{
    const char *path = NULL;
    const struct option options[] = {
        {"plugin-path", 0, OPTION_TEXT, &path, "DIRS", "look here first (separated by ':')"},
        VERB_OPTIONS(verb),
        {0},
    };
    static const struct column columns[] = {
        {"name", NULL, UNIT_TEXT},
        {"from", NULL, UNIT_TEXT},
        {"summary", NULL, UNIT_TEXT},
        {"path", NULL, UNIT_TEXT},
    };
    struct plugin_file_vec files = {0};
    struct table table;
    TRY(verb_parse(verb, options, 0, 0));
    if (verb->done)
        return NULL;
    table_init(&table, columns, sizeof columns / sizeof *columns);
    struct error *err = plugin_list(path, &files);
    for (size_t i = 0; !err && i < files.count; i++) {
        struct plugin *plugin = NULL;
        struct error *broken = plugin_load(files.items[i].path, &plugin);
        struct strbuf what;
        strbuf_init(&what);
        if (files.items[i].shadowed)
            strbuf_addf(&what, "(shadowed by %s) ", shadow_of(&files, i));
        strbuf_add(&what, broken ? "broken: " : plugin->summary);
        if (broken)
            strbuf_addf(&what, "%.*s", (int)strcspn(broken->message, "\n"), broken->message);
        table_text(&table, files.items[i].name);
        table_text(&table, files.items[i].origin);
        table_text(&table, strbuf_text(&what));
        table_text(&table, files.items[i].path);
        strbuf_deinit(&what);
        error_destroy(broken);
        plugin_destroy(plugin);
    }
    if (!err)
        err = verb_add_table(verb, &table);
    if (!err && verb->json) {
        struct json json;
        verb_begin_json(verb, NULL, &json);
        table_add_json(&table, "plugins", &json);
        verb_end_json(verb, &json);
    } else if (!err && !verb->tsv && files.count == 0) {
        strbuf_add(&verb->out, "no plugins found (--plugin-path, BRILLE_PLUGIN_PATH)\n");
    }
    table_deinit(&table);
    plugin_files_deinit(&files);
    return err;
}

static void add_help(const struct plugin *plugin, const struct plugin_options *o,
                     struct strbuf *out)
{
    strbuf_addf(out, "%s: %s\n\nusage: brille plugin run %s%s%s [OPTIONS]\n", plugin->name,
                plugin->summary, plugin->name,
                plugin->heaps == 2   ? " BEFORE AFTER"
                : plugin->heaps == 1 ? " TARGET"
                                     : "",
                plugin->events ? " TRACE|PID" : "");
    if (*plugin->doc)
        strbuf_addf(out, "\n%s\n", plugin->doc);
    strbuf_add_char(out, '\n');
    options_add_help(o->all, out);
}

// For completion: the arguments with their choices, then brille's own options.
static void add_names(const struct plugin *plugin, const struct plugin_options *o,
                      struct strbuf *out)
{
    for (unsigned i = 0; i < plugin->arg_count; i++) {
        const struct plugin_arg *arg = &plugin->args[i];
        strbuf_addf(out, "--%s%s", arg->name, arg->type == ARG_FLAG ? "" : "=");
        for (unsigned k = 0; k < arg->choice_count; k++)
            strbuf_addf(out, "%s ", arg->choices[k]);
        strbuf_add_char(out, '\n');
    }
    strbuf_add(out, "--fail-on=note warn error\n");
    options_add_names(o->all + plugin->arg_count, out);
}

// ---- targets ----

struct sources {
    struct snapshot *snapshots[PLUGIN_HEAPS];
    struct plugin_heap heaps[PLUGIN_HEAPS];
    unsigned count;
    const char *trace;
    bool live; // events come from `feeder`
    struct feeder feeder;
    struct feeder_result fed;
    char recorded[PATH_MAX]; // a temporary trace, "" when there is none
};

static void sources_deinit(struct sources *s)
{
    for (unsigned i = 0; i < s->count; i++)
        if (s->heaps[i].snapshot)
            plugin_heap_deinit(&s->heaps[i]);
    for (unsigned i = 0; i < PLUGIN_HEAPS; i++)
        snapshot_destroy(s->snapshots[i]);
    feeder_end(&s->feeder, NULL);
    if (*s->recorded)
        unlink(s->recorded);
}

static void say_late(pid_t pid)
{
    log_warning("process %d is asleep or in C code; its events begin when it next runs Python",
                (int)pid);
}

static struct error *listen(pid_t pid, const struct recording_options *options, struct sources *s)
{
    bool late;
    TRY(feeder_start(pid, options, &s->feeder, &late));
    s->live = true;
    if (late)
        say_late(pid);
    return NULL;
}

static struct error *record(pid_t pid, const struct target_ops *outside,
                            struct recording_options *options, struct sources *s)
{
    TRY(scratch_file("plugin", s->recorded));
    options->path = s->recorded;
    interrupt_begin();
    struct error *err = outside ? gil_outside_record(pid, outside, options)
                                : recording_attach(pid, options, say_late);
    interrupt_end();
    s->trace = s->recorded;
    return err;
}

// A process that emits no events, a stock CPython, is recorded from outside.
static struct error *take_events_of(const struct plugin *plugin, const struct plugin_options *o,
                                    const char *text, struct sources *s)
{
    const struct target_ops *outside = NULL;
    pid_t pid;
    struct recording_options options = {.verb = "plugin run",
                                        .classes = event_classes(plugin->event_kinds),
                                        .for_ns = o->seconds_ns};
    TRY(process_parse_pid(text, &pid));
    TRY(gil_outside_probe(text, &pid, &outside));
    return (plugin->live || o->live) && !outside ? listen(pid, &options, s)
                                                 : record(pid, outside, &options, s);
}

static struct error *no_use(const struct plugin *plugin, const struct sources *s, const char *text,
                            bool is_trace)
{
    struct error *err =
        error_create(ERROR_USAGE, "plugin %s has no use for '%s'", plugin->name, text);
    if (is_trace && s->count < plugin->heaps)
        return error_add_try(err, "%s@12.5s, the heap at a moment of it", text);
    if (plugin->events && !s->trace && !s->live)
        return error_add_try(err, "a trace (brille record PID), or the pid of a running process");
    return error_add_try(err, "brille plugin run %s --help", plugin->name);
}

// A trace without a position, or a process, can give events; anything else is a heap.
static struct error *take_target(struct verb *verb, const struct plugin *plugin,
                                 const struct plugin_options *o, const char *text,
                                 struct sources *s)
{
    struct heap_argument argument;
    TRY(heap_argument_parse(text, &argument));
    const bool is_trace = argument.kind == HEAP_ARGUMENT_TRACE && !argument.has_position;
    const bool is_pid = argument.kind == HEAP_ARGUMENT_PID;
    heap_argument_deinit(&argument);
    bool used = false;
    if (s->count < plugin->heaps && !is_trace) {
        TRY(verb_open_heap(verb, text, &s->snapshots[s->count]));
        s->count++;
        used = true;
    }
    if (plugin->live && !is_pid)
        return error_add_try(
            error_create(ERROR_UNSUPPORTED, "plugin %s needs a running process", plugin->name),
            "brille ps");
    if (plugin->events && !s->trace && !s->live && (is_trace || is_pid)) {
        s->trace = is_pid ? NULL : text;
        return is_pid ? take_events_of(plugin, o, text, s) : NULL;
    }
    return used ? NULL : no_use(plugin, s, text, is_trace);
}

// A moment of a trace has objects and counts, and no references.
static struct error *check_references(const struct plugin *plugin, const struct sources *s)
{
    for (unsigned i = 0; i < s->count; i++)
        if ((plugin->refs || plugin->retained) && !snapshot_has_references(s->snapshots[i]))
            return error_add_try(
                error_create(ERROR_UNSUPPORTED,
                             "plugin %s needs references, which a moment of a trace does not have",
                             plugin->name),
                "brille dump PID -o F.heap");
    return NULL;
}

// What the first events of a trace say of what was switched on when it began; 0: nothing.
static uint32_t recorded_classes(const char *path)
{
    struct trace_reader reader;
    struct trace_event event;
    struct read_error error;
    uint32_t classes = 0;
    if (trace_reader_open(&reader, path, &error) != READ_OK)
        return 0;
    for (int i = 0; i < 100000 && trace_reader_next(&reader, &event, &error) == READ_OK; i++)
        if (event.kind == TRACE_EVENT_meta &&
            (event.meta.what == TRACE_META_START || event.meta.what == TRACE_META_CLASSES))
            classes |= (uint32_t)event.meta.new_value;
    trace_reader_close(&reader);
    return classes;
}

static struct error *check_events(const struct plugin *plugin, const struct sources *s)
{
    static const struct {
        uint32_t class;
        const char *word;
    } CLASSES[] = {{TRACE_CLASS_ALLOC, "alloc"},
                   {TRACE_CLASS_REFCOUNT, "refcount"},
                   {TRACE_CLASS_GC, "gc"},
                   {TRACE_CLASS_GIL, "gil"}};
    if (!s->trace || *s->recorded || !plugin->event_kinds)
        return NULL;
    const uint32_t there = recorded_classes(s->trace), wanted = event_classes(plugin->event_kinds);
    for (int i = 0; there && i < 4; i++)
        if (wanted & CLASSES[i].class && !(there & CLASSES[i].class))
            return error_add_try(error_create(ERROR_UNSUPPORTED,
                                              "plugin %s needs %s events, and the trace has none",
                                              plugin->name, CLASSES[i].word),
                                 "brille record PID -e %s -o T.trace", CLASSES[i].word);
    return NULL;
}

static struct error *take_targets(struct verb *verb, const struct plugin *plugin,
                                  const struct plugin_options *o, struct sources *s)
{
    for (size_t i = 0; i < verb->arguments.count; i++)
        TRY(take_target(verb, plugin, o, verb->arguments.items[i], s));
    if (s->count < plugin->heaps)
        return error_add_try(
            error_create(ERROR_USAGE, "plugin %s needs %s", plugin->name,
                         plugin->heaps == 2 ? "two heaps, the older first" : "a heap"),
            "brille plugin run %s %s", plugin->name,
            plugin->heaps == 2 ? "before.heap after.heap" : "PID");
    if (plugin->events && !s->trace && !s->live)
        return error_add_try(error_create(ERROR_USAGE, "plugin %s needs a trace", plugin->name),
                             "brille run -e all -o T.trace PROG, or a PID");
    TRY(check_references(plugin, s));
    TRY(check_events(plugin, s));
    for (unsigned i = 0; i < s->count; i++)
        TRY(plugin_heap_init(&s->heaps[i], s->snapshots[i], i + 1, plugin->refs, plugin->retained));
    return plugin_resolve_arguments((struct plugin *)(uintptr_t)plugin,
                                    s->count ? &s->heaps[s->count - 1] : NULL);
}

// ---- the answer ----

static struct error *answer(struct verb *verb, const struct plugin *plugin, const struct sources *s,
                            const struct run_output *output)
{
    struct json json;
    if (verb->json) {
        verb_begin_json(verb, s->count ? s->snapshots[s->count - 1] : NULL, &json);
        TRY(plugin_answer_json(plugin, output, &json));
        if (s->live)
            json_count(&json, "events_dropped", s->fed.dropped_units);
        verb_end_json(verb, &json);
        return NULL;
    }
    if (s->count && output->items.count)
        verb_add_heading(verb, s->snapshots[s->count - 1],
                         verb->arguments.items[verb->arguments.count - 1]);
    return plugin_answer_text(verb, output);
}

static int severity(const char *word)
{
    return strcmp(word, "error") == 0 ? 3 : strcmp(word, "warn") == 0 ? 2 : 1;
}

static bool is_bad(const struct run_output *output, const char *fail_on)
{
    for (size_t i = 0; fail_on && i < output->items.count; i++)
        if (output->items.items[i].kind == RUN_ITEM_FINDING &&
            severity(output->items.items[i].finding.severity) >= severity(fail_on))
            return true;
    return false;
}

// ---- run ----

static void end_events(void *context)
{
    const struct sources *s = context;
    feeder_tell(&s->feeder);
}

// What the plugin was too slow for is said, and counted in JSON.
static void end_feed(struct sources *s)
{
    feeder_end(&s->feeder, &s->fed);
    if (s->fed.dropped_units)
        log_warning("%s events and more were dropped: the plugin was slower than the process",
                    format_count(s->fed.dropped_units).text);
}

static struct error *run_on(struct verb *verb, struct plugin *plugin,
                            const struct plugin_options *o, struct sources *s)
{
    struct plugin_run run = {
        .plugin = plugin,
        .heap_count = s->count,
        .trace = s->trace,
        .live = s->live,
        .events_fd = s->feeder.fd,
        .end_events = s->live ? end_events : NULL,
        .end_context = s,
        .limits = {.time_ns = o->time_ns + (s->live ? o->seconds_ns : 0),
                   .memory_bytes = o->memory_bytes},
    };
    struct run_output output;
    for (unsigned i = 0; i < s->count; i++)
        run.heaps[i] = &s->heaps[i];
    interrupt_begin();
    struct error *err = plugin_run(&run, &output);
    interrupt_end();
    if (s->live)
        end_feed(s);
    struct error *said = answer(verb, plugin, s, &output);
    if (!err && is_bad(&output, o->fail_on))
        verb->status = 1;
    run_output_deinit(&output);
    if (err && said)
        error_destroy(said);
    // What came before the error is printed, for it may be what somebody waited for.
    if (err && verb->out.length)
        error_destroy(command_write(verb));
    return err ? err : said;
}

static struct error *run_plugin(struct verb *verb, struct plugin *plugin)
{
    struct plugin_options o = {.time_ns = UINT64_C(60000000000),
                               .memory_bytes = UINT64_C(512) << 20,
                               .seconds_ns = UINT64_C(5000000000)};
    struct sources sources = {.feeder.fd = -1};
    unsigned count = 0;
    TRY(plugin_add_options(plugin, &o, &count));
    const struct option common[] = {
        {"time", 0, OPTION_DURATION, &o.time_ns, "TIME", "how long it may run (default 60s)"},
        {"mem", 0, OPTION_BYTES, &o.memory_bytes, "SIZE", "what Lua may use (default 512MiB)"},
        {"seconds", 0, OPTION_DURATION, &o.seconds_ns, "N",
         "how long to record a process for its events (default 5)"},
        {"live", 0, OPTION_FLAG, &o.live, NULL,
         "events of a process as they happen, not recorded first: one pass"},
        {"fail-on", 0, OPTION_TEXT, &o.fail_on, "LEVEL",
         "exit status 1 for findings: note, warn or error"},
        {"plugin-path", 0, OPTION_TEXT, &o.path, "DIRS", "look here first (separated by ':')"},
        VERB_HEAP_OPTIONS(verb),
        {0},
    };
    _Static_assert(sizeof common / sizeof *common <= PLUGIN_COMMON_OPTIONS, "room in options");
    memcpy(o.all + count, common, sizeof common);
    if (verb->listing) {
        add_names(plugin, &o, &verb->out);
        return NULL;
    }
    TRY(options_parse(o.all, verb->argc, verb->argv, false, &verb->arguments));
    if (verb->help) {
        add_help(plugin, &o, &verb->out);
        return NULL;
    }
    if (o.fail_on && strcmp(o.fail_on, "note") != 0 && strcmp(o.fail_on, "warn") != 0 &&
        strcmp(o.fail_on, "error") != 0)
        return error_create(ERROR_USAGE, "--fail-on wants note, warn or error, not '%s'",
                            o.fail_on);
    TRY(plugin_set_arguments(plugin, &o));
    struct error *err = take_targets(verb, plugin, &o, &sources);
    if (!err)
        err = run_on(verb, plugin, &o, &sources);
    sources_deinit(&sources);
    return err;
}

// The value of --plugin-path, needed before the plugin's own options are known.
static const char *early_path(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--plugin-path") == 0 && i + 1 < argc)
            return argv[i + 1];
        if (strncmp(argv[i], "--plugin-path=", 14) == 0)
            return argv[i] + 14;
    }
    return NULL;
}

static bool is_help(const char *text)
{
    return strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0;
}

static struct error *run(struct verb *verb)
{
    _cleanup_free_ char *file = NULL;
    _cleanup_(plugin_destroy_at) struct plugin *plugin = NULL;
    if (verb->argc && is_help(verb->argv[0])) {
        strbuf_add(&verb->out, "usage: brille plugin run NAME|FILE.lua TARGET... [OPTIONS]\n\n"
                               "brille plugin run NAME --help tells what a plugin takes.\n");
        return NULL;
    }
    if (verb->argc < 1 || *verb->argv[0] == '-')
        return error_add_try(error_create(ERROR_USAGE, "plugin run needs a name or a file.lua"),
                             "brille plugin list");
    TRY(plugin_find(verb->argv[0], early_path(verb->argc, verb->argv), &file));
    TRY(plugin_load(file, &plugin));
    verb->argc--;
    verb->argv++;
    return run_plugin(verb, plugin);
}

static const struct command PARTS[] = {
    {"plugin list", "", "plugins, where they are from, and which are broken", list},
    {"plugin run", "NAME|FILE.lua TARGET... [OPTIONS]", "runs one; brille NAME TARGET... does, too",
     run},
    {"plugin doc", "NAME", "what one does, needs and takes", plugin_doc},
    {"plugin new", "NAME [--heap|--diff|--events]", "begins one, with a test that passes",
     plugin_new},
    {"plugin test", "NAME|FILE.lua... [--update]", "runs the tests of plugins", plugin_test},
    {"plugin lint", "NAME|FILE.lua...", "says what is missing in plugins", plugin_lint},
    {"plugin reference", "[--meta]", "the API, for people or for editors", plugin_reference},
};
enum { PART_COUNT = sizeof PARTS / sizeof *PARTS };

static const char *part_word(const struct command *part)
{
    return part->name + strlen("plugin ");
}

static void add_parts(struct strbuf *out)
{
    strbuf_add(out, "brille plugin: analyses in Lua\n\nusage: brille plugin VERB ...\n\n");
    for (int i = 0; i < PART_COUNT; i++) {
        const size_t begin = out->length;
        strbuf_addf(out, "  %s %s", part_word(&PARTS[i]), PARTS[i].arguments);
        strbuf_pad(out, begin, 40);
        strbuf_addf(out, " %s\n", PARTS[i].summary);
    }
    strbuf_add(out, "\nbrille plugin VERB --help tells the options of a verb, brille NAME --help "
                    "those of a plugin.\n");
}

struct error *verb_plugin(struct verb *verb)
{
    const char *what = verb->argc ? verb->argv[0] : "";
    for (int i = 0; verb->listing && !*what && i < PART_COUNT; i++)
        strbuf_addf(&verb->out, "%s\n", part_word(&PARTS[i]));
    for (int i = 0; i < PART_COUNT; i++)
        if (strcmp(part_word(&PARTS[i]), what) == 0) {
            verb->argc--;
            verb->argv++;
            verb->part = &PARTS[i];
            return PARTS[i].run(verb);
        }
    if (is_help(what)) {
        add_parts(&verb->out);
        return NULL;
    }
    if (*what && *what != '-')
        return run(verb);
    return error_add_try(
        error_create(ERROR_USAGE, "plugin needs list, run, doc, new, test or lint"),
        "brille plugin --help");
}
