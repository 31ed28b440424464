// brille plugin: analyses in Lua. Lists them, and runs one.
//
// What a plugin needs decides what is done to the TARGETs before it runs: heaps are captured or
// opened, a live process is recorded into a temporary trace. Then the target is let go, and only
// then is the plugin's function executed (inspector/lua/run.h).
#include "inspector/base/format.h"
#include "inspector/base/interrupt.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/lua/event_names.h"
#include "inspector/lua/plugin.h"
#include "inspector/lua/run.h"
#include "inspector/trace/recording.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COMMON_OPTIONS 16

struct plugin_options {
    uint64_t time_ns, memory_bytes, seconds_ns;
    const char *path, *fail_on;
    union {
        bool flag;
        uint64_t number;
        const char *text;
    } values[PLUGIN_ARGS_MAX];
    struct option all[PLUGIN_ARGS_MAX + COMMON_OPTIONS];
};

// ---- list ----

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
        {"summary", NULL, UNIT_TEXT},
        {"path", "from", UNIT_TEXT},
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
        strbuf_addf(&what, "%s%s", files.items[i].shadowed ? "(shadowed) " : "",
                    broken ? "broken: " : plugin->summary);
        if (broken)
            strbuf_add(&what, broken->message);
        table_text(&table, files.items[i].name);
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

// ---- arguments ----

static void describe_arg(const struct plugin_arg *arg, struct strbuf *out)
{
    strbuf_add(out, arg->doc);
    for (unsigned i = 0; i < arg->choice_count; i++)
        strbuf_addf(out, "%s%s", i ? ", " : *arg->doc ? ": " : "", arg->choices[i]);
    if (arg->required)
        strbuf_add(out, " (required)");
    else if (arg->fallback.kind == VALUE_TEXT)
        strbuf_addf(out, " (default %s)", arg->fallback.text);
    else if (arg->fallback.kind == VALUE_INTEGER)
        strbuf_addf(out, " (default %lld)", (long long)arg->fallback.integer);
    else if (arg->fallback.kind == VALUE_REAL)
        strbuf_addf(out, " (default %g)", arg->fallback.real);
}

static struct error *add_plugin_options(struct plugin *plugin, struct plugin_options *o,
                                        unsigned *count)
{
    static const enum option_type types[] = {
        [ARG_FLAG] = OPTION_FLAG,   [ARG_INTEGER] = OPTION_TEXT, [ARG_NUMBER] = OPTION_TEXT,
        [ARG_STRING] = OPTION_TEXT, [ARG_BYTES] = OPTION_BYTES,  [ARG_DURATION] = OPTION_DURATION,
    };
    static const char *const words[] = {
        [ARG_INTEGER] = "N",  [ARG_NUMBER] = "X",      [ARG_STRING] = "TEXT",
        [ARG_BYTES] = "SIZE", [ARG_DURATION] = "TIME", [ARG_FLAG] = NULL,
    };
    for (unsigned i = 0; i < plugin->arg_count; i++) {
        struct plugin_arg *arg = &plugin->args[i];
        struct strbuf help;
        strbuf_init(&help);
        describe_arg(arg, &help);
        if (types[arg->type] == OPTION_BYTES || types[arg->type] == OPTION_DURATION)
            o->values[i].number = UINT64_MAX; // not given
        o->all[(*count)++] =
            (struct option){.name = arg->name,
                            .type = types[arg->type],
                            .value = &o->values[i],
                            .argument = words[arg->type],
                            .help = arena_strdup(&plugin->arena, strbuf_text(&help))};
        strbuf_deinit(&help);
    }
    return NULL;
}

static struct error *bad_value(const struct plugin_arg *arg, const char *text)
{
    return error_create(ERROR_USAGE, "--%s wants %s%s, not '%s'", arg->name,
                        arg->type == ARG_INTEGER || arg->type == ARG_NUMBER ? "a " : "",
                        arg->type == ARG_INTEGER  ? "whole number"
                        : arg->type == ARG_NUMBER ? "number"
                                                  : "one of its choices",
                        text);
}

static struct error *check_range(const struct plugin_arg *arg)
{
    if (!value_is_number(&arg->value))
        return NULL;
    const double number = value_as_real(&arg->value);
    if (value_is_number(&arg->min) && number < value_as_real(&arg->min))
        return error_create(ERROR_USAGE, "--%s must be at least %g", arg->name,
                            value_as_real(&arg->min));
    if (value_is_number(&arg->max) && number > value_as_real(&arg->max))
        return error_create(ERROR_USAGE, "--%s must be at most %g", arg->name,
                            value_as_real(&arg->max));
    return NULL;
}

static struct error *parse_text(struct plugin_arg *arg, const char *text)
{
    char *end = NULL;
    errno = 0;
    if (arg->type == ARG_INTEGER)
        arg->value = value_integer(strtoll(text, &end, 0));
    else if (arg->type == ARG_NUMBER)
        arg->value = value_real(strtod(text, &end));
    else
        arg->value = value_text(text);
    if (end && (errno || end == text || *end))
        return bad_value(arg, text);
    bool known = arg->choice_count == 0;
    for (unsigned i = 0; i < arg->choice_count; i++)
        known = known || strcmp(arg->choices[i], text) == 0;
    return known ? NULL : bad_value(arg, text);
}

static struct error *use_fallback(struct plugin_arg *arg)
{
    uint64_t number = 0;
    if (arg->required)
        return error_create(ERROR_USAGE, "--%s is required", arg->name);
    arg->value = arg->fallback;
    if (arg->type == ARG_NUMBER && arg->value.kind == VALUE_INTEGER)
        arg->value = value_real((double)arg->value.integer);
    if (arg->value.kind != VALUE_TEXT || arg->type == ARG_STRING)
        return NULL;
    if (arg->type == ARG_BYTES)
        TRY(option_parse_bytes(arg->fallback.text, &number));
    else
        TRY(option_parse_duration(arg->fallback.text, &number));
    arg->value = value_integer((int64_t)number);
    return NULL;
}

static struct error *set_arguments(struct plugin *plugin, const struct plugin_options *o)
{
    for (unsigned i = 0; i < plugin->arg_count; i++) {
        struct plugin_arg *arg = &plugin->args[i];
        const bool is_number = arg->type == ARG_BYTES || arg->type == ARG_DURATION;
        if (arg->type == ARG_FLAG)
            arg->value = value_bool(o->values[i].flag ||
                                    (arg->fallback.kind == VALUE_BOOL && arg->fallback.truth));
        else if (is_number && o->values[i].number != UINT64_MAX)
            arg->value = value_integer((int64_t)o->values[i].number);
        else if (!is_number && o->values[i].text)
            TRY(parse_text(arg, o->values[i].text));
        else
            TRY(use_fallback(arg));
        TRY(check_range(arg));
    }
    return NULL;
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

// ---- targets ----

struct sources {
    struct snapshot *snapshots[PLUGIN_HEAPS];
    struct plugin_heap heaps[PLUGIN_HEAPS];
    unsigned count;
    const char *trace;
    char recorded[64]; // a temporary trace, "" when there is none
};

static void sources_deinit(struct sources *s)
{
    for (unsigned i = 0; i < s->count; i++)
        if (s->heaps[i].snapshot)
            plugin_heap_deinit(&s->heaps[i]);
    for (unsigned i = 0; i < PLUGIN_HEAPS; i++)
        snapshot_destroy(s->snapshots[i]);
    if (*s->recorded)
        unlink(s->recorded);
}

static struct error *record(const struct plugin *plugin, pid_t pid, uint64_t for_ns,
                            struct sources *s)
{
    snprintf(s->recorded, sizeof s->recorded, "/tmp/brille-plugin-XXXXXX");
    const int fd = mkstemp(s->recorded);
    if (fd < 0) {
        *s->recorded = '\0';
        return error_create_errno(errno, "cannot make a temporary trace");
    }
    close(fd);
    const struct recording_options options = {.verb = "plugin run",
                                              .path = s->recorded,
                                              .classes = event_classes(plugin->event_kinds),
                                              .for_ns = for_ns};
    interrupt_begin();
    struct error *err = recording_attach(pid, &options, NULL);
    interrupt_end();
    s->trace = s->recorded;
    return err;
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
    const pid_t pid = argument.pid;
    heap_argument_deinit(&argument);
    bool used = false;
    if (s->count < plugin->heaps && !is_trace) {
        TRY(verb_open_heap(verb, text, &s->snapshots[s->count]));
        s->count++;
        used = true;
    }
    if (plugin->events && !s->trace && (is_trace || is_pid)) {
        s->trace = text;
        return is_pid ? record(plugin, pid, o->seconds_ns, s) : NULL;
    }
    if (!used)
        return error_create(ERROR_USAGE, "plugin %s has no use for '%s'", plugin->name, text);
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
    if (plugin->events && !s->trace)
        return error_add_try(error_create(ERROR_USAGE, "plugin %s needs a trace", plugin->name),
                             "brille run -e all -o T.trace PROG, or a PID");
    for (unsigned i = 0; i < s->count; i++)
        TRY(plugin_heap_init(&s->heaps[i], s->snapshots[i], i + 1, plugin->refs, plugin->retained));
    return NULL;
}

// ---- the answer ----

static const enum unit UNITS[] = {
    [RUN_TEXT] = UNIT_TEXT,     [RUN_COUNT] = UNIT_COUNT,
    [RUN_BYTES] = UNIT_BYTES,   [RUN_NS] = UNIT_TIME,
    [RUN_RATIO] = UNIT_SHARE,   [RUN_ADDRESS] = UNIT_ADDRESS,
    [RUN_CHANGE] = UNIT_CHANGE, [RUN_BYTES_CHANGE] = UNIT_BYTES_CHANGE,
};

static void add_cell(struct table *table, const struct value *cell, enum unit unit)
{
    if (cell->kind == VALUE_NONE)
        table_absent(table);
    else if (unit == UNIT_TEXT)
        table_text(table, cell->text);
    else if (unit == UNIT_SHARE)
        table_share(table, cell->real, 1);
    else if (unit == UNIT_CHANGE || unit == UNIT_BYTES_CHANGE)
        table_change(table, cell->integer);
    else
        table_number(table, (uint64_t)cell->integer);
}

static void fill_table(const struct run_table *from, struct column *columns, struct table *table)
{
    for (unsigned c = 0; c < from->column_count; c++)
        columns[c] = (struct column){from->columns[c].name, NULL, UNITS[from->columns[c].unit]};
    table_init(table, columns, from->column_count);
    for (size_t i = 0; i < from->cells.count; i++)
        add_cell(table, &from->cells.items[i], columns[i % from->column_count].unit);
}

static struct error *add_item_text(struct verb *verb, const struct run_item *item)
{
    struct column columns[RUN_COLUMNS_MAX];
    struct table table;
    struct error *err = NULL;
    switch (item->kind) {
    case RUN_ITEM_TEXT:
        if (!verb->tsv)
            strbuf_addf(&verb->out, "%s\n", item->text);
        return NULL;
    case RUN_ITEM_TABLE:
        if (item->table->column_count == 0)
            return NULL;
        fill_table(item->table, columns, &table);
        if (*item->table->title)
            verb_add_answer(verb, "%s", item->table->title);
        err = verb_add_table(verb, &table);
        if (!err && !verb->tsv)
            strbuf_add(&verb->out, table_row_count(&table) ? "\n" : "  (none)\n");
        table_deinit(&table);
        return err;
    default:
        if (verb->tsv)
            return NULL;
        strbuf_addf(&verb->out, "%s: %s\n", item->finding.severity, item->finding.title);
        if (*item->finding.detail)
            strbuf_addf(&verb->out, "  %s\n", item->finding.detail);
        for (unsigned i = 0; i < item->finding.object_count; i++)
            strbuf_addf(&verb->out, "  %s\n", format_address(item->finding.objects[i]).text);
        if (*item->finding.suggest)
            strbuf_addf(&verb->out, "  try: %s\n", item->finding.suggest);
        return NULL;
    }
}

static struct error *add_table_json(struct json *json, const struct run_table *from)
{
    struct column columns[RUN_COLUMNS_MAX];
    struct table table;
    if (from->column_count == 0)
        return NULL;
    fill_table(from, columns, &table);
    json_begin(json, NULL, '{');
    json_text(json, "id", from->id);
    json_text(json, "title", from->title);
    table_add_json(&table, "rows", json);
    json_end(json, '}');
    struct error *err = table.failed || table.texts.failed ? &error_no_memory : NULL;
    table_deinit(&table);
    return err;
}

static void add_finding_json(struct json *json, const struct run_finding *finding)
{
    json_begin(json, NULL, '{');
    json_text(json, "id", finding->id);
    json_text(json, "severity", finding->severity);
    json_text(json, "title", finding->title);
    json_text(json, "detail", finding->detail);
    json_text(json, "suggest", finding->suggest);
    json_begin(json, "objects", '[');
    for (unsigned i = 0; i < finding->object_count; i++)
        json_address(json, NULL, finding->objects[i]);
    json_end(json, ']');
    json_end(json, '}');
}

static struct error *answer_json(struct verb *verb, const struct plugin *plugin,
                                 const struct sources *s, const struct run_output *output)
{
    struct json json;
    verb_begin_json(verb, s->count ? s->snapshots[s->count - 1] : NULL, &json);
    json_text(&json, "plugin", plugin->name);
    json_bool(&json, "complete", output->complete);
    json_begin(&json, "tables", '[');
    for (unsigned i = 0; i < output->table_count; i++)
        TRY(add_table_json(&json, output->tables[i]));
    json_end(&json, ']');
    json_begin(&json, "findings", '[');
    for (size_t i = 0; i < output->items.count; i++)
        if (output->items.items[i].kind == RUN_ITEM_FINDING)
            add_finding_json(&json, &output->items.items[i].finding);
    json_end(&json, ']');
    json_begin(&json, "texts", '[');
    for (size_t i = 0; i < output->items.count; i++)
        if (output->items.items[i].kind == RUN_ITEM_TEXT)
            json_text(&json, NULL, output->items.items[i].text);
    json_end(&json, ']');
    verb_end_json(verb, &json);
    return NULL;
}

static struct error *answer(struct verb *verb, const struct plugin *plugin, const struct sources *s,
                            const struct run_output *output)
{
    if (verb->json)
        return answer_json(verb, plugin, s, output);
    if (s->count && output->items.count)
        verb_add_heading(verb, s->snapshots[s->count - 1],
                         verb->arguments.items[verb->arguments.count - 1]);
    for (size_t i = 0; i < output->items.count; i++)
        TRY(add_item_text(verb, &output->items.items[i]));
    if (!output->complete && output->items.count && !verb->tsv)
        strbuf_add(&verb->out, "(incomplete)\n");
    return NULL;
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

static struct error *run_on(struct verb *verb, struct plugin *plugin,
                            const struct plugin_options *o, struct sources *s)
{
    struct plugin_run run = {
        .plugin = plugin,
        .heap_count = s->count,
        .trace = s->trace,
        .limits = {.time_ns = o->time_ns, .memory_bytes = o->memory_bytes},
    };
    struct run_output output;
    for (unsigned i = 0; i < s->count; i++)
        run.heaps[i] = &s->heaps[i];
    interrupt_begin();
    struct error *err = plugin_run(&run, &output);
    interrupt_end();
    struct error *said = answer(verb, plugin, s, &output);
    if (!err && is_bad(&output, o->fail_on))
        verb->status = 1;
    run_output_deinit(&output);
    if (err && said)
        error_destroy(said);
    // What came before the error is printed, for it may be what somebody waited for.
    if (err && verb->out.length) {
        fwrite(verb->out.data, 1, verb->out.length, verb->stream);
        strbuf_clear(&verb->out);
    }
    return err ? err : said;
}

static struct error *run_plugin(struct verb *verb, struct plugin *plugin)
{
    struct plugin_options o = {.time_ns = UINT64_C(60000000000),
                               .memory_bytes = UINT64_C(512) << 20,
                               .seconds_ns = UINT64_C(5000000000)};
    struct sources sources = {.count = 0};
    unsigned count = 0;
    TRY(add_plugin_options(plugin, &o, &count));
    const struct option common[] = {
        {"time", 0, OPTION_DURATION, &o.time_ns, "TIME", "how long it may run (default 60s)"},
        {"mem", 0, OPTION_BYTES, &o.memory_bytes, "SIZE", "what Lua may use (default 512MiB)"},
        {"seconds", 0, OPTION_DURATION, &o.seconds_ns, "N",
         "how long to record a process for its events (default 5)"},
        {"fail-on", 0, OPTION_TEXT, &o.fail_on, "LEVEL",
         "exit status 1 for findings: note, warn or error"},
        {"plugin-path", 0, OPTION_TEXT, &o.path, "DIRS", "look here first (separated by ':')"},
        VERB_HEAP_OPTIONS(verb),
        {0},
    };
    _Static_assert(sizeof common / sizeof *common <= COMMON_OPTIONS, "room in options");
    memcpy(o.all + count, common, sizeof common);
    TRY(options_parse(o.all, verb->argc, verb->argv, false, &verb->arguments));
    if (verb->help) {
        add_help(plugin, &o, &verb->out);
        return NULL;
    }
    if (o.fail_on && strcmp(o.fail_on, "note") != 0 && strcmp(o.fail_on, "warn") != 0 &&
        strcmp(o.fail_on, "error") != 0)
        return error_create(ERROR_USAGE, "--fail-on wants note, warn or error, not '%s'",
                            o.fail_on);
    TRY(set_arguments(plugin, &o));
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

static struct error *run(struct verb *verb)
{
    _cleanup_free_ char *file = NULL;
    _cleanup_(plugin_destroy_at) struct plugin *plugin = NULL;
    if (verb->argc < 1 || *verb->argv[0] == '-')
        return error_add_try(error_create(ERROR_USAGE, "plugin run needs a name or a file.lua"),
                             "brille plugin list");
    TRY(plugin_find(verb->argv[0], early_path(verb->argc, verb->argv), &file));
    TRY(plugin_load(file, &plugin));
    verb->argc--;
    verb->argv++;
    return run_plugin(verb, plugin);
}

struct error *verb_plugin(struct verb *verb)
{
    const char *what = verb->argc ? verb->argv[0] : "";
    const bool is_list = strcmp(what, "list") == 0;
    if (!is_list && *what && *what != '-') {
        const bool is_run = strcmp(what, "run") == 0;
        verb->argc -= is_run;
        verb->argv += is_run;
        return run(verb);
    }
    if (strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0) {
        strbuf_add(&verb->out, "brille plugin: analyses in Lua\n\n"
                               "usage: brille plugin list\n"
                               "       brille plugin run NAME|FILE.lua TARGET... [OPTIONS]\n"
                               "       brille plugin run NAME --help\n"
                               "       brille NAME TARGET...   when no verb has that name\n");
        return NULL;
    }
    if (!is_list)
        return error_add_try(error_create(ERROR_USAGE, "plugin needs list or run"),
                             "brille plugin --help");
    verb->argc--;
    verb->argv++;
    return list(verb);
}
