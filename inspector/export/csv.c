// The objects as comma-separated values (RFC 4180, with a header row): what a spreadsheet or a data
// frame wants. References are left to `brille sql`, which writes any rows as CSV.
#include "inspector/analysis/dominators.h"
#include "inspector/base/format.h"
#include "inspector/export/export.h"

#include <string.h>

static void add_text(struct strbuf *out, const char *text, size_t length)
{
    strbuf_add_char(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"')
            strbuf_add_char(out, '"');
        strbuf_add_char(out, text[i]);
    }
    strbuf_add_char(out, '"');
}

static void add_string(struct strbuf *out, const struct snapshot *s, uint32_t id)
{
    strbuf_add_char(out, ',');
    if (id)
        add_text(out, snapshot_string(s, id), strtab_length(&s->strings, id));
}

static void add_number(struct strbuf *out, uint64_t number)
{
    strbuf_add_char(out, ',');
    strbuf_add_number(out, number);
}

static void add_generation(struct strbuf *out, const struct snapshot *s, uint32_t o)
{
    const int generation = snapshot_generation(s, o);
    if (!snapshot_tracked(s, o) || generation > GENERATION_PERMANENT)
        strbuf_add_char(out, ',');
    else if (generation == GENERATION_PERMANENT)
        strbuf_add(out, ",permanent");
    else
        add_number(out, (uint64_t)generation);
}

static void add_row(struct strbuf *out, const struct snapshot *s, const struct dominators *d,
                    uint32_t o)
{
    const struct snapshot_type *type = &s->types[s->type[o]];
    strbuf_add(out, format_address(s->address[o]).text);
    add_string(out, s, type->name);
    add_string(out, s, type->module);
    add_number(out, snapshot_size(s, o));
    add_number(out, s->refcount[o]);
    add_number(out, s->explained[o]);
    add_number(out, snapshot_tracked(s, o));
    add_generation(out, s, o);
    add_number(out, snapshot_immortal(s, o));
    add_number(out, d->retained[o]);
    strbuf_add_char(out, ',');
    if (d->parent[o] < s->object_count)
        strbuf_add(out, format_address(s->address[d->parent[o]]).text);
    add_string(out, s, s->label[o]);
    strbuf_add_char(out, '\n');
}

struct error *export_csv(struct snapshot *s, const struct export_options *options,
                         struct sink *sink)
{
    _cleanup_(dominators_destroy_at) struct dominators *d = NULL;
    (void)options;
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    TRY(dominators_create(s, &d));
    strbuf_add(&sink->text, "address,type,module,size,refcount,explained,tracked,generation,"
                            "immortal,retained,dominator,label\n");
    sink_begin_progress(sink, s->object_count);
    for (uint32_t o = 0; o < s->object_count; o++) {
        sink_progress(sink, o);
        add_row(&sink->text, s, d, o);
        TRY(sink_flush(sink));
    }
    return NULL;
}
