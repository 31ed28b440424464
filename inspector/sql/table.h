// One table of schema.def as a SQLite virtual table: how it plans a scan, walks its rows and
// answers for a column.
//
// SQLite asks plan() for each way in which a query could use the table, with the constraints it
// could pass on; plan() says how many rows come back and picks a number that is handed to start()
// with the values. The number is one byte; above it travel the needs of the columns in use.
//
//     idxNum = plan (bits 0-7) | needs << 8 (enum sql_need)
//
// Constraints are never marked as omitted: SQLite tests them again, so a scan may return too many
// rows, never too few. Texts of the snapshot are passed without a copy; the database is closed
// before the snapshot goes.
#ifndef BRILLE_INSPECTOR_SQL_TABLE_H
#define BRILLE_INSPECTOR_SQL_TABLE_H

#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"
#include "inspector/model/snapshot.h"
#include "inspector/sql/schema.h"
#include "inspector/sql/source.h"
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct sql_cursor {
    sqlite3_vtab_cursor base; // SQLite's part, first
    struct sql_source *source;
    bool eof;
    uint64_t row;             // what rowid says
    uint64_t at, end;         // rows of a simple table, positions of an object scan
    const uint32_t *ordinals; // object scan: through this list; NULL: positions are ordinals
    struct reference_scan {
        uint32_t object, object_end; // sources left
        const uint32_t *referrers;   // or these, up to referrers_end
        const uint32_t *referrers_end;
        uint32_t target; // only references to it; ORDINAL_NONE: all
        struct edge_iter edges;
        struct edge edge;
    } reference;
    struct strbuf text;
};

struct sql_table {
    unsigned (*needs)(uint64_t columns); // bit i: column i is used
    void (*plan)(struct sql_source *source, sqlite3_index_info *info);
    // Positions the cursor on the first row, or sets eof.
    struct error *(*start)(struct sql_cursor *cursor, int plan, int argc, sqlite3_value **argv);
    void (*next)(struct sql_cursor *cursor);
    void (*column)(struct sql_cursor *cursor, sqlite3_context *context, int column);
};

extern const struct sql_table sql_table_object, sql_table_reference;
extern const struct sql_table sql_table_heap, sql_table_type, sql_table_root, sql_table_thread,
    sql_table_frame, sql_table_pool;

// Whether any of columns first .. last is used.
static inline bool sql_uses(uint64_t columns, int first, int last)
{
    return (columns >> first & ((UINT64_C(2) << (last - first)) - 1)) != 0;
}

// The constraint on `column` by `op` that can be used, or -1.
int sql_constraint(const sqlite3_index_info *info, int column, int op);

// The object at the address that a constraint names, or ORDINAL_NONE. COLUMNS
uint32_t sql_object_of(const struct sql_source *source, sqlite3_value *value);

// ---- answers ----

static inline void sql_result_string(sqlite3_context *context, const struct snapshot *s,
                                     uint32_t id)
{
    sqlite3_result_text(context, snapshot_string(s, id), (int)strtab_length(&s->strings, id),
                        SQLITE_STATIC);
}

static inline void sql_result_word(sqlite3_context *context, const char *word)
{
    sqlite3_result_text(context, word, -1, SQLITE_STATIC);
}

static inline void sql_result_number(sqlite3_context *context, uint64_t number)
{
    sqlite3_result_int64(context, (sqlite3_int64)number);
}

// NULL for ORDINAL_NONE and what else is no object.
static inline void sql_result_address(sqlite3_context *context, const struct snapshot *s,
                                      uint32_t object)
{
    if (object < s->object_count)
        sql_result_number(context, s->address[object]);
}

#endif
