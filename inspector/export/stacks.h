// What the exports of stacks share: the type tree of a snapshot, the way from a node to the root as
// a stack, and the names of frames.
#ifndef BRILLE_INSPECTOR_EXPORT_STACKS_H
#define BRILLE_INSPECTOR_EXPORT_STACKS_H

#include "inspector/analysis/typetree.h"
#include "inspector/base/strbuf.h"

struct error *stacks_create(struct snapshot *snapshot, struct typetree **ret);

// The nodes from below the root down to `node`, at most TYPETREE_DEPTH_MAX; returns how many.
uint32_t stacks_path(const struct typetree *tree, uint32_t node, uint32_t *path);

// The name of a frame of a collapsed stack. There a frame ends at ';', a line at its end, and the
// number stands behind the last blank.
void stacks_add_frame(struct strbuf *out, const char *name);

#endif
