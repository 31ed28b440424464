// brille plugin reference: the manual page of the API and the declarations for editors, both made
// of the lists that the API is made of (lua/functions.def, columns.def, eventcolumns.def,
// argtypes.def). What is printed is what is there.
#include "inspector/cmd/plugin_author.h"

#include "inspector/lua/plugin.h"

#include <string.h>

enum owner { HEAP, SET, GROUPS, DIFF, EVENTS, OUT, TABLE, CTX, BRILLE, OWNERS };

struct function {
    enum owner owner;
    const char *name, *parameters, *returns, *doc;
};

static const struct function FUNCTIONS[] = {
#define HEAP_FUNCTION(name, parameters, returns, doc)   {HEAP, #name, parameters, returns, doc},
#define SET_FUNCTION(name, parameters, returns, doc)    {SET, #name, parameters, returns, doc},
#define GROUPS_FUNCTION(name, parameters, returns, doc) {GROUPS, #name, parameters, returns, doc},
#define DIFF_FUNCTION(name, parameters, returns, doc)   {DIFF, #name, parameters, returns, doc},
#define EVENTS_FUNCTION(name, parameters, returns, doc) {EVENTS, #name, parameters, returns, doc},
#define OUT_FUNCTION(name, parameters, returns, doc)    {OUT, #name, parameters, returns, doc},
#define TABLE_FUNCTION(name, parameters, returns, doc)  {TABLE, #name, parameters, returns, doc},
#define CTX_FUNCTION(name, parameters, returns, doc)    {CTX, #name, parameters, returns, doc},
#define BRILLE_FUNCTION(name, parameters, returns, doc) {BRILLE, #name, parameters, returns, doc},
#include "inspector/lua/functions.def"
};
enum { FUNCTION_COUNT = sizeof FUNCTIONS / sizeof *FUNCTIONS };

static const struct {
    const char *class, *called, *title;
} OWNER[] = {
    [HEAP] = {"brille.Heap", "heap:", "Heaps: ctx.heap, ctx.heaps[i]"},
    [SET] = {"brille.Set", "set:", "Sets of objects"},
    [GROUPS] = {"brille.Groups", "groups:", "Groups"},
    [DIFF] = {"brille.Diff", "ctx.diff:", "Two heaps: ctx.diff"},
    [EVENTS] = {"brille.Events", "events:", "Events: ctx.events"},
    [OUT] = {"brille.Out", "ctx.out:", "Output: ctx.out"},
    [TABLE] = {"brille.Table", "table:", "Tables"},
    [CTX] = {"brille.Context", "ctx:", "The context"},
    [BRILLE] = {"brille", "brille.", "The global brille"},
};

static const struct {
    const char *name, *type, *doc;
} HEAP_COLUMNS[] =
    {
#define HEAP_COLUMN(name, need, type, doc) {#name, type, doc},
#include "inspector/lua/columns.def"
},
  EVENT_COLUMNS[] =
      {
#define EVENT_COLUMN(name, type, doc) {#name, type, doc},
#include "inspector/lua/eventcolumns.def"
},
  FIELDS[] = {
#define API_FIELD(owner, name, type, doc) {owner "." #name, type, doc},
#include "inspector/lua/fields.def"
};

// "id: integer, n?: integer" -> "id, n"
static void add_names(const char *parameters, struct strbuf *out)
{
    bool first = true;
    for (const char *p = parameters; *p;) {
        const size_t name = strcspn(p, ":?,");
        strbuf_addf(out, "%s%.*s", first ? "" : ", ", (int)name, p);
        first = false;
        int depth = 0;
        for (; *p && (*p != ',' || depth); p++)
            depth += (*p == '(' || *p == '<') - (*p == ')' || *p == '>');
        while (*p == ',' || *p == ' ')
            p++;
    }
}

// ---- the manual ----

static void add_columns_page(struct strbuf *out)
{
    strbuf_add(out,
               "## Columns of objects\n\n`heap.COLUMN[id]`, `heap:each(\"COLUMN\")`, "
               "`where` expressions, `group`, `sum`.\n\n| column | in Lua | |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof HEAP_COLUMNS / sizeof *HEAP_COLUMNS; i++)
        strbuf_addf(out, "| `%s` | %s | %s |\n", HEAP_COLUMNS[i].name, HEAP_COLUMNS[i].type,
                    HEAP_COLUMNS[i].doc);
    strbuf_add(out, "\n## Columns of events\n\n| column | in Lua | |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof EVENT_COLUMNS / sizeof *EVENT_COLUMNS; i++)
        strbuf_addf(out, "| `%s` | %s | %s |\n", EVENT_COLUMNS[i].name, EVENT_COLUMNS[i].type,
                    EVENT_COLUMNS[i].doc);
    strbuf_add(out, "\n## Types of arguments\n\n| type | on the command line | in Lua |\n"
                    "|---|---|---|\n");
    for (int t = 0; t < ARG_TYPE_COUNT; t++) {
        const char *value = plugin_arg_type_value((enum plugin_arg_type)t);
        strbuf_addf(out, "| `%s` | `--name%s%s` | %s |\n",
                    plugin_arg_type_word((enum plugin_arg_type)t), value ? " " : "",
                    value ? value : "", plugin_arg_type_meaning((enum plugin_arg_type)t));
    }
}

static void add_manual(struct strbuf *out)
{
    strbuf_addf(out,
                "# Reference of the plugin API, version %d.%d\n\n"
                "Made by `brille plugin reference`; do not edit.\n\n",
                PLUGIN_API, PLUGIN_API_MINOR);
    strbuf_add(out, "## Fields\n\n| field | type | |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof FIELDS / sizeof *FIELDS; i++) {
        strbuf_addf(out, "| `%s` | ", FIELDS[i].name);
        for (const char *c = FIELDS[i].type; *c; c++) { // a bar would begin a cell
            strbuf_add(out, *c == '|' ? "\\" : "");
            strbuf_add_char(out, *c);
        }
        strbuf_addf(out, " | %s |\n", FIELDS[i].doc);
    }
    strbuf_add_char(out, '\n');
    for (int owner = 0; owner < OWNERS; owner++) {
        strbuf_addf(out, "## %s\n\n", OWNER[owner].title);
        for (int i = 0; i < FUNCTION_COUNT; i++) {
            const struct function *f = &FUNCTIONS[i];
            if (f->owner != (enum owner)owner)
                continue;
            strbuf_addf(out, "**`%s%s(", OWNER[owner].called, f->name);
            add_names(f->parameters, out);
            strbuf_addf(out, ")`**%s%s%s  \n", *f->returns ? " \u2192 `" : "", f->returns,
                        *f->returns ? "`" : "");
            strbuf_addf(out, "%s\n\n", f->doc);
        }
        if (owner == SET)
            strbuf_add(out, "Operators: `a & b`, `a | b`, `a - b`, `a == b`, `#a`. Sets do not "
                            "change.\n\n");
    }
    add_columns_page(out);
}

// ---- declarations for editors ----

static void add_fields_meta(const char *class, struct strbuf *out)
{
    const size_t length = strlen(class);
    for (size_t i = 0; i < sizeof FIELDS / sizeof *FIELDS; i++)
        if (strncmp(FIELDS[i].name, class, length) == 0 && FIELDS[i].name[length] == '.')
            strbuf_addf(out, "---@field %s %s %s\n", FIELDS[i].name + length + 1, FIELDS[i].type,
                        FIELDS[i].doc);
}

static void add_parameters_meta(const char *parameters, struct strbuf *out)
{
    for (const char *p = parameters; *p;) {
        const size_t name = strcspn(p, ":?,");
        const bool optional = p[name] == '?';
        const char *type = p + name + optional + 1;
        type += *type == ' ';
        int depth = 0;
        const char *end = type;
        for (; *end && (*end != ',' || depth); end++)
            depth += (*end == '(' || *end == '<') - (*end == ')' || *end == '>');
        strbuf_addf(out, "---@param %.*s%s %.*s\n", (int)name, p, optional ? "?" : "",
                    (int)(end - type), type);
        for (p = end; *p == ',' || *p == ' ';)
            p++;
    }
}

// One @return for each of "a, b"; commas inside fun() are its own.
static void add_returns_meta(const char *returns, struct strbuf *out)
{
    if (strncmp(returns, "fun(", 4) == 0 || !*returns) {
        if (*returns)
            strbuf_addf(out, "---@return %s\n", returns);
        return;
    }
    while (*returns) {
        const size_t length = strcspn(returns, ",");
        strbuf_addf(out, "---@return %.*s\n", (int)length, returns);
        returns += length;
        while (*returns == ',' || *returns == ' ')
            returns++;
    }
}

void plugin_add_meta(struct strbuf *out)
{
    static const char *const VARIABLES[] = {"Heap", "Set",   "Groups",  "Diff",  "Events",
                                            "Out",  "Table", "Context", "brille"};
    strbuf_add(out, "---@meta\n-- What plugins of brille can call. Made by "
                    "`brille plugin reference --meta`; do not edit.\n\n");
    static const char *const SPECS[] = {
        "brille.Plugin",    "brille.GroupSpec",   "brille.PairSpec", "brille.TableSpec",
        "brille.ChartSpec", "brille.FindingSpec", "brille.Row"};
    for (size_t i = 0; i < sizeof SPECS / sizeof *SPECS; i++) {
        strbuf_addf(out, "---@class %s\n", SPECS[i]);
        add_fields_meta(SPECS[i] + strlen("brille."), out);
        strbuf_add_char(out, '\n');
    }
    for (int owner = 0; owner < OWNERS; owner++) {
        const char *variable = VARIABLES[owner];
        strbuf_addf(out, "---@class %s\n", OWNER[owner].class);
        static const char *const FIELD_OWNERS[] = {"heap", "", "",    "ctx.diff", "",
                                                   "",     "", "ctx", "brille"};
        if (*FIELD_OWNERS[owner])
            add_fields_meta(FIELD_OWNERS[owner], out);
        if (owner == HEAP)
            for (size_t i = 0; i < sizeof HEAP_COLUMNS / sizeof *HEAP_COLUMNS; i++)
                strbuf_addf(out, "---@field %s table<integer, %s> %s\n", HEAP_COLUMNS[i].name,
                            HEAP_COLUMNS[i].type, HEAP_COLUMNS[i].doc);
        if (owner == SET)
            strbuf_add(out, "---@operator band(brille.Set): brille.Set\n"
                            "---@operator bor(brille.Set): brille.Set\n"
                            "---@operator sub(brille.Set): brille.Set\n"
                            "---@operator len: integer\n");
        strbuf_addf(out, "%s%s = {}\n\n", owner == BRILLE ? "" : "local ", variable);
        for (int i = 0; i < FUNCTION_COUNT; i++) {
            const struct function *f = &FUNCTIONS[i];
            if (f->owner != (enum owner)owner)
                continue;
            strbuf_addf(out, "---%s\n", f->doc);
            add_parameters_meta(f->parameters, out);
            add_returns_meta(f->returns, out);
            strbuf_addf(out, "function %s%c%s(", variable, owner == BRILLE ? '.' : ':', f->name);
            add_names(f->parameters, out);
            strbuf_add(out, ") end\n\n");
        }
    }
}

struct error *plugin_reference(struct verb *verb)
{
    bool meta = false, names = false;
    const struct option options[] = {
        {"meta", 0, OPTION_FLAG, &meta, NULL, "declarations for lua-language-server"},
        {"names", 0, OPTION_FLAG, &names, NULL, "the names of all functions"},
        VERB_OPTIONS(verb),
        {0},
    };
    TRY(verb_parse(verb, options, 0, 0));
    if (verb->done)
        return NULL;
    if (meta)
        plugin_add_meta(&verb->out);
    for (int i = 0; names && i < FUNCTION_COUNT; i++)
        strbuf_addf(&verb->out, "%s%s\n", OWNER[FUNCTIONS[i].owner].called, FUNCTIONS[i].name);
    if (!meta && !names)
        add_manual(&verb->out);
    return NULL;
}
