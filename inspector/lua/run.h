// Running a plugin: heaps and arguments in, tables, texts and findings out.
//
// The caller has captured what the plugin needs and let go of the target. plugin_run executes
// run(ctx) in a jail and collects what it put out; when it ends badly what came before is kept and
// marked incomplete, and the error says in one line why.
#ifndef BRILLE_INSPECTOR_LUA_RUN_H
#define BRILLE_INSPECTOR_LUA_RUN_H

#include "inspector/base/arena.h"
#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "inspector/lua/event_row.h"
#include "inspector/lua/heap.h"
#include "inspector/lua/plugin.h"
#include "inspector/lua/sandbox.h"
#include <stdbool.h>
#include <stdint.h>

#define RUN_ROWS_MAX    100000 // of one table
#define RUN_COLUMNS_MAX 12
#define RUN_TABLES_MAX  64
#define RUN_SERIES_MAX  8 // of one chart
#define RUN_POINTS_MAX  10000

enum run_unit {
    RUN_TEXT,
    RUN_COUNT,
    RUN_BYTES,
    RUN_NS,
    RUN_RATIO,
    RUN_ADDRESS,
    RUN_CHANGE, // signed count
    RUN_BYTES_CHANGE,
    RUN_UNIT_COUNT,
};

// What the API gets.
struct plugin_run {
    struct plugin *plugin; // with its argument values
    struct plugin_heap *heaps[PLUGIN_HEAPS];
    unsigned heap_count;
    const char *trace;                 // a trace file, or NULL
    bool live;                         // events are of a live process:
    int events_fd;                     // its feed (tracer/read/feed.h)
    void (*end_events)(void *context); // at Ctrl-C: the feed is to come to its end
    void *end_context;
    const struct event_row *event_rows; // of a test, instead of a trace; or NULL
    size_t event_row_count;
    bool values_hidden; // of heaps (struct snapshot); set in the plugin's process alone
    struct sandbox_limits limits;
};

// ---- what came out ----

VEC_DEFINE(value_vec, struct value);

struct run_column {
    const char *name;
    enum run_unit unit;
};

struct run_table {
    const char *id, *title;
    struct run_column columns[RUN_COLUMNS_MAX];
    unsigned column_count;
    struct value_vec cells; // texts live in the output's arena
};

struct run_finding {
    const char *id, *severity, *title, *detail, *suggest;
    uint64_t objects[16]; // addresses
    unsigned object_count;
    int confidence; // per mille, -1: not said
};

struct run_series {
    const char *name;
    struct value_vec points; // x, y, x, y ...
};

struct run_chart {
    const char *id, *kind, *title;
    const char *x_label, *x_unit, *y_label, *y_unit;
    struct run_series series[RUN_SERIES_MAX];
    unsigned series_count;
};

enum run_item_kind {
    RUN_ITEM_TEXT,
    RUN_ITEM_TABLE,
    RUN_ITEM_FINDING,
    RUN_ITEM_CHART,
};

struct run_item {
    enum run_item_kind kind;
    const char *text;
    struct run_table *table;
    struct run_chart *chart;
    struct run_finding finding;
};

VEC_DEFINE(run_item_vec, struct run_item);

struct run_output {
    struct arena arena;
    struct run_item_vec items; // in the order in which the plugin made them
    struct run_table *tables[RUN_TABLES_MAX];
    unsigned table_count;
    struct run_chart *charts[RUN_TABLES_MAX];
    unsigned chart_count;
    bool complete;
};

void run_output_deinit(struct run_output *output);

// The output is valid, if only empty, whatever is returned.
struct error *plugin_run(const struct plugin_run *run, struct run_output *output);

#endif
