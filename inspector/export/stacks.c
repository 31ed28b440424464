#include "inspector/export/stacks.h"

#include <string.h>

struct error *stacks_create(struct snapshot *s, struct typetree **ret)
{
    _cleanup_(dominators_destroy_at) struct dominators *d = NULL;
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    TRY(dominators_create(s, &d));
    return typetree_create(s, d, ret);
}

uint32_t stacks_path(const struct typetree *tree, uint32_t node, uint32_t *path)
{
    const uint32_t depth = tree->nodes[node].depth;
    for (uint32_t i = depth; i > 0; i--, node = tree->nodes[node].parent)
        path[i - 1] = node;
    return depth;
}

void stacks_add_frame(struct strbuf *out, const char *name)
{
    for (const char *end; *name; name = *end ? end + 1 : end) {
        end = strchrnul(name, ';');
        strbuf_add_shown(out, name, (size_t)(end - name));
        if (*end)
            strbuf_add_char(out, ':');
    }
}
