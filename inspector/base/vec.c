#include "inspector/base/vec.h"

#include "inspector/base/huge.h"

struct error *vec_grow(void **items, size_t *capacity, size_t needed, size_t element_bytes)
{
    if (needed <= *capacity)
        return NULL;
    size_t grown = *capacity < 8 ? 8 : *capacity;
    while (grown < needed) {
        if (grown > SIZE_MAX / 2)
            return &error_no_memory;
        grown *= 2;
    }
    size_t size_bytes;
    if (__builtin_mul_overflow(grown, element_bytes, &size_bytes))
        return &error_no_memory;
    void *moved = realloc(*items, size_bytes);
    if (!moved)
        return &error_no_memory;
    huge_wish(moved, size_bytes);
    *items = moved;
    *capacity = grown;
    return NULL;
}
