// speedscope's own JSON: two sampled profiles over one list of frames, bytes and numbers of
// objects. A sample is the way down the dominator tree by types (analysis/typetree.h), root first.
//
// The viewer walks stacks recursively and draws every sample, so files must stay small: a tree of
// more than SAMPLES_MAX nodes is cut to the heaviest, and the rest is one sample that says so.
#include "inspector/export/export.h"
#include "inspector/export/json.h"
#include "inspector/export/stacks.h"

#include <stdlib.h>

enum { SAMPLES_MAX = 200000 };

struct samples {
    const struct typetree *tree;
    uint32_t *nodes; // what is written, heaviest first when cut
    uint32_t count;
    uint64_t rest_count, rest_bytes;
};

static int by_weight(const void *a, const void *b, void *context)
{
    const struct typetree *tree = context;
    const struct typetree_node *x = &tree->nodes[*(const uint32_t *)a];
    const struct typetree_node *y = &tree->nodes[*(const uint32_t *)b];
    return x->own_bytes != y->own_bytes ? (x->own_bytes > y->own_bytes ? -1 : 1)
                                        : (x > y) - (x < y);
}

static struct error *choose(struct samples *samples)
{
    const struct typetree *tree = samples->tree;
    samples->nodes = malloc(((size_t)tree->count + 1) * sizeof *samples->nodes);
    if (!samples->nodes)
        return &error_no_memory;
    for (uint32_t node = 1; node < tree->count; node++)
        if (tree->nodes[node].own_count)
            samples->nodes[samples->count++] = node;
    if (samples->count <= SAMPLES_MAX)
        return NULL;
    qsort_r(samples->nodes, samples->count, sizeof *samples->nodes, by_weight, (void *)tree);
    for (uint32_t i = SAMPLES_MAX; i < samples->count; i++) {
        samples->rest_count += tree->nodes[samples->nodes[i]].own_count;
        samples->rest_bytes += tree->nodes[samples->nodes[i]].own_bytes;
    }
    samples->count = SAMPLES_MAX;
    return NULL;
}

static struct error *write_samples(const struct samples *samples, struct json *json,
                                   struct sink *sink)
{
    const struct typetree *tree = samples->tree;
    uint32_t path[TYPETREE_DEPTH_MAX];
    json_begin(json, "samples", '[');
    for (uint32_t i = 0; i < samples->count; i++) {
        const uint32_t depth = stacks_path(tree, samples->nodes[i], path);
        json_begin(json, NULL, '[');
        for (uint32_t k = 0; k < depth; k++)
            json_count(json, NULL, tree->nodes[path[k]].frame);
        json_end(json, ']');
        TRY(sink_flush(sink));
    }
    if (samples->rest_count) {
        json_begin(json, NULL, '[');
        json_count(json, NULL, 0); // the empty name's place is the rest's
        json_end(json, ']');
    }
    json_end(json, ']');
    return NULL;
}

static struct error *write_profile(const struct samples *samples, bool bytes, struct json *json,
                                   struct sink *sink)
{
    const struct typetree_node *nodes = samples->tree->nodes;
    json_begin(json, NULL, '{');
    json_text(json, "type", "sampled");
    json_text(json, "name", bytes ? "bytes" : "objects");
    json_text(json, "unit", bytes ? "bytes" : "none");
    json_count(json, "startValue", 0);
    json_count(json, "endValue", bytes ? nodes[0].size_bytes : nodes[0].count);
    TRY(write_samples(samples, json, sink));
    json_begin(json, "weights", '[');
    for (uint32_t i = 0; i < samples->count; i++) {
        const struct typetree_node *node = &nodes[samples->nodes[i]];
        json_count(json, NULL, bytes ? node->own_bytes : node->own_count);
        TRY(sink_flush(sink));
    }
    if (samples->rest_count)
        json_count(json, NULL, bytes ? samples->rest_bytes : samples->rest_count);
    json_end(json, ']');
    json_end(json, '}');
    return NULL;
}

static struct error *write_all(const struct samples *samples, const struct snapshot *s,
                               struct sink *sink)
{
    const struct strtab *frames = &samples->tree->frames;
    struct json json = {.out = &sink->text};
    json_begin(&json, NULL, '{');
    json_text(&json, "$schema", "https://www.speedscope.app/file-format-schema.json");
    json_text(&json, "exporter", "brille " BRILLE_VERSION);
    json_text(&json, "name", s->info.command);
    json_begin(&json, "shared", '{');
    json_begin(&json, "frames", '[');
    for (uint32_t id = 0; id < frames->count; id++) {
        json_begin(&json, NULL, '{');
        if (id)
            json_bytes(&json, "name", strtab_text(frames, id), strtab_length(frames, id));
        else
            json_text(&json, "name", "(smaller)");
        json_end(&json, '}');
        TRY(sink_flush(sink));
    }
    json_end(&json, ']');
    json_end(&json, '}');
    json_begin(&json, "profiles", '[');
    TRY(write_profile(samples, true, &json, sink));
    TRY(write_profile(samples, false, &json, sink));
    json_end(&json, ']');
    json_end(&json, '}');
    strbuf_add_char(&sink->text, '\n');
    return NULL;
}

struct error *export_speedscope(struct snapshot *s, const struct export_options *options,
                                struct sink *sink)
{
    _cleanup_(typetree_destroy_at) struct typetree *tree = NULL;
    (void)options;
    TRY(stacks_create(s, &tree));
    struct samples samples = {.tree = tree};
    struct error *err = choose(&samples);
    if (!err)
        err = write_all(&samples, s, sink);
    free(samples.nodes);
    return err;
}
