// The enums behind kinds.def, and the words and rules that go with them.
#ifndef BRILLE_INSPECTOR_MODEL_KINDS_H
#define BRILLE_INSPECTOR_MODEL_KINDS_H

#include <stdbool.h>

enum edge_kind {
#define EDGE_KIND(name, word) EDGE_##name,
#include "inspector/model/kinds.def"
    EDGE_KIND_COUNT
};

enum edge_class {
#define EDGE_CLASS(name, word, counts, retains) CLASS_##name,
#include "inspector/model/kinds.def"
    EDGE_CLASS_COUNT
};

enum root_kind {
#define ROOT_KIND(name, word) ROOT_##name,
#include "inspector/model/kinds.def"
    ROOT_KIND_COUNT
};

enum area_kind {
#define AREA_KIND(name, word) AREA_##name,
#include "inspector/model/kinds.def"
    AREA_KIND_COUNT
};

enum gil_state {
#define GIL_STATE(name, word) GIL_##name,
#include "inspector/model/kinds.def"
    GIL_STATE_COUNT
};

// "unknown" for a number that is none of ours.
const char *edge_kind_word(enum edge_kind kind);
const char *edge_class_word(enum edge_class edge_class);
const char *root_kind_word(enum root_kind kind);
const char *area_kind_word(enum area_kind kind);
const char *gil_state_word(enum gil_state state);

bool edge_class_counts(enum edge_class edge_class);  // explains one reference
bool edge_class_retains(enum edge_class edge_class); // keeps its target alive

#endif
