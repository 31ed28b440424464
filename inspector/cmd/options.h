// Command line options, typed.
//
//     uint64_t limit = 20;
//     const struct option options[] = {
//         {"limit", 'n', OPTION_COUNT, &limit, "N", "rows to show"},
//         {0},
//     };
//     TRY(options_parse(options, argc, argv, false, &arguments));
//
// `--name value`, `--name=value`, `-n value` and `-n5` are all understood; flags in one letter can
// be joined (-jv); `--` ends the options, which may stand anywhere between the arguments. A mistake
// is an error with code USAGE that names the option, and the nearest one there is.
#ifndef BRILLE_INSPECTOR_CMD_OPTIONS_H
#define BRILLE_INSPECTOR_CMD_OPTIONS_H

#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
    OPTION_FLAG,     // bool: no value
    OPTION_COUNT,    // uint64_t
    OPTION_BYTES,    // uint64_t: 4096, 64KiB, 10MB
    OPTION_DURATION, // uint64_t, nanoseconds: 5ms, 10s, 1.5m; a bare number is seconds
    OPTION_TEXT,     // const char *
};

struct option {
    const char *name; // NULL ends a list
    char letter;      // 0 when there is none
    enum option_type type;
    void *value;
    const char *argument; // what --help calls the value
    const char *help;
};

struct arguments {
    char **items; // into argv
    size_t count;
};

// argv has no program name. `stop`: everything from the first argument on is an argument (brille
// run PROG ARGS). Arguments are moved to the front of argv.
struct error *options_parse(const struct option *options, int argc, char **argv, bool stop,
                            struct arguments *ret);

// A table of the options, two blanks in.
void options_add_help(const struct option *options, struct strbuf *out);

struct error *option_parse_bytes(const char *text, uint64_t *ret);
struct error *option_parse_duration(const char *text, uint64_t *ret);

// A line for each: --name, or --name= for those that take a value.
void options_add_names(const struct option *options, struct strbuf *out);

// How many letters must change to make one word of the other; for suggestions.
unsigned option_distance(const char *a, const char *b);

#endif
