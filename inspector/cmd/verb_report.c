// brille report: one page with pictures, about one heap or several moments of it, and a trace.
#include "inspector/report/report.h"

#include "inspector/base/format.h"
#include "inspector/base/outfile.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/cmd/events.h"
#include "inspector/cmd/output.h"
#include "inspector/cmd/plugin_page.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct inputs {
    struct snapshot *snapshots[DIFF_SNAPSHOTS_MAX];
    const char *names[DIFF_SNAPSHOTS_MAX];
    uint32_t count;
    const char *trace; // NULL: none
    struct event_source *source;
    struct gil_timeline *gil;
    struct collections collections;
    struct allocs *allocs;
    const char *object; // NULL: none is asked for
    uint32_t ordinal;   // of it, in the newest
    struct history history;
    const char *plugins;        // names of plugins, NULL: none
    struct strbuf plugin_pages; // their sections
};

static void inputs_deinit(struct inputs *in)
{
    for (uint32_t i = 0; i < in->count; i++)
        snapshot_destroy(in->snapshots[i]);
    gil_timeline_destroy(in->gil);
    collections_deinit(&in->collections);
    allocs_destroy(in->allocs);
    history_deinit(&in->history);
    strbuf_deinit(&in->plugin_pages);
    event_source_destroy(in->source);
}

// ---- what is looked at ----

static struct error *sort_arguments(const struct verb *verb, struct inputs *in)
{
    for (size_t i = 0; i < verb->arguments.count; i++) {
        const char *text = verb->arguments.items[i];
        _cleanup_(heap_argument_deinit) struct heap_argument argument = {0};
        TRY(heap_argument_parse(text, &argument));
        if (argument.kind == HEAP_ARGUMENT_TRACE && !argument.has_position) {
            if (in->trace)
                return error_create(ERROR_USAGE, "report takes one trace, and %s is a second",
                                    text);
            in->trace = text;
        } else if (in->count == DIFF_SNAPSHOTS_MAX) {
            return error_create(ERROR_USAGE, "report compares at most %d dumps",
                                DIFF_SNAPSHOTS_MAX);
        } else {
            in->names[in->count++] = text;
        }
    }
    if (in->count == 0)
        return error_add_try(error_create(ERROR_USAGE, "report needs a heap"),
                             "brille report A.heap %s, or %s@12.5s, the heap at a moment of it",
                             in->trace, in->trace);
    return NULL;
}

static struct error *open_heaps(struct verb *verb, struct inputs *in)
{
    const uint32_t count = in->count;
    for (in->count = 0; in->count < count; in->count++)
        TRY(verb_open_heap(verb, in->names[in->count], &in->snapshots[in->count]));
    struct snapshot *newest = in->snapshots[count - 1];
    if (!in->object)
        return NULL;
    TRY(verb_find_object(verb, newest, in->object, &in->ordinal));
    history_init(&in->history, newest->address[in->ordinal], 0);
    return NULL;
}

static struct error *feed(void *context, const struct trace_event *event)
{
    struct inputs *in = context;
    TRY(gil_feed(in->gil, event));
    TRY(collections_feed(&in->collections, event));
    if (in->object)
        TRY(history_feed(&in->history, event));
    return allocs_feed(in->allocs, event);
}

static uint32_t line_of(void *context, uint32_t code, uint32_t site)
{
    const struct inputs *in = context;
    return event_source_line(in->source, code, site);
}

static struct error *read_trace(struct verb *verb, struct inputs *in)
{
    const struct allocs_names names = {.line = line_of, .context = in};
    in->gil = gil_timeline_create();
    in->allocs = allocs_create(ALLOCS_LINE, &names);
    if (!in->gil || !in->allocs)
        return &error_no_memory;
    TRY(events_open(verb, in->trace, &(struct event_source_options){0}, &in->source));
    TRY(events_read(in->source, feed, in));
    TRY(gil_finish(in->gil));
    allocs_finish(in->allocs);
    if (in->object)
        history_finish(&in->history);
    return NULL;
}

// ---- the page ----

static struct error *write_page(const struct inputs *in, bool values, FILE *file, const char *name,
                                size_t *bytes)
{
    const struct report_input input = {.snapshots = in->snapshots,
                                       .names = in->names,
                                       .count = in->count,
                                       .values = values,
                                       .object = in->ordinal,
                                       .history = in->gil && in->object ? &in->history : NULL,
                                       .source = in->source,
                                       .gil = in->gil,
                                       .collections = in->gil ? &in->collections : NULL,
                                       .allocs = in->allocs,
                                       .plugins =
                                           in->plugins ? strbuf_text(&in->plugin_pages) : NULL,
                                       .made_unix_s = time(NULL)};
    _cleanup_(report_destroy_at) struct report *report = NULL;
    _cleanup_(strbuf_deinit) struct strbuf page = {0};
    TRY(report_create(&input, &report));
    TRY(report_add_page(report, &page));
    if (fwrite(page.data, 1, page.length, file) != page.length || fflush(file) != 0)
        return error_create_errno(errno, "cannot write %s", name);
    *bytes = page.length;
    return NULL;
}

static struct error *write_file(const struct inputs *in, bool values, const char *path,
                                size_t *bytes)
{
    _cleanup_(outfile_deinit) struct outfile out = OUTFILE_NONE;
    TRY(outfile_open(&out, path, 0666));
    FILE *file = fdopen(dup(out.fd), "w");
    if (!file)
        return error_create_errno(errno, "cannot write %s", path);
    struct error *err = write_page(in, values, file, path, bytes);
    if (fclose(file) != 0 && !err)
        err = error_create_errno(errno, "cannot write %s", path);
    return err ? err : outfile_keep(&out);
}

static void answer(struct verb *verb, const struct inputs *in, const char *path, size_t bytes)
{
    if (verb->json) {
        struct json json;
        verb_begin_json(verb, in->snapshots[in->count - 1], &json);
        json_text(&json, "file", path);
        json_count(&json, "file_bytes", bytes);
        json_count(&json, "dumps", in->count);
        json_bool(&json, "trace", in->trace != NULL);
        verb_end_json(verb, &json);
        return;
    }
    verb_add_heading(verb, in->snapshots[in->count - 1], in->names[in->count - 1]);
    verb_add_answer(verb, "%s has the report, %s; open it in a browser.", path,
                    format_bytes(bytes).text);
}

struct error *verb_report(struct verb *verb)
{
    const char *output = NULL;
    bool values = false;
    size_t bytes = 0;
    struct inputs in = {.ordinal = ORDINAL_NONE};
    const struct option options[] = {
        {"output", 'o', OPTION_TEXT, &output, "FILE", "the page to write; - is standard output"},
        {"values", 0, OPTION_FLAG, &values, NULL,
         "show keys of containers, which may be private, too"},
        {"object", 0, OPTION_TEXT, &in.object, "ADDR",
         "tell more of one object: all ways to it, with a trace each change of its refcount"},
        {"plugin", 'p', OPTION_TEXT, &in.plugins, "NAME,...", "sections of these plugins as well"},
        VERB_HEAP_OPTIONS(verb),
        {0},
    };
    TRY(verb_parse(verb, options, 1, SIZE_MAX));
    if (verb->done)
        return NULL;
    if (!output)
        return error_add_try(error_create(ERROR_USAGE, "report needs -o OUT.html"),
                             "brille report %s -o report.html", verb->arguments.items[0]);
    const bool to_stream = strcmp(output, "-") == 0;
    if (!to_stream)
        TRY(output_check(output)); // before a process is touched
    collections_init(&in.collections);
    strbuf_init(&in.plugin_pages);
    struct error *err = sort_arguments(verb, &in);
    if (err)
        in.count = 0; // none is open yet
    if (!err)
        err = open_heaps(verb, &in);
    if (!err && in.trace)
        err = read_trace(verb, &in);
    if (!err && in.plugins)
        err = plugin_add_pages(in.plugins, in.snapshots, in.count, in.trace, values,
                               &in.plugin_pages);
    if (!err)
        err = to_stream ? write_page(&in, values, verb->stream, "the output", &bytes)
                        : write_file(&in, values, output, &bytes);
    if (!err && !to_stream)
        answer(verb, &in, output, bytes);
    inputs_deinit(&in);
    return err;
}
