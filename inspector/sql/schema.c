#include "inspector/sql/schema.h"

#include <string.h>

#define SQL_TABLE(table, doc_)                static const struct sql_column table##_columns[] = {
#define SQL_COLUMN(table, name_, type_, doc_) {.name = #name_, .type = #type_, .doc = doc_},
#define SQL_TABLE_END(table) \
    {                        \
        0                    \
    }                        \
    }                        \
    ;
#include "inspector/sql/schema.def"
#undef SQL_TABLE
#undef SQL_COLUMN
#undef SQL_TABLE_END

const struct sql_schema sql_schemas[SQL_TABLES] = {
#define SQL_TABLE(table, doc_) {.name = #table, .doc = doc_, .columns = table##_columns},
#define SQL_COLUMN(table, name_, type_, doc_)
#define SQL_TABLE_END(table)
#include "inspector/sql/schema.def"
#undef SQL_TABLE
#undef SQL_COLUMN
#undef SQL_TABLE_END
};

static const char *declared(const char *type)
{
    if (strcmp(type, "ADDRESS") == 0)
        return "ADDRESS INT";
    return strcmp(type, "ANY") == 0 ? "" : type;
}

void sql_schema_add_declaration(const struct sql_schema *schema, struct strbuf *out)
{
    strbuf_addf(out, "CREATE TABLE %s(", schema->name);
    for (const struct sql_column *c = schema->columns; c->name; c++)
        strbuf_addf(out, "%s%s %s", c == schema->columns ? "" : ", ", c->name, declared(c->type));
    strbuf_add_char(out, ')');
}

void sql_schema_add_help(const struct sql_schema *schema, struct strbuf *out)
{
    strbuf_addf(out, "%s: %s\n", schema->name, schema->doc);
    for (const struct sql_column *c = schema->columns; c->name; c++)
        strbuf_addf(out, "  %-15s %-7s %s\n", c->name, c->type, c->doc);
}
