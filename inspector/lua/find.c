// Finding plugin files: the folders of plugin.h, in order.
#include "inspector/lua/plugin.h"

#include "inspector/base/strbuf.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void plugin_files_deinit(struct plugin_file_vec *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->items[i].name);
        free(files->items[i].path);
    }
    plugin_file_vec_deinit(files);
}

static bool is_known(const struct plugin_file_vec *files, const char *name)
{
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->items[i].name, name) == 0)
            return true;
    return false;
}

static struct error *add_file(struct plugin_file_vec *files, const char *folder, const char *entry,
                              const char *origin)
{
    struct strbuf path;
    strbuf_init(&path);
    const size_t length = strlen(entry);
    const bool is_file = length > 4 && strcmp(entry + length - 4, ".lua") == 0;
    strbuf_addf(&path, "%s/%s", folder, entry);
    if (!is_file)
        strbuf_addf(&path, "/%s.lua", entry);
    struct plugin_file file = {.name = strndup(entry, is_file ? length - 4 : length),
                               .path = strbuf_take(&path),
                               .origin = origin};
    if (!file.name || !file.path) {
        free(file.name);
        free(file.path);
        return &error_no_memory;
    }
    file.shadowed = is_known(files, file.name);
    return plugin_file_vec_push(files, file);
}

// NAME.lua, and folders, of which those with NAME/NAME.lua are plugins. name.d.lua is for editors.
static int only_plugins(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);
    if (entry->d_name[0] == '.')
        return 0;
    if (length > 4 && strcmp(entry->d_name + length - 4, ".lua") == 0)
        return length <= 6 || strcmp(entry->d_name + length - 6, ".d.lua") != 0;
    return !strchr(entry->d_name, '.');
}

static bool is_plugin(const char *folder, const char *entry)
{
    struct strbuf path;
    if (strchr(entry, '.'))
        return true;
    strbuf_init(&path);
    strbuf_addf(&path, "%s/%s/%s.lua", folder, entry, entry);
    const bool there = access(strbuf_text(&path), F_OK) == 0;
    strbuf_deinit(&path);
    return there;
}

// A folder that is not there is no mistake.
static struct error *add_folder(struct plugin_file_vec *files, const char *folder,
                                const char *origin)
{
    struct dirent **entries;
    struct error *err = NULL;
    const int count = *folder ? scandir(folder, &entries, only_plugins, alphasort) : -1;
    if (count < 0)
        return NULL;
    for (int i = 0; i < count; i++) {
        if (!err && is_plugin(folder, entries[i]->d_name))
            err = add_file(files, folder, entries[i]->d_name, origin);
        free(entries[i]);
    }
    free(entries);
    return err;
}

static struct error *add_path(struct plugin_file_vec *files, const char *path, const char *origin)
{
    struct error *err = NULL;
    while (!err && path && *path) {
        const size_t length = strcspn(path, ":");
        _cleanup_free_ char *folder = strndup(path, length);
        err = folder ? add_folder(files, folder, origin) : &error_no_memory;
        path += length + (path[length] == ':');
    }
    return err;
}

static struct error *add_relative(struct plugin_file_vec *files, const char *base,
                                  const char *below, const char *origin)
{
    struct strbuf folder;
    strbuf_init(&folder);
    strbuf_addf(&folder, "%s%s", base, below);
    struct error *err = add_folder(files, strbuf_text(&folder), origin);
    strbuf_deinit(&folder);
    return err;
}

static struct error *add_user_folder(struct plugin_file_vec *files)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (data && *data)
        TRY(add_relative(files, data, "/brille/plugins", "user"));
    else if (home && *home)
        TRY(add_relative(files, home, "/.local/share/brille/plugins", "user"));
    if (!home || !*home)
        return NULL;
    return add_relative(files, home, "/.luarocks/share/lua/5.4/brille/plugins", "luarocks");
}

// A build tree says in CMakeCache.txt where its sources are.
static struct error *add_source_folder(struct plugin_file_vec *files, const char *folder)
{
    static const char key[] = "CMAKE_HOME_DIRECTORY:INTERNAL=";
    char name[4200], line[4096];
    snprintf(name, sizeof name, "%s/CMakeCache.txt", folder);
    _cleanup_fclose_ FILE *cache = fopen(name, "re");
    while (cache && fgets(line, sizeof line, cache))
        if (strncmp(line, key, sizeof key - 1) == 0) {
            line[strcspn(line, "\n")] = '\0';
            return add_relative(files, line + sizeof key - 1, "/plugins", "built in");
        }
    return NULL;
}

// Beside the executable: <prefix>/bin/brille has <prefix>/share.
static struct error *add_own_folders(struct plugin_file_vec *files)
{
    char path[4096];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0)
        return NULL;
    path[length] = '\0';
    *strrchr(path, '/') = '\0';
    TRY(add_relative(files, path, "/../share/brille/plugins", "built in"));
    return add_source_folder(files, path);
}

struct error *plugin_list(const char *extra, struct plugin_file_vec *ret)
{
    TRY(add_path(ret, extra, "--plugin-path"));
    TRY(add_path(ret, getenv("BRILLE_PLUGIN_PATH"), "BRILLE_PLUGIN_PATH"));
    TRY(add_user_folder(ret));
    TRY(add_folder(ret, "/usr/local/share/brille/plugins", "system"));
    TRY(add_folder(ret, "/usr/share/brille/plugins", "system"));
    return add_own_folders(ret);
}

static bool is_file_name(const char *name)
{
    const size_t length = strlen(name);
    return strchr(name, '/') || (length > 4 && strcmp(name + length - 4, ".lua") == 0);
}

static struct error *find_listed(const struct plugin_file_vec *files, const char *name, char **ret)
{
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->items[i].name, name) == 0) {
            *ret = strdup(files->items[i].path);
            return *ret ? NULL : &error_no_memory;
        }
    struct error *err = error_create(ERROR_NOT_FOUND, "there is no plugin '%s'", name);
    struct strbuf file;
    strbuf_init(&file);
    strbuf_addf(&file, "%s.lua", name);
    if (access(strbuf_text(&file), R_OK) == 0)
        error_add_try(err, "brille plugin run ./%s", strbuf_text(&file));
    else
        error_add_try(err, "brille plugin list");
    strbuf_deinit(&file);
    return err;
}

struct error *plugin_find(const char *name, const char *extra, char **ret)
{
    struct plugin_file_vec files = {0};
    if (is_file_name(name)) {
        *ret = strdup(name);
        return *ret ? NULL : &error_no_memory;
    }
    struct error *err = plugin_list(extra, &files);
    if (!err)
        err = find_listed(&files, name, ret);
    plugin_files_deinit(&files);
    return err;
}

struct error *plugin_find_each(char *const *names, size_t count, const char *extra,
                               struct error *(*each)(void *context, const char *file),
                               void *context)
{
    for (size_t i = 0; i < count; i++) {
        _cleanup_free_ char *file = NULL;
        TRY(plugin_find(names[i], extra, &file));
        TRY(each(context, file));
    }
    return NULL;
}

bool plugin_exists(const char *name)
{
    char *path = NULL;
    if (is_file_name(name))
        return false;
    struct error *err = plugin_find(name, NULL, &path);
    const bool found = !err;
    error_destroy(err);
    free(path);
    return found;
}
