// A heap as a SQLite database.
//
// The tables of schema.def are virtual tables over a snapshot: nothing is copied into SQLite, and a
// query computes what it needs of retained sizes and paths when it first asks. The database itself
// is in memory, so tables and views that a user creates beside ours are gone with it. Functions:
//
//     path(address)        "__main__.CACHE -> dict -> ['k'] -> Session", NULL when unreachable
//     expression(address)  "__main__.CACHE['k']": to paste into Python; NULL when there is none
//     bytes(number)        "1.12 GiB"
//
// SIGINT (base/interrupt.h) ends a running query with INTERRUPTED. A mistake in a query is an
// error of code USAGE, in one line.
#ifndef BRILLE_INSPECTOR_SQL_DATABASE_H
#define BRILLE_INSPECTOR_SQL_DATABASE_H

#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <sqlite3.h>

struct sql_database;

// The snapshot stays the caller's and must outlive the database.
struct error *sql_database_open(struct snapshot *snapshot, struct sql_database **ret);
void sql_database_close(struct sql_database *database);
CLEANUP_DEFINE(sql_database_close, struct sql_database *);

sqlite3 *sql_database_handle(struct sql_database *database);

// Prepares the statement that `text` begins with; *rest is what follows it. *ret is NULL for blanks
// and comments. The caller finalizes it.
struct error *sql_database_prepare(struct sql_database *database, const char *text,
                                   sqlite3_stmt **ret, const char **rest);

// The next row: true in *row, or false when there is none.
struct error *sql_database_step(struct sql_database *database, sqlite3_stmt *statement, bool *row);

#endif
