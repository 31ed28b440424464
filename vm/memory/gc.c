/* The cyclic collector: finding and breaking what reference counts cannot free.
 *
 *   young = members of generations 0..g
 *   1. copy each count into the gc link, subtract the references that come from inside young;
 *      what keeps a count is reachable from outside, and so is all it refers to
 *   2. the reachable ones move up one generation ("promote"); the rest is `unreachable`
 *   3. clear weak references to unreachable objects, call callbacks of references that are
 *      themselves alive
 *   4. run finalizers, once in an object's life; look again which objects were resurrected
 *   5. empty the others (py_object_clear_refs), which drops their counts to zero
 *
 * During step 1 the prev word of a link holds a count and two flag bits, and the lowest bit of next
 * marks "tentatively unreachable"; no Python code runs then. From step 3 on, when finalizers and
 * callbacks may run and a reader may come, all lists are whole again: the unreachable objects are
 * in py_gc.unreachable, py_gc.finalizers or py_gc.young, and count as members of the
 * generation that the survivors went to, which is what a replay of the events says too.
 *
 * Steps 1 to 5 are the algorithm of CPython 3.11's gcmodule.c, described in its InternalDocs.
 */
#include "vm/memory/gc.h"

#include <stdio.h>
#include <string.h>

#include "vm/memory/dealloc.h"
#include "vm/memory/gc_internal.h"
#include "vm/memory/heap.h"
#include "vm/memory/traverse_inline.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/weakref.h"
#include "vm/probe/probe.h"
#include "vm/runtime/error.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define NEXT_UNREACHABLE ((uintptr_t)1)

#define LIST(field)                                                                  \
    {                                                                                \
        .next = (struct py_gc_head *)&(field), .prev = (struct py_gc_head *)&(field) \
    }
struct py_gc py_gc = {
    .generations = {{.head = LIST(py_gc.generations[0].head), .threshold = 700},
                    {.head = LIST(py_gc.generations[1].head), .threshold = 10},
                    {.head = LIST(py_gc.generations[2].head), .threshold = 10}},
    .permanent = LIST(py_gc.permanent),
    .young = LIST(py_gc.young),
    .unreachable = LIST(py_gc.unreachable),
    .finalizers = LIST(py_gc.finalizers),
    .enabled = 1,
};

/* gc.set_debug flags. */
#define DEBUG_STATS       1
#define DEBUG_COLLECTABLE 2
#define DEBUG_SAVEALL     32

/* ---- tracking -------------------------------------------------------------------------------- */

void py_gc_track(void *p)
{
    struct py_object *o = p;
    if (py_is_immortal(o))
        return;
    struct py_gc_head *g = py_gc_head_of(o);
    if (g->next)
        return;
    gc_list_append(g, &py_gc.generations[0].head);
    if (PY_TRACING(PY_TRACE_ALLOC))
        quiet_gc_track(o, 0);
}

void py_gc_untrack(void *p)
{
    struct py_object *o = p;
    if (!py_is_gc(o))
        return;
    struct py_gc_head *g = py_gc_head_of(o);
    if (!g->next)
        return;
    gc_list_unlink(g);
    g->next = NULL;
    g->prev = (struct py_gc_head *)((uintptr_t)g->prev & GC_FINALIZED);
    if (PY_TRACING(PY_TRACE_ALLOC))
        quiet_gc_untrack(o);
}

static void list_move(struct py_gc_head *g, struct py_gc_head *list)
{
    gc_list_unlink(g);
    gc_list_append(g, list);
}

int64_t py_gc_list_size(const struct py_gc_head *list)
{
    int64_t n = 0;
    for (const struct py_gc_head *g = list->next; g != list; g = g->next)
        n++;
    return n;
}

void py_gc_request(void)
{
    if (py_gc.enabled && !py_gc.collecting && py_gc.generations[0].threshold)
        py_eval_break(EVAL_BREAK_GC);
}

int py_gc_init(void)
{
    if (!py_gc.garbage && !(py_gc.garbage = PY_OBJ(py_list_new(0))))
        return -1;
    if (!py_gc.callbacks && !(py_gc.callbacks = PY_OBJ(py_list_new(0))))
        return -1;
    return 0;
}

int py_gc_generation_of(const struct py_object *o)
{
    if (!py_gc_is_tracked(o))
        return -1;
    const struct py_gc_head *g = py_gc_head_of(o);
    for (const struct py_gc_head *i = g->next;; i = i->next) {
        for (int n = 0; n < PY_GENERATIONS; n++)
            if (i == &py_gc.generations[n].head)
                return n;
        if (i == &py_gc.permanent)
            return PY_GENERATIONS;
        if (i == &py_gc.young || i == &py_gc.unreachable || i == &py_gc.finalizers)
            return py_gc.collecting_generation < 2 ? py_gc.collecting_generation + 1 : 2;
    }
}

/* ---- 1: which of them are reachable from outside --------------------------------------------- */

static inline uint64_t refs_get(const struct py_gc_head *g)
{
    return (uintptr_t)g->prev >> GC_REFS_SHIFT;
}

static inline void refs_set(struct py_gc_head *g, uint64_t n)
{
    g->prev = (struct py_gc_head *)(((uintptr_t)g->prev & ~GC_PREV_MASK) | n << GC_REFS_SHIFT);
}

static inline bool is_collecting(const struct py_gc_head *g)
{
    return ((uintptr_t)g->prev & GC_COLLECTING) != 0;
}

static inline void clear_collecting(struct py_gc_head *g)
{
    g->prev = (struct py_gc_head *)((uintptr_t)g->prev & ~GC_COLLECTING);
}

/* Returns the number of members. */
static int64_t copy_counts(struct py_gc_head *list)
{
    int64_t n = 0;
    for (struct py_gc_head *g = list->next; g != list; g = g->next) {
        const uintptr_t finalized = (uintptr_t)g->prev & GC_FINALIZED;
        g->prev = (struct py_gc_head *)(finalized | GC_COLLECTING |
                                        (uintptr_t)py_gc_object_of(g)->refcnt << GC_REFS_SHIFT);
        n++;
    }
    return n;
}

static inline int visit_subtract(struct py_object *o, void *arg)
{
    (void)arg;
    if (py_is_gc(o)) {
        struct py_gc_head *g = py_gc_head_of(o);
        if (is_collecting(g))
            g->prev = (struct py_gc_head *)((uintptr_t)g->prev - (1u << GC_REFS_SHIFT));
    }
    return 0;
}

static void subtract_inner(struct py_gc_head *list)
{
    for (struct py_gc_head *g = list->next; g != list; g = g->next)
        traverse_container(py_gc_object_of(g), visit_subtract, NULL);
}

/* o is reachable: not to be moved to unreachable, or to be fetched back from there. */
static inline int visit_reachable(struct py_object *o, void *arg)
{
    struct py_gc_head *reachable = arg;
    if (!py_is_gc(o))
        return 0;
    struct py_gc_head *g = py_gc_head_of(o);
    if (!is_collecting(g))
        return 0;
    if ((uintptr_t)g->next & NEXT_UNREACHABLE) {
        struct py_gc_head *prev = gc_prev(g);
        struct py_gc_head *next = (struct py_gc_head *)((uintptr_t)g->next & ~NEXT_UNREACHABLE);
        prev->next = g->next; /* with the mark */
        gc_set_prev(next, prev);
        gc_list_append(g, reachable);
        refs_set(g, 1);
    } else if (refs_get(g) == 0) {
        refs_set(g, 1);
    }
    return 0;
}

/* Moves what has no count left to unreachable; objects found to be reachable later come back. The
 * prev links of young are rebuilt on the way. */
static void move_unreachable(struct py_gc_head *young, struct py_gc_head *unreachable)
{
    struct py_gc_head *prev = young, *g = young->next;
    while (g != young) {
        if (refs_get(g)) {
            traverse_container(py_gc_object_of(g), visit_reachable, young);
            gc_set_prev(g, prev);
            clear_collecting(g);
            prev = g;
        } else {
            prev->next = g->next;
            struct py_gc_head *last = unreachable->prev;
            last->next = (struct py_gc_head *)((uintptr_t)g | NEXT_UNREACHABLE);
            gc_set_prev(g, last);
            g->next = (struct py_gc_head *)((uintptr_t)unreachable | NEXT_UNREACHABLE);
            unreachable->prev = g;
        }
        g = prev->next;
    }
    young->prev = prev;
    unreachable->next = (struct py_gc_head *)((uintptr_t)unreachable->next & ~NEXT_UNREACHABLE);
}

/* base keeps what is reachable; the lists are whole afterwards. Members of unreachable keep the
 * COLLECTING bit. Returns the number of objects looked at. */
static int64_t deduce_unreachable(struct py_gc_head *base, struct py_gc_head *unreachable)
{
    const int64_t examined = copy_counts(base);
    subtract_inner(base);
    gc_list_init(unreachable);
    move_unreachable(base, unreachable);
    for (struct py_gc_head *g = unreachable->next; g != unreachable; g = g->next)
        g->next = (struct py_gc_head *)((uintptr_t)g->next & ~NEXT_UNREACHABLE);
    return examined;
}

/* ---- 2: survivors ---------------------------------------------------------------------------- */

/* Takes tuples (and in a full collection dicts) that cannot be part of a cycle off the list.
 * Returns how many members stay. */
static int64_t untrack_atoms(struct py_gc_head *list, bool dicts_too)
{
    int64_t n = 0;
    struct py_gc_head *g = list->next;
    while (g != list) {
        struct py_object *o = py_gc_object_of(g);
        struct py_gc_head *next = g->next;
        if (o->type == &py_tuple_type)
            py_tuple_maybe_untrack((struct py_tuple *)o);
        else if (dicts_too && o->type == &py_dict_type)
            py_dict_maybe_untrack((struct py_dict *)o);
        n += g->next != NULL;
        g = next;
    }
    return n;
}

/* ---- 3: weak references ---------------------------------------------------------------------- */

static void move_callback(struct py_weakref *ref, int to)
{
    py_incref(ref);
    struct py_gc_head *g = py_gc_head_of(PY_OBJ(ref));
    list_move(g, &py_gc.young);
    if (PY_TRACING(PY_TRACE_ALLOC))
        quiet_gc_track(PY_OBJ(ref), to);
}

/* Clears the references to members of unreachable; those that are alive and have a callback go to
 * py_gc.young, with a reference taken. */
static void clear_weakrefs(struct py_gc_head *unreachable, int to)
{
    for (struct py_gc_head *g = unreachable->next; g != unreachable; g = g->next) {
        struct py_object *o = py_gc_object_of(g);
        if (o->type->body == PY_BODY_WEAKREF)
            py_weakref_detach((struct py_weakref *)o);
        struct py_weakref **list = py_weakref_list(o), *ref;
        while (list && (ref = *list)) {
            py_weakref_detach(ref);
            if (ref->callback && py_gc_is_tracked(PY_OBJ(ref)) &&
                !is_collecting(py_gc_head_of(PY_OBJ(ref))))
                move_callback(ref, to);
        }
    }
}

/* The references taken are the list's, so that a reader finds them, until each is dropped here. */
static void call_weakref_callbacks(struct py_gc_head *old)
{
    py_gc.young_owned = 1;
    while (!gc_list_is_empty(&py_gc.young)) {
        struct py_gc_head *g = py_gc.young.next;
        struct py_object *ref = py_gc_object_of(g);
        struct py_object *callback = py_newref(((struct py_weakref *)ref)->callback);
        PY_HOLD(&callback);
        struct py_object *result = py_call1(callback, ref);
        if (result)
            py_decref(result);
        else
            py_error_unraisable(callback, NULL);
        py_clear(callback);
        if (py_gc.young.next == g)
            list_move(g, old);
        py_decref(ref);
    }
    py_gc.young_owned = 0;
}

/* ---- 4: finalizers --------------------------------------------------------------------------- */

static void run_finalizers(struct py_gc_head *list)
{
    while (!gc_list_is_empty(list)) {
        struct py_gc_head *g = list->next;
        struct py_object *o = py_gc_object_of(g);
        list_move(g, &py_gc.young);
        if (!(o->type->flags & PY_TYPE_FINALIZER) || py_object_is_finalized(o))
            continue;
        py_incref(o);
        PY_HOLD(&o);
        py_object_finalize(o);
        py_clear(o);
    }
    gc_list_merge(&py_gc.young, list);
}

/* Objects that a finalizer gave away go to old, with all they refer to. */
static void keep_resurrected(struct py_gc_head *unreachable, struct py_gc_head *still,
                             struct py_gc_head *old)
{
    for (struct py_gc_head *g = unreachable->next; g != unreachable; g = g->next)
        clear_collecting(g);
    deduce_unreachable(unreachable, still);
    for (struct py_gc_head *g = still->next; g != still; g = g->next)
        clear_collecting(g);
    gc_list_merge(unreachable, old);
}

/* ---- 5: breaking ----------------------------------------------------------------------------- */

static void delete_garbage(struct py_gc_head *list, struct py_gc_head *old)
{
    while (!gc_list_is_empty(list)) {
        struct py_gc_head *g = list->next;
        struct py_object *o = py_gc_object_of(g);
        if (py_gc.debug & DEBUG_SAVEALL) {
            if (py_list_append((struct py_list *)py_gc.garbage, o) < 0)
                py_error_clear();
        } else {
            py_incref(o);
            PY_HOLD(&o);
            py_object_clear_refs(o);
            if (py_error_occurred())
                py_error_unraisable(NULL, "in collector");
            py_clear(o);
        }
        if (list->next == g) /* alive still: it may die when another one is emptied */
            list_move(g, old);
    }
}

/* ---- one collection -------------------------------------------------------------------------- */

struct outcome {
    int64_t collected, examined, promoted;
};

static void print_debug(const char *what, struct py_object *o)
{
    fprintf(stderr, "gc: %s <%s %p>\n", what, o->type->name, (void *)o);
}

static void print_stats_before(int generation)
{
    fprintf(stderr, "gc: collecting generation %d...\ngc: objects in each generation:", generation);
    for (int i = 0; i < PY_GENERATIONS; i++)
        fprintf(stderr, " %lld", (long long)py_gc_list_size(&py_gc.generations[i].head));
    fprintf(stderr, "\ngc: objects in permanent generation: %lld\n",
            (long long)py_gc_list_size(&py_gc.permanent));
}

/* Steps 1 and 2. The survivors are in old. */
static void split_generation(int generation, struct py_gc_head *old, struct outcome *out)
{
    struct py_gc_head *young = &py_gc.generations[generation].head;
    const int to = generation < 2 ? generation + 1 : 2;
    for (int i = 0; i < generation; i++)
        gc_list_merge(&py_gc.generations[i].head, young);
    out->examined = deduce_unreachable(young, &py_gc.unreachable);
    out->promoted = untrack_atoms(young, generation == 2);
    if (PY_TRACING(PY_TRACE_ALLOC | PY_TRACE_GC))
        probe_gc_promote(generation, to);
    if (young != old) {
        if (generation == 1)
            py_gc.long_lived_pending += out->promoted;
        gc_list_merge(young, old);
    } else {
        py_gc.long_lived_pending = 0;
        py_gc.long_lived_total = out->promoted;
    }
}

static struct outcome collect(int generation)
{
    struct outcome out = {0};
    const int to = generation < 2 ? generation + 1 : 2;
    struct py_gc_head *old = &py_gc.generations[to].head;
    py_gc.collecting_generation = generation;
    if (py_gc.debug & DEBUG_STATS)
        print_stats_before(generation);
    if (generation < 2)
        py_gc.generations[generation + 1].count++;
    for (int i = 0; i <= generation; i++)
        py_gc.generations[i].count = 0;

    split_generation(generation, old, &out);
    if (gc_list_is_empty(&py_gc.unreachable))
        return out;
    if (py_gc.debug & DEBUG_COLLECTABLE)
        for (struct py_gc_head *g = py_gc.unreachable.next; g != &py_gc.unreachable; g = g->next)
            print_debug("collectable", py_gc_object_of(g));
    clear_weakrefs(&py_gc.unreachable, to);
    call_weakref_callbacks(old);
    run_finalizers(&py_gc.unreachable);
    keep_resurrected(&py_gc.unreachable, &py_gc.finalizers, old);
    out.collected = py_gc_list_size(&py_gc.finalizers);
    delete_garbage(&py_gc.finalizers, old);
    return out;
}

/* gc.callbacks: callback(phase, {"generation": ..., "collected": ..., "uncollectable": ...}). */
static void call_gc_callbacks(const char *phase, int generation, int64_t collected)
{
    struct py_list *callbacks = (struct py_list *)py_gc.callbacks;
    if (!callbacks || callbacks->base.size == 0)
        return;
    struct py_dict *info = py_dict_new();
    PY_HOLD(&info);
    struct py_object *numbers[3] = {py_int_from_i64(generation), py_int_from_i64(collected),
                                    py_int_from_i64(0)};
    PY_HOLD_N(numbers, 3);
    if (!info || py_dict_set_cstr(info, "generation", numbers[0]) < 0 ||
        py_dict_set_cstr(info, "collected", numbers[1]) < 0 ||
        py_dict_set_cstr(info, "uncollectable", numbers[2]) < 0)
        py_error_unraisable(NULL, "on building GC callback info");
    for (int64_t i = 0; info && i < callbacks->base.size; i++) {
        struct py_object *callback = py_newref(callbacks->items[i]);
        PY_HOLD(&callback);
        struct py_object *result = py_call2(callback, PY_OBJ(py_str_const(phase)), PY_OBJ(info));
        if (result)
            py_decref(result);
        else
            py_error_unraisable(callback, NULL);
        py_clear(callback);
    }
    for (int i = 0; i < 3; i++)
        py_clear(numbers[i]);
    py_clear(info);
}

static int64_t collect_with_callbacks(int generation, enum py_gc_reason reason)
{
    struct py_object *pending = py_error_fetch();
    PY_HOLD(&pending);
    py_gc.collecting = 1;
    py_gc.collecting_generation = generation;
    call_gc_callbacks("start", generation, 0);
    if (PY_TRACING(PY_TRACE_GC))
        probe_gc_start(generation, reason);
    const struct outcome out = collect(generation);
    py_gc.stats[generation].collections++;
    py_gc.stats[generation].collected += (uint64_t)out.collected;
    if (py_gc.debug & DEBUG_STATS)
        fprintf(stderr, "gc: done, %lld unreachable, 0 uncollectable\n", (long long)out.collected);
    if (PY_TRACING(PY_TRACE_GC))
        probe_gc_done(generation, (uint64_t)out.collected, 0, (uint64_t)out.examined,
                      (uint64_t)out.promoted);
    call_gc_callbacks("stop", generation, out.collected);
    py_gc.collecting = 0;
    struct py_object *restored = pending;
    pending = NULL;
    py_error_restore(restored);
    return out.collected;
}

void py_gc_run_pending(void)
{
    if (!py_gc.enabled || py_gc.collecting)
        return;
#ifdef BRILLE_GCSTRESS
    static unsigned turn;
    collect_with_callbacks(++turn % 256 == 0 ? 2 : turn % 16 == 0 ? 1 : 0, PY_GC_STRESS);
    return;
#endif
    for (int i = 2; i >= 0; i--) {
        const struct py_gc_generation *g = &py_gc.generations[i];
        if (g->count <= g->threshold)
            continue;
        /* A full collection looks at everything: wait until enough of it is new. */
        if (i == 2 && py_gc.long_lived_pending < py_gc.long_lived_total / 4)
            continue;
        collect_with_callbacks(i, PY_GC_THRESHOLD);
        return;
    }
}

int64_t py_gc_collect(int generation)
{
    return py_gc.collecting ? 0 : collect_with_callbacks(generation, PY_GC_MANUAL);
}

void py_gc_freeze(void)
{
    for (int i = 0; i < PY_GENERATIONS; i++) {
        gc_list_merge(&py_gc.generations[i].head, &py_gc.permanent);
        py_gc.generations[i].count = 0;
    }
    if (PY_TRACING(PY_TRACE_ALLOC | PY_TRACE_GC))
        probe_gc_freeze(true);
}

void py_gc_unfreeze(void)
{
    gc_list_merge(&py_gc.permanent, &py_gc.generations[2].head);
    if (PY_TRACING(PY_TRACE_ALLOC | PY_TRACE_GC))
        probe_gc_freeze(false);
}
