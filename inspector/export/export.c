// The registry of exporters, and the sink that they write to.
#include "inspector/export/export.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { SINK_FLUSH_BYTES = 65536 };

const struct exporter exporters[] = {
#define EXPORTER(name_, extension_, summary_) \
    {.name = #name_, .extension = extension_, .summary = summary_, .write = export_##name_},
#include "inspector/export/exporters.def"
#undef EXPORTER
    {0},
};

const struct exporter *exporter_find(const char *name)
{
    for (const struct exporter *e = exporters; e->name; e++)
        if (strcmp(e->name, name) == 0)
            return e;
    return NULL;
}

void sink_init(struct sink *sink, FILE *file, const char *name)
{
    *sink = (struct sink){.file = file, .name = name, .terminal = file && isatty(fileno(file))};
    strbuf_init(&sink->text);
}

void sink_deinit(struct sink *sink)
{
    progress_end(&sink->progress);
    strbuf_deinit(&sink->text);
}

// Where the output itself goes to the terminal there is no place for it.
void sink_begin_progress(struct sink *sink, uint64_t objects)
{
    progress_begin(&sink->progress, "writing", "objects", objects);
    if (!sink->file || sink->terminal)
        sink->progress.enabled = false;
}

static struct error *write_text(struct sink *sink)
{
    TRY(strbuf_error(&sink->text));
    if (!sink->file || sink->text.length == 0)
        return NULL;
    if (sink->terminal)
        strbuf_disarm(&sink->text);
    if (fwrite(sink->text.data, 1, sink->text.length, sink->file) != sink->text.length)
        return error_create_errno(errno, "cannot write %s", sink->name);
    strbuf_clear(&sink->text);
    return NULL;
}

struct error *sink_flush(struct sink *sink)
{
    return sink->text.length < SINK_FLUSH_BYTES ? NULL : write_text(sink);
}

struct error *sink_finish(struct sink *sink)
{
    progress_end(&sink->progress);
    TRY(write_text(sink));
    if (sink->file && fflush(sink->file) != 0)
        return error_create_errno(errno, "cannot write %s", sink->name);
    return NULL;
}
