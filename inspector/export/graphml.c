// GraphML of a part of the heap (neighbourhood.h), for Gephi, yEd, networkx: nodes and edges with
// typed attributes, and nothing that those readers leave out (no ports, no nested graphs).
//
// XML cannot hold most control characters, escaped or not, and no bytes that are not UTF-8: both
// become U+FFFD.
#include "inspector/base/format.h"
#include "inspector/base/utf8.h"
#include "inspector/export/export.h"
#include "inspector/export/neighbourhood.h"

#include <inttypes.h>
#include <string.h>

static const char head[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n"
    "<key id=\"type\" for=\"node\" attr.name=\"type\" attr.type=\"string\"/>\n"
    "<key id=\"text\" for=\"node\" attr.name=\"label\" attr.type=\"string\"/>\n"
    "<key id=\"address\" for=\"node\" attr.name=\"address\" attr.type=\"string\"/>\n"
    "<key id=\"size\" for=\"node\" attr.name=\"size\" attr.type=\"long\"/>\n"
    "<key id=\"refcount\" for=\"node\" attr.name=\"refcount\" attr.type=\"long\"/>\n"
    "<key id=\"retained\" for=\"node\" attr.name=\"retained\" attr.type=\"long\"/>\n"
    "<key id=\"name\" for=\"edge\" attr.name=\"name\" attr.type=\"string\"/>\n"
    "<key id=\"kind\" for=\"edge\" attr.name=\"kind\" attr.type=\"string\"/>\n"
    "<key id=\"class\" for=\"edge\" attr.name=\"class\" attr.type=\"string\"/>\n"
    "<graph id=\"heap\" edgedefault=\"directed\">\n";

static void add_escaped(struct strbuf *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        const size_t sequence = utf8_sequence((const unsigned char *)text + i, length - i);
        const unsigned char c = (unsigned char)text[i];
        if (sequence == 0 || (c < ' ' && c != '\t' && c != '\n'))
            strbuf_add(out, "&#xfffd;");
        else if (c == '<')
            strbuf_add(out, "&lt;");
        else if (c == '>')
            strbuf_add(out, "&gt;");
        else if (c == '&')
            strbuf_add(out, "&amp;");
        else if (c == '"')
            strbuf_add(out, "&quot;");
        // U+FFFE and U+FFFF are no characters of XML.
        else if (sequence == 3 && memcmp(text + i, "\xef\xbf", 2) == 0 &&
                 (unsigned char)text[i + 2] >= 0xbe)
            strbuf_add(out, "&#xfffd;");
        else
            strbuf_add_bytes(out, text + i, sequence);
        i += sequence ? sequence : 1;
    }
}

static void add_data(struct strbuf *out, const char *key, const char *text, size_t length)
{
    strbuf_addf(out, "<data key=\"%s\">", key);
    add_escaped(out, text, length);
    strbuf_add(out, "</data>");
}

static void add_number(struct strbuf *out, const char *key, uint64_t number)
{
    strbuf_addf(out, "<data key=\"%s\">%" PRIu64 "</data>", key, number);
}

static struct error *write_node(const struct neighbourhood *part, uint32_t o, struct sink *sink)
{
    const struct snapshot *s = part->s;
    struct strbuf *out = &sink->text, name;
    strbuf_init(&name);
    snapshot_add_type_name(s, s->type[o], &name);
    strbuf_addf(out, "<node id=\"n%u\">", o);
    add_data(out, "type", strbuf_text(&name), name.length);
    if (s->label[o])
        add_data(out, "text", snapshot_string(s, s->label[o]),
                 strtab_length(&s->strings, s->label[o]));
    add_data(out, "address", format_address(s->address[o]).text,
             strlen(format_address(s->address[o]).text));
    add_number(out, "size", snapshot_size(s, o));
    add_number(out, "refcount", s->refcount[o]);
    add_number(out, "retained", part->d->retained[o]);
    strbuf_add(out, "</node>\n");
    strbuf_deinit(&name);
    return sink_flush(sink);
}

static struct error *write_edges(const struct neighbourhood *part, uint32_t o, struct sink *sink)
{
    const struct snapshot *s = part->s;
    struct strbuf *out = &sink->text, name;
    struct edge edge;
    strbuf_init(&name);
    uint64_t number = s->edge_begin[o];
    for (struct edge_iter it = snapshot_edges(s, o); edge_iter_next(&it, &edge); number++) {
        if (!part->chosen[edge.target])
            continue;
        strbuf_clear(&name);
        snapshot_add_edge_name(s, &edge, &name);
        strbuf_addf(out, "<edge id=\"e%" PRIu64 "\" source=\"n%u\" target=\"n%u\">", number, o,
                    edge.target);
        add_data(out, "name", strbuf_text(&name), name.length);
        add_data(out, "kind", edge_kind_word(edge.kind), strlen(edge_kind_word(edge.kind)));
        add_data(out, "class", edge_class_word(edge.class), strlen(edge_class_word(edge.class)));
        strbuf_add(out, "</edge>\n");
    }
    strbuf_deinit(&name);
    return sink_flush(sink);
}

static struct error *write_all(const struct neighbourhood *part, struct sink *sink)
{
    strbuf_add(&sink->text, head);
    for (size_t i = 0; i < part->nodes.count; i++)
        TRY(write_node(part, part->nodes.items[i], sink));
    for (size_t i = 0; i < part->nodes.count; i++)
        TRY(write_edges(part, part->nodes.items[i], sink));
    strbuf_add(&sink->text, "</graph>\n</graphml>\n");
    return NULL;
}

struct error *export_graphml(struct snapshot *s, const struct export_options *options,
                             struct sink *sink)
{
    struct neighbourhood part;
    struct error *err = neighbourhood_init(&part, s, options);
    if (!err)
        err = write_all(&part, sink);
    neighbourhood_deinit(&part);
    return err;
}
