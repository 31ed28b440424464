// See run.h. The upper half runs in the child, the lower half in the host.
#include "inspector/lua/run.h"

#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/lua/api.h"
#include "inspector/lua/jail.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

// ---- in the child ----

static void push_arguments(lua_State *L, const struct plugin *plugin)
{
    lua_createtable(L, 0, (int)plugin->arg_count);
    for (unsigned i = 0; i < plugin->arg_count; i++) {
        api_push_value(L, &plugin->args[i].value);
        lua_setfield(L, -2, plugin->args[i].name);
    }
}

static void push_target(lua_State *L, const struct plugin_run *run)
{
    lua_createtable(L, 0, 4);
    if (run->heap_count) {
        const struct snapshot_info *info = &run->heaps[run->heap_count - 1]->snapshot->info;
        lua_pushinteger(L, (lua_Integer)info->pid);
        lua_setfield(L, -2, "pid");
        lua_pushstring(L, info->runtime);
        lua_setfield(L, -2, "runtime");
        lua_pushstring(L, info->version);
        lua_setfield(L, -2, "version");
        lua_pushinteger(L, info->taken_unix_ns);
        lua_setfield(L, -2, "taken_ns");
    }
    if (run->trace) {
        lua_pushstring(L, run->trace);
        lua_setfield(L, -2, "trace");
    }
}

void api_push_context(lua_State *L, const struct plugin_run *run)
{
    lua_createtable(L, 0, 12);
    push_arguments(L, run->plugin);
    lua_setfield(L, -2, "args");
    push_target(L, run);
    lua_setfield(L, -2, "target");
    api_push_out(L);
    lua_setfield(L, -2, "out");
    lua_createtable(L, 2, 0);
    for (unsigned h = 0; h < run->heap_count; h++) {
        api_push_heap(L, run->heaps[h]);
        lua_rawseti(L, -2, (lua_Integer)h + 1);
    }
    if (run->heap_count) { // ctx.heap is the newest
        lua_rawgeti(L, -1, run->heap_count);
        lua_setfield(L, -3, "heap");
    }
    lua_setfield(L, -2, "heaps");
    if (run->heap_count == 2) {
        api_push_diff(L, run);
        lua_setfield(L, -2, "diff");
    }
    if (run->trace || run->event_rows || run->live) {
        api_push_events(L, run);
        lua_setfield(L, -2, "events");
    }
    api_add_context_functions(L);
}

static int open_api(lua_State *L)
{
    lua_pushvalue(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "brille.run");
    api_heap_open(L);
    api_set_open(L);
    api_numbers_open(L);
    api_group_open(L);
    api_events_open(L);
    api_out_open(L);
    return 0;
}

// Calls plugin[name](ctx); the plugin and ctx are at 1 and 2.
static int call_named(lua_State *L)
{
    lua_rawget(L, 1);
    if (lua_isnil(L, -1)) // stop is optional
        return 0;
    lua_pushvalue(L, 2);
    lua_call(L, 1, 0);
    return 0;
}

static bool call_with_context(lua_State *L, const char *name)
{
    lua_settop(L, 2);
    lua_pushcfunction(L, call_named);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushstring(L, name);
    return sandbox_call(L, 3, 0);
}

static int make_context(lua_State *L)
{
    api_push_context(L, lua_touserdata(L, 1));
    return 1;
}

static void run_in_child(void *context, struct wire *wire)
{
    struct plugin_run *run = context;
    struct strbuf name;
    for (unsigned i = 0; i < run->heap_count; i++)
        run->heaps[i]->snapshot->values_hidden = run->values_hidden;
    lua_State *L = sandbox_create(&run->limits, wire);
    if (!L) {
        sandbox_report_memory();
        return;
    }
    lua_pushcfunction(L, open_api);
    lua_pushlightuserdata(L, run);
    if (!sandbox_call(L, 1, 0))
        return;
    strbuf_init(&name);
    strbuf_addf(&name, "@%s", plugin_chunk_name(run->plugin));
    sandbox_set_libs(run->plugin->libs.items, run->plugin->libs.count);
    sandbox_start_clock();
    if (!sandbox_evaluate(L, run->plugin->source, run->plugin->source_length, strbuf_text(&name))) {
        sandbox_report(L);
        return;
    }
    lua_pushcfunction(L, make_context);
    lua_pushlightuserdata(L, run);
    if (!sandbox_call(L, 1, 1))
        return;
    if (!call_with_context(L, "run")) {
        if (!sandbox_ended_early())
            return;
        sandbox_grant_grace(L); // what went wrong has been told
        call_with_context(L, "stop");
        return;
    }
    wire_begin(wire, WIRE_DONE);
    wire_end(wire);
}

// ---- in the host ----

struct receiver {
    const struct plugin_run *run;
    struct run_output *output;
    struct error *failure; // what the plugin said before it ended
    struct progress progress;
    char working_on[80];
};

static const char *keep(struct run_output *output, const char *text)
{
    const char *copy = arena_strdup(&output->arena, text);
    return copy ? copy : "";
}

static struct error *take_table(struct run_output *output, const struct wire_message *m)
{
    struct run_table *table = arena_alloc(&output->arena, sizeof *table);
    if (!table)
        return &error_no_memory;
    if (output->table_count == RUN_TABLES_MAX)
        return error_create(ERROR_LIMIT, "more than %d tables", RUN_TABLES_MAX);
    table->id = keep(output, wire_get_text(m, 0));
    table->title = keep(output, wire_get_text(m, 1));
    output->tables[output->table_count++] = table;
    return run_item_vec_push(&output->items,
                             (struct run_item){.kind = RUN_ITEM_TABLE, .table = table});
}

static struct error *take_column(struct run_output *output, const struct wire_message *m)
{
    struct run_table *table = output->table_count ? output->tables[output->table_count - 1] : NULL;
    const int64_t unit = wire_get_integer(m, 1);
    if (!table || table->column_count == RUN_COLUMNS_MAX || unit < 0 || unit >= RUN_UNIT_COUNT)
        return error_create(ERROR_FORMAT, "the plugin's process sent a damaged table");
    table->columns[table->column_count++] =
        (struct run_column){.name = keep(output, wire_get_text(m, 0)), .unit = (enum run_unit)unit};
    return NULL;
}

// Whether a cell can stand in a column: the host does not rely on the child's checks.
static bool fits(const struct value *cell, enum run_unit unit)
{
    if (cell->kind == VALUE_NONE)
        return true;
    if (unit == RUN_TEXT)
        return cell->kind == VALUE_TEXT;
    return cell->kind == (unit == RUN_RATIO ? VALUE_REAL : VALUE_INTEGER);
}

static struct error *take_row(struct run_output *output, const struct wire_message *m)
{
    const int64_t number = wire_get_integer(m, 0);
    struct run_table *table =
        number >= 0 && number < output->table_count ? output->tables[number] : NULL;
    if (!table || m->count != table->column_count + 1)
        return error_create(ERROR_FORMAT, "the plugin's process sent a damaged row");
    for (unsigned i = 0; i < table->column_count; i++) {
        struct value cell = m->fields[i + 1];
        if (!fits(&cell, table->columns[i].unit))
            return error_create(ERROR_FORMAT, "the plugin's process sent a damaged row");
        if (cell.kind == VALUE_TEXT)
            cell = value_text(keep(output, cell.text));
        TRY(value_vec_push(&table->cells, cell));
    }
    return NULL;
}

static struct error *take_finding(struct run_output *output, const struct wire_message *m)
{
    struct run_item item = {.kind = RUN_ITEM_FINDING};
    item.finding = (struct run_finding){
        .id = keep(output, wire_get_text(m, 0)),
        .severity = keep(output, *wire_get_text(m, 1) ? wire_get_text(m, 1) : "note"),
        .title = keep(output, wire_get_text(m, 2)),
        .detail = keep(output, wire_get_text(m, 3)),
        .suggest = keep(output, wire_get_text(m, 4)),
        .confidence = (int)wire_get_integer(m, 5),
    };
    return run_item_vec_push(&output->items, item);
}

static struct error *take_chart(struct run_output *output, const struct wire_message *m)
{
    struct run_chart *chart = arena_alloc(&output->arena, sizeof *chart);
    if (!chart)
        return &error_no_memory;
    if (output->chart_count == RUN_TABLES_MAX)
        return error_create(ERROR_LIMIT, "more than %d charts", RUN_TABLES_MAX);
    *chart = (struct run_chart){
        .id = keep(output, wire_get_text(m, 0)),
        .kind = keep(output, wire_get_text(m, 1)),
        .title = keep(output, wire_get_text(m, 2)),
        .x_label = keep(output, wire_get_text(m, 3)),
        .x_unit = keep(output, wire_get_text(m, 4)),
        .y_label = keep(output, wire_get_text(m, 5)),
        .y_unit = keep(output, wire_get_text(m, 6)),
    };
    output->charts[output->chart_count++] = chart;
    return run_item_vec_push(&output->items,
                             (struct run_item){.kind = RUN_ITEM_CHART, .chart = chart});
}

static struct error *take_series(struct run_output *output, const struct wire_message *m)
{
    struct run_chart *chart = output->chart_count ? output->charts[output->chart_count - 1] : NULL;
    if (!chart || chart->series_count == RUN_SERIES_MAX)
        return error_create(ERROR_FORMAT, "the plugin's process sent a damaged chart");
    chart->series[chart->series_count++] =
        (struct run_series){.name = keep(output, wire_get_text(m, 0))};
    return NULL;
}

static struct error *take_point(struct run_output *output, const struct wire_message *m)
{
    struct run_chart *chart = output->chart_count ? output->charts[output->chart_count - 1] : NULL;
    if (!chart || !chart->series_count || m->count != 2 || !value_is_number(&m->fields[1]) ||
        (!value_is_number(&m->fields[0]) && m->fields[0].kind != VALUE_TEXT))
        return error_create(ERROR_FORMAT, "the plugin's process sent a damaged chart");
    struct value_vec *points = &chart->series[chart->series_count - 1].points;
    struct value x = m->fields[0];
    if (x.kind == VALUE_TEXT)
        x = value_text(keep(output, x.text));
    TRY(value_vec_push(points, x));
    return value_vec_push(points, m->fields[1]);
}

static void take_object(struct run_output *output, const struct wire_message *m)
{
    if (output->items.count == 0)
        return;
    struct run_finding *finding = &output->items.items[output->items.count - 1].finding;
    if (finding->object_count < 16)
        finding->objects[finding->object_count++] = (uint64_t)wire_get_integer(m, 0);
}

static struct error *take_error(const struct plugin_run *run, const struct wire_message *m)
{
    const bool interrupt = wire_get_integer(m, 2) == SANDBOX_INTERRUPTED;
    struct error *err = error_create(interrupt ? ERROR_INTERRUPTED : ERROR_USAGE, "plugin %s: %s",
                                     run->plugin->name, wire_get_text(m, 0));
    return *wire_get_text(m, 1) ? error_add_try(err, "%s", wire_get_text(m, 1)) : err;
}

static void show_progress(struct receiver *receiver, const struct wire_message *m)
{
    struct progress *progress = &receiver->progress;
    if (!progress->what) {
        snprintf(receiver->working_on, sizeof receiver->working_on, "%s", wire_get_text(m, 1));
        progress_begin(progress, receiver->working_on, "steps", 1000);
    }
    progress_update(progress, (uint64_t)wire_get_integer(m, 0));
}

static struct error *receive(void *host, const struct wire_message *m)
{
    struct receiver *receiver = host;
    struct run_output *output = receiver->output;
    switch (m->tag) {
    case WIRE_TABLE:
        return take_table(output, m);
    case WIRE_COLUMN:
        return take_column(output, m);
    case WIRE_ROW:
        return take_row(output, m);
    case WIRE_TEXT:
        return run_item_vec_push(
            &output->items,
            (struct run_item){.kind = RUN_ITEM_TEXT, .text = keep(output, wire_get_text(m, 0))});
    case WIRE_FINDING:
        return take_finding(output, m);
    case WIRE_CHART:
        return take_chart(output, m);
    case WIRE_SERIES:
        return take_series(output, m);
    case WIRE_POINT:
        return take_point(output, m);
    case WIRE_OBJECT:
        take_object(output, m);
        return NULL;
    case WIRE_LOG:
        if (wire_get_integer(m, 0) == 2)
            log_warning("%s: %s", receiver->run->plugin->name, wire_get_text(m, 1));
        else
            log_debug("%s: %s", receiver->run->plugin->name, wire_get_text(m, 1));
        return NULL;
    case WIRE_PROGRESS:
        show_progress(receiver, m);
        return NULL;
    case WIRE_ERROR:
        if (!receiver->failure)
            receiver->failure = take_error(receiver->run, m);
        return NULL;
    case WIRE_DONE:
        output->complete = true;
        return NULL;
    default:
        return NULL;
    }
}

static struct error *explain_end(const struct plugin_run *run, enum jail_end end, int number)
{
    const char *name = run->plugin->name;
    switch (end) {
    case JAIL_TIME:
        return error_add_why(error_create(ERROR_USAGE, "plugin %s: killed after %s (--time)", name,
                                          format_time_ns(run->limits.time_ns).text),
                             "it was in a library function that cannot be interrupted");
    case JAIL_FLOOD:
        return error_create(ERROR_USAGE, "plugin %s: more than %s of output", name,
                            format_bytes(WIRE_OUTPUT_MAX).text);
    case JAIL_INTERRUPTED:
        return error_create(ERROR_INTERRUPTED, "interrupted");
    default:
        return error_create(ERROR_USAGE, "plugin %s: its process ended unexpectedly (%s)", name,
                            number ? strsignal(number) : "no answer");
    }
}

// Lua's own memory, and what the passes in C take: sets, paths, referrers, readers of a trace.
static uint64_t process_memory(const struct plugin_run *run)
{
    uint64_t bytes = run->limits.memory_bytes + (UINT64_C(1) << 30);
    for (unsigned h = 0; h < run->heap_count; h++)
        bytes += run->heaps[h]->snapshot->object_count * UINT64_C(128) +
                 run->heaps[h]->snapshot->reference_count * UINT64_C(16);
    return bytes;
}

static void end_events(void *host)
{
    const struct receiver *receiver = host;
    receiver->run->end_events(receiver->run->end_context);
}

struct error *plugin_run(const struct plugin_run *run, struct run_output *output)
{
    struct receiver receiver = {.run = run, .output = output};
    enum jail_end end = JAIL_DONE;
    int number = 0;
    *output = (struct run_output){.complete = false};
    arena_init(&output->arena);
    const struct jail jail = {.time_ns = run->limits.time_ns,
                              .memory_bytes = process_memory(run),
                              .may_open = run->trace != NULL,
                              .interrupt = SANDBOX_INTERRUPT,
                              .on_interrupt = run->end_events ? end_events : NULL,
                              .body = run_in_child,
                              .context = (void *)(uintptr_t)run,
                              .receive = receive,
                              .host = &receiver};
    struct error *err = jail_run(&jail, &end, &number);
    if (receiver.progress.what)
        progress_end(&receiver.progress);
    if (!err)
        err = take_ptr(receiver.failure);
    if (!err && (end != JAIL_DONE || !output->complete))
        err = explain_end(run, end, number);
    error_destroy(receiver.failure);
    output->complete = !err;
    return err;
}

void run_output_deinit(struct run_output *output)
{
    for (unsigned i = 0; i < output->table_count; i++)
        value_vec_deinit(&output->tables[i]->cells);
    for (unsigned i = 0; i < output->chart_count; i++)
        for (unsigned k = 0; k < output->charts[i]->series_count; k++)
            value_vec_deinit(&output->charts[i]->series[k].points);
    run_item_vec_deinit(&output->items);
    arena_deinit(&output->arena);
}
