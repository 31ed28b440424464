// See objects.h.
#include "inspector/top/objects.h"

#include <stdlib.h>
#include <string.h>

enum { MAP_ROOM = 1024 };

// ---- the map ----

static size_t slot_of(const struct objects_map *map, uint64_t key)
{
    size_t at = (size_t)(key * 0x9e3779b97f4a7c15ull >> 32);
    while (map->keys[at & (map->room - 1)] && map->keys[at & (map->room - 1)] != key)
        at++;
    return at & (map->room - 1);
}

static struct error *map_grow(struct objects_map *map)
{
    struct objects_map bigger = {.room = map->room ? map->room * 2 : MAP_ROOM};
    bigger.keys = calloc(bigger.room, sizeof *bigger.keys);
    bigger.values = calloc(bigger.room, sizeof *bigger.values);
    if (!bigger.keys || !bigger.values) {
        free(bigger.keys);
        free(bigger.values);
        return &error_no_memory;
    }
    for (size_t i = 0; i < map->room; i++)
        if (map->keys[i]) {
            const size_t at = slot_of(&bigger, map->keys[i]);
            bigger.keys[at] = map->keys[i];
            bigger.values[at] = map->values[i];
            bigger.used++;
        }
    free(map->keys);
    free(map->values);
    *map = bigger;
    return NULL;
}

static bool map_get(const struct objects_map *map, uint64_t key, uint32_t *value)
{
    const size_t at = map->room ? slot_of(map, key) : 0;
    if (!map->room || !map->keys[at])
        return false;
    *value = map->values[at];
    return true;
}

// key is not 0.
static struct error *map_put(struct objects_map *map, uint64_t key, uint32_t value)
{
    if (map->used * 2 >= map->room)
        TRY(map_grow(map));
    const size_t at = slot_of(map, key);
    map->used += map->keys[at] == 0;
    map->keys[at] = key;
    map->values[at] = value;
    return NULL;
}

static void map_deinit(struct objects_map *map)
{
    free(map->keys);
    free(map->values);
    *map = (struct objects_map){0};
}

// ---- groups ----

void objects_init(struct objects *o, uint32_t (*line)(void *, uint32_t, uint32_t), void *context)
{
    *o = (struct objects){.line = line, .line_context = context};
    shadow_init(&o->shadow);
}

void objects_deinit(struct objects *o)
{
    shadow_deinit(&o->shadow);
    objects_group_vec_deinit(&o->types);
    objects_group_vec_deinit(&o->sites);
    map_deinit(&o->type_of);
    map_deinit(&o->site_of);
    map_deinit(&o->place_of);
}

// The group of a key, made at first. Beyond OBJECTS_GROUPS it is that of the others.
static struct error *group_of(struct objects_group_vec *groups, struct objects_map *map,
                              uint64_t key, struct objects_group fresh, uint32_t *ret)
{
    if (!groups->count)
        TRY(objects_group_vec_push(groups, (struct objects_group){0}));
    if (map_get(map, key, ret))
        return NULL;
    *ret = OBJECTS_OTHERS;
    if (groups->count >= OBJECTS_GROUPS)
        return NULL;
    TRY(objects_group_vec_push(groups, fresh));
    *ret = (uint32_t)groups->count - 1;
    return map_put(map, key, *ret);
}

static struct error *type_group(struct objects *o, uint32_t type, uint32_t *ret)
{
    return group_of(&o->types, &o->type_of, (uint64_t)type + 1, (struct objects_group){.id = type},
                    ret);
}

// Sites of one line are one group. Which line a site is on is looked up once.
static struct error *site_group(struct objects *o, uint32_t code, uint32_t site, uint32_t *ret)
{
    const uint64_t key = ((uint64_t)code << 17 | site) + 1;
    if (code && map_get(&o->site_of, key, ret))
        return NULL;
    if (!code)
        return group_of(&o->sites, &o->place_of, UINT64_MAX, (struct objects_group){0}, ret);
    const uint32_t line = o->line(o->line_context, code, site);
    TRY(group_of(&o->sites, &o->place_of, ((uint64_t)code << 32 | line) + 1,
                 (struct objects_group){.id = code, .line = line}, ret));
    return o->site_of.used < 4 * OBJECTS_GROUPS ? map_put(&o->site_of, key, *ret) : NULL;
}

static void add(struct objects_group *group, uint64_t bytes, bool is_new)
{
    group->live++;
    group->live_bytes += bytes;
    if (is_new) {
        group->made++;
        group->made_bytes += bytes;
    } else {
        group->first_live++;
        group->first_live_bytes += bytes;
        group->last_live++;
        group->last_live_bytes += bytes;
    }
}

static void subtract(struct objects_group *group, uint64_t bytes)
{
    group->live--;
    group->live_bytes -= bytes;
}

static struct error *type_of_object(struct objects *o, const struct shadow_object *object,
                                    struct objects_group **ret)
{
    uint32_t index;
    TRY(type_group(o, object->type, &index));
    *ret = &o->types.items[index];
    return NULL;
}

// ---- events ----

static struct error *end(struct objects *o, struct shadow_object *object)
{
    struct objects_group *type;
    TRY(type_of_object(o, object, &type));
    subtract(type, object->size);
    subtract(&o->sites.items[object->refcount], object->size);
    shadow_remove(&o->shadow, object);
    return NULL;
}

static struct error *begin(struct objects *o, const struct trace_event *event, bool is_new)
{
    uint32_t type, site;
    struct shadow_object *object = shadow_find(&o->shadow, event->address);
    if (object && !is_new)
        return NULL; // a later baseline, of what is known
    if (object)
        TRY(end(o, object)); // its end is missing
    TRY(type_group(o, event->type, &type));
    TRY(site_group(o, is_new ? event->code : 0, event->site & 0xffff, &site));
    object = shadow_add(&o->shadow, event->address);
    if (!object)
        return &error_no_memory;
    object->type = event->type;
    object->size = event->size;
    object->refcount = site;
    add(&o->types.items[type], event->size, is_new);
    add(&o->sites.items[site], event->size, is_new);
    return NULL;
}

static struct error *change_type(struct objects *o, struct shadow_object *object, uint32_t type)
{
    struct objects_group *group;
    TRY(type_of_object(o, object, &group));
    subtract(group, object->size);
    object->type = type;
    TRY(type_of_object(o, object, &group));
    group->live++;
    group->live_bytes += object->size;
    return NULL;
}

static struct error *resize(struct objects *o, struct shadow_object *object, uint64_t bytes)
{
    struct objects_group *groups[2] = {NULL, &o->sites.items[object->refcount]};
    TRY(type_of_object(o, object, &groups[0]));
    for (int i = 0; i < 2; i++) {
        groups[i]->live_bytes += bytes - object->size;
        if (bytes > object->size)
            groups[i]->made_bytes += bytes - object->size;
    }
    object->size = bytes;
    return NULL;
}

static void meta(struct objects *o, const struct trace_event *event)
{
    if (event->meta.what == TRACE_META_BASELINE_BEGIN)
        o->in_baseline = true;
    if (event->meta.what == TRACE_META_BASELINE_END) {
        o->in_baseline = false;
        o->has_baseline = true;
    }
}

struct error *objects_feed(struct objects *o, const struct trace_event *event)
{
    struct shadow_object *object;
    o->events++;
    o->missing |= event->after_gap;
    switch (event->kind) {
    case TRACE_EVENT_alloc:
    case TRACE_EVENT_snapshot:
        return begin(o, event, event->kind == TRACE_EVENT_alloc);
    case TRACE_EVENT_free:
        object = shadow_find(&o->shadow, event->address);
        return object ? end(o, object) : NULL;
    case TRACE_EVENT_resize:
        object = shadow_find(&o->shadow, event->address);
        return object ? resize(o, object, event->size) : NULL;
    case TRACE_EVENT_retype:
        object = shadow_find(&o->shadow, event->address);
        return object ? change_type(o, object, event->type) : NULL;
    case TRACE_EVENT_meta:
        meta(o, event);
        return NULL;
    default:
        return NULL;
    }
}

// ---- ticks ----

static void each_group(struct objects *o, void (*change)(struct objects_group *group))
{
    for (size_t i = 0; i < o->types.count; i++)
        change(&o->types.items[i]);
    for (size_t i = 0; i < o->sites.count; i++)
        change(&o->sites.items[i]);
}

static void take_tick(struct objects_group *group)
{
    group->last_live = group->live;
    group->last_live_bytes = group->live_bytes;
    group->last_made = group->made;
    group->last_made_bytes = group->made_bytes;
}

static void take_window(struct objects_group *group)
{
    group->first_live = group->live;
    group->first_live_bytes = group->live_bytes;
    group->first_made = group->made;
}

void objects_next_tick(struct objects *o)
{
    each_group(o, take_tick);
}

void objects_begin_window(struct objects *o)
{
    each_group(o, take_window);
}

bool objects_check(const struct objects *o)
{
    uint64_t live[2] = {0}, bytes[2] = {0};
    for (size_t i = 0; i < o->types.count; i++) {
        live[0] += o->types.items[i].live;
        bytes[0] += o->types.items[i].live_bytes;
    }
    for (size_t i = 0; i < o->sites.count; i++) {
        live[1] += o->sites.items[i].live;
        bytes[1] += o->sites.items[i].live_bytes;
    }
    return live[0] == o->shadow.count && live[1] == live[0] && bytes[0] == bytes[1];
}
