// Groups of objects, and ctx.diff, which groups two heaps side by side. See api.h.
#include "inspector/lua/api.h"

#include "inspector/analysis/diff.h"
#include "inspector/lua/group.h"

#include <stdlib.h>
#include <string.h>

// ---- making ----

static int groups_gc(lua_State *L)
{
    group_deinit(luaL_checkudata(L, 1, API_GROUPS));
    return 0;
}

static void read_by(lua_State *L, struct group *group, int spec)
{
    if (lua_getfield(L, spec, "by") != LUA_TTABLE)
        luaL_error(L, "group: by = { \"type\", ... } is missing");
    for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++) {
        const char *word = luaL_checkstring(L, -1);
        const enum group_by by = group_by_find(word);
        if (by == GROUP_BY_COUNT)
            luaL_error(L, "group: by type, module, gen, label or path, not '%s'", word);
        if (group->by_count == GROUP_KEYS_MAX)
            luaL_error(L, "group: at most %d keys", GROUP_KEYS_MAX);
        if (by == GROUP_PATH)
            for (unsigned h = 0; h < group->heap_count; h++)
                api_need_refs(L, group->heaps[h]);
        group->by[group->by_count++] = by;
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
}

static void read_sums(lua_State *L, struct group *group, int spec)
{
    if (lua_getfield(L, spec, "sum") == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    luaL_argexpected(L, lua_istable(L, -1), spec, "sum = { \"size\", ... }");
    for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++) {
        if (group->sum_count == GROUP_SUMS_MAX)
            luaL_error(L, "group: at most %d sums", GROUP_SUMS_MAX);
        group->sums[group->sum_count++] = api_check_column(L, group->heaps[0], -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
}

static void check_spec(lua_State *L, int spec)
{
    luaL_checktype(L, spec, LUA_TTABLE);
    lua_pushnil(L);
    while (lua_next(L, spec)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        if (strcmp(key, "by") != 0 && strcmp(key, "sum") != 0 && strcmp(key, "path_depth") != 0 &&
            strcmp(key, "where") != 0 && strcmp(key, "bind") != 0)
            luaL_error(L, "group: unknown key '%s'", key);
        lua_pop(L, 1);
    }
}

// Adds the objects of one heap that `where` lets through.
static struct error *add_objects(struct group *group, unsigned h, const struct api_set *set)
{
    struct error *err = NULL;
    const struct plugin_heap *heap = group->heaps[h];
    for (uint32_t o = 0; !err && (o = api_set_next(heap, set, o)) != ORDINAL_NONE; o++) {
        err = group_add(group, h, o);
        if (o % 65536 == 0 && sandbox_expired())
            break;
    }
    return err;
}

int api_push_groups(lua_State *L, struct plugin_heap *const *heaps,
                    const struct api_set *const *sets, unsigned count, int spec)
{
    check_spec(L, spec);
    struct group *group = lua_newuserdatauv(L, sizeof *group, 0);
    const int result = lua_gettop(L);
    *group = (struct group){.heap_count = count};
    luaL_setmetatable(L, API_GROUPS);
    for (unsigned h = 0; h < count; h++)
        group->heaps[h] = heaps[h];
    read_by(L, group, spec);
    read_sums(L, group, spec);
    if (lua_getfield(L, spec, "path_depth") != LUA_TNIL)
        group->path_depth = (unsigned)luaL_checkinteger(L, -1);
    struct error *err = group_begin(group);
    for (unsigned h = 0; !err && h < count; h++) {
        const struct api_set *set = sets[h];
        if (lua_getfield(L, spec, "where") != LUA_TNIL) {
            lua_getfield(L, spec, "bind");
            api_where(L, heaps[h], set, lua_gettop(L) - 1);
            set = api_check_set(L, -1);
        }
        err = add_objects(group, h, set);
        lua_settop(L, result);
    }
    return err ? api_raise(L, err) : 1;
}

// ---- reading ----

static void set_number(lua_State *L, const struct group *group, const struct group_row *row,
                       const char *name)
{
    static const char *const ENDINGS[] = {"_before", "_after", "_delta"};
    for (unsigned i = 0; i < (group->heap_count == 2 ? 3 : 1); i++) {
        struct group_number number;
        lua_pushfstring(L, "%s%s", name, group->heap_count == 2 ? ENDINGS[i] : "");
        if (group_number_find(group, lua_tostring(L, -1), &number)) {
            lua_pushinteger(L, group_number_get(group, row, number));
            lua_rawset(L, -3);
        } else {
            lua_pop(L, 1);
        }
    }
}

static void push_row(lua_State *L, const struct group *group, uint32_t index)
{
    const struct group_row *row = &group->rows.items[index];
    struct strbuf scratch;
    strbuf_init(&scratch);
    lua_createtable(L, 0, 8);
    for (unsigned i = 0; i < group->by_count; i++) {
        const struct value key = group_key(group, row, i, &scratch);
        api_push_value(L, &key);
        lua_setfield(L, -2, group_by_word(group->by[i]));
    }
    strbuf_deinit(&scratch);
    set_number(L, group, row, "count");
    for (unsigned i = 0; i < group->sum_count; i++)
        set_number(L, group, row, column_name(group->sums[i]));
}

// Upvalues: the groups, the list of rows (a userdata), how many, the next one.
static int rows_next(lua_State *L)
{
    const struct group *group = lua_touserdata(L, lua_upvalueindex(1));
    const uint32_t *rows = lua_touserdata(L, lua_upvalueindex(2));
    const lua_Integer count = lua_tointeger(L, lua_upvalueindex(3));
    const lua_Integer next = lua_tointeger(L, lua_upvalueindex(4));
    if (next >= count)
        return 0;
    lua_pushinteger(L, next + 1);
    lua_replace(L, lua_upvalueindex(4));
    push_row(L, group, rows[next]);
    return 1;
}

static int groups_top(lua_State *L)
{
    const struct group *group = luaL_checkudata(L, 1, API_GROUPS);
    const char *name = luaL_checkstring(L, 2);
    const lua_Integer wanted = luaL_optinteger(L, 3, GROUP_ROWS_MAX);
    struct group_number number;
    uint32_t *rows, count;
    luaL_argcheck(L, wanted >= 0, 3, "not negative");
    if (!group_number_find(group, name, &number))
        return luaL_error(L, "the groups have no number '%s'%s", name,
                          group->heap_count == 2 ? " (size_before, size_after, size_delta ...)"
                                                 : "");
    struct error *err = group_top(
        group, number, wanted > GROUP_ROWS_MAX ? GROUP_ROWS_MAX : (uint32_t)wanted, &rows, &count);
    if (err)
        return api_raise(L, err);
    lua_pushvalue(L, 1);
    uint32_t *copy = lua_newuserdatauv(L, (count + 1) * sizeof *copy, 0);
    memcpy(copy, rows, count * sizeof *copy);
    free(rows);
    lua_pushinteger(L, count);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, rows_next, 4);
    return 1;
}

static int groups_len(lua_State *L)
{
    const struct group *group = luaL_checkudata(L, 1, API_GROUPS);
    lua_pushinteger(L, (lua_Integer)group->rows.count);
    return 1;
}

// ---- ctx.diff ----

struct diff_box {
    struct plugin_heap *heaps[2];
};

static int diff_group(lua_State *L)
{
    struct diff_box *box = luaL_checkudata(L, 1, API_DIFF);
    const struct api_set *const all[2] = {NULL, NULL};
    return api_push_groups(L, box->heaps, all, 2, 2);
}

static int push_difference(lua_State *L, struct plugin_heap *before, struct plugin_heap *after)
{
    uint8_t *added;
    bool probable;
    struct error *err = diff_added(before->snapshot, after->snapshot, &added, &probable);
    if (err)
        return api_raise(L, err);
    struct api_set *set = api_set_new(L, after);
    for (uint32_t o = 0; o < after->snapshot->object_count; o++)
        if (added[o / 8] >> (o % 8) & 1)
            api_set_add(set, o);
    free(added);
    lua_pushboolean(L, probable);
    return 2;
}

static int diff_get_added(lua_State *L)
{
    struct diff_box *box = luaL_checkudata(L, 1, API_DIFF);
    return push_difference(L, box->heaps[0], box->heaps[1]);
}

static int diff_get_removed(lua_State *L)
{
    struct diff_box *box = luaL_checkudata(L, 1, API_DIFF);
    return push_difference(L, box->heaps[1], box->heaps[0]);
}

static int diff_index(lua_State *L)
{
    struct diff_box *box = luaL_checkudata(L, 1, API_DIFF);
    const char *name = luaL_checkstring(L, 2);
    if (strcmp(name, "same_process") == 0) {
        lua_pushboolean(L, diff_same_process(box->heaps[0]->snapshot, box->heaps[1]->snapshot));
        return 1;
    }
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNIL)
        return luaL_error(L, "ctx.diff has no '%s'", name);
    return 1;
}

void api_push_diff(lua_State *L, const struct plugin_run *run)
{
    struct diff_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    box->heaps[0] = run->heaps[0];
    box->heaps[1] = run->heaps[1];
    luaL_setmetatable(L, API_DIFF);
}

void api_group_open(lua_State *L)
{
    static const luaL_Reg groups[] = {{"top", groups_top}, {"count", groups_len}, {NULL, NULL}};
    static const luaL_Reg diff[] = {
        {"group", diff_group},
        {"added", diff_get_added},
        {"removed", diff_get_removed},
        {NULL, NULL},
    };
    luaL_newmetatable(L, API_GROUPS);
    luaL_newlib(L, groups);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, groups_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, groups_len);
    lua_setfield(L, -2, "__len");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    luaL_newmetatable(L, API_DIFF);
    luaL_newlib(L, diff);
    lua_pushcclosure(L, diff_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}
