// brille dump: captures the heap graph of a process into a .heap file.
#include "inspector/base/clock.h"
#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/cmd/output.h"
#include "inspector/export/export.h"
#include "inspector/model/heap_file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

// Below this much memory it makes no difference what its pages are.
enum { PAGES_MATTER_BYTES = 64 << 20 };

// What was written, and what it cost.
struct dumped {
    const struct snapshot *heap;
    const char *path;
    uint64_t file_bytes;
    uint64_t dump_ns; // the whole, file included
};

static void answer_json(struct verb *verb, const struct dumped *d)
{
    const struct snapshot_info *info = &d->heap->info;
    struct json json = {.out = &verb->out};
    json_begin(&json, NULL, '{');
    ndjson_add_heap(d->heap, &json);
    json_count(&json, "capture_ns", info->capture_ns);
    json_count(&json, "dangling_reference_count", info->dangling_reference_count);
    json_count(&json, "anonymous_bytes", info->anonymous_bytes);
    json_count(&json, "huge_bytes", info->huge_bytes);
    json_count(&json, "dump_ns", d->dump_ns);
    json_text(&json, "file", d->path);
    json_count(&json, "file_bytes", d->file_bytes);
    json_end(&json, '}');
    strbuf_add_char(&verb->out, '\n');
}

// Whether the system gives huge pages to nobody. The chosen word stands in brackets.
static bool huge_pages_are_off(void)
{
    char text[64] = "";
    const int fd = open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY | O_CLOEXEC);
    const ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    return got <= 0 || strstr(text, "[never]");
}

// The interpreter asks for huge pages. If it did not get them the stop was longer for it.
static void add_pages(struct verb *verb, const struct snapshot_info *info)
{
    if (info->anonymous_bytes < PAGES_MATTER_BYTES || info->huge_bytes > info->anonymous_bytes / 2)
        return;
    strbuf_addf(&verb->out, "  %-10s %s of %s are in huge pages%s: without them a stop is longer\n",
                "pages", format_share((double)info->huge_bytes, (double)info->anonymous_bytes).text,
                format_bytes(info->anonymous_bytes).text,
                huge_pages_are_off() ? ", which this system does not give" : "");
}

static void answer_text(struct verb *verb, const struct dumped *d)
{
    const struct snapshot *s = d->heap;
    const uint64_t objects = s->object_count ? s->object_count : 1;
    const double seconds = d->dump_ns ? (double)d->dump_ns / 1e9 : 1;
    verb_add_heading(verb, s, NULL);
    verb_add_answer(verb, "%s objects and %s references are in %s, %s.",
                    format_count(s->object_count).text, format_count(s->reference_count).text,
                    d->path, format_bytes(d->file_bytes).text);
    strbuf_add_char(&verb->out, '\n');
    if (s->info.pause_ns) // not of a core file
        strbuf_addf(&verb->out, "  %-10s %s\n", "stopped", format_time_ns(s->info.pause_ns).text);
    add_pages(verb, &s->info);
    strbuf_addf(&verb->out, "  %-10s %s (%s objects a second)\n  %-10s %.1f an object\n", "took",
                format_time_ns(d->dump_ns).text,
                format_short_count((uint64_t)((double)s->object_count / seconds)).text, "bytes",
                (double)d->file_bytes / (double)objects);
    log_next("brille summary %s", d->path);
}

static struct error *dump(struct verb *verb, const char *target, const char *path)
{
    _cleanup_(snapshot_destroy_at) struct snapshot *s = NULL;
    struct dumped d = {.path = path};
    const uint64_t begin_ns = clock_now_ns();
    TRY(output_check(path));
    // Beside the file to be, where there is room for what is much the same, a few times as large.
    const char *slash = strrchr(path, '/');
    _cleanup_free_ char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    if (!folder)
        return &error_no_memory;
    struct heap_options options = verb_heap_options(verb);
    options.spool_folder = folder;
    TRY(heap_open(target, &options, &s));
    TRY(heap_file_write(s, path, &d.file_bytes));
    d.heap = s;
    d.dump_ns = clock_now_ns() - begin_ns;
    if (verb->json)
        answer_json(verb, &d);
    else
        answer_text(verb, &d);
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
