// The rows of a SQL statement, printed while they come: as a table for people, as CSV, TSV or JSON.
//
// A result can have millions of rows, so nothing is kept but the first few hundred, from which a
// table takes the widths of its columns. Numbers are plain digits, so that they can be put into the
// next query; addresses are hexadecimal in tables (SQL reads 0x... too) and integers everywhere
// else. NULL is `-` in a table, nothing in CSV and TSV.
#ifndef BRILLE_INSPECTOR_CMD_SQL_OUTPUT_H
#define BRILLE_INSPECTOR_CMD_SQL_OUTPUT_H

#include "inspector/base/error.h"
#include "inspector/sql/database.h"
#include <stddef.h>
#include <stdio.h>

enum sql_format {
    SQL_FORMAT_TABLE,
    SQL_FORMAT_CSV,  // RFC 4180 with a header row
    SQL_FORMAT_TSV,  // tabs and ends of lines in texts become '?'
    SQL_FORMAT_JSON, // an array of objects
};

struct sql_output {
    FILE *stream;
    enum sql_format format;
    size_t width; // of the terminal, 0 for none
};

// Steps the statement to its end. A statement without columns prints nothing.
struct error *sql_output_rows(const struct sql_output *output, struct sql_database *database,
                              sqlite3_stmt *statement);

// Runs all statements of a text, one after the other, up to the first that fails. `before_json` and
// `after_json` may be NULL: what to put around the array of each.
struct error *sql_output_run(const struct sql_output *output, struct sql_database *database,
                             const char *text, const char *before_json, const char *after_json);

#endif
