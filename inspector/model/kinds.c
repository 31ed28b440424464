// Words and rules of kinds.def as tables.
#include "inspector/model/kinds.h"

static const char *const EDGE_KIND_WORDS[] = {
#define EDGE_KIND(name, word) [EDGE_##name] = word,
#include "inspector/model/kinds.def"
};

static const struct {
    const char *word;
    bool counts, retains;
} EDGE_CLASSES[] = {
#define EDGE_CLASS(name, word_, counts_, retains_) \
    [CLASS_##name] = {.word = word_, .counts = counts_, .retains = retains_},
#include "inspector/model/kinds.def"
};

static const char *const ROOT_KIND_WORDS[] = {
#define ROOT_KIND(name, word) [ROOT_##name] = word,
#include "inspector/model/kinds.def"
};

static const char *const AREA_KIND_WORDS[] = {
#define AREA_KIND(name, word) [AREA_##name] = word,
#include "inspector/model/kinds.def"
};

static const char *const GIL_STATE_WORDS[] = {
#define GIL_STATE(name, word) [GIL_##name] = word,
#include "inspector/model/kinds.def"
};

const char *edge_kind_word(enum edge_kind kind)
{
    return (unsigned)kind < EDGE_KIND_COUNT ? EDGE_KIND_WORDS[kind] : "unknown";
}

const char *edge_class_word(enum edge_class edge_class)
{
    return (unsigned)edge_class < EDGE_CLASS_COUNT ? EDGE_CLASSES[edge_class].word : "unknown";
}

const char *root_kind_word(enum root_kind kind)
{
    return (unsigned)kind < ROOT_KIND_COUNT ? ROOT_KIND_WORDS[kind] : "unknown";
}

const char *area_kind_word(enum area_kind kind)
{
    return (unsigned)kind < AREA_KIND_COUNT ? AREA_KIND_WORDS[kind] : "unknown";
}

const char *gil_state_word(enum gil_state state)
{
    return (unsigned)state < GIL_STATE_COUNT ? GIL_STATE_WORDS[state] : "unknown";
}

bool edge_class_counts(enum edge_class edge_class)
{
    return (unsigned)edge_class < EDGE_CLASS_COUNT && EDGE_CLASSES[edge_class].counts;
}

bool edge_class_retains(enum edge_class edge_class)
{
    return (unsigned)edge_class < EDGE_CLASS_COUNT && EDGE_CLASSES[edge_class].retains;
}
