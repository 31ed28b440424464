// See sandbox.h.
#include "inspector/lua/sandbox.h"

#include "inspector/base/format.h"

#include <lualib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define TICK_NS 50000000 // after the time is over, the hook is set again this often

static struct {
    struct sandbox_limits limits;
    struct wire *wire;
    uint64_t used_bytes;
    bool refused; // memory
    const struct sandbox_lib *libs;
    unsigned lib_count;
    lua_State *volatile current;
    volatile sig_atomic_t expired; // enum sandbox_end
} box;

struct wire *sandbox_wire(void)
{
    return box.wire;
}

bool sandbox_expired(void)
{
    return box.expired != SANDBOX_NOT_ENDED;
}

// ---- memory ----

// When `ptr` is NULL, `old` is the kind of object and not a size.
static void *allocate(void *context, void *ptr, size_t old, size_t new)
{
    (void)context;
    if (!ptr)
        old = 0;
    if (new == 0) {
        box.used_bytes -= old;
        free(ptr);
        return NULL;
    }
    if (new > old &&new - old > box.limits.memory_bytes - box.used_bytes) {
        box.refused = true;
        return NULL;
    }
    void *result = realloc(ptr, new);
    if (result)
        box.used_bytes += new - old;
    return result;
}

// ---- time ----

// Names the innermost line of Lua: the hook can also meet the call of a C function.
static int raise_stop(lua_State *L)
{
    for (int level = 0; level < 8; level++) {
        luaL_where(L, level);
        if (*lua_tostring(L, -1))
            break;
        lua_pop(L, 1);
        if (level == 7)
            lua_pushliteral(L, "");
    }
    if (box.expired == SANDBOX_INTERRUPTED)
        lua_pushliteral(L, "interrupted");
    else
        lua_pushfstring(L, "stopped after %s (--time)", format_time_ns(box.limits.time_ns).text);
    lua_concat(L, 2);
    return lua_error(L);
}

static void stop(lua_State *L, lua_Debug *where)
{
    (void)where;
    raise_stop(L);
}

static void stop_at_next_instruction(lua_State *L)
{
    lua_sethook(L, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

static void on_alarm(int number)
{
    (void)number;
    if (!box.expired)
        box.expired = SANDBOX_TIME;
    stop_at_next_instruction(box.current);
}

static void set_timer(uint64_t ns)
{
    const struct itimerval timer = {
        .it_value = {.tv_sec = (time_t)(ns / 1000000000),
                     .tv_usec = (suseconds_t)(ns / 1000 % 1000000) + 1},
        .it_interval = {.tv_usec = TICK_NS / 1000},
    };
    setitimer(ITIMER_REAL, &timer, NULL);
}

// From the host. The timer then sets the hook again and again, as when the time is over.
static void on_interrupt(int number)
{
    (void)number;
    if (box.expired)
        return;
    box.expired = SANDBOX_INTERRUPTED;
    set_timer(TICK_NS);
    stop_at_next_instruction(box.current);
}

void sandbox_start_clock(void)
{
    const struct sigaction alarm = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    const struct sigaction interrupt = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &alarm, NULL);
    sigaction(SANDBOX_INTERRUPT, &interrupt, NULL);
    set_timer(box.limits.time_ns);
}

// What is left of Ctrl-C is the host's: it kills when the grace is over.
void sandbox_grant_grace(lua_State *L)
{
    const struct itimerval none = {{0}, {0}};
    setitimer(ITIMER_REAL, &none, NULL);
    signal(SANDBOX_INTERRUPT, SIG_IGN);
    box.current = L;
    box.limits.memory_bytes += SANDBOX_GRACE_BYTES;
    box.limits.time_ns = SANDBOX_GRACE_NS;
    lua_sethook(L, NULL, 0, 0);
    box.expired = SANDBOX_NOT_ENDED;
    box.refused = false;
    set_timer(SANDBOX_GRACE_NS);
}

// ---- replaced functions ----

static int sandbox_print(lua_State *L)
{
    luaL_Buffer line;
    const int count = lua_gettop(L);
    luaL_buffinit(L, &line);
    for (int i = 1; i <= count; i++) {
        if (i > 1)
            luaL_addchar(&line, '\t');
        luaL_tolstring(L, i, NULL);
        luaL_addvalue(&line);
    }
    luaL_pushresult(&line);
    wire_begin(box.wire, WIRE_TEXT);
    wire_text(box.wire, lua_tostring(L, -1));
    wire_end(box.wire);
    return 0;
}

static int sandbox_setmetatable(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, lua_isnil(L, 2) || lua_istable(L, 2), 2, "nil or table");
    if (lua_istable(L, 2)) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL)
            return luaL_error(L, "__gc is not available to plugins");
        lua_pop(L, 1);
    }
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

static int sandbox_rep(lua_State *L)
{
    size_t length, separator;
    luaL_checklstring(L, 1, &length);
    const lua_Integer n = luaL_checkinteger(L, 2);
    luaL_optlstring(L, 3, "", &separator);
    if (n <= 0 || length + separator == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if ((uint64_t)n > box.limits.memory_bytes / (length + separator))
        return luaL_error(L, "string.rep: the result is larger than --mem");
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

static bool is_active(lua_State *co)
{
    lua_Debug frame;
    return lua_status(co) == LUA_OK && lua_getstack(co, 0, &frame);
}

// Calls the coroutine.resume or close in the first upvalue, knowing who runs meanwhile. Of a
// coroutine that is active already they run nothing; close then raises an error.
static int resume_known(lua_State *L, int arguments)
{
    lua_State *co = lua_tothread(L, -arguments);
    const int base = lua_gettop(L) - arguments;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, base + 1);
    if (co && !is_active(co))
        box.current = co;
    lua_call(L, arguments, LUA_MULTRET);
    box.current = L;
    if (box.expired) { // the coroutine is dead; so must be who started it, pcall or not
        stop_at_next_instruction(L);
        raise_stop(L);
    }
    return lua_gettop(L) - base;
}

static int sandbox_resume(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTHREAD);
    return resume_known(L, lua_gettop(L));
}

static int call_wrapped(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 1);
    const int count = resume_known(L, lua_gettop(L));
    if (lua_toboolean(L, -count))
        return count - 1;
    return lua_error(L);
}

static int sandbox_wrap(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_pushcclosure(L, call_wrapped, 2);
    return 1;
}

static bool load_chunk(lua_State *L, const char *source, size_t length, const char *chunk_name);

// Evaluates a file of lib/ once and keeps what it returns; until then `box` stands there.
static int sandbox_require(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "brille.loaded");
    if (lua_getfield(L, 2, name) == LUA_TLIGHTUSERDATA)
        return luaL_error(L, "require: lib/%s.lua needs itself, or has failed before", name);
    if (!lua_isnil(L, -1))
        return 1;
    for (unsigned i = 0; i < box.lib_count; i++) {
        const struct sandbox_lib *lib = &box.libs[i];
        if (strcmp(lib->name, name) != 0)
            continue;
        lua_pushfstring(L, "@lib/%s.lua", name);
        lua_pushlightuserdata(L, &box);
        lua_setfield(L, 2, name);
        if (!load_chunk(L, lib->source, lib->length, lua_tostring(L, -1)))
            return lua_error(L);
        lua_call(L, 0, 1);
        if (lua_isnil(L, -1))
            lua_pushboolean(L, true);
        lua_pushvalue(L, -1);
        lua_setfield(L, 2, name);
        return 1;
    }
    return luaL_error(L, "require: there is no lib/%s.lua beside the plugin", name);
}

void sandbox_set_libs(const struct sandbox_lib *libs, unsigned count)
{
    box.libs = libs;
    box.lib_count = count;
}

static int refuse_global(lua_State *L)
{
    return luaL_error(L, "global '%s' cannot be set: use 'local'", luaL_tolstring(L, 2, NULL));
}

// ---- making one ----

static void open_libraries(lua_State *L)
{
    static const luaL_Reg libraries[] = {
        {LUA_GNAME, luaopen_base},        {LUA_TABLIBNAME, luaopen_table},
        {LUA_STRLIBNAME, luaopen_string}, {LUA_MATHLIBNAME, luaopen_math},
        {LUA_UTF8LIBNAME, luaopen_utf8},  {LUA_COLIBNAME, luaopen_coroutine},
    };
    static const char *const gone[] = {"load",           "loadfile", "dofile", "require",
                                       "collectgarbage", "warn",     NULL};
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
        lua_pop(L, 1);
    }
    for (size_t i = 0; gone[i]; i++) {
        lua_pushnil(L);
        lua_setglobal(L, gone[i]);
    }
}

static void replace_functions(lua_State *L)
{
    lua_register(L, "print", sandbox_print);
    lua_register(L, "require", sandbox_require);
    lua_register(L, "setmetatable", sandbox_setmetatable);
    lua_getglobal(L, "string");
    lua_pushnil(L);
    lua_setfield(L, -2, "dump");
    lua_getfield(L, -1, "rep");
    lua_pushcclosure(L, sandbox_rep, 1);
    lua_setfield(L, -2, "rep");
    lua_getglobal(L, "coroutine");
    lua_getfield(L, -1, "resume");
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, sandbox_resume, 1);
    lua_setfield(L, -3, "resume");
    lua_getfield(L, -2, "close");
    lua_pushcclosure(L, sandbox_resume, 1);
    lua_setfield(L, -3, "close");
    lua_pushcclosure(L, sandbox_wrap, 1);
    lua_setfield(L, -2, "wrap");
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 4);
    lua_getglobal(L, "math");
    lua_getfield(L, -1, "randomseed");
    lua_pushinteger(L, 0); // the same numbers in every run
    lua_call(L, 1, 0);
    lua_pop(L, 1);
}

// The environment of chunks, kept in the registry: a proxy that reads the real globals.
static void make_environment(lua_State *L)
{
    lua_newtable(L);
    lua_createtable(L, 0, 3);
    lua_pushglobaltable(L);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, refuse_global);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_setglobal(L, "_G");
    lua_setfield(L, LUA_REGISTRYINDEX, "brille.environment");
}

static int set_up(lua_State *L)
{
    open_libraries(L);
    replace_functions(L);
    make_environment(L);
    return 0;
}

lua_State *sandbox_create(const struct sandbox_limits *limits, struct wire *wire)
{
    box.limits = *limits;
    box.wire = wire;
    box.used_bytes = 0;
    lua_State *L = lua_newstate(allocate, NULL);
    if (!L)
        return NULL;
    box.current = L;
    lua_gc(L, LUA_GCGEN, 0, 0);
    lua_pushcfunction(L, set_up);
    return lua_pcall(L, 0, 0, 0) == LUA_OK ? L : NULL;
}

// ---- running ----

static bool load_chunk(lua_State *L, const char *source, size_t length, const char *chunk_name)
{
    if (length > SANDBOX_SOURCE_MAX) {
        lua_pushfstring(L, "the file is larger than %d bytes", SANDBOX_SOURCE_MAX);
        return false;
    }
    if (luaL_loadbufferx(L, source, length, chunk_name, "t") != LUA_OK)
        return false;
    lua_getfield(L, LUA_REGISTRYINDEX, "brille.environment");
    lua_setupvalue(L, -2, 1);
    return true;
}

bool sandbox_evaluate(lua_State *L, const char *source, size_t length, const char *chunk_name)
{
    return load_chunk(L, source, length, chunk_name) && lua_pcall(L, 0, 1, 0) == LUA_OK;
}

// Adds the lines of the plugin that led to an error, when there is more than one. Not to what
// ctx:fail says, which is meant for the user and not for the author, nor to an object of the
// plugin's, which says itself what it means.
static int add_traceback(lua_State *L)
{
    lua_Debug where;
    int lines = 0;
    if (lua_type(L, 1) != LUA_TSTRING) {
        luaL_callmeta(L, 1, "__tostring");
        return 1;
    }
    lua_settop(L, 1);
    for (int level = 1; lines < 9 && lua_getstack(L, level, &where); level++) {
        lua_getinfo(L, "Sl", &where);
        if (*where.source != '@' || where.currentline <= 0)
            continue;
        if (lines++ == 0) // the message says it
            continue;
        lua_pushfstring(L, "\n    called from %s:%d", where.short_src, where.currentline);
        lua_concat(L, 2);
    }
    return 1;
}

static void send_error(const char *text, const char *hint)
{
    wire_begin(box.wire, WIRE_ERROR);
    wire_text(box.wire, text);
    wire_text(box.wire, hint);
    wire_integer(box.wire, box.expired);
    wire_end(box.wire);
}

void sandbox_report_memory(void)
{
    struct strbuf text;
    strbuf_init(&text);
    strbuf_addf(&text, "it needs more memory than %s (--mem)",
                format_bytes(box.limits.memory_bytes).text);
    send_error(strbuf_text(&text), NULL);
    strbuf_deinit(&text);
}

void sandbox_report(lua_State *L)
{
    const char *hint = NULL, *text = NULL;
    if (lua_istable(L, -1)) { // ctx:fail; raw, since nothing catches what a metamethod would raise
        lua_pushliteral(L, "hint");
        lua_rawget(L, -2);
        hint = lua_tostring(L, -1);
        lua_pushliteral(L, "fail");
        lua_rawget(L, -3);
        text = lua_tostring(L, -1);
    } else {
        text = lua_tostring(L, -1);
    }
    // One that was caught, or that collecting garbage made up for, is not what ended the call.
    box.refused = box.refused && text && strstr(text, "not enough memory");
    if (box.refused)
        sandbox_report_memory();
    else
        send_error(text ? text : "an error that is no text", hint);
}

bool sandbox_ended_early(void)
{
    return box.expired || box.refused;
}

bool sandbox_call(lua_State *L, int arguments, int results)
{
    const int handler = lua_gettop(L) - arguments;
    lua_pushcfunction(L, add_traceback);
    lua_insert(L, handler);
    const int status = lua_pcall(L, arguments, results, handler);
    lua_remove(L, handler);
    if (status == LUA_OK)
        return true;
    sandbox_report(L);
    return false;
}
