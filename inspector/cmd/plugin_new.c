// brille plugin new: a folder with a plugin that runs, and a test that passes.
//
//     NAME/NAME.lua             the plugin
//     NAME/lib/                 what it may require
//     NAME/tests/NAME_test.lua  its tests
//     NAME/brille.d.lua, NAME/.luarc.json   for editors
//     NAME/NAME-1.0.0-1.rockspec            for luarocks
//
// Nothing that is there is overwritten.
#include "inspector/cmd/plugin_author.h"

#include "inspector/base/outfile.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char HEAP_PLUGIN[] =
    "return {\n"
    "  api = 1,\n"
    "  name = \"@\",\n"
    "  version = \"1.0.0\",\n"
    "  summary = \"The types with most bytes in objects of at least --min\",\n"
    "  doc = [[Rows are types: how many objects are that big, and what they take together.]],\n"
    "  needs = { heap = true },\n"
    "  args = {\n"
    "    { \"top\", type = \"integer\", default = 10, min = 1, doc = \"rows to print\" },\n"
    "    { \"min\", type = \"bytes\", default = \"1KiB\", doc = \"smallest object that counts\" "
    "},\n"
    "  },\n"
    "  run = function(ctx)\n"
    "    local big = ctx.heap:where(\"size >= :min\", { min = ctx.args.min })\n"
    "    local t = ctx.out:table {\n"
    "      id = \"types\", title = (\"%d big objects\"):format(#big),\n"
    "      columns = { { \"objects\", unit = \"count\" }, { \"bytes\", unit = \"bytes\" }, "
    "\"type\" },\n"
    "    }\n"
    "    for g in big:group({ by = { \"type\" }, sum = { \"size\" } }):top(\"size\", ctx.args.top) "
    "do\n"
    "      t:row(g.count, g.size, g.type)\n"
    "    end\n"
    "  end,\n"
    "}\n";
static const char HEAP_TEST[] =
    "return {\n"
    "  {\n"
    "    name = \"small objects do not count\",\n"
    "    args = { min = \"100B\" },\n"
    "    heap = {\n"
    "      objects = {\n"
    "        { \"main\", type = \"dict\", size = 64, refs = { CACHE = \"cache\" } },\n"
    "        { \"cache\", type = \"dict\", size = 232, refs = { \"row\" } },\n"
    "        { \"row\", type = \"app.Row\", size = 200, n = 5 },\n"
    "      },\n"
    "      roots = { { \"__main__\", \"main\" } },\n"
    "    },\n"
    "    expect = { rows = { types = 2 }, first = { types = { type = \"app.Row\", bytes = 1000 } } "
    "},\n"
    "  },\n"
    "}\n";
static const char DIFF_PLUGIN[] =
    "return {\n"
    "  api = 1,\n"
    "  name = \"@\",\n"
    "  version = \"1.0.0\",\n"
    "  summary = \"Types of which there are more than before\",\n"
    "  doc = [[Rows are types: how many more objects, and how many more bytes.]],\n"
    "  needs = { heaps = 2 },\n"
    "  args = {\n"
    "    { \"top\", type = \"integer\", default = 10, min = 1, doc = \"rows to print\" },\n"
    "    { \"min\", type = \"bytes\", default = \"64KiB\", doc = \"growth that is a finding\" },\n"
    "  },\n"
    "  run = function(ctx)\n"
    "    local groups = ctx.diff:group { by = { \"type\" }, sum = { \"size\" } }\n"
    "    local t = ctx.out:table {\n"
    "      id = \"growth\", title = \"Growth by type\",\n"
    "      columns = { { \"objects\", unit = \"count\", signed = true },\n"
    "                  { \"bytes\", unit = \"bytes\", signed = true }, \"type\" },\n"
    "    }\n"
    "    for g in groups:top(\"size_delta\", ctx.args.top) do\n"
    "      if g.size_delta <= 0 then break end\n"
    "      t:row(g.count_delta, g.size_delta, g.type)\n"
    "      if g.size_delta >= ctx.args.min then\n"
    "        ctx.out:finding { id = \"growth\", severity = \"warn\",\n"
    "          title = (\"%s grew by %s\"):format(g.type, brille.bytes(g.size_delta)) }\n"
    "      end\n"
    "    end\n"
    "  end,\n"
    "}\n";
static const char DIFF_TEST[] =
    "local function heap(rows)\n"
    "  return {\n"
    "    objects = {\n"
    "      { \"cache\", type = \"dict\", size = 232, refs = { \"row\" } },\n"
    "      { \"row\", type = \"app.Row\", size = 200, n = rows },\n"
    "    },\n"
    "    roots = { { \"__main__\", \"cache\" } },\n"
    "  }\n"
    "end\n"
    "\n"
    "return {\n"
    "  {\n"
    "    name = \"rows grow\", args = { min = \"1KiB\" }, heaps = { heap(5), heap(25) },\n"
    "    expect = { rows = { growth = 1 }, findings = { \"growth\" },\n"
    "               first = { growth = { type = \"app.Row\", objects = 20, bytes = 4000 } } },\n"
    "  },\n"
    "  { name = \"nothing grows\", heaps = { heap(5), heap(5) },\n"
    "    expect = { rows = { growth = 0 }, findings = {} } },\n"
    "}\n";
static const char EVENTS_PLUGIN[] =
    "return {\n"
    "  api = 1,\n"
    "  name = \"@\",\n"
    "  version = \"1.0.0\",\n"
    "  summary = \"Who waited for the GIL, and how long\",\n"
    "  doc = [[Rows are threads: how often they got the GIL, and how long they waited for it.]],\n"
    "  needs = { events = { \"gil_acquire\" } },\n"
    "  args = {\n"
    "    { \"min\", type = \"duration\", default = \"0ns\", doc = \"shortest wait that counts\" "
    "},\n"
    "  },\n"
    "  run = function(ctx)\n"
    "    local waits = ctx.events:where(\"duration >= :min\", { min = ctx.args.min })\n"
    "    local t = ctx.out:table {\n"
    "      id = \"waits\", title = \"Waits by thread\",\n"
    "      columns = { { \"waited\", unit = \"ns\" }, { \"longest\", unit = \"ns\" },\n"
    "                  { \"times\", unit = \"count\" }, \"thread\" },\n"
    "    }\n"
    "    local by = waits:group { by = { \"thread\" }, sum = { \"duration\" }, max = { "
    "\"duration\" } }\n"
    "    for g in by:top(\"duration\") do\n"
    "      t:row(g.duration, g.max_duration, g.count, g.thread)\n"
    "    end\n"
    "  end,\n"
    "}\n";
static const char EVENTS_TEST[] =
    "return {\n"
    "  {\n"
    "    name = \"short waits do not count\", args = { min = \"1ms\" },\n"
    "    events = {\n"
    "      { t = 1000, kind = \"gil_acquire\", tid = 1, thread = \"a\", duration = 5000000 },\n"
    "      { t = 2000, kind = \"gil_acquire\", tid = 2, thread = \"b\", duration = 10 },\n"
    "      { t = 3000, kind = \"gil_acquire\", tid = 1, thread = \"a\", duration = 2000000 },\n"
    "    },\n"
    "    expect = { rows = { waits = 1 },\n"
    "               first = { waits = { thread = \"a\", waited = 7000000, times = 2 } } },\n"
    "  },\n"
    "}\n";
static const char ROCKSPEC[] =
    "package = \"@\"\n"
    "version = \"1.0.0-1\"\n"
    "source = { url = \"git+https://example.org/@.git\", tag = \"v1.0.0\" }\n"
    "description = { summary = \"A plugin of brille\", license = \"MIT\" }\n"
    "dependencies = { \"lua >= 5.4\" }\n"
    "build = { type = \"builtin\", modules = { [\"brille.plugins.@\"] = \"@.lua\" } }\n";
static const char LUARC[] =
    "{ \"runtime.version\": \"Lua 5.4\", \"workspace.library\": [\"brille.d.lua\"] }\n";

// One file or folder of the plugin. In names and texts, every @ is the plugin's name.
struct part {
    const char *at;   // below the plugin's folder
    const char *text; // NULL: a folder
    bool verbatim;    // an @ of the text is no name
};

static void fill(struct strbuf *out, const char *text, const char *name)
{
    for (; *text; text++)
        *text == '@' ? strbuf_add(out, name) : strbuf_add_char(out, *text);
}

static void add_path(struct strbuf *out, const struct part *part, const char *name)
{
    strbuf_addf(out, "%s%s", name, *part->at ? "/" : "");
    fill(out, part->at, name);
}

static struct error *make_part(const struct part *part, const char *name)
{
    struct strbuf path, text;
    struct error *err = NULL;
    strbuf_init(&path);
    strbuf_init(&text);
    add_path(&path, part, name);
    if (part->verbatim)
        strbuf_add(&text, part->text);
    else if (part->text)
        fill(&text, part->text, name);
    if (part->text)
        err = outfile_write(strbuf_text(&path), 0666, &text);
    else if (mkdir(strbuf_text(&path), 0777) != 0)
        err = error_create_errno(errno, "cannot make the folder %s", strbuf_text(&path));
    strbuf_deinit(&path);
    strbuf_deinit(&text);
    return err;
}

// Makes all, or leaves nothing: the folder is new, so what is in it was made here.
static struct error *make_parts(const struct part *parts, const char *name)
{
    const struct part *part = parts;
    struct error *err = NULL;
    while (!err && part->at)
        err = make_part(part++, name);
    // The last one was not made: a folder of that name is somebody else's.
    for (const struct part *made = part - 1; err && made > parts;) {
        struct strbuf path;
        strbuf_init(&path);
        add_path(&path, --made, name);
        made->text ? unlink(strbuf_text(&path)) : rmdir(strbuf_text(&path));
        strbuf_deinit(&path);
    }
    return err;
}

static bool is_name(const char *text)
{
    bool good = islower((unsigned char)*text) && strlen(text) <= 60;
    for (; *text; text++)
        good = good &&
               (islower((unsigned char)*text) || isdigit((unsigned char)*text) || *text == '-');
    return good;
}

struct error *plugin_new(struct verb *verb)
{
    bool heap = false, events = false, diff = false;
    const struct option options[] = {
        {"heap", 0, OPTION_FLAG, &heap, NULL, "of one heap (the default)"},
        {"diff", 0, OPTION_FLAG, &diff, NULL, "of two heaps"},
        {"events", 0, OPTION_FLAG, &events, NULL, "of a trace"},
        VERB_OPTIONS(verb),
        {0},
    };
    TRY(verb_parse(verb, options, 1, 1));
    if (verb->done)
        return NULL;
    const char *name = verb->arguments.items[0];
    if (heap + events + diff > 1)
        return error_create(ERROR_USAGE, "one of --heap, --diff and --events");
    if (!is_name(name))
        return error_create(ERROR_USAGE, "a name is in [a-z][a-z0-9-]*, and not '%s'", name);
    struct strbuf meta;
    strbuf_init(&meta);
    plugin_add_meta(&meta);
    const struct part parts[] = {
        {"", NULL, false},
        {"tests", NULL, false},
        {"lib", NULL, false},
        {"@.lua",
         diff     ? DIFF_PLUGIN
         : events ? EVENTS_PLUGIN
                  : HEAP_PLUGIN,
         false},
        {"tests/@_test.lua",
         diff     ? DIFF_TEST
         : events ? EVENTS_TEST
                  : HEAP_TEST,
         false},
        {"brille.d.lua", strbuf_text(&meta), true},
        {".luarc.json", LUARC, false},
        {"@-1.0.0-1.rockspec", ROCKSPEC, false},
        {0},
    };
    struct error *err = strbuf_error(&meta);
    if (!err)
        err = make_parts(parts, name);
    strbuf_deinit(&meta);
    if (!err)
        strbuf_addf(&verb->out,
                    "%s/%s.lua and its test are there\n"
                    "try: brille plugin test ./%s/%s.lua\n",
                    name, name, name, name);
    return err;
}
