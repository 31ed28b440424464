// --where EXPR: the objects for which an expression is true, in verbs that list objects. The
// language is that of plugins (inspector/lua/expr.h), with the same columns and the same messages.
#ifndef BRILLE_INSPECTOR_CMD_WHERE_H
#define BRILLE_INSPECTOR_CMD_WHERE_H

#include "inspector/analysis/dominators.h"
#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdbool.h>
#include <stdint.h>

#define WHERE_OPTION(text)                                     \
    {                                                          \
        "where", 'w', OPTION_TEXT, &(text), "EXPR",            \
            "only objects for which this is true: size > 1KiB" \
    }

// A mistake in the expression, with a caret below the place; before a target is touched.
struct error *where_check(const char *text);

// A bit for each object that passes, and padding up to a multiple of 64; the caller frees it.
// `dominators` may be NULL: they are made when the expression asks for them.
struct error *where_objects(struct snapshot *snapshot, struct dominators *dominators,
                            const char *text, uint64_t **ret);

// NULL: every object passes.
static inline bool where_has(const uint64_t *objects, uint32_t o)
{
    return !objects || objects[o / 64] >> (o % 64) & 1;
}

#endif
