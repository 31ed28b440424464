// See plugin.h. The declaration arrives as messages and is copied into the plugin's arena.
#include "inspector/lua/plugin.h"

#include "inspector/lua/jail.h"
#include "inspector/lua/sandbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DECLARE_TIME_NS UINT64_C(2000000000)
#define DECLARE_MEMORY  (UINT64_C(64) << 20)

const char *plugin_arg_type_word(enum plugin_arg_type type)
{
    static const char *const WORDS[] = {
#define ARG_TYPE(name, word, value, meaning) word,
#include "inspector/lua/argtypes.def"
    };
    return type < ARG_TYPE_COUNT ? WORDS[type] : "unknown";
}

const char *plugin_arg_type_value(enum plugin_arg_type type)
{
    static const char *const VALUES[] = {
#define ARG_TYPE(name, word, value, meaning) value,
#include "inspector/lua/argtypes.def"
    };
    return VALUES[type];
}

const char *plugin_arg_type_meaning(enum plugin_arg_type type)
{
    static const char *const MEANINGS[] = {
#define ARG_TYPE(name, word, value, meaning) meaning,
#include "inspector/lua/argtypes.def"
    };
    return MEANINGS[type];
}

const char *plugin_chunk_name(const struct plugin *plugin)
{
    const char *slash = strrchr(plugin->path, '/');
    return strlen(plugin->path) < LUA_IDSIZE - 4 || !slash ? plugin->path : slash + 1;
}

// ---- in the child ----

static void declare_in_child(void *context, struct wire *wire)
{
    const struct plugin *plugin = context;
    const struct sandbox_limits limits = {.time_ns = DECLARE_TIME_NS,
                                          .memory_bytes = DECLARE_MEMORY};
    struct strbuf name;
    lua_State *L = sandbox_create(&limits, wire);
    if (!L)
        _exit(119);
    strbuf_init(&name);
    strbuf_addf(&name, "@%s", plugin_chunk_name(plugin));
    sandbox_set_libs(plugin->libs.items, plugin->libs.count);
    sandbox_start_clock();
    if (!sandbox_evaluate(L, plugin->source, plugin->source_length, strbuf_text(&name))) {
        sandbox_report(L);
        return;
    }
    lua_pushcfunction(L, plugin_declare);
    lua_insert(L, -2);
    if (!sandbox_call(L, 1, 0))
        return;
    wire_begin(wire, WIRE_DONE);
    wire_end(wire);
}

// ---- in the host ----

struct declaring {
    struct plugin *plugin;
    bool named, done;
};

static struct error *keep_text(struct plugin *plugin, const struct wire_message *m, unsigned i,
                               const char **ret)
{
    *ret = arena_strdup(&plugin->arena, wire_get_text(m, i));
    return *ret ? NULL : &error_no_memory;
}

static struct error *keep_value(struct plugin *plugin, const struct wire_message *m, unsigned i,
                                struct value *ret)
{
    *ret = i < m->count ? m->fields[i] : value_none();
    if (ret->kind != VALUE_TEXT)
        return NULL;
    const char *copy = NULL;
    TRY(keep_text(plugin, m, i, &copy));
    *ret = value_text(copy);
    return NULL;
}

static struct error *take_plugin(struct plugin *plugin, const struct wire_message *m)
{
    const char **const texts[] = {&plugin->name, &plugin->version, &plugin->summary,
                                  &plugin->doc,  &plugin->author,  &plugin->license};
    for (unsigned i = 0; i < 6; i++)
        TRY(keep_text(plugin, m, i, texts[i]));
    const int64_t heaps = wire_get_integer(m, 6);
    plugin->heaps = heaps < 0 || heaps > PLUGIN_HEAPS_MAX ? 0 : (unsigned)heaps;
    plugin->refs = wire_get_integer(m, 7) != 0;
    plugin->retained = wire_get_integer(m, 8) != 0;
    plugin->events = wire_get_integer(m, 9) != 0;
    plugin->event_kinds = (uint64_t)wire_get_integer(m, 10);
    plugin->live = wire_get_integer(m, 11) != 0;
    return NULL;
}

static struct error *take_argument(struct plugin *plugin, const struct wire_message *m)
{
    if (plugin->arg_count == PLUGIN_ARGS_MAX)
        return error_create(ERROR_USAGE, "a plugin has at most %d arguments", PLUGIN_ARGS_MAX);
    struct plugin_arg *arg = &plugin->args[plugin->arg_count];
    const int64_t type = wire_get_integer(m, 1);
    TRY(keep_text(plugin, m, 0, &arg->name));
    TRY(keep_text(plugin, m, 2, &arg->doc));
    TRY(keep_value(plugin, m, 4, &arg->fallback));
    TRY(keep_value(plugin, m, 5, &arg->min));
    TRY(keep_value(plugin, m, 6, &arg->max));
    arg->type = type >= 0 && type < ARG_TYPE_COUNT ? (enum plugin_arg_type)type : ARG_STRING;
    arg->required = wire_get_integer(m, 3) != 0;
    plugin->arg_count++;
    return NULL;
}

static struct error *take_choice(struct plugin *plugin, const struct wire_message *m)
{
    if (plugin->arg_count == 0)
        return NULL;
    struct plugin_arg *arg = &plugin->args[plugin->arg_count - 1];
    if (arg->choice_count == sizeof arg->choices / sizeof *arg->choices)
        return error_create(ERROR_USAGE, "argument '%s' has too many choices", arg->name);
    return keep_text(plugin, m, 0, &arg->choices[arg->choice_count++]);
}

static struct error *receive(void *host, const struct wire_message *m)
{
    struct declaring *declaring = host;
    switch (m->tag) {
    case WIRE_PLUGIN:
        declaring->named = true;
        return take_plugin(declaring->plugin, m);
    case WIRE_ARGUMENT:
        return take_argument(declaring->plugin, m);
    case WIRE_CHOICE:
        return take_choice(declaring->plugin, m);
    case WIRE_ERROR:
        return error_create(ERROR_USAGE, "%s", wire_get_text(m, 0));
    case WIRE_DONE:
        declaring->done = true;
        return NULL;
    default:
        return NULL;
    }
}

static struct error *declare(struct plugin *plugin)
{
    struct declaring declaring = {.plugin = plugin};
    enum jail_end end;
    int signal;
    const struct jail jail = {.time_ns = DECLARE_TIME_NS,
                              .memory_bytes = UINT64_C(1) << 30,
                              .body = declare_in_child,
                              .context = plugin,
                              .receive = receive,
                              .host = &declaring};
    TRY(jail_run(&jail, &end, &signal));
    if (end == JAIL_INTERRUPTED)
        return error_create(ERROR_INTERRUPTED, "interrupted");
    if (end == JAIL_TIME)
        return error_create(ERROR_USAGE, "loading it does not end");
    if (end != JAIL_DONE || !declaring.named || !declaring.done)
        return error_create(ERROR_USAGE, "its process ended unexpectedly (signal %d)", signal);
    return NULL;
}

static struct error *read_source(struct plugin *plugin)
{
    _cleanup_fclose_ FILE *file = fopen(plugin->path, "re");
    if (!file)
        return error_create_errno(errno, "cannot open plugin %s", plugin->path);
    plugin->source = malloc(SANDBOX_SOURCE_MAX + 2);
    if (!plugin->source)
        return &error_no_memory;
    plugin->source_length = fread(plugin->source, 1, SANDBOX_SOURCE_MAX + 1, file);
    if (ferror(file))
        return error_create_errno(errno, "cannot read plugin %s", plugin->path);
    return NULL;
}

// lib/ beside the file.
static struct error *read_libs(struct plugin *plugin)
{
    const char *slash = strrchr(plugin->path, '/');
    struct strbuf parent;
    strbuf_init(&parent);
    strbuf_addf(&parent, "%.*s", slash ? (int)(slash - plugin->path + 1) : 0, plugin->path);
    struct error *err = libs_read(&plugin->libs, &plugin->arena, strbuf_text(&parent));
    strbuf_deinit(&parent);
    return err;
}

static struct error *load(struct plugin *plugin, const char *path)
{
    plugin->path = arena_strdup(&plugin->arena, path);
    if (!plugin->path)
        return &error_no_memory;
    TRY(read_source(plugin));
    TRY(read_libs(plugin));
    struct error *err = declare(plugin);
    // The message of Lua names the file already when it knows the line.
    if (err && err->code == ERROR_USAGE && !strstr(err->message, plugin_chunk_name(plugin)))
        return error_add_prefix(err, "plugin %s", plugin_chunk_name(plugin));
    return err && err->code == ERROR_USAGE ? error_add_prefix(err, "plugin") : err;
}

struct error *plugin_load(const char *path, struct plugin **ret)
{
    _cleanup_(plugin_destroy_at) struct plugin *plugin = calloc(1, sizeof *plugin);
    if (!plugin)
        return &error_no_memory;
    TRY(load(plugin, path));
    *ret = take_ptr(plugin);
    return NULL;
}

void plugin_destroy(struct plugin *plugin)
{
    if (!plugin)
        return;
    free(plugin->source);
    arena_deinit(&plugin->arena);
    free(plugin);
}
