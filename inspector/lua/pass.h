// A pass: one reading of the events of a selection, in order, for api_events*.c.
//
// A selection (events_box, what Lua holds) says where the events come from, which kinds, and
// filters, each of which refers to the selection that it narrows. Nothing is read until something
// is asked; then a pass goes over the trace, and several may be under way. A window of time is read
// once and kept as rows, so that it can be asked many things; the events of a test are rows, too.
//
// A pass is made for columns, and what kinds can come through its filters is found out beforehand:
// the reader then passes over everything else, mostly undecoded (struct trace_want). Columns that a
// pass was not made for may be wrong.
#ifndef BRILLE_INSPECTOR_LUA_PASS_H
#define BRILLE_INSPECTOR_LUA_PASS_H

#include "inspector/lua/api.h"
#include "inspector/lua/event_row.h"
#include "inspector/lua/expr.h"
#include "tracer/read/reader.h"

enum event_column {
#define EVENT_COLUMN(name, type, doc) EVENT_COLUMN_##name,
#include "inspector/lua/eventcolumns.def"
    EVENT_COLUMN_COUNT
};

#define PASS_COLUMN(name) (UINT64_C(1) << EVENT_COLUMN_##name)
#define PASS_COLUMNS_ALL  UINT64_MAX
#define PASS_KINDS        32 // kinds below are events, the rest carriers
#define PASS_BRIEFS       128
#define PASS_COUNTING     UINT64_C(0) // no columns: those that need not be looked at are counted

struct pass;

// User values: 1 what it narrows, or the pass whose reader knows its names; 2 the parameters of the
// filter.
struct events_box {
    const char *path; // of the trace; NULL: `rows`, or `is_live`
    bool is_live;
    const struct event_row *rows; // borrowed, or of a window
    size_t row_count;
    struct pass *names;         // of a window: whose reader knows the names
    struct events_box *narrows; // or NULL
    uint64_t kinds;             // bits; 0: all
    struct expr *filter;        // or NULL; a userdata that user value 2 keeps
    struct pass *asked;         // whom the filter looks at
    uint32_t kind;              // of the event that it looks at
};

// User values: the texts of columns that were pushed, by number, and what it reads.
enum pass_cache {
    CACHE_KIND = 1,
    CACHE_TYPE,
    CACHE_FUNC,
    CACHE_FILE,
    CACHE_THREAD,
    CACHE_OWNER,
    CACHE_COUNT = CACHE_OWNER
};

struct pass {
    struct trace_reader reader;
    struct event_row row; // where it is
    const struct event_row *rows;
    size_t row_count, at;
    struct pass *names; // whose reader knows the names: itself, or that of a window
    struct events_box *of;
    uint64_t kinds, delivered;
    uint64_t until_ns; // no later event passes the filters
    bool open, has_where;
    bool runs;     // events are taken many at a time, below
    bool is_plain; // of events:each: briefs need not become events
    bool filtered; // something is left to test of each event
    unsigned count;
    enum event_column columns[API_EACH_MAX]; // of events:each
    size_t brief_count, brief_at;
    struct trace_brief briefs[PASS_BRIEFS]; // comes last: it is not cleared
};

// Pushes a pass over the selection at `index`: of `kinds` (0: those of the selection), for columns.
struct pass *pass_push(lua_State *L, int index, uint64_t kinds, uint64_t columns);
// Pushes one that passes over everything and counts what is missing.
struct pass *pass_push_losses(lua_State *L, int index);
// The next event is in `row`. False at the end.
bool pass_next(lua_State *L, struct pass *pass);

// Texts are good until the next call.
struct value pass_get(struct pass *pass, enum event_column column);
// The number of the text that a column has, by which it can be remembered while the pass lasts.
// False: it has none, or may come to have another name.
bool pass_text_number(const struct pass *pass, enum event_column column, uint64_t *number);
// `caches` is where the first of the caches is: a stack or upvalue index, and the rest behind it.
// 0: they are user values of the pass at `owner`.
void pass_push_column(lua_State *L, struct pass *pass, enum event_column column, int owner,
                      int caches);
// Pushes the caches of the pass at `owner`, for an upvalue each.
void pass_push_caches(lua_State *L, int owner);

const char *event_column_name(enum event_column column);
int event_column_find(const char *name, size_t length); // -1: there is none
enum event_column event_column_check(lua_State *L, int index);

// The bit of a kind that the selection has, by its name; or it raises.
uint64_t event_kind_check(lua_State *L, const struct events_box *box, const char *name);

// The events of a live process, which come once, for one pass.
void pass_set_live(int fd);
uint64_t pass_live_dropped(void); // units, so far
void pass_open(lua_State *L);     // makes the metatable

#endif
