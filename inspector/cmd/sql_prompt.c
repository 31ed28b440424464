#include "inspector/cmd/sql_prompt.h"

#include "inspector/base/interrupt.h"
#include "inspector/base/strbuf.h"
#include "inspector/sql/schema.h"

#include <editline/readline.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HISTORY_MAX = 1000 };

// ---- commands ----

static void show_tables(FILE *out)
{
    for (unsigned i = 0; i < SQL_TABLES; i++)
        fprintf(out, "  %-10s %s\n", sql_schemas[i].name, sql_schemas[i].doc);
}

static bool show_schema(FILE *out, const char *table)
{
    struct strbuf text;
    bool found = false;
    strbuf_init(&text);
    for (unsigned i = 0; i < SQL_TABLES; i++)
        if (!*table || strcmp(table, sql_schemas[i].name) == 0) {
            sql_schema_add_help(&sql_schemas[i], &text);
            found = true;
        }
    fputs(strbuf_text(&text), out);
    strbuf_deinit(&text);
    return found;
}

static bool set_mode(struct sql_output *output, const char *mode)
{
    static const char *const modes[] = {[SQL_FORMAT_TABLE] = "table",
                                        [SQL_FORMAT_CSV] = "csv",
                                        [SQL_FORMAT_TSV] = "tsv",
                                        [SQL_FORMAT_JSON] = "json"};
    for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(mode, modes[i]) == 0) {
            output->format = i;
            return true;
        }
    return false;
}

bool sql_prompt_command(const char *line, struct sql_output *output, bool *quit)
{
    char word[32] = "", argument[64] = "";
    sscanf(line, "%31s %63s", word, argument);
    if (strcmp(word, ".quit") == 0 || strcmp(word, ".exit") == 0)
        *quit = true;
    else if (strcmp(word, ".tables") == 0)
        show_tables(output->stream);
    else if (strcmp(word, ".schema") == 0)
        return show_schema(output->stream, argument);
    else if (strcmp(word, ".mode") == 0)
        return set_mode(output, argument);
    else if (strcmp(word, ".help") == 0)
        fputs("  .tables             the tables\n"
              "  .schema [TABLE]     their columns, and what they mean\n"
              "  .mode MODE          table, csv, tsv or json\n"
              "  .quit               leave, like Ctrl-D\n"
              "A query ends with a semicolon. Functions: path(address), expression(address),\n"
              "bytes(number). Addresses may be written 0x7f3a9c0d4e80. Ctrl-C ends a query.\n",
              output->stream);
    else
        return false;
    return true;
}

// ---- completion ----

// Called again and again until NULL; `state` is 0 for the first.
static char *next_name(const char *text, int state)
{
    static unsigned table, column; // libedit's interface has no context
    const size_t length = strlen(text);
    if (state == 0)
        table = column = 0;
    for (; table < SQL_TABLES; table++, column = 0) {
        const struct sql_schema *schema = &sql_schemas[table];
        if (column == 0 && ++column && strncmp(schema->name, text, length) == 0)
            return strdup(schema->name);
        while (schema->columns[column - 1].name) {
            const char *name = schema->columns[column++ - 1].name;
            if (strncmp(name, text, length) == 0)
                return strdup(name);
        }
    }
    return NULL;
}

static char **complete(const char *text, int start, int end)
{
    (void)start, (void)end;
    rl_attempted_completion_over = 1; // names of files are no help here
    return rl_completion_matches(text, next_name);
}

// ---- history ----

// $BRILLE_HISTORY, or ~/.brille_history; "" for none.
static void history_path(char *path, size_t size)
{
    const char *own = getenv("BRILLE_HISTORY"), *home = getenv("HOME");
    if (own)
        snprintf(path, size, "%s", own);
    else
        snprintf(path, size, "%s%s", home ? home : "", home ? "/.brille_history" : "");
}

static void load_history(const char *path)
{
    using_history();
    stifle_history(HISTORY_MAX);
    if (*path)
        read_history(path);
}

// What one asks about one's heaps is one's own business: nobody else may read it.
static void save_history(const char *path)
{
    if (!*path)
        return;
    const mode_t mask = umask(077);
    write_history(path);
    umask(mask);
}

// ---- the loop ----

static void run(struct sql_database *database, const struct sql_output *output, const char *query)
{
    interrupt_begin();
    struct error *err = sql_output_run(output, database, query, NULL, NULL);
    interrupt_end();
    if (err) {
        fflush(output->stream);
        error_print(stderr, err);
    }
    error_destroy(err);
}

// Adds a line to the statement; runs it when it is whole.
static void take_line(struct sql_database *database, struct sql_output *output,
                      struct strbuf *statement, const char *line, bool *quit)
{
    if (statement->length == 0 && *line == '.') {
        add_history(line);
        if (!sql_prompt_command(line, output, quit))
            fprintf(stderr, "brille: there is no command or table like that; .help\n");
        fflush(output->stream);
        return;
    }
    if (statement->length)
        strbuf_add_char(statement, '\n');
    strbuf_add(statement, line);
    if (!sqlite3_complete(strbuf_text(statement)))
        return;
    add_history(strbuf_text(statement));
    run(database, output, strbuf_text(statement));
    strbuf_clear(statement);
}

struct error *sql_prompt(struct sql_database *database, const struct sql_output *first,
                         const char *target)
{
    struct sql_output output = *first;
    struct strbuf statement;
    char path[4096];
    bool quit = false;
    strbuf_init(&statement);
    history_path(path, sizeof path);
    load_history(path);
    rl_readline_name = "brille";
    rl_attempted_completion_function = complete;
    fprintf(stderr, "%s. Queries end with a semicolon; .tables, .schema, .help, .quit\n", target);
    while (!quit) {
        char *line = readline(statement.length ? "   ...> " : "brille> ");
        if (!line)
            break;
        if (statement.length || line[strspn(line, " \t")])
            take_line(database, &output, &statement, line, &quit);
        free(line);
    }
    save_history(path);
    struct error *err = strbuf_error(&statement);
    strbuf_deinit(&statement);
    return err;
}
