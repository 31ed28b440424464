// The bridge from SQLite's virtual table calls to struct sql_table. One sqlite3_module serves all
// tables; which one is meant travels as the module's client data. The tables are "eponymous only":
// they are there under their name without being created, and cannot be dropped.
#include "inspector/sql/module.h"

#include <stdlib.h>
#include <string.h>

// What SQLite is given for each table when it is registered, freed with the connection.
struct client {
    enum sql_table_id id;
    struct sql_source *source;
};

struct bound_table {
    sqlite3_vtab base; // SQLite's part, first
    const struct client *client;
};

static const struct sql_table *const tables[SQL_TABLES] = {
#define SQL_TABLE(name, doc) [SQL_TABLE_##name] = &sql_table_##name,
#define SQL_COLUMN(table, name, type, doc)
#define SQL_TABLE_END(name)
#include "inspector/sql/schema.def"
#undef SQL_TABLE
#undef SQL_COLUMN
#undef SQL_TABLE_END
};

static const struct sql_table *table_of(const struct sql_cursor *cursor)
{
    return tables[((const struct bound_table *)cursor->base.pVtab)->client->id];
}

// ---- for the tables ----

int sql_constraint(const sqlite3_index_info *info, int column, int op)
{
    for (int i = 0; i < info->nConstraint; i++)
        if (info->aConstraint[i].usable && info->aConstraint[i].iColumn == column &&
            info->aConstraint[i].op == op)
            return i;
    return -1;
}

uint32_t sql_object_of(const struct sql_source *source, sqlite3_value *value)
{
    const int type = sqlite3_value_numeric_type(value);
    const sqlite3_int64 address = sqlite3_value_int64(value);
    if (type == SQLITE_FLOAT && sqlite3_value_double(value) != (double)address)
        return ORDINAL_NONE;
    if ((type != SQLITE_INTEGER && type != SQLITE_FLOAT) || address < 0)
        return ORDINAL_NONE;
    return snapshot_find(source->snapshot, (uint64_t)address);
}

// ---- the calls ----

static int module_connect(sqlite3 *handle, void *data, int argc, const char *const *argv,
                          sqlite3_vtab **ret, char **message)
{
    const struct client *client = data;
    struct strbuf text;
    (void)argc, (void)argv, (void)message;
    strbuf_init(&text);
    sql_schema_add_declaration(&sql_schemas[client->id], &text);
    const int status =
        text.failed ? SQLITE_NOMEM : sqlite3_declare_vtab(handle, strbuf_text(&text));
    strbuf_deinit(&text);
    if (status != SQLITE_OK)
        return status;
    struct bound_table *table = calloc(1, sizeof *table);
    if (!table)
        return SQLITE_NOMEM;
    table->client = client;
    *ret = &table->base;
    return SQLITE_OK;
}

static int module_disconnect(sqlite3_vtab *vtab)
{
    free(vtab);
    return SQLITE_OK;
}

static int module_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
    const struct client *client = ((struct bound_table *)vtab)->client;
    info->idxNum = 0;
    tables[client->id]->plan(client->source, info);
    info->idxNum |= (int)(tables[client->id]->needs(info->colUsed) << 8);
    return SQLITE_OK;
}

static int module_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **ret)
{
    struct sql_cursor *cursor = calloc(1, sizeof *cursor);
    if (!cursor)
        return SQLITE_NOMEM;
    cursor->source = ((struct bound_table *)vtab)->client->source;
    strbuf_init(&cursor->text);
    *ret = &cursor->base;
    return SQLITE_OK;
}

static int module_close(sqlite3_vtab_cursor *base)
{
    struct sql_cursor *cursor = (struct sql_cursor *)base;
    strbuf_deinit(&cursor->text);
    free(cursor);
    return SQLITE_OK;
}

static int module_filter(sqlite3_vtab_cursor *base, int plan, const char *unused, int argc,
                         sqlite3_value **argv)
{
    struct sql_cursor *cursor = (struct sql_cursor *)base;
    struct sql_source *source = cursor->source;
    (void)unused;
    cursor->eof = true;
    struct error *err = sql_source_need(source, (unsigned)plan >> 8);
    if (!err)
        err = table_of(cursor)->start(cursor, plan & 255, argc, argv);
    if (!err)
        return SQLITE_OK;
    base->pVtab->zErrMsg = sqlite3_mprintf("%s", err->message);
    error_destroy(source->failure);
    source->failure = err;
    return SQLITE_ERROR;
}

static int module_next(sqlite3_vtab_cursor *base)
{
    struct sql_cursor *cursor = (struct sql_cursor *)base;
    table_of(cursor)->next(cursor);
    return SQLITE_OK;
}

static int module_eof(sqlite3_vtab_cursor *base)
{
    return ((struct sql_cursor *)base)->eof;
}

static int module_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    struct sql_cursor *cursor = (struct sql_cursor *)base;
    table_of(cursor)->column(cursor, context, column);
    return SQLITE_OK;
}

static int module_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
    *ret = (sqlite3_int64)((struct sql_cursor *)base)->row;
    return SQLITE_OK;
}

static const sqlite3_module module = {
    .iVersion = 1,
    .xConnect = module_connect,
    .xBestIndex = module_best_index,
    .xDisconnect = module_disconnect,
    .xOpen = module_open,
    .xClose = module_close,
    .xFilter = module_filter,
    .xNext = module_next,
    .xEof = module_eof,
    .xColumn = module_column,
    .xRowid = module_rowid,
};

int sql_module_register(sqlite3 *handle, struct sql_source *source)
{
    for (enum sql_table_id id = 0; id < SQL_TABLES; id++) {
        struct client *client = malloc(sizeof *client);
        if (!client)
            return SQLITE_NOMEM;
        *client = (struct client){.id = id, .source = source};
        // Frees the client itself, also when it fails.
        const int status =
            sqlite3_create_module_v2(handle, sql_schemas[id].name, &module, client, free);
        if (status != SQLITE_OK)
            return status;
    }
    return SQLITE_OK;
}
