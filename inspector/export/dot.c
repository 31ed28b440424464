// A drawing for Graphviz. Graphs of more than a few hundred nodes cannot be looked at, so only a
// part is drawn: without a focus the objects that retain most, with one its shortest path from a
// root and its surroundings in both directions. All retaining references among the chosen objects
// are drawn; what is left out is counted in a note.
#include "inspector/analysis/dominators.h"
#include "inspector/analysis/paths.h"
#include "inspector/analysis/steps.h"
#include "inspector/base/format.h"
#include "inspector/base/vec.h"
#include "inspector/export/export.h"

#include <stdlib.h>
#include <string.h>

struct drawing {
    struct snapshot *s;
    struct dominators *d;
    struct paths *p;
    uint8_t *chosen; // by ordinal
    struct u32_vec nodes;
    uint32_t limit;
};

static struct error *choose(struct drawing *drawing, uint32_t object)
{
    if (drawing->chosen[object] || drawing->nodes.count >= drawing->limit)
        return NULL;
    drawing->chosen[object] = 1;
    return u32_vec_push(&drawing->nodes, object);
}

// Biggest first, from the top of the dominator tree: a node is chosen before its children, and of
// all nodes whose parent is chosen the one that retains most is next.
static struct error *choose_biggest(struct drawing *drawing)
{
    struct u32_vec open = {0};
    uint32_t count;
    struct error *err = NULL;
    const uint32_t *children = dominators_children(drawing->d, DOMINATOR_ROOT, &count);
    for (uint32_t i = 0; !err && i < count && i < drawing->limit; i++)
        err = u32_vec_push(&open, children[i]);
    while (!err && open.count && drawing->nodes.count < drawing->limit) {
        size_t best = 0;
        for (size_t i = 1; i < open.count; i++)
            if (drawing->d->retained[open.items[i]] > drawing->d->retained[open.items[best]])
                best = i;
        const uint32_t o = open.items[best];
        open.items[best] = open.items[--open.count];
        err = choose(drawing, o);
        children = dominators_children(drawing->d, o, &count);
        for (uint32_t i = 0; !err && i < count && i < drawing->limit; i++)
            err = u32_vec_push(&open, children[i]);
    }
    u32_vec_deinit(&open);
    return err;
}

static struct error *choose_around(struct drawing *drawing, uint32_t focus, uint32_t depth)
{
    TRY(choose(drawing, focus));
    if (paths_reaches(drawing->p, focus))
        for (uint32_t o = focus; drawing->p->parent[o] != o; o = drawing->p->parent[o])
            TRY(choose(drawing, drawing->p->parent[o]));
    TRY(snapshot_load(drawing->s, SNAPSHOT_REFERRERS));
    struct u32_vec ring = {0}, next = {0};
    struct error *err = u32_vec_push(&ring, focus);
    for (uint32_t step = 0; !err && step < depth; step++) {
        for (size_t i = 0; !err && i < ring.count; i++) {
            const uint32_t o = ring.items[i];
            const struct snapshot *s = drawing->s;
            uint64_t count;
            const uint32_t *referrers = snapshot_referrers(s, o, &count);
            for (uint64_t r = 0; !err && r < count; r++)
                if (!drawing->chosen[referrers[r]])
                    err = choose(drawing, referrers[r]),
                    err = err ? err : u32_vec_push(&next, referrers[r]);
            for (uint64_t e = s->edge_begin[o]; !err && e < s->edge_begin[o + 1]; e++)
                if (!drawing->chosen[s->targets[e]] && snapshot_edge_retains(s, e))
                    err = choose(drawing, s->targets[e]),
                    err = err ? err : u32_vec_push(&next, s->targets[e]);
            if (drawing->nodes.count >= drawing->limit)
                break;
        }
        struct u32_vec swap = ring;
        ring = next;
        next = swap;
        next.count = 0;
    }
    u32_vec_deinit(&ring);
    u32_vec_deinit(&next);
    return err;
}

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

static struct error *write_node(struct drawing *drawing, uint32_t o, bool focus, struct sink *sink)
{
    struct strbuf *out = &sink->text, name;
    strbuf_init(&name);
    snapshot_add_type_name(drawing->s, drawing->s->type[o], &name);
    strbuf_addf(out, "  n%u [label=\"", o);
    add_quoted(out, strbuf_text(&name), name.length);
    strbuf_deinit(&name);
    const uint32_t label = drawing->s->label[o];
    if (label) {
        const size_t length = strtab_length(&drawing->s->strings, label);
        strbuf_add(out, "\\n");
        add_quoted(out, snapshot_string(drawing->s, label), length < 40 ? length : 40);
    }
    strbuf_addf(out, "\\n%s\"", format_bytes(drawing->d->retained[o]).text);
    if (focus)
        strbuf_add(out, ", penwidth=3");
    strbuf_addf(out, ", tooltip=\"%s\"];\n", format_address(drawing->s->address[o]).text);
    return sink_flush(sink);
}

static struct error *write_edges(struct drawing *drawing, uint32_t o, struct sink *sink)
{
    const struct snapshot *s = drawing->s;
    struct edge edge;
    struct strbuf name;
    uint64_t left_out = 0;
    strbuf_init(&name);
    for (struct edge_iter it = snapshot_edges(s, o); edge_iter_next(&it, &edge);) {
        if (!drawing->chosen[edge.target]) {
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

static struct error *draw(struct drawing *drawing, const struct export_options *options,
                          struct sink *sink)
{
    drawing->chosen = calloc((size_t)drawing->s->object_count + 1, 1);
    if (!drawing->chosen)
        return &error_no_memory;
    if (options->focus == ORDINAL_NONE)
        TRY(choose_biggest(drawing));
    else
        TRY(choose_around(drawing, options->focus, options->depth));
    strbuf_add(&sink->text, "digraph heap {\n  rankdir=LR;\n  node [shape=box, fontsize=10];\n"
                            "  edge [fontsize=9];\n");
    strbuf_addf(&sink->text, "  // %zu of %u objects\n", drawing->nodes.count,
                drawing->s->object_count);
    for (size_t i = 0; i < drawing->nodes.count; i++)
        TRY(write_node(drawing, drawing->nodes.items[i], drawing->nodes.items[i] == options->focus,
                       sink));
    for (size_t i = 0; i < drawing->nodes.count; i++)
        TRY(write_edges(drawing, drawing->nodes.items[i], sink));
    strbuf_add(&sink->text, "}\n");
    return NULL;
}

struct error *export_dot(struct snapshot *s, const struct export_options *options,
                         struct sink *sink)
{
    struct drawing drawing = {.s = s, .limit = options->limit ? options->limit : 100};
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    struct error *err = dominators_create(s, &drawing.d);
    if (!err)
        err = paths_create(s, &drawing.p);
    if (!err)
        err = draw(&drawing, options, sink);
    dominators_destroy(drawing.d);
    paths_destroy(drawing.p);
    free(drawing.chosen);
    u32_vec_deinit(&drawing.nodes);
    return err;
}
