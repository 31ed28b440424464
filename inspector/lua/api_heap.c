// ctx.heap: columns, references, paths, types, threads. See api.h.
//
// heap.size is a column: an object of its own whose index is an id. heap:each() and the sets are
// faster, for they cross the border once per object and not once per value.
//
// A heap has a metatable of its own, whose __index is a table: methods, and what was asked for
// before (columns, n ...). So Lua finds heap.refs without calling anything; the function behind
// that table is called once for each name.
#include "inspector/lua/api.h"

#include "inspector/analysis/fragments.h"
#include "inspector/analysis/histogram.h"

#include <string.h>

struct heap_box {
    struct plugin_heap *heap;
};

struct column_box {
    struct plugin_heap *heap;
    enum column_id column;
};

// ---- shared ----

int api_raise(lua_State *L, struct error *err)
{
    luaL_where(L, 1);
    lua_pushstring(L, err->message);
    error_destroy(err);
    lua_concat(L, 2);
    return lua_error(L);
}

void api_push_value(lua_State *L, const struct value *value)
{
    switch (value->kind) {
    case VALUE_INTEGER:
        lua_pushinteger(L, value->integer);
        break;
    case VALUE_REAL:
        lua_pushnumber(L, value->real);
        break;
    case VALUE_BOOL:
        lua_pushboolean(L, value->truth);
        break;
    case VALUE_TEXT:
        lua_pushlstring(L, value->text, value->length);
        break;
    default:
        lua_pushnil(L);
    }
}

struct value api_to_value(lua_State *L, int index)
{
    struct value value = value_none();
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        return lua_isinteger(L, index) ? value_integer(lua_tointeger(L, index))
                                       : value_real(lua_tonumber(L, index));
    case LUA_TBOOLEAN:
        return value_bool(lua_toboolean(L, index));
    case LUA_TSTRING:
        value.kind = VALUE_TEXT;
        value.text = lua_tolstring(L, index, &value.length);
        return value;
    default:
        return value;
    }
}

// By number, less one. Asked for each object: these boxes are known by where they are, and the
// registry keeps them there.
static struct heap_box *known_heaps[PLUGIN_HEAPS];

struct plugin_heap *api_check_heap(lua_State *L, int index)
{
    struct heap_box *box = lua_touserdata(L, index);
    for (int i = 0; box && i < PLUGIN_HEAPS; i++)
        if (box == known_heaps[i])
            return box->heap;
    luaL_typeerror(L, index, API_HEAP);
    return NULL;
}

static int heap_member(lua_State *L);

void api_push_heap(lua_State *L, struct plugin_heap *heap)
{
    struct heap_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    box->heap = heap;
    lua_createtable(L, 0, 3); // its metatable
    lua_newtable(L);          // members
    luaL_getmetatable(L, API_HEAP);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -5);
    }
    lua_createtable(L, 0, 1); // what is no member yet
    lua_pushlightuserdata(L, heap);
    lua_pushcclosure(L, heap_member, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -3);
    lua_pop(L, 1);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pushliteral(L, API_HEAP);
    lua_setfield(L, -2, "__name");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &known_heaps[heap->number - 1]);
    known_heaps[heap->number - 1] = box;
}

enum column_id api_check_column(lua_State *L, struct plugin_heap *heap, int index)
{
    size_t length;
    const char *name = luaL_checklstring(L, index, &length);
    const enum column_id column = column_find(name, length);
    if (column == COLUMN_COUNT) {
        const char *best = column_suggest(name, length);
        luaL_error(L, "there is no column '%s'%s%s%s", name, best ? "; did you mean '" : "",
                   best ? best : "", best ? "'?" : "");
    }
    const char *missing = column_missing(heap, column);
    if (missing)
        luaL_error(L, "'%s' must be declared: needs = { %s = true }", name, missing);
    struct error *err = column_prepare(heap, column);
    if (err)
        api_raise(L, err);
    return column;
}

void api_need(lua_State *L, struct plugin_heap *heap, unsigned parts)
{
    if ((heap->snapshot->loaded & parts) == parts)
        return;
    struct error *err = plugin_heap_load(heap, parts);
    if (err)
        api_raise(L, err);
}

void api_need_refs(lua_State *L, struct plugin_heap *heap)
{
    if (!heap->refs)
        luaL_error(L, "references must be declared: needs = { refs = true }");
    api_need(L, heap, SNAPSHOT_EDGES);
}

void api_need_paths(lua_State *L, struct plugin_heap *heap)
{
    api_need_refs(L, heap);
    struct error *err = plugin_heap_paths(heap);
    if (err)
        api_raise(L, err);
}

void api_need_referrers(lua_State *L, struct plugin_heap *heap)
{
    api_need_refs(L, heap);
    struct error *err = plugin_heap_referrers(heap);
    if (err)
        api_raise(L, err);
}

uint32_t api_check_object(lua_State *L, const struct plugin_heap *heap, int index)
{
    uint32_t object;
    const int64_t id = luaL_checkinteger(L, index);
    if (plugin_heap_object(heap, id, &object))
        return object;
    if (id >> 32 == 1 || id >> 32 == 2)
        luaL_error(L, "this id belongs to the other heap");
    luaL_error(L, "this is no id (heap:at(address) gives one)");
    return 0;
}

void api_push_id(lua_State *L, const struct plugin_heap *heap, uint32_t object)
{
    lua_pushinteger(L, plugin_heap_id(heap, object));
}

void api_push_types(lua_State *L, const struct plugin_heap *heap)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, heap) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, heap);
}

void api_push_type(lua_State *L, const struct plugin_heap *heap, uint32_t type, int types)
{
    if (lua_rawgeti(L, types, (lua_Integer)type + 1) != LUA_TNIL)
        return;
    lua_pop(L, 1);
    lua_pushstring(L, heap->type_names[type]);
    lua_pushvalue(L, -1);
    lua_rawseti(L, types, (lua_Integer)type + 1);
}

static void push_type(lua_State *L, const struct plugin_heap *heap, uint32_t type)
{
    api_push_types(L, heap);
    api_push_type(L, heap, type, lua_gettop(L));
    lua_remove(L, -2);
}

void api_push_column(lua_State *L, const struct plugin_heap *heap, enum column_id column,
                     uint32_t object)
{
    if (column == COLUMN_type) {
        push_type(L, heap, heap->snapshot->type[object]);
        return;
    }
    const struct value value = column_get(heap, column, object);
    api_push_value(L, &value);
}

// ---- columns ----

static int column_index(lua_State *L)
{
    const struct column_box *box = lua_touserdata(L, 1);
    api_push_column(L, box->heap, box->column, api_check_object(L, box->heap, 2));
    return 1;
}

static void push_column_box(lua_State *L, struct plugin_heap *heap, enum column_id column)
{
    struct column_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    box->heap = heap;
    box->column = column;
    luaL_setmetatable(L, API_COLUMN);
}

// heap.n, heap.size ... of the heap in the upvalue: called with the table of members and a name,
// it becomes a member.
static int heap_member(lua_State *L)
{
    struct plugin_heap *heap = lua_touserdata(L, lua_upvalueindex(1));
    const struct snapshot *s = heap->snapshot;
    const char *name = luaL_checkstring(L, 2);
    if (strcmp(name, "n") == 0)
        lua_pushinteger(L, s->object_count);
    else if (strcmp(name, "nrefs") == 0)
        lua_pushinteger(L, (lua_Integer)s->reference_count);
    else if (strcmp(name, "complete") == 0)
        lua_pushboolean(L, s->info.complete);
    else
        push_column_box(L, heap, api_check_column(L, heap, 2));
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_rawset(L, 1);
    return 1;
}

// ---- objects ----

int api_heap_at(lua_State *L)
{
    struct plugin_heap *heap = api_check_heap(L, 1);
    api_need(L, heap, SNAPSHOT_ADDRESSES);
    const uint32_t object = snapshot_find(heap->snapshot, (uint64_t)luaL_checkinteger(L, 2));
    if (object == ORDINAL_NONE)
        lua_pushnil(L);
    else
        api_push_id(L, heap, object);
    return 1;
}

int api_heap_each(lua_State *L)
{
    return api_push_each(L, api_check_heap(L, 1), NULL, 1, 2);
}

int api_heap_where(lua_State *L)
{
    return api_where(L, api_check_heap(L, 1), NULL, 2);
}

int api_heap_all(lua_State *L)
{
    struct plugin_heap *heap = api_check_heap(L, 1);
    struct api_set *set = api_set_new(L, heap);
    api_set_fill(set);
    return 1;
}

int api_heap_set(lua_State *L)
{
    struct plugin_heap *heap = api_check_heap(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    struct api_set *set = api_set_new(L, heap);
    for (lua_Integer i = 1; lua_geti(L, 2, i) != LUA_TNIL; i++) {
        api_set_add(set, api_check_object(L, heap, -1));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return 1;
}

int api_heap_group(lua_State *L)
{
    struct plugin_heap *const heap = api_check_heap(L, 1);
    const struct api_set *const all = NULL;
    return api_push_groups(L, &heap, &all, 1, 2);
}

int api_heap_types(lua_State *L)
{
    struct plugin_heap *heap = api_check_heap(L, 1);
    struct histogram *histogram;
    struct error *err = heap->retained ? plugin_heap_dominators(heap) : NULL;
    if (!err)
        err = histogram_create(heap->snapshot, HISTOGRAM_BY_TYPE, heap->dominators, &histogram);
    if (err)
        return api_raise(L, err);
    lua_createtable(L, (int)histogram->count, 0);
    for (uint32_t i = 0; i < histogram->count; i++) {
        const struct histogram_row *row = &histogram->rows[i];
        lua_createtable(L, 0, 5);
        push_type(L, heap, row->key);
        lua_setfield(L, -2, "name");
        lua_pushinteger(L, row->key);
        lua_setfield(L, -2, "typeid");
        lua_pushinteger(L, (lua_Integer)row->count);
        lua_setfield(L, -2, "count");
        lua_pushinteger(L, (lua_Integer)row->size_bytes);
        lua_setfield(L, -2, "size");
        if (heap->dominators) {
            lua_pushinteger(L, (lua_Integer)row->retained_bytes);
            lua_setfield(L, -2, "retained");
        }
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    histogram_destroy(histogram);
    return 1;
}

// ---- renderings ----

// What labels show of a str is its repr(): the quotes go, and so do the backslashes.
static void push_unquoted(lua_State *L, const char *label, size_t length)
{
    static const char FROM[] = "ntr\\'\"", TO[] = "\n\t\r\\'\"";
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    for (size_t i = 1; i + 1 < length; i++) {
        const char *known = label[i] == '\\' && label[i + 1] ? strchr(FROM, label[i + 1]) : NULL;
        if (known)
            i++;
        luaL_addchar(&text, known ? TO[known - FROM] : label[i]);
    }
    luaL_pushresult(&text);
}

int api_heap_str(lua_State *L)
{
    struct plugin_heap *heap = api_check_heap(L, 1);
    api_need(L, heap, SNAPSHOT_LABELS);
    const uint32_t object = api_check_object(L, heap, 2);
    const struct value label = column_get(heap, COLUMN_label, object);
    const char *type = heap->type_names[heap->snapshot->type[object]];
    const bool is_bytes = strcmp(type, "bytes") == 0;
    const char *text = label.kind == VALUE_TEXT ? label.text : NULL;
    size_t length = text ? label.length : 0;
    if (is_bytes && text && *text == 'b') {
        text++;
        length--;
    }
    if ((!is_bytes && strcmp(type, "str") != 0) || length < 2 || (*text != '\'' && *text != '"')) {
        lua_pushnil(L);
        lua_pushstring(L, text                            ? "it is no str or bytes"
                          : heap->snapshot->values_hidden ? "values are left out"
                                                          : "nothing is known of its value");
        return 2;
    }
    const bool cut = length >= 5 && memcmp(text + length - 4, "...", 3) == 0;
    push_unquoted(L, text, length - (cut ? 3 : 0));
    lua_pushboolean(L, cut);
    return 2;
}

int api_heap_repr(lua_State *L)
{
    struct plugin_heap *heap = api_check_heap(L, 1);
    api_need(L, heap, SNAPSHOT_LABELS | SNAPSHOT_ADDRESSES);
    const uint32_t object = api_check_object(L, heap, 2);
    const struct value label = column_get(heap, COLUMN_label, object);
    lua_pushfstring(L, "%s%s%s at 0x", heap->type_names[heap->snapshot->type[object]],
                    label.kind == VALUE_TEXT ? " " : "",
                    label.kind == VALUE_TEXT ? label.text : "");
    char digits[24];
    snprintf(digits, sizeof digits, "%llx", (unsigned long long)heap->snapshot->address[object]);
    lua_pushstring(L, digits);
    lua_concat(L, 2);
    return 1;
}

// ---- the allocator ----

static void set_number(lua_State *L, const char *key, uint64_t number)
{
    lua_pushinteger(L, (lua_Integer)number);
    lua_setfield(L, -2, key);
}

static void push_arena(lua_State *L, struct plugin_heap *heap, const struct fragment_arena *arena)
{
    lua_createtable(L, 0, 8);
    set_number(L, "addr", arena->address);
    set_number(L, "pools", arena->pool_count);
    set_number(L, "free_pools", arena->free_pool_count);
    set_number(L, "capacity", arena->capacity_bytes);
    set_number(L, "used", arena->used_bytes);
    set_number(L, "objects", arena->object_count);
    if (arena->type == ORDINAL_NONE)
        return;
    push_type(L, heap, arena->type);
    lua_setfield(L, -2, "type");
    set_number(L, "type_count", arena->type_count);
}

int api_heap_arenas(lua_State *L)
{
    struct plugin_heap *heap = api_check_heap(L, 1);
    struct fragments *f;
    struct error *err = fragments_create(heap->snapshot, &f);
    if (err)
        return api_raise(L, err);
    lua_createtable(L, (int)f->arena_count, 0);
    for (uint32_t i = 0; i < f->arena_count; i++) {
        push_arena(L, heap, &f->arenas[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_createtable(L, (int)f->class_count, 0);
    for (uint32_t i = 0; i < f->class_count; i++) {
        lua_createtable(L, 0, 5);
        set_number(L, "block", f->classes[i].block_bytes);
        set_number(L, "pools", f->classes[i].pool_count);
        set_number(L, "used", f->classes[i].used_blocks);
        set_number(L, "free", f->classes[i].free_blocks);
        set_number(L, "free_bytes", f->classes[i].free_bytes);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    fragments_destroy(f);
    return 2;
}

// ---- threads ----

static void set_text(lua_State *L, const char *key, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

static void push_frame(lua_State *L, struct plugin_heap *heap, const struct snapshot_frame *frame)
{
    const struct snapshot *s = heap->snapshot;
    lua_createtable(L, 0, 4);
    set_text(L, "func", snapshot_string(s, frame->function));
    set_text(L, "file", snapshot_string(s, frame->file));
    lua_pushinteger(L, frame->line);
    lua_setfield(L, -2, "line");
    if (frame->object != ORDINAL_NONE) {
        api_push_id(L, heap, frame->object);
        lua_setfield(L, -2, "id");
    }
}

int api_heap_threads(lua_State *L)
{
    struct plugin_heap *heap = api_check_heap(L, 1);
    const struct snapshot *s = heap->snapshot;
    lua_createtable(L, (int)s->thread_count, 0);
    for (uint32_t t = 0; t < s->thread_count; t++) {
        const struct snapshot_thread *thread = &s->threads[t];
        lua_createtable(L, 0, 4);
        lua_pushinteger(L, (lua_Integer)thread->tid);
        lua_setfield(L, -2, "tid");
        set_text(L, "name", snapshot_string(s, thread->name));
        set_text(L, "gil", gil_state_word((enum gil_state)thread->gil));
        lua_createtable(L, (int)thread->frame_count, 0);
        for (uint32_t f = 0; f < thread->frame_count; f++) {
            push_frame(L, heap, &s->frames[thread->frame_begin + f]);
            lua_rawseti(L, -2, (lua_Integer)f + 1);
        }
        lua_setfield(L, -2, "frames");
        lua_rawseti(L, -2, (lua_Integer)t + 1);
    }
    return 1;
}

void api_heap_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
#define HEAP_FUNCTION(name, parameters, returns, doc) {#name, api_heap_##name},
#include "inspector/lua/functions.def"
        {NULL, NULL},
    };
    memset(known_heaps, 0, sizeof known_heaps);
    luaL_newlib(L, methods); // what every heap has from the beginning
    api_graph_open(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, API_HEAP);
    luaL_newmetatable(L, API_COLUMN);
    lua_pushcfunction(L, column_index);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
