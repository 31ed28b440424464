// Mappings become rows. Those of one file follow each other, with an anonymous one between or
// behind them where .bss is longer than the file: it belongs to them.
#include "inspector/target/areas.h"

#include <string.h>

static const struct capture_thread *thread_on(const struct capture *capture, const struct map *map)
{
    for (size_t i = 0; i < capture->thread_count; i++) {
        const struct capture_thread *thread = &capture->threads[i];
        if (thread->has_registers && thread->registers.rsp >= map->begin &&
            thread->registers.rsp < map->end)
            return thread;
    }
    return NULL;
}

static enum area_kind kind_of(const struct map *map, const struct capture_thread *thread)
{
    if (map->shared)
        return AREA_SHARED;
    if (map_is_file(map))
        return AREA_FILE;
    if (strcmp(map->path, "[heap]") == 0)
        return AREA_HEAP;
    if (strcmp(map->path, "[stack]") == 0 || thread)
        return AREA_STACK;
    return *map->path == '[' && strncmp(map->path, "[anon", 5) != 0 ? AREA_KERNEL : AREA_ANONYMOUS;
}

static bool continues(const struct snapshot_area *area, const struct map *before,
                      const struct map *map, enum area_kind kind)
{
    if (!before || area->kind != AREA_FILE)
        return false;
    if (kind == AREA_FILE)
        return strcmp(before->path, map->path) == 0;
    // .bss: writable, right behind what is writable of the file.
    return kind == AREA_ANONYMOUS && !*map->path && map->begin == before->end && before->writable &&
           map->writable && map_is_file(before);
}

void target_add_areas(const struct capture *capture, struct snapshot_builder *builder)
{
    struct snapshot_area area = {0};
    const struct map *file = NULL, *before = NULL; // file: the one that `area` is of
    const char *name = "";
    if (capture->pages.count == 0)
        return;
    snapshot_builder_info(builder)->file_resident_bytes = capture->file_resident_bytes;
    snapshot_builder_info(builder)->shared_resident_bytes = capture->shared_resident_bytes;
    for (size_t i = 0; i < capture->maps.list.count; i++) {
        const struct map *map = &capture->maps.list.items[i];
        const struct smap *page = smaps_find(&capture->pages, map->begin);
        const struct capture_thread *thread = map_is_file(map) ? NULL : thread_on(capture, map);
        const enum area_kind kind = kind_of(map, thread);
        if (!page)
            continue;
        if (!file || !continues(&area, before, map, kind) ||
            (kind == AREA_FILE && strcmp(file->path, map->path) != 0)) {
            if (area.end)
                snapshot_builder_area(builder, &area, name);
            area = (struct snapshot_area){.begin = map->begin, .kind = (uint8_t)kind};
            name = thread ? thread->name : map->path;
            file = kind == AREA_FILE ? map : NULL;
        }
        area.end = map->end;
        area.resident_bytes += page->resident_bytes;
        area.anonymous_bytes += page->anonymous_bytes;
        before = map;
    }
    if (area.end)
        snapshot_builder_area(builder, &area, name);
}
