/* Checks: is every count explained, are the collector's lists whole?
 *
 * The explained check is the interpreter's promise to a reader in another process: at a safepoint
 * every mortal object's refcnt equals the number of references that can be found from objects
 * (fields and bodies), registers, handles, threads, the runtime and static types. A helper that
 * forgets PY_HOLD, a type whose field table lacks a row, a leaked or dropped reference: all of
 * them show here, with the object and the difference.
 *
 *     refcnt == traversed + owned references + roots          for every object that is not immortal
 *
 * The references of the table of interned strings are not counted (str.h). The check costs a walk
 * of the whole heap; checked builds run it every few hundred safepoints, sys._brille_check() on
 * demand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/memory/gc.h"
#include "vm/memory/gc_internal.h"
#include "vm/memory/heap.h"
#include "vm/object/exc.h"
#include "vm/object/static_types.h"
#include "vm/object/str.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/thread.h"

/* ---- roots ----------------------------------------------------------------------------------- */

struct root_walk {
    int (*visit)(struct py_object *o, const char *name, void *arg);
    void *arg;
    const char *name;
};

static int visit_root(struct py_object *o, void *arg)
{
    const struct root_walk *w = arg;
    return o ? w->visit(o, w->name, w->arg) : 0;
}

static int root(struct root_walk *w, const char *name, const void *o)
{
    w->name = name;
    return visit_root((struct py_object *)(uintptr_t)o, w);
}

static struct py_object **stack_top(const struct py_thread *t)
{
    struct py_object **top = t->regs;
    for (const struct py_frame *f = t->frame; f; f = f->prev)
        if (f->owner == PY_FRAME_THREAD && f->top > top)
            top = f->top;
    return top;
}

static int thread_roots(struct root_walk *w, const struct py_thread *t)
{
    int r = 0;
    struct py_object **top = stack_top(t);
    for (struct py_object **reg = t->regs; reg < top && !r; reg++)
        r = root(w, "register", *reg);
    for (const struct py_frame *f = t->frame; f && !r; f = f->prev) {
        if (f->owner != PY_FRAME_THREAD)
            continue; /* its generator owns these */
        r = root(w, "frame locals", f->locals);
        if (!r)
            r = root(w, "frame object", f->object);
    }
    for (const struct py_handle *h = t->handles; h && !r; h = h->prev)
        for (int64_t i = 0; i < h->count && !r; i++)
            r = root(w, h->function, h->slots[i]);
    if (!r)
        r = root(w, "pending exception", t->exc);
    if (!r)
        r = root(w, "asynchronous exception", t->async_exc);
    if (!r)
        r = root(w, "thread dict", t->dict);
    return r ? r : root(w, "result", t->result_hold);
}

int py_gc_each_root(int (*visit)(struct py_object *o, const char *name, void *arg), void *arg)
{
    struct root_walk w = {.visit = visit, .arg = arg};
    int r = 0;
    for (const struct py_thread *t = py_runtime.threads; t && !r; t = t->next)
        r = thread_roots(&w, t);
    const void *const words[] = {py_runtime.modules,  py_runtime.sys_dict, py_runtime.builtins,
                                 py_runtime.interned, py_gc.garbage,       py_gc.callbacks};
    for (size_t i = 0; i < sizeof words / sizeof words[0] && !r; i++)
        r = root(&w, "runtime", words[i]);
    w.name = "weak reference about to call back";
    for (const struct py_gc_head *g = py_gc.young.next;
         py_gc.young_owned && g != &py_gc.young && !r; g = g->next)
        r = visit_root(py_gc_object_of(g), &w);
    for (int32_t i = 0; i < py_runtime.root_count && !r; i++)
        r = root(&w, "kept by C code", py_runtime.roots[i]);
    w.name = "static type";
    for (int i = 0; i < PY_STATIC_TYPE_COUNT && !r; i++)
        r = py_object_each_owned(PY_OBJ(py_static_types[i]), visit_root, &w);
    return r;
}

/* ---- a table from object to number of references found ----------------------------------------
 */

struct tally {
    struct py_object **keys;
    uint32_t *found;
    uint64_t mask, count;
    bool truncated;
};

static uint64_t tally_index(const struct tally *t, const struct py_object *o)
{
    uint64_t i = ((uint64_t)(uintptr_t)o >> 4) * 0x9e3779b97f4a7c15ull >> 20 & t->mask;
    while (t->keys[i] && t->keys[i] != o)
        i = (i + 1) & t->mask;
    return i;
}

static int count_object(struct py_object *o, void *arg)
{
    (void)o;
    ++*(uint64_t *)arg;
    return 0;
}

static int insert_object(struct py_object *o, void *arg)
{
    struct tally *t = arg;
    if (!py_is_immortal(o))
        t->keys[tally_index(t, o)] = o;
    return 0;
}

static int count_reference(struct py_object *o, void *arg)
{
    struct tally *t = arg;
    if (py_is_immortal(o))
        return 0;
    const uint64_t i = tally_index(t, o);
    if (t->keys[i])
        t->found[i]++;
    else
        t->truncated = true; /* a reference to something that is no object */
    return 0;
}

static int count_root(struct py_object *o, const char *name, void *arg)
{
    (void)name;
    return count_reference(o, arg);
}

static int count_edges(struct py_object *o, void *arg)
{
    if (py_runtime.interned && o == PY_OBJ(py_runtime.interned))
        return 0;
    py_object_traverse(o, count_reference, arg);
    return py_object_each_owned(o, count_reference, arg);
}

static bool tally_init(struct tally *t)
{
    uint64_t n = 0;
    py_heap_each_object(count_object, &n);
    uint64_t cells = 1024;
    while (cells < n * 2)
        cells *= 2;
    t->mask = cells - 1;
    t->keys = calloc(cells, sizeof *t->keys);
    t->found = calloc(cells, sizeof *t->found);
    return t->keys && t->found;
}

static void tally_deinit(struct tally *t)
{
    free(t->keys);
    free(t->found);
}

struct find_holder {
    struct py_object *target;
    struct py_object *holder;
    int printed;
};

static int is_target(struct py_object *o, void *arg)
{
    return o == ((struct find_holder *)arg)->target;
}

static int print_holder(struct py_object *o, void *arg)
{
    struct find_holder *f = arg;
    if (f->printed >= 6)
        return 1;
    if (py_object_traverse(o, is_target, f) || py_object_each_owned(o, is_target, f)) {
        fprintf(stderr, "    held by %s %p\n", o->type->name, (void *)o);
        f->printed++;
    }
    return 0;
}

static int print_root(struct py_object *o, const char *name, void *arg)
{
    struct find_holder *f = arg;
    if (o == f->target)
        fprintf(stderr, "    root: %s\n", name);
    return 0;
}

static void print_mismatch(struct py_object *o, uint32_t found)
{
    fprintf(stderr, "  %s %p: refcnt %u, explained %u", o->type->name, (void *)o, o->refcnt, found);
    if (py_str_check_exact(o)) {
        const struct py_str *s = (const struct py_str *)o;
        if (s->ascii)
            fprintf(stderr, " '%.40s'", (const char *)py_str_data(s));
    } else if (py_has_flag(o, PY_TYPE_IS_TYPE)) {
        fprintf(stderr, " class %s", ((struct py_type *)o)->name);
    }
    fputc('\n', stderr);
    struct find_holder f = {.target = o};
    py_heap_each_object(print_holder, &f);
    py_gc_each_root(print_root, &f);
}

int64_t py_gc_count_unexplained(int print)
{
    struct tally t = {0};
    int64_t bad = 0;
    if (tally_init(&t)) {
        py_heap_each_object(insert_object, &t);
        py_heap_each_object(count_edges, &t);
        py_gc_each_root(count_root, &t);
        for (uint64_t i = 0; i <= t.mask; i++) {
            if (!t.keys[i] || t.keys[i]->refcnt == t.found[i])
                continue;
            if (bad++ < print)
                print_mismatch(t.keys[i], t.found[i]);
        }
        if (t.truncated && print)
            fprintf(stderr, "  references to freed or foreign memory\n");
        bad += t.truncated;
    }
    tally_deinit(&t);
    return bad;
}

void py_gc_check_explained(const char *where)
{
    const int64_t bad = py_gc_count_unexplained(10);
    if (bad == 0)
        return;
    fprintf(stderr, "brille-python: %lld objects with unexplained counts at %s\n", (long long)bad,
            where);
    abort();
}

/* ---- lists ----------------------------------------------------------------------------------- */

static void check_list(const struct py_gc_head *list, const char *name)
{
    const struct py_gc_head *prev = list;
    for (const struct py_gc_head *g = list->next; g != list; prev = g, g = g->next) {
        const struct py_object *o = py_gc_object_of(g);
        const bool wrong = !g || gc_prev(g) != prev || !o->type || !py_is_gc(o) ||
                           (!py_gc.collecting && ((uintptr_t)g->prev & GC_COLLECTING));
        if (wrong) {
            fprintf(stderr, "brille-python: gc check: list %s is broken at %p\n", name,
                    (const void *)g);
            abort();
        }
    }
    if (list->prev != prev) {
        fprintf(stderr, "brille-python: gc check: list %s has a wrong end\n", name);
        abort();
    }
}

void py_gc_check_lists(void)
{
    check_list(&py_gc.generations[0].head, "generation 0");
    check_list(&py_gc.generations[1].head, "generation 1");
    check_list(&py_gc.generations[2].head, "generation 2");
    check_list(&py_gc.permanent, "permanent");
    check_list(&py_gc.young, "young");
    check_list(&py_gc.unreachable, "unreachable");
    check_list(&py_gc.finalizers, "finalizers");
}
