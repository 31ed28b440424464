// The declaration: checks the table that a plugin file returns, in the child, and sends it to the
// host. Everything is checked here, once, so that `run` can rely on it and a mistake is found by
// `brille plugin list` already. Unknown keys are errors: a misspelt `need` must not be silence.
#include "inspector/lua/plugin.h"
#include "inspector/lua/sandbox.h"
#include "tracer/abi/events.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SUMMARY_MAX 90

static const char *const PLUGIN_KEYS[] = {"api",    "name",    "version",    "summary", "doc",
                                          "author", "license", "categories", "needs",   "args",
                                          "run",    "stop",    NULL};
static const char *const NEED_KEYS[] = {"heap",    "heaps",  "refs", "retained", "values",
                                        "threads", "events", "live", NULL};
static const char *const ARG_KEYS[] = {"type", "default", "required", "min",
                                       "max",  "choices", "doc",      NULL};
// What the command line already means something else by.
static const char *const TAKEN[] = {"json", "tsv",     "help",    "no-fork",     "wait",
                                    "time", "mem",     "fail-on", "plugin-path", "seconds",
                                    "exe",  "sysroot", "live",    NULL};

static bool one_of(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(word, *list) == 0)
            return true;
    return false;
}

// Every text key of the table on top must be in the list; number keys are allowed from 1 to
// `items`.
static void check_keys(lua_State *L, const char *what, const char *const *known, lua_Integer items)
{
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        if (lua_type(L, -2) == LUA_TNUMBER) {
            const lua_Integer i = lua_tointeger(L, -2);
            if (i < 1 || i > items)
                luaL_error(L, "%s: nothing belongs at [%d]", what, (int)i);
        } else if (lua_type(L, -2) != LUA_TSTRING || !one_of(lua_tostring(L, -2), known)) {
            luaL_error(L, "%s: unknown key '%s'", what, luaL_tolstring(L, -2, NULL));
        }
        lua_pop(L, 1);
    }
}

static bool is_name(const char *text)
{
    if (!islower((unsigned char)*text))
        return false;
    for (; *text; text++)
        if (!islower((unsigned char)*text) && !isdigit((unsigned char)*text) && *text != '-')
            return false;
    return true;
}

// A text field of the table on top, or NULL. It stays on the stack, so that it lives.
static const char *text_field(lua_State *L, int table, const char *key, bool required)
{
    const int type = lua_getfield(L, table, key);
    if (type == LUA_TNIL && !required)
        return NULL;
    if (type != LUA_TSTRING)
        luaL_error(L, "%s must be a string", key);
    return lua_tostring(L, -1);
}

// ---- needs ----

static uint64_t event_kind_bit(lua_State *L, const char *word)
{
#define EVENT(id, name_, stream, wire, classes, fields) \
    if (id < 32 && strcmp(word, #name_) == 0)           \
        return UINT64_C(1) << (id);
#include "tracer/abi/events.def"
    luaL_error(L, "needs.events: there is no event '%s'", word);
    return 0;
}

static uint64_t event_kinds(lua_State *L)
{
    uint64_t kinds = 0;
    if (lua_isboolean(L, -1))
        return 0;
    if (!lua_istable(L, -1))
        luaL_error(L, "needs.events must be true or a list of events");
    for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++) {
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "needs.events must be true or a list of events");
        kinds |= event_kind_bit(L, lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return kinds;
}

static bool flag_field(lua_State *L, const char *key)
{
    const int type = lua_getfield(L, -1, key);
    if (type != LUA_TNIL && type != LUA_TBOOLEAN)
        luaL_error(L, "needs.%s must be true or false", key);
    const bool flag = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return flag;
}

// Sends heaps, refs, retained, events, kinds.
static void send_needs(lua_State *L, int table)
{
    lua_Integer heaps = 0;
    uint64_t kinds = 0;
    bool refs = false, retained = false, events = false, live = false;
    if (lua_getfield(L, table, "needs") != LUA_TNIL) {
        if (!lua_istable(L, -1))
            luaL_error(L, "needs must be a table");
        check_keys(L, "needs", NEED_KEYS, 0);
        heaps = flag_field(L, "heap");
        refs = flag_field(L, "refs");
        retained = flag_field(L, "retained");
        live = flag_field(L, "live");
        const bool more = flag_field(L, "values") | flag_field(L, "threads"); // every heap has them
        if (lua_getfield(L, -1, "heaps") != LUA_TNIL) {
            heaps = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
            if (heaps < 1 || heaps > PLUGIN_HEAPS_MAX)
                luaL_error(L, "needs.heaps must be 1 or 2");
        }
        lua_pop(L, 1);
        if ((refs || retained || more) && heaps == 0)
            heaps = 1;
        if (lua_getfield(L, -1, "events") != LUA_TNIL) {
            events = lua_toboolean(L, -1);
            kinds = event_kinds(L);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    struct wire *wire = sandbox_wire();
    wire_integer(wire, heaps);
    wire_integer(wire, refs);
    wire_integer(wire, retained);
    wire_integer(wire, events);
    wire_integer(wire, (int64_t)kinds);
    wire_integer(wire, live);
}

// ---- arguments ----

static int arg_type(lua_State *L, const char *argument, const char *word)
{
    for (int i = 0; i < ARG_TYPE_COUNT; i++)
        if (strcmp(word, plugin_arg_type_word((enum plugin_arg_type)i)) == 0)
            return i;
    return luaL_error(L, "argument '%s': there is no type '%s'", argument, word);
}

// A default, min or max. bytes and durations may be texts; the host parses those.
static struct value scalar_field(lua_State *L, int table, const char *key)
{
    switch (lua_getfield(L, table, key)) {
    case LUA_TNIL:
        return value_none();
    case LUA_TBOOLEAN:
        return value_bool(lua_toboolean(L, -1));
    case LUA_TSTRING:
        return value_text(lua_tostring(L, -1));
    case LUA_TNUMBER:
        return lua_isinteger(L, -1) ? value_integer(lua_tointeger(L, -1))
                                    : value_real(lua_tonumber(L, -1));
    default:
        luaL_error(L, "%s must be a number, a string or a boolean", key);
        return value_none();
    }
}

static void check_default(lua_State *L, const char *name, int type, const struct value *v)
{
    static const unsigned fits[] = {
        [ARG_FLAG] = 1 << VALUE_BOOL,
        [ARG_INTEGER] = 1 << VALUE_INTEGER,
        [ARG_NUMBER] = 1 << VALUE_INTEGER | 1 << VALUE_REAL,
        [ARG_STRING] = 1 << VALUE_TEXT,
        [ARG_BYTES] = 1 << VALUE_INTEGER | 1 << VALUE_TEXT,
        [ARG_DURATION] = 1 << VALUE_INTEGER | 1 << VALUE_TEXT,
        [ARG_ADDRESS] = 1 << VALUE_INTEGER,
        [ARG_OBJECT] = 0,
        [ARG_TYPE] = 1 << VALUE_TEXT,
        [ARG_THREAD] = 1 << VALUE_INTEGER | 1 << VALUE_TEXT,
        [ARG_WHERE] = 1 << VALUE_TEXT,
    };
    if (v->kind != VALUE_NONE && !(fits[type] >> v->kind & 1))
        luaL_error(L, "argument '%s': the default cannot be %s of type %s", name,
                   v->kind == VALUE_TEXT ? "a text" : "a value",
                   plugin_arg_type_word((enum plugin_arg_type)type));
}

// Whoever does not give the argument must not be told that it is wrong.
static void check_range(lua_State *L, const char *name, const struct value *fallback,
                        const struct value *min, const struct value *max)
{
    if (!value_is_number(fallback))
        return;
    const double number = value_as_real(fallback);
    if ((min->kind && !(number >= value_as_real(min))) ||
        (max->kind && !(number <= value_as_real(max))))
        luaL_error(L, "argument '%s': the default is not between min and max", name);
}

static void send_choices(lua_State *L, int table, const char *name, const struct value *fallback)
{
    bool is_choice = fallback->kind != VALUE_TEXT;
    const int kind = lua_getfield(L, table, "choices");
    if (kind == LUA_TNIL)
        return;
    if (kind != LUA_TTABLE)
        luaL_error(L, "argument '%s': choices must be a list of strings", name);
    for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++) {
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "argument '%s': choices must be a list of strings", name);
        is_choice = is_choice || strcmp(lua_tostring(L, -1), fallback->text) == 0;
        wire_begin(sandbox_wire(), WIRE_CHOICE);
        wire_text(sandbox_wire(), lua_tostring(L, -1));
        wire_end(sandbox_wire());
        lua_pop(L, 1);
    }
    if (!is_choice)
        luaL_error(L, "argument '%s': the default is none of the choices", name);
}

static void send_argument(lua_State *L)
{
    const int table = lua_gettop(L);
    if (lua_geti(L, table, 1) != LUA_TSTRING || !is_name(lua_tostring(L, -1)))
        luaL_error(L, "args: each begins with its name, in [a-z][a-z0-9-]*");
    const char *name = lua_tostring(L, -1);
    lua_pushvalue(L, table);
    lua_pushfstring(L, "argument '%s'", name);
    const char *what = lua_tostring(L, -1);
    lua_insert(L, -2);
    check_keys(L, what, ARG_KEYS, 1);
    if (one_of(name, TAKEN))
        luaL_error(L, "argument '%s': that name is brille's own", name);
    const char *word = text_field(L, table, "type", false);
    const int type = arg_type(L, name, word ? word : "string");
    const char *doc = text_field(L, table, "doc", false);
    const struct value fallback = scalar_field(L, table, "default");
    const struct value min = scalar_field(L, table, "min"), max = scalar_field(L, table, "max");
    check_default(L, name, type, &fallback);
    if ((min.kind && !value_is_number(&min)) || (max.kind && !value_is_number(&max)))
        luaL_error(L, "argument '%s': min and max are numbers", name);
    check_range(L, name, &fallback, &min, &max);
    lua_getfield(L, table, "required");
    struct wire *wire = sandbox_wire();
    wire_begin(wire, WIRE_ARGUMENT);
    wire_text(wire, name);
    wire_integer(wire, type);
    wire_text(wire, doc);
    wire_integer(wire, lua_toboolean(L, -1));
    wire_value(wire, &fallback);
    wire_value(wire, &min);
    wire_value(wire, &max);
    wire_end(wire);
    send_choices(L, table, name, &fallback);
    lua_settop(L, table);
}

static void send_arguments(lua_State *L, int table)
{
    if (lua_getfield(L, table, "args") == LUA_TNIL)
        return;
    if (!lua_istable(L, -1))
        luaL_error(L, "args must be a list");
    const char *const none[] = {NULL};
    check_keys(L, "args", none, PLUGIN_ARGS_MAX);
    const int args = lua_gettop(L);
    lua_newtable(L); // names so far
    for (lua_Integer i = 1; lua_geti(L, args, i) != LUA_TNIL; i++) {
        if (!lua_istable(L, -1))
            luaL_error(L, "args[%d] must be a table", (int)i);
        luaL_checkstack(L, 20, NULL);
        send_argument(L);
        lua_geti(L, -1, 1);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, args + 1) != LUA_TNIL)
            luaL_error(L, "args: there are two '%s'", lua_tostring(L, -2));
        lua_pushvalue(L, -2);
        lua_pushboolean(L, true);
        lua_rawset(L, args + 1);
        lua_settop(L, args + 1);
    }
}

// A minimum: 1, or "1.2" when it uses what came with 1.2.
static void check_api(lua_State *L, int table)
{
    int major = 0, minor = 0;
    const int type = lua_getfield(L, table, "api");
    if (type == LUA_TSTRING)
        sscanf(lua_tostring(L, -1), "%d.%d", &major, &minor);
    else if (type == LUA_TNUMBER && lua_isinteger(L, -1))
        major = (int)lua_tointeger(L, -1);
    if (major != PLUGIN_API || minor < 0)
        luaL_error(L, "api must be %d", PLUGIN_API);
    if (minor > PLUGIN_API_MINOR)
        luaL_error(L, "it needs api %d.%d, and this brille has %d.%d", major, minor, PLUGIN_API,
                   PLUGIN_API_MINOR);
    lua_pop(L, 1);
}

static void check_categories(lua_State *L, int table)
{
    const int type = lua_getfield(L, table, "categories");
    if (type != LUA_TNIL && type != LUA_TTABLE)
        luaL_error(L, "categories must be a list of strings");
    for (lua_Integer i = 1; type == LUA_TTABLE && lua_geti(L, -1, i) != LUA_TNIL; i++) {
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "categories must be a list of strings");
        lua_pop(L, 1);
    }
    const int stop = lua_getfield(L, table, "stop");
    if (stop != LUA_TNIL && stop != LUA_TFUNCTION)
        luaL_error(L, "stop must be a function");
    lua_settop(L, table);
}

int plugin_declare(lua_State *L)
{
    const int table = lua_gettop(L);
    if (!lua_istable(L, table))
        return luaL_error(L, "the file must return a table, and returned a %s",
                          luaL_typename(L, table));
    check_keys(L, "the plugin", PLUGIN_KEYS, 0);
    check_api(L, table);
    check_categories(L, table);
    if (lua_getfield(L, table, "run") != LUA_TFUNCTION)
        return luaL_error(L, "run must be a function");
    const char *name = text_field(L, table, "name", true);
    if (!is_name(name))
        return luaL_error(L, "name must be in [a-z][a-z0-9-]*, and is '%s'", name);
    const char *summary = text_field(L, table, "summary", true);
    const char *version = text_field(L, table, "version", false);
    const char *doc = text_field(L, table, "doc", false);
    const char *author = text_field(L, table, "author", false);
    const char *license = text_field(L, table, "license", false);
    if (strlen(summary) > SUMMARY_MAX)
        return luaL_error(L, "summary must be at most %d bytes", SUMMARY_MAX);
    struct wire *wire = sandbox_wire();
    wire_begin(wire, WIRE_PLUGIN);
    wire_text(wire, name);
    wire_text(wire, version);
    wire_text(wire, summary);
    wire_text(wire, doc);
    wire_text(wire, author);
    wire_text(wire, license);
    send_needs(L, table);
    wire_end(wire);
    send_arguments(L, table);
    return 0;
}
