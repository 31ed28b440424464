// Charts in characters: a bar for each point of a bar chart or histogram, one line of blocks for
// each series of a line chart. The numbers stand beside them, so nothing is only drawn.
#include "inspector/cmd/plugin_answer.h"
#include "inspector/lua/chart.h"

#include <math.h>
#include <string.h>

#define BARS_MAX 60 // more points than that are told in one line

static void add_bars(const struct run_chart *chart, const struct run_series *series, size_t room,
                     struct strbuf *out)
{
    const double most = chart_largest(series);
    size_t shown = 0, widest = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t p = 0; p + 1 < series->points.count && p < 2 * BARS_MAX; p += 2) {
            struct strbuf name;
            strbuf_init(&name);
            chart_add_value(&series->points.items[p], chart->x_unit, &name);
            widest = pass == 0 && name.length > widest ? name.length : widest;
            if (pass == 1) {
                const double y = fabs(value_as_real(&series->points.items[p + 1]));
                const size_t length = most > 0 ? (size_t)(y / most * (double)room + 0.5) : 0;
                strbuf_addf(out, "  %*s  ", (int)widest, strbuf_text(&name));
                for (size_t i = 0; i < length; i++)
                    strbuf_add(out, "\u2588");
                strbuf_add(out, length ? " " : "");
                chart_add_value(&series->points.items[p + 1], chart->y_unit, out);
                strbuf_add_char(out, '\n');
                shown++;
            }
            strbuf_deinit(&name);
        }
    if (series->points.count / 2 > shown)
        strbuf_addf(out, "  ... %zu more\n", series->points.count / 2 - shown);
}

// Neighbouring points share a column when there are more of them than columns: the largest is seen.
static void add_line(const struct run_chart *chart, const struct run_series *series, size_t room,
                     struct strbuf *out)
{
    static const char *const BLOCKS[] = {" ",      "\u2581", "\u2582", "\u2583", "\u2584",
                                         "\u2585", "\u2586", "\u2587", "\u2588"};
    const double most = chart_largest(series);
    const size_t points = series->points.count / 2, columns = points < room ? points : room;
    strbuf_add(out, "  ");
    for (size_t c = 0; c < columns; c++) {
        double y = 0;
        for (size_t p = c * points / columns; p < (c + 1) * points / columns; p++)
            y = fmax(y, fabs(value_as_real(&series->points.items[2 * p + 1])));
        strbuf_add(out, BLOCKS[most > 0 ? (size_t)(y / most * 8 + 0.5) : 0]);
    }
    strbuf_add_char(out, '\n');
    if (!points)
        return;
    strbuf_add(out, "  from ");
    chart_add_value(&series->points.items[0], chart->x_unit, out);
    strbuf_add(out, " to ");
    chart_add_value(&series->points.items[2 * points - 2], chart->x_unit, out);
    strbuf_add(out, ", at most ");
    for (size_t p = 0; p < points; p++)
        if (fabs(value_as_real(&series->points.items[2 * p + 1])) >= most) {
            chart_add_value(&series->points.items[2 * p + 1], chart->y_unit, out);
            break;
        }
    strbuf_add_char(out, '\n');
}

void plugin_add_chart(const struct run_chart *chart, size_t width, struct strbuf *out)
{
    const size_t room = width > 100 ? 60 : width > 60 ? width - 50 : 40;
    if (*chart->title)
        strbuf_addf(out, "%s\n\n", chart->title);
    for (unsigned i = 0; i < chart->series_count; i++) {
        const struct run_series *series = &chart->series[i];
        if (*series->name && chart->series_count > 1)
            strbuf_addf(out, "  %s\n", series->name);
        if (strcmp(chart->kind, "line") == 0)
            add_line(chart, series, room, out);
        else
            add_bars(chart, series, room, out);
    }
    strbuf_add_char(out, '\n');
}
