/* The cyclic collector: three generations over everything that can contain a reference.
 *
 * Reference counts free whatever is not in a cycle; this finds the cycles. It copies counts into
 * the gc links, subtracts references that come from inside the generation, and what keeps a count
 * is reachable from outside; the rest is garbage (as CPython's InternalDocs describe).
 *
 * Invariants
 *  - A tracked object is in exactly one list: generation 0, 1, 2, permanent, or, while a
 *    collection runs, one of the named lists of struct py_gc, so that a reader that stops the
 *    process in a finalizer still finds every object.
 *  - count[0] is net container allocations since the last collection of generation 0; count[1]
 *    collections of 0 since the last of 1; count[2] collections of 1 since the last of 2.
 *  - A collection of generation 2 also waits until objects that never saw one exceed a quarter of
 *    those that survived the last (the 25 % rule).
 *  - Collections start at safepoints (EVAL_BREAK_GC) or by gc.collect(), never inside an
 *    allocation, so a half-built object is never seen.
 */
#ifndef BRILLE_VM_MEMORY_GC_H
#define BRILLE_VM_MEMORY_GC_H

#include "vm/object/object.h"
#include "vm/object/type.h"

#define PY_GENERATIONS 3

struct py_gc_generation {
    struct py_gc_head head;
    int32_t threshold;
    int32_t count;
};

struct py_gc_stats {
    uint64_t collections, collected, uncollectable;
};

struct py_gc {
    struct py_gc_generation generations[PY_GENERATIONS];
    struct py_gc_head permanent;
    struct py_gc_head young, unreachable, finalizers; /* in use only while collecting */
    struct py_gc_stats stats[PY_GENERATIONS];
    int32_t enabled;
    int32_t collecting; /* 1 while a collection runs */
    int32_t collecting_generation;
    int32_t debug;       /* gc.set_debug flags */
    int32_t young_owned; /* 1: each member of young has a reference that is the collector's */
    int32_t reserved;
    int64_t long_lived_total, long_lived_pending;
    struct py_object *garbage;   /* list */
    struct py_object *callbacks; /* list */
};
extern struct py_gc py_gc;

static inline struct py_gc_head *py_gc_head_of(const struct py_object *o)
{
    return (struct py_gc_head *)((char *)o - sizeof(struct py_gc_head));
}

static inline struct py_object *py_gc_object_of(const struct py_gc_head *g)
{
    return (struct py_object *)((char *)g + sizeof(struct py_gc_head));
}

/* Does o have a gc link that is in use? Immortal objects (static types, the empty tuple) may have
 * none and are never tracked. */
static inline bool py_is_gc(const struct py_object *o)
{
    return (o->type->flags & PY_TYPE_GC) != 0 && !py_is_immortal(o);
}

static inline bool py_gc_is_tracked(const struct py_object *o)
{
    return py_is_gc(o) && py_gc_head_of(o)->next != NULL;
}

/* Put an object under (or out of) the collector's eyes. Emits gc_track / gc_untrack. Every field
 * must be valid before track. untrack of an untracked object does nothing. */
void py_gc_track(void *o);
void py_gc_untrack(void *o);

enum py_gc_reason { PY_GC_THRESHOLD, PY_GC_MANUAL, PY_GC_STRESS };

int py_gc_init(void);
/* Runs the collection that thresholds call for; from a safepoint. */
void py_gc_run_pending(void);
/* gc.collect(generation): number of unreachable objects found, or -1 with an exception. */
int64_t py_gc_collect(int generation);
/* Generation of a tracked object: 0, 1, 2, 3 for permanent, -1 if untracked. O(heap). */
int py_gc_generation_of(const struct py_object *o);

/* gc.freeze(): everything tracked becomes permanent; unfreeze moves it to generation 2. */
void py_gc_freeze(void);
void py_gc_unfreeze(void);
int64_t py_gc_list_size(const struct py_gc_head *list);

/* Visits what gc.get_referents reports, in CPython's order where it has one. */
int py_object_traverse(struct py_object *o, py_visitfn visit, void *arg);
/* Visits strong references that traverse does not report (class OWNED). */
int py_object_each_owned(struct py_object *o, py_visitfn visit, void *arg);
/* Drops all references an object holds in fields and body, leaving it valid but empty; the
 * collector breaks cycles with it. */
void py_object_clear_refs(struct py_object *o);

/* Checked builds: every mortal object's refcnt equals the references found from objects, frames,
 * handles and runtime roots. Prints the first mismatches and aborts. O(heap). */
void py_gc_check_explained(const char *where);
void py_gc_check_lists(void);
/* The check's answer instead of its message: the number of objects whose count differs. Prints up
 * to `print` of them to stderr. */
int64_t py_gc_count_unexplained(int print);
/* Visits every strong reference that does not come from an object on the heap: registers, handles,
 * the runtime's and the threads' words, static types. */
int py_gc_each_root(int (*visit)(struct py_object *o, const char *name, void *arg), void *arg);

#endif
