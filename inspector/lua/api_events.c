// ctx.events: selections of the events of a trace, and what is asked of them event by event or in
// numbers. What reads them is pass.h; pairs and windows, which put events together, are
// api_events_span.c. See api.h.
#include "inspector/lua/pass.h"

#include "inspector/lua/event_names.h"
#include "inspector/lua/group.h"

#include <string.h>

// ---- selections ----

// Pushes a selection that narrows the one at `index`.
static struct events_box *push_narrower(lua_State *L, int index)
{
    struct events_box *of = luaL_checkudata(L, index, API_EVENTS);
    struct events_box *box = lua_newuserdatauv(L, sizeof *box, 2);
    *box = *of;
    box->narrows = of;
    box->filter = NULL;
    luaL_setmetatable(L, API_EVENTS);
    lua_pushvalue(L, index);
    lua_setiuservalue(L, -2, 1);
    return box;
}

static int space_find(const void *context, const char *name, size_t length, const char **why)
{
    (void)context;
    (void)why;
    return event_column_find(name, length);
}

static const char *space_suggest(const void *context, const char *name, size_t length)
{
    (void)context;
    const char *best = NULL;
    for (int i = 0; i < EVENT_COLUMN_COUNT && !best; i++)
        if (length > 1 &&
            strncmp(event_column_name((enum event_column)i), name, length > 3 ? 3 : 2) == 0)
            best = event_column_name((enum event_column)i);
    return best;
}

static struct value space_get(const void *context, int column, uint64_t row)
{
    (void)row;
    return pass_get(((const struct events_box *)context)->asked, (enum event_column)column);
}

// Kinds are few: a comparison with one is decided once.
static const uint32_t *space_codes(const void *context, int column, uint32_t *values)
{
    *values = 64;
    return column == EVENT_COLUMN_kind ? &((const struct events_box *)context)->kind : NULL;
}

int api_events_where(lua_State *L)
{
    char error[EXPR_ERROR_MAX];
    struct api_binding binding = {.L = L, .table = 3};
    const char *text = luaL_checkstring(L, 2);
    lua_settop(L, 3);
    struct events_box *box = push_narrower(L, 1);
    const struct expr_space space = {.context = box,
                                     .of = "events",
                                     .find = space_find,
                                     .suggest = space_suggest,
                                     .get = space_get,
                                     .codes = space_codes};
    lua_createtable(L, 2, 0); // keeps the expression and the texts that are bound
    struct expr *expr = lua_newuserdatauv(L, sizeof *expr, 0);
    lua_rawseti(L, -2, 1);
    lua_pushvalue(L, 3);
    lua_rawseti(L, -2, 2);
    lua_setiuservalue(L, -2, 2);
    if (!expr_compile(expr, &space, text, api_bind, &binding, error))
        return luaL_error(L, "%s", error);
    box->filter = expr;
    return 1;
}

int api_events_kinds(lua_State *L)
{
    const int count = lua_gettop(L);
    uint64_t kinds = 0;
    const struct events_box *of = luaL_checkudata(L, 1, API_EVENTS);
    for (int i = 2; i <= count; i++)
        kinds |= event_kind_check(L, of, luaL_checkstring(L, i));
    luaL_argcheck(L, kinds, 2, "the name of a kind");
    push_narrower(L, 1)->kinds = kinds;
    return 1;
}

// ---- each and run ----

// Upvalues of events_next: the pass, its caches, and the names of the kinds, each by itself, since
// that is what most loops ask for and the fastest to push.
enum { UPVALUE_PASS = 1, UPVALUE_CACHES = 2, UPVALUE_KINDS = 2 + CACHE_OWNER - CACHE_KIND };

#define PLAIN_COLUMNS \
    (PASS_COLUMN(t) | PASS_COLUMN(seq) | PASS_COLUMN(tid) | PASS_COLUMN(kind) | PASS_COLUMN(addr))

// One of those that were taken together: no event is made of it when nothing but plain columns is
// asked for, and all kinds pass.
static int push_brief(lua_State *L, struct pass *pass, const struct trace_brief *brief)
{
    pass->delivered++;
    for (unsigned i = 0; i < pass->count; i++)
        switch (pass->columns[i]) {
        case EVENT_COLUMN_t:
            lua_pushinteger(L, (lua_Integer)brief->time_ns);
            break;
        case EVENT_COLUMN_seq:
            lua_pushinteger(L, (lua_Integer)brief->seq);
            break;
        case EVENT_COLUMN_tid:
            lua_pushinteger(L, (lua_Integer)brief->tid);
            break;
        case EVENT_COLUMN_addr:
            if (brief->address)
                lua_pushinteger(L, (lua_Integer)brief->address);
            else
                lua_pushnil(L);
            break;
        default: // kind
            lua_pushvalue(L, lua_upvalueindex(UPVALUE_KINDS + (int)brief->kind));
        }
    return (int)pass->count;
}

static int events_next(lua_State *L)
{
    struct pass *pass = lua_touserdata(L, lua_upvalueindex(UPVALUE_PASS));
    if (pass->is_plain && pass->brief_at < pass->brief_count)
        return push_brief(L, pass, &pass->briefs[pass->brief_at++]);
    if (!pass_next(L, pass))
        return 0;
    const struct trace_event *event = &pass->row.event;
    for (unsigned i = 0; i < pass->count; i++)
        switch (pass->columns[i]) {
        case EVENT_COLUMN_t:
            lua_pushinteger(L, (lua_Integer)event->time_ns);
            break;
        case EVENT_COLUMN_tid:
            lua_pushinteger(L, (lua_Integer)event->tid);
            break;
        case EVENT_COLUMN_kind: // below 32: others do not pass
            lua_pushvalue(L, lua_upvalueindex(UPVALUE_KINDS + (int)event->kind));
            break;
        default:
            pass_push_column(L, pass, pass->columns[i], 0, lua_upvalueindex(UPVALUE_CACHES));
        }
    return (int)pass->count;
}

static bool is_never_nil(enum event_column column)
{
    return column == EVENT_COLUMN_t || column == EVENT_COLUMN_seq || column == EVENT_COLUMN_tid ||
           column == EVENT_COLUMN_kind;
}

int api_events_each(lua_State *L)
{
    const int count = lua_gettop(L) - 1;
    enum event_column columns[API_EACH_MAX];
    if (count < 1 || count > API_EACH_MAX)
        return luaL_error(L, "events:each wants 1 to %d columns", API_EACH_MAX);
    uint64_t wanted = 0;
    for (int i = 0; i < count; i++) {
        columns[i] = event_column_check(L, i + 2);
        wanted |= UINT64_C(1) << columns[i];
    }
    if (!is_never_nil(columns[0]))
        return luaL_error(L,
                          "events:each: begin with t, seq, tid or kind (nil would end the loop)");
    struct pass *pass = pass_push(L, 1, 0, wanted);
    pass->count = (unsigned)count;
    memcpy(pass->columns, columns, sizeof columns);
    pass->is_plain = !pass->filtered && !(wanted & ~PLAIN_COLUMNS);
    luaL_checkstack(L, PASS_KINDS + CACHE_COUNT, NULL);
    pass_push_caches(L, lua_gettop(L));
    for (unsigned kind = 0; kind < PASS_KINDS; kind++)
        lua_pushstring(L, event_name(kind));
    lua_pushcclosure(L, events_next, UPVALUE_KINDS - 1 + PASS_KINDS);
    return 1;
}

// events:run{ alloc = function(e) ... e.size ... end }: `e` is good until the function returns.
int api_events_run(lua_State *L)
{
    const struct events_box *box = luaL_checkudata(L, 1, API_EVENTS);
    uint64_t kinds = 0;
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_newtable(L); // by number of the kind
    lua_pushnil(L);
    while (lua_next(L, 2)) {
        if (lua_type(L, -2) != LUA_TSTRING || !lua_isfunction(L, -1))
            return luaL_error(L, "events:run wants { kind = function ... }, not '%s'",
                              luaL_tolstring(L, -2, NULL));
        const uint64_t kind = event_kind_check(L, box, lua_tostring(L, -2));
        kinds |= kind;
        lua_rawseti(L, 3, __builtin_ctzll(kind));
    }
    struct pass *pass = pass_push(L, 1, kinds, PASS_COLUMNS_ALL);
    while (kinds && pass_next(L, pass)) {
        lua_rawgeti(L, 3, pass->row.event.kind);
        lua_pushvalue(L, 4);
        lua_call(L, 1, 0);
    }
    lua_pushinteger(L, (lua_Integer)pass->delivered);
    return 1;
}

// ---- numbers ----

int api_events_count(lua_State *L)
{
    struct pass *pass = pass_push(L, 1, 0, PASS_COUNTING);
    while (pass_next(L, pass))
        ;
    const uint64_t counted = pass->open ? trace_reader_counted(&pass->reader) : 0;
    lua_pushinteger(L, (lua_Integer)(pass->delivered + counted));
    return 1;
}

int api_events_sum(lua_State *L)
{
    const enum event_column column = event_column_check(L, 2);
    struct pass *pass = pass_push(L, 1, 0, UINT64_C(1) << column);
    uint64_t sum = 0;
    while (pass_next(L, pass)) {
        const struct value v = pass_get(pass, column);
        sum += v.kind == VALUE_INTEGER ? (uint64_t)v.integer : 0;
    }
    lua_pushinteger(L, (lua_Integer)sum);
    return 1;
}

int api_events_hist(lua_State *L)
{
    const enum event_column column = event_column_check(L, 2);
    const lua_Integer width = luaL_optinteger(L, 3, 0);
    luaL_argcheck(L, width >= 0, 3, "not negative");
    struct pass *pass = pass_push(L, 1, 0, UINT64_C(1) << column);
    size_t count = 0, room = 1024;
    int64_t *numbers = lua_newuserdatauv(L, room * sizeof *numbers, 0);
    while (pass_next(L, pass)) {
        const struct value v = pass_get(pass, column);
        if (v.kind != VALUE_INTEGER)
            continue;
        if (count == room) {
            int64_t *more = lua_newuserdatauv(L, 2 * room * sizeof *more, 0);
            memcpy(more, numbers, room * sizeof *more);
            lua_remove(L, -2);
            numbers = more;
            room *= 2;
        }
        numbers[count++] = v.integer;
    }
    api_push_hist(L, numbers, count, width);
    return 1;
}

// How much of the trace is missing: what was dropped or overwritten, in units.
int api_events_missing(lua_State *L)
{
    const struct events_box *box = luaL_checkudata(L, 1, API_EVENTS);
    if (box->is_live) {
        lua_pushinteger(L, (lua_Integer)pass_live_dropped());
        return 1;
    }
    struct pass *pass = pass_push_losses(L, 1);
    struct trace_loss loss;
    uint64_t units = 0;
    while (pass_next(L, pass))
        ;
    if (pass->open) {
        trace_reader_loss(&pass->reader, &loss);
        for (int i = 0; i < TRACE_STREAM_COUNT; i++)
            units += loss.missing[i];
    }
    lua_pushinteger(L, (lua_Integer)units);
    return 1;
}

// ---- groups ----

static void read_names(lua_State *L, const char *key, struct group *group, int which)
{
    if (lua_getfield(L, 2, key) == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    if (!lua_istable(L, -1))
        luaL_error(L, "group: %s is a list of columns", key);
    for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++) {
        const enum event_column column = event_column_check(L, -1);
        const char *name = event_column_name(column);
        if ((which ? group->number_count == GROUP_NUMBERS_MAX : group->by_count == GROUP_KEYS_MAX))
            luaL_error(L, "group: too many columns in %s", key);
        if (!which) {
            group->by[group->by_count++] =
                (struct group_key_by){.by = GROUP_VALUE, .name = name, .column = (int)column};
        } else {
            struct group_number_of *n = &group->numbers[group->number_count++];
            *n = (struct group_number_of){.name = name, .column = (int)column, .max = which == 2};
            snprintf(n->shown, sizeof n->shown, "%s%s", n->max ? "max_" : "", name);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
}

static void check_group_keys(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_pushnil(L);
    while (lua_next(L, 2)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        if (strcmp(key, "by") != 0 && strcmp(key, "sum") != 0 && strcmp(key, "max") != 0 &&
            strcmp(key, "limit") != 0)
            luaL_error(L, "group: unknown key '%s' (by, sum, max, limit)", key);
        lua_pop(L, 1);
    }
}

static uint64_t columns_of_group(const struct group *group)
{
    uint64_t columns = 0;
    for (unsigned i = 0; i < group->by_count; i++)
        columns |= UINT64_C(1) << group->by[i].column;
    for (unsigned i = 0; i < group->number_count; i++)
        columns |= UINT64_C(1) << group->numbers[i].column;
    return columns;
}

// Keys that were made, by the number that the column's text has (pass_text_number).
enum { KNOWN_KEYS = 1024 };
struct known_key {
    uint64_t number; // + 1
    uint64_t key;
};

static struct error *key_of_event(struct pass *pass, struct group *group, unsigned which,
                                  struct known_key *known, uint64_t *ret)
{
    const enum event_column column = (enum event_column)group->by[which].column;
    uint64_t number;
    struct known_key *place = NULL;
    if (pass_text_number(pass, column, &number)) {
        place = &known[number % KNOWN_KEYS];
        *ret = place->key;
        if (place->number == number + 1)
            return NULL;
    }
    const struct value value = pass_get(pass, column);
    struct error *err = group_value_key(group, &value, ret);
    if (!err && place)
        *place = (struct known_key){.number = number + 1, .key = *ret};
    return err;
}

static struct error *add_to_group(struct pass *pass, struct group *group,
                                  struct known_key (*known)[KNOWN_KEYS])
{
    uint64_t keys[GROUP_KEYS_MAX] = {0};
    int64_t numbers[GROUP_NUMBERS_MAX];
    for (unsigned i = 0; i < group->by_count; i++)
        TRY(key_of_event(pass, group, i, known[i], &keys[i]));
    for (unsigned i = 0; i < group->number_count; i++) {
        const struct value v = pass_get(pass, (enum event_column)group->numbers[i].column);
        numbers[i] = v.kind == VALUE_INTEGER ? v.integer : 0;
    }
    return group_add_keys(group, keys, numbers);
}

int api_events_group(lua_State *L)
{
    check_group_keys(L);
    struct group *group = api_new_group(L);
    struct error *err = group_begin(group);
    read_names(L, "by", group, 0);
    read_names(L, "sum", group, 1);
    read_names(L, "max", group, 2);
    if (!group->by_count)
        return luaL_error(L, "group: by = { \"func\", ... } is missing");
    lua_getfield(L, 2, "limit");
    group->limit = (uint32_t)luaL_optinteger(L, -1, 0);
    lua_pop(L, 1);
    struct pass *pass = pass_push(L, 1, 0, columns_of_group(group));
    struct known_key(*known)[KNOWN_KEYS] = lua_newuserdatauv(L, GROUP_KEYS_MAX * sizeof *known, 0);
    memset(known, 0, GROUP_KEYS_MAX * sizeof *known);
    while (!err && pass_next(L, pass))
        err = add_to_group(pass, group, known);
    lua_pop(L, 2); // the keys and the pass
    return err ? api_raise(L, err) : 1;
}

void api_push_events(lua_State *L, const struct plugin_run *run)
{
    struct events_box *box = lua_newuserdatauv(L, sizeof *box, 2);
    *box = (struct events_box){.path = run->trace,
                               .rows = run->event_rows,
                               .row_count = run->event_row_count,
                               .is_live = run->live,
                               .kinds = run->plugin->event_kinds};
    pass_set_live(run->events_fd);
    luaL_setmetatable(L, API_EVENTS);
}

bool api_has_event_column(const char *name)
{
    return event_column_find(name, strlen(name)) >= 0;
}

void api_events_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
#define EVENTS_FUNCTION(name, parameters, returns, doc) {#name, api_events_##name},
#include "inspector/lua/functions.def"
        {NULL, NULL},
    };
    luaL_newmetatable(L, API_EVENTS);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    pass_open(L);
}
