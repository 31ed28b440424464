// See pass.h. Texts that come again and again (kinds, functions, files, types) are kept in Lua
// tables by number.
#include "inspector/lua/pass.h"

#include "inspector/lua/event_names.h"

#include <string.h>

#define API_PASS "brille.pass"

static const char *const COLUMN_NAMES[] = {
#define EVENT_COLUMN(name, type, doc) #name,
#include "inspector/lua/eventcolumns.def"
};

static struct {
    int fd; // -1: there is none
    bool taken;
    struct trace_reader *reader; // of the pass that has them, while it lives
    uint64_t dropped_units;      // as of then
} live = {.fd = -1};

// ---- what is wanted of the reader ----

// What the columns of an event are is known of its kind alone: nothing, mostly.
static bool known_of_kind(const void *context, int column, uint64_t row)
{
    const struct events_box *box = context;
    const unsigned kind = box->kind;
    (void)row;
    switch ((enum event_column)column) {
    case EVENT_COLUMN_kind:
        return true;
    case EVENT_COLUMN_type:
        return kind != TRACE_EVENT_alloc && kind != TRACE_EVENT_retype &&
               kind != TRACE_EVENT_snapshot;
    case EVENT_COLUMN_size:
        return !event_has_size(kind);
    case EVENT_COLUMN_gen:
        return !event_has_generation(kind);
    case EVENT_COLUMN_refcount:
        return kind != TRACE_EVENT_alloc && kind != TRACE_EVENT_snapshot;
    case EVENT_COLUMN_reason:
        return kind != TRACE_EVENT_gil_release;
    case EVENT_COLUMN_duration:
        return kind != TRACE_EVENT_gil_acquire && kind != TRACE_EVENT_gil_release;
    case EVENT_COLUMN_collected:
    case EVENT_COLUMN_examined:
        return kind != TRACE_EVENT_gc_done;
    default:
        return false;
    }
}

// The kinds of which an event may pass the filter; those of which one may not are added to
// *uncertain.
static uint64_t kinds_of_filter(struct events_box *box, uint64_t *uncertain)
{
    static struct pass example; // static, since the filter keeps where it was
    uint64_t kinds = 0;
    example.row.event.generation = -1;
    box->asked = &example;
    for (unsigned kind = 1; kind < 32; kind++) {
        example.row.event.kind = (enum trace_event_kind)kind;
        box->kind = kind;
        if (expr_may_be(box->filter, true, 0, known_of_kind))
            kinds |= UINT64_C(1) << kind;
        if (expr_may_be(box->filter, false, 0, known_of_kind))
            *uncertain |= UINT64_C(1) << kind;
    }
    return kinds;
}

#define SIZED                                                               \
    (UINT64_C(1) << TRACE_EVENT_alloc | UINT64_C(1) << TRACE_EVENT_resize | \
     UINT64_C(1) << TRACE_EVENT_snapshot)

// Whether of events that have a size all filters ask no more than what kind they are and a size
// from one number to another.
static bool ask_for_sizes(struct pass *pass, struct trace_want *want)
{
    static struct pass example;
    want->least_size = INT64_MIN;
    want->most_size = INT64_MAX;
    for (struct events_box *box = pass->of; box; box = box->narrows)
        for (uint64_t kinds = box->filter ? want->kinds & SIZED : 0; kinds; kinds &= kinds - 1) {
            int64_t least = INT64_MIN, most = INT64_MAX;
            box->kind = (uint32_t)__builtin_ctzll(kinds);
            box->asked = &example;
            example.row.event.kind = (enum trace_event_kind)box->kind;
            if (!expr_is_range(box->filter, EVENT_COLUMN_size, 0, known_of_kind, &least, &most))
                return false;
            want->least_size = least > want->least_size ? least : want->least_size;
            want->most_size = most < want->most_size ? most : want->most_size;
        }
    return true;
}

static bool has_address_alone(int64_t address)
{
    return address > 0 && TRACE_WORD_ADDRESS((uint64_t)address) == (uint64_t)address;
}

// Narrows what is wanted by all filters of the pass. Kinds may become 0: nothing passes.
static void want_of_filters(struct pass *pass, struct trace_want *want, uint64_t *columns)
{
    uint64_t uncertain = 0;
    for (struct events_box *box = pass->of; box; box = box->narrows) {
        int64_t address;
        if (!box->filter)
            continue;
        pass->filtered = true;
        *columns |= expr_columns(box->filter);
        want->kinds &= kinds_of_filter(box, &uncertain);
        if (expr_demands(box->filter, EVENT_COLUMN_addr, &address) && has_address_alone(address))
            want->address = (uint64_t)address;
    }
    uncertain &= want->kinds;
    pass->filtered &= uncertain != 0; // the kinds are all that they ask
    // Snapshots are not of HOT or COLD: they are shown, and the filters see their sizes.
    want->sized = want->counting && uncertain && !(uncertain & ~SIZED) &&
                  pass->reader.kind == READER_FILE && ask_for_sizes(pass, want);
    want->counting &= !uncertain || want->sized;
}

// The times between which an event must be to pass all filters, in ns. Times never go back: behind
// the last of them nothing needs to be read, and of what lies before the first blocks are left out.
static enum read_status bound_times(struct pass *pass, bool stacks, struct read_error *error)
{
    int64_t from = 0, until = INT64_MAX;
    for (const struct events_box *box = pass->of; box; box = box->narrows)
        if (box->filter)
            expr_bounds(box->filter, EVENT_COLUMN_t, &from, &until);
    pass->until_ns = until < 0 ? 0 : (uint64_t)until;
    return stacks || from <= 0 ? READ_OK
                               : trace_reader_seek_events(&pass->reader, (uint64_t)from, error);
}

#define WHERE_COLUMNS (PASS_COLUMN(func) | PASS_COLUMN(file) | PASS_COLUMN(line))

static void set_want(lua_State *L, struct pass *pass, uint64_t columns, bool counting)
{
    struct read_error error;
    // Carriers, and what a later version makes of them, are nobody's.
    struct trace_want want = {.kinds = (pass->kinds ? pass->kinds : UINT64_MAX) & UINT32_MAX,
                              .counting = counting};
    want_of_filters(pass, &want, &columns);
    if (want.counting)
        columns = 0;
    want.stacks = columns & WHERE_COLUMNS;
    want.times = columns & PASS_COLUMN(t);
    want.positions = columns & PASS_COLUMN(seq);
    if (!want.kinds)
        want.kinds = UINT64_C(1) << 31; // which no event has
    pass->kinds = want.kinds;
    pass->runs = !want.stacks && !want.counting;
    trace_reader_want(&pass->reader, &want);
    if (bound_times(pass, want.stacks, &error) != READ_OK)
        luaL_error(L, "%s", error.message);
}

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

// Pushes one over the selection at `index`.
static struct pass *push_opened(lua_State *L, int index)
{
    struct events_box *box = luaL_checkudata(L, index, API_EVENTS);
    struct read_error error;
    struct pass *pass = lua_newuserdatauv(L, sizeof *pass, CACHE_COUNT);
    memset(pass, 0, offsetof(struct pass, briefs));
    luaL_setmetatable(L, API_PASS);
    for (int i = CACHE_KIND; i < CACHE_OWNER; i++) {
        lua_newtable(L);
        lua_setiuservalue(L, -2, i);
    }
    lua_pushvalue(L, index);
    lua_setiuservalue(L, -2, CACHE_OWNER);
    pass->of = box;
    pass->until_ns = UINT64_MAX;
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

struct pass *pass_push(lua_State *L, int index, uint64_t kinds, uint64_t columns)
{
    struct pass *pass = push_opened(L, index);
    if (kinds)
        pass->kinds = kinds;
    if (pass->open)
        set_want(L, pass, columns, columns == PASS_COUNTING);
    else
        for (struct events_box *box = pass->of; box; box = box->narrows)
            pass->filtered |= box->filter != NULL;
    return pass;
}

struct pass *pass_push_losses(lua_State *L, int index)
{
    struct pass *pass = push_opened(L, index);
    pass->kinds = UINT64_C(1) << TRACE_EVENT_dropped;
    if (pass->open)
        trace_reader_want(&pass->reader,
                          &(struct trace_want){.kinds = pass->kinds, .losses = true});
    return pass;
}

static bool passes_filters(struct pass *pass)
{
    const unsigned kind = pass->row.event.kind;
    if (kind >= PASS_KINDS || (pass->kinds && !(pass->kinds >> kind & 1)))
        return false;
    for (struct events_box *box = pass->filtered ? pass->of : NULL; box; box = box->narrows) {
        if (!box->filter)
            continue;
        box->asked = pass;
        box->kind = kind;
        if (!expr_test(box->filter, 0))
            return false;
    }
    return true;
}

// The next of those that were taken together. Fields that only a record of RARE has are not looked
// at.
static void take_brief(struct pass *pass)
{
    const struct trace_brief *brief = &pass->briefs[pass->brief_at++];
    struct trace_event *event = &pass->row.event;
    event->kind = brief->kind;
    event->tid = brief->tid;
    event->seq = brief->seq;
    event->time_ns = brief->time_ns;
    event->address = brief->address;
    event->type = brief->type;
    event->size = brief->size;
    event->generation = brief->generation;
    event->refcount = brief->kind == TRACE_EVENT_alloc;
    event->delta = (brief->kind == TRACE_EVENT_incref) - (brief->kind == TRACE_EVENT_decref);
}

static bool read_brief(struct pass *pass, struct read_error *error)
{
    if (pass->brief_at == pass->brief_count) {
        pass->brief_at = pass->brief_count = 0;
        if (pass->runs)
            pass->brief_count = trace_reader_run(&pass->reader, pass->briefs, PASS_BRIEFS, error);
        if (pass->brief_count == 0)
            return false;
    }
    take_brief(pass);
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
    if (read_brief(pass, &error))
        return true;
    enum read_status status = trace_reader_next(&pass->reader, &pass->row.event, &error);
    while (status == READ_AGAIN && !sandbox_expired()) // live, and nothing happens
        status = trace_reader_next(&pass->reader, &pass->row.event, &error);
    if (status == READ_AGAIN)
        return false;
    if (status != READ_OK && status != READ_END)
        luaL_error(L, "%s", error.message);
    return status == READ_OK;
}

bool pass_next(lua_State *L, struct pass *pass)
{
    for (uint64_t seen = 1; read_event(L, pass); seen++) {
        if (passes_filters(pass)) {
            pass->delivered++;
            return true;
        }
        if (pass->row.event.time_ns > pass->until_ns || (seen % 65536 == 0 && sandbox_expired()))
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

struct value pass_get(struct pass *pass, enum event_column column)
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

bool pass_text_number(const struct pass *pass, enum event_column column, uint64_t *number)
{
    lua_Integer key;
    const int cache = cache_of(pass, column, &key);
    // Definitions of a file were all read before; those of a live process come as they come.
    if (!cache || (cache != CACHE_KIND && pass->names->reader.kind != READER_FILE))
        return false;
    *number = (uint64_t)key;
    return true;
}

static void push_value(lua_State *L, struct pass *pass, enum event_column column)
{
    const struct value value = pass_get(pass, column);
    api_push_value(L, &value);
}

// The text with that number in the cache at `table`, which gets it the first time.
static void push_text(lua_State *L, struct pass *pass, enum event_column column, int table,
                      lua_Integer key)
{
    if (lua_rawgeti(L, table, key) != LUA_TNIL)
        return;
    lua_pop(L, 1);
    push_value(L, pass, column);
    lua_pushvalue(L, -1);
    lua_rawseti(L, table, key);
}

void pass_push_column(lua_State *L, struct pass *pass, enum event_column column, int owner,
                      int caches)
{
    lua_Integer key;
    if (column == EVENT_COLUMN_t) { // the commonest, and is always there
        lua_pushinteger(L, (lua_Integer)pass->row.event.time_ns);
        return;
    }
    const int cache = cache_of(pass, column, &key);
    if (!cache) {
        push_value(L, pass, column);
    } else if (caches) { // upvalues are counted downwards
        push_text(L, pass, column, caches - (cache - CACHE_KIND), key);
    } else {
        lua_getiuservalue(L, owner, cache);
        push_text(L, pass, column, lua_gettop(L), key);
        lua_remove(L, -2);
    }
}

void pass_push_caches(lua_State *L, int owner)
{
    for (int i = CACHE_KIND; i < CACHE_OWNER; i++)
        lua_getiuservalue(L, owner, i);
}

const char *event_column_name(enum event_column column)
{
    return COLUMN_NAMES[column];
}

int event_column_find(const char *name, size_t length)
{
    for (int i = 0; i < EVENT_COLUMN_COUNT; i++)
        if (strlen(COLUMN_NAMES[i]) == length && memcmp(COLUMN_NAMES[i], name, length) == 0)
            return i;
    return -1;
}

enum event_column event_column_check(lua_State *L, int index)
{
    size_t length;
    const char *name = luaL_checklstring(L, index, &length);
    const int column = event_column_find(name, length);
    if (column < 0)
        luaL_error(L, "events have no column '%s'", name);
    return (enum event_column)column;
}

uint64_t event_kind_check(lua_State *L, const struct events_box *box, const char *name)
{
    const int kind = event_find(name);
    if (!kind)
        luaL_error(L, "there is no event '%s'", name);
    if (box->kinds && !(box->kinds >> kind & 1))
        luaL_error(L, "'%s' is not in needs.events", name);
    return UINT64_C(1) << kind;
}

// e.size in a callback.
static int pass_index(lua_State *L)
{
    pass_push_column(L, luaL_checkudata(L, 1, API_PASS), event_column_check(L, 2), 1, 0);
    return 1;
}

void pass_set_live(int fd)
{
    live.fd = fd;
}

uint64_t pass_live_dropped(void)
{
    if (live.reader)
        note_dropped(live.reader);
    return live.dropped_units;
}

void pass_open(lua_State *L)
{
    luaL_newmetatable(L, API_PASS);
    lua_pushcfunction(L, pass_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, pass_index);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
