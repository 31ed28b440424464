// The API that plugins see, as Lua libraries: what the api_*.c files share.
//
//     api_heap.c    ctx.heap, columns, types, threads
//     api_graph.c   references, paths, roots, cycles, reachability, retained sizes of sets
//     api_set.c     sets of objects: where, each, & | -
//     api_numbers.c sum, top, stats, hist, scratch columns
//     api_group.c   group by, and ctx.diff
//     api_events.c  ctx.events; api_events_span.c its pairs and windows
//     api_out.c     ctx.out, ctx:fail, ctx:log, ctx:progress
//
// Everything here runs in the jail's child. Misuse (wrong type, unknown column, an id of the other
// heap) raises a Lua error at the plugin's line; absent data is nil. Memory that is held across a
// Lua call that raises is lost, which does not matter: the child is about to end.
#ifndef BRILLE_INSPECTOR_LUA_API_H
#define BRILLE_INSPECTOR_LUA_API_H

#include "inspector/lua/heap.h"
#include "inspector/lua/run.h"
#include "inspector/lua/sandbox.h"
#include <lauxlib.h>
#include <lua.h>

#define API_HEAP   "brille.heap"
#define API_SET    "brille.set"
#define API_COLUMN "brille.column"
#define API_GROUPS "brille.groups"
#define API_DIFF   "brille.diff"
#define API_EVENTS "brille.events"
#define API_TABLE  "brille.table"

#define API_SCRATCH "brille.scratch"

#define API_EACH_MAX 8

// The functions that Lua calls, by owner.
#define HEAP_FUNCTION(name, parameters, returns, doc)   int api_heap_##name(lua_State *L);
#define SET_FUNCTION(name, parameters, returns, doc)    int api_set_##name(lua_State *L);
#define GROUPS_FUNCTION(name, parameters, returns, doc) int api_groups_##name(lua_State *L);
#define DIFF_FUNCTION(name, parameters, returns, doc)   int api_diff_##name(lua_State *L);
#define EVENTS_FUNCTION(name, parameters, returns, doc) int api_events_##name(lua_State *L);
#define OUT_FUNCTION(name, parameters, returns, doc)    int api_out_##name(lua_State *L);
#define TABLE_FUNCTION(name, parameters, returns, doc)  int api_table_##name(lua_State *L);
#define CTX_FUNCTION(name, parameters, returns, doc)    int api_ctx_##name(lua_State *L);
#define BRILLE_FUNCTION(name, parameters, returns, doc) int api_brille_##name(lua_State *L);
#include "inspector/lua/functions.def"

// Makes the metatables, once per state.
void api_heap_open(lua_State *L);
// The iterators over references, into the table of methods.
void api_graph_open(lua_State *L, int methods);
void api_set_open(lua_State *L);
void api_numbers_open(lua_State *L);
void api_group_open(lua_State *L);
void api_events_open(lua_State *L);
void api_out_open(lua_State *L);

// Pushes ctx.
void api_push_context(lua_State *L, const struct plugin_run *run);

void api_push_value(lua_State *L, const struct value *value);
struct value api_to_value(lua_State *L, int index);
// Raises the error and frees it.
int api_raise(lua_State *L, struct error *err);

// ---- heaps ----

void api_push_heap(lua_State *L, struct plugin_heap *heap);
struct plugin_heap *api_check_heap(lua_State *L, int index);
enum column_id api_check_column(lua_State *L, struct plugin_heap *heap, int index);
uint32_t api_check_object(lua_State *L, const struct plugin_heap *heap, int index);
void api_push_id(lua_State *L, const struct plugin_heap *heap, uint32_t object);
void api_push_column(lua_State *L, const struct plugin_heap *heap, enum column_id column,
                     uint32_t object);
// Pushes the table of the texts of types, by number + 1, which fills as they are asked for; and one
// of them, from the table at a stack or upvalue index. Twice as fast as making a string.
void api_push_types(lua_State *L, const struct plugin_heap *heap);
void api_push_type(lua_State *L, const struct plugin_heap *heap, uint32_t type, int types);
// Parts of a heap (enum snapshot_part) are there, or it raises.
void api_need(lua_State *L, struct plugin_heap *heap, unsigned parts);
// Raises when the plugin did not declare it; then what is behind them is ready.
void api_need_refs(lua_State *L, struct plugin_heap *heap);
void api_need_paths(lua_State *L, struct plugin_heap *heap);
void api_need_referrers(lua_State *L, struct plugin_heap *heap);

// ---- sets ----

struct api_set {
    struct plugin_heap *heap;
    uint32_t count;
    uint32_t words;
    uint64_t bits[];
};

static inline bool api_has(const struct api_set *set, uint32_t object)
{
    return set->bits[object / 64] >> (object % 64) & 1;
}

static inline void api_set_add(struct api_set *set, uint32_t object)
{
    set->count += !api_has(set, object);
    set->bits[object / 64] |= UINT64_C(1) << (object % 64);
}

// Pushes an empty set.
struct api_set *api_set_new(lua_State *L, struct plugin_heap *heap);
void api_set_fill(struct api_set *set); // with all objects
struct api_set *api_check_set(lua_State *L, int index);
// The first member at or after `from`, ORDINAL_NONE at the end. `set` may be NULL: every object.
uint32_t api_set_next(const struct plugin_heap *heap, const struct api_set *set, uint32_t from);

// Pushes the iterator over columns named at stack positions [first, top]; `owner` is kept alive.
int api_push_each(lua_State *L, struct plugin_heap *heap, const struct api_set *set, int owner,
                  int first);
// Pushes the subset; the expression and its parameters are at `index` and index + 1.
int api_where(lua_State *L, struct plugin_heap *heap, const struct api_set *set, int index);

// The parameters of an expression in a Lua table, for expr_compile: `context` is an api_binding.
struct api_binding {
    lua_State *L;
    int table;
};
bool api_bind(void *context, const char *name, struct value *ret);

// A column of numbers by its name, or a scratch column.
struct api_numbers {
    struct plugin_heap *heap;
    enum column_id column;
    const int64_t *scratch; // NULL: `column`
};
struct api_numbers api_check_numbers(lua_State *L, struct plugin_heap *heap, int index);
int64_t *api_check_scratch(lua_State *L, const struct plugin_heap *heap, int index);

// Pushes {from, to, n, sum}... of numbers that it sorts.
void api_push_hist(lua_State *L, int64_t *numbers, size_t count, int64_t width);

// ---- groups ----

struct group;
// Pushes an empty group with the metatable of groups.
struct group *api_new_group(lua_State *L);

// Pushes the groups described by the table at `index`, over the sets given (NULL: all objects).
int api_push_groups(lua_State *L, struct plugin_heap *const *heaps,
                    const struct api_set *const *sets, unsigned count, int index);
void api_push_diff(lua_State *L, const struct plugin_run *run);

void api_push_events(lua_State *L, const struct plugin_run *run);
bool api_has_event_column(const char *name);
void api_push_out(lua_State *L);
// ctx:fail, ctx:log, ctx:progress, into the table on top.
void api_add_context_functions(lua_State *L);

#endif
