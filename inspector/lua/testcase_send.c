// The half of the tests of plugins that is executed in the jail: checks the tables of a test file
// and sends them. See testcase.h.
#include "inspector/lua/api.h"
#include "inspector/lua/event_names.h"
#include "inspector/lua/testcase_wire.h"

#include <string.h>

static const char *const CASE_KEYS[] = {"name",    "args",   "heap",     "heaps",
                                        "fixture", "events", "fixtures", "trace",
                                        "expect",  "golden", NULL};
static const char *const OBJECT_KEYS[] = {"type",  "size", "refcount", "gen", "label",
                                          "epoch", "n",    "refs",     NULL};
static const char *const EXPECT_KEYS[] = {"rows", "findings", "first", "error", "text", NULL};
static const char *const EVENT_KEYS[] = {
    "t",    "tid",   "kind",   "addr",     "type",   "size",      "gen",      "func", "file",
    "line", "other", "reason", "duration", "thread", "collected", "examined", NULL};

static void check_keys(lua_State *L, const char *what, const char *const *known)
{
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        bool found = lua_type(L, -2) == LUA_TNUMBER;
        for (int i = 0; known[i] && !found; i++)
            found = lua_type(L, -2) == LUA_TSTRING && strcmp(lua_tostring(L, -2), known[i]) == 0;
        if (!found)
            luaL_error(L, "%s: unknown key '%s'", what, luaL_tolstring(L, -2, NULL));
        lua_pop(L, 1);
    }
}

// Sends the fields of the table on top.
static void send_fields(lua_State *L, const char *const *keys)
{
    for (; *keys; keys++) {
        lua_getfield(L, -1, *keys);
        const struct value v = api_to_value(L, -1);
        wire_value(sandbox_wire(), &v);
        lua_pop(L, 1);
    }
}

// ---- heaps ----

// refs = { "a", "b" }: items. refs = { x = "a" }: attributes. A list of { "a", name = "x",
// kind = "value", class = "weak" } says all of it.
static void send_ref(lua_State *L)
{
    struct value target = api_to_value(L, -1), name = value_none(), none = value_none();
    struct value kind = value_text("item"), class = value_text("traversed");
    const int top = lua_gettop(L);
    if (lua_type(L, -2) == LUA_TSTRING) {
        name = api_to_value(L, -2);
        kind = value_text("attribute");
    }
    if (lua_istable(L, top)) {
        lua_geti(L, top, 1);
        target = api_to_value(L, -1);
        if (lua_getfield(L, top, "name") != LUA_TNIL)
            name = api_to_value(L, -1);
        if (lua_getfield(L, top, "kind") != LUA_TNIL)
            kind = api_to_value(L, -1);
        if (lua_getfield(L, top, "class") != LUA_TNIL)
            class = api_to_value(L, -1);
    }
    if (target.kind != VALUE_TEXT)
        luaL_error(L, "refs: each is the name of an object");
    wire_begin(sandbox_wire(), WIRE_CASE_REF);
    wire_value(sandbox_wire(), &target);
    wire_value(sandbox_wire(), name.kind == VALUE_TEXT ? &name : &none);
    wire_value(sandbox_wire(), &kind);
    wire_value(sandbox_wire(), &class);
    wire_end(sandbox_wire());
    lua_settop(L, top);
}

static void send_object(lua_State *L)
{
    static const char *const fields[] = {"type",  "size",  "refcount", "gen",
                                         "label", "epoch", "n",        NULL};
    if (!lua_istable(L, -1) || lua_geti(L, -1, 1) != LUA_TSTRING)
        luaL_error(L, "objects: each is { \"name\", type =, size =, refs = { } }");
    lua_pop(L, 1);
    check_keys(L, "object", OBJECT_KEYS);
    lua_geti(L, -1, 1);
    wire_begin(sandbox_wire(), WIRE_CASE_OBJECT);
    wire_text(sandbox_wire(), lua_tostring(L, -1));
    lua_pop(L, 1);
    send_fields(L, fields);
    wire_end(sandbox_wire());
    if (lua_getfield(L, -1, "refs") == LUA_TTABLE) {
        lua_pushnil(L);
        for (lua_Integer i = 1; lua_geti(L, -2, i) != LUA_TNIL; i++) { // in order, for ties
            lua_pushinteger(L, i);
            lua_insert(L, -2);
            send_ref(L);
            lua_pop(L, 2);
        }
        lua_pop(L, 2);
        lua_getglobal(L, "brille");
        lua_getfield(L, -1, "sorted");
        lua_pushvalue(L, -3);
        lua_call(L, 1, 1); // iterator
        for (;;) {
            lua_pushvalue(L, -1);
            lua_call(L, 0, 2);
            if (lua_isnil(L, -2)) {
                lua_pop(L, 2);
                break;
            }
            if (lua_type(L, -2) == LUA_TSTRING)
                send_ref(L);
            lua_pop(L, 2);
        }
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
}

static void send_root(lua_State *L)
{
    const int top = lua_gettop(L);
    if (!lua_istable(L, top) || lua_geti(L, top, 1) != LUA_TSTRING ||
        lua_geti(L, top, 2) != LUA_TSTRING)
        luaL_error(L, "roots: each is { \"__main__\", \"object\", kind = \"module\" }");
    lua_getfield(L, top, "kind");
    wire_begin(sandbox_wire(), WIRE_CASE_ROOT);
    wire_text(sandbox_wire(), lua_tostring(L, top + 1));
    wire_text(sandbox_wire(), lua_tostring(L, top + 2));
    wire_text(sandbox_wire(), lua_type(L, top + 3) == LUA_TSTRING ? lua_tostring(L, -1) : "module");
    wire_end(sandbox_wire());
    lua_settop(L, top);
}

static void send_list(lua_State *L, const char *key, void (*send)(lua_State *L))
{
    const int type = lua_getfield(L, -1, key);
    if (type != LUA_TNIL && type != LUA_TTABLE)
        luaL_error(L, "%s must be a list", key);
    for (lua_Integer i = 1; type == LUA_TTABLE && lua_geti(L, -1, i) != LUA_TNIL; i++) {
        luaL_checkstack(L, 20, NULL);
        send(L);
        lua_pop(L, 1);
    }
    lua_pop(L, type == LUA_TTABLE ? 2 : 1);
}

static void send_heap(lua_State *L)
{
    static const char *const keys[] = {"objects", "roots", NULL};
    if (!lua_istable(L, -1))
        luaL_error(L, "a heap is { objects = { ... }, roots = { ... } }");
    check_keys(L, "heap", keys);
    wire_begin(sandbox_wire(), WIRE_CASE_HEAP);
    wire_end(sandbox_wire());
    send_list(L, "objects", send_object);
    send_list(L, "roots", send_root);
}

// ---- the rest of a case ----

static void send_event(lua_State *L)
{
    if (!lua_istable(L, -1))
        luaL_error(L, "an event is { t =, kind =, ... }");
    check_keys(L, "event", EVENT_KEYS);
    lua_getfield(L, -1, "kind");
    if (lua_type(L, -1) != LUA_TSTRING || !event_find(lua_tostring(L, -1)))
        luaL_error(L, "there is no event '%s'", luaL_tolstring(L, -1, NULL));
    lua_pop(L, 1);
    wire_begin(sandbox_wire(), WIRE_CASE_EVENT);
    send_fields(L, EVENT_KEYS);
    wire_end(sandbox_wire());
}

static void send_expect(lua_State *L, enum testcase_expect what, const char *key, int value)
{
    const struct value v = value ? api_to_value(L, value) : value_none();
    wire_begin(sandbox_wire(), WIRE_CASE_EXPECT);
    wire_integer(sandbox_wire(), what);
    wire_text(sandbox_wire(), key);
    wire_value(sandbox_wire(), &v);
    wire_end(sandbox_wire());
}

static void send_first(lua_State *L)
{
    const int top = lua_gettop(L);
    if (!lua_istable(L, top) || lua_type(L, top - 1) != LUA_TSTRING)
        luaL_error(L, "expect.first is { table = { column = value } }");
    lua_pushnil(L);
    while (lua_next(L, top)) {
        lua_pushfstring(L, "%s.%s", lua_tostring(L, top - 1), luaL_tolstring(L, -2, NULL));
        send_expect(L, EXPECT_FIRST, lua_tostring(L, -1), lua_gettop(L) - 2);
        lua_pop(L, 3);
    }
}

static void send_expects(lua_State *L)
{
    if (lua_getfield(L, -1, "expect") != LUA_TTABLE) {
        lua_pop(L, 1);
        return;
    }
    const int expect = lua_gettop(L);
    check_keys(L, "expect", EXPECT_KEYS);
    static const char *const texts[] = {"error", "text"};
    for (int i = 0; i < 2; i++) {
        if (lua_getfield(L, expect, texts[i]) == LUA_TSTRING)
            send_expect(L, i ? EXPECT_TEXT : EXPECT_ERROR, lua_tostring(L, -1), 0);
        lua_pop(L, 1);
    }
    if (lua_getfield(L, expect, "findings") == LUA_TTABLE) {
        if (lua_rawlen(L, -1) == 0)
            send_expect(L, EXPECT_NONE, "", 0);
        for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++) {
            send_expect(L, EXPECT_FINDING, luaL_checkstring(L, -1), 0);
            lua_pop(L, 1);
        }
    }
    lua_settop(L, expect);
    for (int i = 0; i < 2; i++) {
        if (lua_getfield(L, expect, i ? "first" : "rows") == LUA_TTABLE) {
            lua_pushnil(L);
            while (lua_next(L, expect + 1)) {
                if (i)
                    send_first(L);
                else
                    send_expect(L, EXPECT_ROWS, luaL_checkstring(L, -2), lua_gettop(L));
                lua_pop(L, 1);
            }
        }
        lua_settop(L, expect);
    }
    lua_pop(L, 1);
}

static void send_file(lua_State *L)
{
    wire_begin(sandbox_wire(), WIRE_CASE_FILE);
    wire_text(sandbox_wire(), luaL_checkstring(L, -1));
    wire_end(sandbox_wire());
}

static void send_args(lua_State *L)
{
    if (lua_getfield(L, -1, "args") == LUA_TTABLE) {
        lua_pushnil(L);
        while (lua_next(L, -2)) {
            wire_begin(sandbox_wire(), WIRE_CASE_ARG);
            lua_pushvalue(L, -2);
            wire_text(sandbox_wire(), lua_tostring(L, -1));
            lua_pop(L, 1);
            wire_text(sandbox_wire(), luaL_tolstring(L, -1, NULL));
            wire_end(sandbox_wire());
            lua_pop(L, 2);
        }
    }
    lua_pop(L, 1);
}

static void send_case(lua_State *L)
{
    if (!lua_istable(L, -1))
        luaL_error(L, "a case is a table");
    check_keys(L, "case", CASE_KEYS);
    lua_getfield(L, -1, "name");
    lua_getfield(L, -2, "golden");
    lua_getfield(L, -3, "trace");
    if (!lua_isstring(L, -3))
        luaL_error(L, "a case has a name");
    const bool events = lua_getfield(L, -4, "events") == LUA_TTABLE;
    lua_pop(L, 1);
    wire_begin(sandbox_wire(), WIRE_CASE);
    wire_text(sandbox_wire(), lua_tostring(L, -3));
    wire_text(sandbox_wire(), lua_tostring(L, -2));
    wire_text(sandbox_wire(), lua_tostring(L, -1));
    wire_integer(sandbox_wire(), events);
    wire_end(sandbox_wire());
    lua_pop(L, 3);
    send_args(L);
    if (lua_getfield(L, -1, "heap") != LUA_TNIL)
        send_heap(L);
    lua_pop(L, 1);
    send_list(L, "heaps", send_heap);
    if (lua_getfield(L, -1, "fixture") != LUA_TNIL)
        send_file(L);
    lua_pop(L, 1);
    send_list(L, "fixtures", send_file);
    send_list(L, "events", send_event);
    send_expects(L);
}

int testcase_send(lua_State *L)
{
    if (!lua_istable(L, 1))
        return luaL_error(L, "a test file returns a list of cases");
    for (lua_Integer i = 1; lua_geti(L, 1, i) != LUA_TNIL; i++) {
        send_case(L);
        lua_pop(L, 1);
    }
    return 0;
}
