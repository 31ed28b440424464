// The tests of a plugin: heaps and events written down as Lua tables, what should come out.
//
//     return {
//         { name = "one cache", args = { top = 3 },
//           heap = { objects = { { "cache", type = "dict", size = 232, refs = { "row*" } },
//                                { "row", type = "app.Row", size = 48, n = 5 } },
//                    roots = { { "__main__", "cache" } } },
//           expect = { rows = { growth = 2 }, findings = { "growth" } } },
//     }
//
// It may require what the plugin may, and what is in lib/ beside itself (libs.h).
//
// The file is executed in a jail, like a plugin, and sends its cases as messages; the host makes
// snapshots (model/builder.h) and event rows of them. Objects get rising addresses, so ids and ties
// are the same in every run. No process is needed, and no Python.
#ifndef BRILLE_INSPECTOR_LUA_TESTCASE_H
#define BRILLE_INSPECTOR_LUA_TESTCASE_H

#include "inspector/base/arena.h"
#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "inspector/lua/event_row.h"
#include "inspector/lua/plugin.h"
#include "inspector/lua/value.h"
#include "inspector/model/snapshot.h"
#include <stdbool.h>

#define TESTCASE_ARGS_MAX    32
#define TESTCASE_EXPECTS_MAX 64

enum testcase_expect {
    EXPECT_ROWS,    // key: table, value: how many
    EXPECT_FINDING, // key: id
    EXPECT_NONE,    // no findings at all
    EXPECT_FIRST,   // key: "table.column" of the first row, value
    EXPECT_ERROR,   // key: part of the message
    EXPECT_TEXT,    // key: part of what is printed
};

VEC_DEFINE(event_row_vec, struct event_row);

struct testcase {
    const char *name, *golden; // golden: a file name, "" for none
    struct {
        const char *name, *text;
    } args[TESTCASE_ARGS_MAX];
    unsigned arg_count;
    struct snapshot *snapshots[PLUGIN_HEAPS_MAX]; // built or opened
    unsigned heap_count;
    const char *trace; // a file, NULL for none
    struct event_row_vec events;
    bool has_events;
    struct {
        enum testcase_expect what;
        const char *key;
        struct value value;
    } expects[TESTCASE_EXPECTS_MAX];
    unsigned expect_count;
};

VEC_DEFINE(testcase_vec, struct testcase);

struct testcases {
    struct arena arena; // every text
    struct testcase_vec items;
};

// `folder` is where file names in it count from, and its lib/. `libs`: those of the plugin.
struct error *testcases_load(const char *path, const char *folder, const struct libs *libs,
                             struct testcases *ret);
void testcases_deinit(struct testcases *cases);

#endif
