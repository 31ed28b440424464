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
    bool objects[RUN_COLUMNS_MAX]; // takes ids
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

static const struct plugin_run *running(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "brille.run");
    const struct plugin_run *run = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return run;
}

// Keys of the table at 2 must be among the words.
static void check_keys(lua_State *L, const char *what, const char *words)
{
    lua_pushnil(L);
    while (lua_next(L, 2)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        const size_t length = strlen(key);
        bool known = false;
        for (const char *w = words; w && !known; w = strchr(w, ' '), w = w ? w + 1 : NULL)
            known = strncmp(w, key, length) == 0 && (w[length] == ' ' || !w[length]);
        if (!known)
            luaL_error(L, "%s: unknown key '%s'", what, key);
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
        {"text", RUN_TEXT, RUN_TEXT},
        {"count", RUN_COUNT, RUN_CHANGE},
        {"bytes", RUN_BYTES, RUN_BYTES_CHANGE},
        {"ns", RUN_NS, RUN_NS},
        {"ratio", RUN_RATIO, RUN_RATIO},
        {"address", RUN_ADDRESS, RUN_ADDRESS},
        {"time", RUN_NS, RUN_NS},
        {"object", RUN_ADDRESS, RUN_ADDRESS},
        {"thread", RUN_TEXT, RUN_TEXT},
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
    luaL_error(
        L, "there is no unit '%s' (text, count, bytes, ns, time, ratio, address, object, thread)",
        unit);
    return RUN_TEXT;
}

// Takes the name on top of the stack. It is a key of JSON, too: two of them would be one.
static const char *read_name(lua_State *L, struct table_box *box)
{
    char *name = box->names[box->column_count];
    snprintf(name, sizeof box->names[0], "%s", lua_tostring(L, -1));
    for (unsigned i = 0; i < box->column_count; i++)
        if (strcmp(box->names[i], name) == 0)
            luaL_error(L, "there are two columns '%s'", name);
    return name;
}

static void read_column(lua_State *L, struct table_box *box)
{
    const int column = lua_gettop(L);
    if (lua_type(L, column) == LUA_TSTRING) { // "type" for { "type" }
        read_name(L, box);
        box->units[box->column_count++] = RUN_TEXT;
        return;
    }
    luaL_checktype(L, column, LUA_TTABLE);
    if (lua_geti(L, column, 1) != LUA_TSTRING)
        luaL_error(L, "a column is { \"name\", unit = ... }");
    const char *name = read_name(L, box);
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_' && *c != ' ')
            luaL_error(L, "column '%s': letters, digits, blanks and _ only", name);
    box->units[box->column_count] = read_unit(L, column);
    lua_getfield(L, column, "unit");
    box->objects[box->column_count++] =
        lua_isstring(L, -1) && strcmp(lua_tostring(L, -1), "object") == 0;
    lua_settop(L, column);
}

int api_out_table(lua_State *L)
{
    static const char *const texts[] = {"id", "title", NULL};
    luaL_checktype(L, 2, LUA_TTABLE);
    check_texts(L, 2, texts);
    check_keys(L, "table", "id title columns");
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
    const double real = lua_tonumber(L, index);
    if (unit == RUN_RATIO) // of nothing: there is none
        return isfinite(real) ? value_real(real) : value_none();
    int is_integer;
    lua_Integer number = lua_tointegerx(L, index, &is_integer);
    if (!is_integer && unit == RUN_NS && fabs(real) < 0x1p63)
        number = (lua_Integer)real; // an average, say
    else if (!is_integer)
        luaL_error(L, "column '%s' wants an integer, not %f (// divides integers)", box->names[i],
                   real);
    if (number < 0 && (unit == RUN_COUNT || unit == RUN_BYTES || unit == RUN_NS))
        luaL_error(L, "column '%s' is negative%s", box->names[i],
                   unit == RUN_NS ? "" : ": signed = true");
    return value_integer(number);
}

static uint64_t address_of(lua_State *L, struct plugin_heap *heap, uint32_t object)
{
    api_need(L, heap, SNAPSHOT_ADDRESSES);
    return heap->snapshot->address[object];
}

// `unit = "object"` takes an id and shows the address.
static struct value object_cell(lua_State *L, int index)
{
    uint32_t object;
    const struct plugin_run *run = running(L);
    const int64_t id = luaL_checkinteger(L, index);
    for (unsigned h = 0; h < run->heap_count; h++)
        if (plugin_heap_object(run->heaps[h], id, &object))
            return value_integer((int64_t)address_of(L, run->heaps[h], object));
    luaL_error(L, "this is no id");
    return value_none();
}

int api_table_row(lua_State *L)
{
    struct table_box *box = luaL_checkudata(L, 1, API_TABLE);
    struct value cells[RUN_COLUMNS_MAX];
    if (lua_gettop(L) - 1 > (int)box->column_count)
        return luaL_error(L, "row: %d values for %d columns", lua_gettop(L) - 1,
                          (int)box->column_count);
    if (box->rows == RUN_ROWS_MAX)
        return luaL_error(L, "a table has at most %d rows", RUN_ROWS_MAX);
    lua_settop(L, 1 + (int)box->column_count);
    for (unsigned i = 0; i < box->column_count; i++) {
        const int index = (int)i + 2;
        cells[i] = value_none();
        if (lua_isnil(L, index))
            continue;
        if (box->objects[i]) {
            cells[i] = object_cell(L, index);
        } else if (box->units[i] == RUN_TEXT) {
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
    box->rows++;
    return 0;
}

int api_table_count(lua_State *L)
{
    const struct table_box *box = luaL_checkudata(L, 1, API_TABLE);
    lua_pushinteger(L, box->rows);
    return 1;
}

// ---- texts and findings ----

int api_out_text(lua_State *L)
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
                const uint64_t address = address_of(L, run->heaps[h], object);
                wire_begin(sandbox_wire(), WIRE_OBJECT);
                wire_integer(sandbox_wire(), (int64_t)address);
                wire_end(sandbox_wire());
            }
        lua_pop(L, 1);
    }
}

int api_out_finding(lua_State *L)
{
    static const char *const texts[] = {"id", "severity", "title", "detail", "suggest", NULL};
    static const char *const severities[] = {"note", "warn", "error", NULL};
    luaL_checktype(L, 2, LUA_TTABLE);
    check_texts(L, 2, texts);
    check_keys(L, "finding", "id severity title detail suggest objects confidence");
    lua_getfield(L, 2, "confidence");
    const double confidence = luaL_optnumber(L, -1, -1);
    if (!lua_isnil(L, -1) && !(confidence >= 0 && confidence <= 1))
        return luaL_error(L, "a confidence is between 0 and 1");
    lua_pop(L, 1);
    lua_getfield(L, 2, "severity");
    luaL_checkoption(L, -1, "note", severities);
    lua_pop(L, 1);
    if (lua_getfield(L, 2, "title") == LUA_TNIL)
        return luaL_error(L, "a finding has a title");
    lua_pop(L, 1);
    wire_begin(sandbox_wire(), WIRE_FINDING);
    for (int i = 0; texts[i]; i++)
        send_field(L, 2, texts[i]);
    wire_integer(sandbox_wire(), confidence < 0 ? -1 : (int64_t)(confidence * 1000 + 0.5));
    wire_end(sandbox_wire());
    send_objects(L, running(L));
    return 0;
}

// ---- charts ----

static void send_axis(lua_State *L, const char *axis)
{
    lua_getfield(L, 2, axis);
    for (int i = 0; i < 2; i++) {
        if (lua_istable(L, -1))
            lua_getfield(L, -1, i ? "unit" : "label");
        else
            lua_pushnil(L);
        wire_text(sandbox_wire(), lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "");
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static bool is_finite(const struct value *value)
{
    return value_is_number(value) && isfinite(value_as_real(value));
}

// The points of the series on top: {x, y}, x a number or a text.
static void send_points(lua_State *L)
{
    if (lua_getfield(L, -1, "points") != LUA_TTABLE)
        luaL_error(L, "chart: a series has points = { { x, y }, ... }");
    for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++) {
        if (!lua_istable(L, -1) || i > RUN_POINTS_MAX)
            luaL_error(L, "chart: at most %d points, each { x, y }", RUN_POINTS_MAX);
        lua_geti(L, -1, 1);
        lua_geti(L, -2, 2);
        const struct value x = api_to_value(L, -2), y = api_to_value(L, -1);
        if (!is_finite(&y) || (x.kind != VALUE_TEXT && !is_finite(&x)))
            luaL_error(L, "chart: a point is { number or string, number }");
        wire_begin(sandbox_wire(), WIRE_POINT);
        wire_value(sandbox_wire(), &x);
        wire_value(sandbox_wire(), &y);
        wire_end(sandbox_wire());
        lua_pop(L, 3);
    }
    lua_pop(L, 2);
}

int api_out_chart(lua_State *L)
{
    static const char *const texts[] = {"id", "title", NULL};
    static const char *const kinds[] = {"bar", "line", "hist", "stack", NULL};
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    check_texts(L, 2, texts);
    check_keys(L, "chart", "id kind title x y series");
    lua_getfield(L, 2, "kind");
    const int kind = luaL_checkoption(L, -1, "bar", kinds);
    if (lua_getfield(L, 2, "series") != LUA_TTABLE)
        return luaL_error(L, "chart: series = { { name =, points = { { x, y }, ... } }, ... }");
    wire_begin(sandbox_wire(), WIRE_CHART);
    send_field(L, 2, "id");
    wire_text(sandbox_wire(), kinds[kind]);
    send_field(L, 2, "title");
    send_axis(L, "x");
    send_axis(L, "y");
    wire_end(sandbox_wire());
    for (lua_Integer i = 1; lua_geti(L, 4, i) != LUA_TNIL; i++) {
        if (!lua_istable(L, -1) || i > RUN_SERIES_MAX)
            return luaL_error(L, "chart: at most %d series, each a table", RUN_SERIES_MAX);
        lua_getfield(L, -1, "name");
        wire_begin(sandbox_wire(), WIRE_SERIES);
        wire_text(sandbox_wire(), lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "");
        wire_end(sandbox_wire());
        lua_pop(L, 1);
        send_points(L);
        lua_settop(L, 4);
    }
    return 0;
}

// ---- ctx ----

int api_ctx_fail(lua_State *L)
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

int api_ctx_log(lua_State *L)
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

int api_ctx_progress(lua_State *L)
{
    const double part = luaL_checknumber(L, 2);
    const char *text = luaL_optstring(L, 3, "");
    wire_begin(sandbox_wire(), WIRE_PROGRESS);
    wire_integer(sandbox_wire(), part > 1 ? 1000 : part > 0 ? (int64_t)(part * 1000) : 0);
    wire_text(sandbox_wire(), text);
    wire_end(sandbox_wire());
    wire_flush(sandbox_wire());
    return 0;
}

void api_add_context_functions(lua_State *L)
{
    static const luaL_Reg functions[] = {
#define CTX_FUNCTION(name, parameters, returns, doc) {#name, api_ctx_##name},
#include "inspector/lua/functions.def"
        {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
}

void api_push_out(lua_State *L)
{
    static const luaL_Reg functions[] = {
#define OUT_FUNCTION(name, parameters, returns, doc) {#name, api_out_##name},
#include "inspector/lua/functions.def"
        {NULL, NULL},
    };
    luaL_newlib(L, functions);
}

// ---- the global `brille` ----

int api_brille_bytes(lua_State *L)
{
    const lua_Integer n = luaL_checkinteger(L, 1);
    lua_pushstring(L, n < 0 ? format_bytes_change(n).text : format_bytes((uint64_t)n).text);
    return 1;
}

int api_brille_ns(lua_State *L)
{
    const lua_Number n = luaL_checknumber(L, 1);
    lua_pushstring(L, format_time_ns(n >= 0x1p63 ? INT64_MAX : n > 0 ? (uint64_t)n : 0).text);
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

int api_brille_sorted(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, "brille.sorted");
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

// brille.has("set.hist"): of functions.def, columns.def and eventcolumns.def.
int api_brille_has(lua_State *L)
{
    static const char *const FEATURES[] = {
#define HEAP_FUNCTION(name, parameters, returns, doc)   "heap." #name,
#define SET_FUNCTION(name, parameters, returns, doc)    "set." #name,
#define GROUPS_FUNCTION(name, parameters, returns, doc) "groups." #name,
#define DIFF_FUNCTION(name, parameters, returns, doc)   "diff." #name,
#define EVENTS_FUNCTION(name, parameters, returns, doc) "events." #name,
#define OUT_FUNCTION(name, parameters, returns, doc)    "out." #name,
#define TABLE_FUNCTION(name, parameters, returns, doc)  "table." #name,
#define CTX_FUNCTION(name, parameters, returns, doc)    "ctx." #name,
#define BRILLE_FUNCTION(name, parameters, returns, doc) "brille." #name,
#include "inspector/lua/functions.def"
    };
    const char *wanted = luaL_checkstring(L, 1);
    bool has = strncmp(wanted, "heap.", 5) == 0 &&
               column_find(wanted + 5, strlen(wanted + 5)) != COLUMN_COUNT;
    has = has || (strncmp(wanted, "events.", 7) == 0 && api_has_event_column(wanted + 7));
    for (size_t i = 0; i < sizeof FEATURES / sizeof *FEATURES; i++)
        has = has || strcmp(wanted, FEATURES[i]) == 0;
    lua_pushboolean(L, has);
    return 1;
}

void api_out_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
#define TABLE_FUNCTION(name, parameters, returns, doc) {#name, api_table_##name},
#include "inspector/lua/functions.def"
        {NULL, NULL},
    };
    static const luaL_Reg library[] = {
#define BRILLE_FUNCTION(name, parameters, returns, doc) {#name, api_brille_##name},
#include "inspector/lua/functions.def"
        {NULL, NULL},
    };
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
    lua_setfield(L, LUA_REGISTRYINDEX, "brille.sorted");
    lua_setglobal(L, "brille");
}
