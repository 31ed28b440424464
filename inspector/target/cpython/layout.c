// The tables, put together from layout/*.def.
#include "inspector/target/cpython/layout.h"

#include <string.h>

// A field that is not in the table of a version must not be 0, which is a good offset: so all
// fields are NONE first, and what the table has comes after it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#define LAYOUT(name, value) .name = value,
#define FIELD(name)         .name = LAYOUT_NONE,

// fields.def comes first: its rows are overridden.
static const struct cpy_layout layouts[] = {
    {
        .minor = 8,
#include "inspector/target/cpython/layout/fields.def"
#include "inspector/target/cpython/layout/layout_3_8.def"
    },
    {
        .minor = 9,
#include "inspector/target/cpython/layout/fields.def"
#include "inspector/target/cpython/layout/layout_3_9.def"
    },
    {
        .minor = 10,
#include "inspector/target/cpython/layout/fields.def"
#include "inspector/target/cpython/layout/layout_3_10.def"
    },
    {
        .minor = 11,
#include "inspector/target/cpython/layout/fields.def"
#include "inspector/target/cpython/layout/layout_3_11.def"
    },
    {
        .minor = 12,
#include "inspector/target/cpython/layout/fields.def"
#include "inspector/target/cpython/layout/layout_3_12.def"
    },
    {
        .minor = 13,
#include "inspector/target/cpython/layout/fields.def"
#include "inspector/target/cpython/layout/layout_3_13.def"
    },
};
#undef FIELD
#undef LAYOUT
#pragma GCC diagnostic pop

#define CTYPE(name, basicsize, whole, fields) {name, basicsize, whole, fields},
static const struct cpy_ctype types_3_8[] = {
#include "inspector/target/cpython/layout/types_3_8.def"
};
static const struct cpy_ctype types_3_9[] = {
#include "inspector/target/cpython/layout/types_3_9.def"
};
static const struct cpy_ctype types_3_10[] = {
#include "inspector/target/cpython/layout/types_3_10.def"
};
static const struct cpy_ctype types_3_11[] = {
#include "inspector/target/cpython/layout/types_3_11.def"
};
static const struct cpy_ctype types_3_12[] = {
#include "inspector/target/cpython/layout/types_3_12.def"
};
static const struct cpy_ctype types_3_13[] = {
#include "inspector/target/cpython/layout/types_3_13.def"
};
#undef CTYPE

static const struct {
    unsigned minor;
    const struct cpy_ctype *rows;
    size_t count;
} types[] = {
#define TYPES(minor, table)                        \
    {                                              \
        minor, table, sizeof table / sizeof *table \
    }
    TYPES(8, types_3_8),   TYPES(9, types_3_9),   TYPES(10, types_3_10),
    TYPES(11, types_3_11), TYPES(12, types_3_12), TYPES(13, types_3_13),
#undef TYPES
};

const struct cpy_layout *cpy_layout_of(unsigned minor)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (layouts[i].minor == minor)
            return &layouts[i];
    return NULL;
}

// Called once for each type of a process, so there is no need to be quick.
const struct cpy_ctype *cpy_ctype_find(unsigned minor, const char *name, uint64_t basicsize)
{
    for (size_t v = 0; v < sizeof types / sizeof *types; v++) {
        if (types[v].minor != minor)
            continue;
        for (size_t i = 0; i < types[v].count; i++)
            if (types[v].rows[i].basicsize == basicsize && strcmp(types[v].rows[i].name, name) == 0)
                return &types[v].rows[i];
    }
    return NULL;
}
