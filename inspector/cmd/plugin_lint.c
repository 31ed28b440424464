// brille plugin lint and doc: what a declaration says, and what it should say.
#include "inspector/cmd/plugin_args.h"
#include "inspector/cmd/plugin_author.h"

#include <string.h>
#include <unistd.h>

// ---- lint ----

struct linting {
    const struct plugin *plugin;
    struct strbuf *out;
    unsigned count;
};

static void complain(struct linting *l, const char *what, const char *of)
{
    strbuf_addf(l->out, "%s: %s%s%s\n", l->plugin->name, what, *of ? ": " : "", of);
    l->count++;
}

// A word of the source, not a part of another.
static bool mentions(const char *source, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = source; (at = strstr(at, word)); at += length) {
        const char before = at > source ? at[-1] : ' ', after = at[length];
        const bool inside = before == '_' || after == '_' || (before >= 'a' && before <= 'z') ||
                            (after >= 'a' && after <= 'z');
        if (!inside)
            return true;
    }
    return false;
}

// The source behind the declaration of the arguments, where they are used.
static const char *body_of(const struct plugin *plugin)
{
    const char *run = strstr(plugin->source, "run = function");
    return run ? run : plugin->source;
}

static bool has_tests(const struct plugin *plugin)
{
    struct strbuf path;
    const char *slash = strrchr(plugin->path, '/');
    strbuf_init(&path);
    strbuf_addf(&path, "%.*stests/%s_test.lua", slash ? (int)(slash - plugin->path + 1) : 0,
                plugin->path, plugin->name);
    const bool there = access(strbuf_text(&path), R_OK) == 0;
    strbuf_deinit(&path);
    return there;
}

// where("size > " .. n): what a person types would become part of the expression.
static bool joins_expressions(const char *source)
{
    for (const char *at = source; (at = strstr(at, "where(\"")); at++) {
        const char *end = strchr(at, '\n');
        const char *join = strstr(at, "\" .. ");
        if (join && (!end || join < end) && join[5] >= 'a' && join[5] <= 'z')
            return true;
    }
    return false;
}

static void lint(struct linting *l)
{
    const struct plugin *p = l->plugin;
    const char *body = body_of(p);
    if (!*p->summary)
        complain(l, "there is no summary", "");
    if (!*p->doc)
        complain(l, "there is no doc: what do the rows mean, what is a finding?", "");
    for (unsigned i = 0; i < p->arg_count; i++) {
        if (!*p->args[i].doc)
            complain(l, "an argument without doc", p->args[i].name);
        if (!mentions(p->source, p->args[i].name) || !strstr(p->source, "args"))
            complain(l, "an argument that is never used", p->args[i].name);
        else if (strncmp(body, "run = function", 14) == 0 && !mentions(body, p->args[i].name))
            complain(l, "an argument that is never used", p->args[i].name);
    }
    if (p->retained && !strstr(body, "retained") && !strstr(body, "dominator"))
        complain(l, "needs.retained is declared, and costs time, and is not used", "");
    if (strstr(body, " pairs("))
        complain(l, "pairs() has no order: brille.sorted() for what is printed", "");
    if (joins_expressions(body))
        complain(l, "an expression is put together with ..: bind a :parameter", "");
    if (!has_tests(p))
        complain(l, "there are no tests", "");
}

struct lints {
    struct strbuf *out;
    unsigned count;
};

static struct error *lint_file(void *context, const char *file)
{
    struct lints *all = context;
    _cleanup_(plugin_destroy_at) struct plugin *plugin = NULL;
    TRY(plugin_load(file, &plugin));
    struct linting l = {.plugin = plugin, .out = all->out};
    lint(&l);
    all->count += l.count;
    return NULL;
}

struct error *plugin_lint(struct verb *verb)
{
    const char *path = NULL;
    struct lints all = {.out = &verb->out};
    const struct option options[] = {
        {"plugin-path", 0, OPTION_TEXT, &path, "DIRS", "look here first (separated by ':')"},
        VERB_OPTIONS(verb),
        {0},
    };
    TRY(verb_parse(verb, options, 1, SIZE_MAX));
    if (verb->done)
        return NULL;
    TRY(plugin_find_each(verb->arguments.items, verb->arguments.count, path, lint_file, &all));
    if (!all.count)
        strbuf_add(&verb->out, "nothing to say\n");
    verb->status = all.count ? 1 : 0;
    return NULL;
}

// ---- doc ----

static void add_needs(const struct plugin *p, struct strbuf *out)
{
    if (p->heaps)
        strbuf_add(out, p->heaps == 2 ? "- two heaps, the older first" : "- a heap");
    if (p->refs)
        strbuf_add(out, ", with references");
    if (p->retained)
        strbuf_add(out, ", with retained sizes");
    strbuf_add(out, p->heaps ? "\n" : "");
    if (p->events)
        strbuf_add(out, "- events: a trace, or a running process for --seconds\n");
    if (!p->heaps && !p->events)
        strbuf_add(out, "nothing\n");
}

struct error *plugin_doc(struct verb *verb)
{
    const char *path = NULL;
    const struct option options[] = {
        {"plugin-path", 0, OPTION_TEXT, &path, "DIRS", "look here first (separated by ':')"},
        VERB_OPTIONS(verb),
        {0},
    };
    TRY(verb_parse(verb, options, 1, 1));
    if (verb->done)
        return NULL;
    _cleanup_free_ char *file = NULL;
    _cleanup_(plugin_destroy_at) struct plugin *plugin = NULL;
    TRY(plugin_find(verb->arguments.items[0], path, &file));
    TRY(plugin_load(file, &plugin));
    struct strbuf *out = &verb->out;
    strbuf_addf(out, "# %s\n\n%s.\n", plugin->name, plugin->summary);
    if (*plugin->doc)
        strbuf_addf(out, "\n%s\n", plugin->doc);
    strbuf_addf(out, "\n    brille %s%s%s\n\n## Needs\n\n", plugin->name,
                plugin->heaps == 2   ? " BEFORE AFTER"
                : plugin->heaps == 1 ? " TARGET"
                                     : "",
                plugin->events ? " TRACE|PID" : "");
    add_needs(plugin, out);
    if (plugin->arg_count)
        strbuf_add(out, "\n## Arguments\n\n");
    for (unsigned i = 0; i < plugin->arg_count; i++) {
        const struct plugin_arg *arg = &plugin->args[i];
        const char *value = plugin_arg_type_value(arg->type);
        strbuf_addf(out, "- `--%s%s%s`: ", arg->name, value ? " " : "", value ? value : "");
        plugin_describe_arg(arg, out);
        strbuf_add_char(out, '\n');
    }
    strbuf_addf(out, "\nFile: %s\n", file);
    return NULL;
}
