// Sets of objects: one bit each, immutable once a plugin has them. See api.h.
#include "inspector/lua/api.h"

#include "inspector/lua/expr.h"

#include <string.h>

struct each_state {
    struct plugin_heap *heap;
    const struct api_set *set; // NULL: every object
    uint32_t next;
    unsigned count;
    enum column_id columns[API_EACH_MAX];
};

struct api_set *api_set_new(lua_State *L, struct plugin_heap *heap)
{
    const uint32_t words = heap->snapshot->object_count / 64 + 1;
    struct api_set *set = lua_newuserdatauv(L, sizeof *set + words * sizeof *set->bits, 0);
    *set = (struct api_set){.heap = heap, .words = words};
    memset(set->bits, 0, words * sizeof *set->bits);
    luaL_setmetatable(L, API_SET);
    return set;
}

struct api_set *api_check_set(lua_State *L, int index)
{
    return luaL_checkudata(L, index, API_SET);
}

void api_set_fill(struct api_set *set)
{
    set->count = set->heap->snapshot->object_count;
    memset(set->bits, 0xff, set->count / 64 * sizeof *set->bits);
    if (set->count % 64)
        set->bits[set->count / 64] = (UINT64_C(1) << set->count % 64) - 1;
}

uint32_t api_set_next(const struct plugin_heap *heap, const struct api_set *set, uint32_t from)
{
    if (from >= heap->snapshot->object_count)
        return ORDINAL_NONE;
    if (!set)
        return from;
    uint32_t word = from / 64;
    uint64_t bits = set->bits[word] & UINT64_MAX << from % 64;
    while (!bits) {
        if (++word == set->words)
            return ORDINAL_NONE;
        bits = set->bits[word];
    }
    return word * 64 + (uint32_t)__builtin_ctzll(bits);
}

// ---- each ----

static int each_next(lua_State *L)
{
    struct each_state *state = lua_touserdata(L, lua_upvalueindex(1));
    const uint32_t object = api_set_next(state->heap, state->set, state->next);
    if (object == ORDINAL_NONE)
        return 0;
    state->next = object + 1;
    api_push_id(L, state->heap, object);
    for (unsigned i = 0; i < state->count; i++)
        api_push_column(L, state->heap, state->columns[i], object);
    return 1 + (int)state->count;
}

int api_push_each(lua_State *L, struct plugin_heap *heap, const struct api_set *set, int owner,
                  int first)
{
    const int count = lua_gettop(L) - first + 1;
    if (count > API_EACH_MAX)
        return luaL_error(L, "each: at most %d columns", API_EACH_MAX);
    struct each_state *state = lua_newuserdatauv(L, sizeof *state, 0);
    *state = (struct each_state){.heap = heap, .set = set};
    for (int i = 0; i < count; i++)
        state->columns[state->count++] = api_check_column(L, heap, first + i);
    lua_pushvalue(L, owner);
    lua_pushcclosure(L, each_next, 2);
    return 1;
}

int api_set_each(lua_State *L)
{
    struct api_set *set = api_check_set(L, 1);
    return api_push_each(L, set->heap, set, 1, 2);
}

// ---- where ----

bool api_bind(void *context, const char *name, struct value *ret)
{
    const struct api_binding *binding = context;
    if (!lua_istable(binding->L, binding->table))
        return false;
    lua_pushstring(binding->L, name);
    if (lua_rawget(binding->L, binding->table) == LUA_TNIL)
        return false;
    *ret = api_to_value(binding->L, -1); // a text lives in the table
    lua_pop(binding->L, 1);
    return ret->kind != VALUE_NONE;
}

// where{type = "dict", gen = 2}: equality of each column.
static int where_table(lua_State *L, struct plugin_heap *heap, const struct api_set *set, int index)
{
    luaL_Buffer text;
    bool any = false;
    lua_newtable(L); // parameters p1, p2 ...
    const int parameters = lua_gettop(L);
    lua_newtable(L); // the parts of the expression
    int count = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pushvalue(L, -2);
        api_check_column(L, heap, -1);
        lua_pop(L, 1);
        count++;
        lua_pushfstring(L, "%s == :%s", lua_tostring(L, -2), lua_tostring(L, -2));
        lua_rawseti(L, parameters + 1, count);
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, parameters);
        lua_pop(L, 1);
    }
    luaL_buffinit(L, &text);
    for (int i = 1; i <= count; i++) {
        luaL_addstring(&text, any ? " and " : "");
        lua_rawgeti(L, parameters + 1, i);
        luaL_addvalue(&text);
        any = true;
    }
    luaL_addstring(&text, any ? "" : "true");
    luaL_pushresult(&text);
    lua_replace(L, parameters + 1);
    lua_pushvalue(L, parameters + 1);
    lua_pushvalue(L, parameters);
    return api_where(L, heap, set, lua_gettop(L) - 1);
}

// When the time is over the hook stops the plugin at its next instruction.
static void filter(struct api_set *result, const struct api_set *set, const struct expr *expr)
{
    const uint32_t objects = result->heap->snapshot->object_count;
    for (uint32_t word = 0; word * UINT64_C(64) < objects; word++) {
        const uint32_t first = word * 64;
        if (set && !set->bits[word])
            continue;
        uint64_t bits = expr_test_many(expr, first, objects - first < 64 ? objects - first : 64);
        if (set)
            bits &= set->bits[word];
        result->bits[word] = bits;
        result->count += (uint32_t)__builtin_popcountll(bits);
        if (word % 1024 == 0 && sandbox_expired())
            return;
    }
}

int api_where(lua_State *L, struct plugin_heap *heap, const struct api_set *set, int index)
{
    char error[EXPR_ERROR_MAX];
    if (lua_istable(L, index))
        return where_table(L, heap, set, index);
    const char *text = luaL_checkstring(L, index);
    struct api_binding binding = {.L = L, .table = index + 1};
    struct api_set *result = api_set_new(L, heap);
    struct expr *expr = lua_newuserdatauv(L, sizeof *expr, 0);
    const struct expr_space space = expr_heap_space(heap);
    luaL_checkstack(L, 4, NULL);
    if (!expr_compile(expr, &space, text, api_bind, &binding, error))
        return luaL_error(L, "%s", error);
    // From here to deinit nothing can raise.
    filter(result, set, expr);
    expr_deinit(expr);
    lua_pop(L, 1);
    return 1;
}

int api_set_where(lua_State *L)
{
    struct api_set *set = api_check_set(L, 1);
    return api_where(L, set->heap, set, 2);
}

int api_set_count(lua_State *L)
{
    lua_pushinteger(L, api_check_set(L, 1)->count);
    return 1;
}

int api_set_has(lua_State *L)
{
    const struct api_set *set = api_check_set(L, 1);
    lua_pushboolean(L, api_has(set, api_check_object(L, set->heap, 2)));
    return 1;
}

int api_set_group(lua_State *L)
{
    const struct api_set *set = api_check_set(L, 1);
    return api_push_groups(L, &set->heap, &set, 1, 2);
}

// ---- algebra ----

static const struct api_set *check_second(lua_State *L, const struct api_set *a)
{
    const struct api_set *b = api_check_set(L, 2);
    if (a->heap != b->heap)
        luaL_error(L, "the sets belong to different heaps");
    return b;
}

static int combine(lua_State *L, char operation)
{
    const struct api_set *a = api_check_set(L, 1), *b = check_second(L, a);
    struct api_set *result = api_set_new(L, a->heap);
    for (uint32_t i = 0; i < result->words; i++) {
        result->bits[i] = operation == '&'   ? a->bits[i] & b->bits[i]
                          : operation == '|' ? a->bits[i] | b->bits[i]
                                             : a->bits[i] & ~b->bits[i];
        result->count += (uint32_t)__builtin_popcountll(result->bits[i]);
    }
    return 1;
}

static int set_and(lua_State *L)
{
    return combine(L, '&');
}

static int set_or(lua_State *L)
{
    return combine(L, '|');
}

static int set_minus(lua_State *L)
{
    return combine(L, '-');
}

static int set_equals(lua_State *L)
{
    const struct api_set *a = api_check_set(L, 1), *b = check_second(L, a);
    lua_pushboolean(L, memcmp(a->bits, b->bits, a->words * sizeof *a->bits) == 0);
    return 1;
}

void api_set_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
#define SET_FUNCTION(name, parameters, returns, doc) {#name, api_set_##name},
#include "inspector/lua/functions.def"
        {NULL, NULL},
    };
    static const luaL_Reg operators[] = {
        {"__band", set_and},  {"__bor", set_or},        {"__sub", set_minus},
        {"__eq", set_equals}, {"__len", api_set_count}, {NULL, NULL},
    };
    luaL_newmetatable(L, API_SET);
    luaL_setfuncs(L, operators, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
