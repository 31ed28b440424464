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

struct group *api_new_group(lua_State *L)
{
    struct group *group = lua_newuserdatauv(L, sizeof *group, 1);
    *group = (struct group){.heap_count = 0};
    luaL_setmetatable(L, API_GROUPS);
    return group;
}

static void read_by(lua_State *L, struct group *group, int spec)
{
    if (lua_getfield(L, spec, "by") != LUA_TTABLE)
        luaL_error(L, "group: by = { \"type\", ... } is missing");
    for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++) {
        const char *word = luaL_checkstring(L, -1);
        struct group_key_by *by = &group->by[group->by_count];
        if (group->by_count == GROUP_KEYS_MAX)
            luaL_error(L, "group: at most %d keys", GROUP_KEYS_MAX);
        if (!group_by_find(word, by))
            luaL_error(L, "group: by type, module, gen, label, path or a column, not '%s'", word);
        for (unsigned h = 0; h < group->heap_count; h++)
            if (by->by == GROUP_PATH)
                api_need_paths(L, group->heaps[h]);
            else if (by->by == GROUP_VALUE || by->by == GROUP_LABEL)
                api_check_column(L, group->heaps[h], -1);
        group->by_count++;
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
}

static void read_numbers(lua_State *L, struct group *group, int spec, const char *key, bool max)
{
    if (lua_getfield(L, spec, key) == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    if (!lua_istable(L, -1))
        luaL_error(L, "group: %s = { \"size\", ... }", key);
    for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++) {
        if (group->number_count == GROUP_NUMBERS_MAX)
            luaL_error(L, "group: at most %d sums and maxima", GROUP_NUMBERS_MAX);
        struct group_number_of *number = &group->numbers[group->number_count];
        for (unsigned h = 0; h < group->heap_count; h++)
            number->column = (int)api_check_numbers(L, group->heaps[h], lua_gettop(L)).column;
        number->name = column_name((enum column_id)number->column);
        number->max = max;
        snprintf(number->shown, sizeof number->shown, "%s%s", max ? "max_" : "", number->name);
        group->number_count++;
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
}

static void check_spec(lua_State *L, int spec)
{
    static const char *const KEYS[] = {"by",    "sum",  "max",    "path_depth",
                                       "where", "bind", "sample", "limit"};
    luaL_checktype(L, spec, LUA_TTABLE);
    lua_pushnil(L);
    while (lua_next(L, spec)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        bool known = false;
        for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++)
            known = known || strcmp(key, KEYS[i]) == 0;
        if (!known)
            luaL_error(L, "group: unknown key '%s'", key);
        lua_pop(L, 1);
    }
}

static unsigned small_field(lua_State *L, int spec, const char *key, lua_Integer max)
{
    lua_getfield(L, spec, key);
    const lua_Integer n = luaL_optinteger(L, -1, 0);
    if (n < 0 || n > max)
        luaL_error(L, "group: %s is between 0 and %d", key, (int)max);
    lua_pop(L, 1);
    return (unsigned)n;
}

// Adds the objects of one heap that are in the set; all of them without one.
static struct error *add_objects(struct group *group, unsigned h, const struct api_set *set)
{
    const uint32_t objects = group->heaps[h]->snapshot->object_count;
    for (uint32_t word = 0; word * UINT64_C(64) < objects; word++) {
        const uint32_t rest = objects - word * 64;
        const uint64_t all = rest < 64 ? (UINT64_C(1) << rest) - 1 : UINT64_MAX;
        TRY(group_add_many(group, h, word * 64, set ? set->bits[word] : all));
        if (word % 1024 == 0 && sandbox_expired())
            break;
    }
    return NULL;
}

int api_push_groups(lua_State *L, struct plugin_heap *const *heaps,
                    const struct api_set *const *sets, unsigned count, int spec)
{
    check_spec(L, spec);
    struct group *group = api_new_group(L);
    const int result = lua_gettop(L);
    group->heap_count = count;
    for (unsigned h = 0; h < count; h++)
        group->heaps[h] = heaps[h];
    read_by(L, group, spec);
    read_numbers(L, group, spec, "sum", false);
    read_numbers(L, group, spec, "max", true);
    group->path_depth = small_field(L, spec, "path_depth", GROWTH_DEPTH_MAX);
    group->samples = small_field(L, spec, "sample", GROUP_SAMPLES_MAX);
    group->limit = small_field(L, spec, "limit", GROUP_ROWS_MAX);
    struct error *err = group_begin(group);
    for (unsigned h = 0; !err && h < count; h++) {
        const struct api_set *set = sets[h];
        if (lua_getfield(L, spec, "where") != LUA_TNIL) {
            lua_getfield(L, spec, "bind");
            api_where(L, heaps[h], set, lua_gettop(L) - 1);
            set = api_check_set(L, -1);
        }
        err = add_objects(group, h, set);
        if (!err)
            err = group_end_heap(group, h);
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
        size_t length;
        lua_pushfstring(L, "%s%s", name, group->heap_count == 2 ? ENDINGS[i] : "");
        const char *whole = lua_tolstring(L, -1, &length);
        if (group_number_find(group, whole, length, &number)) {
            lua_pushinteger(L, group_number_get(row, number));
            lua_rawset(L, -3);
        } else {
            lua_pop(L, 1);
        }
    }
}

static void push_sample(lua_State *L, const struct group *group, size_t row)
{
    const uint32_t *samples = &group->sampled.items[row * group->samples];
    lua_createtable(L, (int)group->samples, 0);
    for (unsigned i = 0; i < group->samples && samples[i] != ORDINAL_NONE; i++) {
        api_push_id(L, group->heaps[group->heap_count - 1], samples[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "sample");
}

static void push_row(lua_State *L, const struct group *group, const struct group_row *row)
{
    struct strbuf scratch;
    const bool is_other = row == &group->other;
    strbuf_init(&scratch);
    lua_createtable(L, 0, 8);
    for (unsigned i = 0; i < group->by_count && !is_other; i++) {
        const struct value key = group_key(group, row, i, &scratch);
        api_push_value(L, &key);
        lua_setfield(L, -2, group->by[i].name);
    }
    strbuf_deinit(&scratch);
    set_number(L, group, row, "count");
    for (unsigned i = 0; i < group->number_count; i++)
        set_number(L, group, row, group->numbers[i].shown);
    if (group->samples && !is_other)
        push_sample(L, group, (size_t)(row - group->rows.items));
}

// Upvalues: the groups, the list of rows (a userdata, or nil: as they come), how many, the next.
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
    push_row(L, group, &group->rows.items[rows ? rows[next] : next]);
    return 1;
}

struct ranked {
    double number;
    uint32_t row;
};

static int by_number(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->number != y->number)
        return x->number < y->number ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

// Numbers up to 2^53 are told apart, which sizes and times in nanoseconds are.
static void rank(lua_State *L, const struct group *group, const char *text, struct ranked *ranked)
{
    char error[EXPR_ERROR_MAX];
    struct expr *expr = lua_newuserdatauv(L, sizeof *expr, 0);
    const struct expr_space space = group_space(group);
    if (!expr_compile(expr, &space, text, NULL, NULL, error))
        luaL_error(L, "%s%s", error,
                   group->heap_count == 2 ? "\n    (numbers end in _before, _after or _delta)"
                                          : "");
    for (uint32_t i = 0; i < group->rows.count; i++) {
        const struct value v = expr_value(expr, i);
        ranked[i] = (struct ranked){value_is_number(&v) ? value_as_real(&v) : 0, i};
    }
    expr_deinit(expr);
    lua_pop(L, 1);
    qsort(ranked, group->rows.count, sizeof *ranked, by_number);
}

int api_groups_top(lua_State *L)
{
    const struct group *group = luaL_checkudata(L, 1, API_GROUPS);
    const char *text = luaL_checkstring(L, 2);
    const lua_Integer wanted = luaL_optinteger(L, 3, GROUP_ROWS_MAX);
    luaL_argcheck(L, wanted >= 0, 3, "not negative");
    const size_t count = (size_t)wanted < group->rows.count ? (size_t)wanted : group->rows.count;
    struct ranked *ranked = lua_newuserdatauv(L, (group->rows.count + 1) * sizeof *ranked, 0);
    rank(L, group, text, ranked);
    lua_pushvalue(L, 1);
    uint32_t *rows = lua_newuserdatauv(L, (count + 1) * sizeof *rows, 0);
    for (size_t i = 0; i < count; i++)
        rows[i] = ranked[i].row;
    lua_pushinteger(L, (lua_Integer)count);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, rows_next, 4);
    return 1;
}

int api_groups_each(lua_State *L)
{
    const struct group *group = luaL_checkudata(L, 1, API_GROUPS);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    lua_pushinteger(L, (lua_Integer)group->rows.count);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, rows_next, 4);
    return 1;
}

int api_groups_count(lua_State *L)
{
    const struct group *group = luaL_checkudata(L, 1, API_GROUPS);
    lua_pushinteger(L, (lua_Integer)group->rows.count);
    return 1;
}

int api_groups_get(lua_State *L)
{
    struct group *group = luaL_checkudata(L, 1, API_GROUPS);
    struct value keys[GROUP_KEYS_MAX];
    if (lua_gettop(L) - 1 != (int)group->by_count)
        return luaL_error(L, "get wants %d keys", (int)group->by_count);
    for (unsigned i = 0; i < group->by_count; i++)
        keys[i] = api_to_value(L, (int)i + 2);
    const struct group_row *row = group_find(group, keys);
    if (!row)
        return 0;
    push_row(L, group, row);
    return 1;
}

int api_groups_other(lua_State *L)
{
    const struct group *group = luaL_checkudata(L, 1, API_GROUPS);
    if (!group->has_other)
        return 0;
    push_row(L, group, &group->other);
    return 1;
}

// ---- ctx.diff ----

struct diff_box {
    struct plugin_heap *heaps[2];
};

int api_diff_group(lua_State *L)
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

int api_diff_added(lua_State *L)
{
    struct diff_box *box = luaL_checkudata(L, 1, API_DIFF);
    return push_difference(L, box->heaps[0], box->heaps[1]);
}

int api_diff_removed(lua_State *L)
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
    static const luaL_Reg groups[] = {
#define GROUPS_FUNCTION(name, parameters, returns, doc) {#name, api_groups_##name},
#include "inspector/lua/functions.def"
        {NULL, NULL},
    };
    static const luaL_Reg diff[] = {
#define DIFF_FUNCTION(name, parameters, returns, doc) {#name, api_diff_##name},
#include "inspector/lua/functions.def"
        {NULL, NULL},
    };
    luaL_newmetatable(L, API_GROUPS);
    luaL_newlib(L, groups);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, groups_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, api_groups_count);
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
