// One table, three renderings. Text needs the widths of all cells first, so a table is kept whole.
#include "inspector/cmd/table.h"

#include "inspector/base/format.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

void table_init(struct table *table, const struct column *columns, size_t count)
{
    assert(count <= TABLE_COLUMNS_MAX);
    *table = (struct table){.columns = columns, .column_count = count};
    strbuf_init(&table->texts);
}

void table_deinit(struct table *table)
{
    cell_vec_deinit(&table->cells);
    strbuf_deinit(&table->texts);
}

static void push(struct table *table, struct table_cell cell)
{
    struct error *err = cell_vec_push(&table->cells, cell);
    if (err)
        table->failed = true;
    error_destroy(err);
}

void table_number(struct table *table, uint64_t value)
{
    push(table, (struct table_cell){.number = value});
}

void table_change(struct table *table, int64_t value)
{
    push(table, (struct table_cell){.change = value});
}

void table_share(struct table *table, double part, double whole)
{
    push(table, (struct table_cell){.share = whole > 0 ? part / whole : 0, .absent = !(whole > 0)});
}

void table_text(struct table *table, const char *text)
{
    push(table, (struct table_cell){.text = table->texts.length});
    strbuf_add_bytes(&table->texts, text, strlen(text) + 1);
}

void table_absent(struct table *table)
{
    push(table, (struct table_cell){.absent = true});
}

size_t table_row_count(const struct table *table)
{
    return table->cells.count / table->column_count;
}

static const struct table_cell *cell_at(const struct table *table, size_t row, size_t column)
{
    return &table->cells.items[row * table->column_count + column];
}

static const char *cell_text(const struct table *table, const struct table_cell *cell)
{
    return table->texts.data ? table->texts.data + cell->text : "";
}

// ---- text ----

static struct formatted show(const struct table_cell *cell, enum unit unit)
{
    if (cell->absent)
        return (struct formatted){.text = "-"};
    switch (unit) {
    case UNIT_BYTES:
        return format_bytes(cell->number);
    case UNIT_CHANGE:
        return format_change(cell->change);
    case UNIT_BYTES_CHANGE:
        return format_bytes_change(cell->change);
    case UNIT_SHARE:
        return format_share(cell->share, 1);
    case UNIT_TIME:
        return format_time_ns(cell->number);
    case UNIT_ADDRESS:
        return format_address(cell->number);
    default:
        return format_count(cell->number);
    }
}

// Columns on a terminal that a UTF-8 text takes, taking each character for one.
static size_t text_width(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static const char *title_of(const struct column *column)
{
    return column->title ? column->title : column->key;
}

static void add_name(struct strbuf *out, const char *text, size_t room)
{
    const size_t length = strlen(text);
    const size_t half = room > 8 ? (room - 3) / 2 : 0;
    if (!room || !half || text_width(text) <= room || length <= room) {
        strbuf_add_shown(out, text, length);
        return;
    }
    size_t head = half, tail = length - half;
    while (head && ((unsigned char)text[head] & 0xc0) == 0x80)
        head--;
    while (tail < length && ((unsigned char)text[tail] & 0xc0) == 0x80)
        tail++;
    strbuf_add_shown(out, text, head);
    strbuf_add(out, "...");
    strbuf_add_shown(out, text + tail, length - tail);
}

static void measure(const struct table *table, size_t *widths)
{
    for (size_t c = 0; c < table->column_count; c++) {
        widths[c] = text_width(title_of(&table->columns[c]));
        for (size_t r = 0; r < table_row_count(table); r++) {
            const struct table_cell *cell = cell_at(table, r, c);
            const size_t width = table->columns[c].unit == UNIT_TEXT && !cell->absent
                                     ? text_width(cell_text(table, cell))
                                     : text_width(show(cell, table->columns[c].unit).text);
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
}

static void add_blanks(struct strbuf *out, size_t count)
{
    while (count--)
        strbuf_add_char(out, ' ');
}

// One cell, padded; the last column of text is not.
static void add_cell(struct strbuf *out, const char *text, bool left, bool last, size_t width,
                     size_t room)
{
    const size_t own = text_width(text);
    strbuf_add(out, "  ");
    if (!left)
        add_blanks(out, width > own ? width - own : 0);
    add_name(out, text, last && left ? room : 0);
    if (left && !last)
        add_blanks(out, width > own ? width - own : 0);
}

void table_add_text(const struct table *table, size_t width, struct strbuf *out)
{
    size_t widths[TABLE_COLUMNS_MAX], used = 2;
    if (table_row_count(table) == 0)
        return;
    measure(table, widths);
    for (size_t c = 0; c + 1 < table->column_count; c++)
        used += widths[c] + 2;
    const size_t room = width > used + 12 ? width - used : 0;
    for (size_t c = 0; c < table->column_count; c++)
        add_cell(out, title_of(&table->columns[c]), table->columns[c].unit == UNIT_TEXT,
                 c + 1 == table->column_count, widths[c], room);
    strbuf_add_char(out, '\n');
    for (size_t r = 0; r < table_row_count(table); r++) {
        for (size_t c = 0; c < table->column_count; c++) {
            const struct table_cell *cell = cell_at(table, r, c);
            const bool text = table->columns[c].unit == UNIT_TEXT;
            const struct formatted number = show(cell, table->columns[c].unit);
            add_cell(out, text && !cell->absent ? cell_text(table, cell) : number.text, text,
                     c + 1 == table->column_count, widths[c], room);
        }
        strbuf_add_char(out, '\n');
    }
}

// ---- for programs ----

void table_add_tsv(const struct table *table, struct strbuf *out)
{
    for (size_t c = 0; c < table->column_count; c++)
        strbuf_addf(out, "%s%s", c ? "\t" : "", table->columns[c].key);
    strbuf_add_char(out, '\n');
    for (size_t r = 0; r < table_row_count(table); r++) {
        for (size_t c = 0; c < table->column_count; c++) {
            const struct table_cell *cell = cell_at(table, r, c);
            if (c)
                strbuf_add_char(out, '\t');
            if (cell->absent)
                continue;
            if (table->columns[c].unit == UNIT_TEXT)
                add_name(out, cell_text(table, cell), 0);
            else if (table->columns[c].unit == UNIT_SHARE)
                strbuf_addf(out, "%.6g", cell->share);
            else if (table->columns[c].unit == UNIT_ADDRESS)
                strbuf_add(out, format_address(cell->number).text);
            else if (table->columns[c].unit == UNIT_CHANGE ||
                     table->columns[c].unit == UNIT_BYTES_CHANGE)
                strbuf_addf(out, "%" PRId64, cell->change);
            else
                strbuf_addf(out, "%" PRIu64, cell->number);
        }
        strbuf_add_char(out, '\n');
    }
}

static void add_json_cell(const struct table *table, const struct table_cell *cell,
                          const struct column *column, struct json *json)
{
    if (cell->absent)
        json_null(json, column->key);
    else if (column->unit == UNIT_TEXT)
        json_text(json, column->key, cell_text(table, cell));
    else if (column->unit == UNIT_SHARE)
        json_real(json, column->key, cell->share);
    else if (column->unit == UNIT_ADDRESS)
        json_address(json, column->key, cell->number);
    else if (column->unit == UNIT_CHANGE || column->unit == UNIT_BYTES_CHANGE)
        json_signed(json, column->key, cell->change);
    else
        json_count(json, column->key, cell->number);
}

void table_add_json(const struct table *table, const char *key, struct json *json)
{
    json_begin(json, key, '[');
    for (size_t r = 0; r < table_row_count(table); r++) {
        json_begin(json, NULL, '{');
        for (size_t c = 0; c < table->column_count; c++)
            add_json_cell(table, cell_at(table, r, c), &table->columns[c], json);
        json_end(json, '}');
    }
    json_end(json, ']');
}
