#include "inspector/cmd/sql_output.h"

#include "inspector/base/format.h"
#include "inspector/base/strbuf.h"
#include "inspector/base/vec.h"
#include "inspector/export/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MEASURED = 400, CELL_WIDTH_MAX = 100 };

struct shape_of_rows {
    int columns;
    bool *is_address; // by column
    bool *is_number;  // no text was met among the measured rows
    size_t *widths;
};

static struct error *cannot_write(void)
{
    return error_create_errno(errno, "cannot write the answer");
}

static struct error *put(const struct sql_output *output, struct strbuf *text)
{
    TRY(strbuf_error(text));
    if (output->width)
        strbuf_disarm(text); // CSV is data, but a terminal would obey it
    if (text->length && fwrite(text->data, 1, text->length, output->stream) != text->length)
        return cannot_write();
    return NULL;
}

// ---- one value ----

// Columns on a terminal that a UTF-8 text takes, taking each character for one.
static size_t text_width(const char *text, size_t length)
{
    size_t width = 0;
    for (size_t i = 0; i < length; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

static void add_text(struct strbuf *out, sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    const size_t length = (size_t)sqlite3_column_bytes(statement, column);
    if (text)
        strbuf_add_bytes(out, text, length);
}

static void add_real(struct strbuf *out, double value)
{
    char text[40];
    snprintf(text, sizeof text, "%.15g", value);
    strbuf_add(out, text);
    if (!strpbrk(text, ".eni"))
        strbuf_add(out, ".0");
}

// For tables, CSV and TSV; the caller quotes.
static void add_value(struct strbuf *out, sqlite3_stmt *statement, int column, bool hexadecimal)
{
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
        break;
    case SQLITE_INTEGER: {
        const sqlite3_int64 value = sqlite3_column_int64(statement, column);
        if (hexadecimal)
            strbuf_add(out, format_address((uint64_t)value).text);
        else
            strbuf_addf(out, "%" PRId64, (int64_t)value);
        break;
    }
    case SQLITE_FLOAT:
        add_real(out, sqlite3_column_double(statement, column));
        break;
    default:
        add_text(out, statement, column);
    }
}

// ---- tables ----

static void add_cell(struct strbuf *out, const char *text, size_t length, size_t width, bool number,
                     bool last)
{
    const size_t own = text_width(text, length);
    const size_t blanks = width > own ? width - own : 0;
    strbuf_add(out, "  ");
    for (size_t i = 0; number && i < blanks; i++)
        strbuf_add_char(out, ' ');
    strbuf_add_shown(out, text, length);
    for (size_t i = 0; !number && !last && i < blanks; i++)
        strbuf_add_char(out, ' ');
}

static void add_table_row(struct strbuf *out, const struct shape_of_rows *shape,
                          sqlite3_stmt *statement, struct strbuf *cell)
{
    for (int c = 0; c < shape->columns; c++) {
        strbuf_clear(cell);
        if (sqlite3_column_type(statement, c) == SQLITE_NULL)
            strbuf_add_char(cell, '-');
        else
            add_value(cell, statement, c, shape->is_address[c]);
        add_cell(out, strbuf_text(cell), cell->length, shape->widths[c], shape->is_number[c],
                 c + 1 == shape->columns);
    }
    strbuf_add_char(out, '\n');
}

static void add_table_header(struct strbuf *out, const struct shape_of_rows *shape,
                             sqlite3_stmt *statement)
{
    for (int c = 0; c < shape->columns; c++) {
        const char *name = sqlite3_column_name(statement, c);
        add_cell(out, name, strlen(name), shape->widths[c], shape->is_number[c],
                 c + 1 == shape->columns);
    }
    strbuf_add_char(out, '\n');
}

static void measure_row(struct shape_of_rows *shape, sqlite3_stmt *statement, struct strbuf *cell)
{
    for (int c = 0; c < shape->columns; c++) {
        const int type = sqlite3_column_type(statement, c);
        strbuf_clear(cell);
        add_value(cell, statement, c, shape->is_address[c]);
        const size_t width = text_width(strbuf_text(cell), cell->length);
        if (width > shape->widths[c])
            shape->widths[c] = width < CELL_WIDTH_MAX ? width : CELL_WIDTH_MAX;
        if (type == SQLITE_TEXT || type == SQLITE_BLOB)
            shape->is_number[c] = false;
    }
}

// The first rows as text, until the widths are known.
struct kept_rows {
    struct strbuf texts;    // cells, one behind the other
    struct u64_vec lengths; // of each; UINT64_MAX: NULL
    size_t rows;
};

static struct error *keep_row(struct kept_rows *kept, const struct shape_of_rows *shape,
                              sqlite3_stmt *statement)
{
    for (int c = 0; c < shape->columns; c++) {
        const size_t begin = kept->texts.length;
        const bool null = sqlite3_column_type(statement, c) == SQLITE_NULL;
        add_value(&kept->texts, statement, c, shape->is_address[c]);
        TRY(u64_vec_push(&kept->lengths, null ? UINT64_MAX : kept->texts.length - begin));
    }
    kept->rows++;
    return strbuf_error(&kept->texts);
}

static void add_kept_rows(struct strbuf *out, const struct shape_of_rows *shape,
                          const struct kept_rows *kept)
{
    const char *at = strbuf_text(&kept->texts);
    for (size_t r = 0; r < kept->rows; r++) {
        for (int c = 0; c < shape->columns; c++) {
            const uint64_t length = kept->lengths.items[r * (size_t)shape->columns + (size_t)c];
            const bool null = length == UINT64_MAX;
            add_cell(out, null ? "-" : at, null ? 1 : length, shape->widths[c], shape->is_number[c],
                     c + 1 == shape->columns);
            at += null ? 0 : length;
        }
        strbuf_add_char(out, '\n');
    }
}

static struct error *rest_of_table(const struct sql_output *output, struct sql_database *database,
                                   sqlite3_stmt *statement, const struct shape_of_rows *shape,
                                   bool row, struct strbuf *out)
{
    struct strbuf cell;
    struct error *err = NULL;
    strbuf_init(&cell);
    while (!err && row) {
        strbuf_clear(out);
        add_table_row(out, shape, statement, &cell);
        err = put(output, out);
        if (!err)
            err = sql_database_step(database, statement, &row);
    }
    strbuf_deinit(&cell);
    return err;
}

static struct error *print_table(const struct sql_output *output, struct sql_database *database,
                                 sqlite3_stmt *statement, struct shape_of_rows *shape,
                                 struct strbuf *out)
{
    struct kept_rows kept = {0};
    struct strbuf cell;
    bool row = true;
    strbuf_init(&kept.texts);
    strbuf_init(&cell);
    struct error *err = sql_database_step(database, statement, &row);
    while (!err && row && kept.rows < ROWS_MEASURED) {
        measure_row(shape, statement, &cell);
        err = keep_row(&kept, shape, statement);
        if (!err)
            err = sql_database_step(database, statement, &row);
    }
    if (!err && kept.rows) {
        add_table_header(out, shape, statement);
        add_kept_rows(out, shape, &kept);
        err = put(output, out);
    }
    strbuf_deinit(&cell);
    strbuf_deinit(&kept.texts);
    u64_vec_deinit(&kept.lengths);
    return err ? err : rest_of_table(output, database, statement, shape, row, out);
}

// ---- for programs ----

static void add_csv_text(struct strbuf *out, const char *text, size_t length)
{
    if (!memchr(text, '"', length) && !memchr(text, ',', length) && !memchr(text, '\n', length) &&
        !memchr(text, '\r', length)) {
        strbuf_add_bytes(out, text, length);
        return;
    }
    strbuf_add_char(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"')
            strbuf_add_char(out, '"');
        strbuf_add_char(out, text[i]);
    }
    strbuf_add_char(out, '"');
}

static void add_separated(const struct sql_output *output, struct strbuf *out, int column,
                          const char *text, size_t length)
{
    const bool csv = output->format == SQL_FORMAT_CSV;
    if (column)
        strbuf_add_char(out, csv ? ',' : '\t');
    if (csv)
        add_csv_text(out, text, length);
    else
        strbuf_add_shown(out, text, length);
}

static struct error *print_separated(const struct sql_output *output, struct sql_database *database,
                                     sqlite3_stmt *statement, struct strbuf *out)
{
    const int columns = sqlite3_column_count(statement);
    struct strbuf cell;
    bool row = true;
    strbuf_init(&cell);
    for (int c = 0; c < columns; c++) {
        const char *name = sqlite3_column_name(statement, c);
        add_separated(output, out, c, name, strlen(name));
    }
    struct error *err = sql_database_step(database, statement, &row);
    while (!err) {
        strbuf_add_char(out, '\n');
        err = put(output, out);
        strbuf_clear(out);
        if (err || !row)
            break;
        for (int c = 0; c < columns; c++) {
            strbuf_clear(&cell);
            add_value(&cell, statement, c, false);
            add_separated(output, out, c, strbuf_text(&cell), cell.length);
        }
        err = sql_database_step(database, statement, &row);
    }
    strbuf_deinit(&cell);
    return err;
}

static void add_json_row(struct json *json, sqlite3_stmt *statement, int columns)
{
    json_begin(json, NULL, '{');
    for (int c = 0; c < columns; c++) {
        const char *name = sqlite3_column_name(statement, c);
        if (json->comma)
            strbuf_add_char(json->out, ',');
        strbuf_add_json(json->out, name, strlen(name)); // the user's choice: any text
        strbuf_add_char(json->out, ':');
        json->comma = false;
        switch (sqlite3_column_type(statement, c)) {
        case SQLITE_NULL:
            json_null(json, NULL);
            break;
        case SQLITE_INTEGER:
            json_signed(json, NULL, sqlite3_column_int64(statement, c));
            break;
        case SQLITE_FLOAT:
            json_real(json, NULL, sqlite3_column_double(statement, c));
            break;
        default: {
            const char *text = (const char *)sqlite3_column_text(statement, c);
            json_bytes(json, NULL, text ? text : "", (size_t)sqlite3_column_bytes(statement, c));
        }
        }
    }
    json_end(json, '}');
}

static struct error *print_json(const struct sql_output *output, struct sql_database *database,
                                sqlite3_stmt *statement, struct strbuf *out)
{
    const int columns = sqlite3_column_count(statement);
    struct json json = {.out = out};
    bool row = true;
    json_begin(&json, NULL, '[');
    struct error *err = sql_database_step(database, statement, &row);
    while (!err && row) {
        add_json_row(&json, statement, columns);
        err = put(output, out);
        strbuf_clear(out);
        if (!err)
            err = sql_database_step(database, statement, &row);
    }
    json_end(&json, ']');
    return err ? err : put(output, out);
}

// ---- entry points ----

static struct error *print_rows(const struct sql_output *output, struct sql_database *database,
                                sqlite3_stmt *statement, struct strbuf *out)
{
    if (output->format == SQL_FORMAT_JSON)
        return print_json(output, database, statement, out);
    if (output->format != SQL_FORMAT_TABLE)
        return print_separated(output, database, statement, out);
    const int columns = sqlite3_column_count(statement);
    _cleanup_free_ bool *flags = calloc((size_t)columns * 2, sizeof *flags);
    _cleanup_free_ size_t *widths = calloc((size_t)columns, sizeof *widths);
    if (!flags || !widths)
        return &error_no_memory;
    struct shape_of_rows shape = {
        .columns = columns, .is_address = flags, .is_number = flags + columns, .widths = widths};
    for (int c = 0; c < columns; c++) {
        const char *type = sqlite3_column_decltype(statement, c);
        shape.is_address[c] = type && strcmp(type, "ADDRESS INT") == 0;
        shape.is_number[c] = true;
        shape.widths[c] = strlen(sqlite3_column_name(statement, c));
    }
    return print_table(output, database, statement, &shape, out);
}

struct error *sql_output_rows(const struct sql_output *output, struct sql_database *database,
                              sqlite3_stmt *statement)
{
    bool row = true;
    if (sqlite3_column_count(statement) == 0) {
        struct error *err = NULL;
        while (!err && row)
            err = sql_database_step(database, statement, &row);
        return err;
    }
    struct strbuf out;
    strbuf_init(&out);
    struct error *err = print_rows(output, database, statement, &out);
    strbuf_deinit(&out);
    return err;
}

static struct error *run_one(const struct sql_output *output, struct sql_database *database,
                             sqlite3_stmt *statement, const char *before, const char *after)
{
    const bool wrap = output->format == SQL_FORMAT_JSON && sqlite3_column_count(statement) > 0;
    if (wrap && before && fputs(before, output->stream) < 0)
        return cannot_write();
    TRY(sql_output_rows(output, database, statement));
    if (wrap && (fputs(after ? after : "", output->stream) < 0 || fputc('\n', output->stream) < 0))
        return cannot_write();
    return NULL;
}

struct error *sql_output_run(const struct sql_output *output, struct sql_database *database,
                             const char *text, const char *before_json, const char *after_json)
{
    struct error *err = NULL;
    while (!err && *text) {
        sqlite3_stmt *statement = NULL;
        err = sql_database_prepare(database, text, &statement, &text);
        if (!err && statement)
            err = run_one(output, database, statement, before_json, after_json);
        sqlite3_finalize(statement);
    }
    if (fflush(output->stream) != 0 && !err)
        err = cannot_write();
    return err;
}
