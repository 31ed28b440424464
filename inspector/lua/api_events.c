// ctx.events: the events of a trace, in order. See api.h.
//
// What Lua holds is a selection (events_box): where the events come from, which kinds, and filters,
// each of which refers to the selection that it narrows. Nothing is read until something is asked;
// then a *pass* goes over the trace, and several may be under way. A window of time is read once
// and kept as rows, so that it can be asked many things; the events of a test are rows, too.
//
// Only the kinds that the plugin declared are delivered; the others are skipped in C. Texts that
// come again and again (kinds, functions, files, types) are kept in Lua tables by number.
#include "inspector/lua/api.h"

#include "inspector/lua/event_names.h"
#include "inspector/lua/event_row.h"
#include "inspector/lua/expr.h"
#include "inspector/lua/group.h"
#include "tracer/read/reader.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_ROWS_MAX (UINT32_C(1) << 22)

enum event_column {
#define EVENT_COLUMN(name, type, doc) EVENT_COLUMN_##name,
#include "inspector/lua/eventcolumns.def"
    EVENT_COLUMN_COUNT
};

static const char *const COLUMN_NAMES[] = {
#define EVENT_COLUMN(name, type, doc) #name,
#include "inspector/lua/eventcolumns.def"
};

struct pass;

// Of a live process events come once, for one pass.
static struct {
    int fd; // -1: there is none
    bool taken;
    struct trace_reader *reader; // of the pass that has them, while it lives
    uint64_t dropped_units;      // as of then
} live = {.fd = -1};

// User values: 1 what it narrows, or the pass whose reader knows its names; 2 the parameters of the
// filter.
struct events_box {
    const char *path; // of the trace; NULL: `rows`, or `is_live`
    bool is_live;
    const struct event_row *rows; // borrowed, or of a window
    size_t row_count;
    struct pass *names;               // of a window: whose reader knows the names
    const struct events_box *narrows; // or NULL
    uint64_t kinds;                   // bits; 0: all
    struct expr *filter;              // or NULL; a userdata that user value 2 keeps
    struct pass *asked;               // whom the filter looks at
    uint32_t kind;                    // of the event that it looks at
};

struct pass {
    struct trace_reader reader;
    struct event_row row;
    const struct event_row *rows;
    size_t row_count, at;
    struct pass *names; // whose reader knows the names: itself, or that of a window
    struct events_box *of;
    uint64_t kinds, delivered;
    bool open, has_where;
    unsigned count;
    enum event_column columns[API_EACH_MAX];
};

#define API_PASS "brille.pass"

enum { CACHE_KIND = 1, CACHE_TYPE, CACHE_FUNC, CACHE_FILE, CACHE_THREAD, CACHE_OWNER, CACHE_COUNT };

// ---- one pass ----

// Live: what the writer dropped so far.
static void note_dropped(const struct trace_reader *reader)
{
    live.dropped_units = 0;
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        live.dropped_units += reader->state.streams[i].dropped;
}

static int pass_gc(lua_State *L)
{
    struct pass *pass = lua_touserdata(L, 1);
    if (pass->open && live.reader == &pass->reader) {
        note_dropped(live.reader);
        live.reader = NULL;
    }
    if (pass->open)
        trace_reader_close(&pass->reader);
    pass->open = false;
    return 0;
}

// Pushes a pass over the selection at `index`.
static struct pass *push_pass(lua_State *L, int index)
{
    struct events_box *box = luaL_checkudata(L, index, API_EVENTS);
    struct read_error error;
    struct pass *pass = lua_newuserdatauv(L, sizeof *pass, CACHE_COUNT);
    memset(pass, 0, sizeof *pass);
    luaL_setmetatable(L, API_PASS);
    for (int i = CACHE_KIND; i < CACHE_OWNER; i++) {
        lua_newtable(L);
        lua_setiuservalue(L, -2, i);
    }
    lua_pushvalue(L, index);
    lua_setiuservalue(L, -2, CACHE_OWNER);
    pass->of = box;
    pass->kinds = box->kinds;
    pass->rows = box->rows;
    pass->row_count = box->row_count;
    pass->names = box->names;
    if (box->is_live && live.taken)
        luaL_error(L, "the events of a live process come once: one pass, or brille record first");
    if (box->is_live) {
        trace_reader_open_feed(&pass->reader, live.fd);
        live.reader = &pass->reader;
        live.taken = true;
    } else if (!box->path) {
        return pass;
    } else if (trace_reader_open(&pass->reader, box->path, &error) != READ_OK) {
        luaL_error(L, "%s", error.message);
    }
    pass->open = true;
    pass->names = pass;
    return pass;
}

static bool passes_filters(struct pass *pass)
{
    const unsigned kind = pass->row.event.kind;
    if (kind >= 32 || (pass->kinds && !(pass->kinds >> kind & 1))) // 32 and more are carriers
        return false;
    for (struct events_box *box = pass->of; box;
         box = (struct events_box *)(uintptr_t)box->narrows) {
        if (!box->filter)
            continue;
        box->asked = pass;
        box->kind = kind;
        if (!expr_test(box->filter, 0))
            return false;
    }
    return true;
}

static bool read_event(lua_State *L, struct pass *pass)
{
    struct read_error error;
    pass->has_where = false;
    if (!pass->open) {
        if (pass->at >= pass->row_count)
            return false;
        pass->row = pass->rows[pass->at++];
        pass->has_where = pass->row.func != NULL;
        return true;
    }
    enum read_status status = trace_reader_next(&pass->reader, &pass->row.event, &error);
    while (status == READ_AGAIN && !sandbox_expired()) // live, and nothing happens
        status = trace_reader_next(&pass->reader, &pass->row.event, &error);
    if (status == READ_AGAIN)
        return false;
    if (status != READ_OK && status != READ_END)
        luaL_error(L, "%s", error.message);
    return status == READ_OK;
}

// False at the end.
static bool pass_next(lua_State *L, struct pass *pass)
{
    for (uint64_t seen = 1; read_event(L, pass); seen++) {
        if (passes_filters(pass)) {
            pass->delivered++;
            return true;
        }
        if (seen % 65536 == 0 && sandbox_expired())
            break;
    }
    return false;
}

// ---- columns ----

static const struct event_row *where(struct pass *pass)
{
    struct trace_location location = {"unknown", "unknown", 0};
    if (pass->has_where)
        return &pass->row;
    if (pass->names)
        trace_reader_where(&pass->names->reader, &pass->row.event, &location);
    pass->row.func = location.function;
    pass->row.file = location.file;
    pass->row.line = location.line;
    pass->has_where = true;
    return &pass->row;
}

static bool has_type(enum trace_event_kind kind)
{
    return kind == TRACE_EVENT_alloc || kind == TRACE_EVENT_retype || kind == TRACE_EVENT_snapshot;
}

// NULL when there is none. The text is good until the next call.
static const char *type_of(struct pass *pass)
{
    static char name[256];
    if (!has_type(pass->row.event.kind))
        return NULL;
    if (!pass->names)
        return pass->row.type;
    const struct definition *type = trace_reader_type(&pass->names->reader, pass->row.event.type);
    if (!type)
        return NULL;
    const bool plain = !*type->qualname || strcmp(type->qualname, "builtins") == 0;
    snprintf(name, sizeof name, "%s%s%s", plain ? "" : type->qualname, plain ? "" : ".",
             type->name);
    return name;
}

static const char *thread_of(struct pass *pass)
{
    static char name[40];
    const char *known = pass->names
                            ? trace_reader_thread_name(&pass->names->reader, pass->row.event.tid)
                            : pass->row.thread;
    if (known && *known)
        return known;
    snprintf(name, sizeof name, "thread %u", pass->row.event.tid);
    return name;
}

static bool is_gil(enum trace_event_kind kind)
{
    return kind >= TRACE_EVENT_gil_request && kind <= TRACE_EVENT_gil_release;
}

static struct value value_if(bool there, uint64_t number)
{
    return there ? value_integer((int64_t)number) : value_none();
}

static struct value text_if(const char *text)
{
    return text ? value_text(text) : value_none();
}

// Texts are good until the next call.
static struct value event_get(struct pass *pass, enum event_column column)
{
    const struct trace_event *e = &pass->row.event;
    switch (column) {
    case EVENT_COLUMN_t:
        return value_integer((int64_t)e->time_ns);
    case EVENT_COLUMN_seq:
        return value_integer((int64_t)e->seq);
    case EVENT_COLUMN_tid:
        return value_integer(e->tid);
    case EVENT_COLUMN_thread:
        return value_text(thread_of(pass));
    case EVENT_COLUMN_kind:
        return value_text(event_name(e->kind));
    case EVENT_COLUMN_addr:
        return value_if(e->address != 0, e->address);
    case EVENT_COLUMN_type:
        return text_if(type_of(pass));
    case EVENT_COLUMN_size:
        return value_if(event_has_size(e->kind), e->size);
    case EVENT_COLUMN_gen:
        return value_if(event_has_generation(e->kind) && e->generation >= 0,
                        (uint64_t)e->generation);
    case EVENT_COLUMN_delta:
        return value_integer(e->delta);
    case EVENT_COLUMN_refcount:
        return value_if(e->kind == TRACE_EVENT_alloc || e->kind == TRACE_EVENT_snapshot,
                        e->refcount);
    case EVENT_COLUMN_func:
        return value_text(where(pass)->func);
    case EVENT_COLUMN_file:
        return value_text(where(pass)->file);
    case EVENT_COLUMN_line:
        return value_integer(where(pass)->line);
    case EVENT_COLUMN_other:
        return value_if(is_gil(e->kind) && e->gil.other_tid,
                        is_gil(e->kind) ? e->gil.other_tid : 0);
    case EVENT_COLUMN_duration:
        return value_if(e->kind == TRACE_EVENT_gil_acquire || e->kind == TRACE_EVENT_gil_release,
                        is_gil(e->kind) ? e->gil.duration_ns : 0);
    case EVENT_COLUMN_reason:
        return text_if(e->kind == TRACE_EVENT_gil_release ? event_gil_reason(e->gil.reason) : NULL);
    case EVENT_COLUMN_collected:
        return value_if(e->kind == TRACE_EVENT_gc_done,
                        e->kind == TRACE_EVENT_gc_done ? e->gc.collected : 0);
    case EVENT_COLUMN_examined:
        return value_if(e->kind == TRACE_EVENT_gc_done,
                        e->kind == TRACE_EVENT_gc_done ? e->gc.examined : 0);
    default:
        return value_none();
    }
}

// The cache that a column of texts has, and the number of this text in it. 0: none.
static int cache_of(const struct pass *pass, enum event_column column, lua_Integer *key)
{
    const struct trace_event *e = &pass->row.event;
    if (column == EVENT_COLUMN_kind) {
        *key = e->kind;
        return CACHE_KIND;
    }
    if (!pass->names)
        return 0;
    switch (column) {
    case EVENT_COLUMN_type:
        *key = e->type;
        return has_type(e->kind) ? CACHE_TYPE : 0;
    case EVENT_COLUMN_func:
    case EVENT_COLUMN_file:
        *key = e->code;
        return column == EVENT_COLUMN_func ? CACHE_FUNC : CACHE_FILE;
    case EVENT_COLUMN_thread:
        *key = e->tid;
        return CACHE_THREAD;
    default:
        return 0;
    }
}

static void push_event_column(lua_State *L, int owner, struct pass *pass, enum event_column column)
{
    lua_Integer key;
    const int cache = cache_of(pass, column, &key);
    if (cache) {
        lua_getiuservalue(L, owner, cache);
        if (lua_rawgeti(L, -1, key) != LUA_TNIL) {
            lua_remove(L, -2);
            return;
        }
        lua_pop(L, 1);
    }
    const struct value value = event_get(pass, column);
    api_push_value(L, &value);
    if (!cache)
        return;
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, key);
    lua_remove(L, -2);
}

static int find_column(const char *name, size_t length)
{
    for (int i = 0; i < EVENT_COLUMN_COUNT; i++)
        if (strlen(COLUMN_NAMES[i]) == length && memcmp(COLUMN_NAMES[i], name, length) == 0)
            return i;
    return -1;
}

static enum event_column check_event_column(lua_State *L, int index)
{
    size_t length;
    const char *name = luaL_checklstring(L, index, &length);
    const int column = find_column(name, length);
    if (column < 0)
        luaL_error(L, "events have no column '%s'", name);
    return (enum event_column)column;
}

// ---- selections ----

// Pushes a selection that narrows the one at `index`.
static struct events_box *push_narrower(lua_State *L, int index)
{
    const struct events_box *of = luaL_checkudata(L, index, API_EVENTS);
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
    return find_column(name, length);
}

static const char *space_suggest(const void *context, const char *name, size_t length)
{
    (void)context;
    const char *best = NULL;
    for (int i = 0; i < EVENT_COLUMN_COUNT && !best; i++)
        if (length > 1 && strncmp(COLUMN_NAMES[i], name, length > 3 ? 3 : 2) == 0)
            best = COLUMN_NAMES[i];
    return best;
}

static struct value space_get(const void *context, int column, uint64_t row)
{
    (void)row;
    return event_get(((const struct events_box *)context)->asked, (enum event_column)column);
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

static uint64_t check_kind(lua_State *L, const struct events_box *box, const char *name)
{
    const int kind = event_find(name);
    if (!kind)
        luaL_error(L, "there is no event '%s'", name);
    if (box->kinds && !(box->kinds >> kind & 1))
        luaL_error(L, "'%s' is not in needs.events", name);
    return UINT64_C(1) << kind;
}

int api_events_kinds(lua_State *L)
{
    const int count = lua_gettop(L);
    uint64_t kinds = 0;
    const struct events_box *of = luaL_checkudata(L, 1, API_EVENTS);
    for (int i = 2; i <= count; i++)
        kinds |= check_kind(L, of, luaL_checkstring(L, i));
    luaL_argcheck(L, kinds, 2, "the name of a kind");
    push_narrower(L, 1)->kinds = kinds;
    return 1;
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
    for (int i = 0; i < count; i++)
        columns[i] = check_event_column(L, i + 2);
    if (!is_never_nil(columns[0]))
        return luaL_error(L,
                          "events:each: begin with t, seq, tid or kind (nil would end the loop)");
    struct pass *pass = push_pass(L, 1);
    pass->count = (unsigned)count;
    memcpy(pass->columns, columns, sizeof columns);
    lua_pushcclosure(L, events_next, 1);
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
        const uint64_t kind = check_kind(L, box, lua_tostring(L, -2));
        kinds |= kind;
        lua_rawseti(L, 3, __builtin_ctzll(kind));
    }
    struct pass *pass = push_pass(L, 1);
    pass->kinds = kinds;
    while (kinds && pass_next(L, pass)) {
        lua_rawgeti(L, 3, pass->row.event.kind);
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

// ---- numbers ----

int api_events_count(lua_State *L)
{
    struct pass *pass = push_pass(L, 1);
    while (pass_next(L, pass))
        ;
    lua_pushinteger(L, (lua_Integer)pass->delivered);
    return 1;
}

int api_events_sum(lua_State *L)
{
    const enum event_column column = check_event_column(L, 2);
    struct pass *pass = push_pass(L, 1);
    uint64_t sum = 0;
    while (pass_next(L, pass)) {
        const struct value v = event_get(pass, column);
        sum += v.kind == VALUE_INTEGER ? (uint64_t)v.integer : 0;
    }
    lua_pushinteger(L, (lua_Integer)sum);
    return 1;
}

int api_events_hist(lua_State *L)
{
    const enum event_column column = check_event_column(L, 2);
    const lua_Integer width = luaL_optinteger(L, 3, 0);
    luaL_argcheck(L, width >= 0, 3, "not negative");
    struct pass *pass = push_pass(L, 1);
    size_t count = 0, room = 1024;
    int64_t *numbers = lua_newuserdatauv(L, room * sizeof *numbers, 0);
    while (pass_next(L, pass)) {
        const struct value v = event_get(pass, column);
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
        if (live.reader)
            note_dropped(live.reader);
        lua_pushinteger(L, (lua_Integer)live.dropped_units);
        return 1;
    }
    struct pass *pass = push_pass(L, 1);
    struct trace_loss loss;
    uint64_t units = 0;
    pass->kinds = UINT64_C(1) << TRACE_EVENT_dropped;
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
        const enum event_column column = check_event_column(L, -1);
        const char *name = COLUMN_NAMES[column];
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

int api_events_group(lua_State *L)
{
    check_group_keys(L);
    struct pass *pass = push_pass(L, 1);
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
    while (!err && pass_next(L, pass)) {
        struct value keys[GROUP_KEYS_MAX];
        char texts[GROUP_KEYS_MAX][256];
        int64_t numbers[GROUP_NUMBERS_MAX];
        for (unsigned i = 0; i < group->by_count; i++) {
            keys[i] = event_get(pass, (enum event_column)group->by[i].column);
            if (keys[i].kind == VALUE_TEXT && group->by_count > 1) { // may be good once only
                snprintf(texts[i], sizeof texts[i], "%s", keys[i].text);
                keys[i] = value_text(texts[i]);
            }
        }
        for (unsigned i = 0; i < group->number_count; i++) {
            const struct value v = event_get(pass, (enum event_column)group->numbers[i].column);
            numbers[i] = v.kind == VALUE_INTEGER ? v.integer : 0;
        }
        err = group_add_values(group, keys, numbers);
    }
    return err ? api_raise(L, err) : 1;
}

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
        kinds = check_kind(L, box, lua_tostring(L, -1));
    for (lua_Integer i = 1; type == LUA_TTABLE && lua_geti(L, -1, i) != LUA_TNIL; i++) {
        kinds |= check_kind(L, box, luaL_checkstring(L, -1));
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
        push_event_column(L, owner, pass, pairing->columns[i]);
        lua_setfield(L, -2, COLUMN_NAMES[pairing->columns[i]]);
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
        push_event_column(L, lua_upvalueindex(PAIR_PASS), pass, pairing->key);
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
    pairing.key = check_event_column(L, -1);
    if (lua_getfield(L, 2, "columns") != LUA_TNIL) {
        luaL_checktype(L, -1, LUA_TTABLE);
        for (lua_Integer i = 1; lua_geti(L, 4, i) != LUA_TNIL; i++) {
            if (pairing.count == API_EACH_MAX)
                return luaL_error(L, "pair: at most %d columns", API_EACH_MAX);
            pairing.columns[pairing.count++] = check_event_column(L, -1);
            lua_pop(L, 1);
        }
    }
    lua_settop(L, 2);
    push_pass(L, 1)->kinds = pairing.open | pairing.close;
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
    push_pass(L, 1);
    struct windowing *w = lua_newuserdatauv(L, sizeof *w, 0);
    *w = (struct windowing){.length = (uint64_t)length};
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, window_next, 3);
    return 1;
}

void api_push_events(lua_State *L, const struct plugin_run *run)
{
    struct events_box *box = lua_newuserdatauv(L, sizeof *box, 2);
    *box = (struct events_box){.path = run->trace,
                               .rows = run->event_rows,
                               .row_count = run->event_row_count,
                               .is_live = run->live,
                               .kinds = run->plugin->event_kinds};
    live.fd = run->events_fd;
    luaL_setmetatable(L, API_EVENTS);
}

bool api_has_event_column(const char *name)
{
    return find_column(name, strlen(name)) >= 0;
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
    luaL_newmetatable(L, API_PASS);
    lua_pushcfunction(L, pass_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, pass_index);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}
