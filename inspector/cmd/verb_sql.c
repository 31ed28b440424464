// brille sql: SQL over a heap.
#include "inspector/base/interrupt.h"
#include "inspector/cmd/command.h"
#include "inspector/cmd/sql_output.h"
#include "inspector/cmd/sql_prompt.h"
#include "inspector/sql/schema.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct error *pick_format(const struct verb *verb, bool csv, enum sql_format *ret)
{
    if (csv + verb->json + verb->tsv > 1)
        return error_create(ERROR_USAGE, "--csv, --json and --tsv exclude each other");
    *ret = csv          ? SQL_FORMAT_CSV
           : verb->json ? SQL_FORMAT_JSON
           : verb->tsv  ? SQL_FORMAT_TSV
                        : SQL_FORMAT_TABLE;
    return NULL;
}

// {"verb":"sql","heap":{...},"rows":[...]}
static struct error *run_query(struct verb *verb, struct snapshot *s, struct sql_database *database,
                               const struct sql_output *output, const char *query)
{
    struct json json;
    struct strbuf before;
    strbuf_init(&before);
    if (output->format == SQL_FORMAT_JSON) {
        verb_begin_json(verb, s, &json);
        strbuf_addf(&before, "%s,\"rows\":", strbuf_text(&verb->out));
        strbuf_clear(&verb->out);
    }
    interrupt_begin();
    struct error *err = strbuf_error(&before);
    if (!err)
        err = sql_output_run(output, database, query, strbuf_text(&before), "}");
    interrupt_end();
    strbuf_deinit(&before);
    return err;
}

static struct error *read_all(FILE *file, struct strbuf *text)
{
    char bytes[4096];
    size_t got;
    while ((got = fread(bytes, 1, sizeof bytes, file)) > 0)
        strbuf_add_bytes(text, bytes, got);
    if (ferror(file))
        return error_create_errno(errno, "cannot read the standard input");
    if (text->length && memchr(text->data, 0, text->length))
        return error_create(ERROR_USAGE, "the query has a NUL in it");
    return strbuf_error(text);
}

static struct error *run_standard_input(struct verb *verb, struct snapshot *s,
                                        struct sql_database *database,
                                        const struct sql_output *output)
{
    struct strbuf text;
    strbuf_init(&text);
    struct error *err = read_all(stdin, &text);
    if (!err)
        err = run_query(verb, s, database, output, strbuf_text(&text));
    strbuf_deinit(&text);
    return err;
}

static void add_schema_help(struct strbuf *out)
{
    strbuf_add(out, "\nWithout QUERY it is read from the standard input, with a prompt on a "
                    "terminal.\ntables:\n");
    for (unsigned i = 0; i < SQL_TABLES; i++)
        strbuf_addf(out, "  %-10s %s\n", sql_schemas[i].name, sql_schemas[i].doc);
    strbuf_add(out, "functions:\n"
                    "  path(address), expression(address), bytes(number)\n"
                    "The columns: brille sql TARGET .schema, and docs/sql.md, with examples.\n");
}

static struct error *show_schema(struct verb *verb)
{
    for (unsigned i = 0; i < SQL_TABLES; i++) {
        if (i)
            strbuf_add_char(&verb->out, '\n');
        sql_schema_add_help(&sql_schemas[i], &verb->out);
    }
    return NULL;
}

struct error *verb_sql(struct verb *verb)
{
    bool csv = false;
    const struct option options[] = {
        {"csv", 0, OPTION_FLAG, &csv, NULL, "rows as comma-separated values"},
        VERB_HEAP_OPTIONS(verb),
        {0},
    };
    struct sql_output output = {.stream = verb->stream, .width = verb->width};
    _cleanup_(snapshot_destroy_at) struct snapshot *s = NULL;
    _cleanup_(sql_database_close_at) struct sql_database *database = NULL;
    TRY(verb_parse(verb, options, 1, 2));
    if (verb->done) {
        add_schema_help(&verb->out);
        return NULL;
    }
    TRY(pick_format(verb, csv, &output.format));
    const char *query = verb->arguments.count > 1 ? verb->arguments.items[1] : NULL;
    if (query && strcmp(query, ".schema") == 0)
        return show_schema(verb);
    TRY(verb_open_heap(verb, verb->arguments.items[0], &s));
    TRY(sql_database_open(s, &database));
    if (query)
        return run_query(verb, s, database, &output, query);
    if (!isatty(STDIN_FILENO))
        return run_standard_input(verb, s, database, &output);
    return sql_prompt(database, &output, verb->arguments.items[0]);
}
