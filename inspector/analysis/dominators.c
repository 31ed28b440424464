// Semi-NCA, iteratively, on a graph renumbered in depth-first preorder.
//
//     1. search     vertex[i] = object with preorder number i; tree[i] = number of its parent in
//     the
//                   depth-first tree. Number 0 is the root of all roots.
//     2. reverse    predecessors of each number, as numbers
//     3. semi       in falling order: semi[i] = the lowest number from which a path through higher
//                   numbers leads to i, by evaluating predecessors in a forest with path
//                   compression
//     4. idom       in rising order: from tree[i] up the dominator tree until at or above semi[i]
//     5. retained   in falling order: each adds its sum to its dominator's
//
// Numbers of everything are u32, so the working memory is 4 bytes a node for each of a handful of
// arrays and 4 bytes an edge for the predecessors, and parents always have lower numbers than their
// children, which is what makes 4 and 5 single sweeps. Preorder also keeps neighbours near each
// other in memory: the same algorithm on ordinals takes twice as long.
//
// L. Georgiadis, Linear-Time Algorithms for Dominators and Related Problems, TR-737-05, Princeton
// 2005, section 2.4.
#include "inspector/analysis/dominators.h"

#include "inspector/analysis/reach.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define UNLINKED UINT32_MAX

struct semi_nca {
    struct snapshot *s;
    struct start_vec starts;
    uint32_t n;         // numbers 0 .. n - 1 are in use
    uint32_t *number;   // by ordinal: preorder number, 0 when unreached
    uint32_t *vertex;   // by number: ordinal; vertex[0] is meaningless
    uint32_t *tree;     // by number: parent in the depth-first tree
    uint64_t *begin;    // by number: its predecessors are
    uint32_t *previous; // previous[begin[i]] .. previous[begin[i + 1]]
    uint32_t *ancestor; // by number: link in the forest, UNLINKED = root of its tree
    uint32_t *label;    // by number: the number with the lowest semi on the compressed path
    uint32_t *semi;
    uint32_t *idom;
    uint32_t *stack; // for compressing paths
};

static void semi_nca_deinit(struct semi_nca *a)
{
    start_vec_deinit(&a->starts);
    free(a->number);
    free(a->vertex);
    free(a->tree);
    free(a->begin);
    free(a->previous);
    free(a->ancestor);
    free(a->label);
    free(a->semi);
    free(a->idom);
    free(a->stack);
}

static bool allocate(uint32_t **array, uint64_t count)
{
    *array = calloc(count + 1, sizeof **array);
    return *array != NULL;
}

// ---- 1. search ----

// One open node: where to go on among its edges.
struct open_node {
    uint64_t next;
    uint32_t number;
};

VEC_DEFINE(open_vec, struct open_node);

static struct error *enter(struct semi_nca *a, struct open_vec *open, uint32_t object,
                           uint32_t parent)
{
    const uint32_t number = a->n++;
    const uint64_t *begin = a->s->edge_begin;
    a->number[object] = number;
    a->vertex[number] = object;
    a->tree[number] = parent;
    // A leaf need not be opened; most strings and numbers are leaves.
    if (begin[object] == begin[object + 1])
        return NULL;
    return open_vec_push(open, (struct open_node){.next = begin[object], .number = number});
}

static struct error *search_from(struct semi_nca *a, struct open_vec *open, uint32_t start)
{
    const struct snapshot *s = a->s;
    TRY(enter(a, open, start, 0));
    while (open->count) {
        struct open_node *top = &open->items[open->count - 1];
        if (top->next == s->edge_begin[a->vertex[top->number] + 1]) {
            open->count--;
            continue;
        }
        const uint64_t e = top->next++;
        if (!a->number[s->targets[e]] && snapshot_edge_retains(s, e))
            TRY(enter(a, open, s->targets[e], top->number));
    }
    return NULL;
}

static struct error *search(struct semi_nca *a)
{
    struct open_vec open = {0};
    struct error *err = NULL;
    a->n = 1;
    for (size_t i = 0; !err && i < a->starts.count; i++)
        if (!a->number[a->starts.items[i].object])
            err = search_from(a, &open, a->starts.items[i].object);
    open_vec_deinit(&open);
    return err;
}

// ---- 2. reverse ----

// Calls for each edge of the numbered graph, those of the root of all roots included.
#define EACH_EDGE(a, from, to, body)                                                    \
    do {                                                                                \
        const struct snapshot *s_ = (a)->s;                                             \
        for (size_t i_ = 0; i_ < (a)->starts.count; i_++) {                             \
            const uint32_t from = 0, to = (a)->number[(a)->starts.items[i_].object];    \
            body;                                                                       \
        }                                                                               \
        for (uint32_t from = 1; from < (a)->n; from++) {                                \
            const uint32_t o_ = (a)->vertex[from];                                      \
            for (uint64_t e_ = s_->edge_begin[o_]; e_ < s_->edge_begin[o_ + 1]; e_++) { \
                const uint32_t to = (a)->number[s_->targets[e_]];                       \
                if (snapshot_edge_retains(s_, e_))                                      \
                    body;                                                               \
            }                                                                           \
        }                                                                               \
    } while (0)

static struct error *reverse(struct semi_nca *a)
{
    uint64_t *begin = a->begin = calloc((size_t)a->n + 2, sizeof *a->begin);
    if (!begin)
        return &error_no_memory;
    // begin[i + 2] counts; see build_referrers in model/snapshot.c for the same trick.
    EACH_EDGE(a, from, to, ((void)from, begin[(size_t)to + 2]++));
    for (size_t i = 2; i <= (size_t)a->n + 1; i++)
        begin[i] += begin[i - 1];
    a->previous = malloc((begin[a->n + 1] + 1) * sizeof *a->previous);
    if (!a->previous)
        return &error_no_memory;
    EACH_EDGE(a, from, to, a->previous[begin[(size_t)to + 1]++] = from);
    return NULL;
}

// ---- 3. and 4. semi and idom ----

// The number with the lowest semi on the forest path from v, which is linked, to below its root.
// Compresses the path on the way, from the top down, with a stack of its own.
static inline uint32_t evaluate(struct semi_nca *a, uint32_t v)
{
    uint32_t depth = 0;
    for (uint32_t u = v; a->ancestor[a->ancestor[u]] != UNLINKED; u = a->ancestor[u])
        a->stack[depth++] = u;
    while (depth) {
        const uint32_t u = a->stack[--depth];
        const uint32_t above = a->ancestor[u];
        if (a->semi[a->label[above]] < a->semi[a->label[u]])
            a->label[u] = a->label[above];
        a->ancestor[u] = a->ancestor[above];
    }
    return a->label[v];
}

static struct error *find_dominators(struct semi_nca *a)
{
    if (!allocate(&a->ancestor, a->n) || !allocate(&a->label, a->n) || !allocate(&a->semi, a->n) ||
        !allocate(&a->idom, a->n) || !allocate(&a->stack, a->n))
        return &error_no_memory;
    for (uint32_t i = 0; i < a->n; i++) {
        a->semi[i] = a->label[i] = i;
        a->ancestor[i] = UNLINKED;
    }
    for (uint32_t i = a->n - 1; i > 0; i--) {
        uint32_t lowest = a->tree[i];
        for (uint64_t p = a->begin[i]; p < a->begin[i + 1]; p++) {
            const uint32_t from = a->previous[p];
            const uint32_t semi = from <= i ? from : a->semi[evaluate(a, from)];
            if (semi < lowest)
                lowest = semi;
        }
        a->semi[i] = lowest;
        a->ancestor[i] = a->tree[i];
    }
    for (uint32_t i = 1; i < a->n; i++) {
        uint32_t d = a->tree[i];
        while (d > a->semi[i])
            d = a->idom[d];
        a->idom[i] = d;
    }
    return NULL;
}

// ---- 5. retained sizes and the tree ----

// Back from numbers to ordinals, adding up on the way. The root's sum is the whole heap.
static void sum_up(const struct semi_nca *a, struct dominators *d)
{
    for (uint32_t o = 0; o < d->object_count; o++) {
        const uint64_t size = snapshot_size(a->s, o);
        d->parent[o] = DOMINATOR_NONE;
        if (a->number[o])
            d->retained[o] = size;
        else
            d->unreachable_bytes += size;
    }
    for (uint32_t i = a->n - 1; i > 0; i--) {
        const uint32_t o = a->vertex[i];
        if (a->idom[i] == 0) {
            d->parent[o] = DOMINATOR_ROOT;
            d->total_bytes += d->retained[o];
        } else {
            d->parent[o] = a->vertex[a->idom[i]];
            d->retained[d->parent[o]] += d->retained[o];
        }
    }
    d->reachable_count = a->n - 1;
}

static int compare_children(const void *x, const void *y, void *context)
{
    const struct dominators *d = context;
    const uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    if (d->retained[a] != d->retained[b])
        return d->retained[a] > d->retained[b] ? -1 : 1;
    return a < b ? -1 : a > b;
}

static struct error *list_children(struct dominators *d)
{
    const uint32_t n = d->object_count;
    uint32_t *begin = d->child_begin = calloc((size_t)n + 3, sizeof *begin);
    d->children = malloc(((size_t)d->reachable_count + 1) * sizeof *d->children);
    if (!begin || !d->children)
        return &error_no_memory;
    for (uint32_t o = 0; o < n; o++)
        if (d->parent[o] != DOMINATOR_NONE)
            begin[(size_t)(d->parent[o] == DOMINATOR_ROOT ? n : d->parent[o]) + 2]++;
    for (size_t i = 2; i <= (size_t)n + 2; i++)
        begin[i] += begin[i - 1];
    for (uint32_t o = 0; o < n; o++)
        if (d->parent[o] != DOMINATOR_NONE)
            d->children[begin[(size_t)(d->parent[o] == DOMINATOR_ROOT ? n : d->parent[o]) + 1]++] =
                o;
    for (uint32_t row = 0; row <= n; row++)
        if (begin[row + 1] - begin[row] > 1)
            qsort_r(d->children + begin[row], begin[row + 1] - begin[row], sizeof *d->children,
                    compare_children, d);
    return NULL;
}

static struct error *compute(struct semi_nca *a, struct dominators *d)
{
    const uint32_t n = a->s->object_count;
    TRY(reach_starts(a->s, &a->starts));
    if (!allocate(&a->number, n) || !allocate(&a->vertex, (uint64_t)n + 1) ||
        !allocate(&a->tree, (uint64_t)n + 1))
        return &error_no_memory;
    TRY(search(a));
    TRY(reverse(a));
    TRY(find_dominators(a));
    d->object_count = n;
    d->retained = calloc((size_t)n + 1, sizeof *d->retained);
    if (!d->retained || !allocate(&d->parent, n))
        return &error_no_memory;
    sum_up(a, d);
    return NULL;
}

struct error *dominators_create(struct snapshot *snapshot, struct dominators **ret)
{
    _cleanup_(dominators_destroy_at) struct dominators *d = calloc(1, sizeof *d);
    if (!d)
        return &error_no_memory;
    struct semi_nca a = {.s = snapshot};
    struct error *err = compute(&a, d);
    semi_nca_deinit(&a);
    if (!err)
        err = list_children(d);
    if (!err)
        *ret = take_ptr(d);
    return err;
}

void dominators_destroy(struct dominators *d)
{
    if (!d)
        return;
    free(d->parent);
    free(d->retained);
    free(d->child_begin);
    free(d->children);
    free(d);
}

void dominators_check(const struct dominators *d, const struct snapshot *s)
{
    uint64_t total = 0, unreachable = 0;
    assert(d->object_count == s->object_count);
    for (uint32_t o = 0; o < d->object_count; o++) {
        uint32_t count;
        const uint32_t *children = dominators_children(d, o, &count);
        if (d->parent[o] == DOMINATOR_NONE) {
            assert(count == 0 && d->retained[o] == 0);
            unreachable += snapshot_size(s, o);
            continue;
        }
        uint64_t sum = snapshot_size(s, o);
        for (uint32_t i = 0; i < count; i++) {
            assert(d->parent[children[i]] == o);
            assert(i == 0 || d->retained[children[i - 1]] >= d->retained[children[i]]);
            sum += d->retained[children[i]];
        }
        assert(sum == d->retained[o]);
        total += snapshot_size(s, o);
    }
    assert(total == d->total_bytes && unreachable == d->unreachable_bytes);
}
