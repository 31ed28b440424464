// Collapsed stacks, `frame;frame;frame bytes` a line: for flame graphs of any make. The frames are
// the types on the way down the dominator tree, the number the bytes of the objects at its end.
#include "inspector/export/export.h"
#include "inspector/export/stacks.h"

#include <inttypes.h>

struct error *export_folded(struct snapshot *s, const struct export_options *options,
                            struct sink *sink)
{
    _cleanup_(typetree_destroy_at) struct typetree *tree = NULL;
    uint32_t path[TYPETREE_DEPTH_MAX];
    (void)options;
    TRY(stacks_create(s, &tree));
    for (uint32_t node = 1; node < tree->count; node++) {
        if (tree->nodes[node].own_bytes == 0)
            continue;
        const uint32_t depth = stacks_path(tree, node, path);
        for (uint32_t i = 0; i < depth; i++) {
            strbuf_add(&sink->text, i ? ";" : "");
            stacks_add_frame(&sink->text, strtab_text(&tree->frames, tree->nodes[path[i]].frame));
        }
        strbuf_addf(&sink->text, " %" PRIu64 "\n", tree->nodes[node].own_bytes);
        TRY(sink_flush(sink));
    }
    return NULL;
}
