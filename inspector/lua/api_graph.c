// The graph: references, paths, roots, cycles, and what is reached. See api.h.
//
// Walks over the whole graph are in C, give sets, and look at the clock now and then; one by one
// references are iterated over. Nothing in between is worth having: a walk that calls Lua for each
// reference of a big heap takes minutes.
#include "inspector/lua/api.h"

#include "inspector/analysis/cycles.h"
#include "inspector/analysis/garbage.h"
#include "inspector/analysis/reach.h"

#include <stdlib.h>
#include <string.h>

// ---- iterators over references ----
//
// One is asked for for each object that a plugin looks at, mostly for two or three references, so
// getting it is what costs. The function that Lua calls has the last one that it made as an upvalue
// (api_graph_open): one that has come to its end is used again for the next object. It must not be
// called any more then, which a `for` does not do.
//
// Words of kinds and classes are upvalues each, the fastest to push. Names of references are few or
// short: they are kept as Lua strings, by what they are made of.

enum { MADE_ITERATOR = 1, MADE_STATE, MADE_NAMES, MADE_WORDS };
enum { ITERATOR_STATE = 1, ITERATOR_NAMES, ITERATOR_WORDS };
enum { WORDS = (int)EDGE_KIND_COUNT + (int)EDGE_CLASS_COUNT };
enum { NAMES_MOST = 1 << 16, INDEX_MOST = 1 << 12, RECENT = 1 << 10 };

struct refs_state {
    struct plugin_heap *heap;
    struct edge_iter edges;
    uint32_t object, at;
    bool busy; // between the call that made it and its end
};

// The table of names has them in places from 1 on, and the place of each by its key (name_key). The
// places of indices and of what was looked up last are kept here: to find a number in a Lua table's
// hash part is a division.
static struct {
    uint32_t kept;
    uint32_t of_index[INDEX_MOST]; // 0: none
    struct {
        lua_Integer key;
        uint32_t place;
    } recent[RECENT];
} names;

static int end_iteration(struct refs_state *state)
{
    state->busy = false;
    return 0;
}

// The words of kinds, and behind them those of classes.
static void push_words(lua_State *L)
{
    luaL_checkstack(L, WORDS, NULL);
    for (int i = 0; i < EDGE_KIND_COUNT; i++)
        lua_pushstring(L, edge_kind_word((enum edge_kind)i));
    for (int i = 0; i < EDGE_CLASS_COUNT; i++)
        lua_pushstring(L, edge_class_word((enum edge_class)i));
}

// Pushes an iterator; its state is the caller's to fill. One that gives targets alone needs no
// names and words.
static struct refs_state *push_iterator(lua_State *L, lua_CFunction next, bool names_too)
{
    struct refs_state *state = lua_touserdata(L, lua_upvalueindex(MADE_STATE));
    if (state && !state->busy) {
        lua_pushvalue(L, lua_upvalueindex(MADE_ITERATOR));
        return state;
    }
    state = lua_newuserdatauv(L, sizeof *state, 0);
    lua_pushvalue(L, -1);
    lua_replace(L, lua_upvalueindex(MADE_STATE));
    luaL_checkstack(L, WORDS + 2, NULL);
    for (int i = MADE_NAMES; names_too && i < MADE_WORDS + WORDS; i++)
        lua_pushvalue(L, lua_upvalueindex(i));
    lua_pushcclosure(L, next, names_too ? ITERATOR_WORDS - 1 + WORDS : ITERATOR_STATE);
    lua_pushvalue(L, -1);
    lua_replace(L, lua_upvalueindex(MADE_ITERATOR));
    return state;
}

// What a name that is no index is made of: negative.
static inline lua_Integer name_key(const struct plugin_heap *heap, const struct shape_edge *edge)
{
    return -((((lua_Integer)edge->name * EDGE_KIND_COUNT + (int)edge->kind) * (PLUGIN_HEAPS + 1)) +
             heap->number + 1);
}

// The place of a name in the table, 0 when it has none yet; NULL when it is not kept there.
static inline uint32_t *find_place(lua_State *L, const struct plugin_heap *heap,
                                   const struct shape_edge *edge)
{
    if (edge_name_is_index(edge->name))
        return edge->kind == EDGE_ITEM && edge_name_value(edge->name) < INDEX_MOST
                   ? &names.of_index[edge_name_value(edge->name)]
                   : NULL;
    const lua_Integer key = name_key(heap, edge);
    const size_t slot = (uint64_t)key % RECENT;
    if (names.recent[slot].key != key) {
        lua_rawgeti(L, lua_upvalueindex(ITERATOR_NAMES), key);
        names.recent[slot].key = key;
        names.recent[slot].place = (uint32_t)lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    return &names.recent[slot].place;
}

static void push_made_name(lua_State *L, const struct snapshot *s, const struct shape_edge *of)
{
    const struct edge edge = {.kind = of->kind, .class = of->class, .name = of->name};
    static struct strbuf name; // kept: one for each reference would be most of the time
    strbuf_clear(&name);
    snapshot_add_edge_name(s, &edge, &name);
    if (name.length)
        lua_pushlstring(L, name.data, name.length);
    else
        lua_pushnil(L);
}

static void keep_name(lua_State *L, const struct plugin_heap *heap, const struct shape_edge *edge,
                      uint32_t *place)
{
    if (names.kept == NAMES_MOST)
        return;
    lua_pushvalue(L, -1);
    lua_rawseti(L, lua_upvalueindex(ITERATOR_NAMES), (lua_Integer)names.kept + 1);
    if (!edge_name_is_index(edge->name)) {
        lua_pushinteger(L, (lua_Integer)names.kept + 1);
        lua_rawseti(L, lua_upvalueindex(ITERATOR_NAMES), name_key(heap, edge));
    }
    *place = ++names.kept;
}

static inline void push_name(lua_State *L, const struct plugin_heap *heap,
                             const struct shape_edge *edge)
{
    if (edge->name == EDGE_NAME_NONE) {
        lua_pushnil(L);
        return;
    }
    uint32_t *const place = find_place(L, heap, edge);
    if (place && *place) {
        lua_rawgeti(L, lua_upvalueindex(ITERATOR_NAMES), *place);
        return;
    }
    push_made_name(L, heap->snapshot, edge);
    if (place && !lua_isnil(L, -1))
        keep_name(L, heap, edge, place);
}

static inline void push_edge(lua_State *L, const struct plugin_heap *heap,
                             const struct shape_edge *edge)
{
    push_name(L, heap, edge);
    lua_pushvalue(L, lua_upvalueindex(ITERATOR_WORDS + (int)edge->kind));
    lua_pushvalue(L, lua_upvalueindex(ITERATOR_WORDS + EDGE_KIND_COUNT + (int)edge->class));
}

static int refs_next(lua_State *L)
{
    struct refs_state *state = lua_touserdata(L, lua_upvalueindex(ITERATOR_STATE));
    struct edge_iter *edges = &state->edges;
    if (edges->next == edges->end)
        return end_iteration(state);
    shape_iter_step(&edges->shape);
    lua_pushinteger(L, plugin_heap_id(state->heap, *edges->next++));
    push_edge(L, state->heap, &edges->shape.edge);
    return 4;
}

static int targets_next(lua_State *L)
{
    struct refs_state *state = lua_touserdata(L, lua_upvalueindex(ITERATOR_STATE));
    if (state->edges.next == state->edges.end)
        return end_iteration(state);
    lua_pushinteger(L, plugin_heap_id(state->heap, *state->edges.next++));
    return 1;
}

int api_heap_refs(lua_State *L)
{
    struct plugin_heap *heap = api_check_heap(L, 1);
    api_need_refs(L, heap);
    const uint32_t object = api_check_object(L, heap, 2);
    struct refs_state *state = push_iterator(L, refs_next, true);
    state->heap = heap;
    state->busy = true;
    state->edges = snapshot_edges(heap->snapshot, object);
    return 1;
}

int api_heap_targets(lua_State *L)
{
    struct plugin_heap *heap = api_check_heap(L, 1);
    api_need_refs(L, heap);
    const uint32_t object = api_check_object(L, heap, 2);
    const struct snapshot *s = heap->snapshot;
    struct refs_state *state = push_iterator(L, targets_next, false);
    state->heap = heap;
    state->busy = true;
    state->edges.next = s->targets + s->edge_begin[object]; // names are not looked for
    state->edges.end = s->targets + s->edge_begin[object + 1];
    return 1;
}

static int referrers_next(lua_State *L)
{
    struct refs_state *state = lua_touserdata(L, lua_upvalueindex(ITERATOR_STATE));
    const struct snapshot *s = state->heap->snapshot;
    uint64_t count;
    const uint32_t *sources = snapshot_referrers(s, state->object, &count);
    struct edge edge;
    if (state->at == count)
        return end_iteration(state);
    const uint32_t source = sources[state->at];
    // One that refers to it more than once stands there as often, in a row: go on in its
    // references.
    if (state->at == 0 || sources[state->at - 1] != source)
        state->edges = snapshot_edges(s, source);
    state->at++;
    api_push_id(L, state->heap, source);
    bool found = false;
    while (!found && edge_iter_next(&state->edges, &edge))
        found = edge.target == state->object;
    if (!found)
        return 1;
    push_edge(L, state->heap,
              &(struct shape_edge){.kind = edge.kind, .class = edge.class, .name = edge.name});
    return 4;
}

int api_heap_referrers(lua_State *L)
{
    struct plugin_heap *heap = api_check_heap(L, 1);
    api_need_referrers(L, heap);
    const uint32_t object = api_check_object(L, heap, 2);
    *push_iterator(L, referrers_next, true) =
        (struct refs_state){.heap = heap, .object = object, .busy = true};
    return 1;
}

void api_graph_open(lua_State *L, int methods)
{
    static const luaL_Reg makers[] = {
        {"refs", api_heap_refs}, {"targets", api_heap_targets}, {"referrers", api_heap_referrers}};
    methods = lua_absindex(L, methods);
    memset(&names, 0, sizeof names);
    lua_newtable(L);
    const int table = lua_gettop(L);
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
        lua_pushnil(L);
        lua_pushnil(L);
        lua_pushvalue(L, table);
        push_words(L);
        lua_pushcclosure(L, makers[i].func, MADE_WORDS - 1 + WORDS);
        lua_setfield(L, methods, makers[i].name);
    }
    lua_pop(L, 1);
}

// -> text, {{id=, step=}...}; or nil, reason
int api_heap_path(lua_State *L)
{
    struct plugin_heap *heap = api_check_heap(L, 1);
    api_need_paths(L, heap);
    const uint32_t object = api_check_object(L, heap, 2);
    struct path path;
    struct strbuf text;
    struct error *err = path_to(heap->paths, heap->snapshot, object, &path);
    if (err) {
        lua_pushnil(L);
        lua_pushstring(L, err->message);
        error_destroy(err);
        return 2;
    }
    strbuf_init(&text);
    path_add_text(heap->snapshot, &path, &text);
    lua_pushstring(L, strbuf_text(&text));
    lua_createtable(L, (int)path.count, 0);
    for (uint32_t i = 0; i < path.count; i++) {
        strbuf_clear(&text);
        path_add_step(heap->snapshot, &path, i, &text);
        lua_createtable(L, 0, 2);
        api_push_id(L, heap, path.objects[i]);
        lua_setfield(L, -2, "id");
        lua_pushstring(L, strbuf_text(&text));
        lua_setfield(L, -2, "step");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    strbuf_deinit(&text);
    path_deinit(&path);
    return 2;
}

// ---- roots ----

int api_heap_roots(lua_State *L)
{
    struct plugin_heap *heap = api_check_heap(L, 1);
    const struct snapshot *s = heap->snapshot;
    const char *word = luaL_optstring(L, 2, NULL);
    int kind = -1;
    for (int k = 0; word && k < ROOT_KIND_COUNT; k++)
        if (strcmp(root_kind_word((enum root_kind)k), word) == 0)
            kind = k;
    if (word && kind < 0)
        return luaL_error(L,
                          "there are no roots of kind '%s' (module, frame, thread, interpreter, "
                          "handle, static, interned, native)",
                          word);
    api_need_refs(L, heap);
    struct api_set *set = api_set_new(L, heap);
    for (uint32_t r = 0; r < s->root_count; r++)
        if (kind < 0 || s->roots[r].kind == kind)
            api_set_add(set, s->roots[r].target);
    for (uint32_t o = 0; (kind < 0 || kind == ROOT_NATIVE) && o < s->object_count; o++)
        if (snapshot_unexplained(s, o))
            api_set_add(set, o);
    return 1;
}

// ---- walks ----

// Objects met and not yet gone through. Room for each object once is all that it takes.
struct walk {
    struct api_set *met;
    const struct api_set *avoid; // or NULL
    uint32_t *open;
    uint32_t open_count;
};

static void meet(struct walk *walk, uint32_t object)
{
    if (api_has(walk->met, object) || (walk->avoid && api_has(walk->avoid, object)))
        return;
    api_set_add(walk->met, object);
    walk->open[walk->open_count++] = object;
}

static void go_through(struct walk *walk)
{
    const struct snapshot *s = walk->met->heap->snapshot;
    for (uint32_t steps = 1; walk->open_count; steps++) {
        const uint32_t object = walk->open[--walk->open_count];
        for (uint64_t e = s->edge_begin[object]; e < s->edge_begin[object + 1]; e++)
            if (snapshot_edge_retains(s, e))
                meet(walk, s->targets[e]);
        if (steps % 65536 == 0 && sandbox_expired())
            return;
    }
}

// Pushes the set that the walk fills, and what it works with.
static struct walk begin_walk(lua_State *L, struct plugin_heap *heap, const struct api_set *avoid)
{
    struct walk walk = {.met = api_set_new(L, heap), .avoid = avoid};
    walk.open = lua_newuserdatauv(L, (heap->snapshot->object_count + 1) * sizeof *walk.open, 0);
    return walk;
}

static const struct api_set *avoided(lua_State *L, const struct api_set *set, int options)
{
    if (lua_isnoneornil(L, options))
        return NULL;
    luaL_checktype(L, options, LUA_TTABLE);
    lua_getfield(L, options, "avoid");
    if (lua_isnil(L, -1))
        return NULL;
    const struct api_set *avoid = api_check_set(L, -1);
    if (avoid->heap != set->heap)
        luaL_error(L, "the sets belong to different heaps");
    return avoid;
}

int api_set_reachable(lua_State *L)
{
    const struct api_set *set = api_check_set(L, 1);
    api_need_refs(L, set->heap);
    struct walk walk = begin_walk(L, set->heap, avoided(L, set, 2));
    for (uint32_t o = 0; (o = api_set_next(set->heap, set, o)) != ORDINAL_NONE; o++)
        meet(&walk, o);
    go_through(&walk);
    lua_pop(L, 1);
    return 1;
}

// What is alive, less what would be alive without the members.
int api_set_retained_size(lua_State *L)
{
    const struct api_set *set = api_check_set(L, 1);
    struct start_vec starts = {0};
    int64_t bytes = 0;
    api_need_refs(L, set->heap);
    struct walk all = begin_walk(L, set->heap, NULL), without = begin_walk(L, set->heap, set);
    struct error *err = reach_starts(set->heap->snapshot, &starts);
    if (err)
        return api_raise(L, err);
    for (size_t i = 0; i < starts.count; i++) {
        meet(&all, starts.items[i].object);
        meet(&without, starts.items[i].object);
    }
    start_vec_deinit(&starts);
    go_through(&all);
    go_through(&without);
    for (uint32_t o = 0; (o = api_set_next(set->heap, all.met, o)) != ORDINAL_NONE; o++)
        if (!api_has(without.met, o))
            bytes += (int64_t)snapshot_size(set->heap->snapshot, o);
    lua_pushinteger(L, bytes);
    return 1;
}

int api_set_referents(lua_State *L)
{
    const struct api_set *set = api_check_set(L, 1);
    const struct snapshot *s = set->heap->snapshot;
    api_need_refs(L, set->heap);
    struct api_set *result = api_set_new(L, set->heap);
    for (uint32_t o = 0; (o = api_set_next(set->heap, set, o)) != ORDINAL_NONE; o++)
        for (uint64_t e = s->edge_begin[o]; e < s->edge_begin[o + 1]; e++)
            if (snapshot_edge_retains(s, e))
                api_set_add(result, s->targets[e]);
    return 1;
}

int api_set_referrers(lua_State *L)
{
    const struct api_set *set = api_check_set(L, 1);
    api_need_referrers(L, set->heap);
    struct api_set *result = api_set_new(L, set->heap);
    for (uint32_t o = 0; (o = api_set_next(set->heap, set, o)) != ORDINAL_NONE; o++) {
        uint64_t count;
        const uint32_t *sources = snapshot_referrers(set->heap->snapshot, o, &count);
        for (uint64_t i = 0; i < count; i++)
            api_set_add(result, sources[i]);
    }
    return 1;
}

// ---- cycles and garbage ----

static struct api_set *push_marked(lua_State *L, struct plugin_heap *heap, const uint8_t *marks)
{
    struct api_set *set = api_set_new(L, heap);
    for (uint32_t o = 0; o < heap->snapshot->object_count; o++)
        if (reach_marked(marks, o))
            api_set_add(set, o);
    return set;
}

int api_heap_garbage(lua_State *L)
{
    struct plugin_heap *heap = api_check_heap(L, 1);
    struct garbage *garbage;
    api_need_referrers(L, heap);
    struct error *err = garbage_create(heap->snapshot, &garbage);
    if (err)
        return api_raise(L, err);
    push_marked(L, heap, garbage->marks);
    garbage_destroy(garbage);
    return 1;
}

struct cycles_box {
    struct plugin_heap *heap;
    struct cycles *cycles;
    uint32_t next;
};

static int cycles_next(lua_State *L)
{
    struct cycles_box *box = lua_touserdata(L, lua_upvalueindex(1));
    const struct cycles *c = box->cycles;
    uint32_t *ring, count;
    struct strbuf text;
    if (box->next == c->count)
        return 0;
    const uint32_t i = box->next++;
    struct error *err = cycles_ring(c, box->heap->snapshot, i, &ring, &count);
    if (err)
        return api_raise(L, err);
    lua_createtable(L, (int)(c->begin[i + 1] - c->begin[i]), 0);
    for (uint32_t k = c->begin[i]; k < c->begin[i + 1]; k++) {
        api_push_id(L, box->heap, c->objects[k]);
        lua_rawseti(L, -2, (lua_Integer)(k - c->begin[i]) + 1);
    }
    strbuf_init(&text);
    cycles_add_ring(box->heap->snapshot, ring, count, &text);
    lua_pushstring(L, strbuf_text(&text));
    strbuf_deinit(&text);
    free(ring);
    return 2;
}

int api_heap_cycles(lua_State *L)
{
    struct plugin_heap *heap = api_check_heap(L, 1);
    const struct api_set *set = lua_isnoneornil(L, 2) ? NULL : api_check_set(L, 2);
    api_need_refs(L, heap);
    if (set && set->heap != heap)
        return luaL_error(L, "the set belongs to the other heap");
    struct cycles_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = (struct cycles_box){.heap = heap};
    // A bitmap by bytes and one by words are the same thing where the low byte comes first.
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "bits of words are bits of bytes");
    struct error *err =
        cycles_create(heap->snapshot, set ? (const uint8_t *)set->bits : NULL, &box->cycles);
    if (err)
        return api_raise(L, err);
    lua_pushcclosure(L, cycles_next, 1);
    return 1;
}
