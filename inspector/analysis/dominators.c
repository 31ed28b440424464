// Semi-NCA, iteratively, on a graph renumbered in depth-first preorder.
//
//     1. search     vertex[i] = object with preorder number i; idom[i] = number of its parent in
//                   the depth-first tree. Number 0 is the root of all roots.
//     2. reverse    predecessors of each number, as numbers
//     3. semi       in falling order: semi[i] = the lowest number from which a path through higher
//                   numbers leads to i, by evaluating predecessors in a forest with path
//                   compression
//     4. idom       in rising order: from the parent up the dominator tree until at or above
//     semi[i]
//     5. retained   in falling order: each adds its sum to its dominator's
//
// Parents always have lower numbers than their children, which is what makes 4 and 5 single sweeps.
// Preorder also keeps neighbours near each other in memory: the same algorithm on ordinals takes
// twice as long.
//
// Memory is what limits it, so what need not be kept is not:
//
//     - most objects need none of this: one that a single reference leads to has its referrer as
//     its
//       dominator, a root's target the root. Only where several references meet (a bitmap that the
//       processor's cache holds says where) are predecessors looked at
//     - a leaf that a single reference leads to (most texts and numbers of a real heap) is nobody's
//       predecessor either: it gets no number at all, and its parent is found again at the end
//     - of predecessors with lower numbers only the lowest counts, so it alone is kept; those with
//       higher numbers, which must be evaluated, are kept as a list
//     - semi[i] takes the place of what said where the list of i + 1 begins, which is not needed
//     any
//       more when i has been looked at; paths are compressed by turning their links round and back
//
// At its most it has 5 arrays of 4 bytes a number, and 4 bytes for each of the listed predecessors.
//
// L. Georgiadis, Linear-Time Algorithms for Dominators and Related Problems, TR-737-05, Princeton
// 2005, section 2.4.
#include "inspector/analysis/dominators.h"

#include "inspector/analysis/reach.h"
#include "inspector/analysis/stored.h"
#include "inspector/base/huge.h"
#include "inspector/base/interrupt.h"
#include "inspector/base/progress.h"
#include "inspector/model/heap_section.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PROGRESS_STEP 65536

// `number` of an object that has none.
enum { UNREACHED = 0 };
#define ONLY_CHILD UINT32_MAX // a leaf with one referrer

struct semi_nca {
    struct snapshot *s;
    struct start_vec starts;
    uint8_t *several;   // bitmap by ordinal: several references lead there
    uint8_t *started;   // bitmap by ordinal: a root does
    uint8_t *only;      // bitmap by ordinal: ONLY_CHILD
    uint32_t n;         // numbers 0 .. n - 1 are in use
    uint32_t *number;   // by ordinal: preorder number, UNREACHED or ONLY_CHILD
    uint32_t *vertex;   // by number: ordinal; vertex[0] is 0 and means nothing
    uint64_t *base;     // by number / BLOCK: where the predecessors of its block begin
    uint32_t *begin;    // by number: where its own do, counted from there; then see semi_of()
    uint32_t *previous; // the predecessors of meetings that have higher numbers than these
    uint32_t *ancestor; // by number: parent in the depth-first tree, compressed while evaluating
    uint32_t *idom;     // by number: the parent, and in the end the dominator
    uint32_t *lowest;   // by number: the lowest predecessor, then semi, then that of the path
    uint32_t only_children;
    struct progress progress;
};

// What only the steps up to the dominators need.
static void free_work(struct semi_nca *a)
{
    free(take_ptr(a->base));
    free(take_ptr(a->begin));
    free(take_ptr(a->previous));
    free(take_ptr(a->ancestor));
    free(take_ptr(a->lowest));
}

static void semi_nca_deinit(struct semi_nca *a)
{
    start_vec_deinit(&a->starts);
    free_work(a);
    free(a->number);
    free(a->vertex);
    free(a->idom);
    free(a->several);
    free(a->started);
    free(a->only);
}

static bool allocate(uint32_t **array, uint64_t count)
{
    *array = huge_malloc(count + 1, sizeof **array);
    return *array != NULL;
}

static struct error *tick(struct semi_nca *a, uint64_t done)
{
    if (done % PROGRESS_STEP)
        return NULL;
    progress_update(&a->progress, done);
    return interrupted() ? error_create(ERROR_INTERRUPTED, "interrupted") : NULL;
}

// ---- 0. where references meet ----

static inline bool is_marked(const uint8_t *marks, uint32_t o)
{
    return marks[o / 8] >> (o % 8) & 1;
}

static inline void set_mark(uint8_t *marks, uint32_t o)
{
    marks[o / 8] |= (uint8_t)(1 << (o % 8));
}

// References from unreachable objects, and further ones from the same object, count as well: then
// an object is treated like any other, which is no mistake.
static struct error *find_meetings(struct semi_nca *a)
{
    const struct snapshot *s = a->s;
    _cleanup_free_ uint8_t *seen = calloc((size_t)s->object_count / 8 + 1, 1);
    a->several = calloc((size_t)s->object_count / 8 + 1, 1);
    a->started = calloc((size_t)s->object_count / 8 + 1, 1);
    a->only = calloc((size_t)s->object_count / 8 + 1, 1);
    if (!seen || !a->several || !a->started || !a->only)
        return &error_no_memory;
    for (uint64_t e = 0; e < s->reference_count; e++) {
        if (!snapshot_edge_retains(s, e))
            continue;
        const uint32_t target = s->targets[e];
        const uint8_t bit = (uint8_t)(1 << (target % 8));
        a->several[target / 8] |= seen[target / 8] & bit;
        seen[target / 8] |= bit;
    }
    for (size_t i = 0; i < a->starts.count; i++)
        set_mark(a->started, a->starts.items[i].object);
    return NULL;
}

// Whether predecessors are needed to find the dominator.
static inline bool is_meeting(const struct semi_nca *a, uint32_t o)
{
    return (a->several[o / 8] & ~a->started[o / 8]) >> (o % 8) & 1;
}

// ---- 1. search ----

// One open node: where to go on among its edges.
struct open_node {
    uint64_t next, end;
    uint32_t number;
};

VEC_DEFINE(open_vec, struct open_node);

enum { SEARCH_AHEAD = 6 }; // how many references ahead numbers are fetched

static inline struct error *enter(struct semi_nca *a, struct open_vec *open, uint32_t object,
                                  uint32_t parent)
{
    const uint64_t *begin = a->s->edge_begin;
    const bool is_leaf = begin[object] == begin[object + 1];
    if (is_leaf && parent && !is_marked(a->several, object) && !is_marked(a->started, object)) {
        a->number[object] = ONLY_CHILD;
        set_mark(a->only, object);
        a->only_children++;
        return NULL;
    }
    const uint32_t number = a->n++;
    a->number[object] = number;
    a->vertex[number] = object;
    a->idom[number] = parent;
    TRY(tick(a, number));
    if (is_leaf)
        return NULL;
    return open_vec_push(
        open,
        (struct open_node){.next = begin[object], .end = begin[object + 1], .number = number});
}

static struct error *search_from(struct semi_nca *a, struct open_vec *open, uint32_t start)
{
    const struct snapshot *s = a->s;
    const uint64_t last = s->reference_count ? s->reference_count - 1 : 0;
    TRY(enter(a, open, start, 0));
    while (open->count) {
        struct open_node *top = &open->items[open->count - 1];
        if (top->next == top->end) {
            open->count--;
            continue;
        }
        const uint64_t e = top->next++;
        const uint64_t later = e + SEARCH_AHEAD < last ? e + SEARCH_AHEAD : last;
        __builtin_prefetch(&a->number[s->targets[later]]);
        const uint32_t target = s->targets[e];
        if (a->number[target] == UNREACHED && snapshot_edge_retains(s, e))
            TRY(enter(a, open, target, top->number));
    }
    return NULL;
}

static struct error *search(struct semi_nca *a)
{
    const uint64_t n = a->s->object_count;
    struct open_vec open = {0};
    struct error *err = NULL;
    a->number = huge_calloc(n + 1, sizeof *a->number);
    if (!a->number || !allocate(&a->vertex, n + 1) || !allocate(&a->idom, n + 1))
        return &error_no_memory;
    a->n = 1;
    a->idom[0] = a->vertex[0] = 0;
    for (size_t i = 0; !err && i < a->starts.count; i++)
        if (a->number[a->starts.items[i].object] == UNREACHED)
            err = search_from(a, &open, a->starts.items[i].object);
    open_vec_deinit(&open);
    return err;
}

// ---- 2. reverse ----

enum {
    AHEAD = 20,
    SOON = 8
}; // how many references ahead numbers, and what they number, are fetched

// Calls for each reference that leads to a meeting, in order of the objects: so the references are
// read one behind the other, and only the numbers of their targets are anywhere.
#define EACH_MEETING(a, from, to, body)                                                 \
    do {                                                                                \
        const struct snapshot *s_ = (a)->s;                                             \
        const uint64_t last_ = s_->reference_count ? s_->reference_count - 1 : 0;       \
        for (uint32_t o_ = 0; o_ < s_->object_count; o_++) {                            \
            const uint32_t from = (a)->number[o_];                                      \
            if (from == UNREACHED || from == ONLY_CHILD)                                \
                continue;                                                               \
            for (uint64_t e_ = s_->edge_begin[o_]; e_ < s_->edge_begin[o_ + 1]; e_++) { \
                const uint64_t next_ = e_ + AHEAD < last_ ? e_ + AHEAD : last_;         \
                const uint64_t soon_ = e_ + SOON < last_ ? e_ + SOON : last_;           \
                __builtin_prefetch(&(a)->number[s_->targets[next_]]);                   \
                __builtin_prefetch(&(a)->begin[(a)->number[s_->targets[soon_]]]);       \
                const uint32_t target_ = s_->targets[e_];                               \
                if (!is_meeting(a, target_) || !snapshot_edge_retains(s_, e_))          \
                    continue;                                                           \
                const uint32_t to = (a)->number[target_];                               \
                body;                                                                   \
            }                                                                           \
        }                                                                               \
    } while (0)

// Places are 32 bits, counted from the beginning of their block of numbers, so that they stay small
// although there may be more than 2^32 references. Only one block that alone has so many is
// refused.
enum { BLOCK_BITS = 16 };

static inline uint64_t first_predecessor(const struct semi_nca *a, uint64_t i)
{
    return a->base[i >> BLOCK_BITS] + a->begin[i];
}

// Turns counts into places: begin[i] becomes the end of i's predecessors, and placing them counts
// it down to where they begin. base and begin have an entry more, the end of all.
static struct error *make_room(struct semi_nca *a)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i <= a->n; i++) {
        uint64_t *base = &a->base[i >> BLOCK_BITS];
        if ((i & ((1u << BLOCK_BITS) - 1)) == 0)
            *base = sum;
        sum += a->begin[i];
        if (sum - *base > UINT32_MAX)
            return error_create(ERROR_LIMIT, "too many references lead to the same few objects");
        a->begin[i] = (uint32_t)(sum - *base);
    }
    return allocate(&a->previous, sum) ? NULL : &error_no_memory;
}

static struct error *reverse(struct semi_nca *a)
{
    a->base = calloc((a->n >> BLOCK_BITS) + 2, sizeof *a->base);
    a->begin = huge_calloc((uint64_t)a->n + 1, sizeof *a->begin);
    if (!a->base || !a->begin || !allocate(&a->lowest, a->n))
        return &error_no_memory;
    memcpy(a->lowest, a->idom, (size_t)a->n * sizeof *a->lowest);
    EACH_MEETING(a, from, to, {
        if (from > to)
            a->begin[to]++;
        else if (from < a->lowest[to])
            a->lowest[to] = from;
    });
    TRY(make_room(a));
    EACH_MEETING(a, from, to, {
        if (from > to)
            a->previous[a->base[to >> BLOCK_BITS] + --a->begin[to]] = from;
    });
    free(take_ptr(a->number));
    return NULL;
}

// ---- 3. and 4. semi and idom ----

// The lowest semi on the forest path from v to below its root. Numbers from `linked` on are in the
// forest; a path ends at the first that is not. On the way up each link is turned round, so that
// the way down is known without a stack; there the path is compressed: all of it then leads to
// where it ended.
static inline uint32_t evaluate(struct semi_nca *a, uint32_t v, uint32_t linked)
{
    uint32_t below = 0, top = v; // 0 is in no path
    while (a->ancestor[top] >= linked) {
        const uint32_t above = a->ancestor[top];
        a->ancestor[top] = below;
        below = top;
        top = above;
    }
    const uint32_t end = a->ancestor[top];
    uint32_t lowest = a->lowest[top];
    while (below) {
        const uint32_t next = a->ancestor[below];
        if (a->lowest[below] < lowest)
            lowest = a->lowest[below];
        a->lowest[below] = lowest;
        a->ancestor[below] = end;
        below = next;
    }
    return lowest;
}

// When i has been looked at, nobody asks any more where the predecessors of i + 1 begin.
static inline uint32_t *semi_of(struct semi_nca *a, uint32_t i)
{
    return &a->begin[(uint64_t)i + 1];
}

static struct error *find_semi(struct semi_nca *a)
{
    uint64_t end = first_predecessor(a, a->n);
    for (uint32_t i = a->n - 1; i > 0; i--) {
        const uint64_t begin = first_predecessor(a, i);
        uint32_t lowest = is_marked(a->started, a->vertex[i]) ? 0 : a->lowest[i];
        for (uint64_t p = begin; lowest && p < end; p++) {
            const uint32_t semi = evaluate(a, a->previous[p], i + 1);
            if (semi < lowest)
                lowest = semi;
        }
        a->lowest[i] = *semi_of(a, i) = lowest;
        end = begin;
        TRY(tick(a, 2 * (uint64_t)a->n - i));
    }
    return NULL;
}

static struct error *find_dominators(struct semi_nca *a)
{
    if (!allocate(&a->ancestor, a->n))
        return &error_no_memory;
    memcpy(a->ancestor, a->idom, (size_t)a->n * sizeof *a->ancestor);
    TRY(find_semi(a));
    for (uint32_t i = 1; i < a->n; i++) {
        const uint32_t semi = *semi_of(a, i);
        uint32_t d = a->idom[i];
        while (d > semi)
            d = a->idom[d];
        a->idom[i] = d;
    }
    return NULL;
}

// ---- 5. retained sizes and the tree ----

// Back from numbers to ordinals. Only children are met again among the references of the others.
static void find_parents(const struct semi_nca *a, struct dominators *d)
{
    const struct snapshot *s = a->s;
    for (uint32_t o = 0; o < d->object_count; o++)
        d->parent[o] = DOMINATOR_NONE;
    for (uint32_t i = 1; i < a->n; i++)
        d->parent[a->vertex[i]] = a->idom[i] ? a->vertex[a->idom[i]] : DOMINATOR_ROOT;
    for (uint32_t o = 0; a->only_children && o < d->object_count; o++) {
        if (d->parent[o] == DOMINATOR_NONE || is_marked(a->only, o))
            continue;
        for (uint64_t e = s->edge_begin[o]; e < s->edge_begin[o + 1]; e++)
            if (is_marked(a->only, s->targets[e]) && snapshot_edge_retains(s, e))
                d->parent[s->targets[e]] = o;
    }
}

// The root's sum is the whole heap. Only children come before the others, because sums travel up
// from there on.
static void sum_up(const struct semi_nca *a, struct dominators *d)
{
    for (uint32_t o = 0; o < d->object_count; o++)
        d->retained[o] = snapshot_size(a->s, o);
    for (uint32_t o = 0; a->only_children && o < d->object_count; o++)
        if (is_marked(a->only, o))
            d->retained[d->parent[o]] += d->retained[o];
    for (uint32_t i = a->n - 1; i > 0; i--) {
        const uint32_t o = a->vertex[i], parent = d->parent[o];
        if (parent == DOMINATOR_ROOT)
            d->total_bytes += d->retained[o];
        else
            d->retained[parent] += d->retained[o];
    }
    for (uint32_t o = 0; o < d->object_count; o++)
        if (d->parent[o] == DOMINATOR_NONE) {
            d->unreachable_bytes += d->retained[o];
            d->retained[o] = 0;
        }
    d->reachable_count = a->n - 1 + a->only_children;
}

// ---- 6. children ----

static int compare_big(const void *x, const void *y, void *context)
{
    const struct dominators *d = context;
    const uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    if (d->retained[a] != d->retained[b])
        return d->retained[a] > d->retained[b] ? -1 : 1;
    return a < b ? -1 : a > b;
}

enum { SMALL = 65536 }; // retained sizes below are sorted by counting; few are not

// All reachable objects, biggest retained size first, ties by ordinal.
static struct error *sort_by_retained(const struct dominators *d, uint32_t *order)
{
    _cleanup_free_ uint32_t *place = calloc(SMALL + 1, sizeof *place);
    if (!place)
        return &error_no_memory;
    uint32_t big = 0;
    for (uint32_t o = 0; o < d->object_count; o++) {
        if (d->parent[o] == DOMINATOR_NONE)
            continue;
        if (d->retained[o] < SMALL)
            place[d->retained[o]]++;
        else
            order[big++] = o;
    }
    qsort_r(order, big, sizeof *order, compare_big, (void *)d);
    uint32_t sum = big;
    for (uint32_t size = SMALL; size-- > 0;) {
        const uint32_t count = place[size];
        place[size] = sum;
        sum += count;
    }
    for (uint32_t o = 0; o < d->object_count; o++)
        if (d->parent[o] != DOMINATOR_NONE && d->retained[o] < SMALL)
            order[place[d->retained[o]]++] = o;
    return NULL;
}

static size_t row_of(const struct dominators *d, uint32_t o)
{
    return d->parent[o] == DOMINATOR_ROOT ? d->object_count : d->parent[o];
}

// Dealt out in order of size, the children of each are in order of size.
static struct error *list_children(struct dominators *d)
{
    const uint32_t n = d->object_count;
    uint32_t *begin = d->child_begin = huge_calloc((uint64_t)n + 3, sizeof *begin);
    _cleanup_free_ uint32_t *order = huge_malloc((uint64_t)d->reachable_count + 1, sizeof *order);
    d->children = huge_malloc((uint64_t)d->reachable_count + 1, sizeof *d->children);
    if (!begin || !d->children || !order)
        return &error_no_memory;
    TRY(sort_by_retained(d, order));
    for (uint32_t o = 0; o < n; o++)
        if (d->parent[o] != DOMINATOR_NONE)
            begin[row_of(d, o) + 2]++;
    for (size_t i = 2; i <= (size_t)n + 2; i++)
        begin[i] += begin[i - 1];
    for (uint32_t i = 0; i < d->reachable_count; i++)
        d->children[begin[row_of(d, order[i]) + 1]++] = order[i];
    return NULL;
}

// Whether all hang from the root: for what a file says is a tree.
static struct error *check_tree(const struct dominators *d, const struct snapshot *s)
{
    _cleanup_free_ uint32_t *met = huge_malloc((uint64_t)d->reachable_count + 1, sizeof *met);
    uint32_t count, placed = 0, done = 0;
    if (!met)
        return &error_no_memory;
    const uint32_t *children = dominators_children(d, DOMINATOR_ROOT, &count);
    for (;;) {
        memcpy(met + placed, children, (size_t)count * sizeof *met);
        placed += count;
        if (done == placed)
            break;
        children = dominators_children(d, met[done++], &count);
    }
    return placed == d->reachable_count
               ? NULL
               : error_create(ERROR_FORMAT, "%s is damaged: its dominators are no tree",
                              s->file->path);
}

static struct error *compute(struct semi_nca *a, struct dominators *d)
{
    const uint32_t n = a->s->object_count;
    d->object_count = n;
    TRY(reach_starts(a->s, &a->starts));
    TRY(find_meetings(a));
    TRY(search(a));
    TRY(reverse(a));
    TRY(find_dominators(a));
    // Their work is done, and the results need room.
    free_work(a);
    d->retained = huge_malloc((uint64_t)n + 1, sizeof *d->retained);
    if (!d->retained || !allocate(&d->parent, n))
        return &error_no_memory;
    find_parents(a, d);
    sum_up(a, d);
    return NULL;
}

struct error *dominators_create(struct snapshot *snapshot, struct dominators **ret)
{
    _cleanup_(dominators_destroy_at) struct dominators *d = calloc(1, sizeof *d);
    if (!d)
        return &error_no_memory;
    bool found;
    TRY(snapshot_load(snapshot, SNAPSHOT_COLUMNS));
    TRY(stored_dominators_load(snapshot, d, &found));
    if (found) {
        TRY(list_children(d));
        TRY(check_tree(d, snapshot));
        *ret = take_ptr(d);
        return NULL;
    }
    struct semi_nca a = {.s = snapshot};
    progress_begin(&a.progress, "computing what holds what", "objects",
                   2 * (uint64_t)snapshot->object_count);
    struct error *err = compute(&a, d);
    progress_end(&a.progress);
    semi_nca_deinit(&a);
    if (!err)
        err = list_children(d);
    if (err)
        return err;
    stored_dominators_save(snapshot, d);
    *ret = take_ptr(d);
    return NULL;
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
