#include "inspector/model/heap_target.h"

struct error *heap_targets_init(struct heap_targets *targets, const struct heap_file *file,
                                uint32_t object_count)
{
    _cleanup_cursor_ struct cursor cursor = {0};
    *targets = (struct heap_targets){.object_count = object_count};
    TRY(heap_section_rows(file, TAG_HOTS, sizeof *targets->hot, &cursor, (void **)&targets->hot,
                          &targets->hot_count));
    for (uint32_t i = 0; i < targets->hot_count; i++)
        if (!get_below(&cursor, object_count, &targets->hot[i]))
            return heap_damaged_section(file, TAG_HOTS, "an ordinal is out of range");
    return NULL;
}
