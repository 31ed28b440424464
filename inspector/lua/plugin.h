// A plugin as the host knows it: the file, and what the table it returns declares.
//
//     return {
//         api = 1, name = "big-dicts", summary = "The dicts that hold most",
//         needs = { heap = true, retained = true },
//         args = { { "top", type = "integer", default = 10, doc = "rows" } },
//         run = function(ctx) ... end,
//     }
//
// Reading the declaration executes the file, so that too happens in a jail; the host gets the
// declaration as messages. Nothing here touches a target.
//
// Where plugins are looked for, first found wins: --plugin-path, BRILLE_PLUGIN_PATH (folders
// separated by ':'), $XDG_DATA_HOME/brille/plugins (~/.local/share), what luarocks installs for the
// user (~/.luarocks/share/lua/5.4/brille/plugins), /usr/local/share and /usr/share, and what brille
// comes with: <prefix>/share/brille/plugins beside the executable, or the source tree's plugins/
// when brille runs from a build tree. In each, NAME.lua is a plugin and so is NAME/NAME.lua, which
// may have a lib/ beside it. The working directory is none of them: there a plugin has to be named
// as a file, ./mine.lua.
#ifndef BRILLE_INSPECTOR_LUA_PLUGIN_H
#define BRILLE_INSPECTOR_LUA_PLUGIN_H

#include "inspector/base/arena.h"
#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "inspector/lua/libs.h"
#include "inspector/lua/value.h"
#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#define PLUGIN_API       1
#define PLUGIN_API_MINOR 0
#define PLUGIN_ARGS_MAX  32
#define PLUGIN_HEAPS_MAX 2 // see heap.h

enum plugin_arg_type {
#define ARG_TYPE(name, word, value, meaning) ARG_##name,
#include "inspector/lua/argtypes.def"
    ARG_TYPE_COUNT
};

struct plugin_arg {
    const char *name, *doc;
    enum plugin_arg_type type;
    bool required;
    struct value fallback; // the default; NONE when there is none
    struct value min, max;
    const char *choices[16];
    unsigned choice_count;
    struct value value; // filled in by the command line
};

struct plugin {
    struct arena arena; // every text below
    const char *path;
    char *source;
    size_t source_length;
    const char *name, *version, *summary, *doc, *author, *license;
    unsigned heaps; // how many it needs: 0, 1 or 2
    bool refs, retained, events, live;
    uint64_t event_kinds; // bits by enum trace_event_kind; 0: all
    struct plugin_arg args[PLUGIN_ARGS_MAX];
    unsigned arg_count;
    struct libs libs; // of lib/ beside it
};

const char *plugin_arg_type_word(enum plugin_arg_type type);
const char *plugin_arg_type_value(enum plugin_arg_type type);   // "N", NULL: it has none
const char *plugin_arg_type_meaning(enum plugin_arg_type type); // in Lua

// Reads the file and its declaration. USAGE, in one line with file and line, when it is wrong.
struct error *plugin_load(const char *path, struct plugin **ret);
void plugin_destroy(struct plugin *plugin);
CLEANUP_DEFINE(plugin_destroy, struct plugin *);

// What Lua errors call the file: its path, or the end of it when that is long.
const char *plugin_chunk_name(const struct plugin *plugin);

// ---- finding ----

struct plugin_file {
    char *name, *path;  // name: without folder and .lua
    const char *origin; // "--plugin-path", "user" ...
    bool shadowed;      // one of the same name comes before it
};

VEC_DEFINE(plugin_file_vec, struct plugin_file);

// All of them, in the order of the search. `extra` (--plugin-path) may be NULL.
struct error *plugin_list(const char *extra, struct plugin_file_vec *ret);
void plugin_files_deinit(struct plugin_file_vec *files);

// The file that NAME or FILE.lua means; the caller frees. NOT_FOUND with a suggestion.
struct error *plugin_find(const char *name, const char *extra, char **ret);
// Finds each of the names and hands on its file. Ends with the first error.
struct error *plugin_find_each(char *const *names, size_t count, const char *extra,
                               struct error *(*each)(void *context, const char *file),
                               void *context);

// Whether a plugin of that name would be found, without --plugin-path.
bool plugin_exists(const char *name);

// ---- for declare.c, in the child ----

// Checks the table on top of the stack and sends it. Raises a Lua error when something is wrong.
int plugin_declare(lua_State *L);

#endif
