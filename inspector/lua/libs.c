// See libs.h.
#include "inspector/lua/libs.h"

#include "inspector/base/strbuf.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int only_lua(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 4 && strcmp(entry->d_name + length - 4, ".lua") == 0;
}

static struct error *push(struct libs *libs, const struct sandbox_lib *lib)
{
    if (libs->count == LIBS_MAX)
        return error_create(ERROR_USAGE, "more than %d files in lib/", LIBS_MAX);
    libs->items[libs->count++] = *lib;
    return NULL;
}

static struct error *read_lib(struct libs *libs, struct arena *arena, const char *folder,
                              const char *entry)
{
    struct strbuf path;
    strbuf_init(&path);
    strbuf_addf(&path, "%s/%s", folder, entry);
    _cleanup_fclose_ FILE *file = fopen(strbuf_text(&path), "re");
    strbuf_deinit(&path);
    char *text = arena_alloc(arena, LIBS_TEXT_MAX);
    char *name = arena_strdup(arena, entry);
    if (!file || !text || !name)
        return error_create_errno(errno, "cannot read lib/%s", entry);
    name[strlen(name) - 4] = '\0';
    const size_t length = fread(text, 1, LIBS_TEXT_MAX, file);
    if (length == LIBS_TEXT_MAX)
        return error_create(ERROR_USAGE, "lib/%s is larger than %d bytes", entry, LIBS_TEXT_MAX);
    return push(libs, &(struct sandbox_lib){.name = name, .source = text, .length = length});
}

struct error *libs_read(struct libs *libs, struct arena *arena, const char *parent)
{
    struct strbuf folder;
    struct dirent **entries;
    struct error *err = NULL;
    strbuf_init(&folder);
    strbuf_addf(&folder, "%slib", parent);
    const int count = scandir(strbuf_text(&folder), &entries, only_lua, alphasort);
    for (int i = 0; i < count; i++) {
        if (!err)
            err = read_lib(libs, arena, strbuf_text(&folder), entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    strbuf_deinit(&folder);
    return err;
}

static bool has(const struct libs *libs, const char *name)
{
    for (unsigned i = 0; i < libs->count; i++)
        if (strcmp(libs->items[i].name, name) == 0)
            return true;
    return false;
}

struct error *libs_add(struct libs *libs, const struct libs *more)
{
    for (unsigned i = 0; i < more->count; i++)
        if (!has(libs, more->items[i].name))
            TRY(push(libs, &more->items[i]));
    return NULL;
}
