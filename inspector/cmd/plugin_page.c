// See plugin_page.h.
#include "inspector/cmd/plugin_page.h"

#include "inspector/base/format.h"
#include "inspector/base/interrupt.h"
#include "inspector/cmd/plugin_args.h"
#include "inspector/lua/chart.h"
#include "inspector/lua/run.h"
#include "inspector/report/html.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 640, HEIGHT = 160, POINTS_DRAWN = 400 };
#define TIME_NS      UINT64_C(60000000000)
#define MEMORY_BYTES (UINT64_C(512) << 20)

// ---- tables ----

static const char *cell_text(const struct value *cell, enum run_unit unit, struct formatted *made)
{
    if (cell->kind == VALUE_NONE)
        return "-";
    if (unit == RUN_TEXT)
        return cell->text;
    if (unit == RUN_RATIO)
        *made = format_share(cell->real, 1);
    else if (unit == RUN_BYTES)
        *made = format_bytes((uint64_t)cell->integer);
    else if (unit == RUN_NS)
        *made = format_time_ns((uint64_t)cell->integer);
    else if (unit == RUN_ADDRESS)
        *made = format_address((uint64_t)cell->integer);
    else if (unit == RUN_CHANGE)
        *made = format_change(cell->integer);
    else if (unit == RUN_BYTES_CHANGE)
        *made = format_bytes_change(cell->integer);
    else
        *made = format_count((uint64_t)cell->integer);
    return made->text;
}

static void add_table(const struct run_table *table, struct strbuf *out)
{
    if (table->column_count == 0)
        return;
    strbuf_add(out, "<h3>");
    html_add(out, table->title);
    strbuf_add(out, "</h3>\n<div class=\"card\"><div class=\"scroll\"><table><thead><tr>");
    for (unsigned c = 0; c < table->column_count; c++) {
        strbuf_addf(out, "<th scope=\"col\"%s>",
                    table->columns[c].unit == RUN_TEXT ? "" : " class=\"n\"");
        html_add(out, table->columns[c].name);
        strbuf_add(out, "</th>");
    }
    strbuf_add(out, "</tr></thead><tbody>");
    for (size_t i = 0; i < table->cells.count; i++) {
        const unsigned c = (unsigned)(i % table->column_count);
        const enum run_unit unit = table->columns[c].unit;
        struct formatted made;
        const char *text = cell_text(&table->cells.items[i], unit, &made);
        strbuf_add(out, c == 0 ? "\n<tr>" : "");
        strbuf_add(out, unit == RUN_TEXT ? "<td><code>" : "<td class=\"n\">");
        if (unit == RUN_TEXT)
            html_add(out, text);
        else
            html_add_number(out, text);
        strbuf_add(out, unit == RUN_TEXT ? "</code></td>" : "</td>");
        strbuf_add(out, c + 1 == table->column_count ? "</tr>" : "");
    }
    strbuf_add(out, "</tbody></table></div></div>\n");
}

// ---- charts ----

static size_t point_count(const struct run_series *series)
{
    const size_t points = series->points.count / 2;
    return points < POINTS_DRAWN ? points : POINTS_DRAWN;
}

static double point_y(const struct run_series *series, size_t p)
{
    return p < point_count(series) ? fabs(value_as_real(&series->points.items[2 * p + 1])) : 0;
}

// The height of the drawing: the largest point, or the largest sum where they are stacked.
static double scale_of(const struct run_chart *chart, bool stacked, size_t points)
{
    double most = 0;
    for (unsigned i = 0; !stacked && i < chart->series_count; i++)
        most = fmax(most, chart_largest(&chart->series[i]));
    for (size_t p = 0; stacked && p < points; p++) {
        double sum = 0;
        for (unsigned i = 0; i < chart->series_count; i++)
            sum += point_y(&chart->series[i], p);
        most = fmax(most, sum);
    }
    return most > 0 ? most : 1;
}

// Grey, a shade for each series.
static const char *shade(unsigned series)
{
    static const char *const SHADES[] = {"--a3", "--a1", "--a4", "--a2"};
    return SHADES[series % 4];
}

static void add_title(const struct run_chart *chart, const struct run_series *series, size_t p,
                      struct strbuf *out)
{
    struct strbuf text;
    strbuf_init(&text);
    if (chart->series_count > 1)
        strbuf_addf(&text, "%s, ", series->name);
    chart_add_value(&series->points.items[2 * p], chart->x_unit, &text);
    strbuf_add(&text, ": ");
    chart_add_value(&series->points.items[2 * p + 1], chart->y_unit, &text);
    strbuf_add(out, "<title>");
    html_add(out, strbuf_text(&text));
    strbuf_add(out, "</title>");
    strbuf_deinit(&text);
}

static void add_rectangles(const struct run_chart *chart, bool stacked, size_t points, double scale,
                           struct strbuf *out)
{
    const double slot = (double)WIDTH / (double)points;
    const double bar = slot * 0.86 / (stacked ? 1 : chart->series_count);
    for (size_t p = 0; p < points; p++) {
        double below = 0;
        for (unsigned i = 0; i < chart->series_count; i++) {
            if (p >= point_count(&chart->series[i]))
                continue;
            const double height = point_y(&chart->series[i], p) / scale * HEIGHT;
            strbuf_addf(out,
                        "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" "
                        "style=\"fill:var(%s)\">",
                        (double)p * slot + (stacked ? 0 : i * bar), HEIGHT - below - height, bar,
                        height, shade(i));
            add_title(chart, &chart->series[i], p, out);
            strbuf_add(out, "</rect>");
            below += stacked ? height : 0;
        }
    }
}

static void add_lines(const struct run_chart *chart, size_t points, double scale,
                      struct strbuf *out)
{
    for (unsigned i = 0; i < chart->series_count; i++) {
        strbuf_addf(out, "<polyline style=\"fill:none;stroke:var(%s);stroke-width:1.5\" points=\"",
                    shade(i));
        for (size_t p = 0; p < point_count(&chart->series[i]); p++)
            strbuf_addf(out, "%s%.2f,%.2f", p ? " " : "",
                        points > 1 ? (double)p / (double)(points - 1) * WIDTH : 0,
                        HEIGHT - point_y(&chart->series[i], p) / scale * HEIGHT);
        strbuf_add(out, "\"/>");
    }
}

// The numbers of a drawing: a row for each point of each series.
static void add_twin(const struct run_chart *chart, struct strbuf *out)
{
    strbuf_add(out, "<details class=\"twin\"><summary>The numbers</summary><table><thead><tr>"
                    "<th scope=\"col\">series</th><th scope=\"col\">");
    html_add(out, *chart->x_label ? chart->x_label : "x");
    strbuf_add(out, "</th><th scope=\"col\" class=\"n\">");
    html_add(out, *chart->y_label ? chart->y_label : "y");
    strbuf_add(out, "</th></tr></thead><tbody>");
    for (unsigned i = 0; i < chart->series_count; i++)
        for (size_t p = 0; p < point_count(&chart->series[i]); p++) {
            struct strbuf text;
            strbuf_init(&text);
            strbuf_add(out, "\n<tr><td>");
            html_add(out, chart->series[i].name);
            strbuf_add(out, "</td><td>");
            chart_add_value(&chart->series[i].points.items[2 * p], chart->x_unit, &text);
            html_add(out, strbuf_text(&text));
            strbuf_add(out, "</td><td class=\"n\">");
            strbuf_clear(&text);
            chart_add_value(&chart->series[i].points.items[2 * p + 1], chart->y_unit, &text);
            html_add_number(out, strbuf_text(&text));
            strbuf_add(out, "</td></tr>");
            strbuf_deinit(&text);
        }
    strbuf_add(out, "</tbody></table></details>\n");
}

static void add_chart(const struct run_chart *chart, struct strbuf *out)
{
    const bool stacked = strcmp(chart->kind, "stack") == 0;
    size_t points = 0, all = 0;
    for (unsigned i = 0; i < chart->series_count; i++) {
        const size_t more = point_count(&chart->series[i]);
        points = more > points ? more : points;
        all = chart->series[i].points.count / 2 > all ? chart->series[i].points.count / 2 : all;
    }
    strbuf_add(out, "<h3>");
    html_add(out, chart->title);
    strbuf_add(out, "</h3>\n");
    if (!points)
        return;
    const double scale = scale_of(chart, stacked, points);
    strbuf_addf(out, "<div class=\"card\"><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"",
                WIDTH, HEIGHT);
    html_add(out, chart->title);
    strbuf_add(out,
               "\" style=\"display:block;width:100%;padding:12px 14px;box-sizing:border-box\">");
    if (strcmp(chart->kind, "line") == 0)
        add_lines(chart, points, scale, out);
    else
        add_rectangles(chart, stacked, points, scale, out);
    strbuf_add(out, "</svg></div>\n");
    if (all > points)
        strbuf_addf(out, "<p class=\"note\">The first %zu of %zu points.</p>\n", points, all);
    add_twin(chart, out);
}

// ---- a section ----

static void add_paragraph(const char *text, struct strbuf *out)
{
    strbuf_add(out, "<p>");
    html_add(out, text);
    strbuf_add(out, "</p>\n");
}

static void add_finding(const struct run_finding *finding, struct strbuf *out)
{
    strbuf_addf(out, "<p><strong>");
    html_add(out, finding->severity);
    strbuf_add(out, "</strong> ");
    html_add(out, finding->title);
    if (finding->confidence >= 0)
        strbuf_addf(out, " (confidence %d\xc2\xa0%%)", (finding->confidence + 5) / 10);
    for (unsigned i = 0; i < finding->object_count; i++)
        strbuf_addf(out, " <code>%s</code>", format_address(finding->objects[i]).text);
    strbuf_add(out, "</p>\n");
    if (*finding->detail)
        add_paragraph(finding->detail, out);
    if (*finding->suggest)
        add_paragraph(finding->suggest, out);
}

static void add_section(const struct plugin *plugin, const struct run_output *output,
                        struct strbuf *out)
{
    strbuf_addf(out, "<section id=\"plugin-%s\" tabindex=\"-1\">\n<h2>", plugin->name);
    html_add(out, plugin->summary);
    strbuf_addf(out, "</h2>\n<p>By the plugin <code>%s</code>.</p>\n", plugin->name);
    for (size_t i = 0; i < output->items.count; i++) {
        const struct run_item *item = &output->items.items[i];
        if (item->kind == RUN_ITEM_TEXT)
            add_paragraph(item->text, out);
        else if (item->kind == RUN_ITEM_TABLE)
            add_table(item->table, out);
        else if (item->kind == RUN_ITEM_CHART)
            add_chart(item->chart, out);
        else
            add_finding(&item->finding, out);
    }
    if (output->items.count == 0)
        add_paragraph("It has nothing to say.", out);
    strbuf_add(out, "</section>\n");
}

// ---- running ----

static struct error *lacks(const struct plugin *plugin, const char *what)
{
    return error_create(ERROR_USAGE, "plugin %s needs %s", plugin->name, what);
}

static struct error *check_needs(const struct plugin *plugin, uint32_t count, const char *trace)
{
    if (plugin->live)
        return lacks(plugin, "a running process, which a report is not about");
    if (plugin->heaps == 2 && count < 2)
        return lacks(plugin, "two heaps, the older first");
    return plugin->events && !trace ? lacks(plugin, "a trace") : NULL;
}

static struct error *run_one(struct plugin *plugin, struct snapshot *const *snapshots,
                             uint32_t count, const char *trace, bool values, struct strbuf *out)
{
    struct plugin_heap heaps[PLUGIN_HEAPS] = {{0}};
    struct plugin_options o = {0};
    struct plugin_run run = {.plugin = plugin,
                             .trace = plugin->events ? trace : NULL,
                             .values_hidden = !values,
                             .limits = {.time_ns = TIME_NS, .memory_bytes = MEMORY_BYTES}};
    struct run_output output;
    struct error *err = NULL;
    unsigned options = 0;
    TRY(check_needs(plugin, count, trace));
    TRY(plugin_add_options(plugin, &o, &options));
    TRY(plugin_set_arguments(plugin, &o));
    for (unsigned i = 0; !err && i < plugin->heaps; i++) {
        struct snapshot *s = snapshots[i + 1 == plugin->heaps ? count - 1 : 0];
        err = plugin_heap_init(&heaps[i], s, i + 1, plugin->refs, plugin->retained);
        if (!err)
            run.heaps[run.heap_count++] = &heaps[i];
    }
    if (!err)
        err =
            plugin_resolve_arguments(plugin, run.heap_count ? run.heaps[run.heap_count - 1] : NULL);
    if (!err) {
        interrupt_begin();
        err = plugin_run(&run, &output);
        interrupt_end();
        if (!err)
            add_section(plugin, &output, out);
        run_output_deinit(&output);
    }
    for (unsigned i = 0; i < run.heap_count; i++)
        plugin_heap_deinit(&heaps[i]);
    return err;
}

struct error *plugin_add_pages(const char *names, struct snapshot *const *snapshots, uint32_t count,
                               const char *trace, bool values, struct strbuf *out)
{
    for (names += strspn(names, ","); *names; names += strspn(names, ",")) {
        const size_t length = strcspn(names, ",");
        _cleanup_free_ char *name = strndup(names, length), *file = NULL;
        _cleanup_(plugin_destroy_at) struct plugin *plugin = NULL;
        if (!name)
            return &error_no_memory;
        TRY(plugin_find(name, NULL, &file));
        TRY(plugin_load(file, &plugin));
        TRY(run_one(plugin, snapshots, count, trace, values, out));
        names += length;
    }
    return NULL;
}
