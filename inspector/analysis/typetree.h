// The dominator tree with objects of one type merged: who holds the memory, as stacks of types.
//
// A node stands for all objects that are reached through the same types from the top of the
// dominator tree: `module shop.session;dict;Session;list`. Its sizes are the objects' own, so the
// nodes of the whole tree add up to what is reachable; with the sums of what is below it is a flame
// graph of the heap. A type that repeats from parent to child (a linked list, nested dicts) is one
// node, and below TYPETREE_DEPTH_MAX nodes nothing is distinguished any more.
//
// Modules, types and functions are few and worth telling apart: their node has their name.
#ifndef BRILLE_INSPECTOR_ANALYSIS_TYPETREE_H
#define BRILLE_INSPECTOR_ANALYSIS_TYPETREE_H

#include "inspector/analysis/dominators.h"
#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include "inspector/model/strtab.h"
#include <stdint.h>

#define TYPETREE_DEPTH_MAX 100

struct typetree_node {
    uint32_t parent; // node 0 is the root and its own parent
    uint32_t frame;  // string id in typetree->frames
    uint32_t depth;
    uint64_t own_count, own_bytes; // objects exactly here
    uint64_t count, size_bytes;    // here and below
};

struct typetree {
    struct strtab frames;
    struct typetree_node *nodes; // in preorder, the heaviest child first
    uint32_t count;
};

// COLUMNS and LABELS are loaded.
struct error *typetree_create(struct snapshot *snapshot, const struct dominators *dominators,
                              struct typetree **ret);
void typetree_destroy(struct typetree *tree);
CLEANUP_DEFINE(typetree_destroy, struct typetree *);

#endif
