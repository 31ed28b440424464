// Sets of objects: one bit each, immutable once a plugin has them. See api.h.
#include "inspector/lua/api.h"

#include "inspector/lua/expr.h"

#include <string.h>

// The members of one word of the set that are still to come, and when there are enough of them, the
// numbers of all its objects, read at once (column_fill).
struct each_state {
    struct plugin_heap *heap;
    const struct api_set *set; // NULL: every object
    uint32_t first;            // of the word
    uint64_t left;             // its bits
    bool filled;               // `numbers` and `absent` are of this word
    unsigned count;
    struct each_column {
        enum column_id column;
        bool is_numbers; // column_fill knows it
        uint64_t absent;
        int64_t numbers[64];
    } columns[API_EACH_MAX];
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

enum { EACH_STATE = 1, EACH_OWNER, EACH_TYPES };
enum { FILL_LEAST = 16 }; // members of a word, for which it is worth to read the whole of it

static void fill_word(struct each_state *state)
{
    const uint32_t rest = state->heap->snapshot->object_count - state->first;
    const unsigned count = rest < 64 ? rest : 64;
    state->filled = __builtin_popcountll(state->left) >= FILL_LEAST;
    for (unsigned i = 0; state->filled && i < state->count; i++) {
        struct each_column *c = &state->columns[i];
        c->is_numbers =
            column_fill(state->heap, c->column, state->first, count, c->numbers, &c->absent);
    }
}

// The next word that has members; false when there is none.
static bool next_word(struct each_state *state)
{
    const uint32_t from = state->first + 64;
    const uint32_t object = api_set_next(state->heap, state->set, from);
    if (object == ORDINAL_NONE)
        return false;
    const uint32_t rest = state->heap->snapshot->object_count - object / 64 * 64;
    state->first = object / 64 * 64;
    state->left = state->set  ? state->set->bits[object / 64]
                  : rest < 64 ? (UINT64_C(1) << rest) - 1
                              : UINT64_MAX;
    fill_word(state);
    return true;
}

static void push_each(lua_State *L, const struct each_state *state, const struct each_column *c,
                      unsigned bit)
{
    const uint32_t object = state->first + bit;
    if (state->filled && c->is_numbers) {
        if (c->absent >> bit & 1)
            lua_pushnil(L);
        else
            lua_pushinteger(L, c->numbers[bit]);
    } else if (c->column == COLUMN_type) {
        api_push_type(L, state->heap, state->heap->snapshot->type[object],
                      lua_upvalueindex(EACH_TYPES));
    } else {
        api_push_column(L, state->heap, c->column, object);
    }
}

static int each_next(lua_State *L)
{
    struct each_state *state = lua_touserdata(L, lua_upvalueindex(EACH_STATE));
    if (!state->left && !next_word(state))
        return 0;
    const unsigned bit = (unsigned)__builtin_ctzll(state->left);
    state->left &= state->left - 1;
    lua_pushinteger(L, plugin_heap_id(state->heap, state->first + bit));
    for (unsigned i = 0; i < state->count; i++)
        push_each(L, state, &state->columns[i], bit);
    return 1 + (int)state->count;
}

int api_push_each(lua_State *L, struct plugin_heap *heap, const struct api_set *set, int owner,
                  int first)
{
    const int count = lua_gettop(L) - first + 1;
    if (count > API_EACH_MAX)
        return luaL_error(L, "each: at most %d columns", API_EACH_MAX);
    struct each_state *state = lua_newuserdatauv(
        L, sizeof *state - (size_t)(API_EACH_MAX - count) * sizeof *state->columns, 0);
    state->heap = heap;
    state->set = set;
    state->first = (uint32_t)-64; // the first word comes next
    state->left = 0;
    state->filled = false;
    state->count = 0;
    for (int i = 0; i < count; i++)
        state->columns[state->count++].column = api_check_column(L, heap, first + i);
    lua_pushvalue(L, owner);
    api_push_types(L, heap);
    lua_pushcclosure(L, each_next, 3);
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
