// The coded targets of references in .heap files, for those who read all of them (heap_read.c) and
// those who look at a few (analysis/peek.c).
//
// A target is a varint: its two lowest bits (enum heap_target_mode) say what the rest counts from,
// the object itself, its previous target, the table of the most referenced objects, or its type.
#ifndef BRILLE_INSPECTOR_MODEL_HEAP_TARGET_H
#define BRILLE_INSPECTOR_MODEL_HEAP_TARGET_H

#include "inspector/base/error.h"
#include "inspector/model/heap_format.h"
#include "inspector/model/heap_section.h"
#include "inspector/model/varint.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct heap_targets {
    uint32_t *hot; // malloc'ed
    uint32_t hot_count;
    uint32_t object_count;
};

// Reads the table of the most referenced objects.
struct error *heap_targets_init(struct heap_targets *targets, const struct heap_file *file,
                                uint32_t object_count);

static inline void heap_targets_deinit(struct heap_targets *targets)
{
    free(targets->hot);
}

// The next target of object `own`; `previous` is the one before, `own` at first. False when it is
// out of range, or when the cursor is at its end.
static inline bool heap_targets_next(const struct heap_targets *targets, struct cursor *cursor,
                                     uint32_t own, uint32_t previous, uint32_t type_object,
                                     uint32_t *target)
{
    uint64_t code;
    if (!get(cursor, &code))
        return false;
    const uint64_t value = code >> 2;
    switch (code & 3) {
    case TARGET_OWN:
        *target = own + (uint32_t)unzigzag(value);
        return value >> 34 == 0 && *target < targets->object_count;
    case TARGET_PREVIOUS:
        *target = previous + (uint32_t)unzigzag(value);
        return value >> 34 == 0 && *target < targets->object_count;
    case TARGET_HOT:
        if (value >= targets->hot_count)
            return false;
        *target = targets->hot[value];
        return true;
    default:
        *target = type_object;
        return value == 0 && type_object != ORDINAL_NONE;
    }
}

#endif
