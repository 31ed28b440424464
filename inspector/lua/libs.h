// The files of a lib/ folder, which a plugin or its tests may `require`.
//
// They are read by the host before anything runs: the jail's child opens no files. A plugin has
// those of lib/ beside it; its tests have these, too, and before them those of tests/lib/, so that
// what several tests build on is written once, apart from what the plugin needs.
#ifndef BRILLE_INSPECTOR_LUA_LIBS_H
#define BRILLE_INSPECTOR_LUA_LIBS_H

#include "inspector/base/arena.h"
#include "inspector/base/error.h"
#include "inspector/lua/sandbox.h"

#define LIBS_MAX      32
#define LIBS_TEXT_MAX (SANDBOX_SOURCE_MAX / 8) // bytes of a file

struct libs {
    struct sandbox_lib items[LIBS_MAX];
    unsigned count;
};

// Adds what is in `parent`lib/ (`parent` is "" or ends in a slash); no such folder is no error.
// Texts live in the arena.
struct error *libs_read(struct libs *libs, struct arena *arena, const char *parent);
// Adds those of `more` whose names are not there yet; its texts are borrowed.
struct error *libs_add(struct libs *libs, const struct libs *more);

#endif
