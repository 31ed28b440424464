// events:pair and events:window: events put together, an opening with its closing, or all of a
// piece of time. See api.h; what reads them is pass.h.
#include "inspector/lua/pass.h"

#include <string.h>

#define WINDOW_ROWS_MAX (UINT32_C(1) << 22)

// ---- pairs ----

enum { PAIR_PASS = 1, PAIR_SPEC, PAIR_OPEN, PAIR_STATE };

struct pairing {
    uint64_t open, close; // bits of kinds
    enum event_column key;
    unsigned count;
    enum event_column columns[API_EACH_MAX];
};

static uint64_t pair_kinds(lua_State *L, const struct events_box *box, const char *field)
{
    uint64_t kinds = 0;
    const int type = lua_getfield(L, 2, field);
    if (type == LUA_TSTRING)
        kinds = event_kind_check(L, box, lua_tostring(L, -1));
    for (lua_Integer i = 1; type == LUA_TTABLE && lua_geti(L, -1, i) != LUA_TNIL; i++) {
        kinds |= event_kind_check(L, box, luaL_checkstring(L, -1));
        lua_pop(L, 1);
    }
    if (!kinds)
        luaL_error(L, "pair: %s = \"kind\" is missing", field);
    lua_settop(L, 2);
    return kinds;
}

static void push_columns(lua_State *L, int owner, struct pass *pass, const struct pairing *pairing)
{
    lua_createtable(L, 0, (int)pairing->count);
    for (unsigned i = 0; i < pairing->count; i++) {
        pass_push_column(L, pass, pairing->columns[i], owner, 0);
        lua_setfield(L, -2, event_column_name(pairing->columns[i]));
    }
}

static int pair_end(lua_State *L)
{
    lua_Integer left = 0;
    lua_pushnil(L);
    while (lua_next(L, lua_upvalueindex(PAIR_OPEN))) {
        lua_pop(L, 1);
        left++;
    }
    lua_pushinteger(L, left);
    lua_setfield(L, lua_upvalueindex(PAIR_SPEC), "unclosed");
    return 0;
}

// A second opening before the closing is part of the first.
static int pair_next(lua_State *L)
{
    struct pass *pass = lua_touserdata(L, lua_upvalueindex(PAIR_PASS));
    const struct pairing *pairing = lua_touserdata(L, lua_upvalueindex(PAIR_STATE));
    while (pass_next(L, pass)) {
        const uint64_t kind = UINT64_C(1) << pass->row.event.kind;
        lua_settop(L, 0);
        pass_push_column(L, pass, pairing->key, lua_upvalueindex(PAIR_PASS), 0);
        if (lua_isnil(L, 1))
            continue;
        lua_pushvalue(L, 1);
        const bool is_open = lua_rawget(L, lua_upvalueindex(PAIR_OPEN)) != LUA_TNIL;
        if (kind & pairing->close && is_open) { // key, open
            lua_pushvalue(L, 1);
            lua_pushnil(L);
            lua_rawset(L, lua_upvalueindex(PAIR_OPEN));
            lua_rawgeti(L, 2, 1);
            const lua_Integer start = lua_tointeger(L, -1);
            lua_pushinteger(L, (lua_Integer)pass->row.event.time_ns - start);
            lua_pushvalue(L, 1);
            lua_pushvalue(L, 2);
            push_columns(L, lua_upvalueindex(PAIR_PASS), pass, pairing);
            return 5;
        }
        if (kind & pairing->open && !is_open) {
            lua_pushvalue(L, 1);
            push_columns(L, lua_upvalueindex(PAIR_PASS), pass, pairing);
            lua_pushinteger(L, (lua_Integer)pass->row.event.time_ns);
            lua_rawseti(L, -2, 1);
            lua_rawset(L, lua_upvalueindex(PAIR_OPEN));
        }
    }
    return pair_end(L);
}

int api_events_pair(lua_State *L)
{
    const struct events_box *box = luaL_checkudata(L, 1, API_EVENTS);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    struct pairing pairing = {.open = pair_kinds(L, box, "open")};
    pairing.close = pair_kinds(L, box, "close");
    lua_getfield(L, 2, "by");
    pairing.key = event_column_check(L, -1);
    if (lua_getfield(L, 2, "columns") != LUA_TNIL) {
        luaL_checktype(L, -1, LUA_TTABLE);
        for (lua_Integer i = 1; lua_geti(L, 4, i) != LUA_TNIL; i++) {
            if (pairing.count == API_EACH_MAX)
                return luaL_error(L, "pair: at most %d columns", API_EACH_MAX);
            pairing.columns[pairing.count++] = event_column_check(L, -1);
            lua_pop(L, 1);
        }
    }
    lua_settop(L, 2);
    uint64_t columns = PASS_COLUMN(t) | UINT64_C(1) << pairing.key;
    for (unsigned i = 0; i < pairing.count; i++)
        columns |= UINT64_C(1) << pairing.columns[i];
    pass_push(L, 1, pairing.open | pairing.close, columns);
    lua_pushvalue(L, 2);
    lua_newtable(L);
    struct pairing *kept = lua_newuserdatauv(L, sizeof *kept, 0);
    *kept = pairing;
    lua_pushcclosure(L, pair_next, 4);
    return 1;
}

// ---- windows ----

enum { WINDOW_PASS = 1, WINDOW_STATE, WINDOW_BOX };

struct windowing {
    uint64_t length, from;
    struct event_row held; // the first event of a later window
    bool begun, holds, ended;
};

// Pushes the rows of the window as a userdata.
static struct event_row *read_window(lua_State *L, struct pass *pass, struct windowing *w,
                                     size_t *count)
{
    size_t room = 256;
    struct event_row *rows = lua_newuserdatauv(L, room * sizeof *rows, 0);
    *count = 0;
    while (!w->ended) {
        if (!w->holds && !pass_next(L, pass)) {
            w->ended = true;
            break;
        }
        if (!w->holds)
            w->held = pass->row;
        w->holds = w->held.event.time_ns >= w->from + w->length;
        if (w->holds)
            break;
        if (*count == room) {
            if (room == WINDOW_ROWS_MAX)
                luaL_error(L, "window: more than %d events in one: shorter ones, or a filter",
                           (int)WINDOW_ROWS_MAX);
            struct event_row *more = lua_newuserdatauv(L, 2 * room * sizeof *more, 0);
            memcpy(more, rows, room * sizeof *more);
            lua_remove(L, -2);
            rows = more;
            room *= 2;
        }
        rows[*count] = w->held;
        if (pass->names)
            rows[*count].func = NULL; // asked for again when it is wanted
        (*count)++;
    }
    return rows;
}

static int window_next(lua_State *L)
{
    struct pass *pass = lua_touserdata(L, lua_upvalueindex(WINDOW_PASS));
    struct windowing *w = lua_touserdata(L, lua_upvalueindex(WINDOW_STATE));
    const struct events_box *of = lua_touserdata(L, lua_upvalueindex(WINDOW_BOX));
    size_t count;
    if (w->ended)
        return 0;
    if (!w->begun && (w->ended = !pass_next(L, pass)))
        return 0;
    if (!w->begun) {
        w->held = pass->row;
        w->holds = w->begun = true;
        w->from = pass->row.event.time_ns - pass->row.event.time_ns % w->length;
    }
    lua_pushinteger(L, (lua_Integer)w->from);
    struct event_row *rows = read_window(L, pass, w, &count);
    struct events_box *box = lua_newuserdatauv(L, sizeof *box, 2);
    *box = (struct events_box){
        .rows = rows, .row_count = count, .names = pass->names, .kinds = of->kinds};
    luaL_setmetatable(L, API_EVENTS);
    lua_pushvalue(L, lua_upvalueindex(WINDOW_PASS));
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, -2);
    lua_setiuservalue(L, -2, 2);
    w->from += w->length;
    lua_remove(L, -2);
    return 2;
}

int api_events_window(lua_State *L)
{
    const lua_Integer length = luaL_checkinteger(L, 2);
    luaL_argcheck(L, length > 0, 2, "nanoseconds, more than 0");
    pass_push(L, 1, 0, PASS_COLUMNS_ALL); // what will be asked of the windows
    struct windowing *w = lua_newuserdatauv(L, sizeof *w, 0);
    *w = (struct windowing){.length = (uint64_t)length};
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, window_next, 3);
    return 1;
}
