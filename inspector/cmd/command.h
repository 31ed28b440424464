// The table of commands, and the way from argv to an exit status.
#ifndef BRILLE_INSPECTOR_CMD_COMMAND_H
#define BRILLE_INSPECTOR_CMD_COMMAND_H

#include "inspector/base/error.h"
#include "inspector/cmd/verb.h"
#include <stdio.h>

struct command {
    const char *name, *arguments, *summary;
    struct error *(*run)(struct verb *verb); // NULL: not built yet
};

extern const struct command commands[]; // ends with a name of NULL

#define COMMAND(name, arguments, summary) struct error *verb_##name(struct verb *verb);
#define PENDING(name, arguments, summary)
#include "inspector/cmd/commands.def"
#undef COMMAND
#undef PENDING

// argv as main gets it (its strings are moved around). Answers go to `out`, errors to `errors`; the
// result is the exit status.
int command_run(int argc, char **argv, FILE *out, FILE *errors);

// Writes what the verb has of its answer, and empties it. Names in it come from the target: what a
// terminal would obey is taken out.
struct error *command_write(struct verb *verb);

#endif
