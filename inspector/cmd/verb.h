// What a verb is given and how it answers.
//
// A verb is one function, verb_<name>(), and one line in commands.def. It parses its options, gets
// its heaps, and writes its answer into `out`; the caller prints `out` when the verb returns, so an
// error never leaves half an answer behind. The order of an answer is always the same: a line
// saying what was looked at and when, the answer in a sentence, tables, and a hint what to ask
// next.
//
//     struct error *verb_types(struct verb *verb)
//     {
//         uint64_t limit = 20;
//         const struct option options[] = {{"limit", 'n', ...}, VERB_HEAP_OPTIONS(verb), {0}};
//         TRY(verb_parse(verb, options, 1, 1));
//         if (verb->done)
//             return NULL;
//         ...
//     }
#ifndef BRILLE_INSPECTOR_CMD_VERB_H
#define BRILLE_INSPECTOR_CMD_VERB_H

#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"
#include "inspector/cmd/options.h"
#include "inspector/cmd/table.h"
#include "inspector/export/json.h"
#include "inspector/model/snapshot.h"
#include "inspector/target/target.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct command;

struct verb {
    const struct command *command;
    const struct command *part; // what --help and usage errors speak of, if not of the command
    int argc;                   // without "brille" and the verb
    char **argv;
    struct arguments arguments; // after verb_parse
    bool done;                  // --help has been answered
    int status;                 // exit status when there is no error: 0, or 1 for a bad answer

    bool listing; // names of options are wanted instead (verb_completion.c)

    bool json, tsv, help; // common options
    bool no_fork;
    uint64_t wait_ns;
    const char *exe, *sysroot; // of a core file

    FILE *stream;      // standard output; verbs that write a lot write here directly
    bool terminal;     // `stream` is one
    size_t width;      // of the terminal, 0 when it is none
    struct strbuf out; // the answer
};

#define VERB_OPTIONS(verb)                                                             \
    {"json", 'j', OPTION_FLAG, &(verb)->json, NULL, "the answer as one JSON object"},  \
        {"tsv", 0, OPTION_FLAG, &(verb)->tsv, NULL, "the table alone, tab-separated"}, \
    {                                                                                  \
        "help", 'h', OPTION_FLAG, &(verb)->help, NULL, "this text"                     \
    }

// For verbs that may capture a live process or read a core file.
#define VERB_HEAP_OPTIONS(verb)                                                            \
    {"no-fork",        0,    OPTION_FLAG,                                                  \
     &(verb)->no_fork, NULL, "copy in place instead of cloning the process"},              \
        {"wait",           0,      OPTION_DURATION,                                        \
         &(verb)->wait_ns, "TIME", "how long to wait for a moment of rest (default 1s)"},  \
        {"exe",        0,      OPTION_TEXT,                                                \
         &(verb)->exe, "FILE", "of a core file: the program, if it is not where it was"},  \
        {"sysroot",        0,        OPTION_TEXT,                                          \
         &(verb)->sysroot, "FOLDER", "of a core file: where copies of all its files are"}, \
        VERB_OPTIONS(verb)

// Parses options and checks the number of arguments. `max` of SIZE_MAX: any number.
struct error *verb_parse(struct verb *verb, const struct option *options, size_t min, size_t max);

// What these options say.
struct heap_options verb_heap_options(const struct verb *verb);
struct error *verb_open_heap(struct verb *verb, const char *target, struct snapshot **ret);

// The object that an argument names: an address, hexadecimal with 0x or decimal. NOT_FOUND, with
// the object around it as advice, when none starts there.
struct error *verb_find_object(struct verb *verb, struct snapshot *snapshot, const char *text,
                               uint32_t *ret);

// ---- the parts of an answer ----

// "app.py  pid 42  CPython 3.11.2", without the end of a long command line.
void verb_add_process(struct verb *verb, const char *command, uint64_t pid, const char *runtime,
                      const char *version);

// "app.py  pid 42  brille 3.11.2  2026-11-22 06:14:07 UTC  stopped 1.50 ms"; also warns when the
// heap was not at rest.
void verb_add_heading(struct verb *verb, const struct snapshot *snapshot, const char *target);

// Whether a type is meant by a --type GLOB: by its name, with its module or without.
bool verb_type_matches(const struct snapshot *snapshot, uint32_t type, const char *glob);
// Says of a --type that nothing is called so.
void verb_add_no_match(struct verb *verb, const char *what, const char *glob);

// The sentence; bold on a terminal.
void verb_add_answer(struct verb *verb, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// The table as text with a blank line before it, or as TSV alone.
struct error *verb_add_table(struct verb *verb, const struct table *table);

// {"verb": ..., "heap": {...}, and leaves the object open.
void verb_begin_json(struct verb *verb, const struct snapshot *snapshot, struct json *json);
void verb_end_json(struct verb *verb, struct json *json);

#endif
