// Shortest paths from the roots: why an object is alive, in words a person can act on.
//
// A breadth-first search from all roots gives every reachable object the reference through which it
// was met first. Among equally short ways the one from the root kind named first in kinds.def wins,
// then the lower root name, then the order of references in the process: the same heap always gives
// the same path. A module's namespace counts as part of the module, and a root that is no module
// counts as one step (from the frame to its variable), so that a global is found as
// `__main__.CACHE` and not through a function that happens to be using it.
//
// Edges that do not retain are not followed. Words that were found by scanning native memory start
// paths only to what nothing sure reaches. Objects held by native code alone (refcount above what
// is explained) are starting points of their own, after all others.
#ifndef BRILLE_INSPECTOR_ANALYSIS_PATHS_H
#define BRILLE_INSPECTOR_ANALYSIS_PATHS_H

#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"
#include "inspector/model/snapshot.h"
#include <stdbool.h>
#include <stdint.h>

struct paths {
    uint32_t object_count;
    uint32_t reachable_count;
    // By ordinal: the object before it on its path; the object itself when it is a root target;
    // ORDINAL_NONE when nothing reaches it.
    uint32_t *parent;
    uint32_t *order; // the reachable objects in the order they were met; reachable_count entries
    uint32_t *start_object; // root targets, rising,
    uint32_t *start_root;   // and the root row that won each; ORDINAL_NONE: held by native code
    uint32_t start_count;
};

struct error *paths_create(struct snapshot *snapshot, struct paths **ret);
void paths_destroy(struct paths *paths);
CLEANUP_DEFINE(paths_destroy, struct paths *);

static inline bool paths_reaches(const struct paths *paths, uint32_t o)
{
    return paths->parent[o] != ORDINAL_NONE;
}

// The root row that a root target was met from, ORDINAL_NONE: held by native code.
uint32_t paths_root_of(const struct paths *paths, uint32_t start_object);

// One path, root first: objects[0] is the root's target, objects[count - 1] the object asked for.
struct path {
    uint32_t root; // row in snapshot->roots, ORDINAL_NONE: held by native code
    uint32_t *objects;
    uint32_t count;
    uint32_t cut_at;    // before objects[cut_at]
    uint32_t cut_steps; // so many are left out; 0: none (peek.h)
};

// NOT_FOUND when nothing reaches the object.
struct error *path_to(const struct paths *paths, const struct snapshot *snapshot, uint32_t object,
                      struct path *ret);
void path_deinit(struct path *path);

// Longer paths, those through linked lists, are cut in the middle; they are no expression.
#define PATH_TEXT_STEPS       40
#define PATH_EXPRESSION_STEPS 200

// "__main__.CACHE -> dict -> ['a91f'] -> Session -> .items -> list": the global in Python's words,
// then reference and type in turn. An instance's __dict__ is not shown as a step of its own. Of a
// path that is not cut_steps short.
void path_add_text(const struct snapshot *snapshot, const struct path *path, struct strbuf *out);

// "sys.modules['shop.session'].CACHE['a91f'].items": something to paste into a Python prompt of the
// process. False, and nothing added, when some step has no such spelling.
bool path_add_expression(const struct snapshot *snapshot, const struct path *path,
                         struct strbuf *out);

// How the step from objects[i - 1] to objects[i] is spelled in path_add_text: ".name", "['k']",
// "[0]", "<cell x>". For i = 0 the root.
void path_add_step(const struct snapshot *snapshot, const struct path *path, uint32_t i,
                   struct strbuf *out);

// Whether objects[i] is a __dict__ that the text leaves out because the next step, .name, implies
// it.
bool path_is_folded(const struct snapshot *snapshot, const struct path *path, uint32_t i);

#endif
