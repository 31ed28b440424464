// See groups.h.
#include "inspector/top/groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void name_type(const struct top_stream *s, uint32_t id, char *name)
{
    const struct definition *type = trace_reader_type(&s->reader, id);
    const char *module = type ? type->qualname : "";
    const bool told = *module && strcmp(module, "builtins") != 0;
    if (type)
        snprintf(name, TOP_NAME, "%s%s%s", told ? module : "", told ? "." : "", type->name);
    else
        snprintf(name, TOP_NAME, "unknown type %u", id);
}

static void name_site(const struct top_stream *s, const struct objects_group *group, char *name)
{
    const struct definition *code =
        group->id ? definitions_code(&s->reader.definitions, group->id) : NULL;
    if (!group->id) {
        snprintf(name, TOP_NAME, "(before)");
        return;
    }
    const char *slash = code ? strrchr(code->file, '/') : NULL;
    snprintf(name, TOP_NAME, "%s %s:%u",
             !code             ? "unknown"
             : *code->qualname ? code->qualname
                               : code->name,
             slash  ? slash + 1
             : code ? code->file
                    : "?",
             group->line);
}

static struct top_group rates_of(const struct objects_group *g, double seconds)
{
    return (struct top_group){
        .live = g->live,
        .live_bytes = g->live_bytes,
        .live_rate = (double)(int64_t)(g->live - g->last_live) / seconds,
        .bytes_rate = (double)(int64_t)(g->live_bytes - g->last_live_bytes) / seconds,
        .made_rate = (double)(g->made - g->last_made) / seconds,
        .made_bytes_rate = (double)(g->made_bytes - g->last_made_bytes) / seconds,
        .since_live = (int64_t)(g->live - g->first_live),
        .since_bytes = (int64_t)(g->live_bytes - g->first_live_bytes),
    };
}

static struct error *add(const struct top_stream *s, const struct objects_group_vec *from,
                         bool are_types, double seconds, struct top_group_vec *ret)
{
    for (size_t i = 0; i < from->count && ret->count < TOP_GROUPS_MAX; i++) {
        const struct objects_group *g = &from->items[i];
        if (!g->live && g->made == g->last_made)
            continue;
        struct top_group group = rates_of(g, seconds);
        group.id = are_types ? g->id : (uint64_t)g->id << 32 | g->line;
        if (i == OBJECTS_OTHERS)
            snprintf(group.name, sizeof group.name, "(others)");
        else if (are_types)
            name_type(s, g->id, group.name);
        else
            name_site(s, g, group.name);
        TRY(top_group_vec_push(ret, group));
    }
    return NULL;
}

struct error *groups_add(const struct top_stream *s, struct top_sample *ret)
{
    const double seconds = ret->window_ns ? (double)ret->window_ns / 1e9 : 1;
    TRY(add(s, &s->objects.types, true, seconds, &ret->types));
    return add(s, &s->objects.sites, false, seconds, &ret->sites);
}
