// brille dump: captures the heap graph of a process into a .heap file.
#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/cmd/output.h"
#include "inspector/export/export.h"
#include "inspector/model/heap_file.h"

static void answer_json(struct verb *verb, const struct snapshot *s, const char *path,
                        uint64_t file_bytes)
{
    struct json json = {.out = &verb->out};
    json_begin(&json, NULL, '{');
    ndjson_add_heap(s, &json);
    json_count(&json, "capture_ns", s->info.capture_ns);
    json_count(&json, "dangling_reference_count", s->info.dangling_reference_count);
    json_text(&json, "file", path);
    json_count(&json, "file_bytes", file_bytes);
    json_end(&json, '}');
    strbuf_add_char(&verb->out, '\n');
}

static void answer_text(struct verb *verb, const struct snapshot *s, const char *path,
                        uint64_t file_bytes)
{
    const uint64_t objects = s->object_count ? s->object_count : 1;
    verb_add_heading(verb, s, NULL);
    verb_add_answer(verb, "%s objects and %s references are in %s, %s.",
                    format_count(s->object_count).text, format_count(s->reference_count).text, path,
                    format_bytes(file_bytes).text);
    strbuf_addf(&verb->out,
                "\n  %-10s %s\n  %-10s %s (%s objects a second)\n  %-10s %.1f an object\n",
                "stopped", format_time_ns(s->info.pause_ns).text, "took",
                format_time_ns(s->info.capture_ns).text,
                format_short_count(s->info.capture_ns ? (uint64_t)((double)s->object_count * 1e9 /
                                                                   (double)s->info.capture_ns)
                                                      : 0)
                    .text,
                "bytes", (double)file_bytes / (double)objects);
    log_next("brille summary %s", path);
}

static struct error *dump(struct verb *verb, const char *target, const char *path)
{
    _cleanup_(snapshot_destroy_at) struct snapshot *s = NULL;
    uint64_t file_bytes;
    TRY(output_check(path));
    TRY(verb_open_heap(verb, target, &s));
    TRY(heap_file_write(s, path, &file_bytes));
    if (verb->json)
        answer_json(verb, s, path, file_bytes);
    else
        answer_text(verb, s, path, file_bytes);
    return NULL;
}

struct error *verb_dump(struct verb *verb)
{
    const char *output = NULL;
    const struct option options[] = {
        {"output", 'o', OPTION_TEXT, &output, "FILE", "where to (default brille-PID-TIME.heap)"},
        VERB_HEAP_OPTIONS(verb),
        {0},
    };
    struct strbuf name;
    TRY(verb_parse(verb, options, 1, 1));
    if (verb->done)
        return NULL;
    strbuf_init(&name);
    if (output)
        strbuf_add(&name, output);
    else
        output_add_name(verb->arguments.items[0], "heap", &name);
    struct error *err = dump(verb, verb->arguments.items[0], strbuf_text(&name));
    strbuf_deinit(&name);
    return err;
}
