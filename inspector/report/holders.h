// Who holds the memory: the dominator tree of a heap, cut to a size that a page can carry.
//
// Ten million objects do not fit into a page, and nobody would look at them. A row of this tree is
// either one object or the objects of one type below the same row, taken together ("1,204,118 x
// Session"). The biggest rows are opened first until HOLDERS_MAX rows are there, so what is cut is
// always smaller than what is shown, and every row says how much of it is not shown.
//
// invariants (asserted while the tree is made): row 0 is the whole heap and its own parent; a
// parent comes before its children; children stand together; for each row
//
//     holds == own + rest + the sum of holds over its children
//
// Names: `label` says by which reference the parent has the object ("._entries", "[*]"), empty
// where it is held together by several. Keys and indices of containers are values of the program
// and are merged into [*] unless `values` asks for them.
#ifndef BRILLE_INSPECTOR_REPORT_HOLDERS_H
#define BRILLE_INSPECTOR_REPORT_HOLDERS_H

#include "inspector/analysis/dominators.h"
#include "inspector/analysis/paths.h"
#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "inspector/model/snapshot.h"
#include "inspector/model/strtab.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    HOLDERS_MAX = 12000,     // rows of the tree
    HOLDERS_PATHS = 6000,    // of them, rows whose path is told
    HOLDERS_SINGLES = 64,    // children of a row shown one by one,
    HOLDERS_GROUPS = 8,      // and by type
    HOLDERS_LABEL_MAX = 120, // bytes of a name
};

struct holder {
    uint32_t parent;
    uint32_t object; // the object, or the biggest of several; ORDINAL_NONE in row 0
    uint32_t type;   // ORDINAL_NONE in row 0
    uint32_t label;  // string id in `texts`
    uint32_t path;   // row of `steps`, ORDINAL_NONE when it is not told
    uint32_t child_begin, child_count;
    uint64_t count; // objects
    uint64_t holds_bytes, own_bytes;
    uint64_t rest_count, rest_bytes; // children that are not shown
};
VEC_DEFINE(holder_vec, struct holder);

// An object on the path of another. The paths of all rows, as a tree: a step's way to the root is
// the way of its parent and the step.
struct holder_step {
    uint32_t parent; // ORDINAL_NONE at a root
    uint32_t object;
    uint32_t label;      // ".CACHE"; at a root its name
    uint32_t expression; // the step in Python, 0 when it cannot be written
    bool folded;         // a namespace, which the next step implies
};
VEC_DEFINE(holder_step_vec, struct holder_step);

struct holders {
    struct holder_vec rows;
    struct holder_step_vec steps;
    struct strtab texts;
    bool values; // keys are told
};

struct error *holders_create(struct snapshot *snapshot, const struct dominators *dominators,
                             const struct paths *paths, bool values, struct holders **ret);
void holders_destroy(struct holders *holders);
CLEANUP_DEFINE(holders_destroy, struct holders *);

// The path to one object, in the same words: "__main__.CACHE[*]", long ones without their middle.
// Nothing when nothing reaches it.
struct error *holders_add_path(const struct snapshot *snapshot, const struct paths *paths,
                               uint32_t object, bool values, struct strbuf *out);

// Whether the path can be told without a value of the program.
bool holders_path_is_plain(const struct snapshot *snapshot, const struct paths *paths,
                           uint32_t object);

#endif
