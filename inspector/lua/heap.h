// A heap as plugins see it: columns over a snapshot, indexed by ordinal.
//
// The host opens it before the fork, and names the types. What is in a file is read from it when it
// is first asked for, in the child (which has the descriptor): a plugin that looks at two columns
// of ten million objects waits for two columns, and has memory for two. What is in no file, the
// dominators of a heap that nobody analysed, is computed by the host. A plugin that did not declare
// a need meets an error that says which one, not a slow surprise.
#ifndef BRILLE_INSPECTOR_LUA_HEAP_H
#define BRILLE_INSPECTOR_LUA_HEAP_H

#include "inspector/analysis/dominators.h"
#include "inspector/analysis/paths.h"
#include "inspector/base/error.h"
#include "inspector/lua/value.h"
#include "inspector/model/snapshot.h"
#include <stdbool.h>
#include <stdint.h>

#define PLUGIN_HEAPS 2 // a plugin sees at most this many

enum column_need {
    NEED_NOTHING,
    NEED_REFS,
    NEED_RETAINED,
};

enum column_id {
#define HEAP_COLUMN(name, need, type, doc) COLUMN_##name,
#include "inspector/lua/columns.def"
    COLUMN_COUNT
};

struct plugin_heap {
    struct snapshot *snapshot;     // borrowed
    unsigned number;               // 1 or 2; part of every id
    bool refs, retained;           // declared
    struct dominators *dominators; // NULL until plugin_heap_dominators
    struct paths *paths;           // NULL until plugin_heap_paths
    uint8_t *container_kinds;      // by type; NULL until a column wants them
    char **type_names;             // by type: "app.Row"
};

// `refs` and `retained`: what the plugin declared.
struct error *plugin_heap_init(struct plugin_heap *heap, struct snapshot *snapshot, unsigned number,
                               bool refs, bool retained);
void plugin_heap_deinit(struct plugin_heap *heap);

// Made ready when they are first asked for, in the child: many plugins never do. Cheap afterwards.
// `parts`: enum snapshot_part.
struct error *plugin_heap_load(struct plugin_heap *heap, unsigned parts);
struct error *plugin_heap_dominators(struct plugin_heap *heap); // `retained` is declared
// `refs` is declared.
struct error *plugin_heap_paths(struct plugin_heap *heap);
struct error *plugin_heap_referrers(struct plugin_heap *heap);

// Ids are ordinals tagged with the heap's number, so that an id of the other heap is found out.
static inline int64_t plugin_heap_id(const struct plugin_heap *heap, uint32_t object)
{
    return (int64_t)heap->number << 32 | object;
}

// False when it is no id of this heap.
static inline bool plugin_heap_object(const struct plugin_heap *heap, int64_t id, uint32_t *object)
{
    *object = (uint32_t)id;
    return id >> 32 == (int64_t)heap->number && *object < heap->snapshot->object_count;
}

const char *column_name(enum column_id column);
// COLUMN_COUNT when there is none of that name.
enum column_id column_find(const char *name, size_t length);
// The closest name, NULL when none is close.
const char *column_suggest(const char *name, size_t length);
// What the plugin failed to declare ("refs", "retained"), NULL when the column can be read.
const char *column_missing(const struct plugin_heap *heap, enum column_id column);

// What the column needs is made ready; before the first column_get of it.
struct error *column_prepare(struct plugin_heap *heap, enum column_id column);
enum column_need column_need_of(enum column_id column);
const char *column_doc(enum column_id column);
const char *column_type(enum column_id column); // as LuaLS writes it

// The numbers of objects first .. first + count - 1, count at most 64, and a bit of *absent for
// each that has none. False when the column is none of numbers.
bool column_fill(const struct plugin_heap *heap, enum column_id column, uint32_t first,
                 unsigned count, int64_t *numbers, uint64_t *absent);

// Texts live as long as the heap.
struct value column_get(const struct plugin_heap *heap, enum column_id column, uint32_t object);

#endif
