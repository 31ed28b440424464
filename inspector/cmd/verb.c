// What verbs share: parsing, opening heaps, finding objects, and the parts of an answer.
#include "inspector/cmd/verb.h"

#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/export/export.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    COMMAND_BYTES = 60, // of a command line, in a heading
};

struct error *verb_parse(struct verb *verb, const struct option *options, size_t min, size_t max)
{
    const struct command *command = verb->part ? verb->part : verb->command;
    if (verb->listing) {
        options_add_names(options, &verb->out);
        verb->done = true;
        return NULL;
    }
    TRY(options_parse(options, verb->argc, verb->argv, false, &verb->arguments));
    if (verb->help) {
        strbuf_addf(&verb->out, "brille %s: %s\n\nusage: brille %s%s%s\n\n", command->name,
                    command->summary, command->name, *command->arguments ? " " : "",
                    command->arguments);
        options_add_help(options, &verb->out);
        verb->done = true;
        return NULL;
    }
    if (verb->arguments.count < min)
        return error_add_try(
            error_create(ERROR_USAGE, "%s needs %s", command->name, command->arguments),
            "brille %s --help", command->name);
    if (verb->arguments.count > max)
        return error_add_try(error_create(ERROR_USAGE, "%s does not know what to do with '%s'",
                                          command->name, verb->arguments.items[max]),
                             "brille %s --help", command->name);
    return NULL;
}

struct heap_options verb_heap_options(const struct verb *verb)
{
    return (struct heap_options){.verb = verb->command->name,
                                 .no_fork = verb->no_fork,
                                 .wait_ns = verb->wait_ns,
                                 .core = {.exe = verb->exe, .sysroot = verb->sysroot}};
}

// Verbs whose whole answer is about references: of a moment of a trace it would be wrong. A moment
// is named by no file.
static struct error *check_references(const struct verb *verb, const char *target,
                                      const struct snapshot *s)
{
    static const char *const NEED[] = {"refs", "path", "dominators", "leaks", "garbage", "audit"};
    if (snapshot_has_references(s) || access(target, F_OK) == 0)
        return NULL;
    for (size_t i = 0; i < sizeof NEED / sizeof *NEED; i++) {
        if (strcmp(verb->command->name, NEED[i]) != 0)
            continue;
        struct error *err =
            error_create(ERROR_UNSUPPORTED, "%s has no references for %s to look at", target,
                         verb->command->name);
        err = error_add_why(err, "a trace says which counts changed, not what refers to what");
        return error_add_try(err, "types, diff, show and allocs work on moments; brille dump PID "
                                  "captures references");
    }
    return NULL;
}

struct error *verb_open_heap(struct verb *verb, const char *target, struct snapshot **ret)
{
    _cleanup_(snapshot_destroy_at) struct snapshot *s = NULL;
    const struct heap_options options = verb_heap_options(verb);
    TRY(heap_open(target, &options, &s));
    TRY(check_references(verb, target, s));
    *ret = take_ptr(s);
    return NULL;
}

static struct error *no_such_object(struct snapshot *s, uint64_t address)
{
    struct error *err =
        error_create(ERROR_NOT_FOUND, "no object starts at %s", format_address(address).text);
    const uint32_t around = snapshot_find_containing(s, address);
    if (around == ORDINAL_NONE)
        return err;
    struct strbuf type;
    strbuf_init(&type);
    snapshot_add_type_name(s, s->type[around], &type);
    err = error_add_try(err, "%s (%s), which contains that address",
                        format_address(s->address[around]).text, strbuf_text(&type));
    strbuf_deinit(&type);
    return err;
}

struct error *verb_find_object(struct verb *verb, struct snapshot *s, const char *text,
                               uint32_t *ret)
{
    char *end;
    (void)verb;
    errno = 0;
    const unsigned long long address = strtoull(text, &end, 0);
    if (errno || end == text || *end || *text == '-')
        return error_add_try(error_create(ERROR_USAGE, "'%s' is no address", text),
                             "0x7f3a9c0d4e80, or what id() says");
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS));
    const uint32_t found = snapshot_find(s, address);
    if (found == ORDINAL_NONE)
        return no_such_object(s, address);
    *ret = found;
    return NULL;
}

// ---- the parts of an answer ----

static bool all_digits(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

static const char *runtime_name(const char *runtime)
{
    return strcmp(runtime, "cpython") == 0 ? "CPython" : runtime;
}

void verb_add_process(struct verb *verb, const char *command, uint64_t pid, const char *runtime,
                      const char *version)
{
    if (strlen(command) > COMMAND_BYTES)
        strbuf_addf(&verb->out, "%.*s...  ", COMMAND_BYTES - 3, command);
    else if (*command)
        strbuf_addf(&verb->out, "%s  ", command);
    strbuf_addf(&verb->out, "pid %llu  %s%s%s", (unsigned long long)pid, runtime_name(runtime),
                *version ? " " : "", version);
}

void verb_add_heading(struct verb *verb, const struct snapshot *s, const char *target)
{
    const struct snapshot_info *info = &s->info;
    if (!info->complete)
        log_warning("the heap was not at rest%s%s; numbers may be a little off",
                    *info->incomplete_why ? ": " : "", info->incomplete_why);
    if (verb->json || verb->tsv)
        return;
    if (target && !all_digits(target))
        strbuf_addf(&verb->out, "%s  ", target);
    verb_add_process(verb, info->command, info->pid, info->runtime, info->version);
    strbuf_addf(&verb->out, "  %s", format_utc(info->taken_unix_ns / 1000000000).text);
    if (info->pause_ns)
        strbuf_addf(&verb->out, "  stopped %s", format_time_ns(info->pause_ns).text);
    strbuf_add_char(&verb->out, '\n');
}

bool verb_type_matches(const struct snapshot *s, uint32_t type, const char *glob)
{
    struct strbuf name;
    strbuf_init(&name);
    snapshot_add_type_name(s, type, &name);
    const bool matches = fnmatch(glob, strbuf_text(&name), 0) == 0 ||
                         fnmatch(glob, snapshot_string(s, s->types[type].name), 0) == 0;
    strbuf_deinit(&name);
    return matches;
}

void verb_add_no_match(struct verb *verb, const char *what, const char *glob)
{
    if (!verb->json && !verb->tsv)
        strbuf_addf(&verb->out, "  no object's %s is called '%s'\n", what, glob);
}

static bool wants_bold(const struct verb *verb)
{
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    return verb->terminal && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

void verb_add_answer(struct verb *verb, const char *format, ...)
{
    if (verb->json || verb->tsv)
        return;
    va_list args;
    va_start(args, format);
    if (wants_bold(verb))
        strbuf_add(&verb->out, STRBUF_BOLD);
    strbuf_addv(&verb->out, format, args);
    if (wants_bold(verb))
        strbuf_add(&verb->out, STRBUF_PLAIN);
    strbuf_add_char(&verb->out, '\n');
    va_end(args);
}

struct error *verb_add_table(struct verb *verb, const struct table *table)
{
    if (table->failed || table->texts.failed)
        return &error_no_memory;
    if (verb->json)
        return NULL;
    if (verb->tsv) {
        table_add_tsv(table, &verb->out);
        return NULL;
    }
    if (table_row_count(table))
        strbuf_add_char(&verb->out, '\n');
    table_add_text(table, verb->width, &verb->out);
    return NULL;
}

void verb_begin_json(struct verb *verb, const struct snapshot *s, struct json *json)
{
    *json = (struct json){.out = &verb->out};
    json_begin(json, NULL, '{');
    json_text(json, "verb", verb->command->name);
    if (!s)
        return;
    json_begin(json, "heap", '{');
    ndjson_add_heap(s, json);
    json_end(json, '}');
}

void verb_end_json(struct verb *verb, struct json *json)
{
    json_end(json, '}');
    strbuf_add_char(&verb->out, '\n');
}
