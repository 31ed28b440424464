// What the exports of stacks share: the type tree of a snapshot, and the way from a node to the
// root as a stack.
#ifndef BRILLE_INSPECTOR_EXPORT_STACKS_H
#define BRILLE_INSPECTOR_EXPORT_STACKS_H

#include "inspector/analysis/typetree.h"

struct error *stacks_create(struct snapshot *snapshot, struct typetree **ret);

// The nodes from below the root down to `node`, at most TYPETREE_DEPTH_MAX; returns how many.
uint32_t stacks_path(const struct typetree *tree, uint32_t node, uint32_t *path);

#endif
