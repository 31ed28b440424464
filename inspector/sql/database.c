#include "inspector/sql/database.h"

#include "inspector/base/format.h"
#include "inspector/base/interrupt.h"
#include "inspector/sql/module.h"

#include <stdlib.h>
#include <string.h>

enum { INSTRUCTIONS_BETWEEN_LOOKS = 10000 };

struct sql_database {
    sqlite3 *handle;
    struct sql_source source;
};

// ---- functions ----

static void keep_failure(struct sql_source *source, sqlite3_context *context, struct error *err)
{
    sqlite3_result_error(context, err->message, -1);
    error_destroy(source->failure);
    source->failure = err;
}

static void add_path_or_expression(sqlite3_context *context, sqlite3_value *value, bool expression)
{
    struct sql_source *source = sqlite3_user_data(context);
    struct error *err = sql_source_need(source, SQL_NEED_PATHS | SQL_NEED_LABELS);
    if (err) {
        keep_failure(source, context, err);
        return;
    }
    const uint32_t object = sql_object_of(source, value);
    struct path path;
    if (object == ORDINAL_NONE || !paths_reaches(source->paths, object))
        return;
    err = path_to(source->paths, source->snapshot, object, &path);
    if (err) {
        keep_failure(source, context, err);
        return;
    }
    struct strbuf text;
    strbuf_init(&text);
    bool some = true;
    if (expression)
        some = path_add_expression(source->snapshot, &path, &text);
    else
        path_add_text(source->snapshot, &path, &text);
    if (text.failed)
        sqlite3_result_error_nomem(context);
    else if (some)
        sqlite3_result_text(context, strbuf_text(&text), (int)text.length, SQLITE_TRANSIENT);
    strbuf_deinit(&text);
    path_deinit(&path);
}

static void function_path(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    add_path_or_expression(context, argv[0], false);
}

static void function_expression(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    add_path_or_expression(context, argv[0], true);
}

static void function_bytes(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    const sqlite3_int64 value = sqlite3_value_int64(argv[0]);
    const struct formatted text =
        value < 0 ? format_bytes_change(value) : format_bytes((uint64_t)value);
    sqlite3_result_text(context, text.text, -1, SQLITE_TRANSIENT);
}

// ---- opening ----

static int look_at_interrupt(void *context)
{
    (void)context;
    return interrupted();
}

static int register_all(struct sql_database *database)
{
    static const struct {
        const char *name;
        void (*function)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {
        {"path", function_path}, {"expression", function_expression}, {"bytes", function_bytes}};
    int status = sql_module_register(database->handle, &database->source);
    for (unsigned i = 0; status == SQLITE_OK && i < sizeof functions / sizeof *functions; i++)
        status = sqlite3_create_function(database->handle, functions[i].name, 1,
                                         SQLITE_UTF8 | SQLITE_DETERMINISTIC, &database->source,
                                         functions[i].function, NULL, NULL);
    sqlite3_progress_handler(database->handle, INSTRUCTIONS_BETWEEN_LOOKS, look_at_interrupt, NULL);
    return status;
}

struct error *sql_database_open(struct snapshot *snapshot, struct sql_database **ret)
{
    struct sql_database *database = calloc(1, sizeof *database);
    if (!database)
        return &error_no_memory;
    sql_source_init(&database->source, snapshot);
    int status =
        sqlite3_open_v2(":memory:", &database->handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY, NULL);
    if (status == SQLITE_OK)
        status = register_all(database);
    if (status != SQLITE_OK) {
        struct error *err = status == SQLITE_NOMEM
                                ? &error_no_memory
                                : error_create(ERROR_UNSUPPORTED, "cannot set up SQLite: %s",
                                               sqlite3_errstr(status));
        sql_database_close(database);
        return err;
    }
    *ret = database;
    return NULL;
}

void sql_database_close(struct sql_database *database)
{
    if (!database)
        return;
    sqlite3_close(database->handle);
    sql_source_deinit(&database->source);
    free(database);
}

sqlite3 *sql_database_handle(struct sql_database *database)
{
    return database->handle;
}

// ---- queries ----

// Our own failure, if that is what stopped SQLite; otherwise its complaint, with the place.
static struct error *failed(struct sql_database *database, int status, const char *text)
{
    if (database->source.failure)
        return take_ptr(database->source.failure);
    if (status == SQLITE_NOMEM)
        return &error_no_memory;
    if (status == SQLITE_INTERRUPT)
        return error_create(ERROR_INTERRUPTED, "the query was interrupted");
    const int offset = text ? sqlite3_error_offset(database->handle) : -1;
    if (offset >= 0)
        return error_create(ERROR_USAGE, "cannot run the query: %s (at character %d)",
                            sqlite3_errmsg(database->handle), offset + 1);
    return error_create(ERROR_USAGE, "cannot run the query: %s", sqlite3_errmsg(database->handle));
}

struct error *sql_database_prepare(struct sql_database *database, const char *text,
                                   sqlite3_stmt **ret, const char **rest)
{
    const int status = sqlite3_prepare_v2(database->handle, text, -1, ret, rest);
    return status == SQLITE_OK ? NULL : failed(database, status, text);
}

struct error *sql_database_step(struct sql_database *database, sqlite3_stmt *statement, bool *row)
{
    const int status = sqlite3_step(statement);
    if (status != SQLITE_ROW && status != SQLITE_DONE)
        return failed(database, status, NULL);
    *row = status == SQLITE_ROW;
    return NULL;
}
