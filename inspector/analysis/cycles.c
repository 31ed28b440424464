// An object's number is the order in which the search met it; `low` is the lowest number that it
// reaches through what is still open. A component is complete when its first object is left and
// reaches nothing lower than itself.
#include "inspector/analysis/cycles.h"

#include "inspector/analysis/reach.h"
#include "inspector/analysis/steps.h"
#include "inspector/base/vec.h"

#include <stdlib.h>
#include <string.h>

enum { RING_SHOWN = 8 };

struct open_object {
    uint32_t object;
    uint64_t next; // edge to go on with
};

VEC_DEFINE(open_vec, struct open_object);

struct search {
    struct snapshot *s;
    const uint8_t *part;
    uint32_t *number; // 0: not met; UINT32_MAX: its component is complete
    uint32_t *low;
    uint32_t met;
    struct open_vec open;
    struct u32_vec waiting; // met, their components not complete
    struct u32_vec objects; // of the cycles found, and
    struct u32_vec sizes;   // how many belong to each
};

static void search_deinit(struct search *a)
{
    free(a->number);
    free(a->low);
    open_vec_deinit(&a->open);
    u32_vec_deinit(&a->waiting);
    u32_vec_deinit(&a->objects);
    u32_vec_deinit(&a->sizes);
}

static struct error *enter(struct search *a, uint32_t o)
{
    a->number[o] = a->low[o] = ++a->met;
    TRY(u32_vec_push(&a->waiting, o));
    return open_vec_push(&a->open, (struct open_object){o, a->s->edge_begin[o]});
}

static bool refers_to_itself(const struct snapshot *s, uint32_t o)
{
    for (uint64_t e = s->edge_begin[o]; e < s->edge_begin[o + 1]; e++)
        if (s->targets[e] == o && snapshot_edge_retains(s, e))
            return true;
    return false;
}

// Everything that waits from `first` on is one component.
static struct error *complete(struct search *a, uint32_t first)
{
    size_t from = a->waiting.count;
    while (a->waiting.items[--from] != first) {
    }
    const size_t size = a->waiting.count - from;
    const bool is_cycle = size > 1 || refers_to_itself(a->s, first);
    for (size_t i = from; i < a->waiting.count; i++) {
        a->number[a->waiting.items[i]] = UINT32_MAX;
        if (is_cycle)
            TRY(u32_vec_push(&a->objects, a->waiting.items[i]));
    }
    a->waiting.count = from;
    return is_cycle ? u32_vec_push(&a->sizes, (uint32_t)size) : NULL;
}

static struct error *leave(struct search *a)
{
    const uint32_t o = a->open.items[--a->open.count].object;
    if (a->low[o] == a->number[o])
        TRY(complete(a, o));
    else if (a->open.count) {
        const uint32_t above = a->open.items[a->open.count - 1].object;
        a->low[above] = a->low[o] < a->low[above] ? a->low[o] : a->low[above];
    }
    return NULL;
}

static struct error *search_from(struct search *a, uint32_t start)
{
    const struct snapshot *s = a->s;
    TRY(enter(a, start));
    while (a->open.count) {
        struct open_object *top = open_vec_last(&a->open);
        if (top->next == s->edge_begin[top->object + 1]) {
            TRY(leave(a));
            continue;
        }
        const uint64_t e = top->next++;
        const uint32_t target = s->targets[e];
        if (!snapshot_edge_retains(s, e) || (a->part && !reach_marked(a->part, target)))
            continue;
        if (a->number[target] == 0)
            TRY(enter(a, target));
        else if (a->number[target] != UINT32_MAX && a->number[target] < a->low[top->object])
            a->low[top->object] = a->number[target];
    }
    return NULL;
}

// ---- the result ----

static int rising(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

struct slice {
    uint32_t first_object, begin, size;
};

static int by_first_object(const void *a, const void *b)
{
    return rising(&((const struct slice *)a)->first_object,
                  &((const struct slice *)b)->first_object);
}

static struct error *collect(const struct search *a, struct cycles *cycles)
{
    _cleanup_free_ struct slice *slices = calloc(a->sizes.count + 1, sizeof *slices);
    cycles->begin = calloc(a->sizes.count + 1, sizeof *cycles->begin);
    cycles->objects = malloc((a->objects.count + 1) * sizeof *cycles->objects);
    if (!slices || !cycles->begin || !cycles->objects)
        return &error_no_memory;
    uint32_t at = 0;
    for (size_t i = 0; i < a->sizes.count; at += a->sizes.items[i++]) {
        qsort(a->objects.items + at, a->sizes.items[i], sizeof *a->objects.items, rising);
        slices[i] = (struct slice){a->objects.items[at], at, a->sizes.items[i]};
    }
    qsort(slices, a->sizes.count, sizeof *slices, by_first_object);
    at = 0;
    for (size_t i = 0; i < a->sizes.count; i++) {
        memcpy(cycles->objects + at, a->objects.items + slices[i].begin,
               slices[i].size * sizeof *cycles->objects);
        cycles->begin[i] = at;
        at += slices[i].size;
    }
    cycles->begin[a->sizes.count] = at;
    cycles->count = (uint32_t)a->sizes.count;
    return NULL;
}

static struct error *search_all(struct search *a)
{
    const uint32_t n = a->s->object_count;
    a->number = calloc((size_t)n + 1, sizeof *a->number);
    a->low = malloc(((size_t)n + 1) * sizeof *a->low);
    if (!a->number || !a->low)
        return &error_no_memory;
    for (uint32_t o = 0; o < n; o++)
        if (a->number[o] == 0 && (!a->part || reach_marked(a->part, o)))
            TRY(search_from(a, o));
    return NULL;
}

struct error *cycles_create(struct snapshot *s, const uint8_t *part, struct cycles **ret)
{
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_EDGES));
    _cleanup_(cycles_destroy_at) struct cycles *cycles = calloc(1, sizeof *cycles);
    if (!cycles)
        return &error_no_memory;
    struct search a = {.s = s, .part = part};
    struct error *err = search_all(&a);
    if (!err)
        err = collect(&a, cycles);
    search_deinit(&a);
    if (!err)
        *ret = take_ptr(cycles);
    return err;
}

void cycles_destroy(struct cycles *cycles)
{
    if (!cycles)
        return;
    free(cycles->begin);
    free(cycles->objects);
    free(cycles);
}

// ---- one way round ----

static bool is_member(const uint32_t *members, uint32_t count, uint32_t o)
{
    return bsearch(&o, members, count, sizeof *members, rising) != NULL;
}

static uint32_t place_of(const uint32_t *members, uint32_t count, uint32_t o)
{
    return (uint32_t)((const uint32_t *)bsearch(&o, members, count, sizeof *members, rising) -
                      members);
}

static uint32_t telling_member(const struct snapshot *s, const uint32_t *members, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const char *module = snapshot_string(s, s->types[s->type[members[i]]].module);
        if (*module && strcmp(module, "builtins") != 0)
            return i;
    }
    return 0;
}

// Breadth first from one member until it is met again; `from` is by place in members.
static struct error *find_ring(const struct snapshot *s, const uint32_t *members, uint32_t count,
                               uint32_t start, uint32_t *from, struct u32_vec *queue,
                               uint32_t *last)
{
    memset(from, 0xff, (size_t)count * sizeof *from);
    TRY(u32_vec_push(queue, start));
    for (size_t i = 0; i < queue->count; i++) {
        const uint32_t o = members[queue->items[i]];
        for (uint64_t e = s->edge_begin[o]; e < s->edge_begin[o + 1]; e++) {
            if (!snapshot_edge_retains(s, e))
                continue;
            if (s->targets[e] == members[start]) {
                *last = queue->items[i];
                return NULL;
            }
            if (!is_member(members, count, s->targets[e]))
                continue;
            const uint32_t place = place_of(members, count, s->targets[e]);
            if (from[place] != UINT32_MAX)
                continue;
            from[place] = queue->items[i];
            TRY(u32_vec_push(queue, place));
        }
    }
    *last = start;
    return NULL;
}

struct error *cycles_ring(const struct cycles *cycles, const struct snapshot *s, uint32_t i,
                          uint32_t **ret, uint32_t *ret_count)
{
    const uint32_t *members = cycles->objects + cycles->begin[i];
    const uint32_t count = cycles->begin[i + 1] - cycles->begin[i];
    const uint32_t start = telling_member(s, members, count);
    _cleanup_free_ uint32_t *from = malloc((size_t)count * sizeof *from);
    struct u32_vec queue = {0};
    uint32_t last = start, length = 1;
    struct error *err =
        from ? find_ring(s, members, count, start, from, &queue, &last) : &error_no_memory;
    u32_vec_deinit(&queue);
    if (err)
        return err;
    for (uint32_t at = last; at != start; at = from[at])
        length++;
    uint32_t *ring = malloc((size_t)length * sizeof *ring);
    if (!ring)
        return &error_no_memory;
    uint32_t place = length;
    for (uint32_t at = last; at != start; at = from[at])
        ring[--place] = members[at];
    ring[0] = members[start];
    *ret = ring;
    *ret_count = length;
    return NULL;
}

void cycles_add_ring(const struct snapshot *s, const uint32_t *ring, uint32_t count,
                     struct strbuf *out)
{
    bool from_namespace = false;
    for (uint32_t i = 0; i < count; i++) {
        if (i == RING_SHOWN && count > RING_SHOWN + 2) {
            strbuf_addf(out, "... %u more ... -> ", count - RING_SHOWN - 1);
            i = count - 1;
            from_namespace = false;
        }
        struct edge edge;
        if (!snapshot_find_edge(s, ring[i], ring[i + 1 == count ? 0 : i + 1], &edge))
            continue;
        if (!from_namespace) {
            snapshot_add_type_name(s, s->type[ring[i]], out);
            strbuf_add_char(out, ' ');
        }
        const bool to_namespace = step_is_namespace(s, &edge) && i + 1 < count;
        if (!to_namespace) {
            step_add(s, &edge, from_namespace, out);
            strbuf_add(out, i + 1 == count ? " -> back" : " -> ");
        }
        from_namespace = to_namespace;
    }
}
