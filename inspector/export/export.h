// Exports: a snapshot in somebody else's format.
//
// An exporter is one function and one line in exporters.def. It writes text piece by piece into
// sink->text and calls sink_flush() every now and then (a line, a node); the sink sees to buffering
// and to errors of writing. What an exporter needs of the snapshot it loads itself.
#ifndef BRILLE_INSPECTOR_EXPORT_EXPORT_H
#define BRILLE_INSPECTOR_EXPORT_EXPORT_H

#include "inspector/base/error.h"
#include "inspector/base/progress.h"
#include "inspector/base/strbuf.h"
#include "inspector/model/snapshot.h"
#include <stdint.h>
#include <stdio.h>

struct sink {
    struct strbuf text;
    FILE *file;       // NULL: the text stays in `text` (tests)
    const char *name; // for errors: a path or "the output"
    bool terminal;    // names are shown, not obeyed
    struct progress progress;
};

void sink_init(struct sink *sink, FILE *file, const char *name);
void sink_deinit(struct sink *sink);
struct error *sink_flush(struct sink *sink);  // writes when enough has gathered
struct error *sink_finish(struct sink *sink); // writes everything

// Progress of writing `objects`, for exporters that write much: begun once, told now and then.
void sink_begin_progress(struct sink *sink, uint64_t objects);
static inline void sink_progress(struct sink *sink, uint64_t done)
{
    if (done % 16384 == 0)
        progress_update(&sink->progress, done);
}

struct export_options {
    uint32_t focus; // ordinal, ORDINAL_NONE for none
    uint32_t depth; // how far around the focus
    uint32_t limit; // most nodes in a drawing
};

struct exporter {
    const char *name, *extension, *summary;
    struct error *(*write)(struct snapshot *snapshot, const struct export_options *options,
                           struct sink *sink);
};

extern const struct exporter exporters[]; // ends with a name of NULL

// NULL when there is none of that name.
const struct exporter *exporter_find(const char *name);

#define EXPORTER(name, extension, summary)                                                       \
    struct error *export_##name(struct snapshot *snapshot, const struct export_options *options, \
                                struct sink *sink);
#include "inspector/export/exporters.def"
#undef EXPORTER

// A trace (tracer/read/reader.h, just opened) as ndjson, one line for each event.
struct trace_reader;
struct error *export_trace_ndjson(struct trace_reader *reader, struct sink *sink);

// The ndjson `heap` record without its line end, which `dump --json` and others begin with. More
// keys may follow: the caller closes the object.
struct json;
void ndjson_add_heap(const struct snapshot *snapshot, struct json *json);
// The same for an object; needs COLUMNS, LABELS and EDGES.
void ndjson_add_object(const struct snapshot *snapshot, uint32_t object, struct json *json);

#endif
