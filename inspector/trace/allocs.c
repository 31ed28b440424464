// See allocs.h.
//
// The way of an allocation: code and site give the group through one small hash, the address an
// entry of the shadow; the group and the sum are then changed by the same few lines (`add`,
// `drop`). A line is looked up once for each site.
#include "inspector/trace/allocs.h"

#include "tracer/abi/control.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_SLICE_NS = 1024,
    SITES_MAX = 1 << 20, // remembered; the others are looked up each time
    PATHS_MAX = 4096,    // threads whose path is remembered
};

// Beyond any address space: larger sizes are lies, and sums of them would run over.
static const uint64_t SIZE_MOST = 1ull << 47;

static const uint32_t BEFORE_BIT = 1u << 31;

struct allocs *allocs_create(enum allocs_by by, const struct allocs_names *names)
{
    struct allocs *a = calloc(1, sizeof *a);
    struct allocs_group *groups;
    struct allocs_series *series;
    struct allocs_node *root;
    if (!a)
        return NULL;
    a->by = by;
    a->names = *names;
    a->group_limit = by == ALLOCS_STACK ? ALLOCS_STACKS_MAX : ALLOCS_GROUPS_MAX;
    a->until_ns = a->until_seq = UINT64_MAX;
    a->slice_ns = FIRST_SLICE_NS;
    shadow_init(&a->shadow);
    struct error *err = allocs_group_vec_extend(&a->groups, ALLOCS_FIRST, &groups);
    if (!err && by != ALLOCS_STACK)
        err = allocs_series_vec_extend(&a->series, ALLOCS_FIRST, &series);
    if (!err)
        err = allocs_node_vec_extend(&a->nodes, 1, &root);
    if (!err)
        return a;
    error_destroy(err);
    allocs_destroy(a);
    return NULL;
}

static void map_deinit(struct allocs_map *map)
{
    free(map->keys);
    free(map->values);
}

void allocs_destroy(struct allocs *a)
{
    if (!a)
        return;
    shadow_deinit(&a->shadow);
    allocs_group_vec_deinit(&a->groups);
    allocs_series_vec_deinit(&a->series);
    allocs_node_vec_deinit(&a->nodes);
    map_deinit(&a->sites);
    map_deinit(&a->places);
    map_deinit(&a->frames);
    map_deinit(&a->edges);
    for (size_t i = 0; i < a->paths.count; i++)
        free(a->paths.items[i]);
    allocs_path_vec_deinit(&a->paths);
    free(a);
}

// ---- a small hash ----

static size_t slot_of(const struct allocs_map *map, uint64_t key)
{
    uint64_t hash = key * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
    size_t i = (size_t)hash & (map->room - 1);
    while (map->values[i] && map->keys[i] != key)
        i = (i + 1) & (map->room - 1);
    return i;
}

// 0 when it is not there.
static uint32_t map_get(const struct allocs_map *map, uint64_t key)
{
    return map->room ? map->values[slot_of(map, key)] : 0;
}

static struct error *map_grow(struct allocs_map *map)
{
    struct allocs_map bigger = {.room = map->room ? map->room * 2 : 1024};
    bigger.keys = malloc(bigger.room * sizeof *bigger.keys);
    bigger.values = calloc(bigger.room, sizeof *bigger.values);
    if (!bigger.keys || !bigger.values) {
        map_deinit(&bigger);
        return &error_no_memory;
    }
    for (size_t i = 0; i < map->room; i++) {
        if (!map->values[i])
            continue;
        const size_t slot = slot_of(&bigger, map->keys[i]);
        bigger.keys[slot] = map->keys[i];
        bigger.values[slot] = map->values[i];
    }
    bigger.used = map->used;
    map_deinit(map);
    *map = bigger;
    return NULL;
}

static struct error *map_put(struct allocs_map *map, uint64_t key, uint32_t value)
{
    if (map->used * 2 >= map->room)
        TRY(map_grow(map));
    const size_t slot = slot_of(map, key);
    map->used += map->values[slot] == 0;
    map->keys[slot] = key;
    map->values[slot] = value;
    return NULL;
}

static uint64_t pair(uint32_t high, uint32_t low)
{
    return (uint64_t)high << 32 | low;
}

// ---- groups ----

uint64_t allocs_size_class(uint64_t size)
{
    if (size <= 512)
        return size < 16 ? 16 : (size + 15) & ~15ull;
    if (size > UINT64_MAX / 2)
        return UINT64_MAX;
    return 1ull << (64 - __builtin_clzll(size - 1));
}

// The group of a key; made from `group` when it is the first time.
static struct error *find_group(struct allocs *a, uint64_t key, struct allocs_group group,
                                uint32_t *ret)
{
    uint32_t index = map_get(&a->places, key);
    if (index) {
        *ret = index;
        return NULL;
    }
    if (a->groups.count >= a->group_limit) {
        *ret = ALLOCS_OTHERS;
        return NULL;
    }
    struct allocs_series *series;
    index = (uint32_t)a->groups.count;
    TRY(map_put(&a->places, key, index));
    TRY(allocs_group_vec_push(&a->groups, group));
    if (a->by != ALLOCS_STACK)
        TRY(allocs_series_vec_extend(&a->series, 1, &series));
    *ret = index;
    return NULL;
}

static struct error *find_line_group(struct allocs *a, uint32_t code, uint32_t site, uint32_t *ret)
{
    *ret = map_get(&a->sites, pair(code, site));
    if (*ret)
        return NULL;
    const uint32_t line = a->names.line(a->names.context, code, site);
    TRY(find_group(a, pair(code, line), (struct allocs_group){.code = code, .line = line}, ret));
    return a->sites.used < SITES_MAX ? map_put(&a->sites, pair(code, site), *ret) : NULL;
}

// ---- stacks ----

static struct error *find_path(struct allocs *a, uint32_t tid, struct allocs_path **ret)
{
    for (size_t i = 0; i < a->paths.count; i++) {
        if (a->paths.items[i]->tid == tid) {
            *ret = a->paths.items[i];
            return NULL;
        }
    }
    if (a->paths.count >= PATHS_MAX) { // taken over: it is a memory of what was found, no more
        *ret = a->paths.items[tid % PATHS_MAX];
        (*ret)->tid = tid;
        (*ret)->depth = 0;
        return NULL;
    }
    struct allocs_path *path = calloc(1, sizeof *path);
    if (!path)
        return &error_no_memory;
    path->tid = tid;
    struct error *err = allocs_path_vec_push(&a->paths, path);
    if (err)
        free(path);
    else
        *ret = path;
    return err;
}

// Node 0, the root, when there are too many.
static struct error *find_node(struct allocs *a, uint32_t parent, struct stack_frame frame,
                               uint32_t *ret)
{
    const uint32_t line = a->names.line(a->names.context, frame.code, frame.site);
    uint32_t number = map_get(&a->frames, pair(frame.code, line));
    *ret = 0;
    if (!number) {
        if (a->frame_count >= a->group_limit)
            return NULL;
        number = ++a->frame_count;
        TRY(map_put(&a->frames, pair(frame.code, line), number));
    }
    *ret = map_get(&a->edges, pair(parent, number));
    if (*ret || a->nodes.count >= a->group_limit)
        return NULL;
    *ret = (uint32_t)a->nodes.count;
    TRY(map_put(&a->edges, pair(parent, number), *ret));
    return allocs_node_vec_push(&a->nodes, (struct allocs_node){parent, frame.code, line});
}

static struct error *find_stack_group(struct allocs *a, const struct trace_event *event,
                                      uint32_t *ret)
{
    const struct thread_stack *stack = a->names.stack(a->names.context, event->tid);
    struct allocs_path *path;
    TRY(find_path(a, event->tid, &path));
    const uint32_t known = stack ? stack->depth : 0;
    const uint32_t depth = known < 1                  ? event->code != 0
                           : known > ALLOCS_DEPTH_MAX ? ALLOCS_DEPTH_MAX
                                                      : known;
    uint32_t node = 0, same = 0;
    for (uint32_t i = 0; i < depth; i++) {
        struct stack_frame frame =
            known ? stack->frames[known - depth + i] : (struct stack_frame){0};
        if (i == depth - 1 && event->code)
            frame = (struct stack_frame){event->code, event->site};
        if (same == i && i < path->depth && path->frames[i].code == frame.code &&
            path->frames[i].site == frame.site) {
            same++;
        } else {
            TRY(find_node(a, node, frame, &path->nodes[i]));
            path->frames[i] = frame;
        }
        node = path->nodes[i];
        if (!node) {
            path->depth = i;
            *ret = ALLOCS_OTHERS;
            return NULL;
        }
    }
    path->depth = depth;
    const struct allocs_group group = {
        .node = node, .code = a->nodes.items[node].code, .line = a->nodes.items[node].line};
    return find_group(a, node, group, ret);
}

// ---- time ----

static struct allocs_series *series_of(struct allocs *a, uint32_t group)
{
    return a->series.count ? &a->series.items[group] : NULL;
}

static void join_slices(struct allocs_series *series)
{
    for (int i = 0; i < ALLOCS_SLICES / 2; i++) {
        const uint64_t *live = &series->live[2 * i];
        series->live[i] = live[0] > live[1] ? live[0] : live[1];
        series->allocated[i] = series->allocated[2 * i] + series->allocated[2 * i + 1];
    }
    memset(series->live + ALLOCS_SLICES / 2, 0, sizeof series->live / 2);
    memset(series->allocated + ALLOCS_SLICES / 2, 0, sizeof series->allocated / 2);
}

// What a group holds now it has held since it last changed.
static void fill_series(struct allocs_group *group, struct allocs_series *series, uint32_t slice)
{
    while (group->slice < slice)
        series->live[++group->slice] = group->live_bytes;
}

static uint32_t slice_now(const struct allocs *a)
{
    return (uint32_t)((a->end_ns - a->begin_ns) / a->slice_ns);
}

static void advance(struct allocs *a, uint64_t to_ns)
{
    if (!a->begun) {
        a->begun = true;
        a->begin_ns = a->end_ns = to_ns;
    }
    if (to_ns <= a->end_ns)
        return;
    while ((to_ns - a->begin_ns) / a->slice_ns >= ALLOCS_SLICES) {
        const uint32_t slice = slice_now(a);
        for (size_t i = 0; i < a->series.count; i++) {
            fill_series(&a->groups.items[i], &a->series.items[i], slice);
            join_slices(&a->series.items[i]);
            a->groups.items[i].slice = slice / 2;
        }
        a->slice_ns *= 2;
    }
    a->end_ns = to_ns;
}

unsigned allocs_slices(const struct allocs *a)
{
    return slice_now(a) + 1;
}

// ---- sums ----

static void begin_change(struct allocs *a, uint32_t group)
{
    struct allocs_series *series = series_of(a, group);
    if (series)
        fill_series(&a->groups.items[group], series, slice_now(a));
}

static void end_change(struct allocs *a, uint32_t index, uint64_t allocated)
{
    struct allocs_group *group = &a->groups.items[index];
    struct allocs_series *series = series_of(a, index);
    if (group->live_bytes > group->peak_bytes)
        group->peak_bytes = group->live_bytes;
    if (!series)
        return;
    const uint32_t slice = group->slice;
    series->allocated[slice] += allocated;
    if (group->live_bytes > series->live[slice])
        series->live[slice] = group->live_bytes;
}

// For how many objects and bytes one that was told stands.
struct stake {
    uint64_t count, bytes;
    double variance;
};

static struct stake stake_of(const struct allocs *a, uint64_t address, uint64_t size)
{
    if (!a->sample_bytes)
        return (struct stake){1, size, 0};
    const double p = -expm1(-(double)size / (double)a->sample_bytes);
    const double times = p > 1e-12 ? 1 / p : 1e12;
    uint64_t hash = (address >> 4 ^ size << 40) * 0x9e3779b97f4a7c15u;
    hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93u;
    const double round_up = (double)(hash >> 11) / 9007199254740992.0;
    return (struct stake){(uint64_t)(times + round_up), (uint64_t)((double)size * times + round_up),
                          (1 - p) * times * times * (double)size * (double)size};
}

static void add(struct allocs *a, uint32_t index, struct stake stake, bool before)
{
    struct allocs_group *group = &a->groups.items[index];
    begin_change(a, index);
    group->live += stake.count;
    group->live_bytes += stake.bytes;
    group->live_variance += stake.variance;
    if (before) {
        group->before += stake.count;
        group->before_bytes += stake.bytes;
    } else {
        group->allocs += stake.count;
        group->allocated_bytes += stake.bytes;
        group->allocated_variance += stake.variance;
        group->kept += stake.count;
        group->kept_bytes += stake.bytes;
        group->kept_variance += stake.variance;
    }
    end_change(a, index, before ? 0 : stake.bytes);
}

static void drop(struct allocs *a, uint32_t index, struct stake stake, bool before)
{
    struct allocs_group *group = &a->groups.items[index];
    begin_change(a, index);
    group->live -= stake.count;
    group->live_bytes -= stake.bytes;
    group->live_variance -= stake.variance;
    group->frees += stake.count;
    group->freed_bytes += stake.bytes;
    if (!before) {
        group->kept -= stake.count;
        group->kept_bytes -= stake.bytes;
        group->kept_variance -= stake.variance;
    }
    end_change(a, index, 0);
}

double allocs_error_bytes(double variance)
{
    return variance > 0 ? 1.96 * sqrt(variance) : 0;
}

static void resize(struct allocs *a, uint32_t index, uint64_t old, uint64_t size, bool before)
{
    struct allocs_group *group = &a->groups.items[index];
    begin_change(a, index);
    group->live_bytes += size - old;
    group->allocated_bytes += size > old ? size - old : 0;
    group->freed_bytes += size < old ? old - size : 0;
    group->kept_bytes += before ? 0 : size - old;
    end_change(a, index, size > old ? size - old : 0);
}

// Into the group, or out of it when the stake is negative (modulo 2^64).
static void move_by(struct allocs *a, uint32_t index, struct stake stake, bool before)
{
    struct allocs_group *group = &a->groups.items[index];
    begin_change(a, index);
    group->live += stake.count;
    group->live_bytes += stake.bytes;
    group->live_variance += stake.variance;
    group->moved += stake.count;
    group->moved_bytes += stake.bytes;
    group->kept += before ? 0 : stake.count;
    group->kept_bytes += before ? 0 : stake.bytes;
    group->kept_variance += before ? 0 : stake.variance;
    end_change(a, index, 0);
}

// ---- events ----

static uint64_t bounded(uint64_t size)
{
    return size < SIZE_MOST ? size : SIZE_MOST;
}

static bool is_before(const struct shadow_object *object)
{
    return object->refcount & BEFORE_BIT;
}

static uint32_t group_of(const struct shadow_object *object)
{
    return object->refcount & ~BEFORE_BIT;
}

static struct error *find_type_group(struct allocs *a, uint32_t type, uint32_t *ret)
{
    return find_group(a, type, (struct allocs_group){.type = type}, ret);
}

static struct error *find_size_group(struct allocs *a, uint64_t size, uint32_t *ret)
{
    const uint64_t end = allocs_size_class(size);
    return find_group(a, end, (struct allocs_group){.size_end = end}, ret);
}

static struct error *choose(struct allocs *a, const struct trace_event *event, uint32_t *ret)
{
    const bool before = event->kind == TRACE_EVENT_snapshot;
    *ret = ALLOCS_BEFORE;
    switch (a->by) {
    case ALLOCS_TYPE:
        return find_type_group(a, event->type, ret);
    case ALLOCS_SIZE:
        return find_size_group(a, bounded(event->size), ret);
    case ALLOCS_FUNCTION:
        return before ? NULL
                      : find_group(a, event->code, (struct allocs_group){.code = event->code}, ret);
    case ALLOCS_LINE:
        return before ? NULL : find_line_group(a, event->code, event->site, ret);
    default:
        return before ? NULL : find_stack_group(a, event, ret);
    }
}

static void remove_object(struct allocs *a, struct shadow_object *object)
{
    const struct stake stake = stake_of(a, shadow_address(object), object->size);
    drop(a, group_of(object), stake, is_before(object));
    drop(a, ALLOCS_TOTAL, stake, is_before(object));
    shadow_remove(&a->shadow, object);
}

static struct error *on_new(struct allocs *a, const struct trace_event *event)
{
    struct shadow_object *object = shadow_find(&a->shadow, event->address);
    const bool before = event->kind == TRACE_EVENT_snapshot;
    const uint64_t size = bounded(event->size);
    uint32_t group;
    if (object) {
        a->supplied_frees++;
        remove_object(a, object);
    }
    TRY(choose(a, event, &group));
    object = shadow_add(&a->shadow, event->address);
    if (!object)
        return &error_no_memory;
    object->refcount = group | (before ? BEFORE_BIT : 0);
    object->type = a->baseline;
    object->size = size;
    const struct stake stake = stake_of(a, event->address, size);
    a->samples += a->sample_bytes != 0;
    add(a, group, stake, before);
    add(a, ALLOCS_TOTAL, stake, before);
    return NULL;
}

static void on_free(struct allocs *a, const struct trace_event *event)
{
    struct shadow_object *object = shadow_find(&a->shadow, event->address);
    if (object)
        remove_object(a, object);
    else
        a->unknown_frees++;
}

static void move(struct allocs *a, struct shadow_object *object, uint32_t to)
{
    const uint32_t from = group_of(object);
    const bool before = is_before(object);
    if (from == to)
        return;
    const struct stake stake = stake_of(a, shadow_address(object), object->size);
    move_by(a, from, (struct stake){-stake.count, -stake.bytes, -stake.variance}, before);
    move_by(a, to, stake, before);
    object->refcount = to | (before ? BEFORE_BIT : 0);
}

static struct error *set_size(struct allocs *a, struct shadow_object *object, uint64_t size)
{
    uint32_t to;
    resize(a, group_of(object), object->size, size, is_before(object));
    resize(a, ALLOCS_TOTAL, object->size, size, is_before(object));
    object->size = size;
    if (a->by != ALLOCS_SIZE)
        return NULL;
    TRY(find_size_group(a, size, &to));
    move(a, object, to);
    return NULL;
}

static struct error *on_retype(struct allocs *a, const struct trace_event *event)
{
    struct shadow_object *object = shadow_find(&a->shadow, event->address);
    uint32_t to;
    if (!object || a->by != ALLOCS_TYPE)
        return NULL;
    TRY(find_type_group(a, event->type, &to));
    move(a, object, to);
    return NULL;
}

static struct error *on_resize(struct allocs *a, const struct trace_event *event)
{
    struct shadow_object *object = shadow_find(&a->shadow, event->address);
    return object ? set_size(a, object, bounded(event->size)) : NULL;
}

static struct error *on_snapshot(struct allocs *a, const struct trace_event *event)
{
    struct shadow_object *object = shadow_find(&a->shadow, event->address);
    a->baseline_seen++;
    if (!object)
        return on_new(a, event);
    object->type = a->baseline;
    const uint64_t size = bounded(event->size);
    return object->size == size ? NULL : set_size(a, object, size);
}

// A baseline that is complete names every object: what it does not name was freed unseen.
static void end_baseline(struct allocs *a, uint64_t announced)
{
    if (announced != a->baseline_seen)
        return;
    for (uint32_t i = 1; i < a->shadow.pool_used; i++) {
        struct shadow_object *object = &a->shadow.pool[i];
        if (object->address && object->type != a->baseline) {
            a->supplied_frees++;
            remove_object(a, object);
        }
    }
}

static void on_meta(struct allocs *a, const struct trace_event *event)
{
    switch (event->meta.what) {
    case TRACE_META_START:
    case TRACE_META_CLASSES:
        a->classes |= (uint32_t)event->meta.new_value;
        break;
    case TRACE_META_FILTER:
        if (event->meta.old_value & CONTROL_FILTER_SAMPLE)
            a->sample_bytes = event->meta.value;
        break;
    case TRACE_META_BASELINE_BEGIN:
        a->baseline++;
        a->baseline_seen = 0;
        break;
    case TRACE_META_BASELINE_END:
        end_baseline(a, event->meta.value);
        break;
    default:
        break;
    }
}

// Whatever lives is `before` from now on, and the sums begin anew.
static void begin_window(struct allocs *a)
{
    const bool places = a->by != ALLOCS_TYPE && a->by != ALLOCS_SIZE;
    for (uint32_t i = 1; i < a->shadow.pool_used; i++)
        if (a->shadow.pool[i].address)
            a->shadow.pool[i].refcount =
                (places ? (uint32_t)ALLOCS_BEFORE : group_of(&a->shadow.pool[i])) | BEFORE_BIT;
    for (uint32_t i = 0; i < a->groups.count; i++) {
        struct allocs_group *group = &a->groups.items[i];
        const struct allocs_group was = !places              ? *group
                                        : i <= ALLOCS_BEFORE ? a->groups.items[ALLOCS_TOTAL]
                                                             : (struct allocs_group){0};
        *group = (struct allocs_group){.code = group->code,
                                       .line = group->line,
                                       .type = group->type,
                                       .node = group->node,
                                       .size_end = group->size_end,
                                       .live_variance = was.live_variance,
                                       .before = was.live,
                                       .before_bytes = was.live_bytes,
                                       .live = was.live,
                                       .live_bytes = was.live_bytes,
                                       .peak_bytes = was.live_bytes};
        if (a->series.count)
            a->series.items[i] = (struct allocs_series){.live = {was.live_bytes}};
    }
    a->slice_ns = FIRST_SLICE_NS;
    a->begin_ns = a->end_ns = a->from_ns;
    a->unknown_frees = a->supplied_frees = 0;
    a->from_ns = 0;
}

struct error *allocs_feed(struct allocs *a, const struct trace_event *event)
{
    if (event->kind == TRACE_EVENT_type_define || event->kind == TRACE_EVENT_code_define ||
        event->kind == TRACE_EVENT_thread_define || a->over)
        return NULL;
    if (event->seq >= a->until_seq || event->time_ns > a->until_ns) {
        a->over = true;
        return NULL;
    }
    a->events++;
    if (a->from_ns && event->time_ns >= a->from_ns)
        begin_window(a);
    advance(a, event->time_ns);
    switch (event->kind) {
    case TRACE_EVENT_alloc:
        return on_new(a, event);
    case TRACE_EVENT_free:
        on_free(a, event);
        return NULL;
    case TRACE_EVENT_resize:
        return on_resize(a, event);
    case TRACE_EVENT_retype:
        return on_retype(a, event);
    case TRACE_EVENT_snapshot:
        return on_snapshot(a, event);
    case TRACE_EVENT_meta:
        on_meta(a, event);
        return NULL;
    default:
        return NULL;
    }
}

void allocs_finish(struct allocs *a)
{
    if (a->from_ns) // nothing happened in the window
        begin_window(a);
    for (size_t i = 0; i < a->series.count; i++)
        fill_series(&a->groups.items[i], &a->series.items[i], slice_now(a));
}

// ---- the equations ----

static bool adds_up(const struct allocs_group *g)
{
    return g->live == g->before + g->allocs - g->frees + g->moved &&
           g->live_bytes ==
               g->before_bytes + g->allocated_bytes - g->freed_bytes + g->moved_bytes &&
           g->kept <= g->live && g->kept_bytes <= g->live_bytes && g->live_bytes <= g->peak_bytes;
}

bool allocs_check(const struct allocs *a)
{
    const struct allocs_group *total = &a->groups.items[ALLOCS_TOTAL];
    uint64_t live = 0, bytes = 0, allocs = 0;
    bool good = adds_up(total) && total->moved == 0 && total->live == a->shadow.count;
    for (size_t i = ALLOCS_TOTAL + 1; i < a->groups.count; i++) {
        const struct allocs_group *group = &a->groups.items[i];
        good = good && adds_up(group);
        live += group->live;
        bytes += group->live_bytes;
        allocs += group->allocs;
    }
    return good && live == total->live && bytes == total->live_bytes && allocs == total->allocs;
}

// ---- for views ----

void allocs_add_strip(const struct allocs *a, const uint64_t *slices, bool most, unsigned columns,
                      char *ret)
{
    static const char LEVELS[] = ":-=+*#";
    const unsigned used = allocs_slices(a), levels = sizeof LEVELS - 1;
    uint64_t cells[ALLOCS_SLICES], biggest = 0;
    columns = columns > ALLOCS_SLICES ? ALLOCS_SLICES : columns;
    for (unsigned i = 0; i < columns; i++) {
        const unsigned from = i * used / columns;
        unsigned to = (i + 1) * used / columns;
        to = to > from ? to : from + 1;
        cells[i] = 0;
        for (unsigned k = from; k < to; k++)
            cells[i] = !most ? cells[i] + slices[k] : slices[k] > cells[i] ? slices[k] : cells[i];
        if (!most) // columns of one slice and of two stand side by side
            cells[i] /= to - from;
        biggest = cells[i] > biggest ? cells[i] : biggest;
    }
    for (unsigned i = 0; i < columns; i++) {
        const double part = biggest ? (double)cells[i] / (double)biggest : 0;
        const unsigned level = (unsigned)(part * levels);
        ret[i] = cells[i] == 0 ? '.' : LEVELS[level < levels ? level : levels - 1];
    }
    ret[columns] = 0;
}

uint64_t allocs_example(const struct allocs *a, uint32_t group)
{
    const struct shadow_object *object;
    uint32_t cursor = 0;
    while ((object = shadow_each(&a->shadow, &cursor)))
        if (group_of(object) == group && !is_before(object))
            return shadow_address(object);
    return 0;
}
