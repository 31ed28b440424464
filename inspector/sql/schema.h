// The tables of schema.def as data: for declaring them to SQLite, for `.schema`, for tests.
#ifndef BRILLE_INSPECTOR_SQL_SCHEMA_H
#define BRILLE_INSPECTOR_SQL_SCHEMA_H

#include "inspector/base/strbuf.h"

// The number of a column in its table: SQL_object_address, ...
#define SQL_TABLE(name, doc) \
    enum sql_##name##_column \
    {
#define SQL_COLUMN(table, name, type, doc) SQL_##table##_##name,
#define SQL_TABLE_END(name) \
    SQL_##name##_COLUMNS    \
    }                       \
    ;
#include "inspector/sql/schema.def"
#undef SQL_TABLE
#undef SQL_COLUMN
#undef SQL_TABLE_END

enum sql_table_id {
#define SQL_TABLE(name, doc) SQL_TABLE_##name,
#define SQL_COLUMN(table, name, type, doc)
#define SQL_TABLE_END(name)
#include "inspector/sql/schema.def"
#undef SQL_TABLE
#undef SQL_COLUMN
#undef SQL_TABLE_END
    SQL_TABLES
};

struct sql_column {
    const char *name;
    const char *type; // "INT", "ADDRESS", "TEXT", "ANY"
    const char *doc;
};

struct sql_schema {
    const char *name, *doc;
    const struct sql_column *columns; // ends with a name of NULL
};

extern const struct sql_schema sql_schemas[SQL_TABLES];

// "CREATE TABLE object(address ADDRESS INT, ...)". Columns of addresses are declared as ADDRESS
// INT, which SQLite takes for an integer and which tells the printer to write hexadecimal.
void sql_schema_add_declaration(const struct sql_schema *schema, struct strbuf *out);

// Two columns, name and meaning, for people.
void sql_schema_add_help(const struct sql_schema *schema, struct strbuf *out);

#endif
