// brille export: a heap, or the events of a trace, in another format.
#include "inspector/base/format.h"
#include "inspector/base/outfile.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/export/export.h"
#include "inspector/trace/trace_error.h"
#include "tracer/read/reader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct error *no_such_format(const char *name)
{
    struct strbuf names;
    strbuf_init(&names);
    for (const struct exporter *e = exporters; e->name; e++)
        strbuf_addf(&names, "%s%s", e == exporters ? "" : ", ", e->name);
    struct error *err = name ? error_create(ERROR_USAGE, "there is no format '%s'", name)
                             : error_create(ERROR_USAGE, "export needs --to FORMAT");
    err = error_add_try(err, "%s", strbuf_text(&names));
    strbuf_deinit(&names);
    return err;
}

static void add_formats(struct strbuf *out)
{
    strbuf_add(out, "\nformats:\n");
    for (const struct exporter *e = exporters; e->name; e++)
        strbuf_addf(out, "  %-13s %s\n", e->name, e->summary);
}

static struct error *write_to(const struct exporter *exporter, struct snapshot *s,
                              const struct export_options *options, FILE *file, const char *name)
{
    struct sink sink;
    sink_init(&sink, file, name);
    struct error *err = exporter->write(s, options, &sink);
    if (!err)
        err = sink_finish(&sink);
    sink_deinit(&sink);
    return err;
}

static struct error *export_heap(struct verb *verb, const struct exporter *exporter,
                                 const char *focus, struct export_options *options, FILE *file,
                                 const char *name)
{
    _cleanup_(snapshot_destroy_at) struct snapshot *s = NULL;
    TRY(verb_open_heap(verb, verb->arguments.items[0], &s));
    options->focus = ORDINAL_NONE;
    if (focus)
        TRY(verb_find_object(verb, s, focus, &options->focus));
    return write_to(exporter, s, options, file, name);
}

// ---- traces ----

// A trace that is named without a moment is exported as the events it holds.
static bool names_a_trace(const char *target)
{
    _cleanup_(heap_argument_deinit) struct heap_argument argument = {0};
    _cleanup_error_ struct error *err = heap_argument_parse(target, &argument);
    return !err && argument.kind == HEAP_ARGUMENT_TRACE && !argument.has_position;
}

static struct error *export_trace(const struct exporter *exporter, const char *path, FILE *file,
                                  const char *name)
{
    struct trace_reader reader;
    struct read_error error;
    struct sink sink;
    if (strcmp(exporter->name, "ndjson") != 0)
        return error_add_try(error_create(ERROR_USAGE, "%s is a format of heaps, and %s is a trace",
                                          exporter->name, path),
                             "%s@12.5s, the heap at a moment, or --to ndjson for the events", path);
    TRY(trace_error_of_file(trace_reader_open(&reader, path, &error), &error, path));
    sink_init(&sink, file, name);
    struct error *err = export_trace_ndjson(&reader, &sink);
    if (!err)
        err = sink_finish(&sink);
    sink_deinit(&sink);
    trace_reader_close(&reader);
    return err;
}

static struct error *export_target(struct verb *verb, const struct exporter *exporter,
                                   const char *focus, struct export_options *options, FILE *file,
                                   const char *name)
{
    const char *target = verb->arguments.items[0];
    if (names_a_trace(target))
        return export_trace(exporter, target, file, name);
    return export_heap(verb, exporter, focus, options, file, name);
}

struct error *verb_export(struct verb *verb)
{
    const char *format = NULL, *output = NULL, *focus = NULL;
    uint64_t depth = 2, limit = 100;
    const struct option options[] = {
        {"to", 't', OPTION_TEXT, &format, "FORMAT", "the format, see below"},
        {"output", 'o', OPTION_TEXT, &output, "FILE", "where to (default: standard output)"},
        {"focus", 'f', OPTION_TEXT, &focus, "ADDR", "dot, graphml: the object in the middle"},
        {"depth", 'd', OPTION_COUNT, &depth, "N", "dot, graphml: how far around it (default 2)"},
        {"limit", 'n', OPTION_COUNT, &limit, "N", "dot, graphml: most objects (default 100)"},
        VERB_HEAP_OPTIONS(verb),
        {0},
    };
    TRY(verb_parse(verb, options, 1, 1));
    if (verb->done) {
        add_formats(&verb->out);
        return NULL;
    }
    const struct exporter *exporter = format ? exporter_find(format) : NULL;
    if (!exporter)
        return no_such_format(format);
    struct export_options export_options = {.depth = depth > 1000 ? 1000 : (uint32_t)depth,
                                            .limit = limit > 100000 ? 100000 : (uint32_t)limit};
    if (!output || strcmp(output, "-") == 0)
        return export_target(verb, exporter, focus, &export_options, verb->stream, "the output");
    // Before the target is touched: a capture whose result cannot be written is a pause for
    // nothing.
    _cleanup_(outfile_deinit) struct outfile out = OUTFILE_NONE;
    TRY(outfile_open(&out, output, 0666));
    FILE *file = fdopen(dup(out.fd), "w");
    if (!file)
        return error_create_errno(errno, "cannot write %s", output);
    struct error *err = export_target(verb, exporter, focus, &export_options, file, output);
    if (fclose(file) != 0 && !err)
        err = error_create_errno(errno, "cannot write %s", output);
    return err ? err : outfile_keep(&out);
}
