// The prompt of `brille sql`: lines edited with libedit, a history that outlives the session, Tab
// for the names of tables and columns, and a few commands that begin with a dot.
#ifndef BRILLE_INSPECTOR_CMD_SQL_PROMPT_H
#define BRILLE_INSPECTOR_CMD_SQL_PROMPT_H

#include "inspector/base/error.h"
#include "inspector/cmd/sql_output.h"
#include "inspector/sql/database.h"

// Returns at .quit or the end of input. Mistakes in queries are shown and the prompt goes on.
// `target` is shown at the beginning.
struct error *sql_prompt(struct sql_database *database, const struct sql_output *output,
                         const char *target);

// A line that begins with a dot, for tests: false for an unknown command. `quit` may be set, the
// format changed.
bool sql_prompt_command(const char *line, struct sql_output *output, bool *quit);

#endif
