// Tables: the same rows as text for people, as TSV for awk, as JSON for programs.
//
// A column has a unit, and the unit decides how a number is shown: in binary units or with commas
// for people, in raw digits for programs. Numbers stand to the right, names to the left; put the
// column of names last, where it is never padded and, away from a terminal, never cut. A row is
// filled cell by cell, in the order of the columns.
#ifndef BRILLE_INSPECTOR_CMD_TABLE_H
#define BRILLE_INSPECTOR_CMD_TABLE_H

#include "inspector/base/strbuf.h"
#include "inspector/base/vec.h"
#include "inspector/export/json.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum unit {
    UNIT_TEXT,
    UNIT_COUNT,
    UNIT_BYTES,
    UNIT_CHANGE,       // signed
    UNIT_BYTES_CHANGE, // signed
    UNIT_SHARE,        // of one, as a real
    UNIT_TIME,         // ns
    UNIT_ADDRESS,
};

struct column {
    const char *key;   // for JSON and TSV
    const char *title; // NULL: the key
    enum unit unit;
};

enum { TABLE_COLUMNS_MAX = 12 };

struct table_cell {
    union {
        uint64_t number;
        int64_t change;
        double share;
        size_t text; // offset in table->texts
    };
    bool absent;
};

VEC_DEFINE(cell_vec, struct table_cell);

struct table {
    const struct column *columns;
    size_t column_count;
    struct cell_vec cells;
    struct strbuf texts; // each followed by a NUL
    bool failed;
};

void table_init(struct table *table, const struct column *columns, size_t count);
void table_deinit(struct table *table);

void table_number(struct table *table, uint64_t value); // COUNT, BYTES, TIME, ADDRESS
void table_change(struct table *table, int64_t value);
void table_share(struct table *table, double part, double whole);
void table_text(struct table *table, const char *text);
void table_absent(struct table *table); // "-", null

size_t table_row_count(const struct table *table);

// `width`: of the terminal, 0 for none. Text tables have a header line.
void table_add_text(const struct table *table, size_t width, struct strbuf *out);
void table_add_tsv(const struct table *table, struct strbuf *out);
void table_add_json(const struct table *table, const char *key, struct json *json);

#endif
