// Registers the tables with SQLite.
#ifndef BRILLE_INSPECTOR_SQL_MODULE_H
#define BRILLE_INSPECTOR_SQL_MODULE_H

#include "inspector/sql/source.h"
#include "inspector/sql/table.h"
#include <sqlite3.h>

// A SQLite status. The source must outlive the connection.
int sql_module_register(sqlite3 *handle, struct sql_source *source);

#endif
