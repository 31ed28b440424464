// ctx.events: the events of a trace, in order, one pass at a time. See api.h.
//
// Only the kinds that the plugin declared are delivered; the others are skipped in C. Texts that
// come again and again (kinds, functions, files, types) are kept in Lua tables by number.
#include "inspector/lua/api.h"

#include "inspector/lua/event_names.h"
#include "tracer/read/reader.h"

#include <string.h>

enum event_column {
#define EVENT_COLUMN(name, doc) EVENT_COLUMN_##name,
#include "inspector/lua/eventcolumns.def"
    EVENT_COLUMN_COUNT
};

static const char *const COLUMN_NAMES[] = {
#define EVENT_COLUMN(name, doc) #name,
#include "inspector/lua/eventcolumns.def"
};

struct events_box {
    const char *path;
    uint64_t kinds; // bits; 0: all
};

struct pass {
    struct trace_reader reader;
    struct trace_event event;
    struct trace_location where;
    uint64_t kinds, delivered;
    bool open, has_where;
    unsigned count;
    enum event_column columns[API_EACH_MAX];
};

#define API_PASS "brille.pass"

enum { CACHE_KIND = 1, CACHE_TYPE, CACHE_FUNC, CACHE_FILE, CACHE_THREAD, CACHE_COUNT };

// ---- one pass ----

static int pass_gc(lua_State *L)
{
    struct pass *pass = lua_touserdata(L, 1);
    if (pass->open)
        trace_reader_close(&pass->reader);
    pass->open = false;
    return 0;
}

static struct pass *push_pass(lua_State *L, const struct events_box *box)
{
    struct read_error error;
    struct pass *pass = lua_newuserdatauv(L, sizeof *pass, CACHE_COUNT);
    memset(pass, 0, sizeof *pass);
    luaL_setmetatable(L, API_PASS);
    for (int i = CACHE_KIND; i < CACHE_COUNT; i++) {
        lua_newtable(L);
        lua_setiuservalue(L, -2, i);
    }
    pass->kinds = box->kinds;
    if (trace_reader_open(&pass->reader, box->path, &error) != READ_OK)
        luaL_error(L, "%s", error.message);
    pass->open = true;
    return pass;
}

static bool is_wanted(const struct pass *pass)
{
    const unsigned kind = pass->event.kind;
    if (kind >= 32) // carriers
        return false;
    return !pass->kinds || (pass->kinds >> kind & 1);
}

// False at the end.
static bool pass_next(lua_State *L, struct pass *pass)
{
    struct read_error error;
    pass->has_where = false;
    for (uint64_t seen = 1; pass->open; seen++) {
        const enum read_status status = trace_reader_next(&pass->reader, &pass->event, &error);
        if (status == READ_END)
            break;
        if (status != READ_OK)
            luaL_error(L, "%s", error.message);
        if (is_wanted(pass)) {
            pass->delivered++;
            return true;
        }
        if (seen % 65536 == 0 && sandbox_expired())
            break;
    }
    return false;
}

// ---- columns ----

// Pushes the text that belongs to `key` in one of the caches of the pass at `owner`.
static void push_cached(lua_State *L, int owner, int cache, lua_Integer key, const char *text)
{
    lua_getiuservalue(L, owner, cache);
    if (lua_rawgeti(L, -1, key) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_pushstring(L, text);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, key);
    }
    lua_remove(L, -2);
}

static const struct trace_location *where(struct pass *pass)
{
    if (!pass->has_where)
        trace_reader_where(&pass->reader, &pass->event, &pass->where);
    pass->has_where = true;
    return &pass->where;
}

static void push_type_name(lua_State *L, int owner, const struct pass *pass)
{
    const struct definition *type = trace_reader_type(&pass->reader, pass->event.type);
    char name[256];
    if (!type || (pass->event.kind != TRACE_EVENT_alloc && pass->event.kind != TRACE_EVENT_retype &&
                  pass->event.kind != TRACE_EVENT_snapshot)) {
        lua_pushnil(L);
        return;
    }
    const bool plain = !*type->qualname || strcmp(type->qualname, "builtins") == 0;
    snprintf(name, sizeof name, "%s%s%s", plain ? "" : type->qualname, plain ? "" : ".",
             type->name);
    push_cached(L, owner, CACHE_TYPE, pass->event.type, name);
}

static void push_thread(lua_State *L, int owner, const struct pass *pass)
{
    const char *name = trace_reader_thread_name(&pass->reader, pass->event.tid);
    if (name && *name)
        push_cached(L, owner, CACHE_THREAD, pass->event.tid, name);
    else
        lua_pushfstring(L, "thread %d", (int)pass->event.tid);
}

static bool is_gil(enum trace_event_kind kind)
{
    return kind >= TRACE_EVENT_gil_request && kind <= TRACE_EVENT_gil_release;
}

static void push_if(lua_State *L, bool there, uint64_t number)
{
    if (there)
        lua_pushinteger(L, (lua_Integer)number);
    else
        lua_pushnil(L);
}

static void push_event_column(lua_State *L, int owner, struct pass *pass, enum event_column column)
{
    const struct trace_event *e = &pass->event;
    switch (column) {
    case EVENT_COLUMN_t:
        lua_pushinteger(L, (lua_Integer)e->time_ns);
        return;
    case EVENT_COLUMN_seq:
        lua_pushinteger(L, (lua_Integer)e->seq);
        return;
    case EVENT_COLUMN_tid:
        lua_pushinteger(L, e->tid);
        return;
    case EVENT_COLUMN_thread:
        push_thread(L, owner, pass);
        return;
    case EVENT_COLUMN_kind:
        push_cached(L, owner, CACHE_KIND, e->kind, event_name(e->kind));
        return;
    case EVENT_COLUMN_addr:
        push_if(L, e->address != 0, e->address);
        return;
    case EVENT_COLUMN_type:
        push_type_name(L, owner, pass);
        return;
    case EVENT_COLUMN_size:
        push_if(L, event_has_size(e->kind), e->size);
        return;
    case EVENT_COLUMN_gen:
        push_if(L, event_has_generation(e->kind) && e->generation >= 0, (uint64_t)e->generation);
        return;
    case EVENT_COLUMN_delta:
        lua_pushinteger(L, e->delta);
        return;
    case EVENT_COLUMN_refcount:
        push_if(L, e->kind == TRACE_EVENT_alloc || e->kind == TRACE_EVENT_snapshot, e->refcount);
        return;
    case EVENT_COLUMN_func:
        push_cached(L, owner, CACHE_FUNC, e->code, where(pass)->function);
        return;
    case EVENT_COLUMN_file:
        push_cached(L, owner, CACHE_FILE, e->code, where(pass)->file);
        return;
    case EVENT_COLUMN_line:
        lua_pushinteger(L, where(pass)->line);
        return;
    case EVENT_COLUMN_other:
        push_if(L, is_gil(e->kind) && e->gil.other_tid, is_gil(e->kind) ? e->gil.other_tid : 0);
        return;
    case EVENT_COLUMN_duration:
        push_if(L, e->kind == TRACE_EVENT_gil_acquire || e->kind == TRACE_EVENT_gil_release,
                is_gil(e->kind) ? e->gil.duration_ns : 0);
        return;
    case EVENT_COLUMN_reason:
        if (e->kind == TRACE_EVENT_gil_release)
            lua_pushstring(L, event_gil_reason(e->gil.reason));
        else
            lua_pushnil(L);
        return;
    case EVENT_COLUMN_collected:
        push_if(L, e->kind == TRACE_EVENT_gc_done,
                e->kind == TRACE_EVENT_gc_done ? e->gc.collected : 0);
        return;
    case EVENT_COLUMN_examined:
        push_if(L, e->kind == TRACE_EVENT_gc_done,
                e->kind == TRACE_EVENT_gc_done ? e->gc.examined : 0);
        return;
    default:
        lua_pushnil(L);
    }
}

static enum event_column check_event_column(lua_State *L, int index)
{
    const char *name = luaL_checkstring(L, index);
    for (int i = 0; i < EVENT_COLUMN_COUNT; i++)
        if (strcmp(COLUMN_NAMES[i], name) == 0)
            return (enum event_column)i;
    luaL_error(L, "events have no column '%s'", name);
    return EVENT_COLUMN_COUNT;
}

// ---- each and run ----

static int events_next(lua_State *L)
{
    struct pass *pass = lua_touserdata(L, lua_upvalueindex(1));
    if (!pass_next(L, pass))
        return 0;
    for (unsigned i = 0; i < pass->count; i++)
        push_event_column(L, lua_upvalueindex(1), pass, pass->columns[i]);
    return (int)pass->count;
}

static int events_each(lua_State *L)
{
    const struct events_box *box = luaL_checkudata(L, 1, API_EVENTS);
    const int count = lua_gettop(L) - 1;
    enum event_column columns[API_EACH_MAX];
    if (count < 1 || count > API_EACH_MAX)
        return luaL_error(L, "events:each wants 1 to %d columns", API_EACH_MAX);
    for (int i = 0; i < count; i++)
        columns[i] = check_event_column(L, i + 2);
    const bool may_be_nil = columns[0] != EVENT_COLUMN_t && columns[0] != EVENT_COLUMN_seq &&
                            columns[0] != EVENT_COLUMN_tid && columns[0] != EVENT_COLUMN_kind;
    if (may_be_nil)
        return luaL_error(L,
                          "events:each: begin with t, seq, tid or kind (nil would end the loop)");
    struct pass *pass = push_pass(L, box);
    pass->count = (unsigned)count;
    memcpy(pass->columns, columns, sizeof columns);
    lua_pushcclosure(L, events_next, 1);
    return 1;
}

// events:run{ alloc = function(e) ... e.size ... end }: `e` is good until the function returns.
static int events_run(lua_State *L)
{
    const struct events_box *box = luaL_checkudata(L, 1, API_EVENTS);
    uint64_t kinds = 0;
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_newtable(L); // by number of the kind
    lua_pushnil(L);
    while (lua_next(L, 2)) {
        const int kind = lua_type(L, -2) == LUA_TSTRING ? event_find(lua_tostring(L, -2)) : 0;
        if (!kind || !lua_isfunction(L, -1))
            return luaL_error(L, "events:run wants { kind = function ... }, not '%s'",
                              luaL_tolstring(L, -2, NULL));
        if (box->kinds && !(box->kinds >> kind & 1))
            return luaL_error(L, "'%s' is not in needs.events", lua_tostring(L, -2));
        kinds |= UINT64_C(1) << kind;
        lua_rawseti(L, 3, kind);
    }
    struct pass *pass = push_pass(L, box);
    pass->kinds = kinds;
    while (kinds && pass_next(L, pass)) {
        lua_rawgeti(L, 3, pass->event.kind);
        lua_pushvalue(L, 4);
        lua_call(L, 1, 0);
    }
    lua_pushinteger(L, (lua_Integer)pass->delivered);
    return 1;
}

// e.size in a callback.
static int pass_index(lua_State *L)
{
    push_event_column(L, 1, luaL_checkudata(L, 1, API_PASS), check_event_column(L, 2));
    return 1;
}

// ---- counts ----

static int events_count(lua_State *L)
{
    const struct events_box *box = luaL_checkudata(L, 1, API_EVENTS);
    struct pass *pass = push_pass(L, box);
    while (pass_next(L, pass))
        ;
    lua_pushinteger(L, (lua_Integer)pass->delivered);
    return 1;
}

// How much of the trace is missing: what was dropped or overwritten, in units.
static int events_missing(lua_State *L)
{
    const struct events_box *box = luaL_checkudata(L, 1, API_EVENTS);
    struct pass *pass = push_pass(L, box);
    struct trace_loss loss;
    uint64_t units = 0;
    pass->kinds = UINT64_C(1) << TRACE_EVENT_dropped;
    while (pass_next(L, pass))
        ;
    trace_reader_loss(&pass->reader, &loss);
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        units += loss.missing[i];
    lua_pushinteger(L, (lua_Integer)units);
    return 1;
}

void api_push_events(lua_State *L, const struct plugin_run *run)
{
    struct events_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = (struct events_box){.path = run->trace, .kinds = run->plugin->event_kinds};
    luaL_setmetatable(L, API_EVENTS);
}

void api_events_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"each", events_each},       {"run", events_run}, {"count", events_count},
        {"missing", events_missing}, {NULL, NULL},
    };
    luaL_newmetatable(L, API_EVENTS);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    luaL_newmetatable(L, API_PASS);
    lua_pushcfunction(L, pass_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, pass_index);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}
