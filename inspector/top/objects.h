// Objects by type and by the line that made them, counted as events come: what lives, what is being
// made, and how fast.
//
// A live view shows both at once, so one pass counts both: each object that lives has a row in the
// shadow, with its type and the line that made it, so that its end is counted where its beginning
// was. What a baseline says was there before; no line is known for it (site 0).
//
//     of each group: live = before + made - gone, in objects and in bytes
//
// Where events are missing (a live view drops what it cannot keep up with rather than hold the
// program up), counts drift; `missing` says that it happened. An object made where one lives
// replaces it, so the error does not grow without bounds.
#ifndef BRILLE_INSPECTOR_TOP_OBJECTS_H
#define BRILLE_INSPECTOR_TOP_OBJECTS_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "tracer/read/event.h"
#include "tracer/read/shadow.h"
#include <stdbool.h>
#include <stdint.h>

enum { OBJECTS_GROUPS = 1 << 16, OBJECTS_OTHERS = 0 }; // group 0: what is in no other

struct objects_group {
    uint32_t id;   // types: the type's. Sites: of the code object
    uint32_t line; // sites
    uint64_t live, live_bytes, made, made_bytes;
    uint64_t first_live, first_live_bytes, first_made;               // when the window began
    uint64_t last_live, last_live_bytes, last_made, last_made_bytes; // at the last tick
};
VEC_DEFINE(objects_group_vec, struct objects_group);

struct objects_map {
    uint64_t *keys; // 0 is free
    uint32_t *values;
    size_t used, room;
};

struct objects {
    struct shadow shadow; // refcount: the site's group
    struct objects_group_vec types, sites;
    struct objects_map type_of, site_of, place_of; // id; code and site; code and line
    uint32_t (*line)(void *context, uint32_t code, uint32_t site);
    void *line_context;
    bool has_baseline, in_baseline;
    bool missing; // events were, so counts have drifted
    uint64_t events;
};

void objects_init(struct objects *o, uint32_t (*line)(void *, uint32_t, uint32_t), void *context);
void objects_deinit(struct objects *o);
struct error *objects_feed(struct objects *o, const struct trace_event *event);

// Takes the present counts as those of the last tick.
void objects_next_tick(struct objects *o);
// The window begins now: what is said "since" counts from here.
void objects_begin_window(struct objects *o);

// Whether the equations hold; for tests.
bool objects_check(const struct objects *o);

#endif
