// A drawing for Graphviz of a part of the heap (neighbourhood.h). All references among the chosen
// objects are drawn, those that keep nothing alive dashed; what is left out is counted in a note.
#include "inspector/analysis/steps.h"
#include "inspector/base/format.h"
#include "inspector/export/export.h"
#include "inspector/export/neighbourhood.h"

#include <string.h>

// A quoted DOT string: quotes and backslashes escaped, control characters left out.
static void add_quoted(struct strbuf *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            strbuf_add_char(out, '\\');
        if (c >= ' ' && c != 127)
            strbuf_add_char(out, (char)c);
    }
}

static struct error *write_node(const struct neighbourhood *part, uint32_t o, bool focus,
                                struct sink *sink)
{
    struct strbuf *out = &sink->text, name;
    strbuf_init(&name);
    snapshot_add_type_name(part->s, part->s->type[o], &name);
    strbuf_addf(out, "  n%u [label=\"", o);
    add_quoted(out, strbuf_text(&name), name.length);
    strbuf_deinit(&name);
    const uint32_t label = part->s->label[o];
    if (label) {
        const size_t length = strtab_length(&part->s->strings, label);
        strbuf_add(out, "\\n");
        add_quoted(out, snapshot_string(part->s, label), length < 40 ? length : 40);
    }
    strbuf_addf(out, "\\n%s\"", format_bytes(part->d->retained[o]).text);
    if (focus)
        strbuf_add(out, ", penwidth=3");
    strbuf_addf(out, ", size_bytes=%llu, retained_bytes=%llu",
                (unsigned long long)snapshot_size(part->s, o),
                (unsigned long long)part->d->retained[o]);
    strbuf_addf(out, ", tooltip=\"%s\"];\n", format_address(part->s->address[o]).text);
    return sink_flush(sink);
}

static struct error *write_edges(const struct neighbourhood *part, uint32_t o, struct sink *sink)
{
    const struct snapshot *s = part->s;
    struct edge edge;
    struct strbuf name;
    uint64_t left_out = 0;
    strbuf_init(&name);
    for (struct edge_iter it = snapshot_edges(s, o); edge_iter_next(&it, &edge);) {
        if (!part->chosen[edge.target]) {
            left_out++;
            continue;
        }
        strbuf_clear(&name);
        step_add(s, &edge, false, &name);
        strbuf_addf(&sink->text, "  n%u -> n%u [label=\"", o, edge.target);
        add_quoted(&sink->text, strbuf_text(&name), name.length < 40 ? name.length : 40);
        strbuf_add(&sink->text, edge_class_retains(edge.class) ? "\"];\n" : "\", style=dashed];\n");
    }
    if (left_out)
        strbuf_addf(&sink->text, "  // n%u has %llu more references\n", o,
                    (unsigned long long)left_out);
    strbuf_deinit(&name);
    return sink_flush(sink);
}

static struct error *draw(const struct neighbourhood *part, uint32_t focus, struct sink *sink)
{
    strbuf_add(&sink->text, "digraph heap {\n  rankdir=LR;\n  node [shape=box, fontsize=10];\n"
                            "  edge [fontsize=9];\n");
    strbuf_addf(&sink->text, "  // %zu of %u objects\n", part->nodes.count, part->s->object_count);
    for (size_t i = 0; i < part->nodes.count; i++)
        TRY(write_node(part, part->nodes.items[i], part->nodes.items[i] == focus, sink));
    for (size_t i = 0; i < part->nodes.count; i++)
        TRY(write_edges(part, part->nodes.items[i], sink));
    strbuf_add(&sink->text, "}\n");
    return NULL;
}

struct error *export_dot(struct snapshot *s, const struct export_options *options,
                         struct sink *sink)
{
    struct neighbourhood part;
    struct error *err = neighbourhood_init(&part, s, options);
    if (!err)
        err = draw(&part, options->focus, sink);
    neighbourhood_deinit(&part);
    return err;
}
