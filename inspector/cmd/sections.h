// The sections of `summary`: what is worth a look in a heap, each as one line of the summary and as
// a table of its own (`summary --section NAME`).
#ifndef BRILLE_INSPECTOR_CMD_SECTIONS_H
#define BRILLE_INSPECTOR_CMD_SECTIONS_H

#include "inspector/analysis/dominators.h"
#include "inspector/cmd/verb.h"

struct sections_heap {
    struct snapshot *snapshot;
    struct dominators *dominators;
};

struct section {
    const char *name, *doc;
    // Adds the sentence and the tables; with --json keys to the open object.
    struct error *(*show)(struct verb *verb, const struct sections_heap *heap, uint64_t limit,
                          struct json *json);
};

extern const struct section sections[]; // ends with a name of NULL

// NULL when there is none of that name.
const struct section *section_find(const char *name);

#define SECTION(name, doc)                                                            \
    struct error *section_##name(struct verb *verb, const struct sections_heap *heap, \
                                 uint64_t limit, struct json *json);
#include "inspector/cmd/sections.def"
#undef SECTION

// The lines of the summary: a table "worth a look", or the key "worth_a_look".
struct error *sections_add_summary(struct verb *verb, const struct sections_heap *heap,
                                   struct json *json);

// What sections share: adds the table, as text or under `key`. The table is done with afterwards.
struct error *section_table(struct verb *verb, struct table *table, const char *key,
                            struct json *json);

#endif
