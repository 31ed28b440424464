// See plugin_answer.h.
#include "inspector/cmd/plugin_answer.h"

#include "inspector/base/format.h"

#include <string.h>

static const enum unit UNITS[] = {
    [RUN_TEXT] = UNIT_TEXT,     [RUN_COUNT] = UNIT_COUNT,
    [RUN_BYTES] = UNIT_BYTES,   [RUN_NS] = UNIT_TIME,
    [RUN_RATIO] = UNIT_SHARE,   [RUN_ADDRESS] = UNIT_ADDRESS,
    [RUN_CHANGE] = UNIT_CHANGE, [RUN_BYTES_CHANGE] = UNIT_BYTES_CHANGE,
};

static void add_cell(struct table *table, const struct value *cell, enum unit unit)
{
    if (cell->kind == VALUE_NONE)
        table_absent(table);
    else if (unit == UNIT_TEXT)
        table_text(table, cell->text);
    else if (unit == UNIT_SHARE)
        table_share(table, cell->real, 1);
    else if (unit == UNIT_CHANGE || unit == UNIT_BYTES_CHANGE)
        table_change(table, cell->integer);
    else
        table_number(table, (uint64_t)cell->integer);
}

static void fill_table(const struct run_table *from, struct column *columns, struct table *table)
{
    for (unsigned c = 0; c < from->column_count; c++)
        columns[c] = (struct column){from->columns[c].name, NULL, UNITS[from->columns[c].unit]};
    table_init(table, columns, from->column_count);
    for (size_t i = 0; i < from->cells.count; i++)
        add_cell(table, &from->cells.items[i], columns[i % from->column_count].unit);
}

static struct error *add_item_text(struct verb *verb, const struct run_item *item)
{
    struct column columns[RUN_COLUMNS_MAX];
    struct table table;
    struct error *err = NULL;
    switch (item->kind) {
    case RUN_ITEM_TEXT:
        if (!verb->tsv)
            strbuf_addf(&verb->out, "%s\n", item->text);
        return NULL;
    case RUN_ITEM_TABLE:
        if (item->table->column_count == 0)
            return NULL;
        fill_table(item->table, columns, &table);
        if (*item->table->title)
            verb_add_answer(verb, "%s", item->table->title);
        err = verb_add_table(verb, &table);
        if (!err && !verb->tsv)
            strbuf_add(&verb->out, table_row_count(&table) ? "\n" : "  (none)\n");
        table_deinit(&table);
        return err;
    case RUN_ITEM_CHART:
        if (!verb->tsv)
            plugin_add_chart(item->chart, verb->width, &verb->out);
        return NULL;
    default:
        if (verb->tsv)
            return NULL;
        strbuf_addf(&verb->out, "%s: %s", item->finding.severity, item->finding.title);
        if (item->finding.confidence >= 0)
            strbuf_addf(&verb->out, " (confidence %d %%)", (item->finding.confidence + 5) / 10);
        strbuf_add_char(&verb->out, '\n');
        if (*item->finding.detail)
            strbuf_addf(&verb->out, "  %s\n", item->finding.detail);
        for (unsigned i = 0; i < item->finding.object_count; i++)
            strbuf_addf(&verb->out, "  %s\n", format_address(item->finding.objects[i]).text);
        if (*item->finding.suggest)
            strbuf_addf(&verb->out, "  try: %s\n", item->finding.suggest);
        return NULL;
    }
}

static void add_number_json(struct json *json, const struct value *v)
{
    if (v->kind == VALUE_TEXT)
        json_text(json, NULL, v->text);
    else if (v->kind == VALUE_INTEGER)
        json_signed(json, NULL, v->integer);
    else
        json_real(json, NULL, v->real);
}

static void add_chart_json(struct json *json, const struct run_chart *chart)
{
    json_begin(json, NULL, '{');
    json_text(json, "id", chart->id);
    json_text(json, "kind", chart->kind);
    json_text(json, "title", chart->title);
    for (int axis = 0; axis < 2; axis++) {
        json_begin(json, axis ? "y" : "x", '{');
        json_text(json, "label", axis ? chart->y_label : chart->x_label);
        json_text(json, "unit", axis ? chart->y_unit : chart->x_unit);
        json_end(json, '}');
    }
    json_begin(json, "series", '[');
    for (unsigned i = 0; i < chart->series_count; i++) {
        const struct run_series *series = &chart->series[i];
        json_begin(json, NULL, '{');
        json_text(json, "name", series->name);
        json_begin(json, "points", '[');
        for (size_t p = 0; p + 1 < series->points.count; p += 2) {
            json_begin(json, NULL, '[');
            add_number_json(json, &series->points.items[p]);
            add_number_json(json, &series->points.items[p + 1]);
            json_end(json, ']');
        }
        json_end(json, ']');
        json_end(json, '}');
    }
    json_end(json, ']');
    json_end(json, '}');
}

static struct error *add_table_json(struct json *json, const struct run_table *from)
{
    struct column columns[RUN_COLUMNS_MAX];
    struct table table;
    if (from->column_count == 0)
        return NULL;
    fill_table(from, columns, &table);
    json_begin(json, NULL, '{');
    json_text(json, "id", from->id);
    json_text(json, "title", from->title);
    table_add_json(&table, "rows", json);
    json_end(json, '}');
    struct error *err = table.failed || table.texts.failed ? &error_no_memory : NULL;
    table_deinit(&table);
    return err;
}

static void add_finding_json(struct json *json, const struct run_finding *finding)
{
    json_begin(json, NULL, '{');
    json_text(json, "id", finding->id);
    json_text(json, "severity", finding->severity);
    json_text(json, "title", finding->title);
    json_text(json, "detail", finding->detail);
    json_text(json, "suggest", finding->suggest);
    if (finding->confidence >= 0)
        json_real(json, "confidence", finding->confidence / 1000.0);
    json_begin(json, "objects", '[');
    for (unsigned i = 0; i < finding->object_count; i++)
        json_address(json, NULL, finding->objects[i]);
    json_end(json, ']');
    json_end(json, '}');
}

struct error *plugin_answer_json(const struct plugin *plugin, const struct run_output *output,
                                 struct json *json)
{
    json_text(json, "plugin", plugin->name);
    json_bool(json, "complete", output->complete);
    json_begin(json, "tables", '[');
    for (unsigned i = 0; i < output->table_count; i++)
        TRY(add_table_json(json, output->tables[i]));
    json_end(json, ']');
    json_begin(json, "charts", '[');
    for (unsigned i = 0; i < output->chart_count; i++)
        add_chart_json(json, output->charts[i]);
    json_end(json, ']');
    json_begin(json, "findings", '[');
    for (size_t i = 0; i < output->items.count; i++)
        if (output->items.items[i].kind == RUN_ITEM_FINDING)
            add_finding_json(json, &output->items.items[i].finding);
    json_end(json, ']');
    json_begin(json, "texts", '[');
    for (size_t i = 0; i < output->items.count; i++)
        if (output->items.items[i].kind == RUN_ITEM_TEXT)
            json_text(json, NULL, output->items.items[i].text);
    json_end(json, ']');
    return NULL;
}

struct error *plugin_answer_text(struct verb *verb, const struct run_output *output)
{
    for (size_t i = 0; i < output->items.count; i++)
        TRY(add_item_text(verb, &output->items.items[i]));
    if (!output->complete && output->items.count && !verb->tsv)
        strbuf_add(&verb->out, "(incomplete)\n");
    return NULL;
}
