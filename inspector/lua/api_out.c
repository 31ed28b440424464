// ctx.out, ctx:fail, ctx:log, ctx:progress, and the global `brille`. See api.h.
//
// A row is checked here, at the plugin's line, and sent off; nothing is kept.
#include "inspector/lua/api.h"

#include "inspector/base/format.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

struct table_box {
    int number;
    unsigned column_count;
    enum run_unit units[RUN_COLUMNS_MAX];
    char names[RUN_COLUMNS_MAX][32];
    lua_Integer rows;
};

static int table_count; // of this run

static void send_field(lua_State *L, int table, const char *key)
{
    const int type = lua_getfield(L, table, key);
    if (type != LUA_TNIL && type != LUA_TSTRING)
        luaL_error(L, "%s must be a string", key);
    wire_text(sandbox_wire(), lua_tostring(L, -1));
    lua_pop(L, 1);
}

// Raised errors must not leave half a message behind: fields are checked before it is begun.
static void check_texts(lua_State *L, int table, const char *const *keys)
{
    for (; *keys; keys++) {
        const int type = lua_getfield(L, table, *keys);
        if (type != LUA_TNIL && type != LUA_TSTRING)
            luaL_error(L, "%s must be a string", *keys);
        lua_pop(L, 1);
    }
}

// ---- tables ----

static enum run_unit read_unit(lua_State *L, int column)
{
    static const struct {
        const char *name;
        enum run_unit unit, with_sign;
    } UNITS[] = {
        {"text", RUN_TEXT, RUN_TEXT},           {"count", RUN_COUNT, RUN_CHANGE},
        {"bytes", RUN_BYTES, RUN_BYTES_CHANGE}, {"ns", RUN_NS, RUN_NS},
        {"ratio", RUN_RATIO, RUN_RATIO},        {"address", RUN_ADDRESS, RUN_ADDRESS},
    };
    lua_getfield(L, column, "unit");
    lua_getfield(L, column, "signed");
    const char *unit = luaL_optstring(L, -2, "text");
    const bool with_sign = lua_toboolean(L, -1);
    for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++)
        if (strcmp(UNITS[i].name, unit) == 0) {
            lua_pop(L, 2);
            return with_sign ? UNITS[i].with_sign : UNITS[i].unit;
        }
    luaL_error(L, "there is no unit '%s' (text, count, bytes, ns, ratio, address)", unit);
    return RUN_TEXT;
}

static void read_column(lua_State *L, struct table_box *box)
{
    const int column = lua_gettop(L);
    char *name = box->names[box->column_count];
    const size_t room = sizeof box->names[0];
    if (lua_type(L, column) == LUA_TSTRING) { // "type" for { "type" }
        snprintf(name, room, "%s", lua_tostring(L, column));
        box->units[box->column_count++] = RUN_TEXT;
        return;
    }
    luaL_checktype(L, column, LUA_TTABLE);
    if (lua_geti(L, column, 1) != LUA_TSTRING)
        luaL_error(L, "a column is { \"name\", unit = ... }");
    snprintf(name, room, "%s", lua_tostring(L, -1));
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_' && *c != ' ')
            luaL_error(L, "column '%s': letters, digits, blanks and _ only", name);
    box->units[box->column_count++] = read_unit(L, column);
    lua_settop(L, column);
}

static int out_table(lua_State *L)
{
    static const char *const texts[] = {"id", "title", NULL};
    luaL_checktype(L, 2, LUA_TTABLE);
    check_texts(L, 2, texts);
    struct table_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = (struct table_box){.number = table_count};
    luaL_setmetatable(L, API_TABLE);
    if (table_count == RUN_TABLES_MAX)
        return luaL_error(L, "at most %d tables", RUN_TABLES_MAX);
    if (lua_getfield(L, 2, "columns") != LUA_TTABLE)
        return luaL_error(L, "columns = { { \"name\", unit = ... }, ... } is missing");
    const int columns = lua_gettop(L);
    for (lua_Integer i = 1; lua_geti(L, columns, i) != LUA_TNIL; i++) {
        if (box->column_count == RUN_COLUMNS_MAX)
            return luaL_error(L, "at most %d columns", RUN_COLUMNS_MAX);
        read_column(L, box);
        lua_settop(L, columns);
    }
    if (box->column_count == 0)
        return luaL_error(L, "a table has at least one column");
    table_count++;
    wire_begin(sandbox_wire(), WIRE_TABLE);
    send_field(L, 2, "id");
    send_field(L, 2, "title");
    wire_end(sandbox_wire());
    for (unsigned i = 0; i < box->column_count; i++) {
        wire_begin(sandbox_wire(), WIRE_COLUMN);
        wire_text(sandbox_wire(), box->names[i]);
        wire_integer(sandbox_wire(), box->units[i]);
        wire_end(sandbox_wire());
    }
    lua_settop(L, columns - 1);
    return 1;
}

// A cell of a number column: an integer, or a real that is one; negative only where signed.
static struct value number_cell(lua_State *L, int index, const struct table_box *box, unsigned i)
{
    const enum run_unit unit = box->units[i];
    if (lua_type(L, index) != LUA_TNUMBER)
        luaL_error(L, "column '%s' wants a number, not a %s", box->names[i],
                   luaL_typename(L, index));
    if (unit == RUN_RATIO)
        return value_real(lua_tonumber(L, index));
    int is_integer;
    lua_Integer number = lua_tointegerx(L, index, &is_integer);
    if (!is_integer && unit == RUN_NS && isfinite(lua_tonumber(L, index)))
        number = (lua_Integer)lua_tonumber(L, index); // an average, say
    else if (!is_integer)
        luaL_error(L, "column '%s' wants an integer, not %f (// divides integers)", box->names[i],
                   lua_tonumber(L, index));
    if (number < 0 && (unit == RUN_COUNT || unit == RUN_BYTES || unit == RUN_NS))
        luaL_error(L, "column '%s' is negative: signed = true", box->names[i]);
    return value_integer(number);
}

static int table_row(lua_State *L)
{
    struct table_box *box = luaL_checkudata(L, 1, API_TABLE);
    struct value cells[RUN_COLUMNS_MAX];
    if (lua_gettop(L) - 1 > (int)box->column_count)
        return luaL_error(L, "row: %d values for %d columns", lua_gettop(L) - 1,
                          (int)box->column_count);
    if (++box->rows > RUN_ROWS_MAX)
        return luaL_error(L, "a table has at most %d rows", RUN_ROWS_MAX);
    lua_settop(L, 1 + (int)box->column_count);
    for (unsigned i = 0; i < box->column_count; i++) {
        const int index = (int)i + 2;
        cells[i] = value_none();
        if (lua_isnil(L, index))
            continue;
        if (box->units[i] == RUN_TEXT) {
            luaL_tolstring(L, index, NULL);
            lua_replace(L, index);
            cells[i] = api_to_value(L, index);
        } else {
            cells[i] = number_cell(L, index, box, i);
        }
    }
    wire_begin(sandbox_wire(), WIRE_ROW);
    wire_integer(sandbox_wire(), box->number);
    for (unsigned i = 0; i < box->column_count; i++)
        wire_value(sandbox_wire(), &cells[i]);
    wire_end(sandbox_wire());
    return 0;
}

static int table_get_count(lua_State *L)
{
    const struct table_box *box = luaL_checkudata(L, 1, API_TABLE);
    lua_pushinteger(L, box->rows);
    return 1;
}

// ---- texts and findings ----

static int out_text(lua_State *L)
{
    const char *text = luaL_checkstring(L, 2);
    wire_begin(sandbox_wire(), WIRE_TEXT);
    wire_text(sandbox_wire(), text);
    wire_end(sandbox_wire());
    return 0;
}

static void send_objects(lua_State *L, const struct plugin_run *run)
{
    if (lua_getfield(L, 2, "objects") != LUA_TTABLE) {
        lua_pop(L, 1);
        return;
    }
    for (lua_Integer i = 1; i <= 16 && lua_geti(L, -1, i) != LUA_TNIL; i++) {
        uint32_t object;
        const int64_t id = lua_tointeger(L, -1);
        for (unsigned h = 0; h < run->heap_count; h++)
            if (plugin_heap_object(run->heaps[h], id, &object)) {
                wire_begin(sandbox_wire(), WIRE_OBJECT);
                wire_integer(sandbox_wire(), (int64_t)run->heaps[h]->snapshot->address[object]);
                wire_end(sandbox_wire());
            }
        lua_pop(L, 1);
    }
}

static const struct plugin_run *running(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "brille.run");
    const struct plugin_run *run = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return run;
}

static int out_finding(lua_State *L)
{
    static const char *const texts[] = {"id", "severity", "title", "detail", "suggest", NULL};
    static const char *const severities[] = {"note", "warn", "error", NULL};
    luaL_checktype(L, 2, LUA_TTABLE);
    check_texts(L, 2, texts);
    lua_getfield(L, 2, "severity");
    luaL_checkoption(L, -1, "note", severities);
    lua_pop(L, 1);
    if (lua_getfield(L, 2, "title") == LUA_TNIL)
        return luaL_error(L, "a finding has a title");
    lua_pop(L, 1);
    wire_begin(sandbox_wire(), WIRE_FINDING);
    for (int i = 0; texts[i]; i++)
        send_field(L, 2, texts[i]);
    wire_end(sandbox_wire());
    send_objects(L, running(L));
    return 0;
}

// ---- ctx ----

static int context_fail(lua_State *L)
{
    luaL_checkstring(L, 2);
    lua_createtable(L, 0, 2);
    lua_pushvalue(L, 2);
    lua_setfield(L, -2, "fail");
    if (lua_istable(L, 3)) {
        lua_getfield(L, 3, "hint");
        lua_setfield(L, -2, "hint");
    }
    return lua_error(L);
}

static int context_log(lua_State *L)
{
    static const char *const levels[] = {"debug", "info", "warn", NULL};
    const int level = luaL_checkoption(L, 2, NULL, levels);
    const char *text = luaL_checkstring(L, 3);
    wire_begin(sandbox_wire(), WIRE_LOG);
    wire_integer(sandbox_wire(), level);
    wire_text(sandbox_wire(), text);
    wire_end(sandbox_wire());
    wire_flush(sandbox_wire());
    return 0;
}

static int context_progress(lua_State *L)
{
    const double part = luaL_checknumber(L, 2);
    const char *text = luaL_optstring(L, 3, "");
    wire_begin(sandbox_wire(), WIRE_PROGRESS);
    wire_integer(sandbox_wire(), part < 0 ? 0 : part > 1 ? 1000 : (int64_t)(part * 1000));
    wire_text(sandbox_wire(), text);
    wire_end(sandbox_wire());
    wire_flush(sandbox_wire());
    return 0;
}

void api_add_context_functions(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"fail", context_fail},
        {"log", context_log},
        {"progress", context_progress},
        {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
}

void api_push_out(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"table", out_table}, {"text", out_text}, {"finding", out_finding}, {NULL, NULL}};
    luaL_newlib(L, functions);
}

// ---- the global `brille` ----

static int brille_bytes(lua_State *L)
{
    const lua_Integer n = luaL_checkinteger(L, 1);
    lua_pushstring(L, n < 0 ? format_bytes_change(n).text : format_bytes((uint64_t)n).text);
    return 1;
}

static int brille_ns(lua_State *L)
{
    const lua_Number n = luaL_checknumber(L, 1);
    lua_pushstring(L, format_time_ns(n < 0 ? 0 : (uint64_t)n).text);
    return 1;
}

static const char SORTED[] = // pairs in the order of the keys: output is the same in every run
    "local sort, kind = table.sort, type\n"
    "return function(t)\n"
    "  local keys, n, i = {}, 0, 0\n"
    "  for k in pairs(t) do n = n + 1; keys[n] = k end\n"
    "  sort(keys, function(a, b)\n"
    "    if kind(a) ~= kind(b) then return kind(a) < kind(b) end\n"
    "    return a < b\n"
    "  end)\n"
    "  return function() i = i + 1; if keys[i] ~= nil then return keys[i], t[keys[i]] end end\n"
    "end";

void api_out_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"row", table_row}, {"count", table_get_count}, {NULL, NULL}};
    static const luaL_Reg library[] = {{"bytes", brille_bytes}, {"ns", brille_ns}, {NULL, NULL}};
    luaL_newmetatable(L, API_TABLE);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    luaL_newlib(L, library);
    lua_pushinteger(L, PLUGIN_API);
    lua_setfield(L, -2, "api");
    if (luaL_loadstring(L, SORTED) != LUA_OK)
        lua_error(L);
    lua_call(L, 0, 1);
    lua_setfield(L, -2, "sorted");
    lua_setglobal(L, "brille");
}
