// brille plugin test and lint: runs a plugin on heaps and events that its tests write down
// (lua/testcase.h), compares what came out, and looks at the declaration.
//
// Each case runs twice: a plugin whose answer depends on chance or on the order of a hash table
// fails, whatever it expects.
#include "inspector/cmd/plugin_author.h"

#include "inspector/base/outfile.h"
#include "inspector/cmd/plugin_answer.h"
#include "inspector/cmd/plugin_args.h"
#include "inspector/lua/run.h"
#include "inspector/lua/testcase.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CASE_TIME_NS UINT64_C(10000000000)

struct testing {
    struct verb *verb;
    bool update;
    unsigned passed, failed;
};

static void say(struct testing *t, const char *plugin, const char *name, const char *why)
{
    struct strbuf *out = &t->verb->out;
    t->failed += why != NULL;
    t->passed += why == NULL;
    strbuf_addf(out, "%s  %s: %s\n", why ? "FAILED" : "ok    ", plugin, name);
    for (const char *line = why; line && *line;
         line = strchr(line, '\n'), line = line ? line + 1 : "")
        strbuf_addf(out, "        %.*s\n", (int)strcspn(line, "\n"), line);
}

// ---- one run ----

struct answer {
    struct strbuf json, text, error;
};

static void answer_init(struct answer *a)
{
    strbuf_init(&a->json);
    strbuf_init(&a->text);
    strbuf_init(&a->error);
}

static void answer_deinit(struct answer *a)
{
    strbuf_deinit(&a->json);
    strbuf_deinit(&a->text);
    strbuf_deinit(&a->error);
}

static struct error *check_needs(const struct plugin *plugin, const struct testcase *c)
{
    if (c->heap_count < plugin->heaps)
        return error_create(ERROR_USAGE, "the plugin needs %u heaps, and the case has %u",
                            plugin->heaps, c->heap_count);
    if (plugin->events && !c->has_events && !c->trace)
        return error_create(ERROR_USAGE, "the plugin needs events, and the case has none");
    return NULL;
}

static struct error *set_arguments(struct plugin *plugin, const struct testcase *c)
{
    static const struct plugin_options nothing;
    struct plugin_options given = nothing;
    bool required[PLUGIN_ARGS_MAX];
    for (unsigned i = 0; i < plugin->arg_count; i++) { // those of the case come below
        const enum plugin_arg_type type = plugin->args[i].type;
        if (type == ARG_BYTES || type == ARG_DURATION)
            given.values[i].number = UINT64_MAX;
        required[i] = plugin->args[i].required;
        for (unsigned k = 0; k < c->arg_count; k++)
            plugin->args[i].required &= strcmp(plugin->args[i].name, c->args[k].name) != 0;
    }
    struct error *err = plugin_set_arguments(plugin, &given);
    for (unsigned i = 0; i < plugin->arg_count; i++)
        plugin->args[i].required = required[i];
    for (unsigned k = 0; k < c->arg_count && !err; k++) {
        struct plugin_arg *arg = NULL;
        for (unsigned i = 0; i < plugin->arg_count; i++)
            if (strcmp(plugin->args[i].name, c->args[k].name) == 0)
                arg = &plugin->args[i];
        err = arg ? plugin_set_argument(arg, c->args[k].text)
                  : error_create(ERROR_USAGE, "there is no argument '%s'", c->args[k].name);
    }
    return err;
}

static struct error *prepare(struct plugin *plugin, const struct testcase *c,
                             struct plugin_heap *heaps)
{
    TRY(check_needs(plugin, c));
    TRY(set_arguments(plugin, c));
    for (unsigned h = 0; h < plugin->heaps; h++)
        TRY(plugin_heap_init(&heaps[h], c->snapshots[h], h + 1, plugin->refs, plugin->retained));
    return plugin_resolve_arguments(plugin, plugin->heaps ? &heaps[plugin->heaps - 1] : NULL);
}

static const struct event_row *rows_of(const struct testcase *c)
{
    static const struct event_row none;
    return c->has_events ? (c->events.items ? c->events.items : &none) : NULL;
}

static struct error *run_case(struct plugin *plugin, const struct testcase *c,
                              struct run_output *output)
{
    struct plugin_heap heaps[PLUGIN_HEAPS] = {{0}};
    *output = (struct run_output){.complete = false};
    struct error *err = prepare(plugin, c, heaps);
    if (!err) {
        struct plugin_run run = {
            .plugin = plugin,
            .heap_count = plugin->heaps,
            .trace = c->trace,
            .event_rows = rows_of(c),
            .event_row_count = c->events.count,
            .limits = {.time_ns = CASE_TIME_NS, .memory_bytes = UINT64_C(512) << 20},
        };
        for (unsigned h = 0; h < plugin->heaps; h++)
            run.heaps[h] = &heaps[h];
        err = plugin_run(&run, output);
    }
    for (unsigned h = 0; h < PLUGIN_HEAPS; h++)
        if (heaps[h].snapshot)
            plugin_heap_deinit(&heaps[h]);
    return err;
}

static struct error *render(const struct plugin *plugin, const struct run_output *output,
                            struct answer *a)
{
    struct verb quiet = {.argc = 0};
    struct json json = {.out = &a->json};
    json_begin(&json, NULL, '{');
    TRY(plugin_answer_json(plugin, output, &json));
    json_end(&json, '}');
    strbuf_add_char(&a->json, '\n');
    strbuf_init(&quiet.out);
    struct error *err = plugin_answer_text(&quiet, output);
    strbuf_add(&a->text, strbuf_text(&quiet.out));
    strbuf_deinit(&quiet.out);
    return err;
}

// ---- what was expected ----

static const struct run_table *find_table(const struct run_output *output, const char *id,
                                          size_t length)
{
    for (unsigned i = 0; i < output->table_count; i++)
        if (strlen(output->tables[i]->id) == length &&
            memcmp(output->tables[i]->id, id, length) == 0)
            return output->tables[i];
    return NULL;
}

static void add_value(const struct value *v, struct strbuf *out)
{
    if (v->kind == VALUE_TEXT)
        strbuf_addf(out, "\"%s\"", v->text);
    else if (v->kind == VALUE_INTEGER)
        strbuf_addf(out, "%lld", (long long)v->integer);
    else if (v->kind == VALUE_REAL)
        strbuf_addf(out, "%g", v->real);
    else
        strbuf_add(out, "nil");
}

static bool same(const struct value *a, const struct value *b)
{
    if (value_is_number(a) && value_is_number(b)) {
        const double x = value_as_real(a), y = value_as_real(b);
        return x - y < 1e-9 && y - x < 1e-9;
    }
    return a->kind == b->kind && (a->kind != VALUE_TEXT || strcmp(a->text, b->text) == 0);
}

static void check_first(const struct run_output *output, const char *key, const struct value *want,
                        struct strbuf *why)
{
    const char *dot = strchr(key, '.');
    const struct run_table *table = find_table(output, key, (size_t)(dot - key));
    if (!table || table->cells.count == 0) {
        strbuf_addf(why, "table '%.*s' has no rows\n", (int)(dot - key), key);
        return;
    }
    for (unsigned c = 0; c < table->column_count; c++) {
        if (strcmp(table->columns[c].name, dot + 1) != 0)
            continue;
        if (!same(&table->cells.items[c], want)) {
            strbuf_addf(why, "%s of the first row is ", key);
            add_value(&table->cells.items[c], why);
            strbuf_add(why, ", not ");
            add_value(want, why);
            strbuf_add_char(why, '\n');
        }
        return;
    }
    strbuf_addf(why, "there is no column %s\n", key);
}

static unsigned count_findings(const struct run_output *output, const char *id)
{
    unsigned count = 0;
    for (size_t i = 0; i < output->items.count; i++)
        count += output->items.items[i].kind == RUN_ITEM_FINDING &&
                 (!id || strcmp(output->items.items[i].finding.id, id) == 0);
    return count;
}

static void check_rows(const struct run_output *output, const char *id, const struct value *want,
                       struct strbuf *why)
{
    const struct run_table *table = find_table(output, id, strlen(id));
    const size_t rows = table ? table->cells.count / table->column_count : 0;
    if (!table)
        strbuf_addf(why, "there is no table '%s'\n", id);
    else if (want->kind != VALUE_INTEGER || rows != (size_t)want->integer)
        strbuf_addf(why, "table '%s' has %zu rows, not %lld\n", id, rows, (long long)want->integer);
}

static void check_expects(const struct testcase *c, const struct run_output *output,
                          const struct answer *a, struct strbuf *why)
{
    bool error_expected = false;
    for (unsigned i = 0; i < c->expect_count; i++) {
        const char *key = c->expects[i].key;
        switch (c->expects[i].what) {
        case EXPECT_ROWS:
            check_rows(output, key, &c->expects[i].value, why);
            break;
        case EXPECT_FINDING:
            if (!count_findings(output, key))
                strbuf_addf(why, "there is no finding '%s'\n", key);
            break;
        case EXPECT_NONE:
            if (count_findings(output, NULL))
                strbuf_addf(why, "there are findings, and none is expected\n");
            break;
        case EXPECT_FIRST:
            check_first(output, key, &c->expects[i].value, why);
            break;
        case EXPECT_ERROR:
            error_expected = true;
            if (!strstr(strbuf_text(&a->error), key))
                strbuf_addf(why, "the error is '%s', not '%s'\n", strbuf_text(&a->error), key);
            break;
        case EXPECT_TEXT:
            if (!strstr(strbuf_text(&a->text), key))
                strbuf_addf(why, "'%s' is not printed\n", key);
            break;
        }
    }
    if (a->error.length && !error_expected)
        strbuf_addf(why, "%s\n", strbuf_text(&a->error));
}

// ---- goldens ----

static void check_golden(struct testing *t, const struct testcase *c, const struct answer *a,
                         struct strbuf *why)
{
    struct strbuf kept;
    if (!*c->golden)
        return;
    if (t->update) {
        _cleanup_error_ struct error *err = outfile_write(c->golden, 0666, &a->json);
        if (err)
            strbuf_addf(why, "%s\n", err->message);
        return;
    }
    _cleanup_fclose_ FILE *file = fopen(c->golden, "re");
    if (!file) {
        strbuf_addf(why, "cannot read %s: %s (--update makes it)\n", c->golden, strerror(errno));
        return;
    }
    strbuf_init(&kept);
    for (int ch; (ch = getc(file)) != EOF;)
        strbuf_add_char(&kept, (char)ch);
    if (strcmp(strbuf_text(&kept), strbuf_text(&a->json)) != 0) {
        const char *x = strbuf_text(&kept), *y = strbuf_text(&a->json);
        size_t at = 0;
        while (x[at] && x[at] == y[at])
            at++;
        const size_t from = at > 30 ? at - 30 : 0;
        strbuf_addf(why,
                    "differs from %s at byte %zu (--update takes it over)\n  was ...%.70s\n"
                    "  is  ...%.70s\n",
                    c->golden, at, x + from, y + from);
    }
    strbuf_deinit(&kept);
}

// ---- a case, a file, a plugin ----

static struct error *run_and_render(struct plugin *plugin, const struct testcase *c,
                                    struct run_output *output, struct answer *a)
{
    struct error *failure = run_case(plugin, c, output);
    if (failure)
        strbuf_addf(&a->error, "%s", failure->message);
    error_destroy(failure);
    return render(plugin, output, a);
}

static struct error *test_case(struct testing *t, struct plugin *plugin, const struct testcase *c)
{
    struct answer first, second;
    struct run_output output, again;
    struct strbuf why;
    answer_init(&first);
    answer_init(&second);
    strbuf_init(&why);
    struct error *err = run_and_render(plugin, c, &output, &first);
    if (!err)
        err = run_and_render(plugin, c, &again, &second);
    if (!err) {
        check_expects(c, &output, &first, &why);
        if (strcmp(strbuf_text(&first.json), strbuf_text(&second.json)) != 0)
            strbuf_add(&why, "two runs differ: brille.sorted() instead of pairs() for output?\n");
        check_golden(t, c, &first, &why);
        run_output_deinit(&again);
        say(t, plugin->name, c->name, why.length ? strbuf_text(&why) : NULL);
    }
    run_output_deinit(&output);
    strbuf_deinit(&why);
    answer_deinit(&first);
    answer_deinit(&second);
    return err;
}

static struct error *test_file(struct testing *t, struct plugin *plugin, const char *folder,
                               const char *entry)
{
    struct testcases cases;
    struct strbuf path;
    strbuf_init(&path);
    strbuf_addf(&path, "%s/%s", folder, entry);
    struct error *err = testcases_load(strbuf_text(&path), folder, &plugin->libs, &cases);
    if (err && err->code == ERROR_USAGE) { // the file is wrong, not the plugin
        say(t, plugin->name, entry, err->message);
        error_destroy(err);
        err = NULL;
    }
    for (size_t i = 0; !err && i < cases.items.count; i++)
        err = test_case(t, plugin, &cases.items.items[i]);
    testcases_deinit(&cases);
    strbuf_deinit(&path);
    return err;
}

static int only_tests(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);
    return length > 9 && strcmp(entry->d_name + length - 9, "_test.lua") == 0;
}

// tests/NAME_test.lua beside the plugin; all of tests/ when the folder is the plugin's own.
static struct error *test_plugin(void *context, const char *path)
{
    struct testing *t = context;
    _cleanup_(plugin_destroy_at) struct plugin *plugin = NULL;
    struct strbuf folder;
    struct dirent **entries;
    struct error *err = NULL;
    TRY(plugin_load(path, &plugin));
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const size_t stem = strlen(base) > 4 ? strlen(base) - 4 : 0;
    const size_t folder_length = slash ? (size_t)(slash - path) : 0;
    const bool own = folder_length > stem && path[folder_length - stem - 1] == '/' &&
                     strncmp(path + folder_length - stem, base, stem) == 0;
    strbuf_init(&folder);
    strbuf_addf(&folder, "%.*stests", slash ? (int)folder_length + 1 : 0, path);
    const unsigned before = t->passed + t->failed;
    const int count = scandir(strbuf_text(&folder), &entries, only_tests, alphasort);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        const bool named = strncmp(name, base, stem) == 0 && strcmp(name + stem, "_test.lua") == 0;
        if (!err && (own || named))
            err = test_file(t, plugin, strbuf_text(&folder), name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    if (!err && t->passed + t->failed == before)
        strbuf_addf(&t->verb->out, "        %s: no tests (%s/%.*s_test.lua)\n", plugin->name,
                    strbuf_text(&folder), (int)stem, base);
    strbuf_deinit(&folder);
    return err;
}

struct error *plugin_test(struct verb *verb)
{
    struct testing t = {.verb = verb};
    const char *path = NULL;
    const struct option options[] = {
        {"update", 0, OPTION_FLAG, &t.update, NULL, "write the goldens anew"},
        {"plugin-path", 0, OPTION_TEXT, &path, "DIRS", "look here first (separated by ':')"},
        VERB_OPTIONS(verb),
        {0},
    };
    TRY(verb_parse(verb, options, 1, SIZE_MAX));
    if (verb->done)
        return NULL;
    TRY(plugin_find_each(verb->arguments.items, verb->arguments.count, path, test_plugin, &t));
    strbuf_addf(&verb->out, "%u passed, %u failed\n", t.passed, t.failed);
    verb->status = t.failed ? 1 : 0;
    return NULL;
}
